// Control flow against the same loops unrolled in JavaScript: values, both modes in every order, batching, number systems, errors.
import {
  arange,
  checkpoint,
  concat,
  cond,
  customJvp,
  debug,
  forLoop,
  grad,
  hessian,
  jacobian,
  jvp,
  linearize,
  matmul,
  ones,
  record,
  scan,
  stack,
  tensor,
  type Tensor,
  valueAndGrad,
  vjp,
  vmap,
  where,
  whileLoop,
  zeros,
} from "@cotangent/core";
import { dual, evaluate, type Op, real, toSystem } from "@cotangent/core/engine";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectClose, plain } from "./expectClose.ts";

type F = (...args: Tensor[]) => Tensor;

interface Program {
  readonly name: string;
  readonly looped: F;
  readonly unrolled: F;
  readonly args: readonly Tensor[];
}

const steps = (x: Tensor): Tensor[] => Array.from({ length: x.shape[0]! }, (_, i) => x.at(i));
const xs = tensor([0.3, -0.7, 1.1, 0.4]);
const rows = tensor([
  [0.3, -0.7],
  [1.1, 0.4],
  [-0.2, 0.9],
]);
const matrix = tensor([
  [0.5, -0.3],
  [0.2, 0.8],
]);

const programs: readonly Program[] = [
  {
    name: "scan with a closed-over parameter and outputs",
    looped: (c, x, w) => {
      const [last, ys] = scan((c: Tensor, x: Tensor) => [c.mul(w).add(x).sin(), c.mul(x)], c, x);
      return last.add(ys.square().sum());
    },
    unrolled: (c, x, w) => {
      let total = tensor(0);
      for (const entry of steps(x)) {
        total = total.add(c.mul(entry).square());
        c = c.mul(w).add(entry).sin();
      }
      return c.add(total);
    },
    args: [tensor(0.4), xs, tensor(1.3)],
  },
  {
    name: "reversed scan of a struct, whose first output is its carry",
    looped: (h, x, w) => {
      const [{ h: last, k }, { before }] = scan(
        ({ h, k }: { readonly h: Tensor; readonly k: Tensor }, x: Tensor) => [
          { h: matmul(w, h).tanh().add(x), k: k.mul(1.1) },
          { before: h },
        ],
        { h, k: tensor(2) },
        x,
        { reverse: true },
      );
      return last
        .mul(k)
        .sum()
        .add(before.mul(arange(3).reshape([3, 1])).sum());
    },
    unrolled: (h, x, w) => {
      let total = tensor(0);
      steps(x)
        .reverse()
        .forEach((row, i) => {
          total = total.add(h.mul(2 - i).sum());
          h = matmul(w, h).tanh().add(row);
        });
      return h
        .mul(2 * 1.1 ** 3)
        .sum()
        .add(total);
    },
    args: [tensor([0.2, -0.4]), rows, matrix],
  },
  {
    name: "scan in a scan",
    looped: (c, x, w) =>
      scan((c: Tensor, row: Tensor) => [scan((d: Tensor, y: Tensor) => [d.mul(y).add(c.mul(w)).sin(), null], c, row)[0], null], c, x)[0],
    unrolled: (c, x, w) => {
      for (const row of steps(x)) {
        let d = c;
        for (const y of steps(row)) d = d.mul(y).add(c.mul(w)).sin();
        c = d;
      }
      return c;
    },
    args: [tensor(0.4), rows, tensor(0.7)],
  },
  {
    name: "scan without a carry",
    looped: (x, w) => scan((_: null, x: Tensor) => [null, x.mul(w).exp()], null, x)[1].sum(),
    unrolled: (x, w) => x.mul(w).exp().sum(),
    args: [xs, tensor(0.5)],
  },
  {
    name: "scan without sequences",
    looped: (c, w) => scan((c: Tensor) => [c.mul(w).cos(), c], c, null, { length: 3 })[1].sum(),
    unrolled: (c, w) => {
      const one = c.mul(w).cos();
      return c.add(one).add(one.mul(w).cos());
    },
    args: [tensor(0.4), tensor(0.7)],
  },
  {
    name: "forLoop that uses its index",
    looped: (x, w) =>
      forLoop(
        1,
        5,
        (i, y: Tensor) =>
          y
            .mul(w)
            .add(x.take(i.sub(1)))
            .div(i),
        tensor(1),
      ),
    unrolled: (x, w) =>
      steps(x).reduce(
        (y, entry, i) =>
          y
            .mul(w)
            .add(entry)
            .div(i + 1),
        tensor(1),
      ),
    args: [xs, tensor(0.5)],
  },
  {
    name: "whileLoop with a bound",
    looped: (x, w) =>
      whileLoop(
        (y: Tensor) => y.square().sum().less(50),
        (y) => y.mul(w.square().add(1.2)).add(y.sin()),
        x,
        { maxSteps: 12 },
      ).sum(),
    unrolled: (x, w) => {
      for (let n = 0; n < 12; n++) x = where(x.square().sum().less(50), x.mul(w.square().add(1.2)).add(x.sin()), x);
      return x.sum();
    },
    args: [tensor([0.9, 0.4]), tensor(1.7)],
  },
  {
    name: "cond in a scan, chosen by the data",
    looped: (c, x, w) =>
      scan(
        (c: Tensor, x: Tensor) => [
          cond(
            x.less(0),
            (c, x) => c.mul(x).add(w),
            (c, x) => c.add(x.square()).mul(w),
            c,
            x,
          ),
          null,
        ],
        c,
        x,
      )[0],
    unrolled: (c, x, w) => steps(x).reduce((c, entry) => where(entry.less(0), c.mul(entry).add(w), c.add(entry.square()).mul(w)), c),
    args: [tensor(0.4), xs, tensor(0.7)],
  },
  {
    name: "cond whose branches close over different parameters",
    looped: (x, v, w) =>
      cond(
        x.sum().greater(0),
        (x) => x.mul(v).sin().sum(),
        (x) => x.mul(w).exp().sum(),
        x,
      ),
    unrolled: (x, v, w) => where(x.sum().greater(0), x.mul(v).sin().sum(), x.mul(w).exp().sum()),
    args: [xs, tensor(0.7), tensor(1.2)],
  },
  {
    name: "scan that keeps every third carry, with steps left over",
    looped: (c, x, w) => {
      const [last, ys] = scan((c: Tensor, x: Tensor) => [c.mul(w).add(x).sin(), c.mul(x)], c, x, { checkpointEvery: 3 });
      return last.add(ys.mul(arange(4)).sum());
    },
    unrolled: (c, x, w) => {
      let total = tensor(0);
      steps(x).forEach((entry, i) => {
        total = total.add(c.mul(entry).mul(i));
        c = c.mul(w).add(entry).sin();
      });
      return c.add(total);
    },
    args: [tensor(0.4), xs, tensor(1.3)],
  },
  {
    name: "reversed scan without sequences that keeps every second carry",
    looped: (c, w) =>
      scan((c: Tensor) => [c.mul(w).sin(), c], c, null, { length: 5, reverse: true, checkpointEvery: 2 })[1]
        .mul(arange(5))
        .sum(),
    unrolled: (c, w) => {
      let total = tensor(0);
      for (let i = 4; i >= 0; i--) {
        total = total.add(c.mul(i));
        c = c.mul(w).sin();
      }
      return total;
    },
    args: [tensor(0.4), tensor(1.3)],
  },
  {
    name: "a gradient step of a batched loss in a scan",
    looped: (c, x, w) => {
      const loss = (c: Tensor, row: Tensor): Tensor => vmap((entry: Tensor) => entry.mul(c).sub(w).square())(row).sum();
      return scan((c: Tensor, row: Tensor) => [c.sub(grad(loss)(c, row).mul(0.1)), null], c, x)[0];
    },
    unrolled: (c, x, w) => steps(x).reduce((c, row) => c.sub(row.mul(c).sub(w).mul(row).mul(2).sum().mul(0.1)), c),
    args: [tensor(0.4), rows, tensor(1.3)],
  },
  {
    name: "a checkpointed step",
    looped: (c, x, w) =>
      scan(
        checkpoint((c: Tensor, x: Tensor) => [c.mul(w).add(x).sin(), null] as const),
        c,
        x,
      )[0],
    unrolled: (c, x, w) => steps(x).reduce((c, entry) => c.mul(w).add(entry).sin(), c),
    args: [tensor(0.4), xs, tensor(1.3)],
  },
];

/** The tensors as one vector, so that a Jacobian is one matrix. */
function flat(f: F, args: readonly Tensor[]): { readonly f: (x: Tensor) => Tensor; readonly at: Tensor } {
  const split = (x: Tensor): Tensor[] => {
    let start = 0;
    return args.map(({ shape, size }) => x.slice([start, (start += size)]).reshape(shape));
  };
  return { f: (x) => f(...split(x)), at: concat(args.map((x) => x.reshape([-1]))) };
}

describe.each(programs)("$name", ({ looped, unrolled, args }) => {
  const a = flat(looped, args);
  const b = flat(unrolled, args);
  const t = tensor(Array.from({ length: a.at.size }, (_, i) => Math.cos(2 * i + 1)));
  const gradient = grad(b.f)(a.at);
  const second = hessian(b.f)(a.at);

  test("value and first derivatives", () => {
    expectClose(a.f(a.at), b.f(b.at));
    expectClose(valueAndGrad(a.f)(a.at), [b.f(b.at), gradient]);
    expectClose(jvp(a.f)([a.at], [t])[1], gradient.mul(t).sum());
    expectClose(linearize(a.f)(a.at).pushforward(t), gradient.mul(t).sum());
    expectClose(jacobian(a.f, { mode: "forward" })(a.at), gradient);
    expectClose(
      jacobian((x: Tensor) => stack([a.f(x), a.f(x.mul(2))]), { mode: "reverse" })(a.at),
      stack([gradient, grad(b.f)(a.at.mul(2)).mul(2)]),
    );
  });

  test("second derivatives in all four orders, third in one", () => {
    const along = (x: Tensor): Tensor => jvp(a.f)([x], [t])[1];
    const product = matmul(second, t);
    expectClose(hessian(a.f)(a.at), second, 1e-10);
    expectClose(jacobian(grad(a.f), { mode: "reverse" })(a.at), second, 1e-10);
    expectClose(grad(along)(a.at), product, 1e-10);
    expectClose(jvp(along)([a.at], [t])[1], product.mul(t).sum(), 1e-10);
    const third = (f: (x: Tensor) => Tensor) => jvp((x: Tensor) => grad((x: Tensor) => jvp(f)([x], [t])[1])(x))([a.at], [t])[1];
    expectClose(third(a.f), third(b.f), 1e-9);
  });

  test("vmap over every subset of the arguments, of values, gradients and Hessians", () => {
    const count = 3;
    for (let subset = 1; subset < 2 ** args.length; subset++) {
      const batched = args.map((_, i) => (subset >> i) % 2 === 1);
      const batches = args.map((x, i) => (batched[i] ? stack([x, x.mul(-0.8), x.mul(0.5).add(0.3)]) : x));
      const inAxes = batched.map((flag) => (flag ? 0 : null));
      const examples = Array.from({ length: count }, (_, k) => batches.map((x, i) => (batched[i] ? x.at(k) : x)));
      const all = args.map((_, i) => i);
      expectClose(
        vmap(looped, { inAxes })(...batches),
        examples.map((one) => plain(unrolled(...one))),
        1e-10,
      );
      const gradients = examples.map((one) => grad(unrolled, { wrt: all })(...one));
      const expected = all.map((i) => examples.map((_, k) => plain((gradients[k] as Tensor[])[i])));
      expectClose(vmap((...own: Tensor[]) => grad(looped, { wrt: all })(...own), { inAxes })(...batches), expected, 1e-10);
      const total = grad((...own: Tensor[]) => vmap(looped, { inAxes })(...own).sum(), { wrt: all })(...batches) as Tensor[];
      all.forEach((i) => {
        expectClose(
          batched[i] ? total[i] : [total[i]!.toArray()],
          batched[i] ? expected[i] : [plain((gradients as Tensor[][]).map((g) => g[i]!).reduce((x, y) => x.add(y)))],
          1e-10,
        );
      });
    }
    const stackAt = stack([a.at, a.at.mul(0.5)]);
    expectClose(vmap(hessian(a.f))(stackAt), [second.toArray(), hessian(b.f)(a.at.mul(0.5)).toArray()], 1e-9);
    expectClose(vmap(vmap(a.f))(stackAt.reshape([1, 2, -1])), [[b.f(a.at).item(), b.f(a.at.mul(0.5)).item()]]);
  });

  test("under checkpoint, and over dual numbers", () => {
    expectClose(grad(checkpoint(a.f))(a.at), gradient);
    expectClose(hessian(checkpoint(a.f))(a.at), second, 1e-10);
    const system = dual(real);
    const values = a.at.toArray() as number[];
    const seeded = {
      shape: a.at.shape,
      dtype: a.at.dtype,
      values: values.map((primal, i) => ({ primal, tangent: (t.toArray() as number[])[i]! })),
    };
    const [out] = evaluate(record(a.f, a.at), system, [seeded]);
    expectClose([(out!.values[0] as { tangent: number }).tangent], [gradient.mul(t).sum().item()], 1e-10);
    expect(toSystem(tensor(1), real).values).toEqual([1]);
  });

  test("the gradient of a recorded graph and of its replay", () => {
    const graph = record((x: Tensor) => grad(a.f)(x), a.at);
    expectClose(evaluate(graph, real, [toSystem(a.at, real)])[0]!.values, gradient.toArray(), 1e-10);
  });
});

/** A function of a scalar as data: what its parts do, and with which parts inside. */
type Tree = { readonly kind: string; readonly parts: readonly Tree[] };

const { tree } = fc.letrec<{ readonly tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "medium", maxDepth: 3, withCrossShrink: true },
    fc.constantFrom("sin", "scale", "shift").map((kind) => ({ kind, parts: [] })),
    fc.record({ kind: fc.constantFrom("scan", "for", "while", "checkpoint", "custom", "mapped"), parts: fc.tuple(tie("tree")) }),
    fc.record({ kind: fc.constantFrom("cond", "then"), parts: fc.tuple(tie("tree"), tie("tree")) }),
  ),
}));

/** The function of a tree, with control flow as ops or unrolled; `w` is closed over. */
function meaning({ kind, parts }: Tree, w: Tensor, asOps: boolean): (x: Tensor) => Tensor {
  const [f, g] = parts.map((part) => meaning(part, w, asOps)) as [(x: Tensor) => Tensor, (x: Tensor) => Tensor];
  const twice = (x: Tensor): Tensor => f(f(x).sin().add(w)).sin();
  switch (kind) {
    case "sin":
      return (x) => x.sin();
    case "scale":
      return (x) => x.mul(w);
    case "shift":
      return (x) => x.square().mul(0.3).add(w.cos());
    case "then":
      return (x) => g(f(x));
    case "cond":
      return (x) => (asOps ? cond(x.less(w), f, g, x) : where(x.less(w), f(x), g(x)));
    case "scan":
      return (x) =>
        asOps
          ? scan((c: Tensor, v: Tensor) => [f(c).sin().mul(v), c.mul(v)], x, tensor([0.7, 1.2]))[0]
          : f(f(x).sin().mul(0.7)).sin().mul(1.2);
    case "for":
      return (x) =>
        asOps
          ? forLoop(
              0,
              2,
              (i, c: Tensor) =>
                f(c)
                  .sin()
                  .add(w.mul(i.equal(0).cast("float64"))),
              x,
            )
          : twice(x);
    case "while":
      return (x) =>
        asOps
          ? whileLoop(
              (c: { readonly n: Tensor; readonly x: Tensor }) => c.n.less(2),
              (c) => ({
                n: c.n.add(1),
                x: f(c.x)
                  .sin()
                  .add(w.mul(c.n.equal(0).cast("float64"))),
              }),
              { n: tensor(0, "int32"), x },
              { maxSteps: 3 },
            ).x
          : twice(x);
    case "checkpoint":
      return asOps ? checkpoint(f) : f;
    case "custom": {
      const custom = customJvp(
        (x: Tensor, w: Tensor) => meaning(parts[0]!, w, true)(x),
        (primals, tangents) => jvp((x: Tensor, w: Tensor) => meaning(parts[0]!, w, true)(x))(primals, tangents),
      );
      return asOps ? (x) => custom(x, w) : f;
    }
    default:
      return (x) => (asOps ? vmap((v: Tensor) => f(v.mul(x)))(tensor([0.5, 0.8])).sum() : f(x.mul(0.5)).add(f(x.mul(0.8))));
  }
}

/** Transforms that take a function of a scalar to a function of a scalar. */
const stacked: Readonly<Record<string, (f: (x: Tensor) => Tensor) => (x: Tensor) => Tensor>> = {
  grad: (f) => grad(f),
  jvp: (f) => (x) => jvp(f)([x], [tensor(1)])[1],
  vmap: (f) => (x) => vmap(f)(x.mul(tensor([0.6, 1.1]))).sum(),
  checkpoint: (f) => checkpoint(f),
  linearize: (f) => (x) => linearize(f)(x).pushforward(x),
  loop: (f) => (x) => scan((c: Tensor) => [c.add(f(x.mul(c))), null], x, null, { length: 2 })[0],
};

test("any program under any stack of transforms is what it is unrolled", { timeout: 600_000 }, () => {
  const stacks = fc.array(fc.constantFrom(...Object.keys(stacked)), { maxLength: 3 });
  fc.assert(
    fc.property(tree, stacks, fc.double({ min: -1, max: 1, noNaN: true }), fc.boolean(), (tree, names, at, byW) => {
      const under =
        (asOps: boolean) =>
        (v: Tensor): Tensor => {
          const f = (x: Tensor): Tensor => meaning(tree, byW ? v : tensor(0.6), asOps)(byW ? x.add(0.1) : x);
          return names.reduce((g, name) => stacked[name]!(g), f)(byW ? tensor(0.3) : v);
        };
      const [x, size] = [tensor(at), 1e-9];
      expectClose(under(true)(x), under(false)(x), size);
      expectClose(grad(under(true))(x), grad(under(false))(x), size);
    }),
  );
});

describe("scan", () => {
  const sum = (c: Tensor, x: Tensor): readonly [Tensor, Tensor] => [c.add(x), c.add(x)];

  test("with no steps gives the carry and empty outputs, watched or not", () => {
    const run = (c: Tensor): readonly [Tensor, Tensor] => scan((c: Tensor, x: Tensor) => [c.add(x.sum()), x.mul(c)], c, zeros([0, 2]));
    expectClose(run(tensor(3))[0], 3);
    expect(run(tensor(3))[1].shape).toEqual([0, 2]);
    expectClose(grad((c: Tensor) => run(c)[0].add(run(c)[1].sum()))(tensor(3)), 1);
  });

  test("integers and booleans travel along", () => {
    const f = (x: Tensor): Tensor => {
      const [{ n, y }] = scan(
        ({ n, odd, y }: { readonly n: Tensor; readonly odd: Tensor; readonly y: Tensor }, i: Tensor) => [
          { n: n.add(i), odd: odd.logicalNot(), y: where(odd, y.mul(x), y.add(i)) },
          null,
        ],
        { n: tensor(0, "int32"), odd: tensor(false), y: x },
        tensor([1, 2, 3, 4], "int32"),
      );
      return y.mul(n);
    };
    // y goes x + 1, (x + 1)x, (x + 1)x + 3, ((x + 1)x + 3)x and n is 10
    expectClose(f(tensor(2)), 10 * 18);
    expectClose(grad(f)(tensor(2)), 10 * (3 * 4 + 2 * 2 + 3));
    expectClose(vmap(grad(f))(tensor([2, 1])), [190, 80]);
  });

  test("float32 stays float32", () => {
    const x = tensor(new Float32Array([1, 2, 3]));
    const f = (x: Tensor): Tensor => scan((c: Tensor, v: Tensor) => [c.mul(v), c], tensor(1, "float32"), x)[0];
    expect([f(x).dtype, grad(f)(x).dtype, jvp(f)([x], [ones([3])])[1].dtype]).toEqual(["float32", "float32", "float32"]);
    expectClose(grad(f)(x), [6, 3, 2]);
  });

  test("a nested cotangent of the saved carries: third derivative of a power by scan", () => {
    const power = (x: Tensor): Tensor => scan((c: Tensor) => [c.mul(x), null], tensor(1), null, { length: 5 })[0];
    expectClose(grad(grad(grad(power)))(tensor(2)), 60 * 4);
    expectClose(vmap(grad(grad(power)))(tensor([1, 2])), [20, 160]);
  });

  test("the function is traced once, and not at all where nothing is watched", () => {
    let calls = 0;
    const body = (c: Tensor, x: Tensor): readonly [Tensor, null] => {
      calls++;
      return [c.mul(x), null];
    };
    grad((x: Tensor) => scan(body, tensor(1), x)[0])(xs);
    expect(calls).toBe(1);
    scan(body, tensor(1), xs);
    expect(calls).toBe(5);
  });

  test("where nothing is watched the body may read values", () => {
    expectClose(scan((c: Tensor, x: Tensor) => [x.item() > 0 ? c.add(x) : c, null], tensor(0), xs)[0], 1.8);
  });

  test("a long loop differentiates in linear time", () => {
    const time = (n: number): number => {
      const x = ones([n]).mul(1e-3);
      const f = (x: Tensor): Tensor => scan((c: Tensor, v: Tensor) => [c.add(v.mul(c).sin()), null], tensor(1), x)[0];
      const start = performance.now();
      grad(f)(x);
      return performance.now() - start;
    };
    time(2_000);
    const [short, long] = [Math.min(time(2_000), time(2_000)), Math.min(time(20_000), time(20_000))];
    expect(long / short).toBeLessThan(40);
  });

  test("keeps its carries for reverse mode alone", () => {
    const outputs: number[] = [];
    const f = (x: Tensor): Tensor => {
      const [last] = scan((c: Tensor, v: Tensor) => [c.mul(v), c], tensor(1), x);
      outputs.push(last.origin!.outputs.length);
      return last;
    };
    jvp(f)([xs], [xs]);
    vmap(f)(rows);
    grad(f)(xs);
    vmap(grad(f))(rows);
    expect(outputs).toEqual([2, 2, 3, 3]);
  });

  test("prints with its body", () => {
    expect(String(record((x: Tensor) => scan(sum, tensor(0), x)[1], xs))).toMatchInlineSnapshot(`
      "inputs a:float64[4]
      b:float64[], c:float64[4] = scan[length=4] 0 a
        body:
          inputs d:float64[], e:float64[]
          f:float64[] = add d e
          g:float64[] = add d e
          outputs f, g
      outputs c"
    `);
  });

  const wrong: Readonly<Record<string, () => unknown>> = {
    "no function": () => scan(3 as never, tensor(0), xs),
    "no pair": () => scan(((c: Tensor) => c) as never, tensor(0), xs),
    "a carry that changes shape": () => scan((c: Tensor, x: Tensor) => [c.add(x).reshape([1]), null], tensor(0), xs),
    "a carry that changes dtype": () => scan((c: Tensor, x: Tensor) => [c.add(x), null], tensor(0, "int32"), xs),
    "a carry that changes form": () => scan(((c: { a: Tensor }) => [{ b: c.a }, null]) as never, { a: tensor(0) }, xs),
    "a number for a carry": () => scan((c: number) => [c, null], 0, xs),
    "outputs that change shape": () => scan((c: Tensor, x: Tensor) => [c, x.item() > 0 ? x : x.reshape([1])], tensor(0), xs),
    "a scalar to loop over": () => scan(sum, tensor(0), tensor(1)),
    "different lengths": () => scan((c: Tensor, _x: readonly Tensor[]) => [c, null], tensor(0), [xs, rows]),
    "a length that does not fit": () => scan(sum, tensor(0), xs, { length: 3 }),
    "no length": () => scan((c: Tensor) => [c, null], tensor(0), null),
    "a negative length": () => scan((c: Tensor) => [c, null], tensor(0), null, { length: -1 }),
    "an unknown option": () => scan(sum, tensor(0), xs, { unroll: 2 } as never),
    "a body that reads, traced": () =>
      grad((x: Tensor) => scan((c: Tensor, v: Tensor) => [v.item() > 0 ? c : c.mul(v), null], tensor(0), x)[0])(xs),
    "cond of no scalar": () =>
      cond(
        tensor([true, false]),
        (x: Tensor) => x,
        (x: Tensor) => x,
        xs,
      ),
    "cond of no function": () => cond(true, 3 as never, (x: Tensor) => x, xs),
    "branches of different shapes": () =>
      grad((x: Tensor) =>
        cond(
          x.sum().less(0),
          (x) => x.sum(),
          (x) => x,
          x,
        ).sum(),
      )(xs),
    "branches of different forms": () =>
      grad((x: Tensor) =>
        cond(
          x.sum().less(0),
          (x) => ({ a: x }),
          (x) => [x] as never,
          x,
        ).a.sum(),
      )(xs),
    "while without a bound, in reverse": () =>
      grad((x: Tensor) =>
        whileLoop(
          (y: Tensor) => y.less(9),
          (y) => y.mul(2),
          x,
        ),
      )(tensor(1)),
    "while beyond its bound": () =>
      whileLoop(
        (y: Tensor) => y.less(9),
        (y) => y,
        tensor(1),
        { maxSteps: 3 },
      ),
    "while beyond its bound, watched": () =>
      jvp((x: Tensor) =>
        whileLoop(
          (y: Tensor) => y.less(9),
          (y) => y,
          x,
          { maxSteps: 3 },
        ),
      )([tensor(1)], [tensor(1)]),
    "a condition that is no scalar": () =>
      whileLoop(
        (y: Tensor) => y.less(9),
        (y) => y,
        xs,
      ),
    "a condition that is no tensor": () => whileLoop((() => "yes") as never, (y: Tensor) => y, xs),
    "a body that changes the carry": () =>
      whileLoop(
        (y: Tensor) => y.less(9),
        (y) => y.reshape([1]),
        tensor(1),
      ),
    "a float bound": () => forLoop(0, 2.5, (_i, y: Tensor) => y, tensor(1)),
    "a bound that is no integer scalar": () => forLoop(0, tensor(2), (_i, y: Tensor) => y, tensor(1)),
  };

  test("wrong arguments are refused with what was given and what to do", () => {
    const message = (run: () => unknown): string => {
      try {
        run();
      } catch (error) {
        return String(error)
          .replace("CotangentError: ", "")
          .replace(/ at \S+:\d+:\d+/, " at <line>");
      }
      return "nothing was thrown";
    };
    expect(Object.fromEntries(Object.entries(wrong).map(([name, run]) => [name, message(run)]))).toMatchInlineSnapshot(`
      {
        "a body that changes the carry": "whileLoop: the carry changes its type — the carry is float64[], then float64[1]; keep shapes and dtypes; cast or reshape where they change",
        "a body that reads, traced": "item: reading a value while tracing on shapes — at <line>, where only shapes are known; return it and read it outside, or use where, cond or whileLoop in place of JavaScript control flow",
        "a bound that is no integer scalar": "forLoop: the upper bound is not an int32 scalar — float64[]; give an integer, or cast it",
        "a carry that changes dtype": "scan: the carry changes its type — the carry is int32[], then float64[]; keep shapes and dtypes; cast or reshape where they change",
        "a carry that changes form": "scan: the structs differ in form — .a against .b; give structs with the same keys and lengths",
        "a carry that changes shape": "scan: the carry changes its type — the carry is float64[], then float64[1]; keep shapes and dtypes; cast or reshape where they change",
        "a condition that is no scalar": "whileLoop: the predicate is not a scalar — bool[4]; use where to choose entry by entry, or all and any to make a scalar",
        "a condition that is no tensor": "whileLoop: the predicate is not a tensor — "yes"; give a scalar, such as x.less(0)",
        "a float bound": "forLoop: the upper bound is not an integer — 2.5; give one",
        "a length that does not fit": "scan: lengths differ — length is 3, xs has 4; give sequences of one length along the leading axis",
        "a negative length": "scan: length is not an integer of at least 0 — -1; give one",
        "a number for a carry": "scan: the carry is not a tensor — 0; give tensors, also in plain objects and arrays",
        "a scalar to loop over": "scan: xs: no such axis — 0 for rank 0; a scalar has no axes",
        "an unknown option": "scan: unknown option — "unroll"; the options are length, reverse, checkpointEvery",
        "branches of different forms": "cond: the structs differ in form — .a against [0]; give structs with the same keys and lengths",
        "branches of different shapes": "cond: the branches give different types — the output is float64[], then float64[4]; keep shapes and dtypes; cast or reshape where they change",
        "cond of no function": "cond: onTrue is not a function — 3; give a function of structs of tensors",
        "cond of no scalar": "cond: the predicate is not a scalar — bool[2]; use where to choose entry by entry, or all and any to make a scalar",
        "different lengths": "scan: lengths differ — xs[0] has 4, xs[1] has 3; give sequences of one length along the leading axis",
        "no function": "scan: the body is not a function — 3; give a function of structs of tensors",
        "no length": "scan: the number of steps is unknown — no sequence and no length; give xs, or { length }",
        "no pair": "scan: the body does not return a pair — float64[]; return [carry, y]",
        "outputs that change shape": "scan: the outputs change their type — y is float64[], then float64[1]; keep shapes and dtypes; cast or reshape where they change",
        "while beyond its bound": "whileLoop: the condition still holds after maxSteps — 3 steps; raise maxSteps, or look at the condition",
        "while beyond its bound, watched": "whileLoop: the condition still holds after maxSteps — 3 steps; raise maxSteps, or look at the condition",
        "while without a bound, in reverse": "whileLoop: reverse mode needs a bound on the steps — the number of steps is not known before it runs; give { maxSteps }, or use scan or forLoop, or forward mode (jvp)",
      }
    `);
  });
});

describe("cond", () => {
  const f = (x: Tensor): Tensor =>
    cond(
      x.less(0),
      (x) => x.neg().log(),
      (x) => x.sqrt(),
      x,
    );

  test("computes and differentiates the branch taken alone", () => {
    expectClose(grad(f)(tensor(4)), 0.25);
    expectClose(grad(f)(tensor(-4)), -0.25);
    let calls = 0;
    const counted = (x: Tensor): Tensor => {
      calls++;
      return x;
    };
    cond(true, counted, counted, tensor(1));
    cond(0, counted, counted, tensor(1));
    cond(tensor(1), counted, counted, tensor(1));
    expect(calls).toBe(3);
  });

  test("under vmap the branch not taken leaks nothing, not even NaN", () => {
    expectClose(vmap(grad(f))(tensor([4, -4, 0.25])), [0.25, -0.25, 1]);
    expectClose(vmap(grad(grad(f)))(tensor([4, -4])), [-1 / 32, -1 / 16]);
  });

  test("a predicate of its own batch", () => {
    const g = (p: Tensor, x: Tensor): Tensor =>
      cond(
        p,
        (x) => x.square(),
        (x) => x.mul(3),
        x,
      );
    expectClose(vmap(g)(tensor([true, false]), tensor([5, 5])), [25, 15]);
    expectClose(vmap(g, { inAxes: [0, null] })(tensor([true, false]), tensor(5)), [25, 15]);
    expectClose(vmap(g, { inAxes: [null, 0] })(tensor(true), tensor([5, 6])), [25, 36]);
    expectClose(grad((x: Tensor) => vmap(g, { inAxes: [0, null] })(tensor([true, false]), x).sum())(tensor(5)), 13);
  });

  test("integers, booleans and structs come out", () => {
    const g = (x: Tensor) =>
      cond(
        x.less(0),
        (x) => ({ i: tensor(1, "int32"), b: x.less(-1), y: x }),
        (x) => ({ i: tensor(2, "int32"), b: x.less(1), y: x.mul(2) }),
        x,
      );
    const out = vmap(g)(tensor([-2, 3]));
    expectClose(out, { i: [1, 2], b: [true, false], y: [-2, 6] });
    expect([out.i.dtype, out.b.dtype]).toEqual(["int32", "bool"]);
    expectClose(grad((x: Tensor) => g(x).y)(tensor(3)), 2);
  });
});

describe("loops", () => {
  /** Newton's square root: a loop whose number of steps depends on the data. */
  const root = (a: Tensor): Tensor =>
    whileLoop(
      (x: Tensor) => x.square().sub(a).abs().greater(a.mul(1e-14)),
      (x) => x.add(a.div(x)).mul(0.5),
      a.mul(0).add(1),
      { maxSteps: 40 },
    );

  test("whileLoop by both modes, every example in its own time under vmap", () => {
    expectClose(root(tensor(2)), Math.SQRT2);
    expectClose(grad(root)(tensor(2)), 1 / (2 * Math.SQRT2));
    expectClose(jvp(root)([tensor(9)], [tensor(1)])[1], 1 / 6);
    expectClose(vmap(root)(tensor([1, 4, 1e6])), [1, 2, 1000]);
    expectClose(vmap(grad(root))(tensor([4, 1e4])), [1 / 4, 1 / 200]);
    expectClose(grad((a: Tensor) => vmap(root)(a).sum())(tensor([4, 1e4])), [1 / 4, 1 / 200]);
  });

  test("whileLoop counts the steps of each example under vmap, though the count alone is the same for all", () => {
    const steps = (x: Tensor): Tensor =>
      whileLoop(
        ({ y }: { readonly n: Tensor; readonly y: Tensor }) => y.less(100),
        ({ n, y }) => ({ n: n.add(1), y: y.mul(x) }),
        { n: tensor(0, "int32"), y: x },
      ).n;
    expectClose(vmap(steps)(tensor([2, 3, 200])), [6, 4, 0]);
  });

  test("whileLoop with a condition that no example changes stays one loop under vmap", () => {
    const f = (x: Tensor): Tensor =>
      whileLoop(
        ({ i }: { readonly i: Tensor; readonly y: Tensor }) => i.less(3),
        ({ i, y }) => ({ i: i.add(1), y: y.mul(x) }),
        { i: tensor(0, "int32"), y: tensor(1) },
      ).y;
    expectClose(vmap(f)(tensor([2, 3])), [8, 27]);
    const graph = String(record((x: Tensor) => vmap(f)(x), tensor([2, 3])));
    expect(graph).toContain("whileLoop");
    expect(graph).not.toContain("where");
  });

  test("forLoop with bounds known only inside is a while loop: values, forward mode and vmap", () => {
    const f = (x: Tensor, n: Tensor): Tensor => forLoop(0, n, (_i, y: Tensor) => y.mul(x), tensor(1));
    expectClose(f(tensor(2), tensor(5, "int32")), 32);
    expectClose(vmap(f)(tensor([2, 3]), tensor([5, 0], "int32")), [32, 1]);
    expectClose(
      vmap((x: Tensor, n: Tensor) => jvp(f, { wrt: 0 })([x, n], [tensor(1)])[1])(tensor([2, 3]), tensor([5, 2], "int32")),
      [80, 6],
    );
    expectClose(grad(f)(tensor(2), tensor(5, "int32")), 80);
  });

  test("forLoop runs from lower to before upper, and not at all if there is nothing between", () => {
    expectClose(
      forLoop(-1, 2, (i, y: Tensor) => concat([y, i.reshape([1])]).slice([1]), tensor([9, 9, 9], "int32")),
      [-1, 0, 1],
    );
    expectClose(
      forLoop(3, 1, (_i, y: Tensor) => y.mul(2), tensor(1)),
      1,
    );
  });

  test("debug runs loops step by step and names the op inside", () => {
    const f = (x: Tensor): Tensor => forLoop(0, 5, (_i, y: Tensor) => y.sub(1).log(), x);
    expect(() => debug(f)(tensor(3))).toThrow(/log of \[\] gives NaN at \[\] of \[\]; look at \S+control\.test\.ts:\d+:\d+/);
    expect(() => debug(grad(f))(tensor(3))).toThrow(/log of \[\] gives NaN/);
    expectClose(
      debug((x: Tensor) =>
        whileLoop(
          (y: Tensor) => y.less(9),
          (y) => y.mul(2),
          x,
        ),
      )(tensor(1)),
      16,
    );
    expectClose(
      debug((x: Tensor) =>
        cond(
          x.less(9),
          (y) => y.mul(2),
          (y) => y.log(),
          x,
        ),
      )(tensor(1)),
      2,
    );
  });
});

test("closed-over tensors reach through several loops and transforms at once", () => {
  // f(w) = Σᵢ d/dx (three steps of c ← w·c·x from 1) = Σᵢ 3w³xᵢ², whose derivative is Σᵢ 9w²xᵢ²
  const f = (w: Tensor): Tensor =>
    vmap((x: Tensor) =>
      grad((x: Tensor) =>
        forLoop(
          0,
          3,
          (_i, c: Tensor) =>
            cond(
              c.greater(-1e9),
              (c) => c.mul(w).mul(x),
              (c) => c,
              c,
            ),
          tensor(1),
        ),
      )(x),
    )(tensor([1, 2])).sum();
  expectClose(f(tensor(2)), 3 * 8 * 5);
  expectClose(grad(f)(tensor(2)), 9 * 4 * 5);
  expectClose(jvp(grad(f))([tensor(2)], [tensor(1)])[1], 18 * 2 * 5);
});

test("no op of this file is known by name elsewhere: its record says what it is", () => {
  const ops = record(
    (x: Tensor) =>
      cond(
        x.less(0),
        (x) => x,
        (x) => scan((c: Tensor) => [c.mul(x), null], x, null, { length: 2 })[0],
        x,
      ),
    tensor(1),
  ).nodes.map((node) => node.op);
  expect(ops.filter((op: Op) => op.kind === "call").map((op: Op) => op.name)).toEqual(["cond"]);
  expectClose(vjp((x: Tensor) => x)(tensor(1)).pullback(tensor(2)), 2);
});
