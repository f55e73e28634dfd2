/** Arithmetic of real numbers, elementwise: sums, products, powers, roots, signs, roundings. */
import { onesLike, zerosLike } from "../create.ts";
import { type Binary, binary, chainMul, add, type Unary, unary } from "../define/elementwise.ts";
import { betweenHalves, betweenIntegers, nonnegative, nonzero, positive, reals, realsExcept } from "../domain.ts";
import { delimiters, fraction, infix, power, prefix, named, root, superscript, template } from "../notation.ts";
import type { Draw } from "../op.ts";
import { exp, log } from "./elementary.ts";
import { equal, greaterEqual, logicalAnd, where } from "./selection.ts";

export { add, chainMul } from "../define/elementwise.ts";

/**
 * The negative; integers wrap and bools become int32.
 * @example
 * ```ts
 * neg(tensor([1, -2])); // => tensor([-1,  2], float64)
 * ```
 */
export const neg: Unary = /* @__PURE__ */ unary({
  name: "neg",
  value: (s, x) => s.neg(x),
  dtype: "numeric",
  pass: (t) => neg(t),
  notation: /* @__PURE__ */ prefix("-", "-", "negative"),
  domain: reals,
  laws: [{ name: "-(-x) = x", left: (x) => neg(neg(x)), right: (x) => x }],
});

/**
 * The difference of two tensors or numbers, with broadcasting; integers wrap.
 * @example
 * ```ts
 * sub(tensor([5, 7]), 2); // => tensor([3, 5], float64)
 * ```
 */
export const sub: Binary = /* @__PURE__ */ binary({
  name: "sub",
  value: (s, x, y) => s.sub(x, y),
  dtype: "numeric",
  passes: [(t) => t, (t) => neg(t)],
  notation: /* @__PURE__ */ infix("-", "-", "sum", false, "difference"),
  domains: [reals, reals],
  laws: [
    { name: "x - y = -(y - x)", left: (x, y) => sub(x, y), right: (x, y) => neg(sub(y, x)) },
    { name: "x - y = x + (-y)", left: (x, y) => sub(x, y), right: (x, y) => add(x, neg(y)) },
  ],
});

/**
 * The product of two tensors or numbers, entry by entry, with broadcasting; integers wrap.
 * @example
 * ```ts
 * mul(tensor([1, 2, 3]), 2); // => tensor([2, 4, 6], float64)
 * ```
 */
export const mul: Binary = /* @__PURE__ */ binary({
  name: "mul",
  value: (s, x, y) => s.mul(x, y),
  dtype: "numeric",
  partials: [(_x, y) => y, (x) => x],
  notation: /* @__PURE__ */ infix("*", "\\,", "product", true, "product"),
  domains: [reals, reals],
  laws: [
    { name: "x y = y x", left: (x, y) => mul(x, y), right: (x, y) => mul(y, x) },
    { name: "x (y + 1) = x y + x", left: (x, y) => mul(x, add(y, 1)), right: (x, y) => add(mul(x, y), x) },
    { name: "(-x) y = -(x y)", left: (x, y) => mul(neg(x), y), right: (x, y) => neg(mul(x, y)) },
  ],
});

/**
 * The quotient; integers and bools become float64.
 * @example
 * ```ts
 * div(tensor([1, 2]), 4); // => tensor([0.25, 0.50], float64)
 * ```
 */
export const div: Binary = /* @__PURE__ */ binary({
  name: "div",
  value: (s, x, y) => s.div(x, y),
  partials: [(_x, y) => reciprocal(y), (_x, y, out) => neg(div(out, y))],
  notation: fraction,
  domains: [reals, nonzero],
  laws: [
    { name: "x / y = x y⁻¹", left: (x, y) => div(x, y), right: (x, y) => mul(x, reciprocal(y)) },
    { name: "(x y) / y = x", left: (x, y) => div(mul(x, y), y), right: (x, y) => add(x, zerosLike(y)) },
  ],
});

/**
 * 1/x; infinite at 0.
 * @example
 * ```ts
 * reciprocal(4); // => tensor(0.25, float64)
 * ```
 */
export const reciprocal: Unary = /* @__PURE__ */ unary({
  name: "reciprocal",
  value: (s, x) => s.div(s.constant(1), x),
  derivative: (_x, out) => neg(square(out)),
  notation: fraction,
  domain: nonzero,
  laws: [
    { name: "1/(1/x) = x", left: (x) => reciprocal(reciprocal(x)), right: (x) => x },
    { name: "x · 1/x = 1", left: (x) => mul(x, reciprocal(x)), right: onesLike },
  ],
});

/**
 * x²; integers wrap.
 * @example
 * ```ts
 * square(tensor([1, -3])); // => tensor([1, 9], float64)
 * ```
 */
export const square: Unary = /* @__PURE__ */ unary({
  name: "square",
  value: (s, x) => s.mul(x, x),
  dtype: "numeric",
  derivative: (x) => mul(2, x),
  notation: /* @__PURE__ */ superscript("²", "2"),
  domain: reals,
  laws: [
    { name: "x² = x x", left: (x) => square(x), right: (x) => mul(x, x) },
    { name: "(-x)² = x²", left: (x) => square(neg(x)), right: (x) => square(x) },
  ],
});

/**
 * x to the power y, as float64 for integers (whose powers may be fractions). NaN for a negative x and a y that is not whole; 0⁰ is 1.
 * 1 to any power is 1, even to NaN, and -1 to an infinite one too, as in C and NumPy.
 *
 * At x = 0 the derivative by y is taken as 0 for y >= 0, the limit wherever that is finite; the derivative of x⁰ by x is 0.
 * @example
 * ```ts
 * pow(tensor([1, 2, 3]), 2); // => tensor([1, 4, 9], float64)
 * grad((x: Tensor) => pow(x, 3))(tensor(-2)); // => tensor(12, float64)
 * ```
 */
export const pow: Binary = /* @__PURE__ */ binary({
  name: "pow",
  value: (s, x, y) => s.pow(x, y),
  partials: [
    (x, y) => chainMul(y, pow(x, sub(y, 1))),
    (x, y, out) => mul(out, log(where(logicalAnd(equal(x, 0), greaterEqual(y, 0)), 1, x))),
  ],
  notation: power,
  domains: [positive, reals],
  laws: [
    { name: "x^y = e^(y log x)", left: (x, y) => pow(x, y), right: (x, y) => exp(mul(y, log(x))) },
    { name: "x^(y + 1) = x^y x", left: (x, y) => pow(x, add(y, 1)), right: (x, y) => mul(pow(x, y), x) },
    { name: "x^-y = 1 / x^y", left: (x, y) => pow(x, neg(y)), right: (x, y) => reciprocal(pow(x, y)) },
  ],
  conventions: [
    { at: "0⁰", arguments: [0, 0], value: 1, gradient: [0, 0] },
    { at: "0¹", arguments: [0, 1], value: 0, gradient: [1, 0] },
    { at: "0 to a power above 1", arguments: [0, 2.5], value: 0, gradient: [0, 0] },
    { at: "0 to a power between 0 and 1", arguments: [0, 0.5], value: 0, gradient: [Infinity, 0] },
    { at: "1 to the power NaN", arguments: [1, Number.NaN], value: 1 },
    { at: "1 to an infinite power", arguments: [1, Infinity], value: 1 },
    { at: "-1 to an infinite power", arguments: [-1, -Infinity], value: 1 },
    { at: "a negative base and a whole exponent", arguments: [-2, 3], value: -8, gradient: [12, Number.NaN] },
  ],
});

/**
 * The square root; NaN below 0, and an infinite derivative at 0.
 * @example
 * ```ts
 * sqrt(tensor([1, 4, 9])); // => tensor([1, 2, 3], float64)
 * ```
 */
export const sqrt: Unary = /* @__PURE__ */ unary({
  name: "sqrt",
  value: (s, x) => s.sqrt(x),
  derivative: (_x, out) => div(0.5, out),
  notation: /* @__PURE__ */ root(2),
  domain: nonnegative,
  laws: [
    { name: "(√x)² = x", left: (x) => square(sqrt(x)), right: (x) => x },
    { name: "√(x²) = x", left: (x) => sqrt(square(x)), right: (x) => x },
  ],
  conventions: [{ at: "0", arguments: [0], value: 0, gradient: [Infinity] }],
});

/**
 * 1/√x; infinite at 0 and NaN below.
 * @example
 * ```ts
 * rsqrt(4); // => tensor(0.5, float64)
 * ```
 */
export const rsqrt: Unary = /* @__PURE__ */ unary({
  name: "rsqrt",
  value: (s, x) => s.div(s.constant(1), s.sqrt(x)),
  derivative: (x, out) => mul(-0.5, div(out, x)),
  notation: /* @__PURE__ */ template(["rsqrt(", ")"], ["\\frac{1}{\\sqrt{", "}}"], "power", ["logic"]),
  domain: positive,
  laws: [{ name: "1/√x = 1 / √x", left: (x) => rsqrt(x), right: (x) => reciprocal(sqrt(x)) }],
  conventions: [{ at: "0", arguments: [0], value: Infinity, gradient: [-Infinity] }],
});

/**
 * The real cube root, of negative numbers too; an infinite derivative at 0.
 * @example
 * ```ts
 * cbrt(tensor([8, -27])); // => tensor([ 2, -3], float64)
 * ```
 */
export const cbrt: Unary = /* @__PURE__ */ unary({
  name: "cbrt",
  value: (s, x) => s.cbrt(x),
  derivative: (_x, out) => reciprocal(mul(3, square(out))),
  notation: /* @__PURE__ */ root(3),
  domain: /* @__PURE__ */ realsExcept(0),
  laws: [
    { name: "(∛x)³ = x", left: (x) => mul(cbrt(x), square(cbrt(x))), right: (x) => x },
    { name: "∛(-x) = -∛x", left: (x) => cbrt(neg(x)), right: (x) => neg(cbrt(x)) },
  ],
  conventions: [{ at: "0", arguments: [0], value: 0, gradient: [Infinity] }],
});

/**
 * √(x² + y²) without overflow or underflow on the way; the gradient at the origin is 0.
 * @example
 * ```ts
 * hypot(3e200, 4e200); // => tensor(5e+200, float64)
 * ```
 */
export const hypot: Binary = /* @__PURE__ */ binary({
  name: "hypot",
  value: (s, x, y) => {
    const steep = s.less(s.abs(x), s.abs(y));
    const larger = s.select(steep, y, x);
    const ratio = s.div(s.select(steep, x, y), larger);
    const size = s.abs(larger);
    const isWhole = s.or(s.equal(size, s.constant(0)), s.equal(size, s.constant(Infinity)));
    return s.select(isWhole, s.add(s.abs(x), s.abs(y)), s.mul(size, s.sqrt(s.add(s.constant(1), s.mul(ratio, ratio)))));
  },
  partials: [(x, _y, out) => where(equal(out, 0), 0, div(x, out)), (_x, y, out) => where(equal(out, 0), 0, div(y, out))],
  notation: /* @__PURE__ */ template(["sqrt(", "² + ", "²)"], ["\\sqrt{", "^{2} + ", "^{2}}"], "atom", ["atom", "atom"]),
  domains: [/* @__PURE__ */ realsExcept(0), /* @__PURE__ */ realsExcept(0)],
  laws: [
    { name: "hypot(x, y)² = x² + y²", left: (x, y) => square(hypot(x, y)), right: (x, y) => add(square(x), square(y)) },
    { name: "hypot(x, y) = hypot(y, -x)", left: (x, y) => hypot(x, y), right: (x, y) => hypot(y, neg(x)) },
  ],
  conventions: [
    { at: "the origin", arguments: [0, 0], value: 0, gradient: [0, 0] },
    { at: "an axis", arguments: [0, -2], value: 2, gradient: [0, -1] },
  ],
});

/**
 * |x|; the derivative at 0 is 0.
 * @example
 * ```ts
 * abs(tensor([-1.5, 2])); // => tensor([1.5, 2.0], float64)
 * ```
 */
export const abs: Unary = /* @__PURE__ */ unary({
  name: "abs",
  value: (s, x) => s.abs(x),
  dtype: "numeric",
  derivative: (x) => sign(x),
  notation: /* @__PURE__ */ delimiters("\\lvert ", "\\rvert"),
  domain: /* @__PURE__ */ realsExcept(0),
  laws: [
    { name: "|-x| = |x|", left: (x) => abs(neg(x)), right: (x) => abs(x) },
    { name: "|x| sgn x = x", left: (x) => mul(abs(x), sign(x)), right: (x) => x },
    { name: "√(x²) = |x|", left: (x) => sqrt(square(x)), right: (x) => abs(x) },
  ],
  conventions: [{ at: "0", arguments: [0], value: 0, gradient: [0] }],
});

/**
 * -1, 0 or 1; NaN stays, and the derivative is 0 everywhere.
 * @example
 * ```ts
 * sign(tensor([-2, 0, 3])); // => tensor([-1,  0,  1], float64)
 * ```
 */
export const sign: Unary = /* @__PURE__ */ unary({
  name: "sign",
  value: (s, x) => s.sign(x),
  dtype: "numeric",
  notation: /* @__PURE__ */ named("sgn"),
  domain: /* @__PURE__ */ realsExcept(0),
  laws: [{ name: "sgn(-x) = -sgn x", left: (x) => sign(neg(x)), right: (x) => neg(sign(x)) }],
  conventions: [{ at: "0", arguments: [0], value: 0, gradient: [0] }],
});

/**
 * The largest integer not above x, in x's dtype; the derivative is 0 everywhere.
 * @example
 * ```ts
 * floor(tensor([1.7, -1.2])); // => tensor([ 1, -2], float64)
 * ```
 */
export const floor: Unary = /* @__PURE__ */ unary({
  name: "floor",
  value: (s, x) => s.floor(x),
  dtype: "numeric",
  notation: /* @__PURE__ */ delimiters("\\lfloor ", "\\rfloor"),
  domain: betweenIntegers,
  laws: [{ name: "⌊x + 1⌋ = ⌊x⌋ + 1", left: (x) => floor(add(x, 1)), right: (x) => add(floor(x), 1) }],
  conventions: [{ at: "an integer", arguments: [2], value: 2, gradient: [0] }],
});

/**
 * The smallest integer not below x, in x's dtype; the derivative is 0 everywhere.
 * @example
 * ```ts
 * ceil(tensor([1.2, -1.7])); // => tensor([ 2, -1], float64)
 * ```
 */
export const ceil: Unary = /* @__PURE__ */ unary({
  name: "ceil",
  value: (s, x) => s.ceil(x),
  dtype: "numeric",
  notation: /* @__PURE__ */ delimiters("\\lceil ", "\\rceil"),
  domain: betweenIntegers,
  laws: [{ name: "⌈x⌉ = -⌊-x⌋", left: (x) => ceil(x), right: (x) => neg(floor(neg(x))) }],
  conventions: [{ at: "an integer", arguments: [2], value: 2, gradient: [0] }],
});

/**
 * The nearest integer, in x's dtype, and of two equally near the even one; the derivative is 0 everywhere.
 * @example
 * ```ts
 * round(tensor([0.5, 1.5, 2.6])); // => tensor([0, 2, 3], float64)
 * ```
 */
export const round: Unary = /* @__PURE__ */ unary({
  name: "round",
  value: (s, x) => s.round(x),
  dtype: "numeric",
  notation: /* @__PURE__ */ delimiters("\\lfloor ", "\\rceil"),
  domain: betweenHalves,
  laws: [{ name: "round(-x) = -round(x)", left: (x) => round(neg(x)), right: (x) => neg(round(x)) }],
  conventions: [
    { at: "a tie", arguments: [2.5], value: 2, gradient: [0] },
    { at: "another tie", arguments: [3.5], value: 4, gradient: [0] },
  ],
});

/** x lies between two multiples of y, never on one. */
function betweenMultiples(draw: Draw): readonly unknown[] {
  const shape = draw.shape(0, 3);
  const y = draw.tensor(shape.slice(draw.integer(0, shape.length)), nonzero);
  return [mul(y, draw.tensor(shape, betweenIntegers)), y];
}

/**
 * x - ⌊x/y⌋ y, with the sign of y (Python's and NumPy's remainder). NaN where y is 0, for integers 0.
 *
 * The derivative by y is -⌊x/y⌋.
 * @example
 * ```ts
 * remainder(tensor([5, -5]), 3); // => tensor([2, 1], float64)
 * ```
 */
export const remainder: Binary = /* @__PURE__ */ binary({
  name: "remainder",
  value: (s, x, y) => s.remainder(x, y),
  dtype: "numeric",
  partials: [() => 1, (x, y, out) => neg(round(div(sub(x, out), y)))],
  notation: /* @__PURE__ */ infix("mod", "\\bmod", "product"),
  domains: [reals, nonzero],
  sample: betweenMultiples,
  laws: [
    { name: "x mod y = x - ⌊x / y⌋ y", left: (x, y) => remainder(x, y), right: (x, y) => sub(x, mul(floor(div(x, y)), y)) },
    { name: "(x + y) mod y = x mod y", left: (x, y) => remainder(add(x, y), y), right: (x, y) => remainder(x, y) },
  ],
  conventions: [{ at: "a multiple", arguments: [6, 3], value: 0, gradient: [1, -2] }],
});
