/**
 * Builders for reductions of a monoid over axes. Long sums are pairwise over blocks of 128, so their error grows with log n. It knows
 * the monoid and the axes; what a reduction means to a derivative is written in ops by each row.
 */
import type { DType } from "../dtype.ts";
import { clashError, formatShape } from "../errors.ts";
import type { Expression, ExpressionArithmetic, ScalarType } from "../expression.ts";
import { type Buffer, buildProgram, type Index, memo, type Program, type ProgramBuilder } from "../loop/program.ts";
import type { Notation } from "../notation.ts";
import { type Aval, evaluateLowered, type Lowered, type Op } from "../op.ts";
import type { Node } from "../recording.ts";
import { reducedShape, type Shape, sizeOf, stridesOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { typeOf } from "./elementwise.ts";

export interface ReductionParams {
  /** Sorted, counted from the front. */
  readonly axes: readonly number[];
  readonly keepDims: boolean;
  /** The dtype of the output where it is not the op's own choice; entries are combined as floats if it is a float. */
  readonly dtype?: DType;
}

export interface ReductionSpec {
  readonly name: string;
  readonly notation: Notation;
  readonly combine: (s: ExpressionArithmetic, x: Expression, y: Expression) => Expression;
  /** The neutral element of each scalar type, 0 or 1 for truth values. */
  readonly identity: Readonly<Record<ScalarType, number>>;
  /** What an empty axis lacks: such a reduction throws there. */
  readonly refusesEmpty?: string;
  readonly dtype: (dtype: DType) => DType;
  readonly pullback?: (g: Tensor, x: Tensor, out: Tensor, params: ReductionParams) => Tensor;
  readonly pushforward?: (t: Tensor, x: Tensor, out: Tensor, params: ReductionParams) => Tensor;
  readonly lift: (x: Tensor, params: ReductionParams) => Tensor;
}

/** A reduction op with its monoid, for compilers. */
export interface ReductionOp extends Op<ReductionParams> {
  readonly kind: "reduction";
  readonly monoid: Pick<ReductionSpec, "combine" | "identity">;
}

export function reduction(spec: ReductionSpec): ReductionOp {
  const programs = new Map<string, Program>();
  const infer = (inputs: readonly Aval[], { axes, keepDims, dtype: wanted }: ReductionParams): Aval => {
    const { shape, dtype } = inputs[0]!;
    if (spec.refusesEmpty !== undefined && axes.some((axis) => shape[axis] === 0) && sizeOf(reducedShape(shape, axes, false)) > 0) {
      throw clashError(
        spec.name,
        `an empty axis has no ${spec.refusesEmpty}`,
        `axes ${formatShape(axes)} of ${formatShape(shape)}`,
        "reduce axes with entries",
      );
    }
    return { shape: reducedShape(shape, axes, keepDims), dtype: wanted ?? spec.dtype(dtype) };
  };
  const lower = (inputs: readonly Aval[], params: ReductionParams): Lowered =>
    lowerReduction(spec, programs, inputs[0]!, params, infer(inputs, params));
  const single = (rule: ReductionSpec["pullback"], node: Node, t: Tensor | null): (Tensor | null)[] => [
    t === null || rule === undefined ? null : rule(t, node.inputs[0]!, node.outputs[0]!, node.params as ReductionParams),
  ];
  return {
    name: spec.name,
    kind: "reduction",
    monoid: spec,
    notation: spec.notation,
    broadcasts: false,
    infer: (inputs, params) => [infer(inputs, params)],
    evaluate: (inputs, params, outputs) => evaluateLowered(lower(inputs, params), inputs, outputs),
    lower,
    pullback: (node, cotangents) => single(spec.pullback, node, cotangents[0]!),
    pushforward: (node, tangents) => single(spec.pushforward, node, tangents[0]!),
    lift: (inputs, _batched, params) => [spec.lift(inputs[0]!, params)],
    show: ({ axes, keepDims }) => `axes=[${axes.join(", ")}]${keepDims ? " keepDims" : ""}`,
  };
}

const block = 128;
/** How many columns are reduced together: their partial results stay in the first cache. */
const strip = 512;

function lowerReduction(spec: ReductionSpec, programs: Map<string, Program>, x: Aval, { axes }: ReductionParams, out: Aval): Lowered {
  const { kept, reduced } = splitGroups(x.shape, axes);
  const type = typeOf(x.dtype);
  const outType = typeOf(out.dtype);
  const first = reduced[0]!;
  const inner = kept[kept.length - 1];
  if (reduced.length === 1 && inner?.stride === 1 && kept.length <= 2 && sizeOf(x.shape) > 0) {
    const outer = kept.length === 2 ? kept[0]!.size : 1;
    const short = first.size <= block;
    const program = memo(programs, `rows:${short}:${type}:${outType}`, () => rowsProgram(spec, type, outType, short));
    return { program, scalars: [], integers: [outer, first.size, inner.size, ...(short ? [] : [levelsOf(first.size)])] };
  }
  const short = reduced.length === 1 && first.size <= block;
  const program = memo(programs, `${kept.length}:${reduced.length}:${short}:${type}:${outType}`, () =>
    generalProgram(spec, type, outType, kept.length, reduced.length, short),
  );
  return { program, scalars: [], integers: [...kept, ...reduced].flatMap(({ size, stride }) => [size, stride]) };
}

/** How many partial results are open at once: one for each binary digit of the number of blocks. */
const levelsOf = (size: number): number => Math.ceil(Math.log2(Math.ceil(size / block) + 1));

interface Group {
  readonly size: number;
  readonly stride: number;
}

/** Kept and reduced axes, each run of neighbours merged into one; at least one reduced group. */
function splitGroups(shape: Shape, axes: readonly number[]): { readonly kept: Group[]; readonly reduced: Group[] } {
  const strides = stridesOf(shape);
  const kept: Group[] = [];
  const reduced: Group[] = [];
  let previous: Group[] | undefined;
  for (let axis = 0; axis < shape.length; axis++) {
    if (shape[axis] === 1) continue;
    const side = axes.includes(axis) ? reduced : kept;
    const group = { size: shape[axis]!, stride: strides[axis]! };
    if (previous === side && side.length > 0)
      side[side.length - 1] = { size: side[side.length - 1]!.size * group.size, stride: group.stride };
    else side.push(group);
    previous = side;
  }
  if (reduced.length === 0) reduced.push({ size: 1, stride: 1 });
  return { kept, reduced };
}

/** What entries are combined as: truth values only where the output is one, floats where either side is. */
const accumulatorType = (type: ScalarType, outType: ScalarType): ScalarType =>
  outType === "bool" ? "bool" : type === "float" ? "float" : outType;

function identityOf(b: ProgramBuilder, spec: ReductionSpec, type: ScalarType): Expression {
  const s = b.arithmetic;
  const value = spec.identity[type];
  return type === "int" ? s.integer(value) : s.convert(s.constant(value), type);
}

/** One output at a time, its entries read at a stride. */
function generalProgram(
  spec: ReductionSpec,
  type: ScalarType,
  outType: ScalarType,
  keptRank: number,
  reducedRank: number,
  short: boolean,
): Program {
  return buildProgram(spec.name, (b) => {
    const s = b.arithmetic;
    const x = b.input("x", type);
    const out = b.output("out", outType);
    const groups = (name: string, rank: number) =>
      Array.from({ length: rank }, (_, i) => ({ size: b.integer(`${name}${i}`), stride: b.integer(`${name}s${i}`) }));
    const kept = groups("k", keptRank);
    const reduced = groups("r", reducedRank);
    const accumulator = accumulatorType(type, outType);
    const entry = (at: Index): Expression => s.convert(b.load(x, at), accumulator);
    const stack = short ? undefined : b.scratch("stack", accumulator, 32);
    const last = reduced[reducedRank - 1]!;

    const sumRun = (base: Expression, from: Index, to: Index): Expression => {
      const sum = b.let(identityOf(b, spec, accumulator));
      b.for(from, to, (i) => b.set(sum, spec.combine(s, sum, entry(b.plus(base, b.times(i, last.stride))))));
      return sum;
    };
    const nestReduced = (axis: number, base: Expression, leaf: (base: Expression) => void): void => {
      if (axis === reducedRank - 1) leaf(base);
      else b.for(0, reduced[axis]!.size, (i) => nestReduced(axis + 1, b.let(b.plus(base, b.times(i, reduced[axis]!.stride))), leaf));
    };
    const reduceAt = (base: Expression, target: Expression): void => {
      if (stack === undefined) {
        b.store(out, target, sumRun(base, 0, last.size));
        return;
      }
      const count = b.let(s.integer(0));
      const part = b.let(identityOf(b, spec, accumulator));
      const length = b.let(s.integer(0));
      nestReduced(0, base, (inner) => {
        const from = b.let(s.integer(0));
        b.while(s.less(from, last.size), () => {
          const to = b.let(s.min(b.plus(from, block), last.size));
          b.set(part, spec.combine(s, part, sumBlock(b, spec, accumulator, entry, inner, last.stride, from, to)));
          b.set(length, b.plus(length, s.sub(to, from)));
          b.if(s.lessEqual(s.integer(block), length), () => {
            pushBlock(b, spec, stack, count, part);
            b.set(part, identityOf(b, spec, accumulator));
            b.set(length, s.integer(0));
          });
          b.set(from, to);
        });
      });
      b.store(out, target, popBlocks(b, spec, part, stack, count));
    };
    const nestKept = (axis: number, base: Expression, target: Expression): void => {
      if (axis === keptRank) reduceAt(base, target);
      else {
        b.for(0, kept[axis]!.size, (i) =>
          nestKept(
            axis + 1,
            b.let(b.plus(base, b.times(i, kept[axis]!.stride))),
            b.let(b.plus(b.times(target, axis === 0 ? 0 : kept[axis]!.size), i)),
          ),
        );
      }
    };
    nestKept(0, s.integer(0), s.integer(0));
  });
}

/** A block in four interleaved accumulators, so that additions need not wait for one another. */
function sumBlock(
  b: ProgramBuilder,
  spec: ReductionSpec,
  type: ScalarType,
  entry: (at: Index) => Expression,
  base: Expression,
  stride: Expression,
  from: Expression,
  to: Expression,
): Expression {
  const s = b.arithmetic;
  const sums = [0, 1, 2, 3].map(() => b.let(identityOf(b, spec, type)));
  const i = b.let(from);
  b.while(s.lessEqual(b.plus(i, 4), to), () => {
    sums.forEach((sum, k) => b.set(sum, spec.combine(s, sum, entry(b.plus(base, b.times(b.plus(i, k), stride))))));
    b.set(i, b.plus(i, 4));
  });
  b.while(s.less(i, to), () => {
    b.set(sums[0]!, spec.combine(s, sums[0]!, entry(b.plus(base, b.times(i, stride)))));
    b.set(i, b.plus(i, 1));
  });
  return spec.combine(s, spec.combine(s, sums[0]!, sums[1]!), spec.combine(s, sums[2]!, sums[3]!));
}

/** Adds a block to the stack of partial results, one for each set bit of the count. */
function pushBlock(b: ProgramBuilder, spec: ReductionSpec, stack: Buffer, count: Expression, value: Expression): void {
  const s = b.arithmetic;
  const carry = b.let(value);
  const level = b.let(s.integer(0));
  const bits = b.let(count);
  b.while(s.equal(s.bitAnd(bits, s.integer(1)), s.integer(1)), () => {
    b.set(carry, spec.combine(s, b.load(stack, level), carry));
    b.set(level, b.plus(level, 1));
    b.set(bits, s.shiftRight(bits, s.integer(1)));
  });
  b.store(stack, level, carry);
  b.set(count, b.plus(count, 1));
}

/** Everything on the stack, and `rest`, which came last. */
function popBlocks(b: ProgramBuilder, spec: ReductionSpec, rest: Expression, stack: Buffer, count: Expression): Expression {
  const s = b.arithmetic;
  const total = b.let(rest);
  const level = b.let(s.integer(0));
  b.while(s.less(s.integer(0), s.shiftRight(count, level)), () => {
    b.if(s.equal(s.bitAnd(s.shiftRight(count, level), s.integer(1)), s.integer(1)), () =>
      b.set(total, spec.combine(s, b.load(stack, level), total)),
    );
    b.set(level, b.plus(level, 1));
  });
  return total;
}

/** Strips of whole rows at a time: x[outer, n, inner] over its middle axis, reading memory in order. */
function rowsProgram(spec: ReductionSpec, type: ScalarType, outType: ScalarType, short: boolean): Program {
  return buildProgram(spec.name, (b) => {
    const s = b.arithmetic;
    const x = b.input("x", type);
    const out = b.output("out", outType);
    const [outer, n, inner] = [b.integer("outer"), b.integer("n"), b.integer("inner")];
    const accumulator = accumulatorType(type, outType);
    const width = s.min(inner, s.integer(strip));
    const row = b.scratch("row", accumulator, width);
    const stack = short ? undefined : b.scratch("stack", accumulator, b.times(width, b.integer("levels")));
    const update = (buffer: Buffer, columns: Expression, value: (j: Expression) => Expression): void =>
      b.for(0, columns, (j) => b.store(buffer, j, value(j)));
    const clear = (columns: Expression): void => update(row, columns, () => identityOf(b, spec, accumulator));

    const addRows = (base: Expression, columns: Expression, from: Index, to: Index): void => {
      const entry = (i: Index, offset: number): ((j: Expression) => Expression) => {
        const start = b.let(b.plus(base, b.times(b.plus(i, offset), inner)));
        return (j) => s.convert(b.load(x, b.plus(start, j)), accumulator);
      };
      const i = b.let(b.plus(from, 0));
      b.while(s.lessEqual(b.plus(i, 4), b.plus(to, 0)), () => {
        const [e0, e1, e2, e3] = [entry(i, 0), entry(i, 1), entry(i, 2), entry(i, 3)];
        update(row, columns, (j) =>
          spec.combine(s, b.load(row, j), spec.combine(s, spec.combine(s, e0(j), e1(j)), spec.combine(s, e2(j), e3(j)))),
        );
        b.set(i, b.plus(i, 4));
      });
      b.while(s.less(i, b.plus(to, 0)), () => {
        const e0 = entry(i, 0);
        update(row, columns, (j) => spec.combine(s, b.load(row, j), e0(j)));
        b.set(i, b.plus(i, 1));
      });
    };

    const addBlocks = (stack: Buffer, base: Expression, columns: Expression): void => {
      const count = b.let(s.integer(0));
      const from = b.let(s.integer(0));
      const combineLevel = (level: Expression): void => {
        const start = b.let(b.times(level, width));
        update(row, columns, (j) => spec.combine(s, b.load(stack, b.plus(start, j)), b.load(row, j)));
      };
      b.while(s.less(from, n), () => {
        const to = b.let(s.min(b.plus(from, block), n));
        clear(columns);
        addRows(base, columns, from, to);
        const level = b.let(s.integer(0));
        const bits = b.let(count);
        b.while(s.equal(s.bitAnd(bits, s.integer(1)), s.integer(1)), () => {
          combineLevel(level);
          b.set(level, b.plus(level, 1));
          b.set(bits, s.shiftRight(bits, s.integer(1)));
        });
        const start = b.let(b.times(level, width));
        b.for(0, columns, (j) => b.store(stack, b.plus(start, j), b.load(row, j)));
        b.set(count, b.plus(count, 1));
        b.set(from, to);
      });
      clear(columns);
      const level = b.let(s.integer(0));
      b.while(s.less(s.integer(0), s.shiftRight(count, level)), () => {
        b.if(s.equal(s.bitAnd(s.shiftRight(count, level), s.integer(1)), s.integer(1)), () => combineLevel(level));
        b.set(level, b.plus(level, 1));
      });
    };

    b.for(0, outer, (o) => {
      const left = b.let(s.integer(0));
      b.while(s.less(left, inner), () => {
        const columns = b.let(s.min(s.sub(inner, left), s.integer(strip)));
        const base = b.let(b.plus(b.times(o, n, inner), left));
        if (stack === undefined) {
          clear(columns);
          addRows(base, columns, 0, n);
        } else addBlocks(stack, base, columns);
        b.for(0, columns, (j) => b.store(out, b.plus(b.times(o, inner), left, j), b.load(row, j)));
        b.set(left, b.plus(left, columns));
      });
    });
  });
}
