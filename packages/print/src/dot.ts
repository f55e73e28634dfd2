/** Graphs in Graphviz's language: a node for every op, edges labelled with shapes, sub-graphs as clusters. It lays nothing out. */
import type { Tensor } from "@cotangent/core";
import { formatShape, isFloat, type Kind, type Node, type SubGraph } from "@cotangent/core/engine";
import { termText } from "./infix.ts";
import { bothPasses } from "./backward.ts";
import { optionError } from "./errors.ts";
import { choiceOf, flagOf, type PrintOptions, type Settings, settingsOf } from "./options.ts";
import { type Outline, outlineOf, type Output, type SubOutline, unused, type Values } from "./outline.ts";
import { typeText, valueText } from "./values.ts";

export interface DotOptions extends PrintOptions {
  /** Where the graph flows: `"down"` by default, or `"right"`. */
  readonly direction?: "down" | "right";
  /** Draw the backward pass beside the graph, back to all float inputs or to those at the given positions; false by default. */
  readonly backward?: boolean | readonly number[];
}

/**
 * A graph in the DOT language of Graphviz: inputs, constants, one node an op with its kind as shape and colour, and outputs; edges carry
 * shapes (and dtypes other than float64) unless `shapes` is false, nodes carry values with `values`, in 4 digits unless `digits` says otherwise. The sub-graphs of a node are clusters.
 * The colours read on light and on dark ground. Throws where the argument is not a graph.
 * @example
 * ```ts
 * const graph = record((x: Tensor) => x.mul(2).sum(), label(tensor([1, 2]), "x"));
 * dot(graph).startsWith("digraph"); // => true
 * ```
 */
export function dot(graph: SubGraph, options: DotOptions = {}): string {
  const settings = settingsOf("dot", graph, options, { shapes: true, digits: 4 }, ["direction", "backward"]);
  const direction = choiceOf("dot", "direction", options.direction ?? "down", ["down", "right"]);
  const wanted = wantedOf(graph, options.backward ?? false);
  const both = wanted.length === 0 ? undefined : bothPasses(graph, wanted);
  const outline = outlineOf(both?.graph ?? graph, { steps: true, literal: true, inputs: settings.inputs });
  const drawing: Drawing = {
    settings,
    ids: new Map(),
    levels: levelsOf(outline, both?.isBackward ?? (() => false)),
    backward: new Set(),
    isBackward: both?.isBackward ?? (() => false),
    isLarge: outline.definitions.length > most,
    outputs: new Set(outline.outputs.map(nameOf)),
    lines: [],
    count: { nodes: 0, clusters: 0 },
  };
  draw(outline, drawing, "  ");
  return [
    "digraph {",
    `  graph [rankdir=${direction === "down" ? "TB" : "LR"}, bgcolor="transparent", nodesep=0.3, ranksep=0.4, ${font(11)}, color="${line}", fontcolor="${line}"]`,
    `  node [${font(12)}, fontcolor="${ink}", color="${line}", margin="0.12,0.06", height=0.3]`,
    `  edge [${font(10)}, fontcolor="${line}", color="${line}", arrowsize=0.6]`,
    ...drawing.lines,
    "}",
  ].join("\n");
}

/** The positions of the inputs that the backward pass goes back to. */
function wantedOf({ inputs }: SubGraph, backward: unknown): number[] {
  const all = inputs.flatMap(({ dtype }, i) => (isFloat(dtype) ? [i] : []));
  if (!Array.isArray(backward)) return flagOf("dot", "backward", backward) ? all : [];
  if (!backward.every((i) => all.includes(i)))
    throw optionError("dot", "backward", backward, `true, false or positions among [${all.join(", ")}]`);
  return backward;
}

interface Drawing {
  readonly settings: Settings;
  /** The node that makes a named value. */
  readonly ids: Map<string, string>;
  /** How far down its pass a value is made. */
  readonly levels: ReadonlyMap<string, number>;
  /** The names of values that the backward pass makes. */
  readonly backward: Set<string>;
  readonly isBackward: (node: Node) => boolean;
  readonly isLarge: boolean;
  /** The names of the graph's outputs. */
  readonly outputs: ReadonlySet<string | undefined>;
  readonly lines: string[];
  readonly count: { nodes: number; clusters: number };
}

/** The name of an output, unless it is a number. */
const nameOf = ({ term }: Output): string | undefined => (term.kind === "symbol" ? term.name : undefined);

/** One width for all characters, so that text fits its box in whatever fixed-width font a viewer has. */
const font = (size: number): string => `fontname="Courier New", fontsize=${size}`;

/** Dark enough for white paper, light enough for a dark screen. */
const line = "#7d8590";
/** The same for what the backward pass makes. */
const backwardLine = "#c9603f";
const backwardEdge = `color="${backwardLine}", fontcolor="${backwardLine}"`;
/** The text inside nodes, whose fill is light. */
const ink = "#1f2328";

/** How a kind of op looks. */
const looks: Readonly<Record<Kind, string>> = {
  elementwise: 'shape=box, style="filled,rounded", fillcolor="#cfe3fb"',
  movement: 'shape=box, style="filled,dashed", fillcolor="#e7e9ec"',
  reduction: 'shape=invtrapezium, style="filled", fillcolor="#fbdcb8"',
  contraction: 'shape=hexagon, style="filled", fillcolor="#e2d4f7"',
  program: 'shape=component, style="filled", fillcolor="#cdeccf"',
  call: 'shape=tab, style="filled", fillcolor="#f9d0d6"',
  composite: 'shape=box, style="filled,rounded", peripheries=2, fillcolor="#cfe3fb"',
};

const given = 'shape=ellipse, style="filled", fillcolor="#fff0b3"';
const constant = 'shape=ellipse, style="filled,dashed", fillcolor="#ffffff"';
const result = 'shape=ellipse, style="filled", fillcolor="#e7e9ec"';

function draw(outline: Outline, drawing: Drawing, indent: string): void {
  for (const { name, tensor } of outline.inputs) drawValue(name, tensor, given, drawing, indent);
  for (const one of outline.definitions) {
    if (one.kind === "constant") drawValue(one.name, one.tensor, constant, drawing, indent);
    else drawNode(one, drawing, indent);
  }
}

/** A node with lines of text; its id. */
function drawBox(text: readonly string[], look: string, tip: string, { lines, count }: Drawing, indent: string): string {
  const id = `n${count.nodes++}`;
  const label = text.flatMap(broken).map(quoted).join("\\n");
  lines.push(`${indent}${id} [label="${label}", ${look}, tooltip="${quoted(tip)}"]`);
  return id;
}

function drawValue(name: string, x: Tensor, look: string, drawing: Drawing, indent: string): void {
  const { settings, outputs } = drawing;
  const lines = [settings.shapes ? `${name}: ${typeText(x)}` : name, ...valuesOf([x], settings)];
  const border = outputs.has(name) ? `, ${strong}` : "";
  drawing.ids.set(name, drawBox(lines, look + border, `${name}: ${typeText(x)}`, drawing, indent));
}

/** The border of a graph's outputs. */
const strong = "penwidth=2.5";

function drawNode({ node, operands, names, tensors, term, functions }: Values, drawing: Drawing, indent: string): void {
  const { settings, ids, lines, outputs, levels } = drawing;
  const right = termText(term, settings.digits);
  const tip = `${names.map((name, i) => `${name}: ${typeText(tensors[i]!)}`).join(", ")} = ${right}`;
  const isBackward = drawing.isBackward(node);
  const look =
    looks[node.op.kind] + (isBackward ? `, color="${backwardLine}"` : "") + (names.some((name) => outputs.has(name)) ? `, ${strong}` : "");
  const id = drawBox([`${names.join(", ")} = ${right}`, ...valuesOf(tensors, settings)], look, tip, drawing, indent);
  const read = new Map(operands.map((operand) => [operand.name, operand.tensor]));
  for (const [name, tensor] of read) {
    const from = ids.get(name)!;
    const isAcross = isBackward && !drawing.backward.has(name);
    const isFar = isAcross ? drawing.isLarge : levels.get(readName(names))! - (levels.get(name) ?? 0) > farthest;
    if (isFar) drawReference(name, id, isBackward, drawing, indent);
    else if (!isBackward) lines.push(`${indent}${from} -> ${id}${edge(tensor, settings)}`);
    else if (isAcross) lines.push(`${indent}${from} -> ${id} [style=dashed, constraint=false, ${backwardEdge}]`);
    else lines.push(`${indent}${id} -> ${from}${edge(tensor, settings, `dir=back, ${backwardEdge}`)}`);
  }
  for (const name of names) {
    ids.set(name, id);
    if (isBackward) drawing.backward.add(name);
  }
  for (const each of functions) drawFunction(each, id, drawing, indent);
}

/** An edge that would cross more levels is hard to follow and to lay out: the value's name stands beside its user instead. */
const farthest = 10;

/** So it is with every edge from a pass to the other where there are more nodes. */
const most = 60;

/** The name of an output that something reads. */
const readName = (names: readonly string[]): string => names.find((name) => name !== unused) ?? unused;

/** How far down its pass each value stands: just above its first user, and below everything it reads. */
function levelsOf({ inputs, definitions }: Outline, isBackward: (node: Node) => boolean): Map<string, number> {
  const values = definitions.filter((one) => one.kind === "values");
  const backward = new Set(values.flatMap(({ node, names }) => (isBackward(node) ? names : [])));
  const reads = values.map(({ node, operands }) =>
    operands.map(({ name }) => name).filter((name) => backward.has(name) === isBackward(node)),
  );
  const levels = new Map<string, number>();
  values.forEach(({ names }, i) => {
    const level = reads[i]!.reduce((most, name) => Math.max(most, (levels.get(name) ?? 0) + 1), 0);
    for (const name of names) levels.set(name, level);
  });
  const users = new Map<string, number>();
  for (let i = values.length - 1; i >= 0; i--) {
    const { names } = values[i]!;
    const level = names.reduce((least, name) => Math.min(least, (users.get(name) ?? Infinity) - 1), Infinity);
    for (const name of names) if (level < Infinity) levels.set(name, level);
    for (const name of reads[i]!) users.set(name, Math.min(users.get(name) ?? Infinity, levels.get(readName(names))!));
  }
  for (const { name } of inputs) levels.set(name, (users.get(name) ?? 0) - 1);
  return levels;
}

function drawReference(name: string, user: string, isBackward: boolean, { lines, count }: Drawing, indent: string): void {
  const id = `n${count.nodes++}`;
  lines.push(`${indent}${id} [label="${quoted(name)}", shape=plaintext, fontcolor="${line}"]`);
  lines.push(isBackward ? `${indent}${user} -> ${id} [dir=back, ${backwardEdge}]` : `${indent}${id} -> ${user}`);
}

/** A cluster whose result feeds the node that runs it. */
function drawFunction({ name, outline }: SubOutline, owner: string, drawing: Drawing, indent: string): void {
  const { settings, ids, lines, count } = drawing;
  lines.push(`${indent}subgraph cluster${count.clusters++} {`, `${indent}  label="${quoted(name)}"; style="rounded"`);
  const isBackward = (): boolean => false;
  draw(outline, { ...drawing, isBackward, levels: levelsOf(outline, isBackward) }, `${indent}  `);
  const terms = outline.outputs.map(({ term }) => termText(term, settings.digits)).join(", ");
  const end = drawBox([terms], result, `the result of ${name}`, drawing, `${indent}  `);
  for (const output of outline.outputs) {
    const from = ids.get(nameOf(output) ?? "");
    if (from !== undefined) lines.push(`${indent}  ${from} -> ${end}${edge(output.tensor, settings)}`);
  }
  lines.push(`${indent}}`, `${indent}${end} -> ${owner} [style=dashed]`);
}

const valuesOf = (tensors: readonly Tensor[], { values, digits }: Settings): string[] =>
  values ? tensors.map((x) => valueText(x, digits)).filter((value) => value !== undefined) : [];

function edge(x: Tensor, { shapes }: Settings, look = ""): string {
  const label = shapes ? `label=" ${x.dtype === "float64" ? formatShape(x.shape) : typeText(x)} "` : "";
  const attributes = [label, look].filter((one) => one !== "").join(", ");
  return attributes === "" ? "" : ` [${attributes}]`;
}

/** Longer lines are broken behind commas. */
const longest = 40;

function broken(text: string): string[] {
  const lines: string[] = [];
  let current = "";
  for (const part of text.split(/(?<=, )/)) {
    if (current !== "" && current.length + part.length > longest) {
      lines.push(current.trimEnd());
      current = "";
    }
    current += part;
  }
  return [...lines, current];
}

const quoted = (text: string): string => text.replace(/[\\"]/g, "\\$&");
