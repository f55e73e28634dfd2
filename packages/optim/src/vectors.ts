/** Structs of tensors as vectors of a Euclidean space: sums, multiples, inner products. Knows nothing of what they are for. */
import { add, cast, flatten, map, mul, sub, sum, type Tensor } from "@cotangent/core/functions";

/** x + factor · y, entry by entry. */
export function addScaled<P>(x: P, factor: number, y: P): P {
  return map((a, b) => add(a, mul(factor, b)), x, y);
}

export function subtract<P>(x: P, y: P): P {
  return map((a, b) => sub(a, b), x, y);
}

export function scale<P>(factor: number, x: P): P {
  return map((a) => mul(factor, a), x);
}

/** The inner product over all leaves, in float64 whatever the dtypes are. */
export function dot<P>(x: P, y: P): number {
  const others = flatten(y).leaves;
  return flatten(x).leaves.reduce((total, leaf, i) => total + sum(mul(wide(leaf), wide(others[i]!))).item(), 0);
}

const wide = (x: Tensor): Tensor => cast(x, "float64");

/** The largest magnitude of an entry: NaN if there is one, 0 if there are no entries. */
export function largestEntry(x: unknown): number {
  let most = 0;
  for (const leaf of flatten(x).leaves) {
    for (const entry of leaf.values) if (!(Math.abs(entry) <= most)) most = Math.abs(entry);
    if (Number.isNaN(most)) return most;
  }
  return most;
}
