/**
 * How a block lies in memory: for how long each value is needed, where it goes, what scratch its items want, nested blocks inside. It knows
 * lifetimes and bytes; it emits nothing.
 */
import { interpretExpression, type Lowered, real, sizeOf } from "@cotangent/core/engine";
import { arrangeRuns, type Cutting, type Run } from "./blocks.ts";
import { alignment, type Lease, planLeases } from "./layout.ts";
import { type Item, nestAxes, scheduleOf } from "./schedule.ts";
import { type Block, bytesOf, type ContractionStep, nestedBlocks, type Value } from "./values.ts";
import { baseOf } from "./views.ts";

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
  /** What items keep for all turns of the loop that this block is the body of. */
  readonly kept: Map<Item, number>;
  /** Inputs that no turn of that loop changes. */
  readonly still: ReadonlySet<Value>;
  readonly runs: readonly Run[];
  /** Where sums over a block of rows go before they join the whole sum. */
  readonly partials: Map<Value, number>;
  readonly children: Map<Block, Frame>;
  bytes: number;
}

/** Bytes that an item wants: while it runs, and for all turns of the loop around if it is in one. */
export interface ItemBytes {
  readonly bytes: number;
  readonly keptBytes: number;
}

/** What the block around decides of one. */
export interface Surroundings {
  /** Values whose place it decides. */
  readonly given: readonly Value[];
  /** Inputs that no turn changes, where the block is the body of a loop. */
  readonly still: readonly Value[];
}

/** What is planned with: the scratch of a product, and how items are cut into blocks where that is not as usual. */
export interface Planning {
  readonly productBytes: (step: ContractionStep, still: ReadonlySet<Value>) => ItemBytes;
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

/** Plans a block. */
export function frameOf(block: Block, around: Surroundings, planning: Planning): Frame {
  const [given, still] = [new Set(around.given), new Set(around.still)];
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
    kept: new Map(),
    still,
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
    if (item.kind === "nest") return;
    const { bytes, keptBytes } = scratchOf(item.step, frame, planning);
    const run = runAt(frame, at);
    if (keptBytes > 0) lease(keptBytes, 0, items.length, (offset) => frame.kept.set(item, offset));
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

/** Bytes an item needs: scratch of programs, panels of products, everything inside nested blocks. */
function scratchOf(step: Exclude<Item, { kind: "nest" }>["step"], frame: Frame, planning: Planning): ItemBytes {
  const only = (bytes: number): ItemBytes => ({ bytes, keptBytes: 0 });
  const inside = (block: Block, given: readonly Value[], still: readonly Value[]): number => {
    const child = frameOf(block, { given, still }, planning);
    frame.children.set(block, child);
    return Math.ceil(child.bytes / alignment) * alignment;
  };
  switch (step.kind) {
    case "program":
      return only(scratchBytes(step.lowered));
    case "movement":
      return only(0);
    case "contraction":
      return planning.productBytes(step, frame.still);
    case "choose":
      return only(inside(step.onTrue, step.onTrue.outputs, []) + inside(step.onFalse, step.onFalse.outputs, []));
    case "scan": {
      const { body, carries, sequences } = step;
      return only(inside(body, body.outputs.slice(carries), body.inputs.slice(carries + sequences)));
    }
    case "repeat": {
      const { condition, body, carries } = step;
      return only(inside(condition, [], condition.inputs.slice(carries)) + inside(body, [], body.inputs.slice(carries)));
    }
  }
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
    if (frame.kept.has(item)) frame.kept.set(item, origin + frame.kept.get(item)!);
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
