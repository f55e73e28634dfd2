/**
 * How a block lies in memory: for how long each value is needed, where it goes, what scratch its items want, nested blocks inside. It knows
 * lifetimes and bytes; it emits nothing.
 */
import { interpretExpression, type Lowered, real, sizeOf } from "@cotangent/core/engine";
import { arrangeRuns, type Cutting, type Run } from "./blocks.ts";
import { alignment, type Lease, planLeases } from "./layout.ts";
import { type Item, nestAxes, scheduleOf } from "./schedule.ts";
import { baseOf, type Block, bytesOf, type ContractionStep, nestedBlocks, type Value } from "./values.ts";

/** A block with its schedule and the leases of its values; nested blocks inside. */
export interface Frame {
  readonly block: Block;
  readonly items: readonly Item[];
  /** What must be in memory. */
  readonly stored: ReadonlySet<Value>;
  /** Values that have a place of their own here, and where, from the frame's start. */
  readonly own: Map<Value, number>;
  /** Scratch of items. */
  readonly scratch: Map<Item, number>;
  readonly runs: readonly Run[];
  /** Where sums over a block of rows go before they join the whole sum. */
  readonly partials: Map<Value, number>;
  readonly children: Map<Block, Frame>;
  bytes: number;
}

/** What is planned with: the scratch of a product, and how items are cut into blocks where that is not as usual. */
export interface Planning {
  readonly productBytes: (step: ContractionStep) => number;
  readonly cutting: Cutting | undefined;
}

/** Bytes of all entries. */
export const sizeInBytes = (x: Value): number => sizeOf(x.shape) * bytesOf[x.dtype];

/** The run that an item belongs to. */
const runAt = ({ runs }: Frame, at: number): Run | undefined => runs.find(({ first, last }) => first <= at && at <= last);

/** Bytes that a value takes in its frame: those of a block of rows where a run passes it on. */
function bytesKept(x: Value, { runs }: Frame): number {
  const run = runs.find(({ passing }) => passing.has(x));
  return run === undefined ? sizeInBytes(x) : (sizeInBytes(x) / run.rows) * run.block;
}

/** Plans a block: `given` are values of it whose place the enclosing block decides. */
export function frameOf(block: Block, given: ReadonlySet<Value>, planning: Planning): Frame {
  const schedule = scheduleOf(block);
  const { items, runs } = arrangeRuns(schedule, block.outputs, planning.cutting);
  const { stored } = schedule;
  const frame: Frame = {
    block,
    items,
    stored,
    runs,
    own: new Map(),
    scratch: new Map(),
    partials: new Map(),
    children: new Map(),
    bytes: 0,
  };
  const made = new Map<Value, number>();
  const last = new Map<Value, number>();
  items.forEach((item, at) => {
    // What runs in blocks lives as long as all of the run, but for what each block passes on.
    const run = runAt(frame, at);
    const steps = item.kind === "nest" ? item.steps : [item.step];
    for (const step of steps) {
      for (const out of step.outputs) if (stored.has(out)) made.set(out, run === undefined || run.passing.has(out) ? at : run.first);
      for (const input of step.inputs) {
        const x = baseOf(input);
        last.set(x, run === undefined || run.passing.has(x) ? at : run.last);
      }
    }
  });
  for (const out of block.outputs) last.set(out, items.length);
  const leases: Lease[] = [];
  const place: ((offset: number) => void)[] = [];
  const lease = (bytes: number, from: number, to: number, then: (offset: number) => void): void => {
    leases.push({ bytes, from, to });
    place.push(then);
  };
  let small = 0;
  for (const [x, from] of made) {
    if (given.has(x)) continue;
    const bytes = bytesKept(x, frame);
    if (bytes <= alignment) {
      frame.own.set(x, small);
      small += alignment;
    } else lease(bytes, from, last.get(x) ?? from, (offset) => frame.own.set(x, offset));
  }
  items.forEach((item, at) => {
    const bytes = item.kind === "nest" ? 0 : scratchOf(item.step, frame, planning);
    const run = runAt(frame, at);
    if (bytes > 0) lease(bytes, run?.first ?? at, run?.last ?? at, (offset) => frame.scratch.set(item, offset));
  });
  for (const { first, last: end } of runs) {
    for (const item of items.slice(first, end + 1)) {
      if (item.kind !== "nest") continue;
      for (const step of item.steps) {
        if (step.kind === "elementwise" || !nestAxes(step).reduced[0]) continue;
        const out = step.outputs[0]!;
        lease(sizeInBytes(out), first, end, (offset) => frame.partials.set(out, offset));
      }
    }
  }
  const planned = planLeases(leases);
  planned.offsets.forEach((offset, i) => place[i]!(small + offset));
  frame.bytes = small + planned.bytes;
  return frame;
}

/** Bytes an item needs while it runs: scratch of programs, panels of products, everything inside nested blocks. */
function scratchOf(step: Exclude<Item, { kind: "nest" }>["step"], frame: Frame, planning: Planning): number {
  switch (step.kind) {
    case "program":
      return scratchBytes(step.lowered);
    case "movement":
      return 0;
    case "contraction":
      return planning.productBytes(step);
    case "choose":
      return nested(frame, planning, [step.onTrue, step.onFalse], (block) => new Set(block.outputs));
    case "scan":
      return nested(frame, planning, [step.body], (block) => new Set(block.outputs.slice(step.carries)));
    case "repeat":
      return nested(frame, planning, [step.condition, step.body], () => new Set());
  }
}

function nested(frame: Frame, planning: Planning, blocks: readonly Block[], given: (block: Block) => ReadonlySet<Value>): number {
  let bytes = 0;
  for (const block of blocks) {
    const child = frameOf(block, given(block), planning);
    frame.children.set(block, child);
    bytes += Math.ceil(child.bytes / alignment) * alignment;
  }
  return Math.max(bytes, alignment);
}

/** Gives the values of a frame their places from an offset on. */
export function placeFrame(frame: Frame, origin: number, put: (x: Value, offset: number, passing: boolean) => void): void {
  for (const [x, offset] of frame.own)
    put(
      x,
      origin + offset,
      frame.runs.some(({ passing }) => passing.has(x)),
    );
  for (const [x, offset] of frame.partials) frame.partials.set(x, origin + offset);
  for (const item of frame.items) {
    if (item.kind === "nest") continue;
    let at = origin + (frame.scratch.get(item) ?? 0);
    if (frame.scratch.has(item)) frame.scratch.set(item, at);
    for (const block of nestedBlocks(item.step)) {
      const child = frame.children.get(block)!;
      placeFrame(child, at, put);
      at += Math.ceil(child.bytes / alignment) * alignment;
    }
  }
}

/** Bytes of a program's scratch for these integers, each buffer rounded up to eight. */
function scratchBytes({ program, integers }: Lowered): number {
  let bytes = 0;
  for (const buffer of program.buffers) {
    if (buffer.role !== "scratch") continue;
    const length = interpretExpression(program.integers, buffer.length!, real)(integers);
    bytes += Math.ceil((length * (buffer.type === "float" ? 8 : buffer.type === "int" ? 4 : 1)) / 8) * 8;
  }
  return bytes;
}
