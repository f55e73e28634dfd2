/**
 * A claim judged by the loss's values alone: every entry of a small gradient, random directions and bisection to one entry of a large one. It
 * knows functions of points; it knows neither tensors nor graphs.
 */
import { differentiate, type Estimate, residualSlope } from "./differences.ts";
import { type Disagreement, type Judgement, judgeNumbers, type Place, sizeOfGradient } from "./judgement.ts";
import { alongDirection, directionOf, type Leaf, type Point } from "./problem.ts";

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
  readonly uniform: () => number;
}

/** Gradients of at most so many entries are judged entry by entry. */
const few = 128;
export const directionsTried = 3;

/** A list of leaves' flat ranges. */
type Range = readonly { readonly leaf: number; readonly from: number; readonly to: number }[];

export function judgeByValues(probe: Probe): Judgement {
  const size = probe.claimed.reduce((total, entries) => total + entries.length, 0);
  return size <= few ? judgeEntries(probe) : judgeDirections(probe);
}

/** Larger steps where noise leaves fewer than four digits at the usual ones. */
function estimate(probe: Probe, direction: Point, expected: number): Estimate {
  const f = (t: number): number => probe.value(alongDirection(probe.point, direction, t));
  let best = differentiate(f);
  for (const start of [4, 64]) {
    if (best.kink !== undefined || best.error <= 1e-6 * Math.max(Math.abs(best.value), expected)) return best;
    const other = differentiate(f, start);
    if (other.failure === undefined && other.error < best.error) best = other;
  }
  return best;
}

const zeros = (like: Point): Point => like.map((entries) => new Float64Array(entries.length));

/** One entry's scale, and nothing else. */
function entryDirection({ scales }: Probe, { leaf, at }: Place): Point {
  const direction = zeros(scales);
  direction[leaf]![at] = scales[leaf]![at]!;
  return direction;
}

function judgeEntries(probe: Probe): Judgement {
  const { claimed, scales, leaves, point } = probe;
  const [truth, slack] = [zeros(claimed), zeros(claimed)];
  const expected = sizeOfGradient(claimed, scales);
  const doubtful: Place[] = [];
  let failure: string | undefined;
  for (const [leaf, entries] of claimed.entries()) {
    for (let at = 0; at < entries.length; at++) {
      const scale = scales[leaf]![at]!;
      const found = estimate(probe, entryDirection(probe, { leaf, at }), expected);
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
      slack[leaf]![at] = (10 * found.error) / scale + probe.noise[leaf]![at]!;
      const slope = residualSlope(found.samples, entries[at]! * scale, found.noise);
      if (slope > 2) doubtful.push({ leaf, at });
    }
  }
  if (failure !== undefined) return { kind: "undecided", why: failure, digits: 0 };
  const judged = judgeNumbers(
    leaves,
    claimed,
    truth,
    slack,
    scales,
    probe.value(point),
    "finite differences end at the rounding of the loss",
    false,
  );
  if (judged.kind !== "wrong") return judged;
  const entries = judged.entries.filter((place) => !doubtful.some(({ leaf, at }) => leaf === place.leaf && at === place.at));
  if (entries.length === 0) return { kind: "undecided", why: "differences and Taylor slopes disagree about the claim", digits: 0 };
  return { ...judged, entries };
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

/** Along a direction: how far the claim is from the slope, in error bars, and the error itself. */
interface Residual {
  readonly excess: number;
  readonly found: Estimate;
  readonly size: number;
}

function residual(probe: Probe, direction: Point): Residual {
  let [claimed, size, noise] = [0, 0, 0];
  let compensation = 0;
  direction.forEach((entries, k) => {
    const [c, n] = [probe.claimed[k]!, probe.noise[k]!];
    for (let i = 0; i < entries.length; i++) {
      const u = entries[i]!;
      if (u === 0) continue;
      const term = c[i]! * u - compensation;
      const sum = claimed + term;
      compensation = sum - claimed - term;
      claimed = sum;
      size += Math.abs(c[i]! * u);
      noise += (n[i]! * u) ** 2;
    }
  });
  const found = estimate(probe, direction, size);
  const unit = probe.leaves.some((leaf) => leaf.dtype === "float32") ? 2 ** -24 : 2 ** -53;
  const bar = 10 * found.error + 64 * unit * size + 4 * Math.sqrt(noise);
  return { excess: Math.abs(found.value - claimed) / bar, found, size: Math.max(Math.abs(found.value), size === 0 ? 0 : 1e-300) };
}

function judgeDirections(probe: Probe): Judgement {
  const tried = Array.from({ length: directionsTried }, () => directionOf(probe.scales, probe.uniform));
  const suspect = suspectOf(probe);
  if (suspect !== undefined) return suspect;
  let digits = 15.9;
  let kinks = 0;
  for (const direction of tried) {
    const { excess, found, size } = residual(probe, direction);
    if (found.failure !== undefined) return { kind: "undecided", why: found.failure, digits: 0 };
    if (found.kink !== undefined) {
      kinks++;
      continue;
    }
    if (excess > 1) return isolate(probe, direction);
    digits = Math.min(digits, -Math.log10(found.error / (size || 1)));
  }
  if (kinks === tried.length) return { kind: "undecided", why: "the loss is not smooth along any direction tried", digits: 0 };
  if (digits < 4) return { kind: "undecided", why: "rounding noise of the loss hides the rest", digits: Math.max(0, digits) };
  return { kind: "agrees", digits, ulps: undefined, limit: "finite differences end at the rounding of the loss", notes: [] };
}

/** The entries where the claim is farthest from the guide, each tried by differences of the loss. */
function suspectOf(probe: Probe): Disagreement | undefined {
  const { guide, claimed, scales } = probe;
  if (guide === undefined) return undefined;
  const size = sizeOfGradient(guide, scales);
  const places: { leaf: number; at: number; relative: number; absolute: number }[] = [];
  guide.forEach((entries, leaf) =>
    entries.forEach((g, at) => {
      const difference = Math.abs(claimed[leaf]![at]! - g);
      if (!(difference > 1e-12 * Math.abs(g) + 1e-12 * (size / scales[leaf]![at]!) * 1e-3)) return;
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
  const found = disagreement(probe, chosen);
  return found.entries.length > 0 ? { ...found, ...(places.length > chosen.length ? {} : { complete: true }) } : undefined;
}

/** Halves the set of entries along which the claim fails until one is left. */
function isolate(probe: Probe, direction: Point): Judgement {
  let range: Range = probe.claimed.map((entries, leaf) => ({ leaf, from: 0, to: entries.length }));
  while (countOf(range) > 1) {
    const halves = halvesOf(range).map((half) => ({ half, excess: residual(probe, restricted(direction, half)).excess }));
    const worse = halves[0]!.excess >= halves[1]!.excess ? halves[0]! : halves[1]!;
    if (!(worse.excess > 1))
      return {
        kind: "undecided",
        why: `the claim fails along a random direction, but no entry of the ${countOf(range)} left can be told wrong alone`,
        digits: 0,
      };
    range = worse.half;
  }
  const place = { leaf: range[0]!.leaf, at: range[0]!.from };
  const others = Array.from({ length: 12 }, (): Place => {
    const leaf = Math.floor(probe.uniform() * probe.claimed.length);
    return { leaf, at: Math.floor(probe.uniform() * probe.claimed[leaf]!.length) };
  }).filter(({ leaf, at }) => probe.claimed[leaf]!.length > 0 && !(leaf === place.leaf && at === place.at));
  const found = disagreement(probe, [place, ...others]);
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
  const out = zeros(direction);
  for (const { leaf, from, to } of range) out[leaf]!.set(direction[leaf]!.subarray(from, to), from);
  return out;
}

/** The entries among some that differences of the loss show to be wrong. */
function disagreement(probe: Probe, places: readonly Place[]): Disagreement {
  const [truth, bars] = [probe.claimed.map((entries) => entries.slice()), zeros(probe.claimed)];
  const unit = 2 ** -53;
  const entries = places.filter((place) => {
    const { leaf, at } = place;
    const scale = probe.scales[leaf]![at]!;
    const claimed = probe.claimed[leaf]![at]!;
    const found = estimate(probe, entryDirection(probe, place), Math.abs(claimed * scale));
    if (found.failure !== undefined || found.kink !== undefined) return false;
    const bar = (10 * found.error) / scale + 64 * unit * Math.abs(claimed) + 4 * probe.noise[leaf]![at]!;
    truth[leaf]![at] = found.value / scale;
    bars[leaf]![at] = bar;
    return Math.abs(claimed - found.value / scale) > bar;
  });
  return { kind: "wrong", claimed: probe.claimed, truth, bars, entries, complete: false };
}
