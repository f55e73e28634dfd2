/** Comparisons, logic, choice and questions about single entries, elementwise. */
import { add, type Binary, binary, elementwise, type ElementwiseOp, type Unary, unary } from "../define/elementwise.ts";
import { checkOptions } from "../define/options.ts";
import { nonzero, reals, realsExcept } from "../domain.ts";
import { isFloat, promote } from "../dtype.ts";
import { argumentError } from "../errors.ts";
import type { Expression, ExpressionArithmetic } from "../expression.ts";
import { call, cases, infix, named, prefix } from "../notation.ts";
import { callable, type Callable, type Draw, type Op, operand, operands, tensorArgument } from "../op.ts";
import { scalarTensor, type Tensor, type TensorLike } from "../tensor.ts";
import { mul, neg } from "./arithmetic.ts";

/** Two operands that differ in every entry. */
function differing(draw: Draw): readonly unknown[] {
  const shape = draw.shape(0, 3);
  const x = draw.tensor(shape.slice(draw.integer(0, shape.length)));
  const y = add(x, draw.tensor(shape, nonzero));
  return draw.pick([
    [x, y],
    [y, x],
  ]);
}

/** Two operands to compare, some of their entries equal. */
function comparable(draw: Draw): readonly unknown[] {
  const [x, y] = differing(draw) as [Tensor, Tensor];
  return [x, where(draw.bools(y.shape), x, y)];
}

/** Two operands to reason about: bools, and numbers that stand for them. */
function truths(draw: Draw): readonly unknown[] {
  const shape = draw.shape(0, 3);
  return [draw.bools(shape), draw.pick([draw.bools(shape), draw.integers(shape, -1, 1)])];
}

/**
 * Whether x = y, entry by entry; false where either is NaN, and 0 equals -0.
 * @example
 * ```ts
 * equal(tensor([1, 2, NaN]), tensor([1, 3, NaN])); // => tensor([true, false, false], bool)
 * ```
 */
export const equal: Binary = /* @__PURE__ */ binary({
  name: "equal",
  value: (s, x, y) => s.equal(x, y),
  dtype: "bool",
  notation: /* @__PURE__ */ infix("==", "=", "comparison"),
  domains: [reals, reals],
  sample: comparable,
  laws: [{ name: "x = y is y = x", left: (x, y) => equal(x, y), right: (x, y) => equal(y, x) }],
});

/**
 * Whether x ≠ y, entry by entry; true where either is NaN.
 * @example
 * ```ts
 * notEqual(tensor([1, 2, NaN]), tensor([1, 3, NaN])); // => tensor([false, true, true], bool)
 * ```
 */
export const notEqual: Binary = /* @__PURE__ */ binary({
  name: "notEqual",
  value: (s, x, y) => s.not(s.equal(x, y)),
  dtype: "bool",
  notation: /* @__PURE__ */ infix("!=", "\\ne", "comparison"),
  domains: [reals, reals],
  sample: comparable,
  laws: [{ name: "x ≠ y is not x = y", left: (x, y) => notEqual(x, y), right: (x, y) => logicalNot(equal(x, y)) }],
});

/**
 * Whether x < y, entry by entry; false where either is NaN.
 * @example
 * ```ts
 * less(tensor([1, 2, 3]), 2); // => tensor([true, false, false], bool)
 * ```
 */
export const less: Binary = /* @__PURE__ */ binary({
  name: "less",
  value: (s, x, y) => s.less(x, y),
  dtype: "bool",
  notation: /* @__PURE__ */ infix("<", "<", "comparison"),
  domains: [reals, reals],
  sample: comparable,
  laws: [{ name: "x < y is y > x", left: (x, y) => less(x, y), right: (x, y) => greater(y, x) }],
});

/**
 * Whether x ≤ y, entry by entry; false where either is NaN.
 * @example
 * ```ts
 * lessEqual(tensor([1, 2, 3]), 2); // => tensor([true, true, false], bool)
 * ```
 */
export const lessEqual: Binary = /* @__PURE__ */ binary({
  name: "lessEqual",
  value: (s, x, y) => s.lessEqual(x, y),
  dtype: "bool",
  notation: /* @__PURE__ */ infix("<=", "\\le", "comparison"),
  domains: [reals, reals],
  sample: comparable,
  laws: [{ name: "x ≤ y is x < y or x = y", left: (x, y) => lessEqual(x, y), right: (x, y) => logicalOr(less(x, y), equal(x, y)) }],
});

/**
 * Whether x > y, entry by entry; false where either is NaN.
 * @example
 * ```ts
 * greater(tensor([1, 2, 3]), 2); // => tensor([false, false, true], bool)
 * ```
 */
export const greater: Binary = /* @__PURE__ */ binary({
  name: "greater",
  value: (s, x, y) => s.less(y, x),
  dtype: "bool",
  notation: /* @__PURE__ */ infix(">", ">", "comparison"),
  domains: [reals, reals],
  sample: comparable,
  laws: [{ name: "x > y is not x ≤ y", left: (x, y) => greater(x, y), right: (x, y) => logicalNot(lessEqual(x, y)) }],
});

/**
 * Whether x ≥ y, entry by entry; false where either is NaN.
 * @example
 * ```ts
 * greaterEqual(tensor([1, 2, 3]), 2); // => tensor([false, true, true], bool)
 * ```
 */
export const greaterEqual: Binary = /* @__PURE__ */ binary({
  name: "greaterEqual",
  value: (s, x, y) => s.lessEqual(y, x),
  dtype: "bool",
  notation: /* @__PURE__ */ infix(">=", "\\ge", "comparison"),
  domains: [reals, reals],
  sample: comparable,
  laws: [{ name: "x ≥ y is not x < y", left: (x, y) => greaterEqual(x, y), right: (x, y) => logicalNot(less(x, y)) }],
});

/**
 * Whether both hold; numbers hold unless they are 0 (NaN holds).
 * @example
 * ```ts
 * logicalAnd(tensor([true, true]), tensor([true, false])); // => tensor([true, false], bool)
 * ```
 */
export const logicalAnd: Binary = /* @__PURE__ */ binary({
  name: "logicalAnd",
  value: (s, x, y) => s.and(x, y),
  dtype: "bool",
  notation: /* @__PURE__ */ infix("&&", "\\land", "logic", true),
  domains: [reals, reals],
  sample: truths,
});

/**
 * Whether at least one holds; numbers hold unless they are 0 (NaN holds).
 * @example
 * ```ts
 * logicalOr(tensor([false, true]), tensor([false, false])); // => tensor([false, true], bool)
 * ```
 */
export const logicalOr: Binary = /* @__PURE__ */ binary({
  name: "logicalOr",
  value: (s, x, y) => s.or(x, y),
  dtype: "bool",
  notation: /* @__PURE__ */ infix("||", "\\lor", "logic"),
  domains: [reals, reals],
  sample: truths,
});

/**
 * Whether exactly one holds; numbers hold unless they are 0 (NaN holds).
 * @example
 * ```ts
 * logicalXor(tensor([true, true]), tensor([true, false])); // => tensor([false, true], bool)
 * ```
 */
export const logicalXor: Binary = /* @__PURE__ */ binary({
  name: "logicalXor",
  value: (s, x, y) => s.or(s.and(x, s.not(y)), s.and(s.not(x), y)),
  dtype: "bool",
  notation: /* @__PURE__ */ infix("xor", "\\oplus", "logic"),
  domains: [reals, reals],
  sample: truths,
});

/**
 * Whether it does not hold; numbers hold unless they are 0 (NaN holds).
 * @example
 * ```ts
 * logicalNot(tensor([true, false])); // => tensor([false, true], bool)
 * ```
 */
export const logicalNot: Unary = /* @__PURE__ */ unary({
  name: "logicalNot",
  value: (s, x) => s.not(x),
  dtype: "bool",
  notation: /* @__PURE__ */ prefix("!", "\\lnot"),
  domain: reals,
  sample: (draw) => [draw.bools(draw.shape(0, 3))],
});

/**
 * Whether the entry is NaN; never, for integers.
 * @example
 * ```ts
 * isNaN(tensor([1, NaN, Infinity])); // => tensor([false, true, false], bool)
 * ```
 */
export const isNaN: Unary = /* @__PURE__ */ unary({
  name: "isNaN",
  value: (s, x) => s.isNaN(x),
  dtype: "bool",
  notation: /* @__PURE__ */ named("isNaN"),
  domain: reals,
  conventions: [{ at: "NaN", arguments: [Number.NaN], value: 1 }],
});

/**
 * Whether the entry is neither infinite nor NaN; always, for integers.
 * @example
 * ```ts
 * isFinite(tensor([1, NaN, Infinity])); // => tensor([true, false, false], bool)
 * ```
 */
export const isFinite: Unary = /* @__PURE__ */ unary({
  name: "isFinite",
  value: (s, x) => s.isFinite(x),
  dtype: "bool",
  notation: /* @__PURE__ */ named("isFinite"),
  domain: reals,
  conventions: [{ at: "infinity", arguments: [Infinity], value: 0 }],
});

/**
 * Whether the entry is infinite, of either sign; never, for integers.
 * @example
 * ```ts
 * isInf(tensor([1, NaN, -Infinity])); // => tensor([false, false, true], bool)
 * ```
 */
export const isInf: Unary = /* @__PURE__ */ unary({
  name: "isInf",
  value: (s, x) => s.equal(s.abs(x), s.constant(Infinity)),
  dtype: "bool",
  notation: /* @__PURE__ */ named("isInf"),
  domain: reals,
  conventions: [{ at: "minus infinity", arguments: [-Infinity], value: 1 }],
});

/** A tangent's share of the larger of two: all to the winner, half to each in a tie, nothing beside NaN. */
const share = (wins: Tensor, ties: Tensor, t: Tensor): Tensor => where(wins, t, where(ties, mul(0.5, t), 0));

/**
 * The larger, entry by entry; NaN where either is. In a tie each side gets half the gradient.
 * @example
 * ```ts
 * maximum(tensor([1, 5]), 3); // => tensor([3, 5], float64)
 * ```
 */
export const maximum: Binary = /* @__PURE__ */ binary({
  name: "maximum",
  value: (s, x, y) => s.max(x, y),
  dtype: "same",
  passes: [(t, x, y) => share(greater(x!, y!), equal(x!, y!), t), (t, x, y) => share(less(x!, y!), equal(x!, y!), t)],
  notation: /* @__PURE__ */ call("\\max"),
  domains: [reals, reals],
  sample: differing,
  laws: [
    { name: "max(x, y) = max(y, x)", left: (x, y) => maximum(x, y), right: (x, y) => maximum(y, x) },
    { name: "max(x, y) = -min(-x, -y)", left: (x, y) => maximum(x, y), right: (x, y) => neg(minimum(neg(x), neg(y))) },
  ],
  conventions: [{ at: "a tie", arguments: [2, 2], value: 2, gradient: [0.5, 0.5] }],
});

/**
 * The smaller, entry by entry; NaN where either is. In a tie each side gets half the gradient.
 * @example
 * ```ts
 * minimum(tensor([1, 5]), 3); // => tensor([1, 3], float64)
 * ```
 */
export const minimum: Binary = /* @__PURE__ */ binary({
  name: "minimum",
  value: (s, x, y) => s.min(x, y),
  dtype: "same",
  passes: [(t, x, y) => share(less(x!, y!), equal(x!, y!), t), (t, x, y) => share(greater(x!, y!), equal(x!, y!), t)],
  notation: /* @__PURE__ */ call("\\min"),
  domains: [reals, reals],
  sample: differing,
  laws: [
    { name: "min(x, y) = min(y, x)", left: (x, y) => minimum(x, y), right: (x, y) => minimum(y, x) },
    { name: "min(x, y) + max(x, y) = x + y", left: (x, y) => add(minimum(x, y), maximum(x, y)), right: (x, y) => add(x, y) },
  ],
  conventions: [{ at: "a tie", arguments: [2, 2], value: 2, gradient: [0.5, 0.5] }],
});

/** A choice, so that on a bound the entry itself passes, with its derivative; a bound that is NaN is chosen. */
function clipped(s: ExpressionArithmetic, x: Expression, low: Expression, high: Expression): Expression {
  const raised = s.select(s.or(s.less(x, low), s.isNaN(low)), low, x);
  return s.select(s.or(s.less(high, raised), s.isNaN(high)), high, raised);
}

const clipOp: ElementwiseOp = /* @__PURE__ */ elementwise<undefined>({
  name: "clip",
  arity: 3,
  value: (s, [x, low, high]) => clipped(s, x!, low!, high!),
  dtype: "same",
  rules: [
    { pass: (t, [x, low, high]) => where(logicalAnd(lessEqual(low!, x!), lessEqual(x!, high!)), t, 0) },
    { pass: (t, [x, low, high]) => where(logicalAnd(less(x!, low!), lessEqual(low!, high!)), t, 0) },
    { pass: (t, [x, low, high]) => where(logicalOr(less(high!, x!), less(high!, low!)), t, 0) },
  ],
  notation: /* @__PURE__ */ named("clip"),
});

const lowest = { bool: 0, int32: -(2 ** 31), float32: -Infinity, float64: -Infinity } as const;
const highest = { bool: 1, int32: 2 ** 31 - 1, float32: Infinity, float64: Infinity } as const;

/**
 * x, but not below `low` nor above `high`; `null` sets no bound. NaN in x or a bound stays; where low > high the value is high.
 *
 * All three broadcast and promote together. A value on a bound is inside: the whole gradient goes to x there.
 * @example
 * ```ts
 * clip(tensor([-2, 0.5, 7]), 0, 1); // => tensor([0.0, 0.5, 1.0], float64)
 * clip(tensor([-2, 0.5, 7]), null, 1); // => tensor([-2.0,  0.5,  1.0], float64)
 * ```
 */
export const clip: Callable<(x: TensorLike, low: TensorLike | null, high: TensorLike | null) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, low: TensorLike | null, high: TensorLike | null) => {
    const given = operands("clip", [x, ...[low, high].filter((bound) => bound !== null)]);
    const dtype = given.map((one) => one.dtype).reduce(promote);
    const bound = (wanted: unknown, i: number, extreme: number): Tensor => (wanted === null ? scalarTensor(extreme, dtype) : given.at(i)!);
    return clipOp.apply([given[0]!, bound(low, 1, lowest[dtype]), bound(high, -1, highest[dtype])], undefined);
  },
  {
    name: "clip",
    op: clipOp as Op,
    domain: [/* @__PURE__ */ realsExcept(-1, 1), reals, reals],
    sample: (draw) => {
      const x = draw.tensor(draw.shape(0, 3), realsExcept(-1, 1));
      const [low, high] = [scalarTensor(-1, "float64"), scalarTensor(1, "float64")];
      return draw.pick([
        [x, low, high],
        [x, -1, null],
        [x, null, 1],
        [x, high, low],
      ]);
    },
    conventions: [
      { at: "the lower bound", arguments: [-1, -1, 1], value: -1, gradient: [1, 0, 0] },
      { at: "the upper bound", arguments: [1, -1, 1], value: 1, gradient: [1, 0, 0] },
      { at: "below", arguments: [-3, -1, 1], value: -1, gradient: [0, 1, 0] },
      { at: "above", arguments: [3, -1, 1], value: 1, gradient: [0, 0, 1] },
      { at: "bounds in the wrong order", arguments: [0, 1, -1], value: -1, gradient: [0, 0, 1] },
      { at: "NaN", arguments: [Number.NaN, -1, 1], value: Number.NaN },
      { at: "a bound that is NaN", arguments: [0, Number.NaN, 1], value: Number.NaN },
    ],
  },
);

const whereOp: ElementwiseOp = /* @__PURE__ */ elementwise<undefined>({
  name: "where",
  arity: 3,
  value: (s, [condition, x, y]) => s.select(s.convert(condition!, "bool"), x!, y!),
  infer: ([, x, y]) => promote(x!.dtype, y!.dtype),
  rules: [null, { pass: (t, [condition]) => where(condition!, t, 0) }, { pass: (t, [condition]) => where(condition!, 0, t) }],
  notation: cases,
});

/**
 * `x` where the condition holds and `y` elsewhere; nothing of the branch not taken reaches the value or the gradient.
 * @example
 * ```ts
 * where(tensor([true, false]), 1, tensor([5, 6])); // => tensor([1, 6], float64)
 * ```
 */
export const where: Callable<(condition: TensorLike, x: TensorLike, y: TensorLike) => Tensor> = /* @__PURE__ */ callable(
  (condition: TensorLike, x: TensorLike, y: TensorLike) =>
    whereOp.apply([operand("where", 0, condition), ...operands("where", [x, y])], undefined),
  {
    name: "where",
    op: whereOp as Op,
    sample: (draw) => {
      const shape = draw.shape(0, 3);
      return [draw.bools(shape), draw.tensor(shape), draw.tensor(draw.pick([shape, []]))];
    },
  },
);

/** What stands in for entries that are not finite. */
interface Replacements {
  readonly nan: number;
  readonly posInf: number;
  readonly negInf: number;
}

const nanToNumOp: ElementwiseOp<Replacements> = /* @__PURE__ */ elementwise<Replacements>({
  name: "nanToNum",
  arity: 1,
  value: (s, [x], { nan, posInf, negInf }) => {
    const lower = s.select(s.equal(x!, s.constant(-Infinity)), s.constant(negInf), x!);
    return s.select(s.isNaN(x!), s.constant(nan), s.select(s.equal(x!, s.constant(Infinity)), s.constant(posInf), lower));
  },
  rules: [{ pass: (t, [x]) => where(isFinite(x!), t, 0) }],
  key: ({ nan, posInf, negInf }) => `${nan},${posInf},${negInf}`,
  notation: /* @__PURE__ */ named("nanToNum"),
  show: ({ nan, posInf, negInf }) => `nan=${nan}, posInf=${posInf}, negInf=${negInf}`,
});

export interface NanToNumOptions {
  /** Stands in for NaN; 0 by default. */
  readonly nan?: number;
  /** Stands in for Infinity; the largest number of the dtype by default. */
  readonly posInf?: number;
  /** Stands in for -Infinity; the smallest number of the dtype by default. */
  readonly negInf?: number;
}

const largestDouble = Number.MAX_VALUE;
const mostNegativeDouble = -Number.MAX_VALUE;
const largest = { float64: largestDouble, float32: (2 - 2 ** -23) * 2 ** 127 } as const;

/**
 * Finite numbers in the place of NaN and the infinities, with gradient 0 there; integers and bools stay as they are.
 * @example
 * ```ts
 * nanToNum(tensor([1, NaN, Infinity]), { posInf: 9 }); // => tensor([1, 0, 9], float64)
 * ```
 */
export const nanToNum: Callable<(x: TensorLike, options?: NanToNumOptions) => Tensor> = /* @__PURE__ */ callable(
  (x: TensorLike, options: NanToNumOptions = {}) => {
    const input = tensorArgument("nanToNum", x);
    checkOptions("nanToNum", options, ["nan", "posInf", "negInf"]);
    for (const [key, value] of Object.entries(options)) {
      if (typeof value !== "number") throw argumentError("nanToNum", `${key} is not a number`, value, "give a number");
    }
    if (!isFloat(input.dtype)) return input;
    const top = largest[input.dtype];
    return nanToNumOp.apply([input], { nan: options.nan ?? 0, posInf: options.posInf ?? top, negInf: options.negInf ?? -top });
  },
  {
    name: "nanToNum",
    op: nanToNumOp as Op,
    domain: [reals],
    sample: (draw) => draw.pick([[draw.tensor(draw.shape(0, 3))], [draw.tensor(draw.shape(0, 3)), { nan: 1, posInf: 2 }]]),
    conventions: [
      { at: "NaN", arguments: [Number.NaN], value: 0, gradient: [0] },
      { at: "infinity", arguments: [Infinity], value: largestDouble, gradient: [0] },
      { at: "minus infinity", arguments: [-Infinity], value: mostNegativeDouble, gradient: [0] },
    ],
  },
);
