/** Adam and AdamW: gradient descent scaled entry by entry by running averages of the gradient and its square. */
import { add, cast, div, expm1, mul, neg, sqrt, square, sub, type Tensor } from "@cotangent/core/functions";
import { defineOptimizer, type Optimizer } from "./optimizer.ts";
import { checkBoolean, checkFraction, checkNonNegative, withDefaults } from "./options.ts";
import type { Schedule } from "./schedules.ts";

export interface AdamOptions {
  /** How much of the average gradient survives an update; 0.9 by default. */
  readonly beta1?: number;
  /** How much of the average squared gradient survives an update; 0.999 by default. */
  readonly beta2?: number;
  /** Added to the root of the average square; 1e-8 by default. */
  readonly epsilon?: number;
  /** Divides the averages by 1 − beta^count, since they start at zero; true by default. */
  readonly biasCorrection?: boolean;
}

export interface AdamWOptions extends AdamOptions {
  /** The share of the parameter, times the learning rate, that every update takes away; 0.01 by default. */
  readonly weightDecay?: number;
}

const defaults: Required<AdamOptions> = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, biasCorrection: true };

/**
 * Adam (Kingma and Ba 2015): `p ← p − learningRate · m̂ / (√v̂ + epsilon)`, with running averages m of the gradient and v of its square.
 *
 * `learningRate` is a number or a schedule. The state keeps `averages.mean` and `averages.square`. Throws where an option is out of range,
 * and, in `update`, where gradient or state do not look like the parameters.
 * @example
 * ```ts
 * const optimizer = adam(0.1);
 * const start = tensor([1, -2]);
 * const [next, state] = optimizer.update(tensor([3, -0.02]), optimizer.init(start), start);
 * next; // => tensor([ 0.9, -1.9], float64)
 * state.step; // => tensor(1, int32)
 * ```
 */
export function adam(learningRate: number | Schedule, options: AdamOptions = {}): Optimizer {
  return build("adam", learningRate, { ...withDefaults("adam", options, defaults), weightDecay: 0 });
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019): every update first takes `learningRate · weightDecay · p` from the parameter.
 *
 * Everything else is as in `adam`.
 * @example
 * ```ts
 * const optimizer = adamW(0.1, { weightDecay: 0.5 });
 * const start = tensor(2);
 * const [next] = optimizer.update(tensor(3), optimizer.init(start), start);
 * next; // => tensor(1.8, float64)
 * ```
 */
export function adamW(learningRate: number | Schedule, options: AdamWOptions = {}): Optimizer {
  return build("adamW", learningRate, withDefaults("adamW", options, { ...defaults, weightDecay: 0.01 }));
}

function build(name: string, learningRate: number | Schedule, options: Required<AdamWOptions>): Optimizer {
  const { beta1, beta2, epsilon, biasCorrection, weightDecay } = options;
  checkFraction(name, "beta1", beta1);
  checkFraction(name, "beta2", beta2);
  checkNonNegative(name, "epsilon", epsilon);
  checkBoolean(name, "biasCorrection", biasCorrection);
  checkNonNegative(name, "weightDecay", weightDecay);
  return defineOptimizer({
    name,
    learningRate,
    averages: ["mean", "square"],
    rule: (count) => {
      const corrected = biasCorrection ? correction(count, [beta1, beta2]) : (average: Tensor): Tensor => average;
      return ({ parameter, gradient, averages, rate }) => {
        const mean = add(mul(beta1, averages[0]!), mul(1 - beta1, gradient));
        const meanSquare = add(mul(beta2, averages[1]!), mul(1 - beta2, square(gradient)));
        const direction = div(corrected(mean, 0), add(sqrt(corrected(meanSquare, 1)), epsilon));
        const decayed = weightDecay === 0 ? parameter : sub(parameter, mul(mul(weightDecay, rate), parameter));
        return { parameter: sub(decayed, mul(rate, direction)), averages: [mean, meanSquare] };
      };
    },
  });
}

/** Division by 1 − beta^count, which is −expm1(count · ln beta) without cancellation. */
function correction(count: Tensor, betas: readonly number[]): (average: Tensor, which: number) => Tensor {
  const factors = betas.map((beta) => neg(expm1(mul(Math.log(beta), count))));
  return (average, which) => div(average, cast(factors[which]!, average.dtype));
}
