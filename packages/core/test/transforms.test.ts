// The transforms against closed forms, against one another in every nesting, and what they say of wrong arguments.
import {
  checkpoint,
  customJvp,
  customVjp,
  debug,
  detach,
  grad,
  hessian,
  hvp,
  jacobian,
  jvp,
  label,
  linearize,
  matmul,
  maxPool,
  ones,
  tensor,
  type Tensor,
  valueAndGrad,
  vjp,
  vmap,
  where,
  zeros,
} from "@cotangent/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectClose } from "./expectClose.ts";

const message = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return String(error)
      .replace(/ at \S+:\d+:\d+/, " at <line>")
      .replace(/look at \S+:\d+:\d+/, "look at <line>");
  }
  return "nothing was thrown";
};

/** x₀²x₁ + sin x₂, with its Hessian by hand. */
const f = (x: Tensor): Tensor => x.at(0).square().mul(x.at(1)).add(x.at(2).sin());
const hessianOf = ([a, b, c]: number[]): number[][] => [
  [2 * b!, 2 * a!, 0],
  [2 * a!, 0, 0],
  [0, 0, -Math.sin(c!)],
];
const point = [1.5, -0.5, 0.7];

describe("structs, wrt and aux", () => {
  interface Layer {
    readonly w: Tensor;
    readonly b: Tensor | null;
  }
  const loss = (layers: readonly Layer[], x: Tensor, scale: number): Tensor =>
    layers
      .reduce((h, { w, b }) => (b === null ? h.mul(w) : h.mul(w).add(b)), x)
      .sum()
      .mul(scale);
  const layers: Layer[] = [
    { w: tensor([2, 3]), b: tensor(1) },
    { w: tensor(5), b: null },
  ];
  const x = tensor([1, 10]);

  test("a gradient has the form of its argument; empty leaves stay empty; other arguments are free", () => {
    expectClose(grad(loss)(layers, x, 2), [
      { w: [10, 100], b: 20 },
      { w: 2 * (2 + 1 + 30 + 1), b: null },
    ]);
  });

  test("wrt takes one index or a list", () => {
    expectClose(grad(loss, { wrt: 1 })(layers, x, 2), [20, 30]);
    const [byX, byLayers] = grad(loss, { wrt: [1, 0] })(layers, x, 2);
    expectClose(byX, [20, 30]);
    expectClose(byLayers[0]!.b, 20);
  });

  test("aux is handed on by every transform that takes it, as a constant", () => {
    const g = (x: Tensor): readonly [Tensor, { readonly note: string; readonly y: Tensor }] => [
      x.square().sum(),
      { note: "kept", y: x.neg() },
    ];
    const at = tensor([1, 2]);
    const aux = { note: "kept", y: [-1, -2] };
    expectClose(valueAndGrad(g, { aux: true })(at).slice(0, 2), [5, [2, 4]]);
    const results: unknown[] = [
      valueAndGrad(g, { aux: true })(at)[2],
      grad(g, { aux: true })(at)[1],
      vjp(g, { aux: true })(at).aux,
      jvp(g, { aux: true })([at], [ones([2])])[2],
      linearize(g, { aux: true })(at).aux,
      jacobian(g, { aux: true })(at)[1],
      hessian(g, { aux: true })(at)[1],
    ];
    for (const result of results) {
      expect((result as { note: string }).note).toBe("kept");
      expectClose((result as { y: Tensor }).y, aux.y);
      expect((result as { y: Tensor }).y.origin).toBeNull();
    }
  });

  test("the same tensor in two places is two inputs", () => {
    const t = tensor(3);
    expectClose(grad((p: { readonly a: Tensor; readonly b: Tensor }) => p.a.mul(p.a).mul(p.b))({ a: t, b: t }), { a: 18, b: 9 });
  });

  test("an argument the function ignores has a zero gradient, and a constant function too", () => {
    expectClose(grad((_x: Tensor, y: Tensor) => y.sum())(tensor([1, 2]), tensor([3])), [0, 0]);
    expectClose(grad((_x: Tensor) => tensor(3))(tensor([1, 2])), [0, 0]);
    expectClose(grad((x: Tensor) => x)(tensor(7)), 1);
  });
});

describe("each transform against closed forms", () => {
  const x = tensor(point);

  test("vjp, jvp, linearize", () => {
    const g = (x: Tensor): { readonly p: Tensor; readonly q: readonly [Tensor] } => ({ p: x.prod(), q: [x.square()] });
    const [a, b, c] = point as [number, number, number];
    const { value, pullback } = vjp(g)(x);
    expectClose(value, { p: a * b * c, q: [[a * a, b * b, c * c]] });
    const cotangent = { p: tensor(2), q: [tensor([1, 10, 100])] as const };
    expectClose(pullback(cotangent), [2 * b * c + 2 * a, 2 * a * c + 20 * b, 2 * a * b + 200 * c]);
    expectClose(pullback({ p: tensor(0), q: [tensor([0, 1, 0])] }), [0, 2 * b, 0]);
    const tangent = { p: b * c + 3 * a * b, q: [[2 * a, 0, 6 * c]] };
    const [primal, pushed] = jvp(g)([x], [tensor([1, 0, 3])]);
    expectClose(primal, value);
    expectClose(pushed, tangent);
    const linear = linearize(g)(x);
    expectClose(linear.value, value);
    expectClose(linear.pushforward(tensor([1, 0, 3])), tangent);
    expectClose(linear.pushforward(tensor([0, 0, 0])), { p: 0, q: [[0, 0, 0]] });
  });

  test("jvp with several arguments, null for those held fixed, or wrt", () => {
    const g = (x: Tensor, n: number, y: Tensor): Tensor => x.pow(n).mul(y);
    expectClose(jvp(g)([tensor(2), 3, tensor(5)], [tensor(1), null, tensor(10)])[1], 12 * 5 + 8 * 10);
    expectClose(jvp(g, { wrt: 2 })([tensor(2), 3, tensor(5)], [tensor(10)])[1], 80);
    expectClose(jvp(g, { wrt: [2, 0] })([tensor(2), 3, tensor(5)], [tensor(10), tensor(1)])[1], 140);
  });

  test("an integer output has a zero tangent and takes no cotangent", () => {
    const g = (x: Tensor): readonly [Tensor, Tensor] => [x.square(), x.argmax()];
    const [value, tangent] = jvp(g)([x], [ones([3])]);
    expectClose(value[1], 0);
    expectClose(tangent[1], 0);
    expect(tangent[1].dtype).toBe("int32");
    expectClose(
      vjp(g)(x).pullback([ones([3]), tensor(1, "int32")]),
      point.map((a) => 2 * a),
    );
  });

  test("jacobian in both modes, of structs by structs", () => {
    const g = (p: { readonly a: Tensor; readonly b: Tensor }): readonly [Tensor, { readonly s: Tensor }] => [
      p.a.mul(p.b),
      { s: p.a.sum().mul(p.b) },
    ];
    const at = { a: tensor([[1, 2]]), b: tensor(3) };
    const expected = [{ a: [[[[3, 0]], [[0, 3]]]], b: [[1, 2]] }, { s: { a: [[3, 3]], b: 3 } }];
    for (const mode of ["forward", "reverse", undefined] as const)
      expectClose(jacobian(g, mode === undefined ? {} : { mode })(at), expected);
  });

  test("jacobian with empty inputs or outputs", () => {
    for (const mode of ["forward", "reverse"] as const) {
      expect(jacobian((x: Tensor) => x.sum(), { mode })(zeros([0])).shape).toEqual([0]);
      expect(jacobian((x: Tensor) => x.mul(zeros([0, 1])), { mode })(zeros([2])).shape).toEqual([0, 2, 2]);
    }
  });

  test("float32 stays float32", () => {
    const at = tensor(new Float32Array([1, 2]));
    expect(jacobian((x: Tensor) => x.square())(at).dtype).toBe("float32");
    expect(hessian((x: Tensor) => x.prod())(at).dtype).toBe("float32");
    expect(jvp((x: Tensor) => x.square())([at], [ones([2])])[1].dtype).toBe("float32");
    expect(vjp((x: Tensor) => x.square())(at).pullback(ones([2])).dtype).toBe("float32");
  });

  test("hessian and hvp", () => {
    expectClose(hessian(f)(x), hessianOf(point));
    expectClose(
      hvp(f)([x], [tensor([1, 2, 3])]),
      hessianOf(point).map((row) => row[0]! + 2 * row[1]! + 3 * row[2]!),
    );
    const g = (a: Tensor, k: number, b: Tensor): Tensor => a.square().mul(b).sum().mul(k);
    const blocks = hessian(g, { wrt: [0, 2] })(tensor([1, 2]), 10, tensor(3));
    expectClose(blocks, [
      [
        [
          [60, 0],
          [0, 60],
        ],
        [20, 40],
      ],
      [[20, 40], 0],
    ]);
    expectClose(hvp(g, { wrt: [0, 2] })([tensor([1, 2]), 10, tensor(3)], [tensor([1, 0]), tensor(1)]), [[60 + 20, 40], 20]);
  });
});

/** A smooth function on ℝⁿ drawn as data, so that a failure shows what it was. */
const smooth = fc.record({
  x: fc.array(fc.double({ min: -1.5, max: 1.5, noNaN: true }), { minLength: 1, maxLength: 4 }),
  steps: fc.array(fc.constantFrom("sin", "exp", "square", "mul", "add", "sum", "tanh", "matmul", "flip", "cumsum"), {
    minLength: 1,
    maxLength: 6,
  }),
});
type Smooth = typeof smooth extends fc.Arbitrary<infer T> ? T : never;

function run(steps: Smooth["steps"], x: Tensor): Tensor {
  let y = x.mul(0.5);
  const n = x.shape[0]!;
  const w = tensor(Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => Math.cos(1 + i + 2 * j) / n)));
  for (const step of steps) {
    if (step === "mul") y = y.mul(x);
    else if (step === "add") y = y.add(x.sin());
    else if (step === "sum") y = y.mul(y.sum().tanh());
    else if (step === "matmul") y = matmul(w, y.tanh());
    else if (step === "flip") y = y.flip();
    else if (step === "cumsum") y = y.tanh().cumsum();
    else if (step === "exp") y = y.tanh().exp();
    else y = y[step]();
  }
  return y;
}

const near = 1e-9;

/** A part of the cases that properties try, for those that cost more. */
const share = (part: number): { readonly numRuns: number } => ({ numRuns: Math.ceil((fc.readConfigureGlobal()?.numRuns ?? 100) * part) });
const patience = 600_000;

describe("the transforms against one another", { timeout: patience }, () => {
  const scalar =
    (steps: Smooth["steps"]) =>
    (x: Tensor): Tensor =>
      run(steps, x).sin().sum();
  const direction = (n: number): Tensor => tensor(Array.from({ length: n }, (_, i) => Math.sin(3 * i + 1)));

  test("forward and reverse Jacobians agree, with jvp, vjp and linearize", () => {
    fc.assert(
      fc.property(smooth, ({ x, steps }) => {
        const [at, t] = [tensor(x), direction(x.length)];
        const g = (y: Tensor): Tensor => run(steps, y);
        const whole = jacobian(g, { mode: "forward" })(at);
        expectClose(jacobian(g, { mode: "reverse" })(at), whole, near);
        expectClose(jvp(g)([at], [t])[1], matmul(whole, t), near);
        expectClose(linearize(g)(at).pushforward(t), matmul(whole, t), near);
        expectClose(vjp(g)(at).pullback(t), matmul(t, whole), near);
      }),
    );
  });

  test("second derivatives agree in all four orders of nesting, and the Hessian is symmetric", () => {
    fc.assert(
      fc.property(smooth, ({ x, steps }) => {
        const [at, t] = [tensor(x), direction(x.length)];
        const g = scalar(steps);
        const whole = hessian(g)(at);
        expectClose(whole, whole.transpose(), near);
        const product = matmul(whole, t);
        const along = (y: Tensor): Tensor => jvp(g)([y], [t])[1];
        expectClose(hvp(g)([at], [t]), product, near);
        expectClose(grad(along)(at), product, near);
        expectClose(grad((y: Tensor) => grad(g)(y).mul(t).sum())(at), product, near);
        expectClose(jvp(along)([at], [t])[1], product.mul(t).sum(), near);
        expectClose(jacobian(grad(g), { mode: "reverse" })(at), whole, near);
      }),
      share(0.5),
    );
  });

  test("vmap is a loop, of values, gradients, Jacobian products and Hessians; two levels and other axes too", () => {
    fc.assert(
      fc.property(smooth, fc.integer({ min: 1, max: 3 }), ({ x, steps }, count) => {
        const rows = Array.from({ length: count }, (_, k) => x.map((entry) => entry * Math.cos(k)));
        const batch = tensor(rows);
        const g = scalar(steps);
        const loop = (h: (x: Tensor) => Tensor): unknown[] => rows.map((row) => h(tensor(row)).toArray());
        const t = direction(x.length);
        const functions = [(y: Tensor) => run(steps, y), g, grad(g), (y: Tensor) => jvp(grad(g))([y], [t])[1], hessian(g)];
        for (const h of functions) {
          expectClose(vmap(h)(batch), loop(h), near);
          expectClose(vmap(h, { inAxes: 1 })(batch.transpose()), loop(h), near);
        }
        expectClose(vmap(vmap(grad(g)))(batch.reshape([1, count, -1])), [loop(grad(g))], near);
        expectClose(grad((b: Tensor) => vmap(g)(b).sum())(batch), loop(grad(g)), near);
        expectClose(
          jvp((b: Tensor) => vmap(grad(g))(b))([batch], [batch.mul(0).add(t)])[1],
          loop((y) => hvp(g)([y], [t])),
          near,
        );
        expectClose(
          grad((b: Tensor) => vmap((y: Tensor) => jvp(g)([y], [t])[1])(b).sum())(batch),
          loop((y) => hvp(g)([y], [t])),
          near,
        );
      }),
      share(0.3),
    );
  });

  test("checkpoint changes nothing but memory", () => {
    fc.assert(
      fc.property(smooth, ({ x, steps }) => {
        const at = tensor(x);
        const g = scalar(steps);
        const kept = checkpoint(g);
        expectClose(grad(kept)(at), grad(g)(at), near);
        expectClose(hessian(kept)(at), hessian(g)(at), near);
        expectClose(jvp(kept)([at], [at])[1], jvp(g)([at], [at])[1], near);
        expectClose(vmap(grad(kept))(at.reshape([1, -1])), [grad(g)(at).toArray()], near);
        expectClose(jacobian(grad(checkpoint(kept)), { mode: "reverse" })(at), hessian(g)(at), near);
      }),
      share(0.3),
    );
  });
});

describe("perturbation confusion", () => {
  type D = (f: (x: Tensor) => Tensor) => (x: Tensor) => Tensor;
  const modes: Readonly<Record<string, D>> = {
    reverse: (f) => grad(f),
    forward: (f) => (x) => jvp(f)([x], [tensor(1)])[1],
    pulled: (f) => (x) => vjp(f)(x).pullback(tensor(1)),
    linear: (f) => (x) => linearize(f)(x).pushforward(tensor(1)),
    jacobian: (f) => jacobian(f),
    mapped: (f) => (x) => vmap(grad(f))(x.reshape([1])).reshape([]),
    checkpointed: (f) => grad(checkpoint(f)),
  };
  const names = Object.keys(modes);
  const pairs = names.flatMap((outer) => names.map((inner) => ({ outer, inner })));

  test.each(pairs)("$outer over $inner: closures keep their derivatives apart", ({ outer, inner }) => {
    const [D, E] = [modes[outer]!, modes[inner]!];
    // d/dx x·(d/dy x·y at 2) = d/dx x² and d/dx x·(d/dy (x + y) at 1) = 1
    expectClose(D((x) => x.mul(E((y) => x.mul(y))(tensor(2))))(tensor(3)), 6);
    expectClose(D((x) => x.mul(E((y) => x.add(y))(tensor(1))))(tensor(1)), 1);
    // d/dx (d/dy x²y³ at x) = d/dx 3x⁴
    expectClose(D((x) => E((y) => x.square().mul(y.pow(3)))(x))(tensor(2)), 12 * 8);
    // d/dx of a derivative that does not depend on the inner variable is zero
    expectClose(D((x) => E((_y) => x)(tensor(1)).mul(x))(tensor(5)), 0);
  });

  test.each(names.flatMap((first) => names.map((second) => ({ first, second }))))(
    "three levels: $first, $second, reverse",
    ({ first, second }) => {
      const [D, E] = [modes[first]!, modes[second]!];
      // ∂x ∂y ∂z of x²y²z² at z = x·y, y = x, x = 2: ∂z gives 2x²y²z = 2x³y³, ∂y gives 6x³y², so 6x⁵, whose derivative is 30x⁴
      const g = D((x) => E((y) => grad((z: Tensor) => x.square().mul(y.square()).mul(z.square()))(x.mul(y)))(x));
      expectClose(g(tensor(2)), 30 * 16);
    },
  );

  test("many at once: grad inside vmap inside jvp inside grad", () => {
    // f(a) = d/dt Σᵢ g(a·(xᵢ + t)) at t = 1 along 1, g(u) = d/dv (u·v²) at v = u = 2u²; so g' along a is 4a²(xᵢ + 1), whose derivative is 8a(xᵢ + 1)
    const xs = [1, 2, 3];
    const inner = (u: Tensor): Tensor => grad((v: Tensor) => u.mul(v.square()))(u);
    const g = (a: Tensor): Tensor =>
      jvp((t: Tensor) => vmap((x: Tensor) => inner(a.mul(x.add(t))))(tensor(xs)).sum())([tensor(1)], [tensor(1)])[1];
    expectClose(
      grad(g)(tensor(0.5)),
      xs.reduce((sum, x) => sum + 8 * 0.5 * (x + 1), 0),
    );
  });
});

describe("vmap", () => {
  test("an argument with axis null is the same for every example, and may be anything", () => {
    const g = (x: Tensor, w: { readonly k: Tensor; readonly name: string }): Tensor => x.mul(w.k).sum();
    expectClose(
      vmap(g, { inAxes: [0, null] })(
        tensor([
          [1, 2],
          [3, 4],
        ]),
        { k: tensor([1, 10]), name: "free" },
      ),
      [21, 43],
    );
  });

  test("axes may be a struct in the argument's form", () => {
    const g = (p: { readonly x: Tensor; readonly w: Tensor }): Tensor => p.x.mul(p.w).sum();
    expectClose(
      vmap(g, { inAxes: [{ x: 1, w: null }] })({
        x: tensor([
          [1, 3],
          [2, 4],
        ]),
        w: tensor([1, 10]),
      }),
      [21, 43],
    );
  });

  test("outAxes moves the batch axis, for all outputs or for each of a list", () => {
    const g = (x: Tensor): readonly [Tensor, { readonly s: Tensor }] => [x.mul(2), { s: x.add(1) }];
    const [a, b] = vmap(g, { outAxes: [1, 0] })(
      tensor([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
    );
    expect([a.shape, b.s.shape]).toEqual([
      [2, 3],
      [3, 2],
    ]);
    expect(
      vmap(g, { outAxes: -1 })(
        tensor([
          [1, 2],
          [3, 4],
          [5, 6],
        ]),
      )[1].s.shape,
    ).toEqual([2, 3]);
  });

  test("an output that depends on no batched input is repeated; an empty batch works", () => {
    expectClose(vmap((_x: Tensor) => tensor([7, 8]))(zeros([2])), [
      [7, 8],
      [7, 8],
    ]);
    expect(vmap((x: Tensor) => x.sin().sum())(zeros([0, 3])).shape).toEqual([0]);
  });

  test("closed-over tensors that an outer transform watches get their gradients", () => {
    expectClose(grad((w: Tensor) => vmap((x: Tensor) => x.mul(w).square())(tensor([1, 2, 3])).sum())(tensor(0.5)), 14);
  });

  test("the gradient of a batched W·x makes nothing larger than its operands and results", () => {
    const [n, k, m] = [7, 11, 13];
    const gradient = grad((w: Tensor) => vmap((x: Tensor) => matmul(w, x).square().sum())(ones([n, k])).sum());
    expect(gradient(ones([m, k])).toArray()).toEqual(Array.from({ length: m }, () => Array.from({ length: k }, () => 2 * n * k)));
  });
});

describe("detach", () => {
  test("no derivative passes, of any enclosing transform, in either mode", () => {
    const g = (x: Tensor): Tensor => x.square().mul(detach(x));
    expectClose(grad(g)(tensor(3)), 18);
    expectClose(jvp(g)([tensor(3)], [tensor(1)])[1], 18);
    expectClose(grad(grad(g))(tensor(3)), 6);
    expectClose(grad((x: Tensor) => grad((y: Tensor) => y.mul(detach(x)).mul(y))(x))(tensor(3)), 6);
    expectClose(grad((x: Tensor) => grad((y: Tensor) => detach(y.mul(x)).mul(y))(tensor(2)))(tensor(3)), 0);
  });

  test("commutes with vmap, and takes structs", () => {
    const g = (p: { readonly x: Tensor }): Tensor => p.x.mul(detach(p).x);
    expectClose(vmap(g)({ x: tensor([1, 2]) }), [1, 4]);
    expectClose(vmap(grad(g))({ x: tensor([1, 2]) }), { x: [1, 2] });
    expectClose(grad((x: Tensor) => vmap((y: Tensor) => detach(y).mul(y))(x).sum())(tensor([1, 2])), [1, 2]);
  });
});

describe("customVjp", () => {
  /** log(1 + eˣ) with a backward function that stays right where the naive one overflows. */
  const log1pExp = customVjp(
    (x: Tensor) => x.exp().log1p(),
    (x: Tensor): readonly [Tensor, { readonly x: Tensor }] => [x.exp().log1p(), { x }],
    ({ x }, g: Tensor) => [g.mul(x.sigmoid())],
  );
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

  test("reverse, forward, second order both ways, vmap", () => {
    const s = sigmoid(0.3);
    const at = tensor(0.3);
    expectClose(log1pExp(at), Math.log1p(Math.exp(0.3)));
    expectClose(grad(log1pExp)(at), s);
    expectClose(jvp(log1pExp)([at], [tensor(2)])[1], 2 * s);
    expectClose(linearize(log1pExp)(at).pushforward(tensor(2)), 2 * s);
    expectClose(grad(grad(log1pExp))(at), s * (1 - s));
    expectClose(jvp(grad(log1pExp))([at], [tensor(1)])[1], s * (1 - s));
    expectClose(grad((x: Tensor) => jvp(log1pExp)([x], [tensor(1)])[1])(at), s * (1 - s));
    expectClose(grad(grad(grad(log1pExp)))(at), s * (1 - s) * (1 - 2 * s));
    expectClose(vmap(log1pExp)(tensor([0.3, 1])), [Math.log1p(Math.exp(0.3)), Math.log1p(Math.exp(1))]);
    expectClose(vmap(grad(log1pExp))(tensor([0.3, 1])), [s, sigmoid(1)]);
    expectClose(vmap(grad(grad(log1pExp)))(tensor([0.3])), [s * (1 - s)]);
    expectClose(grad((x: Tensor) => vmap(log1pExp)(x).sum())(tensor([0.3, 1000])), [s, 1]);
    expectClose(jvp((x: Tensor) => vmap(log1pExp)(x))([tensor([0.3, 1])], [tensor([1, 2])])[1], [s, 2 * sigmoid(1)]);
  });

  test("the rule stated is the rule used, residuals of every origin included", () => {
    // A wrong factor on purpose: the output, an input and a value of their own are residuals.
    const scaled = customVjp(
      (x: Tensor, k: Tensor) => x.exp().mul(k),
      (x: Tensor, k: Tensor): readonly [Tensor, readonly [Tensor, Tensor, Tensor]] => {
        const y = x.exp().mul(k);
        return [y, [y, k, x.exp()]];
      },
      ([y, k, e], g: Tensor) => [g.mul(y).mul(10), g.mul(e).mul(k).div(k)],
    );
    const [x, k] = [tensor(0.5), tensor(3)];
    const e = Math.exp(0.5);
    expectClose(grad(scaled, { wrt: [0, 1] })(x, k), [30 * e, e]);
    // Through the residual y the stated rule applies again: d/dx of 10·y is 10·(10·y).
    expectClose(grad((x: Tensor) => grad(scaled)(x, k))(x), 300 * e);
    // Through the residual e its own ops are differentiated.
    expectClose(grad((x: Tensor) => grad(scaled, { wrt: 1 })(x, k))(x), e);
    expectClose(jvp((x: Tensor) => grad(scaled, { wrt: 1 })(x, k))([x], [tensor(1)])[1], e);
    expectClose(jvp((x: Tensor) => grad(scaled)(x, k))([x], [tensor(1)])[1], 300 * e);
    expectClose(vmap(grad(scaled, { wrt: [0, 1] }), { inAxes: [0, null] })(tensor([0.5]), k), [[30 * e], [e]]);
    expectClose(grad((k: Tensor) => vmap(scaled, { inAxes: [0, null] })(tensor([0.5, 1]), k).sum())(k), e + Math.exp(1));
    expectClose(jvp((k: Tensor) => vmap(scaled, { inAxes: [0, null] })(tensor([0.5, 1]), k))([k], [tensor(1)])[1], [e, Math.exp(1)]);
  });

  test("an argument that is the same for every example gets the sum of its cotangents, at every level of vmap", () => {
    const weighted = customVjp(
      (x: Tensor, k: Tensor) => x.mul(k).sum(),
      (x: Tensor, k: Tensor): readonly [Tensor, readonly [Tensor, Tensor]] => [x.mul(k).sum(), [x, k]],
      ([x, k], g: Tensor) => [k.mul(g), x.mul(g)],
    );
    const rows = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const ks = tensor([
      [1, 1, 1],
      [2, 2, 2],
      [3, 3, 3],
      [4, 4, 4],
    ]);
    const inner = (k: Tensor): Tensor => vmap(weighted, { inAxes: [0, null] })(rows, k);
    const f = (k: Tensor): Tensor =>
      inner(k)
        .mul(tensor([1, 10]))
        .sum();
    expectClose(grad(f)(ks.at(1)), [41, 52, 63]);
    expectClose(
      vmap(grad(f))(ks),
      Array.from({ length: 4 }, () => [41, 52, 63]),
    );
    expectClose(
      grad((ks: Tensor) => vmap(f)(ks).sum())(ks),
      Array.from({ length: 4 }, () => [41, 52, 63]),
    );
    expectClose(
      jvp((ks: Tensor) => vmap(inner)(ks))([ks], [ks.mul(0).add(1)])[1],
      Array.from({ length: 4 }, () => [6, 15]),
    );
    expectClose(vmap(grad(weighted), { inAxes: [0, null] })(rows, ks.at(1)), [
      [2, 2, 2],
      [2, 2, 2],
    ]);
  });

  test("structs and integers among the arguments; null where nothing flows", () => {
    const pick = customVjp(
      (p: { readonly x: Tensor; readonly i: Tensor }, _scale: number) => p.x.take(p.i),
      (p: { readonly x: Tensor; readonly i: Tensor }, _scale: number): readonly [Tensor, Tensor] => [p.x.take(p.i), p.i],
      (i, g: Tensor) => [{ x: g.mul(ones([3])), i }, null],
    );
    expectClose(grad((x: Tensor) => pick({ x, i: tensor(1, "int32") }, 2))(tensor([1, 2, 3])), [1, 1, 1]);
  });

  test("says what is wrong", () => {
    const id = (x: Tensor): Tensor => x;
    const bad = (forward: (x: Tensor) => unknown, backward: (r: unknown, g: Tensor) => unknown) =>
      message(() => grad(customVjp(id, forward as never, backward as never))(tensor(1)));
    const at = tensor([1, 2]);
    expect(
      message(() =>
        grad((w: Tensor) =>
          customVjp(
            (x: Tensor) => x.mul(label(w, "w")),
            (x: Tensor) => [x, null],
            (_r, g: Tensor) => [g],
          )(at).sum(),
        )(at),
      ),
    ).toMatchInlineSnapshot(
      `"CotangentError: customVjp: the function closes over a tensor that an enclosing transform watches — w:float64[2]; pass it as an argument"`,
    );
    expect(
      message(() =>
        grad((w: Tensor) =>
          customVjp(
            id,
            (x: Tensor) => [x, w],
            (w, g: Tensor) => [g.mul(w as Tensor)],
          )(w),
        )(tensor(1)),
      ),
    ).toMatchInlineSnapshot(
      `"CotangentError: customVjp: forward closes over a tensor that an enclosing transform watches — float64[]; pass it as an argument"`,
    );
    expect(
      bad(
        (x) => x,
        (_r, g) => [g],
      ),
    ).toMatchInlineSnapshot(`"CotangentError: customVjp: forward does not return a pair — float64[]; return [output, residuals]"`);
    expect(
      bad(
        (x) => [x, null],
        (_r, g) => g,
      ),
    ).toMatchInlineSnapshot(
      `"CotangentError: customVjp: backward does not return a list of 1 — float64[]; return one cotangent an argument, null for none"`,
    );
    expect(
      bad(
        (x) => [x, null],
        () => [at],
      ),
    ).toMatchInlineSnapshot(
      `"CotangentError: customVjp: a cotangent has another shape than its argument — argument 0 is [], its cotangent [2]; make them equal"`,
    );
    expect(
      bad(
        (x) => [x.reshape([1]), null],
        (_r, g) => [g],
      ),
    ).toMatchInlineSnapshot(
      `"CotangentError: customVjp: forward gives another type than the function — the output is float64[], that of forward is float64[1]; make them equal"`,
    );
  });
});

describe("customJvp", () => {
  /** A square root whose derivative at 0 is taken to be 0. */
  const root = customJvp(
    (x: Tensor) => x.sqrt(),
    ([x], [t]) => [x.sqrt(), t.mul(x.greater(0).where(x.rsqrt().mul(0.5), 0))],
  );

  test("both modes, second order, vmap", () => {
    const at = tensor([4, 0]);
    expectClose(root(at), [2, 0]);
    expectClose(jvp(root)([at], [tensor([1, 1])])[1], [0.25, 0]);
    expectClose(grad((x: Tensor) => root(x).sum())(at), [0.25, 0]);
    expectClose(hessian((x: Tensor) => root(x).sum())(tensor([4])), [[-1 / 32]]);
    expectClose(grad(grad(root))(tensor(4)), -1 / 32);
    expectClose(vmap(grad(root))(tensor([4, 1])), [0.25, 0.5]);
    expectClose(grad((x: Tensor) => vmap(root)(x).sum())(at), [0.25, 0]);
    expectClose(vmap(grad(grad(root)))(tensor([4])), [-1 / 32]);
  });

  test("several arguments, of which vmap maps one", () => {
    const g = customJvp(
      (x: Tensor, y: Tensor) => x.mul(y),
      ([x, y], [tx, ty]) => [x.mul(y), tx.mul(y).add(x.mul(ty)).mul(100)],
    );
    expectClose(grad(g, { wrt: [0, 1] })(tensor(2), tensor(3)), [300, 200]);
    expectClose(grad((y: Tensor) => vmap(g, { inAxes: [0, null] })(tensor([1, 2]), y).sum())(tensor(3)), 300);
  });

  test("says what is wrong", () => {
    const at = tensor(2);
    const w = (rule: (p: readonly [Tensor], t: readonly [Tensor]) => unknown) =>
      message(() => grad(customJvp((x: Tensor) => x.sin(), rule as never))(at));
    expect(w(([x]) => x)).toMatchInlineSnapshot(
      `"CotangentError: customJvp: the rule does not return a pair — float64[]; return [output, tangent]"`,
    );
    expect(w(([x]) => [x, tensor([1])])).toMatchInlineSnapshot(
      `"CotangentError: customJvp: a tangent has another shape than its output — the output is [], its tangent [1]; make them equal"`,
    );
    expect(
      message(() =>
        grad((w: Tensor) =>
          customJvp(
            (x: Tensor) => x,
            ([x], [t]) => [x, t.mul(w)],
          )(w),
        )(at),
      ),
    ).toMatchInlineSnapshot(
      `"CotangentError: customJvp: the rule closes over a tensor that an enclosing transform watches — float64[]; pass it as an argument"`,
    );
  });
});

describe("checkpoint", () => {
  test("closed-over watched tensors get their gradients", () => {
    const g = (w: Tensor, x: Tensor): Tensor => checkpoint((x: Tensor) => x.mul(w).sin())(x);
    expectClose(grad(g, { wrt: [0, 1] })(tensor(2), tensor(3)), [3 * Math.cos(6), 2 * Math.cos(6)]);
    expectClose(hessian(g, { wrt: [0, 1] })(tensor(2), tensor(3)), [
      [-9 * Math.sin(6), Math.cos(6) - 6 * Math.sin(6)],
      [Math.cos(6) - 6 * Math.sin(6), -4 * Math.sin(6)],
    ]);
  });

  test("runs the function once, whatever is differentiated", () => {
    let calls = 0;
    const g = checkpoint((x: Tensor) => {
      calls++;
      return x.sin().exp();
    });
    grad((x: Tensor) => g(x).sum())(ones([3]));
    expect(calls).toBe(1);
  });
});

describe("debug", () => {
  const at = tensor([
    [4, 1],
    [0, 9],
  ]);

  test("names the op, its shapes, the entry and the line, forward and backward", () => {
    expect(message(() => debug((x: Tensor) => x.log().sum())(at))).toMatchInlineSnapshot(
      `"CotangentError: debug: the first non-finite value is in the forward pass — log of [2, 2] gives -Infinity at [1, 0] of [2, 2]; look at <line>"`,
    );
    expect(message(() => debug(grad((x: Tensor) => x.sqrt().sum()))(at))).toMatchInlineSnapshot(
      `"CotangentError: debug: the first non-finite value is in the backward pass — the derivative of sqrt of [2, 2] gives Infinity at [1, 0] of [2, 2]; look at <line>"`,
    );
    expect(message(() => grad(debug((x: Tensor) => x.sqrt().sum()))(at))).toMatch(
      /backward pass — the derivative of sqrt of \[2, 2\] gives Infinity at \[1, 0\]/,
    );
    expect(message(() => debug((x: Tensor) => x)(tensor([1, Number.NaN])))).toMatchInlineSnapshot(
      `"CotangentError: debug: an argument is not finite — argument 0 has NaN at [1] of [2]; look at the caller"`,
    );
  });

  const lineOf = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      return /look at (\S+):\d+$/.exec(String(error))?.[1] ?? "no line";
    }
    return "nothing was thrown";
  };
  const here = (offset: number): string => {
    const line = Number([...(new Error().stack ?? "").matchAll(/transforms\.test\.ts:(\d+)/g)][1]?.[1]);
    return `transforms.test.ts:${line + offset}`;
  };

  test("the line is the caller's own, through grad, vmap, checkpoint and loops inside", () => {
    const g = (x: Tensor): Tensor => {
      const y = x.square();
      return y.log().sum();
    };
    const logLine = here(-2);
    for (const h of [g, grad(g), (x: Tensor) => vmap(g)(x), (x: Tensor) => vmap(grad(g))(x), hessian(g)]) {
      expect(lineOf(() => (debug(h) as (x: Tensor) => unknown)(at))).toContain(logLine);
    }
  });

  test("under and over vmap, forward, backward and along tangents, it names the whole batch", () => {
    const log = (x: Tensor): Tensor => x.log();
    const root = (x: Tensor): Tensor => x.sqrt().sum();
    const inLog = /the forward pass — log of \[2, 2\] gives -Infinity at \[1, 0\] of \[2, 2\]; look at <line>$/;
    for (const h of [vmap(debug(log)), debug(vmap(log)), vmap(vmap(debug(log))), debug(vmap(vmap(log))), vmap(debug(vmap(log)))])
      expect(message(() => h(at))).toMatch(inLog);
    expect(message(() => vmap(debug(log), { inAxes: 1 })(at))).toMatch(/log of \[2, 2\] gives -Infinity at \[0, 1\] of \[2, 2\]/);
    const inRoot = /the backward pass — the derivative of sqrt of \[2, 2\] gives Infinity at \[1, 0\] of \[2, 2\]/;
    const total = (f: (x: Tensor) => Tensor) => grad((x: Tensor) => f(x).sum());
    for (const h of [
      vmap(grad(debug(root))),
      vmap(debug(grad(root))),
      debug(vmap(grad(root))),
      total(vmap(debug(root))),
      total(debug(vmap(root))),
    ])
      expect(message(() => h(at))).toMatch(inRoot);
    for (const h of [debug((x: Tensor) => jvp(root)([x], [x])[1]), (x: Tensor) => jvp(debug(root))([x], [ones([2, 2])])[1]])
      expect(message(() => h(at))).toMatch(/the tangents — the derivative of sqrt of \[2, 2\] gives Infinity at \[1, 0\] of \[2, 2\]/);
    const weighted = vmap(
      debug((x: Tensor, w: Tensor) => x.div(w).exp()),
      { inAxes: [0, null] },
    );
    expect(message(() => weighted(at, tensor([1, 0])))).toMatch(/div of \[2, 2\], \[2\] gives Infinity at \[0, 1\] of \[2, 2\]/);
    expect(message(() => vmap(debug(log))(tensor([[1], [Number.NaN]])))).toMatch(
      /an argument of \[2, 1\] gives NaN at \[1, 0\] of \[2, 1\]/,
    );
  });

  test("under vmap too, infinities on the way to a finite value are not named", () => {
    const pooled = (x: Tensor): Tensor => maxPool(x.reshape([1, 1, 2]), { window: 2, stride: 1, padding: 1 }).sum();
    for (const h of [vmap(debug(pooled)), debug(vmap(pooled)), vmap(debug(grad(pooled))), vmap(grad(debug(pooled)))])
      expect(message(() => h(at))).toBe("nothing was thrown");
  });

  test("a non-finite partial that an exactly zero cotangent hides is named too", () => {
    const g = (x: Tensor): Tensor => where(x.greater(0), x.sqrt(), 0).sum();
    expectClose(grad(g)(at), [
      [0.25, 0.5],
      [0, 1 / 6],
    ]);
    for (const h of [debug(grad(g)), grad(debug(g))])
      expect(message(() => h(at))).toMatch(/the derivative of sqrt of \[2, 2\] gives Infinity at \[1, 0\]/);
  });

  test("what comes after a debugged part is not checked", () => {
    const g = (x: Tensor): Tensor =>
      debug((x: Tensor) => x.square())(x)
        .log()
        .sum();
    expectClose(grad(g)(tensor([2])), [1]);
    expectClose(vjp(g)(tensor([0])).value, Number.NEGATIVE_INFINITY);
  });

  test("where the values are finite it is the same function, and leaves nothing watched", () => {
    const g = (x: Tensor): { readonly y: Tensor; readonly name: string } => ({ y: x.sin(), name: "kept" });
    const out = debug(g)(at);
    expectClose(out.y, at.sin());
    expect([out.name, out.y.origin]).toEqual(["kept", null]);
    expectClose(grad((x: Tensor) => debug(g)(x).y.sum())(at), at.cos());
  });
});

describe("wrong arguments", () => {
  const x = tensor([1, 2]);
  const untyped = (value: unknown): never => value as never;
  const wrong = (f: (x: Tensor) => unknown): ((x: Tensor) => Tensor) => f as (x: Tensor) => Tensor;
  const cases: Readonly<Record<string, () => unknown>> = {
    "grad of no function": () => grad(untyped(3)),
    "grad with a number for options": () => grad((x: Tensor) => x, untyped(3)),
    "grad with the arguments": () => grad((x: Tensor) => x.sum(), untyped(x)),
    "grad with a struct of arguments": () => grad((p: { w: Tensor }) => p.w.sum(), untyped({ w: x })),
    "vjp with the arguments": () => vjp((x: Tensor) => x, untyped(x)),
    "jvp with the arguments": () => jvp((x: Tensor) => x, untyped([x])),
    "hvp with the arguments": () => hvp((x: Tensor) => x.sum(), untyped([x])),
    "vmap with the arguments": () => vmap((x: Tensor) => x, untyped(x)),
    "grad with an unknown option": () => grad((x: Tensor) => x, untyped({ argnums: 1 })),
    "grad of a vector": () => grad((x: Tensor) => x)(x),
    "grad of a struct": () => grad(wrong((x: Tensor) => ({ x })))(x),
    "grad of an integer": () => grad((x: Tensor) => x.argmax())(x),
    "grad of nothing": () => grad(wrong(() => undefined))(x),
    "grad of a number": () => grad(wrong((x: Tensor) => x.item()))(tensor(1)),
    "grad by an integer": () => grad((x: Tensor) => x.sum())(tensor([1, 2], "int32")),
    "grad by a number": () => grad((x: Tensor) => x)(untyped(3)),
    "grad by a struct with a number": () => grad((p: { w: Tensor }) => p.w)(untyped({ w: tensor(1), rate: 0.1 })),
    "grad by an instance of a class": () =>
      grad((p: { w: Tensor }) => p.w)(
        untyped(
          new (class Model {
            readonly w = x;
          })(),
        ),
      ),
    "grad by a typed array": () => grad((x: Tensor) => x.sum())(untyped(Float64Array.of(1))),
    "hvp of a vector": () => hvp((x: Tensor) => x)([x], [x]),
    "hvp along another shape": () => hvp((x: Tensor) => x.sum())([x], [tensor(1)]),
    "hessian of a vector": () => hessian((x: Tensor) => x)(x),
    "hessian by an integer": () => hessian((x: Tensor) => x.sum())(tensor([1, 2], "int32")),
    "valueAndGrad of a vector": () => valueAndGrad((x: Tensor) => x)(x),
    "wrt out of range": () => grad((x: Tensor) => x.sum(), { wrt: 1 })(x),
    "wrt twice": () => grad((x: Tensor) => x.sum(), { wrt: [0, 0] })(x),
    "wrt a word": () => grad((x: Tensor) => x.sum(), untyped({ wrt: "x" }))(x),
    "aux without a pair": () => grad(wrong((x: Tensor) => x.sum()) as never, { aux: true })(x),
    "a cotangent of another shape": () => vjp((x: Tensor) => x)(x).pullback(tensor(1)),
    "a cotangent of another form": () => vjp((x: Tensor) => ({ a: x }))(x).pullback(untyped([x])),
    "a tangent of another shape": () => jvp((x: Tensor) => x)([x], [tensor([1])]),
    "no tangent": () => jvp((x: Tensor) => x)([x], [null]),
    "primals that are no list": () => jvp((x: Tensor) => x)(untyped(x), untyped(x)),
    "too many tangents": () => jvp((x: Tensor) => x)([x], untyped([x, x])),
    "too few tangents for wrt": () => jvp((x: Tensor, y: Tensor) => x.add(y), { wrt: [0, 1] })([x, x], untyped([x])),
    "jacobian in no mode": () => jacobian((x: Tensor) => x, untyped({ mode: "both" })),
    "jacobian of integers": () => jacobian((x: Tensor) => x.argmax())(x),
    "vmap of scalars": () => vmap((x: Tensor) => x)(tensor(1)),
    "vmap of different sizes": () => vmap((x: Tensor, y: Tensor) => x.add(y))(x, tensor([1, 2, 3])),
    "vmap of nothing": () => vmap((x: Tensor) => x, { inAxes: null })(x),
    "vmap over too few axes": () => vmap((x: Tensor, y: Tensor) => x.add(y), { inAxes: [0] })(x, x),
    "vmap over half an axis": () => vmap((x: Tensor) => x, { inAxes: 0.5 })(x),
    "vmap out of range": () => vmap((x: Tensor) => x, { outAxes: 1 })(x),
    "vmap with a struct of axes for a tensor": () => vmap((x: Tensor) => x, { inAxes: [{ x: 0 }] })(x),
    "vmap of a function that reads": () => vmap((x: Tensor) => (x.item() > 0 ? x : x.neg()))(x),
    "linearize with a bare tangent for a list": () => linearize((x: Tensor) => x, { wrt: [0] })(x).pushforward(untyped(x)),
    "detach of nothing": () => detach(untyped(3)),
  };

  test("are refused with what was given and what to do", () => {
    expect(
      Object.fromEntries(Object.entries(cases).map(([name, run]) => [name, message(run).replace("CotangentError: ", "")])),
    ).toMatchInlineSnapshot(`
      {
        "a cotangent of another form": "vjp: the structs differ in form — .a against [0]; give structs with the same keys and lengths",
        "a cotangent of another shape": "vjp: the cotangent has another shape than what it belongs to — the cotangent is [], the output is [2]; make them equal",
        "a tangent of another shape": "jvp: the tangent has another shape than what it belongs to — the tangent is [1], argument 0 is [2]; make them equal",
        "aux without a pair": "grad: with aux the function returns a pair — float64[]; return [output, aux]",
        "detach of nothing": "detach: there is no tensor — 3; give a tensor or a struct of tensors",
        "grad by a number": "grad: argument 0 is not a tensor — 3; a differentiated argument holds tensors in plain objects and arrays, so pass tensor(…) or move it to another argument",
        "grad by a struct with a number": "grad: argument 0.rate is not a tensor — 0.1; a differentiated argument holds tensors in plain objects and arrays, so pass tensor(…) or move it to another argument",
        "grad by a typed array": "grad: argument 0 is not a tensor — a Float64Array of length 1; wrap it in tensor(…)",
        "grad by an instance of a class": "grad: argument 0 is not a tensor — an instance of Model; only plain objects and arrays hold tensors, so copy its tensors into one",
        "grad by an integer": "grad: argument 0 is not differentiable — int32[2]; give float64 or float32, or move it to another argument",
        "grad of a number": "grad: the output is not a tensor — 1; give tensors, also in plain objects and arrays",
        "grad of a struct": "grad: the output is not a float scalar — a struct of 1 tensor; return a scalar (sum or mean it), or use vjp or jacobian",
        "grad of a vector": "grad: the output is not a float scalar — float64[2]; return a scalar (sum or mean it), or use vjp or jacobian",
        "grad of an integer": "grad: the output is not a float scalar — int32[]; return a scalar (sum or mean it), or use vjp or jacobian",
        "grad of no function": "grad: the first argument is not a function — 3; give a function of tensors",
        "grad of nothing": "grad: the output is not a float scalar — nothing; return a scalar (sum or mean it), or use vjp or jacobian",
        "grad with a number for options": "grad: the options are not an object — 3; give an object with wrt, aux, or write grad(f)(x)",
        "grad with a struct of arguments": "grad: an argument stands where the options belong — an object with keys w; write grad(f)(x)",
        "grad with an unknown option": "grad: unknown option — "argnums"; the options are wrt, aux",
        "grad with the arguments": "grad: an argument stands where the options belong — float64[2]; write grad(f)(x)",
        "hessian by an integer": "hessian: argument 0 is not differentiable — int32[2]; give float64 or float32, or move it to another argument",
        "hessian of a vector": "hessian: the output is not a float scalar — float64[2]; return a scalar (sum or mean it), or use vjp or jacobian",
        "hvp along another shape": "hvp: the tangent has another shape than what it belongs to — the tangent is [], argument 0 is [2]; make them equal",
        "hvp of a vector": "hvp: the output is not a float scalar — float64[2]; return a scalar (sum or mean it), or use vjp or jacobian",
        "hvp with the arguments": "hvp: an argument stands where the options belong — [float64[2]]; write hvp(f)(primals, tangents)",
        "jacobian in no mode": "jacobian: unknown mode — "both"; give "forward", "reverse"",
        "jacobian of integers": "jacobian: the output is not differentiable — int32[]; return float64 or float32, or hand it on as aux",
        "jvp with the arguments": "jvp: an argument stands where the options belong — [float64[2]]; write jvp(f)(primals, tangents)",
        "linearize with a bare tangent for a list": "linearize: the tangent is not a list — float64[2]; give one tangent for each index in wrt",
        "no tangent": "jvp: there is no tangent — [null]; give one for each argument that moves",
        "primals that are no list": "jvp: the primals are not a list — float64[2]; give the list of arguments",
        "too few tangents for wrt": "jvp: 1 tangent for 2 arguments — [float64[2]]; give one for each index in wrt",
        "too many tangents": "jvp: 2 tangents for 1 argument — [float64[2], float64[2]]; give one each",
        "valueAndGrad of a vector": "valueAndGrad: the output is not a float scalar — float64[2]; return a scalar (sum or mean it), or use vjp or jacobian",
        "vjp with the arguments": "vjp: an argument stands where the options belong — float64[2]; write vjp(f)(x)",
        "vmap of a function that reads": "item: reading a value while tracing on shapes — at <line>, where only shapes are known; return it and read it outside, or use where, cond or whileLoop in place of JavaScript control flow",
        "vmap of different sizes": "vmap: batch sizes differ — argument 0 has 2, argument 1 has 3; give batches of one size",
        "vmap of nothing": "vmap: there is no batched tensor — every axis is null; batch at least one argument",
        "vmap of scalars": "vmap: no such axis — 0 for rank 0; a scalar has no axes",
        "vmap out of range": "vmap: no such axis — 1 for rank 1; give an integer from -1 to 0",
        "vmap over half an axis": "vmap: no such axis — 0.5 for rank 1; give an integer from -1 to 0",
        "vmap over too few axes": "vmap: inAxes does not fit 2 arguments — [0]; give one axis, or a list with one an argument",
        "vmap with a struct of axes for a tensor": "vmap: inAxes does not fit argument 0 — an object with keys x; give an integer, null, or a struct of them in the argument's form",
        "vmap with the arguments": "vmap: an argument stands where the options belong — float64[2]; write vmap(f)(x)",
        "wrt a word": "grad: wrt is not an argument index or a list of them — "x"; give 0 for the first argument",
        "wrt out of range": "grad: wrt names no argument — 1 of 1 argument; count them from 0",
        "wrt twice": "grad: wrt names an argument twice — [0, 0]; name each once",
      }
    `);
  });
});
