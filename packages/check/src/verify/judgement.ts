/** What one point says of a claim, and the comparison of claimed with true entries. It knows numbers with error bars; not where they come from. */
import { dd, type Known } from "./replay.ts";
import type { Leaf, Point } from "./problem.ts";

export interface Agreement {
  readonly kind: "agrees";
  readonly digits: number;
  readonly ulps: number | undefined;
  readonly limit: string;
  readonly notes: readonly string[];
}

/** A claim that is wrong: claimed and true entries with error bars. */
export interface Disagreement {
  readonly kind: "wrong";
  readonly claimed: Point;
  readonly truth: Point;
  readonly bars: Point;
  /** Places of the wrong entries: leaf and flat index. Only these were looked at if not `complete`. */
  readonly entries: readonly Place[];
  readonly complete: boolean;
}

export interface Place {
  readonly leaf: number;
  readonly at: number;
}

export interface KinkFound {
  readonly kind: "kink";
  readonly op: string | undefined;
  readonly place: Place;
  readonly left: number;
  readonly right: number;
  readonly claimed: number;
  readonly subgradient: boolean;
}

export interface NotDefined {
  readonly kind: "domain";
  readonly op: string | undefined;
  readonly what: string;
}

export interface Open {
  readonly kind: "undecided";
  readonly why: string;
  readonly digits: number;
}

export type Judgement = Agreement | Disagreement | KinkFound | NotDefined | Open;

/** The unit roundoff of a leaf's dtype. */
export const unitOf = (leaf: Leaf): number => (leaf.dtype === "float32" ? 2 ** -24 : 2 ** -53);

/** Why differences verify no more digits, by whether they or the claim's own noise are the wider. */
export const differencesEnd = (byClaim: boolean): string =>
  byClaim ? "the claim's own rounding is larger than what differences leave open" : "finite differences end at the rounding of the loss";

/** What underflow may have done to a number. */
const leastOf = (leaf: Leaf): number => (leaf.dtype === "float32" ? 2 ** -147 : 2 ** -1072);

/** The largest effect that an entry has over its scale: what entries are small or large against. */
export function sizeOfGradient(gradient: Point, scales: Point): number {
  let most = 0;
  gradient.forEach((entries, k) => entries.forEach((g, i) => (most = Math.max(most, Math.abs(g) * scales[k]![i]!))));
  return most;
}

/** What digits are counted against: the gradient, or the loss where the gradient is zero as far as anyone can tell. */
function referenceSize(gradient: number, bar: number, value: number): number {
  const invisible = gradient < 1e4 * bar && bar < 2 ** -47 * (Math.abs(value) || 1);
  return gradient === 0 || invisible ? Math.abs(value) || 1 : gradient;
}

export const toNumbers = (known: Known): Point => known.values.map((row) => Float64Array.from(row, dd.toNumber));

const digitsFrom = (ratio: number, most: number): number => (ratio <= 0 ? most : Math.max(0, Math.min(most, -Math.log10(ratio))));

/** The first entry that is not finite. */
export function notFinite(point: Point): Place | undefined {
  for (const [leaf, entries] of point.entries()) {
    const at = entries.findIndex((x) => !Number.isFinite(x));
    if (at >= 0) return { leaf, at };
  }
  return undefined;
}

/** The distance from truth to a claim's float values in units of the last place, over the entries that matter. */
function ulpsOf(leaves: readonly Leaf[], claimed: Point, truth: Point, scales: Point, size: number): number {
  let most = 0;
  truth.forEach((entries, k) => {
    const unit = unitOf(leaves[k]!);
    entries.forEach((g, i) => {
      if (g === 0 || Math.abs(g) * scales[k]![i]! < unit * size) return;
      const ulp = 2 * unit * 2 ** Math.floor(Math.log2(Math.abs(g)));
      if (ulp > 0) most = Math.max(most, Math.abs(claimed[k]![i]! - g) / ulp);
    });
  });
  return most;
}

/** A claim written in ops against the truth, both in double-double. */
export function judgeFormula(
  leaves: readonly Leaf[],
  claim: Known,
  truth: Known,
  computed: Point,
  scales: Point,
  value: number,
): Agreement | Disagreement | Open {
  const g = toNumbers(truth);
  const size = referenceSize(sizeOfGradient(g, scales), sizeOfGradient(truth.rounding, scales), value);
  const wrong: Place[] = [];
  const bars = g.map((row) => new Float64Array(row.length));
  let worst = 0;
  let byConstants = false;
  g.forEach((row, k) => {
    row.forEach((_, i) => {
      const difference = Math.abs(dd.toNumber(dd.sub(claim.values[k]![i]!, truth.values[k]![i]!)));
      const rounding = claim.rounding[k]![i]! + truth.rounding[k]![i]!;
      const constants = 64 * (claim.constants[k]![i]! + truth.constants[k]![i]!);
      bars[k]![i] = rounding + constants;
      if (difference > rounding + constants) wrong.push({ leaf: k, at: i });
      const known = difference <= rounding ? rounding : rounding + constants;
      const relative = (known * scales[k]![i]!) / size;
      if (relative > worst) [worst, byConstants] = [relative, difference > rounding];
    });
  });
  if (wrong.length > 0) return { kind: "wrong", claimed: toNumbers(claim), truth: g, bars, entries: wrong, complete: true };
  const digits = digitsFrom(worst, 30);
  if (digits < 4) return { kind: "undecided", why: "cancellation hides the gradient even in double-double numbers", digits };
  const ulps = ulpsOf(leaves, computed, g, scales, size);
  const notes = lostDigits(leaves, computed, g, ulps);
  return {
    kind: "agrees",
    digits,
    ulps,
    limit: byConstants ? "constants in the formulas are rounded to doubles" : "double-double numbers end there",
    notes,
  };
}

const tooFar = (leaf: Leaf): number => (leaf.dtype === "float32" ? 2 ** 12 : 2 ** 26);

function lostDigits(leaves: readonly Leaf[], computed: Point, truth: Point, ulps: number): string[] {
  for (const [k, row] of truth.entries()) {
    const leaf = leaves[k]!;
    const ulp = 2 * unitOf(leaf);
    const at = row.findIndex((g, i) => g !== 0 && Math.abs(computed[k]![i]! - g) > tooFar(leaf) * ulp * Math.abs(g));
    if (at >= 0)
      return [
        `the formula is right, but in ${leaf.dtype} it gives ${computed[k]![at]} at entry ${at} of ${leaf.path} where the truth is ${row[at]}`,
      ];
  }
  return ulps > tooFar(leaves[0]!) ? [`the formula is right, but in floating point it is ${Math.ceil(ulps)} ulps away`] : [];
}

/** Inputs of two precisions are verified to different digits. */
function byPrecision(leaves: readonly Leaf[], bars: Point, scales: Point, reference: number): string {
  const dtypes = [...new Set(leaves.map(({ dtype }) => dtype))];
  if (dtypes.length < 2) return "";
  const texts = dtypes.map((dtype) => {
    const own = bars.map((row, k) => row.map((bar, i) => (leaves[k]!.dtype === dtype ? (bar * scales[k]![i]!) / reference : 0)));
    const worst = own.reduce((most, row) => Math.max(most, ...row), 0);
    return `${dtype} inputs to ${digitsFrom(worst, 15.9).toFixed(1)} digits`;
  });
  return `; each in its own precision: ${texts.join(", ")}`;
}

/** A claim of plain numbers against a truth with error bars; `slack` is what rounding may have done to the claim. */
export function judgeNumbers(
  leaves: readonly Leaf[],
  claimed: Point,
  truth: Point,
  slack: Point,
  scales: Point,
  value: number,
  limit: string,
  precise: boolean,
): Agreement | Disagreement | Open {
  const size = sizeOfGradient(truth, scales);
  const reference = referenceSize(size, sizeOfGradient(slack, scales), value);
  const bars = slack.map((row, k) =>
    row.map((bar, i) => bar + leastOf(leaves[k]!) + 64 * unitOf(leaves[k]!) * (Math.abs(truth[k]![i]!) + size / scales[k]![i]!)),
  );
  const wrong: Place[] = [];
  let [worst, hidden, hiddenBy] = [0, 0, 0];
  truth.forEach((row, k) => {
    row.forEach((g, i) => {
      const difference = Math.abs(claimed[k]![i]! - g);
      const scale = scales[k]![i]!;
      worst = Math.max(worst, (bars[k]![i]! * scale) / reference);
      if (!(difference > bars[k]![i]!)) return;
      if (difference * scale <= 128 * unitOf(leaves[k]!) * Math.abs(value))
        [hidden, hiddenBy] = [hidden + 1, Math.max(hiddenBy, difference)];
      else wrong.push({ leaf: k, at: i });
    });
  });
  if (wrong.length > 0) return { kind: "wrong", claimed, truth, bars, entries: wrong, complete: true };
  const digits = digitsFrom(worst, 15.9);
  if (hidden > 0)
    return {
      kind: "undecided",
      why: `the claim is ${hiddenBy} off, which is less than the rounding of the loss itself: write the claim in ops to have the formula judged`,
      digits: 0,
    };
  if (digits < 4) return { kind: "undecided", why: `rounding noise hides all but ${digits.toFixed(1)} digits`, digits };
  const ulps = precise ? ulpsOf(leaves, claimed, truth, scales, size) : undefined;
  return { kind: "agrees", digits, ulps, limit: limit + byPrecision(leaves, bars, scales, reference), notes: [] };
}
