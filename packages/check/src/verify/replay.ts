/**
 * A recorded loss and its gradient over double-double, dual, complex, interval and running-error numbers: the truth that needs no step size. It
 * knows graphs and number systems; what a claim has to do with the truth is elsewhere.
 */
import { detach, ones, type Tensor } from "@cotangent/core";
import {
  type Complex,
  complex,
  complexFrom,
  type DoubleDouble,
  doubleDouble,
  type Dual,
  dual,
  evaluate,
  type Graph,
  type Instead,
  type Interval,
  interval,
  intervalFrom,
  type Node,
  type NumberSystem,
  pullback,
  recordFunction,
  type RunningError,
  runningError,
  type SubGraph,
  type SystemTensor,
  Undecided,
  zerosOf,
} from "@cotangent/core/engine";
import type { Place } from "./judgement.ts";
import { type Leaf, type Point, tensorsAt } from "./problem.ts";

export const dualDouble: NumberSystem<Dual<DoubleDouble>> = dual(doubleDouble);
export const dd: NumberSystem<DoubleDouble> = doubleDouble;

const unit = 2 ** -53;

/** A sign and a size in [0.5, 1] from the bits of a number: the same for the same constant. */
function spin(x: number, salt: number): number {
  const bits = new Uint32Array(Float64Array.of(x).buffer);
  let h = Math.imul(bits[0]! ^ Math.imul(bits[1]!, 0x9e3779b1) ^ salt, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15), 0xc2b2ae35);
  h ^= h >>> 16;
  return (h & 1 ? 1 : -1) * (0.5 + ((h >>> 1) & 0xffff) / 0x20000);
}

/** Whether a constant was surely meant exactly: a few bits long. */
const isShort = (x: number): boolean => !Number.isFinite(x) || Number.isInteger(x * 1024);

/** Double-doubles whose rounded constants (a third, √(2/π), data) are moved by up to half an ulp: what moves with them is not known better. */
const jittered: readonly NumberSystem<DoubleDouble>[] = [0x51, 0xa7f3].map((salt) => ({
  ...doubleDouble,
  constant: (x) => (isShort(x) ? dd.constant(x) : dd.mul(dd.constant(x), { high: 1, low: unit * spin(x, salt) })),
}));

/** Exact doubles as elements. */
function enter<V>(leaves: readonly Leaf[], point: Point, element: (x: number) => V): SystemTensor<V>[] {
  return leaves.map(({ shape }, k) => ({ shape, dtype: "float64", values: Array.from(point[k]!, element) }));
}

const elements = <V>(xs: readonly SystemTensor<V>[]): V[][] => xs.map((x) => x.values as V[]);

/** The entries of some tensors known to many digits. */
export interface Known {
  readonly values: readonly (readonly DoubleDouble[])[];
  /** How far rounding in double-double may have moved each, generously. */
  readonly rounding: Point;
  /** How far a rounding of the constants in it moves each. */
  readonly constants: Point;
}

/** A graph's outputs in double-double with what is not known about them; `computed` are its float64 outputs. */
export function knownOf(graph: SubGraph, leaves: readonly Leaf[], point: Point, computed: Point): Known {
  const exact = enter(leaves, point, dd.constant);
  const values = elements(evaluate(graph, doubleDouble, exact));
  const moved = jittered.map((system) => elements(evaluate(graph, system, exact)));
  const constants = values.map((row, k) =>
    Float64Array.from(row, (x, i) => Math.max(...moved.map((other) => Math.abs(dd.toNumber(dd.sub(other[k]![i]!, x)))))),
  );
  const bounds = runningBounds(graph, leaves, point);
  const rounding = values.map((row, k) => {
    const seen = Math.max(0, ...row.map((x, i) => finite(Math.abs(computed[k]![i]! - dd.toNumber(x)))));
    return Float64Array.from(row, (x, i) => {
      const bound = bounds?.[k]?.[i];
      const float = bound !== undefined && Number.isFinite(bound) ? bound : 64 * seen + 1024 * unit * Math.abs(dd.toNumber(x));
      return 2 ** -40 * float + 2 ** -95 * Math.abs(dd.toNumber(x)) + 1e-300;
    });
  });
  return { values, rounding, constants };
}

const finite = (x: number): number => (Number.isFinite(x) ? x : 0);

function runningBounds(graph: SubGraph, leaves: readonly Leaf[], point: Point): number[][] | undefined {
  try {
    const inputs = enter(leaves, point, (x): RunningError => ({ value: x, error: 0 }));
    return elements(evaluate(graph, runningError, inputs)).map((row) => row.map((x) => (typeof x === "number" ? 0 : x.error)));
  } catch {
    return undefined;
  }
}

/** The reverse gradient of a scalar loss as a graph. */
export function gradientGraph(loss: (leaves: readonly Tensor[]) => Tensor, leaves: readonly Leaf[], point: Point): Graph {
  return recordFunction(
    (xs) => {
      const inner = recordFunction((own) => [loss(own)], xs);
      const out = inner.outputs[0]!;
      return pullback(inner, [ones(out.shape, out.dtype)]).map((g, i) => g ?? zerosOf(xs[i]!));
    },
    tensorsAt(leaves, point, true),
  );
}

/** A graph in which what was detached is held at its value at the base point. */
export interface Frozen {
  readonly graph: SubGraph;
  readonly held: readonly SystemTensor<DoubleDouble>[];
}

const cut = detach.row.op!;

export function frozenAt(graph: SubGraph, leaves: readonly Leaf[], point: Point): Frozen {
  const nodes = graph.nodes.filter((node) => node.op === cut);
  if (nodes.length === 0) return { graph, held: [] };
  const tensors = nodes.flatMap((node) => node.outputs);
  const held = evaluate(
    { ...graph, inputs: graph.inputs, nodes: graph.nodes, outputs: tensors },
    doubleDouble,
    enter(leaves, point, dd.constant),
  );
  return {
    graph: { inputs: [...graph.inputs, ...tensors], outputs: graph.outputs, nodes: graph.nodes.filter((node) => node.op !== cut) },
    held,
  };
}

type DualTensor = SystemTensor<Dual<DoubleDouble>>;

/** What is detached does not move, wherever it stands: the tangents end there. */
export function stillness<V>(still: V): Instead<Dual<V>> {
  const stop = (x: SystemTensor<Dual<V>>): SystemTensor<Dual<V>> => ({
    ...x,
    values: x.values.map((entry) => (typeof entry === "number" ? entry : { primal: entry.primal, tangent: still })),
  });
  return new Map([[cut, ([x]) => [stop(x!)]]]);
}

const ddStillness = stillness(dd.constant(0));

/** Whether something is detached inside a loop or a branch of the graph. */
export function detachesInside(graph: SubGraph): boolean {
  return graph.nodes.some((node) =>
    Object.values(node.op.graphs?.(node.params) ?? {}).some((inner) => inner.nodes.some(({ op }) => op === cut) || detachesInside(inner)),
  );
}

/** Whether the graph detaches something at its top. */
export const detaches = (graph: SubGraph): boolean => graph.nodes.some(({ op }) => op === cut);

/** The value and the tangent of every output at `point + t · direction`, along the direction. */
export function tangentsAt({ graph, held }: Frozen, leaves: readonly Leaf[], point: Point, direction: Point, t: number): DualTensor[] {
  const still = dd.constant(0);
  const inputs = leaves.map(
    ({ shape }, k): DualTensor => ({
      shape,
      dtype: "float64",
      values: Array.from(point[k]!, (x, i) => {
        const u = direction[k]![i]!;
        const primal = t === 0 ? dd.constant(x) : dd.add(dd.constant(x), dd.mul(dd.constant(u), dd.constant(t)));
        return { primal, tangent: dd.constant(u) };
      }),
    }),
  );
  const constants = held.map(
    (x): DualTensor => ({ ...x, values: (x.values as DoubleDouble[]).map((primal) => ({ primal, tangent: still })) }),
  );
  return evaluate(graph, dualDouble, [...inputs, ...constants], ddStillness);
}

/** The loss's value and slope there. */
export function slopeAt(frozen: Frozen, leaves: readonly Leaf[], point: Point, direction: Point, t: number): Dual<DoubleDouble> {
  return tangentsAt(frozen, leaves, point, direction, t)[0]!.values[0] as Dual<DoubleDouble>;
}

/** A slope in float64 and how far rounding may have moved it. */
export interface Slope {
  readonly value: number;
  readonly error: number;
}

const bounded: NumberSystem<Dual<RunningError>> = dual(runningError);
const boundedStillness = stillness<RunningError>({ value: 0, error: 0 });
const complexStillness: Instead<Complex> = new Map([
  [cut, ([x]) => [{ ...x!, values: x!.values.map((entry) => (typeof entry === "number" ? entry : complexFrom(entry.re, 0))) }]],
]);
const tiny = 2 ** -330;

/**
 * The loss's slope along a direction by the complex step (Squire and Trapp, SIAM Review 40 (1998) 110-112), with the running error bound of
 * dual numbers; undefined where the two say different things or an op has no continuation.
 */
export function boundedSlope(graph: SubGraph, leaves: readonly Leaf[], point: Point, direction: Point): Slope | undefined {
  const moved = <V>(element: (x: number, u: number) => V): SystemTensor<V>[] =>
    leaves.map(({ shape }, k) => ({ shape, dtype: "float64", values: Array.from(point[k]!, (x, i) => element(x, direction[k]![i] ?? 0)) }));
  try {
    const step = evaluate(
      graph,
      complex,
      moved((x, u) => complexFrom(x, u * tiny)),
      complexStillness,
    )[0]!.values[0] as Complex;
    const inputs = moved((x, u): Dual<RunningError> => ({ primal: { value: x, error: 0 }, tangent: { value: u, error: 0 } }));
    const { tangent } = evaluate(graph, bounded, inputs, boundedStillness)[0]!.values[0] as Dual<RunningError>;
    const [value, error] = [step.im / tiny, tangent.error + Math.abs(step.im / tiny - tangent.value)];
    const isOne = Math.abs(value - tangent.value) <= 4 * tangent.error + 2 ** -40 * Math.abs(value);
    return Number.isFinite(value) && Number.isFinite(error) && isOne ? { value, error } : undefined;
  } catch (thrown) {
    if (thrown instanceof Undecided) return undefined;
    throw thrown;
  }
}

const enclosing: NumberSystem<Dual<Interval>> = dual(interval);
const enclosingStillness = stillness<Interval>(intervalFrom(0, 0));

/** Whether outward rounded intervals prove a claimed entry wrong: all that the claim can be is apart from all that the derivative can be. */
export function isProvedWrong(loss: SubGraph, claim: SubGraph, leaves: readonly Leaf[], point: Point, place: Place): boolean {
  try {
    const inputs = leaves.map(({ shape }, k) => ({
      shape,
      dtype: "float64" as const,
      values: Array.from(point[k]!, (x, i): Dual<Interval> => {
        const u = k === place.leaf && i === place.at ? 1 : 0;
        return { primal: intervalFrom(x, x), tangent: intervalFrom(u, u) };
      }),
    }));
    const { tangent } = evaluate(loss, enclosing, inputs, enclosingStillness)[0]!.values[0] as Dual<Interval>;
    const claimed = evaluate(
      claim,
      interval,
      enter(leaves, point, (x) => intervalFrom(x, x)),
    )[place.leaf]!.values[place.at] as Interval;
    return claimed.high < tangent.low || tangent.high < claimed.low;
  } catch (thrown) {
    if (thrown instanceof Undecided) return false;
    throw thrown;
  }
}

/** What the loss does on both sides of a point, so close that only a kink or a jump can tell them apart. */
export interface Sides {
  readonly left: number;
  readonly right: number;
  readonly kink: boolean;
  readonly jump: boolean;
}

const [near, nearer] = [2 ** -70, 2 ** -80];
const gapSize = 2 ** -35;

/** Compares slopes and values at two tiny distances on either side: a smooth function's differences shrink with the distance. */
export function sidesAt(frozen: Frozen, leaves: readonly Leaf[], point: Point, direction: Point): Sides {
  const at = (t: number): Dual<DoubleDouble> => slopeAt(frozen, leaves, point, direction, t);
  const [a, b, c, d] = [at(-near), at(-nearer), at(nearer), at(near)];
  const apart = (x: DoubleDouble, y: DoubleDouble): number => Math.abs(dd.toNumber(dd.sub(x, y)));
  const [wide, narrow] = [apart(a.tangent, d.tangent), apart(b.tangent, c.tangent)];
  const [left, right] = [dd.toNumber(b.tangent), dd.toNumber(c.tangent)];
  const undefinedSide =
    Number.isFinite(left) !== Number.isFinite(right) || (!Number.isFinite(left) && left !== right && !Number.isNaN(left));
  const kink = undefinedSide || (narrow > 0.5 * wide && narrow > gapSize * (Math.abs(left) + Math.abs(right)));
  const [far, close] = [apart(a.primal, d.primal), apart(b.primal, c.primal)];
  const jump =
    close > 0.5 * far && close > gapSize * Math.abs(dd.toNumber(c.primal)) && close > 2 ** -60 * (Math.abs(left) + Math.abs(right));
  if (undefinedSide || !(kink || jump)) return { left, right, kink, jump };
  const rounding = roundingAt(frozen, leaves, point, direction);
  return { left, right, kink: kink && narrow > rounding.slope, jump: jump && close > rounding.value };
}

/** Dual numbers with running errors; an exactly zero tangent stays zero. */
const boundedDual = dual({
  ...runningError,
  strongProduct: (partial: RunningError, tangent: RunningError) =>
    tangent.value === 0 && tangent.error === 0 ? tangent : runningError.mul(partial, tangent),
});

/** How far rounding in double-double may have moved the loss's slope and value, generously; 0 where it cannot be bounded. */
function roundingAt({ graph, held }: Frozen, leaves: readonly Leaf[], point: Point, direction: Point): { slope: number; value: number } {
  const exactly = (value: number): RunningError => ({ value, error: 0 });
  const inputs = leaves.map(
    ({ shape }, k): SystemTensor<Dual<RunningError>> => ({
      shape,
      dtype: "float64",
      values: Array.from(point[k]!, (x, i) => ({ primal: exactly(x), tangent: exactly(direction[k]![i]!) })),
    }),
  );
  const constants = held.map(
    (x): SystemTensor<Dual<RunningError>> => ({
      ...x,
      values: (x.values as DoubleDouble[]).map((entry) => ({ primal: exactly(dd.toNumber(entry)), tangent: exactly(0) })),
    }),
  );
  try {
    const { primal, tangent } = evaluate(graph, boundedDual, [...inputs, ...constants])[0]!.values[0] as Dual<RunningError>;
    return { slope: 2 ** -40 * finite(tangent.error), value: 2 ** -40 * finite(primal.error) };
  } catch {
    return { slope: 0, value: 0 };
  }
}

/** The first node whose slope or value jumps between the two sides, measured against what flows into it. */
export function kinkNode(graph: SubGraph, leaves: readonly Leaf[], point: Point, direction: Point): Node | undefined {
  const places = new Map<Tensor, number>();
  for (const x of [...graph.inputs, ...graph.nodes.flatMap((node) => node.outputs)]) places.set(x, places.size);
  const all = frozenAt({ inputs: graph.inputs, outputs: [...places.keys()], nodes: graph.nodes }, leaves, point);
  const [left, right, farLeft, farRight] = [-nearer, nearer, -near, near].map((t) => tangentsAt(all, leaves, point, direction, t));
  const sizes = (node: Node): { slope: number; value: number } => {
    let [slope, value] = [0, 0];
    for (const x of [...node.inputs, ...node.outputs]) {
      for (const entry of left![places.get(x) ?? -1]?.values ?? []) {
        if (typeof entry === "number") continue;
        slope = Math.max(slope, finite(Math.abs(dd.toNumber(entry.tangent))));
        value = Math.max(value, finite(Math.abs(dd.toNumber(entry.primal))));
      }
    }
    return { slope, value };
  };
  return graph.nodes.find((node) => {
    const { slope, value } = sizes(node);
    const gap = (a: DoubleDouble, b: DoubleDouble): number => {
      const [p, q] = [dd.toNumber(a), dd.toNumber(b)];
      return Number.isFinite(p) !== Number.isFinite(q) ? Infinity : Math.abs(p - q);
    };
    const jumps = (close: number, far: number, size: number): boolean => close > gapSize * size && close > 0.5 * far;
    return node.outputs.some((out) => {
      const [xs, ys, farXs, farYs] = [left, right, farLeft, farRight].map((side) => side![places.get(out)!]!.values);
      return xs!.some((x, i) => {
        const [y, farX, farY] = [ys![i]!, farXs![i]!, farYs![i]!];
        if (typeof x === "number" || typeof y === "number" || typeof farX === "number" || typeof farY === "number") return x !== y;
        return (
          jumps(gap(x.tangent, y.tangent), gap(farX.tangent, farY.tangent), slope) ||
          jumps(gap(x.primal, y.primal), gap(farX.primal, farY.primal), value)
        );
      });
    });
  });
}

/** Which branch a function took: its ops and how they hang together, without the numbers that flow through. */
export function branchOf({ inputs, nodes, outputs }: SubGraph): string {
  const places = new Map<Tensor, number>();
  inputs.forEach((x) => places.set(x, places.size));
  const placeOf = (x: Tensor): string => String(places.get(x) ?? `${x.dtype}${x.shape.join()}`);
  const steps = nodes.map(({ op, params, inputs: given, outputs: made }) => {
    const step = `${op.name}[${op.show?.(params) ?? ""}](${given.map(placeOf).join(" ")})`;
    made.forEach((x) => places.set(x, places.size));
    return step;
  });
  return [...steps, ...outputs.map(placeOf)].join("; ");
}

/** A measure of the work of running a graph once: entries made, and products in contractions. */
export function workOf(graph: SubGraph): number {
  return graph.nodes.reduce(
    (total, node) => total + nodeWork(node),
    graph.inputs.reduce((total, x) => total + x.size, 0),
  );
}

function nodeWork(node: Node): number {
  const sides = node.inputs.concat(node.outputs).reduce((most, x) => Math.max(most, x.size), 1);
  if (node.op.kind === "contraction") {
    const [x, y, out] = [node.inputs[0]!.size, node.inputs[1]!.size, node.outputs[0]!.size];
    return Math.max(sides, Math.sqrt(x * y * Math.max(1, out)));
  }
  const graphs = Object.values(node.op.graphs?.(node.params) ?? {});
  const steps = node.inputs.concat(node.outputs).reduce((most, x) => Math.max(most, x.shape[0] ?? 1), 1);
  return graphs.reduce((total, graph) => total + steps * workOf(graph), sides);
}
