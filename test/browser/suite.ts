// What a page and Node both compute: structs of tensors and texts, from functions that are compiled on the page and run op by op in Node.
import { checkGradient, drawCase, drawFrom } from "@cotangent/check";
import * as core from "@cotangent/core";
import {
  arange,
  CotangentError,
  cond,
  grad,
  hessian,
  hvp,
  jvp,
  matmul,
  random,
  record,
  scan,
  stack,
  Tensor,
  tensor,
  valueAndGrad,
  vmap,
  whileLoop,
} from "@cotangent/core";
import { isFloat, tableOf } from "@cotangent/core/engine";
import { adam, minimize } from "@cotangent/optim";
import { latex, svg, text } from "@cotangent/print";

export type Compile = <A extends readonly unknown[], R>(f: (...args: A) => R) => (...args: A) => R;

export interface Part {
  readonly name: string;
  /** Equal to the last bit; else within so many roundings of the largest entry. */
  readonly roundings: number;
  readonly run: (compile: Compile) => unknown;
}

/** Of one value: its type and its entries, each as the shortest text that reads back as the same number. */
export type Result = { readonly type: string; readonly entries: readonly string[] };

const textOf = (x: number): string => (Object.is(x, -0) ? "-0" : String(x));

/** Every tensor and every other value of a struct, in order. */
export function resultsOf(value: unknown): Result[] {
  if (value instanceof Tensor) return [{ type: `${value.dtype}[${value.shape}]`, entries: Array.from(value.values, textOf) }];
  if (Array.isArray(value)) return value.flatMap(resultsOf);
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(resultsOf);
  return [{ type: typeof value, entries: [typeof value === "number" ? textOf(value) : String(value)] }];
}

const seed = 7;

/** A scalar of everything a function gives, no entry weighted like another. */
const weighed =
  (f: (inputs: readonly Tensor[]) => readonly Tensor[]) =>
  (inputs: readonly Tensor[]): Tensor =>
    f(inputs)
      .filter((x) => isFloat(x.dtype))
      .map((x) => x.mul(arange(x.size).add(1).reshape(x.shape).cast(x.dtype).cos()).sum())
      .reduce((x, y) => x.add(y));

/** Every function of core: its value and its gradient on drawn arguments. */
const functions: readonly Part[] = [...tableOf({ ...core, random: null }), ...tableOf(random, "random.")].map(([name, op]) => ({
  name: `the function ${name}`,
  roundings: 200,
  run: (compile) =>
    (["float64", "float32"] as const).map((dtype, i) => {
      const subject = drawCase(op, drawFrom(seed + i));
      const inputs = subject.inputs.map((x) => x.cast(dtype));
      const values = compile(subject.call)(inputs);
      if (inputs.length === 0 || !values.some((x) => isFloat(x.dtype))) return [values];
      return [values, compile(grad(weighed(subject.call)))(inputs)];
    }),
}));

const xs = tensor([0.3, -0.7, 1.1, 0.4, 0.9]);
const choose = (x: Tensor): Tensor =>
  cond(
    x.sum().less(1),
    (x) => x.mul(2),
    (x) => x.square(),
    x,
  );
const double = (x: Tensor): Tensor =>
  whileLoop(
    (y: Tensor) => y.square().sum().less(50),
    (y) => y.mul(1.5).add(y.sin()),
    x,
    { maxSteps: 20 },
  );
const recur = (x: Tensor): Tensor => scan((c: Tensor, x: Tensor) => [c.mul(0.9).add(x).tanh(), c.mul(x)], tensor(0.4), x)[1];

/** A function, all that the transforms make of it, and both ways of batching it. */
const control: readonly Part[] = Object.entries({ cond: choose, whileLoop: double, scan: recur }).map(([name, f]) => ({
  name,
  roundings: 100,
  run: (compile) => {
    const loss = (x: Tensor): Tensor => f(x).mul(arange(5)).sum();
    const rows = stack([xs, xs.mul(2), xs.neg()]);
    return [
      compile(f)(xs),
      compile(f)(xs.mul(2)),
      compile(valueAndGrad(loss))(xs),
      grad(compile(loss))(xs),
      compile(hessian(loss))(xs),
      compile((x: Tensor) => hvp(loss)([x], [x.cos()]))(xs),
      compile((x: Tensor) => jvp(f)([x], [x.cos()]))(xs),
      compile(vmap(f))(rows),
      vmap(compile(grad(loss)))(rows),
    ];
  },
}));

/** Bits of a key are the same wherever they are drawn. */
const draws: Readonly<Record<string, (key: Tensor) => Tensor>> = {
  bits: (key) => random.bits(key, [50]),
  uniform: (key) => random.uniform(key, [50]),
  "uniform, float32": (key) => random.uniform(key, [50], { dtype: "float32" }),
  normal: (key) => random.normal(key, [50]),
  exponential: (key) => random.exponential(key, [50]),
  randint: (key) => random.randint(key, [50], -100, 1000),
  bernoulli: (key) => random.bernoulli(key, 0.3, { shape: [50] }),
  poisson: (key) => random.poisson(key, 7.5, { shape: [50] }),
  gamma: (key) => random.gamma(key, 2.5, { shape: [50] }),
  beta: (key) => random.beta(key, 0.5, 3, { shape: [50] }),
  categorical: (key) => random.categorical(key, tensor([0.1, 0.4, -1, 2]), { shape: [50] }),
  permutation: (key) => random.permutation(key, 50),
  foldIn: (key) => random.normal(random.foldIn(random.split(key)[1], 9), [50]),
};

const randomNumbers: readonly Part[] = Object.entries(draws).map(([name, draw]) => ({
  name: `random numbers, ${name}`,
  roundings: 0,
  run: (compile) => compile(draw)(random.key(2026)),
}));

/** Two moons for a small network to tell apart. */
function moons(): { readonly x: Tensor; readonly y: Tensor } {
  const angle = arange(40).mul(Math.PI / 20);
  const [a, b] = [stack([angle.cos(), angle.sin()]), stack([angle.cos().neg().add(1), angle.sin().neg().add(0.5)])];
  return { x: core.concat([a, b], 1).transpose(), y: core.concat([core.zeros([40]), core.ones([40])]) };
}

interface Network {
  readonly W: Tensor;
  readonly b: Tensor;
  readonly v: Tensor;
}

export const startingNetwork = (): Network => {
  const [kw, kv] = random.split(random.key(1));
  return { W: random.normal(kw, [2, 8]), b: core.zeros([8]), v: random.normal(kv, [8]) };
};

/** One step of Adam, as a person would compile it. */
export function trainingStep(): (
  network: Network,
  state: ReturnType<typeof stateOf>,
) => readonly [Tensor, Network, ReturnType<typeof stateOf>] {
  const { x, y } = moons();
  const loss = ({ W, b, v }: Network): Tensor => {
    const z = matmul(matmul(x, W).add(b).tanh(), v);
    return z.softplus().sub(y.mul(z)).mean();
  };
  return (network, state) => {
    const [value, slope] = valueAndGrad(loss)(network);
    return [value, ...optimizer.update(slope, state, network)];
  };
}
const optimizer = adam(0.05);
export const stateOf = (network: Network): ReturnType<typeof optimizer.init<Network>> => optimizer.init(network);

const training: Part = {
  name: "training a network",
  roundings: 1e6,
  run: (compile) => {
    const step = compile(trainingStep());
    let network = startingNetwork();
    let state = stateOf(network);
    const losses: Tensor[] = [];
    for (let i = 0; i < 60; i++) {
      const [loss, next, after] = step(network, state);
      losses.push(loss);
      [network, state] = [next, after];
    }
    return [losses, network, state];
  },
};

const rosenbrock = (x: Tensor): Tensor => {
  const [a, b] = [x.at(0), x.at(1)];
  return a.sub(1).square().add(b.sub(a.square()).square().mul(100));
};

const others: readonly Part[] = [
  {
    name: "core: values, derivatives and errors",
    roundings: 0,
    run: () => {
      const wrong = (() => {
        try {
          matmul(core.ones([2, 3]), core.ones([2, 2]));
        } catch (thrown) {
          return [thrown instanceof CotangentError, (thrown as Error).message];
        }
        return [];
      })();
      return [
        tensor([1, 2]).add(1),
        matmul(tensor([[1, 2]]), tensor([[3], [4]])),
        grad((x: Tensor) => x.mul(x).mul(x))(tensor(2)),
        hessian((x: Tensor) => x.mul(x).sum())(tensor([1, 2])),
        String(tensor([[1, 2.5]])),
        wrong,
      ];
    },
  },
  {
    name: "optim: a minimum found by lbfgs",
    roundings: 1e8,
    run: (compile) => minimize(compile(rosenbrock), tensor([-1.2, 1])).x,
  },
  {
    name: "print: text, LaTeX and a drawing",
    roundings: 0,
    run: () => {
      const graph = record((x: Tensor) => x.sin().mul(x).sum(), tensor([1, 2]));
      return [text(graph), latex(graph), svg(graph)];
    },
  },
  {
    name: "check: a right and a wrong gradient told apart",
    roundings: 0,
    run: () => {
      const loss = (x: Tensor): Tensor => x.sin().mul(x).sum();
      const right = (x: Tensor): Tensor => x.cos().mul(x).add(x.sin());
      return [right, (x: Tensor) => right(x).mul(1.001)].map((claim) => checkGradient(loss, claim, { at: [xs] }).verdict);
    },
  },
];

export const parts: readonly Part[] = [...others, ...control, ...randomNumbers, training, ...functions];
