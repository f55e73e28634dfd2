/** Compiled functions: `jit`, and loop programs as WebAssembly text. */
export { type CacheEntry, jit, type Jitted, type JitOptions, type Lowering } from "./jit.ts";
export { type FloatLayout, printWebAssembly } from "./program.ts";
