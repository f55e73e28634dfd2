/** W10: a long short-term memory over a sequence, by scan. */
import { matmul, mean, scan, sigmoid, split, square, sub, tanh, type Tensor, valueAndGrad, zeros } from "@cotangent/core";
import { addBias, columnSums, product, productTransposed, transposedProduct } from "../products.ts";
import { normal, type Workload } from "../workload.ts";

interface Model<T> {
  /** Into the four gates, side by side: input, forget, cell, output. */
  readonly Wx: T;
  readonly Wh: T;
  readonly b: T;
}

/** The mean square distance of the hidden states from targets; the sequence is [steps, batch, features]. */
function loss({ Wx, Wh, b }: Model<Tensor>, xs: Tensor, targets: Tensor): Tensor {
  const [, batch, width] = targets.shape;
  const start = zeros([batch!, width!], xs.dtype);
  const step = ([h, c]: readonly [Tensor, Tensor], x: Tensor): [readonly [Tensor, Tensor], Tensor] => {
    const [i, f, g, o] = split(x.add(matmul(h, Wh)), 4, 1) as [Tensor, Tensor, Tensor, Tensor];
    const cell = sigmoid(f)
      .mul(c)
      .add(sigmoid(i).mul(tanh(g)));
    const hidden = sigmoid(o).mul(tanh(cell));
    return [[hidden, cell], hidden];
  };
  const [, hidden] = scan(step, [start, start] as const, matmul(xs, Wx).add(b));
  return mean(square(sub(hidden, targets)));
}

interface Sizes {
  readonly steps: number;
  readonly batch: number;
  readonly features: number;
  readonly width: number;
}

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

function plainGradient(
  { Wx, Wh, b }: Model<Float64Array>,
  xs: Float64Array,
  targets: Float64Array,
  sizes: Sizes,
): [number, Model<Float64Array>] {
  const { steps, batch, features, width } = sizes;
  const [gateWidth, state] = [4 * width, batch * width];
  const gates = addBias(product(xs, Wx, steps * batch, features, gateWidth), b);
  const cells = new Float64Array(steps * state);
  const squashed = new Float64Array(steps * state);
  const hidden = new Float64Array(steps * state);
  let value = 0;
  for (let t = 0; t < steps; t++) {
    const own = gates.subarray(t * batch * gateWidth, (t + 1) * batch * gateWidth);
    if (t > 0) product(hidden.subarray((t - 1) * state, t * state), Wh, batch, width, gateWidth, own);
    for (let r = 0; r < batch; r++) {
      for (let k = 0; k < width; k++) {
        const [at, gate] = [t * state + r * width + k, r * gateWidth + k];
        const i = (own[gate] = logistic(own[gate]!));
        const f = (own[gate + width] = logistic(own[gate + width]!));
        const g = (own[gate + 2 * width] = Math.tanh(own[gate + 2 * width]!));
        const o = (own[gate + 3 * width] = logistic(own[gate + 3 * width]!));
        cells[at] = i * g + (t > 0 ? f * cells[at - state]! : 0);
        squashed[at] = Math.tanh(cells[at]!);
        hidden[at] = o * squashed[at]!;
        value += (hidden[at]! - targets[at]!) ** 2;
      }
    }
  }
  const gWh = new Float64Array(Wh.length);
  let gHidden: Float64Array = new Float64Array(state);
  const gCell = new Float64Array(state);
  for (let t = steps - 1; t >= 0; t--) {
    const own = gates.subarray(t * batch * gateWidth, (t + 1) * batch * gateWidth);
    for (let r = 0; r < batch; r++) {
      for (let k = 0; k < width; k++) {
        const [s, gate] = [r * width + k, r * gateWidth + k];
        const at = t * state + s;
        const [i, f, g, o] = [own[gate]!, own[gate + width]!, own[gate + 2 * width]!, own[gate + 3 * width]!];
        const gh = gHidden[s]! + (2 * (hidden[at]! - targets[at]!)) / hidden.length;
        const gc = gCell[s]! + gh * o * (1 - squashed[at]! ** 2);
        own[gate] = gc * g * i * (1 - i);
        own[gate + width] = t > 0 ? gc * cells[at - state]! * f * (1 - f) : 0;
        own[gate + 2 * width] = gc * i * (1 - g * g);
        own[gate + 3 * width] = gh * squashed[at]! * o * (1 - o);
        gCell[s] = gc * f;
      }
    }
    if (t === 0) break;
    transposedProduct(hidden.subarray((t - 1) * state, t * state), own, width, batch, gateWidth, gWh);
    gHidden = productTransposed(own, Wh, batch, gateWidth, width);
  }
  const gWx = transposedProduct(xs, gates, features, steps * batch, gateWidth);
  return [value / hidden.length, { Wx: gWx, Wh: gWh, b: columnSums(gates, gateWidth) }];
}

export function recurrent(name: string, sizes: Sizes): Workload {
  const { steps, batch, features, width } = sizes;
  return {
    name,
    problem: "recurrent",
    title: `LSTM over ${steps} steps by scan, batch ${batch}, ${features} → ${width}: value and gradient`,
    parameters: [0],
    operations: 2 * steps * batch * 4 * width * (2 * features + 3 * width),
    inputs: () => [
      {
        Wx: normal(1, [features, 4 * width], Math.sqrt(1 / features)),
        Wh: normal(2, [width, 4 * width], Math.sqrt(1 / width)),
        b: normal(3, [4 * width], 0.1),
      },
      normal(4, [steps, batch, features]),
      normal(5, [steps, batch, width], 0.5),
    ],
    cotangent: valueAndGrad(loss),
    beside: { value: loss },
    plain: (model: Model<Float64Array>, xs: Float64Array, targets: Float64Array) => plainGradient(model, xs, targets, sizes),
  };
}
