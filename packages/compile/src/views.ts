/** Strided views of entries, views of views, and values seen as views. It knows shapes and strides; it knows no step. */
import type { Shape } from "@cotangent/core/functions";
import { stridesOf } from "@cotangent/core/engine";
import type { Value } from "./values.ts";

/** Strides over axes into the row-major entries of something. */
export interface View {
  readonly offset: number;
  readonly strides: readonly number[];
}

/** A run of neighbouring axes that an inner view walks with one stride. */
interface Group {
  readonly size: number;
  /** In the row-major entries that the outer view reads. */
  readonly stride: number;
  /** In what the inner view reads. */
  readonly inner: number;
}

/**
 * The view over `sizes` that reads through both: `outer` reads the row-major entries of a value of shape `shape`, which are themselves read by
 * `inner`. Undefined where that walk has no single stride for each axis.
 */
export function composeViews(sizes: Shape, outer: View, shape: Shape, inner: View): View | undefined {
  const groups = groupsOf(shape, inner);
  const lowest = groups.map(() => 0);
  const highest = groups.map(() => 0);
  let offset = inner.offset;
  let rest = outer.offset;
  groups.forEach((group, i) => {
    const digit = Math.floor(rest / group.stride);
    rest -= digit * group.stride;
    offset += digit * group.inner;
    lowest[i] = highest[i] = digit;
  });
  if (rest !== 0) return undefined;
  const strides: number[] = [];
  for (const [axis, size] of sizes.entries()) {
    const stride = outer.strides[axis]!;
    if (size <= 1 || stride === 0) {
      strides.push(0);
      continue;
    }
    // The coarsest group whose stride divides the axis's: a finer one would carry.
    const at = groups.findIndex((group) => stride % group.stride === 0);
    if (at < 0) return undefined;
    const steps = stride / groups[at]!.stride;
    if (steps > 0) highest[at] = highest[at]! + steps * (size - 1);
    else lowest[at] = lowest[at]! + steps * (size - 1);
    strides.push(steps * groups[at]!.inner);
  }
  const fits = groups.every((group, i) => lowest[i]! >= 0 && highest[i]! < group.size);
  return fits ? { offset, strides } : undefined;
}

/** The axes of a shape, coarsest first, neighbours merged where the inner view walks them as one; axes of one entry are left out. */
function groupsOf(shape: Shape, inner: View): Group[] {
  const strides = stridesOf(shape);
  const groups: Group[] = [];
  shape.forEach((size, axis) => {
    if (size === 1) return;
    const own = inner.strides[axis]!;
    const last = groups[groups.length - 1];
    if (last !== undefined && last.inner === own * size)
      groups[groups.length - 1] = { size: last.size * size, stride: strides[axis]!, inner: own };
    else groups.push({ size, stride: strides[axis]!, inner: own });
  });
  return groups;
}

/** The value whose entries a view reads; itself if it is none. */
export const baseOf = (x: Value): Value => (x.source.kind === "view" ? x.source.of : x);

/** How a value's axes walk over the entries of its base. */
export const viewInto = (x: Value): View => (x.source.kind === "view" ? x.source.view : { offset: 0, strides: stridesOf(x.shape) });

/** Whether a view over a shape reads the entries in order from the first. */
export function isIdentity(shape: Shape, { offset, strides }: View): boolean {
  const wanted = stridesOf(shape);
  return offset === 0 && shape.every((size, axis) => size <= 1 || strides[axis] === wanted[axis]);
}
