// The closed forms in plain JavaScript as an engine: what a careful person writes without any library.
import { mapData } from "../src/index.ts";
import { bound } from "./calls.ts";
import type { Data, Workload } from "../src/index.ts";
import type { Prepared } from "./worker.ts";

export function plain(workload: Workload, data: readonly Data[]): Prepared {
  const inputs = data.map((part) => mapData(part, ({ values }) => values));
  const call = bound(workload.plain as (...inputs: unknown[]) => unknown, inputs);
  return {
    call,
    results: () => ({
      out: call(),
      isLeaf: (value) => typeof value === "number" || value instanceof Float64Array,
      read: (leaf: number | Float64Array) => (typeof leaf === "number" ? [leaf] : leaf),
    }),
  };
}
