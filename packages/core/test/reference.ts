// Tensors built and read index by index: what the reference implementations of the tests are written with.
import { type DType, grad, type Shape, tensor, type Tensor, vmap } from "@cotangent/core";
import fc from "fast-check";
import { expect } from "vitest";

export type Index = readonly number[];

/** Every index of a shape in row-major order. */
export function indicesOf(shape: Shape): number[][] {
  let list: number[][] = [[]];
  for (const side of shape) list = list.flatMap((index) => Array.from({ length: side }, (_, i) => [...index, i]));
  return list;
}

/** The place of an index in row-major order. */
export const placeOf = (index: Index, shape: Shape): number => shape.reduce((place, side, axis) => place * side + index[axis]!, 0);

export const entry = (x: Tensor, index: Index): number => x.values[placeOf(index, x.shape)]!;

/** A tensor from what stands at each index. */
export function build(shape: Shape, at: (index: Index) => number, dtype: DType = "float64"): Tensor {
  return tensor(Float64Array.from(indicesOf(shape), at), { shape, dtype });
}

/** Distinct entries, the same for the same shape; in bool tensors they alternate irregularly. */
export function distinct(shape: Shape, dtype: DType = "float64"): Tensor {
  let i = 0;
  return build(shape, () => (dtype === "bool" ? ((i++ * 7) % 3) % 2 : ((i++ * 37) % 101) - 40), dtype);
}

export function expectSame(got: Tensor, wanted: Tensor): void {
  expect(got.shape).toEqual(wanted.shape);
  expect(got.dtype).toBe(wanted.dtype);
  expect(Array.from(got.values)).toEqual(Array.from(wanted.values));
}

export const part = (x: Tensor, i: number): Tensor => {
  const shape = x.shape.slice(1);
  const size = shape.reduce((product, side) => product * side, 1);
  return tensor(x.values.slice(i * size, (i + 1) * size), { shape, dtype: x.dtype });
};

/** Where an output entry comes from: an index of the input, or a number put there. */
export type Source = (index: Index) => Index | number;

const dtypes: readonly DType[] = ["float64", "float32", "int32", "bool"];

/**
 * Holds an op that moves entries against its description: values in every dtype, the gradient of a weighted sum, batches of one and of two
 * levels.
 */
export function expectMoves(move: (x: Tensor) => Tensor, shape: Shape, outShape: Shape, source: Source): void {
  for (const dtype of dtypes) {
    const x = distinct(shape, dtype);
    const wanted = build(outShape, (index) => readFrom(x, source(index)), dtype);
    expectSame(move(x), wanted);
  }
  const x = distinct(shape);
  const weights = distinct(outShape);
  const gradient = new Float64Array(x.size);
  for (const index of indicesOf(outShape)) {
    const from = source(index);
    if (typeof from !== "number") gradient[placeOf(from, shape)]! += entry(weights, index);
  }
  expectSame(grad((y: Tensor) => move(y).mul(weights).sum())(x), tensor(gradient, { shape }));
  const batch = distinct([2, ...shape]);
  const once = vmap(move)(batch);
  expectSame(
    once,
    build([2, ...outShape], ([b, ...index]) => readFrom(part(batch, b!), source(index))),
  );
  const twice = vmap(vmap(move))(distinct([2, 2, ...shape]));
  expect(twice.shape).toEqual([2, 2, ...outShape]);
}

const readFrom = (x: Tensor, from: Index | number): number => (typeof from === "number" ? from : entry(x, from));

/** Small shapes, empty and one-sided ones among them. */
export const shapes = (minRank = 0, maxRank = 4, minSide = 0, maxSide = 4): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: minSide, max: maxSide }), { minLength: minRank, maxLength: maxRank });

/** What a call throws, as text. */
export function message(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return (error as Error).message;
  }
  return "nothing was thrown";
}
