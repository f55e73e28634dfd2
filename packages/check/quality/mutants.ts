/**
 * Mutants of the right claims of the list: of what they give, of the graphs they record, and of the losses whose gradients they are. It knows
 * graphs and kinds of op, no op by name; whether a mutant is a wrong gradient at all is told apart in equivalence.ts.
 */
import type { ListedGradient } from "@cotangent/check";
import {
  add,
  broadcastTo,
  cast,
  detach,
  flip,
  grad,
  logicalNot,
  mul,
  neg,
  reshape,
  roll,
  sub,
  Tensor,
  tensor,
  transpose,
} from "@cotangent/core";
import { apply, belongs, type Graph, isFloat, type Node, recordFunction, sameShape, walk } from "@cotangent/core/engine";
import { type Claim, indicesOf, type Listed } from "./claims.ts";

/** A changed claim, and the right one it was made from. */
export interface Mutant {
  readonly name: string;
  readonly claim: Claim;
  readonly original: Claim;
}

/** A change of a gradient by one argument; undefined where it means nothing there. */
type Change = (x: Tensor, argument: Tensor) => Tensor | undefined;

const isFloatTensor = (x: unknown): x is Tensor => x instanceof Tensor && isFloat(x.dtype);

/** The tensor with one of its entries multiplied. */
function entryTimes(x: Tensor, at: number, factor: number): Tensor {
  const factors = Float64Array.from({ length: x.size }, (_, i) => (i === at ? factor : 1));
  return mul(x, cast(tensor(factors, { shape: x.shape }), x.dtype));
}

/** The tensor with numbers added to its first and last entries. */
function endsPlus(x: Tensor, first: number, last: number): Tensor {
  const terms = new Float64Array(x.size);
  terms[0]! += first;
  terms[x.size - 1]! += last;
  return add(x, cast(tensor(terms, { shape: x.shape }), x.dtype));
}

/** The tensor with its first and last entries exchanged. */
function exchanged(x: Tensor): Tensor | undefined {
  if (x.size < 2) return undefined;
  const order = Int32Array.from({ length: x.size }, (_, i) => (i === 0 ? x.size - 1 : i === x.size - 1 ? 0 : i));
  return reshape(reshape(x, [x.size]).take(tensor(order), { axis: 0 }), x.shape);
}

const rearrangements: Readonly<Record<string, (x: Tensor) => Tensor | undefined>> = {
  transposed: (x) => (x.rank === 2 && x.shape[0] === x.shape[1] && x.size > 1 ? transpose(x) : undefined),
  "rolled by one": (x) => (x.rank > 0 && x.shape.at(-1)! > 1 ? roll(x, 1, -1) : undefined),
};

/** What may be wrong with a gradient as a whole. */
const wholes: Readonly<Record<string, Change>> = {
  "sign exchanged": neg,
  doubled: (x) => mul(x, 2),
  halved: (x) => mul(x, 0.5),
  "a relative 1e-3 too large": (x) => mul(x, 1 + 1e-3),
  "a relative 1e-6 too large": (x) => mul(x, 1 + 1e-6),
  "1 too large": (x) => add(x, 1),
  "1 too small": (x) => sub(x, 1),
  "a mean missing its 1/n": (x) => mul(x, x.size),
  "a mean for a sum": (x) => mul(x, 1 / Math.max(1, x.size)),
  "signs lost": (x) => x.abs(),
  zero: (x) => mul(x, 0),
  "1e-6 too large": (x) => add(x, 1e-6),
  "1e-3 too small": (x) => sub(x, 1e-3),
  "the argument in its place": (_x, argument) => add(argument, 0),
  "the argument's signs in its place": (_x, argument) => argument.sign(),
  "the argument added": (x, argument) => add(x, argument),
};

/** What may be wrong with some of its entries. */
const parts: Readonly<Record<string, Change>> = {
  ...rearrangements,
  reversed: (x) => (x.rank > 0 ? flip(x) : undefined),
  "two entries exchanged": exchanged,
  "one entry zero": (x) => entryTimes(x, x.size >> 1, 0),
  "one entry of the other sign": (x) => entryTimes(x, 0, -1),
  "one entry a relative 1e-3 off": (x) => entryTimes(x, x.size - 1, 1 + 1e-3),
  "one entry a relative 1e-6 off": (x) => entryTimes(x, x.size - 1, 1 - 1e-6),
  "one entry 1 too large": (x) => endsPlus(x, 1, 0),
  "one entry 1e-3 too small": (x) => endsPlus(x, 0, -1e-3),
  "one entry 1e-6 too large": (x) => endsPlus(x, 1e-6, 0),
  "1e-3 moved from one entry to another": (x) => endsPlus(x, 1e-3, -1e-3),
};

/** Applies a change to what a claim gave for one argument, in its own form: a tensor, numbers or one number. */
function changedPart(given: unknown, like: Tensor, change: Change): unknown {
  if (given instanceof Tensor) return change(given, like) ?? given;
  const numbers = typeof given === "number" ? [given] : (given as ArrayLike<number>);
  const x = tensor(given instanceof Float32Array ? given : Float64Array.from(numbers), { shape: like.shape });
  const { values } = change(x, like) ?? x;
  return typeof given === "number" ? values[0] : Array.isArray(given) ? Array.from(values) : values.slice();
}

function ofResults({ gradient, claim }: Listed): Mutant[] {
  const indices = indicesOf(gradient);
  const single = typeof (gradient.wrt ?? 0) === "number";
  const made = (name: string, changes: (k: number) => Change | undefined): Mutant => ({
    name: `result: ${name}`,
    original: claim,
    claim: (...args) => {
      const given = claim(...args);
      const list = single ? [given] : (given as readonly unknown[]);
      const changed = list.map((part, k) => {
        const change = changes(k);
        return change === undefined ? part : changedPart(part, args[indices[k]!] as Tensor, change);
      });
      return single ? changed[0] : changed;
    },
  });
  const ofAll = Object.entries(wholes).map(([name, change]) => made(name, () => change));
  const ofOne = indices.flatMap((index, k) =>
    Object.entries(single ? parts : { ...wholes, ...parts }).map(([name, change]) =>
      made(single ? name : `argument ${index}: ${name}`, (own) => (own === k ? change : undefined)),
    ),
  );
  return [...ofAll, ...ofOne];
}

/** A function of the float tensors among some arguments, recorded. */
interface Recorded {
  readonly graph: Graph;
  readonly leaves: readonly Tensor[];
}

/** Undefined where something read a value or gave plain numbers. */
export function recordedOn(f: Claim, args: readonly unknown[]): Recorded | undefined {
  const leaves = args.filter(isFloatTensor);
  let isPlain = false;
  const graph = recordFunction((xs) => {
    let next = 0;
    const given = f(...args.map((arg) => (isFloatTensor(arg) ? xs[next++] : arg)));
    const outputs = Array.isArray(given) ? given : [given];
    isPlain = !outputs.every((out) => out instanceof Tensor);
    return isPlain ? [] : outputs;
  }, leaves);
  return isPlain || graph.reads.length > 0 ? undefined : { graph, leaves };
}

/** What a node gives instead, from what its inputs are now. */
type Step = (node: Node, inputs: readonly Tensor[]) => readonly Tensor[];

const unchanged: Step = (node, inputs) => apply(node.op, inputs, node.params);

/** The outputs of a function's graph with one node changed. */
function rerun(f: Claim, args: readonly unknown[], at: number, step: Step): Tensor[] {
  const found = recordedOn(f, args);
  if (found === undefined) throw new Error("a claim that was recorded once cannot be recorded again");
  const target = found.graph.nodes[at];
  return walk<Tensor>(found.graph, found.leaves, {
    constant: (x) => x,
    step: (node, inputs) => (node === target ? step(node, inputs) : unchanged(node, inputs)),
  });
}

const scaled =
  (factor: number): Step =>
  (node, inputs) =>
    unchanged(node, inputs).map((x) => mul(x, factor));

const rearranged =
  (change: (x: Tensor) => Tensor | undefined): Step =>
  (node, inputs) =>
    unchanged(node, inputs).map((x) => change(x) ?? x);

/** The node's own input in its place: a term, a factor or a function is left out. */
const kept =
  (i: number): Step =>
  (node, inputs) => {
    const out = node.outputs[0]!;
    return [cast(broadcastTo(inputs[i]!, out.shape), out.dtype)];
  };

/** The ways to change one node of a claim's graph. */
function stepsFor(node: Node): Readonly<Record<string, Step>> {
  const out = node.outputs[0]!;
  if (node.outputs.length !== 1) return {};
  if (out.dtype === "bool") return { "branch turned": (own, inputs) => unchanged(own, inputs).map((x) => logicalNot(x)) };
  if (!isFloat(out.dtype)) return {};
  const steps: Record<string, Step> = { "sign exchanged": scaled(-1), "a relative 1e-6 too large": scaled(1 + 1e-6) };
  const [first, second] = node.inputs;
  if (node.op.kind === "elementwise") {
    node.inputs.forEach((x, i) => {
      if (isFloat(x.dtype)) steps[node.inputs.length === 1 ? "left out" : `operand ${i} alone`] = kept(i);
    });
  }
  if (node.inputs.length === 2 && (node.op.kind === "elementwise" || sameShape(first!.shape, second!.shape)))
    steps["operands exchanged"] = (own, [x, y]) => apply(own.op, [y!, x!], own.params);
  const ratio = first === undefined ? 1 : first.size / Math.max(1, out.size);
  if (ratio > 1 && node.op.kind !== "elementwise") {
    steps["a sum for a mean"] = scaled(ratio);
    steps["a mean for a sum"] = scaled(1 / ratio);
  }
  for (const [name, change] of Object.entries(rearrangements)) if (change(out) !== undefined) steps[name] = rearranged(change);
  return steps;
}

/** Mutants of the formula: one node of the claim's graph changed. */
function ofFormula({ gradient, claim }: Listed, args: readonly unknown[]): Mutant[] {
  const single = typeof (gradient.wrt ?? 0) === "number";
  return (recordedOn(claim, args)?.graph.nodes ?? []).flatMap((node, at) =>
    Object.entries(stepsFor(node)).map(
      ([name, step]): Mutant => ({
        name: `formula, ${at} ${node.op.name}: ${name}`,
        original: claim,
        claim: (...own) => {
          const outputs = rerun(claim, own, at, step);
          return single ? outputs[0] : outputs;
        },
      }),
    ),
  );
}

/** The gradient, by the engine, of a loss given by its arguments. */
const gradientOf =
  ({ wrt = 0 }: ListedGradient, loss: Claim): Claim =>
  (...args) =>
    (grad as unknown as (f: Claim, options: object) => Claim)(loss, { wrt })(...args);

/** Errors of derivation at one node of the loss: what is forgotten there, by the inputs through which the gradient flows. */
function slipsFor(node: Node, flows: readonly number[]): Readonly<Record<string, Step>> {
  const steps: Record<string, Step> = { detached: (own, inputs) => unchanged(own, inputs).map((x) => detach(x)) };
  if (flows.length > 1) {
    for (const i of flows)
      steps[`input ${i} detached`] = (own, inputs) =>
        unchanged(
          own,
          inputs.map((x, k) => (k === i ? detach(x) : x)),
        );
  }
  const only = flows.length === 1 ? node.inputs[flows[0]!]! : undefined;
  if (only !== undefined && node.op.kind === "elementwise" && sameShape(only.shape, node.outputs[0]!.shape))
    steps["chain factor missing"] = (own, inputs) => {
      const x = inputs[flows[0]!]!;
      return unchanged(own, inputs).map((out) => add(detach(sub(out, x)), x));
    };
  return steps;
}

/** Mutants of the derivation: the gradient of the loss with a piece of it taken for constant or a chain factor forgotten. */
function ofDerivation(gradient: ListedGradient, args: readonly unknown[]): Mutant[] {
  const loss = gradient.loss as Claim;
  const original = gradientOf(gradient, loss);
  const recorded = recordedOn(loss, args);
  if (recorded === undefined) return [];
  const { graph } = recorded;
  const differentiated = new Set<Tensor>();
  let next = 0;
  args.forEach((arg, i) => {
    if (!isFloatTensor(arg)) return;
    const x = graph.inputs[next++]!;
    if (indicesOf(gradient).includes(i)) differentiated.add(x);
  });
  return graph.nodes.flatMap((node, at) => {
    const flows = node.inputs.flatMap((x, i) => (differentiated.has(x) && belongs(x, graph.recording) ? [i] : []));
    if (flows.length === 0 || !node.outputs.every((out) => isFloat(out.dtype))) return [];
    for (const out of node.outputs) differentiated.add(out);
    return Object.entries(slipsFor(node, flows)).map(
      ([name, step]): Mutant => ({
        name: `derivation, ${at} ${node.op.name}: ${name}`,
        original,
        claim: gradientOf(gradient, (...own) => rerun(loss, own, at, step)[0]),
      }),
    );
  });
}

/** All mutants of one right claim; those of the derivation come with the first of a loss's right claims alone. */
export function mutantsOf(one: Listed, args: readonly unknown[], isFirst: boolean): readonly Mutant[] {
  return [...ofResults(one), ...ofFormula(one, args), ...(isFirst ? ofDerivation(one.gradient, args) : [])];
}
