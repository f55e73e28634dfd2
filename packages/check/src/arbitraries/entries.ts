/**
 * The entries of a tensor as a whole: how they are drawn, which arrays are allowed, how they get simpler. Here those whose entries are
 * independent and those that keep a distance from one another; other files have other kinds. Knows arrays and shapes; knows no sizes by name.
 */
import type { DType, Shape } from "@cotangent/core";
import { sizeOf } from "@cotangent/core/engine";
import type { Random } from "fast-check";
import { isBiased, oneIn, pick, shuffle, uniform } from "./draws.ts";
import { noEntryError } from "./errors.ts";
import { complexity, rounded } from "./number.ts";
import type { Points } from "./points.ts";

export type Values = Float64Array<ArrayBuffer>;

/** A kind of entries. Whatever it draws, repairs or simplifies, it allows. */
export interface Entries {
  readonly dtype: DType;
  /** What fills a place that has no entry yet. */
  readonly origin: number;
  draw(shape: Shape, random: Random, biasFactor: number | undefined): Values;
  allows(values: Values, shape: Shape): boolean;
  /** Allowed entries near those that slicing left; undefined if there are none. */
  repair(values: Values, shape: Shape): Values | undefined;
  /** How much there is to read; every simplification lowers it. */
  cost(values: Values, shape: Shape): number;
  /** Simplifications of many entries at once, the boldest first; some may not be allowed. */
  whole(values: Values, shape: Shape): Iterable<Values>;
  /** Into how many places the array is divided to be simplified place by place. */
  places(shape: Shape): number;
  /** Simplifications of one place; some may not be allowed. */
  single(values: Values, shape: Shape, place: number): Iterable<Values>;
}

/** The sum of what each entry costs. */
export function totalComplexity(values: Values, dtype: DType): number {
  let total = 0;
  for (const x of values) total += complexity(x, dtype);
  return total;
}

/** More than any entry costs: an entry less that is not the simplest outweighs how the others read. */
const fewerFirst = 1e4;

const otherThan = (origin: number, values: Values): number => values.reduce((count, x) => count + Number(!Object.is(x, origin)), 0);

/** Entries that are points of a domain, independent of one another. */
export function pointwise(points: Points): Entries {
  const { dtype, origin } = points;
  return {
    dtype,
    origin,
    draw: (shape, random, biasFactor) => drawIndependent(points, sizeOf(shape), random, biasFactor),
    allows: (values) => values.every(points.allows),
    repair: (values) => values,
    cost: (values) => otherThan(origin, values) * fewerFirst + totalComplexity(values, dtype) + 1e-6 * latePlaces(origin, values),
    *whole(values) {
      yield* oneValue(values, dtype, origin);
      yield* simplestInChunks(values, origin);
      yield* inOnePlace(values, dtype, origin);
      yield inFront(values, origin);
      yield* equalsTogether(values, points);
    },
    places: sizeOf,
    *single(values, _shape, i) {
      for (const x of points.simpler(values[i]!)) yield values.with(i, x);
    },
  };
}

/** Mostly entries drawn one by one; now and then one value everywhere, a few among many equal ones, or many ties. */
function drawIndependent(points: Points, count: number, random: Random, biasFactor: number | undefined): Values {
  const biased = isBiased(random, biasFactor);
  const one = (): number => (biased && oneIn(random, 2) ? pick(random, points.edges) : points.draw(random));
  const pattern = random.nextInt(0, 11);
  const values = new Float64Array(count);
  if (pattern === 0) return values.fill(one());
  if (pattern === 1) {
    const fill = oneIn(random, 2) ? points.origin : one();
    for (let i = 0; i < count; i++) values[i] = oneIn(random, 4) ? one() : fill;
    return values;
  }
  const pool = pattern === 2 ? [one(), one(), one()] : undefined;
  for (let i = 0; i < count; i++) values[i] = pool === undefined ? one() : pick(random, pool);
  return values;
}

/** One value everywhere: the simplest, 1, then some of those that are there. */
function* oneValue(values: Values, dtype: DType, origin: number): Generator<Values> {
  if (values.length < 2) return;
  let [least, most] = [values[0]!, values[0]!];
  for (const x of values) {
    if (complexity(x, dtype) < complexity(least, dtype)) least = x;
    if (Math.abs(x) > Math.abs(most)) most = x;
  }
  for (const x of new Set([origin, 1, -1, least, Math.max(...values), Math.min(...values), most]))
    yield new Float64Array(values.length).fill(x);
}

/** The simplest value in half of the places that have another, a quarter, …, one. */
function* simplestInChunks(values: Values, origin: number): Generator<Values> {
  const others = Array.from(values.keys()).filter((i) => !Object.is(values[i], origin));
  for (let chunk = Math.ceil(others.length / 2); chunk >= 1; chunk = chunk === 1 ? 0 : Math.ceil(chunk / 2)) {
    for (let start = 0; start < others.length; start += chunk) {
      const simpler = values.slice();
      for (const i of others.slice(start, start + chunk)) simpler[i] = origin;
      yield simpler;
    }
  }
}

/** The sum of all entries at the place of the largest, the simplest value elsewhere. */
function* inOnePlace(values: Values, dtype: DType, origin: number): Generator<Values> {
  if (otherThan(origin, values) < 2) return;
  const total = rounded(
    values.reduce((sum, x) => sum + x, 0),
    dtype,
  );
  yield new Float64Array(values.length).fill(origin).with(values.indexOf(Math.max(...values)), total);
}

/** The sum of the places of entries that are not the simplest. */
const latePlaces = (origin: number, values: Values): number => values.reduce((sum, x, i) => (Object.is(x, origin) ? sum : sum + i), 0);

/** The entries that are not the simplest before those that are. */
function inFront(values: Values, origin: number): Values {
  const [others, simplest] = [values.filter((x) => !Object.is(x, origin)), values.filter((x) => Object.is(x, origin))];
  return Float64Array.of(...others, ...simplest);
}

/** Something simpler for a value wherever it occurs, if it does more than once: so ties stay ties. */
function* equalsTogether(values: Values, points: Points): Generator<Values> {
  const counts = new Map<number, number>();
  for (const x of values) counts.set(x, (counts.get(x) ?? 0) + 1);
  for (const [x, count] of counts) {
    if (count < 2 || count === values.length) continue;
    for (const y of points.simpler(x)) yield values.map((own) => (Object.is(own, x) ? y : own));
  }
  if (counts.size === 1 && values.length > 1) for (const y of points.simpler(values[0]!)) yield new Float64Array(values.length).fill(y);
}

/** Entries at least `gap` apart, or as far as a bounded domain lets so many be; with gap 0 only different. */
export function separated(points: Points, wanted: number): Entries {
  const { dtype, origin } = points;
  const integers = dtype === "int32" || dtype === "bool";
  const gapFor = (count: number): number =>
    integers ? Math.max(1, wanted) : Math.min(wanted, (points.high - points.low) / (4 * Math.max(1, count)));
  const allows = (values: Values): boolean => {
    const gap = gapFor(values.length) * (1 - 1e-6);
    const sorted = values.toSorted();
    return values.every(points.allows) && sorted.every((x, i) => i === 0 || (x !== sorted[i - 1] && x - sorted[i - 1]! >= gap));
  };
  const lattice = (count: number): Values | undefined => latticeOf(points, count, gapFor(count), allows);
  return {
    dtype,
    origin,
    draw: (shape, random, biasFactor) => drawSeparated(points, sizeOf(shape), gapFor(sizeOf(shape)), random, biasFactor),
    allows,
    repair: (values) => (allows(values) ? values : ranked(values, lattice(values.length))),
    cost: (values) => totalComplexity(values, dtype) + 1e-6 * inversions(values),
    *whole(values) {
      const places = lattice(values.length);
      if (places === undefined) return;
      yield places;
      yield ranked(values, places)!;
    },
    places: sizeOf,
    *single(values, _shape, i) {
      for (const x of points.simpler(values[i]!)) yield values.with(i, x);
      for (let j = i + 1; j < values.length; j++) if (values[i]! > values[j]!) yield values.with(i, values[j]!).with(j, values[i]!);
    },
  };
}

/** The n-th smallest of `places` where `values` has its n-th smallest. */
function ranked(values: Values, places: Values | undefined): Values | undefined {
  if (places === undefined) return undefined;
  const order = Array.from(values.keys()).sort((i, j) => values[i]! - values[j]! || i - j);
  const out = new Float64Array(values.length);
  order.forEach((i, rank) => (out[i] = places[rank]!));
  return out;
}

function inversions(values: Values): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) for (let j = i + 1; j < values.length; j++) if (values[i]! > values[j]!) count++;
  return count;
}

/** So many numbers in ascending order, as simple as the gap and the domain let them be. */
function latticeOf(points: Points, count: number, gap: number, allows: (values: Values) => boolean): Values | undefined {
  const { low, high } = points;
  const bounded = Number.isFinite(low) && Number.isFinite(high);
  const steps = bounded ? [1, 0.5, (high - low) / (count + 1), (high - low) / (2 * count + 2), (high - low) / (4 * count)] : [1, gap];
  const down = low === -Infinity && high < Infinity;
  const starts = down ? [high] : low <= 0 && high > 0 ? [0, low] : [low];
  for (const exact of steps) {
    const step = exact >= 1 ? Math.ceil(Math.max(exact, gap)) : exact;
    for (const shift of [0, 0.5, 0.25, step / 2, step / 4]) {
      for (const start of starts.filter(Number.isFinite)) {
        const found = Float64Array.from(walk(points, count, down ? start - shift : start + shift, down ? -step : step)).sort();
        if (found.length === count && allows(found)) return found;
      }
    }
  }
  return undefined;
}

/** The first allowed numbers of an arithmetic sequence. */
function walk({ allows, dtype }: Points, count: number, start: number, step: number): number[] {
  const found: number[] = [];
  for (let i = 0; found.length < count && i < 4 * count + 16; i++) {
    const x = rounded(Number((start + i * step).toPrecision(12)), dtype);
    if (allows(x)) found.push(x);
  }
  return found;
}

function drawSeparated(points: Points, count: number, gap: number, random: Random, biasFactor: number | undefined): Values {
  const biased = isBiased(random, biasFactor);
  const sorted: number[] = [];
  for (let i = 0; i < count; i++) {
    const x = freePoint(points, sorted, gap, random, biased);
    sorted.splice(placeOf(sorted, x), 0, x);
  }
  return Float64Array.from(shuffle(random, sorted));
}

/** How many of the sorted numbers are below `x`. */
function placeOf(sorted: readonly number[], x: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

function freePoint(points: Points, sorted: readonly number[], gap: number, random: Random, biased: boolean): number {
  const free = (x: number): boolean => {
    const place = placeOf(sorted, x);
    const [below, above] = [sorted[place - 1] ?? -Infinity, sorted[place] ?? Infinity];
    return x !== above && x - below >= gap && above - x >= gap && points.allows(x);
  };
  const [first, last] = [sorted[0] ?? points.origin, sorted.at(-1) ?? points.origin];
  const width = Math.max(gap, 2 ** -20 * Math.abs(last));
  for (let tries = 0; tries < 1000; tries++) {
    const beyond = tries < 20 ? undefined : width * (1 + uniform(random) + tries / 100);
    const drawn = biased && tries === 0 ? pick(random, points.edges) : points.draw(random);
    const upwards = points.high === Infinity && (points.low !== -Infinity || oneIn(random, 2));
    const outside = upwards ? last + (beyond ?? 0) : first - (beyond ?? 0);
    const unbounded = points.high === Infinity || points.low === -Infinity;
    const x = rounded(beyond !== undefined && unbounded && oneIn(random, 2) ? outside : drawn, points.dtype);
    if (free(x)) return x;
  }
  throw noEntryError(points.op, points.name, `${sorted.length + 1} entries ${gap === 0 ? "all different" : `${gap} apart`}`);
}
