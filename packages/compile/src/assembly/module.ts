/**
 * A WebAssembly module as a value: functions of flat instructions, encoded as bytes or printed as text. It knows the format of modules; what
 * their functions compute is decided elsewhere.
 *
 * Assembling text with a library took 200 ms for 3000 additions, where these bytes take 3: a compiler that runs while a person waits writes
 * its bytes itself, and prints the text only when asked.
 */
import { formOf, unsigned } from "./instructions.ts";

export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

/** A mnemonic and its immediates; a call names its function, a block the type it gives or "". */
export type Instruction = readonly [name: string, ...immediates: readonly (number | bigint | string | Uint8Array)[]];

export interface FunctionType {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

export interface ImportedFunction extends FunctionType {
  readonly module: string;
  readonly name: string;
}

export interface FunctionCode extends FunctionType {
  readonly name: string;
  /** Beyond the parameters. */
  readonly locals: readonly ValueType[];
  readonly body: readonly Instruction[];
  readonly exported: boolean;
}

/** A module that imports `env.memory` and these functions. Names are unique over imports and functions. */
export interface ModuleCode {
  readonly imports: readonly ImportedFunction[];
  readonly functions: readonly FunctionCode[];
}

const typeCodes: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

const keyOf = ({ parameters, results }: FunctionType): string => `${parameters.join()}>${results.join()}`;

/** The bytes of a module. */
export function encodeModule({ imports, functions }: ModuleCode): Uint8Array<ArrayBuffer> {
  const types = new Map<string, FunctionType & { readonly index: number }>();
  const typeIndex = (one: FunctionType): number => {
    const key = keyOf(one);
    let found = types.get(key);
    if (found === undefined) types.set(key, (found = { parameters: one.parameters, results: one.results, index: types.size }));
    return found.index;
  };
  const places = new Map([...imports, ...functions].map(({ name }, i) => [name, i]));
  const imported = imports.map((one) => [...text(one.module), ...text(one.name), 0x00, ...leb(typeIndex(one))]);
  const declared = functions.map((one) => leb(typeIndex(one)));
  const exported = functions.filter((one) => one.exported).map(({ name }) => [...text(name), 0x00, ...leb(places.get(name)!)]);
  const memory = [...text("env"), ...text("memory"), 0x02, 0x00, ...leb(1)];
  const out: Parts = [[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]];
  section(
    out,
    1,
    [...types.values()].map(({ parameters, results }) => [0x60, ...typeList(parameters), ...typeList(results)]),
  );
  section(out, 2, [memory, ...imported]);
  section(out, 3, declared);
  section(out, 7, exported);
  section(
    out,
    10,
    functions.flatMap((one) => functionBytes(one, places)),
    functions.length,
  );
  nameSection(out, [...imports, ...functions]);
  return joined(out);
}

/** Bytes in pieces, joined at the end. */
type Parts = (readonly number[])[];

function joined(parts: Parts): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) for (let i = 0; i < part.length; i++) bytes[at++] = part[i]!;
  return bytes;
}

/** The functions' names, for profilers and stack traces. */
function nameSection(out: Parts, functions: readonly { readonly name: string }[]): void {
  const names = [...leb(functions.length), ...functions.flatMap(({ name }, i) => [...leb(i), ...text(name)])];
  const content = [...text("name"), 1, ...leb(names.length), ...names];
  out.push([0, ...leb(content.length)], content);
}

function leb(value: number): number[] {
  const out: number[] = [];
  unsigned(value, out);
  return out;
}

/** A name, of ASCII characters. */
const text = (value: string): number[] => [...leb(value.length), ...Array.from(value, (character) => character.charCodeAt(0))];

const typeList = (types: readonly ValueType[]): number[] => [...leb(types.length), ...types.map((type) => typeCodes[type])];

/** A section of so many entries, some of which may be in pieces. */
function section(out: Parts, id: number, entries: Parts, length = entries.length): void {
  const count = leb(length);
  const bytes = entries.reduce((size, entry) => size + entry.length, count.length);
  out.push([id, ...leb(bytes), ...count]);
  for (const entry of entries) out.push(entry);
}

function functionBytes({ locals, body }: FunctionCode, places: ReadonlyMap<string, number>): [size: number[], code: number[]] {
  const runs: [count: number, type: ValueType][] = [];
  for (const type of locals) {
    const last = runs[runs.length - 1];
    if (last !== undefined && last[1] === type) last[0]++;
    else runs.push([1, type]);
  }
  const code: number[] = [];
  unsigned(runs.length, code);
  for (const [count, type] of runs) {
    unsigned(count, code);
    code.push(typeCodes[type]);
  }
  for (const instruction of body) writeInstruction(instruction, places, code);
  code.push(0x0b);
  return [leb(code.length), code];
}

const floats = new DataView(new ArrayBuffer(8));

function writeInstruction(instruction: Instruction, places: ReadonlyMap<string, number>, out: number[]): void {
  const { code, immediates, alignment } = formOf(instruction[0]);
  for (let i = 0; i < code.length; i++) out.push(code[i]!);
  for (let i = 0; i < immediates.length; i++) {
    const value = instruction[i + 1];
    switch (immediates[i]!) {
      case "index":
        unsigned(value as number, out);
        break;
      case "lane":
        out.push(value as number);
        break;
      case "zero":
        out.push(0);
        break;
      case "i32":
        signed32(value as number, out);
        break;
      case "i64":
        signed(value as bigint, out);
        break;
      case "f32":
        floats.setFloat32(0, value as number, true);
        for (let k = 0; k < 4; k++) out.push(floats.getUint8(k));
        break;
      case "f64":
        floats.setFloat64(0, value as number, true);
        for (let k = 0; k < 8; k++) out.push(floats.getUint8(k));
        break;
      case "function":
        unsigned(placeOf(value as string, places), out);
        break;
      case "block":
        out.push(value === "" ? 0x40 : typeCodes[value as ValueType]);
        break;
      case "memory":
        out.push(alignment);
        unsigned(value as number, out);
        break;
      case "bytes":
        for (const byte of value as Uint8Array) out.push(byte);
        break;
    }
  }
}

function placeOf(name: string, places: ReadonlyMap<string, number>): number {
  const place = places.get(name);
  if (place === undefined) throw new Error(`compile: no such function — ${name}; define or import it`);
  return place;
}

function signed32(value: number, out: number[]): void {
  let rest = value | 0;
  for (;;) {
    const low = rest & 127;
    rest >>= 7;
    if ((rest === 0 && (low & 64) === 0) || (rest === -1 && (low & 64) !== 0)) {
      out.push(low);
      return;
    }
    out.push(low | 128);
  }
}

function signed(value: bigint, out: number[]): void {
  let rest = value;
  for (;;) {
    const low = Number(rest & 127n);
    rest >>= 7n;
    if ((rest === 0n && (low & 64) === 0) || (rest === -1n && (low & 64) !== 0)) {
      out.push(low);
      return;
    }
    out.push(low | 128);
  }
}

/** The module in the text format, one instruction a line. */
export function printModule({ imports, functions }: ModuleCode): string {
  const lines = ["(module", '  (import "env" "memory" (memory 1))'];
  for (const one of imports) lines.push(`  (import "${one.module}" "${one.name}" (func $${one.name}${signature(one)}))`);
  for (const one of functions) {
    lines.push(`  (func $${one.name}${one.exported ? ` (export "${one.name}")` : ""}${signature(one)}`);
    if (one.locals.length > 0) lines.push(`    (local ${one.locals.join(" ")})`);
    let depth = 2;
    for (const instruction of one.body) {
      if (instruction[0] === "end" || instruction[0] === "else") depth--;
      lines.push(`${"  ".repeat(depth)}${printInstruction(instruction)}`);
      if (["block", "loop", "if", "else"].includes(instruction[0])) depth++;
    }
    lines.push("  )");
  }
  lines.push(")");
  return lines.join("\n");
}

function signature({ parameters, results }: FunctionType): string {
  return `${parameters.length === 0 ? "" : ` (param ${parameters.join(" ")})`}${results.length === 0 ? "" : ` (result ${results.join(" ")})`}`;
}

function printInstruction([name, ...values]: Instruction): string {
  const { immediates } = formOf(name);
  const words = immediates.flatMap((kind, i): string[] => {
    const value = values[i];
    switch (kind) {
      case "zero":
        return [];
      case "function":
        return [`$${value as string}`];
      case "block":
        return value === "" ? [] : [`(result ${value as string})`];
      case "memory":
        return value === 0 ? [] : [`offset=${String(value)}`];
      case "bytes":
        return name === "v128.const" ? ["i8x16", ...Array.from(value as Uint8Array, String)] : Array.from(value as Uint8Array, String);
      case "f32":
      case "f64":
        return [floatText(value as number)];
      default:
        return [String(value)];
    }
  });
  return [name, ...words].join(" ");
}

function floatText(x: number): string {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  return Object.is(x, -0) ? "-0" : String(x);
}
