// Schedules against their formulas in plain numbers, at and around their corners.
import { tensor } from "@cotangent/core";
import { constant, cosineDecay, exponentialDecay, type Schedule, warmup } from "@cotangent/optim";
import { expect, test } from "vitest";

const at = (schedule: Schedule, step: number): number => {
  const rate = schedule(tensor(step, "int32"));
  return typeof rate === "number" ? rate : rate.item();
};

test("constant", () => {
  expect([0, 5, 1e6].map((step) => at(constant(0.3), step))).toEqual([0.3, 0.3, 0.3]);
});

test("exponentialDecay halves every ten updates", () => {
  const schedule = exponentialDecay(0.8, 0.5, 10);
  for (const step of [0, 1, 5, 10, 25, 100]) expect(at(schedule, step)).toBeCloseTo(0.8 * 0.5 ** (step / 10), 15);
});

test("cosineDecay falls from the initial rate to its last share and stays there", () => {
  const schedule = cosineDecay(0.4, 20, 0.25);
  for (const step of [0, 1, 7, 10, 19]) {
    expect(at(schedule, step)).toBeCloseTo(0.4 * (0.25 + (0.75 * (1 + Math.cos((Math.PI * step) / 20))) / 2), 15);
  }
  expect(at(schedule, 20)).toBeCloseTo(0.1, 15);
  expect(at(schedule, 5000)).toBeCloseTo(0.1, 15);
});

test("warmup climbs from 0 to a number, or to the start of another schedule", () => {
  expect([0, 1, 2, 4, 5, 9].map((step) => at(warmup(4, 0.8), step))).toEqual([0, 0.2, 0.4, 0.8, 0.8, 0.8]);
  const schedule = warmup(4, exponentialDecay(0.8, 0.5, 10));
  expect(at(schedule, 3)).toBeCloseTo(0.6, 15);
  expect(at(schedule, 4)).toBeCloseTo(0.8, 15);
  expect(at(schedule, 14)).toBeCloseTo(0.4, 15);
});

test("bad input", () => {
  expect(() => constant(-1)).toThrowErrorMatchingInlineSnapshot(
    `[CotangentError: constant: rate is out of range — -1; give a finite number that is not negative]`,
  );
  expect(() => exponentialDecay(0.1, 0, 10)).toThrowErrorMatchingInlineSnapshot(
    `[CotangentError: exponentialDecay: factor is out of range — 0; give a finite number above 0]`,
  );
  expect(() => exponentialDecay(0.1, 0.5, 0)).toThrowErrorMatchingInlineSnapshot(
    `[CotangentError: exponentialDecay: steps is out of range — 0; give an integer of at least 1]`,
  );
  expect(() => cosineDecay(0.1, 1.5)).toThrowErrorMatchingInlineSnapshot(
    `[CotangentError: cosineDecay: steps is out of range — 1.5; give an integer of at least 1]`,
  );
  expect(() => cosineDecay(0.1, 10, 2)).toThrowErrorMatchingInlineSnapshot(
    `[CotangentError: cosineDecay: last is out of range — 2; give a number of at least 0 and below 1]`,
  );
  expect(() => warmup(10, "slow" as never)).toThrowErrorMatchingInlineSnapshot(
    `[CotangentError: warmup: learningRate is out of range — "slow"; give a finite number that is not negative, or a schedule]`,
  );
});
