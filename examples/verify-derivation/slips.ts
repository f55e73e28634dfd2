// Lines of a published derivation that are not true as they stand: Zhao Zijian, 交叉熵损失函数的求导, zijian-zhao.com, 2020. It writes sums over
// samples first, then vectors without the 1/m, and ends at the right gradient.
import { add, div, dot, exp, log, log10, matmul, mean, mul, neg, sub, sum, transpose } from "@cotangent/core";
import { type Claim, J } from "./derivation.ts";
import { isEqual, isGradient, type Side } from "./sides.ts";

export interface Slip extends Claim {
  readonly where: string;
  /** How it has to be read to be judged. */
  readonly read?: string;
}

const logLikelihoods: Side = ({ y, h }) => add(mul(y, log(h)), mul(sub(1, y), log(sub(1, h))));
const decimalJ: Side = ({ y, h }) => neg(mean(add(mul(y, log10(h)), mul(sub(1, y), log10(sub(1, h))))));

/** The loss of the vector form, without the 1/m. */
const vectorJ: Side = ({ y, h }) => neg(add(dot(y, log(h)), dot(sub(1, y), log(sub(1, h)))));
const denominator: Side = ({ z }) => add(1, exp(neg(z)));

export const slips: readonly Slip[] = [
  {
    where: "where J is introduced as the negative of the samples' log-probability",
    says: "J = −Σ [y log h + (1−y) log(1−h)]",
    is: isEqual,
    left: J,
    right: (terms) => neg(sum(logLikelihoods(terms))),
  },
  {
    where: "(1) and every statement of J before it",
    says: "J = −(1/m) Σ y log h + (1−y) log(1−h), without brackets",
    read: "the sum, its sign and its 1/m end at the plus; what follows is summed by itself",
    is: isEqual,
    left: J,
    right: ({ y, h }) => add(neg(mean(mul(y, log(h)))), sum(mul(sub(1, y), log(sub(1, h))))),
  },
  {
    where: "the note to rule ③, on logarithms to other bases",
    says: "∂J/∂θⱼ = (1/m) Σ (h − y) xⱼ whatever the base",
    read: "base 10",
    is: isGradient,
    left: decimalJ,
    right: ({ X, y, h, m }) => div(matmul(transpose(X), sub(h, y)), m),
  },
  {
    where: "vector form, third line after (2)",
    says: "J = −[(1−yᵀ) log e^(−θᵀx) − log(1+e^(−θᵀx))]",
    read: "(1−yᵀ) log … is a number, the sum over the samples; log(1+…) is not summed",
    is: isEqual,
    left: vectorJ,
    right: (terms) => neg(sub(dot(sub(1, terms.y), neg(terms.z)), log(denominator(terms)))),
  },
  {
    where: "vector form, second line of the derivative",
    says: "∂J/∂θⱼ = (1−yᵀ)x − e^(−θᵀ)/(1+e^(−θᵀx)) x",
    is: isGradient,
    left: vectorJ,
    right: (terms) => matmul(transpose(terms.X), sub(sub(1, terms.y), div(exp(neg(terms.theta)), denominator(terms)))),
  },
  {
    where: "the same",
    says: "∂J/∂θⱼ = (1−yᵀ)x − e^(−θᵀ)/(1+e^(−θᵀx)) x",
    read: "e^(−θⱼ) in the component j",
    is: isGradient,
    left: vectorJ,
    right: (terms) =>
      sub(matmul(transpose(terms.X), sub(1, terms.y)), mul(exp(neg(terms.theta)), matmul(transpose(terms.X), div(1, denominator(terms))))),
  },
  {
    where: "vector form, last line",
    says: "∂J/∂θⱼ = (h − yᵀ)x",
    read: "samples are the columns of x, as θᵀx has them",
    is: isGradient,
    left: vectorJ,
    right: ({ X, y, h }) => matmul(sub(h, y), transpose(X)),
  },
];
