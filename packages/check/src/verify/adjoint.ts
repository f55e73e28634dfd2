/** `checkAdjoint`: are these two products with a Jacobian each other's transpose? It turns the pair into a loss and its gradient. */
import { detach, label, mul, type Tensor, tensor } from "@cotangent/core";
import { uniformFrom } from "../draw.ts";
import { type AnyFunction, settledCall } from "./behaviour.ts";
import { calledBefore, type ClaimOf, settledClaim } from "./gradient.ts";
import type { Judgement } from "./judgement.ts";
import { entriesIn, type Outputs, outputsOf, outputTensors, packed, sameOutputs } from "./mapping.ts";
import { type Arguments, checkFunction, type CheckOptions, given, type PartOf, type Wrt } from "./options.ts";
import { byReplay, judgeAt, type Subject } from "./point.ts";
import { cotangentAt, type CotangentOf, type Pull, pullOf, type Push, pushOf, tangentAt } from "./products.ts";
import { fit, type Inputs, type Point, tensorsAt } from "./problem.ts";
import { programOf } from "./reproduction.ts";
import { type Answer, verdictOn } from "./task.ts";
import type { Verdict } from "./verdict.ts";

/**
 * Whether two products are each other's transpose: ⟨g, jvp(t)⟩ = ⟨vjp(g), t⟩ for all g and t.
 *
 * `jvp(args, t)` maps the arguments and a tangent to the tangent of the output, `vjp(args, g)` the arguments and a cotangent to the cotangent
 * of the arguments, as in `checkJvp` and `checkVjp`; the function itself is not needed. The vjp is judged entry by entry as the gradient of
 * ⟨g, jvp(t)⟩ by t, with g and t drawn at random: what the report calls true is the transpose of the jvp, and a pair that is wrong in the same
 * way on both sides agrees. Throws where the arguments are no arguments of a check.
 * @example
 * ```ts
 * const at = [tensor([[1, 2], [3, 4]]), tensor([1, -1])];
 * const jvp = ([w]: readonly Tensor[], t: Tensor) => w!.matmul(t);
 * checkAdjoint(jvp, ([w], g) => w!.transpose().matmul(g), { at, wrt: 1 }).verdict; // => AGREES
 * checkAdjoint(jvp, ([w], g) => w!.matmul(g), { at, wrt: 1 }).verdict; // => REFUTED
 * ```
 */
export function checkAdjoint<const P extends Arguments, R, const W extends Wrt = 0>(
  jvp: (args: P, t: PartOf<P, W>) => R,
  vjp: (args: P, g: CotangentOf<R>) => ClaimOf<PartOf<P, W>>,
  options: CheckOptions<P, W>,
): Verdict {
  const check = "checkAdjoint";
  checkFunction(check, "the jvp", jvp, "give a function of the arguments and a tangent");
  checkFunction(check, "the vjp", vjp, "give a function of the arguments and a cotangent");
  const asked = given(check, options as CheckOptions);
  const { inputs } = asked;
  const push = pushOf(asked, jvp as AnyFunction);
  return verdictOn({
    given: asked,
    subject: "the jvp",
    pose: () => {
      const uniform = uniformFrom(asked.seed);
      const given = (point: Point): Tensor[] => tensorsAt(inputs.leaves, point, false);
      const t = tangentAt(inputs, inputs.base, uniform);
      const output = settledCall(
        "the jvp",
        ([xs, ts]) => push(xs as readonly Tensor[], ts as readonly Tensor[], false),
        () => [given(inputs.base), given(t)],
        (out) => entriesIn(outputTensors(out)),
      );
      const outputs = outputsOf(check, output);
      const pull = pullOf(asked, outputs, vjp as AnyFunction);
      const g = cotangentAt(outputs, uniform);
      const misfit = settledClaim(
        ([xs]) => pull(xs as readonly Tensor[], g, false),
        inputs,
        true,
        () => [given(inputs.base)],
        calledBefore("the jvp", inputs, (xs) => push(xs, given(t), false)),
      );
      const pair: Pair = { inputs, outputs, push, pull };
      return misfit ?? { leaves: inputs.leaves, size: inputs.size, judge: (point, draw) => judgePair(pair, point, draw) };
    },
    program: (point) => programOf(check, asked, { jvp, vjp }, point),
  });
}

interface Pair {
  readonly inputs: Inputs;
  readonly outputs: Outputs;
  readonly push: Push;
  readonly pull: Pull;
}

const remark = "what is called true is the transpose of the jvp; checkJvp and checkVjp tell which of the two is wrong";

function judgePair(pair: Pair, point: Point, uniform: () => number): Answer {
  const { inputs, outputs } = pair;
  const [t, g] = [tangentAt(inputs, point, uniform), cotangentAt(outputs, uniform)];
  const both = judgeAt(jointly(pair, t, point, g), [...t, ...point], uniform);
  const { judgement, method, notes } = both.method.startsWith(byReplay) ? both : judgeAt(byTangent(pair, t, point, g), t, uniform);
  return {
    judgement: ofTangent(judgement, inputs.leaves.length),
    method,
    notes: [...notes.filter((note) => !note.includes("detached")), ...(judgement.kind === "wrong" ? [remark] : [])],
    gradient: undefined,
    point,
  };
}

/** ⟨g, jvp(t)⟩ by t and by the arguments, which are held: so what the claim computes from them is judged as a formula. */
function jointly({ inputs, outputs, push, pull }: Pair, t: Point, point: Point, g: Point): Subject {
  const count = inputs.leaves.length;
  const free = inputs.leaves.map((leaf) => ({ ...leaf, range: {} }));
  return {
    loss: ((ts: readonly Tensor[], xs: readonly Tensor[], wide: boolean) =>
      paired(
        outputs,
        push(
          xs.map((x) => detach(x)),
          ts,
          wide,
        ),
        g,
      )) as AnyFunction,
    claimed: ([, xs, wide]) => {
      const own = xs as readonly Tensor[];
      return [
        pull(own, g, wide as boolean),
        packed(
          inputs,
          own.map((x) => mul(x, 0)),
        ),
      ];
    },
    inputs: {
      ...inputs,
      leaves: [...free, ...inputs.leaves],
      base: [...t, ...point],
      form: [inputs.form, inputs.form],
      narrow: (all) => [all.slice(0, count), all.slice(count), false],
      wide: (all) => [all.slice(0, count), all.slice(count), true],
    },
  };
}

/** ⟨g, jvp(t)⟩ by t alone, where only its values are known; the claim as numbers. */
function byTangent({ inputs, outputs, push, pull }: Pair, t: Point, point: Point, g: Point): Subject {
  return {
    loss: ((ts: readonly Tensor[], wide: boolean) =>
      paired(outputs, push(tensorsAt(inputs.leaves, point, wide), ts, wide), g)) as AnyFunction,
    claimed: ([, wide]) => {
      const found = fit(pull(tensorsAt(inputs.leaves, point, wide as boolean), g, wide as boolean), inputs, false);
      return "tensors" in found ? packed(inputs, entriesIn(found.tensors)) : undefined;
    },
    inputs: {
      ...inputs,
      leaves: inputs.leaves.map((leaf) => ({ ...leaf, range: {} })),
      base: t,
      narrow: (ts) => [ts, false],
      wide: (ts) => [ts, true],
    },
  };
}

const paired = (outputs: Outputs, output: unknown, g: Point): Tensor =>
  sameOutputs(outputs, outputTensors(output))
    .map((x, o) => mul(x, label(tensor(g[o]!, { shape: x.shape }), "g")).sum())
    .reduce((sum, x) => sum.add(x));

/** What was found of the tangent's leaves, which come first. */
function ofTangent(judgement: Judgement, count: number): Judgement {
  if (judgement.kind !== "wrong") return judgement;
  const { claimed, truth, bars, entries } = judgement;
  const own = (point: Point): Point => point.slice(0, count);
  return {
    ...judgement,
    claimed: own(claimed),
    truth: own(truth),
    bars: own(bars),
    entries: entries.filter(({ leaf }) => leaf < count),
  };
}
