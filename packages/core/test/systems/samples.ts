// Where the tests of number systems take arguments from, for every operation of the arithmetic, and exact comparison with decimals.
import fc from "fast-check";
import { type BinaryOperation, binaryOperations, type UnaryOperation, unaryOperations } from "../../src/arithmetic.ts";
import { exact } from "../../src/systems/doubleDouble/arithmetic.ts";
import references from "./references.json" with { type: "json" };

export type Range = readonly [low: number, high: number];

/** Inside the domain and not where the function is steep beyond reason; [-3, 3] for an operation not listed. */
const ranges: Partial<Record<UnaryOperation, Range>> = {
  sqrt: [1e-3, 100],
  cbrt: [0.01, 100],
  exp: [-30, 30],
  exp2: [-30, 30],
  expm1: [-10, 30],
  log: [1e-3, 100],
  log2: [1e-3, 100],
  log10: [1e-3, 100],
  log1p: [-0.95, 100],
  sin: [-20, 20],
  cos: [-20, 20],
  tan: [-1.5, 1.5],
  asin: [-0.99, 0.99],
  acos: [-0.99, 0.99],
  acosh: [1.01, 100],
  atanh: [-0.99, 0.99],
  erfc: [-3, 10],
  erfcx: [-3, 40],
  lgamma: [0.02, 40],
};

const pairRanges: Partial<Record<BinaryOperation, readonly [Range, Range]>> = {
  div: [
    [-10, 10],
    [0.1, 10],
  ],
  pow: [
    [0.05, 5],
    [-6, 6],
  ],
  remainder: [
    [-30, 30],
    [0.5, 7],
  ],
};

export const rangeOf = (operation: UnaryOperation): Range => ranges[operation] ?? [-3, 3];
export const pairRangeOf = (operation: BinaryOperation): readonly [Range, Range] =>
  pairRanges[operation] ?? [
    [-3, 3],
    [-3, 3],
  ];

/** Every double of a uniform grid of 2^52 steps. */
export function uniform([low, high]: Range): fc.Arbitrary<number> {
  const part = fc.nat(2 ** 26 - 1);
  return fc.tuple(part, part).map(([a, b]) => low + (high - low) * ((a + b / 2 ** 26) / 2 ** 26));
}

/** 10^-k, k uniform. */
export const magnitudes = (smallest: number, largest: number): fc.Arbitrary<number> =>
  uniform([Math.log10(smallest), Math.log10(largest)]).map((k) => 10 ** k);

/** Operations that move by whole steps. */
export const steps: readonly string[] = ["sign", "floor", "ceil", "round"];
export const smoothUnary: readonly UnaryOperation[] = unaryOperations.filter((operation) => !steps.includes(operation));
export { binaryOperations, unaryOperations };

export const orders: readonly number[] = [0, 1, 2, 5];

/** Values to 40 digits, computed with mpmath: [argument(s)…, value]. */
export const referencesOf = (operation: string): readonly (readonly (number | string)[])[] =>
  (references as unknown as Readonly<Record<string, readonly (readonly (number | string)[])[]>>)[operation] ?? [];

interface Pair {
  readonly high: number;
  readonly low: number;
}

/** n/d as a double, for quotients that are errors. */
function ratio(n: bigint, d: bigint): number {
  const scaled = ((n < 0n ? -n : n) * 10n ** 60n) / (d < 0n ? -d : d);
  return Number(scaled) / 1e60;
}

/** |value - reference| / |reference| in whole-number arithmetic, the reference a decimal. */
export function relativeError(value: Pair, reference: string): number {
  const [digits, exponent] = reference.split("e") as [string, string | undefined];
  const fraction = digits.split(".")[1]?.length ?? 0;
  const power = Number(exponent ?? 0) - fraction;
  const whole = BigInt(digits.replace(".", ""));
  const { whole: binary, exponent: shift } = exact(value);
  const left = binary * 2n ** BigInt(Math.max(shift, 0)) * 10n ** BigInt(Math.max(-power, 0));
  const right = whole * 10n ** BigInt(Math.max(power, 0)) * 2n ** BigInt(Math.max(-shift, 0));
  return ratio(left - right, right);
}

/** Arguments at which float64 functions have special values. */
export const specials: readonly number[] = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2,
  -2,
  2.5,
  3,
  -3,
  27,
  -27,
  28,
  710,
  -710,
  709.9,
  -746,
  1e16,
  1e200,
  1e-200,
  1e308,
  -1e308,
  1e-310,
  5e-324,
  -5e-324,
  Infinity,
  -Infinity,
  Number.NaN,
];

/** Whether two results are the same special value, or agree to 13 digits. */
export function agree(x: number, y: number): boolean {
  if (Object.is(x, y)) return true;
  if (!Number.isFinite(x) || !Number.isFinite(y) || (x === 0) !== (y === 0)) return false;
  return Math.abs(x - y) <= 1e-13 * Math.max(Math.abs(x), Math.abs(y)) + 1e-322;
}
