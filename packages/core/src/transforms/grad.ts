/** Gradients of scalar functions by one reverse sweep. */
import { pullback } from "../sweep.ts";
import { forget, scalarTensor, type Tensor } from "../tensor.ts";
import {
  type Arguments,
  checkTransform,
  differentiated,
  type DifferentiationOptions,
  type Gradient,
  recordCall,
  released,
  scalarOutput,
  settled,
  type Wrt,
} from "./arguments.ts";

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
  options: DifferentiationOptions<W> & { readonly aux: true },
): (...args: Arguments<A, W>) => [value: Tensor, gradient: Gradient<A, W>, aux: X];
export function valueAndGrad<A extends readonly unknown[], const W extends Wrt = 0>(
  f: (...args: A) => Tensor,
  options?: DifferentiationOptions<W> & { readonly aux?: false },
): (...args: Arguments<A, W>) => [value: Tensor, gradient: Gradient<A, W>];
export function valueAndGrad(f: (...args: never[]) => unknown, options: DifferentiationOptions = {}): (...args: unknown[]) => unknown[] {
  checkTransform("valueAndGrad", f, options);
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
  options: DifferentiationOptions<W> & { readonly aux: true },
): (...args: Arguments<A, W>) => [gradient: Gradient<A, W>, aux: X];
export function grad<A extends readonly unknown[], const W extends Wrt = 0>(
  f: (...args: A) => Tensor,
  options?: DifferentiationOptions<W> & { readonly aux?: false },
): (...args: Arguments<A, W>) => Gradient<A, W>;
export function grad(f: (...args: never[]) => unknown, options: DifferentiationOptions = {}): (...args: unknown[]) => unknown {
  checkTransform("grad", f, options);
  return gradientOf("grad", f, options);
}

/** The gradient on behalf of a transform, whose name its errors bear. */
export function gradientOf(
  transform: string,
  f: (...args: never[]) => unknown,
  options: DifferentiationOptions,
): (...args: readonly unknown[]) => unknown {
  return (...args) => {
    const [, gradient, ...aux] = differentiate(transform, f, options, args);
    return options.aux ? [gradient, ...aux] : gradient;
  };
}

function differentiate(
  transform: string,
  f: (...args: never[]) => unknown,
  options: DifferentiationOptions,
  args: readonly unknown[],
): unknown[] {
  const inputs = differentiated(transform, args, options.wrt ?? 0);
  const call = recordCall(transform, f, inputs, options.aux ?? false);
  const out = scalarOutput(transform, call);
  const gradient = inputs.pack(settled(pullback(call.graph, [scalarTensor(1, out.dtype)]), inputs.leaves));
  return options.aux ? [forget(out), gradient, released(call.aux)] : [forget(out), gradient];
}
