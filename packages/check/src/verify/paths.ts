/** Mistakes that the loss shows: paths that are not followed, or counted twice, and pieces of the loss taken for others. It knows no op by name. */
import { detach, type Tensor, transpose } from "@cotangent/core";
import { apply, entriesOf, type Graph, isFloat, recordFunction, walk } from "@cotangent/core/engine";
import {
  afford,
  between,
  clearest,
  costOfAll,
  type Found,
  isAlias,
  isSmall,
  namesIn,
  rounded,
  shareOf,
  shortest,
  type Subject,
  times,
} from "./edits.ts";
import { countOf, isClaim, type Sample } from "./evidence.ts";
import { factorOf } from "./factors.ts";
import { changes, type Change, decisions, factorChange, inPlace, type Step, substitutes } from "./pieces.ts";
import { gradientGraph } from "./replay.ts";
import { termOf } from "./terms.ts";
import { isProduct, isSum, useOf, usesOf, useText } from "./uses.ts";

/** The loss with what composite ops mean in place of them. */
export function expanded(graph: Graph): Graph {
  if (!graph.nodes.some(({ op }) => op.expand !== undefined)) return graph;
  return recordFunction(
    (xs) =>
      walk<Tensor>(graph, xs, {
        constant: (x) => x,
        step: ({ op, params }, inputs) => (op.expand === undefined ? apply(op, inputs, params) : op.expand(inputs, params)),
      }),
    graph.inputs,
  );
}

/** The gradient where one use of a value in the loss is taken for a constant. */
interface Cut {
  readonly at: number;
  readonly slot: number;
  /** At the first sample. */
  readonly without: readonly Float64Array[];
}

const mostCuts = 120;

function cutGradient({ evidence: { leaves } }: Subject, loss: Graph, sample: Sample, at: number, slot: number): readonly Float64Array[] {
  const run = (xs: readonly Tensor[]): Tensor =>
    walk<Tensor>(loss, xs, {
      constant: (x) => x,
      step: (node, inputs) =>
        apply(node.op, node === loss.nodes[at] ? inputs.map((x, k) => (k === slot ? detach(x) : x)) : inputs, node.params),
    })[0]!;
  return gradientGraph(run, leaves, sample.point).outputs.map((x) => Float64Array.from(entriesOf(x)));
}

export function cutsOf(subject: Subject, losses: readonly Graph[]): Cut[] {
  const [loss, sample] = [losses[0]!, subject.samples[0]!];
  if (!isSmall(loss)) return [];
  const own = new Set<Tensor>([...loss.inputs, ...loss.nodes.flatMap((node) => node.outputs)]);
  const places = loss.nodes.flatMap((node, at) =>
    isAlias(node) ? [] : node.inputs.flatMap((x, slot) => (own.has(x) && isFloat(x.dtype) && node.inputs.length > 1 ? [{ at, slot }] : [])),
  );
  if (places.length > mostCuts) return [];
  return places.flatMap(({ at, slot }) =>
    afford(subject, 3 * costOfAll(loss)) ? [{ at, slot, without: cutGradient(subject, loss, sample, at, slot) }] : [],
  );
}

/** Paths of the loss that the claim does not follow, or follows several times. */
export function scaledPaths(subject: Subject, losses: readonly Graph[], cuts: readonly Cut[]): Found[] {
  const { samples, graphs } = subject;
  const wholes = graphs.map((graph) => graph.outputs.map((x) => entriesOf(x)));
  const found: Found[] = [];
  for (const { at, slot, without } of cuts) {
    const share = shareOf(samples[0]!, wholes[0]!, without);
    if (share === undefined || rounded(share) === 1) continue;
    const exact = rounded(share);
    if (exact !== 0 && !factorOf(exact, subject.evidence.named).plain) continue;
    const fits = samples.every(
      (sample, i) => i === 0 || isClaim(sample, between(wholes[i]!, cutGradient(subject, losses[i]!, sample, at, slot), exact)),
    );
    if (!fits) continue;
    const path = pathOf(subject, losses[0]!, at, slot);
    const { text, cost } = pathText(exact, path, subject);
    found.push({ text, cost: path.isAmbiguous ? cost + 0.75 : cost });
  }
  return found;
}

interface Path {
  /** A value where it is used. */
  readonly use: string;
  /** The value itself where it is a term of the loss. */
  readonly addend: string | undefined;
  /** Whether another place of the loss reads the same. */
  readonly isAmbiguous: boolean;
}

function pathOf(subject: Subject, loss: Graph, at: number, slot: number): Path {
  const node = loss.nodes[at]!;
  const name = namesIn(subject, loss);
  const isAddend = isSum(node) && usesOf(loss).isTerm(node.outputs[0]!);
  const place = termOf(node.outputs[0]!, loss, name);
  const isAmbiguous = loss.nodes.some(
    (other) => other !== node && !isAlias(other) && other.op === node.op && termOf(other.outputs[0]!, loss, name) === place,
  );
  return { isAmbiguous, use: useText(node, slot, loss, name), addend: isAddend ? termOf(node.inputs[slot]!, loss, name) : undefined };
}

function pathText(share: number, { use, addend }: Path, subject: Subject): Found {
  if (addend !== undefined) {
    if (share === 0) return { text: `the claim misses the loss's term ${addend}`, cost: -1 };
    if (share === -1) return { text: `the claim has the wrong sign at the loss's term ${addend}`, cost: -1 };
    return { text: `the claim counts the loss's term ${addend} ${times(share, subject)}`, cost: -1 };
  }
  if (share === 0) return { text: `the claim takes ${use} for a constant`, cost: -0.5 };
  if (share === -1) return { text: `what comes through ${use} has the wrong sign in the claim`, cost: 2 };
  return { text: `the claim counts what comes through ${use} ${times(share, subject)}`, cost: 1 };
}

/** Two paths at once: one counted twice and its twin not at all, or both forgotten. */
export function twoPaths(subject: Subject, losses: readonly Graph[], cuts: readonly Cut[]): string | undefined {
  const { samples, graphs } = subject;
  if (countOf(samples) < 6 || cuts.length > 40) return undefined;
  const wholes = graphs.map((graph) => graph.outputs.map((x) => entriesOf(x)));
  const mixed = (i: number, one: readonly ArrayLike<number>[], two: readonly ArrayLike<number>[], a: number, b: number): Float64Array[] =>
    wholes[i]!.map((row, k) => Float64Array.from(row, (x, j) => x + (a - 1) * (x - one[k]![j]!) + (b - 1) * (x - two[k]![j]!)));
  const found: string[] = [];
  for (const one of cuts) {
    for (const two of cuts) {
      if (one === two) continue;
      for (const [a, b] of [
        [2, 0],
        [0, 0],
        [-1, 0],
        [-1, -1],
      ] as const) {
        if (a === b && cuts.indexOf(one) > cuts.indexOf(two)) continue;
        if (!isClaim(samples[0]!, mixed(0, one.without, two.without, a, b))) continue;
        const fits = samples.every((sample, i) => {
          if (i === 0) return true;
          const [x, y] = [one, two].map(({ at, slot }) => cutGradient(subject, losses[i]!, sample, at, slot));
          return isClaim(sample, mixed(i, x!, y!, a, b));
        });
        if (!fits) continue;
        const [p, q] = [one, two].map(({ at, slot }) => pathOf(subject, losses[0]!, at, slot)) as [Path, Path];
        found.push(
          a === b && a === 0
            ? `the claim takes ${p.use} and ${q.use} for constants`
            : `${pathText(a, p, subject).text}; ${pathText(b, q, subject).text}`,
        );
      }
    }
  }
  return shortest(found);
}

/** The claim is the gradient of the loss with one piece of it changed: a mask forgotten, a matrix transposed, sums from the other end. */
export function changedLoss(subject: Subject, losses: readonly Graph[]): string | undefined {
  const { samples, evidence } = subject;
  const loss = losses[0]!;
  const own = new Set<Tensor>([...loss.inputs, ...loss.nodes.flatMap((node) => node.outputs)]);
  const name = namesIn(subject, loss);
  const found: Found[] = [];
  const attempt = (at: number, change: (step: Step) => readonly Tensor[], text: () => string, cost: number): void => {
    if (!afford(subject, 3 * costOfAll(loss))) return;
    const fits = samples.every((sample, i) => {
      const run = (xs: readonly Tensor[]): Tensor =>
        walk<Tensor>(losses[i]!, xs, {
          constant: (x) => x,
          step: (node, inputs) => {
            const outputs = apply(node.op, inputs, node.params);
            return node === losses[i]!.nodes[at] ? change({ op: node.op, params: node.params, inputs, outputs }) : outputs;
          },
        })[0]!;
      try {
        return isClaim(
          sample,
          gradientGraph(run, evidence.leaves, sample.point).outputs.map((x) => entriesOf(x)),
        );
      } catch {
        return false;
      }
    });
    if (fits) found.push({ text: text(), cost });
  };
  loss.nodes.forEach((node, at) => {
    if (isAlias(node) || node.outputs.length !== 1) return;
    for (const { make, text, cost } of substitutes(node, loss, name))
      attempt(
        at,
        (step) => [make(step)],
        () => `the claim has ${text} in place of ${termOf(node.outputs[0]!, loss, name)}`,
        cost,
      );
    node.inputs.forEach((x, slot) => {
      if (own.has(x) || x.size < 2) return;
      const isSquare = x.rank === 2 && x.shape[0] === x.shape[1];
      const turn: Change = { change: (y) => transpose(y), text: inPlace((t) => `the transpose of ${t}`), cost: 2 };
      const some =
        x.dtype === "bool"
          ? decisions
          : isFloat(x.dtype)
            ? [factorChange(isProduct(node)), ...(isSquare ? [turn] : []), ...changes.slice(0, 2)]
            : [];
      for (const { change, text, cost } of some)
        attempt(
          at,
          ({ op, params, inputs }) =>
            apply(
              op,
              inputs.map((y, k) => (k === slot ? change(y) : y)),
              params,
            ),
          () => {
            const { term, place } = useOf(node, slot, loss, name);
            return text(term) + place;
          },
          cost,
        );
    });
  });
  return clearest(found);
}
