/**
 * What stands at a leaf of a draw: how it is drawn on a frame, follows the frame when that gets smaller, gets simpler by itself and looks to
 * the caller. Here tensors, shapes, axes, sizes and arbitraries of fast-check's own. Knows no shrinking order across leaves.
 */
import { type DType, type Shape, Tensor, type TypedArray } from "@cotangent/core";
import { entriesOf, sameShape, tensorOf } from "@cotangent/core/engine";
import { type Arbitrary, type Random, toStringMethod, Value } from "fast-check";
import { isBiased, oneIn, shuffle } from "./draws.ts";
import type { Entries, Values } from "./entries.ts";
import type { Change, Frame, Group, Part } from "./frame.ts";
import type { Interval } from "./options.ts";
import { gather } from "./slicing.ts";
import { sourceOf } from "./source.ts";

/** A simpler state, and where to go on when it is taken; undefined is from the start. */
export type Step<S> = readonly [state: S, cursor: number | undefined];

/** `S` is what it keeps of a draw, `T` what the caller gets. */
export interface Leaf<S = unknown, T = unknown> {
  /** The sizes and runs it uses, with what it asks of them. */
  readonly groups: readonly Group[];
  /** Its shape in parts, for leaves that take theirs from it. */
  readonly parts?: readonly Part[];
  draw(frame: Frame, random: Random, biasFactor: number | undefined): S;
  /** The state on a smaller frame; undefined if there is none. */
  follow(state: S, change: Change, before: Frame, after: Frame): S | undefined;
  simpler(state: S, frame: Frame, cursor: number): Iterable<Step<S>>;
  /** For a leaf that depends on the leaves before it: its state beside their values. */
  settle?(state: S, values: readonly unknown[]): S;
  value(state: S, frame: Frame): T;
  /** Its sizes in a value a caller gives, so that it can be shrunk; undefined if it is no value of this leaf. */
  measure?(value: unknown, frame: Frame): Frame | undefined;
  /** The state of a value a caller gives, on the frame measured. */
  read?(value: unknown, frame: Frame): S | undefined;
}

/** Whether an axis of a broadcast run is missing, 1 or of the run's own side. */
type Presence = "absent" | "one" | "full";

/** One axis of a tensor: its side and where it comes from. */
interface Place {
  readonly side: number;
  readonly group?: string;
  readonly axis?: number;
}

function placesOf(parts: readonly Part[], frame: Frame, presence: readonly Presence[]): Place[] {
  return parts.flatMap((part): Place[] => {
    if ("side" in part) return [part];
    return frame.get(part.group)!.flatMap((side, axis): Place[] => {
      const is = part.broadcast ? presence[axis]! : "full";
      return is === "absent" ? [] : is === "one" ? [{ side: 1 }] : [{ side, group: part.group, axis }];
    });
  });
}

const shapeOf = (parts: readonly Part[], frame: Frame, presence: readonly Presence[] = []): Shape =>
  Object.freeze(placesOf(parts, frame, presence).map(({ side }) => side));

/** The run a shape broadcasts along, if any. */
const broadcastRun = (parts: readonly Part[]): string | undefined =>
  parts.find((part): part is Part & { readonly group: string } => "group" in part && part.broadcast === true)?.group;

/** How a tensor takes part in a broadcast run: some axes missing in front, some 1. */
function drawPresence(count: number, random: Random): Presence[] {
  const missing = oneIn(random, 2) ? 0 : random.nextInt(0, count);
  return Array.from({ length: count }, (_, axis) => (axis < missing ? "absent" : oneIn(random, 4) ? "one" : "full"));
}

function* simplerPresence(presence: readonly Presence[]): Generator<Presence[]> {
  const first = presence.findIndex((is) => is !== "absent");
  if (first >= 0) yield presence.with(first, "absent");
  for (const [axis, is] of presence.entries()) if (is === "full") yield presence.with(axis, "one");
}

interface TensorState {
  readonly shape: Shape;
  readonly values: Values;
  readonly presence: readonly Presence[];
}

/** A tensor with its entries; `entries` may depend on the sizes. `indexes`: the group whose indices the entries are. */
export function tensorLeaf(
  parts: readonly Part[],
  groups: readonly Group[],
  entries: (frame: Frame) => Entries,
  indexes?: string,
): Leaf<TensorState, Tensor> {
  const run = broadcastRun(parts);
  const onShape = (state: TensorState, frame: Frame, presence: readonly Presence[], kept: Values): TensorState | undefined => {
    const shape = shapeOf(parts, frame, presence);
    const values = entries(frame).repair(kept, shape);
    return values === undefined ? undefined : { ...state, shape, values, presence };
  };
  return {
    groups,
    parts,
    draw(frame, random, biasFactor) {
      const presence = run === undefined ? [] : drawPresence(frame.get(run)!.length, random);
      const shape = shapeOf(parts, frame, presence);
      return { shape, presence, values: entries(frame).draw(shape, random, biasFactor) };
    },
    follow(state, change, before, after) {
      const concerned = placesOf(parts, before, state.presence).map(({ group, axis }) => group === change.group && axis === change.axis);
      const presence = run === change.group && change.drop ? state.presence.toSpliced(change.axis, 1) : state.presence;
      if (indexes !== change.group && run !== change.group && !concerned.includes(true)) return state;
      const own = entries(after);
      const kept = gather(
        state.values,
        state.shape,
        concerned.map((is) => (is ? change.keep : undefined)),
        own.origin,
      );
      return onShape(state, after, presence, indexes === change.group ? kept.map((i) => followIndex(i, change)) : kept);
    },
    *simpler(state, frame, cursor) {
      const own = entries(frame);
      const cost = own.cost(state.values, state.shape);
      const fits = (values: Values): boolean => own.cost(values, state.shape) < cost && own.allows(values, state.shape);
      if (cursor === 0) {
        for (const presence of simplerPresence(state.presence)) {
          const places = placesOf(parts, frame, state.presence);
          const left = placesOf(parts, frame, presence);
          const lost = places.findIndex(({ side }, i) =>
            left.length < places.length ? i === firstRunPlace(parts, frame) : side !== left[i]!.side,
          );
          const smaller =
            lost < 0
              ? state.values
              : gather(
                  state.values,
                  state.shape,
                  places.map((_, i) => (i === lost ? [0] : undefined)),
                  own.origin,
                );
          const next = onShape(state, frame, presence, smaller);
          if (next !== undefined) yield [next, undefined];
        }
        for (const values of own.whole(state.values, state.shape)) if (fits(values)) yield [{ ...state, values }, undefined];
      }
      for (let place = cursor; place < own.places(state.shape); place++)
        for (const values of own.single(state.values, state.shape, place)) if (fits(values)) yield [{ ...state, values }, place];
    },
    value: ({ shape, values }, frame) => printable(tensorOf(shape, entries(frame).dtype, stored(values, entries(frame).dtype))),
    measure: (value, frame) =>
      value instanceof Tensor && value.storage !== null && run === undefined ? matched(parts, value.shape, frame) : undefined,
    read(value, frame) {
      const x = value as Tensor;
      const own = entries(frame);
      const values = Float64Array.from(entriesOf(x));
      return x.dtype === own.dtype && own.allows(values, x.shape) ? { shape: x.shape, values, presence: [] } : undefined;
    },
  };
}

/** Where in the shape the axes of the broadcast run begin. */
function firstRunPlace(parts: readonly Part[], frame: Frame): number {
  return placesOf(
    parts.slice(
      0,
      parts.findIndex((part) => "group" in part && part.broadcast),
    ),
    frame,
    [],
  ).length;
}

/** An index of an axis after the axis kept only some; one that is gone becomes the nearest kept below it. */
function followIndex(index: number, { keep, drop }: Change): number {
  if (drop) return 0;
  const place = keep.findLastIndex((kept) => kept <= index);
  return index < 0 ? Math.max(index, -keep.length) : Math.max(0, place);
}

/** The entries in the array that a dtype is kept in. */
export function stored(values: Values, dtype: DType): TypedArray {
  if (dtype === "float64") return values.slice();
  return dtype === "float32" ? Float32Array.from(values) : dtype === "int32" ? Int32Array.from(values) : Uint8Array.from(values);
}

/** A tensor that fast-check reports as TypeScript. */
export function printable(x: Tensor): Tensor {
  return Object.hasOwn(x, toStringMethod) ? x : Object.defineProperty(x, toStringMethod, { value: () => sourceOf(x) });
}

/** The frame with the sizes a shape gives to its parts; undefined if it does not fit them. */
function matched(parts: readonly Part[], shape: Shape, frame: Frame): Frame | undefined {
  const out = new Map(frame);
  const ranks = parts.map((part) => ("side" in part || !isOpen(part.group) ? 1 : frame.get(part.group)?.length));
  if (ranks.filter((rank) => rank === undefined).length > 1) return undefined;
  const open = shape.length - ranks.reduce<number>((total, rank) => total + (rank ?? 0), 0);
  let axis = 0;
  for (const [i, part] of parts.entries()) {
    const count = ranks[i] ?? open;
    const sides = shape.slice(axis, (axis += count));
    if (sides.length !== count || count < 0) return undefined;
    if ("side" in part ? sides[0] !== part.side : out.has(part.group) && !sameShape(out.get(part.group)!, sides)) return undefined;
    if ("group" in part) out.set(part.group, sides);
  }
  return axis === shape.length ? out : undefined;
}

const isOpen = (group: string): boolean => group.startsWith("...") || group.endsWith("?");

/** The shape itself. */
export function shapeLeaf(parts: readonly Part[], groups: readonly Group[]): Leaf<readonly Presence[], Shape> {
  const run = broadcastRun(parts);
  return {
    groups,
    parts,
    draw: (frame, random) => (run === undefined ? [] : drawPresence(frame.get(run)!.length, random)),
    follow: (presence, change) => (run === change.group && change.drop ? presence.toSpliced(change.axis, 1) : presence),
    *simpler(presence) {
      for (const next of simplerPresence(presence)) yield [next, undefined];
    },
    value: (presence, frame) => [...shapeOf(parts, frame, presence)],
    measure: (value, frame) => (Array.isArray(value) && run === undefined ? matched(parts, value, frame) : undefined),
    read: () => [],
  };
}

/** One named size, as a number. */
export function sizeLeaf(name: string): Leaf<null, number> {
  return {
    groups: [{ name }],
    draw: () => null,
    follow: () => null,
    simpler: () => [],
    value: (_state, frame) => frame.get(name)![0]!,
    measure: (value, frame) => (typeof value === "number" ? matched([{ group: name }], [value], frame) : undefined),
    read: () => null,
  };
}

/** An axis by the part of the shape it comes from and its number there, and whether it is counted from the back. */
interface AxisState {
  readonly part: number;
  readonly axis: number;
  readonly negative: boolean;
}

export type AxesState = readonly AxisState[];

/** Distinct axes of a shape, in any order, some counted from the back. */
export function axesLeaf(parts: readonly Part[], groups: readonly Group[], count: Interval, negative: boolean): Leaf<AxesState, number[]> {
  const all = (frame: Frame): AxisState[] =>
    parts.flatMap((part, i) => {
      const sides = "side" in part ? [part.side] : frame.get(part.group)!;
      return sides.map((_, axis) => ({ part: i, axis, negative: false }));
    });
  const enough = (state: readonly AxisState[]): boolean => state.length >= count[0];
  return {
    groups,
    draw(frame, random, biasFactor) {
      const axes = shuffle(random, all(frame));
      const most = Math.min(count[1], axes.length);
      const length = isBiased(random, biasFactor) ? most : random.nextInt(Math.min(count[0], most), most);
      return axes.slice(0, length).map((axis) => ({ ...axis, negative: negative && oneIn(random, 3) }));
    },
    follow(state, change) {
      if (!change.drop) return state;
      const left = state.flatMap((one) => {
        const part = parts[one.part]!;
        if ("side" in part || part.group !== change.group || one.axis < change.axis) return [one];
        return one.axis === change.axis ? [] : [{ ...one, axis: one.axis - 1 }];
      });
      return enough(left) ? left : undefined;
    },
    *simpler(state, frame) {
      for (const i of state.keys()) if (enough(state.toSpliced(i, 1))) yield [state.toSpliced(i, 1), undefined];
      for (const [i, one] of state.entries()) {
        if (one.negative) yield [state.with(i, { ...one, negative: false }), undefined];
        const number = (x: AxisState): number => x.part * 100 + x.axis;
        for (const other of all(frame).filter((x) => number(x) < number(one))) {
          const taken = state.findIndex((x) => number(x) === number(other));
          if (taken < 0) yield [state.with(i, other), undefined];
          else if (taken > i) yield [state.with(i, state[taken]!).with(taken, one), undefined];
        }
      }
    },
    value(state, frame) {
      const known = all(frame);
      return state.map((one) => {
        const at = known.findIndex((x) => x.part === one.part && x.axis === one.axis);
        return one.negative ? at - known.length : at;
      });
    },
    measure: (value, frame) => (Array.isArray(value) ? frame : undefined),
    read(value, frame) {
      const known = all(frame);
      const state = (value as readonly number[]).map((at) => ({ ...known.at(at)!, negative: at < 0 }));
      const numbers = new Set(state.map(({ part, axis }) => `${part}.${axis}`));
      return state.every(({ axis }) => axis !== undefined) && numbers.size === state.length && enough(state) ? state : undefined;
    },
  };
}

/** What any other arbitrary draws; it shrinks by itself. */
export function foreignLeaf<T>(arbitrary: Arbitrary<T>): Leaf<Value<T>, T> {
  return {
    groups: [],
    draw: (_frame, random, biasFactor) => arbitrary.generate(random, biasFactor),
    follow: (state) => state,
    *simpler(state) {
      for (const next of arbitrary.shrink(state.value_, state.context)) yield [next, undefined];
    },
    value: (state) => state.value,
    measure: (value, frame) => (arbitrary.canShrinkWithoutContext(value) ? frame : undefined),
    read: (value) => new Value(value as T, undefined),
  };
}
