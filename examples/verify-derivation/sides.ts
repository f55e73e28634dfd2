// The two sides of a claim about logistic regression as functions, and the two things a claim can say of them. Knows no formula of the loss.
import { checkGradient, type Verdict } from "@cotangent/check";
import { add, div, exp, grad, matmul, mul, neg, ones, sum, type Tensor, tensor } from "@cotangent/core";

/** What formulas are written in: θ, the samples xᵀ as rows of X, their classes y, z = θᵀx and h = 1/(1 + e⁻ᶻ) of every sample. */
export interface Terms {
  readonly theta: Tensor;
  readonly X: Tensor;
  readonly y: Tensor;
  readonly m: number;
  readonly z: Tensor;
  readonly h: Tensor;
}

export type Side = (terms: Terms) => Tensor;

/** Where a claim is judged; points near θ are judged besides. */
export type Problem = Readonly<Record<"theta" | "X" | "y", Tensor>>;

/** Six samples with x₀ = 1. */
export const samples: Problem = {
  theta: tensor([0.25, -0.5, 0.75]),
  X: tensor([
    [1, 0.5, -1.25],
    [1, -1.75, 0.375],
    [1, 2.25, 1.5],
    [1, -0.625, -2],
    [1, 1.125, 0.75],
    [1, -0.25, 2.5],
  ]),
  y: tensor([1, 0, 1, 0, 0, 1]),
};

const termsOf = (problem: Problem): Terms => {
  const z = matmul(problem.X, problem.theta);
  return { ...problem, m: problem.X.shape[0]!, z, h: div(1, add(1, exp(neg(z)))) };
};

export type Check = (left: Side, right: Side, problem?: Problem) => Verdict;

/** Whether the right side is the gradient of the left by θ. */
export const isGradient: Check = (left, right, at = samples) =>
  checkGradient(
    (problem) => left(termsOf(problem)),
    (problem) => right(termsOf(problem)),
    { at, wrt: "theta" },
  );

/**
 * Whether two sides have one value and one gradient. By its weights, Σ weight · left(θ) has the gradient left(θ), the value that the right
 * side must have; by θ it has the gradient of Σ weight · right(θ).
 */
export const isEqual: Check = (left, right, problem = samples) => {
  const weighted = (side: Side, weights: Tensor, at: Problem) => sum(mul(weights, side(termsOf(at))));
  const slope = (weights: Tensor, at: Problem) => grad((theta: Tensor) => weighted(right, weights, { ...at, theta }))(at.theta);
  return checkGradient(
    ({ value: weights, ...at }) => weighted(left, weights, at),
    ({ value: weights, ...at }) => ({ value: right(termsOf(at)), theta: slope(weights, at) }),
    { at: { value: ones(left(termsOf(problem)).shape), ...problem }, wrt: ["value", "theta"] },
  );
};
