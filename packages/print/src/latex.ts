/** Graphs as LaTeX for a display: one formula with a list of what is shared, or aligned steps. Knows outlines and formulas of terms. */
import type { Tensor } from "@cotangent/core";
import type { SubGraph } from "@cotangent/core/engine";
import { sideLatex, termLatex } from "./formula.ts";
import { escapeLatex, nameLatex } from "./names.ts";
import { choiceOf, type PrintOptions, type Settings, settingsOf } from "./options.ts";
import { type Equation, equationsOf, type Outline, outlineOf, stepsOf, unused } from "./outline.ts";
import { valueLatex } from "./values.ts";

export interface LatexOptions extends PrintOptions {
  /** One formula with a list of what is shared or named, or an equation for every node; `"formula"` by default. */
  readonly form?: "formula" | "steps";
}

/**
 * A graph as LaTeX for display mathematics: a formula, with `where` before the values that are shared or named; or, with `form: "steps"`,
 * an equation for every node.
 *
 * Vectors are columns, axes are called i, j, k, …; reshaping, broadcasting and casts between floats are not shown. `shapes` adds the sets
 * that values belong to, `values` the recorded values. Throws where the argument is not a graph.
 * @example
 * ```ts
 * const graph = record((x: Tensor) => sigmoid(x).mul(sigmoid(neg(x))), label(tensor(0), "x"));
 * latex(graph); // => \sigma(x)\,\sigma(-x)
 * ```
 */
export function latex(graph: SubGraph, options: LatexOptions = {}): string {
  const settings = settingsOf("latex", graph, options, { shapes: false, digits: 6 }, ["form"]);
  const form = choiceOf("latex", "form", options.form ?? "formula", ["formula", "steps"]);
  const outline = outlineOf(graph, { steps: form === "steps", literal: false, inputs: settings.inputs });
  const types = settings.shapes ? inputTypes(outline) : [];
  if (form === "steps") return aligned([...types, ...stepsOf(outline).map((equation) => rowOf(equation, settings))]);
  const { outputs, rest } = equationsOf(outline);
  const where = rest.map((equation, i) => rowOf(equation, settings, i === 0 ? "\\text{where}\\quad " : ""));
  return aligned([...outputs.map((equation) => rowOf(equation, settings)), ...where, ...types]);
}

/** What stands before and after the point of alignment. */
interface Row {
  readonly left: string;
  readonly right: string;
}

/** One row needs no environment. */
function aligned(rows: readonly Row[]): string {
  if (rows.length === 1) return `${rows[0]!.left}${rows[0]!.right.replace("&& ", "")}`;
  return ["\\begin{aligned}", rows.map(({ left, right }) => `  ${left}&${right}`).join(" \\\\\n"), "\\end{aligned}"].join("\n");
}

function rowOf({ names, args, right, tensors }: Equation, { digits, shapes, values }: Settings, before = ""): Row {
  const left =
    args === undefined ? tuple(names.map(nameLatex)) : `\\operatorname{${escapeLatex(names[0]!)}}(${args.map(nameLatex).join(", ")})`;
  const shown = values || right.length === 0 ? tensors.flatMap((x, i) => (names[i] === unused ? [] : (valueLatex(x, digits) ?? []))) : [];
  const sides = [
    ...(names.length === 0 ? [] : ["="]),
    ...(right.length === 0 ? [] : [tuple(right.map((term) => (names.length === 0 ? termLatex(term, digits) : sideLatex(term, digits))))]),
    ...(shown.length === 0 ? [] : [...(right.length === 0 ? [] : ["\\approx"]), tuple(shown)]),
    ...(shapes && tensors.length > 0 ? [`&& \\in ${tensors.map(setLatex).join(", ")}`] : []),
  ];
  return { left: `${before}${names.length === 0 ? "" : `${left} `}`, right: sides.join(" ") };
}

const tuple = (parts: readonly string[]): string => (parts.length === 1 ? parts[0]! : `\\left(${parts.join(", ")}\\right)`);

const inputTypes = ({ inputs }: Outline): Row[] =>
  inputs.map(({ name, tensor }) => ({ left: `${nameLatex(name)} `, right: `\\in ${setLatex(tensor)}` }));

const sets = { float64: "\\mathbb{R}", float32: "\\mathbb{R}", int32: "\\mathbb{Z}", bool: "\\{0, 1\\}" } as const;

function setLatex({ dtype, shape }: Tensor): string {
  return shape.length === 0 ? sets[dtype] : `${sets[dtype]}^{${shape.join(" \\times ")}}`;
}
