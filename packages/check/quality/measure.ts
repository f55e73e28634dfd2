/** Runs the checker and its rivals on the public list, and the checker on mutants of the right claims; gives plain data that can be added up. */
import type { ListedGradient } from "@cotangent/check";
import { argumentsAt, type Listed, listed, plainly, verdictOn } from "./claims.ts";
import { counted } from "./counting.ts";
import { type MutationCount, mutate, nameOf, noMutants, rightClaims } from "./mutation.ts";
import { rivals } from "./rivals.ts";

/** By claim, the seeds at which a rule was wrong about it. */
export type Found = Record<string, number[]>;

/** What a rule said of the list. */
export interface Score {
  readonly alarms: Found;
  readonly misses: Found;
  /** Milliseconds of processor time a check, which other processes of the machine do not add to. */
  readonly times: number[];
  /** Evaluations a check. */
  readonly runs: number[];
}

/** By rule, the checker first. */
export type Scores = Readonly<Record<string, Score>>;

export const ourName = "checkGradient";

/** At these seeds the checker's evaluations are counted, by a second check. */
export const countedSeeds = 3;

function timed<T>({ times }: Score, run: () => T): T {
  const from = process.cpuUsage();
  const found = run();
  const { user, system } = process.cpuUsage(from);
  times.push((user + system) / 1000);
  return found;
}

function note({ alarms, misses }: Score, one: Listed, seed: number, isFound: boolean): void {
  if (!isFound) ((one.right ? alarms : misses)[nameOf(one)] ??= []).push(seed);
}

/** Right claims must be AGREES and wrong ones REFUTED; every other verdict counts against the checker. */
function judge(score: Score, one: Listed, seed: number): void {
  const args = argumentsAt(one.gradient, seed);
  const verdict = timed(score, () => verdictOn(one.gradient, one.claim, args, seed));
  note(score, one, seed, verdict === (one.right ? "AGREES" : "REFUTED"));
}

function count({ runs }: Score, one: Listed, seed: number): void {
  let own = 0;
  const { loss, claim } = counted(one.gradient, one.claim, () => own++);
  verdictOn({ ...one.gradient, loss: loss as ListedGradient["loss"] }, claim, argumentsAt(one.gradient, seed), seed);
  runs.push(own);
}

function judgeByRival(score: Score, rule: (typeof rivals)[string], one: Listed, seed: number): void {
  const args = argumentsAt(one.gradient, seed);
  let runs = 1;
  const accepts = timed(score, () => {
    const plain = plainly(one, args);
    return rule({
      ...plain,
      value: (at) => {
        runs++;
        return plain.value(at);
      },
    });
  });
  score.runs.push(runs);
  note(score, one, seed, accepts === one.right);
}

export const noScores = (): Scores =>
  Object.fromEntries(
    [ourName, ...Object.keys(rivals)].map((name): [string, Score] => [name, { alarms: {}, misses: {}, times: [], runs: [] }]),
  );

/** All rules on claims of the list at a seed. */
export function measureList(seed: number, claims: readonly Listed[] = listed): Scores {
  const scores = noScores();
  const ours = scores[ourName]!;
  for (const one of claims) {
    judge(ours, one, seed);
    for (const [name, rule] of Object.entries(rivals)) judgeByRival(scores[name]!, rule, one, seed);
    if (seed <= countedSeeds) count(ours, one, seed);
  }
  return scores;
}

/** The mutants of some right claims at a seed. */
export function measureMutants(seed: number, from: number, to: number): MutationCount {
  const mutants = noMutants();
  for (const claim of rightClaims.slice(from, to)) mutate(claim, seed, mutants);
  return mutants;
}

/** Adds up what was found at other seeds. */
export function addScores(into: Scores, scores: Scores): void {
  for (const [name, { alarms, misses, times, runs }] of Object.entries(scores)) {
    const own = into[name]!;
    own.times.push(...times);
    own.runs.push(...runs);
    for (const [all, found] of [
      [own.alarms, alarms],
      [own.misses, misses],
    ] as const)
      for (const [where, seeds] of Object.entries(found)) all[where] = [...(all[where] ?? []), ...seeds].sort((a, b) => a - b);
  }
}

export const total = (found: Found): number => Object.values(found).reduce((sum, at) => sum + at.length, 0);
