/** Is this gradient right? Laws for ops today. */
export { checkOp, type CheckOpOptions, type LawFailure, type LawReport } from "./op.ts";
export { type Case, drawCase } from "./cases.ts";
export { drawFrom } from "./draw.ts";
export { mutateOp, type MutationReport } from "./mutants.ts";
export { checkGradient, type CheckGradientOptions, type ClaimOf, type GradientOf } from "./verify/gradient.ts";
export type { PrintOptions } from "./verify/report.ts";
export type { Agrees, Kink, OutsideDomain, Refuted, ShapeClash, Unknown, Verdict, Witness } from "./verify/verdict.ts";
