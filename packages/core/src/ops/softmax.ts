/** The sum of exponentials in the logarithm, and the distributions made of it: stable for all finite entries and for -Infinity. */
import { full } from "../create.ts";
import { composite } from "../define/composite.ts";
import { chainMul } from "../define/elementwise.ts";
import { checkOptions } from "../define/options.ts";
import type { ReductionParams } from "../define/reduction.ts";
import { toFloatDType } from "../dtype.ts";
import { namedOver } from "../notation.ts";
import { apply1, callable, type Callable, type Convention, type Law, type Op, tensorArgument } from "../op.ts";
import { reducedShape } from "../shape.ts";
import type { Tensor, TensorLike } from "../tensor.ts";
import { add, div, sub } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { exp, log } from "./elementary.ts";
import { reshape } from "./movement.ts";
import { countOf, expandReduced, max, readAxes, type Reduction, reductionFunction, sampleReduction, shiftAxes, sum } from "./reduction.ts";
import { equal, isFinite, where } from "./selection.ts";

/** The entries less the largest along the axes, if that is finite, and that largest entry: differences are exact where they matter. */
function shifted(x: Tensor, axes: readonly number[]): { readonly rest: Tensor; readonly largest: Tensor } {
  const top = max(x, { axes, keepDims: true });
  const largest = where(isFinite(top), top, 0);
  return { rest: sub(x, largest), largest };
}

/** A float of the dtype that functions of `x` have. */
const float = (x: Tensor): Tensor => cast(x, toFloatDType(x.dtype));

const logsumexpOp: Op<ReductionParams> = /* @__PURE__ */ composite<ReductionParams>({
  name: "logsumexp",
  notation: /* @__PURE__ */ namedOver("logsumexp"),
  expand: ([x], { axes, keepDims }) => {
    const shape = reducedShape(x!.shape, axes, keepDims);
    if (countOf(x!.shape, axes) === 0) return full(shape, Number.NEGATIVE_INFINITY, toFloatDType(x!.dtype));
    const { rest, largest } = shifted(float(x!), axes);
    return reshape(add(log(sum(exp(rest), { axes, keepDims: true })), largest), shape);
  },
  pullback: (g, [x], _out, params) => [chainMul(expandReduced(g, x!, params), softmax(x!, { axes: params.axes }))],
  pushforward: ([t], [x], _out, params) =>
    sum(chainMul(t!, softmax(x!, { axes: params.axes })), { axes: params.axes, keepDims: params.keepDims }),
  lift: ([x], _batched, params) => apply1(logsumexpOp, [x!], shiftAxes(params)),
});

/**
 * log Σ e^x over axes (all by default), without overflow; -Infinity over an empty axis and where every entry is -Infinity.
 * @example
 * ```ts
 * logsumexp(tensor([1000, 1000])); // => tensor(1000.6931, float64)
 * logsumexp(tensor([0, -Infinity])); // => tensor(0, float64)
 * ```
 */
export const logsumexp: Reduction = /* @__PURE__ */ reductionFunction(logsumexpOp, {
  sample: /* @__PURE__ */ sampleReduction(2),
  laws: [{ name: "logsumexp(x + 1) = logsumexp x + 1", left: (x) => logsumexp(add(x, 1)), right: (x) => add(logsumexp(x), 1) }],
  conventions: [{ at: "only -Infinity", arguments: [[-Infinity, -Infinity]], value: -Infinity, gradient: [[0, 0]] }],
});

/** Which axes together make one distribution: the last by default. */
export interface SoftmaxOptions {
  readonly axes?: number | readonly number[];
}

interface SoftmaxParams {
  readonly axes: readonly number[];
}

export type Softmax = Callable<(x: TensorLike, options?: SoftmaxOptions) => Tensor>;

function softmaxFunction(
  op: Op<SoftmaxParams>,
  row: { readonly laws: readonly Law[]; readonly conventions: readonly Convention[] },
): Softmax {
  return callable(
    (x: TensorLike, options: SoftmaxOptions = {}) => {
      const input = tensorArgument(op.name, x);
      checkOptions(op.name, options, ["axes"]);
      const axes = readAxes(op.name, options.axes ?? (input.rank === 0 ? [] : -1), input.rank);
      return apply1(op, [input], { axes });
    },
    {
      name: op.name,
      op: op as Op,
      sample: (draw) => {
        const [x, { axes }] = sampleReduction(2)(draw) as [Tensor, SoftmaxOptions];
        return [x, axes === undefined ? {} : { axes }];
      },
      ...row,
    },
  );
}

const show = ({ axes }: SoftmaxParams): string => `axes=[${axes.join(", ")}]`;

/** Sums along the axes, 1 in place of 0: where every entry is -Infinity all exponentials are 0. */
function totalOf(exponentials: Tensor, axes: readonly number[]): Tensor {
  const total = sum(exponentials, { axes, keepDims: true });
  return where(equal(total, 0), 1, total);
}

const softmaxOp: Op<SoftmaxParams> = /* @__PURE__ */ composite<SoftmaxParams>({
  name: "softmax",
  notation: /* @__PURE__ */ namedOver("softmax"),
  expand: ([x], { axes }) => {
    if (countOf(x!.shape, axes) === 0) return float(x!);
    const exponentials = exp(shifted(float(x!), axes).rest);
    return div(exponentials, totalOf(exponentials, axes));
  },
  pullback: (g, _inputs, out, { axes }) => [chainMul(sub(g, sum(chainMul(g, out), { axes, keepDims: true })), out)],
  pushforward: ([t], _inputs, out, { axes }) => chainMul(sub(t!, sum(chainMul(t!, out), { axes, keepDims: true })), out),
  lift: ([x], _batched, params) => apply1(softmaxOp, [x!], shiftAxes(params)),
  show,
});

/**
 * e^x over its sum along axes (the last by default), without overflow; entries of -Infinity give 0, and so does a line with no other.
 * @example
 * ```ts
 * softmax(tensor([0, 0, -Infinity])); // => tensor([0.5, 0.5, 0.0], float64)
 * ```
 */
export const softmax: Softmax = /* @__PURE__ */ softmaxFunction(softmaxOp, {
  laws: [{ name: "softmax(x + 1) = softmax x", left: (x) => softmax(add(x, 1)), right: (x) => softmax(x) }],
  conventions: [{ at: "only -Infinity", arguments: [[-Infinity, -Infinity]], value: [0, 0], gradient: [[0, 0]] }],
});

const logSoftmaxOp: Op<SoftmaxParams> = /* @__PURE__ */ composite<SoftmaxParams>({
  name: "logSoftmax",
  notation: /* @__PURE__ */ namedOver("logSoftmax"),
  expand: ([x], { axes }) => {
    if (countOf(x!.shape, axes) === 0) return float(x!);
    const { rest } = shifted(float(x!), axes);
    return sub(rest, log(totalOf(exp(rest), axes)));
  },
  pullback: (g, [x], _out, { axes }) => [sub(g, chainMul(sum(g, { axes, keepDims: true }), softmax(x!, { axes })))],
  pushforward: ([t], [x], _out, { axes }) => sub(t!, sum(chainMul(t!, softmax(x!, { axes })), { axes, keepDims: true })),
  lift: ([x], _batched, params) => apply1(logSoftmaxOp, [x!], shiftAxes(params)),
  show,
});

/**
 * The logarithm of `softmax`, without overflow or loss where the softmax is tiny; -Infinity where an entry is.
 * @example
 * ```ts
 * logSoftmax(tensor([1000, 0])); // => tensor([    0, -1000], float64)
 * ```
 */
export const logSoftmax: Softmax = /* @__PURE__ */ softmaxFunction(logSoftmaxOp, {
  laws: [{ name: "logSoftmax x = log softmax x", left: (x) => logSoftmax(x), right: (x) => log(softmax(x)) }],
  conventions: [{ at: "only -Infinity", arguments: [[-Infinity, -Infinity]], value: [-Infinity, -Infinity], gradient: [[1, 1]] }],
});
