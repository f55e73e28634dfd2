/** A contraction as matrix products: which labels are rows, columns and loops, and where each operand lies. It knows labels and strides; it emits nothing. */
import type { ContractionParams } from "@cotangent/core/engine";
import type { View } from "../views.ts";

/** Labels seen as one: how many entries, and bytes or entries from one to the next in each operand that has them. */
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
  /** Sizes of the labels looped over. */
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

/** The matrices of a contraction of two views into an output with the given strides. */
export function planProduct(
  params: ContractionParams,
  x: { readonly shape: readonly number[]; readonly view: View },
  y: { readonly shape: readonly number[]; readonly view: View },
  out: { readonly shape: readonly number[]; readonly view: View },
): ProductPlan {
  const [xs, ys, outs] = [walkOf(params.x, x.shape, x.view), walkOf(params.y, y.shape, y.view), walkOf(params.out, out.shape, out.view)];
  const order = [...params.out];
  const loops = order.filter((label) => xs.has(label) && ys.has(label));
  const ofX = order.filter((label) => xs.has(label) && !ys.has(label));
  const ofY = order.filter((label) => !xs.has(label) && ys.has(label));
  const inner = [...params.x].filter((label) => !outs.has(label));
  // Products are written along their rows, so the columns are the labels that lie side by side in the output.
  const unit = (labels: readonly string[]): boolean => merged(labels, outs)?.stride === 1;
  const swapped = !unit(ofY) && unit(ofX);
  const [rows, columns] = swapped ? [ofY, ofX] : [ofX, ofY];
  const [first, second] = swapped ? [ys, xs] : [xs, ys];
  const [firstView, secondView] = swapped ? [y.view, x.view] : [x.view, y.view];
  const stridesIn = (walk: Walk): number[] => loops.map((label) => walk.get(label)!.stride);
  const along = [inner, [...params.y].filter((label) => !outs.has(label))].find(
    (labels) => merged(labels, first) !== undefined && merged(labels, second) !== undefined,
  );
  const used = along ?? inner;
  return {
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
