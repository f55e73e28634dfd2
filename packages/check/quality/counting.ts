/**
 * How often a check runs what it checks. It counts, each as one: calls of the loss and of the claim, and replays of the recorded loss, of its
 * recorded gradient and of the recorded claim in another number system.
 */
import type { ListedGradient } from "@cotangent/check";
import { Tensor } from "@cotangent/core";
import { apply, identity, type Op } from "@cotangent/core/engine";
import { type Claim, indicesOf } from "./claims.ts";

/** Passes its input on; `seen` runs when a replay comes by. */
function passing(seen: () => void, pullback: (g: Tensor) => Tensor): Op<undefined> {
  return {
    name: "counted",
    kind: "call",
    notation: identity.notation,
    broadcasts: false,
    infer: (inputs) => inputs,
    evaluate: (inputs) => inputs.map((x) => x.storage),
    call: (_machine, inputs) => {
      seen();
      return inputs;
    },
    pullback: (_node, [g]) => [g == null ? null : pullback(g)],
    pushforward: (_node, [t]) => [t ?? null],
  };
}

/** A loss and a claim that report every run. */
export function counted(gradient: ListedGradient, claim: Claim, run: () => void): { readonly loss: Claim; readonly claim: Claim } {
  const one = (op: Op<undefined>, x: Tensor): Tensor => apply(op, [x], undefined)[0]!;
  const output = passing(run, (g) => g);
  const input = passing(
    () => {},
    (g) => one(output, g),
  );
  const first = indicesOf(gradient)[0]!;
  return {
    loss: (...args) => {
      run();
      const own = args.map((arg, i) => (i === first ? one(input, arg as Tensor) : arg));
      const value: unknown = gradient.loss(...(own as never[]));
      return value instanceof Tensor ? one(output, value) : value;
    },
    claim: (...args) => {
      run();
      const given = claim(...args);
      if (given instanceof Tensor) return one(output, given);
      return Array.isArray(given) ? given.map((part, i) => (i === 0 && part instanceof Tensor ? one(output, part) : part)) : given;
    },
  };
}
