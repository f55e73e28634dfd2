/**
 * Error and gamma functions of double-doubles, relative errors below 1e-29 where they are well conditioned (near the zeros of digamma
 * and left of 0 the error is 1e-30 of the terms that cancel there).
 */
import {
  abs,
  add,
  type DoubleDouble,
  div,
  floor,
  from,
  inverse,
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
import { exp, log, log1p, odd } from "./elementary.ts";
import { cotangentOfPi, pi, sineOfPi } from "./trigonometric.ts";

const rootPi = sqrt(pi);

/** e^(sign x²). */
const exponentialOfSquare = (x: DoubleDouble, sign: 1 | -1): DoubleDouble => exp(times(square(x), sign));

/** erf for 0 <= x <= 1: 2/√π e^(-x²) Σ 2ⁿ x^(2n+1)/(2n+1)!!, all terms positive (DLMF 7.6.2). */
function erfNearZero(x: DoubleDouble): DoubleDouble {
  const ratio = scaled(square(x), 1);
  let term = x;
  let sum = x;
  for (let n = 1; term.high > 1e-34 * sum.high; n++) {
    term = div(mul(term, ratio), from(2 * n + 1));
    sum = add(sum, term);
  }
  return div(scaled(mul(sum, exponentialOfSquare(x, -1)), 1), rootPi);
}

// Chiarella and Reichel, On the evaluation of integrals related to the error function, Mathematics of Computation 22 (1968) 137-143:
// the trapezoidal rule with this step has relative error e^(-(π/step)²) = 5e-37 once the pole's share is added.
const step = 11 / 32;
const nodes = Array.from({ length: 27 }, (_, i) => (step * (i + 1)) ** 2);
const weights = nodes.map((node) => exp(from(-node)));

/** e^(x²) erfc(x) for x >= 1/2. */
function erfcxPositive(x: DoubleDouble): DoubleDouble {
  if (x.high > 1e20) return inverse(mul(x, rootPi));
  const squared = square(x);
  let sum = inverse(scaled(squared, 1));
  for (let n = 0; n < nodes.length; n++) sum = add(sum, div(weights[n]!, add(squared, from(nodes[n]!))));
  const value = mul(div(times(scaled(x, 1), step), pi), sum);
  if (x.high > 10) return value;
  const pole = sub(exp(div(scaled(mul(pi, x), 1), from(step))), one);
  return sub(value, div(scaled(exponentialOfSquare(x, 1), 1), pole));
}

export const erf: (x: DoubleDouble) => DoubleDouble = odd((x) => {
  if (x.high > 9) return one;
  return x.high <= 1 ? erfNearZero(x) : sub(one, mul(exponentialOfSquare(x, -1), erfcxPositive(x)));
});

export function erfc(x: DoubleDouble): DoubleDouble {
  if (x.high < 0.5) return sub(one, erf(x));
  if (x.high > 28) return zero;
  return mul(exponentialOfSquare(x, -1), erfcxPositive(x));
}

export function erfcx(x: DoubleDouble): DoubleDouble {
  if (x.high >= 0.5) return erfcxPositive(x);
  if (x.high < -27) return from(Infinity);
  return mul(exponentialOfSquare(x, 1), erfc(x));
}

/** B(2), B(4), …, from the tangent numbers (Brent and Harvey, Fast computation of Bernoulli, tangent and secant numbers, 2011). */
const bernoulli: readonly DoubleDouble[] = bernoulliNumbers(24);

function bernoulliNumbers(count: number): DoubleDouble[] {
  const tangent = [0n, 1n];
  for (let k = 2; k <= count; k++) tangent[k] = BigInt(k - 1) * tangent[k - 1]!;
  for (let k = 2; k <= count; k++) {
    for (let j = k; j <= count; j++) tangent[j] = BigInt(j - k) * tangent[j - 1]! + BigInt(j - k + 2) * tangent[j]!;
  }
  return tangent.slice(1).map((t, i) => {
    const n = i + 1;
    const value = div(whole(2n * BigInt(n) * t), whole(4n ** BigInt(n) * (4n ** BigInt(n) - 1n)));
    return n % 2 === 1 ? value : neg(value);
  });
}

function whole(n: bigint): DoubleDouble {
  const high = Number(n);
  return { high, low: Number(n - BigInt(high)) };
}

const stirling = bernoulli.map((b, i) => div(b, from((2 * i + 2) * (2 * i + 1))));
const digammaAsymptotic = bernoulli.map((b, i) => div(b, from(2 * i + 2)));
const halfLogTwoPi = scaled(log(scaled(pi, 1)), -1);

/** From here on the asymptotic series are accurate. */
const asymptoticFrom = 22;

let logGammaCoefficients: readonly DoubleDouble[] | undefined;

/** ln Γ(2 + z) for |z| <= 1/2 by its Taylor series (DLMF 5.7.3). */
function logGammaNearTwo(z: DoubleDouble): DoubleDouble {
  logGammaCoefficients ??= [digammaPositive(two), ...Array.from({ length: 55 }, (_, i) => logGammaCoefficient(i + 2))];
  return mul(z, polynomial(logGammaCoefficients, z));
}

/** (-1)^k (ζ(k) - 1)/k. */
function logGammaCoefficient(k: number): DoubleDouble {
  const value = div(scaledHurwitz(k - 1, two), from(k * 2 ** k));
  return k % 2 === 0 ? value : neg(value);
}

function logGammaPositive(x: DoubleDouble): DoubleDouble {
  if (x.high < 0.5) return sub(sub(logGammaNearTwo(x), log1p(x)), log(x));
  if (x.high < 1.5) return sub(logGammaNearTwo(sub(x, one)), log1p(sub(x, one)));
  if (x.high >= asymptoticFrom) {
    const main = sub(mul(sub(x, from(0.5)), log(x)), x);
    const correction = x.high > 1e40 ? zero : div(polynomial(stirling, inverse(square(x))), x);
    return add(main, add(halfLogTwoPi, correction));
  }
  let product = one;
  let z = x;
  while (z.high > 2.5) {
    z = sub(z, one);
    product = mul(product, z);
  }
  return add(log(product), logGammaNearTwo(sub(z, two)));
}

/** x - round(x). */
function fromNearestInteger(x: DoubleDouble): DoubleDouble {
  return sub(x, floor(add(x, from(0.5))));
}

export function lgamma(x: DoubleDouble): DoubleDouble {
  if (!Number.isFinite(x.high)) return from(Math.abs(x.high));
  if (x.high > 0) return logGammaPositive(x);
  const r = fromNearestInteger(x);
  if (r.high === 0) return from(Infinity);
  if (x.high > -0.5) return sub(logGammaPositive(add(one, x)), log(neg(x)));
  return sub(log(div(pi, mul(neg(x), sineOfPi(r)))), logGammaPositive(neg(x)));
}

function digammaPositive(x: DoubleDouble): DoubleDouble {
  let sum = zero;
  let z = x;
  for (; z.high < asymptoticFrom; z = add(z, one)) sum = add(sum, inverse(z));
  const t = inverse(z);
  const correction = add(scaled(t, -1), mul(square(t), polynomial(digammaAsymptotic, square(t))));
  return sub(sub(log(z), correction), sum);
}

function digamma(x: DoubleDouble): DoubleDouble {
  if (x.high > 0) return x.high === Infinity ? x : digammaPositive(x);
  if (!(x.high > -Infinity)) return notANumber;
  const r = fromNearestInteger(x);
  return r.high === 0 ? notANumber : sub(digammaPositive(sub(one, x)), mul(pi, cotangentOfPi(r)));
}

/** x^(n+1) Σ (x + k)^(-n-1) over k = 0, 1, …, for x > 0: Euler-Maclaurin summation of the Hurwitz zeta function (DLMF 25.11.5). */
function scaledHurwitz(n: number, x: DoubleDouble): DoubleDouble {
  let sum = zero;
  let z = x;
  for (; z.high < asymptoticFrom + n; z = add(z, one)) {
    const term = wholePower(div(x, z), n + 1);
    sum = add(sum, term);
    if (term.high < 1e-36 * sum.high) return sum;
  }
  const t = inverse(z);
  let tail = add(div(z, from(n)), from(0.5));
  let factor = div(times(t, n + 1), two);
  for (let j = 0; j < bernoulli.length; j++) {
    tail = add(tail, mul(bernoulli[j]!, factor));
    const next = productOf((n + 2 * j + 2) * (n + 2 * j + 3), 1);
    factor = div(mul(mul(factor, next), square(t)), from((2 * j + 3) * (2 * j + 4)));
  }
  return add(sum, mul(wholePower(div(x, z), n + 1), tail));
}

/** n!/x^(n+1), in logarithms where a part of it leaves the range of doubles. */
function factorialOverPower(n: number, x: DoubleDouble): DoubleDouble {
  let value = inverse(x);
  for (let k = 1; k <= n && n <= 170; k++) value = mul(value, div(from(k), x));
  if (n <= 170 && value.high > 1e-270 && value.high < 1e270) return value;
  return exp(sub(lgamma(from(n + 1)), times(log(x), n + 1)));
}

/** n! Σ (x + k)^(-n-1) over k = 0, 1, …, for x > 0 and n >= 1. */
function polygammaMagnitude(n: number, x: DoubleDouble): DoubleDouble {
  const scale = factorialOverPower(n, x);
  return scale.high === 0 || scale.high === Infinity ? scale : mul(scale, scaledHurwitz(n, x));
}

export function polygamma(order: number, x: DoubleDouble): DoubleDouble {
  if (order === 0) return digamma(x);
  if (!(order > 0 && Number.isInteger(order)) || !(x.high > -Infinity)) return notANumber;
  const isOdd = order % 2 === 1;
  const signed = (value: DoubleDouble): DoubleDouble => (isOdd ? value : neg(value));
  if (x.high === Infinity) return signed(zero);
  if (x.high > 0) return signed(polygammaMagnitude(order, x));
  const r = fromNearestInteger(x);
  if (r.high === 0) return isOdd ? from(Infinity) : notANumber;
  const [above, below] = less(zero, r) ? [r, sub(one, r)] : [add(one, r), abs(r)];
  return add(signed(polygammaMagnitude(order, above)), sub(polygammaMagnitude(order, below), polygammaMagnitude(order, sub(one, x))));
}
