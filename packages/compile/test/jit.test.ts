// What a person sees of `jit`: cache, warnings, errors, what is captured, what a call leaves alone, and the stages `lower` shows.
import {
  arange,
  cond,
  grad,
  jvp,
  matmul,
  ones,
  random,
  scan,
  tensor,
  type Tensor,
  valueAndGrad,
  vjp,
  vmap,
  where,
  whileLoop,
  zeros,
} from "@cotangent/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { jit } from "../src/index.ts";

const square = (x: Tensor): Tensor => x.mul(x);

/** Entries that can be written, though nobody should. */
const entriesOf = (x: Tensor): Float64Array => x.values as unknown as Float64Array;

afterEach(() => {
  vi.restoreAllMocks();
});

describe("what hardly ever runs", () => {
  test("a product whose zero cotangents meet an infinity is summed again, by a module of its own", () => {
    const [n, k] = [12, 10];
    const last = arange(n).greater(0).reshape([n, 1]);
    const gradient = jit((x: Tensor, y: Tensor) => grad((x: Tensor) => where(last, matmul(x, y), 0).sum())(x));
    const x = ones([n, k]);
    const finite = ones([k, n]);
    const infinite = tensor(
      Float64Array.from({ length: k * n }, (_, i) => (i === 0 ? Infinity : 1)),
      { shape: [k, n] },
    );
    const rowOf = (sums: readonly number[], row: number): readonly number[] => sums.map((sum) => (row === 0 ? 0 : sum));
    const wanted = (sums: readonly number[]) => Array.from({ length: n }, (_, row) => rowOf(sums, row));
    for (const [y, first] of [
      [finite, n],
      [infinite, Infinity],
      [finite, n],
      [infinite, Infinity],
    ] as const)
      expect(gradient(x, y).toArray()).toEqual(wanted(Array.from({ length: k }, (_, i) => (i === 0 ? first : n))));
    const { loops, text } = gradient.lower(x, finite);
    expect(loops).toContain("the product again, where it has NaN");
    expect(text.match(/^\(module/gm)).toHaveLength(2);
    const name = /\(import "late" "(sum\d+)"/.exec(text)?.[1];
    expect(text).toContain(`(export "${name}")`);
  });
});

describe("the cache", () => {
  const shapes = (f: { readonly cache: () => readonly { readonly signature: string }[] }): string[] =>
    f.cache().map(({ signature }) => signature);

  test("lists its programs, the one used last first, with calls, time and memory", () => {
    const f = jit(square);
    expect(f.cache()).toEqual([]);
    for (const n of [1, 2, 3, 1, 1]) f(ones([n]));
    expect(shapes(f)).toEqual(["(float64[1])", "(float64[3])", "(float64[2])"]);
    expect(f.cache().map(({ calls }) => calls)).toEqual([3, 1, 1]);
    for (const { milliseconds, memoryBytes } of f.cache()) {
      expect(milliseconds).toBeGreaterThan(0);
      expect(memoryBytes).toBeGreaterThanOrEqual(16);
    }
  });

  test("holds as many as it may; the one used longest ago goes, and is traced again when it is wanted", () => {
    const trace = vi.fn(square);
    const f = jit(trace, { cacheSize: 2 });
    f(ones([1]));
    f(ones([2]));
    f(ones([1]));
    f(ones([3]));
    expect(shapes(f)).toEqual(["(float64[3])", "(float64[1])"]);
    expect(trace).toHaveBeenCalledTimes(3);
    f(ones([1]));
    expect(trace).toHaveBeenCalledTimes(3);
    expect(f(ones([2]).mul(3)).toArray()).toEqual([9, 9]);
    expect(trace).toHaveBeenCalledTimes(4);
    expect(shapes(f)).toEqual(["(float64[2])", "(float64[1])"]);
  });

  test("64 by default", () => {
    const f = jit(square);
    for (let n = 0; n < 70; n++) f(ones([n]));
    expect(f.cache().length).toBe(64);
    expect(shapes(f)[0]).toBe("(float64[69])");
    expect(shapes(f)[63]).toBe("(float64[6])");
  });

  test("a function that throws while it is traced leaves none, and may be called again", () => {
    let fails = true;
    const f = jit((x: Tensor) => {
      if (fails) throw new Error("not yet");
      return x.mul(2);
    });
    expect(() => f(tensor(1))).toThrow("not yet");
    expect(f.cache()).toEqual([]);
    fails = false;
    expect(f(tensor(1)).item()).toBe(2);
  });

  test("lower makes a program that a call then uses", () => {
    const trace = vi.fn(square);
    const f = jit(trace);
    f.lower(ones([4]));
    expect(f.cache().map(({ calls }) => calls)).toEqual([0]);
    f(ones([4]));
    expect(f.cache().map(({ calls }) => calls)).toEqual([1]);
    expect(trace).toHaveBeenCalledTimes(1);
  });
});

describe("a number that keeps changing", () => {
  test("warns once, at the eighth value, with its place", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const f = jit((x: Tensor, options: { readonly rate: number }) => x.mul(options.rate));
    for (let i = 0; i < 7; i++) f(tensor(1), { rate: i });
    for (let i = 0; i < 7; i++) f(tensor(1), { rate: i });
    expect(warn).not.toHaveBeenCalled();
    for (let i = 7; i < 20; i++) expect(f(tensor(2), { rate: i }).item()).toBe(2 * i);
    expect(warn.mock.calls).toMatchInlineSnapshot(`
      [
        [
          "jit: argument 1.rate has taken 8 different numbers, each of which is traced and compiled anew; pass it as tensor(…)",
        ],
      ]
    `);
  });

  test("says nothing of tensors, nor of numbers that stay", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const f = jit((x: Tensor, n: number) => x.mul(n));
    for (let i = 0; i < 20; i++) f(tensor(i), 3);
    for (let i = 1; i < 20; i++) f(ones([i]), 3);
    expect(warn).not.toHaveBeenCalled();
  });
});

describe("errors", () => {
  test("of the call of jit", () => {
    expect(() => jit(tensor(1) as never)).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: jit: the first argument is not a function — float64[]; give a function of tensors]`,
    );
    expect(() => jit(square, { cache: 3 } as never)).toThrow('jit: unknown option — "cache"; the options are ');
    expect(() => jit(square, { cacheSize: 0 })).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: jit: cacheSize is out of range — 0; give a whole number of at least 1]`,
    );
    expect(() => jit(square, { cacheSize: 2.5 })).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: jit: cacheSize is out of range — 2.5; give a whole number of at least 1]`,
    );
    expect(() => jit(square, { relaxed: 1 } as never)).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: jit: relaxed is out of range — 1; give true or false]`,
    );
    expect(() => jit(square, tensor(1) as never)).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: jit: an argument stands where the options belong — float64[]; write jit(f)(x)]`,
    );
    expect(() => jit(square, null as never)).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: jit: an argument stands where the options belong — null; write jit(f)(x)]`,
    );
  });

  test("of what the function returns", () => {
    expect(() => jit((_x: Tensor) => 3)(tensor(1))).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: jit: the output is not a tensor — 3; give tensors, also in plain objects and arrays]`,
    );
    expect(() => jit((x: Tensor) => ({ x, name: "x" }))(tensor(1))).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: jit: the output.name is not a tensor — "x"; give tensors, also in plain objects and arrays]`,
    );
    expect(() => jit(async (x: Tensor) => x)(tensor(1))).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: jit: the output is not a tensor — a promise; only plain objects and arrays hold tensors, so copy its tensors into one]`,
    );
  });

  test("of a value read inside, with the line that reads it", () => {
    const messageOf = (call: () => unknown): string => {
      try {
        call();
        return "";
      } catch (thrown) {
        return (thrown as Error).message;
      }
    };
    const line = /jit\.test\.ts:\d+/;
    const read = jit((x: Tensor) => (x.sum().item() > 0 ? x : x.neg()));
    expect(messageOf(() => read(ones([2]))).replace(/\(?\S*jit\.test\.ts:\d+(:\d+)?\)?/, "LINE")).toMatchInlineSnapshot(
      `"item: reading a value while tracing on shapes — at LINE, where only shapes are known; return it and read it outside, or use where, cond or whileLoop in place of JavaScript control flow"`,
    );
    expect(messageOf(() => read(ones([2])))).toMatch(line);
    expect(messageOf(() => jit((x: Tensor) => x.mul(x.values[0]!))(ones([2])))).toMatch(line);
  });

  test("of a tensor that an enclosing transform watches", () => {
    const through = (w: Tensor): Tensor => jit((x: Tensor) => x.mul(w))(tensor(2));
    expect(() => grad(through)(tensor(3))).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: jit: the function closes over a tensor that a transform watches — its program would hold on to its value; pass it as an argument]`,
    );
    expect(() => vmap(through)(tensor([3, 4]))).toThrow("closes over");
    expect(() => jit(through)(tensor(3))).toThrow("closes over");
    const two = (v: Tensor, w: Tensor): Tensor => jit((x: Tensor) => x.mul(w).add(v))(tensor(2));
    expect(() => grad(two, { wrt: [0, 1] })(tensor(3), tensor(4))).toThrow("2 tensors that a transform watches");
  });

  test("of shapes are those of the op, and name it", () => {
    const f = jit((x: Tensor, y: Tensor) => matmul(x, y));
    expect(() => f(ones([2, 3]), ones([2, 2]))).toThrow("matmul: inner dimensions differ — [2, 3] · [2, 2], 3 ≠ 2");
    expect(f(ones([2, 3]), ones([3, 2])).toArray()).toEqual([
      [3, 3],
      [3, 3],
    ]);
  });
});

describe("what a call leaves alone", () => {
  test.each([3, 1000])("inputs of %d entries", (n) => {
    const x = arange(n).cast("float64");
    const before = [...x.values];
    const f = jit((x: Tensor) => [x.mul(2), x.neg(), x.add(x), x.sum()]);
    for (let i = 0; i < 3; i++) f(x);
    expect([...x.values]).toEqual(before);
  });

  test.each([3, 1000])("outputs of %d entries are nobody else's: what is written into one shows nowhere", (n) => {
    const kept = arange(n).add(0.5);
    const x = arange(n).cast("float64");
    const f = jit((x: Tensor) => ({ same: x, again: x, doubled: x.mul(2), kept, constant: zeros([n]), view: x.reshape([n, 1]) }));
    const first = f(x);
    const wanted = Object.values(first).map((y) => [...y.values]);
    for (const y of Object.values(first)) entriesOf(y).fill(NaN);
    expect([...x.values]).toEqual(arange(n).toArray());
    expect([...kept.values]).toEqual(arange(n).add(0.5).toArray());
    expect(Object.values(f(x)).map((y) => [...y.values])).toEqual(wanted);
    expect(Object.values(f(x.mul(1))).map((y) => [...y.values])).toEqual(wanted);
  });

  test("earlier results stay what they were", () => {
    const f = jit((x: Tensor) => x.mul(2));
    const results = Array.from({ length: 5 }, (_, i) => f(ones([1000]).mul(i)));
    results.forEach((y, i) => expect([y.values[0], y.values[999]]).toEqual([2 * i, 2 * i]));
  });
});

describe("an argument that is the same tensor as before", () => {
  const [a, b, c] = [1, 2, 3].map((k) => arange(1000).add(k)) as [Tensor, Tensor, Tensor];
  const wanted = (x: Tensor, y: Tensor): number =>
    Array.from(x.values, (entry, i) => entry - 2 * y.values[i]!).reduce((sum, entry) => sum + entry);

  test("gives the right result however arguments change back and forth", () => {
    const f = jit((x: Tensor, y: Tensor) => x.sub(y.mul(2)).sum());
    const orders = [a, b, c].flatMap((x) => [a, b, c].flatMap((y) => [a, b, c].map((z) => [x, y, z] as const)));
    for (const [x, y, z] of orders)
      for (const [p, q] of [
        [x, y],
        [x, y],
        [y, x],
        [z, y],
        [z, z],
        [x, z],
      ] as const)
        expect(f(p, q).item()).toBe(wanted(p, q));
  });

  test("the memory it was copied to is not used for anything else", () => {
    const f = jit((x: Tensor, y: Tensor) => {
      let z = x.mul(y);
      for (let i = 0; i < 6; i++) z = z.sin().add(z.mul(y)).sub(x);
      return [z, z.sum(), z.reshape([10, 100]).transpose().mul(2)];
    });
    const first = f(a, b).map((z) => [...z.values]);
    for (let i = 0; i < 3; i++) expect(f(a, b).map((z) => [...z.values])).toEqual(first);
    f(c, b);
    expect(f(a, b).map((z) => [...z.values])).toEqual(first);
  });

  test("also while other functions run, memory grows and calls fail in between", () => {
    const f = jit((x: Tensor) => x.mul(2).sum());
    const limited = jit((x: Tensor) =>
      whileLoop(
        (y: Tensor) => y.sum().less(1e9),
        (y) => y.add(1),
        x,
        { maxSteps: 3 },
      ),
    );
    const sum = f(a).item();
    for (let i = 1; i <= 4; i++) {
      jit((x: Tensor) => x.add(i).sum())(ones([200_000 * i]));
      expect(() => limited(a)).toThrow("maxSteps");
      expect(f(a).item()).toBe(sum);
    }
  });

  test("in a transform and outside, by one program", () => {
    const f = jit((x: Tensor) => x.mul(x).sum());
    const value = f(a).item();
    expect(jvp(f)([a], [b])[0].item()).toBe(value);
    expect(valueAndGrad(f)(b)[0].item()).toBe(b.mul(b).sum().item());
    expect(f(a).item()).toBe(value);
  });
});

describe("a call that fails", () => {
  /** Doubles, and then counts up to 10, which fails from below 5. */
  const f = (x: Tensor, n: Tensor): readonly Tensor[] => {
    const y = x.mul(2);
    const count = whileLoop(
      (m: Tensor) => m.less(10),
      (m) => m.add(1),
      n.add(y.sum().mul(0)),
      { maxSteps: 5 },
    );
    return [y, count];
  };

  test("leaves what was returned before as it was, donated or not", () => {
    const keeping = jit(f, { donate: [1] });
    const [y] = keeping(ones([4]), tensor(9)) as [Tensor, Tensor];
    expect(() => keeping(y, tensor(0))).toThrow("maxSteps");
    expect(keeping(y, tensor(9))[0]!.toArray()).toEqual([4, 4, 4, 4]);
    expect(y.toArray()).toEqual([2, 2, 2, 2]);

    const giving = jit(f, { donate: [0] });
    const [given] = giving(ones([4]), tensor(9)) as [Tensor, Tensor];
    expect(() => giving(given, tensor(0))).toThrow("maxSteps");
    expect(() => giving(given, tensor(9))).toThrow("was donated");
    expect(giving(ones([4]).mul(3), tensor(9))[0]!.toArray()).toEqual([6, 6, 6, 6]);
  });
});

describe("captured tensors", () => {
  test("are listed, and are those of the time of tracing", () => {
    const weights = [random.normal(random.key(1), [3, 4]), ones([5], "float32")] as const;
    let factor = 2;
    const f = jit((x: Tensor) => [matmul(x, weights[0]), weights[1].mul(factor)]);
    const before = f(ones([2, 3]))[1]!.toArray();
    expect(f.lower(ones([2, 3])).captured).toEqual(["float64[3, 4]", "float32[5]"]);
    factor = 3;
    expect(f(ones([2, 3]))[1]!.toArray()).toEqual(before);
  });

  test("none where everything is an argument", () => {
    expect(jit((x: Tensor, y: Tensor) => matmul(x, y)).lower(ones([2, 3]), ones([3, 2])).captured).toEqual([]);
  });
});

describe("lower", () => {
  const model = jit((w: Tensor, x: Tensor, y: Tensor) =>
    valueAndGrad((w: Tensor) => {
      const z = matmul(x, w);
      return z.softplus().sub(y.mul(z)).mean();
    })(w),
  );
  const args = [ones([5]), random.normal(random.key(1), [40, 5]), ones([40])] as const;
  const lowering = model.lower(...args);

  test("shows every stage", () => {
    expect(lowering.target).toMatch(/^WebAssembly with vectors of 128 bits/);
    expect(lowering.graph).toContain("softplus");
    expect(lowering.graph).toContain("float64[40, 5]");
    for (const stage of [lowering.simplified, lowering.loops, lowering.memory]) expect(stage.split("\n").length).toBeGreaterThan(2);
    expect(lowering.text).toMatch(/^\(module/);
    expect(lowering.text).toContain("v128.load");
    expect(lowering.codeBytes).toBeGreaterThan(500);
    expect(lowering.memoryBytes).toBeGreaterThan((5 + 200 + 40) * 8);
    expect(lowering.milliseconds).toBeGreaterThan(0);
  });

  test("no stage shows an object or a number that is none", () => {
    for (const stage of [lowering.graph, lowering.simplified, lowering.loops, lowering.memory, lowering.text]) {
      expect(stage).not.toMatch(/\[object|undefined|NaN/);
      expect(stage).not.toMatch(/[ \t]$/m);
    }
  });

  test("loops stay loops", () => {
    const long = (n: number): number =>
      jit((x: Tensor) => scan((c: Tensor) => [c.mul(0.9).add(0.1), null], x, null, { length: n })[0]).lower(tensor(1)).codeBytes;
    expect(long(100_000)).toBeLessThan(long(10) + 16);
    const { loops } = jit((x: Tensor) =>
      cond(
        x.sum().less(0),
        (x) => scan((c: Tensor, v: Tensor) => [c.add(v), c], tensor(0), x)[1],
        (x) => x.neg(),
        x,
      ),
    ).lower(ones([7]));
    expect(loops).toMatch(/loop 7 times/);
    expect(loops).toMatch(/\bif\b/);
  });
});

describe("sizes and forms of results", () => {
  test("nothing, scalars, empty tensors and structs come back as they are returned", () => {
    const f = jit((x: Tensor) => ({
      none: null,
      list: [x.sum(), x],
      empty: zeros([0, 2]),
      deep: { flag: x.less(2), n: tensor(3, "int32") },
    }));
    const { none, list, empty, deep } = f(tensor([1, 2]));
    expect(none).toBeNull();
    expect(list.map((x) => x.toArray())).toEqual([3, [1, 2]]);
    expect([empty.shape, empty.dtype]).toEqual([[0, 2], "float64"]);
    expect([deep.flag.dtype, deep.flag.toArray(), deep.n.dtype, deep.n.item()]).toEqual(["bool", [true, false], "int32", 3]);
  });

  test("a function of nothing", () => {
    const f = jit(() => ones([3]).mul(2));
    expect(f().toArray()).toEqual([2, 2, 2]);
    expect(f().toArray()).toEqual([2, 2, 2]);
    expect(f.cache().map(({ signature, calls }) => [signature, calls])).toEqual([["()", 2]]);
  });

  test("a result that is a number in memory and a tensor outside has no origin", () => {
    const y = jit(square)(tensor(3));
    expect(y.item()).toBe(9);
    expect(grad((x: Tensor) => x.mul(y))(tensor(2)).item()).toBe(9);
  });
});

describe("windows that do not overlap", () => {
  test("get their cotangents back in one pass, zeros with the signs they have op by op", () => {
    const [x, g] = [
      arange(24).reshape([1, 1, 4, 6]),
      tensor([
        [0.5, -0, 2],
        [-0, -3, 0],
      ]),
    ];
    const f = (x: Tensor, g: Tensor): Tensor => vjp((x: Tensor) => x.maxPool({ window: 2 }))(x).pullback(g.reshape([1, 1, 2, 3]));
    const { values } = jit(f)(x, g);
    expect(Array.from(values, Math.abs)).toEqual([0, 0, 0, 0, 0, 0, 0, 0.5, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0]);
    expect(values).toEqual(f(x, g).values);
    expect(jit(f).lower(x, g).loops).not.toMatch(/fill/);
  });
});
