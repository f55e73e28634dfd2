/** Gradient descent, with momentum if wanted. */
import { add, mul, sub } from "@cotangent/core/functions";
import { nesterovError } from "./errors.ts";
import { defineOptimizer, type Optimizer } from "./optimizer.ts";
import { checkBoolean, checkFraction, checkNonNegative, withDefaults } from "./options.ts";
import type { Schedule } from "./schedules.ts";

export interface SgdOptions {
  /** How much of the velocity survives an update: at least 0 (the default: no velocity is kept) and below 1. */
  readonly momentum?: number;
  /** Looks one step ahead along the velocity (Nesterov); needs momentum. */
  readonly nesterov?: boolean;
  /** Adds `weightDecay · parameter` to the gradient: an L2 penalty of `weightDecay / 2`. */
  readonly weightDecay?: number;
}

/**
 * Gradient descent: `v ← momentum · v + g`, `p ← p − learningRate · v` (Sutskever et al. 2013), with `g + momentum · v` for `v` under `nesterov`.
 *
 * `learningRate` is a number or a schedule. With momentum the state keeps `averages.velocity`. Throws where an option is out of range, and,
 * in `update`, where gradient or state do not look like the parameters.
 * @example
 * ```ts
 * const optimizer = sgd(0.1, { momentum: 0.9 });
 * const loss = (model: { w: Tensor }) => model.w.square().sum();
 * let model = { w: tensor([1, -2]) };
 * let state = optimizer.init(model);
 * for (let i = 0; i < 2; i++) [model, state] = optimizer.update(grad(loss)(model), state, model);
 * model.w; // => tensor([ 0.46, -0.92], float64)
 * ```
 */
export function sgd(learningRate: number | Schedule, options: SgdOptions = {}): Optimizer {
  const { momentum, nesterov, weightDecay } = withDefaults("sgd", options, { momentum: 0, nesterov: false, weightDecay: 0 });
  checkFraction("sgd", "momentum", momentum);
  checkBoolean("sgd", "nesterov", nesterov);
  checkNonNegative("sgd", "weightDecay", weightDecay);
  if (nesterov && momentum === 0) throw nesterovError("sgd");
  return defineOptimizer({
    name: "sgd",
    learningRate,
    averages: momentum === 0 ? [] : ["velocity"],
    rule:
      () =>
      ({ parameter, gradient, averages, rate }) => {
        const force = weightDecay === 0 ? gradient : add(gradient, mul(weightDecay, parameter));
        if (averages[0] === undefined) return { parameter: sub(parameter, mul(rate, force)), averages: [] };
        const velocity = add(mul(momentum, averages[0]), force);
        const direction = nesterov ? add(force, mul(momentum, velocity)) : velocity;
        return { parameter: sub(parameter, mul(rate, direction)), averages: [velocity] };
      },
  });
}
