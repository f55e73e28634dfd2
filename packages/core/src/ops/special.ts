/** Special functions, elementwise: error functions, gamma functions. */
import { elementwise, type ElementwiseOp, type Unary, unary } from "../define/elementwise.ts";
import { positive } from "../domain.ts";
import { argumentError } from "../errors.ts";
import { call } from "../notation.ts";
import { callable, type Callable, type Op, operand } from "../op.ts";
import type { Tensor, TensorLike } from "../tensor.ts";

/** ln|Γ(x)|: a few ulp for x > 0, an absolute 1e-13 or so between the poles of the negative axis. */
export const lgamma: Unary = /* @__PURE__ */ unary({
  name: "lgamma",
  value: (s, x) => s.lgamma(x),
  derivative: (x) => polygamma(0, x),
  notation: call("\\ln\\Gamma"),
  domain: positive,
});

const polygammaOp: ElementwiseOp<number> = /* @__PURE__ */ elementwise<number>({
  name: "polygamma",
  arity: 1,
  value: (s, x, order) => s.polygamma(order, x[0]!),
  rules: [{ partial: (inputs, _out, order) => polygamma(order + 1, inputs[0]!) }],
  key: String,
  notation: call("\\psi"),
  show: (order) => `order=${order}`,
});

/** The polygamma function of an order 0, 1, 2, …: derivative number order + 1 of ln Γ. */
export const polygamma: Callable<(order: number, x: TensorLike) => Tensor> = /* @__PURE__ */ callable(
  (order: number, x: TensorLike) => {
    if (!Number.isInteger(order) || order < 0) throw argumentError("polygamma", "the order is not a non-negative integer", order, "give 0, 1, 2, …");
    return polygammaOp.apply([operand("polygamma", 1, x)], order);
  },
  { name: "polygamma", op: polygammaOp as Op, domain: [positive], sample: (draw) => [draw.integer(0, 2), draw.tensor(draw.shape(0, 2), positive)] },
);
