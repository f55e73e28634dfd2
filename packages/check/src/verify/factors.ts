/** What a number is as a factor: a famous one, or one made of the arguments' sizes. It knows sizes and constants; it knows no gradients. */
import type { Named } from "./evidence.ts";
import { formatNumber } from "./report.ts";

/** A factor in short, and what it may come from. */
export interface Factor {
  readonly text: string;
  readonly remark: string | undefined;
  /** Whether the factor is one that people forget or make twice, not just some number. */
  readonly known: boolean;
  /** Whether it is known as it is, not as a product or quotient of sizes, which any number may be by chance. */
  readonly plain: boolean;
}

interface Size {
  readonly size: number;
  readonly name: string;
}

/** The lengths of the arguments' axes, which a forgotten or superfluous mean multiplies by. */
function sizesOf(named: readonly Named[]): Size[] {
  const found = new Map<number, string>();
  for (const { path, tensor: x } of named) {
    x.shape.forEach((side, axis) => {
      if (side > 1 && !found.has(side)) found.set(side, `the size of axis ${axis} of ${path}`);
    });
    if (x.rank > 1 && x.size > 1 && !found.has(x.size)) found.set(x.size, `the number of entries of ${path}`);
  }
  return [...found].map(([size, name]) => ({ size, name }));
}

const famous: readonly (readonly [number, string, remark?: string])[] = [
  [-1, "-1", "the sign is wrong"],
  [2, "2"],
  [0.5, "1/2"],
  [-2, "-2"],
  [-0.5, "-1/2"],
  [Math.LN10, "ln 10", "a decimal logarithm lacks its 1/ln 10"],
  [1 / Math.LN10, "1/ln 10"],
  [Math.LN10 ** 2, "(ln 10)²", "it multiplies by ln 10 where it should divide"],
  [1 / Math.LN10 ** 2, "1/(ln 10)²", "it divides by ln 10 where it should multiply"],
  [Math.LN2, "ln 2"],
  [1 / Math.LN2, "1/ln 2", "a binary logarithm has one too many"],
  [Math.LN2 ** 2, "(ln 2)²", "it multiplies by ln 2 where it should divide"],
  [1 / Math.LN2 ** 2, "1/(ln 2)²", "it divides by ln 2 where it should multiply"],
  [Math.PI, "π"],
  [1 / Math.PI, "1/π"],
  [2 * Math.PI, "2π"],
  [1 / (2 * Math.PI), "1/(2π)"],
  [Math.sqrt(Math.PI), "√π"],
  [1 / Math.sqrt(Math.PI), "1/√π"],
  [Math.sqrt(2 * Math.PI), "√(2π)"],
  [1 / Math.sqrt(2 * Math.PI), "1/√(2π)"],
  [Math.SQRT2, "√2"],
  [Math.SQRT1_2, "1/√2"],
  [180 / Math.PI, "180/π", "an angle in degrees is taken for radians"],
  [Math.PI / 180, "π/180"],
];

/** What a factor is, known to nine digits or as far as `relative` says; `numbers` are the loss's own. */
export function factorOf(factor: number, named: readonly Named[], numbers: readonly number[] = [], relative = 1e-9): Factor {
  const is = (x: number): boolean => Math.abs(factor - x) <= Math.min(relative, 1e-5) * Math.abs(x);
  const [size, number] = [bySizes(sizesOf(named), is), byNumbers(numbers, is)];
  const isFamous = famous.some(([value]) => is(value));
  if (size?.remark !== undefined && number !== undefined && !isFamous) return { ...size, remark: `${size.remark}, or ${number.remark}` };
  return size ?? number ?? { text: ratioText(factor, relative), remark: undefined, known: false, plain: false };
}

const ratioText = (factor: number, relative: number): string => {
  for (let under = 2; under <= 12; under++) {
    const over = Math.round(factor * under);
    if (over !== 0 && Math.abs(over) <= 100 && Math.abs(factor * under - over) <= 1e-9 * Math.abs(over) && !Number.isInteger(over / under))
      return `${over}/${under}`;
  }
  const fromOne = Math.ceil(-Math.log10(Math.abs(factor - 1))) + 1;
  return formatNumber(factor, Math.max(2, fromOne, Math.min(9, Math.floor(-Math.log10(relative)))));
};

function byNumbers(numbers: readonly number[], is: (x: number) => boolean): Factor | undefined {
  for (const x of numbers) {
    if (x === 0 || Math.abs(x) === 1) continue;
    const [text, remark] = [formatNumber(x, 6), `${formatNumber(x, 6)} is a number in the loss`];
    if (is(x)) return { text, remark, known: true, plain: true };
    if (is(1 / x)) return { text: x > 0 ? `1/${text}` : `1/(${text})`, remark, known: true, plain: true };
  }
  return undefined;
}

function bySizes(sizes: readonly Size[], is: (x: number) => boolean): Factor | undefined {
  const found = (text: string, remark?: string): Factor => ({ text, remark, known: true, plain: true });
  const chance = (text: string, remark: string): Factor => ({ text, remark, known: true, plain: false });
  const missing = (size: number, name: string): Factor => found(String(size), `${size} is ${name}; a mean is missing its 1/${size}`);
  const extra = (size: number, name: string): Factor => found(`1/${size}`, `${size} is ${name}; there is a mean where the loss has a sum`);
  for (const { size, name } of sizes) if (size > 2 && is(size)) return missing(size, name);
  for (const { size, name } of sizes) if (size > 2 && is(1 / size)) return extra(size, name);
  for (const [value, text, remark] of famous) if (is(value)) return found(text, remark);
  for (const { size: n, name } of sizes) {
    const less = `it divides by ${n - 1} where the loss divides by ${n}, ${name}`;
    const more = `it divides by ${n} where the loss divides by ${n - 1}; ${n} is ${name}`;
    const root = "under a square root ";
    if (is(n / (n - 1))) return found(`${n}/${n - 1}`, less);
    if (is((n - 1) / n)) return found(`${n - 1}/${n}`, more);
    if (is(Math.sqrt(n / (n - 1)))) return found(`√(${n}/${n - 1})`, `${root}${less}`);
    if (is(Math.sqrt((n - 1) / n))) return found(`√(${n - 1}/${n})`, `${root}${more}`);
    if (is(Math.sqrt(n))) return found(`√${n}`, `${n} is ${name}`);
    if (is(1 / Math.sqrt(n))) return found(`1/√${n}`, `${n} is ${name}`);
    if (is(n * n)) return found(`${n}²`, `${n} is ${name}`);
    if (is(1 / (n * n))) return found(`1/${n}²`, `${n} is ${name}`);
  }
  for (const x of sizes) {
    for (const y of sizes) {
      if (x !== y && is(x.size / y.size))
        return chance(`${x.size}/${y.size}`, `it divides by ${y.size}, ${y.name}, where the loss divides by ${x.size}, ${x.name}`);
    }
    if (is(2 * x.size)) return chance(`2 · ${x.size}`, `${x.size} is ${x.name}`);
    if (is(2 / x.size)) return chance(`2/${x.size}`, `${x.size} is ${x.name}`);
    if (is(x.size / 2)) return chance(`${x.size}/2`, `${x.size} is ${x.name}`);
    if (is(1 / (2 * x.size))) return chance(`1/(2 · ${x.size})`, `${x.size} is ${x.name}`);
  }
  return undefined;
}
