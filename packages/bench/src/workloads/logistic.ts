/** W1: the cross-entropy of logistic regression, written from ops, and its gradient. W7: its Hessian times a vector. */
import { add, hvp, log, matmul, mean, mul, neg, sigmoid, sub, type Tensor, valueAndGrad } from "@cotangent/core";
import { type Data, entries, normal, type Workload } from "../workload.ts";

/** J(θ) = −mean(y log h + (1−y) log(1−h)) with h = σ(Xθ). */
function loss(theta: Tensor, X: Tensor, y: Tensor): Tensor {
  const h = sigmoid(matmul(X, theta));
  return neg(mean(add(mul(y, log(h)), mul(sub(1, y), log(sub(1, h))))));
}

/** Both in one pass over X. */
function plainGradient(theta: Float64Array, X: Float64Array, y: Float64Array): [number, Float64Array] {
  const [rows, columns] = [y.length, theta.length];
  const gradient = new Float64Array(columns);
  let value = 0;
  for (let i = 0; i < rows; i++) {
    const at = i * columns;
    let z = 0;
    for (let j = 0; j < columns; j++) z += X[at + j]! * theta[j]!;
    const h = 1 / (1 + Math.exp(-z));
    value -= y[i]! * Math.log(h) + (1 - y[i]!) * Math.log(1 - h);
    const residual = (h - y[i]!) / rows;
    for (let j = 0; j < columns; j++) gradient[j]! += residual * X[at + j]!;
  }
  return [value / rows, gradient];
}

/** (1/m) Xᵀ (h (1−h) ∘ X v). */
function plainProduct(theta: Float64Array, v: Float64Array, X: Float64Array, y: Float64Array): Float64Array {
  const [rows, columns] = [y.length, theta.length];
  const out = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    const at = i * columns;
    let [z, t] = [0, 0];
    for (let j = 0; j < columns; j++) {
      z += X[at + j]! * theta[j]!;
      t += X[at + j]! * v[j]!;
    }
    const h = 1 / (1 + Math.exp(-z));
    const weight = (h * (1 - h) * t) / rows;
    for (let j = 0; j < columns; j++) out[j]! += weight * X[at + j]!;
  }
  return out;
}

/** θ, X with a column of ones in front, and labels that a θ of normal numbers makes likely. */
function inputs(rows: number, columns: number): [theta: Data, X: Data, y: Data] {
  const X = normal(1, [rows, columns]);
  for (let i = 0; i < rows; i++) X.values[i * columns] = 1;
  const [truth, noise] = [normal(2, [columns]).values, normal(3, [rows]).values];
  const labels = noise.map((z, i) => {
    let score = 2 * z;
    for (let j = 0; j < columns; j++) score += X.values[i * columns + j]! * truth[j]!;
    return score > 0 ? 1 : 0;
  });
  return [normal(4, [columns], 1 / Math.sqrt(columns)), X, entries([rows], labels)];
}

export function logistic(name: string, rows: number, columns: number): Workload {
  return {
    name,
    problem: "logistic",
    title: `logistic loss from ops, X ${rows}×${columns}: value and gradient`,
    parameters: [0],
    inputs: () => inputs(rows, columns),
    cotangent: valueAndGrad(loss),
    beside: { value: loss },
    plain: plainGradient,
  };
}

export function curvature(name: string, rows: number, columns: number): Workload {
  return {
    name,
    problem: "curvature",
    title: `Hessian of the logistic loss times a vector, X ${rows}×${columns}`,
    parameters: [0, 1],
    inputs: () => {
      const [theta, X, y] = inputs(rows, columns);
      return [theta, normal(5, [columns]), X, y];
    },
    cotangent: (theta: Tensor, v: Tensor, X: Tensor, y: Tensor) => hvp(loss)([theta, X, y], [v]),
    plain: plainProduct,
  };
}
