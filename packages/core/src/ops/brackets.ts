/** NumPy's brackets: at, and setAt and addAt where they name what changes. Knows how indices of several axes meet; moving entries is indexing's. */
import { tensor } from "../create.ts";
import { add, typeOf } from "../define/elementwise.ts";
import { checkIndices, indexedAdd, indexedTake } from "../define/indexed.ts";
import { zerosOf } from "../define/movement.ts";
import { programOp } from "../define/program.ts";
import { promote } from "../dtype.ts";
import { argumentError, clashError, formatShape, maskError } from "../errors.ts";
import type { Expression, ScalarType } from "../expression.ts";
import { type Buffer, buildProgram, memo, type Program, type ProgramBuilder } from "../loop/program.ts";
import { named } from "../notation.ts";
import { apply1, callable, type Callable, type Draw, evaluateLowered, type Lowered, type Op, operands, tensorArgument } from "../op.ts";
import { broadcastShapes, sameShape, type Shape, sizeOf } from "../shape.ts";
import { isTensor, type NestedArray, type Tensor, type TensorLike } from "../tensor.ts";
import { addAxis, constantIndices, fitted, type Indices, indexTensor, takeAlong, takeAxis } from "./indexing.ts";
import { broadcastTo, permute, reshape } from "./movement.ts";
import { equal, less, where } from "./selection.ts";
import { basicSlice, sliceParts, widen } from "./slicing.ts";

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
  if (typeof index === "string") return index.split(",").map((text) => itemOfText(text.trim()));
  if (isTensor(index)) return [index.dtype === "bool" ? index : indexTensor(op, index)];
  if (!Array.isArray(index))
    throw argumentError(op, "not an index", index, 'give an integer, an int32 tensor, a mask, null, or a string such as "1:-1"');
  const given = tensor(index as NestedArray<number> | NestedArray<boolean>);
  return [given.dtype === "bool" ? given : indexTensor(op, index)];
}

/** An integer in a string is an integer like any other: beside integer tensors it broadcasts with them. */
const itemOfText = (text: string): Item | "..." => (/^[+-]?\d+$/.test(text) ? Number(text) : text);

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
  notation: /* @__PURE__ */ named("ravel"),
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
  const program = memo(ravelPrograms, sides.length, () =>
    buildProgram("ravelIndices", (b) => {
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
    }),
  );
  return { program, scalars: [], integers: [size, sizeOf(sides), ...sides] };
}

/** The flat positions in a tensor of some shape that an index names, in the shape of what it picks. */
function positions(op: string, shape: Shape, indices: AtIndex | readonly AtIndex[]): Tensor {
  const all = reshape(
    constantIndices(sizeOf(shape), (i) => i),
    shape,
  );
  return indexed(op, all, Array.isArray(indices) ? indices : [indices]);
}

/** Rows [..., n] with the values [..., k] written at the positions [..., k], in order. */
const setOp: Op<undefined> = /* @__PURE__ */ programOp<undefined>({
  name: "set",
  notation: /* @__PURE__ */ named("set"),
  infer: ([x, , values]) => [{ shape: x!.shape, dtype: promote(x!.dtype, values!.dtype) }],
  lower: ([x, positions, values]) => {
    const types = [typeOf(x!.dtype), typeOf(values!.dtype), typeOf(promote(x!.dtype, values!.dtype))] as const;
    const key = types.join();
    const program = memo(setPrograms, key, () => setProgram(...types));
    return {
      program,
      scalars: [],
      integers: [sizeOf(x!.shape.slice(0, -1)), x!.shape[x!.shape.length - 1]!, positions!.shape[positions!.shape.length - 1]!],
    };
  },
  pullback: ([g], [x, positions]) => {
    const [n, k] = [x!.shape[x!.rank - 1]!, positions!.shape[positions!.rank - 1]!];
    const writers = apply1(lastWriters, [positions!], n);
    const stays = equal(
      takeAlong("set", writers, positions!, positions!.rank - 1),
      constantIndices(k, (i) => i + 1),
    );
    return [where(less(0, writers), 0, g!), null, where(stays, takeAlong("set", g!, positions!, g!.rank - 1), 0)];
  },
  pushforward: ([tx, , tv], [x, positions, values]) => [apply1(setOp, [tx ?? zerosOf(x!), positions!, tv ?? zerosOf(values!)], undefined)],
  lift: (inputs, batched, _params, size) => [
    apply1(
      setOp,
      inputs.map((x, i) => (batched[i] ? x : broadcastTo(x, [size, ...x.shape]))),
      undefined,
    ),
  ],
});

const setPrograms = new Map<string, Program>();

function setProgram(type: ScalarType, valueType: ScalarType, outType: ScalarType): Program {
  return buildProgram("set", (b) => {
    const s = b.arithmetic;
    const [x, positions, values, out] = [
      b.input("x", type),
      b.input("positions", "int"),
      b.input("values", valueType),
      b.output("out", outType),
    ];
    const [batch, n, count] = [b.integer("batch"), b.integer("n"), b.integer("count")];
    b.for(0, b.times(batch, n), (i) => b.store(out, i, s.convert(b.load(x, i), outType)));
    atPositions(b, positions, batch, n, count, (to, from) => b.store(out, to, s.convert(b.load(values, from), outType)));
  });
}

/** Visits the positions of every row in order: where each points among rows of `n`, and where and which it is; those out of range are passed by. */
function atPositions(
  b: ProgramBuilder,
  positions: Buffer,
  batch: Expression,
  n: Expression,
  count: Expression,
  visit: (to: Expression, from: Expression, k: Expression) => void,
): void {
  const s = b.arithmetic;
  b.for(0, batch, (row) =>
    b.for(0, count, (k) => {
      const from = b.let(b.plus(b.times(row, count), k));
      const position = b.let(b.load(positions, from));
      b.if(s.and(s.lessEqual(s.integer(0), position), s.less(position, n)), () => visit(b.plus(b.times(row, n), position), from, k));
    }),
  );
}

/** For each of `size` positions, one more than the last place along the last axis that points there; 0 where none does. */
const lastWriters: Op<number> = /* @__PURE__ */ programOp<number>({
  name: "lastWriters",
  notation: /* @__PURE__ */ named("lastWriters"),
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
    const [positions, out] = [b.input("positions", "int"), b.output("out", "int")];
    const [batch, count, n] = [b.integer("batch"), b.integer("count"), b.integer("n")];
    b.for(0, b.times(batch, n), (i) => b.store(out, i, b.arithmetic.integer(0)));
    atPositions(b, positions, batch, n, count, (to, _from, k) => b.store(out, to, b.plus(k, 1)));
  });
  return lastWritersMade;
}

/** Half of the draws name more rows than there are, so that some row is named twice. */
const sampleUpdate = (draw: Draw): readonly unknown[] => {
  const shape = draw.shape(1, 3, 1, 3);
  const rows = shape[0]!;
  const indices = draw.integer(0, 1) === 0 ? [draw.integers([rows + 1], 0, rows - 1)] : drawAt(draw, shape);
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
      const flat = apply1(setOp, [reshape(input, [input.size]), reshape(named, [named.size]), entries], undefined);
      return reshape(flat, input.shape);
    },
    { name: "setAt", op: setOp as Op, sample: sampleUpdate },
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
    { name: "addAt", op: indexedAdd as Op, sample: sampleUpdate },
  );
