/** What values of a graph are used for: as terms, as factors, in several places. It knows how ops are written, none by name. */
import type { Tensor } from "@cotangent/core";
import type { Node, SubGraph } from "@cotangent/core/engine";
import { type NameOf, termOf } from "./terms.ts";

/** What uses each value of a graph, and which values are its outputs. */
interface Uses {
  readonly of: (x: Tensor) => readonly Node[];
  /** Whether the value enters sums alone, so that it is a term. */
  readonly isTerm: (x: Tensor) => boolean;
  /** Whether it enters products alone, so that it is a factor. */
  readonly isFactor: (x: Tensor) => boolean;
  /** Whether it comes from outside or is used more than once, so that each use is a place of its own. */
  readonly isShared: (x: Tensor) => boolean;
}

const algebraOf = ({ op: { notation } }: Node): string | undefined => ("algebra" in notation ? notation.algebra : undefined);

export const isSum = (node: Node): boolean => algebraOf(node) === "sum" || algebraOf(node) === "difference";

export const isProduct = (node: Node): boolean =>
  algebraOf(node) === "product" || algebraOf(node) === "negative" || node.op.kind === "contraction" || node.op.notation.form === "fraction";

export function usesOf(graph: SubGraph): Uses {
  const users = new Map<Tensor, Node[]>();
  const own = new Set<Tensor>(graph.nodes.flatMap((node) => node.outputs));
  for (const node of graph.nodes) for (const x of node.inputs) users.set(x, [...(users.get(x) ?? []), node]);
  const of = (x: Tensor): readonly Node[] => users.get(x) ?? [];
  /** Through what moves entries and adds them up. */
  const enters = (x: Tensor, kind: (node: Node) => boolean, atEnd: boolean): boolean =>
    graph.outputs.includes(x)
      ? atEnd
      : of(x).every((node) => kind(node) || (node.op.kind === "movement" && enters(node.outputs[0]!, kind, atEnd)));
  return {
    of,
    isTerm: (x) => enters(x, isSum, true),
    isFactor: (x) => enters(x, isProduct, true),
    isShared: (x) => of(x).length > 1 || !own.has(x),
  };
}

/** A value at one of its uses: itself, which operand it is where a node has it twice, and what it is used in. */
export function useOf(node: Node, slot: number, graph: SubGraph, name: NameOf): { readonly term: string; readonly place: string } {
  const x = node.inputs[slot]!;
  const twins = node.inputs.filter((y) => y === x).length;
  const which = twins > 1 ? `the ${slot === 0 ? "first" : slot === 1 ? "second" : "last"} ` : "";
  return { term: which + termOf(x, graph, name), place: ` in ${termOf(node.outputs[0]!, graph, name)}` };
}

export function useText(node: Node, slot: number, graph: SubGraph, name: NameOf): string {
  const { term, place } = useOf(node, slot, graph, name);
  return term + place;
}
