/**
 * Exponentials and hyperbolic functions of vectors. x = n ln 2 + r with |r| <= ln(2)/2, by Cody and Waite's two constants; e^r by a minimax
 * polynomial whose first terms 1 + r are added without error.
 */
import type { Lanes, Value } from "../assembly/lanes.ts";
import { atLeast, atMost, format, nearestWhole, type PerPrecision, polynomial, type VectorForm, withSign } from "./form.ts";

/** ln 2 in two parts: whole numbers up to 2^11 (f32: 2^8) times the first are exact. */
const logTwo: PerPrecision<readonly [high: number, low: number]> = {
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
const range: PerPrecision<readonly [zero: number, infinite: number]> = { f64: [-746, 710], f32: [-104.5, 89] };

interface Reduced {
  /** x less n times the first part of ln 2. */
  readonly high: Value;
  /** e^r - 1 less `high`. */
  readonly rest: Value;
  /** Bits whose lowest hold n + offset. */
  readonly bits: Value;
}

function reduced(m: Lanes, x: Value, offset: number): Reduced {
  const [ln2, ln2Rest] = logTwo[m.precision];
  const { whole, bits } = nearestWhole(m, x, Math.LOG2E, offset);
  const high = m.multiplyAdd(whole, m.constant(-ln2), x);
  const r = m.multiplyAdd(whole, m.constant(-ln2Rest), high);
  const square = m.mul(r, r);
  const beyond = m.mul(square, polynomial(m, exponentialRest[m.precision], r));
  return { high, rest: m.multiplyAdd(whole, m.constant(-ln2Rest), beyond), bits };
}

/** e^x 2^shift, which is rounded once where it is subnormal. */
function scaledExponential(m: Lanes, x: Value, shift = 0): Value {
  const { mantissaBits, bias } = format[m.precision];
  const [low, high] = range[m.precision];
  const inRange = atLeast(m, atMost(m, x, high), low);
  const { high: r, rest, bits } = reduced(m, inRange, 2 * bias + shift);
  const one = m.constant(1);
  const sum = m.add(one, r);
  const value = m.add(sum, m.add(m.sub(r, m.sub(sum, one)), rest));
  const exponent = m.and(bits, m.bits(4n * BigInt(bias) + 3n));
  const firstHalf = m.shiftRightLogical(exponent, 1);
  const secondHalf = m.integerSub(exponent, firstHalf);
  return m.mul(m.mul(value, m.shiftLeft(firstHalf, mantissaBits)), m.shiftLeft(secondHalf, mantissaBits));
}

/** Below these e^x - 1 is -1. */
const minusOneBelow: PerPrecision<number> = { f64: -40, f32: -20 };

/** (e^x - 1)/2 as a sum, the second part far below the first; 0 without its sign. */
function halfExpm1(m: Lanes, x: Value): readonly [high: Value, low: Value] {
  const { mantissaBits, bias } = format[m.precision];
  const { high: r, rest, bits } = reduced(m, atLeast(m, atMost(m, x, range[m.precision][1]), minusOneBelow[m.precision]), bias - 1);
  const scale = m.shiftLeft(bits, mantissaBits);
  const base = m.sub(scale, m.constant(0.5));
  const part = m.mul(scale, r);
  const sum = m.add(base, part);
  return [sum, m.multiplyAdd(scale, rest, m.sub(part, m.sub(sum, base)))];
}

export const exp: VectorForm = {
  ulps: { f64: 1, f32: 1 },
  write: (m, x) => ({ value: scaledExponential(m, x!) }),
};

export const expm1: VectorForm = {
  ulps: { f64: 1, f32: 1.5 },
  write: (m, x) => {
    const [high, low] = halfExpm1(m, x!);
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
    const [high, low] = halfExpm1(m, m.mul(m.abs(x!), m.constant(-2)));
    const h = m.add(high, low);
    const lost = m.sub(low, m.sub(h, high));
    const denominator = m.add(one, h);
    const denominatorLost = m.add(m.sub(h, m.sub(denominator, one)), lost);
    const quotient = m.div(h, denominator);
    const correction = m.mul(m.sub(lost, m.mul(quotient, denominatorLost)), m.sub(one, quotient));
    return { value: withSign(m, m.add(quotient, correction), x!) };
  },
};
