/** Comparisons, logic and choice, elementwise. */
import { type Binary, binary, elementwise, type ElementwiseOp } from "../define/elementwise.ts";
import { reals } from "../domain.ts";
import { promote } from "../dtype.ts";
import { cases, infix, precedence } from "../notation.ts";
import { callable, type Callable, type Op, operand, operands } from "../op.ts";
import type { Tensor, TensorLike } from "../tensor.ts";

/** Whether x < y, entry by entry; false where either is NaN. */
export const less: Binary = /* @__PURE__ */ binary({
  name: "less",
  value: (s, x, y) => s.less(x, y),
  dtype: "bool",
  notation: infix("<", "<", precedence.comparison),
  domains: [reals, reals],
});

const whereOp: ElementwiseOp = /* @__PURE__ */ elementwise<undefined>({
  name: "where",
  arity: 3,
  value: (s, [condition, x, y]) => s.select(s.convert(condition!, "bool"), x!, y!),
  infer: ([, x, y]) => promote(x!.dtype, y!.dtype),
  rules: [null, { pass: (t, [condition]) => where(condition!, t, 0) }, { pass: (t, [condition]) => where(condition!, 0, t) }],
  notation: cases,
});

/**
 * `x` where the condition holds and `y` elsewhere; nothing of the branch not taken reaches the value or the gradient.
 * @example
 * ```ts
 * where(tensor([true, false]), 1, tensor([5, 6])); // => tensor([1, 6], float64)
 * ```
 */
export const where: Callable<(condition: TensorLike, x: TensorLike, y: TensorLike) => Tensor> = /* @__PURE__ */ callable(
  (condition: TensorLike, x: TensorLike, y: TensorLike) => whereOp.apply([operand("where", 0, condition), ...operands("where", [x, y])], undefined),
  {
    name: "where",
    op: whereOp as Op,
    sample: (draw) => {
      const shape = draw.shape(0, 3);
      return [draw.bools(shape), draw.tensor(shape), draw.tensor(draw.pick([shape, []]))];
    },
  },
);
