/** `gradientProperty`: a claimed gradient as a property for fast-check. It knows verdicts and which of them fail; it judges nothing. */
import { Arbitrary, type IPropertyWithHooks, pre, property } from "fast-check";
import type { Tensor } from "@cotangent/core";
import { checkArgumentError, failedError, nothingJudgedError } from "../errors.ts";
import { type Drawn, sized, type Sizes } from "../arbitraries/sized.ts";
import { sourceOf } from "../arbitraries/source.ts";
import type { AnyFunction } from "./behaviour.ts";
import { type ClaimOf, gradientVerdict } from "./gradient.ts";
import { type Arguments, checkFunction, checkNames, type CheckOptions, type PartOf, type Wrt } from "./options.ts";
import type { Verdict } from "./verdict.ts";

export interface GradientPropertyOptions<W extends Wrt = Wrt> extends Omit<CheckOptions<Arguments, W>, "at"> {
  /** The names of the differentiated inputs; the first of them by default. */
  readonly wrt?: W;
  /** How many points near each draw are judged besides; none by default. */
  readonly points?: number;
  /** The bounds of named sizes, as `sized` takes them. */
  readonly sizes?: Sizes;
}

/**
 * The property that `claimed` is the gradient of `loss` wherever the inputs are drawn, for fast-check's `assert`.
 *
 * `arbitraries` is a struct of arbitraries, drawn together as by `sized`; `loss` and `claimed` take the struct that is drawn, and `claimed` returns the
 * gradient by the input that `wrt` names, the first by default, or a struct of gradients for a list of names. Every draw is judged as by
 * `checkGradient`. It fails where the verdict is REFUTED or SHAPE, where a function throws, writes to its arguments or is not deterministic, and
 * where the claim is not finite; the failure shrinks to the smallest such case and its message is the verdict with a program that shows it again.
 * A draw at a kink, outside the domain or with too few digits is skipped like one that `pre` rejects; if the first hundred are all skipped,
 * the property fails and says why.
 * @example
 * ```ts
 * import { tensor } from "@cotangent/core";
 * import { gradientProperty, tensors } from "@cotangent/check";
 * import { check } from "fast-check";
 * const inputs = { x: tensors({ shape: ["n"] }), y: tensors({ shape: ["n"] }) };
 * const loss = ({ x, y }) => x.sub(y).square().sum();
 * check(gradientProperty(loss, ({ x, y }) => x.sub(y).mul(2), inputs), { seed: 1 }).failed; // => false
 * check(gradientProperty(loss, ({ x, y }) => x.mul(2).sub(y), inputs), { seed: 1 }).counterexample[0];
 * // => { x: tensor([0], float64), y: tensor([1], float64) }
 * ```
 */
export function gradientProperty<const S, const W extends Wrt = 0>(
  loss: (at: Drawn<S>) => Tensor | number,
  claimed: (at: Drawn<S>) => ClaimOf<PartOf<Drawn<S>, W>>,
  arbitraries: S,
  options: GradientPropertyOptions<W> = {},
): IPropertyWithHooks<[at: Drawn<S>]> {
  const check = "gradientProperty";
  checkFunction(check, "the loss", loss, "give a function of the struct that is drawn");
  checkFunction(check, "the claim", claimed, "give a function of the struct that is drawn");
  checkNames(check, options, ["wrt", "domain", "seed", "points", "sizes"]);
  if (typeof arbitraries !== "object" || arbitraries === null || Array.isArray(arbitraries))
    throw checkArgumentError(check, "not a struct of arbitraries", arbitraries, "give an object of them by name, as { theta: tensors() }");
  const { sizes, points = 0, ...asked } = options;
  const inputs = (arbitraries instanceof Arbitrary ? arbitraries : sized(arbitraries, sizes)) as Arbitrary<Drawn<S>>;
  const tally = tallyOf(check);
  const judge = (at: Drawn<S>, count: number): Verdict =>
    gradientVerdict(check, loss as AnyFunction, claimed, { ...asked, points: count, at: at as Arguments });
  return property(inputs, (at) => {
    const verdict = judge(at, points);
    if (verdict.verdict === "AGREES") return tally.judged();
    if (verdict.verdict === "REFUTED") throw failedError(check, String(judge(at, Math.max(points, forDiagnosis))));
    if (fails(verdict) || (verdict.verdict === "UNDECIDED" && !isFinite(claimed(at))))
      throw failedError(check, `${verdict}\n  drawn: const at = ${sourceOf(at)};`);
    return tally.skipped(verdict);
  });
}

/** Points besides the drawn one at which a wrong claim is looked at: one entry alone shows no pattern. */
const forDiagnosis = 3;

/** Whether a verdict speaks against the claim or against the functions, of which nothing was computed then. */
const fails = ({ verdict, directions }: Verdict): boolean => verdict === "SHAPE" || (verdict === "UNDECIDED" && directions === 0);

/** Whether all numbers in a value are finite. */
function isFinite(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || value === null) return true;
  const parts: Iterable<unknown> = ArrayBuffer.isView(value)
    ? (value as Float64Array)
    : "values" in value && ArrayBuffer.isView(value.values)
      ? (value.values as Float64Array)
      : Object.values(value);
  for (const part of parts) if (!isFinite(part)) return false;
  return true;
}

/** After so many skipped draws and none judged the property gives up. */
const mostSkipped = 100;

/** Counts what was judged and why draws were skipped. */
function tallyOf(check: string): { readonly judged: () => void; readonly skipped: (verdict: Verdict) => void } {
  let anyJudged = false;
  let count = 0;
  const reasons = new Map<string, number>();
  return {
    judged: () => {
      anyJudged = true;
    },
    skipped: (verdict) => {
      const reason = String(verdict).split("\n")[0]!;
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      if (anyJudged || ++count < mostSkipped) pre(false);
      throw nothingJudgedError(check, mostSkipped, [...reasons].sort(([, x], [, y]) => y - x)[0]![0]);
    },
  };
}
