/** Reads options given by a caller: ranges, choices, unknown names. Knows no option by name. */
import { optionError, optionsError, unknownOptionError } from "./errors.ts";

/** One integer, or the least and the most. */
export type Range = number | readonly [low: number, high: number];

/** A range as its two ends. */
export type Interval = readonly [low: number, high: number];

/** The two ends of a range of non-negative integers. */
export function checkRange(op: string, option: string, range: unknown): Interval {
  const ends: unknown = typeof range === "number" ? [range, range] : range;
  const fits = Array.isArray(ends) && ends.length === 2 && ends.every((end) => Number.isSafeInteger(end) && end >= 0) && ends[0] <= ends[1];
  if (!fits) throw optionError(op, option, range, "a non-negative integer or a pair [least, most] of them");
  return ends as unknown as Interval;
}

/** The options as an object with no other names than these. */
export function checkOptions<T extends object>(op: string, options: T | undefined, known: readonly (keyof T & string)[]): T {
  if (options === undefined) return {} as T;
  if (typeof options !== "object" || options === null || Array.isArray(options)) throw optionsError(op, options);
  for (const name of Object.keys(options)) if (!known.includes(name as keyof T & string)) throw unknownOptionError(op, name, known);
  return options;
}
