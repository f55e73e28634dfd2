// Spoils every derivative rule of the op table, node by node, and asks that some law notices. Survivors are listed here with the reason.
import { mutateOp } from "@cotangent/check";
import * as core from "@cotangent/core";
import { tableOf } from "@cotangent/core/engine";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";

const seed = (fc.readConfigureGlobal()?.seed ?? Date.now()) | 0;
const table = tableOf(core);

/** Mutants that compute the same derivative, by op and then by node and change (at any place in the rule), with the reason. */
const equivalent: Record<string, Readonly<Record<string, string>>> = {
  remainder: {
    "sub/scale": "the cotangent of y is −⌊x/y⌋, rounded to a whole number",
    "div/scale": "the cotangent of y is −⌊x/y⌋, rounded to a whole number",
  },
  logcumsumexp: { "pushforward/5:where/keep 1": "what it multiplies is exactly zero where its condition fails, and zero wins" },
  atan2: { "hypot/negate": "both factors are divided by it: the square of its sign is 1" },
  prod: {
    "concat/negate": "of three factors each has two others, whose signs cancel",
    "mul/negate": "of three factors each has two others, whose signs cancel",
    "reshape/negate": "of three factors each has two others, whose signs cancel",
  },
  tanh: { "sech/negate": "the derivative is its square" },
  mish: { "sech/negate": "the derivative holds its square" },
};

const ratio = "a share is a hit over the sum of the hits: a factor of both cancels";
const untied = "it differs where entries tie, which drawn ones do not: ties have conventions and tests";
for (const name of ["max", "min", "maxPool"]) {
  equivalent[name] = {
    "cast/scale": ratio,
    "cast/negate": ratio,
    "div/keep 0": untied,
    ...(name === "maxPool" ? { "sum/negate": untied, "maximum/keep 1": untied } : {}),
  };
}

const placeless = (mutant: string): string => mutant.replace(/^.*?:/, "");

let killed = 0;
let excused = 0;
afterAll(() => console.log(`measured: mutants of ${table.length} ops, ${killed} killed, ${excused} listed as equivalent, seed ${seed}`));

describe(`mutants of the derivative rules, seed ${seed}`, () => {
  it.each(table)("%s", (name, op) => {
    const report = mutateOp(op, { seed });
    const listed = equivalent[name] ?? {};
    killed += report.killed.length;
    excused += report.survived.filter((mutant) => placeless(mutant) in listed || mutant in listed).length;
    expect(report.survived.filter((mutant) => !(placeless(mutant) in listed || mutant in listed))).toEqual([]);
  });
});
