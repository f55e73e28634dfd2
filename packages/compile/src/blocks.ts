/**
 * Nests that walk over the same rows, run together block of rows by block of rows: what one leaves the next finds in the cache, and sums over
 * rows are sums of sums. It knows schedules and shapes; it emits nothing.
 */
import { sizeOf } from "@cotangent/core/engine";
import { type Item, type Nest, nestAxes, type Schedule } from "./schedule.ts";
import { baseOf, bytesOf, type Value, viewInto } from "./values.ts";

/** Items from `first` to `last`, all nests over `rows` rows, run `block` rows at a time. */
export interface Run {
  readonly first: number;
  readonly last: number;
  readonly rows: number;
  readonly block: number;
}

/** Fewer rows are not worth cutting. */
const leastRows = 512;
/** Together the nests touch at least so many bytes: less stays in the cache anyway. */
const leastBytes = 1 << 19;
/** Bytes a block touches. */
const blockBytes = 1 << 17;

/** Items in an order in which runs lie together, and the runs. */
export interface Arranged {
  readonly items: readonly Item[];
  readonly runs: readonly Run[];
}

/** How far a run looks past items that cannot join it. */
const lookAhead = 32;

/** Puts nests over the same rows side by side where what lies between does not matter to them, and cuts them into blocks. */
export function arrangeRuns({ items }: Schedule): Arranged {
  const rest = [...items];
  const arranged: Item[] = [];
  const runs: Run[] = [];
  while (rest.length > 0) {
    const start = rest.shift()!;
    const rows = rowsOf(start);
    const nests = [start];
    if (rows >= leastRows) collect(nests as Nest[], rest, rows);
    const block = rows < leastRows ? 0 : blockOf(nests as Nest[], rows);
    if (block > 0) runs.push({ first: arranged.length, last: arranged.length + nests.length - 1, rows, block });
    arranged.push(...nests);
  }
  return { items: arranged, runs };
}

/** Takes out of `rest` the nests that can join a run. */
function collect(nests: Nest[], rest: Item[], rows: number): void {
  const between = new Set<Value>();
  for (let at = 0; at < Math.min(rest.length, lookAhead); ) {
    const item = rest[at]!;
    const steps = item.kind === "nest" ? item.steps : [item.step];
    const free = steps.every((step) => step.inputs.every((input) => !between.has(baseOf(input))));
    if (free && item.kind === "nest" && rowsOf(item) === rows && canJoin(nests, item)) {
      nests.push(item);
      rest.splice(at, 1);
    } else {
      for (const step of steps) for (const out of step.outputs) between.add(out);
      at++;
    }
  }
}

/** Rows of a block; 0 where cutting does not pay. */
function blockOf(nests: readonly Nest[], rows: number): number {
  const bytes = nests.reduce((sum, nest) => sum + rowBytes(nest), 0);
  if (!(nests.length > 1 && bytes * rows > leastBytes) && !nests.some(reducesRowsOnly)) return 0;
  const block = Math.min(4096, Math.max(32, Math.floor(blockBytes / Math.max(1, bytes) / 16) * 16));
  return block * 2 <= rows ? block : 0;
}

const rowsOf = (item: Item): number => (item.kind === "nest" && item.sizes.length > 0 && sizeOf(item.sizes) > 0 ? item.sizes[0]! : 0);

/** Whether some step adds rows up to more than one entry. */
const reducesRowsOnly = ({ steps }: Nest): boolean =>
  steps.some((step) => step.kind !== "elementwise" && nestAxes(step).reduced[0]! && sizeOf(step.outputs[0]!.shape) > 1);

/** Bytes of one row of everything a nest reads. */
function rowBytes({ steps, sizes }: Nest): number {
  const read = new Set<Value>();
  for (const step of steps) for (const input of step.inputs) read.add(input);
  return [...read].reduce((sum, x) => sum + (sizeOf(x.shape) >= sizes[0]! ? (sizeOf(x.shape) / sizes[0]!) * bytesOf[x.dtype] : 0), 0);
}

/** Whether all that a nest needs of earlier ones in the run are the rows at its own place. */
function canJoin(nests: readonly Nest[], next: Nest): boolean {
  const made = new Map<Value, boolean>();
  for (const nest of nests)
    for (const step of nest.steps)
      for (const out of step.outputs) made.set(out, !(step.kind !== "elementwise" && nestAxes(step).reduced[0]!));
  for (const step of next.steps) {
    const axes = nestAxes(step);
    for (const [i, input] of step.inputs.entries()) {
      const base = baseOf(input);
      const keepsRows = made.get(base);
      if (keepsRows === undefined) continue;
      const own = axes.inputs[i]!.indexOf(0);
      const rowEntries = sizeOf(base.shape) / next.sizes[0]!;
      const { offset, strides } = viewInto(input);
      if (!keepsRows || own < 0 || offset !== 0 || strides[own] !== rowEntries || input.shape[own] !== next.sizes[0]) return false;
    }
  }
  return true;
}
