/** W5: a long chain of steps on one number, where all is overhead. */
import { sin, type Tensor, valueAndGrad } from "@cotangent/core";
import { entries, type Workload } from "../workload.ts";

/** `steps` times x ← 0.99 sin x + 0.1. */
const iterated =
  (steps: number) =>
  (start: Tensor): Tensor => {
    let x = start;
    for (let i = 0; i < steps; i++) x = sin(x).mul(0.99).add(0.1);
    return x;
  };

function plainIterated(steps: number, [start]: Float64Array): [number, number] {
  let [x, slope] = [start!, 1];
  for (let i = 0; i < steps; i++) {
    slope *= 0.99 * Math.cos(x);
    x = 0.99 * Math.sin(x) + 0.1;
  }
  return [x, slope];
}

export function chain(name: string, steps: number): Workload {
  return {
    name,
    problem: "chain",
    settings: { steps },
    title: `${steps} steps x ← 0.99 sin x + 0.1 on a scalar: value and gradient`,
    parameters: [0],
    inputs: () => [entries([], [0.5])],
    cotangent: valueAndGrad(iterated(steps)),
    beside: { value: iterated(steps) },
    plain: (start: Float64Array) => plainIterated(steps, start),
  };
}
