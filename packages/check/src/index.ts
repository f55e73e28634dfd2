/** Is this gradient right? Laws for ops today. */
export { checkOp, type CheckOpOptions, type LawFailure, type LawReport } from "./op.ts";
export type { AnyOp } from "./cases.ts";
