/** W4: a mean of elementwise functions over many entries, bound by transcendentals. */
import { exp, mean, neg, sin, square, tanh, type Tensor, valueAndGrad } from "@cotangent/core";
import { normal, type Workload } from "../workload.ts";

/** mean(sin x · exp(−x²) + tanh x). */
const wave = (x: Tensor): Tensor =>
  mean(
    sin(x)
      .mul(exp(neg(square(x))))
      .add(tanh(x)),
  );

function plainWave(x: Float64Array): [number, Float64Array] {
  const n = x.length;
  const gradient = new Float64Array(n);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const at = x[i]!;
    const [s, e, t] = [Math.sin(at), Math.exp(-at * at), Math.tanh(at)];
    sum += s * e + t;
    gradient[i] = ((Math.cos(at) - 2 * at * s) * e + 1 - t * t) / n;
  }
  return [sum / n, gradient];
}

export function elementwise(name: string, size: number): Workload {
  return {
    name,
    problem: "elementwise",
    title: `mean(sin x · exp(−x²) + tanh x) over ${size.toExponential(0).replace("e+", "·10^")}: value and gradient`,
    parameters: [0],
    inputs: () => [normal(1, [size])],
    cotangent: valueAndGrad(wave),
    beside: { value: wave },
    plain: plainWave,
  };
}
