/** Every message the checker can throw, one builder each, in the form `<op>: <what is wrong> — <operands>, <the clash>; <what to do>`. */
import { CotangentError } from "@cotangent/core";
import { describe } from "@cotangent/core/engine";

/** An argument of a check that is not what it must be. */
export const checkArgumentError = (op: string, what: string, got: unknown, wanted: string): CotangentError =>
  new CotangentError(`${op}: ${what} — ${describe(got)}; ${wanted}`);

/** A loss whose output is not one float number. */
export const lossOutputError = (op: string, output: unknown): CotangentError =>
  new CotangentError(`${op}: the loss is not a float scalar — ${describe(output)}; return a scalar (sum or mean it)`);

/** An option that a check does not have. */
export const unknownOptionError = (op: string, option: string, known: readonly string[]): CotangentError =>
  new CotangentError(`${op}: unknown option — ${JSON.stringify(option)}; the options are ${known.join(", ")}`);

/** A tolerance or a step size, which no check has. */
export const toleranceError = (op: string, option: string): CotangentError =>
  new CotangentError(
    `${op}: there are no tolerances or steps to set — ${JSON.stringify(option)}; leave it out: the error bars are computed`,
  );

/** A drawn case in which a property does not hold. */
export const failedError = (op: string, report: string): CotangentError => new CotangentError(`${op}: ${report}`);

/** A property none of whose draws could be judged. */
export const nothingJudgedError = (op: string, count: number, reason: string): CotangentError =>
  new CotangentError(
    `${op}: none of the first ${count} draws could be judged — most often ${reason}; draw where the loss is smooth and defined, as with a domain, a separation or awayFrom`,
  );
