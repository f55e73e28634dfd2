/**
 * Sums that a loop carries and that can be had after it: where each turn adds a contraction of slices to a carry that it does not read
 * otherwise, the whole sum is one contraction of the sequences. It knows blocks and values; it knows no op by name and no memory.
 */
import { type Aval, type ContractionParams, expressionArithmetic, isFloat, sizeOf } from "@cotangent/core/engine";
import type { Block, ContractionStep, ElementwiseStep, Source, Step, Value } from "./values.ts";
import { baseOf, isIdentity, viewInto } from "./views.ts";

/** A carry that only gathers contractions. */
export interface CarriedSum {
  /** Which carry it is. */
  readonly carry: number;
  readonly step: ContractionStep;
  /** The step that adds it to the carry. */
  readonly addition: ElementwiseStep;
}

/** The carries of a loop's body that are such sums. */
export function carriedSums(body: Block, carries: number, sequences: number): readonly CarriedSum[] {
  const readers = readersOf(body);
  const sums: CarriedSum[] = [];
  for (let carry = 0; carry < carries; carry++) {
    const addition = additionTo(body, carry, readers);
    const step = addition === undefined ? undefined : addedContraction(body.inputs[carry]!, addition, readers);
    const slices = [...body.inputs.slice(carries, carries + sequences), ...body.outputs.slice(carries)];
    if (step?.inputs.every((x) => slices.includes(baseOf(x)))) sums.push({ carry, step, addition: addition! });
  }
  return sums;
}

/** How often a body reads each value that is no view, its outputs included. */
function readersOf({ steps, outputs }: Block): ReadonlyMap<Value, number> {
  const readers = new Map<Value, number>();
  for (const x of [...steps.flatMap(({ inputs }) => inputs), ...outputs]) readers.set(baseOf(x), (readers.get(baseOf(x)) ?? 0) + 1);
  return readers;
}

/** The step that makes a carry of what it was by adding something to it, if nothing else happens to either. */
function additionTo({ inputs, outputs }: Block, carry: number, readers: ReadonlyMap<Value, number>): ElementwiseStep | undefined {
  const [given, out] = [inputs[carry]!, outputs[carry]!];
  if (!isFloat(out.dtype) || out.source.kind !== "step" || out.source.step.kind !== "elementwise") return undefined;
  const { step } = out.source;
  const isWhole = (x: Value): boolean => x.dtype === out.dtype && x.shape.join() === out.shape.join() && isIdentity(x.shape, viewInto(x));
  const alone = readers.get(given) === 1 && readers.get(out) === 1 && step.inputs.some((x) => baseOf(x) === given);
  return alone && step.inputs.length === 2 && step.inputs.every(isWhole) && isAddition(step.value) ? step : undefined;
}

function addedContraction(given: Value, { inputs }: ElementwiseStep, readers: ReadonlyMap<Value, number>): ContractionStep | undefined {
  const added = baseOf(inputs.find((x) => baseOf(x) !== given)!);
  const isOne = added.source.kind === "step" && added.source.step.kind === "contraction" && readers.get(added) === 1;
  return isOne ? (added.source as { readonly step: ContractionStep }).step : undefined;
}

function isAddition(value: ElementwiseStep["value"]): boolean {
  const s = expressionArithmetic();
  const [x, y] = [s.variable("x", "float"), s.variable("y", "float")];
  const sum = value(s, [x, y]);
  return sum.kind === "add" && sum.args.includes(x) && sum.args.includes(y);
}

/** A body without some carries and what was computed for them alone. */
export function withoutCarries({ inputs, steps, outputs }: Block, sums: readonly CarriedSum[]): Block {
  const isKept = (_: unknown, i: number): boolean => !sums.some(({ carry }) => carry === i);
  const gone = new Set<Step>(sums.flatMap(({ step, addition }) => [step, addition]));
  return { inputs: inputs.filter(isKept), steps: steps.filter((step) => !gone.has(step)), outputs: outputs.filter(isKept) };
}

/** The contraction over all turns: a label more, which both operands have and the result lacks. */
export function overAllTurns({ x, y, ...rest }: ContractionParams): ContractionParams {
  const label = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"].find((one) => !(x + y).includes(one))!;
  return { ...rest, x: label + x, y: label + y };
}

/** The view of a sequence whose slices an operand of a turn views; `whole` is the sequence, in order; `value` makes a value. */
export function overSequence(x: Value, whole: Value, value: (aval: Aval, source: Source) => Value): Value {
  const { offset, strides } = viewInto(x);
  const view = { offset, strides: [sizeOf(baseOf(x).shape), ...strides] };
  return value({ shape: [whole.shape[0]!, ...x.shape], dtype: x.dtype }, { kind: "view", of: baseOf(whole), view });
}
