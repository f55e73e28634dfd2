/** Rows along the last axis that are distributions: points of the simplex and one-hot rows. Knows rows of arrays; knows no sizes by name. */
import type { DType, Shape, Tensor } from "@cotangent/core";
import { sizeOf } from "@cotangent/core/engine";
import type { Arbitrary, Random } from "fast-check";
import { isBiased, logUniform, oneIn, uniform } from "./draws.ts";
import { type Entries, totalComplexity, type Values } from "./entries.ts";
import { noRowsError, optionError } from "./errors.ts";
import { checkOptions } from "./options.ts";
import { type PlacedShape, type ShapeOptions, shapeOptions, type ShapeReader, shapeReader, tensorArbitrary } from "./tensors.ts";

export interface SimplexOptions extends ShapeOptions {
  readonly dtype?: "float64" | "float32";
  /** Whether every entry is positive: at least 1/64 of the mean of its row. */
  readonly interior?: boolean;
}

const checkRows =
  (op: string) =>
  ({ parts }: PlacedShape): void => {
    const last = parts.at(-1);
    if (last === undefined || ("side" in last ? last.side === 0 : last.group.startsWith("..."))) throw noRowsError(op, written(parts));
  };

const written = (parts: PlacedShape["parts"]): (number | string)[] => parts.map((part) => ("side" in part ? part.side : part.group));

/** Distributions along the last axis need at least one class. */
function rowReader(op: string, options: ShapeOptions): ShapeReader {
  const { refers, at } = shapeReader(op, options, ({ ownRun, ownSize }) => [
    ...(options.rank === undefined ? [] : [{ group: ownRun }]),
    { group: ownSize },
  ]);
  const atLeastOne = (shape: PlacedShape): PlacedShape => {
    const last = shape.parts.at(-1);
    return last === undefined || "side" in last
      ? shape
      : { ...shape, groups: [...shape.groups, { name: last.group, side: [1, Infinity] }] };
  };
  return { refers, at: (place) => atLeastOne(at(place)) };
}

/**
 * Tensors whose rows along the last axis are points of the simplex: entries of at least 0 whose sum is 1, exactly, in whatever order it is
 * taken (every entry is a multiple of 2⁻⁵³). They shrink to corners, then to halves, quarters, eighths.
 */
export function simplex(options: SimplexOptions = {}): Arbitrary<Tensor> {
  const { dtype = "float64", interior = false, ...rest } = checkOptions("simplex", options, [...shapeOptions, "dtype", "interior"]);
  if (dtype !== "float64" && dtype !== "float32") throw optionError("simplex", "dtype", dtype, "float64 or float32");
  const entries = rows(simplexRows(dtype, interior));
  return tensorArbitrary("simplex", rowReader("simplex", rest), () => entries, checkRows("simplex"));
}

export interface OneHotOptions extends ShapeOptions {
  readonly dtype?: DType;
}

/** Tensors whose rows along the last axis have one 1 among zeros. They shrink to a 1 in front. */
export function oneHot(options: OneHotOptions = {}): Arbitrary<Tensor> {
  const { dtype = "float64", ...rest } = checkOptions("oneHot", options, [...shapeOptions, "dtype"]);
  if (!["float64", "float32", "int32", "bool"].includes(dtype)) throw optionError("oneHot", "dtype", dtype, "a dtype");
  const entries = rows(unitRows(dtype));
  return tensorArbitrary("oneHot", rowReader("oneHot", rest), () => entries, checkRows("oneHot"));
}

/** A kind of entries that is one rule for each row. */
interface RowRule {
  readonly dtype: DType;
  draw(count: number, random: Random, biased: boolean): number[];
  allows(row: Values): boolean;
  /** The row nearest to what slicing left. */
  repair(row: Values): ArrayLike<number>;
  cost(row: Values): number;
  simpler(row: Values): Iterable<ArrayLike<number>>;
}

function rows(rule: RowRule): Entries {
  const split = (values: Values, shape: Shape): Values[] => {
    const side = shape.at(-1)!;
    return Array.from({ length: side === 0 ? 0 : values.length / side }, (_, i) => values.slice(i * side, (i + 1) * side));
  };
  const joined = (parts: readonly ArrayLike<number>[]): Values => Float64Array.from(parts.flatMap((part) => Array.from(part)));
  return {
    dtype: rule.dtype,
    origin: 0,
    draw(shape, random, biasFactor) {
      const biased = isBiased(random, biasFactor);
      const side = shape.at(-1)!;
      return joined(Array.from({ length: sizeOf(shape) / side }, () => rule.draw(side, random, biased)));
    },
    allows: (values, shape) => split(values, shape).every(rule.allows),
    repair: (values, shape) => joined(split(values, shape).map((row) => (rule.allows(row) ? row : rule.repair(row)))),
    cost: (values, shape) => split(values, shape).reduce((total, row) => total + rule.cost(row), 0),
    *whole(values, shape) {
      const all = split(values, shape);
      if (all.length < 2) return;
      const first = [...rule.simpler(all[0]!)];
      for (const row of first) yield joined(all.map(() => row));
      for (const row of all) yield joined(all.map(() => row));
    },
    places: (shape) => sizeOf(shape.slice(0, -1)),
    *single(values, shape, place) {
      const all = split(values, shape);
      for (const row of rule.simpler(all[place]!)) yield joined(all.with(place, Float64Array.from(row)));
    },
  };
}

function simplexRows(dtype: "float64" | "float32", interior: boolean): RowRule {
  const finest = dtype === "float64" ? 53 : 24;
  const leastOf = (count: number): number => (interior ? 2 ** -(6 + Math.ceil(Math.log2(count))) : 0);
  const onGrid = (weights: ArrayLike<number>, bits: number): number[] => distribution(weights, leastOf(weights.length), bits);
  return {
    dtype,
    draw(count, random, biased) {
      const spread = logUniform(random, 0.1, 10);
      const weights = Array.from({ length: count }, () => (-Math.log(1 - uniform(random))) ** spread);
      if (oneIn(random, 4)) for (let i = 0; i < count; i++) if (oneIn(random, 2)) weights[i] = 0;
      if (biased) weights.fill(0).splice(random.nextInt(0, count - 1), 1, 1);
      return onGrid(weights, oneIn(random, 4) ? Math.max(4, 8 + Math.ceil(Math.log2(count))) : finest);
    },
    allows: (row) =>
      row.reduce((total, x) => total + x, 0) === 1 && row.every((x) => x >= leastOf(row.length) && Number.isInteger(x * 2 ** finest)),
    repair: (row) => onGrid(row, finest),
    cost: (row) => totalComplexity(row, dtype) + 1e-6 * row.reduce((total, x, i) => total + x * i, 0),
    *simpler(row) {
      const count = row.length;
      const corner = (at: number): number[] => Array.from({ length: count }, (_, i) => Number(i === at));
      yield onGrid(corner(0), finest);
      yield onGrid(corner(row.indexOf(Math.max(...row))), finest);
      const coarsest = Math.ceil(Math.log2(count)) + (interior ? 6 : 0);
      const support = row.map((x) => Number(x > leastOf(count)));
      const ladder = row.map((x, i) => support[i]! * (1 + row.filter((y) => y < x).length));
      for (const weights of [support, ladder]) yield onGrid(weights, Math.max(coarsest, Math.ceil(Math.log2(count))) + 1);
      for (let bits = 1; bits < 12; bits++) if (bits >= coarsest || !interior) yield onGrid(row, bits);
      for (let i = 0; i < count; i++) yield onGrid(row.with(i, 0), finest);
      for (let i = 1; i < count; i++) yield row.with(i - 1, row[i]!).with(i, row[i - 1]!);
    },
  };
}

/** Multiples of 2^−bits of at least `least` whose sum is 1, near the weights' shares; equal shares of no weight. */
function distribution(weights: ArrayLike<number>, least: number, bits: number): number[] {
  const all = Array.from(weights);
  const total = all.reduce((sofar, x) => sofar + x, 0);
  const count = all.length;
  const shares = all.map((x) => least + (1 - count * least) * (total > 0 ? x / total : 1 / count));
  const grid = 2 ** bits;
  const units = shares.map((share) => Math.max(Math.round(least * grid), Math.floor(share * grid)));
  let rest = grid - units.reduce((sofar, x) => sofar + x, 0);
  const order = all.map((_, i) => i).sort((i, j) => shares[j]! * grid - units[j]! - (shares[i]! * grid - units[i]!) || i - j);
  const most = units.indexOf(Math.max(...units));
  for (const i of order) if (rest > 0 && rest <= count) [units[i], rest] = [units[i]! + 1, rest - 1];
  units[most] = units[most]! + rest;
  return units.map((unit) => unit / grid);
}

function unitRows(dtype: DType): RowRule {
  const unit = (count: number, at: number): number[] => Array.from({ length: count }, (_, i) => Number(i === at));
  return {
    dtype,
    draw: (count, random, biased) => unit(count, biased ? (oneIn(random, 2) ? 0 : count - 1) : random.nextInt(0, count - 1)),
    allows: (row) => row.every((x) => x === 0 || x === 1) && row.reduce((total, x) => total + x, 0) === 1,
    repair: (row) => unit(row.length, Math.max(0, row.indexOf(1))),
    cost: (row) => row.indexOf(1),
    *simpler(row) {
      for (let at = 0; at < row.indexOf(1); at++) yield unit(row.length, at);
    },
  };
}
