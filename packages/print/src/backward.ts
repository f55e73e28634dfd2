/** A graph and its backward pass as one graph, and which nodes belong to the latter. It knows nothing of pictures. */
import { label, type Tensor } from "@cotangent/core";
import {
  apply,
  type Graph,
  isFloat,
  labelOf,
  type Node,
  pullback,
  recordFunction,
  type SubGraph,
  tensorOf,
  walk,
} from "@cotangent/core/engine";

export interface BothPasses {
  readonly graph: Graph;
  readonly isBackward: (node: Node) => boolean;
}

/**
 * Runs a graph again and sweeps back over it in one recording. A single scalar output has the cotangent 1; other outputs have inputs for
 * theirs, called ḡ. The outputs are those of the graph and the cotangents of the wanted inputs, called ∂x or ∂J/∂x.
 */
export function bothPasses(graph: SubGraph, wanted: readonly number[]): BothPasses {
  const { inputs, outputs } = graph;
  const isScalar = outputs.length === 1 && outputs[0]!.rank === 0;
  const seeded = isScalar ? [] : outputs.filter(({ dtype }) => isFloat(dtype));
  const seeds = seeded.map(({ shape, dtype }) => ({ shape, dtype }));
  let firstBackward = Number.POSITIVE_INFINITY;
  const both = recordFunction(
    (fresh, recording) => {
      const own = fresh.slice(0, inputs.length);
      own.forEach((x, i) => relabel(x, labelOf(inputs[i]!)));
      fresh.slice(inputs.length).forEach((x, i) => relabel(x, seeds.length === 1 ? "ḡ" : `ḡ_${i + 1}`));
      const made = walk(graph, own, {
        constant: (x) => x,
        step: (node, given) => apply(node.op, given, node.params).map((out, i) => relabel(out, labelOf(node.outputs[i]!))),
      });
      let next = inputs.length;
      const cotangents = made.map(({ dtype }) => (isFloat(dtype) ? (fresh[next++] ?? tensorOf([], dtype, 1)) : null));
      const last = made.reduce((most, x) => Math.max(most, x.origin?.serial ?? 0), 0);
      firstBackward = last + 1;
      const given = pullback({ recording, inputs: fresh, outputs: made }, cotangents);
      const of = isScalar ? labelOf(outputs[0]!) : undefined;
      const gradients = wanted.flatMap((i) => {
        const gradient = given[i] ?? null;
        if (gradient === null) return [];
        return [(gradient.origin?.serial ?? 0) < firstBackward ? gradient : relabel(gradient, gradientName(of, labelOf(own[i]!)))];
      });
      return [...made, ...gradients];
    },
    [...inputs, ...seeds],
  );
  return { graph: both, isBackward: (node) => node.serial >= firstBackward };
}

const relabel = (x: Tensor, name: string | undefined): Tensor => (name === undefined ? x : label(x, name));

const gradientName = (of: string | undefined, by: string | undefined): string | undefined =>
  by === undefined ? undefined : of === undefined ? `∂${by}` : `∂${of}/∂${by}`;
