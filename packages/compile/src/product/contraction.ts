/** A contraction as matrix products: which labels are rows, columns and loops, and where each operand lies. It knows labels and strides; it emits nothing. */
import type { ContractionParams } from "@cotangent/core/engine";
import type { View } from "../views.ts";

/** Labels seen as one: how many entries, and how far apart they lie, in entries of the tensor that is walked. */
export interface Axis {
  readonly size: number;
  readonly stride: number;
}

/** An operand as matrices: an axis of rows or columns, and the contracted one; undefined where labels of a group do not lie together. */
export interface MatrixOperand {
  readonly offset: number;
  readonly across: Axis | undefined;
  readonly along: Axis | undefined;
  /** A stride for each loop label. */
  readonly loops: readonly number[];
}

export interface ProductPlan {
  readonly loopLabels: readonly string[];
  /** Their sizes. */
  readonly loops: readonly number[];
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly inner: readonly string[];
  /** The operand with the rows is the second one. */
  readonly swapped: boolean;
  readonly left: MatrixOperand;
  readonly right: MatrixOperand;
  readonly out: MatrixOperand;
}

/** How labels of a tensor walk: size and stride by label. */
type Walk = ReadonlyMap<string, Axis>;

export function walkOf(labels: string, shape: readonly number[], { strides }: View): Walk {
  return new Map([...labels].map((label, axis) => [label, { size: shape[axis]!, stride: strides[axis]! }]));
}

/** The labels of a group as one axis, if each walks as far as all inside it. */
export function merged(labels: readonly string[], walk: Walk): Axis | undefined {
  let size = 1;
  let stride: number | undefined;
  for (let i = labels.length - 1; i >= 0; i--) {
    const axis = walk.get(labels[i]!)!;
    if (axis.size === 1) continue;
    if (stride === undefined) stride = axis.stride;
    else if (axis.stride !== stride * size) return undefined;
    size *= axis.size;
  }
  return { size: labels.reduce((product, label) => product * walk.get(label)!.size, 1), stride: stride ?? 1 };
}

/** A product of fewer entries is not worth a turn of a loop. */
const smallest = 64;

/**
 * Rows, columns and loops, all in the order of the output. Its last labels are the columns, those before them that belong to the other operand the
 * rows, and everything before those is looped over: so every product lands where it belongs. Where the products would be too small, only
 * labels of both operands are looped over and the result is put in order afterwards.
 */
function cutLabels(order: readonly string[], xs: Walk, ys: Walk, outs: Walk) {
  const runBefore = (end: number, other: Walk): number => {
    let start = end;
    while (start > 0 && !other.has(order[start - 1]!)) start--;
    return start;
  };
  const last = order[order.length - 1];
  const swapped = last !== undefined && !ys.has(last);
  const from = runBefore(order.length, swapped ? ys : xs);
  const start = runBefore(from, swapped ? xs : ys);
  const [rows, columns, loops] = [order.slice(start, from), order.slice(from), order.slice(0, start)];
  const count = (labels: readonly string[]): number => labels.reduce((product, label) => product * outs.get(label)!.size, 1);
  if (loops.every((label) => xs.has(label) && ys.has(label)) || (count(rows) >= 4 && count(rows) * count(columns) >= smallest))
    return { swapped, rows, columns, loops };
  const ofX = order.filter((label) => !ys.has(label));
  const ofY = order.filter((label) => !xs.has(label));
  const both = order.filter((label) => xs.has(label) && ys.has(label));
  return swapped ? { swapped, rows: ofY, columns: ofX, loops: both } : { swapped, rows: ofX, columns: ofY, loops: both };
}

/** The matrices of a contraction of two views into an output with the given strides. */
export function planProduct(
  params: ContractionParams,
  x: { readonly shape: readonly number[]; readonly view: View },
  y: { readonly shape: readonly number[]; readonly view: View },
  out: { readonly shape: readonly number[]; readonly view: View },
): ProductPlan {
  const [xs, ys, outs] = [walkOf(params.x, x.shape, x.view), walkOf(params.y, y.shape, y.view), walkOf(params.out, out.shape, out.view)];
  const { swapped, rows, columns, loops } = cutLabels([...params.out], xs, ys, outs);
  const [first, second] = swapped ? [ys, xs] : [xs, ys];
  const [firstView, secondView] = swapped ? [y.view, x.view] : [x.view, y.view];
  const stridesIn = (walk: Walk): number[] => loops.map((label) => walk.get(label)?.stride ?? 0);
  const inner = [...params.x].filter((label) => !outs.has(label));
  const other = [...params.y].filter((label) => !outs.has(label));
  const together = [inner, other].find((labels) => merged(labels, first) !== undefined && merged(labels, second) !== undefined);
  const used = together ?? inner;
  return {
    loopLabels: loops,
    loops: loops.map((label) => outs.get(label)!.size),
    rows,
    columns,
    inner: used,
    swapped,
    left: { offset: firstView.offset, across: merged(rows, first), along: merged(used, first), loops: stridesIn(first) },
    right: { offset: secondView.offset, across: merged(columns, second), along: merged(used, second), loops: stridesIn(second) },
    out: { offset: 0, across: merged(rows, outs), along: merged(columns, outs), loops: stridesIn(outs) },
  };
}
