/**
 * When the steps of a block run, and which run together in one loop nest: steps of one stage that walk over the same axes in the same
 * precision. It knows steps and shapes; it knows no memory and no instruction.
 */
import type { Shape } from "@cotangent/core/functions";
import { isFloat, sizeOf } from "@cotangent/core/engine";
import type { Precision } from "./assembly/lanes.ts";
import type { Block, ContractionStep, ElementwiseStep, ReductionStep, Step, Value } from "./values.ts";
import { baseOf } from "./views.ts";

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

/** Sums of so few terms are written out in a nest: packing matrices for them would cost more than it saves. */
const shortestProduct = 9;

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
  return size(rows) < 4 || size(columns) < 4 || size(inner) <= shortestProduct;
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

/** The floats a step computes with: of its output where that is a float, the widest of its inputs otherwise; `f32` for one that has none. */
function precisionOf(step: NestStep): Precision {
  const out = step.outputs[0]!.dtype;
  if (step.kind === "elementwise" && isFloat(out)) return out === "float64" ? "f64" : "f32";
  return out === "float64" || step.inputs.some((x) => x.dtype === "float64") ? "f64" : "f32";
}

/** Where a step of a nest belongs: nests are told apart by their stage and this. */
interface Home {
  readonly sizes: Shape;
  readonly precision: Precision;
  readonly key: string;
}

function homeOf(step: Step): Home | undefined {
  if (step.kind !== "elementwise" && step.kind !== "reduction" && !(step.kind === "contraction" && isSummed(step))) return undefined;
  const [sizes, precision] = [nestShape(step), precisionOf(step)];
  return { sizes, precision, key: `${precision}[${sizes.join()}]` };
}

export function scheduleOf(block: Block): Schedule {
  const homes = new Map(block.steps.map((step) => [step, homeOf(step)]));
  const stages = earliest(block, homes);
  sink(block, homes, stages);
  return grouped(block, homes, stages);
}

type Homes = ReadonlyMap<Step, Home | undefined>;

/** Whether a step can share a nest with the one that makes an input, if both run in one stage. */
function isNear(step: Step, input: Value, homes: Homes): boolean {
  const { source } = baseOf(input);
  if (source.kind !== "step" || source.step.kind !== "elementwise") return false;
  const [home, other] = [homes.get(step), homes.get(source.step)];
  return home !== undefined && home.key === other?.key && isPointwise(step as NestStep, input, home.sizes);
}

/** The first stage each step can run in: with what it reads where they share a nest, after it otherwise. */
function earliest({ steps }: Block, homes: Homes): Map<Step, number> {
  const stages = new Map<Step, number>();
  const filled = new Map<string, number>();
  for (const step of byDepth(steps)) {
    let stage = 0;
    for (const input of step.inputs) {
      const { source } = baseOf(input);
      if (source.kind === "step") stage = Math.max(stage, stages.get(source.step)! + (isNear(step, input, homes) ? 0 : 1));
    }
    const home = homes.get(step);
    if (home !== undefined) {
      const most = sizeOf(home.sizes) === 1 ? mostScalarSteps : mostSteps;
      while ((filled.get(`${stage}${home.key}`) ?? 0) >= most) stage++;
      filled.set(`${stage}${home.key}`, (filled.get(`${stage}${home.key}`) ?? 0) + 1);
    }
    stages.set(step, stage);
  }
  return stages;
}

/** In an order in which those that can run at one time come together, whatever reads one value among them. */
function byDepth(steps: readonly Step[]): Step[] {
  const depths = new Map<Step, number>();
  for (const step of steps) {
    let depth = 0;
    for (const { source } of step.inputs.map(baseOf)) if (source.kind === "step") depth = Math.max(depth, depths.get(source.step)! + 1);
    depths.set(step, depth);
  }
  return [...steps].sort((x, y) => depths.get(x)! - depths.get(y)!);
}

/** Moves elementwise steps to the nest that reads them first, where it is a later one: what they give is then not stored, or not as long. */
function sink({ steps }: Block, homes: Homes, stages: Map<Step, number>): void {
  const readers = new Map<Step, Step[]>();
  const apart = new Set<Step>();
  for (const step of steps) {
    for (const input of step.inputs) {
      const { source } = baseOf(input);
      if (source.kind !== "step") continue;
      if (isNear(step, input, homes)) readers.set(source.step, [...(readers.get(source.step) ?? []), step]);
      else apart.add(source.step);
    }
  }
  for (let i = steps.length - 1; i >= 0; i--) {
    const step = steps[i]!;
    const own = readers.get(step);
    if (step.kind !== "elementwise" || own === undefined || apart.has(step) || sizeOf(homes.get(step)!.sizes) === 1) continue;
    stages.set(step, Math.max(stages.get(step)!, Math.min(...own.map((reader) => stages.get(reader)!))));
  }
}

/** Steps of one stage and one home become a nest. */
function grouped({ steps, outputs }: Block, homes: Homes, stages: ReadonlyMap<Step, number>): Schedule {
  const items: Item[][] = [];
  const nests = new Map<string, NestStep[]>();
  const stored = new Set<Value>(outputs);
  for (const step of steps) {
    const stage = stages.get(step)!;
    items[stage] ??= [];
    const home = homes.get(step);
    if (home === undefined) items[stage].push({ kind: "step", step: step as Exclude<Step, ElementwiseStep | ReductionStep> });
    else {
      const key = `${stage}${home.key}`;
      let nest = nests.get(key);
      if (nest === undefined) {
        nests.set(key, (nest = []));
        items[stage].push({ kind: "nest", sizes: home.sizes, precision: home.precision, steps: nest });
      }
      nest.push(step as NestStep);
    }
    for (const input of step.inputs) {
      const base = baseOf(input);
      const together = base.source.kind === "step" && isNear(step, input, homes) && stages.get(base.source.step) === stage;
      if (!together) stored.add(base);
    }
    if (step.kind !== "elementwise") for (const out of step.outputs) stored.add(out);
  }
  return { items: items.flat(), stored };
}

/** Whether a step of a nest over `sizes` needs of an input just the entry at its own place. */
function isPointwise(step: NestStep, input: Value, sizes: Shape): boolean {
  if (input.source.kind !== "step" || step.kind === "contraction") return false;
  return input.shape.length === sizes.length && input.shape.every((size, axis) => size === sizes[axis]);
}
