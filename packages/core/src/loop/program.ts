/**
 * Loop programs: the small structured language that every op lowers to. It knows buffers, scalar variables, loops and
 * stores, and offers a builder; it does not know how a program is printed or run, nor what a tensor is.
 */
import { argumentError } from "../errors.ts";
import { type Expression, type ExpressionArithmetic, expressionArithmetic, type ScalarType } from "../expression.ts";

export type Role = "input" | "output" | "scratch";

/** A flat array that the program reads or writes. Scratch is allocated by whoever runs the program. */
export interface Buffer {
  readonly name: string;
  readonly type: ScalarType;
  readonly role: Role;
  /** The length of scratch, in terms of the integer parameters; inputs and outputs are as long as they come. */
  readonly length: Expression | undefined;
}

export type Statement =
  | { readonly kind: "let" | "set"; readonly variable: Expression; readonly value: Expression }
  | { readonly kind: "store"; readonly buffer: string; readonly index: Expression; readonly value: Expression }
  | {
      readonly kind: "for";
      readonly variable: Expression;
      readonly from: Expression;
      readonly to: Expression;
      readonly body: readonly Statement[];
    }
  | { readonly kind: "while"; readonly condition: Expression; readonly body: readonly Statement[] }
  | { readonly kind: "if"; readonly condition: Expression; readonly then: readonly Statement[]; readonly otherwise: readonly Statement[] };

/**
 * A program over buffers, float-or-other `scalars` and `integers` given at each run: sizes, strides and offsets are integers, so one
 * program serves every shape. Parameters are passed in the order buffers, scalars, integers.
 */
export interface Program {
  readonly name: string;
  readonly buffers: readonly Buffer[];
  readonly scalars: readonly Expression[];
  readonly integers: readonly Expression[];
  readonly body: readonly Statement[];
}

/** An operand of index arithmetic: an int expression or a literal. */
export type Index = Expression | number;

/** Writes a program statement by statement; a body function's statements land in the enclosing loop. */
export interface ProgramBuilder {
  readonly arithmetic: ExpressionArithmetic;
  readonly input: (name: string, type: ScalarType) => Buffer;
  readonly output: (name: string, type: ScalarType) => Buffer;
  readonly scratch: (name: string, type: ScalarType, length: Index) => Buffer;
  readonly scalar: (name: string, type: ScalarType) => Expression;
  readonly integer: (name: string) => Expression;
  readonly load: (buffer: Buffer, index: Index) => Expression;
  readonly store: (buffer: Buffer, index: Index, value: Expression) => void;
  /** A mutable local of the value's type. */
  readonly let: (value: Expression) => Expression;
  readonly set: (variable: Expression, value: Expression) => void;
  readonly for: (from: Index, to: Index, body: (index: Expression) => void) => void;
  readonly while: (condition: Expression, body: () => void) => void;
  readonly if: (condition: Expression, then: () => void, otherwise?: () => void) => void;
  /** Integer sums and products of indices; literals fold, so that 0 and 1 leave no code. */
  readonly plus: (...terms: readonly Index[]) => Expression;
  readonly times: (...factors: readonly Index[]) => Expression;
}

/** What a table holds under a key, made once: programs differ in structure only, so a key is made of types, ranks and flags. */
export function memo<K, V>(table: Map<K, V>, key: K, make: () => V): V {
  let found = table.get(key);
  if (found === undefined) table.set(key, (found = make()));
  return found;
}

/** Integers combined from left to right, the literals among them into one at the end. */
function fold(
  s: ExpressionArithmetic,
  items: readonly Index[],
  unit: number,
  combine: (x: number, y: number) => number,
  apply: (x: Expression, y: Expression) => Expression,
): Expression {
  let literal = unit;
  let out: Expression | undefined;
  for (const item of items) {
    const known = typeof item === "number" ? item : item.kind === "constant" ? item.value : undefined;
    if (known !== undefined) literal = combine(literal, known);
    else out = out === undefined ? (item as Expression) : apply(out, item as Expression);
  }
  if (out === undefined) return s.integer(literal);
  return literal === unit ? out : apply(out, s.integer(literal));
}

const plus = (s: ExpressionArithmetic, terms: readonly Index[]): Expression => fold(s, terms, 0, (x, y) => (x + y) | 0, s.add);

function times(s: ExpressionArithmetic, factors: readonly Index[]): Expression {
  const out = fold(s, factors, 1, Math.imul, s.mul);
  return out.kind === "mul" && out.args[1]!.kind === "constant" && out.args[1]!.value === 0 ? s.integer(0) : out;
}

/** A loop program, written by a function that is handed the builder; parameters are passed in the order in which they are declared. */
export function buildProgram(name: string, write: (builder: ProgramBuilder) => void): Program {
  if (typeof write !== "function") throw argumentError("buildProgram", "not a function", write, "give one that writes with the builder");
  const s = expressionArithmetic();
  const buffers: Buffer[] = [];
  const scalars: Expression[] = [];
  const integers: Expression[] = [];
  const body: Statement[] = [];
  let current = body;
  let count = 0;

  const index = (x: Index): Expression => (typeof x === "number" ? s.integer(x) : x);
  const fresh = (prefix: string, type: ScalarType): Expression => s.variable(`${prefix}${count++}`, type);

  function declare(role: Role, name: string, type: ScalarType, length?: Expression): Buffer {
    const buffer: Buffer = { name, type, role, length };
    buffers.push(buffer);
    return buffer;
  }

  function within(write: () => void): Statement[] {
    const outer = current;
    const inner: Statement[] = [];
    current = inner;
    write();
    current = outer;
    return inner;
  }

  const builder: ProgramBuilder = {
    arithmetic: s,
    input: (name, type) => declare("input", name, type),
    output: (name, type) => declare("output", name, type),
    scratch: (name, type, length) => declare("scratch", name, type, index(length)),
    scalar: (name, type) => {
      const variable = s.variable(name, type);
      scalars.push(variable);
      return variable;
    },
    integer: (name) => {
      const variable = s.variable(name, "int");
      integers.push(variable);
      return variable;
    },
    load: (buffer, at) => s.load(buffer.name, buffer.type, index(at)),
    store: (buffer, at, value) => {
      current.push({ kind: "store", buffer: buffer.name, index: index(at), value: s.convert(value, buffer.type) });
    },
    let: (value) => {
      const variable = fresh("v", value.type);
      current.push({ kind: "let", variable, value });
      return variable;
    },
    set: (variable, value) => {
      current.push({ kind: "set", variable, value: s.convert(value, variable.type) });
    },
    for: (from, to, write) => {
      const variable = fresh("i", "int");
      const body = within(() => write(variable));
      current.push({ kind: "for", variable, from: index(from), to: index(to), body });
    },
    while: (condition, write) => {
      const body = within(write);
      current.push({ kind: "while", condition, body });
    },
    if: (condition, then, otherwise = () => {}) => {
      const taken = within(then);
      const other = within(otherwise);
      current.push({ kind: "if", condition, then: taken, otherwise: other });
    },
    plus: (...terms) => plus(s, terms),
    times: (...factors) => times(s, factors),
  };
  write(builder);
  return { name, buffers, scalars, integers, body };
}
