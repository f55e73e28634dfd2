/** Every message print can throw, one builder each, in the form `<printer>: <what is wrong> — <operands>; <what to do>`. */
import { CotangentError } from "@cotangent/core";
import { describe } from "@cotangent/core/engine";

export const notGraphError = (printer: string, value: unknown): CotangentError =>
  new CotangentError(`${printer}: not a graph — ${describe(value)}; give what record(f, ...args) or backward(graph) returns`);

export const optionError = (printer: string, option: string, value: unknown, wanted: string): CotangentError =>
  new CotangentError(`${printer}: ${option} is wrong — ${describe(value)}; give ${wanted}`);

export const notTableFunctionError = (printer: string, value: unknown): CotangentError =>
  new CotangentError(`${printer}: not a function of the op table — ${describe(value)}; give one such as sigmoid`);

export const tooLargeError = (nodes: number): CotangentError =>
  new CotangentError(
    `svg: the graph is too large to lay out here — ${nodes} nodes; give dot(graph) to an installed Graphviz, or print text(graph)`,
  );
