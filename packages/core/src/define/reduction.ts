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

/** What the parts of a reduction's program share. */
interface Writer {
  readonly b: ProgramBuilder;
  readonly spec: ReductionSpec;
  readonly accumulator: ScalarType;
  /** An entry of the input as it is combined. */
  readonly entry: (at: Index) => Expression;
}

/** The buffers of a reduction's program and its writer. */
function open(b: ProgramBuilder, spec: ReductionSpec, type: ScalarType, outType: ScalarType): Writer & { readonly out: Buffer } {
  const x = b.input("x", type);
  const out = b.output("out", outType);
  const accumulator = accumulatorType(type, outType);
  return { b, spec, accumulator, out, entry: (at) => b.arithmetic.convert(b.load(x, at), accumulator) };
}

interface SymbolicGroup {
  readonly size: Expression;
  readonly stride: Expression;
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
    const writer = open(b, spec, type, outType);
    const groups = (name: string, rank: number): SymbolicGroup[] =>
      Array.from({ length: rank }, (_, i) => ({ size: b.integer(`${name}${i}`), stride: b.integer(`${name}s${i}`) }));
    const kept = groups("k", keptRank);
    const reduced = groups("r", reducedRank);
    const stack = short ? undefined : b.scratch("stack", writer.accumulator, 32);
    const nestKept = (axis: number, base: Expression, target: Expression): void => {
      if (axis === keptRank) {
        const total =
          stack === undefined ? combineRun(writer, base, reduced[reducedRank - 1]!) : combineBlocks(writer, base, reduced, stack);
        b.store(writer.out, target, total);
        return;
      }
      b.for(0, kept[axis]!.size, (i) =>
        nestKept(
          axis + 1,
          b.let(b.plus(base, b.times(i, kept[axis]!.stride))),
          b.let(b.plus(b.times(target, axis === 0 ? 0 : kept[axis]!.size), i)),
        ),
      );
    };
    nestKept(0, s.integer(0), s.integer(0));
  });
}

/** A short run of entries, one after another. */
function combineRun({ b, spec, accumulator, entry }: Writer, base: Expression, { size, stride }: SymbolicGroup): Expression {
  const sum = b.let(identityOf(b, spec, accumulator));
  b.for(0, size, (i) => b.set(sum, spec.combine(b.arithmetic, sum, entry(b.plus(base, b.times(i, stride))))));
  return sum;
}

/** All reduced entries, in blocks that are combined in pairs. */
function combineBlocks(writer: Writer, base: Expression, reduced: readonly SymbolicGroup[], stack: Buffer): Expression {
  const { b, spec, accumulator } = writer;
  const s = b.arithmetic;
  const last = reduced[reduced.length - 1]!;
  const count = b.let(s.integer(0));
  const part = b.let(identityOf(b, spec, accumulator));
  const length = b.let(s.integer(0));
  const run = (inner: Expression): void => {
    const from = b.let(s.integer(0));
    b.while(s.less(from, last.size), () => {
      const to = b.let(s.min(b.plus(from, block), last.size));
      b.set(part, spec.combine(s, part, combineBlock(writer, inner, last.stride, from, to)));
      b.set(length, b.plus(length, s.sub(to, from)));
      b.if(s.lessEqual(s.integer(block), length), () => {
        pushBlock(b, spec, stack, count, part);
        b.set(part, identityOf(b, spec, accumulator));
        b.set(length, s.integer(0));
      });
      b.set(from, to);
    });
  };
  const nest = (axis: number, at: Expression): void => {
    if (axis === reduced.length - 1) run(at);
    else b.for(0, reduced[axis]!.size, (i) => nest(axis + 1, b.let(b.plus(at, b.times(i, reduced[axis]!.stride)))));
  };
  nest(0, base);
  return popBlocks(b, spec, part, stack, count);
}

/** A block in four interleaved accumulators, so that combining need not wait for one another. */
function combineBlock(
  { b, spec, accumulator, entry }: Writer,
  base: Expression,
  stride: Expression,
  from: Expression,
  to: Expression,
): Expression {
  const s = b.arithmetic;
  const sums = [0, 1, 2, 3].map(() => b.let(identityOf(b, spec, accumulator)));
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

/** What the parts of a program over strips of rows share. */
interface RowsWriter extends Writer {
  /** Entries from one row to the next. */
  readonly inner: Expression;
  /** The results of a strip so far, and how many columns a strip has at most. */
  readonly row: Buffer;
  readonly width: Expression;
}

/** Strips of whole rows at a time: x[outer, n, inner] over its middle axis, reading memory in order. */
function rowsProgram(spec: ReductionSpec, type: ScalarType, outType: ScalarType, short: boolean): Program {
  return buildProgram(spec.name, (b) => {
    const s = b.arithmetic;
    const { out, ...own } = open(b, spec, type, outType);
    const [outer, n, inner] = [b.integer("outer"), b.integer("n"), b.integer("inner")];
    const width = s.min(inner, s.integer(strip));
    const row = b.scratch("row", own.accumulator, width);
    const writer: RowsWriter = { ...own, inner, row, width };
    const stack = short ? undefined : b.scratch("stack", own.accumulator, b.times(width, b.integer("levels")));
    b.for(0, outer, (o) => {
      const left = b.let(s.integer(0));
      b.while(s.less(left, inner), () => {
        const columns = b.let(s.min(s.sub(inner, left), s.integer(strip)));
        const base = b.let(b.plus(b.times(o, n, inner), left));
        if (stack === undefined) {
          clearRow(writer, columns);
          addRows(writer, base, columns, 0, n);
        } else addBlocksOfRows(writer, stack, base, columns, n);
        b.for(0, columns, (j) => b.store(out, b.plus(b.times(o, inner), left, j), b.load(row, j)));
        b.set(left, b.plus(left, columns));
      });
    });
  });
}

function updateRow({ b, row }: RowsWriter, columns: Expression, value: (j: Expression) => Expression): void {
  b.for(0, columns, (j) => b.store(row, j, value(j)));
}

function clearRow(writer: RowsWriter, columns: Expression): void {
  updateRow(writer, columns, () => identityOf(writer.b, writer.spec, writer.accumulator));
}

/** Rows `from` to before `to`, four at a time. */
function addRows(writer: RowsWriter, base: Expression, columns: Expression, from: Index, to: Index): void {
  const { b, spec, row, inner, entry } = writer;
  const s = b.arithmetic;
  const rowAt = (i: Index, offset: number): ((j: Expression) => Expression) => {
    const start = b.let(b.plus(base, b.times(b.plus(i, offset), inner)));
    return (j) => entry(b.plus(start, j));
  };
  const i = b.let(b.plus(from, 0));
  b.while(s.lessEqual(b.plus(i, 4), b.plus(to, 0)), () => {
    const [e0, e1, e2, e3] = [rowAt(i, 0), rowAt(i, 1), rowAt(i, 2), rowAt(i, 3)];
    updateRow(writer, columns, (j) =>
      spec.combine(s, b.load(row, j), spec.combine(s, spec.combine(s, e0(j), e1(j)), spec.combine(s, e2(j), e3(j)))),
    );
    b.set(i, b.plus(i, 4));
  });
  b.while(s.less(i, b.plus(to, 0)), () => {
    const e0 = rowAt(i, 0);
    updateRow(writer, columns, (j) => spec.combine(s, b.load(row, j), e0(j)));
    b.set(i, b.plus(i, 1));
  });
}

/** All rows, in blocks that are combined in pairs: the stack holds one row for each set bit of the number of blocks. */
function addBlocksOfRows(writer: RowsWriter, stack: Buffer, base: Expression, columns: Expression, n: Expression): void {
  const { b, spec, row, width } = writer;
  const s = b.arithmetic;
  const count = b.let(s.integer(0));
  const from = b.let(s.integer(0));
  const combineLevel = (level: Expression): void => {
    const start = b.let(b.times(level, width));
    updateRow(writer, columns, (j) => spec.combine(s, b.load(stack, b.plus(start, j)), b.load(row, j)));
  };
  b.while(s.less(from, n), () => {
    const to = b.let(s.min(b.plus(from, block), n));
    clearRow(writer, columns);
    addRows(writer, base, columns, from, to);
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
  clearRow(writer, columns);
  const level = b.let(s.integer(0));
  b.while(s.less(s.integer(0), s.shiftRight(count, level)), () => {
    b.if(s.equal(s.bitAnd(s.shiftRight(count, level), s.integer(1)), s.integer(1)), () => combineLevel(level));
    b.set(level, b.plus(level, 1));
  });
}
