/** Reverse mode as a function: the value and the map from cotangents of the output to cotangents of the arguments. */
import { pullback } from "../sweep.ts";
import { unflatten } from "../struct.ts";
import { forget } from "../tensor.ts";
import {
  type Arguments,
  checkTransform,
  differentiated,
  type DifferentiationOptions,
  type Gradient,
  matchingLeaves,
  recordCall,
  released,
  settled,
  type Wrt,
} from "./arguments.ts";

/** The value of a function and its derivative there, transposed. */
export interface Vjp<R, G> {
  readonly value: R;
  /** The product of a cotangent of the output with the Jacobian: the gradient of `⟨g, f⟩`. */
  readonly pullback: (g: R) => G;
}

/**
 * The function that gives a function's value and its pullback, which may be called any number of times.
 *
 * `f` maps structs of tensors to a struct of tensors (with `aux: true`, to `[struct, aux]`); a cotangent has the output's form, and what the
 * pullback returns has the form of argument `wrt`. Throws where a differentiated leaf is not a float tensor or a cotangent does not fit.
 * @example
 * ```ts
 * const { value, pullback } = vjp((x: Tensor) => x.square())(tensor([1, 2]));
 * value; // => tensor([1, 4], float64)
 * pullback(tensor([1, 10])); // => tensor([ 2, 40], float64)
 * ```
 */
export function vjp<A extends readonly unknown[], R, X, const W extends Wrt = 0>(
  f: (...args: A) => readonly [R, X],
  options: DifferentiationOptions<W> & { readonly aux: true },
): (...args: Arguments<A, W>) => Vjp<R, Gradient<A, W>> & { readonly aux: X };
export function vjp<A extends readonly unknown[], R, const W extends Wrt = 0>(
  f: (...args: A) => R,
  options?: DifferentiationOptions<W> & { readonly aux?: false },
): (...args: Arguments<A, W>) => Vjp<R, Gradient<A, W>>;
export function vjp(f: (...args: never[]) => unknown, options: DifferentiationOptions = {}): (...args: unknown[]) => Vjp<unknown, unknown> {
  checkTransform("vjp", f, options);
  return (...args) => {
    const inputs = differentiated("vjp", args, options.wrt ?? 0);
    const { graph, definition, aux } = recordCall("vjp", f, inputs, options.aux ?? false);
    return {
      value: unflatten(definition, graph.outputs.map(forget)),
      pullback: (g) =>
        inputs.pack(settled(pullback(graph, matchingLeaves("vjp", "the cotangent", g, graph.outputs, definition)), inputs.leaves)),
      ...(options.aux ? { aux: released(aux) } : {}),
    };
  };
}
