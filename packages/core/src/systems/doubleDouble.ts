/**
 * Double-doubles as a number system: about 32 correct digits for every operation. It knows which function is which operation and the
 * rounding of ties; the numbers themselves are in doubleDouble/.
 */
import type { NumberSystem } from "../arithmetic.ts";
import { remainder as doubleRemainder, roundHalfEven } from "../kernels/special.ts";
import * as basic from "./doubleDouble/arithmetic.ts";
import * as elementary from "./doubleDouble/elementary.ts";
import * as special from "./doubleDouble/special.ts";
import * as trigonometric from "./doubleDouble/trigonometric.ts";

export type { DoubleDouble } from "./doubleDouble/arithmetic.ts";
type DoubleDouble = basic.DoubleDouble;

const truth = (answer: boolean): DoubleDouble => (answer ? basic.one : basic.zero);
const isTrue = (x: DoubleDouble): boolean => x.high !== 0;

function round(x: DoubleDouble): DoubleDouble {
  if (Number.isInteger(x.high)) return basic.renormalised(x.high, roundHalfEven(x.low));
  const isTie = Math.abs(x.high % 1) === 0.5;
  if (isTie && x.low !== 0) return basic.from(x.low > 0 ? Math.ceil(x.high) : Math.floor(x.high));
  return basic.from(roundHalfEven(x.high));
}

/** To float32 in one rounding: a leading part half way between two floats is moved off it by the trailing part. */
function round32(x: DoubleDouble): DoubleDouble {
  const nudge = Math.abs(x.high) * 2 ** -52;
  const [below, above] = [Math.fround(x.high - nudge), Math.fround(x.high + nudge)];
  const isTie = below < above && x.low !== 0 && (below + above) / 2 === x.high;
  return basic.from(isTie ? (x.low > 0 ? above : below) : Math.fround(x.high));
}

/** Exact before its one rounding, whatever the quotient. */
function remainder(x: DoubleDouble, y: DoubleDouble): DoubleDouble {
  const isOrdinary = Number.isFinite(x.high) && Number.isFinite(y.high) && x.high !== 0 && y.high !== 0;
  if (!isOrdinary)
    return Number.isFinite(x.high) && basic.less(basic.zero, basic.mul(x, y)) ? x : basic.from(doubleRemainder(x.high, y.high));
  const [a, b] = [basic.exact(x), basic.exact(y)];
  const exponent = Math.min(a.exponent, b.exponent);
  const divisor = b.whole << BigInt(b.exponent - exponent);
  const rest = (a.whole << BigInt(a.exponent - exponent)) % divisor;
  if (rest === 0n) return basic.from(y.high < 0 ? -0 : 0);
  return basic.nearest({ whole: rest < 0n === divisor < 0n ? rest : rest + divisor, exponent });
}

function smaller(x: DoubleDouble, y: DoubleDouble): DoubleDouble {
  if (x.high === y.high && x.high !== 0) return x.low <= y.low ? x : y;
  const high = Math.min(x.high, y.high);
  return Object.is(high, x.high) ? x : Object.is(high, y.high) ? y : basic.from(high);
}

/**
 * The number system of double-doubles. Relative errors: + - at most 2^-104.4, × 2^-103, ÷ 2^-102.6; functions below 1e-30, special
 * functions below 1e-29, where they are well conditioned (pow: (4 + |y ln x|) 2^-104).
 *
 * @example
 * ```ts
 * doubleDouble.div(doubleDouble.constant(1), doubleDouble.constant(3)); // => { high: 0.3333333333333333, low: 1.850371707708594e-17 }
 * ```
 */
export const doubleDouble: NumberSystem<DoubleDouble> = {
  name: "doubleDouble",
  constant: basic.from,

  neg: basic.neg,
  abs: basic.abs,
  sign: (x) => basic.from(Math.sign(x.high)),
  sqrt: basic.sqrt,
  cbrt: elementary.cbrt,
  exp: elementary.exp,
  exp2: elementary.exp2,
  expm1: elementary.expm1,
  log: elementary.log,
  log2: elementary.log2,
  log10: elementary.log10,
  log1p: elementary.log1p,
  sin: trigonometric.sin,
  cos: trigonometric.cos,
  tan: trigonometric.tan,
  asin: trigonometric.asin,
  acos: trigonometric.acos,
  atan: trigonometric.atan,
  sinh: elementary.sinh,
  cosh: elementary.cosh,
  tanh: elementary.tanh,
  asinh: elementary.asinh,
  acosh: elementary.acosh,
  atanh: elementary.atanh,
  erf: special.erf,
  erfc: special.erfc,
  erfcx: special.erfcx,
  lgamma: special.lgamma,
  polygamma: special.polygamma,
  floor: basic.floor,
  ceil: (x) => basic.neg(basic.floor(basic.neg(x))),
  round,
  round32,

  add: basic.add,
  sub: basic.sub,
  mul: basic.mul,
  div: basic.div,
  pow: elementary.pow,
  atan2: trigonometric.atan2,
  remainder,
  min: smaller,
  max: (x, y) => basic.neg(smaller(basic.neg(x), basic.neg(y))),

  isNaN: (x) => truth(Number.isNaN(x.high)),
  isFinite: (x) => truth(Number.isFinite(x.high)),
  less: (x, y) => truth(basic.less(x, y)),
  lessEqual: (x, y) => truth(basic.less(x, y) || basic.equal(x, y)),
  equal: (x, y) => truth(basic.equal(x, y)),
  not: (x) => truth(!isTrue(x)),
  and: (x, y) => truth(isTrue(x) && isTrue(y)),
  or: (x, y) => truth(isTrue(x) || isTrue(y)),
  select: (condition, x, y) => (isTrue(condition) ? x : y),

  decide: isTrue,
  toNumber: (x) => x.high,
};
