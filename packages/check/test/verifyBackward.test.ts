// Black boxes: forward and backward functions on typed arrays, right and wrong, and how they misbehave.
import { describe, expect, test } from "vitest";
import { checkBackward, checkGradient } from "@cotangent/check";
import { softmax, type Tensor, tensor } from "@cotangent/core";

const [rows, classes] = [4, 5];
const labels = [1, 0, 3, 2];
type Logits = { readonly z: Float64Array };

function crossEntropy({ z }: Logits): number {
  let total = 0;
  for (let i = 0; i < rows; i++) {
    const row = z.subarray(i * classes, (i + 1) * classes);
    const most = Math.max(...row);
    total += most + Math.log(row.reduce((sum, x) => sum + Math.exp(x - most), 0)) - row[labels[i]!]!;
  }
  return total / rows;
}

const bugs = ["none", "no mean", "labels forgotten", "one entry", "cotangent forgotten", "softmax not normalised"] as const;

const backward =
  (bug: (typeof bugs)[number]) =>
  ({ z }: Logits, g: Float64Array): Logits => {
    const out = new Float64Array(z.length);
    for (let i = 0; i < rows; i++) {
      const row = z.subarray(i * classes, (i + 1) * classes);
      const most = Math.max(...row);
      const total = bug === "softmax not normalised" ? 1 : row.reduce((sum, x) => sum + Math.exp(x - most), 0);
      row.forEach((x, k) => {
        const p = Math.exp(x - most) / total - (k === labels[i] && bug !== "labels forgotten" ? 1 : 0);
        out[i * classes + k] = ((bug === "cotangent forgotten" ? 1 : g[0]!) * p) / (bug === "no mean" ? 1 : rows);
      });
    }
    if (bug === "one entry") out[7] = out[7]! * 1.0001;
    return { z: out };
  };

const z = Float64Array.from({ length: rows * classes }, (_, i) => 2 * Math.sin(1.7 * i));
const shapes = { z: [rows, classes] };

describe("softmax cross-entropy", () => {
  test.each(bugs)("%s", (bug) => {
    for (const seed of [1, 2, 3]) {
      expect(checkBackward(crossEntropy, backward(bug), { at: { z }, shapes, seed }).verdict).toBe(bug === "none" ? "AGREES" : "REFUTED");
    }
  });
  test("the diagnosis", () => {
    expect(checkBackward(crossEntropy, backward("no mean"), { at: { z }, shapes })).toMatchObject({
      diagnosis: "the claim is 4 times the truth: 4 is the size of axis 0 of z; a mean is missing its 1/4",
    });
    expect(checkBackward(crossEntropy, backward("one entry"), { at: { z }, shapes })).toMatchObject({
      wrong: 1,
      witnesses: [{ input: "z", index: [1, 2] }],
      diagnosis: "only z[1, 2] is wrong; it is 1.0001 times the truth",
    });
  });
});

type Pair = readonly [forward: (x: Float64Array) => Float64Array | number, backward: (x: Float64Array, g: Float64Array) => Float64Array];

const judge = ([forward, pullback]: Pair, x: Float64Array, seed = 1) =>
  checkBackward(
    ([own]: readonly Float64Array[]) => forward(own!),
    ([own], g) => [pullback(own!, g)],
    { at: [x], seed },
  );

const cumulative = (x: Float64Array): Float64Array => {
  let sum = 0;
  return x.map((v) => (sum += v));
};
const reversed = (x: Float64Array): Float64Array => x.slice().reverse();
const pairs: Readonly<Record<string, { readonly right: Pair; readonly wrong: readonly Pair[]; readonly at: Float64Array }>> = {
  "cumulative sum": {
    right: [cumulative, (_, g) => reversed(cumulative(reversed(g)))],
    wrong: [
      [cumulative, (_, g) => cumulative(g)],
      [cumulative, (_, g) => g],
    ],
    at: Float64Array.of(1, -2, 0.5, 3),
  },
  sine: {
    right: [(x) => x.map(Math.sin), (x, g) => g.map((v, i) => v * Math.cos(x[i]!))],
    wrong: [[(x) => x.map(Math.sin), (x, g) => g.map((v, i) => -v * Math.cos(x[i]!))]],
    at: Float64Array.of(0.1, 20, -3),
  },
  "high frequency": {
    right: [(x) => x.map((v) => Math.sin(1000 * v)), (x, g) => g.map((v, i) => 1000 * v * Math.cos(1000 * x[i]!))],
    wrong: [[(x) => x.map((v) => Math.sin(1000 * v)), (x, g) => g.map((v, i) => 1000.1 * v * Math.cos(1000 * x[i]!))]],
    at: Float64Array.of(1.1, 1.7, 2.3),
  },
  "huge offset": {
    right: [(x) => x.reduce((sum, v) => sum + (v - 1e6) ** 2, 0), (x, g) => x.map((v) => 2 * g[0]! * (v - 1e6))],
    wrong: [[(x) => x.reduce((sum, v) => sum + (v - 1e6) ** 2, 0), (x, g) => x.map((v) => 2.01 * g[0]! * (v - 1e6))]],
    at: Float64Array.of(1e6 + 1, 1e6 - 2, 1e6 + 3),
  },
  "float32 noise": {
    right: [(x) => x.map((v) => Math.fround(Math.exp(Math.fround(v)))), (x, g) => g.map((v, i) => v * Math.exp(x[i]!))],
    wrong: [[(x) => x.map((v) => Math.fround(Math.exp(Math.fround(v)))), (x, g) => g.map((v, i) => 1.1 * v * Math.exp(x[i]!))]],
    at: Float64Array.of(0.5, 1, -1),
  },
  normalisation: {
    right: [
      (x) => x.map((v) => v / Math.hypot(...x)),
      (x, g) => {
        const n = Math.hypot(...x);
        const along = x.reduce((sum, v, i) => sum + v * g[i]!, 0) / n ** 3;
        return g.map((v, i) => v / n - x[i]! * along);
      },
    ],
    wrong: [[(x) => x.map((v) => v / Math.hypot(...x)), (x, g) => g.map((v) => v / Math.hypot(...x))]],
    at: Float64Array.of(3, -1, 2),
  },
  "domain close by": {
    right: [(x) => x.map(Math.log), (x, g) => g.map((v, i) => v / x[i]!)],
    wrong: [[(x) => x.map(Math.log), (x, g) => g.map((v, i) => v / (x[i]! + 1e-9))]],
    at: Float64Array.of(1e-6, 1e-3, 2),
  },
};

describe.each(Object.entries(pairs))("%s", (_, { right, wrong, at }) => {
  test.each([1, 2, 3])("seed %i", (seed) => {
    expect(judge(right, at, seed).verdict).not.toBe("REFUTED");
    for (const pair of wrong) expect(judge(pair, at, seed).verdict).not.toBe("AGREES");
  });
});

test.each(["cumulative sum", "sine", "high frequency", "normalisation", "domain close by"])("%s is decided", (name) => {
  const { right, wrong, at } = pairs[name]!;
  expect(judge(right, at).verdict).toBe("AGREES");
  for (const pair of wrong) expect(judge(pair, at).verdict).toBe("REFUTED");
});

describe("what is named", () => {
  const at = Float64Array.of(1, 0, -2);
  const twice: Pair[0] = (x) => x.map((v) => 2 * v);
  test("a kink", () => {
    expect(judge([(x) => x.reduce((sum, v) => sum + Math.abs(v), 0), (x, g) => x.map((v) => Math.sign(v) * g[0]!)], at)).toMatchObject({
      verdict: "KINK",
      index: [1],
      subgradient: true,
    });
  });
  test.each<[string, Pair, object]>([
    ["NaN", [twice, (_, g) => g.map(() => Number.NaN)], { verdict: "UNDECIDED" }],
    ["length", [twice, (_, g) => g.slice(1)], { verdict: "SHAPE", expected: "3 floats", got: "2 floats" }],
    [
      "exception",
      [
        twice,
        () => {
          throw new Error("oh");
        },
      ],
      { verdict: "UNDECIDED", why: "backward throws: oh" },
    ],
    [
      "chance",
      [(x) => x.map((v) => v + Math.random()), (_, g) => g],
      { verdict: "UNDECIDED", why: expect.stringMatching(/^forward is not deterministic/) },
    ],
    [
      "write",
      [
        (x) => {
          x[0] = 1;
          x[1] = 5;
          return x;
        },
        (_, g) => g,
      ],
      { verdict: "UNDECIDED", why: "forward writes to its arguments" },
    ],
    ["domain", [(x) => x.map(Math.log), (_, g) => g], { verdict: "DOMAIN" }],
  ])("%s", (_, pair, fields) => expect(judge(pair, at)).toMatchObject(fields));
  test("inputs that are no arrays are errors", () => {
    expect(() =>
      checkBackward(
        () => 1,
        () => [1] as never,
        { at: [[1, 2]] as never },
      ),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: checkBackward: input 0 is not an array of floats — [1, 2]; give a Float64Array or a Float32Array]`,
    );
    expect(() =>
      checkBackward(
        () => 1,
        () => [1],
        { at: [Float64Array.of(1)], shapes: [[2]] },
      ),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: checkBackward: the shape of input 0 does not hold its 1 entries — [2]; make their counts equal]`,
    );
  });
});

describe("large", () => {
  const n = 1_000_000;
  const weights = Float64Array.from({ length: n }, (_, i) => Math.cos(i));
  const x = Float64Array.from({ length: n }, (_, i) => 2 + Math.sin(i));
  const forward = ([own]: readonly Float64Array[]): number => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += Math.sqrt(own![i]!) * weights[i]!;
    return sum / n;
  };
  const pullback = ([own]: readonly Float64Array[], g: Float64Array) => {
    const out = own!.map((v, i) => (g[0]! * weights[i]!) / (2 * Math.sqrt(v) * n));
    out[678_901] = out[678_901]! * 1.001;
    return [out];
  };

  test("one wrong entry among a million of a black box is found by bisection", { timeout: 120_000 }, () => {
    expect(checkBackward(forward, pullback, { at: [x] })).toMatchObject({ verdict: "REFUTED", witnesses: [{ index: [678_901] }] });
  });

  test("one wrong entry among those of a network of 10^5 parameters", { timeout: 60_000 }, () => {
    const entries = (count: number, scale: number): Float64Array =>
      Float64Array.from({ length: count }, (_, i) => scale * Math.sin(i * i + 1));
    const w = tensor(entries(100_000, 0.05), { shape: [500, 200] });
    const data = tensor(entries(8000, 1), { shape: [16, 500] });
    const target = softmax(tensor(entries(3200, 1), { shape: [16, 200] }));
    const loss = (own: Tensor): Tensor => {
      const logits = data.matmul(own).tanh();
      return logits
        .logsumexp({ axes: 1 })
        .sub(logits.mul(target).sum({ axes: 1 }))
        .mean();
    };
    const claim = (factor: number) => (own: Tensor) => {
      const h = data.matmul(own).tanh();
      const spoil = new Float64Array(100_000).fill(1);
      spoil[4321] = factor;
      return data
        .transpose()
        .matmul(softmax(h, { axes: 1 }).sub(target).div(16).mul(h.square().neg().add(1)))
        .mul(tensor(spoil, { shape: [500, 200] }));
    };
    expect(checkGradient(loss, claim(1), { at: [w] }).verdict).toBe("AGREES");
    expect(checkGradient(loss, claim(1.001), { at: [w] })).toMatchObject({ verdict: "REFUTED", witnesses: [{ index: [21, 121] }] });
  });
});

describe("float32 and float64 beside one another", () => {
  const at = { x: Float32Array.of(0.7, -1.3, 2.1, 0.4), w: Float64Array.of(0.3, 1.7, -0.6, 2) };
  type At = typeof at;
  const product = ({ x, w }: At): Float64Array => w.map((v, i) => v * v * Math.exp(x[i]!));
  const pullbackOf =
    (ofX: number, ofW: number) =>
    ({ x, w }: At, g: Float64Array): At => ({
      x: x.map((v, i) => ofX * w[i]! ** 2 * Math.exp(v) * g[i]!),
      w: w.map((v, i) => ofW * 2 * v * Math.exp(x[i]!) * g[i]!),
    });

  test("each is judged in its own precision", () => {
    const right = checkBackward(product, pullbackOf(1, 1), { at });
    expect(right.verdict).toBe("AGREES");
    expect(right.verdict === "AGREES" && right.limit).toMatch(
      /each in its own precision: float32 inputs to \d\.\d digits, float64 inputs to (8|9|1\d)\.\d digits/,
    );
    expect(checkBackward(product, pullbackOf(1, 1 + 1e-6), { at })).toMatchObject({
      verdict: "REFUTED",
      diagnosis: "only the gradient of w is wrong: the claim is 1.000001 times the truth",
    });
    expect(checkBackward(product, pullbackOf(1 + 1e-7, 1), { at }).verdict).toBe("AGREES");
    expect(checkBackward(product, pullbackOf(1.001, 1), { at })).toMatchObject({
      verdict: "REFUTED",
      diagnosis: "only the gradient of x is wrong: the claim is 1.001 times the truth",
    });
  });
});

describe("what reports say", () => {
  test("where forward is not finite, its own entry, whatever the cotangent's sign", () => {
    for (const seed of [1, 2, 3, 4]) {
      expect(judge([(x) => x.map((v) => 1 / v), (_, g) => g], Float64Array.of(1, 0, -2), seed)).toMatchObject({
        verdict: "DOMAIN",
        what: "forward gives Infinity at entry 1",
      });
      expect(judge([(x) => -1 / x[1]!, (x) => x], Float64Array.of(1, 0), seed)).toMatchObject({ what: "forward gives -Infinity" });
    }
  });
  test("whose rounding ends the digits", () => {
    const limitOf = (pair: Pair): string => {
      const verdict = judge(pair, Float64Array.of(1.1, -2.3, 0.7));
      return verdict.verdict === "AGREES" ? verdict.limit : verdict.verdict;
    };
    const sum = (x: Float64Array): number => x.reduce((all, v) => all + v * v * v, 0);
    const slope = (x: Float64Array, g: Float64Array): Float64Array => x.map((v) => 3 * v * v * g[0]!);
    expect(limitOf([sum, slope])).toBe("finite differences end at the rounding of the loss");
    expect(limitOf([sum, (x, g) => slope(x, g).map(Math.fround)])).toBe(
      "the claim's own rounding is larger than what differences leave open",
    );
  });
  test("one entry that is zero, or should be", () => {
    const n = 400;
    const at = Float64Array.from({ length: n }, (_, i) => Math.sin(i + 1));
    const sum = (x: Float64Array): number => x.reduce((all, v, i) => all + (i === 7 ? 0 : v * v), 0);
    const slope = (spoil: (i: number) => number | undefined) => (x: Float64Array, g: Float64Array) =>
      x.map((v, i) => spoil(i) ?? (i === 7 ? 0 : 2 * v * g[0]!));
    expect(judge([sum, slope((i) => (i === 5 ? 0 : undefined))], at)).toMatchObject({
      verdict: "REFUTED",
      diagnosis: "input 0[5] is zero, and the truth is not",
    });
    expect(judge([sum, slope((i) => (i === 7 ? 0.5 : undefined))], at)).toMatchObject({
      verdict: "REFUTED",
      diagnosis: "input 0[7] is not zero, and the truth is",
    });
  });
});

test("many entries are judged at one point, and the report says so", () => {
  const x = Float64Array.from({ length: 30_000 }, (_, i) => Math.sin(i));
  const halfSquare = ([own]: readonly Float64Array[]): number => own!.reduce((sum, v) => sum + (v * v) / 2, 0);
  const verdict = checkBackward(halfSquare, ([own], g) => [own!.map((v) => v * g[0]!)], { at: [x] });
  expect(verdict).toMatchObject({ verdict: "AGREES", points: 1 });
  expect(verdict.notes).toContain("there are 30000 entries: they were judged at the given point alone, along random directions");
});
