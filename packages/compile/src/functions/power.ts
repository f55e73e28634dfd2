/**
 * Powers and cube roots of vectors. log2 x is kept in two parts, their products with the exponent made exact by factors of few bits, as in
 * fdlibm's e_pow.c (Sun Microsystems, 1993); cube roots are corrected by the exact cube of a number of few bits.
 */
import type { Lanes, Value } from "../assembly/lanes.ts";
import { powerOfTwo } from "./exponential.ts";
import {
  format,
  nearestWhole,
  outsideOf,
  type PerPrecision,
  polynomial,
  signBit,
  throughDoubles,
  type VectorForm,
  withSign,
} from "./form.ts";
import { largest, lowerBits, smallestNormal, split } from "./logarithm.ts";

/** (3 atanh(s)/s - 3 - s²)/s⁴ in powers of s²: minimax, by the Remez algorithm in 70 digits. */
const logarithmRest = [
  0.6000000000000341, 0.4285714285513828, 0.33333333781950797, 0.27272676362311354, 0.23080145008163566, 0.19885009399755396,
  0.19796573931491984,
];

/** 2/(3 ln 2) in two parts, the first of 26 bits. */
const scale = [0.9617966860532761, 7.872699542894897e-9] as const;

/** Exponents up to here keep their products with a logarithm in range; powers beyond are found lane by lane. */
const largestExponent = 2 ** 64;

/** log2 of a positive normal number as a sum, the first part of 26 bits. */
function logTwoParts(m: Lanes, x: Value): readonly [high: Value, low: Value] {
  const short = (value: Value): Value => m.andNot(value, m.bits(lowerBits.f64));
  const one = m.constant(1);
  const three = m.constant(3);
  const { fraction: f, exponent: k } = split(m, x);
  const denominator = m.add(f, m.constant(2));
  const inverse = m.div(one, denominator);
  const s = m.mul(f, inverse);
  const sHigh = short(s);
  const dHigh = short(denominator);
  const dLow = m.sub(f, m.sub(dHigh, m.constant(2)));
  const sLow = m.mul(inverse, m.sub(m.sub(f, m.mul(sHigh, dHigh)), m.mul(sHigh, dLow)));
  // log2 of 1 + f is 2/(3 ln 2) s (3 + s² + …).
  const square = m.mul(s, s);
  const highSquare = m.mul(sHigh, sHigh);
  const beyond = m.multiplyAdd(m.mul(square, square), polynomial(m, logarithmRest, square), m.mul(sLow, m.add(sHigh, s)));
  const tHigh = short(m.add(m.add(three, highSquare), beyond));
  const tLow = m.sub(beyond, m.sub(m.sub(tHigh, three), highSquare));
  const u = m.mul(sHigh, tHigh);
  const v = m.multiplyAdd(sLow, tHigh, m.mul(tLow, s));
  const pHigh = short(m.add(u, v));
  const pLow = m.sub(v, m.sub(pHigh, u));
  const zHigh = m.mul(pHigh, m.constant(scale[0]));
  const zLow = m.multiplyAdd(m.constant(scale[1]), pHigh, m.mul(pLow, m.constant(scale[0] + scale[1])));
  const high = short(m.add(m.add(zHigh, zLow), k));
  return [high, m.sub(zLow, m.sub(m.sub(high, k), zHigh))];
}

function power(m: Lanes, x: Value, y: Value): Value {
  const [high, low] = logTwoParts(m, m.abs(x));
  const yHigh = m.andNot(y, m.bits(lowerBits.f64));
  const main = m.mul(yHigh, high);
  const small = m.multiplyAdd(m.sub(y, yHigh), high, m.mul(y, low));
  const magnitude = powerOfTwo(m, main, small);
  const half = m.mul(y, m.constant(0.5));
  const isWhole = m.equal(m.round(y), y);
  const isOdd = m.andNot(isWhole, m.equal(m.round(half), half));
  const isUndefined = m.andNot(m.less(x, m.constant(0)), isWhole);
  return m.or(m.xor(magnitude, m.and(m.and(x, signBit(m)), isOdd)), m.and(isUndefined, m.constant(Number.NaN)));
}

export const pow: VectorForm = {
  ulps: { f64: 1.5, f32: 1 },
  write: (m, x, y) => {
    if (m.precision === "f64") {
      const tooLarge = m.not(m.lessEqual(m.abs(y!), m.constant(largestExponent)));
      return { value: power(m, x!, y!), outside: m.or(outsideOf(m, m.abs(x!), smallestNormal.f64, largest.f64), tooLarge) };
    }
    return { value: throughDoubles(m, "pow", [x!, y!]) };
  },
  calls: { f32: [["pow", "f64"]] },
};

/** The cube root on [½, 1): good to 2^-19, and of its inverse, to 2^-17; by the Remez algorithm. */
const cubeRootStart = [0.3756834, 1.3304914, -1.4896938, 1.2875333, -0.63985326, 0.13584014];
const inverseCubeRootStart = [
  2.243994255312492, -3.9461601355373404, 6.268327103145036, -6.0262341040840495, 3.146240308008494, -0.6861731748547796,
];

/** Bits to be dropped so that a cube is exact. */
const bitsBelowThird: PerPrecision<bigint> = { f64: (1n << 36n) - 1n, f32: (1n << 16n) - 1n };

/** A cube root with about half of the digits, of a number in [½, 1). */
function roughCubeRoot(m: Lanes, x: Value): Value {
  if (m.precision === "f32") return polynomial(m, cubeRootStart, x);
  const inverse = polynomial(m, inverseCubeRootStart, x);
  const error = m.sub(m.constant(1), m.mul(m.mul(inverse, inverse), m.mul(inverse, x)));
  const better = m.multiplyAdd(inverse, m.mul(error, m.multiplyAdd(error, m.constant(2 / 9), m.constant(1 / 3))), inverse);
  return m.mul(m.mul(better, better), x);
}

export const cbrt: VectorForm = {
  ulps: { f64: 1, f32: 1 },
  // With a number h of few bits near the root r of x, x - h³ is exact and r = h + (x - h³)/(r² + r h + h²).
  write: (m, x) => {
    const { mantissaBits, bias } = format[m.precision];
    const magnitude = m.abs(x!);
    const mantissaMask = (1n << BigInt(mantissaBits)) - 1n;
    const mantissa = m.or(m.and(magnitude, m.bits(mantissaMask)), m.bits(BigInt(bias - 1) << BigInt(mantissaBits)));
    const counterBits = BigInt(bias + mantissaBits) << BigInt(mantissaBits);
    const counted = m.or(m.shiftRightLogical(magnitude, mantissaBits), m.bits(counterBits));
    // The exponent is 3 third + remainder, the remainder -1, 0 or 1.
    const exponent = m.sub(counted, m.constant(2 ** mantissaBits + bias - 1));
    const { whole: third, bits } = nearestWhole(m, exponent, 1 / 3, bias);
    const remainder = m.multiplyAdd(third, m.constant(-3), exponent);
    const [isBelow, isAbove] = [m.less(remainder, m.constant(0)), m.less(m.constant(0), remainder)];
    const scaledBy = (below: number, above: number): Value =>
      m.select(isBelow, m.constant(below), m.select(isAbove, m.constant(above), m.constant(1)));
    const reduced = m.mul(mantissa, scaledBy(0.5, 2));
    const root = m.mul(roughCubeRoot(m, mantissa), scaledBy(Math.cbrt(0.5), Math.cbrt(2)));
    const short = m.andNot(root, m.bits(bitsBelowThird[m.precision]));
    const shortSquare = m.mul(short, short);
    const rest = m.sub(reduced, m.mul(shortSquare, short));
    const slope = m.multiplyAdd(root, m.add(root, short), shortSquare);
    const value = m.mul(m.add(short, m.div(rest, slope)), m.shiftLeft(bits, mantissaBits));
    return { value: withSign(m, value, x!), outside: outsideOf(m, magnitude, smallestNormal[m.precision], largest[m.precision]) };
  },
};
