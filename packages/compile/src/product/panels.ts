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
import { type Layout, transposeVectors } from "./kernel.ts";

/** Bytes of panels of this width. */
export const panelBytes = ({ size }: Layout, width: number, entriesAcross: number, k: number): number =>
  Math.ceil(entriesAcross / width) * width * k * size;

/** Bytes of a row that are copied into panels side by side: so many lie next to each other in memory and in the cache. */
const copiedBytes = 64;

/**
 * `pack(count, k, source, acrossBytes, alongBytes, destination)`: panels of a matrix whose entry (across, along) lies at
 * `source + across·acrossBytes + along·alongBytes`. Strides may be negative or zero. Calls `packSlowly`.
 */
export function packFunction(name: string, packSlowly: string, layout: Layout, width: number): FunctionCode {
  const { size, lanes } = layout;
  const writer = writeFunction(name, ["i32", "i32", "i32", "i32", "i32", "i32"], []);
  const [entries, k, source, acrossBytes, alongBytes, destination] = [0, 1, 2, 3, 4, 5] as const;
  const at = letInteger(writer, integer(0));
  const panels = (end: Operand, group: number, write: () => void): void =>
    repeatBelow(writer, at, end, integer(width * group), () => {
      write();
      advance(writer, source, times(acrossBytes, width * group));
      advance(writer, destination, times(k, width * group * size));
    });
  const valid = (): Code => smaller(integer(width), sub(entries, at));
  whenever(
    writer,
    equal(acrossBytes, integer(size)),
    () => {
      const most = copiedBytes / (width * size);
      for (const group of new Set([Math.max(1, most), 1])) {
        panels(sub(entries, integer(group * width - 1)), group, () =>
          copyPanels(writer, layout, width, group, k, source, alongBytes, destination),
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
  k: number,
  source: number,
  alongBytes: number,
  destination: number,
): void {
  const from = letInteger(writer, source);
  const panels = Array.from({ length: group }, (_, i) => letInteger(writer, add(destination, times(k, i * width * size))));
  count(writer, k, integer(1), () => {
    panels.forEach((to, panel) => {
      for (let i = 0; i < width / lanes; i++) {
        writer.emit("local.get", to);
        writer.emit("local.get", from);
        writer.emit("v128.load", panel * width * size + i * 16);
        writer.emit("v128.store", i * 16);
      }
      advance(writer, to, integer(width * size));
    });
    advance(writer, from, alongBytes);
  });
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
    for (let group = 0; group < width / lanes; group++) {
      vectors.forEach((vector, i) => {
        const index = group * lanes + i;
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
        writer.emit("local.get", to);
        writer.emit("local.get", vector);
        writer.emit("v128.store", i * width * size + group * 16);
      });
    }
    advance(writer, from, integer(16));
    advance(writer, to, integer(width * 16));
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
