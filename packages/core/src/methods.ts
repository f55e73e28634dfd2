/** Every op whose first argument is a tensor, as a method: generated from the op table by `npm run generate`. */
import type { DType } from "./dtype.ts";
import type { GeluOptions } from "./ops/activation.ts";
import type { AtIndex } from "./ops/brackets.ts";
import type { TensordotAxes, VecdotOptions } from "./ops/contraction.ts";
import type { ConvTransposeOptions, ConvolutionOptions } from "./ops/convolution.ts";
import type { CumulativeOptions, RecurrenceOptions } from "./ops/cumulative.ts";
import type { IndexedOptions, Indices } from "./ops/indexing.ts";
import type { AveragePoolingOptions, PoolingOptions } from "./ops/pooling.ts";
import type { AxesOptions } from "./ops/reduction.ts";
import type { NanToNumOptions } from "./ops/selection.ts";
import type { PadOptions, PadWidth, SliceItem } from "./ops/slicing.ts";
import type { SoftmaxOptions } from "./ops/softmax.ts";
import type { SearchOptions, SortOptions, TopKOptions } from "./ops/sorting.ts";
import type { NormOptions, VarianceOptions } from "./ops/statistics.ts";
import type { Shape } from "./shape.ts";
import {
  abs,
  acos,
  acosh,
  add,
  addAt,
  all,
  any,
  argmax,
  argmin,
  argsort,
  asin,
  asinh,
  at,
  atan,
  atan2,
  atanh,
  avgPool,
  bitwiseAnd,
  bitwiseNot,
  bitwiseOr,
  bitwiseXor,
  broadcastTo,
  cast,
  cbrt,
  ceil,
  chainMul,
  clip,
  contract,
  convTranspose,
  convolution,
  cos,
  cosh,
  countNonzero,
  cummax,
  cummin,
  cumprod,
  cumsum,
  diag,
  diagonal,
  digamma,
  div,
  dot,
  elu,
  equal,
  erf,
  erfc,
  exp,
  exp2,
  expandDims,
  expm1,
  flip,
  floor,
  gelu,
  geluTanh,
  greater,
  greaterEqual,
  hardTanh,
  hypot,
  inner,
  isFinite,
  isInf,
  isNaN,
  leakyRelu,
  less,
  lessEqual,
  lgamma,
  linearRecurrence,
  log,
  log10,
  log1p,
  log2,
  logSigmoid,
  logSoftmax,
  logaddexp,
  logcumsumexp,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  logit,
  logsumexp,
  matmul,
  matrixTranspose,
  max,
  maxPool,
  maximum,
  mean,
  median,
  min,
  minimum,
  mish,
  moveAxis,
  mul,
  nanToNum,
  neg,
  norm,
  notEqual,
  oneMinusSquare,
  outer,
  pad,
  permute,
  pow,
  prod,
  quantile,
  reciprocal,
  relu,
  remainder,
  repeat,
  reshape,
  roll,
  round,
  rsqrt,
  scatterAdd,
  searchsorted,
  sech,
  selu,
  setAt,
  shiftLeft,
  shiftRight,
  shiftRightLogical,
  sigmoid,
  sign,
  silu,
  sin,
  sinh,
  slice,
  softmax,
  softplus,
  sort,
  split,
  sqrt,
  square,
  squeeze,
  std,
  sub,
  sum,
  swapAxes,
  take,
  takeAlongAxis,
  tan,
  tanh,
  tensordot,
  tile,
  topK,
  trace,
  transpose,
  tril,
  triu,
  variance,
  vecdot,
  where,
  xlog1py,
  xlogy,
} from "./ops/index.ts";
import { Tensor, type TensorLike } from "./tensor.ts";

/** The methods of a tensor: `x.op(...rest)` is `op(x, ...rest)`. */
export interface TensorMethods {
  /** |x|; the derivative at 0 is 0. */
  abs(): Tensor;
  /** The angle in [0, π] whose cosine is x; NaN beyond -1 and 1, where the derivative becomes infinite. */
  acos(): Tensor;
  /** The inverse hyperbolic cosine, in [0, ∞); NaN below 1, where the derivative becomes infinite. */
  acosh(): Tensor;
  /** The sum of two tensors or numbers, with broadcasting; integers wrap. */
  add(y: TensorLike): Tensor;
  /** The tensor with values added to the entries that `at(x, ...indices)` names; entries named twice get both: `x.at[indices].add(values)` in JAX. */
  addAt(indices: AtIndex | readonly AtIndex[], values: TensorLike): Tensor;
  /** Whether every entry over axes (all by default) is true or not 0 (NaN is not 0); true over an empty axis. */
  all(options?: AxesOptions): Tensor;
  /** Whether any entry over axes (all by default) is true or not 0 (NaN is not 0); false over an empty axis. */
  any(options?: AxesOptions): Tensor;
  /** The position, as int32, of the largest entry over axes (all by default): the first of equal ones, the first NaN if there is one. */
  argmax(options?: AxesOptions): Tensor;
  /** The position, as int32, of the smallest entry over axes (all by default): the first of equal ones, the first NaN if there is one. */
  argmin(options?: AxesOptions): Tensor;
  /** The positions, int32, at which the entries of `sort` stand in the tensor; see there for options and order. */
  argsort(options?: SortOptions): Tensor;
  /** The angle in [-π/2, π/2] whose sine is x; NaN beyond -1 and 1, where the derivative becomes infinite. */
  asin(): Tensor;
  /** The inverse hyperbolic sine, log(x + √(1 + x²)) without cancellation. */
  asinh(): Tensor;
  /** The entries that NumPy's brackets name: `x.at(i, j)` is `x[i, j]`. */
  at(...indices: readonly AtIndex[]): Tensor;
  /** The angle in [-π/2, π/2] whose tangent is x. */
  atan(): Tensor;
  /** The angle in [-π, π] of the point (x, y), y first as in every language; the gradient at the origin is 0. */
  atan2(y: TensorLike): Tensor;
  /** The inverse hyperbolic tangent; NaN beyond -1 and 1, where it is infinite. */
  atanh(): Tensor;
  /** The mean of every window over the spatial axes; float64 for integers. */
  avgPool(options: AveragePoolingOptions): Tensor;
  /** The bits set in both, of int32 (or bool, as int32) operands; throws at floats. */
  bitwiseAnd(y: TensorLike): Tensor;
  /** Every bit turned round, of an int32 (or bool, as int32) operand: -x - 1; throws at floats. */
  bitwiseNot(): Tensor;
  /** The bits set in either, of int32 (or bool, as int32) operands; throws at floats. */
  bitwiseOr(y: TensorLike): Tensor;
  /** The bits set in exactly one, of int32 (or bool, as int32) operands; throws at floats. */
  bitwiseXor(y: TensorLike): Tensor;
  /** Repeats axes of side 1, and adds axes in front, until the shape is `shape`. */
  broadcastTo(shape: Shape): Tensor;
  /** The entries in another dtype: floats become int32 by truncation and wrapping, anything becomes bool by asking whether it is not 0. */
  cast(dtype: DType): Tensor;
  /** The real cube root, of negative numbers too; an infinite derivative at 0. */
  cbrt(): Tensor;
  /** The smallest integer not below x, in x's dtype; the derivative is 0 everywhere. */
  ceil(): Tensor;
  /** The product of a tangent or cotangent with a partial derivative: zero wherever the first factor is exactly zero, whatever the second is. This is what keeps a branch not taken from leaking NaN into a gradient. */
  chainMul(y: TensorLike): Tensor;
  /** x, but not below `low` nor above `high`; `null` sets no bound. NaN in x or a bound stays; where low > high the value is high. */
  clip(low: TensorLike | null, high: TensorLike | null): Tensor;
  /** The contraction of two tensors by labels such as `"ik,kj->ij"`, one character an axis: a label of both operands that is not in the output is summed over. */
  contract(y: TensorLike, labels: string): Tensor;
  /** The transpose of `convolution` with the same kernel and options: from its outputs' shape back to its inputs'. */
  convTranspose(kernel: TensorLike, options?: ConvTransposeOptions): Tensor;
  /** The correlation of every example's channels with a kernel over one to five spatial axes (what networks call convolution: the kernel is not flipped). */
  convolution(kernel: TensorLike, options?: ConvolutionOptions): Tensor;
  /** The cosine of an angle in radians. */
  cos(): Tensor;
  /** The hyperbolic cosine. */
  cosh(): Tensor;
  /** How many entries over axes (all by default) are not 0, as int32; NaN counts. */
  countNonzero(options?: AxesOptions): Tensor;
  /** The largest of all entries up to each along an axis, or over the flattened tensor without one; NaN from the first NaN on. */
  cummax(options?: CumulativeOptions): Tensor;
  /** The smallest of all entries up to each; as `cummax`. */
  cummin(options?: CumulativeOptions): Tensor;
  /** The products of all entries up to each along an axis, or over the flattened tensor without one; int32 for bool. */
  cumprod(options?: CumulativeOptions): Tensor;
  /** The sums of all entries up to each along an axis, or over the flattened tensor without one; int32 for bool. */
  cumsum(options?: CumulativeOptions): Tensor;
  /** A square matrix of zeros with a vector on its k-th diagonal; of a matrix, its k-th diagonal, as `numpy.diag`. */
  diag(k?: number): Tensor;
  /** The k-th diagonal of every matrix in the last two axes: above the main one for positive k, below for negative, as `numpy.linalg.diagonal`. */
  diagonal(k?: number): Tensor;
  /** The derivative of ln Γ: a few ulp for x > 0, NaN at the poles 0, -1, -2, … */
  digamma(): Tensor;
  /** The quotient; integers and bools become float64. */
  div(y: TensorLike): Tensor;
  /** NumPy's dot product: the last axis of `x` against the last but one of `y` (the only one of a vector), every other axis kept; a scalar multiplies. */
  dot(y: TensorLike): Tensor;
  /** x above 0 and alpha (e^x - 1) below; the derivative at 0 is alpha. */
  elu(alpha?: number): Tensor;
  /** Whether x = y, entry by entry; false where either is NaN, and 0 equals -0. */
  equal(y: TensorLike): Tensor;
  /** The error function 2/√π ∫₀ˣ e^(-t²) dt, in [-1, 1]; within 3 ulps. */
  erf(): Tensor;
  /** 1 - erf x, in [0, 2], to full accuracy in the right tail; within 5 ulps. */
  erfc(): Tensor;
  /** e^x. */
  exp(): Tensor;
  /** 2^x, exact for whole x. */
  exp2(): Tensor;
  /** New axes of side 1, named by their places in the output. */
  expandDims(axes: number | readonly number[]): Tensor;
  /** e^x - 1, to full accuracy near 0. */
  expm1(): Tensor;
  /** The entries of some axes (all by default) in reverse order. */
  flip(axes?: number | readonly number[]): Tensor;
  /** The largest integer not above x, in x's dtype; the derivative is 0 everywhere. */
  floor(): Tensor;
  /** x Φ(x), with Φ the distribution function of the normal law; exact in both tails unless an approximation is asked for. */
  gelu(options?: GeluOptions): Tensor;
  /** The approximation x σ(2 √(2/π) (x + 0.044715 x³)) of gelu, usually written with tanh; off by up to 5e-4. */
  geluTanh(): Tensor;
  /** Whether x > y, entry by entry; false where either is NaN. */
  greater(y: TensorLike): Tensor;
  /** Whether x ≥ y, entry by entry; false where either is NaN. */
  greaterEqual(y: TensorLike): Tensor;
  /** x clipped to [-1, 1]; the derivative is 1 at both ends too. */
  hardTanh(): Tensor;
  /** √(x² + y²) without overflow or underflow on the way; the gradient at the origin is 0. */
  hypot(y: TensorLike): Tensor;
  /** The sum of products along the last axis of both tensors, every other axis kept. */
  inner(y: TensorLike): Tensor;
  /** Whether the entry is neither infinite nor NaN; always, for integers. */
  isFinite(): Tensor;
  /** Whether the entry is infinite, of either sign; never, for integers. */
  isInf(): Tensor;
  /** Whether the entry is NaN; never, for integers. */
  isNaN(): Tensor;
  /** x above 0 and slope · x below; the derivative at 0 is the slope. */
  leakyRelu(slope?: number): Tensor;
  /** Whether x < y, entry by entry; false where either is NaN. */
  less(y: TensorLike): Tensor;
  /** Whether x ≤ y, entry by entry; false where either is NaN. */
  lessEqual(y: TensorLike): Tensor;
  /** ln|Γ(x)|: a few ulp for x > 0, an absolute 1e-13 or so between the poles of the negative axis, infinite at the poles. */
  lgamma(): Tensor;
  /** The states y_i = a_i · y_{i−1} + b_i along an axis, starting from y_0 = b_0; the operands broadcast. */
  linearRecurrence(b: TensorLike, options?: RecurrenceOptions): Tensor;
  /** The natural logarithm; NaN below 0, -Infinity at 0. */
  log(): Tensor;
  /** The logarithm to base 10; NaN below 0, -Infinity at 0. */
  log10(): Tensor;
  /** log(1 + x), to full accuracy near 0; NaN below -1, -Infinity at -1. */
  log1p(): Tensor;
  /** The logarithm to base 2; NaN below 0, -Infinity at 0. */
  log2(): Tensor;
  /** log σ(x) = -log(1+e^-x), to full accuracy in both tails. */
  logSigmoid(): Tensor;
  /** The logarithm of `softmax`, without overflow or loss where the softmax is tiny; -Infinity where an entry is. */
  logSoftmax(options?: SoftmaxOptions): Tensor;
  /** log(e^x + e^y) without overflow or underflow on the way. */
  logaddexp(y: TensorLike): Tensor;
  /** log(e^{x_1} + … + e^{x_i}) for each entry along an axis, or over the flattened tensor without one; stable for all x. */
  logcumsumexp(options?: CumulativeOptions): Tensor;
  /** Whether both hold; numbers hold unless they are 0 (NaN holds). */
  logicalAnd(y: TensorLike): Tensor;
  /** Whether it does not hold; numbers hold unless they are 0 (NaN holds). */
  logicalNot(): Tensor;
  /** Whether at least one holds; numbers hold unless they are 0 (NaN holds). */
  logicalOr(y: TensorLike): Tensor;
  /** Whether exactly one holds; numbers hold unless they are 0 (NaN holds). */
  logicalXor(y: TensorLike): Tensor;
  /** The log-odds log(x/(1-x)) of a probability, accurate near 0, ½ and 1; NaN outside [0, 1], infinite at its ends. */
  logit(): Tensor;
  /** log Σ e^x over axes (all by default), without overflow; -Infinity over an empty axis and where every entry is -Infinity. */
  logsumexp(options?: AxesOptions): Tensor;
  /** The matrix product of the last two axes, with NumPy's rules: a vector is a row on the left and a column on the right, and all axes before the last two broadcast. */
  matmul(y: TensorLike): Tensor;
  /** The last two axes exchanged: every matrix of a stack transposed, NumPy's `x.mT`. Throws where there are fewer than two axes. */
  matrixTranspose(): Tensor;
  /** The largest entry over axes (all by default); NaN where there is one. Entries that tie share the gradient equally. */
  max(options?: AxesOptions): Tensor;
  /** The largest entry of every window over the spatial axes; padding never wins, and entries that tie share the gradient equally. */
  maxPool(options: PoolingOptions): Tensor;
  /** The larger, entry by entry; NaN where either is. In a tie each side gets half the gradient. */
  maximum(y: TensorLike): Tensor;
  /** The mean over axes (all by default); float64 for integers and bools, NaN over an empty axis. */
  mean(options?: AxesOptions): Tensor;
  /** The middle entry over axes (all by default), or the mean of the middle two; see `quantile`. */
  median(options?: AxesOptions): Tensor;
  /** The smallest entry over axes (all by default); NaN where there is one. Entries that tie share the gradient equally. */
  min(options?: AxesOptions): Tensor;
  /** The smaller, entry by entry; NaN where either is. In a tie each side gets half the gradient. */
  minimum(y: TensorLike): Tensor;
  /** x tanh(softplus(x)). */
  mish(): Tensor;
  /** Some axes moved to other places, the rest in the order they had, as `numpy.moveaxis`. */
  moveAxis(from: number | readonly number[], to: number | readonly number[]): Tensor;
  /** The product of two tensors or numbers, entry by entry, with broadcasting; integers wrap. */
  mul(y: TensorLike): Tensor;
  /** Finite numbers in the place of NaN and the infinities, with gradient 0 there; integers and bools stay as they are. */
  nanToNum(options?: NanToNumOptions): Tensor;
  /** The negative; integers wrap and bools become int32. */
  neg(): Tensor;
  /** The norm of the entries over axes (all by default): (Σ |x|^ord)^(1/ord), or the largest magnitude for `ord: Infinity`; ord is 2 by default. */
  norm(options?: NormOptions): Tensor;
  /** Whether x ≠ y, entry by entry; true where either is NaN. */
  notEqual(y: TensorLike): Tensor;
  /** 1 - x², without cancellation near -1 and 1. */
  oneMinusSquare(): Tensor;
  /** All products of an entry of `x` and an entry of `y`, both flattened: shape [m, n]. */
  outer(y: TensorLike): Tensor;
  /** A tensor with entries added before and after each axis, filled with `value` or by NumPy's `mode`. */
  pad(widths: number | PadWidth | readonly PadWidth[], options?: PadOptions): Tensor;
  /** The axes in another order: axis i of the output is axis `axes[i]` of the input. Throws unless every axis is named once. */
  permute(axes: readonly number[]): Tensor;
  /** x to the power y, as float64 for integers (whose powers may be fractions). NaN for a negative x and a y that is not whole; 0⁰ is 1. 1 to any power is 1, even to NaN, and -1 to an infinite one too, as in C and NumPy. */
  pow(y: TensorLike): Tensor;
  /** The product over axes (all by default); int32 for bool, 1 over an empty axis. Gradients of every order are right at zeros. */
  prod(options?: AxesOptions): Tensor;
  /** The quantiles of the entries over axes (all by default), interpolated linearly, as `numpy.quantile`. */
  quantile(q: number | readonly number[], options?: AxesOptions): Tensor;
  /** 1/x; infinite at 0. */
  reciprocal(): Tensor;
  /** max(x, 0), integers staying integers; the derivative at 0 is 0. */
  relu(): Tensor;
  /** x - ⌊x/y⌋ y, with the sign of y (Python's and NumPy's remainder). NaN where y is 0, for integers 0. */
  remainder(y: TensorLike): Tensor;
  /** Every entry repeated in place, along an axis or (without one) of the flattened tensor, as `numpy.repeat`: `counts` times, or one count an entry. */
  repeat(counts: number | readonly number[], axis?: number): Tensor;
  /** The same entries in another shape; one side may be -1 and is worked out. */
  reshape(shape: Shape): Tensor;
  /** The entries moved `shift` places along an axis; those that leave at the end enter in front. Without an axis, over the flattened tensor. */
  roll(shift: number | readonly number[], axes?: number | readonly number[]): Tensor;
  /** The nearest integer, in x's dtype, and of two equally near the even one; the derivative is 0 everywhere. */
  round(): Tensor;
  /** 1/√x; infinite at 0 and NaN below. */
  rsqrt(): Tensor;
  /** The tensor with updates added at integer positions along an axis, or of the flattened tensor without one; positions named twice get both. */
  scatterAdd(indices: Indices, updates: TensorLike, options?: IndexedOptions): Tensor;
  /** For each value the position, int32, at which it would enter a sorted vector, as `numpy.searchsorted`. */
  searchsorted(values: TensorLike, options?: SearchOptions): Tensor;
  /** The hyperbolic secant 1/cosh x, in [0, 1]; it underflows where cosh x would overflow. */
  sech(): Tensor;
  /** The self-normalising unit λ x above 0 and λ α (e^x - 1) below, with the λ and α of Klambauer et al. (2017); the derivative at 0 is λ α. */
  selu(): Tensor;
  /** The tensor with the entries that `at(x, ...indices)` names replaced by values: `x.at[indices].set(values)` in JAX. */
  setAt(indices: AtIndex | readonly AtIndex[], values: TensorLike): Tensor;
  /** The bits moved up by a count, zeros coming in: x 2^count, wrapping; 0 for a count outside 0 … 31. Throws at floats. */
  shiftLeft(y: TensorLike): Tensor;
  /** The bits moved down by a count, the sign coming in: ⌊x / 2^count⌋; 0 or -1 for a count outside 0 … 31. Throws at floats. */
  shiftRight(y: TensorLike): Tensor;
  /** The bits moved down by a count, zeros coming in; 0 for a count outside 0 … 31. Throws at floats. */
  shiftRightLogical(y: TensorLike): Tensor;
  /** The logistic function 1/(1+e^-x), in [0, 1] and stable for all x. */
  sigmoid(): Tensor;
  /** -1, 0 or 1; NaN stays, and the derivative is 0 everywhere. */
  sign(): Tensor;
  /** x σ(x), also called swish. */
  silu(): Tensor;
  /** The sine of an angle in radians. */
  sin(): Tensor;
  /** The hyperbolic sine. */
  sinh(): Tensor;
  /** A part of a tensor, one item an axis, as between NumPy's brackets. */
  slice(...items: readonly SliceItem[]): Tensor;
  /** e^x over its sum along axes (the last by default), without overflow; entries of -Infinity give 0, and so does a line with no other. */
  softmax(options?: SoftmaxOptions): Tensor;
  /** log(1 + e^x), to full accuracy in both tails: the logarithmic loss of a logit. */
  softplus(): Tensor;
  /** The entries along an axis (the last by default) in rising order, or falling with `descending`. */
  sort(options?: SortOptions): Tensor;
  /** The parts of a tensor along an axis (the first by default), as `numpy.split`. */
  split(parts: number | readonly number[], axis?: number): Tensor[];
  /** The square root; NaN below 0, and an infinite derivative at 0. */
  sqrt(): Tensor;
  /** x²; integers wrap. */
  square(): Tensor;
  /** Axes of side 1 dropped: all of them, or those named. Throws at a named axis of another side. */
  squeeze(axes?: number | readonly number[]): Tensor;
  /** The standard deviation over axes (all by default), the square root of `variance`; where it is 0 so is its gradient. */
  std(options?: VarianceOptions): Tensor;
  /** The difference of two tensors or numbers, with broadcasting; integers wrap. */
  sub(y: TensorLike): Tensor;
  /** The sum over axes (all by default); int32 for bool, 0 over an empty axis. */
  sum(options?: AxesOptions): Tensor;
  /** Two axes exchanged, as `numpy.swapaxes`. */
  swapAxes(axis: number, other: number): Tensor;
  /** The entries at integer positions along an axis, or of the flattened tensor without one: `numpy.take`, TensorFlow's gather. */
  take(indices: Indices, options?: IndexedOptions): Tensor;
  /** The entries at positions that differ from place to place along an axis: `out[i, j] = x[indices[i, j], j]` for axis 0, as `numpy.take_along_axis` and PyTorch's gather. */
  takeAlongAxis(indices: Indices, options?: IndexedOptions): Tensor;
  /** The tangent of an angle in radians. */
  tan(): Tensor;
  /** The hyperbolic tangent, in [-1, 1]; its derivative is sech²x, which keeps its digits where tanh x rounds to 1. */
  tanh(): Tensor;
  /** The sum of products over pairs of axes, every other axis kept: those of `x`, then those of `y`. */
  tensordot(y: TensorLike, axes?: TensordotAxes): Tensor;
  /** The tensor repeated as a whole, `repetitions` times along each axis, as `numpy.tile`; a shorter list counts from the last axis. */
  tile(repetitions: number | readonly number[]): Tensor;
  /** The k largest (or smallest) entries along an axis in order, and their positions as int32. */
  topK(k: number, options?: TopKOptions): [values: Tensor, indices: Tensor];
  /** The sum of the k-th diagonal of every matrix in the last two axes, as `numpy.linalg.trace`. */
  trace(k?: number): Tensor;
  /** The axes in reverse order, or in the order given, as `numpy.transpose`; of stacks of matrices see `matrixTranspose`. */
  transpose(axes?: readonly number[]): Tensor;
  /** The lower triangle of every matrix in the last two axes: zero above the k-th diagonal. */
  tril(k?: number): Tensor;
  /** The upper triangle of every matrix in the last two axes: zero below the k-th diagonal. */
  triu(k?: number): Tensor;
  /** The variance over axes (all by default): the mean square distance from the mean, with n − ddof in place of n; exact to rounding under any offset. */
  variance(options?: VarianceOptions): Tensor;
  /** The dot product of vectors along one axis of both tensors (the last by default), all other axes broadcast. */
  vecdot(y: TensorLike, options?: VecdotOptions): Tensor;
  /** `x` where the condition holds and `y` elsewhere; nothing of the branch not taken reaches the value or the gradient. */
  where(x: TensorLike, y: TensorLike): Tensor;
  /** x log(1 + y), accurate for y near 0, and 0 where x is 0 (unless y is NaN). */
  xlog1py(y: TensorLike): Tensor;
  /** x log y, and 0 where x is 0 (unless y is NaN): a term of an entropy. */
  xlogy(y: TensorLike): Tensor;
}

/** The name of the built file is right beside the source and beside the built declarations. */
declare module "./tensor.js" {
  interface Tensor extends TensorMethods {}
}

const ops: Readonly<Record<string, (x: Tensor, ...rest: never[]) => unknown>> = {
  abs,
  acos,
  acosh,
  add,
  addAt,
  all,
  any,
  argmax,
  argmin,
  argsort,
  asin,
  asinh,
  at,
  atan,
  atan2,
  atanh,
  avgPool,
  bitwiseAnd,
  bitwiseNot,
  bitwiseOr,
  bitwiseXor,
  broadcastTo,
  cast,
  cbrt,
  ceil,
  chainMul,
  clip,
  contract,
  convTranspose,
  convolution,
  cos,
  cosh,
  countNonzero,
  cummax,
  cummin,
  cumprod,
  cumsum,
  diag,
  diagonal,
  digamma,
  div,
  dot,
  elu,
  equal,
  erf,
  erfc,
  exp,
  exp2,
  expandDims,
  expm1,
  flip,
  floor,
  gelu,
  geluTanh,
  greater,
  greaterEqual,
  hardTanh,
  hypot,
  inner,
  isFinite,
  isInf,
  isNaN,
  leakyRelu,
  less,
  lessEqual,
  lgamma,
  linearRecurrence,
  log,
  log10,
  log1p,
  log2,
  logSigmoid,
  logSoftmax,
  logaddexp,
  logcumsumexp,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  logit,
  logsumexp,
  matmul,
  matrixTranspose,
  max,
  maxPool,
  maximum,
  mean,
  median,
  min,
  minimum,
  mish,
  moveAxis,
  mul,
  nanToNum,
  neg,
  norm,
  notEqual,
  oneMinusSquare,
  outer,
  pad,
  permute,
  pow,
  prod,
  quantile,
  reciprocal,
  relu,
  remainder,
  repeat,
  reshape,
  roll,
  round,
  rsqrt,
  scatterAdd,
  searchsorted,
  sech,
  selu,
  setAt,
  shiftLeft,
  shiftRight,
  shiftRightLogical,
  sigmoid,
  sign,
  silu,
  sin,
  sinh,
  slice,
  softmax,
  softplus,
  sort,
  split,
  sqrt,
  square,
  squeeze,
  std,
  sub,
  sum,
  swapAxes,
  take,
  takeAlongAxis,
  tan,
  tanh,
  tensordot,
  tile,
  topK,
  trace,
  transpose,
  tril,
  triu,
  variance,
  vecdot,
  where,
  xlog1py,
  xlogy,
};

for (const name of Object.keys(ops)) {
  const op = ops[name]!;
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...rest: never[]): unknown {
      return op(this, ...rest);
    },
  });
}
