/** Ops that move entries: reshape, permute, broadcast, slice, pad, concat and what is made of them. Knows no values. */
import { typeOf } from "../define/elementwise.ts";
import { movement, runSegment, type Segment, wholeSegment, zerosOf } from "../define/movement.ts";
import { checkInteger, checkIntegers } from "../define/options.ts";
import { programOp } from "../define/program.ts";
import { argumentError, axisError, clashError, concatError, counted, countError, formatShape, reshapeError } from "../errors.ts";
import { allocate, promote } from "../dtype.ts";
import { buildProgram, memo, type Program } from "../loop/program.ts";
import { named, transparent, transpose as transposed } from "../notation.ts";
import { type Aval, apply, apply1, callable, type Callable, type Draw, type Lowered, type Op, operands, tensorArgument } from "../op.ts";
import {
  broadcastShapes,
  checkShape,
  normalizeAxes,
  normalizeAxis,
  sameShape,
  type Shape,
  sizeOf,
  stretchedAxes,
  stridesOf,
} from "../shape.ts";
import type { Tensor, TensorLike } from "../tensor.ts";
import { constantIndices, takeAxis } from "./indexing.ts";
import { sum } from "./reduction.ts";
import { sliceAxis } from "./slicing.ts";

export { pad, sliceAxis } from "./slicing.ts";

const whole = (x: Aval) => ({ fill: null, accumulate: false, segments: [wholeSegment([sizeOf(x.shape)], [1], [1])] });

const reshapeOp: Op<Shape> = /* @__PURE__ */ movement<Shape>({
  name: "reshape",
  notation: transparent,
  infer: (inputs, shape) => ({ shape, dtype: inputs[0]!.dtype }),
  plan: (inputs) => whole(inputs[0]!),
  transpose: (g, _i, inputs) => reshape(g, inputs[0]!.shape),
  lift: (inputs, _batched, shape, size) => reshape(inputs[0]!, [size, ...shape]),
  shares: true,
  show: formatShape,
});

/**
 * The same entries in another shape; one side may be -1 and is worked out.
 *
 * Throws where the number of entries differs.
 * @example
 * ```ts
 * reshape(arange(6), [2, -1]).shape; // => [2, 3]
 * ```
 */
export const reshape: Callable<(x: TensorLike, shape: Shape) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, shape: Shape) => {
    const input = tensorArgument("reshape", x);
    const wanted = resolveShape(input, shape);
    return sameShape(input.shape, wanted) ? input : apply1(reshapeOp, [input], wanted);
  },
  {
    name: "reshape",
    op: reshapeOp as Op,
    sample: (draw) => {
      const shape = draw.shape(0, 3);
      return [draw.tensor(shape), draw.pick([[sizeOf(shape)], [...shape].reverse(), [1, ...shape], [sizeOf(shape), 1]])];
    },
  },
);

function resolveShape(x: Tensor, shape: unknown): Shape {
  if (!Array.isArray(shape) || shape.filter((side) => side === -1).length !== 1) {
    const wanted = checkShape("reshape", shape);
    if (sizeOf(wanted) !== x.size) throw countError("reshape", x.size, wanted, sizeOf(wanted));
    return wanted;
  }
  const known = checkShape(
    "reshape",
    shape.filter((side) => side !== -1),
  );
  const rest = sizeOf(known) === 0 ? Number.NaN : x.size / sizeOf(known);
  if (!Number.isInteger(rest)) throw reshapeError(x.shape, shape);
  return Object.freeze(shape.map((side: number) => (side === -1 ? rest : side)));
}

const permuteOp: Op<readonly number[]> = /* @__PURE__ */ movement<readonly number[]>({
  name: "permute",
  notation: transposed,
  infer: (inputs, axes) => ({ shape: axes.map((axis) => inputs[0]!.shape[axis]!), dtype: inputs[0]!.dtype }),
  plan: (inputs, axes, out) => {
    const strides = stridesOf(inputs[0]!.shape);
    return {
      fill: null,
      accumulate: false,
      segments: [
        wholeSegment(
          out.shape,
          axes.map((axis) => strides[axis]!),
          stridesOf(out.shape),
        ),
      ],
    };
  },
  transpose: (g, _i, _inputs, axes) =>
    permute(
      g,
      axes.map((_, axis) => axes.indexOf(axis)),
    ),
  lift: (inputs, _batched, axes) => permute(inputs[0]!, [0, ...axes.map((axis) => axis + 1)]),
  show: (axes) => `[${axes.join(", ")}]`,
});

function drawPermutation(draw: Draw): readonly [Tensor, number[]] {
  const shape = draw.shape(0, 4);
  const axes = shape.map((_, axis) => axis);
  for (let i = axes.length - 1; i > 0; i--) {
    const j = draw.integer(0, i);
    [axes[i], axes[j]] = [axes[j]!, axes[i]!];
  }
  return [draw.tensor(shape), axes];
}

/** Axes counted from the front, in an order that may be the one they have. */
function reordered(x: Tensor, order: readonly number[]): Tensor {
  return order.every((axis, i) => axis === i) ? x : apply1(permuteOp, [x], order);
}

function checkPermutation(op: string, axes: unknown, x: Tensor): number[] {
  if (!Array.isArray(axes) || axes.length !== x.rank) {
    throw argumentError(
      op,
      `not an order of the ${counted(x.rank, "axis", "axes")} of ${formatShape(x.shape)}`,
      axes,
      "name every axis once",
    );
  }
  const order = axes.map((axis) => normalizeAxis(op, axis, x.rank));
  normalizeAxes(op, order, x.rank);
  return order;
}

/**
 * The axes in another order: axis i of the output is axis `axes[i]` of the input. Throws unless every axis is named once.
 * @example
 * ```ts
 * permute(zeros([2, 3, 4]), [2, 0, 1]).shape; // => [4, 2, 3]
 * ```
 */
export const permute: Callable<(x: TensorLike, axes: readonly number[]) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, axes: readonly number[]) => {
    const input = tensorArgument("permute", x);
    return reordered(input, checkPermutation("permute", axes, input));
  },
  { name: "permute", op: permuteOp as Op, sample: drawPermutation },
);

/**
 * The axes in reverse order, or in the order given, as `numpy.transpose`; of stacks of matrices see `matrixTranspose`.
 * @example
 * ```ts
 * transpose(tensor([[1, 2], [3, 4]])); // => tensor([[1, 3],
 * //         [2, 4]], float64)
 * ```
 */
export const transpose: Callable<(x: TensorLike, axes?: readonly number[]) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, axes?: readonly number[]) => {
    const input = tensorArgument("transpose", x);
    return reordered(
      input,
      axes === undefined ? input.shape.map((_, axis) => input.rank - 1 - axis) : checkPermutation("transpose", axes, input),
    );
  },
  {
    name: "transpose",
    op: permuteOp as Op,
    sample: (draw) => {
      const [x, axes] = drawPermutation(draw);
      return draw.integer(0, 1) === 0 ? [x] : [x, axes];
    },
  },
);

/**
 * The last two axes exchanged: every matrix of a stack transposed, NumPy's `x.mT`. Throws where there are fewer than two axes.
 * @example
 * ```ts
 * matrixTranspose(zeros([5, 2, 3])).shape; // => [5, 3, 2]
 * ```
 */
export const matrixTranspose: Callable<(x: TensorLike) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike) => {
    const input = tensorArgument("matrixTranspose", x);
    if (input.rank < 2) throw argumentError("matrixTranspose", "not a matrix", input, "give a tensor of rank 2 or more");
    return exchanged(input, input.rank - 2, input.rank - 1);
  },
  { name: "matrixTranspose", op: permuteOp as Op, sample: (draw) => [draw.tensor(draw.shape(2, 4))] },
);

function exchanged(x: Tensor, a: number, b: number): Tensor {
  return reordered(
    x,
    x.shape.map((_, axis) => (axis === a ? b : axis === b ? a : axis)),
  );
}

/**
 * Two axes exchanged, as `numpy.swapaxes`.
 * @example
 * ```ts
 * swapAxes(zeros([2, 3, 4]), 0, -1).shape; // => [4, 3, 2]
 * ```
 */
export const swapAxes: Callable<(x: TensorLike, axis: number, other: number) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, axis: number, other: number) => {
    const input = tensorArgument("swapAxes", x);
    return exchanged(input, normalizeAxis("swapAxes", axis, input.rank), normalizeAxis("swapAxes", other, input.rank));
  },
  {
    name: "swapAxes",
    op: permuteOp as Op,
    sample: (draw) => {
      const shape = draw.shape(1, 4);
      const axis = (): number => draw.integer(-shape.length, shape.length - 1);
      return [draw.tensor(shape), axis(), axis()];
    },
  },
);

/**
 * Some axes moved to other places, the rest in the order they had, as `numpy.moveaxis`.
 * @example
 * ```ts
 * moveAxis(zeros([2, 3, 4]), 0, -1).shape; // => [3, 4, 2]
 * ```
 */
export const moveAxis: Callable<(x: TensorLike, from: number | readonly number[], to: number | readonly number[]) => Tensor> =
  /* @__PURE__ */ callable(
    (x: TensorLike, from: number | readonly number[], to: number | readonly number[]) => {
      const input = tensorArgument("moveAxis", x);
      const [source, target] = [axisList("moveAxis", from, input.rank), axisList("moveAxis", to, input.rank)];
      if (source.length !== target.length) {
        throw clashError(
          "moveAxis",
          "the lists of axes differ in length",
          `${formatShape(source)} to ${formatShape(target)}`,
          "give one place an axis",
        );
      }
      const rest = input.shape.map((_, axis) => axis).filter((axis) => !source.includes(axis));
      const order = input.shape.map((_, place) => (target.includes(place) ? source[target.indexOf(place)]! : rest.shift()!));
      return reordered(input, order);
    },
    {
      name: "moveAxis",
      op: permuteOp as Op,
      sample: (draw) => {
        const [x, axes] = drawPermutation(draw);
        const count = draw.integer(0, axes.length);
        return [x, axes.slice(0, count), [...axes].reverse().slice(0, count)];
      },
    },
  );

/** Distinct axes counted from the front, in the order given. */
function axisList(op: string, axes: unknown, rank: number): number[] {
  if (typeof axes !== "number" && !Array.isArray(axes)) throw axisError(op, axes, rank);
  const list = (typeof axes === "number" ? [axes] : axes).map((axis) => normalizeAxis(op, axis, rank));
  normalizeAxes(op, list, rank);
  return list;
}

/**
 * Axes of side 1 dropped: all of them, or those named. Throws at a named axis of another side.
 * @example
 * ```ts
 * squeeze(zeros([1, 3, 1])).shape; // => [3]
 * ```
 */
export const squeeze: Callable<(x: TensorLike, axes?: number | readonly number[]) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, axes?: number | readonly number[]) => {
    const input = tensorArgument("squeeze", x);
    const dropped =
      axes === undefined
        ? input.shape.map((_, axis) => axis).filter((axis) => input.shape[axis] === 1)
        : axisList("squeeze", axes, input.rank);
    const wide = dropped.find((axis) => input.shape[axis] !== 1);
    if (wide !== undefined)
      throw clashError("squeeze", "an axis is not of side 1", `axis ${wide} of ${formatShape(input.shape)}`, "name axes of side 1");
    return reshape(
      input,
      input.shape.filter((_, axis) => !dropped.includes(axis)),
    );
  },
  {
    name: "squeeze",
    op: reshapeOp as Op,
    sample: (draw) => {
      const shape = draw.shape(0, 4).map((side) => (draw.integer(0, 1) === 0 ? 1 : side));
      const axes = shape.map((_, axis) => axis).filter((axis) => shape[axis] === 1 && draw.integer(0, 1) === 0);
      return draw.integer(0, 1) === 0 ? [draw.tensor(shape)] : [draw.tensor(shape), axes];
    },
  },
);

/**
 * New axes of side 1, named by their places in the output.
 * @example
 * ```ts
 * expandDims(zeros([2, 3]), [0, -1]).shape; // => [1, 2, 3, 1]
 * ```
 */
export const expandDims: Callable<(x: TensorLike, axes: number | readonly number[]) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, axes: number | readonly number[]) => {
    const input = tensorArgument("expandDims", x);
    const count = Array.isArray(axes) ? axes.length : 1;
    const added = axisList("expandDims", axes, input.rank + count);
    const sides = [...input.shape];
    return reshape(
      input,
      Array.from({ length: input.rank + count }, (_, axis) => (added.includes(axis) ? 1 : sides.shift()!)),
    );
  },
  {
    name: "expandDims",
    op: reshapeOp as Op,
    sample: (draw) => {
      const shape = draw.shape(0, 3);
      return [draw.tensor(shape), draw.pick<number | number[]>([0, -1, shape.length, [0, -1], []])];
    },
  },
);

const broadcastToOp: Op<Shape> = /* @__PURE__ */ movement<Shape>({
  name: "broadcastTo",
  notation: transparent,
  infer: (inputs, shape) => ({ shape, dtype: inputs[0]!.dtype }),
  plan: (inputs, shape) => {
    const from = inputs[0]!.shape;
    const own = stridesOf(from);
    const added = shape.length - from.length;
    const strides = shape.map((_, axis) => (axis < added || from[axis - added] === 1 ? 0 : own[axis - added]!));
    return { fill: null, accumulate: false, segments: [wholeSegment(shape, strides, stridesOf(shape))] };
  },
  transpose: (g, _i, inputs) => sumTo(g, inputs[0]!.shape),
  lift: (inputs, _batched, shape, size) => {
    const x = inputs[0]!;
    const aligned = reshape(x, [size, ...new Array<number>(shape.length + 1 - x.rank).fill(1), ...x.shape.slice(1)]);
    return broadcastTo(aligned, [size, ...shape]);
  },
  show: formatShape,
});

/** Repeats axes of side 1, and adds axes in front, until the shape is `shape`. */
export const broadcastTo: Callable<(x: TensorLike, shape: Shape) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, shape: Shape) => {
    const input = tensorArgument("broadcastTo", x);
    const wanted = checkShape("broadcastTo", shape);
    if (sameShape(input.shape, wanted)) return input;
    if (!sameShape(broadcastShapes("broadcastTo", input.shape, wanted), wanted)) {
      throw clashError(
        "broadcastTo",
        "the shape would have to shrink",
        `${formatShape(input.shape)} to ${formatShape(wanted)}`,
        "give a shape that the input's broadcasts to",
      );
    }
    return apply1(broadcastToOp, [input], wanted);
  },
  {
    name: "broadcastTo",
    op: broadcastToOp as Op,
    sample: (draw) => {
      const shape = draw.shape(0, 3);
      return [draw.tensor(shape.map((side) => (draw.integer(0, 1) === 0 ? 1 : side))), [...draw.shape(0, 1), ...shape]];
    },
  },
);

/** Sums the axes that broadcasting `shape` to the tensor's own had stretched: the transpose of broadcasting. */
export function sumTo(g: Tensor, shape: Shape): Tensor {
  if (sameShape(g.shape, shape)) return g;
  return reshape(sum(g, { axes: stretchedAxes(shape, g.shape) }), shape);
}

interface ConcatParams {
  readonly axis: number;
  /** Where each input begins along the axis. */
  readonly starts: readonly number[];
}

const concatOp: Op<ConcatParams> = /* @__PURE__ */ movement<ConcatParams>({
  name: "concat",
  notation: /* @__PURE__ */ named("concat"),
  infer: (inputs, { axis }) => {
    const [first, ...others] = inputs as [Aval, ...Aval[]];
    let dtype = first.dtype;
    let side = first.shape[axis]!;
    for (const other of others) {
      if (other.shape.length !== first.shape.length || other.shape.some((s, i) => i !== axis && s !== first.shape[i]))
        throw concatError(first.shape, other.shape, axis);
      dtype = promote(dtype, other.dtype);
      side += other.shape[axis]!;
    }
    return { shape: first.shape.map((s, i) => (i === axis ? side : s)), dtype };
  },
  plan: (inputs, { axis, starts }, out) => {
    const to = stridesOf(out.shape);
    const segments = inputs.map((x, i) => wholeSegment(x.shape, stridesOf(x.shape), to, 0, starts[i]! * to[axis]!, i));
    return { fill: null, accumulate: false, segments };
  },
  transpose: (g, i, inputs, { axis, starts }) => sliceAxis(g, axis, starts[i]!, starts[i]! + inputs[i]!.shape[axis]!),
  lift: (inputs, batched, { axis }, size) => {
    const aligned = inputs.map((x, i) => (batched[i] ? x : broadcastTo(x, [size, ...x.shape])));
    return concat(aligned, axis + 1);
  },
  show: ({ axis }) => `axis=${axis}`,
});

function concatParams(inputs: readonly Tensor[], axis: number): ConcatParams {
  const starts: number[] = [];
  let start = 0;
  for (const { shape } of inputs) {
    starts.push(start);
    start += shape[axis] ?? 0;
  }
  return { axis, starts };
}

/**
 * Tensors joined along an existing axis (the first by default).
 * @example
 * ```ts
 * concat([tensor([1, 2]), tensor([3])]); // => tensor([1, 2, 3], float64)
 * ```
 */
export const concat: Callable<(tensors: readonly TensorLike[], axis?: number) => Tensor> = /* @__PURE__ */ callable(
  (tensors: readonly TensorLike[], axis = 0) => {
    if (!Array.isArray(tensors) || tensors.length === 0)
      throw argumentError("concat", "no tensors to join", tensors, "give a list of at least one");
    const inputs = operands("concat", Array.from(tensors));
    if (inputs[0]!.rank === 0) throw axisError("concat", axis, 0);
    return apply1(concatOp, inputs, concatParams(inputs, normalizeAxis("concat", axis, inputs[0]!.rank)));
  },
  {
    name: "concat",
    op: concatOp as Op,
    sample: (draw) => {
      const shape = draw.shape(1, 3);
      const axis = draw.integer(0, shape.length - 1);
      const part = () => draw.tensor(shape.map((side, i) => (i === axis ? draw.integer(0, 3) : side)));
      return [Array.from({ length: draw.integer(1, 3) }, part), axis];
    },
  },
);

/**
 * Tensors of one shape joined along a new axis (the first by default).
 * @example
 * ```ts
 * stack([tensor([1, 2]), tensor([3, 4])], 1); // => tensor([[1, 3],
 * //         [2, 4]], float64)
 * ```
 */
export const stack: Callable<(tensors: readonly TensorLike[], axis?: number) => Tensor> = /* @__PURE__ */ callable(
  (tensors: readonly TensorLike[], axis = 0) => {
    if (!Array.isArray(tensors) || tensors.length === 0)
      throw argumentError("stack", "no tensors to join", tensors, "give a list of at least one");
    const inputs = operands("stack", Array.from(tensors));
    const { shape, rank } = inputs[0]!;
    const other = inputs.find((x) => !sameShape(x.shape, shape));
    if (other !== undefined)
      throw clashError("stack", "shapes differ", `${formatShape(shape)} and ${formatShape(other.shape)}`, "give tensors of one shape");
    const at = normalizeAxis("stack", axis, rank + 1);
    const slot = [...shape.slice(0, at), 1, ...shape.slice(at)];
    const rows = inputs.map((x) => reshape(x, slot));
    return apply1(concatOp, rows, concatParams(rows, at));
  },
  {
    name: "stack",
    op: concatOp as Op,
    sample: (draw) => {
      const shape = draw.shape(0, 2);
      return [Array.from({ length: draw.integer(1, 3) }, () => draw.tensor(shape)), draw.integer(-shape.length - 1, shape.length)];
    },
  },
);

interface SplitParams {
  readonly axis: number;
  /** Where each part ends; the last ends with the axis. */
  readonly stops: readonly number[];
}

const partShapes = (shape: Shape, { axis, stops }: SplitParams): Shape[] =>
  stops.map((stop, i) => shape.map((side, own) => (own === axis ? stop - (stops[i - 1] ?? 0) : side)));

/** The parts of one axis, all from one node: their cotangents are joined once, however many there are. */
const splitOp: Op<SplitParams> = /* @__PURE__ */ programOp<SplitParams>({
  name: "split",
  notation: /* @__PURE__ */ named("split"),
  infer: ([x], params) => partShapes(x!.shape, params).map((shape) => ({ shape, dtype: x!.dtype })),
  lower: ([x], params) => lowerSplit(x!, params),
  moves: ([x], params) => splitSegments(x!, params).map((segment) => ({ fill: null, accumulate: false, segments: [segment] })),
  evaluate: ([x], params, outputs) => {
    const segments = splitSegments(x!, params);
    return outputs.map(({ shape, dtype }, i) => {
      const entries = allocate(dtype, sizeOf(shape));
      runSegment(segments[i]!, x!, entries, dtype, false);
      return entries;
    });
  },
  pullback: (g, _inputs, outputs, { axis }) => [
    concat(
      g.map((part, i) => part ?? zerosOf(outputs[i]!)),
      axis,
    ),
  ],
  pushforward: ([t], _inputs, _outputs, params) => apply(splitOp, [t!], params),
  lift: (inputs, _batched, { axis, stops }) => apply(splitOp, inputs, { axis: axis + 1, stops }),
  show: ({ axis, stops }) => `${formatShape(stops)} axis=${axis}`,
});

/** The tensor as `outer` rows, and for each part where in a row it lies. */
function splitRows(x: Aval, { axis, stops }: SplitParams) {
  const inner = sizeOf(x.shape.slice(axis + 1));
  const rows = stops.map((stop, i) => ({ from: (stops[i - 1] ?? 0) * inner, run: (stop - (stops[i - 1] ?? 0)) * inner }));
  return { outer: sizeOf(x.shape.slice(0, axis)), rows };
}

/** Each part as a copy out of the tensor. */
function splitSegments(x: Aval, params: SplitParams): Segment[] {
  const strides = stridesOf(x.shape);
  return partShapes(x.shape, params).map((shape, i) =>
    wholeSegment(shape, strides, stridesOf(shape), (params.stops[i - 1] ?? 0) * strides[params.axis]!),
  );
}

const splitPrograms = new Map<string, Program>();

function lowerSplit(x: Aval, params: SplitParams): Lowered {
  const { outer, rows } = splitRows(x, params);
  const key = `${typeOf(x.dtype)},${rows.length}`;
  const program = memo(splitPrograms, key, () =>
    buildProgram("split", (b) => {
      const source = b.input("x", typeOf(x.dtype));
      const parts = rows.map((_, i) => ({
        out: b.output(`part${i}`, typeOf(x.dtype)),
        from: b.integer(`from${i}`),
        run: b.integer(`run${i}`),
      }));
      const [count, row] = [b.integer("outer"), b.integer("row")];
      for (const { out, from, run } of parts) {
        b.for(0, count, (i) => {
          const [base, to] = [b.let(b.plus(b.times(i, row), from)), b.let(b.times(i, run))];
          b.for(0, run, (j) => b.store(out, b.plus(to, j), b.load(source, b.plus(base, j))));
        });
      }
    }),
  );
  const row = rows.reduce((total, { run }) => total + run, 0);
  return { program, scalars: [], integers: [...rows.flatMap(({ from, run }) => [from, run]), outer, row] };
}

/**
 * The parts of a tensor along an axis (the first by default), as `numpy.split`.
 *
 * `parts` is a number of equal parts, or the list of positions at which to cut. Throws where the axis does not divide equally.
 * @example
 * ```ts
 * const [left, right] = split(tensor([1, 2, 3, 4]), 2);
 * right; // => tensor([3, 4], float64)
 * split(arange(5), [1, 3]).map((part) => part.size); // => [1, 2, 2]
 * ```
 */
export const split: Callable<(x: TensorLike, parts: number | readonly number[], axis?: number) => Tensor[]> = /* @__PURE__ */ callable(
  (x: TensorLike, parts: number | readonly number[], axis = 0) => {
    const input = tensorArgument("split", x);
    const along = normalizeAxis("split", axis, input.rank);
    return [...apply(splitOp, [input], { axis: along, stops: splitStops(input, parts, along) })];
  },
  {
    name: "split",
    op: splitOp as Op,
    sample: (draw) => {
      const shape = draw.shape(1, 3);
      const axis = draw.integer(0, shape.length - 1);
      const side = shape[axis]!;
      return [draw.tensor(shape), draw.pick<number | number[]>([1, Math.max(1, side), [draw.integer(0, side)], []]), axis];
    },
  },
);

function splitStops(x: Tensor, parts: unknown, axis: number): number[] {
  const side = x.shape[axis]!;
  if (Array.isArray(parts)) {
    const stops = checkIntegers("split", "a position", parts);
    const cuts = stops.map((cut) => Math.min(Math.max(cut < 0 ? cut + side : cut, 0), side));
    if (cuts.some((cut, i) => i > 0 && cut < cuts[i - 1]!)) throw argumentError("split", "the positions do not rise", parts, "sort them");
    return [...cuts, side];
  }
  const count = checkInteger("split", "the number of parts", parts, 1);
  if (side % count !== 0) {
    throw clashError(
      "split",
      "the axis does not divide",
      `axis ${axis} of ${formatShape(x.shape)} into ${counted(count, "part")}`,
      "give a divisor, or the positions to cut at",
    );
  }
  return Array.from({ length: count }, (_, i) => ((i + 1) * side) / count);
}

/**
 * The tensor repeated as a whole, `repetitions` times along each axis, as `numpy.tile`; a shorter list counts from the last axis.
 * @example
 * ```ts
 * tile(tensor([1, 2]), [2, 2]); // => tensor([[1, 2, 1, 2],
 * //         [1, 2, 1, 2]], float64)
 * ```
 */
export const tile: Callable<(x: TensorLike, repetitions: number | readonly number[]) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, repetitions: number | readonly number[]) => {
    const input = tensorArgument("tile", x);
    const given = checkIntegers("tile", "a number of repetitions", Array.isArray(repetitions) ? repetitions : [repetitions], 0);
    const rank = Math.max(given.length, input.rank);
    const counts = [...new Array<number>(rank - given.length).fill(1), ...given];
    const sides = [...new Array<number>(rank - input.rank).fill(1), ...input.shape];
    const column = sides.flatMap((side) => [1, side]);
    const full = sides.flatMap((side, axis) => [counts[axis]!, side]);
    return reshape(
      broadcastTo(reshape(input, column), full),
      sides.map((side, axis) => side * counts[axis]!),
    );
  },
  {
    name: "tile",
    op: broadcastToOp as Op,
    sample: (draw) => [draw.tensor(draw.shape(0, 3)), draw.pick([2, [2], [1, 2], [0], [2, 1, 2], []])],
  },
);

/**
 * Every entry repeated in place, along an axis or (without one) of the flattened tensor, as `numpy.repeat`: `counts` times, or one count an entry.
 * @example
 * ```ts
 * repeat(tensor([1, 2]), 2); // => tensor([1, 1, 2, 2], float64)
 * repeat(tensor([1, 2]), [1, 3]); // => tensor([1, 2, 2, 2], float64)
 * ```
 */
export const repeat: Callable<(x: TensorLike, counts: number | readonly number[], axis?: number) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, counts: number | readonly number[], axis?: number) => {
    const input = tensorArgument("repeat", x);
    if (axis === undefined) return repeatAxis(reshape(input, [input.size]), counts, 0);
    return repeatAxis(input, counts, normalizeAxis("repeat", axis, input.rank));
  },
  {
    name: "repeat",
    sample: (draw) => {
      const shape = draw.shape(1, 3);
      const axis = draw.integer(0, shape.length - 1);
      if (draw.integer(0, 3) === 0) return [draw.tensor(shape), draw.integer(0, 3)];
      const each = Array.from({ length: shape[axis]! }, () => draw.integer(0, 2));
      return [draw.tensor(shape), draw.pick<number | number[]>([2, each]), axis];
    },
  },
);

function repeatAxis(x: Tensor, counts: unknown, axis: number): Tensor {
  const side = x.shape[axis]!;
  const replaced = (size: readonly number[]): number[] => [...x.shape.slice(0, axis), ...size, ...x.shape.slice(axis + 1)];
  if (!Array.isArray(counts)) {
    const count = checkInteger("repeat", "the count", counts, 0);
    return reshape(broadcastTo(reshape(x, replaced([side, 1])), replaced([side, count])), replaced([side * count]));
  }
  if (counts.length !== side) {
    throw clashError(
      "repeat",
      "counts and entries differ in number",
      `${counts.length} for axis ${axis} of ${formatShape(x.shape)}`,
      "give one count an entry",
    );
  }
  const source = checkIntegers("repeat", "a count", counts, 0).flatMap((count, i) => new Array<number>(count).fill(i));
  return takeAxis(
    "repeat",
    x,
    constantIndices(source.length, (k) => source[k]!),
    axis,
  );
}
