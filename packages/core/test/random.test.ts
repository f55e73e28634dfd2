// Random numbers: the cipher's known answers, references worked out apart from the library, the same bits on every path, goodness of fit.
//
// Every statistical test has a fixed seed and fails at a p-value below 1e-6: with other seeds one of a million would be a false alarm.
// COTANGENT_SOAK=1 draws fifty times as many numbers, from seeds of the day.
import * as core from "@cotangent/core";
import { cast, grad, random, stack, type Tensor, tensor, vmap, zeros } from "@cotangent/core";
import { buildProgram, compileKernel, doubleDouble as dd, interpret, type Program, real } from "@cotangent/core/engine";
import fc from "fast-check";
import { afterAll, describe, expect, test, vi } from "vitest";
import * as fragments from "../src/random/elementary.ts";
import { keySchedule, threefry } from "../src/random/threefry.ts";
import references from "./random/references.json" with { type: "json" };
import {
  betaCdf,
  chiSquare,
  correlationTest,
  countsOf,
  gammaCdf,
  kolmogorovSmirnov,
  logGamma,
  meanTest,
  normalCdf,
  twoSided,
} from "./random/statistics.ts";

const falseAlarm = 1e-6;
const soak = process.env.COTANGENT_SOAK !== undefined;
const count = soak ? 1_000_000 : 20_000;
const day = soak ? Math.floor(Date.now() / 86_400_000) : 0;
const keyOf = (seed: number): Tensor => random.foldIn(random.key(seed), day);

/** Both ways a program runs in this process. */
function runs(program: Program): ((...parameters: readonly (Float64Array | Int32Array | number)[]) => void)[] {
  const run = interpret(program, real);
  const interpreted = (...parameters: readonly (Float64Array | Int32Array | number)[]): void => {
    const buffers = parameters.filter((x) => typeof x !== "number") as unknown as number[][];
    run(
      buffers,
      [],
      parameters.filter((x) => typeof x === "number"),
    );
  };
  return [compileKernel(program), interpreted];
}

describe("Threefry-2x32, 20 rounds", () => {
  const program = buildProgram("cipher", (b) => {
    const [key, counter, out] = [b.input("key", "int"), b.input("counter", "int"), b.output("out", "int")];
    const words = threefry(b, keySchedule(b, b.load(key, 0), b.load(key, 1)), b.load(counter, 0), b.load(counter, 1));
    words.forEach((word, i) => b.store(out, i, word));
  });

  // From the known-answer vectors of Random123, by the authors of the cipher.
  test.each([
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x13198a2e, 0x03707344],
      [0x243f6a88, 0x85a308d3],
      [0xc4923a9c, 0x483df7a0],
    ],
  ])("key %j, counter %j", (key, counter, expected) => {
    for (const run of runs(program)) {
      const out = new Int32Array(2);
      run(Int32Array.from(key), Int32Array.from(counter), out);
      expect(Array.from(out, (word) => word >>> 0)).toEqual(expected);
    }
  });

  // jax.random.bits(jax.random.PRNGKey(seed), shape, "uint32") of JAX 0.10.2, read as int32.
  test.each([
    [42, [5], [2098992034, -1375260455, -1648100871, -1885421097, 1935504149]],
    [2 ** 40 + 7, [4], [-1544824517, -910461191, -1110556441, 2030317087]],
  ])("bits of seed %d are JAX's", (seed, shape, expected) => {
    expect(Array.from(random.bits(random.key(seed), shape).values)).toEqual(expected);
  });

  test("a shape only arranges the bits", () => {
    const flat = random.bits(random.key(42), [6]).values;
    expect(random.bits(random.key(42), [2, 3]).shape).toEqual([2, 3]);
    expect(random.bits(random.key(42), [2, 3]).values).toEqual(flat);
    expect(random.bits(random.key(42)).item()).toBe(flat[0]);
    expect(random.bits(random.key(42), [0, 3]).values).toEqual(new Int32Array(0));
  });
});

describe("keys", () => {
  test("hold the upper and lower 32 bits of the seed", () => {
    const words = (seed: number): number[] => Array.from(random.key(seed).values);
    expect([0, 42, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 7, -1, -(2 ** 53) + 1].map(words)).toEqual([
      [0, 0],
      [0, 42],
      [0, -1],
      [1, 0],
      [256, 7],
      [-1, -1],
      [-(2 ** 21), 1],
    ]);
  });

  test("split gives as many as asked, the rows of splitBatch", () => {
    const [first, second] = random.split(random.key(1));
    const batch = random.splitBatch(random.key(1), 5);
    expect([first.shape, first.dtype, batch.shape]).toEqual([[2], "int32", [5, 2]]);
    expect(stack(random.split(random.key(1), 5)).values).toEqual(batch.values);
    expect(stack([first, second]).values).toEqual(batch.values.slice(0, 4));
    expect(random.split(random.key(1), 0)).toEqual([]);
    expect(random.splitBatch(random.key(1), 0).shape).toEqual([0, 2]);
  });

  test("foldIn takes numbers and int32 scalars alike", () => {
    expect(random.foldIn(random.key(1), -3).values).toEqual(random.foldIn(random.key(1), tensor(-3, "int32")).values);
  });

  test("from one key none meets another, nor the bits drawn under the key", () => {
    const size = 2000;
    const parent = random.key(3);
    const rows = (x: Tensor): string[] => Array.from({ length: x.shape[0]! }, (_, i) => `${x.values[2 * i]} ${x.values[2 * i + 1]}`);
    const folded = vmap((i: Tensor) => random.foldIn(parent, i))(tensor(Int32Array.from({ length: size }, (_, i) => i)));
    const grown = vmap((key: Tensor) => random.splitBatch(key, 2).reshape([4]))(random.splitBatch(parent, size));
    const all = [...rows(random.splitBatch(parent, size)), ...rows(folded), ...rows(grown.reshape([2 * size, 2]))];
    expect(new Set(all).size).toBe(all.length);
  });

  test("a key used twice gives the same numbers twice", () => {
    const key = random.key(9);
    expect(random.normal(key, [4]).values).toEqual(random.normal(key, [4]).values);
  });
});

describe("fragments of programs, against double-double arithmetic", () => {
  type Fragment = (b: Parameters<typeof fragments.log>[0], x: Parameters<typeof fragments.log>[1]) => ReturnType<typeof fragments.log>;
  const functionOf = (fragment: Fragment): ((x: number) => number) => {
    const program = buildProgram("fragment", (b) => {
      const [x, out] = [b.input("x", "float"), b.output("out", "float")];
      b.store(out, 0, fragment(b, b.let(b.load(x, 0))));
    });
    const [compiled, interpreted] = runs(program);
    return (x) => {
      const out = [new Float64Array(1), new Float64Array(1)] as const;
      compiled!(Float64Array.of(x), out[0]);
      interpreted!(Float64Array.of(x), out[1]);
      expect(out[0]).toEqual(out[1]);
      return out[0][0]!;
    };
  };
  const error = (got: number, wanted: number): number => (got === wanted ? 0 : Math.abs(got - wanted) / Math.abs(wanted));
  const floats = (low: number, high: number): fc.Arbitrary<number> => fc.double({ min: low, max: high, noNaN: true });

  test("log, to 1 ulp, subnormal numbers included", () => {
    const log = functionOf(fragments.log);
    const check = (x: number): void => {
      expect(error(log(x), dd.toNumber(dd.log(dd.constant(x)))), `log(${x})`).toBeLessThan(2.3e-16);
    };
    for (const x of [
      1,
      2,
      0.5,
      Math.SQRT2,
      Math.SQRT1_2,
      1 - 2 ** -53,
      1 + 2 ** -52,
      2 ** -1022,
      5e-324,
      Number.MAX_VALUE,
      2 ** 32,
      2 ** -32,
    ])
      check(x);
    fc.assert(fc.property(floats(5e-324, Number.MAX_VALUE), check));
    fc.assert(fc.property(floats(0.5, 2), check));
  });

  test("exp, to 1 ulp", () => {
    const exp = functionOf(fragments.exp);
    const check = (x: number): void => {
      expect(error(exp(x), dd.toNumber(dd.exp(dd.constant(x)))), `exp(${x})`).toBeLessThan(2.3e-16);
    };
    for (const x of [0, -0, 1, -1, 0.34, -0.35, 709.78, -708, 1e-300]) check(x);
    fc.assert(fc.property(floats(-708, 709.78), check));
    expect([710, 1e300, Number.POSITIVE_INFINITY, -746, -1e300, Number.NEGATIVE_INFINITY, Number.NaN].map(exp)).toEqual([
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      0,
      0,
      0,
      Number.NaN,
    ]);
    // 2^-1074 is the smallest number: at its logarithm and above half of it the result is that number.
    expect([exp(-744.44), exp(-745)]).toEqual([5e-324, 5e-324]);
  });

  /** P(Z > t) by the complementary error function in double-double. */
  const tail = (t: number): number => dd.toNumber(dd.div(dd.erfc(dd.div(dd.constant(t), dd.sqrt(dd.constant(2)))), dd.constant(2)));

  test("the upper tail of the normal distribution", () => {
    const upperTail = functionOf(fragments.upperTail);
    const check = (t: number): void => {
      expect(error(upperTail(t), tail(t)), `${t}`).toBeLessThan(1e-15 * (4 + t * t));
    };
    for (const t of [0, 1e-300, 1, 1.75, 1.7499999999999998, 8, 37]) check(t);
    fc.assert(fc.property(floats(0, 37), check), { numRuns: 60 });
    expect(upperTail(Number.POSITIVE_INFINITY)).toBe(0);
  });

  test("the quantile of the normal distribution inverts its tail", () => {
    const quantile = functionOf(fragments.upperQuantile);
    // A relative error e in z ≥ 1 moves ln P(Z > z) by less than (z² + 1) e.
    const check = (p: number): void => {
      const z = quantile(p);
      expect(z).toBeGreaterThanOrEqual(0);
      expect(error(tail(z), p), `${p}`).toBeLessThan(1e-15 * (1 + z * z));
    };
    for (const p of [0.5, 0.25, 0.075, 0.07499, 1e-5, 1.3887943864964021e-11, 1e-20, 2 ** -65, 1e-300]) check(p);
    fc.assert(fc.property(floats(2 ** -65, 0.5), check), { numRuns: 60 });
    fc.assert(
      fc.property(floats(1, 690), (x) => check(0.5 * Math.exp(-x))),
      { numRuns: 60 },
    );
    expect(quantile(0.5)).toBe(0);
  });
});

/** One small draw of every sampler, of core as it is imported. */
function draws({ random, tensor }: typeof core): Readonly<Record<string, Tensor>> {
  const key = random.key(42);
  const float32 = { dtype: "float32" } as const;
  return {
    bits: random.bits(key, [3]),
    split: random.splitBatch(key, 2),
    foldIn: random.foldIn(key, 7),
    uniform: random.uniform(key, [3]),
    uniform32: random.uniform(key, [3], float32),
    normal: random.normal(key, [4]),
    normal32: random.normal(key, [2, 2], { mean: tensor([1, 2]), ...float32 }),
    laplace: random.laplace(key, [3]),
    logistic: random.logistic(key, [3]),
    gumbel: random.gumbel(key, [3]),
    exponential: random.exponential(key, [3]),
    truncatedNormal: random.truncatedNormal(key, tensor([-1, 2, -30, 38]), tensor([0.5, 7, -20, 40])),
    logGamma: random.logGamma(key, tensor([1e-3, 0.3, 1, 5])),
    gamma: random.gamma(key, tensor([1e-3, 0.3, 1, 5, 1e6])),
    gamma32: random.gamma(key, tensor([0.3, 5]), float32),
    beta: random.beta(key, tensor([0.01, 2]), tensor([0.02, 3])),
    dirichlet: random.dirichlet(key, tensor([0.5, 1, 2])),
    bernoulli: random.bernoulli(key, 0.5, { shape: [6] }),
    poisson: random.poisson(key, tensor([0.1, 3, 9.9, 10, 100, 1e6, 2e9])),
    randint: random.randint(key, [6], -5, 1000),
    categorical: random.categorical(key, tensor([0.5, -1, 2, 0]), { shape: [6] }),
    permutation: random.permutation(key, 7),
    choice: random.choice(key, 10, { shape: [4], replace: false }),
    weightedChoice: random.choice(key, 5, { shape: [4], replace: false, p: tensor([1, 2, 3, 4, 5]) }),
  };
}

const shown = (samples: Readonly<Record<string, Tensor>>): Record<string, string> =>
  Object.fromEntries(Object.entries(samples).map(([name, x]) => [name, Array.from(x.values).join(" ")]));

describe("the same bits", () => {
  test("as ever", () => {
    expect(shown(draws(core))).toMatchInlineSnapshot(`
      {
        "bernoulli": "1 1 0 0 0 0",
        "beta": "1.4387996195994818e-77 0.12973100998151546",
        "bits": "2098992034 -1375260455 -1648100871",
        "categorical": "2 0 2 2 2 2",
        "choice": "9 5 4 0",
        "dirichlet": "0.112038316641553 0.2539105907077612 0.6340510926506857",
        "exponential": "0.8516094926044644 4.199034036599264 0.5548743306931929",
        "foldIn": "1932400419 -552572789",
        "gamma": "0 0.0000014253653710731009 1.818916811897193 3.9170183865802013 999665.7146246786",
        "gamma32": "0.16682372987270355 6.129740238189697",
        "gumbel": "0.16062719923716826 -1.4348545075513814 0.5890136220585496",
        "laplace": "0.15846230602649003 3.5058868215207473 -1.9085933138650724",
        "logGamma": "-850.752532321307 -13.461082376355662 0.598241165613456 1.3653307487191928",
        "logistic": "0.29521526220084354 4.183910141360204 -2.5247034790714236",
        "normal": "0.1847117452819115 2.1698245603977546 -1.4456021053773231 -0.7394434049692935",
        "normal32": "1.1847116947174072 4.169824600219727 -0.44560205936431885 1.2605565786361694",
        "permutation": "5 6 4 0 1 3 2",
        "poisson": "0 0 10 10 106 1000415 2000018652",
        "randint": "138 808 229 321 734 657",
        "split": "-163914871 -1900102890 -1059946682 105198797",
        "truncatedNormal": "-0.28971072420903393 2.0063651677588394 -20.02765584429339 38",
        "uniform": "0.42672756361231334 0.015010071389100932 0.5741444160004048",
        "uniform32": "0.4267275631427765 0.015010070987045765 0.5741444230079651",
        "weightedChoice": "3 0 4 2",
      }
    `);
  });

  test("where code generation is forbidden", async () => {
    vi.resetModules();
    const { forbidCodeGeneration } = await import("@cotangent/core/engine");
    forbidCodeGeneration(true);
    const interpreted = await import("@cotangent/core");
    expect(interpreted.random).not.toBe(random);
    expect(shown(draws(interpreted))).toEqual(shown(draws(core)));
  });

  afterAll(() => vi.resetModules());

  test("on all places of a longer sample", () => {
    const key = random.key(5);
    expect(random.normal(key, [9]).values.slice(0, 4)).toEqual(random.normal(key, [4]).values);
    expect(random.gamma(key, 0.7, { shape: [9] }).values.slice(0, 4)).toEqual(random.gamma(key, 0.7, { shape: [4] }).values);
    expect(random.poisson(key, 33, { shape: [9] }).values.slice(0, 4)).toEqual(random.poisson(key, 33, { shape: [4] }).values);
  });

  test("float32 is float64 rounded", () => {
    const key = random.key(5);
    const samplers = { ...continuousSamplers(key, [50]), gamma: (options: object) => random.gamma(key, 0.5, { shape: [50], ...options }) };
    for (const [name, draw] of Object.entries(samplers)) {
      const [wide, narrow] = [draw({}), draw({ dtype: "float32" })];
      expect([wide.dtype, narrow.dtype], name).toEqual(["float64", "float32"]);
      expect(narrow.values, name).toEqual(cast(wide, "float32").values);
    }
  });
});

function continuousSamplers(key: Tensor, shape: readonly number[]): Record<string, (options: object) => Tensor> {
  const { uniform, normal, laplace, logistic, gumbel, exponential } = random;
  const samplers = Object.entries({ uniform, normal, laplace, logistic, gumbel, exponential });
  return Object.fromEntries(samplers.map(([name, draw]) => [name, (options: object) => draw(key, shape, options)]));
}

describe("references worked out in 50 digits from the bits of the cipher", () => {
  const key = random.key(42);

  test.each(Object.entries(references.inverse))("%s", (name, expected) => {
    const values = continuousSamplers(key, [expected.length])[name]!({}).values;
    // Where the logarithm of a number near 1 enters, the error is absolute.
    expected.forEach((x, i) => {
      expect(Math.abs(values[i]! - x), `${name} ${i}`).toBeLessThan(2e-15 * Math.max(1, Math.abs(x)));
    });
  });

  test.each(references.truncatedNormal)("truncatedNormal between %d and %d, entry %d", (a, b, i, z, byLower, byUpper) => {
    const bounds = [a ?? Number.NEGATIVE_INFINITY, b ?? Number.POSITIVE_INFINITY].map((x) => tensor(x));
    const f = (lower: Tensor, upper: Tensor): Tensor => random.truncatedNormal(key, lower, upper, { shape: [2] }).slice(`${i}`);
    expect(f(bounds[0]!, bounds[1]!).item()).toBeCloseTo(z!, 13);
    const [lower, upper] = grad(f, { wrt: [0, 1] })(bounds[0]!, bounds[1]!);
    expect(Math.abs(lower!.item() - byLower!)).toBeLessThan(1e-12);
    // The difference quotient of the reference resolves no less than this.
    expect(Math.abs(upper!.item() - byUpper!)).toBeLessThan(1e-12);
  });

  // Difference quotients of the quantile, found by Newton's method, of orders 1 to 3.
  test.each(references.gamma)("logGamma(%d) of seed %d and its derivatives", (alpha, seed, value, ...derivatives) => {
    const first = (a: Tensor): Tensor => random.logGamma(random.key(seed!), a);
    expect(first(tensor(alpha!)).item()).toBe(value);
    const second = grad(first);
    const third = grad(second);
    [second, third, grad(third)].forEach((derivative, order) => {
      const got = derivative(tensor(alpha!)).item();
      expect(Math.abs(got / derivatives[order]! - 1), `order ${order + 1}`).toBeLessThan([1e-11, 1e-9, 1e-7][order]!);
    });
  });

  test.each([1e6, 1e8])("the gradient at large alpha %d follows Cornish and Fisher's expansion", (alpha) => {
    for (const seed of [1, 2, 3]) {
      const f = (a: Tensor): Tensor => random.gamma(random.key(seed), a);
      const x = f(tensor(alpha)).item();
      // x = α + z √α + (z² − 1) / 3 + (z³ − 7z) / (36 √α) + O(1/α), solved for z and differentiated.
      const root = Math.sqrt(alpha);
      let z = (x - alpha) / root;
      for (let i = 0; i < 20; i++) z = (x - alpha - (z * z - 1) / 3 - (z ** 3 - 7 * z) / (36 * root)) / root;
      const slope = 1 + z / (2 * root) - (z ** 3 - 7 * z) / (72 * root ** 3);
      expect(Math.abs(grad(f)(tensor(alpha)).item() - slope)).toBeLessThan(1e-8);
    }
  });
});

describe("goodness of fit", () => {
  const shape = [count];
  const laplaceCdf = (x: number): number => (x < 0 ? 0.5 * Math.exp(x) : 1 - 0.5 * Math.exp(-x));
  const truncatedCdf = (a: number, b: number) => (x: number) => (normalCdf(x) - normalCdf(a)) / (normalCdf(b) - normalCdf(a));
  const alphas = [0.05, 0.7, 1, 2.5, 40, 1e4];
  const marginal = (key: Tensor): Tensor => random.dirichlet(key, tensor([0.5, 1, 2]), { shape }).slice(":, 0");

  test.each<[string, (key: Tensor) => Tensor, (x: number) => number]>([
    ["uniform", (key) => random.uniform(key, shape), (x) => x],
    ["uniform between -3 and 5", (key) => random.uniform(key, shape, { low: -3, high: 5 }), (x) => (x + 3) / 8],
    ["float32 uniform", (key) => random.uniform(key, shape, { dtype: "float32" }), (x) => x],
    ["normal", (key) => random.normal(key, shape), normalCdf],
    ["normal of mean 3, std 0.5", (key) => random.normal(key, shape, { mean: 3, std: 0.5 }), (x) => normalCdf((x - 3) / 0.5)],
    ["laplace", (key) => random.laplace(key, shape), laplaceCdf],
    ["logistic", (key) => random.logistic(key, shape, { location: 1, scale: 2 }), (x) => 1 / (1 + Math.exp((1 - x) / 2))],
    ["gumbel", (key) => random.gumbel(key, shape), (x) => Math.exp(-Math.exp(-x))],
    ["exponential", (key) => random.exponential(key, shape, { rate: 2 }), (x) => 1 - Math.exp(-2 * x)],
    ["truncated normal around 0", (key) => random.truncatedNormal(key, -1, 2, { shape }), truncatedCdf(-1, 2)],
    ["truncated normal above", (key) => random.truncatedNormal(key, 1.5, 1.6, { shape }), truncatedCdf(1.5, 1.6)],
    [
      "truncated normal below",
      (key) => random.truncatedNormal(key, Number.NEGATIVE_INFINITY, -2, { shape }),
      truncatedCdf(Number.NEGATIVE_INFINITY, -2),
    ],
    ...alphas.map(
      (a) =>
        [`gamma ${a}`, (key: Tensor) => random.gamma(key, a, { shape }), (x: number) => gammaCdf(a, x)] as [
          string,
          (key: Tensor) => Tensor,
          (x: number) => number,
        ],
    ),
    ["beta 0.5, 0.5", (key) => random.beta(key, 0.5, 0.5, { shape }), (x) => betaCdf(0.5, 0.5, x)],
    ["beta 2, 5", (key) => random.beta(key, 2, 5, { shape }), (x) => betaCdf(2, 5, x)],
    ["dirichlet, first coordinate", marginal, (x) => betaCdf(0.5, 3, x)],
  ])("%s", (name, draw, cdf) => {
    expect(kolmogorovSmirnov(draw(keyOf(name.length)).values, cdf)).toBeGreaterThan(falseAlarm);
  });

  test("the tails of the normal distribution", () => {
    const beyond = [3, 3.5, 4].map((t) => {
      const size = 10 * count;
      const hits = Array.from(random.normal(keyOf(12), [size]).values).reduce((sum, z) => sum + (Math.abs(z) > t ? 1 : 0), 0);
      const p = 2 * normalCdf(-t);
      return twoSided((hits - size * p) / Math.sqrt(size * p));
    });
    for (const p of beyond) expect(p).toBeGreaterThan(falseAlarm);
  });

  test("every bit is a fair coin", () => {
    const words = random.bits(keyOf(1), shape).values;
    for (let bit = 0; bit < 32; bit++) {
      const ones = Array.from(words).reduce((sum, word) => sum + ((word >>> bit) & 1), 0);
      expect(twoSided((2 * ones - count) / Math.sqrt(count)), `bit ${bit}`).toBeGreaterThan(falseAlarm);
    }
  });

  test.each([0.3, 1e-3])("bernoulli %d", (p) => {
    const ones = Array.from(random.bernoulli(keyOf(2), p, { shape }).values).reduce((sum, one) => sum + one, 0);
    expect(chiSquare([count - ones, ones], [1 - p, p])).toBeGreaterThan(falseAlarm);
  });

  test.each([0.1, 3, 9.999, 10, 12.5, 50, 1000])("poisson %d", (rate) => {
    const cells = Math.ceil(rate + 20 * Math.sqrt(rate) + 20);
    const probabilities = Array.from({ length: cells }, (_, k) => Math.exp(k * Math.log(rate) - rate - logGamma(k + 1)));
    const counts = countsOf(random.poisson(keyOf(3), rate, { shape }).values, cells);
    expect(chiSquare(counts, probabilities)).toBeGreaterThan(falseAlarm);
  });

  // P(X ≤ k) = 1 − P(k + 1, λ); half of the probability of k makes it nearly continuous.
  test.each([1e6, 1e9])("poisson %d", (rate) => {
    const values = random.poisson(keyOf(4), rate, { shape }).values;
    const centred = Float64Array.from(values, (k) => (k - rate + 0.5) / Math.sqrt(rate));
    // Edgeworth's first term: the skewness of the distribution is 1 / √λ.
    const cdf = (z: number): number => normalCdf(z) - ((z * z - 1) * Math.exp((-z * z) / 2)) / (6 * Math.sqrt(2 * Math.PI * rate));
    expect(kolmogorovSmirnov(centred, cdf)).toBeGreaterThan(falseAlarm);
  });

  test.each([6, 7, 1000])("randint below %d", (n) => {
    expect(chiSquare(countsOf(random.randint(keyOf(5), shape, 0, n).values, n), new Array<number>(n).fill(1 / n))).toBeGreaterThan(
      falseAlarm,
    );
  });

  test("randint over nearly all of int32", () => {
    const values = random.randint(keyOf(6), shape, -(2 ** 31), 2 ** 31 - 1).values;
    expect(kolmogorovSmirnov(Float64Array.from(values), (x) => (x + 2 ** 31 + 0.5) / 2 ** 32)).toBeGreaterThan(falseAlarm);
  });

  test("categorical, by logits and by weights, with classes of probability 0", () => {
    const weights = [1, 0, 2.5, 4, 0, 0.5];
    const probabilities = weights.map((weight) => weight / 8);
    const byWeights = random.categorical(keyOf(7), tensor(weights), { shape, probabilities: true });
    const byLogits = random.categorical(keyOf(8), tensor(weights.map(Math.log)), { shape });
    for (const drawn of [byWeights, byLogits]) expect(chiSquare(countsOf(drawn.values, 6), probabilities)).toBeGreaterThan(falseAlarm);
  });

  const orders = (n: number): number[][] =>
    n === 0 ? [[]] : orders(n - 1).flatMap((rest) => Array.from({ length: n }, (_, i) => [...rest.slice(0, i), n - 1, ...rest.slice(i)]));

  test("all orders of four are equally likely", () => {
    const rows = vmap((key: Tensor) => random.permutation(key, 4))(random.splitBatch(keyOf(9), count)).values;
    const names = orders(4).map((order) => order.join(""));
    const drawn = Array.from({ length: count }, (_, i) => names.indexOf(rows.slice(4 * i, 4 * i + 4).join("")));
    expect(chiSquare(countsOf(drawn, 24), new Array<number>(24).fill(1 / 24))).toBeGreaterThan(falseAlarm);
  });

  test("weighted draws without replacement take what is left by its share", () => {
    const p = [0.1, 0.2, 0.3, 0.4];
    const draw = (key: Tensor): Tensor => random.choice(key, 4, { shape: [2], replace: false, p: tensor(p) });
    const pairs = vmap(draw)(random.splitBatch(keyOf(10), count)).values;
    const drawn = Array.from({ length: count }, (_, i) => 4 * pairs[2 * i]! + pairs[2 * i + 1]!);
    const probabilities = p.flatMap((first, i) => p.map((second, j) => (i === j ? 0 : (first * second) / (1 - first))));
    expect(chiSquare(countsOf(drawn, 16), probabilities)).toBeGreaterThan(falseAlarm);
  });

  test("an equal choice without replacement takes every pair", () => {
    const pairs = vmap((key: Tensor) => random.choice(key, 5, { shape: [2], replace: false }))(random.splitBatch(keyOf(11), count)).values;
    const drawn = Array.from({ length: count }, (_, i) => 5 * pairs[2 * i]! + pairs[2 * i + 1]!);
    const probabilities = Array.from({ length: 25 }, (_, cell) => (cell % 6 === 0 ? 0 : 1 / 20));
    expect(chiSquare(countsOf(drawn, 25), probabilities)).toBeGreaterThan(falseAlarm);
  });
});

describe("independence", () => {
  const size = soak ? 20_000 : 1000;
  const streams = (keys: Tensor): Float64Array => vmap((key: Tensor) => random.uniform(key, [16]))(keys).values as Float64Array;
  const parent = keyOf(20);
  const steps = tensor(Int32Array.from({ length: size }, (_, i) => i));
  const families: readonly [string, () => Float64Array][] = [
    ["split", () => streams(random.splitBatch(parent, size))],
    ["foldIn", () => streams(vmap((i: Tensor) => random.foldIn(parent, i))(steps))],
    ["near seeds", () => streams(stack(Array.from({ length: size }, (_, i) => random.key(1e6 * day + i))))],
    ["a chain of splits", () => streams(chain(parent, size))],
  ];

  function chain(from: Tensor, length: number): Tensor {
    let key = from;
    const keys: Tensor[] = [];
    for (let i = 0; i < length; i++) {
      const [next, own] = random.split(key);
      keys.push(own);
      key = next;
    }
    return stack(keys);
  }

  test.each(families)("streams of keys by %s are uniform and uncorrelated with their neighbours", (_name, draw) => {
    const values = draw();
    expect(kolmogorovSmirnov(values, (x) => x)).toBeGreaterThan(falseAlarm);
    for (const lag of [1, 2, 16, 32])
      expect(correlationTest(values.slice(lag), values.slice(0, -lag)), `lag ${lag}`).toBeGreaterThan(falseAlarm);
    const firsts = Float64Array.from({ length: size }, (_, i) => values[16 * i]!);
    expect(kolmogorovSmirnov(firsts, (x) => x)).toBeGreaterThan(falseAlarm);
  });

  test("streams of different families at the same place are uncorrelated", () => {
    const drawn = [...families.map(([, draw]) => draw()), random.uniform(parent, [16 * size]).values];
    drawn.forEach((x, i) => {
      for (const y of drawn.slice(0, i)) expect(correlationTest(x, y)).toBeGreaterThan(falseAlarm);
    });
  });

  test("neighbouring keys share half of their bits", () => {
    const words = random.splitBatch(parent, size).values as Int32Array;
    const ones = (x: number): number => x.toString(2).replaceAll("0", "").length;
    let shared = 0;
    for (let i = 0; i < words.length - 2; i++) shared += 32 - ones((words[i]! ^ words[i + 2]!) >>> 0);
    const total = 32 * (words.length - 2);
    expect(twoSided((2 * shared - total) / Math.sqrt(total))).toBeGreaterThan(falseAlarm);
  });

  test("the coordinates of a gamma, beta and Poisson sample are uncorrelated with their neighbours", () => {
    const key = keyOf(21);
    const samples = [
      random.gamma(key, 0.4, { shape: [count] }),
      random.beta(key, 2, 3, { shape: [count] }),
      random.poisson(key, 20, { shape: [count] }),
    ];
    for (const { values } of samples) expect(correlationTest(values.slice(1), values.slice(0, -1))).toBeGreaterThan(falseAlarm);
  });
});

describe("extremes", () => {
  const key = random.key(8);
  const list = (x: Tensor): number[] => Array.from(x.values);

  test("bernoulli at 0 and 1, beyond them, and at NaN", () => {
    const p = tensor([0, 1, -1, 2, Number.NaN]);
    expect(list(random.bernoulli(key, p))).toEqual([0, 1, 0, 1, 0]);
    expect(new Set(list(random.bernoulli(key, 1, { shape: [1000] })))).toEqual(new Set([1]));
    expect(new Set(list(random.bernoulli(key, 0, { shape: [1000] })))).toEqual(new Set([0]));
  });

  test("gamma at 0, at tiny and huge parameters, and outside of its domain", () => {
    expect(list(random.gamma(key, tensor([0, -1, Number.NaN, Number.POSITIVE_INFINITY])))).toEqual([0, Number.NaN, Number.NaN, Number.NaN]);
    const tiny = list(random.logGamma(key, 1e-300, { shape: [4] }));
    for (const x of tiny) expect(x).toBeLessThan(-1e295);
    expect(list(random.gamma(key, 1e-300, { shape: [4] }))).toEqual([0, 0, 0, 0]);
    for (const x of list(random.gamma(key, 1e300, { shape: [4] }))) expect(x / 1e300).toBeCloseTo(1, 10);
  });

  test("beta and dirichlet of tiny parameters are corners, not NaN", () => {
    for (const x of list(random.beta(key, 1e-6, 1e-6, { shape: [100] }))) expect(x < 1e-9 || x > 1 - 1e-9).toBe(true);
    const points = random.dirichlet(key, tensor([1e-6, 1e-6, 1e-6]), { shape: [100] });
    for (const total of list(points.sum({ axes: -1 }))) expect(total).toBeCloseTo(1, 12);
    expect(list(random.dirichlet(key, tensor([3])))).toEqual([1]);
  });

  test("poisson at 0, at large rates, and outside of its domain", () => {
    const rates = tensor([0, 1e-300, -1, Number.NaN, 3e9, Number.POSITIVE_INFINITY]);
    expect(list(random.poisson(key, rates))).toEqual([0, 0, -1, -1, 2147483647, 2147483647]);
    for (const rate of [1e6, 2e9]) {
      for (const k of list(random.poisson(key, rate, { shape: [100], dtype: "float64" }))) {
        expect(Math.abs(k - rate)).toBeLessThan(8 * Math.sqrt(rate));
      }
    }
  });

  test("truncatedNormal: one point, no point, all of the line, far tails", () => {
    expect(list(random.truncatedNormal(key, tensor([0.5, 1, Number.NaN]), tensor([0.5, 0, 1])))).toEqual([0.5, Number.NaN, Number.NaN]);
    expect(list(random.truncatedNormal(key, 50, 60, { shape: [3] }))).toEqual([50, 50, 50]);
    expect(list(random.truncatedNormal(key, -60, -50, { shape: [3] }))).toEqual([-50, -50, -50]);
    const whole = list(random.truncatedNormal(key, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, { shape: [100] }));
    expect(whole.every(Number.isFinite)).toBe(true);
    for (const z of list(random.truncatedNormal(key, 20, Number.POSITIVE_INFINITY, { shape: [100] })))
      expect(z >= 20 && z < 21.5).toBe(true);
  });

  test("randint of one integer, and of ends out of order in tensors", () => {
    expect(list(random.randint(key, [3], 5, 6))).toEqual([5, 5, 5]);
    expect(list(random.randint(key, [2], tensor(5, "int32"), tensor([5, 2], "int32")))).toEqual([5, 5]);
  });

  test("categorical without a possible class, with infinite and with NaN logits", () => {
    const lowest = Number.NEGATIVE_INFINITY;
    const logits = tensor([
      [lowest, lowest, lowest],
      [0, Number.NaN, 1],
      [lowest, Number.POSITIVE_INFINITY, 0],
      [-1e308, lowest, 1e308],
    ]);
    expect(list(random.categorical(key, logits))).toEqual([3, 3, 1, 2]);
    expect(list(random.categorical(key, tensor([0, 0]), { probabilities: true }).reshape([1]))).toEqual([2]);
    expect(list(random.categorical(key, tensor([7]), { shape: [3] }))).toEqual([0, 0, 0]);
  });

  test("empty shapes", () => {
    const empty = [0, 3];
    const all = [
      ...Object.values(continuousSamplers(key, empty)).map((draw) => draw({})),
      random.bits(key, empty),
      random.truncatedNormal(key, -1, 1, { shape: empty }),
      random.gamma(key, zeros(empty)),
      random.beta(key, 1, 1, { shape: empty }),
      random.bernoulli(key, 0.5, { shape: empty }),
      random.poisson(key, 3, { shape: empty }),
      random.randint(key, empty, 0, 2),
      random.dirichlet(key, tensor([1, 2, 3]), { shape: [0] }),
      random.categorical(key, zeros([0, 3, 4])),
      random.choice(key, 0, { shape: empty }),
    ];
    for (const x of all) expect(x.shape).toEqual(empty);
    expect(random.permutation(key, 0).shape).toEqual([0]);
    expect(random.permutation(key, zeros([0, 2])).shape).toEqual([0, 2]);
    expect(random.dirichlet(key, zeros([2, 0])).shape).toEqual([2, 0]);
  });

  test("uniform numbers stay below 1 in float32", () => {
    const values = list(random.uniform(random.key(1), [200_000], { dtype: "float32" }));
    expect(Math.max(...values.slice(0, 100_000), ...values.slice(100_000).slice(0, 1))).toBeLessThan(1);
  });
});

describe("orders and choices", () => {
  test("a permutation has every integer once, for many sizes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), fc.integer(), (n, seed) => {
        const order = random.permutation(random.key(seed), n);
        expect(order.dtype).toBe("int32");
        expect(Array.from(order.values).sort((x, y) => x - y)).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
    );
  });

  test("a permuted tensor has the rows of the permutation", () => {
    const x = random.normal(random.key(1), [4, 3, 2]);
    const order = random.permutation(random.key(2), 3);
    expect(random.permutation(random.key(2), x, { axis: 1 }).values).toEqual(x.take(order, { axis: 1 }).values);
    expect(random.permutation(random.key(2), x, { axis: -2 }).values).toEqual(x.take(order, { axis: 1 }).values);
  });

  test("a choice without replacement repeats nothing and is the beginning of the permutation", () => {
    const chosen = random.choice(random.key(3), 50, { shape: [20], replace: false });
    expect(new Set(chosen.values).size).toBe(20);
    expect(chosen.values).toEqual(random.permutation(random.key(3), 50).values.slice(0, 20));
    const weighted = random.choice(random.key(3), 50, { shape: [50], replace: false, p: random.exponential(random.key(4), [50]) });
    expect(new Set(weighted.values).size).toBe(50);
  });

  test("a chosen entry of a tensor keeps the other axes", () => {
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(random.choice(random.key(0), x).shape).toEqual([3]);
    expect(random.choice(random.key(0), x, { shape: [5, 2], axis: 1 }).shape).toEqual([2, 5, 2]);
    const sure = random.choice(random.key(0), x, { shape: [2], axis: 1, p: tensor([0, 0, 2]) });
    expect(Array.from(sure.values)).toEqual([3, 3, 6, 6]);
  });

  test("categorical along any axis, over broadcast rows, with draws in front", () => {
    const sure = tensor([
      [0, 9, 0],
      [9, 0, 0],
    ]);
    const draw = (options: core.random.CategoricalOptions): Tensor =>
      random.categorical(random.key(0), sure, { probabilities: true, ...options });
    expect(Array.from(draw({}).values)).toEqual([1, 0]);
    expect(draw({ axis: 0 }).shape).toEqual([3]);
    expect(Array.from(draw({ shape: [2, 2] }).values)).toEqual([1, 0, 1, 0]);
    expect(random.categorical(random.key(0), zeros([1, 4]), { shape: [3, 5] }).shape).toEqual([3, 5]);
  });
});

describe("batching and derivatives", () => {
  const keys = random.splitBatch(random.key(6), 3);
  const p = tensor([0.2, 0.5, 0.9]);
  const samplers: Readonly<Record<string, (key: Tensor, p: Tensor) => Tensor>> = {
    uniform: (key, p) => random.uniform(key, [2], { high: p }),
    normal: (key, p) => random.normal(key, [2, 2], { mean: p }),
    truncatedNormal: (key, p) => random.truncatedNormal(key, p, 2, { shape: [3] }),
    gamma: (key, p) => random.gamma(key, p, { shape: [3] }),
    beta: (key, p) => random.beta(key, p, 2),
    dirichlet: (key, p) => random.dirichlet(key, stack([p, p])),
    bernoulli: (key, p) => random.bernoulli(key, p, { shape: [5] }),
    poisson: (key, p) => random.poisson(key, p.mul(20), { shape: [3] }),
    randint: (key) => random.randint(key, [4], 0, 100),
    categorical: (key, p) => random.categorical(key, stack([p, p.square()]), { shape: [4] }),
    permutation: (key) => random.permutation(key, 6),
    permutedRows: (key, p) => random.permutation(key, stack([p, p.square(), p.add(1)])),
    choice: (key, p) => random.choice(key, stack([p, p.add(1), p.add(2)]), { shape: [2], replace: false, p: stack([p, p, p]) }),
    split: (key) => random.splitBatch(key, 2),
    foldIn: (key) => random.foldIn(key, 3),
  };
  const row = (x: Tensor, i: number): Tensor => x.slice(`${i}`);

  test.each(Object.entries(samplers))("vmap over keys and parameters of %s is the loop", (_name, draw) => {
    const both = vmap(draw)(keys, p);
    const keysOnly = vmap(draw, { inAxes: [0, null] })(keys, row(p, 1));
    const parametersOnly = vmap(draw, { inAxes: [null, 0] })(row(keys, 1), p);
    for (let i = 0; i < 3; i++) {
      expect(row(both, i).values).toEqual(draw(row(keys, i), row(p, i)).values);
      expect(row(keysOnly, i).values).toEqual(draw(row(keys, i), row(p, 1)).values);
      expect(row(parametersOnly, i).values).toEqual(draw(row(keys, 1), row(p, i)).values);
    }
    const nested = vmap(vmap(draw, { inAxes: [null, 0] }), { inAxes: [0, null] })(keys, p);
    expect(row(row(nested, 2), 1).values).toEqual(draw(row(keys, 2), row(p, 1)).values);
  });

  test("foldIn batches over data", () => {
    const steps = tensor(Int32Array.of(4, 5));
    const folded = vmap((i: Tensor) => random.foldIn(random.key(1), i))(steps);
    expect(row(folded, 1).values).toEqual(random.foldIn(random.key(1), 5).values);
  });

  test("location and scale differentiate as written", () => {
    const key = random.key(2);
    const z = random.normal(key, [3]);
    const [byMean, byStd] = grad((mean: Tensor, std: Tensor) => random.normal(key, [3], { mean, std }).sum(), { wrt: [0, 1] })(
      tensor(1),
      tensor([1, 2, 3]),
    );
    expect([byMean!.item(), Array.from(byStd!.values)]).toEqual([3, Array.from(z.values)]);
    const u = random.uniform(key, [3]);
    const [byLow, byHigh] = grad((low: Tensor, high: Tensor) => random.uniform(key, [3], { low, high }).sum(), { wrt: [0, 1] })(
      tensor([0, 0, 0]),
      tensor([1, 1, 1]),
    );
    expect(Array.from(byHigh!.values)).toEqual(Array.from(u.values));
    expect(Array.from(byLow!.values)).toEqual(Array.from(u.values, (one) => 1 - one));
  });

  test("discrete samples are constants of their parameters", () => {
    const key = random.key(2);
    const score = (p: Tensor): Tensor =>
      cast(random.bernoulli(key, p, { shape: [4] }), "float64")
        .sum()
        .mul(p);
    const successes = Array.from(random.bernoulli(key, 0.5, { shape: [4] }).values).reduce((sum, one) => sum + one, 0);
    expect(grad(score)(tensor(0.5)).item()).toBe(successes);
  });

  // E x and E ln x of the distributions are known functions of the parameters; so are their derivatives, the means of the sample gradients.
  const trigamma = (x: number): number => {
    let sum = 0;
    for (let k = 0; k < 20; k++) sum += 1 / (x + k) ** 2;
    const y = x + 20;
    return sum + 1 / y + 1 / (2 * y * y) + 1 / (6 * y ** 3) - 1 / (30 * y ** 5);
  };
  const slopes = (f: (alpha: Tensor) => Tensor, alpha: number): ArrayLike<number> => {
    const wide = tensor(new Float64Array(count / 10).fill(alpha));
    return grad((a: Tensor) => f(a).sum())(wide).values;
  };

  test.each([0.1, 0.5, 1, 3, 30])("sample gradients of gamma(%d) have the mean that the distribution has", (alpha) => {
    const key = keyOf(30);
    expect(
      meanTest(
        slopes((a) => random.gamma(key, a), alpha),
        1,
      ),
    ).toBeGreaterThan(falseAlarm);
    expect(
      meanTest(
        slopes((a) => random.logGamma(key, a), alpha),
        trigamma(alpha),
      ),
    ).toBeGreaterThan(falseAlarm);
  });

  test("sample gradients of beta and dirichlet have the means that the distributions have", () => {
    const key = keyOf(31);
    // E x = a / (a + b).
    expect(
      meanTest(
        slopes((a) => random.beta(key, a, 2), 1.5),
        2 / 3.5 ** 2,
      ),
    ).toBeGreaterThan(falseAlarm);
    expect(
      meanTest(
        slopes((b) => random.beta(key, 1.5, b), 2),
        -1.5 / 3.5 ** 2,
      ),
    ).toBeGreaterThan(falseAlarm);
    const first = (a: Tensor): Tensor =>
      random.dirichlet(key, stack([a, zeros(a.shape).add(0.5), zeros(a.shape).add(2)], -1)).slice(":, 0");
    expect(meanTest(slopes(first, 0.7), 2.5 / 3.2 ** 2)).toBeGreaterThan(falseAlarm);
  });
});

test("every sampler has a row in the op table", () => {
  const without = Object.entries(random).filter(([, value]) => !("row" in value));
  expect(without.map(([name]) => name)).toEqual(["key"]);
});

describe("bad input", () => {
  const key = random.key(0);
  const messages = (calls: readonly (() => unknown)[]): string[] =>
    calls.map((call) => {
      try {
        return `gives ${call()}`;
      } catch (error) {
        return error instanceof core.CotangentError ? error.message : `not in the house form: ${error}`;
      }
    });
  // biome-ignore lint/suspicious/noExplicitAny: bad calls have bad types.
  const any = random as any;

  test("is named, with what to do", () => {
    expect(
      messages([
        () => random.key(0.5),
        () => any.key("seed"),
        () => any.normal(42, [2]),
        () => any.normal(undefined),
        () => any.normal(tensor([1, 2]), [2]),
        () => any.normal(random.splitBatch(key, 3), [2]),
        () => any.normal(key, 3),
        () => any.normal(key, [-1]),
        () => any.normal(key, [2], { stddev: 2 }),
        () => any.normal(key, [2], 3),
        () => any.normal(key, [2], { dtype: "int32" }),
        () => any.normal(key, [2], { mean: "1" }),
        () => any.normal(key, [2], { mean: tensor([1, 2, 3]) }),
        () => random.normal(key, undefined, { mean: tensor([1, 2, 3]), std: tensor([1, 2]) }),
        () => random.uniform(key, [2], { low: 1, high: 0 }),
        () => random.truncatedNormal(key, 1, -1),
        () => random.split(key, -1),
        () => random.split(key, 2.5),
        () => any.foldIn(key, 0.5),
        () => any.foldIn(key, tensor(1)),
        () => any.foldIn(key, tensor(Int32Array.of(1, 2))),
        () => random.randint(key, [2], 3, 3),
        () => any.randint(key, [2], 0.5, 3),
        () => any.randint(key, [2], tensor([1, 2]), 3),
        () => any.randint(key, undefined, 0, 3),
        () => any.gamma(key),
        () => any.dirichlet(key, 1),
        () => any.dirichlet(key, tensor([1, 2]), { shape: 3 }),
        () => any.poisson(key, 3, { dtype: "bool" }),
        () => any.categorical(key, 1),
        () => random.categorical(key, zeros([2, 0])),
        () => random.categorical(key, zeros([2, 3]), { axis: 2 }),
        () => random.categorical(key, zeros([2, 3]), { shape: [3] }),
        () => any.categorical(key, zeros([2, 3]), { probabilities: 1 }),
        () => random.permutation(key, -1),
        () => any.permutation(key, [1, 2]),
        () => random.permutation(key, 3, { axis: 0 }),
        () => random.permutation(key, tensor(3)),
        () => random.choice(key, 0),
        () => random.choice(key, 3, { shape: [4], replace: false }),
        () => any.choice(key, 3, { p: [1, 2, 3] }),
        () => random.choice(key, 3, { p: tensor([1, 2]) }),
        () => random.choice(key, 3, { p: tensor([1, -2, 0]) }),
        () => random.choice(key, 3, { p: tensor([1, Number.NaN, 0]) }),
        () => random.choice(key, 3, { p: zeros([3]) }),
        () => random.choice(key, 3, { shape: [2], replace: false, p: tensor([0, 1, 0]) }),
      ]),
    ).toMatchInlineSnapshot(`
      [
        "key: the seed is not a whole number up to 2^53 in size — 0.5; give one",
        "key: the seed is not a whole number up to 2^53 in size — "seed"; give one",
        "normal: not a key — 42; give an int32 tensor of shape [2], made by key(seed), split or foldIn",
        "normal: not a key — undefined; give an int32 tensor of shape [2], made by key(seed), split or foldIn",
        "normal: not a key — float64[2]; give an int32 tensor of shape [2], made by key(seed), split or foldIn",
        "normal: not a key — int32[3, 2]; give an int32 tensor of shape [2], made by key(seed), split or foldIn",
        "normal: not a shape — 3; give a list of non-negative integers with at most 2147483647 entries in all",
        "normal: not a shape — [-1]; give a list of non-negative integers with at most 2147483647 entries in all",
        "normal: unknown option — "stddev"; the options are mean, std, dtype",
        "normal: the options are not an object — 3; give an object with mean, std, dtype",
        "normal: not a float dtype — "int32"; give "float64" or "float32"",
        "normal: mean is not a tensor — "1"; give a tensor or a number",
        "normal: cannot broadcast [3] with [2] — axis -1 has sizes 3 and 2; make them equal or one of them 1",
        "normal: cannot broadcast [3] with [2] — axis -1 has sizes 3 and 2; make them equal or one of them 1",
        "uniform: low is not at most high — [1, 0]; give them in order",
        "truncatedNormal: lower is not at most upper — [1, -1]; give them in order",
        "split: the number of keys is not an integer of at least 0 — -1; give one",
        "split: the number of keys is not an integer of at least 0 — 2.5; give one",
        "foldIn: the data is not an integer — 0.5; give one",
        "foldIn: wrong dtype — float64, int32 expected; cast it first",
        "foldIn: the data is not a scalar — int32[2]; give an integer or an int32 scalar",
        "randint: high is not above low — [3, 3]; give an interval that holds an integer",
        "randint: low is not an integer — 0.5; give one",
        "randint: wrong dtype — float64, int32 expected; cast it first",
        "randint: not a shape — undefined; give a list of non-negative integers with at most 2147483647 entries in all",
        "gamma: alpha is not a tensor — undefined; give a tensor or a number",
        "dirichlet: alpha is a scalar — []; give one parameter for each coordinate along the last axis",
        "dirichlet: not a shape — 3; give a list of non-negative integers with at most 2147483647 entries in all",
        "poisson: unknown dtype — "bool"; give "int32", "float32", "float64"",
        "categorical: no such axis — -1 for rank 0; a scalar has no axes",
        "categorical: there is no class — [2, 0] along axis 1; give at least one",
        "categorical: no such axis — 2 for rank 2; give an integer from -2 to 1",
        "categorical: cannot broadcast [2] with [3] — axis -1 has sizes 2 and 3; make them equal or one of them 1",
        "categorical: probabilities is not a boolean — 1; give true or false",
        "permutation: the number of integers is not an integer of at least 0 — -1; give one",
        "permutation: the number of integers is not an integer of at least 0 — [1, 2]; give one",
        "permutation: a number of integers has no axes — 0; give a tensor, or no axis",
        "permutation: no such axis — 0 for rank 0; a scalar has no axes",
        "choice: there is nothing to draw from — 1 draws, 0 entries; give at least one entry",
        "choice: not enough entries to draw without replacement — 4 draws, 3 entries; draw fewer, or with replacement",
        "choice: the weights p are not a tensor — [1, 2, 3]; wrap them in tensor(…)",
        "choice: the weights p do not fit — [2] for 3 entries; give one weight an entry",
        "choice: a weight in p is not a finite number from 0 — -2; give probabilities, or weights proportional to them",
        "choice: a weight in p is not a finite number from 0 — NaN; give probabilities, or weights proportional to them",
        "choice: not enough positive weights in p — 1 draws, 0 positive weights; draw fewer, or give more weights",
        "choice: not enough positive weights in p — 2 draws, 1 positive weights; draw fewer, or give more weights",
      ]
    `);
  });

  test("of any kind gives a sample or an error in the house form", () => {
    const junk = [
      undefined,
      null,
      0,
      -1,
      2.5,
      Number.NaN,
      "x",
      true,
      [],
      [2],
      [-1],
      [0.5],
      {},
      { shape: [2] },
      { dtype: "float32" },
      () => 0,
      Symbol.iterator,
      3n,
    ];
    const values = [
      ...junk,
      key,
      tensor([1, 2]),
      tensor(1),
      zeros([0]),
      zeros([2, 2], "float32"),
      tensor(Int32Array.of(1, 2, 3)),
      new Float64Array(2),
    ];
    const argument = fc.constantFrom(...values);
    const call = fc.tuple(fc.constantFrom(...Object.keys(random)), fc.boolean(), fc.array(argument, { maxLength: 4 }));
    fc.assert(
      fc.property(call, ([name, keyed, args]) => {
        try {
          any[name](...(keyed && name !== "key" ? [key] : []), ...args);
        } catch (error) {
          if (!(error instanceof core.CotangentError)) throw error;
          expect(error.message).not.toMatch(/\[object|undefined is not/);
        }
      }),
      { numRuns: 4000 },
    );
    expect(Array.from(key.values)).toEqual([0, 0]);
  });
});
