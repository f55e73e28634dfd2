// Reads CSV files of numbers and words into tensors, standardises and splits them. Knows nothing of models.
import { readFileSync } from "node:fs";
import { concat, mean, ones, random, std, take, type Tensor, tensor } from "@cotangent/core";
import { parse } from "csv-parse/sync";

/** The rows of a file with a header line, each by column name. */
export type Table = readonly Readonly<Record<string, string>>[];

export function readTable(file: URL): Table {
  const table: Table = parse(readFileSync(file), { bom: true, columns: true, skip_empty_lines: true, trim: true });
  if (table.length === 0) throw new Error(`${file.pathname} has no rows`);
  return table;
}

export const columnNames = (table: Table): string[] => Object.keys(table[0]!);

/** Columns of numbers as a matrix [rows, columns]; throws at a cell that is not a number, naming it. */
export function numbers(table: Table, columns: readonly string[]): Tensor {
  return tensor(table.map((row, i) => columns.map((column) => cell(row[column], column, i))));
}

function cell(text: string | undefined, column: string, row: number): number {
  const value = Number(text);
  if (text === undefined || text === "" || Number.isNaN(value)) throw new Error(`row ${row + 1}, column ${column}: not a number: ${text}`);
  return value;
}

/** A column of words as class indices, in the order of `classes`. */
export function classIndices(table: Table, column: string, classes: readonly string[]): Tensor {
  const indices = table.map((row) => classes.indexOf(row[column]!));
  if (indices.includes(-1)) throw new Error(`row ${indices.indexOf(-1) + 1}: no such ${column}: ${table[indices.indexOf(-1)]![column]}`);
  return tensor(indices, "int32");
}

/** Every column with the mean and the population standard deviation that it has over the rows of `like` taken to 0 and 1. */
export function standardise(x: Tensor, like: Tensor = x): Tensor {
  return x.sub(mean(like, { axes: 0 })).div(std(like, { axes: 0 }));
}

/** A column of ones in front, for the bias. */
export const withBias = (x: Tensor): Tensor => concat([ones([x.shape[0]!, 1]), x], 1);

/** Row numbers for training and for testing: a permutation by a fixed key, cut at a share of the rows. */
export function splitRows(rows: number, share: number, seed: number): { readonly train: Tensor; readonly test: Tensor } {
  const order = random.permutation(random.key(seed), rows);
  const cut = Math.round(rows * share);
  return { train: order.slice([0, cut]), test: order.slice([cut]) };
}

export const rowsOf = (x: Tensor, rows: Tensor): Tensor => take(x, rows, { axis: 0 });
