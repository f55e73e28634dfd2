// Descends along gradients until they vanish, showing progress and keeping the losses on the way. Knows no model.
import { type Tensor, valueAndGrad } from "@cotangent/core";
import type { Optimizer } from "@cotangent/optim";
import type { Line } from "./chart.ts";
import { progress, short } from "./terminal.ts";

export interface DescentOptions {
  readonly optimizer: Optimizer;
  /** Done when no entry of the gradient is larger. */
  readonly tolerance: number;
  /** The loss on rows that are held out, for the curve. */
  readonly heldOut: (x: Tensor) => Tensor;
}

export interface Descent {
  readonly x: Tensor;
  readonly steps: number;
  readonly curves: readonly Line[];
}

export function descend(loss: (x: Tensor) => Tensor, start: Tensor, { optimizer, tolerance, heldOut }: DescentOptions): Descent {
  const evaluate = valueAndGrad(loss);
  const [training, heldOutLosses]: [number, number][][] = [[], []];
  const shown = progress();
  let x = start;
  let state = optimizer.init(x);
  let first: number | undefined;
  for (let step = 0; ; step++) {
    const [value, gradient] = evaluate(x);
    const largest = Math.max(...gradient.values.map(Math.abs));
    first ??= largest;
    training.push([step, value.item()]);
    heldOutLosses.push([step, heldOut(x).item()]);
    const words = `step ${step}: loss ${value.item().toFixed(6)}, largest gradient entry ${short(largest)}`;
    if (!(largest > tolerance)) {
      shown.finish(words);
      return {
        x,
        steps: step,
        curves: [
          { name: "training", points: training },
          { name: "held out", points: heldOutLosses },
        ],
      };
    }
    shown.report(Math.log(first / largest) / Math.log(first / tolerance), words);
    [x, state] = optimizer.update(gradient, state, x);
  }
}
