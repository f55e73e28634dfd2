/**
 * Runs a loop program over any number system. Floats and truth values are elements of the system; indices and int data are plain
 * integers, so a system is asked to decide wherever control flow or an index depends on one of its elements.
 */
import type { NumberSystem } from "../arithmetic.ts";
import { type Expression, postorder } from "../expression.ts";
import { remainder } from "../kernels/special.ts";
import type { Program, Statement } from "./program.ts";

/** Elements for float and bool buffers, integers for int buffers. */
export type SystemArray<V> = (V | number)[];

type Frame<V> = { readonly variables: Map<string, V | number>; readonly buffers: Map<string, SystemArray<V>> };
type Step<V> = (frame: Frame<V>) => void;
type Evaluate<V> = (frame: Frame<V>) => V | number;

/** The program as a function of buffers (inputs and outputs in declared order), scalars and integers. */
export function interpret<V>(
  program: Program,
  system: NumberSystem<V>,
): (buffers: readonly SystemArray<V>[], scalars: readonly (V | number)[], integers: readonly number[]) => void {
  const body = compileStatements(program.body, system);
  const lengths = program.buffers.map((buffer) => (buffer.length === undefined ? undefined : compileExpression(buffer.length, system)));
  const zero = system.constant(0);
  return (buffers, scalars, integers) => {
    const frame: Frame<V> = { variables: new Map(), buffers: new Map() };
    program.scalars.forEach((variable, i) => frame.variables.set(variable.name, scalars[i]!));
    program.integers.forEach((variable, i) => frame.variables.set(variable.name, integers[i]!));
    let given = 0;
    program.buffers.forEach((buffer, i) => {
      const length = lengths[i];
      const array =
        length === undefined ? buffers[given++]! : new Array<V | number>(length(frame) as number).fill(buffer.type === "int" ? 0 : zero);
      frame.buffers.set(buffer.name, array);
    });
    body(frame);
  };
}

/** One expression as a function of its variables. */
export function interpretExpression<V>(
  variables: readonly Expression[],
  value: Expression,
  system: NumberSystem<V>,
): (x: readonly (V | number)[]) => V {
  const evaluate = compileExpression(value, system);
  return (x) => evaluate({ variables: new Map(variables.map((variable, i) => [variable.name, x[i]!])), buffers: new Map() }) as V;
}

function compileStatements<V>(statements: readonly Statement[], system: NumberSystem<V>): Step<V> {
  const steps = statements.map((statement) => compileStatement(statement, system));
  return (frame) => {
    for (let i = 0; i < steps.length; i++) steps[i]!(frame);
  };
}

function compileStatement<V>(statement: Statement, system: NumberSystem<V>): Step<V> {
  switch (statement.kind) {
    case "let":
    case "set": {
      const value = compileExpression(statement.value, system);
      const name = statement.variable.name;
      return (frame) => {
        frame.variables.set(name, value(frame));
      };
    }
    case "store": {
      const index = compileExpression(statement.index, system);
      const value = compileExpression(statement.value, system);
      const name = statement.buffer;
      return (frame) => {
        frame.buffers.get(name)![index(frame) as number] = value(frame);
      };
    }
    case "for": {
      const from = compileExpression(statement.from, system);
      const to = compileExpression(statement.to, system);
      const body = compileStatements(statement.body, system);
      const name = statement.variable.name;
      return (frame) => {
        const end = to(frame) as number;
        for (let i = from(frame) as number; i < end; i++) {
          frame.variables.set(name, i);
          body(frame);
        }
      };
    }
    case "while": {
      const condition = compileCondition(statement.condition, system);
      const body = compileStatements(statement.body, system);
      return (frame) => {
        while (condition(frame)) body(frame);
      };
    }
    case "if": {
      const condition = compileCondition(statement.condition, system);
      const then = compileStatements(statement.then, system);
      const otherwise = compileStatements(statement.otherwise, system);
      return (frame) => (condition(frame) ? then : otherwise)(frame);
    }
  }
}

function compileCondition<V>(condition: Expression, system: NumberSystem<V>): (frame: Frame<V>) => boolean {
  const value = compileExpression(condition, system);
  return (frame) => system.decide(value(frame) as V);
}

/** Straight-line code in slots: no recursion, each shared expression computed once. */
function compileExpression<V>(root: Expression, system: NumberSystem<V>): Evaluate<V> {
  const order = postorder([root]);
  const slot = new Map(order.map((expression, i) => [expression, i]));
  const last = order.length - 1;
  const code = order.map((expression) =>
    compileNode(
      expression,
      expression.args.map((arg) => slot.get(arg)!),
      system,
    ),
  );
  return (frame) => {
    const slots = new Array<V | number>(order.length);
    for (let i = 0; i <= last; i++) slots[i] = code[i]!(slots, frame);
    return slots[last]!;
  };
}

type Instruction<V> = (slots: readonly (V | number)[], frame: Frame<V>) => V | number;

function compileNode<V>(x: Expression, args: readonly number[], system: NumberSystem<V>): Instruction<V> {
  const [a, b, c] = args as [number, number, number];
  switch (x.kind) {
    case "constant": {
      const value = x.type === "int" ? x.value : system.constant(x.value);
      return () => value;
    }
    case "variable":
      return (_, frame) => frame.variables.get(x.name)!;
    case "load":
      return (slots, frame) => frame.buffers.get(x.name)![slots[a] as number]!;
    case "convert":
      return compileConversion(x, a, system);
    case "polygamma":
      return (slots) => system.polygamma(x.value, slots[a] as V);
    case "select":
      if (x.type === "int") return (slots) => (system.decide(slots[a] as V) ? slots[b]! : slots[c]!);
      return (slots) => system.select(slots[a] as V, slots[b] as V, slots[c] as V);
  }
  if (x.args[0]!.type === "int") return compileInteger(x, args, system);
  const apply = system[x.kind as "add"] as (x: V, y?: V) => V;
  return b === undefined ? (slots) => apply(slots[a] as V) : (slots) => apply(slots[a] as V, slots[b] as V);
}

function compileConversion<V>(x: Expression, a: number, system: NumberSystem<V>): Instruction<V> {
  const from = x.args[0]!.type;
  const zero = system.constant(0);
  if (from === "int") return (slots) => system.constant(x.type === "bool" ? ((slots[a] as number) !== 0 ? 1 : 0) : (slots[a] as number));
  if (x.type === "bool") return (slots) => system.not(system.equal(slots[a] as V, zero));
  if (x.type === "float") return (slots) => slots[a]!;
  if (from === "bool") return (slots) => (system.decide(slots[a] as V) ? 1 : 0);
  return (slots) => truncate(slots[a] as V, system);
}

/** The integer part, once the system has decided that the element has only one. */
function truncate<V>(x: V, system: NumberSystem<V>): number {
  const whole = Math.trunc(system.toNumber(x));
  if (!Number.isFinite(whole)) return 0;
  const below = system.constant(whole > 0 ? whole : whole - 1);
  const above = system.constant(whole < 0 ? whole : whole + 1);
  const inside =
    whole === 0
      ? system.and(system.less(below, x), system.less(x, above))
      : whole > 0
        ? system.and(system.lessEqual(below, x), system.less(x, above))
        : system.and(system.less(below, x), system.lessEqual(x, above));
  system.decide(inside);
  return whole | 0;
}

const integerFunctions: Record<string, (x: number, y: number) => number> = {
  neg: (x) => -x | 0,
  abs: (x) => Math.abs(x) | 0,
  sign: (x) => Math.sign(x),
  floor: (x) => x,
  ceil: (x) => x,
  round: (x) => x,
  add: (x, y) => (x + y) | 0,
  sub: (x, y) => (x - y) | 0,
  mul: (x, y) => Math.imul(x, y),
  remainder: (x, y) => remainder(x, y) | 0,
  quotient: (x, y) => (x / y) | 0,
  min: (x, y) => Math.min(x, y),
  max: (x, y) => Math.max(x, y),
  bitAnd: (x, y) => x & y,
  bitOr: (x, y) => x | y,
  bitXor: (x, y) => x ^ y,
  shiftLeft: (x, y) => x << y,
  shiftRight: (x, y) => x >> y,
  shiftRightLogical: (x, y) => (x >>> y) | 0,
};

const integerQuestions: Record<string, (x: number, y: number) => boolean> = {
  less: (x, y) => x < y,
  lessEqual: (x, y) => x <= y,
  equal: (x, y) => x === y,
};

function compileInteger<V>(x: Expression, args: readonly number[], system: NumberSystem<V>): Instruction<V> {
  const [a, b] = args as [number, number];
  const question = integerQuestions[x.kind];
  if (question !== undefined) {
    const [no, yes] = [system.constant(0), system.constant(1)];
    return (slots) => (question(slots[a] as number, slots[b] as number) ? yes : no);
  }
  const apply = integerFunctions[x.kind]!;
  return (slots) => apply(slots[a] as number, slots[b] as number);
}
