/**
 * Error functions of vectors: erf |x| = 1 - e^(-Q(x)) with a minimax polynomial for Q(x)/x, erfc x = e^(-x²) erfcx x with one for erfcx in a
 * variable that takes all of x >= 0 to a bounded interval.
 */
import type { Lanes, Value } from "../assembly/lanes.ts";
import { expm1Parts, scaledExponential } from "./exponential.ts";
import { atMost, type PerPrecision, steadyPolynomial, type VectorForm, withSign } from "./form.ts";
import { lowerBits } from "./logarithm.ts";

/** -log(erfc x)/x where erf is not yet 1, by the Remez algorithm in 60 digits; its errors count as they reach erf. 1 and `first` are the first. */
const exponent: PerPrecision<{ readonly first: number; readonly rest: readonly number[]; readonly oneFrom: number }> = {
  f64: {
    first: 0.1283791670955126,
    rest: [
      0.6366197723675898, 0.10277260330135754, -0.01912844699381011, -0.00020919484703440128, 0.0016962076278331736, -0.0005901322558065019,
      2.5903984509568527e-5, 6.442159298031726e-5, -2.957750394028318e-5, 3.1719713256818924e-6, 3.130741669765775e-6,
      -2.035530952519631e-6, 5.696810707028827e-7, -1.1295617423126742e-8, -6.586294279232776e-8, 3.461068113259853e-8,
      -1.0774741481272466e-8, 2.3594951474632096e-9, -3.7567441906232843e-10, 4.2940837336353106e-11, -3.355365176007062e-12,
      1.6088621108349873e-13, -3.574357679881896e-15,
    ],
    oneFrom: 5.93,
  },
  f32: {
    first: 0.12837916612625122,
    rest: [0.63661957, 0.102776304, -0.019147824, -0.00016949749, 0.0016756671, -0.0006373569, 0.00011885894, -9.387592e-6],
    oneFrom: 3.95,
  },
};

export const erf: VectorForm = {
  ulps: { f64: 1.5, f32: 1.75 },
  write: (m, x) => {
    const { first, rest, oneFrom } = exponent[m.precision];
    const magnitude = atMost(m, m.abs(x!), oneFrom);
    const minus = m.neg(magnitude);
    const beyond = m.mul(minus, m.add(m.constant(first), m.mul(magnitude, steadyPolynomial(m, rest, magnitude))));
    const sum = m.add(minus, beyond);
    const [high, low] = expm1Parts(m, sum, 1, m.add(m.sub(minus, sum), beyond));
    return { value: withSign(m, m.add(high, low), x!) };
  },
};

// e^(x²) erfc(x) for x >= 0 is g(t)/(1 + 2 x), t = (x - center)/(x + center), as in Shepherd and Laframboise, Chebyshev approximation of
// (1 + 2x) exp(x²) erfc x in 0 <= x < infinity, Mathematics of Computation 36 (1981); g minimax up to `largest`, by the Remez algorithm.
const scaledComplement: PerPrecision<{ readonly center: number; readonly largest: number; readonly g: readonly number[] }> = {
  f64: {
    center: 4,
    largest: 28,
    g: [
      1.2329951186255526, -0.13962111684056316, 0.015379652102604965, 0.06809705425476312, -0.101039066035502, 0.09373283499623378,
      -0.06633036582938971, 0.03716751556510948, -0.01619773386785062, 0.005031969795098421, -0.0007577745181625684,
      -0.00019925607298250337, 0.00015062662310018959, -2.4400016421064524e-5, -1.123467253667951e-5, 5.7084150854831305e-6,
      3.140942757575087e-7, -8.190456522873846e-7, 5.526612750627888e-8, 1.0071058349534373e-7, -8.27943170362821e-9, -8.145874829713139e-9,
      1.0659226275488227e-10,
    ],
  },
  f32: {
    center: 2,
    largest: 10.5,
    g: [1.2769784, -0.09276417, -0.16603005, 0.16405824, -0.054217, -0.008074734, 0.008668129, 0.0013481751, -0.0012627393, -0.00043081684],
  },
};

/** e^(x²) erfc(x) for 0 <= x <= largest. */
function scaledComplementOf(m: Lanes, x: Value): Value {
  const { center, g } = scaledComplement[m.precision];
  const t = m.div(m.sub(x, m.constant(center)), m.add(x, m.constant(center)));
  return m.div(steadyPolynomial(m, g, t), m.add(m.add(x, x), m.constant(1)));
}

/** x² as a sum, the first part exact. */
function squareParts(m: Lanes, x: Value): readonly [high: Value, low: Value] {
  const short = m.andNot(x, m.bits(lowerBits[m.precision]));
  return [m.mul(short, short), m.mul(m.sub(x, short), m.add(x, short))];
}

/** erf(x)/x in powers of x², |x| <= ½: minimax for erfc, by the Remez algorithm in 60 digits. */
const errorNearZero: PerPrecision<readonly number[]> = {
  f64: [
    1.1283791670955126, -0.37612638903183, 0.11283791670892979, -0.026866170623971453, 0.0052239772478859, -0.0008548287976847601,
    0.00012052904525651117, -1.4835848227995663e-5, 1.46305991890219e-6,
  ],
  f32: [1.1283791, -0.37612316, 0.11278755, -0.026545543, 0.004348192],
};

/** 1 - erf(x) for |x| <= ½. */
const complementNearZero = (m: Lanes, x: Value): Value =>
  m.sub(m.constant(1), m.mul(x, steadyPolynomial(m, errorNearZero[m.precision], m.mul(x, x))));

export const erfc: VectorForm = {
  ulps: { f64: 4, f32: 4.5 },
  write: (m, x) => {
    const magnitude = atMost(m, m.abs(x!), scaledComplement[m.precision].largest);
    const [high, low] = squareParts(m, magnitude);
    const right = m.mul(scaledExponential(m, m.neg(high), 0, m.neg(low)), scaledComplementOf(m, magnitude));
    const far = m.select(m.less(x!, m.constant(0)), m.sub(m.constant(2), right), right);
    return { value: m.select(m.less(magnitude, m.constant(0.5)), complementNearZero(m, x!), far) };
  },
};

export const erfcx: VectorForm = {
  ulps: { f64: 7, f32: 3.25 },
  write: (m, x) => {
    const { largest } = scaledComplement[m.precision];
    const magnitude = m.abs(x!);
    const [high, low] = squareParts(m, atMost(m, magnitude, largest));
    const right = scaledComplementOf(m, magnitude);
    const exponential = scaledExponential(m, high, 0, low);
    const isLeft = m.less(x!, m.constant(0));
    const far = m.select(isLeft, m.sub(m.add(exponential, exponential), right), right);
    const near = m.mul(exponential, complementNearZero(m, x!));
    const value = m.select(m.less(magnitude, m.constant(0.5)), near, far);
    return { value, outside: m.not(m.lessEqual(magnitude, m.constant(largest - 2))) };
  },
};
