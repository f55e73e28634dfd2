// The results of a run as Markdown tables, and their place in the README. It knows figures; runs nothing.
import { readFileSync, writeFileSync } from "node:fs";
import { max } from "d3-array";
import type { Workload } from "../src/index.ts";
import { tolerances } from "./agreement.ts";
import type { Entry } from "./contest.ts";
import { type Engine, familyOf, peaks } from "./engines.ts";
import {
  bestOf,
  entryOf,
  gradientRatio,
  isProduct,
  meanOf,
  ownEngine,
  precisionRatio,
  ratioOf,
  ratioToBetter,
  type Run,
  shareOfPeak,
  speedOf,
  wasTimed,
} from "./figures.ts";
import { outcomesOf } from "./goals.ts";
import type { Timing } from "./rounds.ts";
import { short } from "./terminal.ts";

/** A Markdown table, its first column to the left. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(header), `|---|${"--:|".repeat(header.length - 1)}`, ...rows.map(line)].join("\n");
}

export function reportOf(run: Run): string {
  const parts = [
    about(run),
    section("Goals", goals(run)),
    section("Milliseconds a call: the median of the samples, and the best", times(run)),
    section("W3, GFLOP/s by the best sample", products(run)),
    section("How many times as long as Cotangent", ratios(run)),
    section("Value and gradient beside the value alone, ms", gradients(run)),
    section("Calls of compiled functions, ms", calls(run)),
    section("Not timed", reasons(run)),
    section("The largest error of an engine", accuracy(run)),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

const section = (title: string, body: string): string => (body === "" ? "" : `### ${title}\n\n${body}`);

function about({ machine, entries, engines, seconds, quick, flags }: Run): string {
  const { processor, cores, vectors, node, date, load } = machine;
  const versions = engines.flatMap((engine) => {
    const version = entries.find((entry) => entry.engine === engine.name && entry.version)?.version;
    return version === undefined ? [] : [`${familyOf(engine)} ${version}`];
  });
  const caveat =
    load > 0.3
      ? `**The load average was ${load.toFixed(1)} when the run began: others were at work on the machine, so take ratios, not milliseconds.**`
      : `The load average was ${load.toFixed(1)} when the run began.`;
  return [
    `${date}, ${processor}, ${cores} cores of which one is used${vectors === undefined ? "" : `, vectors of up to ${vectors} bits (WebAssembly has 128)`}, Node ${node}${flags === "" ? "" : ` with ${flags}`}${quick ? ", short samples (--quick)" : ""}; ${Math.round(seconds)} s.`,
    `${[...new Set(versions)].join(", ")}${versions.length > 0 ? "." : ""} ${caveat}`.trim(),
  ].join("\n");
}

function goals(run: Run): string {
  const intro = `By the best samples, each beside what was timed in the same rounds. Of a goal with more figures than four the worst are shown.`;
  const rows = outcomesOf(run).map(({ title, wanted, figures, reached }) => [title, wanted, figures, reached]);
  return `${intro}\n\n${table(["", "to reach", "this run", "reached"], rows)}`;
}

function times(run: Run): string {
  const engines = run.engines.filter((engine) => wasTimed(run, engine));
  const rows = run.workloads.filter((workload) => !isProduct(workload));
  if (rows.length === 0) return "";
  const cell = (same: Timing | undefined) => (same === undefined ? "–" : `${short(same.median)} · ${short(same.best)}`);
  return table(
    ["", ...engines.map(({ title }) => title)],
    rows.map((workload) => [workload.name, ...engines.map((engine) => cell(entryOf(run, workload, engine)?.same))]),
  );
}

function products(run: Run): string {
  const columns = run.workloads.filter(isProduct);
  if (columns.length === 0) return "";
  const label = ({ name }: Workload) => `${name.split("-")[1]}${name.endsWith("grad") ? ", gradients" : ""}`;
  const row = (title: string, value: (workload: Workload) => number | undefined, unit = "") => {
    const cells = columns.map(value);
    const texts = cells.map((cell) => (cell === undefined ? "–" : `${short(cell)}${unit}`));
    return cells.every((cell) => cell === undefined) ? [] : [[title, ...texts]];
  };
  const transposes = [...new Set(columns.flatMap(({ beside = {} }) => Object.keys(beside)))].filter((name) => name !== "value");
  const compiled = run.engines.filter(({ own, compiled }) => own && compiled);
  return table(
    ["", ...columns.map(label)],
    [
      ...[...peaks, ...run.engines].flatMap((engine) => row(engine.title, (workload) => speedOf(run, workload, engine))),
      ...compiled.flatMap((engine) => [
        ...transposes.flatMap((form) => row(`${engine.title}, ${form}`, (workload) => speedOf(run, workload, engine, form))),
        ...row(`${engine.title}, share of the peak`, (workload) => percent(shareOfPeak(run, workload, engine)), " %"),
      ]),
    ],
  );
}

const percent = (share: number | undefined): number | undefined => (share === undefined ? undefined : share * 100);

function ratios(run: Run): string {
  const own = [ownEngine(run, "float32"), ownEngine(run, "float64")].filter((engine) => engine !== undefined);
  const peers = run.engines.filter((engine) => !engine.own && wasTimed(run, engine) && ownEngine(run, engine.precision) !== undefined);
  if (own.length === 0 || peers.length === 0) return "";
  const browsers = peers.filter(({ name }) => /^(tfjs|jax)/.test(name));
  const columns = [
    ...peers.map((engine) => ({ title: engine.title, ratio: (workload: Workload) => ratioOf(run, workload, engine) })),
    ...(own.length === 2
      ? [{ title: `${own[1]!.title} over ${own[0]!.title}`, ratio: (workload: Workload) => precisionRatio(run, workload) }]
      : []),
    ...(browsers.length > 1
      ? [{ title: "better of TensorFlow.js and jax-js", ratio: (workload: Workload) => ratioToBetter(run, workload, browsers) }]
      : []),
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

/** Of the compiled engines: the time of the workload, of the function whose gradient it has, and how many times as long the first is. */
function gradients(run: Run): string {
  const engines = run.engines.filter(({ own, compiled }) => own && compiled);
  const value = (workload: Workload, engine: Engine) => entryOf(run, workload, engine)?.beside?.value?.best;
  const rows = run.workloads.filter((workload) => engines.some((engine) => value(workload, engine) !== undefined));
  if (rows.length === 0) return "";
  const cells = (workload: Workload, engine: Engine) => [
    shown(bestOf(run, workload, engine)),
    shown(value(workload, engine)),
    shown(gradientRatio(run, workload, engine)),
  ];
  return table(
    ["", ...engines.flatMap(({ title }) => [`${title}, value and gradient`, "value", "ratio"])],
    rows.map((workload) => [workload.name, ...engines.flatMap((engine) => cells(workload, engine))]),
  );
}

function calls(run: Run): string {
  const engines = run.engines.filter((engine) => engine.compiled && wasTimed(run, engine));
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
function reasons({ entries, engines, workloads }: Run): string {
  const rows = engines.flatMap(({ name, title }) => {
    const failed = entries.filter((entry) => entry.engine === name && entry.reason !== undefined);
    const texts = [...new Set(failed.map(({ reason }) => reason!))];
    return texts.map((text) => {
      const names = failed.filter(({ reason }) => reason === text).map(({ workload }) => workload);
      return [title, failed.length === workloads.length && texts.length === 1 ? "all" : names.join(", "), text.replace(/\|/g, "\\|")];
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
