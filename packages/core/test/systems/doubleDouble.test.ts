// Double-doubles against 40-digit values, whole-number arithmetic, identities, and float64 at special arguments.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { doubleDouble as dd, type DoubleDouble } from "../../src/systems/doubleDouble.ts";
import { exact } from "../../src/systems/doubleDouble/arithmetic.ts";
import { partials } from "../../src/systems/partials.ts";
import { real } from "../../src/systems/real.ts";
import {
  agree,
  binaryOperations,
  magnitudes,
  rangeOf,
  referencesOf,
  relativeError,
  specials,
  uniform,
  unaryOperations,
} from "./samples.ts";

const slopes = partials(real);
const of = (high: number, low = 0): DoubleDouble => dd.add(dd.constant(high), dd.constant(low));

/** Elements with random digits in both parts. */
const elements = (argument: fc.Arbitrary<number>): fc.Arbitrary<DoubleDouble> =>
  fc.tuple(argument, uniform([-0.5, 0.5])).map(([high, part]) => of(high, high * part * 2 ** -53));

/** |x - y| relative to y. */
const apart = (x: DoubleDouble, y: DoubleDouble): number => Math.abs(dd.toNumber(dd.sub(x, y)) / y.high);

/** The trailing part of a small element ends here. */
const smallest = 2 ** -1074;

/** How many times a relative error of x is magnified, at least once. */
const condition = (x: number, value: number, slope: number): number => Math.max(1, Math.abs((x * slope) / value));

describe("values to 40 digits", () => {
  test.each(unaryOperations)("%s", (operation) => {
    for (const [x, reference] of referencesOf(operation) as readonly [number, string][]) {
      const value = dd[operation](dd.constant(x));
      const tolerance = 5e-31 * condition(x, value.high, slopes.unary[operation](x, value.high)) + smallest / Math.abs(value.high);
      expect(relativeError(value, reference), `${operation}(${x})`).toBeLessThan(tolerance);
    }
  });

  test.each(["pow", "atan2"] as const)("%s", (operation) => {
    for (const [x, y, reference] of referencesOf(operation) as readonly [number, number, string][]) {
      const value = dd[operation](dd.constant(x), dd.constant(y));
      const tolerance = 2e-31 * (operation === "pow" ? 1 + Math.abs(y * Math.log(x)) : 1) + smallest / Math.abs(value.high);
      expect(relativeError(value, reference), `${operation}(${x}, ${y})`).toBeLessThan(tolerance);
    }
  });

  test("polygamma", () => {
    for (const [order, x, reference] of referencesOf("polygamma") as readonly [number, number, string][]) {
      const value = dd.polygamma(order, dd.constant(x));
      const tolerance = 5e-31 * (order + 1) * condition(x, value.high, real.polygamma(order + 1, x));
      expect(relativeError(value, reference), `polygamma(${order}, ${x})`).toBeLessThan(tolerance);
    }
  });
});

describe("arithmetic against whole numbers", () => {
  const pairs = fc.tuple(elements(uniform([-10, 10])), elements(uniform([-10, 10])));

  /** |value - n/d · 2^exponent|, relative, as whole numbers over whole numbers. */
  function error(value: DoubleDouble, n: bigint, d: bigint, exponent: number): number {
    const { whole, exponent: e } = exact(value);
    const shift = Math.min(e, exponent);
    const left = whole * d * 2n ** BigInt(e - shift);
    const right = n * 2n ** BigInt(exponent - shift);
    if (right === 0n) return left === 0n ? 0 : Infinity;
    const difference = left > right ? left - right : right - left;
    return Number((difference * 10n ** 60n) / (right < 0n ? -right : right)) / 1e60;
  }

  /** Both elements as whole numbers of the same power of two. */
  function aligned(x: DoubleDouble, y: DoubleDouble): readonly [bigint, bigint, number] {
    const [a, b] = [exact(x), exact(y)];
    const e = Math.min(a.exponent, b.exponent);
    return [a.whole * 2n ** BigInt(a.exponent - e), b.whole * 2n ** BigInt(b.exponent - e), e];
  }

  test("sums, also of nearly opposite numbers", () => {
    fc.assert(
      fc.property(pairs, fc.boolean(), ([x, y], cancels) => {
        const other = cancels ? of(-x.high, y.low) : y;
        const [a, b, e] = aligned(x, other);
        expect(error(dd.add(x, other), a + b, 1n, e)).toBeLessThan(3.1 * 2 ** -106);
        expect(error(dd.sub(x, other), a - b, 1n, e)).toBeLessThan(3.1 * 2 ** -106);
      }),
    );
  });

  test("products and quotients", () => {
    fc.assert(
      fc.property(pairs, ([x, y]) => {
        fc.pre(x.high !== 0 && y.high !== 0);
        const [a, b, e] = aligned(x, y);
        expect(error(dd.mul(x, y), a * b, 1n, 2 * e)).toBeLessThan(7 * 2 ** -106);
        expect(error(dd.div(x, y), a, b, 0)).toBeLessThan(10 * 2 ** -106);
      }),
    );
  });

  test("remainders are exact before rounding, whatever the quotient", () => {
    fc.assert(
      fc.property(elements(magnitudes(1e-10, 1e40)), elements(magnitudes(1e-10, 1e10)), fc.boolean(), (x, y, negative) => {
        const divisor = negative ? dd.neg(y) : y;
        const [a, b, e] = aligned(x, divisor);
        const rest = ((a % b) + b) % b;
        expect(error(dd.remainder(x, divisor), rest, 1n, e)).toBeLessThan(2 ** -105);
      }),
    );
  });

  test("rounding looks at both parts", () => {
    expect(dd.round(of(2.5, 1e-20))).toEqual(of(3));
    expect(dd.round(of(2.5))).toEqual(of(2));
    expect(dd.round(of(3.5, -1e-20))).toEqual(of(3));
    expect(dd.floor(of(3, -1e-20))).toEqual(of(2));
    expect(dd.ceil(of(3, 1e-20))).toEqual(of(4));
    expect(dd.floor(of(2 ** 60, -0.25))).toEqual(of(2 ** 60, -1));
    expect(dd.round32(of(1 + 2 ** -24, 1e-20))).toEqual(of(1 + 2 ** -23));
    expect(dd.round32(of(1 + 2 ** -24, -1e-20))).toEqual(of(1));
    expect(dd.round32(of(1 + 3 * 2 ** -24, -1e-20))).toEqual(of(1 + 2 ** -23));
    expect(dd.less(of(1), of(1, 1e-20))).toEqual(of(1));
  });
});

describe("identities", () => {
  const { exp, log, add, sub, mul, div, constant } = dd;
  const one = constant(1);
  const square = (x: DoubleDouble): DoubleDouble => mul(x, x);
  const check = (range: readonly [number, number], law: (x: DoubleDouble) => void): void =>
    fc.assert(
      fc.property(elements(uniform(range)), (x) => {
        law(x);
      }),
      { numRuns: 60 },
    );

  test("exp and log, expm1 and log1p, exp2 and log2, log10", () => {
    check([-30, 30], (x) => {
      expect(apart(log(exp(x)), x)).toBeLessThan(1e-31 * condition(x.high, x.high, 1 / x.high));
      expect(apart(dd.log2(dd.exp2(x)), x)).toBeLessThan(1e-31 * (1 + 1 / Math.abs(x.high)));
      expect(apart(mul(dd.log10(exp(x)), log(constant(10))), x)).toBeLessThan(1e-31 * (1 + 1 / Math.abs(x.high)));
      expect(apart(add(dd.expm1(x), one), exp(x))).toBeLessThan(1e-31 * (1 + Math.exp(-x.high)));
    });
    check([-0.9, 5], (x) => expect(apart(dd.expm1(dd.log1p(x)), x)).toBeLessThan(1e-30));
    expect([dd.log10(of(1e22)), dd.log2(of(2 ** -1074)), dd.exp2(of(-1074))]).toEqual([of(22), of(-1074), of(2 ** -1074)]);
  });

  test("sin² + cos² = 1 and tan = sin/cos, for large arguments and beside multiples of π/2", () => {
    const law = (x: DoubleDouble): void => {
      expect(apart(add(square(dd.sin(x)), square(dd.cos(x))), one)).toBeLessThan(1e-31);
      expect(apart(dd.tan(x), div(dd.sin(x), dd.cos(x)))).toBeLessThan(1e-31);
    };
    check([-100, 100], law);
    fc.assert(fc.property(elements(magnitudes(1, 1e300)), law), { numRuns: 60 });
    const halfPi = mul(constant(2), dd.atan(one));
    for (const k of [1, 2, 7, 100, 123456, 987654321]) {
      const nearest = mul(constant(k), halfPi);
      law(nearest);
      expect(Math.abs((k % 2 === 0 ? dd.sin(nearest) : dd.cos(nearest)).high)).toBeLessThan(k * 1e-31);
    }
  });

  test("the inverses of sin, cos, tan, sinh, cosh and tanh", () => {
    check([-0.99, 0.99], (x) => {
      expect(apart(dd.sin(dd.asin(x)), x)).toBeLessThan(1e-30);
      expect(Math.abs(sub(dd.cos(dd.acos(x)), x).high)).toBeLessThan(1e-31);
      expect(apart(dd.tanh(dd.atanh(x)), x)).toBeLessThan(1e-30);
    });
    check([-20, 20], (x) => {
      expect(apart(dd.tan(dd.atan(x)), x)).toBeLessThan(1e-29);
      expect(apart(dd.sinh(dd.asinh(x)), x)).toBeLessThan(1e-30);
      expect(apart(sub(square(dd.cosh(x)), square(dd.sinh(x))), one)).toBeLessThan(1e-31 * Math.cosh(x.high) ** 2);
    });
    check([1.01, 20], (x) => expect(apart(dd.cosh(dd.acosh(x)), x)).toBeLessThan(1e-30));
  });

  test("roots and powers", () => {
    check([0.01, 50], (x) => {
      expect(apart(square(dd.sqrt(x)), x)).toBeLessThan(1e-31);
      expect(apart(mul(square(dd.cbrt(x)), dd.cbrt(x)), x)).toBeLessThan(1e-31);
      expect(apart(dd.pow(x, constant(0.5)), dd.sqrt(x))).toBeLessThan(3e-31);
      expect(apart(dd.pow(dd.neg(x), constant(-3)), dd.neg(div(one, mul(square(x), x))))).toBeLessThan(3e-31);
    });
    expect(dd.pow(of(3), of(40))).toEqual(of(12157665459056929000, 33));
    expect(dd.pow(of(10), of(22))).toEqual(of(1e22));
  });

  test("error functions: erf + erfc = 1, erfcx = e^(x²) erfc, also across the changes of method", () => {
    check([-6, 6], (x) => expect(apart(add(dd.erf(x), dd.erfc(x)), one)).toBeLessThan(2e-31));
    check([0.4, 1.1], (x) => expect(apart(mul(exp(square(x)), sub(one, dd.erf(x))), dd.erfcx(x))).toBeLessThan(2e-30));
    check([8, 12], (x) => expect(apart(mul(exp(square(x)), dd.erfc(x)), dd.erfcx(x))).toBeLessThan(1e-29));
  });

  test("gamma functions: recurrences and reflection", () => {
    check([-15, 40], (x) => {
      fc.pre(Math.abs(x.high - Math.round(x.high)) > 1e-3);
      const after = add(x, one);
      const scale = 1 + Math.abs(dd.lgamma(x).high);
      expect(Math.abs(sub(sub(dd.lgamma(after), dd.lgamma(x)), log(dd.abs(x))).high)).toBeLessThan(1e-29 * scale);
      let step = div(one, x);
      for (const order of [0, 1, 2, 3]) {
        const rest = sub(sub(dd.polygamma(order, after), dd.polygamma(order, x)), step);
        expect(Math.abs(rest.high)).toBeLessThan(1e-27 * (1 + Math.abs(step.high)) * 10 ** (3 * order));
        step = div(mul(dd.neg(step), constant(order + 1)), x);
      }
    });
  });
});

describe("float64 at special arguments", () => {
  test.each(unaryOperations)("%s", (operation) => {
    for (const x of specials) {
      const value = dd[operation](dd.constant(x));
      expect(agree(value.high, real[operation](x)), `${operation}(${x}) = ${value.high}`).toBe(true);
      expect(value.low === 0 || Math.abs(value.low) <= Math.abs(value.high) * 2 ** -53, `${operation}(${x})`).toBe(true);
    }
    const [low, high] = rangeOf(operation);
    fc.assert(fc.property(uniform([low, high]), (x) => agree(dd[operation](dd.constant(x)).high, real[operation](x))));
  });

  test.each(binaryOperations)("%s", (operation) => {
    for (const x of specials) {
      for (const y of specials) {
        const value = dd[operation](dd.constant(x), dd.constant(y));
        expect(agree(value.high, real[operation](x, y)), `${operation}(${x}, ${y}) = ${value.high}`).toBe(true);
        expect(Number.isNaN(value.low)).toBe(false);
      }
    }
  });

  test("polygamma at poles and infinities", () => {
    for (const order of [0, 1, 2]) {
      for (const x of [0, -1, -7, Infinity, -Infinity, Number.NaN]) {
        expect(dd.polygamma(order, dd.constant(x)).high).toBe(real.polygamma(order, x));
      }
    }
  });
});
