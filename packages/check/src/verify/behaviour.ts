/** Runs a person's functions and names what they do that no gradient can be judged by: throw, change between calls, write to their inputs. */
import { recordFunction } from "@cotangent/core/engine";
import { entriesOf, type Graph, isTensor } from "@cotangent/core/engine";
import type { Tensor } from "@cotangent/core";
import { opened } from "./calls.ts";

/** Says in its message what a function does wrong. */
export class Misbehaviour extends Error {
  override readonly name = "Misbehaviour";
}

export type AnyFunction = (...args: never[]) => unknown;

/** A function gave a promise. */
class Asynchronous extends Error {
  override readonly name = "Asynchronous";
}

/** Calls a person's function. A promise is not waited for, and its failure is nobody's. */
export function call(f: AnyFunction, args: readonly unknown[]): unknown {
  const result = (f as (...args: unknown[]) => unknown)(...args);
  if (!(result instanceof Promise)) return result;
  result.catch(() => {});
  throw new Asynchronous("is asynchronous: it gives a promise, and a check waits for none; await what it needs before the check");
}

/** A call whose exceptions say whose they are. */
export function run<T>(who: string, f: () => T): T {
  try {
    return f();
  } catch (thrown) {
    if (thrown instanceof Misbehaviour) throw thrown;
    if (thrown instanceof Asynchronous) throw new Misbehaviour(`${who} ${thrown.message}`);
    throw new Misbehaviour(`${who} throws: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

/** The entries of everything that holds numbers in an argument list, to see whether a call writes to it. */
function snapshot(args: unknown): Float64Array[] {
  if (ArrayBuffer.isView(args)) return [Float64Array.from(args as unknown as ArrayLike<number>)];
  if (isTensor(args)) return [Float64Array.from(entriesOf(args))];
  if (typeof args !== "object" || args === null) return [];
  return Object.values(args).flatMap(snapshot);
}

function sameEntries(x: ArrayLike<number>, y: ArrayLike<number>): boolean {
  if (x.length !== y.length) return false;
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i] && !(Number.isNaN(x[i]) && Number.isNaN(y[i]))) return false;
  return true;
}
const same = (x: readonly ArrayLike<number>[], y: readonly ArrayLike<number>[]): boolean =>
  x.length === y.length && x.every((entries, i) => sameEntries(entries, y[i]!));

/** What each function gave at the same arguments before, while a check lasts. */
let memory: Map<string, readonly Float64Array[]> | undefined;

/** Runs a check: a settled call that is made again in it must give what it gave at first, whatever was called in between. */
export function remembering<T>(run: () => T): T {
  const outer = memory;
  memory = new Map();
  try {
    return run();
  } finally {
    memory = outer;
  }
}

/** The first entries that differ, for messages. */
function difference(x: readonly ArrayLike<number>[], y: readonly ArrayLike<number>[]): string {
  for (const [k, row] of x.entries()) {
    for (let i = 0; i < row.length; i++) {
      const other = y[k]?.[i];
      if (other !== undefined && !sameEntries([row[i]!], [other])) return `${row[i]} and ${other}`;
    }
  }
  return "results of different sizes";
}

/** Another function that may leave something behind for the one that is called after it. */
export interface Before {
  readonly name: string;
  /** Calls it at the given point, or at another. */
  readonly call: (elsewhere: boolean) => unknown;
}

/** Calls a function for what it leaves behind alone. */
function callBefore({ call: before }: Before, elsewhere: boolean): void {
  try {
    before(elsewhere);
  } catch {
    return;
  }
}

/**
 * The result of a call, made twice on the same arguments: it must leave them as they are and give the same again, also when another function
 * was called elsewhere in between.
 */
export function settledCall<T>(
  who: string,
  f: (args: readonly unknown[]) => T,
  makeArguments: () => readonly unknown[],
  entries: (result: T) => readonly ArrayLike<number>[],
  before?: Before,
): T {
  const args = makeArguments();
  const given = snapshot(args);
  const result = run(who, () => f(args));
  if (!same(given, snapshot(args))) throw new Misbehaviour(`${who} writes to its arguments`);
  const first = entries(result).map((list) => Float64Array.from(list));
  const repeat = (): readonly ArrayLike<number>[] => entries(run(who, () => f(makeArguments()))).map((list) => Float64Array.from(list));
  if (before !== undefined) callBefore(before, true);
  const again = repeat();
  if (before !== undefined && !same(first, again)) {
    callBefore(before, false);
    if (same(first, repeat()))
      throw new Misbehaviour(
        `${who} depends on the last call of ${before.name}: the same arguments give ${difference(first, again)} after it was called with them and with others; compute all from the arguments`,
      );
  }
  if (!same(first, again))
    throw new Misbehaviour(
      `${who} is not deterministic: two calls in a row with the same arguments give ${difference(first, again)}; it draws at random, or counts its calls`,
    );
  const earlier = memory?.get(who);
  if (earlier !== undefined && !same(earlier, first))
    throw new Misbehaviour(
      `${who} depends on state outside its arguments: the same arguments give ${difference(earlier, first)}, before and after other calls`,
    );
  memory?.set(who, first);
  return result;
}

/** A recorded call: the graph, and the output if it is no tensor. */
export interface Recorded {
  readonly graph: Graph;
  readonly output: unknown;
}

/** Records a function of the leaves, with what it calls opened; `tensors` picks what it computes out of what it returns. */
export function recorded(
  who: string,
  f: (leaves: readonly Tensor[]) => unknown,
  leaves: readonly Tensor[],
  tensors: (output: unknown) => readonly Tensor[],
): Recorded {
  let output: unknown;
  const graph = run(who, () =>
    recordFunction((xs) => {
      output = f(xs);
      return tensors(output);
    }, leaves),
  );
  return { graph: opened(graph, leaves), output };
}

/** The entries of a loss's output: one number if it is a scalar. */
export function scalarOf(output: unknown): number {
  if (typeof output === "number") return output;
  return isTensor(output) && output.size === 1 && output.storage !== null ? entriesOf(output)[0]! : Number.NaN;
}
