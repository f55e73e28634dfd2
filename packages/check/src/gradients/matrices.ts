/** Gradients of matrix expressions. It knows formulas. */
import { diag, eye, outer, tensor, type Tensor } from "@cotangent/core";
import { cookbook, determinant, inverse, listed, type ListedGradient, textbook } from "./list.ts";

/** Matrix calculus. */
export const matrices: readonly ListedGradient[] = [
  listed({
    name: "a'x",
    source: cookbook(69),
    at: (d) => [d.normal([4]), d.normal([4])] as const,
    loss: (x: Tensor, a: Tensor) => a.dot(x),
    right: { a: (_x, a) => a },
    wrong: { x: (x, _a) => x, "-a": (_x, a) => a.neg() },
  }),
  listed({
    name: "a'Xb",
    source: cookbook(70),
    at: (d) => [d.normal([3, 4]), d.normal([3]), d.normal([4])] as const,
    loss: (x: Tensor, a: Tensor, b: Tensor) => a.dot(x.matmul(b)),
    right: { "ab'": (_x, a, b) => outer(a, b) },
    wrong: { "a'b everywhere": (x, a, b) => x.mul(0).add(a.sum().mul(b.sum())) },
  }),
  listed({
    name: "a'Xb with X square",
    source: cookbook(70),
    at: (d) => [d.normal([3, 3]), d.normal([3]), d.normal([3])] as const,
    loss: (x: Tensor, a: Tensor, b: Tensor) => a.dot(x.matmul(b)),
    right: { "ab'": (_x, a, b) => outer(a, b) },
    wrong: { "ba'": (_x, a, b) => outer(b, a) },
  }),
  listed({
    name: "x'Ax",
    source: cookbook(81),
    at: (d) => [d.normal([4]), d.normal([4, 4])] as const,
    loss: (x: Tensor, a: Tensor) => x.dot(a.matmul(x)),
    right: { "(A + A')x": (x, a) => a.add(a.transpose()).matmul(x) },
    wrong: { "2Ax for A not symmetric": (x, a) => a.matmul(x).mul(2), Ax: (x, a) => a.matmul(x) },
  }),
  listed({
    name: "b'X'Xc",
    source: cookbook(77),
    at: (d) => [d.normal([3, 4]), d.normal([4]), d.normal([4])] as const,
    loss: (x: Tensor, b: Tensor, c: Tensor) => x.matmul(b).dot(x.matmul(c)),
    right: { "X(bc' + cb')": (x, b, c) => x.matmul(outer(b, c).add(outer(c, b))) },
    wrong: { "Xbc'": (x, b, c) => x.matmul(outer(b, c)), "2Xbc'": (x, b, c) => x.matmul(outer(b, c)).mul(2) },
  }),
  listed({
    name: "trace of XA",
    source: cookbook(100),
    at: (d) => [d.normal([3, 4]), d.normal([4, 3])] as const,
    loss: (x: Tensor, a: Tensor) => x.matmul(a).trace(),
    right: { "A'": (_x, a) => a.transpose() },
    wrong: { "-A'": (_x, a) => a.transpose().neg() },
  }),
  listed({
    name: "trace of square XA",
    source: cookbook(100),
    at: (d) => [d.normal([3, 3]), d.normal([3, 3])] as const,
    loss: (x: Tensor, a: Tensor) => x.matmul(a).trace(),
    right: { "A'": (_x, a) => a.transpose() },
    wrong: { A: (_x, a) => a },
  }),
  listed({
    name: "trace of X²",
    source: cookbook(106),
    at: (d) => [d.normal([3, 3])],
    loss: (x: Tensor) => x.matmul(x).trace(),
    right: { "2X'": (x) => x.transpose().mul(2) },
    wrong: { "2X": (x) => x.mul(2), "X'": (x) => x.transpose() },
  }),
  listed({
    name: "Frobenius norm",
    source: cookbook(132),
    at: (d) => [d.normal([2, 3])],
    loss: (x: Tensor) => x.square().sum(),
    right: { "2X": (x) => x.mul(2) },
    wrong: { X: (x) => x },
  }),
  listed({
    name: "‖Ax - b‖²",
    source: cookbook(84),
    at: (d) => [d.normal([3]), d.normal([5, 3]), d.normal([5])] as const,
    loss: (x: Tensor, a: Tensor, b: Tensor) => a.matmul(x).sub(b).square().sum(),
    right: { "2A'(Ax - b)": (x, a, b) => a.transpose().matmul(a.matmul(x).sub(b)).mul(2) },
    wrong: {
      "A'(Ax - b)": (x, a, b) => a.transpose().matmul(a.matmul(x).sub(b)),
      "2A'Ax": (x, a, _b) => a.transpose().matmul(a.matmul(x)).mul(2),
      "sign of b": (x, a, b) => a.transpose().matmul(a.matmul(x).add(b)).mul(2),
    },
  }),
  listed({
    name: "‖XW - Y‖² by W",
    source: cookbook(119),
    at: (d) => [d.normal([3, 2]), d.normal([4, 3]), d.normal([4, 2])] as const,
    loss: (w: Tensor, x: Tensor, y: Tensor) => x.matmul(w).sub(y).square().sum(),
    right: { "2X'(XW - Y)": (w, x, y) => x.transpose().matmul(x.matmul(w).sub(y)).mul(2) },
    wrong: {
      "mean for sum": (w, x, y) =>
        x
          .transpose()
          .matmul(x.matmul(w).sub(y))
          .mul(2 / 8),
      "no 2": (w, x, y) => x.transpose().matmul(x.matmul(w).sub(y)),
    },
  }),
  listed({
    name: "determinant of 2 by 2",
    source: cookbook(49),
    at: (d) => [d.normal([2, 2])],
    loss: (x: Tensor) =>
      x
        .at(0, 0)
        .mul(x.at(1, 1))
        .sub(x.at(0, 1).mul(x.at(1, 0))),
    right: {
      adjugate: (x) =>
        tensor([
          [0, 1],
          [-1, 0],
        ])
          .matmul(x)
          .matmul(
            tensor([
              [0, -1],
              [1, 0],
            ]),
          ),
    },
    wrong: {
      "adjugate transposed": (x) =>
        tensor([
          [0, 1],
          [-1, 0],
        ])
          .matmul(x)
          .matmul(
            tensor([
              [0, -1],
              [1, 0],
            ]),
          )
          .transpose(),
      "no sign": (x) => x.flip([0, 1]),
    },
  }),
  listed({
    name: "quadratic form in a sum",
    source: cookbook(82),
    at: (d) => [d.normal([3, 4]), d.normal([3, 3]), d.normal([4])] as const,
    loss: (x: Tensor, m: Tensor, b: Tensor) => x.matmul(b).dot(m.matmul(x.matmul(b))),
    right: { "(M + M')Xbb'": (x, m, b) => outer(m.add(m.transpose()).matmul(x.matmul(b)), b) },
    wrong: {
      "MXbb'": (x, m, b) => outer(m.matmul(x.matmul(b)), b),
      "M'Xbb' + Xbb'": (x, m, b) => outer(m.transpose().matmul(x.matmul(b)).add(x.matmul(b)), b),
    },
  }),
  listed({
    name: "diagonal scaling",
    source: textbook,
    at: (d) => [d.normal([3]), d.normal([3, 4])] as const,
    loss: (x: Tensor, a: Tensor) => diag(x).matmul(a).square().sum(),
    right: { "2x·row sums of A²": (x, a) => x.mul(2).mul(a.square().sum({ axes: 1 })) },
    wrong: { "row sums not squared": (x, a) => x.mul(2).mul(a.sum({ axes: 1 })) },
  }),
  listed({
    name: "log determinant of 2 by 2",
    source: cookbook(57),
    at: (d) => [
      eye(2)
        .mul(3)
        .add(d.uniform([2, 2], -1, 1)),
    ],
    loss: (x: Tensor) => determinant(x).log(),
    right: { "X⁻ᵀ": (x) => inverse(x).transpose() },
    wrong: { "X⁻¹": (x) => inverse(x), "X⁻ᵀ/det": (x) => inverse(x).transpose().div(determinant(x)) },
  }),
  listed({
    name: "a'X⁻¹b",
    source: cookbook(61),
    at: (d) =>
      [
        eye(2)
          .mul(3)
          .add(d.uniform([2, 2], -1, 1)),
        d.normal([2]),
        d.normal([2]),
      ] as const,
    loss: (x: Tensor, a: Tensor, b: Tensor) => a.dot(inverse(x).matmul(b)),
    right: { "-X⁻ᵀab'X⁻ᵀ": (x, a, b) => outer(inverse(x).transpose().matmul(a), inverse(x).matmul(b)).neg() },
    wrong: {
      "X⁻ᵀab'X⁻ᵀ": (x, a, b) => outer(inverse(x).transpose().matmul(a), inverse(x).matmul(b)),
      "-X⁻¹ab'X⁻¹": (x, a, b) => outer(inverse(x).matmul(a), inverse(x).transpose().matmul(b)).neg(),
    },
  }),
  listed({
    name: "trace of AXB",
    source: cookbook(101),
    at: (d) => [d.normal([3, 3]), d.normal([3, 3]), d.normal([3, 3])] as const,
    loss: (x: Tensor, a: Tensor, b: Tensor) => a.matmul(x).matmul(b).trace(),
    right: { "A'B'": (_x, a, b) => a.transpose().matmul(b.transpose()) },
    wrong: { "B'A'": (_x, a, b) => b.transpose().matmul(a.transpose()), BA: (_x, a, b) => b.matmul(a) },
  }),
  listed({
    name: "trace of X'BXC",
    source: cookbook(117),
    at: (d) => [d.normal([3, 2]), d.normal([3, 3]), d.normal([2, 2])] as const,
    loss: (x: Tensor, b: Tensor, c: Tensor) => x.transpose().matmul(b).matmul(x).matmul(c).trace(),
    right: {
      "BXC + B'XC'": (x, b, c) => b.matmul(x).matmul(c).add(b.transpose().matmul(x).matmul(c.transpose())),
    },
    wrong: {
      "2BXC": (x, b, c) => b.matmul(x).matmul(c).mul(2),
      "BXC + B'XC": (x, b, c) => b.add(b.transpose()).matmul(x).matmul(c),
    },
  }),
  listed({
    name: "Mahalanobis distance by its centre",
    source: cookbook(86),
    at: (d) => [d.normal([3]), d.normal([3]), d.normal([3, 3])] as const,
    loss: (m: Tensor, x: Tensor, s: Tensor) => x.sub(m).dot(s.matmul(x.sub(m))),
    right: { "-(S + S')(x - m)": (m, x, s) => s.add(s.transpose()).matmul(x.sub(m)).neg() },
    wrong: {
      "-2S(x - m) for S not symmetric": (m, x, s) => s.matmul(x.sub(m)).mul(-2),
      "(S + S')(x - m)": (m, x, s) => s.add(s.transpose()).matmul(x.sub(m)),
    },
  }),
  listed({
    name: "factorisation of rank one",
    source: "Koren, Bell and Volinsky, Computer 42 (2009) 30-37",
    wrt: [0, 1],
    at: (d) => [d.normal([3]), d.normal([3]), d.normal([3, 3])] as const,
    loss: (u: Tensor, v: Tensor, x: Tensor) => outer(u, v).sub(x).square().sum(),
    right: {
      "2(uv' - X)v, 2(uv' - X)'u": (u, v, x) => {
        const r = outer(u, v).sub(x).mul(2);
        return [r.matmul(v), r.transpose().matmul(u)];
      },
    },
    wrong: {
      "residual not transposed": (u, v, x) => {
        const r = outer(u, v).sub(x).mul(2);
        return [r.matmul(v), r.matmul(u)];
      },
      "no 2": (u, v, x) => {
        const r = outer(u, v).sub(x);
        return [r.matmul(v), r.transpose().matmul(u)];
      },
    },
  }),
];
