/** W9: a function so small that only the cost of a call is left. */
import { type Tensor, valueAndGrad } from "@cotangent/core";
import { normal, type Workload } from "../workload.ts";

const sumOfSquares = (x: Tensor): Tensor => x.square().sum();

function plainSumOfSquares(x: Float64Array): [number, Float64Array] {
  const gradient = new Float64Array(x.length);
  let value = 0;
  for (let i = 0; i < x.length; i++) {
    value += x[i]! * x[i]!;
    gradient[i] = 2 * x[i]!;
  }
  return [value, gradient];
}

export function small(name: string, size: number): Workload {
  return {
    name,
    problem: "sumOfSquares",
    title: `Σx² of ${size} variables: value and gradient, a call's overhead`,
    parameters: [0],
    inputs: () => [normal(1, [size])],
    cotangent: valueAndGrad(sumOfSquares),
    beside: { value: sumOfSquares },
    plain: plainSumOfSquares,
  };
}
