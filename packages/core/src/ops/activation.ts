/** Activation functions, elementwise and stable for every argument. */
import { type Unary, unary } from "../define/elementwise.ts";
import { reals } from "../domain.ts";
import { call } from "../notation.ts";
import { mul, neg } from "./arithmetic.ts";

/**
 * The logistic function 1/(1+e^-x), in [0, 1] and stable for all x.
 * @example
 * ```ts
 * sigmoid(0); // => tensor(0.5, float64)
 * ```
 */
export const sigmoid: Unary = /* @__PURE__ */ unary({
  name: "sigmoid",
  value: (s, x) => {
    const e = s.exp(s.neg(s.abs(x)));
    const h = s.div(s.constant(1), s.add(s.constant(1), e));
    return s.select(s.less(x, s.constant(0)), s.mul(e, h), h);
  },
  derivative: (x) => mul(sigmoid(x), sigmoid(neg(x))),
  notation: call("\\sigma"),
  domain: reals,
});
