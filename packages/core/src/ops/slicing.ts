/** Ops that read or write strided parts of a tensor: slice, pad, flip, roll. Knows positions; knows no values. */
import { checkChoice, checkInteger, checkIntegers, checkOptions } from "../define/options.ts";
import { movement, wholeSegment } from "../define/movement.ts";
import { coerce, isFloat } from "../dtype.ts";
import { argumentError, clashError, formatShape, indexError } from "../errors.ts";
import { named, subscript } from "../notation.ts";
import { apply1, callable, type Callable, type Draw, type Op, tensorArgument } from "../op.ts";
import { checkShape, normalizeAxes, type Shape, stridesOf } from "../shape.ts";
import type { Tensor, TensorLike } from "../tensor.ts";
import { constantIndices, takeAxis } from "./indexing.ts";
import { reshape } from "./movement.ts";

/** Entry i of an axis is read at `start + i·step`. */
interface SliceParams {
  readonly starts: readonly number[];
  readonly sizes: readonly number[];
  readonly steps: readonly number[];
}

const inFront = ({ starts, sizes, steps }: SliceParams, size: number): SliceParams => ({
  starts: [0, ...starts],
  sizes: [size, ...sizes],
  steps: [1, ...steps],
});

const offsetOf = (starts: readonly number[], strides: readonly number[]): number =>
  starts.reduce((offset, start, axis) => offset + start * strides[axis]!, 0);

const sliceOp: Op<SliceParams> = /* @__PURE__ */ movement<SliceParams>({
  name: "slice",
  notation: subscript,
  infer: (inputs, { sizes }) => ({ shape: sizes, dtype: inputs[0]!.dtype }),
  plan: (inputs, { starts, steps }, out) => {
    const strides = stridesOf(inputs[0]!.shape);
    const stepped = strides.map((stride, axis) => stride * steps[axis]!);
    return { fill: null, accumulate: false, segments: [wholeSegment(out.shape, stepped, stridesOf(out.shape), offsetOf(starts, strides))] };
  },
  transpose: (g, _i, inputs, params) => apply1(placeOp, [g], { ...params, shape: inputs[0]!.shape, fill: 0 }),
  lift: (inputs, _batched, params, size) => apply1(sliceOp, [inputs[0]!], inFront(params, size)),
  show: showRanges,
});

function showRanges({ starts, sizes, steps }: SliceParams): string {
  return starts.map((start, axis) => showRange(start, sizes[axis]!, steps[axis]!)).join(", ");
}

function showRange(start: number, size: number, step: number): string {
  const stop = start + size * step;
  return `${start}:${stop < 0 ? "" : stop}${step === 1 ? "" : `:${step}`}`;
}

interface PlaceParams extends SliceParams {
  readonly shape: Shape;
  readonly fill: number;
}

/** Where slice reads, place writes; the rest is filled. */
const placeOp: Op<PlaceParams> = /* @__PURE__ */ movement<PlaceParams>({
  name: "place",
  notation: /* @__PURE__ */ named("place"),
  infer: (inputs, { shape }) => ({ shape, dtype: inputs[0]!.dtype }),
  plan: (inputs, { starts, steps, fill }, out) => {
    const own = stridesOf(inputs[0]!.shape);
    const strides = stridesOf(out.shape);
    const stepped = strides.map((stride, axis) => stride * steps[axis]!);
    return { fill, accumulate: false, segments: [wholeSegment(inputs[0]!.shape, own, stepped, 0, offsetOf(starts, strides))] };
  },
  transpose: (g, _i, _inputs, { starts, sizes, steps }) => apply1(sliceOp, [g], { starts, sizes, steps }),
  tangentParams: (params) => ({ ...params, fill: 0 }),
  lift: (inputs, _batched, params, size) =>
    apply1(placeOp, [inputs[0]!], { ...inFront(params, size), shape: [size, ...params.shape], fill: params.fill }),
  show: (params) => `${showRanges(params)} of ${formatShape(params.shape)}${params.fill === 0 ? "" : ` fill=${params.fill}`}`,
});

/** One range an axis, checked; the tensor itself where nothing is left out. */
function sliceAll(x: Tensor, params: SliceParams): Tensor {
  const whole = x.shape.every((side, axis) => params.sizes[axis] === side && (params.steps[axis] === 1 || side < 2));
  return whole ? x : apply1(sliceOp, [x], params);
}

/** The entries of one axis from `start` to before `stop`; bounds are the caller's care. */
export function sliceAxis(x: Tensor, axis: number, start: number, stop: number): Tensor {
  return sliceAll(x, {
    starts: x.shape.map((_, i) => (i === axis ? start : 0)),
    sizes: x.shape.map((side, i) => (i === axis ? stop - start : side)),
    steps: x.shape.map(() => 1),
  });
}

/** The tensor with every entry of one axis a place later (earlier for -1): the last one leaves and `fill` enters. */
export function shiftAxis(x: Tensor, axis: number, by: 1 | -1, fill = 0): Tensor {
  const side = x.shape[axis]!;
  if (side === 0) return x;
  const kept = by === 1 ? sliceAxis(x, axis, 0, side - 1) : sliceAxis(x, axis, 1, side);
  const starts = x.shape.map((_, i) => (i === axis && by === 1 ? 1 : 0));
  return apply1(placeOp, [kept], { starts, sizes: kept.shape, steps: x.shape.map(() => 1), shape: x.shape, fill });
}

/** Start, stop and step; `null` or nothing stands for the end that the step comes from or goes to. */
export type SliceRange = readonly [start?: number | null, stop?: number | null, step?: number | null];

/** What `slice` takes for one axis, or for several in a string. */
export type SliceItem = number | SliceRange | string | null | undefined;

/** One axis of a basic index: an entry, which drops the axis, or a range. */
type Part = number | Range;
interface Range {
  readonly start: number | null;
  readonly stop: number | null;
  readonly step: number | null;
}
const everything: Range = { start: null, stop: null, step: null };

/**
 * A part of a tensor, one item an axis, as between NumPy's brackets.
 *
 * An item is an integer, which picks an entry and drops the axis; `[start, stop, step]`, any of them `null` or left out; `null` for the whole
 * axis; or a string of NumPy's own notation, for one axis or, with commas, for several: `x.slice("1:-1, ..., ::2")`. Negative positions
 * count from the back, ranges are cut to the axis, `"..."` stands for the axes in between, and axes not named are kept whole.
 * Throws at an integer out of range, at a step of 0 and at more items than axes.
 * @example
 * ```ts
 * const x = tensor([[1, 2, 3], [4, 5, 6]]);
 * x.slice(1); // => tensor([4, 5, 6], float64)
 * x.slice(null, [0, -1]); // => tensor([[1, 2],
 * //         [4, 5]], float64)
 * x.slice("..., ::-1, 0"); // => tensor([4, 1], float64)
 * ```
 */
export const slice: Callable<(x: TensorLike, ...items: readonly SliceItem[]) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, ...items: readonly SliceItem[]) => {
    const input = tensorArgument("slice", x);
    return basicSlice(
      "slice",
      input,
      items.flatMap((item) => sliceParts("slice", item)),
    );
  },
  {
    name: "slice",
    op: sliceOp as Op,
    sample: (draw) => {
      const shape = draw.shape(0, 3);
      return [draw.tensor(shape), ...shape.slice(0, draw.integer(0, shape.length)).map((side) => drawItem(draw, side))];
    },
  },
);

function drawItem(draw: Draw, side: number): SliceItem {
  const position = (): number | null => (draw.integer(0, 2) === 0 ? null : draw.integer(-side - 1, side + 1));
  const kind = draw.integer(0, 3);
  if (kind === 0 && side > 0) return draw.integer(-side, side - 1);
  if (kind === 1) return null;
  return [position(), position(), draw.pick([null, 1, 2, -1, -2])];
}

/** The parts of one item: several for a string with commas; `"..."` stays for the caller to widen. */
export function sliceParts(op: string, item: unknown): readonly (Part | "...")[] {
  if (item === null || item === undefined) return [everything];
  if (typeof item === "string") return item.split(",").map((text) => partOfText(op, item, text.trim()));
  if (typeof item === "number") return [checkPosition(op, item)];
  if (!Array.isArray(item) || item.length > 3) throw itemError(op, item);
  const [start, stop, step] = item.map((position) => (position === null || position === undefined ? null : checkPosition(op, position)));
  return [{ start: start ?? null, stop: stop ?? null, step: step ?? null }];
}

const itemError = (op: string, item: unknown) =>
  argumentError(op, "not an index", item, 'give an integer, [start, stop, step], null, or a string such as "1:-1" or "..."');

function checkPosition(op: string, position: unknown): number {
  if (!Number.isSafeInteger(position))
    throw argumentError(op, "a position is not an integer", position, "give integers, or null for an open end");
  return position as number;
}

function partOfText(op: string, whole: string, text: string): Part | "..." {
  if (text === "...") return text;
  const bounds = text.split(":").map((bound) => bound.trim());
  if (bounds.length > 3 || bounds.some((bound) => !/^([+-]?\d+)?$/.test(bound)) || (bounds.length === 1 && bounds[0] === ""))
    throw itemError(op, whole);
  if (bounds.length === 1) return checkPosition(op, Number(bounds[0]));
  const [start, stop, step] = bounds.map((bound) => (bound === "" ? null : checkPosition(op, Number(bound))));
  return { start: start!, stop: stop!, step: step ?? null };
}

/** Applies one part an axis; `"..."` becomes the axes that no part names. */
export function basicSlice(op: string, x: Tensor, parts: readonly (Part | "...")[]): Tensor {
  const full = widen(op, parts, x, everything);
  const ranges = full.map((part, axis) =>
    typeof part === "number" ? entryRange(op, part, axis, x.shape) : resolveRange(op, part, x.shape[axis]!),
  );
  const cut = sliceAll(x, {
    starts: ranges.map(({ start }) => start),
    sizes: ranges.map(({ size }) => size),
    steps: ranges.map(({ step }) => step),
  });
  return full.some((part) => typeof part === "number")
    ? reshape(
        cut,
        cut.shape.filter((_, axis) => typeof full[axis] !== "number"),
      )
    : cut;
}

/** The items with `"..."`, or the end, widened to one item an axis. `spans` is how many axes an item takes. */
export function widen<T>(op: string, items: readonly (T | "...")[], x: Tensor, whole: T, spans: (item: T) => number = () => 1): T[] {
  const at = items.indexOf("...");
  const named = items.filter((item): item is Exclude<typeof item, "..."> => item !== "...") as T[];
  if (named.length < items.length - 1)
    throw argumentError(op, "two ellipses", items.filter((item) => item === "...").join(", "), "give at most one");
  const missing = x.rank - named.reduce((total, item) => total + spans(item), 0);
  if (missing < 0) throw clashError(op, "too many indices", `${x.rank - missing} for ${formatShape(x.shape)}`, `give at most ${x.rank}`);
  const filling = new Array<T>(missing).fill(whole);
  const front = at < 0 ? named.length : at;
  return [...named.slice(0, front), ...filling, ...named.slice(front)];
}

interface Resolved {
  readonly start: number;
  readonly size: number;
  readonly step: number;
}

function entryRange(op: string, at: number, axis: number, shape: Shape): Resolved {
  const side = shape[axis]!;
  if (at < -side || at >= side) throw indexError(op, at, axis, shape);
  return { start: at < 0 ? at + side : at, size: 1, step: 1 };
}

/** Python's rule: ends counted from the back are moved once, then cut to the axis. */
function resolveRange(op: string, range: Range, side: number): Resolved {
  const step = range.step ?? 1;
  if (step === 0) throw argumentError(op, "the step is zero", step, "give a step other than 0");
  const [low, high] = step > 0 ? [0, side] : [-1, side - 1];
  const cut = (position: number): number => Math.min(Math.max(position < 0 ? position + side : position, low), high);
  const start = range.start === null ? (step > 0 ? low : high) : cut(range.start);
  const stop = range.stop === null ? (step > 0 ? high : low) : cut(range.stop);
  const size = Math.max(0, Math.ceil((stop - start) / step));
  return { start: size === 0 ? 0 : start, size, step };
}

export type PadMode = "constant" | "edge" | "reflect" | "symmetric" | "wrap";

export interface PadOptions {
  /** What the new entries hold: `value` (the default); the nearest entry; the axis mirrored without or with its end; the axis again. */
  readonly mode?: PadMode;
  /** For constant padding; 0 by default. */
  readonly value?: number;
}

/** Entries before and after an axis, and between each two neighbours; negative ones before or after remove entries. */
export type PadWidth = readonly [before: number, after: number, between?: number];

/**
 * A tensor with entries added before and after each axis, filled with `value` or by NumPy's `mode`.
 *
 * `widths` is one integer for all sides, `[before, after]` for every axis, or a list of one such pair an axis. Constant padding also takes
 * negative widths, which remove entries, and a third number, the entries put between each two neighbours (as `lax.pad`).
 * Throws where a mode other than constant has nothing to copy from.
 * @example
 * ```ts
 * pad(tensor([1, 2, 3]), [1, 2]); // => tensor([0, 1, 2, 3, 0, 0], float64)
 * pad(tensor([1, 2, 3]), [1, 2], { mode: "reflect" }); // => tensor([2, 1, 2, 3, 2, 1], float64)
 * ```
 */
export const pad: Callable<(x: TensorLike, widths: number | PadWidth | readonly PadWidth[], options?: PadOptions) => Tensor> =
  /* @__PURE__ */ callable(
    (x: TensorLike, widths: number | PadWidth | readonly PadWidth[], options: PadOptions = {}) => {
      const input = tensorArgument("pad", x);
      checkOptions("pad", options, ["mode", "value"]);
      const mode = checkChoice("pad", "mode", options.mode ?? "constant", ["constant", "edge", "reflect", "symmetric", "wrap"]);
      const own = padWidths(input, widths);
      if (mode === "constant") return padConstant(input, own, padValue(input, options.value ?? 0));
      return own.reduce((out, width, axis) => padByMode(out, axis, width, mode), input);
    },
    {
      name: "pad",
      op: placeOp as Op,
      sample: (draw) => {
        const mode = draw.pick<PadMode>(["constant", "constant", "edge", "reflect", "symmetric", "wrap"]);
        const shape = draw.shape(0, 3, mode === "constant" ? 0 : 2);
        const width = (side: number): PadWidth => {
          if (mode !== "constant") return [draw.integer(0, 3), draw.integer(0, 3)];
          const between = draw.integer(0, 2);
          return [draw.integer(-(side >> 1), 2), draw.integer(-(side >> 1), 2), between];
        };
        return [draw.tensor(shape), shape.map(width), mode === "constant" ? { value: draw.integer(-1, 1) } : { mode }];
      },
    },
  );

function padWidths(x: Tensor, widths: unknown): PadWidth[] {
  const bad = () =>
    argumentError("pad", `no widths for ${formatShape(x.shape)}`, widths, "give an integer, [before, after], or one pair an axis");
  const check = (width: unknown): PadWidth => {
    if (!Array.isArray(width) || width.length < 2 || width.length > 3) throw bad();
    const [before, after, between = 0] = width as unknown[];
    return [
      checkInteger("pad", "a width", before),
      checkInteger("pad", "a width", after),
      checkInteger("pad", "the width between", between, 0),
    ];
  };
  if (typeof widths === "number") return x.shape.map(() => check([widths, widths]));
  if (!Array.isArray(widths)) throw bad();
  if (widths.length > 0 && widths.every((width) => typeof width === "number")) return x.shape.map(() => check(widths));
  if (widths.length !== x.rank) throw bad();
  return widths.map(check);
}

function padValue(x: Tensor, value: unknown): number {
  if (typeof value !== "number") throw argumentError("pad", "the value is not a number", value, "give a number");
  if (!isFloat(x.dtype) && coerce(value, x.dtype) !== value)
    throw argumentError("pad", `the value is no ${x.dtype}`, value, "cast the tensor first");
  return value;
}

/** The side of an axis after padding. */
const paddedSide = (side: number, [before, after, between = 0]: PadWidth): number =>
  side + Math.max(0, side - 1) * between + before + after;

function padConstant(x: Tensor, widths: readonly PadWidth[], fill: number): Tensor {
  const shape = x.shape.map((side, axis) => paddedSide(side, widths[axis]!));
  shape.forEach((side, axis) => {
    if (side < 0)
      throw clashError(
        "pad",
        "more is removed than there is",
        `${formatShape(widths[axis]!)} for axis ${axis} of ${formatShape(x.shape)}`,
        "remove less",
      );
  });
  checkShape("pad", shape);
  // Of entry i, at before + i·step, those stay that lie on the padded axis.
  const kept = x.shape.map((side, axis): readonly [from: number, to: number] => {
    const [before, , between = 0] = widths[axis]!;
    const from = Math.min(side, Math.max(0, Math.ceil(-before / (between + 1))));
    return [from, Math.max(from, Math.min(side, Math.ceil((shape[axis]! - before) / (between + 1))))];
  });
  const inner = sliceAll(x, { starts: kept.map(([from]) => from), sizes: kept.map(([from, to]) => to - from), steps: kept.map(() => 1) });
  const steps = widths.map(([, , between = 0]) => between + 1);
  const starts = widths.map(([before], axis) => (inner.shape[axis] === 0 ? 0 : before + kept[axis]![0] * steps[axis]!));
  if (inner.shape.every((side, axis) => side === shape[axis] && (steps[axis] === 1 || side < 2))) return inner;
  return apply1(placeOp, [inner], { starts, sizes: inner.shape, steps, shape, fill });
}

function padByMode(x: Tensor, axis: number, width: PadWidth, mode: PadMode): Tensor {
  const side = x.shape[axis]!;
  const [before, after, between] = width;
  if (before < 0 || after < 0 || between !== 0) {
    throw clashError(
      "pad",
      "only constant padding removes or spreads entries",
      `${formatShape(width)} with mode "${mode}"`,
      "slice the tensor first",
    );
  }
  if (before === 0 && after === 0) return x;
  if (side === 0)
    throw clashError("pad", "an empty axis has nothing to copy", `axis ${axis} of ${formatShape(x.shape)}`, 'use the mode "constant"');
  const period = mode === "reflect" ? Math.max(1, 2 * side - 2) : mode === "symmetric" ? 2 * side : side;
  const source = (i: number): number => {
    if (mode === "edge") return Math.min(Math.max(i, 0), side - 1);
    const at = ((i % period) + period) % period;
    return at < side ? at : mode === "reflect" ? period - at : period - 1 - at;
  };
  return takeAxis(
    "pad",
    x,
    constantIndices(before + side + after, (i) => source(i - before)),
    axis,
  );
}

/**
 * The entries of some axes (all by default) in reverse order.
 * @example
 * ```ts
 * flip(tensor([1, 2, 3])); // => tensor([3, 2, 1], float64)
 * ```
 */
export const flip: Callable<(x: TensorLike, axes?: number | readonly number[]) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, axes?: number | readonly number[]) => {
    const input = tensorArgument("flip", x);
    const flipped = normalizeAxes("flip", axes, input.rank);
    return sliceAll(input, {
      starts: input.shape.map((side, axis) => (flipped.includes(axis) ? Math.max(0, side - 1) : 0)),
      sizes: input.shape,
      steps: input.shape.map((_, axis) => (flipped.includes(axis) ? -1 : 1)),
    });
  },
  {
    name: "flip",
    op: sliceOp as Op,
    sample: (draw) => {
      const shape = draw.shape(0, 3);
      return [draw.tensor(shape), shape.map((_, axis) => axis).filter(() => draw.integer(0, 1) === 0)];
    },
  },
);

interface RollParams {
  readonly axis: number;
  /** From 1 to one less than the side. */
  readonly shift: number;
}

const rollOp: Op<RollParams> = /* @__PURE__ */ movement<RollParams>({
  name: "roll",
  notation: /* @__PURE__ */ named("roll"),
  infer: (inputs) => inputs[0]!,
  plan: (inputs, { axis, shift }) => {
    const { shape } = inputs[0]!;
    const strides = stridesOf(shape);
    const side = shape[axis]!;
    const part = (from: number, to: number, count: number) =>
      wholeSegment(
        shape.map((own, i) => (i === axis ? count : own)),
        strides,
        strides,
        from * strides[axis]!,
        to * strides[axis]!,
      );
    return { fill: null, accumulate: false, segments: [part(0, shift, side - shift), part(side - shift, 0, shift)] };
  },
  transpose: (g, _i, inputs, { axis, shift }) => apply1(rollOp, [g], { axis, shift: inputs[0]!.shape[axis]! - shift }),
  lift: (inputs, _batched, { axis, shift }) => apply1(rollOp, [inputs[0]!], { axis: axis + 1, shift }),
  show: ({ axis, shift }) => `${shift} axis=${axis}`,
});

/**
 * The entries moved `shift` places along an axis; those that leave at the end enter in front. Without an axis, over the flattened tensor.
 *
 * Several axes take one shift each, or one for all.
 * @example
 * ```ts
 * roll(tensor([1, 2, 3, 4]), 1); // => tensor([4, 1, 2, 3], float64)
 * ```
 */
export const roll: Callable<(x: TensorLike, shift: number | readonly number[], axes?: number | readonly number[]) => Tensor> =
  /* @__PURE__ */ callable(
    (x: TensorLike, shift: number | readonly number[], axes?: number | readonly number[]) => {
      const input = tensorArgument("roll", x);
      const shifts = checkIntegers("roll", "a shift", Array.isArray(shift) ? shift : [shift]);
      if (axes === undefined) {
        if (shifts.length !== 1) throw argumentError("roll", "several shifts for a flattened tensor", shift, "give one shift, or the axes");
        return reshape(rollAxis(reshape(input, [input.size]), 0, shifts[0]!), input.shape);
      }
      normalizeAxes("roll", axes, input.rank);
      const listed = typeof axes === "number" ? [axes] : axes;
      if (shifts.length !== 1 && shifts.length !== listed.length) {
        throw clashError(
          "roll",
          "shifts and axes differ in number",
          `${formatShape(shifts)} and ${formatShape(listed)}`,
          "give one shift, or one an axis",
        );
      }
      return listed.reduce(
        (out, axis, i) => rollAxis(out, axis < 0 ? axis + input.rank : axis, shifts[shifts.length === 1 ? 0 : i]!),
        input,
      );
    },
    {
      name: "roll",
      op: rollOp as Op,
      sample: (draw) => {
        const shape = draw.shape(0, 3);
        if (shape.length === 0 || draw.integer(0, 2) === 0) return [draw.tensor(shape), draw.integer(-4, 4)];
        return [draw.tensor(shape), draw.integer(-4, 4), draw.integer(-shape.length, shape.length - 1)];
      },
    },
  );

function rollAxis(x: Tensor, axis: number, by: number): Tensor {
  const side = x.shape[axis]!;
  const shift = side === 0 ? 0 : ((by % side) + side) % side;
  return shift === 0 ? x : apply1(rollOp, [x], { axis, shift });
}
