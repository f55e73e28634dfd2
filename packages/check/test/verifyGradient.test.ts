// What checkGradient says beside right and wrong: forms, kinks, domains, misbehaving functions, reports.
import { Console } from "node:console";
import { Writable } from "node:stream";
import { customVjp, detach, relu, scan, sigmoid, softmax, type Tensor, tensor, where } from "@cotangent/core";
import { describe, expect, test } from "vitest";
import { checkGradient, type Refuted, type Verdict } from "@cotangent/check";

const data = tensor([
  [1, 2],
  [3, -1],
  [0.5, 0.2],
]);
const labels = tensor([1, 0, 1]);
const theta = tensor([0.3, -0.7]);
const crossEntropy = (t: Tensor): Tensor => {
  const z = data.matmul(t);
  return z.softplus().sub(labels.mul(z)).mean();
};
const gradient = (t: Tensor): Tensor =>
  data
    .transpose()
    .matmul(sigmoid(data.matmul(t)).sub(labels))
    .div(3);

const diagnosis = (verdict: Verdict): string | undefined => (verdict.verdict === "REFUTED" ? verdict.diagnosis : verdict.verdict);

describe("the founding claims", () => {
  test("X'(h - y)/m agrees", () => {
    const verdict = checkGradient(crossEntropy, gradient, { at: [theta] });
    expect(verdict).toMatchObject({ verdict: "AGREES", points: 4, directions: 3, seed: 1 });
    expect(verdict.verdict === "AGREES" && verdict.digits).toBeGreaterThan(13);
  });

  test.each([
    [
      "no 1/m",
      (t: Tensor) => gradient(t).mul(3),
      "the claim is 3 times the truth: 3 is the size of axis 0 of argument 1; a mean is missing its 1/3",
    ],
    ["the other sign", (t: Tensor) => gradient(t).neg(), "the claim is -1 times the truth: the sign is wrong"],
  ])("%s", (_, claim, words) => {
    const loss = (t: Tensor, x: Tensor): Tensor => crossEntropy(t).add(x.sum().mul(0));
    expect(diagnosis(checkGradient(loss, claim, { at: [theta, data] }))).toBe(words);
  });
});

describe("forms", () => {
  const model = { w: theta, b: tensor(0.5) };
  const loss = ({ w, b }: typeof model): Tensor => data.matmul(w).add(b).square().mean();
  const claim = ({ w, b }: typeof model): typeof model => {
    const r = data
      .matmul(w)
      .add(b)
      .mul(2 / 3);
    return { w: data.transpose().matmul(r), b: r.sum() };
  };

  test("structs", () => expect(checkGradient(loss, claim, { at: [model] }).verdict).toBe("AGREES"));
  test("numbers in place of tensors", () => {
    const plain = (m: typeof model) => {
      const { w, b } = claim(m);
      return { w: Array.from(w.values), b: b.item() };
    };
    expect(checkGradient(loss, plain, { at: [model] }).verdict).toBe("AGREES");
  });
  test("a gradient that is no function is judged at its point", () => {
    const verdict = checkGradient(loss, claim(model), { at: [model] });
    expect(verdict).toMatchObject({ verdict: "AGREES", points: 1 });
  });
  test("several arguments", () => {
    const product = (x: Tensor, y: Tensor): Tensor => x.mul(y).sum();
    const at = [theta, tensor([2, 3])] as const;
    expect(checkGradient(product, (x, y) => [y, x] as const, { at, wrt: [0, 1] }).verdict).toBe("AGREES");
    expect(diagnosis(checkGradient(product, (x, y) => [x, y] as const, { at, wrt: [0, 1] }))).toBe(
      "the gradients of argument 0 and argument 1 are exchanged",
    );
  });

  test.each<[string, (m: typeof model) => unknown, object]>([
    ["a missing key", ({ w }) => ({ w }), { where: "the claim", expected: "the keys w, b", got: "the keys w" }],
    ["a shape", ({ w, b }) => ({ w: w.sum(), b }), { where: "the claim.w", expected: "[2]", got: "[]" }],
    ["a dtype", ({ w, b }) => ({ w, b: b.cast("float32") }), { where: "the claim.b", expected: "float64[]", got: "float32[]" }],
    ["a tensor for a struct", ({ w }) => w, { where: "the claim", expected: "an object with keys w, b", got: "float64[2]" }],
    ["nothing", () => undefined, { where: "the claim", got: "undefined" }],
  ])("%s is named", (_, wrong, fields) => {
    expect(checkGradient(loss, wrong as typeof claim, { at: [model] })).toMatchObject({ verdict: "SHAPE", ...fields });
  });
});

describe("kinks", () => {
  const at = [tensor([1, 0, -2])] as const;

  test("relu at 0 names the op, the entry and both slopes", () => {
    expect(
      checkGradient(
        (x: Tensor) => relu(x).sum(),
        (x: Tensor) => x.greater(0).cast("float64"),
        { at },
      ),
    ).toMatchObject({
      verdict: "KINK",
      op: "relu",
      index: [1],
      left: 0,
      right: 1,
      claimed: 0,
      subgradient: true,
    });
  });
  test("what lies outside the one-sided slopes is no subgradient", () => {
    const claim = (x: Tensor) => where(x.equal(0), 2, x.greater(0).cast("float64"));
    expect(checkGradient((x: Tensor) => relu(x).sum(), claim, { at })).toMatchObject({ verdict: "KINK", subgradient: false });
  });
  test("a wrong entry beside a kink is refuted", () => {
    const claim = (x: Tensor) => x.greater(0).cast("float64").mul(1.01);
    expect(checkGradient((x: Tensor) => relu(x).sum(), claim, { at }).verdict).toBe("REFUTED");
  });
  test("a norm at 0", () => {
    expect(
      checkGradient(
        (x: Tensor) => x.square().sum().sqrt(),
        (x: Tensor) => x,
        { at: [tensor([0, 0])], points: 0 },
      ),
    ).toMatchObject({ verdict: "KINK", op: "sqrt" });
  });
  test("ties of max", () => {
    expect(
      checkGradient(
        (x: Tensor) => x.max(),
        (x: Tensor) => x.mul(0),
        { at: [tensor([1, 1])], points: 0 },
      ),
    ).toMatchObject({ verdict: "KINK", op: "max" });
  });
  test("a change of branch that is smooth once is none", () => {
    const huber = (x: Tensor): Tensor => where(x.abs().less(1), x.square().mul(0.5), x.abs().sub(0.5)).sum();
    expect(checkGradient(huber, (x: Tensor) => x.clip(-1, 1), { at: [tensor([1, 0, -2])] }).verdict).toBe("AGREES");
  });
  test("a jump is no place for a derivative", () => {
    expect(
      checkGradient(
        (x: Tensor) => x.floor().sum(),
        (x: Tensor) => x.mul(0),
        { at: [tensor([2])] },
      ),
    ).toMatchObject({ verdict: "KINK", op: "floor", subgradient: false });
  });
  test("a kink beside the point does not matter, however close", () => {
    expect(
      checkGradient(
        (x: Tensor) => x.abs().sum(),
        (x: Tensor) => x.sign(),
        { at: [tensor([1e-13, -1e-9])] },
      ).verdict,
    ).toBe("AGREES");
  });
});

describe("where nothing can be judged", () => {
  const square = (x: Tensor): Tensor => x.square().sum();
  const at = [tensor([1, 2])] as const;

  test("outside the declared domain nothing runs", () => {
    const never = (_x: Tensor): Tensor => {
      throw new Error("ran");
    };
    expect(checkGradient(never, never, { at, domain: { low: 0, high: 1.5 } })).toMatchObject({
      verdict: "DOMAIN",
      what: "argument 0[1] = 2 is outside (0, 1.5)",
    });
  });
  test("a loss that is NaN names its op", () => {
    expect(
      checkGradient(
        (x: Tensor) => x.neg().log().sum(),
        (x: Tensor) => x.reciprocal(),
        { at },
      ),
    ).toMatchObject({ verdict: "DOMAIN", op: "log" });
  });
  test.each<[string, (x: Tensor) => Tensor, RegExp]>([
    ["NaN", (x) => x.mul(Number.NaN), /the claim is NaN at argument 0\[0\]/],
    ["infinity", (x) => x.mul(Infinity), /the claim is Infinity at argument 0\[0\]/],
    [
      "an exception",
      () => {
        throw new Error("oh");
      },
      /the claim throws: oh/,
    ],
    ["chance", (x) => x.mul(Math.random()), /the claim is not deterministic/],
    [
      "a write",
      (x) => {
        x.values[0] = 9;
        return x;
      },
      /the claim writes to its arguments/,
    ],
  ])("a claim of %s", (_, claim, why) => {
    const verdict = checkGradient(square, claim, { at: [tensor([1, 2])] });
    expect(verdict).toMatchObject({ verdict: "UNDECIDED", why: expect.stringMatching(why) });
  });
  test("a loss that throws", () => {
    const broken = (x: Tensor): Tensor => x.matmul(data);
    expect(checkGradient(broken, (x: Tensor) => x, { at: [tensor([1])] })).toMatchObject({
      verdict: "UNDECIDED",
      why: expect.stringMatching(/^the loss throws: matmul/),
    });
  });
  test("arguments that are none are errors", () => {
    expect(() => checkGradient(square, (x: Tensor) => x, {} as { at: typeof at })).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: checkGradient: at is not a list of arguments — undefined; give { at: [x] } with one entry an argument of the loss]`,
    );
    expect(() => checkGradient(square, (x: Tensor) => x, { at: [tensor([1], "int32")] })).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: checkGradient: argument 0 is not differentiable — int32[1]; give float64 or float32, or leave it out of wrt]`,
    );
    expect(() =>
      checkGradient(
        (x: Tensor) => x,
        (x: Tensor) => x,
        { at },
      ),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: checkGradient: the loss is not a float scalar — float64[2]; return a scalar (sum or mean it)]`,
    );
    expect(() => checkGradient(1 as never, (x: Tensor) => x, { at })).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: checkGradient: the loss is not a function — 1; give a function of tensors]`,
    );
    expect(() => checkGradient(square, (x: Tensor) => x, { at, seed: 0.5 })).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: checkGradient: the seed is not an integer — 0.5; give an integer]`,
    );
  });
});

describe("unusual losses", () => {
  test("a loss that reads a value is judged by its values and its line is named", () => {
    const loss = (x: Tensor): Tensor => (x.item() > 0 ? x.square() : x.mul(3));
    const verdict = checkGradient(loss, (x: Tensor) => x.mul(2), { at: [tensor(1.5)] });
    expect(verdict.verdict).toBe("AGREES");
    expect(verdict.notes[0]).toMatch(/reads a value at .*verifyGradient\.test\.ts/);
    expect(checkGradient(loss, (x: Tensor) => x.mul(3), { at: [tensor(1.5)] }).verdict).toBe("REFUTED");
  });
  test("what is detached is constant", () => {
    const loss = (x: Tensor): Tensor => x.mul(detach(x)).sum();
    expect(checkGradient(loss, (x: Tensor) => x, { at: [theta] }).verdict).toBe("AGREES");
    expect(checkGradient(loss, (x: Tensor) => x.mul(2), { at: [theta] }).verdict).toBe("REFUTED");
  });
  test("a wrong rule inside the loss does not decide", () => {
    const cube = customVjp(
      (x: Tensor) => x.pow(3),
      (x: Tensor) => [x.pow(3), x],
      (x, g: Tensor) => [x.square().mul(2).mul(g)],
    );
    const verdict = checkGradient(
      (x: Tensor) => cube(x).sum(),
      (x: Tensor) => x.square().mul(3),
      { at: [theta] },
    );
    expect(verdict.verdict).toBe("AGREES");
    expect(verdict.notes[0]).toMatch(/rule of the loss's own/);
  });
  test("control flow inside ops", () => {
    const loss = (x: Tensor): Tensor => scan((carry: Tensor, v: Tensor) => [carry.mul(v).add(v), carry] as const, tensor(1), x)[0];
    const claim = (x: Tensor) => {
      const [a, b] = [x.values[0]!, x.values[1]!];
      return [2 * b, 2 * a + 1];
    };
    expect(checkGradient(loss, claim, { at: [tensor([0.5, 2])] }).verdict).toBe("AGREES");
  });
  test("float32 is judged beyond its own precision", () => {
    const at = [tensor([0.1, 2, -3], "float32")] as const;
    const loss = (x: Tensor): Tensor => softmax(x).square().sum();
    const claim = (factor: number) => (x: Tensor) => {
      const p = softmax(x);
      return p.mul(p.sub(p.square().sum())).mul(2 * factor);
    };
    expect(checkGradient(loss, claim(1), { at }).verdict).toBe("AGREES");
    expect(checkGradient(loss, claim(1 + 1e-9), { at }).verdict).toBe("REFUTED");
  });
  test("a formula that cancels in floating point is right, and the report says what it loses", () => {
    const verdict = checkGradient(
      (x: Tensor) => sigmoid(x).sum(),
      (x: Tensor) => sigmoid(x).mul(sigmoid(x).neg().add(1)),
      { at: [tensor([37])], points: 0 },
    );
    expect(verdict.verdict).toBe("AGREES");
    expect(verdict.notes[0]).toMatch(/in float64 it gives 0 at entry 0 of argument 0 where the truth is 8\.53304762574406\d*e-17/);
  });
});

describe("reports", () => {
  const refute = (): Refuted =>
    checkGradient(
      (x: Tensor) => x.square().mean(),
      (x: Tensor) => x.mul(2),
      { at: [tensor([1, -2, 0.5])] },
    ) as Refuted;

  test("a refutation in a terminal", () =>
    expect(String(refute()).replace(/const (loss|claimed) = .*/g, "const $1 = …;")).toMatchInlineSnapshot(`
      "REFUTED 3 of 3 entries are wrong: the claim is 3 times the truth: 3 is the size of axis 0 of argument 0; a mean is missing its 1/3
        input       index  claimed      true  absolute  relative  error bar
        argument 0  [0]          2  0.666667       1.3         2    3.7e-15
        argument 0  [1]         -4  -1.33333       2.7         2    7.5e-15
        argument 0  [2]          1  0.333333      0.67         2    1.9e-15
        seed 1; truth by replay in dual double-double numbers; proved in interval arithmetic
        to see it again:
          import { tensor } from "@cotangent/core";
          import { checkGradient } from "@cotangent/check";
          const loss = …;
          const claimed = …;
          const at = [tensor([1, -2, 0.5])];
          console.log(String(checkGradient(loss, claimed, { at, seed: 1, points: 0 })));"
    `));
  test("colour only when asked", () => {
    expect(String(refute())).not.toContain("\u001b");
    expect(refute().toString({ color: true })).toContain("\u001b[1;31mREFUTED");
  });
  test("a console has colour where it is a terminal", () => {
    const shown: string[] = [];
    for (const colorMode of [true, false]) {
      const write = (text: unknown, _: unknown, done: () => void): void => {
        shown.push(String(text));
        done();
      };
      const stdout = new Writable({ write });
      new Console({ stdout, colorMode }).log(refute());
    }
    expect(shown[0]).toBe(`${refute().toString({ color: true })}\n`);
    expect(shown[1]).toBe(`${String(refute())}\n`);
  });
  test("JSON and Markdown", () => {
    expect(JSON.parse(JSON.stringify(refute()))).toMatchObject({
      verdict: "REFUTED",
      seed: 1,
      wrong: 3,
      size: 3,
      witnesses: [{ index: [0], claimed: 2 }, {}, {}],
    });
    expect(refute().toMarkdown()).toContain("| argument 0 | [0] | 2 | 0.666667 |");
  });
  test("the same seed gives the same report", () => {
    expect(String(refute())).toBe(String(refute()));
  });
});
