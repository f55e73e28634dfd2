/** Gradients of elementwise functions. It knows formulas. */
import { ones, sigmoid, tensor, type Tensor, where } from "@cotangent/core";
import { density, goodfellow, listed, type ListedGradient, logistic, numbers, root2OverPi, textbook } from "./list.ts";

/** 2^k π. */
const octaves = tensor(Float64Array.from({ length: 10 }, (_, k) => 2 ** k * Math.PI));

/** Elementwise functions, summed. */
export const elementwise: readonly ListedGradient[] = [
  listed({
    name: "square",
    source: textbook,
    at: (d) => [d.normal([4])],
    loss: (x: Tensor) => x.square().sum(),
    right: { "in ops": (x) => x.mul(2), "in numbers": numbers((x) => 2 * x) },
    wrong: { "no factor 2": (x) => x, "a relative 1e-4": (x) => x.mul(2.0002), "a relative 1e-7": (x) => x.mul(2 * (1 + 1e-7)) },
  }),
  listed({
    name: "cube",
    source: textbook,
    at: (d) => [d.uniform([3], 0.2, 2).mul(tensor([1, -1, 1]))],
    loss: (x: Tensor) => x.pow(3).sum(),
    right: { "in ops": (x) => x.square().mul(3) },
    wrong: { "exponent not lowered": (x) => x.pow(3).mul(3), "sign lost": (x) => x.square().mul(3).mul(x.sign()) },
  }),
  listed({
    name: "sigmoid",
    source: goodfellow,
    at: (d) => [d.normal([5], 2)],
    loss: (x: Tensor) => x.sigmoid().sum(),
    right: {
      "h(1 - h)": (x) => x.sigmoid().mul(x.sigmoid().neg().add(1)),
      "σ(x)σ(-x)": (x) => x.sigmoid().mul(x.neg().sigmoid()),
      "in numbers": numbers((x) => logistic(x) * logistic(-x)),
    },
    wrong: { "x(1 - x)": (x) => x.mul(x.neg().add(1)), "h(1 + h)": (x) => x.sigmoid().mul(x.sigmoid().add(1)), h: (x) => x.sigmoid() },
  }),
  listed({
    name: "saturated sigmoid",
    source: goodfellow,
    at: (d) => [d.uniform([4], 30, 45)],
    loss: (x: Tensor) => x.sigmoid().sum(),
    right: { "h(1 - h)": (x) => x.sigmoid().mul(x.sigmoid().neg().add(1)), "σ(x)σ(-x)": (x) => x.sigmoid().mul(x.neg().sigmoid()) },
    wrong: { zero: (x) => x.mul(0), "e^x": (x) => x.exp() },
  }),
  listed({
    name: "tanh",
    source: goodfellow,
    at: (d) => [d.normal([5])],
    loss: (x: Tensor) => x.tanh().sum(),
    right: { "1 - t²": (x) => x.tanh().square().neg().add(1), "in numbers": numbers((x) => 1 - Math.tanh(x) ** 2) },
    wrong: { "1 - t": (x) => x.tanh().neg().add(1), "1 - x²": (x) => x.square().neg().add(1), "1 + t²": (x) => x.tanh().square().add(1) },
  }),
  listed({
    name: "softplus",
    source: "Dugas et al., NIPS 13 (2001)",
    at: (d) => [d.normal([5], 3)],
    loss: (x: Tensor) => x.softplus().sum(),
    right: { σ: (x) => x.sigmoid() },
    wrong: { "σ(-x)": (x) => x.neg().sigmoid(), "e^x/(1+e^x)²": (x) => x.exp().div(x.exp().add(1).square()) },
  }),
  listed({
    name: "relu away from 0",
    source: goodfellow,
    at: (d) => [d.uniform([6], 0.2, 2).mul(tensor([1, -1, 1, 1, -1, -1]))],
    loss: (x: Tensor) => x.relu().sum(),
    right: { step: (x) => x.greater(0).cast("float64") },
    wrong: { one: (x) => x.mul(0).add(1), "step the other way": (x) => x.less(0).cast("float64") },
  }),
  listed({
    name: "exact GELU",
    source: "Hendrycks and Gimpel, arXiv:1606.08415",
    at: (d) => [d.normal([5])],
    loss: (x: Tensor) => x.mul(x.mul(Math.SQRT1_2).erf().add(1)).mul(0.5).sum(),
    right: {
      "Φ + xφ": (x) =>
        x
          .mul(Math.SQRT1_2)
          .erf()
          .add(1)
          .mul(0.5)
          .add(x.mul(density(x))),
    },
    wrong: {
      "of the tanh form": (x) => {
        const inner = x.add(x.pow(3).mul(0.044715)).mul(root2OverPi);
        const t = inner.tanh();
        return t
          .add(1)
          .mul(0.5)
          .add(
            x
              .mul(0.5)
              .mul(t.square().neg().add(1))
              .mul(
                x
                  .square()
                  .mul(3 * 0.044715)
                  .add(1),
              )
              .mul(root2OverPi),
          );
      },
      "Φ alone": (x) => x.mul(Math.SQRT1_2).erf().add(1).mul(0.5),
    },
  }),
  listed({
    name: "tanh GELU",
    source: "Hendrycks and Gimpel, arXiv:1606.08415",
    at: (d) => [d.normal([5])],
    loss: (x: Tensor) => x.add(x.pow(3).mul(0.044715)).mul(root2OverPi).tanh().add(1).mul(x).mul(0.5).sum(),
    right: {
      "by the product rule": (x) => {
        const t = x.add(x.pow(3).mul(0.044715)).mul(root2OverPi).tanh();
        return t
          .add(1)
          .mul(0.5)
          .add(
            x
              .mul(0.5)
              .mul(t.square().neg().add(1))
              .mul(
                x
                  .square()
                  .mul(3 * 0.044715)
                  .add(1),
              )
              .mul(root2OverPi),
          );
      },
    },
    wrong: {
      "of the exact form": (x) =>
        x
          .mul(Math.SQRT1_2)
          .erf()
          .add(1)
          .mul(0.5)
          .add(x.mul(density(x))),
      "0.044715 without its 3": (x) => {
        const t = x.add(x.pow(3).mul(0.044715)).mul(root2OverPi).tanh();
        return t
          .add(1)
          .mul(0.5)
          .add(x.mul(0.5).mul(t.square().neg().add(1)).mul(x.square().mul(0.044715).add(1)).mul(root2OverPi));
      },
      "0.044715 cut to 0.0447": (x) => {
        const t = x.add(x.pow(3).mul(0.0447)).mul(root2OverPi).tanh();
        return t
          .add(1)
          .mul(0.5)
          .add(
            x
              .mul(0.5)
              .mul(t.square().neg().add(1))
              .mul(
                x
                  .square()
                  .mul(3 * 0.0447)
                  .add(1),
              )
              .mul(root2OverPi),
          );
      },
    },
  }),
  listed({
    name: "SiLU",
    source: "Elfwing, Uchibe and Doya, Neural Networks 107 (2018) 3-11",
    at: (d) => [d.normal([5])],
    loss: (x: Tensor) => x.mul(x.sigmoid()).sum(),
    right: { "σ(1 + x(1 - σ))": (x) => x.sigmoid().mul(x.mul(x.sigmoid().neg().add(1)).add(1)) },
    wrong: {
      "σ + x(1 - σ)": (x) => x.sigmoid().add(x.mul(x.sigmoid().neg().add(1))),
      "σ(1 - xσ)": (x) => x.sigmoid().mul(x.mul(x.sigmoid()).neg().add(1)),
    },
  }),
  listed({
    name: "Mish",
    source: "Misra, arXiv:1908.08681",
    at: (d) => [d.normal([4])],
    loss: (x: Tensor) => x.mul(x.softplus().tanh()).sum(),
    right: {
      "t + xσ(1 - t²)": (x) => {
        const t = x.softplus().tanh();
        return t.add(x.mul(x.sigmoid()).mul(t.square().neg().add(1)));
      },
    },
    wrong: {
      "no σ": (x) => {
        const t = x.softplus().tanh();
        return t.add(x.mul(t.square().neg().add(1)));
      },
    },
  }),
  listed({
    name: "log",
    source: textbook,
    at: (d) => [d.uniform([4], 0.1, 5)],
    loss: (x: Tensor) => x.log().sum(),
    right: { "1/x": (x) => x.reciprocal() },
    wrong: { "1/(x + 1e-4)": (x) => x.add(1e-4).reciprocal(), "-1/x²": (x) => x.square().reciprocal().neg() },
  }),
  listed({
    name: "decimal logarithm",
    source: textbook,
    at: (d) => [d.uniform([4], 0.1, 5)],
    loss: (x: Tensor) => x.log().div(Math.LN10).sum(),
    right: { "1/(x ln 10)": (x) => x.mul(Math.LN10).reciprocal() },
    wrong: { "no ln 10": (x) => x.reciprocal(), "times ln 10": (x) => x.reciprocal().mul(Math.LN10) },
  }),
  listed({
    name: "log of a tiny number",
    source: textbook,
    at: (d) => [d.uniform([3], 1e-200, 9e-200)],
    loss: (x: Tensor) => x.log().sum(),
    right: { "1/x": (x) => x.reciprocal(), "in numbers": numbers((x) => 1 / x) },
    wrong: { "clipped at 1e-12": (x) => x.clip(1e-12, Infinity).reciprocal(), half: (x) => x.reciprocal().mul(0.5) },
  }),
  listed({
    name: "x log x",
    source: textbook,
    at: (d) => [d.uniform([4], 0.1, 3)],
    loss: (x: Tensor) => x.mul(x.log()).sum(),
    right: { "log x + 1": (x) => x.log().add(1) },
    wrong: { "log x": (x) => x.log(), "log x + x": (x) => x.log().add(x) },
  }),
  listed({
    name: "square root",
    source: textbook,
    at: (d) => [d.uniform([4], 0.2, 4)],
    loss: (x: Tensor) => x.sqrt().sum(),
    right: { "1/(2√x)": (x) => x.sqrt().mul(2).reciprocal() },
    wrong: { "1/√x": (x) => x.sqrt().reciprocal(), "√x/2": (x) => x.sqrt().mul(0.5) },
  }),
  listed({
    name: "reciprocal",
    source: textbook,
    at: (d) => [d.uniform([4], 0.2, 4)],
    loss: (x: Tensor) => x.reciprocal().sum(),
    right: { "-1/x²": (x) => x.square().reciprocal().neg() },
    wrong: { "1/x²": (x) => x.square().reciprocal() },
  }),
  listed({
    name: "high frequency",
    source: textbook,
    at: (d) => [d.uniform([4], 1, 2)],
    loss: (x: Tensor) => x.mul(1000).sin().sum(),
    right: { "in ops": (x) => x.mul(1000).cos().mul(1000), "in numbers": numbers((x) => 1000 * Math.cos(1000 * x)) },
    wrong: {
      "no factor 1000": (x) => x.mul(1000).cos(),
      "a relative 1e-6": (x) => x.mul(1000).cos().mul(1000.001),
      "phase off by 1e-4": (x) => x.mul(1000).add(1e-4).cos().mul(1000),
    },
  }),
  listed({
    name: "sinc",
    source: textbook,
    at: (d) => [d.uniform([4], 0.3, 6)],
    loss: (x: Tensor) => x.sin().div(x).sum(),
    right: { "by the quotient rule": (x) => x.mul(x.cos()).sub(x.sin()).div(x.square()) },
    wrong: { "cos x/1": (x) => x.cos(), "plus for minus": (x) => x.mul(x.cos()).add(x.sin()).div(x.square()) },
  }),
  listed({
    name: "x to the x",
    source: textbook,
    at: (d) => [d.uniform([3], 0.3, 2)],
    loss: (x: Tensor) => x.pow(x).sum(),
    right: { "x^x(1 + log x)": (x) => x.pow(x).mul(x.log().add(1)) },
    wrong: { "x·x^(x-1)": (x) => x.mul(x.pow(x.sub(1))), "x^x log x": (x) => x.pow(x).mul(x.log()) },
  }),
  listed({
    name: "Gaussian",
    source: textbook,
    at: (d) => [d.normal([4])],
    loss: (x: Tensor) => x.square().mul(-0.5).exp().sum(),
    right: { "-x e^(-x²/2)": (x) => x.neg().mul(x.square().mul(-0.5).exp()) },
    wrong: { "-2x e^(-x²/2)": (x) => x.mul(-2).mul(x.square().mul(-0.5).exp()), "-x e^(-x²)": (x) => x.neg().mul(x.square().neg().exp()) },
  }),
  listed({
    name: "arc tangent",
    source: textbook,
    at: (d) => [d.normal([4], 2)],
    loss: (x: Tensor) => x.atan().sum(),
    right: { "1/(1 + x²)": (x) => x.square().add(1).reciprocal() },
    wrong: { "1/(1 - x²)": (x) => x.square().neg().add(1).reciprocal() },
  }),
  listed({
    name: "log gamma",
    source: "Abramowitz and Stegun (1964), 6.3.1",
    at: (d) => [d.uniform([4], 0.5, 8)],
    loss: (x: Tensor) => x.lgamma().sum(),
    right: { digamma: (x) => x.digamma() },
    wrong: { "log x": (x) => x.log(), "log x - 1/(2x)": (x) => x.log().sub(x.mul(2).reciprocal()) },
  }),
  listed({
    name: "error function",
    source: "Abramowitz and Stegun (1964), 7.1.19",
    at: (d) => [d.normal([4])],
    loss: (x: Tensor) => x.erf().sum(),
    right: {
      "2/√π e^(-x²)": (x) =>
        x
          .square()
          .neg()
          .exp()
          .mul(2 / Math.sqrt(Math.PI)),
    },
    wrong: { "1/√(2π) e^(-x²/2)": (x) => density(x), "√(2/π) e^(-x²)": (x) => x.square().neg().exp().mul(root2OverPi) },
  }),
  listed({
    name: "ELU",
    source: "Clevert, Unterthiner and Hochreiter, arXiv:1511.07289",
    at: (d) => [d.uniform([5], 0.2, 2).mul(tensor([1, -1, 1, -1, -1]))],
    loss: (x: Tensor) => where(x.greater(0), x, x.exp().sub(1)).sum(),
    right: { "e^x below zero": (x) => where(x.greater(0), 1, x.exp()) },
    wrong: { "e^x - 1 below zero": (x) => where(x.greater(0), 1, x.exp().sub(1)), "e^x everywhere": (x) => x.exp() },
  }),
  listed({
    name: "leaky relu",
    source: "Maas, Hannun and Ng, ICML 2013 workshop on deep learning for audio, speech and language processing",
    at: (d) => [d.uniform([5], 0.2, 2).mul(tensor([1, -1, 1, -1, -1]))],
    loss: (x: Tensor) => where(x.greater(0), x, x.mul(0.01)).sum(),
    right: { "0.01 below zero": (x) => where(x.greater(0), 1, 0.01).mul(ones([5])) },
    wrong: { "0.1 below zero": (x) => where(x.greater(0), 1, 0.1), "0 below zero": (x) => x.greater(0).cast("float64") },
  }),
  listed({
    name: "softsign",
    source: "Glorot and Bengio, AISTATS 2010",
    at: (d) => [d.uniform([4], 0.2, 3).mul(tensor([1, -1, 1, -1]))],
    loss: (x: Tensor) => x.div(x.abs().add(1)).sum(),
    right: { "1/(1 + |x|)²": (x) => x.abs().add(1).square().reciprocal() },
    wrong: { "1/(1 + |x|)": (x) => x.abs().add(1).reciprocal(), "1/(1 + x²)": (x) => x.square().add(1).reciprocal() },
  }),
  listed({
    name: "hard swish",
    source: "Howard et al., ICCV 2019, 5.2",
    at: (d) => [tensor([-4, -2, 1, 4]).add(d.uniform([4], -0.4, 0.4))],
    loss: (x: Tensor) => x.mul(x.add(3).clip(0, 6)).div(6).sum(),
    right: { "in three pieces": (x) => where(x.greater(3), 1, where(x.less(-3), 0, x.mul(2).add(3).div(6))) },
    wrong: { "the middle everywhere": (x) => x.mul(2).add(3).div(6), "the gate alone": (x) => x.add(3).clip(0, 6).div(6) },
  }),
  listed({
    name: "Swish by its slope",
    source: "Ramachandran, Zoph and Le, arXiv:1710.05941",
    at: (d) => [d.uniform([], 0.5, 2), d.normal([6])] as const,
    loss: (b: Tensor, x: Tensor) => x.mul(sigmoid(x.mul(b))).sum(),
    right: {
      "Σ x²σ(1 - σ)": (b, x) => {
        const s = sigmoid(x.mul(b));
        return x.square().mul(s).mul(s.neg().add(1)).sum();
      },
    },
    wrong: {
      "Σ xσ(1 - σ)": (b, x) => {
        const s = sigmoid(x.mul(b));
        return x.mul(s).mul(s.neg().add(1)).sum();
      },
      "Σ βx²σ(1 - σ)": (b, x) => {
        const s = sigmoid(x.mul(b));
        return x.square().mul(b).mul(s).mul(s.neg().add(1)).sum();
      },
    },
  }),
  listed({
    name: "saturated tanh",
    source: goodfellow,
    at: (d) => [d.uniform([4], 12, 20)],
    loss: (x: Tensor) => x.tanh().sum(),
    right: { "1 - t²": (x) => x.tanh().square().neg().add(1), "1/cosh²": (x) => x.cosh().square().reciprocal() },
    wrong: { zero: (x) => x.mul(0), "2e^(-2x)": (x) => x.mul(-2).exp().mul(2), "4e^(-x)": (x) => x.neg().exp().mul(4) },
  }),
  listed({
    name: "arc sine near its edge",
    source: "Abramowitz and Stegun (1964), 4.4.52",
    at: (d) => [d.uniform([3], 1e-9, 9e-9).neg().add(1)],
    loss: (x: Tensor) => x.asin().sum(),
    right: {
      "1/√(1 - x²)": (x) => x.square().neg().add(1).sqrt().reciprocal(),
      "1/√((1 - x)(1 + x))": (x) => x.neg().add(1).mul(x.add(1)).sqrt().reciprocal(),
    },
    wrong: {
      "1/√(2(1 - x)) without the 2": (x) => x.neg().add(1).sqrt().reciprocal(),
      "1/(1 - x²)": (x) => x.square().neg().add(1).reciprocal(),
    },
  }),
  listed({
    name: "barriers of a box a millionth wide",
    source: "Boyd and Vandenberghe, Convex Optimization (2004), 11.2",
    at: (d) => [d.uniform([3], 1 + 2e-7, 1 + 4e-7)],
    loss: (x: Tensor) => x.sub(1).log().add(x.neg().add(1.000001).log()).neg().sum(),
    right: { "-1/(x - l) + 1/(u - x)": (x) => x.neg().add(1.000001).reciprocal().sub(x.sub(1).reciprocal()) },
    wrong: {
      "-1/(x - l) - 1/(u - x)": (x) => x.neg().add(1.000001).reciprocal().add(x.sub(1).reciprocal()).neg(),
      "the lower barrier alone": (x) => x.sub(1).reciprocal().neg(),
    },
  }),
  listed({
    name: "log odds",
    source: textbook,
    at: (d) => [d.uniform([4], 0.05, 0.95)],
    loss: (p: Tensor) => p.div(p.neg().add(1)).log().sum(),
    right: { "1/(p(1 - p))": (p) => p.mul(p.neg().add(1)).reciprocal() },
    wrong: { "1/p - 1/(1 - p)": (p) => p.reciprocal().sub(p.neg().add(1).reciprocal()), "p(1 - p)": (p) => p.mul(p.neg().add(1)) },
  }),
  listed({
    name: "positional features",
    source: "Mildenhall et al., ECCV 2020, equation 4",
    at: (d) => [d.uniform([], 0.1, 0.9), d.normal([10])] as const,
    loss: (x: Tensor, a: Tensor) => x.mul(octaves).sin().dot(a),
    right: { "Σ 2^k π a cos(2^k πx)": (x, a) => x.mul(octaves).cos().mul(octaves).dot(a) },
    wrong: {
      "no π": (x, a) => x.mul(octaves).cos().mul(octaves.div(Math.PI)).dot(a),
      "one octave too low": (x, a) => x.mul(octaves).cos().mul(octaves.div(2)).dot(a),
      "π cut to 3.1416": (x, a) =>
        x
          .mul(octaves)
          .cos()
          .mul(octaves.mul(3.1416 / Math.PI))
          .dot(a),
    },
  }),
];
