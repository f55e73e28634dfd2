// A claim and what the checker answers, in a few lines. Knows verdicts, not what was checked.
import type { Verdict, Witness } from "@cotangent/check";

/** The verdict's first line and, of a refutation, the worst entry. */
export function showAnswer(title: string, claims: readonly string[], verdict: Verdict): void {
  const [answer] = verdict.toString().split("\n");
  const witness = verdict.verdict === "REFUTED" ? [witnessText(verdict.witnesses[0]!)] : [];
  console.log(`\n${title}`);
  for (const line of [...claims, answer, ...witness]) console.log(`  ${line}`);
}

const witnessText = ({ input, index, claimed, truth }: Witness): string =>
  `${input}${index.length === 0 ? "" : `[${index.join(", ")}]`}: claimed ${claimed.toFixed(6)}, true ${truth.toFixed(6)}`;
