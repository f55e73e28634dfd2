/** What a workload is: inputs from fixed seeds, one function written with Cotangent, one in plain JavaScript. It knows no engine and no clock. */
import { random } from "@cotangent/core";

/** An array as every engine can take it. Its entries are float32 numbers, so that both precisions solve the same problem. */
export interface Entries {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** One argument: an array, or several by name. */
export type Data = Entries | { readonly [name: string]: Data };

export interface Workload {
  /** W1a, W1b, …; the workload that is W3 of one size is W3-256, with gradients W3-256-grad. */
  readonly name: string;
  /** What the peers call the function: a key of the tables in `peers/`. */
  readonly problem: string;
  /** What that function must know beside its inputs. */
  readonly settings?: Readonly<Record<string, number>>;
  /** What is computed, with its sizes. */
  readonly title: string;
  /** Which arguments are differentiated. */
  readonly parameters: readonly number[];
  /** Multiplications and additions a call, where they are what is counted. */
  readonly operations?: number;
  readonly inputs: () => readonly Data[];
  /** Takes the inputs as tensors; gives tensors in arrays and objects. */
  readonly cotangent: (...inputs: never[]) => unknown;
  /** Functions of the same inputs, written with Cotangent, that are timed beside it; `value` is what gradients are taken of. */
  readonly beside?: Readonly<Record<string, (...inputs: never[]) => unknown>>;
  /** Takes the inputs as `Float64Array`s; gives numbers and such arrays in the same order. */
  readonly plain: (...inputs: never[]) => unknown;
}

export const isEntries = (data: Data): data is Entries => (data as Entries).values instanceof Float64Array;

/** Values for the leaves of some data, by a function of each. */
export function mapData<T>(data: Data, leaf: (entries: Entries) => T): unknown {
  if (isEntries(data)) return leaf(data);
  return Object.fromEntries(Object.entries(data).map(([name, part]) => [name, mapData(part, leaf)]));
}

/** Leaves in one order for all engines: arrays as they stand, objects by sorted names. */
export function leavesOf(value: unknown, isLeaf: (value: unknown) => boolean): unknown[] {
  if (isLeaf(value)) return [value];
  if (typeof value !== "object" || value === null) throw new Error(`not a result: ${String(value)}`);
  if (Array.isArray(value)) return value.flatMap((part) => leavesOf(part, isLeaf));
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, part]) => leavesOf(part, isLeaf));
}

export const entries = (shape: readonly number[], values: ArrayLike<number>): Entries => ({
  shape,
  values: Float64Array.from(values, Math.fround),
});

/** Normal numbers times `scale`, plus `shift`. */
export function normal(seed: number, shape: readonly number[], scale = 1, shift = 0): Entries {
  return entries(
    shape,
    Float64Array.from(random.normal(random.key(seed), shape).values, (x) => shift + scale * x),
  );
}

/** Rows that are 1 at one of `classes` places, drawn alike, and 0 elsewhere. */
export function oneHot(seed: number, rows: number, classes: number): Entries {
  const values = new Float64Array(rows * classes);
  random.randint(random.key(seed), [rows], 0, classes).values.forEach((k, i) => {
    values[i * classes + k] = 1;
  });
  return { shape: [rows, classes], values };
}
