/**
 * Powers and cube roots of vectors. log2 x is kept in two parts, their products with the exponent made exact by factors of few bits, as in
 * fdlibm's e_pow.c (Sun Microsystems, 1993); cube roots are corrected by the exact cube of a number of few bits.
 */
import type { Lanes, Value } from "../assembly/lanes.ts";
import { powerOfTwo } from "./exponential.ts";
import { outsideOf, polynomial, signBit, type VectorForm } from "./form.ts";
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
  ulps: { f64: 1, f32: 1 },
  write: (m, x, y) => {
    if (m.precision === "f64") {
      const tooLarge = m.not(m.lessEqual(m.abs(y!), m.constant(largestExponent)));
      return { value: power(m, x!, y!), outside: m.or(outsideOf(m, m.abs(x!), smallestNormal.f64, largest.f64), tooLarge) };
    }
    return { value: throughDoubles(m, "pow", [x!, y!]) };
  },
  calls: { f32: [["pow", "f64"]] },
};

/** Each half of the lanes through the function of float64. */
function throughDoubles(m: Lanes, kind: string, args: readonly Value[]): Value {
  const lower = (x: Value): Value => m.apply(["f64x2.promote_low_f32x4"], [x]);
  const upperHalf = Uint8Array.from({ length: 16 }, (_, i) => 8 + (i % 8));
  const upper = (x: Value): Value => lower(m.apply(["i8x16.shuffle", upperHalf], [x, x]));
  const half = (widen: (x: Value) => Value): Value => m.apply(["f32x4.demote_f64x2_zero"], [m.call(`${kind}_f64x2`, args.map(widen))]);
  const joined = Uint8Array.from({ length: 16 }, (_, i) => (i < 8 ? i : i + 8));
  return m.apply(["i8x16.shuffle", joined], [half(lower), half(upper)]);
}
