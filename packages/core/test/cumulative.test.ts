import {
  cummax,
  cummin,
  cumprod,
  cumsum,
  type CumulativeOptions,
  grad,
  linearRecurrence,
  logcumsumexp,
  type Tensor,
  tensor,
  vmap,
  zeros,
} from "@cotangent/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { build, distinct, entry, expectSame, type Index, message, part, shapes } from "./reference.ts";

const list = (x: Tensor): number[] => Array.from(x.values);
const replaced = (index: Index, axis: number, at: number): number[] => index.map((i, own) => (own === axis ? at : i));

/** A walk along an axis by a loop that starts anew for every entry. */
function walked(x: Tensor, axis: number, reverse: boolean, fold: (lane: readonly number[]) => number, dtype = x.dtype): Tensor {
  return build(
    x.shape,
    (index) => {
      const lane: number[] = [];
      const last = x.shape[axis]! - 1;
      if (reverse) for (let k = last; k >= index[axis]!; k--) lane.push(entry(x, replaced(index, axis, k)));
      else for (let k = 0; k <= index[axis]!; k++) lane.push(entry(x, replaced(index, axis, k)));
      return fold(lane);
    },
    dtype,
  );
}

const sumOf = (lane: readonly number[]): number => lane.reduce((total, x) => total + x, 0);
const productOf = (lane: readonly number[]): number => lane.reduce((total, x) => total * x, 1);

const cases = shapes(1, 3).chain((shape) =>
  fc.record({ shape: fc.constant(shape), axis: fc.nat(shape.length - 1), reverse: fc.boolean() }),
);

type Walk = (x: Tensor, options?: CumulativeOptions) => Tensor;

describe("along an axis, in either direction", () => {
  const folds: [string, Walk, (lane: readonly number[]) => number][] = [
    ["cumsum", cumsum, sumOf],
    ["cumprod", cumprod, productOf],
    ["cummax", cummax, (lane) => Math.max(...lane)],
    ["cummin", cummin, (lane) => Math.min(...lane)],
  ];

  test.each(folds)("%s agrees with loops in every dtype", (_name, walk, fold) => {
    fc.assert(
      fc.property(cases, ({ shape, axis, reverse }) => {
        for (const dtype of ["float64", "float32", "int32", "bool"] as const) {
          const small = build(shape, (index) => ((sumOf(index) * 5) % 7) - 3, "int32").cast(dtype);
          const kept = dtype === "bool" && (walk === cumsum || walk === cumprod) ? "int32" : dtype;
          expectSame(walk(small, { axis, reverse }), walked(small, axis, reverse, fold, kept));
        }
        const x = distinct([2, ...shape]);
        const batched = vmap((y: Tensor) => walk(y, { axis, reverse }))(x);
        for (const b of [0, 1]) expectSame(part(batched, b), walk(part(x, b), { axis, reverse }));
      }),
      { numRuns: 50 },
    );
  });

  test.each(folds)("%s without an axis walks the flattened tensor", (_name, walk) => {
    const x = distinct([2, 3]);
    expectSame(walk(x), walk(x.reshape([6]), { axis: 0 }));
    expect(walk(tensor(5)).shape).toEqual([1]);
  });

  test("errors", () => {
    expect(message(() => cumsum(zeros([2]), { axis: 1 }))).toMatchInlineSnapshot(
      `"cumsum: no such axis — 1 for rank 1; give an integer from -1 to 0"`,
    );
    expect(message(() => cumprod(zeros([2]), { reverse: 1 as never }))).toMatchInlineSnapshot(
      `"cumprod: reverse is not a boolean — 1; give true or false"`,
    );
    expect(message(() => cummax(zeros([2]), 0 as never))).toMatchInlineSnapshot(
      `"cummax: the options are not an object — 0; give an object with axis, reverse"`,
    );
    expect(message(() => logcumsumexp([1] as never))).toMatchInlineSnapshot(
      `"logcumsumexp: operand 0 is not a tensor — [1]; wrap it in tensor(…)"`,
    );
    expect(message(() => linearRecurrence(zeros([2]), zeros([3])))).toMatchInlineSnapshot(
      `"linearRecurrence: cannot broadcast [2] with [3] — axis -1 has sizes 2 and 3; make them equal or one of them 1"`,
    );
    expect(message(() => linearRecurrence(1, 2))).toMatchInlineSnapshot(
      `"linearRecurrence: no such axis — -1 for rank 0; a scalar has no axes"`,
    );
  });
});

describe("cumsum", () => {
  test("a million float32 tenths are exact but for the last rounding", () => {
    const n = 1_000_000;
    const tenth = Math.fround(0.1);
    const { values } = cumsum(tensor(new Float32Array(n).fill(tenth)));
    // k · fround(0.1) fits into 53 bits.
    let worst = 0;
    for (let k = 1; k <= n; k += 7) worst = Math.max(worst, Math.abs(values[k - 1]! - Math.fround(k * tenth)) / (k * tenth));
    expect(worst).toBeLessThan(1e-12);
  });

  test("a million float64 terms keep the error of a block", () => {
    const n = 1_000_000;
    let state = 7;
    const x = Float64Array.from({ length: n }, () => (state = (state * 48271) % 2147483647) / 2147483647 - 0.3);
    const { values } = cumsum(tensor(x));
    // The reference carries the rounding errors of a two-sum along.
    let [sum, error, size, worst] = [0, 0, 0, 0];
    for (let k = 0; k < n; k++) {
      const next = sum + x[k]!;
      const back = next - sum;
      error += sum - (next - back) + (x[k]! - back);
      sum = next;
      size += Math.abs(x[k]!);
      worst = Math.max(worst, Math.abs(values[k]! - (sum + error)) / (2 ** -53 * size));
    }
    expect(worst).toBeLessThan(128 + 2 * Math.log2(n / 128));
  });

  test("int32 wraps", () => {
    expect(list(cumsum(tensor(Int32Array.of(2 ** 31 - 1, 1))))).toEqual([2 ** 31 - 1, -(2 ** 31)]);
  });

  test("the gradient is the sum from the other end", () => {
    const weights = tensor([1, 10, 100]);
    expect(list(grad((x: Tensor) => cumsum(x).mul(weights).sum())(zeros([3])))).toEqual([111, 110, 100]);
    expect(list(grad((x: Tensor) => cumsum(x, { reverse: true }).mul(weights).sum())(zeros([3])))).toEqual([1, 11, 111]);
  });
});

describe("cumprod", () => {
  /** ∂(Σ w_i ∏_{j≤i} x_j)/∂x_k by leaving x_k out of the products. */
  const gradientOf = (x: readonly number[], w: readonly number[]): number[] =>
    x.map((_, k) => sumOf(w.map((weight, i) => (i < k ? 0 : weight * productOf(x.filter((__, j) => j <= i && j !== k))))));

  const secondOf = (x: readonly number[], k: number, l: number): number =>
    k === l ? 0 : sumOf(x.map((_, i) => (i < Math.max(k, l) ? 0 : productOf(x.filter((__, j) => j <= i && j !== k && j !== l)))));

  test("the gradient is right with any zeros among the entries", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 1, maxLength: 6 }), (data) => {
        const x = tensor(data);
        const weights = data.map((_, i) => i + 1);
        const gradient = grad((y: Tensor) => cumprod(y).mul(tensor(weights)).sum())(x);
        expect(list(gradient).map((g) => g + 0)).toEqual(gradientOf(data, weights).map((g) => g + 0));
        const turned = grad((y: Tensor) => cumprod(y, { reverse: true }).mul(tensor(weights)).sum())(x);
        const mirrored = gradientOf([...data].reverse(), [...weights].reverse()).reverse();
        expect(list(turned).map((g) => g + 0)).toEqual(mirrored.map((g) => g + 0));
        for (let k = 0; k < data.length; k++) {
          const row = grad((y: Tensor) => grad((z: Tensor) => cumprod(z).sum())(y).slice(k))(x);
          expect(list(row).map((g) => g + 0)).toEqual(data.map((_, l) => secondOf(data, k, l) + 0));
        }
      }),
      { numRuns: 60 },
    );
  });

  test("an infinity behind a zero cotangent leaks nothing", () => {
    const g = grad((x: Tensor) => cumprod(x).slice(0))(tensor([2, Number.POSITIVE_INFINITY, 3]));
    expect(list(g)).toEqual([1, 0, 0]);
  });

  test("signs of zeros and infinities are those of the product", () => {
    expect(list(cumprod(tensor([-0, 1])))).toEqual([-0, -0]);
    expect(list(cumprod(tensor([Number.POSITIVE_INFINITY, 0])))).toEqual([Number.POSITIVE_INFINITY, Number.NaN]);
  });
});

describe("cummax and cummin", () => {
  test("NaN stays once it is there", () => {
    expect(list(cummax(tensor([1, Number.NaN, 5])))).toEqual([1, Number.NaN, Number.NaN]);
    expect(list(cummin(tensor([Number.NaN, 0])))).toEqual([Number.NaN, Number.NaN]);
    expect(list(cummax(tensor([1, Number.NaN, 5]), { reverse: true }))).toEqual([Number.NaN, Number.NaN, 5]);
  });

  test("the gradient goes to the first of equal extremes in the direction of the walk", () => {
    const weights = tensor([1, 10, 100, 1000]);
    const of = (walk: Walk, data: number[], options: CumulativeOptions = {}): number[] =>
      list(grad((x: Tensor) => walk(x, options).mul(weights).sum())(tensor(data)));
    expect(of(cummax, [1, 3, 2, 3])).toEqual([1, 1110, 0, 0]);
    expect(of(cummax, [1, 3, 2, 3], { reverse: true })).toEqual([0, 0, 0, 1111]);
    expect(of(cummin, [2, 2, 1, 1])).toEqual([11, 0, 1100, 0]);
  });
});

describe("linearRecurrence", () => {
  test("agrees with a loop, the first factor unused", () => {
    fc.assert(
      fc.property(cases, ({ shape, axis, reverse }) => {
        const a = build(shape, (index) => ((sumOf(index) * 5) % 4) - 1);
        const b = distinct(shape);
        const state = new Map<string, number>();
        const step = reverse ? 1 : -1;
        const wanted = (index: Index): number => {
          const before = replaced(index, axis, index[axis]! + step);
          const first = before[axis]! < 0 || before[axis]! >= shape[axis]!;
          const key = String(index);
          const known = state.get(key) ?? (first ? entry(b, index) : entry(a, index) * wanted(before) + entry(b, index));
          state.set(key, known);
          return known;
        };
        expectSame(linearRecurrence(a, b, { axis, reverse }), build(shape, wanted));
      }),
    );
    expect(list(linearRecurrence(tensor([Number.NaN, 2]), tensor([1, 1])))).toEqual([1, 3]);
    expect(linearRecurrence(tensor([2, 2], "int32"), tensor([1, 1], "int32")).toString()).toBe("tensor([1, 3], int32)");
    expect(list(linearRecurrence(0.5, tensor([8, 0, 0])))).toEqual([8, 4, 2]);
  });

  test("the gradient by hand, with a factor of zero", () => {
    // y = (b0, a1 b0 + b1, a2 (a1 b0 + b1) + b2) at a = (·, 0, 3), b = (2, 5, 7).
    const [ga, gb] = grad((a: Tensor, b: Tensor) => linearRecurrence(a, b).sum(), { wrt: [0, 1] })(tensor([9, 0, 3]), tensor([2, 5, 7]));
    expect(list(ga)).toEqual([0, 2 + 3 * 2, 5]);
    expect(list(gb)).toEqual([1, 1 + 3, 1]);
  });

  test("batches of factors, of terms and of both", () => {
    const [a, b] = [distinct([2, 3]), distinct([2, 3]).add(1)];
    const run = (x: Tensor, y: Tensor): Tensor => linearRecurrence(x, y, { reverse: true });
    for (const inAxes of [
      [0, 0],
      [null, 0],
      [0, null],
    ] as const) {
      const args = [a, b].map((one, i) => (inAxes[i] === 0 ? one : part(one, 1))) as [Tensor, Tensor];
      const got = vmap(run, { inAxes })(...args);
      for (const k of [0, 1]) {
        const own = args.map((one, i) => (inAxes[i] === 0 ? part(one, k) : one)) as [Tensor, Tensor];
        expectSame(part(got, k), run(...own));
      }
    }
  });
});

describe("logcumsumexp", () => {
  const near = (got: Tensor, wanted: readonly number[]): void => {
    expect(got.values.length).toBe(wanted.length);
    wanted.forEach((value, i) => {
      if (Number.isFinite(value))
        expect(Math.abs(got.values[i]! - value)).toBeLessThanOrEqual(4e-16 * Math.max(1, Math.abs(value)) * (i + 2));
      else expect(got.values[i]).toBe(value);
    });
  };

  test("is the logarithm of the running sum of exponentials", () => {
    fc.assert(
      fc.property(cases, ({ shape, axis, reverse }) => {
        const x = distinct(shape).div(20);
        const wanted = walked(x, axis, reverse, (lane) => Math.log(sumOf(lane.map(Math.exp))));
        const got = logcumsumexp(x, { axis, reverse });
        expect(got.shape).toEqual(shape);
        list(got).forEach((value, i) => {
          expect(Math.abs(value - wanted.values[i]!)).toBeLessThanOrEqual(1e-14);
        });
      }),
    );
  });

  test("stable at ±1e6 and at the infinities", () => {
    near(logcumsumexp(tensor([1e6, 1e6, -1e6, 1e6])), [1e6, 1e6 + Math.log(2), 1e6 + Math.log(2), 1e6 + Math.log(3)]);
    near(logcumsumexp(tensor([-1e6, -1e6, 0])), [-1e6, -1e6 + Math.log(2), 0]);
    const { NEGATIVE_INFINITY: none, POSITIVE_INFINITY: all } = Number;
    near(logcumsumexp(tensor([none, none, 0, none, 0])), [none, none, 0, 0, Math.log(2)]);
    near(logcumsumexp(tensor([0, all, 5, none])), [0, all, all, all]);
    expect(list(logcumsumexp(tensor([0, Number.NaN, 5])))).toEqual([0, Number.NaN, Number.NaN]);
    expect(logcumsumexp(tensor([0, 0], "int32")).dtype).toBe("float64");
  });

  test("the gradient is the softmax of each prefix, to the rounding of the value", () => {
    const weights = [1, 10, 100];
    for (const data of [
      [0.5, -1, 2],
      [1e6, 1e6, 1e6 - 1],
      [-1e6, 1e6, -1e6],
    ]) {
      const gradient = grad((x: Tensor) => logcumsumexp(x).mul(tensor(weights)).sum())(tensor(data));
      const wanted = data.map((x, k) =>
        sumOf(
          weights.map((weight, i) => {
            if (i < k) return 0;
            const most = Math.max(...data.slice(0, i + 1));
            return (weight * Math.exp(x - most)) / sumOf(data.slice(0, i + 1).map((y) => Math.exp(y - most)));
          }),
        ),
      );
      // The value, of size |x|, is rounded before it is subtracted again.
      const bound = 4 * 2 ** -53 * (1 + Math.max(...data.map(Math.abs)));
      list(gradient).forEach((g, k) => {
        expect(Math.abs(g - wanted[k]!)).toBeLessThanOrEqual(bound * Math.abs(wanted[k]!));
      });
    }
  });

  test("an entry of -Infinity has no gradient and leaks none", () => {
    const none = Number.NEGATIVE_INFINITY;
    const last = (x: Tensor): Tensor => logcumsumexp(x).slice(-1);
    expect(list(grad(last)(tensor([none, 0, none, 0])))).toEqual([0, expect.closeTo(0.5, 14), 0, expect.closeTo(0.5, 14)]);
    expect(list(grad((x: Tensor) => logcumsumexp(x).sum())(tensor([none, none])))).toEqual([0, 0]);
    const second = grad((x: Tensor) => grad(last)(x).square().sum())(tensor([none, 0, 1]));
    expect(list(second).every(Number.isFinite)).toBe(true);
  });
});
