/** Reductions over axes: sums, products, extremes and where they stand, truth of any and all. Each row says what its monoid means to a derivative. */
import { ones } from "../create.ts";
import { composite } from "../define/composite.ts";
import { chainMul, typeOf } from "../define/elementwise.ts";
import { checkFlag, checkOptions } from "../define/options.ts";
import { programOp } from "../define/program.ts";
import { reduction, type ReductionParams } from "../define/reduction.ts";
import { argumentError, clashError, formatShape } from "../errors.ts";
import type { Expression } from "../expression.ts";
import { buildProgram, memo, type Program } from "../loop/program.ts";
import { namedOver, type Notation, operator } from "../notation.ts";
import {
  type Aval,
  apply1,
  callable,
  type Callable,
  type Convention,
  type Draw,
  type Law,
  type Lowered,
  type Op,
  tensorArgument,
} from "../op.ts";
import { normalizeAxes, reducedShape, type Shape, sizeOf } from "../shape.ts";
import type { Tensor, TensorLike } from "../tensor.ts";
import { add, div, mul, neg } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { broadcastTo, concat, permute, reshape } from "./movement.ts";
import { equal, notEqual } from "./selection.ts";
import { sliceAxis } from "./slicing.ts";

/** Which axes are reduced (all by default; negative ones count from the back) and whether they stay with side 1. */
export interface AxesOptions {
  readonly axes?: number | readonly number[];
  readonly keepDims?: boolean;
}

export type Reduction = Callable<(x: TensorLike, options?: AxesOptions) => Tensor>;

/** The axes of a call, sorted and counted from the front. */
export function readAxes(op: string, axes: unknown, rank: number): number[] {
  if (axes !== undefined && typeof axes !== "number" && !Array.isArray(axes))
    throw argumentError(op, "not an axis nor a list of axes", axes, "give integers, or leave axes out for all");
  return normalizeAxes(op, axes, rank);
}

/** The params of a reduction call, checked; `others` are the names of further options, `instead` is the call meant by a second operand. */
export function reductionParams(
  op: string,
  x: Tensor,
  options: AxesOptions,
  others: readonly string[] = [],
  instead?: string,
): ReductionParams {
  checkOptions(op, options, ["axes", "keepDims", ...others], instead);
  return { axes: readAxes(op, options.axes, x.rank), keepDims: checkFlag(op, "keepDims", options.keepDims ?? false) };
}

/** A reduced tensor stretched back over the axes it lost. */
export function expandReduced(g: Tensor, x: { readonly shape: Shape }, { axes }: Pick<ReductionParams, "axes">): Tensor {
  return broadcastTo(keepAxes(g, x, axes), x.shape);
}

/** A reduced tensor with the axes it lost, of side 1. */
export function keepAxes(g: Tensor, x: { readonly shape: Shape }, axes: readonly number[]): Tensor {
  return reshape(g, reducedShape(x.shape, axes, true));
}

/** The params on a tensor with a batch axis in front. */
export function shiftAxes<P extends Pick<ReductionParams, "axes">>(params: P): P {
  return { ...params, axes: params.axes.map((axis) => axis + 1) };
}

/** How many entries are reduced to one. */
export const countOf = (shape: Shape, axes: readonly number[]): number => axes.reduce((count, axis) => count * shape[axis]!, 1);

export function drawAxes(draw: Draw, rank: number): AxesOptions {
  const axes = Array.from({ length: rank }, (_, axis) => axis).filter(() => draw.integer(0, 1) === 0);
  const own = axes.map((axis) => (draw.integer(0, 1) === 0 ? axis : axis - rank));
  return {
    ...(own.length > 0 ? { axes: own.length === 1 && draw.integer(0, 1) === 0 ? own[0]! : own } : {}),
    keepDims: draw.integer(0, 1) === 0,
  };
}

/** A tensor and options; sides from `least` on (from 2 on the derivative is never trivial), entries well apart if asked. */
export const sampleReduction =
  (least = 0, separated = false) =>
  (draw: Draw): readonly unknown[] => {
    const shape = draw.shape(least < 2 ? 0 : 1, 3, least, 3);
    return [draw.tensor(shape, undefined, separated), drawAxes(draw, shape.length)];
  };

/** What the table says of a reduction beside its op. */
export interface ReductionRow {
  readonly sample?: (draw: Draw) => readonly unknown[];
  readonly laws?: readonly Law[];
  readonly conventions?: readonly Convention[];
  /** The function of two operands that a second operand is meant for. */
  readonly pairwise?: string;
}

export function reductionFunction(op: Op<ReductionParams>, { sample = sampleReduction(), pairwise, ...row }: ReductionRow = {}): Reduction {
  const instead = pairwise === undefined ? undefined : `${pairwise}(x, y)`;
  return callable(
    (x: TensorLike, options: AxesOptions = {}) => {
      const input = tensorArgument(op.name, x);
      return apply1(op, [input], reductionParams(op.name, input, options, [], instead));
    },
    { name: op.name, op: op as Op, sample, ...row },
  );
}

const sumOp: Op<ReductionParams> = /* @__PURE__ */ reduction({
  name: "sum",
  notation: /* @__PURE__ */ operator("\\sum"),
  combine: (s, x, y) => s.add(x, y),
  identity: { float: 0, int: 0, bool: 0 },
  dtype: (dtype) => (dtype === "bool" ? "int32" : dtype),
  pullback: (g, x, _out, params) => expandReduced(g, x, params),
  pushforward: (t, _x, _out, params) => apply1(sumOp, [t], params),
  lift: (x, params) => apply1(sumOp, [x], shiftAxes(params)),
});

/**
 * The sum over axes (all by default); int32 for bool, 0 over an empty axis.
 *
 * Blocks of 128 entries are summed in pairs, so the error grows with the logarithm of their number.
 * @example
 * ```ts
 * sum(tensor([[1, 2], [3, 4]])); // => tensor(10, float64)
 * sum(tensor([[1, 2], [3, 4]]), { axes: 0 }); // => tensor([4, 6], float64)
 * ```
 */
export const sum: Reduction = /* @__PURE__ */ reductionFunction(sumOp, {
  pairwise: "add",
  laws: [
    { name: "Σ(x + x) = Σx + Σx", left: (x) => sum(add(x, x)), right: (x) => add(sum(x), sum(x)) },
    { name: "Σ(-x) = -Σx", left: (x) => sum(neg(x)), right: (x) => neg(sum(x)) },
  ],
});

/** The sum with a float64 result, whatever the entries are. */
export const wideSum = (x: Tensor, { axes, keepDims }: ReductionParams): Tensor => apply1(sumOp, [x], { axes, keepDims, dtype: "float64" });

const productOp: Op<ReductionParams> = /* @__PURE__ */ reduction({
  name: "prod",
  notation: /* @__PURE__ */ operator("\\prod"),
  combine: (s, x, y) => s.mul(x, y),
  identity: { float: 1, int: 1, bool: 1 },
  dtype: (dtype) => (dtype === "bool" ? "int32" : dtype),
  pullback: (g, x, _out, params) => chainMul(expandReduced(g, x, params), exclusiveProduct(x, params.axes)),
  pushforward: (t, x, _out, params) => apply1(sumOp, [chainMul(t, exclusiveProduct(x, params.axes))], params),
  lift: (x, params) => apply1(productOp, [x], shiftAxes(params)),
});

/** For every entry the product of the others that are reduced with it: no division, so zeros do no harm in any order. */
function exclusiveProduct(x: Tensor, axes: readonly number[]): Tensor {
  const kept = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const order = [...kept, ...axes];
  const moved = permute(x, order);
  const lines = reshape(moved, [sizeOf(kept.map((axis) => x.shape[axis]!)), countOf(x.shape, axes)]);
  return permute(
    reshape(othersInLine(lines), moved.shape),
    order.map((_, axis) => order.indexOf(axis)),
  );
}

/** For each line, by pairing its halves: an entry's others are its partner and the others of their product. */
function othersInLine(x: Tensor): Tensor {
  const n = x.shape[1]!;
  if (n < 2) return ones(x.shape, x.dtype);
  const half = n >> 1;
  const [a, b, rest] = [sliceAxis(x, 1, 0, half), sliceAxis(x, 1, half, 2 * half), sliceAxis(x, 1, 2 * half, n)];
  if (n === 2) return concat([b, a], 1);
  const pairs = mul(a, b);
  const others = othersInLine(n === 2 * half ? pairs : concat([pairs, rest], 1));
  const own = sliceAxis(others, 1, 0, half);
  const halves = [mul(b, own), mul(a, own)];
  return concat(n === 2 * half ? halves : [...halves, sliceAxis(others, 1, half, half + 1)], 1);
}

/**
 * The product over axes (all by default); int32 for bool, 1 over an empty axis. Gradients of every order are right at zeros.
 * @example
 * ```ts
 * prod(tensor([2, 3, 4])); // => tensor(24, float64)
 * grad((x: Tensor) => prod(x))(tensor([2, 0, 4])); // => tensor([0, 8, 0], float64)
 * ```
 */
export const prod: Reduction = /* @__PURE__ */ reductionFunction(productOp, {
  pairwise: "mul",
  sample: /* @__PURE__ */ sampleReduction(2),
  laws: [{ name: "Π(x · x) = Πx · Πx", left: (x) => prod(mul(x, x)), right: (x) => mul(prod(x), prod(x)) }],
  conventions: [
    { at: "one zero", arguments: [[2, 0, 4]], value: 0, gradient: [[0, 8, 0]] },
    { at: "two zeros", arguments: [[0, 3, 0]], value: 0, gradient: [[0, 0, 0]] },
  ],
});

/** The share of each entry in an extreme: entries that tie for it share it equally. */
function sharesOf(x: Tensor, out: Tensor, axes: readonly number[]): Tensor {
  const hits = cast(equal(x, keepAxes(out, x, axes)), x.dtype);
  return div(hits, apply1(sumOp, [hits], { axes, keepDims: true }));
}

function extreme(
  name: string,
  identity: number,
  least: number,
  bool: number,
  combine: "min" | "max",
  apply: () => Op<ReductionParams>,
): Op<ReductionParams> {
  return reduction({
    name,
    notation: /* @__PURE__ */ operator(`\\${name}`),
    combine: (s, x, y) => s[combine](x, y),
    identity: { float: identity, int: least, bool },
    refusesEmpty: combine === "max" ? "maximum" : "minimum",
    dtype: (dtype) => dtype,
    pullback: (g, x, out, params) => chainMul(expandReduced(g, x, params), sharesOf(x, out, params.axes)),
    pushforward: (t, x, out, params) => apply1(sumOp, [chainMul(t, sharesOf(x, out, params.axes))], params),
    lift: (x, params) => apply1(apply(), [x], shiftAxes(params)),
  });
}

const maxOp: Op<ReductionParams> = /* @__PURE__ */ extreme("max", -Infinity, -2147483648, 0, "max", () => maxOp);
const minOp: Op<ReductionParams> = /* @__PURE__ */ extreme("min", Infinity, 2147483647, 1, "min", () => minOp);

/**
 * The largest entry over axes (all by default); NaN where there is one. Entries that tie share the gradient equally.
 *
 * Throws over an empty axis.
 * @example
 * ```ts
 * max(tensor([[1, 5], [7, 2]]), { axes: 1 }); // => tensor([5, 7], float64)
 * ```
 */
export const max: Reduction = /* @__PURE__ */ reductionFunction(maxOp, {
  pairwise: "maximum",
  sample: /* @__PURE__ */ sampleReduction(2, true),
  laws: [{ name: "max x = -min(-x)", left: (x) => max(x), right: (x) => neg(min(neg(x))) }],
  conventions: [{ at: "a tie", arguments: [[3, 1, 3]], value: 3, gradient: [[0.5, 0, 0.5]] }],
});

/**
 * The smallest entry over axes (all by default); NaN where there is one. Entries that tie share the gradient equally.
 *
 * Throws over an empty axis.
 * @example
 * ```ts
 * min(tensor([[1, 5], [7, 2]]), { axes: 0 }); // => tensor([1, 2], float64)
 * ```
 */
export const min: Reduction = /* @__PURE__ */ reductionFunction(minOp, {
  pairwise: "minimum",
  sample: /* @__PURE__ */ sampleReduction(2, true),
  laws: [{ name: "min x = -max(-x)", left: (x) => min(x), right: (x) => neg(max(neg(x))) }],
  conventions: [{ at: "a tie", arguments: [[1, 3, 1]], value: 1, gradient: [[0.5, 0, 0.5]] }],
});

function logical(name: string, notation: Notation, combine: "and" | "or", apply: () => Op<ReductionParams>): Op<ReductionParams> {
  const empty = combine === "and" ? 1 : 0;
  return reduction({
    name,
    notation,
    combine: (s, x, y) => s[combine](x, y),
    identity: { float: empty, int: empty, bool: empty },
    dtype: () => "bool",
    lift: (x, params) => apply1(apply(), [x], shiftAxes(params)),
  });
}

const anyOp: Op<ReductionParams> = /* @__PURE__ */ logical("any", /* @__PURE__ */ operator("\\bigvee"), "or", () => anyOp);
const allOp: Op<ReductionParams> = /* @__PURE__ */ logical("all", /* @__PURE__ */ operator("\\bigwedge"), "and", () => allOp);

const sampleTruth = (draw: Draw): readonly unknown[] => {
  const shape = draw.shape(0, 3);
  return [draw.pick([draw.bools(shape), draw.integers(shape, 0, 1)]), drawAxes(draw, shape.length)];
};

/**
 * Whether any entry over axes (all by default) is true or not 0 (NaN is not 0); false over an empty axis.
 * @example
 * ```ts
 * any(tensor([[true, false], [false, false]]), { axes: 1 }); // => tensor([true, false], bool)
 * ```
 */
export const any: Reduction = /* @__PURE__ */ reductionFunction(anyOp, { pairwise: "logicalOr", sample: sampleTruth });

/**
 * Whether every entry over axes (all by default) is true or not 0 (NaN is not 0); true over an empty axis.
 * @example
 * ```ts
 * all(tensor([[true, false], [true, true]]), { axes: 1 }); // => tensor([false, true], bool)
 * ```
 */
export const all: Reduction = /* @__PURE__ */ reductionFunction(allOp, { pairwise: "logicalAnd", sample: sampleTruth });

const countNonzeroOp: Op<ReductionParams> = /* @__PURE__ */ composite<ReductionParams>({
  name: "countNonzero",
  notation: /* @__PURE__ */ namedOver("countNonzero"),
  expand: ([x], params) => apply1(sumOp, [notEqual(x!, 0)], params),
  pullback: () => [null],
  pushforward: () => null,
  lift: ([x], _batched, params) => apply1(countNonzeroOp, [x!], shiftAxes(params)),
});

/**
 * How many entries over axes (all by default) are not 0, as int32; NaN counts.
 * @example
 * ```ts
 * countNonzero(tensor([[0, 3], [4, 5]]), { axes: 0 }); // => tensor([1, 2], int32)
 * ```
 */
export const countNonzero: Reduction = /* @__PURE__ */ reductionFunction(countNonzeroOp, { sample: sampleTruth });

/** Where the extreme of one axis stands: x[outer, n, inner] over its middle axis. */
function positionOp(name: string, latex: string, better: "max" | "min", apply: () => Op<ReductionParams>): Op<ReductionParams> {
  const programs = new Map<string, Program>();
  return programOp<ReductionParams>({
    name,
    notation: /* @__PURE__ */ namedOver(latex),
    infer: ([x], { axes }) => [{ shape: reducedShape(x!.shape, axes, false), dtype: "int32" }],
    lower: ([x], { axes }) => lowerPosition(programs, name, x!, axes[0]!, better),
    lift: ([x], _batched, params) => [apply1(apply(), [x!], shiftAxes(params))],
    show: ({ axes }) => `axis=${axes[0]}`,
  });
}

function lowerPosition(programs: Map<string, Program>, name: string, { shape, dtype }: Aval, axis: number, better: "max" | "min"): Lowered {
  const type = typeOf(dtype);
  const program = memo(programs, type, () =>
    buildProgram(name, (b) => {
      const s = b.arithmetic;
      const x = b.input("x", type);
      const out = b.output("out", "int");
      const [outer, n, inner] = [b.integer("outer"), b.integer("n"), b.integer("inner")];
      const beats = (value: Expression, best: Expression): Expression => {
        const wins = better === "max" ? s.less(best, value) : s.less(value, best);
        return type === "float" ? s.or(wins, s.and(s.isNaN(value), s.not(s.isNaN(best)))) : wins;
      };
      b.for(0, outer, (o) => {
        b.for(0, inner, (j) => {
          const start = b.let(b.plus(b.times(o, n, inner), j));
          const best = b.let(b.load(x, start));
          const at = b.let(s.integer(0));
          b.for(1, n, (i) => {
            const value = b.let(b.load(x, b.plus(start, b.times(i, inner))));
            b.if(beats(value, best), () => {
              b.set(best, value);
              b.set(at, i);
            });
          });
          b.store(out, b.plus(b.times(o, inner), j), at);
        });
      });
    }),
  );
  return { program, scalars: [], integers: [sizeOf(shape.slice(0, axis)), shape[axis]!, sizeOf(shape.slice(axis + 1))] };
}

const argmaxOp: Op<ReductionParams> = /* @__PURE__ */ positionOp("argmax", "arg\\,max", "max", () => argmaxOp);
const argminOp: Op<ReductionParams> = /* @__PURE__ */ positionOp("argmin", "arg\\,min", "min", () => argminOp);

/** Several axes are laid end to end, so that a position counts through them in order. */
function positionFunction(op: Op<ReductionParams>, what: string): Reduction {
  return callable(
    (x: TensorLike, options: AxesOptions = {}) => {
      const input = tensorArgument(op.name, x);
      const { axes, keepDims } = reductionParams(op.name, input, options);
      const kept = input.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
      const together = axes.every((axis, i) => i === 0 || axis === axes[i - 1]! + 1);
      const at = together && axes.length > 0 ? axes[0]! : kept.length;
      const moved = together ? input : permute(input, [...kept, ...axes]);
      const sides = kept.map((axis) => input.shape[axis]!);
      if (countOf(input.shape, axes) === 0 && sizeOf(sides) > 0) {
        throw clashError(
          op.name,
          `an empty axis has no ${what}`,
          `axes ${formatShape(axes)} of ${formatShape(input.shape)}`,
          "reduce axes with entries",
        );
      }
      const merged = reshape(moved, [...sides.slice(0, at), countOf(input.shape, axes), ...sides.slice(at)]);
      const out = apply1(op, [merged], { axes: [at], keepDims: false });
      return keepDims ? keepAxes(out, input, axes) : out;
    },
    { name: op.name, op: op as Op, sample: /* @__PURE__ */ sampleReduction(1, true) },
  );
}

/**
 * The position, as int32, of the largest entry over axes (all by default): the first of equal ones, the first NaN if there is one.
 *
 * Over several axes the position counts through them in row-major order. Throws over an empty axis.
 * @example
 * ```ts
 * argmax(tensor([[1, 5, 5], [7, 2, 0]]), { axes: 1 }); // => tensor([1, 0], int32)
 * argmax(tensor([[1, 5, 5], [7, 2, 0]])); // => tensor(3, int32)
 * ```
 */
export const argmax: Reduction = /* @__PURE__ */ positionFunction(argmaxOp, "maximum");

/**
 * The position, as int32, of the smallest entry over axes (all by default): the first of equal ones, the first NaN if there is one.
 *
 * Over several axes the position counts through them in row-major order. Throws over an empty axis.
 * @example
 * ```ts
 * argmin(tensor([[1, 5, 5], [7, 2, 0]]), { axes: 0 }); // => tensor([0, 1, 1], int32)
 * ```
 */
export const argmin: Reduction = /* @__PURE__ */ positionFunction(argminOp, "minimum");
