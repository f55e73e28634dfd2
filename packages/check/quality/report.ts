/** What was measured as Markdown, with a reason for every exception. It measures nothing. */
import { listed } from "./claims.ts";
import { reasonFor } from "./exceptions.ts";
import { countedSeeds, type Found, ourName, type Score, type Scores, total } from "./measure.ts";
import type { MutationCount } from "./mutation.ts";

export interface Measured {
  /** Where and when: a few words. */
  readonly conditions: string;
  readonly seeds: number;
  readonly mutationSeeds: number;
  readonly scores: Scores;
  readonly mutants: MutationCount;
  /** Parts of the measurement that gave nothing, and why. */
  readonly failures: readonly { readonly task: string; readonly why: string }[];
}

const median = (list: readonly number[]): number => [...list].sort((x, y) => x - y)[list.length >> 1] ?? Number.NaN;
const grouped = (x: number): string => x.toLocaleString("en-GB");

/** Everything that was not as it should be, by what and where, with the seeds. */
function exceptionsOf({ scores, mutants }: Measured): readonly (readonly [what: string, where: string, seeds: readonly number[]])[] {
  const survivors: Found = {};
  for (const { claim, mutant, verdict, seed } of mutants.survivors) (survivors[`${claim}, ${mutant}: ${verdict}`] ??= []).push(seed);
  const { alarms, misses } = scores[ourName]!;
  return [
    ...Object.entries(alarms).map(([where, seeds]) => ["False alarm", where, seeds] as const),
    ...Object.entries(misses).map(([where, seeds]) => ["Miss", where, seeds] as const),
    ...Object.entries(survivors).map(([where, seeds]) => ["Mutant not refuted", where, seeds] as const),
  ];
}

/** The exceptions that nobody knows a reason for. */
export const unexplained = (measured: Measured): readonly string[] =>
  exceptionsOf(measured).flatMap(([what, where]) => (reasonFor(where) === undefined ? [`${what}: ${where}`] : []));

/** A list item a reason, with what it explains. */
function exceptionLines(measured: Measured): string {
  const byReason = new Map<string, string[]>();
  for (const [what, where, seeds] of exceptionsOf(measured)) {
    const reason = reasonFor(where) ?? "no reason known";
    const list = byReason.get(reason) ?? [];
    byReason.set(reason, [...list, `  - ${what}, ${seeds.length === 1 ? "seed" : "seeds"} ${seeds.join(", ")}: ${where}`]);
  }
  return byReason.size === 0 ? "None." : [...byReason].map(([reason, list]) => `- Because ${reason}:\n${list.join("\n")}`).join("\n");
}

const seedsUpTo = (count: number): string => (count === 0 ? "no seed" : count === 1 ? "seed 1" : `seeds 1 to ${count}`);

function row(name: string, { alarms, misses, times, runs }: Score, seeds: number): string {
  const each = (x: number): string => (x / seeds).toFixed(2);
  const [a, m] = [total(alarms), total(misses)];
  return `| ${name} | ${grouped(a)} | ${grouped(m)} | ${each(a)} | ${each(m)} | ${median(times).toPrecision(2)} | ${median(runs)} |`;
}

const commonest = (found: Found): string =>
  Object.entries(found)
    .sort(([, x], [, y]) => y.length - x.length)
    .map(([where, at]) => `${where} (${at.length})`)
    .join("; ") || "none";

/** What was not measured, as a paragraph; nothing if all was. */
const missingFrom = ({ failures }: Measured): string =>
  failures.length === 0 ? "" : `\nNot measured: ${failures.map(({ task, why }) => `${task} (${why.split("\n")[0]})`).join("; ")}.\n`;

/** The text of QUALITY.md. */
export function reportOf(measured: Measured): string {
  const { conditions, seeds, mutationSeeds, scores, mutants } = measured;
  const right = listed.filter((one) => one.right).length;
  const wrongMutants = mutants.refuted + mutants.survivors.length;
  const others = Object.entries(scores).filter(([name]) => name !== ourName);
  return `# How good the checker is

\`npm run quality\` at ${conditions}; ${seedsUpTo(seeds)} for the list, ${seedsUpTo(mutationSeeds)} for the mutants. Times
are processor time of the process that runs the check.
${missingFrom(measured)}
The list has ${new Set(listed.map(({ gradient }) => gradient)).size} losses with ${right} right claims and ${listed.length - right} wrong ones, all with their sources: ${listed.length} claims and
${grouped(listed.length * seeds)} checks a rule. A right claim that is not AGREES is a false alarm, a wrong one that is not REFUTED a miss.

| rule | false alarms | misses | false alarms a seed | misses a seed | median CPU ms a check | median evaluations a check |
|---|--:|--:|--:|--:|--:|--:|
${Object.entries(scores)
  .map(([name, score]) => row(name, score, seeds))
  .join("\n")}

Evaluations are calls of the loss and of the claim and, for ${ourName} (counted at seeds 1 to ${Math.min(countedSeeds, seeds)}), replays of the recorded loss, of its
gradient and of the claim in other number systems, at four points and with the diagnosis of what is wrong. The other rules look at the one
point given. They are re-implemented from what is published, at their defaults and in float64; \`quality/rivals.ts\` names the files. The same
losses and claims run in this library under all of them, so that the times compare rules, not programs.

## Mutants

Every right claim is changed in what it gives (signs, factors from 1 + 1e-6 to n, terms, single entries, exchanged entries, transposes), in
the graph it records (an operand, a factor, a term or a function left out, operands exchanged, a sum for a mean, a branch turned) and in its
derivation (a piece of the loss taken for constant, a chain factor forgotten); ${seedsUpTo(mutationSeeds)}.

| mutants | |
|---|--:|
| made | ${grouped(mutants.made)} |
| the same numbers as another mutant of the claim | ${grouped(mutants.repeated)} |
| no finite gradient | ${grouped(mutants.invalid)} |
| equivalent: equal to the claim in double-double at six draws | ${grouped(mutants.equivalent)} |
| right at the point drawn, wrong at another | ${grouped(mutants.elsewhere)} |
| wrong | ${grouped(wrongMutants)} |
| of these refuted | ${grouped(mutants.refuted)} |
| kill rate | ${((100 * mutants.refuted) / wrongMutants).toFixed(2)} % |

The claim with the fewest different wrong mutants has ${Math.min(...Object.values(mutants.tried))} at a seed.

## Exceptions

${exceptionLines(measured)}

## What the other rules get wrong

In parentheses the number of seeds.

${others.map(([name, { alarms, misses }]) => `- ${name}\n  - false alarms: ${commonest(alarms)}\n  - misses: ${commonest(misses)}`).join("\n")}
`;
}

const none = (count: number): string => (count === 0 ? "no" : grouped(count));

/** What the README quotes: the list, the table, the mutants. */
function quoted({ seeds, scores, mutants }: Measured): string {
  const [right, all] = [listed.filter((one) => one.right).length, listed.length];
  const losses = new Set(listed.map(({ gradient }) => gradient)).size;
  const [alarms, misses] = [total(scores[ourName]!.alarms), total(scores[ourName]!.misses)];
  const rows = Object.entries(scores).map(
    ([name, score]) =>
      `| ${name} | ${grouped(total(score.alarms))} | ${grouped(total(score.misses))} | ${median(score.times).toPrecision(2)} | ${median(score.runs)} |`,
  );
  return `\`gradients\`, the public list, has ${losses} losses with ${right} right gradients and ${all - right} wrong ones, each with its source.
At ${seedsUpTo(seeds).replace("seeds 1 to ", "")} seeds \`checkGradient\` calls ${none(alarms)} right one wrong and passes ${none(misses)} wrong one; the published rules of other
checkers, at their defaults, on the same ${grouped(all * seeds)} claims and points:

| rule | false alarms | misses | median CPU ms | evaluations |
| --- | --: | --: | --: | --: |
${rows.join("\n")}

Of ${grouped(mutants.refuted + mutants.survivors.length)} wrong gradients made from the right ones (a sign, a factor of 1 + 1e-6, a term, a transpose, a piece of the loss taken for constant, …)
${grouped(mutants.refuted)} are refuted${mutants.survivors.length === 0 ? "" : `; the other ${grouped(mutants.survivors.length)} are listed in \`QUALITY.md\` with the reason`}.`;
}

const [opening, closing] = ["<!-- quality, generated by npm run quality -->", "<!-- /quality -->"];

/** The README with what it quotes renewed. */
export function quotedIn(readme: string, measured: Measured): string {
  const [before, rest] = readme.split(opening);
  const after = rest?.split(closing)[1];
  if (after === undefined) throw new Error("the README has no place for what was measured");
  return `${before}${opening}\n${quoted(measured)}\n${closing}${after}`;
}
