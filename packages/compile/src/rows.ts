/**
 * Items as walks over rows: the leading axes of what an item makes, seen as one axis, and which rows of each value it reads for a row of its
 * own. It knows steps and strides; it emits nothing.
 */
import type { Shape } from "@cotangent/core/functions";
import { sizeOf } from "@cotangent/core/engine";
import { leadingAxes, leadingEntry, walkAsOne } from "./leading.ts";
import { labelSize, planOf } from "./product/contraction.ts";
import { type Item, nestAxes, type NestStep } from "./schedule.ts";
import type { ContractionStep, Value } from "./values.ts";
import { type View, baseOf, viewInto } from "./views.ts";

/** What an item reads of a value for one row of its own. */
export interface Reading {
  readonly base: Value;
  /** Entries of the base from what one row reads to what the next does: 0 where all read the same, NaN where that varies. */
  readonly stride: number;
  /** The entries that the first row reads. */
  readonly first: number;
  readonly last: number;
}

export interface Rows {
  /** How many leading axes of the item make its rows. */
  readonly axes: number;
  readonly reads: readonly Reading[];
  /** What has its rows in order. */
  readonly kept: readonly Value[];
  /** What adds rows up. */
  readonly summed: readonly Value[];
  /** How many rows of the matrices of a product one row is; undefined where a row is whole matrices, and for nests. */
  readonly height?: number;
  /** A product packs its rows. */
  readonly packs: boolean;
}

/** Numbers of rows an item may be cut into, the most first. */
export function rowCounts(item: Item): number[] {
  const sizes = leadingSizes(item);
  const counts: number[] = [];
  let count = 1;
  for (const size of sizes) counts.unshift((count *= size));
  return [...new Set(counts)];
}

/** An item's walk over so many rows; undefined if it has none. */
export function rowsOf(item: Item, count: number): Rows | undefined {
  const axes = leadingAxes(leadingSizes(item), count);
  if (axes === 0) return undefined;
  if (item.kind === "nest") return nestRows(item.steps, item.sizes, axes);
  return item.step.kind === "contraction" ? productRows(item.step, axes) : undefined;
}

/** The sizes of the axes that can be cut into rows, outermost first. */
function leadingSizes(item: Item): Shape {
  if (item.kind === "nest") return sizeOf(item.sizes) > 0 ? item.sizes : [];
  const { step } = item;
  if (step.kind !== "contraction" || sizeOf(step.outputs[0]!.shape) === 0) return [];
  const { loopLabels, rows } = planOf(step);
  return step.outputs[0]!.shape.slice(0, loopLabels.length === 0 ? rows.length : loopLabels.length);
}

function nestRows(steps: readonly NestStep[], sizes: Shape, axes: number): Rows | undefined {
  const reads: Reading[] = [];
  const [kept, summed]: [Value[], Value[]] = [[], []];
  for (const step of steps) {
    const walk = nestAxes(step);
    const reduced = walk.reduced.slice(0, axes);
    if (reduced.includes(true) && reduced.includes(false)) return undefined;
    for (const [i, input] of step.inputs.entries()) {
      const strides = sizes.map(() => 0);
      const view = viewInto(input);
      input.shape.forEach((size, axis) => {
        if (size > 1) strides[walk.inputs[i]![axis]!]! += view.strides[axis]!;
      });
      const reading = readingOf(baseOf(input), { offset: view.offset, strides }, sizes, axes);
      if (Number.isNaN(reading.stride)) return undefined;
      reads.push(reading);
    }
    (reduced[0] ? summed : kept).push(...step.outputs);
  }
  return { axes, reads, kept, summed, packs: false };
}

/** A product over rows of its left operand, or over the labels both operands share. */
function productRows(step: ContractionStep, axes: number): Rows | undefined {
  const plan = planOf(step);
  const { params, inputs, outputs } = step;
  const order = [...plan.loopLabels, ...plan.rows, ...plan.columns];
  if (order.join("") !== params.out) return undefined;
  const labels = [...order, ...plan.inner];
  const reads: Reading[] = [];
  for (const [own, input] of [[params.x, inputs[0]!] as const, [params.y, inputs[1]!] as const]) {
    const view = viewInto(input);
    const axisOf = (label: string): number => own.indexOf(label);
    const strides = labels.map((label) => (own.includes(label) && input.shape[axisOf(label)]! > 1 ? view.strides[axisOf(label)]! : 0));
    const sizes = labels.map((label) => labelSize(step, label));
    reads.push(readingOf(baseOf(input), { offset: view.offset, strides }, sizes, axes));
  }
  const walk = { axes, reads, kept: outputs, summed: [], packs: true };
  return plan.loopLabels.length > 0 ? walk : { ...walk, height: sizeOf(outputs[0]!.shape.slice(axes, plan.rows.length)) };
}

/** What one row reads, the leading axes walked as one. */
function readingOf(base: Value, { offset, strides }: View, sizes: Shape, axes: number): Reading {
  let [first, last] = [offset, offset];
  for (let axis = axes; axis < sizes.length; axis++) {
    const reach = (sizes[axis]! - 1) * strides[axis]!;
    if (reach < 0) first += reach;
    else last += reach;
  }
  return { base, stride: walkAsOne(sizes, strides, axes) ? leadingEntry(sizes, strides, axes) : Number.NaN, first, last };
}
