// Functions of functions, whose inner values are computed some vectors ahead: against op by op, at every length about a strip's and a vector's.
import { add, exp, log, mul, sigmoid, sin, sum, tanh, tensor, type Tensor, transpose } from "@cotangent/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jit } from "../src/index.ts";

/** Three levels of functions, some read again later, stored and summed over both axes. */
function levels(x: Tensor): Tensor[] {
  const [h, s] = [sigmoid(x), sin(x)];
  const l = log(add(h, 1));
  const t = tanh(mul(l, s));
  const all = add(mul(t, exp(l)), h);
  return [all, t, sum(all), sum(all, { axes: 0 }), sum(mul(all, l), { axes: 1 })];
}

const compiled = jit(levels);
const transposed = jit((x: Tensor) => levels(transpose(x)));

describe("functions of functions", () => {
  it("are those of op by op, whatever the length", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 400 }),
        fc.boolean(),
        fc.boolean(),
        (rows, columns, wide, turned) => {
          const entries = Array.from({ length: rows * columns }, (_, i) => 3 * Math.sin(i * i + 1));
          const x = tensor((wide ? Float64Array : Float32Array).from(entries)).reshape([rows, columns]);
          const [found, expected] = turned ? [transposed(x), levels(transpose(x))] : [compiled(x), levels(x)];
          const tolerance = wide ? 1e-14 : 4e-6;
          found.forEach((out, k) => {
            const right = expected[k]!.values;
            const scale = Math.max(...[...right].map(Math.abs), 1);
            [...out.values].forEach((value, i) =>
              expect(Math.abs(value - right[i]!), `entry ${i} of ${k}`).toBeLessThanOrEqual(tolerance * scale),
            );
          });
        },
      ),
      { numRuns: Number(process.env.COTANGENT_CASES ?? 40) },
    );
  });

  it("pass on what is not finite, each to its own entry", () => {
    const special = [Number.NaN, Infinity, -Infinity, 0, -0, 800, -800, 1e-310, -1e308];
    const x = tensor(Float64Array.from({ length: 200 }, (_, i) => (i % 7 === 3 ? special[i % special.length]! : i / 50)));
    const nested = (y: Tensor): Tensor => log(sigmoid(log(exp(y))));
    expect([...jit(nested)(x).values].map((value) => value.toPrecision(13))).toEqual(
      [...nested(x).values].map((value) => value.toPrecision(13)),
    );
  });
});
