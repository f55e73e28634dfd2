/** Products of vectors, matrices and tensors: sums of products over shared axes. Knows which axes each product shares; labels do the rest. */
import { type ContractionParams, contraction, contractLabels, freshLabels } from "../define/contraction.ts";
import { checkOptions } from "../define/options.ts";
import { argumentError, clashError, formatShape } from "../errors.ts";
import { type Callable, callable, type Draw, type Op, operands } from "../op.ts";
import { broadcastShapes, normalizeAxes, normalizeAxis, type Shape } from "../shape.ts";
import type { Tensor, TensorLike } from "../tensor.ts";
import { mul } from "./arithmetic.ts";
import { permute, reshape } from "./movement.ts";

/** A product of two tensors. */
export type Product = Callable<(x: TensorLike, y: TensorLike) => Tensor>;

const op: Op = contraction as Op;

const pairOf = (name: string, x: unknown, y: unknown): [Tensor, Tensor] =>
  operands(name, [x as TensorLike, y as TensorLike]) as [Tensor, Tensor];
const shapesOf = (x: Tensor, y: Tensor): string => `${formatShape(x.shape)} · ${formatShape(y.shape)}`;

/** An operand whose leading axes carry broadcast labels: an axis of 1 that meets a longer one has none and is dropped. */
export function labelledBatch(
  x: Tensor,
  batchRank: number,
  batch: Shape,
  labels: string,
): { readonly tensor: Tensor; readonly labels: string } {
  const offset = batch.length - batchRank;
  const kept = x.shape.slice(0, batchRank).map((side, axis) => side === batch[axis + offset]);
  if (kept.every(Boolean)) return { tensor: x, labels: labels.slice(offset) };
  const own = [...labels.slice(offset)].filter((_, axis) => kept[axis]).join("");
  return {
    tensor: reshape(
      x,
      x.shape.filter((_, axis) => axis >= batchRank || kept[axis]),
    ),
    labels: own,
  };
}

/** The contraction of the last axes by labels, all axes before them broadcast. */
function batched(name: string, x: Tensor, y: Tensor, own: ContractionParams): Tensor {
  const [xRank, yRank] = [x.rank - own.x.length, y.rank - own.y.length];
  for (let back = 1; back <= Math.min(xRank, yRank); back++) {
    const [a, b] = [x.shape[xRank - back]!, y.shape[yRank - back]!];
    if (a !== b && a !== 1 && b !== 1)
      throw clashError(name, "the batch axes do not broadcast", `${shapesOf(x, y)}, ${a} ≠ ${b}`, "make them equal or one of them 1");
  }
  const batch = broadcastShapes(name, x.shape.slice(0, xRank), y.shape.slice(0, yRank));
  const labels = freshLabels(batch.length, own.x + own.y);
  const left = labelledBatch(x, xRank, batch, labels);
  const right = labelledBatch(y, yRank, batch, labels);
  return contractLabels(left.tensor, right.tensor, { x: left.labels + own.x, y: right.labels + own.y, out: labels + own.out });
}

const sampleMatmul = (draw: Draw): readonly unknown[] => {
  const [m, k, n] = draw.shape(3, 3, 0, 3) as [number, number, number];
  const batch = draw.shape(0, 2, 0, 2);
  const own = (): Shape => batch.slice(draw.integer(0, batch.length)).map((side) => (draw.integer(0, 2) === 0 ? 1 : side));
  const x = draw.integer(0, 3) === 0 ? [k] : [...(draw.integer(0, 1) === 0 ? batch : own()), m, k];
  const y = draw.integer(0, 3) === 0 ? [k] : [...(draw.integer(0, 1) === 0 ? batch : own()), k, n];
  return [draw.tensor(x), draw.tensor(y)];
};

/**
 * The matrix product of the last two axes, with NumPy's rules: a vector is a row on the left and a column on the right, and all axes before the last two broadcast.
 *
 * Shapes [..., m, k] and [..., k, n] give [..., m, n]. Throws at scalars and where the inner sides differ.
 * @example
 * ```ts
 * matmul(tensor([[1, 2], [3, 4]]), tensor([1, 1])); // => tensor([3, 7], float64)
 * ```
 */
export const matmul: Product = /* @__PURE__ */ callable(
  (x: TensorLike, y: TensorLike) => {
    const [left, right] = pairOf("matmul", x, y);
    if (left.rank === 0 || right.rank === 0) throw clashError("matmul", "a scalar is no matrix", shapesOf(left, right), "use mul");
    const [a, b] = [left.shape[left.rank - 1]!, right.shape[Math.max(0, right.rank - 2)]!];
    if (a !== b)
      throw clashError(
        "matmul",
        "inner dimensions differ",
        `${shapesOf(left, right)}, ${a} ≠ ${b}`,
        "the last axis of x meets the last but one of y",
      );
    const [row, column] = [left.rank > 1 ? "i" : "", right.rank > 1 ? "j" : ""];
    return batched("matmul", left, right, { x: `${row}k`, y: `k${column}`, out: row + column });
  },
  { name: "matmul", op, sample: sampleMatmul },
);

/**
 * NumPy's dot product: the last axis of `x` against the last but one of `y` (the only one of a vector), every other axis kept; a scalar multiplies.
 *
 * Shapes [...a, k] and [...b, k, n] give [...a, ...b, n].
 * @example
 * ```ts
 * dot(tensor([1, 2, 3]), tensor([4, 5, 6])); // => tensor(32, float64)
 * ```
 */
export const dot: Product = /* @__PURE__ */ callable(
  (x: TensorLike, y: TensorLike) => {
    const [left, right] = pairOf("dot", x, y);
    if (left.rank === 0 || right.rank === 0) return mul(left, right);
    return overAxes("dot", left, right, [left.rank - 1], [Math.max(0, right.rank - 2)]);
  },
  {
    name: "dot",
    op,
    sample: (draw) => {
      const k = draw.integer(0, 3);
      const y = draw.shape(0, 2, 0, 3);
      return draw.integer(0, 5) === 0
        ? [draw.tensor([]), draw.tensor(y)]
        : [draw.tensor([...draw.shape(0, 1), k]), draw.tensor(y.length === 0 ? [k] : [...y.slice(1), k, y[0]!])];
    },
  },
);

/**
 * The sum of products along the last axis of both tensors, every other axis kept.
 *
 * Shapes [...a, k] and [...b, k] give [...a, ...b]; a scalar multiplies.
 */
export const inner: Product = /* @__PURE__ */ callable(
  (x: TensorLike, y: TensorLike) => {
    const [left, right] = pairOf("inner", x, y);
    if (left.rank === 0 || right.rank === 0) return mul(left, right);
    return overAxes("inner", left, right, [left.rank - 1], [right.rank - 1]);
  },
  {
    name: "inner",
    op,
    sample: (draw) => {
      const k = draw.integer(0, 3);
      return [draw.tensor([...draw.shape(0, 2, 0, 3), k]), draw.tensor([...draw.shape(0, 2, 0, 3), k])];
    },
  },
);

/**
 * All products of an entry of `x` and an entry of `y`, both flattened: shape [m, n].
 * @example
 * ```ts
 * outer(tensor([1, 2]), tensor([3, 4])); // => tensor([[3, 4],
 * //         [6, 8]], float64)
 * ```
 */
export const outer: Product = /* @__PURE__ */ callable(
  (x: TensorLike, y: TensorLike) => {
    const [left, right] = pairOf("outer", x, y);
    return contractLabels(reshape(left, [left.size]), reshape(right, [right.size]), { x: "i", y: "j", out: "ij" });
  },
  { name: "outer", op, sample: (draw) => [draw.tensor(draw.shape(0, 2)), draw.tensor(draw.shape(0, 2))] },
);

/** Which axis vecdot sums over: the last by default. */
export interface VecdotOptions {
  readonly axis?: number;
}

/**
 * The dot product of vectors along one axis of both tensors (the last by default), all other axes broadcast.
 * @example
 * ```ts
 * vecdot(tensor([[1, 2], [3, 4]]), tensor([1, 1])); // => tensor([3, 7], float64)
 * ```
 */
export const vecdot: Callable<(x: TensorLike, y: TensorLike, options?: VecdotOptions) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, y: TensorLike, options: VecdotOptions = {}) => {
    checkOptions("vecdot", options, ["axis"]);
    const pair = pairOf("vecdot", x, y);
    if (pair.some((one) => one.rank === 0)) throw clashError("vecdot", "a scalar is no vector", shapesOf(...pair), "use mul");
    const [left, right] = pair.map((one) => lastAxis(one, normalizeAxis("vecdot", options.axis ?? -1, one.rank))) as [Tensor, Tensor];
    const [a, b] = [left.shape[left.rank - 1]!, right.shape[right.rank - 1]!];
    if (a !== b) throw clashError("vecdot", "the vectors differ in length", `${shapesOf(...pair)}, ${a} ≠ ${b}`, "make them equal");
    return batched("vecdot", left, right, { x: "k", y: "k", out: "" });
  },
  {
    name: "vecdot",
    op,
    sample: (draw) => {
      const shape = draw.shape(1, 3);
      const axis = draw.integer(-shape.length, -1);
      const other = shape
        .map((side, i) => (i !== shape.length + axis && draw.integer(0, 2) === 0 ? 1 : side))
        .slice(draw.integer(0, shape.length + axis));
      return draw.integer(0, 1) === 0
        ? [draw.tensor(shape), draw.tensor(other), { axis }]
        : [draw.tensor(other), draw.tensor(shape), { axis }];
    },
  },
);

const lastAxis = (x: Tensor, axis: number): Tensor =>
  axis === x.rank - 1 ? x : permute(x, [...x.shape.map((_, i) => i).filter((i) => i !== axis), axis]);

/** How many axes tensordot sums over (the last of `x` with the first of `y`), or which: those of `x`, and those of `y` in the same order. */
export type TensordotAxes = number | readonly [xAxes: readonly number[], yAxes: readonly number[]];

/**
 * The sum of products over pairs of axes, every other axis kept: those of `x`, then those of `y`.
 *
 * `axes` is a number of axes (2 by default) or two lists of the same length. Throws where paired sides differ.
 * @example
 * ```ts
 * tensordot(ones([2, 3, 4]), ones([4, 3, 5]), [[1, 2], [1, 0]]).shape; // => [2, 5]
 * ```
 */
export const tensordot: Callable<(x: TensorLike, y: TensorLike, axes?: TensordotAxes) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, y: TensorLike, axes: TensordotAxes = 2) => {
    const [left, right] = pairOf("tensordot", x, y);
    const [xAxes, yAxes] = tensordotAxes(left, right, axes);
    return overAxes("tensordot", left, right, xAxes, yAxes);
  },
  {
    name: "tensordot",
    op,
    sample: (draw) => {
      const [a, b, c, d] = draw.shape(4, 4, 0, 3) as [number, number, number, number];
      return draw.pick([
        [draw.tensor([a, b, c]), draw.tensor([b, c, d])],
        [draw.tensor([a, b]), draw.tensor([b]), 1],
        [draw.tensor([a, b]), draw.tensor([c]), 0],
        [
          draw.tensor([a, b, c]),
          draw.tensor([c, d, a]),
          [
            [0, -1],
            [2, 0],
          ],
        ],
      ]);
    },
  },
);

function tensordotAxes(x: Tensor, y: Tensor, axes: unknown): [number[], number[]] {
  if (typeof axes === "number") {
    if (!Number.isInteger(axes) || axes < 0 || axes > Math.min(x.rank, y.rank)) {
      throw argumentError(
        "tensordot",
        `no number of axes of ${shapesOf(x, y)}`,
        axes,
        `give an integer from 0 to ${Math.min(x.rank, y.rank)}`,
      );
    }
    return [Array.from({ length: axes }, (_, i) => x.rank - axes + i), Array.from({ length: axes }, (_, i) => i)];
  }
  if (!Array.isArray(axes) || axes.length !== 2 || !axes.every(Array.isArray) || axes[0].length !== axes[1].length) {
    throw argumentError("tensordot", "not a number of axes nor two lists of them", axes, "give for example 2 or [[0, 1], [1, 0]]");
  }
  return [x, y].map((one, side) => {
    const own = (axes[side] as unknown[]).map((axis) => normalizeAxis("tensordot", axis as number, one.rank));
    normalizeAxes("tensordot", own, one.rank);
    return own;
  }) as [number[], number[]];
}

/** Sums over paired axes; the rest of `x` and then the rest of `y` are kept. */
function overAxes(name: string, x: Tensor, y: Tensor, xAxes: readonly number[], yAxes: readonly number[]): Tensor {
  xAxes.forEach((axis, i) => {
    const [a, b] = [x.shape[axis]!, y.shape[yAxes[i]!]!];
    if (a !== b)
      throw clashError(
        name,
        "the summed sides differ",
        `${shapesOf(x, y)}, axis ${axis} has ${a}, axis ${yAxes[i]} has ${b}`,
        "make them equal",
      );
  });
  const xLabels = freshLabels(x.rank, "");
  const fresh = freshLabels(y.rank, xLabels);
  const yLabels = [...fresh].map((label, axis) => (yAxes.includes(axis) ? xLabels[xAxes[yAxes.indexOf(axis)]!]! : label)).join("");
  const rest = (labels: string, axes: readonly number[]): string => [...labels].filter((_, axis) => !axes.includes(axis)).join("");
  return contractLabels(x, y, { x: xLabels, y: yLabels, out: rest(xLabels, xAxes) + rest(yLabels, yAxes) });
}

/**
 * The contraction of two tensors by labels such as `"ik,kj->ij"`, one character an axis: a label of both operands that is not in the output is summed over.
 *
 * Every label is in at least two of the three parts, and at most once in each. `einsum` takes the whole of NumPy's notation.
 * @example
 * ```ts
 * contract(ones([2, 3]), ones([4, 3]), "ik,jk->ji").shape; // => [4, 2]
 * ```
 */
export const contract: Callable<(x: TensorLike, y: TensorLike, labels: string) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, y: TensorLike, labels: string) => {
    const [left, right] = pairOf("contract", x, y);
    const parts = typeof labels === "string" ? /^([^,]*),([^,]*)->([^,]*)$/u.exec(labels.replaceAll(" ", "")) : null;
    if (parts === null) throw argumentError("contract", "the labels are not of the form x,y->out", labels, 'give for example "ik,kj->ij"');
    return contractLabels(left, right, { x: parts[1]!, y: parts[2]!, out: parts[3]! });
  },
  {
    name: "contract",
    op,
    sample: (draw) => {
      const sides: Record<string, number> = {
        b: draw.integer(1, 2),
        i: draw.integer(0, 3),
        j: draw.integer(1, 3),
        k: draw.integer(1, 3),
        l: draw.integer(1, 2),
      };
      const labels = draw.pick([
        "ik,kj->ij",
        "ki,jk->ji",
        "bik,bkj->ijb",
        "ibk,bkj->jib",
        "kl,lk->",
        "bi,bi->ib",
        "i,j->ji",
        "bikl,blkj->bji",
        "i,->i",
      ]);
      const [x, y] = labels
        .split("->")[0]!
        .split(",")
        .map((own) => draw.tensor([...own].map((label) => sides[label]!)));
      return [x, y, labels];
    },
  },
);
