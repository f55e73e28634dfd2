// What follows from the times of a run: ratios, means, GFLOP/s and shares of the peak, all of best samples. It prints nothing.
import { group, max, mean } from "d3-array";
import type { Workload } from "../src/index.ts";
import type { Entry } from "./contest.ts";
import { type Engine, peaks, type Precision } from "./engines.ts";
import type { Machine } from "./machine.ts";
import { peakOperations } from "./peak.ts";

export interface Run {
  readonly machine: Machine;
  readonly entries: readonly Entry[];
  readonly engines: readonly Engine[];
  readonly workloads: readonly Workload[];
  readonly seconds: number;
  readonly quick: boolean;
  readonly flags: string;
}

export const isProduct = ({ name }: Workload): boolean => name.startsWith("W3-");

export const entryOf = ({ entries }: Run, workload: Workload, engine: Engine): Entry | undefined =>
  entries.find((entry) => entry.workload === workload.name && entry.engine === engine.name);

export const wasTimed = (run: Run, engine: Engine): boolean =>
  run.entries.some((entry) => entry.engine === engine.name && entry.same !== undefined);

/** Cotangent's own best way to compute in a precision, of those that ran: compiled, else eager. */
export function ownEngine(run: Run, precision?: Precision): Engine | undefined {
  return run.engines
    .filter((engine) => engine.own && (precision ?? engine.precision) === engine.precision)
    .find((engine) => wasTimed(run, engine));
}

/** The time of the best sample, which other work on the machine disturbs least: what ratios are made of. */
export const bestOf = (run: Run, workload: Workload, engine: Engine): number | undefined => entryOf(run, workload, engine)?.same?.best;

const over = (a: number | undefined, b: number | undefined): number | undefined => (a === undefined || b === undefined ? undefined : a / b);

/** How many times as long an engine takes as Cotangent in the same precision. */
export function ratioOf(run: Run, workload: Workload, engine: Engine): number | undefined {
  const own = ownEngine(run, engine.precision);
  return own && over(bestOf(run, workload, engine), bestOf(run, workload, own));
}

/** The smallest of the ratios to several engines. */
export function ratioToBetter(run: Run, workload: Workload, engines: readonly Engine[]): number | undefined {
  const known = engines.map((engine) => ratioOf(run, workload, engine)).filter((ratio) => ratio !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** How many times as long float64 takes as float32. */
export function precisionRatio(run: Run, workload: Workload): number | undefined {
  const [single, double] = [ownEngine(run, "float32"), ownEngine(run, "float64")];
  return single && double && over(bestOf(run, workload, double), bestOf(run, workload, single));
}

/** How many times as long the workload takes as the function whose gradient it has. */
export function gradientRatio(run: Run, workload: Workload, engine: Engine): number | undefined {
  const entry = entryOf(run, workload, engine);
  return over(entry?.same?.best, entry?.beside?.value?.best);
}

const geometricMean = (ratios: readonly number[]): number => Math.exp(mean(ratios, Math.log) ?? Number.NaN);

/** The geometric mean over the workloads. The sizes of W3 count as one, so that they do not outweigh the others. */
export function meanOf(run: Run, ratio: (workload: Workload) => number | undefined): number {
  const groups = group(run.workloads, ({ name }) => name.split("-")[0]!);
  const known = [...groups.values()].map((rows) => rows.map(ratio).filter((each) => each !== undefined));
  return geometricMean(known.filter((rows) => rows.length > 0).map(geometricMean));
}

/** GFLOP/s of the workload, or of a function beside it that has as many operations. */
export function speedOf(run: Run, workload: Workload, engine: Engine, beside?: string): number | undefined {
  const entry = entryOf(run, workload, engine);
  const best = (beside === undefined ? entry?.same : entry?.beside?.[beside])?.best;
  const operations = peaks.includes(engine) ? peakOperations : workload.operations;
  return best === undefined || operations === undefined ? undefined : operations / best / 1e6;
}

/** The share of what the vectors of 128 bits reached in the same rounds, with relaxed multiply-add where the engine has it. */
export function shareOfPeak(run: Run, workload: Workload, engine: Engine, beside?: string): number | undefined {
  const own = peaks.filter(({ precision }) => precision === engine.precision);
  const highest = max(own, (peak) => speedOf(run, workload, peak));
  return over(speedOf(run, workload, engine, beside), highest);
}
