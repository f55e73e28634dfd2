// One engine of JavaScript in a process of its own: takes requests as lines of JSON, runs a workload, tells how long it took.
// Arguments: the engine, its variant, and for a peer the module that has it.
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { entries, type Data, leavesOf, mapData, type Workload, workloads } from "../src/index.ts";
import { cotangent } from "./cotangent.ts";
import { peak } from "./peak.ts";
import { plain } from "./plain.ts";
import { isPlace, type LoadRequest, type Reply, type Request, type TimeRequest, type Tree } from "./protocol.ts";
import { startStopwatch } from "./stopwatch.ts";

/** A workload on its inputs. */
export interface Prepared {
  readonly call: () => unknown;
  /** As many calls with new arguments each, made before the clock starts; missing where an engine does not tell old from new. */
  readonly fresh?: (calls: number) => () => void;
  /** The functions beside the workload, on the same inputs, by name. */
  readonly beside?: Readonly<Record<string, () => unknown>>;
  /** Calls once and tells how to read what came out. */
  readonly results: () => {
    readonly out: unknown;
    readonly isLeaf: (value: unknown) => boolean;
    readonly read: (leaf: never) => ArrayLike<number>;
  };
}

interface Peer {
  readonly version: string;
  readonly prepare: (problem: string, settings: object, data: readonly Data[], map: typeof mapData) => Prepared;
}

interface Engine {
  readonly version: string;
  readonly prepare: (workload: Workload, data: readonly Data[]) => Prepared;
}

const [name, variant, module] = process.argv.slice(2) as [string, string, string?];

async function openEngine(): Promise<Engine> {
  if (name === "plain") return { version: "", prepare: plain };
  if (name === "peak") return { version: "", prepare: peak(variant) };
  if (name === "cotangent") return { version: "", prepare: cotangent(variant) };
  const { open } = (await import(module!)) as { readonly open: (variant: string) => Promise<Peer> };
  const { version, prepare } = await open(variant);
  return { version, prepare: ({ problem, settings }, data) => prepare(problem, settings ?? {}, data, mapData) };
}

function readData(tree: Tree, numbers: Float64Array): Data {
  if (!isPlace(tree)) return Object.fromEntries(Object.entries(tree).map(([name, part]) => [name, readData(part, numbers)]));
  const { shape, offset } = tree;
  const size = shape.reduce((a, b) => a * b, 1);
  return entries(shape, numbers.subarray(offset, offset + size));
}

let engine: Engine | undefined;
let prepared: Prepared | undefined;

async function open(): Promise<Reply> {
  engine = await openEngine();
  return { version: engine.version };
}

function load({ workload, inputs, trees, outputs }: LoadRequest): Reply {
  const bytes = readFileSync(inputs);
  const numbers = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
  prepared = engine!.prepare(
    workloads.find((each) => each.name === workload)!,
    trees.map((tree) => readData(tree, numbers)),
  );
  const stop = startStopwatch();
  const { out, isLeaf, read } = prepared.results();
  const raw = leavesOf(out, isLeaf).map((leaf) => read(leaf as never));
  const first = stop();
  const parts = raw.map((leaf) => Float64Array.from(leaf));
  const all = new Float64Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  writeFileSync(outputs, new Uint8Array(all.buffer));
  return { first, sizes: parts.map((part) => part.length) };
}

function time({ calls, what }: TimeRequest): Reply {
  const { fresh, beside } = prepared!;
  if (what === "fresh") {
    const run = fresh!(calls);
    const stop = startStopwatch();
    run();
    return { milliseconds: stop() };
  }
  const call = what === "same" ? prepared!.call : beside![what.beside]!;
  const stop = startStopwatch();
  for (let i = 0; i < calls; i++) call();
  return { milliseconds: stop() };
}

async function answer(request: Request): Promise<Reply> {
  try {
    if ("open" in request) return await open();
    return "load" in request ? load(request.load) : time(request.time);
  } catch (error) {
    const text = String(error).replace(/^Error: /, "");
    return { error: text.split("\n")[0]! };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answer(JSON.parse(line) as Request)));
}
