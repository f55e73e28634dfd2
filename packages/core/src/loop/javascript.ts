/** Prints a loop program as JavaScript and makes it a function; falls back to the interpreter where code generation is forbidden. */
import { type Expression, type ExpressionKind, postorder } from "../expression.ts";
import * as special from "../kernels/special.ts";
import { real } from "../systems/real.ts";
import type { TypedArray } from "../dtype.ts";
import { interpret, interpretExpression } from "./interpreter.ts";
import type { Program, Statement } from "./program.ts";

/** Runs a program on buffers (inputs and outputs in declared order), then scalars, then integers. */
export type Kernel = (...parameters: readonly (TypedArray | number)[]) => void;

let generationAllowed: boolean | undefined;

/** Whether the host lets strings become code; a strict content security policy does not. */
export function canGenerateCode(): boolean {
  if (generationAllowed === undefined) {
    try {
      generationAllowed = new Function("return 1")() === 1;
    } catch {
      generationAllowed = false;
    }
  }
  return generationAllowed;
}

/** Switches code generation off (or back to what the host allows), so that the fallback can be tested. */
export function forbidCodeGeneration(forbidden: boolean): void {
  generationAllowed = forbidden ? false : undefined;
}

/** The program as a function on typed arrays. */
export function compileKernel(program: Program): Kernel {
  const generated = canGenerateCode() ? (new Function("special", printJavaScript(program))(special) as Kernel) : undefined;
  return generated ?? interpretedKernel(program);
}

function interpretedKernel(program: Program): Kernel {
  const given = program.buffers.filter((buffer) => buffer.role !== "scratch").length;
  const run = interpret(program, real);
  return (...parameters) => {
    const buffers = parameters.slice(0, given) as unknown as number[][];
    const scalars = parameters.slice(given, given + program.scalars.length) as number[];
    run(buffers, scalars, parameters.slice(given + program.scalars.length) as number[]);
  };
}

/** A function of scalar variables from one expression. */
export function compileScalar(variables: readonly Expression[], value: Expression): (...x: number[]) => number {
  const result = value.type === "bool" ? "+" : "";
  if (canGenerateCode()) {
    const lines: string[] = [];
    const print = shared([value], lines, "  ");
    const source = `${preamble([value])}return (${variables.map((v) => v.name).join(", ")}) => {\n${variables.map(readBoolean).join("")}${lines.join("\n")}\nreturn ${result}${print(value)};\n};`;
    return new Function("special", source)(special) as (...x: number[]) => number;
  }
  const run = interpretExpression(variables, value, real);
  return (...x) => run(x);
}

/** Truth values are JavaScript booleans inside a program; a bool parameter arrives as 0 or 1. */
const readBoolean = (variable: Expression): string => (variable.type === "bool" ? `${variable.name} = ${variable.name} !== 0;\n` : "");

/** The source of a function body that returns the kernel. */
export function printJavaScript(program: Program): string {
  const given = program.buffers.filter((buffer) => buffer.role !== "scratch").map((buffer) => buffer.name);
  const parameters = [...given, ...program.scalars.map((x) => x.name), ...program.integers.map((x) => x.name)];
  const lines: string[] = [];
  for (const scalar of program.scalars) if (scalar.type === "bool") lines.push(`  ${readBoolean(scalar).trim()}`);
  for (const buffer of program.buffers) {
    if (buffer.role !== "scratch") continue;
    const array = buffer.type === "float" ? "Float64Array" : buffer.type === "int" ? "Int32Array" : "Uint8Array";
    const print = shared([buffer.length!], lines, "  ");
    lines.push(`  const ${buffer.name} = new ${array}(${print(buffer.length!)});`);
  }
  printStatements(program.body, lines, "  ");
  return `${preamble(expressionsOf(program.body))}return function ${program.name}(${parameters.join(", ")}) {\n${lines.join("\n")}\n};`;
}

function expressionsOf(statements: readonly Statement[]): Expression[] {
  const out: Expression[] = [];
  const pending = [...statements];
  while (pending.length > 0) {
    const statement = pending.pop()!;
    switch (statement.kind) {
      case "let":
      case "set":
        out.push(statement.value);
        break;
      case "store":
        out.push(statement.index, statement.value);
        break;
      case "for":
        out.push(statement.from, statement.to);
        pending.push(...statement.body);
        break;
      case "while":
        out.push(statement.condition);
        pending.push(...statement.body);
        break;
      case "if":
        out.push(statement.condition);
        pending.push(...statement.then, ...statement.otherwise);
        break;
    }
  }
  return out;
}

function preamble(roots: readonly Expression[]): string {
  const names = new Set<string>();
  for (const expression of postorder(roots)) {
    const name = calls[expression.kind];
    if (name !== undefined && !name.startsWith("Math.")) names.add(name);
  }
  return names.size === 0 ? "" : `const { ${[...names].join(", ")} } = special;\n`;
}

function printStatements(statements: readonly Statement[], lines: string[], indent: string): void {
  for (const statement of statements) printStatement(statement, lines, indent);
}

function printStatement(statement: Statement, lines: string[], indent: string): void {
  const deeper = `${indent}  `;
  switch (statement.kind) {
    case "let":
    case "set": {
      const print = shared([statement.value], lines, indent);
      lines.push(`${indent}${statement.kind === "let" ? "let " : ""}${statement.variable.name} = ${print(statement.value)};`);
      break;
    }
    case "store": {
      const print = shared([statement.index, statement.value], lines, indent);
      const value = print(statement.value);
      lines.push(
        `${indent}${statement.buffer}[${print(statement.index)}] = ${statement.value.type === "bool" ? `${value} ? 1 : 0` : value};`,
      );
      break;
    }
    case "for": {
      const print = shared([statement.from, statement.to], lines, indent);
      const i = statement.variable.name;
      lines.push(`${indent}for (let ${i} = ${print(statement.from)}, end_${i} = ${print(statement.to)}; ${i} < end_${i}; ${i}++) {`);
      printStatements(statement.body, lines, deeper);
      lines.push(`${indent}}`);
      break;
    }
    case "while": {
      lines.push(`${indent}for (;;) {`);
      const print = shared([statement.condition], lines, deeper);
      lines.push(`${deeper}if (!${print(statement.condition)}) break;`);
      printStatements(statement.body, lines, deeper);
      lines.push(`${indent}}`);
      break;
    }
    case "if": {
      const print = shared([statement.condition], lines, indent);
      lines.push(`${indent}if (${print(statement.condition)}) {`);
      printStatements(statement.then, lines, deeper);
      if (statement.otherwise.length > 0) {
        lines.push(`${indent}} else {`);
        printStatements(statement.otherwise, lines, deeper);
      }
      lines.push(`${indent}}`);
      break;
    }
  }
}

let temporaries = 0;

/** Declares what is used more than once under `roots` and returns a printer that refers to it. */
function shared(roots: readonly Expression[], lines: string[], indent: string): (x: Expression) => string {
  const order = postorder(roots);
  const uses = new Map<Expression, number>();
  for (const expression of order) for (const arg of expression.args) uses.set(arg, (uses.get(arg) ?? 0) + 1);
  for (const root of roots) uses.set(root, (uses.get(root) ?? 0) + 1);
  const text = new Map<Expression, string>();
  const print = (x: Expression): string => text.get(x)!;
  for (const expression of order) {
    let printed = printExpression(expression, print);
    if (uses.get(expression)! > 1 && expression.kind !== "constant" && expression.kind !== "variable") {
      const name = `t${temporaries++}`;
      lines.push(`${indent}const ${name} = ${printed};`);
      printed = name;
    }
    text.set(expression, printed);
  }
  return print;
}

const infix: Partial<Record<ExpressionKind, string>> = {
  add: "+",
  sub: "-",
  mul: "*",
  div: "/",
  less: "<",
  lessEqual: "<=",
  equal: "===",
  and: "&&",
  or: "||",
  bitAnd: "&",
  bitOr: "|",
  bitXor: "^",
  shiftLeft: "<<",
  shiftRight: ">>",
};

const calls: Partial<Record<ExpressionKind, string>> = {
  abs: "Math.abs",
  sign: "Math.sign",
  sqrt: "Math.sqrt",
  cbrt: "Math.cbrt",
  exp: "Math.exp",
  expm1: "Math.expm1",
  log: "Math.log",
  log2: "Math.log2",
  log10: "Math.log10",
  log1p: "Math.log1p",
  sin: "Math.sin",
  cos: "Math.cos",
  tan: "Math.tan",
  asin: "Math.asin",
  acos: "Math.acos",
  atan: "Math.atan",
  sinh: "Math.sinh",
  cosh: "Math.cosh",
  tanh: "Math.tanh",
  asinh: "Math.asinh",
  acosh: "Math.acosh",
  atanh: "Math.atanh",
  floor: "Math.floor",
  ceil: "Math.ceil",
  atan2: "Math.atan2",
  min: "Math.min",
  max: "Math.max",
  pow: "power",
  exp2: "exp2",
  erf: "erf",
  erfc: "erfc",
  erfcx: "erfcx",
  lgamma: "lgamma",
  polygamma: "polygamma",
  round: "roundHalfEven",
  remainder: "remainder",
  round32: "Math.fround",
};

function printExpression(x: Expression, print: (x: Expression) => string): string {
  const args = x.args.map(print);
  const [a, b, c] = args as [string, string, string];
  switch (x.kind) {
    case "constant":
      return Object.is(x.value, -0) ? "-0" : x.value < 0 ? `(${x.value})` : String(x.value);
    case "variable":
      return x.name;
    case "load":
      return x.type === "bool" ? `(${x.name}[${a}] !== 0)` : `${x.name}[${a}]`;
    case "convert":
      return x.type === "bool" ? `(${a} !== 0)` : x.args[0]!.type === "bool" ? `(${a} ? 1 : 0)` : x.type === "int" ? `(${a} | 0)` : a;
    case "select":
      return `(${a} ? ${b} : ${c})`;
    case "not":
      return `!${a}`;
    case "neg":
      return x.type === "int" ? `(-${a} | 0)` : `-(${a})`;
    case "isNaN":
      return `(${a} !== ${a})`;
    case "isFinite":
      return `(${a} - ${a} === 0)`;
    case "shiftRightLogical":
      return `(${a} >>> ${b} | 0)`;
    case "quotient":
      return `(${a} / ${b} | 0)`;
    case "polygamma":
      return `polygamma(${x.value}, ${a})`;
    case "floor":
    case "ceil":
    case "round":
      if (x.type === "int") return a;
      break;
    case "mul":
      if (x.type === "int") return `Math.imul(${a}, ${b})`;
      break;
  }
  const operator = infix[x.kind];
  if (operator !== undefined)
    return x.type === "int" && (x.kind === "add" || x.kind === "sub") ? `(${a} ${operator} ${b} | 0)` : `(${a} ${operator} ${b})`;
  const call = `${calls[x.kind]}(${args.join(", ")})`;
  return x.type === "int" ? `(${call} | 0)` : call;
}
