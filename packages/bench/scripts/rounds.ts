// The clock: warm-up, then rounds in which every contender has its turn, so that a slow minute of the machine falls on all alike.
// Harnesses such as tinybench and mitata run one function to its end before the next and in their own process, so the loop is written here;
// the statistics are d3-array's, which the chart's scales come with.
import { median, min } from "d3-array";
import type { Session } from "./session.ts";

export interface Effort {
  /** How long each contender is called before anything is written down, in ms. */
  readonly warmup: number;
  /** How long one sample should take; a short call is repeated until it does. */
  readonly sample: number;
  readonly rounds: number;
  /** How long the samples of one contender may take together. */
  readonly budget: number;
}

export const efforts = {
  full: { warmup: 500, sample: 20, rounds: 20, budget: 1200 },
  quick: { warmup: 100, sample: 5, rounds: 7, budget: 120 },
} as const satisfies Record<string, Effort>;

export interface Contender {
  readonly session: Session;
  readonly fresh: boolean;
  /** Calls that may be prepared at once. */
  readonly limit: number;
}

export interface Timing {
  /** Milliseconds a call. */
  readonly median: number;
  readonly best: number;
  readonly samples: number;
  /** Calls in each sample. */
  readonly calls: number;
}

interface Turn extends Contender {
  readonly calls: number;
  readonly estimate: number;
  readonly samples: number[];
  readonly failure: string | undefined;
}

/** A timing for each contender, or why there is none. */
export async function race(contenders: readonly Contender[], effort: Effort): Promise<(Timing | string)[]> {
  const turns: Turn[] = [];
  for (const contender of contenders) turns.push(await warmedUp(contender, effort));
  const failures = turns.map(({ failure }) => failure);
  for (let round = 0; round < effort.rounds; round++) {
    for (const [i, { session, fresh, calls, estimate, samples }] of turns.entries()) {
      const spent = samples.length * calls * estimate;
      const wanted = estimate > effort.budget ? 1 : 3;
      if (failures[i] !== undefined || (spent >= effort.budget && samples.length >= wanted)) continue;
      try {
        samples.push((await session.time({ calls, fresh })) / calls);
      } catch (error) {
        failures[i] = (error as Error).message;
      }
    }
  }
  return turns.map(
    ({ samples, calls }, i) => failures[i] ?? { median: median(samples)!, best: min(samples)!, samples: samples.length, calls },
  );
}

async function warmedUp(contender: Contender, effort: Effort): Promise<Turn> {
  const { session, fresh, limit } = contender;
  const turn = { ...contender, samples: [] };
  try {
    let [calls, spent] = [1, 0];
    for (;;) {
      const took = await session.time({ calls, fresh });
      spent += took;
      const estimate = Math.max(took / calls, 1e-5);
      const suited = Math.max(1, Math.min(limit, Math.round(effort.sample / estimate)));
      if (spent >= effort.warmup) return { ...turn, calls: suited, estimate, failure: undefined };
      calls = Math.min(suited, calls * 4);
    }
  } catch (error) {
    return { ...turn, calls: 1, estimate: 0, failure: (error as Error).message };
  }
}
