/** The op table: every row of the library, by name. */
export * from "./arithmetic.ts";
export * from "./elementary.ts";
export * from "./activation.ts";
export * from "./special.ts";
export * from "./selection.ts";
export * from "./cast.ts";
export { broadcastTo, concat, permute, reshape } from "./movement.ts";
export { sum } from "./reduction.ts";
