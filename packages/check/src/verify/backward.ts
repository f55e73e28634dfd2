/** `checkBackward`: is this backward function the transpose of that forward function's derivative, where both are plain code on typed arrays? */
import type { Shape } from "@cotangent/core";
import { describe, formatShape, sizeOf } from "@cotangent/core/engine";
import { uniformFrom } from "../draw.ts";
import { checkArgumentError } from "../errors.ts";
import { type AnyFunction, call, Misbehaviour, remembering, run, settledCall } from "./behaviour.ts";
import { noiseNear } from "./differences.ts";
import type { Judgement } from "./judgement.ts";
import { checkNames } from "./options.ts";
import { judgeByValues } from "./probe.ts";
import {
  alongDirection,
  checkedRange,
  directionOf,
  elsewhere,
  type Inputs,
  type Leaf,
  outside,
  perturbed,
  type Point,
  type Range,
  scalesOf,
  tensorsAt,
} from "./problem.ts";
import { programText } from "./reproduction.ts";
import { type At, firstDefined, large, verdictFrom } from "./verdicts.ts";
import { uncomputed, type Verdict, verdictOf } from "./verdict.ts";

/** The arrays of floats that plain code computes with; a bare number is an array of one. */
export type FloatArray = Float64Array | Float32Array;
export type Numbers = FloatArray | readonly number[] | number;

/** Arrays by position or by name. */
export type Arrays = readonly FloatArray[] | { readonly [name: string]: FloatArray };

export interface CheckBackwardOptions<A extends Arrays> {
  /** The inputs at which the pair is judged: arrays in a list or an object. */
  readonly at: A;
  /** The shapes of inputs, for naming entries; flat by default. */
  readonly shapes?: { readonly [K in keyof A]?: Shape };
  readonly domain?: Range | readonly Range[];
  /** Of the points, directions and cotangents; 1 by default. The same seed gives the same verdict. */
  readonly seed?: number;
  /** How many points near `at` are judged besides; 2 by default. */
  readonly points?: number;
}

/**
 * Whether `backward` gives the product of a cotangent with the Jacobian of `forward`.
 *
 * `forward` maps the inputs (typed arrays in a list or an object) to an array of floats or a number; `backward` maps the inputs and a
 * cotangent of the output's length to arrays in the inputs' form. The cotangent is drawn at random, never ones. The truth is the slope of
 * ⟨cotangent, forward⟩ by finite differences with error bars: every entry of few, random directions and bisection for many. There are
 * no tolerances. Throws where the inputs are no arrays of floats; what is wrong with the functions is a verdict.
 * @example
 * ```ts
 * const forward = ([x]: readonly Float64Array[]) => x!.map((v) => v * v);
 * checkBackward(forward, ([x], g) => [x!.map((v, i) => 2 * v * g[i]!)], { at: [Float64Array.of(1, -2, 3)] }).verdict; // => AGREES
 * checkBackward(forward, ([x], g) => [x!.map((v, i) => v * g[i]!)], { at: [Float64Array.of(1, -2, 3)] }).diagnosis;
 * // => the claim is 1/2 times the truth
 * ```
 */
export function checkBackward<A extends Arrays>(
  forward: (inputs: A) => Numbers,
  backward: (inputs: A, cotangent: Float64Array) => { readonly [K in keyof A]: Numbers },
  options: CheckBackwardOptions<A>,
): Verdict {
  if (typeof forward !== "function")
    throw checkArgumentError("checkBackward", "forward is not a function", forward, "give a function of arrays");
  if (typeof backward !== "function")
    throw checkArgumentError("checkBackward", "backward is not a function", backward, "give a function of arrays and a cotangent");
  checkNames("checkBackward", options, ["at", "shapes", "domain", "seed", "points"]);
  const { at, shapes, domain, seed = 1, points = 2 } = options;
  if (!Number.isInteger(seed)) throw checkArgumentError("checkBackward", "the seed is not an integer", seed, "give an integer");
  if (!Number.isInteger(points) || points < 0)
    throw checkArgumentError("checkBackward", "points is not a count", points, "give how many points to judge besides at");
  const box: Box = {
    functions: { forward, backward },
    forward: (inputs) => call(forward as AnyFunction, [inputs]),
    backward: (inputs, cotangent) => call(backward as AnyFunction, [inputs, cotangent]),
    form: formOf(at, shapes as Shapes, domain),
    seed,
    points,
  };
  const stray = outside(box.form.leaves, box.form.base);
  if (stray !== undefined)
    return verdictOf({ verdict: "DOMAIN", op: undefined, point: "the given point", what: stray, ...uncomputed(seed) });
  try {
    const found = remembering(() => judged(box));
    if ("expected" in found) return verdictOf({ verdict: "SHAPE", ...found, ...uncomputed(seed) });
    const { leaves, size, base } = box.form;
    const named = tensorsAt(leaves, base, true).map((tensor, i) => ({ path: leaves[i]!.path, tensor }));
    return verdictFrom(found, { leaves, size, named, seed, reproduction: reproductionOf(box) });
  } catch (thrown) {
    if (!(thrown instanceof Misbehaviour)) throw thrown;
    return verdictOf({ verdict: "UNDECIDED", why: thrown.message, digits: 0, ...uncomputed(seed) });
  }
}

type Shapes = Readonly<Record<string, Shape | undefined>> | undefined;

/** The inputs taken apart, and how to hand them to the functions again. */
interface Form extends Pick<Inputs, "leaves" | "size" | "base"> {
  /** Copies of a point's arrays; arrays that nobody else holds are handed over as they are. */
  readonly build: (point: Point, held?: Point) => Arrays;
  readonly keys: readonly string[];
}

interface Box {
  /** As they were given. */
  readonly functions: Readonly<Record<"forward" | "backward", unknown>>;
  readonly forward: (inputs: Arrays) => unknown;
  readonly backward: (inputs: Arrays, cotangent: Float64Array) => unknown;
  readonly form: Form;
  readonly seed: number;
  readonly points: number;
}

const isFloatArray = (x: unknown): x is FloatArray => x instanceof Float64Array || x instanceof Float32Array;

function formOf(at: unknown, shapes: Shapes, domain: Range | readonly Range[] | undefined): Form {
  if (typeof at !== "object" || at === null || ArrayBuffer.isView(at))
    throw checkArgumentError("checkBackward", "at is not a list or an object of arrays", at, "give { at: [x] }");
  const isList = Array.isArray(at);
  const entries = Object.entries(at);
  const leaves = entries.map(([key, x], i): Leaf => {
    const path = isList ? `input ${key}` : key;
    if (!isFloatArray(x))
      throw checkArgumentError("checkBackward", `${path} is not an array of floats`, x, "give a Float64Array or a Float32Array");
    const shape = shapes?.[key] ?? [x.length];
    if (sizeOf(shape) !== x.length)
      throw checkArgumentError(
        "checkBackward",
        `the shape of ${path} does not hold its ${x.length} entries`,
        shape,
        "make their counts equal",
      );
    const range: unknown = Array.isArray(domain) ? domain[i] : domain;
    return {
      path,
      shape,
      dtype: x instanceof Float32Array ? "float32" : "float64",
      range: range === undefined ? {} : checkedRange("checkBackward", range),
    };
  });
  if (leaves.length === 0) throw checkArgumentError("checkBackward", "there are no inputs", at, "give at least one array");
  return {
    leaves,
    size: leaves.reduce((total, { shape }) => total + sizeOf(shape), 0),
    base: entries.map(([, x]) => Float64Array.from(x as FloatArray)),
    keys: entries.map(([key]) => key),
    build: (point, held = point) => {
      const arrays = point.map((row, i) =>
        leaves[i]!.dtype === "float32" ? Float32Array.from(row) : held.includes(row) ? row.slice() : row,
      );
      return isList ? arrays : Object.fromEntries(entries.map(([key], i) => [key, arrays[i]!]));
    },
  };
}

interface Misfit {
  readonly where: string;
  readonly expected: string;
  readonly got: string;
}

const numbersOf = (x: unknown): ArrayLike<number> | undefined =>
  typeof x === "number" ? [x] : isFloatArray(x) || (Array.isArray(x) && x.every((entry) => typeof entry === "number")) ? x : undefined;

/** The output as doubles; anything else is the forward function's misbehaviour. */
function outputOf(box: Box, point: Point, held = point): Float64Array {
  const out = run("forward", () => box.forward(box.form.build(point, held)));
  const numbers = numbersOf(out);
  if (numbers === undefined) throw new Misbehaviour(`forward returns ${describe(out)}, not an array of floats or a number`);
  return Float64Array.from(numbers);
}

function fitGradient(got: unknown, { leaves, keys }: Form): Point | Misfit {
  const isBare =
    leaves.length === 1 && numbersOf(got) !== undefined && (!Array.isArray(got) || got.every((entry) => typeof entry === "number"));
  const parts = isBare
    ? [got]
    : typeof got === "object" && got !== null
      ? keys.map((key) => (got as Record<string, unknown>)[key])
      : undefined;
  if (parts === undefined) return { where: "what backward returns", expected: `arrays ${keys.join(", ")}`, got: describe(got) };
  const rows: Float64Array[] = [];
  for (const [i, leaf] of leaves.entries()) {
    const numbers = numbersOf(parts[i]);
    if (numbers === undefined || numbers.length !== sizeOf(leaf.shape)) {
      return {
        where: `the gradient of ${leaf.path}`,
        expected: `${sizeOf(leaf.shape)} floats`,
        got: numbers === undefined ? describe(parts[i]) : `${numbers.length} floats`,
      };
    }
    rows.push(Float64Array.from(numbers));
  }
  return rows;
}

/** Random and not constant: layers that normalise are blind to ones. */
const cotangentOf = (length: number, uniform: () => number): Float64Array =>
  Float64Array.from({ length }, () => (uniform() < 0.5 ? -1 : 1) * (0.5 + uniform()));

function dot(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let [sum, rest] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    const term = x[i]! * y[i]! - rest;
    const next = sum + term;
    rest = next - sum - term;
    sum = next;
  }
  return sum;
}

/** Calls both functions twice at the given point: what the gradient's form is, if it is another than the inputs'. */
function settled(box: Box, g: Float64Array): Misfit | undefined {
  const { form } = box;
  const other = elsewhere(form.leaves, form.base);
  settledCall(
    "forward",
    (args) => numbersOf(box.forward(args[0] as Arrays)) ?? [],
    () => [form.build(form.base)],
    (x) => [x],
  );
  const first = fitGradient(
    run("backward", () => box.backward(form.build(form.base), g.slice())),
    form,
  );
  if (!Array.isArray(first)) return first as Misfit;
  settledCall(
    "backward",
    (args) => fitGradient(box.backward(args[0] as Arrays, args[1] as Float64Array), form) as Point,
    () => [form.build(form.base), g.slice()],
    (x) => x,
    { name: "forward", call: (isElsewhere) => box.forward(form.build(isElsewhere ? other : form.base)) },
  );
  return undefined;
}

function judged(box: Box): readonly At[] | Misfit {
  const { form, seed } = box;
  const uniform = uniformFrom(seed);
  const { length } = outputOf(box, form.base);
  const g = cotangentOf(length, uniformFrom(seed + 1));
  const misfit = settled(box, g);
  if (misfit !== undefined) return misfit;
  const judge = (point: Point): At => ({
    point,
    judgement: judgePoint(box, point, length, uniform),
    method,
    notes: [],
    gradient: undefined,
  });
  const at = [judge(form.base)];
  const count = at[0]!.judgement.kind === "domain" ? 0 : form.size > large ? 0 : box.points;
  for (let i = 0; i < count; i++) {
    const found = firstDefined((amount) => judge(perturbed(form.leaves, form.base, amount, uniform)));
    if (found !== undefined) at.push(found);
  }
  settled(box, g);
  return at;
}

const method = "finite differences of ⟨cotangent, forward⟩";

function judgePoint(box: Box, point: Point, length: number, uniform: () => number): Judgement {
  const { form } = box;
  const g = cotangentOf(length, uniform);
  const value = (where: Point): number => dot(g, outputOf(box, where, point));
  const centre = value(point);
  if (!Number.isFinite(centre)) return { kind: "domain", op: undefined, what: whatIsNotFinite(outputOf(box, point)) };
  const claimed = gradientAt(box, point, g);
  const bad = claimed.findIndex((row) => row.some((x) => !Number.isFinite(x)));
  if (bad >= 0) return { kind: "undecided", why: `backward gives a value that is not finite for ${form.leaves[bad]!.path}`, digits: 0 };
  const scales = scalesOf(form.leaves, point);
  return judgeByValues({
    leaves: form.leaves,
    point,
    scales,
    value,
    claimed,
    noise: noiseOf(box, point, g, claimed, scales, uniform),
    uniform,
  });
}

/** The first entry of an output that is not finite. */
function whatIsNotFinite(output: Float64Array): string {
  const at = output.findIndex((x) => !Number.isFinite(x));
  if (at < 0) return "the sum of what forward gives is not finite";
  return `forward gives ${output[at]}${output.length === 1 ? "" : ` at entry ${at}`}`;
}

function gradientAt(box: Box, point: Point, g: Float64Array): Point {
  const found = fitGradient(
    run("backward", () => box.backward(box.form.build(point), g.slice())),
    box.form,
  );
  if (!Array.isArray(found)) throw new Misbehaviour("backward returns arrays of other lengths at another point");
  return found;
}

/** The rounding noise of the claimed entries along a random direction, in float64 without moving float32 inputs; one rounding each where there are many. */
function noiseOf(box: Box, point: Point, g: Float64Array, claimed: Point, scales: Point, uniform: () => number): Point {
  const { leaves, size } = box.form;
  if (size > 256) return claimed.map((row, k) => row.map((x) => (leaves[k]!.dtype === "float32" ? 2 ** -22 : 2 ** -50) * Math.abs(x)));
  const everywhere = directionOf(scales, uniform);
  const wide = everywhere.map((row, k) => (leaves[k]!.dtype === "float32" ? new Float64Array(0) : row));
  const along = (direction: Point): ((t: number) => Point) => {
    const seen = new Map<number, Point>();
    return (t) => {
      let found = seen.get(t);
      if (found === undefined) seen.set(t, (found = gradientAt(box, alongDirection(point, direction, t), g)));
      return found;
    };
  };
  const [all, exact] = [along(everywhere), along(wide)];
  return claimed.map((row, k) => {
    const at = leaves[k]!.dtype === "float32" ? all : exact;
    return row.map((_, i) => 8 * noiseNear((t) => at(t)[k]![i]!));
  });
}

const reproductionOf =
  ({ functions, form, seed }: Box) =>
  (point: Point): string => {
    const arrays = form.leaves.map(({ dtype }, i) => {
      const row = point[i]!;
      return row.length > 64
        ? `/* ${formatShape(form.leaves[i]!.shape)} */`
        : `${dtype === "float32" ? "Float32Array" : "Float64Array"}.of(${Array.from(row).join(", ")})`;
    });
    const at = Array.isArray(form.build(point))
      ? `[${arrays.join(", ")}]`
      : `{ ${form.keys.map((key, i) => `${/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key)}: ${arrays[i]}`).join(", ")} }`;
    const lines = [`const at = ${at};`, `console.log(String(checkBackward(forward, backward, { at, seed: ${seed}, points: 0 })));`];
    return programText("checkBackward", functions, lines);
  };
