// Claimed products with a Jacobian, and pairs that must be adjoint. Expected products are closed forms.
import { matmul, relu, softmax, type Tensor, tensor } from "@cotangent/core";
import { describe, expect, test } from "vitest";
import { checkAdjoint, checkJvp, checkVjp, type Refuted, type Verdict } from "@cotangent/check";

const x = tensor([1, 2, -0.5]);
const at = [x] as const;
type At = readonly [Tensor];
const diagnosis = (verdict: Verdict): string | undefined => (verdict.verdict === "REFUTED" ? verdict.diagnosis : verdict.verdict);
const shown = (verdict: Verdict): string =>
  String(verdict)
    .replace(/const (f|claimed|jvp|vjp) = .*/g, "const $1 = …;")
    .replace(/truth by .*/, "truth by …")
    .replace(/ [\d.]+e-\d+$/gm, " …");

/** The Jacobian of softmax is symmetric: both products are p ∘ (v − ⟨p, v⟩). */
const softmaxProduct = ([own]: At, v: Tensor): Tensor => {
  const p = softmax(own);
  return p.mul(v.sub(p.mul(v).sum()));
};
const soft = (v: Tensor): Tensor => softmax(v);

describe("vjp", () => {
  test("in ops", () => {
    expect(checkVjp(soft, softmaxProduct, { at })).toMatchObject({
      verdict: "AGREES",
      points: 4,
      method: "replay in dual double-double numbers",
    });
  });
  test("in numbers", () => {
    expect(checkVjp(soft, (own, g) => Array.from(softmaxProduct(own, g).values), { at }).verdict).toBe("AGREES");
  });
  test("ones as cotangent would not see a softmax without its second term", () => {
    const wrong = ([own]: At, g: Tensor): Tensor => {
      const p = softmax(own);
      return p.mul(g.sub(g.sum().div(3)));
    };
    expect(checkVjp(soft, wrong, { at }).verdict).toBe("REFUTED");
  });
  test("a claim that forgets its cotangent", () => {
    expect(
      checkVjp(
        (v: Tensor) => v.square().sum(),
        ([own]) => own.mul(2),
        { at },
      ).verdict,
    ).toBe("REFUTED");
  });
  test("the outputs through which it is wrong are named", () => {
    const f = (v: Tensor) => ({ wave: v.sin(), size: v.square().sum() });
    const claimed = ([own]: At, { wave, size }: { readonly wave: Tensor; readonly size: Tensor }) => own.cos().mul(wave).add(own.mul(size));
    const verdict = checkVjp(f, claimed, { at });
    expect(verdict).toMatchObject({ verdict: "REFUTED", wrong: 3 });
    expect(verdict.notes).toEqual(["the claim is wrong through output.size alone, and right through the other 3 entries of the output"]);
  });
  test("several arguments, named inputs, structs", () => {
    const w = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const both = checkVjp(
      (a: Tensor, b: Tensor) => a.matmul(b),
      ([a, b], g) => [g.reshape([2, 1]).mul(b), a.transpose().matmul(g)] as const,
      { at: [w, x], wrt: [0, 1] },
    );
    expect(both.verdict).toBe("AGREES");
    const named = checkVjp(
      ({ a, b }: { readonly a: Tensor; readonly b: Tensor }) => a.matmul(b),
      ({ b }, g) => ({ a: g.reshape([2, 1]).mul(b), b }),
      {
        at: { a: w, b: x },
        wrt: ["a", "b"],
      },
    );
    expect((named as Refuted).witnesses.map(({ input }) => input)).toEqual(["b", "b", "b"]);
    const model = { w, b: tensor([1, 2]) };
    const layer = (m: typeof model) => m.w.matmul(x).add(m.b);
    const inStruct = checkVjp(layer, (_, g) => ({ w: g.reshape([2, 1]).mul(x), b: g.mul(2) }), { at: [model] });
    expect((inStruct as Refuted).witnesses.map(({ input }) => input)).toEqual(["argument 0.b", "argument 0.b"]);
  });
  test("the form of the cotangents", () => {
    expect(
      checkVjp(
        (v: Tensor) => v.sum(),
        (_, g) => g,
        { at },
      ),
    ).toMatchObject({ verdict: "SHAPE", expected: "[3]", got: "[]" });
  });
  test("float32", () => {
    const narrow = [x.cast("float32")] as const;
    expect(checkVjp(soft, softmaxProduct, { at: narrow }).verdict).toBe("AGREES");
    expect(checkVjp(soft, (own, g) => softmaxProduct(own, g).mul(1 + 2 ** -20), { at: narrow }).verdict).toBe("REFUTED");
  });
  test("a kink and a value that is not finite", () => {
    const zero = [tensor([1, 0])] as const;
    expect(
      checkVjp(
        (v: Tensor) => relu(v),
        ([own], g) => g.mul(own.greater(0).cast("float64")),
        { at: zero },
      ),
    ).toMatchObject({ verdict: "KINK", op: "relu", index: [1] });
    expect(
      checkVjp(
        (v: Tensor) => v.log(),
        ([own], g) => g.div(own),
        { at },
      ),
    ).toMatchObject({ verdict: "DOMAIN", op: "log", what: "output[2] is NaN" });
  });
  test("the report", () => {
    const claimed = ([own]: At, g: Tensor): Tensor => softmax(own).mul(g);
    expect(shown(checkVjp(soft, claimed, { at, points: 0 }))).toMatchInlineSnapshot(`
      "REFUTED 3 of 3 entries are wrong: the claim misses the term sum(constant[3] * softmax(argument 0))
        input       index     claimed        true  absolute  relative  error bar
        argument 0  [1]     -0.656826   -0.018388      0.64        35    …
        argument 0  [0]     -0.189355   0.0455133      0.23       5.2    …
        argument 0  [2]    -0.0795314  -0.0271253     0.052       1.9    …
        seed 1; truth by …
        to see it again:
          import { softmax, tensor } from "@cotangent/core";
          import { checkVjp } from "@cotangent/check";
          const f = …;
          const claimed = …;
          const at = [tensor([1, 2, -0.5])];
          console.log(String(checkVjp(f, claimed, { at, seed: 1, points: 0 })));"
    `);
    expect(String(checkVjp(soft, claimed, { at, seed: 5 }))).toBe(String(checkVjp(soft, claimed, { at, seed: 5 })));
  });
});

describe("jvp", () => {
  test("in ops and in numbers", () => {
    expect(checkJvp(soft, softmaxProduct, { at })).toMatchObject({
      verdict: "AGREES",
      points: 4,
      method: "replay in dual double-double numbers",
    });
    expect(checkJvp(soft, (own, t) => Array.from(softmaxProduct(own, t).values), { at }).verdict).toBe("AGREES");
  });
  test("the wrong entry of the output is named", () => {
    const f = (v: Tensor) => ({ wave: v.sin(), size: v.square().sum() });
    const claimed =
      (factor: number) =>
      ([own]: At, t: Tensor) => ({ wave: t.mul(own.cos()), size: own.mul(t).sum().mul(factor) });
    expect(checkJvp(f, claimed(2), { at }).verdict).toBe("AGREES");
    expect(checkJvp(f, claimed(1), { at })).toMatchObject({
      verdict: "REFUTED",
      wrong: 1,
      size: 4,
      witnesses: [{ input: "output.size", index: [] }],
    });
  });
  test("a missing inner derivative", () => {
    expect(
      diagnosis(
        checkJvp(
          (v: Tensor) => v.square().sin(),
          ([own], t) => t.mul(own.square().cos()),
          { at },
        ),
      ),
    ).toMatch(/argument 0/);
  });
  test("several arguments", () => {
    const product = (a: Tensor, b: Tensor): Tensor => a.mul(b);
    const y = x.exp();
    expect(checkJvp(product, ([a, b], [s, t]) => s.mul(b).add(a.mul(t)), { at: [x, y], wrt: [0, 1] }).verdict).toBe("AGREES");
    expect(checkJvp(product, ([a, b], [s, t]) => s.mul(b).sub(a.mul(t)), { at: [x, y], wrt: [0, 1] }).verdict).toBe("REFUTED");
  });
  test("the form of the tangent", () => {
    expect(
      checkJvp(
        (v: Tensor) => v.sum(),
        (_, t) => t,
        { at },
      ),
    ).toMatchObject({ verdict: "SHAPE", expected: "[]", got: "[3]" });
  });
  test("float32", () => {
    const narrow = [x.cast("float32")] as const;
    expect(checkJvp(soft, softmaxProduct, { at: narrow }).verdict).toBe("AGREES");
    expect(checkJvp(soft, (own, t) => softmaxProduct(own, t).mul(1 + 2 ** -20), { at: narrow }).verdict).toBe("REFUTED");
  });
  test("one wrong entry among 20000", () => {
    const wide = [tensor(Float64Array.from({ length: 20_000 }, (_, i) => Math.cos(i)))] as const;
    const spoil = tensor(Float64Array.from({ length: 20_000 }, (_, i) => (i === 777 ? 1.001 : 1)));
    expect(
      checkJvp(
        (v: Tensor) => v.sin(),
        ([own], t) => t.mul(own.cos()),
        { at: wide, points: 0 },
      ).verdict,
    ).toBe("AGREES");
    expect(
      checkJvp(
        (v: Tensor) => v.sin(),
        ([own], t) => t.mul(own.cos()).mul(spoil),
        { at: wide, points: 0 },
      ),
    ).toMatchObject({
      verdict: "REFUTED",
      witnesses: [{ input: "output", index: [777] }],
    });
  });
  test("the report", () => {
    expect(
      shown(
        checkJvp(
          (v: Tensor) => v.sin(),
          ([own], t) => t.mul(own.cos()).neg(),
          { at, points: 0 },
        ),
      ),
    ).toMatchInlineSnapshot(`
      "REFUTED 3 of 3 entries are wrong: the claim is -1 times the truth: the sign is wrong
        input   index    claimed       true  absolute  relative  error bar
        output  [0]     0.403242  -0.403242      0.81         2    …
        output  [1]    -0.792655   0.792655       1.6         2    …
        output  [2]     0.616439  -0.616439       1.2         2    …
        seed 1; truth by …
        to see it again:
          import { tensor } from "@cotangent/core";
          import { checkJvp } from "@cotangent/check";
          const f = …;
          const claimed = …;
          const at = [tensor([1, 2, -0.5])];
          console.log(String(checkJvp(f, claimed, { at, seed: 1, points: 0 })));"
    `);
  });
});

describe("adjoint pairs", () => {
  const w = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  test("agree without the function", () => {
    expect(checkAdjoint(softmaxProduct, softmaxProduct, { at })).toMatchObject({
      verdict: "AGREES",
      method: "replay in dual double-double numbers",
    });
  });
  test("a transpose that is forgotten", () => {
    const square = tensor([
      [1, 2],
      [3, 4],
    ]);
    const push = ([m]: readonly [Tensor, Tensor], t: Tensor): Tensor => matmul(m, t);
    const options = { at: [square, tensor([1, 2])], wrt: 1 } as const;
    expect(checkAdjoint(push, ([m], g) => m.transpose().matmul(g), options).verdict).toBe("AGREES");
    expect(checkAdjoint(push, ([m], g) => m.matmul(g), options).verdict).toBe("REFUTED");
  });
  test("a pair wrong in the same way agrees, wrong in different ways does not", () => {
    const half = (own: At, v: Tensor): Tensor => softmaxProduct(own, v).div(2);
    expect(checkAdjoint(half, half, { at }).verdict).toBe("AGREES");
    expect(diagnosis(checkAdjoint(half, softmaxProduct, { at }))).toBe("the claim is 2 times the truth");
  });
  test("a jvp that is not linear", () => {
    expect(
      checkAdjoint(
        (_: At, t: Tensor) => t.square(),
        (_, g) => g.mul(2),
        { at },
      ).verdict,
    ).toBe("REFUTED");
  });
  test("sums and broadcasts, structs and lists", () => {
    const push = (_: readonly [Tensor, Tensor], [a, b]: readonly [Tensor, Tensor]) => ({ z: a.matmul(x).add(b), s: b.sum() });
    const pull = (_: unknown, { z, s }: { readonly z: Tensor; readonly s: Tensor }) => [z.reshape([2, 1]).mul(x), z.add(s)] as const;
    expect(checkAdjoint(push, pull, { at: [w, tensor([1, 2])], wrt: [0, 1] }).verdict).toBe("AGREES");
    const wrong = checkAdjoint(push, (own, g) => [pull(own, g)[0], g.z] as const, { at: [w, tensor([1, 2])], wrt: [0, 1] });
    expect((wrong as Refuted).witnesses.map(({ input }) => input)).toEqual(["argument 1", "argument 1"]);
  });
  test("in numbers", () => {
    const reversedSums = (g: Tensor): number[] => {
      let sum = 0;
      return Array.from(g.values)
        .reverse()
        .map((v) => (sum += v))
        .reverse();
    };
    expect(
      checkAdjoint(
        (_: At, t: Tensor) => t.cumsum(),
        (_, g) => reversedSums(g),
        { at },
      ).verdict,
    ).toBe("AGREES");
    expect(
      checkAdjoint(
        (_: At, t: Tensor) => t.cumsum(),
        (_, g) => reversedSums(g.mul(1.0001)),
        { at },
      ).verdict,
    ).toBe("REFUTED");
    const plain = (_: At, t: Tensor): Tensor => tensor(Array.from(t.values, (v) => 3 * v));
    const one = { at: [tensor([1.5])] } as const;
    expect(checkAdjoint(plain, (_, g) => g.mul(3), one)).toMatchObject({ verdict: "AGREES", method: "finite differences of the jvp" });
    expect(checkAdjoint(plain, (_, g) => g.mul(2), one).verdict).toBe("REFUTED");
  });
  test("the form of the cotangents", () => {
    expect(
      checkAdjoint(
        (_: At, t: Tensor) => t.sum(),
        (_, g) => g,
        { at },
      ),
    ).toMatchObject({ verdict: "SHAPE", expected: "[3]", got: "[]" });
  });
  test("float32", () => {
    const narrow = [x.cast("float32")] as const;
    expect(checkAdjoint(softmaxProduct, softmaxProduct, { at: narrow }).verdict).toBe("AGREES");
  });
  test("the report says whose transpose is called true", () => {
    expect(
      shown(
        checkAdjoint(
          (_: At, t: Tensor) => t.mul(2),
          (_, g) => g,
          { at, points: 0 },
        ),
      ),
    ).toMatchInlineSnapshot(`
      "REFUTED 3 of 3 entries are wrong: the claim is 1/2 times the truth
        input       index   claimed     true  absolute  relative  error bar
        argument 0  [0]     1.45122  2.90243       1.5       0.5    …
        argument 0  [1]     1.17481  2.34962       1.2       0.5    …
        argument 0  [2]    0.775224  1.55045      0.78       0.5    …
        note: what is called true is the transpose of the jvp; checkJvp and checkVjp tell which of the two is wrong
        seed 1; truth by …
        to see it again:
          import { tensor } from "@cotangent/core";
          import { checkAdjoint } from "@cotangent/check";
          const jvp = …;
          const vjp = …;
          const at = [tensor([1, 2, -0.5])];
          console.log(String(checkAdjoint(jvp, vjp, { at, seed: 1, points: 0 })));"
    `);
  });
});

test("arguments that are none are errors", () => {
  const calls: Readonly<Record<string, () => unknown>> = {
    "a tolerance": () => checkVjp(soft, softmaxProduct, { at, rtol: 1e-6 } as { at: typeof at }),
    "a step": () => checkJvp(soft, softmaxProduct, { at, h: 1e-6 } as { at: typeof at }),
    "an unknown option": () => checkAdjoint(softmaxProduct, softmaxProduct, { at, cotangent: x } as { at: typeof at }),
    "no claim": () => checkVjp(soft, x as never, { at }),
    "no pair": () => checkAdjoint(softmaxProduct, undefined as never, { at }),
    "no floats": () => checkJvp((v: Tensor) => v.greater(0), softmaxProduct, { at }),
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
      "a tolerance: CotangentError: checkVjp: there are no tolerances or steps to set — "rtol"; leave it out: the error bars are computed",
      "a step: CotangentError: checkJvp: there are no tolerances or steps to set — "h"; leave it out: the error bars are computed",
      "an unknown option: CotangentError: checkAdjoint: unknown option — "cotangent"; the options are at, wrt, domain, seed, points",
      "no claim: CotangentError: checkVjp: the claim is not a function — float64[3]; give a function of the arguments and a vector",
      "no pair: CotangentError: checkAdjoint: the vjp is not a function — undefined; give a function of the arguments and a cotangent",
      "no floats: CotangentError: checkJvp: output is not differentiable — bool[3]; return tensors of float64 or float32",
    ]
  `);
});
