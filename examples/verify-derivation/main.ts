// The derivation of the logistic cross-entropy's gradient held against the checker: its lines, the slips of a published one, classic mistakes.
import { heading } from "../support/terminal.ts";
import { showAnswer } from "../support/verdict.ts";
import { derivation } from "./derivation.ts";
import { checkMistake, mistakes } from "./mistakes.ts";
import { showLines } from "./report.ts";
import { slips } from "./slips.ts";

showLines(
  "The derivation, z = θᵀx and h = 1/(1+e⁻ᶻ)",
  derivation.map(({ says, is, left, right }) => ({ says, verdict: is(left, right) })),
);

heading("Slips of a published derivation");
for (const { where, says, read, is, left, right } of slips) {
  showAnswer(where, read === undefined ? [says] : [says, `read: ${read}`], is(left, right));
}

heading("Gradients that people write");
for (const mistake of mistakes) showAnswer(mistake.name, [mistake.says], checkMistake(mistake));
