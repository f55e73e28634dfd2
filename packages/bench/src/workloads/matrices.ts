/** W3: the product of two square matrices, alone and with both cotangents. */
import { matmul, matrixTranspose, type Tensor, vjp } from "@cotangent/core";
import { product, productTransposed, transposedProduct } from "../products.ts";
import { normal, type Workload } from "../workload.ts";

/** A·B, and what the cotangent G of it becomes for A and for B: G·Bᵀ and Aᵀ·G. */
function both(A: Tensor, B: Tensor, G: Tensor): [Tensor, readonly Tensor[]] {
  const { value, pullback } = vjp(matmul, { wrt: [0, 1] })(A, B);
  return [value, pullback(G)];
}

export function forward(name: string, n: number): Workload {
  return {
    name,
    problem: "product",
    title: `matrix product, ${n}×${n}`,
    parameters: [0, 1],
    operations: 2 * n ** 3,
    inputs: () => [normal(1, [n, n]), normal(2, [n, n])],
    cotangent: (A: Tensor, B: Tensor) => matmul(A, B),
    beside: {
      Aᵀ·B: (A: Tensor, B: Tensor) => matmul(matrixTranspose(A), B),
      A·Bᵀ: (A: Tensor, B: Tensor) => matmul(A, matrixTranspose(B)),
      Aᵀ·Bᵀ: (A: Tensor, B: Tensor) => matmul(matrixTranspose(A), matrixTranspose(B)),
    },
    plain: (A: Float64Array, B: Float64Array) => product(A, B, n, n, n),
  };
}

export function withGradients(name: string, n: number): Workload {
  return {
    name,
    problem: "productGradients",
    title: `matrix product with both gradients, ${n}×${n}`,
    parameters: [0, 1],
    operations: 6 * n ** 3,
    inputs: () => [normal(1, [n, n]), normal(2, [n, n]), normal(3, [n, n])],
    cotangent: both,
    beside: { value: (A: Tensor, B: Tensor) => matmul(A, B) },
    plain: (A: Float64Array, B: Float64Array, G: Float64Array) => [
      product(A, B, n, n, n),
      [productTransposed(G, B, n, n, n), transposedProduct(A, G, n, n, n)],
    ],
  };
}
