// Graphs that several tests print. Knows no printer.
import {
  add, cond, type Graph, label, log, logSoftmax, matmul, mean, mul, neg, record, relu, scan, sigmoid, square, sub, sum, type Tensor, tanh, tensor,
} from "@cotangent/core"; // biome-ignore format: one list

export const X: Tensor = label(tensor([[1, 2, 3], [4, 5, 6], [1, 0, 1], [2, 2, 2]]), "X"); // biome-ignore format: a matrix
export const y: Tensor = label(tensor([0, 1, 0, 1]), "y");
export const theta: Tensor = label(tensor([0.1, 0.2, 0.3]), "θ");

/** The cross-entropy of logistic regression, from h = σ(Xθ). */
export const crossEntropy = (parameters: Tensor, rows: Tensor, targets: Tensor): Tensor => {
  const h = label(sigmoid(matmul(rows, parameters)), "h");
  return label(neg(mean(add(mul(targets, log(h)), mul(sub(1, targets), log(sub(1, h)))))), "J");
};

export const logistic: Graph = record(crossEntropy, theta, X, y);

/** A layer, a rectifier, a layer and the cross-entropy of its softmax. */
export const network: Graph = record(
  (p: { W1: Tensor; b1: Tensor; W2: Tensor }, rows: Tensor, targets: Tensor) => {
    const scores = matmul(relu(add(matmul(rows, p.W1), p.b1)), p.W2);
    return mean(neg(sum(mul(targets, logSoftmax(scores, { axes: 1 })), { axes: 1 })));
  },
  { W1: tensor([[1, 2], [3, 4]]), b1: tensor([1, 2]), W2: tensor([[1, 2, 3], [3, 4, 5]]) }, // biome-ignore format: matrices
  label(tensor([[1, 2], [3, 4]]), "X"), // biome-ignore format: a matrix
  label(tensor([[1, 0, 0], [0, 1, 0]]), "T"), // biome-ignore format: a matrix
);

/** A choice between two functions. */
export const choice: Graph = record(
  (x: Tensor) =>
    cond(
      x.sum().less(0),
      (own: Tensor) => neg(own),
      (own: Tensor) => mul(square(own), own),
      x,
    ),
  label(tensor([-1, 2]), "x"),
);

/** A recurrence s ← tanh(a s + x), and the sum of its squares. */
export const recurrence: Graph = record(
  (a: Tensor, xs: Tensor) => {
    const [, squares] = scan(
      (s: Tensor, x: Tensor) => {
        const next = tanh(add(mul(s, a), x));
        return [next, square(next)] as const;
      },
      tensor(0),
      xs,
    );
    return sum(squares);
  },
  label(tensor(0.5), "a"),
  label(tensor([1, 2, 3]), "x"),
);
