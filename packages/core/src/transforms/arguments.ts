/** What the transforms share: which arguments are differentiated, what their leaves are, what the output must be. */
import { checkFlag, checkOptions } from "../define/options.ts";
import { zerosOf } from "../define/movement.ts";
import { isFloat } from "../dtype.ts";
import { argumentError, clashError, counted, describe, dtypeLeafError, formatShape, notScalarError } from "../errors.ts";
import { type Graph, recordFunction, type RecordOptions } from "../graph.ts";
import { sameShape } from "../shape.ts";
import { checkSameForm, flatten, flattenTensors, type StructDefinition, type StructOf, unflatten } from "../struct.ts";
import { forget, isTensor, type Tensor } from "../tensor.ts";

/** An argument's index, or several. */
export type Wrt = number | readonly number[];

export interface DifferentiationOptions<W extends Wrt = Wrt> {
  /** The arguments to differentiate: an index or a list of them; 0 by default. */
  readonly wrt?: W;
  /** The function returns `[output, aux]`, and aux is handed on. */
  readonly aux?: boolean;
}

/** The argument list of a differentiated function: at the places `W` only structs of tensors are accepted. */
export type Arguments<A extends readonly unknown[], W> = {
  [K in keyof A]: K extends (W extends readonly number[] ? `${W[number]}` : W extends number ? `${W}` : never) ? StructOf<A[K]> : A[K];
};

/** A struct's own type; a tensor where the parameter takes numbers too. */
type Differentiable<T> = [Tensor] extends [T] ? Tensor : T;

/** The gradient's type: the struct of one argument, or a tuple of structs. */
export type Gradient<A extends readonly unknown[], W> = W extends readonly number[]
  ? { -readonly [K in keyof W]: W[K] extends keyof A ? Differentiable<A[W[K]]> : never }
  : W extends keyof A
    ? Differentiable<A[W]>
    : Differentiable<A[0]>;

/** A list with one struct for each differentiated argument. */
export type Tangents<A extends readonly unknown[], W> = W extends readonly number[] ? Gradient<A, W> : readonly [Gradient<A, W>];

type AnyFunction = (...args: never[]) => unknown;

/** Throws unless the transform got a function and an options object with the known keys; `call` is how its result is called. */
export function checkTransform(
  transform: string,
  f: unknown,
  options: unknown,
  known: readonly string[] = ["wrt", "aux"],
  call = "(x)",
): void {
  if (typeof f !== "function") throw argumentError(transform, "the first argument is not a function", f, "give a function of tensors");
  const whole = `${transform}(f)${call}`;
  if (flattenTensors(options).leaves.length > 0)
    throw argumentError(transform, "an argument stands where the options belong", options, `write ${whole}`);
  checkOptions(transform, options, known, whole);
  const { aux } = options as DifferentiationOptions;
  if (aux !== undefined) checkFlag(transform, "aux", aux);
}

/** The leaves of the differentiated arguments, and how to call a function with others in their place. */
export interface Differentiated {
  readonly leaves: readonly Tensor[];
  readonly definitions: readonly StructDefinition[];
  /** The full argument list with the leaves replaced. */
  readonly fill: (leaves: readonly Tensor[]) => unknown[];
  /** Leaves as the structs of the differentiated arguments: the struct itself if `wrt` is one index. */
  readonly pack: (leaves: readonly unknown[]) => unknown;
}

export function differentiated(transform: string, args: readonly unknown[], wrt: Wrt): Differentiated {
  const indices = checkIndices(transform, args, wrt);
  const parts = indices.map((index) => flatten(args[index], transform, `argument ${index}`));
  for (const part of parts) {
    part.leaves.forEach((leaf, i) => {
      if (!isFloat(leaf.dtype)) throw dtypeLeafError(transform, part.definition.leaves[i]!.path, leaf);
    });
  }
  const split = (leaves: readonly unknown[]): unknown[] => {
    let next = 0;
    return parts.map((part) => unflatten(part.definition, leaves.slice(next, (next += part.leaves.length))));
  };
  return {
    leaves: parts.length === 1 ? parts[0]!.leaves : parts.flatMap((part) => part.leaves),
    definitions: parts.map((part) => part.definition),
    fill: (leaves) => {
      const filled = [...args];
      split(leaves).forEach((struct, i) => {
        filled[indices[i]!] = struct;
      });
      return filled;
    },
    pack: (leaves) => {
      const structs = split(leaves);
      return typeof wrt === "number" ? structs[0] : structs;
    },
  };
}

function checkIndices(transform: string, args: readonly unknown[], wrt: Wrt): readonly number[] {
  const indices = typeof wrt === "number" ? [wrt] : wrt;
  if (!Array.isArray(indices) || indices.length === 0) {
    throw argumentError(transform, "wrt is not an argument index or a list of them", wrt, "give 0 for the first argument");
  }
  for (const index of indices) {
    if (Number.isInteger(index) && index >= 0 && index < args.length) continue;
    throw clashError(transform, "wrt names no argument", `${describe(index)} of ${counted(args.length, "argument")}`, "count them from 0");
  }
  if (indices.length > 1 && new Set(indices).size !== indices.length)
    throw argumentError(transform, "wrt names an argument twice", indices, "name each once");
  return indices;
}

/** A call of a person's function, recorded: the graph, the form of the output and what came beside it. */
export interface RecordedCall {
  readonly graph: Graph;
  readonly definition: StructDefinition;
  readonly aux: unknown;
}

export function recordCall(
  transform: string,
  f: AnyFunction,
  inputs: Differentiated,
  aux: boolean,
  options: RecordOptions = {},
): RecordedCall {
  let definition: StructDefinition | undefined;
  let beside: unknown;
  const graph = recordFunction(
    (leaves) => {
      let out = (f as (...args: unknown[]) => unknown)(...inputs.fill(leaves));
      if (aux) {
        if (!Array.isArray(out) || out.length !== 2)
          throw argumentError(transform, "with aux the function returns a pair", out, "return [output, aux]");
        [out, beside] = out as [unknown, unknown];
      }
      const flat = flatten(out, transform, "the output");
      definition = flat.definition;
      return flat.leaves;
    },
    inputs.leaves,
    options,
  );
  return { graph, definition: definition!, aux: beside };
}

/** The one float scalar a gradient is taken of. */
export function scalarOutput(transform: string, { graph, definition }: RecordedCall): Tensor {
  const [out, ...others] = graph.outputs;
  const bare = out !== undefined && others.length === 0 && definition.leaves[0]!.path === "the output";
  if (bare && out.rank === 0 && isFloat(out.dtype)) return out;
  const count = graph.outputs.length;
  throw notScalarError(transform, bare ? describe(out) : count === 0 ? "nothing" : `a struct of ${count} tensor${count === 1 ? "" : "s"}`);
}

/** Throws unless every leaf of the output is a float tensor. */
export function floatOutputs(transform: string, { graph, definition }: RecordedCall): readonly Tensor[] {
  graph.outputs.forEach((out, i) => {
    if (!isFloat(out.dtype)) throw dtypeLeafError(transform, definition.leaves[i]!.path, out);
  });
  return graph.outputs;
}

/** The leaves of a tangent or cotangent `what` given for a struct; null, where a whole struct is null, is zero. Throws where form or shape differ. */
export function matchingLeaves(
  transform: string,
  what: string,
  given: unknown,
  wanted: readonly Tensor[],
  definition: StructDefinition,
): (Tensor | null)[] {
  if (given === null || given === undefined) return wanted.map(() => null);
  const flat = flatten(given, transform, what);
  checkSameForm(transform, definition, flat.definition);
  flat.leaves.forEach((leaf, i) => {
    if (sameShape(leaf.shape, wanted[i]!.shape)) return;
    const clash = `${flat.definition.leaves[i]!.path} is ${formatShape(leaf.shape)}, ${definition.leaves[i]!.path} is ${formatShape(wanted[i]!.shape)}`;
    throw clashError(transform, `${what} has another shape than what it belongs to`, clash, "make them equal");
  });
  return flat.leaves;
}

/** Tangents or cotangents with zeros in place of null, cut off from recordings that have closed. */
export function settled(given: readonly (Tensor | null)[], like: readonly Tensor[]): Tensor[] {
  return given.map((g, i) => (g === null ? zerosOf(like[i]!) : forget(g)));
}

/** A struct of results, cut off from recordings that have closed. */
export function released(value: unknown): unknown {
  if (isTensor(value)) return forget(value);
  if (Array.isArray(value)) return value.map(released);
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, released(item)]));
  }
  return value;
}
