/**
 * Wrong gradients made from the right one: the recorded gradient with one piece spoiled, or the loss with one path cut. It knows graphs and
 * the ways people go wrong in them, no op by name; whether a spoiled gradient is the claim is decided at every point.
 */
import {
  abs,
  add,
  cos,
  detach,
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
  tensor,
  transpose,
  zeros,
} from "@cotangent/core";
import { apply, entriesOf, type Graph, isFloat, type Node, recordFunction, sameShape, type SubGraph, walk } from "@cotangent/core/engine";
import { countOf, type Evidence, isClaim, type Sample } from "./evidence.ts";
import { factorOf } from "./factors.ts";
import { tensorsAt } from "./problem.ts";
import { gradientGraph } from "./replay.ts";
import { formatNumber } from "./report.ts";
import { type NameOf, termOf } from "./terms.ts";

/** One node's output changed for all, or one of its inputs changed for it alone. */
interface Edit {
  readonly at: number;
  readonly slot: number | undefined;
  readonly change: (x: Tensor) => Tensor;
}

/** A gradient's graph at each sample, the same ops everywhere, and how its values are named. */
interface Subject {
  readonly samples: readonly Sample[];
  readonly graphs: readonly Graph[];
  readonly evidence: Evidence;
  /** How much may still be tried. */
  readonly budget: { left: number };
}

/** Applications of ops, each with a share for its entries: a second of them at most. */
const mostTried = 200_000;
const costOf = (node: Node): number => 1 + node.inputs.concat(node.outputs).reduce((sum, x) => sum + x.size, 0) / 200;
const costOfAll = ({ nodes }: Graph): number => nodes.reduce((sum, node) => sum + costOf(node), 0);

/** Whether there is enough left, which is then taken. */
function afford({ budget }: Subject, cost: number): boolean {
  if (budget.left < cost) return false;
  budget.left -= cost;
  return true;
}

const mostNodes = 150;
const mostWork = 20_000;

const isSmall = ({ nodes }: Graph): boolean =>
  nodes.length <= mostNodes && nodes.reduce((sum, node) => sum + node.outputs.reduce((own, x) => own + x.size, 0), 0) <= mostWork;

const sameOps = (x: Graph, y: Graph): boolean =>
  x.nodes.length === y.nodes.length && x.nodes.every((node, i) => node.op === y.nodes[i]!.op);

/** What spoiled piece of the gradient makes the claim, in words. */
export function spoiledPiece(evidence: Evidence, samples: readonly Sample[]): string | undefined {
  const known = samples.filter(({ loss, gradient }) => loss !== undefined && gradient !== undefined);
  const [first] = known;
  if (first === undefined || known.length < samples.length || countOf(known) < 2) return undefined;
  const same = known.every(({ loss, gradient }) => sameOps(loss!, first.loss!) && sameOps(gradient!, first.gradient!));
  if (!same || !isSmall(first.gradient!) || !isSmall(first.loss!)) return undefined;
  const own: Subject = { samples: known, graphs: known.map(({ gradient }) => gradient!), evidence, budget: { left: mostTried } };
  const losses = known.map(({ loss }) => loss!);
  const cuts = cutsOf(own, losses);
  const plain = clearest([...scaledPaths(own, losses, cuts), ...scaledPieces(own), ...changedPieces(own)]);
  if (plain !== undefined) return plain;
  const alike = restated(own, losses);
  const opened = losses.map(expanded);
  return (
    (alike === undefined ? undefined : clearest([...scaledPieces(alike), ...changedPieces(alike)])) ??
    (opened[0] === losses[0] ? undefined : clearest(scaledPaths(own, opened, cutsOf(own, opened)))) ??
    twoPaths(own, losses, cuts) ??
    otherConstant(own, losses) ??
    otherAxes(own) ??
    shiftedArgument(own) ??
    extraFactor(own, losses) ??
    changedLoss(own, losses)
  );
}

/** An explanation that holds; the lower the cost, the plainer. */
interface Found {
  readonly text: string;
  readonly cost: number;
}

const clearest = (found: readonly Found[]): string | undefined =>
  [...found].sort((x, y) => x.cost - y.cost || x.text.length - y.text.length)[0]?.text;

/** Arguments by path, and constants that hold an argument's numbers. */
function namesIn({ evidence: { leaves, named } }: Subject, graph: SubGraph): NameOf {
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
function edited(subject: Subject, graph: Graph, { at, slot, change }: Edit): readonly Float64Array[] | undefined {
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
const makesClaim = (subject: Subject, editOf: (graph: Graph) => Edit | undefined): boolean =>
  subject.samples.every((sample, i) => {
    const { graphs } = subject;
    const edit = editOf(graphs[i]!);
    const rows = edit === undefined ? undefined : edited(subject, graphs[i]!, edit);
    return rows !== undefined && isClaim(sample, rows);
  });

const shortest = (texts: readonly string[]): string | undefined => [...texts].sort((x, y) => x.length - y.length)[0];

/** What the claim is between two gradients: 1 is the whole, 0 the one without; undefined where it is not on their line. */
function shareOf(sample: Sample, whole: readonly ArrayLike<number>[], without: readonly ArrayLike<number>[]): number | undefined {
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

const between = (whole: readonly ArrayLike<number>[], without: readonly ArrayLike<number>[], share: number): Float64Array[] =>
  whole.map((row, k) => Float64Array.from(row, (x, i) => without[k]![i]! + share * (x - without[k]![i]!)));

/** A share close to a simple number is meant to be it. */
const rounded = (share: number): number => {
  const near = [0, 1, -1, 2, 0.5].find((x) => Math.abs(share - x) <= 1e-8);
  return near ?? share;
};

const times = (share: number, { evidence }: Subject): string => {
  const { text, remark } = factorOf(share, evidence.named);
  return `${text} times${remark === undefined || share === 2 || share === 0.5 ? "" : ` (${remark})`}`;
};

/** Nodes whose one output is floats, without those that only pass a value on. */
const pieces = (graph: Graph): { readonly node: Node; readonly at: number; readonly out: Tensor }[] =>
  graph.nodes.flatMap((node, at) =>
    node.outputs.length === 1 && isFloat(node.outputs[0]!.dtype) ? [{ node, at, out: node.outputs[0]! }] : [],
  );

const isAlias = ({ op }: Node): boolean => op.notation.form === "alias";

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
const isSum = (node: Node): boolean => algebraOf(node) === "sum" || algebraOf(node) === "difference";
const isProduct = (node: Node): boolean =>
  algebraOf(node) === "product" || algebraOf(node) === "negative" || node.op.kind === "contraction" || node.op.notation.form === "fraction";

function usesOf(graph: SubGraph): Uses {
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
function useOf(node: Node, slot: number, graph: SubGraph, name: NameOf): { readonly term: string; readonly place: string } {
  const x = node.inputs[slot]!;
  const twins = node.inputs.filter((y) => y === x).length;
  const which = twins > 1 ? `the ${slot === 0 ? "first" : slot === 1 ? "second" : "last"} ` : "";
  return { term: which + termOf(x, graph, name), place: ` in ${termOf(node.outputs[0]!, graph, name)}` };
}

function useText(node: Node, slot: number, graph: SubGraph, name: NameOf): string {
  const { term, place } = useOf(node, slot, graph, name);
  return term + place;
}

/** A term of the gradient that is missing, counted several times or has the wrong sign. */
function scaledPieces(subject: Subject): Found[] {
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
interface Change {
  readonly change: (x: Tensor) => Tensor;
  readonly text: (term: string) => string;
  readonly cost: number;
}

const inPlace =
  (other: (term: string) => string) =>
  (term: string): string =>
    `the claim has ${other(term)} in place of ${term}`;

const changes: readonly Change[] = [
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

const factorChange = (isFactor: boolean): Change => ({
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
type Step = Pick<Node, "op" | "params" | "inputs" | "outputs">;

interface Substitute {
  readonly make: (step: Step) => Tensor;
  readonly text: string;
  readonly cost: number;
}

/** What a node may be taken for that has the same inputs: another function, other operands, another order. */
function substitutes(node: Node, graph: SubGraph, name: NameOf): Substitute[] {
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

const decisions: readonly Change[] = [
  { change: (x) => ones(x.shape, "bool"), text: (term) => `the claim takes ${term} to hold everywhere`, cost: 1.5 },
  { change: (x) => zeros(x.shape, "bool"), text: (term) => `the claim takes ${term} to hold nowhere`, cost: 1.5 },
  { change: logicalNot, text: (term) => `the claim has the cases of ${term} exchanged`, cost: 1.5 },
];

/** A value of the gradient that the claim has another in place of: one, its square, what it is computed from. */
function changedPieces(subject: Subject): Found[] {
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

/** The loss with what composite ops mean in place of them. */
function expanded(graph: Graph): Graph {
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

function cutsOf(subject: Subject, losses: readonly Graph[]): Cut[] {
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
function scaledPaths(subject: Subject, losses: readonly Graph[], cuts: readonly Cut[]): Found[] {
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
function twoPaths(subject: Subject, losses: readonly Graph[], cuts: readonly Cut[]): string | undefined {
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
function otherConstant(subject: Subject, losses: readonly Graph[]): string | undefined {
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
function shiftedArgument({ samples, graphs, evidence }: Subject): string | undefined {
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

/** An op that works along one axis of a matrix, along the other: its rows taken for its columns. */
function otherAxes(subject: Subject): string | undefined {
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
function restated(subject: Subject, losses: readonly Graph[]): Subject | undefined {
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

function same(x: ArrayLike<number>, y: ArrayLike<number>): boolean {
  for (let i = 0; i < x.length; i++) if (!(Math.abs(x[i]! - y[i]!) <= 1e-12 * Math.abs(x[i]!))) return false;
  return true;
}

const mostFactors = 4000;

/** A value of the gradient multiplied by another, or by a simple function of it: a local derivative that does not belong there. */
function extraFactor(subject: Subject, losses: readonly Graph[]): string | undefined {
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

/** The claim is the gradient of the loss with one piece of it changed: a mask forgotten, a matrix transposed, sums from the other end. */
function changedLoss(subject: Subject, losses: readonly Graph[]): string | undefined {
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
