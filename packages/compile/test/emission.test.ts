// One product as code, for operands of any labels and strides, whole and block of rows by block of rows, against a plain loop over all labels.
import { stridesOf } from "@cotangent/core/engine";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { writeFunction } from "../src/assembly/function.ts";
import { encodeModule } from "../src/assembly/module.ts";
import { nestFunction } from "../src/nest.ts";
import { moduleNeeds } from "../src/needs.ts";
import type { Place } from "../src/loops.ts";
import { productCode, type RowBlock } from "../src/product/emission.ts";
import { productFunctions } from "../src/product/product.ts";
import { productScratch } from "../src/product/scratch.ts";
import { bytesOf, type ContractionStep, type Value } from "../src/values.ts";

type Numbers = Float32Array | Float64Array;
type DType = "float32" | "float64";

/** An operand: its labels, and how they walk over the entries of what it is a view of. */
interface Operand {
  readonly labels: string;
  readonly strides: readonly number[];
  readonly offset: number;
  readonly length: number;
}

interface Problem {
  readonly dtype: DType;
  readonly sizes: Readonly<Record<string, number>>;
  readonly x: Operand;
  readonly y: Operand;
  readonly out: string;
  /** Rows of a block; undefined for the whole product at once. */
  readonly block: number | undefined;
}

const shapeOf = (labels: string, sizes: Problem["sizes"]): number[] => [...labels].map((label) => sizes[label]!);
const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);

/** A dense tensor whose axes lie in memory in the order `memory`, with a gap after each. */
function dense(labels: string, memory: readonly string[], sizes: Problem["sizes"], gap: number): Operand {
  const strides = new Map<string, number>();
  let length = 1;
  for (const label of [...memory].reverse()) {
    strides.set(label, length);
    length = length * sizes[label]! + gap;
  }
  return { labels, strides: [...labels].map((label) => strides.get(label)!), offset: gap, length: length + gap };
}

function valueOf({ labels, strides, offset, length }: Operand, { sizes, dtype }: Problem, id: number): [Value, Value] {
  const of: Value = { id, shape: [length], dtype, source: { kind: "input" } };
  return [of, { id: id + 1, shape: shapeOf(labels, sizes), dtype, source: { kind: "view", of, view: { offset, strides } } }];
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
  const scratch = productScratch(step, code);
  let top = 64;
  const place = (size: number): number => {
    const at = top;
    top += Math.ceil(size / 16) * 16 + 16;
    return at;
  };
  const cSize = product(result.shape);
  const at = { a: place(a.byteLength), b: place(b.byteLength), c: place(cSize * bytes), scratch: place(scratch.bytes) };
  const places = new Map<Value, Place>(
    [
      [xBase, at.a],
      [yBase, at.b],
      [result, at.c],
    ].map(([value, offset]) => [value as Value, { base: "base", offset: offset as number }]),
  );
  const needs = moduleNeeds({});
  needs.add(...code.functions);
  const writer = writeFunction("run", ["i32"], [], true);
  const made = productCode(step, scratch, at.scratch, {
    writer,
    needs,
    placeOf: (value) => places.get(value.source.kind === "view" ? value.source.of : value)!,
    pushAddress: ({ offset }, extra = 0) => {
      writer.emit("local.get", 0);
      writer.emit("i32.const", offset + extra);
      writer.emit("i32.add");
    },
    nest: (stem, loops) => {
      const nest = nestFunction(needs.name(stem), loops, needs, {});
      needs.add(nest.code);
      for (const _ of nest.bases) writer.emit("local.get", 0);
      writer.emit("call", nest.code.name);
    },
    say: () => undefined,
  });
  made.begin();
  const { rows } = made;
  if (problem.block === undefined || rows === undefined) made.multiply();
  else {
    const first = writer.local("i32");
    for (let row = 0; row < rows; row += problem.block) {
      writer.emit("i32.const", row);
      writer.emit("local.set", first);
      const block: RowBlock = { first, rows: Math.min(problem.block, rows - row) };
      made.multiply(block);
    }
  }
  made.finish();
  needs.add(writer.finish());
  const memory = new WebAssembly.Memory({ initial: Math.ceil((top + 64) / 65536) });
  const module = new WebAssembly.Module(encodeModule(needs.module()));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const whole = dtype === "float64" ? new Float64Array(memory.buffer) : new Float32Array(memory.buffer);
  whole.fill(guard);
  whole.set(a, at.a / bytes);
  whole.set(b, at.b / bytes);
  (exports.run as (base: number) => void)(0);
  const outside = (end: number): boolean => whole.subarray((end - 16) / bytes, end / bytes).every((entry) => entry === guard);
  return { c: whole.slice(at.c / bytes, at.c / bytes + cSize), untouched: [at.b, at.c, at.scratch, top].every(outside) };
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
  const numbers = (length: number, seed: number): Numbers => {
    const made = dtype === "float64" ? new Float64Array(length) : new Float32Array(length);
    return made.map((_, i) => Math.sin(i * 12.9898 + seed) * (1 + (i % 7)));
  };
  const [a, b] = [numbers(x.length, 1), numbers(y.length, 2)];
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
  return fc
    .record({
      dtype: dtypes,
      sizes: fc.tuple(...all.map(() => labelSizes)).filter((drawn) => product(drawn) <= mostTerms),
      x: fc.tuple(shuffled(left), shuffled(left), fc.nat(2)),
      y: fc.tuple(shuffled(right), shuffled(right), fc.nat(2)),
      out: shuffled(out),
      block: blocks,
    })
    .map(({ dtype, sizes: drawn, x, y, out, block }) => {
      const sizes = Object.fromEntries(all.map((label, i) => [label, drawn[i]!]));
      return { dtype, sizes, x: dense(x[0], [...x[1]], sizes, x[2]), y: dense(y[0], [...y[1]], sizes, y[2]), out, block };
    });
});

/** Windows of images, as a convolution and its gradients contract them. */
const convolutions: fc.Arbitrary<Problem> = fc
  .record({
    dtype: dtypes,
    images: fc.integer({ min: 1, max: 3 }),
    channels: fc.integer({ min: 1, max: 3 }),
    filters: fc.integer({ min: 1, max: 5 }),
    side: fc.tuple(fc.integer({ min: 1, max: 11 }), fc.integer({ min: 1, max: 11 })),
    kernel: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    stride: fc.integer({ min: 1, max: 2 }),
    which: fc.constantFrom("forward", "kernel", "windows"),
    block: blocks,
  })
  .map(({ dtype, images, channels, filters, side, kernel, stride, which, block }) => {
    const sizes = { n: images, c: channels, f: filters, h: side[0], w: side[1], i: kernel[0], j: kernel[1] };
    const rowLength = (side[1] - 1) * stride + kernel[1];
    const plane = ((side[0] - 1) * stride + kernel[0]) * rowLength;
    const windows: Operand = {
      labels: "nchwij",
      strides: [channels * plane, plane, rowLength * stride, stride, rowLength, 1],
      offset: 0,
      length: images * channels * plane,
    };
    const kernels = dense("fcij", [..."fcij"], sizes, 0);
    const result = dense("nfhw", [..."nfhw"], sizes, 0);
    switch (which) {
      case "forward":
        return { dtype, sizes, x: windows, y: kernels, out: "nfhw", block };
      case "kernel":
        return { dtype, sizes, x: windows, y: result, out: "fcij", block };
      default:
        return { dtype, sizes, x: result, y: kernels, out: "nchwij", block };
    }
  });

describe("one product as code", () => {
  it("is the sum over all labels, whatever their order in memory", () => {
    fc.assert(fc.property(contractions, check), { numRuns: 300 });
  });

  it("is the sum over windows of images and its gradients", () => {
    fc.assert(fc.property(convolutions, check), { numRuns: 200 });
  });
});
