/** Edits of recorded gradients: one piece changed and the rest run again, within a budget. It knows graphs; it knows no mistakes. */
import { type Tensor, transpose } from "@cotangent/core";
import { apply, entriesOf, type Graph, isFloat, type Node, sameShape, type SubGraph } from "@cotangent/core/engine";
import { type Evidence, isClaim, type Sample } from "./evidence.ts";
import { factorOf } from "./factors.ts";
import type { NameOf } from "./terms.ts";

/** One node's output changed for all, or one of its inputs changed for it alone. */
interface Edit {
  readonly at: number;
  readonly slot: number | undefined;
  readonly change: (x: Tensor) => Tensor;
}

/** A gradient's graph at each sample, the same ops everywhere, and how its values are named. */
export interface Subject {
  readonly samples: readonly Sample[];
  readonly graphs: readonly Graph[];
  readonly evidence: Evidence;
  /** How much may still be tried. */
  readonly budget: { left: number };
}

/** Applications of ops, each with a share for its entries: a second of them at most. */
export const mostTried = 200_000;

const costOf = (node: Node): number => 1 + node.inputs.concat(node.outputs).reduce((sum, x) => sum + x.size, 0) / 200;

export const costOfAll = ({ nodes }: Graph): number => nodes.reduce((sum, node) => sum + costOf(node), 0);

/** Whether there is enough left, which is then taken. */
export function afford({ budget }: Subject, cost: number): boolean {
  if (budget.left < cost) return false;
  budget.left -= cost;
  return true;
}

const mostNodes = 150;
const mostWork = 20_000;

/** Whether a graph is small enough to be searched. */
export const isSmall = ({ nodes }: Graph): boolean =>
  nodes.length <= mostNodes && nodes.reduce((sum, node) => sum + node.outputs.reduce((own, x) => own + x.size, 0), 0) <= mostWork;

/** An explanation that holds; the lower the cost, the plainer. */
export interface Found {
  readonly text: string;
  readonly cost: number;
}

export const clearest = (found: readonly Found[]): string | undefined =>
  [...found].sort((x, y) => x.cost - y.cost || x.text.length - y.text.length)[0]?.text;

/** Arguments by path, and constants that hold an argument's numbers. */
export function namesIn({ evidence: { leaves, named } }: Subject, graph: SubGraph): NameOf {
  const paths = new Map<Tensor, string>(named.map(({ tensor: x, path }) => [x, path]));
  graph.inputs.forEach((x, i) => paths.set(x, leaves[i]!.path));
  const nodes = new Set(graph.nodes);
  const given = named.filter(({ tensor: x }) => x.size > 1 && x.size <= 1000);
  return (x) => {
    const known = paths.get(x);
    if (known !== undefined || x.storage === null || (x.origin !== null && nodes.has(x.origin))) return known;
    const equal = given.find(({ tensor: own }) => sameShape(own.shape, x.shape) && same(entriesOf(own), entriesOf(x)));
    if (equal !== undefined) return equal.path;
    if (x.rank !== 2) return undefined;
    const turned = transpose(x);
    const other = given.find(({ tensor: own }) => sameShape(own.shape, turned.shape) && same(entriesOf(own), entriesOf(turned)));
    return other === undefined ? undefined : `${other.path}ᵀ`;
  };
}

/** The graph's outputs with a piece changed; undefined where the change does not fit. */
export function edited(subject: Subject, graph: Graph, { at, slot, change }: Edit): readonly Float64Array[] | undefined {
  const moved = new Map<Tensor, Tensor>();
  const now = (x: Tensor): Tensor => moved.get(x) ?? x;
  try {
    for (let i = at; i < graph.nodes.length; i++) {
      const node = graph.nodes[i]!;
      if (i > at && !node.inputs.some((x) => moved.has(x))) continue;
      if (!afford(subject, costOf(node))) return undefined;
      if (i === at && slot === undefined) {
        moved.set(node.outputs[0]!, change(node.outputs[0]!));
        continue;
      }
      const inputs = i === at ? node.inputs.map((x, k) => (k === slot ? change(x) : x)) : node.inputs.map(now);
      apply(node.op, inputs, node.params).forEach((out, k) => moved.set(node.outputs[k]!, out));
    }
  } catch {
    return undefined;
  }
  return graph.outputs.map((x) => Float64Array.from(entriesOf(now(x))));
}

/** Whether the edit makes the claim at every sample. */
export const makesClaim = (subject: Subject, editOf: (graph: Graph) => Edit | undefined): boolean =>
  subject.samples.every((sample, i) => {
    const { graphs } = subject;
    const edit = editOf(graphs[i]!);
    const rows = edit === undefined ? undefined : edited(subject, graphs[i]!, edit);
    return rows !== undefined && isClaim(sample, rows);
  });

export const shortest = (texts: readonly string[]): string | undefined => [...texts].sort((x, y) => x.length - y.length)[0];

/** What the claim is between two gradients: 1 is the whole, 0 the one without; undefined where it is not on their line. */
export function shareOf(sample: Sample, whole: readonly ArrayLike<number>[], without: readonly ArrayLike<number>[]): number | undefined {
  const { claimed, scales, size } = sample;
  let [most, share] = [1e-9 * size, Number.NaN];
  claimed.forEach((row, k) =>
    row.forEach((c, i) => {
      const part = whole[k]![i]! - without[k]![i]!;
      if (Math.abs(part) * scales[k]![i]! > most) {
        most = Math.abs(part) * scales[k]![i]!;
        share = (c - without[k]![i]!) / part;
      }
    }),
  );
  if (!Number.isFinite(share)) return undefined;
  return isClaim(sample, between(whole, without, share)) ? share : undefined;
}

export const between = (whole: readonly ArrayLike<number>[], without: readonly ArrayLike<number>[], share: number): Float64Array[] =>
  whole.map((row, k) => Float64Array.from(row, (x, i) => without[k]![i]! + share * (x - without[k]![i]!)));

/** A share close to a simple number is meant to be it. */
export const rounded = (share: number): number => {
  const near = [0, 1, -1, 2, 0.5].find((x) => Math.abs(share - x) <= 1e-8);
  return near ?? share;
};

export const times = (share: number, { evidence }: Subject): string => {
  const { text, remark } = factorOf(share, evidence.named);
  return `${text} times${remark === undefined || share === 2 || share === 0.5 ? "" : ` (${remark})`}`;
};

/** Nodes whose one output is floats, without those that only pass a value on. */
export const pieces = (graph: Graph): { readonly node: Node; readonly at: number; readonly out: Tensor }[] =>
  graph.nodes.flatMap((node, at) =>
    node.outputs.length === 1 && isFloat(node.outputs[0]!.dtype) ? [{ node, at, out: node.outputs[0]! }] : [],
  );

export const isAlias = ({ op }: Node): boolean => op.notation.form === "alias";

export function same(x: ArrayLike<number>, y: ArrayLike<number>): boolean {
  for (let i = 0; i < x.length; i++) if (!(Math.abs(x[i]! - y[i]!) <= 1e-12 * Math.abs(x[i]!))) return false;
  return true;
}
