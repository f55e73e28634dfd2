// Running errors: values bit for bit those of float64, bounds that hold against double-doubles and are not slack, open comparisons.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type NumberSystem, Undecided } from "../../src/arithmetic.ts";
import { type DoubleDouble, doubleDouble } from "../../src/systems/doubleDouble.ts";
import { real } from "../../src/systems/real.ts";
import { type RunningError, runningError, runningErrorFrom, unitRoundoff } from "../../src/systems/runningError.ts";
import { binaryOperations, magnitudes, orders, pairRangeOf, rangeOf, specials, uniform, unaryOperations } from "./samples.ts";

/** A double, a bound on its error and an exact value that far from it at most. */
interface Input {
  readonly value: number;
  readonly error: number;
  readonly exact: DoubleDouble;
}

const inputs = (argument: fc.Arbitrary<number>): fc.Arbitrary<Input> =>
  fc
    .tuple(argument, fc.oneof(fc.constant(0), magnitudes(1e-25, 1)), fc.oneof(fc.constantFrom(-1, 1), uniform([-1, 1])))
    .map(([value, relative, t]) => {
      const error = relative * Math.max(Math.abs(value), 1e-3);
      return {
        value,
        error,
        exact:
          error === 0 ? doubleDouble.constant(value) : doubleDouble.add(doubleDouble.constant(value), doubleDouble.constant(error * t)),
      };
    });

const known = ({ value, error }: Input): RunningError => runningErrorFrom(value, error);
const distance = (value: number, exact: DoubleDouble): number =>
  value === exact.high && exact.low === 0 ? 0 : Math.abs(doubleDouble.sub(exact, doubleDouble.constant(value)).high);

function check(label: string, out: RunningError, value: number, exact: DoubleDouble): void {
  expect(out.value).toBe(value);
  if (Number.isNaN(value)) return;
  const slack = 1e-29 * Math.abs(value); // the error of the double-doubles
  const isBound = Number.isNaN(exact.high) ? out.error === Infinity : distance(value, exact) <= out.error + slack;
  expect(isBound, `${label}: ${value} is ${distance(value, exact)} from ${exact.high}, bound ${out.error}`).toBe(true);
}

describe("bounds hold and values are those of float64", () => {
  test.each(unaryOperations)("%s", (operation) => {
    fc.assert(
      fc.property(inputs(fc.oneof(uniform(rangeOf(operation)), uniform([-5, 5]), fc.constantFrom(-2, -1, 0, 0.5, 1, 2))), (x) => {
        check(
          `${operation}(${x.value} ± ${x.error})`,
          runningError[operation](known(x)),
          real[operation](x.value),
          doubleDouble[operation](x.exact),
        );
      }),
      { numRuns: 300 },
    );
    for (const x of specials) expect(runningError[operation](runningError.constant(x)).value).toBe(real[operation](x));
  });

  test.each(binaryOperations)("%s", (operation) => {
    const [first, second] = pairRangeOf(operation);
    const whole = uniform([-4, 4]).map(Math.round);
    fc.assert(
      fc.property(inputs(fc.oneof(uniform(first), whole)), inputs(fc.oneof(uniform(second), whole)), (x, y) => {
        const out = runningError[operation](known(x), known(y));
        const exact = doubleDouble[operation](x.exact, y.exact);
        const isPole = !Number.isFinite(exact.high) && y.error === 0;
        if (!isPole) check(`${operation}(${x.value} ± ${x.error}, ${y.value} ± ${y.error})`, out, real[operation](x.value, y.value), exact);
      }),
      { numRuns: 600 },
    );
    for (const x of specials) {
      for (const y of specials)
        expect(runningError[operation](runningError.constant(x), runningError.constant(y)).value).toBe(real[operation](x, y));
    }
  });

  test.each(orders)("polygamma of order %i", (order) => {
    fc.assert(
      fc.property(inputs(uniform([-4, 20])), (x) => {
        fc.pre(!Number.isInteger(x.value));
        const out = runningError.polygamma(order, known(x));
        if (out.error < Infinity)
          check(`at ${x.value} ± ${x.error}`, out, real.polygamma(order, x.value), doubleDouble.polygamma(order, x.exact));
      }),
    );
  });

  test("round32 is a step function of its argument", () => {
    fc.assert(
      fc.property(inputs(uniform([-4, 4])), (x) => {
        check("round32", runningError.round32(known(x)), Math.fround(x.value), doubleDouble.round32(x.exact));
      }),
    );
  });
});

/** A program of each kind that loses digits in its own way. */
const programs: Readonly<Record<string, <V>(s: NumberSystem<V>, x: readonly V[]) => V>> = {
  sum: (s, x) => x.reduce((total, term) => s.add(total, term)),
  "alternating sum": (s, x) => x.reduce((total, term) => s.sub(term, total)),
  "inner product": (s, x) => x.reduce((total, term, i) => s.add(total, s.mul(term, x[x.length - 1 - i]!)), s.constant(0)),
  "polynomial by Horner": (s, x) => x.reduce((total, term) => s.add(s.mul(total, x[0]!), term)),
  "continued fraction": (s, x) => x.reduce((total, term) => s.add(term, s.div(s.constant(0.25), s.add(s.constant(2), s.abs(total))))),
  "log of a sum of exponentials": (s, x) => s.log(x.reduce((total, term) => s.add(total, s.exp(term)), s.constant(0))),
  "variance by squares": (s, x) => {
    const n = s.constant(x.length);
    const mean = s.div(programs.sum!(s, x), n);
    return s.sub(s.div(programs["inner product"]!(s, [...x, ...[...x].reverse()]), s.mul(s.constant(2), n)), s.mul(mean, mean));
  },
  "sines and roots": (s, x) => x.reduce((total, term) => s.sqrt(s.add(s.constant(2), s.mul(s.sin(term), total))), s.constant(1)),
  "repeated tanh": (s, x) => x.reduce((total, term) => s.tanh(s.add(s.mul(term, total), term)), s.constant(0)),
};

describe("bounds of whole programs hold and are not slack", () => {
  test.each(Object.keys(programs))("%s", (name) => {
    const program = programs[name]!;
    const ratios: number[] = [];
    fc.assert(
      fc.property(fc.array(uniform([-2, 2]), { minLength: 12, maxLength: 12 }), (x) => {
        const out = program(runningError, x.map(runningError.constant));
        expect(out.value).toBe(program(real, x));
        const exact = program(doubleDouble, x.map(doubleDouble.constant));
        const actual = distance(out.value, exact);
        expect(actual).toBeLessThanOrEqual(out.error);
        if (actual > 0) ratios.push(out.error / actual);
      }),
    );
    ratios.sort((a, b) => a - b);
    expect(ratios[Math.floor(ratios.length / 2)]).toBeLessThan(100);
  });
});

describe("what is seen", () => {
  const s = runningError;

  test("cancellation", () => {
    const big = s.add(s.constant(1), s.constant(1e-10));
    const small = s.sub(big, s.constant(1));
    expect(small.error / small.value).toBeGreaterThan(1e-7);
    expect(small.error).toBeLessThan(4 * unitRoundoff);
  });

  test("exact inputs, negation, absolute values and choices have no error", () => {
    expect(s.neg(s.abs(s.constant(-3)))).toEqual(runningErrorFrom(-3, 0));
    expect(s.max(s.constant(1), s.constant(2))).toEqual(runningErrorFrom(2, 0));
    expect(s.max(runningErrorFrom(1, 0.1), runningErrorFrom(2, 0.2)).error).toBeCloseTo(0.2, 14);
    expect(s.mul(s.constant(0), s.constant(5))).toEqual(runningErrorFrom(0, 0));
    expect(s.max(s.constant(-Infinity), s.constant(1))).toEqual(runningErrorFrom(1, 0));
  });

  test("arguments that may lie outside the domain or across a pole have no bound", () => {
    expect(s.log(runningErrorFrom(1e-3, 1e-2)).error).toBe(Infinity);
    expect(s.div(s.constant(1), runningErrorFrom(1e-3, 1e-2)).error).toBe(Infinity);
    expect(s.tan(runningErrorFrom(1.57, 0.01)).error).toBe(Infinity);
    expect(s.mul(s.constant(1e200), s.constant(1e200)).error).toBe(Infinity);
    expect(s.atan2(runningErrorFrom(0, 1e-20), s.constant(-1)).error).toBeGreaterThan(6);
  });

  test("steps that may be missed count whole", () => {
    expect(s.floor(runningErrorFrom(2.5, 0.1)).error).toBe(0);
    expect(s.floor(runningErrorFrom(3, 1e-9)).error).toBeCloseTo(1, 14);
    expect(s.sign(runningErrorFrom(0, 1e-9)).error).toBeCloseTo(1, 14);
  });
});

describe("truth", () => {
  const s = runningError;
  const [near, far] = [runningErrorFrom(1, 1e-3), runningErrorFrom(1.0005, 1e-3)];

  test("comparisons within the errors are open", () => {
    expect([s.less(near, far), s.less(s.constant(1), s.constant(1)), s.equal(near, near)]).toEqual([
      runningErrorFrom(1, 1),
      runningErrorFrom(0, 0),
      runningErrorFrom(1, 1),
    ]);
    expect(s.less(runningErrorFrom(1, 1e-5), far)).toEqual(runningErrorFrom(1, 1));
    expect(s.less(runningErrorFrom(1, 1e-5), runningErrorFrom(1.0005, 1e-5))).toEqual(runningErrorFrom(1, 0));
  });

  test("select on an open comparison covers both branches, decide throws", () => {
    const open = s.less(near, far);
    const chosen = s.select(open, s.constant(5), runningErrorFrom(7, 0.5));
    expect(chosen.value).toBe(5);
    expect(chosen.error).toBeCloseTo(2.5, 14);
    expect(s.select(s.constant(0), s.constant(5), runningErrorFrom(7, 0.5))).toEqual(runningErrorFrom(7, 0.5));
    expect(() => s.decide(open)).toThrow(Undecided);
    expect(s.decide(s.less(s.constant(1), s.constant(2)))).toBe(true);
  });

  test("logic is open only where the open part matters", () => {
    const open = s.less(near, far);
    const [yes, no] = [s.constant(1), s.constant(0)];
    expect([s.and(open, no).error, s.and(open, yes).error, s.or(open, yes).error, s.or(open, no).error, s.not(open).error]).toEqual([
      0, 1, 0, 1, 1,
    ]);
  });
});
