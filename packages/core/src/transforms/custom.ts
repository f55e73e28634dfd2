/** Functions with derivatives of a person's own: a pullback or a pushforward stated beside the value. */
import { add } from "../define/elementwise.ts";
import { zerosOf } from "../define/movement.ts";
import { isFloat } from "../dtype.ts";
import { argumentError, clashError, closedOverError, formatShape } from "../errors.ts";
import { recordFunction, replay } from "../graph.ts";
import { apply, type Aval, type Op, type SubGraph } from "../op.ts";
import { sum } from "../ops/reduction.ts";
import { anyOpen, labelOf, type Node, watchOf } from "../recording.ts";
import { pullback, pushforward } from "../sweep.ts";
import { sameShape } from "../shape.ts";
import { checkSameForm, type Flat, flatten, flattenTensors, type StructDefinition, unflatten } from "../struct.ts";
import type { Tensor } from "../tensor.ts";
import { checkTransform } from "./arguments.ts";
import { batchedGraph, callOp, chosen, floats, given, placed, stacked, trace } from "./call.ts";
import { batchGraph } from "./vmap.ts";

/** Made when first asked for, once: at the application if its inputs are watched, so that what the parts close over is still known to be. */
function lazy<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

/** Traces a part of a custom derivative, which may not close over watched tensors: no rule says how they enter. */
function traceClosed(
  transform: string,
  part: string,
  f: (...args: never[]) => unknown,
  args: readonly Pick<Flat, "definition">[],
  avals: readonly Aval[],
) {
  const traced = trace(transform, f, args, avals);
  if (traced.hidden.length > 0)
    throw closedOverError(
      transform,
      part,
      traced.hidden.map((x) => ({ name: labelOf(x), x })),
    );
  return traced;
}

function checkOutputs(
  transform: string,
  part: string,
  graph: SubGraph,
  definition: StructDefinition,
  wanted: readonly Aval[],
  wantedDefinition: StructDefinition,
): void {
  checkSameForm(transform, wantedDefinition, definition);
  wanted.forEach((x, i) => {
    const out = graph.outputs[i]!;
    if (sameShape(out.shape, x.shape) && out.dtype === x.dtype) return;
    const clash = `${wantedDefinition.leaves[i]!.path} is ${x.dtype}${formatShape(x.shape)}, that of ${part} is ${out.dtype}${formatShape(out.shape)}`;
    throw clashError(transform, `${part} gives another type than the function`, clash, "make them equal");
  });
}

/** Where a residual is found: among the inputs, then the outputs, then the values kept for it alone. */
interface VjpRule {
  /** From the inputs to the outputs and the values kept for the backward function alone. */
  readonly forward: SubGraph;
  readonly residuals: readonly number[];
  /** From the residuals and the cotangents of the outputs to the cotangents of the marked inputs. */
  readonly backward: SubGraph;
  readonly marked: readonly boolean[];
}

interface CustomVjpParams {
  readonly name: string;
  readonly primal: SubGraph;
  readonly rule: () => VjpRule;
  /** Whether the forward function ran and its residuals are outputs too. */
  readonly saved: boolean;
}

const customVjpOp: Op<CustomVjpParams> = /* @__PURE__ */ callOp<CustomVjpParams>({
  name: "customVjp",
  infer: (_inputs, { primal, rule, saved }) => (saved ? rule().forward : primal).outputs,
  call: (machine, inputs, { primal, rule, saved }) => machine.run(saved ? rule().forward : primal, inputs),
  saving: (params) => ({ ...params, saved: true }),
  plain: (params) => ({ ...params, saved: false }),
  pullback(node, cotangents, _wanted) {
    const { rule, count, residuals, kept } = residualsOf(node);
    const own = cotangents.slice(0, count);
    const through = own.some((g) => g !== null)
      ? placed(replay(rule.backward, [...residuals, ...own.map((g, i) => g ?? zerosOf(node.outputs[i]!))]), rule.marked)
      : node.inputs.map(() => null);
    const beside = cotangents.slice(count);
    if (beside.every((g) => g === null)) return through;
    const around = pullback(
      recordFunction((inputs) => replay(kept, inputs), node.inputs),
      beside,
    );
    return through.map((g, i) => (g === null ? around[i]! : around[i] === null ? g : add(g, around[i]!)));
  },
  pushforward(node, tangents) {
    const { rule, count, residuals, kept } = residualsOf(node);
    const outputs = node.outputs.slice(0, count);
    const transposed = recordFunction((gs) => replay(rule.backward, [...residuals, ...gs]), outputs.map(zerosOf));
    const own = pullback(transposed, chosen(tangents, rule.marked));
    if (node.outputs.length === count) return own;
    return [
      ...own,
      ...pushforward(
        recordFunction((inputs) => replay(kept, inputs), node.inputs),
        tangents,
      ),
    ];
  },
  lift: (inputs, batched, { name, primal, rule, saved }, size) =>
    apply(customVjpOp, inputs, {
      name,
      primal: batchedGraph(primal, batched, size),
      rule: lazy(() => batchedRule(rule(), batched, size)),
      saved,
    }),
  graphs: ({ primal, rule }) => ({ primal, forward: rule().forward, backward: rule().backward }),
  show: ({ name }) => name,
});

/** The residuals of an application, and the graph of those that are neither inputs nor outputs. */
function residualsOf(node: Node) {
  const params = node.params as CustomVjpParams;
  const rule = params.rule();
  const count = params.primal.outputs.length;
  const kept: SubGraph = { inputs: rule.forward.inputs, outputs: rule.forward.outputs.slice(count), nodes: rule.forward.nodes };
  const beside = params.saved ? node.outputs.slice(count) : replay(kept, node.inputs);
  const all = [...node.inputs, ...node.outputs.slice(0, count), ...beside];
  return { rule, count, kept, residuals: rule.residuals.map((at) => all[at]!) };
}

/** The rule on batches: an input that is the same for every example gets the sum of its cotangents. */
function batchedRule(rule: VjpRule, batched: readonly boolean[], size: number): VjpRule {
  const { forward, residuals, backward, marked } = rule;
  const flags = backward.inputs.map((_, i) => (i < residuals.length ? (batched[residuals[i]!] ?? true) : true));
  const shared = chosen(
    batched.map((flag) => !flag),
    marked,
  );
  return {
    forward: batchedGraph(forward, batched, size),
    residuals,
    backward: recordFunction(
      (all) => batchGraph(backward, all, flags, size).map((g, i) => (shared[i] ? sum(g, { axes: 0 }) : g)),
      backward.inputs.map((x, i) => (flags[i] ? stacked(size, x) : { shape: x.shape, dtype: x.dtype })),
      { abstract: true },
    ),
    marked,
  };
}

/**
 * A function with a pullback of a person's own.
 *
 * `forward` maps the arguments to `[f(...args), residuals]`; `backward` maps the residuals and the cotangent of the output to a list with one
 * cotangent an argument, null for an argument that gets none. Both are written in ops: derivatives of higher order differentiate `backward`,
 * forward mode transposes it (it is linear in the cotangent) and vmap maps all three functions. None may close over a tensor that an
 * enclosing transform watches; pass it as an argument.
 * @example
 * ```ts
 * // The gradient is clipped to [-1, 1] on its way back.
 * const clipGradient = customVjp(
 *   (x: Tensor) => x,
 *   (x: Tensor) => [x, null],
 *   (_residuals, g: Tensor) => [g.clip(-1, 1)],
 * );
 * grad((x: Tensor) => clipGradient(x).mul(5))(tensor(2)); // => tensor(1, float64)
 * ```
 */
export function customVjp<A extends readonly unknown[], R, S>(
  f: (...args: A) => R,
  forward: (...args: A) => readonly [R, S],
  backward: (residuals: S, g: R) => { readonly [K in keyof A]: A[K] | null },
): (...args: A) => R {
  checkTransform("customVjp", f, {});
  if (typeof forward !== "function")
    throw argumentError("customVjp", "forward is not a function", forward, "give a function to [output, residuals]");
  if (typeof backward !== "function")
    throw argumentError("customVjp", "backward is not a function", backward, "give a function of residuals and cotangent");
  return (...args) => {
    if (!anyOpen()) return f(...args);
    const flat = flattenTensors(args, "");
    const { graph: primal, definition } = traceClosed("customVjp", "the function", (list: never) => f(...(list as A)), [flat], flat.leaves);
    const rule = lazy(() => traceRule(forward as never, backward as never, args, flat, primal, definition));
    if (watchOf(flat.leaves) !== null) rule();
    return unflatten<R>(
      definition,
      apply(customVjpOp, flat.leaves, { name: f.name, primal, rule, saved: false }).slice(0, primal.outputs.length),
    );
  };
}

function traceRule(
  forward: (...args: unknown[]) => unknown,
  backward: (residuals: unknown, g: unknown) => unknown,
  args: readonly unknown[],
  flat: Flat,
  primal: SubGraph,
  definition: StructDefinition,
): VjpRule {
  let residuals: Flat | undefined;
  const run = (list: never): unknown => {
    const pair = forward(...(list as unknown[]));
    if (!Array.isArray(pair) || pair.length !== 2)
      throw argumentError("customVjp", "forward does not return a pair", pair, "return [output, residuals]");
    const out = flatten(pair[0], "customVjp", "the output of forward");
    checkSameForm("customVjp", definition, out.definition);
    residuals = flattenTensors(pair[1], "the residuals");
    return [...out.leaves, ...residuals.leaves];
  };
  const traced = traceClosed("customVjp", "forward", run, [flat], flat.leaves).graph;
  checkOutputs("customVjp", "forward", traced, definition, primal.outputs, definition);
  const count = primal.outputs.length;
  const known = [...traced.inputs, ...traced.outputs.slice(0, count)];
  const kept: Tensor[] = [];
  const places = residuals!.leaves.map((x) => {
    const at = known.indexOf(x);
    return at >= 0 ? at : known.length + kept.push(x) - 1;
  });
  const back = traceBackward(backward, residuals!, definition, primal.outputs, args, flat);
  return {
    forward: { inputs: traced.inputs, outputs: [...traced.outputs.slice(0, count), ...kept], nodes: traced.nodes },
    residuals: places,
    ...back,
  };
}

function traceBackward(
  backward: (residuals: unknown, g: unknown) => unknown,
  residuals: Flat,
  definition: StructDefinition,
  outputs: readonly Aval[],
  args: readonly unknown[],
  flat: Flat,
): Pick<VjpRule, "backward" | "marked"> {
  let marked: boolean[] = [];
  const run = (kept: never, g: never): unknown => {
    const cotangents = backward(kept, g);
    if (!Array.isArray(cotangents) || cotangents.length !== args.length) {
      throw argumentError(
        "customVjp",
        `backward does not return a list of ${args.length}`,
        cotangents,
        "return one cotangent an argument, null for none",
      );
    }
    const found = flattenTensors(cotangents, "");
    const byPath = new Map(found.definition.leaves.map(({ path }, i) => [path, found.leaves[i]!]));
    const own = flat.leaves.map((leaf, i) => {
      const { path } = flat.definition.leaves[i]!;
      const cotangent = byPath.get(path);
      byPath.delete(path);
      if (cotangent !== undefined) checkCotangent(path, leaf, cotangent);
      return isFloat(leaf.dtype) ? cotangent : undefined;
    });
    const stray = [...byPath.keys()][0];
    if (stray !== undefined)
      throw clashError(
        "customVjp",
        "backward gives a cotangent where there is no tensor",
        argumentAt(stray),
        "give it the form of the arguments",
      );
    marked = own.map((g) => g !== undefined);
    return own.filter((g) => g !== undefined);
  };
  const { graph } = traceClosed("customVjp", "backward", run, [residuals, { definition }], [...residuals.leaves, ...outputs]);
  return { backward: graph, marked };
}

/** `argument 0.w` for the path `[0].w`. */
const argumentAt = (path: string): string => path.replace(/^\[(\d+)\]/, (_, i: string) => `argument ${i}`);

function checkCotangent(path: string, leaf: Tensor, cotangent: Tensor): void {
  if (sameShape(leaf.shape, cotangent.shape)) return;
  const clash = `${argumentAt(path)} is ${formatShape(leaf.shape)}, its cotangent ${formatShape(cotangent.shape)}`;
  throw clashError("customVjp", "a cotangent has another shape than its argument", clash, "make them equal");
}

interface CustomJvpParams {
  readonly name: string;
  readonly primal: SubGraph;
  /** From the inputs and the tangents of the float ones to the tangents of the float outputs. */
  readonly rule: () => SubGraph;
}

const customJvpOp: Op<CustomJvpParams> = /* @__PURE__ */ callOp<CustomJvpParams>({
  name: "customJvp",
  infer: (_inputs, { primal }) => primal.outputs,
  call: (machine, inputs, { primal }) => machine.run(primal, inputs),
  pushforward(node, tangents) {
    const { rule } = node.params as CustomJvpParams;
    if (!given(tangents).includes(true)) return node.outputs.map(() => null);
    const moving = chosen(
      tangents.map((t, i) => t ?? zerosOf(node.inputs[i]!)),
      floats(node.inputs),
    );
    return placed(replay(rule(), [...node.inputs, ...moving]), floats(node.outputs));
  },
  lift: (inputs, batched, { name, primal, rule }, size) =>
    apply(customJvpOp, inputs, {
      name,
      primal: batchedGraph(primal, batched, size),
      rule: lazy(() => batchedGraph(rule(), [...batched, ...chosen(batched, floats(primal.inputs))], size)),
    }),
  graphs: ({ primal, rule }) => ({ primal, rule: rule() }),
  show: ({ name }) => name,
});

/**
 * A function with a pushforward of a person's own.
 *
 * `rule` maps the list of arguments and the list of their tangents to `[f(...args), tangent]`, as `jvp(f)` does; it is linear in the tangents
 * and written in ops, so reverse mode transposes it, higher orders differentiate it and vmap maps it. Neither function may close over a
 * tensor that an enclosing transform watches; pass it as an argument.
 * @example
 * ```ts
 * const logarithm = customJvp(
 *   (x: Tensor) => x.log(),
 *   ([x], [t]) => [x.log(), t.div(x)],
 * );
 * grad(logarithm)(tensor(4)); // => tensor(0.25, float64)
 * ```
 */
export function customJvp<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  rule: (primals: A, tangents: A) => readonly [R, R],
): (...args: A) => R {
  checkTransform("customJvp", f, {});
  if (typeof rule !== "function")
    throw argumentError("customJvp", "the rule is not a function", rule, "give a function of primals and tangents");
  return (...args) => {
    if (!anyOpen()) return f(...args);
    const flat = flattenTensors(args, "");
    const { graph: primal, definition } = traceClosed("customJvp", "the function", (list: never) => f(...(list as A)), [flat], flat.leaves);
    const traced = lazy(() => traceTangents(rule as never, flat, primal, definition));
    if (watchOf(flat.leaves) !== null) traced();
    return unflatten<R>(definition, apply(customJvpOp, flat.leaves, { name: f.name, primal, rule: traced }));
  };
}

function traceTangents(
  rule: (primals: unknown, tangents: unknown) => unknown,
  flat: Flat,
  primal: SubGraph,
  definition: StructDefinition,
): SubGraph {
  const float = floats(flat.leaves);
  const count = flat.leaves.length;
  const leaves: Flat["definition"] = {
    leaves: [...flat.leaves, ...chosen(flat.leaves, float)].map(() => ({ path: "" })),
    build: (all) => all,
  };
  const run = (all: never): unknown => {
    const tangents = placed((all as Tensor[]).slice(count), float).map((t, i) => t ?? zerosOf(flat.leaves[i]!));
    const pair = rule(unflatten(flat.definition, (all as Tensor[]).slice(0, count)), unflatten(flat.definition, tangents));
    if (!Array.isArray(pair) || pair.length !== 2)
      throw argumentError("customJvp", "the rule does not return a pair", pair, "return [output, tangent]");
    const tangent = flatten(pair[1], "customJvp", "the tangent");
    checkSameForm("customJvp", definition, tangent.definition);
    return tangent.leaves;
  };
  const { graph } = traceClosed("customJvp", "the rule", run, [{ definition: leaves }], [...flat.leaves, ...chosen(flat.leaves, float)]);
  primal.outputs.forEach((out, i) => {
    const tangent = graph.outputs[i]!;
    if (sameShape(out.shape, tangent.shape)) return;
    const clash = `${definition.leaves[i]!.path} is ${formatShape(out.shape)}, its tangent ${formatShape(tangent.shape)}`;
    throw clashError("customJvp", "a tangent has another shape than its output", clash, "make them equal");
  });
  return { inputs: graph.inputs, outputs: chosen(graph.outputs, floats(primal.outputs)), nodes: graph.nodes };
}
