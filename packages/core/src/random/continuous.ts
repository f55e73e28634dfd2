/** Continuous distributions whose samples are a function of one random block and differentiable parameters: uniform, normal and their kin. */
import { checkOptions } from "../define/options.ts";
import { positive } from "../domain.ts";
import { argumentError } from "../errors.ts";
import type { Expression } from "../expression.ts";
import type { ProgramBuilder } from "../loop/program.ts";
import { apply1, callable, type Callable, type Draw, type Op } from "../op.ts";
import { add, div, mul, neg, square, sub } from "../ops/arithmetic.ts";
import { exp as exponentialOf } from "../ops/elementary.ts";
import { broadcastTo } from "../ops/movement.ts";
import type { Shape } from "../shape.ts";
import type { Tensor, TensorLike } from "../tensor.ts";
import { checkKey, type DTypeOption, type Key, type SampleOptions, settle } from "./arguments.ts";
import { log, upperQuantile, upperTail } from "./elementary.ts";
import { key } from "./key.ts";
import { type Sample, sampler } from "./pointwise.ts";
import { fraction, openFraction, signedHalf, type Words } from "./threefry.ts";

/** A sampler of a function of one block. */
function standard(name: string, value: (b: ProgramBuilder, words: Words) => Expression): Op<Sample> {
  return sampler({
    name,
    parameters: 0,
    write:
      (b) =>
      ({ block }) =>
        value(b, block(0)),
  });
}

/** A symmetric variate from a sign and the probability beyond it. */
function symmetric(name: string, magnitude: (b: ProgramBuilder, half: Expression) => Expression): Op<Sample> {
  return standard(name, (b, words) => {
    const { negative, half } = signedHalf(b, words);
    const size = magnitude(b, half);
    return b.arithmetic.select(negative, b.arithmetic.neg(size), size);
  });
}

/** A standard normal variate of a block. */
export function normalOf(b: ProgramBuilder, words: Words): Expression {
  const { negative, half } = signedHalf(b, words);
  const z = upperQuantile(b, half);
  return b.let(b.arithmetic.select(negative, b.arithmetic.neg(z), z));
}

export const drawKey = (draw: Draw): Key => key(draw.integer(0, 2 ** 30));

/** A key, a shape and options with tensors of shapes that broadcast to it; `options` draws them. */
function sampleOf(options: (draw: Draw, own: () => Shape) => Record<string, unknown>): (draw: Draw) => readonly unknown[] {
  return (draw) => {
    const shape = draw.shape(0, 2);
    return [drawKey(draw), shape, options(draw, () => draw.pick([shape, shape.slice(1), []]))];
  };
}

export interface UniformOptions extends DTypeOption {
  /** 0 by default. */
  readonly low?: TensorLike;
  /** 1 by default. */
  readonly high?: TensorLike;
}

const uniformOp: Op<Sample> = /* @__PURE__ */ sampler({
  name: "uniform",
  parameters: 0,
  write:
    (b, dtype) =>
    ({ block }) =>
      dtype === "float32" ? belowOne(b, b.let(fraction(b, block(0)))) : fraction(b, block(0)),
});

/** A number in [0, 1) that float32 does not round to 1. */
function belowOne(b: ProgramBuilder, u: Expression): Expression {
  const s = b.arithmetic;
  return s.select(s.less(u, s.constant(1 - 2 ** -25)), u, s.constant(1 - 2 ** -24));
}

/**
 * Uniform numbers in [low, high): multiples of 2^-53, in float32 rounded but never to 1, before they are stretched.
 *
 * The shape is that of `low` and `high` by default. Differentiable in both: low + u (high − low). Rounding may give `high` itself where the
 * interval is narrow.
 * @example
 * ```ts
 * random.uniform(random.key(0), [3]); // => tensor([0.418457, 0.216295, 0.965321], float64)
 * random.uniform(random.key(0), [2], { low: -1, high: tensor([1, 10]) }); // => tensor([-0.163086,  1.379250], float64)
 * ```
 */
export const uniform: Callable<(key: Key, shape?: Shape, options?: UniformOptions) => Tensor> = /* @__PURE__ */ callable(
  (key: Key, shape?: Shape, options: UniformOptions = {}) => {
    checkOptions("uniform", options, ["low", "high", "dtype"]);
    const { low = 0, high = 1 } = options;
    checkInterval("uniform", "low", low, "high", high);
    const { sample, parameters } = settle("uniform", { low, high }, shape, options.dtype);
    const u = apply1(uniformOp, [checkKey("uniform", key)], sample);
    const [from, to] = parameters as [Tensor, Tensor];
    return options.low === undefined && options.high === undefined ? u : add(from, mul(u, sub(to, from)));
  },
  {
    name: "uniform",
    op: uniformOp as Op,
    sample: /* @__PURE__ */ sampleOf((draw, own) => ({ low: draw.tensor(own()), high: draw.tensor(own()) })),
  },
);

/** Throws at two numbers in the wrong order; tensors are not read. */
function checkInterval(op: string, below: string, low: TensorLike, above: string, high: TensorLike): void {
  if (typeof low === "number" && typeof high === "number" && !(low <= high)) {
    throw argumentError(op, `${below} is not at most ${above}`, [low, high], "give them in order");
  }
}

/** A person's options with two parameters, and the names and defaults of these. */
type Affine = (
  name: string,
  op: Op<Sample>,
  key: Key,
  shape: Shape | undefined,
  options: DTypeOption,
  names: readonly [string, string],
) => Tensor;

/** A standard variate stretched by the second parameter and moved by the first; 0 and 1 where neither is given. */
const located: Affine = (name, op, key, shape, options, [location, scale]) => {
  checkOptions(name, options, [location, scale, "dtype"]);
  const given = options as Readonly<Record<string, TensorLike | undefined>>;
  const { sample, parameters } = settle(name, { [location]: given[location] ?? 0, [scale]: given[scale] ?? 1 }, shape, options.dtype);
  const [shift, stretch] = parameters as [Tensor, Tensor];
  const standard = apply1(op, [checkKey(name, key)], sample);
  const stretched = given[scale] === undefined ? standard : mul(standard, stretch);
  return given[location] === undefined ? stretched : add(shift, stretched);
};

export interface NormalOptions extends DTypeOption {
  /** 0 by default. */
  readonly mean?: TensorLike;
  /** 1 by default. */
  readonly std?: TensorLike;
}

const normalOp: Op<Sample> = /* @__PURE__ */ symmetric("normal", upperQuantile);

/**
 * Normal numbers with a mean and a standard deviation, by the inverse of the distribution function; the tails go to 9 standard deviations.
 *
 * The shape is that of `mean` and `std` by default. Differentiable in both: mean + z std.
 * @example
 * ```ts
 * random.normal(random.key(0), [3]); // => tensor([ 0.205842,  0.784766, -0.087036], float64)
 * const loss = (mean: Tensor, std: Tensor) => random.normal(random.key(0), [3], { mean, std }).sum();
 * grad(loss, { wrt: [0, 1] })(tensor(1), tensor(2)); // => [tensor(3, float64), tensor(0.903572, float64)]
 * ```
 */
export const normal: Callable<(key: Key, shape?: Shape, options?: NormalOptions) => Tensor> = /* @__PURE__ */ callable(
  (key: Key, shape?: Shape, options: NormalOptions = {}) => located("normal", normalOp, key, shape, options, ["mean", "std"]),
  {
    name: "normal",
    op: normalOp as Op,
    sample: /* @__PURE__ */ sampleOf((draw, own) => ({ mean: draw.tensor(own()), std: draw.tensor(own(), positive) })),
  },
);

export interface LocationScaleOptions extends DTypeOption {
  /** 0 by default. */
  readonly location?: TensorLike;
  /** 1 by default. */
  readonly scale?: TensorLike;
}

const drawLocationScale = /* @__PURE__ */ sampleOf((draw, own) => ({ location: draw.tensor(own()), scale: draw.tensor(own(), positive) }));

const laplaceOp: Op<Sample> = /* @__PURE__ */ symmetric("laplace", (b, half) =>
  b.let(b.arithmetic.neg(log(b, b.arithmetic.mul(half, b.arithmetic.constant(2))))),
);

/**
 * Laplace (double exponential) numbers: density e^(−|x − location| / scale) / (2 scale). Differentiable in both parameters.
 * @example
 * ```ts
 * random.laplace(random.key(0), [2]); // => tensor([0.178034, 0.837963], float64)
 * ```
 */
export const laplace: Callable<(key: Key, shape?: Shape, options?: LocationScaleOptions) => Tensor> = /* @__PURE__ */ callable(
  (key: Key, shape?: Shape, options: LocationScaleOptions = {}) =>
    located("laplace", laplaceOp, key, shape, options, ["location", "scale"]),
  { name: "laplace", op: laplaceOp as Op, sample: drawLocationScale },
);

const logisticOp: Op<Sample> = /* @__PURE__ */ symmetric("logistic", (b, half) => {
  const s = b.arithmetic;
  return log(b, s.div(s.sub(s.constant(1), half), half));
});

/**
 * Logistic numbers: location + scale · ln(u / (1 − u)). Differentiable in both parameters.
 * @example
 * ```ts
 * random.logistic(random.key(0), [2]); // => tensor([0.329110, 1.287387], float64)
 * ```
 */
export const logistic: Callable<(key: Key, shape?: Shape, options?: LocationScaleOptions) => Tensor> = /* @__PURE__ */ callable(
  (key: Key, shape?: Shape, options: LocationScaleOptions = {}) =>
    located("logistic", logisticOp, key, shape, options, ["location", "scale"]),
  { name: "logistic", op: logisticOp as Op, sample: drawLocationScale },
);

const gumbelOp: Op<Sample> = /* @__PURE__ */ standard("gumbel", (b, words) =>
  b.arithmetic.neg(log(b, b.arithmetic.neg(log(b, openFraction(b, words))))),
);

/**
 * Gumbel numbers: location − scale · ln(−ln u), the distribution of maxima. Differentiable in both parameters.
 * @example
 * ```ts
 * random.gumbel(random.key(0), [2]); // => tensor([ 0.137906, -0.425993], float64)
 * ```
 */
export const gumbel: Callable<(key: Key, shape?: Shape, options?: LocationScaleOptions) => Tensor> = /* @__PURE__ */ callable(
  (key: Key, shape?: Shape, options: LocationScaleOptions = {}) => located("gumbel", gumbelOp, key, shape, options, ["location", "scale"]),
  { name: "gumbel", op: gumbelOp as Op, sample: drawLocationScale },
);

export interface ExponentialOptions extends DTypeOption {
  /** The inverse of the mean; 1 by default. */
  readonly rate?: TensorLike;
}

const exponentialOp: Op<Sample> = /* @__PURE__ */ standard("exponential", (b, words) => b.arithmetic.neg(log(b, openFraction(b, words))));

/**
 * Exponential numbers, −ln(u) / rate, with mean 1 / rate. Differentiable in the rate.
 * @example
 * ```ts
 * random.exponential(random.key(0), [2]); // => tensor([0.871181, 1.531110], float64)
 * ```
 */
export const exponential: Callable<(key: Key, shape?: Shape, options?: ExponentialOptions) => Tensor> = /* @__PURE__ */ callable(
  (key: Key, shape?: Shape, options: ExponentialOptions = {}) => {
    checkOptions("exponential", options, ["rate", "dtype"]);
    const { sample, parameters } = settle("exponential", { rate: options.rate ?? 1 }, shape, options.dtype);
    const standard = apply1(exponentialOp, [checkKey("exponential", key)], sample);
    return options.rate === undefined ? standard : div(standard, parameters[0]!);
  },
  {
    name: "exponential",
    op: exponentialOp as Op,
    sample: /* @__PURE__ */ sampleOf((draw, own) => ({ rate: draw.tensor(own(), positive) })),
  },
);

const openOp: Op<Sample> = /* @__PURE__ */ standard("openUniform", openFraction);

/** (lower, upper, u) to the z with Φ(z) = Φ(lower) + u (Φ(upper) − Φ(lower)), worked out in the tail that keeps its digits. */
function writeTruncated(b: ProgramBuilder): (lower: Expression, upper: Expression, u: Expression) => Expression {
  const s = b.arithmetic;
  const [zero, one, half] = [0, 1, 0.5].map((x) => s.constant(x)) as [Expression, Expression, Expression];
  const known = [b.let(s.constant(Number.NaN)), b.let(s.constant(Number.NaN))] as const;
  const below = b.let(zero);
  const above = b.let(zero);
  return (lower, upper, u) => {
    const mirrored = b.let(s.less(zero, s.add(lower, upper)));
    const from = b.let(s.select(mirrored, s.neg(upper), lower));
    const to = b.let(s.select(mirrored, s.neg(lower), upper));
    const share = b.let(s.select(mirrored, s.sub(one, u), u));
    const straddles = b.let(s.less(zero, to));
    b.if(s.not(s.and(s.equal(from, known[0]), s.equal(to, known[1]))), () => {
      b.set(known[0], from);
      b.set(known[1], to);
      b.set(below, upperTail(b, b.let(s.neg(from))));
      b.set(above, upperTail(b, b.let(s.select(straddles, to, s.neg(to)))));
    });
    const mass = b.let(s.select(straddles, s.sub(s.sub(one, below), above), s.sub(above, below)));
    const p = b.let(s.add(below, s.mul(share, mass)));
    const far = b.let(s.less(half, p));
    const tail = b.let(s.select(far, s.add(above, s.mul(s.sub(one, share), mass)), p));
    // Beyond 37 standard deviations the probabilities underflow, and the bounds alone decide.
    const z = upperQuantile(b, b.let(s.select(s.less(tail, s.constant(1e-307)), s.constant(1e-307), tail)));
    const signed = b.let(s.select(far, z, s.neg(z)));
    const clipped = b.let(s.select(s.less(signed, from), from, s.select(s.less(to, signed), to, signed)));
    return s.select(s.lessEqual(from, to), s.select(mirrored, s.neg(clipped), clipped), s.constant(Number.NaN));
  };
}

const truncatedNormalOp: Op<Sample> = /* @__PURE__ */ sampler({
  name: "truncatedNormal",
  parameters: 2,
  write: (b) => {
    const quantile = writeTruncated(b);
    return ({ block, parameters: [lower, upper] }) => quantile(lower!, upper!, b.let(openFraction(b, block(0))));
  },
  partials: [
    (inputs, z, { shape }) => mul(sub(1, drawnAgain(inputs[0]!, shape)), densityRatio(inputs[1]!, z)),
    (inputs, z, { shape }) => mul(drawnAgain(inputs[0]!, shape), densityRatio(inputs[2]!, z)),
  ],
});

/** The u behind a sample, from the same block. */
const drawnAgain = (key: Tensor, shape: Shape): Tensor => apply1(openOp, [key], { shape, dtype: "float64" });

/** φ(bound) / φ(z). */
const densityRatio = (bound: Tensor, z: Tensor): Tensor => exponentialOf(mul(0.5, sub(square(z), square(bound))));

/**
 * Standard normal numbers conditioned to lie in [lower, upper], by the inverse of the distribution function; infinite bounds are allowed.
 *
 * The shape is that of the bounds by default. Differentiable in both. NaN where a lower bound is above its upper one; bounds that are both
 * more than 37 out on one side give the bound nearer to 0.
 * @example
 * ```ts
 * random.truncatedNormal(random.key(0), -1, 1, { shape: [3] }); // => tensor([-0.139996, -0.506315,  0.906522], float64)
 * ```
 */
export const truncatedNormal: Callable<(key: Key, lower: TensorLike, upper: TensorLike, options?: SampleOptions) => Tensor> =
  /* @__PURE__ */ callable(
    (key: Key, lower: TensorLike, upper: TensorLike, options: SampleOptions = {}) => {
      checkOptions("truncatedNormal", options, ["shape", "dtype"]);
      checkInterval("truncatedNormal", "lower", lower, "upper", upper);
      const { sample, parameters } = settle("truncatedNormal", { lower, upper }, options.shape, options.dtype);
      return apply1(truncatedNormalOp, [checkKey("truncatedNormal", key), ...parameters.map((x) => broadcastTo(x, sample.shape))], sample);
    },
    {
      name: "truncatedNormal",
      op: truncatedNormalOp as Op,
      surrogate: "the derivative of the quantile, which the value approximates to some 1e-15",
      sample: (draw) => {
        const shape = draw.shape(0, 2);
        return [drawKey(draw), neg(draw.tensor(draw.pick([shape, []]), positive)), draw.tensor(shape, positive), { shape }];
      },
    },
  );
