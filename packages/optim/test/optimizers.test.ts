// sgd, adam and adamW against their formulas written out in plain numbers, on structs of both float dtypes, and their manners.
import { flatten, grad, mul, square, sub, sum, tensor, type Tensor, unflatten } from "@cotangent/core";
import { recordFunction, replay } from "@cotangent/core/engine";
import {
  adam,
  adamW,
  cosineDecay,
  defineOptimizer,
  exponentialDecay,
  type Leaf,
  type Optimizer,
  type OptimizerState,
  sgd,
  warmup,
} from "@cotangent/optim";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

/** ½ · curvature · (x − target)², whose gradient is curvature · (x − target). */
const curvature = 3;
const target = 2;
const slopeAt = (x: number): number => curvature * (x - target);
const bowl = (x: Tensor): Tensor => mul(0.5 * curvature, sum(square(sub(x, target))));

/** The parameter of a scalar optimisation after each of a number of updates. */
function trajectory(optimizer: Optimizer, start: number, updates: number): number[] {
  let x = tensor(start);
  let state = optimizer.init(x);
  return Array.from({ length: updates }, () => {
    [x, state] = optimizer.update(grad(bowl)(x), state, x);
    return x.item();
  });
}

function expectClose(actual: readonly number[], expected: readonly number[], relative: number): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((x, i) => expect(Math.abs(x - expected[i]!)).toBeLessThanOrEqual(relative * Math.max(1, Math.abs(expected[i]!))));
}

const fraction = fc.double({ min: 0.05, max: 0.95, noNaN: true });
const rate = fc.double({ min: 0.001, max: 0.3, noNaN: true });
const start = fc.double({ min: -10, max: 10, noNaN: true });

describe("sgd", () => {
  test("plain descent contracts by 1 − learningRate · curvature at every update", () => {
    fc.assert(
      fc.property(rate, start, (learningRate, x0) => {
        const expected = Array.from({ length: 20 }, (_, i) => target + (x0 - target) * (1 - learningRate * curvature) ** (i + 1));
        expectClose(trajectory(sgd(learningRate), x0, 20), expected, 1e-13);
      }),
    );
  });

  test("with momentum the error obeys e″ = (1 + μ − ηk) e′ − μ e", () => {
    fc.assert(
      fc.property(rate, fraction, start, (learningRate, momentum, x0) => {
        const errors = [x0 - target, (x0 - target) * (1 - learningRate * curvature)];
        for (let i = 2; i <= 20; i++) errors.push((1 + momentum - learningRate * curvature) * errors[i - 1]! - momentum * errors[i - 2]!);
        expectClose(
          trajectory(sgd(learningRate, { momentum }), x0, 20),
          errors.slice(1).map((error) => target + error),
          1e-11,
        );
      }),
    );
  });

  test("nesterov is the gradient at a point ahead, in the ahead point's own coordinates", () => {
    // With w = x − η μ v the classical form steps v ← μ v + f′(w), w ← w − η v − (shift of the look-ahead); here x is that w.
    fc.assert(
      fc.property(rate, fraction, start, (learningRate, momentum, x0) => {
        let position = x0;
        let velocity = 0;
        const ahead: number[] = [];
        for (let i = 0; i < 20; i++) {
          velocity = momentum * velocity + slopeAt(position - learningRate * momentum * velocity);
          position -= learningRate * velocity;
          ahead.push(position - learningRate * momentum * velocity);
        }
        expectClose(trajectory(sgd(learningRate, { momentum, nesterov: true }), x0, 20), ahead, 1e-11);
      }),
    );
  });

  test("weight decay is an L2 penalty: the fixed point moves to k·target/(k + decay)", () => {
    const last = trajectory(sgd(0.1, { weightDecay: 1.5 }), 7, 200).at(-1)!;
    expect(last).toBeCloseTo((curvature * target) / (curvature + 1.5), 13);
  });

  test("a schedule is asked with the number of updates done", () => {
    const [half, decay] = [0.5, 0.1];
    let error = 5 - target;
    const expected = Array.from({ length: 8 }, (_, i) => {
      error *= 1 - decay * half ** (i / 4) * curvature;
      return target + error;
    });
    expectClose(trajectory(sgd(exponentialDecay(decay, half, 4)), 5, 8), expected, 1e-13);
  });
});

/** Adam in plain numbers, from the paper's algorithm 1. */
function adamByHand(
  x0: number,
  updates: number,
  learningRate: number,
  beta1: number,
  beta2: number,
  epsilon: number,
  weightDecay = 0,
): number[] {
  let [x, m, v] = [x0, 0, 0];
  return Array.from({ length: updates }, (_, i) => {
    const g = slopeAt(x);
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    const corrected = m / (1 - beta1 ** (i + 1)) / (Math.sqrt(v / (1 - beta2 ** (i + 1))) + epsilon);
    x -= learningRate * (corrected + weightDecay * x);
    return x;
  });
}

describe("adam", () => {
  test("the first step is the learning rate against the sign of the gradient, whatever its size", () => {
    fc.assert(
      fc.property(rate, fc.double({ min: -6, max: 6, noNaN: true }), fc.boolean(), (learningRate, magnitude, negative) => {
        const optimizer = adam(learningRate, { epsilon: 0 });
        const x = tensor(0);
        const [next] = optimizer.update(tensor((negative ? -1 : 1) * 10 ** magnitude), optimizer.init(x), x);
        expect(next.item()).toBeCloseTo(negative ? learningRate : -learningRate, 12);
      }),
    );
  });

  test("follows the published algorithm", () => {
    fc.assert(
      fc.property(rate, start, fraction, fraction, (learningRate, x0, beta1, beta2) => {
        const expected = adamByHand(x0, 10, learningRate, beta1, beta2, 1e-4);
        expectClose(trajectory(adam(learningRate, { beta1, beta2, epsilon: 1e-4 }), x0, 10), expected, 1e-9);
      }),
    );
  });

  test("its defaults are the paper's", () => {
    expectClose(trajectory(adam(0.001), 5, 50), adamByHand(5, 50, 0.001, 0.9, 0.999, 1e-8), 1e-12);
  });

  test("without bias correction the first step is short by (1 − beta1)/√(1 − beta2)", () => {
    const [x] = trajectory(adam(0.1, { biasCorrection: false, epsilon: 0 }), 5, 1);
    expect(x).toBeCloseTo(5 - (0.1 * (1 - 0.9)) / Math.sqrt(1 - 0.999), 12);
  });

  test("adamW takes learningRate · weightDecay of the parameter away besides", () => {
    expectClose(trajectory(adamW(0.05, { weightDecay: 0.3 }), 5, 30), adamByHand(5, 30, 0.05, 0.9, 0.999, 1e-8, 0.3), 1e-12);
  });
});

const optimizers: Readonly<Record<string, () => Optimizer>> = {
  sgd: () => sgd(0.1),
  momentum: () => sgd(0.1, { momentum: 0.9, nesterov: true, weightDecay: 0.01 }),
  adam: () => adam(0.1),
  adamW: () => adamW(0.1),
};

interface Model {
  readonly layers: readonly [Tensor, { readonly bias: Tensor; readonly missing: null }];
  readonly scale: Tensor;
}

describe.each(Object.entries(optimizers))("%s as a pure function of structs", (_name, make) => {
  const model: Model = {
    layers: [
      tensor(
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
        "float32",
      ),
      { bias: tensor([0.5, -0.5]), missing: null },
    ],
    scale: tensor(3, "float32"),
  };
  const gradient: Model = {
    layers: [
      tensor(
        [
          [1, -1, 2],
          [0, 3, -2],
        ],
        "float32",
      ),
      { bias: tensor([-2, 1]), missing: null },
    ],
    scale: tensor(-1, "float32"),
  };
  const snapshot = (struct: unknown): readonly unknown[] => flatten(struct).leaves.map((leaf) => [leaf.dtype, leaf.shape, leaf.toArray()]);

  test("keeps form, shapes and dtypes", () => {
    const optimizer = make();
    const [next, state] = optimizer.update(gradient, optimizer.init(model), model);
    const form = (struct: unknown) => {
      const { leaves, definition } = flatten(struct);
      return leaves.map((leaf, i) => [definition.leaves[i]!.path, leaf.dtype, leaf.shape]);
    };
    expect(form(next)).toEqual(form(model));
    for (const average of Object.values(state.averages)) expect(form(average)).toEqual(form(model));
    expect(state.step.dtype).toBe("int32");
  });

  test("changes nothing it was given, and the same input gives the same output", () => {
    const optimizer = make();
    const before = optimizer.init(model);
    const shown = [model, gradient, before].map(snapshot);
    const first = optimizer.update(gradient, before, model);
    const second = optimizer.update(gradient, before, model);
    expect([model, gradient, before].map(snapshot)).toEqual(shown);
    expect(snapshot(first)).toEqual(snapshot(second));
  });

  test("float32 leaves follow float64 ones to float32 accuracy", () => {
    const optimizer = make();
    const run = (dtype: "float32" | "float64"): number[] => {
      let x = tensor([4, -3, 0.25], dtype);
      let state = optimizer.init(x);
      for (let i = 0; i < 25; i++) [x, state] = optimizer.update(grad(bowl)(x), state, x);
      expect(x.dtype).toBe(dtype);
      return [...x.values];
    };
    expectClose(run("float32"), run("float64"), 1e-5);
  });

  test("can be differentiated through", () => {
    const optimizer = make();
    const afterOneUpdate = (x: Tensor): Tensor => optimizer.update(grad(bowl)(x), optimizer.init(x), x)[0];
    const x = 5;
    const h = 1e-4;
    const difference = (afterOneUpdate(tensor(x + h)).item() - afterOneUpdate(tensor(x - h)).item()) / (2 * h);
    expect(grad(afterOneUpdate)(tensor(x)).item()).toBeCloseTo(difference, 6);
  });
});

test.each([
  ["adamW with warm-up and cosine decay", adamW(warmup(3, cosineDecay(0.1, 20)))],
  ["sgd with exponential decay", sgd(exponentialDecay(0.1, 0.9, 5), { momentum: 0.9, nesterov: true, weightDecay: 0.1 })],
])("%s never reads a value: an update traced on shapes alone does the same when it is run", (_name, optimizer) => {
  const model = { w: tensor([1, -2, 3]), b: tensor(0.5, "float32") };
  const gradient = { w: tensor([0.1, 0.2, -0.3]), b: tensor(-1, "float32") };
  let state = optimizer.init(model);
  const { leaves, definition } = flatten([gradient, state, model]);
  const graph = recordFunction(
    (inputs) => flatten(optimizer.update(...unflatten<[typeof model, typeof state, typeof model]>(definition, inputs))).leaves,
    leaves,
    { abstract: true },
  );
  let traced = model;
  let eager = model;
  for (let i = 0; i < 5; i++) {
    const outputs = replay(graph, flatten([gradient, state, traced]).leaves);
    [eager, state] = optimizer.update(gradient, state, eager);
    traced = unflatten<typeof model>(flatten(model).definition, outputs.slice(0, 2));
    expect(outputs.map((x) => [...x.values])).toEqual(flatten([eager, state]).leaves.map((x) => [...x.values]));
  }
});

test("no update is kept alive by the next", async () => {
  const optimizer = adam(0.01);
  let x = tensor(new Float64Array(100));
  let state = optimizer.init(x);
  const made: WeakRef<Tensor>[] = [];
  for (let i = 0; i < 300; i++) {
    [x, state] = optimizer.update(grad(bowl)(x), state, x);
    made.push(new WeakRef(x), new WeakRef(state.step));
  }
  await new Promise((resolve) => setTimeout(resolve));
  globalThis.gc!();
  expect(made.filter((tensor) => tensor.deref() !== undefined).length).toBeLessThan(20);
  expect(x.origin).toBeNull();
});

describe("bad input", () => {
  const message = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      return `${(error as Error).name}: ${(error as Error).message}`;
    }
    return "nothing was thrown";
  };
  const bad = (value: unknown) => value as never;
  const x = tensor([1, 2]);

  test("options", () => {
    expect(message(() => sgd(-1))).toMatchInlineSnapshot(
      `"CotangentError: sgd: learningRate is out of range — -1; give a finite number that is not negative, or a schedule"`,
    );
    expect(message(() => sgd(bad("fast")))).toMatchInlineSnapshot(
      `"CotangentError: sgd: learningRate is out of range — "fast"; give a finite number that is not negative, or a schedule"`,
    );
    expect(message(() => sgd(0.1, { momentum: 1 }))).toMatchInlineSnapshot(
      `"CotangentError: sgd: momentum is out of range — 1; give a number of at least 0 and below 1"`,
    );
    expect(message(() => sgd(0.1, { nesterov: true }))).toMatchInlineSnapshot(
      `"CotangentError: sgd: nesterov without momentum — momentum is 0; give a momentum above 0 or leave nesterov out"`,
    );
    expect(message(() => sgd(0.1, bad(0.9)))).toMatchInlineSnapshot(
      `"CotangentError: sgd: the options are not an object — 0.9; give an object or leave it out"`,
    );
    expect(message(() => sgd(0.1, bad({ momentun: 0.9 })))).toMatchInlineSnapshot(
      `"CotangentError: sgd: unknown option — "momentun"; the options are momentum, nesterov, weightDecay"`,
    );
    expect(message(() => sgd(0.1, { nesterov: bad("yes"), momentum: 0.5 }))).toMatchInlineSnapshot(
      `"CotangentError: sgd: nesterov is out of range — "yes"; give true or false"`,
    );
    expect(message(() => adam(0.1, { beta1: Number.NaN }))).toMatchInlineSnapshot(
      `"CotangentError: adam: beta1 is out of range — NaN; give a number of at least 0 and below 1"`,
    );
    expect(message(() => adam(0.1, { epsilon: -1 }))).toMatchInlineSnapshot(
      `"CotangentError: adam: epsilon is out of range — -1; give a finite number that is not negative"`,
    );
    expect(message(() => adam(0.1, bad({ weightDecay: 0.1 })))).toMatchInlineSnapshot(
      `"CotangentError: adam: unknown option — "weightDecay"; the options are beta1, beta2, epsilon, biasCorrection"`,
    );
  });

  test("parameters, gradients and states", () => {
    const optimizer = sgd(0.1, { momentum: 0.9 });
    const state = optimizer.init(x);
    expect(message(() => optimizer.init(tensor([1, 2], "int32")))).toMatchInlineSnapshot(
      `"CotangentError: sgd: parameters cannot be optimised — int32[2], not a float; keep it out of the parameters"`,
    );
    expect(message(() => optimizer.init({ w: [x, bad(3)] }))).toMatchInlineSnapshot(
      `"CotangentError: sgd: parameters.w[1] is not a tensor — 3; give tensors, also in plain objects and arrays"`,
    );
    expect(message(() => optimizer.update(tensor([1, 2, 3]), state, x))).toMatchInlineSnapshot(
      `"CotangentError: sgd: gradient does not fit its parameter — float64[3], the parameter is float64[2]; give the same shape and dtype"`,
    );
    expect(message(() => optimizer.update(tensor([1, 2], "float32"), state, x))).toMatchInlineSnapshot(
      `"CotangentError: sgd: gradient does not fit its parameter — float32[2], the parameter is float64[2]; give the same shape and dtype"`,
    );
    expect(message(() => optimizer.update(bad({ w: x }), state, x))).toMatchInlineSnapshot(
      `"CotangentError: sgd: gradient has another form than the parameters — w, the parameters have a tensor; give a struct with the same keys and lengths"`,
    );
    expect(message(() => optimizer.update(x, bad(undefined), x))).toMatchInlineSnapshot(
      `"CotangentError: sgd: not a state of this optimizer — undefined; give what init or update of the same optimizer returned, { step, averages: { velocity } }"`,
    );
    expect(message(() => optimizer.update(x, adam(0.1).init(x), x))).toMatchInlineSnapshot(
      `"CotangentError: sgd: not a state of this optimizer — an object with keys step, averages; give what init or update of the same optimizer returned, { step, averages: { velocity } }"`,
    );
    expect(message(() => optimizer.update(x, optimizer.init(bad({ w: x })), x))).toMatchInlineSnapshot(
      `"CotangentError: sgd: state.averages.velocity has another form than the parameters — w, the parameters have a tensor; give a struct with the same keys and lengths"`,
    );
    const schedule = sgd(() => bad([0.1]));
    expect(message(() => schedule.update(x, schedule.init(x), x))).toMatchInlineSnapshot(
      `"CotangentError: sgd: the schedule's value is not a scalar — [0.1]; return a number or a float tensor of shape []"`,
    );
  });

  test("an optimizer of one's own is checked like the others", () => {
    const definition = {
      name: "mine",
      learningRate: 0.1,
      averages: ["memory"],
      rule:
        () =>
        ({ parameter, averages }: Leaf) => ({ parameter, averages }),
    };
    const run = (changes: object) => () => {
      const optimizer = defineOptimizer({ ...definition, ...changes });
      return optimizer.update(x, optimizer.init(x), x);
    };
    expect(message(run({}))).toBe("nothing was thrown");
    expect(message(() => defineOptimizer(bad(null)))).toMatchInlineSnapshot(
      `"CotangentError: defineOptimizer: no valid name — undefined; give a non-empty string"`,
    );
    expect(message(run({ learningRate: Number.NaN }))).toMatchInlineSnapshot(
      `"CotangentError: mine: learningRate is out of range — NaN; give a finite number that is not negative, or a schedule"`,
    );
    expect(message(run({ averages: ["memory", "memory"] }))).toMatchInlineSnapshot(
      `"CotangentError: defineOptimizer: no valid averages — ["memory", "memory"]; give a list of different names, empty if nothing is kept"`,
    );
    expect(message(run({ rule: 3 }))).toMatchInlineSnapshot(
      `"CotangentError: defineOptimizer: no valid rule — 3; give a function of the count that returns a rule for one leaf"`,
    );
    expect(
      message(
        run({
          rule:
            () =>
            ({ parameter }: Leaf) => ({ parameter: sum(parameter), averages: [parameter] }),
        }),
      ),
    ).toMatchInlineSnapshot(
      `"CotangentError: mine: the rule changed a leaf's form — float64[2], the rule gave float64[], float64[2]; return a parameter and every average in the leaf's shape and dtype"`,
    );
    expect(
      message(
        run({
          rule:
            () =>
            ({ parameter }: Leaf) => ({ parameter, averages: [] }),
        }),
      ),
    ).toMatchInlineSnapshot(
      `"CotangentError: mine: the rule changed a leaf's form — float64[2], the rule gave float64[2]; return a parameter and every average in the leaf's shape and dtype"`,
    );
    expect(message(run({ rule: () => () => undefined }))).toMatchInlineSnapshot(
      `"CotangentError: mine: the rule changed a leaf's form — float64[2], the rule gave undefined, undefined; return a parameter and every average in the leaf's shape and dtype"`,
    );
  });
});

test("the state's type follows the parameters", () => {
  const optimizer = adam(0.1);
  const state: OptimizerState<{ w: Tensor }> = optimizer.init({ w: tensor([1]) });
  // @ts-expect-error the gradient must have the form of the parameters
  expect(() => optimizer.update({ v: tensor([1]) }, state, { w: tensor([1]) })).toThrow("another form");
});
