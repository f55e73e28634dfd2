// Sizes at which compiled code takes its other ways: long sums in levels, rows in blocks, several vectors a turn, products in tiles.
import { jit } from "@cotangent/compile";
import * as core from "@cotangent/core";
import { type Tensor, valueAndGrad } from "@cotangent/core";
import { describe, expect, it } from "vitest";

const key = core.random.key(7);
const normal = (i: number, ...shape: number[]): Tensor => core.random.normal(core.random.foldIn(key, i), shape);

function expectClose(got: Tensor, wanted: Tensor, roundings: number): void {
  const unit = wanted.dtype === "float32" ? 2 ** -24 : 2 ** -53;
  const [xs, ys] = [got.values, Array.from(wanted.values)];
  const size = ys.reduce((most, y) => Math.max(most, Math.abs(y)), 0);
  let worst = 0;
  for (let i = 0; i < ys.length; i++) worst = Math.max(worst, Math.abs(xs[i]! - ys[i]!));
  expect(got.shape).toEqual(wanted.shape);
  expect(worst / (unit * size)).toBeLessThan(roundings);
}

function compare(f: (...xs: Tensor[]) => readonly Tensor[], inputs: readonly Tensor[], roundings = 100): void {
  for (const dtype of ["float64", "float32"] as const) {
    const own = inputs.map((x) => x.cast(dtype));
    // The reference is computed in float64, whose sums are pairwise.
    const wanted = f(...own.map((x) => x.cast("float64"))).map((x) => x.cast(dtype));
    jit(f)(...own).forEach((x, i) => expectClose(x, wanted[i]!, roundings));
  }
}

const logistic = (theta: Tensor, X: Tensor, y: Tensor): Tensor => {
  const z = core.matmul(X, theta);
  return core.softplus(z).sub(y.mul(z)).mean();
};

describe("large sizes", () => {
  it.each([511, 512, 513, 1024, 1037, 5000])("the logistic loss and its gradient over %i rows", (rows) => {
    const y = normal(3, rows).greater(0).cast("float64");
    compare((theta, X) => [...valueAndGrad(logistic)(theta!, X!, y.cast(X!.dtype))], [normal(1, 13).mul(0.3), normal(2, rows, 13)]);
  });

  it.each([1, 3, 4, 127, 4095, 4096, 4099, 1_000_003])("sums of %i entries", (n) => {
    compare((x) => [x!.sum(), x!.square().mean(), x!.max(), x!.min(), x!.exp().sum()], [normal(4, n)]);
  });

  it.each([
    [700, 5],
    [5, 700],
    [1500, 1],
    [600, 33],
    [3, 600, 7],
    [600, 3, 7],
  ])("reductions of [%i, %i, …] along every axis", (...shape) => {
    const x = normal(5, ...shape.filter((side) => side !== undefined));
    compare(
      (x) => x!.shape.flatMap((_, axis) => [x!.sum({ axes: axis }), x!.mul(2).max({ axes: axis }), x!.sin().mean({ axes: axis })]),
      [x],
    );
  });

  it.each([
    [70, 80, 90],
    [4, 300, 5],
    [257, 3, 130],
    [64, 256, 64],
    [1, 500, 600],
  ])("products %i × %i × %i with all their gradients", (m, k, n) => {
    const f = (x: Tensor, y: Tensor): Tensor => core.matmul(x, y).mul(core.arange(n).cos().cast(x.dtype)).sum();
    compare((x, y) => [core.matmul(x!, y!), ...core.grad(f, { wrt: [0, 1] })(x!, y!)], [normal(6, m, k), normal(7, k, n)], 400);
  });

  it("batches of products whose operands and result are permuted", () => {
    const f = (q: Tensor, k: Tensor): Tensor => core.einsum("bqhd,bkhd->bhqk", q, k);
    compare(
      (q, k) => [f(q!, k!), ...core.grad((q: Tensor, k: Tensor) => f(q, k).square().sum(), { wrt: [0, 1] })(q!, k!)],
      [normal(8, 3, 17, 4, 8), normal(9, 3, 21, 4, 8)],
      400,
    );
  });

  it("operands of two precisions are compared in the wider one", () => {
    const f = (x: Tensor, y: Tensor): readonly Tensor[] => [x.less(y), core.equal(x, y), x.add(y), core.where(x.less(y), x, y)];
    const [x, y] = [core.full([9], 0.1, "float32"), core.full([9], 0.1)];
    const wanted = f(x, y).map((one) => [...one.values]);
    expect(jit(f)(x, y).map((one) => [...one.values])).toEqual(wanted);
    expect(wanted[1]![0]).toBe(0);
  });

  it("convolutions and pooling", () => {
    const f = (x: Tensor, w: Tensor): Tensor => core.maxPool(core.relu(core.convolution(x, w, { padding: "same" })), { window: [2, 2] });
    compare(
      (x, w) => [f(x!, w!), ...core.grad((x: Tensor, w: Tensor) => f(x, w).square().sum(), { wrt: [0, 1] })(x!, w!)],
      [normal(10, 5, 3, 14, 18), normal(11, 6, 3, 3, 3)],
      400,
    );
  });

  it("a long chain of numbers beside products of matrices", () => {
    const chain = (x: Tensor): Tensor => {
      for (let i = 0; i < 100; i++) x = core.sin(x).mul(0.99).add(0.1);
      return x;
    };
    compare((x, a) => [core.grad(chain)(x!), core.matmul(a!, a!)], [core.tensor(0.5), normal(8, 20, 20)], 1000);
  });

  it("a chain of ten thousand ops compiles in pieces", () => {
    const chain = (x: Tensor): Tensor => {
      let y = x;
      for (let i = 0; i < 3334; i++) y = y.mul(0.999).add(0.01).sin();
      return y;
    };
    const compiled = jit((x: Tensor) => valueAndGrad(chain)(x));
    const x = core.tensor(0.3);
    const [value, slope] = compiled(x);
    const [wanted, wantedSlope] = valueAndGrad(chain)(x);
    expect(Math.abs(value.item() - wanted.item())).toBeLessThan(1e-13);
    expect(Math.abs(slope.item() / wantedSlope.item() - 1)).toBeLessThan(1e-9);
    const { milliseconds } = compiled.cache()[0]!;
    console.log(`measured: a chain of 10,000 ops and its gradient compile in ${milliseconds.toFixed(0)} ms`);
    expect(milliseconds).toBeLessThan(20_000);
  });
});
