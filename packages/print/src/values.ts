/** A tensor's type and its first entries in a few characters. */
import type { Tensor } from "@cotangent/core";
import { entriesOf, formatShape } from "@cotangent/core/engine";
import { numberText } from "./numbers.ts";

/** `float64[2, 3]`. */
export const typeText = (x: Tensor): string => `${x.dtype}${formatShape(x.shape)}`;

/** Up to so many entries are shown in full. */
const most = 8;
/** Otherwise so many along each axis. */
const edge = 3;

/** The entries as nested lists, long ones cut short; nothing for a tensor traced on its shape. */
export function valueText(x: Tensor, digits: number): string | undefined {
  if (x.storage === null) return undefined;
  const entries = entriesOf(x);
  const isCut = entries.length > most;
  const write = (axis: number, offset: number, length: number): string => {
    if (axis === x.rank) return numberText(entries[offset]!, digits, x.dtype);
    const side = x.shape[axis]!;
    const step = side === 0 ? 0 : length / side;
    const shown = isCut && side > edge ? (axis === 0 && x.rank > 1 ? 1 : edge) : side;
    const parts = Array.from({ length: shown }, (_, i) => write(axis + 1, offset + i * step, step));
    return `[${[...parts, ...(shown < side ? ["…"] : [])].join(", ")}]`;
  };
  return write(0, 0, entries.length);
}

/** The entries in LaTeX: a number, or nested parentheses. */
export function valueLatex(x: Tensor, digits: number): string | undefined {
  return valueText(x, digits)
    ?.replaceAll("[", "\\left(")
    .replaceAll("]", "\\right)")
    .replaceAll("…", "\\ldots")
    .replaceAll("∞", "\\infty")
    .replace(/NaN|true|false/g, "\\text{$&}")
    .replace(/(-?[\d.]+)e(-?\d+)/g, "$1 \\times 10^{$2}");
}
