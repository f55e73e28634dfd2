/** The single numbers a tensor may hold: which there are in a domain, how they are drawn, which is the simplest. Knows no tensors. */
import type { DType } from "@cotangent/core";
import { type Domain, describe, isFloat, reals } from "@cotangent/core/engine";
import type { Random } from "fast-check";
import { logUniform, oneIn, pick, uniform } from "./draws.ts";
import { noEntryError, optionError } from "./errors.ts";
import type { Interval } from "./options.ts";
import { complexity, rounded, simplerNumbers } from "./number.ts";

export interface PointOptions {
  /** Where entries lie; an interval [low, high] includes its ends. All real numbers by default; for integers mostly small ones. */
  readonly domain?: Domain | Interval;
  readonly dtype?: DType;
  /** How far entries keep from the domain's exceptions, relative to the size of the exception where that is above 1; 0.05 by default. */
  readonly margin?: number;
  /** The least and the most that |x| may be; logarithms are drawn uniformly. Without it most entries are of size 0.01 to 10. */
  readonly magnitude?: Interval;
  /** Whether −0 is among the entries. */
  readonly negativeZero?: boolean;
  /** Whether NaN and the infinities are among the entries. */
  readonly nonFinite?: boolean;
}

export const pointOptions = ["domain", "dtype", "margin", "magnitude", "negativeZero", "nonFinite"] as const;

/** The numbers of a domain in a dtype. */
export interface Points {
  readonly op: string;
  readonly name: string;
  readonly dtype: DType;
  /** The ends of what is drawn, infinite where nothing bounds it. */
  readonly low: number;
  readonly high: number;
  readonly origin: number;
  readonly allows: (x: number) => boolean;
  readonly draw: (random: Random) => number;
  /** Ends, signed zeros, ones and what else mistakes show at. */
  readonly edges: readonly number[];
  /** Allowed numbers simpler than `x`, simplest first. */
  readonly simpler: (x: number) => number[];
}

const dtypes: readonly DType[] = ["bool", "int32", "float32", "float64"];
const usual: Interval = [0.01, 10];

export function pointsOf(op: string, options: PointOptions): Points {
  const { dtype = "float64", magnitude, negativeZero = false, nonFinite = false } = options;
  if (!dtypes.includes(dtype)) throw optionError(op, "dtype", dtype, `one of ${dtypes.join(", ")}`);
  if (magnitude !== undefined) checkMagnitude(op, magnitude);
  const domain = checkDomain(op, options.domain ?? reals);
  const allows = membership(op, domain, options);
  const edges = edgesOf(domain, dtype, magnitude, allows);
  const sides = { negativeZero: negativeZero && isFloat(dtype) && allows(-0), nonFinite: nonFinite && isFloat(dtype) };
  const special = [...(sides.negativeZero ? [-0] : []), ...(sides.nonFinite ? [Infinity, -Infinity, NaN].filter(allows) : [])];
  const origin = simplestOf(op, domain, dtype, magnitude, allows);
  return {
    op,
    name: domain.name,
    dtype,
    low: domain.low,
    high: domain.high,
    origin,
    allows,
    draw: drawer(op, domain, dtype, magnitude, allows, special),
    edges: [origin, ...edges, ...special],
    simpler: (x) => simplerNumbers(x, dtype).filter(allows),
  };
}

function checkMagnitude(op: string, magnitude: unknown): void {
  const fits =
    Array.isArray(magnitude) && magnitude.length === 2 && magnitude[0] > 0 && magnitude[1] >= magnitude[0] && magnitude[1] < Infinity;
  if (!fits) throw optionError(op, "magnitude", magnitude, "a pair [least, most] of positive numbers");
}

function checkDomain(op: string, domain: unknown): Domain {
  if (Array.isArray(domain)) {
    const [low, high] = domain as number[];
    if (domain.length !== 2 || !(low! <= high!)) throw optionError(op, "domain", domain, "an interval [low, high] or a domain");
    return { name: describe(domain), low: low!, high: high!, closed: true, except: [] };
  }
  const given = domain as Partial<Domain> | null;
  if (
    typeof given !== "object" ||
    given === null ||
    typeof given.low !== "number" ||
    typeof given.high !== "number" ||
    !Array.isArray(given.except)
  )
    throw optionError(op, "domain", domain, "an interval [low, high] or a domain");
  return given as Domain;
}

/** The least relative distance to an exception. */
const defaultMargin = 0.05;

/** Whether a number is one of the domain's, in the dtype and of the size that are asked for. */
export function membership(op: string, domain: Domain, options: PointOptions): (x: number) => boolean {
  const { dtype = "float64", margin = defaultMargin, magnitude, negativeZero = false, nonFinite = false } = options;
  if (!(margin >= 0)) throw optionError(op, "margin", margin, "a number from 0 up");
  const { low, high, closed, except, steps } = domain;
  const away = (x: number, point: number): boolean => {
    const gap = margin * Math.min(Math.max(1, Math.abs(point)), high - low);
    return x !== point && Math.abs(x - point) >= gap;
  };
  return (x) => {
    if (!Number.isFinite(x)) return nonFinite && (Number.isNaN(x) || (x < 0 ? low === -Infinity : high === Infinity));
    if (rounded(x, dtype) !== x || (Object.is(x, -0) && !negativeZero)) return false;
    if (x < low || x > high || (!closed && (x === low || x === high))) return false;
    if (magnitude !== undefined && !(Math.abs(x) >= magnitude[0] && Math.abs(x) <= magnitude[1])) return false;
    if (steps !== undefined && !away(x, steps === "integers" ? Math.round(x) : Math.round(x - 0.5) + 0.5)) return false;
    return except.every((point) => away(x, point));
  };
}

function edgesOf(domain: Domain, dtype: DType, magnitude: Interval | undefined, allows: (x: number) => boolean): number[] {
  const ends = [domain.low, domain.high].filter(Number.isFinite);
  const sizes = magnitude ?? (dtype === "int32" ? [2 ** 31 - 1] : usual);
  const near = ends.flatMap((end) => usual.flatMap((size) => [end + size, end - size]));
  const all = [0, 1, -1, ...ends, ...sizes, ...sizes.map((size) => -size), ...near, ...(dtype === "int32" ? [-(2 ** 31)] : [])];
  return [...new Set(all.map((x) => rounded(x, dtype) + 0))].filter(allows);
}

function simplestOf(op: string, domain: Domain, dtype: DType, magnitude: Interval | undefined, allows: (x: number) => boolean): number {
  const short = simplerNumbers(0.3, dtype).find(allows);
  if (short !== undefined) return short;
  const { low, high } = domain;
  const [from, to] = [Math.max(low, -1e300), Math.min(high, 1e300)];
  const inside = Array.from({ length: 33 }, (_, i) => from + ((to - from) * i) / 32);
  const steps = [from, to].flatMap((end) => [0.001, 0.01, 0.1, 0.5, 1, 2].flatMap((step) => [end + step, end - step]));
  const sizes = magnitude === undefined ? [] : [...magnitude, Math.sqrt(magnitude[0]) * Math.sqrt(magnitude[1])];
  const seeds = [0, 0.5, ...inside, ...steps, ...sizes, ...sizes.map((x) => -x)];
  const found = seeds.flatMap((x) => [rounded(x, dtype), ...simplerNumbers(x, dtype)]).filter(allows);
  if (found.length === 0)
    throw noEntryError(op, domain.name, `dtype ${dtype}${magnitude === undefined ? "" : `, magnitude ${describe(magnitude)}`}`);
  return found.reduce((best, x) => (complexity(x, dtype) < complexity(best, dtype) ? x : best));
}

function drawer(
  op: string,
  domain: Domain,
  dtype: DType,
  magnitude: Interval | undefined,
  allows: (x: number) => boolean,
  special: readonly number[],
): (random: Random) => number {
  const raw = rawDraw(domain, dtype, magnitude);
  return (random) => {
    if (special.length > 0 && oneIn(random, 16)) return pick(random, special);
    for (let tries = 0; tries < 1000; tries++) {
      const x = rounded(tries < 8 && random.nextInt(0, 9) < 4 ? readable(random) : raw(random), dtype) + 0;
      if (allows(x)) return x;
    }
    throw noEntryError(op, domain.name, "none found in 1000 draws");
  };
}

/** Small integers, halves and tenths: what people put into examples, and what ties. */
function readable(random: Random): number {
  const kind = random.nextInt(0, 3);
  if (kind < 2) return random.nextInt(-3, 3);
  return kind === 2 ? random.nextInt(-5, 5) / 2 : random.nextInt(-30, 30) / 10;
}

/** Numbers with all their digits. */
function rawDraw(domain: Domain, dtype: DType, magnitude: Interval | undefined): (random: Random) => number {
  const { low, high } = domain;
  const size = (random: Random): number => logUniform(random, ...(magnitude ?? (dtype === "int32" ? [1, 100] : usual)));
  const signed = (random: Random): number => (low >= 0 || (high > 0 && oneIn(random, 2)) ? 1 : -1) * size(random);
  if (dtype === "bool") return (random) => random.nextInt(0, 1);
  if (magnitude !== undefined) return signed;
  if (Number.isFinite(low) && Number.isFinite(high)) {
    if (dtype === "int32") return (random) => random.nextInt(Math.ceil(low), Math.floor(high));
    const near = (random: Random): number => (high - low) * (oneIn(random, 8) ? logUniform(random, 1e-3, 1) : uniform(random));
    return (random) => (oneIn(random, 2) ? low + near(random) : high - near(random));
  }
  if (Number.isFinite(low)) return (random) => low + size(random);
  if (Number.isFinite(high)) return (random) => high - size(random);
  return signed;
}
