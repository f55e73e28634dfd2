/** Values as TypeScript that can be pasted into a program. Knows tensors, plain data and functions. */
import { Tensor } from "@cotangent/core";
import { entriesOf } from "@cotangent/core/engine";
import { shortest } from "./number.ts";

/**
 * TypeScript that makes the value again: tensors, numbers, booleans, strings, arrays and plain objects of these.
 * @example
 * ```ts
 * sourceOf({ x: tensor([[1, 0], [2, 0]]), n: 2 }); // => { x: tensor([[1, 0], [2, 0]]), n: 2 }
 * sourceOf(tensor([0.1], "float32")); // => tensor([0.1], "float32")
 * ```
 */
export function sourceOf(value: unknown): string {
  return writeSource(value, () => undefined);
}

/** The same, with names for some values. */
export function writeSource(value: unknown, nameOf: (value: unknown) => string | undefined): string {
  const write = (inner: unknown): string => writeSource(inner, nameOf);
  const name = nameOf(value);
  if (name !== undefined) return name;
  if (value instanceof Tensor) return tensorSource(value);
  if (Array.isArray(value)) return `[${value.map(write).join(", ")}]`;
  if (typeof value === "number") return numberSource(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object" || value === null) return String(value);
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}.of(${Array.from(value as Float64Array, numberSource).join(", ")})`;
  const entries = Object.entries(value).map(
    ([key, item]) => `${/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key)}: ${write(item)}`,
  );
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

const numberSource = (x: number): string => (Object.is(x, -0) ? "-0" : String(x));

/** A uniform tensor of more entries than this is written with `full`. */
const shownInFull = 8;

function tensorSource(x: Tensor): string {
  const entries = entriesOf(x);
  const { shape, dtype } = x;
  if (entries.length > shownInFull && entries.every((entry) => Object.is(entry, entries[0])) && dtype !== "bool")
    return `full([${shape.join(", ")}], ${entrySource(x)(entries[0]!)}${dtype === "float64" ? "" : `, "${dtype}"`})`;
  if (entries.length === 0) return `zeros([${shape.join(", ")}]${dtype === "float64" ? "" : `, "${dtype}"`})`;
  const entry = entrySource(x);
  const nested = (axis: number, offset: number, size: number): string => {
    if (axis === shape.length) return entry(entries[offset]!);
    const step = size / shape[axis]!;
    return `[${Array.from({ length: shape[axis]! }, (_, i) => nested(axis + 1, offset + i * step, step)).join(", ")}]`;
  };
  return `tensor(${nested(0, 0, entries.length)}${dtype === "float64" || dtype === "bool" ? "" : `, "${dtype}"`})`;
}

function entrySource({ dtype }: Tensor): (x: number) => string {
  if (dtype === "bool") return (x) => String(x !== 0);
  if (dtype !== "float32") return numberSource;
  return (x) => (Number.isFinite(x) ? numberSource(Number(shortest(x, dtype))) : String(x));
}
