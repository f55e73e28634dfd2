/** Loops of a known length: a carried struct, a slice of the inputs a step, a slice of the outputs a step. */
import { add } from "../define/elementwise.ts";
import { zerosOf } from "../define/movement.ts";
import { checkFlag, checkInteger, checkOptions } from "../define/options.ts";
import { argumentError, axisError, clashError } from "../errors.ts";
import { recordFunction, replay } from "../graph.ts";
import { apply, type Aval, type Op, type SubGraph } from "../op.ts";
import { broadcastTo, concat, permute, reshape, sliceAxis } from "../ops/movement.ts";
import type { Node } from "../recording.ts";
import { type Flat, flatten, map, unflatten } from "../struct.ts";
import type { Tensor } from "../tensor.ts";
import {
  avalOf,
  backwardGraph,
  batchedGraph,
  both,
  callOp,
  chosen,
  fill,
  floats,
  given,
  placed,
  reachedFrom,
  reaches,
  stacked,
  tangentGraph,
  trace,
} from "../transforms/call.ts";
import { checkpoint } from "../transforms/checkpoint.ts";
import { checkFlatType, checkFunction, dealt, entryOf, fixpoint, runsDirectly, stackOf } from "./carry.ts";

/**
 * The body takes the carry, a slice of each sequence, then what is the same in every step; it gives the next carry, then a slice of each
 * output. The op takes initial carry, sequences along their leading axis and the rest; it gives the last carry and the outputs stacked.
 */
export interface ScanParams {
  readonly body: SubGraph;
  readonly carries: number;
  readonly sequences: number;
  readonly length: number;
  readonly reverse: boolean;
  /** Whether the body's last outputs are the carries it was given, which the pullback needs. */
  readonly saved: boolean;
}

/** The inputs or outputs of a body or of the op by role. */
function parts<T>(
  items: readonly T[],
  { carries, sequences }: Pick<ScanParams, "carries" | "sequences">,
): { readonly carry: T[]; readonly xs: T[]; readonly rest: T[] } {
  return { carry: items.slice(0, carries), xs: items.slice(carries, carries + sequences), rest: items.slice(carries + sequences) };
}

export const scanOp: Op<ScanParams> = /* @__PURE__ */ callOp<ScanParams>({
  name: "scan",
  infer: (_inputs, { body, carries, length }) => body.outputs.map((x, i) => (i < carries ? avalOf(x) : stacked(length, x))),
  call(machine, inputs, params) {
    const { body, carries, length, reverse } = params;
    const { carry: initial, xs, rest } = parts(inputs, params);
    if (machine.control !== undefined) return machine.control.scan(body, { carry: initial, xs, rest }, length, reverse);
    const ys = body.outputs.slice(carries);
    const rows = new Array<readonly (typeof inputs)[number][]>(ys.length > 0 ? length : 0);
    let carry = initial;
    for (let step = 0; step < length; step++) {
      const i = reverse ? length - 1 - step : step;
      const outputs = machine.run(body, [...carry, ...xs.map((x) => machine.at(x, i)), ...rest]);
      carry = outputs.slice(0, carries);
      if (ys.length > 0) rows[i] = outputs.slice(carries);
    }
    return [
      ...carry,
      ...ys.map((y, k) =>
        machine.stack(
          rows.map((row) => row[k]!),
          y,
        ),
      ),
    ];
  },
  saving: (params) => (params.saved ? params : { ...params, saved: true, body: withCarries(params) }),
  plain: (params) => (params.saved ? { ...params, saved: false, body: withoutCarries(params) } : params),
  pullback: (node, cotangents, wanted) => pullbackScan(node, cotangents, wanted),
  pushforward: (node, tangents) => pushforwardScan(node, tangents),
  lift: (inputs, batched, params, size) => liftScan(inputs, batched, params, size),
  graphs: ({ body }) => ({ body }),
  show: ({ length, reverse }) => `length=${length}${reverse ? " reverse" : ""}`,
});

/** The body with the carries it is given among its outputs. */
function withCarries({ body, carries }: ScanParams): SubGraph {
  return { inputs: body.inputs, outputs: [...body.outputs, ...body.inputs.slice(0, carries)], nodes: body.nodes };
}

/** Its inverse. */
function withoutCarries({ body, carries }: ScanParams): SubGraph {
  return { inputs: body.inputs, outputs: body.outputs.slice(0, body.outputs.length - carries), nodes: body.nodes };
}

/**
 * A scan the other way: its carry is the cotangent of the carry and the sums of the cotangents of what is the same in every step, its
 * sequences are the saved carries, the inputs and the cotangents of the outputs. Each step computes its part of the forward pass again.
 */
function pullbackScan(node: Node, cotangents: readonly (Tensor | null)[], wanted: readonly boolean[]): (Tensor | null)[] {
  const params = node.params as ScanParams;
  const { body, carries } = params;
  const inputs = parts(node.inputs, params);
  const want = parts(wanted, params);
  const complete = params.saved ? node.outputs : apply(scanOp, node.inputs, { ...params, saved: true, body: withCarries(params) });
  const saved = complete.slice(complete.length - carries);
  const own = both(given(cotangents), floats(node.outputs));
  const gys = own.slice(carries);
  const moved = fixpoint(want.carry, (carry) => reaches(body, [...carry, ...want.xs, ...want.rest], true).slice(0, carries));
  const carried = fixpoint(both(own.slice(0, carries), moved), (carry) =>
    both(reachedFrom(body, [...carry, ...gys]).slice(0, carries), moved),
  );
  const reached = parts(reachedFrom(body, [...carried, ...gys]), params);
  const [xs, rest] = [both(want.xs, reached.xs), both(want.rest, reached.rest)];
  const gcarry = chosen(
    cotangents.slice(0, carries).map((g, i) => g ?? zerosOf(node.outputs[i]!)),
    carried,
  );
  const sums = chosen(inputs.rest, rest);
  const outputs = apply(
    scanOp,
    [...gcarry, ...sums.map(zerosOf), ...saved, ...inputs.xs, ...(chosen(cotangents.slice(carries), gys) as Tensor[]), ...inputs.rest],
    {
      body: reverseBody(params, { carried, gys, xs, rest }),
      carries: gcarry.length + sums.length,
      sequences: carries + params.sequences + gys.filter(Boolean).length,
      length: params.length,
      reverse: !params.reverse,
      saved: false,
    },
  );
  const [forCarry, forRest] = [outputs.slice(0, gcarry.length), outputs.slice(gcarry.length, gcarry.length + sums.length)];
  return [...placed(forCarry, carried), ...placed(outputs.slice(gcarry.length + sums.length), xs), ...placed(forRest, rest)].map((g, i) =>
    wanted[i] ? g : null,
  );
}

/** Which cotangents go round the reversed loop, and which are asked of each step. */
interface Marks {
  readonly carried: readonly boolean[];
  readonly gys: readonly boolean[];
  readonly xs: readonly boolean[];
  readonly rest: readonly boolean[];
}

function reverseBody(params: ScanParams, { carried, gys, xs, rest }: Marks): SubGraph {
  const { body, carries } = params;
  const own = parts(body.inputs, params);
  const pulled = backwardGraph(body, [...carried, ...gys], [...carried, ...xs, ...rest]);
  const gcarry = chosen(own.carry, carried);
  const sums = chosen(own.rest, rest);
  const gy = chosen(body.outputs.slice(carries), gys);
  const groups = [gcarry, sums, own.carry, own.xs, gy, own.rest];
  return recordFunction(
    (all) => {
      const [g, sofar, c, x, gs, r] = dealt(all, groups) as [Tensor[], Tensor[], Tensor[], Tensor[], Tensor[], Tensor[]];
      const out = replay(pulled, [...c, ...x, ...r, ...g, ...gs]);
      const forRest = out.slice(out.length - sums.length);
      return [
        ...out.slice(0, gcarry.length),
        ...sofar.map((total, i) => add(total, forRest[i]!)),
        ...out.slice(gcarry.length, out.length - sums.length),
      ];
    },
    groups.flat().map(avalOf),
    { abstract: true },
  );
}

/** A scan of the body beside its derivative, the tangents carried along. */
function pushforwardScan(node: Node, tangents: readonly (Tensor | null)[]): (Tensor | null)[] {
  const params = node.params as ScanParams;
  const { body, carries } = params;
  const inputs = parts(node.inputs, params);
  const ts = parts(tangents, params);
  const moving = parts(both(given(tangents), floats(node.inputs)), params);
  const carry = fixpoint(moving.carry, (marked) => reaches(body, [...marked, ...moving.xs, ...moving.rest], true).slice(0, carries));
  const marked = [...carry, ...moving.xs, ...moving.rest];
  const moved = [...carry, ...reaches(body, marked, true).slice(carries)];
  const pushed = tangentGraph(body, marked, moved, true);
  const own = parts(body.inputs, params);
  const groups = [own.carry, chosen(own.carry, carry), own.xs, chosen(own.xs, moving.xs), own.rest, chosen(own.rest, moving.rest)];
  const beside = recordFunction(
    (all) => {
      const [c, tc, x, tx, r, tr] = dealt(all, groups) as [Tensor[], Tensor[], Tensor[], Tensor[], Tensor[], Tensor[]];
      const out = replay(pushed, [...c, ...x, ...r, ...tc, ...tx, ...tr]);
      const primals = out.slice(0, carries);
      return [...primals, ...out.slice(body.outputs.length)];
    },
    groups.flat().map(avalOf),
    { abstract: true, reverse: false },
  );
  const start = chosen(
    ts.carry.map((t, i) => t ?? zerosOf(inputs.carry[i]!)),
    carry,
  );
  const outputs = apply(
    scanOp,
    [
      ...inputs.carry,
      ...start,
      ...inputs.xs,
      ...(chosen(ts.xs, moving.xs) as Tensor[]),
      ...inputs.rest,
      ...(chosen(ts.rest, moving.rest) as Tensor[]),
    ],
    {
      body: beside,
      carries: carries + start.length,
      sequences: inputs.xs.length + moving.xs.filter(Boolean).length,
      length: params.length,
      reverse: params.reverse,
      saved: false,
    },
  );
  return placed(outputs.slice(carries), moved);
}

/** The body on batches; sequences keep their steps in front, the examples behind. */
function liftScan(inputs: readonly Tensor[], batched: readonly boolean[], params: ScanParams, size: number): readonly Tensor[] {
  const { body, carries } = params;
  const flags = parts(batched, params);
  const carry = fixpoint(flags.carry, (marked) => reaches(body, [...marked, ...flags.xs, ...flags.rest], false).slice(0, carries));
  const marked = [...carry, ...flags.xs, ...flags.rest];
  const ys = reaches(body, marked, false).slice(carries);
  const own = parts(inputs, params);
  const outputs = apply(
    scanOp,
    [
      ...own.carry.map((x, i) => (carry[i] && !flags.carry[i] ? broadcastTo(x, [size, ...x.shape]) : x)),
      ...own.xs.map((x, i) => (flags.xs[i] ? swapLeading(x) : x)),
      ...own.rest,
    ],
    { ...params, body: batchedGraph(body, marked, size, [...carry, ...ys]) },
  );
  return outputs.map((x, i) => {
    if (i < carries) return carry[i] ? x : broadcastTo(x, [size, ...x.shape]);
    return (ys[i - carries] ?? carry[i - body.outputs.length]) ? swapLeading(x) : broadcastTo(x, [size, ...x.shape]);
  });
}

const swapLeading = (x: Tensor): Tensor => permute(x, [1, 0, ...x.shape.slice(2).map((_, axis) => axis + 2)]);

export interface ScanOptions {
  /** The number of steps; needed where there are no sequences. */
  readonly length?: number;
  /** From the last slice to the first; the outputs keep the order of the inputs. */
  readonly reverse?: boolean;
  /**
   * For reverse mode over many steps: keep the carry of every k-th step only, and compute those between again. With k near the root of the
   * number of steps, memory grows like that root, for one more forward pass.
   */
  readonly checkpointEvery?: number;
}

/**
 * A loop that carries a struct and collects outputs: `[carry, y] = f(carry, x)` for each slice `x` of `xs` along the leading axis, giving the
 * last carry and the `y` stacked.
 *
 * `xs` is a struct of tensors with one leading size, or null with `length`. The carry keeps its form, shapes and dtypes. The derivative is a
 * scan too: reverse mode keeps the carry of every step and computes each step again on its way back, so its memory does not grow with what a step
 * does inside. Inside a transform `f` is traced on shapes once, so it must not read values.
 * @example
 * ```ts
 * const [total, partial] = scan((sum: Tensor, x: Tensor) => [sum.add(x), sum.add(x)], tensor(0), tensor([1, 2, 3]));
 * total; // => tensor(6, float64)
 * partial; // => tensor([1, 3, 6], float64)
 * ```
 */
export function scan<C, X, Y>(f: (carry: C, x: X) => readonly [C, Y], init: C, xs: X, options: ScanOptions = {}): [carry: C, ys: Y] {
  checkFunction("scan", "the body", f);
  checkOptions("scan", options, ["length", "reverse", "checkpointEvery"]);
  const reverse = options.reverse === undefined ? false : checkFlag("scan", "reverse", options.reverse);
  const every = options.checkpointEvery === undefined ? Infinity : checkInteger("scan", "checkpointEvery", options.checkpointEvery, 1);
  const carry = flatten(init, "scan", "the carry");
  const sequences = flatten(xs, "scan", "xs");
  const length = lengthOf(sequences, options.length);
  if (runsDirectly([...carry.leaves, ...sequences.leaves])) return runScan(f, carry, sequences, length, reverse) as [C, Y];
  if (every < length) return scanSegments(f, init, sequences, length, reverse, every);
  const slices = sequences.leaves.map((x) => ({ shape: x.shape.slice(1), dtype: x.dtype }));
  const { body, hidden, ...returned } = traceBody(f as never, carry, sequences, slices);
  const outputs = apply(scanOp, [...carry.leaves, ...sequences.leaves, ...hidden], {
    body,
    carries: carry.leaves.length,
    sequences: sequences.leaves.length,
    length,
    reverse,
    saved: false,
  });
  return [
    unflatten<C>(carry.definition, outputs.slice(0, carry.leaves.length)),
    unflatten<Y>(returned.ys, outputs.slice(carry.leaves.length, body.outputs.length)),
  ];
}

/** A scan of checkpointed scans of `every` steps, and one of the steps left over, which run last. */
function scanSegments<C, X, Y>(
  f: (carry: C, x: X) => readonly [C, Y],
  init: C,
  { leaves, definition }: Flat,
  length: number,
  reverse: boolean,
  every: number,
): [C, Y] {
  const count = Math.floor(length / every);
  const left = length - count * every;
  const between = (start: number, stop: number): Tensor[] => leaves.map((x) => sliceAxis(x, 0, start, stop));
  const inner = checkpoint((carry: C, xs: X) => scan(f, carry, xs, { length: every, reverse }));
  const blocks = between(reverse ? left : 0, reverse ? length : length - left).map((x) => reshape(x, [count, every, ...x.shape.slice(1)]));
  const [carry, grouped] = scan(inner, init, unflatten<X>(definition, blocks), { length: count, reverse });
  const rest = between(reverse ? 0 : length - left, reverse ? left : length);
  const [last, few] = scan(f, carry, unflatten<X>(definition, rest), { length: left, reverse });
  const many = map((y) => reshape(y, [count * every, ...y.shape.slice(2)]), grouped);
  return [last, map((x, y) => concat([x, y]), ...((reverse ? [few, many] : [many, few]) as [Y, Y]))];
}

function lengthOf({ leaves, definition }: Flat, given: unknown): number {
  const stated = given === undefined ? undefined : checkInteger("scan", "length", given, 0);
  leaves.forEach((x, i) => {
    if (x.rank === 0) throw axisError(`scan: ${definition.leaves[i]!.path}`, 0, 0);
    const first = stated ?? leaves[0]!.shape[0]!;
    if (x.shape[0] === first) return;
    const clash = `${stated === undefined ? `${definition.leaves[0]!.path} has` : "length is"} ${first}, ${definition.leaves[i]!.path} has ${x.shape[0]}`;
    throw clashError("scan", "lengths differ", clash, "give sequences of one length along the leading axis");
  });
  const length = stated ?? leaves[0]?.shape[0];
  if (length === undefined)
    throw clashError("scan", "the number of steps is unknown", "no sequence and no length", "give xs, or { length }");
  return length;
}

const pairOf = (pair: unknown): readonly [unknown, unknown] => {
  if (!Array.isArray(pair) || pair.length !== 2) throw argumentError("scan", "the body does not return a pair", pair, "return [carry, y]");
  return pair as [unknown, unknown];
};

const changes = "the carry changes its type";

function traceBody(f: (carry: unknown, x: unknown) => unknown, carry: Flat, sequences: Flat, slices: readonly Aval[]) {
  let ys: Flat["definition"] | undefined;
  const run = (c: never, x: never): unknown => {
    const [next, y] = pairOf(f(c, x));
    const back = flatten(next, "scan", "the carry");
    checkFlatType("scan", changes, carry, back);
    const out = flatten(y, "scan", "y");
    ys = out.definition;
    return [...back.leaves, ...out.leaves];
  };
  const { graph, hidden } = trace("scan", run, [carry, sequences], [...carry.leaves, ...slices]);
  return { body: graph, hidden, ys: ys! };
}

/** The loop in JavaScript, one call of the function a step. */
function runScan(
  f: (carry: never, x: never) => unknown,
  initial: Flat,
  sequences: Flat,
  length: number,
  reverse: boolean,
): [unknown, unknown] {
  let carry = initial;
  let first: Flat | undefined;
  const columns: Tensor[][] = [];
  for (let step = 0; step < length; step++) {
    const i = reverse ? length - 1 - step : step;
    const slices = sequences.leaves.map((x) => entryOf(x, i));
    const [c, x] = fill([carry, sequences], [...carry.leaves, ...slices]) as [never, never];
    const [next, y] = pairOf(f(c, x));
    const back = flatten(next, "scan", "the carry");
    checkFlatType("scan", changes, carry, back);
    carry = back;
    const out = flatten(y, "scan", "y");
    if (first === undefined) columns.push(...out.leaves.map(() => new Array<Tensor>(length)));
    first ??= out;
    checkFlatType("scan", "the outputs change their type", first, out);
    out.leaves.forEach((leaf, k) => {
      columns[k]![i] = leaf;
    });
  }
  const last = unflatten(carry.definition, carry.leaves);
  if (first === undefined) return [last, emptyOutputs(f, initial, sequences)];
  const { leaves, definition } = first;
  return [
    last,
    unflatten(
      definition,
      columns.map((column, k) => stackOf(column, leaves[k]!)),
    ),
  ];
}

/** What a loop of no steps collects: the function is traced for the shapes. */
function emptyOutputs(f: (carry: never, x: never) => unknown, carry: Flat, sequences: Flat): unknown {
  const slices = sequences.leaves.map((x) => ({ shape: x.shape.slice(1), dtype: x.dtype }));
  const { body, ys } = traceBody(f as never, carry, sequences, slices);
  return unflatten(
    ys,
    body.outputs.slice(carry.leaves.length).map((y) => zerosOf(stacked(0, y))),
  );
}
