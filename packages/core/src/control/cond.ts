/** Choice between two functions by a value. */
import { argumentError } from "../errors.ts";
import { apply, operand, type Op, type SubGraph } from "../op.ts";
import { where } from "../ops/selection.ts";
import { reshape } from "../ops/movement.ts";
import { flatten, unflatten } from "../struct.ts";
import { isTensor, type Tensor, type TensorLike } from "../tensor.ts";
import {
  backwardGraph,
  batchedGraph,
  both,
  callOp,
  chosen,
  either,
  floats,
  given,
  placed,
  reachedFrom,
  reaches,
  tangentGraph,
  trace,
  withHidden,
} from "../transforms/call.ts";
import { batchGraph } from "../transforms/vmap.ts";
import { checkFunction, checkSameType, runsDirectly } from "./carry.ts";

/** Both take the operands and then the hidden inputs. */
interface CondParams {
  readonly onTrue: SubGraph;
  readonly onFalse: SubGraph;
}

const branches = (f: (graph: SubGraph) => SubGraph, { onTrue, onFalse }: CondParams): CondParams => ({
  onTrue: f(onTrue),
  onFalse: f(onFalse),
});

/** Inputs: the predicate, a scalar, then the operands. */
export const condOp: Op<CondParams> = /* @__PURE__ */ callOp<CondParams>({
  name: "cond",
  infer: (_inputs, { onTrue }) => onTrue.outputs,
  call: (machine, [predicate, ...operands], { onTrue, onFalse }) =>
    machine.control === undefined
      ? machine.run(machine.decide(predicate!) ? onTrue : onFalse, operands)
      : machine.control.choose(predicate!, onTrue, onFalse, operands),
  pullback(node, cotangents, wanted) {
    const params = node.params as CondParams;
    const marked = both(given(cotangents), floats(node.outputs));
    const reached = either(reachedFrom(params.onTrue, marked), reachedFrom(params.onFalse, marked));
    const needed = both(wanted.slice(1), reached);
    const inputs = [...node.inputs, ...(chosen(cotangents, marked) as Tensor[])];
    return [
      null,
      ...placed(
        apply(
          condOp,
          inputs,
          branches((graph) => backwardGraph(graph, marked, needed), params),
        ),
        needed,
      ),
    ];
  },
  pushforward(node, tangents) {
    const params = node.params as CondParams;
    const marked = both(given(tangents.slice(1)), floats(node.inputs.slice(1)));
    const moved = either(reaches(params.onTrue, marked, true), reaches(params.onFalse, marked, true));
    const inputs = [...node.inputs, ...(chosen(tangents.slice(1), marked) as Tensor[])];
    return placed(
      apply(
        condOp,
        inputs,
        branches((graph) => tangentGraph(graph, marked, moved, false), params),
      ),
      moved,
    );
  },
  lift(inputs, batched, params, size) {
    const [predicate, ...operands] = inputs as [Tensor, ...Tensor[]];
    const flags = batched.slice(1);
    if (!batched[0])
      return apply(
        condOp,
        inputs,
        branches((graph) => batchedGraph(graph, flags, size), params),
      );
    const onFalse = batchGraph(params.onFalse, operands, flags, size);
    return batchGraph(params.onTrue, operands, flags, size).map((x, i) => select(predicate, x, onFalse[i]!));
  },
  graphs: ({ onTrue, onFalse }) => ({ onTrue, onFalse }),
});

/** Example by example: one truth value each. */
export function select(predicate: Tensor, x: Tensor, y: Tensor): Tensor {
  return where(reshape(predicate, [predicate.size, ...x.shape.slice(1).map(() => 1)]), x, y);
}

/**
 * One of two functions of the operands, chosen by a scalar: `onTrue(...operands)` where the predicate is not 0, else `onFalse(...operands)`.
 *
 * Both return structs of one form, with the same shapes and dtypes. Only the branch taken is computed, and differentiated; under vmap, where examples choose
 * differently, both are and the results are selected. Inside a transform both are traced on shapes, so they must not read values.
 * @example
 * ```ts
 * const f = (x: Tensor) => cond(x.less(0), (x) => x.neg(), (x) => x.square(), x);
 * f(tensor(-3)); // => tensor(3, float64)
 * grad(f)(tensor(3)); // => tensor(6, float64)
 * ```
 */
export function cond<A extends readonly unknown[], R>(
  predicate: TensorLike,
  onTrue: (...operands: A) => R,
  onFalse: (...operands: A) => R,
  ...operands: A
): R {
  checkFunction("cond", "onTrue", onTrue);
  checkFunction("cond", "onFalse", onFalse);
  const test = checkPredicate("cond", predicate);
  const flat = operands.map((operand, i) => flatten(operand, "cond", `operand ${i}`));
  const leaves = flat.flatMap((one) => one.leaves);
  const decided = test.storage !== null && (!test.origin?.watch.open || runsDirectly([test, ...leaves]));
  if (decided) return (test.values[0] !== 0 ? onTrue : onFalse)(...operands);
  const taken = trace("cond", onTrue as never, flat, leaves);
  const other = trace("cond", onFalse as never, flat, leaves);
  checkSameType("cond", "the branches give different types", taken.graph.outputs, taken.definition, other.graph.outputs, other.definition);
  const hidden = [...new Set([...taken.hidden, ...other.hidden])];
  const params = { onTrue: withHidden(taken, hidden), onFalse: withHidden(other, hidden) };
  return unflatten<R>(taken.definition, apply(condOp, [test, ...leaves, ...hidden], params));
}

/** What a choice or a loop decides by, as a scalar tensor. */
export function checkPredicate(op: string, value: unknown): Tensor {
  if (!isTensor(value) && typeof value !== "number" && typeof value !== "boolean")
    throw argumentError(op, "the predicate is not a tensor", value, "give a scalar, such as x.less(0)");
  const predicate = operand(op, 0, value);
  if (predicate.rank !== 0)
    throw argumentError(
      op,
      "the predicate is not a scalar",
      predicate,
      "use where to choose entry by entry, or all and any to make a scalar",
    );
  return predicate;
}
