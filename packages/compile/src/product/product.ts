/**
 * Matrix products in WebAssembly: functions that pack operands into panels and multiply panels. It knows matrices in memory; it knows no op and
 * no graph.
 */
import { type FunctionWriter, writeFunction } from "../assembly/function.ts";
import type { LanesOptions, Precision } from "../assembly/lanes.ts";
import type { FunctionCode } from "../assembly/module.ts";
import {
  add,
  advance,
  type Code,
  call,
  ceilQuotient,
  count,
  emit,
  get,
  integer,
  isZero,
  less,
  letInteger,
  mul,
  or,
  repeatBelow,
  smaller,
  sub,
  times,
  whenever,
} from "./integers.ts";
import { layoutOf, type Layout, panelRows, storePartFunction, tileFunction } from "./kernel.ts";
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

/** Most steps along k summed in registers: a panel of so many lies in the first cache, and rounding errors grow with it and with k over it. */
const blockAlong = 256;

/** Bytes of a row of the right operand whose panels make a block that lies in the second cache. */
const blockBytes = 1024;

/** The functions of a precision. The same panels serve all engines, with relaxed multiply-add and without. */
export function productFunctions(precision: Precision, { relaxed = false }: LanesOptions = {}): ProductFunctions {
  const layout = layoutOf(precision);
  const { lanes } = layout;
  const name = (topic: string): string => `${topic}_${precision}`;
  const [storePart, tile, lowTile, product] = [name("storePart"), name("tile"), name("lowTile"), name("product")];
  return {
    functions: [
      ...[panelRows, lanes].flatMap((width) => [
        packFunction(name(`pack${width}`), name(`packSlowly${width}`), layout, width),
        packSlowlyFunction(name(`packSlowly${width}`), layout, width),
      ]),
      storePartFunction(storePart, layout),
      tileFunction(tile, storePart, layout, { rowVectors: panelRows / lanes, columnPanels: 1, relaxed }),
      tileFunction(lowTile, storePart, layout, { rowVectors: lowRows / lanes, columnPanels: 2, relaxed }),
      productFunction(product, tile, lowTile, layout),
    ],
    rowsOfPanel: panelRows,
    columnsOfPanel: lanes,
    leftBytes: (m, k) => panelBytes(layout, panelRows, m, k),
    rightBytes: (n, k) => panelBytes(layout, lanes, n, k),
    packLeft: name(`pack${panelRows}`),
    packRight: name(`pack${lanes}`),
    product,
  };
}

/** Rows of the tile for what remains below the whole panels, if no more remain; two panels of columns keep its accumulators as many. */
const lowRows = panelRows / 2;

/** Parameters of a product's function, in order. */
const [m, n, k, left, right, c, cRowBytes, accumulate] = [0, 1, 2, 3, 4, 5, 6, 7] as const;

/**
 * Blocks along k, then of columns, then a panel of rows against all panels of columns of a block: the panel of rows stays in the first cache
 * while the block of columns streams from the second, and C is written along its rows.
 */
function productFunction(name: string, tile: string, lowTile: string, { size, lanes }: Layout): FunctionCode {
  const writer = writeFunction(name, ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"], []);
  whenever(writer, isZero(k), () => {
    whenever(writer, isZero(accumulate), () => clear(writer, size));
    writer.emit("return");
  });
  const panel = letInteger(writer, times(k, lanes * size));
  const stepsOfBlock = letInteger(writer, ceilQuotient(k, ceilQuotient(k, integer(blockAlong))));
  count(writer, k, stepsOfBlock, (along) => {
    const steps = letInteger(writer, smaller(stepsOfBlock, sub(k, along)));
    const adding = letInteger(writer, or(accumulate, along));
    count(writer, n, integer(blockBytes / size), (from) => {
      const to = letInteger(writer, smaller(n, add(from, integer(blockBytes / size))));
      count(writer, m, integer(panelRows), (i) => {
        const a = letInteger(writer, add(left, times(add(mul(i, k), times(along, panelRows)), size)));
        const b = letInteger(writer, add(right, times(add(mul(from, k), times(along, lanes)), size)));
        const at = letInteger(writer, add(c, add(mul(i, cRowBytes), times(from, size))));
        const rows = letInteger(writer, sub(m, i));
        const j = letInteger(writer, from);
        const row = (tileName: string, panels: number, secondPanel: Code): void =>
          repeatBelow(writer, j, to, integer(lanes * panels), () => {
            call(writer, tileName, a, b, secondPanel, steps, at, cRowBytes, rows, sub(n, j), adding);
            advance(writer, b, times(panel, panels));
            advance(writer, at, integer(lanes * size * panels));
          });
        whenever(
          writer,
          less(integer(lowRows), rows),
          () => row(tile, 1, integer(0)),
          () => row(lowTile, 2, [...get(panel), ...integer(0), ...less(integer(lanes), sub(n, j)), ["select"]]),
        );
      });
    });
  });
  return writer.finish();
}

/** Fills C with zeros: the sum of nothing. */
function clear(writer: FunctionWriter, size: number): void {
  count(writer, m, integer(1), (i) => {
    emit(writer, add(c, mul(i, cRowBytes)), integer(0), times(n, size));
    writer.emit("memory.fill");
  });
}
