/**
 * What an op is, and `apply`: the one place where ops meet data and recordings. It knows no op by name.
 */
import type { Domain } from "./domain.ts";
import { allocate, type DType, dtypeOfNumber, promote, type TypedArray } from "./dtype.ts";
import { nonFiniteError, operandError } from "./errors.ts";
import { compileKernel, type Kernel } from "./loop/javascript.ts";
import type { Program } from "./loop/program.ts";
import type { Notation } from "./notation.ts";
import { currentlyChecked, Node, type Source, type Watch, watchOf } from "./recording.ts";
import { type Shape, sizeOf } from "./shape.ts";
import { entriesOf, isTensor, scalarTensor, type Storage, Tensor, type TensorLike } from "./tensor.ts";

/** What shape-only passes know of a tensor. */
export interface Aval {
  readonly shape: Shape;
  readonly dtype: DType;
}

export type Kind = "elementwise" | "movement" | "reduction" | "contraction" | "program" | "call" | "composite";

/** A loop program for one application: one buffer per input and output in order, and the integers of these shapes. */
export interface Lowered {
  readonly program: Program;
  readonly scalars: readonly number[];
  readonly integers: readonly number[];
}

/** What a call op needs from whoever runs its sub-graphs, over tensors or over another number system. */
export interface Machine<T> {
  readonly run: (graph: SubGraph, inputs: readonly T[]) => readonly T[];
  readonly decide: (x: T) => boolean;
  /** Entry `i` of the leading axis. */
  readonly at: (x: T, i: number) => T;
  /** Along a new leading axis; `aval` is one element's, for an empty list. */
  readonly stack: (xs: readonly T[], aval: Aval) => T;
  /** Control flow as a whole, for machines that write programs; without it an op takes its steps one by one. */
  readonly control?: ControlMachine<T>;
}

/** The forms of control flow, as ops describe them. */
export interface ControlMachine<T> {
  /** The outputs of one of two graphs of the same operands. */
  readonly choose: (predicate: T, onTrue: SubGraph, onFalse: SubGraph, operands: readonly T[]) => readonly T[];
  /** The last carries, then what the body gives besides, stacked. The body takes carries, one entry of each sequence, and the rest. */
  readonly scan: (body: SubGraph, inputs: ScanInputs<T>, length: number, reverse: boolean) => readonly T[];
  /** The carries once the condition fails; `exceeded` throws if it holds after `maxSteps`. Both graphs take carries, then the rest. */
  readonly repeat: (
    condition: SubGraph,
    body: SubGraph,
    carry: readonly T[],
    rest: readonly T[],
    limit: StepLimit | undefined,
  ) => readonly T[];
}

export interface ScanInputs<T> {
  readonly carry: readonly T[];
  readonly xs: readonly T[];
  readonly rest: readonly T[];
}

export interface StepLimit {
  readonly maxSteps: number;
  readonly exceeded: () => Error;
}

/** A recorded function held in a call's params. */
export interface SubGraph {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly nodes: readonly Node[];
}

/** How the laws come by arguments: something that draws from seeds, fast-check or a list. */
export interface Draw {
  readonly integer: (low: number, high: number) => number;
  readonly pick: <T>(choices: readonly T[]) => T;
  readonly shape: (minRank: number, maxRank: number, minSide?: number, maxSide?: number) => Shape;
  /** Float64 entries inside the domain, away from its exceptions, and well separated if asked. */
  readonly tensor: (shape: Shape, domain?: Domain, separated?: boolean) => Tensor;
  readonly integers: (shape: Shape, low: number, high: number) => Tensor;
  readonly bools: (shape: Shape) => Tensor;
}

/** A value at a point where the mathematics leaves a choice. */
export interface Convention {
  readonly at: string;
  /** The arguments (numbers or flat lists) and what the value or the gradient of the sum must be there. */
  readonly arguments: readonly (number | readonly number[])[];
  readonly value?: number | readonly number[];
  readonly gradient?: readonly (number | readonly number[] | null)[];
}

/** An equation between functions of the op's arguments that laws test and simplifiers may use. */
export interface Law {
  readonly name: string;
  readonly left: (...x: readonly Tensor[]) => Tensor;
  readonly right: (...x: readonly Tensor[]) => Tensor;
}

/** One row of the table. `P` is the type of its params. */
export interface Op<P = unknown> {
  readonly name: string;
  readonly kind: Kind;
  readonly notation: Notation;
  /** Inputs broadcast against one another, so a sweep sums cotangents back and batching aligns ranks. */
  readonly broadcasts: boolean;
  /** Every kind but composite. */
  infer?(inputs: readonly Aval[], params: P): readonly Aval[];
  evaluate?(inputs: readonly Tensor[], params: P, outputs: readonly Aval[]): readonly Storage[];
  /** Every kind but call and composite: what it computes, as a loop program. */
  lower?(inputs: readonly Aval[], params: P): Lowered;
  /** Composite: what it means in other ops. */
  expand?(inputs: readonly Tensor[], params: P): readonly Tensor[];
  /** The params under which it also gives what its pullback needs, for use where a reverse sweep may follow. */
  saving?(params: P): P;
  /** The params before `saving`: what a person wrote, with the same outputs first. */
  plain?(params: P): P;
  /** Call: what it does with its sub-graphs. */
  call?<T>(machine: Machine<T>, inputs: readonly T[], params: P): readonly T[];
  /** Without it the sweep transposes the pushforward, or goes through the expansion.
   * Cotangents of the inputs, in any shape that broadcasting of the input gives; null is zero. */
  pullback?(node: Node, cotangents: readonly (Tensor | null)[], wanted: readonly boolean[]): readonly (Tensor | null)[];
  /** Tangents of the outputs; null is zero. Without it the sweep goes through the expansion. */
  pushforward?(node: Node, tangents: readonly (Tensor | null)[]): readonly (Tensor | null)[];
  /** The outputs when the marked inputs carry a batch axis of length `size` in front; so do the outputs. Without it the expansion is batched. */
  lift?(inputs: readonly Tensor[], batched: readonly boolean[], params: P, size: number): readonly Tensor[];
  /** The params as printers show them. */
  show?(params: P): string;
  /** Call: its sub-graphs by name, for printers and compilers. */
  graphs?(params: P): Readonly<Record<string, SubGraph>>;
}

/** What the table says of an op beside how it runs: read by laws, docs and methods. */
export interface Row {
  readonly name: string;
  /** Absent for a function that leaves no node of its own. */
  readonly op?: Op;
  readonly domain?: readonly Domain[];
  /** Arguments of the public function to test it with. */
  readonly sample: (draw: Draw) => readonly unknown[];
  readonly laws?: readonly Law[];
  readonly conventions?: readonly Convention[];
  /** The row is a numeric approximation of this function, never its own reference. */
  readonly approximates?: string;
  /** Why the rule is, on purpose, the derivative of something else than the value. */
  readonly surrogate?: string;
}

/** The function a person calls, carrying its row. */
export type Callable<F> = F & { readonly row: Row };

export function callable<F extends (...args: never[]) => unknown>(call: F, row: Row): Callable<F> {
  return Object.defineProperties(call, { row: { value: row }, name: { value: row.name } }) as Callable<F>;
}

const kernels = new WeakMap<Program, Kernel>();

/** The compiled form of a program, made once. */
export function kernelOf(program: Program): Kernel {
  let kernel = kernels.get(program);
  if (kernel === undefined) kernels.set(program, (kernel = compileKernel(program)));
  return kernel;
}

/** Evaluates an op by its loop program. */
export function evaluateLowered(lowered: Lowered, inputs: readonly Tensor[], outputs: readonly Aval[]): Storage[] {
  const made = outputs.map((aval) => allocate(aval.dtype, sizeOf(aval.shape)));
  const parameters: (TypedArray | number)[] = inputs.map(entriesOf);
  parameters.push(...made, ...lowered.scalars, ...lowered.integers);
  kernelOf(lowered.program)(...parameters);
  return made.map((array, i) => (outputs[i]!.shape.length === 0 ? array[0]! : array));
}

/** Applies an op: values if there are any, and a node if somebody watches. */
export function apply<P>(op: Op<P>, inputs: readonly Tensor[], params: P): readonly Tensor[] {
  if (op.expand !== undefined) return applyExpansion(op, inputs, params);
  const watch = watchOf(inputs);
  const own = op.saving !== undefined && watch !== null && watch.reverse ? op.saving(params) : params;
  const avals = op.infer!(inputs, own);
  const storages = inputs.some((x) => x.storage === null) ? avals.map(() => null) : op.evaluate!(inputs, own, avals);
  return finish(op as Op, inputs, own, avals, storages, watch);
}

/** A composite is its expansion, and one node if somebody watches. */
function applyExpansion<P>(op: Op<P>, inputs: readonly Tensor[], params: P): readonly Tensor[] {
  const watch = watchOf(inputs);
  if (watch === null) return op.expand!(inputs, params);
  const outputs = op.expand!(
    inputs.map((x) => new Tensor(x.shape, x.dtype, x.storage, null, 0)),
    params,
  );
  return finish(
    op as Op,
    inputs,
    params,
    outputs,
    outputs.map((x) => x.storage),
    watch,
  );
}

/** The single output of an op that has one. */
export function apply1<P>(op: Op<P>, inputs: readonly Tensor[], params: P): Tensor {
  return apply(op, inputs, params)[0]!;
}

/** Wraps storages as outputs of a new node if the inputs are watched, as constants otherwise. */
export function finish(
  op: Op,
  inputs: readonly Tensor[],
  params: unknown,
  avals: readonly Aval[],
  storages: readonly Storage[],
  watch: Watch | null,
): readonly Tensor[] {
  const node = watch === null ? null : new Node(op, params, inputs, watch);
  const outputs = avals.map((aval, i) => new Tensor(aval.shape, aval.dtype, storages[i]!, node, i));
  if (node !== null) {
    node.outputs = outputs;
    if (node.source !== undefined && !node.source.isStep) for (const out of outputs) checkFinite(node.source, out);
  }
  return outputs;
}

/** The single-output form of `finish`, for the hot path. */
export function finishOne(
  op: Op,
  inputs: readonly Tensor[],
  params: unknown,
  shape: Shape,
  dtype: DType,
  storage: Storage,
  watch: Watch | null,
): Tensor {
  if (watch === null) return new Tensor(shape, dtype, storage, null, 0);
  const node = new Node(op, params, inputs, watch);
  const out = new Tensor(shape, dtype, storage, node, 0);
  node.outputs = [out];
  if (node.source !== undefined && !node.source.isStep) checkFinite(node.source, out);
  return out;
}

/**
 * Throws when what an op, a rule or a lift returned on behalf of a user's op has a non-finite entry, unless it is a step to what will be
 * checked. A tensor traced on its shape is checked when its node is walked with values.
 */
export function checkFinite(source: Source, x: Tensor): void {
  if (currentlyChecked() === "nothing") return;
  if (x.storage === null && x.origin?.source?.isStep) x.origin.source = { ...source, isStep: false };
  const at = firstNonFinite(x);
  if (at >= 0) throw nonFiniteError(source, x, at, entriesOf(x)[at]!);
}

/** The flat index of the first NaN or infinity, or -1. */
export function firstNonFinite(x: Tensor): number {
  if (x.storage === null || x.dtype === "bool" || x.dtype === "int32") return -1;
  return entriesOf(x).findIndex((entry: number) => !Number.isFinite(entry));
}

/** The operands as tensors: a bare number or boolean becomes a scalar of the dtype it takes beside its partners. */
export function operands(op: string, values: readonly TensorLike[]): Tensor[] {
  let partner: DType | undefined;
  for (const value of values) if (isTensor(value)) partner = partner === undefined ? value.dtype : promote(partner, value.dtype);
  return values.map((value, i) => operand(op, i, value, partner));
}

export function operand(op: string, position: number, value: unknown, partner?: DType): Tensor {
  if (value instanceof Tensor) return value;
  if (typeof value === "number") return scalarTensor(value, dtypeOfNumber(value, partner));
  if (typeof value === "boolean") return scalarTensor(value ? 1 : 0, "bool");
  throw operandError(op, position, value);
}

/** One tensor argument of an op that is not elementwise. */
export function tensorArgument(op: string, value: unknown, position = 0): Tensor {
  return operand(op, position, value);
}

/** A function of the op table, whatever its arguments. */
export type TableFunction = Callable<(...args: never[]) => unknown>;

/** The functions of a module that have a row, by name; those of a namespace inside it as `namespace.name`. */
export function tableOf(module: object, prefix = ""): (readonly [name: string, f: TableFunction])[] {
  return Object.entries(module).flatMap(([name, value]: [string, unknown]) => {
    if (typeof value === "function") return "row" in value ? [[`${prefix}${name}`, value as TableFunction] as const] : [];
    const isNamespace = typeof value === "object" && value !== null && Object.prototype.toString.call(value) === "[object Module]";
    return isNamespace ? tableOf(value, `${prefix}${name}.`) : [];
  });
}
