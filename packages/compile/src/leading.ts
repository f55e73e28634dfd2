/** Leading axes seen as one. It knows sizes and strides. */
import type { Shape } from "@cotangent/core/functions";

/** How many leading axes have so many entries together; 0 if none do. */
export function leadingAxes(sizes: Shape, count: number): number {
  let product = 1;
  for (const [axis, size] of sizes.entries()) if ((product *= size) === count) return axis + 1;
  return 0;
}

/** What a list over the axes says of so many leading ones, of which that of the innermost that moves counts. */
export function leadingEntry<T>(sizes: Shape, list: readonly T[], axes: number): T {
  let axis = axes - 1;
  while (axis > 0 && sizes[axis] === 1) axis--;
  return list[axis]!;
}

/** Whether so many leading axes walk with one stride. */
export function walkAsOne(sizes: Shape, strides: readonly number[], axes: number): boolean {
  const stride = leadingEntry(sizes, strides, axes);
  let steps = 1;
  for (let axis = axes - 1; axis >= 0; axis--) {
    if (sizes[axis] === 1) continue;
    if (strides[axis] !== stride * steps) return false;
    steps *= sizes[axis]!;
  }
  return true;
}
