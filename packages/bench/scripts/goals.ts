// What Cotangent is to reach, and whether a run reached it. Goals are data; where a run lacks what a goal asks about, that is said.
import type { Workload } from "../src/index.ts";
import { engines, type Engine, familyOf, peaks, type Precision } from "./engines.ts";
import {
  bestOf,
  entryOf,
  gradientRatio,
  meanOf,
  precisionRatio,
  ratioOf,
  ratioToBetter,
  type Run,
  shareOfPeak,
  wasTimed,
} from "./figures.ts";
import { short } from "./terminal.ts";

interface Figure {
  /** What it is the figure of: a workload, a precision, a transpose. */
  readonly of: string;
  readonly value: number;
  /** Said beside it. */
  readonly note?: string;
}

export interface Goal {
  readonly title: string;
  readonly bound: { readonly atLeast: number } | { readonly atMost: number };
  readonly unit: "×" | "ms" | "µs" | "%";
  /** The engines it compares with; any of them will do. */
  readonly peers?: readonly Engine[];
  /** Whether it is asked of such a run. */
  readonly applies?: (run: Run) => boolean;
  /** Those of the run; each is to keep the bound. */
  readonly figures: (run: Run) => readonly Figure[];
}

const named = (name: string): Engine => engines.find((engine) => engine.name === name)!;
const compiled = [named("jit-f32"), named("jit-f64")];
const browsers = [named("jax"), named("tfjs-wasm"), named("tfjs-cpu")];
const torch = [named("torch-f32"), named("torch-f64")];
const numpy = [named("numpy-f32"), named("numpy-f64")];
const letters: Readonly<Record<Precision, string>> = { float32: "f32", float64: "f64" };

/** A figure for each workload of some names and each engine, where the run has it. */
function figuresOf(
  names: RegExp,
  across: readonly Engine[],
  value: (run: Run, workload: Workload, engine: Engine) => number | undefined,
  note: (run: Run, workload: Workload, engine: Engine) => string | undefined = () => undefined,
): Goal["figures"] {
  return (run) =>
    run.workloads
      .filter(({ name }) => names.test(name))
      .flatMap((workload) =>
        across.flatMap((engine) => {
          const [found, beside] = [value(run, workload, engine), note(run, workload, engine)];
          const of = `${workload.name} ${letters[engine.precision]}`;
          return found === undefined ? [] : [{ of, value: found, ...(beside === undefined ? {} : { note: beside }) }];
        }),
      );
}

const times =
  (factor: number, time: typeof bestOf): typeof bestOf =>
  (run, workload, engine) => {
    const found = time(run, workload, engine);
    return found === undefined ? undefined : found * factor;
  };

const percent = (run: Run, workload: Workload, engine: Engine, beside?: string): number | undefined => {
  const share = shareOfPeak(run, workload, engine, beside);
  return share === undefined ? undefined : share * 100;
};

const first: typeof bestOf = (run, workload, engine) => entryOf(run, workload, engine)?.first;

/** What share of the peak Cotangent reaches beside a peer, whose own vectors may be wider. */
const ownShare = (run: Run, workload: Workload, { precision }: Engine): string | undefined => {
  const share = percent(run, workload, compiled.find((engine) => engine.precision === precision)!);
  return share === undefined ? undefined : `${short(share)} % of the peak of 128 bits`;
};

/** Products with gradients, and with either factor or both transposed, among them. */
const products =
  (names: RegExp): Goal["figures"] =>
  (run) =>
    compiled.flatMap((engine) => {
      const plain = figuresOf(names, [engine], percent)(run);
      const transposed = Object.keys(run.workloads.find(({ name }) => names.test(name) && !name.endsWith("grad"))?.beside ?? {});
      return [
        ...plain,
        ...transposed.flatMap((form) =>
          figuresOf(names, [engine], (...at) => percent(...at, form))(run).map((figure) => ({ ...figure, of: `${figure.of} ${form}` })),
        ),
      ];
    });

const isRelaxed = (run: Run): boolean => peaks.some((peak) => peak.name.includes("relaxed") && wasTimed(run, peak));
const blockTime = figuresOf(/^W6$/, [compiled[0]!], bestOf, ownShare);

const goals: readonly Goal[] = [
  {
    title: "beside the better of TensorFlow.js and jax-js, in float32: geometric mean, W3 as one",
    bound: { atLeast: 5 },
    unit: "×",
    peers: browsers,
    figures: (run) => {
      const value = meanOf(run, (workload) => ratioToBetter(run, workload, browsers));
      return Number.isNaN(value) ? [] : [{ of: "all workloads", value }];
    },
  },
  {
    title: "the same on each workload",
    bound: { atLeast: 1 },
    unit: "×",
    peers: browsers,
    figures: (run) => figuresOf(/^W/, [compiled[0]!], (_, workload) => ratioToBetter(run, workload, browsers))(run),
  },
  ...(["W1a", "W1b", "W4", "W7", "W9"] as const).map(
    (name): Goal => ({
      title: `beside PyTorch in the same precision: ${name}`,
      bound: { atLeast: 1 },
      unit: "×",
      peers: torch,
      figures: figuresOf(new RegExp(`^${name}$`), torch, ratioOf),
    }),
  ),
  { title: "beside PyTorch: W5", bound: { atLeast: 100 }, unit: "×", peers: torch, figures: figuresOf(/^W5$/, torch, ratioOf) },
  { title: "beside PyTorch: W8, W10", bound: { atLeast: 1 }, unit: "×", peers: torch, figures: figuresOf(/^W(8|10)$/, torch, ratioOf) },
  { title: "beside PyTorch: W2", bound: { atLeast: 0.35 }, unit: "×", peers: torch, figures: figuresOf(/^W2$/, torch, ratioOf, ownShare) },
  {
    title: "beside PyTorch: W3, N ≥ 512",
    bound: { atLeast: 0.45 },
    unit: "×",
    peers: torch,
    figures: figuresOf(/^W3-(512|1024)/, torch, ratioOf, ownShare),
  },
  { title: "W1a beside NumPy's closed form", bound: { atLeast: 1 }, unit: "×", peers: numpy, figures: figuresOf(/^W1a$/, numpy, ratioOf) },
  {
    title: "W5 in time of plain JavaScript, which has float64",
    bound: { atMost: 1.5 },
    unit: "×",
    peers: [named("plain")],
    figures: figuresOf(/^W5$/, compiled, (run, workload, engine) => {
      const [ours, theirs] = [bestOf(run, workload, engine), bestOf(run, workload, named("plain"))];
      return ours === undefined || theirs === undefined ? undefined : ours / theirs;
    }),
  },
  {
    title: "W6 in float32, without relaxed multiply-add",
    bound: { atMost: 9.5 },
    unit: "ms",
    applies: (run) => !isRelaxed(run),
    figures: blockTime,
  },
  { title: "W6 in float32, with relaxed multiply-add", bound: { atMost: 7.5 }, unit: "ms", applies: isRelaxed, figures: blockTime },
  { title: "W9: a call", bound: { atMost: 0.3 }, unit: "µs", figures: figuresOf(/^W9$/, compiled, times(1000, bestOf)) },
  {
    title: "matrix products as a share of the peak of 128 bits, N ≥ 256",
    bound: { atLeast: 80 },
    unit: "%",
    figures: products(/^W3-(256|512|1024)/),
  },
  { title: "the same, N = 64", bound: { atLeast: 50 }, unit: "%", figures: products(/^W3-64/) },
  {
    title: "float64 in time of float32, where memory or products bind",
    bound: { atMost: 2.3 },
    unit: "×",
    figures: figuresOf(/^W(1|2|3|6|7|8|10)/, [compiled[1]!], precisionRatio),
  },
  {
    title: "float64 in time of float32, where transcendentals bind",
    bound: { atMost: 3.5 },
    unit: "×",
    figures: figuresOf(/^W[45]$/, [compiled[1]!], precisionRatio),
  },
  {
    title: "value and gradient in time of the value alone",
    bound: { atMost: 4 },
    unit: "×",
    figures: figuresOf(/^W/, compiled, gradientRatio),
  },
  { title: "the first call: W1a, W9", bound: { atMost: 20 }, unit: "ms", figures: figuresOf(/^W(1a|9)$/, compiled, first) },
  { title: "the first call: W6", bound: { atMost: 100 }, unit: "ms", figures: figuresOf(/^W6$/, compiled, first) },
];

export interface Outcome {
  readonly title: string;
  readonly wanted: string;
  readonly figures: string;
  readonly reached: "yes" | "no" | "not measured";
}

export const outcomesOf = (run: Run): readonly Outcome[] =>
  goals.filter(({ applies }) => applies?.(run) ?? true).map((goal) => outcomeOf(goal, run));

function outcomeOf({ title, bound, unit, peers, figures }: Goal, run: Run): Outcome {
  const [limit, sign] = "atLeast" in bound ? [bound.atLeast, 1] : [bound.atMost, -1];
  const wanted = `${sign > 0 ? "≥" : "≤"} ${shown(limit, unit)}`;
  const found = [...figures(run)].sort((a, b) => sign * (a.value - b.value));
  if (found.length === 0) return { title, wanted, figures: absence(run, peers), reached: "not measured" };
  const kept = found.filter(({ value }) => sign * (value - limit) >= 0).length;
  return { title, wanted, figures: summary(found, kept, unit), reached: kept === found.length ? "yes" : "no" };
}

function absence(run: Run, peers: readonly Engine[] = []): string {
  if (peers.length === 0 || peers.some((peer) => wasTimed(run, peer))) return "not in this run";
  return `${[...new Set(peers.map(familyOf))].join(" and ")} did not run`;
}

const shown = (value: number, unit: Goal["unit"]): string => (unit === "×" ? `${short(value)}×` : `${short(value)} ${unit}`);
const described = ({ of, value, note }: Figure, unit: Goal["unit"]): string =>
  `${of} ${shown(value, unit)}${note === undefined ? "" : ` (${note})`}`;

/** All figures where they are few; else the worst ones and how many keep the bound. */
function summary(figures: readonly Figure[], kept: number, unit: Goal["unit"]): string {
  if (figures.length <= 4) return figures.map((figure) => described(figure, unit)).join("; ");
  const worst = figures.slice(0, 3).map((figure) => described(figure, unit));
  return `${kept} of ${figures.length}; the worst: ${worst.join("; ")}`;
}
