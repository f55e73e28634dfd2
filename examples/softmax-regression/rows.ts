// The rows of the example: standardised features with a bias column, and one-hot species, for training, testing and all together.
import { readFileSync } from "node:fs";
import { oneHot, type Tensor } from "@cotangent/core";
import { classIndices, columnNames, numbers, readTable, rowsOf, splitRows, standardise, withBias } from "../support/table.ts";

export interface Reference {
  readonly lambda: number;
  readonly value: number;
  readonly classes: readonly string[];
  readonly bias: readonly number[];
  /** By feature, then by class. */
  readonly weights: readonly (readonly number[])[];
}

/** Features with a bias column [m, p] and one-hot labels [m, k]. */
export interface Rows {
  readonly X: Tensor;
  readonly y: Tensor;
}

const at = (file: string): URL => new URL(`data/${file}`, import.meta.url);

/** The optimum on all rows, by an independent Newton's method. */
export const reference: Reference = JSON.parse(readFileSync(at("reference.json"), "utf8"));

const table = readTable(at("iris.csv"));
export const featureNames = columnNames(table).filter((name) => name !== "species");
export const classes = reference.classes;
const features = numbers(table, featureNames);
const species = oneHot(classIndices(table, "species", classes), classes.length);
const split = splitRows(table.length, 0.8, 0);
const trainingFeatures = rowsOf(features, split.train);

/** Test rows are standardised by the training rows' means and deviations. */
export const trainingRows: Rows = { X: withBias(standardise(trainingFeatures)), y: rowsOf(species, split.train) };
export const testRows: Rows = {
  X: withBias(standardise(rowsOf(features, split.test), trainingFeatures)),
  y: rowsOf(species, split.test),
};
export const allRows: Rows = { X: withBias(standardise(features)), y: species };

export const parameterShape = [featureNames.length + 1, classes.length] as const;
