// What a run says: errors are measured against the largest entry, nothing that was not timed goes unsaid, ratios are of best samples.
import { describe, expect, test } from "vitest";
import { largestError, type Results } from "../scripts/agreement.ts";
import { drawChart } from "../scripts/chart.ts";
import type { Entry } from "../scripts/contest.ts";
import { engines } from "../scripts/engines.ts";
import type { Run } from "../scripts/figures.ts";
import { peakOperations } from "../scripts/peak.ts";
import { reportOf } from "../scripts/report.ts";
import { workloads } from "../src/index.ts";

const results = (...parts: number[][]): Results => ({
  sizes: parts.map((part) => part.length),
  numbers: Float64Array.from(parts.flat()),
});

describe("the largest error", () => {
  test("is a share of the largest entry of each result", () => {
    expect(largestError(results([1, 2], [100.5]), results([1.25, 2], [100]))).toBe(0.125);
  });
  test("is infinite where sizes differ, NaN where an entry is, and nothing for underflow", () => {
    expect(largestError(results([1]), results([1, 2]))).toBe(Number.POSITIVE_INFINITY);
    expect(largestError(results([Number.NaN]), results([1]))).toBeNaN();
    expect(largestError(results([0]), results([1e-60]))).toBe(0);
  });
});

const timing = (median: number) => ({ median, best: median / 2, samples: 3, calls: 10 });
const [w1a, product] = [workloads.find(({ name }) => name === "W1a")!, workloads.find(({ name }) => name === "W3-64")!];
const [jit, jax, torch] = ["jit-f32", "jax", "torch-f32"].map((name) => engines.find((engine) => engine.name === name)!);
const entries: Entry[] = [
  {
    workload: "W1a",
    engine: "jit-f32",
    first: 12,
    error: 1e-7,
    same: timing(0.02),
    fresh: timing(0.03),
    beside: { value: timing(0.004) },
  },
  { workload: "W1a", engine: "jax", first: 90, error: 2e-7, same: timing(0.5), version: "1.2.3" },
  { workload: "W1a", engine: "torch-f32", reason: "no Python here has torch" },
  {
    workload: "W3-64",
    engine: "jit-f32",
    first: 9,
    error: 1e-7,
    same: timing(0.04),
    fresh: timing(0.02),
    beside: { A·Bᵀ: timing(0.1) },
  },
  { workload: "W3-64", engine: "jax", first: 9, error: 0.6, reason: "wrong value: off by 6e-1 of the largest entry" },
  { workload: "W3-64", engine: "torch-f32", reason: "no Python here has torch" },
  { workload: "W3-64", engine: "peak-f32", same: timing((2 * peakOperations) / 20e6) },
  { workload: "W3-64", engine: "peak-relaxed-f32", same: timing((2 * peakOperations) / 40e6) },
];
const run: Run = {
  machine: { processor: "A & B", cores: 2, node: "20.0.0", date: "2026-01-01", load: 4 },
  entries,
  engines: [jit!, jax!, torch!],
  workloads: [w1a, product],
  seconds: 10,
  quick: false,
  flags: "",
};

describe("the report", () => {
  const report = reportOf(run);

  test("has times, ratios of best samples, and GFLOP/s", () => {
    expect(report).toContain("| W1a | 0.0200 · 0.0100 | 0.500 · 0.250 |");
    expect(report).toContain("| W1a | 25.0 |");
    expect(report).toContain(`| Cotangent jit f32 | ${((2 * 64 ** 3) / 0.02 / 1e6).toFixed(1)} |`);
    expect(report).toContain("| W1a | 12.0 | 0.0100 | 0.0150 | 90.0 | 0.250 |");
  });
  test("says why anything was not timed, and that the machine was not quiet", () => {
    expect(report).toContain("| jax-js jit f32 | W3-64 | wrong value: off by 6e-1 of the largest entry |");
    expect(report).toContain("| PyTorch eager f32 | all | no Python here has torch |");
    expect(report).toContain("load average was 4.0");
  });
  test("has the gradient beside the value, and products beside the highest peak", () => {
    expect(report).toContain("| W1a | 0.0100 | 0.00200 | 5.00 |");
    expect(report).toContain("| peak of relaxed multiply-add, f32 | 40.0 |");
    expect(report).toContain("| Cotangent jit f32, share of the peak | 65.5 % |");
  });
  test.each([
    [
      "reached",
      "beside the better of TensorFlow.js and jax-js, in float32: geometric mean, W3 as one | ≥ 5.00× | all workloads 25.0× | yes",
    ],
    ["missed", "value and gradient in time of the value alone | ≤ 4.00× | W1a f32 5.00× | no"],
    ["missed where one of its figures is", "the same, N = 64 | ≥ 50.0 % | W3-64 f32 A·Bᵀ 26.2 %; W3-64 f32 65.5 % | no"],
    ["not measured without its peers", "beside PyTorch in the same precision: W1a | ≥ 1.00× | PyTorch did not run | not measured"],
    ["not measured without its workload", "W9: a call | ≤ 0.300 µs | not in this run | not measured"],
  ])("says that a goal is %s", (_, row) => {
    expect(report).toContain(`| ${row} |`);
  });
  test("asks of an engine with relaxed multiply-add what it should reach", () => {
    expect(report).toContain("W6 in float32, with relaxed multiply-add | ≤ 7.50 ms");
    expect(report).not.toContain("without relaxed multiply-add");
  });
  test("is drawn as SVG with a dot for each timing", () => {
    const svg = drawChart(run);
    expect(svg.match(/<title>W/g)).toHaveLength(3);
    expect(svg).toContain("A &amp; B");
    expect(svg).not.toMatch(/NaN|undefined/);
  });
});
