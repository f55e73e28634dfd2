/** L-BFGS: a quasi-Newton method that remembers the last few steps (Nocedal and Wright 2006, algorithms 7.4 and 7.5). */
import { add, flatten, Tensor, tensor, valueAndGrad } from "@cotangent/core/functions";
import { functionError, leafDtypeError, nonFiniteStartError, solverStateError, valueError } from "./errors.ts";
import { checkBetween, checkCount, withDefaults } from "./options.ts";
import { addScaled, dot, largestEntry, scale, subtract } from "./vectors.ts";
import { type Point, wolfeSearch } from "./wolfe.ts";

export interface LbfgsOptions {
  /** How many steps are remembered; 10 by default. */
  readonly historySize?: number;
  /** The first Wolfe constant, above 0 and below ½: the share of the promised decrease that a step must bring; 1e-4 by default. */
  readonly sufficientDecrease?: number;
  /** The second Wolfe constant, above the first and below 1: how much of the slope may be left after a step; 0.9 by default. */
  readonly curvature?: number;
  /** The most evaluations in one line search; 40 by default. */
  readonly maxSearchEvaluations?: number;
}

/** Where a solver stands: a struct of tensors. */
export interface LbfgsState<P> {
  readonly parameters: P;
  readonly value: Tensor;
  readonly gradient: P;
  /** Differences of parameters over the remembered steps, oldest first. */
  readonly steps: readonly P[];
  /** Differences of gradients over the same steps. */
  readonly changes: readonly P[];
  /** Steps taken and evaluations made so far, int32 scalars. */
  readonly iterations: Tensor;
  readonly evaluations: Tensor;
  /** Whether the last update found no lower point, not even along the negative gradient, and so moved nothing: a bool scalar. */
  readonly stalled: Tensor;
}

/** A pure pair of functions: `update` takes one step and changes nothing in place. */
export interface Solver<P> {
  readonly init: (parameters: P) => LbfgsState<P>;
  readonly update: (state: LbfgsState<P>) => LbfgsState<P>;
}

export const lbfgsDefaults: Required<LbfgsOptions> = {
  historySize: 10,
  sufficientDecrease: 1e-4,
  curvature: 0.9,
  maxSearchEvaluations: 40,
};

/**
 * L-BFGS with a strong Wolfe line search for a function of a struct of float tensors to a float scalar.
 *
 * `init(parameters)` evaluates the function once; `update(state)` takes one step of it. `minimize` runs both until they are done. The line
 * search reads values, so a solver runs eagerly. Throws where an option is out of range, where a leaf is not a float tensor and where the
 * function is not finite at the start.
 * @example
 * ```ts
 * const solver = lbfgs((x: Tensor) => x.sub(tensor([1, 2])).square().sum());
 * let state = solver.init(tensor([0, 0]));
 * while (largest(state.gradient) > 1e-12) state = solver.update(state);
 * state.parameters; // => tensor([1, 2], float64)
 * function largest(x: Tensor) {
 *   return Math.max(...x.values.map(Math.abs));
 * }
 * ```
 */
export function lbfgs<P>(f: (parameters: P) => Tensor, options: LbfgsOptions = {}): Solver<P> {
  return solverOf("lbfgs", f, withDefaults("lbfgs", options, lbfgsDefaults));
}

/** The solver on behalf of a function, whose name its errors bear. */
export function solverOf<P>(op: string, f: (parameters: P) => Tensor, options: Required<LbfgsOptions>): Solver<P> {
  if (typeof f !== "function") throw functionError(op, f);
  const settings = checkedOptions(op, options);
  const scalar = (parameters: unknown): Tensor => {
    const value: unknown = f(parameters as P);
    if (!(value instanceof Tensor) || value.rank > 0 || !isFloat(value)) throw valueError(op, value);
    return value;
  };
  const evaluate = valueAndGrad(scalar) as unknown as Evaluate<P>;
  return {
    init: (parameters) => startAt(op, evaluate, parameters),
    update: (state) => {
      checkState(op, state);
      return takeStep(evaluate, state, settings);
    },
  };
}

const isFloat = ({ dtype }: Tensor): boolean => dtype === "float64" || dtype === "float32";

function checkedOptions(op: string, options: Required<LbfgsOptions>): Required<LbfgsOptions> {
  checkCount(op, "historySize", options.historySize, 1);
  checkBetween(op, "sufficientDecrease", options.sufficientDecrease, 0, 0.5);
  checkBetween(op, "curvature", options.curvature, options.sufficientDecrease, 1);
  checkCount(op, "maxSearchEvaluations", options.maxSearchEvaluations, 1);
  return options;
}

type Evaluate<P> = (parameters: P) => [value: Tensor, gradient: P];

function startAt<P>(op: string, evaluate: Evaluate<P>, parameters: P): LbfgsState<P> {
  const { leaves, definition } = flatten(parameters, op, "parameters");
  leaves.forEach((leaf, i) => {
    if (!isFloat(leaf)) throw leafDtypeError(op, definition.leaves[i]!.path, leaf);
  });
  const [value, gradient] = evaluate(parameters);
  if (!Number.isFinite(value.item())) throw nonFiniteStartError(op, "value", value.item());
  const largest = largestEntry(gradient);
  if (!Number.isFinite(largest)) throw nonFiniteStartError(op, "gradient", largest);
  return { parameters, value, gradient, steps: [], changes: [], iterations: count(0), evaluations: count(1), stalled: tensor(false) };
}

const count = (n: number): Tensor => tensor(n, "int32");

function takeStep<P>(evaluate: Evaluate<P>, state: LbfgsState<P>, options: Required<LbfgsOptions>): LbfgsState<P> {
  const search = searchAlong(evaluate, state, quasiNewtonDirection(state), options);
  const evaluations = add(state.evaluations, search.evaluations);
  if (search.point !== undefined) return moved(state, search.point, evaluations, options.historySize);
  if (state.steps.length > 0) return takeStep(evaluate, { ...state, steps: [], changes: [], evaluations }, options);
  return { ...state, evaluations, stalled: tensor(true) };
}

function checkState(op: string, state: unknown): void {
  const { value, iterations, evaluations, steps, changes, ...rest } = (state ?? {}) as Partial<LbfgsState<unknown>>;
  const hasNumbers = [value, iterations, evaluations].every((x) => x instanceof Tensor && x.rank === 0);
  const hasHistory = Array.isArray(steps) && Array.isArray(changes) && steps.length === changes.length;
  if (!hasNumbers || !hasHistory || !("parameters" in rest) || !("gradient" in rest)) throw solverStateError(op, state);
}

/** A point of a line, with the parameters, value and gradient there. */
interface Place<P> {
  readonly parameters: P;
  readonly value: Tensor;
  readonly gradient: P;
}

function searchAlong<P>(
  evaluate: Evaluate<P>,
  state: LbfgsState<P>,
  direction: P,
  options: Required<LbfgsOptions>,
): ReturnType<typeof wolfeSearch<Place<P>>> {
  const pointAt = (step: number, place: Place<P>): Point<Place<P>> => ({
    step,
    value: place.value.item(),
    slope: dot(place.gradient, direction),
    kept: place,
  });
  const at = (step: number): Point<Place<P>> => {
    const parameters = addScaled(state.parameters, step, direction);
    const [value, gradient] = evaluate(parameters);
    return pointAt(step, { parameters, value, gradient });
  };
  const start = pointAt(0, state);
  if (!(start.slope < 0)) return { point: undefined, evaluations: 0 };
  const firstStep = state.steps.length > 0 ? 1 : Math.min(1, 1 / Math.sqrt(-start.slope));
  return wolfeSearch(at, start, firstStep, noiseOf(state.value), { ...options, maxEvaluations: options.maxSearchEvaluations });
}

/** The difference of values below which slopes are trusted more: u^(2/3) of the value, since sums lose more than their last digit. */
export const noiseOf = (value: Tensor): number => (value.dtype === "float32" ? 2 ** -23 : 2 ** -52) ** (2 / 3) * Math.abs(value.item());

function moved<P>(state: LbfgsState<P>, { kept }: Point<Place<P>>, evaluations: Tensor, historySize: number): LbfgsState<P> {
  const { parameters, value, gradient } = kept;
  const step = subtract(parameters, state.parameters);
  const change = subtract(gradient, state.gradient);
  const counts = { iterations: add(state.iterations, 1), evaluations, stalled: tensor(false) };
  const curved = dot(step, change) > Number.EPSILON * Math.sqrt(dot(step, step) * dot(change, change));
  const remembered = (list: readonly P[], last: P): readonly P[] => (curved ? [...list, last].slice(-historySize) : list);
  return { parameters, value, gradient, steps: remembered(state.steps, step), changes: remembered(state.changes, change), ...counts };
}

/** Minus the inverse Hessian's estimate times the gradient: the two-loop recursion (algorithm 7.4). */
function quasiNewtonDirection<P>({ gradient, steps, changes }: LbfgsState<P>): P {
  let q = gradient;
  const curvatures = steps.map((step, i) => dot(step, changes[i]!));
  const shares = new Array<number>(steps.length);
  for (let i = steps.length - 1; i >= 0; i--) {
    shares[i] = dot(steps[i]!, q) / curvatures[i]!;
    q = addScaled(q, -shares[i]!, changes[i]!);
  }
  const last = steps.length - 1;
  let r = last < 0 ? q : scale(curvatures[last]! / dot(changes[last]!, changes[last]!), q);
  for (let i = 0; i < steps.length; i++) r = addScaled(r, shares[i]! - dot(changes[i]!, r) / curvatures[i]!, steps[i]!);
  return scale(-1, r);
}
