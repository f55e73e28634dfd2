// State that stays in the program between steps: the same numbers, nothing lost that somebody holds, an error for what was given up.
import { matmul, random, type Tensor, tensor, valueAndGrad, zeros } from "@cotangent/core";
import { describe, expect, it } from "vitest";
import { jit } from "../src/index.ts";

const X = random.normal(random.key(0), [40, 12]);
const y = random.normal(random.key(1), [40]);
const loss = (w: Tensor): Tensor => matmul(X, w).sub(y).square().mean();
const step = (w: Tensor, rate: Tensor): readonly [Tensor, Tensor] => {
  const [value, gradient] = valueAndGrad(loss)(w);
  return [value, w.sub(gradient.mul(rate))];
};
const rate = tensor(0.1);

describe("donated arguments", () => {
  it("go round as if they were copied", () => {
    const plain = jit(step);
    const donating = jit(step, { donate: [0] });
    let [a, b]: [Tensor, Tensor] = [zeros([12]), zeros([12])];
    for (let i = 0; i < 50; i++) {
      const [lossA, nextA] = plain(a, rate);
      const [lossB, nextB] = donating(b, rate);
      expect(lossB.item()).toBe(lossA.item());
      [a, b] = [nextA, nextB];
    }
    expect([...b.values]).toEqual([...a.values]);
  });

  it("cannot be read after they were given up", () => {
    const donating = jit(step, { donate: [0] });
    const [, first] = donating(zeros([12]), rate);
    donating(first, rate);
    expect(() => first.values).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: jit: the tensor was donated — its memory holds the next step's values; read it before the call it is donated to, or do not donate it]`,
    );
  });

  it("may be read before, and then are ordinary tensors", () => {
    const donating = jit(step, { donate: [0] });
    const [, first] = donating(zeros([12]), rate);
    const before = [...first.values];
    const [, second] = donating(first, rate);
    expect([...first.values]).toEqual(before);
    expect([...jit(step)(first, rate)[1].values]).toEqual([...second.values]);
  });

  it("results that nobody gives back are kept for whoever holds them", () => {
    const donating = jit(step, { donate: [0] });
    const [value, first] = donating(zeros([12]), rate);
    const [, again] = donating(zeros([12]), rate);
    donating(tensor(new Float64Array(12).fill(3)), rate);
    expect(value.item()).toBe(loss(zeros([12])).item());
    expect([...first.values]).toEqual([...again.values]);
  });

  it("may be passed where nothing is donated", () => {
    const donating = jit(step, { donate: [0] });
    const [, first] = donating(zeros([12]), rate);
    const [, second] = donating(zeros([12]), first.sum());
    expect(first.values).toHaveLength(12);
    expect(second.values).toHaveLength(12);
    expect(matmul(X, first).shape).toEqual([40]);
  });

  it("are among the arguments", () => {
    expect(() => jit(step, { donate: [3] })(zeros([12]), rate)).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: jit: donate names none of the arguments — 3 of 2 arguments; give argument indices from 0]`,
    );
  });

  it("are named by index", () => {
    expect(() => jit(step, { donate: [-1] })).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: jit: donate is out of range — [-1]; give a list of argument indices from 0]`,
    );
  });
});
