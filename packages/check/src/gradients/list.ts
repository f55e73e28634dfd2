/** What a listed gradient is, how its arguments are drawn from a seed, and what several formulas share. It knows no gradient. */
import { tensor, type Tensor } from "@cotangent/core";
import { uniformFrom } from "../draw.ts";

/** Random entries from a seed. */
export interface Entries {
  readonly uniform: (shape: readonly number[], low?: number, high?: number) => Tensor;
  readonly normal: (shape: readonly number[], scale?: number) => Tensor;
  /** Zeros and ones. */
  readonly bits: (shape: readonly number[]) => Tensor;
  readonly classes: (count: number, classes: number) => Tensor;
}

/** A loss with its gradient and gradients that are not. */
export interface ListedGradient {
  readonly name: string;
  readonly source: string;
  readonly wrt?: number | readonly number[];
  readonly at: (draw: Entries) => readonly unknown[];
  readonly loss: (...args: never[]) => Tensor | number;
  readonly right: Readonly<Record<string, (...args: never[]) => unknown>>;
  /** By what is wrong with each. */
  readonly wrong: Readonly<Record<string, (...args: never[]) => unknown>>;
}

/** Entries that are the same for the same seed. */
export function entriesFrom(seed: number): Entries {
  const next = uniformFrom(seed);
  const fill = (shape: readonly number[], entry: () => number): Tensor =>
    tensor(Float64Array.from({ length: shape.reduce((size, side) => size * side, 1) }, entry), { shape });
  const gaussian = (): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return {
    uniform: (shape, low = 0, high = 1) => fill(shape, () => low + (high - low) * next()),
    normal: (shape, scale = 1) => fill(shape, () => scale * gaussian()),
    bits: (shape) => fill(shape, () => (next() < 0.5 ? 0 : 1)),
    classes: (count, classes) => tensor(Int32Array.from({ length: count }, () => Math.floor(next() * classes))),
  };
}

/** One gradient with the types of its arguments. */
export type Case<A extends readonly unknown[]> = Omit<ListedGradient, "at" | "loss" | "right" | "wrong"> & {
  readonly at: (draw: Entries) => readonly [...A];
  readonly loss: (...args: A) => Tensor | number;
  readonly right: Readonly<Record<string, (...args: A) => unknown>>;
  readonly wrong: Readonly<Record<string, (...args: A) => unknown>>;
};

export const listed = <A extends readonly unknown[]>(one: Case<A>): ListedGradient => one as unknown as ListedGradient;

export const cookbook = (equation: number): string => `Petersen and Pedersen, The Matrix Cookbook (2012), equation ${equation}`;
export const textbook: string = "elementary calculus";
export const goodfellow: string = "Goodfellow, Bengio and Courville, Deep Learning (2016)";
export const bishop: string = "Bishop, Pattern Recognition and Machine Learning (2006)";

export const numbers =
  (f: (x: number) => number) =>
  (x: Tensor): Float64Array =>
    Float64Array.from(x.values, f);
export const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
export const root2OverPi: number = Math.sqrt(2 / Math.PI);
export const density = (x: Tensor): Tensor =>
  x
    .square()
    .mul(-0.5)
    .exp()
    .mul(1 / Math.sqrt(2 * Math.PI));

/** Of 2 by 2. */
export const determinant = (x: Tensor): Tensor =>
  x
    .at(0, 0)
    .mul(x.at(1, 1))
    .sub(x.at(0, 1).mul(x.at(1, 0)));
const quarterTurn = tensor([
  [0, 1],
  [-1, 0],
]);
/** Of 2 by 2. */
export const inverse = (x: Tensor): Tensor => quarterTurn.matmul(x.transpose()).matmul(quarterTurn.transpose()).div(determinant(x));
