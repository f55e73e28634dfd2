/**
 * Gamma, beta and Dirichlet distributions: samplers that work with logarithms, and their implicit derivatives with respect to the shape
 * parameter, of every order. Knows the gamma density; knows no other sampler but the normal one inside it.
 */
import { checkOptions } from "../define/options.ts";
import { programOp } from "../define/program.ts";
import { type Domain, domain, positive } from "../domain.ts";
import type { Expression } from "../expression.ts";
import { clashError, formatShape } from "../errors.ts";
import { buildProgram, type Program, type ProgramBuilder } from "../loop/program.ts";
import { named } from "../notation.ts";
import { apply1, callable, type Callable, type Op } from "../op.ts";
import { add, mul, neg, sub } from "../ops/arithmetic.ts";
import { cast } from "../ops/cast.ts";
import { exp as exponentialOf } from "../ops/elementary.ts";
import { broadcastTo } from "../ops/movement.ts";
import { sum } from "../ops/reduction.ts";
import { polygamma } from "../ops/special.ts";
import { checkShape, type Shape, sizeOf } from "../shape.ts";
import type { Tensor, TensorLike } from "../tensor.ts";
import { checkKey, type DTypeOption, type Key, type SampleOptions, sampleShape, settle } from "./arguments.ts";
import { drawKey, normalOf } from "./continuous.ts";
import { exp, log } from "./elementary.ts";
import { split } from "./key.ts";
import { pointwise, type Sample, sampler } from "./pointwise.ts";
import { openFraction } from "./threefry.ts";

/** Rejection makes the sample jump with its parameters; the rule is the derivative of the quantile, as for every continuous sampler. */
const quantileDerivative = "implicit reparameterisation: the derivative of the quantile, not of the accepted proposal";

/**
 * The logarithm of a gamma variate. Marsaglia and Tsang, "A simple method for generating gamma variables", 2000: a normal variate's cubed
 * linear function, accepted or drawn again; below 1 the variate of α + 1 times u^(1/α).
 */
function writeLogGamma(
  b: ProgramBuilder,
): (alpha: Expression, block: (t: Expression | number) => readonly [Expression, Expression]) => Expression {
  const s = b.arithmetic;
  const one = s.constant(1);
  return (alpha, block) => {
    const result = b.let(s.select(s.equal(alpha, s.constant(0)), s.constant(Number.NEGATIVE_INFINITY), s.constant(Number.NaN)));
    b.if(s.and(s.less(s.constant(0), alpha), s.lessEqual(alpha, s.constant(1e300))), () => {
      const boosted = s.less(alpha, one);
      const d = b.let(s.sub(s.select(boosted, s.add(alpha, one), alpha), s.constant(1 / 3)));
      const c = b.let(s.div(one, s.sqrt(s.mul(s.constant(9), d))));
      const w = b.let(one);
      const t = b.let(s.integer(1));
      const searching = b.let(s.integer(1));
      b.while(s.equal(searching, s.integer(1)), () => {
        const z = normalOf(b, block(t));
        b.set(w, s.add(one, s.mul(c, z)));
        b.if(s.less(s.constant(0), w), () => {
          const u = b.let(openFraction(b, block(b.plus(t, 1))));
          const squared = b.let(s.mul(z, z));
          const accept = (): void => b.set(searching, s.integer(0));
          b.if(s.less(u, s.sub(one, s.mul(s.constant(0.0331), s.mul(squared, squared)))), accept, () => {
            const v = s.mul(s.mul(w, w), w);
            const logV = s.mul(s.constant(3), log(b, w));
            const bound = b.let(s.add(s.mul(s.constant(0.5), squared), s.mul(d, s.add(s.sub(one, v), logV))));
            b.if(s.less(log(b, u), bound), accept);
          });
        });
        b.set(t, s.add(t, s.integer(2)));
      });
      b.set(result, log(b, s.mul(d, s.mul(s.mul(w, w), w))));
      b.if(boosted, () => b.set(result, s.add(result, s.div(log(b, b.let(openFraction(b, block(0)))), alpha))));
    });
    return result;
  };
}

const logGammaOp: Op<Sample> = /* @__PURE__ */ sampler({
  name: "logGamma",
  parameters: 1,
  write: (b) => {
    const write = writeLogGamma(b);
    return ({ block, parameters: [alpha] }) => write(alpha!, block);
  },
  partials: [(inputs, out) => implicit(1, inputs[1]!, out)],
});

/** Binomial coefficients (n, 0), …, (n, n). */
function binomials(n: number): number[] {
  const row = [1];
  for (let i = 0; i < n; i++) row.push((row[i]! * (n - i)) / (i + 1));
  return row;
}

/** The complete Bell polynomial of order k in κ₁, …, κ_k: with the cumulants of ln g, the k-th derivative of a density g over g. */
function bell<T>(
  order: number,
  kappa: (j: number) => T,
  plus: (x: T, y: T) => T,
  times: (c: number, x: T, y: T | undefined) => T,
): T | undefined {
  const bells: (T | undefined)[] = [undefined];
  for (let n = 1; n <= order; n++) {
    const row = binomials(n - 1);
    let total: T | undefined;
    for (let j = 1; j <= n; j++) {
      const term = times(row[j - 1]!, kappa(j), bells[n - j]);
      total = total === undefined ? term : plus(total, term);
    }
    bells.push(total);
  }
  return bells[order];
}

/** Nodes and weights of ∫₀^∞ f(v) dv for f that falls like e^−v: the trapezoidal rule in s with v = exp(s − e^−s). */
const nodeCount = 73;
const firstNode = -3.4;
const nodeStep = 0.1;

/**
 * −F⁽ᵏ⁾/g for g = e^(αℓ − e^ℓ)/Γ(α), the density of the logarithm ℓ of a gamma variate, F its distribution function and ⁽ᵏ⁾ the k-th derivative
 * with respect to α; for k = 1 the derivative of the quantile ℓ, by implicit differentiation (Figurnov, Mohamed and Mnih, 2018).
 *
 * F⁽ᵏ⁾ is the integral of g⁽ᵏ⁾ = g · B_k over the side of ℓ where, for k = 1, the integrand keeps its sign: nothing cancels. Below,
 * F(α) = F(α + 1) + g(α)/α brings the integrand into a form that is smooth for small α too.
 */
function writeImplicit(b: ProgramBuilder, order: number): (inputs: readonly Expression[]) => Expression {
  const s = b.arithmetic;
  const one = s.constant(1);
  const nodes = b.scratch("nodes", "float", nodeCount);
  const weights = b.scratch("weights", "float", nodeCount);
  b.for(0, nodeCount, (i) => {
    const at = b.let(s.add(s.constant(firstNode), s.mul(s.constant(nodeStep), s.convert(i, "float"))));
    const fall = b.let(s.exp(s.neg(at)));
    const v = b.let(s.exp(s.sub(at, fall)));
    b.store(nodes, i, v);
    b.store(weights, i, s.mul(s.mul(s.constant(nodeStep), v), s.add(one, fall)));
  });
  return ([alpha, l]) => {
    const x = b.let(s.exp(l!));
    const next = b.let(s.add(alpha!, one));
    const below = b.let(s.less(l!, s.polygamma(0, next)));
    const a = b.let(s.select(below, next, alpha!));
    const kappas = Array.from({ length: order }, (_, j) => b.let(s.polygamma(j, a)));
    const ratio = (at: Expression): Expression =>
      bell<Expression>(
        order,
        (j) => (j === 1 ? s.sub(at, kappas[0]!) : s.neg(kappas[j - 1]!)),
        s.add,
        (c, p, q) => s.mul(s.constant(c), q === undefined ? p : s.mul(p, q)),
      )!;
    const scale = b.let(s.div(one, s.add(s.abs(s.sub(a, x)), s.sqrt(s.add(x, s.constant(1e-30))))));
    const direction = b.let(s.select(below, s.neg(scale), scale));
    const total = b.let(s.constant(0));
    b.for(0, nodeCount, (i) => {
      const w = b.let(s.mul(direction, b.load(nodes, i)));
      const relative = s.exp(s.sub(s.mul(a, w), s.mul(x, s.expm1(w))));
      b.set(total, s.add(total, s.mul(s.mul(b.load(weights, i), relative), ratio(b.let(s.add(l!, w))))));
    });
    b.set(total, s.mul(total, scale));
    return s.select(below, s.neg(s.div(s.add(ratio(l!), s.mul(x, total)), alpha!)), total);
  };
}

const implicitOp: Op<number> = /* @__PURE__ */ pointwise<number>({
  name: "gammaImplicit",
  arity: 2,
  write: writeImplicit,
  key: String,
  partials: [
    ([alpha, l], out, order) => sub(implicit(order + 1, alpha!, l!), mul(out, logDensitySlope(alpha!, l!))),
    ([alpha, l], out, order) => neg(add(densityRatio(order, alpha!, l!), mul(out, sub(alpha!, exponentialOf(l!))))),
  ],
});

/** −F⁽ᵏ⁾/g at (α, ℓ), elementwise. */
const implicit = (order: number, alpha: Tensor, l: Tensor): Tensor => apply1(implicitOp, [alpha, l], order);

/** ∂ ln g / ∂α. */
const logDensitySlope = (alpha: Tensor, l: Tensor): Tensor => sub(l, polygamma(0, alpha));

/** g⁽ᵏ⁾/g. */
function densityRatio(order: number, alpha: Tensor, l: Tensor): Tensor {
  const kappa = (j: number): Tensor => (j === 1 ? logDensitySlope(alpha, l) : neg(polygamma(j - 1, alpha)));
  const times = (c: number, p: Tensor, q: Tensor | undefined): Tensor => {
    const product = q === undefined ? p : mul(p, q);
    return c === 1 ? product : mul(c, product);
  };
  return bell(order, kappa, (x, y) => add(x, y), times)!;
}

/** e^x, the same bits on every engine. */
const expOp: Op = /* @__PURE__ */ pointwise<unknown>({
  name: "gammaOfLog",
  arity: 1,
  write: (b) => (inputs) => exp(b, inputs[0]!),
  partials: [(_inputs, out) => out],
});

/** 1 / (1 + e^−x), the same bits on every engine. */
const logisticOp: Op = /* @__PURE__ */ pointwise<unknown>({
  name: "betaOfLogs",
  arity: 1,
  write: (b) => (inputs) => {
    const s = b.arithmetic;
    return s.div(s.constant(1), s.add(s.constant(1), exp(b, b.let(s.neg(inputs[0]!)))));
  },
  partials: [(inputs, out) => mul(out, apply1(logisticOp, [neg(inputs[0]!)], undefined))],
});

/** e^x over its sum along the last axis, the same bits on every engine. */
const softmaxOp: Op = /* @__PURE__ */ programOp<unknown>({
  name: "dirichletOfLogs",
  notation: /* @__PURE__ */ named("dirichletOfLogs"),
  infer: ([x]) => [x!],
  lower: ([x]) => {
    const side = x!.shape[x!.shape.length - 1]!;
    return { program: (softmaxProgram ??= makeSoftmax()), scalars: [], integers: [side === 0 ? 0 : sizeOf(x!.shape) / side, side] };
  },
  pullback: ([g], _inputs, [out]) => [throughSoftmax(g!, out!)],
  pushforward: ([t], _inputs, [out]) => [throughSoftmax(t!, out!)],
  lift: ([x]) => [apply1(softmaxOp, [x!], undefined)],
});

const throughSoftmax = (t: Tensor, out: Tensor): Tensor => mul(out, sub(t, sum(mul(out, t), { axes: -1, keepDims: true })));

let softmaxProgram: Program | undefined;

function makeSoftmax(): Program {
  return buildProgram("dirichletOfLogs", (b) => {
    const s = b.arithmetic;
    const x = b.input("x", "float");
    const out = b.output("out", "float");
    const rows = b.integer("rows");
    const side = b.integer("n");
    b.for(0, rows, (row) => {
      const first = b.let(b.times(row, side));
      const most = b.let(b.load(x, first));
      b.for(1, side, (i) => {
        const entry = b.let(b.load(x, b.plus(first, i)));
        b.if(s.less(most, entry), () => b.set(most, entry));
      });
      const total = b.let(s.constant(0));
      b.for(0, side, (i) => {
        const weight = exp(b, b.let(s.sub(b.load(x, b.plus(first, i)), most)));
        b.store(out, b.plus(first, i), weight);
        b.set(total, s.add(total, weight));
      });
      b.for(0, side, (i) => b.store(out, b.plus(first, i), s.div(b.load(out, b.plus(first, i)), total)));
    });
  });
}

/** Logarithms of gamma variates in float64, whatever the dtype of the sample. */
function drawLogGamma(key: Key, alpha: Tensor, shape: Shape): Tensor {
  return apply1(logGammaOp, [key, broadcastTo(cast(alpha, "float64"), shape)], { shape, dtype: "float64" });
}

/**
 * Logarithms of gamma numbers with shape parameter `alpha`: what `gamma` underflows to 0 for small `alpha` is kept here.
 *
 * Arguments, gradient and errors are those of `gamma`.
 * @example
 * ```ts
 * random.logGamma(random.key(1), 1e-4); // => tensor(-21357.684, float64)
 * ```
 */
export const logGamma: Callable<(key: Key, alpha: TensorLike, options?: SampleOptions) => Tensor> = /* @__PURE__ */ callable(
  (key: Key, alpha: TensorLike, options: SampleOptions = {}) => {
    checkOptions("logGamma", options, ["shape", "dtype"]);
    const { sample, parameters } = settle("logGamma", { alpha }, options.shape, options.dtype);
    return cast(drawLogGamma(checkKey("logGamma", key), parameters[0]!, sample.shape), sample.dtype);
  },
  {
    name: "logGamma",
    op: logGammaOp as Op,
    surrogate: quantileDerivative,
    sample: (draw) => [drawKey(draw), draw.tensor(draw.shape(0, 2), positive)],
  },
);

/**
 * Gamma numbers with density x^(α−1) e^−x / Γ(α); divide by a rate, or multiply by a scale, for others.
 *
 * The shape is that of `alpha` by default; `alpha` from 0 (where the sample is 0) to 1e300, NaN elsewhere. Differentiable in `alpha`, to every
 * order: the gradient is that of the quantile that the sample is, to some eleven digits (fewer above 1e8).
 * @example
 * ```ts
 * random.gamma(random.key(0), tensor([0.5, 3])); // => tensor([0.309843, 0.944845], float64)
 * grad((alpha: Tensor) => random.gamma(random.key(0), alpha))(tensor(2)); // => tensor(1.181489, float64)
 * ```
 */
export const gamma: Callable<(key: Key, alpha: TensorLike, options?: SampleOptions) => Tensor> = /* @__PURE__ */ callable(
  (key: Key, alpha: TensorLike, options: SampleOptions = {}) => {
    checkOptions("gamma", options, ["shape", "dtype"]);
    const { sample, parameters } = settle("gamma", { alpha }, options.shape, options.dtype);
    return cast(apply1(expOp, [drawLogGamma(checkKey("gamma", key), parameters[0]!, sample.shape)], undefined), sample.dtype);
  },
  {
    name: "gamma",
    op: logGammaOp as Op,
    surrogate: quantileDerivative,
    sample: (draw) => [drawKey(draw), draw.tensor(draw.shape(0, 2), positive)],
  },
);

/**
 * Beta numbers with density proportional to x^(a−1) (1−x)^(b−1): X / (X + Y) of two gamma numbers.
 *
 * The shape is that of the parameters by default. Differentiable in both, through the two gamma numbers.
 * @example
 * ```ts
 * random.beta(random.key(0), 2, 3, { shape: [2] }); // => tensor([0.477091, 0.161427], float64)
 * ```
 */
export const beta: Callable<(key: Key, a: TensorLike, b: TensorLike, options?: SampleOptions) => Tensor> = /* @__PURE__ */ callable(
  (key: Key, a: TensorLike, b: TensorLike, options: SampleOptions = {}) => {
    checkOptions("beta", options, ["shape", "dtype"]);
    const { sample, parameters } = settle("beta", { a, b }, options.shape, options.dtype);
    const keys = split(checkKey("beta", key));
    const [x, y] = parameters.map((alpha, i) => drawLogGamma(keys[i]!, alpha, sample.shape)) as [Tensor, Tensor];
    return cast(apply1(logisticOp, [sub(x, y)], undefined), sample.dtype);
  },
  {
    name: "beta",
    surrogate: quantileDerivative,
    op: logisticOp,
    sample: (draw) => {
      const shape = draw.shape(0, 2);
      return [drawKey(draw), draw.tensor(shape, positive), draw.tensor(draw.pick([shape, []]), positive)];
    },
  },
);

/** Parameters whose samples stay away from the corners, where a coordinate's gradient is the difference of nearly equal numbers. */
const inside: Domain = /* @__PURE__ */ domain("(1, ∞)", 1, Number.POSITIVE_INFINITY);

/** The dtype of a Dirichlet sample, and the axes in front of its last. */
export interface DirichletOptions extends DTypeOption {
  /** The shape of the sample without its last axis; that of `alpha` by default. */
  readonly shape?: Shape;
}

/**
 * Points of the simplex with Dirichlet density proportional to Π xᵢ^(αᵢ−1): gamma numbers over their sum along the last axis.
 *
 * `alpha` has shape [..., k], and so has the sample, with `shape` in place of the axes in front. Differentiable in `alpha`, through the gamma
 * numbers. Throws at a scalar `alpha`.
 * @example
 * ```ts
 * random.dirichlet(random.key(0), tensor([1, 2, 3])); // => tensor([0.226602, 0.082650, 0.690748], float64)
 * ```
 */
export const dirichlet: Callable<(key: Key, alpha: TensorLike, options?: DirichletOptions) => Tensor> = /* @__PURE__ */ callable(
  (key: Key, alpha: TensorLike, options: DirichletOptions = {}) => {
    checkOptions("dirichlet", options, ["shape", "dtype"]);
    const { sample, parameters } = settle("dirichlet", { alpha }, undefined, options.dtype);
    if (sample.shape.length === 0) {
      throw clashError(
        "dirichlet",
        "alpha is a scalar",
        formatShape(sample.shape),
        "give one parameter for each coordinate along the last axis",
      );
    }
    const side = sample.shape[sample.shape.length - 1]!;
    const front = options.shape === undefined ? undefined : checkShape("dirichlet", options.shape);
    const shape = front === undefined ? sample.shape : sampleShape("dirichlet", parameters, [...front, side]);
    const logarithms = drawLogGamma(checkKey("dirichlet", key), parameters[0]!, shape);
    return cast(apply1(softmaxOp, [logarithms], undefined), sample.dtype);
  },
  {
    name: "dirichlet",
    op: softmaxOp,
    surrogate: quantileDerivative,
    sample: (draw) => [drawKey(draw), draw.tensor(draw.shape(1, 2, 1), inside)],
  },
);
