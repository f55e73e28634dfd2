/** Learning rates that change with the number of updates done, written in ops so that they compile with the step they are for. */
import { add, cast, cos, exp, less, maximum, minimum, mul, sub, type Tensor, tensor, where } from "@cotangent/core/functions";
import { optionError, rateError } from "./errors.ts";
import { checkCount, checkFraction, checkNonNegative, checkPositive } from "./options.ts";

/** The learning rate after a number of updates: `step` is an int32 scalar, 0 at the first update. */
export type Schedule = (step: Tensor) => Tensor | number;

/** The learning rate of one update as a float64 scalar. */
export function rateAt(op: string, rate: number | Schedule, step: Tensor): Tensor {
  const value: unknown = typeof rate === "function" ? rate(step) : rate;
  if (typeof value === "number") return tensor(value);
  const { shape } = (value ?? {}) as { readonly shape?: readonly number[] };
  if (!Array.isArray(shape) || shape.length !== 0) throw rateError(op, value);
  return cast(value as Tensor, "float64");
}

export function checkRate(op: string, rate: unknown): void {
  if (typeof rate === "function") return;
  if (typeof rate !== "number" || !Number.isFinite(rate) || rate < 0)
    throw optionError(op, "learningRate", rate, "a finite number that is not negative, or a schedule");
}

/**
 * The same learning rate at every update.
 * @example
 * ```ts
 * constant(0.1)(tensor(7, "int32")); // => 0.1
 * ```
 */
export function constant(rate: number): Schedule {
  checkNonNegative("constant", "rate", rate);
  return () => rate;
}

/**
 * `initial · factor^(step / steps)`: the rate is multiplied by `factor`, above 0, every `steps` updates, smoothly in between.
 * @example
 * ```ts
 * exponentialDecay(0.1, 0.5, 10)(tensor(20, "int32")); // => tensor(0.025, float64)
 * ```
 */
export function exponentialDecay(initial: number, factor: number, steps: number): Schedule {
  checkNonNegative("exponentialDecay", "initial", initial);
  checkPositive("exponentialDecay", "factor", factor);
  checkCount("exponentialDecay", "steps", steps, 1);
  return (step) => mul(exp(mul(cast(step, "float64"), Math.log(factor) / steps)), initial);
}

/**
 * Half a cosine from `initial` down to `last · initial` (0 by default) over `steps` updates, and constant from there on
 * (Loshchilov and Hutter 2017, without restarts).
 * @example
 * ```ts
 * cosineDecay(0.1, 100)(tensor(50, "int32")); // => tensor(0.05, float64)
 * ```
 */
export function cosineDecay(initial: number, steps: number, last = 0): Schedule {
  checkNonNegative("cosineDecay", "initial", initial);
  checkCount("cosineDecay", "steps", steps, 1);
  if (last !== 1) checkFraction("cosineDecay", "last", last);
  return (step) => {
    const done = mul(cast(minimum(step, steps), "float64"), Math.PI / steps);
    return mul(add(mul(add(cos(done), 1), 0.5 * (1 - last)), last), initial);
  };
}

/**
 * From 0 in equal steps to the first rate of another schedule (or a number) over `steps` updates, and then that schedule from its start.
 * @example
 * ```ts
 * const schedule = warmup(10, 0.5);
 * schedule(tensor(5, "int32")); // => tensor(0.25, float64)
 * schedule(tensor(50, "int32")); // => tensor(0.5, float64)
 * ```
 */
export function warmup(steps: number, then: number | Schedule): Schedule {
  checkCount("warmup", "steps", steps, 1);
  checkRate("warmup", then);
  return (step) => {
    const rate = rateAt("warmup", then, maximum(sub(step, steps), 0));
    return where(less(step, steps), mul(mul(cast(step, "float64"), 1 / steps), rate), rate);
  };
}
