/**
 * Terms: what one application of an op means to a reader, from the op's notation, kind and params alone. Signs are gathered, neutral
 * numbers dropped and products flattened where that is exact. It knows no output format.
 */
import type { DType } from "@cotangent/core";
import {
  type ContractionParams,
  matrixForm,
  type Node,
  type Notation,
  promote,
  type ReductionParams,
  sizeOf,
} from "@cotangent/core/engine";

interface Common {
  /** Of the tensor it stands for. */
  readonly rank: number;
  /** How many names, numbers and ops it is made of. */
  readonly size: number;
}

export interface SymbolTerm extends Common {
  readonly kind: "symbol";
  readonly name: string;
  /** Whether it names a sub-graph. */
  readonly isFunction: boolean;
}

/** A tensor of ones, where a scalar stands for a whole vector or matrix that is summed over. */
export interface OnesTerm extends Common {
  readonly kind: "ones";
}

/** Never negative; a negative number is a negated one. */
export interface NumberTerm extends Common {
  readonly kind: "number";
  readonly value: number;
  readonly dtype: DType;
}

export interface NegativeTerm extends Common {
  readonly kind: "negative";
  readonly of: Term;
}

export interface SumTerm extends Common {
  readonly kind: "sum";
  readonly terms: readonly Term[];
}

/** Entry by entry; `hadamard` where mere juxtaposition would read as a product of matrices. */
export interface ProductTerm extends Common {
  readonly kind: "product";
  readonly factors: readonly Term[];
  readonly hadamard: boolean;
}

export interface MatrixTerm extends Common {
  readonly kind: "matrix";
  readonly factors: readonly Term[];
}

export interface TransposedTerm extends Common {
  readonly kind: "transposed";
  readonly of: Term;
}

/** A contraction that is no product of matrices: operands with their labels. */
export interface EinsumTerm extends Common {
  readonly kind: "einsum";
  readonly operands: readonly [Term, Term];
  readonly labels: ContractionParams;
}

export interface FractionTerm extends Common {
  readonly kind: "fraction";
  readonly over: Term;
  readonly under: Term;
}

/** Any other application, to be written by its notation. */
export interface ApplyTerm extends Common {
  readonly kind: "apply";
  readonly name: string;
  readonly notation: Notation;
  readonly params: string;
  readonly args: readonly Term[];
  readonly dtype: DType;
  readonly reduced: Reduced | undefined;
}

/** Which axes an operator runs over. */
export interface Reduced {
  readonly axes: readonly number[];
  /** Whether they are all, and none of them stays. */
  readonly whole: boolean;
  /** How many entries go into one. */
  readonly count: number;
}

export type Term =
  | SymbolTerm
  | OnesTerm
  | NumberTerm
  | NegativeTerm
  | SumTerm
  | ProductTerm
  | MatrixTerm
  | TransposedTerm
  | EinsumTerm
  | FractionTerm
  | ApplyTerm;

export const symbol = (name: string, rank: number, isFunction = false): Term => ({ kind: "symbol", name, isFunction, rank, size: 1 });

export function number(value: number, dtype: DType): Term {
  const term = (magnitude: number): Term => ({ kind: "number", value: magnitude, dtype, rank: 0, size: 1 });
  return value < 0 || Object.is(value, -0) ? negative(term(-value)) : term(value);
}

const sizeOfAll = (terms: readonly Term[]): number => terms.reduce((total, term) => total + term.size, 1);

function negative(of: Term): Term {
  return of.kind === "negative" ? of.of : { kind: "negative", of, rank: of.rank, size: of.size };
}

const isNumber = (term: Term, value: number): boolean => term.kind === "number" && term.value === value;

/** Whether it is written with a sign of its own between its arguments, which no sign outside may be taken for a part of. */
export const hasOwnSign = (term: Term): boolean =>
  term.kind === "apply" && (term.notation.form === "infix" || term.notation.form === "template");

/** How a term is to be made. */
export interface TermOptions {
  /** Ops that a reader does not see (reshape, broadcasting, casts) are written as calls, and neutral numbers stay. */
  readonly literal: boolean;
}

/** The term of a node applied to the terms of its inputs. */
export function termOf(node: Node, args: readonly Term[], { literal }: TermOptions): Term {
  const { op, params, inputs } = node;
  const rank = node.outputs[0]!.rank;
  const { notation } = op;
  switch (notation.form) {
    case "contraction": {
      const [x, y] = args.map((arg, i) => filled(arg, inputs[i]!.rank)) as [Term, Term];
      return contract(x, y, params as ContractionParams, rank, literal);
    }
    case "infix":
      if (notation.algebra === "sum") return sum(args[0]!, args[1]!, rank, literal);
      if (notation.algebra === "difference") return sum(args[0]!, negative(args[1]!), rank, literal);
      if (notation.algebra === "product") return product(args, hadamardOf(node, args), rank, literal);
      break;
    case "prefix":
      if (notation.algebra === "negative") return negative(args[0]!);
      break;
    case "fraction":
      return args.length === 1 ? fraction(number(1, "float64"), args[0]!, rank, literal) : fraction(args[0]!, args[1]!, rank, literal);
    case "cases":
      if (!literal && args[0]!.kind === "number") return args[args[0]!.value === 0 ? 2 : 1]!;
      break;
    case "alias":
      return args[0]!;
    case "transparent":
      if (!literal) return args[0]!;
      break;
    case "conversion":
      if (!literal && holds(node.outputs[0]!.dtype, inputs[0]!.dtype)) return args[0]!;
      break;
    case "transpose":
      if (exchangesLastTwo(params as readonly number[])) return transposed(args[0]!);
      break;
  }
  return application(node, args);
}

/** Whether the entries of one dtype are entries of another, up to rounding. */
const holds = (to: DType, from: DType): boolean => to === from || to.startsWith("float") || promote(to, from) === to;

const exchangesLastTwo = (order: readonly number[]): boolean =>
  order.length >= 2 && order.every((axis, i) => axis === (i < order.length - 2 ? i : 2 * order.length - 3 - i));

/** A scalar that stands for a tensor of higher rank, as such a tensor. */
function filled(term: Term, rank: number): Term {
  if (rank === 0 || term.rank > 0) return term;
  const ones: Term = { kind: "ones", rank, size: 1 };
  return product([term, ones], false, rank, false);
}

const hasAxes = (params: unknown): params is ReductionParams => Array.isArray((params as Partial<ReductionParams> | undefined)?.axes);

function application(node: Node, args: readonly Term[]): ApplyTerm {
  const { op, params, inputs, outputs } = node;
  const over = op.notation.form === "operator" && hasAxes(params) ? params : undefined;
  const shape = inputs[0]?.shape ?? [];
  return {
    kind: "apply",
    name: op.name,
    notation: op.notation,
    params: op.show?.(params) ?? "",
    args,
    dtype: outputs[0]!.dtype,
    rank: outputs[0]!.rank,
    size: sizeOfAll(args),
    reduced: over && {
      axes: over.axes,
      whole: over.axes.length === shape.length && !over.keepDims,
      count: sizeOf(over.axes.map((axis) => shape[axis]!)),
    },
  };
}

/** A flat sum; a sum behind a sign stays together. */
function sum(x: Term, y: Term, rank: number, literal: boolean): Term {
  if (!literal && isNumber(x, 0)) return y;
  if (!literal && isNumber(y.kind === "negative" ? y.of : y, 0)) return x;
  const terms = [x, y].flatMap((term) => (term.kind === "sum" ? term.terms : [term]));
  return { kind: "sum", terms, rank, size: sizeOfAll(terms) };
}

/** Whether two tensors meet of which one is a matrix and the other no scalar. */
function hadamardOf(node: Node, args: readonly Term[]): boolean {
  const ranks = node.inputs.map((x, i) => (args[i]!.rank === 0 ? 0 : x.shape.filter((side) => side !== 1).length)).sort((a, b) => b - a);
  return ranks[0]! >= 2 && ranks[1]! >= 1;
}

function product(args: readonly Term[], hadamard: boolean, rank: number, literal: boolean): Term {
  if (literal) return { kind: "product", factors: args, hadamard, rank, size: sizeOfAll(args) };
  let isNegative = false;
  const factors: Term[] = [];
  for (const arg of args) {
    const isNegated = arg.kind === "negative";
    const plain = isNegated ? arg.of : arg;
    if (isNegated) isNegative = !isNegative;
    if (plain.kind === "product" && (plain.hadamard === hadamard || plain.rank === 0))
      plain.factors.forEach((factor) => multiply(factors, factor));
    else multiply(factors, plain);
  }
  const whole: Term =
    factors.length === 0
      ? number(1, "float64")
      : factors.length === 1
        ? factors[0]!
        : { kind: "product", factors, hadamard, rank, size: sizeOfAll(factors) };
  return isNegative ? negative(whole) : whole;
}

/** Adds a factor; numbers of which one is a power of two become one number, which is exact, and 1 is left out. */
function multiply(factors: Term[], factor: Term): void {
  if (factor.kind !== "number") return void factors.push(factor);
  const at = factors.findIndex((one) => one.kind === "number" && (isPowerOfTwo(one.value) || isPowerOfTwo(factor.value)));
  const known = at < 0 ? factor : (factors.splice(at, 1)[0] as NumberTerm);
  const value = at < 0 ? factor.value : known.value * factor.value;
  if (value !== 1) factors.splice(at < 0 ? factors.length : at, 0, { ...known, value });
}

const isPowerOfTwo = (value: number): boolean => Number.isInteger(Math.log2(value)) && 2 ** Math.log2(value) === value;

function fraction(x: Term, y: Term, rank: number, literal: boolean): Term {
  if (literal) return { kind: "fraction", over: x, under: y, rank, size: x.size + y.size + 1 };
  if (isNumber(y, 1)) return x;
  const isNegative = (x.kind === "negative") !== (y.kind === "negative");
  const [over, under] = [x, y].map((term) => (term.kind === "negative" ? term.of : term)) as [Term, Term];
  const whole: Term = { kind: "fraction", over, under, rank, size: over.size + under.size + 1 };
  return isNegative ? negative(whole) : whole;
}

export function transposed(of: Term): Term {
  if (of.kind === "transposed") return of.of;
  if (of.kind === "number" || of.rank === 0) return of;
  if (of.kind === "negative") return negative(transposed(of.of));
  return { kind: "transposed", of, rank: of.rank, size: of.size };
}

/** A contraction as a product of matrices and vectors where it is one. Vectors are columns. */
function contract(x: Term, y: Term, labels: ContractionParams, rank: number, literal: boolean): Term {
  if (x.kind === "negative") return negative(contract(x.of, y, labels, rank, literal));
  if (y.kind === "negative") return negative(contract(x, y.of, labels, rank, literal));
  const batch = commonPrefix(labels);
  if (batch === labels.x.length && batch === labels.y.length) return product([x, y], rank >= 2, rank, literal);
  const inner = { x: labels.x.slice(batch), y: labels.y.slice(batch), out: labels.out.slice(batch) };
  const form = batch === 0 || (inner.x.length === 2 && inner.y.length === 2) ? matrixForm(withOneRow(inner)) : null;
  if (form === null) return { kind: "einsum", operands: [x, y], labels, rank, size: x.size + y.size + 1 };
  const operands = form.swapped ? [y, x] : [x, y];
  const [left, right] = operands.map((operand, i) => (form.transposed[i] ? transposed(operand) : operand)) as [Term, Term];
  return matrix(left, right, rank);
}

function commonPrefix({ x, y, out }: ContractionParams): number {
  let length = 0;
  while (length < x.length && x[length] === y[length] && x[length] === out[length]) length++;
  return length;
}

/** The leading axes that only the first operand has count as one: rows of rows are rows. */
function withOneRow({ x, y, out }: ContractionParams): ContractionParams {
  let length = 0;
  while (length < x.length && x[length] === out[length] && !y.includes(x[length]!)) length++;
  const extra = Math.max(0, length - 1);
  return { x: x.slice(extra), y, out: out.slice(extra) };
}

function matrix(left: Term, right: Term, rank: number): Term {
  const factors = [left, right].flatMap((factor) => (factor.kind === "matrix" && factor.rank > 0 ? factor.factors : [factor]));
  return { kind: "matrix", factors, rank, size: sizeOfAll(factors) };
}
