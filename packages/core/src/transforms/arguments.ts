/** How transforms take a person's arguments apart: which are differentiated, where their leaves are, what the output must be. */
import { isFloat } from "../dtype.ts";
import { argumentError, dtypeLeafError, notScalarError } from "../errors.ts";
import { type Graph, recordFunction, type RecordOptions } from "../graph.ts";
import { flatten, type StructDefinition, unflatten } from "../struct.ts";
import { forget, isTensor, type Tensor } from "../tensor.ts";

/** The leaves of the differentiated arguments, and how to call a function with others in their place. */
export interface Differentiated {
  readonly leaves: readonly Tensor[];
  readonly definitions: readonly StructDefinition[];
  /** The full argument list with the leaves replaced. */
  readonly fill: (leaves: readonly Tensor[]) => unknown[];
  /** Leaves as the structs of the differentiated arguments: the struct itself if `wrt` is one index. */
  readonly pack: (leaves: readonly Tensor[]) => unknown;
}

export type Wrt = number | readonly number[];

export function differentiated(transform: string, args: readonly unknown[], wrt: Wrt): Differentiated {
  const indices = typeof wrt === "number" ? [wrt] : [...wrt];
  for (const index of indices) {
    if (!Number.isInteger(index) || index < 0 || index >= args.length) {
      throw argumentError(transform, `wrt names no argument of ${args.length}`, index, "give argument indices from 0");
    }
  }
  const parts = indices.map((index) => flatten(args[index], transform, `argument ${index + 1}`));
  for (const part of parts) {
    part.leaves.forEach((leaf, i) => {
      if (!isFloat(leaf.dtype)) throw dtypeLeafError(transform, part.definition.leaves[i]!.path, leaf);
    });
  }
  const split = (leaves: readonly Tensor[]): unknown[] => {
    let next = 0;
    return parts.map((part) => {
      const own = leaves.slice(next, next + part.leaves.length);
      next += part.leaves.length;
      return unflatten(part.definition, own);
    });
  };
  return {
    leaves: parts.flatMap((part) => part.leaves),
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

/** A call of a person's function, recorded: the graph, the form of the output and what came beside it. */
export interface RecordedCall {
  readonly graph: Graph;
  readonly definition: StructDefinition;
  readonly aux: unknown;
}

export function recordCall(transform: string, f: (...args: never[]) => unknown, inputs: Differentiated, aux: boolean, options: RecordOptions = {}): RecordedCall {
  let definition: StructDefinition | undefined;
  let beside: unknown;
  const graph = recordFunction(
    (leaves) => {
      let out = (f as (...args: unknown[]) => unknown)(...inputs.fill(leaves));
      if (aux) {
        if (!Array.isArray(out) || out.length !== 2) throw argumentError(transform, "with aux the function returns a pair", out, "return [output, aux]");
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
  const out = graph.outputs[0];
  if (graph.outputs.length !== 1 || definition.leaves[0]!.path !== "the output" || out!.rank !== 0 || !isFloat(out!.dtype)) {
    throw notScalarError(transform, graph.outputs.length === 1 ? out : { keys: definition.leaves.map(({ path }) => path) });
  }
  return out!;
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
