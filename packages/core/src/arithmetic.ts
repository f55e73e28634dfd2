/**
 * The scalar arithmetic that op values are written over: one interface that every number system implements.
 * It knows real operations and truth values; it knows nothing of tensors, ops or how an expression is printed.
 */

/** The operations of one real argument. */
export const unaryOperations = [
  "neg",
  "abs",
  "sign",
  "sqrt",
  "cbrt",
  "exp",
  "exp2",
  "expm1",
  "log",
  "log2",
  "log10",
  "log1p",
  "sin",
  "cos",
  "tan",
  "asin",
  "acos",
  "atan",
  "sinh",
  "cosh",
  "tanh",
  "asinh",
  "acosh",
  "atanh",
  "erf",
  "erfc",
  "erfcx",
  "lgamma",
  "floor",
  "ceil",
  "round",
] as const;

/** The operations of two real arguments. */
export const binaryOperations = ["add", "sub", "mul", "div", "pow", "atan2", "remainder", "min", "max"] as const;

/** The questions about one or two real arguments; their answers are truth values. */
export const unaryQuestions = ["isNaN", "isFinite"] as const;
export const binaryQuestions = ["less", "lessEqual", "equal"] as const;

export type UnaryOperation = (typeof unaryOperations)[number];
export type BinaryOperation = (typeof binaryOperations)[number];
export type UnaryQuestion = (typeof unaryQuestions)[number];
export type BinaryQuestion = (typeof binaryQuestions)[number];

/**
 * A number system `V`. Truth values are elements of `V` too: 1 is true and 0 is false, so that a system of sets (an
 * interval) can answer "unknown" with the set that holds both.
 *
 * Conventions, the same in every system: `min` and `max` pass NaN on; `round` breaks ties to even; `remainder` has the sign of
 * its divisor; `sign(0)` is 0; `polygamma(0, x)` is digamma; `erfcx(x)` is e^(x²) erfc(x); comparisons with NaN are false.
 */
export interface Arithmetic<V>
  extends Readonly<Record<UnaryOperation | UnaryQuestion, (x: V) => V>>,
    Readonly<Record<BinaryOperation | BinaryQuestion, (x: V, y: V) => V>> {
  readonly name: string;
  /** The element nearest to (or enclosing) a double. */
  readonly constant: (value: number) => V;
  /** The polygamma function of a fixed order (0 is digamma, 1 trigamma, …). */
  readonly polygamma: (order: number, x: V) => V;
  /** Rounded to float32. */
  readonly round32: (x: V) => V;
  readonly not: (x: V) => V;
  readonly and: (x: V, y: V) => V;
  readonly or: (x: V, y: V) => V;
  /** `x` where the condition is true and `y` where it is false; nothing of the branch not taken reaches the result. */
  readonly select: (condition: V, x: V, y: V) => V;
}

/** Integer-only operations, for rows on int32 data and for loop indices; 32 bits, wrapping; `quotient` truncates. */
export const integerOperations = ["bitAnd", "bitOr", "bitXor", "shiftLeft", "shiftRight", "shiftRightLogical", "quotient"] as const;
export type IntegerOperation = (typeof integerOperations)[number];
export interface IntegerArithmetic<V> extends Arithmetic<V>, Readonly<Record<IntegerOperation, (x: V, y: V) => V>> {}

/** What a replay needs of a number system besides its operations. */
export interface NumberSystem<V> extends Arithmetic<V> {
  /** The answer to a question that control flow or an integer index depends on; throws `Undecided` when the system cannot tell. */
  readonly decide: (condition: V) => boolean;
  /** The double that stands for the element: the primal, the centre, the leading part. */
  readonly toNumber: (x: V) => number;
}

/** Thrown by a number system asked for an operation it lacks or a decision it cannot make. */
export class Undecided extends Error {
  override readonly name = "Undecided";
}
