/** A contraction as matrix products: which labels are rows, columns and loops, and where each operand lies. It knows labels and strides; it emits nothing. */
import { type ContractionParams, stridesOf } from "@cotangent/core/engine";
import type { ContractionStep, Value } from "../values.ts";
import { type View, viewInto } from "../views.ts";
import type { Axis } from "./offsets.ts";

/** An operand as matrices: the axes of its rows or columns, and the contracted ones, the last of each walked fastest. */
export interface MatrixOperand {
  readonly offset: number;
  readonly across: readonly Axis[];
  readonly along: readonly Axis[];
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

/** The labels of a group as axes: one for those of which each walks as far as all inside it, and always one at least. */
export function mergedAxes(labels: readonly string[], walk: Walk): readonly Axis[] {
  const axes: Axis[] = [];
  const all = labels.map((label) => walk.get(label)!);
  if (all.some(({ size }) => size === 0)) return [{ size: 0, stride: 1 }];
  for (const { size, stride } of all.reverse()) {
    const inner = axes[0];
    if (size === 1) continue;
    if (inner !== undefined && stride === inner.stride * inner.size) axes[0] = { size: size * inner.size, stride: inner.stride };
    else axes.unshift({ size, stride });
  }
  return axes.length === 0 ? [{ size: 1, stride: 1 }] : axes;
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
function planProduct(
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
  const axesOf = (labels: readonly string[]): number => mergedAxes(labels, first).length + mergedAxes(labels, second).length;
  const used = axesOf(other) < axesOf(inner) ? other : inner;
  return {
    loopLabels: loops,
    loops: loops.map((label) => outs.get(label)!.size),
    rows,
    columns,
    inner: used,
    swapped,
    left: { offset: firstView.offset, across: mergedAxes(rows, first), along: mergedAxes(used, first), loops: stridesIn(first) },
    right: { offset: secondView.offset, across: mergedAxes(columns, second), along: mergedAxes(used, second), loops: stridesIn(second) },
    out: { offset: 0, across: mergedAxes(rows, outs), along: mergedAxes(columns, outs), loops: stridesIn(outs) },
  };
}

/** How many entries a label of a contraction has. */
export const labelSize = ({ params, inputs }: ContractionStep, label: string): number =>
  params.x.includes(label) ? inputs[0]!.shape[params.x.indexOf(label)]! : inputs[1]!.shape[params.y.indexOf(label)]!;

/** The matrices of a contraction. */
export function planOf({ params, inputs, outputs }: ContractionStep): ProductPlan {
  const [x, y] = inputs as [Value, Value];
  const out = outputs[0]!;
  return planProduct(
    params,
    { shape: x.shape, view: entriesOf(x) },
    { shape: y.shape, view: entriesOf(y) },
    { shape: out.shape, view: { offset: 0, strides: stridesOf(out.shape) } },
  );
}

/** Where the entries of an operand lie; those that are all one number lie in one place. */
const entriesOf = (x: Value): View => (x.source.kind === "uniform" ? { offset: 0, strides: x.shape.map(() => 0) } : viewInto(x));
