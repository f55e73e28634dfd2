/** Ops that move entries: reshape, permute, broadcast, slice, pad, concat and what is made of them. Knows no values. */
import { movement, wholeSegment } from "../define/movement.ts";
import { argumentError, axisError, clashError, concatError, countError, formatShape, reshapeError } from "../errors.ts";
import { promote } from "../dtype.ts";
import { named, subscript, transparent, transpose } from "../notation.ts";
import { type Aval, apply1, callable, type Callable, type Op, operands, tensorArgument } from "../op.ts";
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
  notation: transpose,
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

/**
 * The axes in another order: axis i of the output is axis `axes[i]` of the input; all reversed by default.
 * @example
 * ```ts
 * permute(zeros([2, 3, 4]), [2, 0, 1]).shape; // => [4, 2, 3]
 * ```
 */
export const permute: Callable<(x: TensorLike, axes?: readonly number[]) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, axes?: readonly number[]) => {
    const input = tensorArgument("permute", x);
    const order = axes === undefined ? input.shape.map((_, axis) => input.rank - 1 - axis) : checkPermutation(axes, input);
    return order.every((axis, i) => axis === i) ? input : apply1(permuteOp, [input], order);
  },
  {
    name: "permute",
    op: permuteOp as Op,
    sample: (draw) => {
      const shape = draw.shape(0, 4);
      const axes = shape.map((_, axis) => axis);
      for (let i = axes.length - 1; i > 0; i--) {
        const j = draw.integer(0, i);
        [axes[i], axes[j]] = [axes[j]!, axes[i]!];
      }
      return [draw.tensor(shape), axes];
    },
  },
);

function checkPermutation(axes: unknown, x: Tensor): number[] {
  if (!Array.isArray(axes) || axes.length !== x.rank) {
    throw argumentError("permute", `not a permutation of the ${x.rank} axes of ${formatShape(x.shape)}`, axes, "name every axis once");
  }
  const order = axes.map((axis) => normalizeAxis("permute", axis, x.rank));
  normalizeAxes("permute", order, x.rank);
  return order;
}

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

const concatOp: Op<number> = /* @__PURE__ */ movement<number>({
  name: "concat",
  notation: named("concat"),
  infer: (inputs, axis) => {
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
  plan: (inputs, axis, out) => {
    const to = stridesOf(out.shape);
    let at = 0;
    const segments = inputs.map((x, input) => {
      const segment = wholeSegment(x.shape, stridesOf(x.shape), to, 0, at * to[axis]!, input);
      at += x.shape[axis]!;
      return segment;
    });
    return { fill: null, accumulate: false, segments };
  },
  transpose: (g, i, inputs, axis) => {
    const start = inputs.slice(0, i).reduce((total, x) => total + x.shape[axis]!, 0);
    return sliceAxis(g, axis, start, start + inputs[i]!.shape[axis]!);
  },
  lift: (inputs, batched, axis, size) => {
    const aligned = inputs.map((x, i) => (batched[i] ? x : broadcastTo(x, [size, ...x.shape])));
    return concat(aligned, axis + 1);
  },
  show: (axis) => `axis=${axis}`,
});

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
    const inputs = operands("concat", tensors);
    if (inputs[0]!.rank === 0) throw axisError("concat", axis, 0);
    return apply1(concatOp, inputs, normalizeAxis("concat", axis, inputs[0]!.rank));
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
