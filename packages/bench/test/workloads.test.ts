// Each workload written with Cotangent against its closed form in plain JavaScript, at small sizes and in both precisions; nothing is timed.
import { Tensor, tensor } from "@cotangent/core";
import { describe, expect, test } from "vitest";
import { type Data, leavesOf, mapData, smallWorkloads } from "../src/index.ts";

const asTensors = (data: Data, dtype: "float64" | "float32") =>
  mapData(data, ({ shape, values }) => tensor(values, { shape, dtype })) as never;

const isLeaf = (value: unknown) => value instanceof Tensor || typeof value === "number" || ArrayBuffer.isView(value);
const leaves = (result: unknown): number[][] =>
  leavesOf(result, isLeaf).map((leaf) =>
    typeof leaf === "number" ? [leaf] : [...(leaf instanceof Tensor ? leaf.values : (leaf as Float64Array))],
  );

describe.each(smallWorkloads)("$name: $title", ({ inputs, cotangent, plain }) => {
  test.each([
    ["float64", 1e-13],
    ["float32", 2e-5],
  ] as const)("%s", (dtype, tolerance) => {
    const data = inputs();
    const wanted = leaves(plain(...(data.map((part) => mapData(part, ({ values }) => values)) as never[])));
    const got = leaves(cotangent(...(data.map((part) => asTensors(part, dtype)) as never[])));
    expect(got.map((leaf) => leaf.length)).toEqual(wanted.map((leaf) => leaf.length));
    wanted.forEach((leaf, i) => {
      const scale = Math.max(...leaf.map(Math.abs));
      leaf.forEach((x, k) => expect(Math.abs(x - got[i]![k]!)).toBeLessThan(tolerance * scale));
    });
  });

  test("the inputs are float32 numbers, the same each time", () => {
    const [once, again] = [inputs(), inputs()];
    expect(once).toEqual(again);
    for (const part of once) mapData(part, ({ values }) => expect(values).toEqual(Float64Array.from(values, Math.fround)));
  });
});
