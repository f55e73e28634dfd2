/** Small draws from fast-check's random numbers: uniform, log-uniform, picks and chances. Knows nothing of what they are for. */
import type { Random } from "fast-check";

/** A uniform number in [0, 1) with 53 random bits. */
export function uniform(random: Random): number {
  return (random.nextInt(0, 2 ** 26 - 1) * 2 ** 27 + random.nextInt(0, 2 ** 27 - 1)) / 2 ** 53;
}

/** A number in [low, high], its logarithm uniform. */
export function logUniform(random: Random, low: number, high: number): number {
  const [from, to] = [Math.log(low), Math.log(high)];
  return Math.min(high, Math.max(low, Math.exp(from + (to - from) * uniform(random))));
}

export function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random.nextInt(0, choices.length - 1)]!;
}

/** True once in `n` times. */
export function oneIn(random: Random, n: number): boolean {
  return random.nextInt(1, n) === 1;
}

/** Whether this value is one of those that fast-check wants biased towards the edges. */
export function isBiased(random: Random, biasFactor: number | undefined): boolean {
  return biasFactor !== undefined && oneIn(random, biasFactor);
}

/** Puts a list in random order, in place. */
export function shuffle<T>(random: Random, list: T[]): T[] {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.nextInt(0, i);
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return list;
}
