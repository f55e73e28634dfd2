/** `checkJacobian` and `checkHessian`: are these claimed matrices of derivatives right? They put functions into the form that is judged. */
import { grad, type Jacobian, Tensor, tensor } from "@cotangent/core";
import { formatShape, unflatten, flatten } from "@cotangent/core/engine";
import { uniformFrom } from "../draw.ts";
import { type AnyFunction, call, scalarOf, settledCall } from "./behaviour.ts";
import { judgeMapping } from "./blocks.ts";
import { differentiate } from "./differences.ts";
import { calledBefore, type ClaimOf, settledClaim, settledLoss } from "./gradient.ts";
import type { Place } from "./judgement.ts";
import { blocksOf, entriesIn, type Mapping, type Outputs, outputsOf, outputTensors } from "./mapping.ts";
import { type Arguments, type ArgumentsAt, checkFunction, type CheckOptions, type Given, given, type PartOf, type Wrt } from "./options.ts";
import { judgeAt, type Subject } from "./point.ts";
import { type Inputs, type Misfit, type Point, scalesOf, tensorsAt } from "./problem.ts";
import { programOf } from "./reproduction.ts";
import { type Answer, type Posed, verdictOn } from "./task.ts";
import type { Verdict } from "./verdict.ts";

/** The Jacobian of an output by a struct, a number being a scalar. */
export type JacobianOf<R, G> = R extends number ? G : Jacobian<R, G>;

/**
 * Whether `claimed` is the Jacobian of `f`.
 *
 * `f` maps its arguments to a float tensor or a struct of them. `claimed` maps them to the Jacobian in the form of core's `jacobian`: for each
 * tensor of the output the struct of argument `wrt`, where the derivative of an output of shape `[a, b]` by an input of shape `[c]` has shape
 * `[a, b, c]`; in ops or in plain numbers, or as one struct that is judged at `at` alone. Witnesses have the index of the entry in that array: rows
 * first. Large Jacobians are judged along a random cotangent, and then the wrong entries are looked for. There are no tolerances. Throws
 * where the arguments are no arguments of a check; what is wrong with the claim or the functions is a verdict.
 * @example
 * ```ts
 * const at = [tensor([1, 2])];
 * const f = (x: Tensor) => x.mul(x.sum());
 * checkJacobian(f, (x: Tensor) => eye(2).mul(x.sum()).add(x.reshape([2, 1])), { at }).verdict; // => AGREES
 * checkJacobian(f, (x: Tensor) => eye(2).mul(x.sum()).add(x), { at }).diagnosis; // => the claim is the transpose of the truth
 * ```
 */
export function checkJacobian<const P extends Arguments, R, const W extends Wrt = 0>(
  f: (...args: ArgumentsAt<P>) => R,
  claimed: ((...args: ArgumentsAt<P>) => ClaimOf<JacobianOf<R, PartOf<P, W>>>) | ClaimOf<JacobianOf<R, PartOf<P, W>>>,
  options: CheckOptions<P, W>,
): Verdict {
  return jacobianVerdict("checkJacobian", f as AnyFunction, claimed, options as CheckOptions);
}

function jacobianVerdict(check: string, f: AnyFunction, claimed: unknown, options: CheckOptions): Verdict {
  checkFunction(check, "f", f, "give a function of tensors");
  const asked = given(check, options);
  const { inputs } = asked;
  return verdictOn({
    given: typeof claimed === "function" ? asked : { ...asked, points: 0 },
    subject: "the function",
    pose: () =>
      posed({
        inputs,
        outputs: settledOutputs(check, asked, f),
        value: (xs, wide) => outputTensors(asked.call(f, argumentsFrom(inputs, xs, wide))),
        claimed: claimOf(asked, claimed),
        opaque: false,
        called: (output, input) => `${output.path} by ${input.path}`,
      }),
    program: (point) => programOf(check, asked, { f, claimed }, point),
  });
}

/** The argument list with these leaves. */
export const argumentsFrom = (inputs: Inputs, xs: readonly Tensor[], wide: boolean): unknown[] =>
  wide ? inputs.wide(xs) : inputs.narrow(xs);

const claimOf =
  (asked: Given, claimed: unknown): Mapping["claimed"] =>
  (xs, wide) =>
    typeof claimed === "function" ? asked.call(claimed as AnyFunction, argumentsFrom(asked.inputs, xs, wide)) : claimed;

/** Calls a function twice at the given point: the form of its outputs. */
export function settledOutputs(check: string, asked: Given, f: AnyFunction): Outputs {
  const { inputs } = asked;
  const output = settledCall(
    "the function",
    (own) => asked.call(f, own),
    () => inputs.narrow(tensorsAt(inputs.leaves, inputs.base, false)),
    (out) => entriesIn(outputTensors(out)),
  );
  return outputsOf(check, output);
}

/** A claimed Jacobian of the right form, to be judged. */
function posed(mapping: Mapping, judge: typeof judgeMapping = judgeMapping): Posed | Misfit {
  const { inputs } = mapping;
  const blocks = blocksOf(mapping);
  const misfit = settledClaim(
    ([xs]) => mapping.claimed(xs as readonly Tensor[], false),
    { ...inputs, ...blocks },
    false,
    () => [tensorsAt(inputs.leaves, inputs.base, false)],
    calledBefore("the function", inputs, (xs) => mapping.value(xs, false)),
  );
  if (misfit !== undefined) return blocks.leaves.length === 1 ? explained(misfit, mapping) : misfit;
  return { leaves: blocks.leaves, size: blocks.size, judge: (point, uniform) => judge(mapping, point, uniform) };
}

/** Says where the shape of a lone block comes from. */
function explained(misfit: Misfit, { inputs, outputs }: Mapping): Misfit {
  const [output, input] = [outputs.leaves[0]!, inputs.leaves[0]!];
  return {
    ...misfit,
    expected: `${misfit.expected} (${formatShape(output.shape)} of ${output.path}, then ${formatShape(input.shape)} of ${input.path})`,
  };
}

/**
 * Whether `claimed` is the Hessian of `loss`.
 *
 * `loss` maps its arguments to a float scalar. `claimed` maps them to the Hessian in the form of core's `hessian`: for one argument of shape `[n]` an
 * array of shape `[n, n]`, for structs a struct of structs, for `wrt` a list a list of lists; in ops or in plain numbers. The truth is the
 * derivative of the loss's own gradient, once that was seen to be the derivative of the loss; of a loss that gives plain numbers, second
 * differences. There are no tolerances. Throws where the arguments are no arguments of a check.
 * @example
 * ```ts
 * const loss = (x: Tensor) => x.prod();
 * const at = [tensor([2, 3])];
 * checkHessian(loss, () => [[0, 1], [1, 0]], { at }).verdict; // => AGREES
 * checkHessian(loss, () => [[0, 1], [-1, 0]], { at }).witnesses[0].index; // => [1, 0]
 * ```
 */
export function checkHessian<const P extends Arguments, const W extends Wrt = 0>(
  loss: (...args: ArgumentsAt<P>) => Tensor | number,
  claimed: ((...args: ArgumentsAt<P>) => ClaimOf<JacobianOf<PartOf<P, W>, PartOf<P, W>>>) | ClaimOf<JacobianOf<PartOf<P, W>, PartOf<P, W>>>,
  options: CheckOptions<P, W>,
): Verdict {
  return hessianVerdict("checkHessian", loss as AnyFunction, claimed, options as CheckOptions);
}

function hessianVerdict(check: string, loss: AnyFunction, claimed: unknown, options: CheckOptions): Verdict {
  checkFunction(check, "the loss", loss, "give a function of tensors");
  const asked = given(check, options);
  const { inputs } = asked;
  const valueOf = (...args: unknown[]): unknown => asked.call(loss, args);
  const outputs: Outputs = {
    leaves: inputs.leaves.map((leaf, k) => ({ ...leaf, size: inputs.base[k]!.length })),
    size: inputs.size,
    build: (own) => unflatten(flatten(inputs.form).definition, own),
  };
  let source: Source | undefined;
  return verdictOn({
    given: typeof claimed === "function" ? asked : { ...asked, points: 0 },
    subject: "the gradient",
    pose: () => {
      const output = settledLoss(check, { loss: valueOf as AnyFunction, inputs });
      source ??= sourceOf(valueOf as AnyFunction, inputs, output instanceof Tensor);
      const { value, opaque, notes } = source;
      const mapping: Mapping = {
        inputs,
        outputs,
        value,
        claimed: claimOf(asked, claimed),
        opaque,
        called: (output, input) => (output.path === input.path ? input.path : `${output.path} by ${input.path}`),
      };
      return posed(mapping, (own, point, uniform) => {
        const answer = judgeMapping(own, point, uniform);
        return withNotes(opaque ? seenClose(own, point, answer) : answer, notes);
      });
    },
    program: (point) => programOf(check, asked, { loss, claimed }, point),
  });
}

const withNotes = (answer: Answer, notes: readonly string[]): Answer => ({ ...answer, notes: [...notes, ...answer.notes] });

/** Where the gradient comes from whose Jacobian the Hessian is. */
interface Source extends Pick<Mapping, "value" | "opaque"> {
  readonly notes: readonly string[];
}

/** The loss's own gradient where that is the derivative of its values, else one by finite differences. */
function sourceOf(loss: AnyFunction, inputs: Inputs, differentiable: boolean): Source {
  const differences: Source = {
    value: gradientByValues(loss, inputs),
    opaque: true,
    notes: ["the gradient was taken by finite differences"],
  };
  if (!differentiable) return differences;
  const value: Mapping["value"] = (xs, wide) =>
    grad((...own: Tensor[]) => call(loss, argumentsFrom(inputs, own, wide)) as Tensor, { wrt: xs.map((_, k) => k) })(
      ...xs,
    ) as unknown as Tensor[];
  try {
    value(tensorsAt(inputs.leaves, inputs.base, true), true);
  } catch {
    return differences;
  }
  const leafwise: Subject = {
    loss: ((xs: readonly Tensor[], wide: boolean) => call(loss, argumentsFrom(inputs, xs, wide))) as AnyFunction,
    claimed: ([xs, wide]) => value(xs as readonly Tensor[], wide as boolean),
    inputs: {
      ...inputs,
      form: tensorsAt(inputs.leaves, inputs.base, true),
      narrow: (xs) => [xs, false],
      wide: (xs) => [xs, true],
    },
  };
  if (judgeAt(leafwise, inputs.base, uniformFrom(1)).judgement.kind !== "wrong") return { value, opaque: false, notes: [] };
  return {
    ...differences,
    notes: ["a rule of one's own is not the derivative of its function; the claim was held against second differences"],
  };
}

/**
 * The gradient by finite differences, entry by entry. What is not known of a slope is added to it as noise that depends on the point, so that
 * differences of slopes measure it.
 */
const gradientByValues =
  (loss: AnyFunction, inputs: Inputs): Mapping["value"] =>
  (xs) => {
    const point: Point = entriesIn(xs);
    const scales = scalesOf(inputs.leaves, point);
    const uniform = uniformFrom(bitsOf(point));
    const valueAt = (at: Point): number => scalarOf(call(loss, inputs.wide(tensorsAt(inputs.leaves, at, true))));
    const slope = (leaf: number, at: number, scale: number): number => {
      const moved = (t: number): Point => point.map((row, k) => (k === leaf ? row.map((x, i) => (i === at ? x + t * scale : x)) : row));
      const { value, error } = differentiate((t) => valueAt(moved(t)), { starts: [0.25] });
      return (value + 10 * error * (2 * uniform() - 1)) / scale;
    };
    return xs.map((x, leaf) =>
      tensor(
        point[leaf]!.map((_, at) => slope(leaf, at, scales[leaf]![at]!)),
        { shape: x.shape },
      ),
    );
  };

/** So many wrong entries are looked at again. */
const lookedAtAgain = 8;

/** Slopes of slopes may settle on another value far away, where a loss levels off: a wrong entry must be so from close by too. */
function seenClose(mapping: Mapping, point: Point, answer: Answer): Answer {
  const { judgement } = answer;
  if (judgement.kind !== "wrong") return answer;
  const { leaves } = mapping.inputs;
  const scales = scalesOf(leaves, point);
  const holds = ({ leaf, at }: Place): boolean => {
    const [o, k] = [Math.floor(leaf / leaves.length), leaf % leaves.length];
    const [row, column] = [Math.floor(at / point[k]!.length), at % point[k]!.length];
    const scale = scales[k]![column]!;
    const slope = (t: number): number => {
      const moved = point.map((entries, i) => (i === k ? entries.map((x, j) => (j === column ? x + t * scale : x)) : entries));
      return entriesIn(mapping.value(tensorsAt(leaves, moved, true), true))[o]![row]!;
    };
    const { value, error, failure } = differentiate(slope, { starts: [2 ** -8] });
    return failure === undefined && Math.abs(value / scale - judgement.claimed[leaf]![at]!) > (10 * error) / scale;
  };
  const entries = judgement.entries.filter((place, i) => i >= lookedAtAgain || holds(place));
  if (entries.length > 0) return { ...answer, judgement: { ...judgement, entries } };
  const why = "second differences do not settle: return a tensor, so that there is a gradient to differentiate";
  return { ...answer, judgement: { kind: "undecided", why, digits: 0 } };
}

/** A number that is another wherever a bit of a point is. */
function bitsOf(point: Point): number {
  let bits = 0;
  for (const row of point)
    for (const word of new Uint32Array(row.slice().buffer)) bits = Math.imul(bits ^ word, 0x85ebca6b) ^ (bits >>> 13);
  return bits;
}
