// Whether an engine's results are right: held against those of the plain JavaScript in float64. Knows arrays only.
import type { Precision } from "./engines.ts";

/** The largest difference that is taken for rounding, as a share of the largest entry of a result. */
export const tolerances: Readonly<Record<Precision, number>> = { float32: 1e-3, float64: 1e-10 };

/** Differences below the smallest normal float32 are underflow, not error. */
const smallest = 2 ** -126;

export interface Results {
  readonly numbers: Float64Array;
  readonly sizes: readonly number[];
}

/** The largest error over all results, each as a share of its own largest entry; infinite where sizes differ, NaN where one is not a number. */
export function largestError(got: Results, wanted: Results): number {
  if (got.sizes.join() !== wanted.sizes.join()) return Number.POSITIVE_INFINITY;
  let [worst, from] = [0, 0];
  for (const size of wanted.sizes) {
    let [scale, difference] = [0, 0];
    for (let i = from; i < from + size; i++) {
      const gap = Math.abs(got.numbers[i]! - wanted.numbers[i]!);
      if (Number.isNaN(gap)) return Number.NaN;
      scale = Math.max(scale, Math.abs(wanted.numbers[i]!));
      difference = Math.max(difference, gap);
    }
    if (difference > smallest) worst = Math.max(worst, difference / Math.max(scale, smallest));
    from += size;
  }
  return worst;
}
