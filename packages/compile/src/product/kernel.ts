/**
 * The register kernel: one tile of a matrix product from one panel of each operand. It knows panels and registers; it knows neither the sizes
 * of the matrices nor caches.
 *
 * A vector of B is rotated by one lane where other kernels broadcast entries of A: with A as a vector of L rows and B as a vector of L columns,
 * the L products A·rotate(B, r) are an L × L tile whose entry (i, j) lies in lane i of accumulator (j − i) mod L. The loop then loads whole
 * vectors only; the rotation is undone once, after the loop.
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
  sub,
  times,
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

/** Rows of a panel of the left operand; a panel of the right one has as many columns as a vector has lanes. */
export const panelRows = 8;

/** The shape of a tile, chosen by measurement. */
export interface TileShape {
  /** Vectors of rows: those of a panel, or the first of them. */
  readonly rowVectors: number;
  /** Panels of columns taken together: one or two. */
  readonly columnPanels: 1 | 2;
  readonly relaxed: boolean;
}

/** Entry `lane` of the result is entry `lanes[lane]` of two vectors side by side. */
export function shuffleOf({ size }: Layout, entries: readonly number[]): Uint8Array {
  return Uint8Array.from(entries.flatMap((entry) => Array.from({ length: size }, (_, byte) => entry * size + byte)));
}

/** Sets entry i of a vector to entry (i + by) mod L of another. */
function rotate(writer: FunctionWriter, layout: Layout, vector: number, by: number, result: number): void {
  const entries = Array.from({ length: layout.lanes }, (_, i) => (i + by) % layout.lanes);
  emit(writer, get(vector), get(vector), [["i8x16.shuffle", shuffleOf(layout, entries)]]);
  writer.emit("local.set", result);
}

/**
 * Leaves the transpose of L vectors, given as locals, in those locals. The vectors are read and written with instructions that the engine turns
 * into single unpacking steps.
 */
export function transposeVectors(writer: FunctionWriter, layout: Layout, vectors: readonly number[]): void {
  const pair = (x: number, y: number, entries: readonly number[]): number => {
    const local = writer.local("v128");
    writer.emit("local.get", x);
    writer.emit("local.get", y);
    writer.emit("i8x16.shuffle", shuffleOf(layout, entries));
    writer.emit("local.set", local);
    return local;
  };
  const [p, q, r, s] = vectors as [number, number, number, number];
  let results: number[];
  if (layout.lanes === 2) {
    results = [pair(p, q, [0, 2]), pair(p, q, [1, 3])];
  } else {
    const low = [pair(p, q, [0, 4, 1, 5]), pair(r, s, [0, 4, 1, 5])] as const;
    const high = [pair(p, q, [2, 6, 3, 7]), pair(r, s, [2, 6, 3, 7])] as const;
    results = [low, high].flatMap(([x, y]) => [pair(x, y, [0, 1, 4, 5]), pair(x, y, [2, 3, 6, 7])]);
  }
  results.forEach((result, i) => {
    writer.emit("local.get", result);
    writer.emit("local.set", vectors[i]!);
  });
}

/** The parameters of a tile's function, and the accumulators by vector of rows, vector of columns and rotation. */
interface Tile {
  readonly writer: FunctionWriter;
  readonly layout: Layout;
  readonly shape: TileShape;
  readonly sums: readonly (readonly (readonly number[])[])[];
}

/** Parameters of a tile's function, in order. */
const [a, b, secondPanel, k, c, cRowBytes, rows, columns, accumulate] = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const;

/**
 * `tile(a, b, secondPanel, k, c, cRowBytes, rows, columns, accumulate)`: C = or += A·B for the tile's part of C, of which so many rows and
 * columns are inside the matrix or more. `a` and `b` are addresses in panels, `secondPanel` the bytes to the second panel of columns; k ≥ 1.
 * Calls `storePart` where C ends inside the tile.
 */
export function tileFunction(name: string, storePart: string, layout: Layout, shape: TileShape): FunctionCode {
  const writer = writeFunction(name, ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"], []);
  const newLocals = (): number[] => Array.from({ length: layout.lanes }, () => writer.local("v128"));
  const sums = Array.from({ length: shape.rowVectors }, () => Array.from({ length: shape.columnPanels }, newLocals));
  const tile: Tile = { writer, layout, shape, sums };
  sumProducts(tile);
  for (const row of sums) for (const rotated of row) unrotate(writer, layout, rotated);
  storeTile(tile, storePart);
  return writer.finish();
}

/**
 * The loop along k. It lies inside a condition, so that its accumulators end where the paths join: V8 of Node 20 and 22 then keeps them in
 * registers, and is 1.25 to 2.6 times as fast as without; unrolling gained nothing after that.
 */
function sumProducts(tile: Tile): void {
  const { writer, layout, shape } = tile;
  const stepBytes = panelRows * layout.size;
  const end = writer.local("i32");
  const panels: number[] = [b];
  if (shape.columnPanels === 2) panels.push(letInteger(writer, add(b, secondPanel)));
  whenever(writer, get(k), () => {
    assign(writer, end, add(a, times(k, stepBytes)));
    writer.loop((start) => {
      addProducts(tile, panels);
      for (const panel of panels) advance(writer, panel, integer(16));
      advance(writer, a, integer(stepBytes));
      branchWhen(writer, start, differ(a, end));
    });
  });
}

/** One step along k: every vector of rows times every rotation of every vector of columns. */
function addProducts({ writer, layout, shape, sums }: Tile, panels: readonly number[]): void {
  const kind = layout.precision === "f64" ? "f64x2" : "f32x4";
  const loaded = (address: number, offset: number): number => {
    const local = writer.local("v128");
    writer.emit("local.get", address);
    writer.emit("v128.load", offset);
    writer.emit("local.set", local);
    return local;
  };
  const columnVectors = panels.map((panel) => loaded(panel, 0));
  const rowVectors = sums.map((_, i) => loaded(a, i * 16));
  for (let by = 0; by < layout.lanes; by++) {
    columnVectors.forEach((vector, j) => {
      const rotated = by === 0 ? vector : writer.local("v128");
      if (by > 0) rotate(writer, layout, vector, by, rotated);
      rowVectors.forEach((row, i) => {
        const sum = sums[i]![j]![by]!;
        if (shape.relaxed) emit(writer, [...get(row), ...get(rotated), ...get(sum), [`${kind}.relaxed_madd`]]);
        else emit(writer, [...get(sum), ...get(row), ...get(rotated), [`${kind}.mul`], [`${kind}.add`]]);
        writer.emit("local.set", sum);
      });
    });
  }
}

/** Sets or adds the tile to C: whole vectors where it lies inside the matrix, else as many entries as do. */
function storeTile(tile: Tile, storePart: string): void {
  const { writer, layout, shape } = tile;
  const { lanes } = layout;
  const kind = layout.precision === "f64" ? "f64x2" : "f32x4";
  const inside = and(atLeast(rows, integer(shape.rowVectors * lanes)), atLeast(columns, integer(shape.columnPanels * lanes)));
  const set = (vector: number, j: number): void => {
    emit(writer, get(c), get(vector), [["v128.store", j * 16]]);
  };
  const increase = (vector: number, j: number): void => {
    emit(writer, get(c), get(c), [["v128.load", j * 16]], get(vector), [[`${kind}.add`], ["v128.store", j * 16]]);
  };
  whenever(
    writer,
    inside,
    () =>
      whenever(
        writer,
        isZero(accumulate),
        () => eachRow(tile, (_, vectors) => vectors.forEach(set)),
        () => eachRow(tile, (_, vectors) => vectors.forEach(increase)),
      ),
    () =>
      writer.block((done) =>
        eachRow(tile, (index, vectors) => {
          branchWhen(writer, done, less(rows, integer(index + 1)));
          vectors.forEach((vector, j) =>
            call(writer, storePart, add(c, integer(j * 16)), sub(columns, integer(j * lanes)), accumulate, vector),
          );
        }),
      ),
  );
}

/** Writes code for each row of the tile, `c` being its address. */
function eachRow({ writer, layout, sums }: Tile, write: (index: number, vectors: readonly number[]) => void): void {
  sums.forEach((row, i) => {
    for (let lane = 0; lane < layout.lanes; lane++) {
      if (i + lane > 0) advance(writer, c, cRowBytes);
      write(
        i * layout.lanes + lane,
        row.map((vectors) => vectors[lane]!),
      );
    }
  });
}

/** From accumulators, one a rotation, to rows. */
function unrotate(writer: FunctionWriter, layout: Layout, sums: readonly number[]): void {
  transposeVectors(writer, layout, sums);
  for (let i = 1; i < layout.lanes; i++) rotate(writer, layout, sums[i]!, layout.lanes - i, sums[i]!);
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
