/** Means, variances and norms over axes: functions of reductions, each one node with a rule of its own. Sums of float32 and of integers are kept in float64. */
import { composite } from "../define/composite.ts";
import { chainMul, elementwise, type ElementwiseOp } from "../define/elementwise.ts";
import type { ReductionParams } from "../define/reduction.ts";
import { domain as interval, nonzero } from "../domain.ts";
import { toFloatDType } from "../dtype.ts";
import { argumentError } from "../errors.ts";
import { delimiters, fraction, namedOver, operator } from "../notation.ts";
import { apply1, callable, type Callable, type Op, tensorArgument } from "../op.ts";
import type { Shape } from "../shape.ts";
import { scalarTensor, type Tensor, type TensorLike } from "../tensor.ts";
import { abs, div, mul, neg, pow, sign, sqrt, square, sub } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import {
  type AxesOptions,
  countOf,
  drawAxes,
  expandReduced,
  keepAxes,
  max,
  type Reduction,
  reductionFunction,
  reductionParams,
  shiftAxes,
  sum,
  wideSum,
} from "./reduction.ts";
import { less, logicalAnd, where } from "./selection.ts";

const meanOp: Op<ReductionParams> = /* @__PURE__ */ composite<ReductionParams>({
  name: "mean",
  notation: /* @__PURE__ */ operator("\\sum", true),
  expand: ([x], params) => cast(div(wideSum(x!, params), countOf(x!.shape, params.axes)), toFloatDType(x!.dtype)),
  pullback: (g, [x], _out, params) => [expandReduced(div(g, countOf(x!.shape, params.axes)), x!, params)],
  pushforward: ([t], _inputs, _out, params) => apply1(meanOp, [t!], params),
  lift: ([x], _batched, params) => apply1(meanOp, [x!], shiftAxes(params)),
});

/**
 * The mean over axes (all by default); float64 for integers and bools, NaN over an empty axis.
 * @example
 * ```ts
 * mean(tensor([[1, 2], [3, 6]]), { axes: 0 }); // => tensor([2, 4], float64)
 * ```
 */
export const mean: Reduction = /* @__PURE__ */ reductionFunction(meanOp, {
  laws: [{ name: "the mean of x - mean x is 0", left: (x) => mean(sub(x, mean(x))), right: (x) => mul(0, mean(x)) }],
});

/** Which axes, and what is taken off the number of entries (0 by default; 1 for the unbiased variance of a sample). */
export interface VarianceOptions extends AxesOptions {
  readonly ddof?: number;
}

interface VarianceParams extends ReductionParams {
  readonly ddof: number;
}

const freedom = (shape: Shape, { axes, ddof }: VarianceParams): number => Math.max(0, countOf(shape, axes) - ddof);

interface CentreParams {
  readonly axes: readonly number[];
}

/**
 * Distances from the mean, in float64: linear and its own transpose. The second mean is that of the first distances: it takes off what
 * rounding left of a huge offset.
 */
const centreOp: Op<CentreParams> = /* @__PURE__ */ composite<CentreParams>({
  name: "centre",
  notation: /* @__PURE__ */ namedOver("centre"),
  expand: ([x], { axes }) => {
    const kept = { axes, keepDims: true };
    const wide = cast(x!, "float64");
    const rough = sub(wide, mean(wide, kept));
    return sub(rough, mean(rough, kept));
  },
  pullback: (g, _inputs, _out, { axes }) => [centred(g, axes)],
  pushforward: ([t], _inputs, _out, { axes }) => centred(t!, axes),
  lift: ([x], _batched, params) => apply1(centreOp, [x!], shiftAxes(params)),
  show: ({ axes }) => `axes=[${axes.join(", ")}]`,
});

const centred = (x: Tensor, axes: readonly number[]): Tensor => apply1(centreOp, [x], { axes });

const axesOf = ({ axes, keepDims }: ReductionParams): AxesOptions => ({ axes, keepDims });

const meanSquare = (x: Tensor, params: VarianceParams): Tensor =>
  div(sum(square(centred(x, params.axes)), axesOf(params)), freedom(x.shape, params));

const varianceOp: Op<VarianceParams> = /* @__PURE__ */ composite<VarianceParams>({
  name: "variance",
  notation: /* @__PURE__ */ namedOver("Var"),
  expand: ([x], params) => cast(meanSquare(x!, params), toFloatDType(x!.dtype)),
  pullback: (g, [x], _out, params) => [chainMul(expandReduced(g, x!, params), varianceSlope(x!, params))],
  pushforward: ([t], [x], _out, params) => sum(chainMul(t!, varianceSlope(x!, params)), axesOf(params)),
  lift: ([x], _batched, params) => apply1(varianceOp, [x!], shiftAxes(params)),
});

const varianceSlope = (x: Tensor, params: VarianceParams): Tensor => mul(2 / freedom(x.shape, params), centred(x, params.axes));

const stdOp: Op<VarianceParams> = /* @__PURE__ */ composite<VarianceParams>({
  name: "std",
  notation: /* @__PURE__ */ namedOver("std"),
  expand: ([x], params) => cast(sqrt(meanSquare(x!, params)), toFloatDType(x!.dtype)),
  pullback: (g, [x], out, params) => [chainMul(expandReduced(g, x!, params), stdSlope(x!, out, params))],
  pushforward: ([t], [x], out, params) => sum(chainMul(t!, stdSlope(x!, out, params)), axesOf(params)),
  lift: ([x], _batched, params) => apply1(stdOp, [x!], shiftAxes(params)),
});

const stdSlope = (x: Tensor, out: Tensor, params: VarianceParams): Tensor =>
  ratio(centred(x, params.axes), mul(freedom(x.shape, params), keepAxes(out, x, params.axes)));

/** x/y, and 0 where y is 0: the slope of a norm at its kink, to every order. */
const ratioOp: ElementwiseOp = /* @__PURE__ */ elementwise<undefined>({
  name: "ratio",
  arity: 2,
  value: (s, [x, y]) => s.select(s.equal(y!, s.constant(0)), s.constant(0), s.div(x!, y!)),
  rules: [{ partial: ([, y]) => ratio(scalarTensor(1, y!.dtype), y!) }, { partial: ([, y], out) => neg(ratio(out, y!)) }],
  notation: fraction,
});

const ratio = (x: Tensor, y: Tensor): Tensor => ratioOp.apply([x, y], undefined);

type Variance = Callable<(x: TensorLike, options?: VarianceOptions) => Tensor>;

function varianceFunction(op: Op<VarianceParams>, row: Pick<Variance["row"], "laws" | "conventions">): Variance {
  return callable(
    (x: TensorLike, options: VarianceOptions = {}) => {
      const input = tensorArgument(op.name, x);
      const params = reductionParams(op.name, input, options, ["ddof"]);
      const ddof = options.ddof ?? 0;
      if (typeof ddof !== "number" || !(ddof >= 0 && ddof < Number.POSITIVE_INFINITY))
        throw argumentError(op.name, "ddof is not a number from 0 up", ddof, "give for example 1");
      return apply1(op, [input], { ...params, ddof });
    },
    {
      name: op.name,
      op: op as Op,
      sample: (draw) => {
        const shape = draw.shape(1, 2, 3);
        return [draw.tensor(shape, undefined, true), { ...drawAxes(draw, shape.length), ddof: draw.integer(0, 1) }];
      },
      ...row,
    },
  );
}

/**
 * The variance over axes (all by default): the mean square distance from the mean, with n − ddof in place of n; exact to rounding under any offset.
 *
 * NaN where n − ddof is not positive and no entry differs.
 * @example
 * ```ts
 * variance(tensor([1, 2, 3, 4])); // => tensor(1.25, float64)
 * variance(tensor([1e9 + 1, 1e9 + 3]), { ddof: 1 }); // => tensor(2, float64)
 * ```
 */
export const variance: Variance = /* @__PURE__ */ varianceFunction(varianceOp, {
  laws: [{ name: "Var(3x + 1) = 9 Var x", left: (x) => variance(sub(mul(3, x), -1)), right: (x) => mul(9, variance(x)) }],
});

/**
 * The standard deviation over axes (all by default), the square root of `variance`; where it is 0 so is its gradient.
 * @example
 * ```ts
 * std(tensor([1, 3])); // => tensor(1, float64)
 * ```
 */
export const std: Variance = /* @__PURE__ */ varianceFunction(stdOp, {
  laws: [{ name: "(std x)² = Var x", left: (x) => square(std(x)), right: (x) => variance(x) }],
  conventions: [{ at: "equal entries", arguments: [[2, 2]], value: 0, gradient: [[0, 0]] }],
});

/** Which axes, and which norm: 2 by default, 1, Infinity or any positive number. */
export interface NormOptions extends AxesOptions {
  readonly ord?: number;
}

interface NormParams extends ReductionParams {
  readonly ord: number;
}

/** The largest magnitude along the axes, or 1 where it is 0, infinite or NaN: what entries are divided by so that no power overflows. */
function scaleOf(x: Tensor, axes: readonly number[]): Tensor {
  const largest = max(abs(x), { axes, keepDims: true });
  return where(logicalAnd(less(0, largest), less(largest, Number.POSITIVE_INFINITY)), largest, 1);
}

const euclideanOp: Op<NormParams> = /* @__PURE__ */ normOp(
  "",
  (x, params) => {
    const scale = scaleOf(x, params.axes);
    return mul(sqrt(sum(square(div(x, scale)), { axes: params.axes, keepDims: true })), scale);
  },
  (x, out) => ratio(x, out),
  () => euclideanOp,
);

const manhattanOp: Op<NormParams> = /* @__PURE__ */ normOp(
  "_{1}",
  (x, params) => sum(abs(x), { axes: params.axes, keepDims: true }),
  (x) => sign(x),
  () => manhattanOp,
);

/** The norm of one other order; nothing keeps it, for orders may be without number. */
const powerOf = (ord: number): Op<NormParams> =>
  normOp(
    `_{${ord}}`,
    (x, { axes }) => {
      const scale = scaleOf(x, axes);
      return mul(pow(sum(pow(div(abs(x), scale), ord), { axes, keepDims: true }), 1 / ord), scale);
    },
    (x, out) => chainMul(sign(x), pow(ratio(abs(x), out), ord - 1)),
    () => powerOf(ord),
  );

const largestOp: Op<NormParams> = /* @__PURE__ */ normOp(
  "_{\\infty}",
  (x, params) => max(abs(x), { axes: params.axes, keepDims: true }),
  null,
  () => largestOp,
);

/** A norm from its value, axes kept, and its slope: the partial derivatives by the entries. */
function normOp(
  subscript: string,
  value: (x: Tensor, params: NormParams) => Tensor,
  slope: ((x: Tensor, out: Tensor) => Tensor) | null,
  apply: () => Op<NormParams>,
): Op<NormParams> {
  const slopeOf = (x: Tensor, out: Tensor, params: NormParams): Tensor => slope!(x, keepAxes(out, x, params.axes));
  return composite<NormParams>({
    name: "norm",
    notation: /* @__PURE__ */ delimiters("\\lVert", `\\rVert${subscript}`),
    expand: ([x], params) => {
      const float = cast(x!, toFloatDType(x!.dtype));
      const out = countOf(x!.shape, params.axes) === 0 ? sum(float, { axes: params.axes, keepDims: true }) : value(float, params);
      return params.keepDims ? out : sum(out, { axes: params.axes });
    },
    ...(slope === null
      ? {}
      : {
          pullback: (g: Tensor, [x]: readonly Tensor[], out: Tensor, params: NormParams) => [
            chainMul(expandReduced(g, x!, params), slopeOf(x!, out, params)),
          ],
          pushforward: ([t]: readonly (Tensor | null)[], [x]: readonly Tensor[], out: Tensor, params: NormParams) =>
            sum(chainMul(t!, slopeOf(x!, out, params)), axesOf(params)),
        }),
    lift: ([x], _batched, params) => apply1(apply(), [x!], shiftAxes(params)),
    show: ({ axes, keepDims, ord }) => `ord=${ord} axes=[${axes.join(", ")}]${keepDims ? " keepDims" : ""}`,
  });
}

/**
 * The norm of the entries over axes (all by default): (Σ |x|^ord)^(1/ord), or the largest magnitude for `ord: Infinity`; ord is 2 by default.
 *
 * No power overflows or underflows on the way. Where the norm is 0 so is its gradient; 0 over an empty axis.
 * @example
 * ```ts
 * norm(tensor([3, 4])); // => tensor(5, float64)
 * norm(tensor([3e200, -4e200])); // => tensor(5e+200, float64)
 * norm(tensor([3, -4]), { ord: 1 }); // => tensor(7, float64)
 * ```
 */
export const norm: Callable<(x: TensorLike, options?: NormOptions) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, options: NormOptions = {}) => {
    const input = tensorArgument("norm", x);
    const params = reductionParams("norm", input, options, ["ord"]);
    const ord = options.ord ?? 2;
    if (typeof ord !== "number" || !(ord > 0))
      throw argumentError("norm", "ord is not a positive number", ord, "give 1, 2, Infinity or another positive number");
    const op = ord === 2 ? euclideanOp : ord === 1 ? manhattanOp : ord === Number.POSITIVE_INFINITY ? largestOp : powerOf(ord);
    return apply1(op, [input], { ...params, ord });
  },
  {
    name: "norm",
    op: euclideanOp as Op,
    sample: (draw) => {
      const shape = draw.shape(0, 3, 1);
      const ord = draw.pick([2, 2, 1, 3, 1.5, Number.POSITIVE_INFINITY]);
      const x =
        ord === Number.POSITIVE_INFINITY ? draw.tensor(shape, interval("[0.5, 4]", 0.5, 4, true), true) : draw.tensor(shape, nonzero);
      return [x, { ...drawAxes(draw, shape.length), ...(ord === 2 && draw.integer(0, 1) === 0 ? {} : { ord }) }];
    },
    laws: [{ name: "‖-3x‖ = 3‖x‖", left: (x) => norm(mul(-3, x)), right: (x) => mul(3, norm(x)) }],
    conventions: [{ at: "0", arguments: [[0, 0]], value: 0, gradient: [[0, 0]] }],
  },
);
