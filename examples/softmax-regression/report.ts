// What this example prints of its data, its predictions and its fit; knows the numbers, not how they came about.
import { argmax, type Tensor } from "@cotangent/core";
import type { Minimum } from "@cotangent/optim";
import { showCoefficients } from "../support/report.ts";
import { accuracy } from "../support/scores.ts";
import { heading, printTable, short } from "../support/terminal.ts";
import { allRows, classes, featureNames, reference, testRows, trainingRows } from "./rows.ts";

export function showData(): void {
  const count = ({ y }: { readonly y: Tensor }): string => {
    const members = y.sum({ axes: 0 }).values;
    return `${y.shape[0]} rows, ${classes.map((name, k) => `${members[k]} ${name}`).join(", ")}`;
  };
  heading("Iris");
  console.log(`${count(allRows)}; ${featureNames.length} features, standardised, and a bias column`);
  console.log(`training: ${count(trainingRows)}; held out with key 0: ${count(testRows)}`);
}

export function showScores(loss: Tensor, logits: Tensor): void {
  const guesses = argmax(logits, { axes: 1 }).values;
  const actual = argmax(testRows.y, { axes: 1 }).values;
  heading("On the held-out rows");
  console.log(`loss ${loss.item().toFixed(6)}`);
  console.log(`accuracy ${accuracy(guesses, actual).toFixed(4)}`);
  const confusion = classes.map((name, i) => [
    name,
    ...classes.map((_, j) => String(guesses.filter((guess, row) => actual[row] === i && guess === j).length)),
  ]);
  printTable(["actual \\ guessed", ...classes], confusion);
}

/** The loss fixes the biases up to a common constant; the reference's sum to 0, and so are these made to. */
export function showFit({ x, value, iterations, evaluations, reason }: Minimum<Tensor>): void {
  heading(`All rows, λ = ${reference.lambda}, by L-BFGS`);
  console.log(`${iterations} iterations, ${evaluations} evaluations, stopped by: ${reason}`);
  console.log(`loss ${value.toFixed(10)}, gap to the reference ${short(Math.abs(value - reference.value), 2)}`);
  const [bias, ...weights] = x.toArray() as number[][];
  const middle = bias!.reduce((total, entry) => total + entry) / bias!.length;
  const rows = [
    { name: "bias", got: bias!.map((entry) => entry - middle), wanted: reference.bias },
    ...featureNames.map((name, i) => ({ name, got: weights[i]!, wanted: reference.weights[i]! })),
  ];
  showCoefficients(
    rows.flatMap(({ name, got, wanted }) =>
      classes.map((species, k) => ({ name: `${name}, ${species}`, got: got[k]!, wanted: wanted[k]! })),
    ),
    1e-8,
  );
}
