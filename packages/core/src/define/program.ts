/** The builder of ops described by a loop program of their own, with explicit derivative and batching rules. It knows no row by name. */
import type { Notation } from "../notation.ts";
import type { Movement } from "./movement.ts";
import { type Aval, evaluateLowered, type Lowered, type Op } from "../op.ts";
import type { Storage, Tensor } from "../tensor.ts";

export interface ProgramSpec<P> {
  readonly name: string;
  readonly notation: Notation;
  readonly infer: (inputs: readonly Aval[], params: P) => readonly Aval[];
  readonly lower: (inputs: readonly Aval[], params: P) => Lowered;
  /** A faster way to the same values, over typed arrays. */
  readonly evaluate?: (inputs: readonly Tensor[], params: P, outputs: readonly Aval[]) => readonly Storage[];
  /** Cotangents of the inputs; absent where nothing flows. */
  readonly pullback?: (
    g: readonly (Tensor | null)[],
    inputs: readonly Tensor[],
    outputs: readonly Tensor[],
    params: P,
  ) => readonly (Tensor | null)[];
  readonly pushforward?: (
    t: readonly (Tensor | null)[],
    inputs: readonly Tensor[],
    outputs: readonly Tensor[],
    params: P,
  ) => readonly (Tensor | null)[];
  /** The inputs marked as batched have the batch axis in front. */
  readonly lift: (inputs: readonly Tensor[], batched: readonly boolean[], params: P, size: number) => readonly Tensor[];
  readonly show?: (params: P) => string;
  /** Each output as a movement of the inputs, where the op moves entries and does nothing else: compilers then need no program. */
  readonly moves?: (inputs: readonly Aval[], params: P) => readonly Movement[];
}

/** A program op that may say what it moves. */
export interface ProgramOp<P = unknown> extends Op<P> {
  readonly kind: "program";
  readonly moves?: (inputs: readonly Aval[], params: P) => readonly Movement[];
}

export function programOp<P>(spec: ProgramSpec<P>): ProgramOp<P> {
  const { pullback, pushforward } = spec;
  return {
    name: spec.name,
    kind: "program",
    notation: spec.notation,
    broadcasts: false,
    infer: spec.infer,
    evaluate: spec.evaluate ?? ((inputs, params, outputs) => evaluateLowered(spec.lower(inputs, params), inputs, outputs)),
    lower: spec.lower,
    pullback: (node, cotangents) =>
      pullback === undefined || cotangents.every((g) => g === null)
        ? node.inputs.map(() => null)
        : pullback(cotangents, node.inputs, node.outputs, node.params as P),
    pushforward: (node, tangents) =>
      pushforward === undefined || tangents.every((t) => t === null)
        ? node.outputs.map(() => null)
        : pushforward(tangents, node.inputs, node.outputs, node.params as P),
    lift: spec.lift,
    ...(spec.show === undefined ? {} : { show: spec.show }),
    ...(spec.moves === undefined ? {} : { moves: spec.moves }),
  };
}
