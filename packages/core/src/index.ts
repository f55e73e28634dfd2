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
export type { DifferentiationOptions, Gradient, Wrt } from "./transforms/arguments.ts";
export { grad, valueAndGrad } from "./transforms/grad.ts";
export { vjp, type Vjp } from "./transforms/vjp.ts";
export { jvp, type Linearization, linearize } from "./transforms/jvp.ts";
export { hessian, hvp, type Jacobian, jacobian, type JacobianOptions } from "./transforms/jacobian.ts";
export { type Axes, type Axis, vmap, type VmapOptions } from "./transforms/vmap.ts";
export { backward, label, record } from "./transforms/record.ts";
export { checkpoint } from "./transforms/checkpoint.ts";
export { customJvp, customVjp } from "./transforms/custom.ts";
export { debug } from "./transforms/debug.ts";
export { detach } from "./transforms/detach.ts";
export { cond } from "./control/cond.ts";
export { forLoop, whileLoop, type WhileOptions } from "./control/loop.ts";
export { scan, type ScanOptions } from "./control/scan.ts";
export type { Graph } from "./graph.ts";
export * as random from "./random/index.ts";
