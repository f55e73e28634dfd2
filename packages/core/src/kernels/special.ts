/**
 * Special functions on plain doubles, for what Math lacks: error functions, gamma functions, roundings with NumPy's conventions.
 * It knows published algorithms and their errors, measured in ulps against 40 correct digits; it knows neither tensors nor ops.
 */

/**
 * 2^x; exact for whole x, within 1 ulp elsewhere.
 *
 * @example
 * ```ts
 * exp2(-3); // => 0.125
 * ```
 */
export function exp2(x: number): number {
  return 2 ** x;
}

/**
 * The nearest integer, ties to even; keeps the sign of zero.
 *
 * @example
 * ```ts
 * roundHalfEven(2.5); // => 2
 * roundHalfEven(3.5); // => 4
 * ```
 */
export function roundHalfEven(x: number): number {
  const magnitude = Math.abs(x);
  if (!(magnitude < 4503599627370496)) return x;
  const rounded = magnitude + 4503599627370496 - 4503599627370496;
  return x < 0 || Object.is(x, -0) ? -rounded : rounded;
}

/**
 * x - floor(x/y)·y, with the sign of y, as numpy.remainder; NaN when y is 0 or x is infinite.
 *
 * @example
 * ```ts
 * remainder(-1, 3); // => 2
 * remainder(1, -3); // => -2
 * ```
 */
export function remainder(x: number, y: number): number {
  const r = x % y;
  if (r === 0) return y < 0 ? -0 : 0;
  return r < 0 !== y < 0 ? r + y : r;
}

/**
 * x to the power y as in C and NumPy: 1 to any power is 1, even to NaN, and so is -1 to an infinite one, where JavaScript gives NaN.
 *
 * @example
 * ```ts
 * power(1, NaN); // => 1
 * ```
 */
export function power(x: number, y: number): number {
  return x === 1 || (x === -1 && (y === Infinity || y === -Infinity)) ? 1 : x ** y;
}

/**
 * The smaller of two numbers; NaN when either is, and -0 below 0.
 *
 * @example
 * ```ts
 * minimum(1, NaN); // => NaN
 * ```
 */
export const minimum: (x: number, y: number) => number = Math.min;

/**
 * The larger of two numbers; NaN when either is, and -0 below 0.
 *
 * @example
 * ```ts
 * maximum(1, 2); // => 2
 * ```
 */
export const maximum: (x: number, y: number) => number = Math.max;

/** c[0] + c[1] t + c[2] t² + … by Horner's rule. */
function polynomial(coefficients: readonly number[], t: number): number {
  let sum = coefficients[coefficients.length - 1]!;
  for (let i = coefficients.length - 2; i >= 0; i--) sum = sum * t + coefficients[i]!;
  return sum;
}

// Cody, Rational Chebyshev approximations for the error function, Mathematics of Computation 23 (1969) 631-637; ascending powers.
const erfNumerator = [3209.3775891384694, 377.485237685302, 113.86415415105016, 3.1611237438705655, 0.18577770618460315];
const erfDenominator = [2844.236833439171, 1282.6165260773723, 244.02463793444417, 23.601290952344122, 1];
const middleNumerator = [
  1230.3393547979972, 2051.0783778260716, 1712.0476126340707, 881.952221241769, 298.6351381974001, 66.11919063714163, 8.883149794388377,
  0.5641884969886701, 2.1531153547440383e-8,
];
const middleDenominator = [
  1230.3393548037495, 3439.3676741437216, 4362.619090143247, 3290.7992357334597, 1621.3895745666903, 537.1811018620099, 117.6939508913125,
  15.744926110709835, 1,
];
const tailNumerator = [
  0.0006587491615298378, 0.016083785148742275, 0.12578172611122926, 0.36034489994980445, 0.30532663496123236, 0.016315387137302097,
];
const tailDenominator = [0.0023352049762686918, 0.06051834131244132, 0.5279051029514285, 1.8729528499234673, 2.568520192289822, 1];

const inverseSqrtPi = 0.5641895835477563;

/** erf for |x| <= 0.46875. */
function erfNearZero(x: number): number {
  const square = x * x;
  return x * (polynomial(erfNumerator, square) / polynomial(erfDenominator, square));
}

/** e^(x²) erfc(x) for x > 0.46875. */
function erfcxPositive(x: number): number {
  if (x <= 4) return polynomial(middleNumerator, x) / polynomial(middleDenominator, x);
  if (x > 1e8) return inverseSqrtPi / x;
  const t = 1 / (x * x);
  return (inverseSqrtPi - (t * polynomial(tailNumerator, t)) / polynomial(tailDenominator, t)) / x;
}

/** e^(sign x²) with x² in two parts, so that its rounding is not magnified. */
function exponentialOfSquare(x: number, sign: 1 | -1): number {
  const head = Math.trunc(x * 16) / 16;
  return Math.exp(sign * head * head) * Math.exp(sign * (x - head) * (x + head));
}

/**
 * The error function 2/√π ∫₀ˣ e^(-t²) dt, in [-1, 1]; within 5 ulps. Cody (1969).
 *
 * @example
 * ```ts
 * erf(0.5); // => 0.5204998778130465
 * ```
 */
export function erf(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude <= 0.46875) return erfNearZero(x);
  if (magnitude > 6) return x > 0 ? 1 : -1;
  const value = 1 - exponentialOfSquare(magnitude, -1) * erfcxPositive(magnitude);
  return x < 0 ? -value : value;
}

/**
 * 1 - erf(x), in [0, 2], to full relative accuracy in the right tail; within 7 ulps. Cody (1969).
 *
 * @example
 * ```ts
 * erfc(2); // => 0.0046777349810472645
 * ```
 */
export function erfc(x: number): number {
  if (Math.abs(x) <= 0.46875) return 1 - erfNearZero(x);
  if (x < 0) return 1 + erf(-x);
  if (x > 28) return 0;
  return exponentialOfSquare(x, -1) * erfcxPositive(x);
}

/**
 * The scaled complementary error function e^(x²) erfc(x), about 1/(x√π) for large x; within 6 ulps. Cody (1969).
 *
 * @example
 * ```ts
 * erfcx(100); // => 0.005641613782989433
 * ```
 */
export function erfcx(x: number): number {
  if (Math.abs(x) <= 0.46875) return Math.exp(x * x) * (1 - erfNearZero(x));
  if (x > 0) return erfcxPositive(x);
  if (x < -27) return Infinity;
  return 2 * exponentialOfSquare(x, 1) - erfcxPositive(-x);
}

/** x - round(x), in [-1/2, 1/2], exact. */
const fromNearestInteger = (x: number): number => x - Math.round(x);

/** |sin πx|. */
function sineOfPi(x: number): number {
  const r = Math.abs(fromNearestInteger(x));
  return r <= 0.25 ? Math.sin(Math.PI * r) : Math.cos(Math.PI * (0.5 - r));
}

/** cot πx. */
function cotangentOfPi(x: number): number {
  const r = fromNearestInteger(x);
  const magnitude = Math.abs(r);
  const value = magnitude <= 0.25 ? 1 / Math.tan(Math.PI * magnitude) : Math.tan(Math.PI * (0.5 - magnitude));
  return r < 0 ? -value : value;
}

// Rational least squares approximation of ln Γ(1 + t)/(t (t - 1)) on [0, 2], relative error 1e-19, computed in 70 digits.
const logGammaNumerator = [
  0.5772156649015329, 1.8375216799781657, 2.298352126779948, 1.4354586362761117, 0.4707103226160618, 0.07810468322395168,
  0.005763711155005978, 0.0001368115907731939, 2.22295698969684e-7,
];
const logGammaDenominator = [
  1, 3.6083099873182514, 5.245631758583711, 3.943497501749186, 1.638474194100139, 0.37333650006954844, 0.04354418814048226,
  0.0022157359446508575, 0.00003324314405967373,
];

/** ln Γ(1 + t) for 0 <= t <= 2, to full relative accuracy at its zeros 0 and 1. */
function logGammaAfterOne(t: number): number {
  return t * (t - 1) * (polynomial(logGammaNumerator, t) / polynomial(logGammaDenominator, t)) + 0;
}

// B(2k)/(2k(2k-1)): Stirling's series for ln Γ in powers of 1/x² (DLMF 5.11.1).
const stirling = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400];

const halfLogTwoPiLessHalf = 0.4189385332046727;

function logGammaPositive(x: number): number {
  if (x < 1) return logGammaAfterOne(x) - Math.log(x);
  if (x <= 3) return logGammaAfterOne(x - 1);
  if (x >= 10) {
    const correction = x > 1e17 ? 0 : polynomial(stirling, 1 / (x * x)) / x;
    return (x - 0.5) * (Math.log(x) - 1) + (halfLogTwoPiLessHalf + correction);
  }
  let product = 1;
  let z = x;
  while (z > 3) product *= --z;
  return Math.log(product) + logGammaAfterOne(z - 1);
}

/**
 * ln|Γ(x)|; +Infinity at the poles 0, -1, -2, … For x > 0 within 6 ulps, also beside the zeros at 1 and 2; for x < 0, by reflection
 * (DLMF 5.5.3), within 4 · 2^-53 (1 + |ln|sin πx|| + |ln Γ(1 - x)|).
 *
 * @example
 * ```ts
 * lgamma(3); // => 0.6931471805599453
 * lgamma(-1); // => Infinity
 * ```
 */
export function lgamma(x: number): number {
  if (x > 0) return x === Infinity ? x : logGammaPositive(x);
  if (!Number.isFinite(x)) return -x;
  const sine = sineOfPi(x);
  if (sine === 0) return Infinity;
  return x > -0.5 ? logGammaPositive(1 + x) - Math.log(-x) : Math.log(Math.PI / (-x * sine)) - logGammaPositive(-x);
}

// The positive zero of digamma in two parts, and a rational minimax approximation of digamma(1 + t)/(1 + t - zero) on [0, 1],
// relative error 1e-21, computed by the Remez algorithm in 60 digits; the form is that of Cody, Strecok and Thacher,
// Chebyshev approximations for the psi function, Mathematics of Computation 27 (1973) 123-127.
const digammaZero = 1.4616321449683622;
const digammaZeroRest = 9.549995429965697e-17;
const digammaNumerator = [
  1.2503801375034054, 2.2340664399392725, 1.5109825307650233, 0.49097418282909255, 0.07913752462444142, 0.005772911378515215,
  0.0001409110904389988, 2.2844637064929925e-7,
];
const digammaDenominator = [
  1, 2.4702566106882418, 2.2951629640752027, 1.0463903562195644, 0.25046664246828926, 0.03063225901920683, 0.0016780355203850454,
  0.00002841671641879763,
];

// B(2k)/2k (DLMF 5.11.2).
const digammaAsymptotic = [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12, -3617 / 8160];

function digammaPositive(x: number): number {
  if (x >= 10) {
    const t = 1 / x;
    return Math.log(x) - t * (0.5 + t * polynomial(digammaAsymptotic, t * t));
  }
  let sum = 0;
  let z = x;
  while (z > 2) sum += 1 / --z;
  if (x < 1) {
    sum = -1 / x;
    z = x + 1;
  }
  const fromZero = z - digammaZero - digammaZeroRest;
  return sum + fromZero * (polynomial(digammaNumerator, z - 1) / polynomial(digammaDenominator, z - 1));
}

/**
 * Γ'(x)/Γ(x); NaN at the poles 0, -1, -2, … For x > 0 within 5 ulps, also beside the zero at 1.4616…; for x < 0, by reflection
 * (DLMF 5.5.4), within 5 · 2^-53 (1 + |π cot πx| + |digamma(1 - x)|).
 *
 * @example
 * ```ts
 * digamma(1); // => -0.5772156649015329
 * digamma(0); // => NaN
 * ```
 */
export function digamma(x: number): number {
  if (x > 0) return x === Infinity ? x : digammaPositive(x);
  if (!(x > -Infinity) || Number.isInteger(x)) return Number.NaN;
  return digammaPositive(1 - x) - Math.PI * cotangentOfPi(x);
}

// B(2k)/(2k)!, for the Euler-Maclaurin tail of the Hurwitz zeta function (DLMF 25.11.5).
const bernoulliOverFactorial = [
  1 / 12,
  -1 / 720,
  1 / 30240,
  -1 / 1209600,
  1 / 47900160,
  -691 / 1307674368000,
  1 / 74724249600,
  -3617 / 10670622842880000,
  43867 / 5109094217170944000,
  -174611 / 802857662698291200000,
];

/** x^(n+1) Σ (x + k)^(-n-1) over k = 0, 1, …, for x > 0: terms are added until the Euler-Maclaurin tail is accurate. */
function scaledHurwitz(n: number, x: number): number {
  const start = 10 + n;
  let sum = 0;
  let z = x;
  for (; z < start; z++) {
    const term = (x / z) ** (n + 1);
    sum += term;
    if (term < 1e-19 * sum) return sum;
  }
  let coefficient = n + 1;
  let tail = z / n + 0.5;
  const inverse = 1 / z;
  let power = inverse;
  for (let j = 0; j < bernoulliOverFactorial.length; j++) {
    tail += bernoulliOverFactorial[j]! * coefficient * power;
    coefficient *= (n + 2 * j + 2) * (n + 2 * j + 3);
    power *= inverse * inverse;
  }
  return sum + (x / z) ** (n + 1) * tail;
}

const factorials: number[] = [1];

/** n! for n <= 170, correctly rounded. */
function factorial(n: number): number {
  if (factorials[n] === undefined) {
    let product = 1n;
    for (let k = 1; k <= n; k++) {
      product *= BigInt(k);
      factorials[k] = Number(product);
    }
  }
  return factorials[n]!;
}

/** n!/x^(n+1); the power in two halves where it would leave the range before the result does. */
function factorialOverPower(n: number, x: number): number {
  if (n > 170) return Math.exp(lgamma(n + 1) - (n + 1) * Math.log(x));
  const power = x ** -(n + 1);
  if (power > 1e-290 && power < Infinity) return factorial(n) * power;
  const half = (n + 1) >> 1;
  return factorial(n) * x ** -half * x ** (half - n - 1);
}

/** n! Σ (x + k)^(-n-1) over k = 0, 1, …, for x > 0 and n >= 1. */
function polygammaMagnitude(n: number, x: number): number {
  const scale = factorialOverPower(n, x);
  return scale === 0 ? 0 : scale * scaledHurwitz(n, x);
}

/**
 * The derivative of given order of digamma; order 0 is digamma, 1 trigamma. At the poles 0, -1, -2, … an odd order is +Infinity, the
 * limit from both sides, and an even order NaN. Orders to 170 within 7 + order ulps for x > 0, by Euler-Maclaurin summation of the Hurwitz zeta
 * function (DLMF 25.11.5, 25.11.12); for x < 0 the poles left and right of x are summed apart, each to that accuracy.
 *
 * @example
 * ```ts
 * polygamma(1, 10); // => 0.10516633568168576
 * ```
 */
export function polygamma(order: number, x: number): number {
  if (order === 0) return digamma(x);
  if (!(order > 0 && Number.isInteger(order)) || Number.isNaN(x)) return Number.NaN;
  const odd = order % 2 === 1;
  const sign = odd ? 1 : -1;
  if (x > 0) return x === Infinity ? sign * 0 : sign * polygammaMagnitude(order, x);
  if (x === -Infinity) return Number.NaN;
  const r = fromNearestInteger(x);
  if (r === 0) return odd ? Infinity : Number.NaN;
  const above = r > 0 ? r : 1 + r;
  const below = r > 0 ? 1 - r : -r;
  return sign * polygammaMagnitude(order, above) + (polygammaMagnitude(order, below) - polygammaMagnitude(order, 1 - x));
}
