/**
 * A loop program as a WebAssembly function. Values are computed in 64 bits and rounded when stored in float32; functions that WebAssembly
 * lacks are imported from `math`. It knows programs; it knows no op and no tensor.
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
import { type FunctionWriter, type Label, writeFunction } from "./assembly/function.ts";
import { type FunctionCode, type ImportedFunction, printModule, type ValueType } from "./assembly/module.ts";

/** How the floats of each buffer lie in memory. */
export type FloatLayout = "f32" | "f64";

/** Functions with what they need of the module around them; whoever builds the module keeps one of each name. */
export interface Code {
  readonly name: string;
  readonly functions: readonly FunctionCode[];
  readonly imports: readonly ImportedFunction[];
}

const wasmType = (type: ScalarType): ValueType => (type === "float" ? "f64" : "i32");

/**
 * A function `(buffers…, scalars…, integers…, heap)`: a byte address a buffer (inputs and outputs in declared order), then f64 or i32
 * scalars, i32 integers, and the address where scratch may begin. `floats` gives the layout of each of those buffers; scratch is f64.
 */
export function programFunction(program: Program, floats: readonly FloatLayout[], name: string, exported = false): Code {
  const given = program.buffers.filter((buffer) => buffer.role !== "scratch");
  const parameters: ValueType[] = [
    ...given.map((): ValueType => "i32"),
    ...program.scalars.map((scalar) => wasmType(scalar.type)),
    ...program.integers.map((): ValueType => "i32"),
    "i32",
  ];
  const writer = writeFunction(name, parameters, [], exported);
  const layouts = new Map<string, FloatLayout>(given.map((buffer, i) => [buffer.name, floats[i] ?? "f64"]));
  const locals = new Map([...given, ...program.scalars, ...program.integers].map((one, i) => [one.name, i]));
  const statements = new ProgramWriter(program, writer, layouts, locals);
  for (const buffer of program.buffers) if (buffer.role === "scratch") statements.placeScratch(buffer, parameters.length - 1);
  statements.block(program.body);
  const functions = [writer.finish(), ...(statements.usesQuotient ? [quotient] : []), ...(statements.usesRemainder ? [modulo] : [])];
  return { name, functions, imports: [...statements.imports.values()] };
}

/** The program as a module in text form that exports it as `run`. */
export function printWebAssembly(program: Program, floats: readonly FloatLayout[]): string {
  return printModule(programFunction(program, floats, "run", true));
}

/** Division by zero gives zero and never traps, as in JavaScript's `| 0`. */
const quotient: FunctionCode = {
  name: "quotient",
  parameters: ["i32", "i32"],
  results: ["i32"],
  locals: [],
  body: [
    ["local.get", 1],
    ["i32.eqz"],
    ["if", ""],
    ["i32.const", 0],
    ["return"],
    ["end"],
    ["local.get", 1],
    ["i32.const", -1],
    ["i32.eq"],
    ["if", ""],
    ["i32.const", 0],
    ["local.get", 0],
    ["i32.sub"],
    ["return"],
    ["end"],
    ["local.get", 0],
    ["local.get", 1],
    ["i32.div_s"],
  ],
  exported: false,
};

/** The remainder with the sign of its divisor; 0 for a divisor of 0. */
const modulo: FunctionCode = {
  name: "modulo",
  parameters: ["i32", "i32"],
  results: ["i32"],
  locals: ["i32"],
  body: [
    ["local.get", 1],
    ["i32.eqz"],
    ["local.get", 1],
    ["i32.const", -1],
    ["i32.eq"],
    ["i32.or"],
    ["if", ""],
    ["i32.const", 0],
    ["return"],
    ["end"],
    ["local.get", 0],
    ["local.get", 1],
    ["i32.rem_s"],
    ["local.tee", 2],
    ["i32.const", 0],
    ["i32.ne"],
    ["local.get", 2],
    ["local.get", 1],
    ["i32.xor"],
    ["i32.const", 0],
    ["i32.lt_s"],
    ["i32.and"],
    ["if", ""],
    ["local.get", 2],
    ["local.get", 1],
    ["i32.add"],
    ["return"],
    ["end"],
    ["local.get", 2],
  ],
  exported: false,
};

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
};

/** Writes the statements of one program, and gathers what they need of the module. */
class ProgramWriter {
  readonly imports = new Map<string, ImportedFunction>();
  usesQuotient = false;
  usesRemainder = false;
  readonly #writer: FunctionWriter;
  readonly #buffers: ReadonlyMap<string, Buffer>;
  readonly #layouts: ReadonlyMap<string, FloatLayout>;
  readonly #locals: Map<string, number>;

  constructor(program: Program, writer: FunctionWriter, layouts: ReadonlyMap<string, FloatLayout>, locals: Map<string, number>) {
    this.#writer = writer;
    this.#buffers = new Map(program.buffers.map((buffer) => [buffer.name, buffer]));
    this.#layouts = layouts;
    this.#locals = locals;
  }

  /** Gives a scratch buffer its address and moves the heap past it, zeroed: memory is used again by later calls. */
  placeScratch(buffer: Buffer, heap: number): void {
    const { emit, local } = this.#writer;
    const [at, bytes] = [local("i32"), local("i32")];
    this.#locals.set(buffer.name, at);
    this.#push(buffer.length!, this.#sharing([buffer.length!]));
    emit("i32.const", buffer.type === "float" ? 8 : buffer.type === "int" ? 4 : 1);
    emit("i32.mul");
    emit("local.set", bytes);
    emit("local.get", heap);
    emit("local.tee", at);
    emit("i32.const", 0);
    emit("local.get", bytes);
    emit("memory.fill");
    emit("local.get", heap);
    emit("local.get", bytes);
    emit("i32.add");
    emit("i32.const", 7);
    emit("i32.add");
    emit("i32.const", -8);
    emit("i32.and");
    emit("local.set", heap);
  }

  block(statements: readonly Statement[]): void {
    for (const statement of statements) this.#statement(statement);
  }

  #statement(statement: Statement): void {
    const { emit } = this.#writer;
    switch (statement.kind) {
      case "let":
      case "set":
        this.#push(statement.value, this.#sharing([statement.value]));
        emit("local.set", this.#localOf(statement.variable));
        break;
      case "store": {
        const known = this.#sharing([statement.index, statement.value]);
        this.#address(statement.buffer, statement.index, known);
        this.#push(statement.value, known);
        this.#store(statement.buffer);
        break;
      }
      case "for":
        this.#for(statement);
        break;
      case "while":
        this.#loop(
          (exit) => {
            this.#push(statement.condition, this.#sharing([statement.condition]));
            emit("i32.eqz");
            this.#writer.branchIf(exit);
          },
          () => this.block(statement.body),
        );
        break;
      case "if":
        this.#push(statement.condition, this.#sharing([statement.condition]));
        this.#writer.when(
          () => this.block(statement.then),
          statement.otherwise.length === 0 ? undefined : () => this.block(statement.otherwise),
        );
        break;
    }
  }

  #for(statement: Extract<Statement, { kind: "for" }>): void {
    const { emit, local } = this.#writer;
    const [i, end] = [this.#localOf(statement.variable), local("i32")];
    const known = this.#sharing([statement.from, statement.to]);
    this.#push(statement.to, known);
    emit("local.set", end);
    this.#push(statement.from, known);
    emit("local.set", i);
    this.#loop(
      (exit) => {
        emit("local.get", i);
        emit("local.get", end);
        emit("i32.ge_s");
        this.#writer.branchIf(exit);
      },
      () => {
        this.block(statement.body);
        emit("local.get", i);
        emit("i32.const", 1);
        emit("i32.add");
        emit("local.set", i);
      },
    );
  }

  #loop(head: (exit: Label) => void, body: () => void): void {
    this.#writer.block((exit) =>
      this.#writer.loop((next) => {
        head(exit);
        body();
        this.#writer.branch(next);
      }),
    );
  }

  #localOf(variable: Expression): number {
    let found = this.#locals.get(variable.name);
    if (found === undefined) this.#locals.set(variable.name, (found = this.#writer.local(wasmType(variable.type))));
    return found;
  }

  /** How often each expression under the roots is used; those used more than once get a local when they are first met. */
  #sharing(roots: readonly Expression[]): Sharing {
    const uses = new Map<Expression, number>();
    for (const expression of postorder(roots)) for (const arg of expression.args) uses.set(arg, (uses.get(arg) ?? 0) + 1);
    for (const root of roots) uses.set(root, (uses.get(root) ?? 0) + 1);
    return { uses, locals: new Map() };
  }

  /** Leaves the value of an expression on the stack. */
  #push(x: Expression, sharing: Sharing): void {
    const kept = sharing.locals.get(x);
    if (kept !== undefined) {
      this.#writer.emit("local.get", kept);
      return;
    }
    this.#compute(x, (arg) => this.#push(arg, sharing), sharing);
    if (sharing.uses.get(x)! > 1 && x.args.length > 0) {
      const local = this.#writer.local(wasmType(x.type));
      sharing.locals.set(x, local);
      this.#writer.emit("local.tee", local);
    }
  }

  #compute(x: Expression, push: (x: Expression) => void, sharing: Sharing): void {
    const { emit } = this.#writer;
    switch (x.kind) {
      case "constant":
        if (x.type === "float") emit("f64.const", x.value);
        else emit("i32.const", x.value);
        return;
      case "variable":
        emit("local.get", this.#localOf(x));
        return;
      case "load":
        this.#address(x.name, x.args[0]!, sharing);
        this.#load(x.name);
        return;
      case "convert":
        push(x.args[0]!);
        this.#convert(x);
        return;
      case "select":
        push(x.args[1]!);
        push(x.args[2]!);
        push(x.args[0]!);
        emit("select");
        return;
      case "polygamma":
        emit("i32.const", x.value);
        push(x.args[0]!);
        this.#call("polygamma", ["i32", "f64"], "f64");
        return;
    }
    const isInteger = x.args[x.args.length - 1]!.type !== "float";
    if (isInteger) this.#integer(x, push);
    else this.#float(x, push);
  }

  #float(x: Expression, push: (x: Expression) => void): void {
    const { emit } = this.#writer;
    x.args.forEach(push);
    switch (x.kind) {
      case "isNaN": {
        push(x.args[0]!);
        emit("f64.ne");
        return;
      }
      case "isFinite":
        push(x.args[0]!);
        emit("f64.sub");
        emit("f64.const", 0);
        emit("f64.eq");
        return;
      case "round32":
        emit("f32.demote_f64");
        emit("f64.promote_f32");
        return;
    }
    const instruction = floatInstructions[x.kind];
    if (instruction !== undefined) emit(instruction);
    else
      this.#call(
        x.kind,
        x.args.map(() => "f64"),
        "f64",
      );
  }

  #integer(x: Expression, push: (x: Expression) => void): void {
    const { emit } = this.#writer;
    const [a, b] = x.args as [Expression, Expression];
    switch (x.kind) {
      case "neg":
        emit("i32.const", 0);
        push(a);
        emit("i32.sub");
        return;
      case "abs":
        push(a);
        emit("i32.const", 0);
        push(a);
        emit("i32.sub");
        push(a);
        emit("i32.const", 0);
        emit("i32.ge_s");
        emit("select");
        return;
      case "sign":
        push(a);
        emit("i32.const", 0);
        emit("i32.gt_s");
        push(a);
        emit("i32.const", 0);
        emit("i32.lt_s");
        emit("i32.sub");
        return;
      case "floor":
      case "ceil":
      case "round":
        push(a);
        return;
      case "min":
      case "max":
        push(a);
        push(b);
        push(a);
        push(b);
        emit(x.kind === "min" ? "i32.lt_s" : "i32.gt_s");
        emit("select");
        return;
    }
    x.args.forEach(push);
    if (x.kind === "quotient") {
      this.usesQuotient = true;
      emit("call", "quotient");
    } else if (x.kind === "remainder") {
      this.usesRemainder = true;
      emit("call", "modulo");
    } else emit(integerInstructions[x.kind]!);
  }

  #convert(x: Expression): void {
    const { emit } = this.#writer;
    const from = x.args[0]!.type;
    if (x.type === "float") emit("f64.convert_i32_s");
    else if (x.type === "bool") {
      if (from === "float") {
        emit("f64.const", 0);
        emit("f64.ne");
      } else {
        emit("i32.const", 0);
        emit("i32.ne");
      }
    } else if (from === "float") this.#call("toInt32", ["f64"], "i32");
  }

  #call(name: string, parameters: readonly ValueType[], result: ValueType): void {
    this.imports.set(name, { module: "math", name, parameters, results: [result] });
    this.#writer.emit("call", name);
  }

  #layoutOf(name: string): FloatLayout {
    return this.#layouts.get(name) ?? "f64";
  }

  #address(name: string, index: Expression, sharing: Sharing): void {
    const { emit } = this.#writer;
    const buffer = this.#buffers.get(name)!;
    const shift = buffer.type === "bool" ? 0 : buffer.type === "float" && this.#layoutOf(name) === "f64" ? 3 : 2;
    emit("local.get", this.#locals.get(name)!);
    this.#push(index, sharing);
    if (shift > 0) {
      emit("i32.const", shift);
      emit("i32.shl");
    }
    emit("i32.add");
  }

  #load(name: string): void {
    const { emit } = this.#writer;
    const { type } = this.#buffers.get(name)!;
    if (type === "bool") emit("i32.load8_u", 0);
    else if (type === "int") emit("i32.load", 0);
    else if (this.#layoutOf(name) === "f64") emit("f64.load", 0);
    else {
      emit("f32.load", 0);
      emit("f64.promote_f32");
    }
  }

  #store(name: string): void {
    const { emit } = this.#writer;
    const { type } = this.#buffers.get(name)!;
    if (type === "bool") emit("i32.store8", 0);
    else if (type === "int") emit("i32.store", 0);
    else if (this.#layoutOf(name) === "f64") emit("f64.store", 0);
    else {
      emit("f32.demote_f64");
      emit("f32.store", 0);
    }
  }
}

interface Sharing {
  readonly uses: ReadonlyMap<Expression, number>;
  readonly locals: Map<Expression, number>;
}
