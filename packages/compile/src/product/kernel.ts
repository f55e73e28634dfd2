/**
 * The register kernel: one tile of a matrix product from panels of both operands. It knows panels and registers; it knows neither the sizes of
 * the matrices nor caches.
 */
import { type FunctionWriter, writeFunction } from "../assembly/function.ts";
import type { Precision } from "../assembly/lanes.ts";
import type { FunctionCode } from "../assembly/module.ts";
import {
  add,
  advance,
  assign,
  branchWhen,
  count,
  differ,
  emit,
  get,
  integer,
  isZero,
  letInteger,
  mul,
  repeatBelow,
  sub,
  whenever,
} from "./integers.ts";

/** How a precision lies in vectors. */
export interface Layout {
  readonly precision: Precision;
  /** Bytes an entry. */
  readonly size: number;
  /** Entries a vector. */
  readonly lanes: number;
}

export const layoutOf = (precision: Precision): Layout =>
  precision === "f64" ? { precision, size: 8, lanes: 2 } : { precision, size: 4, lanes: 4 };

/** Vectors of columns in a panel of the right operand. */
export const panelVectors = 2;

/** The shape of a tile. Its accumulators, two vectors of columns and one of a splat entry have to fit in sixteen registers less one. */
export interface TileShape {
  /** Rows of a panel of the left operand. */
  readonly panelRows: number;
  /** Rows of the tile: those of a panel, or the first of them. */
  readonly rows: number;
  /** Panels of columns taken together. */
  readonly columnPanels: 1 | 2;
  readonly relaxed: boolean;
}

/** A tile's function under construction, and its accumulators by row and vector of columns. */
interface Tile {
  readonly writer: FunctionWriter;
  readonly layout: Layout;
  readonly shape: TileShape;
  readonly sums: readonly (readonly number[])[];
}

/** Parameters of a tile's function, in order. */
const [a, b, secondPanel, k, c, cRowBytes, accumulate] = [0, 1, 2, 3, 4, 5, 6] as const;

/**
 * `tile(a, b, secondPanel, k, c, cRowBytes, accumulate)`: C = or += A·B for the whole tile. `a` and `b` are addresses in panels, `secondPanel`
 * the bytes to the second panel of columns. It calls nothing: registers that live over a call are spilled inside the loop.
 */
export function tileFunction(name: string, layout: Layout, shape: TileShape): FunctionCode {
  const writer = writeFunction(name, ["i32", "i32", "i32", "i32", "i32", "i32", "i32"], []);
  const vectors = shape.columnPanels * panelVectors;
  const sums = Array.from({ length: shape.rows }, () => Array.from({ length: vectors }, () => writer.local("v128")));
  const tile: Tile = { writer, layout, shape, sums };
  sumProducts(tile);
  storeTile(tile);
  return writer.finish();
}

/**
 * The loop along k. It lies inside a condition, so that its accumulators end where the paths join: V8 of Node 20 and 22 then keeps them in
 * registers, and is 1.25 to 2.6 times as fast as without; unrolling gains nothing after that.
 */
function sumProducts(tile: Tile): void {
  const { writer, layout, shape } = tile;
  const rowBytes = shape.panelRows * layout.size;
  const end = writer.local("i32");
  const panels: number[] = [b];
  if (shape.columnPanels === 2) panels.push(letInteger(writer, add(b, secondPanel)));
  whenever(writer, get(k), () => {
    assign(writer, end, add(a, mul(k, integer(rowBytes))));
    writer.loop((start) => {
      addProducts(tile, panels);
      for (const panel of panels) advance(writer, panel, integer(panelVectors * 16));
      advance(writer, a, integer(rowBytes));
      branchWhen(writer, start, differ(a, end));
    });
  });
}

/** One step along k: every entry of the column of A times every vector of the row of B. */
function addProducts({ writer, layout, shape, sums }: Tile, panels: readonly number[]): void {
  const kind = kindOf(layout);
  const loaded = (address: number, instruction: string, offset: number): number => {
    const local = writer.local("v128");
    emit(writer, get(address), [[instruction, offset]]);
    writer.emit("local.set", local);
    return local;
  };
  const vectors = panels.flatMap((panel) => Array.from({ length: panelVectors }, (_, j) => loaded(panel, "v128.load", j * 16)));
  sums.forEach((row, i) => {
    const entry = loaded(a, `v128.load${layout.size * 8}_splat`, i * layout.size);
    row.forEach((sum, j) => {
      const vector = vectors[j]!;
      if (shape.relaxed) emit(writer, get(entry), get(vector), get(sum), [[`${kind}.relaxed_madd`]]);
      else emit(writer, get(sum), get(entry), get(vector), [[`${kind}.mul`], [`${kind}.add`]]);
      writer.emit("local.set", sum);
    });
  });
}

/** Sets or adds the tile to C. Adding comes first: the other way round V8 of Node 22 spills accumulators of the widest tile, a third of its speed. */
function storeTile({ writer, layout, sums }: Tile): void {
  const kind = kindOf(layout);
  const set = (vector: number, j: number): void => {
    emit(writer, get(c), get(vector), [["v128.store", j * 16]]);
  };
  const increase = (vector: number, j: number): void => {
    emit(writer, get(c), get(c), [["v128.load", j * 16]], get(vector), [[`${kind}.add`], ["v128.store", j * 16]]);
  };
  const eachRow = (write: (vector: number, j: number) => void): void =>
    sums.forEach((vectors, row) => {
      if (row > 0) advance(writer, c, cRowBytes);
      vectors.forEach(write);
    });
  whenever(
    writer,
    get(accumulate),
    () => eachRow(increase),
    () => eachRow(set),
  );
}

const kindOf = ({ precision }: Layout): string => (precision === "f64" ? "f64x2" : "f32x4");

/**
 * `moveTile(tile, tileRowBytes, c, cRowBytes, rows, columns, accumulate)`: sets or adds to C the first rows and columns of a tile that was
 * written elsewhere, because C ends inside it.
 */
export function moveTileFunction(name: string, layout: Layout): FunctionCode {
  const writer = writeFunction(name, ["i32", "i32", "i32", "i32", "i32", "i32", "i32"], []);
  const [tile, tileRowBytes, to, toRowBytes, rows, columns, adding] = [0, 1, 2, 3, 4, 5, 6] as const;
  const { size, lanes, precision } = layout;
  const column = writer.local("i32");
  const [from, into] = [writer.local("i32"), writer.local("i32")];
  const move = (load: string, plus: string, store: string, bytes: number): void => {
    whenever(
      writer,
      isZero(adding),
      () =>
        emit(writer, get(into), get(from), [
          [load, 0],
          [store, 0],
        ]),
      () => emit(writer, get(into), get(into), [[load, 0]], get(from), [[load, 0], [plus], [store, 0]]),
    );
    for (const address of [from, into]) advance(writer, address, integer(bytes));
  };
  count(writer, rows, integer(1), (row) => {
    assign(writer, from, add(tile, mul(row, tileRowBytes)));
    assign(writer, into, add(to, mul(row, toRowBytes)));
    assign(writer, column, integer(0));
    repeatBelow(writer, column, sub(columns, integer(lanes - 1)), integer(lanes), () =>
      move("v128.load", `${kindOf(layout)}.add`, "v128.store", 16),
    );
    repeatBelow(writer, column, columns, integer(1), () => move(`${precision}.load`, `${precision}.add`, `${precision}.store`, size));
  });
  return writer.finish();
}
