/** A compiled graph as an op, so that a jitted function inside another transform stays compiled. It knows graphs and executables. */
import type { Tensor } from "@cotangent/core/functions";
import {
  apply,
  backwardGraph,
  batchedGraph,
  callOp,
  isFloat,
  type Op,
  reachedFrom,
  reaches,
  type SubGraph,
  tangentGraph,
} from "@cotangent/core/engine";
import type { Executable } from "./executable.ts";
import { hostTarget } from "./target.ts";

export interface JitParams {
  readonly graph: SubGraph;
  /** Compiles a graph the way this one is. */
  readonly compile: (graph: SubGraph) => Executable;
}

const executables = new WeakMap<SubGraph, Executable>();

/** The compiled form of a graph, made when it is first run. */
export function executableOf({ graph, compile }: JitParams): Executable {
  let found = executables.get(graph);
  if (found === undefined) executables.set(graph, (found = compile(graph)));
  return found;
}

const isGiven = (x: Tensor | null): boolean => x !== null;

function placed(items: readonly Tensor[], flags: readonly boolean[]): (Tensor | null)[] {
  let next = 0;
  return flags.map((flag) => (flag ? items[next++]! : null));
}

const opByOp: Op<JitParams> = callOp<JitParams>({
  name: "jit",
  infer: (_inputs, { graph }) => graph.outputs,
  call: (machine, inputs, { graph }) => machine.run(graph, inputs),
  pullback(node, cotangents, wanted) {
    const { graph, compile } = node.params as JitParams;
    const marked = cotangents.map((g, i) => g !== null && isFloat(graph.outputs[i]!.dtype));
    const reached = reachedFrom(graph, marked);
    const needed = wanted.map((flag, i) => flag && reached[i]!);
    const inner = backwardGraph(graph, marked, needed);
    const given = cotangents.filter((_, i) => marked[i]) as Tensor[];
    return placed(apply(jitOp, [...node.inputs, ...given], { graph: inner, compile }), needed);
  },
  pushforward(node, tangents) {
    const { graph, compile } = node.params as JitParams;
    const marked = tangents.map((t, i) => isGiven(t) && isFloat(graph.inputs[i]!.dtype));
    const moved = reaches(graph, marked, true);
    const inner = tangentGraph(graph, marked, moved, false);
    const given = tangents.filter((_, i) => marked[i]) as Tensor[];
    return placed(apply(jitOp, [...node.inputs, ...given], { graph: inner, compile }), moved);
  },
  lift: (inputs, batched, { graph, compile }, size) => apply(jitOp, inputs, { graph: batchedGraph(graph, batched, size), compile }),
  graphs: ({ graph }) => ({ body: graph }),
});

/** Runs its graph as one program where the engine can. */
export const jitOp: Op<JitParams> = {
  ...opByOp,
  evaluate: (inputs, params, outputs) =>
    hostTarget().refusal === undefined ? executableOf(params).run(inputs) : opByOp.evaluate!(inputs, params, outputs),
};
