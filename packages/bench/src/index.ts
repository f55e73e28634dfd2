/** Every workload, at the sizes that are timed and at the small sizes that are tested. */
import type { Workload } from "./workload.ts";
import { chain } from "./workloads/chain.ts";
import { convolutional } from "./workloads/convolutional.ts";
import { elementwise } from "./workloads/elementwise.ts";
import { curvature, logistic } from "./workloads/logistic.ts";
import { forward, withGradients } from "./workloads/matrices.ts";
import { perceptron } from "./workloads/perceptron.ts";
import { recurrent } from "./workloads/recurrent.ts";
import { small } from "./workloads/sumOfSquares.ts";
import { transformer } from "./workloads/transformer.ts";

export { type Data, type Entries, entries, isEntries, leavesOf, mapData, type Workload } from "./workload.ts";

export const matrixSizes: readonly number[] = [64, 128, 256, 512, 1024];

export const workloads: readonly Workload[] = [
  logistic("W1a", 1000, 21),
  logistic("W1b", 100_000, 101),
  perceptron("W2", 128, [784, 256, 10]),
  ...matrixSizes.flatMap((n) => [forward(`W3-${n}`, n), withGradients(`W3-${n}-grad`, n)]),
  elementwise("W4", 1_000_000),
  chain("W5", 1000),
  transformer("W6", { batch: 4, length: 64, width: 128, heads: 4 }),
  curvature("W7", 1000, 21),
  convolutional("W8", { batch: 32, side: 28, filters: [8, 16], classes: 10 }),
  small("W9", 3),
  recurrent("W10", { steps: 64, batch: 16, features: 32, width: 64 }),
];

/** The same functions at sizes where no two sides are equal. */
export const smallWorkloads: readonly Workload[] = [
  logistic("W1", 7, 3),
  perceptron("W2", 5, [4, 6, 3]),
  forward("W3", 5),
  withGradients("W3-grad", 5),
  elementwise("W4", 50),
  chain("W5", 20),
  transformer("W6", { batch: 2, length: 5, width: 6, heads: 3 }),
  curvature("W7", 7, 3),
  convolutional("W8", { batch: 3, side: 8, filters: [2, 5], classes: 4 }),
  small("W9", 3),
  recurrent("W10", { steps: 6, batch: 3, features: 2, width: 4 }),
];
