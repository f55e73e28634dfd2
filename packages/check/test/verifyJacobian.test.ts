// Claimed Jacobians and Hessians, right and wrong: forms, shapes, dtypes, kinks, sizes, black boxes. Expected values are closed forms.
import { concat, cond, customVjp, eye, log, relu, softmax, softplus, type Tensor, tensor, where } from "@cotangent/core";
import { describe, expect, test } from "vitest";
import { checkHessian, checkJacobian, type Refuted, type Verdict } from "@cotangent/check";

const x = tensor([1, 2, -0.5]);
const at = [x] as const;
const diagonal = (v: Tensor): Tensor => eye(v.size).cast(v.dtype).mul(v);
const diagnosis = (verdict: Verdict): string | undefined => (verdict.verdict === "REFUTED" ? verdict.diagnosis : verdict.verdict);
const shown = (verdict: Verdict): string =>
  String(verdict)
    .replace(/const (f|loss|claimed) = .*/g, "const $1 = …;")
    .replace(/truth by .*/, "truth by …")
    .replace(/ [\d.]+e-\d+$/gm, " …");

/** ∂p_i/∂x_j = p_i (δ_ij − p_j). */
const softmaxJacobian = (v: Tensor): Tensor => {
  const p = softmax(v);
  return diagonal(p).sub(p.reshape([-1, 1]).mul(p));
};

describe("a Jacobian of one tensor by another", () => {
  test("in ops", () => {
    const verdict = checkJacobian((v: Tensor) => softmax(v), softmaxJacobian, { at });
    expect(verdict).toMatchObject({ verdict: "AGREES", points: 4, seed: 1, method: "replay in dual double-double numbers" });
    expect(verdict.verdict === "AGREES" && verdict.digits).toBeGreaterThan(20);
  });
  test("in numbers", () => {
    const claimed = (v: Tensor) => softmaxJacobian(v).toArray() as number[][];
    expect(checkJacobian((v: Tensor) => softmax(v), claimed, { at }).verdict).toBe("AGREES");
  });
  test("as one array, judged at its point", () => {
    expect(checkJacobian((v: Tensor) => softmax(v), softmaxJacobian(x), { at })).toMatchObject({ verdict: "AGREES", points: 1 });
  });
  test("of a scalar it is the gradient", () => {
    expect(
      checkJacobian(
        (v: Tensor) => v.square().sum(),
        (v: Tensor) => v.mul(2),
        { at },
      ).verdict,
    ).toBe("AGREES");
    expect(
      checkJacobian(
        () => 3,
        () => [0, 0, 0],
        { at },
      ).verdict,
    ).toBe("AGREES");
  });
  test("by a matrix it has all axes, the output's first", () => {
    const w = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const claimed = eye(2).reshape([2, 2, 1]).mul(x);
    expect(
      checkJacobian(
        (own: Tensor) => own.matmul(x),
        () => claimed,
        { at: [w] },
      ).verdict,
    ).toBe("AGREES");
    const spoiled = claimed.add(
      tensor(
        new Float64Array(12).map((_, i) => (i === 7 ? 1e-9 : 0)),
        { shape: [2, 2, 3] },
      ),
    );
    expect(
      checkJacobian(
        (own: Tensor) => own.matmul(x),
        () => spoiled,
        { at: [w], points: 0 },
      ),
    ).toMatchObject({
      verdict: "REFUTED",
      wrong: 1,
      size: 12,
      witnesses: [{ input: "output by argument 0", index: [1, 0, 1] }],
    });
  });

  test.each<[string, (v: Tensor) => Tensor, (v: Tensor) => Tensor, string | RegExp]>([
    ["the transpose", (v) => v.mul(v.sum()), (v) => eye(3).mul(v.sum()).add(v), "the claim is the transpose of the truth"],
    ["the sign", (v) => v.sin(), (v) => diagonal(v.cos().neg()), "the claim is -1 times the truth: the sign is wrong"],
    ["no inner derivative", (v) => v.square().sin(), (v) => diagonal(v.square().cos()), /argument 0/],
    ["the diagonal alone", (v) => softmax(v), (v) => diagonal(softmax(v)), /term/],
  ])("%s is told", (_, f, claimed, words) => {
    const verdict = checkJacobian(f, claimed, { at });
    expect(verdict.verdict).toBe("REFUTED");
    expect(diagnosis(verdict)).toMatch(words);
  });

  test("the report has rows and columns and a program", () =>
    expect(
      shown(
        checkJacobian(
          (v: Tensor) => v.mul(v.sum()),
          (v: Tensor) => eye(3).mul(v.sum()).add(v),
          { at, points: 0 },
        ),
      ),
    ).toMatchInlineSnapshot(`
      "REFUTED 6 of 9 entries are wrong: the claim is the transpose of the truth
        input                 index   claimed  true  absolute  relative  error bar
        output by argument 0  [2, 1]        2  -0.5       2.5         5    …
        output by argument 0  [2, 0]        1  -0.5       1.5         3    …
        output by argument 0  [0, 2]     -0.5     1       1.5       1.5    …
        output by argument 0  [1, 2]     -0.5     2       2.5       1.3    …
        output by argument 0  [0, 1]        2     1         1         1    …
        output by argument 0  [1, 0]        1     2         1       0.5    …
        seed 1; truth by …
        to see it again:
          import { eye, tensor } from "@cotangent/core";
          import { checkJacobian } from "@cotangent/check";
          const f = …;
          const claimed = …;
          const at = [tensor([1, 2, -0.5])];
          console.log(String(checkJacobian(f, claimed, { at, seed: 1, points: 0 })));"
    `));
});

describe("structs", () => {
  const model = {
    w: tensor([
      [1, 2, 0.5],
      [0.3, -1, 2],
    ]),
    b: tensor([0.1, 0.2]),
  };
  const f = ({ w, b }: typeof model) => ({ z: w.matmul(x).add(b), size: b.square().sum() });
  const claimed = ({ w, b }: typeof model) => ({
    z: { w: eye(2).reshape([2, 2, 1]).mul(x), b: eye(2) },
    size: { w: w.mul(0), b: b.mul(2) },
  });

  test("agree", () => expect(checkJacobian(f, claimed, { at: [model] }).verdict).toBe("AGREES"));
  test("a wrong block is named", () => {
    const wrong = (m: typeof model) => ({ ...claimed(m), size: { ...claimed(m).size, b: m.b } });
    const verdict = checkJacobian(f, wrong, { at: [model] }) as Refuted;
    expect(verdict.witnesses.map(({ input, index }) => [input, index])).toEqual([
      ["output.size by argument 0.b", [0]],
      ["output.size by argument 0.b", [1]],
    ]);
  });
  test("of several arguments, and of named inputs", () => {
    const product = (a: Tensor, b: Tensor): Tensor => a.mul(b);
    expect(checkJacobian(product, (a, b) => [diagonal(b), diagonal(a)] as const, { at: [x, x.exp()], wrt: [0, 1] }).verdict).toBe("AGREES");
    const named = checkJacobian(
      ({ a, b }: { readonly a: Tensor; readonly b: Tensor }) => a.mul(b),
      ({ a }) => diagonal(a),
      {
        at: { a: x, b: x.exp() },
        wrt: "a",
      },
    );
    expect(named).toMatchObject({ verdict: "REFUTED", witnesses: [{ input: "output by a" }, {}, {}] });
    expect((named as Refuted).reproduction).toContain("const at = { a: tensor(");
  });

  test.each<[string, (m: typeof model) => unknown, object]>([
    ["a missing output", (m) => ({ z: claimed(m).z }), { where: "the claim", expected: "the keys z, size", got: "the keys z" }],
    [
      "a missing input",
      (m) => ({ ...claimed(m), z: { w: claimed(m).z.w } }),
      { where: "the claim.z", expected: "the keys w, b", got: "the keys w" },
    ],
    ["a shape", (m) => ({ ...claimed(m), z: { w: m.w, b: eye(2) } }), { where: "the claim.z.w", expected: "[2, 2, 3]", got: "[2, 3]" }],
    ["nothing", () => null, { where: "the claim", got: "null" }],
  ])("%s is named", (_, wrong, fields) => {
    expect(checkJacobian(f, wrong as typeof claimed, { at: [model] })).toMatchObject({ verdict: "SHAPE", ...fields });
  });
  test("a transposed shape says which axes come first", () => {
    const w = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(
      shown(
        checkJacobian(
          (v: Tensor) => w.matmul(v),
          () => w.transpose(),
          { at },
        ),
      ),
    ).toMatchInlineSnapshot(`
      "SHAPE the claim is [3, 2], [2, 3] ([2] of output, then [3] of argument 0) expected
        seed 1; truth by …"
    `);
  });
});

describe("what a Jacobian must survive", () => {
  test("float32 is judged beyond its own precision", () => {
    const narrow = [x.cast("float32")] as const;
    const claimed = (factor: number) => (v: Tensor) => diagonal(v.cos().mul(factor));
    expect(checkJacobian((v: Tensor) => v.sin(), claimed(1), { at: narrow }).verdict).toBe("AGREES");
    expect(checkJacobian((v: Tensor) => v.sin(), claimed(1 + 2 ** -20), { at: narrow }).verdict).toBe("REFUTED");
  });
  test("outputs of very different sizes do not hide each other", () => {
    const f = (v: Tensor): Tensor => concat([v.sin().mul(1e12), v.cos()]);
    const claimed = (factor: number) => (v: Tensor) =>
      concat([diagonal(v.cos()).mul(1e12), diagonal(v.sin().neg()).mul(factor)]).toArray() as number[][];
    expect(checkJacobian(f, claimed(1), { at }).verdict).toBe("AGREES");
    expect(checkJacobian(f, claimed(1 + 1e-9), { at })).toMatchObject({
      verdict: "REFUTED",
      wrong: 3,
      witnesses: [{ truth: expect.closeTo(-Math.sin(1), 12) }, {}, {}],
    });
  });
  test("a kink names the entry, and whether the claim lies between the slopes", () => {
    const claimed = (value: number) => (v: Tensor) => diagonal(where(v.equal(0), value, v.greater(0).cast("float64")));
    const zero = [tensor([1, 0, -1])] as const;
    const kink = { verdict: "KINK", op: "relu", input: "output by argument 0", index: [1, 1], left: 0, right: 1 };
    expect(checkJacobian((v: Tensor) => relu(v), claimed(0.5), { at: zero })).toMatchObject({ ...kink, subgradient: true });
    expect(checkJacobian((v: Tensor) => relu(v), claimed(2), { at: zero })).toMatchObject({ ...kink, subgradient: false });
  });
  test("a function that reads values is judged by them, and its line is named", () => {
    const f = (v: Tensor): Tensor => (v.values[0]! > 0 ? v.mul(2) : v.mul(3));
    const verdict = checkJacobian(f, () => eye(3).mul(2), { at });
    expect(verdict).toMatchObject({ verdict: "AGREES", method: "finite differences of the function" });
    expect(verdict.notes[0]).toMatch(/^the function reads a value at .*verifyJacobian\.test\.ts/);
    expect(checkJacobian(f, () => eye(3).mul(3), { at }).verdict).toBe("REFUTED");
  });
  test("control flow", () => {
    const f = (v: Tensor): Tensor =>
      cond(
        v.sum().greater(0),
        (u: Tensor) => u.square(),
        (u: Tensor) => u.neg(),
        v,
      );
    expect(checkJacobian(f, (v: Tensor) => diagonal(v.mul(2)), { at }).verdict).toBe("AGREES");
  });
  test("an output that is not finite is named with its op", () => {
    expect(
      checkJacobian(
        (v: Tensor) => log(v),
        (v: Tensor) => diagonal(v.reciprocal()),
        { at },
      ),
    ).toMatchObject({
      verdict: "DOMAIN",
      op: "log",
      what: "output[2] is NaN",
      point: "argument 0 = [1, 2, -0.5]",
    });
  });
  test("outside the declared domain nothing runs", () => {
    const never = (): never => {
      throw new Error("ran");
    };
    expect(checkJacobian(never, never, { at, domain: { low: 0 } })).toMatchObject({
      verdict: "DOMAIN",
      what: "argument 0[2] = -0.5 is outside (0, Infinity)",
    });
  });
  test.each<[string, (v: Tensor) => Tensor, (v: Tensor) => Tensor, RegExp]>([
    ["a function that throws", (v) => v.matmul(eye(2)), (v) => v, /^the function throws: matmul/],
    ["a function of chance", (v) => v.mul(Math.random()), (v) => v, /^the function is not deterministic/],
    ["a claim that throws", (v) => v, (v) => v.matmul(eye(2)), /^the claim throws: matmul/],
    ["a claim of NaN", (v) => v, (v) => diagonal(v.mul(Number.NaN)), /^the claim is NaN at output by argument 0\[0, 0\]/],
    ["no entries", (v) => v.slice([0, 0]), () => tensor(new Float64Array(0), { shape: [0, 3] }), /^there are no entries to judge/],
  ])("%s is undecided", (_, f, claimed, why) => {
    expect(checkJacobian(f, claimed, { at })).toMatchObject({ verdict: "UNDECIDED", why: expect.stringMatching(why) });
  });
  test("the same seed gives the same report", () => {
    const report = (seed: number): string =>
      String(
        checkJacobian(
          (v: Tensor) => softmax(v),
          (v: Tensor) => diagonal(softmax(v)),
          { at, seed },
        ),
      );
    expect(report(3)).toBe(report(3));
    expect(report(3)).toContain("seed 3");
  });
});

describe("large", () => {
  const [n, p] = [300, 40];
  const data = tensor(
    Float64Array.from({ length: n * p }, (_, i) => Math.sin(i * i + 1)),
    { shape: [n, p] },
  );
  const theta = tensor(Float64Array.from({ length: p }, (_, i) => Math.cos(i)));
  const slopes = (t: Tensor): Tensor => {
    const h = data.matmul(t).sigmoid();
    return h.mul(h.neg().add(1));
  };
  const claimed = (t: Tensor): Tensor => data.mul(slopes(t).reshape([n, 1]));
  const spoil = tensor(
    Float64Array.from({ length: n * p }, (_, i) => (i === 123 * p + 7 ? 1.001 : 1)),
    { shape: [n, p] },
  );

  test("a Jacobian of 12000 entries", () => {
    expect(checkJacobian((t: Tensor) => data.matmul(t).sigmoid(), claimed, { at: [theta], points: 1 }).verdict).toBe("AGREES");
  });
  test("one wrong entry of it is found", () => {
    const verdict = checkJacobian(
      (t: Tensor) => data.matmul(t).sigmoid(),
      (t: Tensor) => claimed(t).mul(spoil),
      { at: [theta], points: 0 },
    );
    expect(verdict).toMatchObject({ verdict: "REFUTED", size: n * p, witnesses: [{ index: [123, 7], relative: expect.closeTo(1e-3, 6) }] });
  });
  test("a Hessian", () => {
    const loss = (t: Tensor): Tensor => softplus(data.matmul(t)).mean();
    const hessian = (t: Tensor): Tensor => data.transpose().matmul(claimed(t)).div(n);
    expect(checkHessian(loss, hessian, { at: [theta], points: 0 }).verdict).toBe("AGREES");
    expect(diagnosis(checkHessian(loss, (t: Tensor) => hessian(t).mul(n), { at: [theta], points: 0 }))).toMatch(
      /^the claim is 300 times the truth/,
    );
  });
});

describe("Hessians", () => {
  const product = (v: Tensor): Tensor => v.prod();
  const hessian = ([a, b, c]: readonly number[]): number[][] => [
    [0, c!, b!],
    [c!, 0, a!],
    [b!, a!, 0],
  ];

  test("in ops", () => {
    const loss = (v: Tensor): Tensor => v.square().square().sum().div(12);
    expect(checkHessian(loss, (v: Tensor) => diagonal(v.square()), { at }).verdict).toBe("AGREES");
    expect(diagnosis(checkHessian(loss, (v: Tensor) => diagonal(v.square().mul(12)), { at }))).toMatch(/^the claim is 12 times the truth/);
  });
  test("in numbers", () => {
    expect(checkHessian(product, (v: Tensor) => hessian(v.toArray() as number[]), { at }).verdict).toBe("AGREES");
  });
  test("row and column of a wrong entry", () => {
    const claimed = [
      [0, -0.5, 2],
      [-0.5, 0, 1],
      [2, -1, 0],
    ];
    expect(shown(checkHessian(product, () => claimed, { at, points: 0 }))).toMatchInlineSnapshot(`
      "REFUTED 1 of 9 entries is wrong: only argument 0[2, 1] has the wrong sign
        input       index   claimed  true  absolute  relative  error bar
        argument 0  [2, 1]       -1     1         2         2    …
        seed 1; truth by …
        to see it again:
          import { tensor } from "@cotangent/core";
          import { checkHessian } from "@cotangent/check";
          const loss = …;
          const claimed = …;
          const at = [tensor([1, 2, -0.5])];
          console.log(String(checkHessian(loss, claimed, { at, seed: 1, points: 0 })));"
    `);
  });
  test("structs by structs", () => {
    const model = { w: tensor([1, 2]), b: tensor(0.5) };
    const loss = ({ w, b }: typeof model): Tensor => w.sum().mul(b).mul(b);
    const claimed = ({ w, b }: typeof model) => ({
      w: {
        w: [
          [0, 0],
          [0, 0],
        ],
        b: [2 * b.item(), 2 * b.item()],
      },
      b: { w: [2 * b.item(), 2 * b.item()], b: 2 * w.sum().item() },
    });
    expect(checkHessian(loss, claimed, { at: [model] }).verdict).toBe("AGREES");
    const wrong = (m: typeof model) => ({ ...claimed(m), w: { ...claimed(m).w, b: [2 * m.b.item(), m.b.item()] } });
    expect(checkHessian(loss, wrong, { at: [model] })).toMatchObject({
      verdict: "REFUTED",
      witnesses: [{ input: "argument 0.w by argument 0.b", index: [1] }],
    });
  });
  test("of a loss that gives plain numbers, by second differences", () => {
    const loss = (v: Tensor): number => v.values[0]! * v.values[1]! * v.values[2]!;
    expect(checkHessian(loss, (v: Tensor) => hessian(Array.from(v.values)), { at })).toMatchObject({
      verdict: "AGREES",
      notes: ["the gradient was taken by finite differences"],
    });
    expect(checkHessian(loss, (v: Tensor) => hessian(Array.from(v.values.map((u) => u * 1.001))), { at }).verdict).toBe("REFUTED");
  });
  test("of a loss with a wrong rule of its own, against its values", () => {
    const cube = customVjp(
      (v: Tensor) => v.pow(3),
      (v: Tensor) => [v.pow(3), v],
      (v, g: Tensor) => [v.square().mul(2).mul(g)],
    );
    const verdict = checkHessian(
      (v: Tensor) => cube(v).sum(),
      (v: Tensor) => diagonal(v.mul(6)),
      { at },
    );
    expect(verdict.verdict).toBe("AGREES");
    expect(verdict.notes[0]).toMatch(/^a rule of one's own is not the derivative of its function/);
  });
  test("where the gradient has a kink", () => {
    const loss = (v: Tensor): Tensor => v.mul(v.abs()).sum();
    expect(checkHessian(loss, (v: Tensor) => diagonal(v.sign().mul(2)), { at: [tensor([1, 0])], points: 0 })).toMatchObject({
      verdict: "KINK",
      index: [1, 1],
      left: -2,
      right: 2,
      subgradient: true,
    });
  });
  test("float32", () => {
    const narrow = [x.cast("float32")] as const;
    expect(
      checkHessian(
        (v: Tensor) => v.sin().sum(),
        (v: Tensor) => diagonal(v.sin().neg()),
        { at: narrow },
      ).verdict,
    ).toBe("AGREES");
    expect(
      checkHessian(
        (v: Tensor) => v.sin().sum(),
        (v: Tensor) => diagonal(v.sin()),
        { at: narrow },
      ).verdict,
    ).toBe("REFUTED");
  });
});

test("arguments that are none are errors", () => {
  const calls: Readonly<Record<string, () => unknown>> = {
    "a tolerance": () => checkJacobian((v: Tensor) => v, eye(3), { at, tol: 1e-6 } as { at: typeof at }),
    "a step": () => checkHessian((v: Tensor) => v.sum(), eye(3), { at, eps: 1e-6 } as { at: typeof at }),
    "an unknown option": () => checkJacobian((v: Tensor) => v, eye(3), { at, sed: 1 } as { at: typeof at }),
    "no options": () => checkJacobian((v: Tensor) => v, eye(3), undefined as unknown as { at: typeof at }),
    "no function": () => checkJacobian(x as never, eye(3) as never, { at }),
    "no floats": () => checkJacobian((v: Tensor) => v.greater(0), eye(3), { at }),
    "no tensors": () => checkJacobian(() => [], [] as never, { at }),
    "no scalar": () => checkHessian((v: Tensor) => v, eye(3), { at }),
    "an unknown name": () => checkJacobian(({ a }: { a: Tensor }) => a, eye(3), { at: { a: x }, wrt: "b" }),
    "a name for a list": () => checkJacobian((v: Tensor) => v, eye(3) as never, { at, wrt: "v" }),
  };
  const messages = Object.entries(calls).map(([name, run]) => {
    try {
      return `${name}: ${String(run())}`;
    } catch (thrown) {
      return `${name}: ${String(thrown)}`;
    }
  });
  expect(messages).toMatchInlineSnapshot(`
    [
      "a tolerance: CotangentError: checkJacobian: there are no tolerances or steps to set — "tol"; leave it out: the error bars are computed",
      "a step: CotangentError: checkHessian: there are no tolerances or steps to set — "eps"; leave it out: the error bars are computed",
      "an unknown option: CotangentError: checkJacobian: unknown option — "sed"; the options are at, wrt, domain, seed, points",
      "no options: CotangentError: checkJacobian: there are no options — undefined; give { at: [x] }",
      "no function: CotangentError: checkJacobian: f is not a function — float64[3]; give a function of tensors",
      "no floats: CotangentError: checkJacobian: output is not differentiable — bool[3]; return tensors of float64 or float32",
      "no tensors: CotangentError: checkJacobian: the function returns no tensor — []; return tensors of float64 or float32",
      "no scalar: CotangentError: checkHessian: the loss is not a float scalar — float64[3]; return a scalar (sum or mean it)",
      "an unknown name: CotangentError: checkJacobian: wrt names none of the inputs — "b"; the inputs are a",
      "a name for a list: CotangentError: checkJacobian: wrt does not name the one argument — "v"; give argument indices from 0",
    ]
  `);
});
