/** Prints entries the way NumPy does: aligned columns, short floats, ellipses in long axes. Knows nothing of tensors as objects. */
import { type DType, isFloat, type TypedArray } from "./dtype.ts";
import { formatShape } from "./errors.ts";
import { type Shape, stridesOf } from "./shape.ts";

const threshold = 1000;
const edge = 3;
const lineWidth = 96;

/** `tensor([...], dtype)` with at most 6 significant digits an entry; the shape is stated when entries are left out. */
export function formatTensor(shape: Shape, dtype: DType, values: TypedArray): string {
  if (values.length === 0) return `tensor(${formatShape(shape)} empty, ${dtype})`;
  const abridged = values.length > threshold;
  const shown = shownOffsets(shape, abridged);
  const print = entryFormatter(
    dtype,
    shown.map((offset) => values[offset]!),
  );
  const body = formatAxis(shape, stridesOf(shape), 0, 0, abridged, (offset) => print(values[offset]!), "tensor(".length);
  return `tensor(${body}, ${abridged ? `${formatShape(shape)} ` : ""}${dtype})`;
}

function visible(side: number, abridged: boolean): number[] {
  if (!abridged || side <= 2 * edge) return Array.from({ length: side }, (_, i) => i);
  return [0, 1, 2, side - 3, side - 2, side - 1];
}

function shownOffsets(shape: Shape, abridged: boolean): number[] {
  const strides = stridesOf(shape);
  let offsets = [0];
  shape.forEach((side, axis) => {
    offsets = offsets.flatMap((offset) => visible(side, abridged).map((i) => offset + i * strides[axis]!));
  });
  return offsets;
}

function entryFormatter(dtype: DType, entries: readonly number[]): (x: number) => string {
  if (dtype === "bool") return (x) => (x === 0 ? "false" : "true");
  const texts = isFloat(dtype) ? floatFormatter(entries) : (x: number) => String(x);
  const width = entries.reduce((most, x) => Math.max(most, texts(x).length), 0);
  return (x) => texts(x).padStart(width);
}

function floatFormatter(entries: readonly number[]): (x: number) => string {
  const magnitudes = entries.filter((x) => Number.isFinite(x) && x !== 0).map(Math.abs);
  const most = magnitudes.reduce((x, y) => Math.max(x, y), 0);
  const least = magnitudes.reduce((x, y) => Math.min(x, y), Infinity);
  const special = (x: number): string => (Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf");
  if (magnitudes.length > 0 && (most >= 1e8 || least < 1e-4 || most / least > 1e6)) {
    return (x) => (Number.isFinite(x) ? (x === 0 ? "0" : trimExponent(x.toExponential(5))) : special(x));
  }
  const integerDigits = most >= 1 ? Math.floor(Math.log10(most)) + 1 : 1;
  const limit = Math.max(0, Math.min(6, 8 - integerDigits));
  const decimals = entries.reduce((sofar, x) => Math.max(sofar, Number.isFinite(x) ? decimalsOf(x, limit) : 0), 0);
  return (x) => (Number.isFinite(x) ? x.toFixed(decimals) : special(x));
}

function decimalsOf(x: number, limit: number): number {
  const fraction = x.toFixed(limit).split(".")[1] ?? "";
  return fraction.replace(/0+$/, "").length;
}

const trimExponent = (text: string): string => text.replace(/\.?0+e/, "e");

function formatAxis(
  shape: Shape,
  strides: readonly number[],
  axis: number,
  offset: number,
  abridged: boolean,
  entry: (offset: number) => string,
  indent: number,
): string {
  if (axis === shape.length) return entry(offset);
  const side = shape[axis]!;
  const indices = visible(side, abridged);
  const parts = indices.map((i) => formatAxis(shape, strides, axis + 1, offset + i * strides[axis]!, abridged, entry, indent + 1));
  if (indices.length < side) parts.splice(edge, 0, "...");
  const last = axis === shape.length - 1;
  if (last) return `[${wrap(parts, indent + 1)}]`;
  const gap = `,${"\n".repeat(Math.min(2, shape.length - axis - 1))}${" ".repeat(indent + 1)}`;
  return `[${parts.join(gap)}]`;
}

function wrap(parts: readonly string[], indent: number): string {
  const lines: string[] = [];
  let line = "";
  for (const part of parts) {
    const next = line === "" ? part : `${line}, ${part}`;
    if (line !== "" && indent + next.length > lineWidth) {
      lines.push(`${line},`);
      line = part;
    } else line = next;
  }
  return [...lines, line].join(`\n${" ".repeat(indent)}`);
}
