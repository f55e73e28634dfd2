// The derivation of (1/m) Σ (h − y) x from the logistic cross-entropy: every line is the last line's right side, a new right side, and what
// the line says of them.
import { add, div, exp, jacobian, log, matmul, mean, mul, neg, sub, type Tensor, transpose } from "@cotangent/core";
import { type Check, isEqual, isGradient, type Side } from "./sides.ts";

export interface Claim {
  readonly says: string;
  readonly is: Check;
  readonly left: Side;
  readonly right: Side;
}

/** J(θ) = −(1/m) Σ [y log h + (1−y) log(1−h)]. */
export const J: Side = ({ y, h }) => neg(mean(add(mul(y, log(h)), mul(sub(1, y), log(sub(1, h))))));

const logH: Side = ({ z }) => neg(log(add(1, exp(neg(z)))));
const ratio: Side = ({ z }) => log(div(exp(neg(z)), add(1, exp(neg(z)))));
const logRest: Side = (terms) => add(neg(terms.z), logH(terms));
const inserted: Side = (terms) => neg(mean(add(mul(terms.y, logH(terms)), mul(sub(1, terms.y), logRest(terms)))));
const collected: Side = ({ y, z }) => neg(mean(sub(sub(mul(y, z), z), log(add(1, exp(neg(z)))))));
const asLogarithms: Side = ({ y, z }) => neg(mean(sub(mul(y, z), add(log(exp(z)), log(add(1, exp(neg(z))))))));
const simplest: Side = ({ y, z }) => neg(mean(sub(mul(y, z), log(add(1, exp(z))))));

const split: Side = ({ theta, X, y }) => {
  const first = jacobian((at: Tensor) => log(add(1, exp(matmul(X, at)))))(theta);
  const second = jacobian((at: Tensor) => mul(y, matmul(X, at)))(theta);
  return mean(sub(first, second), { axes: 0 });
};
const differentiated: Side = ({ X, y, z, m }) => div(matmul(transpose(X), sub(div(exp(z), add(1, exp(z))), y)), m);
const gradient: Side = ({ X, y, h, m }) => div(matmul(transpose(X), sub(h, y)), m);

export const derivation: readonly Claim[] = [
  { says: "log h = −log(1+e⁻ᶻ)", is: isEqual, left: ({ h }) => log(h), right: logH },
  { says: "log(1−h) = log(e⁻ᶻ/(1+e⁻ᶻ))", is: isEqual, left: ({ h }) => log(sub(1, h)), right: ratio },
  { says: "         = −z − log(1+e⁻ᶻ)", is: isEqual, left: ratio, right: logRest },
  { says: "J = −(1/m) Σ [−y log(1+e⁻ᶻ) + (1−y)(−z − log(1+e⁻ᶻ))]", is: isEqual, left: J, right: inserted },
  { says: "  = −(1/m) Σ [yz − z − log(1+e⁻ᶻ)]", is: isEqual, left: inserted, right: collected },
  { says: "  = −(1/m) Σ [yz − (log eᶻ + log(1+e⁻ᶻ))]", is: isEqual, left: collected, right: asLogarithms },
  { says: "  = −(1/m) Σ [yz − log(1+eᶻ)]", is: isEqual, left: asLogarithms, right: simplest },
  { says: "∂J/∂θⱼ = (1/m) Σ [∂/∂θⱼ log(1+eᶻ) − ∂/∂θⱼ yz]", is: isGradient, left: simplest, right: split },
  { says: "       = (1/m) Σ (xⱼeᶻ/(1+eᶻ) − yxⱼ)", is: isEqual, left: split, right: differentiated },
  { says: "       = (1/m) Σ (h − y) xⱼ", is: isEqual, left: differentiated, right: gradient },
  { says: "and that is the gradient of J as J was given", is: isGradient, left: J, right: gradient },
];
