/** Gradients of sums, means and norms. It knows formulas. */
import { logsumexp, softmax, sqrt, tensor, type Tensor } from "@cotangent/core";
import { cookbook, listed, type ListedGradient, textbook } from "./list.ts";

const unitCentred = (x: Tensor): Tensor => {
  const c = x.sub(x.mean());
  return c.div(sqrt(c.square().sum()));
};
const entropy = (z: Tensor): Tensor => softmax(z).mul(softmax(z).log()).sum().neg();

/** Sums, means and norms. */
export const reductions: readonly ListedGradient[] = [
  listed({
    name: "mean of squares",
    source: textbook,
    at: (d) => [d.normal([7])],
    loss: (x: Tensor) => x.square().mean(),
    right: { "2x/n": (x) => x.mul(2 / 7) },
    wrong: { "2x": (x) => x.mul(2), "2x/(n-1)": (x) => x.mul(2 / 6), "x/n": (x) => x.div(7) },
  }),
  listed({
    name: "variance",
    source: textbook,
    at: (d) => [d.normal([6])],
    loss: (x: Tensor) => x.sub(x.mean()).square().mean(),
    right: { "2(x - μ)/n": (x) => x.sub(x.mean()).mul(2 / 6) },
    wrong: {
      "2(x - μ)/(n-1)": (x) => x.sub(x.mean()).mul(2 / 5),
      "2x/n": (x) => x.mul(2 / 6),
      "2(x - μ)(1 - 1/n)/n": (x) => x.sub(x.mean()).mul((2 / 6) * (5 / 6)),
    },
  }),
  listed({
    name: "variance under a huge offset",
    source: "Chan, Golub and LeVeque, The American Statistician 37 (1983) 242-247",
    at: (d) => [d.normal([6]).add(1e8)],
    loss: (x: Tensor) => x.sub(x.mean()).square().mean(),
    right: { "2(x - μ)/n": (x) => x.sub(x.mean()).mul(2 / 6) },
    wrong: { "2(x - μ)/(n-1)": (x) => x.sub(x.mean()).mul(2 / 5), "2x/n": (x) => x.mul(2 / 6) },
  }),
  listed({
    name: "standard deviation",
    source: textbook,
    at: (d) => [d.normal([5])],
    loss: (x: Tensor) => sqrt(x.sub(x.mean()).square().mean()),
    right: {
      "(x - μ)/(nσ)": (x) => {
        const c = x.sub(x.mean());
        return c.div(sqrt(c.square().mean()).mul(5));
      },
    },
    wrong: {
      "2(x - μ)/(nσ)": (x) => {
        const c = x.sub(x.mean());
        return c.mul(2).div(sqrt(c.square().mean()).mul(5));
      },
      "ddof 1": (x) => {
        const c = x.sub(x.mean());
        return c.div(sqrt(c.square().sum().div(4)).mul(5));
      },
    },
  }),
  listed({
    name: "Euclidean norm",
    source: cookbook(129),
    at: (d) => [d.normal([4])],
    loss: (x: Tensor) => sqrt(x.square().sum()),
    right: { "x/‖x‖": (x) => x.div(sqrt(x.square().sum())) },
    wrong: { "x/‖x‖²": (x) => x.div(x.square().sum()), "2x": (x) => x.mul(2) },
  }),
  listed({
    name: "product",
    source: textbook,
    at: (d) => [d.uniform([4], 0.5, 2)],
    loss: (x: Tensor) => x.prod(),
    right: { "∏/x": (x) => x.prod().div(x) },
    wrong: { "the product": (x) => x.prod().add(x.mul(0)), "∏/x²": (x) => x.prod().div(x.square()) },
  }),
  listed({
    name: "logsumexp",
    source: "Boyd and Vandenberghe, Convex Optimization (2004), 3.1.5",
    at: (d) => [d.normal([5])],
    loss: (x: Tensor) => logsumexp(x),
    right: { softmax: (x) => softmax(x), "e^(x - lse)": (x) => x.sub(logsumexp(x)).exp() },
    wrong: { "e^x": (x) => x.exp(), "log softmax": (x) => x.sub(logsumexp(x)), "a relative 1e-4": (x) => softmax(x).mul(1.0001) },
  }),
  listed({
    name: "logsumexp far out",
    source: "Boyd and Vandenberghe, Convex Optimization (2004), 3.1.5",
    at: (d) => [d.normal([5], 300)],
    loss: (x: Tensor) => logsumexp(x),
    right: { softmax: (x) => softmax(x) },
    wrong: { "the mean": (x) => x.mul(0).add(0.2) },
  }),
  listed({
    name: "largest of separated entries",
    source: textbook,
    at: (d) => [tensor([1, 4, 2, 3]).add(d.uniform([4], 0, 0.5))],
    loss: (x: Tensor) => x.max(),
    right: { "one at the largest": (x) => x.equal(x.max()).cast("float64") },
    wrong: { "one everywhere": (x) => x.mul(0).add(1), softmax: (x) => softmax(x) },
  }),
  listed({
    name: "harmonic mean",
    source: textbook,
    at: (d) => [d.uniform([4], 0.5, 3)],
    loss: (x: Tensor) => x.reciprocal().sum().reciprocal().mul(4),
    right: {
      "H²/(n x²)": (x) => {
        const h = x.reciprocal().sum().reciprocal().mul(4);
        return h.square().div(x.square().mul(4));
      },
    },
    wrong: {
      "H/(n x²)": (x) => {
        const h = x.reciprocal().sum().reciprocal().mul(4);
        return h.div(x.square().mul(4));
      },
    },
  }),
  listed({
    name: "Rayleigh quotient",
    source: "Golub and Van Loan, Matrix Computations (2013), 8.1",
    at: (d) => {
      const a = d.normal([3, 3]);
      return [d.normal([3]), a.add(a.transpose())] as const;
    },
    loss: (x: Tensor, a: Tensor) => x.dot(a.matmul(x)).div(x.dot(x)),
    right: {
      "2(Ax - ρx)/x'x": (x, a) => {
        const rho = x.dot(a.matmul(x)).div(x.dot(x));
        return a.matmul(x).sub(x.mul(rho)).mul(2).div(x.dot(x));
      },
    },
    wrong: {
      "2Ax/x'x": (x, a) => a.matmul(x).mul(2).div(x.dot(x)),
      "no 2": (x, a) => {
        const rho = x.dot(a.matmul(x)).div(x.dot(x));
        return a.matmul(x).sub(x.mul(rho)).div(x.dot(x));
      },
    },
  }),
  listed({
    name: "unbiased variance",
    source: textbook,
    at: (d) => [d.normal([5])],
    loss: (x: Tensor) => x.sub(x.mean()).square().sum().div(4),
    right: { "2(x - μ)/(n - 1)": (x) => x.sub(x.mean()).div(2) },
    wrong: { "2(x - μ)/n": (x) => x.sub(x.mean()).mul(2 / 5), "2x/(n - 1)": (x) => x.div(2) },
  }),
  listed({
    name: "third central moment",
    source: textbook,
    at: (d) => [d.normal([6])],
    loss: (x: Tensor) => x.sub(x.mean()).pow(3).mean(),
    right: {
      "3(c² - mean c²)/n": (x) => {
        const squares = x.sub(x.mean()).square();
        return squares.sub(squares.mean()).mul(3 / 6);
      },
    },
    wrong: {
      "no term through μ": (x) =>
        x
          .sub(x.mean())
          .square()
          .mul(3 / 6),
      "variance not subtracted in full": (x) => {
        const squares = x.sub(x.mean()).square();
        return squares.sub(squares.sum().div(5)).mul(3 / 6);
      },
    },
  }),
  listed({
    name: "p-norm, p = 3",
    source: textbook,
    at: (d) => [d.uniform([4], 0.2, 2).mul(tensor([1, -1, -1, 1]))],
    loss: (x: Tensor) =>
      x
        .abs()
        .pow(3)
        .sum()
        .pow(1 / 3),
    right: {
      "sign(x) x²/‖x‖²": (x) =>
        x
          .sign()
          .mul(x.square())
          .div(
            x
              .abs()
              .pow(3)
              .sum()
              .pow(2 / 3),
          ),
    },
    wrong: {
      "sign lost": (x) =>
        x.square().div(
          x
            .abs()
            .pow(3)
            .sum()
            .pow(2 / 3),
        ),
      "‖x‖³ for ‖x‖²": (x) => x.sign().mul(x.square()).div(x.abs().pow(3).sum()),
    },
  }),
  listed({
    name: "correlation coefficient",
    source: textbook,
    at: (d) => [d.normal([6]), d.normal([6])] as const,
    loss: (x: Tensor, y: Tensor) => unitCentred(x).dot(unitCentred(y)),
    right: {
      "(v - ru)/‖x - μ‖": (x, y) => {
        const [u, v] = [unitCentred(x), unitCentred(y)];
        return v.sub(u.mul(u.dot(v))).div(sqrt(x.sub(x.mean()).square().sum()));
      },
    },
    wrong: {
      "no projection": (x, y) => unitCentred(y).div(sqrt(x.sub(x.mean()).square().sum())),
      "norm not centred": (x, y) => {
        const [u, v] = [unitCentred(x), unitCentred(y)];
        return v.sub(u.mul(u.dot(v))).div(sqrt(x.square().sum()));
      },
    },
  }),
  listed({
    name: "entropy of a softmax",
    source: "Mnih et al., ICML 2016, 4",
    at: (d) => [d.normal([5])],
    loss: (z: Tensor) => entropy(z),
    right: {
      "-p(log p + H)": (z) =>
        softmax(z)
          .mul(softmax(z).log().add(entropy(z)))
          .neg(),
    },
    wrong: {
      "-p(log p + 1)": (z) => softmax(z).mul(softmax(z).log().add(1)).neg(),
      "-(log p + 1)": (z) => softmax(z).log().add(1).neg(),
      "H subtracted": (z) =>
        softmax(z)
          .mul(softmax(z).log().sub(entropy(z)))
          .neg(),
    },
  }),
  listed({
    name: "running sums",
    source: textbook,
    at: (d) => [d.normal([6]), d.normal([6])] as const,
    loss: (x: Tensor, g: Tensor) => x.cumsum().dot(g),
    right: { "sums from the end": (_x, g) => g.cumsum({ reverse: true }) },
    wrong: { "sums from the start": (_x, g) => g.cumsum(), "own term left out": (_x, g) => g.cumsum({ reverse: true }).sub(g) },
  }),
  listed({
    name: "geometric mean",
    source: textbook,
    at: (d) => [d.uniform([5], 0.5, 3)],
    loss: (x: Tensor) => x.log().mean().exp(),
    right: { "G/(nx)": (x) => x.log().mean().exp().div(x.mul(5)) },
    wrong: { "G/x": (x) => x.log().mean().exp().div(x), "1/(nx)": (x) => x.mul(5).reciprocal() },
  }),
];
