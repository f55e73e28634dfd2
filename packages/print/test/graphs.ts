// Random graphs of scalar ops, and what their nodes mean in the field of opaque functions, by a walk over the nodes. Knows no printer.
import * as core from "@cotangent/core";
import { type Graph, record, type Tensor, tensor } from "@cotangent/core";
import { entriesOf, type SubGraph, walk } from "@cotangent/core/engine";
import fc from "fast-check";
import { add, div, type Field, fromNumber, mul, neg, opaque, pow, sub } from "./field.ts";

const meanings: Readonly<Record<string, (...x: Field[]) => Field>> = {
  add,
  sub,
  mul,
  div,
  neg,
  chainMul: mul,
  square: (x) => mul(x!, x!),
  reciprocal: (x) => div(1n, x!),
  expm1: (x) => sub(opaque("exp", x!), 1n),
  hypot: (x, y) => opaque("sqrt", add(mul(x!, x!), mul(y!, y!))),
  pow,
  less: (x, y) => opaque("<", x!, y!),
  greaterEqual: (x, y) => opaque(">=", x!, y!),
  logicalAnd: (x, y) => opaque("&&", x!, y!),
  remainder: (x, y) => opaque("mod", x!, y!),
};

const named = ["exp", "sqrt", "sigmoid", "sin", "abs", "cbrt", "log", "maximum", "where", "tanh"];

const arities: Readonly<Record<string, number>> = {
  add: 2, sub: 2, mul: 2, div: 2, neg: 1, chainMul: 2, square: 1, reciprocal: 1, expm1: 1, hypot: 2, pow: 2, remainder: 2,
  exp: 1, sqrt: 1, sigmoid: 1, sin: 1, abs: 1, cbrt: 1, log: 1, maximum: 2, tanh: 1,
}; // biome-ignore format: a table

/** The field's value of a scalar graph's outputs. */
export function meaningOf(graph: SubGraph, inputs: readonly Field[]): Field[] {
  return walk<Field>(graph, inputs, {
    constant: (x) => fromNumber(entriesOf(x)[0]!),
    step: ({ op }, given) => {
      const meaning = meanings[op.name] ?? (named.includes(op.name) ? (...x: Field[]) => opaque(op.name, ...x) : undefined);
      if (meaning === undefined) throw new Error(`${op.name} has no meaning here`);
      return [meaning(...given)];
    },
  });
}

type Call = (...x: (Tensor | number)[]) => Tensor;
const call = (name: string, ...args: (Tensor | number)[]): Tensor => (core as unknown as Record<string, Call>)[name]!(...args);

interface Step {
  readonly name: string;
  readonly operands: readonly number[];
  readonly constant: number | null;
}

const constants = [0, 1, -1, 2, -2, 0.5, -0.25, 3, 7, -0.75, 100];

const step: fc.Arbitrary<Step> = fc.record({
  name: fc.constantFrom(...Object.keys(arities), "choose", "add", "sub", "mul", "neg"),
  operands: fc.array(fc.nat(1000), { minLength: 4, maxLength: 4 }),
  constant: fc.option(fc.constantFrom(...constants)),
});

/** Runs the steps, each on earlier values (the later the likelier); the output uses every value that nothing else does. */
export function build(steps: readonly Step[]): Graph {
  return record(
    (...inputs: Tensor[]) => {
      const values = [...inputs];
      const unused = new Set<Tensor>();
      for (const { name, operands, constant } of steps) {
        const pick = (i: number): Tensor => {
          const x = values[Math.max(0, values.length - 1 - (operands[i]! % 5))]!;
          unused.delete(x);
          return x;
        };
        const args: (Tensor | number)[] = Array.from({ length: arities[name] ?? 0 }, (_, i) => pick(i));
        if (args.length === 2 && constant !== null) args[operands[3]! % 2] = constant;
        const made = name === "choose" ? call("where", call("less", pick(0), constant ?? pick(1)), pick(2), pick(3)) : call(name, ...args);
        values.push(made);
        unused.add(made);
      }
      return [...unused].reduce((x, y) => call("sub", x, y), inputs[0]!);
    },
    tensor(0.3),
    tensor(0.7),
  );
}

export const scalarGraph: fc.Arbitrary<Graph> = fc.array(step, { minLength: 1, maxLength: 30, size: "max" }).map(build);
