/**
 * Exponentials, logarithms, powers and hyperbolic functions of double-doubles: argument reduction and Taylor series.
 * Relative errors are below 1e-30 where the function is well conditioned.
 */
import { power } from "../../kernels/special.ts";
import {
  abs,
  add,
  type DoubleDouble,
  div,
  equal,
  exponentOf,
  from,
  half,
  inverse,
  isOdd,
  isWhole,
  less,
  mul,
  neg,
  notANumber,
  one,
  polynomial,
  productOf,
  scaled,
  sqrt,
  square,
  sub,
  times,
  two,
  wholePower,
  zero,
} from "./arithmetic.ts";

export const logTwo: DoubleDouble = { high: Math.LN2, low: 2.3190468138462996e-17 };
const logTwoRest = 5.707708438416212e-34;
const logTen: DoubleDouble = { high: Math.LN10, low: -2.1707562233822494e-16 };

/** 1/0!, 1/1!, 1/2!, … */
export const inverseFactorials: readonly DoubleDouble[] = inverseFactorialsUpTo(32);

function inverseFactorialsUpTo(count: number): DoubleDouble[] {
  const out = [one];
  for (let n = 1; n < count; n++) out.push(div(out[n - 1]!, from(n)));
  return out;
}

/** An odd function from its values at positive arguments; keeps the sign of zero. */
export function odd(positive: (x: DoubleDouble) => DoubleDouble): (x: DoubleDouble) => DoubleDouble {
  return (x) => (x.high === 0 || Number.isNaN(x.high) ? x : x.high < 0 ? neg(positive(neg(x))) : positive(x));
}

/** k ln 2 for a whole k. */
function multipleOfLogTwo(k: number): DoubleDouble {
  return add(add(productOf(k, logTwo.high), productOf(k, logTwo.low)), from(k * logTwoRest));
}

const expm1Coefficients = inverseFactorials.slice(1, 19);

/** e^r - 1 for |r| <= 0.36: the series at r/8, then p -> p(p + 2) three times. */
function expm1Reduced(r: DoubleDouble): DoubleDouble {
  const small = scaled(r, -3);
  let p = mul(small, polynomial(expm1Coefficients, small));
  for (let i = 0; i < 3; i++) p = mul(p, add(p, two));
  return p;
}

export function exp(x: DoubleDouble): DoubleDouble {
  if (Number.isNaN(x.high) || x.high > 709.8) return from(Math.exp(x.high));
  if (x.high < -745.2) return zero;
  const k = Math.round(x.high / logTwo.high);
  return scaled(add(expm1Reduced(sub(x, multipleOfLogTwo(k))), one), k);
}

/** Below this magnitude e^x - 1 and log(1 + x) are x to the last digit. */
const tiny = 1e-100;

export function expm1(x: DoubleDouble): DoubleDouble {
  if (Math.abs(x.high) < tiny) return x;
  return Math.abs(x.high) < 0.35 ? expm1Reduced(x) : sub(exp(x), one);
}

export function exp2(x: DoubleDouble): DoubleDouble {
  if (!(Math.abs(x.high) < 1100)) return from(2 ** x.high);
  const k = Math.round(x.high);
  const rest = sub(x, from(k));
  return scaled(rest.high === 0 ? one : exp(mul(rest, logTwo)), k);
}

const arctanhCoefficients: readonly DoubleDouble[] = Array.from({ length: 24 }, (_, n) => inverse(from(2 * n + 1)));

/** artanh s for |s| <= 0.2. */
const arctanhReduced = (s: DoubleDouble): DoubleDouble => mul(s, polynomial(arctanhCoefficients, square(s)));

/** x as m · 2^k with m between √½ and √2. */
function split(x: DoubleDouble): { readonly k: number; readonly m: DoubleDouble } {
  const k = exponentOf(x.high);
  const m = scaled(x, -k);
  return m.high > Math.SQRT2 ? { k: k + 1, m: scaled(m, -1) } : m.high < Math.SQRT1_2 ? { k: k - 1, m: scaled(m, 1) } : { k, m };
}

const logReduced = (m: DoubleDouble): DoubleDouble => scaled(arctanhReduced(div(sub(m, one), add(m, one))), 1);
const hasLogarithm = (x: DoubleDouble): boolean => x.high > 0 && x.high < Infinity;

export function log(x: DoubleDouble): DoubleDouble {
  if (!hasLogarithm(x)) return from(Math.log(x.high));
  const { k, m } = split(x);
  return k === 0 ? logReduced(m) : add(multipleOfLogTwo(k), logReduced(m));
}

export function log2(x: DoubleDouble): DoubleDouble {
  if (!hasLogarithm(x)) return from(Math.log2(x.high));
  const { k, m } = split(x);
  return add(from(k), div(logReduced(m), logTwo));
}

export function log10(x: DoubleDouble): DoubleDouble {
  if (!hasLogarithm(x)) return from(Math.log10(x.high));
  const value = div(log(x), logTen);
  const whole = Math.round(value.high);
  const isPower = whole >= 0 && whole <= 45 && equal(wholePower(from(10), whole), x);
  return isPower ? from(whole) : value;
}

export function log1p(x: DoubleDouble): DoubleDouble {
  if (Math.abs(x.high) < tiny) return x;
  return x.high > -0.29 && x.high < 0.41 ? scaled(arctanhReduced(div(x, add(x, two))), 1) : log(add(x, one));
}

export const cbrt: (x: DoubleDouble) => DoubleDouble = odd((x) => {
  if (x.high === Infinity) return x;
  if (x.high > 1e250 || x.high < 1e-250) {
    const k = 3 * Math.round(exponentOf(x.high) / 3);
    return scaled(cbrt(scaled(x, -k)), k / 3);
  }
  const root = Math.cbrt(x.high);
  const squared = productOf(root, root);
  const rest = sub(x, times(squared, root));
  return add(from(root), div(rest, add(times(squared, 3), from(rest.high / root))));
});

/** Whole powers up to this one are products, so that small integers give integers. */
const largestProductPower = 128;

/** Relative error about (4 + |y ln x|) 2^-104. */
export function pow(x: DoubleDouble, y: DoubleDouble): DoubleDouble {
  if (y.high === 0) return one;
  if (x.high === 0 || !Number.isFinite(x.high) || !Number.isFinite(y.high)) return from(power(aboutOne(x), y.high));
  const whole = isWhole(y);
  if (x.high < 0 && !whole) return notANumber;
  if (whole && Math.abs(y.high) <= largestProductPower) {
    const product = wholePower(x, Math.abs(y.high));
    const magnitude = Math.abs(product.high);
    if (magnitude > 1e-290 && magnitude < 1e290) return y.high < 0 ? inverse(product) : product;
  }
  const value = exp(mul(y, log(abs(x))));
  return x.high < 0 && isOdd(y) ? neg(value) : value;
}

/** The leading part, but on the right side of ±1. */
function aboutOne(x: DoubleDouble): number {
  return Math.abs(x.high) === 1 ? x.high + Math.sign(x.low) * 1e-15 : x.high;
}

export const sinh: (x: DoubleDouble) => DoubleDouble = odd((x) => {
  if (x.high > 40) {
    const root = exp(scaled(x, -1));
    return mul(scaled(root, -1), root);
  }
  const e = expm1(x);
  return scaled(add(e, div(e, add(e, one))), -1);
});

export function cosh(x: DoubleDouble): DoubleDouble {
  const magnitude = abs(x);
  if (magnitude.high > 40) return sinh(magnitude);
  const e = exp(magnitude);
  return scaled(add(e, inverse(e)), -1);
}

export const tanh: (x: DoubleDouble) => DoubleDouble = odd((x) => {
  if (x.high > 300) return one;
  const e = expm1(scaled(x, 1));
  return div(e, add(e, two));
});

export const asinh: (x: DoubleDouble) => DoubleDouble = odd((x) => {
  if (x.high > 1e17) return add(log(x), logTwo);
  const squared = square(x);
  return log1p(add(x, div(squared, add(one, sqrt(add(one, squared))))));
});

export function acosh(x: DoubleDouble): DoubleDouble {
  if (less(x, one)) return notANumber;
  if (x.high > 1e17) return add(log(x), logTwo);
  const t = sub(x, one);
  return log1p(add(t, sqrt(mul(t, add(t, two)))));
}

export const atanh: (x: DoubleDouble) => DoubleDouble = odd((x) => {
  if (equal(x, one)) return from(Infinity);
  return less(one, x) ? notANumber : mul(half, log1p(div(scaled(x, 1), sub(one, x))));
});
