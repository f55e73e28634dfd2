/** Replays a recorded graph over any number system: dual, double-double, interval, running error, … Knows lowerings, no op by name. */
import type { NumberSystem } from "./arithmetic.ts";
import type { DType } from "./dtype.ts";
import { missingRuleError } from "./errors.ts";
import { recordFunction, walk } from "./graph.ts";
import { interpret, type SystemArray } from "./loop/interpreter.ts";
import type { Program } from "./loop/program.ts";
import type { Aval, Machine, Op, SubGraph } from "./op.ts";
import type { Node } from "./recording.ts";
import { type Shape, sizeOf } from "./shape.ts";
import { entriesOf, type Tensor } from "./tensor.ts";

/** A tensor over a number system: elements for float and bool entries, plain integers for int32. */
export interface SystemTensor<V> {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly values: SystemArray<V>;
}

/** A tensor's entries as constants of a number system. */
export function toSystem<V>(x: Tensor, system: NumberSystem<V>): SystemTensor<V> {
  const entries = Array.from(entriesOf(x));
  return { shape: x.shape, dtype: x.dtype, values: x.dtype === "int32" ? entries : entries.map((entry) => system.constant(entry)) };
}

/** The doubles that stand for the elements of a float or bool tensor over a number system. */
export function fromSystem<V>(x: SystemTensor<V>, system: NumberSystem<V>): number[] {
  return x.dtype === "int32" ? (x.values as number[]) : x.values.map((value) => system.toNumber(value as V));
}

/** What some ops do in place of what their loop programs say, wherever they stand: in loops and expansions too. */
export type Instead<V> = ReadonlyMap<Op, (inputs: readonly SystemTensor<V>[]) => readonly SystemTensor<V>[]>;

/** The outputs of a graph over a number system; closed-over tensors enter as constants. Throws `Undecided` where the system cannot tell. */
export function evaluate<V>(
  graph: SubGraph,
  system: NumberSystem<V>,
  inputs: readonly SystemTensor<V>[],
  instead?: Instead<V>,
): SystemTensor<V>[] {
  return walk<SystemTensor<V>>(graph, inputs, {
    constant: (x) => toSystem(x, system),
    step: (node, values) => evaluateNode(node, system, values, instead),
  });
}

function evaluateNode<V>(
  node: Node,
  system: NumberSystem<V>,
  inputs: readonly SystemTensor<V>[],
  instead: Instead<V> | undefined,
): readonly SystemTensor<V>[] {
  const { op, params } = node;
  const other = instead?.get(op);
  if (other !== undefined) return other(inputs);
  if (op.call !== undefined) return op.call(machineOf(system, instead), inputs, params);
  if (op.expand !== undefined) return evaluate(expansionOf(node, inputs), system, inputs, instead);
  if (op.lower === undefined) throw missingRuleError(op.name, "loop program");
  const outputs = op.infer!(inputs, params).map(
    ({ shape, dtype }): SystemTensor<V> => ({ shape, dtype, values: new Array<V | number>(sizeOf(shape)) }),
  );
  const { program, scalars, integers } = op.lower(inputs, params);
  const run = interpreterOf(program, system);
  run(
    [...inputs, ...outputs].map((x) => x.values),
    scalars.map((scalar) => system.constant(scalar)),
    integers,
  );
  return outputs;
}

/** Expansions are recorded once a node, on shapes. */
const expansions = new WeakMap<Node, SubGraph>();

function expansionOf(node: Node, inputs: readonly Aval[]): SubGraph {
  let graph = expansions.get(node);
  if (graph === undefined) {
    graph = recordFunction((given) => node.op.expand!(given, node.params), inputs, { abstract: true });
    expansions.set(node, graph);
  }
  return graph;
}

type Interpreter<V> = ReturnType<typeof interpret<V>>;
const interpreters = new WeakMap<object, WeakMap<Program, Interpreter<never>>>();

function interpreterOf<V>(program: Program, system: NumberSystem<V>): Interpreter<V> {
  let own = interpreters.get(system);
  if (own === undefined) interpreters.set(system, (own = new WeakMap()));
  let made = own.get(program) as Interpreter<V> | undefined;
  if (made === undefined) own.set(program, (made = interpret(program, system)) as Interpreter<never>);
  return made;
}

function machineOf<V>(system: NumberSystem<V>, instead: Instead<V> | undefined): Machine<SystemTensor<V>> {
  return {
    run: (graph, inputs) => evaluate(graph, system, inputs, instead),
    decide: (x) =>
      x.dtype === "int32" ? x.values[0] !== 0 : system.decide(system.not(system.equal(x.values[0] as V, system.constant(0)))),
    at: (x, i) => {
      const shape = x.shape.slice(1);
      const size = sizeOf(shape);
      return { shape, dtype: x.dtype, values: x.values.slice(i * size, (i + 1) * size) };
    },
    stack: (xs, aval) => ({ shape: [xs.length, ...aval.shape], dtype: aval.dtype, values: xs.flatMap((x) => x.values) }),
  };
}
