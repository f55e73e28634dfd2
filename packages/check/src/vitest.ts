/** A matcher for vitest: importing this file gives `expect(loss).toHaveGradient(claimed, options)`. It knows verdicts; it judges nothing. */
import { expect } from "vitest";
import { checkGradient } from "./verify/gradient.ts";
import type { CheckOptions } from "./verify/options.ts";

/** The arguments of the matcher after the loss, as `checkGradient` takes them. */
export type HasGradient<R> = (claimed: unknown, options: CheckOptions) => R;

declare module "vitest" {
  // biome-ignore lint/suspicious/noExplicitAny: vitest declares its interface so
  interface Matchers<T = any> {
    /** Passes where `checkGradient` says AGREES; the message is its report. */
    toHaveGradient: HasGradient<T>;
  }
}

expect.extend({
  toHaveGradient(loss: (...args: readonly unknown[]) => never, claimed: unknown, options: CheckOptions) {
    const verdict = checkGradient(loss, claimed as never, options);
    return { pass: verdict.verdict === "AGREES", message: () => String(verdict) };
  },
});
