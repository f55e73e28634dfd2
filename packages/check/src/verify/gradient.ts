/** `checkGradient`: is this claimed gradient of this loss right? */
import { type NestedArray, Tensor } from "@cotangent/core";
import { lossOutputError } from "../errors.ts";
import { type AnyFunction, type Before, call, scalarOf, settledCall } from "./behaviour.ts";
import { type Arguments, type ArgumentsAt, type Wrt, checkFunction, type CheckOptions, given, type PartOf } from "./options.ts";
import { judgeAt, type Subject } from "./point.ts";
import { elsewhere, fit, type Inputs, type Misfit, tensorsAt } from "./problem.ts";
import { programOf } from "./reproduction.ts";
import { verdictOn } from "./task.ts";
import type { Verdict } from "./verdict.ts";

/** What may stand for a gradient of `T`: its own form, with numbers or arrays of numbers in place of tensors. */
export type ClaimOf<T> = T extends Tensor
  ? Tensor | Float64Array | Float32Array | NestedArray<number>
  : T extends null | undefined
    ? T
    : { readonly [K in keyof T]: ClaimOf<T[K]> };

/**
 * Whether `claimed` is the gradient of `loss`.
 *
 * `loss` maps its arguments to a float scalar. `claimed` maps them to the gradient by the arguments `wrt`, in their form: in ops, which are
 * judged as a formula, or in plain numbers and arrays; a struct of numbers is judged at `at` alone. A loss that can be recorded is replayed in
 * dual double-double numbers; one that cannot, or is large, is judged by its values. There are no tolerances: what rounding may have done is
 * computed. With a struct of named inputs in place of the list `at`, both functions take that struct and `wrt` names the differentiated ones.
 * Throws where the arguments are no arguments of a check; what is wrong with the claim or with the functions is a verdict.
 * @example
 * ```ts
 * const loss = (x: Tensor) => x.square().mean();
 * checkGradient(loss, (x: Tensor) => x.mul(2).div(x.size), { at: [tensor([1, -2, 0.5])] }).verdict; // => AGREES
 * checkGradient(loss, (x: Tensor) => x.mul(2), { at: [tensor([1, -2, 0.5])] }).verdict; // => REFUTED
 * const at = { w: tensor([1, 2]), x: tensor([3, -1]) };
 * checkGradient(({ w, x }) => w.mul(x).sum(), ({ w }) => w, { at, wrt: "w" }).witnesses[0].input; // => w
 * ```
 */
export function checkGradient<const P extends Arguments, const W extends Wrt = 0>(
  loss: (...args: ArgumentsAt<P>) => Tensor | number,
  claimed: ((...args: ArgumentsAt<P>) => ClaimOf<PartOf<P, W>>) | ClaimOf<PartOf<P, W>>,
  options: CheckOptions<P, W>,
): Verdict {
  return gradientVerdict("checkGradient", loss as AnyFunction, claimed, options as CheckOptions);
}

/** The same on behalf of a check whose name its errors bear. */
export function gradientVerdict(check: string, loss: AnyFunction, claimed: unknown, options: CheckOptions): Verdict {
  checkFunction(check, "the loss", loss, "give a function of tensors");
  const asked = given(check, options);
  const { inputs } = asked;
  const isFunction = typeof claimed === "function";
  const subject: Subject = {
    loss: (...args) => asked.call(loss, args),
    claimed: isFunction ? (args) => asked.call(claimed as AnyFunction, args) : () => claimed,
    inputs,
  };
  return verdictOn({
    given: isFunction ? asked : { ...asked, points: 0 },
    subject: "the loss",
    pose: () => {
      settledLoss(check, subject);
      return (
        settledClaim(
          subject.claimed,
          inputs,
          true,
          () => givenArguments(inputs),
          calledBefore("the loss", inputs, (xs) => call(subject.loss, inputs.narrow(xs))),
        ) ?? {
          leaves: inputs.leaves,
          size: inputs.size,
          judge: (point, uniform) => judgeAt(subject, point, uniform),
        }
      );
    },
    program: (point) => programOf("checkGradient", asked, { loss, claimed }, point),
  });
}

const givenArguments = (inputs: Inputs): unknown[] => inputs.narrow(tensorsAt(inputs.leaves, inputs.base, false));

/** Calls a loss twice at the given point and returns its output. Throws where that is no float scalar. */
export function settledLoss(check: string, { inputs, loss }: Pick<Subject, "inputs" | "loss">): unknown {
  let output: unknown = 0;
  settledCall(
    "the loss",
    (own) => {
      output = loss(...(own as never[]));
      return scalarOf(output);
    },
    () => givenArguments(inputs),
    (value) => [[value]],
  );
  if (typeof output !== "number" && !(output instanceof Tensor && output.rank === 0 && output.dtype.startsWith("float")))
    throw lossOutputError(check, output);
  return output;
}

/** A function of the leaves that a claim must not depend on the last call of. */
export function calledBefore(name: string, { leaves, base }: Inputs, f: (xs: readonly Tensor[]) => unknown): Before {
  return { name, call: (isElsewhere) => f(tensorsAt(leaves, isElsewhere ? elsewhere(leaves, base) : base, false)) };
}

/** Calls a claim twice: where its form is not that of the inputs. */
export function settledClaim(
  claimed: Subject["claimed"],
  inputs: Inputs,
  checkDtype: boolean,
  args: () => readonly unknown[],
  before: Before,
): Misfit | undefined {
  let misfit: Misfit | undefined;
  settledCall(
    "the claim",
    (own) => {
      const found = fit(claimed(own), inputs, checkDtype);
      if ("values" in found) return found.values;
      misfit = found;
      return [];
    },
    args,
    (values) => values,
    before,
  );
  return misfit;
}
