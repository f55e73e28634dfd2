/**
 * How far the float64 operations are from the exact ones: bounds in ulps, measured against double-doubles on V8 (400,000 arguments an
 * operation) and rounded up. It knows the operations of real.ts; it does not know how their errors travel.
 */
import type { BinaryOperation, UnaryOperation } from "../arithmetic.ts";
import { digamma, lgamma, polygamma } from "../kernels/special.ts";

/**
 * The largest relative error of one rounding to float64, 2^-53.
 *
 * @example
 * ```ts
 * unitRoundoff; // => 1.1102230246251565e-16
 * ```
 */
export const unitRoundoff: number = 2 ** -53;

/** The error of each operation in ulps: 0 is exact, 0.5 correctly rounded. lgamma is so bounded on x > 0 only. */
export const ulpBounds: Readonly<Record<UnaryOperation | BinaryOperation, number>> = {
  neg: 0,
  abs: 0,
  sign: 0,
  floor: 0,
  ceil: 0,
  round: 0,
  min: 0,
  max: 0,
  add: 0.5,
  sub: 0.5,
  mul: 0.5,
  div: 0.5,
  remainder: 0.5,
  sqrt: 0.5,
  cbrt: 1,
  exp: 1,
  expm1: 1,
  log: 1,
  log2: 1,
  log1p: 1,
  sin: 1,
  cos: 1,
  tan: 1,
  asin: 1,
  acos: 1,
  atan: 1,
  exp2: 1.5,
  pow: 1.5,
  atan2: 2,
  cosh: 2,
  asinh: 2.5,
  sinh: 2.5,
  atanh: 2.5,
  log10: 2.5,
  acosh: 3,
  tanh: 3,
  erf: 6,
  erfc: 8,
  erfcx: 7,
  lgamma: 7,
};

const ulpsOf = (ulps: number, value: number): number => (ulps === 0 ? 0 : ulps * (2 ** -52 * Math.abs(value) + 2 ** -1074));

/** Where an operation gives exactly what it should, besides everywhere that its bound is 0. */
const isExactAt: Partial<Record<UnaryOperation, (x: number, out: number) => boolean>> = {
  acos: (x) => x === 1,
  acosh: (x) => x === 1,
  cosh: (x) => x === 0,
  cbrt: (x, out) => Number.isInteger(out) && Math.abs(out) < 2 ** 17 && out ** 3 === x,
  cos: (x) => x === 0,
  erfc: (x) => x === 0,
  erfcx: (x) => x === 0,
  exp: (x) => x === 0,
  exp2: (x) => Number.isInteger(x) && x > -1075,
  log: (x) => x === 1,
  log2: (x, out) => Number.isInteger(out) && 2 ** out === x,
  log10: (x, out) => Number.isInteger(out) && out >= 0 && out <= 22 && 10 ** out === x,
  log1p: (x) => x === -1,
  atanh: (x) => Math.abs(x) === 1,
  lgamma: (x) => x === 1 || x === 2 || (x <= 0 && Number.isInteger(x)),
  sqrt: (x, out) => Math.fround(out) === out && out * out === x,
};

/** Zero at zero, or at ±Infinity its limit: what an operation finds there is exact when it is 0 or infinite. */
const isExactValue = (x: number, out: number): boolean =>
  (x === 0 || Math.abs(x) === Infinity) && (out === 0 || Math.abs(out) === Infinity);

/**
 * A bound on |out - exact operation(x)| for `out` computed in float64 from the double x.
 *
 * @example
 * ```ts
 * unaryError("exp", 0, 1); // => 0
 * unaryError("exp", 1, Math.E) / Math.E < 3e-16; // => true
 * ```
 */
export function unaryError(operation: UnaryOperation, x: number, out: number): number {
  if (isExactValue(x, out) || isExactAt[operation]?.(x, out) === true) return 0;
  if (operation === "lgamma" && x < 0) return 8 * unitRoundoff * (1 + Math.abs(Math.log(sineOfPi(x))) + Math.abs(lgamma(1 - x)));
  return ulpsOf(ulpBounds[operation], out);
}

/** A bound on |out - exact operation(x, y)| for `out` computed in float64 from the doubles x and y. */
export function binaryError(operation: BinaryOperation, x: number, y: number, out: number): number {
  if (operation === "pow" && (x === 0 || x === 1 || y === 0 || y === 1)) return 0;
  if (operation === "atan2" && out === 0 && x === 0) return 0;
  if (operation === "remainder" && out === x % y) return 0;
  return ulpsOf(ulpBounds[operation], out);
}

/** Beyond order 170 the factorial leaves the range of doubles and logarithms stand in for it. */
const polygammaUlps = (order: number): number => (order <= 170 ? 8 + order : 200 * order);

/** A bound on |out - exact polygamma of x| for `out` computed in float64. */
export function polygammaError(order: number, x: number, out: number): number {
  if (x > 0) return x === Infinity ? 0 : ulpsOf(polygammaUlps(order), out);
  const r = fromNearestInteger(x);
  if (order > 0) return 2 * ulpsOf(polygammaUlps(order), polygamma(order, Math.abs(r)));
  return 8 * unitRoundoff * (1 + Math.abs(Math.PI / Math.tan(Math.PI * r)) + Math.abs(digamma(1 - x)));
}

const fromNearestInteger = (x: number): number => x - Math.round(x);
const sineOfPi = (x: number): number => Math.sin(Math.PI * Math.abs(fromNearestInteger(x)));
