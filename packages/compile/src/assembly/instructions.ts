/** The WebAssembly instructions this compiler can write: their codes and what follows each. It knows the binary format; it knows no program. */

/** What an instruction carries beside its code. */
export type Immediate =
  /** An unsigned index: of a local, a function, a label. */
  | "index"
  /** A signed 32-bit integer. */
  | "i32"
  /** A signed 64-bit integer, given as a bigint. */
  | "i64"
  | "f32"
  | "f64"
  /** A function, given by its name. */
  | "function"
  /** The type a block gives, or nothing. */
  | "block"
  /** A byte offset; the alignment is the natural one. */
  | "memory"
  /** A lane number. */
  | "lane"
  /** Sixteen bytes. */
  | "bytes"
  /** A memory index, always 0. */
  | "zero";

export interface InstructionForm {
  readonly code: readonly number[];
  readonly immediates: readonly Immediate[];
  /** Memory instructions: the binary logarithm of their natural alignment. */
  readonly alignment: number;
}

const forms = new Map<string, InstructionForm>();

function define(code: readonly number[], name: string, immediates: readonly Immediate[] = [], alignment = 0): void {
  forms.set(name, { code, immediates, alignment });
}

/** Unsigned LEB128. */
export function unsigned(value: number, out: number[]): void {
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    out.push(rest === 0 ? low : low | 128);
  } while (rest !== 0);
}

const prefixed = (prefix: number, code: number): number[] => {
  const out = [prefix];
  unsigned(code, out);
  return out;
};

/** Names in the order of their codes, from the first; `_` skips one. */
function run(first: number, names: string, prefix?: number): void {
  names.split(/\s+/).forEach((name, i) => {
    if (name !== "_") define(prefix === undefined ? [first + i] : prefixed(prefix, first + i), name);
  });
}

define([0x00], "unreachable");
define([0x02], "block", ["block"]);
define([0x03], "loop", ["block"]);
define([0x04], "if", ["block"]);
define([0x05], "else");
define([0x0b], "end");
define([0x0c], "br", ["index"]);
define([0x0d], "br_if", ["index"]);
define([0x0f], "return");
define([0x10], "call", ["function"]);
define([0x1a], "drop");
define([0x1b], "select");
define([0x20], "local.get", ["index"]);
define([0x21], "local.set", ["index"]);
define([0x22], "local.tee", ["index"]);
define([0x28], "i32.load", ["memory"], 2);
define([0x29], "i64.load", ["memory"], 3);
define([0x2a], "f32.load", ["memory"], 2);
define([0x2b], "f64.load", ["memory"], 3);
define([0x2d], "i32.load8_u", ["memory"], 0);
define([0x36], "i32.store", ["memory"], 2);
define([0x37], "i64.store", ["memory"], 3);
define([0x38], "f32.store", ["memory"], 2);
define([0x39], "f64.store", ["memory"], 3);
define([0x3a], "i32.store8", ["memory"], 0);
define([0x41], "i32.const", ["i32"]);
define([0x42], "i64.const", ["i64"]);
define([0x43], "f32.const", ["f32"]);
define([0x44], "f64.const", ["f64"]);
run(0x45, "i32.eqz i32.eq i32.ne i32.lt_s i32.lt_u i32.gt_s i32.gt_u i32.le_s i32.le_u i32.ge_s i32.ge_u");
run(0x5b, "f32.eq f32.ne f32.lt f32.gt f32.le f32.ge f64.eq f64.ne f64.lt f64.gt f64.le f64.ge");
run(0x6a, "i32.add i32.sub i32.mul i32.div_s i32.div_u i32.rem_s i32.rem_u i32.and i32.or i32.xor i32.shl i32.shr_s i32.shr_u");
run(0x7c, "i64.add i64.sub i64.mul _ _ _ _ i64.and i64.or i64.xor i64.shl i64.shr_s i64.shr_u");
run(0x8b, "f32.abs f32.neg f32.ceil f32.floor f32.trunc f32.nearest f32.sqrt f32.add f32.sub f32.mul f32.div f32.min f32.max f32.copysign");
run(0x99, "f64.abs f64.neg f64.ceil f64.floor f64.trunc f64.nearest f64.sqrt f64.add f64.sub f64.mul f64.div f64.min f64.max f64.copysign");
define([0xb6], "f32.demote_f64");
define([0xb7], "f64.convert_i32_s");
define([0xbb], "f64.promote_f32");
run(0xbc, "i32.reinterpret_f32 i64.reinterpret_f64 f32.reinterpret_i32 f64.reinterpret_i64");
define(prefixed(0xfc, 2), "i32.trunc_sat_f64_s");
define(prefixed(0xfc, 10), "memory.copy", ["zero", "zero"]);
define(prefixed(0xfc, 11), "memory.fill", ["zero"]);

const simd = 0xfd;
const memorySimd = (code: number, name: string, alignment: number): void => define(prefixed(simd, code), name, ["memory"], alignment);
memorySimd(0, "v128.load", 4);
memorySimd(5, "v128.load32x2_s", 3);
memorySimd(7, "v128.load8_splat", 0);
memorySimd(9, "v128.load32_splat", 2);
memorySimd(10, "v128.load64_splat", 3);
memorySimd(11, "v128.store", 4);
memorySimd(92, "v128.load32_zero", 2);
memorySimd(93, "v128.load64_zero", 3);
for (const [i, bits] of [8, 16, 32, 64].entries()) {
  define(prefixed(simd, 84 + i), `v128.load${bits}_lane`, ["memory", "lane"], i);
  define(prefixed(simd, 88 + i), `v128.store${bits}_lane`, ["memory", "lane"], i);
}
define(prefixed(simd, 12), "v128.const", ["bytes"]);
define(prefixed(simd, 13), "i8x16.shuffle", ["bytes"]);
define(prefixed(simd, 14), "i8x16.swizzle");
run(15, "i8x16.splat i16x8.splat i32x4.splat i64x2.splat f32x4.splat f64x2.splat", simd);
for (const [code, name] of [
  [27, "i32x4.extract_lane"],
  [28, "i32x4.replace_lane"],
  [29, "i64x2.extract_lane"],
  [30, "i64x2.replace_lane"],
  [31, "f32x4.extract_lane"],
  [32, "f32x4.replace_lane"],
  [33, "f64x2.extract_lane"],
  [34, "f64x2.replace_lane"],
] as const) {
  define(prefixed(simd, code), name, ["lane"]);
}
run(55, "i32x4.eq i32x4.ne i32x4.lt_s i32x4.lt_u i32x4.gt_s i32x4.gt_u i32x4.le_s i32x4.le_u i32x4.ge_s i32x4.ge_u", simd);
run(65, "f32x4.eq f32x4.ne f32x4.lt f32x4.gt f32x4.le f32x4.ge f64x2.eq f64x2.ne f64x2.lt f64x2.gt f64x2.le f64x2.ge", simd);
run(77, "v128.not v128.and v128.andnot v128.or v128.xor v128.bitselect v128.any_true", simd);
run(94, "f32x4.demote_f64x2_zero f64x2.promote_low_f32x4", simd);
run(101, "i8x16.narrow_i16x8_s i8x16.narrow_i16x8_u f32x4.ceil f32x4.floor f32x4.trunc f32x4.nearest", simd);
run(116, "f64x2.ceil f64x2.floor", simd);
run(122, "f64x2.trunc", simd);
run(133, "i16x8.narrow_i32x4_s i16x8.narrow_i32x4_u", simd);
define(prefixed(simd, 148), "f64x2.nearest");
run(137, "i16x8.extend_low_i8x16_u", simd);
run(
  160,
  "i32x4.abs i32x4.neg _ i32x4.all_true i32x4.bitmask _ _ i32x4.extend_low_i16x8_s i32x4.extend_high_i16x8_s i32x4.extend_low_i16x8_u i32x4.extend_high_i16x8_u i32x4.shl i32x4.shr_s i32x4.shr_u i32x4.add _ _ i32x4.sub _ _ _ i32x4.mul i32x4.min_s i32x4.min_u i32x4.max_s i32x4.max_u",
  simd,
);
run(
  192,
  "i64x2.abs i64x2.neg _ i64x2.all_true i64x2.bitmask _ _ i64x2.extend_low_i32x4_s i64x2.extend_high_i32x4_s i64x2.extend_low_i32x4_u i64x2.extend_high_i32x4_u i64x2.shl i64x2.shr_s i64x2.shr_u i64x2.add _ _ i64x2.sub _ _ _ i64x2.mul i64x2.eq i64x2.ne i64x2.lt_s i64x2.gt_s i64x2.le_s i64x2.ge_s",
  simd,
);
run(224, "f32x4.abs f32x4.neg _ f32x4.sqrt f32x4.add f32x4.sub f32x4.mul f32x4.div f32x4.min f32x4.max f32x4.pmin f32x4.pmax", simd);
run(236, "f64x2.abs f64x2.neg _ f64x2.sqrt f64x2.add f64x2.sub f64x2.mul f64x2.div f64x2.min f64x2.max f64x2.pmin f64x2.pmax", simd);
run(
  248,
  "i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u f32x4.convert_i32x4_s f32x4.convert_i32x4_u i32x4.trunc_sat_f64x2_s_zero i32x4.trunc_sat_f64x2_u_zero f64x2.convert_low_i32x4_s f64x2.convert_low_i32x4_u",
  simd,
);
run(0x105, "f32x4.relaxed_madd f32x4.relaxed_nmadd f64x2.relaxed_madd f64x2.relaxed_nmadd", simd);

/** The form of an instruction; throws for one that is not in the table. */
export function formOf(name: string): InstructionForm {
  const form = forms.get(name);
  if (form === undefined) throw new Error(`compile: no such instruction — ${name}; add it to the table`);
  return form;
}

/** Every instruction's name. */
export const mnemonics = (): string[] => [...forms.keys()];
