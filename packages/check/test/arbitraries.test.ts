// What the arbitraries draw is valid, and stays so in every step of shrinking; planted mistakes shrink to the smallest tensors that show
// them; a seed and a path replay. References are definitions written out on plain numbers.
import {
  awayFrom,
  axes,
  axis,
  broadcastableShapes,
  directions,
  einsumShapes,
  type ExpressionGraph,
  expressionGraphs,
  indices,
  mutuallyBroadcastable,
  oneHot,
  operands,
  positiveDefinite,
  probabilities,
  shapes,
  simplex,
  size,
  sized,
  sourceOf,
  tensors,
  wellSeparated,
  withDirections,
} from "@cotangent/check";
import * as core from "@cotangent/core";
import { type DType, einsum, full, jvp, log, matmul, type Shape, sum, type Tensor, tensor, transpose, vjp, zeros } from "@cotangent/core";
import { evaluate, nonzero, positive, real, recordFunction, reals, replay, toSystem } from "@cotangent/core/engine";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const seed = (fc.readConfigureGlobal()?.seed ?? Date.now()) | 0;

const entriesOf = (x: Tensor): number[] => Array.from(x.values);

/** The number from 0 to 1 that a text hashes to. */
function hash(text: string): number {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return ((h ^ (h >>> 15)) >>> 0) / 2 ** 32;
}

/** Holds draws against `valid`, and everything that shrinking tries on the way down from failures at random. */
function expectAlways<T>(arbitrary: fc.Arbitrary<T>, valid: (value: T) => boolean): void {
  const bad: string[] = [];
  for (let attempt = 0; attempt < 12; attempt++) {
    const share = attempt < 3 ? 0 : attempt / 13;
    const property = fc.property(arbitrary, (value) => {
      if (!valid(value)) bad.push(fc.stringify(value));
      return hash(fc.stringify(value) + attempt) >= share;
    });
    fc.check(property, { numRuns: 60, seed: seed + attempt });
  }
  expect(bad.slice(0, 3)).toEqual([]);
}

/** The counterexamples that several seeds shrink to, as fast-check prints them, and how often the property ran on the way in the mean. */
function shrunk<T>(
  arbitrary: fc.Arbitrary<T>,
  holds: (value: T) => boolean,
  seeds = 10,
): { readonly found: string[]; readonly runs: number } {
  const found = new Set<string>();
  let runs = 0;
  for (let i = 0; i < seeds; i++) {
    let first: boolean | undefined;
    const property = fc.property(arbitrary, (value) => {
      const good = holds(value);
      if (!good) first = true;
      if (first) runs++;
      return good;
    });
    const outcome = fc.check(property, { seed: seed + i, numRuns: 5000 });
    found.add(outcome.failed ? fc.stringify(outcome.counterexample![0]) : "none");
  }
  return { found: [...found].sort(), runs: runs / seeds };
}

const some = (x: Tensor, is: (entry: number) => boolean): boolean => entriesOf(x).some(is);
const every = (x: Tensor, is: (entry: number) => boolean): boolean => entriesOf(x).every(is);

describe("what is drawn, and tried while shrinking, is what was asked for", () => {
  it("shapes, ranks and sides", () => {
    expectAlways(
      tensors({ rank: [1, 2], side: [2, 4] }),
      (x) => x.rank >= 1 && x.rank <= 2 && x.shape.every((side) => side >= 2 && side <= 4),
    );
    expectAlways(tensors({ shape: [2, "n", "n", 3], side: [0, 3] }), ({ shape: [a, b, c, d] }) => a === 2 && d === 3 && b === c && b! <= 3);
    expectAlways(tensors({ shape: ["...batch", "n"], rank: 3 }), (x) => x.rank === 3);
    expectAlways(
      shapes({ rank: [2, 4], side: [0, 2] }),
      (shape) => shape.length >= 2 && shape.length <= 4 && shape.every((side) => side <= 2),
    );
  });

  it.each<DType>(["float64", "float32", "int32", "bool"])("entries of dtype %s", (dtype) => {
    expectAlways(tensors({ dtype }), (x) => x.dtype === dtype && every(x, Number.isFinite) && !some(x, (entry) => Object.is(entry, -0)));
  });

  it("domains, open and closed ends, exceptions, magnitudes", () => {
    expectAlways(tensors({ domain: positive }), (x) => every(x, (entry) => entry > 0));
    expectAlways(tensors({ domain: log.row.domain![0]! }), (x) => every(log(x), Number.isFinite));
    expectAlways(tensors({ domain: nonzero, margin: 0.5 }), (x) => every(x, (entry) => Math.abs(entry) >= 0.5));
    expectAlways(tensors({ domain: [-2, 3.5], dtype: "float32" }), (x) => every(x, (entry) => entry >= -2 && entry <= 3.5));
    expectAlways(tensors({ domain: [1e-3, 2e-3] }), (x) => every(x, (entry) => entry >= 1e-3 && entry <= 2e-3));
    expectAlways(tensors({ domain: [5, 9], dtype: "int32" }), (x) => every(x, (entry) => entry >= 5 && entry <= 9));
    expectAlways(tensors({ magnitude: [1e-300, 1e-200] }), (x) =>
      every(x, (entry) => Math.abs(entry) >= 1e-300 && Math.abs(entry) <= 1e-200),
    );
    expectAlways(probabilities(), (x) => every(x, (entry) => entry >= 0 && entry <= 1));
    expectAlways(probabilities({ interior: true }), (x) => every(x, (entry) => entry > 0 && entry < 1));
    expectAlways(awayFrom([0, 3], { margin: 0.2 }), (x) => every(x, (entry) => Math.abs(entry) >= 0.2 && Math.abs(entry - 3) >= 0.6));
    expectAlways(awayFrom("integers"), (x) => every(x, (entry) => Math.abs(entry - Math.round(entry)) >= 0.05));
    expectAlways(awayFrom("halves", { domain: [0, 2] }), (x) =>
      every(x, (entry) => Math.abs(entry - 0.5) >= 0.05 && Math.abs(entry - 1.5) >= 0.05),
    );
  });

  it("separated and unique entries", () => {
    const gap = (x: Tensor): number =>
      entriesOf(x)
        .sort((a, b) => a - b)
        .reduce((least, entry, i, all) => (i === 0 ? least : Math.min(least, entry - all[i - 1]!)), Infinity);
    expectAlways(wellSeparated(), (x) => gap(x) >= 0.0999);
    expectAlways(wellSeparated({ separation: 3, dtype: "float32" }), (x) => gap(x) >= 2.999);
    expectAlways(wellSeparated({ domain: [0, 1] }), (x) => gap(x) >= Math.min(0.0999, 0.2499 / x.size));
    expectAlways(wellSeparated({ domain: positive }), (x) => gap(x) >= 0.0999 && every(x, (entry) => entry > 0));
    expectAlways(tensors({ unique: true }), (x) => new Set(x.values).size === x.size);
    expectAlways(tensors({ unique: true, dtype: "int32", shape: ["n"], side: [1, 8] }), (x) => new Set(x.values).size === x.size);
  });

  it("rows of the simplex sum to 1 in any order, one-hot rows have one 1", () => {
    const rows = (x: Tensor): number[][] =>
      Array.from({ length: x.size / x.shape.at(-1)! }, (_, i) => entriesOf(x).slice(i * x.shape.at(-1)!, (i + 1) * x.shape.at(-1)!));
    const total = (row: readonly number[], order: (a: number, b: number) => number): number =>
      row.toSorted(order).reduce((sofar, entry) => sofar + entry, 0);
    const onSimplex = (row: readonly number[]): boolean =>
      row.every((entry) => entry >= 0) && total(row, (a, b) => a - b) === 1 && total(row, (a, b) => b - a) === 1;
    expectAlways(simplex(), (x) => x.rank === 1 && rows(x).every(onSimplex));
    expectAlways(simplex({ shape: ["...", "classes"], side: [1, 7] }), (x) => rows(x).every(onSimplex));
    expectAlways(simplex({ rank: [1, 3], interior: true }), (x) =>
      rows(x).every((row) => onSimplex(row) && row.every((entry) => entry >= 1 / (128 * row.length))),
    );
    expectAlways(simplex({ dtype: "float32", shape: [2, "k"] }), (x) =>
      rows(x).every((row) => onSimplex(row) && row.map(Math.fround).reduce((a, b) => Math.fround(a + b), 0) === 1),
    );
    expectAlways(oneHot({ shape: ["m", "k"], dtype: "int32" }), (x) =>
      rows(x).every(
        (row) => row.filter((entry) => entry === 1).length === 1 && row.filter((entry) => entry === 0).length === row.length - 1,
      ),
    );
  });

  it("positive definite matrices: symmetric, all leading minors positive", () => {
    const minors = (a: readonly (readonly number[])[]): number[] =>
      a.map((_, k) => determinant(a.slice(0, k + 1).map((row) => row.slice(0, k + 1))));
    const definite = (a: readonly (readonly number[])[]): boolean =>
      a.every((row, i) => row.every((entry, j) => entry === a[j]![i])) && minors(a).every((minor) => minor > 0);
    expectAlways(positiveDefinite(), (x) => definite(x.toArray() as number[][]));
    expectAlways(positiveDefinite({ shape: ["b", "n", "n"], side: [1, 3] }), (x) => (x.toArray() as number[][][]).every(definite));
    expectAlways(positiveDefinite({ dtype: "float32", shape: [3, 3], condition: 1000 }), (x) => definite(x.toArray() as number[][]));
  });

  it("named sizes agree, also of indices, axes, sizes and tensors like another", () => {
    const struct = sized(
      {
        data: { X: tensors({ shape: ["m", "p"] }), y: tensors({ shape: ["m"], domain: [0, 1] }) },
        list: [tensors({ shape: ["p"] }), tensors({ like: "data.X", dtype: "float32" })],
        m: size("m"),
        rows: indices("m", { shape: ["k"], negative: true }),
        sequence: tensors({ shape: ["...batch", "p"] }),
        along: axes("sequence", { count: [1, 2], negative: true }),
        one: axis("data.X"),
        word: fc.constantFrom("mean", "sum"),
      },
      { m: [1, 6], p: [0, 3], "...batch": { rank: [0, 2], side: 2 } },
    );
    expectAlways(struct, ({ data: { X, y }, list: [theta, like], m, rows, sequence, along, one, word }) => {
      const [rowsOfX, p] = X.shape;
      const positions = along.map((at) => (at < 0 ? at + sequence.rank : at));
      return (
        rowsOfX === m &&
        y.shape[0] === m &&
        theta!.shape[0] === p &&
        like!.shape.join() === X.shape.join() &&
        m <= 6 &&
        p! <= 3 &&
        every(rows, (i) => i >= -m && i < m) &&
        sequence.shape.at(-1) === p &&
        sequence.rank <= 3 &&
        sequence.shape.slice(0, -1).every((side) => side === 2) &&
        positions.length >= 1 &&
        positions.length <= 2 &&
        new Set(positions).size === positions.length &&
        positions.every((at) => at >= 0 && at < sequence.rank) &&
        (one === 0 || one === 1) &&
        ["mean", "sum"].includes(word)
      );
    });
  });

  it("arbitraries of several tensors stand in structs too; open shapes are each tensor's own", () => {
    const struct = sized({ pair: operands("(m,n),(n)->(m)"), y: tensors({ shape: ["m"] }), free: [tensors(), tensors()] });
    expectAlways(struct, ({ pair: [x, v], y }) => x!.shape.at(-2) === y.shape[0] && x!.shape.at(-1) === v!.shape.at(-1));
    const free = fc.sample(struct, { seed, numRuns: 50 }).map((one) => one.free);
    expect(free.some(([x, y]) => x!.shape.join() !== y!.shape.join())).toBe(true);
  });

  it("distinct sizes stay distinct", () => {
    const struct = sized(
      { x: tensors({ shape: ["a", "b"] }), y: tensors({ shape: ["b", "c"] }) },
      { a: [1, 3], b: [1, 3], c: [1, 3] },
      { distinct: true },
    );
    expectAlways(struct, ({ x, y }) => new Set([...x.shape, ...y.shape]).size === 3);
    expectAlways(einsumShapes("bij,bjk->bik"), ({ inputs: [x, y], output }) => {
      const [[b, i, j], [b2, j2, k]] = [x!, y!];
      return b === b2 && j === j2 && new Set([b, i, j, k]).size === 4 && output.join() === [b, i, k].join();
    });
  });

  it("shapes that broadcast, by NumPy's rule written out", () => {
    const broadcast = (list: readonly Shape[]): Shape => {
      const rank = Math.max(...list.map((shape) => shape.length));
      return Array.from({ length: rank }, (_, axis) => {
        const sides = list.map((shape) => shape[axis - rank + shape.length] ?? 1);
        const long = sides.find((side) => side !== 1) ?? 1;
        if (sides.some((side) => side !== 1 && side !== long)) throw new Error(`${sides}`);
        return long;
      });
    };
    expectAlways(
      broadcastableShapes([2, 1, 3], { rank: [0, 5] }),
      (shape) => shape.length <= 5 && broadcast([shape, [2, 1, 3]]).length >= 3,
    );
    expectAlways(
      mutuallyBroadcastable(3, { rank: [0, 4], side: [0, 3] }),
      ({ inputs, output }) => inputs.length === 3 && broadcast(inputs).join() === output.join(),
    );
    expectAlways(mutuallyBroadcastable("(m,n),(n,p)->(m,p)"), ({ inputs: [x, y], output }) => {
      const loop = broadcast([x!.slice(0, -2), y!.slice(0, -2)]);
      return x!.at(-1) === y!.at(-2) && output.join() === [...loop, x!.at(-2), y!.at(-1)].join();
    });
    expectAlways(mutuallyBroadcastable("(3),(3)->(3)"), ({ inputs }) => inputs.every((shape) => shape.at(-1) === 3));
    expectAlways(
      mutuallyBroadcastable("(m?,n),(n,p?)->(m?,p?)", { rank: 0 }),
      ({ inputs: [x, y], output }) => output.length === x!.length + y!.length - 2,
    );
    expectAlways(
      mutuallyBroadcastable("a...,...b"),
      ({ inputs: [x, y], output }) => output.join() === [...broadcast([x!.slice(1), y!.slice(0, -1)]), x![0], y!.at(-1)].join(),
    );
  });

  it("operands fit the op they are drawn for", () => {
    expectAlways(
      operands("(m,n),(n,p)->(m,p)", { domain: [0, 1] }),
      ([x, y]) => matmul(x!, y!).rank >= 2 && every(x!, (entry) => entry <= 1),
    );
    expectAlways(operands("bij,bjk->bik"), ([x, y]) => einsum("bij,bjk->bik", x!, y!).rank === 3);
    expectAlways(operands("ii,i"), ([x, y]) => x!.shape.join() === `${y!.shape[0]},${y!.shape[0]}`);
    expectAlways(operands(2, { separation: 0.5 }), ([x, y]) => x!.add(y!).rank === Math.max(x!.rank, y!.rank));
  });

  it("axes of a rank or a shape are distinct and in range", () => {
    const distinct = (list: readonly number[], rank: number): boolean =>
      new Set(list.map((at) => (at < 0 ? at + rank : at))).size === list.length && list.every((at) => at >= -rank && at < rank);
    expectAlways(axes(4, { negative: true }), (list) => distinct(list, 4));
    expectAlways(axes([2, 3], { count: 1 }), (list) => list.length === 1 && distinct(list, 2));
    expectAlways(axes(3, { count: [2, 3] }), (list) => list.length >= 2 && distinct(list, 3));
    expectAlways(axis(3), (at) => at >= 0 && at < 3);
  });

  it("indices stay below their size, all different if asked", () => {
    expectAlways(indices(4, { negative: true }), (x) => x.dtype === "int32" && every(x, (i) => i >= -4 && i < 4));
    expectAlways(indices(9, { shape: ["k"], unique: true, side: [1, 4] }), (x) => new Set(x.values).size === x.size);
  });

  it("tangents have the shapes of the arguments, cotangents those of the output", () => {
    const f = (x: { w: Tensor; n: number }, y: Tensor): { z: Tensor; t: Tensor } => ({ z: matmul(x.w, y), t: sum(y) });
    expectAlways(
      withDirections(f, [{ w: tensors({ shape: ["m", "n"] }), n: size("n") }, tensors({ shape: ["n", 2], dtype: "float32" })]),
      ({ primals: [x, y], tangents: [t, u], cotangent }) =>
        t.w.shape.join() === x.w.shape.join() &&
        u.shape.join() === y.shape.join() &&
        u.dtype === "float32" &&
        cotangent.z.shape.join() === `${x.n && x.w.shape[0]},2` &&
        cotangent.t.rank === 0,
    );
    expect(
      fc
        .sample(directions({ shape: [3] }), { seed, numRuns: 50 })
        .every((u) => every(u, (entry) => Math.abs(entry) >= 0.5 && Math.abs(entry) <= 1.5)),
    ).toBe(true);
  });

  it("the directions test the adjoint identity ⟨g, Jt⟩ = ⟨Jᵀg, t⟩", () => {
    const f = (x: Tensor, y: Tensor): Tensor => matmul(x, y).square();
    const problem = withDirections(f, [tensors({ shape: ["m", "k"], domain: [-2, 2] }), tensors({ shape: ["k", "n"], domain: [-2, 2] })]);
    fc.assert(
      fc.property(problem, ({ primals, tangents, cotangent }) => {
        const pushed = jvp(f)(primals, tangents)[1];
        const pulled = vjp(f, { wrt: [0, 1] })(...primals).pullback(cotangent) as unknown as Tensor[];
        const left = sum(cotangent.mul(pushed)).item();
        const right = tangents.reduce((total, t, i) => total + sum(t.mul(pulled[i]!)).item(), 0);
        expect(Math.abs(left - right)).toBeLessThanOrEqual(1e-10 * (1 + Math.abs(left)));
      }),
    );
  });
});

function determinant(a: readonly (readonly number[])[]): number {
  if (a.length === 0) return 1;
  return a[0]!.reduce(
    (total, entry, j) => total + (j % 2 === 0 ? 1 : -1) * entry * determinant(a.slice(1).map((row) => row.toSpliced(j, 1))),
    0,
  );
}

describe("edge values appear", () => {
  const drawn = (arbitrary: fc.Arbitrary<Tensor>): Set<number> => new Set(fc.sample(arbitrary, { seed, numRuns: 400 }).flatMap(entriesOf));
  it.each<[string, fc.Arbitrary<Tensor>, readonly number[]]>([
    ["0, ±1 and the usual sizes", tensors(), [0, 1, -1, 10, -10, 0.01]],
    ["the ends of an interval", tensors({ domain: [-0.3, 0.7] }), [-0.3, 0.7]],
    ["−0 if asked", tensors({ negativeZero: true }), [-0]],
    ["NaN and infinities if asked", tensors({ nonFinite: true }), [NaN, Infinity, -Infinity]],
    ["huge and tiny if asked", tensors({ magnitude: [1e-308, 1e308] }), [1e-308, 1e308, -1e308]],
    ["the ends of int32", tensors({ dtype: "int32" }), [-(2 ** 31), 2 ** 31 - 1, 0]],
  ])("%s", (_name, arbitrary, wanted) => {
    const entries = [...drawn(arbitrary)];
    for (const edge of wanted)
      expect(entries.some((entry) => (edge === 0 && !Object.is(edge, -0) ? entry === 0 : Object.is(entry, edge) || entry === edge))).toBe(
        true,
      );
  });

  it("−0, infinities and NaN only if asked", () => {
    const entries = fc.sample(tensors(), { seed, numRuns: 400 }).flatMap(entriesOf);
    expect(entries.some((entry) => Object.is(entry, -0) || !Number.isFinite(entry))).toBe(false);
    expect(
      fc
        .sample(tensors({ negativeZero: true }), { seed, numRuns: 400 })
        .flatMap(entriesOf)
        .some((entry) => Object.is(entry, -0)),
    ).toBe(true);
  });

  it("magnitudes are log-uniform: as many in each factor of ten", () => {
    const entries = fc
      .sample(fc.noBias(tensors({ shape: [100], magnitude: [1e-4, 1e4] })), { seed, numRuns: 200 })
      .flatMap(entriesOf)
      .filter((entry) => !Number.isInteger(10 * entry));
    for (let power = -4; power < 4; power++) {
      const share =
        entries.filter((entry) => Math.abs(entry) >= 10 ** power && Math.abs(entry) < 10 ** (power + 1)).length / entries.length;
      expect(share).toBeGreaterThan(0.04);
      expect(share).toBeLessThan(0.22);
    }
  });

  it("scalars, single entries, long sides and, if allowed, empty tensors", () => {
    const all = fc.sample(tensors({ side: [0, 7] }), { seed, numRuns: 300 });
    for (const is of [
      (x: Tensor) => x.rank === 0,
      (x: Tensor) => x.size === 0,
      (x: Tensor) => x.size === 1 && x.rank > 0,
      (x: Tensor) => x.shape.includes(7),
      (x: Tensor) => x.rank === 3,
    ])
      expect(all.some(is)).toBe(true);
    expect(fc.sample(tensors(), { seed, numRuns: 300 }).every((x) => x.size > 0)).toBe(true);
  });
});

describe("counterexamples are small", () => {
  it("any failure at all shrinks to the simplest tensor there is", () => {
    expect(shrunk(tensors(), () => false)).toEqual({ found: ["tensor(0)"], runs: expect.closeTo(2, -1) });
    expect(shrunk(tensors({ rank: [1, 3] }), () => false).found).toEqual(["tensor([0])"]);
    expect(shrunk(tensors({ shape: [2, "n"], domain: positive }), () => false).found).toEqual(["tensor([[1], [1]])"]);
  });

  it("what a chain of shape and entries leaves as [2, 2, 3] shrinks to one entry", () => {
    expect(shrunk(tensors({ rank: [1, 3] }), (x) => some(x, (entry) => entry <= 2) || x.size === 0).found).toEqual(["tensor([3])"]);
  });

  it.each<[string, (x: Tensor) => boolean, readonly string[]]>([
    ["an entry above 2 in a matrix", (x) => !(x.rank === 2 && some(x, (entry) => entry > 2)), ["tensor([[3]])"]],
    ["an entry between 0 and 0.05", (x) => !some(x, (entry) => entry > 0 && entry < 0.05), ["tensor(0.01)"]],
    ["an entry above e", (x) => !some(x, (entry) => entry > Math.E), ["tensor(3)"]],
    ["an entry that is no half", (x) => !some(x, (entry) => !Number.isInteger(2 * entry)), ["tensor(0.1)"]],
    ["a negative entry", (x) => !some(x, (entry) => entry < 0), ["tensor(-1)"]],
    ["a sum above 10", (x) => sum(x).item() <= 10, ["tensor(20)"]],
    [
      "a tie",
      (x) => new Set(entriesOf(x).filter((entry) => entry !== 0)).size === entriesOf(x).filter((entry) => entry !== 0).length,
      ["tensor([1, 1])"],
    ],
    ["a last axis of three", (x) => !(x.shape[2]! >= 3), ["tensor([[[0, 0, 0]]])"]],
    ["a descent", (x) => entriesOf(x).every((entry, i, all) => i === 0 || entry >= all[i - 1]!), ["tensor([0, -1])", "tensor([1, 0])"]],
  ])("%s", (_name, holds, wanted) => {
    const { found, runs } = shrunk(tensors(), holds);
    expect(wanted).toEqual(expect.arrayContaining(found));
    expect(runs).toBeLessThan(400);
  });

  it("inside their domains", () => {
    expect(shrunk(probabilities({ interior: true }), (x) => every(x, (entry) => entry < 0.97)).found).toEqual(["tensor(0.97)"]);
    expect(shrunk(simplex({ shape: ["m", "k"] }), (x) => every(x, (entry) => entry === 0 || entry === 1 || entry > 0.4)).found).toEqual([
      "tensor([[0.75, 0.25]])",
    ]);
    expect(shrunk(oneHot({ shape: ["m", "k"] }), (x) => !(x.shape[1]! > 1 && x.values.at(-1) === 1)).found).toEqual(["tensor([[0, 1]])"]);
    expect(shrunk(wellSeparated({ shape: ["n"] }), (x) => every(x, (entry) => entry <= (x.values[0] as number))).found).toEqual([
      "tensor([0, 1])",
    ]);
    expect(shrunk(wellSeparated({ shape: ["n"], domain: [0, 1] }), (x) => x.size < 3).found).toEqual(["tensor([0, 0.5, 1])"]);
    expect(shrunk(tensors({ dtype: "float32", shape: ["n"] }), (x) => every(x, (entry) => Number.isInteger(2 * entry))).found).toEqual([
      'tensor([0.1], "float32")',
    ]);
    expect(shrunk(tensors({ magnitude: [1e-300, 1e300] }), (x) => every(x, (entry) => entry < 1e155)).found).toEqual(["tensor(1e+155)"]);
    const { found } = shrunk(positiveDefinite(), (x) => x.shape[0]! < 2 || x.values[1] === 0);
    expect(["tensor([[1, 0.5], [0.5, 1]])", "tensor([[1, 1], [1, 2]])", "tensor([[2, 1], [1, 1]])"]).toEqual(expect.arrayContaining(found));
  });

  const problem = sized(
    { X: tensors({ shape: ["m", "p"] }), theta: tensors({ shape: ["p"] }), y: tensors({ shape: ["m"], domain: [0, 1] }) },
    { m: [1, 8], p: [0, 4] },
  );
  type Problem = ReturnType<typeof problem.generate>["value"];
  const residual = ({ X, theta, y }: Problem): Tensor => matmul(X, theta).sub(y);
  const gradient = (given: Problem): Tensor => matmul(transpose(given.X), residual(given)).div(given.X.shape[0]!);
  const close = (x: Tensor, y: Tensor): boolean => every(x.sub(y), (entry) => Math.abs(entry) < 1e-9);

  it.each<[string, (given: Problem) => Tensor, number]>([
    ["a forgotten 1/m", (given) => matmul(transpose(given.X), residual(given)), 2],
    [
      "X for Xᵀ where it fits",
      (given) => (given.X.shape[0] === given.X.shape[1] ? matmul(given.X, residual(given)).div(given.X.shape[0]!) : gradient(given)),
      2,
    ],
    ["a flipped sign", (given) => gradient(given).neg(), 1],
    ["h for h − y", (given) => matmul(transpose(given.X), matmul(given.X, given.theta)).div(given.X.shape[0]!), 1],
  ])("%s in a gradient of two tensors: m and p of 1 or 2", (_name, claim, side) => {
    for (let i = 0; i < 8; i++) {
      const outcome = fc.check(
        fc.property(problem, (given) => close(claim(given), gradient(given))),
        { seed: seed + i, numRuns: 3000 },
      );
      expect(outcome.failed).toBe(true);
      const { X, theta, y } = outcome.counterexample![0]!;
      expect(X.shape.every((own) => own <= side)).toBe(true);
      expect(theta.shape[0]).toBe(X.shape[1]);
      expect(y.shape[0]).toBe(X.shape[0]);
      for (const x of [X, theta, y]) expect(every(x, (entry) => [0, 1, -1].includes(entry))).toBe(true);
      expect(entriesOf(X).filter((entry) => entry !== 0).length).toBeLessThanOrEqual(2);
    }
  });

  it("of several operands", () => {
    const commutes = ([x, y]: readonly Tensor[]): boolean =>
      x!.shape[0] !== y!.shape[1] || x!.shape[0] !== x!.shape[1] || close(matmul(x!, y!), matmul(y!, x!));
    const { found, runs } = shrunk(operands("ij,jk->ik", { distinct: false }), commutes);
    for (const text of found) expect(text.match(/-?[1-9]/g)!.length).toBe(2);
    for (const text of found) expect(text.length).toBeLessThan("[tensor([[0, 0], [0, 0]]),tensor([[0, 0], [0, 0]])]..".length);
    expect(runs).toBeLessThan(600);
    expect(shrunk(operands(2), ([x, y]) => x!.rank <= y!.rank || y!.rank === 0).found).toEqual(["[tensor([[0]]),tensor([0])]"]);
    expect(
      shrunk(mutuallyBroadcastable("(m,n),(n,p)->(m,p)"), ({ output }) => output.length < 3).found.every((text) =>
        text.endsWith('"output":[1,1,1]}'),
      ),
    ).toBe(true);
  });

  it("of indices, axes and what else is beside them", () => {
    const lookup = sized({ table: tensors({ shape: ["n", "d"] }), at: indices("n", { shape: ["k"] }) });
    expect(shrunk(lookup, ({ table, at }) => !some(at, (i) => i >= 2 && (table.values[i * table.shape[1]!] as number) > 1)).found).toEqual([
      '{"table":tensor([[0], [0], [2]]),"at":tensor([2], "int32")}',
    ]);
    const reduction = sized({ x: tensors(), along: axes("x", { negative: true }) });
    expect(shrunk(reduction, ({ along }) => !along.includes(-1)).found).toEqual(['{"x":tensor([0]),"along":[-1]}']);
    const mixed = sized({ x: tensors({ shape: ["n"] }), k: fc.integer(), list: fc.array(fc.nat()) });
    expect(shrunk(mixed, ({ x, k, list }) => !(k > 100 && list.length > 1 && x.size > 1)).found).toEqual([
      '{"x":tensor([0, 0]),"k":101,"list":[0,0]}',
    ]);
  });

  it("with directions: one entry of each", () => {
    const product = withDirections(
      (x: Tensor, y: Tensor) => matmul(x, y),
      [tensors({ shape: ["m", "k"] }), tensors({ shape: ["k", "n"] })],
    );
    const { found } = shrunk(
      product,
      ({ primals: [, y], tangents: [t], cotangent }) => Math.abs(sum(cotangent.mul(matmul(t, y))).item()) === 0,
    );
    for (const text of found)
      expect(text).toMatch(
        /^\{"primals":\[tensor\(\[\[0\]\]\),tensor\(\[\[-?1\]\]\)\],"tangents":\[tensor\(\[\[-?1\]\]\),tensor\(\[\[0\]\]\)\],"cotangent":tensor\(\[\[-?1\]\]\)\}$/,
      );
  });
});

describe("seeds, paths, examples", () => {
  const subject = sized({
    x: tensors({ shape: ["m", "p"] }),
    y: tensors({ shape: ["p"] }),
    g: simplex({ shape: ["m", 3] }),
    a: positiveDefinite({ shape: ["p", "p"] }),
  });

  it("a seed gives the same draws", () => {
    const draws = (): string[] => fc.sample(subject, { seed: 12, numRuns: 30 }).map((one) => fc.stringify(one));
    expect(draws()).toEqual(draws());
  });

  it("a path replays the counterexample without shrinking again", () => {
    const property = fc.property(subject, ({ x, y }) => sum(matmul(x, y)).item() < 3);
    const outcome = fc.check(property, { seed, numRuns: 1000 });
    const again = fc.check(property, { seed, path: outcome.counterexamplePath!, endOnFailure: true });
    expect(fc.stringify(again.counterexample)).toBe(fc.stringify(outcome.counterexample));
    expect(again.numShrinks).toBe(0);
  });

  it("a given example shrinks like a drawn one", () => {
    const large = tensor([
      [1.234, 5.678, -3],
      [4, 2.5, 7],
    ]);
    const shrink = <T>(arbitrary: fc.Arbitrary<T>, example: T, holds: (value: T) => boolean): string =>
      fc.stringify(fc.check(fc.property(arbitrary, holds), { seed: 1, numRuns: 1, examples: [[example]] }).counterexample![0]);
    expect(shrink(tensors(), large, (x) => every(x, (entry) => entry < 5))).toBe("tensor(5)");
    expect(shrink(tensors({ shape: ["m", "p"] }), large, (x) => every(x, (entry) => entry < 5))).toBe("tensor([[5]])");
    const pair = sized({ X: tensors({ shape: ["m", "p"] }), theta: tensors({ shape: ["p"] }), k: fc.nat() });
    const theta = tensor([1, 2, 3.3]);
    expect(shrink(pair, { X: large, theta, k: 7 }, ({ X, k }) => X.shape[1]! < 2 || k < 3)).toBe(
      '{"X":tensor([[0, 0]]),"theta":tensor([0, 0]),"k":3}',
    );
    expect(pair.canShrinkWithoutContext({ X: large, theta: tensor([1, 2]), k: 7 })).toBe(false);
    expect(tensors({ domain: positive }).canShrinkWithoutContext(large)).toBe(false);
    expect(tensors({ dtype: "float32" }).canShrinkWithoutContext(large)).toBe(false);
    expect(tensors({ rank: 1 }).canShrinkWithoutContext(large)).toBe(false);
    expect(tensors({ shape: ["n", "n"] }).canShrinkWithoutContext(large)).toBe(false);
    expect(sized({ x: tensors(), along: axes("x") }).canShrinkWithoutContext({ x: large, along: [1, 1] })).toBe(false);
    expect(sized({ x: tensors(), along: axes("x") }).canShrinkWithoutContext({ x: large, along: [1, -2] })).toBe(true);
  });

  it("works inside fast-check's own combinators", () => {
    const mixed = fc.record({
      x: tensors({ shape: [2] }),
      list: fc.array(tensors({ shape: [] }), { maxLength: 3 }),
      either: fc.oneof(tensors(), fc.nat()),
    });
    expect(
      shrunk(mixed, ({ x }) => every(x, (entry) => entry < 2)).found.every((text) =>
        /"x":tensor\(\[(0, 2|2, 0)\]\),"list":\[\],"either":(0|tensor\(0\))/.test(text),
      ),
    ).toBe(true);
    expectAlways(
      tensors()
        .filter((x) => x.size % 2 === 1)
        .map((x) => x.size),
      (count) => count % 2 === 1,
    );
  });

  it("values that must be cloned are", () => {
    const withContext = sized({ x: tensors({ shape: [2] }), context: fc.context() });
    const outcome = fc.check(
      fc.property(withContext, ({ x, context }) => {
        context.log(`entry ${x.values[0]}`);
        return (x.values[0] as number) < 3;
      }),
      { seed, numRuns: 1000 },
    );
    expect(outcome.counterexample![0]!.context.size()).toBe(1);
  });
});

describe("counterexamples are TypeScript", () => {
  const pasted = (text: string): unknown => new Function("tensor", "full", "zeros", `return (${text});`)(tensor, full, zeros);
  const same = (x: Tensor, y: Tensor): boolean =>
    x.dtype === y.dtype && x.shape.join() === y.shape.join() && entriesOf(x).every((entry, i) => Object.is(entry, y.values[i]));

  it("what fast-check reports makes the same tensor again", () => {
    const kinds = [
      tensors({ side: [0, 4], negativeZero: true, nonFinite: true }),
      tensors({ dtype: "float32", side: [0, 3] }),
      tensors({ dtype: "int32" }),
      tensors({ dtype: "bool" }),
    ];
    fc.assert(fc.property(fc.oneof(...kinds), (x) => same(pasted(fc.stringify(x)) as Tensor, x)));
    const outcome = fc.check(
      fc.property(tensors({ shape: [2, 2] }), (x) => every(x, (entry) => entry < 2)),
      { seed: 1 },
    );
    expect(fc.defaultReportMessage(outcome)).toMatch(/Counterexample: \[tensor\(\[\[(\d, )?\d.*\]\]\)\]/);
    expect(String(Object.keys(outcome.counterexample![0]!))).not.toContain("fast-check");
  });

  it("sourceOf writes structs", () => {
    expect(
      sourceOf({
        x: tensor([
          [1, 0],
          [2, 0],
        ]),
        list: [tensor(-0), 1.5, "a"],
        "not-a-name": null,
      }),
    ).toBe('{ x: tensor([[1, 0], [2, 0]]), list: [tensor(-0), 1.5, "a"], "not-a-name": null }');
    expect(sourceOf(full([3, 4], 0.1, "float32"))).toBe('full([3, 4], 0.1, "float32")');
    expect(sourceOf(zeros([0, 3], "int32"))).toBe('zeros([0, 3], "int32")');
    expect(sourceOf(tensor([true, false]))).toBe("tensor([true, false])");
    expect(sourceOf(tensor([NaN, -Infinity, 1e-300]))).toBe("tensor([NaN, -Infinity, 1e-300])");
  });
});

describe("expression graphs", () => {
  const agree = (x: readonly Tensor[], y: readonly { readonly shape: Shape; readonly values: ArrayLike<number> }[]): boolean =>
    x.length === y.length &&
    x.every(
      (one, i) =>
        one.shape.join() === y[i]!.shape.join() &&
        entriesOf(one).every((entry, k) => Object.is(entry, y[i]!.values[k]) || entry === y[i]!.values[k]),
    );

  it("run, replay from a recording and agree with the interpreter's numbers", () => {
    fc.assert(
      fc.property(expressionGraphs(), ({ inputs, run }) => {
        const outputs = run(inputs);
        expect(outputs.every((x) => x.dtype === "bool" || x.dtype === "int32" || every(x, Number.isFinite))).toBe(true);
        expect(agree(outputs, run(inputs))).toBe(true);
        const graph = recordFunction(run, inputs);
        expect(agree(outputs, graph.outputs)).toBe(true);
        expect(agree(outputs, replay(graph, inputs))).toBe(true);
        const interpreted = evaluate(
          graph,
          real,
          inputs.map((x) => toSystem(x, real)),
        );
        outputs.forEach((x, i) => {
          const scale = x.dtype === "float32" ? 2 ** 29 : 1;
          entriesOf(x).forEach((entry, k) =>
            expect(Math.abs(entry - (interpreted[i]!.values[k] as number))).toBeLessThanOrEqual(1e-9 * scale * (1 + Math.abs(entry))),
          );
        });
      }),
    );
  });

  it("use the whole table", () => {
    const table = Object.values<unknown>(core).filter(
      (value): value is { row: { name: string } } => typeof value === "function" && "row" in value,
    );
    const names = new Set(
      fc
        .sample(expressionGraphs({ steps: 8 }), { seed, numRuns: 600 })
        .flatMap((graph) => [...graph.toString().matchAll(/ = (\w+)\(/g)].map(([, name]) => name)),
    );
    expect(table.map(({ row }) => row.name).filter((name) => !names.has(name)).length).toBeLessThanOrEqual(2);
  });

  it("are deep and share results", () => {
    const texts = fc.sample(expressionGraphs({ steps: [6, 8] }), { seed, numRuns: 200 }).map(String);
    const depth = (text: string): number => {
      const depths = new Map<string, number>();
      for (const [, made, args] of text.matchAll(/const \[?([\w, ]+)\]? = \w+\((.*)\);/g))
        for (const name of made!.split(", "))
          depths.set(name, 1 + Math.max(0, ...[...args!.matchAll(/[xy]\d+/g)].map(([used]) => depths.get(used) ?? 0)));
      return Math.max(...depths.values());
    };
    expect(texts.filter((text) => depth(text) >= 3).length).toBeGreaterThan(100);
    expect(texts.filter((text) => [...text.matchAll(/y1\b/g)].length >= 3).length).toBeGreaterThan(30);
  });

  it("print as programs that give the same outputs", () => {
    const names = Object.keys(core);
    fc.assert(
      fc.property(expressionGraphs(), (graph) => {
        const code = `${graph.toString().replace(": readonly Tensor[]", "")}\nreturn run(inputs);`;
        const outputs = new Function(...names, code)(...names.map((name) => (core as Readonly<Record<string, unknown>>)[name])) as Tensor[];
        expect(agree(graph.run(graph.inputs), outputs)).toBe(true);
      }),
    );
  });

  it.each<[string, (graph: ExpressionGraph) => boolean, number]>([
    ["an op", (graph) => !String(graph).includes(" = tanh("), 1],
    ["an op on the result of another", (graph) => !/(y\d+) = exp\([\s\S]*= sum\(\1\b/.test(String(graph)), 2],
    ["a shared operand", (graph) => !/mul\((\w+), \1\)/.test(String(graph)), 1],
    ["a value above 3", ({ inputs, run }) => !run(inputs).some((x) => some(x, (entry) => entry > 3)), 1],
  ])("shrink to %s", (_name, holds, most) => {
    const table = [core.tanh, core.exp, core.sum, core.mul, core.matmul, core.reshape, core.concat, core.max, core.log];
    for (let i = 0; i < 4; i++) {
      const outcome = fc.check(fc.property(expressionGraphs({ table }), holds), { seed: seed + i, numRuns: 5000 });
      expect(outcome.failed).toBe(true);
      const graph = outcome.counterexample![0]!;
      expect([...String(graph).matchAll(/ {2}const /g)].length).toBeLessThanOrEqual(most);
      expect(graph.inputs.length).toBe(1);
      expect(graph.inputs[0]!.size).toBeLessThanOrEqual(2);
    }
  });

  it("stay inside the domains of their ops while they shrink", () => {
    expectAlways(expressionGraphs({ table: [core.log, core.sqrt, core.sub, core.acosh, core.sum] }), ({ inputs, run }) =>
      run(inputs).every((x) => every(x, Number.isFinite)),
    );
  });
});

describe("cost", () => {
  it("draws 1000 tensors of 100 entries within a second", () => {
    for (const arbitrary of [
      tensors({ shape: [10, 10] }),
      tensors({ shape: [10, 10], dtype: "float32", domain: [0, 1] }),
      wellSeparated({ shape: [100] }),
      simplex({ shape: [10, 10] }),
      positiveDefinite({ shape: [10, 10] }),
    ]) {
      const start = performance.now();
      fc.sample(arbitrary, { seed, numRuns: 1000 });
      expect(performance.now() - start).toBeLessThan(1000);
    }
  });
});

describe("bad input", () => {
  const message = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      return error instanceof core.CotangentError ? error.message : `not ours: ${error}`;
    }
    return "no error";
  };
  const bad = (value: unknown): never => value as never;

  it("is named", () => {
    expect(
      [
        () => tensors(bad(3)),
        () => tensors(bad({ shpae: [2] })),
        () => tensors({ shape: bad("mp") }),
        () => tensors({ shape: ["m p"] }),
        () => tensors({ shape: ["...", "...b"] }),
        () => tensors({ shape: ["m"], rank: 2 }),
        () => tensors({ side: [3, 1] }),
        () => tensors({ side: -1 }),
        () => tensors({ dtype: bad("float16") }),
        () => tensors({ domain: [2, 1] }),
        () => tensors({ domain: bad("positive") }),
        () => tensors({ domain: { ...reals, name: "(0.2, 0.4)", low: 0.2, high: 0.4 }, dtype: "int32" }),
        () => tensors({ magnitude: [0, 1] }),
        () => tensors({ margin: -1 }),
        () => tensors({ separation: 0 }),
        () => tensors({ like: "x", rank: 2 }),
        () => fc.sample(tensors({ like: "x" }), 1),
        () => fc.sample(tensors({ unique: true, dtype: "bool", shape: [3] }), 1),
        () => awayFrom(bad("thirds")),
        () => simplex({ shape: [] }),
        () => positiveDefinite({ shape: ["m", "n"] }),
        () => positiveDefinite({ condition: 1 }),
        () => indices(0),
        () => size("...s"),
        () => axes(bad(-1)),
        () => axes(2, { count: 3 }),
        () => fc.sample(axes("x"), 1),
        () => sized(bad({ x: 3 })),
        () => sized({ x: tensors({ shape: ["m"] }) }, { n: 3 }),
        () => sized({ x: tensors({ shape: ["m"], side: [1, 2] }) }, { m: [3, 4] }),
        () => sized({ x: tensors({ shape: ["m"] }), y: tensors({ like: "z" }) }),
        () => sized({ x: tensors({ like: "y" }), y: tensors({ like: "x" }) }),
        () => sized({ x: tensors({ shape: ["a", "b", "c"], side: [1, 2] }) }, {}, { distinct: true }),
        () => mutuallyBroadcastable("(m,n"),
        () => mutuallyBroadcastable("(m)->(n)"),
        () => operands(0),
        () => einsumShapes("(m)->(m)"),
        () => broadcastableShapes(bad([-1])),
        () => withDirections(bad(3), []),
        () => expressionGraphs({ table: [] }),
      ].map(message),
    ).toMatchInlineSnapshot(`
      [
        "tensors: the options are not an object — 3; give an object or leave it out",
        "tensors: unknown option — "shpae"; the options are shape, like, rank, side, domain, dtype, margin, magnitude, negativeZero, nonFinite, separation, unique",
        "tensors: not a shape — "mp"; give a list of sizes: numbers, names as in ["m", "p"], at most one run of axes as in ["...batch", "n"]",
        "tensors: not a shape — ["m p"]; give a list of sizes: numbers, names as in ["m", "p"], at most one run of axes as in ["...batch", "n"]",
        "tensors: not a shape — ["...", "...b"]; give a list of sizes: numbers, names as in ["m", "p"], at most one run of axes as in ["...batch", "n"]",
        "tensors: rank is out of range — 2; give it with a run of axes in the shape, as in ["...", "n"]",
        "tensors: side is out of range — [3, 1]; give a non-negative integer or a pair [least, most] of them",
        "tensors: side is out of range — -1; give a non-negative integer or a pair [least, most] of them",
        "tensors: dtype is out of range — "float16"; give one of bool, int32, float32, float64",
        "tensors: domain is out of range — [2, 1]; give an interval [low, high] or a domain",
        "tensors: domain is out of range — "positive"; give an interval [low, high] or a domain",
        "tensors: no number fits — domain (0.2, 0.4), dtype int32; widen the domain or the other options",
        "tensors: magnitude is out of range — [0, 1]; give a pair [least, most] of positive numbers",
        "tensors: margin is out of range — -1; give a number from 0 up",
        "tensors: separation is out of range — 0; give a positive number",
        "tensors: like is out of range — "x"; give the path of another tensor of the struct, and no other shape",
        "tensors: no shape to take from "x" — it stands in no struct; give the path of a tensor of the struct with a shape of its own",
        "tensors: no number fits — domain ℝ, 3 entries 1 apart; widen the domain or the other options",
        "awayFrom: the first argument is out of range — "thirds"; give numbers, "integers" or "halves"",
        "simplex: no last axis to lie along — []; give a shape that ends with a size, as in ["n"]",
        "positiveDefinite: not the shape of square matrices — [m, n]; end it with the same size twice, as in ["n", "n"]",
        "positiveDefinite: condition is out of range — 1; give a number from 1e3 to 1e12",
        "indices: the size is out of range — 0; give a positive number or a name",
        "size: the name is out of range — "...s"; give a name as in "m"",
        "axes: the first argument is out of range — -1; give the path of a tensor of the struct, a rank or a shape",
        "axes: the number of axes is out of range — 3; give at most 2",
        "axes: no shape to take from "x" — it stands in no struct; give the path of a tensor of the struct with a shape of its own",
        "sized: x is not an arbitrary — 3; give arbitraries, such as tensors(…), in plain objects and arrays",
        "sized: no tensor has the size "n" — the named sizes are m; name it in a shape",
        "sized: no size fits m — at least 3 and at most 2 are asked for; widen one of the ranges",
        "sized: no shape to take from "z" — the struct has x, y; give the path of a tensor of the struct with a shape of its own",
        "sized: no shape to take from "x" — the struct has x, y; give the path of a tensor of the struct with a shape of its own",
        "sized: too few sizes to be distinct — a, b, c; widen their ranges or leave distinct out",
        "mutuallyBroadcastable: not a signature — "(m,n"; give a count, a signature as in "(m,n),(n,p)->(m,p)" or an einsum specification as in "ij,jk->ik"",
        "mutuallyBroadcastable: not a signature — "(m)->(n)"; give a count, a signature as in "(m,n),(n,p)->(m,p)" or an einsum specification as in "ij,jk->ik"",
        "operands: not a signature — 0; give a count, a signature as in "(m,n),(n,p)->(m,p)" or an einsum specification as in "ij,jk->ik"",
        "einsumShapes: not a signature — "(m)->(m)"; give letters as in "ij,jk->ik"",
        "broadcastableShapes: not a shape — [-1]; give a list of sizes: numbers, names as in ["m", "p"], at most one run of axes as in ["...batch", "n"]",
        "withDirections: the first argument is out of range — 3; give a function of the drawn arguments",
        "expressionGraphs: table is out of range — []; give a list of ops",
      ]
    `);
  });
});
