/**
 * The outline of a graph: which values get a name and a line of their own, and the term of each. Walks nodes in order, once, without
 * recursion over them. It knows no output format.
 */
import type { Tensor } from "@cotangent/core";
import { asWritten, entriesOf, type Node, type SubGraph } from "@cotangent/core/engine";
import { repeatedValues } from "./equality.ts";
import { type Names, namesOf } from "./names.ts";
import { number, symbol, type Term, termOf } from "./term.ts";

/** A named value, or several that one node makes. */
export type Definition = Values | Constant;

export interface Values {
  readonly kind: "values";
  readonly node: Node;
  /** The inputs that have a name. */
  readonly operands: readonly Named[];
  readonly names: readonly string[];
  readonly tensors: readonly Tensor[];
  readonly term: Term;
  readonly functions: readonly SubOutline[];
}

/** A tensor that nothing in the graph makes. */
export interface Constant {
  readonly kind: "constant";
  readonly name: string;
  readonly tensor: Tensor;
  readonly isLabelled: boolean;
}

/** A sub-graph of a node and what the node calls it. */
export interface SubOutline {
  readonly name: string;
  readonly outline: Outline;
}

export interface Named {
  readonly name: string;
  readonly tensor: Tensor;
}

export interface Output {
  readonly term: Term;
  readonly tensor: Tensor;
}

export interface Outline {
  readonly inputs: readonly Named[];
  /** Each uses only what stands before it. */
  readonly definitions: readonly Definition[];
  readonly outputs: readonly Output[];
}

export interface OutlineOptions {
  /** One definition a node; without it a value is computed once, and small or unshared ones stand where they are used. */
  readonly steps: boolean;
  /** Also ops that a reader of formulas does not see. */
  readonly literal: boolean;
  /** Names for the inputs, in place of their labels. */
  readonly inputs: readonly string[];
}

/** A shared value of fewer names, numbers and ops is written out again at each use. */
const smallestShared = 4;

/** A larger term is broken up. */
const largestInline = 30;

export function outlineOf(graph: SubGraph, options: OutlineOptions): Outline {
  return outline(graph, options, namesOf(graph, options.inputs), new Map());
}

function outline(given: SubGraph, options: OutlineOptions, names: Names, outer: ReadonlyMap<Tensor, Term>): Outline {
  const graph = asWritten(given);
  const definitions: Definition[] = [];
  const terms = new Map<Tensor, Term>(outer);
  for (const x of graph.inputs) terms.set(x, symbol(names.of(x), x.rank));
  const termOfOperand = (x: Tensor): Term => {
    let term = terms.get(x);
    if (term === undefined) terms.set(x, (term = constantTerm(x, names, definitions)));
    return term;
  };
  const same = options.steps ? new Map<Tensor, Tensor>() : repeatedValues(graph, outer, names.isLabelled);
  const uses = usesIn(graph, same);
  const isNamed = namedIn(graph, options, names, uses);
  for (const node of graph.nodes) {
    if (same.has(node.outputs[0]!)) {
      for (const out of node.outputs) terms.set(out, terms.get(same.get(out)!)!);
      continue;
    }
    const functions = functionsOf(node, options, names, terms);
    const operands = node.inputs.map(termOfOperand);
    const term = termOf(node, [...functions.map(({ name }) => symbol(name, 0, true)), ...operands], options);
    if (node.outputs.length === 1 && functions.length === 0 && !isNamed(node.outputs[0]!, term)) {
      terms.set(node.outputs[0]!, term);
      continue;
    }
    const own = node.outputs.map((out) => (uses.has(out) || names.isLabelled(out) ? names.of(out) : unused));
    node.outputs.forEach((out, i) => void terms.set(out, symbol(own[i]!, out.rank)));
    const named = operands.flatMap((one, i) => (one.kind === "symbol" ? [{ name: one.name, tensor: node.inputs[i]! }] : []));
    definitions.push({ kind: "values", node, operands: named, names: own, tensors: node.outputs, term, functions });
  }
  return {
    inputs: graph.inputs.map((tensor) => ({ name: names.of(tensor), tensor })),
    definitions,
    outputs: graph.outputs.map((tensor) => ({ tensor, term: termOfOperand(tensor) })),
  };
}

function functionsOf(node: Node, options: OutlineOptions, names: Names, outer: ReadonlyMap<Tensor, Term>): SubOutline[] {
  const graphs = Object.entries(node.op.graphs?.(node.params) ?? {});
  return graphs.map(([name, graph]) => ({ name: names.fresh(name), outline: outline(graph, { ...options, inputs: [] }, names, outer) }));
}

/** How often a value is an operand or an output; repeated ones count for their first computation. */
function usesIn(graph: SubGraph, same: ReadonlyMap<Tensor, Tensor>): ReadonlyMap<Tensor, number> {
  const uses = new Map<Tensor, number>();
  const use = (given: Tensor): void => {
    const x = same.get(given) ?? given;
    uses.set(x, (uses.get(x) ?? 0) + 1);
  };
  for (const node of graph.nodes) if (!same.has(node.outputs[0]!)) node.inputs.forEach(use);
  graph.outputs.forEach(use);
  return uses;
}

/** Stands for an output that nothing reads. */
export const unused = "_";

/** Decides which values get a name: those with a label, outputs beside others, and in formulas what is large, or shared and not small. */
function namedIn(
  graph: SubGraph,
  { steps, literal }: OutlineOptions,
  names: Names,
  uses: ReadonlyMap<Tensor, number>,
): (x: Tensor, term: Term) => boolean {
  const outputs = new Set(graph.outputs.length > 1 ? graph.outputs : []);
  return (x, term) => {
    if (term.kind === "symbol" || term.kind === "number") return literal && names.isLabelled(x);
    return steps || names.isLabelled(x) || outputs.has(x) || term.size > largestInline || (uses.get(x)! > 1 && term.size >= smallestShared);
  };
}

/** A constant with one value everywhere is that number; any other gets a name. */
function constantTerm(x: Tensor, names: Names, definitions: Definition[]): Term {
  const value = names.isLabelled(x) || x.storage === null ? undefined : uniformValue(x);
  if (value !== undefined) return number(value, x.dtype);
  definitions.push({ kind: "constant", name: names.of(x), tensor: x, isLabelled: names.isLabelled(x) });
  return symbol(names.of(x), x.rank);
}

function uniformValue(x: Tensor): number | undefined {
  const entries = entriesOf(x);
  const first = entries[0];
  return entries.every((entry: number) => Object.is(entry, first)) ? first : undefined;
}

/** One line of a formula: `right`, `name = right`, `(name, name) = right` or `name(argument) = right`; `name = entries` for a constant. */
export interface Equation {
  readonly names: readonly string[];
  /** The arguments, where it defines a sub-graph. */
  readonly args: readonly string[] | undefined;
  /** One term, or several in parentheses; none for a constant, which is its entries. */
  readonly right: readonly Term[];
  readonly tensors: readonly Tensor[];
}

/** The equations of the outputs, then of what they use, each before what it uses itself, then unnamed constants. */
export interface Equations {
  readonly outputs: readonly Equation[];
  readonly rest: readonly Equation[];
}

export function equationsOf({ definitions, outputs }: Outline): Equations {
  const values = definitions.filter((one) => one.kind === "values");
  const owners = new Map(values.flatMap((one) => one.names.map((name) => [name, one])));
  const heads = new Set(outputs.map(({ term }) => (term.kind === "symbol" ? owners.get(term.name) : undefined)));
  const right = outputs.map(({ term }) => term);
  const whole: Equation = { names: [], args: undefined, right, tensors: outputs.map(({ tensor }) => tensor) };
  const named = [...heads].flatMap((head) => (head === undefined ? [] : [head]));
  const headed = named.length === heads.size ? heads : new Set();
  return {
    outputs: headed.size === 0 ? [whole] : named.map(equationOf),
    rest: [
      ...values.reverse().flatMap((one) => [...(headed.has(one) ? [] : [equationOf(one)]), ...one.functions.flatMap(equationsOfFunction)]),
      ...definitions.flatMap((one) => (one.kind === "constant" ? constantEquation(one) : [])),
    ],
  };
}

/** The equations in the order the nodes ran, a sub-graph before the node that runs it; the outputs last, unless they have been named. */
export function stepsOf({ definitions, outputs }: Outline): Equation[] {
  const steps = definitions.flatMap((one) =>
    one.kind === "constant" ? constantEquation(one) : [...one.functions.flatMap(stepsOfFunction), equationOf(one)],
  );
  const last = steps[steps.length - 1];
  const right = outputs.map(({ term }) => term);
  const isSaid = right.length === 1 && right[0]!.kind === "symbol" && last?.names.includes(right[0]!.name);
  return isSaid ? steps : [...steps, { names: [], args: undefined, right, tensors: outputs.map(({ tensor }) => tensor) }];
}

function stepsOfFunction({ name, outline }: SubOutline): Equation[] {
  const args = outline.inputs.map((input) => input.name);
  const steps = stepsOf(outline);
  const last = steps[steps.length - 1]!;
  if (last.names.length === 0) return [...steps.slice(0, -1), { ...last, names: [name], args, tensors: [] }];
  return [...steps, { names: [name], args, right: outline.outputs.map(({ term }) => term), tensors: [] }];
}

/** A constant without a label says nothing, so its entries are given. */
const constantEquation = ({ name, tensor, isLabelled }: Constant): Equation[] =>
  isLabelled || tensor.storage === null ? [] : [{ names: [name], args: undefined, right: [], tensors: [tensor] }];

const equationOf = ({ names, term, tensors }: Values): Equation => ({ names, args: undefined, right: [term], tensors });

function equationsOfFunction({ name, outline }: SubOutline): Equation[] {
  const { outputs, rest } = equationsOf(outline);
  const args = outline.inputs.map((input) => input.name);
  const whole: Equation = { names: [name], args, right: outline.outputs.map(({ term }) => term), tensors: [] };
  return [whole, ...(outputs[0]!.names.length === 0 ? [] : outputs), ...rest];
}
