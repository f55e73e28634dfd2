/** Keys of random numbers: made from a seed, split, folded with data. Knows the cipher; knows no distribution. */
import { checkInteger } from "../define/options.ts";
import { programOp } from "../define/program.ts";
import { argumentError, dtypeError } from "../errors.ts";
import { buildProgram, type Program } from "../loop/program.ts";
import { named } from "../notation.ts";
import { apply, apply1, callable, type Callable, type Op } from "../op.ts";
import { reshape } from "../ops/movement.ts";
import { sliceAxis } from "../ops/slicing.ts";
import { sizeOf } from "../shape.ts";
import { isTensor, scalarTensor, type Tensor, tensorOf } from "../tensor.ts";
import { checkKey, type Key } from "./arguments.ts";
import { batchedInFront, forKeys } from "./pointwise.ts";
import { threefry } from "./threefry.ts";

/** Samplers count their blocks up from 0; the leading counter words of split and foldIn are out of their way, and of each other's. */
const splitCounter = -1;
const foldCounter = -2;

/**
 * The key of a seed, a whole number up to 2^53 in size: its upper and lower 32 bits.
 *
 * A key is the only source of randomness: every sampler is a function of one, and gives the same bits for the same key on every machine, in
 * JavaScript and in compiled code. **Use a key once.** Nothing stops a program from using it again, and then it gets the same numbers again:
 * @example
 * ```ts
 * const key = random.key(42);
 * random.normal(key, [2]).sub(random.normal(key, [2])); // => tensor([0, 0], float64)
 * const [first, second] = random.split(key);
 * random.normal(first, [2]).sub(random.normal(second, [2])); // => tensor([ 0.679550, -0.736327], float64)
 * ```
 */
export function key(seed: number): Key {
  if (!Number.isSafeInteger(seed)) throw argumentError("key", "the seed is not a whole number up to 2^53 in size", seed, "give one");
  return tensorOf([2], "int32", Int32Array.of(Math.floor(seed / 2 ** 32), seed | 0));
}

let splitProgram: Program | undefined;

const splitOp: Op<number> = /* @__PURE__ */ programOp<number>({
  name: "split",
  notation: /* @__PURE__ */ named("split"),
  infer: ([from], count) => [{ shape: [...from!.shape.slice(0, -1), count, 2], dtype: "int32" }],
  lower: ([from], count) => {
    splitProgram ??= buildProgram("split", (b) => {
      const keys = b.input("key", "int");
      const out = b.output("out", "int");
      const lead = b.integer("keys");
      const size = b.integer("n");
      forKeys(b, keys, lead, (schedule, k) =>
        b.for(0, size, (i) => {
          const words = threefry(b, schedule, splitCounter, i);
          const at = b.let(b.times(b.plus(b.times(k, size), i), 2));
          b.store(out, at, words[0]);
          b.store(out, b.plus(at, 1), words[1]);
        }),
      );
    });
    return { program: splitProgram, scalars: [], integers: [sizeOf(from!.shape) / 2, count] };
  },
  lift: ([from], _batched, count) => [apply1(splitOp, [from!], count)],
  show: String,
});

interface Tuples {
  readonly 1: readonly [Key];
  readonly 2: readonly [Key, Key];
  readonly 3: readonly [Key, Key, Key];
  readonly 4: readonly [Key, Key, Key, Key];
  readonly 5: readonly [Key, Key, Key, Key, Key];
  readonly 6: readonly [Key, Key, Key, Key, Key, Key];
}

/** A tuple of `N` keys for a small literal number, else a list. */
export type Keys<N extends number> = N extends keyof Tuples ? Tuples[N] : readonly Key[];

/**
 * Keys that are independent of one another, of the key they come from and of everything else made from it: `count` of them, 2 by default.
 * @example
 * ```ts
 * const [weights, noise, rest] = random.split(random.key(0), 3);
 * rest; // => tensor([-113054591, 1905292562], int32)
 * ```
 */
export const split: Callable<<const N extends number = 2>(key: Key, count?: N) => Keys<N>> = /* @__PURE__ */ callable(
  <const N extends number = 2>(key: Key, count?: N): Keys<N> => {
    const all = splitBatch(checkKey("split", key), count === undefined ? 2 : checkInteger("split", "the number of keys", count, 0));
    return Array.from({ length: all.shape[0]! }, (_, i) => reshape(sliceAxis(all, 0, i, i + 1), [2])) as unknown as Keys<N>;
  },
  { name: "split", op: splitOp as Op, sample: (draw) => [key(draw.integer(0, 2 ** 30)), draw.integer(0, 4)] },
);

/**
 * The keys that `split` gives as the rows of one int32 tensor of shape [count, 2], to vmap over.
 * @example
 * ```ts
 * const keys = random.splitBatch(random.key(0), 3);
 * vmap((key: Tensor) => random.uniform(key, [2]))(keys).shape; // => [3, 2]
 * ```
 */
export const splitBatch: Callable<(key: Key, count: number) => Tensor> = /* @__PURE__ */ callable(
  (key: Key, count: number) => apply1(splitOp, [checkKey("splitBatch", key)], checkInteger("splitBatch", "the number of keys", count, 0)),
  { name: "splitBatch", op: splitOp as Op, sample: (draw) => [key(draw.integer(0, 2 ** 30)), draw.integer(0, 4)] },
);

let foldProgram: Program | undefined;

const foldOp: Op = /* @__PURE__ */ programOp<unknown>({
  name: "foldIn",
  notation: /* @__PURE__ */ named("foldIn"),
  infer: ([from]) => [from!],
  lower: ([from]) => {
    foldProgram ??= buildProgram("foldIn", (b) => {
      const keys = b.input("key", "int");
      const data = b.input("data", "int");
      const out = b.output("out", "int");
      forKeys(b, keys, b.integer("keys"), (schedule, k) => {
        const words = threefry(b, schedule, foldCounter, b.load(data, k));
        b.store(out, b.times(k, 2), words[0]);
        b.store(out, b.plus(b.times(k, 2), 1), words[1]);
      });
    });
    return { program: foldProgram, scalars: [], integers: [sizeOf(from!.shape) / 2] };
  },
  lift: (inputs, batched, params, size) => apply(foldOp, batchedInFront(inputs, batched, size), params),
});

/**
 * The key of a key and a 32-bit integer, such as the number of a step or an int32 scalar: different integers give independent keys.
 * @example
 * ```ts
 * const base = random.key(0);
 * [0, 1].map((step) => random.uniform(random.foldIn(base, step)).item().toFixed(4)); // => ["0.6083", "0.8835"]
 * ```
 */
export const foldIn: Callable<(key: Key, data: number | Tensor) => Key> = /* @__PURE__ */ callable(
  (key: Key, data: number | Tensor) => apply1(foldOp, [checkKey("foldIn", key), dataTensor(data)], undefined),
  { name: "foldIn", op: foldOp, sample: (draw) => [key(draw.integer(0, 2 ** 30)), draw.integers([], -3, 3)] },
);

function dataTensor(data: number | Tensor): Tensor {
  if (!isTensor(data)) return scalarTensor(checkInteger("foldIn", "the data", data), "int32");
  if (data.dtype !== "int32") throw dtypeError("foldIn", data.dtype, "int32");
  if (data.rank !== 0) throw argumentError("foldIn", "the data is not a scalar", data, "give an integer or an int32 scalar");
  return data;
}
