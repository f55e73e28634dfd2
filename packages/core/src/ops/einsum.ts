/** Einstein summation from NumPy's notation: it reads the labels, finds an order of pairwise contractions, and runs it. */
import { contraction, contractLabels, freshLabels } from "../define/contraction.ts";
import { movement, wholeSegment } from "../define/movement.ts";
import { argumentError, clashError, describe, formatShape } from "../errors.ts";
import { named } from "../notation.ts";
import { apply1, type Callable, callable, type Op, operands } from "../op.ts";
import { broadcastShapes, type Shape, stridesOf } from "../shape.ts";
import type { Tensor, TensorLike } from "../tensor.ts";
import { labelledBatch } from "./contraction.ts";
import { permute } from "./movement.ts";
import { sum } from "./reduction.ts";

/**
 * Einstein summation by NumPy's notation: one letter an axis, `...` for axes that broadcast, and after `->` the axes of the output.
 *
 * A letter missing from the output is summed over; a letter twice in one operand takes the diagonal. Without `->` the output has the broadcast axes and then
 * every letter that occurs once, in alphabetical order. Several operands are multiplied in pairs, smallest results first.
 * Throws where a letter has two sizes.
 * @example
 * ```ts
 * const x = tensor([[1, 2], [3, 4]]);
 * einsum("ij,j", x, tensor([1, 1])); // => tensor([3, 7], float64)
 * einsum("ii->i", x); // => tensor([1, 4], float64)
 * einsum("i,ij,j->", tensor([1, 1]), x, tensor([1, 1])); // => tensor(10, float64)
 * ```
 */
export const einsum: Callable<(subscripts: string, ...tensors: readonly TensorLike[]) => Tensor> = /* @__PURE__ */ callable(
  (subscripts: string, ...tensors: readonly TensorLike[]) => {
    const { inputs, output } = readSubscripts(subscripts, operands("einsum", tensors));
    const last = reducePairs(
      inputs.map((input) => prepared(input, inputs, output)),
      output,
    );
    return ordered(last, output);
  },
  {
    name: "einsum",
    op: contraction as Op,
    sample: (draw) => {
      const sides: Record<string, number> = {
        i: draw.integer(0, 3),
        j: draw.integer(1, 3),
        k: draw.integer(1, 3),
        l: draw.integer(1, 2),
        B: draw.integer(1, 2),
      };
      const spec = draw.pick([
        "ij,jk->ik",
        "ij,jk",
        "ij,ji",
        "ii",
        "ii->i",
        "iji->j",
        "ij->ji",
        "ij->",
        "i,j,k->kji",
        "ij,jk,kl->il",
        "B...i,...ij->...Bj",
        "...ij,...jk->...ik",
        "iij,jk->ik",
        "i,ij,j",
        "...",
        "...i->...",
        "kj,kj->j",
        ",i->i",
        "ij,ij,ij->j",
      ]);
      const shapes = spec
        .split("->")[0]!
        .split(",")
        .map((own) =>
          [...own.replace("...", "*")].flatMap((label) => (label === "*" ? draw.pick([[], [1], [2], [1, 2]]) : [sides[label]!])),
        );
      return [spec, ...shapes.map((shape) => draw.tensor(shape))];
    },
  },
);

/** A tensor and one label an axis. */
interface Labelled {
  readonly tensor: Tensor;
  readonly labels: string;
}

function readSubscripts(subscripts: unknown, tensors: readonly Tensor[]): { readonly inputs: Labelled[]; readonly output: string } {
  if (typeof subscripts !== "string" || !/^[A-Za-z.,]*(->[A-Za-z.]*)?$/.test(subscripts.replaceAll(" ", ""))) {
    throw argumentError("einsum", "not subscripts", subscripts, 'give letters, commas, ... and at most one ->, as in "ij,jk->ik"');
  }
  const [left, right] = subscripts.replaceAll(" ", "").split("->") as [string, string?];
  const terms = left.split(",");
  if (terms.length !== tensors.length || tensors.length === 0) {
    const counts = `${describe(subscripts)} names ${terms.length}, ${tensors.length} given`;
    throw clashError("einsum", "the number of operands differs", counts, "give one tensor a term");
  }
  const parsed = terms.map((term) => readTerm(term, subscripts));
  const shown = `${describe(subscripts)} with ${tensors.map((x) => formatShape(x.shape)).join(", ")}`;
  tensors.forEach((x, i) => {
    const { before, after, ellipsis } = parsed[i]!;
    const count = before.length + after.length;
    if (ellipsis ? count > x.rank : count !== x.rank)
      throw clashError("einsum", "labels and axes differ in number", `${shown}, operand ${i}`, "give one letter an axis");
  });
  const broadcast = broadcastEllipses(tensors, parsed);
  const dots = freshLabels(broadcast.length, left);
  const inputs = tensors.map((x, i) => labelledTerm(x, parsed[i]!, broadcast, dots));
  checkSizes(inputs, shown);
  const output = right === undefined ? implicitOutput(left, dots) : explicitOutput(right, left, dots, subscripts);
  return { inputs, output };
}

interface Term {
  readonly before: string;
  readonly after: string;
  readonly ellipsis: boolean;
}

function readTerm(term: string, subscripts: string): Term {
  const match = /^([A-Za-z]*)(?:(\.\.\.)([A-Za-z]*))?$/.exec(term);
  if (match === null)
    throw clashError("einsum", "dots that are no ellipsis", `"${term}" of "${subscripts}"`, "write ... at most once a term");
  return { before: match[1]!, after: match[3] ?? "", ellipsis: match[2] !== undefined };
}

const dotsRank = (x: Tensor, { before, after }: Term): number => x.rank - before.length - after.length;

function broadcastEllipses(tensors: readonly Tensor[], terms: readonly Term[]): Shape {
  return tensors.reduce<Shape>((shape, x, i) => {
    const from = terms[i]!.before.length;
    return broadcastShapes("einsum", shape, x.shape.slice(from, from + dotsRank(x, terms[i]!)));
  }, []);
}

/** The operand with its ellipsis axes in front, labelled, and those of 1 that meet longer ones dropped. */
function labelledTerm(x: Tensor, term: Term, broadcast: Shape, dots: string): Labelled {
  const rank = dotsRank(x, term);
  if (rank === 0) return { tensor: x, labels: term.before + term.after };
  const start = term.before.length;
  const axes = x.shape.map((_, axis) => axis);
  const fronted = permute(x, [...axes.slice(start, start + rank), ...axes.slice(0, start), ...axes.slice(start + rank)]);
  const { tensor, labels } = labelledBatch(fronted, rank, broadcast, dots);
  return { tensor, labels: labels + term.before + term.after };
}

function checkSizes(inputs: readonly Labelled[], shown: string): void {
  const sizes = new Map<string, number>();
  for (const { tensor, labels } of inputs) {
    [...labels].forEach((label, axis) => {
      const [known, side] = [sizes.get(label), tensor.shape[axis]!];
      if (known !== undefined && known !== side)
        throw clashError("einsum", "sizes of one label differ", `${shown}, label ${label} has ${known} and ${side}`, "make them equal");
      sizes.set(label, side);
    });
  }
}

function implicitOutput(left: string, dots: string): string {
  const letters = [...left.replace(/[^A-Za-z]/g, "")];
  return (
    dots +
    letters
      .filter((label) => letters.indexOf(label) === letters.lastIndexOf(label))
      .sort()
      .join("")
  );
}

function explicitOutput(right: string, left: string, dots: string, subscripts: string): string {
  const { before, after, ellipsis } = readTerm(right, subscripts);
  const letters = before + after;
  if (new Set(letters).size !== letters.length)
    throw clashError("einsum", "a label stands twice in the output", `"${subscripts}"`, "name each label once");
  const stray = [...letters].find((label) => !left.includes(label));
  if (stray !== undefined) throw clashError("einsum", "an output label is in no operand", `label ${stray} of "${subscripts}"`, "drop it");
  if (!ellipsis && dots !== "")
    throw clashError("einsum", "broadcast axes are missing from the output", `"${subscripts}"`, "write ... in the output too");
  return before + (ellipsis ? dots : "") + after;
}

/** Diagonals taken, and labels that occur nowhere else summed over. */
function prepared(input: Labelled, all: readonly Labelled[], output: string): Labelled {
  const { tensor, labels } = diagonal(input);
  const alone = [...labels].map(
    (label) => !output.includes(label) && all.every((other) => other === input || !other.labels.includes(label)),
  );
  if (!alone.includes(true)) return { tensor, labels };
  const axes = alone.flatMap((is, axis) => (is ? [axis] : []));
  return { tensor: sum(tensor, { axes }), labels: [...labels].filter((_, axis) => !alone[axis]).join("") };
}

function diagonal({ tensor, labels }: Labelled): Labelled {
  const distinct = [...new Set(labels)].join("");
  return distinct === labels
    ? { tensor, labels }
    : { tensor: apply1(diagonalOp, [tensor], { labels, shape: tensor.shape }), labels: distinct };
}

interface DiagonalParams {
  /** A label an axis of the larger tensor; equal ones go along a diagonal. */
  readonly labels: string;
  readonly shape: Shape;
}

const distinctAxes = (labels: string): number[] => [...labels].flatMap((label, axis) => (labels.indexOf(label) === axis ? [axis] : []));

/** For each distinct label, the step in the larger tensor: the sum of the strides of its axes. */
function diagonalStrides({ labels, shape }: DiagonalParams): number[] {
  const strides = stridesOf(shape);
  return distinctAxes(labels).map((axis) =>
    [...labels].reduce((step, label, other) => step + (label === labels[axis] ? strides[other]! : 0), 0),
  );
}

const smaller = ({ labels, shape }: DiagonalParams): Shape => distinctAxes(labels).map((axis) => shape[axis]!);
const withBatch = ({ labels, shape }: DiagonalParams, size: number): DiagonalParams => ({
  labels: freshLabels(1, labels) + labels,
  shape: [size, ...shape],
});

const diagonalOp: Op<DiagonalParams> = /* @__PURE__ */ movement<DiagonalParams>({
  name: "takeDiagonal",
  notation: /* @__PURE__ */ named("diag"),
  infer: (inputs, params) => ({ shape: smaller(params), dtype: inputs[0]!.dtype }),
  plan: (_inputs, params, out) => ({
    fill: null,
    accumulate: false,
    segments: [wholeSegment(out.shape, diagonalStrides(params), stridesOf(out.shape))],
  }),
  transpose: (g, _i, _inputs, params) => apply1(onDiagonalOp, [g], params),
  lift: (inputs, _batched, params, size) => apply1(diagonalOp, [inputs[0]!], withBatch(params, size)),
  show: ({ labels }) => labels,
});

const onDiagonalOp: Op<DiagonalParams> = /* @__PURE__ */ movement<DiagonalParams>({
  name: "onDiagonal",
  notation: /* @__PURE__ */ named("diag"),
  infer: (inputs, { shape }) => ({ shape, dtype: inputs[0]!.dtype }),
  plan: ([x], params) => ({ fill: 0, accumulate: false, segments: [wholeSegment(x!.shape, stridesOf(x!.shape), diagonalStrides(params))] }),
  transpose: (g, _i, _inputs, params) => apply1(diagonalOp, [g], params),
  lift: (inputs, _batched, params, size) => apply1(onDiagonalOp, [inputs[0]!], withBatch(params, size)),
  show: ({ labels }) => labels,
});

/** Contracts pairs until one is left: each time the pair whose result takes the least more room than its operands. */
function reducePairs(inputs: readonly Labelled[], output: string): Labelled {
  const rest = [...inputs];
  while (rest.length > 1) {
    const [i, j] = bestPair(rest, output);
    const [x, y] = [rest[i]!, rest[j]!];
    rest.splice(j, 1);
    rest.splice(i, 1);
    rest.push(contractPair(x, y, keptLabels(x, y, rest, output)));
  }
  return rest[0]!;
}

/** The labels of two operands that the output or another operand still needs; the output's own order where these are all of it. */
function keptLabels(x: Labelled, y: Labelled, others: readonly Labelled[], output: string): string {
  const both = [...new Set(x.labels + y.labels)].filter(
    (label) => output.includes(label) || others.some((other) => other.labels.includes(label)),
  );
  return others.length === 0 ? [...output].filter((label) => both.includes(label)).join("") : both.join("");
}

function contractPair(x: Labelled, y: Labelled, out: string): Labelled {
  return { tensor: contractLabels(x.tensor, y.tensor, { x: x.labels, y: y.labels, out }), labels: out };
}

function bestPair(list: readonly Labelled[], output: string): readonly [number, number] {
  let best: readonly [number, number] = [0, 1];
  let least = Number.POSITIVE_INFINITY;
  for (let j = 1; j < list.length && list.length > 2; j++) {
    for (let i = 0; i < j; i++) {
      const [x, y] = [list[i]!, list[j]!];
      const out = keptLabels(
        x,
        y,
        list.filter((_, k) => k !== i && k !== j),
        output,
      );
      const size = [...out].reduce((product, label) => product * sideOf(label, x, y), 1);
      const cost = size - x.tensor.size - y.tensor.size;
      if (cost < least) [best, least] = [[i, j], cost];
    }
  }
  return best;
}

function sideOf(label: string, x: Labelled, y: Labelled): number {
  const axis = x.labels.indexOf(label);
  return axis >= 0 ? x.tensor.shape[axis]! : y.tensor.shape[y.labels.indexOf(label)]!;
}

function ordered({ tensor, labels }: Labelled, output: string): Tensor {
  return permute(
    tensor,
    [...output].map((label) => labels.indexOf(label)),
  );
}
