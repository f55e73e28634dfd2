// Convolution, its transpose and pooling against direct loops over places and window entries, in one to three dimensions.
import {
  avgPool,
  type ConvolutionOptions,
  convolution,
  convTranspose,
  type ConvTransposeOptions,
  grad,
  jvp,
  maxPool,
  mul,
  type PaddingOption,
  square,
  sum,
  type Tensor,
  tensor,
  vmap,
  zeros,
} from "@cotangent/core";
import { pullback, pushforward, recordFunction, sizeOf } from "@cotangent/core/engine";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const wave = (shape: readonly number[], seed = 1): Tensor =>
  tensor(
    Float64Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(seed * 12.9 + 78.233 * i) * 3),
    { shape },
  );

interface Geometry {
  readonly window: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly (readonly [number, number])[];
}

/** Every index below the sides, first axis slowest. */
function* indices(sides: readonly number[]): Generator<readonly number[]> {
  if (sides.length === 0) yield [];
  else for (let i = 0; i < sides[0]!; i++) for (const rest of indices(sides.slice(1))) yield [i, ...rest];
}

const flat = (index: readonly number[], shape: readonly number[]): number => index.reduce((at, i, axis) => at * shape[axis]! + i, 0);
const counts = (sides: readonly number[], { window, stride, dilation, padding }: Geometry): number[] =>
  sides.map(
    (side, axis) =>
      Math.floor((side + padding[axis]![0] + padding[axis]![1] - dilation[axis]! * (window[axis]! - 1) - 1) / stride[axis]!) + 1,
  );

/** For each place and window entry, where it is read: undefined in the padding. */
function* reads(
  sides: readonly number[],
  geometry: Geometry,
): Generator<{ readonly place: readonly number[]; readonly entry: readonly number[]; readonly from: readonly number[] | undefined }> {
  const { window, stride, dilation, padding } = geometry;
  for (const place of indices(counts(sides, geometry))) {
    for (const entry of indices(window)) {
      const from = place.map((o, axis) => o * stride[axis]! + entry[axis]! * dilation[axis]! - padding[axis]![0]);
      yield { place, entry, from: from.every((i, axis) => i >= 0 && i < sides[axis]!) ? from : undefined };
    }
  }
}

function directConvolution(
  x: Tensor,
  w: Tensor,
  geometry: Geometry,
  groups: number,
): { readonly shape: readonly number[]; readonly values: Float64Array } {
  const [n, c, ...sides] = x.shape as [number, number, ...number[]];
  const [f, own] = w.shape as [number, number];
  const shape = [n, f, ...counts(sides, geometry)];
  const values = new Float64Array(sizeOf(shape));
  for (let b = 0; b < n; b++) {
    for (let o = 0; o < f; o++) {
      for (let i = 0; i < own; i++) {
        const channel = Math.floor(o / (f / groups)) * (c / groups) + i;
        for (const { place, entry, from } of reads(sides, geometry)) {
          if (from !== undefined)
            values[flat([b, o, ...place], shape)]! +=
              x.values[flat([b, channel, ...from], x.shape)]! * w.values[flat([o, i, ...entry], w.shape)]!;
        }
      }
    }
  }
  return { shape, values };
}

const close = (got: Tensor, wanted: ArrayLike<number>, unit = 1e-12): void => {
  expect(got.values.length).toBe(wanted.length);
  got.values.forEach((value, i) => {
    if (value !== wanted[i] && !(Math.abs(value - wanted[i]!) <= unit * (1 + Math.abs(wanted[i]!))))
      expect(`entry ${i}: ${value}`).toBe(`${wanted[i]}`);
  });
};

const geometries = (most: number): fc.Arbitrary<{ readonly geometry: Geometry; readonly sides: readonly number[] }> =>
  fc
    .array(
      fc.record({
        window: fc.integer({ min: 1, max: 3 }),
        stride: fc.integer({ min: 1, max: 3 }),
        dilation: fc.integer({ min: 1, max: 2 }),
        before: fc.nat(2),
        after: fc.nat(2),
        more: fc.nat(3),
      }),
      { minLength: 1, maxLength: most },
    )
    .map((axes) => ({
      geometry: {
        window: axes.map(({ window }) => window),
        stride: axes.map(({ stride }) => stride),
        dilation: axes.map(({ dilation }) => dilation),
        padding: axes.map(({ before, after }) => [before, after] as const),
      },
      sides: axes.map(({ window, dilation, before, after, more }) => Math.max(1, dilation * (window - 1) + 1 - before - after) + more),
    }));

const channels = fc.record({
  n: fc.nat(2),
  groups: fc.integer({ min: 1, max: 2 }),
  c: fc.integer({ min: 1, max: 3 }),
  f: fc.integer({ min: 0, max: 2 }),
});

describe("convolution", () => {
  it("is the loop over places and window entries", () => {
    fc.assert(
      fc.property(geometries(3), channels, ({ geometry, sides }, { n, groups, c, f }) => {
        const [x, w] = [wave([n, groups * c, ...sides]), wave([groups * f, c, ...geometry.window], 2)];
        const { stride, dilation, padding } = geometry;
        const got = convolution(x, w, { stride, dilation, padding, groups });
        const wanted = directConvolution(x, w, geometry, groups);
        expect(got.shape).toEqual(wanted.shape);
        close(got, wanted.values);
      }),
      { numRuns: 150 },
    );
  });

  it("knows NumPy's correlate, Laplace's stencil and means of neighbours", () => {
    expect(convolution(tensor([[[1, 2, 3]]]), tensor([[[0, 1, 0.5]]]), { padding: 2 }).toArray()).toEqual([[[0.5, 2, 3.5, 3, 0]]]);
    const bowl = tensor(
      Array.from({ length: 25 }, (_, i) => (i % 5) ** 2 + Math.floor(i / 5) ** 2),
      { shape: [1, 1, 5, 5] },
    );
    const laplace = tensor([
      [
        [
          [0, 1, 0],
          [1, -4, 1],
          [0, 1, 0],
        ],
      ],
    ]);
    expect(convolution(bowl, laplace).toArray()).toEqual([
      [
        [
          [4, 4, 4],
          [4, 4, 4],
          [4, 4, 4],
        ],
      ],
    ]);
    expect(convolution(bowl, laplace.cast("float32")).dtype).toBe("float64");
    expect(convolution(tensor([[[1, 2, 3]]], "int32"), tensor([[[1, 1]]], "int32"))).toEqual(tensor([[[3, 5]]], "int32"));
  });

  it('"same" gives ⌈n/stride⌋ places rounded up, "valid" pads nothing', () => {
    for (const [side, window, stride, dilation] of [
      [7, 3, 1, 1],
      [7, 3, 2, 1],
      [8, 2, 3, 1],
      [5, 3, 2, 2],
      [4, 1, 2, 1],
      [3, 5, 1, 1],
    ] as const) {
      const [x, w] = [wave([1, 1, side]), wave([1, 1, window], 3)];
      expect(convolution(x, w, { padding: "same", stride, dilation }).shape).toEqual([1, 1, Math.ceil(side / stride)]);
      if (window * dilation <= side)
        expect(convolution(x, w, { padding: "valid", stride, dilation })).toEqual(convolution(x, w, { stride, dilation }));
    }
    expect(convolution(wave([1, 1, 4]), wave([1, 1, 3]), { padding: "same" })).toEqual(
      convolution(wave([1, 1, 4]), wave([1, 1, 3]), { padding: 1 }),
    );
    expect(convolution(wave([1, 1, 4]), wave([1, 1, 2]), { padding: "same" })).toEqual(
      convolution(wave([1, 1, 4]), wave([1, 1, 2]), { padding: [[0, 1]] }),
    );
  });

  it("takes one number for every axis, or a list", () => {
    const [x, w] = [wave([2, 3, 6, 5]), wave([2, 3, 2, 3], 4)];
    const plain = convolution(x, w, {
      stride: [2, 2],
      padding: [
        [1, 1],
        [1, 1],
      ],
      dilation: [1, 1],
    });
    expect(convolution(x, w, { stride: 2, padding: 1 })).toEqual(plain);
    expect(convolution(x, w, { stride: 2, padding: [1, [1, 1]] })).toEqual(plain);
  });

  it("has the derivatives of the loop, by both operands", () => {
    const geometry: Geometry = {
      window: [2, 2],
      stride: [2, 1],
      dilation: [1, 2],
      padding: [
        [1, 0],
        [0, 2],
      ],
    };
    const { stride, dilation, padding } = geometry;
    const [x, w] = [wave([2, 4, 5, 4]), wave([4, 2, 2, 2], 2)];
    const f = (a: Tensor, b: Tensor): Tensor => sum(square(convolution(a, b, { stride, dilation, padding, groups: 2 })));
    const [gx, gw] = grad(f, { wrt: [0, 1] })(x, w);
    const value = (a: Tensor, b: Tensor): number =>
      directConvolution(a, b, geometry, 2).values.reduce((total, entry) => total + entry ** 2, 0);
    const bump = (t: Tensor, i: number, by: number): Tensor =>
      tensor(
        Float64Array.from(t.values, (entry, at) => (at === i ? entry + by : entry)),
        { shape: t.shape },
      );
    // The function is quadratic in each operand, so central differences are exact but for rounding.
    close(
      gx!,
      Array.from(x.values, (_, i) => value(bump(x, i, 0.5), w) - value(bump(x, i, -0.5), w)),
      1e-10,
    );
    close(
      gw!,
      Array.from(w.values, (_, i) => value(x, bump(w, i, 0.5)) - value(x, bump(w, i, -0.5))),
      1e-10,
    );
  });

  it("leaves out a cotangent nobody asks for", () => {
    const w = wave([1, 1, 2]);
    const graph = recordFunction(
      ([k]) => {
        const inner = recordFunction(([own]) => [convolution(wave([1, 1, 5]), own!)], [k!]);
        return [pullback(inner, [wave([1, 1, 4])])[0]!];
      },
      [w],
    );
    expect(graph.nodes.map((node) => node.op.name)).not.toContain("convTranspose");
  });

  it("batches by folding the new axis into examples, kernels or groups", () => {
    const options: ConvolutionOptions = { stride: 2, padding: 1, groups: 2 };
    const [xs, ws] = [wave([3, 2, 4, 5]), wave([3, 6, 2, 3], 2)];
    const each = (f: (i: number) => Tensor): number[] => [0, 1, 2].flatMap((i) => Array.from(f(i).values));
    const [x, w] = [(i: number): Tensor => xs.slice(i), (i: number): Tensor => ws.slice(i)];
    close(
      vmap((a: Tensor) => convolution(a, w(0), options))(xs),
      each((i) => convolution(x(i), w(0), options)),
    );
    close(
      vmap((b: Tensor) => convolution(x(0), b, options))(ws),
      each((i) => convolution(x(0), w(i), options)),
    );
    close(
      vmap((a: Tensor, b: Tensor) => convolution(a, b, options))(xs, ws),
      each((i) => convolution(x(i), w(i), options)),
    );
    for (const f of [
      (a: Tensor) => convolution(a, w(0), options),
      (a: Tensor) => grad((b: Tensor) => sum(square(convolution(a, b, options))))(w(0)),
    ]) {
      const graph = recordFunction((all) => [vmap(f)(all[0]!)], [xs]);
      expect(graph.nodes.map((node) => node.op.name)).toContain("convolution");
      expect(graph.nodes.map((node) => node.op.name)).not.toContain("windows");
    }
    expect(vmap((a: Tensor, b: Tensor) => convolution(a, b, options))(zeros([0, 2, 4, 5]), zeros([0, 6, 2, 3])).shape).toEqual([
      0, 2, 6, 3,
    ]);
    expect(vmap((b: Tensor) => convolution(x(0), b, options))(zeros([0, 6, 2, 3])).shape).toEqual([0, 2, 6, 3]);
  });

  it("keeps what a zero cotangent meets out of the gradient", () => {
    const x = tensor([[[1, Infinity, 2, 3, 4]]]);
    const graph = recordFunction(([w]) => [convolution(x, w!)], [tensor([[[1, 2]]])]);
    expect(pullback(graph, [tensor([[[0, 0, 1, 1]]])])[0]!.toArray()).toEqual([[[5, 7]]]);
    expect(pushforward(graph, [zeros([1, 1, 2])])[0]!.toArray()).toEqual([[[0, 0, 0, 0]]]);
    const byInput = recordFunction(([v]) => [convolution(v!, tensor([[[NaN]]]))], [tensor([[[1, 2]]])]);
    expect(pullback(byInput, [tensor([[[0, 0]]])])[0]!.toArray()).toEqual([[[0, 0]]]);
  });

  it("empty batches and channels", () => {
    expect(convolution(zeros([0, 2, 5]), zeros([3, 2, 2])).shape).toEqual([0, 3, 4]);
    expect(convolution(zeros([2, 0, 5]), zeros([3, 0, 2])).toArray()).toEqual(zeros([2, 3, 4]).toArray());
  });
});

describe("convTranspose", () => {
  it("is the transpose of convolution: ⟨y, conv x⟩ = ⟨convTranspose y, x⟩, for every input of one output shape", () => {
    fc.assert(
      fc.property(geometries(3), channels, ({ geometry, sides }, { n, groups, c, f }) => {
        const { stride, dilation, padding, window } = geometry;
        const places = counts(sides, geometry);
        const least = places.map(
          (count, axis) => (count - 1) * stride[axis]! - padding[axis]![0] - padding[axis]![1] + dilation[axis]! * (window[axis]! - 1) + 1,
        );
        const [x, w] = [wave([n, groups * c, ...sides]), wave([groups * f, c, ...window], 2)];
        const y = wave([n, groups * f, ...places], 3);
        const options: ConvTransposeOptions = {
          stride,
          dilation,
          padding,
          groups,
          outputPadding: sides.map((side, axis) => side - least[axis]!),
        };
        const back = convTranspose(y, w, options);
        expect(back.shape).toEqual(x.shape);
        const [left, right] = [sum(mul(y, convolution(x, w, { stride, dilation, padding, groups }))).item(), sum(mul(back, x)).item()];
        expect(Math.abs(left - right)).toBeLessThanOrEqual(1e-10 * (1 + Math.abs(left)));
      }),
      { numRuns: 150 },
    );
  });

  it("spreads a kernel at every entry", () => {
    expect(convTranspose(tensor([[[1, 2, 0, 3]]]), tensor([[[1, 10]]])).toArray()).toEqual([[[1, 12, 20, 3, 30]]]);
    expect(convTranspose(tensor([[[1, 2]]]), tensor([[[1, 10]]]), { stride: 3, outputPadding: 1 }).toArray()).toEqual([
      [[1, 10, 0, 2, 20, 0]],
    ]);
    expect(convTranspose(wave([2, 3, 4, 5]), wave([3, 2, 3, 3]), { stride: 2, padding: "same" }).shape).toEqual([2, 2, 8, 10]);
  });
});

describe("pooling", () => {
  const values = (x: Tensor, geometry: Geometry): (number | undefined)[][] => {
    const [n, c, ...sides] = x.shape as [number, number, ...number[]];
    const found: (number | undefined)[][] = [];
    const each = sizeOf(geometry.window);
    for (const lead of indices([n, c])) {
      let k = 0;
      for (const { from } of reads(sides, geometry)) {
        if (k++ % each === 0) found.push([]);
        found[found.length - 1]!.push(from === undefined ? undefined : x.values[flat([...lead, ...from], x.shape)]);
      }
    }
    return found;
  };
  const present = (entries: readonly (number | undefined)[]): number[] => entries.filter((entry) => entry !== undefined);

  it("is the maximum or the mean of each window", () => {
    fc.assert(
      fc.property(geometries(3), fc.nat(2), fc.integer({ min: 1, max: 2 }), ({ geometry, sides }, n, c) => {
        const x = wave([n, c, ...sides]);
        const windows = values(x, geometry);
        close(
          maxPool(x, geometry),
          windows.map((entries) => Math.max(...present(entries))),
        );
        const mean = (entries: readonly (number | undefined)[], count: number): number =>
          present(entries).reduce((a, b) => a + b, 0) / count;
        close(
          avgPool(x, geometry),
          windows.map((entries) => mean(entries, entries.length)),
        );
        const bare = avgPool(x, { ...geometry, countPadding: false });
        windows.forEach((entries, i) => {
          const count = present(entries).length;
          if (count > 0) expect(Math.abs(bare.values[i]! - mean(entries, count))).toBeLessThan(1e-12);
          else expect(bare.values[i]).toBeNaN();
        });
      }),
      { numRuns: 100 },
    );
  });

  it("moves by its own window unless told otherwise", () => {
    const x = tensor([
      [
        [
          [1, 2, 3, 4],
          [5, 6, 7, 8],
          [9, 10, 11, 12],
          [13, 14, 15, 16],
        ],
      ],
    ]);
    expect(maxPool(x, { window: 2 }).toArray()).toEqual([
      [
        [
          [6, 8],
          [14, 16],
        ],
      ],
    ]);
    expect(avgPool(x, { window: [2, 4] }).toArray()).toEqual([[[[4.5], [12.5]]]]);
    expect(maxPool(x, { window: 3, stride: 1, padding: "same" }).shape).toEqual([1, 1, 4, 4]);
    expect(maxPool(x.cast("int32"), { window: 2 })).toEqual(
      tensor(
        [
          [
            [
              [6, 8],
              [14, 16],
            ],
          ],
        ],
        "int32",
      ),
    );
    expect(avgPool(x.cast("int32"), { window: 4 }).toArray()).toEqual([[[[8.5]]]]);
  });

  it("shares the gradient of a maximum among the entries that tie", () => {
    const g = grad((x: Tensor) => sum(mul(maxPool(x, { window: 3, stride: 2 }), tensor([[[6, 10]]]))));
    expect(g(tensor([[[1, 1, 1, 0, 1]]])).toArray()).toEqual([[[2, 2, 7, 0, 5]]]);
    expect(g(tensor([[[1, 2, 3, 0, 1]]])).toArray()).toEqual([[[0, 0, 16, 0, 0]]]);
    expect(grad((x: Tensor) => sum(maxPool(x, { window: 2, padding: 1 })))(tensor([[[-5, -6]]])).toArray()).toEqual([[[1, 1]]]);
    const padded = (x: Tensor): Tensor => maxPool(x, { window: 2, stride: 1, padding: 1 });
    const lowest = tensor([[[-Infinity, -Infinity]]]);
    expect(grad((x: Tensor) => sum(padded(x)))(lowest).toArray()).toEqual([[[1.5, 1.5]]]);
    expect(jvp(padded)([lowest], [tensor([[[1, 10]]])])[1].toArray()).toEqual([[[1, 5.5, 10]]]);
    const alone = (x: Tensor): Tensor => maxPool(x, { window: 2, padding: 2 });
    expect(grad((x: Tensor) => sum(alone(x)))(tensor([[[3, 4]]])).toArray()).toEqual([[[0, 1]]]);
    expect(jvp(alone)([tensor([[[3, 4]]])], [tensor([[[1, 10]]])])[1].toArray()).toEqual([[[0, 10, 0]]]);
  });

  it("spreads the gradient of a mean evenly", () => {
    const total = (padding: PaddingOption, countPadding: boolean) =>
      grad((x: Tensor) => sum(avgPool(x, { window: 2, stride: 1, padding, countPadding })))(tensor([[[1, 2, 3]]])).toArray();
    expect(total(0, true)).toEqual([[[0.5, 1, 0.5]]]);
    expect(total(1, true)).toEqual([[[1, 1, 1]]]);
    expect(total(1, false)).toEqual([[[1.5, 1, 1.5]]]);
  });
});

describe("messages", () => {
  const messageOf = (call: () => unknown): string => {
    try {
      call();
    } catch (thrown) {
      return (thrown as Error).message;
    }
    return "no error";
  };
  const [x, w] = [zeros([2, 4, 5]), zeros([6, 4, 3])];

  it("of convolutions", () => {
    expect(messageOf(() => convolution(zeros([4, 5]), zeros([4, 5])))).toMatchInlineSnapshot(
      `"convolution: not a batch of channels and a kernel of the same rank — [4, 5] with kernel [4, 5]; give [N, C, ...sides] and a kernel of as many axes, from one to five sides"`,
    );
    expect(messageOf(() => convolution(x, zeros([6, 4])))).toMatchInlineSnapshot(
      `"convolution: not a batch of channels and a kernel of the same rank — [2, 4, 5] with kernel [6, 4]; give [N, C, ...sides] and a kernel of as many axes, from one to five sides"`,
    );
    expect(messageOf(() => convolution(x, zeros([6, 3, 3])))).toMatchInlineSnapshot(
      `"convolution: the channels differ — [2, 4, 5] with kernel [6, 3, 3], 4 ≠ 3 · 1 groups; give a kernel of [O, C/groups, ...window]"`,
    );
    expect(messageOf(() => convolution(x, w, { groups: 2 }))).toMatchInlineSnapshot(
      `"convolution: the channels differ — [2, 4, 5] with kernel [6, 4, 3], 4 ≠ 4 · 2 groups; give a kernel of [O, C/groups, ...window]"`,
    );
    expect(messageOf(() => convolution(x, w, { groups: 4 }))).toMatchInlineSnapshot(
      `"convolution: groups do not divide the channels — [2, 4, 5] with kernel [6, 4, 3], 6 into 4; give a divisor"`,
    );
    expect(messageOf(() => convolution(x, w, { groups: 0 }))).toMatchInlineSnapshot(
      `"convolution: groups is not an integer of at least 1 — 0; give one"`,
    );
    expect(messageOf(() => convolution(x, zeros([6, 4, 6])))).toMatchInlineSnapshot(
      `"convolution: the window is longer than the padded axis — 6 on 5, axis -1; pad more or take a smaller window"`,
    );
    expect(messageOf(() => convolution(x, zeros([6, 4, 0])))).toMatchInlineSnapshot(
      `"convolution: the kernel's window is empty — [2, 4, 5] with kernel [6, 4, 0]; give it an entry on each axis"`,
    );
    expect(messageOf(() => convolution(x, w, { stride: 0 }))).toMatchInlineSnapshot(
      `"convolution: stride is not an integer from 1 up, nor a list of 1 — 0; give one for all axes or one an axis"`,
    );
    expect(messageOf(() => convolution(x, w, { stride: [1, 2] }))).toMatchInlineSnapshot(
      `"convolution: stride is not an integer from 1 up, nor a list of 1 — [1, 2]; give one for all axes or one an axis"`,
    );
    expect(messageOf(() => convolution(x, w, { dilation: 1.5 }))).toMatchInlineSnapshot(
      `"convolution: dilation is not an integer from 1 up, nor a list of 1 — 1.5; give one for all axes or one an axis"`,
    );
    expect(messageOf(() => convolution(x, w, { padding: "full" as never }))).toMatchInlineSnapshot(
      `"convolution: not a padding — "full"; give "same", "valid", an integer, or a list of 1 integers or [before, after]"`,
    );
    expect(messageOf(() => convolution(x, w, { padding: [1, 2] }))).toMatchInlineSnapshot(
      `"convolution: not a padding — [1, 2]; give "same", "valid", an integer, or a list of 1 integers or [before, after]"`,
    );
    expect(messageOf(() => convolution(x, w, { strides: 2 } as never))).toMatchInlineSnapshot(
      `"convolution: unknown option — "strides"; the options are stride, padding, dilation, groups"`,
    );
    expect(messageOf(() => convTranspose(x, zeros([5, 2, 3])))).toMatchInlineSnapshot(
      `"convTranspose: the channels differ — [2, 4, 5] with kernel [5, 2, 3], 4 ≠ 5; give a kernel of [C, O/groups, ...window]"`,
    );
    expect(messageOf(() => convTranspose(x, zeros([4, 2, 3]), { stride: 2, outputPadding: 2 }))).toMatchInlineSnapshot(
      `"convTranspose: no convolution has these outputs — [2, 4, 5] with kernel [4, 2, 3], axis -1 of 5 cannot come from 13; pad less, and outputPadding less than the stride"`,
    );
    expect(messageOf(() => convTranspose(x, zeros([4, 2, 1]), { padding: 4 }))).toMatchInlineSnapshot(
      `"convTranspose: no convolution has these outputs — [2, 4, 5] with kernel [4, 2, 1], axis -1 of 5 cannot come from -3; pad less, and outputPadding less than the stride"`,
    );
  });

  it("of pooling", () => {
    expect(messageOf(() => maxPool(zeros([4, 5]), { window: 2 }))).toMatchInlineSnapshot(
      `"maxPool: not a batch of channels — [4, 5]; give [N, C, ...sides]"`,
    );
    expect(messageOf(() => maxPool(x, {} as never))).toMatchInlineSnapshot(
      `"maxPool: window is not an integer from 1 up, nor a list of 1 — undefined; give one for all axes or one an axis"`,
    );
    expect(messageOf(() => maxPool(x, undefined as never))).toMatchInlineSnapshot(
      `"maxPool: the options are not an object — undefined; give an object with window, stride, padding, dilation"`,
    );
    expect(messageOf(() => avgPool(x, { window: 6 }))).toMatchInlineSnapshot(
      `"avgPool: the window is longer than the padded axis — 6 on 5, axis -1; pad more or take a smaller window"`,
    );
    expect(messageOf(() => avgPool(x, { window: 2, countPadding: 1 as never }))).toMatchInlineSnapshot(
      `"avgPool: countPadding is not a boolean — 1; give true or false"`,
    );
  });
});
