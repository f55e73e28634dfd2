// Every function of the op table, its value and its gradient, compiled: the same as op by op, within the published bounds.
import { drawCase, drawFrom } from "@cotangent/check";
import { jit } from "@cotangent/compile";
import * as core from "@cotangent/core";
import { isFloat, tableOf } from "@cotangent/core/engine";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const seed = (fc.readConfigureGlobal()?.seed ?? Date.now()) | 0;
const table = tableOf(core);

const draws = process.env.COTANGENT_SOAK === "1" ? 25 : 4;

const unit = { float64: 2 ** -53, float32: 2 ** -24, int32: 0, bool: 0 } as const;

/** Entries agree up to some hundred roundings of the largest among them. */
function expectClose(got: core.Tensor, wanted: core.Tensor, what: string, roundings = 200): void {
  expect(got.dtype, what).toBe(wanted.dtype);
  expect(got.shape, what).toEqual(wanted.shape);
  const [xs, ys] = [got.values, Array.from(wanted.values)];
  const size = ys.reduce((most, y) => (Number.isFinite(y) ? Math.max(most, Math.abs(y)) : most), 1);
  for (let i = 0; i < ys.length; i++) {
    if (Object.is(xs[i], ys[i])) continue;
    if (Math.abs(xs[i]! - ys[i]!) <= roundings * unit[wanted.dtype] * size) continue;
    expect(xs[i], `${what}, entry ${i} of ${wanted.shape}`).toBe(ys[i]);
  }
}

describe(`compiled and op by op, seed ${seed}`, () => {
  it.each(table)("%s", (name, op) => {
    for (let run = 0; run < draws; run++) {
      const subject = drawCase(op, drawFrom(seed + run), () => true);
      for (const dtype of ["float64", "float32"] as const) {
        const inputs = subject.inputs.map((x) => (isFloat(x.dtype) ? core.cast(x, dtype) : x));
        const f = (...xs: core.Tensor[]): readonly core.Tensor[] => subject.call(xs);
        const wanted = f(...inputs);
        jit(f)(...inputs).forEach((x, i) => expectClose(x, wanted[i]!, `${name} of ${inputs.map(String).join(", ")}`));
        const floats = inputs.map((_, i) => i).filter((i) => isFloat(inputs[i]!.dtype));
        if (floats.length === 0 || !wanted.some((x) => isFloat(x.dtype))) continue;
        const loss = (...xs: core.Tensor[]): core.Tensor =>
          f(...xs)
            .filter((x) => isFloat(x.dtype))
            .map((x) => x.mul(core.arange(x.size).add(1).reshape(x.shape).cast(x.dtype).cos()).sum())
            .reduce((x, y) => x.add(y));
        const gradient = core.grad(loss, { wrt: floats }) as unknown as typeof f;
        const slopes = gradient(...inputs);
        jit(gradient)(...inputs).forEach((x, i) =>
          expectClose(x, slopes[i]!, `gradient of ${name} by input ${floats[i]} of ${inputs.map(String).join(", ")}`),
        );
      }
    }
  });
});

const listed = table.flatMap(([name, op]) =>
  (op.row.conventions ?? []).map((convention) => [`${name} at ${convention.at}`, op, convention] as const),
);

describe("conventions at kinks and edges are the same compiled", () => {
  it.each(listed)("%s", (what, op, { arguments: given }) => {
    const inputs = given.map((value) => core.tensor(value as number | number[]));
    const f = op as unknown as (...xs: core.Tensor[]) => core.Tensor;
    const entriesOf = (x: core.Tensor): number[] => [...x.values];
    const wanted = f(...inputs);
    const [got, values] = [entriesOf(jit(f)(...inputs)), entriesOf(wanted)];
    values.forEach((value, i) => {
      if (!Object.is(got[i], value)) expect(got[i], what).toBeCloseTo(value, 14);
    });
    if (!isFloat(wanted.dtype) || !inputs.every((x) => isFloat(x.dtype))) return;
    const loss = (...xs: core.Tensor[]): core.Tensor => f(...xs).sum();
    const slope = core.grad(loss, { wrt: inputs.map((_, i) => i) }) as unknown as (...xs: core.Tensor[]) => readonly core.Tensor[];
    const slopes = slope(...inputs).map(entriesOf);
    jit(slope)(...inputs).forEach((x, i) =>
      entriesOf(x).forEach((entry, k) => {
        if (!Object.is(entry, slopes[i]![k]!)) expect(entry, `gradient of ${what}`).toBeCloseTo(slopes[i]![k]!, 12);
      }),
    );
  });
});
