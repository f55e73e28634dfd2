/**
 * Ops that hold sub-graphs: their builder, how a person's function becomes a sub-graph, and the graphs a sub-graph turns into under
 * differentiation and batching. It knows no op by name.
 */
import { allocate, isFloat } from "../dtype.ts";
import { zerosOf } from "../define/movement.ts";
import { closureOf, openGraph, recordFunction, replay, walk } from "../graph.ts";
import { named } from "../notation.ts";
import type { Aval, Machine, Op, SubGraph } from "../op.ts";
import { pullback, pushforward } from "../sweep.ts";
import { sizeOf } from "../shape.ts";
import { type Flat, flatten, type StructDefinition, unflatten } from "../struct.ts";
import { entriesOf, Tensor, tensorOf } from "../tensor.ts";
import { batchGraph } from "./vmap.ts";

/** What a call op states; the rest of its record follows. */
export type CallSpec<P> = Pick<Op<P>, "name" | "pullback" | "pushforward" | "saving" | "plain" | "show"> &
  Required<Pick<Op<P>, "infer" | "call" | "lift" | "graphs">>;

/** An op that holds sub-graphs. */
export function callOp<P>(spec: CallSpec<P>): Op<P> {
  return {
    ...spec,
    kind: "call",
    notation: /* @__PURE__ */ named(spec.name),
    broadcasts: false,
    evaluate: (inputs, params) => spec.call(eager, inputs.map(constant), params).map((x) => x.storage),
  };
}

const constant = (x: Tensor): Tensor => (x.origin === null ? x : new Tensor(x.shape, x.dtype, x.storage, null, 0));

/** Sub-graphs on values. */
export const eager: Machine<Tensor> = {
  run: replay,
  decide: (x) => entriesOf(x)[0] !== 0,
  at: (x, i) => {
    const shape = x.shape.slice(1);
    const size = sizeOf(shape);
    return tensorOf(shape, x.dtype, entriesOf(x).subarray(i * size, (i + 1) * size));
  },
  stack: (xs, { shape, dtype }) => {
    const size = sizeOf(shape);
    const entries = allocate(dtype, xs.length * size);
    xs.forEach((x, i) => {
      if (typeof x.storage === "number") entries[i] = x.storage;
      else entries.set(entriesOf(x), i * size);
    });
    return tensorOf([xs.length, ...shape], dtype, entries);
  },
};

/** A person's function on structs as a graph on shapes; the watched tensors it closes over are inputs after its own. */
export interface Traced {
  readonly graph: SubGraph;
  readonly hidden: readonly Tensor[];
  readonly definition: StructDefinition;
}

/** Traces a function of several structs, given flat and by their shapes. */
export function trace(
  op: string,
  f: (...args: never[]) => unknown,
  args: readonly Pick<Flat, "definition">[],
  avals: readonly Aval[],
): Traced {
  let definition: StructDefinition | undefined;
  const recorded = recordFunction(
    (inputs) => {
      const out = flatten((f as (...args: unknown[]) => unknown)(...fill(args, inputs)), op, "the output");
      definition = out.definition;
      return out.leaves;
    },
    avals.map(avalOf),
    { abstract: true, reverse: false },
  );
  return { ...closureOf(recorded), definition: definition! };
}

/** Leaves put back into a list of structs. */
export function fill(args: readonly Pick<Flat, "definition">[], leaves: readonly unknown[]): unknown[] {
  let next = 0;
  return args.map(({ definition }) => unflatten(definition, leaves.slice(next, (next += definition.leaves.length))));
}

export const avalOf = ({ shape, dtype }: Aval): Aval => ({ shape, dtype });

/** With one axis more in front. */
export const stacked = (size: number, { shape, dtype }: Aval): Aval => ({ shape: [size, ...shape], dtype });

/** The graph with its hidden inputs replaced by a longer list that holds them, so that several graphs take the same. */
export function withHidden({ graph, hidden }: Traced, all: readonly Tensor[]): SubGraph {
  const own = graph.inputs.slice(0, graph.inputs.length - hidden.length);
  return { inputs: [...own, ...all.map((x) => (hidden.includes(x) ? x : placeholder(x)))], outputs: graph.outputs, nodes: graph.nodes };
}

/** An input that a graph does not use. */
export const placeholder = (x: Aval): Tensor => new Tensor(x.shape, x.dtype, null, null, 0);

/** The items whose flag is set. */
export const chosen = <T>(items: readonly T[], flags: readonly boolean[]): T[] => items.filter((_, i) => flags[i]);

/** Items put at the places whose flag is set; null elsewhere. */
export function placed<T>(items: readonly T[], flags: readonly boolean[]): (T | null)[] {
  let next = 0;
  return flags.map((flag) => (flag ? items[next++]! : null));
}

export const floats = (xs: readonly Aval[]): boolean[] => xs.map((x) => isFloat(x.dtype));
export const given = (xs: readonly (Tensor | null)[]): boolean[] => xs.map((x) => x !== null);
export const both = (x: readonly boolean[], y: readonly boolean[]): boolean[] => x.map((flag, i) => flag && y[i]!);
export const either = (x: readonly boolean[], y: readonly boolean[]): boolean[] => x.map((flag, i) => flag || y[i]!);

/** Which outputs depend on the marked inputs; through floats alone if derivatives are meant. */
export function reaches(graph: SubGraph, marked: readonly boolean[], floatsOnly: boolean): boolean[] {
  const passes = (flag: boolean, x: Aval): boolean => flag && (!floatsOnly || isFloat(x.dtype));
  return walk<boolean>(
    graph,
    marked.map((flag, i) => passes(flag, graph.inputs[i]!)),
    {
      constant: () => false,
      step: (node, flags) => {
        const any = flags.includes(true);
        return node.outputs.map((out) => passes(any, out));
      },
    },
  );
}

/** Which inputs the marked outputs depend on through floats. */
export function reachedFrom(graph: SubGraph, marked: readonly boolean[]): boolean[] {
  const live = new Set(graph.outputs.filter((x, i) => marked[i] && isFloat(x.dtype)));
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i]!;
    if (!node.outputs.some((out) => live.has(out))) continue;
    for (const x of node.inputs) if (isFloat(x.dtype)) live.add(x);
  }
  return graph.inputs.map((x) => live.has(x));
}

/**
 * The backward pass of a graph as a graph, the forward pass recomputed inside: from its inputs and the cotangents of the marked outputs to the
 * cotangents of the wanted inputs.
 */
export function backwardGraph(graph: SubGraph, marked: readonly boolean[], wanted: readonly boolean[]): SubGraph {
  const count = graph.inputs.length;
  return recordFunction(
    (all, recording) => {
      const inputs = all.slice(0, count);
      const outputs = replay(graph, inputs);
      const cotangents = pullback({ recording, inputs, outputs }, placed(all.slice(count), marked));
      return chosen(
        cotangents.map((g, i) => g ?? zerosOf(graph.inputs[i]!)),
        wanted,
      );
    },
    [...graph.inputs, ...chosen(graph.outputs, marked)].map(avalOf),
    { abstract: true },
  );
}

/** From a graph's inputs and the tangents of the marked ones to its outputs, or none of them, and the tangents of the wanted outputs. */
export function tangentGraph(graph: SubGraph, marked: readonly boolean[], wanted: readonly boolean[], primals: boolean): SubGraph {
  const count = graph.inputs.length;
  return recordFunction(
    (all, recording) => {
      const inputs = all.slice(0, count);
      const outputs = replay(graph, inputs);
      const tangents = pushforward(openGraph(recording, inputs, outputs), placed(all.slice(count), marked));
      return [
        ...(primals ? outputs : []),
        ...chosen(
          tangents.map((t, i) => t ?? zerosOf(outputs[i]!)),
          wanted,
        ),
      ];
    },
    [...graph.inputs, ...chosen(graph.inputs, marked)].map(avalOf),
    { abstract: true, reverse: false },
  );
}

/** A graph on batches of the marked inputs; every output is batched, or those that are wanted so. */
export function batchedGraph(graph: SubGraph, marked: readonly boolean[], size: number, wanted?: readonly boolean[]): SubGraph {
  return recordFunction(
    (inputs) => batchGraph(graph, inputs, marked, size, wanted),
    graph.inputs.map((x, i) => (marked[i] ? stacked(size, x) : avalOf(x))),
    { abstract: true, reverse: false },
  );
}
