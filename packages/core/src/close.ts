/** Whether two tensors agree entry by entry: for tests and examples. Reads values; knows no op. */
import { checkFlag, checkOptions } from "./define/options.ts";
import { argumentError } from "./errors.ts";
import { sameShape } from "./shape.ts";
import { Tensor } from "./tensor.ts";

export interface CloseOptions {
  /** Allowed relative to the second tensor's entry; 1e-5 by default. */
  readonly rtol?: number;
  /** Allowed absolutely; 1e-8 by default. */
  readonly atol?: number;
  /** Whether NaN agrees with NaN; false by default. */
  readonly equalNaN?: boolean;
}

/**
 * Whether shapes are equal and |x − y| ≤ atol + rtol·|y| for every entry, infinities only with themselves: NumPy's `allclose` without broadcasting.
 * @example
 * ```ts
 * allClose(tensor([0.1 + 0.2]), tensor([0.3])); // => true
 * ```
 */
export function allClose(x: Tensor, y: Tensor, options: CloseOptions = {}): boolean {
  [x, y].forEach((value, i) => {
    if (!(value instanceof Tensor)) throw argumentError("allClose", `operand ${i} is not a tensor`, value, "wrap it in tensor(…)");
  });
  checkOptions("allClose", options, ["rtol", "atol", "equalNaN"]);
  const { rtol = 1e-5, atol = 1e-8, equalNaN = false } = options;
  for (const bound of [rtol, atol])
    if (typeof bound !== "number" || !(bound >= 0))
      throw argumentError("allClose", "a tolerance is not a number of at least 0", bound, "give such a number");
  checkFlag("allClose", "equalNaN", equalNaN);
  if (!sameShape(x.shape, y.shape)) return false;
  const [xs, ys] = [x.values, y.values];
  return xs.every((a: number, i: number) => {
    const b = ys[i]!;
    if (Number.isNaN(a) || Number.isNaN(b)) return equalNaN && Number.isNaN(a) && Number.isNaN(b);
    return a === b || (Number.isFinite(b) && Math.abs(a - b) <= atol + rtol * Math.abs(b));
  });
}
