// The kernel with one bug at a time, each of another kind. Every kernel is made anew, for some of them remember what they must not.
import { classes, type Inputs, type Kernel, kernel, labels, logSumExp, rowOf, rows } from "./kernel.ts";

export interface Bug {
  readonly what: string;
  readonly make: () => Kernel;
}

/** What a backward function knows of class j in row i; the target is 1 at the label and 0 elsewhere. */
interface Entry {
  readonly probability: number;
  readonly target: number;
  readonly cotangent: number;
  readonly i: number;
  readonly j: number;
}

/** A backward function from its entries. */
const entrywise =
  (entry: (at: Entry) => number, total = logSumExp): Kernel["backward"] =>
  ({ logits }, cotangent) => ({
    logits: logits.map((z, at) => {
      const [i, j] = [Math.floor(at / classes), at % classes];
      const probability = Math.exp(z - total(rowOf(logits, i)));
      return entry({ probability, target: j === labels[i] ? 1 : 0, cotangent: cotangent[0]!, i, j });
    }),
  });

const right = ({ probability, target, cotangent }: Entry): number => ((probability - target) * cotangent) / rows;

const withBackward =
  (backward: Kernel["backward"]): Bug["make"] =>
  () => ({ ...kernel, backward });

/** The loss from its rows. */
const meanOf = (loss: (row: Float64Array, label: number) => number): Kernel["forward"] => {
  return ({ logits }) => labels.reduce((sum, label, i) => sum + loss(rowOf(logits, i), label), 0) / rows;
};

const unshifted = (row: Float64Array): number => Math.log(row.reduce((sum, z) => sum + Math.exp(z), 0));

const inFloat32 = (row: Float64Array): number => Math.log(row.reduce((sum, z) => Math.fround(sum + Math.fround(Math.exp(z))), 0));

function inPlace({ logits }: Inputs): number {
  let loss = 0;
  for (const [i, label] of labels.entries()) {
    const row = rowOf(logits, i);
    row.set(row.map((z) => Math.exp(z - logSumExp(row))));
    loss -= Math.log(row[label]!);
  }
  return loss / rows;
}

function accumulating(): Kernel {
  const buffer = new Float64Array(rows * classes);
  return {
    ...kernel,
    backward: (inputs, cotangent) => {
      kernel.backward(inputs, cotangent).logits.forEach((g, at) => (buffer[at]! += g));
      return { logits: buffer.slice() };
    },
  };
}

function remembering(): Kernel {
  let first: Inputs | undefined;
  return {
    ...kernel,
    backward: (inputs, cotangent) => {
      first ??= { logits: inputs.logits.slice() };
      return kernel.backward(first, cotangent);
    },
  };
}

/** Softmax over the rows of a class where it must be over the classes of a row. */
const overRows: Kernel["backward"] = ({ logits }, cotangent) => ({
  logits: logits.map((z, at) => {
    const [i, j] = [Math.floor(at / classes), at % classes];
    const column = logits.filter((_, other) => other % classes === j);
    return right({ probability: Math.exp(z - logSumExp(column)), target: j === labels[i] ? 1 : 0, cotangent: cotangent[0]!, i, j });
  }),
});

export const bugs: Readonly<Record<string, Bug>> = {
  "missing-mean": {
    what: "the loss is a mean over rows, the gradient that of a sum",
    make: withBackward(entrywise(({ probability, target, cotangent }) => (probability - target) * cotangent)),
  },
  "forgot-max-shift": {
    what: "log Σ eᶻ with nothing taken out: right, until eᶻ overflows",
    make: () => ({ forward: meanOf((row, label) => unshifted(row) - row[label]!), backward: entrywise(right, unshifted) }),
  },
  "off-diagonal": {
    what: "softmax taken for an elementwise function: only the label's entry has a gradient",
    make: withBackward(entrywise((at) => at.target * right(at))),
  },
  "label-off-by-one": {
    what: "the backward function takes labels that are counted from 1",
    make: withBackward(entrywise((at) => right({ ...at, target: at.j === labels[at.i]! - 1 ? 1 : 0 }))),
  },
  "ignores-cotangent": {
    what: "the gradient of the loss itself, whatever comes after it",
    make: withBackward(entrywise((at) => right({ ...at, cotangent: 1 }))),
  },
  "last-row": {
    what: "the loop of the backward function ends one row early",
    make: withBackward(entrywise((at) => (at.i === rows - 1 ? 0 : right(at)))),
  },
  "wrong-axis": { what: "the backward function's softmax runs over rows, not classes", make: withBackward(overRows) },
  "float32-accumulate": {
    what: "the backward function sums exponentials in float32",
    make: withBackward(entrywise(right, inFloat32)),
  },
  "mutates-input": {
    what: "the forward function turns the logits into probabilities in place",
    make: () => ({ ...kernel, forward: inPlace }),
  },
  "stale-buffer": { what: "the gradient is added to a buffer that nobody clears", make: accumulating },
  "stale-cache": { what: "the backward function keeps the logits of its first call", make: remembering },
};
