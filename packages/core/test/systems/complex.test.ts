// Complex numbers: the complex step gives derivatives to a few ulps, the full continuations satisfy their identities, the rest refuses.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Undecided } from "../../src/arithmetic.ts";
import { type Complex, complex, complexFrom } from "../../src/systems/complex.ts";
import { doubleDouble } from "../../src/systems/doubleDouble.ts";
import { dual } from "../../src/systems/dual.ts";
import { real } from "../../src/systems/real.ts";
import { binaryOperations, orders, pairRangeOf, rangeOf, smoothUnary, specials, steps, uniform, unaryOperations } from "./samples.ts";

const h = 1e-100;
const accurate = dual(doubleDouble);
const seeded = (x: number) => ({ primal: doubleDouble.constant(x), tangent: doubleDouble.constant(1) });
const still = (x: number) => ({ primal: doubleDouble.constant(x), tangent: doubleDouble.constant(0) });

describe("the complex step", () => {
  test.each(smoothUnary)("%s", (operation) => {
    fc.assert(
      fc.property(uniform(rangeOf(operation)), (x) => {
        const out = complex[operation](complexFrom(x, h));
        const expected = accurate[operation](seeded(x)).tangent.high;
        expect(out.re).toBe(real[operation](x));
        expect(Math.abs(out.im / h - expected)).toBeLessThanOrEqual(1e-12 * Math.abs(expected) + 1e-15);
      }),
    );
  });

  test.each(binaryOperations)("%s", (operation) => {
    const [first, second] = pairRangeOf(operation);
    fc.assert(
      fc.property(uniform(first), uniform(second), (x, y) => {
        fc.pre(x !== y);
        const byX = complex[operation](complexFrom(x, h), complexFrom(y, 0));
        const byY = complex[operation](complexFrom(x, 0), complexFrom(y, h));
        const [slopeX, slopeY] = [
          accurate[operation](seeded(x), still(y)).tangent.high,
          accurate[operation](still(x), seeded(y)).tangent.high,
        ];
        expect(Math.abs(byX.im / h - slopeX)).toBeLessThanOrEqual(1e-13 * (1 + Math.abs(slopeX)));
        expect(Math.abs(byY.im / h - slopeY)).toBeLessThanOrEqual(1e-13 * (1 + Math.abs(slopeY)));
      }),
    );
  });

  test.each(orders)("polygamma of order %i", (order) => {
    fc.assert(
      fc.property(uniform([0.1, 20]), (x) => {
        const expected = accurate.polygamma(order, seeded(x)).tangent.high;
        expect(Math.abs(complex.polygamma(order, complexFrom(x, h)).im / h / expected - 1)).toBeLessThan(1e-14);
      }),
    );
  });

  test("through a program, where differences would lose half the digits", () => {
    const { add, mul, exp, sin, cos, div, pow, constant } = complex;
    const cube = (z: Complex): Complex => pow(z, constant(3));
    const x = complexFrom(1.5, h);
    const value = div(exp(x), add(cube(sin(x)), cube(cos(x))));
    expect(value.im / h).toBeCloseTo(3.6220337007163259, 13); // Squire and Trapp 1998, the example of their table
    expect(mul(complexFrom(1e-60, h), complexFrom(1e-60, h)).im / h / 2e-60).toBeCloseTo(1, 14);
  });

  test("at the real axis the operations are those of float64", () => {
    for (const operation of unaryOperations) {
      for (const x of specials) {
        const value = complex[operation](complexFrom(x, 0));
        expect([Math.abs(value.re), value.im]).toEqual([Math.abs(real[operation](x)), value.im === 0 ? value.im : 0]);
      }
    }
  });
});

describe("the full continuations", () => {
  const { add, sub, mul, div, exp, log, sin, cos, tan, sqrt, constant } = complex;
  const one = constant(1);
  const i = complexFrom(0, 1);
  const square = (z: Complex): Complex => mul(z, z);
  const apart = (z: Complex, w: Complex): number => Math.hypot(z.re - w.re, z.im - w.im) / (1 + Math.hypot(w.re, w.im));
  const check = (label: string, law: (z: Complex) => readonly [Complex, Complex]): void =>
    test(label, () => {
      fc.assert(
        fc.property(uniform([-1.5, 1.5]), uniform([0.1, 1.5]), (re, im) => {
          const [left, right] = law(complexFrom(re, im));
          expect(apart(left, right), `${left.re} + ${left.im}i ≠ ${right.re} + ${right.im}i`).toBeLessThan(2e-14);
        }),
      );
    });

  check("exp(log z) = z", (z) => [exp(log(z)), z]);
  check("exp(iz) = cos z + i sin z", (z) => [exp(mul(i, z)), add(cos(z), mul(i, sin(z)))]);
  check("sin² + cos² = 1", (z) => [add(square(sin(z)), square(cos(z))), one]);
  check("tan = sin/cos", (z) => [tan(z), div(sin(z), cos(z))]);
  check("sin(asin z) = z", (z) => [sin(complex.asin(z)), z]);
  check("cos(acos z) = z", (z) => [cos(complex.acos(z)), z]);
  check("tan(atan z) = z", (z) => {
    const isBranchPoint = Math.hypot(z.re, z.im - 1) < 0.1;
    return isBranchPoint ? [z, z] : [tan(complex.atan(z)), z];
  });
  check("sinh(asinh z) = z", (z) => [complex.sinh(complex.asinh(z)), z]);
  check("cosh(acosh z) = z", (z) => [complex.cosh(complex.acosh(z)), z]);
  check("tanh(atanh z) = z", (z) => [complex.tanh(complex.atanh(z)), z]);
  check("cosh² - sinh² = 1", (z) => [sub(square(complex.cosh(z)), square(complex.sinh(z))), one]);
  check("expm1 and log1p", (z) => [complex.expm1(complex.log1p(z)), z]);
  check("√z² = z on the right half plane", (z) => [square(sqrt(z)), z]);
  check("∛z³ = z", (z) => [mul(square(complex.cbrt(z)), complex.cbrt(z)), z]);
  check("exp2 and log2, log10", (z) => [complex.exp2(complex.log2(z)), exp(mul(complex.log10(z), constant(Math.LN10)))]);
  check("z³ by pow", (z) => [complex.pow(z, constant(3)), mul(square(z), z)]);
  check("division undoes multiplication", (z) => [div(mul(z, complexFrom(0.3, -2)), complexFrom(0.3, -2)), z]);
  check("tan(atan2(y, x)) = y/x", (z) => [tan(complex.atan2(z, complexFrom(2, 0.5))), div(z, complexFrom(2, 0.5))]);

  test("small numbers keep their digits", () => {
    const z = complexFrom(1e-12, 2e-12);
    for (const operation of ["asin", "asinh", "atan", "atanh", "expm1", "log1p", "sin", "sinh", "tan", "tanh"] as const) {
      const value = complex[operation](z);
      expect([value.re / z.re, value.im / z.im].map((x) => Math.abs(x - 1) < 1e-11)).toEqual([true, true]);
    }
  });
});

describe("conventions and limits", () => {
  test("functions without a continuation follow the real part", () => {
    expect(complex.abs(complexFrom(-2, 3))).toEqual(complexFrom(2, -3));
    expect(complex.max(complexFrom(1, 5), complexFrom(2, 7))).toEqual(complexFrom(2, 7));
    expect(complex.min(complexFrom(1, 4), complexFrom(1, 6))).toEqual(complexFrom(1, 5));
    for (const operation of steps as readonly "floor"[])
      expect(complex[operation](complexFrom(1.3, 9))).toEqual(complexFrom(real[operation](1.3), 0));
    expect(complex.remainder(complexFrom(7, 2), complexFrom(3, 1))).toEqual(complexFrom(1, 0));
    expect(complex.less(complexFrom(1, 9), complexFrom(2, -9))).toEqual(complexFrom(1, 0));
    expect(complex.decide(complex.equal(complexFrom(1, 9), complexFrom(1, -9)))).toBe(true);
  });

  test("what is not continued far refuses and says what", () => {
    for (const operation of ["erf", "erfc", "erfcx", "lgamma"] as const) {
      expect(() => complex[operation](complexFrom(1.5, 0.1))).toThrow(Undecided);
      expect(() => complex[operation](complexFrom(1.5, 0.1))).toThrow(operation);
    }
    expect(() => complex.polygamma(1, complexFrom(1e-60, 1e-100))).toThrow("polygamma");
    expect(complex.erf(complexFrom(1e-60, 1e-100)).im / 1e-100).toBeCloseTo(2 / Math.sqrt(Math.PI), 14);
  });

  test("off the real domain the complex step is NaN, as float64 is", () => {
    expect(complex.sqrt(complexFrom(-1, h))).toEqual(complexFrom(Number.NaN, Number.NaN));
    expect(complex.pow(complexFrom(-2, h), complexFrom(0.5, 0))).toEqual(complexFrom(Number.NaN, Number.NaN));
    expect(complex.pow(complexFrom(-2, h), complexFrom(3, 0)).im / h).toBeCloseTo(12, 13);
  });

  test("nested in dual numbers the imaginary part of a tangent counts", () => {
    const s = dual(complex);
    const x = { primal: complexFrom(0, h), tangent: complexFrom(1, 0) };
    expect(s.mul(x, s.mul(x, x)).tangent.im / h).toBe(0);
    expect(s.exp(s.mul(x, x)).tangent.im / h).toBeCloseTo(2, 14);
  });
});
