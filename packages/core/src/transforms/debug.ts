/** Finding the first value that is not finite. */
import { argumentNonFiniteError } from "../errors.ts";
import { recordFunction } from "../graph.ts";
import { firstNonFinite } from "../op.ts";
import { flattenTensors, unflatten } from "../struct.ts";
import { entriesOf, type Tensor } from "../tensor.ts";
import { checkTransform, released } from "./arguments.ts";

/**
 * The same function, watched: it throws at the first value that is not finite, in the forward or in the backward pass, and names the op, its
 * shapes, the entry and the line of the caller's code that applied the op.
 *
 * Wrap the whole computation, `debug(grad(f))`, or a part of it, `grad((x) => debug(f)(x))`: the derivatives of what ran inside are checked
 * too. Inside, control flow runs step by step so that the op itself is named; under or over vmap the shapes and the entry named are those of the
 * whole batch, its axis in front. What does not depend on the arguments is not seen. It costs one pass over every value and a stack trace an op.
 * @example
 * ```ts
 * debug((x: Tensor) => x.log().sum())(tensor([1, 0]));
 * // => CotangentError: debug: the first non-finite value is in the forward pass — log of [2] gives -Infinity at [1] of [2]; look at …
 * ```
 */
export function debug<A extends readonly unknown[], R>(f: (...args: A) => R): (...args: A) => R {
  checkTransform("debug", f, {});
  return (...args) => {
    const flat = args.map((arg, i) => flattenTensors(arg, `argument ${i}`));
    for (const { leaves, definition } of flat) leaves.forEach((leaf, i) => checkArgument(leaf, definition.leaves[i]!.path));
    let out: R | undefined;
    recordFunction(
      (inputs) => {
        let next = 0;
        const own = flat.map(({ leaves, definition }) => unflatten(definition, inputs.slice(next, (next += leaves.length))));
        out = f(...(own as unknown as A));
        return [];
      },
      flat.flatMap(({ leaves }) => leaves),
      { debug: true },
    );
    return released(out) as R;
  };
}

function checkArgument(x: Tensor, path: string): void {
  const at = firstNonFinite(x);
  if (at >= 0) throw argumentNonFiniteError(path, x, at, entriesOf(x)[at]!);
}
