// The order in which contenders are timed, on sessions whose calls take as long as they are told.
import { expect, test } from "vitest";
import { race } from "../scripts/rounds.ts";

const effort = { warmup: 10, sample: 8, rounds: 4, budget: 1000 };

function contenders(milliseconds: Readonly<Record<string, number>>) {
  const log: string[] = [];
  const all = Object.entries(milliseconds).map(([name, each]) => ({
    session: {
      time: async ({ calls }: { readonly calls: number }) => {
        if (each < 0) throw new Error("broken");
        log.push(`${name}${calls}`);
        return calls * each;
      },
    },
    what: "same" as const,
    limit: 1_000_000,
    known: undefined,
  }));
  return { all, log };
}

test("after each has warmed up they take turns, with as many calls as make a sample", async () => {
  const { all, log } = contenders({ a: 1, b: 4 });
  const timings = await race(all, effort);
  expect(log.slice(-8)).toEqual(["a8", "b2", "a8", "b2", "a8", "b2", "a8", "b2"]);
  expect(timings).toEqual([
    { median: 1, best: 1, samples: 4, calls: 8 },
    { median: 4, best: 4, samples: 4, calls: 2 },
  ]);
});

test("a slow one takes fewer turns, and one that fails stops nobody", async () => {
  const { all } = contenders({ slow: 600, slowest: 5000, broken: -1, quick: 8 });
  const timings = await race(all, effort);
  expect(timings.map((timing) => (typeof timing === "string" ? timing : timing.samples))).toEqual([3, 1, "broken", 4]);
});
