/**
 * What a function of the op table and its derivative look like on symbols: the rules are run on shapes alone and the recording is printed.
 * It knows no op by name.
 */
import type { DType, Shape, Tensor } from "@cotangent/core";
import { tensor } from "@cotangent/core";
import {
  type Aval,
  type Draw,
  flattenTensors,
  type Graph,
  isFloat,
  pullback,
  recordFunction,
  type SubGraph,
  type TableFunction,
  tensorOf,
  unflatten,
} from "@cotangent/core/engine";
import { notTableFunctionError } from "./errors.ts";
import { latex } from "./latex.ts";
import { text } from "./text.ts";

/**
 * A function of the op table on symbols, as LaTeX. Its arguments are those of the row's sample, tensors called x, y, z.
 * @example
 * ```ts
 * formulaLatex(sigmoid); // => \sigma(x)
 * ```
 */
export function formulaLatex(f: TableFunction): string {
  return printed("formulaLatex", f, (graph, inputs) => latex(graph, { inputs }));
}

/**
 * A function of the op table on symbols, as infix text; see `formulaLatex`.
 * @example
 * ```ts
 * formulaText(mul); // => x * y
 * ```
 */
export function formulaText(f: TableFunction): string {
  return printed("formulaText", f, (graph, inputs) => text(graph, { form: "formula", inputs }));
}

/**
 * The derivative rule of a function of the op table, run on symbols, as LaTeX: one entry for each float tensor among its arguments.
 *
 * An elementwise function gives its partial derivatives; any other gives what its pullback makes of the cotangent g of its output.
 * @example
 * ```ts
 * derivativeLatex(sigmoid); // => ["\\sigma(x)\\,\\sigma(-x)"]
 * derivativeLatex(mul); // => ["y", "x"]
 * ```
 */
export function derivativeLatex(f: TableFunction): readonly string[] {
  return derivatives("derivativeLatex", f).map(({ graph, inputs }) => latex(graph, { inputs }));
}

/**
 * The derivative rule of a function of the op table, run on symbols, as infix text; see `derivativeLatex`.
 * @example
 * ```ts
 * derivativeText(sigmoid); // => ["sigmoid(x) * sigmoid(-x)"]
 * ```
 */
export function derivativeText(f: TableFunction): readonly string[] {
  return derivatives("derivativeText", f).map(({ graph, inputs }) => text(graph, { form: "formula", inputs }));
}

/** A function with its arguments taken apart: the tensors become symbols, the rest stays. */
interface Applied {
  readonly leaves: readonly Tensor[];
  readonly run: (leaves: readonly Tensor[]) => readonly Tensor[];
  readonly isElementwise: boolean;
}

function applied(printer: string, f: TableFunction): Applied {
  if (typeof f !== "function" || typeof f.row?.sample !== "function") throw notTableFunctionError(printer, f);
  const isElementwise = f.row.op?.kind === "elementwise";
  const flat = flattenTensors(f.row.sample(simplest(isElementwise ? 0 : 2)));
  return {
    leaves: flat.leaves,
    run: (leaves) =>
      flattenTensors((f as unknown as (...args: unknown[]) => unknown)(...unflatten<unknown[]>(flat.definition, leaves))).leaves,
    isElementwise,
  };
}

function printed(printer: string, f: TableFunction, print: (graph: SubGraph, inputs: readonly string[]) => string): string {
  const { leaves, run } = applied(printer, f);
  return print(recordFunction(run, avalsOf(leaves), { abstract: true }), symbolsOf(leaves));
}

const avalsOf = (leaves: readonly Aval[]): Aval[] => leaves.map(({ shape, dtype }) => ({ shape, dtype }));

interface Derivative {
  readonly graph: SubGraph;
  readonly inputs: readonly string[];
}

/** One graph for each float leaf. */
function derivatives(printer: string, f: TableFunction): Derivative[] {
  const { leaves, run, isElementwise } = applied(printer, f);
  const outputs = avalsOf(recordFunction(run, avalsOf(leaves), { abstract: true }).outputs);
  const cotangents = isElementwise ? [] : outputs.filter(({ dtype }) => isFloat(dtype));
  const names = [...symbolsOf(leaves), ...cotangents.map((_, i) => (cotangents.length === 1 ? "g" : `g_${i + 1}`))];
  return leaves.flatMap((leaf, i) => {
    if (!isFloat(leaf.dtype)) return [];
    const graph = sweep(run, [...avalsOf(leaves), ...cotangents], leaves.length, i);
    return [{ graph, inputs: names }];
  });
}

/** The cotangent of one leaf, recorded with the function itself; without inputs for the outputs' cotangents they are 1. */
function sweep(run: Applied["run"], inputs: readonly Aval[], count: number, wanted: number): Graph {
  return recordFunction(
    (fresh, recording) => {
      const outputs = run(fresh.slice(0, count));
      let next = count;
      const seeds = outputs.map(({ dtype }) => {
        if (!isFloat(dtype)) return null;
        return next < fresh.length ? fresh[next++]! : tensorOf([], dtype, 1);
      });
      return [pullback({ recording, inputs: fresh, outputs }, seeds)[wanted] ?? tensorOf([], fresh[wanted]!.dtype, 0)];
    },
    inputs,
    { abstract: true },
  );
}

/** x, y, z, … for floats, c for a condition, i for integers beside floats. */
function symbolsOf(leaves: readonly Aval[]): string[] {
  const counts = new Map<string, number>();
  const hasFloats = leaves.some(({ dtype }) => isFloat(dtype));
  return leaves.map(({ dtype }) => {
    const kind = dtype === "bool" ? "c" : isFloat(dtype) || !hasFloats ? "xyzuvw" : "ijk";
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    return kind[count] ?? `${kind[0]}_${count + 1}`;
  });
}

/** Draws the plainest arguments: the first choice, no flag, the smallest shape of at least the given rank. */
function simplest(rank: number): Draw {
  const filled = (shape: Shape, dtype: DType, value: number): Tensor =>
    tensor(new Array<number>(shape.reduce((size, side) => size * side, 1)).fill(value), { shape, dtype });
  return {
    integer: (low, high) => (low === 0 && high === 1 ? 1 : Math.floor((low + high) / 2)),
    pick: (choices) => choices[0]!,
    shape: (minRank, maxRank, minSide = 0, maxSide = 4) =>
      new Array<number>(Math.min(maxRank, Math.max(minRank, rank))).fill(Math.min(maxSide, Math.max(minSide, 3))),
    tensor: (shape) => filled(shape, "float64", 0.5),
    integers: (shape, low) => filled(shape, "int32", low),
    bools: (shape) => filled(shape, "bool", 1),
  };
}
