/** The measurement in parts that any process can do, and what each part gives. It knows no processes. */
import { addScores, measureList, measureMutants, noScores, type Scores } from "./measure.ts";
import { addMutants, type MutationCount, noMutants, rightClaims } from "./mutation.ts";

/** All claims of the list at a seed, or the mutants of some right claims at a seed. */
export type Task =
  | { readonly kind: "list"; readonly seed: number }
  | { readonly kind: "mutants"; readonly seed: number; readonly from: number; readonly to: number };

/** What a part gave, or why it gave nothing. */
export type Result = { readonly scores: Scores } | { readonly mutants: MutationCount } | { readonly failure: string };

/** Right claims whose mutants are one part. */
const together = 8;

export const nameOfTask = (task: Task): string =>
  task.kind === "list"
    ? `the list at seed ${task.seed}`
    : `mutants of right claims ${task.from + 1} to ${Math.min(task.to, rightClaims.length)} at seed ${task.seed}`;

export function tasksOf(seeds: number, mutationSeeds: number): Task[] {
  const from1 = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
  const slices = Array.from({ length: Math.ceil(rightClaims.length / together) }, (_, i) => i * together);
  return [
    ...from1(seeds).map((seed): Task => ({ kind: "list", seed })),
    ...from1(mutationSeeds).flatMap((seed) => slices.map((from): Task => ({ kind: "mutants", seed, from, to: from + together }))),
  ];
}

export function done(task: Task): Result {
  try {
    if (task.kind === "list") return { scores: measureList(task.seed) };
    return { mutants: measureMutants(task.seed, task.from, task.to) };
  } catch (thrown) {
    return { failure: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) };
  }
}

/** What all parts gave together; failures are kept by the part's name. */
export interface Sum {
  readonly scores: Scores;
  readonly mutants: MutationCount;
  readonly failures: { readonly task: string; readonly why: string }[];
}

export const nothingYet = (): Sum => ({ scores: noScores(), mutants: noMutants(), failures: [] });

export function addResult(sum: Sum, task: Task, result: Result): void {
  if ("scores" in result) addScores(sum.scores, result.scores);
  else if ("mutants" in result) addMutants(sum.mutants, result.mutants);
  else sum.failures.push({ task: nameOfTask(task), why: result.failure });
}
