/**
 * Values of 128-bit vectors as a hash-consed graph: four lanes of float32 or two of float64, with masks and integers of the same width. What is
 * written over it is emitted into a function, shared parts once. It knows instructions; it knows no tensor and no op.
 */
import type { FunctionWriter } from "./function.ts";
import type { Instruction, ValueType } from "./module.ts";

export type Precision = "f32" | "f64";

/** A value: an instruction applied to values. A mask has all bits of a lane set where it is true. */
export interface Value {
  readonly instruction: Instruction;
  readonly args: readonly Value[];
  readonly type: ValueType;
  readonly id: number;
}

export interface Lanes {
  readonly precision: Precision;
  /** How many lanes a vector has. */
  readonly count: number;
  /** Any instruction; for what has no name below. */
  readonly apply: (instruction: Instruction, args: readonly Value[], type?: ValueType) => Value;
  readonly local: (index: number, type?: ValueType) => Value;
  /** The same number in every lane. */
  readonly constant: (x: number) => Value;
  /** The same bits in every lane: of 64 or of 32, as the lanes are wide. */
  readonly bits: (x: bigint) => Value;
  readonly add: (x: Value, y: Value) => Value;
  readonly sub: (x: Value, y: Value) => Value;
  readonly mul: (x: Value, y: Value) => Value;
  readonly div: (x: Value, y: Value) => Value;
  /** x·y + z: rounded once where relaxed multiply-add is used, twice otherwise. */
  readonly multiplyAdd: (x: Value, y: Value, z: Value) => Value;
  readonly neg: (x: Value) => Value;
  readonly abs: (x: Value) => Value;
  readonly sqrt: (x: Value) => Value;
  readonly floor: (x: Value) => Value;
  readonly ceil: (x: Value) => Value;
  /** To the nearest integer, ties to even. */
  readonly round: (x: Value) => Value;
  /** NaN where either is NaN. */
  readonly min: (x: Value, y: Value) => Value;
  readonly max: (x: Value, y: Value) => Value;
  readonly less: (x: Value, y: Value) => Value;
  readonly lessEqual: (x: Value, y: Value) => Value;
  readonly equal: (x: Value, y: Value) => Value;
  readonly notEqual: (x: Value, y: Value) => Value;
  /** Of bits, masks included. */
  readonly and: (x: Value, y: Value) => Value;
  /** The bits of x that are not set in y. */
  readonly andNot: (x: Value, y: Value) => Value;
  readonly or: (x: Value, y: Value) => Value;
  readonly xor: (x: Value, y: Value) => Value;
  readonly not: (x: Value) => Value;
  /** Bits of x where the mask is set, of y elsewhere. */
  readonly select: (mask: Value, x: Value, y: Value) => Value;
  /** Of lanes as integers of their width. */
  readonly integerAdd: (x: Value, y: Value) => Value;
  readonly integerSub: (x: Value, y: Value) => Value;
  readonly shiftLeft: (x: Value, bits: number) => Value;
  readonly shiftRight: (x: Value, bits: number) => Value;
  readonly shiftRightLogical: (x: Value, bits: number) => Value;
  /** A function of the module, from vectors to a vector. */
  readonly call: (name: string, args: readonly Value[]) => Value;
}

export interface LanesOptions {
  /** Use relaxed multiply-add, which rounds x·y + z once where the machine does. */
  readonly relaxed?: boolean;
}

/** A value in a table, with the next one of the same hash. */
interface Entry extends Value {
  readonly next: Entry | undefined;
}

/** A number that equal applications share. */
function hashOf(instruction: Instruction, args: readonly Value[]): number {
  const [name] = instruction;
  let hash = name.length * 64 + name.charCodeAt(name.length - 1) + name.charCodeAt(name.length - 2) * 8;
  for (let i = 1; i < instruction.length; i++) {
    const immediate = instruction[i]!;
    if (typeof immediate === "number") hash = (Math.imul(hash, 31) + immediate) | 0;
    else if (immediate instanceof Uint8Array) for (const byte of immediate) hash = (Math.imul(hash, 31) + byte) | 0;
  }
  for (let i = 0; i < args.length; i++) hash = (Math.imul(hash, 31) + args[i]!.id) | 0;
  return hash;
}

function sameInstruction(x: Instruction, y: Instruction): boolean {
  if (x === y) return true;
  if (x.length !== y.length) return false;
  for (let i = 0; i < x.length; i++) {
    const [a, b] = [x[i]!, y[i]!];
    if (a !== b && !(a instanceof Uint8Array && b instanceof Uint8Array && a.every((byte, k) => byte === b[k]))) return false;
  }
  return true;
}

function sameArguments(x: readonly Value[], y: readonly Value[]): boolean {
  if (x.length !== y.length) return false;
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
  return true;
}

export function lanes(precision: Precision, { relaxed = false }: LanesOptions = {}): Lanes {
  const table = new Map<number, Entry>();
  let count = 0;
  /** Splats by their number; −0, which a map takes for 0, is not among them. */
  const constants = new Map<number, Value>();
  const shape = precision === "f64" ? "f64x2" : "f32x4";
  const integer = precision === "f64" ? "i64x2" : "i32x4";

  function apply(instruction: Instruction, args: readonly Value[], type: ValueType = "v128"): Value {
    const hash = hashOf(instruction, args);
    const next = table.get(hash);
    for (let x = next; x !== undefined; x = x.next) {
      if (x.type === type && sameArguments(x.args, args) && sameInstruction(x.instruction, instruction)) return x;
    }
    const made: Entry = { instruction, args, type, id: count++, next };
    table.set(hash, made);
    return made;
  }
  const unary = (instruction: Instruction) => (x: Value) => apply(instruction, [x]);
  const binary = (instruction: Instruction) => (x: Value, y: Value) => apply(instruction, [x, y]);
  const float1 = (name: string) => unary([`${shape}.${name}`]);
  const float2 = (name: string) => binary([`${shape}.${name}`]);
  const integer2 = (name: string) => binary([`${integer}.${name}`]);
  const shift = (name: string) => (x: Value, bits: number) => apply([`${integer}.${name}`], [x, apply(["i32.const", bits], [], "i32")]);
  const bitwise = (name: string) => binary([`v128.${name}`]);
  const [add, mul] = [float2("add"), float2("mul")];

  return {
    precision,
    count: precision === "f64" ? 2 : 4,
    apply,
    local: (index, type = "v128") => apply(["local.get", index], [], type),
    constant: (x) => {
      const known = constants.get(x);
      if (known !== undefined && !Object.is(x, -0)) return known;
      const made = apply(["v128.const", splat(precision, x)], []);
      if (!Object.is(x, -0)) constants.set(x, made);
      return made;
    },
    bits: (x) => apply(["v128.const", splatBits(precision, x)], []),
    add,
    sub: float2("sub"),
    mul,
    div: float2("div"),
    multiplyAdd: relaxed ? (x, y, z) => apply([`${shape}.relaxed_madd`], [x, y, z]) : (x, y, z) => add(mul(x, y), z),
    neg: float1("neg"),
    abs: float1("abs"),
    sqrt: float1("sqrt"),
    floor: float1("floor"),
    ceil: float1("ceil"),
    round: float1("nearest"),
    min: float2("min"),
    max: float2("max"),
    less: float2("lt"),
    lessEqual: float2("le"),
    equal: float2("eq"),
    notEqual: float2("ne"),
    and: bitwise("and"),
    andNot: bitwise("andnot"),
    or: bitwise("or"),
    xor: bitwise("xor"),
    not: (x) => apply(["v128.not"], [x]),
    select: (mask, x, y) => {
      // Of zeros, which have no bit set, a selection is one instruction rather than three.
      if (x === constants.get(0)) return apply(["v128.andnot"], [y, mask]);
      if (y === constants.get(0)) return apply(["v128.and"], [x, mask]);
      return apply(["v128.bitselect"], [x, y, mask]);
    },
    integerAdd: integer2("add"),
    integerSub: integer2("sub"),
    shiftLeft: shift("shl"),
    shiftRight: shift("shr_s"),
    shiftRightLogical: shift("shr_u"),
    call: (name, args) => apply(["call", name], args),
  };
}

function splat(precision: Precision, x: number): Uint8Array {
  const lanesOf = precision === "f64" ? Float64Array.of(x, x) : Float32Array.of(x, x, x, x);
  return new Uint8Array(lanesOf.buffer);
}

function splatBits(precision: Precision, x: bigint): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(16));
  if (precision === "f64") for (const at of [0, 8]) bytes.setBigUint64(at, BigInt.asUintN(64, x), true);
  else for (const at of [0, 4, 8, 12]) bytes.setUint32(at, Number(BigInt.asUintN(32, x)), true);
  return new Uint8Array(bytes.buffer);
}

/** Whether computing it again costs no more than reading a local. */
const isLeaf = (x: Value): boolean => x.args.length === 0 && (x.instruction[0] === "local.get" || x.instruction[0].endsWith(".const"));

/**
 * A value that a function corrects where a mask is set: the mask is looked at first, for it is hardly ever set. Arguments: the value, the
 * mask, what the function takes.
 */
export const guarded = (m: Lanes, name: string, value: Value, mask: Value, args: readonly Value[]): Value =>
  m.apply(["guard", name], [value, mask, ...args]);

type Known = ReadonlyMap<Value, number>;
const nothing: Known = new Map();

/** How often each value under the roots is used; those in locals are not looked into. */
function usesOf(roots: readonly Value[], known: Known, around: Known): Map<Value, number> {
  const uses = new Map<Value, number>();
  const stack: Value[] = [...roots];
  while (stack.length > 0) {
    const x = stack.pop()!;
    const before = uses.get(x) ?? 0;
    uses.set(x, before + 1);
    if (before === 0 && x.args.length > 0 && !known.has(x) && !around.has(x)) for (const arg of x.args) stack.push(arg);
  }
  return uses;
}

/**
 * Emits values one at a time, each onto the stack; parts that the roots use more than once are computed once and kept in locals. `known` holds
 * what is in locals already, and what is kept; `around` what is in locals too, and stays as it is.
 */
export function valueEmitter(
  roots: readonly Value[],
  writer: FunctionWriter,
  known: Map<Value, number> = new Map(),
  around: Known = nothing,
): (x: Value) => void {
  const uses = usesOf(roots, known, around);
  return (root) => {
    const stack: { readonly x: Value; next: number }[] = [{ x: root, next: 0 }];
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const { x } = top;
      const local = known.get(x) ?? around.get(x);
      if (local !== undefined) {
        writer.emit("local.get", local);
        stack.pop();
      } else if (top.next < x.args.length) {
        stack.push({ x: x.args[top.next++]!, next: 0 });
      } else {
        if (x.instruction[0] === "guard") emitGuard(x, writer);
        else writer.emit(...x.instruction);
        if (uses.get(x)! > 1 && !isLeaf(x)) {
          const kept = writer.local(x.type);
          known.set(x, kept);
          writer.emit("local.tee", kept);
        }
        stack.pop();
      }
    }
  };
}

/** The arguments are on the stack: the value, the mask, the function's. */
function emitGuard({ instruction, args }: Value, writer: FunctionWriter): void {
  const locals = args.map((arg) => writer.local(arg.type));
  for (let i = locals.length - 1; i >= 0; i--) writer.emit("local.set", locals[i]!);
  const [result, mask, ...given] = locals as [number, number, ...number[]];
  writer.emit("local.get", mask);
  writer.emit("v128.any_true");
  writer.when(() => {
    for (const local of given) writer.emit("local.get", local);
    writer.emit("call", instruction[1] as string);
    writer.emit("local.get", result);
    writer.emit("local.get", mask);
    writer.emit("v128.bitselect");
    writer.emit("local.set", result);
  });
  writer.emit("local.get", result);
}

/** Leaves the values on the stack, in order. Parts used more than once are kept in locals. */
export function emitValues(roots: readonly Value[], writer: FunctionWriter, known: Map<Value, number> = new Map()): void {
  const emit = valueEmitter(roots, writer, known);
  for (const root of roots) emit(root);
}
