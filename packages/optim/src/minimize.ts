/** Runs L-BFGS until it is done and says why it stopped. */
import type { Tensor } from "@cotangent/core/functions";
import { optionError } from "./errors.ts";
import { lbfgsDefaults, noiseOf, solverOf, type LbfgsOptions, type LbfgsState } from "./lbfgs.ts";
import { checkCount, checkNonNegative, withDefaults } from "./options.ts";
import { largestEntry } from "./vectors.ts";

/** How far a minimisation has come. */
export interface Progress {
  readonly value: number;
  /** The largest magnitude of an entry of the gradient. */
  readonly gradientNorm: number;
  readonly iterations: number;
  readonly evaluations: number;
}

/**
 * Why a minimisation stopped: `"gradient"` — no entry of the gradient is larger than the tolerance; `"stalled"` — no lower point was found, as
 * happens where rounding hides any further decrease; `"iterations"` — the limit was reached; `"unbounded"` — the value fell to minus infinity,
 * along a line that goes down without end.
 */
export type StopReason = "gradient" | "stalled" | "iterations" | "unbounded";

export interface Minimum<P> extends Progress {
  readonly x: P;
  readonly reason: StopReason;
}

export interface MinimizeOptions extends LbfgsOptions {
  /** Stop when no entry of the gradient is larger than this; 1e-8 by default. */
  readonly gradientTolerance?: number;
  /** 1000 by default. */
  readonly maxIterations?: number;
  /** Called at the start and after every iteration. */
  readonly onIteration?: (progress: Progress) => void;
}

/**
 * A local minimum of a function of a struct of float tensors to a float scalar, by L-BFGS from a starting point.
 *
 * Throws what `lbfgs` throws; never because the minimum was not reached: `reason` says how it ended.
 * @example
 * ```ts
 * const rosenbrock = ({ x, y }: { x: Tensor; y: Tensor }) =>
 *   square(sub(1, x)).add(square(y.sub(square(x))).mul(100));
 * const { x, reason } = minimize(rosenbrock, { x: tensor(-1.2), y: tensor(1) });
 * x; // => { x: tensor(1, float64), y: tensor(1, float64) }
 * reason; // => "gradient"
 * ```
 */
export function minimize<P>(f: (parameters: P) => Tensor, start: P, options: MinimizeOptions = {}): Minimum<P> {
  const defaults = { ...lbfgsDefaults, gradientTolerance: 1e-8, maxIterations: 1000, onIteration: (_: Progress): void => {} };
  const { gradientTolerance, maxIterations, onIteration, ...rest } = withDefaults("minimize", options, defaults);
  checkNonNegative("minimize", "gradientTolerance", gradientTolerance);
  checkCount("minimize", "maxIterations", maxIterations, 0);
  if (typeof onIteration !== "function") throw optionError("minimize", "onIteration", onIteration, "a function");
  const solver = solverOf("minimize", f, rest);
  let state = solver.init(start);
  let best = state;
  for (let idle = 0; ; state = solver.update(state)) {
    const progress = progressOf(state);
    if (!state.stalled.item()) onIteration(progress);
    idle = improves(state, best) ? 0 : idle + 1;
    if (idle === 0) best = state;
    const reason = stopReason(progress, state.stalled.item() !== 0 || idle >= patience, gradientTolerance, maxIterations);
    if (reason !== undefined) return result(reason === "stalled" ? best : state, progress, reason);
  }
}

function result<P>(state: LbfgsState<P>, { iterations, evaluations }: Progress, reason: StopReason): Minimum<P> {
  return { x: state.parameters, ...progressOf(state), iterations, evaluations, reason };
}

/** How many steps in a row may bring neither a value lower by more than rounding nor a smaller gradient. */
const patience = 20;

function improves<P>(state: LbfgsState<P>, best: LbfgsState<P>): boolean {
  const value = state.value.item();
  return value < best.value.item() - noiseOf(state.value) || largestEntry(state.gradient) < largestEntry(best.gradient);
}

function progressOf<P>(state: LbfgsState<P>): Progress {
  return {
    value: state.value.item(),
    gradientNorm: largestEntry(state.gradient),
    iterations: state.iterations.item(),
    evaluations: state.evaluations.item(),
  };
}

function stopReason(
  { value, gradientNorm, iterations }: Progress,
  stalled: boolean,
  tolerance: number,
  maxIterations: number,
): StopReason | undefined {
  if (gradientNorm <= tolerance) return "gradient";
  if (value === Number.NEGATIVE_INFINITY) return "unbounded";
  if (stalled) return "stalled";
  return iterations >= maxIterations ? "iterations" : undefined;
}
