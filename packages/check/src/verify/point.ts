/** Judges a claimed gradient at one point by the best means the loss allows. It knows the rungs and their order. */
import { detach, grad, type Tensor } from "@cotangent/core";
import { apply, entriesOf, formatShape, type Graph, isTensor, walk } from "@cotangent/core/engine";
import { type AnyFunction, call, recorded, run, scalarOf } from "./behaviour.ts";
import { endsHere, noiseNear } from "./differences.ts";
import {
  type Disagreement,
  type Judgement,
  judgeFormula,
  judgeNumbers,
  type KinkFound,
  notFinite,
  type Place,
  sizeOfGradient,
  toNumbers,
} from "./judgement.ts";
import { directionsTried, judgeByValues } from "./probe.ts";
import { alongDirection, directionOf, fit, type Inputs, type Leaf, type Point, scalesOf, tensorsAt, unravel } from "./problem.ts";
import {
  boundedSlope,
  branchOf,
  dd,
  detaches,
  detachesInside,
  isProvedWrong,
  type Frozen,
  frozenAt,
  gradientGraph,
  kinkNode,
  type Known,
  knownOf,
  sidesAt,
  slopeAt,
  workOf,
} from "./replay.ts";

export interface Subject {
  readonly loss: AnyFunction;
  readonly claimed: (args: readonly unknown[]) => unknown;
  readonly inputs: Inputs;
  /** The loss in float64 without tensors, where that is cheaper. */
  readonly value?: (point: Point) => number;
}

export const byReplay = "replay in dual double-double numbers";
export const byIntervals: string = `${byReplay}; proved in interval arithmetic`;
export const byValues = "finite differences of the loss";

export interface Judged {
  readonly judgement: Judgement;
  readonly method: string;
  readonly notes: readonly string[];
  /** The loss's reverse gradient where it is known op by op. */
  readonly gradient: Graph | undefined;
  /** The loss's recording where its gradient is known op by op. */
  readonly loss?: Graph | undefined;
}

/** Losses with more work than this are judged by their float64 values. */
const replayable = 20_000;

/** Losses with more work than this have no slopes over other numbers. */
const traceable = 100_000;

const heldNote = "what is detached was held at its value at each point";
const heldInside = "what is detached inside a loop was held at its value in each step";
const undecided = (why: string): Judgement => ({ kind: "undecided", why, digits: 0 });

/** Gradients with at most so many entries are searched for kinks entry by entry. */
const fewEntries = 256;

export function judgeAt(subject: Subject, point: Point, uniform: () => number): Judged {
  const { inputs } = subject;
  const { leaves } = inputs;
  const lossOf = (xs: readonly Tensor[]): Tensor => call(subject.loss, inputs.wide(xs)) as Tensor;
  const { graph, output } = recorded("the loss", lossOf, tensorsAt(leaves, point, true), (out) => (isTensor(out) ? [out] : []));
  const value = scalarOf(output);
  const result = (
    judgement: Judgement,
    method = byReplay,
    notes: readonly string[] = [],
    gradient: Graph | undefined = undefined,
  ): Judged => ({ judgement, method, notes, gradient, loss: gradient === undefined ? undefined : graph });
  if (!Number.isFinite(value)) return result({ kind: "domain", ...whereUndefined(graph), what: `the loss is ${value}` });
  const reading = graph.reads.length === 0 ? undefined : readingOf(lossOf, subject, point, graph);
  if (reading?.isOther)
    return result({ kind: "domain", op: undefined, what: `the loss takes another branch: it reads a value at ${reading.line}` });
  const claim = claimAt(subject, point);
  const bad = notFinite(claim.values);
  const scales = scalesOf(leaves, point);
  const notANumber = (): Judged =>
    result({ kind: "undecided", why: `the claim is ${claim.values[bad!.leaf]![bad!.at]} at ${pathOf(inputs, bad!)}`, digits: 0 });
  const opaque = graph.outputs.length === 0 || graph.reads.length > 0;
  if (opaque || workOf(graph) > replayable) {
    if (bad !== undefined) return notANumber();
    const held = detaches(graph);
    if (reading !== undefined && (held || detachesInside(graph)))
      return result(undecided(`the loss reads a value at ${reading.line} and detaches: its values do not show what is held`), byValues);
    if (detachesInside(graph))
      return result(undecided("the loss is large and detaches inside a loop: its values do not show what is held"), byValues);
    const notes =
      reading === undefined
        ? []
        : [`the loss reads a value at ${reading.line}: it is judged by its values, on the branch of the given point`];
    const guide = opaque ? undefined : guideOf(lossOf, subject, point);
    const isExact = point === inputs.base && !opaque && workOf(graph) <= traceable;
    const plain = held
      ? heldValue(graph, leaves)
      : (subject.value ?? ((at: Point): number => scalarOf(call(subject.loss, inputs.wide(tensorsAt(leaves, at, true))))));
    const noise = inputs.size <= fewEntries ? noiseOf(subject, point, claim.values, scales, uniform) : roundingOf(subject, claim.values);
    const judgement = judgeByValues({
      leaves,
      point,
      scales,
      value: reading === undefined ? plain : reading.value,
      claimed: claim.values,
      noise,
      uniform,
      ...(guide === undefined ? {} : { guide }),
      ...(isExact ? { slope: (direction: Point) => boundedSlope(graph, leaves, point, direction) } : {}),
    });
    if (judgement.kind === "undecided" && judgement.why === endsHere && reading?.hasCrossed())
      return result(undecided(`the loss changes its branch here, however near: it reads a value at ${reading.line}`), byValues);
    return result(judgement, byValues, held ? [...notes, heldNote] : notes);
  }
  const frozen = frozenAt(graph, leaves, point);
  const directions = Array.from({ length: directionsTried }, () => directionOf(scales, uniform));
  const crossing = directions.find((direction) => {
    const { kink, jump } = sidesAt(frozen, leaves, point, direction);
    return (kink || jump) && kinkNode(graph, leaves, point, direction) !== undefined;
  });
  if (crossing !== undefined) return result(judgeKink(subject, graph, frozen, point, scales, claim.values, crossing));
  if (bad !== undefined) return notANumber();
  const notes = [...(frozen.held.length > 0 ? [heldNote] : []), ...(detachesInside(graph) ? [heldInside] : [])];
  const gradient = run("the loss", () => gradientGraph(lossOf, leaves, point));
  const truth = truthOf(gradient, frozen, subject, point, scales, directions);
  const lost = notFinite(toNumbers(truth.known));
  if (lost !== undefined) {
    return result({ kind: "domain", op: whereUndefined(gradient).op, what: `the derivative by ${pathOf(inputs, lost)} is not finite` });
  }
  const all = [...notes, ...truth.notes];
  if (claim.graph !== undefined) {
    const known = knownOf(
      claim.graph,
      leaves,
      point,
      claim.graph.outputs.map((x) => Float64Array.from(entriesOf(x))),
    );
    const judged = judgeFormula(leaves, known, truth.known, claim.narrow, scales, value);
    const isProved = judged.kind === "wrong" && isProvedWrong(graph, claim.graph, leaves, point, worstOf(judged, scales));
    return result(judged, isProved ? byIntervals : byReplay, all, gradient);
  }
  const slack = slackOf(subject, point, truth.known, noiseOf(subject, point, claim.values, scales, uniform), scales, gradient);
  const judged = judgeNumbers(leaves, claim.values, toNumbers(truth.known), slack, scales, value, "the claim's numbers are rounded", true);
  return result(judged, byReplay, all, gradient);
}

const pathOf = ({ leaves }: Inputs, { leaf, at }: Place): string => `${leaves[leaf]!.path}${formatShape(unravel(at, leaves[leaf]!.shape))}`;

/** The loss with what it detaches held at the value that it had when it was recorded. */
function heldValue(graph: Graph, leaves: readonly Leaf[]): (at: Point) => number {
  return (at) =>
    scalarOf(
      walk<Tensor>(graph, tensorsAt(leaves, at, true), {
        constant: (x) => x,
        step: (node, inputs) => (node.op === detach.row.op ? node.outputs : apply(node.op, inputs, node.params)),
      })[0],
    );
}

/** The entry that is farthest off against its scale. */
function worstOf({ claimed, truth, entries }: Disagreement, scales: Point): Place {
  const off = ({ leaf, at }: Place): number => Math.abs(claimed[leaf]![at]! - truth[leaf]![at]!) * scales[leaf]![at]!;
  return entries.reduce((worst, place) => (off(place) > off(worst) ? place : worst));
}

/** A loss that reads a value, on the branch that it takes at the given point. */
interface Reading {
  /** The line that read. */
  readonly line: string;
  /** Whether the point lies on another branch. */
  readonly isOther: boolean;
  /** The loss's value, NaN on other branches. */
  readonly value: (at: Point) => number;
  readonly hasCrossed: () => boolean;
}

function readingOf(lossOf: (xs: readonly Tensor[]) => Tensor, { inputs }: Subject, point: Point, graph: Graph): Reading {
  const { leaves, base } = inputs;
  const at = (where: Point) => recorded("the loss", lossOf, tensorsAt(leaves, where, true), (out) => (isTensor(out) ? [out] : []));
  const home = branchOf(point === base ? graph : at(base).graph);
  let crossed = false;
  return {
    line: graph.reads[0]!,
    isOther: branchOf(graph) !== home,
    value: (where) => {
      const found = at(where);
      if (branchOf(found.graph) === home) return scalarOf(found.output);
      crossed = true;
      return Number.NaN;
    },
    hasCrossed: () => crossed,
  };
}

/** The first op whose inputs are finite and whose output is not. */
export function whereUndefined(graph: Graph): { readonly op: string | undefined } {
  const finite = (x: Tensor): boolean => x.storage === null || entriesOf(x).every((value: number) => Number.isFinite(value));
  return { op: graph.nodes.find((node) => node.inputs.every(finite) && !node.outputs.every(finite))?.op.name };
}

interface ClaimAt {
  /** In the leaves' own dtypes, as a person's program would see it. */
  readonly narrow: Point;
  readonly values: Point;
  /** Over float64 leaves; undefined where the claim is plain numbers. */
  readonly graph: Graph | undefined;
}

/** The values of a claim at a point, in the leaves' own dtypes or in float64. */
export function claimedValues({ claimed, inputs }: Subject, point: Point, wide = false): Point {
  const args = wide ? inputs.wide : inputs.narrow;
  const out = fit(
    run("the claim", () => claimed(args(tensorsAt(inputs.leaves, point, wide)))),
    inputs,
    false,
  );
  return "values" in out
    ? out.values
    : inputs.leaves.map(({ shape }) => new Float64Array(shape.reduce((size, side) => size * side, 1)).fill(Number.NaN));
}

function claimAt(subject: Subject, point: Point): ClaimAt {
  const { claimed, inputs } = subject;
  const narrow = claimedValues(subject, point);
  const plain: ClaimAt = { narrow, values: narrow, graph: undefined };
  let isPlain = false;
  try {
    const { graph } = recorded(
      "the claim",
      (xs) => claimed(inputs.wide(xs)),
      tensorsAt(inputs.leaves, point, true),
      (out) => {
        const found = fit(out, inputs, false);
        if ("values" in found && found.allTensors) return found.tensors;
        isPlain = true;
        return [];
      },
    );
    if (isPlain || graph.reads.length > 0) return plain;
    return { narrow, values: graph.outputs.map((x) => Float64Array.from(entriesOf(x))), graph };
  } catch {
    return plain;
  }
}

/** The gradient in double-double by the loss's own rules, or by dual numbers entry by entry where those rules say something else. */
function truthOf(
  gradient: Graph,
  frozen: Frozen,
  subject: Subject,
  point: Point,
  scales: Point,
  directions: readonly Point[],
): { readonly known: Known; readonly notes: readonly string[] } {
  const { leaves } = subject.inputs;
  const known = knownOf(
    gradient,
    leaves,
    point,
    gradient.outputs.map((x) => Float64Array.from(entriesOf(x))),
  );
  const agrees = directions.every((direction) => {
    const slope = slopeAt(frozen, leaves, point, direction, 0).tangent;
    let [sum, bar] = [dd.constant(0), 0];
    direction.forEach((entries, k) =>
      entries.forEach((u, i) => {
        sum = dd.add(sum, dd.mul(known.values[k]![i]!, dd.constant(u)));
        bar +=
          Math.abs(u) *
          (2 ** 10 * known.rounding[k]![i]! + 64 * known.constants[k]![i]! + 2 ** -80 * Math.abs(dd.toNumber(known.values[k]![i]!)));
      }),
    );
    return !(Math.abs(dd.toNumber(dd.sub(sum, slope))) > bar);
  });
  if (agrees) return { known, notes: [] };
  const values = scales.map((entries, k) =>
    Array.from(entries, (scale, i) => {
      const direction = scales.map((own) => new Float64Array(own.length));
      direction[k]![i] = scale;
      return dd.div(slopeAt(frozen, leaves, point, direction, 0).tangent, dd.constant(scale));
    }),
  );
  return {
    known: { ...known, values },
    notes: [
      "a rule of the loss's own (customVjp, customJvp or a surrogate) is not the derivative of its value; the claim was held against the value",
    ],
  };
}

/** The noise of a claim's entries, seen along a random direction and, in float32, against float64. */
function noiseOf(subject: Subject, point: Point, values: Point, scales: Point, uniform: () => number): Point {
  const direction = directionOf(scales, uniform);
  const seen = new Map<number, Point>();
  const at = (t: number): Point => {
    let found = seen.get(t);
    if (found === undefined) seen.set(t, (found = claimedValues(subject, alongDirection(point, direction, t))));
    return found;
  };
  const isNarrow = subject.inputs.leaves.some(({ dtype }) => dtype === "float32");
  const wide = isNarrow ? claimedValues(subject, point, true) : values;
  return values.map((entries, k) => entries.map((x, i) => Math.max(8 * noiseNear((t) => at(t)[k]![i]!), 4 * Math.abs(x - wide[k]![i]!))));
}

const roundingOf = ({ inputs }: Subject, values: Point): Point =>
  values.map((entries, k) => entries.map((x) => (inputs.leaves[k]!.dtype === "float32" ? 2 ** -22 : 2 ** -50) * Math.abs(x)));

/** What rounding may have done to a claim of plain numbers: as much as to our own gradient, or to itself nearby. */
function slackOf(subject: Subject, point: Point, truth: Known, noise: Point, scales: Point, gradient: Graph): Point {
  const own = narrowGradient(subject, point) ?? gradient.outputs.map((x) => Float64Array.from(entriesOf(x)));
  const exact = toNumbers(truth);
  const seen = sizeOfGradient(
    exact.map((row, k) => row.map((g, i) => own[k]![i]! - g)),
    scales,
  );
  return exact.map((row, k) =>
    row.map(
      (_, i) =>
        noise[k]![i]! + 64 * truth.constants[k]![i]! + truth.rounding[k]![i]! + (16 * (Number.isFinite(seen) ? seen : 0)) / scales[k]![i]!,
    ),
  );
}

/** The gradient of a float32 loss in its own dtypes. */
function narrowGradient({ loss, inputs }: Subject, point: Point): Point | undefined {
  if (inputs.leaves.every((leaf) => leaf.dtype === "float64")) return undefined;
  try {
    const leaves = tensorsAt(inputs.leaves, point, false);
    const found = grad((...xs: Tensor[]) => call(loss, inputs.narrow(xs)) as Tensor, { wrt: leaves.map((_, i) => i) })(
      ...leaves,
    ) as unknown as Tensor[];
    return found.map((x) => Float64Array.from(entriesOf(x)));
  } catch {
    return undefined;
  }
}

/** Our own gradient in float64, to look where the claim differs. */
function guideOf(lossOf: (xs: readonly Tensor[]) => Tensor, { inputs }: Subject, point: Point): Point | undefined {
  try {
    const leaves = tensorsAt(inputs.leaves, point, true);
    const found = grad((...xs: Tensor[]) => lossOf(xs), { wrt: leaves.map((_, i) => i) })(...leaves) as unknown as Tensor[];
    return found.map((x) => Float64Array.from(entriesOf(x)));
  } catch {
    return undefined;
  }
}

/** At a kink: the one-sided slopes along every entry, against the claim. */
function judgeKink(
  subject: Subject,
  graph: Graph,
  frozen: Frozen,
  point: Point,
  scales: Point,
  claimed: Point,
  crossing: Point,
): Judgement {
  const { leaves, size } = subject.inputs;
  const op = kinkNode(graph, leaves, point, crossing)?.op.name;
  if (size > fewEntries) return { kind: "undecided", why: `the loss is not smooth here${op === undefined ? "" : ` (${op})`}`, digits: 0 };
  const kinks: KinkFound[] = [];
  const [truth, bars] = [claimed.map((row) => row.slice()), claimed.map((row) => new Float64Array(row.length))];
  const wrong: Place[] = [];
  scales.forEach((row, leaf) =>
    row.forEach((scale, at) => {
      const direction = scales.map((own) => new Float64Array(own.length));
      direction[leaf]![at] = scale;
      const sides = sidesAt(frozen, leaves, point, direction);
      const [left, right] = [sides.left / scale, sides.right / scale];
      const c = claimed[leaf]![at]!;
      if (sides.kink || sides.jump) {
        const [low, high] = [Math.min(left, right), Math.max(left, right)];
        const slack = 1e-12 * (Math.abs(left) + Math.abs(right));
        const subgradient = !sides.jump && c >= low - slack && c <= high + slack;
        kinks.push({ kind: "kink", op, place: { leaf, at }, left, right, claimed: c, subgradient });
        return;
      }
      truth[leaf]![at] = right;
      bars[leaf]![at] = 1e-10 * Math.max(Math.abs(right), Math.abs(sizeOfSlopes(sides) / scale));
      if (Math.abs(c - right) > bars[leaf]![at]!) wrong.push({ leaf, at });
    }),
  );
  if (wrong.length > 0) return { kind: "wrong", claimed, truth, bars, entries: wrong, complete: false };
  const first = kinks.find((kink) => !kink.subgradient) ?? kinks[0];
  if (first === undefined)
    return {
      kind: "undecided",
      why: `the loss is not smooth here${op === undefined ? "" : ` (${op})`}, though it is along every entry alone`,
      digits: 0,
    };
  return { ...first, subgradient: kinks.every((kink) => kink.subgradient) };
}

const sizeOfSlopes = ({ left, right }: { readonly left: number; readonly right: number }): number =>
  Math.max(Math.abs(left), Math.abs(right));
