// The script of the page: runs the suite with `jit`, looks at cache, memory and targets, and posts what it found to /results.
import { jit, type JitOptions } from "@cotangent/compile";
import { tensor, type Tensor } from "@cotangent/core";
import { parts, type Result, resultsOf, startingNetwork, stateOf, trainingStep } from "./suite.ts";

/** What the page posts. */
export interface Report {
  readonly results: Readonly<Record<string, readonly Result[] | { readonly error: string }>>;
  /** First lines of how it runs, with relaxed multiply-add allowed and not. */
  readonly targets: readonly string[];
  readonly codeBytes: number;
  /** Whether the code has relaxed multiply-adds, with them allowed and not. */
  readonly relaxed: readonly boolean[];
  readonly cache: { readonly programs: number; readonly calls: readonly number[] };
  /** Memories made, pages they grew by in a long training run, and the steps of that run. */
  readonly memory: { readonly made: number; readonly grown: number; readonly steps: number };
  readonly milliseconds: number;
}

const counts = { made: 0, grown: 0 };

/** Counts what is made of WebAssembly's memories. */
function countMemories(): void {
  if (typeof WebAssembly !== "object") return;
  const { Memory } = WebAssembly;
  const grow = Memory.prototype.grow;
  Memory.prototype.grow = function (pages) {
    counts.grown += pages;
    return grow.call(this, pages);
  };
  WebAssembly.Memory = new Proxy(Memory, {
    construct(target, given) {
      counts.made++;
      return Reflect.construct(target, given) as WebAssembly.Memory;
    },
  });
}

function train(steps: number): void {
  const step = jit(trainingStep());
  let network = startingNetwork();
  let state = stateOf(network);
  const advance = (): void => {
    [, network, state] = step(network, state);
  };
  advance();
  counts.grown = 0;
  for (let i = 0; i < steps; i++) advance();
}

function report(): Report {
  const start = performance.now();
  countMemories();
  const results: Record<string, readonly Result[] | { readonly error: string }> = {};
  for (const { name, run } of parts) {
    try {
      results[name] = resultsOf(run((f) => jit(f)));
    } catch (thrown) {
      results[name] = { error: thrown instanceof Error ? `${thrown.message}\n${thrown.stack}` : String(thrown) };
    }
  }
  const both: readonly JitOptions[] = [{ relaxed: true }, { relaxed: false }];
  const x = tensor([1, 2]);
  const lowered = both.map((options) => jit((x: Tensor) => x.exp(), options).lower(x));
  const cached = jit((x: Tensor, k: number) => x.mul(k).sum());
  for (const [x, k] of [
    [tensor([1, 2]), 2],
    [tensor([3, 4]), 2],
    [tensor([1, 2, 3]), 2],
    [tensor([1, 2]), 3],
  ] as const)
    cached(x, k);
  const steps = 2000;
  train(steps);
  return {
    results,
    targets: lowered.map(({ target }) => target),
    codeBytes: lowered[0]!.codeBytes,
    relaxed: lowered.map(({ text }) => text.includes("relaxed_madd")),
    cache: { programs: cached.cache().length, calls: cached.cache().map(({ calls }) => calls) },
    memory: { ...counts, steps },
    milliseconds: performance.now() - start,
  };
}

void fetch("/results", { method: "POST", body: JSON.stringify(report()) });
