/** What is wrong with a wrong claim, in words. It knows patterns of claimed against true numbers and pieces of a gradient's graph; it judges nothing. */
import { mul, neg, ones, type Shape, type Tensor, zeros } from "@cotangent/core";
import { apply, entriesOf, formatShape, type Graph, identity, isFloat, labelOf, type Node, walk } from "@cotangent/core/engine";
import type { Disagreement } from "./judgement.ts";
import { type Leaf, type Point, tensorsAt, unravel } from "./problem.ts";
import { formatNumber } from "./report.ts";

/** What a diagnosis may look at. */
export interface Evidence {
  readonly leaves: readonly Leaf[];
  readonly size: number;
  /** All arguments, for their names and sizes. */
  readonly named: readonly Named[];
  /** The points where the claim is wrong. */
  readonly at: readonly { readonly point: Point; readonly wrong: Disagreement; readonly gradient: Graph | undefined }[];
  /** At how many points it is right. */
  readonly right: number;
}

/** A tensor among the arguments. */
export interface Named {
  readonly path: string;
  readonly tensor: Tensor;
}

/** A claimed entry and the true one with its error bar. */
interface Pair {
  readonly claimed: number;
  readonly truth: number;
  readonly bar: number;
}

export function diagnose(evidence: Evidence): string | undefined {
  const pairs = evidence.at.flatMap(({ wrong }) => pairsOf(wrong));
  return (
    constantFactor(evidence, pairs) ??
    exchanged(evidence) ??
    constantOffset(evidence, pairs) ??
    spoiledPiece(evidence) ??
    someEntries(evidence) ??
    (evidence.right > 0 ? `the claim is right at ${evidence.right} of ${evidence.right + evidence.at.length} points` : undefined)
  );
}

function pairsOf({ claimed, truth, bars, entries, complete }: Disagreement): Pair[] {
  const pair = (leaf: number, at: number): Pair => ({ claimed: claimed[leaf]![at]!, truth: truth[leaf]![at]!, bar: bars[leaf]![at]! });
  if (!complete) return entries.map(({ leaf, at }) => pair(leaf, at));
  return claimed.flatMap((row, leaf) => Array.from(row, (_, at) => pair(leaf, at)));
}

/** Whether two numbers are one within their error bars and the digits that a claim's own rounding leaves. */
const near = (x: number, y: number, bar: number): boolean => Math.abs(x - y) <= 4 * bar + 1e-9 * Math.max(Math.abs(x), Math.abs(y));

function constantFactor({ named, right }: Evidence, pairs: readonly Pair[]): string | undefined {
  const clear = pairs.filter(({ truth, bar }) => Math.abs(truth) > 1e3 * bar);
  if (right > 0 || clear.length === 0) return undefined;
  if (pairs.every(({ claimed }) => claimed === 0)) return "the claim is zero";
  const strongest = clear.reduce((most, one) =>
    Math.abs(one.truth) / (one.bar || 1e-300) > Math.abs(most.truth) / (most.bar || 1e-300) ? one : most,
  );
  const factor = strongest.claimed / strongest.truth;
  if (pairs.length < 2 || !pairs.every(({ claimed, truth, bar }) => near(claimed, factor * truth, bar * (1 + Math.abs(factor)))))
    return undefined;
  return nameFactor(factor, sizesOf(named));
}

interface Size {
  readonly size: number;
  readonly name: string;
}

/** The lengths of the arguments' axes, which a forgotten or superfluous mean multiplies by. */
function sizesOf(named: readonly Named[]): Size[] {
  const found = new Map<number, string>();
  for (const { path, tensor: x } of named) {
    x.shape.forEach((side, axis) => {
      if (side > 1 && !found.has(side)) found.set(side, `the size of axis ${axis} of ${path}`);
    });
    if (x.rank > 1 && x.size > 1 && !found.has(x.size)) found.set(x.size, `the number of entries of ${path}`);
  }
  return [...found].map(([size, name]) => ({ size, name }));
}

/** Factors with a meaning of their own. */
const famous: readonly (readonly [number, string, remark?: string])[] = [
  [-1, "-1", "the sign is wrong"],
  [2, "2"],
  [0.5, "1/2"],
  [-2, "-2"],
  [-0.5, "-1/2"],
  [Math.LN10, "ln 10", "a decimal logarithm lacks its 1/ln 10"],
  [1 / Math.LN10, "1/ln 10"],
  [Math.LN2, "ln 2"],
  [1 / Math.LN2, "1/ln 2", "a binary logarithm has one too many"],
  [Math.PI, "π"],
  [1 / Math.PI, "1/π"],
  [2 * Math.PI, "2π"],
  [Math.sqrt(2), "√2"],
  [Math.SQRT1_2, "1/√2"],
];

function nameFactor(factor: number, sizes: readonly Size[]): string {
  const is = (x: number): boolean => Math.abs(factor - x) <= 1e-8 * Math.abs(x);
  const times = (text: string): string => `the claim is ${text} times the truth`;
  for (const { size, name } of sizes)
    if (size > 2 && is(size)) return `${times(String(size))}: ${size} is ${name}; a mean is missing its 1/${size}`;
  for (const { size, name } of sizes)
    if (size > 2 && is(1 / size)) return `${times(`1/${size}`)}: ${size} is ${name}; there is a mean where the loss has a sum`;
  for (const [value, name, remark] of famous) if (is(value)) return remark === undefined ? times(name) : `${times(name)}: ${remark}`;
  for (const { size, name } of sizes) {
    if (is(size)) return `${times(String(size))}: ${size} is ${name}; a mean is missing its 1/${size}`;
    if (is(1 / size)) return `${times(`1/${size}`)}: ${size} is ${name}; there is a mean where the loss has a sum`;
    if (is(size / (size - 1)))
      return `${times(`${size}/${size - 1}`)}: it divides by ${size - 1} where the loss divides by ${size}, ${name}`;
    if (is((size - 1) / size))
      return `${times(`${size - 1}/${size}`)}: it divides by ${size} where the loss divides by ${size - 1}; ${size} is ${name}`;
    if (is(Math.sqrt(size))) return `${times(`√${size}`)}: ${size} is ${name}`;
    if (is(1 / Math.sqrt(size))) return `${times(`1/√${size}`)}: ${size} is ${name}`;
  }
  for (const x of sizes) {
    for (const y of sizes) {
      if (x !== y && is(x.size / y.size))
        return `${times(`${x.size}/${y.size}`)}: it divides by ${y.size}, ${y.name}, where the loss divides by ${x.size}, ${x.name}`;
    }
    if (is(2 * x.size)) return `${times(`2 · ${x.size}`)}: ${x.size} is ${x.name}`;
    if (is(2 / x.size)) return `${times(`2/${x.size}`)}: ${x.size} is ${x.name}`;
    if (is(x.size / 2)) return `${times(`${x.size}/2`)}: ${x.size} is ${x.name}`;
  }
  return times(formatNumber(factor, 8));
}

/** Entries of the truth in another order: transposed, or of another argument. */
function exchanged({ leaves, at }: Evidence): string | undefined {
  const complete = at.filter(({ wrong }) => wrong.complete);
  if (complete.length === 0) return undefined;
  const fits = (order: (truth: Point) => Point): boolean =>
    complete.every(({ wrong: { claimed, truth, bars } }) => {
      const other = order(truth);
      return claimed.every((row, k) => row.length === other[k]!.length && row.every((c, i) => near(c, other[k]![i]!, bars[k]![i]!)));
    });
  const transposes = leaves.map(({ shape }) => (shape.length === 2 && shape[0] === shape[1] && shape[0]! > 1 ? transposed : undefined));
  if (transposes.some((one) => one !== undefined) && fits((truth) => truth.map((row, k) => transposes[k]?.(row, leaves[k]!.shape) ?? row)))
    return "the claim is the transpose of the truth";
  if (leaves.length === 1 && fits((truth) => truth.map((row) => row.slice().reverse())))
    return "the claim has the entries of the truth in reverse order";
  for (let i = 0; i < leaves.length; i++) {
    for (let j = i + 1; j < leaves.length; j++) {
      const swap = (truth: Point): Point => truth.map((row, k) => (k === i ? truth[j]! : k === j ? truth[i]! : row));
      if (fits(swap)) return `the gradients of ${leaves[i]!.path} and ${leaves[j]!.path} are exchanged`;
    }
  }
  return undefined;
}

function transposed(row: Float64Array, shape: Shape): Float64Array {
  const side = shape[0]!;
  return row.map((_, at) => row[(at % side) * side + Math.floor(at / side)]!);
}

function constantOffset({ right }: Evidence, pairs: readonly Pair[]): string | undefined {
  if (right > 0 || pairs.length < 3) return undefined;
  const offset = pairs[0]!.claimed - pairs[0]!.truth;
  const fits = pairs.every(({ claimed, truth, bar }) => {
    const rounding = 8 * bar + 1e-13 * Math.max(Math.abs(claimed), Math.abs(truth));
    return Math.abs(offset) > 10 * rounding && Math.abs(claimed - truth - offset) <= rounding;
  });
  return fits ? `the claim is the truth ${offset < 0 ? "minus" : "plus"} ${formatNumber(Math.abs(offset), 6)} at every entry` : undefined;
}

/** How a piece of the gradient may be spoiled, and what to say of it. */
const changes: readonly (readonly [string, (x: Tensor) => Tensor])[] = [
  ["the claim misses the factor", (x) => ones(x.shape, x.dtype)],
  ["the claim misses the term", (x) => zeros(x.shape, x.dtype)],
  ["the claim has the wrong sign at", neg],
  ["the claim has one time too many the factor", (x) => mul(x, x)],
  ["the claim counts twice", (x) => mul(x, 2)],
  ["the claim counts half of", (x) => mul(x, 0.5)],
];

const mostNodes = 150;
const mostWork = 20_000;

/** A node of the true gradient's graph that, spoiled in one way, gives the claim. */
function spoiledPiece({ leaves, named, at }: Evidence): string | undefined {
  const known = at.filter((one) => one.gradient !== undefined && one.wrong.complete);
  const first = known[0]?.gradient;
  if (first === undefined || first.nodes.length > mostNodes || first.nodes.reduce((sum, node) => sum + node.outputs[0]!.size, 0) > mostWork)
    return undefined;
  const found: string[] = [];
  for (const [text, change] of changes) {
    first.nodes.forEach((node, place) => {
      if ((node.op === identity && change !== neg) || node.outputs.length !== 1 || !isFloat(node.outputs[0]!.dtype)) return;
      const fits = known.every(({ gradient, point, wrong }) => {
        const target = gradient!.nodes[place];
        return target?.op === node.op && matches(spoiled(gradient!, target, change, leaves, point), wrong);
      });
      if (fits) found.push(`${text} ${termOf(node.outputs[0]!, first, leaves, named)}`);
    });
    if (found.length > 0) break;
  }
  return found.sort((x, y) => x.length - y.length)[0];
}

function spoiled(gradient: Graph, target: Node, change: (x: Tensor) => Tensor, leaves: readonly Leaf[], point: Point): readonly Tensor[] {
  return walk<Tensor>(gradient, tensorsAt(leaves, point, true), {
    constant: (x) => x,
    step: (node, xs) => {
      const outputs = apply(node.op, xs, node.params);
      return node === target ? outputs.map(change) : outputs;
    },
  });
}

function matches(outputs: readonly Tensor[], { claimed, truth, bars }: Disagreement): boolean {
  const size = Math.max(...truth.map((row) => row.reduce((most, x) => Math.max(most, Math.abs(x)), 0)));
  return outputs.every((x, k) => {
    const entries = entriesOf(x);
    return claimed[k]!.every((c, i) => Math.abs(c - entries[i]!) <= 8 * bars[k]![i]! + 1e-11 * Math.max(Math.abs(c), 1e-4 * size));
  });
}

const deepest = 3;

/** A value of a graph as a short term: labels and arguments by name, what is deeper as three dots. */
function termOf(x: Tensor, graph: Graph, leaves: readonly Leaf[], named: readonly Named[]): string {
  const nameOf = (tensor: Tensor): string | undefined => {
    const input = graph.inputs.indexOf(tensor);
    if (input >= 0) return leaves[input]!.path;
    const known = named.find((one) => one.tensor === tensor);
    if (known !== undefined) return known.path;
    return labelOf(tensor);
  };
  const own = new Set(graph.nodes);
  const term = (tensor: Tensor, depth: number): string => {
    const name = nameOf(tensor);
    if (name !== undefined) return name;
    const node = tensor.origin;
    if (node?.op === identity && node.inputs.length === 1) return term(node.inputs[0]!, depth);
    if (node === null || !own.has(node))
      return tensor.size === 1 && tensor.storage !== null
        ? formatNumber(entriesOf(tensor)[0]!, 6)
        : `${tensor.dtype}${formatShape(tensor.shape)}`;
    return `${node.op.name}(${depth === 0 ? "…" : node.inputs.map((input) => term(input, depth - 1)).join(", ")})`;
  };
  return term(x, deepest);
}

/** Only some entries, if they are few. */
function someEntries({ leaves, size, at, right }: Evidence): string | undefined {
  const { wrong } = at[0]!;
  const count = wrong.entries.length;
  if (!wrong.complete || right > 0 || size === 1 || count === 0 || count > Math.max(1, size / 4)) return undefined;
  const { leaf, at: i } = wrong.entries[0]!;
  const place = `${leaves[leaf]!.path}${formatShape(unravel(i, leaves[leaf]!.shape))}`;
  const ratio = wrong.claimed[leaf]![i]! / wrong.truth[leaf]![i]!;
  if (count === 1) return `only ${place} is wrong; it is ${formatNumber(ratio, 8)} times the truth`;
  return `only ${count} entries are wrong, ${place} the first of them`;
}
