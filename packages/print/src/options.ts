/** What all printers let a reader choose, checked in one place. */
import type { SubGraph } from "@cotangent/core/engine";
import { notGraphError, optionError } from "./errors.ts";

export interface PrintOptions {
  /** Show the values the graph was recorded with, where there are any; false by default. */
  readonly values?: boolean;
  /** Show dtypes and shapes. */
  readonly shapes?: boolean;
  /** Significant digits of numbers, 1 to 17; 6 by default. */
  readonly digits?: number;
  /** Names for the inputs in order, in place of their labels. */
  readonly inputs?: readonly string[];
}

export interface Settings {
  readonly values: boolean;
  readonly shapes: boolean;
  readonly digits: number;
  readonly inputs: readonly string[];
}

/** The options with their defaults, or an error that names what is wrong. */
export function settingsOf(
  printer: string,
  graph: unknown,
  options: PrintOptions,
  defaults: Pick<Settings, "shapes" | "digits">,
  ownOptions: readonly string[],
): Settings {
  if (!isGraph(graph)) throw notGraphError(printer, graph);
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw optionError(printer, "the second argument", options, "an object of options");
  }
  const known = ["values", "shapes", "digits", "inputs", ...ownOptions];
  for (const key of Object.keys(options)) if (!known.includes(key)) throw optionError(printer, "an option", key, known.join(", "));
  const { values = false, shapes = defaults.shapes, digits = defaults.digits, inputs = [] } = options;
  if (!Number.isInteger(digits) || digits < 1 || digits > 17) throw optionError(printer, "digits", digits, "an integer from 1 to 17");
  if (!Array.isArray(inputs) || inputs.length > graph.inputs.length || !inputs.every((name) => typeof name === "string" && name !== "")) {
    throw optionError(printer, "inputs", inputs, `a list of at most ${graph.inputs.length} non-empty names`);
  }
  return { values: flagOf(printer, "values", values), shapes: flagOf(printer, "shapes", shapes), digits, inputs };
}

function isGraph(value: unknown): value is SubGraph {
  if (typeof value !== "object" || value === null) return false;
  const { inputs, outputs, nodes } = value as Partial<SubGraph>;
  return Array.isArray(inputs) && Array.isArray(outputs) && Array.isArray(nodes);
}

export function flagOf(printer: string, option: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw optionError(printer, option, value, "true or false");
  return value;
}

/** One of several words. */
export function choiceOf<T extends string>(printer: string, option: string, value: unknown, choices: readonly T[]): T {
  if (!choices.includes(value as T)) throw optionError(printer, option, value, choices.map((choice) => `"${choice}"`).join(" or "));
  return value as T;
}
