/** The public face of Cotangent's core. */
import "./methods.ts";

export type { DType, TypedArray } from "./dtype.ts";
export type { Shape } from "./shape.ts";
export { Tensor, type NestedArray, type TensorLike } from "./tensor.ts";
export { allClose, type CloseOptions } from "./close.ts";
export * from "./create.ts";
export { CotangentError } from "./errors.ts";
export * from "./ops/index.ts";
export { flatten, map, unflatten, type Struct } from "./struct.ts";
export { grad, valueAndGrad } from "./transforms/grad.ts";
export { vmap } from "./transforms/vmap.ts";
export { label, record } from "./transforms/record.ts";
export type { Graph } from "./graph.ts";
export * as random from "./random/index.ts";
