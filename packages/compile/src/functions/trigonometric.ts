/**
 * Sine, cosine and tangent of vectors. x = n π/2 + r with |r| <= π/4, n π/2 subtracted in parts whose products with n are exact (Cody and
 * Waite), and what these subtractions lose kept; sine and cosine of r by minimax polynomials, put in place by n mod 4.
 */
import type { Lanes, Value } from "../assembly/lanes.ts";
import { nearestWhole, type PerPrecision, polynomial, signBit, type VectorForm } from "./form.ts";

/** π/2 in parts, those before the last of 33 bits (f32: 14), and a rest whose product with n is small beside any x - n π/2. */
const halfPi: PerPrecision<{ readonly parts: readonly number[]; readonly rest: number }> = {
  f64: { parts: [1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21], rest: 0 },
  f32: { parts: [1.5706787109375, 0.00011761486530303955, 9.920313459588215e-10], rest: 6.223371969669989e-14 },
};

/** Up to here n has 20 bits (f32: 10), so that its products with the parts are exact. */
const largestServed: PerPrecision<number> = { f64: 1647000, f32: 1608 };

/** (sin(r)/r - 1)/r² and (cos r - 1 + r²/2)/r⁴ in powers of r², |r| <= π/4: minimax, by the Remez algorithm in 60 digits. */
const sineRest: PerPrecision<readonly number[]> = {
  f64: [
    -0.16666666666666632, 0.008333333333322484, -0.000198412698298511, 2.75573137040352e-6, -2.5050759694995463e-8, 1.589687347685702e-10,
  ],
  f32: [-0.16666655, 0.008332191, -0.000195186],
};
const cosineRest: PerPrecision<readonly number[]> = {
  f64: [
    0.0416666666666666, -0.0013888888888874472, 2.480158728966937e-5, -2.755731440024402e-7, 2.0875729157959396e-9, -1.1359927167759812e-11,
  ],
  f32: [0.041666646, -0.0013887301, 2.4430661e-5],
};

interface Quadrant {
  readonly sine: Value;
  readonly cosine: Value;
  /** Bits whose lowest two hold n mod 4. */
  readonly bits: Value;
}

/** sin r and cos r. */
function quadrant(m: Lanes, x: Value): Quadrant {
  const { whole, bits } = nearestWhole(m, x, 2 / Math.PI);
  let r = x;
  let lost: Value | undefined;
  const { parts, rest } = halfPi[m.precision];
  for (const part of parts) {
    const next = m.multiplyAdd(whole, m.constant(-part), r);
    if (r !== x) {
      const lostHere = m.multiplyAdd(whole, m.constant(-part), m.sub(r, next));
      lost = lost === undefined ? lostHere : m.add(lost, lostHere);
    }
    r = next;
  }
  if (rest !== 0) lost = m.multiplyAdd(whole, m.constant(-rest), lost!);
  const z = m.mul(r, r);
  const half = m.constant(0.5);
  const one = m.constant(1);
  const halfSquare = m.mul(z, half);
  const w = m.sub(one, halfSquare);
  const sineBeyond = m.mul(m.mul(r, z), polynomial(m, sineRest[m.precision], z));
  const cosineBeyond = m.mul(m.mul(z, z), polynomial(m, cosineRest[m.precision], z));
  const sine = m.add(r, m.multiplyAdd(lost!, w, sineBeyond));
  const cosine = m.add(w, m.add(m.sub(m.sub(one, w), halfSquare), m.sub(cosineBeyond, m.mul(r, lost!))));
  return { sine, cosine, bits };
}

const isOdd = (m: Lanes, bits: Value): Value => m.integerSub(m.bits(0n), m.and(bits, m.bits(1n)));

/** The sign bit set where the second lowest bit is. */
const signOf = (m: Lanes, bits: Value): Value => m.and(m.shiftLeft(bits, m.precision === "f64" ? 62 : 30), signBit(m));

const tooLarge = (m: Lanes, magnitude: Value): Value => m.not(m.lessEqual(magnitude, m.constant(largestServed[m.precision])));

export const sin: VectorForm = {
  ulps: { f64: 1, f32: 1 },
  write: (m, x) => {
    const magnitude = m.abs(x!);
    const { sine, cosine, bits } = quadrant(m, magnitude);
    const sign = m.xor(signOf(m, bits), m.and(x!, signBit(m)));
    return { value: m.xor(m.select(isOdd(m, bits), cosine, sine), sign), outside: tooLarge(m, magnitude) };
  },
};

export const cos: VectorForm = {
  ulps: { f64: 1, f32: 1 },
  write: (m, x) => {
    const magnitude = m.abs(x!);
    const { sine, cosine, bits } = quadrant(m, magnitude);
    const sign = signOf(m, m.integerAdd(bits, m.bits(1n)));
    return { value: m.xor(m.select(isOdd(m, bits), sine, cosine), sign), outside: tooLarge(m, magnitude) };
  },
};

export const tan: VectorForm = {
  ulps: { f64: 2.25, f32: 2.25 },
  write: (m, x) => {
    const magnitude = m.abs(x!);
    const { sine, cosine, bits } = quadrant(m, magnitude);
    const odd = isOdd(m, bits);
    const quotient = m.div(m.select(odd, cosine, sine), m.select(odd, sine, cosine));
    const sign = m.xor(m.and(odd, signBit(m)), m.and(x!, signBit(m)));
    return { value: m.xor(quotient, sign), outside: tooLarge(m, magnitude) };
  },
};
