/** Is this gradient right? Checks with verdicts, laws for ops, and arbitraries and properties for fast-check. */
export { checkOp, type CheckOpOptions, type LawFailure, type LawReport } from "./op.ts";
export { type Case, drawCase } from "./cases.ts";
export { drawFrom } from "./draw.ts";
export { mutateOp, type MutationReport } from "./mutants.ts";
export { checkGradient, type ClaimOf } from "./verify/gradient.ts";
export { checkHessian, checkJacobian, type JacobianOf } from "./verify/jacobian.ts";
export { checkJvp, checkVjp, type CotangentOf } from "./verify/products.ts";
export { checkAdjoint } from "./verify/adjoint.ts";
export { gradientProperty, type GradientPropertyOptions } from "./verify/property.ts";
export type { Arguments, ArgumentsAt, Wrt, CheckOptions, PartOf } from "./verify/options.ts";
export type { PrintOptions } from "./verify/report.ts";
export type { Agrees, Kink, OutsideDomain, Refuted, ShapeClash, Unknown, Verdict, Witness } from "./verify/verdict.ts";
export {
  awayFrom,
  axes,
  type AxesOptions,
  type AxesSource,
  axis,
  indices,
  type IndicesOptions,
  probabilities,
  type ProbabilitiesOptions,
  type ShapeOptions,
  size,
  tensors,
  type TensorsOptions,
  wellSeparated,
} from "./arbitraries/tensors.ts";
export { oneHot, type OneHotOptions, simplex, type SimplexOptions } from "./arbitraries/simplex.ts";
export { positiveDefinite, type PositiveDefiniteOptions } from "./arbitraries/definite.ts";
export { directions, type DirectionsOptions, type DrawnArguments, withDirections, type WithDirections } from "./arbitraries/directions.ts";
export {
  broadcastableShapes,
  type BroadcastableOptions,
  einsumShapes,
  mutuallyBroadcastable,
  operands,
  type OperandShapes,
  type OperandsOptions,
  shapes,
  type ShapesOptions,
  type SignatureOptions,
} from "./arbitraries/shapes.ts";
export { type Drawn, sized, type SizedOptions, type Sizes } from "./arbitraries/sized.ts";
export { type ExpressionGraph, expressionGraphs, type ExpressionGraphsOptions } from "./arbitraries/expression.ts";
export { sourceOf } from "./arbitraries/source.ts";
export type { Dimension } from "./arbitraries/frame.ts";
export type { Range } from "./arbitraries/options.ts";
export type { PointOptions } from "./arbitraries/points.ts";
export { gradients } from "./gradients.ts";
export { type Entries, entriesFrom, type ListedGradient } from "./gradients/list.ts";
export { checkBackward, type CheckBackwardOptions } from "./verify/backward.ts";
