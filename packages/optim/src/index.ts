/** The public face of Cotangent's optimizers and solvers. */
export { adam, adamW, type AdamOptions, type AdamWOptions } from "./adam.ts";
export { lbfgs, type LbfgsOptions, type LbfgsState, type Solver } from "./lbfgs.ts";
export { minimize, type MinimizeOptions, type Minimum, type Progress, type StopReason } from "./minimize.ts";
export { defineOptimizer, type Leaf, type LeafRule, type Optimizer, type OptimizerDefinition, type OptimizerState } from "./optimizer.ts";
export { constant, cosineDecay, exponentialDecay, type Schedule, warmup } from "./schedules.ts";
export { sgd, type SgdOptions } from "./sgd.ts";
