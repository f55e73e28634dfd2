// Softmax regression on Fisher's irises: a loss written in ops, its gradient held against (1/m) Xᵀ(p − y), and a fit.
import { abs, grad, label, log, logSoftmax, mean, mul, neg, record, softmax, sum, type Tensor, transpose, zeros } from "@cotangent/core";
import { minimize, sgd } from "@cotangent/optim";
import { descend } from "../support/descent.ts";
import { showAgreement, showGraphs, showPictures } from "../support/report.ts";
import { showData, showFit, showScores } from "./report.ts";
import { allRows, parameterShape, type Rows, reference, testRows, trainingRows } from "./rows.ts";

/** J(W) = −(1/m) Σᵢ Σₖ y log p, with p = softmax(XW) along each row and one-hot y. */
function crossEntropy(W: Tensor, { X, y }: Rows): Tensor {
  const p = label(softmax(X.matmul(W), { axes: 1 }), "p");
  return neg(mean(sum(y.mul(log(p)), { axes: 1 })));
}

/** The same function from the logits XW, whose log p never sees a p that has rounded to 0. */
function logitsCrossEntropy(W: Tensor, { X, y }: Rows): Tensor {
  return neg(mean(sum(y.mul(logSoftmax(X.matmul(W), { axes: 1 })), { axes: 1 })));
}

/** The gradient derived by hand, (1/m) Xᵀ(p − y); and the same sum with every term made positive. */
function byHand(W: Tensor, { X, y }: Rows): Tensor {
  return transpose(X)
    .matmul(softmax(X.matmul(W), { axes: 1 }).sub(y))
    .div(y.shape[0]!);
}
function termSizes(W: Tensor, { X, y }: Rows): Tensor {
  return abs(transpose(X))
    .matmul(abs(softmax(X.matmul(W), { axes: 1 }).sub(y)))
    .div(y.shape[0]!);
}

/** The loss to fit: with (λ/2) Σ W², the biases (the first row) not penalised. */
function penalised(W: Tensor, rows: Rows): Tensor {
  return logitsCrossEntropy(W, rows).add(mul(reference.lambda / 2, W.slice([1]).square().sum()));
}

/** A function of W alone. */
const on = (rows: Rows, f: (W: Tensor, rows: Rows) => Tensor) => (W: Tensor) => f(W, rows);

showData();

const start = label(zeros(parameterShape), "W");
const loss = record(crossEntropy, start, trainingRows);
const gradient = record((W: Tensor, rows: Rows) => label(grad(crossEntropy)(W, rows), "∂W"), start, trainingRows);
showGraphs(loss, gradient);

showAgreement({
  losses: { "log form": on(allRows, crossEntropy), "logits form": on(allRows, logitsCrossEntropy) },
  formula: { reads: "(1/m) Xᵀ(p − y)", at: on(allRows, byHand) },
  magnitude: { reads: "(1/m)Σ|p−y||x|", at: on(allRows, termSizes) },
  logits: { reads: "|Wᵀx|", at: (W) => allRows.X.matmul(W) },
  shape: start.shape,
  remark: "The log form loses nothing here: p is small, not the difference of 1 and something near it.",
});

const optimizer = sgd(0.3, { momentum: 0.9, nesterov: true });
const trained = descend(on(trainingRows, penalised), start, { optimizer, tolerance: 1e-8, heldOut: on(testRows, penalised) });
showScores(logitsCrossEntropy(trained.x, testRows), testRows.X.matmul(trained.x));

showFit(minimize(on(allRows, penalised), start, { gradientTolerance: 1e-12 }));
await showPictures(import.meta.url, loss, gradient, trained.curves);
