// Logistic regression on the Wisconsin breast cancer data: a loss written in ops, its gradient held against (1/m) Xᵀ(h − y), and a fit.
import { abs, grad, label, log, mean, mul, neg, record, sigmoid, softplus, sub, type Tensor, transpose, zeros } from "@cotangent/core";
import { minimize, sgd } from "@cotangent/optim";
import { descend } from "../support/descent.ts";
import { showAgreement, showGraphs, showPictures } from "../support/report.ts";
import { showData, showFit, showScores } from "./report.ts";
import { allRows, parameterCount, type Rows, reference, testRows, trainingRows } from "./rows.ts";

/** J(θ) = −mean(y log h + (1−y) log(1−h)) with h = sigmoid(Xθ). */
function crossEntropy(theta: Tensor, { X, y }: Rows): Tensor {
  const h = label(sigmoid(X.matmul(theta)), "h");
  return neg(mean(y.mul(log(h)).add(sub(1, y).mul(log(sub(1, h))))));
}

/** The same function from the logits z = Xθ, mean(log(1+eᶻ) − y z): it loses nothing where h rounds to 0 or 1. */
function logitsCrossEntropy(theta: Tensor, { X, y }: Rows): Tensor {
  const z = X.matmul(theta);
  return mean(softplus(z).sub(y.mul(z)));
}

/** The gradient derived by hand, (1/m) Xᵀ(h − y); and the same sum with every term made positive. */
function byHand(theta: Tensor, { X, y }: Rows): Tensor {
  return transpose(X)
    .matmul(sigmoid(X.matmul(theta)).sub(y))
    .div(y.size);
}
function termSizes(theta: Tensor, { X, y }: Rows): Tensor {
  return abs(transpose(X))
    .matmul(abs(sigmoid(X.matmul(theta)).sub(y)))
    .div(y.size);
}

/** The loss to fit: with (λ/2) Σ w², the bias not penalised. */
function penalised(theta: Tensor, rows: Rows): Tensor {
  return logitsCrossEntropy(theta, rows).add(mul(reference.lambda / 2, theta.slice([1]).square().sum()));
}

/** A function of θ alone. */
const on = (rows: Rows, f: (theta: Tensor, rows: Rows) => Tensor) => (theta: Tensor) => f(theta, rows);

showData();

const start = label(zeros([parameterCount]), "θ");
const loss = record(crossEntropy, start, trainingRows);
const gradient = record((theta: Tensor, rows: Rows) => label(grad(crossEntropy)(theta, rows), "∂θ"), start, trainingRows);
showGraphs(loss, gradient);

showAgreement({
  losses: { "log form": on(allRows, crossEntropy), "logits form": on(allRows, logitsCrossEntropy) },
  formula: { reads: "(1/m) Xᵀ(h − y)", at: on(allRows, byHand) },
  magnitude: { reads: "(1/m)Σ|h−y||x|", at: on(allRows, termSizes) },
  logits: { reads: "|θᵀx|", at: (theta) => allRows.X.matmul(theta) },
  shape: start.shape,
  remark: "The log form divides by 1 − h, which has few digits left where h is near 1; its error bound knows.",
});

const optimizer = sgd(0.3, { momentum: 0.9, nesterov: true });
const trained = descend(on(trainingRows, penalised), start, { optimizer, tolerance: 1e-8, heldOut: on(testRows, penalised) });
showScores(logitsCrossEntropy(trained.x, testRows), sigmoid(testRows.X.matmul(trained.x)));

showFit(minimize(on(allRows, penalised), start, { gradientTolerance: 1e-12 }));
await showPictures(import.meta.url, loss, gradient, trained.curves);
