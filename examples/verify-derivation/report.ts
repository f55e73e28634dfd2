// The table of a derivation's lines; knows verdicts, not what the lines say.
import type { Verdict } from "@cotangent/check";
import { heading, printTable } from "../support/terminal.ts";

export interface Judged {
  readonly says: string;
  readonly verdict: Verdict;
}

export function showLines(title: string, lines: readonly Judged[]): void {
  heading(title);
  printTable(
    ["line", "what it says", "verdict", "digits"],
    lines.map(({ says, verdict }, i) => [String(i + 1), says, verdict.verdict, digitsOf(verdict)]),
    3,
  );
  for (const [why, numbers] of limitsOf(lines)) console.log(`no more digits in ${numbers.join(", ")}: ${why}`);
}

const digitsOf = (verdict: Verdict): string => (verdict.verdict === "AGREES" ? String(Math.floor(verdict.digits)) : "");

/** Why no more digits were verified, and in which lines. */
function limitsOf(lines: readonly Judged[]): ReadonlyMap<string, readonly number[]> {
  const limits = new Map<string, number[]>();
  for (const [i, { verdict }] of lines.entries()) {
    if (verdict.verdict === "AGREES") limits.set(verdict.limit, [...(limits.get(verdict.limit) ?? []), i + 1]);
  }
  return limits;
}
