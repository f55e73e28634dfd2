/** Orders and choices: permutations, and draws of entries with and without replacement. Knows indices; knows no distribution. */
import { checkFlag, checkInteger, checkOptions } from "../define/options.ts";
import { programOp } from "../define/program.ts";
import { isFloat } from "../dtype.ts";
import { argumentError, clashError, formatShape } from "../errors.ts";
import { buildProgram, type Program } from "../loop/program.ts";
import { named } from "../notation.ts";
import { apply1, callable, type Callable, type Op } from "../op.ts";
import { cast } from "../ops/cast.ts";
import { take } from "../ops/indexing.ts";
import { reshape } from "../ops/movement.ts";
import { checkShape, normalizeAxis, type Shape, sizeOf } from "../shape.ts";
import { entriesOf, isTensor, type Tensor, tensorOf } from "../tensor.ts";
import { checkKey, type Key } from "./arguments.ts";
import { drawKey } from "./continuous.ts";
import { randint, weightedOp } from "./discrete.ts";
import { forKeys } from "./pointwise.ts";
import { bounded, threefry } from "./threefry.ts";

/** The first `count` of a permutation of 0, …, n − 1. */
interface Shuffle {
  readonly n: number;
  readonly count: number;
}

let shuffleProgram: Program | undefined;

/** Fisher and Yates' shuffle, stopped after `count` exchanges. */
function makeShuffle(): Program {
  return buildProgram("permutation", (b) => {
    const s = b.arithmetic;
    const keys = b.input("key", "int");
    const out = b.output("out", "int");
    const lead = b.integer("keys");
    const n = b.integer("n");
    const count = b.integer("count");
    const order = b.scratch("order", "int", n);
    forKeys(b, keys, lead, (schedule, k) => {
      b.for(0, n, (i) => b.store(order, i, i));
      b.for(0, count, (i) => {
        const j = b.let(
          b.plus(
            i,
            bounded(b, (t) => threefry(b, schedule, t, i), b.let(s.sub(n, i))),
          ),
        );
        const chosen = b.let(b.load(order, j));
        b.store(order, j, b.load(order, i));
        b.store(order, i, chosen);
        b.store(out, b.plus(b.times(k, count), i), chosen);
      });
    });
  });
}

const shuffleOp: Op<Shuffle> = /* @__PURE__ */ programOp<Shuffle>({
  name: "permutation",
  notation: /* @__PURE__ */ named("permutation"),
  infer: ([key], { count }) => [{ shape: [...key!.shape.slice(0, -1), count], dtype: "int32" }],
  lower: ([key], { n, count }) => ({
    program: (shuffleProgram ??= makeShuffle()),
    scalars: [],
    integers: [sizeOf(key!.shape) / 2, n, count],
  }),
  lift: ([key], _batched, params) => [apply1(shuffleOp, [key!], params)],
  show: ({ n, count }) => (n === count ? String(n) : `${count} of ${n}`),
});

/** The axis that entries are taken along. */
export interface EntriesOptions {
  /** 0 by default. */
  readonly axis?: number;
}

/** A population: so many integers from 0, or the entries of a tensor along an axis. */
interface Population {
  readonly n: number;
  readonly at: (indices: Tensor) => Tensor;
}

function populationOf(op: string, x: unknown, axis: number | undefined): Population {
  if (isTensor(x)) {
    const along = normalizeAxis(op, axis ?? 0, x.rank);
    return { n: x.shape[along]!, at: (indices) => take(x, indices, { axis: along }) };
  }
  if (axis !== undefined) throw argumentError(op, "a number of integers has no axes", axis, "give a tensor, or no axis");
  return { n: checkInteger(op, "the number of integers", x, 0), at: (indices) => indices };
}

/**
 * A random order of 0, …, n − 1 as int32, or a tensor with its entries along an axis (0 by default) in random order; all orders are equally
 * likely. Differentiable in the tensor.
 * @example
 * ```ts
 * random.permutation(random.key(0), 5); // => tensor([1, 4, 3, 0, 2], int32)
 * random.permutation(random.key(0), tensor([[1, 2, 3], [4, 5, 6]]), { axis: 1 }); // => tensor([[2, 3, 1],
 * //         [5, 6, 4]], float64)
 * ```
 */
export const permutation: Callable<(key: Key, x: number | Tensor, options?: EntriesOptions) => Tensor> = /* @__PURE__ */ callable(
  (key: Key, x: number | Tensor, options: EntriesOptions = {}) => {
    checkOptions("permutation", options, ["axis"]);
    const { n, at } = populationOf("permutation", x, options.axis);
    return at(apply1(shuffleOp, [checkKey("permutation", key)], { n, count: n }));
  },
  {
    name: "permutation",
    op: shuffleOp as Op,
    sample: (draw) => {
      const shape = draw.shape(1, 3);
      return [drawKey(draw), draw.tensor(shape), { axis: draw.integer(-shape.length, shape.length - 1) }];
    },
  },
);

export interface ChoiceOptions extends EntriesOptions {
  /** The shape that stands for the axis in the result; [] by default, one entry. */
  readonly shape?: Shape;
  /** Whether an entry may be drawn again; true by default. */
  readonly replace?: boolean;
  /** The probabilities of the entries, or weights proportional to them; equal by default. */
  readonly p?: Tensor;
}

/**
 * Entries of a tensor along an axis (0 by default), or integers from 0 to n − 1, drawn with or without replacement.
 *
 * Without replacement and with `p`, entries are drawn one after another, each by its share of the weight that is left. Differentiable in the
 * tensor; a constant of `p`. Throws where there is nothing, or not enough, to draw from, and at negative or non-finite weights.
 * @example
 * ```ts
 * random.choice(random.key(0), 10, { shape: [4], replace: false }); // => tensor([9, 5, 3, 6], int32)
 * random.choice(random.key(0), tensor([1.5, 2.5, 3.5]), { shape: [2], p: tensor([0, 1, 3]) }); // => tensor([3.5, 2.5], float64)
 * ```
 */
export const choice: Callable<(key: Key, x: number | Tensor, options?: ChoiceOptions) => Tensor> = /* @__PURE__ */ callable(
  (key: Key, x: number | Tensor, options: ChoiceOptions = {}) => {
    checkOptions("choice", options, ["shape", "replace", "p", "axis"]);
    const { n, at } = populationOf("choice", x, options.axis);
    const shape = checkShape("choice", options.shape ?? []);
    const replace = checkFlag("choice", "replace", options.replace ?? true);
    const count = sizeOf(shape);
    if (replace ? n === 0 && count > 0 : count > n) {
      const what = replace ? "there is nothing to draw from" : "not enough entries to draw without replacement";
      throw clashError(
        "choice",
        what,
        `${count} draws, ${n} entries`,
        replace ? "give at least one entry" : "draw fewer, or with replacement",
      );
    }
    return at(reshape(drawIndices(checkKey("choice", key), n, count, replace, options.p), shape));
  },
  {
    name: "choice",
    op: shuffleOp as Op,
    sample: (draw) => {
      const shape = draw.shape(1, 3, 1);
      const axis = draw.integer(-shape.length, shape.length - 1);
      const replace = draw.integer(0, 1) === 0;
      return [drawKey(draw), draw.tensor(shape), { axis, replace, shape: replace ? draw.shape(0, 2) : [1] }];
    },
  },
);

function drawIndices(key: Key, n: number, count: number, replace: boolean, p: Tensor | undefined): Tensor {
  if (p === undefined) {
    if (n === 0) return tensorOf([0], "int32", new Int32Array(0));
    return replace ? randint(key, [count], 0, n) : apply1(shuffleOp, [key], { n, count });
  }
  const weights = reshape(checkWeights(p, n, count, replace), [1, n]);
  return reshape(apply1(weightedOp, [key, weights], { draws: count, replace, logarithms: false }), [count]);
}

/** Weights of the right shape; where they have values, finite, not negative and enough of them positive. */
function checkWeights(p: unknown, n: number, count: number, replace: boolean): Tensor {
  if (!isTensor(p)) throw argumentError("choice", "the weights p are not a tensor", p, "wrap them in tensor(…)");
  if (p.rank !== 1 || p.shape[0] !== n) {
    throw clashError("choice", "the weights p do not fit", `${formatShape(p.shape)} for ${n} entries`, "give one weight an entry");
  }
  const weights = isFloat(p.dtype) ? p : cast(p, "float64");
  if (weights.storage === null) return weights;
  let positive = 0;
  for (const weight of entriesOf(weights)) {
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
      throw argumentError(
        "choice",
        "a weight in p is not a finite number from 0",
        weight,
        "give probabilities, or weights proportional to them",
      );
    }
    if (weight > 0) positive++;
  }
  if (count > 0 && positive < (replace ? 1 : count)) {
    throw clashError(
      "choice",
      "not enough positive weights in p",
      `${count} draws, ${positive} positive weights`,
      "draw fewer, or give more weights",
    );
  }
  return weights;
}
