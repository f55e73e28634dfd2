/** Bits of integers, elementwise: logic, and shifts by counts from 0 to 31. */
import { type Binary, binary, type Unary, unary } from "../define/elementwise.ts";
import { reals } from "../domain.ts";
import type { Expression, ExpressionArithmetic } from "../expression.ts";
import { infix, prefix } from "../notation.ts";
import type { Draw } from "../op.ts";

const extreme = 2 ** 31 - 1;

function integerPair(draw: Draw): readonly unknown[] {
  const shape = draw.shape(0, 3);
  return [draw.integers(shape, -extreme, extreme), draw.integers(shape.slice(draw.integer(0, shape.length)), -9, 9)];
}

function shiftPair(draw: Draw): readonly unknown[] {
  const shape = draw.shape(0, 3);
  return [draw.integers(shape, -extreme, extreme), draw.integers(shape, -1, 33)];
}

/** The shifted value where the count is one of 0 … 31, else what is left when every bit has gone. */
const shifted = (s: ExpressionArithmetic, count: Expression, value: Expression, rest: Expression): Expression =>
  s.select(s.and(s.lessEqual(s.integer(0), count), s.less(count, s.integer(32))), value, rest);

/**
 * The bits set in both, of int32 (or bool, as int32) operands; throws at floats.
 * @example
 * ```ts
 * bitwiseAnd(tensor(new Int32Array([12])), 10); // => tensor([8], int32)
 * ```
 */
export const bitwiseAnd: Binary = /* @__PURE__ */ binary({
  name: "bitwiseAnd",
  value: (s, x, y) => s.bitAnd(x, y),
  dtype: "integer",
  notation: /* @__PURE__ */ infix("&", "\\mathbin{\\&}", "product", true),
  domains: [reals, reals],
  sample: integerPair,
});

/**
 * The bits set in either, of int32 (or bool, as int32) operands; throws at floats.
 * @example
 * ```ts
 * bitwiseOr(tensor(new Int32Array([12])), 10); // => tensor([14], int32)
 * ```
 */
export const bitwiseOr: Binary = /* @__PURE__ */ binary({
  name: "bitwiseOr",
  value: (s, x, y) => s.bitOr(x, y),
  dtype: "integer",
  notation: /* @__PURE__ */ infix("|", "\\mathbin{|}", "product"),
  domains: [reals, reals],
  sample: integerPair,
});

/**
 * The bits set in exactly one, of int32 (or bool, as int32) operands; throws at floats.
 * @example
 * ```ts
 * bitwiseXor(tensor(new Int32Array([12])), 10); // => tensor([6], int32)
 * ```
 */
export const bitwiseXor: Binary = /* @__PURE__ */ binary({
  name: "bitwiseXor",
  value: (s, x, y) => s.bitXor(x, y),
  dtype: "integer",
  notation: /* @__PURE__ */ infix("^", "\\oplus", "product"),
  domains: [reals, reals],
  sample: integerPair,
});

/**
 * Every bit turned round, of an int32 (or bool, as int32) operand: -x - 1; throws at floats.
 * @example
 * ```ts
 * bitwiseNot(tensor(new Int32Array([0, 5]))); // => tensor([-1, -6], int32)
 * ```
 */
export const bitwiseNot: Unary = /* @__PURE__ */ unary({
  name: "bitwiseNot",
  value: (s, x) => s.bitXor(x, s.integer(-1)),
  dtype: "integer",
  notation: /* @__PURE__ */ prefix("~", "{\\sim}"),
  domain: reals,
  sample: (draw) => [draw.integers(draw.shape(0, 3), -extreme, extreme)],
});

/**
 * The bits moved up by a count, zeros coming in: x 2^count, wrapping; 0 for a count outside 0 … 31. Throws at floats.
 * @example
 * ```ts
 * shiftLeft(tensor(new Int32Array([1, 5])), 3); // => tensor([ 8, 40], int32)
 * ```
 */
export const shiftLeft: Binary = /* @__PURE__ */ binary({
  name: "shiftLeft",
  value: (s, x, count) => shifted(s, count, s.shiftLeft(x, count), s.integer(0)),
  dtype: "integer",
  notation: /* @__PURE__ */ infix("<<", "\\ll", "product"),
  domains: [reals, reals],
  sample: shiftPair,
});

/**
 * The bits moved down by a count, the sign coming in: ⌊x / 2^count⌋; 0 or -1 for a count outside 0 … 31. Throws at floats.
 * @example
 * ```ts
 * shiftRight(tensor(new Int32Array([8, -9])), 2); // => tensor([ 2, -3], int32)
 * ```
 */
export const shiftRight: Binary = /* @__PURE__ */ binary({
  name: "shiftRight",
  value: (s, x, count) => shifted(s, count, s.shiftRight(x, count), s.shiftRight(x, s.integer(31))),
  dtype: "integer",
  notation: /* @__PURE__ */ infix(">>", "\\gg", "product"),
  domains: [reals, reals],
  sample: shiftPair,
});

/**
 * The bits moved down by a count, zeros coming in; 0 for a count outside 0 … 31. Throws at floats.
 * @example
 * ```ts
 * shiftRightLogical(tensor(new Int32Array([-1])), 28); // => tensor([15], int32)
 * ```
 */
export const shiftRightLogical: Binary = /* @__PURE__ */ binary({
  name: "shiftRightLogical",
  value: (s, x, count) => shifted(s, count, s.shiftRightLogical(x, count), s.integer(0)),
  dtype: "integer",
  notation: /* @__PURE__ */ infix(">>>", "\\ggg", "product"),
  domains: [reals, reals],
  sample: shiftPair,
});
