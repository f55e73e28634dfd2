/** Reductions over axes: sums, extremes, logical ones, and the statistics made of them. */
import { reduction, type ReductionParams } from "../define/reduction.ts";
import { add, chainMul } from "../define/elementwise.ts";
import { promote, toFloatDType } from "../dtype.ts";
import { operator, named } from "../notation.ts";
import { apply1, callable, type Callable, type Draw, type Op, tensorArgument } from "../op.ts";
import { normalizeAxes, reducedShape } from "../shape.ts";
import type { Tensor, TensorLike } from "../tensor.ts";
import { broadcastTo, reshape } from "./movement.ts";

/** Which axes are reduced (all by default; negative ones count from the back) and whether they stay with side 1. */
export interface AxesOptions {
  readonly axes?: number | readonly number[];
  readonly keepDims?: boolean;
}

export type Reduction = Callable<(x: TensorLike, options?: AxesOptions) => Tensor>;

/** The params of a reduction call, axes checked. */
export function reductionParams(op: string, x: Tensor, options: AxesOptions): ReductionParams {
  return { axes: normalizeAxes(op, options.axes, x.rank), keepDims: options.keepDims ?? false };
}

/** A reduced tensor stretched back over the axes it lost. */
export function expandReduced(g: Tensor, x: { readonly shape: readonly number[] }, { axes }: ReductionParams): Tensor {
  return broadcastTo(reshape(g, reducedShape(x.shape, axes, true)), x.shape);
}

const shifted = ({ axes, keepDims }: ReductionParams): ReductionParams => ({ axes: axes.map((axis) => axis + 1), keepDims });

export function drawAxes(draw: Draw, rank: number): AxesOptions {
  const axes = Array.from({ length: rank }, (_, axis) => axis).filter(() => draw.integer(0, 1) === 0);
  return { ...(axes.length > 0 ? { axes } : {}), keepDims: draw.integer(0, 1) === 0 };
}

const sampleReduction = (draw: Draw): readonly unknown[] => {
  const shape = draw.shape(0, 3);
  return [draw.tensor(shape), drawAxes(draw, shape.length)];
};

export function reductionFunction(op: Op<ReductionParams>, sample: (draw: Draw) => readonly unknown[] = sampleReduction): Reduction {
  return callable(
    (x: TensorLike, options: AxesOptions = {}) => {
      const input = tensorArgument(op.name, x);
      return apply1(op, [input], reductionParams(op.name, input, options));
    },
    { name: op.name, op: op as Op, sample },
  );
}

const sumOp: Op<ReductionParams> = /* @__PURE__ */ reduction({
  name: "sum",
  notation: operator("\\sum"),
  combine: (s, x, y) => s.add(x, y),
  identity: { float: 0, int: 0, bool: 0 },
  dtype: (dtype) => (dtype === "bool" ? "int32" : dtype),
  pullback: (g, x, _out, params) => expandReduced(g, x, params),
  pushforward: (t, _x, _out, params) => apply1(sumOp, [t], params),
  lift: (x, params) => apply1(sumOp, [x], shifted(params)),
});

/**
 * The sum over axes (all by default), pairwise over blocks; int32 for bool.
 * @example
 * ```ts
 * sum(tensor([[1, 2], [3, 4]]), { axes: 0 }); // => tensor([4, 6], float64)
 * ```
 */
export const sum: Reduction = /* @__PURE__ */ reductionFunction(sumOp);

void [add, chainMul, promote, toFloatDType, named];
