/** Recordings as objects for people: a function's graph, its backward pass as a graph, and names for values. */
import { argumentError } from "../errors.ts";
import { type Graph, recordFunction } from "../graph.ts";
import { labelOf, setLabel } from "../recording.ts";
import { flatten, flattenTensors, unflatten } from "../struct.ts";
import { isTensor, type Tensor } from "../tensor.ts";

/**
 * The graph of a function: runs it once on the given arguments and returns inputs, nodes in order and outputs.
 *
 * Every tensor in the arguments (also inside plain objects and arrays, whose keys then name it) becomes an input; the function returns a
 * struct of tensors. A graph prints as a listing; `reads` holds the lines at which the function read a value, for such a graph is the
 * function at these arguments only.
 * @example
 * ```ts
 * record((x: Tensor, y: Tensor) => x.mul(y).sum(), tensor([1, 2]), tensor([3, 4]));
 * // => inputs a:float64[2], b:float64[2]
 * // c:float64[2] = mul a b
 * // d:float64[] = sum[axes=[0]] c
 * // outputs d
 * ```
 */
export function record<A extends readonly unknown[]>(f: (...args: A) => unknown, ...args: A): Graph {
  if (typeof f !== "function") throw argumentError("record", "the first argument is not a function", f, "give a function of tensors");
  const flat = flattenTensors(args);
  return recordFunction((inputs) => {
    inputs.forEach((x, i) => nameInput(x, flat.leaves[i]!, flat.definition.leaves[i]!.path));
    return flatten(f(...unflatten<A>(flat.definition, inputs)), "record", "the output").leaves;
  }, flat.leaves);
}

/** An input is called what its argument is, else by its keys inside the argument: `layers[0].w` of `[0].layers[0].w`. */
function nameInput(x: Tensor, source: Tensor, path: string): void {
  const name = labelOf(source) ?? /^\[\d+\]\.(.+)$/.exec(path)?.[1];
  if (name !== undefined) setLabel(x, name);
}

/**
 * Names a tensor for printers and listings, and returns it.
 * @example
 * ```ts
 * record((x: Tensor) => label(x.square(), "x²").sum(), label(tensor([1, 2]), "x"));
 * // => inputs x:float64[2]
 * // x²:float64[2] = square x
 * // a:float64[] = sum[axes=[0]] x²
 * // outputs a
 * ```
 */
export function label(x: Tensor, name: string): Tensor {
  if (!isTensor(x)) throw argumentError("label", "the first argument is not a tensor", x, "give a tensor");
  if (typeof name !== "string" || name === "") throw argumentError("label", "the name is not a word", name, "give a non-empty string");
  setLabel(x, name);
  return x;
}
