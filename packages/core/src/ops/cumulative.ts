/** Running sums, products and extremes along an axis, and the linear recurrence they rest on. Knows lanes, one entry after another. */
import { chainMul, typeOf } from "../define/elementwise.ts";
import { checkFlag, checkOptions } from "../define/options.ts";
import { programOp } from "../define/program.ts";
import { type DType, promote, toFloatDType } from "../dtype.ts";
import type { Expression, ExpressionArithmetic, ScalarType } from "../expression.ts";
import { buildProgram, type Index, memo, type Program, type ProgramBuilder } from "../loop/program.ts";
import { named } from "../notation.ts";
import { type Aval, apply, apply1, callable, type Callable, type Draw, type Lowered, type Op, operands, tensorArgument } from "../op.ts";
import { broadcastShapes, normalizeAxis, sizeOf } from "../shape.ts";
import type { Tensor, TensorLike } from "../tensor.ts";
import { add, sub } from "./arithmetic.ts";
import { exp } from "./elementary.ts";
import { addAlong, takeAlong } from "./indexing.ts";
import { broadcastTo, reshape } from "./movement.ts";
import { isFinite, where } from "./selection.ts";
import { shiftAxis } from "./slicing.ts";

interface CumulativeParams {
  readonly axis: number;
  /** From the last entry to the first. */
  readonly reverse: boolean;
}

const inFront = <P extends CumulativeParams>(params: P): P => ({ ...params, axis: params.axis + 1 });
const turned = <P extends CumulativeParams>(params: P): P => ({ ...params, reverse: !params.reverse });
const show = ({ axis, reverse }: CumulativeParams): string => `axis=${axis}${reverse ? " reverse" : ""}`;
const numeric = (dtype: DType): DType => (dtype === "bool" ? "int32" : dtype);

/** The entry that comes before, in the direction of the walk; `fill` before the first. */
const previous = (x: Tensor, { axis, reverse }: CumulativeParams, fill = 0): Tensor => shiftAxis(x, axis, reverse ? -1 : 1, fill);

/** Programs by structure; their integers are the sizes before the axis, of it, and behind it. */
function lowering(
  name: string,
  write: (b: ProgramBuilder, type: ScalarType, reverse: boolean) => void,
): (x: Aval, params: CumulativeParams) => Lowered {
  const programs = new Map<string, Program>();
  return (x, { axis, reverse }) => {
    const type = typeOf(x.dtype);
    const key = `${type},${reverse}`;
    const program = memo(programs, key, () => buildProgram(name, (b) => write(b, type, reverse)));
    return { program, scalars: [], integers: [sizeOf(x.shape.slice(0, axis)), x.shape[axis]!, sizeOf(x.shape.slice(axis + 1))] };
  };
}

/** Runs `lane` once a lane, which learns where entry k of the walk lies. */
function overLanes(b: ProgramBuilder, reverse: boolean, lane: (at: (k: Index) => Expression, n: Expression) => void): void {
  const s = b.arithmetic;
  const [outer, n, inner] = [b.integer("outer"), b.integer("n"), b.integer("inner")];
  b.for(0, outer, (o) =>
    b.for(0, inner, (i) => {
      const base = b.let(b.plus(b.times(b.times(o, n), inner), i));
      const end = reverse ? b.let(b.plus(base, b.times(b.plus(n, -1), inner))) : base;
      lane((k) => (reverse ? s.sub(end, b.times(k, inner)) : b.plus(base, b.times(k, inner))), n);
    }),
  );
}

/** A whole number of the program's type. */
const constantOf = (s: ExpressionArithmetic, value: number, type: ScalarType): Expression =>
  type === "int" ? s.integer(value) : s.constant(value);

/** Sums within a block start from nothing; the blocks before are added pairwise, so that errors grow with the block and log n, not with n. */
const block = 128;

const lowerSum = /* @__PURE__ */ lowering("cumsum", (b, type, reverse) => {
  const s = b.arithmetic;
  const sumType: ScalarType = type === "float" ? "float" : "int";
  const [x, out] = [b.input("x", type), b.output("out", sumType)];
  const zero = constantOf(s, 0, sumType);
  const one = s.integer(1);
  const stack = b.scratch("stack", sumType, 32);
  overLanes(b, reverse, (at, n) => {
    const [from, count] = [b.let(s.integer(0)), b.let(s.integer(0))];
    b.while(s.less(from, n), () => {
      const to = b.let(s.min(b.plus(from, block), n));
      const before = b.let(zero);
      const level = b.let(s.integer(0));
      b.while(s.less(s.integer(0), s.shiftRight(count, level)), () => {
        b.if(s.equal(s.bitAnd(s.shiftRight(count, level), one), one), () => b.set(before, s.add(b.load(stack, level), before)));
        b.set(level, b.plus(level, 1));
      });
      const sum = b.let(zero);
      b.for(from, to, (k) => {
        const place = b.let(at(k));
        b.set(sum, s.add(sum, s.convert(b.load(x, place), sumType)));
        b.store(out, place, s.add(before, sum));
      });
      b.set(level, s.integer(0));
      b.while(s.equal(s.bitAnd(s.shiftRight(count, level), one), one), () => {
        b.set(sum, s.add(b.load(stack, level), sum));
        b.set(level, b.plus(level, 1));
      });
      b.store(stack, level, sum);
      b.set(count, b.plus(count, 1));
      b.set(from, to);
    });
  });
});

const cumsumOp: Op<CumulativeParams> = /* @__PURE__ */ programOp<CumulativeParams>({
  name: "cumsum",
  notation: /* @__PURE__ */ named("cumsum"),
  infer: ([x]) => [{ shape: x!.shape, dtype: numeric(x!.dtype) }],
  lower: ([x], params) => lowerSum(x!, params),
  pullback: ([g], _inputs, _outputs, params) => [apply1(cumsumOp, [g!], turned(params))],
  pushforward: ([t], _inputs, _outputs, params) => [apply1(cumsumOp, [t!], params)],
  lift: (inputs, _batched, params) => [apply1(cumsumOp, inputs, inFront(params))],
  show,
});

interface RecurrenceParams extends CumulativeParams {
  /** An exactly zero state stays zero whatever it is multiplied with: so in derivatives. */
  readonly strongZero: boolean;
}

const recurrencePrograms = new Map<string, Program>();

function lowerRecurrence([a, b]: readonly Aval[], { axis, reverse, strongZero }: RecurrenceParams): Lowered {
  const types = [typeOf(a!.dtype), typeOf(b!.dtype)] as const;
  const key = `${types},${reverse},${strongZero}`;
  const program = memo(recurrencePrograms, key, () => recurrenceProgram(types, reverse, strongZero));
  return { program, scalars: [], integers: [sizeOf(a!.shape.slice(0, axis)), a!.shape[axis]!, sizeOf(a!.shape.slice(axis + 1))] };
}

function recurrenceProgram(types: readonly [ScalarType, ScalarType], reverse: boolean, strongZero: boolean): Program {
  return buildProgram("linearRecurrence", (b) => {
    const s = b.arithmetic;
    const type: ScalarType = types.includes("float") ? "float" : "int";
    const [factors, terms, out] = [b.input("a", types[0]), b.input("b", types[1]), b.output("y", type)];
    overLanes(b, reverse, (at, n) =>
      b.if(s.less(s.integer(0), n), () => {
        const state = b.let(s.convert(b.load(terms, at(0)), type));
        b.store(out, at(0), state);
        b.for(1, n, (k) => {
          const place = b.let(at(k));
          const product = s.mul(s.convert(b.load(factors, place), type), state);
          const kept = strongZero ? s.select(s.equal(state, constantOf(s, 0, type)), constantOf(s, 0, type), product) : product;
          b.set(state, s.add(kept, s.convert(b.load(terms, place), type)));
          b.store(out, place, state);
        });
      }),
    );
  });
}

const recurrenceOp: Op<RecurrenceParams> = /* @__PURE__ */ programOp<RecurrenceParams>({
  name: "linearRecurrence",
  notation: /* @__PURE__ */ named("recurrence"),
  infer: ([a, b]) => [{ shape: a!.shape, dtype: numeric(promote(a!.dtype, b!.dtype)) }],
  lower: lowerRecurrence,
  pullback: ([g], [a], [y], params) => {
    const adjoint = backwards(a!, g!, params);
    return [chainMul(adjoint, previous(y!, params)), adjoint];
  },
  pushforward: ([ta, tb], [a], [y], params) => {
    const byA = ta === null ? null : chainMul(ta!, previous(y!, params));
    const terms = byA === null ? tb! : tb === null ? byA : add(byA, tb!);
    return [forwards(a!, terms, params)];
  },
  lift: (inputs, batched, params, size) => {
    const [a, b] = inputs.map((x, i) => (batched[i] ? x : broadcastTo(x, [size, ...x.shape])));
    return [apply1(recurrenceOp, [a!, b!], inFront(params))];
  },
  show,
});

/** The tangent of a state whose factors are `a`. */
const forwards = (a: Tensor, terms: Tensor, { axis, reverse }: CumulativeParams): Tensor =>
  apply1(recurrenceOp, [a, terms], { axis, reverse, strongZero: true });

/** The cotangents that later states send back to each: the transpose of `forwards`. */
const backwards = (a: Tensor, g: Tensor, params: CumulativeParams): Tensor => forwards(previous(a, turned(params)), g, turned(params));

export interface CumulativeOptions {
  /** The axis to walk along; without one, the flattened tensor. */
  readonly axis?: number;
  /** From the last entry to the first. */
  readonly reverse?: boolean;
}

export type Cumulative = Callable<(x: TensorLike, options?: CumulativeOptions) => Tensor>;

function cumulativeArguments(
  op: string,
  x: TensorLike,
  options: CumulativeOptions,
): { readonly input: Tensor; readonly params: CumulativeParams } {
  const given = tensorArgument(op, x);
  checkOptions(op, options, ["axis", "reverse"]);
  const reverse = checkFlag(op, "reverse", options.reverse ?? false);
  if (options.axis === undefined) return { input: reshape(given, [given.size]), params: { axis: 0, reverse } };
  return { input: given, params: { axis: normalizeAxis(op, options.axis, given.rank), reverse } };
}

const drawOptions = (draw: Draw, rank: number): CumulativeOptions => ({
  axis: draw.integer(-rank, rank - 1),
  reverse: draw.integer(0, 1) === 0,
});

/** A sample of distinct entries, so that no extreme is a tie. */
const sampleLanes = (draw: Draw): readonly unknown[] => {
  const shape = draw.shape(1, 3);
  return [draw.tensor(shape, undefined, true), draw.integer(0, 3) === 0 ? {} : drawOptions(draw, shape.length)];
};

/**
 * The sums of all entries up to each along an axis, or over the flattened tensor without one; int32 for bool.
 *
 * Sums run in blocks, in double precision for float32, so that a million entries lose a few digits of the last place.
 * @example
 * ```ts
 * cumsum(tensor([1, 2, 3])); // => tensor([1, 3, 6], float64)
 * cumsum(tensor([1, 2, 3]), { reverse: true }); // => tensor([6, 5, 3], float64)
 * ```
 */
export const cumsum: Cumulative = /* @__PURE__ */ callable(
  (x: TensorLike, options: CumulativeOptions = {}) => {
    const { input, params } = cumulativeArguments("cumsum", x, options);
    return apply1(cumsumOp, [input], params);
  },
  { name: "cumsum", op: cumsumOp as Op, sample: sampleLanes },
);

export interface RecurrenceOptions {
  /** The axis to walk along, the last by default. */
  readonly axis?: number;
  /** From the last entry to the first. */
  readonly reverse?: boolean;
}

/**
 * The states y_i = a_i · y_{i−1} + b_i along an axis, starting from y_0 = b_0; the operands broadcast.
 *
 * The first factor is not used. Derivatives of every order are recurrences too, and so exact where factors are zero.
 * @example
 * ```ts
 * linearRecurrence(tensor([0, 2, 2]), tensor([1, 1, 1])); // => tensor([1, 3, 7], float64)
 * ```
 */
export const linearRecurrence: Callable<(a: TensorLike, b: TensorLike, options?: RecurrenceOptions) => Tensor> = /* @__PURE__ */ callable(
  (a: TensorLike, b: TensorLike, options: RecurrenceOptions = {}) => {
    const [factors, terms] = operands("linearRecurrence", [a, b]) as [Tensor, Tensor];
    checkOptions("linearRecurrence", options, ["axis", "reverse"]);
    const shape = broadcastShapes("linearRecurrence", factors.shape, terms.shape);
    const axis = normalizeAxis("linearRecurrence", options.axis ?? -1, shape.length);
    const reverse = checkFlag("linearRecurrence", "reverse", options.reverse ?? false);
    return apply1(recurrenceOp, [broadcastTo(factors, shape), broadcastTo(terms, shape)], { axis, reverse, strongZero: false });
  },
  {
    name: "linearRecurrence",
    op: recurrenceOp as Op,
    sample: (draw) => {
      const shape = draw.shape(1, 3);
      return [draw.tensor(draw.pick([shape, shape.slice(1)])), draw.tensor(shape), drawOptions(draw, shape.length)];
    },
  },
);

const lowerProduct = /* @__PURE__ */ lowering("cumprod", (b, type, reverse) => {
  const s = b.arithmetic;
  const productType: ScalarType = type === "float" ? "float" : "int";
  const [x, out] = [b.input("x", type), b.output("out", productType)];
  overLanes(b, reverse, (at, n) => {
    const product = b.let(constantOf(s, 1, productType));
    b.for(0, n, (k) => {
      const place = b.let(at(k));
      b.set(product, s.mul(product, s.convert(b.load(x, place), productType)));
      b.store(out, place, product);
    });
  });
});

/** Its states are those of a linear recurrence whose factors are the entries. */
const cumprodOp: Op<CumulativeParams> = /* @__PURE__ */ programOp<CumulativeParams>({
  name: "cumprod",
  notation: /* @__PURE__ */ named("cumprod"),
  infer: ([x]) => [{ shape: x!.shape, dtype: numeric(x!.dtype) }],
  lower: ([x], params) => lowerProduct(x!, params),
  pullback: ([g], [x], [y], params) => [chainMul(backwards(x!, g!, params), previous(y!, params, 1))],
  pushforward: ([t], [x], [y], params) => [forwards(x!, chainMul(t!, previous(y!, params, 1)), params)],
  lift: (inputs, _batched, params) => [apply1(cumprodOp, inputs, inFront(params))],
  show,
});

/**
 * The products of all entries up to each along an axis, or over the flattened tensor without one; int32 for bool.
 *
 * The gradient never divides, so it is right with zeros among the entries, at every order.
 * @example
 * ```ts
 * cumprod(tensor([1, 2, 3])); // => tensor([1, 2, 6], float64)
 * grad((x: Tensor) => cumprod(x).sum())(tensor([2, 0, 3])); // => tensor([1, 8, 0], float64)
 * ```
 */
export const cumprod: Cumulative = /* @__PURE__ */ callable(
  (x: TensorLike, options: CumulativeOptions = {}) => {
    const { input, params } = cumulativeArguments("cumprod", x, options);
    return apply1(cumprodOp, [input], params);
  },
  { name: "cumprod", op: cumprodOp as Op, sample: sampleLanes },
);

/** The running extreme and the position it came from: the first of equal entries, and a NaN once there is one. */
function extremeOp(name: string, beats: (s: ExpressionArithmetic, x: Expression, best: Expression) => Expression): Op<CumulativeParams> {
  const lower = lowering(name, (b, type, reverse) => {
    const s = b.arithmetic;
    const keyType: ScalarType = type === "bool" ? "int" : type;
    const [x, out, places] = [b.input("x", type), b.output("out", type), b.output("places", "int")];
    overLanes(b, reverse, (at, n) =>
      b.if(s.less(s.integer(0), n), () => {
        const entry = (k: Index): Expression => s.convert(b.load(x, at(k)), keyType);
        const best = b.let(entry(0));
        const place = b.let(s.integer(0));
        b.for(0, n, (k) => {
          const given = b.let(entry(k));
          const wins = beats(s, given, best);
          const better = keyType === "float" ? s.or(wins, s.and(s.isNaN(given), s.not(s.isNaN(best)))) : wins;
          b.if(better, () => {
            b.set(best, given);
            b.set(place, k);
          });
          b.store(out, at(k), best);
          b.store(places, at(k), reverse ? s.sub(b.plus(n, -1), place) : place);
        });
      }),
    );
  });
  const op: Op<CumulativeParams> = programOp<CumulativeParams>({
    name,
    notation: /* @__PURE__ */ named(name),
    infer: ([x]) => [x!, { shape: x!.shape, dtype: "int32" }],
    lower: ([x], params) => lower(x!, params),
    pullback: ([g], _inputs, [, places], { axis }) => [g === null ? null : addAlong(name, g!, places!, axis, g!.shape[axis]!)],
    pushforward: ([t], _inputs, [, places], { axis }) => [takeAlong(name, t!, places!, axis), null],
    lift: (inputs, _batched, params) => apply(op, inputs, inFront(params)),
    show,
  });
  return op;
}

const cummaxOp: Op<CumulativeParams> = /* @__PURE__ */ extremeOp("cummax", (s, x, best) => s.less(best, x));
const cumminOp: Op<CumulativeParams> = /* @__PURE__ */ extremeOp("cummin", (s, x, best) => s.less(x, best));

/**
 * The largest of all entries up to each along an axis, or over the flattened tensor without one; NaN from the first NaN on.
 *
 * The gradient goes to the entry that is the largest, the first of equal ones in the direction of the walk.
 * @example
 * ```ts
 * cummax(tensor([1, 3, 2, 4])); // => tensor([1, 3, 3, 4], float64)
 * ```
 */
export const cummax: Cumulative = /* @__PURE__ */ callable(
  (x: TensorLike, options: CumulativeOptions = {}) => {
    const { input, params } = cumulativeArguments("cummax", x, options);
    return apply(cummaxOp, [input], params)[0]!;
  },
  {
    name: "cummax",
    op: cummaxOp as Op,
    sample: sampleLanes,
    conventions: [{ at: "ties, where the first has the gradient", arguments: [[1, 1]], value: [1, 1], gradient: [[2, 0]] }],
  },
);

/**
 * The smallest of all entries up to each; as `cummax`.
 * @example
 * ```ts
 * cummin(tensor([3, 4, 1, 2])); // => tensor([3, 3, 1, 1], float64)
 * ```
 */
export const cummin: Cumulative = /* @__PURE__ */ callable(
  (x: TensorLike, options: CumulativeOptions = {}) => {
    const { input, params } = cumulativeArguments("cummin", x, options);
    return apply(cumminOp, [input], params)[0]!;
  },
  {
    name: "cummin",
    op: cumminOp as Op,
    sample: sampleLanes,
    conventions: [{ at: "ties, where the first has the gradient", arguments: [[1, 1]], value: [1, 1], gradient: [[2, 0]] }],
  },
);

/** The largest entry so far, and the sum of the exponentials above it, so that nothing overflows. */
const lowerLogSum = /* @__PURE__ */ lowering("logcumsumexp", (b, type, reverse) => {
  const s = b.arithmetic;
  const [x, out] = [b.input("x", type), b.output("out", "float")];
  overLanes(b, reverse, (at, n) =>
    b.if(s.less(s.integer(0), n), () => {
      const entry = (k: Index): Expression => s.convert(b.load(x, at(k)), "float");
      const finite = (value: Expression): Expression => s.select(s.isFinite(value), value, s.constant(0));
      const most = b.let(entry(0));
      const sum = b.let(s.exp(s.sub(most, finite(most))));
      b.store(out, at(0), most);
      b.for(1, n, (k) => {
        const given = b.let(entry(k));
        const next = b.let(s.max(most, given));
        const shift = b.let(finite(next));
        b.set(sum, s.add(s.mul(sum, s.exp(s.sub(most, shift))), s.exp(s.sub(given, shift))));
        b.set(most, next);
        b.store(out, at(k), s.add(shift, s.log(sum)));
      });
    }),
  );
});

const logcumsumexpOp: Op<CumulativeParams> = /* @__PURE__ */ programOp<CumulativeParams>({
  name: "logcumsumexp",
  notation: /* @__PURE__ */ named("logcumsumexp"),
  infer: ([x]) => [{ shape: x!.shape, dtype: toFloatDType(x!.dtype) }],
  lower: ([x], params) => lowerLogSum(x!, params),
  pullback: ([g], [x], [y], params) => [chainMul(backwards(share(previous(y!, params, -Infinity), y!), g!, params), share(x!, y!))],
  pushforward: ([t], [x], [y], params) => [forwards(share(previous(y!, params, -Infinity), y!), chainMul(t!, share(x!, y!)), params)],
  lift: (inputs, _batched, params) => [apply1(logcumsumexpOp, inputs, inFront(params))],
  show,
});

/** e^(x − y): the part of a sum e^y that e^x is, at most 1; none of a sum that is 0 or infinite. */
function share(x: Tensor, y: Tensor): Tensor {
  return where(isFinite(y), exp(sub(x, y)), 0);
}

/**
 * log(e^{x_1} + … + e^{x_i}) for each entry along an axis, or over the flattened tensor without one; stable for all x.
 *
 * Where the value is infinite no gradient flows. Integers give float64.
 * @example
 * ```ts
 * logcumsumexp(tensor([1e3, 1e3])); // => tensor([1000.0000, 1000.6931], float64)
 * ```
 */
export const logcumsumexp: Cumulative = /* @__PURE__ */ callable(
  (x: TensorLike, options: CumulativeOptions = {}) => {
    const { input, params } = cumulativeArguments("logcumsumexp", x, options);
    return apply1(logcumsumexpOp, [input], params);
  },
  {
    name: "logcumsumexp",
    op: logcumsumexpOp as Op,
    sample: sampleLanes,
    conventions: [
      {
        at: "nothing but -Infinity so far",
        arguments: [[-Infinity, -Infinity, 0]],
        value: [-Infinity, -Infinity, 0],
        gradient: [[0, 0, 1]],
      },
    ],
  },
);
