/** Batching: a function recorded on one example's shapes and walked again on whole batches by each op's lift rule. */
import { argumentError, axisError, clashError, readError } from "../errors.ts";
import { type Graph, recordFunction, walk } from "../graph.ts";
import { apply, type SubGraph } from "../op.ts";
import { broadcastTo, permute, reshape } from "../ops/movement.ts";
import type { Node } from "../recording.ts";
import { flatten, unflatten } from "../struct.ts";
import { forget, type Tensor } from "../tensor.ts";

/** A value on a walk over batches: with the batch axis in front, or the same for every example. */
interface Batched {
  readonly tensor: Tensor;
  readonly batched: boolean;
}

/** Walks a graph with some inputs batched in front; every output comes out batched. */
export function batchGraph(graph: SubGraph, inputs: readonly Tensor[], batched: readonly boolean[], size: number): Tensor[] {
  return walkBatched(graph, inputs, batched, size).map((out) => (out.batched ? out.tensor : broadcastTo(out.tensor, [size, ...out.tensor.shape])));
}

function walkBatched(graph: SubGraph, inputs: readonly Tensor[], batched: readonly boolean[], size: number): readonly Batched[] {
  return walk<Batched>(
    graph,
    inputs.map((tensor, i) => ({ tensor, batched: batched[i]! })),
    { constant: (tensor) => ({ tensor, batched: false }), step: (node, values) => batchNode(node, values, size) },
  );
}

function batchNode(node: Node, values: readonly Batched[], size: number): readonly Batched[] {
  const { op, params } = node;
  const tensors = values.map((value) => value.tensor);
  if (values.every((value) => !value.batched)) return apply(op, tensors, params).map((tensor) => ({ tensor, batched: false }));
  const flags = values.map((value) => value.batched);
  if (op.lift !== undefined) {
    const aligned = op.broadcasts ? alignRanks(values) : tensors;
    return op.lift(aligned, flags, params, size).map((tensor) => ({ tensor, batched: true }));
  }
  const expansion = recordFunction((inputs) => op.expand!(inputs, params), node.inputs, { abstract: true });
  return walkBatched(expansion, tensors, flags, size);
}

/** Inserts axes of one after the batch axis, so that examples of different rank still align at their last axes. */
function alignRanks(values: readonly Batched[]): Tensor[] {
  const rank = Math.max(...values.map(({ tensor, batched }) => tensor.rank - (batched ? 1 : 0)));
  return values.map(({ tensor, batched }) => {
    if (!batched || tensor.rank === rank + 1) return tensor;
    const [size, ...rest] = tensor.shape as [number, ...number[]];
    return reshape(tensor, [size, ...new Array<number>(rank - rest.length).fill(1), ...rest]);
  });
}

/** The axis to batch over: one for every tensor of a struct, `null` for none. */
export type Axis = number | null;

export interface VmapOptions {
  /** One for all arguments, or one an argument; 0 by default. */
  readonly inAxes?: Axis | readonly Axis[];
  /** Where the batch axis goes in the outputs: one for all, or one an output; 0 by default. */
  readonly outAxes?: number | readonly number[];
}

/**
 * A function of batches from a function of one example: the batch axis of each argument is `inAxes`, of the outputs `outAxes`.
 *
 * The function may take and return any structs of tensors; it must not read values. Throws where batch sizes differ.
 * @example
 * ```ts
 * const dot = (x: Tensor, y: Tensor) => x.mul(y).sum();
 * vmap(dot)(tensor([[1, 2], [3, 4]]), tensor([[1, 1], [2, 2]])); // => tensor([ 3, 14], float64)
 * ```
 */
export function vmap<A extends readonly unknown[], R>(f: (...args: A) => R, options: VmapOptions = {}): (...args: A) => R {
  if (typeof f !== "function") throw argumentError("vmap", "the first argument is not a function", f, "give a function of tensors");
  return (...args: A): R => {
    const axes = args.map((_, i) => axisOf(options.inAxes, i, args.length));
    const flat = args.map((arg, i) => (axes[i] === null ? undefined : flatten(arg, "vmap", `argument ${i + 1}`)));
    const fronts = flat.flatMap((one, i) => (one === undefined ? [] : one.leaves.map((leaf) => moveToFront(leaf, axes[i]!))));
    const size = batchSize(fronts, flat.flatMap((one) => one?.definition.leaves.map(({ path }) => path) ?? []));
    let definition: ReturnType<typeof flatten>["definition"] | undefined;
    const graph: Graph = recordFunction(
      (inputs) => {
        let next = 0;
        const own = args.map((arg, i) => {
          const one = flat[i];
          if (one === undefined) return arg;
          const leaves = inputs.slice(next, next + one.leaves.length);
          next += one.leaves.length;
          return unflatten(one.definition, leaves);
        }) as unknown as A;
        const out = flatten(f(...own), "vmap", "the output");
        definition = out.definition;
        return out.leaves;
      },
      fronts.map((x) => ({ shape: x.shape.slice(1), dtype: x.dtype })),
      { abstract: true },
    );
    if (graph.reads.length > 0) throw readError("vmap", graph.reads[0]!);
    const outputs = batchGraph(graph, fronts, fronts.map(() => true), size);
    return unflatten<R>(definition!, outputs.map((out, i) => forget(moveFromFront(out, outAxisOf(options.outAxes, i)))));
  };
}

function axisOf(inAxes: VmapOptions["inAxes"], i: number, count: number): Axis {
  if (inAxes === undefined) return 0;
  if (typeof inAxes === "number" || inAxes === null) return inAxes;
  if (!Array.isArray(inAxes) || inAxes.length !== count) throw argumentError("vmap", `inAxes does not fit ${count} arguments`, inAxes, "give one axis, or one an argument");
  return inAxes[i] as Axis;
}

function outAxisOf(outAxes: VmapOptions["outAxes"], i: number): number {
  if (outAxes === undefined) return 0;
  return typeof outAxes === "number" ? outAxes : (outAxes[i] ?? 0);
}

function moveToFront(x: Tensor, axis: number): Tensor {
  if (!Number.isInteger(axis) || axis < -x.rank || axis >= x.rank) throw axisError("vmap", axis, x.rank);
  const from = axis < 0 ? axis + x.rank : axis;
  return from === 0 ? x : permute(x, [from, ...x.shape.map((_, i) => i).filter((i) => i !== from)]);
}

function moveFromFront(x: Tensor, axis: number): Tensor {
  if (!Number.isInteger(axis) || axis < -x.rank || axis >= x.rank) throw axisError("vmap", axis, x.rank);
  const to = axis < 0 ? axis + x.rank : axis;
  if (to === 0) return x;
  const order = x.shape.map((_, i) => i).slice(1);
  order.splice(to, 0, 0);
  return permute(x, order);
}

function batchSize(fronts: readonly Tensor[], paths: readonly string[]): number {
  if (fronts.length === 0) throw argumentError("vmap", "there is no batched tensor", "every axis is null", "batch at least one argument");
  const size = fronts[0]!.shape[0]!;
  fronts.forEach((x, i) => {
    if (x.shape[0] !== size) throw clashError("vmap", "batch sizes differ", `${paths[0]} has ${size}, ${paths[i]} has ${x.shape[0]}`, "give batches of one size");
  });
  return size;
}

