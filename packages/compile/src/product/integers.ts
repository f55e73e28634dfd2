/** Integer arithmetic on addresses and counters, written as lists of instructions. It knows locals and constants; it knows no matrix. */
import type { FunctionWriter, Label } from "../assembly/function.ts";
import type { Instruction } from "../assembly/module.ts";

/** Instructions that leave one value on the stack. */
export type Code = readonly Instruction[];

/** A local by its index, or instructions. */
export type Operand = number | Code;

const codeOf = (x: Operand): Code => (typeof x === "number" ? [["local.get", x]] : x);

const binary =
  (name: string) =>
  (x: Operand, y: Operand): Code => [...codeOf(x), ...codeOf(y), [name]];

export const get = (local: number): Code => [["local.get", local]];
export const integer = (value: number): Code => [["i32.const", value]];
export const add: (x: Operand, y: Operand) => Code = /* @__PURE__ */ binary("i32.add");
export const sub: (x: Operand, y: Operand) => Code = /* @__PURE__ */ binary("i32.sub");
export const mul: (x: Operand, y: Operand) => Code = /* @__PURE__ */ binary("i32.mul");
const quotient: (x: Operand, y: Operand) => Code = /* @__PURE__ */ binary("i32.div_u");
const remainder: (x: Operand, y: Operand) => Code = /* @__PURE__ */ binary("i32.rem_u");
export const and: (x: Operand, y: Operand) => Code = /* @__PURE__ */ binary("i32.and");
export const or: (x: Operand, y: Operand) => Code = /* @__PURE__ */ binary("i32.or");
export const less: (x: Operand, y: Operand) => Code = /* @__PURE__ */ binary("i32.lt_s");
export const atLeast: (x: Operand, y: Operand) => Code = /* @__PURE__ */ binary("i32.ge_s");
export const equal: (x: Operand, y: Operand) => Code = /* @__PURE__ */ binary("i32.eq");
export const differ: (x: Operand, y: Operand) => Code = /* @__PURE__ */ binary("i32.ne");
export const isZero = (x: Operand): Code => [...codeOf(x), ["i32.eqz"]];
export const times = (x: Operand, factor: number): Code => (factor === 1 ? codeOf(x) : mul(x, integer(factor)));
export const smaller = (x: Operand, y: Operand): Code => [...codeOf(x), ...codeOf(y), ...less(x, y), ["select"]];

/** The index along one of several axes of an entry that is counted along them all, the last fastest. */
export function digit(x: Operand, sizes: readonly number[], axis: number): Code {
  const inner = sizes.slice(axis + 1).reduce((product, size) => product * size, 1);
  const turns = inner === 1 ? codeOf(x) : quotient(x, integer(inner));
  return axis === 0 ? turns : remainder(turns, integer(sizes[axis]!));
}

/** ⌈x/y⌉ of integers from 0. */
export const ceilQuotient = (x: Operand, y: Operand): Code => quotient(sub(add(x, y), integer(1)), y);

export function emit(writer: FunctionWriter, ...codes: readonly Code[]): void {
  for (const code of codes) for (const instruction of code) writer.emit(...instruction);
}

export function assign(writer: FunctionWriter, local: number, value: Operand): void {
  emit(writer, codeOf(value));
  writer.emit("local.set", local);
}

/** A new integer local holding a value. */
export function letInteger(writer: FunctionWriter, value: Operand): number {
  const local = writer.local("i32");
  assign(writer, local, value);
  return local;
}

export const advance = (writer: FunctionWriter, local: number, by: Operand): void => assign(writer, local, add(local, by));

export function branchWhen(writer: FunctionWriter, label: Label, condition: Code): void {
  emit(writer, condition);
  writer.branchIf(label);
}

export function whenever(writer: FunctionWriter, condition: Code, then: () => void, otherwise?: () => void): void {
  emit(writer, condition);
  writer.when(then, otherwise);
}

/** Runs the body with a new counter 0, step, 2·step, … below `end`. */
export function count(writer: FunctionWriter, end: Operand, step: Operand, body: (counter: number) => void): void {
  const counter = letInteger(writer, integer(0));
  repeatBelow(writer, counter, end, step, () => body(counter));
}

/** Runs the body while the counter is below `end`, adding `step` after each run. */
export function repeatBelow(writer: FunctionWriter, counter: number, end: Operand, step: Operand, body: () => void): void {
  whenever(writer, less(counter, end), () =>
    writer.loop((start) => {
      body();
      advance(writer, counter, step);
      branchWhen(writer, start, less(counter, end));
    }),
  );
}

/** Calls a function of the module that gives nothing. */
export function call(writer: FunctionWriter, name: string, ...args: readonly Operand[]): void {
  emit(writer, ...args.map(codeOf), [["call", name]]);
}
