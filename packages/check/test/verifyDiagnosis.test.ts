// What a refutation says of the mistake: each diagnosis names the mistake that was made, and none is printed that does not hold.
import { cumsum, exp, log, logsumexp, matmul, outer, sigmoid, softmax, sqrt, type Tensor, tensor, where } from "@cotangent/core";
import { checkGradient, entriesFrom, gradients } from "@cotangent/check";
import { describe, expect, test } from "vitest";

const x = tensor([0.7, -1.3, 2.1, 0.4]);
const positive = tensor([0.7, 1.3, 2.1, 0.4]);
const matrix = tensor([
  [1, 2, -0.5],
  [0.3, -1, 0.8],
  [2, 0.1, 0.6],
]);
const v = tensor([0.5, -1, 2]);

type Loss = (...args: Tensor[]) => Tensor | number;
type Claim = (...args: Tensor[]) => unknown;
interface Mistake {
  readonly loss: Loss;
  readonly claim: Claim;
  readonly at: readonly Tensor[];
  readonly wrt?: number | readonly number[];
  readonly says: string;
}

const diagnosisOf = ({ loss, claim, at, wrt = 0 }: Omit<Mistake, "says">): string | undefined => {
  const verdict = checkGradient(loss as never, claim as never, { at: at as never, wrt: wrt as 0 });
  return verdict.verdict === "REFUTED" ? verdict.diagnosis : verdict.verdict;
};

const centred = (t: Tensor): Tensor => t.sub(t.mean());

const mistakes: Readonly<Record<string, Mistake>> = {
  "two of three tensors wrong by one factor": {
    loss: (a, b, c) => a!.mul(b!).mul(c!).sum(),
    claim: (a, b, c) => [b!.mul(c!).mul(2), a!.mul(c!), a!.mul(b!).mul(2)],
    at: [v, tensor([1, 2, -3]), tensor([0.3, 0.7, 1.1])],
    wrt: [0, 1, 2],
    says: "only the gradients of argument 0 and argument 2 are wrong: the claim is 2 times the truth",
  },
  "an exponent that is not lowered": {
    loss: (t) => t!.pow(3).sum(),
    claim: (t) => t!.pow(3).mul(3),
    at: [x],
    says: "the claim has the factor argument 0 too many",
  },
  "half of the product rule": {
    loss: (t) => t!.mul(t!.log()).sum(),
    claim: (t) => t!.log().add(0.5),
    at: [positive],
    says: "the claim is the truth minus 0.5 at every entry",
  },
  "a local derivative forgotten": {
    loss: (t) => sigmoid(t!).square().sum(),
    claim: (t) => sigmoid(t!).mul(2),
    at: [x],
    says: "the claim misses the factor sigmoid(argument 0) (1 - sigmoid(argument 0))",
  },
  "x(1 - x) for h(1 - h)": {
    loss: (t) => sigmoid(t!).sum(),
    claim: (t) => t!.mul(t!.neg().add(1)),
    at: [x],
    says: "the claim has argument 0 in place of sigmoid(argument 0)",
  },
  "1 + t² for 1 - t²": {
    loss: (t) => t!.tanh().sum(),
    claim: (t) => t!.tanh().square().add(1),
    at: [x],
    says: "the claim has the wrong sign at tanh(argument 0)²",
  },
  "a penalty forgotten": {
    loss: (t) => logsumexp(t!).add(t!.square().sum().mul(0.05)),
    claim: (t) => softmax(t!),
    at: [x],
    says: "the claim misses the loss's term sum(argument 0²) * 0.05",
  },
  "a mean taken for constant": {
    loss: (t) => centred(t!).pow(3).sum(),
    claim: (t) => centred(t!).square().mul(3),
    at: [x],
    says: "the claim takes mean(argument 0) in argument 0 - mean(argument 0) for a constant",
  },
  "a norm taken for constant": {
    loss: (t, a) => t!.dot(a!).div(sqrt(t!.dot(t!))),
    claim: (t, a) => a!.div(sqrt(t!.dot(t!))),
    at: [x, positive],
    says: "the claim takes sqrt(argument 0ᵀ · argument 0) in argument 0ᵀ · argument 1 / sqrt(argument 0ᵀ · argument 0) for a constant",
  },
  "2Ax for A not symmetric": {
    loss: (t, a) => t!.dot(a!.matmul(t!)),
    claim: (t, a) => a!.matmul(t!).mul(2),
    at: [v, matrix],
    says: "the claim has the transpose of argument 1 in place of argument 1 in argument 1ᵀ · argument 0",
  },
  "off-diagonal terms of softmax": {
    loss: (t, a) => softmax(t!).dot(a!),
    claim: (t, a) => softmax(t!).mul(softmax(t!).neg().add(1)).mul(a!),
    at: [x, positive],
    says: "the claim has argument 1 * softmax(argument 0) in place of sum(argument 1 * softmax(argument 0))",
  },
  "softmax over the other axis": {
    loss: (t) => logsumexp(t!, { axes: 1 }).sum(),
    claim: (t) => softmax(t!, { axes: 0 }),
    at: [matrix],
    says: "the claim takes softmax(argument 0) along the other axis",
  },
  "another ε": {
    loss: (t) => sqrt(t!.square().mean().add(1e-5)),
    claim: (t) => t!.div(sqrt(t!.square().mean().add(1e-3)).mul(4)),
    at: [x],
    says: "the claim has 0.001 where the loss has 0.00001",
  },
  "a coefficient cut short": {
    loss: (t) => t!.add(t!.pow(3).mul(0.044715)).tanh().sum(),
    claim: (t) =>
      t!
        .add(t!.pow(3).mul(0.0447))
        .tanh()
        .square()
        .neg()
        .add(1)
        .mul(
          t!
            .square()
            .mul(3 * 0.0447)
            .add(1),
        ),
    at: [x],
    says: "the claim has 0.0447 where the loss has 0.044715",
  },
  "an approximation's gradient": {
    loss: (t) => t!.lgamma().sum(),
    claim: (t) => t!.log().sub(t!.mul(2).reciprocal()).sub(t!.square().mul(12).reciprocal()),
    at: [tensor([5, 7, 9])],
    says: "the claim is near the truth at every entry, at most 0.001 % of the largest away: a number cut short, another ε, or the gradient of an approximation",
  },
  "sums from the wrong end": {
    loss: (t, a) => cumsum(t!).mul(a!).sum(),
    claim: (_, a) => cumsum(a!),
    at: [x, positive],
    says: "the claim has the same taken from the other end in place of cumsum(argument 0)",
  },
  "one branch everywhere": {
    loss: (t) => where(t!.abs().less(1), t!.square().mul(0.5), t!.abs().sub(0.5)).sum(),
    claim: (t) => t!,
    at: [tensor([0.3, -0.4, 2.1, -3])],
    says: "the claim takes abs(argument 0) < 1 to hold everywhere",
  },
  "ba' for ab'": {
    loss: (m, a, b) => a!.dot(m!.matmul(b!)),
    claim: (_, a, b) => outer(b!, a!),
    at: [matrix, v, tensor([1, 2, 3])],
    says: "the claim is the transpose of the truth",
  },
  "rows exchanged": {
    loss: (m, a) => matmul(m!, a!).trace(),
    claim: (_, a) => a!.transpose().flip(0),
    at: [
      matrix,
      tensor([
        [1, 4, 2],
        [0.5, 2, -1],
        [3, 1, 1],
      ]),
    ],
    says: "the claim has the entries of the truth in reverse order along axis 0",
  },
  "a sum over the wrong axis": {
    loss: (m) => m!.sum({ axes: 0 }).square().sum(),
    claim: (m) => m!.sum({ axes: 1, keepDims: true }).mul(2).broadcastTo([3, 3]),
    at: [matrix],
    says: "the claim is the same along axis 1 of argument 0, the truth along axis 0: a sum over the wrong axis",
  },
  "two entries of the wrong sign": {
    loss: (m) => m!.square().sum(),
    claim: (m) =>
      m!.mul(
        tensor([
          [2, -2, 2],
          [2, 2, 2],
          [-2, 2, 2],
        ]),
      ),
    at: [matrix],
    says: "2 of 9 entries have the wrong sign, nothing else is wrong: argument 0[0, 1], argument 0[2, 0]",
  },
  "one of two gradients": {
    loss: (a, b) => a!.mul(b!).square().sum(),
    claim: (a, b) => [a!.mul(b!.square()).mul(2), a!.square().mul(b!)],
    at: [x, positive],
    wrt: [0, 1],
    says: "only the gradient of argument 1 is wrong: the claim is 1/2 times the truth",
  },
  "one entry too large": {
    loss: (t) => t!.exp().sum(),
    claim: (t) => t!.exp().add(tensor([0, 0, 1e-3, 0])),
    at: [x],
    says: "only argument 0[2] is wrong; it is 0.001 more than the truth",
  },
  "a sum taken from one argument to another": {
    loss: (t, a) => t!.mul(a!).sum(),
    claim: (_, a) => [a!, a!],
    at: [x, positive],
    wrt: [0, 1],
    says: "only the gradient of argument 1 is wrong: the claim is argument 1",
  },
  "a matrix that is not transposed": {
    loss: (t, a) => a!.matmul(t!).tanh().sum(),
    claim: (t, a) => a!.matmul(a!.matmul(t!).tanh().square().neg().add(1)),
    at: [v, matrix],
    says: "the claim has the transpose of argument 1 in place of argument 1 in argument 1ᵀ · sech(argument 1 · argument 0)²",
  },
  "a mask forgotten": {
    loss: (t, a) => t!.mul(a!).sum(),
    claim: (t) => t!.mul(0).add(1),
    at: [x, tensor([1, 0, 1, 1])],
    says: "only argument 0[1] is wrong; it is 1 more than the truth",
  },
  "another function": {
    loss: (t) => t!.lgamma().sum().add(t!.square().sum()),
    claim: (t) => t!.log().add(t!.mul(2)),
    at: [positive],
    says: "the claim has log(argument 0) in place of digamma(argument 0)",
  },
  "ddof under a root": {
    loss: (t) => sqrt(centred(t!).square().mean()),
    claim: (t) => centred(t!).div(sqrt(centred(t!).square().sum().div(3)).mul(4)),
    at: [x],
    says: "the claim is √(3/4) times the truth: under a square root it divides by 4 where the loss divides by 3; 4 is the size of axis 0 of argument 0",
  },
  "a number of the loss": {
    loss: (t) => t!.mul(1000).sin().sum(),
    claim: (t) => t!.mul(1000).cos(),
    at: [x],
    says: "the claim is 1/1000 times the truth: 1000 is a number in the loss",
  },
  "the gradient elsewhere": {
    loss: (t) => t!.log().sum(),
    claim: (t) => t!.add(1e-4).reciprocal(),
    at: [positive],
    says: "the claim is the true gradient at argument 0 + 0.0001",
  },
  "without a recording": {
    loss: (t) => Array.from(t!.values).reduce((sum, e) => sum + Math.exp(-e) * e, 0),
    claim: (t) => t!.neg().mul(exp(t!.neg())),
    at: [positive],
    says: "the claim is the truth minus exp(-argument 0)",
  },
  "log p for p": {
    loss: (t) => logsumexp(t!),
    claim: (t) => log(softmax(t!)),
    at: [x],
    says: "the claim is the logarithm of the truth",
  },
};

describe("mistakes by name", () => {
  test.each(Object.entries(mistakes))("%s", (_, mistake) => expect(diagnosisOf(mistake)).toBe(mistake.says));
});

describe("what is not known is not said", () => {
  test("a claim that is something else altogether", () => {
    const loss: Loss = (t) => t!.sin().div(t!).sum();
    expect(diagnosisOf({ loss, claim: (t) => t!.cos(), at: [x] })).toBeUndefined();
  });
  test("a factor that only looks constant beside a large error bar", () => {
    const loss: Loss = (t) => t!.log().sum();
    const claim: Claim = (t) => t!.clip(1e-12, Infinity).reciprocal();
    expect(diagnosisOf({ loss, claim, at: [tensor([1e-200, 3e-200, 7e-200])] })).toBe(
      "the claim is the same at every entry, the truth is not",
    );
  });
  test("a small entry beside large ones", () => {
    const scale = tensor([1e-9, 1, 1e9]);
    const loss: Loss = (t) => t!.mul(scale).sin().sum();
    const claim: Claim = (t) =>
      t!
        .mul(scale)
        .cos()
        .mul(tensor([2e-9, 1, 1e9]));
    expect(diagnosisOf({ loss, claim, at: [tensor([1.3e9, 1.4, 1.7e-9])] })).toBe("only argument 0[0] is wrong; it is 2 times the truth");
  });
});

test("at least nine of ten wrong gradients of the public list are diagnosed, a third of them looked at", { timeout: 60_000 }, () => {
  let [wrong, diagnosed] = [0, 0];
  for (const { loss, wrong: claims, at, wrt } of gradients.filter((_, i) => i % 3 === 0)) {
    for (const claim of Object.values(claims)) {
      const verdict = checkGradient(loss as never, claim as never, { at: at(entriesFrom(1)) as never, wrt: (wrt ?? 0) as 0 });
      if (verdict.verdict !== "REFUTED") continue;
      wrong++;
      if (verdict.diagnosis !== undefined) diagnosed++;
    }
  }
  expect(wrong).toBeGreaterThan(50);
  expect(diagnosed / wrong).toBeGreaterThan(0.9);
});

test("one of two tensors is off by a function of itself", () => {
  const { loss, at, wrong } = gradients.find(({ name }) => name === "censored Weibull by log shape and log scale")!;
  const claim = wrong["by the shape itself"] as Claim;
  expect(diagnosisOf({ loss: loss as unknown as Loss, claim, at: at(entriesFrom(1)) as readonly Tensor[], wrt: [0, 1] })).toBe(
    "only the gradient of argument 0 is wrong: the claim misses the factor exp(argument 0)",
  );
});
