/**
 * Discrete distributions: bits, integers, Bernoulli, Poisson and categorical numbers, and draws by weight. Their samples are constants of the
 * parameters to every transform. Knows no integer ops but those of programs.
 */
import { checkChoice, checkFlag, checkInteger, checkOptions } from "../define/options.ts";
import { programOp } from "../define/program.ts";
import { nonnegative, unit } from "../domain.ts";
import { type DType, isFloat } from "../dtype.ts";
import { argumentError, axisError, clashError, dtypeError, formatShape } from "../errors.ts";
import type { Expression } from "../expression.ts";
import { buildProgram, type Program, type ProgramBuilder } from "../loop/program.ts";
import { named } from "../notation.ts";
import { apply, apply1, callable, type Callable, type Op } from "../op.ts";
import { cast } from "../ops/cast.ts";
import { broadcastTo, permute, reshape } from "../ops/movement.ts";
import { checkShape, normalizeAxis, type Shape, sizeOf } from "../shape.ts";
import { isTensor, scalarTensor, type Tensor, type TensorLike } from "../tensor.ts";
import { checkKey, type Key, namedOperands, sampleShape } from "./arguments.ts";
import { drawKey } from "./continuous.ts";
import { exp, log } from "./elementary.ts";
import { batchedInFront, cached, forKeys, type Sample, sampler } from "./pointwise.ts";
import { bounded, fraction, openFraction, threefry, type Words } from "./threefry.ts";

/** The shape of a sample, to which the parameters broadcast; by default the parameters' own. */
export interface ShapeOption {
  readonly shape?: Shape;
}

const bitsOp: Op<Sample> = /* @__PURE__ */ sampler({
  name: "bits",
  parameters: 0,
  write:
    (b) =>
    ({ block }) => {
      const [x0, x1] = block(0);
      return b.arithmetic.bitXor(x0, x1);
    },
});

/**
 * Random bits, 32 an entry, as int32: for the key (k0, k1) what `jax.random.bits` gives for the key data [k0, k1].
 * @example
 * ```ts
 * random.bits(random.key(42), [3]); // => tensor([ 2098992034, -1375260455, -1648100871], int32)
 * ```
 */
export const bits: Callable<(key: Key, shape?: Shape) => Tensor> = /* @__PURE__ */ callable(
  (key: Key, shape: Shape = []) => apply1(bitsOp, [checkKey("bits", key)], { shape: checkShape("bits", shape), dtype: "int32" }),
  { name: "bits", op: bitsOp as Op, sample: (draw) => [drawKey(draw), draw.shape(0, 2)] },
);

const randintOp: Op<Sample> = /* @__PURE__ */ sampler({
  name: "randint",
  parameters: 2,
  write: (b) => {
    const s = b.arithmetic;
    return ({ block, parameters: [low, high] }) => {
      const out = b.let(low!);
      b.if(s.less(low!, high!), () => b.set(out, s.add(low!, bounded(b, block, b.let(s.sub(high!, low!))))));
      return out;
    };
  },
});

/**
 * Integers in [low, high), all equally likely: int32, without the bias of a remainder.
 *
 * `low` and `high` are integers or int32 tensors that broadcast to the shape. Throws at numbers with `high` not above `low`; in tensors such
 * a pair gives `low`.
 * @example
 * ```ts
 * random.randint(random.key(0), [6], 1, 7); // => tensor([2, 6, 2, 4, 2, 6], int32)
 * ```
 */
export const randint: Callable<(key: Key, shape: Shape, low: number | Tensor, high: number | Tensor) => Tensor> = /* @__PURE__ */ callable(
  (key: Key, shape: Shape, low: number | Tensor, high: number | Tensor) => {
    if (typeof low === "number" && typeof high === "number" && low >= high) {
      throw argumentError("randint", "high is not above low", [low, high], "give an interval that holds an integer");
    }
    const ends = [integerTensor("randint", "low", low), integerTensor("randint", "high", high)];
    const sample = { shape: sampleShape("randint", ends, checkShape("randint", shape)), dtype: "int32" } as const;
    return apply1(randintOp, [checkKey("randint", key), ...ends.map((x) => broadcastTo(x, sample.shape))], sample);
  },
  { name: "randint", op: randintOp as Op, sample: (draw) => [drawKey(draw), draw.shape(0, 2), -3, draw.integers([], 0, 5)] },
);

function integerTensor(op: string, what: string, value: unknown): Tensor {
  if (!isTensor(value)) return scalarTensor(checkInteger(op, what, value), "int32");
  if (value.dtype !== "int32") throw dtypeError(op, value.dtype, "int32");
  return value;
}

/** Parameters as floats in their own precision, broadcast to the sample. */
function floatParameters(
  op: string,
  values: Readonly<Record<string, TensorLike>>,
  shape: unknown,
): { readonly shape: Shape; readonly parameters: readonly Tensor[] } {
  const given = namedOperands(op, values);
  const sides = sampleShape(op, given, shape);
  return { shape: sides, parameters: given.map((x) => broadcastTo(isFloat(x.dtype) ? x : cast(x, "float64"), sides)) };
}

const bernoulliOp: Op<Sample> = /* @__PURE__ */ sampler({
  name: "bernoulli",
  parameters: 1,
  write:
    (b) =>
    ({ block, parameters: [p] }) =>
      b.arithmetic.less(fraction(b, block(0)), p!),
});

/**
 * True with probability `p` (0.5 by default), else false: never at 0, always at 1; NaN gives false.
 *
 * The shape is that of `p` by default. A constant of `p` to every transform, as estimators by the score function want it.
 * @example
 * ```ts
 * random.bernoulli(random.key(0), tensor([0, 0.5, 1])); // => tensor([false, true, true], bool)
 * ```
 */
export const bernoulli: Callable<(key: Key, p?: TensorLike, options?: ShapeOption) => Tensor> = /* @__PURE__ */ callable(
  (key: Key, p: TensorLike = 0.5, options: ShapeOption = {}) => {
    checkOptions("bernoulli", options, ["shape"]);
    const { shape, parameters } = floatParameters("bernoulli", { p }, options.shape);
    return apply1(bernoulliOp, [checkKey("bernoulli", key), ...parameters], { shape, dtype: "bool" });
  },
  { name: "bernoulli", op: bernoulliOp as Op, sample: (draw) => [drawKey(draw), draw.tensor(draw.shape(0, 2), unit)] },
);

const largestInteger = 2 ** 31 - 1;

/** ln k! for a whole number k: the product, or Stirling's series. */
function logFactorial(b: ProgramBuilder, k: Expression): Expression {
  const s = b.arithmetic;
  const n = b.let(s.convert(s.add(k, s.integer(1)), "float"));
  const result = b.let(n);
  b.if(
    s.less(k, s.integer(15)),
    () => {
      const product = b.let(s.constant(1));
      b.for(2, s.add(k, s.integer(1)), (i) => b.set(product, s.mul(product, s.convert(i, "float"))));
      b.set(result, log(b, product));
    },
    () => {
      const inverse = b.let(s.div(s.constant(1), n));
      const square = b.let(s.mul(inverse, inverse));
      const series = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188].reduceRight(
        (sum, c) => s.add(s.mul(sum, square), s.constant(c)),
        s.constant(-691 / 360360),
      );
      const leading = s.sub(s.mul(s.sub(n, s.constant(0.5)), log(b, n)), n);
      b.set(result, s.add(s.add(leading, s.constant(0.9189385332046728)), s.mul(series, inverse)));
    },
  );
  return result;
}

/** The distribution function summed up to a uniform number, whose 53 bits also end the sum. */
function writeSmallPoisson(b: ProgramBuilder): (rate: Expression, words: Words) => Expression {
  const s = b.arithmetic;
  const known = b.let(s.constant(Number.NaN));
  const atZero = b.let(s.constant(0));
  return (rate, words) => {
    b.if(s.not(s.equal(rate, known)), () => {
      b.set(known, rate);
      b.set(atZero, exp(b, b.let(s.neg(rate))));
    });
    const u = b.let(fraction(b, words));
    const k = b.let(s.integer(0));
    const term = b.let(atZero);
    const sum = b.let(atZero);
    b.while(s.and(s.lessEqual(sum, u), s.less(s.constant(2 ** -60), term)), () => {
      b.set(k, s.add(k, s.integer(1)));
      b.set(term, s.mul(term, s.div(rate, s.convert(k, "float"))));
      b.set(sum, s.add(sum, term));
    });
    return k;
  };
}

/** Hörmann, "The transformed rejection method for generating Poisson random variables", 1993: algorithm PTRS, for rates from 10. */
function writeLargePoisson(b: ProgramBuilder): (rate: Expression, block: (t: Expression | number) => Words) => Expression {
  const s = b.arithmetic;
  const constant = (): Expression => b.let(s.constant(Number.NaN));
  const [known, logRate, width, offset, logInverse, squeeze] = [
    constant(),
    constant(),
    constant(),
    constant(),
    constant(),
    constant(),
  ] as const;
  return (rate, block) => {
    b.if(s.not(s.equal(rate, known)), () => {
      b.set(known, rate);
      b.set(logRate, log(b, rate));
      b.set(width, s.add(s.constant(0.931), s.mul(s.constant(2.53), s.sqrt(rate))));
      b.set(offset, s.add(s.constant(-0.059), s.mul(s.constant(0.02483), width)));
      b.set(logInverse, log(b, b.let(s.add(s.constant(1.1239), s.div(s.constant(1.1328), s.sub(width, s.constant(3.4)))))));
      b.set(squeeze, s.sub(s.constant(0.9277), s.div(s.constant(3.6224), s.sub(width, s.constant(2)))));
    });
    const k = b.let(s.integer(0));
    const t = b.let(s.integer(0));
    const searching = b.let(s.integer(1));
    const accept = (): void => b.set(searching, s.integer(0));
    b.while(s.equal(searching, s.integer(1)), () => {
      const u = b.let(s.sub(openFraction(b, block(t)), s.constant(0.5)));
      const v = b.let(openFraction(b, block(b.plus(t, 1))));
      b.set(t, s.add(t, s.integer(2)));
      const edge = b.let(s.sub(s.constant(0.5), s.select(s.less(u, s.constant(0)), s.neg(u), u)));
      const stretched = s.mul(s.add(s.mul(s.constant(2), s.div(offset, edge)), width), u);
      const x = b.let(s.add(s.add(stretched, rate), s.constant(0.43)));
      b.if(s.and(s.lessEqual(s.constant(0), x), s.less(x, s.constant(largestInteger))), () => {
        b.set(k, s.convert(x, "int"));
        b.if(s.and(s.lessEqual(s.constant(0.07), edge), s.lessEqual(v, squeeze)), accept, () => {
          b.if(s.or(s.lessEqual(s.constant(0.013), edge), s.lessEqual(v, edge)), () => {
            const hat = log(b, b.let(s.add(s.div(offset, s.mul(edge, edge)), width)));
            const left = b.let(s.sub(s.add(log(b, v), logInverse), hat));
            const right = s.sub(s.sub(s.mul(s.convert(k, "float"), logRate), rate), logFactorial(b, k));
            b.if(s.lessEqual(left, right), accept);
          });
        });
      });
    });
    return k;
  };
}

/** Above this rate a sample could exceed int32, and the rate itself is given. */
const largestRate = 2_147_000_000;

const poissonOp: Op<Sample> = /* @__PURE__ */ sampler({
  name: "poisson",
  parameters: 1,
  write: (b) => {
    const s = b.arithmetic;
    const small = writeSmallPoisson(b);
    const large = writeLargePoisson(b);
    return ({ block, parameters: [rate] }) => {
      const k = b.let(s.integer(-1));
      b.if(s.lessEqual(s.constant(0), rate!), () =>
        b.if(
          s.less(rate!, s.constant(10)),
          () => b.set(k, small(rate!, block(0))),
          () =>
            b.if(
              s.lessEqual(rate!, s.constant(largestRate)),
              () => b.set(k, large(rate!, block)),
              () => b.set(k, s.integer(largestInteger)),
            ),
        ),
      );
      return k;
    };
  },
});

export interface PoissonOptions extends ShapeOption {
  /** int32 by default. */
  readonly dtype?: "int32" | "float32" | "float64";
}

/**
 * Poisson numbers with mean `rate`: whole numbers, int32 unless `dtype` says otherwise.
 *
 * The shape is that of `rate` by default. Rates above 2147000000 give 2147483647; negative ones and NaN give -1. A constant of `rate` to every
 * transform.
 * @example
 * ```ts
 * random.poisson(random.key(0), tensor([0, 0.5, 4, 1e6])); // => tensor([      0,       0,       8, 1000210], int32)
 * ```
 */
export const poisson: Callable<(key: Key, rate: TensorLike, options?: PoissonOptions) => Tensor> = /* @__PURE__ */ callable(
  (key: Key, rate: TensorLike, options: PoissonOptions = {}) => {
    checkOptions("poisson", options, ["shape", "dtype"]);
    const dtype: DType = checkChoice("poisson", "dtype", options.dtype ?? "int32", ["int32", "float32", "float64"]);
    const { shape, parameters } = floatParameters("poisson", { rate }, options.shape);
    return cast(apply1(poissonOp, [checkKey("poisson", key), ...parameters], { shape, dtype: "int32" }), dtype);
  },
  { name: "poisson", op: poissonOp as Op, sample: (draw) => [drawKey(draw), draw.tensor(draw.shape(0, 2), nonnegative)] },
);

/** How draws by weight go: how many from each row, whether a drawn index may be drawn again, whether the weights are given by logarithms. */
export interface WeightedDraws {
  readonly draws: number;
  readonly replace: boolean;
  readonly logarithms: boolean;
}

const weightedPrograms = /* @__PURE__ */ new Map<string, Program>();

/**
 * A key [..., 2] and weights [..., rows, n] to int32 indices [..., draws, rows], each with probability its weight over the sum of the row; n
 * where a row has no weight left to draw. Sums of weights stand in a binary tree, so that a draw takes log n steps.
 */
export const weightedOp: Op<WeightedDraws> = /* @__PURE__ */ programOp<WeightedDraws>({
  name: "categorical",
  notation: /* @__PURE__ */ named("categorical"),
  infer: ([, weights], { draws }) => {
    const { shape } = weights!;
    return [{ shape: [...shape.slice(0, -2), draws, shape[shape.length - 2]!], dtype: "int32" }];
  },
  lower: ([key, weights], { draws, replace, logarithms }) => {
    const { shape } = weights!;
    const side = shape[shape.length - 1]!;
    let leaves = 1;
    while (leaves < side) leaves *= 2;
    const make = (): Program => makeWeighted(replace, logarithms);
    const program = cached(weightedPrograms, `${replace} ${logarithms}`, make);
    return { program, scalars: [], integers: [sizeOf(key!.shape) / 2, shape[shape.length - 2]!, side, leaves, draws] };
  },
  lift: (inputs, batched, params, size) => apply(weightedOp, batchedInFront(inputs, batched, size), params),
  show: ({ draws, replace }) => `draws=${draws}${replace ? "" : ", without replacement"}`,
});

function makeWeighted(replace: boolean, logarithms: boolean): Program {
  return buildProgram("categorical", (b) => {
    const s = b.arithmetic;
    const keys = b.input("key", "int");
    const weights = b.input("weights", "float");
    const out = b.output("out", "int");
    const [count, rows, side, leaves, draws] = ["keys", "rows", "n", "leaves", "draws"].map((name) => b.integer(name)) as Expression[];
    const tree = b.scratch("tree", "float", b.times(leaves!, 2));
    const double = (x: Expression): Expression => b.times(x, 2);
    const join = (node: Expression): void => b.store(tree, node, s.add(b.load(tree, double(node)), b.load(tree, b.plus(double(node), 1))));
    forKeys(b, keys, count!, (schedule, k) =>
      b.for(0, rows!, (row) => {
        const first = b.let(b.times(b.plus(b.times(k, rows!), row), side!));
        if (logarithms) storeExponentials(b, weights, tree, first, side!, leaves!);
        else b.for(0, side!, (i) => b.store(tree, b.plus(leaves!, i), b.load(weights, b.plus(first, i))));
        b.for(1, leaves!, (i) => join(b.let(s.sub(leaves!, i))));
        b.for(0, draws!, (draw) => {
          const words = threefry(b, schedule, 0, b.let(b.plus(b.times(draw, rows!), row)));
          const total = b.let(b.load(tree, 1));
          const node = b.let(s.integer(1));
          const target = b.let(s.mul(fraction(b, words), total));
          b.while(s.less(node, leaves!), () => {
            const left = b.let(b.load(tree, double(node)));
            const right = b.let(b.load(tree, b.plus(double(node), 1)));
            b.set(node, double(node));
            b.if(s.and(s.lessEqual(left, target), s.less(s.constant(0), right)), () => {
              b.set(node, b.plus(node, 1));
              b.set(target, s.sub(target, left));
            });
          });
          const found = b.let(
            s.select(s.and(s.less(s.constant(0), total), s.less(total, s.constant(Number.POSITIVE_INFINITY))), s.sub(node, leaves!), side!),
          );
          b.store(out, b.plus(b.times(b.plus(b.times(k, draws!), draw), rows!), row), found);
          if (replace) return;
          b.store(tree, node, s.constant(0));
          b.while(s.less(s.integer(1), node), () => {
            b.set(node, s.shiftRight(node, s.integer(1)));
            join(node);
          });
        });
      }),
    );
  });
}

type Scratch = ReturnType<ProgramBuilder["scratch"]>;

/** The exponentials of a row less its largest entry; entries at the largest count 1, so that infinities are certain, unless all are -∞. */
function storeExponentials(b: ProgramBuilder, from: Scratch, tree: Scratch, first: Expression, side: Expression, leaves: Expression): void {
  const s = b.arithmetic;
  const lowest = s.constant(Number.NEGATIVE_INFINITY);
  const most = b.let(lowest);
  b.for(0, side, (i) => {
    const entry = b.let(b.load(from, b.plus(first, i)));
    b.if(s.less(most, entry), () => b.set(most, entry));
  });
  b.for(0, side, (i) => {
    const entry = b.let(b.load(from, b.plus(first, i)));
    const weight = b.let(s.constant(0));
    b.if(
      s.equal(entry, most),
      () => b.if(s.less(lowest, entry), () => b.set(weight, s.constant(1))),
      () => b.set(weight, exp(b, b.let(s.sub(entry, most)))),
    );
    b.store(tree, b.plus(leaves, i), weight);
  });
}

export interface CategoricalOptions extends ShapeOption {
  /** The axis of the classes; the last by default. */
  readonly axis?: number;
  /** The tensor holds probabilities, or weights proportional to them, in place of logits. */
  readonly probabilities?: boolean;
}

/**
 * Class indices with probabilities softmax(logits) along an axis: int32, of the shape of `logits` without that axis by default.
 *
 * With `shape`, its last axes are those of the logits and the axes in front count independent draws. A class with logit −∞ is never drawn. A
 * row without a possible class, or with NaN, gives the number of classes, which `take` refuses. A constant of `logits` to every transform.
 * @example
 * ```ts
 * random.categorical(random.key(0), tensor([0, -Infinity, 1]), { shape: [6] }); // => tensor([2, 0, 2, 2, 2, 2], int32)
 * random.categorical(random.key(0), tensor([[1, 3], [1, 0]]), { probabilities: true }); // => tensor([1, 0], int32)
 * ```
 */
export const categorical: Callable<(key: Key, logits: Tensor, options?: CategoricalOptions) => Tensor> = /* @__PURE__ */ callable(
  (key: Key, logits: Tensor, options: CategoricalOptions = {}) => {
    checkOptions("categorical", options, ["axis", "shape", "probabilities"]);
    const given = floatTensor("categorical", logits);
    const axis = normalizeAxis("categorical", options.axis ?? -1, given.rank);
    const side = given.shape[axis]!;
    if (side === 0)
      throw clashError("categorical", "there is no class", `${formatShape(given.shape)} along axis ${axis}`, "give at least one");
    const last = permute(given, [...given.shape.map((_, i) => i).filter((i) => i !== axis), axis]);
    const own = last.shape.slice(0, -1);
    const shape = sampleShape("categorical", [{ shape: own }], options.shape);
    const rows = shape.slice(shape.length - own.length);
    const draws = sizeOf(shape.slice(0, shape.length - own.length));
    const weights = reshape(broadcastTo(last, [...rows, side]), [sizeOf(rows), side]);
    const logarithms = !checkFlag("categorical", "probabilities", options.probabilities ?? false);
    const drawn = apply1(weightedOp, [checkKey("categorical", key), weights], { draws, replace: true, logarithms });
    return reshape(drawn, shape);
  },
  {
    name: "categorical",
    op: weightedOp as Op,
    sample: (draw) => {
      const shape = draw.shape(1, 3, 1);
      return [drawKey(draw), draw.tensor(shape), { axis: draw.integer(-shape.length, shape.length - 1) }];
    },
  },
);

/** A tensor of floats with at least one axis. */
function floatTensor(op: string, value: unknown): Tensor {
  const [given] = namedOperands(op, { "the tensor of classes": value as TensorLike }) as [Tensor];
  if (given.rank === 0) throw axisError(op, -1, 0);
  return isFloat(given.dtype) ? given : cast(given, "float64");
}
