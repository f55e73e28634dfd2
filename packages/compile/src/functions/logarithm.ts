/**
 * Logarithms of vectors. x = 2^k m with m in [√½, √2); log m = 2 atanh(s), s = (m - 1)/(m + 1), by the division of fdlibm's e_log.c
 * (Sun Microsystems, 1993): f - f²/2 + s (f²/2 + R(s²)) with f = m - 1.
 */
import type { Lanes, Value } from "../assembly/lanes.ts";
import { format, outsideOf, type PerPrecision, polynomial, type VectorForm, withSign } from "./form.ts";

/** ln 2 in two parts: whole numbers up to 2^11 (f32: 2^8) times the first are exact. */
const logTwo: PerPrecision<readonly [high: number, low: number]> = {
  f64: [0.6931471803691238, 1.9082149292705877e-10],
  f32: [0.693359375, -0.00021219444005469057],
};

/** (log(1 + f)/s - 2)/s² in powers of s²: minimax, by the Remez algorithm in 50 digits. */
const logarithmRest: PerPrecision<readonly number[]> = {
  f64: [
    0.6666666666666735, 0.39999999999409275, 0.2857142874371854, 0.22222198424434111, 0.18183572644756182, 0.15313823607584512,
    0.1479835406709138,
  ],
  f32: [0.6666666, 0.40000972, 0.28498787, 0.2427902],
};

const sqrtHalfBits: PerPrecision<bigint> = { f64: 0x3fe6a09e667f3bcdn, f32: 0x3f3504f3n };

interface Split {
  /** m - 1. */
  readonly fraction: Value;
  readonly exponent: Value;
  /** Bits of k + bias in the place of an exponent, and others below. */
  readonly bits: Value;
}

/** A positive normal number as 2^k (1 + fraction). */
function split(m: Lanes, x: Value): Split {
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

/** k ln 2 + log(1 + f) + correction. */
function combined(m: Lanes, f: Value, exponent: Value, correction?: Value): Value {
  const [ln2, ln2Rest] = logTwo[m.precision];
  const s = m.div(f, m.add(f, m.constant(2)));
  const z = m.mul(s, s);
  const halfSquare = m.mul(m.mul(f, m.constant(0.5)), f);
  const rest = m.mul(z, polynomial(m, logarithmRest[m.precision], z));
  const low = m.mul(exponent, m.constant(ln2Rest));
  const inner = m.multiplyAdd(s, m.add(halfSquare, rest), correction === undefined ? low : m.add(low, correction));
  return m.multiplyAdd(exponent, m.constant(ln2), m.sub(f, m.sub(halfSquare, inner)));
}

const smallestNormal: PerPrecision<number> = { f64: 2 ** -1022, f32: 2 ** -126 };
const largest: PerPrecision<number> = { f64: Number.MAX_VALUE, f32: (2 - 2 ** -23) * 2 ** 127 };

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
  write: (m, x) => {
    const { mantissaBits, bias } = format[m.precision];
    const one = m.constant(1);
    // 1 + x = sum + lost, without error.
    const sum = m.add(one, x!);
    const share = m.sub(sum, one);
    const lost = m.add(m.sub(one, m.sub(sum, share)), m.sub(x!, share));
    const { fraction, exponent, bits } = split(m, sum);
    const exponentMask = BigInt(2 * bias + 1) << BigInt(mantissaBits);
    const scale = m.integerSub(m.bits(BigInt(2 * bias) << BigInt(mantissaBits)), m.and(bits, m.bits(exponentMask)));
    const lostFraction = m.mul(lost, scale);
    const f = m.add(fraction, lostFraction);
    const correction = m.add(m.sub(fraction, f), lostFraction);
    const value = withSign(m, combined(m, f, exponent, correction), x!);
    return { value, outside: outsideOf(m, x!, ...log1pRange[m.precision]) };
  },
};
