/** The error function of vectors: erf |x| = 1 - e^(-Q(x)), with a minimax polynomial for Q(x)/x and the exponential less 1. It knows no other function. */
import { expm1Parts } from "./exponential.ts";
import { atMost, type PerPrecision, polynomial, type VectorForm, withSign } from "./form.ts";

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
    const beyond = m.mul(minus, m.add(m.constant(first), m.mul(magnitude, polynomial(m, rest, magnitude))));
    const sum = m.add(minus, beyond);
    const [high, low] = expm1Parts(m, sum, 1, m.add(m.sub(minus, sum), beyond));
    return { value: withSign(m, m.add(high, low), x!) };
  },
};
