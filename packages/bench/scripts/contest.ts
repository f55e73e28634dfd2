// One workload: every engine computes it, what is right is timed, and what is not is said why.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Data, isEntries, type Workload } from "../src/index.ts";
import { largestError, type Results, tolerances } from "./agreement.ts";
import type { Engine, Surroundings } from "./engines.ts";
import type { LoadRequest, Tree } from "./protocol.ts";
import { type Contender, type Effort, race, type Timing } from "./rounds.ts";
import { type Session, startSession } from "./session.ts";

export interface Entry {
  readonly workload: string;
  readonly engine: string;
  readonly version?: string;
  /** Why nothing was timed. */
  readonly reason?: string;
  /** The first call, with all that is done once. */
  readonly first?: number;
  /** Against the plain JavaScript, as a share of the largest entry. */
  readonly error?: number;
  readonly same?: Timing;
  /** With arguments that the engine has not seen. */
  readonly fresh?: Timing;
}

/** What a run has in common. */
export interface Setting {
  readonly surroundings: Surroundings;
  readonly effort: Effort;
  /** How long an engine may take for one answer, in ms. */
  readonly patience: number;
  /** The processes that serve all workloads, by the names of their engines; the run ends them. */
  readonly lasting: Map<string, Session>;
  /** For the files of inputs and outputs. */
  readonly folder: string;
}

/** New arguments for one sample take at most this many numbers. */
const freshNumbers = 4_000_000;

interface Runner {
  readonly engine: Engine;
  readonly session: Session;
  entry: Entry;
}

/** One entry for each engine; `judge`, whose results the others are held against, runs in any case. */
export async function contest(workload: Workload, chosen: readonly Engine[], judge: Engine, setting: Setting): Promise<Entry[]> {
  const data = workload.inputs();
  const request = writeInputs(workload, data, setting.folder);
  const running = chosen.includes(judge) ? chosen : [...chosen, judge];
  const runners: Runner[] = [];
  const absent: Entry[] = [];
  for (const engine of running) {
    const entry = { workload: workload.name, engine: engine.name };
    const reason = engine.absent(setting.surroundings);
    if (reason === undefined) runners.push({ engine, session: sessionOf(engine, setting), entry });
    else absent.push({ ...entry, reason });
  }
  try {
    await Promise.all(runners.map(open));
    await check(runners, judge, request);
    await timeThem(runners, chosen, freshLimit(workload, data), setting.effort);
  } finally {
    for (const { engine, session } of runners) if (!engine.lasting) session.close();
  }
  const found = [...runners.map(({ entry }) => entry), ...absent];
  return chosen.map((engine) => found.find((entry) => entry.engine === engine.name)!);
}

function sessionOf(engine: Engine, { surroundings, patience, lasting }: Setting): Session {
  const known = lasting.get(engine.name);
  if (known?.alive()) return known;
  const session = startSession(engine.command(surroundings), patience);
  if (engine.lasting) lasting.set(engine.name, session);
  return session;
}

function writeInputs({ name, problem, settings = {} }: Workload, data: readonly Data[], folder: string): LoadRequest {
  const chunks: Float64Array[] = [];
  let offset = 0;
  const place = (part: Data): Tree => {
    if (!isEntries(part)) return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, place(inner)]));
    const at = { shape: part.shape, offset };
    chunks.push(part.values);
    offset += part.values.length;
    return at;
  };
  const trees = data.map(place);
  const inputs = join(folder, "inputs.bin");
  writeFileSync(inputs, new Uint8Array(joined(chunks, offset).buffer));
  return { workload: name, problem, settings, inputs, trees, outputs: join(folder, "outputs.bin") };
}

function joined(chunks: readonly Float64Array[], length: number): Float64Array {
  const all = new Float64Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

const sizeOf = (part: Data): number =>
  isEntries(part) ? part.values.length : Object.values(part).reduce((total: number, inner) => total + sizeOf(inner), 0);

const freshLimit = ({ parameters }: Workload, data: readonly Data[]): number =>
  Math.max(
    1,
    Math.floor(
      freshNumbers /
        Math.max(
          8,
          parameters.reduce((total, i) => total + sizeOf(data[i]!), 0),
        ),
    ),
  );

async function open(runner: Runner): Promise<void> {
  try {
    runner.entry = { ...runner.entry, version: await runner.session.open() };
  } catch (error) {
    runner.entry = { ...runner.entry, reason: (error as Error).message };
  }
}

async function check(runners: readonly Runner[], judge: Engine, request: LoadRequest): Promise<void> {
  const results = new Map<Runner, Results>();
  for (const runner of runners) {
    if (runner.entry.reason !== undefined) continue;
    try {
      const { first, sizes } = await runner.session.load(request);
      const bytes = readFileSync(request.outputs);
      results.set(runner, { sizes, numbers: new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8) });
      runner.entry = { ...runner.entry, first };
    } catch (error) {
      runner.entry = { ...runner.entry, reason: (error as Error).message };
    }
  }
  const wanted = results.get(runners.find(({ engine }) => engine === judge)!);
  if (wanted === undefined) throw new Error(`${request.workload}: nothing to hold the engines against: ${judge.title} gave no result`);
  for (const [runner, got] of results) {
    const error = largestError(got, wanted);
    const isRight = error <= tolerances[runner.engine.precision];
    runner.entry = { ...runner.entry, error, ...(isRight ? {} : { reason: `wrong value: off by ${describeError(error)}` }) };
  }
}

function describeError(error: number): string {
  if (error === Number.POSITIVE_INFINITY) return "the sizes of the results";
  return Number.isNaN(error) ? "entries that are not numbers" : `${error.toExponential(0)} of the largest entry`;
}

async function timeThem(runners: readonly Runner[], chosen: readonly Engine[], limit: number, effort: Effort): Promise<void> {
  const timed = runners.filter(({ engine, entry }) => entry.reason === undefined && chosen.includes(engine));
  const turns = timed.flatMap((runner) => {
    const known = runner.engine.compiled ? undefined : runner.entry.first;
    const same: Contender = { session: runner.session, fresh: false, limit: 1_000_000, known };
    return [{ runner, ...same }, ...(runner.engine.compiled && runner.engine.own ? [{ runner, ...same, fresh: true, limit }] : [])];
  });
  const timings = await race(turns, effort);
  for (const [i, timing] of timings.entries()) {
    const { runner, fresh } = turns[i]!;
    if (typeof timing === "string") runner.entry = { ...runner.entry, reason: timing };
    else runner.entry = { ...runner.entry, [fresh ? "fresh" : "same"]: timing };
  }
}
