/** What a diagnosis may look at: claimed and true entries at several points, and the recordings there. It knows closeness; it knows no patterns. */
import type { Tensor } from "@cotangent/core";
import { entriesOf, type Graph } from "@cotangent/core/engine";
import type { Disagreement } from "./judgement.ts";
import { type Leaf, type Point, scalesOf } from "./problem.ts";

/** A tensor among the arguments. */
export interface Named {
  readonly path: string;
  readonly tensor: Tensor;
}

/** A judged point: where the claim is wrong, or with no disagreement where it is right. */
export interface Seen {
  readonly point: Point;
  readonly wrong: Disagreement | undefined;
  /** The loss's recording and that of its reverse gradient, where they are known op by op. */
  readonly loss: Graph | undefined;
  readonly gradient: Graph | undefined;
}

export interface Evidence {
  readonly leaves: readonly Leaf[];
  readonly size: number;
  /** All arguments, for their names and sizes. */
  readonly named: readonly Named[];
  readonly seen: readonly Seen[];
}

/** A point at which every entry of the claim is known. */
export interface Sample {
  readonly point: Point;
  readonly claimed: Point;
  readonly truth: Point;
  readonly bars: Point;
  readonly scales: Point;
  /** The largest effect of an entry over its scale, true or claimed, whichever is less. */
  readonly size: number;
  readonly loss: Graph | undefined;
  readonly gradient: Graph | undefined;
}

const effect = (rows: Point, scales: Point): number =>
  rows.reduce((most, row, k) => row.reduce((own, x, i) => Math.max(own, Math.abs(x) * scales[k]![i]!), most), 0);

/** The points at which every entry was compared, wrong ones first. */
export function samplesOf({ leaves, seen }: Evidence): Sample[] {
  const ordered = [...seen.filter(({ wrong }) => wrong !== undefined), ...seen.filter(({ wrong }) => wrong === undefined)];
  return ordered.flatMap(({ point, wrong, loss, gradient }) => {
    if (wrong !== undefined && !wrong.complete) return [];
    const scales = scalesOf(leaves, point);
    const own = gradient?.outputs.map((x) => Float64Array.from(entriesOf(x)));
    const truth = wrong?.truth ?? own;
    if (truth === undefined) return [];
    const claimed = wrong?.claimed ?? truth;
    const bars = wrong?.bars ?? truth.map((row) => new Float64Array(row.length));
    return [{ point, claimed, truth, bars, scales, size: Math.min(effect(truth, scales), effect(claimed, scales)), loss, gradient }];
  });
}

/** Whether entries are the claimed ones, within error bars and what rounding does to values recomputed in float64. */
export function isClaim({ claimed, bars, scales, size }: Sample, rows: readonly ArrayLike<number>[]): boolean {
  return claimed.every((row, k) => {
    const other = rows[k]!;
    if (other.length !== row.length) return false;
    for (let i = 0; i < row.length; i++) {
      const c = row[i]!;
      const bar = Math.min(8 * bars[k]![i]!, 1e-4 * Math.max(Math.abs(c), Math.abs(other[i]!)));
      if (!(Math.abs(c - other[i]!) <= bar + 1e-11 * Math.max(Math.abs(c), (1e-3 * size) / scales[k]![i]!))) return false;
    }
    return true;
  });
}

/** How many entries speak: claimed or true ones that are not zero. */
export const countOf = (samples: readonly Sample[]): number =>
  samples.reduce(
    (total, { claimed, truth }) =>
      total + claimed.reduce((own, row, k) => own + row.filter((c, i) => c !== 0 || truth[k]![i] !== 0).length, 0),
    0,
  );
