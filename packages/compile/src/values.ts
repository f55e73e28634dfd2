/**
 * A recorded graph as steps over values: composites expanded, equal computations shared, views and constants of one number recognised. It
 * knows the kinds of op; it knows no op by name, no loop and no memory.
 */
import type { DType, Tensor } from "@cotangent/core/functions";
import { type CarriedSum, carriedSums, overAllTurns, overSequence, withoutCarries } from "./accumulation.ts";
import { isVectorisable } from "./expressions.ts";
import { baseOf, composeViews, isIdentity, type View } from "./views.ts";
import {
  type Aval,
  type ContractionParams,
  type ElementwiseOp,
  entriesOf,
  type Expression,
  type ExpressionArithmetic,
  type Lowered,
  type Machine,
  type Movement,
  type MovementOp,
  type Node,
  type Op,
  type ProgramOp,
  recordFunction,
  type ReductionOp,
  type ReductionParams,
  sizeOf,
  type StepLimit,
  stridesOf,
  type SubGraph,
  walk,
} from "@cotangent/core/engine";

/** What one step gives, or what a block is given. */
export interface Value extends Aval {
  readonly id: number;
  readonly source: Source;
}

export type Source =
  /** Of the block: an argument of the program, a carry, a slice. */
  | { readonly kind: "input" }
  | { readonly kind: "constant"; readonly tensor: Tensor }
  /** One number everywhere. */
  | { readonly kind: "uniform"; readonly number: number }
  /** Of a value that is not a view itself. */
  | { readonly kind: "view"; readonly of: Value; readonly view: View }
  | { readonly kind: "step"; readonly step: Step };

export type Step = ElementwiseStep | ReductionStep | ContractionStep | MovementStep | ProgramStep | ChooseStep | ScanStep | RepeatStep;

interface Common {
  readonly inputs: readonly Value[];
  /** Filled right after the step is made. */
  outputs: readonly Value[];
}

export interface ElementwiseStep extends Common {
  readonly kind: "elementwise";
  readonly name: string;
  readonly value: (s: ExpressionArithmetic, inputs: readonly Expression[]) => Expression;
}

export interface ReductionStep extends Common {
  readonly kind: "reduction";
  readonly op: ReductionOp;
  readonly params: ReductionParams;
}

export interface ContractionStep extends Common {
  readonly kind: "contraction";
  readonly op: Op;
  readonly params: ContractionParams;
}

export interface MovementStep extends Common {
  readonly kind: "movement";
  readonly op: Op;
  readonly params: unknown;
  readonly movement: Movement;
}

export interface ProgramStep extends Common {
  readonly kind: "program";
  readonly op: Op;
  readonly params: unknown;
  readonly lowered: Lowered;
}

export interface ChooseStep extends Common {
  readonly kind: "choose";
  /** The inputs are the predicate, then the operands of both. */
  readonly onTrue: Block;
  readonly onFalse: Block;
}

export interface ScanStep extends Common {
  readonly kind: "scan";
  /** The inputs are carries, sequences and the rest; outputs that nobody reads are taken out of it. */
  body: Block;
  readonly carries: number;
  readonly sequences: number;
  readonly length: number;
  readonly reverse: boolean;
}

export interface RepeatStep extends Common {
  readonly kind: "repeat";
  readonly condition: Block;
  readonly body: Block;
  readonly carries: number;
  readonly limit: StepLimit | undefined;
}

/** Straight-line code: what it is given, what it does in order, what it gives. */
export interface Block {
  readonly inputs: readonly Value[];
  readonly steps: readonly Step[];
  readonly outputs: readonly Value[];
}

/** The blocks that a step of control flow holds. */
export function nestedBlocks(step: Step): readonly Block[] {
  switch (step.kind) {
    case "choose":
      return [step.onTrue, step.onFalse];
    case "scan":
      return [step.body];
    case "repeat":
      return [step.condition, step.body];
    default:
      return [];
  }
}

/** A graph as a block; its inputs are the block's. Every output is made by a step, and by another than every other output. */
export const blockOf = (graph: SubGraph): Block => blockWith(graph, { next: 0 });

/** What a loop is given: carries, sequences, and what every turn reads. */
interface ScanInputs {
  readonly carry: readonly Value[];
  readonly xs: readonly Value[];
  readonly rest: readonly Value[];
}

/** Values of one program are numbered through all its blocks. */
interface Numbers {
  next: number;
}

function blockWith(graph: SubGraph, numbers: Numbers): Block {
  const builder = new BlockBuilder(numbers);
  const inputs = graph.inputs.map((x) => builder.value(x, { kind: "input" }));
  const given = new Set<Value>();
  const outputs = builder.run(graph, inputs).map((x) => {
    const own = x.source.kind === "step" && !given.has(x) ? x : builder.copy(x);
    given.add(own);
    return own;
  });
  return { inputs, steps: liveSteps(builder.steps, outputs), outputs };
}

class BlockBuilder {
  readonly #numbers: Numbers;
  readonly steps: Step[] = [];
  /** Steps by what they compute: one of each is made. */
  readonly #known = new Map<string, readonly Value[]>();
  readonly #constants = new Map<Tensor, Value>();

  constructor(numbers: Numbers) {
    this.#numbers = numbers;
  }

  value({ shape, dtype }: Aval, source: Source): Value {
    return { id: this.#numbers.next++, shape, dtype, source };
  }

  run(graph: SubGraph, inputs: readonly Value[]): Value[] {
    return walk<Value>(graph, inputs, {
      constant: (tensor) => this.#constant(tensor),
      step: (node, given) => this.#node(node, given),
    });
  }

  #constant(tensor: Tensor): Value {
    let found = this.#constants.get(tensor);
    if (found === undefined) {
      const number = uniformEntry(tensor);
      const source: Source = number === undefined ? { kind: "constant", tensor } : { kind: "uniform", number };
      this.#constants.set(tensor, (found = this.value(tensor, source)));
    }
    return found;
  }

  #node(node: Node, inputs: readonly Value[]): readonly Value[] {
    const { op, params } = node;
    const text = op.kind === "call" ? undefined : textOf(params);
    const key = text === undefined ? undefined : keyOf(op, text, inputs, node.outputs);
    const known = key === undefined ? undefined : this.#known.get(key);
    if (known !== undefined) return known;
    const made = this.#apply(node, inputs, text);
    if (key !== undefined) this.#known.set(key, made);
    return made;
  }

  #apply({ op, params, outputs }: Node, inputs: readonly Value[], text: string | undefined): readonly Value[] {
    if (op.expand !== undefined) {
      const graph = recordFunction((xs) => op.expand!(xs, params), inputs.map(avalOf), { abstract: true, reverse: false });
      return this.run(graph, inputs);
    }
    switch (op.kind) {
      case "elementwise": {
        const { value } = op as ElementwiseOp<unknown>;
        if (isVectorisable(op as ElementwiseOp<unknown>, params, inputs, text))
          return this.#step({ kind: "elementwise", name: op.name, value: (s, xs) => value(s, xs, params), inputs, outputs: [] }, outputs);
        break;
      }
      case "reduction":
        return this.#step(
          { kind: "reduction", op: op as unknown as ReductionOp, params: params as ReductionParams, inputs, outputs: [] },
          outputs,
        );
      case "contraction":
        return this.#step({ kind: "contraction", op, params: params as ContractionParams, inputs, outputs: [] }, outputs);
      case "movement":
        if ("plan" in op)
          return [this.#movement(op as Op, params, (op as MovementOp).plan(inputs, params, outputs[0]!), inputs, outputs[0]!)];
        break;
      case "program": {
        const { moves } = op as ProgramOp;
        if (moves !== undefined) return moves(inputs, params).map((plan, i) => this.#movement(op, params, plan, inputs, outputs[i]!));
        break;
      }
      case "call":
        return op.call!(this.#machine(), inputs, params);
    }
    const lowered = op.lower!(inputs.map(avalOf), params);
    return this.#step({ kind: "program", op, params, lowered, inputs: inputs.map((x) => this.#dense(x)), outputs: [] }, outputs);
  }

  /** The same entries made by a step of their own. */
  copy(x: Value): Value {
    return this.#step({ kind: "elementwise", name: "copy", value: (_s, [entry]) => entry!, inputs: [x], outputs: [] }, [x])[0]!;
  }

  /** A value whose entries lie in memory in order, for steps that read whole buffers. */
  #dense(x: Value): Value {
    const { source } = x;
    if (source.kind === "uniform") return this.copy(x);
    return source.kind !== "view" || isIdentity(x.shape, source.view) ? x : this.copy(x);
  }

  #step(step: Step, avals: readonly Aval[]): readonly Value[] {
    step.outputs = avals.map((aval) => this.value(aval, { kind: "step", step }));
    this.steps.push(step);
    return step.outputs;
  }

  #movement(op: Op, params: unknown, plan: Movement, inputs: readonly Value[], out: Aval): Value {
    const view = viewOf(plan, out, inputs);
    if (view === undefined) {
      const given = inputs.map((x) => (x.source.kind === "uniform" && !plan.accumulate ? x : this.#dense(x)));
      return this.#step({ kind: "movement", op, params, movement: plan, inputs: given, outputs: [] }, [out])[0]!;
    }
    const input = inputs[plan.segments[0]!.input]!;
    return input.source.kind === "uniform" ? this.value(out, input.source) : this.#view(input, out, view);
  }

  /** A view of a value; where a view of a view has no strides, the first is copied. */
  #view(input: Value, out: Aval, view: View): Value {
    if (input.source.kind !== "view") return this.value(out, { kind: "view", of: input, view });
    const composed = composeViews(out.shape, view, input.shape, input.source.view);
    if (composed === undefined) return this.#view(this.copy(input), out, view);
    return this.value(out, { kind: "view", of: input.source.of, view: composed });
  }

  /** A loop over sequences; sums that it would carry but can be had at once from the sequences are taken out of it. */
  #scan(block: Block, { carry, xs, rest }: ScanInputs, length: number, reverse: boolean): readonly Value[] {
    const sequences = xs.map((x) => this.#dense(x));
    const sums = length === 0 ? [] : carriedSums(block, carry.length, xs.length);
    const body = withoutCarries(block, sums);
    const kept = carry.filter((_, i) => !sums.some((sum) => sum.carry === i));
    const avals = body.outputs.map((x, i) => (i < kept.length ? avalOf(x) : { shape: [length, ...x.shape], dtype: x.dtype }));
    const inputs = [...kept.map((x) => this.#dense(x)), ...sequences, ...rest.map((x) => this.#dense(x))];
    const outputs = [
      ...this.#step({ kind: "scan", body, carries: kept.length, sequences: xs.length, length, reverse, inputs, outputs: [] }, avals),
    ];
    const stacked = outputs.slice(kept.length);
    for (const sum of sums) {
      const whole = (x: Value): Value => {
        const made = body.outputs.indexOf(baseOf(x), kept.length) - kept.length;
        return overSequence(x, made >= 0 ? stacked[made]! : sequences[body.inputs.indexOf(baseOf(x)) - kept.length]!, (aval, source) =>
          this.value(aval, source),
        );
      };
      outputs.splice(sum.carry, 0, this.#sumOverTurns(sum, sum.step.inputs.map(whole), carry[sum.carry]!));
    }
    return outputs;
  }

  /** What a carry is after the last turn: what it was before the first, and the contraction over all. */
  #sumOverTurns({ step: { op, params }, addition }: CarriedSum, inputs: readonly Value[], start: Value): Value {
    const aval = avalOf(start);
    const total = this.#step({ kind: "contraction", op, params: overAllTurns(params), inputs, outputs: [] }, [aval])[0]!;
    const { name, value } = addition;
    return this.#step({ kind: "elementwise", name, value, inputs: [start, total], outputs: [] }, [aval])[0]!;
  }

  #machine(): Machine<Value> {
    const never = (): never => {
      throw new Error("compile: a call op takes its steps one by one — it has no whole form; give its record one");
    };
    return {
      run: (graph, inputs) => this.run(graph, inputs),
      decide: never,
      at: never,
      stack: never,
      control: {
        choose: (predicate, onTrue, onFalse, operands) => {
          const [taken, other] = [blockWith(onTrue, this.#numbers), blockWith(onFalse, this.#numbers)];
          return this.#step(
            { kind: "choose", onTrue: taken, onFalse: other, inputs: [predicate, ...operands].map((x) => this.#dense(x)), outputs: [] },
            onTrue.outputs.map(avalOf),
          );
        },
        scan: (body, given, length, reverse) => this.#scan(blockWith(body, this.#numbers), given, length, reverse),
        repeat: (condition, body, carry, rest, limit) =>
          this.#step(
            {
              kind: "repeat",
              condition: blockWith(condition, this.#numbers),
              body: blockWith(body, this.#numbers),
              carries: carry.length,
              limit,
              inputs: [...carry, ...rest].map((x) => this.#dense(x)),
              outputs: [],
            },
            body.outputs.map(avalOf),
          ),
      },
    };
  }
}

const avalOf = ({ shape, dtype }: Aval): Aval => ({ shape, dtype });

/** The number all entries of a tensor are; undefined if they differ or there are none. */
function uniformEntry(x: Tensor): number | undefined {
  if (x.size === 0) return undefined;
  const entries = entriesOf(x);
  const first = entries[0]!;
  for (let i = 1; i < entries.length; i++) if (!Object.is(entries[i], first)) return undefined;
  return first;
}

/** The movement as a view of one input, if every entry of the output comes from one strided segment. */
function viewOf({ fill, accumulate, segments }: Movement, out: Aval, inputs: readonly Aval[]): View | undefined {
  if (accumulate || segments.length !== 1 || inputs[segments[0]!.input]!.dtype !== out.dtype) return undefined;
  const { sizes, from, fromStrides, to, toStrides } = segments[0]!;
  if (sizeOf(sizes) !== sizeOf(out.shape) || (fill !== null && sizeOf(out.shape) !== sizeOf(sizes))) return undefined;
  const wanted = stridesOf(out.shape);
  if (sizes.length === out.shape.length && sizes.every((size, axis) => size === out.shape[axis])) {
    let offset = from;
    let target = to;
    const strides = sizes.map((size, axis) => {
      if (size <= 1 || toStrides[axis] === wanted[axis]) return fromStrides[axis]!;
      if (toStrides[axis] === -wanted[axis]!) {
        offset += (size - 1) * fromStrides[axis]!;
        target += (size - 1) * toStrides[axis]!;
        return -fromStrides[axis]!;
      }
      return Number.NaN;
    });
    return target === 0 && !strides.some(Number.isNaN) ? { offset, strides } : undefined;
  }
  const flat = sizes.length === 1 && to === 0 && (sizes[0]! <= 1 || toStrides[0] === 1);
  return flat ? { offset: from, strides: wanted.map((stride) => stride * fromStrides[0]!) } : undefined;
}

/** Params as text; undefined where they hold more than data. */
function textOf(params: unknown): string | undefined {
  if (params === undefined) return "";
  let plain = true;
  const text = JSON.stringify(params, (_key, value: unknown) => {
    if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))) return `#${Object.is(value, -0) ? "-0" : value}`;
    if (typeof value === "function" || (typeof value === "object" && value !== null && !isPlain(value))) plain = false;
    return value;
  });
  return plain ? text : undefined;
}

/** What a node computes, as text. */
const keyOf = (op: Op, params: string, inputs: readonly Value[], outputs: readonly Aval[]): string =>
  `${identify(op)}|${params}|${inputs.map((x) => x.id).join()}|${outputs.map((out) => `${out.dtype}${out.shape.join()}`).join(";")}`;

const isPlain = (value: object): boolean => Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;

const opIds = new WeakMap<Op, number>();
let opCount = 0;

function identify(op: Op): number {
  let found = opIds.get(op);
  if (found === undefined) opIds.set(op, (found = opCount++));
  return found;
}

/** Steps that the outputs depend on; loops lose the outputs that nothing reads. */
function liveSteps(steps: readonly Step[], outputs: readonly Value[]): Step[] {
  const live = new Set<Step>();
  const read = new Set<Value>();
  const mark = (x: Value): void => {
    const base = baseOf(x);
    read.add(base);
    if (base.source.kind === "step") live.add(base.source.step);
  };
  outputs.forEach(mark);
  for (let i = steps.length - 1; i >= 0; i--) {
    const step = steps[i]!;
    if (!live.has(step)) continue;
    if (step.kind === "scan") dropOutputs(step, read);
    step.inputs.forEach(mark);
  }
  return steps.filter((step) => live.has(step));
}

/** Takes stacked outputs that nothing reads out of a loop, with what is computed for them alone. */
function dropOutputs(step: ScanStep, read: ReadonlySet<Value>): void {
  const kept = step.outputs.map((x, i) => i < step.carries || read.has(x));
  if (!kept.includes(false)) return;
  const { inputs, steps, outputs } = step.body;
  const wanted = outputs.filter((_, i) => kept[i]);
  step.body = { inputs, steps: liveSteps(steps, wanted), outputs: wanted };
  step.outputs = step.outputs.filter((_, i) => kept[i]);
}

/** Bytes that one entry takes in memory. */
export const bytesOf: Readonly<Record<DType, number>> = { float64: 8, float32: 4, int32: 4, bool: 1 };
