/**
 * Packing a matrix into panels, from any strides. It knows memory; it knows no product.
 *
 * Panels of width W hold `count` entries across and k along: ⌈count/W⌉ panels one after the other, each of k·W entries. Entry (across, along) is
 * entry `along·W + across mod W` of panel ⌊across/W⌋, and where the last panel is wider than the matrix it holds zeros. The left operand of a
 * product is packed with its rows across, the right one with its columns across, both along k.
 */
import { type FunctionWriter, writeFunction } from "../assembly/function.ts";
import type { FunctionCode } from "../assembly/module.ts";
import {
  add,
  advance,
  assign,
  atLeast,
  call,
  type Code,
  count,
  emit,
  equal,
  get,
  integer,
  letInteger,
  mul,
  type Operand,
  repeatBelow,
  smaller,
  sub,
  times,
  whenever,
} from "./integers.ts";
import type { Layout } from "./kernel.ts";

/** Bytes of panels of this width. */
export const panelBytes = ({ size }: Layout, width: number, entriesAcross: number, k: number): number =>
  Math.ceil(entriesAcross / width) * width * k * size;

/** Bytes of a row that are copied into panels side by side: so many lie next to each other in memory and in the cache. */
const copiedBytes = 64;

/**
 * `pack(count, k, source, acrossBytes, alongBytes, destination, panelBytes)`: panels, so many bytes apart, of a matrix whose entry
 * (across, along) lies at `source + across·acrossBytes + along·alongBytes`. Strides may be negative or zero. Calls `packSlowly`.
 */
export function packFunction(name: string, packSlowly: string, layout: Layout, width: number): FunctionCode {
  const { size, lanes } = layout;
  const writer = writeFunction(name, ["i32", "i32", "i32", "i32", "i32", "i32", "i32"], []);
  const [entries, k, source, acrossBytes, alongBytes, destination, panelBytes] = [0, 1, 2, 3, 4, 5, 6] as const;
  const at = letInteger(writer, integer(0));
  const panels = (end: Operand, group: number, write: () => void): void =>
    repeatBelow(writer, at, end, integer(width * group), () => {
      write();
      advance(writer, source, times(acrossBytes, width * group));
      advance(writer, destination, times(panelBytes, group));
    });
  const valid = (): Code => smaller(integer(width), sub(entries, at));
  whenever(
    writer,
    equal(acrossBytes, integer(size)),
    () => {
      const most = Math.floor(copiedBytes / (width * size));
      for (const group of new Set([Math.max(1, most), 1])) {
        panels(sub(entries, integer(group * width - 1)), group, () =>
          copyPanels(writer, layout, width, group, [k, source, alongBytes, destination, panelBytes]),
        );
      }
    },
    () =>
      whenever(writer, equal(alongBytes, integer(size)), () => {
        const blocks = letInteger(writer, [["local.get", k], ["i32.const", -lanes], ["i32.and"]]);
        const rest = letInteger(writer, sub(k, blocks));
        panels(entries, 1, () => {
          const rows = letInteger(writer, valid());
          transposePanel(writer, layout, width, rows, blocks, source, acrossBytes, destination);
          whenever(writer, [["local.get", rest]], () => {
            call(
              writer,
              packSlowly,
              rows,
              rest,
              add(source, times(blocks, size)),
              acrossBytes,
              alongBytes,
              add(destination, times(blocks, width * size)),
            );
          });
        });
      }),
  );
  panels(entries, 1, () => call(writer, packSlowly, valid(), k, source, acrossBytes, alongBytes, destination));
  return writer.finish();
}

/** Copies k rows of adjacent entries into a group of panels. */
function copyPanels(
  writer: FunctionWriter,
  { lanes, size }: Layout,
  width: number,
  group: number,
  [k, source, alongBytes, destination, panelBytes]: readonly [number, number, number, number, number],
): void {
  const from = letInteger(writer, source);
  const panels = Array.from({ length: group }, (_, i) => letInteger(writer, add(destination, times(panelBytes, i))));
  count(writer, k, integer(1), () => {
    panels.forEach((to, panel) => {
      for (let at = 0; at < width; at += lanes) {
        const [load, store] = at + lanes <= width ? (["v128.load", "v128.store"] as const) : (["i64.load", "i64.store"] as const);
        emit(writer, get(to), get(from), [
          [load, (panel * width + at) * size],
          [store, at * size],
        ]);
      }
      advance(writer, to, integer(width * size));
    });
    advance(writer, from, alongBytes);
  });
}

/** Entry `lane` of the result is entry `lanes[lane]` of two vectors side by side. */
function shuffleOf({ size }: Layout, entries: readonly number[]): Uint8Array {
  return Uint8Array.from(entries.flatMap((entry) => Array.from({ length: size }, (_, byte) => entry * size + byte)));
}

/** Transposes blocks of L × L entries, adjacent along k: of so many rows, and zeros after them. */
function transposePanel(
  writer: FunctionWriter,
  layout: Layout,
  width: number,
  rows: number,
  steps: number,
  source: number,
  acrossBytes: number,
  destination: number,
): void {
  const { lanes, size } = layout;
  const [from, to, row] = [letInteger(writer, source), letInteger(writer, destination), writer.local("i32")];
  const vectors = Array.from({ length: lanes }, () => writer.local("v128"));
  count(writer, steps, integer(lanes), () => {
    assign(writer, row, from);
    for (let first = 0; first < width; first += lanes) {
      vectors.forEach((vector, i) => {
        const index = first + i;
        if (index >= width) return;
        if (index > 0) {
          advance(writer, row, acrossBytes);
          emit(writer, atLeast(rows, integer(index + 1)));
          writer.emit("if", "v128");
        }
        writer.emit("local.get", row);
        writer.emit("v128.load", 0);
        if (index > 0) {
          writer.emit("else");
          writer.emit("v128.const", new Uint8Array(16));
          writer.emit("end");
        }
        writer.emit("local.set", vector);
      });
      transposeVectors(writer, layout, vectors);
      vectors.forEach((vector, i) => {
        const offset = (i * width + first) * size;
        emit(writer, get(to), get(vector), [first + lanes <= width ? ["v128.store", offset] : ["v128.store64_lane", offset, 0]]);
      });
    }
    advance(writer, from, integer(16));
    advance(writer, to, integer(width * 16));
  });
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

/** `packSlowly(count, k, source, acrossBytes, alongBytes, destination)`: one panel of at most W entries across, zeros after them, an entry at a time. */
export function packSlowlyFunction(name: string, { precision, size }: Layout, width: number): FunctionCode {
  const writer = writeFunction(name, ["i32", "i32", "i32", "i32", "i32", "i32"], []);
  const [entries, k, source, acrossBytes, alongBytes, destination] = [0, 1, 2, 3, 4, 5] as const;
  const [from, to] = [writer.local("i32"), writer.local("i32")];
  count(writer, k, integer(1), (along) => {
    assign(writer, from, add(source, mul(along, alongBytes)));
    assign(writer, to, add(destination, times(along, width * size)));
    for (let i = 0; i < width; i++) {
      writer.emit("local.get", to);
      if (i === 0) writer.emit("local.get", from);
      else {
        emit(writer, atLeast(entries, integer(i + 1)));
        writer.emit("if", precision);
        writer.emit("local.get", from);
      }
      writer.emit(`${precision}.load`, 0);
      if (i > 0) {
        writer.emit("else");
        writer.emit(`${precision}.const`, 0);
        writer.emit("end");
      }
      writer.emit(`${precision}.store`, i * size);
      if (i < width - 1) advance(writer, from, acrossBytes);
    }
  });
  return writer.finish();
}
