// Every law of the op table for every op of core. A failure prints the law, the call and the seed that replays it.
import * as check from "@cotangent/check";
import * as core from "@cotangent/core";
import { tableOf } from "@cotangent/core/engine";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const seed = (fc.readConfigureGlobal()?.seed ?? Date.now()) | 0;
const runs = Number(process.env.COTANGENT_RUNS ?? 6);

const table = tableOf(core);

describe(`laws of the op table, seed ${seed}`, () => {
  it("finds the whole table", () => {
    expect(table.length).toBeGreaterThan(100);
  });
  it.each(table)("%s", (_name, op) => {
    const report = check.checkOp(op, { seed, runs });
    const shown = report.failures.slice(0, 3).map(({ law, seed: own, call, detail }) => `${law} (seed ${own}): ${detail}\n  in ${call}`);
    if (shown.length > 0) expect.fail(`${report.failures.length} failures\n${shown.join("\n")}`);
  });
});
