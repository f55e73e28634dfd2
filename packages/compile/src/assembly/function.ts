/** Writes the body of one WebAssembly function: locals, structured control with labels, and values as a graph. It knows no op. */
import type { FunctionCode, Instruction, ValueType } from "./module.ts";

/** A place to branch to. */
export interface Label {
  readonly depth: number;
}

/** What a function under construction offers. */
export interface FunctionWriter {
  readonly name: string;
  /** A new local; parameters come first, numbered from 0. */
  readonly local: (type: ValueType) => number;
  readonly emit: (...instruction: Instruction) => void;
  /** A block that ends where a branch to its label goes. */
  readonly block: (body: (end: Label) => void) => void;
  /** A loop whose label is its beginning: it runs once unless a branch goes there. */
  readonly loop: (body: (start: Label) => void) => void;
  /** Takes its condition from the stack. */
  readonly when: (then: () => void, otherwise?: () => void) => void;
  readonly branch: (label: Label) => void;
  /** Takes its condition from the stack. */
  readonly branchIf: (label: Label) => void;
  readonly finish: () => FunctionCode;
}

export function writeFunction(
  name: string,
  parameters: readonly ValueType[],
  results: readonly ValueType[],
  exported = false,
): FunctionWriter {
  const locals: ValueType[] = [];
  const body: Instruction[] = [];
  let depth = 0;
  const nested = (opening: string, write: (label: Label) => void): void => {
    body.push([opening, ""]);
    depth++;
    write({ depth });
    depth--;
    body.push(["end"]);
  };
  return {
    name,
    local: (type) => parameters.length + locals.push(type) - 1,
    emit: (...instruction) => {
      body.push(instruction);
    },
    block: (write) => nested("block", write),
    loop: (write) => nested("loop", write),
    when: (then, otherwise) => {
      body.push(["if", ""]);
      depth++;
      then();
      if (otherwise !== undefined) {
        body.push(["else"]);
        otherwise();
      }
      depth--;
      body.push(["end"]);
    },
    branch: (label) => {
      body.push(["br", depth - label.depth]);
    },
    branchIf: (label) => {
      body.push(["br_if", depth - label.depth]);
    },
    finish: () => ({ name, parameters, results, locals, body, exported }),
  };
}
