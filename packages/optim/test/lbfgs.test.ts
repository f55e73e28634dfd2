// L-BFGS on functions whose minima are known: Rosenbrock's, quadratics, NIST's certified regressions; and why it stops.
import { add, div, exp, flatten, log, mul, neg, square, sub, sum, tensor, type Tensor } from "@cotangent/core";
import { lbfgs, minimize, type Progress } from "@cotangent/optim";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import nist from "./data/nist.json" with { type: "json" };

/** Σ 100 (x[i+1] − x[i]²)² + (1 − x[i])², least at all ones. */
function rosenbrock(x: readonly Tensor[]): Tensor {
  return x
    .slice(1)
    .reduce((total, next, i) => add(total, add(mul(100, square(sub(next, square(x[i]!)))), square(sub(1, x[i]!)))), tensor(0));
}

const numbers = (struct: unknown): number[] => flatten(struct).leaves.flatMap((leaf) => [...leaf.values]);
const farthest = (x: readonly number[], y: readonly number[]): number => Math.max(...x.map((entry, i) => Math.abs(entry - y[i]!)));
const scalars = (values: readonly number[]): Tensor[] => values.map((value) => tensor(value));

describe("Rosenbrock", () => {
  test.each([2, 10])("in %i dimensions to 1e-8", (n) => {
    const start = scalars(Array.from({ length: n }, (_, i) => (i % 2 === 0 ? -1.2 : 1)));
    const { x, value, gradientNorm, iterations, evaluations, reason } = minimize(rosenbrock, start, { gradientTolerance: 1e-10 });
    console.log(`measured: L-BFGS on Rosenbrock, n = ${n}: ${iterations} iterations, ${evaluations} evaluations`);
    expect(reason).toBe("gradient");
    // In ten dimensions there is a second minimum near (−1, 1, …, 1); from this start the method finds the first.
    expect(farthest(numbers(x), new Array(n).fill(1))).toBeLessThan(1e-8);
    expect(value).toBeLessThan(1e-16);
    expect(gradientNorm).toBeLessThan(1e-10);
    expect(evaluations).toBeLessThan(n === 2 ? 60 : 150);
  });
});

describe("quadratics", () => {
  const problem = fc
    .integer({ min: 1, max: 8 })
    .chain((n) =>
      fc.tuple(
        fc.array(fc.double({ min: 0.1, max: 100, noNaN: true }), { minLength: n, maxLength: n }),
        fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: n, maxLength: n }),
      ),
    );

  test("with a near exact line search end within n + 2 steps, as the theory says", () => {
    fc.assert(
      fc.property(problem, ([curvatures, target]) => {
        const f = (x: Tensor): Tensor => sum(mul(tensor(curvatures), square(sub(x, tensor(target)))));
        const n = target.length;
        const options = { historySize: n, sufficientDecrease: 1e-10, curvature: 1e-8, gradientTolerance: 1e-7 };
        const { x, iterations, reason } = minimize(f, tensor(new Float64Array(n)), options);
        expect(reason).toBe("gradient");
        expect(iterations).toBeLessThanOrEqual(n + 2);
        expect(farthest(numbers(x), target)).toBeLessThan(1e-6);
      }),
    );
  });

  test("with the default line search reach the minimum", () => {
    fc.assert(
      fc.property(problem, ([curvatures, target]) => {
        const f = (x: Tensor): Tensor => sum(mul(tensor(curvatures), square(sub(x, tensor(target)))));
        const { x } = minimize(f, tensor(new Float64Array(target.length)), { gradientTolerance: 1e-9 });
        expect(farthest(numbers(x), target)).toBeLessThan(1e-8);
      }),
    );
  });
});

describe("NIST's nonlinear regressions", () => {
  type Model = (b: readonly Tensor[], x: Tensor) => Tensor;
  const polynomial = (coefficients: readonly (Tensor | number)[], x: Tensor): Tensor =>
    coefficients.reduceRight<Tensor>((total, coefficient) => add(coefficient, mul(x, total)), tensor(0));
  const models: Readonly<Record<string, Model>> = {
    Misra1a: ([b1, b2], x) => mul(b1!, sub(1, exp(neg(mul(b2!, x))))),
    Chwirut2: ([b1, b2, b3], x) => div(exp(neg(mul(b1!, x))), add(b2!, mul(b3!, x))),
    MGH09: ([b1, b2, b3, b4], x) => div(mul(b1!, polynomial([0, b2!, 1], x)), polynomial([b4!, b3!, 1], x)),
    Thurber: (b, x) => div(polynomial(b.slice(0, 4), x), polynomial([1, ...b.slice(4)], x)),
  };
  const cases = nist.problems.flatMap((problem) => [
    { ...problem, which: 1, start: problem.start1 },
    { ...problem, which: 2, start: problem.start2 },
  ]);

  test.each(cases)("$name from start $which to the certified digits", ({ name, start, x, y, certified, certified_rss }) => {
    // Each parameter in units of its start: the least one can do for a method that knows no scale.
    const scaled = (b: readonly Tensor[]): Tensor[] => b.map((unit, i) => mul(unit, start[i]!));
    const residual = (b: readonly Tensor[]): Tensor => sum(square(sub(models[name]!(scaled(b), tensor(x)), tensor(y))));
    const found = minimize(residual, scalars(start.map(() => 1)), { gradientTolerance: 1e-12, historySize: 20 });
    numbers(scaled(found.x)).forEach((value, i) => expect(Math.abs(value / certified[i]! - 1)).toBeLessThan(1e-9));
    expect(Math.abs(found.value / certified_rss - 1)).toBeLessThan(1e-9);
  });
});

test("float32 parameters end at the accuracy of float32", () => {
  const f = (x: Tensor): Tensor => sum(square(sub(exp(x), tensor([2, 3], "float32"))));
  const { x, reason } = minimize(f, tensor([0, 0], "float32"));
  expect(x.dtype).toBe("float32");
  expect(["gradient", "stalled"]).toContain(reason);
  expect(farthest(numbers(x), [Math.log(2), Math.log(3)])).toBeLessThan(1e-6);
});

test("structs of mixed dtypes and ranks", () => {
  interface Model {
    readonly w: Tensor;
    readonly rest: readonly [Tensor, null];
  }
  const f = ({ w, rest: [b] }: Model): Tensor =>
    add(
      sum(
        square(
          sub(
            w,
            tensor([
              [1, 2],
              [3, 4],
            ]),
          ),
        ),
      ),
      square(sub(b, 5)),
    );
  const { x } = minimize(f, {
    w: tensor([
      [0, 0],
      [0, 0],
    ]),
    rest: [tensor(0, "float32"), null],
  });
  expect(x.w.shape).toEqual([2, 2]);
  expect(farthest(numbers(x.w), [1, 2, 3, 4])).toBeLessThan(1e-8);
  expect(x.rest[0].dtype).toBe("float32");
  expect(x.rest[0].item()).toBeCloseTo(5, 5);
  expect(x.rest[1]).toBeNull();
});

describe("the solver's steps", () => {
  const f = (x: Tensor): Tensor => sum(square(sub(square(x), tensor([2, 3, 5]))));

  test("are pure and keep at most historySize differences", () => {
    const solver = lbfgs(f, { historySize: 3 });
    let state = solver.init(tensor([1, 1, 1]));
    for (let i = 0; i < 6; i++) {
      const shown = JSON.stringify(state);
      const next = solver.update(state);
      expect(JSON.stringify(state)).toBe(shown);
      expect(JSON.stringify(solver.update(state))).toBe(JSON.stringify(next));
      expect(next.value.item()).toBeLessThan(state.value.item());
      expect(next.steps.length).toBe(Math.min(3, i + 1));
      state = next;
    }
    expect(state.iterations.item()).toBe(6);
  });

  test("every step satisfies the strong Wolfe conditions", () => {
    const [sufficientDecrease, curvature] = [1e-4, 0.9];
    const solver = lbfgs(rosenbrock, { sufficientDecrease, curvature });
    let state = solver.init(scalars([-1.2, 1, -0.5]));
    const along = (x: readonly Tensor[], y: readonly Tensor[]): number =>
      x.reduce((total, entry, i) => total + entry.item() * y[i]!.item(), 0);
    for (let i = 0; i < 15; i++) {
      const next = solver.update(state);
      const step = next.parameters.map((entry, k) => sub(entry, state.parameters[k]!));
      const [before, after] = [along(state.gradient, step), along(next.gradient, step)];
      expect(next.value.item()).toBeLessThanOrEqual(state.value.item() + sufficientDecrease * before);
      expect(Math.abs(after)).toBeLessThanOrEqual(curvature * Math.abs(before));
      state = next;
    }
  });
});

describe("why it stops", () => {
  test("gradient: at once where the start is the minimum", () => {
    expect(minimize((x: Tensor) => square(x), tensor(0))).toMatchObject({
      reason: "gradient",
      iterations: 0,
      evaluations: 1,
      value: 0,
      gradientNorm: 0,
    });
  });

  test("iterations", () => {
    const { reason, iterations } = minimize(rosenbrock, scalars([-1.2, 1]), { maxIterations: 3 });
    expect({ reason, iterations }).toEqual({ reason: "iterations", iterations: 3 });
  });

  test("stalled: a tolerance below rounding ends in a few steps with every digit there is", () => {
    const f = (x: Tensor): Tensor => add(1, sum(square(sub(x, 1 / 3))));
    const { x, reason, evaluations } = minimize((x: Tensor) => exp(f(x)), tensor([5, -4]), { gradientTolerance: 0 });
    expect(["stalled", "gradient"]).toContain(reason);
    expect(evaluations).toBeLessThan(200);
    expect(farthest(numbers(x), [1 / 3, 1 / 3])).toBeLessThan(1e-14);
  });

  test("unbounded", () => {
    expect(minimize((x: Tensor) => mul(-1, exp(x)), tensor(0)).reason).toBe("unbounded");
    for (const start of [tensor([3, 4]), tensor([3, 4], "float32"), { a: tensor(1), b: [tensor([1e-3, 2])] }]) {
      const { reason, value, evaluations } = minimize(
        (p: unknown) => flatten(p).leaves.reduce((total, x) => total.sub(sum(x)), tensor(0)),
        start,
      );
      expect([reason, value]).toEqual(["unbounded", Number.NEGATIVE_INFINITY]);
      expect(evaluations).toBeLessThan(100);
    }
    expect(minimize((x: Tensor) => sum(square(x)).neg(), tensor([1, -2])).reason).toBe("unbounded");
  });

  test("a region without values is stepped back from", () => {
    // log is NaN beyond 0, and the first step lands there.
    const f = (x: Tensor): Tensor => sub(mul(1e-3, x), log(x));
    const { x, reason } = minimize(f, tensor(0.01), { gradientTolerance: 1e-12 });
    expect(reason).toBe("gradient");
    expect(x.item()).toBeCloseTo(1000, 5);
  });

  test("onIteration hears the start and every iteration, with falling values", () => {
    const heard: Progress[] = [];
    const { iterations } = minimize(rosenbrock, scalars([-1.2, 1]), { onIteration: (progress) => heard.push(progress) });
    expect(heard.map((progress) => progress.iterations)).toEqual(Array.from({ length: iterations + 1 }, (_, i) => i));
    for (let i = 1; i < heard.length; i++) expect(heard[i]!.value).toBeLessThan(heard[i - 1]!.value);
  });
});

test("bad input", () => {
  const bad = (value: unknown) => value as never;
  const f = (x: Tensor): Tensor => sum(square(x));
  const x = tensor([1, 2]);
  expect(() => minimize(bad("f"), x)).toThrowErrorMatchingInlineSnapshot(
    `[CotangentError: minimize: the first argument is not a function — "f"; give a function of the parameters to a float scalar]`,
  );
  expect(() => minimize(f, tensor([1, 2], "int32"))).toThrowErrorMatchingInlineSnapshot(
    `[CotangentError: minimize: parameters cannot be optimised — int32[2], not a float; keep it out of the parameters]`,
  );
  expect(() => minimize(f, bad(3))).toThrowErrorMatchingInlineSnapshot(
    `[CotangentError: minimize: parameters is not a tensor — 3; give tensors, also in plain objects and arrays]`,
  );
  expect(() =>
    minimize(
      bad((y: Tensor) => y),
      x,
    ),
  ).toThrowErrorMatchingInlineSnapshot(
    `[CotangentError: minimize: the function does not return a float scalar — float64[2]; return a scalar (sum or mean it)]`,
  );
  expect(() => minimize((y: Tensor) => sum(log(y)), tensor([-1]))).toThrowErrorMatchingInlineSnapshot(
    `[CotangentError: minimize: the value at the starting point is not finite — NaN; start where the function and its gradient are finite]`,
  );
  expect(() => minimize(f, x, { historySize: 0 })).toThrowErrorMatchingInlineSnapshot(
    `[CotangentError: minimize: historySize is out of range — 0; give an integer of at least 1]`,
  );
  expect(() => minimize(f, x, { curvature: 1e-5 })).toThrowErrorMatchingInlineSnapshot(
    `[CotangentError: minimize: curvature is out of range — 0.00001; give a number above 0.0001 and below 1]`,
  );
  expect(() => minimize(f, x, { gradientTolerance: Number.NaN })).toThrowErrorMatchingInlineSnapshot(
    `[CotangentError: minimize: gradientTolerance is out of range — NaN; give a finite number that is not negative]`,
  );
  expect(() => minimize(f, x, { maxIterations: 1.5 })).toThrowErrorMatchingInlineSnapshot(
    `[CotangentError: minimize: maxIterations is out of range — 1.5; give an integer of at least 0]`,
  );
  expect(() => minimize(f, x, bad({ tolerance: 1e-8 }))).toThrowErrorMatchingInlineSnapshot(
    `[CotangentError: minimize: unknown option — "tolerance"; the options are historySize, sufficientDecrease, curvature, maxSearchEvaluations, gradientTolerance, maxIterations, onIteration]`,
  );
  expect(() => minimize(f, x, { onIteration: bad(1) })).toThrowErrorMatchingInlineSnapshot(
    `[CotangentError: minimize: onIteration is out of range — 1; give a function]`,
  );
  expect(() => lbfgs(f).update(bad({}))).toThrowErrorMatchingInlineSnapshot(
    `[CotangentError: lbfgs: not a state of this solver — an empty object; give what init or update returned]`,
  );
});
