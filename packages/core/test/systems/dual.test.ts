// Dual numbers: tangents against differences of double-doubles, second derivatives, enclosures over intervals, conventions at kinks.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DoubleDouble, doubleDouble } from "../../src/systems/doubleDouble.ts";
import { type Dual, dual } from "../../src/systems/dual.ts";
import { interval } from "../../src/systems/interval.ts";
import { real } from "../../src/systems/real.ts";
import { binaryOperations, orders, pairRangeOf, rangeOf, smoothUnary, steps, uniform } from "./samples.ts";

const single = dual(real);
const accurate = dual(doubleDouble);
const nested = dual(dual(real));

type Function = (x: DoubleDouble) => DoubleDouble;

/** The derivative by two central differences, extrapolated: error about 1e-20 of the fifth derivative. */
function difference(f: Function, x: number): number {
  const central = (h: number): DoubleDouble => {
    const [above, below] = [x + h, x - h].map((point) => f(doubleDouble.constant(point))) as [DoubleDouble, DoubleDouble];
    return doubleDouble.div(doubleDouble.sub(above, below), doubleDouble.constant(2 * h));
  };
  const [fine, coarse] = [central(2 ** -17), central(2 ** -16)];
  return doubleDouble.add(fine, doubleDouble.div(doubleDouble.sub(fine, coarse), doubleDouble.constant(3))).high;
}

const seeded = (x: number): Dual<number> => ({ primal: x, tangent: 1 });
const close = (x: number, y: number, tolerance: number): boolean => Math.abs(x - y) <= tolerance * (1 + Math.abs(y));

/** Away from where an operation is not smooth. */
function isSmoothAt(operation: string, x: number, y = Number.NaN): boolean {
  if (operation === "abs") return Math.abs(x) > 0.01;
  if (operation === "round32" || steps.includes(operation)) return Math.abs(x * 2 - Math.round(x * 2)) > 0.01;
  if (operation === "min" || operation === "max") return Math.abs(x - y) > 0.01;
  if (operation === "atan2") return Math.hypot(x, y) > 0.3 && (y > 0 || Math.abs(x) > 0.01);
  if (operation === "remainder") return Math.abs(x / y - Math.round(x / y)) > 0.01;
  return true;
}

/** So far from the ends of a range that the derivatives there stay moderate. */
const margin = 2e-2;
const inside = ([low, high]: readonly [number, number]): readonly [number, number] => [low + margin * (1 + Math.abs(low)), high];

describe("tangents are derivatives", () => {
  test.each([...smoothUnary, ...(steps as readonly "floor"[])])("%s", (operation) => {
    fc.assert(
      fc.property(uniform(inside(rangeOf(operation))), (x) => {
        fc.pre(isSmoothAt(operation, x));
        const expected = difference(doubleDouble[operation], x);
        const { primal, tangent } = accurate[operation]({ primal: doubleDouble.constant(x), tangent: doubleDouble.constant(1) });
        expect(primal).toEqual(doubleDouble[operation](doubleDouble.constant(x)));
        expect(close(tangent.high, expected, 1e-11), `${tangent.high} ≠ ${expected} at ${x}`).toBe(true);
        expect(close(single[operation](seeded(x)).tangent, tangent.high, 1e-12), `float64 ${tangent.high} at ${x}`).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test.each(binaryOperations)("%s", (operation) => {
    const [first, second] = pairRangeOf(operation);
    fc.assert(
      fc.property(uniform(inside(first)), uniform(inside(second)), (x, y) => {
        fc.pre(isSmoothAt(operation, x, y));
        const [left, right] = [doubleDouble.constant(x), doubleDouble.constant(y)];
        const byX = difference((t) => doubleDouble[operation](t, right), x);
        const byY = difference((t) => doubleDouble[operation](left, t), y);
        const out = single[operation]({ primal: x, tangent: 2 }, { primal: y, tangent: 3 });
        expect(out.primal).toBe(real[operation](x, y));
        expect(close(out.tangent, 2 * byX + 3 * byY, 1e-10), `${out.tangent} ≠ 2 · ${byX} + 3 · ${byY}`).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test.each(orders)("polygamma of order %i", (order) => {
    fc.assert(
      fc.property(uniform([0.5, 20]), (x) => {
        const expected = difference((t) => doubleDouble.polygamma(order, t), x);
        expect(close(single.polygamma(order, seeded(x)).tangent, expected, 1e-9)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

describe("nested", () => {
  test.each(smoothUnary)("the second derivative of %s", (operation) => {
    fc.assert(
      fc.property(uniform(inside(rangeOf(operation))), (x) => {
        fc.pre(isSmoothAt(operation, x));
        const slope: Function = (t) => accurate[operation]({ primal: t, tangent: doubleDouble.constant(1) }).tangent;
        const out = nested[operation]({ primal: seeded(x), tangent: { primal: 1, tangent: 0 } });
        const expected = difference(slope, x);
        expect(out.primal.tangent).toBe(out.tangent.primal);
        expect(close(out.tangent.tangent, expected, 1e-9), `${out.tangent.tangent} ≠ ${expected} at ${x}`).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  test("a tangent whose primal is zero is not a zero tangent", () => {
    const x = { primal: seeded(0), tangent: { primal: 1, tangent: 0 } };
    expect(nested.exp(nested.mul(x, x)).tangent.tangent).toBe(2);
    expect(nested.pow(x, nested.constant(2)).tangent.tangent).toBe(2);
  });

  test("mixed derivatives of x^y at y = 0 are 1/x and of the smooth branches across a switch of formula", () => {
    const [x, y] = [
      { primal: seeded(4), tangent: nested.constant(0).tangent },
      { primal: single.constant(0), tangent: single.constant(1) },
    ];
    expect(nested.pow(x, y).tangent.tangent).toBe(0.25);
    const third = dual(dual(dual(real)));
    const one = {
      primal: { primal: seeded(1), tangent: { primal: 1, tangent: 0 } },
      tangent: { primal: single.constant(1), tangent: single.constant(0) },
    };
    expect(third.asinh(one).tangent.tangent.tangent).toBeCloseTo(1 / (4 * Math.SQRT2), 14);
  });
});

describe("conventions", () => {
  const { constant } = single;

  test("kinks have the mean of the one-sided derivatives", () => {
    expect(single.abs(seeded(0)).tangent).toBe(0);
    expect(single.max(seeded(1), constant(1)).tangent).toBe(0.5);
    expect(single.min(seeded(1), seeded(1)).tangent).toBe(1);
    expect(single.max(seeded(2), constant(1)).tangent).toBe(1);
    for (const operation of steps as readonly "floor"[]) expect(single[operation](seeded(0.3)).tangent).toBe(0);
  });

  test("a zero tangent is zero through an infinite partial and through the branch not taken", () => {
    expect(single.sqrt(constant(0))).toEqual({ primal: 0, tangent: 0 });
    expect(single.pow(seeded(-2), constant(3))).toEqual({ primal: -8, tangent: 12 });
    expect(single.pow(seeded(0), constant(0))).toEqual({ primal: 1, tangent: 0 });
    expect(single.select(constant(1), seeded(3), single.log(seeded(-1))).tangent).toBe(1);
  });

  test("questions look at the primal and have no tangent", () => {
    expect(single.less({ primal: 1, tangent: 5 }, { primal: 2, tangent: -5 })).toEqual({ primal: 1, tangent: 0 });
    expect(single.decide(single.equal(seeded(1), constant(1)))).toBe(true);
    expect(single.toNumber(seeded(7))).toBe(7);
    expect(single.round32({ primal: 0.1, tangent: 0.1 })).toEqual({ primal: Math.fround(0.1), tangent: 0.1 });
  });

  test("partials that overflow when written plainly", () => {
    expect(single.atan2(seeded(1e200), constant(1e200)).tangent).toBe(5e-201);
    expect(single.asinh(seeded(1e200)).tangent).toBeCloseTo(1e-200, 210);
    expect(single.acosh(seeded(1e200)).tangent / 1e-200).toBeCloseTo(1, 14);
    expect(single.erfcx(seeded(1e9)).tangent * 1e18 * Math.sqrt(Math.PI)).toBeCloseTo(-1, 14);
  });
});

test("over intervals the tangent encloses the derivative", () => {
  const set = dual(interval);
  for (const operation of smoothUnary) {
    fc.assert(
      fc.property(uniform(inside(rangeOf(operation))), (x) => {
        fc.pre(isSmoothAt(operation, x));
        const { tangent } = set[operation]({ primal: interval.constant(x), tangent: interval.constant(1) });
        const { high, low } = accurate[operation]({ primal: doubleDouble.constant(x), tangent: doubleDouble.constant(1) }).tangent;
        expect(
          tangent.low <= high && high <= tangent.high,
          `${operation} at ${x}: ${high} + ${low} in [${tangent.low}, ${tangent.high}]`,
        ).toBe(true);
        expect(tangent.high - tangent.low).toBeLessThan(1e-11 * (1 + Math.abs(high)));
      }),
      { numRuns: 20 },
    );
  }
});
