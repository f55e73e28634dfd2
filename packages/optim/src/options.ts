/** How every function of this package checks its options; knows the ranges, not what the numbers are for. */
import { optionError, optionsError, unknownOptionError } from "./errors.ts";

/** The options over their defaults. Throws at what is not an object and at a name that is not an option. */
export function withDefaults<T extends object>(op: string, options: Partial<T>, defaults: T): T {
  if (typeof options !== "object" || options === null || Array.isArray(options)) throw optionsError(op, options);
  const known = Object.keys(defaults);
  for (const name of Object.keys(options)) if (!known.includes(name)) throw unknownOptionError(op, name, known);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) };
}

export function checkNonNegative(op: string, name: string, value: unknown): void {
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0)
    throw optionError(op, name, value, "a finite number that is not negative");
}

export function checkPositive(op: string, name: string, value: unknown): void {
  if (typeof value !== "number" || !Number.isFinite(value) || value <= 0) throw optionError(op, name, value, "a finite number above 0");
}

/** At least 0 and below 1, as a decay rate. */
export function checkFraction(op: string, name: string, value: unknown): void {
  if (typeof value !== "number" || !(value >= 0 && value < 1)) throw optionError(op, name, value, "a number of at least 0 and below 1");
}

/** Strictly between two numbers. */
export function checkBetween(op: string, name: string, value: unknown, low: number, high: number): void {
  if (typeof value !== "number" || !(value > low && value < high))
    throw optionError(op, name, value, `a number above ${low} and below ${high}`);
}

export function checkCount(op: string, name: string, value: unknown, least: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < least) throw optionError(op, name, value, `an integer of at least ${least}`);
}

export function checkBoolean(op: string, name: string, value: unknown): void {
  if (typeof value !== "boolean") throw optionError(op, name, value, "true or false");
}
