/** Whole Jacobians and Hessians: one sweep batched over a basis, and products with a Hessian. */
import { allocate } from "../dtype.ts";
import { checkChoice } from "../define/options.ts";
import { type Graph, recordFunction } from "../graph.ts";
import { permute, reshape, sliceAxis } from "../ops/movement.ts";
import { pullback } from "../sweep.ts";
import { unflatten } from "../struct.ts";
import { forget, type Tensor, tensorOf } from "../tensor.ts";
import {
  type Arguments,
  checkTransform,
  differentiated,
  type DifferentiationOptions,
  floatOutputs,
  type Gradient,
  recordCall,
  released,
  settled,
  type Tangents,
  type Wrt,
} from "./arguments.ts";
import { gradientOf } from "./grad.ts";
import { linearGraph, pushforwardOf } from "./jvp.ts";
import { batchGraph } from "./vmap.ts";

/** For each tensor of `R`, the struct `G`: the rows of a Jacobian by output, their columns by argument. */
export type Jacobian<R, G> = R extends Tensor ? G : { readonly [K in keyof R]: Jacobian<R[K], G> };

export interface JacobianOptions<W extends Wrt = Wrt> extends DifferentiationOptions<W> {
  /** One column a sweep or one row a sweep; by default whichever needs fewer. */
  readonly mode?: "forward" | "reverse";
}

/**
 * The function that gives the Jacobian of a function: for each tensor of the output, the struct of argument `wrt`, where the derivative of an
 * output of shape `[a, b]` by an input of shape `[c]` has shape `[a, b, c]`.
 *
 * With `aux: true` the function returns `[struct, aux]` and so does the Jacobian. Throws where a differentiated leaf or an output is not a
 * float tensor.
 * @example
 * ```ts
 * jacobian((x: Tensor) => x.square())(tensor([1, 2])); // => tensor([[2, 0],
 * //         [0, 4]], float64)
 * ```
 */
export function jacobian<A extends readonly unknown[], R, X, const W extends Wrt = 0>(
  f: (...args: A) => readonly [R, X],
  options: JacobianOptions<W> & { readonly aux: true },
): (...args: Arguments<A, W>) => [jacobian: Jacobian<R, Gradient<A, W>>, aux: X];
export function jacobian<A extends readonly unknown[], R, const W extends Wrt = 0>(
  f: (...args: A) => R,
  options?: JacobianOptions<W> & { readonly aux?: false },
): (...args: Arguments<A, W>) => Jacobian<R, Gradient<A, W>>;
export function jacobian(f: (...args: never[]) => unknown, options: JacobianOptions = {}): (...args: unknown[]) => unknown {
  checkTransform("jacobian", f, options, ["wrt", "aux", "mode"]);
  if (options.mode !== undefined) checkChoice("jacobian", "mode", options.mode, ["forward", "reverse"]);
  return jacobianOf("jacobian", f, options);
}

/** The Jacobian on behalf of a transform, whose name its errors bear. */
function jacobianOf(
  transform: string,
  f: (...args: never[]) => unknown,
  options: JacobianOptions,
): (...args: readonly unknown[]) => unknown {
  return (...args) => {
    const inputs = differentiated(transform, args, options.wrt ?? 0);
    const call = recordCall(transform, f, inputs, options.aux ?? false);
    const outputs = floatOutputs(transform, call);
    const mode = options.mode ?? (totalSize(inputs.leaves) < totalSize(outputs) ? "forward" : "reverse");
    const blocks = mode === "forward" ? forwardBlocks(call.graph) : reverseBlocks(call.graph);
    const rows = blocks.map((row) => inputs.pack(row.map(forget)));
    const whole = unflatten(call.definition, rows);
    return options.aux ? [whole, released(call.aux)] : whole;
  };
}

const totalSize = (xs: readonly Tensor[]): number => xs.reduce((total, x) => total + x.size, 0);

/** The unit vectors of a list of tensors, as a batch of such lists. */
function basis(xs: readonly Tensor[]): Tensor[] {
  const count = totalSize(xs);
  let first = 0;
  return xs.map(({ shape, dtype, size }) => {
    const entries = allocate(dtype, count * size);
    for (let i = 0; i < size; i++) entries[(first + i) * size + i] = 1;
    first += size;
    return tensorOf([count, ...shape], dtype, entries);
  });
}

/** Derivative blocks by output and input, all columns at once. */
function forwardBlocks(graph: Graph): Tensor[][] {
  const directions = basis(graph.inputs);
  const columns = batchGraph(
    linearGraph(graph),
    directions,
    directions.map(() => true),
    totalSize(graph.inputs),
  );
  return columns.map((column) => {
    const last = permute(column, [...column.shape.slice(1).map((_, axis) => axis + 1), 0]);
    return blocksAlong(last, last.rank - 1, graph.inputs, (block, x) => reshape(block, [...column.shape.slice(1), ...x.shape]));
  });
}

/** Derivative blocks by output and input, all rows at once. */
function reverseBlocks(graph: Graph): Tensor[][] {
  const { inputs, outputs } = graph;
  const transposed = recordFunction(
    (gs) => settled(pullback(graph, gs), inputs),
    outputs.map(({ shape, dtype }) => ({ shape, dtype })),
    { abstract: true },
  );
  const directions = basis(outputs);
  const rows = batchGraph(
    transposed,
    directions,
    directions.map(() => true),
    totalSize(outputs),
  );
  const byInput = rows.map((row, k) => blocksAlong(row, 0, outputs, (block, out) => reshape(block, [...out.shape, ...inputs[k]!.shape])));
  return outputs.map((_, i) => byInput.map((blocks) => blocks[i]!));
}

/** An axis cut into one block for each tensor of a list, as long as the tensor has entries. */
function blocksAlong(x: Tensor, axis: number, parts: readonly Tensor[], finish: (block: Tensor, part: Tensor) => Tensor): Tensor[] {
  let start = 0;
  return parts.map((part) => finish(sliceAxis(x, axis, start, (start += part.size)), part));
}

/**
 * The function that gives the Hessian of a scalar function: the Jacobian of its gradient, forward over reverse.
 *
 * For one tensor of shape `[n]` it has shape `[n, n]`; for structs it is a struct of structs, for `wrt` a list a tuple of tuples. With
 * `aux: true` the function returns `[scalar, aux]` and the result is `[hessian, aux]`.
 * @example
 * ```ts
 * hessian((x: Tensor) => x.prod())(tensor([2, 3])); // => tensor([[0, 1],
 * //         [1, 0]], float64)
 * ```
 */
export function hessian<A extends readonly unknown[], X, const W extends Wrt = 0>(
  f: (...args: A) => readonly [Tensor, X],
  options: DifferentiationOptions<W> & { readonly aux: true },
): (...args: Arguments<A, W>) => [hessian: Jacobian<Gradient<A, W>, Gradient<A, W>>, aux: X];
export function hessian<A extends readonly unknown[], const W extends Wrt = 0>(
  f: (...args: A) => Tensor,
  options?: DifferentiationOptions<W> & { readonly aux?: false },
): (...args: Arguments<A, W>) => Jacobian<Gradient<A, W>, Gradient<A, W>>;
export function hessian(f: (...args: never[]) => unknown, options: DifferentiationOptions = {}): (...args: unknown[]) => unknown {
  checkTransform("hessian", f, options);
  return jacobianOf("hessian", gradientOf("hessian", f, options), { ...options, mode: "forward" });
}

/**
 * The function that gives the product of a scalar function's Hessian with a direction, without forming the Hessian: `hvp(f)(primals, tangents)`.
 *
 * `primals` is the argument list, `tangents` a list with one struct for each index in `wrt` (0 by default); the product has the form of argument
 * `wrt`. It costs a small multiple of the gradient.
 * @example
 * ```ts
 * hvp((x: Tensor) => x.prod())([tensor([2, 3])], [tensor([1, 0])]); // => tensor([0, 1], float64)
 * ```
 */
export function hvp<A extends readonly unknown[], const W extends Wrt = 0>(
  f: (...args: A) => Tensor,
  options?: Omit<DifferentiationOptions<W>, "aux">,
): (primals: Arguments<A, W>, tangents: Tangents<A, W>) => Gradient<A, W>;
export function hvp(f: (...args: never[]) => unknown, options: DifferentiationOptions = {}): (primals: never, tangents: never) => unknown {
  checkTransform("hvp", f, options, ["wrt"], "(primals, tangents)");
  const wrt = options.wrt ?? 0;
  const push = pushforwardOf("hvp", gradientOf("hvp", f, { wrt }), { wrt });
  return (primals, tangents) => push(primals, tangents)[1];
}
