// What a run prints while it goes: a table a workload.
import type { Workload } from "../src/index.ts";
import type { Entry } from "./contest.ts";
import { type Engine, peaks } from "./engines.ts";

/** A number in three digits, without an exponent. */
export function short(x: number): string {
  if (!Number.isFinite(x)) return "–";
  if (x >= 100) return String(Math.round(x));
  return x === 0 ? "0" : x.toFixed(Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(x)))));
}

export function printWorkload({ name, title }: Workload, entries: readonly Entry[], engines: readonly Engine[]): void {
  console.log(`\n${name}: ${title}`);
  console.log(`${"".padEnd(34)}${["median ms", "best ms", "fresh ms", "first ms", "error"].map((text) => text.padStart(11)).join("")}`);
  for (const { engine, reason, same, fresh, first, error } of entries) {
    const title = [...engines, ...peaks].find((each) => each.name === engine)!.title.padEnd(34);
    const cells = [same?.median, same?.best, fresh?.median, first].map((x) => (x === undefined ? "" : short(x)));
    const row = [...cells, error === undefined ? "" : error.toExponential(0)].map((text) => text.padStart(11)).join("");
    console.log(reason === undefined ? title + row : `${title}   ${reason}`);
  }
}
