// The example that verifies a hand-written backward function: the right kernel agrees, every bug is seen, and the options are read.
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { bugs } from "../../examples/verify-custom-backward/bugs.ts";
import { judge, places } from "../../examples/verify-custom-backward/judge.ts";
import { kernel } from "../../examples/verify-custom-backward/kernel.ts";

const [near, far] = Object.keys(places) as [string, string];

describe("the kernel", () => {
  it("gives log 3 and a third less the target where all logits are equal", () => {
    const inputs = { logits: new Float64Array(12) };
    expect(kernel.forward(inputs)).toBeCloseTo(Math.log(3), 14);
    const [first, second, third] = kernel.backward(inputs, Float64Array.of(4)).logits;
    expect([first, second, third].map((g) => g!.toFixed(12))).toEqual([1 / 3, 1 / 3, -2 / 3].map((g) => g.toFixed(12)));
  });

  it.each([near, far])("agrees at %s", (place) => {
    expect(judge(kernel, place)).toMatchObject({ verdict: "AGREES", digits: expect.toSatisfy((digits: number) => digits > 9) });
  });
});

describe("bugs", () => {
  const answers: Readonly<Record<string, RegExp>> = {
    "missing-mean": /^REFUTED .*4 times the truth.*missing its 1\/4/,
    "forgot-max-shift": /^AGREES/,
    "off-diagonal": /^REFUTED 8 of 12/,
    "label-off-by-one": /^REFUTED/,
    "ignores-cotangent": /^REFUTED 12 of 12/,
    "last-row": /^REFUTED 3 of 12/,
    "wrong-axis": /^REFUTED 12 of 12/,
    "float32-accumulate": /^AGREES/,
    "mutates-input": /^UNDECIDED forward writes to its arguments/,
    "stale-buffer": /^UNDECIDED backward is not deterministic/,
    "stale-cache": /^REFUTED .*right at 1 of 3 points/,
  };

  it("are those with an answer here", () => expect(Object.keys(bugs)).toEqual(Object.keys(answers)));

  it.each(Object.entries(answers))("%s", (name, answer) => {
    expect(judge(bugs[name]!.make(), near).toString()).toMatch(answer);
  });

  it("forgot-max-shift is not defined where the exponentials overflow", () => {
    expect(judge(bugs["forgot-max-shift"]!.make(), far)).toMatchObject({ verdict: "DOMAIN" });
  });

  it("float32-accumulate costs digits: float32 has no more than seven", () => {
    const verdict = judge(bugs["float32-accumulate"]!.make(), near);
    expect(verdict).toHaveProperty(
      "digits",
      expect.toSatisfy((digits: number) => digits > 4 && digits < 8),
    );
  });
});

describe("--bug", () => {
  const run = (...options: string[]) =>
    spawnSync("node_modules/.bin/tsx", ["--conditions=@cotangent/source", "examples/verify-custom-backward/main.ts", ...options], {
      encoding: "utf8",
    });

  it("shows one bug in full", () => {
    const { status, stdout } = run("--bug", "last-row");
    expect(status).toBe(0);
    expect(stdout).toContain("to see it again:");
    expect(stdout).not.toContain("missing-mean");
  });

  it.each([
    [["--bug", "typo"], "there is no bug typo"],
    [["--bgu"], "Unknown option '--bgu'"],
  ])("refuses %j and names the bugs there are", (options, why) => {
    const { status, stderr } = run(...options);
    expect(status).toBe(1);
    expect(stderr).toBe(`${why}; give nothing, or --bug and one of ${Object.keys(bugs).join(", ")}\n`);
  });
});
