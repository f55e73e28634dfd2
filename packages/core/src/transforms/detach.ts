/** The cut: an identity that no derivative passes. */
import { elementwise, type ElementwiseOp } from "../define/elementwise.ts";
import { argumentError } from "../errors.ts";
import { named } from "../notation.ts";
import { callable, type Callable, type Op } from "../op.ts";
import { flattenTensors, unflatten } from "../struct.ts";

const detachOp: ElementwiseOp = /* @__PURE__ */ elementwise<undefined>({
  name: "detach",
  arity: 1,
  dtype: "same",
  value: (_s, x) => x[0]!,
  rules: [null],
  notation: /* @__PURE__ */ named("detach"),
});

/**
 * The same values as a constant: no derivative passes, of any enclosing transform, in either mode; vmap maps it like any other op.
 *
 * Takes a tensor or a struct of tensors.
 * @example
 * ```ts
 * grad((x: Tensor) => x.mul(detach(x)))(tensor(3)); // => tensor(3, float64)
 * ```
 */
export const detach: Callable<<T>(x: T) => T> = /* @__PURE__ */ callable(
  <T>(x: T): T => {
    const { leaves, definition } = flattenTensors(x);
    if (leaves.length === 0) throw argumentError("detach", "there is no tensor", x, "give a tensor or a struct of tensors");
    return unflatten<T>(
      definition,
      leaves.map((leaf) => detachOp.apply([leaf], undefined)),
    );
  },
  {
    name: "detach",
    op: detachOp as Op,
    surrogate: "it is a constant to every derivative",
    sample: (draw) => [draw.tensor(draw.shape(0, 3))],
  },
);
