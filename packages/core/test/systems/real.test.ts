// Float64's operations stay within their stated errors, against 40-digit values and against double-doubles.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { binaryError, polygammaError, ulpBounds, unaryError } from "../../src/systems/accuracy.ts";
import { doubleDouble } from "../../src/systems/doubleDouble.ts";
import { interval } from "../../src/systems/interval.ts";
import { real } from "../../src/systems/real.ts";
import { binaryOperations, orders, pairRangeOf, rangeOf, referencesOf, relativeError, uniform, unaryOperations } from "./samples.ts";

const distance = (value: number, accurate: { high: number; low: number }): number => Math.abs(accurate.high - value + accurate.low);
const exactOnes: readonly string[] = ["neg", "abs", "sign", "floor", "ceil", "round"];

describe("errors stay within their bounds", () => {
  test.each(unaryOperations)("%s", (operation) => {
    const known = referencesOf(operation) as readonly [number, string][];
    if (!exactOnes.includes(operation)) expect(known.length).toBeGreaterThan(2);
    for (const [x, reference] of known) {
      const value = real[operation](x);
      expect(relativeError({ high: value, low: 0 }, reference) * Math.abs(Number(reference))).toBeLessThanOrEqual(
        unaryError(operation, x, value),
      );
    }
    fc.assert(
      fc.property(uniform(rangeOf(operation)), (x) => {
        const value = real[operation](x);
        expect(distance(value, doubleDouble[operation](doubleDouble.constant(x)))).toBeLessThanOrEqual(unaryError(operation, x, value));
      }),
      { numRuns: 1000 },
    );
  });

  test.each(binaryOperations)("%s", (operation) => {
    const [first, second] = pairRangeOf(operation);
    fc.assert(
      fc.property(uniform(first), uniform(second), (x, y) => {
        const value = real[operation](x, y);
        const accurate = doubleDouble[operation](doubleDouble.constant(x), doubleDouble.constant(y));
        expect(distance(value, accurate)).toBeLessThanOrEqual(binaryError(operation, x, y, value) * (1 + 1e-14));
      }),
      { numRuns: 1000 },
    );
  });

  test.each(orders)("polygamma of order %i", (order) => {
    fc.assert(
      fc.property(uniform([-8, 30]), (x) => {
        fc.pre(!Number.isInteger(x));
        const value = real.polygamma(order, x);
        expect(distance(value, doubleDouble.polygamma(order, doubleDouble.constant(x)))).toBeLessThanOrEqual(
          polygammaError(order, x, value),
        );
      }),
      { numRuns: 300 },
    );
  });
});

test("the bounds are not slack: each is met to a tenth", () => {
  for (const operation of unaryOperations) {
    if (ulpBounds[operation] === 0) continue;
    const [low, high] = rangeOf(operation);
    let worst = 0;
    for (let i = 0; i < 1500; i++) {
      const x = low + ((high - low) * (i + 0.123456789)) / 1500;
      const value = real[operation](x);
      worst = Math.max(worst, distance(value, doubleDouble[operation](doubleDouble.constant(x))) / unaryError(operation, x, value));
    }
    expect(worst, operation).toBeGreaterThan(0.1);
  }
});

test("truth values are 1 and 0, and comparisons with NaN are false", () => {
  expect([real.less(1, 2), real.less(2, 1), real.lessEqual(1, 1), real.equal(0, -0)]).toEqual([1, 0, 1, 1]);
  expect([real.less(1, NaN), real.lessEqual(NaN, NaN), real.equal(NaN, NaN)]).toEqual([0, 0, 0]);
  expect([real.not(0), real.not(1), real.and(1, 0), real.or(1, 0)]).toEqual([1, 0, 0, 1]);
  expect([real.isNaN(NaN), real.isFinite(Infinity), real.select(1, 5, NaN), real.decide(1)]).toEqual([1, 0, 5, true]);
});

describe("one to any power, and -1 to an infinite one, are 1 as in C and NumPy", () => {
  test.each([
    [1, NaN],
    [1, Infinity],
    [1, -Infinity],
    [-1, Infinity],
    [-1, -Infinity],
  ])("%d to %d", (x, y) => {
    expect(real.pow(x, y)).toBe(1);
    expect(doubleDouble.toNumber(doubleDouble.pow(doubleDouble.constant(x), doubleDouble.constant(y)))).toBe(1);
    if (!Number.isNaN(y)) expect(interval.pow(interval.constant(x), interval.constant(y))).toEqual(interval.constant(1));
  });
  test("others are as ever", () => {
    expect([real.pow(-1, NaN), real.pow(2, NaN), real.pow(0, 0), real.pow(NaN, 0)]).toEqual([NaN, NaN, 1, 1]);
    expect([real.pow(-2, Infinity), real.pow(-0.5, Infinity), real.pow(-2, 0.5)]).toEqual([Infinity, 0, NaN]);
    expect(interval.pow(interval.constant(-2), interval.constant(Infinity)).high).toBe(Infinity);
  });
});
