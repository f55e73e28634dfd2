/** Activation functions, elementwise and stable for every argument. */
import { add, elementwise, type ElementwiseOp, type Unary, unary } from "../define/elementwise.ts";
import { negativeSize } from "../define/formulas.ts";
import { checkChoice, checkOptions } from "../define/options.ts";
import { reals, realsExcept } from "../domain.ts";
import { argumentError } from "../errors.ts";
import type { Expression, ExpressionArithmetic } from "../expression.ts";
import { call, named } from "../notation.ts";
import { callable, type Callable, type Convention, type Op, tensorArgument } from "../op.ts";
import type { Tensor, TensorLike } from "../tensor.ts";
import { abs, mul, neg, reciprocal, square, sub } from "./arithmetic.ts";
import { erf, erfc, logit } from "./special.ts";
import { exp, log, sech, tanh } from "./elementary.ts";
import { clip, greater, lessEqual, maximum, where } from "./selection.ts";

/** 1/(1+e^-x) by an exponential that cannot overflow. */
function logistic(s: ExpressionArithmetic, x: Expression): Expression {
  const e = s.exp(negativeSize(s, x));
  const h = s.div(s.constant(1), s.add(s.constant(1), e));
  return s.select(s.less(x, s.constant(0)), s.mul(e, h), h);
}

/** log(1 + e^-|x|). */
const logisticTail = (s: ExpressionArithmetic, x: Expression): Expression => s.log1p(s.exp(negativeSize(s, x)));

/** x times a factor that is 0 from -`end` downwards, so that at -∞ the product is 0 and not NaN. */
const damped = (s: ExpressionArithmetic, x: Expression, factor: Expression, end: number): Expression =>
  s.mul(s.max(x, s.constant(-end)), factor);

/**
 * The logistic function 1/(1+e^-x), in [0, 1] and stable for all x.
 * @example
 * ```ts
 * sigmoid(0); // => tensor(0.5, float64)
 * ```
 */
export const sigmoid: Unary = /* @__PURE__ */ unary({
  name: "sigmoid",
  value: logistic,
  derivative: (x) => mul(sigmoid(x), sigmoid(neg(x))),
  notation: /* @__PURE__ */ call("\\sigma"),
  domain: reals,
  laws: [
    { name: "σ(x) = 1 / (1 + e^-x)", left: (x) => sigmoid(x), right: (x) => reciprocal(add(1, exp(neg(x)))) },
    { name: "σ(-x) = 1 - σ(x)", left: (x) => sigmoid(neg(x)), right: (x) => sub(1, sigmoid(x)) },
    { name: "logit(σ(x)) = x", left: (x) => logit(sigmoid(x)), right: (x) => x },
  ],
});

/**
 * log σ(x) = -log(1+e^-x), to full accuracy in both tails.
 * @example
 * ```ts
 * logSigmoid(tensor([-1000, 0])); // => tensor([-1000.0000,    -0.6931], float64)
 * ```
 */
export const logSigmoid: Unary = /* @__PURE__ */ unary({
  name: "logSigmoid",
  value: (s, x) => {
    const tail = logisticTail(s, x);
    return s.select(s.less(x, s.constant(0)), s.sub(x, tail), s.neg(tail));
  },
  derivative: (x) => sigmoid(neg(x)),
  notation: /* @__PURE__ */ call("\\log\\sigma"),
  domain: reals,
  laws: [
    { name: "log σ(x) is the logarithm of σ(x)", left: (x) => logSigmoid(x), right: (x) => log(sigmoid(x)) },
    { name: "log σ(x) = -softplus(-x)", left: (x) => logSigmoid(x), right: (x) => neg(softplus(neg(x))) },
  ],
});

/**
 * log(1 + e^x), to full accuracy in both tails: the logarithmic loss of a logit.
 * @example
 * ```ts
 * softplus(tensor([0, 1000])); // => tensor([   0.6931, 1000.0000], float64)
 * softplus(-100); // => tensor(3.72008e-44, float64)
 * ```
 */
export const softplus: Unary = /* @__PURE__ */ unary({
  name: "softplus",
  value: (s, x) => {
    const tail = logisticTail(s, x);
    return s.select(s.less(x, s.constant(0)), tail, s.add(x, tail));
  },
  derivative: (x) => sigmoid(x),
  notation: /* @__PURE__ */ named("softplus"),
  domain: reals,
  laws: [
    { name: "softplus(x) = log(1 + e^x)", left: (x) => softplus(x), right: (x) => log(add(1, exp(x))) },
    { name: "softplus(x) - softplus(-x) = x", left: (x) => sub(softplus(x), softplus(neg(x))), right: (x) => x },
  ],
});

/**
 * max(x, 0), integers staying integers; the derivative at 0 is 0.
 * @example
 * ```ts
 * relu(tensor([-1, 2])); // => tensor([0, 2], float64)
 * ```
 */
export const relu: Unary = /* @__PURE__ */ unary({
  name: "relu",
  value: (s, x) => s.select(s.lessEqual(x, s.constant(0)), s.constant(0), x),
  dtype: "numeric",
  pass: (t, x) => where(greater(x!, 0), t, 0),
  notation: /* @__PURE__ */ named("ReLU"),
  domain: /* @__PURE__ */ realsExcept(0),
  laws: [
    { name: "relu(x) = max(x, 0)", left: (x) => relu(x), right: (x) => maximum(x, 0) },
    { name: "relu(x) - relu(-x) = x", left: (x) => sub(relu(x), relu(neg(x))), right: (x) => x },
    { name: "relu(relu(x)) = relu(x)", left: (x) => relu(relu(x)), right: (x) => relu(x) },
  ],
  conventions: [
    { at: "0", arguments: [0], value: 0, gradient: [0] },
    { at: "NaN", arguments: [Number.NaN], value: Number.NaN },
  ],
});

function checkParameter(op: string, name: string, value: unknown): number {
  if (typeof value !== "number" || !Number.isFinite(value))
    throw argumentError(op, `${name} is not a finite number`, value, "give a number");
  return value;
}

const leakyReluOp: ElementwiseOp<number> = /* @__PURE__ */ elementwise<number>({
  name: "leakyRelu",
  arity: 1,
  value: (s, [x], slope) => s.select(s.lessEqual(x!, s.constant(0)), s.mul(x!, s.constant(slope)), x!),
  rules: [{ pass: (t, [x], slope) => where(lessEqual(x!, 0), mul(t, slope), t) }],
  key: String,
  notation: /* @__PURE__ */ named("leakyReLU"),
  show: (slope) => `slope=${slope}`,
});

/**
 * x above 0 and slope · x below; the derivative at 0 is the slope.
 * @example
 * ```ts
 * leakyRelu(tensor([-1, 2]), 0.1); // => tensor([-0.1,  2.0], float64)
 * ```
 */
export const leakyRelu: Callable<(x: TensorLike, slope?: number) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, slope = 0.01) => leakyReluOp.apply([tensorArgument("leakyRelu", x)], checkParameter("leakyRelu", "the slope", slope)),
  {
    name: "leakyRelu",
    op: leakyReluOp as Op,
    domain: [/* @__PURE__ */ realsExcept(0)],
    sample: (draw) => [draw.tensor(draw.shape(0, 3), realsExcept(0)), ...draw.pick([[], [0.3], [-1]])],
    conventions: [{ at: "0", arguments: [0], value: 0, gradient: [0.01] }],
  },
);

const eluOp: ElementwiseOp<number> = /* @__PURE__ */ elementwise<number>({
  name: "elu",
  arity: 1,
  value: (s, [x], alpha) => s.select(s.lessEqual(x!, s.constant(0)), s.mul(s.constant(alpha), s.expm1(x!)), x!),
  rules: [{ partial: ([x], _out, alpha) => where(lessEqual(x!, 0), mul(alpha, exp(x!)), 1) }],
  key: String,
  notation: /* @__PURE__ */ named("ELU"),
  show: (alpha) => `alpha=${alpha}`,
});

/**
 * x above 0 and alpha (e^x - 1) below; the derivative at 0 is alpha.
 * @example
 * ```ts
 * elu(tensor([-1, 2])); // => tensor([-0.632121,  2.000000], float64)
 * ```
 */
export const elu: Callable<(x: TensorLike, alpha?: number) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, alpha = 1) => eluOp.apply([tensorArgument("elu", x)], checkParameter("elu", "alpha", alpha)),
  {
    name: "elu",
    op: eluOp as Op,
    domain: [/* @__PURE__ */ realsExcept(0)],
    sample: (draw) => [draw.tensor(draw.shape(0, 3), realsExcept(0)), ...draw.pick([[], [0.3]])],
    conventions: [{ at: "0", arguments: [0], value: 0, gradient: [1] }],
  },
);

const seluScale = 1.0507009873554805;
const seluAlpha = 1.6732632423543772;
/** Towards 0 from below. */
const seluSlope = seluScale * seluAlpha;

/**
 * The self-normalising unit λ x above 0 and λ α (e^x - 1) below, with the λ and α of Klambauer et al. (2017); the derivative at 0 is λ α.
 * @example
 * ```ts
 * selu(tensor([-1, 1])); // => tensor([-1.111331,  1.050701], float64)
 * ```
 */
export const selu: Unary = /* @__PURE__ */ unary({
  name: "selu",
  value: (s, x) => {
    const below = s.mul(s.constant(seluSlope), s.expm1(x));
    return s.select(s.lessEqual(x, s.constant(0)), below, s.mul(s.constant(seluScale), x));
  },
  derivative: (x) => where(lessEqual(x, 0), mul(seluSlope, exp(x)), seluScale),
  notation: /* @__PURE__ */ named("SELU"),
  domain: /* @__PURE__ */ realsExcept(0),
  laws: [{ name: "selu(x) = λ elu(x, α)", left: (x) => selu(x), right: (x) => mul(seluScale, elu(x, seluAlpha)) }],
  conventions: [{ at: "0", arguments: [0], value: 0, gradient: [seluSlope] }],
});

/** x where |x| <= `end`; beyond, a slope has reached its limit in float64, and cut off here its own derivatives are 0 up to ±∞, never ∞ · 0. */
const within = (x: Tensor, end: number): Tensor => clip(x, -end, end);

/** Functions near 0 to the left and near x to the right. */
const slopeAtInfinity: readonly Convention[] = [
  { at: "∞", arguments: [Infinity], value: Infinity, gradient: [1] },
  { at: "-∞", arguments: [-Infinity], gradient: [0] },
];

/** From here on down erfc(-x/√2) is 0 in float64, and so is its product with x. */
const gaussianEnd = 100;

const geluOp: ElementwiseOp = /* @__PURE__ */ elementwise<undefined>({
  name: "gelu",
  arity: 1,
  value: (s, [x]) => damped(s, x!, s.mul(s.constant(0.5), s.erfc(s.mul(x!, s.constant(-Math.SQRT1_2)))), gaussianEnd),
  rules: [{ partial: ([x]) => geluSlope(x!) }],
  notation: /* @__PURE__ */ named("GELU"),
});

/** Φ(x) + x φ(x). */
function geluSlope(x: Tensor): Tensor {
  const inner = within(x, gaussianEnd);
  const density = mul(0.3989422804014327, exp(mul(-0.5, square(inner))));
  return add(mul(0.5, erfc(mul(-Math.SQRT1_2, inner))), mul(density, inner));
}

export interface GeluOptions {
  /** "tanh" computes `geluTanh` instead; "none" by default. */
  readonly approximate?: "none" | "tanh";
}

/**
 * x Φ(x), with Φ the distribution function of the normal law; exact in both tails unless an approximation is asked for.
 *
 * Source: Hendrycks and Gimpel, Gaussian error linear units (2016).
 * @example
 * ```ts
 * gelu(tensor([-1, 1])); // => tensor([-0.158655,  0.841345], float64)
 * gelu(1, { approximate: "tanh" }); // => tensor(0.841192, float64)
 * ```
 */
export const gelu: Callable<(x: TensorLike, options?: GeluOptions) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, options: GeluOptions = {}) => {
    checkOptions("gelu", options, ["approximate"]);
    const approximate = checkChoice("gelu", "approximation", options.approximate ?? "none", ["none", "tanh"]);
    return approximate === "tanh" ? geluTanh(x) : geluOp.apply([tensorArgument("gelu", x)], undefined);
  },
  {
    name: "gelu",
    op: geluOp as Op,
    domain: [reals],
    sample: (draw) => [draw.tensor(draw.shape(0, 3))],
    conventions: slopeAtInfinity,
    laws: [
      { name: "gelu(x) = x (1 + erf(x/√2)) / 2", left: (x) => gelu(x), right: (x) => mul(x, mul(0.5, add(1, erf(mul(x, Math.SQRT1_2))))) },
      { name: "gelu(x) - gelu(-x) = x", left: (x) => sub(gelu(x), gelu(neg(x))), right: (x) => x },
    ],
  },
);

const tanhLinear = 2 * 0.7978845608028654;
const tanhCubic = 0.044715 * tanhLinear;

/** From here on down σ(x) and what is like it is 0 in float64, and so is its product with x. */
const logisticEnd = 800;

/**
 * The approximation x σ(2 √(2/π) (x + 0.044715 x³)) of gelu, usually written with tanh; off by up to 5e-4.
 * @example
 * ```ts
 * geluTanh(tensor([-1, 1])); // => tensor([-0.158808,  0.841192], float64)
 * ```
 */
export const geluTanh: Unary = /* @__PURE__ */ unary({
  name: "geluTanh",
  value: (s, x) => {
    const slope = s.add(s.constant(tanhLinear), s.mul(s.constant(tanhCubic), s.mul(x, x)));
    return damped(s, x, logistic(s, s.mul(x, slope)), logisticEnd);
  },
  derivative: (x) => {
    const own = within(x, logisticEnd);
    const inner = mul(own, add(tanhLinear, mul(tanhCubic, square(own))));
    const scaled = mul(own, add(tanhLinear, mul(3 * tanhCubic, square(own))));
    return add(sigmoid(inner), mul(mul(sigmoid(inner), sigmoid(neg(inner))), scaled));
  },
  conventions: slopeAtInfinity,
  notation: /* @__PURE__ */ named("GELU"),
  domain: reals,
  approximates: "gelu",
  laws: [{ name: "geluTanh(x) - geluTanh(-x) = x", left: (x) => sub(geluTanh(x), geluTanh(neg(x))), right: (x) => x }],
});

/**
 * x σ(x), also called swish.
 * @example
 * ```ts
 * silu(tensor([-1, 1])); // => tensor([-0.268941,  0.731059], float64)
 * ```
 */
export const silu: Unary = /* @__PURE__ */ unary({
  name: "silu",
  value: (s, x) => damped(s, x, logistic(s, x), logisticEnd),
  derivative: (x) => {
    const own = within(x, logisticEnd);
    return mul(sigmoid(own), sub(1, silu(neg(own))));
  },
  conventions: slopeAtInfinity,
  notation: /* @__PURE__ */ named("SiLU"),
  domain: reals,
  laws: [
    { name: "silu(x) = x σ(x)", left: (x) => silu(x), right: (x) => mul(x, sigmoid(x)) },
    { name: "silu(x) - silu(-x) = x", left: (x) => sub(silu(x), silu(neg(x))), right: (x) => x },
  ],
});

/**
 * x tanh(softplus(x)).
 *
 * Source: Misra, Mish: a self regularized non-monotonic activation function (2019).
 * @example
 * ```ts
 * mish(tensor([-1, 1])); // => tensor([-0.303401,  0.865098], float64)
 * ```
 */
export const mish: Unary = /* @__PURE__ */ unary({
  name: "mish",
  value: (s, x) => {
    const one = s.constant(1);
    const two = s.constant(2);
    const isBelow = s.less(x, s.constant(0));
    const e = s.exp(negativeSize(s, x));
    const top = s.select(isBelow, s.mul(e, s.add(e, two)), s.add(one, s.mul(two, e)));
    return damped(s, x, s.div(top, s.add(top, s.mul(two, s.select(isBelow, one, s.mul(e, e))))), logisticEnd);
  },
  derivative: (x) => {
    const own = within(x, logisticEnd);
    const inner = softplus(own);
    return add(tanh(inner), mul(mul(sigmoid(own), square(sech(inner))), own));
  },
  conventions: slopeAtInfinity,
  notation: /* @__PURE__ */ named("mish"),
  domain: reals,
  laws: [{ name: "mish(x) = x tanh(softplus(x))", left: (x) => mish(x), right: (x) => mul(x, tanh(softplus(x))) }],
});

/**
 * x clipped to [-1, 1]; the derivative is 1 at both ends too.
 * @example
 * ```ts
 * hardTanh(tensor([-3, 0.5])); // => tensor([-1.0,  0.5], float64)
 * ```
 */
export const hardTanh: Unary = /* @__PURE__ */ unary({
  name: "hardTanh",
  value: (s, x) => {
    const raised = s.select(s.less(x, s.constant(-1)), s.constant(-1), x);
    return s.select(s.less(s.constant(1), raised), s.constant(1), raised);
  },
  dtype: "numeric",
  pass: (t, x) => where(lessEqual(abs(x!), 1), t, 0),
  notation: /* @__PURE__ */ named("hardTanh"),
  domain: /* @__PURE__ */ realsExcept(-1, 1),
  laws: [{ name: "hardTanh(x) = clip(x, -1, 1)", left: (x) => hardTanh(x), right: (x) => clip(x, -1, 1) }],
  conventions: [
    { at: "1", arguments: [1], value: 1, gradient: [1] },
    { at: "-1", arguments: [-1], value: -1, gradient: [1] },
  ],
});
