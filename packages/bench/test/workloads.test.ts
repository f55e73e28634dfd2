// Each workload written with Cotangent against its closed form in plain JavaScript, at small sizes and in both precisions; nothing is timed.
import { Tensor, tensor } from "@cotangent/core";
import { describe, expect, test } from "vitest";
import { type Data, type Entries, leavesOf, mapData, smallWorkloads } from "../src/index.ts";

const asTensors = (data: Data, dtype: "float64" | "float32") =>
  mapData(data, ({ shape, values }) => tensor(values, { shape, dtype })) as never;

const isLeaf = (value: unknown) => value instanceof Tensor || typeof value === "number" || ArrayBuffer.isView(value);
const leaves = (result: unknown): number[][] =>
  leavesOf(result, isLeaf).map((leaf) =>
    typeof leaf === "number" ? [leaf] : [...(leaf instanceof Tensor ? leaf.values : (leaf as Float64Array))],
  );

const same = (got: readonly number[], wanted: readonly number[], tolerance: number): void => {
  const scale = Math.max(...wanted.map(Math.abs));
  expect(got.length).toBe(wanted.length);
  wanted.forEach((x, k) => expect(Math.abs(x - got[k]!)).toBeLessThan(tolerance * scale));
};

describe.each(smallWorkloads)("$name: $title", ({ inputs, cotangent, beside, plain }) => {
  test.each([
    ["float64", 1e-13],
    ["float32", 2e-5],
  ] as const)("%s", (dtype, tolerance) => {
    const data = inputs();
    const wanted = leaves(plain(...(data.map((part) => mapData(part, ({ values }) => values)) as never[])));
    const got = leaves(cotangent(...(data.map((part) => asTensors(part, dtype)) as never[])));
    expect(got.length).toBe(wanted.length);
    wanted.forEach((leaf, i) => same(got[i]!, leaf, tolerance));
  });

  test.runIf(beside?.value)("the value alone is the first result", () => {
    const data = inputs();
    const [wanted] = leaves(plain(...(data.map((part) => mapData(part, ({ values }) => values)) as never[])));
    const [got] = leaves(beside!.value!(...(data.map((part) => asTensors(part, "float64")) as never[])));
    same(got!, wanted!, 1e-13);
  });

  test("the inputs are float32 numbers, the same each time", () => {
    const [once, again] = [inputs(), inputs()];
    expect(once).toEqual(again);
    for (const part of once) mapData(part, ({ values }) => expect(values).toEqual(Float64Array.from(values, Math.fround)));
  });
});

test("products of transposed matrices are those of the matrices turned by hand", () => {
  const { inputs, beside, plain } = smallWorkloads.find(({ name }) => name === "W3")!;
  const [A, B] = inputs() as [Entries, Entries];
  const turned = ({ shape: [n], values }: Entries) => values.map((_, i) => values[(i % n!) * n! + Math.floor(i / n!)]!);
  const given = [A, B].map((part) => asTensors(part, "float64"));
  const sides = { Aᵀ·B: [turned(A), B.values], A·Bᵀ: [A.values, turned(B)], Aᵀ·Bᵀ: [turned(A), turned(B)] };
  expect(Object.keys(beside!)).toEqual(Object.keys(sides));
  for (const [name, factors] of Object.entries(sides)) {
    same(leaves(beside![name]!(...given))[0]!, leaves(plain(...(factors as never[])))[0]!, 1e-13);
  }
});
