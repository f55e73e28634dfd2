// What this example prints of its op; knows the records, not the op.
import type { LawReport } from "@cotangent/check";
import type { Tensor } from "@cotangent/core";
import type { TableFunction } from "@cotangent/core/engine";
import { derivativeText, formulaText } from "@cotangent/print";
import { heading, printTable } from "../support/terminal.ts";

export function showFormulas(op: TableFunction): void {
  heading("The record, printed on symbols");
  console.log(`${formulaText(op)}, derivative ${derivativeText(op).join(", ")}, for x in ${op.row.domain![0]!.name}`);
}

/** The op beside the formula as one would type it. */
export function showAccuracy(op: (x: Tensor) => Tensor, x: Tensor): void {
  heading("Values");
  const typed = x.neg().exp().neg().add(1).log();
  const rows = Array.from(x.values, (at, i) => [String(at), String(op(x).values[i]), String(typed.values[i])]);
  printTable(["x", op.name, "log(1 - exp(-x))"], rows);
}

export function showUses(uses: Readonly<Record<string, Tensor>>): void {
  heading("What follows from the record");
  for (const [name, value] of Object.entries(uses)) console.log(`${name}: ${value}`);
}

export function showReport({ op, tried, undecided, failures }: LawReport): void {
  heading(`The laws of the op table, on ${op}`);
  const failed = (law: string): number => failures.filter((failure) => failure.law === law).length;
  const rows = Object.entries(tried).map(([law, count]) => [law, String(count), String(undecided[law] ?? 0), String(failed(law))]);
  printTable(["law", "tried", "undecided", "failed"], rows);
  const [first] = failures;
  console.log(first === undefined ? "No law fails." : `The first failure: ${first.law}, ${first.call}: ${first.detail}`);
}
