/**
 * A claim judged by the loss's values alone: every entry of a small gradient, random directions and bisection to one entry of a large one. It
 * knows functions of points; it knows neither tensors nor graphs.
 */
import { differentiate, type DifferentiateOptions, type Estimate, noiseNear, residualSlope } from "./differences.ts";
import {
  type Agreement,
  differencesEnd,
  type Disagreement,
  type Judgement,
  judgeNumbers,
  type Place,
  sizeOfGradient,
  unitOf,
} from "./judgement.ts";
import { alongDirection, directionOf, type Leaf, type Point } from "./problem.ts";
import type { Slope } from "./replay.ts";

/** A scalar function of points and what is claimed of its gradient. */
export interface Probe {
  readonly leaves: readonly Leaf[];
  readonly point: Point;
  readonly scales: Point;
  readonly value: (point: Point) => number;
  readonly claimed: Point;
  /** How far the claim's own rounding may have moved its entries. */
  readonly noise: Point;
  /** A gradient that is probably right and guides the search; never the judge. */
  readonly guide?: Point;
  /** The slope along a direction with a bound on its rounding, where there is a better one than differences give. */
  readonly slope?: (direction: Point) => Slope | undefined;
  /** Whether slopes are to be used in place of differences. */
  readonly bySlope?: boolean;
  readonly uniform: () => number;
}

/** Gradients of at most so many entries are judged entry by entry. */
const few = 128;
export const directionsTried = 3;

/** A list of leaves' flat ranges. */
type Range = readonly { readonly leaf: number; readonly from: number; readonly to: number }[];

export function judgeByValues(probe: Probe): Judgement {
  const judged = sizeOf(probe.claimed) <= few ? judgeEntries(probe) : judgeDirections(probe);
  return judged.kind === "agrees" && probe.slope !== undefined ? refined(probe, judged) : judged;
}

/** What differences agree with, held against bounded slopes along random directions: more digits, or a mistake below the noise of the values. */
function refined(probe: Probe, judged: Agreement): Judgement {
  const exact: Probe = { ...probe, bySlope: true };
  const level: Level = { centre: probe.value(probe.point), measured: 0 };
  let digits = 15.9;
  for (let tried = 0; tried < directionsTried; tried++) {
    const direction = directionOf(probe.scales, probe.uniform);
    const { difference, bar, found } = residual(exact, direction, level);
    if (found.failure !== undefined) return judged;
    if (Math.abs(difference) > bar) return isolate(exact, level, direction, difference);
    digits = Math.min(digits, -Math.log10(bar / (Math.abs(found.value) || Math.abs(level.centre) || 1)));
  }
  if (digits <= judged.digits) return judged;
  return {
    ...judged,
    digits,
    limit: "slopes in float64 are rounded",
    notes: [...judged.notes, "the slopes are complex steps with running error bounds"],
  };
}

/** What is known of a function's values at a point before its slopes are asked for. */
interface Level {
  readonly centre: number;
  readonly measured: number;
}

/** The value at the point and its rounding noise along a random direction. */
function levelOf(probe: Probe): Level {
  const direction = directionOf(probe.scales, probe.uniform);
  return { centre: probe.value(probe.point), measured: noiseNear((t) => probe.value(alongDirection(probe.point, direction, t))) };
}

/** The slope along a direction. */
function estimate(probe: Probe, direction: Point, options: DifferentiateOptions): Estimate {
  if (!probe.bySlope) return differentiate((t) => probe.value(alongDirection(probe.point, direction, t)), options);
  const slope = probe.slope!(direction);
  const failure = slope === undefined ? "the slope is not known by complex steps" : undefined;
  const [value, error] = [slope?.value ?? Number.NaN, (slope?.error ?? Infinity) / 10];
  return { value, error, step: 0, noise: 0, kink: undefined, samples: [], isStill: false, failure };
}

const zeros = (like: Point): Point => like.map((entries) => new Float64Array(entries.length));

const none = new Float64Array(0);

/** One entry's scale, and nothing else. */
function entryDirection({ scales }: Probe, { leaf, at }: Place): Point {
  return scales.map((row, k) => {
    if (k !== leaf) return none;
    const direction = new Float64Array(row.length);
    direction[at] = row[at]!;
    return direction;
  });
}

const sizeOf = (point: Point): number => point.reduce((total, entries) => total + entries.length, 0);

const nothingSeen: Judgement = {
  kind: "undecided",
  why: "the values of the loss do not change near the point: its slope is zero, or too small to be seen in them",
  digits: 0,
};

function judgeEntries(probe: Probe): Judgement {
  const { claimed, scales, leaves, point } = probe;
  const [truth, slack, errors] = [zeros(claimed), zeros(claimed), zeros(claimed)];
  const expected = sizeOfGradient(claimed, scales);
  const centre = probe.value(point);
  const doubtful: Place[] = [];
  const still: Place[] = [];
  let noise = 0;
  let failure: string | undefined;
  for (const [leaf, entries] of claimed.entries()) {
    for (let at = 0; at < entries.length; at++) {
      const scale = scales[leaf]![at]!;
      const found = estimate(probe, entryDirection(probe, { leaf, at }), { expected, centre });
      if (found.kink !== undefined) {
        const [left, right] = [found.kink.left / scale, found.kink.right / scale];
        const slopes = oneSided(probe, { leaf, at }, left, right);
        return {
          kind: "kink",
          op: undefined,
          place: { leaf, at },
          ...slopes,
          claimed: entries[at]!,
          subgradient: within(entries[at]!, slopes),
        };
      }
      failure ??= found.failure;
      truth[leaf]![at] = found.value / scale;
      errors[leaf]![at] = (10 * found.error) / scale;
      slack[leaf]![at] = errors[leaf]![at]! + probe.noise[leaf]![at]!;
      noise = Math.max(noise, found.noise);
      if (found.isStill) still.push({ leaf, at });
      if (contradicts(found, entries[at]! * scale)) doubtful.push({ leaf, at });
    }
  }
  for (const { leaf, at } of still) slack[leaf]![at] = Math.max(slack[leaf]![at]!, (60 * noise) / scales[leaf]![at]!);
  if (failure !== undefined) return { kind: "undecided", why: failure, digits: 0 };
  const judged = judgeNumbers(
    leaves,
    claimed,
    truth,
    slack,
    scales,
    probe.value(point),
    differencesEnd(sizeOfGradient(probe.noise, scales) > sizeOfGradient(errors, scales)),
    false,
  );
  if (judged.kind === "agrees" && still.length === sizeOf(claimed)) return nothingSeen;
  if (judged.kind !== "wrong") return judged;
  const entries = judged.entries.filter((place) => !doubtful.some(({ leaf, at }) => leaf === place.leaf && at === place.at));
  if (entries.length === 0) return { kind: "undecided", why: "differences and Taylor slopes disagree about the claim", digits: 0 };
  return { ...judged, entries };
}

/** The second opinion: the residual of the claim vanishes with the step although the table says that it should not. */
function contradicts({ samples, value, noise }: Estimate, claimed: number): boolean {
  const last = samples.at(-1);
  if (last === undefined || !(residualSlope(samples, claimed, noise) > 2.5)) return false;
  return Math.abs(last.odd / last.h - claimed) < 0.5 * Math.abs(value - claimed);
}

const within = (x: number, { left, right }: { readonly left: number; readonly right: number }): boolean => {
  const slack = 1e-6 * (Math.abs(left) + Math.abs(right));
  return x >= Math.min(left, right) - slack && x <= Math.max(left, right) + slack;
};

/** The one-sided slopes in their order: the kink's size says how far apart they are, a small step which is which. */
function oneSided(probe: Probe, place: Place, low: number, high: number): { left: number; right: number } {
  const scale = probe.scales[place.leaf]![place.at]!;
  const f = (t: number): number => probe.value(alongDirection(probe.point, entryDirection(probe, place), t));
  const h = 2 ** -20;
  const rising = f(h) - f(0) > f(0) - f(-h);
  const [left, right] = rising ? [low, high] : [high, low];
  return scale > 0 ? { left, right } : { left: right, right: left };
}

/** Along a direction: how far the claim is from the slope, its error bar, and the slope itself. */
interface Residual {
  readonly difference: number;
  readonly bar: number;
  readonly found: Estimate;
}

function residual(probe: Probe, direction: Point, options: DifferentiateOptions): Residual {
  let [claimed, rounding, noise, rest] = [0, 0, 0, 0];
  direction.forEach((row, k) => {
    const [c, n] = [probe.claimed[k]!, probe.noise[k]!];
    const unit = unitOf(probe.leaves[k]!);
    for (let i = 0; i < row.length; i++) {
      const u = row[i]!;
      if (u === 0) continue;
      const term = c[i]! * u - rest;
      const sum = claimed + term;
      rest = sum - claimed - term;
      claimed = sum;
      rounding += unit * Math.abs(c[i]! * u);
      noise += (n[i]! * u) ** 2;
    }
  });
  const found = estimate(probe, direction, { expected: Math.abs(claimed), ...options });
  return { difference: found.value - claimed, bar: 10 * found.error + 64 * rounding + 4 * Math.sqrt(noise), found };
}

function judgeDirections(probe: Probe): Judgement {
  const level = levelOf(probe);
  const suspect = suspectOf(probe, level);
  if (suspect !== undefined) return suspect;
  let digits = 15.9;
  let [kinks, still] = [0, 0];
  let byClaim = false;
  for (let tried = 0; tried < directionsTried; tried++) {
    const direction = directionOf(probe.scales, probe.uniform);
    const { difference, bar, found } = residual(probe, direction, level);
    if (found.failure !== undefined) return { kind: "undecided", why: found.failure, digits: 0 };
    if (found.kink !== undefined) {
      kinks++;
      continue;
    }
    if (Math.abs(difference) > bar) return isolate(probe, level, direction, difference);
    if (found.isStill) still++;
    byClaim ||= bar > 20 * found.error;
    digits = Math.min(digits, -Math.log10(bar / 10 / (Math.abs(found.value) || Math.abs(level.centre) || 1)));
  }
  if (kinks === directionsTried) return { kind: "undecided", why: "the loss is not smooth along any direction tried", digits: 0 };
  if (still > 0) return nothingSeen;
  if (digits < 4) return { kind: "undecided", why: "rounding noise of the loss hides the rest", digits: Math.max(0, digits) };
  return { kind: "agrees", digits, ulps: undefined, limit: differencesEnd(byClaim), notes: [] };
}

/** The entries where the claim is farthest from the guide, each tried by differences of the loss. */
function suspectOf(probe: Probe, level: Level): Disagreement | undefined {
  const { guide, claimed, scales } = probe;
  if (guide === undefined) return undefined;
  const largest = guide.map((row) => row.reduce((most, g) => Math.max(most, Math.abs(g)), 0));
  const places: { leaf: number; at: number; relative: number; absolute: number }[] = [];
  guide.forEach((entries, leaf) =>
    entries.forEach((g, at) => {
      const difference = Math.abs(claimed[leaf]![at]! - g);
      if (!(difference > 1e-9 * Math.abs(g) + 1e-10 * largest[leaf]!)) return;
      places.push({ leaf, at, relative: difference / Math.abs(g), absolute: difference * scales[leaf]![at]! });
    }),
  );
  if (places.length === 0) return undefined;
  places.sort((a, b) => b.absolute - a.absolute);
  const chosen = [
    ...places.slice(0, 6),
    ...places
      .slice(6)
      .sort((a, b) => b.relative - a.relative)
      .slice(0, 2),
  ];
  const found = disagreement(probe, level, chosen);
  return found.entries.length > 0 ? { ...found, ...(places.length > chosen.length ? {} : { complete: true }) } : undefined;
}

/** Halves the set of entries along which the claim fails until one is left: what one half does not explain, the other does. */
function isolate(probe: Probe, level: Level, direction: Point, difference: number): Judgement {
  let range: Range = probe.claimed.map((entries, leaf) => ({ leaf, from: 0, to: entries.length }));
  let left = difference;
  while (countOf(range) > 1) {
    const [half, other] = halvesOf(range);
    const { difference: own, bar } = residual(probe, restricted(direction, half), { ...level, target: Math.abs(left) / 100 });
    if (!(Math.abs(left) > bar)) break;
    const takes = Math.abs(own) >= Math.abs(left - own);
    [range, left] = takes ? [half, own] : [other, left - own];
  }
  if (countOf(range) > 1) {
    return {
      kind: "undecided",
      why: `the claim fails along a random direction, but none of the ${countOf(range)} entries left can be told wrong alone`,
      digits: 0,
    };
  }
  const place = { leaf: range[0]!.leaf, at: range[0]!.from };
  const others = Array.from({ length: 6 }, (): Place => {
    const leaf = Math.floor(probe.uniform() * probe.claimed.length);
    return { leaf, at: Math.floor(probe.uniform() * probe.claimed[leaf]!.length) };
  }).filter(({ leaf, at }) => probe.claimed[leaf]!.length > 0 && !(leaf === place.leaf && at === place.at));
  const found = disagreement(probe, level, [place, ...others], (one) => (one === place ? closely : roughly));
  if (found.entries.length > 0) return found;
  return { kind: "undecided", why: "the claim fails along a random direction, but the entry found is within its error bar", digits: 0 };
}

const countOf = (range: Range): number => range.reduce((total, { from, to }) => total + to - from, 0);

function halvesOf(range: Range): [Range, Range] {
  const half = countOf(range) >> 1;
  const [first, second]: [{ leaf: number; from: number; to: number }[], { leaf: number; from: number; to: number }[]] = [[], []];
  let taken = 0;
  for (const { leaf, from, to } of range) {
    const middle = Math.min(to, Math.max(from, from + half - taken));
    if (middle > from) first.push({ leaf, from, to: middle });
    if (to > middle) second.push({ leaf, from: middle, to });
    taken += middle - from;
  }
  return [first, second];
}

function restricted(direction: Point, range: Range): Point {
  return direction.map((row, k) => {
    const own = range.filter(({ leaf }) => leaf === k);
    if (own.length === 0) return none;
    const out = new Float64Array(row.length);
    for (const { from, to } of own) out.set(row.subarray(from, to), from);
    return out;
  });
}

/** How well an entry's slope is to be known, relative to what is claimed of it: to name the factor it is off by, or to see that it is off. */
const [closely, roughly] = [1e-7, 1e-3];

/** The entries among some that differences of the loss show to be wrong. */
function disagreement(
  probe: Probe,
  level: Level,
  places: readonly Place[],
  accuracy: (place: Place) => number = () => closely,
): Disagreement {
  const [truth, bars] = [probe.claimed.map((entries) => entries.slice()), zeros(probe.claimed)];
  const entries = places.filter((place) => {
    const { leaf, at } = place;
    const scale = probe.scales[leaf]![at]!;
    const claimed = probe.claimed[leaf]![at]!;
    const found = estimate(probe, entryDirection(probe, place), {
      ...level,
      expected: Math.abs(claimed * scale),
      target: accuracy(place) * Math.abs(claimed * scale),
    });
    if (found.failure !== undefined || found.kink !== undefined) return false;
    const bar = (10 * found.error) / scale + 64 * unitOf(probe.leaves[leaf]!) * Math.abs(claimed) + 4 * probe.noise[leaf]![at]!;
    truth[leaf]![at] = found.value / scale;
    bars[leaf]![at] = bar;
    return Math.abs(claimed - found.value / scale) > bar;
  });
  return { kind: "wrong", claimed: probe.claimed, truth, bars, entries, complete: false };
}
