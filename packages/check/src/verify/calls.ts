/** Opens what a recording calls as a whole, such as compiled functions, into the steps that it consists of. It knows graphs; it knows no op. */
import type { Tensor } from "@cotangent/core";
import { apply, type Graph, type Machine, type Node, recordFunction, type SubGraph, walk } from "@cotangent/core/engine";

/** A graph called once with some inputs. */
interface Call {
  readonly graph: SubGraph;
  readonly inputs: readonly Tensor[];
}

const never = (): never => {
  throw new RangeError("there is more to it than a call");
};

/** The one call that a node consists of; undefined for loops, branches and everything that calls nothing. */
function callIn({ op, params }: Node, inputs: readonly Tensor[]): Call | undefined {
  if (op.call === undefined) return undefined;
  const calls: Call[] = [];
  const run: Machine<Tensor>["run"] = (graph, given) => {
    if (calls.length > 0) never();
    calls.push({ graph, inputs: given });
    return graph.outputs;
  };
  try {
    const outputs = op.call({ run, decide: never, at: never, stack: never }, inputs, params);
    return outputs === calls[0]?.graph.outputs ? calls[0] : undefined;
  } catch {
    return undefined;
  }
}

function runOpened(graph: SubGraph, inputs: readonly Tensor[]): readonly Tensor[] {
  return walk<Tensor>(graph, inputs, {
    constant: (x) => x,
    step: (node, given) => {
      const found = callIn(node, given);
      return found === undefined ? apply(node.op, given, node.params) : runOpened(found.graph, found.inputs);
    },
  });
}

/** The same recording with what it calls opened, at the inputs that it was made at. */
export function opened(graph: Graph, inputs: readonly Tensor[]): Graph {
  if (!graph.nodes.some((node) => callIn(node, node.inputs) !== undefined)) return graph;
  const { inputs: own, nodes, outputs, recording } = recordFunction((xs) => runOpened(graph, xs), inputs);
  return { inputs: own, nodes, outputs, recording, reads: graph.reads };
}
