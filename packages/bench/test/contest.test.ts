// Workloads in real processes of the bundled worker: right, and everything that is asked for timed.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleWorker } from "../scripts/bundle.ts";
import { contest, type Entry } from "../scripts/contest.ts";
import { engines } from "../scripts/engines.ts";
import type { Session } from "../scripts/session.ts";
import { workloads } from "../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "cotangent-bench-test-"));
const worker = join(folder, "worker.mjs");
const lasting = new Map<string, Session>();
const [jit, plain] = ["jit-f64", "plain"].map((name) => engines.find((engine) => engine.name === name)!);

beforeAll(() => bundleWorker(worker));
afterAll(async () => {
  for (const session of lasting.values()) await session.close();
  rmSync(folder, { recursive: true });
});

async function entriesOf(name: string): Promise<ReadonlyMap<string, Entry>> {
  const surroundings = { worker: [process.execPath, worker], pythons: {}, missing: undefined };
  const effort = { warmup: 1, sample: 1, rounds: 2, budget: 10 };
  const workload = workloads.find((each) => each.name === name)!;
  const found = await contest(workload, [jit!], plain!, { surroundings, effort, patience: 60_000, lasting, folder });
  return new Map(found.map((entry) => [entry.engine, entry]));
}

test("a value and gradient: the same and new arguments, and the value alone", async () => {
  const found = await entriesOf("W9");
  expect([...found.keys()]).toEqual(["jit-f64"]);
  const { reason, first, error, same, fresh, beside } = found.get("jit-f64")!;
  expect(reason).toBeUndefined();
  expect(error).toBeLessThan(1e-15);
  for (const time of [first, same?.best, fresh?.best, beside?.value?.best]) expect(time).toBeGreaterThan(0);
});

test("a product: its transposes, and the peaks that this engine has", async () => {
  const found = await entriesOf("W3-64");
  expect(Object.keys(found.get("jit-f64")!.beside!)).toEqual(["Aᵀ·B", "A·Bᵀ", "Aᵀ·Bᵀ"]);
  for (const name of ["peak-f32", "peak-f64"]) expect(found.get(name)!.same!.best).toBeGreaterThan(0);
  for (const name of ["peak-relaxed-f32", "peak-relaxed-f64"]) {
    const { same, reason } = found.get(name)!;
    expect(same === undefined).toBe(reason === "this engine has no relaxed multiply-add");
  }
});
