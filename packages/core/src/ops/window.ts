/**
 * Sliding windows over the last axes of a tensor, and their transpose, which adds overlapping windows up. Both are strided movements: no
 * index is stored. It knows windows, strides, dilations and paddings; what is done with a window is another file's business.
 */
import { movement } from "../define/movement.ts";
import { argumentError, clashError, formatShape } from "../errors.ts";
import { named } from "../notation.ts";
import { apply1, type Op } from "../op.ts";
import { type Shape, stridesOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { reshape } from "./movement.ts";
import { pad } from "./slicing.ts";

/** For each windowed axis: how many entries a window has, how far apart windows and the entries of one are. */
export interface Windows {
  readonly window: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
}

/** Entries added before and after an axis. */
export type Padding = readonly [before: number, after: number];

/** How long a window is on its axis. */
export const spanOf = (window: number, dilation: number): number => (window === 0 ? 0 : dilation * (window - 1) + 1);

/** How many windows fit on each axis. */
export function windowCounts(sides: Shape, { window, stride, dilation }: Windows): number[] {
  return sides.map((side, axis) => Math.max(0, Math.floor((side - spanOf(window[axis]!, dilation[axis]!)) / stride[axis]!) + 1));
}

const spatial = (shape: Shape, { window }: Windows): Shape => shape.slice(shape.length - window.length);
const leading = (shape: Shape, count: number): Shape => shape.slice(0, shape.length - count);
const scaled = (strides: readonly number[], factors: readonly number[]): number[] => strides.map((stride, axis) => stride * factors[axis]!);

/** The steps in a tensor of windowed axes from window entry to window entry and from window to window. */
function windowStrides(shape: Shape, windows: Windows): number[] {
  const count = windows.window.length;
  const strides = stridesOf(shape);
  const own = strides.slice(shape.length - count);
  return [...leading(strides, count), ...scaled(own, windows.dilation), ...scaled(own, windows.stride)];
}

/** `name=2`, or a list where the axes differ; nothing where all have the usual value. */
const showPart = (name: string, list: readonly unknown[], usual?: string): string[] => {
  const own = list.map((item) => (Array.isArray(item) ? (item[0] === item[1] ? String(item[0]) : formatShape(item)) : String(item)));
  const same = own.every((item) => item === own[0]);
  return same && own[0] === usual ? [] : [`${name}=${same ? own[0] : `[${own.join(", ")}]`}`];
};

/** The geometry as printers show it: what differs from windows side by side, not spread and not padded. */
export function showWindows(
  { window, stride, dilation, padding = [] }: Partial<Windows> & { readonly padding?: readonly Padding[] },
  more: readonly string[] = [],
): string {
  const parts = [
    ...(window === undefined ? [] : showPart("window", window)),
    ...showPart("stride", stride ?? [], "1"),
    ...(padding.length === 0 ? [] : showPart("padding", padding, "0")),
    ...showPart("dilation", dilation ?? [], "1"),
  ];
  return [...parts, ...more].join(" ");
}

const windowsOp: Op<Windows> = /* @__PURE__ */ movement<Windows>({
  name: "windows",
  notation: /* @__PURE__ */ named("windows"),
  infer: ([x], windows) => ({
    shape: [...leading(x!.shape, windows.window.length), ...windows.window, ...windowCounts(spatial(x!.shape, windows), windows)],
    dtype: x!.dtype,
  }),
  plan: ([x], windows, out) => ({
    fill: null,
    accumulate: false,
    segments: [
      { input: 0, sizes: out.shape, from: 0, fromStrides: windowStrides(x!.shape, windows), to: 0, toStrides: stridesOf(out.shape) },
    ],
  }),
  transpose: (g, _i, [x], windows) => overlapAdd(g, { ...windows, sides: spatial(x!.shape, windows) }),
  lift: ([x], _batched, windows) => apply1(windowsOp, [x!], windows),
  show: (windows) => showWindows(windows),
});

interface OverlapParams extends Windows {
  /** The windowed axes of the output. */
  readonly sides: Shape;
}

const overlapAddOp: Op<OverlapParams> = /* @__PURE__ */ movement<OverlapParams>({
  name: "overlapAdd",
  notation: /* @__PURE__ */ named("overlapAdd"),
  infer: ([x], { window, sides }) => ({ shape: [...leading(x!.shape, 2 * window.length), ...sides], dtype: x!.dtype }),
  plan: ([x], params, out) => ({
    fill: 0,
    accumulate: params.window.some((side, axis) => spanOf(side, params.dilation[axis]!) > params.stride[axis]!),
    segments: [
      { input: 0, sizes: x!.shape, from: 0, fromStrides: stridesOf(x!.shape), to: 0, toStrides: windowStrides(out.shape, params) },
    ],
  }),
  transpose: (g, _i, _inputs, { window, stride, dilation }) => windowed(g, { window, stride, dilation }),
  lift: ([x], _batched, params) => apply1(overlapAddOp, [x!], params),
  show: (params) => showWindows(params, [`sides=${formatShape(params.sides)}`]),
});

/** The windows of the last axes: shape [..., ...sides] gives [..., ...window, ...counts]. */
export function windowed(x: Tensor, windows: Windows): Tensor {
  const count = windows.window.length;
  const trivial = windows.window.every((side, axis) => side === 1 && windows.stride[axis] === 1);
  return trivial
    ? reshape(x, [...leading(x.shape, count), ...windows.window, ...spatial(x.shape, windows)])
    : apply1(windowsOp, [x], windows);
}

/** Every window entry added to where it was taken from: shape [..., ...window, ...counts] gives [..., ...sides]. */
export function overlapAdd(x: Tensor, params: OverlapParams): Tensor {
  return apply1(overlapAddOp, [x], params);
}

/** The last axes padded on both sides; negative paddings remove entries. */
export function padLast(x: Tensor, padding: readonly Padding[], value = 0): Tensor {
  return pad(x, [...leading(x.shape, padding.length).map((): Padding => [0, 0]), ...padding], { value });
}

export const negated = (padding: readonly Padding[]): Padding[] => padding.map(([before, after]) => [-before, -after]);

/** One positive integer an axis, from one for all or a list. */
export function perAxis(op: string, what: string, value: unknown, count: number, least = 1): number[] {
  const list = typeof value === "number" ? new Array<number>(count).fill(value) : value;
  if (!Array.isArray(list) || list.length !== count || !list.every((item) => Number.isInteger(item) && item >= least && item < 2 ** 31)) {
    throw argumentError(
      op,
      `${what} is not an integer from ${least} up, nor a list of ${count}`,
      value,
      "give one for all axes or one an axis",
    );
  }
  return [...(list as number[])];
}

/** How windows move, as options say it; numbers stand for all axes. */
export interface WindowOptions {
  /** How far apart windows are. */
  readonly stride?: number | readonly number[];
  /** 0 by default. */
  readonly padding?: PaddingOption;
  /** How far apart the entries of a window are; 1 by default. */
  readonly dilation?: number | readonly number[];
}

/** Windows of the given sides from a call's options; `usual` is the stride without one. */
export function readWindows(op: string, window: readonly number[], options: WindowOptions, usual: number | readonly number[] = 1): Windows {
  const count = window.length;
  return {
    window,
    stride: perAxis(op, "stride", options.stride ?? usual, count),
    dilation: perAxis(op, "dilation", options.dilation ?? 1, count),
  };
}

/** The padding of windowed axes from a call's options. Throws where a window does not fit. */
export function readFittingPadding(op: string, sides: Shape, windows: Windows, { padding = 0 }: WindowOptions): readonly Padding[] {
  const read = readPadding(op, padding, sides.length) ?? samePadding(sides, windows);
  checkSpan(op, sides, windows, read);
  return read;
}

/** How the windowed axes are padded: by so many entries on both sides, one number or pair an axis; `"valid"` not at all; `"same"` so that an axis of n entries has ⌈n/stride⌉ windows. */
export type PaddingOption = number | "same" | "valid" | readonly (number | Padding)[];

/** The padding of each axis, or null for `"same"`. */
export function readPadding(op: string, padding: unknown, count: number): Padding[] | null {
  if (padding === "same") return null;
  const list =
    padding === "valid" ? new Array<number>(count).fill(0) : typeof padding === "number" ? new Array<number>(count).fill(padding) : padding;
  const wanted = `give "same", "valid", an integer, or a list of ${count} integers or [before, after]`;
  if (!Array.isArray(list) || list.length !== count) throw argumentError(op, "not a padding", padding, wanted);
  return list.map((item: unknown): Padding => {
    const pair = typeof item === "number" ? [item, item] : item;
    const good = Array.isArray(pair) && pair.length === 2 && pair.every((side) => Number.isInteger(side) && side >= 0 && side < 2 ** 31);
    if (!good) throw argumentError(op, "not a padding", padding, wanted);
    return pair as unknown as Padding;
  });
}

/** The padding under which an axis has one window for each stride; the odd entry goes after. */
export function samePadding(sides: Shape, { window, stride, dilation }: Windows): Padding[] {
  return sides.map((side, axis) => {
    const missing = Math.max(0, (Math.ceil(side / stride[axis]!) - 1) * stride[axis]! + spanOf(window[axis]!, dilation[axis]!) - side);
    return [missing >> 1, missing - (missing >> 1)];
  });
}

/** Throws where a window is longer than its padded axis. */
function checkSpan(op: string, sides: Shape, windows: Windows, padding: readonly Padding[]): void {
  sides.forEach((side, axis) => {
    const [span, padded] = [spanOf(windows.window[axis]!, windows.dilation[axis]!), side + padding[axis]![0] + padding[axis]![1]];
    if (span > padded)
      throw clashError(
        op,
        "the window is longer than the padded axis",
        `${span} on ${padded}, axis ${axis - sides.length}`,
        "pad more or take a smaller window",
      );
  });
}
