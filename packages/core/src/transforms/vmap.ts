/** Batching: a function recorded on one example's shapes and walked again on whole batches by each op's lift rule. */
import { argumentError, clashError, counted, readError } from "../errors.ts";
import { recordFunction, walk } from "../graph.ts";
import { apply, checkFinite, type SubGraph } from "../op.ts";
import { broadcastTo, permute, reshape } from "../ops/movement.ts";
import { type Node, onBehalf } from "../recording.ts";
import { normalizeAxis } from "../shape.ts";
import { flatten, type StructDefinition, unflatten } from "../struct.ts";
import { forget, isTensor, type Tensor } from "../tensor.ts";
import { checkTransform } from "./arguments.ts";

/** A value on a walk over batches: with the batch axis in front, or the same for every example. */
interface Batched {
  readonly tensor: Tensor;
  readonly batched: boolean;
}

/** Walks a graph with some inputs batched in front; every output comes out batched, or those that are wanted so. */
export function batchGraph(
  graph: SubGraph,
  inputs: readonly Tensor[],
  batched: readonly boolean[],
  size: number,
  wanted?: readonly boolean[],
): Tensor[] {
  return walkBatched(graph, inputs, batched, size).map(({ tensor, batched: already }, i) =>
    already || wanted?.[i] === false ? tensor : broadcastTo(tensor, [size, ...tensor.shape]),
  );
}

function walkBatched(graph: SubGraph, inputs: readonly Tensor[], batched: readonly boolean[], size: number): readonly Batched[] {
  return walk<Batched>(
    graph,
    inputs.map((tensor, i) => ({ tensor, batched: batched[i]! })),
    { constant: (tensor) => ({ tensor, batched: false }), step: (node, values) => batchNode(node, values, size) },
  );
}

function batchNode(node: Node, values: readonly Batched[], size: number): readonly Batched[] {
  if (node.source === undefined) return liftNode(node, values, size);
  const { source } = node;
  const inputs =
    source.inputs === node.inputs ? values.map(({ tensor }) => tensor) : source.inputs.map((x) => ({ shape: [size, ...x.shape] }));
  const own = { ...source, inputs };
  const outputs = onBehalf(own, () => liftNode(node, values, size), "nothing");
  if (!own.isStep) for (const { tensor } of outputs) checkFinite(own, tensor);
  return outputs;
}

function liftNode(node: Node, values: readonly Batched[], size: number): readonly Batched[] {
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

/** The axis to batch over; `null` for none. */
export type Axis = number | null;

/** One axis for every tensor of an argument, or a struct of axes in the argument's form. */
export type Axes = Axis | readonly Axes[] | { readonly [key: string]: Axes };

export interface VmapOptions {
  /** One for all arguments, or a list with one an argument; 0 by default. */
  readonly inAxes?: Axis | readonly Axes[];
  /** Where the batch axis goes in the outputs: one for all, or a list with one for each entry of the list that the function returns. */
  readonly outAxes?: number | readonly number[];
}

/**
 * A function of batches from a function of one example: the batch axis of each argument is `inAxes`, of the outputs `outAxes`.
 *
 * The function may take and return any structs of tensors; it is traced on the shapes of one example, so it must not read values. An argument
 * with axis `null` is handed on as it is. Throws where batch sizes differ.
 * @example
 * ```ts
 * const dot = (x: Tensor, y: Tensor) => x.mul(y).sum();
 * vmap(dot)(tensor([[1, 2], [3, 4]]), tensor([[1, 1], [2, 2]])); // => tensor([ 3, 14], float64)
 * ```
 */
export function vmap<A extends readonly unknown[], R>(f: (...args: A) => R, options: VmapOptions = {}): (...args: A) => R {
  checkTransform("vmap", f, options, ["inAxes", "outAxes"]);
  return (...args: A): R => {
    const parts = args.map((arg, i) => split(arg, axesOf(options.inAxes, i, args.length), `argument ${i}`));
    const fronts = parts.flatMap(({ leaves, axes }) => leaves.map((leaf, i) => moveToFront(leaf, axes[i]!)));
    const size = batchSize(
      fronts,
      parts.flatMap(({ paths }) => paths),
    );
    let definition: StructDefinition | undefined;
    const graph = recordFunction(
      (inputs) => {
        let next = 0;
        const own = parts.map(({ leaves, build }) => build(inputs.slice(next, (next += leaves.length))));
        const out = flatten(f(...(own as unknown as A)), "vmap", "the output");
        definition = out.definition;
        return out.leaves;
      },
      fronts.map((x) => ({ shape: x.shape.slice(1), dtype: x.dtype })),
      { abstract: true, reverse: false },
    );
    if (graph.reads.length > 0) throw readError("vmap", graph.reads[0]!);
    const outputs = batchGraph(
      graph,
      fronts,
      fronts.map(() => true),
      size,
    );
    const axes = outAxesOf(options.outAxes, definition!);
    return unflatten<R>(
      definition!,
      outputs.map((out, i) => forget(moveFromFront(out, axes[i]!))),
    );
  };
}

/** The batched tensors of an argument, their axes and paths, and the argument with others in their place. */
interface Part {
  readonly leaves: readonly Tensor[];
  readonly axes: readonly number[];
  readonly paths: readonly string[];
  readonly build: (leaves: readonly Tensor[]) => unknown;
}

function split(arg: unknown, axes: Axes, path: string): Part {
  if (axes === null) return { leaves: [], axes: [], paths: [], build: () => arg };
  if (typeof axes === "number") {
    const { leaves, definition } = flatten(arg, "vmap", path);
    return {
      leaves,
      axes: leaves.map(() => axes),
      paths: definition.leaves.map((leaf) => leaf.path),
      build: (own) => unflatten(definition, own),
    };
  }
  const isList = Array.isArray(axes);
  if (typeof axes !== "object" || typeof arg !== "object" || arg === null || isTensor(arg) || isList !== Array.isArray(arg)) {
    throw argumentError("vmap", `inAxes does not fit ${path}`, axes, "give an integer, null, or a struct of them in the argument's form");
  }
  const keys = Object.keys(arg);
  const stray = Object.keys(axes).find((key) => !keys.includes(key));
  if (stray !== undefined) throw argumentError("vmap", `inAxes names what ${path} does not have`, stray, `the keys are ${keys.join(", ")}`);
  const parts = keys.map((key) =>
    split(
      (arg as Record<string, unknown>)[key],
      (axes as Record<string, Axes>)[key] ?? null,
      isList ? `${path}[${key}]` : `${path}.${key}`,
    ),
  );
  return {
    leaves: parts.flatMap((part) => part.leaves),
    axes: parts.flatMap((part) => part.axes),
    paths: parts.flatMap((part) => part.paths),
    build: (own) => {
      let next = 0;
      const built = parts.map(({ leaves, build }) => build(own.slice(next, (next += leaves.length))));
      return isList ? built : Object.fromEntries(keys.map((key, i) => [key, built[i]]));
    },
  };
}

function axesOf(inAxes: VmapOptions["inAxes"], i: number, count: number): Axes {
  if (inAxes === undefined) return 0;
  if (typeof inAxes === "number" || inAxes === null) return inAxes;
  if (!Array.isArray(inAxes) || inAxes.length !== count) {
    throw argumentError(
      "vmap",
      `inAxes does not fit ${counted(count, "argument")}`,
      inAxes,
      "give one axis, or a list with one an argument",
    );
  }
  return inAxes[i] as Axes;
}

/** The batch axis of each output leaf: a list of axes belongs to the entries of the list that the function returned. */
function outAxesOf(outAxes: VmapOptions["outAxes"], definition: StructDefinition): number[] {
  if (outAxes === undefined || typeof outAxes === "number") return definition.leaves.map(() => outAxes ?? 0);
  if (!Array.isArray(outAxes))
    throw argumentError("vmap", "outAxes is not an axis or a list of axes", outAxes, "give an integer, or a list of them");
  return definition.leaves.map(({ path }) => {
    const entry = /^the output\[(\d+)\]/.exec(path)?.[1];
    const axis = entry === undefined ? undefined : outAxes[Number(entry)];
    if (axis === undefined)
      throw argumentError(
        "vmap",
        `outAxes does not fit ${path}`,
        outAxes,
        "give one axis, or a list with one for each entry of the returned list",
      );
    return axis;
  });
}

function moveToFront(x: Tensor, axis: number): Tensor {
  const from = normalizeAxis("vmap", axis, x.rank);
  return from === 0 ? x : permute(x, [from, ...x.shape.map((_, i) => i).filter((i) => i !== from)]);
}

function moveFromFront(x: Tensor, axis: number): Tensor {
  const to = normalizeAxis("vmap", axis, x.rank);
  if (to === 0) return x;
  const order = x.shape.map((_, i) => i).slice(1);
  order.splice(to, 0, 0);
  return permute(x, order);
}

function batchSize(fronts: readonly Tensor[], paths: readonly string[]): number {
  if (fronts.length === 0) throw clashError("vmap", "there is no batched tensor", "every axis is null", "batch at least one argument");
  const size = fronts[0]!.shape[0]!;
  fronts.forEach((x, i) => {
    if (x.shape[0] !== size)
      throw clashError("vmap", "batch sizes differ", `${paths[0]} has ${size}, ${paths[i]} has ${x.shape[0]}`, "give batches of one size");
  });
  return size;
}
