/** Every message this package can throw, one builder each, in the form `<op>: <what is wrong> — <operands>, <the clash>; <what to do>`. */
import { CotangentError } from "@cotangent/core/functions";
import { describe } from "@cotangent/core/engine";

const error = (message: string): CotangentError => new CotangentError(message);

export const functionError = (f: unknown): CotangentError =>
  error(`jit: the first argument is not a function — ${describe(f)}; give a function of tensors`);

export const optionsError = (options: unknown): CotangentError =>
  error(`jit: an argument stands where the options belong — ${describe(options)}; write jit(f)(x)`);

export const unknownOptionError = (name: string, known: readonly string[]): CotangentError =>
  error(`jit: unknown option — ${JSON.stringify(name)}; the options are ${known.join(", ")}`);

export const optionError = (name: string, value: unknown, wanted: string): CotangentError =>
  error(`jit: ${name} is out of range — ${describe(value)}; give ${wanted}`);

export const staticArrayError = (path: string, value: unknown): CotangentError =>
  error(`jit: ${path} is not a tensor — ${describe(value)}, whose entries may change between calls; wrap it in tensor(…)`);

export const staticObjectError = (path: string, value: unknown): CotangentError =>
  error(
    `jit: ${path} is not a plain object — ${describe(value)}, whose contents may change between calls; pass its tensors in plain objects and arrays`,
  );

export const donateError = (index: number, count: number): CotangentError =>
  error(
    `jit: donate names none of the arguments — ${index} of ${count === 1 ? "1 argument" : `${count} arguments`}; give argument indices from 0`,
  );

export const cycleError = (path: string): CotangentError =>
  error(`jit: ${path} holds itself — a struct that never ends; give plain objects and arrays without cycles`);

export const closedOverError = (count: number): CotangentError =>
  error(
    count === 1
      ? "jit: the function closes over a tensor that a transform watches — its program would hold on to its value; pass it as an argument"
      : `jit: the function closes over ${count} tensors that a transform watches — its program would hold on to their values; pass them as arguments`,
  );

export const donatedError = (): CotangentError =>
  error(
    "jit: the tensor was donated — its memory holds the next step's values; read it before the call it is donated to, or do not donate it",
  );
