/** Recordings as objects for people: a function's graph, its backward pass as a graph, and names for values. */
import { ones } from "../create.ts";
import { isFloat } from "../dtype.ts";
import { argumentError, readError } from "../errors.ts";
import { type Graph, openGraph, recordFunction, walk, type Walker } from "../graph.ts";
import { apply } from "../op.ts";
import { labelOf, setLabel } from "../recording.ts";
import { pullback } from "../sweep.ts";
import { flatten, flattenTensors, unflatten } from "../struct.ts";
import { isTensor, Tensor } from "../tensor.ts";
import { settled } from "./arguments.ts";
import { placed } from "./call.ts";

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
 * The backward pass of a graph, as a graph: from the inputs of the first and one cotangent an output (called g) to the cotangents of the
 * inputs (that of x is called ∂x).
 *
 * The nodes of the forward pass that the backward pass needs come first. It is recorded at the values the first graph was recorded at, with
 * cotangents of one. Inputs and outputs that are not floats have no cotangent.
 * @example
 * ```ts
 * backward(record((x: Tensor) => x.sin(), tensor(1)));
 * // => inputs a:float64[], g:float64[]
 * // b:float64[] = cos a
 * // c:float64[] = chainMul g b
 * // outputs c
 * ```
 */
export function backward(graph: Graph): Graph {
  if (typeof graph !== "object" || graph === null || !Array.isArray(graph.nodes))
    throw argumentError("backward", "not a graph", graph, "give what record returns");
  if (graph.reads.length > 0 && !graph.inputs.every((x) => x.storage !== null)) throw readError("backward", graph.reads[0]!);
  const count = graph.inputs.length;
  const outputs = graph.outputs.filter((out) => isFloat(out.dtype));
  return recordFunction(
    (all, recording) => {
      const inputs = all.slice(0, count);
      inputs.forEach((x, i) => copyLabel(graph.inputs[i]!, x));
      const gs = all.slice(count);
      gs.forEach((g, i) => setLabel(g, gs.length === 1 ? "g" : `g${i + 1}`));
      const forward = openGraph(recording, inputs, walk(graph, inputs, labelled));
      const float = forward.outputs.map((out) => isFloat(out.dtype));
      const cotangents = settled(pullback(forward, placed(gs, float)), inputs);
      cotangents.forEach((x, i) => nameCotangent(x, inputs[i]!));
      return cotangents.filter((_, i) => isFloat(inputs[i]!.dtype));
    },
    [...graph.inputs.map(constantOf), ...outputs.map((out) => ones(out.shape, out.dtype))],
  );
}

/** Runs a graph again and keeps its names. */
const labelled: Walker<Tensor> = {
  constant: (x) => x,
  step: (node, inputs) => {
    const outputs = apply(node.op, inputs, node.params);
    outputs.forEach((out, i) => copyLabel(node.outputs[i]!, out));
    return outputs;
  },
};

/** The cotangent of x is called ∂x, unless it is something that has a name. */
function nameCotangent(cotangent: Tensor, x: Tensor): void {
  const name = labelOf(x);
  if (name !== undefined && labelOf(cotangent) === undefined) setLabel(cotangent, `∂${name}`);
}

/** The tensor as a value alone; by its shape where it has none. */
const constantOf = (x: Tensor): Tensor => new Tensor(x.shape, x.dtype, x.storage, null, 0);

function copyLabel(from: Tensor, to: Tensor): void {
  const name = labelOf(from);
  if (name !== undefined) setLabel(to, name);
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
