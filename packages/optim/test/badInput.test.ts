// Thousands of random bad calls of every public function: each works or throws an error in the house form, never a TypeError from inside.
import * as core from "@cotangent/core";
import * as optim from "@cotangent/optim";
import fc from "fast-check";
import { expect, test } from "vitest";

type AnyFunction = (...args: unknown[]) => unknown;

const houseForm = /^[A-Za-z][\w.]*: .+ — .+; .+$/s;
const { tensor } = core;
const x = tensor([1, 2]);
const bowl = (at: core.Tensor): core.Tensor => core.sum(core.square(at));

const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, Number.NaN, Number.POSITIVE_INFINITY, 0, 1, -7, 1.5, 2 ** 53, "x", true, Symbol("s"), 10n),
  fc.constantFrom<unknown>(
    {},
    [],
    [0.1],
    { momentum: 2 },
    { beta1: "0" },
    { historySize: 2.5 },
    { step: 1 },
    new Map(),
    new Float64Array(2),
  ),
  fc.constantFrom<unknown>(
    x,
    tensor(0),
    tensor(3, "int32"),
    tensor([true]),
    { w: x },
    [x, null],
    tensor([Number.NaN, 1]),
    tensor([[1]], "float32"),
  ),
  fc.constantFrom<unknown>(
    () => 0,
    () => x,
    () => tensor(1),
    () => ({ parameter: x, averages: [] }),
    (at: unknown) => at,
    bowl,
  ),
);

/** Good arguments of every public function, for junk to take the place of some of them. */
const functions: Readonly<Record<string, readonly [call: AnyFunction, ...args: unknown[]]>> = {
  constant: [optim.constant as AnyFunction, 0.1],
  exponentialDecay: [optim.exponentialDecay as AnyFunction, 0.1, 0.5, 10],
  cosineDecay: [optim.cosineDecay as AnyFunction, 0.1, 10, 0.5],
  warmup: [optim.warmup as AnyFunction, 10, 0.1],
  schedule: [optim.warmup(3, optim.cosineDecay(0.1, 10)) as AnyFunction, tensor(2, "int32")],
  sgd: [optim.sgd as AnyFunction, 0.1, { momentum: 0.5 }],
  adam: [optim.adam as AnyFunction, 0.1, { beta1: 0.5 }],
  adamW: [optim.adamW as AnyFunction, 0.1, { weightDecay: 0.5 }],
  defineOptimizer: [
    optim.defineOptimizer as AnyFunction,
    { name: "mine", learningRate: 0.1, averages: [], rule: () => () => ({ parameter: x, averages: [] }) },
  ],
  init: [optim.adam(0.1).init as AnyFunction, { w: x }],
  update: [optim.adam(0.1).update as AnyFunction, x, optim.adam(0.1).init(x), x],
  scheduled: [(rate) => optim.sgd(rate as optim.Schedule).update(x, optim.sgd(1).init(x), x), () => 0.1],
  ruled: [
    (rule) => {
      const optimizer = optim.defineOptimizer({ name: "mine", learningRate: 0.1, averages: [], rule: rule as never });
      return optimizer.update(x, optimizer.init(x), x);
    },
    () => () => ({ parameter: x, averages: [] }),
  ],
  lbfgs: [optim.lbfgs as AnyFunction, bowl, { historySize: 3 }],
  "lbfgs init": [optim.lbfgs(bowl).init as AnyFunction, x],
  "lbfgs update": [optim.lbfgs(bowl).update as AnyFunction, optim.lbfgs(bowl).init(x)],
  minimize: [optim.minimize as AnyFunction, bowl, x, { maxIterations: 3 }],
};

test.each(Object.entries(functions))("%s", (_name, [call, ...good]) => {
  const replaced = fc.tuple(...good.map((arg) => fc.oneof(fc.constant(arg), junk, spoilt(arg))));
  fc.assert(
    fc.property(replaced, (args) => {
      const before = entries(args);
      try {
        call(...args);
      } catch (error) {
        expect(error).toBeInstanceOf(core.CotangentError);
        expect((error as Error).message).toMatch(houseForm);
        expect((error as Error).message).not.toContain("[object ");
      }
      expect(entries(args)).toEqual(before);
    }),
    { numRuns: 300 },
  );
});

/** An object with junk in place of one of its values. */
function spoilt(arg: unknown): fc.Arbitrary<unknown> {
  if (typeof arg !== "object" || arg === null || arg instanceof core.Tensor) return junk;
  return fc.tuple(fc.constantFrom(...Object.keys(arg)), junk).map(([key, value]) => ({ ...arg, [key]: value }));
}

function entries(value: unknown): unknown {
  if (value instanceof core.Tensor) return [...value.values];
  if (typeof value !== "object" || value === null) return null;
  return Object.values(value).map(entries);
}
