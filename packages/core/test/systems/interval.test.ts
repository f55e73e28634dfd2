// Intervals: enclosure of double-double results for members of random intervals, tightness at points, poles and domains, three answers.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Undecided } from "../../src/arithmetic.ts";
import { polygammaError, ulpBounds } from "../../src/systems/accuracy.ts";
import { type DoubleDouble, doubleDouble } from "../../src/systems/doubleDouble.ts";
import { type Interval, interval, intervalFrom } from "../../src/systems/interval.ts";
import { real } from "../../src/systems/real.ts";
import { above, addDown, addUp, below, divDown, divUp, mulDown, mulUp, sqrtDown, sqrtUp } from "../../src/systems/rounding.ts";
import { binaryOperations, magnitudes, orders, pairRangeOf, rangeOf, specials, uniform, unaryOperations } from "./samples.ts";

const encloses = (x: Interval, value: DoubleDouble): boolean =>
  (x.low < value.high || (x.low === value.high && value.low >= 0)) && (value.high < x.high || (value.high === x.high && value.low <= 0));

const isPartial = (x: Interval): boolean => x.partial === true || Number.isNaN(x.low);

/** An interval and a member of it: a point, a narrow or a wide one, at arguments of every size. */
const withMember = (argument: fc.Arbitrary<number>): fc.Arbitrary<{ set: Interval; member: number }> =>
  fc
    .tuple(argument, fc.oneof(fc.constant(0), magnitudes(1e-17, 10)), fc.oneof(fc.constantFrom(0, 1), uniform([0, 1])))
    .map(([x, width, t]) => {
      const high = x + width * Math.max(Math.abs(x) < 1e15 ? 1 : 0, Math.abs(x) * 1e-16);
      return { set: intervalFrom(x, high), member: Math.min(high, x + (high - x) * t) };
    });

const signed = (size: fc.Arbitrary<number>): fc.Arbitrary<number> =>
  fc.tuple(size, fc.boolean()).map(([x, negative]) => (negative ? -x : x));
const anywhere = fc.oneof(
  uniform([-4, 4]),
  uniform([-30, 30]),
  signed(magnitudes(1e-10, 1e10)),
  fc.constantFrom(...specials.filter(Number.isFinite)),
);

/** The result encloses the accurate one, or says that there may be none. */
function check(label: string, result: Interval, accurate: DoubleDouble): void {
  const isEnclosed = Number.isNaN(accurate.high) ? isPartial(result) : encloses(result, accurate);
  expect(isEnclosed, `${label}: ${accurate.high} + ${accurate.low} in [${result.low}, ${result.high}]`).toBe(true);
}

describe("enclosure", () => {
  test.each(unaryOperations)("%s", (operation) => {
    const arguments_ = withMember(fc.oneof(anywhere, uniform(rangeOf(operation))));
    fc.assert(
      fc.property(arguments_, ({ set, member }) => {
        check(
          `${operation}([${set.low}, ${set.high}]) at ${member}`,
          interval[operation](set),
          doubleDouble[operation](doubleDouble.constant(member)),
        );
      }),
      { numRuns: 400 },
    );
  });

  test.each(binaryOperations)("%s", (operation) => {
    const [first, second] = pairRangeOf(operation);
    const whole = uniform([-6, 6]).map(Math.round);
    fc.assert(
      fc.property(
        withMember(fc.oneof(anywhere, uniform(first))),
        withMember(fc.oneof(anywhere, whole, uniform(second))),
        ({ set: x, member: a }, { set: y, member: b }) => {
          const accurate = doubleDouble[operation](doubleDouble.constant(a), doubleDouble.constant(b));
          const result = interval[operation](x, y);
          const isSignedZeroCase = !Number.isFinite(accurate.high) && b === 0;
          if (!isSignedZeroCase) check(`${operation}([${x.low}, ${x.high}], [${y.low}, ${y.high}]) at ${a}, ${b}`, result, accurate);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test.each(orders)("polygamma of order %i", (order) => {
    fc.assert(
      fc.property(withMember(fc.oneof(uniform([-6, 20]), uniform([-0.5, 2]))), ({ set, member }) => {
        const accurate = doubleDouble.polygamma(order, doubleDouble.constant(member));
        check(`polygamma(${order}, [${set.low}, ${set.high}]) at ${member}`, interval.polygamma(order, set), accurate);
      }),
      { numRuns: 400 },
    );
  });

  test("sin, cos and tan of huge arguments, as points and as neighbours", () => {
    fc.assert(
      fc.property(magnitudes(1, 1e300), fc.boolean(), (x, isPoint) => {
        const set = isPoint ? intervalFrom(x, x) : intervalFrom(x, above(x));
        for (const operation of ["sin", "cos", "tan"] as const) {
          const result = interval[operation](set);
          for (const end of [set.low, set.high])
            check(`${operation} at ${end}`, result, doubleDouble[operation](doubleDouble.constant(end)));
          if (isPoint && operation !== "tan") expect(result.high - result.low).toBeLessThan(1e-15);
        }
      }),
    );
  });
});

describe("tightness", () => {
  const ulp = (x: number): number => Math.max(2 ** -52 * Math.abs(x), 5e-324);

  test.each(unaryOperations)("%s of a point", (operation) => {
    fc.assert(
      fc.property(uniform(rangeOf(operation)), (x) => {
        const { low, high } = interval[operation](interval.constant(x));
        const bound = ulpBounds[operation] <= 0.5 ? 1 : 2 * ulpBounds[operation] + 4;
        expect(high - low).toBeLessThanOrEqual(bound * ulp(real[operation](x)));
      }),
    );
  });

  test.each(orders)("polygamma of order %i of a point", (order) => {
    fc.assert(
      fc.property(uniform([-3, 20]), (x) => {
        fc.pre(!Number.isInteger(x));
        const { low, high } = interval.polygamma(order, interval.constant(x));
        const value = real.polygamma(order, x);
        expect(high - low).toBeLessThanOrEqual(2.01 * polygammaError(order, x, value) + 4 * ulp(value));
      }),
    );
  });

  test("whole numbers stay points under + - × and whole powers, and so do exact quotients and roots", () => {
    const { add, sub, mul, div, pow, sqrt, constant } = interval;
    fc.assert(
      fc.property(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: 1, max: 1000 }), (a, b) => {
        const [x, y] = [constant(a), constant(b)];
        expect(add(x, y)).toEqual(constant(a + b));
        expect(sub(x, y)).toEqual(constant(a - b));
        const { low, high } = mul(x, y);
        expect([low + 0, high + 0]).toEqual([a * b + 0, a * b + 0]);
        expect(div(mul(x, y), y).low + 0).toBe(a + 0);
        expect(pow(y, constant(5))).toEqual(constant(b ** 5));
        expect(sqrt(mul(y, y))).toEqual(y);
      }),
    );
  });

  test("exact values of functions are points", () => {
    const at = (operation: "exp" | "cos" | "log" | "sin" | "lgamma" | "log2" | "log10" | "exp2" | "cbrt" | "erf", x: number): Interval =>
      interval[operation](interval.constant(x));
    expect([at("exp", 0), at("cos", 0), at("log", 1), at("sin", 0), at("erf", 0)]).toEqual([1, 1, 0, 0, 0].map(interval.constant));
    expect([at("lgamma", 2), at("log2", 8), at("log10", 1000), at("exp2", -3), at("cbrt", -27)]).toEqual(
      [0, 3, 3, 0.125, -3].map(interval.constant),
    );
  });

  test("directed rounding is the nearest double on its side", () => {
    const operands = fc.oneof(uniform([-10, 10]), signed(magnitudes(1e-300, 1e300)), fc.integer({ min: -9, max: 9 }));
    fc.assert(
      fc.property(operands, operands, (x, y) => {
        fc.pre(y !== 0);
        const [a, b] = [doubleDouble.constant(x), doubleDouble.constant(y)];
        const cases = [
          [addDown(x, y), addUp(x, y), doubleDouble.add(a, b)],
          [mulDown(x, y), mulUp(x, y), doubleDouble.mul(a, b)],
          [divDown(x, y), divUp(x, y), doubleDouble.div(a, b)],
          [sqrtDown(Math.abs(x)), sqrtUp(Math.abs(x)), doubleDouble.sqrt(doubleDouble.constant(Math.abs(x)))],
        ] as const;
        for (const [low, high, accurate] of cases) {
          if (!Number.isFinite(accurate.high)) continue;
          expect(encloses(intervalFrom(low, high), accurate)).toBe(true);
          expect(high).toBeLessThanOrEqual(above(above(low)));
        }
      }),
      { numRuns: 1000 },
    );
    expect([above(1), below(1), above(0), above(-Infinity), above(Number.MAX_VALUE)]).toEqual([
      1 + 2 ** -52,
      1 - 2 ** -53,
      5e-324,
      -Number.MAX_VALUE,
      Infinity,
    ]);
  });
});

describe("domains, poles and overflow", () => {
  const whole = { low: -Infinity, high: Infinity };

  test("the part outside the domain is left away and marked, and the mark stays", () => {
    expect(interval.log(intervalFrom(-1, 1))).toEqual({ low: -Infinity, high: 0, partial: true });
    expect(interval.sqrt(intervalFrom(-4, 4))).toEqual({ low: 0, high: 2, partial: true });
    expect(interval.add(interval.sqrt(intervalFrom(-4, 4)), interval.constant(1))).toEqual({ low: 1, high: 3, partial: true });
    expect(interval.log(intervalFrom(-2, -1))).toEqual({ low: Number.NaN, high: Number.NaN });
    expect(interval.pow(intervalFrom(-4, 4), interval.constant(0.5))).toMatchObject({ low: 0, partial: true });
    expect(interval.div(interval.constant(0), interval.constant(0)).low).toBe(Number.NaN);
    expect(interval.sub(interval.constant(Infinity), interval.constant(Infinity)).low).toBe(Number.NaN);
  });

  test("a marked interval cannot make a comparison certain, one without members answers no", () => {
    const root = interval.sqrt(intervalFrom(-4, 4));
    expect(interval.less(root, interval.constant(9))).toEqual({ low: 0, high: 1 });
    expect(interval.less(interval.log(intervalFrom(-2, -1)), interval.constant(9))).toEqual(interval.constant(0));
    expect([interval.isNaN(root), interval.isNaN(interval.constant(1))]).toEqual([{ low: 0, high: 1 }, interval.constant(0)]);
    expect(interval.isNaN(interval.log(intervalFrom(-2, -1)))).toEqual(interval.constant(1));
  });

  test("division by sets that reach or hold zero", () => {
    const { div, constant } = interval;
    expect(div(constant(1), intervalFrom(0, 2))).toEqual({ low: 0.5, high: Infinity });
    expect(div(constant(1), intervalFrom(-2, 0))).toEqual({ low: -Infinity, high: -0.5 });
    expect(div(constant(1), intervalFrom(-1, 2))).toEqual(whole);
    expect(interval.pow(intervalFrom(-2, 4), constant(-1))).toEqual(whole);
    expect(interval.pow(intervalFrom(-2, 4), constant(-2))).toEqual({ low: 0.0625, high: Infinity });
  });

  test("poles of tan, lgamma and polygamma", () => {
    expect(interval.tan(intervalFrom(1, 2))).toEqual(whole);
    expect(interval.lgamma(intervalFrom(-0.5, 0.5))).toEqual(whole);
    expect(interval.lgamma(intervalFrom(0, 0.5)).high).toBe(Infinity);
    expect(interval.polygamma(1, intervalFrom(-0.5, 0.5))).toEqual({ low: 0, high: Infinity });
    expect(interval.polygamma(0, intervalFrom(-0.5, 0.5))).toEqual({ ...whole, partial: true });
  });

  test("an overflow is bounded from below", () => {
    expect(interval.exp(interval.constant(1000))).toEqual({ low: Number.MAX_VALUE, high: Infinity });
    expect(interval.mul(interval.constant(1e200), interval.constant(-1e200))).toEqual({ low: -Infinity, high: -Number.MAX_VALUE });
    expect(interval.exp(interval.constant(-1000)).low).toBe(0);
  });
});

describe("truth", () => {
  const [yes, no, unknown] = [interval.constant(1), interval.constant(0), intervalFrom(0, 1)];

  test("comparisons have three answers", () => {
    expect(interval.less(intervalFrom(1, 2), intervalFrom(3, 4))).toEqual(yes);
    expect(interval.less(intervalFrom(3, 4), intervalFrom(1, 2))).toEqual(no);
    expect(interval.less(intervalFrom(1, 3), intervalFrom(2, 4))).toEqual(unknown);
    expect(interval.less(intervalFrom(1, 2), intervalFrom(2, 3))).toEqual(unknown);
    expect(interval.lessEqual(intervalFrom(1, 2), intervalFrom(2, 3))).toEqual(yes);
    expect(interval.equal(intervalFrom(1, 2), intervalFrom(1, 2))).toEqual(unknown);
    expect(interval.equal(interval.constant(2), interval.constant(2))).toEqual(yes);
  });

  test("logic keeps unknown apart", () => {
    expect([interval.not(unknown), interval.not(yes), interval.not(no)]).toEqual([unknown, no, yes]);
    expect([interval.and(unknown, no), interval.and(unknown, yes), interval.or(unknown, yes), interval.or(unknown, no)]).toEqual([
      no,
      unknown,
      yes,
      unknown,
    ]);
  });

  test("select on unknown is the hull, decide throws", () => {
    const [x, y] = [intervalFrom(1, 2), intervalFrom(5, 6)];
    expect([interval.select(yes, x, y), interval.select(no, x, y), interval.select(unknown, x, y)]).toEqual([x, y, intervalFrom(1, 6)]);
    expect(interval.select(unknown, x, interval.constant(Number.NaN))).toEqual({ ...x, partial: true });
    expect([interval.decide(yes), interval.decide(no)]).toEqual([true, false]);
    expect(() => interval.decide(unknown)).toThrow(Undecided);
  });

  test("the centre stands for an interval", () => {
    expect([intervalFrom(1, 3), intervalFrom(-Infinity, Infinity), intervalFrom(1e308, 1.5e308)].map(interval.toNumber)).toEqual([
      2, 0, 1.25e308,
    ]);
  });
});
