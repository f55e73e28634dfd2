// The founding claim: the gradient of logistic cross-entropy, built from ops, is (1/m) Xᵀ(h − y). References are closed forms in
// double-double arithmetic; the allowed error is the running error of the gradient's own graph, never a number picked by hand.
import * as check from "@cotangent/check";
import {
  cast,
  div,
  grad,
  hessian,
  hvp,
  log,
  log2,
  log10,
  logSoftmax,
  logsumexp,
  matmul,
  mean,
  mul,
  neg,
  reshape,
  sigmoid,
  softmax,
  softplus,
  sub,
  sum,
  type Tensor,
  tensor,
  transpose,
} from "@cotangent/core";
import {
  type DoubleDouble,
  doubleDouble as dd,
  evaluate,
  pullback,
  recordFunction,
  type RunningError,
  runningError,
  toSystem,
} from "@cotangent/core/engine";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

type Precision = "float64" | "float32";

/** Rows, parameters, labels; every matrix is row by row. */
interface Problem {
  readonly m: number;
  readonly p: number;
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly theta: readonly number[];
}

/** Tensors of float32 numbers of some size. */
const entries = (size: number, ...shape: readonly (string | number)[]): fc.Arbitrary<Tensor> =>
  check.tensors({ shape, domain: [-size, size], dtype: "float32" });

/** Any m and p, p = 0 and m = 1 among them, with or without a column of ones. */
function problems(size = 2): fc.Arbitrary<Problem> {
  const labels = check.probabilities({ shape: ["m"], dtype: "float32" });
  const drawn = { X: entries(size, "m", "p"), y: labels, theta: entries(size, "p"), bias: fc.boolean() };
  return check.sized(drawn, { m: [1, 6], p: [0, 4] }).map(({ X, y, theta, bias }) => {
    const [m, p] = X.shape as [number, number];
    const x = Array.from(X.values, (entry, i) => (bias && i % p === 0 ? 1 : entry));
    return { m, p, x, y: Array.from(y.values), theta: Array.from(theta.values) };
  });
}

const array = (entries: readonly number[], precision: Precision): Float64Array | Float32Array =>
  precision === "float64" ? Float64Array.from(entries) : Float32Array.from(entries);

interface Tensors {
  readonly X: Tensor;
  readonly y: Tensor;
  readonly theta: Tensor;
}

const tensors = ({ m, p, x, y, theta }: Problem, precision: Precision = "float64"): Tensors => ({
  X: tensor(array(x, precision), { shape: [m, p] }),
  y: tensor(array(y, precision)),
  theta: tensor(array(theta, precision)),
});

/** J(θ) = −mean(y log h + (1−y) log(1−h)), h = 1/(1+e^(−Xθ)). */
const crossEntropy =
  ({ X, y }: Tensors) =>
  (theta: Tensor): Tensor => {
    const h = sigmoid(matmul(X, theta));
    return neg(mean(y.mul(log(h)).add(sub(1, y).mul(log(sub(1, h))))));
  };

/** The same loss from the logits: mean(log(1+e^z) − y z). */
const logitsCrossEntropy =
  ({ X, y }: Tensors) =>
  (theta: Tensor): Tensor => {
    const z = matmul(X, theta);
    return mean(softplus(z).sub(y.mul(z)));
  };

// --- closed forms in double-double, on plain numbers ---

const sumOf = (terms: readonly DoubleDouble[]): DoubleDouble => terms.reduce(dd.add, dd.constant(0));

function logits({ m, p, x, theta }: Problem): DoubleDouble[] {
  return Array.from({ length: m }, (_, i) =>
    sumOf(Array.from({ length: p }, (__, j) => dd.mul(dd.constant(x[i * p + j]!), dd.constant(theta[j]!)))),
  );
}

/** h − y without cancellation beyond what the numbers hold. */
function residuals(problem: Problem): DoubleDouble[] {
  return logits(problem).map((z, i) => {
    // 1/(1 + e^−z), by the one of e^z and e^−z that does not overflow.
    const e = dd.exp(z.high < 0 ? z : dd.neg(z));
    const h = dd.div(z.high < 0 ? e : dd.constant(1), dd.add(dd.constant(1), e));
    return dd.sub(h, dd.constant(problem.y[i]!));
  });
}

/** (1/m) Σ_i (h_i − y_i) x_ij, for each j. */
function closedForm(problem: Problem): number[] {
  const { m, p, x } = problem;
  const r = residuals(problem);
  return Array.from({ length: p }, (_, j) =>
    dd.toNumber(dd.div(sumOf(r.map((ri, i) => dd.mul(ri, dd.constant(x[i * p + j]!)))), dd.constant(m))),
  );
}

// --- judging ---

const gradientGraph = (loss: (theta: Tensor) => Tensor, theta: Tensor) =>
  recordFunction(
    (outer) =>
      pullback(
        recordFunction(([own]) => [loss(own!)], outer),
        [tensor(1, theta.dtype)],
      ).map((g) => g ?? theta.mul(0)),
    [theta],
  );

/** The gradient with a bound on its rounding error, entry by entry. */
function boundedGradient(
  loss: (theta: Tensor) => Tensor,
  theta: Tensor,
): { readonly gradient: readonly number[]; readonly bounds: readonly number[] } {
  const graph = gradientGraph(loss, theta);
  const [replayed] = evaluate(graph, runningError, [toSystem(theta, runningError)]);
  const gradient = Array.from(graph.outputs[0]!.values);
  const scale = theta.dtype === "float32" ? 2 ** 29 : 1;
  const bounds = replayed!.values.map(
    (entry, i) => (entry as RunningError).error * scale + (theta.dtype === "float32" ? 2 ** -23 * Math.abs(gradient[i]!) : 0),
  );
  return { gradient, bounds };
}

/** Where a gradient is subnormal it has the digits of that. */
function farthest(got: readonly number[], wanted: readonly number[], bounds: readonly number[]): string | undefined {
  for (let i = 0; i < wanted.length; i++) {
    if (!(Math.abs(got[i]! - wanted[i]!) <= 2 * bounds[i]! + 2 ** -1040))
      return `entry ${i}: ${got[i]} against ${wanted[i]}, bound ${bounds[i]}`;
  }
  return undefined;
}

function judge(loss: (t: Tensors) => (theta: Tensor) => Tensor, problem: Problem, precision: Precision = "float64"): string | undefined {
  const t = tensors(problem, precision);
  const { gradient, bounds } = boundedGradient(loss(t), t.theta);
  return farthest(gradient, closedForm(problem), bounds);
}

describe("logistic regression", () => {
  it.each(["float64", "float32"] as const)("the gradient built from matmul, sigmoid, log and mean is (1/m) Xᵀ(h − y), %s", (precision) => {
    // Two-unit entries keep |θᵀx| <= 16; in float32 1 − h is still 1e-7 there, where the log form has few digits left but a true bound.
    fc.assert(
      fc.property(problems(precision === "float64" ? 2 : 1), (problem) => {
        expect(judge(crossEntropy, problem, precision)).toBeUndefined();
      }),
    );
  });

  it("the vector form (1/m) Xᵀ(h − y) in ops gives the element form's numbers", () => {
    fc.assert(
      fc.property(problems(), (problem) => {
        const { X, y, theta } = tensors(problem);
        const claimed = (at: Tensor): Tensor => div(matmul(transpose(X), sigmoid(matmul(X, at)).sub(y)), problem.m);
        const graph = recordFunction(([own]) => [claimed(own!)], [theta]);
        const [replayed] = evaluate(graph, runningError, [toSystem(theta, runningError)]);
        const bounds = replayed!.values.map((entry) => (entry as RunningError).error);
        expect(farthest(Array.from(graph.outputs[0]!.values), closedForm(problem), bounds)).toBeUndefined();
      }),
    );
  });

  it.each(["float64", "float32"] as const)("the logits form keeps its gradient however far h saturates, %s", (precision) => {
    // h rounds to 1 from θᵀx = 37 on, in float32 from 17 on; there e^z stays above the subnormal numbers up to |z| = 87.
    fc.assert(
      fc.property(problems(precision === "float64" ? 1000 : 4), (problem) => {
        const t = tensors(problem, precision);
        const { gradient, bounds } = boundedGradient(logitsCrossEntropy(t), t.theta);
        expect(gradient.every(Number.isFinite)).toBe(true);
        expect(farthest(gradient, closedForm(problem), bounds)).toBeUndefined();
      }),
    );
  });

  it("the log form loses the gradient where h rounds to 1, and its bound says so; the logits form does not", () => {
    const problem: Problem = { m: 1, p: 1, x: [1], y: [0], theta: [40] };
    const t = tensors(problem);
    expect(judge(logitsCrossEntropy, problem)).toBeUndefined();
    const naive = boundedGradient(crossEntropy(t), t.theta);
    const wrong = !(Math.abs(naive.gradient[0]! - closedForm(problem)[0]!) < 1e-3);
    expect(wrong).toBe(true);
    expect(Number.isFinite(naive.bounds[0]!) && naive.bounds[0]! < 1e-3).toBe(false);
  });

  it("the lines of the derivation agree in value and gradient: −[y log h + (1−y) log(1−h)] = log(1+e^z) − y z", () => {
    fc.assert(
      fc.property(problems(), (problem) => {
        const t = tensors(problem);
        const [left, right] = [crossEntropy(t), logitsCrossEntropy(t)].map((loss) => {
          const graph = recordFunction(([own]) => [loss(own!)], [t.theta]);
          return evaluate(graph, runningError, [toSystem(t.theta, runningError)])[0]!.values[0] as RunningError;
        });
        expect(Math.abs(left!.value - right!.value)).toBeLessThanOrEqual(2 * (left!.error + right!.error) + 2 ** -1074);
        const [a, b] = [boundedGradient(crossEntropy(t), t.theta), boundedGradient(logitsCrossEntropy(t), t.theta)];
        expect(
          farthest(
            a.gradient,
            b.gradient,
            a.bounds.map((bound, i) => bound + b.bounds[i]!),
          ),
        ).toBeUndefined();
      }),
    );
  });

  it("a logarithm to another base scales the gradient by 1/ln b", () => {
    const base =
      (logarithm: (x: Tensor) => Tensor) =>
      ({ X, y }: Tensors) =>
      (theta: Tensor): Tensor => {
        const h = sigmoid(matmul(X, theta));
        return neg(mean(y.mul(logarithm(h)).add(sub(1, y).mul(logarithm(sub(1, h))))));
      };
    fc.assert(
      fc.property(problems(), fc.constantFrom<[(x: Tensor) => Tensor, number]>([log2, 2], [log10, 10]), (problem, [logarithm, b]) => {
        const t = tensors(problem);
        const { gradient, bounds } = boundedGradient(base(logarithm)(t), t.theta);
        const ln = dd.log(dd.constant(b));
        const wanted = closedForm(problem).map((g) => dd.toNumber(dd.div(dd.constant(g), ln)));
        expect(
          farthest(
            gradient,
            wanted,
            bounds.map((bound, i) => bound + 2 ** -52 * Math.abs(wanted[i]!)),
          ),
        ).toBeUndefined();
      }),
    );
  });

  it("the Hessian is (1/m) Xᵀ diag(h(1−h)) X, symmetric and positive semi-definite, and hvp agrees with it", () => {
    fc.assert(
      fc.property(problems(), entries(2, 4), (problem, four) => {
        const { m, p, x } = problem;
        const t = tensors(problem);
        const direction = Array.from(four.values).slice(0, p);
        const v = tensor(Float64Array.from(direction));
        const graph = recordFunction(
          ([theta, along]) => [hessian(crossEntropy(t))(theta!), hvp(crossEntropy(t))([theta!], [along!])],
          [t.theta, v],
        );
        const [H, Hv] = graph.outputs.map((out) => Array.from(out.values)) as [number[], number[]];
        const inputs = [t.theta, v].map((input) => toSystem(input, runningError));
        const [boundH, boundHv] = evaluate(graph, runningError, inputs).map((out) =>
          out.values.map((entry) => (entry as RunningError).error),
        ) as [number[], number[]];

        const weights = logits(problem).map((z) => {
          const [h, rest] = [z, dd.neg(z)].map((own) => dd.div(dd.constant(1), dd.add(dd.constant(1), dd.exp(dd.neg(own)))));
          return dd.mul(h!, rest!);
        });
        const exact = Array.from({ length: p * p }, (_, at) => {
          const [i, j] = [Math.floor(at / p), at % p];
          const terms = weights.map((w, row) => dd.mul(w, dd.mul(dd.constant(x[row * p + i]!), dd.constant(x[row * p + j]!))));
          return dd.div(sumOf(terms), dd.constant(m));
        });
        expect(farthest(H, exact.map(dd.toNumber), boundH)).toBeUndefined();

        const product = Array.from({ length: p }, (_, i) => sumOf(direction.map((d, j) => dd.mul(exact[i * p + j]!, dd.constant(d)))));
        expect(farthest(Hv, product.map(dd.toNumber), boundHv)).toBeUndefined();

        for (let at = 0; at < p * p; at++) {
          const mirrored = (at % p) * p + Math.floor(at / p);
          expect(Math.abs(H[at]! - H[mirrored]!)).toBeLessThanOrEqual(boundH[at]! + boundH[mirrored]!);
        }
        const quadratic = Hv.reduce((total, entry, i) => total + entry * direction[i]!, 0);
        const slack = boundHv.reduce((total, bound, i) => total + (bound + 2 ** -50 * Math.abs(Hv[i]!)) * Math.abs(direction[i]!), 0);
        expect(quadratic).toBeGreaterThanOrEqual(-slack);
      }),
    );
  });
});

describe("softmax regression", () => {
  const classes = check.sized(
    { X: entries(2, "m", "p"), theta: entries(2, "p", "k"), labels: check.indices("k", { shape: ["m"] }) },
    { m: [1, 5], p: [1, 3], k: [1, 4] },
  );

  const loss =
    (X: Tensor, onehot: Tensor) =>
    (theta: Tensor): Tensor =>
      neg(mean(sum(onehot.mul(log(softmax(matmul(X, theta), { axes: 1 }))), { axes: 1 })));

  it("the gradient of the cross-entropy is xᵀ(p − y)/m", () => {
    fc.assert(
      fc.property(classes, (drawn) => {
        const [X, at] = [cast(drawn.X, "float64"), cast(drawn.theta, "float64")];
        const [m, p, k] = [...X.shape, at.shape[1]] as [number, number, number];
        const [x, theta, labels] = [X, at, drawn.labels].map((one) => Array.from(one.values)) as [number[], number[], number[]];
        const onehot = tensor(
          Float64Array.from({ length: m * k }, (_, i) => (labels[Math.floor(i / k)] === i % k ? 1 : 0)),
          { shape: [m, k] },
        );
        const { gradient, bounds } = boundedGradient(loss(X, onehot), at);
        const probability = Array.from({ length: m }, (_, i) => {
          const e = Array.from({ length: k }, (__, c) =>
            dd.exp(sumOf(Array.from({ length: p }, (___, j) => dd.mul(dd.constant(x[i * p + j]!), dd.constant(theta[j * k + c]!))))),
          );
          const total = sumOf(e);
          return e.map((one) => dd.div(one, total));
        });
        const wanted = Array.from({ length: p * k }, (_, at) => {
          const [j, c] = [Math.floor(at / k), at % k];
          const terms = labels.map((own, i) =>
            dd.mul(dd.sub(probability[i]![c]!, dd.constant(own === c ? 1 : 0)), dd.constant(x[i * p + j]!)),
          );
          return dd.toNumber(dd.div(sumOf(terms), dd.constant(m)));
        });
        expect(farthest(gradient, wanted, bounds)).toBeUndefined();
      }),
    );
  });

  it("with two classes it is the logistic case: softmax([0, z]) is [1 − σ(z), σ(z)]", () => {
    fc.assert(
      fc.property(problems(), (problem) => {
        fc.pre(problem.p > 0);
        const { X, y, theta } = tensors(problem);
        const twoClasses = (at: Tensor): Tensor => {
          const z = matmul(X, at);
          const logProbability = logSoftmax(transpose(tensor([[0], [1]]).mul(z.reshape([1, -1]))), { axes: 1 });
          const onehot = transpose(tensor([[1], [0]]).add(tensor([[-1], [1]]).mul(y.reshape([1, -1]))));
          return neg(mean(sum(onehot.mul(logProbability), { axes: 1 })));
        };
        const { gradient, bounds } = boundedGradient(twoClasses, theta);
        expect(farthest(gradient, closedForm(problem), bounds)).toBeUndefined();
      }),
    );
  });

  it("−log softmax of the true class is logsumexp(z) − z", () => {
    const z = tensor([1, -2, 0.5]);
    expect(neg(log(softmax(z))).values[0]).toBeCloseTo(logsumexp(z).item() - 1, 14);
  });
});

describe("planted mistakes are caught, with a small counterexample", () => {
  type Claim = (t: Tensors, problem: Problem, theta: Tensor) => Tensor;
  const residual = ({ X, y }: Tensors, theta: Tensor): Tensor => sigmoid(matmul(X, theta)).sub(y);
  const mistakes: Readonly<Record<string, Claim>> = {
    "dropped 1/m": (t, _problem, theta) => matmul(transpose(t.X), residual(t, theta)),
    "flipped sign": (t, { m }, theta) => div(matmul(transpose(t.X), neg(residual(t, theta))), m),
    "missing x": (t, { p }, theta) => mean(residual(t, theta)).mul(tensor(new Float64Array(p).fill(1))),
    "X reshaped where Xᵀ is meant": (t, { m, p }, theta) => div(matmul(reshape(t.X, [p, m]), residual(t, theta)), m),
    "ln 10 left over": (t, { m }, theta) => div(matmul(transpose(t.X), residual(t, theta)), m * Math.LN10),
    "off by 2": (t, { m }, theta) => mul(2, div(matmul(transpose(t.X), residual(t, theta)), m)),
  };

  it.each(Object.entries(mistakes))("%s", (_name, claim) => {
    const outcome = fc.check(
      fc.property(problems(), (problem) => {
        const t = tensors(problem);
        const claimed = Array.from(claim(t, problem, t.theta).values);
        const { bounds } = boundedGradient(crossEntropy(t), t.theta);
        return (
          farthest(
            claimed,
            closedForm(problem),
            bounds.map((bound) => 4 * bound),
          ) === undefined
        );
      }),
      { numRuns: 500 },
    );
    expect(outcome.failed).toBe(true);
    const { m, p } = outcome.counterexample![0]!;
    expect(m * p).toBeLessThanOrEqual(4);
  });
});

it("grad and the recorded pullback are the same gradient", () => {
  const t = tensors({ m: 2, p: 2, x: [1, 2, 3, 4], y: [0, 1], theta: [0.1, -0.2] });
  expect(Array.from(grad(crossEntropy(t))(t.theta).values)).toEqual([...boundedGradient(crossEntropy(t), t.theta).gradient]);
});
