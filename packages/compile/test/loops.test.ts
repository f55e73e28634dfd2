// Products inside loops, compiled, against the same loops op by op: what no turn changes is packed once, sums over turns are taken out of the loop.
import { grad, matmul, random, scan, tensor, type Tensor, whileLoop, zeros } from "@cotangent/core";
import { describe, expect, test } from "vitest";
import { jit } from "../src/index.ts";

type Arrays = Readonly<Record<string, Tensor>>;

const draw = (seed: number, shape: readonly number[], dtype: "float32" | "float64"): Tensor =>
  tensor(random.normal(random.key(seed), shape).values, { shape, dtype });

function expectSame(f: (arrays: Arrays) => Tensor | readonly Tensor[], arrays: Arrays, tolerance: number): void {
  const flat = (out: Tensor | readonly Tensor[]): readonly Tensor[] => (Array.isArray(out) ? out : [out as Tensor]);
  const [compiled, eager] = [flat(jit(f)(arrays)), flat(f(arrays))];
  expect(compiled.map(({ shape }) => shape)).toEqual(eager.map(({ shape }) => shape));
  compiled.forEach((x, i) => {
    const wanted = [...eager[i]!.values];
    const largest = wanted.reduce((most, entry) => Math.max(most, Math.abs(entry)), 1);
    x.values.forEach((entry, k) => {
      if (Number.isNaN(wanted[k]!)) expect(entry).toBeNaN();
      else if (!(Math.abs(entry - wanted[k]!) <= tolerance * largest)) expect(entry).toBe(wanted[k]);
    });
  });
}

/** The lines of the listing inside a loop. */
const insideLoops = (listing: string): string =>
  listing
    .split("\n")
    .filter((line) => line.startsWith("  "))
    .join("\n");

describe.each([
  { dtype: "float32" as const, tolerance: 2e-5 },
  { dtype: "float64" as const, tolerance: 1e-13 },
])("in $dtype", ({ dtype, tolerance }) => {
  const arrays = {
    W: draw(1, [9, 9], dtype).mul(0.3),
    h: draw(2, [5, 9], dtype),
    xs: draw(3, [7, 5, 9], dtype),
    gs: draw(4, [7, 5, 6], dtype),
    start: draw(5, [9, 6], dtype),
  };

  test("weights on the right, on the left, transposed, and a number for all of them", () => {
    expectSame(({ W, h, xs }) => scan((c: Tensor, x: Tensor) => [matmul(c, W!).add(x).tanh(), c], h!, xs!), arrays, tolerance);
    expectSame(
      ({ W, h, xs }) => scan((c: Tensor, x: Tensor) => [matmul(W!, c).add(x.transpose()).tanh(), null], h!.transpose(), xs!)[0],
      arrays,
      tolerance,
    );
    expectSame(
      ({ W, h, xs }) => scan((c: Tensor, x: Tensor) => [matmul(c, W!.transpose()).add(x).tanh(), null], h!, xs!)[0],
      arrays,
      tolerance,
    );
    expectSame(
      ({ h, xs }) =>
        scan(
          (c: Tensor, x: Tensor) => [
            matmul(c, zeros([9, 9], dtype).add(0.1))
              .add(x)
              .tanh(),
            null,
          ],
          h!,
          xs!,
        )[0],
      arrays,
      tolerance,
    );
  });

  test("weights in a loop within a loop, and in one that does not turn", () => {
    const inner = (c: Tensor, W: Tensor): Tensor => scan((one: Tensor) => [matmul(one, W).tanh(), null], c, null, { length: 3 })[0];
    expectSame(({ W, h, xs }) => scan((c: Tensor, x: Tensor) => [inner(c, W!).add(x), null], h!, xs!)[0], arrays, tolerance);
    expectSame(({ W, h, xs }) => scan((c: Tensor, x: Tensor) => [inner(c, matmul(W!, W!)).add(x), null], h!, xs!)[0], arrays, tolerance);
    for (const turns of [0, 3])
      expectSame(
        ({ W, h }) =>
          whileLoop(
            ([i]: readonly [Tensor, Tensor]) => i.less(turns),
            ([i, c]: readonly [Tensor, Tensor]) => [i.add(1), matmul(c, W!).tanh()] as const,
            [tensor(0, "int32"), h!] as const,
          )[1],
        arrays,
        tolerance,
      );
  });

  test.each([false, true])("a sum of products of slices, reverse: %s", (reverse) => {
    const sum = ({ xs, gs, start }: Arrays): readonly Tensor[] => {
      const [c, stacked] = scan(
        (c: Tensor, [x, g]: readonly [Tensor, Tensor]) => {
          const doubled = g.mul(2);
          return [c.add(matmul(x.transpose(), doubled)), doubled];
        },
        start!,
        [xs!, gs!] as const,
        { reverse },
      );
      return [c, stacked];
    };
    expectSame(sum, arrays, tolerance);
    expect(insideLoops(jit(sum).lower(arrays).loops)).not.toContain("contract");
    expectSame((given) => sum({ ...given, xs: given.xs!.slice([0, 0]), gs: given.gs!.slice([0, 0]) }), arrays, tolerance);
  });

  test("a sum that is read in the loop, or of what is no slice, stays in it", () => {
    const read = ({ xs, gs, start }: Arrays): readonly Tensor[] =>
      scan(
        (c: Tensor, [x, g]: readonly [Tensor, Tensor]) => {
          const next = c.add(matmul(x.transpose(), g));
          return [next, next.sum()];
        },
        start!,
        [xs!, gs!] as const,
      );
    const computed = ({ xs, gs, start }: Arrays): Tensor =>
      scan((c: Tensor, [x, g]: readonly [Tensor, Tensor]) => [c.add(matmul(x.transpose(), g.sin())), null], start!, [xs!, gs!] as const)[0];
    for (const f of [read, computed] as readonly ((given: Arrays) => Tensor | readonly Tensor[])[]) {
      expectSame(f, arrays, tolerance);
      expect(insideLoops(jit(f).lower(arrays).loops)).toContain("contract");
    }
  });

  test("the gradient of a recurrence by its weights", () => {
    const loss = (W: Tensor, { h, xs }: Arrays): Tensor =>
      scan((c: Tensor, x: Tensor) => [matmul(c, W).add(x).tanh(), null], h!, xs!)[0]
        .square()
        .sum();
    const gradient = (given: Arrays): Tensor => grad(loss)(given.W!, given);
    expectSame(gradient, arrays, tolerance);
    const spoiled = { ...arrays, xs: arrays.xs.mul(tensor([1, 1, 1, 1, 1, 1, Infinity], dtype).reshape([7, 1, 1])) };
    expectSame(gradient, spoiled, tolerance);
  });
});
