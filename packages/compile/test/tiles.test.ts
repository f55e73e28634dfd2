// Sums over one axis of matrices, several at a time: held against plain loops over whole numbers, whose sums are exact in any order.
import { einsum, max, sum, tensor, type Tensor } from "@cotangent/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jit } from "../src/index.ts";

type Make = typeof Float64Array | typeof Float32Array;

const sizes = fc.record({
  blocks: fc.integer({ min: 1, max: 3 }),
  rows: fc.integer({ min: 1, max: 70 }),
  columns: fc.integer({ min: 1, max: 70 }),
  make: fc.constantFrom<Make>(Float64Array, Float32Array),
  seed: fc.nat(),
});

/** Whole numbers from -8 to 8, some of them 0. */
function wholes(size: number, seed: number): number[] {
  let state = (seed % 2147483646) + 1;
  return Array.from({ length: size }, () => ((state = (state * 48271) % 2147483647) % 17) - 8);
}

/** Programs of their own, for what shares its loops with another axis is not tiled; the last has two sums in one. */
const functions = [
  jit((x: Tensor, v: Tensor, _w: Tensor) => einsum("bij,j->bi", x, v)),
  jit((x: Tensor, _v: Tensor, w: Tensor) => einsum("bij,i->bj", x, w)),
  jit((x: Tensor, _v: Tensor, _w: Tensor) => sum(x, { axes: 2 })),
  jit((x: Tensor, _v: Tensor, _w: Tensor) => sum(x, { axes: 1 })),
  jit((x: Tensor, _v: Tensor, _w: Tensor) => max(x, { axes: 2 })),
  jit((x: Tensor, _v: Tensor, _w: Tensor) => max(x, { axes: 1 })),
  jit((x: Tensor, v: Tensor, _w: Tensor) => einsum("bij,j->bi", x, v).add(sum(x, { axes: 2 }))),
];

describe("sums of a matrix", () => {
  it("along either axis, of products and of entries, are those of plain loops", () => {
    fc.assert(
      fc.property(sizes, ({ blocks, rows, columns, make, seed }) => {
        const entries = wholes(blocks * rows * columns, seed);
        const [across, along] = [wholes(columns, seed + 1), wholes(rows, seed + 2)];
        const of = (values: number[], ...shape: number[]): Tensor => tensor(make.from(values)).reshape(shape);
        const x = of(entries, blocks, rows, columns);
        const [v, w] = [of(across, columns), of(along, rows)];
        const results = functions.map((f) => f(x, v, w));
        const at = (b: number, i: number, j: number): number => entries[(b * rows + i) * columns + j]!;
        const list = (size: number): number[] => Array.from({ length: size }, (_, i) => i);
        const total = (values: number[]): number => values.reduce((x, y) => x + y, 0);
        const byRow = (f: (values: number[]) => number, weights?: number[]): number[] =>
          list(blocks).flatMap((b) => list(rows).map((i) => f(list(columns).map((j) => at(b, i, j) * (weights?.[j] ?? 1)))));
        const byColumn = (f: (values: number[]) => number, weights?: number[]): number[] =>
          list(blocks).flatMap((b) => list(columns).map((j) => f(list(rows).map((i) => at(b, i, j) * (weights?.[i] ?? 1)))));
        const largest = (values: number[]): number => Math.max(...values);
        const expected = [byRow(total, across), byColumn(total, along), byRow(total), byColumn(total), byRow(largest), byColumn(largest)];
        expected.push(expected[0]!.map((value, i) => value + expected[2]![i]!));
        expect(results.map((x) => [...x.values].map((value) => value + 0))).toEqual(expected.map((one) => one.map((value) => value + 0)));
      }),
      { numRuns: Number(process.env.COTANGENT_CASES ?? 60) },
    );
  });
});
