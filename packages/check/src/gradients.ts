/**
 * A public list of gradients with sources, right and wrong, that checkers can be held against. It knows formulas; a wrong one differs from the
 * right one the way people get it wrong. Entries are drawn from a seed, inside the domain of the formula.
 */
import {
  diag,
  einsum,
  eye,
  logsumexp,
  matmul,
  maximum,
  minimum,
  oneHot,
  ones,
  outer,
  sigmoid,
  softmax,
  sqrt,
  sum,
  type Tensor,
  tensor,
  where,
} from "@cotangent/core";
import { uniformFrom } from "./draw.ts";

/** Random entries from a seed. */
export interface Entries {
  readonly uniform: (shape: readonly number[], low?: number, high?: number) => Tensor;
  readonly normal: (shape: readonly number[], scale?: number) => Tensor;
  /** Zeros and ones. */
  readonly bits: (shape: readonly number[]) => Tensor;
  readonly classes: (count: number, classes: number) => Tensor;
}

/** A loss with its gradient and gradients that are not. */
export interface ListedGradient {
  readonly name: string;
  readonly source: string;
  readonly wrt?: number | readonly number[];
  readonly at: (draw: Entries) => readonly unknown[];
  readonly loss: (...args: never[]) => Tensor | number;
  readonly right: Readonly<Record<string, (...args: never[]) => unknown>>;
  /** By what is wrong with each. */
  readonly wrong: Readonly<Record<string, (...args: never[]) => unknown>>;
}

/** Entries that are the same for the same seed. */
export function entriesFrom(seed: number): Entries {
  const next = uniformFrom(seed);
  const fill = (shape: readonly number[], entry: () => number): Tensor =>
    tensor(Float64Array.from({ length: shape.reduce((size, side) => size * side, 1) }, entry), { shape });
  const gaussian = (): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return {
    uniform: (shape, low = 0, high = 1) => fill(shape, () => low + (high - low) * next()),
    normal: (shape, scale = 1) => fill(shape, () => scale * gaussian()),
    bits: (shape) => fill(shape, () => (next() < 0.5 ? 0 : 1)),
    classes: (count, classes) => tensor(Int32Array.from({ length: count }, () => Math.floor(next() * classes))),
  };
}

type Case<A extends readonly unknown[]> = Omit<ListedGradient, "at" | "loss" | "right" | "wrong"> & {
  readonly at: (draw: Entries) => readonly [...A];
  readonly loss: (...args: A) => Tensor | number;
  readonly right: Readonly<Record<string, (...args: A) => unknown>>;
  readonly wrong: Readonly<Record<string, (...args: A) => unknown>>;
};

const listed = <A extends readonly unknown[]>(one: Case<A>): ListedGradient => one as unknown as ListedGradient;

const cookbook = (equation: number): string => `Petersen and Pedersen, The Matrix Cookbook (2012), equation ${equation}`;
const textbook = "elementary calculus";
const goodfellow = "Goodfellow, Bengio and Courville, Deep Learning (2016)";
const bishop = "Bishop, Pattern Recognition and Machine Learning (2006)";

const numbers =
  (f: (x: number) => number) =>
  (x: Tensor): Float64Array =>
    Float64Array.from(x.values, f);
const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
const root2OverPi = Math.sqrt(2 / Math.PI);
const density = (x: Tensor): Tensor =>
  x
    .square()
    .mul(-0.5)
    .exp()
    .mul(1 / Math.sqrt(2 * Math.PI));

/** Elementwise functions, summed. */
const elementwise: readonly ListedGradient[] = [
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
    at: (d) => [d.normal([3])],
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
    at: (d) => [d.uniform([6], 0.2, 2).mul(d.bits([6]).mul(2).sub(1))],
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
];

/** Sums, means and norms. */
const reductions: readonly ListedGradient[] = [
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
];

/** Matrix calculus. */
const matrices: readonly ListedGradient[] = [
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
];

const residual = (t: Tensor, x: Tensor, y: Tensor): Tensor => sigmoid(x.matmul(t)).sub(y);
const crossEntropy = (t: Tensor, x: Tensor, y: Tensor): Tensor => {
  const z = x.matmul(t);
  return z.softplus().sub(y.mul(z)).mean();
};
const logitData = (d: Entries): readonly [Tensor, Tensor, Tensor] => [d.normal([3]), d.normal([5, 3]), d.bits([5])];

/** Losses of models. */
const losses: readonly ListedGradient[] = [
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
    at: (d) => [d.normal([6], 2)],
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
];

const normalised = (x: Tensor, epsilon: number): Tensor => {
  const c = x.sub(x.mean({ axes: 1, keepDims: true }));
  return c.div(sqrt(c.square().mean({ axes: 1, keepDims: true }).add(epsilon)));
};

/** Layers. */
const layers: readonly ListedGradient[] = [
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
        const s = sqrt(
          x
            .sub(x.mean({ axes: 1, keepDims: true }))
            .square()
            .mean({ axes: 1, keepDims: true })
            .add(1e-5),
        );
        return g
          .sub(g.mean({ axes: 1, keepDims: true }))
          .sub(y.mul(g.mul(y).mean({ axes: 1, keepDims: true })))
          .div(s);
      },
    },
    wrong: {
      "no term through σ": (x, g) => {
        const s = sqrt(
          x
            .sub(x.mean({ axes: 1, keepDims: true }))
            .square()
            .mean({ axes: 1, keepDims: true })
            .add(1e-5),
        );
        return g.sub(g.mean({ axes: 1, keepDims: true })).div(s);
      },
      "no term through μ": (x, g) => {
        const y = normalised(x, 1e-5);
        const s = sqrt(
          x
            .sub(x.mean({ axes: 1, keepDims: true }))
            .square()
            .mean({ axes: 1, keepDims: true })
            .add(1e-5),
        );
        return g.sub(y.mul(g.mul(y).mean({ axes: 1, keepDims: true }))).div(s);
      },
      "g/σ": (x, g) =>
        g.div(
          sqrt(
            x
              .sub(x.mean({ axes: 1, keepDims: true }))
              .square()
              .mean({ axes: 1, keepDims: true })
              .add(1e-5),
          ),
        ),
      "ε = 1e-3": (x, g) => {
        const y = normalised(x, 1e-3);
        const s = sqrt(
          x
            .sub(x.mean({ axes: 1, keepDims: true }))
            .square()
            .mean({ axes: 1, keepDims: true })
            .add(1e-3),
        );
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
];

const thousand = 2000;
const oneEntry = (n: number, at: number, value: number): Tensor =>
  tensor(Float64Array.from({ length: n }, (_, i) => (i === at ? value : 1)));

/** Traps for checkers. */
const traps: readonly ListedGradient[] = [
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
];

/** Gradients right and wrong, with where they are from. */
export const gradients: readonly ListedGradient[] = [...elementwise, ...reductions, ...matrices, ...losses, ...layers, ...traps];
