// The workloads as one writes them with jax-js, compiled to WebAssembly by its jit; float32. Each use of an array but the last takes `.ref`.
import { createRequire } from "node:module";
import { defaultDevice, init, jit, jvp, lax, grad, nn, numpy as np, tree, valueAndGrad, vjp, Array as JaxArray } from "@jax-js/jax";

const packageFile = createRequire(import.meta.url)("./package.json");
const epsilon = 1e-5;
const rate = 0.1;

/** Value and gradient of a scalar function at its first argument. */
const gradientOf = (f) => jit((...inputs) => valueAndGrad(f)(...inputs));

const descending = (f) =>
  jit((model, ...data) => {
    const [value, gradient] = valueAndGrad(f)(tree.ref(model), ...data);
    return [value, tree.map((x, g) => x.sub(g.mul(rate)), model, gradient)];
  });

const oneMinus = (x) => np.subtract(1, x);
const crossEntropy = (logits, y) => np.mean(np.sum(y.mul(nn.logSoftmax(logits)), 1)).neg();

function logisticLoss(theta, X, y) {
  const h = nn.sigmoid(np.dot(X, theta));
  return np.mean(y.ref.mul(np.log(h.ref)).add(oneMinus(y).mul(np.log(oneMinus(h))))).neg();
}

function layerNorm(x, gain, bias) {
  const centred = x.ref.sub(np.mean(x, -1, { keepdims: true }));
  const variance = np.mean(np.square(centred.ref), -1, { keepdims: true });
  return centred
    .div(np.sqrt(variance.add(epsilon)))
    .mul(gain)
    .add(bias);
}

function attention(x, Wqkv, bqkv, Wo, bo, heads) {
  const [batch, length, width] = x.shape;
  const apart = (part) => part.reshape([batch, length, heads, width / heads]).transpose([0, 2, 1, 3]);
  const [q, k, v] = np.split(np.matmul(x, Wqkv).add(bqkv), 3, -1).map(apart);
  const scores = np.matmul(q, k.transpose([0, 1, 3, 2])).mul(1 / Math.sqrt(width / heads));
  const isPast = np.tri(length, length, 0, { dtype: np.bool });
  const weights = nn.softmax(np.where(isPast, scores, -Infinity), -1);
  return np.matmul(np.matmul(weights, v).transpose([0, 2, 1, 3]).reshape([batch, length, width]), Wo).add(bo);
}

function layer(x, kernel, bias) {
  const y = nn.relu(lax.conv(x, kernel, [1, 1], "SAME").add(bias.reshape([-1, 1, 1])));
  return lax.reduceWindow(y, (window) => np.max(window), [2, 2], [2, 2]);
}

/** For each workload a function of its settings that gives the compiled function of its inputs. */
const problems = {
  logistic: () => gradientOf(logisticLoss),
  curvature: () =>
    jit((theta, v, X, y) => {
      const [primal, tangent] = jvp((at) => grad(logisticLoss)(at, X, y), [theta], [v]);
      primal.dispose();
      return tangent;
    }),
  perceptron: () => descending(({ W1, b1, W2, b2 }, X, y) => crossEntropy(np.matmul(nn.relu(np.matmul(X, W1).add(b1)), W2).add(b2), y)),
  product: () => jit((A, B) => np.matmul(A, B)),
  productGradients: () =>
    jit((A, B, G) => {
      const [value, pullback] = vjp(np.matmul, [A, B]);
      return [value, pullback(G)];
    }),
  elementwise: () =>
    gradientOf((x) =>
      np.mean(
        np
          .sin(x.ref)
          .mul(np.exp(np.square(x.ref).neg()))
          .add(np.tanh(x)),
      ),
    ),
  /** In compiled pieces: traced as one, a thousand steps overflow the stack of jax-js. */
  chain({ steps }) {
    const length = 50;
    const piece = jit((start) => {
      let x = start;
      for (let i = 0; i < length; i++) x = np.sin(x).mul(0.99).add(0.1);
      return x;
    });
    return gradientOf((start) => {
      let x = start;
      for (let i = 0; i < steps; i += length) x = piece(x);
      return x;
    });
  },
  transformer: ({ heads }) =>
    gradientOf(({ gain1, bias1, Wqkv, bqkv, Wo, bo, gain2, bias2, W1, b1, W2, b2 }, x, target) => {
      const attended = x.ref.add(attention(layerNorm(x, gain1, bias1), Wqkv, bqkv, Wo, bo, heads));
      const widened = nn.gelu(np.matmul(layerNorm(attended.ref, gain2, bias2), W1).add(b1), { approximate: true });
      const out = attended.add(np.matmul(widened, W2).add(b2));
      return np.mean(np.square(out.sub(target)));
    }),
  convolutional: () =>
    descending(({ K1, c1, K2, c2, W, b }, images, y) => {
      const features = layer(layer(images, K1, c1), K2, c2);
      return crossEntropy(np.matmul(features.reshape([y.shape[0], -1]), W).add(b), y);
    }),
  sumOfSquares: () => gradientOf((x) => np.sum(np.square(x))),
  recurrent: () =>
    gradientOf(({ Wx, Wh, b }, xs, targets) => {
      const [steps, batch] = xs.shape;
      const width = targets.shape[2];
      const inputs = np.split(np.matmul(xs, Wx).add(b), steps, 0);
      let [h, c] = [np.zeros([batch, width]), np.zeros([batch, width])];
      const hidden = inputs.map((x) => {
        const [i, f, g, o] = np.split(x.reshape([batch, 4 * width]).add(np.matmul(h, Wh.ref)), 4, 1);
        c = nn
          .sigmoid(f)
          .mul(c)
          .add(nn.sigmoid(i).mul(np.tanh(g)));
        h = nn.sigmoid(o).mul(np.tanh(c.ref));
        return h.ref;
      });
      h.dispose();
      c.dispose();
      Wh.dispose();
      return np.mean(np.square(np.stack(hidden).sub(targets)));
    }),
};

export async function open() {
  await init("wasm");
  defaultDevice("wasm");
  return {
    version: packageFile.dependencies["@jax-js/jax"],
    prepare(problem, settings, data, mapData) {
      const f = problems[problem](settings);
      const inputs = data.map((part) => mapData(part, ({ shape, values }) => np.array(Float32Array.from(values), { shape })));
      const run = () => f(...inputs.map((input) => tree.ref(input)));
      return {
        /** Work is queued until something is read: one result is, the value where there is one, and the rest of the program runs with it. */
        call() {
          const [first, ...others] = tree.leaves(run());
          first.dataSync();
          for (const other of others) other.dispose();
        },
        results: () => ({ out: run(), isLeaf: (value) => value instanceof JaxArray, read: (leaf) => leaf.dataSync() }),
      };
    },
  };
}
