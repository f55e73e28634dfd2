/** Loop programs as WebAssembly text. */
export { type FloatLayout, printWebAssembly } from "./webassembly.ts";
