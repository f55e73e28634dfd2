// Items cut into blocks of rows, however small: layers, normalisations, softmax, heads and their gradients, against op by op.
import * as core from "@cotangent/core";
import { grad, type Tensor, tensor } from "@cotangent/core";
import { closureOf, recordFunction, tensorOf } from "@cotangent/core/engine";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Cutting } from "../src/blocks.ts";
import { compileGraph } from "../src/executable.ts";

type Function = (...inputs: readonly Tensor[]) => readonly Tensor[];

/** What a function gives where it is cut like this, and what runs. */
function compiled(f: Function, inputs: readonly Tensor[], cutting: Cutting): { readonly outputs: Tensor[]; readonly loops: string } {
  const { graph } = closureOf(recordFunction((xs) => f(...xs), inputs, { abstract: true, reverse: false }));
  const { run, lowering } = compileGraph(graph, { cutting });
  const outputs = run(inputs).map((storage, i) => tensorOf(graph.outputs[i]!.shape, graph.outputs[i]!.dtype, storage));
  return { outputs, loops: lowering().loops };
}

/** The same numbers, but for the order of sums; infinities and NaN in the same places. */
function expectClose(got: readonly Tensor[], wanted: readonly Tensor[]): void {
  got.forEach((x, k) => {
    const [xs, ys] = [x.values, wanted[k]!.values];
    const size = Array.from(ys)
      .filter(Number.isFinite)
      .reduce((most, y) => Math.max(most, Math.abs(y)), 1e-300);
    for (let i = 0; i < ys.length; i++) {
      if (Object.is(xs[i], ys[i]) || Math.abs(xs[i]! - ys[i]!) <= 1e-11 * size) continue;
      expect(`output ${k}[${i}] is ${xs[i]}`).toBe(`output ${k}[${i}] is ${ys[i]}`);
    }
  });
}

const cuttings: fc.Arbitrary<Cutting> = fc.record({
  leastRows: fc.constant(2),
  leastBytes: fc.constant(0),
  nestBytes: fc.constantFrom(64, 300, 1000, 5000),
  productBytes: fc.constantFrom(500, 2000, 10_000, 1 << 20),
  leastHeight: fc.integer({ min: 1, max: 8 }),
});

/** Entries that are told apart, from a number. */
const entries = (seed: number, ...shape: number[]): Tensor => core.random.normal(core.random.key(seed), shape);

/** One layer: takes and gives rows, [batch, length, width]; the weights are its own. */
interface Layer {
  readonly name: string;
  readonly weights: (width: number, seed: number) => readonly Tensor[];
  readonly apply: (x: Tensor, weights: readonly Tensor[]) => Tensor;
}

const moments = (x: Tensor): [Tensor, Tensor] => [x.mean({ axes: -1, keepDims: true }), x.variance({ axes: -1, keepDims: true })];

const layers: readonly Layer[] = [
  {
    name: "dense",
    weights: (width, seed) => [entries(seed, width, width), entries(seed + 1, width)],
    apply: (x, [w, b]) => core.tanh(core.matmul(x, w!).add(b!)),
  },
  {
    name: "transposed",
    weights: (width, seed) => [entries(seed, width, width)],
    apply: (x, [w]) => core.gelu(core.matmul(x, core.transpose(w!))).add(x),
  },
  {
    name: "wide",
    weights: (width, seed) => [entries(seed, width, 3 * width), entries(seed + 1, 3 * width, width)],
    apply: (x, [w, v]) => core.matmul(core.relu(core.matmul(x, w!)), v!),
  },
  { name: "softmax", weights: () => [], apply: (x) => core.softmax(x, { axes: -1 }) },
  {
    name: "normalised",
    weights: (width, seed) => [entries(seed, width)],
    apply: (x, [scale]) => {
      const [mean, variance] = moments(x);
      return x
        .sub(mean)
        .div(core.sqrt(variance.add(0.1)))
        .mul(scale!);
    },
  },
  {
    name: "positions",
    weights: (width, seed) => [entries(seed, 1, width)],
    apply: (x, [p]) => x.mul(p!).add(core.arange(x.shape[1]!).reshape([-1, 1]).mul(0.1)),
  },
  {
    name: "attention",
    weights: (width, seed) => [entries(seed, width, 3 * width)],
    apply: (x, [w]) => {
      const [batch, length, width] = x.shape as [number, number, number];
      const parts = core.matmul(x, w!);
      const head = (i: number): Tensor => core.permute(core.split(parts, 3, -1)[i]!.reshape([batch, length, 2, width / 2]), [0, 2, 1, 3]);
      const scores = core.softmax(core.matmul(head(0), core.permute(head(1), [0, 1, 3, 2])).mul(0.3), { axes: -1 });
      return core.permute(core.matmul(scores, head(2)), [0, 2, 1, 3]).reshape(x.shape);
    },
  },
  {
    name: "centred over rows",
    weights: () => [],
    apply: (x) => x.sub(x.mean({ axes: [0, 1], keepDims: true })),
  },
];

interface Network {
  readonly shape: readonly [batch: number, length: number, width: number];
  readonly layers: readonly Layer[];
  readonly cutting: Cutting;
}

const networks: fc.Arbitrary<Network> = fc.record({
  shape: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 9 }), fc.constantFrom(4, 10, 12, 22)),
  layers: fc.array(fc.constantFrom(...layers), { minLength: 1, maxLength: 4 }),
  cutting: cuttings,
});

/** The output, a loss and the gradient of every weight and of the input. */
function functionOf({ layers: own, shape }: Network): { readonly f: Function; readonly inputs: readonly Tensor[] } {
  const weights = own.map((layer, i) => layer.weights(shape[2], 10 * i + 2));
  const run = (x: Tensor, flat: readonly Tensor[]): Tensor => {
    let at = 0;
    return own.reduce((y, layer, i) => layer.apply(y, flat.slice(at, (at += weights[i]!.length))), x);
  };
  const loss = (all: readonly Tensor[]): Tensor => run(all[0]!, all.slice(1)).square().sum();
  return { f: (...all) => [run(all[0]!, all.slice(1)), loss(all), ...grad(loss)(all)], inputs: [entries(1, ...shape), ...weights.flat()] };
}

describe("items in blocks of rows", () => {
  it("give what they give as a whole", () => {
    fc.assert(
      fc.property(networks, (network) => {
        const { f, inputs } = functionOf(network);
        expectClose(compiled(f, inputs, network.cutting).outputs, f(...inputs));
      }),
    );
  });

  it("are run in blocks, products with them", () => {
    const cutting = { leastRows: 2, leastBytes: 0, nestBytes: 1000, productBytes: 10_000, leastHeight: 2 };
    const network = { shape: [3, 8, 12], layers: layers.slice(0, 1), cutting } as const;
    const { f, inputs } = functionOf(network);
    expect(compiled(f, inputs, cutting).loops).toMatch(/rows, \d+ at a time\n {2}product_f64/);
  });

  it("correct a product where an exact zero of the cotangent met an infinity, in the block where it did", () => {
    const cutting = { leastRows: 2, leastBytes: 0, nestBytes: 1000, productBytes: 10_000, leastHeight: 2 };
    const [x, w] = [entries(1, 16, 12), entries(2, 12, 10).values.slice()];
    w[37] = Number.POSITIVE_INFINITY;
    // The cotangent of what a rectifier cuts off is exactly zero.
    const f: Function = (x, w) => [grad((x: Tensor) => core.tanh(core.relu(core.matmul(core.sin(x), w!))).sum())(x!)];
    const inputs = [x, tensor(w).reshape([12, 10])];
    const { outputs, loops } = compiled(f, inputs, cutting);
    expect(loops).toMatch(/rows, \d+ at a time(\n {2}.*)*\n {2}sum/);
    expectClose(outputs, f(...inputs));
    expect(Array.from(outputs[0]!.values).some(Number.isFinite)).toBe(true);
  });
});
