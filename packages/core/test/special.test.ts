// The float64 special functions against 40-digit values, known laws and NumPy's, SciPy's and JAX's conventions at special arguments.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { digamma, erf, erfc, erfcx, exp2, lgamma, maximum, minimum, polygamma, remainder, roundHalfEven } from "../src/kernels/special.ts";
import { polygammaError, ulpBounds } from "../src/systems/accuracy.ts";
import { magnitudes, referencesOf, relativeError, uniform } from "./systems/samples.ts";

const ulpsFrom = (value: number, reference: string): number => relativeError({ high: value, low: 0 }, reference) * 2 ** 53;

describe("values to 40 digits", () => {
  const functions = { exp2, erf, erfc, erfcx, lgamma };
  for (const [name, f] of Object.entries(functions)) {
    test(name, () => {
      for (const [x, reference] of referencesOf(name) as readonly [number, string][]) {
        if (name === "lgamma" && x < 0) expect(Math.abs(lgamma(x) - Number(reference))).toBeLessThan(4e-15 * Math.abs(x));
        else expect(ulpsFrom(f(x), reference), `${name}(${x})`).toBeLessThanOrEqual(2 * ulpBounds[name as "erf"]);
      }
    });
  }

  test("polygamma", () => {
    for (const [order, x, reference] of referencesOf("polygamma") as readonly [number, number, string][]) {
      const value = polygamma(order, x);
      const bound = polygammaError(order, x, value);
      expect(relativeError({ high: value, low: 0 }, reference) * Math.abs(value), `polygamma(${order}, ${x})`).toBeLessThanOrEqual(bound);
    }
  });

  test("lgamma keeps its digits beside its zeros", () => {
    const gamma = 0.5772156649015329;
    for (const d of [1e-3, 1e-8, 2 ** -52]) {
      const [above, below] = [1 + d, 1 - d];
      expect(lgamma(above) / (above - 1)).toBeCloseTo(-gamma + (Math.PI ** 2 / 12) * d, 5);
      expect(lgamma(below) / (below - 1)).toBeCloseTo(-gamma - (Math.PI ** 2 / 12) * d, 5);
      expect(lgamma(2 + 2 * d) / (2 + 2 * d - 2)).toBeCloseTo(1 - gamma, 2);
    }
  });
});

describe("laws", () => {
  test("erf + erfc = 1 and both reflect", () => {
    fc.assert(
      fc.property(uniform([-6, 6]), (x) => {
        expect(Math.abs(erf(x) + erfc(x) - 1)).toBeLessThan(1e-15);
        expect(erf(-x)).toBe(-erf(x));
        expect(Math.abs(erfc(-x) + erfc(x) - 2)).toBeLessThan(1e-15);
      }),
    );
  });

  test("erfcx is e^(x²) erfc", () => {
    fc.assert(fc.property(uniform([-5, 5]), (x) => Math.abs(erfcx(x) / (Math.exp(x * x) * erfc(x)) - 1) < 2e-14));
  });

  test("lgamma(x + 1) = lgamma(x) + log x, on both sides of 0", () => {
    fc.assert(
      fc.property(uniform([-30, 30]), (x) => {
        fc.pre(Math.abs(x - Math.round(x)) > 1e-3);
        expect(Math.abs(lgamma(x + 1) - lgamma(x) - Math.log(Math.abs(x)))).toBeLessThan(1e-12);
      }),
    );
  });

  test("polygamma(n, x + 1) = polygamma(n, x) + (-1)ⁿ n!/x^(n+1), on both sides of 0", () => {
    fc.assert(
      fc.property(uniform([-20, 20]), fc.integer({ min: 0, max: 8 }), (x, n) => {
        fc.pre(Math.abs(x - Math.round(x)) > 1e-2);
        let step = (-1) ** n / x;
        for (let k = 1; k <= n; k++) step *= k / x;
        const scale = Math.abs(polygamma(n, x)) + Math.abs(step) + Math.abs(polygamma(n, Math.abs(x - Math.round(x))));
        expect(Math.abs(polygamma(n, x + 1) - polygamma(n, x) - step)).toBeLessThan(1e-13 * (n + 1) * Math.max(1, Math.abs(x)) * scale);
      }),
    );
  });

  test("remainder has the sign of the divisor, is smaller than it and differs from x by whole divisors", () => {
    fc.assert(
      fc.property(uniform([-100, 100]), magnitudes(1e-2, 10), fc.boolean(), (x, size, negative) => {
        const y = negative ? -size : size;
        const r = remainder(x, y);
        expect(Math.abs(r)).toBeLessThanOrEqual(size);
        expect(r * y).toBeGreaterThanOrEqual(0);
        const quotient = (x - r) / y;
        expect(Math.abs(quotient - Math.round(quotient))).toBeLessThan(1e-11);
      }),
    );
  });

  test("exp2 is exact at whole numbers, down to the smallest double", () => {
    let power = 1;
    for (let k = 0; k >= -1074; k--, power /= 2) expect(exp2(k)).toBe(power);
    expect(exp2(-1075)).toBe(0);
    expect(exp2(1023)).toBe(2 ** 1023);
    expect(exp2(1024)).toBe(Infinity);
  });
});

type Cases = readonly (readonly [x: number, value: number])[];

const special: Readonly<Record<string, readonly [f: (x: number) => number, cases: Cases]>> = {
  roundHalfEven: [
    roundHalfEven,
    [
      [0.5, 0],
      [1.5, 2],
      [2.5, 2],
      [-0.5, -0],
      [-1.5, -2],
      [-0, -0],
      [0.49999999999999994, 0],
      [2 ** 52 + 1, 2 ** 52 + 1],
      [Infinity, Infinity],
    ],
  ],
  erf: [
    erf,
    [
      [0, 0],
      [-0, -0],
      [Infinity, 1],
      [-Infinity, -1],
      [NaN, NaN],
    ],
  ],
  erfc: [
    erfc,
    [
      [0, 1],
      [Infinity, 0],
      [-Infinity, 2],
      [NaN, NaN],
    ],
  ],
  erfcx: [
    erfcx,
    [
      [0, 1],
      [Infinity, 0],
      [-Infinity, Infinity],
      [-27, Infinity],
      [NaN, NaN],
    ],
  ],
  lgamma: [
    lgamma,
    [
      [1, 0],
      [2, 0],
      [0, Infinity],
      [-0, Infinity],
      [-3, Infinity],
      [-1e300, Infinity],
      [Infinity, Infinity],
      [-Infinity, Infinity],
      [NaN, NaN],
    ],
  ],
  digamma: [
    digamma,
    [
      [0, NaN],
      [-1, NaN],
      [-1e300, NaN],
      [Infinity, Infinity],
      [-Infinity, NaN],
      [NaN, NaN],
    ],
  ],
  trigamma: [
    (x) => polygamma(1, x),
    [
      [0, Infinity],
      [-4, Infinity],
      [Infinity, 0],
      [-Infinity, NaN],
      [NaN, NaN],
    ],
  ],
  "polygamma of order 2": [
    (x) => polygamma(2, x),
    [
      [0, NaN],
      [-4, NaN],
      [Infinity, -0],
      [NaN, NaN],
    ],
  ],
  "polygamma of order 1.5": [(x) => polygamma(1.5, x), [[1, NaN]]],
  "polygamma of order -1": [(x) => polygamma(-1, x), [[1, NaN]]],
};

describe("special arguments", () => {
  test.each(Object.keys(special))("%s", (name) => {
    const [f, cases] = special[name]!;
    for (const [x, expected] of cases) expect(f(x), `${name}(${x})`).toBe(expected);
  });

  test("remainder, minimum and maximum follow NumPy", () => {
    expect([remainder(-1, Infinity), remainder(1, Infinity), remainder(1, -Infinity)]).toEqual([Infinity, 1, -Infinity]);
    expect([remainder(6, 3), remainder(6, -3), remainder(-6, 3)]).toEqual([0, -0, 0]);
    expect([remainder(1, 0), remainder(Infinity, 1), remainder(NaN, 1), remainder(1, NaN)]).toEqual([NaN, NaN, NaN, NaN]);
    expect([minimum(NaN, 1), maximum(1, NaN), minimum(0, -0), maximum(-0, 0)]).toEqual([NaN, NaN, -0, 0]);
  });
});
