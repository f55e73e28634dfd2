/** Order along an axis: sort, argsort, topK, searchsorted, quantile, median. Knows comparisons; what moves is indexing's. */
import { checkChoice, checkFlag, checkInteger, checkOptions } from "../define/options.ts";
import { typeOf } from "../define/elementwise.ts";
import { programOp } from "../define/program.ts";
import { promote, toFloatDType } from "../dtype.ts";
import { argumentError, clashError, formatShape } from "../errors.ts";
import type { Expression, ScalarType } from "../expression.ts";
import { type Buffer, buildProgram, memo, type Program, type ProgramBuilder } from "../loop/program.ts";
import { named } from "../notation.ts";
import { type Aval, apply, apply1, callable, type Callable, type Draw, type Lowered, type Op, operands, tensorArgument } from "../op.ts";
import { normalizeAxes, normalizeAxis, reducedShape, sizeOf } from "../shape.ts";
import type { Tensor, TensorLike } from "../tensor.ts";
import { tensor, zeros } from "../create.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { addAlong, takeAlong } from "./indexing.ts";
import { broadcastTo, permute, reshape, sliceAxis, stack } from "./movement.ts";
import type { AxesOptions } from "./reduction.ts";
import { isFinite, isNaN, where } from "./selection.ts";

interface SortParams {
  readonly axis: number;
  readonly descending: boolean;
}

/** The entries in order, and where each was. Stable; NaN is last in either direction. */
const sortOp: Op<SortParams> = /* @__PURE__ */ programOp<SortParams>({
  name: "sort",
  notation: /* @__PURE__ */ named("sort"),
  infer: ([x]) => [x!, { shape: x!.shape, dtype: "int32" }],
  lower: ([x], params) => lowerSort(x!, params),
  pullback: ([g], _inputs, [, order], { axis }) => [g === null ? null : addAlong("sort", g!, order!, axis, g!.shape[axis]!)],
  pushforward: ([t], _inputs, [, order], { axis }) => [takeAlong("sort", t!, order!, axis), null],
  lift: (inputs, _batched, { axis, descending }) => apply(sortOp, inputs, { axis: axis + 1, descending }),
  show: ({ axis, descending }) => `axis=${axis}${descending ? " descending" : ""}`,
});

const sortPrograms = new Map<string, Program>();

function lowerSort(x: Aval, { axis, descending }: SortParams): Lowered {
  const type = typeOf(x.dtype);
  const key = `${type},${descending}`;
  const program = memo(sortPrograms, key, () => sortProgram(type, descending));
  return { program, scalars: [], integers: [sizeOf(x.shape.slice(0, axis)), x.shape[axis]!, sizeOf(x.shape.slice(axis + 1))] };
}

/** Runs of this length are sorted by insertion before they are merged. */
const insertionRun = 8;

/** Each lane is gathered with its NaNs at the end, sorted by merging ever longer runs to and fro, and written back. */
function sortProgram(type: ScalarType, descending: boolean): Program {
  return buildProgram("sort", (b) => {
    const s = b.arithmetic;
    const keyType: ScalarType = type === "bool" ? "int" : type;
    const [x, out, order] = [b.input("x", type), b.output("out", type), b.output("order", "int")];
    const [outer, n, inner] = [b.integer("outer"), b.integer("n"), b.integer("inner")];
    const side = (name: string): Lane => ({ keys: b.scratch(`${name}Keys`, keyType, n), places: b.scratch(`${name}Places`, "int", n) });
    const [left, right] = [side("left"), side("right")];
    const before = (u: Expression, v: Expression): Expression => (descending ? s.less(v, u) : s.less(u, v));
    b.for(0, outer, (o) =>
      b.for(0, inner, (i) => {
        const base = b.let(b.plus(b.times(b.times(o, n), inner), i));
        const at = (k: Expression): Expression => b.plus(base, b.times(k, inner));
        const count = gather(b, keyType, x, left, n, at);
        sortRuns(b, left, count, before);
        const flipped = mergeRuns(b, left, right, count, before);
        const write = ({ keys, places }: Lane): void =>
          b.for(0, count, (k) => {
            b.store(out, at(k), b.load(keys, k));
            b.store(order, at(k), b.load(places, k));
          });
        b.if(
          flipped,
          () => write(right),
          () => write(left),
        );
        b.for(count, n, (k) => {
          b.store(out, at(k), b.load(left.keys, k));
          b.store(order, at(k), b.load(left.places, k));
        });
      }),
    );
  });
}

/** Keys beside the places they came from. */
interface Lane {
  readonly keys: Buffer;
  readonly places: Buffer;
}

function put(b: ProgramBuilder, { keys, places }: Lane, at: Expression, key: Expression, place: Expression): void {
  b.store(keys, at, key);
  b.store(places, at, place);
}

/** Copies a lane, NaNs behind the rest; gives how many are not NaN. */
function gather(
  b: ProgramBuilder,
  keyType: ScalarType,
  x: Buffer,
  lane: Lane,
  n: Expression,
  at: (k: Expression) => Expression,
): Expression {
  const s = b.arithmetic;
  const count = b.let(s.integer(0));
  const append = (k: Expression, key: Expression): void => {
    put(b, lane, count, key, k);
    b.set(count, b.plus(count, 1));
  };
  if (keyType !== "float") {
    b.for(0, n, (k) => append(k, s.convert(b.load(x, at(k)), keyType)));
    return count;
  }
  b.for(0, n, (k) => {
    const key = b.let(b.load(x, at(k)));
    b.if(s.not(s.isNaN(key)), () => append(k, key));
  });
  const tail = b.let(count);
  b.if(s.less(count, n), () =>
    b.for(0, n, (k) => {
      const key = b.let(b.load(x, at(k)));
      b.if(s.isNaN(key), () => {
        put(b, lane, tail, key, k);
        b.set(tail, b.plus(tail, 1));
      });
    }),
  );
  return count;
}

type Before = (u: Expression, v: Expression) => Expression;

/** Sorts every run of `insertionRun` entries in place. */
function sortRuns(b: ProgramBuilder, { keys, places }: Lane, count: Expression, before: Before): void {
  const s = b.arithmetic;
  const start = b.let(s.integer(0));
  b.while(s.less(start, count), () => {
    const stop = b.let(s.min(b.plus(start, insertionRun), count));
    b.for(b.plus(start, 1), stop, (k) => {
      const [key, place] = [b.let(b.load(keys, k)), b.let(b.load(places, k))];
      const hole = b.let(k);
      const moving = b.let(s.less(start, hole));
      b.while(moving, () => {
        const previous = b.let(b.load(keys, b.plus(hole, -1)));
        b.if(
          before(key, previous),
          () => {
            put(b, { keys, places }, hole, previous, b.load(places, b.plus(hole, -1)));
            b.set(hole, b.plus(hole, -1));
            b.set(moving, s.less(start, hole));
          },
          () => b.set(moving, s.constant(0)),
        );
      });
      put(b, { keys, places }, hole, key, place);
    });
    b.set(start, stop);
  });
}

/** Merges neighbouring runs from one lane into the other until one run is left; gives whether it lies in `right`. */
function mergeRuns(b: ProgramBuilder, left: Lane, right: Lane, count: Expression, before: Before): Expression {
  const s = b.arithmetic;
  const flipped = b.let(s.convert(s.constant(0), "bool"));
  const width = b.let(s.integer(insertionRun));
  b.while(s.less(width, count), () => {
    b.if(
      flipped,
      () => mergePass(b, right, left, count, width, before),
      () => mergePass(b, left, right, count, width, before),
    );
    b.set(flipped, s.not(flipped));
    b.set(width, b.plus(width, width));
  });
  return flipped;
}

function mergePass(b: ProgramBuilder, from: Lane, to: Lane, count: Expression, width: Expression, before: Before): void {
  const s = b.arithmetic;
  const low = b.let(s.integer(0));
  b.while(s.less(low, count), () => {
    const middle = b.let(s.min(b.plus(low, width), count));
    const high = b.let(s.min(b.plus(middle, width), count));
    const [i, j, k] = [b.let(low), b.let(middle), b.let(low)];
    const copy = (at: Expression): void => {
      put(b, to, k, b.load(from.keys, at), b.load(from.places, at));
      b.set(at, b.plus(at, 1));
      b.set(k, b.plus(k, 1));
    };
    b.while(s.and(s.less(i, middle), s.less(j, high)), () => {
      b.if(
        before(b.load(from.keys, j), b.load(from.keys, i)),
        () => copy(j),
        () => copy(i),
      );
    });
    b.while(s.less(i, middle), () => copy(i));
    b.while(s.less(j, high), () => copy(j));
    b.set(low, high);
  });
}

export interface SortOptions {
  /** The last by default. */
  readonly axis?: number;
  readonly descending?: boolean;
}

function sorted(op: string, x: TensorLike, options: SortOptions): readonly Tensor[] {
  const input = tensorArgument(op, x);
  checkOptions(op, options, ["axis", "descending"]);
  const descending = checkFlag(op, "descending", options.descending ?? false);
  return apply(sortOp, [input], { axis: normalizeAxis(op, options.axis ?? -1, input.rank), descending });
}

const drawSort = (draw: Draw): readonly unknown[] => {
  const shape = draw.shape(1, 3);
  const axis = draw.integer(-shape.length, shape.length - 1);
  return [draw.tensor(shape, undefined, true), { axis, descending: draw.integer(0, 1) === 0 }];
};

/**
 * The entries along an axis (the last by default) in rising order, or falling with `descending`.
 *
 * Stable: equal entries keep their order, so the gradient of a tie goes by position. NaN is last in either direction.
 * @example
 * ```ts
 * sort(tensor([3, 1, 2])); // => tensor([1, 2, 3], float64)
 * ```
 */
export const sort: Callable<(x: TensorLike, options?: SortOptions) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, options: SortOptions = {}) => sorted("sort", x, options)[0]!,
  {
    name: "sort",
    op: sortOp as Op,
    sample: drawSort,
    conventions: [
      { at: "ties, which keep their order", arguments: [[2, 1, 1]], value: [1, 1, 2], gradient: [[1, 1, 1]] },
      { at: "NaN, which is last", arguments: [[Number.NaN, 1]], value: [1, Number.NaN] },
    ],
  },
);

/**
 * The positions, int32, at which the entries of `sort` stand in the tensor; see there for options and order.
 * @example
 * ```ts
 * argsort(tensor([3, 1, 2])); // => tensor([1, 2, 0], int32)
 * ```
 */
export const argsort: Callable<(x: TensorLike, options?: SortOptions) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, options: SortOptions = {}) => sorted("argsort", x, options)[1]!,
  { name: "argsort", op: sortOp as Op, sample: drawSort },
);

export interface TopKOptions {
  /** The last by default. */
  readonly axis?: number;
  /** The largest (the default) or the smallest entries. */
  readonly largest?: boolean;
}

/**
 * The k largest (or smallest) entries along an axis in order, and their positions as int32.
 *
 * Of equal entries the first come first; NaN comes after all others. Throws where the axis is shorter than k.
 * @example
 * ```ts
 * const [values, indices] = topK(tensor([3, 1, 4, 2]), 2);
 * values; // => tensor([4, 3], float64)
 * indices; // => tensor([2, 0], int32)
 * ```
 */
export const topK: Callable<(x: TensorLike, k: number, options?: TopKOptions) => [values: Tensor, indices: Tensor]> =
  /* @__PURE__ */ callable(
    (x: TensorLike, k: number, options: TopKOptions = {}): [Tensor, Tensor] => {
      const input = tensorArgument("topK", x);
      checkOptions("topK", options, ["axis", "largest"]);
      const axis = normalizeAxis("topK", options.axis ?? -1, input.rank);
      const descending = checkFlag("topK", "largest", options.largest ?? true);
      const count = checkInteger("topK", "k", k, 0);
      if (count > input.shape[axis]!)
        throw clashError("topK", "the axis is too short", `${count} of axis ${axis} of ${formatShape(input.shape)}`, "ask for fewer");
      const [values, places] = apply(sortOp, [input], { axis, descending }) as [Tensor, Tensor];
      return [sliceAxis(values, axis, 0, count), sliceAxis(places, axis, 0, count)];
    },
    {
      name: "topK",
      op: sortOp as Op,
      sample: (draw) => {
        const shape = draw.shape(1, 3);
        const axis = draw.integer(0, shape.length - 1);
        return [draw.tensor(shape, undefined, true), draw.integer(0, shape[axis]!), { axis, largest: draw.integer(0, 1) === 0 }];
      },
    },
  );

interface SearchParams {
  readonly right: boolean;
}

/** Sorted rows [..., n] and values [..., m] of the same leading axes. */
const searchOp: Op<SearchParams> = /* @__PURE__ */ programOp<SearchParams>({
  name: "searchsorted",
  notation: /* @__PURE__ */ named("searchsorted"),
  infer: (inputs) => [{ shape: inputs[1]!.shape, dtype: "int32" }],
  lower: ([rows, values], { right }) => {
    const type = typeOf(rows!.dtype);
    const key = `${type},${right}`;
    const program = memo(searchPrograms, key, () => searchProgram(type, right));
    const batch = sizeOf(rows!.shape.slice(0, -1));
    return { program, scalars: [], integers: [batch, rows!.shape[rows!.shape.length - 1]!, values!.shape[values!.shape.length - 1]!] };
  },
  lift: ([rows, values], [rowsBatched, valuesBatched], params, size) => {
    if (rowsBatched) return apply(searchOp, [rows!, valuesBatched ? values! : broadcastTo(values!, [size, ...values!.shape])], params);
    // One set of rows for every example: the batch joins the values of each row.
    const last = values!.rank - 1;
    const forth = [...Array.from({ length: last - 1 }, (_, i) => i + 1), 0, last];
    const moved = permute(values!, forth);
    const merged = reshape(moved, [...moved.shape.slice(0, -2), moved.shape[last - 1]! * moved.shape[last]!]);
    const found = reshape(apply1(searchOp, [rows!, merged], params), moved.shape);
    return [
      permute(
        found,
        forth.map((_, axis) => forth.indexOf(axis)),
      ),
    ];
  },
  show: ({ right }) => (right ? "right" : "left"),
});

const searchPrograms = new Map<string, Program>();

/** Binary search; NaN sorts after every number. */
function searchProgram(type: ScalarType, right: boolean): Program {
  return buildProgram("searchsorted", (b) => {
    const s = b.arithmetic;
    const keyType: ScalarType = type === "bool" ? "int" : type;
    const [rows, values, out] = [b.input("rows", type), b.input("values", type), b.output("out", "int")];
    const [batch, n, m] = [b.integer("batch"), b.integer("n"), b.integer("m")];
    const precedes = (u: Expression, v: Expression): Expression =>
      keyType === "float" ? s.or(s.less(u, v), s.and(s.not(s.isNaN(u)), s.isNaN(v))) : s.less(u, v);
    b.for(0, batch, (row) =>
      b.for(0, m, (k) => {
        const value = b.let(s.convert(b.load(values, b.plus(b.times(row, m), k)), keyType));
        const base = b.let(b.times(row, n));
        const [low, high] = [b.let(s.integer(0)), b.let(n)];
        b.while(s.less(low, high), () => {
          const middle = b.let(s.shiftRight(b.plus(low, high), s.integer(1)));
          const entry = b.let(s.convert(b.load(rows, b.plus(base, middle)), keyType));
          b.if(
            right ? s.not(precedes(value, entry)) : precedes(entry, value),
            () => b.set(low, b.plus(middle, 1)),
            () => b.set(high, middle),
          );
        });
        b.store(out, b.plus(b.times(row, m), k), low);
      }),
    );
  });
}

export interface SearchOptions {
  /** Before (the default) or after entries equal to the value. */
  readonly side?: "left" | "right";
}

/**
 * For each value the position, int32, at which it would enter a sorted vector, as `numpy.searchsorted`.
 *
 * The vector must be in rising order, NaN last; it is not checked. NaN goes after every number.
 * @example
 * ```ts
 * searchsorted(tensor([1, 2, 2, 3]), tensor([2, 5])); // => tensor([1, 4], int32)
 * searchsorted(tensor([1, 2, 2, 3]), 2, { side: "right" }); // => tensor(3, int32)
 * ```
 */
export const searchsorted: Callable<(sorted: Tensor, values: TensorLike, options?: SearchOptions) => Tensor> = /* @__PURE__ */ callable(
  (sorted: Tensor, values: TensorLike, options: SearchOptions = {}) => {
    const [row, given] = operands("searchsorted", [sorted, values]) as [Tensor, Tensor];
    if (row.rank !== 1)
      throw argumentError("searchsorted", "not a vector", row, "give a sorted tensor of rank 1, and use vmap for several");
    checkOptions("searchsorted", options, ["side"]);
    const right = checkChoice("searchsorted", "side", options.side ?? "left", ["left", "right"]) === "right";
    const dtype = promote(row.dtype, given.dtype);
    const flat = reshape(cast(given, dtype), [given.size]);
    return reshape(apply1(searchOp, [cast(row, dtype), flat], { right }), given.shape);
  },
  {
    name: "searchsorted",
    op: searchOp as Op,
    sample: (draw) => {
      const row = tensor(Float64Array.from(draw.tensor([draw.integer(0, 5)], undefined, true).values).sort());
      return [row, draw.tensor(draw.shape(0, 2), undefined, true), { side: draw.pick(["left", "right"]) }];
    },
  },
);

/**
 * The quantiles of the entries over axes (all by default), interpolated linearly, as `numpy.quantile`.
 *
 * `q` is a number in [0, 1], or a list of them, which gives a first axis of its length. NaN where an entry is NaN. The gradient goes to the two
 * entries between which the quantile lies. Integers give float64. Throws at an empty axis.
 * @example
 * ```ts
 * quantile(tensor([4, 1, 3, 2]), 0.25); // => tensor(1.75, float64)
 * ```
 */
export const quantile: Callable<(x: TensorLike, q: number | readonly number[], options?: AxesOptions) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, q: number | readonly number[], options: AxesOptions = {}) =>
    quantiles("quantile", tensorArgument("quantile", x), q, options),
  {
    name: "quantile",
    sample: (draw) => {
      const shape = draw.shape(1, 3, 1);
      const q = draw.pick<number | number[]>([0, 0.25, 0.9, 1, [0.5, 0.1], []]);
      return [
        draw.tensor(shape, undefined, true),
        q,
        { axes: draw.integer(-shape.length, shape.length - 1), keepDims: draw.integer(0, 1) === 0 },
      ];
    },
  },
);

/**
 * The middle entry over axes (all by default), or the mean of the middle two; see `quantile`.
 * @example
 * ```ts
 * median(tensor([[1, 9, 2], [3, 4, 5]]), { axes: 1 }); // => tensor([2, 4], float64)
 * ```
 */
export const median: Callable<(x: TensorLike, options?: AxesOptions) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, options: AxesOptions = {}) => quantiles("median", tensorArgument("median", x), 0.5, options),
  {
    name: "median",
    sample: (draw) => {
      const shape = draw.shape(0, 3, 1);
      return [draw.tensor(shape, undefined, true), { keepDims: draw.integer(0, 1) === 0 }];
    },
  },
);

function quantiles(op: string, x: Tensor, q: unknown, options: AxesOptions): Tensor {
  checkOptions(op, options, ["axes", "keepDims"]);
  const axes = normalizeAxes(op, options.axes, x.rank);
  const shape = reducedShape(x.shape, axes, checkFlag(op, "keepDims", options.keepDims ?? false));
  const levels = Array.isArray(q) ? q : [q];
  for (const level of levels) {
    if (typeof level !== "number" || !(level >= 0 && level <= 1))
      throw argumentError(op, "not a quantile", level, "give numbers from 0 to 1");
  }
  const kept = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const rows = sizeOf(kept.map((axis) => x.shape[axis]!));
  const count = sizeOf(axes.map((axis) => x.shape[axis]!));
  if (count === 0)
    throw clashError(op, "an empty axis has none", `axes ${formatShape(axes)} of ${formatShape(x.shape)}`, "reduce a non-empty axis");
  const moved = reshape(permute(cast(x, toFloatDType(x.dtype)), [...kept, ...axes]), [rows, count]);
  const ordered = apply(sortOp, [moved], { axis: 1, descending: false })[0]!;
  const last = sliceAxis(ordered, 1, count - 1, count);
  const found = levels.map((level) => reshape(where(isNaN(last), Number.NaN, interpolated(ordered, level * (count - 1))), shape));
  if (!Array.isArray(q)) return found[0]!;
  return found.length === 0 ? zeros([0, ...shape], ordered.dtype) : stack(found);
}

/** The entry of sorted rows at a position between two, as a column: a step from the nearer, so that it never lies outside them. */
function interpolated(rows: Tensor, position: number): Tensor {
  const below = Math.floor(position);
  const weight = position - below;
  const entry = sliceAxis(rows, 1, below, below + 1);
  if (weight === 0) return entry;
  const next = sliceAxis(rows, 1, below + 1, below + 2);
  const mixed = add(mul(entry, 1 - weight), mul(next, weight));
  if (weight === 0.5) return mixed;
  const gap = sub(next, entry);
  const stepped = weight < 0.5 ? add(entry, mul(gap, weight)) : sub(next, mul(gap, 1 - weight));
  return where(isFinite(gap), stepped, mixed);
}
