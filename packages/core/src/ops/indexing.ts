/** Indexing by integer tensors along one axis: take, takeAlongAxis, scatterAdd, oneHot. Knows which index goes where; knows no arithmetic but sums. */
import { arange, tensor } from "../create.ts";
import { freshLabel, freshLabels } from "../define/contraction.ts";
import { add } from "../define/elementwise.ts";
import { indexedAdd, indexedTake } from "../define/indexed.ts";
import { checkInteger, checkOptions } from "../define/options.ts";
import { checkDtype, type DType } from "../dtype.ts";
import { argumentError, clashError, dtypeError, formatShape } from "../errors.ts";
import { apply1, callable, type Callable, type Draw, type Op, operands, tensorArgument } from "../op.ts";
import { broadcastShapes, normalizeAxis, sameShape, type Shape, sizeOf } from "../shape.ts";
import { isTensor, type NestedArray, type Tensor, type TensorLike, tensorOf } from "../tensor.ts";
import { cast } from "./cast.ts";
import { broadcastTo, reshape } from "./movement.ts";
import { equal } from "./selection.ts";

/** Integers that point into an axis: an int32 tensor, a number, or nested arrays of numbers. */
export type Indices = Tensor | NestedArray<number>;

/** The axis that the indices point into; without one, the flattened tensor. */
export interface IndexedOptions {
  readonly axis?: number;
}

/** The int32 tensor of some indices. */
export function indexTensor(op: string, indices: unknown): Tensor {
  if (isTensor(indices)) {
    if (indices.dtype !== "int32") throw dtypeError(op, indices.dtype, "int32");
    return indices;
  }
  if (typeof indices !== "number" && !Array.isArray(indices)) {
    throw argumentError(op, "not indices", indices, "give an int32 tensor, an integer, or nested arrays of integers");
  }
  const given = tensor(indices as NestedArray<number>);
  if (given.dtype === "bool") throw argumentError(op, "booleans are no indices", indices, "give integers, or a mask to at");
  const stray = given.values.find((entry: number) => entry !== (entry | 0));
  if (stray !== undefined) throw argumentError(op, "an index is not an integer", stray, "give 32-bit integers");
  return tensor(given, "int32");
}

/** The int32 tensor of `count` indices that are known beforehand. */
export function constantIndices(count: number, index: (i: number) => number): Tensor {
  const entries = new Int32Array(count);
  for (let i = 0; i < count; i++) entries[i] = index(i);
  return tensorOf([count], "int32", entries);
}

/** Labels of taking along one axis: the axes of the indices stand where the axis was. */
function axisLabels(rank: number, axis: number, indicesRank: number) {
  const source = freshLabels(rank);
  const indices = freshLabels(indicesRank, source);
  return { source, indices, out: source.slice(0, axis) + indices + source.slice(axis + 1), index: source[axis]! };
}

/** `x` at some indices along an axis counted from the front; `op` names the caller in errors. */
export function takeAxis(op: string, x: Tensor, indices: Tensor, axis: number): Tensor {
  return apply1(indexedTake, [x, indices], { ...axisLabels(x.rank, axis, indices.rank), caller: op });
}

/** Zeros of a shape with updates added at some indices along an axis: the transpose of `takeAxis`. */
export function addAxis(op: string, updates: Tensor, indices: Tensor, axis: number, shape: Shape): Tensor {
  const { source, out, ...rest } = axisLabels(shape.length, axis, indices.rank);
  return apply1(indexedAdd, [updates, indices], { ...rest, source: out, out: source, size: shape[axis]!, caller: op });
}

/** The tensor and the axis counted from the front; flattened where no axis is given. */
function alongAxis(op: string, x: Tensor, options: IndexedOptions): { readonly input: Tensor; readonly axis: number } {
  checkOptions(op, options, ["axis"]);
  if (options.axis === undefined) return { input: reshape(x, [x.size]), axis: 0 };
  return { input: x, axis: normalizeAxis(op, options.axis, x.rank) };
}

/**
 * The entries at integer positions along an axis, or of the flattened tensor without one: `numpy.take`, TensorFlow's gather.
 *
 * The axes of the indices stand where the axis was: of shape [2, 5, 3], `take(x, indices, { axis: 1 })` with indices of shape [4, 6] has
 * shape [2, 4, 6, 3]. Negative indices count from the back. Throws at an index out of range, naming it.
 * @example
 * ```ts
 * take(tensor([[1, 2], [3, 4], [5, 6]]), [2, 0], { axis: 0 }); // => tensor([[5, 6],
 * //         [1, 2]], float64)
 * ```
 */
export const take: Callable<(x: TensorLike, indices: Indices, options?: IndexedOptions) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, indices: Indices, options: IndexedOptions = {}) => {
    const { input, axis } = alongAxis("take", tensorArgument("take", x), options);
    return takeAxis("take", input, indexTensor("take", indices), axis);
  },
  {
    name: "take",
    op: indexedTake as Op,
    sample: (draw) => {
      const shape = draw.shape(1, 3);
      if (draw.integer(0, 3) === 0) return [draw.tensor(shape), drawIndices(draw, draw.shape(0, 2), sizeOf(shape))];
      const axis = draw.integer(0, shape.length - 1);
      return [draw.tensor(shape), drawIndices(draw, draw.shape(0, 2), shape[axis]!), { axis: draw.pick([axis, axis - shape.length]) }];
    },
  },
);

/** Indices into an axis of some side; none at all where the axis is empty. */
function drawIndices(draw: Draw, shape: Shape, side: number): Tensor {
  return side === 0 ? draw.integers([0], 0, 0) : draw.integers(shape, -side, side - 1);
}

/**
 * The entries at positions that differ from place to place along an axis: `out[i, j] = x[indices[i, j], j]` for axis 0, as
 * `numpy.take_along_axis` and PyTorch's gather.
 *
 * The indices have the rank of the tensor; the other axes broadcast. The axis is the last by default.
 * @example
 * ```ts
 * const x = tensor([[30, 10, 20], [5, 6, 4]]);
 * takeAlongAxis(x, argsort(x)); // => tensor([[10, 20, 30],
 * //         [ 4,  5,  6]], float64)
 * ```
 */
export const takeAlongAxis: Callable<(x: TensorLike, indices: Indices, options?: IndexedOptions) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, indices: Indices, options: IndexedOptions = {}) => {
    const input = tensorArgument("takeAlongAxis", x);
    const at = indexTensor("takeAlongAxis", indices);
    checkOptions("takeAlongAxis", options, ["axis"]);
    const axis = normalizeAxis("takeAlongAxis", options.axis ?? -1, input.rank);
    if (at.rank !== input.rank) {
      throw clashError(
        "takeAlongAxis",
        "ranks differ",
        `${formatShape(input.shape)} and indices ${formatShape(at.shape)}`,
        "give indices of the tensor's rank",
      );
    }
    return takeAlong("takeAlongAxis", input, at, axis);
  },
  {
    name: "takeAlongAxis",
    op: indexedTake as Op,
    sample: (draw) => {
      const shape = draw.shape(1, 3, 1);
      const axis = draw.integer(0, shape.length - 1);
      const count = draw.integer(0, 3);
      const own = shape.map((side, i) => (i === axis ? count : draw.integer(0, 3) === 0 ? 1 : side));
      return [draw.tensor(shape), draw.integers(own, -shape[axis]!, shape[axis]! - 1), { axis }];
    },
  },
);

/** As the public function, of checked arguments. */
export function takeAlong(op: string, x: Tensor, indices: Tensor, axis: number): Tensor {
  const { sourceShape, indicesShape, ...labels } = alongLabels(op, x.shape, indices.shape, axis);
  return apply1(indexedTake, [reshape(x, sourceShape), reshape(indices, indicesShape)], { ...labels, caller: op });
}

/** Zeros with each entry of `updates` added at the position its own index gives along an axis of side `size`: the transpose of `takeAlong`. */
export function addAlong(op: string, updates: Tensor, indices: Tensor, axis: number, size: number): Tensor {
  const shape = updates.shape.map((side, i) => (i === axis ? size : side));
  const { source, out, indices: labels, index } = alongLabels(op, shape, indices.shape, axis);
  return apply1(indexedAdd, [updates, indices], { source: out, indices: labels, out: source, index, size, caller: op });
}

/** Labels of taking along an axis place by place; an axis of side 1 that the other side stretches loses its label there. */
function alongLabels(op: string, shape: Shape, indices: Shape, axis: number) {
  const others = (sides: Shape): number[] => sides.filter((_, i) => i !== axis);
  broadcastShapes(op, others(shape), others(indices));
  const labels = freshLabels(shape.length);
  const index = freshLabel(labels);
  const drop = (own: Shape, other: Shape): number[] =>
    own.map((_, i) => i).filter((i) => i === axis || own[i] === other[i] || own[i] !== 1);
  const inSource = drop(shape, indices);
  const inIndices = drop(indices, shape);
  return {
    source: inSource.map((i) => (i === axis ? index : labels[i]!)).join(""),
    sourceShape: inSource.map((i) => shape[i]!),
    indices: inIndices.map((i) => labels[i]!).join(""),
    indicesShape: inIndices.map((i) => indices[i]!),
    out: labels,
    index,
  };
}

/**
 * The tensor with updates added at integer positions along an axis, or of the flattened tensor without one; positions named twice get both.
 *
 * The updates broadcast to the shape of `take(x, indices, options)`, whose transpose this is: `x.at[indices].add(updates)` in JAX, index_add
 * in PyTorch. Throws at an index out of range, naming it.
 * @example
 * ```ts
 * scatterAdd(zeros([3]), [0, 2, 2], tensor([1, 2, 3])); // => tensor([1, 0, 5], float64)
 * ```
 */
export const scatterAdd: Callable<(x: TensorLike, indices: Indices, updates: TensorLike, options?: IndexedOptions) => Tensor> =
  /* @__PURE__ */ callable(
    (x: TensorLike, indices: Indices, updates: TensorLike, options: IndexedOptions = {}) => {
      const [given, values] = operands("scatterAdd", [x, updates]) as [Tensor, Tensor];
      const { input, axis } = alongAxis("scatterAdd", given, options);
      const at = indexTensor("scatterAdd", indices);
      const shape = [...input.shape.slice(0, axis), ...at.shape, ...input.shape.slice(axis + 1)];
      const sum = add(input, addAxis("scatterAdd", fitted("scatterAdd", values, shape), at, axis, input.shape));
      return reshape(sum, given.shape);
    },
    {
      name: "scatterAdd",
      op: indexedAdd as Op,
      sample: (draw) => {
        const shape = draw.shape(1, 3);
        const axis = draw.integer(0, shape.length - 1);
        const indices = drawIndices(draw, draw.shape(0, 2), shape[axis]!);
        const updates = [...shape.slice(0, axis), ...indices.shape, ...shape.slice(axis + 1)];
        return [draw.tensor(shape), indices, draw.tensor(draw.pick([updates, updates.slice(1), []])), { axis }];
      },
    },
  );

/** Updates broadcast to the shape of the entries they go to. */
export function fitted(op: string, updates: Tensor, shape: Shape): Tensor {
  if (updates.rank > shape.length || !sameShape(broadcastShapes(op, updates.shape, shape), shape)) {
    throw clashError(
      op,
      "the updates do not fit",
      `${formatShape(updates.shape)} for entries of shape ${formatShape(shape)}`,
      "give updates that broadcast to it",
    );
  }
  return broadcastTo(updates, shape);
}

export interface OneHotOptions {
  /** float64 by default. */
  readonly dtype?: DType;
}

/**
 * Rows of zeros with a one at each index, along a new last axis of side `classes`; a row of zeros where the index is not a class.
 * @example
 * ```ts
 * oneHot([2, 0], 3); // => tensor([[0, 0, 1],
 * //         [1, 0, 0]], float64)
 * ```
 */
export const oneHot: Callable<(indices: Indices, classes: number, options?: OneHotOptions) => Tensor> = /* @__PURE__ */ callable(
  (indices: Indices, classes: number, options: OneHotOptions = {}) => {
    checkOptions("oneHot", options, ["dtype"]);
    const at = indexTensor("oneHot", indices);
    const count = checkInteger("oneHot", "the number of classes", classes, 0);
    const dtype = checkDtype("oneHot", options.dtype ?? "float64");
    const column = reshape(at, [...at.shape, 1]);
    const all = arange(0, count, 1, "int32");
    return cast(equal(column, all), dtype);
  },
  { name: "oneHot", sample: (draw) => [draw.integers(draw.shape(0, 2), -1, 4), draw.integer(0, 4), draw.pick([{}, { dtype: "int32" }])] },
);
