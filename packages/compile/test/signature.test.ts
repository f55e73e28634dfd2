// The form of a call's arguments: what is one form and what is another, what is traced, what is said of it.
import { ones, tensor, Tensor } from "@cotangent/core";
import { describe, expect, test, vi } from "vitest";
import { jit } from "../src/index.ts";
import { avalsOf, formatSignature, matches, numbersOf, rebuild, signatureOf } from "../src/signature.ts";

const isSame = (x: readonly unknown[], y: readonly unknown[]): boolean => matches(signatureOf(x), y, []);
const form = (...args: unknown[]): string => formatSignature(signatureOf(args));

class Model {
  readonly scale: number = 2;
}

describe("two lists of arguments have one form", () => {
  const f = (): number => 1;
  test.each<readonly [string, readonly unknown[], readonly unknown[]]>([
    ["tensors of one shape and dtype", [tensor([1, 2])], [tensor([3, 4])]],
    ["empty tensors of one shape", [ones([2, 0, 3])], [ones([2, 0, 3])]],
    ["structs with one order of keys", [{ a: tensor(1), b: [tensor(2)] }], [{ a: tensor(3), b: [tensor(4)] }]],
    ["a plain object and one without a prototype", [{ a: tensor(1) }], [Object.assign(Object.create(null) as object, { a: tensor(1) })]],
    ["equal numbers, strings, booleans", [2, "axis", true], [2, "axis", true]],
    ["NaN and NaN", [NaN], [NaN]],
    ["one function", [f], [f]],
    ["null and undefined as they are", [null, undefined], [null, undefined]],
    ["equal bigints", [3n], [3n]],
  ])("%s", (_name, x, y) => expect(isSame(x, y)).toBe(true));
});

describe("two lists of arguments have different forms", () => {
  test.each<readonly [string, readonly unknown[], readonly unknown[]]>([
    ["shapes differ", [tensor([1, 2])], [tensor([1, 2, 3])]],
    ["ranks differ", [tensor([1])], [tensor(1)]],
    ["[2, 3] and [3, 2]", [ones([2, 3])], [ones([3, 2])]],
    ["dtypes differ", [tensor([1, 2])], [tensor([1, 2], "float32")]],
    ["bool and int32", [tensor([true])], [tensor([1], "int32")]],
    ["a tensor and a number", [tensor(1)], [1]],
    ["numbers differ", [2], [3]],
    ["0 and −0, which divide otherwise", [0], [-0]],
    ["a number and its text", [2], ["2"]],
    ["null and undefined", [null], [undefined]],
    ["an absent and an undefined argument", [tensor(1)], [tensor(1), undefined]],
    ["a key that is absent and one that is undefined", [{ a: tensor(1) }], [{ a: tensor(1), b: undefined }]],
    ["one key less", [{ a: tensor(1), b: undefined }], [{ a: tensor(1) }]],
    ["keys in another order", [{ a: tensor(1), b: tensor(2) }], [{ b: tensor(2), a: tensor(1) }]],
    ["other keys", [{ a: tensor(1) }], [{ b: tensor(1) }]],
    ["an array and an object with its indices", [[tensor(1)]], [{ 0: tensor(1) }]],
    ["arrays of other lengths", [[tensor(1)]], [[tensor(1), tensor(1)]]],
    ["two functions of one text", [() => 1], [() => 1]],
    ["null and an object", [null], [{}]],
    ["an object and null", [{}], [null]],
    ["an object and a tensor", [{}], [tensor(1)]],
    ["true and 1", [true], [1]],
  ])("%s", (_name, x, y) => {
    expect(isSame(x, y)).toBe(false);
    expect(isSame(x, x)).toBe(true);
    expect(isSame(y, y)).toBe(true);
  });
});

test("leaves come in the order of arguments and keys, and a struct is rebuilt around others", () => {
  const [a, b, c, d, e, f] = [1, 2, 3, 4, 5, 6].map((x) => tensor(x));
  const args = [{ b: [a, 7, b], a: c }, "text", [d]] as const;
  const leaves: Tensor[] = [];
  expect(matches(signatureOf(args), args, leaves)).toBe(true);
  expect(leaves).toEqual([a, b, c, d]);
  expect(rebuild(signatureOf(args), [d, c, e, f])).toEqual([{ b: [d, 7, c], a: e }, "text", [f]]);
  expect(avalsOf(signatureOf([tensor([1], "float32"), [2, tensor(true)]]))).toMatchObject([
    { shape: [1], dtype: "float32" },
    { shape: [], dtype: "bool" },
  ]);
});

test("a form is shown as a person wrote it", () => {
  function activation(): void {}
  expect(
    form(ones([2, 3]), { w: tensor([1], "float32"), scale: 0.5 }, [tensor(true), null], activation, "mean", -0, 3n),
  ).toMatchInlineSnapshot(`"(float64[2, 3], { w: float32[1], scale: 0.5 }, [bool[], null], the function activation, "mean", -0, 3n)"`);
});

test("numbers are found with their places", () => {
  expect(numbersOf(signatureOf([tensor(1), 2, { rate: 0.1, list: [3, { k: 4 }] }]))).toEqual([
    ["argument 1", 2],
    ["argument 2.rate", 0.1],
    ["argument 2.list[0]", 3],
    ["argument 2.list[1].k", 4],
  ]);
});

describe("arguments that are no form", () => {
  const f = jit((x: unknown) => (x instanceof Tensor ? x : tensor(1)));
  const itself: { self?: unknown } = {};
  itself.self = itself;
  test("typed arrays", () => {
    expect(() => f(new Float64Array([1, 2]))).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: jit: argument 0 is not a tensor — a Float64Array of length 2, whose entries may change between calls; wrap it in tensor(…)]`,
    );
    expect(() => f({ w: [new Int32Array(2)] })).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: jit: argument 0.w[0] is not a tensor — an Int32Array of length 2, whose entries may change between calls; wrap it in tensor(…)]`,
    );
    expect(() => f(new DataView(new ArrayBuffer(8)))).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: jit: argument 0 is not a tensor — a DataView of 8 bytes, whose entries may change between calls; wrap it in tensor(…)]`,
    );
  });
  test("structs without end", () =>
    expect(() => f({ a: itself })).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: jit: argument 0.a.self holds itself — a struct that never ends; give plain objects and arrays without cycles]`,
    ));
  test("a struct that occurs twice has an end", () => {
    const twice = { w: tensor([1, 2]) };
    const sum = jit((x: readonly { readonly w: Tensor }[]) => x[0]!.w.add(x[1]!.w));
    expect(sum([twice, twice]).toArray()).toEqual([2, 4]);
    expect(sum([twice, { w: tensor([5, 5]) }]).toArray()).toEqual([6, 7]);
    expect(sum.cache().length).toBe(1);
  });
  test("absent places of arrays are undefined", () => {
    const absent = new Array<unknown>(2);
    absent[1] = tensor(3);
    const second = jit((x: readonly unknown[]) => (x[1] as Tensor).mul(x[0] === undefined ? 2 : 3));
    expect(second(absent).item()).toBe(6);
    expect(second(absent).item()).toBe(6);
    expect(second.cache().length).toBe(1);
  });
});

describe("in jit", () => {
  test("each form is traced once, statics are what they were when it was traced", () => {
    const trace = vi.fn((x: Tensor, options: { readonly scale: number; readonly square: (x: Tensor) => Tensor }) =>
      options.square(x).mul(options.scale),
    );
    const f = jit(trace);
    const square = (x: Tensor): Tensor => x.mul(x);
    const cube = (x: Tensor): Tensor => x.mul(x).mul(x);
    expect(f(tensor([1, 2]), { scale: 2, square }).toArray()).toEqual([2, 8]);
    expect(f(tensor([3, 4]), { scale: 2, square }).toArray()).toEqual([18, 32]);
    expect(f(tensor([3, 4]), { scale: 3, square }).toArray()).toEqual([27, 48]);
    expect(f(tensor([3, 4]), { scale: 3, square: cube }).toArray()).toEqual([81, 192]);
    expect(f(tensor([1, 2]), { scale: 2, square }).toArray()).toEqual([2, 8]);
    expect(trace).toHaveBeenCalledTimes(3);
  });

  test("instances of classes and maps, whose contents may change unseen, are refused", () => {
    const f = jit((_model: unknown, x: Tensor) => x);
    expect(() => f(new Model(), tensor(1))).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: jit: argument 0 is not a plain object — an instance of Model, whose contents may change between calls; pass its tensors in plain objects and arrays]`,
    );
    expect(() => f({ layers: [new Map()] }, tensor(1))).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: jit: argument 0.layers[0] is not a plain object — an instance of Map, whose contents may change between calls; pass its tensors in plain objects and arrays]`,
    );
  });

  test("keys in another order give the same values by another program", () => {
    const f = jit(({ a, b }: { readonly a: Tensor; readonly b: Tensor }) => ({ difference: a.sub(b), a }));
    expect(f({ a: tensor(5), b: tensor(3) }).difference.item()).toBe(2);
    expect(f({ b: tensor(3), a: tensor(5) }).difference.item()).toBe(2);
    expect(f.cache().length).toBe(2);
  });

  test("statics need not be what tensors can be", () => {
    const f = jit((x: Tensor, how: unknown) => (Number.isNaN(how) ? x.neg() : Object.is(how, -0) ? x.div(-0) : x.add(1)));
    expect([f(tensor(1), NaN).item(), f(tensor(1), NaN).item(), f(tensor(1), -0).item(), f(tensor(1), 0).item()]).toEqual([
      -1,
      -1,
      -Infinity,
      2,
    ]);
    expect(f.cache().length).toBe(3);
  });
});
