/** Gradients through time: recurrent units and iterated maps. It knows formulas. */
import { logsumexp, sigmoid, softmax, stack, tensor, type Tensor } from "@cotangent/core";
import { bishop, listed, type ListedGradient } from "./list.ts";

/** The state after each step of h = tanh(wh + ux). */
function states(w: Tensor, u: Tensor, x: Tensor): Tensor[] {
  const found = [u.mul(x.at(0)).tanh()];
  for (let t = 1; t < x.size; t++)
    found.push(
      w
        .mul(found.at(-1)!)
        .add(u.mul(x.at(t)))
        .tanh(),
    );
  return found;
}

/** Back through the steps: the gradients by w and u when `carry` says what of a state's gradient the one before it receives. */
function backward(w: Tensor, u: Tensor, x: Tensor, carry: (step: number, own: Tensor) => Tensor): [Tensor, Tensor] {
  const h = states(w, u, x);
  let [byW, byU, g] = [w.mul(0), u.mul(0), w.mul(0).add(1)];
  for (let t = h.length - 1; t >= 0; t--) {
    const own = g.mul(h[t]!.square().neg().add(1));
    if (t > 0) byW = byW.add(own.mul(h[t - 1]!));
    byU = byU.add(own.mul(x.at(t)));
    g = carry(t, own);
  }
  return [byW, byU];
}

/** The gates and cell of one step of a long short-term memory. */
const cellOf = (i: Tensor, f: Tensor, g: Tensor, c: Tensor): Tensor => sigmoid(f).mul(c).add(sigmoid(i).mul(g.tanh()));

const mapped = (rate: Tensor, x: Tensor, steps: number): Tensor[] => {
  const found = [x];
  for (let n = 0; n < steps; n++) found.push(rate.mul(found.at(-1)!).mul(found.at(-1)!.neg().add(1)));
  return found;
};

/** Log probabilities of what was seen up to each step together with the state there; of log emissions e and log transitions a. */
function forwards(e: Tensor, a: Tensor): Tensor[] {
  const found: Tensor[] = [e.at(0)];
  for (let t = 1; t < e.shape[0]!; t++) found.push(logsumexp(found.at(-1)!.expandDims(1).add(a), { axes: 0 }).add(e.at(t)));
  return found;
}

/** The probabilities of the states at each step, given what `carry` brings back of the steps after it. */
function posteriors(e: Tensor, a: Tensor, carry: (later: Tensor) => Tensor): Tensor {
  const rows: Tensor[] = [];
  let later = e.at(0).mul(0);
  for (const [back, alpha] of forwards(e, a).reverse().entries()) {
    rows.unshift(softmax(alpha.add(later)));
    later = carry(e.at(e.shape[0]! - 1 - back).add(later));
  }
  return stack(rows);
}

/** One number filtered: noise of 0.5 in y, variance 1 at first, growing by q a step. Gives ½ Σ v²/S + ln S, and its slope by q as far as `by` says. */
function filtered(q: Tensor, y: Tensor, by: { readonly mean: number; readonly variance: number }): { loss: Tensor; slope: Tensor } {
  let [m, p, dm, dp, loss, slope] = [q.mul(0), q.mul(0).add(1), q.mul(0), q.mul(0), q.mul(0), q.mul(0)];
  for (let t = 0; t < y.size; t++) {
    [p, dp] = [p.add(q), dp.add(1)];
    const [s, v] = [p.add(0.5), y.at(t).sub(m)];
    const [gain, dgain] = [p.div(s), dp.mul(0.5).div(s.square())];
    loss = loss.add(v.square().div(s).add(s.log()).mul(0.5));
    slope = slope.sub(v.mul(dm).div(s)).add(dp.div(s).mul(0.5)).sub(v.square().mul(dp).div(s.square()).mul(0.5));
    dm = dm.sub(gain.mul(dm)).add(dgain.mul(v).mul(by.mean));
    dp = dp.sub(gain.mul(dp)).sub(dgain.mul(p).mul(by.variance));
    m = m.add(gain.mul(v));
    p = p.sub(gain.mul(p));
  }
  return { loss, slope };
}

/** Gradients through time. */
export const recurrences: readonly ListedGradient[] = [
  listed({
    name: "six steps of a recurrent unit",
    source: "Werbos, Proceedings of the IEEE 78 (1990) 1550-1560",
    wrt: [0, 1],
    at: (d) => [d.uniform([], 0.4, 1.2), d.uniform([], 0.4, 1.2), d.normal([6])] as const,
    loss: (w: Tensor, u: Tensor, x: Tensor) => states(w, u, x).at(-1)!,
    right: { "back through all steps": (w, u, x) => backward(w, u, x, (_t, own) => own.mul(w)) },
    wrong: {
      "truncated after three steps": (w, u, x) => backward(w, u, x, (t, own) => (t > 3 ? own.mul(w) : own.mul(0))),
      "w forgotten on the way": (w, u, x) => backward(w, u, x, (_t, own) => own),
      "the first step left out": (w, u, x) => backward(w, u, x, (t, own) => (t > 1 ? own.mul(w) : own.mul(0))),
    },
  }),
  listed({
    name: "long short-term memory by its gates",
    source: "Gers, Schmidhuber and Cummins, Neural Computation 12 (2000) 2451-2471",
    wrt: [0, 1, 2, 3],
    at: (d) => [d.normal([3]), d.normal([3]), d.normal([3]), d.normal([3]), d.normal([3])] as const,
    loss: (i: Tensor, f: Tensor, g: Tensor, o: Tensor, c: Tensor) =>
      sigmoid(o)
        .mul(cellOf(i, f, g, c).tanh())
        .sum(),
    right: {
      "through the cell": (i, f, g, o, c) => {
        const [si, sf, so, cell] = [sigmoid(i), sigmoid(f), sigmoid(o), cellOf(i, f, g, c).tanh()];
        const dc = so.mul(cell.square().neg().add(1));
        return [
          dc.mul(g.tanh()).mul(si).mul(si.neg().add(1)),
          dc.mul(c).mul(sf).mul(sf.neg().add(1)),
          dc.mul(si).mul(g.tanh().square().neg().add(1)),
          cell.mul(so).mul(so.neg().add(1)),
        ];
      },
    },
    wrong: {
      "no tanh' of the cell": (i, f, g, o, c) => {
        const [si, sf, so, cell] = [sigmoid(i), sigmoid(f), sigmoid(o), cellOf(i, f, g, c).tanh()];
        return [
          so.mul(g.tanh()).mul(si).mul(si.neg().add(1)),
          so.mul(c).mul(sf).mul(sf.neg().add(1)),
          so.mul(si).mul(g.tanh().square().neg().add(1)),
          cell.mul(so).mul(so.neg().add(1)),
        ];
      },
      "input and forget gates exchanged": (i, f, g, o, c) => {
        const [si, sf, so, cell] = [sigmoid(i), sigmoid(f), sigmoid(o), cellOf(i, f, g, c).tanh()];
        const dc = so.mul(cell.square().neg().add(1));
        return [
          dc.mul(c).mul(sf).mul(sf.neg().add(1)),
          dc.mul(g.tanh()).mul(si).mul(si.neg().add(1)),
          dc.mul(si).mul(g.tanh().square().neg().add(1)),
          cell.mul(so).mul(so.neg().add(1)),
        ];
      },
    },
  }),
  listed({
    name: "gated recurrent unit by its update gate",
    source: "Cho et al., EMNLP 2014",
    at: (d) => [d.normal([4]), d.normal([4]), d.normal([4]), d.normal([4])] as const,
    loss: (z: Tensor, h: Tensor, n: Tensor, g: Tensor) => sigmoid(z).mul(h).add(sigmoid(z).neg().add(1).mul(n.tanh())).dot(g),
    right: { "σ(1 - σ)(h - n)g": (z, h, n, g) => sigmoid(z).mul(sigmoid(z).neg().add(1)).mul(h.sub(n.tanh())).mul(g) },
    wrong: {
      "the roles of z and 1 - z exchanged": (z, h, n, g) => sigmoid(z).mul(sigmoid(z).neg().add(1)).mul(n.tanh().sub(h)).mul(g),
      "the candidate's path left out": (z, h, _n, g) => sigmoid(z).mul(sigmoid(z).neg().add(1)).mul(h).mul(g),
    },
  }),
  listed({
    name: "the logistic map after 20 steps",
    source: "May, Nature 261 (1976) 459-467",
    at: (d) => [d.uniform([], 0.2, 0.4), tensor(3.875)] as const,
    loss: (x: Tensor, rate: Tensor) => mapped(rate, x, 20).at(-1)!,
    right: {
      "∏ r(1 - 2x)": (x, rate) =>
        mapped(rate, x, 19)
          .map((own) => own.mul(-2).add(1).mul(rate))
          .reduce((product, factor) => product.mul(factor)),
    },
    wrong: {
      "one step short": (x, rate) =>
        mapped(rate, x, 18)
          .map((own) => own.mul(-2).add(1).mul(rate))
          .reduce((product, factor) => product.mul(factor)),
      "a relative 1e-4": (x, rate) =>
        mapped(rate, x, 19)
          .map((own) => own.mul(-2).add(1).mul(rate))
          .reduce((product, factor) => product.mul(factor))
          .mul(1.0001),
    },
  }),
  listed({
    name: "hidden Markov model by its log emissions",
    source: `${bishop}, 13.33`,
    at: (d) => [d.normal([4, 3]), d.normal([3, 3])] as const,
    loss: (e: Tensor, a: Tensor) => logsumexp(forwards(e, a).at(-1)!),
    right: { "forward and backward": (e, a) => posteriors(e, a, (later) => logsumexp(a.add(later.expandDims(0)), { axes: 1 })) },
    wrong: {
      "forward alone": (e, a) => posteriors(e, a, (later) => later.mul(0)),
      "transitions transposed on the way back": (e, a) =>
        posteriors(e, a, (later) => logsumexp(a.transpose().add(later.expandDims(0)), { axes: 1 })),
    },
  }),
  listed({
    name: "Kalman filter by the noise of its state",
    source: "Gupta and Mehra, IEEE Transactions on Automatic Control 19 (1974) 774-783",
    at: (d) => [d.uniform([], 0.2, 1), d.normal([3])] as const,
    loss: (q: Tensor, y: Tensor) => filtered(q, y, { mean: 1, variance: 1 }).loss,
    right: { sensitivities: (q, y) => filtered(q, y, { mean: 1, variance: 1 }).slope },
    wrong: {
      "gain constant in the mean": (q, y) => filtered(q, y, { mean: 0, variance: 1 }).slope,
      "gain constant in the variance": (q, y) => filtered(q, y, { mean: 1, variance: 0 }).slope,
    },
  }),
];
