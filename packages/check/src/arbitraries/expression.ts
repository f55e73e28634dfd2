/**
 * Random programs of ops that fit one another, to compare ways of running them. Knows rows of the op table and what their samples ask for;
 * knows no op by name.
 */
import * as core from "@cotangent/core";
import type { Shape, Tensor } from "@cotangent/core";
import { type Domain, type Draw, flattenTensors, isFloat, reals, sameShape, type TableFunction, tensorOf } from "@cotangent/core/engine";
import { Arbitrary, type Random, Stream, Value } from "fast-check";
import { drawFrom } from "../draw.ts";
import { oneIn, pick } from "./draws.ts";
import { type Entries, pointwise } from "./entries.ts";
import { optionError } from "./errors.ts";
import { printable } from "./leaf.ts";
import { checkOptions, checkRange, type Interval, type Range } from "./options.ts";
import { membership, pointsOf } from "./points.ts";
import { gather } from "./slicing.ts";
import { sourceOf, writeSource } from "./source.ts";

export interface ExpressionGraphsOptions {
  /** How many ops: 1 to 8 by default. */
  readonly steps?: Range;
  /** The ops to choose from, the whole table of core by default. */
  readonly table?: readonly TableFunction[];
  /** The most entries of any value: 64 by default. */
  readonly entries?: number;
}

/** A program of ops and a point to run it at. */
export interface ExpressionGraph {
  /** Float tensors; everything else is part of the program. */
  readonly inputs: readonly Tensor[];
  /** The program, on any tensors of the same shapes and dtypes. */
  readonly run: (inputs: readonly Tensor[]) => readonly Tensor[];
  /** The program as TypeScript. */
  readonly toString: () => string;
}

/**
 * Random programs over the op table with inputs inside every op's domain and away from its kinks, for comparing evaluators: eager, recorded,
 * compiled, batched, in another number system. Where rounding may decide a comparison or cancel all digits, there is no program: moving the
 * inputs by 1e-8 changes no integer and no truth value, and floats by at most 1e-3.
 *
 * A program shrinks to a part of itself: fewer outputs, fewer ops (a result replaced by an operand or by an input of its value), smaller
 * shapes, simpler numbers. It prints as TypeScript that can be run.
 * @example
 * ```ts
 * import { expressionGraphs } from "@cotangent/check";
 * import { sum, tanh } from "@cotangent/core";
 * import { sample } from "fast-check";
 * const [one] = sample(expressionGraphs({ table: [sum, tanh], steps: [1, 3] }), { seed: 1, numRuns: 1 });
 * one.run(one.inputs).length > 0; // => true
 * ```
 */
export function expressionGraphs(options: ExpressionGraphsOptions = {}): Arbitrary<ExpressionGraph> {
  const { steps = [1, 8], table, entries = 64 } = checkOptions("expressionGraphs", options, ["steps", "table", "entries"]);
  const isTable =
    table === undefined || (Array.isArray(table) && table.length > 0 && table.every((op) => typeof op === "function" && "row" in op));
  if (!isTable) throw optionError("expressionGraphs", "table", table, "a list of ops");
  if (!(entries >= 1)) throw optionError("expressionGraphs", "entries", entries, "a positive number");
  return new GraphArbitrary(checkRange("expressionGraphs", "steps", steps), table ?? wholeTable(), entries);
}

/** By name, for bundlers and test runners order the exports of a module as they like. */
const wholeTable = (): TableFunction[] =>
  Object.values<unknown>(core)
    .filter((value): value is TableFunction => typeof value === "function" && "row" in value)
    .sort((x, y) => (x.row.name < y.row.name ? -1 : 1));

/** What an op asks of a tensor it is given. */
interface Use {
  readonly id: number;
  readonly domain: Domain;
  readonly separated: boolean;
}

/** One call: its arguments as they are built from values, which values those are, and which it makes. */
interface Step {
  readonly op: TableFunction;
  readonly build: (leaves: readonly unknown[]) => unknown;
  /** A value's number, or a tensor that is part of the program. */
  readonly leaves: readonly (number | Tensor)[];
  readonly uses: readonly Use[];
  readonly outputs: readonly number[];
  /** Whether it returns a list of tensors. */
  readonly isList: boolean;
}

interface Input {
  readonly id: number;
  readonly value: Tensor;
}

/** Values are numbered once and keep their numbers when others go. */
interface Program {
  readonly inputs: readonly Input[];
  readonly steps: readonly Step[];
  readonly outputs: readonly number[];
}

type Results = Map<number, Tensor>;

/** Far from overflow. */
const largest = 1e4;

/** How far inputs are moved, relative to themselves, to see whether a program tells evaluators apart that round differently. */
const nudge = 1e-8;

/** The tensor with every float entry moved by `by` or some part of it that depends on its place. */
function nudged(x: Tensor, id: number, by: number): Tensor {
  if (!isFloat(x.dtype)) return x;
  const entries = x.values.map((entry: number, i: number) => entry * (1 + by * (((7919 * i + 104729 * id) % 1000) / 500 - 1)));
  return tensorOf(x.shape, x.dtype, entries);
}

/** Whether two results are the same but for a moderate multiple of `nudge`; integers and truth values exactly. */
function areNear(x: Tensor, y: Tensor): boolean {
  if (!sameShape(x.shape, y.shape)) return false;
  const entries = y.values;
  if (!isFloat(x.dtype)) return x.values.every((entry: number, i: number) => entry === entries[i]);
  return x.values.every((entry: number, i: number) => Math.abs(entry - entries[i]!) <= 1e5 * nudge * (1 + Math.abs(entry)));
}

class GraphArbitrary extends Arbitrary<ExpressionGraph> {
  readonly #steps: Interval;
  readonly #table: readonly TableFunction[];
  readonly #entries: number;

  constructor(steps: Interval, table: readonly TableFunction[], entries: number) {
    super();
    this.#steps = steps;
    this.#table = table;
    this.#entries = entries;
  }

  override generate(random: Random): Value<ExpressionGraph> {
    const program = drawProgram(random, this.#table, random.nextInt(...this.#steps), this.#entries);
    return new Value(presented(program), program);
  }

  override canShrinkWithoutContext(_value: unknown): _value is ExpressionGraph {
    return false;
  }

  override shrink(_value: ExpressionGraph, context: unknown): Stream<Value<ExpressionGraph>> {
    if (context === undefined) return Stream.nil();
    return new Stream(simplerPrograms(context as Program)).map((program) => new Value(presented(program), program));
  }
}

function presented(program: Program): ExpressionGraph {
  return {
    inputs: program.inputs.map(({ value }) => printable(value)),
    run: (inputs) => {
      const results = resultsOf(program, inputs);
      return program.outputs.map((id) => results.get(id)!);
    },
    toString: () => sourceOfProgram(program),
  };
}

/** Stands for a value in the arguments of a call that is read, not run. */
interface Placeholder {
  readonly id: number;
}

/** The arguments with placeholders for values, made once each. */
function template({ build, leaves }: Step): { readonly args: readonly unknown[]; readonly placeholders: ReadonlySet<unknown> } {
  const marked = leaves.map((leaf): Placeholder | Tensor => (typeof leaf === "number" ? { id: leaf } : leaf));
  return { args: build(marked) as unknown[], placeholders: new Set(marked) };
}

const argumentsOf = ({ build, leaves }: Step, results: Results): unknown[] =>
  build(leaves.map((leaf) => (typeof leaf === "number" ? results.get(leaf) : leaf))) as unknown[];

function resultsOf(program: Program, inputs: readonly Tensor[]): Results {
  const results: Results = new Map(program.inputs.map(({ id }, i) => [id, inputs[i]!]));
  for (const step of program.steps) runStep(step, results);
  return results;
}

/** Results, and results of inputs moved a little to one side and to the other. */
type State = readonly [results: Results, ahead: Results, behind: Results];

/** A state with these inputs, beside one that is left as it is. */
function stateOf(inputs: readonly Input[], [results, ahead, behind]: State = [new Map(), new Map(), new Map()]): State {
  const moved = (by: number): [number, Tensor][] => inputs.map(({ id, value }) => [id, nudged(value, id, by)]);
  return [
    new Map([...results, ...inputs.map(({ id, value }) => [id, value] as const)]),
    new Map([...ahead, ...moved(nudge)]),
    new Map([...behind, ...moved(-nudge)]),
  ];
}

/** Runs a step on all sides; whether it does, far from overflow, and whether they stay near each other: not so at jumps and in cancellation. */
function runsStably(step: Step, [results, ...moved]: State): boolean {
  return (
    attempt(() => {
      const outputs = runStep(step, results);
      return outputs.every(isTame) && moved.every((side) => runStep(step, side).every((x, i) => areNear(outputs[i]!, x)));
    }) ?? false
  );
}

function runStep(step: Step, results: Results): readonly Tensor[] {
  const { leaves } = flattenTensors(step.op(...(argumentsOf(step, results) as never[])));
  step.outputs.forEach((id, i) => results.set(id, leaves[i]!));
  return leaves;
}

// --- drawing ---

function drawProgram(random: Random, table: readonly TableFunction[], count: number, entries: number): Program {
  let program: Program = { inputs: [], steps: [], outputs: [] };
  const state = stateOf([]);
  for (let tries = 0; program.steps.length < count && tries < 40 * count; tries++)
    program = withStep(program, state, pick(random, table), random, entries) ?? program;
  const used = new Set(program.steps.flatMap(({ leaves }) => leaves));
  const ends = program.steps.flatMap(({ outputs }) => outputs.filter((id) => !used.has(id)));
  if (ends.length > 0) return pruned({ ...program, outputs: ends });
  const value = drawFrom(random.nextInt()).tensor([]);
  return { inputs: [{ id: 0, value }], steps: [], outputs: [0] };
}

/** The program with a call more, on what its sample draws from the results so far, which then are in the state; undefined if it does not fit. */
function withStep(program: Program, state: State, op: TableFunction, random: Random, entries: number): Program | undefined {
  const { step, inputs } = drawStep(state[0], op, random);
  const isApart = inputs.length === step.leaves.filter((leaf) => typeof leaf === "number").length;
  if (isApart && program.steps.length > 0 && !oneIn(random, 8)) return undefined;
  const trial = stateOf(inputs, state);
  const made = attempt(() => op(...(argumentsOf(step, trial[0]) as never[])));
  if (made === undefined || !isTensorOrList(made)) return undefined;
  const outputs = flattenTensors(made).leaves;
  const next = 1 + Math.max(-1, ...trial[0].keys());
  const whole: Step = { ...step, outputs: outputs.map((_, i) => next + i), isList: Array.isArray(made) };
  if (outputs.length === 0 || outputs.some((x) => x.size > entries) || !runsStably(whole, trial)) return undefined;
  state.forEach((side, i) => {
    for (const [id, x] of trial[i]!) side.set(id, x);
  });
  return { ...program, inputs: [...program.inputs, ...inputs], steps: [...program.steps, whole] };
}

/** A call on arguments that the op's sample draws, and the inputs it needs beside the results so far. */
function drawStep(results: Results, op: TableFunction, random: Random): { readonly step: Step; readonly inputs: readonly Input[] } {
  const uses: Use[] = [];
  const fresh = new Map<Tensor, Omit<Use, "id">>();
  const args = op.row.sample(drawFromResults(results, random, op.row.op?.kind === "elementwise", uses, fresh));
  const { leaves, definition } = flattenTensors(args);
  const known = new Map([...results].map(([id, x]) => [x, id] as const));
  let next = 1 + Math.max(-1, ...results.keys());
  const inputs: Input[] = [];
  const refs = leaves.map((x): number | Tensor => {
    const id = known.get(x);
    if (id !== undefined || !isFloat(x.dtype)) return id ?? x;
    inputs.push({ id: next, value: x });
    const asked = fresh.get(x);
    if (asked !== undefined) uses.push({ id: next, ...asked });
    known.set(x, next);
    return next++;
  });
  const own = uses.filter(({ id }) => refs.includes(id));
  return { step: { op, build: definition.build, leaves: refs, uses: own, outputs: [], isList: false }, inputs };
}

const isTensorOrList = (made: unknown): boolean =>
  made instanceof core.Tensor || (Array.isArray(made) && made.every((x) => x instanceof core.Tensor));

const isTame = (x: Tensor): boolean => !isFloat(x.dtype) || x.values.every((entry: number) => Math.abs(entry) <= largest);

function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

/** A draw that gives shapes and tensors the program already has, where they are what is asked for. */
function drawFromResults(results: Results, random: Random, anyDtype: boolean, uses: Use[], fresh: Map<Tensor, Omit<Use, "id">>): Draw {
  const base = drawFrom(random.nextInt());
  const known = (fits: (x: Tensor) => boolean): [number, Tensor][] => [...results].filter(([, x]) => fits(x));
  /** Mostly one of the last, so that programs get deep. */
  const recent = <T>(choices: readonly T[]): T =>
    choices.at(-1 - Math.min(random.nextInt(0, choices.length - 1), random.nextInt(0, choices.length - 1)))!;
  return {
    ...base,
    shape(minRank, maxRank, minSide = 0, maxSide = 4): Shape {
      const fits = known(
        ({ rank, shape }) => rank >= minRank && rank <= maxRank && shape.every((side) => side >= minSide && side <= maxSide),
      );
      return fits.length === 0 || oneIn(random, 4) ? base.shape(minRank, maxRank, Math.max(minSide, 1), maxSide) : recent(fits)[1].shape;
    },
    tensor(shape, domain = reals, separated = false): Tensor {
      const fits = known((x) => x.dtype === "float64" && sameShape(x.shape, shape) && meets(x, domain, separated));
      if (fits.length > 0 && !oneIn(random, 6)) {
        const [id, x] = recent(fits);
        uses.push({ id, domain, separated });
        return x;
      }
      const x = base.tensor(shape, domain, separated);
      fresh.set(x, { domain, separated });
      return x;
    },
    integers(shape, low, high): Tensor {
      const fits = known(
        (x) => x.dtype === "int32" && sameShape(x.shape, shape) && x.values.every((entry: number) => entry >= low && entry <= high),
      );
      return anyDtype && fits.length > 0 ? recent(fits)[1] : base.integers(shape, low, high);
    },
    bools(shape): Tensor {
      const fits = known((x) => x.dtype === "bool" && sameShape(x.shape, shape));
      return anyDtype && fits.length > 0 ? recent(fits)[1] : base.bools(shape);
    },
  };
}

/** Whether entries lie in a domain, away from its exceptions, and apart if they must. */
function meets(x: Tensor, domain: Domain, separated: boolean): boolean {
  const allows = membership("expressionGraphs", domain, { negativeZero: true });
  const sorted = separated ? x.values.toSorted() : [];
  return x.values.every(allows) && sorted.every((entry, i) => i === 0 || entry - sorted[i - 1]! > 0.01);
}

// --- shrinking ---

/** What a program has of everything, the most telling first; every simplification lowers it. */
function weight({ inputs, steps, outputs }: Program): readonly number[] {
  const given = steps.reduce((count, { build, leaves }) => count + (build(leaves) as unknown[]).length, 0);
  const size = inputs.reduce((total, { value }) => total + value.size + value.rank, 0);
  const cost = inputs.reduce((total, { value }) => total + plainEntries.cost(Float64Array.from(value.values), value.shape), 0);
  return [steps.length, outputs.length, inputs.length, given, size, cost];
}

const plainEntries: Entries = pointwise(pointsOf("expressionGraphs", { negativeZero: true }));

function isSimpler(x: readonly number[], y: readonly number[]): boolean {
  const at = x.findIndex((own, i) => own !== y[i]);
  return at >= 0 && x[at]! < y[at]!;
}

function* simplerPrograms(program: Program): Generator<Program> {
  const own = weight(program);
  const results = resultsOf(
    program,
    program.inputs.map(({ value }) => value),
  );
  for (const moves of [fewerOutputs, fewerSteps, fewerInputs, fewerArguments, smallerShapes, simplerValues]) {
    for (const next of moves(program, results)) {
      const candidate = pruned(next);
      if (isSimpler(weight(candidate), own) && isValid(candidate)) yield candidate;
    }
  }
}

/** Whether a program runs, inside the domain of every op and far from where evaluators may differ. */
function isValid(program: Program): boolean {
  const state = stateOf(program.inputs);
  return program.steps.every(
    (step) => step.uses.every(({ id, domain, separated }) => meets(state[0].get(id)!, domain, separated)) && runsStably(step, state),
  );
}

/** Without the steps and inputs that no output needs. */
function pruned(program: Program): Program {
  const needed = new Set(program.outputs);
  const steps: Step[] = [];
  for (const step of program.steps.toReversed()) {
    if (!step.outputs.some((id) => needed.has(id))) continue;
    steps.unshift(step);
    for (const leaf of step.leaves) if (typeof leaf === "number") needed.add(leaf);
  }
  return { inputs: program.inputs.filter(({ id }) => needed.has(id)), steps, outputs: program.outputs };
}

/** One output alone; all but one; the operands of a step instead of its results. */
function* fewerOutputs(program: Program, results: Results): Generator<Program> {
  const { outputs } = program;
  if (outputs.length > 1) for (const id of outputs) yield { ...program, outputs: [id] };
  if (outputs.length > 2) for (const id of outputs) yield { ...program, outputs: outputs.filter((other) => other !== id) };
  for (const id of program.outputs) {
    const maker = program.steps.find((step) => step.outputs.includes(id));
    const operands = maker?.leaves.filter((leaf): leaf is number => typeof leaf === "number" && isFloat(results.get(leaf)!.dtype)) ?? [];
    for (const operand of operands)
      yield { ...program, outputs: [...new Set([...program.outputs.filter((other) => other !== id), operand])] };
  }
}

/** A step's result replaced by one of its operands, or by an input of its value. */
function* fewerSteps(program: Program, results: Results): Generator<Program> {
  for (const step of program.steps) {
    const steps = program.steps.filter((other) => other !== step);
    const [id] = step.outputs;
    for (const leaf of step.outputs.length === 1 ? step.leaves : []) {
      const [x, out] = [typeof leaf === "number" ? results.get(leaf)! : leaf, results.get(id!)!];
      if (typeof leaf === "number" && x.dtype === out.dtype && sameShape(x.shape, out.shape))
        yield renamed({ ...program, steps }, id!, leaf);
    }
    if (step.outputs.some((made) => !isFloat(results.get(made)!.dtype))) continue;
    const inputs = step.outputs.map((made) => ({ id: made, value: results.get(made)! }));
    yield { ...program, inputs: [...program.inputs, ...inputs], steps };
  }
}

function renamed(program: Program, from: number, to: number): Program {
  const rename = <T>(id: T): T | number => (id === from ? to : id);
  return {
    inputs: program.inputs.filter(({ id }) => id !== from),
    outputs: [...new Set(program.outputs.map((id) => rename(id)))],
    steps: program.steps.map((step) => ({
      ...step,
      leaves: step.leaves.map(rename),
      uses: step.uses.map((use) => ({ ...use, id: rename(use.id) })),
    })),
  };
}

/** One input in the place of another. */
function* fewerInputs(program: Program): Generator<Program> {
  for (const { id: from, value: x } of program.inputs)
    for (const { id: to, value: y } of program.inputs)
      if (from !== to && x.dtype === y.dtype && sameShape(x.shape, y.shape)) yield renamed(program, from, to);
}

/** A step without its last argument, where that holds no tensor. */
function* fewerArguments(program: Program): Generator<Program> {
  for (const [i, step] of program.steps.entries()) {
    const { args, placeholders } = template(step);
    const holds = (value: unknown): boolean =>
      placeholders.has(value) || (typeof value === "object" && value !== null && Object.values(value).some(holds));
    if (holds(args.at(-1))) continue;
    const build = (leaves: readonly unknown[]): unknown => (step.build(leaves) as unknown[]).slice(0, -1);
    yield { ...program, steps: program.steps.with(i, { ...step, build }) };
  }
}

/** All inputs as scalars; inputs of one shape without an axis; every axis of one side shorter. */
function* smallerShapes(program: Program): Generator<Program> {
  const { inputs } = program;
  const sliced = (
    keeps: (x: Tensor) => readonly (readonly number[] | undefined)[],
    drop: (x: Tensor, axis: number) => boolean,
  ): Program => ({
    ...program,
    inputs: inputs.map(({ id, value }) => ({ id, value: slicedTensor(value, keeps(value), (axis) => drop(value, axis)) })),
  });
  yield sliced(
    (x) => x.shape.map(() => [0]),
    () => true,
  );
  for (const shape of new Map(inputs.map(({ value }) => [value.shape.join(), value.shape])).values())
    for (const axis of shape.keys()) {
      const concerned = (x: Tensor, own: number): boolean => own === axis && sameShape(x.shape, shape);
      yield sliced((x) => x.shape.map((_, own) => (concerned(x, own) ? [0] : undefined)), concerned);
    }
  for (const side of new Set(inputs.flatMap(({ value }) => value.shape)))
    for (const length of new Set([1, Math.ceil(side / 2), side - 1]))
      for (const start of length > 0 && length < side ? [0, side - length] : []) {
        const keep = Array.from({ length }, (_, i) => start + i);
        yield sliced(
          (x) => x.shape.map((own) => (own === side ? keep : undefined)),
          () => false,
        );
      }
}

function slicedTensor(x: Tensor, keeps: readonly (readonly number[] | undefined)[], drop: (axis: number) => boolean): Tensor {
  const entries = gather(Float64Array.from(x.values), x.shape, keeps, 0);
  const shape = x.shape.map((side, axis) => keeps[axis]?.length ?? side).filter((_, axis) => !drop(axis));
  return tensorOf(shape, x.dtype, entries);
}

/** Simpler numbers in one input. */
function* simplerValues(program: Program): Generator<Program> {
  for (const [i, { id, value: x }] of program.inputs.entries()) {
    const values = Float64Array.from(x.values);
    const withValues = (entries: Float64Array): Program => ({
      ...program,
      inputs: program.inputs.with(i, { id, value: tensorOf(x.shape, x.dtype, entries) }),
    });
    for (const simpler of plainEntries.whole(values, x.shape)) yield withValues(simpler);
    for (let place = 0; place < plainEntries.places(x.shape); place++)
      for (const simpler of plainEntries.single(values, x.shape, place)) yield withValues(simpler);
  }
}

// --- printing ---

/** The inputs and the program as TypeScript. */
function sourceOfProgram(program: Program): string {
  const names = new Map<number, string>();
  program.inputs.forEach(({ id }, i) => names.set(id, `x${i + 1}`));
  const made = program.steps.flatMap(({ outputs }) => outputs);
  made.forEach((id, i) => names.set(id, `y${i + 1}`));
  const lines = program.steps.map((step) => {
    const { args, placeholders } = template(step);
    const nameOf = (value: unknown): string | undefined => (placeholders.has(value) ? names.get((value as Placeholder).id) : undefined);
    const own = step.outputs.map((id) => names.get(id)!);
    return `  const ${step.isList ? `[${own.join(", ")}]` : own[0]} = ${step.op.row.name}(${args.map((arg) => writeSource(arg, nameOf)).join(", ")});`;
  });
  return [
    `const inputs = [${program.inputs.map(({ value }) => sourceOf(value)).join(", ")}];`,
    `const run = ([${program.inputs.map(({ id }) => names.get(id)).join(", ")}]: readonly Tensor[]) => {`,
    ...lines,
    `  return [${program.outputs.map((id) => names.get(id)).join(", ")}];`,
    "};",
  ].join("\n");
}
