/**
 * Scalar expressions as vectors: what is exact is simplified, what has a vector form is written over lanes. It knows the arithmetic; it knows
 * no loop and no memory.
 */
import type { ElementwiseOp, Expression, ExpressionArithmetic, ExpressionKind, ScalarType } from "@cotangent/core/engine";
import { expressionArithmetic, isFloat, real } from "@cotangent/core/engine";
import type { DType } from "@cotangent/core/functions";
import type { Lanes, Precision, Value } from "./assembly/lanes.ts";

export const scalarTypeOf = (dtype: DType): ScalarType => (isFloat(dtype) ? "float" : dtype === "int32" ? "int" : "bool");

/** Kinds with no vector form, not even lane by lane: such ops run as loop programs. */
const scalarOnly = new Set<ExpressionKind>(["quotient", "shiftLeft", "shiftRight", "shiftRightLogical", "polygamma"]);

const vectorisable = new WeakMap<ElementwiseOp<unknown>, Map<string, boolean>>();

/** Whether every part of an op's expression can be written over lanes; `key` stands for the params. */
export function isVectorisable(
  op: ElementwiseOp<unknown>,
  params: unknown,
  inputs: readonly { readonly dtype: DType }[],
  key: string | undefined,
): boolean {
  if (key === undefined) return canVectorise(op, params, inputs);
  let known = vectorisable.get(op);
  if (known === undefined) vectorisable.set(op, (known = new Map()));
  const whole = `${inputs.map((x) => scalarTypeOf(x.dtype)).join()}|${key}`;
  let found = known.get(whole);
  if (found === undefined) known.set(whole, (found = canVectorise(op, params, inputs)));
  return found;
}

function canVectorise(op: ElementwiseOp<unknown>, params: unknown, inputs: readonly { readonly dtype: DType }[]): boolean {
  const s = expressionArithmetic();
  const root = op.value(
    s,
    inputs.map((x, i) => s.variable(`x${i}`, scalarTypeOf(x.dtype))),
    params,
  );
  const seen = new Set<Expression>();
  const stack = [root];
  while (stack.length > 0) {
    const x = stack.pop()!;
    if (seen.has(x)) continue;
    seen.add(x);
    const isInteger = x.args.length > 0 && x.args[x.args.length - 1]!.type === "int";
    const truncates = x.kind === "convert" && x.type === "int" && x.args[0]!.type === "float";
    if (scalarOnly.has(x.kind) || (isInteger && x.kind === "remainder") || truncates) return false;
    stack.push(...x.args);
  }
  return true;
}

/**
 * An arithmetic that leaves out what changes nothing: products with 1, differences with 0, quotients by 1, selections whose condition is
 * known; and that computes with known numbers, rounded to the precision. No sum with 0 is left out, for −0 + 0 is 0.
 */
export function simplifyingArithmetic(precision: Precision): ExpressionArithmetic {
  const s = expressionArithmetic();
  const rounded = (x: number): number => (precision === "f32" ? Math.fround(x) : x);
  const isNumber = (x: Expression, value: number): boolean => x.kind === "constant" && Object.is(x.value, value);
  const bool = (value: boolean): Expression => s.convert(s.integer(value ? 1 : 0), "bool");
  const truth = (x: Expression): boolean | undefined =>
    x.kind === "convert" && x.args[0]!.kind === "constant" ? x.args[0]!.value !== 0 : x.kind === "constant" ? x.value !== 0 : undefined;
  const folded =
    (compute: (x: number, y: number) => number, plain: (x: Expression, y: Expression) => Expression) =>
    (x: Expression, y: Expression): Expression =>
      x.kind === "constant" && y.kind === "constant" && x.type === "float" && y.type === "float"
        ? s.constant(rounded(compute(x.value, y.value)))
        : plain(x, y);
  const compared = (compute: (x: number, y: number) => number, plain: (x: Expression, y: Expression) => Expression) => {
    return (x: Expression, y: Expression): Expression =>
      x.kind === "constant" && y.kind === "constant" ? bool(compute(x.value, y.value) !== 0) : plain(x, y);
  };
  const unary = (kind: "neg" | "abs" | "sqrt"): ((x: Expression) => Expression) => {
    const plain = (s as unknown as Record<string, (x: Expression) => Expression>)[kind]!;
    const compute = (real as unknown as Record<string, (x: number) => number>)[kind]!;
    return (x) => (x.kind === "constant" && x.type === "float" ? s.constant(rounded(compute(x.value))) : plain(x));
  };
  return {
    ...s,
    constant: (value) => s.constant(rounded(value)),
    neg: (x) => (x.kind === "neg" ? x.args[0]! : unary("neg")(x)),
    abs: (x) => unary("abs")(x.kind === "neg" && x.type === "float" ? x.args[0]! : x),
    sqrt: unary("sqrt"),
    exp: (x) => {
      // e^-|x| in either sign of x is one value: it is e^(x < 0 ? x : -x), for e^-0 = e^0.
      const size = negativeSizeOf(x);
      return s.exp(size === undefined ? x : s.neg(s.abs(size)));
    },
    add: folded((x, y) => x + y, s.add),
    sub: folded(
      (x, y) => x - y,
      (x, y) => (isNumber(y, 0) && x.type === "float" ? x : s.sub(x, y)),
    ),
    mul: folded(
      (x, y) => x * y,
      (x, y) => {
        if (isNumber(y, 1) && x.type === "float") return x;
        if (isNumber(x, 1) && y.type === "float") return y;
        if (isNumber(y, -1) && x.type === "float") return s.neg(x);
        if (isNumber(x, -1) && y.type === "float") return s.neg(y);
        return s.mul(x, y);
      },
    ),
    div: folded(
      (x, y) => x / y,
      (x, y) => (isNumber(y, 1) && x.type === "float" ? x : s.div(x, y)),
    ),
    equal: compared(real.equal, s.equal),
    less: compared(real.less, s.less),
    lessEqual: compared(real.lessEqual, s.lessEqual),
    select: (condition, x, y) => {
      const known = truth(condition);
      if (known === undefined) return x === y ? x : s.select(condition, x, y);
      return known ? x : y;
    },
    round32: (x) => (precision === "f32" ? x : x.kind === "constant" ? s.constant(Math.fround(x.value)) : s.round32(x)),
  };
}

/** The x of `x < 0 ? x : -x`, or of `-x < 0 ? -x : x`. */
function negativeSizeOf({ kind, args }: Expression): Expression | undefined {
  if (kind !== "select") return undefined;
  const [condition, x, y] = args as [Expression, Expression, Expression];
  const isBelowZero =
    condition.kind === "less" && condition.args[0] === x && condition.args[1]!.kind === "constant" && condition.args[1]!.value === 0;
  if (!isBelowZero) return undefined;
  if (y.kind === "neg" && y.args[0] === x) return x;
  return x.kind === "neg" && x.args[0] === y ? y : undefined;
}

/** How a function of the module is called. */
export type Call = (kind: ExpressionKind, args: readonly Value[]) => Value;

/** What an expression becomes over lanes. */
export interface Vectoriser {
  /** Vectors of floats, masks for truth values, lanes of 32 bits (the low half of a vector where floats have 64) for integers. */
  readonly vector: (x: Expression) => Value;
}

/** What `combine` makes of an expression from its arguments' results; those in `known` are not made again, and all made are added to it. */
export function foldExpression<T>(root: Expression, known: Map<Expression, T>, combine: (x: Expression, args: readonly T[]) => T): T {
  const stack: Expression[] = [root];
  while (stack.length > 0) {
    const x = stack[stack.length - 1]!;
    const before = stack.length;
    const args: T[] = [];
    if (!known.has(x)) {
      for (const arg of x.args) {
        const made = known.get(arg);
        if (made === undefined) stack.push(arg);
        else args.push(made);
      }
      if (stack.length > before) continue;
      known.set(x, combine(x, args));
    }
    stack.pop();
  }
  return known.get(root)!;
}

/**
 * How one body's expressions are read: `variable` gives the vector of a variable, `call` the result of a function of the module; `given` are
 * those that are known.
 */
export function vectoriser(
  m: Lanes,
  variable: (x: Expression) => Value,
  call: Call,
  given: Iterable<readonly [Expression, Value]> = [],
): Vectoriser {
  const known = new Map<Expression, Value>(given);
  return { vector: (root) => foldExpression(root, known, (x, args) => convertOne(m, x, args, variable, call)) };
}

function convertOne(m: Lanes, x: Expression, args: readonly Value[], variable: (x: Expression) => Value, call: Call): Value {
  const [a, b, c] = args as [Value, Value, Value];
  switch (x.kind) {
    case "constant":
      if (x.type === "float") return m.constant(x.value);
      return integers(m, x.value);
    case "variable":
      return variable(x);
    case "convert":
      return convert(m, x.args[0]!.type, x.type, a);
    case "and":
      return m.and(a, b);
    case "or":
      return m.or(a, b);
    case "not":
      return m.not(a);
    case "select": {
      const mask = x.type === "int" && m.precision === "f64" ? narrowMask(m, a) : a;
      return m.select(mask, b, c);
    }
  }
  const type = x.args[x.args.length - 1]!.type;
  if (type === "float") return floatOperation(m, x.kind, args, call);
  return integerOperation(m, x.kind, args, type);
}

const integers = (m: Lanes, value: number): Value =>
  m.apply(["v128.const", new Uint8Array(Int32Array.of(value, value, value, value).buffer)], []);

/** A mask over 64-bit lanes as one over the low 32-bit lanes. */
const narrowMask = (m: Lanes, mask: Value): Value =>
  m.apply(["i8x16.shuffle", Uint8Array.of(0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11)], [mask, mask]);

/** A mask over 32-bit lanes as one over the lanes of the precision. */
const widenMask = (m: Lanes, mask: Value): Value => (m.precision === "f64" ? m.apply(["i64x2.extend_low_i32x4_s"], [mask]) : mask);

function convert(m: Lanes, from: ScalarType, to: ScalarType, x: Value): Value {
  if (to === "float") {
    if (from === "bool") return m.and(x, m.constant(1));
    return m.apply([m.precision === "f64" ? "f64x2.convert_low_i32x4_s" : "f32x4.convert_i32x4_s"], [x]);
  }
  if (to === "bool") {
    if (from === "float") return m.notEqual(x, m.constant(0));
    return widenMask(m, m.apply(["i32x4.ne"], [x, integers(m, 0)]));
  }
  const mask = m.precision === "f64" ? narrowMask(m, x) : x;
  return m.and(mask, integers(m, 1));
}

function floatOperation(m: Lanes, kind: ExpressionKind, args: readonly Value[], call: Call): Value {
  const [a, b] = args as [Value, Value];
  switch (kind) {
    case "add":
    case "sub":
    case "mul":
    case "div":
    case "min":
    case "max":
    case "less":
    case "lessEqual":
    case "equal":
      return m[kind](a, b);
    case "neg":
    case "abs":
    case "sqrt":
    case "floor":
    case "ceil":
    case "round":
      return m[kind](a);
    case "sign":
      return signOf(m, a);
    case "isNaN":
      return m.notEqual(a, a);
    case "isFinite":
      return m.equal(m.sub(a, a), m.constant(0));
    case "round32":
      return m.precision === "f32" ? a : m.apply(["f64x2.promote_low_f32x4"], [m.apply(["f32x4.demote_f64x2_zero"], [a])]);
    default:
      return call(kind, args);
  }
}

/** −1, 0 or 1; NaN stays, and so does the sign of a zero. */
function signOf(m: Lanes, x: Value): Value {
  const one = m.or(m.and(x, m.constant(-0)), m.constant(1));
  const isZeroOrNaN = m.or(m.equal(x, m.constant(0)), m.notEqual(x, x));
  return m.select(isZeroOrNaN, x, one);
}

function integerOperation(m: Lanes, kind: ExpressionKind, [a, b]: readonly Value[], type: ScalarType): Value {
  const apply = (name: string, ...args: Value[]): Value => m.apply([`i32x4.${name}`], args);
  const mask = (value: Value): Value => widenMask(m, value);
  switch (kind) {
    case "add":
    case "sub":
    case "mul":
      return apply(kind, a!, b!);
    case "neg":
    case "abs":
      return apply(kind, a!);
    case "sign":
      return apply("sub", apply("lt_s", a!, integers(m, 0)), apply("gt_s", a!, integers(m, 0)));
    case "floor":
    case "ceil":
    case "round":
      return a!;
    case "min":
      return apply("min_s", a!, b!);
    case "max":
      return apply("max_s", a!, b!);
    case "bitAnd":
      return m.and(a!, b!);
    case "bitOr":
      return m.or(a!, b!);
    case "bitXor":
      return m.xor(a!, b!);
    case "less":
      return mask(apply("lt_s", a!, b!));
    case "lessEqual":
      return mask(apply("le_s", a!, b!));
    case "equal":
      return mask(apply("eq", a!, b!));
  }
  throw new Error(`compile: no vector form — ${kind} of ${type}; run it as a loop program`);
}
