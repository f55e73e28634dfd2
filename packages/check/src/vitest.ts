/** Matchers for vitest: importing this file gives `expect(f).toHaveGradient(claimed, options)` and its like. It knows verdicts; it judges nothing. */
import { expect } from "vitest";
import { checkGradient } from "./verify/gradient.ts";
import { checkHessian, checkJacobian } from "./verify/jacobian.ts";
import type { CheckOptions } from "./verify/options.ts";
import type { Verdict } from "./verify/verdict.ts";

/** The arguments of a matcher after the function, as the check takes them. */
export type HasDerivative<R> = (claimed: unknown, options: CheckOptions) => R;

declare module "vitest" {
  // biome-ignore lint/suspicious/noExplicitAny: vitest declares its interface so
  interface Matchers<T = any> {
    /** Passes where `checkGradient` says AGREES; the message is its report. */
    toHaveGradient: HasDerivative<T>;
    /** Passes where `checkJacobian` says AGREES; the message is its report. */
    toHaveJacobian: HasDerivative<T>;
    /** Passes where `checkHessian` says AGREES; the message is its report. */
    toHaveHessian: HasDerivative<T>;
  }
}

type Check = (f: (...args: readonly unknown[]) => never, claimed: never, options: CheckOptions) => Verdict;

const matcher =
  (check: Check) =>
  (f: (...args: readonly unknown[]) => never, claimed: unknown, options: CheckOptions): { pass: boolean; message: () => string } => {
    const verdict = check(f, claimed as never, options);
    return { pass: verdict.verdict === "AGREES", message: () => String(verdict) };
  };

expect.extend({
  toHaveGradient: matcher(checkGradient),
  toHaveJacobian: matcher(checkJacobian),
  toHaveHessian: matcher(checkHessian),
});
