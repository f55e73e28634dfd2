/** Mistakes in one piece of a gradient: a term or a factor that is missing, doubled, turned, or another value in its place. It knows no op by name. */
import {
  abs,
  add,
  cos,
  exp,
  flip,
  log,
  logicalNot,
  mul,
  neg,
  ones,
  reciprocal,
  sigmoid,
  sign,
  sin,
  sqrt,
  square,
  sub,
  tanh,
  type Tensor,
  transpose,
  zeros,
} from "@cotangent/core";
import { apply, entriesOf, type Graph, isFloat, type Node, recordFunction, sameShape, type SubGraph, walk } from "@cotangent/core/engine";
import {
  between,
  edited,
  type Found,
  isAlias,
  makesClaim,
  namesIn,
  pieces,
  rounded,
  same,
  shareOf,
  shortest,
  type Subject,
  times,
} from "./edits.ts";
import { countOf, isClaim } from "./evidence.ts";
import { factorOf } from "./factors.ts";
import { tensorsAt } from "./problem.ts";
import { type NameOf, termOf } from "./terms.ts";
import { isProduct, isSum, useOf, usesOf, useText } from "./uses.ts";

/** A term of the gradient that is missing, counted several times or has the wrong sign. */
export function scaledPieces(subject: Subject): Found[] {
  const { samples, graphs } = subject;
  const [sample, graph] = [samples[0]!, graphs[0]!];
  const whole = graph.outputs.map((x) => entriesOf(x));
  const uses = usesOf(graph);
  const name = namesIn(subject, graph);
  const found: Found[] = [];
  const attempt = (at: number, slot: number | undefined, isTerm: boolean, text: () => string): void => {
    const without = edited(subject, graph, { at, slot, change: (x) => zeros(x.shape, x.dtype) });
    const share = without === undefined ? undefined : shareOf(sample, whole, without);
    if (share === undefined || rounded(share) === 1) return;
    const exact = rounded(share);
    const { plain: known } = factorOf(exact, subject.evidence.named);
    if (!known && exact !== 0 && countOf(samples) < 4) return;
    if (!makesClaim(subject, () => ({ at, slot, change: (x) => mul(x, exact) }))) return;
    const half = isTerm ? edited(subject, graph, { at, slot, change: (x) => mul(x, 0.5) }) : undefined;
    const isLinear = half !== undefined && isClaim({ ...sample, claimed: between(whole, without!, 0.5) }, half);
    found.push(scaledText(exact, isLinear, known, text(), subject));
  };
  for (const { node, at, out } of pieces(graph)) {
    if (isAlias(node)) continue;
    attempt(at, undefined, uses.isTerm(out), () => termOf(out, graph, name));
    node.inputs.forEach((x, slot) => {
      if (isFloat(x.dtype) && uses.isShared(x)) attempt(at, slot, isSum(node), () => useText(node, slot, graph, name));
    });
  }
  return found;
}

function scaledText(share: number, isTerm: boolean, known: boolean, term: string, subject: Subject): Found {
  if (share === 0)
    return isTerm ? { text: `the claim misses the term ${term}`, cost: 0 } : { text: `the claim takes ${term} for 0`, cost: 4 };
  if (share === -1) return { text: `the claim has the wrong sign at ${term}`, cost: isTerm ? 0 : 2 };
  return { text: `the claim counts ${term} ${times(share, subject)}`, cost: known ? 1 : 5 };
}

/** Ways to spoil a value, with the words for it. */
export interface Change {
  readonly change: (x: Tensor) => Tensor;
  readonly text: (term: string) => string;
  readonly cost: number;
}

export const inPlace =
  (other: (term: string) => string) =>
  (term: string): string =>
    `the claim has ${other(term)} in place of ${term}`;

export const changes: readonly Change[] = [
  { change: square, text: (term) => `the claim has the factor ${term} once too often`, cost: 2 },
  { change: neg, text: (term) => `the claim has the wrong sign at ${term}`, cost: 2.5 },
  { change: (x) => mul(x, 2), text: (term) => `the claim counts ${term} twice`, cost: 3 },
  { change: (x) => mul(x, 0.5), text: (term) => `the claim counts half of ${term}`, cost: 3 },
  { change: reciprocal, text: inPlace((term) => `1 / (${term})`), cost: 3 },
  { change: sqrt, text: inPlace((term) => `√(${term})`), cost: 3 },
  { change: (x) => sub(1, x), text: inPlace((term) => `1 - ${term}`), cost: 3 },
  { change: abs, text: inPlace((term) => `the magnitude of ${term}`), cost: 3 },
  { change: sign, text: inPlace((term) => `the sign of ${term}`), cost: 3 },
  { change: exp, text: inPlace((term) => `exp(${term})`), cost: 3 },
  { change: log, text: inPlace((term) => `log(${term})`), cost: 3 },
];

export const factorChange = (isFactor: boolean): Change => ({
  change: (x) => ones(x.shape, x.dtype),
  text: (term) => (isFactor ? `the claim misses the factor ${term}` : `the claim takes ${term} for 1`),
  cost: isFactor ? 1 : 4,
});

/** Functions that one may write for another. */
const functions: readonly (readonly [text: string, f: (x: Tensor) => Tensor])[] = [
  ["exp", exp],
  ["log", log],
  ["sin", sin],
  ["cos", cos],
  ["tanh", tanh],
  ["sigmoid", sigmoid],
  ["sqrt", sqrt],
  ["square", square],
];

/** One application of an op, as recorded or as it happens again. */
export type Step = Pick<Node, "op" | "params" | "inputs" | "outputs">;

interface Substitute {
  readonly make: (step: Step) => Tensor;
  readonly text: string;
  readonly cost: number;
}

/** What a node may be taken for that has the same inputs: another function, other operands, another order. */
export function substitutes(node: Node, graph: SubGraph, name: NameOf): Substitute[] {
  const [x] = node.inputs as [Tensor];
  const out = node.outputs[0]!;
  const found: Substitute[] = [];
  const isUnary = node.inputs.length === 1;
  if (node.op.kind === "elementwise" && isUnary)
    for (const [text, f] of functions)
      found.push({ make: (own) => f(own.inputs[0]!), text: `${text}(${termOf(x, graph, name)})`, cost: 2.5 });
  if (out.rank === 2 && out.shape[0] === out.shape[1] && out.shape[0]! > 1)
    found.push({ make: (own) => transpose(own.outputs[0]!), text: `the transpose of ${termOf(out, graph, name)}`, cost: 2 });
  if (node.op.kind === "contraction")
    found.push({
      make: (own) => apply(own.op, [own.inputs[1]!, own.inputs[0]!], own.params)[0]!,
      text: `${termOf(node.inputs[1]!, graph, name)} times ${termOf(x, graph, name)}`,
      cost: 2,
    });
  const inner = x.origin;
  if (isUnary && inner !== null && graph.nodes.includes(inner) && inner.inputs.length === 1 && !isAlias(inner))
    found.push({
      make: (own) =>
        apply(own.inputs[0]!.origin!.op, apply(own.op, own.inputs[0]!.origin!.inputs, own.params), own.inputs[0]!.origin!.params)[0]!,
      text: `${inner.op.name} after ${node.op.name}`,
      cost: 2,
    });
  if (isUnary && node.op.kind !== "elementwise" && sameShape(x.shape, out.shape) && !isAlias(node)) {
    for (let axis = 0; axis < x.rank; axis++)
      found.push({
        make: (own) => flip(apply(own.op, [flip(own.inputs[0]!, axis)], own.params)[0]!, axis),
        text: `the same taken from the other end`,
        cost: 2,
      });
  }
  return found;
}

export const decisions: readonly Change[] = [
  { change: (x) => ones(x.shape, "bool"), text: (term) => `the claim takes ${term} to hold everywhere`, cost: 1.5 },
  { change: (x) => zeros(x.shape, "bool"), text: (term) => `the claim takes ${term} to hold nowhere`, cost: 1.5 },
  { change: logicalNot, text: (term) => `the claim has the cases of ${term} exchanged`, cost: 1.5 },
];

/** A value of the gradient that the claim has another in place of: one, its square, what it is computed from. */
export function changedPieces(subject: Subject): Found[] {
  const { graphs } = subject;
  const graph = graphs[0]!;
  const name = namesIn(subject, graph);
  const uses = usesOf(graph);
  const found: Found[] = [];
  const attempt = ({ change, text, cost }: Change, at: number, slot?: number): void => {
    if (!makesClaim(subject, () => ({ at, slot, change }))) return;
    const node = graph.nodes[at]!;
    const { term, place } =
      slot === undefined ? { term: termOf(node.outputs[0]!, graph, name), place: "" } : useOf(node, slot, graph, name);
    found.push({ text: text(term) + place, cost });
  };
  graph.nodes.forEach((node, at) => {
    const out = node.outputs[0]!;
    if (node.outputs.length !== 1) return;
    const term = (): string => termOf(out, graph, name);
    if (out.dtype === "bool") for (const change of decisions) attempt(change, at);
    if (!isFloat(out.dtype)) return;
    if (isAlias(node)) {
      if (graph.inputs.includes(node.inputs[0]!) && makesClaim(subject, () => ({ at, slot: undefined, change: neg })))
        found.push({ text: `the claim is the true gradient at -${term()}`, cost: 3 });
      return;
    }
    for (const change of [factorChange(uses.isFactor(out)), ...changes]) attempt(change, at);
    for (const { make, text, cost } of substitutes(node, graph, name)) {
      if (makesClaim(subject, (own) => ({ at, slot: undefined, change: () => make(own.nodes[at]!) })))
        found.push({ text: `the claim has ${text} in place of ${term()}`, cost });
    }
    node.inputs.forEach((x, slot) => {
      if (x.dtype === "bool" && uses.isShared(x)) for (const change of decisions) attempt(change, at, slot);
      if (!isFloat(x.dtype)) return;
      if (uses.isShared(x) && x.rank === 2 && x.shape[0] === x.shape[1] && x.shape[0]! > 1)
        attempt({ change: (y) => transpose(y), text: inPlace((t) => `the transpose of ${t}`), cost: 2 }, at, slot);
      const takes = makesClaim(subject, (own) => {
        const input = own.nodes[at]!.inputs[slot]!;
        return { at, slot: undefined, change: () => input };
      });
      if (takes) found.push({ text: `the claim has ${termOf(x, graph, name)} in place of ${term()}`, cost: 2 });
      if (!uses.isShared(x)) return;
      for (const change of [factorChange(isProduct(node)), ...changes]) attempt(change, at, slot);
    });
  });
  return found;
}

/** An op that works along one axis of a matrix, along the other: its rows taken for its columns. */
export function otherAxes(subject: Subject): string | undefined {
  const { graphs } = subject;
  const graph = graphs[0]!;
  const name = namesIn(subject, graph);
  const found = graph.nodes.flatMap((node, at) => {
    const [x, out] = [node.inputs[0], node.outputs[0]];
    if (x?.rank !== 2 || out === undefined || node.inputs.length !== 1 || node.op.kind === "elementwise") return [];
    if (isAlias(node) || !sameShape(x.shape, out.shape)) return [];
    const fits = makesClaim(subject, (own) => {
      const { op, params, inputs } = own.nodes[at]!;
      return { at, slot: undefined, change: () => transpose(apply(op, [transpose(inputs[0]!)], params)[0]!) };
    });
    return fits ? [`the claim takes ${termOf(out, graph, name)} along the other axis`] : [];
  });
  return shortest(found);
}

/** Simple functions of a value that gradients are full of. */
const forms: readonly (readonly [text: (term: string) => string, f: (x: Tensor) => Tensor])[] = [
  [(t) => t, (x) => add(x, 0)],
  [(t) => `1 - ${t}`, (x) => sub(1, x)],
  [(t) => `1 + ${t}`, (x) => add(1, x)],
  [(t) => `(${t})²`, square],
  [(t) => `1 - (${t})²`, (x) => sub(1, square(x))],
  [(t) => `${t} (1 - ${t})`, (x) => mul(x, sub(1, x))],
  [(t) => `1/(${t})`, reciprocal],
  [(t) => `-(${t})`, neg],
];

/** The same gradient with partial derivatives written in the loss's own values, h(1 - h) for σ(z)σ(-z); undefined where nothing can be. */
export function restated(subject: Subject, losses: readonly Graph[]): Subject | undefined {
  const { graphs, evidence, samples } = subject;
  const [graph, loss] = [graphs[0]!, losses[0]!];
  const valuesOf = (own: Graph): Tensor[] => own.nodes.flatMap((node) => (node.op.kind === "elementwise" ? [node.outputs[0]!] : []));
  const values = valuesOf(loss).filter((x) => isFloat(x.dtype) && x.storage !== null);
  const swaps = new Map<number, { readonly value: number; readonly form: number }>();
  const all = valuesOf(loss);
  const formed = values.map((x) => forms.map(([, f]) => entriesOf(f(x))));
  for (const { node, at, out } of pieces(graph)) {
    if (node.op.kind !== "elementwise" || isAlias(node) || out.size === 0) continue;
    const entries = entriesOf(out);
    for (let form = 0; form < forms.length && !swaps.has(at); form++) {
      const value = values.findIndex((x, i) => sameShape(x.shape, out.shape) && same(entries, formed[i]![form]!));
      if (value >= 0) swaps.set(at, { value: all.indexOf(values[value]!), form });
    }
  }
  if ([...swaps.values()].every(({ form }) => form === 0)) return undefined;
  const restate = (i: number): Graph =>
    recordFunction(
      (xs) => {
        const made: Tensor[] = [];
        walk<Tensor>(losses[i]!, xs, {
          constant: (x) => x,
          step: (node, inputs) => {
            const outputs = apply(node.op, inputs, node.params);
            if (node.op.kind === "elementwise") made.push(outputs[0]!);
            return outputs;
          },
        });
        return walk<Tensor>(graphs[i]!, xs, {
          constant: (x) => x,
          step: (node, inputs) => {
            const swap = swaps.get(graphs[i]!.nodes.indexOf(node));
            return swap === undefined ? apply(node.op, inputs, node.params) : [forms[swap.form]![1](made[swap.value]!)];
          },
        });
      },
      tensorsAt(evidence.leaves, samples[i]!.point, true),
    );
  const made = samples.map((_, i) => restate(i));
  const isSame = made.every((own, i) => own.outputs.every((x, k) => same(entriesOf(x), entriesOf(graphs[i]!.outputs[k]!))));
  return isSame ? { ...subject, graphs: made } : undefined;
}

const mostFactors = 4000;

/** A value of the gradient multiplied by another, or by a simple function of it: a local derivative that does not belong there. */
export function extraFactor(subject: Subject, losses: readonly Graph[]): string | undefined {
  const { graphs } = subject;
  const graph = graphs[0]!;
  const name = namesIn(subject, graph);
  const found: string[] = [];
  let tried = 0;
  for (const { node, at, out } of pieces(graph)) {
    if (isAlias(node) || out.size < 2) continue;
    for (const pool of [losses, graphs]) {
      const poolName = namesIn(subject, pool[0]!);
      for (const [place, own] of pool[0]!.nodes.entries()) {
        const x = own.outputs[0]!;
        if (own.op.kind !== "elementwise" || !isFloat(x.dtype) || !sameShape(x.shape, out.shape)) continue;
        for (const [text, f] of forms) {
          if (++tried > mostFactors) return shortest(found);
          const fits = makesClaim(subject, (mine) => {
            const value = pool[graphs.indexOf(mine)]!.nodes[place]!.outputs[0]!;
            return { at, slot: undefined, change: (y) => mul(y, f(value)) };
          });
          if (fits) found.push(`the claim has the factor ${text(termOf(x, pool[0]!, poolName))} too many at ${termOf(out, graph, name)}`);
        }
      }
    }
  }
  return shortest(found);
}
