/**
 * Trigonometric functions of double-doubles and their inverses. Arguments are reduced by a π of three doubles, or, beyond its reach and
 * beside the multiples of π/2, by whole-number arithmetic with as many digits of 2/π as the argument needs (Payne and Hanek 1983).
 */
import {
  abs,
  add,
  type DoubleDouble,
  div,
  exact,
  exponentOf,
  from,
  mul,
  nearest,
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
  zero,
} from "./arithmetic.ts";
import { inverseFactorials, odd } from "./elementary.ts";

export const pi: DoubleDouble = { high: Math.PI, low: 1.2246467991473532e-16 };
const halfPi = scaled(pi, -1);
const halfPiRest = -1.4973849048591833e-33;

const alternating = (first: number): DoubleDouble[] =>
  inverseFactorials.filter((_, n) => n % 2 === first).map((c, i) => (i % 2 === 1 ? neg(c) : c));
const sineCoefficients = alternating(1).slice(0, 15);
const cosineCoefficients = alternating(0).slice(0, 16);

/** sin r for |r| <= 0.8. */
const sineReduced = (r: DoubleDouble): DoubleDouble => mul(r, polynomial(sineCoefficients, square(r)));
/** cos r for |r| <= 0.8. */
const cosineReduced = (r: DoubleDouble): DoubleDouble => polynomial(cosineCoefficients, square(r));

/** x = k π/2 + rest with |rest| <= π/4 and quarter = k mod 4. */
interface Reduced {
  readonly quarter: number;
  readonly rest: DoubleDouble;
}

function reduced(x: DoubleDouble): Reduced {
  const k = Math.round(x.high / halfPi.high);
  if (k === 0) return { quarter: 0, rest: x };
  if (Math.abs(k) < 1e6) {
    const first = sub(sub(x, productOf(k, halfPi.high)), productOf(k, halfPi.low));
    const rest = sub(first, from(k * halfPiRest));
    if (Math.abs(rest.high) > 1e-6) return { quarter: ((k % 4) + 4) % 4, rest };
  }
  return reducedExactly(x);
}

const reductionBits = 1400;
let twoOverPi: bigint | undefined;

/** Σ (-1)^k/((2k + 1) n^(2k+1)), the angle with tangent 1/n, times 2^bits. */
function inverseTangent(n: bigint, bits: number): bigint {
  let power = (1n << BigInt(bits)) / n;
  let sum = 0n;
  for (let k = 1n; power !== 0n; k += 2n, power /= -n * n) sum += power / k;
  return sum;
}

/** 2/π times 2^reductionBits, with π by Machin's formula. */
function digitsOfTwoOverPi(): bigint {
  const bits = reductionBits + 20;
  const quarterPi = 4n * inverseTangent(5n, bits) - inverseTangent(239n, bits);
  return (1n << BigInt(bits + reductionBits - 1)) / quarterPi;
}

function reducedExactly(x: DoubleDouble): Reduced {
  twoOverPi ??= digitsOfTwoOverPi();
  const { whole, exponent } = exact(x);
  const bits = Math.min(reductionBits, Math.max(0, exponentOf(x.high)) + 320);
  const turns = whole * (twoOverPi >> BigInt(reductionBits - bits));
  const shift = bits - exponent;
  const k = ((turns >> BigInt(shift - 1)) + 1n) >> 1n;
  const fraction = nearest({ whole: turns - (k << BigInt(shift)), exponent: -shift });
  return { quarter: Number(((k % 4n) + 4n) % 4n), rest: mul(fraction, halfPi) };
}

function sineOfQuarter(quarter: number, rest: DoubleDouble): DoubleDouble {
  const value = quarter % 2 === 0 ? sineReduced(rest) : cosineReduced(rest);
  return quarter < 2 ? value : neg(value);
}

export const sin: (x: DoubleDouble) => DoubleDouble = odd((x) => {
  if (x.high === Infinity) return notANumber;
  const { quarter, rest } = reduced(x);
  return sineOfQuarter(quarter, rest);
});

export function cos(x: DoubleDouble): DoubleDouble {
  if (!Number.isFinite(x.high)) return notANumber;
  const { quarter, rest } = reduced(x);
  return sineOfQuarter((quarter + 1) % 4, rest);
}

export const tan: (x: DoubleDouble) => DoubleDouble = odd((x) => {
  if (x.high === Infinity) return notANumber;
  const { quarter, rest } = reduced(x);
  const [sine, cosine] = [sineReduced(rest), cosineReduced(rest)];
  return quarter % 2 === 0 ? div(sine, cosine) : neg(div(cosine, sine));
});

/** The angle of the point (x, y): the double angle, then one turn back by it and the small angle that is left. */
export function atan2(y: DoubleDouble, x: DoubleDouble): DoubleDouble {
  const angle = Math.atan2(y.high, x.high);
  if (x.high === 0 || y.high === 0 || !Number.isFinite(x.high) || !Number.isFinite(y.high)) {
    return angle === 0 || Number.isNaN(angle) ? from(angle) : times(scaled(pi, -2), Math.round(angle / (Math.PI / 4)));
  }
  if (x.high > 0 && Math.abs(angle) < 1e-40) return div(y, x);
  const k = -exponentOf(Math.max(Math.abs(x.high), Math.abs(y.high)));
  const [u, v] = [scaled(x, k), scaled(y, k)];
  const [sine, cosine] = [sin(from(angle)), cos(from(angle))];
  const across = sub(mul(v, cosine), mul(u, sine));
  const along = add(mul(u, cosine), mul(v, sine));
  return add(from(angle), div(across, along));
}

export const atan = (x: DoubleDouble): DoubleDouble => atan2(x, one);

export const asin = (x: DoubleDouble): DoubleDouble => (x.high === 0 ? x : atan2(x, sqrt(mul(sub(one, x), add(one, x)))));

export const acos = (x: DoubleDouble): DoubleDouble => scaled(atan2(sqrt(sub(one, x)), sqrt(add(one, x))), 1);

/** cot πr for |r| <= 1/2 and r not 0. */
export function cotangentOfPi(r: DoubleDouble): DoubleDouble {
  const angle = mul(pi, abs(r));
  const value = angle.high <= 0.8 ? div(cosineReduced(angle), sineReduced(angle)) : tan(mul(pi, sub(from(0.5), abs(r))));
  return r.high < 0 ? neg(value) : value;
}

/** |sin πr| for |r| <= 1/2. */
export function sineOfPi(r: DoubleDouble): DoubleDouble {
  const angle = mul(pi, abs(r));
  return r.high === 0 ? zero : angle.high <= 0.8 ? sineReduced(angle) : cosineReduced(mul(pi, sub(from(0.5), abs(r))));
}
