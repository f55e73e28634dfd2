/** Gradients of layers of networks. It knows formulas. */
import {
  concat,
  convolution,
  logSoftmax,
  matmul,
  oneHot,
  ones,
  outer,
  sigmoid,
  softmax,
  sqrt,
  tensor,
  type Tensor,
  where,
} from "@cotangent/core";
import { goodfellow, listed, type ListedGradient } from "./list.ts";

const deviation = (x: Tensor, epsilon: number, axis = 1): Tensor =>
  sqrt(
    x
      .sub(x.mean({ axes: axis, keepDims: true }))
      .square()
      .mean({ axes: axis, keepDims: true })
      .add(epsilon),
  );
const normalised = (x: Tensor, epsilon: number, axis = 1): Tensor =>
  x.sub(x.mean({ axes: axis, keepDims: true })).div(deviation(x, epsilon, axis));

/** The gradient of ΣGPV by the scores, P their softmax. */
const scores = (q: Tensor, k: Tensor, v: Tensor, g: Tensor): Tensor => {
  const p = softmax(q.matmul(k.transpose()).div(Math.sqrt(3)), { axes: 1 });
  const dp = g.matmul(v.transpose());
  return p.mul(dp.sub(p.mul(dp).sum({ axes: 1, keepDims: true })));
};
const past = ones([4, 4]).tril().greater(0);

/** The two halves of four entries turned against each other by two angles. */
const rotated = (x: Tensor, a: Tensor): Tensor => {
  const [first, second] = [x.slice([0, 2]), x.slice([2, 4])];
  return concat([first.mul(a.cos()).sub(second.mul(a.sin())), first.mul(a.sin()).add(second.mul(a.cos()))]);
};

const words = tensor([0, 2, 1, 2], "int32");
const nextWords = oneHot(tensor([2, 1, 2, 0], "int32"), 4);

/** States h = tanh(e) of the words, and the loss's gradient by the scores he'. */
function tied(e: Tensor): { h: Tensor; g: Tensor } {
  const h = e.take(words, { axis: 0 }).tanh();
  return { h, g: softmax(h.matmul(e.transpose()), { axes: 1 }).sub(nextWords).div(4) };
}
function tiedOutput(e: Tensor): Tensor {
  const { h, g } = tied(e);
  return g.transpose().matmul(h);
}
/** Brings the gradients of the states back to the rows named; a row that there is not gets nothing. */
function tiedInput(e: Tensor, rows: Tensor): Tensor {
  const { h, g } = tied(e);
  return oneHot(rows, 4)
    .transpose()
    .matmul(g.matmul(e).mul(h.square().neg().add(1)));
}

const attention = (q: Tensor, k: Tensor): Tensor => softmax(q.matmul(k.transpose()).div(Math.sqrt(3)), { axes: 1 });

function attended(q: Tensor, k: Tensor, v: Tensor, w: Tensor, scale: number): readonly Tensor[] {
  const p = attention(q, k);
  const g = w.matmul(v.transpose());
  const byScores = p.mul(g.sub(p.mul(g).sum({ axes: 1, keepDims: true }))).div(scale);
  return [byScores.matmul(k), byScores.transpose().matmul(q), p.transpose().matmul(w)];
}

/** Layers. */
export const layers: readonly ListedGradient[] = [
  listed({
    name: "linear layer by its weights",
    source: goodfellow,
    at: (d) => [d.normal([3, 2]), d.normal([4, 3]), d.normal([4, 2])] as const,
    loss: (w: Tensor, x: Tensor, g: Tensor) => x.matmul(w).mul(g).sum(),
    right: { "X'G": (_w, x, g) => x.transpose().matmul(g) },
    wrong: { "mean over the batch": (_w, x, g) => x.transpose().matmul(g).div(4) },
  }),
  listed({
    name: "layer normalisation",
    source: "Ba, Kiros and Hinton, arXiv:1607.06450",
    at: (d) => [d.normal([3, 5]), d.normal([3, 5])] as const,
    loss: (x: Tensor, g: Tensor) => normalised(x, 1e-5).mul(g).sum(),
    right: {
      "(g - mean g - y mean(gy))/σ": (x, g) => {
        const y = normalised(x, 1e-5);
        const s = deviation(x, 1e-5);
        return g
          .sub(g.mean({ axes: 1, keepDims: true }))
          .sub(y.mul(g.mul(y).mean({ axes: 1, keepDims: true })))
          .div(s);
      },
    },
    wrong: {
      "no term through σ": (x, g) => {
        const s = deviation(x, 1e-5);
        return g.sub(g.mean({ axes: 1, keepDims: true })).div(s);
      },
      "no term through μ": (x, g) => {
        const y = normalised(x, 1e-5);
        const s = deviation(x, 1e-5);
        return g.sub(y.mul(g.mul(y).mean({ axes: 1, keepDims: true }))).div(s);
      },
      "g/σ": (x, g) => g.div(deviation(x, 1e-5)),
      "ε = 1e-3": (x, g) => {
        const y = normalised(x, 1e-3);
        const s = deviation(x, 1e-3);
        return g
          .sub(g.mean({ axes: 1, keepDims: true }))
          .sub(y.mul(g.mul(y).mean({ axes: 1, keepDims: true })))
          .div(s);
      },
    },
  }),
  listed({
    name: "RMS normalisation",
    source: "Zhang and Sennrich, NeurIPS 2019",
    at: (d) => [d.normal([6]), d.normal([6])] as const,
    loss: (x: Tensor, g: Tensor) => x.div(sqrt(x.square().mean())).mul(g).sum(),
    right: {
      "(g - y mean(gy))/r": (x, g) => {
        const r = sqrt(x.square().mean());
        const y = x.div(r);
        return g.sub(y.mul(g.mul(y).mean())).div(r);
      },
    },
    wrong: {
      "sum for mean": (x, g) => {
        const r = sqrt(x.square().mean());
        const y = x.div(r);
        return g.sub(y.mul(g.mul(y).sum())).div(r);
      },
      "g/r": (x, g) => g.div(sqrt(x.square().mean())),
    },
  }),
  listed({
    name: "attention by the queries",
    source: "Vaswani et al., NeurIPS 2017",
    at: (d) => [d.normal([2, 3]), d.normal([4, 3]), d.normal([4, 2]), d.normal([2, 2])] as const,
    loss: (q: Tensor, k: Tensor, v: Tensor, g: Tensor) =>
      softmax(q.matmul(k.transpose()).div(Math.sqrt(3)), { axes: 1 })
        .matmul(v)
        .mul(g)
        .sum(),
    right: {
      "dS K/√d": (q, k, v, g) => {
        const p = softmax(q.matmul(k.transpose()).div(Math.sqrt(3)), { axes: 1 });
        const dp = g.matmul(v.transpose());
        const ds = p.mul(dp.sub(p.mul(dp).sum({ axes: 1, keepDims: true })));
        return ds.matmul(k).div(Math.sqrt(3));
      },
    },
    wrong: {
      "no 1/√d": (q, k, v, g) => {
        const p = softmax(q.matmul(k.transpose()).div(Math.sqrt(3)), { axes: 1 });
        const dp = g.matmul(v.transpose());
        const ds = p.mul(dp.sub(p.mul(dp).sum({ axes: 1, keepDims: true })));
        return ds.matmul(k);
      },
      "1/d for 1/√d": (q, k, v, g) => {
        const p = softmax(q.matmul(k.transpose()).div(Math.sqrt(3)), { axes: 1 });
        const dp = g.matmul(v.transpose());
        const ds = p.mul(dp.sub(p.mul(dp).sum({ axes: 1, keepDims: true })));
        return ds.matmul(k).div(3);
      },
      "off-diagonal softmax terms dropped": (q, k, v, g) => {
        const p = softmax(q.matmul(k.transpose()).div(Math.sqrt(3)), { axes: 1 });
        return p.mul(p.neg().add(1)).mul(g.matmul(v.transpose())).matmul(k).div(Math.sqrt(3));
      },
    },
  }),
  listed({
    name: "two-layer network",
    source: goodfellow,
    wrt: [0, 1],
    at: (d) => [d.normal([3, 4]), d.normal([4]), d.normal([5, 3]), d.normal([5])] as const,
    loss: (w: Tensor, v: Tensor, x: Tensor, y: Tensor) => x.matmul(w).tanh().matmul(v).sub(y).square().mean(),
    right: {
      backpropagation: (w, v, x, y) => {
        const h = x.matmul(w).tanh();
        const r = h
          .matmul(v)
          .sub(y)
          .mul(2 / 5);
        return [x.transpose().matmul(outer(r, v).mul(h.square().neg().add(1))), h.transpose().matmul(r)];
      },
    },
    wrong: {
      "no tanh'": (w, v, x, y) => {
        const h = x.matmul(w).tanh();
        const r = h
          .matmul(v)
          .sub(y)
          .mul(2 / 5);
        return [x.transpose().matmul(outer(r, v)), h.transpose().matmul(r)];
      },
      "tanh' of the activation twice": (w, v, x, y) => {
        const h = x.matmul(w).tanh();
        const r = h
          .matmul(v)
          .sub(y)
          .mul(2 / 5);
        return [x.transpose().matmul(outer(r, v).mul(h.square().neg().add(1).square())), h.transpose().matmul(r)];
      },
    },
  }),
  listed({
    name: "recurrent step unrolled twice",
    source: "Werbos, Proceedings of the IEEE 78 (1990) 1550-1560",
    at: (d) => [d.normal([]), d.normal([]), d.normal([])] as const,
    loss: (w: Tensor, a: Tensor, b: Tensor) => w.mul(w.mul(a).tanh()).add(b).tanh(),
    right: {
      "both steps": (w, a, b) => {
        const h = w.mul(a).tanh();
        const o = w.mul(h).add(b).tanh();
        return o
          .square()
          .neg()
          .add(1)
          .mul(h.add(w.mul(h.square().neg().add(1)).mul(a)));
      },
    },
    wrong: {
      "the last step alone": (w, a, b) => {
        const h = w.mul(a).tanh();
        const o = w.mul(h).add(b).tanh();
        return o.square().neg().add(1).mul(h);
      },
      "no inner tanh'": (w, a, b) => {
        const h = w.mul(a).tanh();
        const o = w.mul(h).add(b).tanh();
        return o
          .square()
          .neg()
          .add(1)
          .mul(h.add(w.mul(a)));
      },
    },
  }),
  listed({
    name: "gated unit by the gate",
    source: "Dauphin et al., ICML 2017",
    at: (d) => [d.normal([4]), d.normal([4])] as const,
    loss: (z: Tensor, v: Tensor) => sigmoid(z).mul(v).square().sum(),
    right: {
      "2σv²σ(1 - σ)": (z, v) => {
        const s = sigmoid(z);
        return s.square().mul(v.square()).mul(s.neg().add(1)).mul(2);
      },
    },
    wrong: {
      "v once": (z, v) => {
        const s = sigmoid(z);
        return s.square().mul(v).mul(s.neg().add(1)).mul(2);
      },
    },
  }),
  listed({
    name: "embedding rows",
    source: goodfellow,
    at: (d) => [d.normal([4, 2]), tensor([0, 2, 2], "int32"), d.normal([3, 2])] as const,
    loss: (e: Tensor, i: Tensor, g: Tensor) => e.take(i, { axis: 0 }).mul(g).sum(),
    right: { "rows added where repeated": (_e, i, g) => matmul(oneHot(i, 4).transpose(), g) },
    wrong: {
      "last row wins": (_e, _i, g) =>
        tensor([
          [1, 0, 0],
          [0, 0, 0],
          [0, 0, 1],
          [0, 0, 0],
        ]).matmul(g),
    },
  }),
  listed({
    name: "batch normalisation",
    source: "Ioffe and Szegedy, ICML 2015, 3",
    at: (d) => [d.normal([5, 3]), d.normal([5, 3])] as const,
    loss: (x: Tensor, g: Tensor) => normalised(x, 1e-5, 0).mul(g).sum(),
    right: {
      "(g - mean g - y mean(gy))/σ over the batch": (x, g) => {
        const y = normalised(x, 1e-5, 0);
        return g
          .sub(g.mean({ axes: 0, keepDims: true }))
          .sub(y.mul(g.mul(y).mean({ axes: 0, keepDims: true })))
          .div(deviation(x, 1e-5, 0));
      },
    },
    wrong: {
      "statistics taken for constant": (x, g) => g.div(deviation(x, 1e-5, 0)),
      "means over the features": (x, g) => {
        const y = normalised(x, 1e-5, 0);
        return g
          .sub(g.mean({ axes: 1, keepDims: true }))
          .sub(y.mul(g.mul(y).mean({ axes: 1, keepDims: true })))
          .div(deviation(x, 1e-5, 0));
      },
      "variance by n - 1": (x, g) => {
        const y = normalised(x, 1e-5, 0);
        return g
          .sub(g.mean({ axes: 0, keepDims: true }))
          .sub(y.mul(g.mul(y).sum({ axes: 0, keepDims: true }).div(4)))
          .div(deviation(x, 1e-5, 0));
      },
    },
  }),
  listed({
    name: "weight normalisation",
    source: "Salimans and Kingma, NIPS 2016, equation 3",
    wrt: [0, 1],
    at: (d) => [d.normal([4]), d.uniform([], 0.5, 2), d.normal([4])] as const,
    loss: (v: Tensor, s: Tensor, g: Tensor) =>
      v
        .div(sqrt(v.dot(v)))
        .mul(s)
        .dot(g),
    right: {
      "s(g - u(u'g))/‖v‖, u'g": (v, s, g) => {
        const n = sqrt(v.dot(v));
        const u = v.div(n);
        return [
          g
            .sub(u.mul(u.dot(g)))
            .mul(s)
            .div(n),
          u.dot(g),
        ];
      },
    },
    wrong: {
      "‖v‖ taken for constant": (v, s, g) => {
        const n = sqrt(v.dot(v));
        return [g.mul(s).div(n), v.div(n).dot(g)];
      },
      "s left out": (v, _s, g) => {
        const n = sqrt(v.dot(v));
        const u = v.div(n);
        return [g.sub(u.mul(u.dot(g))).div(n), u.dot(g)];
      },
    },
  }),
  listed({
    name: "attention by the keys",
    source: "Vaswani et al., NeurIPS 2017",
    at: (d) => [d.normal([3, 3]), d.normal([3, 3]), d.normal([3, 2]), d.normal([3, 2])] as const,
    loss: (k: Tensor, q: Tensor, v: Tensor, g: Tensor) =>
      softmax(q.matmul(k.transpose()).div(Math.sqrt(3)), { axes: 1 })
        .matmul(v)
        .mul(g)
        .sum(),
    right: { "dS'Q/√d": (k, q, v, g) => scores(q, k, v, g).transpose().matmul(q).div(Math.sqrt(3)) },
    wrong: {
      "dS Q/√d": (k, q, v, g) => scores(q, k, v, g).matmul(q).div(Math.sqrt(3)),
      "dS'K/√d": (k, q, v, g) => scores(q, k, v, g).transpose().matmul(k).div(Math.sqrt(3)),
    },
  }),
  listed({
    name: "attention by the values",
    source: "Vaswani et al., NeurIPS 2017",
    at: (d) => [d.normal([3, 2]), d.normal([3, 3]), d.normal([3, 3]), d.normal([3, 2])] as const,
    loss: (v: Tensor, q: Tensor, k: Tensor, g: Tensor) =>
      softmax(q.matmul(k.transpose()).div(Math.sqrt(3)), { axes: 1 })
        .matmul(v)
        .mul(g)
        .sum(),
    right: {
      "P'G": (_v, q, k, g) =>
        softmax(q.matmul(k.transpose()).div(Math.sqrt(3)), { axes: 1 })
          .transpose()
          .matmul(g),
    },
    wrong: {
      PG: (_v, q, k, g) => softmax(q.matmul(k.transpose()).div(Math.sqrt(3)), { axes: 1 }).matmul(g),
      "softmax over the queries": (_v, q, k, g) =>
        softmax(q.matmul(k.transpose()).div(Math.sqrt(3)), { axes: 0 })
          .transpose()
          .matmul(g),
    },
  }),
  listed({
    name: "causal attention by its scores",
    source: "Vaswani et al., NeurIPS 2017, 3.2.3",
    at: (d) => [d.normal([4, 4]), d.normal([4, 4])] as const,
    loss: (s: Tensor, g: Tensor) =>
      softmax(where(past, s, -1e9), { axes: 1 })
        .mul(g)
        .sum(),
    right: {
      "p(g - Σpg) in the past": (s, g) => {
        const p = softmax(where(past, s, -1e9), { axes: 1 });
        return p.mul(g.sub(p.mul(g).sum({ axes: 1, keepDims: true })));
      },
    },
    wrong: {
      "without the mask": (s, g) => {
        const p = softmax(s, { axes: 1 });
        return p.mul(g.sub(p.mul(g).sum({ axes: 1, keepDims: true })));
      },
      "masked after the softmax": (s, g) => {
        const p = softmax(s, { axes: 1 }).mul(past.cast("float64"));
        return p.mul(g.sub(p.mul(g).sum({ axes: 1, keepDims: true })));
      },
    },
  }),
  listed({
    name: "convolution by its kernel",
    source: "LeCun et al., Neural Computation 1 (1989) 541-551",
    at: (d) => [d.normal([1, 1, 3]), d.normal([1, 1, 7]), d.normal([1, 1, 5])] as const,
    loss: (k: Tensor, x: Tensor, g: Tensor) => convolution(x, k).mul(g).sum(),
    right: { "the input correlated with g": (_k, x, g) => convolution(x, g) },
    wrong: {
      flipped: (_k, x, g) => convolution(x, g).flip(2),
      "convolved with g": (_k, x, g) => convolution(x, g.flip(2)),
    },
  }),
  listed({
    name: "convolution by its input",
    source: "LeCun et al., Neural Computation 1 (1989) 541-551",
    at: (d) => [d.normal([1, 1, 7]), d.normal([1, 1, 3]), d.normal([1, 1, 5])] as const,
    loss: (x: Tensor, k: Tensor, g: Tensor) => convolution(x, k).mul(g).sum(),
    right: { "g convolved in full": (_x, k, g) => convolution(g, k.flip(2), { padding: 2 }) },
    wrong: {
      "kernel not flipped": (_x, k, g) => convolution(g, k, { padding: 2 }),
      "shifted by one": (_x, k, g) => convolution(g, k.flip(2), { padding: [[1, 3]] }),
    },
  }),
  listed({
    name: "dropout of a fixed mask",
    source: "Srivastava et al., Journal of Machine Learning Research 15 (2014) 1929-1958",
    at: (d) => [d.normal([6]), tensor([1, 0, 1, 1, 0, 1]), d.normal([6])] as const,
    loss: (x: Tensor, m: Tensor, g: Tensor) => x.mul(m).div(0.6).dot(g),
    right: { "gm/(1 - p)": (_x, m, g) => g.mul(m).div(0.6) },
    wrong: {
      "no 1/(1 - p)": (_x, m, g) => g.mul(m),
      "1/p for 1/(1 - p)": (_x, m, g) => g.mul(m).div(0.4),
      "no mask": (_x, _m, g) => g.div(0.6),
    },
  }),
  listed({
    name: "residual block",
    source: "He et al., CVPR 2016",
    at: (d) => [d.normal([3]), d.normal([3, 3]), d.normal([3])] as const,
    loss: (x: Tensor, w: Tensor, g: Tensor) => x.add(w.matmul(x).tanh()).dot(g),
    right: {
      "g + W'(g(1 - t²))": (x, w, g) =>
        w
          .transpose()
          .matmul(g.mul(w.matmul(x).tanh().square().neg().add(1)))
          .add(g),
    },
    wrong: {
      "no path around": (x, w, g) => w.transpose().matmul(g.mul(w.matmul(x).tanh().square().neg().add(1))),
      "W not transposed": (x, w, g) => w.matmul(g.mul(w.matmul(x).tanh().square().neg().add(1))).add(g),
    },
  }),
  listed({
    name: "rotary position",
    source: "Su et al., arXiv:2104.09864, equation 34",
    at: (d) => [d.normal([4]), d.uniform([2], 0.3, 1.2), d.normal([4])] as const,
    loss: (x: Tensor, a: Tensor, g: Tensor) => rotated(x, a).dot(g),
    right: { "g turned back": (_x, a, g) => rotated(g, a.neg()) },
    wrong: { "g turned on": (_x, a, g) => rotated(g, a), "the halves exchanged": (_x, a, g) => rotated(g, a.neg()).roll(2) },
  }),
  listed({
    name: "max pooling",
    source: goodfellow,
    at: (d) => [tensor([3, 1, 2, 5, 4, 0]).add(d.uniform([6], 0, 0.5)), d.normal([3])] as const,
    loss: (x: Tensor, g: Tensor) => x.reshape([3, 2]).max({ axes: 1 }).dot(g),
    right: {
      "g at the largest of each pair": (x, g) => {
        const pairs = x.reshape([3, 2]);
        return pairs
          .equal(pairs.max({ axes: 1, keepDims: true }))
          .cast("float64")
          .mul(g.reshape([3, 1]))
          .reshape([6]);
      },
    },
    wrong: {
      "shared out as by a mean": (_x, g) =>
        ones([3, 2])
          .mul(g.reshape([3, 1]))
          .div(2)
          .reshape([6]),
      "at the first of each pair": (_x, g) =>
        tensor([1, 0])
          .mul(g.reshape([3, 1]))
          .reshape([6]),
    },
  }),
  listed({
    name: "embeddings that are weights of the output too",
    source: "Press and Wolf, EACL (2017) 157-163",
    at: (d) => [d.normal([4, 3])],
    loss: (e: Tensor) =>
      logSoftmax(e.take(words, { axis: 0 }).tanh().matmul(e.transpose()), { axes: 1 })
        .mul(nextWords)
        .sum()
        .div(-4),
    right: { "both uses": (e) => tiedOutput(e).add(tiedInput(e, words)) },
    wrong: {
      "as weights of the output alone": (e) => tiedOutput(e),
      "as embeddings alone": (e) => tiedInput(e, words),
      "the repeated word counted once": (e) => tiedOutput(e).add(tiedInput(e, tensor([0, 4, 1, 2], "int32"))),
    },
  }),
  listed({
    name: "attention by queries, keys and values",
    source: "Vaswani et al., NeurIPS (2017), 1",
    wrt: [0, 1, 2],
    at: (d) => [d.normal([2, 3]), d.normal([4, 3]), d.normal([4, 3]), d.normal([2, 3])] as const,
    loss: (q: Tensor, k: Tensor, v: Tensor, w: Tensor) => attention(q, k).matmul(v).mul(w).sum(),
    right: { "by the chain rule": (q, k, v, w) => attended(q, k, v, w, Math.sqrt(3)) },
    wrong: {
      "no 1/√d": (q, k, v, w) => attended(q, k, v, w, 1),
      "1/d for 1/√d": (q, k, v, w) => attended(q, k, v, w, 3),
      "values twice": (q, k, v, w) => {
        const [byQueries, byKeys, byValues] = attended(q, k, v, w, Math.sqrt(3));
        return [byQueries, byKeys, byValues!.mul(2)];
      },
    },
  }),
];
