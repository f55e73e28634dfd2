// Compiled functions as losses and as claims of every check: the same verdicts as op by op.
import { checkAdjoint, checkBackward, checkGradient, checkHessian, checkJacobian, checkJvp, checkVjp } from "@cotangent/check";
import { jit } from "@cotangent/compile";
import { eye, grad, relu, scan, sigmoid, softmax, type Tensor, tensor } from "@cotangent/core";
import { describe, expect, test } from "vitest";

const data = tensor([
  [1, 2],
  [3, -1],
  [0.5, 0.2],
]);
const labels = tensor([1, 0, 1]);
const at = [tensor([0.3, -0.7])] as const;
const crossEntropy = (t: Tensor): Tensor => {
  const z = data.matmul(t);
  return z.softplus().sub(labels.mul(z)).mean();
};
const gradient = (t: Tensor): Tensor =>
  data
    .transpose()
    .matmul(sigmoid(data.matmul(t)).sub(labels))
    .div(3);
const thrice = (t: Tensor): Tensor => gradient(t).mul(3);

type Function = (t: Tensor) => Tensor;
const ways: readonly (readonly [string, (loss: Function) => Function, (claim: Function) => Function])[] = [
  ["the loss", (f) => jit(f), (f) => f],
  ["the claim", (f) => f, (f) => jit(f)],
  ["both", (f) => jit(f), (f) => jit(f)],
];

describe.each(ways)("compiled: %s", (_, lossOf, claimOf) => {
  test("a gradient", () => {
    const plain = checkGradient(crossEntropy, gradient, { at });
    const right = checkGradient(lossOf(crossEntropy), claimOf(gradient), { at });
    expect(right).toMatchObject({ verdict: "AGREES", method: "replay in dual double-double numbers", points: plain.points });
    expect(right.verdict === "AGREES" && right.digits).toBeGreaterThan(13);
    const wrong = checkGradient(lossOf(crossEntropy), claimOf(thrice), { at });
    expect(wrong).toMatchObject({ verdict: "REFUTED", wrong: 2, size: 2 });
    const opposite = claimOf((t) => gradient(t).neg());
    expect(checkGradient(lossOf(crossEntropy), opposite, { at })).toMatchObject({
      diagnosis: "the claim is -1 times the truth: the sign is wrong",
    });
  });
  test("a gradient wrong by 10⁻⁹ in float32", () => {
    const narrow = [tensor([0.1, 2, -3], "float32")] as const;
    const loss = (x: Tensor): Tensor => softmax(x).square().sum();
    const claim = (factor: number) => (x: Tensor) => {
      const p = softmax(x);
      return p.mul(p.sub(p.square().sum())).mul(2 * factor);
    };
    expect(checkGradient(lossOf(loss), claimOf(claim(1)), { at: narrow }).verdict).toBe("AGREES");
    expect(checkGradient(lossOf(loss), claimOf(claim(1 + 1e-9)), { at: narrow }).verdict).toBe("REFUTED");
  });
  test("a kink names its op", () => {
    const loss = lossOf((x) => relu(x).sum());
    const claim = claimOf((x) => x.greater(0).cast("float64"));
    expect(checkGradient(loss, claim, { at: [tensor([1, 0, -2])] })).toMatchObject({ verdict: "KINK", op: "relu", index: [1] });
  });
  test("a logarithm outside its domain names its op", () => {
    const loss = lossOf((x) => x.neg().log().sum());
    expect(
      checkGradient(
        loss,
        claimOf((x) => x.reciprocal()),
        { at: [tensor([1, 2])] },
      ),
    ).toMatchObject({ verdict: "DOMAIN", op: "log" });
  });
  test("a Jacobian", () => {
    const f = lossOf((x) => softmax(x));
    const claim = (x: Tensor): Tensor => {
      const p = softmax(x);
      return eye(3)
        .mul(p)
        .sub(p.reshape([3, 1]).mul(p));
    };
    const where = [tensor([1, 2, -0.5])] as const;
    expect(checkJacobian(f, claimOf(claim), { at: where }).verdict).toBe("AGREES");
    expect(
      checkJacobian(
        f,
        claimOf((x) => claim(x).neg()),
        { at: where },
      ).verdict,
    ).toBe("REFUTED");
  });
  test("a Hessian", () => {
    const loss = lossOf((x) => x.pow(3).sum());
    const where = [tensor([1, 2, -0.5])] as const;
    expect(
      checkHessian(
        loss,
        claimOf((x) => eye(3).mul(x).mul(6)),
        { at: where },
      ).verdict,
    ).toBe("AGREES");
    expect(
      checkHessian(
        loss,
        claimOf((x) => eye(3).mul(x).mul(3)),
        { at: where },
      ).verdict,
    ).toBe("REFUTED");
  });
});

describe("compiled products", () => {
  const where = [tensor([1, 2, -0.5])] as const;
  const f = jit((x: Tensor) => softmax(x));
  const product = jit((x: Tensor, v: Tensor) => softmax(x).mul(v.sub(softmax(x).mul(v).sum())));
  test("both ways", () => {
    expect(checkVjp(f, ([x], g) => product(x, g), { at: where }).verdict).toBe("AGREES");
    expect(checkJvp(f, ([x], t) => product(x, t), { at: where }).verdict).toBe("AGREES");
    expect(
      checkAdjoint(
        ([x], t) => product(x, t),
        ([x], g) => product(x, g),
        { at: where },
      ).verdict,
    ).toBe("AGREES");
    expect(checkVjp(f, ([x], g) => product(x, g).mul(2), { at: where }).verdict).toBe("REFUTED");
    expect(checkJvp(f, ([x], t) => product(x, t).mul(2), { at: where }).verdict).toBe("REFUTED");
  });
});

describe("what jit meets", () => {
  test("a compiled gradient of the loss itself", () => {
    expect(checkGradient(crossEntropy, jit(grad(crossEntropy)), { at }).verdict).toBe("AGREES");
    expect(checkGradient(jit(crossEntropy), grad(jit(crossEntropy)), { at }).verdict).toBe("AGREES");
  });
  test("a diagnosis names the parts of a compiled loss", () => {
    const loss = jit((x: Tensor, a: Tensor) => x.dot(a).exp().add(x.square().sum().mul(0.1)));
    const claim = jit((x: Tensor, a: Tensor) => x.dot(a).exp().mul(a));
    expect(checkGradient(loss, claim, { at: [tensor([1, -2, 0.5]), tensor([0.5, -1, 2])] })).toMatchObject({
      diagnosis: "the claim misses the loss's term sum(argument 0²) * 0.1",
    });
  });
  test("structs", () => {
    const model = { w: tensor([0.3, -0.7]), b: tensor(0.5) };
    const loss = jit(({ w, b }: typeof model) => data.matmul(w).add(b).square().mean());
    const claim = jit(({ w, b }: typeof model): typeof model => {
      const r = data
        .matmul(w)
        .add(b)
        .mul(2 / 3);
      return { w: data.transpose().matmul(r), b: r.sum() };
    });
    expect(checkGradient(loss, claim, { at: [model] }).verdict).toBe("AGREES");
  });
  test("loops", () => {
    const loss = jit((x: Tensor): Tensor => scan((c: Tensor, v: Tensor) => [c.mul(v).add(v), c] as const, tensor(1), x)[0]);
    const claim = (x: Tensor): number[] => [2 * x.values[1]!, 2 * x.values[0]! + 1];
    expect(checkGradient(loss, claim, { at: [tensor([0.5, 2])] }).verdict).toBe("AGREES");
    expect(checkGradient(loss, (x: Tensor) => [x.values[1]!, x.values[0]!], { at: [tensor([0.5, 2])] }).verdict).toBe("REFUTED");
  });
  test("a network judged by its values", () => {
    const entries = (count: number, scale: number): Float64Array =>
      Float64Array.from({ length: count }, (_, i) => scale * Math.sin(i * i + 1));
    const w = tensor(entries(20_000, 0.05), { shape: [100, 200] });
    const x = tensor(entries(1600, 1), { shape: [16, 100] });
    const target = softmax(tensor(entries(3200, 1), { shape: [16, 200] }));
    const loss = jit((own: Tensor): Tensor => {
      const logits = x.matmul(own).tanh();
      return logits
        .logsumexp({ axes: 1 })
        .sub(logits.mul(target).sum({ axes: 1 }))
        .mean();
    });
    const claim = (factor: number) =>
      jit((own: Tensor) => {
        const h = x.matmul(own).tanh();
        const spoil = new Float64Array(20_000).fill(1);
        spoil[4321] = factor;
        return x
          .transpose()
          .matmul(softmax(h, { axes: 1 }).sub(target).div(16).mul(h.square().neg().add(1)))
          .mul(tensor(spoil, { shape: [100, 200] }));
      });
    expect(checkGradient(loss, claim(1), { at: [w], points: 0 }).verdict).toBe("AGREES");
    expect(checkGradient(loss, claim(1.001), { at: [w], points: 0 })).toMatchObject({
      verdict: "REFUTED",
      witnesses: [{ index: [21, 121] }],
    });
  });
  test("a compiled function behind plain arrays", () => {
    const value = jit(crossEntropy);
    const slope = jit(gradient);
    const backward =
      (factor: number) =>
      ([x]: readonly Float64Array[], g: Float64Array): Float64Array[] => [
        Float64Array.from(slope(tensor(x!)).values, (d) => factor * d * g[0]!),
      ];
    const forward = ([x]: readonly Float64Array[]): number => value(tensor(x!)).item();
    expect(checkBackward(forward, backward(1), { at: [Float64Array.of(0.3, -0.7)] }).verdict).toBe("AGREES");
    expect(checkBackward(forward, backward(1.0001), { at: [Float64Array.of(0.3, -0.7)] }).verdict).toBe("REFUTED");
  });
});
