/** Conversion between dtypes; the one op whose meaning is its output's dtype. */
import { type ElementwiseOp, elementwise } from "../define/elementwise.ts";
import { checkDtype, type DType } from "../dtype.ts";
import { conversion } from "../notation.ts";
import { callable, type Callable, type Op, tensorArgument } from "../op.ts";
import type { Tensor, TensorLike } from "../tensor.ts";

const castOp: ElementwiseOp<DType> = /* @__PURE__ */ elementwise<DType>({
  name: "cast",
  arity: 1,
  value: (s, [x], dtype) => (dtype === "float32" ? s.round32(x!) : x!),
  key: String,
  infer: (_inputs, dtype) => dtype,
  rules: [{ pass: (t) => t }],
  notation: conversion,
  show: (dtype) => dtype,
});

/**
 * The entries in another dtype: floats become int32 by truncation and wrapping, anything becomes bool by asking whether it is not 0.
 * @example
 * ```ts
 * cast(tensor([1.5, -2.7]), "int32"); // => tensor([ 1, -2], int32)
 * ```
 */
export const cast: Callable<(x: TensorLike, dtype: DType) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, dtype: DType) => {
    const input = tensorArgument("cast", x);
    return input.dtype === checkDtype("cast", dtype) ? input : castOp.apply([input], dtype);
  },
  { name: "cast", op: castOp as Op, sample: (draw) => [draw.tensor(draw.shape(0, 3)), draw.pick(["float32", "float64"])] },
);
