/** Gradients that checkers get wrong. It knows formulas. */
import { einsum, eye, logsumexp, maximum, minimum, oneHot, ones, softmax, sum, tensor, type Tensor } from "@cotangent/core";
import { listed, type ListedGradient, numbers, textbook } from "./list.ts";

const thousand = 2000;
const oneEntry = (n: number, at: number, value: number): Tensor =>
  tensor(Float64Array.from({ length: n }, (_, i) => (i === at ? value : 1)));

/** Traps for checkers. */
export const traps: readonly ListedGradient[] = [
  listed({
    name: "one entry of 2000",
    source: "a trap for projections",
    at: (d) => [d.normal([thousand])],
    loss: (x: Tensor) => x.square().sum(),
    right: { "2x": (x) => x.mul(2) },
    wrong: {
      "one entry off by 1e-3": (x) => x.mul(2).mul(oneEntry(thousand, 1234, 1.001)),
      "one entry zero": (x) => x.mul(2).mul(oneEntry(thousand, 77, 0)),
    },
  }),
  listed({
    name: "scales 18 orders apart",
    source: "a trap for absolute tolerances",
    at: (d) => [d.uniform([3], 1, 2).mul(tensor([1e9, 1, 1e-9]))],
    loss: (x: Tensor) =>
      x
        .mul(tensor([1e-9, 1, 1e9]))
        .sin()
        .sum(),
    right: {
      "in ops": (x) =>
        x
          .mul(tensor([1e-9, 1, 1e9]))
          .cos()
          .mul(tensor([1e-9, 1, 1e9])),
    },
    wrong: {
      "smallest entry doubled": (x) =>
        x
          .mul(tensor([1e-9, 1, 1e9]))
          .cos()
          .mul(tensor([2e-9, 1, 1e9])),
    },
  }),
  listed({
    name: "offset orthogonal to ±1 directions",
    source: "a trap for sign directions",
    at: (d) => [d.normal([3])],
    loss: (x: Tensor) => x.square().sum(),
    right: { "2x": (x) => x.mul(2) },
    wrong: { "plus (a, 0, -a)": (x) => x.mul(2).add(tensor([0.01, 0, -0.01])), "plus a constant": (x) => x.mul(2).add(1e-3) },
  }),
  listed({
    name: "constant loss",
    source: "a trap for relative errors",
    at: (d) => [d.normal([3])],
    loss: (x: Tensor) => x.sub(x).sum().add(7),
    right: { zero: (x) => x.mul(0) },
    wrong: { "1e-6": (x) => x.mul(0).add(1e-6) },
  }),
  listed({
    name: "cancelling softmax sum",
    source: "a trap for cotangents of ones",
    at: (d) => [d.normal([4])],
    loss: (x: Tensor) => softmax(x).sum(),
    right: { zero: (x) => x.mul(0), "p - p Σp": (x) => softmax(x).sub(softmax(x).mul(softmax(x).sum())) },
    wrong: { p: (x) => softmax(x) },
  }),
  listed({
    name: "float32 noise",
    source: "a trap for float32",
    at: (d) => [d.normal([8]).cast("float32")],
    loss: (x: Tensor) => x.sin().mul(x).mean(),
    right: {
      "in ops": (x) => x.sin().add(x.mul(x.cos())).div(8),
      "in numbers": (x) => Float32Array.from(x.values, (v) => (Math.sin(v) + v * Math.cos(v)) / 8),
    },
    wrong: {
      "a relative 1e-4": (x) =>
        x
          .sin()
          .add(x.mul(x.cos()))
          .mul(1.0001 / 8),
      "a relative 1e-4 in numbers": (x) => Float32Array.from(x.values, (v) => ((Math.sin(v) + v * Math.cos(v)) * 1.0001) / 8),
      "no mean": (x) => x.sin().add(x.mul(x.cos())),
    },
  }),
  listed({
    name: "curved valley",
    source: "Rosenbrock, The Computer Journal 3 (1960) 175-184",
    at: (d) => [d.normal([2])],
    loss: (x: Tensor) => x.at(1).sub(x.at(0).square()).square().mul(100).add(x.at(0).neg().add(1).square()),
    right: {
      "in numbers": (x) => {
        const [a, b] = [x.values[0]!, x.values[1]!];
        return [-400 * a * (b - a * a) - 2 * (1 - a), 200 * (b - a * a)];
      },
    },
    wrong: {
      "200 for 400": (x) => {
        const [a, b] = [x.values[0]!, x.values[1]!];
        return [-200 * a * (b - a * a) - 2 * (1 - a), 200 * (b - a * a)];
      },
      "sign of the last term": (x) => {
        const [a, b] = [x.values[0]!, x.values[1]!];
        return [-400 * a * (b - a * a) + 2 * (1 - a), 200 * (b - a * a)];
      },
    },
  }),
  listed({
    name: "a value that is read",
    source: "a trap for recordings",
    at: (d) => [d.uniform([3], 0.5, 2)],
    loss: (x: Tensor) => {
      let total = 0;
      for (const v of x.values) total += Math.exp(-v) * v;
      return total;
    },
    right: { "in numbers": numbers((v) => Math.exp(-v) * (1 - v)) },
    wrong: { "no product rule": numbers((v) => -Math.exp(-v) * v), "a relative 1e-4": numbers((v) => Math.exp(-v) * (1 - v) * 1.0001) },
  }),
  listed({
    name: "smooth maximum pair",
    source: textbook,
    at: (d) => [d.uniform([4], 0, 1), d.uniform([4], 2, 3)] as const,
    loss: (x: Tensor, y: Tensor) => maximum(x, y).add(minimum(x, y).mul(3)).sum(),
    right: { "3 for the smaller": (x) => x.mul(0).add(3) },
    wrong: { "1 for both": (x) => x.mul(0).add(1) },
  }),
  listed({
    name: "two sums over one axis",
    source: textbook,
    at: (d) => [d.normal([3, 4])],
    loss: (x: Tensor) => sum(x, { axes: 0 }).square().sum(),
    right: {
      "2 Σᵢ x everywhere": (x) =>
        ones([3, 1])
          .mul(sum(x, { axes: 0, keepDims: true }))
          .mul(2),
    },
    wrong: {
      "sum over the other axis": (x) =>
        ones([1, 4])
          .mul(sum(x, { axes: 1, keepDims: true }))
          .mul(2),
    },
  }),
  listed({
    name: "bilinear form by einsum",
    source: textbook,
    at: (d) => [d.normal([2, 3]), d.normal([3, 2])] as const,
    loss: (x: Tensor, a: Tensor) => einsum("ij,jk,ki->", x, a, eye(2)),
    right: { "A'": (_x, a) => a.transpose() },
    wrong: { "rows of A exchanged": (_x, a) => a.transpose().flip(0) },
  }),
  listed({
    name: "sum of softmax, and more after it",
    source: "a trap for judging noise",
    at: (d) => [d.normal([4])],
    loss: (x: Tensor) => softmax(x).sum().mul(2).add(7).log(),
    right: { zero: (x) => x.mul(0) },
    wrong: { "2p/9": (x) => softmax(x).mul(2 / 9) },
  }),
  listed({
    name: "distance of huge numbers",
    source: "a trap for relative steps",
    at: (d) => [d.normal([5]).add(1e12), d.normal([5]).add(1e12)] as const,
    loss: (x: Tensor, y: Tensor) => x.sub(y).square().mean(),
    right: { "2(x - y)/n": (x, y) => x.sub(y).mul(2 / 5) },
    wrong: { "2(x - y)/(n - 1)": (x, y) => x.sub(y).div(2), "(x - y)/n": (x, y) => x.sub(y).div(5) },
  }),
  listed({
    name: "small gradient of a large loss",
    source: "a trap for differences",
    at: (d) => [d.normal([4])],
    loss: (x: Tensor) => x.square().sum().add(1e12),
    right: { "2x": (x) => x.mul(2) },
    wrong: { x: (x) => x.add(0), "a relative 1e-4": (x) => x.mul(2.0002) },
  }),
  listed({
    name: "one of 240 weights",
    source: "a trap for projections",
    at: (d) => [d.normal([20, 12], 0.1), d.normal([4, 20])] as const,
    loss: (w: Tensor, x: Tensor) => x.matmul(w).square().mean(),
    right: {
      "2X'XW/n": (w, x) =>
        x
          .transpose()
          .matmul(x.matmul(w))
          .mul(2 / 48),
    },
    wrong: {
      "one weight off by 1e-3": (w, x) =>
        x
          .transpose()
          .matmul(x.matmul(w))
          .mul(2 / 48)
          .mul(oneEntry(240, 177, 1.001).reshape([20, 12])),
      "one weight of the other sign": (w, x) =>
        x
          .transpose()
          .matmul(x.matmul(w))
          .mul(2 / 48)
          .mul(oneEntry(240, 42, -1).reshape([20, 12])),
      "mean over the batch alone": (w, x) =>
        x
          .transpose()
          .matmul(x.matmul(w))
          .mul(2 / 4),
    },
  }),
  listed({
    name: "cross-entropy of float32",
    source: "a trap for float32",
    at: (d) => [d.normal([3, 4]).cast("float32"), oneHot(tensor([0, 3, 1], "int32"), 4).cast("float32")] as const,
    loss: (z: Tensor, y: Tensor) =>
      logsumexp(z, { axes: 1 })
        .sub(z.mul(y).sum({ axes: 1 }))
        .mean(),
    right: { "(p - y)/m": (z, y) => softmax(z, { axes: 1 }).sub(y).div(3) },
    wrong: {
      "a relative 1e-4": (z, y) =>
        softmax(z, { axes: 1 })
          .sub(y)
          .mul(1.0001 / 3),
      "softmax over the batch": (z, y) => softmax(z, { axes: 0 }).sub(y).div(3),
    },
  }),
];
