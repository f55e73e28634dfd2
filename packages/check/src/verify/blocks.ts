/**
 * Judges a claimed Jacobian at one point: entry by entry where that is cheap, else along a random cotangent, after which it finds the wrong
 * entries. It knows the ways to judge and what they cost; how a gradient is judged is elsewhere.
 */
import { label, matmul, mul, reshape, slice, type Tensor, tensor } from "@cotangent/core";
import { formatShape, type Graph, sizeOf } from "@cotangent/core/engine";
import { type AnyFunction, recorded } from "./behaviour.ts";
import type { Disagreement, Judgement, Place } from "./judgement.ts";
import { alongLine, asGiven, blocksOf, chosen, copiesOf, entriesIn, type Mapping, matricesOf, packed, sameOutputs } from "./mapping.ts";
import { judgeAt, type Judged, type Subject, whereUndefined } from "./point.ts";
import { type Point, scalesOf, tensorsAt, unravel } from "./problem.ts";
import { branchOf, workOf } from "./replay.ts";
import { rowsOf, type Weights } from "./rows.ts";
import type { Answer } from "./task.ts";

/** Jacobians whose rows take more work together are judged along a random cotangent; so are those of black boxes with more entries. */
const mostWork = 20_000;
const mostEntries = 4096;
const mostOfBlackBox = 128;
/** Claims of more entries are judged as numbers. */
const mostInOps = 200_000;
/** Among more outputs the wrong ones are looked for where a rough slope differs most. */
const mostRows = 128;

export function judgeMapping(mapping: Mapping, point: Point, uniform: () => number): Answer {
  const { inputs, outputs } = mapping;
  const size = inputs.size * outputs.size;
  if (size === 0) return unjudged({ kind: "undecided", why: "there are no entries to judge", digits: 0 }, copiesOf(mapping, point));
  const { graph, lost } = graphAt(mapping, point);
  if (lost !== undefined) return lost;
  const [line] = graph.reads;
  if (line !== undefined && branchOf(graph) !== branchOf(graphAt(mapping, inputs.base).graph))
    return unjudged(
      { kind: "domain", op: undefined, what: `the function takes another branch: it reads a value at ${line}` },
      copiesOf(mapping, point),
    );
  const subject = line === undefined ? mapping : { ...mapping, opaque: true };
  const cheap = subject.opaque ? size <= mostOfBlackBox : size <= mostEntries && outputs.size * workOf(graph) <= mostWork;
  const answer = cheap ? judgeRows(subject, point, uniform) : judgeProjected(subject, point, uniform);
  if (line === undefined) return answer;
  return {
    ...answer,
    notes: [`the function reads a value at ${line}: it is judged by its values, on the branch of the given point`, ...answer.notes],
  };
}

/** The function's graph, and the answer where it is not defined. */
export function graphAt(mapping: Mapping, point: Point): { readonly graph: Graph; readonly lost: Answer | undefined } {
  const { graph } = recorded(
    "the function",
    (xs) => mapping.value(xs, true),
    tensorsAt(mapping.inputs.leaves, point, true),
    (out) => out as readonly Tensor[],
  );
  const what = notDefined(mapping, point);
  if (what === undefined) return { graph, lost: undefined };
  return { graph, lost: unjudged({ kind: "domain", what, ...whereUndefined(graph) }, copiesOf(mapping, point)) };
}

const unjudged = (judgement: Judgement, point: Point): Answer => ({
  judgement,
  method: "values of the loss",
  notes: [],
  gradient: undefined,
  point,
});

const valuesAt = (mapping: Mapping, point: Point): Point =>
  entriesIn(sameOutputs(mapping.outputs, mapping.value(tensorsAt(mapping.inputs.leaves, point, true), true)));

/** The first entry of the outputs that is not finite. */
function notDefined(mapping: Mapping, point: Point): string | undefined {
  const values = valuesAt(mapping, point);
  const o = values.findIndex((row) => !row.every(Number.isFinite));
  if (o < 0) return undefined;
  const at = values[o]!.findIndex((x) => !Number.isFinite(x));
  const { path, shape } = mapping.outputs.leaves[o]!;
  return `${path}${formatShape(unravel(at, shape))} is ${values[o]![at]}`;
}

/** The claim's blocks at a point as matrices of numbers. */
function claimedAt(mapping: Mapping, point: Point): readonly Float64Array[] {
  const found = matricesOf(mapping, mapping.claimed(tensorsAt(mapping.inputs.leaves, point, true), true));
  return found === undefined
    ? blocksOf(mapping).leaves.map(({ shape }) => new Float64Array(sizeOf(shape)).fill(Number.NaN))
    : entriesIn(found.blocks);
}

/** Outputs may differ by so much before their rows are brought to one size. */
const similar = 2 ** 10;

/** Rows of smaller numbers have underflowed, or nearly, and stay as they are. */
const underflow = { float32: 2 ** -100, float64: 2 ** -900 } as const;

/** Powers of two that bring outputs of very different sizes together, so that rounding in one does not hide another. */
function weightsOf(mapping: Mapping, point: Point): Weights | undefined {
  const { inputs, outputs } = mapping;
  const values = valuesAt(mapping, point);
  const claimed = claimedAt(mapping, point);
  const scales = scalesOf(inputs.leaves, point);
  const sizes = outputs.leaves.map(({ size }, o) =>
    Float64Array.from({ length: size }, (_, r) => {
      let most = Math.abs(values[o]![r]!);
      scales.forEach((row, k) => {
        const block = claimed[o * scales.length + k]!;
        row.forEach((scale, c) => {
          const effect = Math.abs(block[r * row.length + c]! * scale);
          if (effect > most && Number.isFinite(effect)) most = effect;
        });
      });
      return most;
    }),
  );
  const least = underflow[inputs.leaves.some(({ dtype }) => dtype === "float32") ? "float32" : "float64"];
  const all = sizes.flatMap((row) => Array.from(row)).filter((size) => size > least);
  if (all.length === 0 || Math.max(...all) <= similar * Math.min(...all)) return undefined;
  return sizes.map((row) => row.map((size) => (size > least ? 2 ** -Math.round(Math.log2(size)) : 1)));
}

function judgeRows(mapping: Mapping, point: Point, uniform: () => number): Answer {
  const weights = weightsOf(mapping, point);
  const shown = copiesOf(mapping, point);
  const found = judgeAt(rowsOf(mapping, weights), shown, uniform);
  return { ...(weights === undefined ? found : unweighted(mapping, found, weights)), point: shown };
}

/** What was found of weighted rows, said of the rows themselves. */
function unweighted(mapping: Mapping, found: Judged, weights: Weights): Judged {
  const { judgement } = found;
  const { inputs } = mapping;
  const weightOf = ({ leaf, at }: Place): number => {
    const [o, k] = [Math.floor(leaf / inputs.leaves.length), leaf % inputs.leaves.length];
    return weights[o]![Math.floor(at / sizeOf(inputs.leaves[k]!.shape))]!;
  };
  const divided = (entries: Point): Point => entries.map((row, leaf) => row.map((x, at) => x / weightOf({ leaf, at })));
  const freed = { ...found, gradient: undefined, loss: undefined };
  if (judgement.kind === "wrong") {
    const { claimed, truth, bars } = judgement;
    return { ...freed, judgement: { ...judgement, claimed: divided(claimed), truth: divided(truth), bars: divided(bars) } };
  }
  if (judgement.kind === "kink") {
    const weight = weightOf(judgement.place);
    const { left, right, claimed } = judgement;
    return { ...freed, judgement: { ...judgement, left: left / weight, right: right / weight, claimed: claimed / weight } };
  }
  return freed;
}

/** Random, and not constant: layers that normalise are blind to ones. */
export const randomEntries = (size: number, uniform: () => number): Float64Array =>
  Float64Array.from({ length: size }, () => (uniform() < 0.5 ? -1 : 1) * (0.5 + uniform()));

/** Tensors that no recording watches. */
const copied = (xs: readonly Tensor[]): Tensor[] => entriesIn(xs).map((entries, k) => tensor(entries, { shape: xs[k]!.shape }));

/** The scalar ⟨cotangent, f⟩ and the claimed gradient of it. */
export function projection(mapping: Mapping, cotangents: Point): Subject {
  const { inputs, outputs } = mapping;
  const count = inputs.leaves.length;
  const whole = inputs.size * outputs.size <= mostInOps;
  const product = (xs: readonly Tensor[], wide: boolean): Tensor =>
    sameOutputs(outputs, mapping.value(xs, wide))
      .map((x, o) => mul(x, label(tensor(cotangents[o]!, { shape: x.shape }), "g")).sum())
      .reduce((sum, x) => sum.add(x));
  const claimed = (xs: readonly Tensor[], wide: boolean): unknown => {
    const found = matricesOf(mapping, mapping.claimed(xs, wide));
    if (found === undefined) return undefined;
    const rows = inputs.leaves.map((leaf, k) =>
      reshape(
        outputs.leaves.map((_, o) => matmul(tensor(cotangents[o]!), found.blocks[o * count + k]!)).reduce((sum, x) => sum.add(x)),
        leaf.shape,
      ),
    );
    return packed(inputs, asGiven(rows, found.allTensors && whole));
  };
  return {
    loss: ((xs: readonly Tensor[], wide: boolean) =>
      mapping.opaque ? product(copied(xs), wide).item() : product(xs, wide)) as AnyFunction,
    claimed: ([xs, wide]) => claimed(xs as readonly Tensor[], wide as boolean),
    inputs: { ...inputs, narrow: (own) => [own, false], wide: (own) => [own, true] },
  };
}

function judgeProjected(mapping: Mapping, point: Point, uniform: () => number): Answer {
  const { inputs, outputs } = mapping;
  const weights = weightsOf(mapping, point);
  const cotangents = outputs.leaves.map(({ size }, o) => randomEntries(size, uniform).map((g, r) => g * (weights?.[o]?.[r] ?? 1)));
  const { judgement, method, notes } = judgeAt(projection(mapping, cotangents), point, uniform);
  const answer = (own: Judgement): Answer => ({
    judgement: own,
    method: method.replace("the loss", "⟨cotangent, the loss⟩"),
    notes,
    gradient: undefined,
    point: copiesOf(mapping, point),
  });
  if (judgement.kind === "wrong") return answer(located(mapping, point, judgement, uniform));
  if (judgement.kind !== "kink") return answer(judgement);
  const { leaf, at } = judgement.place;
  const { path, shape } = inputs.leaves[leaf]!;
  return answer({ kind: "undecided", why: `the function is not smooth along ${path}${formatShape(unravel(at, shape))}`, digits: 0 });
}

/** The wrong entries in the column where a projection is farthest from the truth. */
function located(mapping: Mapping, point: Point, { claimed, truth, bars, entries }: Disagreement, uniform: () => number): Judgement {
  const far = ({ leaf, at }: Place): number => Math.abs(claimed[leaf]![at]! - truth[leaf]![at]!) / (bars[leaf]![at]! || 1e-300);
  const column = entries.reduce((most, one) => (far(one) > far(most) ? one : most));
  const { inputs } = mapping;
  const scale = scalesOf(inputs.leaves, point)[column.leaf]![column.at]!;
  const direction = inputs.leaves.map(({ shape }) => new Float64Array(sizeOf(shape)));
  direction[column.leaf]![column.at] = scale;
  const line = alongLine(mapping, point, direction, (xs, wide) => columnOf(mapping, mapping.claimed(xs, wide), column, scale));
  return toColumn(mapping, point, column, scale, wrongRows(line, uniform));
}

/** One column of a claimed Jacobian in the outputs' form. */
function columnOf(mapping: Mapping, claim: unknown, { leaf, at }: Place, scale: number): unknown {
  const { inputs, outputs } = mapping;
  const found = matricesOf(mapping, claim);
  if (found === undefined) return undefined;
  const columns = outputs.leaves.map(({ shape }, o) =>
    reshape(mul(slice(found.blocks[o * inputs.leaves.length + leaf]!, null, at), scale), shape),
  );
  return outputs.build(asGiven(columns, found.allTensors));
}

interface WrongRow {
  /** In the row of all outputs' entries. */
  readonly row: number;
  readonly truth: number;
  readonly bar: number;
}

/** The outputs whose slope along a line is not the claimed one. */
function wrongRows(line: Mapping, uniform: () => number): WrongRow[] {
  const start = [Float64Array.of(0)];
  const rows = line.outputs.size <= mostRows ? Array.from({ length: line.outputs.size }, (_, r) => r) : suspects(line, start);
  const { judgement } = judgeRows(chosen(line, rows), start, uniform);
  if (judgement.kind !== "wrong") return [];
  return judgement.entries.map(({ at }) => ({ row: rows[at]!, truth: judgement.truth[0]![at]!, bar: judgement.bars[0]![at]! }));
}

const joined = (rows: readonly Float64Array[]): number[] => rows.flatMap((row) => Array.from(row));

/** The outputs where the claim is farthest from a central difference, absolutely and relatively. */
function suspects(line: Mapping, start: Point): number[] {
  const h = 2 ** -17;
  const [above, below] = [h, -h].map((t) => joined(valuesAt(line, [Float64Array.of(t)])));
  const off = joined(claimedAt(line, start)).map((claimed, row) => {
    const slope = (above![row]! - below![row]!) / (2 * h);
    const absolute = Math.abs(claimed - slope);
    return { row, absolute, relative: absolute / (Math.abs(slope) || 1) };
  });
  const absolutely = [...off].sort((x, y) => y.absolute - x.absolute).slice(0, mostRows / 2);
  const relatively = off.sort((x, y) => y.relative - x.relative).slice(0, mostRows / 2);
  return [...new Set([...absolutely, ...relatively].map(({ row }) => row))].sort((x, y) => x - y);
}

/** Wrong entries of one column as a disagreement about the whole. */
function toColumn(mapping: Mapping, point: Point, { leaf, at }: Place, scale: number, wrong: readonly WrongRow[]): Judgement {
  if (wrong.length === 0)
    return { kind: "undecided", why: "the claim fails along a random cotangent, but no entry can be told wrong alone", digits: 0 };
  const { inputs, outputs } = mapping;
  const claimed = claimedAt(mapping, point);
  const [truth, bars] = [claimed.map((row) => row.slice()), claimed.map((row) => new Float64Array(row.length))];
  const width = sizeOf(inputs.leaves[leaf]!.shape);
  const entries = wrong.map(({ row, truth: slope, bar }): Place => {
    let [o, r] = [0, row];
    while (r >= outputs.leaves[o]!.size) r -= outputs.leaves[o++]!.size;
    const place = { leaf: o * inputs.leaves.length + leaf, at: r * width + at };
    truth[place.leaf]![place.at] = slope / scale;
    bars[place.leaf]![place.at] = bar / scale;
    return place;
  });
  return { kind: "wrong", claimed, truth, bars, entries, complete: false };
}
