/** Loops that carry a struct and collect nothing: a counted one, and one that runs while a condition holds. */
import { zerosOf } from "../define/movement.ts";
import { add } from "../define/elementwise.ts";
import { checkInteger, checkOptions } from "../define/options.ts";
import { argumentError, missingStepsError, stepsError } from "../errors.ts";
import { recordFunction, replay } from "../graph.ts";
import { apply, type Op, type SubGraph } from "../op.ts";
import { cast } from "../ops/cast.ts";
import { broadcastTo } from "../ops/movement.ts";
import { sum } from "../ops/reduction.ts";
import { less } from "../ops/selection.ts";
import type { Node } from "../recording.ts";
import { pullback } from "../sweep.ts";
import { type Flat, flatten, unflatten } from "../struct.ts";
import { entriesOf, isTensor, scalarTensor, type Tensor } from "../tensor.ts";
import {
  avalOf,
  batchedGraph,
  both,
  callOp,
  chosen,
  fill,
  floats,
  given,
  placed,
  placeholder,
  reaches,
  stacked,
  tangentGraph,
  trace,
  withHidden,
} from "../transforms/call.ts";
import { batchGraph } from "../transforms/vmap.ts";
import { checkFlatType, checkFunction, dealt, fixpoint, indices, runsDirectly } from "./carry.ts";
import { checkPredicate, condOp, select } from "./cond.ts";
import { scan, scanOp } from "./scan.ts";

/** Both graphs take the carry and then what is the same in every step. */
interface WhileParams {
  readonly condition: SubGraph;
  readonly body: SubGraph;
  readonly carries: number;
  readonly maxSteps: number | undefined;
}

const whileOp: Op<WhileParams> = /* @__PURE__ */ callOp<WhileParams>({
  name: "whileLoop",
  infer: (_inputs, { body }) => body.outputs,
  call(machine, inputs, { condition, body, carries, maxSteps }) {
    let carry: readonly (typeof inputs)[number][] = inputs.slice(0, carries);
    const rest = inputs.slice(carries);
    if (machine.control !== undefined) {
      const limit = maxSteps === undefined ? undefined : { maxSteps, exceeded: () => stepsError(maxSteps) };
      return machine.control.repeat(condition, body, carry, rest, limit);
    }
    for (let steps = 0; machine.decide(machine.run(condition, [...carry, ...rest])[0]!); steps++) {
      if (steps === maxSteps) throw stepsError(maxSteps);
      carry = machine.run(body, [...carry, ...rest]);
    }
    return carry;
  },
  pullback(node, cotangents) {
    const params = node.params as WhileParams;
    if (params.maxSteps === undefined) throw missingStepsError();
    return pullback(
      recordFunction((inputs) => boundedLoop(inputs, params, params.maxSteps!), node.inputs),
      cotangents,
    );
  },
  pushforward: (node, tangents) => pushforwardWhile(node, tangents),
  lift: (inputs, batched, params, size) => liftWhile(inputs, batched, params, size),
  graphs: ({ condition, body }) => ({ condition, body }),
  show: ({ maxSteps }) => (maxSteps === undefined ? "" : `maxSteps=${maxSteps}`),
});

/** The loop as a scan of `maxSteps` steps, each of which does nothing once the condition fails. */
function boundedLoop(inputs: readonly Tensor[], { condition, body, carries }: WhileParams, maxSteps: number): readonly Tensor[] {
  const stay: SubGraph = { inputs: body.inputs, outputs: body.inputs.slice(0, carries), nodes: [] };
  const step = recordFunction(
    (all) => apply(condOp, [replay(condition, all)[0]!, ...all], { onTrue: body, onFalse: stay }),
    body.inputs.map(avalOf),
    { abstract: true, reverse: false },
  );
  return apply(scanOp, inputs, { body: step, carries, sequences: 0, length: maxSteps, reverse: false, saved: false }).slice(0, carries);
}

/** The loop beside its derivative, the tangents carried along. */
function pushforwardWhile(node: Node, tangents: readonly (Tensor | null)[]): (Tensor | null)[] {
  const { condition, body, carries, maxSteps } = node.params as WhileParams;
  const marked = both(given(tangents), floats(node.inputs));
  const rest = marked.slice(carries);
  const carry = fixpoint(marked.slice(0, carries), (moving) => reaches(body, [...moving, ...rest], true));
  const pushed = tangentGraph(body, [...carry, ...rest], carry, true);
  const [own, same] = [body.inputs.slice(0, carries), body.inputs.slice(carries)];
  const groups = [own, chosen(own, carry), same, chosen(same, rest)];
  const beside = recordFunction(
    (all) => {
      const [c, tc, r, tr] = dealt(all, groups) as [Tensor[], Tensor[], Tensor[], Tensor[]];
      return replay(pushed, [...c, ...r, ...tc, ...tr]);
    },
    groups.flat().map(avalOf),
    { abstract: true, reverse: false },
  );
  const test: SubGraph = {
    inputs: [
      ...condition.inputs.slice(0, carries),
      ...groups[1]!.map(placeholder),
      ...condition.inputs.slice(carries),
      ...groups[3]!.map(placeholder),
    ],
    outputs: condition.outputs,
    nodes: condition.nodes,
  };
  const start = chosen(
    tangents.slice(0, carries).map((t, i) => t ?? zerosOf(node.inputs[i]!)),
    carry,
  );
  const outputs = apply(
    whileOp,
    [...node.inputs.slice(0, carries), ...start, ...node.inputs.slice(carries), ...(chosen(tangents.slice(carries), rest) as Tensor[])],
    { condition: test, body: beside, carries: carries + start.length, maxSteps },
  );
  return placed(outputs.slice(carries), carry);
}

/** All examples run until the last is done; those done before keep what they have. */
function liftWhile(
  inputs: readonly Tensor[],
  batched: readonly boolean[],
  { condition, body, carries, maxSteps }: WhileParams,
  size: number,
): readonly Tensor[] {
  const rest = batched.slice(carries);
  const carry = fixpoint(batched.slice(0, carries), (moving) => {
    const differ = reaches(condition, [...moving, ...rest], false)[0]!;
    return reaches(body, [...moving, ...rest], false).map((flag) => flag || differ);
  });
  const marked = [...carry, ...rest];
  const differing = reaches(condition, marked, false)[0]!;
  const avals = body.inputs.map((x, i) => (marked[i] ? stacked(size, x) : avalOf(x)));
  const trace = (run: (all: readonly Tensor[]) => readonly Tensor[]): SubGraph =>
    recordFunction(run, avals, { abstract: true, reverse: false });
  const test = (all: readonly Tensor[]): Tensor => batchGraph(condition, all, marked, size)[0]!;
  const step = (all: readonly Tensor[]): readonly Tensor[] => {
    const next = batchGraph(body, all, marked, size, carry);
    if (!differing) return next;
    const going = test(all);
    return next.map((x, i) => select(going, x, all[i]!));
  };
  const outputs = apply(
    whileOp,
    inputs.map((x, i) => (marked[i] && !batched[i] ? broadcastTo(x, [size, ...x.shape]) : x)),
    {
      condition: differing ? trace((all) => [less(0, sum(cast(test(all), "bool")))]) : batchedGraph(condition, marked, size, [false]),
      body: trace(step),
      carries,
      maxSteps,
    },
  );
  return outputs.map((x, i) => (carry[i] ? x : broadcastTo(x, [size, ...x.shape])));
}

export interface WhileOptions {
  /** The most steps the loop may take: it throws when it would take more. Needed for reverse mode. */
  readonly maxSteps?: number;
}

/**
 * Runs `carry = body(carry)` while `condition(carry)` holds, and gives the last carry, a struct of tensors.
 *
 * The condition gives a scalar; the carry keeps its form, shapes and dtypes. Forward mode and vmap work as it is (all examples run until the last is
 * done); reverse mode needs `maxSteps`, for it is then a scan of that length. Inside a transform both functions are traced on shapes, so
 * they must not read values.
 * @example
 * ```ts
 * const f = (x: Tensor) => whileLoop((y: Tensor) => y.less(100), (y) => y.mul(x), x, { maxSteps: 10 });
 * f(tensor(3)); // => tensor(243, float64)
 * grad(f)(tensor(3)); // => tensor(405, float64)
 * ```
 */
export function whileLoop<C>(condition: (carry: C) => Tensor, body: (carry: C) => C, init: C, options: WhileOptions = {}): C {
  checkFunction("whileLoop", "the condition", condition);
  checkFunction("whileLoop", "the body", body);
  checkOptions("whileLoop", options, ["maxSteps"]);
  const maxSteps = options.maxSteps === undefined ? undefined : checkInteger("whileLoop", "maxSteps", options.maxSteps, 0);
  const carry = flatten(init, "whileLoop", "the carry");
  if (runsDirectly(carry.leaves)) return runWhile(condition as never, body as never, carry, maxSteps) as C;
  const test = trace("whileLoop", (c: never) => checkTest(condition(c)), [carry], carry.leaves);
  const next = trace(
    "whileLoop",
    (c: never) => {
      const back = flatten(body(c), "whileLoop", "the carry");
      checkFlatType("whileLoop", "the carry changes its type", carry, back);
      return back.leaves;
    },
    [carry],
    carry.leaves,
  );
  const hidden = [...new Set([...test.hidden, ...next.hidden])];
  const params = { condition: withHidden(test, hidden), body: withHidden(next, hidden), carries: carry.leaves.length, maxSteps };
  return unflatten<C>(carry.definition, apply(whileOp, [...carry.leaves, ...hidden], params));
}

const checkTest = (test: unknown): Tensor => checkPredicate("whileLoop", test);

/** The loop in JavaScript, one call of each function a step. */
function runWhile(
  condition: (carry: unknown) => unknown,
  body: (carry: unknown) => unknown,
  initial: Flat,
  maxSteps: number | undefined,
): unknown {
  let carry = initial;
  const whole = (): unknown => fill([carry], carry.leaves)[0];
  for (let steps = 0; checkTest(condition(whole())).values[0] !== 0; steps++) {
    if (steps === maxSteps) throw stepsError(maxSteps);
    const back = flatten(body(whole()), "whileLoop", "the carry");
    checkFlatType("whileLoop", "the carry changes its type", carry, back);
    carry = back;
  }
  return whole();
}

/**
 * Runs `carry = body(i, carry)` for `i` from `lower` to before `upper`, and gives the last carry, a struct of tensors; `i` is an int32 scalar.
 *
 * The bounds are integers, or int32 scalars where the number of steps is itself computed; then, as for `whileLoop`, there is no reverse mode.
 * @example
 * ```ts
 * const power = (x: Tensor) => forLoop(0, 3, (_i, y: Tensor) => y.mul(x), tensor(1));
 * power(tensor(2)); // => tensor(8, float64)
 * grad(power)(tensor(2)); // => tensor(12, float64)
 * ```
 */
export function forLoop<C>(lower: number | Tensor, upper: number | Tensor, body: (i: Tensor, carry: C) => C, init: C): C {
  checkFunction("forLoop", "the body", body);
  const [from, to] = [boundOf("lower", lower), boundOf("upper", upper)];
  if (typeof from === "number" && typeof to === "number") {
    return scan((carry: C, i: Tensor): readonly [C, null] => [body(i, carry), null], init, indices(from, Math.max(0, to - from)))[0];
  }
  const [first, last] = [from, to].map((bound) => (typeof bound === "number" ? scalarTensor(bound, "int32") : bound)) as [Tensor, Tensor];
  const one = scalarTensor(1, "int32");
  return whileLoop<readonly [Tensor, C]>(
    ([i]) => less(i, last),
    ([i, carry]) => [add(i, one), body(i, carry)],
    [first, init],
  )[1];
}

/** A bound as a number, unless it is only known inside a recording. */
function boundOf(name: string, bound: unknown): number | Tensor {
  if (!isTensor(bound)) return checkInteger("forLoop", `the ${name} bound`, bound);
  if (bound.rank !== 0 || bound.dtype !== "int32")
    throw argumentError("forLoop", `the ${name} bound is not an int32 scalar`, bound, "give an integer, or cast it");
  return bound.origin?.watch.open ? bound : entriesOf(bound)[0]!;
}
