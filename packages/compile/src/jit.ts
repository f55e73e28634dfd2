/**
 * `jit`: a person's function, traced once for each form of its arguments and run as one program. It knows signatures, the cache and what a
 * call does; how programs come about is elsewhere.
 */
import { Tensor } from "@cotangent/core/functions";
import {
  apply,
  type Closure,
  closureOf,
  flatten,
  flattenTensors,
  forget,
  formatGraph,
  recordFunction,
  replay,
  type Storage,
  type StructDefinition,
  type SubGraph,
  tensorOf,
  unflatten,
} from "@cotangent/core/engine";
import type { LanesOptions } from "./assembly/lanes.ts";
import { executableOf, jitOp, type JitParams } from "./call.ts";
import { closedOverError, donateError, functionError, optionError, optionsError, unknownOptionError } from "./errors.ts";
import { compileGraph, type Executable } from "./executable.ts";
import { avalsOf, formatSignature, matches, numbersOf, rebuild, type Signature, signatureOf } from "./signature.ts";
import { residentOf } from "./resident.ts";
import { hostTarget } from "./target.ts";

export interface JitOptions {
  /**
   * Arguments that a step gives up, such as parameters and optimizer state: what a call returns stays in the program's memory until it is
   * read, and goes from there into the next call. Reading a tensor throws where a call of the same function made it and it went unread into the
   * next one in such a place; any other is copied and stays as it is.
   */
  readonly donate?: readonly number[];
  /** How many programs are kept, one for each form of the arguments; the one used longest ago goes first. 64 by default. */
  readonly cacheSize?: number;
  /** Use relaxed multiply-add, which rounds x·y + z once, in products and functions where the engine has it; true by default. */
  readonly relaxed?: boolean;
}

/** What became of a function for one form of its arguments, stage by stage. */
export interface Lowering {
  /** WebAssembly, or JavaScript and why. */
  readonly target: string;
  /** The recorded graph. */
  readonly graph: string;
  /** The same after composites are expanded, and equal computations and views recognised. */
  readonly simplified: string;
  /** What runs, in order: loop nests with their axes, products, loop programs. */
  readonly loops: string;
  /** Where constants and results lie, in bytes from where the program's memory begins. */
  readonly memory: string;
  /** The module in WebAssembly's text format. */
  readonly text: string;
  /** The types of constants of several entries: tensors closed over, captured when the function was traced, and what ops made of constants. */
  readonly captured: readonly string[];
  readonly codeBytes: number;
  readonly memoryBytes: number;
  /** From the trace to the ready program. */
  readonly milliseconds: number;
}

/** One program of a jitted function. */
export interface CacheEntry {
  readonly signature: string;
  readonly calls: number;
  readonly milliseconds: number;
  readonly memoryBytes: number;
}

export interface Jitted<A extends readonly unknown[], R> {
  (...args: A): R;
  /** Every stage of the program for such arguments, as text. */
  readonly lower: (...args: A) => Lowering;
  /** The programs it holds, the one used last first. */
  readonly cache: () => readonly CacheEntry[];
}

interface Entry {
  readonly signature: Signature;
  readonly graph: SubGraph;
  /** The graph as it was recorded. */
  readonly recorded: SubGraph;
  readonly params: JitParams;
  readonly definition: StructDefinition;
  /** The output is one tensor, not a struct. */
  readonly single: boolean;
  readonly milliseconds: number;
  executable: Executable | undefined;
  /** For each leaf, whether its argument is donated; known once asked for. */
  donated: readonly boolean[] | undefined;
  calls: number;
}

const known = ["donate", "cacheSize", "relaxed"];
/** A number among the arguments that has taken so many values should be a tensor. */
const tooManyNumbers = 8;

/**
 * The same function, compiled: traced on the shapes of its arguments once for each form of them, then run as one WebAssembly program.
 *
 * Tensors, also inside plain objects and arrays, are traced; everything else is part of the form, and another value traces again. Functions, maps
 * and objects of classes are told apart by identity: what changes inside one, a tensor too, is not seen. The function may hold
 * `grad`, `vjp`, `vmap`, `scan`, … and must not read values. Tensors it closes over are captured when it is traced. Inside another transform
 * it stays compiled. Where WebAssembly is not allowed it runs op by op with the same results within the published bounds.
 * @example
 * ```ts
 * const step = jit((theta: Tensor, x: Tensor) => grad((theta: Tensor) => theta.mul(x).square().sum())(theta));
 * step(tensor([1, 2]), tensor([3, 4])); // => tensor([18, 64], float64)
 * ```
 */
export function jit<A extends readonly unknown[], R>(f: (...args: A) => R, options: JitOptions = {}): Jitted<A, R> {
  if (typeof f !== "function") throw functionError(f);
  const { donate, cacheSize, lanesOptions } = readOptions(options);
  /** The one used last comes first. */
  const entries: Entry[] = [];
  const numbers = new Map<string, Set<number>>();
  let crowded = false;
  const compile = (graph: SubGraph): Executable => compileGraph(graph, lanesOptions);

  function entryFor(args: readonly unknown[], leaves: Tensor[]): Entry {
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i]!;
      if (leaves.length > 0) leaves.length = 0;
      if (!matches(entry.signature, args, leaves)) continue;
      if (i > 0) entries.unshift(...entries.splice(i, 1));
      return entry;
    }
    leaves.length = 0;
    const signature = signatureOf(args);
    warnOfNumbers(signature, numbers);
    const entry = traceFor(f, signature, compile);
    entries.unshift(entry);
    if (entries.length > cacheSize) {
      entries.pop();
      if (!crowded) console.warn(crowdedWarning(cacheSize));
      crowded = true;
    }
    matches(signature, args, leaves);
    return entry;
  }

  function call(...args: A): R {
    const leaves: Tensor[] = [];
    const entry = entryFor(args, leaves);
    entry.calls++;
    let plain = true;
    for (let i = 0; i < leaves.length; i++) {
      const x = leaves[i]!;
      if (donate !== undefined && residentOf(x) !== undefined) continue;
      if (x.storage === null || (x.origin !== null && x.origin.watch.open)) plain = false;
    }
    if (!plain) return unflatten<R>(entry.definition, apply(jitOp, leaves, entry.params));
    const { outputs } = entry.graph;
    if (hostTarget().refusal !== undefined) {
      const values = replay(entry.graph, leaves.map(forget));
      return unflatten<R>(
        entry.definition,
        values.map((x) => tensorOf(x.shape, x.dtype, x.storage)),
      );
    }
    const executable = (entry.executable ??= executableOf(entry.params));
    if (donate !== undefined)
      return unflatten<R>(entry.definition, executable.step(leaves, (entry.donated ??= flagsOf(entry.signature, donate))));
    const storages = executable.run(leaves);
    if (entry.single) return new Tensor(outputs[0]!.shape, outputs[0]!.dtype, storages[0]!, null, 0) as R;
    return entry.definition.build(wrapped(outputs, storages)) as R;
  }

  const lower = (...args: A): Lowering => loweringOf(entryFor(args, []), lanesOptions.relaxed ?? false);
  const cache = (): readonly CacheEntry[] =>
    entries.map(({ signature, calls, executable, milliseconds }) => ({
      signature: formatSignature(signature),
      calls,
      milliseconds: milliseconds + (executable?.milliseconds ?? 0),
      memoryBytes: executable?.regionBytes ?? 0,
    }));
  return Object.assign(call, { lower, cache });
}

function wrapped(outputs: readonly Tensor[], storages: readonly Storage[]): Tensor[] {
  const tensors: Tensor[] = [];
  for (let i = 0; i < storages.length; i++) tensors.push(new Tensor(outputs[i]!.shape, outputs[i]!.dtype, storages[i]!, null, 0));
  return tensors;
}

interface ReadOptions {
  readonly donate: readonly number[] | undefined;
  readonly cacheSize: number;
  readonly lanesOptions: LanesOptions;
}

function readOptions(options: unknown): ReadOptions {
  if (typeof options !== "object" || options === null || flattenTensors(options).leaves.length > 0 || Array.isArray(options))
    throw optionsError(options);
  for (const name of Object.keys(options)) if (!known.includes(name)) throw unknownOptionError(name, known);
  const { donate, cacheSize = 64, relaxed = true } = options as JitOptions;
  if (donate !== undefined && !(Array.isArray(donate) && donate.every((index) => Number.isInteger(index) && index >= 0)))
    throw optionError("donate", donate, "a list of argument indices from 0");
  if (!Number.isInteger(cacheSize) || cacheSize < 1) throw optionError("cacheSize", cacheSize, "a whole number of at least 1");
  if (typeof relaxed !== "boolean") throw optionError("relaxed", relaxed, "true or false");
  return { donate, cacheSize, lanesOptions: { relaxed: relaxed && hostTarget().relaxed } };
}

/** For each leaf of the arguments, whether its argument is among these. */
function flagsOf(signature: Signature, indices: readonly number[]): boolean[] {
  if (signature.kind !== "array") return [];
  for (const index of indices) if (index >= signature.items.length) throw donateError(index, signature.items.length);
  return signature.items.flatMap((item, i) => avalsOf(item).map(() => indices.includes(i)));
}

function traceFor(f: (...args: never[]) => unknown, signature: Signature, compile: JitParams["compile"]): Entry {
  const start = performance.now();
  let definition: StructDefinition | undefined;
  let single = false;
  const recorded = recordFunction(
    (inputs) => {
      const output = (f as (...args: unknown[]) => unknown)(...(rebuild(signature, inputs) as unknown[]));
      single = output instanceof Tensor;
      const flat = flatten(output, "jit", "the output");
      definition = flat.definition;
      return flat.leaves;
    },
    avalsOf(signature),
    { abstract: true, reverse: false },
  );
  const { graph, hidden }: Closure = closureOf(recorded);
  if (hidden.length > 0) throw closedOverError(hidden.length);
  return {
    signature,
    graph,
    recorded,
    params: { graph, compile },
    definition: definition!,
    single,
    milliseconds: performance.now() - start,
    executable: undefined,
    donated: undefined,
    calls: 0,
  };
}

/** The constants a graph holds, as their types. */
function capturedBy({ inputs, nodes, outputs }: SubGraph): string[] {
  const own = new Set<Tensor>([...inputs, ...nodes.flatMap((node) => node.outputs)]);
  const constants = new Set([...nodes.flatMap((node) => node.inputs), ...outputs].filter((x) => !own.has(x) && x.size > 1));
  return [...constants].map((x) => `${x.dtype}[${x.shape.join(", ")}]`);
}

const crowdedWarning = (cacheSize: number): string =>
  `jit: the arguments have taken more than ${cacheSize} forms, and the oldest program goes — each form is traced and compiled anew; make functions that are arguments once, outside, or give a larger cacheSize`;

function warnOfNumbers(signature: Signature, numbers: Map<string, Set<number>>): void {
  for (const [path, value] of numbersOf(signature)) {
    let seen = numbers.get(path);
    if (seen === undefined) numbers.set(path, (seen = new Set()));
    if (seen.has(value)) continue;
    seen.add(value);
    if (seen.size === tooManyNumbers)
      console.warn(
        `jit: ${path} has taken ${tooManyNumbers} different numbers, each of which is traced and compiled anew; pass it as tensor(…)`,
      );
  }
}

function loweringOf(entry: Entry, relaxed: boolean): Lowering {
  const { refusal } = hostTarget();
  const shared = { graph: formatGraph(entry.recorded), captured: capturedBy(entry.graph) };
  if (refusal !== undefined) {
    const none = { simplified: "", loops: "", memory: "", text: "", codeBytes: 0, memoryBytes: 0 };
    return { target: `JavaScript, op by op: ${refusal}`, ...shared, ...none, milliseconds: entry.milliseconds };
  }
  const executable = (entry.executable ??= executableOf(entry.params));
  return {
    target: `WebAssembly with vectors of 128 bits${relaxed ? " and relaxed multiply-add" : ""}`,
    ...shared,
    ...executable.lowering(),
    codeBytes: executable.codeBytes,
    memoryBytes: executable.regionBytes,
    milliseconds: entry.milliseconds + executable.milliseconds,
  };
}
