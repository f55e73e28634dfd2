/** Special functions, elementwise: error functions, gamma functions, log-odds and products with logarithms. */
import { add, type Binary, binary, elementwise, type ElementwiseOp, type Unary, unary } from "../define/elementwise.ts";
import { aboveMinusOne, positive, reals, unit } from "../domain.ts";
import { argumentError } from "../errors.ts";
import type { Expression, ExpressionArithmetic } from "../expression.ts";
import { call, callOfOrder, named, template } from "../notation.ts";
import { callable, type Callable, type Op, operand } from "../op.ts";
import type { Tensor, TensorLike } from "../tensor.ts";
import { div, mul, neg, reciprocal, square, sub } from "./arithmetic.ts";
import { sigmoid } from "./activation.ts";
import { exp, log, log1p } from "./elementary.ts";
import { equal, isInf, lessEqual, logicalAnd, logicalOr, where } from "./selection.ts";

const twoOverRootPi = 1.1283791670955126;

/**
 * The error function 2/√π ∫₀ˣ e^(-t²) dt, in [-1, 1]; within 3 ulps.
 * @example
 * ```ts
 * erf(tensor([0, 0.5])); // => tensor([0.0000, 0.5205], float64)
 * ```
 */
export const erf: Unary = /* @__PURE__ */ unary({
  name: "erf",
  value: (s, x) => s.erf(x),
  derivative: (x) => mul(twoOverRootPi, exp(neg(square(x)))),
  notation: /* @__PURE__ */ named("erf"),
  domain: reals,
  laws: [
    { name: "erf(-x) = -erf x", left: (x) => erf(neg(x)), right: (x) => neg(erf(x)) },
    { name: "erf x = 1 - erfc x", left: (x) => erf(x), right: (x) => sub(1, erfc(x)) },
  ],
});

/**
 * 1 - erf x, in [0, 2], to full accuracy in the right tail; within 5 ulps.
 * @example
 * ```ts
 * erfc(10); // => tensor(2.08849e-45, float64)
 * ```
 */
export const erfc: Unary = /* @__PURE__ */ unary({
  name: "erfc",
  value: (s, x) => s.erfc(x),
  derivative: (x) => mul(-twoOverRootPi, exp(neg(square(x)))),
  notation: /* @__PURE__ */ named("erfc"),
  domain: reals,
  laws: [{ name: "erfc(-x) = 2 - erfc x", left: (x) => erfc(neg(x)), right: (x) => sub(2, erfc(x)) }],
});

/**
 * ln|Γ(x)|: a few ulp for x > 0, an absolute 1e-13 or so between the poles of the negative axis, infinite at the poles.
 * @example
 * ```ts
 * lgamma(5); // => tensor(3.178054, float64)
 * ```
 */
export const lgamma: Unary = /* @__PURE__ */ unary({
  name: "lgamma",
  value: (s, x) => s.lgamma(x),
  derivative: (x) => digamma(x),
  notation: /* @__PURE__ */ call("\\ln\\Gamma"),
  domain: positive,
  laws: [{ name: "ln Γ(x + 1) = ln Γ(x) + log x", left: (x) => lgamma(add(x, 1)), right: (x) => add(lgamma(x), log(x)) }],
});

/**
 * The derivative of ln Γ: a few ulp for x > 0, NaN at the poles 0, -1, -2, …
 * @example
 * ```ts
 * digamma(1); // => tensor(-0.577216, float64)
 * ```
 */
export const digamma: Unary = /* @__PURE__ */ unary({
  name: "digamma",
  value: (s, x) => s.polygamma(0, x),
  derivative: (x) => polygamma(1, x),
  notation: /* @__PURE__ */ call("\\psi"),
  domain: positive,
  laws: [{ name: "ψ(x + 1) = ψ(x) + 1/x", left: (x) => digamma(add(x, 1)), right: (x) => add(digamma(x), reciprocal(x)) }],
});

const polygammaOp: ElementwiseOp<number> = /* @__PURE__ */ elementwise<number>({
  name: "polygamma",
  arity: 1,
  value: (s, x, order) => s.polygamma(order, x[0]!),
  rules: [{ partial: (inputs, _out, order) => polygamma(order + 1, inputs[0]!) }],
  key: String,
  notation: /* @__PURE__ */ callOfOrder("\\psi"),
  show: String,
});

/**
 * The derivative of digamma of an order 1, 2, … (0 is digamma itself), for x > 0 within 10 ulps up to order 170.
 * @example
 * ```ts
 * polygamma(1, 1); // => tensor(1.644934, float64)
 * ```
 */
export const polygamma: Callable<(order: number, x: TensorLike) => Tensor> = /* @__PURE__ */ callable(
  (order: number, x: TensorLike) => {
    if (!Number.isInteger(order) || order < 0)
      throw argumentError("polygamma", "the order is not a non-negative integer", order, "give 0, 1, 2, …");
    return polygammaOp.apply([operand("polygamma", 1, x)], order);
  },
  {
    name: "polygamma",
    op: polygammaOp as Op,
    domain: [positive],
    sample: (draw) => [draw.integer(0, 2), draw.tensor(draw.shape(0, 2), positive)],
  },
);

/**
 * The log-odds log(x/(1-x)) of a probability, accurate near 0, ½ and 1; NaN outside [0, 1], infinite at its ends.
 * @example
 * ```ts
 * logit(tensor([0.5, 0.9])); // => tensor([0.000000, 2.197225], float64)
 * ```
 */
export const logit: Unary = /* @__PURE__ */ unary({
  name: "logit",
  value: (s, x) => {
    const tail = s.sub(s.log(x), s.log1p(s.neg(x)));
    const middle = s.mul(s.constant(2), s.atanh(s.sub(s.mul(s.constant(2), x), s.constant(1))));
    return s.select(s.less(x, s.constant(0.25)), tail, middle);
  },
  derivative: (x) => reciprocal(mul(x, sub(1, x))),
  notation: /* @__PURE__ */ named("logit"),
  domain: unit,
  laws: [
    { name: "σ(logit x) = x", left: (x) => sigmoid(logit(x)), right: (x) => x },
    { name: "logit(1 - x) = -logit x", left: (x) => logit(sub(1, x)), right: (x) => neg(logit(x)) },
    { name: "logit x = log x - log(1 - x)", left: (x) => logit(x), right: (x) => sub(log(x), log(sub(1, x))) },
  ],
  conventions: [
    { at: "0", arguments: [0], value: -Infinity, gradient: [Infinity] },
    { at: "1", arguments: [1], value: Infinity, gradient: [Infinity] },
  ],
});

/** x - y, but 0 for two equal infinities. */
const gap = (x: Tensor, y: Tensor): Tensor => where(logicalAnd(equal(x, y), isInf(x)), 0, sub(x, y));

/**
 * log(e^x + e^y) without overflow or underflow on the way.
 *
 * The gradient is the share of each term in the sum; of two equal infinities, half each.
 * @example
 * ```ts
 * logaddexp(1000, 1000); // => tensor(1000.6931, float64)
 * logaddexp(-Infinity, 3); // => tensor(3, float64)
 * ```
 */
export const logaddexp: Binary = /* @__PURE__ */ binary({
  name: "logaddexp",
  value: (s, x, y) => {
    const difference = s.sub(x, y);
    const isBelow = s.less(difference, s.constant(0));
    const tail = s.log1p(s.exp(s.select(isBelow, difference, s.neg(difference))));
    return s.select(s.isNaN(difference), s.add(x, y), s.add(s.select(isBelow, y, x), tail));
  },
  partials: [(x, y) => sigmoid(gap(x, y)), (x, y) => sigmoid(gap(y, x))],
  notation: /* @__PURE__ */ template(["log(exp(", ") + exp(", "))"], ["\\log(e^{", "} + e^{", "})"], "atom", ["logic", "logic"]),
  domains: [reals, reals],
  laws: [
    { name: "logaddexp(x, y) = log(e^x + e^y)", left: (x, y) => logaddexp(x, y), right: (x, y) => log(add(exp(x), exp(y))) },
    {
      name: "logaddexp(x + 1, y + 1) = logaddexp(x, y) + 1",
      left: (x, y) => logaddexp(add(x, 1), add(y, 1)),
      right: (x, y) => add(logaddexp(x, y), 1),
    },
    { name: "logaddexp(x, y) = logaddexp(y, x)", left: (x, y) => logaddexp(x, y), right: (x, y) => logaddexp(y, x) },
  ],
  conventions: [
    { at: "minus infinity twice", arguments: [-Infinity, -Infinity], value: -Infinity, gradient: [0.5, 0.5] },
    { at: "infinity twice", arguments: [Infinity, Infinity], value: Infinity, gradient: [0.5, 0.5] },
    { at: "opposite infinities", arguments: [Infinity, -Infinity], value: Infinity, gradient: [1, 0] },
    { at: "one minus infinity", arguments: [-Infinity, 3], value: 3, gradient: [0, 1] },
  ],
});

/** y, but 1 (whose logarithm is 0) where x is 0 and log(y - origin) is not finite. */
function loggedExpression(s: ExpressionArithmetic, x: Expression, y: Expression, end: number, neutral: number): Expression {
  const isEdge = s.or(s.lessEqual(y, s.constant(end)), s.equal(y, s.constant(Infinity)));
  return s.select(s.and(s.equal(x, s.constant(0)), isEdge), s.constant(neutral), y);
}

const logged = (x: Tensor, y: Tensor, end: number, neutral: number): Tensor =>
  where(logicalAnd(equal(x, 0), logicalOr(lessEqual(y, end), equal(y, Infinity))), neutral, y);

/**
 * x log y, and 0 where x is 0 (unless y is NaN): a term of an entropy.
 *
 * Where x is 0 and log y is not finite, both derivatives are 0.
 * @example
 * ```ts
 * xlogy(tensor([0, 2]), tensor([0, 3])); // => tensor([0.000000, 2.197225], float64)
 * ```
 */
export const xlogy: Binary = /* @__PURE__ */ binary({
  name: "xlogy",
  value: (s, x, y) => s.mul(x, s.log(loggedExpression(s, x, y, 0, 1))),
  partials: [(x, y) => log(logged(x, y, 0, 1)), (x, y) => div(x, logged(x, y, 0, 1))],
  notation: /* @__PURE__ */ template(["", " * log(", ")"], ["", " \\log(", ")"], "product", ["product", "logic"]),
  domains: [reals, positive],
  laws: [{ name: "xlogy(x, y) = x log y", left: (x, y) => xlogy(x, y), right: (x, y) => mul(x, log(y)) }],
  conventions: [
    { at: "0 log 0", arguments: [0, 0], value: 0, gradient: [0, 0] },
    { at: "0 log 2", arguments: [0, 2], value: 0, gradient: [Math.LN2, 0] },
    { at: "0 log ∞", arguments: [0, Infinity], value: 0, gradient: [0, 0] },
    { at: "1 log 0", arguments: [1, 0], value: -Infinity, gradient: [-Infinity, Infinity] },
    { at: "NaN beside 0", arguments: [0, Number.NaN], value: Number.NaN },
  ],
});

/**
 * x log(1 + y), accurate for y near 0, and 0 where x is 0 (unless y is NaN).
 *
 * Where x is 0 and log(1 + y) is not finite, both derivatives are 0.
 * @example
 * ```ts
 * xlog1py(tensor([0, 2]), tensor([-1, 1e-20])); // => tensor([    0, 2e-20], float64)
 * ```
 */
export const xlog1py: Binary = /* @__PURE__ */ binary({
  name: "xlog1py",
  value: (s, x, y) => s.mul(x, s.log1p(loggedExpression(s, x, y, -1, 0))),
  partials: [(x, y) => log1p(logged(x, y, -1, 0)), (x, y) => div(x, add(1, logged(x, y, -1, 0)))],
  notation: /* @__PURE__ */ template(["", " * log(1 + ", ")"], ["", " \\log(1 + ", ")"], "product", ["product", "sum"]),
  domains: [reals, aboveMinusOne],
  laws: [{ name: "xlog1py(x, y) = x log(1 + y)", left: (x, y) => xlog1py(x, y), right: (x, y) => mul(x, log1p(y)) }],
  conventions: [
    { at: "0 log 0", arguments: [0, -1], value: 0, gradient: [0, 0] },
    { at: "0 log 2", arguments: [0, 1], value: 0, gradient: [Math.LN2, 0] },
  ],
});
