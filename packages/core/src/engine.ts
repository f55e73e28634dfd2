/**
 * The engine behind the public face, for packages that read or rewrite graphs: printers, checkers, compilers. Everything here is
 * documented and none of it is stable; a program of a person's own needs only `@cotangent/core`.
 */
export type {
  Arithmetic,
  BinaryOperation,
  BinaryQuestion,
  IntegerArithmetic,
  IntegerOperation,
  NumberSystem,
  UnaryOperation,
  UnaryQuestion,
} from "./arithmetic.ts";
export { binaryOperations, binaryQuestions, integerOperations, unaryOperations, unaryQuestions, Undecided } from "./arithmetic.ts";
export {
  postorder,
  type Expression,
  type ExpressionArithmetic,
  expressionArithmetic,
  type ExpressionKind,
  type ScalarType,
} from "./expression.ts";
export { buildProgram, type Buffer, type Program, type ProgramBuilder, type Role, type Statement } from "./loop/program.ts";
export { canGenerateCode, compileKernel, forbidCodeGeneration, type Kernel, printJavaScript } from "./loop/javascript.ts";
export { interpret, interpretExpression, type SystemArray } from "./loop/interpreter.ts";
export { real } from "./systems/real.ts";
export { type DoubleDouble, doubleDouble } from "./systems/doubleDouble.ts";
export { type Dual, dual, type StrongProduct } from "./systems/dual.ts";
export { type Interval, interval, intervalFrom } from "./systems/interval.ts";
export { type RunningError, runningError, runningErrorFrom, unitRoundoff } from "./systems/runningError.ts";
export { type Complex, complex, complexFrom } from "./systems/complex.ts";
export { evaluate, fromSystem, type Instead, type SystemTensor, toSystem } from "./evaluate.ts";
export { type Notation, precedence } from "./notation.ts";
export { type Domain, domain, nonnegative, nonzero, positive, reals, realsExcept, symmetricUnit, unit } from "./domain.ts";
export { describe, formatShape, unravel } from "./errors.ts";
export { broadcastShapes, sameShape, sizeOf, stridesOf } from "./shape.ts";
export { isFloat, promote } from "./dtype.ts";
export { entriesOf, forget, isTensor, type Storage, tensorOf } from "./tensor.ts";
export {
  apply,
  type Aval,
  type Callable,
  type ControlMachine,
  type Convention,
  type Draw,
  type Kind,
  type Law,
  type Lowered,
  type Machine,
  type Op,
  type Row,
  type ScanInputs,
  type StepLimit,
  type SubGraph,
  type TableFunction,
  tableOf,
} from "./op.ts";
export { labelOf, Node, Recording, type Watch } from "./recording.ts";
export type { ElementwiseOp, Rule } from "./define/elementwise.ts";
export { identity, zerosOf, type Movement, type MovementOp, type Segment } from "./define/movement.ts";
export { contraction, type ContractionParams, matrixForm, type MatrixForm } from "./define/contraction.ts";
export type { ProgramOp } from "./define/program.ts";
export type { ReductionOp, ReductionParams } from "./define/reduction.ts";
export {
  belongs,
  type Closure,
  closureOf,
  type Graph,
  openGraph,
  recordFunction,
  type RecordOptions,
  replay,
  walk,
  type Walker,
} from "./graph.ts";
export { asWritten, formatGraph, namer } from "./listing.ts";
export { pullback, pushforward, type Sweepable } from "./sweep.ts";
export { batchGraph } from "./transforms/vmap.ts";
export {
  backwardGraph,
  batchedGraph,
  callOp,
  type CallSpec,
  eager,
  reachedFrom,
  reaches,
  tangentGraph,
  trace,
  type Traced,
} from "./transforms/call.ts";
export { flatten, flattenTensors, type StructDefinition, unflatten } from "./struct.ts";
