/** Takes entries of row-major arrays by the indices kept on each axis. Knows shapes; knows no constraints on entries. */
import type { Shape } from "@cotangent/core";
import { sizeOf, stridesOf } from "@cotangent/core/engine";

/** The entries left when some axes keep only some indices (undefined: all of them); indices that an axis does not have give `fill`. */
export function gather(
  values: Float64Array,
  shape: Shape,
  keeps: readonly (readonly number[] | undefined)[],
  fill: number,
): Float64Array<ArrayBuffer> {
  const strides = stridesOf(shape);
  let offsets = [0];
  shape.forEach((side, axis) => {
    const keep = keeps[axis] ?? Array.from({ length: side }, (_, i) => i);
    offsets = offsets.flatMap((offset) => keep.map((i) => (i < side ? offset + i * strides[axis]! : NaN)));
  });
  return Float64Array.from(offsets, (offset) => values[offset] ?? fill);
}

/** Entries for another shape: those at the same indices where the ranks agree, else the same entries in order; `fill` where there are none. */
export function resize(values: Float64Array, from: Shape, to: Shape, fill: number): Float64Array<ArrayBuffer> {
  if (from.length === to.length) {
    const keeps = to.map((side) => Array.from({ length: side }, (_, i) => i));
    return gather(values, from, keeps, fill);
  }
  return Float64Array.from({ length: sizeOf(to) }, (_, i) => values[i] ?? fill);
}
