// Tensors from data and from nothing, how they are read and printed, what they refuse, and structs of them.
import {
  allClose,
  arange,
  type CotangentError,
  eye,
  flatten,
  full,
  fullLike,
  linspace,
  logicalOr,
  map,
  ones,
  onesLike,
  type Tensor,
  tensor,
  unflatten,
  zeros,
  zerosLike,
} from "@cotangent/core";
import { describe, expect, test } from "vitest";
import { message } from "./reference.ts";

const entries = (x: Tensor): number[] => Array.from(x.values);

describe("tensor", () => {
  test("reads numbers, booleans, nested and typed arrays", () => {
    const cases: [unknown, string, number[], number[]][] = [
      [2.5, "float64", [], [2.5]],
      [true, "bool", [], [1]],
      [[], "float64", [0], []],
      [[[], []], "float64", [2, 0], []],
      [[[1, 2, 3]], "float64", [1, 3], [1, 2, 3]],
      [[true, false], "bool", [2], [1, 0]],
      [[true, 2], "float64", [2], [1, 2]],
      [Float32Array.of(0.1), "float32", [1], [Math.fround(0.1)]],
      [Int32Array.of(-7), "int32", [1], [-7]],
      [Uint8Array.of(0, 3), "bool", [2], [0, 1]],
    ];
    for (const [data, dtype, shape, values] of cases) {
      const x = tensor(data as number[]);
      expect([x.dtype, x.shape, entries(x)]).toEqual([dtype, shape, values]);
    }
  });

  test("dtypes round, wrap and ask whether", () => {
    expect(entries(tensor([0.1, 1e39], "float32"))).toEqual([Math.fround(0.1), Number.POSITIVE_INFINITY]);
    expect(entries(tensor([1.9, -1.9, 2 ** 31, Number.NaN], "int32"))).toEqual([1, -1, -(2 ** 31), 0]);
    expect(entries(tensor(Float64Array.of(1.9, -1.9, 2 ** 31, Number.NaN), "int32"))).toEqual([1, -1, -(2 ** 31), 0]);
    expect(entries(tensor([0, -0, 0.5, Number.NaN], "bool"))).toEqual([0, 0, 1, 1]);
    expect(entries(tensor(Float64Array.of(0, -0, 0.5, Number.NaN), "bool"))).toEqual([0, 0, 1, 1]);
  });

  test("keeps a copy, so that no caller changes a tensor", () => {
    const data = Float64Array.of(1, 2);
    const x = tensor(data);
    const y = tensor(x);
    const shape = [2, 1];
    const z = tensor(data, { shape });
    data[0] = 9;
    shape[0] = 7;
    expect([x.toArray(), y.toArray(), z.toArray(), z.shape]).toEqual([
      [1, 2],
      [1, 2],
      [[1], [2]],
      [2, 1],
    ]);
    expect(y.values).not.toBe(x.values);
    expect(Object.isFrozen(z.shape)).toBe(true);
  });

  test("says where data is wrong", () => {
    const wrong = (data: unknown, options?: unknown): string => message(() => tensor(data as number[], options as "float64"));
    const inside: unknown[] = [];
    inside.push(inside);
    expect(wrong([[1, 2], [3]])).toMatchInlineSnapshot(
      `"tensor: ragged array — data[1] has length 1, where its siblings have length 2; make all rows equally long"`,
    );
    expect(wrong([1, [2]])).toMatchInlineSnapshot(
      `"tensor: ragged array — data[1] has length 1, where its siblings are no arrays; make all rows equally long"`,
    );
    expect(wrong([[1], 2])).toMatchInlineSnapshot(
      `"tensor: ragged array — data[1] is 2, where its siblings have length 1; make all rows equally long"`,
    );
    expect(wrong([[1, "2"]])).toMatchInlineSnapshot(
      `"tensor: not tensor data — data[0][1] is "2"; give numbers, booleans, nested arrays of them, or a typed array"`,
    );
    expect(wrong("12")).toMatchInlineSnapshot(
      `"tensor: not tensor data — the argument is "12"; give numbers, booleans, nested arrays of them, or a typed array"`,
    );
    expect(wrong([1, tensor(2)])).toMatchInlineSnapshot(
      `"tensor: data[1] is a tensor itself — float64[]; join tensors with stack or concat"`,
    );
    expect(wrong(inside)).toMatchInlineSnapshot(`"tensor: arrays are nested deeper than 64 — [[[[an array of length 1]]]]; flatten them"`);
    expect(wrong([1], "float16")).toMatchInlineSnapshot(
      `"tensor: unknown dtype — "float16"; give "bool", "int32", "float32" or "float64""`,
    );
    expect(wrong([1], { dtyp: "float32" })).toMatchInlineSnapshot(`"tensor: unknown option — "dtyp"; the options are dtype, shape"`);
    expect(wrong([1], null)).toMatchInlineSnapshot(
      `"tensor: the options are neither an object nor a dtype — null; give { dtype, shape } or a dtype"`,
    );
    expect(wrong([1, 2, 3], { shape: [2] })).toMatchInlineSnapshot(
      `"tensor: the entries do not fill the shape — 3 entries, [2] holds 2; give a shape with 3 entries"`,
    );
    expect(wrong([1], { shape: [1.5] })).toMatchInlineSnapshot(
      `"tensor: not a shape — [1.5]; give a list of non-negative integers with at most 2147483647 entries in all"`,
    );
  });
});

describe("tensors from nothing", () => {
  test("have the shape, dtype and values asked for", () => {
    expect(zeros([2, 0]).toArray()).toEqual([[], []]);
    expect(ones([2], "bool").toArray()).toEqual([true, true]);
    expect(full([], 2.7, "int32").item()).toBe(2);
    expect(eye(2, 3).toArray()).toEqual([
      [1, 0, 0],
      [0, 1, 0],
    ]);
    expect(arange(5, 0, -2).toArray()).toEqual([5, 3, 1]);
    expect(arange(0, -3).shape).toEqual([0]);
    expect(arange(0, 1, 0.1).size).toBe(10);
    expect(linspace(0, 1, 5).toArray()).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(linspace(3, 7, 1).toArray()).toEqual([3]);
    const like = tensor([[1], [2]], "float32");
    for (const [made, value] of [
      [zerosLike(like), 0],
      [onesLike(like), 1],
      [fullLike(like, 7), 7],
    ] as const) {
      expect([made.shape, made.dtype, entries(made)]).toEqual([[2, 1], "float32", [value, value]]);
    }
  });

  test("errors", () => {
    const loose = { zeros, full, arange, linspace, eye, zerosLike, fullLike } as Record<string, (...args: unknown[]) => unknown>;
    const wrong = (name: string, ...args: unknown[]): string => message(() => loose[name]!(...args));
    expect(wrong("zeros", 3)).toMatchInlineSnapshot(
      `"zeros: not a shape — 3; give a list of non-negative integers with at most 2147483647 entries in all"`,
    );
    expect(wrong("zeros", [-1])).toMatchInlineSnapshot(
      `"zeros: not a shape — [-1]; give a list of non-negative integers with at most 2147483647 entries in all"`,
    );
    expect(wrong("zeros", [2 ** 16, 2 ** 16])).toMatchInlineSnapshot(
      `"zeros: not a shape — [65536, 65536]; give a list of non-negative integers with at most 2147483647 entries in all"`,
    );
    expect(wrong("full", [2], "7")).toMatchInlineSnapshot(`"full: the value is not a number — "7"; give a number"`);
    expect(wrong("arange", Number.NaN)).toMatchInlineSnapshot(
      `"arange: a bound or step is not a finite number — NaN; give finite numbers"`,
    );
    expect(wrong("arange", 0, 1, 0)).toMatchInlineSnapshot(`"arange: the step is zero — 0; give a step other than 0"`);
    expect(wrong("linspace", 0, 1, 2.5)).toMatchInlineSnapshot(`"linspace: the count is not a non-negative integer — 2.5; give one"`);
    expect(wrong("eye", 2, -1)).toMatchInlineSnapshot(
      `"eye: not a shape — [2, -1]; give a list of non-negative integers with at most 2147483647 entries in all"`,
    );
    expect(wrong("zerosLike", null)).toMatchInlineSnapshot(
      `"zerosLike: not a tensor — null; give a tensor to take the shape and dtype of"`,
    );
    expect(wrong("fullLike", [1], 2)).toMatchInlineSnapshot(`"fullLike: not a tensor — [1]; give a tensor to take the shape and dtype of"`);
    expect(message(() => logicalOr(zeros([2 ** 16, 1], "bool"), zeros([1, 2 ** 16], "bool")))).toMatchInlineSnapshot(
      `"tensor: too large — 4294967296 entries of bool, more than the 2147483647 that a tensor may have; work on smaller tensors, or in parts"`,
    );
  });
});

describe("reading", () => {
  test("item, toArray, JSON", () => {
    expect(tensor([[3]]).item()).toBe(3);
    expect(tensor([true]).item()).toBe(1);
    expect(JSON.stringify({ x: tensor([[1, 2]]) })).toBe('{"x":[[1,2]]}');
    expect(message(() => tensor([1, 2]).item())).toMatchInlineSnapshot(
      `"item: not a single entry — [2]; index or reduce it to one entry first"`,
    );
  });

  test("prints as NumPy does", () => {
    expect(
      String(
        tensor([
          [1, -2.5],
          [10, 0],
        ]),
      ),
    ).toMatchInlineSnapshot(`
      "tensor([[ 1.0, -2.5],
              [10.0,  0.0]], float64)"
    `);
    expect(String(tensor([Number.NaN, Number.POSITIVE_INFINITY, 1e-9]))).toMatchInlineSnapshot(`"tensor([ nan,  inf, 1e-9], float64)"`);
    expect(String(tensor([[true], [false]]))).toMatchInlineSnapshot(`
      "tensor([[true],
              [false]], bool)"
    `);
    expect(String(zeros([2, 0, 3], "int32"))).toMatchInlineSnapshot(`"tensor([2, 0, 3] empty, int32)"`);
    expect(String(arange(2000).reshape([2, 1000]))).toMatchInlineSnapshot(`
      "tensor([[   0,    1,    2, ...,  997,  998,  999],
              [1000, 1001, 1002, ..., 1997, 1998, 1999]], [2, 1000] float64)"
    `);
    expect(String(zeros([2, 2, 1]))).toMatchInlineSnapshot(`
      "tensor([[[0],
               [0]],

              [[0],
               [0]]], float64)"
    `);
  });

  test("prints many short axes in full", () => {
    const text = String(ones(new Array(17).fill(2)));
    expect(text.match(/1/g)?.length).toBe(2 ** 17);
  });
});

describe("allClose", () => {
  test("bounds each entry, infinities only by themselves", () => {
    expect(allClose(tensor([1, 2]), tensor([1 + 1e-9, 2]))).toBe(true);
    expect(allClose(tensor([1, 2]), tensor([1.1, 2]))).toBe(false);
    expect(allClose(tensor([1, 2]), tensor([[1, 2]]))).toBe(false);
    const infinite = tensor([Number.POSITIVE_INFINITY]);
    expect([allClose(infinite, infinite), allClose(infinite, infinite.neg()), allClose(infinite, tensor([1e308]))]).toEqual([
      true,
      false,
      false,
    ]);
    const nan = tensor([Number.NaN]);
    expect([allClose(nan, nan), allClose(nan, nan, { equalNaN: true }), allClose(nan, infinite, { equalNaN: true })]).toEqual([
      false,
      true,
      false,
    ]);
  });

  test("errors", () => {
    const x = tensor([1]);
    const wrong = (...args: unknown[]): string => message(() => (allClose as (...all: unknown[]) => unknown)(...args));
    expect(wrong(x, 1)).toMatchInlineSnapshot(`"allClose: operand 1 is not a tensor — 1; wrap it in tensor(…)"`);
    expect(wrong(x, x, { rTol: 1 })).toMatchInlineSnapshot(`"allClose: unknown option — "rTol"; the options are rtol, atol, equalNaN"`);
    expect(wrong(x, x, { rtol: -1 })).toMatchInlineSnapshot(
      `"allClose: a tolerance is not a number of at least 0 — -1; give such a number"`,
    );
    expect(wrong(x, x, { equalNaN: 1 })).toMatchInlineSnapshot(`"allClose: equalNaN is not a boolean — 1; give true or false"`);
  });
});

describe("structs", () => {
  const model = { layers: [{ w: tensor([1, 2]), b: null }], scale: tensor(3) };

  test("are taken apart and put together", () => {
    const { leaves, definition } = flatten(model);
    expect(leaves).toEqual([model.layers[0]!.w, model.scale]);
    expect(unflatten(definition, ["first", "second"])).toEqual({ layers: [{ w: "first", b: null }], scale: "second" });
    expect(map((x, y) => x.add(y), model, model).layers[0]!.w.toArray()).toEqual([2, 4]);
  });

  test("errors name the path", () => {
    const loose = map as (f: (x: Tensor) => Tensor, ...structs: unknown[]) => unknown;
    const same = (x: Tensor): Tensor => x;
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    expect(message(() => flatten({ a: [tensor(1), 2] }))).toMatchInlineSnapshot(
      `"flatten: the argument.a[1] is not a tensor — 2; give tensors, also in plain objects and arrays"`,
    );
    expect(message(() => flatten(cycle))).toMatchInlineSnapshot(
      `"flatten: the argument.self holds itself — a struct that never ends; give plain objects and arrays without cycles"`,
    );
    expect(message(() => loose(same, model, { scale: tensor(1) }))).toMatchInlineSnapshot(
      `"map: the structs differ in form — .layers[0].w, .scale against .scale; give structs with the same keys and lengths"`,
    );
    expect(message(() => loose(same, 1))).toMatchInlineSnapshot(
      `"map: struct 0 is not a tensor — 1; give tensors, also in plain objects and arrays"`,
    );
    expect(message(() => loose({} as never, model))).toMatchInlineSnapshot(
      `"map: not a function — an empty object; give a function of tensors, then structs"`,
    );
    expect(message(() => [model].map(flatten as never))).toMatchInlineSnapshot(
      `"flatten: a name for errors is not a string — 0; leave it out"`,
    );
    expect(message(() => unflatten(null as never, []))).toMatchInlineSnapshot(
      `"unflatten: not a definition — null; give the one that flatten made"`,
    );
    expect(message(() => unflatten(flatten(model).definition, 2 as never))).toMatchInlineSnapshot(
      `"unflatten: the leaves are not a list — 2; give one for each of the definition's"`,
    );
    expect(message(() => unflatten(flatten(model).definition, [1]))).toMatchInlineSnapshot(
      `"unflatten: the structs differ in form — 1 leaf against 2 wanted; give structs with the same keys and lengths"`,
    );
  });
});

test("errors are CotangentErrors", () => {
  try {
    zeros([-1]);
    expect.unreachable();
  } catch (thrown) {
    expect((thrown as CotangentError).name).toBe("CotangentError");
  }
});
