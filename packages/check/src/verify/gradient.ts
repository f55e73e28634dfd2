/** `checkGradient`: is this claimed gradient of this loss right? It draws the points, has each judged and puts the judgements together. */
import { type NestedArray, Tensor } from "@cotangent/core";
import { describe, formatShape } from "@cotangent/core/engine";
import { uniformFrom } from "../draw.ts";
import { checkArgumentError, lossOutputError } from "../errors.ts";
import { type AnyFunction, call, Misbehaviour, scalarOf, settledCall } from "./behaviour.ts";
import { diagnose } from "./diagnosis.ts";
import type { Disagreement, Judgement, KinkFound } from "./judgement.ts";
import { type Judged, judgeAt, type Subject } from "./point.ts";
import { directionsTried } from "./probe.ts";
import { fit, type Inputs, inputsOf, type Misfit, outside, perturbed, type Point, type Range, tensorsAt, unravel } from "./problem.ts";
import { reproductionOf } from "./reproduction.ts";
import { type Common, type Verdict, verdictOf, type Witness } from "./verdict.ts";

/** What may stand for a gradient of `T`: its own form, with numbers or arrays of numbers in place of tensors. */
export type ClaimOf<T> = T extends Tensor
  ? Tensor | Float64Array | Float32Array | NestedArray<number>
  : T extends null | undefined
    ? T
    : { readonly [K in keyof T]: ClaimOf<T[K]> };

/** The gradient's form: that of one argument, or of a list of them. */
export type GradientOf<A extends readonly unknown[], W> = W extends readonly number[]
  ? { readonly [K in keyof W]: W[K] extends keyof A ? A[W[K]] : never }
  : W extends keyof A
    ? A[W]
    : A[0];

export interface CheckGradientOptions<A extends readonly unknown[], W extends number | readonly number[] = 0> {
  /** The arguments of the loss at which the claim is judged. */
  readonly at: A;
  /** The arguments the gradient is claimed for: an index or a list of them; 0 by default. */
  readonly wrt?: W;
  /** Where the differentiated arguments may lie: one domain for all, or a list with one an argument. */
  readonly domain?: Range | readonly Range[];
  /** Of the points and directions; 1 by default. The same seed gives the same verdict. */
  readonly seed?: number;
  /** How many points near `at` are judged besides; 3 by default. */
  readonly points?: number;
}

/**
 * Whether `claimed` is the gradient of `loss`.
 *
 * `loss` maps its arguments to a float scalar. `claimed` maps them to the gradient by the arguments `wrt`, in their form: in ops, which are
 * judged as a formula, or in plain numbers and arrays; a struct of numbers is judged at `at` alone. A loss that can be recorded is replayed in
 * dual double-double numbers; one that cannot, or is large, is judged by its values. There are no tolerances: what rounding may have done is
 * computed. Throws where the arguments are no arguments of a check; what is wrong with the claim or with the functions is a verdict.
 * @example
 * ```ts
 * const loss = (x: Tensor) => x.square().mean();
 * checkGradient(loss, (x: Tensor) => x.mul(2).div(x.size), { at: [tensor([1, -2, 0.5])] }).verdict; // => AGREES
 * checkGradient(loss, (x: Tensor) => x.mul(2), { at: [tensor([1, -2, 0.5])] }).verdict; // => REFUTED
 * ```
 */
export function checkGradient<A extends readonly unknown[], const W extends number | readonly number[] = 0>(
  loss: (...args: A) => Tensor | number,
  claimed: ((...args: A) => ClaimOf<GradientOf<A, W>>) | ClaimOf<GradientOf<A, W>>,
  options: CheckGradientOptions<A, W>,
): Verdict {
  if (typeof loss !== "function")
    throw checkArgumentError("checkGradient", "the loss is not a function", loss, "give a function of tensors");
  if (typeof options !== "object" || options === null)
    throw checkArgumentError("checkGradient", "there are no options", options, "give { at: [x] }");
  const { at, wrt = 0, domain, seed = 1, points = 3 } = options;
  if (!Number.isInteger(seed)) throw checkArgumentError("checkGradient", "the seed is not an integer", seed, "give an integer");
  if (!Number.isInteger(points) || points < 0) {
    throw checkArgumentError("checkGradient", "points is not a count", points, "give how many points to judge besides at");
  }
  const inputs = inputsOf("checkGradient", at, wrt, domain);
  const isFunction = typeof claimed === "function";
  const subject: Subject = {
    loss: loss as AnyFunction,
    claimed: isFunction ? (args) => call(claimed as AnyFunction, args) : () => claimed,
    inputs,
  };
  const task: Task = { subject, claim: claimed, seed, points: isFunction ? points : 0 };
  const stray = outside(inputs.leaves, inputs.base);
  if (stray !== undefined)
    return verdictOf({ verdict: "DOMAIN", op: undefined, point: "the given point", what: stray, ...common(task, []) });
  try {
    return firstCalls(task) ?? judged(task);
  } catch (thrown) {
    if (!(thrown instanceof Misbehaviour)) throw thrown;
    return verdictOf({ verdict: "UNDECIDED", why: thrown.message, digits: 0, ...common(task, []) });
  }
}

interface Task {
  readonly subject: Subject;
  readonly claim: unknown;
  readonly seed: number;
  readonly points: number;
}

/** Calls both functions at the given point: their outputs must have the right form and come again. */
function firstCalls({ subject, seed }: Task): Verdict | undefined {
  const { inputs, loss, claimed } = subject;
  const args = (): unknown[] => inputs.narrow(tensorsAt(inputs.leaves, inputs.base, false));
  let output: unknown = 0;
  settledCall(
    "the loss",
    (own) => {
      output = call(loss, own);
      return scalarOf(output);
    },
    args,
    (value) => [[value]],
  );
  if (typeof output !== "number" && !(output instanceof Tensor && output.rank === 0 && output.dtype.startsWith("float"))) {
    throw lossOutputError("checkGradient", output);
  }
  let misfit: Misfit | undefined;
  settledCall(
    "the claim",
    (own) => {
      const found = fit(claimed(own), inputs, true);
      if ("values" in found) return found.values;
      misfit = found;
      return [];
    },
    args,
    (values) => values,
  );
  return misfit === undefined
    ? undefined
    : verdictOf({ verdict: "SHAPE", ...misfit, seed, points: 1, directions: 0, method: "comparing forms", notes: [] });
}

/** The given point and points near it, as far away as the loss is finite. */
function judged(task: Task): Verdict {
  const { subject, seed } = task;
  const { inputs } = subject;
  const uniform = uniformFrom(seed);
  const at: { readonly point: Point; readonly judged: Judged }[] = [];
  const judge = (point: Point): Judged => judgeAt(subject, point, uniform);
  at.push({ point: inputs.base, judged: judge(inputs.base) });
  const first = at[0]!.judged.judgement;
  const count = first.kind === "domain" ? 0 : inputs.size > 20_000 ? Math.min(1, task.points) : task.points;
  for (let i = 0; i < count; i++) {
    for (const amount of [0.5, 0.1, 0.01, 1e-4]) {
      const point = perturbed(inputs.leaves, inputs.base, amount, uniform);
      const found = judge(point);
      if (found.judgement.kind === "domain" && amount > 1e-4) continue;
      if (found.judgement.kind !== "domain") at.push({ point, judged: found });
      break;
    }
  }
  firstCalls(task);
  return together(task, at);
}

type Judgements = readonly { readonly point: Point; readonly judged: Judged }[];

function common({ seed }: Pick<Task, "seed">, at: Judgements): Common {
  return {
    seed,
    points: Math.max(1, at.length),
    directions: at.length === 0 ? 0 : directionsTried,
    method: at[0]?.judged.method ?? "no computation",
    notes: [
      ...new Set(at.flatMap(({ judged: { notes, judgement } }) => (judgement.kind === "agrees" ? [...notes, ...judgement.notes] : notes))),
    ],
  };
}

const ofKind = <K extends Judgement["kind"]>(
  at: Judgements,
  kind: K,
): { readonly point: Point; readonly judgement: Extract<Judgement, { kind: K }> }[] =>
  at.flatMap(({ point, judged: { judgement } }) =>
    judgement.kind === kind ? [{ point, judgement: judgement as Extract<Judgement, { kind: K }> }] : [],
  );

/** One wrong point refutes; what else the given point is, the claim is; all points agree or few digits are left. */
function together(task: Task, at: Judgements): Verdict {
  const shared = common(task, at);
  const wrong = ofKind(at, "wrong");
  if (wrong.length > 0) return refuted(task, at, wrong);
  const first = at[0]!.judged.judgement;
  const { leaves } = task.subject.inputs;
  if (first.kind === "kink") return verdictOf({ verdict: "KINK", ...kinkFields(first, task.subject.inputs), ...shared });
  if (first.kind === "domain")
    return verdictOf({ verdict: "DOMAIN", op: first.op, what: first.what, point: pointInWords(leaves, at[0]!.point), ...shared });
  if (first.kind === "undecided") return verdictOf({ verdict: "UNDECIDED", why: first.why, digits: first.digits, ...shared });
  const agreed = ofKind(at, "agrees").map(({ judgement }) => judgement);
  const worst = agreed.reduce((least, one) => (one.digits < least.digits ? one : least));
  const ulps = agreed.every((one) => one.ulps !== undefined) ? Math.max(...agreed.map((one) => one.ulps!)) : undefined;
  const skipped = at.length - agreed.length;
  const notes = skipped === 0 ? shared.notes : [...shared.notes, `${skipped} of the points drawn could not be judged: ${reasons(at)}`];
  return verdictOf({ verdict: "AGREES", digits: worst.digits, ulps, limit: worst.limit, ...shared, points: agreed.length, notes });
}

const reasons = (at: Judgements): string =>
  [
    ...new Set(
      at.map(({ judged: { judgement } }) => (judgement.kind === "undecided" ? judgement.why : judgement.kind === "kink" ? "a kink" : "")),
    ),
  ]
    .filter((why) => why !== "")
    .join("; ");

function kinkFields({ op, place, left, right, claimed, subgradient }: KinkFound, { leaves }: Inputs) {
  const leaf = leaves[place.leaf]!;
  return { op, input: leaf.path, index: unravel(place.at, leaf.shape), left, right, claimed, subgradient };
}

const pointInWords = (leaves: Inputs["leaves"], point: Point): string =>
  leaves
    .map(({ path, shape }, k) =>
      point[k]!.length <= 6
        ? `${path} = ${describe(shape.length === 0 ? point[k]![0] : Array.from(point[k]!))}`
        : `${path} ${formatShape(shape)}`,
    )
    .join(", ");

const shown = 8;

function refuted(task: Task, at: Judgements, wrong: readonly { readonly point: Point; readonly judgement: Disagreement }[]): Verdict {
  const { inputs } = task.subject;
  const { point, judgement } = wrong[0]!;
  const witnesses = judgement.entries.map(({ leaf, at: i }): Witness => {
    const [claimed, truth, errorBar] = [judgement.claimed[leaf]![i]!, judgement.truth[leaf]![i]!, judgement.bars[leaf]![i]!];
    const absolute = Math.abs(claimed - truth);
    const { path, shape } = inputs.leaves[leaf]!;
    return { input: path, index: unravel(i, shape), claimed, truth, absolute, relative: absolute / Math.abs(truth), errorBar };
  });
  const ordered = [...witnesses].sort((x, y) => Math.min(y.relative, 1e300) - Math.min(x.relative, 1e300) || y.absolute - x.absolute);
  return verdictOf({
    verdict: "REFUTED",
    witnesses: ordered.slice(0, shown),
    wrong: judgement.complete ? witnesses.length : undefined,
    size: inputs.size,
    diagnosis: diagnose({
      subject: task.subject,
      at: wrong.map(({ point: where, judgement: one }) => ({ point: where, wrong: one })),
      right: ofKind(at, "agrees").length,
      graphs: at.map((one) => one.judged.graphs),
    }),
    reproduction: reproductionOf(task.subject, task.claim, point, task.seed),
    ...common(task, at),
  });
}
