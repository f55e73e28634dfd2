/** Indexing by integer tensors and masks: take, scatterAdd, at and its updates, oneHot. Knows where entries go; knows no arithmetic but sums. */
import { arange, tensor } from "../create.ts";
import { checkIndices, indexedAdd, indexedTake } from "../define/indexed.ts";
import { freshLabel } from "../define/contraction.ts";
import { add } from "../define/elementwise.ts";
import { checkInteger, checkOptions } from "../define/options.ts";
import { programOp } from "../define/program.ts";
import { checkDtype, type DType, promote } from "../dtype.ts";
import { argumentError, clashError, dtypeError, formatShape, maskError } from "../errors.ts";
import { buildProgram, type Program } from "../loop/program.ts";
import { named } from "../notation.ts";
import { apply1, callable, type Callable, type Draw, evaluateLowered, type Lowered, type Op, operands, tensorArgument } from "../op.ts";
import { broadcastShapes, normalizeAxis, sameShape, type Shape, sizeOf } from "../shape.ts";
import { isTensor, type NestedArray, type Tensor, type TensorLike, tensorOf } from "../tensor.ts";
import { sub } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { broadcastTo, permute, reshape } from "./movement.ts";
import { equal, less, where } from "./selection.ts";
import { basicSlice, sliceParts, widen } from "./slicing.ts";

/** Integers that point into an axis: an int32 tensor, a number, or nested arrays of numbers. */
export type Indices = Tensor | NestedArray<number>;

/** The axis that the indices point into; without one, the flattened tensor. */
export interface IndexedOptions {
  readonly axis?: number;
}

/** The int32 tensor of some indices. */
function indexTensor(op: string, indices: unknown): Tensor {
  if (isTensor(indices)) {
    if (indices.dtype !== "int32") throw dtypeError(op, indices.dtype, "int32");
    return indices;
  }
  if (typeof indices !== "number" && !Array.isArray(indices)) {
    throw argumentError(op, "not indices", indices, "give an int32 tensor, an integer, or nested arrays of integers");
  }
  const given = tensor(indices as NestedArray<number>);
  const stray = given.values.find((entry: number) => entry !== (entry | 0));
  if (stray !== undefined) throw argumentError(op, "an index is not an integer", stray, "give 32-bit integers");
  return tensor(given, "int32");
}

/** The int32 tensor of `count` indices that are known beforehand. */
export function constantIndices(count: number, index: (i: number) => number): Tensor {
  return tensorOf(
    [count],
    "int32",
    Int32Array.from({ length: count }, (_, i) => index(i)),
  );
}

/** Distinct labels, one an axis, none of them used already. */
function labelsFor(count: number, used = ""): string {
  let labels = "";
  while (labels.length < count) labels += freshLabel(used + labels);
  return labels;
}

/** Labels of taking along one axis: the axes of the indices stand where the axis was. */
function axisLabels(rank: number, axis: number, indicesRank: number) {
  const source = labelsFor(rank);
  const indices = labelsFor(indicesRank, source);
  return { source, indices, out: source.slice(0, axis) + indices + source.slice(axis + 1), index: source[axis]! };
}

/** `x` at some indices along an axis counted from the front; `op` names the caller in errors. */
export function takeAxis(op: string, x: Tensor, indices: Tensor, axis: number): Tensor {
  return apply1(indexedTake, [x, indices], { ...axisLabels(x.rank, axis, indices.rank), caller: op });
}

/** Zeros of a shape with updates added at some indices along an axis: the transpose of `takeAxis`. */
function addAxis(op: string, updates: Tensor, indices: Tensor, axis: number, shape: Shape): Tensor {
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
  const labels = labelsFor(shape.length);
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
function fitted(op: string, updates: Tensor, shape: Shape): Tensor {
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

/** What `at` takes for one axis: an integer or integer tensor, a range in NumPy's notation, `null` for the whole axis, or a mask of bools. */
export type AtIndex = Indices | NestedArray<boolean> | string | null | undefined;

/**
 * The entries that NumPy's brackets name: `x.at(i, j)` is `x[i, j]`.
 *
 * An index is an integer; an int32 tensor or nested arrays of integers; `null` for a whole axis; a string as `slice` takes, such as "1:-1" or
 * "..."; or a mask, a bool tensor, which stands for as many axes as it has. Integer indices of several axes broadcast against one another and
 * pick entry by entry; their axes stand where the indexed axes were, or in front if a range or `null` comes between. A mask is read, so it
 * needs values: it is an error while tracing on shapes. Throws at an index out of range, naming it.
 * @example
 * ```ts
 * const x = tensor([[1, 2, 3], [4, 5, 6]]);
 * x.at([0, 1, 1], [2, 0, 2]); // => tensor([3, 4, 6], float64)
 * x.at(null, [-1, 0]); // => tensor([[3, 1],
 * //         [6, 4]], float64)
 * x.at(less(2, x)); // => tensor([3, 4, 5, 6], float64)
 * ```
 */
export const at: Callable<(x: TensorLike, ...indices: readonly AtIndex[]) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, ...indices: readonly AtIndex[]) => indexed("at", tensorArgument("at", x), indices),
  {
    name: "at",
    op: indexedTake as Op,
    sample: (draw) => {
      const shape = draw.shape(1, 4, 1, 3);
      return [draw.tensor(shape), ...drawAt(draw, shape)];
    },
  },
);

function drawAt(draw: Draw, shape: Shape): AtIndex[] {
  const common = draw.shape(0, 2, 1, 3);
  return shape.map((side): AtIndex => {
    const kind = draw.integer(0, 4);
    if (kind === 0) return null;
    if (kind === 1) return draw.integer(-side, side - 1);
    if (kind === 2) return draw.pick(["::-1", "1:", ":-1"]);
    return draw.integers(common.slice(draw.integer(0, common.length)), -side, side - 1);
  });
}

/** One axis of an index: an entry, what a range cuts, or where an integer tensor points; a mask stands for several axes. */
type Item = number | string | null | Tensor;

function indexed(op: string, x: Tensor, indices: readonly unknown[]): Tensor {
  const items = indices.flatMap((index) => atItems(op, index));
  const spans = (item: Item): number => (isTensor(item) && item.dtype === "bool" ? item.rank : 1);
  const widened = widen<Item>(op, items, x, null, spans);
  if (!widened.some(isTensor))
    return basicSlice(
      op,
      x,
      widened.flatMap((item) => sliceParts(op, item)),
    );
  const full = integerItems(op, x, widened);
  // Ranges first: an axis that an integer tensor points into stays whole.
  const cut = basicSlice(
    op,
    x,
    full.flatMap((item) => sliceParts(op, isTensor(item) ? null : item)),
  );
  const axes = full.map((_, axis) => axis).filter((axis) => isTensor(full[axis]));
  return takeAxes(
    op,
    cut,
    axes,
    axes.map((axis) => full[axis] as Tensor),
  );
}

function atItems(op: string, index: unknown): readonly (Item | "...")[] {
  if (index === null || index === undefined) return [null];
  if (typeof index === "number") return [index];
  if (typeof index === "string") return index.split(",").map((text) => text.trim());
  if (isTensor(index)) return [index.dtype === "bool" ? index : indexTensor(op, index)];
  if (!Array.isArray(index))
    throw argumentError(op, "not an index", index, 'give an integer, an int32 tensor, a mask, null, or a string such as "1:-1"');
  let first: unknown = index;
  while (Array.isArray(first)) first = first[0];
  return [typeof first === "boolean" ? tensor(index as NestedArray<boolean>) : indexTensor(op, index)];
}

/** The items with every number and mask as index tensors: a mask gives the positions of its true entries, one tensor an axis. */
function integerItems(op: string, x: Tensor, items: readonly Item[]): (string | null | Tensor)[] {
  const out: (string | null | Tensor)[] = [];
  for (const item of items) {
    if (typeof item === "number") out.push(indexTensor(op, item));
    else if (isTensor(item) && item.dtype === "bool") out.push(...maskPositions(op, x, item, out.length));
    else out.push(item);
  }
  return out;
}

function maskPositions(op: string, x: Tensor, mask: Tensor, axis: number): Tensor[] {
  const shape = x.shape.slice(axis, axis + mask.rank);
  if (mask.rank === 0 || !sameShape(mask.shape, shape)) {
    const clash = `${formatShape(mask.shape)} for axes ${formatShape(shape)} of ${formatShape(x.shape)}`;
    throw clashError(op, "the mask does not fit", clash, "give a mask of the shape of the axes it stands for");
  }
  if (mask.storage === null) throw maskError(op, mask.shape);
  return positionsOf(mask);
}

/** The positions of the true entries in row-major order, one tensor an axis. */
function positionsOf(mask: Tensor): Tensor[] {
  const flat: number[] = [];
  mask.values.forEach((entry, i) => {
    if (entry !== 0) flat.push(i);
  });
  let span = mask.size;
  return mask.shape.map((side) => {
    span /= side;
    return constantIndices(flat.length, (k) => Math.floor(flat[k]! / span) % side);
  });
}

/** Entry by entry along several axes, counted from the front and rising. */
function takeAxes(op: string, x: Tensor, axes: readonly number[], indices: readonly Tensor[]): Tensor {
  const together = axes.every((axis, i) => i === 0 || axis === axes[i - 1]! + 1);
  if (!together) {
    const rest = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
    return takeAxes(
      op,
      permute(x, [...axes, ...rest]),
      axes.map((_, i) => i),
      indices,
    );
  }
  if (axes.length === 1) return takeAxis(op, x, indices[0]!, axes[0]!);
  const first = axes[0]!;
  const sides = axes.map((axis) => x.shape[axis]!);
  let shape: Shape = [];
  for (const index of indices) shape = broadcastShapes(op, shape, index.shape);
  const flat = apply1(
    ravelIndices,
    indices.map((index) => broadcastTo(index, shape)),
    { sides, caller: op },
  );
  const merged = reshape(x, [...x.shape.slice(0, first), sizeOf(sides), ...x.shape.slice(first + axes.length)]);
  return takeAxis(op, merged, flat, first);
}

interface RavelParams {
  readonly sides: readonly number[];
  readonly caller: string;
}

/** The row-major position of index tuples in axes of the given sides; one past the end where an index is out of range and values are unknown. */
const ravelIndices: Op<RavelParams> = /* @__PURE__ */ programOp<RavelParams>({
  name: "ravelIndices",
  notation: named("ravel"),
  infer: (inputs) => [{ shape: inputs[0]!.shape, dtype: "int32" }],
  lower: (inputs, { sides }) => lowerRavel(sizeOf(inputs[0]!.shape), sides),
  evaluate: (inputs, { sides, caller }, outputs) => {
    inputs.forEach((index, axis) => checkIndices(caller, index, axis, sides));
    return evaluateLowered(lowerRavel(sizeOf(outputs[0]!.shape), sides), inputs, outputs);
  },
  lift: (inputs, batched, params, size) => [
    apply1(
      ravelIndices,
      inputs.map((x, i) => (batched[i] ? x : broadcastTo(x, [size, ...x.shape]))),
      params,
    ),
  ],
  show: ({ sides }) => formatShape(sides),
});

const ravelPrograms = new Map<number, Program>();

function lowerRavel(size: number, sides: readonly number[]): Lowered {
  let program = ravelPrograms.get(sides.length);
  if (program === undefined) {
    program = buildProgram("ravelIndices", (b) => {
      const s = b.arithmetic;
      const indices = sides.map((_, axis) => b.input(`x${axis}`, "int"));
      const out = b.output("out", "int");
      const [n, total] = [b.integer("n"), b.integer("total")];
      const own = sides.map((_, axis) => b.integer(`side${axis}`));
      b.for(0, n, (i) => {
        const flat = b.let(s.integer(0));
        const inside = b.let(s.equal(s.integer(0), s.integer(0)));
        own.forEach((side, axis) => {
          const given = b.let(b.load(indices[axis]!, i));
          const position = b.let(s.select(s.less(given, s.integer(0)), b.plus(given, side), given));
          b.set(inside, s.and(inside, s.and(s.lessEqual(s.integer(0), position), s.less(position, side))));
          b.set(flat, b.plus(b.times(flat, side), position));
        });
        b.store(out, i, s.select(inside, flat, total));
      });
    });
    ravelPrograms.set(sides.length, program);
  }
  return { program, scalars: [], integers: [size, sizeOf(sides), ...sides] };
}

/** The flat positions in a tensor of some shape that an index names, in the shape of what it picks. */
function positions(op: string, shape: Shape, indices: AtIndex | readonly AtIndex[]): Tensor {
  const all = tensorOf(
    shape,
    "int32",
    Int32Array.from({ length: sizeOf(shape) }, (_, i) => i),
  );
  return indexed(op, all, Array.isArray(indices) ? indices : [indices]);
}

const sampleUpdate = (draw: Draw): readonly unknown[] => {
  const shape = draw.shape(1, 3, 1, 3);
  const indices = drawAt(draw, shape);
  const picked = indexed("at", draw.tensor(shape), indices).shape;
  return [draw.tensor(shape), indices, draw.tensor(draw.pick([picked, picked.slice(1), []]))];
};

/**
 * The tensor with the entries that `at(x, ...indices)` names replaced by values: `x.at[indices].set(values)` in JAX.
 *
 * The indices are a list, one an axis; the values broadcast to the entries. Of several values for one entry the last in row-major order
 * stays, and only that one has a gradient.
 * @example
 * ```ts
 * setAt(zeros([2, 3]), [0, "1:"], tensor([7, 8])); // => tensor([[0, 7, 8],
 * //         [0, 0, 0]], float64)
 * ```
 */
export const setAt: Callable<(x: TensorLike, indices: AtIndex | readonly AtIndex[], values: TensorLike) => Tensor> =
  /* @__PURE__ */ callable(
    (x: TensorLike, indices: AtIndex | readonly AtIndex[], values: TensorLike) => {
      const [input, given] = operands("setAt", [x, values]) as [Tensor, Tensor];
      const named = positions("setAt", input.shape, indices);
      const entries = reshape(fitted("setAt", given, named.shape), [named.size]);
      if (named.size === 0) return cast(input, promote(input.dtype, given.dtype));
      const writer = apply1(lastWriters, [reshape(named, [named.size])], input.size);
      const written = less(0, writer);
      const taken = takeAxis("setAt", entries, where(written, sub(writer, 1), 0), 0);
      return reshape(where(written, taken, reshape(input, [input.size])), input.shape);
    },
    { name: "setAt", sample: sampleUpdate },
  );

/**
 * The tensor with values added to the entries that `at(x, ...indices)` names; entries named twice get both: `x.at[indices].add(values)` in JAX.
 *
 * The indices are a list, one an axis; the values broadcast to the entries.
 * @example
 * ```ts
 * addAt(zeros([2, 2]), [[0, 0, 1], [1, 1, 0]], tensor([1, 2, 3])); // => tensor([[0, 3],
 * //         [3, 0]], float64)
 * ```
 */
export const addAt: Callable<(x: TensorLike, indices: AtIndex | readonly AtIndex[], values: TensorLike) => Tensor> =
  /* @__PURE__ */ callable(
    (x: TensorLike, indices: AtIndex | readonly AtIndex[], values: TensorLike) => {
      const [input, given] = operands("addAt", [x, values]) as [Tensor, Tensor];
      const named = positions("addAt", input.shape, indices);
      const entries = fitted("addAt", given, named.shape);
      const flat = addAxis("addAt", entries, named, 0, [input.size]);
      return add(input, reshape(flat, input.shape));
    },
    { name: "addAt", sample: sampleUpdate },
  );

/** For each of `size` positions, one more than the last place along the last axis that points there; 0 where none does. */
const lastWriters: Op<number> = /* @__PURE__ */ programOp<number>({
  name: "lastWriters",
  notation: named("lastWriters"),
  infer: (inputs, size) => [{ shape: [...inputs[0]!.shape.slice(0, -1), size], dtype: "int32" }],
  lower: (inputs, size) => {
    const { shape } = inputs[0]!;
    return { program: lastWritersProgram(), scalars: [], integers: [sizeOf(shape.slice(0, -1)), shape[shape.length - 1]!, size] };
  },
  lift: (inputs, _batched, size) => [apply1(lastWriters, inputs, size)],
  show: String,
});

let lastWritersMade: Program | undefined;

function lastWritersProgram(): Program {
  lastWritersMade ??= buildProgram("lastWriters", (b) => {
    const s = b.arithmetic;
    const indices = b.input("indices", "int");
    const out = b.output("out", "int");
    const [batch, count, size] = [b.integer("batch"), b.integer("count"), b.integer("size")];
    b.for(0, b.times(batch, size), (i) => b.store(out, i, s.integer(0)));
    b.for(0, batch, (row) => {
      const [from, to] = [b.let(b.times(row, count)), b.let(b.times(row, size))];
      b.for(0, count, (k) => {
        const position = b.let(b.load(indices, b.plus(from, k)));
        b.if(s.and(s.lessEqual(s.integer(0), position), s.less(position, size)), () => b.store(out, b.plus(to, position), b.plus(k, 1)));
      });
    });
  });
  return lastWritersMade;
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
