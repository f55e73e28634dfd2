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
  and,
  assign,
  atLeast,
  branchWhen,
  call,
  differ,
  emit,
  get,
  integer,
  isZero,
  less,
  letInteger,
  mul,
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
const [a, b, secondPanel, k, c, cRowBytes, rows, columns, accumulate] = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const;

/**
 * `tile(a, b, secondPanel, k, c, cRowBytes, rows, columns, accumulate)`: C = or += A·B for the tile's part of C, of which so many rows and
 * columns are inside the matrix or more. `a` and `b` are addresses in panels, `secondPanel` the bytes to the second panel of columns. Calls
 * `storePart` where C ends inside the tile.
 */
export function tileFunction(name: string, storePart: string, layout: Layout, shape: TileShape): FunctionCode {
  const writer = writeFunction(name, ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"], []);
  const vectors = shape.columnPanels * panelVectors;
  const sums = Array.from({ length: shape.rows }, () => Array.from({ length: vectors }, () => writer.local("v128")));
  const tile: Tile = { writer, layout, shape, sums };
  sumProducts(tile);
  storeTile(tile, storePart);
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
  const kind = layout.precision === "f64" ? "f64x2" : "f32x4";
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

/** Sets or adds the tile to C: whole vectors where it lies inside the matrix, else as many entries as do. */
function storeTile(tile: Tile, storePart: string): void {
  const { writer, layout, shape, sums } = tile;
  const { lanes, precision } = layout;
  const kind = precision === "f64" ? "f64x2" : "f32x4";
  const inside = and(atLeast(rows, integer(shape.rows)), atLeast(columns, integer(sums[0]!.length * lanes)));
  const set = (vector: number, j: number): void => {
    emit(writer, get(c), get(vector), [["v128.store", j * 16]]);
  };
  const increase = (vector: number, j: number): void => {
    emit(writer, get(c), get(c), [["v128.load", j * 16]], get(vector), [[`${kind}.add`], ["v128.store", j * 16]]);
  };
  const eachRow = (write: (vectors: readonly number[], row: number) => void): void =>
    sums.forEach((vectors, row) => {
      if (row > 0) advance(writer, c, cRowBytes);
      write(vectors, row);
    });
  whenever(
    writer,
    inside,
    () =>
      whenever(
        writer,
        isZero(accumulate),
        () => eachRow((vectors) => vectors.forEach(set)),
        () => eachRow((vectors) => vectors.forEach(increase)),
      ),
    () =>
      writer.block((done) =>
        eachRow((vectors, row) => {
          branchWhen(writer, done, less(rows, integer(row + 1)));
          vectors.forEach((vector, j) =>
            call(writer, storePart, add(c, integer(j * 16)), sub(columns, integer(j * lanes)), accumulate, vector),
          );
        }),
      ),
  );
}

/** `storePart(address, count, accumulate, vector)`: sets or adds the first `count` entries of a vector, none if negative, all if many. */
export function storePartFunction(name: string, { size, lanes, precision }: Layout): FunctionCode {
  const writer = writeFunction(name, ["i32", "i32", "i32", "v128"], []);
  const [address, entries, adding, vector] = [0, 1, 2, 3] as const;
  const extract = precision === "f64" ? "f64x2.extract_lane" : "f32x4.extract_lane";
  writer.block((done) => {
    for (let lane = 0; lane < lanes; lane++) {
      const offset = lane * size;
      branchWhen(writer, done, less(entries, integer(lane + 1)));
      whenever(
        writer,
        isZero(adding),
        () => emit(writer, get(address), get(vector), [[`v128.store${size * 8}_lane`, offset, lane]]),
        () => {
          emit(writer, get(address), get(address), [[`${precision}.load`, offset]], get(vector));
          emit(writer, [[extract, lane], [`${precision}.add`], [`${precision}.store`, offset]]);
        },
      );
    }
  });
  return writer.finish();
}
