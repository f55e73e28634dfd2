/** W6: one block of a transformer, with the norms in front: causal attention over several heads, then two dense layers with GELU between. */
import {
  arange,
  expandDims,
  gelu,
  greaterEqual,
  matmul,
  matrixTranspose,
  mean,
  rsqrt,
  softmax,
  split,
  square,
  sub,
  type Tensor,
  transpose,
  valueAndGrad,
  variance,
  where,
} from "@cotangent/core";
import { addBias, columnSums, product, productTransposed, transposedProduct } from "../products.ts";
import { normal, type Workload } from "../workload.ts";

interface Block<T> {
  readonly gain1: T;
  readonly bias1: T;
  /** Queries, keys and values side by side. */
  readonly Wqkv: T;
  readonly bqkv: T;
  readonly Wo: T;
  readonly bo: T;
  readonly gain2: T;
  readonly bias2: T;
  readonly W1: T;
  readonly b1: T;
  readonly W2: T;
  readonly b2: T;
}

const epsilon = 1e-5;

function layerNorm(x: Tensor, gain: Tensor, bias: Tensor): Tensor {
  const last = { axes: -1, keepDims: true };
  return x
    .sub(mean(x, last))
    .mul(rsqrt(variance(x, last).add(epsilon)))
    .mul(gain)
    .add(bias);
}

function attention(x: Tensor, { Wqkv, bqkv, Wo, bo }: Block<Tensor>, heads: number): Tensor {
  const [batch, length, width] = x.shape as [number, number, number];
  const apart = (part: Tensor): Tensor => transpose(part.reshape([batch, length, heads, width / heads]), [0, 2, 1, 3]);
  const [q, k, v] = split(matmul(x, Wqkv).add(bqkv), 3, -1).map(apart) as [Tensor, Tensor, Tensor];
  const scores = matmul(q, matrixTranspose(k)).mul(1 / Math.sqrt(width / heads));
  const times = arange(length);
  const isPast = greaterEqual(expandDims(times, 1), times);
  const weights = softmax(where(isPast, scores, -Infinity));
  const mixed = transpose(matmul(weights, v), [0, 2, 1, 3]).reshape([batch, length, width]);
  return matmul(mixed, Wo).add(bo);
}

const lossOf =
  (heads: number) =>
  (block: Block<Tensor>, x: Tensor, target: Tensor): Tensor => {
    const { gain1, bias1, gain2, bias2, W1, b1, W2, b2 } = block;
    const attended = x.add(attention(layerNorm(x, gain1, bias1), block, heads));
    const widened = gelu(matmul(layerNorm(attended, gain2, bias2), W1).add(b1), { approximate: "tanh" });
    const out = attended.add(matmul(widened, W2).add(b2));
    return mean(square(sub(out, target)));
  };

interface Sizes {
  readonly batch: number;
  readonly length: number;
  readonly width: number;
  readonly heads: number;
}

interface Normalised {
  /** With mean 0 and variance 1. */
  readonly standard: Float64Array;
  /** 1/√(variance + ε) of each row. */
  readonly scales: Float64Array;
  readonly out: Float64Array;
}

function plainLayerNorm(x: Float64Array, gain: Float64Array, bias: Float64Array): Normalised {
  const width = gain.length;
  const [standard, out, scales] = [new Float64Array(x.length), new Float64Array(x.length), new Float64Array(x.length / width)];
  for (let i = 0, at = 0; i < scales.length; i++, at += width) {
    let [sum, squares] = [0, 0];
    for (let j = 0; j < width; j++) sum += x[at + j]!;
    const middle = sum / width;
    for (let j = 0; j < width; j++) squares += (x[at + j]! - middle) ** 2;
    const scale = (scales[i] = 1 / Math.sqrt(squares / width + epsilon));
    for (let j = 0; j < width; j++) {
      standard[at + j] = (x[at + j]! - middle) * scale;
      out[at + j] = standard[at + j]! * gain[j]! + bias[j]!;
    }
  }
  return { standard, scales, out };
}

/** The cotangents of the gain and the bias; that of the input is added to `gx` if there is one. */
function backLayerNorm(
  g: Float64Array,
  gain: Float64Array,
  { standard, scales }: Normalised,
  gx?: Float64Array,
): [Float64Array, Float64Array] {
  const width = gain.length;
  const ggain = new Float64Array(width);
  for (let i = 0, at = 0; i < scales.length; i++, at += width) {
    let [sum, along] = [0, 0];
    for (let j = 0; j < width; j++) {
      const s = standard[at + j]!;
      ggain[j]! += g[at + j]! * s;
      sum += g[at + j]! * gain[j]!;
      along += g[at + j]! * gain[j]! * s;
    }
    if (gx === undefined) continue;
    for (let j = 0; j < width; j++) {
      gx[at + j]! += scales[i]! * (g[at + j]! * gain[j]! - sum / width - (standard[at + j]! * along) / width);
    }
  }
  return [ggain, columnSums(g, width)];
}

interface Attended {
  /** [batch, heads, length, length] */
  readonly weights: Float64Array;
  readonly out: Float64Array;
}

function plainAttention(qkv: Float64Array, { batch, length, width, heads }: Sizes): Attended {
  const [depth, row] = [width / heads, 3 * width];
  const weights = new Float64Array(batch * heads * length * length);
  const out = new Float64Array(batch * length * width);
  const scale = 1 / Math.sqrt(depth);
  for (let n = 0; n < batch * heads; n++) {
    const first = Math.floor(n / heads) * length;
    const column = (n % heads) * depth;
    for (let i = 0; i < length; i++) {
      const line = weights.subarray((n * length + i) * length, (n * length + i + 1) * length);
      const query = (first + i) * row + column;
      let largest = -Infinity;
      for (let j = 0; j <= i; j++) {
        const key = (first + j) * row + width + column;
        let score = 0;
        for (let d = 0; d < depth; d++) score += qkv[query + d]! * qkv[key + d]!;
        line[j] = score * scale;
        if (line[j]! > largest) largest = line[j]!;
      }
      let sum = 0;
      for (let j = 0; j <= i; j++) sum += line[j] = Math.exp(line[j]! - largest);
      const to = (first + i) * width + column;
      for (let j = 0; j <= i; j++) {
        const weight = (line[j]! /= sum);
        const value = (first + j) * row + 2 * width + column;
        for (let d = 0; d < depth; d++) out[to + d]! += weight * qkv[value + d]!;
      }
    }
  }
  return { weights, out };
}

/** The cotangent of queries, keys and values. */
function backAttention(g: Float64Array, qkv: Float64Array, { weights }: Attended, { batch, length, width, heads }: Sizes): Float64Array {
  const [depth, row] = [width / heads, 3 * width];
  const gqkv = new Float64Array(qkv.length);
  const scale = 1 / Math.sqrt(depth);
  const gline = new Float64Array(length);
  for (let n = 0; n < batch * heads; n++) {
    const first = Math.floor(n / heads) * length;
    const column = (n % heads) * depth;
    for (let i = 0; i < length; i++) {
      const line = weights.subarray((n * length + i) * length, (n * length + i + 1) * length);
      const query = (first + i) * row + column;
      const from = (first + i) * width + column;
      let along = 0;
      for (let j = 0; j <= i; j++) {
        const value = (first + j) * row + 2 * width + column;
        let sum = 0;
        for (let d = 0; d < depth; d++) {
          sum += g[from + d]! * qkv[value + d]!;
          gqkv[value + d]! += line[j]! * g[from + d]!;
        }
        gline[j] = sum;
        along += sum * line[j]!;
      }
      for (let j = 0; j <= i; j++) {
        const key = (first + j) * row + width + column;
        const gscore = line[j]! * (gline[j]! - along) * scale;
        for (let d = 0; d < depth; d++) {
          gqkv[query + d]! += gscore * qkv[key + d]!;
          gqkv[key + d]! += gscore * qkv[query + d]!;
        }
      }
    }
  }
  return gqkv;
}

const [slope, bend] = [Math.sqrt(2 / Math.PI), 0.044715];
const plainGelu = (x: number): number => 0.5 * x * (1 + Math.tanh(slope * (x + bend * x ** 3)));
function geluSlope(x: number): number {
  const t = Math.tanh(slope * (x + bend * x ** 3));
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope * (1 + 3 * bend * x * x);
}

function plainGradient(block: Block<Float64Array>, x: Float64Array, target: Float64Array, sizes: Sizes): [number, Block<Float64Array>] {
  const { gain1, bias1, Wqkv, bqkv, Wo, bo, gain2, bias2, W1, b1, W2, b2 } = block;
  const { width } = sizes;
  const [rows, wide] = [x.length / width, b1.length];

  const norm1 = plainLayerNorm(x, gain1, bias1);
  const qkv = addBias(product(norm1.out, Wqkv, rows, width, 3 * width), bqkv);
  const attended = plainAttention(qkv, sizes);
  const middle = addBias(product(attended.out, Wo, rows, width, width, x.slice()), bo);
  const norm2 = plainLayerNorm(middle, gain2, bias2);
  const inner = addBias(product(norm2.out, W1, rows, width, wide), b1);
  const widened = inner.map(plainGelu);
  const out = addBias(product(widened, W2, rows, wide, width, middle.slice()), b2);

  let value = 0;
  const g = new Float64Array(out.length);
  for (let i = 0; i < out.length; i++) {
    const difference = out[i]! - target[i]!;
    value += difference * difference;
    g[i] = (2 * difference) / out.length;
  }

  const gW2 = transposedProduct(widened, g, wide, rows, width);
  const gb2 = columnSums(g, width);
  const ginner = productTransposed(g, W2, rows, width, wide);
  for (let i = 0; i < ginner.length; i++) ginner[i]! *= geluSlope(inner[i]!);
  const gW1 = transposedProduct(norm2.out, ginner, width, rows, wide);
  const [ggain2, gbias2] = backLayerNorm(productTransposed(ginner, W1, rows, wide, width), gain2, norm2, g);
  const gWo = transposedProduct(attended.out, g, width, rows, width);
  const gbo = columnSums(g, width);
  const gqkv = backAttention(productTransposed(g, Wo, rows, width, width), qkv, attended, sizes);
  const gWqkv = transposedProduct(norm1.out, gqkv, width, rows, 3 * width);
  const [ggain1, gbias1] = backLayerNorm(productTransposed(gqkv, Wqkv, rows, 3 * width, width), gain1, norm1);
  const gradient = {
    gain1: ggain1,
    bias1: gbias1,
    Wqkv: gWqkv,
    bqkv: columnSums(gqkv, 3 * width),
    Wo: gWo,
    bo: gbo,
    gain2: ggain2,
    bias2: gbias2,
    W1: gW1,
    b1: columnSums(ginner, wide),
    W2: gW2,
    b2: gb2,
  };
  return [value / out.length, gradient];
}

export function transformer(name: string, sizes: Sizes): Workload {
  const { batch, length, width, heads } = sizes;
  const wide = 4 * width;
  const tokens = batch * length;
  return {
    name,
    problem: "transformer",
    settings: { heads },
    title: `pre-norm transformer block, batch ${batch}, length ${length}, width ${width}, ${heads} heads, causal: value and gradient`,
    parameters: [0],
    operations: 6 * tokens * (width * 3 * width + width * width + 2 * width * wide + 2 * length * width),
    inputs: () => [
      {
        gain1: normal(1, [width], 0.1, 1),
        bias1: normal(2, [width], 0.1),
        Wqkv: normal(3, [width, 3 * width], 1 / Math.sqrt(width)),
        bqkv: normal(4, [3 * width], 0.1),
        Wo: normal(5, [width, width], 1 / Math.sqrt(width)),
        bo: normal(6, [width], 0.1),
        gain2: normal(7, [width], 0.1, 1),
        bias2: normal(8, [width], 0.1),
        W1: normal(9, [width, wide], 1 / Math.sqrt(width)),
        b1: normal(10, [wide], 0.1),
        W2: normal(11, [wide, width], 1 / Math.sqrt(wide)),
        b2: normal(12, [width], 0.1),
      },
      normal(13, [batch, length, width]),
      normal(14, [batch, length, width]),
    ],
    cotangent: valueAndGrad(lossOf(heads)),
    beside: { value: lossOf(heads) },
    plain: (block: Block<Float64Array>, x: Float64Array, target: Float64Array) => plainGradient(block, x, target, sizes),
  };
}
