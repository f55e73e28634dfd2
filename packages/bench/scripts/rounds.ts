// The clock: warm-up, then rounds in which every contender has its turn, so that a slow minute of the machine falls on all alike.
// Harnesses such as tinybench and mitata run one function to its end before the next and in their own process, so the loop is written here;
// the statistics are d3-array's, which the chart's scales come with.
import { median, min, sum } from "d3-array";
import type { Timed } from "./protocol.ts";
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
  readonly session: Pick<Session, "time">;
  readonly what: Timed;
  /** Calls that may be prepared at once. */
  readonly limit: number;
  /** What a call is known to take at most, in ms; one that takes long needs no warm-up. */
  readonly known: number | undefined;
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
  /** Calls a sample. */
  readonly calls: number;
  /** Milliseconds a call. */
  readonly samples: number[];
  failure: string | undefined;
}

/** A timing for each contender, or why there is none. */
export async function race(contenders: readonly Contender[], effort: Effort): Promise<(Timing | string)[]> {
  const turns: Turn[] = [];
  for (const contender of contenders) turns.push(await warmedUp(contender, effort));
  for (let round = 0; round < effort.rounds; round++) {
    for (const turn of turns) if (!isDone(turn, effort)) await takeSample(turn);
  }
  return turns.map(
    ({ samples, calls, failure }) => failure ?? { median: median(samples)!, best: min(samples)!, samples: samples.length, calls },
  );
}

/** Three samples are wanted even of a slow contender, but one will do where a single call is more than the budget. */
function isDone({ samples, calls, failure }: Turn, { budget }: Effort): boolean {
  const spent = sum(samples) * calls;
  return failure !== undefined || (spent >= budget && samples.length >= (samples[0]! > budget ? 1 : 3));
}

async function takeSample(turn: Turn): Promise<void> {
  const { session, calls, what, samples } = turn;
  try {
    samples.push((await session.time({ calls, what })) / calls);
  } catch (error) {
    turn.failure = (error as Error).message;
  }
}

/** Calls more and more at a time until the warm-up is over, then knows how many calls make a sample. */
async function warmedUp(contender: Contender, { warmup, sample, budget }: Effort): Promise<Turn> {
  const { session, what, limit, known } = contender;
  const turn = { ...contender, calls: 1, samples: [], failure: undefined };
  if (known !== undefined && known > budget) return turn;
  try {
    let [calls, spent] = [1, 0];
    for (;;) {
      const took = await session.time({ calls, what });
      spent += took;
      const suited = Math.max(1, Math.min(limit, Math.round((sample * calls) / Math.max(took, 1e-3))));
      if (spent >= warmup) return { ...turn, calls: suited };
      calls = Math.min(suited, calls * 4);
    }
  } catch (error) {
    return { ...turn, failure: (error as Error).message };
  }
}
