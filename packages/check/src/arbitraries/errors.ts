/** Every message the arbitraries can throw, one builder each, in the form `<op>: <what is wrong> — <operands>, <the clash>; <what to do>`. */
import { CotangentError } from "@cotangent/core";
import { describe, formatShape } from "@cotangent/core/engine";

const error = (message: string): CotangentError => new CotangentError(message);

export const optionError = (op: string, option: string, value: unknown, wanted: string): CotangentError =>
  error(`${op}: ${option} is out of range — ${describe(value)}; give ${wanted}`);

export const optionsError = (op: string, options: unknown): CotangentError =>
  error(`${op}: the options are not an object — ${describe(options)}; give an object or leave it out`);

export { unknownOptionError } from "../errors.ts";

export const shapeError = (op: string, shape: unknown): CotangentError =>
  error(
    `${op}: not a shape — ${describe(shape)}; give a list of sizes: numbers, names as in ["m", "p"], at most one run of axes as in ["...batch", "n"]`,
  );

export const noSizeError = (name: string, low: number, high: number): CotangentError =>
  error(`sized: no size fits ${name} — at least ${low} and at most ${high} are asked for; widen one of the ranges`);

export const distinctError = (names: readonly string[]): CotangentError =>
  error(`sized: too few sizes to be distinct — ${names.join(", ")}; widen their ranges or leave distinct out`);

export const unknownSizeError = (name: string, known: readonly string[]): CotangentError =>
  error(
    `sized: no tensor has the size ${JSON.stringify(name)} — ${known.length === 0 ? "no size is named" : `the named sizes are ${known.join(", ")}`}; name it in a shape`,
  );

export const unknownPartError = (op: string, path: string, known: readonly string[]): CotangentError =>
  error(
    `${op}: no shape to take from ${JSON.stringify(path)} — ${known.length === 0 ? "it stands in no struct" : `the struct has ${known.join(", ")}`}; give the path of a tensor of the struct with a shape of its own`,
  );

export const partError = (path: string, value: unknown): CotangentError =>
  error(`sized: ${path} is not an arbitrary — ${describe(value)}; give arbitraries, such as tensors(…), in plain objects and arrays`);

export const noEntryError = (op: string, domain: string, clash: string): CotangentError =>
  error(`${op}: no number fits — domain ${domain}, ${clash}; widen the domain or the other options`);

export const signatureError = (op: string, signature: unknown, wanted: string): CotangentError =>
  error(`${op}: not a signature — ${describe(signature)}; give ${wanted}`);

export const squareError = (op: string, shape: readonly unknown[]): CotangentError =>
  error(`${op}: not the shape of square matrices — ${formatShape(shape)}; end it with the same size twice, as in ["n", "n"]`);

export const noRowsError = (op: string, shape: readonly unknown[]): CotangentError =>
  error(`${op}: no last axis to lie along — ${formatShape(shape)}; give a shape that ends with a size, as in ["n"]`);
