/** Tangents and cotangents: directions to differentiate along, alone or for a function at a drawn point. Knows shapes; knows no derivative. */
import { type DType, type Shape, type Tensor, zeros } from "@cotangent/core";
import { flattenTensors, isFloat, sameShape, sizeOf, tensorOf } from "@cotangent/core/engine";
import type { Arbitrary } from "fast-check";
import { type Entries, pointwise, type Values } from "./entries.ts";
import { optionError } from "./errors.ts";
import { type Blueprint, JointArbitrary, type Piece } from "./joint.ts";
import { type Leaf, printable, type Step, stored } from "./leaf.ts";
import { rounded } from "./number.ts";
import { checkOptions } from "./options.ts";
import { pointsOf } from "./points.ts";
import { type Drawn, sized } from "./sized.ts";
import { resize } from "./slicing.ts";
import { type ShapeOptions, shapeOptions, shapeReader, tensorArbitrary } from "./tensors.ts";

export interface DirectionsOptions extends ShapeOptions {
  readonly dtype?: "float64" | "float32";
}

/**
 * Directions to differentiate along: entries of size 0.5 to 1.5 and random sign, never so regular that an error is orthogonal to them.
 * They shrink to a few ones among zeros.
 */
export function directions(options: DirectionsOptions = {}): Arbitrary<Tensor> {
  const { dtype = "float64", ...rest } = checkOptions("directions", options, [...shapeOptions, "dtype"]);
  if (dtype !== "float64" && dtype !== "float32") throw optionError("directions", "dtype", dtype, "float64 or float32");
  const entries = entriesFor(dtype);
  return tensorArbitrary("directions", shapeReader("directions", rest), () => entries);
}

/** Drawn away from 0, simplified towards it. */
const entriesFor = (dtype: "float64" | "float32"): Entries => ({
  ...pointwise(pointsOf("directions", { dtype })),
  draw: pointwise(pointsOf("directions", { dtype, magnitude: [0.5, 1.5] })).draw,
});

/** What a list of arbitraries, or of structs of them, draws. */
export type DrawnArguments<S extends readonly unknown[]> = { -readonly [K in keyof S]: Drawn<S[K]> };

/** A point, a direction in each argument and one in the output. */
export interface WithDirections<A, R> {
  /** The arguments of the function. */
  readonly primals: A;
  /** One struct of tangents an argument; null for an argument without float tensors. */
  readonly tangents: A;
  /** In the form of what the function returns. */
  readonly cotangent: R;
}

/**
 * Arguments of a function with a tangent for each and a cotangent for what it returns there, as `jvp` and `vjp` take them.
 *
 * `args` is the list of arbitraries of the arguments, drawn together as by `sized`. The function is run once for each draw, to see the
 * shapes it returns; it must not throw.
 * @example
 * ```ts
 * import { tensors, withDirections } from "@cotangent/check";
 * import { matmul, type Tensor } from "@cotangent/core";
 * import { sample } from "fast-check";
 * const product = (x: Tensor, y: Tensor) => matmul(x, y);
 * const [one] = sample(withDirections(product, [tensors({ shape: ["m", 3] }), tensors({ shape: [3, 4] })]), { seed: 1, numRuns: 1 });
 * one.cotangent.shape.join() === product(...one.primals).shape.join(); // => true
 * ```
 */
export function withDirections<const S extends readonly unknown[], R>(
  f: (...args: DrawnArguments<S>) => R,
  args: S,
): Arbitrary<WithDirections<DrawnArguments<S>, R>> {
  if (typeof f !== "function") throw optionError("withDirections", "the first argument", f, "a function of the drawn arguments");
  if (!Array.isArray(args)) throw optionError("withDirections", "the second argument", args, "the list of arbitraries of the arguments");
  const inner = (sized(args) as unknown as JointArbitrary<DrawnArguments<S>>).blueprint;
  const count = inner.pieces.length;
  const primalsOf = (values: readonly unknown[]): DrawnArguments<S> => inner.form.build(values.slice(0, count));
  const tangents: Piece = {
    path: "the tangents",
    root: "the tangents",
    refers: false,
    make: () => derivedLeaf((values) => primalsOf(values).map(withFloats)),
  };
  const cotangent: Piece = {
    path: "the cotangent",
    root: "the cotangent",
    refers: false,
    make: () => derivedLeaf((values) => f(...primalsOf(values))),
  };
  const blueprint: Blueprint<WithDirections<DrawnArguments<S>, R>> = {
    ...inner,
    op: "withDirections",
    pieces: [...inner.pieces, tangents, cotangent],
    form: {
      build: (values) => ({ primals: primalsOf(values), tangents: values[count] as DrawnArguments<S>, cotangent: values[count + 1] as R }),
      parts: () => undefined,
    },
  };
  return new JointArbitrary(blueprint);
}

/** The argument if a tensor in it can move, else null. */
const withFloats = (arg: unknown): unknown => (flattenTensors(arg).leaves.some((x) => isFloat(x.dtype)) ? arg : null);

interface Direction {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly values: Values;
}

interface DerivedState {
  /** Entries for what has none yet, taken from the front. */
  readonly pool: Values;
  readonly parts: readonly Direction[];
  readonly build: (leaves: readonly Tensor[]) => unknown;
}

const poolSize = 64;
const entriesOfDtype: Readonly<Record<"float64" | "float32", Entries>> = { float64: entriesFor("float64"), float32: entriesFor("float32") };
const entriesOf = (dtype: DType): Entries => entriesOfDtype[dtype === "float32" ? "float32" : "float64"];

/** Directions in the shapes of the float tensors of a struct that is computed from the other leaves. */
function derivedLeaf(structOf: (values: readonly unknown[]) => unknown): Leaf<DerivedState, unknown> {
  return {
    groups: [],
    draw: (_frame, random, biasFactor) => ({
      pool: entriesOfDtype.float64.draw([poolSize], random, biasFactor),
      parts: [],
      build: () => null,
    }),
    follow: (state) => state,
    settle({ pool, parts: old }, values) {
      const { leaves, definition } = flattenTensors(structOf(values));
      const parts = leaves.map(({ shape, dtype }, i): Direction => {
        const known = old[i];
        if (known !== undefined && known.dtype === dtype && sameShape(known.shape, shape)) return known;
        const fresh = Float64Array.from({ length: sizeOf(shape) }, (_, at) => rounded(pool[(at + 7 * i) % poolSize]!, dtype));
        return { shape, dtype, values: known === undefined ? fresh : resize(known.values, known.shape, shape, 1) };
      });
      return { pool, parts, build: definition.build };
    },
    *simpler(state, _frame, cursor): Generator<Step<DerivedState>> {
      let before = 0;
      for (const [at, part] of state.parts.entries()) {
        const own = entriesOf(part.dtype);
        const cost = own.cost(part.values, part.shape);
        const step = (values: Values): DerivedState => ({ ...state, parts: state.parts.with(at, { ...part, values }) });
        const fits = (values: Values): boolean => own.cost(values, part.shape) < cost;
        if (cursor === 0) for (const values of own.whole(part.values, part.shape)) if (fits(values)) yield [step(values), undefined];
        for (let place = Math.max(0, cursor - before); place < own.places(part.shape); place++)
          for (const values of own.single(part.values, part.shape, place)) if (fits(values)) yield [step(values), before + place];
        before += part.values.length;
      }
    },
    value: ({ parts, build }) =>
      build(
        parts.map(({ shape, dtype, values }) =>
          isFloat(dtype) ? printable(tensorOf(shape, dtype, stored(values, dtype))) : zeros(shape, dtype),
        ),
      ),
  };
}
