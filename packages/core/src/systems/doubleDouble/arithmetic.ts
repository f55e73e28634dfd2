/**
 * Unevaluated sums of two doubles, about 106 bits: error-free transformations, + - × ÷ √, order, rounding, exact integers.
 * Joldes, Muller and Popescu, Tight and rigorous error bounds for basic building blocks of double-word arithmetic, ACM Transactions
 * on Mathematical Software 44 (2017), without fused multiply-add: products by Veltkamp's split. It knows no other function.
 */

/** The number high + low, with |low| at most half an ulp of high; low is 0 when high is not finite. */
export interface DoubleDouble {
  readonly high: number;
  readonly low: number;
}

export const from = (value: number): DoubleDouble => ({ high: value, low: 0 });

export const zero: DoubleDouble = from(0);
export const one: DoubleDouble = from(1);
export const two: DoubleDouble = from(2);
export const half: DoubleDouble = from(0.5);
export const notANumber: DoubleDouble = from(Number.NaN);

/** a + b as an element, for |a| >= |b| or a = 0. */
export function renormalised(a: number, b: number): DoubleDouble {
  if (b === 0 || !Number.isFinite(a)) return from(a);
  const high = a + b;
  return Number.isFinite(high) ? { high, low: b - (high - a) } : from(high);
}

/** a + b without error. */
export function sumOf(a: number, b: number): DoubleDouble {
  const high = a + b;
  if (high === 0 || !Number.isFinite(high)) return from(high);
  const share = high - a;
  return { high, low: a - (high - share) + (b - share) };
}

const splitter = 134217729; // 2^27 + 1

/** a · b without error, for products and factors whose magnitudes lie between 2^-900 and 2^900. */
export function productOf(a: number, b: number): DoubleDouble {
  const high = a * b;
  const [ca, cb] = [splitter * a, splitter * b];
  const [ha, hb] = [ca - (ca - a), cb - (cb - b)];
  const [la, lb] = [a - ha, b - hb];
  return { high, low: la * lb - (high - ha * hb - la * hb - ha * lb) };
}

export const neg = (x: DoubleDouble): DoubleDouble => ({ high: -x.high, low: x.low === 0 ? 0 : -x.low });
export const abs = (x: DoubleDouble): DoubleDouble => (x.high < 0 || Object.is(x.high, -0) ? neg(x) : x);

/** Relative error at most 3 · 2^-106, also under cancellation. */
export function add(x: DoubleDouble, y: DoubleDouble): DoubleDouble {
  const highs = sumOf(x.high, y.high);
  if (!Number.isFinite(highs.high) || (x.low === 0 && y.low === 0)) return highs;
  const lows = sumOf(x.low, y.low);
  const first = renormalised(highs.high, highs.low + lows.high);
  return renormalised(first.high, lows.low + first.low);
}

export const sub = (x: DoubleDouble, y: DoubleDouble): DoubleDouble => add(x, neg(y));

/** 2^k for a normal result. */
const powerOfTwo = (k: number): number => 2 ** k;

/** The exponent of a power of two near |x|, for finite x that is not 0. */
export const exponentOf = (x: number): number => Math.floor(Math.log2(Math.abs(x)));

/** x · 2^k. */
export function scaled(x: DoubleDouble, k: number): DoubleDouble {
  if (Math.abs(k) > 1000) return scaled(scaled(x, Math.sign(k) * 1000), k - Math.sign(k) * 1000);
  const factor = powerOfTwo(k);
  return renormalised(x.high * factor, x.low * factor);
}

const isTame = (x: number): boolean => Math.abs(x) < 1e250 && Math.abs(x) > 1e-250;

function tameProduct(x: DoubleDouble, y: DoubleDouble): DoubleDouble {
  const product = productOf(x.high, y.high);
  return renormalised(product.high, product.low + (x.high * y.low + x.low * y.high + x.low * y.low));
}

/** Relative error at most 7 · 2^-106. */
export function mul(x: DoubleDouble, y: DoubleDouble): DoubleDouble {
  const high = x.high * y.high;
  if (isTame(high) && isTame(x.high) && isTame(y.high)) return tameProduct(x, y);
  if (x.high === 0 || y.high === 0 || !Number.isFinite(x.high) || !Number.isFinite(y.high)) return from(high);
  const [i, j] = [exponentOf(x.high), exponentOf(y.high)];
  return scaled(tameProduct(scaled(x, -i), scaled(y, -j)), i + j);
}

/** x · y for a plain double. */
export const times = (x: DoubleDouble, y: number): DoubleDouble => mul(x, from(y));

function tameQuotient(x: DoubleDouble, y: DoubleDouble): DoubleDouble {
  const first = x.high / y.high;
  const rest = sub(x, times(y, first));
  const second = rest.high / y.high;
  const third = sub(rest, times(y, second)).high / y.high;
  const sum = renormalised(first, second);
  return add(sum, from(third));
}

/** Relative error at most 10 · 2^-106. */
export function div(x: DoubleDouble, y: DoubleDouble): DoubleDouble {
  const high = x.high / y.high;
  if (isTame(high) && isTame(x.high) && isTame(y.high)) return tameQuotient(x, y);
  if (x.high === 0 || y.high === 0 || !Number.isFinite(x.high) || !Number.isFinite(y.high)) return from(high);
  const [i, j] = [exponentOf(x.high), exponentOf(y.high)];
  return scaled(tameQuotient(scaled(x, -i), scaled(y, -j)), i - j);
}

export const inverse = (x: DoubleDouble): DoubleDouble => div(one, x);
export const square = (x: DoubleDouble): DoubleDouble => mul(x, x);

export function sqrt(x: DoubleDouble): DoubleDouble {
  if (!(x.high > 0) || x.high === Infinity) return from(Math.sqrt(x.high));
  if (!isTame(x.high)) {
    const k = 2 * Math.floor(exponentOf(x.high) / 2);
    return scaled(sqrt(scaled(x, -k)), k / 2);
  }
  const root = Math.sqrt(x.high);
  const rest = sub(x, productOf(root, root));
  return renormalised(root, rest.high / (2 * root));
}

/** x^n for a whole n >= 0, by squaring. */
export function wholePower(x: DoubleDouble, n: number): DoubleDouble {
  let result = one;
  let base = x;
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = mul(result, base);
    if (rest > 1) base = square(base);
  }
  return result;
}

/** c[0] + c[1] t + c[2] t² + … by Horner's rule. */
export function polynomial(coefficients: readonly DoubleDouble[], t: DoubleDouble): DoubleDouble {
  let sum = coefficients[coefficients.length - 1]!;
  for (let i = coefficients.length - 2; i >= 0; i--) sum = add(mul(sum, t), coefficients[i]!);
  return sum;
}

export const less = (x: DoubleDouble, y: DoubleDouble): boolean => x.high < y.high || (x.high === y.high && x.low < y.low);
export const equal = (x: DoubleDouble, y: DoubleDouble): boolean => x.high === y.high && x.low === y.low;

export function floor(x: DoubleDouble): DoubleDouble {
  const high = Math.floor(x.high);
  return high === x.high ? renormalised(high, Math.floor(x.low)) : from(high);
}

export const isWhole = (x: DoubleDouble): boolean => Number.isInteger(x.high) && Number.isInteger(x.low);
export const isOdd = (x: DoubleDouble): boolean => Math.abs((x.high % 2) + (x.low % 2)) === 1;

/** A whole number times a power of two. */
export interface Scaled {
  readonly whole: bigint;
  readonly exponent: number;
}

const view = new DataView(new ArrayBuffer(8));

function exactDouble(x: number): Scaled {
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 2047n);
  const fraction = bits & 0xfffffffffffffn;
  const whole = biased === 0 ? fraction : fraction | 0x10000000000000n;
  return { whole: x < 0 ? -whole : whole, exponent: Math.max(biased, 1) - 1075 };
}

/** A finite element, exactly. */
export function exact(x: DoubleDouble): Scaled {
  const high = exactDouble(x.high);
  if (x.low === 0) return high;
  const low = exactDouble(x.low);
  return { whole: (high.whole << BigInt(high.exponent - low.exponent)) + low.whole, exponent: low.exponent };
}

/** The element nearest to whole · 2^exponent. */
export function nearest({ whole, exponent }: Scaled): DoubleDouble {
  const excess = Math.max(0, (whole < 0n ? -whole : whole).toString(16).length * 4 - 240);
  const kept = whole >> BigInt(excess);
  const high = Number(kept);
  return scaled(renormalised(high, Number(kept - BigInt(high))), exponent + excess);
}
