/**
 * Exponentials and hyperbolic functions of vectors. x = n ln 2 + r with |r| <= ln(2)/2, by Cody and Waite's two constants; e^r by a minimax
 * polynomial whose first terms 1 + r are added without error.
 */
import type { Lanes, Value } from "../assembly/lanes.ts";
import { atLeast, atMost, format, nearestWhole, type PerPrecision, polynomial, type VectorForm, withSign } from "./form.ts";

/** ln 2 in two parts: whole numbers up to 2^11 (f32: 2^8) times the first are exact. */
export const logTwo: PerPrecision<readonly [high: number, low: number]> = {
  f64: [0.6931471803691238, 1.9082149292705877e-10],
  f32: [0.693359375, -0.00021219444005469057],
};

/** (e^r - 1 - r)/r² on |r| <= ln(2)/2: minimax, by the Remez algorithm in 50 digits. */
const exponentialRest: PerPrecision<readonly number[]> = {
  f64: [
    0.5, 0.16666666666666677, 0.04166666666666667, 0.008333333333321386, 0.0013888888888886044, 0.00019841269886819777,
    2.4801587317860604e-5, 2.7557243446636227e-6, 2.7557283133139923e-7, 2.5109323094245995e-8, 2.091081307049873e-9,
  ],
  f32: [0.49999997, 0.16666533, 0.041667268, 0.008367879, 0.0013896719],
};

/** Where results are surely 0 and surely infinite. */
const range: PerPrecision<readonly [zero: number, infinite: number]> = { f64: [-746, 711], f32: [-104.5, 90] };
const binaryRange: typeof range = { f64: [-1080, 1026], f32: [-152, 130] };

interface Reduced {
  /** x less n times the first part of ln 2. */
  readonly high: Value;
  /** e^r - 1 less `high`. */
  readonly rest: Value;
  /** Bits whose lowest hold n + offset. */
  readonly bits: Value;
}

/** Of x, or of x + lost where lost is below the last place of x. */
function reduced(m: Lanes, x: Value, offset: number, lost?: Value): Reduced {
  const [ln2, ln2Rest] = logTwo[m.precision];
  const { whole, bits } = nearestWhole(m, x, Math.LOG2E, offset);
  const high = m.multiplyAdd(whole, m.constant(-ln2), x);
  const minusLogTwoRest = m.constant(-ln2Rest);
  const r = m.multiplyAdd(whole, minusLogTwoRest, lost === undefined ? high : m.add(high, lost));
  const beyond = m.mul(m.mul(r, r), polynomial(m, exponentialRest[m.precision], r));
  const rest = m.multiplyAdd(whole, minusLogTwoRest, lost === undefined ? beyond : m.add(beyond, lost));
  return { high, rest, bits };
}

/** e^(x + lost) 2^shift, rounded once where it is subnormal. */
export function scaledExponential(m: Lanes, x: Value, shift = 0, lost?: Value): Value {
  const { bias } = format[m.precision];
  const [low, high] = range[m.precision];
  const inRange = atLeast(m, atMost(m, x, high), low);
  const { high: r, rest, bits } = reduced(m, inRange, 2 * bias + shift, lost);
  const one = m.constant(1);
  const sum = m.add(one, r);
  const value = m.add(sum, m.add(m.sub(r, m.sub(sum, one)), rest));
  return scaled(m, value, bits);
}

/** value·2^n, rounded once, for bits whose lowest hold n + 2·bias. */
function scaled(m: Lanes, value: Value, bits: Value): Value {
  const { mantissaBits, bias } = format[m.precision];
  const exponent = m.and(bits, m.bits(4n * BigInt(bias) + 3n));
  const firstHalf = m.shiftRightLogical(exponent, 1);
  const secondHalf = m.integerSub(exponent, firstHalf);
  return m.mul(m.mul(value, m.shiftLeft(firstHalf, mantissaBits)), m.shiftLeft(secondHalf, mantissaBits));
}

/** Below these e^x - 1 is -1. */
const minusOneBelow: PerPrecision<number> = { f64: -40, f32: -20 };

/**
 * scale·(e^(x + lost) - 1) as a sum, the second part far below the first, for a scale of 1 or ½ and scale·e^x < 2^1024 (f32: 2^128);
 * 0 without its sign.
 */
export function expm1Parts(m: Lanes, x: Value, scale: 1 | 0.5, lost?: Value): readonly [high: Value, low: Value] {
  const { mantissaBits, bias } = format[m.precision];
  const { high: r, rest, bits } = reduced(m, atLeast(m, x, minusOneBelow[m.precision]), bias + Math.log2(scale), lost);
  const power = m.shiftLeft(bits, mantissaBits);
  const base = m.sub(power, m.constant(scale));
  const part = m.mul(power, r);
  const sum = m.add(base, part);
  return [sum, m.multiplyAdd(power, rest, m.sub(part, m.sub(sum, base)))];
}

export const exp: VectorForm = {
  ulps: { f64: 1, f32: 1 },
  write: (m, x) => ({ value: scaledExponential(m, x!) }),
};

/** (2^f - 1)/f - ½ on |f| <= ½: minimax, by the Remez algorithm in 60 digits. */
const powerOfTwoRest: PerPrecision<readonly number[]> = {
  f64: [
    0.19314718055994531, 0.24022650695910172, 0.055504108664824574, 0.009618129107577075, 0.0013333558145567823, 0.00015403530478850087,
    1.5252734737529399e-5, 1.3215424484339244e-6, 1.0177656334335811e-7, 7.0756166434589115e-9, 4.5192668539688356e-10,
  ],
  f32: [0.19314718, 0.2402265, 0.055504046, 0.009618039, 0.0013338756, 0.00015466263, 1.408103e-5],
};

/** 2^(x + lost), rounded once where it is subnormal, for a small `lost`. */
export function powerOfTwo(m: Lanes, x: Value, lost?: Value): Value {
  const [low, high] = binaryRange[m.precision];
  const inRange = atLeast(m, atMost(m, x, high), low);
  const { whole, bits } = nearestWhole(m, inRange, 1, 2 * format[m.precision].bias);
  const exactPart = m.sub(inRange, whole);
  const f = lost === undefined ? exactPart : m.add(exactPart, atLeast(m, atMost(m, lost, 1), -1));
  const one = m.constant(1);
  const half = m.mul(f, m.constant(0.5));
  const sum = m.add(one, half);
  const rest = m.multiplyAdd(f, polynomial(m, powerOfTwoRest[m.precision], f), m.sub(half, m.sub(sum, one)));
  return scaled(m, m.add(sum, rest), bits);
}

export const exp2: VectorForm = {
  ulps: { f64: 1, f32: 1 },
  write: (m, x) => ({ value: powerOfTwo(m, x!) }),
};

/** Where e^x/2 is finite and e^x is not. */
const halfInfinite: PerPrecision<number> = { f64: 710, f32: 89 };

export const expm1: VectorForm = {
  ulps: { f64: 1.2, f32: 1.5 },
  write: (m, x) => {
    const [high, low] = expm1Parts(m, atMost(m, x!, halfInfinite[m.precision]), 0.5);
    const half = m.add(high, low);
    const isTiny = m.less(m.abs(x!), m.constant(2 ** -(format[m.precision].mantissaBits + 2)));
    return { value: m.select(isTiny, x!, m.add(half, half)) };
  },
};

export const tanh: VectorForm = {
  ulps: { f64: 1.5, f32: 1.5 },
  // With h = (e^(-2|x|) - 1)/2, tanh |x| = -h/(1 + h); what the roundings of h and of 1 + h take is put back to first order.
  write: (m, x) => {
    const one = m.constant(1);
    const [high, low] = expm1Parts(m, m.mul(m.abs(x!), m.constant(-2)), 0.5);
    const h = m.add(high, low);
    const lost = m.sub(low, m.sub(h, high));
    const denominator = m.add(one, h);
    const denominatorLost = m.add(m.sub(h, m.sub(denominator, one)), lost);
    const quotient = m.div(h, denominator);
    const correction = m.mul(m.sub(lost, m.mul(quotient, denominatorLost)), m.sub(one, quotient));
    return { value: withSign(m, m.add(quotient, correction), x!) };
  },
};

/** sinh is served up to here. */
const largestSinh: PerPrecision<number> = { f64: 709, f32: 88 };

export const sinh: VectorForm = {
  ulps: { f64: 2.5, f32: 2.25 },
  // With t = (e^|x| - 1)/2, sinh |x| = t + t/(2 t + 1).
  write: (m, x) => {
    const magnitude = m.abs(x!);
    const [high, low] = expm1Parts(m, magnitude, 0.5);
    const t = m.add(high, low);
    const quotient = m.div(t, m.add(m.add(t, t), m.constant(1)));
    const value = m.add(high, m.add(quotient, low));
    const isTiny = m.less(magnitude, m.constant(2 ** -format[m.precision].mantissaBits));
    const outside = m.not(m.lessEqual(magnitude, m.constant(largestSinh[m.precision])));
    return { value: m.select(isTiny, x!, withSign(m, value, x!)), outside };
  },
};

export const cosh: VectorForm = {
  ulps: { f64: 1.25, f32: 1.25 },
  write: (m, x) => {
    const half = scaledExponential(m, m.abs(x!), -1);
    return { value: m.add(half, m.div(m.constant(0.25), half)) };
  },
};
