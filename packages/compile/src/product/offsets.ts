/**
 * Packing a matrix whose rows or columns are several axes of a tensor: where an entry lies is the sum of an offset for its place across and one
 * for its place along, and these offsets stand in tables. It knows tables and memory; it knows no label and no product.
 */
import { type FunctionWriter, writeFunction } from "../assembly/function.ts";
import type { FunctionCode } from "../assembly/module.ts";
import {
  add,
  advance,
  and,
  assign,
  atLeast,
  type Code,
  count,
  emit,
  get,
  integer,
  letInteger,
  repeatBelow,
  smaller,
  sub,
  times,
  whenever,
} from "./integers.ts";
import type { Layout } from "./kernel.ts";
import { transposeVectors } from "./panels.ts";

/** Labels seen as one: how many entries, and how far apart they lie. */
export interface Axis {
  readonly size: number;
  readonly stride: number;
}

/**
 * The offset in bytes of every place of some axes, the last of which is walked fastest. Offsets are multiples of the size of an entry; their
 * lowest bit, set, says that `run` entries from there on lie side by side.
 */
export function offsetTable(axes: readonly Axis[], size: number, run: number): Int32Array {
  const offsets = [0];
  for (const axis of axes) {
    const outer = offsets.splice(0);
    for (const offset of outer) for (let i = 0; i < axis.size; i++) offsets.push(offset + i * axis.stride * size);
  }
  const isRun = (at: number): boolean => {
    if (at + run > offsets.length) return false;
    for (let i = 1; i < run; i++) if (offsets[at + i] !== offsets[at]! + i * size) return false;
    return true;
  };
  return Int32Array.from(offsets, (offset, at) => (isRun(at) ? offset + 1 : offset));
}

/** Parameters of the function that packs, in order. */
const [entries, k, source, across, along, destination, panelBytes] = [0, 1, 2, 3, 4, 5, 6] as const;

/**
 * `pack(count, k, source, across, along, destination, panelBytes)`: panels of the matrix whose entry lies at `source` and two offsets, one from
 * each table. The table across knows of runs as wide as a panel, the one along of runs of a vector. Panels lie `panelBytes` apart.
 */
export function packByOffsetsFunction(name: string, layout: Layout, width: number): FunctionCode {
  const writer = writeFunction(name, ["i32", "i32", "i32", "i32", "i32", "i32", "i32"], []);
  const pointers = Array.from({ length: width }, () => writer.local("i32"));
  count(writer, entries, integer(width), (at) => {
    const row = letInteger(writer, add(across, times(at, 4)));
    const valid = letInteger(writer, smaller(integer(width), sub(entries, at)));
    const offsetOf = (i: number): Code => [...get(row), ["i32.load", i * 4]];
    whenever(
      writer,
      and(offsetOf(0), integer(1)),
      () => copyRuns(writer, width, letInteger(writer, add(source, sub(offsetOf(0), integer(1)))), layout),
      () => {
        const point = (i: number): void => assign(writer, pointers[i]!, add(source, and(offsetOf(i), integer(-2))));
        pointers.forEach((_, i) => (i === 0 ? point(0) : whenever(writer, atLeast(valid, integer(i + 1)), () => point(i))));
        whenever(
          writer,
          atLeast(valid, integer(width)),
          () => packPointed(writer, layout, pointers),
          () => packPointed(writer, layout, pointers, valid),
        );
      },
    );
    advance(writer, destination, panelBytes);
  });
  return writer.finish();
}

/** A panel whose entries across lie side by side from an address. */
function copyRuns(writer: FunctionWriter, width: number, from: number, { size, lanes }: Layout): void {
  const [to, entry] = [letInteger(writer, destination), writer.local("i32")];
  eachStep(writer, (offset) => {
    assign(writer, entry, add(from, and(offset, integer(-2))));
    for (let i = 0; i < width; i += lanes) {
      const [load, store] = i + lanes <= width ? (["v128.load", "v128.store"] as const) : (["i64.load", "i64.store"] as const);
      emit(writer, get(to), get(entry), [
        [load, i * size],
        [store, i * size],
      ]);
    }
    advance(writer, to, integer(width * size));
  });
}

/** Calls `write` with the code of the offset of each step along. */
function eachStep(writer: FunctionWriter, write: (offset: Code) => void): void {
  const [at, end] = [letInteger(writer, along), letInteger(writer, add(along, times(k, 4)))];
  repeatBelow(writer, at, end, integer(4), () => write([...get(at), ["i32.load", 0]]));
}

/** A panel that is packed from a pointer for each of its entries across. */
interface PointedPanel {
  readonly writer: FunctionWriter;
  readonly layout: Layout;
  readonly pointers: readonly number[];
  /** How many pointers count, zeros are packed for the others; undefined where all do. */
  readonly valid: number | undefined;
  /** Where the step along lies: bytes past every pointer. */
  readonly offset: number;
  readonly to: number;
}

/** A panel of entries from so many pointers: squares of L × L where L steps along lie side by side, step by step otherwise. */
function packPointed(writer: FunctionWriter, layout: Layout, pointers: readonly number[], valid?: number): void {
  const { size, lanes } = layout;
  const [at, end] = [letInteger(writer, along), letInteger(writer, add(along, times(k, 4)))];
  const panel = { writer, layout, pointers, valid, offset: writer.local("i32"), to: letInteger(writer, destination) };
  const [square, single] = [squareOf(panel), singleOf(panel)];
  const step = (steps: number, write: () => void): void => {
    write();
    advance(writer, at, integer(steps * 4));
    advance(writer, panel.to, integer(steps * pointers.length * size));
  };
  repeatBelow(writer, at, end, integer(0), () => {
    assign(writer, panel.offset, [...get(at), ["i32.load", 0]]);
    whenever(
      writer,
      and(panel.offset, integer(1)),
      () => {
        assign(writer, panel.offset, sub(panel.offset, integer(1)));
        step(lanes, square);
      },
      () => step(1, single),
    );
  });
}

/** L steps along of all entries across, L of which are transposed at a time. */
function squareOf({ writer, layout, pointers, valid, offset, to }: PointedPanel): () => void {
  const { size, lanes } = layout;
  const vectors = Array.from({ length: lanes }, () => writer.local("v128"));
  return () => {
    for (let first = 0; first < pointers.length; first += lanes) {
      const group = pointers.slice(first, first + lanes);
      group.forEach((pointer, i) => {
        whereValid(writer, first + i, valid, [...add(pointer, offset), ["v128.load", 0]], zeros);
        writer.emit("local.set", vectors[i]!);
      });
      transposeVectors(writer, layout, vectors);
      vectors.forEach((vector, i) => storeRow(writer, layout, to, vector, (i * pointers.length + first) * size, group.length));
    }
  };
}

/** One step along of all entries across. */
function singleOf({ writer, layout, pointers, valid, offset, to }: PointedPanel): () => void {
  const { size, lanes } = layout;
  const vector = writer.local("v128");
  return () => {
    for (let first = 0; first < pointers.length; first += lanes) {
      const group = pointers.slice(first, first + lanes);
      group.forEach((pointer, i) => {
        const [before, address] = [i === 0 ? zeros : get(vector), add(pointer, offset)];
        const load: Code =
          i === 0 ? [...address, [`v128.load${size * 8}_zero`, 0]] : [...address, ...before, [`v128.load${size * 8}_lane`, 0, i]];
        whereValid(writer, first + i, valid, load, before);
        writer.emit("local.set", vector);
      });
      storeRow(writer, layout, to, vector, first * size, group.length);
    }
  };
}

const zeros: Code = [["v128.const", new Uint8Array(16)]];

/** Leaves one vector on the stack for an entry across that counts, another for one that does not; the first always counts. */
function whereValid(writer: FunctionWriter, entry: number, valid: number | undefined, then: Code, otherwise: Code): void {
  if (valid === undefined || entry === 0) {
    emit(writer, then);
    return;
  }
  emit(writer, atLeast(valid, integer(entry + 1)));
  writer.emit("if", "v128");
  emit(writer, then, [["else"]], otherwise, [["end"]]);
}

/** Stores so many lanes of a vector. */
function storeRow(writer: FunctionWriter, { lanes }: Layout, to: number, vector: number, offset: number, entriesOfRow: number): void {
  emit(writer, get(to), get(vector), [entriesOfRow === lanes ? ["v128.store", offset] : ["v128.store64_lane", offset, 0]]);
}
