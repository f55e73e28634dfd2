/** Graphs as text: a listing with one value a line, or a formula. Knows outlines and infix terms. */
import type { Tensor } from "@cotangent/core";
import type { SubGraph } from "@cotangent/core/engine";
import { termText } from "./infix.ts";
import { choiceOf, type PrintOptions, type Settings, settingsOf } from "./options.ts";
import { type Equation, equationsOf, type Outline, outlineOf, unused, type Values } from "./outline.ts";
import { typeText, valueText } from "./values.ts";

export interface TextOptions extends PrintOptions {
  /** A line for every node, or one formula with a list of what is shared; `"listing"` by default. */
  readonly form?: "listing" | "formula";
}

/**
 * A graph as text: a listing of inputs, one line a node with its right-hand side in infix form, and outputs; or, with
 * `form: "formula"`, an expression, followed by the values that are shared or named.
 *
 * Dtypes and shapes are shown in listings unless `shapes` is false; `values` adds the recorded values. Throws where the argument is not a
 * graph.
 * @example
 * ```ts
 * const graph = record((x: Tensor) => x.mul(2).add(1).square().sum(), label(tensor([1, 2]), "x"));
 * text(graph);
 * // => inputs x: float64[2]
 * // a: float64[2] = x * 2
 * // b: float64[2] = a + 1
 * // c: float64[2] = b²
 * // d: float64[]  = sum(c)
 * // outputs d
 * text(graph, { form: "formula" }); // => sum((x * 2 + 1)²)
 * ```
 */
export function text(graph: SubGraph, options: TextOptions = {}): string {
  const settings = settingsOf("text", graph, options, { shapes: options?.form !== "formula", digits: 6 }, ["form"]);
  const form = choiceOf("text", "form", options.form ?? "listing", ["listing", "formula"]);
  const isListing = form === "listing";
  const outline = outlineOf(graph, { steps: isListing, literal: isListing, inputs: settings.inputs });
  return (isListing ? listing(outline, settings, "", "") : formula(outline, settings)).join("\n");
}

/** A line before its left sides are aligned. */
interface Line {
  readonly left: string;
  readonly right: string;
  readonly tensors: readonly Tensor[];
  readonly below: readonly string[];
}

function listing(outline: Outline, settings: Settings, indent: string, title: string): string[] {
  const typed = (name: string, x: Tensor): string => (settings.shapes ? `${name}: ${typeText(x)}` : name);
  const inputs = outline.inputs.map(({ name, tensor }) => ({ text: typed(name, tensor), tensor }));
  const constants = outline.definitions.flatMap((one) =>
    one.kind === "constant" ? [{ text: typed(one.name, one.tensor), tensor: one.tensor }] : [],
  );
  const lines = outline.definitions.flatMap((one) => (one.kind === "values" ? [lineOf(one, typed, settings, indent)] : []));
  return [
    ...header(title === "" ? "inputs" : title, inputs, settings, indent),
    ...(constants.length === 0 ? [] : header("constants", constants, settings, indent)),
    ...aligned(lines, settings, indent),
    `${indent}outputs ${outline.outputs.map(({ term }) => termText(term, settings.digits)).join(", ")}`.trimEnd(),
  ];
}

function lineOf(
  { names, tensors, term, functions }: Values,
  typed: (name: string, x: Tensor) => string,
  settings: Settings,
  indent: string,
): Line {
  return {
    left: names.map((name, i) => typed(name, tensors[i]!)).join(", "),
    right: termText(term, settings.digits),
    tensors: tensors.filter((_, i) => names[i] !== unused),
    below: functions.flatMap(({ name, outline }) => listing(outline, settings, `${indent}  `, `${name} of`)),
  };
}

interface Typed {
  readonly text: string;
  readonly tensor: Tensor;
}

/** On one line, or one below another with their values. */
function header(title: string, items: readonly Typed[], settings: Settings, indent: string): string[] {
  if (!settings.values) return [`${indent}${title} ${items.map((item) => item.text).join(", ")}`.trimEnd()];
  return [`${indent}${title}`, ...items.map((item) => `${indent}  ${item.text}${comment([item.tensor], settings)}`)];
}

/** Wider left sides do not push the others to the right. */
const widest = 36;

function aligned(lines: readonly Line[], settings: Settings, indent: string): string[] {
  const width = lines.reduce((most, { left }) => (left.length <= widest ? Math.max(most, left.length) : most), 0);
  return lines.flatMap(({ left, right, tensors, below }) => [
    `${indent}${left.padEnd(width)} = ${right}${settings.values ? comment(tensors, settings) : ""}`,
    ...below,
  ]);
}

function comment(tensors: readonly Tensor[], { digits }: Settings): string {
  const values = tensors.map((x) => valueText(x, digits)).filter((value) => value !== undefined);
  return values.length === 0 ? "" : `  # ${values.join(", ")}`;
}

/** The outputs first, then `where` with what they use. */
function formula(outline: Outline, settings: Settings): string[] {
  const { outputs, rest } = equationsOf(outline);
  return [
    ...outputs.map((equation) => equationText(equation, settings)),
    ...rest.map((equation, i) => `${i === 0 ? "where " : "      "}${equationText(equation, settings)}`),
  ];
}

function equationText({ names, args, right, tensors }: Equation, settings: Settings): string {
  const type = settings.shapes && tensors.length > 0 ? `: ${tensors.map(typeText).join(", ")}` : "";
  const left = args === undefined ? `${tuple(names)}${type} = ` : `${names[0]}(${args.join(", ")}) = `;
  if (right.length === 0) return `${left}${valueText(tensors[0]!, settings.digits)}`;
  const value = tuple(right.map((term) => termText(term, settings.digits)));
  const shown = tensors.filter((_, i) => names[i] !== unused);
  return `${names.length === 0 ? "" : left}${value}${settings.values ? comment(shown, settings) : ""}`;
}

const tuple = (parts: readonly string[]): string => (parts.length === 1 ? parts[0]! : `(${parts.join(", ")})`);
