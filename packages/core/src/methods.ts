/** Every op whose first argument is a tensor, as a method: generated from the op table by `npm run generate`. */
import type { DType } from "./dtype.ts";
import type { AxesOptions } from "./ops/reduction.ts";
import type { Shape } from "./shape.ts";
import {
  add,
  broadcastTo,
  cast,
  chainMul,
  cos,
  div,
  exp,
  less,
  lgamma,
  log,
  mul,
  neg,
  permute,
  reciprocal,
  reshape,
  sigmoid,
  sin,
  sqrt,
  square,
  sub,
  sum,
  where,
} from "./ops/index.ts";
import { Tensor, type TensorLike } from "./tensor.ts";

/** The methods of a tensor: `x.op(...rest)` is `op(x, ...rest)`. */
export interface TensorMethods {
  /** The sum of two tensors or numbers, with broadcasting; integers wrap. */
  add(y: TensorLike): Tensor;
  /** Repeats axes of side 1, and adds axes in front, until the shape is `shape`. */
  broadcastTo(shape: Shape): Tensor;
  /** The entries in another dtype: floats become int32 by truncation and wrapping, anything becomes bool by asking whether it is not 0. */
  cast(dtype: DType): Tensor;
  /** The product of a tangent or cotangent with a partial derivative: zero wherever the first factor is exactly zero, whatever the second is. This is what keeps a branch not taken from leaking NaN into a gradient. */
  chainMul(y: TensorLike): Tensor;
  /** The cosine of an angle in radians. */
  cos(): Tensor;
  /** The quotient; integers and bools become float64. */
  div(y: TensorLike): Tensor;
  /** e^x. */
  exp(): Tensor;
  /** Whether x < y, entry by entry; false where either is NaN. */
  less(y: TensorLike): Tensor;
  /** ln|Γ(x)|: a few ulp for x > 0, an absolute 1e-13 or so between the poles of the negative axis. */
  lgamma(): Tensor;
  /** The natural logarithm; NaN below 0, -Infinity at 0. */
  log(): Tensor;
  /** The product of two tensors or numbers, entry by entry, with broadcasting; integers wrap. */
  mul(y: TensorLike): Tensor;
  /** The negative. */
  neg(): Tensor;
  /** The axes in another order: axis i of the output is axis `axes[i]` of the input; all reversed by default. */
  permute(axes?: readonly number[]): Tensor;
  /** 1/x. */
  reciprocal(): Tensor;
  /** The same entries in another shape; one side may be -1 and is worked out. */
  reshape(shape: Shape): Tensor;
  /** The logistic function 1/(1+e^-x), in [0, 1] and stable for all x. */
  sigmoid(): Tensor;
  /** The sine of an angle in radians. */
  sin(): Tensor;
  /** The square root; NaN below 0, and an infinite derivative at 0. */
  sqrt(): Tensor;
  /** x². */
  square(): Tensor;
  /** The difference of two tensors or numbers, with broadcasting; integers wrap. */
  sub(y: TensorLike): Tensor;
  /** The sum over axes (all by default), pairwise over blocks; int32 for bool. */
  sum(options?: AxesOptions): Tensor;
  /** `x` where the condition holds and `y` elsewhere; nothing of the branch not taken reaches the value or the gradient. */
  where(x: TensorLike, y: TensorLike): Tensor;
}

const ops: Readonly<Record<string, (x: Tensor, ...rest: never[]) => unknown>> = {
  add,
  broadcastTo,
  cast,
  chainMul,
  cos,
  div,
  exp,
  less,
  lgamma,
  log,
  mul,
  neg,
  permute,
  reciprocal,
  reshape,
  sigmoid,
  sin,
  sqrt,
  square,
  sub,
  sum,
  where,
};

for (const name of Object.keys(ops)) {
  const op = ops[name]!;
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...rest: never[]): unknown {
      return op(this, ...rest);
    },
  });
}

/** What `console.log` shows in Node. */
Object.defineProperty(Tensor.prototype, Symbol.for("nodejs.util.inspect.custom"), {
  value(this: Tensor): string {
    return this.toString();
  },
});
