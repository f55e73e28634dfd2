// What finite differences cannot see: functions that stand still, staircases of rounded numbers. Right claims are never refuted there.
import { checkBackward, type Verdict } from "@cotangent/check";
import { describe, expect, test } from "vitest";

type Numbers = Float64Array;
type Loss = (x: Numbers) => number;

const judge = (loss: Loss, gradient: (x: Numbers) => Numbers, at: Numbers, seed = 1, points = 0): Verdict =>
  checkBackward(
    ([x]: readonly Numbers[]) => loss(x!),
    ([x], g) => [gradient(x!).map((d) => d * g[0]!)],
    { at: [at], seed, points },
  );

const seeds = [1, 2, 3, 4, 5, 6];
const total = (x: Numbers, term: (v: number) => number): number => x.reduce((sum, v) => sum + term(v), 0);

describe("losses that stand still at the point", () => {
  const shares = (x: Numbers): Numbers => {
    const exponentials = x.map((v) => Math.exp(v - Math.max(...x)));
    const sum = total(exponentials, (v) => v);
    return exponentials.map((v) => v / sum);
  };
  const crossEntropy: Loss = (x) => {
    const most = Math.max(...x);
    return most + Math.log(total(x, (v) => Math.exp(v - most))) - x[1]!;
  };
  const softplus: Loss = ([v]) => Math.log(1 + Math.exp(v!));
  const sigmoid: Loss = ([v]) => 1 / (1 + Math.exp(-v!));

  test.each(seeds)("cross-entropy of a sure prediction, seed %i", (seed) => {
    const right = (x: Numbers): Numbers => Float64Array.of(shares(x)[0]!, -shares(x)[0]!);
    expect(judge(crossEntropy, right, Float64Array.of(1, 41), seed).verdict).toBe("UNDECIDED");
    expect(judge(crossEntropy, (x) => x.map(() => 1), Float64Array.of(1, 41), seed).verdict).toBe("REFUTED");
  });
  test.each([-30, -33, -34, -35, -36, -36.7, -38, -50])("log(1 + exp(v)) at %d", (v) => {
    for (const seed of seeds) {
      expect(judge(softplus, (x) => x.map((u) => 1 / (1 + Math.exp(-u))), Float64Array.of(v), seed).verdict).toBe("UNDECIDED");
      expect(judge(softplus, (x) => x.map(() => 1), Float64Array.of(v), seed).verdict).toBe("REFUTED");
    }
  });
  test("no digits are verified where no difference is seen", () => {
    const unseen = { verdict: "UNDECIDED", digits: 0, why: expect.stringMatching(/^the values of the loss do not change near the point/) };
    expect(judge(sigmoid, (x) => x.map((v) => Math.exp(-v) / (1 + Math.exp(-v)) ** 2), Float64Array.of(100))).toMatchObject(unseen);
    expect(judge(sigmoid, (x) => x.map((v) => sigmoid([v] as never) * (1 - sigmoid([v] as never))), Float64Array.of(100))).toMatchObject(
      unseen,
    );
    const many = new Float64Array(300).fill(100);
    expect(
      judge(
        (x) => total(x, (v) => sigmoid([v] as never)),
        (x) => x.map(() => 0),
        many,
      ),
    ).toMatchObject(unseen);
  });
  test("a zero beside slopes that are seen is verified", () => {
    const relu: Loss = (x) => total(x, (v) => Math.max(0, v));
    const at = Float64Array.of(1, -2, 3);
    expect(judge(relu, (x) => x.map((v) => (v > 0 ? 1 : 0)), at).verdict).toBe("AGREES");
    expect(judge(relu, (x) => x.map(() => 1), at)).toMatchObject({ verdict: "REFUTED", witnesses: [{ index: [1], truth: 0 }] });
    expect(
      judge(
        relu,
        (x) => x.map(() => 1),
        at.map((v) => -Math.abs(v)),
      ).verdict,
    ).toBe("REFUTED");
  });
});

const decimals =
  (count: number) =>
  (v: number): number =>
    Math.round(v * 10 ** count) / 10 ** count;

describe.each([
  ["float32", Math.fround],
  ["seven decimals", decimals(7)],
  ["eight decimals", decimals(8)],
])("losses rounded to %s", (_, rounded) => {
  const losses: Readonly<Record<string, Loss>> = {
    "running sum": (x) => x.reduce((sum, v) => rounded(sum + v * v), 0),
    terms: (x) => total(x, (v) => rounded(v * v)),
    inputs: (x) => total(x, (v) => rounded(v) ** 2),
    "half of it": (x) => total(x, (v) => rounded(v) ** 2 / 2 + v ** 2 / 2),
  };
  const points = [Float64Array.of(1, -2, 0.3), Float64Array.of(0.3, -1.7, 2.9, 0.11), Float64Array.of(0.75)];
  test.each(Object.keys(losses))("%s", (name) => {
    for (const at of points) {
      for (const seed of seeds) {
        expect(judge(losses[name]!, (x) => x.map((v) => 2 * v), at, seed, 1).verdict).toBe("AGREES");
        expect(judge(losses[name]!, (x) => x.map((v) => 2.1 * v), at, seed).verdict).toBe("REFUTED");
      }
    }
  });
});

test("coarse rounding refutes nothing that is right", () => {
  for (const seed of seeds) {
    for (const count of [3, 4, 6]) {
      const verdict = judge(
        (x) => total(x, (v) => decimals(count)(v * v)),
        (x) => x.map((v) => 2 * v),
        Float64Array.of(0.3, -1.7, 2.9),
        seed,
        2,
      );
      expect(verdict.verdict).not.toBe("REFUTED");
    }
  }
});

test("a function that jumps once near the point is decided", () => {
  const jump: Loss = (x) => total(x, (v) => v * v + (v > 1.01 ? 5 : 0));
  const at = Float64Array.of(1, 2, -0.5);
  for (const seed of seeds) {
    expect(judge(jump, (x) => x.map((v) => 2 * v), at, seed).verdict).toBe("AGREES");
    expect(judge(jump, (x) => x.map((v) => 2.001 * v), at, seed).verdict).toBe("REFUTED");
  }
});

test("logits so far apart that the loss is made of straight parts", () => {
  const loss: Loss = (x) => {
    const most = Math.max(...x);
    return most + Math.log(total(x, (v) => Math.exp(v - most))) - x[1]!;
  };
  const gradient = (factor: number) => (x: Numbers) => {
    const most = Math.max(...x);
    const sum = total(x, (v) => Math.exp(v - most));
    return x.map((v, i) => factor * (Math.exp(v - most) / sum - (i === 1 ? 1 : 0)));
  };
  for (const at of [Float64Array.of(1000, 1001, 999), Float64Array.of(1000, 700, 850), Float64Array.of(1000, 700, 1060, 400)]) {
    for (const seed of seeds) {
      expect(judge(loss, gradient(1), at, seed, 2).verdict).not.toBe("REFUTED");
      expect(judge(loss, gradient(1.01), at, seed).verdict).toBe("REFUTED");
    }
  }
});
