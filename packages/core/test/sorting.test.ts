import {
  argsort,
  type DType,
  grad,
  median,
  quantile,
  searchsorted,
  sort,
  take,
  takeAlongAxis,
  type Tensor,
  tensor,
  topK,
  vmap,
  zeros,
} from "@cotangent/core";
import { dual, evaluate, real, recordFunction } from "@cotangent/core/engine";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { build, distinct, entry, expectSame, type Index, indicesOf, message, part, shapes } from "./reference.ts";

const list = (x: Tensor): number[] => Array.from(x.values);
const replaced = (index: Index, axis: number, at: number): number[] => index.map((i, own) => (own === axis ? at : i));

/** Places in sorted order by insertion, one entry after another: equal ones keep their order, NaN goes last. */
function orderOf(lane: readonly number[], descending: boolean): number[] {
  const out: number[] = [];
  lane.forEach((value, k) => {
    const before = (other: number): boolean => {
      if (Number.isNaN(value)) return false;
      return Number.isNaN(lane[other]!) || (descending ? value > lane[other]! : value < lane[other]!);
    };
    let at = out.length;
    while (at > 0 && before(out[at - 1]!)) at--;
    out.splice(at, 0, k);
  });
  return out;
}

/** A tensor with few distinct entries, so that ties are common, and its axis to sort. */
const lanes = (minSide = 0, maxSide = 12) =>
  shapes(1, 3, minSide, 4).chain((shape) =>
    fc.record({ axis: fc.nat(shape.length - 1), side: fc.integer({ min: minSide, max: maxSide }) }).chain(({ axis, side }) => {
      const sides = replaced(shape, axis, side);
      const count = sides.reduce((product, one) => product * one, 1);
      const value = fc.constantFrom(0, -0, 1, -1, 2, 3.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
      const data = fc
        .array(value, { minLength: count, maxLength: count })
        .map((values) => tensor(Float64Array.from(values), { shape: sides }));
      return fc.record({ x: data, axis: fc.constant(axis) });
    }),
  );

const laneOf = (x: Tensor, index: Index, axis: number): number[] =>
  Array.from({ length: x.shape[axis]! }, (_, k) => entry(x, replaced(index, axis, k)));

function expectOrder(x: Tensor, axis: number, descending: boolean): void {
  const order = build(x.shape, (index) => orderOf(laneOf(x, index, axis), descending)[index[axis]!]!, "int32");
  expectSame(argsort(x, { axis, descending }), order);
  expectSame(
    sort(x, { axis, descending }),
    build(x.shape, (index) => entry(x, replaced(index, axis, entry(order, index))), x.dtype),
  );
}

describe("sort and argsort", () => {
  test("agree with an insertion sort, ties, zeros of both signs, NaN and infinities among the entries", () => {
    fc.assert(
      fc.property(lanes(), fc.boolean(), fc.constantFrom<DType>("float64", "float32"), ({ x, axis }, descending, dtype) => {
        expectOrder(dtype === "float64" ? x : x.cast("float32"), axis, descending);
      }),
    );
  });

  test("int32 and bool", () => {
    for (const dtype of ["int32", "bool"] as const) {
      for (const descending of [false, true]) expectOrder(distinct([3, 5], dtype), 1, descending);
    }
    const extreme = tensor(Int32Array.of(5, -(2 ** 31), 2 ** 31 - 1, 0));
    expect(list(sort(extreme))).toEqual([-(2 ** 31), 0, 5, 2 ** 31 - 1]);
  });

  test("long lanes, sorted, reversed and shuffled", () => {
    const n = 5000;
    let state = 1;
    const shuffled = Float64Array.from({ length: n }, () => (state = (state * 48271) % 2147483647) % 1000);
    for (const data of [shuffled, shuffled.slice().sort(), shuffled.slice().sort().reverse()]) {
      const wanted = Array.from(data, (_, i) => i).sort((a, b) => data[a]! - data[b]! || a - b);
      expect(list(argsort(tensor(data)))).toEqual(wanted);
      const falling = Array.from(data, (_, i) => i).sort((a, b) => data[b]! - data[a]! || a - b);
      expect(list(argsort(tensor(data), { descending: true }))).toEqual(falling);
    }
  });

  test("the cotangent goes to where the entry was", () => {
    const x = tensor([3, 1, 2, 1]);
    const weights = tensor([1, 10, 100, 1000]);
    expect(list(grad((y: Tensor) => sort(y).mul(weights).sum())(x))).toEqual([1000, 1, 100, 10]);
    expect(list(grad((y: Tensor) => sort(y, { descending: true }).mul(weights).sum())(x))).toEqual([1, 100, 10, 1000]);
  });

  test("batches of one and two levels", () => {
    const x = distinct([2, 3, 4]);
    const once = vmap((y: Tensor) => sort(y, { axis: 0 }))(x);
    for (const b of [0, 1]) expectSame(part(once, b), sort(part(x, b), { axis: 0 }));
    expectSame(vmap(vmap((y: Tensor) => argsort(y)))(x), argsort(x));
  });

  test("dual numbers sort by the value and carry tangents along", () => {
    const graph = recordFunction(([x]) => [sort(x!)], [zeros([3])]);
    const s = dual(real);
    const values = [3, 1, 2].map((primal, tangent) => ({ primal, tangent }));
    const [out] = evaluate(graph, s, [{ shape: [3], dtype: "float64", values }]);
    expect(out!.values).toEqual([
      { primal: 1, tangent: 1 },
      { primal: 2, tangent: 2 },
      { primal: 3, tangent: 0 },
    ]);
  });

  test("errors", () => {
    expect(message(() => sort(tensor(1)))).toMatchInlineSnapshot(`"sort: no such axis — -1 for rank 0; a scalar has no axes"`);
    expect(message(() => sort(zeros([2]), { axis: 1 }))).toMatchInlineSnapshot(
      `"sort: no such axis — 1 for rank 1; give an integer from -1 to 0"`,
    );
    expect(message(() => argsort(zeros([2]), { descending: 1 as never }))).toMatchInlineSnapshot(
      `"argsort: descending is not a boolean — 1; give true or false"`,
    );
    expect(message(() => sort(zeros([2]), { order: "falling" } as never))).toMatchInlineSnapshot(
      `"sort: unknown option — "order"; the options are axis, descending"`,
    );
  });
});

describe("topK", () => {
  test("is the head of the sorted lane", () => {
    fc.assert(
      fc.property(lanes(), fc.boolean(), fc.nat(12), ({ x, axis }, largest, k) => {
        fc.pre(k <= x.shape[axis]!);
        const [values, indices] = topK(x, k, { axis, largest });
        const order = build(replaced(x.shape, axis, k), (index) => orderOf(laneOf(x, index, axis), largest)[index[axis]!]!, "int32");
        expectSame(indices, order);
        expectSame(
          values,
          build(order.shape, (index) => entry(x, replaced(index, axis, entry(order, index)))),
        );
      }),
    );
  });

  test("the gradient goes to the chosen entries", () => {
    expect(
      list(
        grad((x: Tensor) =>
          topK(x, 2)[0]
            .mul(tensor([1, 10]))
            .sum(),
        )(tensor([3, 1, 4, 2])),
      ),
    ).toEqual([10, 0, 1, 0]);
  });

  test("errors", () => {
    expect(message(() => topK(zeros([2]), 3))).toMatchInlineSnapshot(`"topK: the axis is too short — 3 of axis 0 of [2]; ask for fewer"`);
    expect(message(() => topK(zeros([2]), -1))).toMatchInlineSnapshot(`"topK: k is not an integer of at least 0 — -1; give one"`);
    expect(message(() => topK(zeros([2]), 1, { largest: "yes" as never }))).toMatchInlineSnapshot(
      `"topK: largest is not a boolean — "yes"; give true or false"`,
    );
  });
});

describe("searchsorted", () => {
  /** How many entries come before the value (or before what follows it). */
  const count = (row: readonly number[], value: number, right: boolean): number =>
    row.filter((x) => {
      if (Number.isNaN(value)) return right || !Number.isNaN(x);
      return right ? x <= value : x < value;
    }).length;

  const value = fc.constantFrom(-1, 0, 1, 2, 2.5, Number.NaN, Number.POSITIVE_INFINITY);
  const row = fc.array(value, { maxLength: 9 }).map((data) => list(sort(tensor(Float64Array.from(data)))));

  test("counts what comes before", () => {
    fc.assert(
      fc.property(row, fc.array(value, { maxLength: 5 }), fc.boolean(), (sorted, values, right) => {
        const got = searchsorted(tensor(Float64Array.from(sorted)), tensor(Float64Array.from(values)), { side: right ? "right" : "left" });
        expect(got.dtype).toBe("int32");
        expect(list(got)).toEqual(values.map((one) => count(sorted, one, right)));
      }),
    );
    expect(searchsorted(tensor([1, 2]), tensor([[1, 3]])).shape).toEqual([1, 2]);
    expect(searchsorted(tensor([1, 2, 3], "int32"), 1.5).item()).toBe(1);
  });

  test("batches of rows, of values, of both, and of each in turn", () => {
    const rows = tensor([
      [1, 2, 3],
      [2, 2, 4],
    ]);
    const values = tensor([
      [2, 0],
      [3, 5],
    ]);
    const want = (b: number, c: number): number[] => list(values.slice(c)).map((one) => count(list(rows.slice(b)), one, false));
    expect(list(vmap((r: Tensor, v: Tensor) => searchsorted(r, v))(rows, values))).toEqual([...want(0, 0), ...want(1, 1)]);
    expect(list(vmap((r: Tensor) => searchsorted(r, values.slice(0)))(rows))).toEqual([...want(0, 0), ...want(1, 0)]);
    expect(list(vmap((v: Tensor) => searchsorted(rows.slice(1), v))(values))).toEqual([...want(1, 0), ...want(1, 1)]);
    const grid = vmap((r: Tensor) => vmap((v: Tensor) => searchsorted(r, v))(values))(rows);
    const turned = vmap((v: Tensor) => vmap((r: Tensor) => searchsorted(r, v))(rows))(values);
    for (const b of [0, 1]) {
      for (const c of [0, 1]) {
        expect(list(grid.slice(b, c))).toEqual(want(b, c));
        expect(list(turned.slice(c, b))).toEqual(want(b, c));
      }
    }
  });

  test("errors", () => {
    expect(message(() => searchsorted(zeros([2, 2]), 1))).toMatchInlineSnapshot(
      `"searchsorted: not a vector — float64[2, 2]; give a sorted tensor of rank 1, and use vmap for several"`,
    );
    expect(message(() => searchsorted(zeros([2]), 1, { side: "middle" as never }))).toMatchInlineSnapshot(
      `"searchsorted: unknown side — "middle"; give "left", "right""`,
    );
    expect(message(() => searchsorted(zeros([2]), [1] as never))).toMatchInlineSnapshot(
      `"searchsorted: operand 1 is not a tensor — [1]; wrap it in tensor(…)"`,
    );
  });
});

describe("quantile and median", () => {
  /** The definition: between the order statistics on both sides of q(n − 1). */
  function quantileOf(values: readonly number[], q: number): number {
    if (values.some(Number.isNaN)) return Number.NaN;
    const sorted = [...values].sort((a, b) => a - b);
    const position = q * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(position)]!, sorted[Math.ceil(position)]!];
    return low === high ? low : low + (high - low) * (position - Math.floor(position));
  }

  test("interpolate between order statistics over any axes", () => {
    fc.assert(
      fc.property(
        shapes(1, 3, 1, 4),
        fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.boolean(),
        (shape, chosen, q, keepDims) => {
          const axes = shape.map((_, axis) => axis).filter((axis) => chosen[axis]);
          const x = distinct(shape);
          const outShape = shape.flatMap((side, axis) => (axes.includes(axis) ? (keepDims ? [1] : []) : [side]));
          const got = quantile(x, q, { axes, keepDims });
          expect(got.shape).toEqual(outShape);
          for (const index of indicesOf(shape.filter((_, axis) => !axes.includes(axis)))) {
            const fits = indicesOf(shape).filter((one) => one.filter((_, axis) => !axes.includes(axis)).every((i, k) => i === index[k]));
            const own = keepDims
              ? shape.map((_, axis) => (axes.includes(axis) ? 0 : index[axis - axes.filter((one) => one < axis).length]!))
              : index;
            const wanted = quantileOf(
              fits.map((one) => entry(x, one)),
              q,
            );
            expect(Math.abs(entry(got, own) - wanted)).toBeLessThanOrEqual(1e-13 * (1 + Math.abs(wanted)));
          }
        },
      ),
    );
  });

  test("values known from NumPy", () => {
    const x = tensor([
      [10, 7, 4],
      [3, 2, 1],
    ]);
    expect(quantile(x, 0.5).item()).toBe(3.5);
    expect(list(quantile(x, 0.5, { axes: 0 }))).toEqual([6.5, 4.5, 2.5]);
    expect(quantile(x, 0.5, { axes: 1, keepDims: true }).toString()).toBe("tensor([[7],\n        [2]], float64)");
    expect(quantile(x, [0, 0.25, 1]).toString()).toBe("tensor([ 1.00,  2.25, 10.00], float64)");
    expect(list(quantile(tensor([0.1, 0.7, 0.2, 3.3, 1 / 3, 2.9]), [0.1, 0.23, 0.37, 0.61, 0.77, 0.95]))).toEqual([
      0.15000000000000002, 0.22000000000000003, 0.31333333333333335, 0.8099999999999996, 2.5700000000000003, 3.1999999999999997,
    ]);
    expect(quantile(x, [0, 1], { axes: 1 }).shape).toEqual([2, 2]);
    expect(quantile(x, [], { axes: 1 }).shape).toEqual([0, 2]);
    expect(median(tensor([3, 1, 2], "int32")).toString()).toBe("tensor(2, float64)");
    expect(median(x.cast("float32"), { axes: 1 }).dtype).toBe("float32");
  });

  test("never lie outside the two entries, so equal ones give themselves", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), fc.double({ noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (a, b, q) => {
        expect(quantile(tensor([a, a, a]), q).item() + 0).toBe(a + 0);
        fc.pre(Number.isFinite(a) || Number.isFinite(b) || a === b);
        const between = quantile(tensor([a, b]), q).item();
        expect(between).toBeGreaterThanOrEqual(Math.min(a, b));
        expect(between).toBeLessThanOrEqual(Math.max(a, b));
      }),
    );
  });

  test("NaN and infinities", () => {
    expect(
      list(
        median(
          tensor([
            [1, Number.NaN, 3],
            [1, 2, 3],
          ]),
          { axes: 1 },
        ),
      ),
    ).toEqual([Number.NaN, 2]);
    expect(median(tensor([1, Number.POSITIVE_INFINITY])).item()).toBe(Number.POSITIVE_INFINITY);
    expect(quantile(tensor([Number.NEGATIVE_INFINITY, 0, Number.POSITIVE_INFINITY]), 0.5).item()).toBe(0);
    expect(quantile(tensor([1, 2, Number.POSITIVE_INFINITY]), 0.5).item()).toBe(2);
  });

  test("the gradient is shared by the two neighbours", () => {
    expect(list(grad((x: Tensor) => quantile(x, 0.3))(tensor([4, 1, 3, 2])))).toEqual([
      0,
      expect.closeTo(0.1, 14),
      0,
      expect.closeTo(0.9, 14),
    ]);
    expect(list(grad((x: Tensor) => median(x))(tensor([5, 1, 3])))).toEqual([0, 0, 1]);
  });

  test("errors", () => {
    expect(message(() => quantile(zeros([2]), 1.5))).toMatchInlineSnapshot(`"quantile: not a quantile — 1.5; give numbers from 0 to 1"`);
    expect(message(() => quantile(zeros([2]), "0.5" as never))).toMatchInlineSnapshot(
      `"quantile: not a quantile — "0.5"; give numbers from 0 to 1"`,
    );
    expect(message(() => quantile(zeros([2]), Number.NaN))).toMatchInlineSnapshot(
      `"quantile: not a quantile — NaN; give numbers from 0 to 1"`,
    );
    expect(message(() => median(zeros([2, 0]), { axes: 1 }))).toMatchInlineSnapshot(
      `"median: an empty axis has none — axes [1] of [2, 0]; reduce a non-empty axis"`,
    );
    expect(message(() => median(zeros([2]), { axis: 0 } as never))).toMatchInlineSnapshot(
      `"median: unknown option — "axis"; the options are axes, keepDims"`,
    );
  });
});

test("takeAlongAxis of argsort is sort", () => {
  const x = distinct([3, 7]);
  expectSame(takeAlongAxis(x, argsort(x)), sort(x));
  expectSame(take(x, argsort(x, { axis: 0 }).slice(null, 0), { axis: 0 }).slice(null, 0), sort(x, { axis: 0 }).slice(null, 0));
});
