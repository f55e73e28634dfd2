/** Exponentials, logarithms, trigonometric and hyperbolic functions, elementwise. */
import { onesLike } from "../create.ts";
import { add, type Binary, binary, type Unary, unary } from "../define/elementwise.ts";
import { negativeSize } from "../define/formulas.ts";
import { aboveMinusOne, atLeastOne, closedSymmetricUnit, positive, reals, realsExcept, symmetricUnit, tangentBranch } from "../domain.ts";
import { call, exponential, named, template } from "../notation.ts";
import type { Tensor } from "../tensor.ts";
import { div, hypot, mul, neg, reciprocal, rsqrt, square, sub } from "./arithmetic.ts";
import { equal, where } from "./selection.ts";

const rightAngle = Math.PI / 2;

/**
 * e^x.
 * @example
 * ```ts
 * exp(tensor([0, 1])); // => tensor([1.000000, 2.718282], float64)
 * ```
 */
export const exp: Unary = /* @__PURE__ */ unary({
  name: "exp",
  value: (s, x) => s.exp(x),
  derivative: (_x, out) => out,
  notation: /* @__PURE__ */ exponential("e"),
  domain: reals,
  laws: [
    { name: "e^-x = 1 / e^x", left: (x) => exp(neg(x)), right: (x) => reciprocal(exp(x)) },
    { name: "log e^x = x", left: (x) => log(exp(x)), right: (x) => x },
  ],
});

/**
 * 2^x, exact for whole x.
 * @example
 * ```ts
 * exp2(tensor([3, -1])); // => tensor([8.0, 0.5], float64)
 * ```
 */
export const exp2: Unary = /* @__PURE__ */ unary({
  name: "exp2",
  value: (s, x) => s.exp2(x),
  derivative: (_x, out) => mul(out, Math.LN2),
  notation: /* @__PURE__ */ exponential("2"),
  domain: reals,
  laws: [
    { name: "2^(x + 1) = 2 · 2^x", left: (x) => exp2(add(x, 1)), right: (x) => mul(2, exp2(x)) },
    { name: "log₂ 2^x = x", left: (x) => log2(exp2(x)), right: (x) => x },
  ],
});

/**
 * e^x - 1, to full accuracy near 0.
 * @example
 * ```ts
 * expm1(1e-20); // => tensor(1e-20, float64)
 * ```
 */
export const expm1: Unary = /* @__PURE__ */ unary({
  name: "expm1",
  value: (s, x) => s.expm1(x),
  derivative: (x) => exp(x),
  notation: /* @__PURE__ */ template(["exp(", ") - 1"], ["e^{", "} - 1"], "sum", ["logic"]),
  domain: reals,
  laws: [
    { name: "expm1(x) = e^x - 1", left: (x) => expm1(x), right: (x) => sub(exp(x), 1) },
    { name: "log1p(expm1(x)) = x", left: (x) => log1p(expm1(x)), right: (x) => x },
  ],
});

/**
 * The natural logarithm; NaN below 0, -Infinity at 0.
 * @example
 * ```ts
 * log(tensor([1, 10])); // => tensor([0.000000, 2.302585], float64)
 * ```
 */
export const log: Unary = /* @__PURE__ */ unary({
  name: "log",
  value: (s, x) => s.log(x),
  derivative: (x) => reciprocal(x),
  notation: /* @__PURE__ */ call("\\log"),
  domain: positive,
  laws: [
    { name: "e^log x = x", left: (x) => exp(log(x)), right: (x) => x },
    { name: "log(1 / x) = -log x", left: (x) => log(reciprocal(x)), right: (x) => neg(log(x)) },
    { name: "log(x²) = 2 log x", left: (x) => log(square(x)), right: (x) => mul(2, log(x)) },
  ],
  conventions: [{ at: "0", arguments: [0], value: -Infinity, gradient: [Infinity] }],
});

/**
 * The logarithm to base 2; NaN below 0, -Infinity at 0.
 * @example
 * ```ts
 * log2(8); // => tensor(3, float64)
 * ```
 */
export const log2: Unary = /* @__PURE__ */ unary({
  name: "log2",
  value: (s, x) => s.log2(x),
  derivative: (x) => div(Math.LOG2E, x),
  notation: /* @__PURE__ */ call("\\log_{2}"),
  domain: positive,
  laws: [
    { name: "log₂ x = log x / log 2", left: (x) => log2(x), right: (x) => div(log(x), Math.LN2) },
    { name: "2^log₂ x = x", left: (x) => exp2(log2(x)), right: (x) => x },
  ],
});

/**
 * The logarithm to base 10; NaN below 0, -Infinity at 0.
 * @example
 * ```ts
 * log10(1000); // => tensor(3, float64)
 * ```
 */
export const log10: Unary = /* @__PURE__ */ unary({
  name: "log10",
  value: (s, x) => s.log10(x),
  derivative: (x) => div(Math.LOG10E, x),
  notation: /* @__PURE__ */ call("\\log_{10}"),
  domain: positive,
  laws: [{ name: "log₁₀ x = log x / log 10", left: (x) => log10(x), right: (x) => div(log(x), Math.LN10) }],
});

/**
 * log(1 + x), to full accuracy near 0; NaN below -1, -Infinity at -1.
 * @example
 * ```ts
 * log1p(1e-20); // => tensor(1e-20, float64)
 * ```
 */
export const log1p: Unary = /* @__PURE__ */ unary({
  name: "log1p",
  value: (s, x) => s.log1p(x),
  derivative: (x) => reciprocal(add(1, x)),
  notation: /* @__PURE__ */ template(["log(1 + ", ")"], ["\\log(1 + ", ")"], "atom", ["sum"]),
  domain: aboveMinusOne,
  laws: [
    { name: "log1p(x) = log(1 + x)", left: (x) => log1p(x), right: (x) => log(add(1, x)) },
    { name: "expm1(log1p(x)) = x", left: (x) => expm1(log1p(x)), right: (x) => x },
  ],
});

/**
 * The sine of an angle in radians.
 * @example
 * ```ts
 * sin(tensor([0, 1])); // => tensor([0.000000, 0.841471], float64)
 * ```
 */
export const sin: Unary = /* @__PURE__ */ unary({
  name: "sin",
  value: (s, x) => s.sin(x),
  derivative: (x) => cos(x),
  notation: /* @__PURE__ */ call("\\sin"),
  domain: reals,
  laws: [
    { name: "sin(-x) = -sin x", left: (x) => sin(neg(x)), right: (x) => neg(sin(x)) },
    { name: "sin²x + cos²x = 1", left: (x) => add(square(sin(x)), square(cos(x))), right: onesLike },
  ],
});

/**
 * The cosine of an angle in radians.
 * @example
 * ```ts
 * cos(tensor([0, 1])); // => tensor([1.000000, 0.540302], float64)
 * ```
 */
export const cos: Unary = /* @__PURE__ */ unary({
  name: "cos",
  value: (s, x) => s.cos(x),
  derivative: (x) => neg(sin(x)),
  notation: /* @__PURE__ */ call("\\cos"),
  domain: reals,
  laws: [
    { name: "cos(-x) = cos x", left: (x) => cos(neg(x)), right: (x) => cos(x) },
    { name: "cos 2x = 1 - 2 sin²x", left: (x) => cos(mul(2, x)), right: (x) => sub(1, mul(2, square(sin(x)))) },
  ],
});

/**
 * The tangent of an angle in radians.
 * @example
 * ```ts
 * tan(1); // => tensor(1.557408, float64)
 * ```
 */
export const tan: Unary = /* @__PURE__ */ unary({
  name: "tan",
  value: (s, x) => s.tan(x),
  derivative: (_x, out) => add(1, square(out)),
  notation: /* @__PURE__ */ call("\\tan"),
  domain: tangentBranch,
  laws: [
    { name: "tan x = sin x / cos x", left: (x) => tan(x), right: (x) => div(sin(x), cos(x)) },
    { name: "arctan(tan x) = x", left: (x) => atan(tan(x)), right: (x) => x },
  ],
});

/**
 * 1 - x², without cancellation near -1 and 1.
 * @example
 * ```ts
 * oneMinusSquare(1 - 2 ** -52); // => tensor(4.44089e-16, float64)
 * ```
 */
export const oneMinusSquare: Unary = /* @__PURE__ */ unary({
  name: "oneMinusSquare",
  value: (s, x) => s.mul(s.sub(s.constant(1), x), s.add(s.constant(1), x)),
  derivative: (x) => mul(-2, x),
  notation: /* @__PURE__ */ template(["1 - ", "²"], ["1 - ", "^{2}"], "sum", ["atom"]),
  domain: reals,
  laws: [{ name: "(1 - x)(1 + x) = 1 - x²", left: (x) => oneMinusSquare(x), right: (x) => sub(1, square(x)) }],
});

/**
 * The angle in [-π/2, π/2] whose sine is x; NaN beyond -1 and 1, where the derivative becomes infinite.
 * @example
 * ```ts
 * asin(1); // => tensor(1.570796, float64)
 * ```
 */
export const asin: Unary = /* @__PURE__ */ unary({
  name: "asin",
  value: (s, x) => s.asin(x),
  derivative: (x) => rsqrt(oneMinusSquare(x)),
  notation: /* @__PURE__ */ call("\\arcsin"),
  domain: closedSymmetricUnit,
  laws: [
    { name: "sin(arcsin x) = x", left: (x) => sin(asin(x)), right: (x) => x },
    { name: "arcsin(-x) = -arcsin x", left: (x) => asin(neg(x)), right: (x) => neg(asin(x)) },
  ],
  conventions: [{ at: "1", arguments: [1], value: rightAngle, gradient: [Infinity] }],
});

/**
 * The angle in [0, π] whose cosine is x; NaN beyond -1 and 1, where the derivative becomes infinite.
 * @example
 * ```ts
 * acos(-1); // => tensor(3.141593, float64)
 * ```
 */
export const acos: Unary = /* @__PURE__ */ unary({
  name: "acos",
  value: (s, x) => s.acos(x),
  derivative: (x) => neg(rsqrt(oneMinusSquare(x))),
  notation: /* @__PURE__ */ call("\\arccos"),
  domain: closedSymmetricUnit,
  laws: [
    { name: "cos(arccos x) = x", left: (x) => cos(acos(x)), right: (x) => x },
    { name: "arccos x + arcsin x = π/2", left: (x) => add(acos(x), asin(x)), right: (x) => mul(onesLike(x), Math.PI / 2) },
  ],
  conventions: [{ at: "1", arguments: [1], value: 0, gradient: [-Infinity] }],
});

/**
 * The angle in [-π/2, π/2] whose tangent is x.
 * @example
 * ```ts
 * atan(tensor([1, Infinity])); // => tensor([0.785398, 1.570796], float64)
 * ```
 */
export const atan: Unary = /* @__PURE__ */ unary({
  name: "atan",
  value: (s, x) => s.atan(x),
  derivative: (x) => reciprocal(add(1, square(x))),
  notation: /* @__PURE__ */ call("\\arctan"),
  domain: reals,
  laws: [
    { name: "tan(arctan x) = x", left: (x) => tan(atan(x)), right: (x) => x },
    { name: "arctan(-x) = -arctan x", left: (x) => atan(neg(x)), right: (x) => neg(atan(x)) },
  ],
});

/** q, or 0 where a radius is 0: the convention for directions at the origin. */
const unlessOrigin = (radius: Tensor, q: Tensor): Tensor => where(equal(radius, 0), 0, q);

/**
 * The angle in [-π, π] of the point (x, y), y first as in every language; the gradient at the origin is 0.
 * @example
 * ```ts
 * atan2(1, -1); // => tensor(2.356194, float64)
 * ```
 */
export const atan2: Binary = /* @__PURE__ */ binary({
  name: "atan2",
  value: (s, y, x) => s.atan2(y, x),
  partials: [
    (y, x) => {
      const r = hypot(x, y);
      return unlessOrigin(r, div(div(x, r), r));
    },
    (y, x) => {
      const r = hypot(x, y);
      return unlessOrigin(r, neg(div(div(y, r), r)));
    },
  ],
  notation: /* @__PURE__ */ named("atan2"),
  domains: [/* @__PURE__ */ realsExcept(0), /* @__PURE__ */ realsExcept(0)],
  laws: [
    { name: "atan2(-y, x) = -atan2(y, x)", left: (y, x) => atan2(neg(y), x), right: (y, x) => neg(atan2(y, x)) },
    { name: "tan(atan2(y, x)) = y / x", left: (y, x) => tan(atan2(y, x)), right: (y, x) => div(y, x) },
  ],
  conventions: [
    { at: "the origin", arguments: [0, 0], value: 0, gradient: [0, 0] },
    { at: "the positive axis", arguments: [0, 2], value: 0, gradient: [0.5, 0] },
  ],
});

/**
 * The hyperbolic sine.
 * @example
 * ```ts
 * sinh(1); // => tensor(1.175201, float64)
 * ```
 */
export const sinh: Unary = /* @__PURE__ */ unary({
  name: "sinh",
  value: (s, x) => s.sinh(x),
  derivative: (x) => cosh(x),
  notation: /* @__PURE__ */ call("\\sinh"),
  domain: reals,
  laws: [
    { name: "sinh x = (e^x - e^-x) / 2", left: (x) => sinh(x), right: (x) => div(sub(exp(x), exp(neg(x))), 2) },
    { name: "arsinh(sinh x) = x", left: (x) => asinh(sinh(x)), right: (x) => x },
  ],
});

/**
 * The hyperbolic cosine.
 * @example
 * ```ts
 * cosh(1); // => tensor(1.543081, float64)
 * ```
 */
export const cosh: Unary = /* @__PURE__ */ unary({
  name: "cosh",
  value: (s, x) => s.cosh(x),
  derivative: (x) => sinh(x),
  notation: /* @__PURE__ */ call("\\cosh"),
  domain: reals,
  laws: [
    { name: "cosh x = (e^x + e^-x) / 2", left: (x) => cosh(x), right: (x) => div(add(exp(x), exp(neg(x))), 2) },
    { name: "cosh²x = 1 + sinh²x", left: (x) => square(cosh(x)), right: (x) => add(1, square(sinh(x))) },
  ],
});

/**
 * The hyperbolic tangent, in [-1, 1]; its derivative is sech²x, which keeps its digits where tanh x rounds to 1.
 * @example
 * ```ts
 * tanh(1); // => tensor(0.761594, float64)
 * grad((x: Tensor) => tanh(x))(tensor(40)); // => tensor(7.21941e-35, float64)
 * ```
 */
export const tanh: Unary = /* @__PURE__ */ unary({
  name: "tanh",
  value: (s, x) => s.tanh(x),
  derivative: (x) => square(sech(x)),
  notation: /* @__PURE__ */ call("\\tanh"),
  domain: reals,
  laws: [
    { name: "tanh x = sinh x / cosh x", left: (x) => tanh(x), right: (x) => div(sinh(x), cosh(x)) },
    { name: "1 - tanh²x = sech²x", left: (x) => sub(1, square(tanh(x))), right: (x) => square(sech(x)) },
  ],
});

/**
 * The hyperbolic secant 1/cosh x, in [0, 1]; it underflows where cosh x would overflow.
 * @example
 * ```ts
 * sech(tensor([0, 1])); // => tensor([1.000000, 0.648054], float64)
 * ```
 */
export const sech: Unary = /* @__PURE__ */ unary({
  name: "sech",
  value: (s, x) => {
    const e = s.exp(negativeSize(s, x));
    return s.div(s.mul(s.constant(2), e), s.add(s.constant(1), s.mul(e, e)));
  },
  derivative: (x, out) => neg(mul(out, tanh(x))),
  notation: /* @__PURE__ */ named("sech"),
  domain: reals,
  laws: [{ name: "sech x = 1 / cosh x", left: (x) => sech(x), right: (x) => reciprocal(cosh(x)) }],
});

/**
 * The inverse hyperbolic sine, log(x + √(1 + x²)) without cancellation.
 * @example
 * ```ts
 * asinh(1); // => tensor(0.881374, float64)
 * ```
 */
export const asinh: Unary = /* @__PURE__ */ unary({
  name: "asinh",
  value: (s, x) => s.asinh(x),
  derivative: (x) => reciprocal(hypot(1, x)),
  notation: /* @__PURE__ */ named("arsinh"),
  domain: reals,
  laws: [
    { name: "sinh(arsinh x) = x", left: (x) => sinh(asinh(x)), right: (x) => x },
    { name: "arsinh(-x) = -arsinh x", left: (x) => asinh(neg(x)), right: (x) => neg(asinh(x)) },
  ],
});

/**
 * The inverse hyperbolic cosine, in [0, ∞); NaN below 1, where the derivative becomes infinite.
 * @example
 * ```ts
 * acosh(2); // => tensor(1.316958, float64)
 * ```
 */
export const acosh: Unary = /* @__PURE__ */ unary({
  name: "acosh",
  value: (s, x) => s.acosh(x),
  derivative: (x) => mul(rsqrt(sub(x, 1)), rsqrt(add(x, 1))),
  notation: /* @__PURE__ */ named("arcosh"),
  domain: atLeastOne,
  laws: [{ name: "cosh(arcosh x) = x", left: (x) => cosh(acosh(x)), right: (x) => x }],
  conventions: [{ at: "1", arguments: [1], value: 0, gradient: [Infinity] }],
});

/**
 * The inverse hyperbolic tangent; NaN beyond -1 and 1, where it is infinite.
 * @example
 * ```ts
 * atanh(0.5); // => tensor(0.549306, float64)
 * ```
 */
export const atanh: Unary = /* @__PURE__ */ unary({
  name: "atanh",
  value: (s, x) => s.atanh(x),
  derivative: (x) => reciprocal(oneMinusSquare(x)),
  notation: /* @__PURE__ */ named("artanh"),
  domain: symmetricUnit,
  laws: [
    { name: "tanh(artanh x) = x", left: (x) => tanh(atanh(x)), right: (x) => x },
    { name: "artanh(-x) = -artanh x", left: (x) => atanh(neg(x)), right: (x) => neg(atanh(x)) },
  ],
  conventions: [{ at: "1", arguments: [1], value: Infinity, gradient: [Infinity] }],
});
