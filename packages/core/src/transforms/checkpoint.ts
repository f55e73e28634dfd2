/** Trading time for memory: a function whose intermediate values are computed again when its derivative needs them. */
import { apply, type Op, type SubGraph } from "../op.ts";
import { anyOpen } from "../recording.ts";
import { flattenTensors, unflatten } from "../struct.ts";
import { checkTransform } from "./arguments.ts";
import {
  backwardGraph,
  batchedGraph,
  both,
  callOp,
  chosen,
  floats,
  given,
  placed,
  reachedFrom,
  reaches,
  tangentGraph,
  trace,
} from "./call.ts";

interface CheckpointParams {
  readonly graph: SubGraph;
}

const checkpointOp: Op<CheckpointParams> = /* @__PURE__ */ callOp<CheckpointParams>({
  name: "checkpoint",
  infer: (_inputs, { graph }) => graph.outputs,
  call: (machine, inputs, { graph }) => machine.run(graph, inputs),
  pullback(node, cotangents, wanted) {
    const { graph } = node.params as CheckpointParams;
    const marked = both(given(cotangents), floats(graph.outputs));
    const needed = both(wanted, reachedFrom(graph, marked));
    const inner = backwardGraph(graph, marked, needed);
    return placed(apply(checkpointOp, [...node.inputs, ...(chosen(cotangents, marked) as typeof node.inputs)], { graph: inner }), needed);
  },
  pushforward(node, tangents) {
    const { graph } = node.params as CheckpointParams;
    const marked = given(tangents);
    const moved = reaches(graph, marked, true);
    const inner = tangentGraph(graph, marked, moved, false);
    return placed(apply(checkpointOp, [...node.inputs, ...(chosen(tangents, marked) as typeof node.inputs)], { graph: inner }), moved);
  },
  lift: (inputs, batched, { graph }, size) => apply(checkpointOp, inputs, { graph: batchedGraph(graph, batched, size) }),
  graphs: ({ graph }) => ({ body: graph }),
});

/**
 * The same function, keeping only its arguments and results for a derivative: what lies between is computed again in the backward pass.
 *
 * The function maps structs of tensors (other arguments are handed on) to a struct of tensors. Inside a transform it is traced on shapes once and its graph is run again, never
 * the function; so it must not read values.
 * @example
 * ```ts
 * const layer = checkpoint((x: Tensor) => x.sin().exp());
 * grad((x: Tensor) => layer(x).sum())(tensor([0])); // => tensor([1], float64)
 * ```
 */
export function checkpoint<A extends readonly unknown[], R>(f: (...args: A) => R): (...args: A) => R {
  checkTransform("checkpoint", f, {});
  return (...args) => {
    if (!anyOpen()) return f(...args);
    const flat = flattenTensors(args);
    const { graph, hidden, definition } = trace("checkpoint", (list: never) => f(...(list as A)), [flat], flat.leaves);
    return unflatten<R>(definition, apply(checkpointOp, [...flat.leaves, ...hidden], { graph }));
  };
}
