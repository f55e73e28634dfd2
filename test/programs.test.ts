// Random programs over the op table, compiled: values and gradients lie within the rounding that error analysis allows.
import { type ExpressionGraph, expressionGraphs } from "@cotangent/check";
import { jit } from "@cotangent/compile";
import { arange, grad, type Tensor } from "@cotangent/core";
import { evaluate, isFloat, recordFunction, type RunningError, runningError, toSystem, Undecided } from "@cotangent/core/engine";
import fc from "fast-check";
import { expect, it } from "vitest";

/** Error bounds of what a function of float64 tensors computes op by op; undefined where rounding decides a branch. */
function boundsOf(f: (inputs: readonly Tensor[]) => readonly Tensor[], inputs: readonly Tensor[]): number[][] | undefined {
  try {
    return evaluate(
      recordFunction(f, inputs),
      runningError,
      inputs.map((x) => toSystem(x, runningError)),
    ).map(({ values }) => Array.from(values, (x) => (typeof x === "number" ? 0 : (x as RunningError).error)));
  } catch (thrown) {
    if (thrown instanceof Undecided) return undefined;
    throw thrown;
  }
}

/** Compiled functions are within four times the bounds of the ones they stand for, and order sums otherwise. */
const slack = 64;

function expectEqual(f: (inputs: readonly Tensor[]) => readonly Tensor[], inputs: readonly Tensor[]): void {
  const bounds = boundsOf(f, inputs);
  if (bounds === undefined) return;
  const wanted = f(inputs);
  const got = jit(f)(inputs);
  wanted.forEach((y, k) => {
    const x = got[k]!;
    expect([x.dtype, x.shape]).toEqual([y.dtype, y.shape]);
    const [xs, ys] = [x.values, y.values];
    for (let i = 0; i < ys.length; i++) {
      if (Object.is(xs[i], ys[i])) continue;
      const bound = bounds[k]![i]!;
      if (!Number.isFinite(bound)) continue;
      if (Math.abs(xs[i]! - ys[i]!) <= slack * bound + 4 * 2 ** -52 * Math.abs(ys[i]!)) continue;
      expect(`output ${k}[${i}] is ${xs[i]}`).toBe(`output ${k}[${i}] is ${ys[i]} within ${slack} · ${bound}`);
    }
  });
}

/** A float scalar of everything a program gives, no entry like another. */
const lossOf = (program: ExpressionGraph, inputs: readonly Tensor[]): Tensor | undefined => {
  const parts = program.run(inputs).filter((x) => isFloat(x.dtype));
  if (parts.length === 0) return undefined;
  return parts.map((x) => x.mul(arange(x.size).add(1).cos().reshape(x.shape)).sum()).reduce((x, y) => x.add(y));
};

const programs = Number(process.env.COTANGENT_PROGRAMS ?? 300);

it(`${programs} random programs, compiled and op by op`, { timeout: 3_600_000 }, () => {
  fc.assert(
    fc.property(expressionGraphs({ steps: [1, 10] }), (program) => {
      expectEqual(program.run, program.inputs);
      if (lossOf(program, program.inputs) !== undefined)
        expectEqual((inputs) => grad((xs: readonly Tensor[]) => lossOf(program, xs)!)(inputs), program.inputs);
    }),
    { numRuns: programs },
  );
});
