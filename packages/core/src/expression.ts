/**
 * Scalar expressions as values: typed, hash-consed, with sharing kept. A row of the op table is run once over this arithmetic
 * and everything that emits or interprets code reads the result. It knows nothing of loops, printers or tensors.
 */
import {
  type IntegerArithmetic,
  integerOperations,
  type BinaryOperation,
  type BinaryQuestion,
  type IntegerOperation,
  type UnaryOperation,
  type UnaryQuestion,
} from "./arithmetic.ts";

/** `float` is an element of the number system; `bool` a truth value of it; `int` a plain 32-bit integer in every system. */
export type ScalarType = "float" | "int" | "bool";

export type ExpressionKind =
  | UnaryOperation
  | BinaryOperation
  | UnaryQuestion
  | BinaryQuestion
  | IntegerOperation
  | "constant"
  | "variable"
  | "load"
  | "convert"
  | "polygamma"
  | "round32"
  | "not"
  | "and"
  | "or"
  | "select";

export interface Expression {
  readonly kind: ExpressionKind;
  readonly type: ScalarType;
  readonly args: readonly Expression[];
  /** The value of a constant, the order of a polygamma. */
  readonly value: number;
  /** The name of a variable, the buffer of a load. */
  readonly name: string;
  readonly id: number;
}

export interface ExpressionArithmetic extends IntegerArithmetic<Expression> {
  readonly integer: (value: number) => Expression;
  readonly variable: (name: string, type: ScalarType) => Expression;
  readonly load: (buffer: string, type: ScalarType, index: Expression) => Expression;
  /** float to int truncates towards zero and wraps; to bool asks whether it is not 0; bool to a number gives 0 or 1. */
  readonly convert: (x: Expression, type: ScalarType) => Expression;
}

/** These keep integers integer; every other operation takes its arguments as floats. */
const keepsIntegers = new Set<ExpressionKind>([
  "neg",
  "abs",
  "sign",
  "floor",
  "ceil",
  "round",
  "add",
  "sub",
  "mul",
  "remainder",
  "min",
  "max",
  "less",
  "lessEqual",
  "equal",
  "select",
  ...integerOperations,
]);

/** An expression in a table, with the next one of the same hash. */
interface Entry extends Expression {
  readonly next: Entry | undefined;
}

/** A number that equal expressions share. */
function hashOf(kind: ExpressionKind, args: readonly Expression[], value: number, name: string): number {
  let hash = kind.length * 64 + kind.charCodeAt(kind.length - 1);
  for (let i = 0; i < args.length; i++) hash = (Math.imul(hash, 31) + args[i]!.id) | 0;
  for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 31) + name.charCodeAt(i)) | 0;
  return value === 0 ? hash : (hash + Math.imul(value * 1024, 0x9e3779b1)) | 0;
}

function sameArguments(x: readonly Expression[], y: readonly Expression[]): boolean {
  if (x.length !== y.length) return false;
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
  return true;
}

const isIntegral = (x: Expression): boolean => x.type !== "float" || (x.kind === "constant" && x.value === (x.value | 0));

/** The common type of numeric operands: int when an integer operation meets integers (a whole constant counts), else float. */
function commonType(kind: ExpressionKind, args: readonly Expression[]): ScalarType {
  let anyInteger = false;
  for (let i = 0; i < args.length; i++) {
    if (args[i]!.type !== "float") anyInteger = true;
    else if (!isIntegral(args[i]!)) return "float";
  }
  return anyInteger && keepsIntegers.has(kind) ? "int" : "float";
}

/** A fresh arithmetic of expressions; expressions of different arithmetics do not mix. */
export function expressionArithmetic(): ExpressionArithmetic {
  const table = new Map<number, Entry>();
  let count = 0;

  function make(kind: ExpressionKind, type: ScalarType, args: readonly Expression[], value = 0, name = ""): Expression {
    const hash = hashOf(kind, args, value, name);
    const next = table.get(hash);
    for (let x = next; x !== undefined; x = x.next) {
      if (x.kind === kind && x.type === type && x.name === name && Object.is(x.value, value) && sameArguments(x.args, args)) return x;
    }
    const made: Entry = { kind, type, args, value, name, id: count++, next };
    table.set(hash, made);
    return made;
  }

  const constant = (value: number): Expression => make("constant", "float", [], value);
  const integer = (value: number): Expression => make("constant", "int", [], value | 0);

  function convert(x: Expression, type: ScalarType): Expression {
    if (x.type === type) return x;
    if (x.kind === "constant") {
      if (type === "float") return constant(x.value);
      if (type === "int") return integer(Math.trunc(x.value));
    }
    return make("convert", type, [x]);
  }

  const converted = (args: readonly Expression[], type: ScalarType): readonly Expression[] =>
    args.every((arg) => arg.type === type) ? args : args.map((arg) => convert(arg, type));
  function numeric(kind: ExpressionKind, args: readonly Expression[]): Expression {
    const type = commonType(kind, args);
    return make(kind, type, converted(args, type));
  }
  const unary = (kind: UnaryOperation) => (x: Expression) => numeric(kind, [x]);
  const binary = (kind: BinaryOperation) => (x: Expression, y: Expression) => numeric(kind, [x, y]);
  const question = (kind: UnaryQuestion | BinaryQuestion, args: readonly Expression[]): Expression =>
    make(kind, "bool", converted(args, commonType(kind, args)));
  const logical = (kind: "not" | "and" | "or", args: readonly Expression[]): Expression => make(kind, "bool", converted(args, "bool"));
  const whole = (kind: IntegerOperation) => (x: Expression, y: Expression) => make(kind, "int", converted([x, y], "int"));

  // Written out, for a program makes many of these, and an object filled key by key costs ten times as much.
  return {
    neg: unary("neg"),
    abs: unary("abs"),
    sign: unary("sign"),
    sqrt: unary("sqrt"),
    cbrt: unary("cbrt"),
    exp: unary("exp"),
    exp2: unary("exp2"),
    expm1: unary("expm1"),
    log: unary("log"),
    log2: unary("log2"),
    log10: unary("log10"),
    log1p: unary("log1p"),
    sin: unary("sin"),
    cos: unary("cos"),
    tan: unary("tan"),
    asin: unary("asin"),
    acos: unary("acos"),
    atan: unary("atan"),
    sinh: unary("sinh"),
    cosh: unary("cosh"),
    tanh: unary("tanh"),
    asinh: unary("asinh"),
    acosh: unary("acosh"),
    atanh: unary("atanh"),
    erf: unary("erf"),
    erfc: unary("erfc"),
    erfcx: unary("erfcx"),
    lgamma: unary("lgamma"),
    floor: unary("floor"),
    ceil: unary("ceil"),
    round: unary("round"),
    add: binary("add"),
    sub: binary("sub"),
    mul: binary("mul"),
    div: binary("div"),
    pow: binary("pow"),
    atan2: binary("atan2"),
    remainder: binary("remainder"),
    min: binary("min"),
    max: binary("max"),
    isNaN: (x) => question("isNaN", [x]),
    isFinite: (x) => question("isFinite", [x]),
    less: (x, y) => question("less", [x, y]),
    lessEqual: (x, y) => question("lessEqual", [x, y]),
    equal: (x, y) => question("equal", [x, y]),
    bitAnd: whole("bitAnd"),
    bitOr: whole("bitOr"),
    bitXor: whole("bitXor"),
    shiftLeft: whole("shiftLeft"),
    shiftRight: whole("shiftRight"),
    shiftRightLogical: whole("shiftRightLogical"),
    quotient: whole("quotient"),
    name: "expression",
    constant,
    integer,
    variable: (name, type) => make("variable", type, [], 0, name),
    load: (buffer, type, index) => make("load", type, [convert(index, "int")], 0, buffer),
    convert,
    polygamma: (order, x) => make("polygamma", "float", [convert(x, "float")], order),
    round32: (x) => make("round32", "float", [convert(x, "float")]),
    not: (x) => logical("not", [x]),
    and: (x, y) => logical("and", [x, y]),
    or: (x, y) => logical("or", [x, y]),
    select: (condition, x, y) => {
      const type = x.type === "bool" && y.type === "bool" ? "bool" : commonType("select", [x, y]);
      return make("select", type, [convert(condition, "bool"), convert(x, type), convert(y, type)]);
    },
  };
}

/** The expressions under `roots`, each once, arguments before what uses them. */
export function postorder(roots: readonly Expression[]): Expression[] {
  const out: Expression[] = [];
  const state = new Map<Expression, boolean>();
  const stack: Expression[] = [...roots].reverse();
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!;
    const done = state.get(top);
    if (done === undefined) {
      state.set(top, false);
      for (let i = top.args.length - 1; i >= 0; i--) if (!state.has(top.args[i]!)) stack.push(top.args[i]!);
    } else {
      stack.pop();
      if (!done) out.push(top);
      state.set(top, true);
    }
  }
  return out;
}
