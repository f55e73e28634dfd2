/** Arithmetic of real numbers, elementwise: sums, products, powers, roots, rounding. */
import { type Binary, binary, type Unary, unary } from "../define/elementwise.ts";
import { nonzero, positive, reals } from "../domain.ts";
import { fraction, infix, precedence, prefix, root, superscript } from "../notation.ts";

export { add, chainMul } from "../define/elementwise.ts";

/** The negative. */
export const neg: Unary = /* @__PURE__ */ unary({
  name: "neg",
  value: (s, x) => s.neg(x),
  dtype: "numeric",
  pass: (t) => neg(t),
  notation: prefix("-", "-", "negative"),
  domain: reals,
});

/** The difference of two tensors or numbers, with broadcasting; integers wrap. */
export const sub: Binary = /* @__PURE__ */ binary({
  name: "sub",
  value: (s, x, y) => s.sub(x, y),
  dtype: "numeric",
  passes: [(t) => t, (t) => neg(t)],
  notation: infix("-", "-", precedence.sum, false, "difference"),
  domains: [reals, reals],
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
  notation: infix("*", "\\,", precedence.product, true, "product"),
  domains: [reals, reals],
});


/** The quotient; integers and bools become float64. */
export const div: Binary = /* @__PURE__ */ binary({
  name: "div",
  value: (s, x, y) => s.div(x, y),
  partials: [(_x, y) => reciprocal(y), (_x, y, out) => neg(div(out, y))],
  notation: fraction,
  domains: [reals, nonzero],
});

/** 1/x. */
export const reciprocal: Unary = /* @__PURE__ */ unary({
  name: "reciprocal",
  value: (s, x) => s.div(s.constant(1), x),
  derivative: (_x, out) => neg(square(out)),
  notation: fraction,
  domain: nonzero,
});

/** x². */
export const square: Unary = /* @__PURE__ */ unary({
  name: "square",
  value: (s, x) => s.mul(x, x),
  dtype: "numeric",
  derivative: (x) => mul(2, x),
  notation: superscript("²", "2"),
  domain: reals,
});

/** The square root; NaN below 0, and an infinite derivative at 0. */
export const sqrt: Unary = /* @__PURE__ */ unary({
  name: "sqrt",
  value: (s, x) => s.sqrt(x),
  derivative: (_x, out) => div(0.5, out),
  notation: root(2),
  domain: positive,
  conventions: [{ at: "0", arguments: [0], value: 0, gradient: [Number.POSITIVE_INFINITY] }],
});
