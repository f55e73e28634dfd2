/** `checkGradient`: is this claimed gradient of this loss right? It draws the points, has each judged and puts the judgements together. */
import { type NestedArray, Tensor } from "@cotangent/core";
import { uniformFrom } from "../draw.ts";
import { checkArgumentError, lossOutputError } from "../errors.ts";
import { type AnyFunction, call, Misbehaviour, scalarOf, settledCall } from "./behaviour.ts";
import { judgeAt, type Subject } from "./point.ts";
import { fit, inputsOf, type Misfit, outside, perturbed, type Point, type Range, tensorsAt } from "./problem.ts";
import { reproductionOf } from "./reproduction.ts";
import { type At, firstDefined, large, verdictFrom } from "./verdicts.ts";
import { uncomputed, type Verdict, verdictOf } from "./verdict.ts";

/** What may stand for a gradient of `T`: its own form, with numbers or arrays of numbers in place of tensors. */
export type ClaimOf<T> = T extends Tensor
  ? Tensor | Float64Array | Float32Array | NestedArray<number>
  : T extends null | undefined
    ? T
    : { readonly [K in keyof T]: ClaimOf<T[K]> };

/** The gradient's form: that of one argument, or of a list of them. */
export type GradientOf<A extends readonly unknown[], W> = W extends readonly number[]
  ? { readonly [K in keyof W]: W[K] extends keyof A ? A[W[K]] : never }
  : W extends keyof A
    ? A[W]
    : A[0];

export interface CheckGradientOptions<A extends readonly unknown[], W extends number | readonly number[] = 0> {
  /** The arguments of the loss at which the claim is judged. */
  readonly at: Readonly<A>;
  /** The arguments the gradient is claimed for: an index or a list of them; 0 by default. */
  readonly wrt?: W;
  /** Where the differentiated arguments may lie: one domain for all, or a list with one an argument. */
  readonly domain?: Range | readonly Range[];
  /** Of the points and directions; 1 by default. The same seed gives the same verdict. */
  readonly seed?: number;
  /** How many points near `at` are judged besides; 3 by default. */
  readonly points?: number;
}

/**
 * Whether `claimed` is the gradient of `loss`.
 *
 * `loss` maps its arguments to a float scalar. `claimed` maps them to the gradient by the arguments `wrt`, in their form: in ops, which are
 * judged as a formula, or in plain numbers and arrays; a struct of numbers is judged at `at` alone. A loss that can be recorded is replayed in
 * dual double-double numbers; one that cannot, or is large, is judged by its values. There are no tolerances: what rounding may have done is
 * computed. Throws where the arguments are no arguments of a check; what is wrong with the claim or with the functions is a verdict.
 * @example
 * ```ts
 * const loss = (x: Tensor) => x.square().mean();
 * checkGradient(loss, (x: Tensor) => x.mul(2).div(x.size), { at: [tensor([1, -2, 0.5])] }).verdict; // => AGREES
 * checkGradient(loss, (x: Tensor) => x.mul(2), { at: [tensor([1, -2, 0.5])] }).verdict; // => REFUTED
 * ```
 */
export function checkGradient<A extends readonly unknown[], const W extends number | readonly number[] = 0>(
  loss: (...args: A) => Tensor | number,
  claimed: ((...args: A) => ClaimOf<GradientOf<A, W>>) | ClaimOf<GradientOf<A, W>>,
  options: CheckGradientOptions<A, W>,
): Verdict {
  if (typeof loss !== "function")
    throw checkArgumentError("checkGradient", "the loss is not a function", loss, "give a function of tensors");
  if (typeof options !== "object" || options === null)
    throw checkArgumentError("checkGradient", "there are no options", options, "give { at: [x] }");
  const { at, wrt = 0, domain, seed = 1, points = 3 } = options;
  if (!Number.isInteger(seed)) throw checkArgumentError("checkGradient", "the seed is not an integer", seed, "give an integer");
  if (!Number.isInteger(points) || points < 0) {
    throw checkArgumentError("checkGradient", "points is not a count", points, "give how many points to judge besides at");
  }
  const inputs = inputsOf("checkGradient", at, wrt, domain);
  const isFunction = typeof claimed === "function";
  const subject: Subject = {
    loss: loss as AnyFunction,
    claimed: isFunction ? (args) => call(claimed as AnyFunction, args) : () => claimed,
    inputs,
  };
  const task: Task = { subject, claim: claimed, seed, points: isFunction ? points : 0 };
  const stray = outside(inputs.leaves, inputs.base);
  if (stray !== undefined)
    return verdictOf({ verdict: "DOMAIN", op: undefined, point: "the given point", what: stray, ...uncomputed(seed) });
  try {
    return firstCalls(task) ?? judged(task);
  } catch (thrown) {
    if (!(thrown instanceof Misbehaviour)) throw thrown;
    return verdictOf({ verdict: "UNDECIDED", why: thrown.message, digits: 0, ...uncomputed(seed) });
  }
}

interface Task {
  readonly subject: Subject;
  readonly claim: unknown;
  readonly seed: number;
  readonly points: number;
}

/** Calls both functions at the given point: their outputs must have the right form and come again. */
function firstCalls({ subject, seed }: Task): Verdict | undefined {
  const { inputs, loss, claimed } = subject;
  const args = (): unknown[] => inputs.narrow(tensorsAt(inputs.leaves, inputs.base, false));
  let output: unknown = 0;
  settledCall(
    "the loss",
    (own) => {
      output = call(loss, own);
      return scalarOf(output);
    },
    args,
    (value) => [[value]],
  );
  if (typeof output !== "number" && !(output instanceof Tensor && output.rank === 0 && output.dtype.startsWith("float"))) {
    throw lossOutputError("checkGradient", output);
  }
  let misfit: Misfit | undefined;
  settledCall(
    "the claim",
    (own) => {
      const found = fit(claimed(own), inputs, true);
      if ("values" in found) return found.values;
      misfit = found;
      return [];
    },
    args,
    (values) => values,
  );
  return misfit === undefined ? undefined : verdictOf({ verdict: "SHAPE", ...misfit, ...uncomputed(seed) });
}

/** The given point and points near it, as far away as the loss is finite. */
function judged(task: Task): Verdict {
  const { subject, seed } = task;
  const { inputs } = subject;
  const uniform = uniformFrom(seed);
  const judge = (point: Point): At => ({ point, ...judgeAt(subject, point, uniform) });
  const first = judge(inputs.base);
  const at = [first];
  const count = first.judgement.kind === "domain" ? 0 : inputs.size > large ? 0 : task.points;
  for (let i = 0; i < count; i++) {
    const found = firstDefined((amount) => judge(perturbed(inputs.leaves, inputs.base, amount, uniform)));
    if (found !== undefined) at.push(found);
  }
  firstCalls(task);
  return verdictFrom(at, {
    leaves: inputs.leaves,
    size: inputs.size,
    named: inputs.named,
    seed,
    reproduction: (point) => reproductionOf(subject, task.claim, point, seed),
  });
}
