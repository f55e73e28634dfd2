/** W2: one step of gradient descent on a network with one hidden layer. */
import { logSoftmax, map, matmul, mean, mul, neg, relu, sum, type Tensor, valueAndGrad } from "@cotangent/core";
import { addBias, columnSums, crossEntropyInPlace, descended, product, productTransposed, transposedProduct } from "../products.ts";
import { normal, oneHot, type Workload } from "../workload.ts";

interface Model<T> {
  readonly W1: T;
  readonly b1: T;
  readonly W2: T;
  readonly b2: T;
}

const rate = 0.1;

function loss({ W1, b1, W2, b2 }: Model<Tensor>, X: Tensor, y: Tensor): Tensor {
  const hidden = relu(matmul(X, W1).add(b1));
  const logits = matmul(hidden, W2).add(b2);
  return neg(mean(sum(mul(y, logSoftmax(logits)), { axes: 1 })));
}

function step(model: Model<Tensor>, X: Tensor, y: Tensor): [Tensor, Model<Tensor>] {
  const [value, gradient] = valueAndGrad(loss)(model, X, y);
  return [value, map((x, g) => x.sub(g.mul(rate)), model, gradient)];
}

function plainStep({ W1, b1, W2, b2 }: Model<Float64Array>, X: Float64Array, y: Float64Array): [number, Model<Float64Array>] {
  const [width, classes] = [b1.length, b2.length];
  const [rows, features] = [y.length / classes, W1.length / width];
  const hidden = addBias(product(X, W1, rows, features, width), b1);
  for (let i = 0; i < hidden.length; i++) if (hidden[i]! < 0) hidden[i] = 0;
  const g = addBias(product(hidden, W2, rows, width, classes), b2);
  const value = crossEntropyInPlace(g, y, classes);
  const back = productTransposed(g, W2, rows, classes, width);
  for (let i = 0; i < back.length; i++) if (hidden[i] === 0) back[i] = 0;
  const next = {
    W1: descended(W1, transposedProduct(X, back, features, rows, width), rate),
    b1: descended(b1, columnSums(back, width), rate),
    W2: descended(W2, transposedProduct(hidden, g, width, rows, classes), rate),
    b2: descended(b2, columnSums(g, classes), rate),
  };
  return [value, next];
}

export function perceptron(name: string, rows: number, [features, width, classes]: readonly [number, number, number]): Workload {
  return {
    name,
    problem: "perceptron",
    title: `MLP ${features}-${width}-${classes}, batch ${rows}: one SGD step`,
    parameters: [0],
    operations: 2 * rows * (2 * features * width + 3 * width * classes),
    inputs: () => [
      {
        W1: normal(1, [features, width], Math.sqrt(2 / features)),
        b1: normal(2, [width], 0.1),
        W2: normal(3, [width, classes], Math.sqrt(1 / width)),
        b2: normal(4, [classes], 0.1),
      },
      normal(5, [rows, features]),
      oneHot(6, rows, classes),
    ],
    cotangent: step,
    beside: { value: loss },
    plain: plainStep,
  };
}
