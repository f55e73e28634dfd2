// How closely two gradients of the same function agree, in units that mean something: rounding errors of the terms, running error bounds,
// ulps. Knows graphs and number systems; knows nothing of the function.
import { grad, record, type Tensor } from "@cotangent/core";
import { evaluate, type RunningError, runningError, toSystem } from "@cotangent/core/engine";

/** u, the largest relative error of one rounding. */
const unitRoundoff = 2 ** -53;

export interface Agreement {
  /** The largest difference as a multiple of u times the sum of the terms' magnitudes. */
  readonly roundoffs: number;
  /** The largest difference as a share of the two running error bounds together. */
  readonly ofBound: number;
  /** The largest difference in units in the last place, over the entries where nothing cancels. */
  readonly ulps: number;
  /** How many entries those are: their terms' magnitudes add up to less than twice the sum. */
  readonly uncancelled: number;
}

/** The gradient of `loss` by reverse mode against a formula for it; `magnitude` gives the formula with every term made positive. */
export function compareGradients(
  loss: (x: Tensor) => Tensor,
  formula: (x: Tensor) => Tensor,
  magnitude: (x: Tensor) => Tensor,
  at: Tensor,
): Agreement {
  const reverse = bounded(grad(loss), at);
  const claimed = bounded(formula, at);
  const sizes = magnitude(at).values;
  const rows = reverse.map(({ value, error }, i) => {
    const other = claimed[i]!;
    const difference = Math.abs(value - other.value);
    return { difference, bound: error + other.error, size: sizes[i]!, value: other.value };
  });
  const clear = rows.filter(({ size, value }) => size < 2 * Math.abs(value));
  return {
    roundoffs: most(rows.map(({ difference, size }) => share(difference, unitRoundoff * size))),
    ofBound: most(rows.map(({ difference, bound }) => share(difference, bound))),
    ulps: most(clear.map(({ difference, value }) => difference / ulpOf(value))),
    uncancelled: clear.length,
  };
}

/** A function's values with bounds on their rounding errors: its graph, walked again over the number system of running errors. */
function bounded(f: (x: Tensor) => Tensor, at: Tensor): readonly RunningError[] {
  const [out] = evaluate(record(f, at), runningError, [toSystem(at, runningError)]);
  return out!.values as readonly RunningError[];
}

const most = (values: readonly number[]): number => Math.max(0, ...values);
const share = (difference: number, whole: number): number => (difference === 0 ? 0 : difference / whole);
const ulpOf = (x: number): number => 2 ** (Math.floor(Math.log2(Math.abs(x))) - 52);
