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
  assign,
  atLeast,
  branchWhen,
  type Code,
  emit,
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

/** The shape of a kernel, chosen per engine by measurement. */
export interface KernelShape {
  /** Vectors of rows in a tile. */
  readonly rowVectors: number;
  /** Vectors of columns in a tile. */
  readonly columnVectors: number;
  /** Steps along k in one turn of the loop. */
  readonly unroll: number;
  readonly relaxed: boolean;
}

/** Entry `lane` of the result is entry `lanes[lane]` of two vectors side by side. */
export function shuffleOf({ size }: Layout, entries: readonly number[]): Uint8Array {
  return Uint8Array.from(entries.flatMap((entry) => Array.from({ length: size }, (_, byte) => entry * size + byte)));
}

/** Entry i of the result is entry (i + by) mod L. */
const rotation = (layout: Layout, by: number): Uint8Array =>
  shuffleOf(
    layout,
    Array.from({ length: layout.lanes }, (_, i) => (i + by) % layout.lanes),
  );

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

/**
 * `tile(a, b, k, c, cRowBytes, rows, columns, accumulate)`: C[rows × columns] = or += A·B, where `a` and `b` are addresses in panels, k ≥ 1 and
 * rows and columns at most the tile's. Calls `storePart` for vectors that are not wholly inside C.
 */
export function tileFunction(name: string, storePart: string, layout: Layout, shape: KernelShape): FunctionCode {
  const { lanes, precision } = layout;
  const { rowVectors, columnVectors, unroll, relaxed } = shape;
  const writer = writeFunction(name, ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"], []);
  const [a, b, k, c, cRowBytes, rows, columns, accumulate] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
  const kind = precision === "f64" ? "f64x2" : "f32x4";
  const vectorLocals = (count: number): number[] => Array.from({ length: count }, () => writer.local("v128"));
  const sums = vectorLocals(rowVectors * columnVectors * lanes);
  const sumAt = (i: number, j: number, r: number): number => sums[(i * columnVectors + j) * lanes + r]!;

  const step = (index: number): void => {
    const rowLocals = vectorLocals(rowVectors);
    const columnLocals = vectorLocals(columnVectors);
    columnLocals.forEach((local, j) => {
      writer.emit("local.get", b);
      writer.emit("v128.load", (index * columnVectors + j) * 16);
      writer.emit("local.set", local);
    });
    rowLocals.forEach((local, i) => {
      writer.emit("local.get", a);
      writer.emit("v128.load", (index * rowVectors + i) * 16);
      writer.emit("local.set", local);
    });
    for (let r = 0; r < lanes; r++) {
      columnLocals.forEach((local, j) => {
        let rotated = local;
        if (r > 0) {
          rotated = writer.local("v128");
          writer.emit("local.get", local);
          writer.emit("local.get", local);
          writer.emit("i8x16.shuffle", rotation(layout, r));
          writer.emit("local.set", rotated);
        }
        rowLocals.forEach((row, i) => {
          const sum = sumAt(i, j, r);
          if (!relaxed) writer.emit("local.get", sum);
          writer.emit("local.get", row);
          writer.emit("local.get", rotated);
          if (relaxed) {
            writer.emit("local.get", sum);
            writer.emit(`${kind}.relaxed_madd`);
          } else {
            writer.emit(`${kind}.mul`);
            writer.emit(`${kind}.add`);
          }
          writer.emit("local.set", sum);
        });
      });
    }
  };
  const turns = (steps: number, end: number): void =>
    writer.loop((start) => {
      for (let index = 0; index < steps; index++) step(index);
      advance(writer, b, integer(columnVectors * 16 * steps));
      advance(writer, a, integer(rowVectors * 16 * steps));
      emit(writer, [["local.get", a], ["local.get", end], ["i32.ne"]]);
      writer.branchIf(start);
    });
  const end = writer.local("i32");
  const setEnd = (steps: number): void => assign(writer, end, add(a, times(steps, rowVectors * 16)));
  if (unroll === 1) {
    setEnd(k);
    turns(1, end);
  } else {
    const rest = letInteger(writer, [["local.get", k], ["i32.const", unroll], ["i32.rem_u"]]);
    const whole = letInteger(writer, sub(k, rest));
    whenever(writer, [["local.get", whole]], () => {
      setEnd(whole);
      turns(unroll, end);
    });
    whenever(writer, [["local.get", rest]], () => {
      setEnd(rest);
      turns(1, end);
    });
  }

  for (let i = 0; i < rowVectors; i++) {
    for (let j = 0; j < columnVectors; j++)
      unrotate(
        writer,
        layout,
        Array.from({ length: lanes }, (_, r) => sumAt(i, j, r)),
      );
  }
  const width = columnVectors * lanes;
  const height = rowVectors * lanes;
  const tileRows = (row: (index: number, vectors: readonly number[]) => void): void => {
    for (let index = 0; index < height; index++) {
      row(
        index,
        Array.from({ length: columnVectors }, (_, j) => sumAt(Math.floor(index / lanes), j, index % lanes)),
      );
      if (index < height - 1) advance(writer, c, cRowBytes);
    }
  };
  const inside: Code = [...atLeast(rows, integer(height)), ...atLeast(columns, integer(width)), ["i32.and"]];
  whenever(
    writer,
    inside,
    () => {
      whenever(
        writer,
        isZero(accumulate),
        () =>
          tileRows((_, vectors) =>
            vectors.forEach((vector, j) => {
              writer.emit("local.get", c);
              writer.emit("local.get", vector);
              writer.emit("v128.store", j * 16);
            }),
          ),
        () =>
          tileRows((_, vectors) =>
            vectors.forEach((vector, j) => {
              writer.emit("local.get", c);
              writer.emit("local.get", c);
              writer.emit("v128.load", j * 16);
              writer.emit("local.get", vector);
              writer.emit(`${kind}.add`);
              writer.emit("v128.store", j * 16);
            }),
          ),
      );
    },
    () =>
      writer.block((done) =>
        tileRows((index, vectors) => {
          branchWhen(writer, done, less(rows, integer(index + 1)));
          vectors.forEach((vector, j) => {
            emit(writer, j === 0 ? [["local.get", c]] : add(c, integer(j * 16)));
            emit(writer, j === 0 ? [["local.get", columns]] : sub(columns, integer(j * lanes)));
            writer.emit("local.get", accumulate);
            writer.emit("local.get", vector);
            writer.emit("call", storePart);
          });
        }),
      ),
  );
  return writer.finish();
}

/** From accumulators, one a rotation, to rows. */
function unrotate(writer: FunctionWriter, layout: Layout, sums: readonly number[]): void {
  transposeVectors(writer, layout, sums);
  sums.forEach((sum, i) => {
    if (i === 0) return;
    writer.emit("local.get", sum);
    writer.emit("local.get", sum);
    writer.emit("i8x16.shuffle", rotation(layout, layout.lanes - i));
    writer.emit("local.set", sum);
  });
}

/** `storePart(address, count, accumulate, vector)`: sets or adds the first `count` entries of a vector, none if negative, all if many. */
export function storePartFunction(name: string, { size, lanes, precision }: Layout): FunctionCode {
  const writer = writeFunction(name, ["i32", "i32", "i32", "v128"], []);
  const [address, entries, accumulate, vector] = [0, 1, 2, 3] as const;
  const bits = size * 8;
  const [extract, scalar] = precision === "f64" ? ["f64x2.extract_lane", "f64"] : ["f32x4.extract_lane", "f32"];
  writer.block((done) => {
    for (let lane = 0; lane < lanes; lane++) {
      branchWhen(writer, done, less(entries, integer(lane + 1)));
      whenever(
        writer,
        isZero(accumulate),
        () => {
          writer.emit("local.get", address);
          writer.emit("local.get", vector);
          writer.emit(`v128.store${bits}_lane`, lane * size, lane);
        },
        () => {
          writer.emit("local.get", address);
          writer.emit("local.get", address);
          writer.emit(`${scalar}.load`, lane * size);
          writer.emit("local.get", vector);
          writer.emit(extract!, lane);
          writer.emit(`${scalar}.add`);
          writer.emit(`${scalar}.store`, lane * size);
        },
      );
    }
  });
  return writer.finish();
}
