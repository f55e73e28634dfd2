/** Runs the checker on every mutant of the right claims and counts what it refutes. */
import { argumentsAt, type Listed, listed, verdictOn } from "./claims.ts";
import { fingerprint, kindOf } from "./equivalence.ts";
import { mutantsOf } from "./mutants.ts";

/** What became of the mutants of some claims at some seeds. */
export interface MutationCount {
  made: number;
  /** Gave the same numbers as another mutant of the claim. */
  repeated: number;
  invalid: number;
  equivalent: number;
  /** Right at the point drawn and wrong at others; refuted or not. */
  elsewhere: number;
  refuted: number;
  readonly survivors: Survivor[];
  /** By claim: how many different wrong mutants were tried at the seed with the fewest. */
  readonly tried: Record<string, number>;
}

export interface Survivor {
  readonly seed: number;
  readonly claim: string;
  readonly mutant: string;
  readonly verdict: string;
}

export const noMutants = (): MutationCount => ({
  made: 0,
  repeated: 0,
  invalid: 0,
  equivalent: 0,
  elsewhere: 0,
  refuted: 0,
  survivors: [],
  tried: {},
});

/** Adds up what became of the mutants of other claims, or of the same at another seed. */
export function addMutants(into: MutationCount, count: MutationCount): void {
  for (const what of ["made", "repeated", "invalid", "equivalent", "elsewhere", "refuted"] as const) into[what] += count[what];
  into.survivors.push(...count.survivors);
  into.survivors.sort((x, y) => x.seed - y.seed);
  for (const [name, tried] of Object.entries(count.tried)) into.tried[name] = Math.min(tried, into.tried[name] ?? Infinity);
}

export const nameOf = ({ gradient, name }: Listed): string => `${gradient.name}: ${name}`;

/** The right claims of the list, each with whether it is the first of its loss. */
export const rightClaims: readonly { readonly one: Listed; readonly isFirst: boolean }[] = listed
  .filter(({ right }) => right)
  .map((one, i, all) => ({ one, isFirst: all[i - 1]?.gradient !== one.gradient }));

/** Has the mutants of one right claim, or about `most` of them, judged at a seed and adds them to the count. */
export function mutate({ one, isFirst }: (typeof rightClaims)[number], seed: number, count: MutationCount, most = Infinity): void {
  const args = argumentsAt(one.gradient, seed);
  const all = mutantsOf(one, args, isFirst);
  const step = Math.ceil(all.length / most) || 1;
  const seen = new Set<string>();
  let tried = 0;
  for (const mutant of all.filter((_, i) => i % step === 0)) {
    count.made++;
    const print = fingerprint(one, mutant, seed);
    if (seen.has(print)) {
      count.repeated++;
      continue;
    }
    seen.add(print);
    const kind = kindOf(one, mutant, seed);
    if (kind !== "wrong") {
      count[kind]++;
      continue;
    }
    tried++;
    const verdict = verdictOn(one.gradient, mutant.claim, args, seed);
    if (verdict === "REFUTED") count.refuted++;
    else count.survivors.push({ seed, claim: nameOf(one), mutant: mutant.name, verdict });
  }
  count.tried[nameOf(one)] = Math.min(tried, count.tried[nameOf(one)] ?? Infinity);
}
