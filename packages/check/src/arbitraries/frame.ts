/**
 * The sizes that the tensors of one draw share: how they are written, drawn and made smaller. A named size and a run of axes are one thing
 * here, a named list of sides. Knows no entries.
 */
import type { Random } from "fast-check";
import { isBiased, pick } from "./draws.ts";
import { distinctError, noSizeError, shapeError } from "./errors.ts";
import type { Interval } from "./options.ts";

/**
 * One part of a shape: a fixed size, a named size `"m"`, one that may be missing `"m?"`, or a run of any number of axes `"...batch"`.
 * Wherever a name occurs, it is the same.
 */
export type Dimension = number | string;

/** A part of a shape as the frame sees it; `broadcast`: each axis of the run may also be 1 or, in front, be missing. */
export type Part = { readonly side: number } | { readonly group: string; readonly broadcast?: boolean };

/** The sides of every named size and run. */
export type Frame = ReadonlyMap<string, readonly number[]>;

/** How many axes a group may have, and what sides. */
export interface Limits {
  readonly rank: Interval;
  readonly side: Interval;
}

/** What one tensor asks of a group; what it leaves open takes the default. */
export interface Group extends Partial<Limits> {
  readonly name: string;
}

/** Keeps some indices of one axis, in order, and perhaps drops the axis, which then is of side 1. */
export interface Change {
  readonly group: string;
  readonly axis: number;
  readonly keep: readonly number[];
  readonly drop: boolean;
}

const grammar = /^(?:[A-Za-z_]\w*\??|\.\.\.\w*)$/;
const isRun = (name: string): boolean => name.startsWith("...");

/** A shape as written, in parts. */
export function parseShape(op: string, shape: unknown): Part[] {
  if (!Array.isArray(shape)) throw shapeError(op, shape);
  const parts = shape.map((dimension: unknown): Part => {
    if (typeof dimension === "number" && Number.isSafeInteger(dimension) && dimension >= 0) return { side: dimension };
    if (typeof dimension === "string" && grammar.test(dimension)) return { group: dimension };
    throw shapeError(op, shape);
  });
  if (parts.filter((part) => "group" in part && isRun(part.group)).length > 1) throw shapeError(op, shape);
  return parts;
}

const unlimited: Interval = [0, Infinity];

/** The limits of every group: where several tensors ask for something, all of them get it. */
export function mergeGroups(groups: readonly Group[]): Map<string, Limits> {
  const merged = new Map<string, Limits>();
  for (const { name, rank = unlimited, side = unlimited } of groups) {
    const known = merged.get(name);
    merged.set(name, known === undefined ? { rank, side } : { rank: meet(name, known.rank, rank), side: meet(name, known.side, side) });
  }
  for (const [name, { rank, side }] of merged) {
    const most = rank[1] === Infinity ? Math.max(3, rank[0]) : rank[1];
    merged.set(name, {
      rank: isRun(name) ? [rank[0], most] : meet(name, rank, [name.endsWith("?") ? 0 : 1, 1]),
      side: side[1] === Infinity ? [Math.max(1, side[0]), Math.max(5, side[0] + 4)] : side,
    });
  }
  return merged;
}

function meet(name: string, x: Interval, y: Interval): Interval {
  const [low, high] = [Math.max(x[0], y[0]), Math.min(x[1], y[1])];
  if (low > high) throw noSizeError(name, low, high);
  return [low, high];
}

/** Whether named sizes, where they must be, are all different. */
export function admits(frame: Frame, distinct: boolean): boolean {
  if (!distinct) return true;
  const sides = [...frame].filter(([name]) => !isRun(name)).flatMap(([, own]) => own);
  return new Set(sides).size === sides.length;
}

export function drawFrame(limits: ReadonlyMap<string, Limits>, distinct: boolean, random: Random, biasFactor: number | undefined): Frame {
  const frame = new Map<string, readonly number[]>();
  const taken = new Set<number>();
  // The sizes with the least choice first, so that distinct ones find room.
  const names = distinct ? [...limits.keys()].sort((a, b) => limits.get(a)!.side[1] - limits.get(b)!.side[1]) : [...limits.keys()];
  for (const name of names) {
    const { rank, side } = limits.get(name)!;
    const count = isBiased(random, biasFactor) ? pick(random, rank) : random.nextInt(...rank);
    const sides = Array.from({ length: count }, () => (isBiased(random, biasFactor) ? pick(random, edges(side)) : random.nextInt(...side)));
    if (distinct && !isRun(name)) {
      sides.forEach((own, axis) => {
        if (taken.has(own)) sides[axis] = freeSide(side, taken, names, random);
        taken.add(sides[axis]!);
      });
    }
    frame.set(name, sides);
  }
  return frame;
}

/** The sides where mistakes show: the least, the most, and 1. */
const edges = ([low, high]: Interval): readonly number[] => (low < 1 && high > 1 ? [low, 1, high] : [low, high]);

function freeSide([low, high]: Interval, taken: ReadonlySet<number>, names: readonly string[], random: Random): number {
  const free = Array.from({ length: high - low + 1 }, (_, i) => low + i).filter((side) => !taken.has(side));
  if (free.length === 0) throw distinctError(names);
  return pick(random, free);
}

export function applyChange(frame: Frame, { group, axis, keep, drop }: Change): Frame {
  const sides = frame.get(group)!;
  return new Map(frame).set(group, drop ? sides.toSpliced(axis, 1) : sides.with(axis, keep.length));
}

interface Axis {
  readonly group: string;
  readonly axis: number;
  readonly side: number;
  /** The simplest side it may have: 1, or what is nearest to it. */
  readonly goal: number;
  readonly droppable: boolean;
}

/**
 * Smaller frames, the boldest first: everything as small as can be, an axis less, half a side, one index of a side, a side without some
 * indices; last the same for all axes of equal side at once, for mistakes that show only where two sizes agree.
 */
export function* smallerFrames(frame: Frame, limits: ReadonlyMap<string, Limits>): Generator<readonly Change[]> {
  const axes = axesOf(frame, limits);
  const smallest = smallestOf(frame, limits, axes);
  if (smallest.length > 1) yield smallest;
  for (const { group, axis, droppable } of axes) if (droppable) yield [{ group, axis, keep: [0], drop: true }];
  for (const keeps of [halves, onlyFirst, withoutChunks])
    for (const { group, axis, side, goal } of axes) for (const keep of keeps(side, goal)) yield [{ group, axis, keep, drop: false }];
  for (const side of new Set(axes.map((one) => one.side))) {
    const equal = axes.filter((one) => one.side === side);
    const goal = Math.max(...equal.map((one) => one.goal));
    if (equal.length === 1) continue;
    for (const keeps of [halves, onlyFirst, withoutChunks])
      for (const keep of keeps(side, goal)) yield equal.map(({ group, axis }) => ({ group, axis, keep, drop: false }));
  }
}

function axesOf(frame: Frame, limits: ReadonlyMap<string, Limits>): Axis[] {
  return [...frame].flatMap(([group, sides]) => {
    const { rank, side: range } = limits.get(group)!;
    const goal = Math.max(range[0], Math.min(1, range[1]));
    return sides.map((side, axis) => ({ group, axis, side, goal, droppable: sides.length > rank[0] }));
  });
}

function smallestOf(frame: Frame, limits: ReadonlyMap<string, Limits>, axes: readonly Axis[]): Change[] {
  const excess = (group: string): number => frame.get(group)!.length - limits.get(group)!.rank[0];
  const drops = [...frame.keys()].flatMap((group) =>
    Array.from({ length: excess(group) }, (): Change => ({ group, axis: 0, keep: [0], drop: true })),
  );
  const kept = axes.filter(({ group, axis, side, goal }) => axis >= excess(group) && side !== goal);
  return [...drops, ...kept.map(({ group, axis, goal }) => ({ group, axis: axis - excess(group), keep: span(0, goal), drop: false }))];
}

const span = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

function* halves(side: number, goal: number): Generator<number[]> {
  const half = Math.max(goal, Math.ceil(side / 2));
  if (half < side) yield* [span(0, half), span(side - half, side)];
}

/** As many of the first indices as the simplest side has: more than there are where the side is 0. */
function* onlyFirst(side: number, goal: number): Generator<number[]> {
  if (side !== goal) yield span(0, goal);
}

/** The indices of a side without a quarter of them, an eighth, …, one. */
function* withoutChunks(side: number, goal: number): Generator<number[]> {
  if (side <= 2) return;
  for (let chunk = Math.max(1, Math.floor(side / 4)); chunk >= 1; chunk = Math.floor(chunk / 2)) {
    for (let start = 0; start < side; start += chunk) {
      const keep = span(0, side).filter((i) => i < start || i >= start + chunk);
      if (keep.length >= goal && keep.length > 0) yield keep;
    }
  }
}
