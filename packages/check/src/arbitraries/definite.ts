/** Symmetric positive definite matrices along the last two axes. Knows Cholesky's criterion; knows no sizes by name. */
import type { Shape, Tensor } from "@cotangent/core";
import { sizeOf } from "@cotangent/core/engine";
import type { Arbitrary, Random } from "fast-check";
import { isBiased, logUniform, oneIn } from "./draws.ts";
import { type Entries, totalComplexity, type Values } from "./entries.ts";
import { optionError, squareError } from "./errors.ts";
import type { Part } from "./frame.ts";
import { rounded, simplerNumbers } from "./number.ts";
import { checkOptions } from "./options.ts";
import { type PlacedShape, type ShapeOptions, shapeOptions, shapeReader, tensorArbitrary } from "./tensors.ts";

export interface PositiveDefiniteOptions extends ShapeOptions {
  readonly dtype?: "float64" | "float32";
  /** The most the condition number may be: the least eigenvalue is at least the trace divided by it. 10⁴ by default. */
  readonly condition?: number;
}

/**
 * Tensors of symmetric positive definite matrices along the last two axes, exactly symmetric and of bounded condition.
 *
 * The shape ends with the same size twice, as in `["n", "n"]`; one matrix by default; a smaller matrix is a leading or other principal part of a larger one.
 * They shrink to the identity, to diagonal matrices, to small integers.
 */
export function positiveDefinite(options: PositiveDefiniteOptions = {}): Arbitrary<Tensor> {
  const {
    dtype = "float64",
    condition = 1e4,
    ...rest
  } = checkOptions("positiveDefinite", options, [...shapeOptions, "dtype", "condition"]);
  if (dtype !== "float64" && dtype !== "float32") throw optionError("positiveDefinite", "dtype", dtype, "float64 or float32");
  if (!(condition >= 1000 && condition <= 1e12)) throw optionError("positiveDefinite", "condition", condition, "a number from 1e3 to 1e12");
  const read = shapeReader("positiveDefinite", rest, ({ ownRun, ownSize }) => [
    ...(rest.rank === undefined ? [] : [{ group: ownRun }]),
    { group: ownSize },
    { group: ownSize },
  ]);
  const entries = matrices(dtype, condition);
  return tensorArbitrary("positiveDefinite", read, () => entries, checkSquare);
}

function checkSquare({ parts }: PlacedShape): void {
  const name = (part: Part | undefined): unknown => (part === undefined ? undefined : "side" in part ? part.side : part.group);
  const [rows, columns] = [name(parts.at(-2)), name(parts.at(-1))];
  if (rows === undefined || rows !== columns || String(rows).startsWith("...")) throw squareError("positiveDefinite", parts.map(name));
}

function matrices(dtype: "float64" | "float32", condition: number): Entries {
  const each = (values: Values, shape: Shape): Values[] => {
    const size = shape.at(-1)! ** 2;
    return Array.from({ length: size === 0 ? 0 : values.length / size }, (_, i) => values.slice(i * size, (i + 1) * size));
  };
  const joined = (parts: readonly Values[]): Values => Float64Array.from(parts.flatMap((part) => Array.from(part)));
  const allowsOne = (a: Values): boolean => isDefinite(a, Math.sqrt(a.length), condition);
  return {
    dtype,
    origin: 0,
    draw: (shape, random, biasFactor) =>
      joined(Array.from({ length: sizeOf(shape.slice(0, -2)) }, () => drawMatrix(shape.at(-1)!, dtype, condition, random, biasFactor))),
    allows: (values, shape) => each(values, shape).every((a) => allowsOne(a) && a.every((x) => rounded(x, dtype) === x)),
    repair: (values, shape) => joined(each(values, shape).map((a) => (allowsOne(a) ? a : identity(shape.at(-1)!)))),
    cost: (values) => totalComplexity(values, dtype),
    *whole(values, shape) {
      const all = each(values, shape);
      const n = shape.at(-1)!;
      yield joined(all.map(() => identity(n)));
      yield joined(all.map((a) => a.map((x, i) => (i % (n + 1) === 0 ? x : 0))));
      for (const step of [1, 0.5, 0.1]) yield values.map((x) => rounded(Number((Math.round(x / step) * step).toPrecision(12)), dtype) + 0);
    },
    places: sizeOf,
    *single(values, shape, place) {
      const n = shape.at(-1)!;
      const [start, row, column] = [Math.floor(place / (n * n)) * n * n, Math.floor(place / n) % n, place % n];
      if (row > column) return;
      for (const x of simplerNumbers(values[place]!, dtype)) yield values.with(place, x).with(start + column * n + row, x);
    },
  };
}

function identity(n: number): Values {
  return new Float64Array(n * n).map((_, i) => Number(i % (n + 1) === 0));
}

/** L Lᵀ of a random factor, with as much of the identity added as its condition needs. */
function drawMatrix(n: number, dtype: "float64" | "float32", condition: number, random: Random, biasFactor: number | undefined): Values {
  if (isBiased(random, biasFactor) && oneIn(random, 2)) return identity(n);
  const readable = oneIn(random, 2);
  const scale = oneIn(random, 4) ? logUniform(random, 0.01, 100) : 1;
  const factor = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const size = readable ? random.nextInt(i === j ? 1 : 0, 4) / 2 : logUniform(random, 0.1, 3);
      factor[i * n + j] = i !== j && oneIn(random, 2) ? -size : size;
    }
  }
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k <= j; k++) sum += factor[i * n + k]! * factor[j * n + k]!;
      a[i * n + j] = a[j * n + i] = rounded(readable ? sum : sum * scale, dtype);
    }
  }
  for (let added = trace(a, n) / n / 64; !isDefinite(a, n, condition); added *= 2)
    for (let i = 0; i < n; i++) a[i * n + i] = rounded(a[i * n + i]! + added, dtype);
  return a;
}

function trace(a: Values, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += a[i * n + i]!;
  return sum;
}

/** Whether a matrix is symmetric and what is left after taking trace/condition off its diagonal has a Cholesky factor. */
function isDefinite(a: Values, n: number, condition: number): boolean {
  const shift = trace(a, n) / condition;
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      if (a[i * n + j] !== a[j * n + i]) return false;
      let sum = a[i * n + j]! - (i === j ? shift : 0);
      for (let k = 0; k < j; k++) sum -= l[i * n + k]! * l[j * n + k]!;
      if (i === j && !(sum > 0)) return false;
      l[i * n + j] = i === j ? Math.sqrt(sum) : sum / l[j * n + j]!;
    }
  }
  return true;
}
