// Gradients of the logistic cross-entropy that people write, each wrong in another way.
import type { Verdict } from "@cotangent/check";
import { add, div, log, matmul, mean, mul, neg, ones, sigmoid, sub, tensor, transpose } from "@cotangent/core";
import type { Claim } from "./derivation.ts";
import { isGradient, type Problem, type Side, samples } from "./sides.ts";

export interface Mistake extends Pick<Claim, "says" | "right"> {
  readonly name: string;
  readonly problem: Problem;
}

/** The mean over samples, and over outputs where θ is a matrix with a column for each. */
export const loss: Side = ({ y, z }) => {
  const h = sigmoid(z);
  return neg(mean(add(mul(y, log(h)), mul(sub(1, y), log(sub(1, h))))));
};

/** Three yes-or-no questions about every sample, with as many features: a matrix and its transpose have one shape. */
const threeOutputs: Problem = {
  X: samples.X,
  theta: tensor([
    [0.25, 1, -0.5],
    [-0.5, 0.5, 1.25],
    [0.75, -1.5, 0.375],
  ]),
  y: tensor([
    [1, 0, 0],
    [0, 1, 1],
    [1, 0, 0],
    [0, 1, 1],
    [0, 1, 0],
    [1, 0, 1],
  ]),
};

export const mistakes: readonly Mistake[] = [
  {
    name: "dropped 1/m",
    says: "Xᵀ(h − y)",
    problem: samples,
    right: ({ X, y, h }) => matmul(transpose(X), sub(h, y)),
  },
  {
    name: "flipped sign",
    says: "(1/m) Xᵀ(y − h)",
    problem: samples,
    right: ({ X, y, h, m }) => div(matmul(transpose(X), sub(y, h)), m),
  },
  {
    name: "the squared error's factor",
    says: "(1/m) Xᵀ((h − y) h (1 − h))",
    problem: samples,
    right: ({ X, y, h, m }) => div(matmul(transpose(X), mul(mul(sub(h, y), h), sub(1, h))), m),
  },
  {
    name: "bias left out",
    says: "(1/m) Xᵀ(h − y), 0 for θ₀",
    problem: samples,
    right: ({ X, y, h, m }) => mul(div(matmul(transpose(X), sub(h, y)), m), tensor([0, 1, 1])),
  },
  {
    name: "transposed",
    says: "(1/3m) (H − Y)ᵀX",
    problem: threeOutputs,
    right: ({ X, y, h, m }) => div(matmul(transpose(sub(h, y)), X), 3 * m),
  },
  {
    name: "missing x",
    says: "(1/m) Σ (h − y)",
    problem: samples,
    right: ({ y, h, theta }) => mul(mean(sub(h, y)), ones(theta.shape)),
  },
];

export const checkMistake = ({ right, problem }: Mistake): Verdict => isGradient(loss, right, problem);
