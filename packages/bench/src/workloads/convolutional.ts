/** W8: one step of gradient descent on a small convolutional network for images of digits. */
import { convolution, logSoftmax, map, matmul, maxPool, mean, mul, neg, relu, sum, type Tensor, valueAndGrad } from "@cotangent/core";
import { addBias, columnSums, crossEntropyInPlace, descended, product, productTransposed, transposedProduct } from "../products.ts";
import { normal, oneHot, type Workload } from "../workload.ts";

interface Model<T> {
  readonly K1: T;
  readonly c1: T;
  readonly K2: T;
  readonly c2: T;
  readonly W: T;
  readonly b: T;
}

const rate = 0.1;

/** A convolution that keeps the sides, relu, and the largest of every 2×2. */
function layer(x: Tensor, kernel: Tensor, bias: Tensor): Tensor {
  const y = convolution(x, kernel, { padding: 1 }).add(bias.reshape([-1, 1, 1]));
  return maxPool(relu(y), { window: 2 });
}

function loss({ K1, c1, K2, c2, W, b }: Model<Tensor>, images: Tensor, y: Tensor): Tensor {
  const features = layer(layer(images, K1, c1), K2, c2);
  const logits = matmul(features.reshape([y.shape[0]!, -1]), W).add(b);
  return neg(mean(sum(mul(y, logSoftmax(logits)), { axes: 1 })));
}

function step(model: Model<Tensor>, images: Tensor, y: Tensor): [Tensor, Model<Tensor>] {
  const [value, gradient] = valueAndGrad(loss)(model, images, y);
  return [value, map((x, g) => x.sub(g.mul(rate)), model, gradient)];
}

/** Calls `row` for every pair of rows, of the input and of the output, that an entry of a 3×3 kernel joins. */
function eachRow(
  [batch, channels, filters, side]: readonly [number, number, number, number],
  row: (entry: number, from: number, to: number, length: number) => void,
): void {
  for (let n = 0; n < batch; n++) {
    for (let f = 0; f < filters; f++) {
      for (let c = 0; c < channels; c++) {
        const [from, to] = [(n * channels + c) * side * side, (n * filters + f) * side * side];
        for (let dy = -1; dy <= 1; dy++) {
          for (let dx = -1; dx <= 1; dx++) {
            const entry = ((f * channels + c) * 3 + dy + 1) * 3 + dx + 1;
            const left = Math.max(0, -dx);
            for (let y = Math.max(0, -dy); y < side - Math.max(0, dy); y++) {
              row(entry, from + (y + dy) * side + left + dx, to + y * side + left, side - Math.abs(dx));
            }
          }
        }
      }
    }
  }
}

interface Pooled {
  readonly out: Float64Array;
  /** Where in the layer each entry came from, or −1 where relu cut it off. */
  readonly origins: Int32Array;
}

type Sides = readonly [batch: number, channels: number, filters: number, side: number];

function plainLayer(x: Float64Array, kernel: Float64Array, bias: Float64Array, sides: Sides): Pooled {
  const [batch, , filters, side] = sides;
  const y = new Float64Array(batch * filters * side * side);
  for (let m = 0; m < batch * filters; m++) y.fill(bias[m % filters]!, m * side * side, (m + 1) * side * side);
  eachRow(sides, (entry, from, to, length) => {
    const weight = kernel[entry]!;
    for (let i = 0; i < length; i++) y[to + i]! += weight * x[from + i]!;
  });
  const half = side / 2;
  const out = new Float64Array(batch * filters * half * half);
  const origins = new Int32Array(out.length).fill(-1);
  for (let at = 0, m = 0; m < batch * filters; m++) {
    for (let i = 0; i < half; i++) {
      for (let j = 0; j < half; j++, at++) {
        const corner = m * side * side + 2 * i * side + 2 * j;
        for (const place of [corner, corner + 1, corner + side, corner + side + 1]) {
          if (y[place]! <= out[at]!) continue;
          out[at] = y[place]!;
          origins[at] = place;
        }
      }
    }
  }
  return { out, origins };
}

/** The cotangents of the kernel and the bias; that of the input is added to `gx` if there is one. */
function backLayer(
  g: Float64Array,
  x: Float64Array,
  kernel: Float64Array,
  { origins }: Pooled,
  sides: Sides,
  gx?: Float64Array,
): [Float64Array, Float64Array] {
  const [batch, , filters, side] = sides;
  const gy = new Float64Array(batch * filters * side * side);
  const gbias = new Float64Array(filters);
  for (let i = 0; i < g.length; i++) {
    const place = origins[i]!;
    if (place < 0) continue;
    gy[place] = g[i]!;
    gbias[Math.floor(place / (side * side)) % filters]! += g[i]!;
  }
  const gkernel = new Float64Array(kernel.length);
  eachRow(sides, (entry, from, to, length) => {
    let dot = 0;
    for (let i = 0; i < length; i++) dot += gy[to + i]! * x[from + i]!;
    gkernel[entry]! += dot;
  });
  if (gx !== undefined) {
    eachRow(sides, (entry, from, to, length) => {
      const weight = kernel[entry]!;
      for (let i = 0; i < length; i++) gx[from + i]! += weight * gy[to + i]!;
    });
  }
  return [gkernel, gbias];
}

interface Sizes {
  readonly batch: number;
  readonly side: number;
  readonly filters: readonly [number, number];
  readonly classes: number;
}

function plainStep(model: Model<Float64Array>, images: Float64Array, y: Float64Array, sizes: Sizes): [number, Model<Float64Array>] {
  const { K1, c1, K2, c2, W, b } = model;
  const {
    batch,
    side,
    filters: [first, second],
    classes,
  } = sizes;
  const [sides1, sides2] = [[batch, 1, first, side] as const, [batch, first, second, side / 2] as const];
  const features = (second * side * side) / 16;
  const pooled1 = plainLayer(images, K1, c1, sides1);
  const pooled2 = plainLayer(pooled1.out, K2, c2, sides2);
  const g = addBias(product(pooled2.out, W, batch, features, classes), b);
  const value = crossEntropyInPlace(g, y, classes);
  const gW = transposedProduct(pooled2.out, g, features, batch, classes);
  const gb = columnSums(g, classes);
  const gpooled1 = new Float64Array(pooled1.out.length);
  const [gK2, gc2] = backLayer(productTransposed(g, W, batch, classes, features), pooled1.out, K2, pooled2, sides2, gpooled1);
  const [gK1, gc1] = backLayer(gpooled1, images, K1, pooled1, sides1);
  const next = {
    K1: descended(K1, gK1, rate),
    c1: descended(c1, gc1, rate),
    K2: descended(K2, gK2, rate),
    c2: descended(c2, gc2, rate),
    W: descended(W, gW, rate),
    b: descended(b, gb, rate),
  };
  return [value, next];
}

export function convolutional(name: string, sizes: Sizes): Workload {
  const {
    batch,
    side,
    filters: [first, second],
    classes,
  } = sizes;
  const features = (second * side * side) / 16;
  return {
    name,
    problem: "convolutional",
    title: `CNN: conv ${first}, pool, conv ${second}, pool, dense; batch ${batch} of ${side}×${side}: one SGD step`,
    parameters: [0],
    operations: 2 * batch * (2 * 9 * first * side * side + (3 * 9 * first * second * side * side) / 4 + 3 * features * classes),
    inputs: () => [
      {
        K1: normal(1, [first, 1, 3, 3], 1 / 3),
        c1: normal(2, [first], 0.1),
        K2: normal(3, [second, first, 3, 3], 1 / Math.sqrt(9 * first)),
        c2: normal(4, [second], 0.1),
        W: normal(5, [features, classes], 1 / Math.sqrt(features)),
        b: normal(6, [classes], 0.1),
      },
      normal(7, [batch, 1, side, side]),
      oneHot(8, batch, classes),
    ],
    cotangent: step,
    beside: { value: loss },
    plain: (model: Model<Float64Array>, images: Float64Array, y: Float64Array) => plainStep(model, images, y, sizes),
  };
}
