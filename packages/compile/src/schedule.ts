/**
 * When the steps of a block run, and which run together in one loop nest: steps of one stage that walk over the same axes in the same
 * precision. It knows steps and shapes; it knows no memory and no instruction.
 */
import type { Shape } from "@cotangent/core";
import { isFloat, sizeOf } from "@cotangent/core/engine";
import type { Precision } from "./assembly/lanes.ts";
import { baseOf, type Block, type ContractionStep, type ElementwiseStep, type ReductionStep, type Step, type Value } from "./values.ts";

/** Steps that can share a loop nest. */
export type NestStep = ElementwiseStep | ReductionStep | ContractionStep;

/** Steps that run one after the other inside the same loops. */
export interface Nest {
  readonly kind: "nest";
  readonly sizes: Shape;
  readonly precision: Precision;
  readonly steps: readonly NestStep[];
}

export type Item = Nest | { readonly kind: "step"; readonly step: Exclude<Step, ElementwiseStep | ReductionStep> };

export interface Schedule {
  /** In the order they run. */
  readonly items: readonly Item[];
  /** What must be in memory: read by another item than the one that makes it, or given by the block. */
  readonly stored: ReadonlySet<Value>;
}

/** One nest holds so many steps: functions stay small enough for the engine's optimiser. */
const mostSteps = 400;
/** Nests of one entry are straight-line code, which may be longer. */
const mostScalarSteps = 1500;

/** Whether a contraction is summed in a loop nest rather than by the matrix product. */
export function isSummed({ inputs, outputs, params }: ContractionStep): boolean {
  const [x, y] = inputs as [Value, Value];
  if (!isFloat(outputs[0]!.dtype) || x.dtype !== y.dtype) return true;
  const size = (labels: string): number =>
    [...labels].reduce(
      (product, label) => product * (params.x.includes(label) ? x.shape[params.x.indexOf(label)]! : y.shape[params.y.indexOf(label)]!),
      1,
    );
  const rows = [...params.out].filter((label) => !params.y.includes(label)).join("");
  const columns = [...params.out].filter((label) => !params.x.includes(label)).join("");
  const inner = [...params.x].filter((label) => !params.out.includes(label)).join("");
  return size(rows) < 4 || size(columns) < 4 || size(inner) < 4;
}

/** The axes a contraction is summed over: those of the larger operand, then what only the other has. */
export function summationLabels({ inputs, params }: ContractionStep): string {
  const [x, y] = inputs as [Value, Value];
  const [first, second] = sizeOf(x.shape) >= sizeOf(y.shape) ? [params.x, params.y] : [params.y, params.x];
  return first + [...second].filter((label) => !first.includes(label)).join("");
}

const nestShape = (step: NestStep): Shape => {
  if (step.kind === "elementwise") return step.outputs[0]!.shape;
  if (step.kind === "reduction") return step.inputs[0]!.shape;
  const { x, y } = step.params;
  return [...summationLabels(step)].map((label) =>
    x.includes(label) ? step.inputs[0]!.shape[x.indexOf(label)]! : step.inputs[1]!.shape[y.indexOf(label)]!,
  );
};

/** How a step of a nest stands to the nest's axes. */
export interface StepAxes {
  /** For each input, the axis of the nest that each of its own axes walks along. */
  readonly inputs: readonly (readonly number[])[];
  /** Whether each axis of the nest is reduced by the step. */
  readonly reduced: readonly boolean[];
}

export function nestAxes(step: NestStep): StepAxes {
  const rank = nestShape(step).length;
  if (step.kind === "contraction") {
    const labels = [...summationLabels(step)];
    const { x, y, out } = step.params;
    return {
      inputs: [x, y].map((own) => [...own].map((label) => labels.indexOf(label))),
      reduced: labels.map((label) => !out.includes(label)),
    };
  }
  return {
    inputs: step.inputs.map((x) => x.shape.map((_, axis) => axis + rank - x.shape.length)),
    reduced: Array.from({ length: rank }, (_, axis) => step.kind === "reduction" && step.params.axes.includes(axis)),
  };
}

/** The floats a step computes with; `f32` for one that has none. */
function precisionOf(step: NestStep): Precision {
  const dtypes = [...step.outputs, ...step.inputs].map((x) => x.dtype).filter(isFloat);
  return dtypes[0] === "float64" || (dtypes.length > 0 && step.kind !== "elementwise" && dtypes.includes("float64")) ? "f64" : "f32";
}

/** A nest being filled. */
interface Open {
  readonly sizes: Shape;
  readonly precision: Precision;
  readonly steps: NestStep[];
}

export function scheduleOf(block: Block): Schedule {
  const stages: { readonly nests: Map<string, Open>; readonly items: Item[] }[] = [];
  const stageAt = (stage: number) => (stages[stage] ??= { nests: new Map(), items: [] });
  const stageOf = new Map<Step, number>();
  const nestOf = new Map<Step, Open>();
  const stored = new Set<Value>(block.outputs);

  for (const step of block.steps) {
    if (step.kind !== "elementwise" && step.kind !== "reduction" && !(step.kind === "contraction" && isSummed(step))) {
      let stage = 0;
      for (const input of step.inputs) {
        const { source } = baseOf(input);
        if (source.kind === "step") stage = Math.max(stage, stageOf.get(source.step)! + 1);
        stored.add(baseOf(input));
      }
      stageOf.set(step, stage);
      stageAt(stage).items.push({ kind: "step", step });
      continue;
    }
    const sizes = nestShape(step);
    const precision = precisionOf(step);
    const key = `${precision}[${sizes.join()}]`;
    let stage = 0;
    const near: Step[] = [];
    for (const input of step.inputs) {
      const { source } = baseOf(input);
      if (source.kind !== "step") continue;
      const before = stageOf.get(source.step)!;
      if (isPointwise(step, input, sizes) && source.step.kind === "elementwise" && keyOfNest(nestOf.get(source.step)) === key) {
        near.push(source.step);
        stage = Math.max(stage, before);
      } else {
        stage = Math.max(stage, before + 1);
      }
    }
    const most = sizeOf(sizes) === 1 ? mostScalarSteps : mostSteps;
    while ((stageAt(stage).nests.get(key)?.steps.length ?? 0) >= most) stage++;
    const { nests, items } = stageAt(stage);
    let nest = nests.get(key);
    if (nest === undefined) {
      nests.set(key, (nest = { sizes, precision, steps: [] }));
      items.push({ kind: "nest", ...nest });
    }
    nest.steps.push(step);
    stageOf.set(step, stage);
    nestOf.set(step, nest);
    for (const input of step.inputs) {
      const base = baseOf(input);
      const same = base.source.kind === "step" && near.includes(base.source.step) && nestOf.get(base.source.step) === nest;
      if (!same) stored.add(base);
    }
  }
  for (const step of block.steps) if (step.kind !== "elementwise") for (const out of step.outputs) stored.add(out);
  return { items: stages.flatMap(({ items }) => items), stored };
}

const keyOfNest = (nest: Open | undefined): string => (nest === undefined ? "" : `${nest.precision}[${nest.sizes.join()}]`);

/** Whether a step of a nest over `sizes` needs of an input just the entry at its own place. */
function isPointwise(step: NestStep, input: Value, sizes: Shape): boolean {
  if (input.source.kind !== "step" || step.kind === "contraction") return false;
  return input.shape.length === sizes.length && input.shape.every((size, axis) => size === sizes[axis]);
}
