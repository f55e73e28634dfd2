/** Gradients of likelihoods of probabilistic models. It knows formulas. */
import { eye, logsumexp, ones, outer, softmax, tensor, type Tensor } from "@cotangent/core";
import { bishop, cookbook, determinant, inverse, listed, type ListedGradient } from "./list.ts";

/** The logarithms of the weighted densities of unit Gaussians, less a constant: one row an observation. */
const mixtureTerms = (m: Tensor, x: Tensor): Tensor =>
  m
    .sub(x.reshape([6, 1]))
    .square()
    .mul(-0.5)
    .add(tensor([Math.log(0.3), Math.log(0.7)]));
function weibull(a: Tensor, b: Tensor, t: Tensor, died: Tensor): readonly Tensor[] {
  const [k, u] = [a.exp(), t.div(b.exp())];
  const hazard = u.pow(k);
  const byShape = died.mul(k.mul(u.log()).add(1)).sub(hazard.mul(k).mul(u.log()));
  return [byShape.sum().neg(), died.sub(hazard).mul(k).sum()];
}

/** Log-likelihoods of probabilistic models. */
export const likelihoods: readonly ListedGradient[] = [
  listed({
    name: "gamma by its shape",
    source: "Minka, Estimating a gamma distribution, Microsoft Research (2002)",
    at: (d) => [d.uniform([], 0.5, 4), d.uniform([6], 0.2, 5)] as const,
    loss: (a: Tensor, x: Tensor) =>
      a
        .sub(1)
        .mul(x.log())
        .sub(a.lgamma())
        .sum()
        .add(a.mul(6 * Math.LN2)),
    right: { "Σ log x + n(log β - ψ(α))": (a, x) => x.log().sum().sub(a.digamma().sub(Math.LN2).mul(6)) },
    wrong: {
      "log α for ψ(α)": (a, x) => x.log().sum().sub(a.log().sub(Math.LN2).mul(6)),
      "n forgotten": (a, x) => x.log().sum().sub(a.digamma().sub(Math.LN2)),
    },
  }),
  listed({
    name: "Dirichlet",
    source: "Minka, Estimating a Dirichlet distribution, MIT (2000), equation 6",
    at: (d) => [d.uniform([3], 0.5, 4), softmax(d.normal([3]))] as const,
    loss: (a: Tensor, p: Tensor) => a.sum().lgamma().sub(a.lgamma().sum()).add(a.sub(1).dot(p.log())),
    right: { "ψ(Σα) - ψ(α) + log p": (a, p) => a.sum().digamma().sub(a.digamma()).add(p.log()) },
    wrong: {
      "no ψ(Σα)": (a, p) => a.digamma().neg().add(p.log()),
      "Σψ(α) for ψ(Σα)": (a, p) => a.digamma().sum().sub(a.digamma()).add(p.log()),
      "ψ(α) added": (a, p) => a.sum().digamma().add(a.digamma()).add(p.log()),
    },
  }),
  listed({
    name: "Student t by its location",
    source: "Lange, Little and Taylor, Journal of the American Statistical Association 84 (1989) 881-896",
    at: (d) => [d.normal([]), d.normal([6], 3)] as const,
    loss: (m: Tensor, x: Tensor) => x.sub(m).square().div(12).add(1).log().sum().mul(2),
    right: {
      "-(ν + 1)Σr/(νs² + r²)": (m, x) => {
        const r = x.sub(m);
        return r.div(r.square().add(12)).sum().mul(-4);
      },
    },
    wrong: {
      "ν for ν + 1": (m, x) => {
        const r = x.sub(m);
        return r.div(r.square().add(12)).sum().mul(-3);
      },
      "of a Gaussian": (m, x) => x.sub(m).div(12).sum().mul(-4),
    },
  }),
  listed({
    name: "mixture of two Gaussians by its means",
    source: `${bishop}, 9.16`,
    at: (d) => [d.normal([2], 2), d.normal([6], 2)] as const,
    loss: (m: Tensor, x: Tensor) => logsumexp(mixtureTerms(m, x), { axes: 1 }).sum().neg(),
    right: {
      "Σ γ(m - x)": (m, x) =>
        softmax(mixtureTerms(m, x), { axes: 1 })
          .mul(m.sub(x.reshape([6, 1])))
          .sum({ axes: 0 }),
    },
    wrong: {
      "no responsibilities": (m, x) => m.sub(x.reshape([6, 1])).sum({ axes: 0 }),
      "weights for responsibilities": (m, x) =>
        m
          .sub(x.reshape([6, 1]))
          .mul(tensor([0.3, 0.7]))
          .sum({ axes: 0 }),
      "weights left out of the responsibilities": (m, x) =>
        softmax(
          m
            .sub(x.reshape([6, 1]))
            .square()
            .mul(-0.5),
          { axes: 1 },
        )
          .mul(m.sub(x.reshape([6, 1])))
          .sum({ axes: 0 }),
    },
  }),
  listed({
    name: "partial likelihood of a proportional hazard",
    source: "Cox, Journal of the Royal Statistical Society B 34 (1972) 187-220",
    at: (d) => [d.normal([5])],
    loss: (h: Tensor) => h.exp().cumsum({ reverse: true }).log().sum().sub(h.sum()),
    right: {
      "e^η Σ 1/S - 1": (h) => {
        const s = h.exp().cumsum({ reverse: true });
        return h.exp().mul(s.reciprocal().cumsum()).sub(1);
      },
    },
    wrong: {
      "own risk set alone": (h) =>
        h
          .exp()
          .div(h.exp().cumsum({ reverse: true }))
          .sub(1),
      "risk sets from the wrong end": (h) => {
        const s = h.exp().cumsum({ reverse: true });
        return h
          .exp()
          .mul(s.reciprocal().cumsum({ reverse: true }))
          .sub(1);
      },
    },
  }),
  listed({
    name: "precision of a Gaussian",
    source: cookbook(57),
    at: (d) =>
      [
        eye(2)
          .mul(3)
          .add(ones([2, 2]).mul(d.uniform([], -0.5, 0.5))),
        d.normal([2]),
      ] as const,
    loss: (s: Tensor, x: Tensor) =>
      determinant(s)
        .log()
        .sub(x.dot(s.matmul(x)))
        .mul(0.5),
    right: {
      "(S⁻ᵀ - xx')/2": (s, x) => inverse(s).transpose().sub(outer(x, x)).mul(0.5),
    },
    wrong: {
      "no 1/2": (s, x) => inverse(s).transpose().sub(outer(x, x)),
      "S for S⁻ᵀ": (s, x) => s.sub(outer(x, x)).mul(0.5),
    },
  }),
  listed({
    name: "negative binomial by its mean",
    source: "Cameron and Trivedi, Regression Analysis of Count Data (2013), 3.3",
    at: (d) => [d.uniform([5], 0.5, 6), d.uniform([5], 0, 9).floor()] as const,
    loss: (m: Tensor, y: Tensor) => y.add(2).mul(m.add(2).log()).sub(y.mul(m.log())).sum(),
    right: { "(y + r)/(m + r) - y/m": (m, y) => y.add(2).div(m.add(2)).sub(y.div(m)) },
    wrong: { "1 - y/m, of a Poisson": (m, y) => y.div(m).neg().add(1), "y/(m + r) - y/m": (m, y) => y.div(m.add(2)).sub(y.div(m)) },
  }),
  listed({
    name: "censored Weibull by log shape and log scale",
    source: "Klein and Moeschberger, Survival Analysis (2003), 12.2",
    wrt: [0, 1],
    at: (d) => [d.normal([], 0.3), d.normal([], 0.3), d.uniform([5], 0.3, 2), tensor([1, 1, 0, 1, 0])] as const,
    loss: (a: Tensor, b: Tensor, t: Tensor, died: Tensor) => {
      const [k, u] = [a.exp(), t.div(b.exp())];
      return died
        .mul(a.sub(b).add(k.sub(1).mul(u.log())))
        .sub(u.pow(k))
        .sum()
        .neg();
    },
    right: { "in logarithms": (a, b, t, died) => weibull(a, b, t, died) },
    wrong: {
      "all of them died": (a, b, t) => weibull(a, b, t, t.mul(0).add(1)),
      "by the shape itself": (a, b, t, died) => {
        const [byShape, byScale] = weibull(a, b, t, died);
        return [byShape!.div(a.exp()), byScale];
      },
    },
  }),
];
