// npm run bench: every workload on every engine, checked, then timed in interleaved rounds; tables, and a chart, in the README of the package.
//
//   --only W1a,W3        these workloads; W3 means all its sizes
//   --engines jit,torch  these engines, by the beginnings of their names
//   --quick              fewer and shorter samples, and matrices up to 256
//   --write              put the tables and the chart into the README although the run is not a whole one
//   --v8-flags "…"       for the engines in JavaScript, such as --experimental-wasm-relaxed-simd on Node 20
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Workload, workloads } from "../src/index.ts";
import { bundleWorker } from "./bundle.ts";
import { drawChart } from "./chart.ts";
import { contest, type Entry } from "./contest.ts";
import { type Engine, engines, findPythons, installPeers, type Surroundings } from "./engines.ts";
import { describeMachine } from "./machine.ts";
import { reportOf, writeReadme } from "./report.ts";
import { type Effort, efforts } from "./rounds.ts";
import type { Session } from "./session.ts";
import { printWorkload } from "./terminal.ts";

const output = fileURLToPath(new URL("../output/", import.meta.url));

const listed = (text: string): string[] => text.split(",").map((name) => name.trim().toLowerCase());

/** What the names begin; throws at one that begins nothing. */
function chosenBy<T extends { readonly name: string }>(all: readonly T[], names: string | undefined, what: string): readonly T[] {
  if (names === undefined) return all;
  const begins = (name: string) => (item: T) => item.name.toLowerCase().startsWith(name) && !/^\d/.test(item.name.slice(name.length));
  for (const name of listed(names)) {
    if (!all.some(begins(name))) throw new Error(`no ${what} is called ${name}; there are ${all.map((item) => item.name).join(", ")}`);
  }
  return all.filter((item) => listed(names).some((name) => begins(name)(item)));
}

const isSmall = ({ name }: Workload): boolean => !/^W3-(512|1024)/.test(name);

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      only: { type: "string" },
      engines: { type: "string" },
      quick: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      "v8-flags": { type: "string", default: "" },
    },
  });
  const chosen = chosenBy(workloads, options.only, "workload").filter((each) => !options.quick || isSmall(each));
  const contestants = chosenBy(engines, options.engines, "engine");
  const machine = describeMachine();
  mkdirSync(output, { recursive: true });
  const flags = options["v8-flags"];
  const surroundings = await prepare(flags.split(" ").filter(Boolean), contestants);

  const start = performance.now();
  const entries = await runAll(chosen, contestants, surroundings, options.quick ? efforts.quick : efforts.full);
  const seconds = (performance.now() - start) / 1000;
  const run = { machine, entries, engines: contestants, workloads: chosen, seconds, quick: options.quick, flags };

  writeFileSync(join(output, "results.json"), `${JSON.stringify({ machine, entries }, null, 1)}\n`);
  const isWhole = !options.quick && options.only === undefined && options.engines === undefined;
  if (isWhole || options.write) {
    writeFileSync(fileURLToPath(new URL("../results.svg", import.meta.url)), drawChart(run));
    writeReadme(reportOf(run));
  } else {
    writeFileSync(join(output, "results.svg"), drawChart(run));
    writeFileSync(join(output, "results.md"), reportOf(run));
    console.log("packages/bench/output has results.md, results.svg and results.json");
  }
  console.log(`${Math.round(seconds)} s`);
}

/** Bundles the worker as a user would bundle it, looks for Pythons, and installs the npm packages of the peers if one is wanted. */
async function prepare(flags: readonly string[], contestants: readonly Engine[]): Promise<Surroundings> {
  const worker = join(output, "worker.mjs");
  await bundleWorker(worker);
  const asked = { worker: [], pythons: {}, missing: "asked" };
  return {
    worker: [process.execPath, ...flags, worker],
    pythons: findPythons(["torch", "numpy"]),
    missing: contestants.some(({ absent }) => absent(asked) === asked.missing) ? installPeers() : undefined,
  };
}

async function runAll(
  chosen: readonly Workload[],
  contestants: readonly Engine[],
  surroundings: Surroundings,
  effort: Effort,
): Promise<readonly Entry[]> {
  const folder = mkdtempSync(join(tmpdir(), "cotangent-bench-"));
  const lasting = new Map<string, Session>();
  const judge = engines.find(({ name }) => name === "plain")!;
  const entries: Entry[] = [];
  try {
    for (const workload of chosen) {
      const found = await contest(workload, contestants, judge, { surroundings, effort, patience: 120_000, lasting, folder });
      printWorkload(workload, found, contestants);
      entries.push(...found);
    }
  } finally {
    for (const session of lasting.values()) await session.close();
    rmSync(folder, { recursive: true });
  }
  return entries;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
