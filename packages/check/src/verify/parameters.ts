/** Mistakes in a number: another constant than the loss's, an argument that is shifted. It solves for the number, and knows no list of them. */
import { tensor, type Tensor } from "@cotangent/core";
import { apply, entriesOf, type Graph, isFloat, walk } from "@cotangent/core/engine";
import type { Subject } from "./edits.ts";
import { countOf, type Evidence, isClaim, type Sample } from "./evidence.ts";
import { tensorsAt } from "./problem.ts";
import { gradientGraph } from "./replay.ts";
import { formatNumber } from "./report.ts";

/** Numbers of the loss's own: closed-over scalars, by value. */
export function numbersOf(loss: Graph | undefined): number[] {
  if (loss === undefined) return [];
  const own = new Set<Tensor>([...loss.inputs, ...loss.nodes.flatMap((node) => node.outputs)]);
  const values = loss.nodes.flatMap((node) =>
    node.inputs.flatMap((x) => (!own.has(x) && x.size === 1 && isFloat(x.dtype) && x.storage !== null ? [entriesOf(x)[0]!] : [])),
  );
  return [...new Set(values)].filter((value) => Number.isFinite(value)).slice(0, 8);
}

/** The claim is the gradient of the loss with another number in it: an ε, a coefficient cut short. */
export function otherConstant(subject: Subject, losses: readonly Graph[]): string | undefined {
  const { samples, evidence } = subject;
  if (countOf(samples) < 4) return undefined;
  for (const value of numbersOf(losses[0])) {
    const at = (i: number, other: number): readonly Float64Array[] => {
      const loss = losses[i]!;
      const own = new Set<Tensor>([...loss.inputs, ...loss.nodes.flatMap((node) => node.outputs)]);
      const replaced = (x: Tensor): Tensor =>
        !own.has(x) && x.size === 1 && isFloat(x.dtype) && entriesOf(x)[0] === value ? tensor(other) : x;
      const run = (xs: readonly Tensor[]): Tensor =>
        walk<Tensor>(loss, xs, {
          constant: (x) => (x.size === 1 && isFloat(x.dtype) ? replaced(x).reshape([...x.shape]) : x),
          step: (node, inputs) => apply(node.op, inputs, node.params),
        })[0]!;
      return gradientGraph(run, evidence.leaves, samples[i]!.point).outputs.map((x) => Float64Array.from(entriesOf(x)));
    };
    const solved = solve(samples[0]!, value, (other) => at(0, other));
    if (solved === undefined || !samples.every((sample, i) => isClaim(sample, at(i, solved)))) continue;
    return `the claim has ${formatNumber(solved, 6)} where the loss has ${formatNumber(value, 6)}`;
  }
  return undefined;
}

/** The claim is the true gradient elsewhere: each entry of an argument moved by one and the same number. */
export function shiftedArgument({ samples, graphs, evidence }: Subject): string | undefined {
  if (countOf(samples) < 4) return undefined;
  for (const [leaf, { path }] of evidence.leaves.entries()) {
    const at = (i: number, shift: number): readonly Float64Array[] =>
      gradientAt(graphs[i]!, evidence, samples[i]!, (row, k) => (k === leaf ? row.map((x) => x + shift) : row));
    const solved = solve(samples[0]!, 0, (shift) => at(0, shift));
    if (solved === undefined || !samples.every((sample, i) => isClaim(sample, at(i, solved)))) continue;
    return `the claim is the true gradient at ${path} ${solved < 0 ? "-" : "+"} ${formatNumber(Math.abs(solved), 6)}`;
  }
  return undefined;
}

const gradientAt = (
  graph: Graph,
  { leaves }: Evidence,
  { point }: Sample,
  move: (row: Float64Array, leaf: number) => Float64Array,
): readonly Float64Array[] =>
  walk<Tensor>(graph, tensorsAt(leaves, point.map(move), true), {
    constant: (x) => x,
    step: (node, inputs) => apply(node.op, inputs, node.params),
  }).map((x) => Float64Array.from(entriesOf(x)));

/** The number that makes a gradient the claim at its most telling entry, by secants; undefined where it does not at all of them. */
function solve(sample: Sample, start: number, at: (parameter: number) => readonly Float64Array[]): number | undefined {
  const { claimed, scales } = sample;
  const base = at(start);
  let step = start === 0 ? 1e-3 : 1e-2 * start;
  const moved = at(start + step);
  let [place, most] = [{ leaf: 0, at: 0 }, 0];
  claimed.forEach((row, leaf) =>
    row.forEach((_, i) => {
      const change = Math.abs(moved[leaf]![i]! - base[leaf]![i]!) * scales[leaf]![i]!;
      if (change > most) [place, most] = [{ leaf, at: i }, change];
    }),
  );
  const gap = (rows: readonly Float64Array[]): number => rows[place.leaf]![place.at]! - claimed[place.leaf]![place.at]!;
  let [x0, y0, x1, y1] = [start, gap(base), start + step, gap(moved)];
  if (!(most > 0)) return undefined;
  for (let i = 0; i < 12; i++) {
    step = (-y1 * (x1 - x0)) / (y1 - y0);
    if (!Number.isFinite(step)) break;
    [x0, y0, x1] = [x1, y1, x1 + step];
    const rows = at(x1);
    y1 = gap(rows);
    if (!Number.isFinite(y1)) return undefined;
    if (isClaim(sample, rows)) {
      const short = Number(x1.toPrecision(6));
      return isClaim(sample, at(short)) ? short : x1;
    }
    if (i >= 3 && !(Math.abs(y1) < Math.abs(y0))) return undefined;
  }
  return undefined;
}
