/** Entries of tensors in memory as vectors and back: every dtype, side by side or apart, whole vectors or one lane. It knows instructions; it knows no loop. */
import type { DType } from "@cotangent/core/functions";
import type { FunctionWriter } from "./assembly/function.ts";
import type { Lanes, Value } from "./assembly/lanes.ts";
import { bytesOf } from "./values.ts";

/** Where entries lie: past a pointer in a local, so many entries from lane to lane. */
export interface Spot {
  readonly dtype: DType;
  readonly pointer: number;
  /** Bytes from the pointer to the first lane's entry. */
  readonly start: number;
  readonly stride: number;
  /** Only the first lane counts. */
  readonly single: boolean;
}

const lowHalves = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
const firstWord = Uint8Array.of(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3);
const everyFourth = Uint8Array.of(0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12);
const everyEighth = Uint8Array.of(0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 0, 8);
const allOnes = new Uint8Array(16).fill(1);

const zeros = (m: Lanes): Value => m.apply(["v128.const", new Uint8Array(16)], []);
const isWide = (m: Lanes): boolean => m.precision === "f64";
const isSet = (m: Lanes, x: Value): Value => m.apply([isWide(m) ? "i64x2.ne" : "i32x4.ne"], [x, zeros(m)]);
const demoted = (m: Lanes, x: Value): Value => m.apply(["f32x4.demote_f64x2_zero"], [x]);
const joined = (m: Lanes, low: Value, high: Value): Value => m.apply(["i8x16.shuffle", lowHalves], [low, high]);

/** The entries as lanes of the precision; truth values as masks, integers in the low lanes. */
export function loadEntries(m: Lanes, spot: Spot): Value {
  const { dtype, pointer, start, stride, single } = spot;
  const at = m.local(pointer, "i32");
  const step = stride * bytesOf[dtype];
  const read = (name: string, extra = 0): Value => m.apply([`v128.${name}`, start + extra], [at]);
  const lane = (name: string, i: number, into: Value, extra = i * step): Value => m.apply([`v128.${name}`, start + extra, i], [at, into]);
  if (single || stride === 0) return splatEntry(m, dtype, read);
  if (dtype === "bool") {
    let packed = zeros(m);
    if (stride === 1) packed = lane(isWide(m) ? "load16_lane" : "load32_lane", 0, packed);
    else for (let i = 0; i < m.count; i++) packed = lane("load8_lane", i, packed);
    return isSet(m, widened(m, packed));
  }
  if (dtype === "float64" && !isWide(m)) {
    if (stride === 1) return joined(m, demoted(m, read("load")), demoted(m, read("load", 16)));
    const high = lane("load64_lane", 1, read("load64_zero", 2 * step), 3 * step);
    return joined(m, demoted(m, lane("load64_lane", 1, read("load64_zero"))), demoted(m, high));
  }
  const narrow = bytesOf[dtype] === 4 && isWide(m);
  let entries: Value;
  if (stride === 1) entries = read(narrow ? "load64_zero" : "load");
  else {
    const bits = bytesOf[dtype] * 8;
    entries = read(`load${bits}_zero`);
    for (let i = 1; i < m.count; i++) entries = lane(`load${bits}_lane`, i, entries);
  }
  return narrow && dtype === "float32" ? m.apply(["f64x2.promote_low_f32x4"], [entries]) : entries;
}

/** One entry in every lane. */
function splatEntry(m: Lanes, dtype: DType, read: (name: string) => Value): Value {
  if (dtype === "bool") return isSet(m, read("load8_splat"));
  if (dtype === "float64") {
    const entry = read("load64_splat");
    return isWide(m) ? entry : m.apply(["i8x16.shuffle", firstWord], [demoted(m, entry), entry]);
  }
  const entry = read("load32_splat");
  return dtype === "float32" && isWide(m) ? m.apply(["f64x2.promote_low_f32x4"], [entry]) : entry;
}

/** Bytes 0 … as lanes of the precision's width. */
function widened(m: Lanes, packed: Value): Value {
  const words = m.apply(["i32x4.extend_low_i16x8_u"], [m.apply(["i16x8.extend_low_i8x16_u"], [packed])]);
  return isWide(m) ? m.apply(["i64x2.extend_low_i32x4_u"], [words]) : words;
}

/** Writes lanes to where they belong; `emit` leaves a value on the stack. */
export function storeEntries(m: Lanes, writer: FunctionWriter, spot: Spot, value: Value, emit: (x: Value) => void): void {
  const { dtype, pointer, start, stride, single } = spot;
  const bytes = bytesOf[dtype];
  const ones = (x: Value): Value => m.and(x, m.apply(["v128.const", allOnes], []));
  if (single || stride !== 1) {
    const local = writer.local("v128");
    emit(dtype === "bool" ? ones(value) : value);
    writer.emit("local.set", local);
    for (let i = 0; i < (single ? 1 : m.count); i++) {
      writer.emit("local.get", pointer);
      writer.emit("local.get", local);
      const lane = dtype === "bool" ? i * (isWide(m) ? 8 : 4) : i;
      writer.emit(`v128.store${bytes * 8}_lane`, start + i * stride * bytes, lane);
    }
    return;
  }
  writer.emit("local.get", pointer);
  if (dtype === "bool") {
    emit(ones(m.apply(["i8x16.shuffle", isWide(m) ? everyEighth : everyFourth], [value, value])));
    writer.emit(isWide(m) ? "v128.store16_lane" : "v128.store32_lane", start, 0);
    return;
  }
  emit(value);
  if (bytes === 4 && isWide(m)) writer.emit("v128.store64_lane", start, 0);
  else writer.emit("v128.store", start);
}
