/**
 * How good the checker is: the public list at many seeds, mutants of its right claims, and the rules of other checkers on the same claims.
 * Prints what it finds and writes it to QUALITY.md; fails where something is not as it should be and not listed with a reason.
 */
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import type { ListedGradient } from "@cotangent/check";
import { argumentsAt, type Listed, listed, plainly, verdictOn } from "./claims.ts";
import { counted } from "./counting.ts";
import { reasonFor } from "./exceptions.ts";
import { mutate, nameOf, noMutants, rightClaims } from "./mutation.ts";
import { rivals } from "./rivals.ts";

const [seeds, mutationSeeds] = [2, 3].map((at, i) => Number(process.argv[at] ?? [60, 3][i])) as [number, number];
const start = Date.now();
const say = (line: string): void => console.log(`${((Date.now() - start) / 1000).toFixed(0)} s  ${line}`);

/** What a rule said of the list. */
interface Score {
  readonly times: number[];
  readonly runs: number[];
  readonly alarms: Map<string, number[]>;
  readonly misses: Map<string, number[]>;
}

const fresh = (): Score => ({ times: [], runs: [], alarms: new Map(), misses: new Map() });
const median = (list: readonly number[]): number => [...list].sort((x, y) => x - y)[list.length >> 1] ?? Number.NaN;
const total = (found: ReadonlyMap<string, readonly number[]>): number => [...found.values()].reduce((sum, at) => sum + at.length, 0);

/** Notes what a rule accepted or refuted wrongly. */
function note(score: Score, one: Listed, seed: number, isFound: boolean): void {
  if (isFound) return;
  const list = one.right ? score.alarms : score.misses;
  list.set(nameOf(one), [...(list.get(nameOf(one)) ?? []), seed]);
}

/** In milliseconds of processor time, which other processes of the machine do not add to. */
function timed<T>(score: Score, run: () => T): T {
  const from = process.cpuUsage();
  const found = run();
  const { user, system } = process.cpuUsage(from);
  score.times.push((user + system) / 1000);
  return found;
}

/** Right claims must be AGREES and wrong ones REFUTED; every other verdict counts against the checker. */
function judge(score: Score, one: Listed, seed: number): void {
  const args = argumentsAt(one.gradient, seed);
  const verdict = timed(score, () => verdictOn(one.gradient, one.claim, args, seed));
  note(score, one, seed, verdict === (one.right ? "AGREES" : "REFUTED"));
}

/** The same check with everything it runs counted. */
function count(score: Score, one: Listed, seed: number): void {
  let runs = 0;
  const own = counted(one.gradient, one.claim, () => runs++);
  verdictOn({ ...one.gradient, loss: own.loss as ListedGradient["loss"] }, own.claim, argumentsAt(one.gradient, seed), seed);
  score.runs.push(runs);
}

function judgeByRival(score: Score, rule: (typeof rivals)[string], one: Listed, seed: number): void {
  const args = argumentsAt(one.gradient, seed);
  const plain = plainly(one, args);
  let runs = 1;
  const value: typeof plain.value = (at) => {
    runs++;
    return plain.value(at);
  };
  const accepts = timed(score, () => rule({ ...plainly(one, args), value }));
  score.runs.push(runs);
  note(score, one, seed, accepts === one.right);
}

const ours = fresh();
const theirs = Object.fromEntries(Object.keys(rivals).map((name) => [name, fresh()]));
for (let seed = 1; seed <= seeds; seed++) {
  for (const one of listed) {
    judge(ours, one, seed);
    for (const [name, rule] of Object.entries(rivals)) judgeByRival(theirs[name]!, rule, one, seed);
    if (seed <= 3) count(ours, one, seed);
  }
  if (seed % 10 === 0 || seed === seeds) say(`seed ${seed}: ${total(ours.alarms)} false alarms, ${total(ours.misses)} misses`);
}

const mutants = noMutants();
for (let seed = 1; seed <= mutationSeeds; seed++) {
  for (const claim of rightClaims) mutate(claim, seed, mutants);
  say(`mutants of seed ${seed}: ${mutants.refuted} refuted, ${mutants.survivors.length} not`);
}

const right = listed.filter((one) => one.right).length;
const wrong = listed.length - right;
const perSeed = (x: number): string => (x / seeds).toFixed(2);
const row = (name: string, { alarms, misses, times, runs }: Score): string =>
  `| ${name} | ${total(alarms)} | ${total(misses)} | ${perSeed(total(alarms))} | ${perSeed(total(misses))} | ${median(times).toFixed(2)} | ${median(runs)} |`;

const unexplained: string[] = [];
/** One line an exception with its reason; those without one make the run fail. */
function exceptionLine(what: string, where: string, at: readonly number[]): string {
  const reason = reasonFor(where);
  if (reason === undefined) unexplained.push(where);
  const shown = at.length > 6 ? `${at.slice(0, 6).join(", ")} and ${at.length - 6} more` : at.join(", ");
  return `- ${what}, ${where}, ${at.length === 1 ? "seed" : "seeds"} ${shown}: ${reason ?? "no reason known"}`;
}
const survivors = new Map<string, number[]>();
for (const { claim, mutant, verdict, seed } of mutants.survivors) {
  const where = `${claim}, ${mutant}: ${verdict}`;
  survivors.set(where, [...(survivors.get(where) ?? []), seed]);
}
const exceptions = [
  ...[...ours.alarms].map(([where, at]) => exceptionLine("False alarm", where, at)),
  ...[...ours.misses].map(([where, at]) => exceptionLine("Miss", where, at)),
  ...[...survivors].map(([where, at]) => exceptionLine("Mutant not refuted", where, at)),
];
const fewest = Math.min(...mutants.tried.values());
const wrongMutants = mutants.refuted + mutants.survivors.length;
const most = ({ alarms, misses }: Score, kind: "alarms" | "misses"): string =>
  [...{ alarms, misses }[kind]]
    .sort(([, x], [, y]) => y.length - x.length)
    .map(([where, at]) => `${where} (${at.length})`)
    .join("; ");

const lines = `# How good the checker is

\`npm run quality\` on Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? "unknown processor"}, one process
with a load average of ${loadavg()[0]!.toFixed(1)} at the end; seeds 1 to ${seeds}.

The list has ${new Set(listed.map(({ gradient }) => gradient)).size} losses with ${right} right claims and ${wrong} wrong ones, all with their sources: ${listed.length} claims,
${listed.length * seeds} checks. A right claim that is not AGREES is a false alarm, a wrong one that is not REFUTED a miss.

| rule | false alarms | misses | false alarms a seed | misses a seed | median CPU ms a check | median evaluations a check |
|---|--:|--:|--:|--:|--:|--:|
${[row("checkGradient", ours), ...Object.entries(theirs).map(([name, score]) => row(name, score))].join("\n")}

Evaluations are calls of the loss and of the claim and, for checkGradient (seeds 1 to ${Math.min(3, seeds)}), replays of the recorded loss, gradient and claim in
other number systems, at four points and with the diagnosis of what is wrong. The other rules look at the one point given. They are
re-implemented from what is published, at their defaults and in float64; \`quality/rivals.ts\` names the files. What is timed is the same loss
and the same claim in this library, so the times compare rules, not programs.

## Mutants

Every right claim is changed in what it gives (signs, factors of 1 + 1e-6 to n, terms, single entries, exchanged entries, transposes), in the graph it
records (an operand, a factor, a term or a function left out, operands exchanged, a sum for a mean, a branch turned) and in its derivation (a
piece of the loss taken for constant, a chain factor forgotten). Seeds 1 to ${mutationSeeds}.

| | mutants |
|---|--:|
| made | ${mutants.made} |
| the same numbers as another mutant of the claim | ${mutants.repeated} |
| no finite gradient | ${mutants.invalid} |
| equivalent: equal to the claim in double-double at six draws | ${mutants.equivalent} |
| right at the point drawn, wrong at another | ${mutants.elsewhere} |
| wrong | ${wrongMutants} |
| of these refuted | ${mutants.refuted} |
| kill rate | ${((100 * mutants.refuted) / wrongMutants).toFixed(3)} % |

The claim with the fewest different wrong mutants has ${fewest}.

## Exceptions

${exceptions.length === 0 ? "None." : exceptions.join("\n")}

## What the other rules get wrong

In parentheses the number of seeds.

${Object.entries(theirs)
  .map(([name, score]) => `- ${name}\n  - false alarms: ${most(score, "alarms")}\n  - misses: ${most(score, "misses")}`)
  .join("\n")}
`;
if (process.argv.length <= 2) writeFileSync(new URL("../QUALITY.md", import.meta.url), lines);
console.log(lines);
for (const where of unexplained) console.error(`No reason is known for ${where}.`);
process.exitCode = unexplained.length === 0 ? 0 : 1;
