// Control flow and transforms, compiled: the same values as op by op, with `jit` outside, inside, and at both ends of every transform.
import { jit, type JitOptions } from "@cotangent/compile";
import {
  arange,
  checkpoint,
  cond,
  customJvp,
  customVjp,
  detach,
  forLoop,
  grad,
  hessian,
  hvp,
  jacobian,
  jvp,
  linearize,
  matmul,
  ones,
  scan,
  stack,
  tensor,
  type Tensor,
  valueAndGrad,
  vjp,
  vmap,
  whileLoop,
  zeros,
} from "@cotangent/core";
import { flatten } from "@cotangent/core/engine";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

type F = (...args: Tensor[]) => Tensor;

/** Multiply-add rounds once where the engine has it, so what should be equal to the last bit is compiled without. */
const exactly: JitOptions = { relaxed: false };

/** The same function compiled, whatever its type. */
const compiled = <A extends readonly unknown[], R>(f: (...args: A) => R, options?: JitOptions): ((...args: A) => R) => jit(f, options);

interface Program {
  readonly name: string;
  readonly f: F;
  readonly args: readonly Tensor[];
  /** Only + − × ÷ and comparisons, no more than two entries summed over an axis: equal to the last bit, as all its derivatives. */
  readonly exact: boolean;
}

const xs = tensor([0.3, -0.7, 1.1, 0.4, 0.9]);
const rows = tensor([
  [0.3, -0.7],
  [1.1, 0.4],
  [-0.2, 0.9],
]);
const matrix = tensor([
  [0.5, -0.3],
  [0.2, 0.8],
]);

const clipped = customVjp(
  (x: Tensor) => x.mul(x),
  (x: Tensor) => [x.mul(x), x.add(1)],
  (kept: Tensor, g: Tensor) => [g.mul(kept).mul(3)],
);
const doubled = customJvp(
  (x: Tensor) => x.mul(x),
  ([x], [t]) => [x.mul(x), t.mul(x).mul(5)],
);

const programs: readonly Program[] = [
  {
    name: "cond, its first branch",
    f: (x, w) =>
      cond(
        x.at(0).less(1),
        (x) => x.mul(w),
        (x) => x.sub(w),
        x,
      ),
    args: [xs, xs.add(1)],
    exact: true,
  },
  {
    name: "cond, its second branch, with parameters closed over in one only",
    f: (x, v, w) =>
      cond(
        x.at(0).less(-1),
        (x) => x.mul(v).sin(),
        (x) => x.mul(w).exp(),
        x,
      ),
    args: [xs, tensor(0.7), tensor(1.2)],
    exact: false,
  },
  {
    name: "cond in cond, of several outputs and dtypes",
    f: (x) => {
      const [y, n] = cond(
        x.at(1).less(0),
        (x) =>
          cond(
            x.at(2).greater(1),
            (x) => [x.mul(3), tensor(2, "int32")] as const,
            (x) => [x, tensor(1, "int32")] as const,
            x,
          ),
        (x) => [x.neg(), tensor(0, "int32")] as const,
        x,
      );
      return y.mul(n);
    },
    args: [xs],
    exact: true,
  },
  {
    name: "whileLoop on a scalar",
    f: (x) =>
      whileLoop(
        (y: Tensor) => y.less(100),
        (y) => y.mul(x),
        x,
        { maxSteps: 10 },
      ),
    args: [tensor(3.1)],
    exact: true,
  },
  {
    name: "whileLoop on a vector, its condition a function of the whole",
    f: (x, w) =>
      whileLoop(
        (y: Tensor) => y.square().sum().less(50),
        (y) => y.mul(w.square().add(1.2)).add(y.sin()),
        x,
        { maxSteps: 12 },
      ),
    args: [xs, tensor(1.1)],
    exact: false,
  },
  {
    name: "whileLoop that never runs",
    f: (x) =>
      whileLoop(
        (y: Tensor) => y.at(0).greater(100),
        (y) => y.mul(2),
        x,
        { maxSteps: 3 },
      ),
    args: [xs],
    exact: true,
  },
  {
    name: "whileLoop that counts, of a struct",
    f: (x) =>
      whileLoop(
        (c: { readonly n: Tensor; readonly y: Tensor }) => c.n.less(4),
        ({ n, y }) => ({ n: n.add(1), y: y.mul(x).add(n.cast("float64")) }),
        { n: tensor(0, "int32"), y: x },
        { maxSteps: 5 },
      ).y,
    args: [tensor(1.7)],
    exact: true,
  },
  {
    name: "scan of scalars with outputs",
    f: (c, x, w) => {
      const [last, ys] = scan((c: Tensor, x: Tensor) => [c.mul(w).add(x), c.mul(x)], c, x);
      return ys.add(last);
    },
    args: [tensor(0.4), xs, tensor(1.3)],
    exact: true,
  },
  {
    name: "scan in reverse, of a struct",
    f: (h, x, w) => {
      const [{ h: last, k }, before] = scan(
        ({ h, k }: { readonly h: Tensor; readonly k: Tensor }, x: Tensor) => [{ h: matmul(w, h).tanh().add(x), k: k.mul(1.1) }, h],
        { h, k: tensor(2) },
        x,
        { reverse: true },
      );
      return before.mul(last).mul(k);
    },
    args: [tensor([0.2, -0.4]), rows, matrix],
    exact: false,
  },
  {
    name: "scan without sequences",
    f: (c, w) => scan((c: Tensor) => [c.mul(w).add(0.3), c], c, null, { length: 6 })[1],
    args: [tensor(0.4), tensor(0.7)],
    exact: true,
  },
  {
    name: "scan without sequences, in reverse",
    f: (c, w) => scan((c: Tensor) => [c.mul(w).add(0.3), c], c, null, { length: 6, reverse: true })[1],
    args: [tensor(0.4), tensor(0.7)],
    exact: true,
  },
  {
    name: "scan without a carry",
    f: (x, w) => scan((_: null, x: Tensor) => [null, x.mul(w)], null, x)[1],
    args: [rows, tensor(0.5)],
    exact: true,
  },
  {
    name: "scan of length 1",
    f: (c, x) => scan((c: Tensor, x: Tensor) => [c.mul(x), c.sub(x)], c, x)[1],
    args: [tensor(0.4), tensor([0.5])],
    exact: true,
  },
  {
    name: "scan in scan",
    f: (c, x, w) =>
      scan(
        (c: Tensor, row: Tensor) => {
          const [last, ys] = scan((d: Tensor, y: Tensor) => [d.mul(y).add(c.mul(w)), d], c, row);
          return [last, ys];
        },
        c,
        x,
      )[1],
    args: [tensor(0.4), rows, tensor(0.7)],
    exact: true,
  },
  {
    name: "cond in scan, chosen by the data",
    f: (c, x, w) =>
      scan(
        (c: Tensor, x: Tensor) => {
          const next = cond(
            x.less(0),
            (c, x) => c.mul(x).add(w),
            (c, x) => c.add(x.mul(x)).mul(w),
            c,
            x,
          );
          return [next, next];
        },
        c,
        x,
      )[1],
    args: [tensor(0.4), xs, tensor(0.7)],
    exact: true,
  },
  {
    name: "whileLoop in scan",
    f: (x) =>
      scan(
        (c: Tensor, x: Tensor) => [
          whileLoop(
            (y: Tensor) => y.less(4),
            (y) => y.mul(1.5).add(0.1),
            c.mul(x).square(),
            { maxSteps: 8 },
          ),
          c,
        ],
        tensor(2),
        x,
      )[1],
    args: [tensor([0.5, 1.3, 0.7])],
    exact: true,
  },
  {
    name: "scan that keeps every second carry",
    f: (c, x, w) => {
      const [last, ys] = scan((c: Tensor, x: Tensor) => [c.mul(w).add(x), c.mul(x)], c, x, { checkpointEvery: 2 });
      return ys.add(last);
    },
    args: [tensor(0.4), xs, tensor(1.3)],
    exact: true,
  },
  {
    name: "forLoop that uses its index",
    f: (x, w) => forLoop(1, 5, (i, y: Tensor) => y.mul(w).add(x.take(i)).div(i), x.at(0)),
    args: [xs, tensor(0.5)],
    exact: true,
  },
  {
    name: "forLoop of no steps",
    f: (x) => forLoop(3, 3, (_i, y: Tensor) => y.mul(2), x),
    args: [xs],
    exact: true,
  },
  {
    name: "forLoop of matrix products",
    f: (x, w) => forLoop(0, 4, (_i, y: Tensor) => matmul(y, w), x),
    args: [rows, matrix],
    exact: false,
  },
  {
    name: "a step of gradient descent in a scan, a batched loss inside",
    f: (c, x, w) => {
      const loss = (c: Tensor, row: Tensor): Tensor => vmap((entry: Tensor) => entry.mul(c).sub(w).square())(row).sum();
      return scan((c: Tensor, row: Tensor) => [c.sub(grad(loss)(c, row).mul(0.1)), c], c, x)[1];
    },
    args: [tensor(0.4), rows, tensor(1.3)],
    exact: false,
  },
  {
    name: "checkpoint",
    f: (x, w) => checkpoint((x: Tensor) => x.mul(w).sin().exp())(x),
    args: [xs, tensor(0.8)],
    exact: false,
  },
  {
    name: "checkpoint of a scan",
    f: (c, x) => checkpoint((c: Tensor) => scan((c: Tensor, x: Tensor) => [c.mul(x), c.add(x)], c, x)[1])(c),
    args: [tensor(0.4), xs],
    exact: true,
  },
  { name: "customVjp", f: (x) => clipped(x).mul(2), args: [xs], exact: true },
  {
    name: "customVjp in a scan",
    f: (c, x) => scan((c: Tensor, x: Tensor) => [clipped(c.mul(x)), c], c, x)[1],
    args: [tensor(0.9), xs],
    exact: true,
  },
  { name: "customJvp", f: (x) => doubled(x).mul(2), args: [xs], exact: true },
  { name: "customJvp in a cond", f: (x) => cond(x.at(0).less(1), doubled, (x) => x, x), args: [xs], exact: true },
  { name: "detach", f: (x) => x.mul(detach(x)).mul(x), args: [xs], exact: true },
];

/** Tensors of any struct. */
const leavesOf = (value: unknown): readonly Tensor[] => flatten(value).leaves;

/** Equal to the last bit, or to some roundings of the largest entry. */
function expectSame(got: unknown, wanted: unknown, exact: boolean, what: string): void {
  const [xs, ys] = [leavesOf(got), leavesOf(wanted)];
  expect(xs.length, what).toBe(ys.length);
  ys.forEach((y, k) => {
    const x = xs[k]!;
    expect([x.dtype, x.shape], what).toEqual([y.dtype, y.shape]);
    if (exact) return expect(Array.from(x.values), what).toEqual(Array.from(y.values));
    const largest = Math.max(1, ...Array.from(y.values, Math.abs));
    x.values.forEach((entry, i) => {
      if (!Object.is(entry, y.values[i]) && !(Math.abs(entry - y.values[i]!) <= 64 * 2 ** -53 * largest))
        expect(entry, `${what}, entry ${i} of output ${k}`).toBe(y.values[i]);
    });
  });
}

/** A scalar of everything a function gives, no entry weighted like another, without summing over an axis. */
const weighed =
  (f: F): F =>
  (...args) => {
    const y = f(...args).reshape([-1]);
    return Array.from({ length: y.size }, (_, i) => y.at(i).mul(i + 0.5)).reduce((sum, x) => sum.add(x), tensor(0));
  };

/** A direction for every argument. */
const directions = (args: readonly Tensor[]): Tensor[] =>
  args.map((x, k) =>
    arange(x.size)
      .add(k + 1)
      .mul(0.25)
      .reshape(x.shape),
  );

/** Everything the transforms make of a function; each takes the function's own arguments and gives a struct. */
const transforms: Readonly<Record<string, (f: F, args: readonly Tensor[]) => (...args: Tensor[]) => unknown>> = {
  value: (f) => f,
  grad: (f, args) => grad(weighed(f), { wrt: args.map((_, i) => i) }) as never,
  valueAndGrad: (f) => valueAndGrad(weighed(f)) as never,
  "jvp, all at once":
    (f, args) =>
    (...own) =>
      jvp(f, { wrt: args.map((_, i) => i) } as never)(own as never, directions(args) as never),
  vjp:
    (f, args) =>
    (...own) => {
      const { value, pullback } = vjp(f, { wrt: args.map((_, i) => i) } as never)(...own);
      return [value, pullback(ones(value.shape).mul(1.5) as never)];
    },
  hvp:
    (f, [x]) =>
    (...own) =>
      hvp(weighed(f))(own as never, directions([x!]) as never),
  hessian: (f) => hessian(weighed(f)) as never,
  "jacobian, forward": (f) => jacobian(f, { mode: "forward" }) as never,
  "jacobian, reverse": (f) => jacobian(f, { mode: "reverse" }) as never,
  linearize:
    (f, [x]) =>
    (...own) => {
      const { value, pushforward } = linearize(f)(...own);
      return [value, pushforward(directions([x!])[0] as never)];
    },
  "vmap by the first argument":
    (f, args) =>
    (...own) =>
      vmap(f, { inAxes: args.map((_, i) => (i === 0 ? 0 : null)) })(stack([own[0]!, own[0]!.mul(0.5), own[0]!.mul(-0.8)]), ...own.slice(1)),
  "vmap of grad, by all":
    (f) =>
    (...own) =>
      vmap(grad(weighed(f)) as F)(...own.map((x) => stack([x, x.mul(0.5), x.mul(-0.8)]))),
  "grad of vmap":
    (f, args) =>
    (...own) =>
      grad(weighed((...all) => vmap(f, { inAxes: args.map((_, i) => (i === 0 ? 0 : null)) })(...all)))(
        stack([own[0]!, own[0]!.mul(0.5)]),
        ...own.slice(1),
      ),
};

describe.each(programs)("$name", ({ f, args, exact }) => {
  const options = exact ? exactly : {};
  test.each(Object.entries(transforms))("%s", (_name, transform) => {
    const eager = transform(f, args);
    const wanted = eager(...args);
    expectSame(compiled(eager, options)(...args), wanted, exact, "compiled around the transform");
    expectSame(transform(compiled(f, options), args)(...args), wanted, exact, "compiled inside the transform");
    expectSame(compiled(transform(compiled(f, options), args), options)(...args), wanted, exact, "compiled at both ends");
    const again = compiled(eager, options);
    again(...args);
    const other = args.map((x) => x.mul(1.01));
    expectSame(again(...other), eager(...other), exact, "the same program on other values");
  });
});

describe("loops of no steps", () => {
  const body = (c: Tensor, x: Tensor): readonly [Tensor, Tensor] => [c.mul(x), c.add(x)];
  const f = (c: Tensor, x: Tensor) => scan(body, c, x);
  const none = zeros([0]);

  test.each([false, true])("scan over an empty sequence, reverse %s", (reverse) => {
    const [last, ys] = compiled((c: Tensor, x: Tensor) => scan(body, c, x, { reverse }))(tensor(2), none);
    expect(last.item()).toBe(2);
    expect(ys.shape).toEqual([0]);
  });

  test("scan without sequences", () => {
    const [last, ys] = compiled((c: Tensor) => scan((c: Tensor) => [c.mul(2), c.add(tensor([1, 2]))], c, null, { length: 0 }))(tensor(3));
    expect(last.item()).toBe(3);
    expect(ys.shape).toEqual([0, 2]);
  });

  test("their derivatives", () => {
    const [dc, dx] = compiled(grad((c: Tensor, x: Tensor) => f(c, x)[0].mul(3).add(f(c, x)[1].sum()), { wrt: [0, 1] }))(tensor(2), none);
    expect(dc.item()).toBe(3);
    expect(dx.shape).toEqual([0]);
    const [, moved] = compiled(jvp((c: Tensor) => f(c, none)[0]))([tensor(2)], [tensor(5)]);
    expect(moved.item()).toBe(5);
    expect(compiled(hessian((c: Tensor) => f(c, none)[0].square()))(tensor(2)).item()).toBe(2);
  });

  test("batched", () => {
    const [last, ys] = compiled(vmap(f, { inAxes: [0, null] }))(tensor([2, 3]), none);
    expectSame(last, tensor([2, 3]), true, "carry");
    expect(ys.shape).toEqual([2, 0]);
  });

  test("batches of nothing", () => {
    const [last, ys] = compiled(vmap(f))(none, zeros([0, 3]));
    expect([last.shape, ys.shape]).toEqual([[0], [0, 3]]);
  });

  test("an empty carry", () => {
    const g = (x: Tensor): Tensor => forLoop(0, 3, (_i, y: Tensor) => y.mul(2), x);
    expect(compiled(g)(zeros([0, 2])).shape).toEqual([0, 2]);
    expect(compiled(grad((x: Tensor) => g(x).sum()))(zeros([0, 2])).shape).toEqual([0, 2]);
  });
});

describe("bounds known only to the program", () => {
  const power = (x: Tensor, n: Tensor): Tensor => forLoop(0, n, (_i, y: Tensor) => y.mul(x), tensor(1));

  test("forLoop up to an argument runs as often as it says, with one program", () => {
    const f = jit(power);
    for (const n of [0, 1, 5, -2]) expect(f(tensor(1.5), tensor(n, "int32")).item()).toBe(1.5 ** Math.max(0, n));
    expect(f.cache().length).toBe(1);
  });

  test("its derivative forwards", () => {
    const slope = jit((x: Tensor, n: Tensor) => jvp((x: Tensor) => power(x, n))([x], [tensor(1)])[1]);
    for (const n of [0, 1, 4]) expect(slope(tensor(1.5), tensor(n, "int32")).item()).toBe(n === 0 ? 0 : n * 1.5 ** (n - 1));
  });

  test("its derivative backwards is refused as it is op by op", () => {
    const backwards = (x: Tensor, n: Tensor): Tensor => grad(power)(x, n);
    expect(() => jit(backwards)(tensor(1.5), tensor(3, "int32"))).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: whileLoop: reverse mode needs a bound on the steps — the number of steps is not known before it runs; give { maxSteps }, or use scan or forLoop, or forward mode (jvp)]`,
    );
  });
});

describe("loops that do not end in time", () => {
  const f = (x: Tensor): Tensor =>
    whileLoop(
      (y: Tensor) => y.less(100),
      (y) => y.mul(x),
      x,
      { maxSteps: 5 },
    );

  /** The message a call fails with. */
  function messageOf(call: () => unknown): string {
    try {
      call();
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(Error);
      return (thrown as Error).message;
    }
    return "no error";
  }

  test("the error is the same as op by op", () => {
    const message = messageOf(() => f(tensor(1)));
    expect(message).toMatchInlineSnapshot(
      `"whileLoop: the condition still holds after maxSteps — 5 steps; raise maxSteps, or look at the condition"`,
    );
    for (const g of [jit(f), jit(jit(f))]) expect(messageOf(() => g(tensor(1)))).toBe(message);
    for (const g of [jit(vmap(f)), vmap(jit(f)), jit(vmap(jit(f)))]) expect(messageOf(() => g(tensor([3, 1])))).toBe(message);
    expect(messageOf(() => grad(jit(f))(tensor(1)))).toBe(message);
    expect(messageOf(() => jit(valueAndGrad(f))(tensor(1)))).toBe(message);
  });

  test("a program runs again after it has failed", () => {
    const g = jit(f);
    for (let round = 0; round < 3; round++) {
      expect(() => g(tensor(1))).toThrow("maxSteps");
      expect(g(tensor(3)).item()).toBe(243);
    }
  });

  test("exactly as many steps as allowed pass", () => {
    expect(jit(f)(tensor(100 ** (1 / 5.5))).item()).toBe(f(tensor(100 ** (1 / 5.5))).item());
  });

  test("inside scans and conditions the failing loop is the one named", () => {
    const inner = (x: Tensor, maxSteps: number): Tensor =>
      whileLoop(
        (y: Tensor) => y.less(100),
        (y) => y.mul(2),
        x,
        { maxSteps },
      );
    const g = (x: Tensor): Tensor =>
      cond(
        x.less(0),
        (x) => inner(x, 3),
        (x) => inner(x, 4),
        x,
      );
    expect(messageOf(() => jit(g)(tensor(-1)))).toBe(messageOf(() => g(tensor(-1))));
    expect(messageOf(() => jit(g)(tensor(1)))).toBe(messageOf(() => g(tensor(1))));
    expect(messageOf(() => jit((x: Tensor) => scan((c: Tensor, x: Tensor) => [c, g(x)], x, stack([x, x])))(tensor(1)))).toContain(
      "4 steps",
    );
  });
});

describe("carries of other types", () => {
  test("int32 wraps, bool stays bool", () => {
    const f = (n: Tensor) =>
      scan(
        (c: { readonly n: Tensor; readonly odd: Tensor }, x: Tensor) => {
          const next = c.n.mul(31).add(x);
          return [{ n: next, odd: next.remainder(2).equal(1) }, next];
        },
        { n, odd: tensor(false) },
        arange(20).cast("int32"),
      );
    const [last, ys] = jit(f)(tensor(123456789, "int32"));
    const [wanted, each] = f(tensor(123456789, "int32"));
    expectSame([last, ys], [wanted, each], true, "scan");
    let n = 123456789;
    for (let i = 0; i < 20; i++) n = (Math.imul(n, 31) + i) | 0;
    expect(last.n.item()).toBe(n);
    expect(last.odd.dtype).toBe("bool");
  });

  test("float32 is rounded once an op", () => {
    const f = (x: Tensor): Tensor => forLoop(0, 50, (_i, y: Tensor) => y.mul(3.7).mul(y.neg().add(1)), x);
    let y = Math.fround(0.3);
    for (let i = 0; i < 50; i++) y = Math.fround(Math.fround(y * Math.fround(3.7)) * Math.fround(1 - y));
    const x = tensor(0.3, "float32");
    expect(f(x).item()).toBe(y);
    expect(jit(f, exactly)(x).item()).toBe(y);
  });
});

describe("jit in jit", () => {
  const inner = jit((x: Tensor, k: number) => x.mul(k).sin());

  test("values, with static arguments of the inner one", () => {
    const f = (x: Tensor): Tensor => inner(x, 2).add(inner(x, 3)).sum();
    expectSame(jit(f)(xs), f(xs), false, "values");
    expectSame(jit(grad(f))(xs), grad(f)(xs), false, "gradient");
    expectSame(
      grad(jit(grad(jit((x: Tensor) => jit(f)(x).square()))) as F as never)(xs.at(0)),
      grad(grad((x: Tensor) => f(x).square()))(xs.at(0)),
      false,
      "second",
    );
  });

  test("inside loops and conditions", () => {
    const f = (x: Tensor): Tensor =>
      scan(
        (c: Tensor, x: Tensor) => [
          cond(
            x.less(0.5),
            (c) => inner(c, 2),
            (c) => inner(c, 3).add(x),
            c,
          ),
          c,
        ],
        tensor(0.3),
        x,
      )[1];
    expectSame(jit(f)(xs), f(xs), false, "values");
    expectSame(jit(grad(weighed(f)))(xs), grad(weighed(f))(xs), false, "gradient");
    expectSame(vmap(jit(f))(stack([xs, xs.neg()])), vmap(f)(stack([xs, xs.neg()])), false, "batched");
  });

  test("a function that is its own gradient's function", () => {
    const f = jit((x: Tensor) => x.mul(x).mul(x));
    const chain = jit((x: Tensor) => grad((x: Tensor) => grad((x: Tensor) => f(x))(x))(x));
    expect(chain(tensor(5)).item()).toBe(30);
    expect(grad(grad(grad(f)))(tensor(5)).item()).toBe(6);
  });
});

/** A function of a vector as data: what its parts do, and with which parts inside. */
interface Tree {
  readonly kind: string;
  readonly parts: readonly Tree[];
}

const { tree } = fc.letrec<{ readonly tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "medium", maxDepth: 3, withCrossShrink: true },
    fc.constantFrom("scale", "shift", "product", "total").map((kind) => ({ kind, parts: [] })),
    fc.record({
      kind: fc.constantFrom("scan", "rows", "for", "while", "checkpoint", "custom", "jit", "mapped", "slope"),
      parts: fc.tuple(tie("tree")),
    }),
    fc.record({ kind: fc.constantFrom("cond", "then"), parts: fc.tuple(tie("tree"), tie("tree")) }),
  ),
}));

/** The function of a tree; values stay near 1, so that derivatives of all orders do. */
function meaning({ kind, parts }: Tree): (x: Tensor) => Tensor {
  const [f, g] = parts.map(meaning) as [(x: Tensor) => Tensor, (x: Tensor) => Tensor];
  switch (kind) {
    case "scale":
      return (x) => x.mul(0.75).sin();
    case "shift":
      return (x) => x.square().add(1).reciprocal();
    case "product":
      return (x) => matmul(matrix, x).tanh();
    case "total":
      return (x) => x.add(x.mean()).mul(0.5);
    case "then":
      return (x) => g(f(x));
    case "cond":
      return (x) => cond(x.at(0).less(x.at(1)), f, g, x);
    case "scan":
      return (x) => scan((c: Tensor, v: Tensor) => [f(c.mul(v)).sin(), c.sum()], x, tensor([0.7, 1.2, -0.4]))[0];
    case "rows":
      return (x) => scan((c: Tensor, row: Tensor) => [f(c.add(row)), c.mul(row)], x, rows, { reverse: true })[1].mean({ axes: 0 });
    case "for":
      return (x) => forLoop(0, 2, (i, c: Tensor) => f(c).add(i).cos(), x);
    case "while":
      return (x) =>
        whileLoop(
          (c: { readonly n: Tensor; readonly x: Tensor }) => c.n.less(2),
          ({ n, x }) => ({ n: n.add(1), x: f(x).cos() }),
          { n: tensor(0, "int32"), x },
          { maxSteps: 3 },
        ).x;
    case "checkpoint":
      return checkpoint(f);
    case "custom":
      return customJvp(f, (primals, tangents) => jvp(f)(primals, tangents));
    case "jit":
      return jit(f);
    case "mapped":
      return (x) => vmap((v: Tensor) => f(v.mul(x)))(tensor([0.5, 0.8])).mean({ axes: 0 });
    default:
      return (x) => grad((x: Tensor) => f(x).sum())(x).sin();
  }
}

test("any control flow in any other, compiled", { timeout: 300_000 }, () => {
  const x = tensor([0.4, -0.9]);
  const t = tensor([1, -0.5]);
  fc.assert(
    fc.property(tree, (drawn) => {
      const f = meaning(drawn);
      const slope = grad((x: Tensor) => f(x).mul(t).sum());
      const along = (x: Tensor): Tensor => jvp(slope)([x], [t])[1];
      const batch = vmap(slope);
      const all = (x: Tensor) => [f(x), slope(x), along(x), batch(stack([x, x.neg()]))];
      expectSame(jit(all)(x), all(x), false, JSON.stringify(drawn));
    }),
    { numRuns: Number(process.env.COTANGENT_CASES ?? 60) },
  );
});
