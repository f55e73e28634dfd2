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
  and,
  atLeast,
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
import { type Layout, layoutOf, panelVectors, moveTileFunction, type TileShape, tileFunction } from "./kernel.ts";
import { packByOffsetsFunction } from "./offsets.ts";
import { packFunction, packSlowlyFunction, panelBytes } from "./panels.ts";

/** What a program that multiplies matrices of one precision contains and calls. Every argument is an i32; addresses and strides are in bytes. */
export interface ProductFunctions {
  /** To be added to the module. */
  readonly functions: readonly FunctionCode[];
  /** Bytes of an m × k left operand in panels, and of a tile after them, in which a product keeps what does not lie wholly inside C. */
  readonly leftBytes: (m: number, k: number) => number;
  /** Bytes of a k × n right operand in panels. */
  readonly rightBytes: (n: number, k: number) => number;
  readonly packLeft: Packers;
  readonly packRight: Packers;
  /** Name of `(m, n, k, left, right, c, cRowBytes, accumulate)`: C = A·B, or C += A·B where accumulate is 1. */
  readonly product: string;
}

/** The functions that pack an operand, with its rows or its columns across; `panelBytes` apart lie its panels, or more than one packs. */
export interface Packers {
  /** Rows or columns a panel. */
  readonly width: number;
  /** Name of `(count, k, source, acrossBytes, alongBytes, panels, panelBytes)`. */
  readonly strided: string;
  /** Name of `(count, k, source, acrossOffsets, alongOffsets, panels, panelBytes)`, with tables of offsets. */
  readonly offsets: string;
}

/** Most steps along k summed in registers: a panel of so many lies in the first cache, and rounding errors grow with it and with k over it. */
const blockAlong = 256;

/** Bytes of a row of the right operand whose panels make a block that lies in the second cache. */
const blockBytes = 1024;

/** The functions of a precision. Panels and the order of sums are other with relaxed multiply-add than without. */
export function productFunctions(precision: Precision, { relaxed = false }: LanesOptions = {}): ProductFunctions {
  const layout = layoutOf(precision);
  const shapes = shapesOf(relaxed);
  const { panelRows } = shapes.tile;
  const panelColumns = panelVectors * layout.lanes;
  const name = (topic: string): string => `${topic}_${precision}`;
  const packers = (width: number): Packers => ({ width, strided: name(`pack${width}`), offsets: name(`packByOffsets${width}`) });
  return {
    functions: [
      ...[...new Set([panelRows, panelColumns])].flatMap((width) => [
        packFunction(name(`pack${width}`), name(`packSlowly${width}`), layout, width),
        packSlowlyFunction(name(`packSlowly${width}`), layout, width),
        packByOffsetsFunction(name(`packByOffsets${width}`), layout, width),
      ]),
      moveTileFunction(name("moveTile"), layout),
      tileFunction(name("tile"), layout, shapes.tile),
      tileFunction(name("lowTile"), layout, shapes.lowTile),
      productFunction(name, layout, shapes),
    ],
    leftBytes: (m, k) => panelBytes(layout, panelRows, m, k) + panelRows * panelColumns * layout.size,
    rightBytes: (n, k) => panelBytes(layout, panelColumns, n, k),
    packLeft: packers(panelRows),
    packRight: packers(panelColumns),
    product: name("product"),
  };
}

interface Shapes {
  readonly tile: TileShape;
  /** For the rows that remain below the whole panels, where no more than its own remain. */
  readonly lowTile: TileShape;
}

/**
 * The fastest of those measured, on V8 of Node 20, 22 and 24. Eight accumulators keep multiplication and addition busy; multiply-add takes
 * longer before its result can be used, and twelve keep it busy.
 */
const shapesOf = (relaxed: boolean): Shapes =>
  relaxed
    ? { tile: { panelRows: 6, rows: 6, columnPanels: 1, relaxed }, lowTile: { panelRows: 6, rows: 4, columnPanels: 1, relaxed } }
    : { tile: { panelRows: 4, rows: 4, columnPanels: 1, relaxed }, lowTile: { panelRows: 4, rows: 2, columnPanels: 2, relaxed } };

/** Parameters of a product's function, in order. */
const [m, n, k, left, right, c, cRowBytes, accumulate] = [0, 1, 2, 3, 4, 5, 6, 7] as const;

/**
 * Blocks along k, then of columns, then a panel of rows against all panels of columns of a block: the panel of rows stays in the first cache
 * while the block of columns streams from the second, and C is written along its rows.
 */
function productFunction(nameOf: (topic: string) => string, { size, lanes }: Layout, shapes: Shapes): FunctionCode {
  const { panelRows } = shapes.tile;
  const panelColumns = panelVectors * lanes;
  const writer = writeFunction(nameOf("product"), ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"], []);
  whenever(writer, isZero(k), () => {
    whenever(writer, isZero(accumulate), () => clear(writer, size));
    writer.emit("return");
  });
  const panel = letInteger(writer, times(k, panelColumns * size));
  /** Where there is no second panel the first is read again. */
  const secondPanel = (columns: number): Code => [...get(panel), ...integer(0), ...less(integer(panelColumns), columns), ["select"]];
  /** Where a tile is written that is not wholly inside C. */
  const apart = letInteger(writer, add(left, times(mul(ceilQuotient(m, integer(panelRows)), k), panelRows * size)));
  const stepsOfBlock = letInteger(writer, ceilQuotient(k, ceilQuotient(k, integer(blockAlong))));
  count(writer, k, stepsOfBlock, (along) => {
    const steps = letInteger(writer, smaller(stepsOfBlock, sub(k, along)));
    const adding = letInteger(writer, or(accumulate, along));
    count(writer, n, integer(blockBytes / size), (from) => {
      const to = letInteger(writer, smaller(n, add(from, integer(blockBytes / size))));
      count(writer, m, integer(panelRows), (i) => {
        const a = letInteger(writer, add(left, times(add(mul(i, k), times(along, panelRows)), size)));
        const b = letInteger(writer, add(right, times(add(mul(from, k), times(along, panelColumns)), size)));
        const at = letInteger(writer, add(c, add(mul(i, cRowBytes), times(from, size))));
        const rows = letInteger(writer, sub(m, i));
        const j = letInteger(writer, from);
        const tilesOfRow = (tile: string, { rows: height, columnPanels }: TileShape): void => {
          const width = panelColumns * columnPanels;
          repeatBelow(writer, j, to, integer(width), () => {
            const columns = letInteger(writer, sub(n, j));
            const operands = [a, b, columnPanels === 1 ? integer(0) : secondPanel(columns), steps] as const;
            whenever(
              writer,
              and(atLeast(rows, integer(height)), atLeast(columns, integer(width))),
              () => call(writer, tile, ...operands, at, cRowBytes, adding),
              () => {
                const rowBytes = integer(width * size);
                call(writer, tile, ...operands, apart, rowBytes, integer(0));
                const [inRows, inColumns] = [smaller(rows, integer(height)), smaller(columns, integer(width))];
                call(writer, nameOf("moveTile"), apart, rowBytes, at, cRowBytes, inRows, inColumns, adding);
              },
            );
            advance(writer, b, times(panel, columnPanels));
            advance(writer, at, integer(width * size));
          });
        };
        whenever(
          writer,
          less(integer(shapes.lowTile.rows), rows),
          () => tilesOfRow(nameOf("tile"), shapes.tile),
          () => tilesOfRow(nameOf("lowTile"), shapes.lowTile),
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
