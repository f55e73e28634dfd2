/** Gradients of the losses that models are trained by. It knows formulas. */
import { detach, logsumexp, maximum, minimum, oneHot, outer, sigmoid, softmax, sqrt, tensor, type Tensor, where } from "@cotangent/core";
import { bishop, type Entries, goodfellow, listed, type ListedGradient, logistic, textbook } from "./list.ts";

const residual = (t: Tensor, x: Tensor, y: Tensor): Tensor => sigmoid(x.matmul(t)).sub(y);
const crossEntropy = (t: Tensor, x: Tensor, y: Tensor): Tensor => {
  const z = x.matmul(t);
  return z.softplus().sub(y.mul(z)).mean();
};
const logitData = (d: Entries): readonly [Tensor, Tensor, Tensor] => [d.normal([3]), d.normal([5, 3]), d.bits([5])];

const smoothed = (y: Tensor): Tensor => y.mul(0.9).add(0.1 / 3);

/** Losses of models. */
export const losses: readonly ListedGradient[] = [
  listed({
    name: "logistic cross-entropy",
    source: `${bishop}, 4.91`,
    at: logitData,
    loss: crossEntropy,
    right: {
      "X'(h - y)/m": (t, x, y) =>
        x
          .transpose()
          .matmul(residual(t, x, y))
          .div(5),
      "in numbers": (t, x, y) => {
        const [w, a, b] = [t.values, x.values, y.values];
        const g = new Float64Array(3);
        for (let i = 0; i < 5; i++) {
          let z = 0;
          for (let j = 0; j < 3; j++) z += a[3 * i + j]! * w[j]!;
          for (let j = 0; j < 3; j++) g[j] = g[j]! + ((logistic(z) - b[i]!) * a[3 * i + j]!) / 5;
        }
        return g;
      },
    },
    wrong: {
      "no 1/m": (t, x, y) => x.transpose().matmul(residual(t, x, y)),
      "1/n for 1/m": (t, x, y) =>
        x
          .transpose()
          .matmul(residual(t, x, y))
          .div(3),
      "y - h": (t, x, y) =>
        x
          .transpose()
          .matmul(residual(t, x, y))
          .div(-5),
      "times h(1 - h)": (t, x, y) => {
        const h = sigmoid(x.matmul(t));
        return x
          .transpose()
          .matmul(h.sub(y).mul(h).mul(h.neg().add(1)))
          .div(5);
      },
      "an entry off by 1e-4": (t, x, y) =>
        x
          .transpose()
          .matmul(residual(t, x, y))
          .div(5)
          .mul(tensor([1, 1.0001, 1])),
    },
  }),
  listed({
    name: "ridge logistic regression",
    source: `${bishop}, 4.91`,
    at: logitData,
    loss: (t: Tensor, x: Tensor, y: Tensor) => crossEntropy(t, x, y).add(t.square().sum().mul(0.05)),
    right: {
      "X'(h - y)/m + λw": (t, x, y) =>
        x
          .transpose()
          .matmul(residual(t, x, y))
          .div(5)
          .add(t.mul(0.1)),
    },
    wrong: {
      "no penalty": (t, x, y) =>
        x
          .transpose()
          .matmul(residual(t, x, y))
          .div(5),
      "half the penalty": (t, x, y) =>
        x
          .transpose()
          .matmul(residual(t, x, y))
          .div(5)
          .add(t.mul(0.05)),
      "penalty subtracted": (t, x, y) =>
        x
          .transpose()
          .matmul(residual(t, x, y))
          .div(5)
          .sub(t.mul(0.1)),
    },
  }),
  listed({
    name: "logistic loss by the data",
    source: textbook,
    wrt: 1,
    at: logitData,
    loss: crossEntropy,
    right: { "(h - y)θ'/m": (t, x, y) => outer(residual(t, x, y), t).div(5) },
    wrong: { "no 1/m": (t, x, y) => outer(residual(t, x, y), t) },
  }),
  listed({
    name: "squared loss of a logistic unit",
    source: goodfellow,
    at: logitData,
    loss: (t: Tensor, x: Tensor, y: Tensor) => residual(t, x, y).square().mean(),
    right: {
      "by the chain rule": (t, x, y) => {
        const h = sigmoid(x.matmul(t));
        return x
          .transpose()
          .matmul(h.sub(y).mul(h).mul(h.neg().add(1)))
          .mul(2 / 5);
      },
    },
    wrong: {
      "no h(1 - h)": (t, x, y) =>
        x
          .transpose()
          .matmul(residual(t, x, y))
          .mul(2 / 5),
      "h for h(1 - h)": (t, x, y) => {
        const h = sigmoid(x.matmul(t));
        return x
          .transpose()
          .matmul(h.sub(y).mul(h))
          .mul(2 / 5);
      },
    },
  }),
  listed({
    name: "softmax cross-entropy",
    source: `${bishop}, 4.109`,
    at: (d) => [d.normal([4, 3]), oneHot(d.classes(4, 3), 3)] as const,
    loss: (z: Tensor, y: Tensor) =>
      logsumexp(z, { axes: 1 })
        .sub(z.mul(y).sum({ axes: 1 }))
        .mean(),
    right: { "(p - y)/m": (z, y) => softmax(z, { axes: 1 }).sub(y).div(4) },
    wrong: {
      "no 1/m": (z, y) => softmax(z, { axes: 1 }).sub(y),
      "softmax over the batch": (z, y) => softmax(z, { axes: 0 }).sub(y).div(4),
      "p(1 - p) on the diagonal": (z, y) => {
        const p = softmax(z, { axes: 1 });
        return p.mul(p.neg().add(1)).neg().mul(y).div(4);
      },
    },
  }),
  listed({
    name: "weighted softmax",
    source: "off-diagonal terms, Goodfellow et al. (2016), 6.2.2",
    at: (d) => [d.normal([5]), d.normal([5])] as const,
    loss: (z: Tensor, a: Tensor) => softmax(z).dot(a),
    right: {
      "p(a - p'a)": (z, a) => {
        const p = softmax(z);
        return p.mul(a.sub(p.dot(a)));
      },
    },
    wrong: {
      "diagonal alone": (z, a) => {
        const p = softmax(z);
        return p.mul(p.neg().add(1)).mul(a);
      },
      pa: (z, a) => softmax(z).mul(a),
      sign: (z, a) => {
        const p = softmax(z);
        return p.mul(p.dot(a).sub(a));
      },
    },
  }),
  listed({
    name: "mean squared error of a line",
    source: goodfellow,
    wrt: [0, 1],
    at: (d) => [d.normal([]), d.normal([]), d.normal([6]), d.normal([6])] as const,
    loss: (w: Tensor, b: Tensor, x: Tensor, y: Tensor) => x.mul(w).add(b).sub(y).square().mean(),
    right: {
      "2 mean(rx), 2 mean(r)": (w, b, x, y) => {
        const r = x.mul(w).add(b).sub(y);
        return [r.mul(x).mean().mul(2), r.mean().mul(2)];
      },
    },
    wrong: {
      "bias without 2": (w, b, x, y) => {
        const r = x.mul(w).add(b).sub(y);
        return [r.mul(x).mean().mul(2), r.mean()];
      },
      exchanged: (w, b, x, y) => {
        const r = x.mul(w).add(b).sub(y);
        return [r.mean().mul(2), r.mul(x).mean().mul(2)];
      },
    },
  }),
  listed({
    name: "Huber",
    source: "Huber, Annals of Mathematical Statistics 35 (1964) 73-101",
    at: (d) => [d.uniform([6], 0.1, 0.9).mul(tensor([1, 3, -1, -5, 10, -1]))],
    loss: (r: Tensor) => where(r.abs().less(1), r.square().mul(0.5), r.abs().sub(0.5)).sum(),
    right: { "r clipped": (r) => r.clip(-1, 1) },
    wrong: { r: (r) => r, sign: (r) => r.sign() },
  }),
  listed({
    name: "log cosh",
    source: textbook,
    at: (d) => [d.normal([4], 2)],
    loss: (r: Tensor) => r.cosh().log().sum(),
    right: { tanh: (r) => r.tanh() },
    wrong: { sinh: (r) => r.sinh() },
  }),
  listed({
    name: "Poisson",
    source: "McCullagh and Nelder, Generalized Linear Models (1989)",
    at: (d) => [d.normal([3], 0.5), d.normal([5, 3], 0.5), d.uniform([5], 0, 4).floor()] as const,
    loss: (t: Tensor, x: Tensor, y: Tensor) => {
      const z = x.matmul(t);
      return z.exp().sub(y.mul(z)).sum();
    },
    right: { "X'(e^z - y)": (t, x, y) => x.transpose().matmul(x.matmul(t).exp().sub(y)) },
    wrong: { "X'(z - y)": (t, x, y) => x.transpose().matmul(x.matmul(t).sub(y)) },
  }),
  listed({
    name: "Kullback-Leibler of two Gaussians",
    source: "Kingma and Welling, arXiv:1312.6114, appendix B",
    wrt: [0, 1],
    at: (d) => [d.normal([4]), d.normal([4], 0.5)] as const,
    loss: (m: Tensor, l: Tensor) => l.exp().add(m.square()).sub(1).sub(l).sum().mul(0.5),
    right: { "m, (e^l - 1)/2": (m, l) => [m, l.exp().sub(1).mul(0.5)] },
    wrong: { "e^l - 1": (m, l) => [m, l.exp().sub(1)], "2m": (m, l) => [m.mul(2), l.exp().sub(1).mul(0.5)] },
  }),
  listed({
    name: "Gaussian log-likelihood by its scale",
    source: `${bishop}, 1.53`,
    at: (d) => [d.uniform([], 0.5, 2), d.normal([6])] as const,
    loss: (s: Tensor, x: Tensor) => x.div(s).square().sum().mul(0.5).add(s.log().mul(6)),
    right: {
      "n/s - Σx²/s³": (s, x) =>
        s
          .reciprocal()
          .mul(6)
          .sub(x.square().sum().div(s.pow(3))),
    },
    wrong: {
      "1/s - Σx²/s³": (s, x) => s.reciprocal().sub(x.square().sum().div(s.pow(3))),
      "n/s - Σx²/s²": (s, x) => s.reciprocal().mul(6).sub(x.square().sum().div(s.square())),
    },
  }),
  listed({
    name: "cosine similarity",
    source: textbook,
    at: (d) => [d.normal([4]), d.normal([4])] as const,
    loss: (x: Tensor, a: Tensor) => x.dot(a).div(sqrt(x.dot(x)).mul(sqrt(a.dot(a)))),
    right: { "(a - x(x'a)/x'x)/(‖x‖‖a‖)": (x, a) => a.sub(x.mul(x.dot(a).div(x.dot(x)))).div(sqrt(x.dot(x)).mul(sqrt(a.dot(a)))) },
    wrong: { "no projection": (x, a) => a.div(sqrt(x.dot(x)).mul(sqrt(a.dot(a)))) },
  }),
  listed({
    name: "triplet",
    source: "Schroff, Kalenichenko and Philbin, CVPR 2015",
    at: (d) => [d.normal([3]), d.normal([3]), d.normal([3])] as const,
    loss: (a: Tensor, p: Tensor, n: Tensor) => a.sub(p).square().sum().sub(a.sub(n).square().sum()).add(50),
    right: { "2(n - p)": (_a, p, n) => n.sub(p).mul(2) },
    wrong: { "2(p - n)": (_a, p, n) => p.sub(n).mul(2), "2(a - p)": (a, p, _n) => a.sub(p).mul(2) },
  }),
  listed({
    name: "focal",
    source: "Lin et al., ICCV 2017, appendix",
    at: (d) => [d.normal([4])],
    loss: (x: Tensor) => {
      const p = sigmoid(x);
      return p.neg().add(1).square().mul(p.log()).neg().sum();
    },
    right: {
      "(1 - p)²(2p log p - (1 - p))": (x) => {
        const p = sigmoid(x);
        const q = p.neg().add(1);
        return q.square().mul(p.mul(p.log()).mul(2).sub(q));
      },
    },
    wrong: {
      "-(1 - p)³": (x) => sigmoid(x).neg().add(1).pow(3).neg(),
      "γ dropped": (x) => {
        const p = sigmoid(x);
        const q = p.neg().add(1);
        return q.square().mul(p.mul(p.log()).sub(q));
      },
    },
  }),
  listed({
    name: "hinge",
    source: "Cortes and Vapnik, Machine Learning 20 (1995) 273-297",
    at: (d) => [tensor([2, -0.5, -0.5, 0.2]).add(d.uniform([4], -0.4, 0.4)), tensor([1, 1, -1, -1])] as const,
    loss: (s: Tensor, y: Tensor) => y.mul(s).neg().add(1).relu().mean(),
    right: { "-y/n inside the margin": (s, y) => y.neg().mul(y.mul(s).less(1).cast("float64")).div(4) },
    wrong: {
      "-y/n everywhere": (_s, y) => y.neg().div(4),
      "where misclassified alone": (s, y) => y.neg().mul(y.mul(s).less(0).cast("float64")).div(4),
      "no 1/n": (s, y) => y.neg().mul(y.mul(s).less(1).cast("float64")),
    },
  }),
  listed({
    name: "pinball at 0.9",
    source: "Koenker and Bassett, Econometrica 46 (1978) 33-50",
    at: (d) => [d.normal([4]), d.uniform([4], 0.3, 1).mul(tensor([1, -1, 1, -1]))] as const,
    loss: (q: Tensor, r: Tensor) => {
      const e = detach(q).add(r).sub(q);
      return maximum(e.mul(0.9), e.mul(-0.1)).sum();
    },
    right: { "-0.9 above, 0.1 below": (_q, r) => where(r.greater(0), -0.9, 0.1) },
    wrong: {
      "0.9 and 0.1 exchanged": (_q, r) => where(r.greater(0), -0.1, 0.9),
      "by the target": (_q, r) => where(r.greater(0), 0.9, -0.1),
    },
  }),
  listed({
    name: "Dice",
    source: "Milletari, Navab and Ahmadi, 3DV 2016",
    at: (d) => [d.uniform([6], 0.05, 0.95), tensor([1, 0, 1, 1, 0, 0])] as const,
    loss: (p: Tensor, y: Tensor) => p.dot(y).mul(2).div(p.sum().add(y.sum())).neg().add(1),
    right: {
      "2(I - yS)/S²": (p, y) => {
        const s = p.sum().add(y.sum());
        return p.dot(y).sub(y.mul(s)).mul(2).div(s.square());
      },
    },
    wrong: {
      "S taken for constant": (p, y) => y.mul(-2).div(p.sum().add(y.sum())),
      "sign of the overlap": (p, y) => {
        const s = p.sum().add(y.sum());
        return p.dot(y).add(y.mul(s)).mul(-2).div(s.square());
      },
    },
  }),
  listed({
    name: "smoothed labels",
    source: "Szegedy et al., CVPR 2016, 7",
    at: (d) => [d.normal([4, 3]), oneHot(d.classes(4, 3), 3)] as const,
    loss: (z: Tensor, y: Tensor) =>
      logsumexp(z, { axes: 1 })
        .sub(z.mul(smoothed(y)).sum({ axes: 1 }))
        .mean(),
    right: { "(p - t)/m": (z, y) => softmax(z, { axes: 1 }).sub(smoothed(y)).div(4) },
    wrong: {
      "(p - y)/m": (z, y) => softmax(z, { axes: 1 }).sub(y).div(4),
      "ε not shared out": (z, y) => softmax(z, { axes: 1 }).sub(y.mul(0.9).add(0.1)).div(4),
    },
  }),
  listed({
    name: "contrast of one positive with four negatives",
    source: "van den Oord, Li and Vinyals, arXiv:1807.03748",
    at: (d) => [d.normal([3]), d.normal([5, 3])] as const,
    loss: (q: Tensor, k: Tensor) => logsumexp(k.matmul(q).div(0.2)).sub(k.at(0).dot(q).div(0.2)),
    right: {
      "K'(p - e₀)/τ": (q, k) =>
        k
          .transpose()
          .matmul(softmax(k.matmul(q).div(0.2)).sub(tensor([1, 0, 0, 0, 0])))
          .div(0.2),
    },
    wrong: {
      "no 1/τ": (q, k) => k.transpose().matmul(softmax(k.matmul(q).div(0.2)).sub(tensor([1, 0, 0, 0, 0]))),
      "τ forgotten in the softmax": (q, k) =>
        k
          .transpose()
          .matmul(softmax(k.matmul(q)).sub(tensor([1, 0, 0, 0, 0])))
          .div(0.2),
    },
  }),
  listed({
    name: "distillation at temperature 4",
    source: "Hinton, Vinyals and Dean, arXiv:1503.02531, 2.1",
    at: (d) => [d.normal([5], 3), d.normal([5], 3)] as const,
    loss: (z: Tensor, t: Tensor) => {
      const p = softmax(t.div(4));
      return p
        .mul(p.log().sub(softmax(z.div(4)).log()))
        .sum()
        .mul(16);
    },
    right: {
      "T(q - p)": (z, t) =>
        softmax(z.div(4))
          .sub(softmax(t.div(4)))
          .mul(4),
    },
    wrong: {
      "(q - p)/T": (z, t) =>
        softmax(z.div(4))
          .sub(softmax(t.div(4)))
          .div(4),
      "T²(q - p)": (z, t) =>
        softmax(z.div(4))
          .sub(softmax(t.div(4)))
          .mul(16),
      "at temperature 1": (z, t) => softmax(z).sub(softmax(t)),
    },
  }),
  listed({
    name: "cross-entropy with weighted positives",
    source: "King and Zeng, Political Analysis 9 (2001) 137-163, 4.2",
    at: (d) => [d.normal([5]), tensor([1, 0, 1, 0, 0])] as const,
    loss: (z: Tensor, y: Tensor) => y.mul(3).mul(z.neg().softplus()).add(y.neg().add(1).mul(z.softplus())).mean(),
    right: {
      "((1 - y)h - wy(1 - h))/n": (z, y) => {
        const h = sigmoid(z);
        return y
          .neg()
          .add(1)
          .mul(h)
          .sub(y.mul(3).mul(h.neg().add(1)))
          .div(5);
      },
    },
    wrong: {
      "w(h - y)/n": (z, y) => sigmoid(z).sub(y).mul(3).div(5),
      "(h - wy)/n": (z, y) => sigmoid(z).sub(y.mul(3)).div(5),
      "divided by the weights": (z, y) => {
        const h = sigmoid(z);
        return y
          .neg()
          .add(1)
          .mul(h)
          .sub(y.mul(3).mul(h.neg().add(1)))
          .div(9);
      },
    },
  }),
  listed({
    name: "policy gradient",
    source: "Williams, Machine Learning 8 (1992) 229-256",
    at: (d) => [d.normal([4]), d.uniform([], 0.5, 2)] as const,
    loss: (z: Tensor, a: Tensor) => z.at(2).sub(logsumexp(z)).mul(a).neg(),
    right: {
      "A(p - e)": (z, a) =>
        softmax(z)
          .sub(tensor([0, 0, 1, 0]))
          .mul(a),
    },
    wrong: {
      "A(e - p)": (z, a) => tensor([0, 0, 1, 0]).sub(softmax(z)).mul(a),
      "the action's logit alone": (z, a) =>
        softmax(z)
          .sub(1)
          .mul(tensor([0, 0, 1, 0]))
          .mul(a),
    },
  }),
  listed({
    name: "clipped surrogate",
    source: "Schulman et al., arXiv:1707.06347, equation 7",
    at: (d) => [tensor([0.5, 0.5, -0.5, -0.5, 0.05]).add(d.uniform([5], -0.05, 0.05)), tensor([1, -1, 1, -1, 1])] as const,
    loss: (l: Tensor, a: Tensor) => minimum(l.exp().mul(a), l.exp().clip(0.8, 1.2).mul(a)).mean(),
    right: {
      "rA/n where not cut off": (l, a) => {
        const r = l.exp();
        return r
          .mul(a)
          .mul(where(a.greater(0), r.less(1.2), r.greater(0.8)).cast("float64"))
          .div(5);
      },
    },
    wrong: {
      "rA/n inside the clip alone": (l, a) => {
        const r = l.exp();
        return r
          .mul(a)
          .mul(r.less(1.2).logicalAnd(r.greater(0.8)).cast("float64"))
          .div(5);
      },
      "rA/n everywhere": (l, a) => l.exp().mul(a).div(5),
    },
  }),
];
