/** Every message this package can throw, one builder each, in the form `<op>: <what is wrong> — <operands>, <the clash>; <what to do>`. */
import { CotangentError, type Tensor } from "@cotangent/core/functions";
import { describe, formatShape } from "@cotangent/core/engine";

const error = (message: string): CotangentError => new CotangentError(message);

const aval = (x: Tensor): string => `${x.dtype}${formatShape(x.shape)}`;

export const optionError = (op: string, name: string, value: unknown, wanted: string): CotangentError =>
  error(`${op}: ${name} is out of range — ${describe(value)}; give ${wanted}`);

export const optionsError = (op: string, options: unknown): CotangentError =>
  error(`${op}: the options are not an object — ${describe(options)}; give an object or leave it out`);

export const unknownOptionError = (op: string, name: string, known: readonly string[]): CotangentError =>
  error(`${op}: unknown option — ${JSON.stringify(name)}; the options are ${known.join(", ")}`);

export const nesterovError = (op: string): CotangentError =>
  error(`${op}: nesterov without momentum — momentum is 0; give a momentum above 0 or leave nesterov out`);

export const leafDtypeError = (op: string, path: string, leaf: Tensor): CotangentError =>
  error(`${op}: ${path} cannot be optimised — ${aval(leaf)}, not a float; keep it out of the parameters`);

export const formError = (op: string, what: string, got: readonly string[], wanted: readonly string[]): CotangentError =>
  error(
    `${op}: ${what} has another form than the parameters — ${got.join(", ") || "no leaves"}, the parameters have ${wanted.join(", ") || "no leaves"}; give a struct with the same keys and lengths`,
  );

export const leafError = (op: string, path: string, got: Tensor, wanted: Tensor): CotangentError =>
  error(`${op}: ${path} does not fit its parameter — ${aval(got)}, the parameter is ${aval(wanted)}; give the same shape and dtype`);

export const stateError = (op: string, state: unknown, averages: readonly string[]): CotangentError =>
  error(
    `${op}: not a state of this optimizer — ${describe(state)}; give what init or update of the same optimizer returned, { step, averages${averages.length > 0 ? `: { ${averages.join(", ")} }` : ""} }`,
  );

export const definitionError = (field: string, value: unknown, wanted: string): CotangentError =>
  error(`defineOptimizer: no valid ${field} — ${describe(value)}; give ${wanted}`);

export const ruleError = (op: string, parameter: Tensor, made: readonly unknown[]): CotangentError =>
  error(
    `${op}: the rule changed a leaf's form — ${aval(parameter)}, the rule gave ${made.map(describe).join(", ")}; return a parameter and every average in the leaf's shape and dtype`,
  );

export const rateError = (op: string, rate: unknown): CotangentError =>
  error(`${op}: the schedule's value is not a scalar — ${describe(rate)}; return a number or a float tensor of shape []`);

export const functionError = (op: string, value: unknown): CotangentError =>
  error(`${op}: the first argument is not a function — ${describe(value)}; give a function of the parameters to a float scalar`);

export const valueError = (op: string, value: unknown): CotangentError =>
  error(`${op}: the function does not return a float scalar — ${describe(value)}; return a scalar (sum or mean it)`);

export const solverStateError = (op: string, state: unknown): CotangentError =>
  error(`${op}: not a state of this solver — ${describe(state)}; give what init or update returned`);

export const nonFiniteStartError = (op: string, what: string, value: number): CotangentError =>
  error(`${op}: the ${what} at the starting point is not finite — ${value}; start where the function and its gradient are finite`);
