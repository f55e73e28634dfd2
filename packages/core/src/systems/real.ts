/**
 * Float64 as a number system: plain doubles on Math and the special functions, the system every eager value is computed in.
 * Its measured rounding errors are in accuracy.ts.
 */
import type { NumberSystem } from "../arithmetic.ts";
import { erf, erfc, erfcx, exp2, lgamma, maximum, minimum, polygamma, power, remainder, roundHalfEven } from "../kernels/special.ts";

const truth = (answer: boolean): number => (answer ? 1 : 0);

/**
 * The number system of doubles; truth values are 1 and 0.
 *
 * @example
 * ```ts
 * real.add(1, real.sqrt(4)); // => 3
 * real.less(1, NaN); // => 0
 * ```
 */
export const real: NumberSystem<number> = {
  name: "real",
  constant: (value) => value,

  neg: (x) => -x,
  abs: Math.abs,
  sign: Math.sign,
  sqrt: Math.sqrt,
  cbrt: Math.cbrt,
  exp: Math.exp,
  exp2,
  expm1: Math.expm1,
  log: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  erf,
  erfc,
  erfcx,
  lgamma,
  polygamma,
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundHalfEven,
  round32: Math.fround,

  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  pow: power,
  atan2: Math.atan2,
  remainder,
  min: minimum,
  max: maximum,

  isNaN: (x) => truth(Number.isNaN(x)),
  isFinite: (x) => truth(Number.isFinite(x)),
  less: (x, y) => truth(x < y),
  lessEqual: (x, y) => truth(x <= y),
  equal: (x, y) => truth(x === y),
  not: (x) => truth(x === 0),
  and: (x, y) => truth(x !== 0 && y !== 0),
  or: (x, y) => truth(x !== 0 || y !== 0),
  select: (condition, x, y) => (condition !== 0 ? x : y),

  decide: (condition) => condition !== 0,
  toNumber: (x) => x,
};
