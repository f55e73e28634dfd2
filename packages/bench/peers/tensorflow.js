// The workloads as one writes them with TensorFlow.js, on its WebAssembly or its JavaScript backend; float32 only.
import * as tf from "@tensorflow/tfjs";
import { setThreadsCount } from "@tensorflow/tfjs-backend-wasm";

const epsilon = 1e-5;
const rate = 0.1;

/** Value and gradients of f at the arrays of an object. */
function valueAndGradients(f, model) {
  const names = Object.keys(model);
  const named = (parts) => Object.fromEntries(names.map((name, i) => [name, parts[i]]));
  const { value, grads } = tf.valueAndGrads((...parts) => f(named(parts)))(Object.values(model));
  return [value, named(grads)];
}

function descended(f, model) {
  const [value, gradient] = valueAndGradients(f, model);
  return [value, Object.fromEntries(Object.entries(model).map(([name, x]) => [name, x.sub(gradient[name].mul(rate))]))];
}

const crossEntropy = (logits, y) => tf.neg(tf.mean(tf.sum(y.mul(tf.logSoftmax(logits)), 1)));

const logisticLoss = (X, y) => (theta) => {
  const h = tf.sigmoid(tf.dot(X, theta));
  return tf.neg(tf.mean(y.mul(tf.log(h)).add(tf.sub(1, y).mul(tf.log(tf.sub(1, h))))));
};

function layerNorm(x, gain, bias) {
  const { mean, variance } = tf.moments(x, -1, true);
  return x
    .sub(mean)
    .mul(tf.rsqrt(variance.add(epsilon)))
    .mul(gain)
    .add(bias);
}

function gelu(x) {
  const inner = x.add(x.mul(x).mul(x).mul(0.044715)).mul(Math.sqrt(2 / Math.PI));
  return x.mul(0.5).mul(tf.tanh(inner).add(1));
}

function attention(x, [batch, length, width], { Wqkv, bqkv, Wo, bo }, heads) {
  const apart = (part) => tf.transpose(tf.reshape(part, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
  const [q, k, v] = tf.split(tf.matMul(x, Wqkv).add(bqkv), 3, 1).map(apart);
  const future = tf.sub(1, tf.linalg.bandPart(tf.ones([length, length]), -1, 0)).mul(-1e9);
  const weights = tf.softmax(
    tf
      .matMul(q, k, false, true)
      .mul(1 / Math.sqrt(width / heads))
      .add(future),
  );
  const mixed = tf.reshape(tf.transpose(tf.matMul(weights, v), [0, 2, 1, 3]), [batch * length, width]);
  return tf.matMul(mixed, Wo).add(bo);
}

const layer = (x, kernel, bias) => tf.maxPool(tf.relu(tf.conv2d(x, kernel, 1, "same").add(bias)), 2, 2, "valid");

/** Each takes the inputs as tensors and gives tensors in the order of the workload's results. */
const problems = {
  logistic(theta, X, y) {
    const { value, grad } = tf.valueAndGrad(logisticLoss(X, y))(theta);
    return [value, grad];
  },
  curvature: (theta, v, X, y) => tf.grad((at) => tf.sum(tf.grad(logisticLoss(X, y))(at).mul(v)))(theta),
  perceptron: (model, X, y) =>
    descended(({ W1, b1, W2, b2 }) => crossEntropy(tf.relu(tf.matMul(X, W1).add(b1)).matMul(W2).add(b2), y), model),
  product: (A, B) => tf.matMul(A, B),
  productGradients(A, B, G) {
    let value;
    const gradients = tf.grads((a, b) => {
      value = tf.keep(tf.matMul(a, b));
      return value;
    })([A, B], G);
    return [value, gradients];
  },
  elementwise(x) {
    const { value, grad } = tf.valueAndGrad((at) =>
      tf.mean(
        tf
          .sin(at)
          .mul(tf.exp(tf.neg(tf.square(at))))
          .add(tf.tanh(at)),
      ),
    )(x);
    return [value, grad];
  },
  chain(start, { steps }) {
    const { value, grad } = tf.valueAndGrad((from) => {
      let x = from;
      for (let i = 0; i < steps; i++) x = tf.sin(x).mul(0.99).add(0.1);
      return x;
    })(start);
    return [value, grad];
  },
  transformer(model, x, target, { heads }) {
    const [batch, length, width] = x.shape;
    const [rows, wanted] = [tf.reshape(x, [-1, width]), tf.reshape(target, [-1, width])];
    return valueAndGradients((block) => {
      const { gain1, bias1, gain2, bias2, W1, b1, W2, b2 } = block;
      const attended = rows.add(attention(layerNorm(rows, gain1, bias1), [batch, length, width], block, heads));
      const widened = gelu(tf.matMul(layerNorm(attended, gain2, bias2), W1).add(b1));
      const out = attended.add(tf.matMul(widened, W2).add(b2));
      return tf.mean(tf.square(tf.sub(out, wanted)));
    }, model);
  },
  convolutional: (model, images, y) =>
    descended(({ K1, c1, K2, c2, W, b }) => {
      const features = layer(layer(images, K1, c1), K2, c2);
      return crossEntropy(tf.matMul(tf.reshape(features, [y.shape[0], -1]), W).add(b), y);
    }, model),
  sumOfSquares(x) {
    const { value, grad } = tf.valueAndGrad((at) => tf.sum(tf.square(at)))(x);
    return [value, grad];
  },
  recurrent: (model, xs, targets) =>
    valueAndGradients(({ Wx, Wh, b }) => {
      const [steps, batch, features] = xs.shape;
      const width = targets.shape[2];
      const inputs = tf.unstack(tf.reshape(tf.matMul(tf.reshape(xs, [-1, features]), Wx).add(b), [steps, batch, 4 * width]));
      let [h, c] = [tf.zeros([batch, width]), tf.zeros([batch, width])];
      const hidden = inputs.map((x) => {
        const [i, f, g, o] = tf.split(x.add(tf.matMul(h, Wh)), 4, 1);
        c = tf
          .sigmoid(f)
          .mul(c)
          .add(tf.sigmoid(i).mul(tf.tanh(g)));
        h = tf.sigmoid(o).mul(tf.tanh(c));
        return h;
      });
      return tf.mean(tf.square(tf.sub(tf.stack(hidden), targets)));
    }, model),
};

/** Other layouts than the workload's: channels last, as TensorFlow.js has them, and back for the comparison. */
const layouts = {
  convolutional: {
    arrange([{ K1, c1, K2, c2, W, b }, images, y]) {
      const filters = c2.shape[0];
      const side = Math.sqrt(W.shape[0] / filters);
      const dense = tf.reshape(tf.transpose(tf.reshape(W, [filters, side, side, -1]), [1, 2, 0, 3]), W.shape);
      const model = { K1: tf.transpose(K1, [2, 3, 1, 0]), c1, K2: tf.transpose(K2, [2, 3, 1, 0]), c2, W: dense, b };
      return [model, tf.transpose(images, [0, 2, 3, 1]), y];
    },
    restore([value, { K1, c1, K2, c2, W, b }]) {
      const filters = c2.shape[0];
      const side = Math.sqrt(W.shape[0] / filters);
      const dense = tf.reshape(tf.transpose(tf.reshape(W, [side, side, filters, -1]), [2, 0, 1, 3]), W.shape);
      return [value, { K1: tf.transpose(K1, [3, 2, 0, 1]), c1, K2: tf.transpose(K2, [3, 2, 0, 1]), c2, W: dense, b }];
    },
  },
};

export async function open(backend) {
  setThreadsCount(1);
  if (!(await tf.setBackend(backend))) throw new Error(`the ${backend} backend does not start`);
  tf.enableProdMode();
  /** The tensors of the last workload, for nothing else frees them. */
  let held = [];
  return {
    version: tf.version_core,
    prepare(problem, settings, data, mapData) {
      tf.dispose(held);
      const f = problems[problem];
      const { arrange, restore } = layouts[problem] ?? { arrange: (inputs) => inputs, restore: (out) => out };
      const given = data.map((part) => mapData(part, ({ shape, values }) => tf.tensor(Float32Array.from(values), shape)));
      const inputs = arrange(given);
      held = [given, inputs];
      const run = () => tf.tidy(() => f(...inputs, settings));
      return {
        /** The backends compute at once; the results stay where they are. */
        call: () => tf.dispose(run()),
        results() {
          const [raw, out] = tf.tidy(() => {
            const raw = run();
            return [raw, restore(raw)];
          });
          held.push(raw, out);
          return { out, isLeaf: (value) => value instanceof tf.Tensor, read: (leaf) => leaf.dataSync() };
        },
      };
    },
  };
}
