/**
 * First-order optimizers as data: a rule for one leaf and the names of the averages it keeps beside each parameter. It knows structs,
 * states and schedules; the rules are elsewhere.
 */
import { add, cast, flatten, Tensor, tensor, unflatten, zerosLike } from "@cotangent/core/functions";
import { definitionError, formError, leafDtypeError, leafError, ruleError, stateError } from "./errors.ts";
import { checkRate, rateAt, type Schedule } from "./schedules.ts";

/** What an optimizer remembers: a struct of tensors. */
export interface OptimizerState<P> {
  /** The number of updates done, an int32 scalar. */
  readonly step: Tensor;
  /** By name, structs like the parameters. */
  readonly averages: { readonly [name: string]: P };
}

/**
 * A pure pair of functions on structs of float tensors: nothing is changed in place, all memory is in the state.
 *
 * `init(parameters)` gives the first state; `update(gradient, state, parameters)` the next parameters and the next state.
 */
export interface Optimizer {
  readonly init: <P>(parameters: P) => OptimizerState<P>;
  readonly update: <P>(
    gradient: NoInfer<P>,
    state: OptimizerState<NoInfer<P>>,
    parameters: P,
  ) => readonly [parameters: P, state: OptimizerState<P>];
}

/** One leaf of the parameters with what belongs to it; `rate` is the learning rate in the leaf's dtype. */
export interface Leaf {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  readonly averages: readonly Tensor[];
  readonly rate: Tensor;
}

/** What an optimizer does to one leaf: the next parameter and the next averages. */
export type LeafRule = (leaf: Leaf) => { readonly parameter: Tensor; readonly averages: readonly Tensor[] };

export interface OptimizerDefinition {
  readonly name: string;
  readonly learningRate: number | Schedule;
  /** The names of the averages kept for every leaf; all start at zero. */
  readonly averages: readonly string[];
  /** The rule of one update; `count` is its number, from 1, as a float64 scalar. */
  readonly rule: (count: Tensor) => LeafRule;
}

/**
 * An optimizer from a rule for one leaf, as `sgd` and `adam` are made.
 * @example
 * ```ts
 * const signDescent = defineOptimizer({
 *   name: "signDescent",
 *   learningRate: 0.5,
 *   averages: [],
 *   rule: () => ({ parameter, gradient, rate }) => ({
 *     parameter: parameter.sub(where(less(gradient, 0), rate.neg(), rate)),
 *     averages: [],
 *   }),
 * });
 * const start = tensor([3, -2]);
 * const [next] = signDescent.update(tensor([0.1, -7]), signDescent.init(start), start);
 * next; // => tensor([ 2.5, -1.5], float64)
 * ```
 */
export function defineOptimizer(definition: OptimizerDefinition): Optimizer {
  checkDefinition(definition);
  checkRate(definition.name, definition.learningRate);
  return {
    init: (parameters) => initialState(definition, parameters),
    update: (gradient, state, parameters) => nextState(definition, gradient, state, parameters),
  };
}

function checkDefinition(definition: unknown): void {
  const { name, averages, rule } = (definition ?? {}) as Partial<OptimizerDefinition>;
  if (typeof name !== "string" || name === "") throw definitionError("name", name, "a non-empty string");
  const areNames =
    Array.isArray(averages) && averages.every((average) => typeof average === "string") && new Set(averages).size === averages.length;
  if (!areNames) throw definitionError("averages", averages, "a list of different names, empty if nothing is kept");
  if (typeof rule !== "function") throw definitionError("rule", rule, "a function of the count that returns a rule for one leaf");
}

function initialState<P>({ name, averages }: OptimizerDefinition, parameters: P): OptimizerState<P> {
  const { leaves, definition } = parameterLeaves(name, parameters);
  const zeros = (): P => unflatten<P>(definition, leaves.map(zerosLike));
  return { step: tensor(0, "int32"), averages: Object.fromEntries(averages.map((average) => [average, zeros()])) };
}

type Flat = ReturnType<typeof flatten>;

function parameterLeaves(op: string, parameters: unknown): Flat {
  const flat = flatten(parameters, op, "parameters");
  flat.leaves.forEach((leaf, i) => {
    if (leaf.dtype !== "float64" && leaf.dtype !== "float32") throw leafDtypeError(op, flat.definition.leaves[i]!.path, leaf);
  });
  return flat;
}

function nextState<P>(
  optimizer: OptimizerDefinition,
  gradient: P,
  state: OptimizerState<P>,
  parameters: P,
): readonly [P, OptimizerState<P>] {
  const { name, averages: names } = optimizer;
  const { leaves, definition } = parameterLeaves(name, parameters);
  checkState(optimizer, state);
  const like = (struct: unknown, what: string): Tensor[] => leavesLike(name, struct, what, leaves, definition);
  const gradients = like(gradient, "gradient");
  const averages = names.map((average) => like(state.averages[average], `state.averages.${average}`));
  const rate = rateAt(name, optimizer.learningRate, state.step);
  const step = add(state.step, 1);
  const rule: unknown = optimizer.rule(cast(step, "float64"));
  if (typeof rule !== "function") throw definitionError("rule", rule, "a function of the count that returns a rule for one leaf");
  const next = leaves.map((parameter, i) => {
    const leaf = { parameter, gradient: gradients[i]!, averages: averages.map((list) => list[i]!), rate: cast(rate, parameter.dtype) };
    return checkedLeaf(name, (rule as LeafRule)(leaf), leaf);
  });
  const struct = (pick: (leaf: (typeof next)[number]) => Tensor): P => unflatten<P>(definition, next.map(pick));
  return [
    struct((leaf) => leaf.parameter),
    { step, averages: Object.fromEntries(names.map((average, k) => [average, struct((leaf) => leaf.averages[k]!)])) },
  ];
}

/** What a rule returned, if it looks like what it was given. */
function checkedLeaf(name: string, next: ReturnType<LeafRule>, { parameter, averages }: Leaf): ReturnType<LeafRule> {
  const made: readonly unknown[] = [next?.parameter, ...(Array.isArray(next?.averages) ? next.averages : [undefined])];
  if (made.length !== averages.length + 1 || !made.every((x) => x instanceof Tensor && isLike(x, parameter)))
    throw ruleError(name, parameter, made);
  return next;
}

const isLike = (x: Tensor, y: Tensor): boolean =>
  x.dtype === y.dtype && x.rank === y.rank && x.shape.every((side, axis) => side === y.shape[axis]);

function checkState({ name, averages }: OptimizerDefinition, state: unknown): void {
  const { step, averages: kept } = (state ?? {}) as { readonly step?: Tensor; readonly averages?: object };
  const keys = typeof kept === "object" && kept !== null ? Object.keys(kept) : undefined;
  const fits =
    step?.dtype === "int32" && step.rank === 0 && keys?.length === averages.length && averages.every((average) => keys.includes(average));
  if (!fits) throw stateError(name, state, averages);
}

/** The leaves of a struct that must look like the parameters. */
function leavesLike(op: string, struct: unknown, what: string, parameters: readonly Tensor[], wanted: Flat["definition"]): Tensor[] {
  const { leaves, definition } = flatten(struct, op, what);
  const got = relativePaths(definition, what);
  const expected = relativePaths(wanted, "parameters");
  if (got.length !== expected.length || got.some((path, i) => path !== expected[i])) throw formError(op, what, got, expected);
  leaves.forEach((leaf, i) => {
    const parameter = parameters[i]!;
    const fits =
      leaf.dtype === parameter.dtype && leaf.rank === parameter.rank && leaf.shape.every((side, axis) => side === parameter.shape[axis]);
    if (!fits) throw leafError(op, definition.leaves[i]!.path, leaf, parameter);
  });
  return leaves;
}

/** Paths without the name of the whole, so that those of two structs compare. */
const relativePaths = (definition: Flat["definition"], whole: string): string[] =>
  definition.leaves.map(({ path }) => path.slice(whole.length).replace(/^\./, "") || "a tensor");
