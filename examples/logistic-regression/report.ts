// What this example prints of its data, its predictions and its fit; knows the numbers, not how they came about.
import type { Tensor } from "@cotangent/core";
import type { Minimum } from "@cotangent/optim";
import { showCoefficients } from "../support/report.ts";
import { accuracy, areaUnderCurve } from "../support/scores.ts";
import { heading, short } from "../support/terminal.ts";
import { allRows, featureNames, reference, testRows, trainingRows } from "./rows.ts";

export function showData(): void {
  const count = ({ y }: { readonly y: Tensor }): string => `${y.size} rows, ${y.sum().item()} benign`;
  heading("Breast Cancer Wisconsin (Diagnostic)");
  console.log(`${count(allRows)}; ${featureNames.length} features, standardised, and a bias column`);
  console.log(`training: ${count(trainingRows)}; held out with key 0: ${count(testRows)}`);
}

export function showScores(loss: Tensor, h: Tensor): void {
  const guesses = h.values.map((probability) => (probability > 0.5 ? 1 : 0));
  heading("On the held-out rows");
  console.log(`loss ${loss.item().toFixed(6)}`);
  console.log(`accuracy ${accuracy(guesses, testRows.y.values).toFixed(4)}`);
  console.log(`area under the ROC curve ${areaUnderCurve(h.values, testRows.y.values).toFixed(6)}`);
}

export function showFit({ x, value, iterations, evaluations, reason }: Minimum<Tensor>): void {
  heading(`All rows, λ = ${reference.lambda}, by L-BFGS`);
  console.log(`${iterations} iterations, ${evaluations} evaluations, stopped by: ${reason}`);
  console.log(`loss ${value.toFixed(10)}, gap to the reference ${short(Math.abs(value - reference.value), 2)}`);
  const wanted = [reference.bias, ...featureNames.map((name) => reference.weights[name]!)];
  showCoefficients(
    ["bias", ...featureNames].map((name, i) => ({ name, got: x.values[i]!, wanted: wanted[i]! })),
    1e-8,
  );
}
