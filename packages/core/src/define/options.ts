/** Checks of the plain arguments of ops: option objects and integers. Knows the house form of errors; knows no op by name. */
import { argumentError, describe } from "../errors.ts";
import { isTensor } from "../tensor.ts";

/** Throws unless `options` is an object whose keys are among the known ones; `instead` is the call that was meant where it is something else. */
export function checkOptions(op: string, options: unknown, known: readonly string[], instead?: string): void {
  if (typeof options !== "object" || options === null || Array.isArray(options) || isTensor(options)) {
    const remedy = `give an object with ${known.join(", ")}${instead === undefined ? "" : `, or write ${instead}`}`;
    throw argumentError(op, "the options are not an object", options, remedy);
  }
  const stray = Object.keys(options).find((key) => !known.includes(key));
  if (stray !== undefined) throw argumentError(op, "unknown option", stray, `the options are ${known.join(", ")}`);
}

/** An integer of at least `least`; `what` names it in the error. */
export function checkInteger(op: string, what: string, value: unknown, least: number = -(2 ** 31)): number {
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > 2 ** 31 - 1) {
    const bound = least === -(2 ** 31) ? "" : ` of at least ${least}`;
    throw argumentError(op, `${what} is not an integer${bound}`, value, "give one");
  }
  return value as number;
}

/** A list of such integers; a missing entry is none. */
export function checkIntegers(op: string, what: string, values: readonly unknown[], least?: number): number[] {
  return Array.from(values, (value) => checkInteger(op, what, value, least));
}

/** A boolean option; `what` names it in the error. */
export function checkFlag(op: string, what: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw argumentError(op, `${what} is not a boolean`, value, "give true or false");
  return value;
}

/** One of a few words; `what` names it in the error. */
export function checkChoice<T extends string>(op: string, what: string, value: unknown, choices: readonly T[]): T {
  if (!choices.includes(value as T)) throw argumentError(op, `unknown ${what}`, value, `give ${choices.map(describe).join(", ")}`);
  return value as T;
}
