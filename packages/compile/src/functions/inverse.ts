/**
 * Inverse trigonometric and inverse hyperbolic functions of vectors. atan is reduced to |t| <= tan(π/8) by the angles 0, π/4 and π/2, asin and
 * acos beyond ½ to √((1 - x)/2), as in Cephes (Moshier, 1989) and fdlibm (Sun Microsystems, 1993); the hyperbolic ones to log(1 + t).
 */
import type { Lanes, Value } from "../assembly/lanes.ts";
import { outsideOf, type PerPrecision, polynomial, signBit, type VectorForm, withSign } from "./form.ts";
import { logOnePlus } from "./logarithm.ts";

/** (atan(t)/t - 1)/t² in powers of t², |t| <= tan(π/8): minimax, by the Remez algorithm in 60 digits. */
const arctangentRest: PerPrecision<readonly number[]> = {
  f64: [
    -0.333333333333332, 0.19999999999953819, -0.14285714280221232, 0.11111110784763331, -0.09090897797171922, 0.076920609512133,
    -0.06663112817879065, 0.058479561199698236, -0.050396202100110046, 0.03807297365094913, -0.0179168930388607,
  ],
  f32: [-0.33333316, 0.19998531, -0.14244469, 0.10599794, -0.060916565],
};

/** (asin(x)/x - 1)/x² in powers of x², |x| <= ½: minimax, by the Remez algorithm in 60 digits. */
const arcsineRest: PerPrecision<readonly number[]> = {
  f64: [
    0.16666666666665375, 0.07500000000344981, 0.04464285682181507, 0.030381959402434565, 0.02237175176495453, 0.017359798330850447,
    0.013884323105390482, 0.012175126999819423, 0.006502700388170744, 0.019596638025162837, -0.01633037305612124, 0.03198425984359071,
  ],
  f32: [0.16666754, 0.07495249, 0.045476634, 0.0241484, 0.042219125],
};

/** π/2 in two parts. */
const halfPi: PerPrecision<readonly [high: number, low: number]> = {
  f64: [1.5707963267948966, 6.123233995736766e-17],
  f32: [1.5707963705062866, -4.371139000186243e-8],
};

const eighth = 0.41421356237309503; // tan(π/8)
const threeEighths = 2.414213562373095; // tan(3π/8)

/** The angle of (b, a), a and b not negative, as a sum of two parts. */
function angle(m: Lanes, a: Value, b: Value): readonly [high: Value, low: Value] {
  const [right, rightRest] = halfPi[m.precision];
  const isMiddle = m.less(m.mul(b, m.constant(eighth)), a);
  const isSteep = m.less(m.mul(b, m.constant(threeEighths)), a);
  const numerator = m.select(isSteep, m.neg(b), m.select(isMiddle, m.sub(a, b), a));
  const denominator = m.select(isSteep, a, m.select(isMiddle, m.add(a, b), b));
  const t = m.div(numerator, denominator);
  const z = m.mul(t, t);
  const beyond = m.mul(m.mul(t, z), polynomial(m, arctangentRest[m.precision], z));
  const base = m.select(isSteep, m.constant(right), m.and(isMiddle, m.constant(right / 2)));
  const baseRest = m.select(isSteep, m.constant(rightRest), m.and(isMiddle, m.constant(rightRest / 2)));
  const high = m.add(base, t);
  return [high, m.add(m.add(m.sub(base, high), t), m.add(baseRest, beyond))];
}

export const atan: VectorForm = {
  ulps: { f64: 2, f32: 2.25 },
  write: (m, x) => {
    const [high, low] = angle(m, m.abs(x!), m.constant(1));
    return { value: withSign(m, m.add(high, low), x!) };
  },
};

/** Sums and quotients of magnitudes in this range do not leave the range of numbers. */
const moderate: PerPrecision<readonly [number, number]> = { f64: [2 ** -500, 2 ** 500], f32: [2 ** -60, 2 ** 60] };

export const atan2: VectorForm = {
  ulps: { f64: 2.5, f32: 2.5 },
  write: (m, y, x) => {
    const [right, rightRest] = halfPi[m.precision];
    const [a, b] = [m.abs(y!), m.abs(x!)];
    const [high, low] = angle(m, a, b);
    const isLeft = m.less(x!, m.constant(0));
    const straight = m.constant(2 * right);
    const turned = m.sub(straight, high);
    const turnedLow = m.sub(m.add(m.sub(m.sub(straight, turned), high), m.constant(2 * rightRest)), low);
    const value = m.select(isLeft, m.add(turned, turnedLow), m.add(high, low));
    const outside = m.or(outsideOf(m, a, ...moderate[m.precision]), outsideOf(m, b, ...moderate[m.precision]));
    return { value: withSign(m, value, y!), outside };
  },
};

/** asin of the magnitude where it is at most ½, else of √((1 - magnitude)/2): its argument and what is to be added to it. */
function arcsine(m: Lanes, magnitude: Value): { readonly isLarge: Value; readonly s: Value; readonly beyond: Value } {
  const half = m.constant(0.5);
  const isLarge = m.less(half, magnitude);
  const complement = m.mul(m.sub(m.constant(1), magnitude), half);
  const s = m.select(isLarge, m.sqrt(complement), magnitude);
  const z = m.select(isLarge, complement, m.mul(magnitude, magnitude));
  return { isLarge, s, beyond: m.mul(m.mul(s, z), polynomial(m, arcsineRest[m.precision], z)) };
}

export const asin: VectorForm = {
  ulps: { f64: 2.25, f32: 2.25 },
  write: (m, x) => {
    const [right, rightRest] = halfPi[m.precision];
    const { isLarge, s, beyond } = arcsine(m, m.abs(x!));
    const large = m.sub(m.sub(m.constant(right), m.add(s, s)), m.sub(m.add(beyond, beyond), m.constant(rightRest)));
    return { value: withSign(m, m.select(isLarge, large, m.add(s, beyond)), x!) };
  },
};

export const acos: VectorForm = {
  ulps: { f64: 1.5, f32: 1.5 },
  write: (m, x) => {
    const [right, rightRest] = halfPi[m.precision];
    const { isLarge, s, beyond } = arcsine(m, m.abs(x!));
    const sign = m.and(x!, signBit(m));
    const isNegative = m.less(x!, m.constant(0));
    const central = m.sub(m.constant(right), m.xor(m.sub(m.add(s, beyond), m.xor(m.constant(rightRest), sign)), sign));
    const twice = m.add(m.add(s, s), m.add(beyond, beyond));
    const left = m.sub(m.constant(2 * right), m.sub(twice, m.constant(2 * rightRest)));
    return { value: m.select(isLarge, m.select(isNegative, left, twice), central) };
  },
};

const squareable: PerPrecision<number> = { f64: 2 ** 500, f32: 2 ** 60 };

export const asinh: VectorForm = {
  ulps: { f64: 2.5, f32: 2 },
  // asinh |x| = log(1 + |x| + x²/(1 + √(1 + x²))).
  write: (m, x) => {
    const one = m.constant(1);
    const magnitude = m.abs(x!);
    const square = m.mul(magnitude, magnitude);
    const root = m.sqrt(m.add(square, one));
    const value = logOnePlus(m, m.add(magnitude, m.div(square, m.add(root, one))));
    return { value: withSign(m, value, x!), outside: m.not(m.lessEqual(magnitude, m.constant(squareable[m.precision]))) };
  },
};

export const acosh: VectorForm = {
  ulps: { f64: 3, f32: 2.25 },
  // With t = x - 1, acosh x = log(1 + t + √(2 t + t²)).
  write: (m, x) => {
    const t = m.sub(x!, m.constant(1));
    const value = logOnePlus(m, m.add(t, m.sqrt(m.multiplyAdd(t, t, m.add(t, t)))));
    return { value, outside: outsideOf(m, x!, 1, squareable[m.precision]) };
  },
};

/** Below 1 by more than a rounding. */
const insideUnit: PerPrecision<number> = { f64: 1 - 2 ** -53, f32: 1 - 2 ** -24 };

export const atanh: VectorForm = {
  ulps: { f64: 2, f32: 2 },
  // atanh |x| = ½ log(1 + 2|x| + 2 x²/(1 - |x|)).
  write: (m, x) => {
    const magnitude = m.abs(x!);
    const twice = m.add(magnitude, magnitude);
    const argument = m.add(twice, m.div(m.mul(twice, magnitude), m.sub(m.constant(1), magnitude)));
    const value = m.mul(logOnePlus(m, argument), m.constant(0.5));
    return { value: withSign(m, value, x!), outside: m.not(m.lessEqual(magnitude, m.constant(insideUnit[m.precision]))) };
  },
};
