/**
 * Spoils an op's derivative rules one piece at a time, to see whether the laws notice. A rule is recorded as a graph of ops, so a mutant is
 * one node of it scaled, negated or replaced by one of its own inputs; it knows no op by name.
 */
import { mul, neg, type Tensor } from "@cotangent/core";
import { apply, isFloat, type Node, type Op, recordFunction, sameShape, type TableFunction, walk } from "@cotangent/core/engine";
import { drawCase } from "./cases.ts";
import { drawFrom } from "./draw.ts";
import { conventionFailures, type Law, laws } from "./laws.ts";

type Mode = "pullback" | "pushforward";

/** How a node of a rule is spoiled: by a tenth of a percent, in sign, or, elementwise, by dropping all but one operand. */
type Change = "none" | "scale" | "negate" | `keep ${number}`;

export interface Mutant {
  /** `mode/node index:node op/change`, stable for a given rule. */
  readonly name: string;
  readonly mode: Mode;
  readonly at: number;
  /** The name of the node's op: on other shapes a rule may have other nodes there, and is then left alone. */
  readonly node: string;
  readonly change: Change;
}

export interface MutationReport {
  readonly op: string;
  readonly killed: readonly string[];
  readonly survived: readonly string[];
}

type Rule = (node: Node, given: readonly (Tensor | null)[], wanted: readonly boolean[]) => readonly (Tensor | null)[];
type Mutable = { -readonly [K in Mode]?: Rule };

/** The rule recorded on a node's tensors: a graph, and which results are not zero. */
function recordRule(rule: Rule, node: Node, given: readonly (Tensor | null)[], wanted: readonly boolean[]) {
  const [n, m] = [node.inputs.length, node.outputs.length];
  const present = given.map((g) => g !== null);
  let results: readonly (Tensor | null)[] = [];
  const graph = recordFunction(
    (all) => {
      const own: Node = Object.create(node, { inputs: { value: all.slice(0, n) }, outputs: { value: all.slice(n, n + m) } });
      let next = n + m;
      results = rule(
        own,
        present.map((is) => (is ? all[next++]! : null)),
        wanted,
      );
      return results.filter((x) => x !== null);
    },
    [...node.inputs, ...node.outputs, ...given.filter((g) => g !== null)],
  );
  return { graph, zero: results.map((x) => x === null) };
}

/** The rule with one node of its graph spoiled. */
function mutated(rule: Rule, { at, node: name, change }: Mutant): Rule {
  return (node, given, wanted) => {
    const { graph, zero } = recordRule(rule, node, given, wanted);
    const target = graph.nodes[at]?.op.name === name ? graph.nodes[at] : undefined;
    const outputs = walk<Tensor>(graph, [...node.inputs, ...node.outputs, ...given.filter((g) => g !== null)], {
      constant: (x) => x,
      step: (inner, inputs) => (inner === target ? spoil(inner, inputs, change) : apply(inner.op, inputs, inner.params)),
    });
    if (graph.nodes.length === 0 && at === 0) return zero.map((is, i) => (is ? null : spoilResult(outputs[countBefore(zero, i)]!, change)));
    return zero.map((is, i) => (is ? null : outputs[countBefore(zero, i)]!));
  };
}

const countBefore = (zero: readonly boolean[], i: number): number => zero.slice(0, i).filter((is) => !is).length;

function spoil(node: Node, inputs: readonly Tensor[], change: Change): readonly Tensor[] {
  const outputs = apply(node.op, inputs, node.params);
  if (!change.startsWith("keep")) return outputs.map((out) => spoilResult(out, change));
  const kept = inputs[Number(change.slice(5))]!;
  return sameShape(kept.shape, outputs[0]!.shape) ? [kept] : outputs;
}

function spoilResult(out: Tensor, change: Change): Tensor {
  if (!isFloat(out.dtype) || change === "none") return out;
  return change === "scale" ? mul(out, 1.001) : neg(out);
}

/** The mutants of one rule, read off its graph at a drawn case. */
function mutantsOf(op: Op, mode: Mode, node: Node, given: readonly (Tensor | null)[], wanted: readonly boolean[]): Mutant[] {
  const { graph, zero } = recordRule((op as unknown as Record<Mode, Rule>)[mode], node, given, wanted);
  if (zero.every((is) => is)) return [];
  if (graph.nodes.length === 0)
    return (["scale", "negate"] as const).map((change) => ({ name: `${mode}/as it comes/${change}`, mode, at: 0, node: "", change }));
  return graph.nodes.flatMap((inner, at) => {
    if (inner.outputs.length !== 1 || !isFloat(inner.outputs[0]!.dtype)) return [];
    const out = inner.outputs[0]!;
    const kept =
      !inner.op.broadcasts || inner.inputs.length < 2
        ? []
        : inner.inputs.flatMap((x, i) => (x.dtype === out.dtype && sameShape(x.shape, out.shape) ? [`keep ${i}` as Change] : []));
    return (["scale", "negate", ...kept] as Change[]).map((change) => ({
      name: `${mode}/${at}:${inner.op.name}/${change}`,
      mode,
      at,
      node: inner.op.name,
      change,
    }));
  });
}

/** Which laws must notice a spoiled rule. */
const judges: Readonly<Record<Mode, readonly Law[]>> = {
  pullback: [laws.adjoint!, laws["second order"]!],
  pushforward: [laws.tangent!, laws["second order"]!],
};

/** Every mutant of an op's own rules (a surrogate has no reference to be judged by), and whether some law caught it on some of `runs` drawn cases. */
export function mutateOp(op: TableFunction, options: { readonly seed?: number; readonly runs?: number } = {}): MutationReport {
  const { seed = 1, runs = 30 } = options;
  const record = op.row.op;
  const killed: string[] = [];
  const survived: string[] = [];
  if (record === undefined || op.row.surrogate !== undefined) return { op: op.row.name, killed, survived };
  for (const mode of ["pullback", "pushforward"] as const) {
    const unspoiled: Mutant = { name: `${mode}/unspoiled`, mode, at: 0, node: "", change: "none" };
    if (mode in record && caught(op, record, unspoiled, seed, runs)) survived.push(`${unspoiled.name} is caught`);
  }
  for (const mutant of collect(op, record, seed, runs)) {
    (caught(op, record, mutant, seed, runs) ? killed : survived).push(mutant.name);
  }
  return { op: op.row.name, killed, survived };
}

/** The rules are called where the laws call them; the mutants are those of every graph seen there, by name. */
function collect(op: TableFunction, record: Op, seed: number, runs: number): Mutant[] {
  const found = new Map<string, Mutant>();
  const modes: readonly Mode[] = record.kind === "elementwise" ? ["pullback"] : ["pullback", "pushforward"];
  for (const mode of modes) {
    const rule = (record as unknown as Mutable)[mode];
    if (rule === undefined) continue;
    for (let run = 0; run < Math.min(runs, 4); run++) {
      const subject = drawCase(op, drawFrom(seed + run));
      if (subject.inputs.length === 0 || subject.inputs.some((x) => x.size === 0)) continue;
      const graph = recordFunction(subject.call, subject.inputs);
      if (!graph.outputs.some((out) => isFloat(out.dtype) && out.size > 0)) continue;
      const node = graph.nodes.find((one) => one.op === record);
      if (node === undefined) continue;
      const like = (x: Tensor): Tensor | null => (isFloat(x.dtype) ? x : null);
      const given = mode === "pullback" ? node.outputs.map(like) : node.inputs.map(like);
      for (const mutant of mutantsOf(
        record,
        mode,
        node,
        given,
        node.inputs.map((x) => isFloat(x.dtype)),
      ))
        found.set(mutant.name, mutant);
    }
  }
  return [...found.values()];
}

/** Whether the conventions or a law on some drawn case notice the mutant. */
function caught(op: TableFunction, record: Op, mutant: Mutant, seed: number, runs: number): boolean {
  const rules = record as unknown as Mutable;
  const original = rules[mutant.mode]!;
  const spoiled = mutated(original, mutant);
  const wrongUnder = (judge: () => boolean): boolean => {
    rules[mutant.mode] = spoiled;
    try {
      return judge();
    } catch {
      return true;
    } finally {
      rules[mutant.mode] = original;
    }
  };
  if (wrongUnder(() => conventionFailures(op).length > 0)) return true;
  for (let run = 0; run < runs; run++) {
    const subject = drawCase(op, drawFrom(seed + run));
    for (const law of judges[mutant.mode])
      if (wrongUnder(() => law(subject, drawFrom(seed + run + 0x10000), op) !== undefined)) return true;
  }
  return false;
}
