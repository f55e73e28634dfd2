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
  type RepeatOptions,
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
export { all, any, argmax, argmin, countNonzero, max, min, prod, sum } from "./reduction.ts";
export { mean, norm, std, variance } from "./statistics.ts";
export { logsumexp, logSoftmax, softmax } from "./softmax.ts";
export { contract, dot, inner, matmul, outer, tensordot, vecdot } from "./contraction.ts";
export { einsum } from "./einsum.ts";
export { convolution, convTranspose } from "./convolution.ts";
export { avgPool, maxPool } from "./pooling.ts";
