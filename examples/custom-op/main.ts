// An op of one's own, log(1 − e⁻ˣ) for x > 0, as one record: value, derivative, domain, laws. Everything else reads the record.
import { checkOp } from "@cotangent/check";
import { defineOp, domains, exp, expm1, grad, neg, softplus, sum, type Tensor, tensor, vmap } from "@cotangent/core";
import { showAccuracy, showFormulas, showReport, showUses } from "./report.ts";

/** What the library is told: the value over scalar arithmetic s, the derivative in ops of tensors, where the op is defined and smooth. */
const record: Parameters<typeof defineOp.unary>[0] = {
  name: "log1mexp",
  // Each formula where it cancels nothing: Mächler, "Accurately computing log(1 − exp(−|a|))", 2012.
  value: (s, x) => {
    const small = s.log(s.neg(s.expm1(s.neg(x))));
    const large = s.log1p(s.neg(s.exp(s.neg(x))));
    return s.select(s.less(x, s.constant(Math.LN2)), small, large);
  },
  derivative: (x) => expm1(x).reciprocal(),
  domain: domains.positive,
  laws: [{ name: "1 − e⁻²ˣ factors", left: (x) => log1mexp(x.mul(2)), right: (x) => log1mexp(x).add(softplus(neg(x))) }],
  conventions: [{ at: "0", arguments: [0], value: Number.NEGATIVE_INFINITY, gradient: [Number.POSITIVE_INFINITY] }],
};
const log1mexp = defineOp.unary(record);

showFormulas(log1mexp);
showAccuracy(log1mexp, tensor([1e-20, 1e-8, 0.1, 1, 50, 700]));

const slope = grad((x: Tensor) => log1mexp(x));
showUses({
  "value at 1": log1mexp(1),
  "in float32": log1mexp(tensor(1, "float32")),
  "first derivative": slope(tensor(1)),
  "second derivative": grad(slope)(tensor(1)),
  "slopes of a batch": vmap(slope)(tensor([0.5, 1, 2])),
  "gradient of a sum over two axes": grad((x: Tensor) => sum(log1mexp(x)))(
    tensor([
      [0.5, 1],
      [2, 4],
    ]),
  ),
});

showReport(checkOp(log1mexp, { runs: 100 }));

/** The same with a slip in the rule, e⁻ˣ for 1/(eˣ − 1): right to many digits where x is large, wrong near 0. */
const slipped = defineOp.unary({ ...record, name: "slipped", derivative: (x) => exp(neg(x)), laws: [], conventions: [] });
showReport(checkOp(slipped, { runs: 100 }));
