// One workload: every engine computes it, what is right is timed, and what is not is said why.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Data, isEntries, type Workload } from "../src/index.ts";
import { largestError, type Results, tolerances } from "./agreement.ts";
import { type Engine, peaks, type Surroundings } from "./engines.ts";
import type { LoadRequest, Timed, Tree } from "./protocol.ts";
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
  /** The functions beside the workload, by name. */
  readonly beside?: Readonly<Record<string, Timing>>;
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
  /** None where the engine is absent. */
  readonly session?: Session;
  readonly results?: Results;
  entry: Entry;
}

/**
 * One entry for each engine, and one for each peak where operations are counted; `judge`, whose results the others are held against, runs in
 * any case.
 */
export async function contest(workload: Workload, chosen: readonly Engine[], judge: Engine, setting: Setting): Promise<Entry[]> {
  const data = workload.inputs();
  const request = writeInputs(workload, data, setting.folder);
  const wanted = [...chosen, ...(workload.operations === undefined ? [] : peaks)];
  const runners: Runner[] = [];
  try {
    for (const engine of new Set([...wanted, judge])) runners.push(await opened(engine, request, setting));
    check(runners, judge, workload);
    const timed = runners.filter(({ engine, entry }) => entry.reason === undefined && wanted.includes(engine));
    await timeThem(timed, workload, freshLimit(workload, data), setting.effort);
  } finally {
    for (const { engine, session } of runners) if (!engine.lasting) await session?.close();
  }
  return wanted.map((engine) => runners.find((runner) => runner.engine === engine)!.entry);
}

/**
 * An engine's process after its first call. One starts when the one before is done, so that no first call is measured beside the start of
 * another process.
 */
async function opened(engine: Engine, request: LoadRequest, setting: Setting): Promise<Runner> {
  const entry = { workload: request.workload, engine: engine.name };
  const absence = engine.absent(setting.surroundings);
  if (absence !== undefined) return { engine, entry: { ...entry, reason: absence } };
  const session = sessionOf(engine, setting);
  try {
    const version = await session.open();
    const { first, sizes } = await session.load(request);
    const bytes = readFileSync(request.outputs);
    const results = { sizes, numbers: new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8) };
    return { engine, session, results, entry: { ...entry, version, first } };
  } catch (error) {
    return { engine, session, entry: { ...entry, reason: (error as Error).message } };
  }
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

function check(runners: readonly Runner[], judge: Engine, { name }: Workload): void {
  const wanted = runners.find(({ engine }) => engine === judge)?.results;
  if (wanted === undefined) throw new Error(`${name}: nothing to hold the engines against: ${judge.title} gave no result`);
  for (const runner of runners) {
    if (runner.results === undefined || peaks.includes(runner.engine)) continue;
    const error = largestError(runner.results, wanted);
    const isRight = error <= tolerances[runner.engine.precision];
    runner.entry = { ...runner.entry, error, ...(isRight ? {} : { reason: `wrong value: off by ${describeError(error)}` }) };
  }
}

function describeError(error: number): string {
  if (error === Number.POSITIVE_INFINITY) return "the sizes of the results";
  return Number.isNaN(error) ? "entries that are not numbers" : `${error.toExponential(0)} of the largest entry`;
}

async function timeThem(timed: readonly Runner[], { beside = {} }: Workload, limit: number, effort: Effort): Promise<void> {
  const turns = timed.flatMap((runner) => {
    const { compiled, own } = runner.engine;
    const same: Contender = { session: runner.session!, what: "same", limit: 1_000_000, known: compiled ? undefined : runner.entry.first };
    const more = Object.keys(beside).map((name) => ({ ...same, what: { beside: name } }));
    return [same, ...(compiled && own ? [{ ...same, what: "fresh" as const, limit }, ...more] : [])].map((turn) => ({ ...turn, runner }));
  });
  const timings = await race(turns, effort);
  for (const [i, timing] of timings.entries()) {
    const { runner, what } = turns[i]!;
    runner.entry = typeof timing === "string" ? { ...runner.entry, reason: timing } : withTiming(runner.entry, what, timing);
  }
}

const withTiming = (entry: Entry, what: Timed, timing: Timing): Entry =>
  typeof what === "string" ? { ...entry, [what]: timing } : { ...entry, beside: { ...entry.beside, [what.beside]: timing } };
