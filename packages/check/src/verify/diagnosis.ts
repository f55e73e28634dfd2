/** What is wrong with a wrong claim, in words. It knows the order in which patterns are tried; each holds at every point or is not printed. */
import { numbersOf } from "./parameters.ts";
import { spoiledPiece } from "./spoiled.ts";
import { type Evidence, isClaim, type Sample, samplesOf } from "./evidence.ts";
import { factorOf } from "./factors.ts";
import type { Disagreement, Place } from "./judgement.ts";
import {
  exchanged,
  fixedOffset,
  functionOfTruth,
  nearEverywhere,
  otherFactor,
  otherValue,
  place,
  placeText,
  plainFactor,
  sameAlong,
  scalarFactor,
  signs,
  valueOffset,
} from "./patterns.ts";
import { formatNumber } from "./report.ts";

export type { Evidence, Named, Seen } from "./evidence.ts";

/** A claimed entry and the true one with its error bar. */
interface Pair {
  readonly claimed: number;
  readonly truth: number;
  readonly bar: number;
}

type Pattern = (evidence: Evidence, samples: readonly Sample[]) => string | undefined;

/** From the surest to what only describes. */
const patterns: readonly Pattern[] = [
  exchanged,
  constantOffset,
  plainFactor,
  signs,
  oneEntry,
  functionOfTruth,
  spoiledPiece,
  valueOffset,
  otherFactor,
  otherValue,
  (evidence, samples) => oneTensor(evidence, samples, [otherFactor]),
  fewEntries,
  scalarFactor,
  sameAlong,
  fixedOffset,
  place,
  nearEverywhere,
];

export function diagnose(evidence: Evidence): string | undefined {
  const { seen } = evidence;
  const wrong = seen.flatMap((one) => (one.wrong === undefined ? [] : [one.wrong]));
  const right = seen.length - wrong.length;
  const samples = samplesOf(evidence);
  const single = samples.length < seen.length ? undefined : (oneTensor(evidence, samples) ?? someTensors(evidence, samples));
  if (single !== undefined) return single;
  const isZero = wrong.every(({ claimed }) => claimed.every((row) => row.every((c) => c === 0)));
  const whole = right === 0 ? constantFactor(evidence, wrong.flatMap(pairsOf), isZero) : undefined;
  if (whole !== undefined) return whole;
  if (samples.length < seen.length || samples.length === 0) return onlyEntry(evidence, wrong[0]!) ?? somewhere(right, seen.length);
  const isClear = samples.every((sample) => sample.claimed === sample.truth || !isClaim(sample, sample.truth));
  if (!isClear) return first([oneEntry, fewEntries], evidence, samples) ?? somewhere(right, seen.length);
  return first(patterns, evidence, samples) ?? somewhere(right, seen.length);
}

function first(list: readonly Pattern[], evidence: Evidence, samples: readonly Sample[]): string | undefined {
  for (const pattern of list) {
    const found = pattern(evidence, samples);
    if (found !== undefined) return found;
  }
  return undefined;
}

const somewhere = (right: number, all: number): string | undefined =>
  right > 0 ? `the claim is right at ${right} of ${all} points` : undefined;

function pairsOf({ claimed, truth, bars, entries, complete }: Disagreement): Pair[] {
  const pair = (leaf: number, at: number): Pair => ({ claimed: claimed[leaf]![at]!, truth: truth[leaf]![at]!, bar: bars[leaf]![at]! });
  if (!complete) return entries.map(({ leaf, at }) => pair(leaf, at));
  return claimed.flatMap((row, leaf) => Array.from(row, (_, at) => pair(leaf, at)));
}

/** One factor at all entries of all points. */
function constantFactor({ named, seen }: Evidence, pairs: readonly Pair[], isZero: boolean): string | undefined {
  const clear = pairs.filter(({ truth, bar }) => Math.abs(truth) > 1e3 * bar);
  if (clear.length === 0) return undefined;
  if (isZero) return "the claim is zero";
  const strongest = clear.reduce((most, one) =>
    Math.abs(one.truth) / (one.bar || 1e-300) > Math.abs(most.truth) / (most.bar || 1e-300) ? one : most,
  );
  const factor = strongest.claimed / strongest.truth;
  const fits = (x: number): boolean =>
    pairs.every(({ claimed, truth, bar }) => {
      const scaled = x * truth;
      return Math.abs(claimed - scaled) <= 4 * bar * Math.min(1, Math.abs(x)) + 1e-9 * Math.max(Math.abs(claimed), Math.abs(scaled));
    });
  if (pairs.length < 2 || factor === 0 || !fits(factor) || fits(1)) return undefined;
  const { text, remark } = factorOf(
    factor,
    named,
    numbersOf(seen[0]!.loss),
    Math.max(1e-9, (4 * strongest.bar) / Math.abs(strongest.truth)),
  );
  return `the claim is ${text} times the truth${remark === undefined ? "" : `: ${remark}`}`;
}

/** The tensors that are wrong anywhere, by their place. */
const wrongTensors = ({ leaves }: Evidence, samples: readonly Sample[]): readonly number[] =>
  [...leaves.keys()].filter((k) =>
    samples.some(({ claimed, truth, bars }) =>
      claimed[k]!.some((c, i) => Math.abs(c - truth[k]![i]!) > bars[k]![i]! + 1e-12 * Math.abs(c)),
    ),
  );

/** Some of several tensors are wrong, all by one factor. */
function someTensors(evidence: Evidence, samples: readonly Sample[]): string | undefined {
  const { leaves } = evidence;
  const wrong = wrongTensors(evidence, samples);
  if (wrong.length < 2 || wrong.length === leaves.length) return undefined;
  const pairs = samples.flatMap(({ claimed, truth, bars }) =>
    wrong.flatMap((k) => Array.from(claimed[k]!, (c, i): Pair => ({ claimed: c, truth: truth[k]![i]!, bar: bars[k]![i]! }))),
  );
  const isZero = pairs.every(({ claimed }) => claimed === 0);
  const found = constantFactor(evidence, pairs, isZero);
  const names = wrong.map((k) => leaves[k]!.path);
  return found === undefined ? undefined : `only the gradients of ${names.slice(0, -1).join(", ")} and ${names.at(-1)} are wrong: ${found}`;
}

const ofOneTensor: readonly Pattern[] = [
  exchanged,
  constantOffset,
  plainFactor,
  signs,
  oneEntry,
  fixedOffset,
  valueOffset,
  functionOfTruth,
  otherValue,
];

/** One of several tensors is wrong: what is wrong with it by itself. */
function oneTensor(evidence: Evidence, samples: readonly Sample[], list: readonly Pattern[] = ofOneTensor): string | undefined {
  const { leaves } = evidence;
  if (leaves.length < 2) return undefined;
  const wrong = wrongTensors(evidence, samples);
  if (wrong.length !== 1) return undefined;
  const [k] = wrong as [number];
  const only = <T>(rows: readonly T[]): readonly T[] => [rows[k]!];
  const pairs = samples.flatMap(({ claimed, truth, bars }) =>
    Array.from(claimed[k]!, (c, i): Pair => ({ claimed: c, truth: truth[k]![i]!, bar: bars[k]![i]! })),
  );
  const own: Evidence = { ...evidence, leaves: only(leaves), size: samples[0]!.claimed[k]!.length };
  const parts = samples.map(
    (sample): Sample => ({
      ...sample,
      point: only(sample.point),
      claimed: only(sample.claimed),
      truth: only(sample.truth),
      bars: only(sample.bars),
      scales: only(sample.scales),
      loss: undefined,
      gradient: undefined,
    }),
  );
  const found =
    constantFactor(
      own,
      pairs,
      pairs.every(({ claimed }) => claimed === 0),
    ) ?? first(list, own, parts);
  if (found?.startsWith("only")) return found;
  return found === undefined ? undefined : `only the gradient of ${leaves[k]!.path} is wrong: ${found}`;
}

function constantOffset(_: Evidence, samples: readonly Sample[]): string | undefined {
  const pairs = samples.flatMap(({ claimed, truth, bars }) =>
    claimed.flatMap((row, k) => Array.from(row, (c, i): Pair => ({ claimed: c, truth: truth[k]![i]!, bar: bars[k]![i]! }))),
  );
  if (pairs.length < 3) return undefined;
  const offset = pairs[0]!.claimed - pairs[0]!.truth;
  const fits = pairs.every(({ claimed, truth, bar }) => {
    const rounding = 8 * bar + 1e-13 * Math.max(Math.abs(claimed), Math.abs(truth));
    return Math.abs(offset) > 10 * rounding && Math.abs(claimed - truth - offset) <= rounding;
  });
  return fits ? `the claim is the truth ${offset < 0 ? "minus" : "plus"} ${formatNumber(Math.abs(offset), 6)} at every entry` : undefined;
}

/** The wrong entries if they are few and the same at every point. */
function fewOf({ size }: Evidence, samples: readonly Sample[]): readonly Place[] | undefined {
  const wrongOf = ({ claimed, truth, bars }: Sample): Place[] =>
    claimed.flatMap((row, leaf) =>
      Array.from(row.keys())
        .filter((at) => Math.abs(row[at]! - truth[leaf]![at]!) > bars[leaf]![at]! + 1e-12 * Math.abs(row[at]!))
        .map((at) => ({ leaf, at })),
    );
  const lists = samples.map(wrongOf);
  const places = lists[0]!;
  const isFew = size > 1 && places.length > 0 && places.length <= Math.max(1, size / 4);
  return isFew && lists.every((list) => JSON.stringify(list) === JSON.stringify(places)) ? places : undefined;
}

/** One entry wrong by one factor, or by one number. */
function oneEntry(evidence: Evidence, samples: readonly Sample[]): string | undefined {
  const places = fewOf(evidence, samples);
  if (places?.length !== 1) return undefined;
  const { leaf, at } = places[0]!;
  const path = placeText(evidence.leaves[leaf]!, at);
  const pairs = samples.map(({ claimed, truth }) => [claimed[leaf]![at]!, truth[leaf]![at]!] as const);
  const isSame = (list: readonly number[]): boolean => list.every((x) => Math.abs(x - list[0]!) <= 1e-8 * Math.abs(list[0]!));
  if (pairs.every(([c]) => c === 0)) return `only ${path} is wrong; it is zero`;
  const ratios = pairs.map(([c, g]) => c / g);
  const isSeen = samples.every(({ truth, bars }) => Math.abs(truth[leaf]![at]!) > bars[leaf]![at]!);
  if (isSeen && isSame(ratios)) return `only ${path} is wrong; it is ${formatNumber(ratios[0]!, 8)} times the truth`;
  const offsets = pairs.map(([c, g]) => c - g);
  if (!isSame(offsets)) return undefined;
  return `only ${path} is wrong; it is ${formatNumber(Math.abs(offsets[0]!), 6)} ${offsets[0]! < 0 ? "less" : "more"} than the truth`;
}

function fewEntries(evidence: Evidence, samples: readonly Sample[]): string | undefined {
  const places = fewOf(evidence, samples);
  if (places === undefined) return undefined;
  const names = places.slice(0, 4).map(({ leaf, at }) => placeText(evidence.leaves[leaf]!, at));
  const count = places.length;
  return count > 1 ? `only ${count} entries are wrong: ${names.join(", ")}${count > 4 ? ", …" : ""}` : `only ${names[0]} is wrong`;
}

/** The one entry that was found among many. */
function onlyEntry({ leaves, size }: Evidence, { entries, claimed, truth, bars, complete }: Disagreement): string | undefined {
  if (complete || entries.length !== 1 || size === 1) return undefined;
  const { leaf, at } = entries[0]!;
  const [c, g, path] = [claimed[leaf]![at]!, truth[leaf]![at]!, placeText(leaves[leaf]!, at)];
  if (c === 0) return `${path} is zero, and the truth is not`;
  if (Math.abs(g) <= bars[leaf]![at]!) return `${path} is not zero, and the truth is`;
  return `${path} is ${formatNumber(c / g, 8)} times the truth`;
}
