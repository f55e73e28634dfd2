// The rows of the example: standardised features with a bias column, and labels, for training, testing and all together.
import { readFileSync } from "node:fs";
import type { Tensor } from "@cotangent/core";
import { columnNames, numbers, readTable, rowsOf, splitRows, standardise, withBias } from "../support/table.ts";

export interface Reference {
  readonly lambda: number;
  readonly value: number;
  readonly bias: number;
  readonly weights: Readonly<Record<string, number>>;
}

/** Features with a bias column [m, p] and labels [m]. */
export interface Rows {
  readonly X: Tensor;
  readonly y: Tensor;
}

const at = (file: string): URL => new URL(`data/${file}`, import.meta.url);

/** The optimum on all rows, by an independent Newton's method. */
export const reference: Reference = JSON.parse(readFileSync(at("reference.json"), "utf8"));

const table = readTable(at("breast-cancer.csv"));
export const featureNames = columnNames(table).filter((name) => name !== "benign");
const features = numbers(table, featureNames);
const labels = numbers(table, ["benign"]).reshape([-1]);
const split = splitRows(table.length, 0.8, 0);
const trainingFeatures = rowsOf(features, split.train);

/** Test rows are standardised by the training rows' means and deviations. */
export const trainingRows: Rows = { X: withBias(standardise(trainingFeatures)), y: rowsOf(labels, split.train) };
export const testRows: Rows = {
  X: withBias(standardise(rowsOf(features, split.test), trainingFeatures)),
  y: rowsOf(labels, split.test),
};
export const allRows: Rows = { X: withBias(standardise(features)), y: labels };

export const parameterCount = featureNames.length + 1;
