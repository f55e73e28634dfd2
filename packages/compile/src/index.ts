/** Loop programs as WebAssembly. */
export { type FloatLayout, printWebAssembly } from "./program.ts";
