/**
 * Convolution in one, two, three or more dimensions and its transpose. Input x, kernel w and output y stand in one trilinear form: each of the three ops
 * here contracts two of them, and every derivative of one is another. It knows groups and windows; products are contractions of windows.
 */
import { composite } from "../define/composite.ts";
import { contractLabels } from "../define/contraction.ts";
import { add } from "../define/elementwise.ts";
import { zerosOf } from "../define/movement.ts";
import { checkInteger, checkOptions } from "../define/options.ts";
import { clashError, formatShape } from "../errors.ts";
import { named } from "../notation.ts";
import { apply1, type Callable, callable, type Draw, type Op, operands } from "../op.ts";
import type { Shape } from "../shape.ts";
import type { Tensor, TensorLike } from "../tensor.ts";
import { permute, reshape } from "./movement.ts";
import { sliceAxis } from "./slicing.ts";
import {
  negated,
  overlapAdd,
  type Padding,
  type PaddingOption,
  padLast,
  perAxis,
  readFittingPadding,
  readPadding,
  readWindows,
  samePadding,
  showWindows,
  spanOf,
  windowCounts,
  windowed,
  type WindowOptions,
  type Windows,
} from "./window.ts";

interface ConvolutionParams {
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly Padding[];
  readonly groups: number;
  /** The last sides of the output, where the operands leave them open: those of x for the transpose, those of w for the kernel's cotangent. */
  readonly sides?: Shape;
  /** The operand whose exact zeros win. */
  readonly strongZero?: 0 | 1;
}

/** The three sides of the form Σ x w y, with their axes before the spatial ones: batch n, group g, channels c of the input and f of the output. */
const axesOf = { x: "ngc", w: "gfc", y: "ngf" } as const;
type Role = keyof typeof axesOf;

/** A tensor with its channel axis split by groups: axis 1 of x and y, axis 0 of w. */
function grouped(tensor: Tensor, role: Role, groups: number): Tensor {
  const at = role === "w" ? 0 : 1;
  const { shape } = tensor;
  return reshape(tensor, [...shape.slice(0, at), groups, shape[at]! / groups, ...shape.slice(at + 1)]);
}

/** The inverse of `grouped`. */
function ungrouped(tensor: Tensor, role: Role): Tensor {
  const at = role === "w" ? 0 : 1;
  const { shape } = tensor;
  return reshape(tensor, [...shape.slice(0, at), shape[at]! * shape[at + 1]!, ...shape.slice(at + 2)]);
}

const windowLabels = "hijkl";
const countLabels = "opqrs";

/** Two of the three sides as labelled operands, x by its windows; the third as labels. */
function contractForm(left: Tensor, leftRole: Role, right: Tensor, rightRole: Role, outRole: Role, params: ConvolutionParams): Tensor {
  const rank = params.stride.length;
  const [inWindow, counts] = [windowLabels.slice(0, rank), countLabels.slice(0, rank)];
  const labels = { x: `${axesOf.x}${inWindow}${counts}`, w: `${axesOf.w}${inWindow}`, y: `${axesOf.y}${counts}` };
  const { strongZero } = params;
  return contractLabels(left, right, {
    x: labels[leftRole],
    y: labels[rightRole],
    out: labels[outRole],
    ...(strongZero === undefined ? {} : { strongZero }),
  });
}

const windowsOf = (window: Shape, { stride, dilation }: ConvolutionParams): Windows => ({ window, stride, dilation });
const lastSides = (x: Tensor): Shape => x.shape.slice(2);

const columns = (x: Tensor, window: Shape, params: ConvolutionParams): Tensor =>
  grouped(windowed(padLast(x, params.padding), windowsOf(window, params)), "x", params.groups);

const show = ({ stride, dilation, padding, groups }: ConvolutionParams): string =>
  showWindows({ stride, dilation, padding }, groups === 1 ? [] : [`groups=${groups}`]);

interface FormSpec {
  readonly name: string;
  readonly roles: readonly [left: Role, right: Role, out: Role];
  readonly expand: (left: Tensor, right: Tensor, params: ConvolutionParams) => Tensor;
  /** Cotangents of the two operands. */
  readonly pullbacks: readonly [
    (g: Tensor, left: Tensor, right: Tensor, params: ConvolutionParams) => Tensor,
    (g: Tensor, left: Tensor, right: Tensor, params: ConvolutionParams) => Tensor,
  ];
}

/** One contraction of the form as an op: bilinear, so its tangents are itself. */
function formOp({ name, roles, expand, pullbacks }: FormSpec): Op<ConvolutionParams> {
  const op: Op<ConvolutionParams> = composite<ConvolutionParams>({
    name,
    notation: /* @__PURE__ */ named(name),
    expand: ([left, right], params) => expand(left!, right!, params),
    pullback: (g, [left, right], _out, params, wanted) => pullbacks.map((rule, i) => (wanted[i] ? rule(g, left!, right!, params) : null)),
    pushforward: ([tLeft, tRight], [left, right], _out, params) => {
      const first = tLeft === null ? null : apply1(op, [tLeft!, right!], { ...params, strongZero: 0 });
      const second = tRight === null ? null : apply1(op, [left!, tRight!], { ...params, strongZero: 1 });
      return first === null ? second : second === null ? first : add(first, second);
    },
    lift: (inputs, batched, params, size) => liftForm(op, roles, inputs, batched, params, size),
    show,
  });
  return op;
}

/** Another axis of examples joins the axis that the batched operands and the output share: n, f or c, and the groups where all three have it. */
function liftForm(
  op: Op<ConvolutionParams>,
  roles: FormSpec["roles"],
  inputs: readonly Tensor[],
  batched: readonly boolean[],
  params: ConvolutionParams,
  size: number,
): Tensor {
  if (size === 0)
    return sliceAxis(
      liftForm(
        op,
        roles,
        inputs.map((x, i) => (batched[i] ? zerosOf({ ...x, shape: [1, ...x.shape.slice(1)] }) : x)),
        batched,
        params,
        1,
      ),
      0,
      0,
      0,
    );
  const all = batched[0]! && batched[1]!;
  const own = roles[batched[0] ? 0 : 1];
  const [other, out] = [roles[batched[0] ? 1 : 0], roles[2]];
  const axis = all ? "g" : [...axesOf[own]].find((label) => axesOf[out].includes(label) && !axesOf[other].includes(label))!;
  const folded = inputs.map((x, i) => (batched[i] ? foldBatch(x, roles[i as 0 | 1], axis, params.groups) : x));
  const groups = all ? params.groups * size : params.groups;
  return unfoldBatch(apply1(op, folded, { ...params, groups }), out, axis, params.groups, size);
}

function foldBatch(x: Tensor, role: Role, axis: string, groups: number): Tensor {
  const [size, ...own] = x.shape as [number, ...number[]];
  const at = role === "w" ? 0 : 1;
  const split = reshape(x, [size, ...own.slice(0, at), groups, own[at]! / groups, ...own.slice(at + 1)]);
  const to = axesOf[role].indexOf(axis);
  const order = split.shape.map((_, i) => i);
  order.splice(to, 0, ...order.splice(0, 1));
  const moved = permute(split, order);
  return ungrouped(reshape(moved, [...moved.shape.slice(0, to), size * moved.shape[to + 1]!, ...moved.shape.slice(to + 2)]), role);
}

function unfoldBatch(x: Tensor, role: Role, axis: string, groups: number, size: number): Tensor {
  const split = grouped(x, role, axis === "g" ? groups * size : groups);
  const from = axesOf[role].indexOf(axis);
  const apart = reshape(split, [...split.shape.slice(0, from), size, split.shape[from]! / size, ...split.shape.slice(from + 1)]);
  const order = apart.shape.map((_, i) => i);
  order.splice(0, 0, ...order.splice(from, 1));
  const fronted = permute(apart, order);
  const at = role === "w" ? 1 : 2;
  return reshape(fronted, [...fronted.shape.slice(0, at), fronted.shape[at]! * fronted.shape[at + 1]!, ...fronted.shape.slice(at + 2)]);
}

const convolutionOp: Op<ConvolutionParams> = /* @__PURE__ */ formOp({
  name: "convolution",
  roles: ["x", "w", "y"],
  expand: (x, w, params) =>
    ungrouped(contractForm(columns(x, lastSides(w), params), "x", grouped(w, "w", params.groups), "w", "y", params), "y"),
  pullbacks: [
    (g, x, w, params) => apply1(convTransposeOp, [g, w], { ...params, sides: lastSides(x), strongZero: 0 }),
    (g, x, w, params) => apply1(convKernelOp, [x, g], { ...params, sides: lastSides(w), strongZero: 1 }),
  ],
});

const convTransposeOp: Op<ConvolutionParams> = /* @__PURE__ */ formOp({
  name: "convTranspose",
  roles: ["y", "w", "x"],
  expand: (y, w, params) => {
    const { groups, padding, sides } = params;
    const spread = ungrouped(contractForm(grouped(y, "y", groups), "y", grouped(w, "w", groups), "w", "x", params), "x");
    const padded = sides!.map((side, axis) => side + padding[axis]![0] + padding[axis]![1]);
    return padLast(overlapAdd(spread, { ...windowsOf(lastSides(w), params), sides: padded }), negated(padding));
  },
  pullbacks: [
    (g, _y, w, params) => apply1(convolutionOp, [g, w], { ...params, strongZero: 0 }),
    (g, y, w, params) => apply1(convKernelOp, [g, y], { ...params, sides: lastSides(w), strongZero: 0 }),
  ],
});

/** The sum over examples and places of input windows times outputs: the kernel's cotangent. */
const convKernelOp: Op<ConvolutionParams> = /* @__PURE__ */ formOp({
  name: "convKernel",
  roles: ["x", "y", "w"],
  expand: (x, y, params) =>
    ungrouped(contractForm(columns(x, params.sides!, params), "x", grouped(y, "y", params.groups), "y", "w", params), "w"),
  pullbacks: [
    (g, x, y, params) => apply1(convTransposeOp, [y, g], { ...params, sides: lastSides(x), strongZero: 1 }),
    (g, x, _y, params) => apply1(convolutionOp, [x, g], { ...params, strongZero: 1 }),
  ],
});

/** How the kernel moves over the input; numbers stand for all axes. */
export interface ConvolutionOptions extends WindowOptions {
  /** How far apart windows are; 1 by default. */
  readonly stride?: number | readonly number[];
  /** Into how many groups the channels fall, each with kernels of its own; 1 by default. */
  readonly groups?: number;
}

const shapesOf = (x: Tensor, w: Tensor): string => `${formatShape(x.shape)} with kernel ${formatShape(w.shape)}`;

function checkRanks(op: string, x: Tensor, w: Tensor): number {
  if (x.rank < 3 || x.rank > 2 + windowLabels.length || w.rank !== x.rank) {
    throw clashError(
      op,
      "not a batch of channels and a kernel of the same rank",
      shapesOf(x, w),
      "give [N, C, ...sides] and a kernel of as many axes, from one to five sides",
    );
  }
  if (lastSides(w).includes(0)) throw clashError(op, "the kernel's window is empty", shapesOf(x, w), "give it an entry on each axis");
  return x.rank - 2;
}

function readGroups(op: string, groups: unknown, channels: number, x: Tensor, w: Tensor): number {
  const count = checkInteger(op, "groups", groups ?? 1, 1);
  if (channels % count !== 0)
    throw clashError(op, "groups do not divide the channels", `${shapesOf(x, w)}, ${channels} into ${count}`, "give a divisor");
  return count;
}

/**
 * The correlation of every example's channels with a kernel over one to five spatial axes (what networks call convolution: the kernel is not flipped).
 *
 * Input [N, C, ...sides] and kernel [O, C/groups, ...window] give [N, O, ...counts], with
 * counts = ⌊(side + padding − dilation·(window − 1) − 1)/stride⌋ + 1. Throws where channels, groups or windows do not fit.
 * @example
 * ```ts
 * const x = tensor([[[1, 2, 3, 4]]]);
 * convolution(x, tensor([[[1, -1]]])); // => tensor([[[-1, -1, -1]]], float64)
 * convolution(x, tensor([[[1, 1]]]), { stride: 2, padding: 1 }); // => tensor([[[1, 5, 4]]], float64)
 * ```
 */
export const convolution: Callable<(x: TensorLike, kernel: TensorLike, options?: ConvolutionOptions) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, kernel: TensorLike, options: ConvolutionOptions = {}) => {
    const [input, w] = operands("convolution", [x, kernel]) as [Tensor, Tensor];
    checkOptions("convolution", options, ["stride", "padding", "dilation", "groups"]);
    checkRanks("convolution", input, w);
    const groups = readGroups("convolution", options.groups, w.shape[0]!, input, w);
    if (input.shape[1] !== w.shape[1]! * groups) {
      const clash = `${shapesOf(input, w)}, ${input.shape[1]} ≠ ${w.shape[1]} · ${groups} groups`;
      throw clashError("convolution", "the channels differ", clash, "give a kernel of [O, C/groups, ...window]");
    }
    const windows = readWindows("convolution", lastSides(w), options);
    const padding = readFittingPadding("convolution", lastSides(input), windows, options);
    return apply1(convolutionOp, [input, w], { stride: windows.stride, dilation: windows.dilation, padding, groups });
  },
  {
    name: "convolution",
    op: convolutionOp as Op,
    sample: (draw) => {
      const { rank, window, groups, options } = drawConvolution(draw);
      const [n, c, f] = [draw.integer(0, 2), draw.integer(1, 2), draw.integer(1, 2)];
      const sides = window.map((side, axis) => spanOf(side, options.dilation[axis]!) + draw.integer(0, rank === 1 ? 3 : 1));
      return [draw.tensor([n, groups * c, ...sides]), draw.tensor([groups * f, c, ...window]), options];
    },
  },
);

function drawConvolution(draw: Draw) {
  const rank = draw.pick([1, 1, 2, 2, 3]);
  const list = (low: number, high: number): number[] => Array.from({ length: rank }, () => draw.integer(low, high));
  const groups = draw.pick([1, 1, 2]);
  const padding = draw.pick<PaddingOption>([
    0,
    1,
    "same",
    "valid",
    Array.from({ length: rank }, (): Padding => [draw.integer(0, 1), draw.integer(0, 2)]),
  ]);
  return { rank, window: list(1, 2), groups, options: { stride: list(1, 2), dilation: list(1, 2), padding, groups } };
}

export interface ConvTransposeOptions extends ConvolutionOptions {
  /** Entries added after each axis of the output, to choose among the inputs of one strided shape; 0 by default. */
  readonly outputPadding?: number | readonly number[];
}

/**
 * The transpose of `convolution` with the same kernel and options: from its outputs' shape back to its inputs'.
 *
 * Input [N, C, ...counts] and kernel [C, O/groups, ...window] give [N, O, ...sides], with
 * side = (count − 1)·stride − padding + dilation·(window − 1) + 1 + outputPadding; `"same"` gives count·stride.
 * @example
 * ```ts
 * convTranspose(tensor([[[1, 2]]]), tensor([[[1, 10, 100]]]), { stride: 2 }); // => tensor([[[  1,  10, 102,  20, 200]]], float64)
 * ```
 */
export const convTranspose: Callable<(x: TensorLike, kernel: TensorLike, options?: ConvTransposeOptions) => Tensor> =
  /* @__PURE__ */ callable(
    (x: TensorLike, kernel: TensorLike, options: ConvTransposeOptions = {}) => {
      const [input, w] = operands("convTranspose", [x, kernel]) as [Tensor, Tensor];
      checkOptions("convTranspose", options, ["stride", "padding", "dilation", "groups", "outputPadding"]);
      const rank = checkRanks("convTranspose", input, w);
      if (input.shape[1] !== w.shape[0]) {
        throw clashError(
          "convTranspose",
          "the channels differ",
          `${shapesOf(input, w)}, ${input.shape[1]} ≠ ${w.shape[0]}`,
          "give a kernel of [C, O/groups, ...window]",
        );
      }
      const groups = readGroups("convTranspose", options.groups, w.shape[0]!, input, w);
      const windows = readWindows("convTranspose", lastSides(w), options);
      const extra = perAxis("convTranspose", "outputPadding", options.outputPadding ?? 0, rank, 0);
      const { sides, padding } = transposedSides(
        lastSides(input),
        windows,
        readPadding("convTranspose", options.padding ?? 0, rank),
        extra,
        shapesOf(input, w),
      );
      return apply1(convTransposeOp, [input, w], { stride: windows.stride, dilation: windows.dilation, padding, groups, sides });
    },
    {
      name: "convTranspose",
      op: convTransposeOp as Op,
      sample: (draw) => {
        const { rank, window, groups, options } = drawConvolution(draw);
        const [n, c, f] = [draw.integer(0, 2), draw.integer(1, 2), draw.integer(1, 2)];
        const counts = Array.from({ length: rank }, () =>
          draw.integer(options.padding === 1 || typeof options.padding === "object" ? 3 : 1, 3),
        );
        return [
          draw.tensor([n, groups * f, ...counts]),
          draw.tensor([groups * f, c, ...window]),
          { ...options, outputPadding: options.padding === "same" ? 0 : options.stride.map((step) => draw.integer(0, step - 1)) },
        ];
      },
    },
  );

function transposedSides(
  counts: Shape,
  windows: Windows,
  given: readonly Padding[] | null,
  extra: readonly number[],
  shown: string,
): { readonly sides: Shape; readonly padding: readonly Padding[] } {
  const { window, stride, dilation } = windows;
  const natural = counts.map((count, axis) => stride[axis]! * Math.max(0, count - 1) + spanOf(window[axis]!, dilation[axis]!));
  const padding =
    given ??
    samePadding(
      counts.map((count, axis) => count * stride[axis]!),
      windows,
    );
  const sides = natural.map(
    (side, axis) => (given === null ? counts[axis]! * stride[axis]! : side - padding[axis]![0] - padding[axis]![1]) + extra[axis]!,
  );
  const wanted = windowCounts(
    sides.map((side, axis) => side + padding[axis]![0] + padding[axis]![1]),
    windows,
  );
  sides.forEach((side, axis) => {
    if (side >= 0 && wanted[axis] === counts[axis]) return;
    const clash = `${shown}, axis ${axis - counts.length} of ${counts[axis]} cannot come from ${side}`;
    throw clashError("convTranspose", "no convolution has these outputs", clash, "pad less, and outputPadding less than the stride");
  });
  return { sides, padding };
}
