/** `checkVjp` and `checkJvp`: are these claimed products with a Jacobian right? They draw cotangents and tangents; how entries are judged is elsewhere. */
import type { Tensor } from "@cotangent/core";
import { formatShape } from "@cotangent/core/engine";
import { uniformFrom } from "../draw.ts";
import { type AnyFunction, call } from "./behaviour.ts";
import { graphAt, judgeMapping, projection, randomEntries } from "./blocks.ts";
import { calledBefore, type ClaimOf, settledClaim } from "./gradient.ts";
import { argumentsFrom, settledOutputs } from "./jacobian.ts";
import { alongLine, blocksOf, type Mapping, type Outputs, outputTensors, packed } from "./mapping.ts";
import { type Arguments, type ArgumentsAt, checkFunction, type CheckOptions, type Given, given, type PartOf, type Wrt } from "./options.ts";
import { byReplay, judgeAt, type Subject } from "./point.ts";
import { directionOf, type Inputs, type Point, scalesOf, tensorsAt, unravel } from "./problem.ts";
import { programOf } from "./reproduction.ts";
import { type Answer, verdictOn } from "./task.ts";
import type { Verdict } from "./verdict.ts";

/** The form of what a function returns, a number being a scalar. */
export type CotangentOf<R> = R extends number ? Tensor : R;

/**
 * Whether `claimed` is the product of a cotangent with the Jacobian of `f`.
 *
 * `f` maps its arguments to a float tensor or a struct of them; `claimed(args, g)` maps the list of arguments (or the struct of named inputs) and a cotangent in the output's
 * form to the cotangent of the arguments `wrt`, in their form: in ops or in plain numbers. The cotangent is drawn at random at every point,
 * never ones. Where the claim is wrong for some outputs alone, they are named. Throws where the arguments are no arguments of a check.
 * @example
 * ```ts
 * const at = [tensor([1, -2, 0.5])];
 * checkVjp((x: Tensor) => x.sin(), ([x], g) => g.mul(x.cos()), { at }).verdict; // => AGREES
 * checkVjp((x: Tensor) => x.sin(), ([x], g) => g.mul(x.sin()), { at }).verdict; // => REFUTED
 * ```
 */
export function checkVjp<const P extends Arguments, R, const W extends Wrt = 0>(
  f: (...args: ArgumentsAt<P>) => R,
  claimed: (args: P, g: CotangentOf<R>) => ClaimOf<PartOf<P, W>>,
  options: CheckOptions<P, W>,
): Verdict {
  const check = "checkVjp";
  const asked = productOf(check, f, claimed, options as CheckOptions);
  const { inputs } = asked;
  return verdictOn({
    given: asked,
    subject: "the function",
    pose: () => {
      const mapping = mappingOf(check, asked, f as AnyFunction);
      const { outputs } = mapping;
      const pull = pullOf(asked, outputs, claimed as AnyFunction);
      const g = cotangentAt(outputs, uniformFrom(asked.seed));
      const misfit = settledClaim(
        ([xs]) => pull(xs as readonly Tensor[], g, false),
        inputs,
        true,
        () => [tensorsAt(inputs.leaves, inputs.base, false)],
        calledBefore("the function", inputs, (xs) => mapping.value(xs, false)),
      );
      return misfit ?? { leaves: inputs.leaves, size: inputs.size, judge: (point, uniform) => judgePull(mapping, pull, point, uniform) };
    },
    program: (point) => programOf(check, asked, { f, claimed }, point),
  });
}

/** Reads what a check of a product is given. */
function productOf(check: string, f: unknown, claimed: unknown, options: CheckOptions): Given {
  checkFunction(check, "f", f, "give a function of tensors");
  checkFunction(check, "the claim", claimed, "give a function of the arguments and a vector");
  return given(check, options);
}

function mappingOf(check: string, asked: Given, f: AnyFunction): Mapping {
  const { inputs } = asked;
  return {
    inputs,
    outputs: settledOutputs(check, asked, f),
    value: (xs, wide) => outputTensors(asked.call(f, argumentsFrom(inputs, xs, wide))),
    claimed: () => undefined,
    opaque: false,
    called: ({ path }) => path,
  };
}

/** Entries that float32 holds too, so that a vector is the same in both. */
const rounded = (point: Point): Point => point.map((row) => row.map(Math.fround));

export const cotangentAt = ({ leaves }: Outputs, uniform: () => number): Point =>
  rounded(leaves.map(({ size }) => randomEntries(size, uniform)));

export const tangentAt = ({ leaves }: Inputs, point: Point, uniform: () => number): Point =>
  rounded(directionOf(scalesOf(leaves, point), uniform));

/** A claimed product with a cotangent, at leaves of the inputs. */
export type Pull = (xs: readonly Tensor[], g: Point, wide: boolean) => unknown;

export const vectorOf = (
  leaves: readonly { readonly shape: readonly number[]; readonly dtype: "float32" | "float64" }[],
  v: Point,
  wide: boolean,
): Tensor[] => tensorsAt(leaves as Inputs["leaves"], v, wide);

export const pullOf =
  ({ inputs, whole }: Given, outputs: Outputs, claimed: AnyFunction): Pull =>
  (xs, g, wide) =>
    call(claimed, [whole(argumentsFrom(inputs, xs, wide)), outputs.build(vectorOf(outputs.leaves, g, wide))]);

const subjectOf = (mapping: Mapping, pull: Pull, g: Point): Subject => ({
  ...projection(mapping, g),
  claimed: ([xs, wide]) => pull(xs as readonly Tensor[], g, wide as boolean),
});

function judgePull(mapping: Mapping, pull: Pull, point: Point, uniform: () => number): Answer {
  const { lost } = graphAt(mapping, point);
  if (lost !== undefined) return { ...lost, point };
  const found = judgeAt(subjectOf(mapping, pull, cotangentAt(mapping.outputs, uniform)), point, uniform);
  if (found.judgement.kind !== "wrong" || !found.method.startsWith(byReplay)) return found;
  return { ...found, notes: [...found.notes, ...wrongCotangents(mapping, pull, point, uniform)] };
}

/** Outputs are tried one by one if they have no more entries. */
const fewOutputs = 32;

/** The unit cotangents for which a claim is wrong, where it is right for others. */
function wrongCotangents(mapping: Mapping, pull: Pull, point: Point, uniform: () => number): string[] {
  const { outputs } = mapping;
  if (outputs.size < 2 || outputs.size > fewOutputs) return [];
  const units = outputs.leaves.flatMap(({ path, shape, size }, o) =>
    Array.from({ length: size }, (_, r) => ({
      name: shape.length === 0 ? path : `${path}${formatShape(unravel(r, shape))}`,
      g: outputs.leaves.map((leaf, k) => Float64Array.from({ length: leaf.size }, (__, i) => (k === o && i === r ? 1 : 0))),
    })),
  );
  const wrong = units.filter(({ g }) => judgeAt(subjectOf(mapping, pull, g), point, uniform).judgement.kind === "wrong");
  if (wrong.length === 0 || wrong.length === units.length) return [];
  const shown = wrong.slice(0, 4).map(({ name }) => name);
  const more = wrong.length > shown.length ? ` and ${wrong.length - shown.length} more` : "";
  return [
    `the claim is wrong through ${shown.join(", ")}${more} alone, and right through the other ${units.length - wrong.length} entries of the output`,
  ];
}

/**
 * Whether `claimed` is the product of the Jacobian of `f` with a tangent.
 *
 * `f` maps its arguments to a float tensor or a struct of them; `claimed(args, t)` maps the list of arguments (or the struct of named inputs)
 * and a tangent in the form of the arguments `wrt` to the tangent of the output, in its form: in ops or in plain numbers. The tangent is drawn at random at
 * every point. Witnesses are entries of the output. Throws where the arguments are no arguments of a check.
 * @example
 * ```ts
 * const at = [tensor([1, -2, 0.5])];
 * checkJvp((x: Tensor) => x.sin(), ([x], t) => t.mul(x.cos()), { at }).verdict; // => AGREES
 * checkJvp((x: Tensor) => x.sin(), ([x], t) => t.mul(x.cos()).neg(), { at }).diagnosis; // => the claim is -1 times the truth: the sign is wrong
 * ```
 */
export function checkJvp<const P extends Arguments, R, const W extends Wrt = 0>(
  f: (...args: ArgumentsAt<P>) => R,
  claimed: (args: P, t: PartOf<P, W>) => ClaimOf<CotangentOf<R>>,
  options: CheckOptions<P, W>,
): Verdict {
  const check = "checkJvp";
  const asked = productOf(check, f, claimed, options as CheckOptions);
  const { inputs } = asked;
  return verdictOn({
    given: asked,
    subject: "the function",
    pose: () => {
      const mapping = mappingOf(check, asked, f as AnyFunction);
      const push = pushOf(asked, claimed as AnyFunction);
      const line = (point: Point, t: Point): Mapping =>
        alongLine(mapping, point, t, (xs, wide) => push(xs, vectorOf(inputs.leaves, t, wide), wide));
      const blocks = blocksOf(line(inputs.base, inputs.base));
      const t = tangentAt(inputs, inputs.base, uniformFrom(asked.seed));
      const misfit = settledClaim(
        ([xs]) => push(xs as readonly Tensor[], vectorOf(inputs.leaves, t, false), false),
        { ...inputs, ...blocks },
        false,
        () => [tensorsAt(inputs.leaves, inputs.base, false)],
        calledBefore("the function", inputs, (xs) => mapping.value(xs, false)),
      );
      const judge = (point: Point, uniform: () => number): Answer =>
        judgeMapping(line(point, tangentAt(inputs, point, uniform)), [Float64Array.of(0)], uniform);
      return misfit ?? { leaves: blocks.leaves, size: blocks.size, judge };
    },
    program: (point) => programOf(check, asked, { f, claimed }, point),
  });
}

/** A claimed product with a tangent, at leaves of the inputs. */
export type Push = (xs: readonly Tensor[], t: readonly Tensor[], wide: boolean) => unknown;

export const pushOf =
  ({ inputs, whole }: Given, claimed: AnyFunction): Push =>
  (xs, t, wide) =>
    call(claimed, [whole(argumentsFrom(inputs, xs, wide)), packed(inputs, t)]);
