/** Pooling: the maximum or the mean of sliding windows over the spatial axes of a batch of channels. Knows paddings; windows move elsewhere. */
import { ones } from "../create.ts";
import { composite } from "../define/composite.ts";
import { chainMul } from "../define/elementwise.ts";
import { checkFlag, checkOptions } from "../define/options.ts";
import { allocate, toFloatDType } from "../dtype.ts";
import { clashError, formatShape } from "../errors.ts";
import { named } from "../notation.ts";
import { apply1, type Callable, callable, type Draw, type Op, tensorArgument } from "../op.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { type Tensor, type TensorLike, tensorOf } from "../tensor.ts";
import { div } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { broadcastTo, reshape } from "./movement.ts";
import { max, sum } from "./reduction.ts";
import { equal, logicalAnd, maximum } from "./selection.ts";
import {
  negated,
  overlapAdd,
  type Padding,
  type PaddingOption,
  padLast,
  perAxis,
  readFittingPadding,
  readWindows,
  showWindows,
  spanOf,
  windowCounts,
  windowed,
  type WindowOptions,
  type Windows,
} from "./window.ts";

interface PoolingParams extends Windows {
  readonly padding: readonly Padding[];
}

const lastSides = (x: { readonly shape: Shape }, { window }: Windows): Shape => x.shape.slice(x.shape.length - window.length);
const windowsOf = ({ window, stride, dilation }: PoolingParams): Windows => ({ window, stride, dilation });
/** The axes of the entries of a window, among [..., ...window, ...counts]. */
const windowAxes = (rank: number, { window }: Windows): number[] => window.map((_, axis) => rank - window.length + axis);

/** The windows of the padded tensor. */
const windowsIn = (x: Tensor, params: PoolingParams, fill = 0): Tensor => windowed(padLast(x, params.padding, fill), windowsOf(params));

/** Its transpose: window entries added to where they came from, the padding dropped. */
function spread(entries: Tensor, x: Tensor, params: PoolingParams): Tensor {
  const sides = lastSides(x, params).map((side, axis) => side + params.padding[axis]![0] + params.padding[axis]![1]);
  return padLast(overlapAdd(entries, { ...windowsOf(params), sides }), negated(params.padding));
}

/** One value a window, repeated for each of its entries. */
function overWindows(g: Tensor, x: Tensor, params: PoolingParams): Tensor {
  const { window } = params;
  const [lead, counts] = [x.shape.slice(0, x.rank - window.length), g.shape.slice(g.rank - window.length)];
  return broadcastTo(reshape(g, [...lead, ...window.map(() => 1), ...counts]), [...lead, ...window, ...counts]);
}

const show = (params: PoolingParams): string => showWindows(params);

const lowest = (x: Tensor): number => (x.dtype === "int32" ? -(2 ** 31) : x.dtype === "bool" ? 0 : Number.NEGATIVE_INFINITY);

/** The share of every window entry in its window's maximum: entries that tie share it equally, and padding has none. */
function sharesOf(x: Tensor, out: Tensor, params: PoolingParams): Tensor {
  const ties = equal(windowsIn(x, params, lowest(x)), overWindows(out, x, params));
  const hits = cast(isPadded(params) ? logicalAnd(ties, insideOf(x, params)) : ties, x.dtype);
  return div(hits, maximum(1, sum(hits, { axes: windowAxes(x.rank, params), keepDims: true })));
}

const isPadded = ({ padding }: PoolingParams): boolean => padding.some(([before, after]) => before > 0 || after > 0);

/** Which window entries are entries of the tensor and not padding. */
function insideOf(x: Tensor, params: PoolingParams): Tensor {
  const sides = lastSides(x, params);
  return windowsIn(ones([...new Array<number>(x.rank - sides.length).fill(1), ...sides], "bool"), params);
}

const maxPoolOp: Op<PoolingParams> = /* @__PURE__ */ composite<PoolingParams>({
  name: "maxPool",
  notation: /* @__PURE__ */ named("maxPool"),
  expand: ([x], params) => max(windowsIn(x!, params, lowest(x!)), { axes: windowAxes(x!.rank, params) }),
  pullback: (g, [x], out, params) => [spread(chainMul(overWindows(g, x!, params), sharesOf(x!, out, params)), x!, params)],
  pushforward: ([t], [x], out, params) =>
    sum(chainMul(windowsIn(t!, params), sharesOf(x!, out, params)), { axes: windowAxes(x!.rank, params) }),
  lift: ([x], _batched, params) => apply1(maxPoolOp, [x!], params),
  show,
});

interface AverageParams extends PoolingParams {
  /** Whether padded entries count as zeros; where not, each window is divided by how many entries it has. */
  readonly countPadding: boolean;
}

/** How many entries each window is divided by. */
function divisors(x: Tensor, params: AverageParams): Tensor | number {
  const { window, stride, dilation, padding, countPadding } = params;
  if (countPadding || !isPadded(params)) return sizeOf(window);
  const sides = lastSides(x, params);
  const perSide = windowCounts(
    sides.map((side, axis) => side + padding[axis]![0] + padding[axis]![1]),
    params,
  ).map((count, axis) =>
    Array.from({ length: count }, (_, at) => {
      const places = Array.from({ length: window[axis]! }, (__, i) => at * stride[axis]! + i * dilation[axis]! - padding[axis]![0]);
      return places.filter((place) => place >= 0 && place < sides[axis]!).length;
    }),
  );
  const entries = perSide.reduce<readonly number[]>((all, own) => all.flatMap((count) => own.map((one) => count * one)), [1]);
  const dtype = toFloatDType(x.dtype);
  const values = allocate(dtype, entries.length);
  values.set(entries);
  return tensorOf(
    perSide.map((own) => own.length),
    dtype,
    values,
  );
}

const avgPoolOp: Op<AverageParams> = /* @__PURE__ */ composite<AverageParams>({
  name: "avgPool",
  notation: /* @__PURE__ */ named("avgPool"),
  expand: ([x], params) =>
    div(sum(windowsIn(cast(x!, toFloatDType(x!.dtype)), params), { axes: windowAxes(x!.rank, params) }), divisors(x!, params)),
  pullback: (g, [x], _out, params) => [spread(overWindows(div(g, divisors(x!, params)), x!, params), x!, params)],
  pushforward: ([t], _inputs, _out, params) => apply1(avgPoolOp, [t!], params),
  lift: ([x], _batched, params) => apply1(avgPoolOp, [x!], params),
  show,
});

/** How windows move; numbers stand for all axes. */
export interface PoolingOptions extends WindowOptions {
  readonly window: number | readonly number[];
  /** How far apart windows are; the window's own side by default, so that windows tile the input. */
  readonly stride?: number | readonly number[];
}

export interface AveragePoolingOptions extends PoolingOptions {
  /** Whether padded entries count as zeros (the default) or not at all. */
  readonly countPadding?: boolean;
}

function readPooling(op: string, x: Tensor, options: PoolingOptions, others: readonly string[]): PoolingParams {
  checkOptions(op, options, ["window", "stride", "padding", "dilation", ...others]);
  if (x.rank < 3) throw clashError(op, "not a batch of channels", formatShape(x.shape), "give [N, C, ...sides]");
  const window = perAxis(op, "window", options.window, x.rank - 2);
  const windows = readWindows(op, window, options, window);
  return { ...windows, padding: readFittingPadding(op, x.shape.slice(2), windows, options) };
}

function drawPooling(draw: Draw, separated: boolean): readonly [Tensor, PoolingOptions] {
  const rank = draw.pick([1, 1, 2, 2, 3]);
  const list = (low: number, high: number): number[] => Array.from({ length: rank }, () => draw.integer(low, high));
  const [window, dilation] = [rank === 3 ? [2, 1, 2] : list(2, 3), list(1, 2)];
  const sides = window.map((side, axis) => spanOf(side, dilation[axis]!) + draw.integer(0, rank === 1 ? 3 : 1));
  const padding = draw.pick<PaddingOption>([
    0,
    1,
    "same",
    "valid",
    Array.from({ length: rank }, (): Padding => [draw.integer(0, 1), draw.integer(0, 1)]),
  ]);
  const x = draw.tensor([draw.integer(0, 2), draw.integer(1, 2), ...sides], undefined, separated);
  return [x, { window, dilation, padding, ...(draw.integer(0, 1) === 0 ? {} : { stride: list(1, 2) }) }];
}

/**
 * The largest entry of every window over the spatial axes; padding never wins, and entries that tie share the gradient equally.
 *
 * [N, C, ...sides] gives [N, C, ...counts]. A window that lies in the padding alone gives -Infinity. Throws where a window does not fit.
 * @example
 * ```ts
 * maxPool(tensor([[[1, 4, 2, 3]]]), { window: 2 }); // => tensor([[[4, 3]]], float64)
 * ```
 */
export const maxPool: Callable<(x: TensorLike, options: PoolingOptions) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, options: PoolingOptions) => {
    const input = tensorArgument("maxPool", x);
    return apply1(maxPoolOp, [input], readPooling("maxPool", input, options, []));
  },
  { name: "maxPool", op: maxPoolOp as Op, sample: (draw) => drawPooling(draw, true) },
);

/**
 * The mean of every window over the spatial axes; float64 for integers.
 *
 * [N, C, ...sides] gives [N, C, ...counts]. Throws where a window does not fit.
 * @example
 * ```ts
 * avgPool(tensor([[[1, 4, 2, 3]]]), { window: 2 }); // => tensor([[[2.5, 2.5]]], float64)
 * avgPool(tensor([[[1, 4]]]), { window: 2, stride: 1, padding: 1, countPadding: false }); // => tensor([[[1.0, 2.5, 4.0]]], float64)
 * ```
 */
export const avgPool: Callable<(x: TensorLike, options: AveragePoolingOptions) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, options: AveragePoolingOptions) => {
    const input = tensorArgument("avgPool", x);
    const params = readPooling("avgPool", input, options, ["countPadding"]);
    return apply1(avgPoolOp, [input], { ...params, countPadding: checkFlag("avgPool", "countPadding", options.countPadding ?? true) });
  },
  {
    name: "avgPool",
    op: avgPoolOp as Op,
    sample: (draw) => {
      const [x, options] = drawPooling(draw, false);
      return [x, { ...options, countPadding: draw.integer(0, 1) === 0 }];
    },
  },
);
