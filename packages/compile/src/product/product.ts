/**
 * Matrix products in WebAssembly: functions that pack operands into panels and multiply panels. It knows matrices in memory; it knows no op and
 * no graph.
 */
import { writeFunction } from "../assembly/function.ts";
import type { LanesOptions, Precision } from "../assembly/lanes.ts";
import type { FunctionCode } from "../assembly/module.ts";
import {
  add,
  advance,
  call,
  ceilQuotient,
  count,
  emit,
  integer,
  isZero,
  letInteger,
  mul,
  or,
  repeatBelow,
  smaller,
  sub,
  times,
  whenever,
} from "./integers.ts";
import { type KernelShape, type Layout, layoutOf, storePartFunction, tileFunction } from "./kernel.ts";
import { packFunction, packSlowlyFunction, panelBytes } from "./panels.ts";

/** What a program that multiplies matrices of one precision contains and calls. Every argument is an i32; addresses and strides are in bytes. */
export interface ProductFunctions {
  /** To be added to the module. */
  readonly functions: readonly FunctionCode[];
  /** Rows a panel of the left operand. */
  readonly rowsOfPanel: number;
  /** Columns a panel of the right operand. */
  readonly columnsOfPanel: number;
  /** Bytes of an m × k left operand in panels. */
  readonly leftBytes: (m: number, k: number) => number;
  /** Bytes of a k × n right operand in panels. */
  readonly rightBytes: (n: number, k: number) => number;
  /** Name of `(m, k, source, rowBytes, columnBytes, panels)`. */
  readonly packLeft: string;
  /** Name of `(n, k, source, columnBytes, rowBytes, panels)`. */
  readonly packRight: string;
  /** Name of `(m, n, k, left, right, c, cRowBytes, accumulate)`: C = A·B, or C += A·B where accumulate is 1. */
  readonly product: string;
}

/** How a product is cut into tiles and blocks. */
export interface ProductShape extends KernelShape {
  /** Most steps along k summed in registers: a panel of so many lies in the first cache, and rounding errors grow with it and with k over it. */
  readonly blockAlong: number;
  /** Columns of the right operand whose panels lie in the second cache. */
  readonly blockColumns: number;
}

export function productFunctions(precision: Precision, { relaxed = false }: LanesOptions = {}): ProductFunctions {
  return functionsOf(precision, shapeOf(precision, relaxed));
}

/** Eight rows by one vector of columns was the fastest shape on every engine measured, with and without relaxed multiply-add. */
function shapeOf(precision: Precision, relaxed: boolean): ProductShape {
  const rowVectors = 8 / layoutOf(precision).lanes;
  return { rowVectors, columnVectors: 1, unroll: relaxed ? 4 : 2, relaxed, blockAlong: 256, blockColumns: 1024 / layoutOf(precision).size };
}

/** The functions of a shape. */
export function functionsOf(precision: Precision, shape: ProductShape): ProductFunctions {
  const layout = layoutOf(precision);
  const [rows, columns] = [shape.rowVectors * layout.lanes, shape.columnVectors * layout.lanes];
  const name = (topic: string): string => `${topic}_${precision}`;
  const widths = [...new Set([rows, columns])];
  return {
    functions: [
      ...widths.flatMap((width) => [
        packFunction(name(`pack${width}`), name(`packSlowly${width}`), layout, width),
        packSlowlyFunction(name(`packSlowly${width}`), layout, width),
      ]),
      storePartFunction(name("storePart"), layout),
      tileFunction(name("tile"), name("storePart"), layout, shape),
      productFunction(name("product"), name("tile"), layout, shape),
    ],
    rowsOfPanel: rows,
    columnsOfPanel: columns,
    leftBytes: (m, k) => panelBytes(layout, rows, m, k),
    rightBytes: (n, k) => panelBytes(layout, columns, n, k),
    packLeft: name(`pack${rows}`),
    packRight: name(`pack${columns}`),
    product: name("product"),
  };
}

/**
 * Blocks along k, then of columns, then a panel of rows against all panels of columns of a block: the panel of rows stays in the first cache
 * while the block of columns streams from the second, and C is written along its rows.
 */
function productFunction(name: string, tile: string, { size, lanes }: Layout, shape: ProductShape): FunctionCode {
  const writer = writeFunction(name, ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"], []);
  const [m, n, k, left, right, c, cRowBytes, accumulate] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
  const [height, width] = [shape.rowVectors * lanes, shape.columnVectors * lanes];
  whenever(writer, isZero(k), () => {
    whenever(writer, isZero(accumulate), () =>
      count(writer, m, integer(1), (i) => {
        emit(writer, add(c, mul(i, cRowBytes)), integer(0), times(n, size));
        writer.emit("memory.fill");
      }),
    );
    writer.emit("return");
  });
  const blockAlong = letInteger(writer, ceilQuotient(k, ceilQuotient(k, integer(shape.blockAlong))));
  count(writer, k, blockAlong, (along) => {
    const steps = letInteger(writer, smaller(blockAlong, sub(k, along)));
    const adding = letInteger(writer, or(accumulate, along));
    count(writer, n, integer(shape.blockColumns), (from) => {
      const to = letInteger(writer, smaller(n, add(from, integer(shape.blockColumns))));
      count(writer, m, integer(height), (i) => {
        const a = letInteger(writer, add(left, times(add(mul(i, k), times(along, height)), size)));
        const b = letInteger(writer, add(right, times(add(mul(from, k), times(along, width)), size)));
        const tileAt = letInteger(writer, add(c, add(mul(i, cRowBytes), times(from, size))));
        const rows = letInteger(writer, sub(m, i));
        const j = letInteger(writer, from);
        repeatBelow(writer, j, to, integer(width), () => {
          call(writer, tile, a, b, steps, tileAt, cRowBytes, rows, sub(n, j), adding);
          advance(writer, b, times(k, width * size));
          advance(writer, tileAt, integer(width * size));
        });
      });
    });
  });
  return writer.finish();
}
