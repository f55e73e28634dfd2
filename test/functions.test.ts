// What needs no methods: core's functions, compile and optim, in a process where no method was ever installed.
import { inspect } from "node:util";
import { jit } from "@cotangent/compile";
import * as functions from "@cotangent/core/functions";
import { adam, type OptimizerState } from "@cotangent/optim";
import { beforeEach, expect, test } from "vitest";

const {
  add,
  cond,
  cumsum,
  exp,
  grad,
  greater,
  hessian,
  jacobian,
  jvp,
  log,
  logsumexp,
  map,
  matmul,
  maximum,
  mean,
  mul,
  neg,
  random,
  record,
  scan,
  sigmoid,
  sin,
  softmax,
  sort,
  square,
  sub,
  sum,
  take,
  Tensor,
  tensor,
  valueAndGrad,
  variance,
  vmap,
  whileLoop,
} = functions;
type Tensor = functions.Tensor;

/** The only test after which methods are there is the last one. */
beforeEach(() => expect("add" in Tensor.prototype).toBe(false));

const x = tensor([0.5, -1, 2]);
const entries = [0.5, -1, 2];
const product = entries.reduce((a, b) => a * b);
const sumOfExp = entries.reduce((a, b) => a + Math.exp(b), 0);
const softmaxOfX = entries.map((entry) => Math.exp(entry) / sumOfExp);
const fill = (value: number): number[] => entries.map(() => value);

/** Functions of x to a number, and their gradients at x by hand. */
const gradients: readonly (readonly [name: string, f: (x: Tensor) => Tensor, gradient: readonly number[]])[] = [
  ["sin", (x) => sum(sin(x)), entries.map(Math.cos)],
  ["an expression", (x) => mean(sub(mul(x, exp(x)), neg(x))), entries.map((e) => ((1 + e) * Math.exp(e) + 1) / 3)],
  ["matmul", (x) => matmul(x, x), entries.map((e) => 2 * e)],
  ["prod", (x) => functions.prod(x), entries.map((e) => product / e)],
  ["logsumexp", (x) => logsumexp(x), softmaxOfX],
  ["softmax", (x) => matmul(softmax(x), tensor([1, 0, 0])), softmaxOfX.map((p, i) => softmaxOfX[0]! * ((i === 0 ? 1 : 0) - p))],
  ["variance", (x) => variance(x), entries.map((e) => (2 * (e - 0.5)) / 3)],
  ["sort", (x) => matmul(sort(x), tensor([1, 2, 3])), [2, 1, 3]],
  ["take", (x) => sum(take(x, [1, 1])), [0, 2, 0]],
  ["cumsum", (x) => sum(cumsum(x)), [3, 2, 1]],
  ["maximum", (x) => sum(maximum(x, 0)), [1, 0, 1]],
  [
    "cond",
    (x) =>
      cond(
        greater(sum(x), 0),
        (x) => sum(square(x)),
        (x) => sum(x),
        x,
      ),
    entries.map((e) => 2 * e),
  ],
  ["scan", (x) => scan((carry: Tensor, each: Tensor) => [mul(carry, each), carry], tensor(1), x)[0], entries.map((e) => product / e)],
  [
    "whileLoop",
    (x) =>
      sum(
        whileLoop(
          (y) => greater(10, sum(y)),
          (y) => mul(y, 2),
          x,
          { maxSteps: 5 },
        ),
      ),
    fill(8),
  ],
];

test.each(gradients)("%s differentiates, forward, backward and compiled", (_, f, gradient) => {
  const close = (actual: Tensor): void => {
    expect(actual.shape).toEqual([3]);
    actual.values.forEach((entry, i) => void expect(entry).toBeCloseTo(gradient[i]!, 12));
  };
  close(grad(f)(x));
  close(jit(grad(f))(x));
  close(jacobian(f, { mode: "forward" })(x));
});

test("second derivatives, batches and tangents", () => {
  const f = (x: Tensor): Tensor => sum(mul(square(x), x));
  expect(hessian(f)(x).toArray()).toEqual(entries.map((e, i) => entries.map((_, j) => (i === j ? 6 * e : 0))));
  expect(
    vmap(grad(f))(
      tensor([
        [1, 2],
        [3, 4],
      ]),
    ).toArray(),
  ).toEqual([
    [3, 12],
    [27, 48],
  ]);
  expect(jvp(f)([tensor([1, 2])], [tensor([1, 0])]).map(String)).toEqual(["tensor(9, float64)", "tensor(3, float64)"]);
});

test("random numbers, structs, listings and what the console shows", () => {
  const key = random.key(0);
  const normal = random.normal(key, [1000]);
  expect(Math.abs(mean(normal).item())).toBeLessThan(0.15);
  expect(jit((key: Tensor) => random.normal(key, [1000]))(key).toArray()).toEqual(normal.toArray());
  expect(grad((rate: Tensor) => mean(random.gamma(key, rate, { shape: [10] })))(tensor(2)).item()).toBeGreaterThan(0);
  expect(map((x) => add(x, 1), { w: tensor([1, 2]) }).w.toArray()).toEqual([2, 3]);
  expect(inspect(tensor([1, 2]))).toBe("tensor([1, 2], float64)");
  expect(inspect(record((x: Tensor) => sin(x), x))).toContain("sin");
  expect(() => add("x" as unknown as Tensor, 1)).toThrow(/^add: /);
});

test("a compiled training step with an optimizer", () => {
  const X = tensor([
    [1, 2],
    [1, -1],
    [1, 0.5],
  ]);
  const y = tensor([1, 0, 1]);
  const loss = (w: Tensor): Tensor => neg(mean(log(sigmoid(mul(matmul(X, w), sub(mul(y, 2), 1))))));
  const optimizer = adam(0.1);
  const step = jit((w: Tensor, state: OptimizerState<Tensor>) => {
    const [value, gradient] = valueAndGrad(loss)(w);
    return [value, ...optimizer.update(gradient, state, w)] as const;
  });
  let w = tensor([0, 0]);
  let state = optimizer.init(w);
  let value = tensor(0);
  for (let i = 0; i < 100; i++) [value, w, state] = step(w, state);
  expect(value.item()).toBeLessThan(0.1);
});

test("the main entry is the same functions and the same class, with methods", async () => {
  const main = await import("@cotangent/core");
  expect(main.Tensor).toBe(Tensor);
  const { random: _, ...rest } = functions;
  expect(Object.keys(main).sort()).toEqual(Object.keys(functions).sort());
  for (const [name, value] of Object.entries(rest)) if (typeof value === "function") expect(main[name as keyof typeof main]).toBe(value);
  expect(tensor([1]).add(1).toArray()).toEqual([2]);
});
