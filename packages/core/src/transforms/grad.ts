/** Gradients of scalar functions by one reverse sweep. */
import { ones } from "../create.ts";
import { argumentError } from "../errors.ts";
import { zerosOf } from "../define/movement.ts";
import { pullback } from "../sweep.ts";
import { forget, type Tensor } from "../tensor.ts";
import { differentiated, recordCall, released, scalarOutput, type Wrt } from "./arguments.ts";

export interface GradOptions<W extends Wrt = Wrt> {
  /** The arguments to differentiate: an index or a list of them; 0 by default. */
  readonly wrt?: W;
  /** The function returns `[output, aux]`, and aux is handed on. */
  readonly aux?: boolean;
}

/** The gradient's type: the struct of one argument, or a tuple of structs. */
export type Gradient<A extends readonly unknown[], W> = W extends readonly number[] ? { [K in keyof W]: W[K] extends keyof A ? A[W[K]] : never } : W extends keyof A ? A[W] : A[0];

/**
 * The function that gives the value and the gradient of a scalar function, in one pass.
 *
 * `f` maps structs of tensors to a float scalar (with `aux: true`, to `[scalar, aux]`). The gradient has the struct of argument `wrt`.
 * Throws where the output is not a float scalar or a leaf is not a float tensor.
 * @example
 * ```ts
 * const f = (x: Tensor) => x.mul(x).sum();
 * const [value, gradient] = valueAndGrad(f)(tensor([1, 2, 3]));
 * value; // => tensor(14, float64)
 * gradient; // => tensor([2, 4, 6], float64)
 * ```
 */
export function valueAndGrad<A extends readonly unknown[], X, const W extends Wrt = 0>(
  f: (...args: A) => readonly [Tensor, X],
  options: GradOptions<W> & { readonly aux: true },
): (...args: A) => [value: Tensor, gradient: Gradient<A, W>, aux: X];
export function valueAndGrad<A extends readonly unknown[], const W extends Wrt = 0>(
  f: (...args: A) => Tensor,
  options?: GradOptions<W> & { readonly aux?: false },
): (...args: A) => [value: Tensor, gradient: Gradient<A, W>];
export function valueAndGrad(f: (...args: never[]) => unknown, options: GradOptions = {}): (...args: unknown[]) => unknown[] {
  return (...args) => differentiate("valueAndGrad", f, options, args);
}

/**
 * The function that gives the gradient of a scalar function; see `valueAndGrad` for shapes, options and errors.
 * @example
 * ```ts
 * grad((x: Tensor) => sin(x))(tensor(0)); // => tensor(1, float64)
 * ```
 */
export function grad<A extends readonly unknown[], X, const W extends Wrt = 0>(
  f: (...args: A) => readonly [Tensor, X],
  options: GradOptions<W> & { readonly aux: true },
): (...args: A) => [gradient: Gradient<A, W>, aux: X];
export function grad<A extends readonly unknown[], const W extends Wrt = 0>(
  f: (...args: A) => Tensor,
  options?: GradOptions<W> & { readonly aux?: false },
): (...args: A) => Gradient<A, W>;
export function grad(f: (...args: never[]) => unknown, options: GradOptions = {}): (...args: unknown[]) => unknown {
  return (...args) => {
    const [, gradient, ...aux] = differentiate("grad", f, options, args);
    return options.aux ? [gradient, ...aux] : gradient;
  };
}

function differentiate(transform: string, f: (...args: never[]) => unknown, options: GradOptions, args: readonly unknown[]): unknown[] {
  if (typeof f !== "function") throw argumentError(transform, "the first argument is not a function", f, "give a function of tensors");
  const inputs = differentiated(transform, args, options.wrt ?? 0);
  const call = recordCall(transform, f, inputs, options.aux ?? false);
  const out = scalarOutput(transform, call);
  const cotangents = pullback(call.graph, [ones([], out.dtype)]);
  const gradient = inputs.pack(cotangents.map((g, i) => forget(g ?? zerosOf(inputs.leaves[i]!))));
  return options.aux ? [forget(out), gradient, released(call.aux)] : [forget(out), gradient];
}
