/** Forward mode: tangents pushed through a recorded function, once or as a linear function of its own. */
import { argumentError, counted } from "../errors.ts";
import { type Graph, recordFunction, replay } from "../graph.ts";
import { pushforward } from "../sweep.ts";
import { unflatten } from "../struct.ts";
import { forget, type Tensor } from "../tensor.ts";
import {
  type Arguments,
  checkTransform,
  type Differentiated,
  differentiated,
  type DifferentiationOptions,
  type Gradient,
  matchingLeaves,
  recordCall,
  released,
  settled,
  type Tangents,
  type Wrt,
} from "./arguments.ts";

/** One tangent an argument; null where an argument is not differentiated. */
export type PrimalTangents<A extends readonly unknown[]> = { readonly [K in keyof A]?: A[K] | null };

/**
 * The function that gives a function's value and its derivative along a direction: `jvp(f)(primals, tangents)` is `[value, tangent]`.
 *
 * `primals` is the argument list, `tangents` a list with one struct an argument, null for an argument that is held fixed; with `wrt`, one for
 * each index named there. With `aux: true` the function returns `[struct, aux]` and the result has aux as a third entry. Throws where a
 * tangent does not fit its primal.
 * @example
 * ```ts
 * const [value, tangent] = jvp((x: Tensor) => x.square())([tensor([1, 2])], [tensor([1, 10])]);
 * tangent; // => tensor([ 2, 40], float64)
 * ```
 */
export function jvp<A extends readonly unknown[], R, X, const W extends Wrt>(
  f: (...args: A) => readonly [R, X],
  options: DifferentiationOptions<W> & { readonly wrt: W; readonly aux: true },
): (primals: Arguments<A, W>, tangents: Tangents<A, W>) => [value: R, tangent: R, aux: X];
export function jvp<A extends readonly unknown[], R, const W extends Wrt>(
  f: (...args: A) => R,
  options: DifferentiationOptions<W> & { readonly wrt: W; readonly aux?: false },
): (primals: Arguments<A, W>, tangents: Tangents<A, W>) => [value: R, tangent: R];
export function jvp<A extends readonly unknown[], R, X>(
  f: (...args: A) => readonly [R, X],
  options: { readonly aux: true },
): (primals: A, tangents: PrimalTangents<A>) => [value: R, tangent: R, aux: X];
export function jvp<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  options?: { readonly aux?: false },
): (primals: A, tangents: PrimalTangents<A>) => [value: R, tangent: R];
export function jvp(f: (...args: never[]) => unknown, options: DifferentiationOptions = {}): (primals: never, tangents: never) => unknown {
  checkTransform("jvp", f, options, undefined, "(primals, tangents)");
  return pushforwardOf("jvp", f, options);
}

/** The value and the derivative along a direction on behalf of a transform, whose name its errors bear. */
export function pushforwardOf(
  transform: string,
  f: (...args: never[]) => unknown,
  options: DifferentiationOptions,
): (primals: readonly unknown[], tangents: readonly unknown[]) => readonly unknown[] {
  return (primals, tangents) => {
    const { wrt, given } = directions(transform, primals, tangents, options.wrt);
    const inputs = differentiated(transform, primals, wrt);
    const { graph, definition, aux } = recordCall(transform, f, inputs, options.aux ?? false, { reverse: false });
    const pushed = settled(pushforward(graph, tangentLeaves(transform, given, inputs)), graph.outputs);
    const out = [unflatten(definition, graph.outputs.map(forget)), unflatten(definition, pushed)];
    return options.aux ? [...out, released(aux)] : out;
  };
}

/** Which arguments move, and the tangents given for them. */
function directions(
  transform: string,
  primals: unknown,
  tangents: unknown,
  wrt: Wrt | undefined,
): { readonly wrt: readonly number[]; readonly given: readonly unknown[] } {
  if (!Array.isArray(primals)) throw argumentError(transform, "the primals are not a list", primals, "give the list of arguments");
  if (!Array.isArray(tangents))
    throw argumentError(transform, "the tangents are not a list", tangents, "give a list with one tangent an argument");
  if (wrt === undefined) {
    if (tangents.length > primals.length)
      throw argumentError(
        transform,
        `${counted(tangents.length, "tangent")} for ${counted(primals.length, "argument")}`,
        tangents,
        "give one each",
      );
    const moving = tangents.map((_, i) => i).filter((i) => tangents[i] !== null && tangents[i] !== undefined);
    if (moving.length === 0) throw argumentError(transform, "there is no tangent", tangents, "give one for each argument that moves");
    return { wrt: moving, given: moving.map((i) => tangents[i]) };
  }
  const indices = typeof wrt === "number" ? [wrt] : wrt;
  if (Array.isArray(indices) && tangents.length !== indices.length) {
    throw argumentError(
      transform,
      `${counted(tangents.length, "tangent")} for ${counted(indices.length, "argument")}`,
      tangents,
      "give one for each index in wrt",
    );
  }
  return { wrt: indices, given: tangents };
}

/** The leaves of a list of tangents, one for each differentiated argument. */
function tangentLeaves(transform: string, given: readonly unknown[], { leaves, definitions }: Differentiated): (Tensor | null)[] {
  let next = 0;
  return definitions.flatMap((definition, i) => {
    const own = leaves.slice(next, (next += definition.leaves.length));
    return matchingLeaves(transform, "the tangent", given[i], own, definition);
  });
}

/** The value of a function and its derivative there, a linear function. */
export interface Linearization<R, G> {
  readonly value: R;
  /** The product of the Jacobian with a tangent of the differentiated arguments. */
  readonly pushforward: (tangent: G) => R;
}

/**
 * The function that gives a function's value and its derivative as a linear function, for many tangents at one point.
 *
 * What depends on the point alone is computed once; each tangent then costs its linear part. The tangent has the form of argument `wrt`; it is
 * a list of structs where `wrt` is a list.
 * @example
 * ```ts
 * const { pushforward } = linearize((x: Tensor) => x.exp().sum())(tensor([0, 1]));
 * pushforward(tensor([1, 0])); // => tensor(1, float64)
 * ```
 */
export function linearize<A extends readonly unknown[], R, X, const W extends Wrt = 0>(
  f: (...args: A) => readonly [R, X],
  options: DifferentiationOptions<W> & { readonly aux: true },
): (...args: Arguments<A, W>) => Linearization<R, Gradient<A, W>> & { readonly aux: X };
export function linearize<A extends readonly unknown[], R, const W extends Wrt = 0>(
  f: (...args: A) => R,
  options?: DifferentiationOptions<W> & { readonly aux?: false },
): (...args: Arguments<A, W>) => Linearization<R, Gradient<A, W>>;
export function linearize(
  f: (...args: never[]) => unknown,
  options: DifferentiationOptions = {},
): (...args: unknown[]) => Linearization<unknown, never> {
  checkTransform("linearize", f, options);
  return (...args) => {
    const wrt = options.wrt ?? 0;
    const inputs = differentiated("linearize", args, wrt);
    const { graph, definition, aux } = recordCall("linearize", f, inputs, options.aux ?? false);
    const linear = linearGraph(graph);
    return {
      value: unflatten(definition, graph.outputs.map(forget)),
      pushforward: (tangent) => {
        if (typeof wrt !== "number" && !Array.isArray(tangent)) {
          throw argumentError("linearize", "the tangent is not a list", tangent, "give one tangent for each index in wrt");
        }
        const given = tangentLeaves("linearize", typeof wrt === "number" ? [tangent] : (tangent as unknown[]), inputs);
        return unflatten(definition, settled(replay(linear, settled(given, inputs.leaves)), graph.outputs));
      },
      ...(options.aux ? { aux: released(aux) } : {}),
    };
  };
}

/** The derivative of a graph at its own point as a graph from tangents to tangents. */
export function linearGraph(graph: Graph): Graph {
  return recordFunction(
    (tangents) => settled(pushforward(graph, tangents), graph.outputs),
    graph.inputs.map(({ shape, dtype }) => ({ shape, dtype })),
    {
      abstract: true,
    },
  );
}
