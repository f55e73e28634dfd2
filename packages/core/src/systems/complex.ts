/**
 * Complex numbers as a number system, for complex-step differentiation: every operation continued analytically from the real axis.
 * Squire and Trapp, Using complex variables to estimate derivatives of real functions, SIAM Review 40 (1998) 110-112.
 * It knows the first-order continuation of every operation and the full one of the elementary functions; for the others an imaginary
 * part that is not tiny is `Undecided`. Functions without a continuation (abs, min, floor, …) follow the real part.
 */
import { type BinaryOperation, type NumberSystem, type UnaryOperation, Undecided, unaryOperations } from "../arithmetic.ts";
import type { StrongProduct } from "./dual.ts";
import { partials } from "./partials.ts";
import { real } from "./real.ts";

/** The number re + im i. */
export interface Complex {
  readonly re: number;
  readonly im: number;
}

/**
 * The number re + im i.
 *
 * @example
 * ```ts
 * complexFrom(2, 1e-100); // => { re: 2, im: 1e-100 }
 * ```
 */
export const complexFrom = (re: number, im: number): Complex => ({ re, im });

const only = (re: number): Complex => ({ re, im: 0 });
const one = only(1);
const undefinedValue = complexFrom(Number.NaN, Number.NaN);

/** partial · tangent, 0 where there is no tangent. */
const scaled = (partial: number, tangent: number): number => (tangent === 0 ? 0 : partial * tangent);

const neg = (z: Complex): Complex => complexFrom(-z.re, -z.im);
const add = (z: Complex, w: Complex): Complex => complexFrom(z.re + w.re, z.im + w.im);
const sub = (z: Complex, w: Complex): Complex => complexFrom(z.re - w.re, z.im - w.im);
const timesReal = (z: Complex, factor: number): Complex => complexFrom(z.re * factor, scaled(factor, z.im));

function mul(z: Complex, w: Complex): Complex {
  return complexFrom(z.re * w.re - (z.im === 0 || w.im === 0 ? 0 : z.im * w.im), scaled(z.re, w.im) + scaled(w.re, z.im));
}

/** Smith's division, Communications of the ACM 5 (1962) 435. */
function div(z: Complex, w: Complex): Complex {
  if (w.im === 0) return complexFrom(z.re / w.re, z.im === 0 ? 0 : z.im / w.re);
  if (Math.abs(w.im) > Math.abs(w.re)) return div(complexFrom(z.im, -z.re), complexFrom(w.im, -w.re));
  const ratio = w.im / w.re;
  const scale = w.re + w.im * ratio;
  return complexFrom((z.re + z.im * ratio) / scale, (z.im - z.re * ratio) / scale);
}

function sqrt(z: Complex): Complex {
  if (z.re === 0 && z.im === 0) return z;
  const root = Math.sqrt((Math.abs(z.re) + Math.hypot(z.re, z.im)) / 2);
  if (z.re >= 0) return complexFrom(root, z.im / (2 * root));
  return complexFrom(Math.abs(z.im) / (2 * root), z.im < 0 ? -root : root);
}

const exp = (z: Complex): Complex => complexFrom(Math.exp(z.re) * Math.cos(z.im), scaled(Math.exp(z.re), Math.sin(z.im)));
const log = (z: Complex): Complex => complexFrom(Math.log(Math.hypot(z.re, z.im)), Math.atan2(z.im, z.re));
const sin = (z: Complex): Complex => complexFrom(Math.sin(z.re) * Math.cosh(z.im), Math.cos(z.re) * Math.sinh(z.im));
const cos = (z: Complex): Complex => complexFrom(Math.cos(z.re) * Math.cosh(z.im), -Math.sin(z.re) * Math.sinh(z.im));
const sinh = (z: Complex): Complex => complexFrom(Math.sinh(z.re) * Math.cos(z.im), Math.cosh(z.re) * Math.sin(z.im));
const cosh = (z: Complex): Complex => complexFrom(Math.cosh(z.re) * Math.cos(z.im), Math.sinh(z.re) * Math.sin(z.im));

function expm1(z: Complex): Complex {
  const sine = Math.sin(z.im / 2);
  return complexFrom(Math.expm1(z.re) * Math.cos(z.im) - 2 * sine * sine, Math.exp(z.re) * Math.sin(z.im));
}

function log1p(z: Complex): Complex {
  return complexFrom(Math.log1p(z.re * (2 + z.re) + z.im * z.im) / 2, Math.atan2(z.im, 1 + z.re));
}

/** (log(1 + z) - log(1 - z))/2. */
const atanh = (z: Complex): Complex => timesReal(sub(log1p(z), log1p(neg(z))), 0.5);

/** log(1 + z + z²/(1 + √(1 + z²))), on the right half plane and odd. */
function asinh(z: Complex): Complex {
  if (z.re < 0) return neg(asinh(neg(z)));
  const square = mul(z, z);
  return log1p(add(z, div(square, add(one, sqrt(add(one, square))))));
}

const tanh = (z: Complex): Complex => (Math.abs(z.re) > 300 ? only(Math.sign(z.re)) : div(sinh(z), cosh(z)));

const acosh = (z: Complex): Complex => log(add(z, mul(sqrt(add(z, one)), sqrt(sub(z, one)))));
const timesI = (z: Complex): Complex => complexFrom(-z.im, z.re);
const overI = (z: Complex): Complex => complexFrom(z.im, -z.re);
const asin = (z: Complex): Complex => overI(asinh(timesI(z)));
const acos = (z: Complex): Complex => sub(only(Math.PI / 2), asin(z));

/** The branch that is real on the real axis, on both halves of it. */
function cbrt(z: Complex): Complex {
  if (z.re === 0 && z.im === 0) return z;
  return z.re < 0 ? neg(cbrt(neg(z))) : exp(timesReal(log(z), 1 / 3));
}

/** The full continuations, for imaginary parts that are not tiny. */
const continuations: Partial<Record<UnaryOperation, (z: Complex) => Complex>> = {
  sqrt,
  cbrt,
  exp,
  exp2: (z) => exp(timesReal(z, Math.LN2)),
  expm1,
  log,
  log2: (z) => timesReal(log(z), Math.LOG2E),
  log10: (z) => timesReal(log(z), Math.LOG10E),
  log1p,
  sin,
  cos,
  tan: (z) => overI(tanh(timesI(z))),
  asin,
  acos,
  atan: (z) => overI(atanh(timesI(z))),
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
};

const derivative = partials(real);

/** Relative to the distance of the nearest singularity (or of a turn of the function), this much squares to nothing. */
const tinyRatio = 1e-50;

const gammaScale = (x: number): number => Math.min(1, x > 0 ? x : Math.abs(x - Math.round(x)));
const gaussianScale = (x: number): number => Math.min(1, 1 / Math.abs(x));
const everywhere = (): number => Infinity;

/** How large an imaginary part the first order bears, times tinyRatio; elsewhere the smaller of |x| and 1/|x|, or 1 at 0. */
const scales: Partial<Record<UnaryOperation, (x: number) => number>> = {
  erf: gaussianScale,
  erfc: gaussianScale,
  erfcx: gaussianScale,
  lgamma: gammaScale,
  sign: everywhere,
  floor: everywhere,
  ceil: everywhere,
  round: everywhere,
};

const commonScale = (x: number): number => (x === 0 ? 1 : Math.min(Math.abs(x), 1 / Math.abs(x)));

const undecided = (operation: string): Undecided =>
  new Undecided(`complex: ${operation} is known for tiny imaginary parts only, below ${tinyRatio} of the distance to a singularity`);

/** First order where the imaginary part is tiny and the derivative finite, else the full continuation; NaN off the real domain. */
function unary(operation: UnaryOperation): (z: Complex) => Complex {
  const [f, slope, full] = [real[operation], derivative.unary[operation], continuations[operation]];
  const scale = scales[operation] ?? commonScale;
  return (z) => {
    const re = f(z.re);
    if (z.im === 0) return only(re);
    if (Math.abs(z.im) <= tinyRatio * scale(z.re)) {
      if (Number.isNaN(re)) return undefinedValue;
      const partial = slope(z.re, re);
      if (Number.isFinite(partial)) return complexFrom(re, partial * z.im);
    }
    if (full === undefined) throw undecided(operation);
    return full(z);
  };
}

/** First order in both arguments, or undefined where a derivative is not finite. */
function firstOrder(operation: BinaryOperation, z: Complex, w: Complex): Complex | undefined {
  const re = real[operation](z.re, w.re);
  if (Number.isNaN(re)) return undefinedValue;
  const [byZ, byW] = derivative.binary[operation](z.re, w.re, re);
  const im = scaled(byZ, z.im) + scaled(byW, w.im);
  return Number.isFinite(im) ? complexFrom(re, im) : undefined;
}

function pow(z: Complex, w: Complex): Complex {
  const exponentIsTiny = Math.abs(w.im) * Math.max(1, Math.abs(Math.log(Math.abs(z.re) || 1))) <= tinyRatio;
  const baseScale = z.re === 0 ? 1 : Math.abs(z.re) / Math.max(1, Math.abs(w.re));
  const isTiny = exponentIsTiny && Math.abs(z.im) <= tinyRatio * baseScale;
  return (isTiny ? firstOrder("pow", z, w) : undefined) ?? exp(mul(w, log(z)));
}

/** -i log((x + i y)/√(x² + y²)) where it is not tiny. */
function atan2(y: Complex, x: Complex): Complex {
  const isTiny = Math.max(Math.abs(y.im), Math.abs(x.im)) <= tinyRatio * Math.hypot(y.re, x.re);
  return (isTiny ? firstOrder("atan2", y, x) : undefined) ?? overI(log(div(add(x, timesI(y)), sqrt(add(mul(x, x), mul(y, y))))));
}

function remainder(z: Complex, w: Complex): Complex {
  const re = real.remainder(z.re, w.re);
  return complexFrom(re, z.im - scaled(Math.round((z.re - re) / w.re), w.im));
}

/** The number whose real part decides, the mean of both in a tie. */
function extreme(value: number, z: Complex, w: Complex): Complex {
  if (z.re === w.re) return complexFrom(value, (z.im + w.im) / 2);
  return Number.isNaN(value) ? only(value) : value === z.re ? z : w;
}

const question =
  (answer: (x: number, y: number) => number) =>
  (z: Complex, w: Complex): Complex =>
    only(answer(z.re, w.re));
const isTrue = (z: Complex): boolean => z.re !== 0;

const unaryEntries = Object.fromEntries(unaryOperations.map((operation) => [operation, unary(operation)])) as Readonly<
  Record<UnaryOperation, (z: Complex) => Complex>
>;

/**
 * The number system of complex numbers: f(x + hi) has the imaginary part f'(x) h to a few ulps for h = 1e-100. Comparisons look at the
 * real part; kinks have the mean of the one-sided derivatives; what has no value for the imaginary part given throws `Undecided`.
 *
 * @example
 * ```ts
 * const s = complex;
 * s.mul(complexFrom(3, 1e-100), complexFrom(3, 1e-100)); // => { re: 9, im: 6e-100 }
 * ```
 */
export const complex: NumberSystem<Complex> & StrongProduct<Complex> = {
  name: "complex",
  constant: only,

  ...unaryEntries,
  neg,
  abs: (z) => (z.re < 0 ? neg(z) : z.re === 0 ? only(0) : z),
  polygamma: (order, z) => {
    const re = real.polygamma(order, z.re);
    if (z.im === 0) return only(re);
    if (!(Math.abs(z.im) <= tinyRatio * gammaScale(z.re))) throw undecided("polygamma");
    return complexFrom(re, real.polygamma(order + 1, z.re) * z.im);
  },
  round32: (z) => complexFrom(Math.fround(z.re), z.im),

  add,
  sub,
  mul,
  div,
  pow,
  atan2,
  remainder,
  min: (z, w) => extreme(Math.min(z.re, w.re), z, w),
  max: (z, w) => extreme(Math.max(z.re, w.re), z, w),

  isNaN: (z) => only(real.isNaN(z.re)),
  isFinite: (z) => only(real.isFinite(z.re)),
  less: question(real.less),
  lessEqual: question(real.lessEqual),
  equal: question(real.equal),
  not: (z) => only(real.not(z.re)),
  and: (z, w) => only(real.and(z.re, w.re)),
  or: (z, w) => only(real.or(z.re, w.re)),
  select: (condition, z, w) => (isTrue(condition) ? z : w),

  decide: isTrue,
  toNumber: (z) => z.re,
  strongProduct: (partial, tangent) => (tangent.re === 0 && tangent.im === 0 ? only(0) : mul(partial, tangent)),
};
