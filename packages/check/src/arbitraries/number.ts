/** How simple a number reads, and the simpler numbers near it. Knows decimal notation and the rounding of dtypes; knows no tensors. */
import type { DType } from "@cotangent/core";

/** The number as a dtype stores it. */
export function rounded(x: number, dtype: DType): number {
  if (dtype === "float64") return x;
  if (dtype === "float32") return Math.fround(x);
  return dtype === "int32" ? x | 0 : Number(x !== 0);
}

/** The fewest decimal digits that give the number back, as `d.ddde±x`. */
export function shortest(x: number, dtype: DType): string {
  if (dtype !== "float32") return x.toExponential();
  for (let digits = 0; digits < 9; digits++) {
    const text = x.toExponential(digits);
    if (Math.fround(Number(text)) === x) return text;
  }
  return x.toExponential();
}

/** How much there is to read: 0, 1, −1, 2, …, ±10, then halves, then by significant digits and exponent, then what is not finite. */
export function complexity(x: number, dtype: DType): number {
  if (x === 0) return Object.is(x, -0) ? 0.5 : 0;
  if (!Number.isFinite(x)) return x > 0 ? 2000 : x < 0 ? 2001 : 2002;
  const [size, sign] = [Math.abs(x), Number(x < 0)];
  if (size <= 10 && Number.isInteger(2 * size)) return Number.isInteger(x) ? 2 * size - 1 + sign : 20 + 2 * size + sign;
  const [mantissa, exponent] = shortest(size, dtype).split("e") as [string, string];
  const digits = mantissa.replace(".", "").replace(/0+$/, "").length;
  return 50 + 20 * digits + Math.abs(Number(exponent)) + Number(mantissa) / 20 + sign / 40;
}

/** Numbers of less complexity that stand for `x` in a smaller counterexample, simplest first. */
export function simplerNumbers(x: number, dtype: DType): number[] {
  const found = new Set<number>();
  for (const y of candidates(x)) {
    const stored = rounded(y, dtype);
    if (Number.isFinite(stored)) found.add(stored === 0 ? 0 : stored);
  }
  const limit = complexity(x, dtype);
  return [...found]
    .map((y) => [complexity(y, dtype), y] as const)
    .filter(([own]) => own < limit)
    .sort(([a], [b]) => a - b)
    .map(([, y]) => y);
}

function* candidates(x: number): Generator<number> {
  yield* [0, 1, -1];
  if (!Number.isFinite(x)) {
    for (const size of [10, 1e3, 1e6, 1e300]) yield x < 0 ? -size : size;
    return;
  }
  const [size, sign] = [Math.abs(x), x < 0 ? -1 : 1];
  yield size;
  for (let k = 2; k <= Math.min(10, size + 1); k++) yield sign * k;
  for (let k = 0.5; k <= Math.min(9.5, size + 0.5); k++) yield* [sign * k, k];
  for (const power of powersTowards(size)) for (const lead of [1, 2, 5]) yield sign * lead * power;
  for (const whole of [Math.trunc(x), Math.floor(x), Math.ceil(x), Math.round(2 * x) / 2, Number((x % 1).toPrecision(5))]) yield whole;
  yield* roundings(x);
}

/** Powers of ten from 1 towards a size: all of them if there are few, else by bisection. */
function powersTowards(size: number): number[] {
  const last = size === 0 ? 0 : Math.floor(Math.log10(size));
  const exponents: number[] = [];
  const step = Math.sign(last);
  if (Math.abs(last) <= 6) for (let e = step; e !== last + step; e += step) exponents.push(e);
  else for (let gap = Math.abs(last); gap >= 1; gap = Math.floor(gap / 2)) exponents.push(last - step * gap, last);
  return exponents.map((e) => Number(`1e${e}`));
}

/** To one, two, … digits: nearest, towards and away from zero. */
function roundings(x: number): number[] {
  const found: number[] = [];
  for (let digits = 0; digits < 6; digits++) {
    const nearest = x.toExponential(digits);
    const unit = Number(`1e${Number(nearest.split("e")[1]) - digits}`);
    found.push(
      Number(nearest),
      Number((Number(nearest) + unit).toPrecision(digits + 1)),
      Number((Number(nearest) - unit).toPrecision(digits + 1)),
    );
  }
  return found;
}
