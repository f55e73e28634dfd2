// The example that verifies a derivation: what it must find true is true on paper, what it must refute is not.
import { describe, expect, it } from "vitest";
import { derivation, J } from "../../examples/verify-derivation/derivation.ts";
import { checkMistake, loss, mistakes } from "../../examples/verify-derivation/mistakes.ts";
import { isEqual, isGradient, type Side } from "../../examples/verify-derivation/sides.ts";
import { slips } from "../../examples/verify-derivation/slips.ts";

describe("the derivation", () => {
  it.each(derivation)("$says", ({ is, left, right }) => {
    const verdict = is(left, right);
    expect(verdict.verdict).toBe("AGREES");
    expect(verdict).toHaveProperty(
      "digits",
      expect.toSatisfy((digits: number) => digits > 13),
    );
  });

  it("goes from line to line: a line's left side is the right side of the one before", () => {
    const chain = derivation.slice(3, -1);
    expect(chain.map(({ left }) => left)).toEqual([J, ...chain.slice(0, -1).map(({ right }) => right)]);
    expect(derivation.at(-1)).toMatchObject({ left: J, right: derivation.at(-2)!.right });
  });

  it("starts from the loss that the mistakes are made on", () => {
    expect(isEqual(J, loss).verdict).toBe("AGREES");
  });

  it("judges values, not only slopes: a constant too much is refuted though the gradient is the same", () => {
    const shifted: Side = (terms) => J(terms).add(1);
    expect(isEqual(J, shifted)).toMatchObject({ verdict: "REFUTED", wrong: 1 });
    expect(isGradient(shifted, derivation.at(-1)!.right).verdict).toBe("AGREES");
  });
});

describe("the slips", () => {
  const answers = ["REFUTED", "REFUTED", "REFUTED", "SHAPE", "UNDECIDED", "REFUTED", "UNDECIDED"];

  it("are as many as answers", () => expect(slips.length).toBe(answers.length));

  it.each(slips.map((slip, i) => ({ ...slip, answer: answers[i] })))("$where: $says is $answer", ({ is, left, right, answer }) => {
    expect(is(left, right).verdict).toBe(answer);
  });

  it("are off by what they leave out", () => {
    const [sum, , decimal, unsummed, exponent, , columns] = slips.map(({ is, left, right }) => is(left, right).toString());
    expect(sum).toContain("the claim is 6 times the truth");
    expect(decimal).toContain("the claim is ln 10 times the truth");
    expect(unsummed).toContain("is [6], [] expected");
    expect(exponent).toContain("cannot broadcast [3] with [6]");
    expect(columns).toContain("inner dimensions differ — [6] · [3, 6]");
  });
});

describe("the mistakes", () => {
  const diagnoses: Readonly<Record<string, RegExp>> = {
    "dropped 1/m": /6 times the truth.*missing its 1\/6/,
    "flipped sign": /-1 times the truth/,
    "the squared error's factor": /the factor/,
    "bias left out": /theta\[0\] is wrong/,
    transposed: /transpose of the truth/,
    "missing x": /REFUTED/,
  };

  it("are those with a diagnosis here", () => expect(mistakes.map(({ name }) => name)).toEqual(Object.keys(diagnoses)));

  it.each(mistakes)("$name", (mistake) => {
    const verdict = checkMistake(mistake);
    expect(verdict.verdict).toBe("REFUTED");
    expect(verdict.toString()).toMatch(diagnoses[mistake.name]!);
  });
});
