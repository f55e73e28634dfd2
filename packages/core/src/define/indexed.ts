/**
 * The two indexed movements, each the other's transpose: `indexedTake` reads where an int32 tensor points and `indexedAdd` adds there. Like a
 * contraction they are described by labels, one an axis, so that batching adds a label and never a copy. They know labels, strides and
 * indices; take, at and their kin are written with them.
 */
import { allocate, type DType } from "../dtype.ts";
import { indexError } from "../errors.ts";
import type { Expression, ScalarType } from "../expression.ts";
import { buildProgram, type Index, memo, type Program, type ProgramBuilder } from "../loop/program.ts";
import { named } from "../notation.ts";
import { type Aval, apply1, kernelOf, type Lowered, type Op } from "../op.ts";
import { type Shape, sizeOf, stridesOf } from "../shape.ts";
import { entriesOf, type Storage, type Tensor } from "../tensor.ts";
import { freshLabel } from "./contraction.ts";
import { typeOf } from "./elementwise.ts";

/**
 * `out[labels] = source[labels]`, where the axis labelled `index`, of the source (take) or of the output (add), is at the position that the
 * indices hold. Each other label stands in at least two of the three, and what the output lacks is summed. Negative indices count from the
 * back; an index out of range is an error when values are known, and in compiled code reads NaN (the least integer, false) and adds nothing.
 */
export interface IndexedParams {
  readonly source: string;
  readonly indices: string;
  readonly out: string;
  readonly index: string;
  /** The function that a person called, for errors. */
  readonly caller: string;
}

export interface IndexedAddParams extends IndexedParams {
  /** The side of the indexed axis. */
  readonly size: number;
}

const show = ({ source, indices, out, index }: IndexedParams): string => `${source},${index}=${indices}->${out}`;

export const indexedTake: Op<IndexedParams> = {
  name: "take",
  kind: "movement",
  notation: /* @__PURE__ */ named("take"),
  broadcasts: false,
  infer: (inputs, params) => [inferIndexed(inputs, params)],
  evaluate: (inputs, params, outputs) => [run(inputs, params, outputs[0]!)],
  lower: (inputs, params) => lowerIndexed(inputs, params, inferIndexed(inputs, params)),
  pullback(node, [g], wanted) {
    const params = node.params as IndexedParams;
    if (g === null || !wanted[0]) return [null, null];
    const size = node.inputs[0]!.shape[params.source.indexOf(params.index)]!;
    return [apply1(indexedAdd, [g!, node.inputs[1]!], { ...params, source: params.out, out: params.source, size }), null];
  },
  pushforward: (node, [t]) => [t === null ? null : apply1(indexedTake, [t!, node.inputs[1]!], node.params as IndexedParams)],
  lift: (inputs, batched, params) => [apply1(indexedTake, inputs, withBatchLabel(params, batched))],
  show,
};

export const indexedAdd: Op<IndexedAddParams> = {
  name: "scatterAdd",
  kind: "movement",
  notation: /* @__PURE__ */ named("scatterAdd"),
  broadcasts: false,
  infer: (inputs, params) => [inferIndexed(inputs, params, params.size)],
  evaluate: (inputs, params, outputs) => [run(inputs, params, outputs[0]!)],
  lower: (inputs, params) => lowerIndexed(inputs, params, inferIndexed(inputs, params, params.size)),
  pullback(node, [g], wanted) {
    const { size: _, ...params } = node.params as IndexedAddParams;
    if (g === null || !wanted[0]) return [null, null];
    return [apply1(indexedTake, [g!, node.inputs[1]!], { ...params, source: params.out, out: params.source }), null];
  },
  pushforward: (node, [t]) => [t === null ? null : apply1(indexedAdd, [t!, node.inputs[1]!], node.params as IndexedAddParams)],
  lift: (inputs, batched, params) => [apply1(indexedAdd, inputs, withBatchLabel(params, batched))],
  show,
};

function withBatchLabel<P extends IndexedParams>(params: P, batched: readonly boolean[]): P {
  const { source, indices, out, index } = params;
  const label = freshLabel(source + indices + out + index);
  return { ...params, source: batched[0] ? label + source : source, indices: batched[1] ? label + indices : indices, out: label + out };
}

function labelSizes([source, indices]: readonly Aval[], params: IndexedParams, size: number | undefined): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  [...params.indices].forEach((label, axis) => sizes.set(label, indices!.shape[axis]!));
  [...params.source].forEach((label, axis) => sizes.set(label, source!.shape[axis]!));
  if (size !== undefined) sizes.set(params.index, size);
  return sizes;
}

function inferIndexed(inputs: readonly Aval[], params: IndexedParams, size?: number): Aval {
  const sizes = labelSizes(inputs, params, size);
  const { dtype } = inputs[0]!;
  const sums = size !== undefined || isSummed(params);
  return { shape: [...params.out].map((label) => sizes.get(label)!), dtype: sums && dtype === "bool" ? "int32" : dtype };
}

/** Whether several entries may go to one. */
const isSummed = ({ source, indices, out, index }: IndexedParams): boolean =>
  out.includes(index) || [...(source + indices)].some((label) => label !== index && !out.includes(label));

function run(inputs: readonly Tensor[], params: IndexedParams, out: Aval): Storage {
  const [source, indices] = inputs as [Tensor, Tensor];
  const pointed = params.out.includes(params.index)
    ? { labels: params.out, shape: out.shape }
    : { labels: params.source, shape: source.shape };
  checkIndices(params.caller, indices, pointed.labels.indexOf(params.index), pointed.shape);
  const working: DType = out.dtype === "float32" && isSummed(params) ? "float64" : out.dtype;
  const entries = allocate(working, sizeOf(out.shape));
  const { program, integers } = lowerIndexed(inputs, params, out);
  kernelOf(program)(entriesOf(source), entriesOf(indices), entries, ...integers);
  if (out.shape.length === 0) return entries[0]!;
  return working === out.dtype ? entries : Float32Array.from(entries);
}

/** Throws at the first index that is not on the axis. */
export function checkIndices(caller: string, indices: Tensor, axis: number, shape: Shape): void {
  const side = shape[axis]!;
  const entries = entriesOf(indices);
  for (let k = 0; k < entries.length; k++) {
    const at = entries[k]!;
    if (at < -side || at >= side) throw indexError(caller, at, axis, shape);
  }
}

/** One loop: a label, or neighbouring labels that lie together everywhere, with its strides. */
interface Loop {
  readonly size: number;
  readonly source: number;
  readonly indices: number;
  readonly out: number;
}

function loopsOf(inputs: readonly Aval[], params: IndexedParams, out: Aval, sizes: ReadonlyMap<string, number>): Loop[] {
  const strideIn = (labels: string, shape: Shape): ((label: string) => number) => {
    const strides = stridesOf(shape);
    return (label) => (labels.includes(label) ? strides[labels.indexOf(label)]! : 0);
  };
  const [inSource, inIndices, inOut] = [
    strideIn(params.source, inputs[0]!.shape),
    strideIn(params.indices, inputs[1]!.shape),
    strideIn(params.out, out.shape),
  ];
  // In the order of the side that is walked entry by entry: the output of a take, the source of an add.
  const [walked, rest] = params.out.includes(params.index) ? [params.source, params.out] : [params.out, params.source];
  const labels = new Set([...walked, ...params.indices, ...rest]);
  labels.delete(params.index);
  const loops: Loop[] = [];
  for (const label of labels) {
    const size = sizes.get(label)!;
    if (size === 1) continue;
    const own = { size, source: inSource(label), indices: inIndices(label), out: inOut(label) };
    const last = loops[loops.length - 1];
    if (last !== undefined && last.source === own.source * size && last.indices === own.indices * size && last.out === own.out * size) {
      loops[loops.length - 1] = { ...own, size: last.size * size };
    } else loops.push(own);
  }
  if (loops.length === 0) loops.push({ size: 1, source: 0, indices: 0, out: 0 });
  return loops;
}

const programs = new Map<string, Program>();

function lowerIndexed(inputs: readonly Aval[], params: IndexedParams, out: Aval): Lowered {
  const adds = params.out.includes(params.index);
  const sums = isSummed(params);
  const pointed = adds ? { labels: params.out, shape: out.shape } : { labels: params.source, shape: inputs[0]!.shape };
  const axis = pointed.labels.indexOf(params.index);
  const loops = loopsOf(inputs, params, out, labelSizes(inputs, params, adds ? out.shape[axis]! : undefined));
  const depth = loops.reduce((deepest, loop, i) => (loop.indices !== 0 ? i + 1 : deepest), 0);
  const inner = loops[loops.length - 1]!;
  const units: Units = { source: Math.min(inner.source, 2), out: Math.min(inner.out, 2) };
  const key = `${typeOf(inputs[0]!.dtype)},${typeOf(out.dtype)},${loops.length},${depth},${units.source}${units.out},${adds},${sums}`;
  const program = memo(programs, key, () =>
    indexedProgram(typeOf(inputs[0]!.dtype), typeOf(out.dtype), loops.length, depth, units, adds, sums),
  );
  const integers = [pointed.shape[axis]!, stridesOf(pointed.shape)[axis]!, ...(sums ? [sizeOf(out.shape)] : [])];
  return { program, scalars: [], integers: [...integers, ...loops.flatMap((loop) => [loop.size, loop.source, loop.indices, loop.out])] };
}

/** The innermost strides that are 0 or 1 are part of the program. */
interface Units {
  readonly source: number;
  readonly out: number;
}

/** Loops over the labels; the index is read once all loops that move it are open. */
function indexedProgram(
  type: ScalarType,
  outType: ScalarType,
  rank: number,
  depth: number,
  units: Units,
  adds: boolean,
  sums: boolean,
): Program {
  return buildProgram(adds ? "scatterAdd" : "take", (b) => {
    const s = b.arithmetic;
    const source = b.input("source", type);
    const indices = b.input("indices", "int");
    const out = b.output("out", outType);
    const [side, stride] = [b.integer("side"), b.integer("stride")];
    if (sums) b.for(0, b.integer("size"), (i) => b.store(out, i, s.constant(0)));
    const loops = Array.from({ length: rank }, (_, i) => ({
      size: b.integer(`size${i}`),
      source: stepOf(b.integer(`from${i}`), i === rank - 1 ? units.source : 2),
      indices: b.integer(`at${i}`),
      out: stepOf(b.integer(`to${i}`), i === rank - 1 ? units.out : 2),
    }));
    const move = (from: Expression, to: Expression): void => {
      const value = s.convert(b.load(source, from), outType);
      b.store(out, to, sums ? s.add(b.load(out, to), value) : value);
    };
    const absent = outType === "float" ? s.constant(Number.NaN) : s.convert(s.integer(outType === "int" ? -(2 ** 31) : 0), outType);
    const missing = (to: Expression): void => b.store(out, to, absent);
    const inner = (axis: number, from: Expression, to: Expression, leaf: (from: Expression, to: Expression) => void): void => {
      if (axis === rank) leaf(from, to);
      else b.for(0, loops[axis]!.size, (i) => inner(axis + 1, ...stepped(b, axis === rank - 1, from, to, loops[axis]!, i), leaf));
    };
    const outer = (axis: number, from: Expression, at: Expression, to: Expression): void => {
      if (axis < depth) {
        const loop = loops[axis]!;
        b.for(0, loop.size, (i) => {
          const [nextFrom, nextTo] = stepped(b, false, from, to, loop, i);
          outer(axis + 1, nextFrom, b.let(b.plus(at, b.times(i, loop.indices))), nextTo);
        });
        return;
      }
      const given = b.let(b.load(indices, at));
      const position = b.let(s.select(s.less(given, s.integer(0)), b.plus(given, side), given));
      b.if(
        s.and(s.lessEqual(s.integer(0), position), s.less(position, side)),
        () => {
          const moved = b.let(b.plus(adds ? to : from, b.times(position, stride)));
          inner(axis, adds ? from : moved, adds ? moved : to, move);
        },
        sums ? undefined : () => inner(axis, from, to, (_from, at) => missing(at)),
      );
    };
    const zero = s.integer(0);
    outer(0, zero, zero, zero);
  });
}

const stepOf = (parameter: Expression, unit: number): Index => (unit < 2 ? unit : parameter);

function stepped(
  b: ProgramBuilder,
  last: boolean,
  from: Expression,
  to: Expression,
  loop: { readonly source: Index; readonly out: Index },
  i: Expression,
): [Expression, Expression] {
  const next: [Expression, Expression] = [b.plus(from, b.times(i, loop.source)), b.plus(to, b.times(i, loop.out))];
  return last ? next : [b.let(next[0]), b.let(next[1])];
}
