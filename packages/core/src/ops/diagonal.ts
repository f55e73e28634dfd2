/** Ops about the diagonals of matrices: diag, diagonal, trace, tril, triu. Knows where diagonals lie; knows no values. */
import { composite } from "../define/composite.ts";
import { movement, wholeSegment } from "../define/movement.ts";
import { checkInteger } from "../define/options.ts";
import { argumentError } from "../errors.ts";
import { named } from "../notation.ts";
import { apply1, callable, type Callable, type Draw, type Op, tensorArgument } from "../op.ts";
import { type Shape, stridesOf } from "../shape.ts";
import { type Tensor, type TensorLike, tensorOf } from "../tensor.ts";
import { sum } from "./reduction.ts";
import { where } from "./selection.ts";

/** The diagonal `k` places above the main one (below for negative k) of matrices of some sides. */
interface DiagonalParams {
  readonly k: number;
  readonly rows: number;
  readonly columns: number;
}

const lengthOf = ({ k, rows, columns }: DiagonalParams): number => Math.max(0, Math.min(rows + Math.min(k, 0), columns - Math.max(k, 0)));
const startOf = ({ k, columns }: DiagonalParams): number => (k >= 0 ? k : -k * columns);

/** One step down and right in every matrix of a stack. */
const diagonalStrides = (matrices: Shape): number[] => {
  const strides = stridesOf(matrices);
  return [...strides.slice(0, -2), strides[strides.length - 2]! + 1];
};

const showDiagonal = ({ k }: DiagonalParams): string => (k === 0 ? "" : `k=${k}`);

const diagonalOp: Op<DiagonalParams> = /* @__PURE__ */ movement<DiagonalParams>({
  name: "diagonal",
  notation: /* @__PURE__ */ named("diag"),
  infer: ([x], params) => ({ shape: [...x!.shape.slice(0, -2), lengthOf(params)], dtype: x!.dtype }),
  plan: ([x], params, out) => {
    const segment = wholeSegment(out.shape, diagonalStrides(x!.shape), stridesOf(out.shape), startOf(params));
    return { fill: null, accumulate: false, segments: [segment] };
  },
  transpose: (g, _i, _inputs, params) => apply1(diagonalMatrixOp, [g], params),
  lift: (inputs, _batched, params) => apply1(diagonalOp, inputs, params),
  show: showDiagonal,
});

/** Matrices of zeros around a diagonal. */
const diagonalMatrixOp: Op<DiagonalParams> = /* @__PURE__ */ movement<DiagonalParams>({
  name: "diag",
  notation: /* @__PURE__ */ named("diag"),
  infer: ([x], { rows, columns }) => ({ shape: [...x!.shape.slice(0, -1), rows, columns], dtype: x!.dtype }),
  plan: ([x], params, out) => {
    const segment = wholeSegment(x!.shape, stridesOf(x!.shape), diagonalStrides(out.shape), 0, startOf(params));
    return { fill: 0, accumulate: false, segments: [segment] };
  },
  transpose: (g, _i, _inputs, params) => apply1(diagonalOp, [g], params),
  lift: (inputs, _batched, params) => apply1(diagonalMatrixOp, inputs, params),
  show: showDiagonal,
});

function matrixArgument(op: string, x: TensorLike): Tensor {
  const input = tensorArgument(op, x);
  if (input.rank < 2) throw argumentError(op, "not a matrix", input, "give a tensor of rank 2 or more");
  return input;
}

const sampleMatrix = (draw: Draw): readonly unknown[] => [draw.tensor(draw.shape(2, 3)), draw.integer(-3, 3)];

/**
 * The k-th diagonal of every matrix in the last two axes: above the main one for positive k, below for negative, as `numpy.linalg.diagonal`.
 * @example
 * ```ts
 * diagonal(tensor([[1, 2, 3], [4, 5, 6]]), 1); // => tensor([2, 6], float64)
 * ```
 */
export const diagonal: Callable<(x: TensorLike, k?: number) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, k = 0) => {
    const input = matrixArgument("diagonal", x);
    const [rows, columns] = input.shape.slice(-2) as [number, number];
    return apply1(diagonalOp, [input], { k: checkInteger("diagonal", "k", k), rows, columns });
  },
  { name: "diagonal", op: diagonalOp as Op, sample: sampleMatrix },
);

/**
 * A square matrix of zeros with a vector on its k-th diagonal; of a matrix, its k-th diagonal, as `numpy.diag`.
 *
 * Throws at other ranks; for stacks of matrices see `diagonal`.
 * @example
 * ```ts
 * diag(tensor([1, 2])); // => tensor([[1, 0],
 * //         [0, 2]], float64)
 * ```
 */
export const diag: Callable<(x: TensorLike, k?: number) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, k = 0) => {
    const input = tensorArgument("diag", x);
    const offset = checkInteger("diag", "k", k);
    if (input.rank === 2) return diagonal(input, offset);
    if (input.rank !== 1) throw argumentError("diag", "neither a vector nor a matrix", input, "give a tensor of rank 1 or 2");
    const side = input.size + Math.abs(offset);
    return apply1(diagonalMatrixOp, [input], { k: offset, rows: side, columns: side });
  },
  { name: "diag", op: diagonalMatrixOp as Op, sample: (draw) => [draw.tensor(draw.shape(1, 2)), draw.integer(-2, 2)] },
);

/**
 * The sum of the k-th diagonal of every matrix in the last two axes, as `numpy.linalg.trace`.
 * @example
 * ```ts
 * trace(tensor([[1, 2], [3, 4]])); // => tensor(5, float64)
 * ```
 */
export const trace: Callable<(x: TensorLike, k?: number) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, k = 0) => sum(diagonal(matrixArgument("trace", x), checkInteger("trace", "k", k)), { axes: -1 }),
  { name: "trace", sample: sampleMatrix },
);

/** Zeros on one side of a diagonal: linear, and its own transpose. */
function triangular(name: string, keeps: (offset: number, k: number) => boolean): Op<number> {
  const op: Op<number> = composite<number>({
    name,
    notation: /* @__PURE__ */ named(name),
    expand: ([x], k) => {
      const [rows, columns] = x!.shape.slice(-2) as [number, number];
      const mask = new Uint8Array(rows * columns);
      for (let i = 0; i < mask.length; i++) mask[i] = keeps((i % columns) - Math.floor(i / columns), k) ? 1 : 0;
      return where(tensorOf([rows, columns], "bool", mask), x!, false);
    },
    pullback: (g, _inputs, _out, k) => [apply1(op, [g], k)],
    pushforward: ([t], _inputs, _out, k) => apply1(op, [t!], k),
    lift: (inputs, _batched, k) => apply1(op, inputs, k),
    show: (k) => (k === 0 ? "" : `k=${k}`),
  });
  return op;
}

const trilOp: Op<number> = /* @__PURE__ */ triangular("tril", (offset, k) => offset <= k);
const triuOp: Op<number> = /* @__PURE__ */ triangular("triu", (offset, k) => offset >= k);

/**
 * The lower triangle of every matrix in the last two axes: zero above the k-th diagonal.
 * @example
 * ```ts
 * tril(tensor([[1, 2], [3, 4]])); // => tensor([[1, 0],
 * //         [3, 4]], float64)
 * ```
 */
export const tril: Callable<(x: TensorLike, k?: number) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, k = 0) => apply1(trilOp, [matrixArgument("tril", x)], checkInteger("tril", "k", k)),
  { name: "tril", op: trilOp as Op, sample: sampleMatrix },
);

/**
 * The upper triangle of every matrix in the last two axes: zero below the k-th diagonal.
 * @example
 * ```ts
 * triu(tensor([[1, 2], [3, 4]])); // => tensor([[1, 2],
 * //         [0, 4]], float64)
 * ```
 */
export const triu: Callable<(x: TensorLike, k?: number) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, k = 0) => apply1(triuOp, [matrixArgument("triu", x)], checkInteger("triu", "k", k)),
  { name: "triu", op: triuOp as Op, sample: sampleMatrix },
);
