/** The builder of ops that are functions of other ops: one node to a reader, an expansion to every pass that has no better rule. */
import type { Notation } from "../notation.ts";
import type { Op } from "../op.ts";
import type { Tensor } from "../tensor.ts";

export interface CompositeSpec<P> {
  readonly name: string;
  readonly notation: Notation;
  readonly expand: (inputs: readonly Tensor[], params: P) => Tensor;
  /** A better rule than the expansion's; it may leave out what is not wanted. */
  readonly pullback?: (
    g: Tensor,
    inputs: readonly Tensor[],
    out: Tensor,
    params: P,
    wanted: readonly boolean[],
  ) => readonly (Tensor | null)[];
  readonly pushforward?: (t: readonly (Tensor | null)[], inputs: readonly Tensor[], out: Tensor, params: P) => Tensor | null;
  readonly lift?: (inputs: readonly Tensor[], batched: readonly boolean[], params: P, size: number) => Tensor;
  readonly show?: (params: P) => string;
}

export function composite<P>(spec: CompositeSpec<P>): Op<P> {
  const { pullback, pushforward, lift } = spec;
  return {
    name: spec.name,
    kind: "composite",
    notation: spec.notation,
    broadcasts: false,
    expand: (inputs, params) => [spec.expand(inputs, params)],
    ...(pullback === undefined
      ? {}
      : {
          pullback: (node, [g], wanted) =>
            g === null ? node.inputs.map(() => null) : pullback(g!, node.inputs, node.outputs[0]!, node.params as P, wanted),
        }),
    ...(pushforward === undefined
      ? {}
      : {
          pushforward: (node, t) => [
            t.every((one) => one === null) ? null : pushforward(t, node.inputs, node.outputs[0]!, node.params as P),
          ],
        }),
    ...(lift === undefined ? {} : { lift: (inputs, batched, params, size) => [lift(inputs, batched, params, size)] }),
    ...(spec.show === undefined ? {} : { show: spec.show }),
  };
}
