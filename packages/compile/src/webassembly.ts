/**
 * Prints a loop program as a WebAssembly module in text form. Values are computed in 64 bits and rounded when stored in float32; functions
 * that WebAssembly lacks are imported from `math`. It knows programs; it knows no op and no tensor.
 */
import {
  type Buffer,
  type Expression,
  type ExpressionKind,
  postorder,
  type Program,
  type ScalarType,
  type Statement,
} from "@cotangent/core/engine";

/** How the floats of each buffer lie in memory. */
export type FloatLayout = "f32" | "f64";

const wasmType = (type: ScalarType): string => (type === "float" ? "f64" : "i32");

/**
 * A module that imports `env.memory` and the functions it needs from `math`, and exports `run(buffers…, scalars…, integers…, heap)`: a byte
 * address a buffer (inputs and outputs in declared order), then f64 or i32 scalars, i32 integers, and the address where scratch may begin.
 * `floats` gives the layout of each of those buffers, and f64 for scratch.
 */
export function printWebAssembly(program: Program, floats: readonly FloatLayout[]): string {
  const given = program.buffers.filter((buffer) => buffer.role !== "scratch");
  const layouts = new Map<string, FloatLayout>(given.map((buffer, i) => [buffer.name, floats[i] ?? "f64"]));
  const printer = makePrinter(program, layouts);
  const body: string[] = [];
  for (const buffer of program.buffers) if (buffer.role === "scratch") body.push(...printer.placeScratch(buffer));
  for (const statement of program.body) body.push(...printer.statement(statement));
  const parameters = [
    ...given.map((buffer) => `(param $${buffer.name} i32)`),
    ...program.scalars.map((scalar) => `(param $${scalar.name} ${wasmType(scalar.type)})`),
    ...program.integers.map((integer) => `(param $${integer.name} i32)`),
    "(param $heap i32)",
  ];
  const locals = [...printer.locals].map(([name, type]) => `(local $${name} ${type})`);
  return `(module
  (import "env" "memory" (memory 1))
${printer.imports().join("\n")}
${integerDivision}
  (func (export "run") ${parameters.join(" ")}
    ${locals.join(" ")}
${body.map((line) => `    ${line}`).join("\n")}
  )
)`;
}

/** Division by zero gives zero and never traps, as in JavaScript's \`| 0\`; the remainder has the sign of its divisor. */
const integerDivision = `  (func $quotient (param $a i32) (param $b i32) (result i32)
    (if (result i32) (i32.eqz (local.get $b)) (then (i32.const 0))
      (else (if (result i32) (i32.eq (local.get $b) (i32.const -1)) (then (i32.sub (i32.const 0) (local.get $a)))
        (else (i32.div_s (local.get $a) (local.get $b)))))))
  (func $modulo (param $a i32) (param $b i32) (result i32) (local $r i32)
    (if (i32.or (i32.eqz (local.get $b)) (i32.eq (local.get $b) (i32.const -1))) (then (return (i32.const 0))))
    (local.set $r (i32.rem_s (local.get $a) (local.get $b)))
    (if (i32.and (i32.ne (local.get $r) (i32.const 0)) (i32.lt_s (i32.xor (local.get $r) (local.get $b)) (i32.const 0)))
      (then (local.set $r (i32.add (local.get $r) (local.get $b)))))
    (local.get $r))`;

const floatInstructions: Partial<Record<ExpressionKind, string>> = {
  add: "f64.add",
  sub: "f64.sub",
  mul: "f64.mul",
  div: "f64.div",
  neg: "f64.neg",
  abs: "f64.abs",
  sqrt: "f64.sqrt",
  floor: "f64.floor",
  ceil: "f64.ceil",
  round: "f64.nearest",
  min: "f64.min",
  max: "f64.max",
  less: "f64.lt",
  lessEqual: "f64.le",
  equal: "f64.eq",
};

const integerInstructions: Partial<Record<ExpressionKind, string>> = {
  add: "i32.add",
  sub: "i32.sub",
  mul: "i32.mul",
  bitAnd: "i32.and",
  bitOr: "i32.or",
  bitXor: "i32.xor",
  shiftLeft: "i32.shl",
  shiftRight: "i32.shr_s",
  shiftRightLogical: "i32.shr_u",
  less: "i32.lt_s",
  lessEqual: "i32.le_s",
  equal: "i32.eq",
  and: "i32.and",
  or: "i32.or",
  not: "i32.eqz",
  quotient: "call $quotient",
  remainder: "call $modulo",
};

/** What printing the body of one program gathers: locals to declare, functions to import. */
interface Printer {
  readonly locals: ReadonlyMap<string, string>;
  readonly imports: () => string[];
  readonly placeScratch: (buffer: Buffer) => string[];
  readonly statement: (statement: Statement) => string[];
}

function makePrinter(program: Program, layouts: ReadonlyMap<string, FloatLayout>): Printer {
  const locals = new Map<string, string>();
  const functions = new Map<string, string>();
  const buffers = new Map(program.buffers.map((buffer) => [buffer.name, buffer]));
  let labels = 0;
  let temporaries = 0;

  const imports = (): string[] => [...functions].map(([name, signature]) => `  (import "math" "${name}" (func $${name} ${signature}))`);

  /** Gives a scratch buffer its address and moves the heap past it, zeroed: memory is used again by later calls. */
  function placeScratch(buffer: Buffer): string[] {
    locals.set(buffer.name, "i32");
    const lines: string[] = [];
    const length = shared([buffer.length!], lines)(buffer.length!);
    const bytes = `(i32.mul ${length} (i32.const ${buffer.type === "float" ? 8 : buffer.type === "int" ? 4 : 1}))`;
    return [
      ...lines,
      `(local.set $${buffer.name} (local.get $heap))`,
      `(memory.fill (local.get $heap) (i32.const 0) ${bytes})`,
      `(local.set $heap (i32.and (i32.add (i32.add (local.get $heap) ${bytes}) (i32.const 7)) (i32.const -8)))`,
    ];
  }

  function printStatement(statement: Statement): string[] {
    const lines: string[] = [];
    switch (statement.kind) {
      case "let":
      case "set": {
        const value = shared([statement.value], lines)(statement.value);
        locals.set(statement.variable.name, wasmType(statement.variable.type));
        lines.push(`(local.set $${statement.variable.name} ${value})`);
        break;
      }
      case "store": {
        const print = shared([statement.index, statement.value], lines);
        lines.push(store(statement.buffer, print(statement.index), print(statement.value)));
        break;
      }
      case "for": {
        const print = shared([statement.from, statement.to], lines);
        const i = statement.variable.name;
        locals.set(i, "i32");
        locals.set(`end_${i}`, "i32");
        lines.push(`(local.set $${i} ${print(statement.from)})`, `(local.set $end_${i} ${print(statement.to)})`);
        const next = `(local.set $${i} (i32.add (local.get $${i}) (i32.const 1)))`;
        lines.push(...loop([`(br_if $exit (i32.ge_s (local.get $${i}) (local.get $end_${i})))`], [...block(statement.body), next]));
        break;
      }
      case "while": {
        const head: string[] = [];
        const condition = shared([statement.condition], head)(statement.condition);
        lines.push(...loop([...head, `(br_if $exit (i32.eqz ${condition}))`], block(statement.body)));
        break;
      }
      case "if": {
        const condition = shared([statement.condition], lines)(statement.condition);
        lines.push(`(if ${condition} (then`, ...block(statement.then), ") (else", ...block(statement.otherwise), "))");
        break;
      }
    }
    return lines;
  }

  function block(statements: readonly Statement[]): string[] {
    return statements.flatMap((one) => printStatement(one).map((line) => `  ${line}`));
  }

  function loop(head: readonly string[], body: readonly string[]): string[] {
    const label = labels++;
    const named = head.map((line) => line.replace("$exit", `$exit${label}`));
    return [`(block $exit${label} (loop $next${label}`, ...named.map((line) => `  ${line}`), ...body, `  (br $next${label})))`];
  }

  /** Sets a local for whatever is used more than once under `roots`; the result prints an expression in terms of them. */
  function shared(roots: readonly Expression[], lines: string[]): (x: Expression) => string {
    const order = postorder(roots);
    const uses = new Map<Expression, number>();
    for (const expression of order) for (const arg of expression.args) uses.set(arg, (uses.get(arg) ?? 0) + 1);
    for (const root of roots) uses.set(root, (uses.get(root) ?? 0) + 1);
    const text = new Map<Expression, string>();
    const print = (x: Expression): string => text.get(x)!;
    for (const expression of order) {
      let printed = printExpression(expression, print);
      if (uses.get(expression)! > 1 && expression.args.length > 0) {
        const name = `t${temporaries++}`;
        locals.set(name, wasmType(expression.type));
        lines.push(`(local.set $${name} ${printed})`);
        printed = `(local.get $${name})`;
      }
      text.set(expression, printed);
    }
    return print;
  }

  function printExpression(x: Expression, print: (x: Expression) => string): string {
    const args = x.args.map(print);
    const isInteger = x.args.length > 0 && x.args[x.args.length - 1]!.type !== "float";
    switch (x.kind) {
      case "constant":
        return x.type === "float" ? `(f64.const ${floatText(x.value)})` : `(i32.const ${x.value})`;
      case "variable":
        return `(local.get $${x.name})`;
      case "load":
        return load(x.name, args[0]!);
      case "convert":
        return convert(x, args[0]!);
      case "select":
        return `(select ${args[1]} ${args[2]} ${args[0]})`;
      case "isNaN":
        return `(f64.ne ${args[0]} ${args[0]})`;
      case "isFinite":
        return `(f64.eq (f64.sub ${args[0]} ${args[0]}) (f64.const 0))`;
      case "round32":
        return `(f64.promote_f32 (f32.demote_f64 ${args[0]}))`;
      case "polygamma":
        return `${imported("polygamma", "(param i32 f64) (result f64)")} (i32.const ${x.value}) ${args[0]})`;
    }
    if (isInteger) return integer(x, args);
    const instruction = floatInstructions[x.kind];
    if (instruction !== undefined) return `(${instruction} ${args.join(" ")})`;
    return `${imported(x.kind, `(param ${args.map(() => "f64").join(" ")}) (result f64)`)} ${args.join(" ")})`;
  }

  function integer(x: Expression, args: readonly string[]): string {
    const [a, b] = args as [string, string];
    switch (x.kind) {
      case "neg":
        return `(i32.sub (i32.const 0) ${a})`;
      case "abs":
        return `(select ${a} (i32.sub (i32.const 0) ${a}) (i32.ge_s ${a} (i32.const 0)))`;
      case "sign":
        return `(i32.sub (i32.gt_s ${a} (i32.const 0)) (i32.lt_s ${a} (i32.const 0)))`;
      case "floor":
      case "ceil":
      case "round":
        return a;
      case "min":
        return `(select ${a} ${b} (i32.lt_s ${a} ${b}))`;
      case "max":
        return `(select ${a} ${b} (i32.gt_s ${a} ${b}))`;
    }
    return `(${integerInstructions[x.kind]} ${args.join(" ")})`;
  }

  function convert(x: Expression, arg: string): string {
    const from = x.args[0]!.type;
    if (x.type === "float") return `(f64.convert_i32_s ${arg})`;
    if (x.type === "bool") return from === "float" ? `(f64.ne ${arg} (f64.const 0))` : `(i32.ne ${arg} (i32.const 0))`;
    return from === "bool" ? arg : `${imported("toInt32", "(param f64) (result i32)")} ${arg})`;
  }

  function imported(name: string, signature: string): string {
    functions.set(name, signature);
    return `(call $${name}`;
  }

  function address(buffer: Buffer, index: string, layout: FloatLayout): string {
    const shift = buffer.type === "bool" ? 0 : buffer.type === "float" && layout === "f64" ? 3 : 2;
    const offset = shift === 0 ? index : `(i32.shl ${index} (i32.const ${shift}))`;
    return `(i32.add (local.get $${buffer.name}) ${offset})`;
  }

  function load(name: string, index: string): string {
    const buffer = buffers.get(name)!;
    const layout = layouts.get(name) ?? "f64";
    const at = address(buffer, index, layout);
    if (buffer.type === "bool") return `(i32.load8_u ${at})`;
    if (buffer.type === "int") return `(i32.load ${at})`;
    return layout === "f64" ? `(f64.load ${at})` : `(f64.promote_f32 (f32.load ${at}))`;
  }

  function store(name: string, index: string, value: string): string {
    const buffer = buffers.get(name)!;
    const layout = layouts.get(name) ?? "f64";
    const at = address(buffer, index, layout);
    if (buffer.type === "bool") return `(i32.store8 ${at} ${value})`;
    if (buffer.type === "int") return `(i32.store ${at} ${value})`;
    return layout === "f64" ? `(f64.store ${at} ${value})` : `(f32.store ${at} (f32.demote_f64 ${value}))`;
  }
  return { locals, imports, placeScratch, statement: printStatement };
}

function floatText(x: number): string {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  return Object.is(x, -0) ? "-0" : String(x);
}
