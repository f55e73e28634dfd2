/** The op table: every row of the library, by name. */
export * from "./arithmetic.ts";
export * from "./elementary.ts";
export * from "./activation.ts";
export * from "./special.ts";
export * from "./selection.ts";
export * from "./cast.ts";
export {
  broadcastTo,
  concat,
  expandDims,
  matrixTranspose,
  moveAxis,
  permute,
  repeat,
  reshape,
  split,
  squeeze,
  stack,
  swapAxes,
  tile,
  transpose,
} from "./movement.ts";
export { flip, pad, type PadMode, type PadOptions, type PadWidth, roll, slice, type SliceItem, type SliceRange } from "./slicing.ts";
export { type IndexedOptions, type Indices, oneHot, type OneHotOptions, scatterAdd, take, takeAlongAxis } from "./indexing.ts";
export { addAt, at, type AtIndex, setAt } from "./brackets.ts";
export { diag, diagonal, trace, tril, triu } from "./diagonal.ts";
export {
  argsort,
  median,
  quantile,
  type SearchOptions,
  searchsorted,
  sort,
  type SortOptions,
  topK,
  type TopKOptions,
} from "./sorting.ts";
export {
  type Cumulative,
  type CumulativeOptions,
  cummax,
  cummin,
  cumprod,
  cumsum,
  linearRecurrence,
  logcumsumexp,
  type RecurrenceOptions,
} from "./cumulative.ts";
export * from "./bitwise.ts";
export { all, any, argmax, argmin, type AxesOptions, countNonzero, max, min, prod, type Reduction, sum } from "./reduction.ts";
export { mean, norm, type NormOptions, std, variance, type VarianceOptions } from "./statistics.ts";
export { logsumexp, logSoftmax, softmax, type SoftmaxOptions } from "./softmax.ts";
export { contract, dot, inner, matmul, outer, tensordot, type TensordotAxes, vecdot, type VecdotOptions } from "./contraction.ts";
export { einsum } from "./einsum.ts";
export { convolution, type ConvolutionOptions, convTranspose, type ConvTransposeOptions } from "./convolution.ts";
export { type AveragePoolingOptions, avgPool, maxPool, type PoolingOptions } from "./pooling.ts";
export type { Padding, PaddingOption, WindowOptions } from "./window.ts";
