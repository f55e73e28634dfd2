// Large and deep graphs print in time linear in their size, without a stack overflow.
import { backward, type Graph, record, type Tensor, tensor } from "@cotangent/core";
import { expect, test } from "vitest";
import { dot, latex, text } from "../src/index.ts";

const chain = (length: number): Graph =>
  record((x: Tensor) => Array.from({ length }).reduce<Tensor>((y) => y.mul(x).add(1).sin(), x), tensor(0.5));
const wide = (width: number): Graph =>
  record((x: Tensor) => Array.from({ length: width }, (_, i) => x.mul(i)).reduce((y, z) => y.add(z)), tensor(0.5));
const negatives = (length: number): Graph =>
  record((x: Tensor) => Array.from({ length }).reduce<Tensor>((y) => y.neg().reshape([1]).reshape([]), x), tensor(0.5));

const graphs: Readonly<Record<string, () => Graph>> = {
  "a chain": () => chain(10_000),
  "a sum": () => wide(10_000),
  "a chain of what formulas do not show": () => negatives(10_000),
  "a backward pass": () => backward(chain(4_000)),
};

const printers: Readonly<Record<string, (graph: Graph) => string>> = {
  text,
  "text formula": (graph) => text(graph, { form: "formula" }),
  latex,
  "latex steps": (graph) => latex(graph, { form: "steps" }),
  dot,
};

for (const [name, make] of Object.entries(graphs)) {
  test(`${name} of 10,000 nodes and more`, () => {
    const graph = make();
    expect(graph.nodes.length).toBeGreaterThanOrEqual(10_000);
    for (const print of Object.values(printers)) {
      const start = performance.now();
      const printed = print(graph);
      expect(performance.now() - start).toBeLessThan(5000);
      expect(printed.length).toBeGreaterThan(0);
      expect(Math.max(...printed.split("\n").map((line) => line.length))).toBeLessThan(2000);
    }
  });
}
