/** Arbitraries of tensors by shape and domain: what a caller writes, read into leaves. Knows options; shrinking is elsewhere. */
import type { Tensor } from "@cotangent/core";
import { type Domain, reals } from "@cotangent/core/engine";
import type { Arbitrary } from "fast-check";
import { type Entries, pointwise, separated } from "./entries.ts";
import { optionError } from "./errors.ts";
import { type Dimension, type Frame, type Group, type Part, parseShape } from "./frame.ts";
import { JointArbitrary, type Place } from "./joint.ts";
import { axesLeaf, type AxesState, type Leaf, sizeLeaf, tensorLeaf } from "./leaf.ts";
import { checkOptions, checkRange, type Interval, type Range } from "./options.ts";
import { type PointOptions, pointOptions, pointsOf } from "./points.ts";
import { single } from "./sized.ts";

/** How a tensor comes by its shape. */
export interface ShapeOptions {
  /** Fixed sizes, named sizes and runs of axes, as in `["...batch", "m", 3]`; any shape by default. */
  readonly shape?: readonly Dimension[];
  /** The path of another tensor of the struct that has the same shape. */
  readonly like?: string;
  /** How many axes, where the shape is open: 0 to 3 by default. */
  readonly rank?: Range;
  /** What the sides may be that are not fixed: 1 to 5 by default. */
  readonly side?: Range;
}

export interface TensorsOptions extends ShapeOptions, PointOptions {
  /** The least distance between any two entries; a bounded domain that has no room for it is divided evenly. */
  readonly separation?: number;
  /** Whether all entries differ. */
  readonly unique?: boolean;
}

export const shapeOptions = ["shape", "like", "rank", "side"] as const;

/** The parts of a shape and what it asks of its sizes, at its place in a struct. */
export interface PlacedShape {
  readonly parts: readonly Part[];
  readonly groups: readonly Group[];
}

/** What a caller says of a shape; the names of other tensors are looked up when its place is known. */
export interface ShapeReader {
  /** Whether it takes the shape of another tensor. */
  readonly refers: boolean;
  readonly at: (place: Place) => PlacedShape;
}

/** Reads what a caller says of a shape. */
export function shapeReader(
  op: string,
  options: ShapeOptions,
  anyShape: (place: Place) => readonly Part[] = ({ ownRun }) => [{ group: ownRun }],
): ShapeReader {
  const { shape, like, rank, side } = options;
  if (like !== undefined && (typeof like !== "string" || options.shape !== undefined || rank !== undefined || side !== undefined))
    throw optionError(op, "like", like, "the path of another tensor of the struct, and no other shape");
  const asked = {
    ...(rank === undefined ? {} : { rank: checkRange(op, "rank", rank) }),
    ...(side === undefined ? {} : { side: checkRange(op, "side", side) }),
  };
  const written = shape === undefined ? undefined : parseShape(op, shape);
  if (rank !== undefined && written !== undefined && !written.some((part) => "group" in part && part.group.startsWith("...")))
    throw optionError(op, "rank", rank, 'it with a run of axes in the shape, as in ["...", "n"]');
  const at = (place: Place): PlacedShape => {
    if (like !== undefined) return { parts: place.shapeOf(like), groups: [] };
    const parts = written ?? anyShape(place);
    const groups = parts.flatMap((part): Group[] => {
      if ("side" in part) return [];
      return part.group.startsWith("...")
        ? [{ name: part.group, ...asked, ...openRank(asked.rank, parts.length - 1) }]
        : [{ name: part.group, ...(asked.side && { side: asked.side }) }];
    });
    return { parts, groups };
  };
  return { refers: like !== undefined, at };
}

/** The rank left for the run when the other parts have taken theirs. */
const openRank = (rank: Interval | undefined, taken: number): { readonly rank?: Interval } =>
  rank === undefined ? {} : { rank: [Math.max(0, rank[0] - taken), Math.max(0, rank[1] - taken)] };

/** One tensor of a kind of entries, which may depend on the sizes. */
export function tensorArbitrary(
  op: string,
  reader: ShapeReader,
  entries: (frame: Frame, shape: PlacedShape) => Entries,
  check: (shape: PlacedShape) => void = () => {},
  indexes?: Group,
): Arbitrary<Tensor> {
  const blueprint = single<Tensor>(
    op,
    (place) => {
      const shape = reader.at(place);
      check(shape);
      const groups = indexes === undefined ? shape.groups : [...shape.groups, indexes];
      return tensorLeaf(shape.parts, groups, (frame) => entries(frame, shape), indexes?.name);
    },
    reader.refers,
  );
  return new JointArbitrary(blueprint);
}

/**
 * Tensors of any shape or a given one, with entries from a domain.
 *
 * Draws mix numbers that people write (0, ±1, halves, tenths) with numbers of all digits and sizes, with ties, tensors of one value and
 * sparse ones. A counterexample shrinks in shape first (fewer axes, halved sides, sides of 1; entries are sliced, not redrawn), then to one
 * value everywhere, to zeros, to small integers, halves and short decimals; whatever the options ask for holds in every step. Throws if no
 * number fits the domain.
 * @example
 * ```ts
 * import { tensors } from "@cotangent/check";
 * import { sample } from "fast-check";
 * sample(tensors({ shape: [3], domain: [0, 1] }), { seed: 3, numRuns: 2 });
 * ```
 */
export function tensors(options: TensorsOptions = {}): Arbitrary<Tensor> {
  const checked = checkOptions("tensors", options, [...shapeOptions, ...pointOptions, "separation", "unique"]);
  return fromOptions("tensors", checked);
}

function fromOptions(op: string, options: TensorsOptions): Arbitrary<Tensor> {
  const { separation, unique = false } = options;
  if (separation !== undefined && !(separation > 0)) throw optionError(op, "separation", separation, "a positive number");
  const points = pointsOf(op, options);
  const entries = separation !== undefined || unique ? separated(points, separation ?? 0) : pointwise(points);
  return tensorArbitrary(op, shapeReader(op, options), () => entries);
}

const unitInterval: Domain = { name: "[0, 1]", low: 0, high: 1, closed: true, except: [] };
const openUnit: Domain = { name: "(0, 1)", low: 0, high: 1, closed: false, except: [] };

export interface ProbabilitiesOptions extends ShapeOptions {
  readonly dtype?: "float64" | "float32";
  /** Whether 0 and 1 are left out. */
  readonly interior?: boolean;
}

/** Tensors of probabilities, each entry by itself in [0, 1], or in (0, 1) with `interior`. */
export function probabilities(options: ProbabilitiesOptions = {}): Arbitrary<Tensor> {
  const { interior = false, ...rest } = checkOptions("probabilities", options, [...shapeOptions, "dtype", "interior"]);
  return fromOptions("probabilities", { ...rest, domain: interior ? openUnit : unitInterval });
}

/**
 * Tensors whose entries keep a distance from one another, 0.1 by default: away from the ties of `max`, `sort` and the like, so that a small
 * step changes no order.
 */
export function wellSeparated(options: TensorsOptions = {}): Arbitrary<Tensor> {
  const checked = checkOptions("wellSeparated", options, [...shapeOptions, ...pointOptions, "separation", "unique"]);
  return fromOptions("wellSeparated", { separation: 0.1, ...checked });
}

/** Tensors whose entries keep away from points, 0.05 by default (`margin`), or from all `"integers"` or `"halves"`: from kinks and poles. */
export function awayFrom(points: number | readonly number[] | "integers" | "halves", options: TensorsOptions = {}): Arbitrary<Tensor> {
  const checked = checkOptions("awayFrom", options, [...shapeOptions, ...pointOptions, "separation", "unique"]);
  const list = typeof points === "number" ? [points] : points;
  const known = list === "integers" || list === "halves" || (Array.isArray(list) && list.every((point) => typeof point === "number"));
  if (!known) throw optionError("awayFrom", "the first argument", points, 'numbers, "integers" or "halves"');
  return fromOptions("awayFrom", { ...checked, domain: without(list, checked.domain ?? reals) });
}

function without(points: readonly number[] | "integers" | "halves", domain: Domain | Interval): Domain {
  const base: Domain =
    "low" in domain ? domain : { name: `[${domain.join(", ")}]`, low: domain[0], high: domain[1], closed: true, except: [] };
  if (typeof points === "string") return { ...base, name: `${base.name} without ${points}`, steps: points };
  return { ...base, name: `${base.name} \\ {${points.join(", ")}}`, except: [...base.except, ...points] };
}

export interface IndicesOptions extends ShapeOptions {
  /** Whether some count from the back. */
  readonly negative?: boolean;
  /** Whether all of them differ. */
  readonly unique?: boolean;
}

/**
 * int32 tensors of indices into an axis of a size: a number, or a named size of the struct, with which they shrink.
 * @example
 * ```ts
 * import { indices, sized, tensors } from "@cotangent/check";
 * import { sample } from "fast-check";
 * const lookup = sized({ table: tensors({ shape: ["words", 2] }), words: indices("words", { shape: ["n"] }) });
 * sample(lookup, { seed: 1, numRuns: 20 }).every(({ table, words }) => words.values.every((i) => i < table.shape[0]!)); // => true
 * ```
 */
export function indices(size: number | string, options: IndicesOptions = {}): Arbitrary<Tensor> {
  const { negative = false, unique = false, ...rest } = checkOptions("indices", options, [...shapeOptions, "negative", "unique"]);
  const [part, ...others] = parseShape("indices", [size]);
  if (part === undefined || others.length > 0) throw optionError("indices", "the size", size, "a number or a name");
  if ("side" in part && part.side === 0) throw optionError("indices", "the size", size, "a positive number or a name");
  const made = new Map<number, Entries>();
  const entriesFor = (side: number): Entries => {
    let entries = made.get(side);
    if (entries === undefined) {
      const points = pointsOf("indices", { dtype: "int32", domain: [negative ? -side : 0, side - 1] });
      made.set(side, (entries = unique ? separated(points, 1) : pointwise(points)));
    }
    return entries;
  };
  const reader = shapeReader("indices", rest);
  if ("side" in part) return tensorArbitrary("indices", reader, () => entriesFor(part.side));
  const group: Group = { name: part.group, side: [1, Infinity] };
  return tensorArbitrary("indices", reader, (frame) => entriesFor(frame.get(part.group)![0]!), undefined, group);
}

/** A named size of the struct, as a number. */
export function size(name: string): Arbitrary<number> {
  const [part] = parseShape("size", [name]);
  if (part === undefined || "side" in part || part.group.startsWith("...")) throw optionError("size", "the name", name, 'a name as in "m"');
  return new JointArbitrary(single<number>("size", () => sizeLeaf(part.group)));
}

export interface AxesOptions {
  /** How many axes: any number by default. */
  readonly count?: Range;
  /** Whether some count from the back. */
  readonly negative?: boolean;
}

/**
 * Distinct axes, in any order, of a tensor of the struct (by its path), of a rank, or of a shape in parts. They follow the tensor when it
 * loses axes.
 * @example
 * ```ts
 * import { axes, sized, tensors } from "@cotangent/check";
 * import { sample } from "fast-check";
 * const reduction = sized({ x: tensors({ rank: [1, 3] }), axes: axes("x", { count: [1, 2], negative: true }) });
 * sample(reduction, { seed: 1, numRuns: 20 }).every(({ x, axes }) => x.sum({ axes }).rank === x.rank - axes.length); // => true
 * ```
 */
export function axes(of: AxesSource, options: AxesOptions = {}): Arbitrary<number[]> {
  const { count = [0, 64], negative = false } = checkOptions("axes", options, ["count", "negative"]);
  return new JointArbitrary(
    single<number[]>("axes", axesReader("axes", of, checkRange("axes", "count", count), negative), typeof of === "string"),
  );
}

/** One axis of a tensor of the struct, of a rank or of a shape, as `axes` draws several. */
export function axis(of: AxesSource, options: { readonly negative?: boolean } = {}): Arbitrary<number> {
  const { negative = false } = checkOptions("axis", options, ["negative"]);
  const read = axesReader("axis", of, [1, 1], negative);
  const blueprint = single<number>(
    "axis",
    (place) => {
      const leaf = read(place);
      return {
        ...leaf,
        value: (state, frame) => leaf.value(state, frame)[0]!,
        measure: (value, frame) => (Number.isInteger(value) ? frame : undefined),
        read: (value, frame) => leaf.read!([value], frame),
      } satisfies Leaf<AxesState, number>;
    },
    typeof of === "string",
  );
  return new JointArbitrary(blueprint);
}

/** A tensor of the struct by its path, a rank, or a shape in parts. */
export type AxesSource = string | number | readonly Dimension[];

function axesReader(op: string, of: AxesSource, range: Interval, negative: boolean): (place: Place) => Leaf<AxesState, number[]> {
  const known = typeof of === "string" || Array.isArray(of) || (Number.isSafeInteger(of) && (of as number) >= 0);
  if (!known) throw optionError(op, "the first argument", of, "the path of a tensor of the struct, a rank or a shape");
  const written = typeof of === "string" ? undefined : parseShape(op, typeof of === "number" ? new Array<number>(of).fill(1) : of);
  return ({ shapeOf }) => {
    const parts = written ?? shapeOf(of as string);
    const fixed = parts.filter((part) => "side" in part || !part.group.startsWith("...")).length;
    if (fixed === parts.length && range[0] > fixed) throw optionError(op, "the number of axes", range[0], `at most ${fixed}`);
    const rank: Interval = [Math.max(0, range[0] - fixed), Infinity];
    const groups = parts.flatMap((part): Group[] =>
      "side" in part ? [] : [{ name: part.group, ...(part.group.startsWith("...") ? { rank } : {}) }],
    );
    return axesLeaf(parts, groups, range, negative);
  };
}
