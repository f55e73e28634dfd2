/**
 * A recorded function as an object, and the one loop that walks it. It knows inputs, nodes and outputs; derivatives, batching and number
 * systems are different things done at each node of the same walk.
 */
import { identity } from "./define/movement.ts";
import { readError } from "./errors.ts";
import { formatGraph } from "./listing.ts";
import { apply, type Aval, type SubGraph } from "./op.ts";
import { mergeWatches, Node, onBehalf, Recording, type Watch } from "./recording.ts";
import { isTensor, type Storage, Tensor } from "./tensor.ts";

/** A function's recording: fresh inputs, the nodes they reach, outputs. Prints as a listing. */
export interface Graph extends SubGraph {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** In the order they ran; only those that the outputs depend on. */
  readonly nodes: readonly Node[];
  /** The user's lines that read a value: if there are any, the graph holds at its own point only. */
  readonly reads: readonly string[];
  readonly recording: Recording;
  /** The listing: inputs, one line a node, outputs. */
  toString(): string;
}

export interface RecordOptions {
  /** Record on shapes alone: no values exist inside. */
  readonly abstract?: boolean;
  readonly debug?: boolean;
  /** Whether a reverse sweep over it may follow; true by default. */
  readonly reverse?: boolean;
}

/**
 * Runs a function once on fresh watched inputs. Given tensors stay connected to recordings outside; given shapes stand alone. The function
 * is handed the recording too, so that it can sweep over its own nodes while they are being recorded.
 */
export function recordFunction(
  run: (inputs: readonly Tensor[], recording: Recording) => readonly Tensor[],
  inputs: readonly (Tensor | Aval)[],
  options: RecordOptions = {},
): Graph {
  const recording = new Recording(options);
  let fresh: readonly Tensor[];
  let outputs: readonly Tensor[];
  try {
    fresh = inputs.map((x) => freshInput(x, recording, options.abstract ?? false));
    outputs = run(fresh, recording);
  } finally {
    recording.close();
  }
  return new RecordedGraph(recording, fresh, outputs);
}

function freshInput(x: Tensor | Aval, recording: Recording, abstract: boolean): Tensor {
  const source = isTensor(x) ? x : undefined;
  const outer = source?.origin?.watch;
  const watch: Watch = outer?.open && !abstract ? mergeWatches(recording.watch, outer) : recording.watch;
  const node = new Node(identity, undefined, source === undefined || abstract ? [] : [source], watch);
  const storage: Storage = abstract || source === undefined ? null : source.storage;
  const fresh = new Tensor(x.shape, x.dtype, storage, node, 0);
  node.outputs = [fresh];
  if (node.source?.inputs === node.inputs) node.source = { ...node.source, op: "an argument" };
  return fresh;
}

/** Whether a tensor was computed in a recording from its inputs. */
export function belongs(x: Tensor, recording: Recording): boolean {
  const origin = x.origin;
  return origin !== null && origin.serial >= recording.start && origin.watch.has(recording);
}

/** What a recording holds so far between inputs of its own and outputs, while it is still open. */
export function openGraph(recording: Recording, inputs: readonly Tensor[], outputs: readonly Tensor[]): Graph {
  return new RecordedGraph(recording, inputs, outputs);
}

/** The nodes are found when first asked for. A class, for an object literal with a getter costs a hidden class of its own each time. */
class RecordedGraph implements Graph {
  readonly recording: Recording;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  #nodes: readonly Node[] | undefined = undefined;

  constructor(recording: Recording, inputs: readonly Tensor[], outputs: readonly Tensor[]) {
    this.recording = recording;
    this.inputs = inputs;
    this.outputs = outputs;
  }

  get nodes(): readonly Node[] {
    return (this.#nodes ??= collect(this.recording, this.inputs, this.outputs));
  }

  get reads(): readonly string[] {
    return this.recording.reads;
  }

  toString(): string {
    return formatGraph(this);
  }

  /** What Node's console prints. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return formatGraph(this);
  }
}

/** The nodes between inputs and outputs, by serial. */
function collect(recording: Recording, inputs: readonly Tensor[], outputs: readonly Tensor[]): Node[] {
  const found: Node[] = [];
  const seen = new Set<Node>(inputs.map((x) => x.origin!));
  const stack: Node[] = [];
  const visit = (x: Tensor): void => {
    if (!belongs(x, recording) || seen.has(x.origin!)) return;
    seen.add(x.origin!);
    stack.push(x.origin!);
  };
  outputs.forEach(visit);
  while (stack.length > 0) {
    const node = stack.pop()!;
    found.push(node);
    node.inputs.forEach(visit);
  }
  return found.sort((a, b) => a.serial - b.serial);
}

/** Where each value of a walk lives: a slot number, or a constant tensor. */
interface Plan {
  readonly steps: readonly { readonly node: Node; readonly inputs: readonly (number | Tensor)[]; readonly first: number }[];
  readonly outputs: readonly (number | Tensor)[];
  readonly slots: number;
}

const plans = new WeakMap<SubGraph, Plan>();

function planOf(graph: SubGraph): Plan {
  const known = plans.get(graph);
  if (known !== undefined) return known;
  const slot = new Map<Tensor, number>();
  graph.inputs.forEach((x, i) => slot.set(x, i));
  const place = (x: Tensor): number | Tensor => slot.get(x) ?? x;
  let slots = graph.inputs.length;
  const steps = graph.nodes.map((node) => {
    const inputs = node.inputs.map(place);
    const first = slots;
    for (const out of node.outputs) slot.set(out, slots++);
    return { node, inputs, first };
  });
  const plan = { steps, outputs: graph.outputs.map(place), slots };
  plans.set(graph, plan);
  return plan;
}

/** What a walk does: how a constant enters it and what a node does to its inputs. */
export interface Walker<T> {
  readonly constant: (x: Tensor) => T;
  readonly step: (node: Node, inputs: readonly T[]) => readonly T[];
}

/** Walks a graph from its inputs to its outputs over values of any kind. */
export function walk<T>(graph: SubGraph, inputs: readonly T[], walker: Walker<T>): T[] {
  const plan = planOf(graph);
  const slots = new Array<T>(plan.slots);
  for (let i = 0; i < inputs.length; i++) slots[i] = inputs[i]!;
  const value = (place: number | Tensor): T => (typeof place === "number" ? slots[place]! : walker.constant(place));
  for (const { node, inputs: places, first } of plan.steps) {
    const given = places.map(value);
    const outputs = node.source === undefined ? walker.step(node, given) : onBehalf(node.source, () => walker.step(node, given));
    for (let i = 0; i < node.outputs.length; i++) slots[first + i] = outputs[i]!;
  }
  return plan.outputs.map(value);
}

const eager: Walker<Tensor> = {
  constant: (x) => x,
  step: (node, inputs) => apply(node.op, inputs, node.params),
};

/** Runs a graph again on other tensors. Throws where its function read a value, for then it holds at its own point only. */
export function replay(graph: SubGraph, inputs: readonly Tensor[]): Tensor[] {
  const line = (graph as Partial<Graph>).reads?.[0];
  if (line !== undefined) throw readError("replay", line);
  return walk(graph, inputs, eager);
}

/** A graph whose closed-over watched tensors have become inputs after its own. */
export interface Closure {
  readonly graph: SubGraph;
  readonly hidden: readonly Tensor[];
}

export function closureOf(graph: Graph): Closure {
  const own = new Set<Tensor>(graph.inputs);
  for (const node of graph.nodes) for (const out of node.outputs) own.add(out);
  const hidden = new Set<Tensor>();
  const visit = (x: Tensor): void => {
    if (!own.has(x) && x.origin?.watch.open) hidden.add(x);
  };
  for (const node of graph.nodes) node.inputs.forEach(visit);
  graph.outputs.forEach(visit);
  const list = [...hidden];
  return { graph: { inputs: [...graph.inputs, ...list], outputs: graph.outputs, nodes: graph.nodes }, hidden: list };
}
