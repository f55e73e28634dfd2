/**
 * Items that walk over the same rows, run together block of rows by block of rows: what one leaves the next finds in the cache, and sums over
 * rows are sums of sums. It knows schedules and rows; it emits nothing.
 */
import { sizeOf } from "@cotangent/core/engine";
import { type Reading, rowCounts, type Rows, rowsOf } from "./rows.ts";
import type { Item, Schedule } from "./schedule.ts";
import { bytesOf, type Step, type Value } from "./values.ts";
import { baseOf } from "./views.ts";

/** Items from `first` to `last`, all walking over `rows` rows, run `block` rows at a time. */
export interface Run {
  readonly first: number;
  readonly last: number;
  readonly rows: number;
  readonly block: number;
  /** How many leading axes make the rows of each item. */
  readonly axes: readonly number[];
  /** What only the run's own items need, row by row: it is kept for one block at a time. */
  readonly passing: ReadonlySet<Value>;
}

/** When items are cut into blocks, and into how large ones. */
export interface Cutting {
  /** Fewer rows of a lone nest are not worth cutting. */
  readonly leastRows: number;
  /** Together the items touch at least so many bytes: less stays in the cache anyway. */
  readonly leastBytes: number;
  /** Bytes a block touches: of nests alone, and where a product packs its rows, which costs less for many. */
  readonly nestBytes: number;
  readonly productBytes: number;
  /** So many rows of a matrix at a time keep the product's kernel busy. */
  readonly leastHeight: number;
}

const usualCutting: Cutting = { leastRows: 512, leastBytes: 1 << 18, nestBytes: 1 << 17, productBytes: 1 << 19, leastHeight: 32 };

const mostRows = 4096;
/** Rows of a block are a multiple of this where a product packs them into panels. */
const panelMultiple = 8;

/** Items in an order in which runs lie together, and the runs. */
export interface Arranged {
  readonly items: readonly Item[];
  readonly runs: readonly Run[];
}

/** How far a run looks past items that cannot join it. */
const lookAhead = 32;

/** Puts items over the same rows side by side where what lies between does not matter to them, and cuts them into blocks. */
export function arrangeRuns(schedule: Schedule, outputs: readonly Value[], cutting: Cutting = usualCutting): Arranged {
  const { items, stored } = schedule;
  if (!isLarge(items, cutting)) return { items, runs: [] };
  const scene: Scene = { stored, walks: walksOf(), cutting };
  const { walks } = scene;
  const rest = [...items];
  const arranged: Item[] = [];
  const runs: Run[] = [];
  while (rest.length > 0) {
    const start = rest[0]!;
    const found = longestRun(start, rest, scene);
    const members = found?.members ?? [start];
    for (const member of members) rest.splice(rest.indexOf(member), 1);
    if (found !== undefined) {
      const { rows, block } = found;
      const first = arranged.length;
      const axes = members.map((member) => walks(member, rows)!.axes);
      const later = [...rest.flatMap(stepsOf).flatMap((step) => step.inputs), ...outputs];
      const passing = passingOf(members, rows, later, scene);
      runs.push({ first, last: first + members.length - 1, rows, block, axes, passing });
    }
    arranged.push(...members);
  }
  return { items: arranged, runs };
}

/** Whether some run could pay: all items together touch enough, or one of them has enough rows. */
function isLarge(items: readonly Item[], { leastBytes, leastRows }: Cutting): boolean {
  const touched = new Set<Value>();
  for (const step of items.flatMap(stepsOf)) for (const x of [...step.inputs.map(baseOf), ...step.outputs]) touched.add(x);
  let bytes = 0;
  for (const x of touched) bytes += sizeOf(x.shape) * bytesOf[x.dtype];
  return bytes > leastBytes || items.some((item) => (rowCounts(item)[0] ?? 0) >= leastRows);
}

/** What the search for runs looks at throughout. */
interface Scene {
  readonly stored: ReadonlySet<Value>;
  readonly walks: Walks;
  readonly cutting: Cutting;
}

type Walks = (item: Item, rows: number) => Rows | undefined;

/** Walks of items over rows, each found once. */
function walksOf(): Walks {
  const known = new Map<Item, Map<number, Rows | undefined>>();
  return (item, rows) => {
    let own = known.get(item);
    if (own === undefined) known.set(item, (own = new Map()));
    if (!own.has(rows)) own.set(rows, rowsOf(item, rows));
    return own.get(rows);
  };
}

const stepsOf = (item: Item): readonly Step[] => (item.kind === "nest" ? item.steps : [item.step]);

interface Candidate {
  readonly members: readonly Item[];
  readonly rows: number;
  readonly block: number;
}

/** The run of most items that begins with the first of `rest`, and of these the one of most rows. */
function longestRun(start: Item, rest: readonly Item[], scene: Scene): Candidate | undefined {
  let best: Candidate | undefined;
  for (const rows of rowCounts(start)) {
    if (rows === 1 || scene.walks(start, rows) === undefined) continue;
    const gathering = collect(rest, rows, scene);
    const { members } = gathering;
    const block = members.length > (best?.members.length ?? 0) ? blockOf(gathering, rows, scene) : 0;
    if (block > 0) best = { members, rows, block };
  }
  return best;
}

/** Items that can run together, what they touch, how many bytes of it a row has, and how many rows a block should have at least. */
interface Gathering {
  readonly members: Item[];
  readonly touched: Set<Value>;
  bytes: number;
  least: number;
  packs: boolean;
}

/** Items that can run together from the first on. */
function collect(rest: readonly Item[], rows: number, scene: Scene): Gathering {
  const gathering: Gathering = { members: [], touched: new Set(), bytes: 0, least: 1, packs: false };
  const made = new Map<Value, boolean>();
  const between = new Set<Value>();
  for (let at = 0; at < rest.length && at - gathering.members.length < lookAhead; at++) {
    const item = rest[at]!;
    const steps = stepsOf(item);
    const free = !steps.some((step) => step.inputs.some((input) => between.has(baseOf(input))));
    const walk = free ? scene.walks(item, rows) : undefined;
    if (walk !== undefined && walk.reads.every((reading) => fits(reading, made, rows)) && takes(gathering, walk, rows, scene)) {
      gathering.members.push(item);
      for (const x of walk.kept) made.set(x, true);
      for (const x of walk.summed) made.set(x, false);
    } else if (at === 0) break;
    else for (const step of steps) for (const out of step.outputs) between.add(out);
  }
  return gathering;
}

/** Adds what an item touches, if it shares something with the others and all together is not too much. */
function takes(gathering: Gathering, walk: Rows, rows: number, { stored, cutting }: Scene): boolean {
  const { members, touched } = gathering;
  const read = walk.reads.filter(({ base, stride }) => stride !== 0 && base.source.kind !== "uniform").map(({ base }) => base);
  if (members.length > 0 && !read.some((x) => touched.has(x))) return false;
  const fresh = [...new Set([...read, ...walk.kept.filter((x) => stored.has(x))])].filter((x) => !touched.has(x));
  const bytes = fresh.reduce((sum, x) => sum + (sizeOf(x.shape) / rows) * bytesOf[x.dtype], gathering.bytes);
  const least = Math.max(gathering.least, walk.height === undefined ? 1 : Math.ceil(cutting.leastHeight / walk.height));
  const packs = gathering.packs || walk.packs;
  if (bytes * least > mostBytes(packs, cutting)) return false;
  for (const x of fresh) touched.add(x);
  Object.assign(gathering, { bytes, least, packs });
  return true;
}

/** Bytes that a block may touch. */
const mostBytes = (packs: boolean, { nestBytes, productBytes }: Cutting): number => (packs ? productBytes : nestBytes);

/** Whether a row needs of what the run makes just the row at its own place. */
function fits({ base, stride, first, last }: Reading, made: ReadonlyMap<Value, boolean>, rows: number): boolean {
  const keepsRows = made.get(base);
  if (keepsRows === undefined) return true;
  const entries = sizeOf(base.shape) / rows;
  return keepsRows && stride === entries && first >= 0 && last < entries;
}

/** Rows of a block; 0 where cutting does not pay. */
function blockOf({ members, bytes, least, packs }: Gathering, rows: number, { walks, cutting }: Scene): number {
  const { leastBytes, leastRows } = cutting;
  const pays = members.length > 1 ? bytes * rows > leastBytes : rows >= leastRows && addsRows(walks(members[0]!, rows)!);
  const most = Math.min(mostRows, Math.floor(mostBytes(packs, cutting) / Math.max(1, bytes)), Math.floor(rows / 2));
  return !pays || most < least ? 0 : evenBlock(rows, most, least > 1 ? panelMultiple : 1);
}

/** Whether some step adds rows up to more than one entry. */
const addsRows = ({ summed }: Rows): boolean => summed.some((x) => sizeOf(x.shape) > 1);

/** At most so many rows, a multiple of `unit` if that many fit, such that blocks come out even if a block of more than half as many does. */
function evenBlock(rows: number, most: number, unit: number): number {
  const step = most >= unit ? unit : 1;
  const largest = Math.floor(most / step) * step;
  for (let block = largest; block * 2 > largest; block -= step) if (rows % block === 0) return block;
  return largest >= 32 ? Math.floor(largest / 16) * 16 : largest;
}

/** What the run stores row by row and nobody reads after it. */
function passingOf(members: readonly Item[], rows: number, later: readonly Value[], { stored, walks }: Scene): Set<Value> {
  const passing = new Set(members.flatMap((member) => walks(member, rows)!.kept).filter((x) => stored.has(x)));
  for (const x of later) passing.delete(baseOf(x));
  return passing;
}
