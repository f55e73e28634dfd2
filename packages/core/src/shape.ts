/** Shapes, strides, axes and broadcasting as arithmetic on lists of integers; knows nothing of tensors or values. */
import { axisError, broadcastError, duplicateAxisError, mostEntries, shapeError } from "./errors.ts";

/** The size of each axis, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

export const scalarShape: Shape = Object.freeze([]);

/** The number of entries: the product of the sides. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let axis = 0; axis < shape.length; axis++) size *= shape[axis]!;
  return size;
}

export function sameShape(x: Shape, y: Shape): boolean {
  if (x === y) return true;
  if (x.length !== y.length) return false;
  for (let axis = 0; axis < x.length; axis++) if (x[axis] !== y[axis]) return false;
  return true;
}

/** Row-major strides in entries. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** NumPy's broadcast of two shapes: aligned at the last axis, sides equal or 1. */
export function broadcastShapes(op: string, x: Shape, y: Shape): Shape {
  if (sameShape(x, y) || y.length === 0) return x;
  if (x.length === 0) return y;
  const rank = Math.max(x.length, y.length);
  const out = new Array<number>(rank);
  for (let back = 1; back <= rank; back++) {
    const a = back <= x.length ? x[x.length - back]! : 1;
    const b = back <= y.length ? y[y.length - back]! : 1;
    if (a !== b && a !== 1 && b !== 1) throw broadcastError(op, x, y, -back);
    out[rank - back] = a === 1 ? b : a;
  }
  return out;
}

/** The axes of `shape` that broadcasting `from` to it has stretched or added. */
export function stretchedAxes(from: Shape, shape: Shape): number[] {
  const added = shape.length - from.length;
  const axes: number[] = [];
  for (let axis = 0; axis < shape.length; axis++) {
    if (axis < added || (from[axis - added] === 1 && shape[axis] !== 1)) axes.push(axis);
  }
  return axes;
}

/** An axis counted from the front; negative axes count from the back. */
export function normalizeAxis(op: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) throw axisError(op, axis, rank);
  return axis < 0 ? axis + rank : axis;
}

/** Sorted, distinct axes counted from the front; `undefined` means every axis. */
export function normalizeAxes(op: string, axes: number | readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  if (typeof axes !== "number" && !Array.isArray(axes)) throw axisError(op, axes, rank);
  const list = (typeof axes === "number" ? [axes] : [...axes]).map((axis) => normalizeAxis(op, axis, rank));
  list.sort((a, b) => a - b);
  for (let i = 1; i < list.length; i++) if (list[i] === list[i - 1]) throw duplicateAxisError(op, list[i]!);
  return list;
}

/** A frozen copy of a shape given by a caller; sides must be non-negative integers. */
export function checkShape(op: string, shape: unknown): Shape {
  if (!Array.isArray(shape)) throw shapeError(op, shape);
  for (const side of shape) if (!Number.isSafeInteger(side) || side < 0) throw shapeError(op, shape);
  if (sizeOf(shape) > mostEntries) throw shapeError(op, shape);
  return Object.freeze(shape.slice()) as Shape;
}

/** The shape left when `axes` (normalized) are removed, or kept with side 1. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  const out: number[] = [];
  for (let axis = 0; axis < shape.length; axis++) {
    if (!axes.includes(axis)) out.push(shape[axis]!);
    else if (keepDims) out.push(1);
  }
  return out;
}
