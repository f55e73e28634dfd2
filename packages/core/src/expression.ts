/**
 * Scalar expressions as values: typed, hash-consed, with sharing kept. A row of the op table is run once over this arithmetic
 * and everything that emits or interprets code reads the result. It knows nothing of loops, printers or tensors.
 */
import {
  binaryOperations,
  binaryQuestions,
  type IntegerArithmetic,
  integerOperations,
  unaryOperations,
  unaryQuestions,
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

/** A fresh arithmetic of expressions; expressions of different arithmetics do not mix. */
export function expressionArithmetic(): ExpressionArithmetic {
  const table = new Map<string, Expression>();

  function make(kind: ExpressionKind, type: ScalarType, args: readonly Expression[], value = 0, name = ""): Expression {
    const key = `${kind}|${type}|${args.map((arg) => arg.id).join(",")}|${Object.is(value, -0) ? "-0" : value}|${name}`;
    const found = table.get(key);
    if (found !== undefined) return found;
    const made: Expression = { kind, type, args, value, name, id: table.size };
    table.set(key, made);
    return made;
  }

  const constant = (value: number): Expression => make("constant", "float", [], value);
  const integer = (value: number): Expression => make("constant", "int", [], value | 0);
  const isIntegral = (x: Expression): boolean => x.type !== "float" || (x.kind === "constant" && x.value === (x.value | 0));

  function convert(x: Expression, type: ScalarType): Expression {
    if (x.type === type) return x;
    if (x.kind === "constant") {
      if (type === "float") return constant(x.value);
      if (type === "int") return integer(Math.trunc(x.value));
    }
    return make("convert", type, [x]);
  }

  /** The common type of numeric operands: int when an integer operation meets integers (a whole constant counts), else float. */
  function commonType(kind: ExpressionKind, args: readonly Expression[]): ScalarType {
    return keepsIntegers.has(kind) && args.every(isIntegral) && args.some((arg) => arg.type !== "float") ? "int" : "float";
  }

  function numeric(kind: ExpressionKind, args: readonly Expression[]): Expression {
    const type = commonType(kind, args);
    return make(
      kind,
      type,
      args.map((arg) => convert(arg, type)),
    );
  }

  function question(kind: ExpressionKind, args: readonly Expression[]): Expression {
    const type = commonType(kind, args);
    return make(
      kind,
      "bool",
      args.map((arg) => convert(arg, type)),
    );
  }

  const logical = (kind: "not" | "and" | "or", args: readonly Expression[]): Expression =>
    make(
      kind,
      "bool",
      args.map((arg) => convert(arg, "bool")),
    );

  function select(condition: Expression, x: Expression, y: Expression): Expression {
    const type = x.type === "bool" && y.type === "bool" ? "bool" : commonType("select", [x, y]);
    return make("select", type, [convert(condition, "bool"), convert(x, type), convert(y, type)]);
  }

  const entries: Record<string, unknown> = {};
  for (const kind of unaryOperations) entries[kind] = (x: Expression) => numeric(kind, [x]);
  for (const kind of binaryOperations) entries[kind] = (x: Expression, y: Expression) => numeric(kind, [x, y]);
  for (const kind of unaryQuestions) entries[kind] = (x: Expression) => question(kind, [x]);
  for (const kind of binaryQuestions) entries[kind] = (x: Expression, y: Expression) => question(kind, [x, y]);
  for (const kind of integerOperations) {
    entries[kind] = (x: Expression, y: Expression) => make(kind, "int", [convert(x, "int"), convert(y, "int")]);
  }
  return {
    ...(entries as unknown as IntegerArithmetic<Expression>),
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
    select,
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
