/** Graphs as text, one line a node, in the way of a jaxpr. Knows names, types, params and sub-graphs; knows no op by name. */
import { formatShape } from "./errors.ts";
import type { Aval, SubGraph } from "./op.ts";
import { labelOf, Node } from "./recording.ts";
import type { Tensor } from "./tensor.ts";

/** a, b, …, z, aa, ab, …: the name of value number `i`. */
function letters(i: number): string {
  return (i >= 26 ? letters(Math.floor(i / 26) - 1) : "") + String.fromCharCode(97 + (i % 26));
}

/** Gives every tensor it is asked about a name, no two the same: its label where it has one, else the next letters. */
export function namer(): (x: Tensor) => string {
  const names = new Map<Tensor, string>();
  const taken = new Set<string>();
  let next = 0;
  const free = (label: string): string => {
    let name = label;
    for (let i = 2; taken.has(name); i++) name = `${label}_${i}`;
    return name;
  };
  const fresh = (): string => {
    let name = letters(next++);
    while (taken.has(name)) name = letters(next++);
    return name;
  };
  return (x) => {
    let name = names.get(x);
    if (name === undefined) {
      const label = labelOf(x);
      name = label === undefined ? fresh() : free(label);
      names.set(x, name);
      taken.add(name);
    }
    return name;
  };
}

/** `float64[2, 3]`. */
const typeText = (x: Aval): string => `${x.dtype}${formatShape(x.shape)}`;

/**
 * The listing of a graph: its inputs, the larger constants it closes over, one line a node such as `c:float64[2] = mul a b`, its outputs;
 * the sub-graphs of a node are indented below it. Scalar constants stand where they are used.
 */
export function formatGraph(graph: SubGraph): string {
  return listGraph(graph, namer(), new Set(), "").join("\n");
}

/** The graph as a person wrote it: nodes without the outputs that are kept for a pullback, where nothing in the graph reads those. */
export function asWritten(graph: SubGraph): SubGraph {
  const read = new Set<Tensor>(graph.outputs);
  for (const node of graph.nodes) for (const x of node.inputs) read.add(x);
  const nodes = graph.nodes.map((node) => {
    const { op, params, inputs, outputs } = node;
    if (op.plain === undefined) return node;
    const plain = op.plain(params);
    const count = op.infer!(inputs, plain).length;
    if (count === outputs.length || outputs.slice(count).some((x) => read.has(x))) return node;
    const written = new Node(op, plain, inputs, node.watch);
    written.outputs = outputs.slice(0, count);
    return written;
  });
  return { inputs: graph.inputs, outputs: graph.outputs, nodes };
}

function listGraph(given: SubGraph, nameOf: (x: Tensor) => string, known: Set<Tensor>, indent: string): string[] {
  const graph = asWritten(given);
  const typed = (x: Tensor): string => `${nameOf(x)}:${typeText(x)}`;
  const operand = (x: Tensor): string => (known.has(x) || x.rank > 0 || x.storage === null ? nameOf(x) : scalarText(x));
  const lines: string[] = [];
  for (const x of graph.inputs) known.add(x);
  lines.push(`${indent}inputs ${graph.inputs.map(typed).join(", ")}`.trimEnd());
  const constants = constantsOf(graph, known);
  if (constants.length > 0) lines.push(`${indent}constants ${constants.map(typed).join(", ")}`);
  for (const node of graph.nodes) {
    for (const out of node.outputs) known.add(out);
    const call = [`${node.op.name}${paramsText(node)}`, ...node.inputs.map(operand)].join(" ");
    lines.push(`${indent}${node.outputs.map(typed).join(", ")} = ${call}`);
    for (const [name, inner] of Object.entries(node.op.graphs?.(node.params) ?? {})) {
      lines.push(`${indent}  ${name}:`, ...listGraph(inner, nameOf, known, `${indent}    `));
    }
  }
  lines.push(`${indent}outputs ${graph.outputs.map(operand).join(", ")}`.trimEnd());
  return lines;
}

function paramsText({ op, params }: Node): string {
  const text = op.show?.(params) ?? "";
  return text === "" ? "" : `[${text}]`;
}

function scalarText(x: Tensor): string {
  const value = x.dtype === "bool" ? x.storage !== 0 : x.storage;
  return x.dtype === "float64" || x.dtype === "bool" ? String(value) : `${value}:${x.dtype}`;
}

/** The tensors of positive rank that the nodes use and that nothing in the graph or around it makes. */
function constantsOf(graph: SubGraph, known: ReadonlySet<Tensor>): Tensor[] {
  const made = new Set(known);
  const found = new Set<Tensor>();
  const visit = (x: Tensor): void => {
    if (!made.has(x) && x.rank > 0) found.add(x);
  };
  for (const node of graph.nodes) {
    node.inputs.forEach(visit);
    for (const out of node.outputs) made.add(out);
  }
  graph.outputs.forEach(visit);
  return [...found];
}
