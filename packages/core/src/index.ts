/** The public face of Cotangent's core: its functions, and the ops as methods of `Tensor`. */
import "./methods.ts";

export type { TensorMethods } from "./methods.ts";
export * from "./functions.ts";
