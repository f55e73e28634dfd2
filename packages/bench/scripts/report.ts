// The results of a run as Markdown tables, and their place in the README. Knows entries; runs nothing.
import { readFileSync, writeFileSync } from "node:fs";
import { group, max, mean } from "d3-array";
import type { Workload } from "../src/index.ts";
import { tolerances } from "./agreement.ts";
import type { Entry } from "./contest.ts";
import type { Engine, Precision } from "./engines.ts";
import type { Machine } from "./machine.ts";
import type { Timing } from "./rounds.ts";
import { short } from "./terminal.ts";

export interface Run {
  readonly machine: Machine;
  readonly entries: readonly Entry[];
  readonly engines: readonly Engine[];
  readonly workloads: readonly Workload[];
  readonly seconds: number;
  readonly quick: boolean;
  readonly flags: string;
}

/** A Markdown table, its first column to the left. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(header), `|---|${"--:|".repeat(header.length - 1)}`, ...rows.map(line)].join("\n");
}

export const entryOf = ({ entries }: Run, workload: Workload, engine: Engine): Entry | undefined =>
  entries.find((entry) => entry.workload === workload.name && entry.engine === engine.name);

const isProduct = ({ name }: Workload): boolean => name.startsWith("W3-");
const wasTimed = (run: Run) => (engine: Engine) => run.entries.some((entry) => entry.engine === engine.name && entry.same !== undefined);

/** Cotangent's own best way to compute in a precision, of those that ran: compiled, else eager. */
export function ownEngine(run: Run, precision?: Precision): Engine | undefined {
  return run.engines.filter((engine) => engine.own && (precision ?? engine.precision) === engine.precision).find(wasTimed(run));
}

export function reportOf(run: Run): string {
  const parts = [
    about(run),
    section("Milliseconds a call: the median of the samples, and the best", times(run)),
    section("W3, GFLOP/s by the best sample", products(run)),
    section("How many times as long as Cotangent", ratios(run)),
    section("Calls of compiled functions, ms", calls(run)),
    section("Not timed", reasons(run)),
    section("The largest error of an engine", accuracy(run)),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

const section = (title: string, body: string): string => (body === "" ? "" : `### ${title}\n\n${body}`);

function about({ machine, entries, engines, seconds, quick, flags }: Run): string {
  const { processor, cores, node, date, load } = machine;
  const versions = engines.flatMap(({ name, title }) => {
    const version = entries.find((entry) => entry.engine === name && entry.version)?.version;
    return version === undefined ? [] : [`${title.replace(/ (eager|jit|wasm|cpu)?\s*f(32|64)$/, "")} ${version}`];
  });
  const caveat =
    load > 0.3
      ? `**The load average was ${load.toFixed(1)} when the run began: others were at work on the machine, so take ratios, not milliseconds.**`
      : `The load average was ${load.toFixed(1)} when the run began.`;
  return [
    `${date}, ${processor}, ${cores} cores of which one is used, Node ${node}${flags === "" ? "" : ` with ${flags}`}${quick ? ", short samples (--quick)" : ""}; ${Math.round(seconds)} s.`,
    `${[...new Set(versions)].join(", ")}${versions.length > 0 ? "." : ""} ${caveat}`.trim(),
  ].join("\n");
}

function times(run: Run): string {
  const engines = run.engines.filter(wasTimed(run));
  const rows = run.workloads.filter((workload) => !isProduct(workload));
  if (rows.length === 0) return "";
  const cell = (same: Timing | undefined) => (same === undefined ? "–" : `${short(same.median)} · ${short(same.best)}`);
  return table(
    ["", ...engines.map(({ title }) => title)],
    rows.map((workload) => [workload.name, ...engines.map((engine) => cell(entryOf(run, workload, engine)?.same))]),
  );
}

function products(run: Run): string {
  const rows = run.workloads.filter(isProduct);
  if (rows.length === 0) return "";
  const speed = ({ operations }: Workload, best: number | undefined) => (best === undefined ? "–" : short(operations! / best / 1e6));
  const label = ({ name }: Workload) => `${name.split("-")[1]}${name.endsWith("grad") ? ", gradients" : ""}`;
  return table(
    ["", ...rows.map(label)],
    run.engines
      .filter(wasTimed(run))
      .map((engine) => [engine.title, ...rows.map((workload) => speed(workload, entryOf(run, workload, engine)?.same?.best))]),
  );
}

/** The time of the best sample, which other work on the machine disturbs least: what ratios are made of. */
export const bestOf = (run: Run, workload: Workload, engine: Engine): number | undefined => entryOf(run, workload, engine)?.same?.best;

/** How many times as long an engine takes as Cotangent in the same precision. */
function ratioOf(run: Run, workload: Workload, engine: Engine): number | undefined {
  const own = ownEngine(run, engine.precision);
  const [ours, theirs] = [own && bestOf(run, workload, own), bestOf(run, workload, engine)];
  return ours === undefined || theirs === undefined ? undefined : theirs / ours;
}

const geometricMean = (ratios: readonly number[]): number => Math.exp(mean(ratios, Math.log) ?? Number.NaN);

/** The sizes of W3 count as one workload, so that they do not outweigh the others. */
function meanOf(run: Run, ratio: (workload: Workload) => number | undefined): number {
  const groups = group(run.workloads, ({ name }) => name.split("-")[0]!);
  const known = [...groups.values()].map((rows) => rows.map(ratio).filter((each) => each !== undefined));
  return geometricMean(known.filter((rows) => rows.length > 0).map(geometricMean));
}

function ratios(run: Run): string {
  const own = [ownEngine(run, "float32"), ownEngine(run, "float64")].filter((engine) => engine !== undefined);
  const peers = run.engines.filter((engine) => !engine.own && wasTimed(run)(engine) && ownEngine(run, engine.precision) !== undefined);
  if (own.length === 0 || peers.length === 0) return "";
  const browsers = peers.filter(({ name }) => /^(tfjs|jax)/.test(name));
  const better = (workload: Workload): number | undefined => {
    const known = browsers.map((engine) => ratioOf(run, workload, engine)).filter((ratio) => ratio !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  };
  const precisions = (workload: Workload): number | undefined => {
    const [single, double] = own.map((engine) => bestOf(run, workload, engine));
    return single === undefined || double === undefined ? undefined : double / single;
  };
  const columns = [
    ...peers.map((engine) => ({ title: engine.title, ratio: (workload: Workload) => ratioOf(run, workload, engine) })),
    ...(own.length === 2 ? [{ title: `${own[1]!.title} over ${own[0]!.title}`, ratio: precisions }] : []),
    ...(browsers.length > 1 ? [{ title: "better of TensorFlow.js and jax-js", ratio: better }] : []),
  ];
  const rows = run.workloads.map((workload) => [workload.name, ...columns.map(({ ratio }) => shown(ratio(workload)))]);
  const means = columns.map(({ ratio }) => meanOf(run, ratio));
  return [
    `Each peer beside the engine of its own precision (${own.map(({ title }) => title).join(", ")}); above 1, Cotangent is faster. By the best samples.`,
    "",
    table(["", ...columns.map(({ title }) => title)], [...rows, ["geometric mean, W3 as one", ...means.map(shown)]]),
  ].join("\n");
}

const shown = (ratio: number | undefined): string => (ratio === undefined ? "–" : short(ratio));

function calls(run: Run): string {
  const engines = run.engines.filter((engine) => engine.compiled && wasTimed(run)(engine));
  if (engines.length === 0) return "";
  const kinds = (engine: Engine) => (engine.own ? ["first", "same", "fresh"] : ["first", "same"]);
  const value = (entry: Entry | undefined, kind: string) =>
    entry === undefined || entry.reason !== undefined ? undefined : kind === "first" ? entry.first : entry[kind as "same" | "fresh"]?.best;
  const header = engines.flatMap((engine) => kinds(engine).map((kind) => `${engine.title}, ${kind}`));
  const rows = run.workloads.map((workload) => [
    workload.name,
    ...engines.flatMap((engine) => kinds(engine).map((kind) => shown(value(entryOf(run, workload, engine), kind)))),
  ]);
  return `First calls, in a new process, trace, compile and run; fresh calls get parameters that are new tensors. Same and fresh calls by the best samples.\n\n${table(["", ...header], rows)}`;
}

/** One row for each engine and reason, with the workloads it holds for. */
function reasons({ entries, engines }: Run): string {
  const rows = engines.flatMap(({ name, title }) => {
    const failed = entries.filter((entry) => entry.engine === name && entry.reason !== undefined);
    const texts = [...new Set(failed.map(({ reason }) => reason!))];
    return texts.map((text) => {
      const names = failed.filter(({ reason }) => reason === text).map(({ workload }) => workload);
      return [
        title,
        failed.length === entries.length / engines.length && texts.length === 1 ? "all" : names.join(", "),
        text.replace(/\|/g, "\\|"),
      ];
    });
  });
  return rows.length === 0 ? "" : table(["", "workloads", "why"], rows);
}

function accuracy({ entries, engines }: Run): string {
  const rows = engines.flatMap(({ name, title }) => {
    const known = entries.filter((entry) => entry.engine === name && entry.error !== undefined && entry.reason === undefined);
    const worst = max(known, ({ error }) => error!);
    if (worst === undefined || name === "plain") return [];
    const { workload } = known.find(({ error }) => error === worst)!;
    return [[title, worst.toExponential(1), workload]];
  });
  if (rows.length === 0) return "";
  const allowed = `${tolerances.float32} in float32 and ${tolerances.float64} in float64`;
  return `Against plain JavaScript in float64, as a share of a result's largest entry, of what was timed; ${allowed} are allowed.\n\n${table(["", "error", "at"], rows)}`;
}

const readme = new URL("../README.md", import.meta.url);
const [begin, end] = ["<!-- results, written by npm run bench -->\n", "<!-- end of the results -->"];

export function writeReadme(report: string): void {
  const text = readFileSync(readme, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error("packages/bench/README.md lacks the marks of the results");
  writeFileSync(
    readme,
    `${text.slice(0, from + begin.length)}\n![How long each engine takes](results.svg)\n\n${report}\n${text.slice(to)}`,
  );
}
