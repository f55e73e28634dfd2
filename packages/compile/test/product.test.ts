// Products in WebAssembly against a plain triple loop in double, for every size, stride and precision.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Precision } from "../src/assembly/lanes.ts";
import { encodeModule } from "../src/assembly/module.ts";
import { type Packers, type ProductFunctions, productFunctions } from "../src/product/product.ts";

/** Whether this engine has relaxed multiply-add. */
const hasRelaxed = WebAssembly.validate(
  encodeModule({
    imports: [],
    functions: [
      {
        name: "f",
        parameters: ["v128"],
        results: ["v128"],
        locals: [],
        body: [["local.get", 0], ["local.get", 0], ["local.get", 0], ["f32x4.relaxed_madd"]],
        exported: false,
      },
    ],
  }),
);

type Numbers = Float32Array | Float64Array;
type Exports = Readonly<Record<string, (...args: readonly number[]) => void>>;

interface Machine {
  readonly precision: Precision;
  readonly size: number;
  readonly code: ProductFunctions;
  readonly memory: WebAssembly.Memory;
  readonly exports: Exports;
}

function machine(precision: Precision, relaxed: boolean): Machine {
  const code = productFunctions(precision, { relaxed });
  const bytes = encodeModule({ imports: [], functions: code.functions.map((one) => ({ ...one, exported: true })) });
  const memory = new WebAssembly.Memory({ initial: 64 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  return { precision, size: precision === "f64" ? 8 : 4, code, memory, exports: exports as unknown as Exports };
}

/** A matrix in a larger buffer: entry (i, j) lies at `offset + i·rowStride + j·columnStride` entries. */
interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly offset: number;
  readonly rowStride: number;
  readonly columnStride: number;
  readonly length: number;
}

const layouts = ["rows", "columns", "apart", "backwards", "every second"] as const;

function matrix(rows: number, columns: number, layout: (typeof layouts)[number], gap: number): Matrix {
  if (layout === "columns") return { rows, columns, offset: 3, rowStride: 1, columnStride: rows + gap, length: 3 + columns * (rows + gap) };
  const step = layout === "every second" ? 2 : 1;
  const rowStride = columns * step + gap;
  const length = 3 + rows * rowStride;
  if (layout !== "backwards") return { rows, columns, offset: 3, rowStride, columnStride: step, length };
  return { rows, columns, offset: length - 1, rowStride: -rowStride, columnStride: -1, length };
}

const indexOf = (m: Matrix, i: number, j: number): number => m.offset + i * m.rowStride + j * m.columnStride;

interface Problem {
  readonly a: Matrix;
  readonly b: Matrix;
  readonly cGap: number;
  readonly accumulate: boolean;
  readonly values: (index: number) => number;
}

const guard = 12345.5;

/** Runs a problem: C with its guards around it, and the operands as they were stored. */
function run({ precision, size, code, memory, exports }: Machine, { a, b, cGap, accumulate, values }: Problem) {
  const [m, k, n] = [a.rows, a.columns, b.columns];
  const cRow = n + cGap;
  let top = 1024;
  const place = (bytes: number): number => {
    const at = top;
    top += Math.ceil(bytes / 16) * 16 + 16;
    return at;
  };
  const addresses = {
    a: place(a.length * size),
    b: place(b.length * size),
    left: place(code.leftBytes(m, k)),
    right: place(code.rightBytes(n, k)),
    c: place((m + 2) * cRow * size + 16),
  };
  if (top > memory.buffer.byteLength) memory.grow(Math.ceil((top - memory.buffer.byteLength) / 65536));
  const view = (at: number, length: number): Numbers =>
    precision === "f64" ? new Float64Array(memory.buffer, at, length) : new Float32Array(memory.buffer, at, length);
  view(0, Math.floor(memory.buffer.byteLength / size)).fill(guard);
  const [x, y, c] = [view(addresses.a, a.length), view(addresses.b, b.length), view(addresses.c, (m + 2) * cRow)];
  for (const [at, one] of [
    [x, a],
    [y, b],
  ] as const) {
    for (let i = 0; i < one.rows; i++) for (let j = 0; j < one.columns; j++) at[indexOf(one, i, j)] = values(i * one.columns + j);
  }
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) c[(i + 1) * cRow + j] = 0.25;
  const start = addresses.c + cRow * size;
  const pack = ({ width, strided }: Packers, ...args: readonly number[]): void => exports[strided]!(...args, k * width * size);
  pack(code.packLeft, m, k, addresses.a + a.offset * size, a.rowStride * size, a.columnStride * size, addresses.left);
  pack(code.packRight, n, k, addresses.b + b.offset * size, b.columnStride * size, b.rowStride * size, addresses.right);
  exports[code.product]!(m, n, k, addresses.left, addresses.right, start, cRow * size, accumulate ? 1 : 0);
  const outside = (at: number): boolean => view(at - 16, 16 / size).every((v) => v === guard);
  const untouched = [addresses.b, addresses.left, addresses.right, addresses.c, top].every(outside);
  return { x, y, c, cRow, untouched };
}

function check(on: Machine, problem: Problem): void {
  const { a, b, accumulate } = problem;
  const { x, y, c, cRow, untouched } = run(on, problem);
  expect(untouched).toBe(true);
  const unit = on.precision === "f64" ? 2 ** -53 : 2 ** -24;
  for (let i = -1; i <= a.rows; i++) {
    for (let j = 0; j < cRow; j++) {
      const got = c[(i + 1) * cRow + j]!;
      if (i < 0 || i === a.rows || j >= b.columns) {
        expect(got).toBe(guard);
        continue;
      }
      let sum = accumulate ? 0.25 : 0;
      let size = sum;
      for (let p = 0; p < a.columns; p++) {
        const term = x[indexOf(a, i, p)]! * y[indexOf(b, p, j)]!;
        sum += term;
        size += Math.abs(term);
      }
      if (Number.isNaN(sum)) expect(got).toBeNaN();
      else if (!Number.isFinite(sum)) expect(got).toBe(sum);
      else if (!(Math.abs(got - sum) <= 2 * (a.columns + 2) * unit * size)) expect(got).toBe(sum);
    }
  }
}

/** Numbers that look random, of both signs and several sizes. */
const scattered = (index: number): number => Math.sin(index * 12.9898 + 1) * (1 + (index % 7));

const sizes = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 70 }));
const problems: fc.Arbitrary<Problem> = fc
  .record({
    m: sizes,
    n: sizes,
    k: sizes,
    left: fc.constantFrom(...layouts),
    right: fc.constantFrom(...layouts),
    gap: fc.integer({ min: 0, max: 3 }),
    cGap: fc.integer({ min: 0, max: 5 }),
    accumulate: fc.boolean(),
  })
  .map(({ m, n, k, left, right, gap, cGap, accumulate }) => ({
    a: matrix(m, k, left, gap),
    b: matrix(k, n, right, gap),
    cGap,
    accumulate,
    values: scattered,
  }));

const kinds = (["f32", "f64"] as const).flatMap((precision) =>
  (hasRelaxed ? [false, true] : [false]).map((relaxed) => ({ precision, relaxed })),
);

describe.each(kinds)("the product in $precision, relaxed: $relaxed", ({ precision, relaxed }) => {
  const on = machine(precision, relaxed);

  it("is a triple loop's, whatever the sizes and strides", () => {
    fc.assert(
      fc.property(problems, (problem) => check(on, problem)),
      { numRuns: 300 },
    );
  });

  it.each([
    [257, 9, 300],
    [9, 530, 40],
    [130, 261, 513],
  ])("crosses its blocks: %i × %i from %i", (m, n, k) => {
    check(on, { a: matrix(m, k, "rows", 0), b: matrix(k, n, "rows", 0), cGap: 1, accumulate: false, values: scattered });
    check(on, { a: matrix(m, k, "columns", 0), b: matrix(k, n, "columns", 0), cGap: 0, accumulate: true, values: scattered });
  });

  it("passes on infinities and NaN as the sum does, and gives zeros beside them none", () => {
    const special = [Infinity, 0, 1, NaN, -Infinity, 2];
    for (const [m, n, k] of [
      [3, 3, 1],
      [9, 5, 2],
      [17, 10, 7],
    ] as const) {
      for (let seed = 0; seed < 12; seed++) {
        const values = (index: number): number =>
          (index * 7 + seed) % 11 < 9 ? scattered(index) : special[(index + seed) % special.length]!;
        check(on, { a: matrix(m, k, "rows", 0), b: matrix(k, n, "columns", 1), cGap: 0, accumulate: false, values });
      }
    }
  });
});
