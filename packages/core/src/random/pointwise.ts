/**
 * The builder of ops that compute each entry by a loop of its own: samplers, from a key and the entry's place, and functions whose values
 * must be the same bits on every engine. It knows keys, counters, batching and partial derivatives; it knows no distribution.
 */
import { add, chainMul, typeOf } from "../define/elementwise.ts";
import { programOp } from "../define/program.ts";
import type { DType } from "../dtype.ts";
import { formatShape } from "../errors.ts";
import type { Expression, ScalarType } from "../expression.ts";
import { buildProgram, type Index, type Program, type ProgramBuilder } from "../loop/program.ts";
import { named } from "../notation.ts";
import { apply, type Lowered, type Op } from "../op.ts";
import { broadcastTo } from "../ops/movement.ts";
import { type Shape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { keySchedule, type Schedule, threefry, type Words } from "./threefry.ts";

/** What a sampler draws under one key; with batched keys there are axes in front of it. */
export interface Sample {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** One entry: its random blocks, as many as it asks for, and the parameters at its place, in variables. */
export interface Entry {
  /** The block of counter (t, place); the blocks of different t and of different places are independent. */
  readonly block: (t: Index) => Words;
  readonly parameters: readonly Expression[];
}

/** The partial derivative with respect to one float input, in ops of all inputs and the output. */
export type PartialDerivative<P> = (inputs: readonly Tensor[], out: Tensor, params: P) => Tensor;

export interface SamplerSpec {
  readonly name: string;
  /** How many tensors of the sample's shape follow the key. */
  readonly parameters: number;
  /** Run once at the head of the program, for what outlives an entry; the function it returns writes an entry. */
  readonly write: (b: ProgramBuilder, dtype: DType) => (entry: Entry) => Expression;
  /** One a parameter, of the key and the parameters; absent where the sample is a constant of its parameters. */
  readonly partials?: readonly PartialDerivative<Sample>[];
}

/** An op of a key [..., 2] and parameters of the output's shape [..., ...shape]. */
export function sampler(spec: SamplerSpec): Op<Sample> {
  const { partials } = spec;
  const programs = new Map<string, Program>();
  const op: Op<Sample> = programOp<Sample>({
    name: spec.name,
    notation: named(spec.name),
    infer: ([key], { shape, dtype }) => [{ shape: [...key!.shape.slice(0, -1), ...shape], dtype }],
    lower: ([key, ...parameters], { shape, dtype }): Lowered => {
      const types = parameters.map((x) => typeOf(x.dtype));
      const make = () => samplerProgram(spec, types, dtype);
      return { program: cached(programs, `${dtype} ${types}`, make), scalars: [], integers: [sizeOf(key!.shape) / 2, sizeOf(shape)] };
    },
    ...(partials === undefined
      ? {}
      : {
          pullback: ([g], inputs, [out], params) => [null, ...partials.map((partial) => chainMul(g!, partial(inputs, out!, params)))],
          pushforward: ([, ...t], inputs, [out], params) => [tangent(t, (i) => partials[i]!(inputs, out!, params))],
        }),
    lift: (inputs, batched, params, size) => apply(op, batchedInFront(inputs, batched, size), params),
    show: ({ shape, dtype }) => `${dtype}${formatShape(shape)}`,
  });
  return op;
}

export function cached<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let found = map.get(key);
  if (found === undefined) map.set(key, (found = make()));
  return found;
}

/** Inputs that all carry the batch axis. */
export function batchedInFront(inputs: readonly Tensor[], batched: readonly boolean[], size: number): Tensor[] {
  return inputs.map((x, i) => (batched[i] ? x : broadcastTo(x, [size, ...x.shape])));
}

function tangent(tangents: readonly (Tensor | null)[], partial: (i: number) => Tensor): Tensor | null {
  let sum: Tensor | null = null;
  tangents.forEach((t, i) => {
    if (t === null) return;
    const term = chainMul(t, partial(i));
    sum = sum === null ? term : add(sum, term);
  });
  return sum;
}

function samplerProgram(spec: SamplerSpec, types: readonly ScalarType[], dtype: DType): Program {
  return buildProgram(spec.name, (b) => {
    const keys = b.input("key", "int");
    const parameters = types.map((type, i) => b.input(`p${i}`, type));
    const out = b.output("out", typeOf(dtype));
    const count = b.integer("keys");
    const size = b.integer("n");
    const write = spec.write(b, dtype);
    forKeys(b, keys, count, (schedule, k) => {
      const first = b.let(b.times(k, size));
      b.for(0, size, (i) => {
        const place = b.plus(first, i);
        const values = parameters.map((parameter) => b.let(b.load(parameter, place)));
        b.store(out, place, write({ block: (t) => threefry(b, schedule, t, i), parameters: values }));
      });
    });
  });
}

/** A loop over keys with the schedule of each. */
export function forKeys(
  b: ProgramBuilder,
  keys: ReturnType<ProgramBuilder["input"]>,
  count: Index,
  body: (schedule: Schedule, k: Expression) => void,
): void {
  b.for(0, count, (k) => {
    const k0 = b.let(b.load(keys, b.times(k, 2)));
    const k1 = b.let(b.load(keys, b.plus(b.times(k, 2), 1)));
    body(keySchedule(b, k0, k1), k);
  });
}

export interface PointwiseSpec<P> {
  readonly name: string;
  /** How many inputs there are, all of one shape. */
  readonly arity: number;
  readonly write: (b: ProgramBuilder, params: P) => (inputs: readonly Expression[]) => Expression;
  readonly partials: readonly PartialDerivative<P>[];
  /** Distinguishes params that change the program. */
  readonly key?: (params: P) => string;
}

/** A float function of float inputs of one shape. */
export function pointwise<P = undefined>(spec: PointwiseSpec<P>): Op<P> {
  const { name, partials } = spec;
  const programs = new Map<string, Program>();
  const op: Op<P> = programOp<P>({
    name,
    notation: named(name),
    infer: ([x]) => [x!],
    lower: ([x], params): Lowered => {
      const make = () => pointwiseProgram(spec, params);
      return { program: cached(programs, spec.key?.(params) ?? "", make), scalars: [], integers: [sizeOf(x!.shape)] };
    },
    pullback: ([g], inputs, [out], params) => partials.map((partial) => chainMul(g!, partial(inputs, out!, params))),
    pushforward: (t, inputs, [out], params) => [tangent(t, (i) => partials[i]!(inputs, out!, params))],
    lift: (inputs, batched, params, size) => apply(op, batchedInFront(inputs, batched, size), params),
    ...(spec.key === undefined ? {} : { show: spec.key }),
  });
  return op;
}

function pointwiseProgram<P>(spec: PointwiseSpec<P>, params: P): Program {
  return buildProgram(spec.name, (b) => {
    const inputs = Array.from({ length: spec.arity }, (_, i) => b.input(`x${i}`, "float"));
    const out = b.output("out", "float");
    const size = b.integer("n");
    const write = spec.write(b, params);
    b.for(0, size, (i) => b.store(out, i, write(inputs.map((input) => b.let(b.load(input, i))))));
  });
}
