/** Exponentials, logarithms, trigonometric and hyperbolic functions, elementwise. */
import { type Unary, unary } from "../define/elementwise.ts";
import { positive, reals } from "../domain.ts";
import { call, exponential } from "../notation.ts";
import { neg, reciprocal } from "./arithmetic.ts";

/** e^x. */
export const exp: Unary = /* @__PURE__ */ unary({
  name: "exp",
  value: (s, x) => s.exp(x),
  derivative: (_x, out) => out,
  notation: exponential("e"),
  domain: reals,
});

/** The natural logarithm; NaN below 0, -Infinity at 0. */
export const log: Unary = /* @__PURE__ */ unary({
  name: "log",
  value: (s, x) => s.log(x),
  derivative: (x) => reciprocal(x),
  notation: call("\\log"),
  domain: positive,
});

/** The sine of an angle in radians. */
export const sin: Unary = /* @__PURE__ */ unary({
  name: "sin",
  value: (s, x) => s.sin(x),
  derivative: (x) => cos(x),
  notation: call("\\sin"),
  domain: reals,
});

/** The cosine of an angle in radians. */
export const cos: Unary = /* @__PURE__ */ unary({
  name: "cos",
  value: (s, x) => s.cos(x),
  derivative: (x) => neg(sin(x)),
  notation: call("\\cos"),
  domain: reals,
});
