/**
 * Builders for ops that move entries without changing them: strided copies described as data. Values, both derivative modes and the
 * lowering follow from the segments and a transpose written in ops. It knows no row by name.
 */
import { allocate, coerce, type DType, type TypedArray } from "../dtype.ts";
import type { Expression, ScalarType } from "../expression.ts";
import { compileKernel, type Kernel } from "../loop/javascript.ts";
import { type Buffer, buildProgram, type Index, memo, type Program, type ProgramBuilder } from "../loop/program.ts";
import { alias, type Notation } from "../notation.ts";
import { type Aval, apply1, type Lowered, type Op } from "../op.ts";
import { type Shape, sizeOf, stridesOf } from "../shape.ts";
import { typeOf } from "./elementwise.ts";
import { entriesOf, type Storage, type Tensor, tensorOf } from "../tensor.ts";

/** A strided copy: entry `from + i·fromStrides` of an input goes to `to + i·toStrides` of the output, for `i` below `sizes`. */
export interface Segment {
  readonly input: number;
  readonly sizes: readonly number[];
  readonly from: number;
  readonly fromStrides: readonly number[];
  readonly to: number;
  readonly toStrides: readonly number[];
}

/** What a movement does: fill (unless the segments cover everything), then copy or add each segment. */
export interface Movement {
  readonly fill: number | null;
  readonly accumulate: boolean;
  readonly segments: readonly Segment[];
}

export interface MovementSpec<P> {
  readonly name: string;
  readonly notation: Notation;
  readonly infer: (inputs: readonly Aval[], params: P) => Aval;
  readonly plan: (inputs: readonly Aval[], params: P, out: Aval) => Movement;
  /** The cotangent of one input. */
  readonly transpose: (g: Tensor, input: number, inputs: readonly Tensor[], params: P) => Tensor;
  /** The params under which it moves tangents: no fill. */
  readonly tangentParams?: (params: P) => P;
  readonly lift: (inputs: readonly Tensor[], batched: readonly boolean[], params: P, size: number) => Tensor;
  /** The entries keep their order, so the output shares the input's storage. */
  readonly shares?: boolean;
  readonly show?: (params: P) => string;
}

/** A movement op with its plan, for compilers. */
export interface MovementOp<P = unknown> extends Op<P> {
  readonly kind: "movement";
  readonly plan: MovementSpec<P>["plan"];
}

export function movement<P>(spec: MovementSpec<P>): MovementOp<P> {
  const op: MovementOp<P> = {
    name: spec.name,
    kind: "movement",
    plan: spec.plan,
    notation: spec.notation,
    broadcasts: false,
    infer: (inputs, params) => [spec.infer(inputs, params)],
    evaluate(inputs, params, outputs) {
      const out = outputs[0]!;
      if (spec.shares) return [shareStorage(inputs[0]!, out)];
      return [move(spec.plan(inputs, params, out), inputs, out)];
    },
    lower: (inputs, params) => lowerMovement(spec.plan(inputs, params, spec.infer(inputs, params)), inputs, spec.infer(inputs, params)),
    pullback(node, cotangents, wanted) {
      const g = cotangents[0]!;
      return node.inputs.map((_, i) => (wanted[i] && g !== null ? spec.transpose(g, i, node.inputs, node.params as P) : null));
    },
    pushforward(node, tangents) {
      if (tangents.every((t) => t === null)) return [null];
      const params = spec.tangentParams === undefined ? (node.params as P) : spec.tangentParams(node.params as P);
      return [
        apply1(
          op,
          tangents.map((t, i) => t ?? zerosOf(node.inputs[i]!)),
          params,
        ),
      ];
    },
    lift: (inputs, batched, params, size) => [spec.lift(inputs, batched, params, size)],
    ...(spec.show === undefined ? {} : { show: spec.show }),
  };
  return op;
}

/** Zeros in the shape and dtype of another tensor; a constant. */
export function zerosOf(x: Aval): Tensor {
  return tensorOf(x.shape, x.dtype, x.shape.length === 0 ? 0 : allocate(x.dtype, sizeOf(x.shape)));
}

function shareStorage(x: Tensor, out: Aval): Storage {
  const storage = x.storage!;
  if (out.shape.length === 0) return typeof storage === "number" ? storage : storage[0]!;
  return typeof storage === "number" ? entriesOf(x) : storage;
}

function move(plan: Movement, inputs: readonly Tensor[], out: Aval): Storage {
  // Sums of float32 are made in double and rounded once.
  const working = plan.accumulate && out.dtype === "float32" ? "float64" : out.dtype;
  const entries = allocate(working, sizeOf(out.shape));
  if (plan.fill !== null && !Object.is(plan.fill, 0)) entries.fill(coerce(plan.fill, out.dtype));
  for (const segment of plan.segments) runSegment(segment, inputs[segment.input]!, entries, working, plan.accumulate);
  if (out.shape.length === 0) return coerce(entries[0]!, out.dtype);
  return working === out.dtype ? entries : Float32Array.from(entries);
}

/** Copies one strided block; also how other kinds gather an operand they want contiguous. */
export function runSegment(segment: Segment, input: Tensor, entries: TypedArray, dtype: DType, accumulate: boolean): void {
  const source = entriesOf(input);
  const layout = layoutOf(segment);
  const { sizes, from, fromStrides, to, toStrides, rank } = layout;
  if (sizes.includes(0)) return;
  if (!accumulate && layout.unitFrom && layout.unitTo && (rank === 1 || sizes[rank - 1]! >= longRun)) {
    copyRuns(layout, source, entries);
    return;
  }
  if (!accumulate && rank === 1 && fromStrides[0] === 0 && layout.unitTo) {
    entries.fill(source[from]!, to, to + sizes[0]!);
    return;
  }
  const kernel = segmentKernel(typeOf(input.dtype), typeOf(dtype), layout, accumulate);
  kernel(source, entries, ...sizes, from, ...fromStrides, to, ...toStrides);
}

/** From this length on, `set` on a view beats a loop. */
const longRun = 256;

/** Runs that lie together on both sides, one `set` each. */
function copyRuns({ sizes, from, fromStrides, to, toStrides, rank }: Layout, source: TypedArray, entries: TypedArray): void {
  const run = sizes[rank - 1]!;
  const copy = (axis: number, f: number, t: number): void => {
    if (axis === rank - 1) entries.set(source.subarray(f, f + run), t);
    else for (let i = 0; i < sizes[axis]!; i++) copy(axis + 1, f + i * fromStrides[axis]!, t + i * toStrides[axis]!);
  };
  copy(0, from, to);
}

/** A segment as it is run, with what its program is specialised on. */
interface Layout extends Segment {
  readonly rank: number;
  /** The innermost stride is 1. */
  readonly unitFrom: boolean;
  readonly unitTo: boolean;
  /** The last two axes are a transposition, walked in square blocks; the input's stride along the first of them is 1. */
  readonly blocked: boolean;
}

/**
 * The same copy with every output stride positive and falling, axes of one entry dropped, axes that lie together on both sides merged, and a
 * transposition's two axes last.
 */
function layoutOf(segment: Segment): Layout {
  let { from, to } = segment;
  const sizes: number[] = [];
  const fromStrides: number[] = [];
  const toStrides: number[] = [];
  for (let axis = 0; axis < segment.sizes.length; axis++) {
    const size = segment.sizes[axis]!;
    if (size === 1) continue;
    let [f, t] = [segment.fromStrides[axis]!, segment.toStrides[axis]!];
    if (t < 0) {
      from += (size - 1) * f;
      to += (size - 1) * t;
      [f, t] = [-f, -t];
    }
    let at = sizes.length;
    while (at > 0 && toStrides[at - 1]! < t) at--;
    insert(sizes, at, size);
    insert(fromStrides, at, f);
    insert(toStrides, at, t);
  }
  const rank = mergeAxes(sizes, fromStrides, toStrides);
  const near = rank < 2 ? -1 : fromStrides.indexOf(1);
  const blocked = near >= 0 && near < rank - 1 && sizes[near]! >= 8 && sizes[rank - 1]! >= 8 && Math.abs(fromStrides[rank - 1]!) > 1;
  if (blocked) for (const list of [sizes, fromStrides, toStrides]) list.splice(rank - 2, 0, ...list.splice(near, 1));
  const [unitFrom, unitTo] = [fromStrides[rank - 1] === 1, toStrides[rank - 1] === 1];
  return { input: segment.input, sizes, from, fromStrides, to, toStrides, rank, unitFrom, unitTo, blocked };
}

/** `splice` at the end of a list is slow beside `push`, which is what rising axes need. */
function insert(list: number[], at: number, value: number): void {
  if (at === list.length) list.push(value);
  else list.splice(at, 0, value);
}

/** Merges neighbouring axes in place; gives how many are left, one at least. */
function mergeAxes(sizes: number[], fromStrides: number[], toStrides: number[]): number {
  let rank = 0;
  for (let axis = 0; axis < sizes.length; axis++) {
    const [size, f, t] = [sizes[axis]!, fromStrides[axis]!, toStrides[axis]!];
    const last = rank - 1;
    const together = last >= 0 && fromStrides[last] === f * size && toStrides[last] === t * size;
    const place = together ? last : rank++;
    sizes[place] = together ? sizes[place]! * size : size;
    fromStrides[place] = f;
    toStrides[place] = t;
  }
  if (rank === 0) {
    rank = 1;
    sizes[0] = fromStrides[0] = toStrides[0] = 1;
  }
  sizes.length = fromStrides.length = toStrides.length = rank;
  return rank;
}

/** What a layout's program depends on, as a number. */
const formOf = ({ rank, unitFrom, unitTo, blocked }: Layout): number =>
  rank * 8 + (unitFrom ? 4 : 0) + (unitTo ? 2 : 0) + (blocked ? 1 : 0);

const segmentKernels = new Map<number, Kernel>();
const scalarTypes: readonly ScalarType[] = ["float", "int", "bool"];

function segmentKernel(type: ScalarType, outType: ScalarType, layout: Layout, accumulate: boolean): Kernel {
  const key = ((formOf(layout) * 4 + scalarTypes.indexOf(type)) * 4 + scalarTypes.indexOf(outType)) * 2 + (accumulate ? 1 : 0);
  let kernel = segmentKernels.get(key);
  if (kernel === undefined) {
    const program = buildProgram("move", (b) => {
      const x = b.input("x", type);
      const out = b.output("out", outType);
      writeSegment(b, x, out, "", layout, accumulate);
    });
    segmentKernels.set(key, (kernel = compileKernel(program)));
  }
  return kernel;
}

/** The side of the blocks in which a transposition is walked: two of them fit into the first-level cache. */
const blockSide = 32;

/** The loop nest of one segment; declares its integers: sizes, from, fromStrides, to, toStrides. */
function writeSegment(b: ProgramBuilder, x: Buffer, out: Buffer, suffix: string, layout: Layout, accumulate: boolean): void {
  const { rank, unitFrom, unitTo, blocked } = layout;
  const s = b.arithmetic;
  const list = (name: string) => Array.from({ length: rank }, (_, axis) => b.integer(`${name}${suffix}_${axis}`));
  const sizes = list("n");
  const from = b.integer(`from${suffix}`);
  const fromStrides: Index[] = list("f");
  const to = b.integer(`to${suffix}`);
  const toStrides: Index[] = list("t");
  if (unitFrom) fromStrides[rank - 1] = 1;
  if (unitTo) toStrides[rank - 1] = 1;
  if (blocked) fromStrides[rank - 2] = 1;
  const move = (source: Expression, target: Expression): void => {
    const value = b.load(x, source);
    b.store(out, target, accumulate ? s.add(b.load(out, target), value) : value);
  };
  const sourceAt = (axis: number, base: Index, i: Expression): Expression => b.plus(base, b.times(i, fromStrides[axis]!));
  const targetAt = (axis: number, base: Index, i: Expression): Expression => b.plus(base, b.times(i, toStrides[axis]!));
  const inBlocks = (axis: number, body: (from: Expression, to: Expression) => void): void => {
    b.for(0, s.quotient(b.plus(sizes[axis]!, blockSide - 1), s.integer(blockSide)), (block) => {
      const start = b.let(b.times(block, blockSide));
      body(start, b.let(s.min(b.plus(start, blockSide), sizes[axis]!)));
    });
  };
  const nest = (axis: number, source: Expression, target: Expression): void => {
    if (blocked && axis === rank - 2) {
      inBlocks(axis, (top, bottom) =>
        inBlocks(axis + 1, (left, right) =>
          b.for(top, bottom, (i) => {
            const [rowSource, rowTarget] = [b.let(sourceAt(axis, source, i)), b.let(targetAt(axis, target, i))];
            b.for(left, right, (j) => move(sourceAt(axis + 1, rowSource, j), targetAt(axis + 1, rowTarget, j)));
          }),
        ),
      );
      return;
    }
    b.for(0, sizes[axis]!, (i) => {
      if (axis === rank - 1) move(sourceAt(axis, source, i), targetAt(axis, target, i));
      else nest(axis + 1, b.let(sourceAt(axis, source, i)), b.let(targetAt(axis, target, i)));
    });
  };
  nest(0, from, to);
}

const movementPrograms = new Map<string, Program>();

/**
 * One program for all segments, a loop nest each, so that it grows with the parts of a concat: a compiler may instead take the segments of
 * `plan` one by one, as the eager path does.
 */
function lowerMovement(plan: Movement, inputs: readonly Aval[], out: Aval): Lowered {
  const segments = plan.segments.map(layoutOf).filter(({ sizes }) => !sizes.includes(0));
  const fills = plan.fill !== null;
  const key = `${inputs.map((x) => x.dtype)}:${out.dtype}:${fills}:${plan.accumulate}:${segments.map((layout) => `${layout.input}.${formOf(layout)}`)}`;
  const program = memo(movementPrograms, key, () =>
    buildProgram("move", (b) => {
      const sources = inputs.map((x, i) => b.input(`x${i}`, typeOf(x.dtype)));
      const target = b.output("out", typeOf(out.dtype));
      if (fills) {
        const value = b.scalar("fill", "float");
        b.for(0, b.integer("size"), (i) => b.store(target, i, value));
      }
      segments.forEach((layout, i) => writeSegment(b, sources[layout.input]!, target, String(i), layout, plan.accumulate));
    }),
  );
  const integers = segments.flatMap(({ sizes, from, fromStrides, to, toStrides }) => [...sizes, from, ...fromStrides, to, ...toStrides]);
  return { program, scalars: fills ? [plan.fill!] : [], integers: fills ? [sizeOf(out.shape), ...integers] : integers };
}

/** The whole of one input to the whole of the output, axis by axis. */
export function wholeSegment(
  shape: Shape,
  fromStrides: readonly number[],
  toStrides: readonly number[],
  from = 0,
  to = 0,
  input = 0,
): Segment {
  return { input, sizes: shape, from, fromStrides, to, toStrides };
}

/** The input of a recording as the recordings outside see it: the same tensor. */
export const identity: Op<undefined> = /* @__PURE__ */ movement<undefined>({
  name: "identity",
  notation: alias,
  infer: (inputs) => inputs[0]!,
  plan: (inputs, _params, out) => ({
    fill: null,
    accumulate: false,
    segments: [wholeSegment(inputs[0]!.shape, stridesOf(out.shape), stridesOf(out.shape))],
  }),
  transpose: (g) => g,
  lift: (inputs) => inputs[0]!,
  shares: true,
});
