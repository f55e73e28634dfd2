/**
 * Logarithms of vectors. x = 2^k m with m in [√½, √2); log m = 2 atanh(s), s = (m - 1)/(m + 1), by the division of fdlibm's e_log.c
 * (Sun Microsystems, 1993): f - f²/2 + s (f²/2 + R(s²)) with f = m - 1.
 */
import type { Lanes, Value } from "../assembly/lanes.ts";
import { logTwo } from "./exponential.ts";
import { format, outsideOf, type PerPrecision, polynomial, type VectorForm, type VectorValue, withSign } from "./form.ts";

/** (log(1 + f)/s - 2)/s² in powers of s²: minimax, by the Remez algorithm in 50 digits. */
const logarithmRest: PerPrecision<readonly number[]> = {
  f64: [
    0.6666666666666735, 0.39999999999409275, 0.2857142874371854, 0.22222198424434111, 0.18183572644756182, 0.15313823607584512,
    0.1479835406709138,
  ],
  f32: [0.6666666, 0.40000972, 0.28498787, 0.2427902],
};

const sqrtHalfBits: PerPrecision<bigint> = { f64: 0x3fe6a09e667f3bcdn, f32: 0x3f3504f3n };

export interface Split {
  /** m - 1. */
  readonly fraction: Value;
  readonly exponent: Value;
  /** Bits of k + bias in the place of an exponent, and others below. */
  readonly bits: Value;
}

/** A positive normal number as 2^k (1 + fraction). */
export function split(m: Lanes, x: Value): Split {
  const { mantissaBits, bias } = format[m.precision];
  const sqrtHalf = sqrtHalfBits[m.precision];
  const one = BigInt(bias) << BigInt(mantissaBits);
  const bits = m.integerAdd(x, m.bits(one - sqrtHalf));
  const mantissa = m.integerAdd(m.and(bits, m.bits((1n << BigInt(mantissaBits)) - 1n)), m.bits(sqrtHalf));
  const counter = 2 ** mantissaBits;
  const counterBits = BigInt(bias + mantissaBits) << BigInt(mantissaBits);
  const exponent = m.sub(m.or(m.shiftRightLogical(bits, mantissaBits), m.bits(counterBits)), m.constant(counter + bias));
  return { fraction: m.sub(mantissa, m.constant(1)), exponent, bits };
}

/** What log(1 + f) = f - (halfSquare - s·sum) is made of. */
function logarithmBeyond(m: Lanes, f: Value): readonly [halfSquare: Value, s: Value, sum: Value] {
  const s = m.div(f, m.add(f, m.constant(2)));
  const z = m.mul(s, s);
  const halfSquare = m.mul(m.mul(f, m.constant(0.5)), f);
  return [halfSquare, s, m.add(halfSquare, m.mul(z, polynomial(m, logarithmRest[m.precision], z)))];
}

/** k ln 2 + log(1 + f) + correction. */
function combined(m: Lanes, f: Value, exponent: Value, correction?: Value): Value {
  const [ln2, ln2Rest] = logTwo[m.precision];
  const [halfSquare, s, sum] = logarithmBeyond(m, f);
  const low = m.mul(exponent, m.constant(ln2Rest));
  const inner = m.multiplyAdd(s, sum, correction === undefined ? low : m.add(low, correction));
  return m.multiplyAdd(exponent, m.constant(ln2), m.sub(f, m.sub(halfSquare, inner)));
}

export const smallestNormal: PerPrecision<number> = { f64: 2 ** -1022, f32: 2 ** -126 };
export const largest: PerPrecision<number> = { f64: Number.MAX_VALUE, f32: (2 - 2 ** -23) * 2 ** 127 };

export const log: VectorForm = {
  ulps: { f64: 1, f32: 1 },
  write: (m, x) => {
    const { fraction, exponent } = split(m, x!);
    return { value: combined(m, fraction, exponent), outside: outsideOf(m, x!, smallestNormal[m.precision], largest[m.precision]) };
  },
};

/** log1p is served between these: above -1, and where 1/(1 + x) is a normal number. */
const log1pRange: PerPrecision<readonly [number, number]> = {
  f64: [-1 + 2 ** -53, 2 ** 1021],
  f32: [-1 + 2 ** -24, 2 ** 125],
};

export const log1p: VectorForm = {
  ulps: { f64: 1, f32: 1 },
  write: (m, x) => ({ value: withSign(m, logOnePlus(m, x!), x!), outside: outsideOf(m, x!, ...log1pRange[m.precision]) }),
};

/** log(1 + x) where log1p is served; 0 without its sign. */
export function logOnePlus(m: Lanes, x: Value): Value {
  const { mantissaBits, bias } = format[m.precision];
  const one = m.constant(1);
  // 1 + x = sum + lost, without error.
  const sum = m.add(one, x);
  const share = m.sub(sum, one);
  const lost = m.add(m.sub(one, m.sub(sum, share)), m.sub(x, share));
  const { fraction, exponent, bits } = split(m, sum);
  const exponentMask = BigInt(2 * bias + 1) << BigInt(mantissaBits);
  const scale = m.integerSub(m.bits(BigInt(2 * bias) << BigInt(mantissaBits)), m.and(bits, m.bits(exponentMask)));
  const lostFraction = m.mul(lost, scale);
  const f = m.add(fraction, lostFraction);
  return combined(m, f, exponent, m.add(m.sub(fraction, f), lostFraction));
}

/** A logarithm of another base: 1/ln(base) with few bits and its rest, log 2 with few bits and its rest. */
interface Base {
  readonly factor: PerPrecision<readonly [high: number, low: number]>;
  readonly logTwo: PerPrecision<readonly [high: number, low: number]>;
}

/** Half of the mantissa's bits, those to be dropped from one factor of an exact product. */
export const lowerBits: PerPrecision<bigint> = { f64: (1n << 27n) - 1n, f32: (1n << 12n) - 1n };

function logarithmOf(m: Lanes, x: Value, base: Base): VectorValue {
  const { fraction: f, exponent } = split(m, x);
  const [halfSquare, s, sum] = logarithmBeyond(m, f);
  const beyond = m.sub(halfSquare, m.mul(s, sum));
  const high = m.andNot(m.sub(f, beyond), m.bits(lowerBits[m.precision]));
  const low = m.sub(m.sub(f, high), beyond);
  const [factor, factorRest] = base.factor[m.precision];
  const [unit, unitRest] = base.logTwo[m.precision];
  const main = m.mul(high, m.constant(factor));
  const small = m.multiplyAdd(m.add(low, high), m.constant(factorRest), m.mul(low, m.constant(factor)));
  const whole = m.mul(exponent, m.constant(unit));
  const total = m.add(whole, main);
  const lost = m.add(m.sub(whole, total), main);
  const value = m.add(total, m.add(lost, unitRest === 0 ? small : m.multiplyAdd(exponent, m.constant(unitRest), small)));
  return { value, outside: outsideOf(m, x, smallestNormal[m.precision], largest[m.precision]) };
}

const base2: Base = {
  factor: { f64: [1.4426950216293335, 1.9259629911266175e-8], f32: [1.4423828125, 0.00031222839606925845] },
  logTwo: { f64: [1, 0], f32: [1, 0] },
};

const base10: Base = {
  factor: { f64: [0.4342944771051407, 4.798111141615973e-9], f32: [0.4342041015625, 9.038033749675378e-5] },
  logTwo: { f64: [0.30102999566383914, 1.42050232272661e-13], f32: [0.301025390625, 4.605039066518657e-6] },
};

export const log2: VectorForm = { ulps: { f64: 1, f32: 1 }, write: (m, x) => logarithmOf(m, x!, base2) };

export const log10: VectorForm = { ulps: { f64: 2.5, f32: 1 }, write: (m, x) => logarithmOf(m, x!, base10) };
