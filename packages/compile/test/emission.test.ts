// One product as code, for operands of any labels and strides, whole and block of rows by block of rows, against a plain loop over all labels.
import { stridesOf } from "@cotangent/core/engine";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { writeFunction } from "../src/assembly/function.ts";
import { encodeModule } from "../src/assembly/module.ts";
import { nestFunction } from "../src/nest.ts";
import { moduleNeeds } from "../src/needs.ts";
import type { Loops, Place } from "../src/loops.ts";
import { productCode, type RowBlock } from "../src/product/emission.ts";
import { productFunctions } from "../src/product/product.ts";
import { productScratch } from "../src/product/scratch.ts";
import { rowCounts, rowsOf } from "../src/rows.ts";
import { bytesOf, type ContractionStep, type Source, type Value } from "../src/values.ts";

type Numbers = Float32Array | Float64Array;
type DType = "float32" | "float64";

/** An operand: its labels, and how they walk over the entries of what it is a view of. */
interface Operand {
  readonly labels: string;
  readonly strides: readonly number[];
  readonly offset: number;
  readonly length: number;
  /** Every entry is this one. */
  readonly number?: number;
}

interface Problem {
  readonly dtype: DType;
  readonly sizes: Readonly<Record<string, number>>;
  readonly x: Operand;
  readonly y: Operand;
  readonly out: string;
  /** Rows of a block; undefined for the whole product at once. */
  readonly block: number | undefined;
  /** The number of the value, if there is one, that is packed for all turns of a loop. */
  readonly still?: number;
}

const shapeOf = (labels: string, sizes: Problem["sizes"]): number[] => [...labels].map((label) => sizes[label]!);
const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);

/** A dense tensor whose axes lie in memory in the order `memory`, with a gap after each; some are walked backwards. */
function dense(labels: string, memory: readonly string[], sizes: Problem["sizes"], gap = 0, backwards = ""): Operand {
  const strides = new Map<string, number>();
  let [length, offset] = [1, gap];
  for (const label of [...memory].reverse()) {
    const isBack = backwards.includes(label) && sizes[label]! > 0;
    if (isBack) offset += length * (sizes[label]! - 1);
    strides.set(label, isBack ? -length : length);
    length = length * sizes[label]! + gap;
  }
  return { labels, strides: [...labels].map((label) => strides.get(label)!), offset, length: length + gap };
}

/** One number for every entry; memory holds it once, so that the plain loop can read it. */
const uniform = (labels: string, number: number): Operand => ({ labels, strides: [...labels].map(() => 0), offset: 0, length: 1, number });

function valueOf({ labels, strides, offset, length, number }: Operand, { sizes, dtype }: Problem, id: number): [Value, Value] {
  const of: Value = { id, shape: [length], dtype, source: { kind: "input" } };
  const source: Source = number === undefined ? { kind: "view", of, view: { offset, strides } } : { kind: "uniform", number };
  return [of, { id: id + 1, shape: shapeOf(labels, sizes), dtype, source }];
}

/** Compiles and runs a problem; gives C and whether what lies around everything was left alone. */
function run(problem: Problem, a: Numbers, b: Numbers): { readonly c: Numbers; readonly untouched: boolean } {
  const { dtype, sizes, out } = problem;
  const bytes = bytesOf[dtype];
  const [xBase, x] = valueOf(problem.x, problem, 0);
  const [yBase, y] = valueOf(problem.y, problem, 2);
  const result: Value = { id: 4, shape: shapeOf(out, sizes), dtype, source: { kind: "input" } };
  const params = { x: problem.x.labels, y: problem.y.labels, out };
  const step = { kind: "contraction", op: { name: "contract" }, params, inputs: [x, y], outputs: [result] } as unknown as ContractionStep;
  const code = productFunctions(dtype === "float64" ? "f64" : "f32");
  const isStill = (value: Value): boolean => value.id === problem.still;
  const scratch = productScratch(step, code, isStill);
  let top = 64;
  const place = (size: number): number => {
    const at = top;
    top += Math.ceil(size / 16) * 16 + 16;
    return at;
  };
  const cSize = product(result.shape);
  const at = {
    a: place(a.byteLength),
    b: place(b.byteLength),
    c: place(cSize * bytes),
    scratch: place(scratch.bytes),
    kept: place(scratch.keptBytes),
  };
  const places = new Map<Value, Place>(
    [
      [xBase, at.a],
      [yBase, at.b],
      [result, at.c],
    ].map(([value, offset]) => [value as Value, { base: "base", offset: offset as number }]),
  );
  const tables: { readonly offset: number; readonly entries: Int32Array }[] = [];
  const needs = moduleNeeds({});
  needs.add(...code.functions);
  const writer = writeFunction("run", ["i32"], [], true);
  const nest = (stem: string, loops: Loops): void => {
    const sum = nestFunction(needs.name(stem), loops, needs);
    needs.add(sum.code);
    for (const _ of sum.bases) writer.emit("local.get", 0);
    writer.emit("call", sum.code.name);
  };
  const made = productCode(step, scratch, at, {
    writer,
    needs,
    placeOf: (value) => places.get(value.source.kind === "view" ? value.source.of : value)!,
    pushAddress: ({ offset }, extra = 0) => {
      writer.emit("local.get", 0);
      writer.emit("i32.const", offset + extra);
      writer.emit("i32.add");
    },
    nest,
    lateNest: nest,
    table: (entries) => {
      const offset = place(entries.byteLength);
      tables.push({ offset, entries });
      return { base: "base", offset };
    },
    say: () => undefined,
  });
  made.prepare();
  made.begin();
  const item = { kind: "step", step } as const;
  const counts = rowCounts(item).filter((rows) => rowsOf(item, rows) !== undefined);
  if (problem.block === undefined || counts.length === 0) made.multiply();
  else {
    const first = writer.local("i32");
    const rows = counts[problem.block % counts.length]!;
    for (let row = 0; row < rows; row += problem.block) {
      writer.emit("i32.const", row);
      writer.emit("local.set", first);
      const block: RowBlock = { first, rows: Math.min(problem.block, rows - row), count: rows };
      made.multiply(block);
    }
  }
  needs.add(writer.finish());
  const memory = new WebAssembly.Memory({ initial: Math.ceil((top + 64) / 65536) });
  const module = new WebAssembly.Module(encodeModule(needs.module()));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const whole = dtype === "float64" ? new Float64Array(memory.buffer) : new Float32Array(memory.buffer);
  whole.fill(guard);
  whole.set(a, at.a / bytes);
  whole.set(b, at.b / bytes);
  for (const { offset, entries } of tables) new Int32Array(memory.buffer).set(entries, offset / 4);
  (exports.run as (base: number) => void)(0);
  const outside = (end: number): boolean => whole.subarray((end - 16) / bytes, end / bytes).every((entry) => entry === guard);
  return { c: whole.slice(at.c / bytes, at.c / bytes + cSize), untouched: [at.b, at.c, at.scratch, at.kept, top].every(outside) };
}

const guard = 12345.5;

/** Calls with a place for each label. */
function each(labels: readonly string[], sizes: Problem["sizes"], visit: (place: ReadonlyMap<string, number>) => void): void {
  const shape = labels.map((label) => sizes[label]!);
  for (let flat = 0; flat < product(shape); flat++) {
    let rest = flat;
    const place = new Map<string, number>();
    for (let axis = labels.length - 1; axis >= 0; axis--) {
      place.set(labels[axis]!, rest % shape[axis]!);
      rest = Math.floor(rest / shape[axis]!);
    }
    visit(place);
  }
}

const indexIn = ({ labels, strides, offset }: Operand, place: ReadonlyMap<string, number>): number =>
  [...labels].reduce((sum, label, axis) => sum + place.get(label)! * strides[axis]!, offset);

function check(problem: Problem): void {
  const { dtype, sizes, x, y, out } = problem;
  const numbers = ({ length, number }: Operand, seed: number): Numbers => {
    const made = dtype === "float64" ? new Float64Array(length) : new Float32Array(length);
    return made.map((_, i) => number ?? Math.sin(i * 12.9898 + seed) * (1 + (i % 7)));
  };
  const [a, b] = [numbers(x, 1), numbers(y, 2)];
  const { c, untouched } = run(problem, a, b);
  const strides = stridesOf(shapeOf(out, sizes));
  const [sums, terms] = [new Float64Array(c.length), new Float64Array(c.length)];
  const labels = [...new Set(x.labels + y.labels)];
  each(labels, sizes, (place) => {
    const at = [...out].reduce((sum, label, axis) => sum + place.get(label)! * strides[axis]!, 0);
    const term = a[indexIn(x, place)]! * b[indexIn(y, place)]!;
    sums[at]! += term;
    terms[at]! += Math.abs(term);
  });
  const count = product([...x.labels].filter((label) => !out.includes(label)).map((label) => sizes[label]!));
  const unit = dtype === "float64" ? 2 ** -53 : 2 ** -24;
  c.forEach((got, i) => {
    if (!(Math.abs(got - sums[i]!) <= 2 * (count + 2) * unit * terms[i]!)) expect(got).toBe(sums[i]);
  });
  expect(untouched).toBe(true);
}

/** Up to two labels a group: of both and kept, of the rows, of the columns, contracted. */
const groups = fc.record({ both: fc.nat(2), rows: fc.nat(2), columns: fc.nat(2), inner: fc.nat(3) });
const labelSizes = fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 1, max: 6 }) }, { weight: 1, arbitrary: fc.constantFrom(0, 13) });
const blocks = fc.option(fc.integer({ min: 1, max: 7 }), { nil: undefined });
const dtypes = fc.constantFrom("float32" as const, "float64" as const);

const shuffled = (labels: string): fc.Arbitrary<string> =>
  fc.shuffledSubarray([...labels], { minLength: labels.length }).map((order) => order.join(""));

/** So many terms are summed in no time. */
const mostTerms = 30_000;

const contractions: fc.Arbitrary<Problem> = groups.chain(({ both, rows, columns, inner }) => {
  const [batch, row, column, sum] = ["ab".slice(0, both), "mn".slice(0, rows), "pq".slice(0, columns), "xyz".slice(0, inner)];
  const [left, right, out] = [batch + row + sum, batch + column + sum, batch + row + column];
  const all = [...new Set(left + right)];
  const operand = (labels: string) => ({
    labels: shuffled(labels),
    memory: shuffled(labels),
    gap: fc.nat(2),
    backwards: fc.subarray([...labels]),
    number: fc.option(fc.constantFrom(0, 1.5), { nil: undefined, freq: 9 }),
  });
  return fc
    .record({
      dtype: dtypes,
      sizes: fc.tuple(...all.map(() => labelSizes)).filter((drawn) => product(drawn) <= mostTerms),
      x: fc.record(operand(left)),
      y: fc.record(operand(right)),
      out: shuffled(out),
      block: blocks,
      still: fc.constantFrom(-1, 1, 3),
    })
    .map(({ dtype, sizes: drawn, x, y, out, block, still }) => {
      const sizes = Object.fromEntries(all.map((label, i) => [label, drawn[i]!]));
      const [first, second] = [x, y].map(({ labels, memory, gap, backwards, number }) =>
        number === undefined ? dense(labels, [...memory], sizes, gap, backwards.join("")) : uniform(labels, number),
      ) as [Operand, Operand];
      return { dtype, sizes, x: first, y: second, out, block, still };
    });
});

interface Convolution {
  readonly dtype: DType;
  readonly images: number;
  readonly channels: number;
  readonly filters: number;
  readonly side: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly stride: number;
  readonly which: "forward" | "kernel" | "windows";
  readonly block: number | undefined;
}

/** Windows of images, as a convolution and its gradients contract them. */
function convolution({ dtype, images, channels, filters, side, kernel, stride, which, block }: Convolution): Problem {
  const sizes = { n: images, c: channels, f: filters, h: side[0], w: side[1], i: kernel[0], j: kernel[1] };
  const rowLength = (side[1] - 1) * stride + kernel[1];
  const plane = ((side[0] - 1) * stride + kernel[0]) * rowLength;
  const strides = [channels * plane, plane, rowLength * stride, stride, rowLength, 1];
  const windows: Operand = { labels: "nchwij", strides, offset: 0, length: images * channels * plane };
  const kernels = dense("fcij", [..."fcij"], sizes);
  const result = dense("nfhw", [..."nfhw"], sizes);
  switch (which) {
    case "forward":
      return { dtype, sizes, x: windows, y: kernels, out: "nfhw", block };
    case "kernel":
      return { dtype, sizes, x: windows, y: result, out: "fcij", block };
    case "windows":
      return { dtype, sizes, x: result, y: kernels, out: "nchwij", block };
  }
}

const upTo = (most: number): fc.Arbitrary<number> => fc.integer({ min: 1, max: most });
const convolutions: fc.Arbitrary<Problem> = fc
  .record({
    dtype: dtypes,
    images: upTo(3),
    channels: upTo(3),
    filters: upTo(5),
    side: fc.tuple(upTo(11), upTo(11)),
    kernel: fc.tuple(upTo(3), upTo(3)),
    stride: upTo(2),
    which: fc.constantFrom("forward", "kernel", "windows"),
    block: blocks,
  })
  .map(convolution);

describe("one product as code", () => {
  it("is the sum over all labels, whatever their order in memory", () => {
    fc.assert(fc.property(contractions, check), { numRuns: 300 });
  });

  it("is the sum over windows of images and its gradients", () => {
    fc.assert(fc.property(convolutions, check), { numRuns: 200 });
  });

  it.each(["float32", "float64"] as const)("loops over what would make a long table, in %s", (dtype) => {
    const shared = { dtype, images: 3, channels: 1, filters: 2, kernel: [3, 3], stride: 1, block: undefined } as const;
    check(convolution({ ...shared, side: [37, 41], which: "kernel" }));
    check(convolution({ ...shared, side: [1, 2100], which: "kernel" }));
    check(convolution({ ...shared, side: [3, 40], which: "forward" }));
  });
});
