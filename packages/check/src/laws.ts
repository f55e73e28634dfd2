/**
 * The laws every op of the table obeys, read off its row. The references are other number systems: the value's expression replayed over
 * dual double-double numbers never meets the derivative rule it judges, and the allowed error is the running error of the judged graph.
 */
import { broadcastTo, cast, concat, CotangentError, reshape, round, type Shape, Tensor, tensor, vmap } from "@cotangent/core";
import {
  doubleDouble,
  type DoubleDouble,
  type Draw,
  type Dual,
  dual,
  evaluate,
  formatShape,
  type Graph,
  type Interval,
  interval,
  isFloat,
  type NumberSystem,
  pullback,
  pushforward,
  real,
  recordFunction,
  type RunningError,
  runningError,
  sameShape,
  type SubGraph,
  type SystemTensor,
  type TableFunction,
  toSystem,
  zerosOf,
} from "@cotangent/core/engine";
import { type Case, caseOf } from "./cases.ts";

/** What a law finds wrong with a case, or undefined. */
export type Law = (subject: Case, draw: Draw, op: TableFunction) => string | undefined;

const dualDouble = dual(doubleDouble);
const dualDualDouble = dual(dualDouble);

const recorded = (subject: Case): Graph => recordFunction(subject.call, subject.inputs);

/** Outputs of a graph over a system, its inputs as constants. */
function over<V>(graph: SubGraph, system: NumberSystem<V>, inputs: readonly Tensor[]): readonly SystemTensor<V>[] {
  return evaluate(
    graph,
    system,
    inputs.map((x) => toSystem(x, system)),
  );
}

/** Directions in the shapes of some tensors, in float32's numbers so that casting to it and back is exact. */
const likes = (xs: readonly { readonly shape: readonly number[] }[], draw: Draw): Tensor[] =>
  xs.map((x) => cast(cast(draw.tensor(x.shape), "float32"), "float64"));

/** The running error of a graph's outputs at a point: a bound for each entry, NaN where the system can give none. */
function errorsOf(graph: SubGraph, inputs: readonly Tensor[]): readonly (readonly number[])[] {
  return over(graph, runningError, inputs).map((x) =>
    x.values.map((value) => (typeof value === "number" ? 0 : (value as RunningError).error)),
  );
}

const u = 2 ** -53;

/** The first entry where what was computed is farther from the reference than twice the bound. */
function beyond(
  what: string,
  computed: readonly Tensor[],
  reference: readonly (readonly number[])[],
  bounds: readonly (readonly number[])[],
): string | undefined {
  for (let k = 0; k < computed.length; k++) {
    const values = computed[k]!.values;
    for (let i = 0; i < values.length; i++) {
      const [got, wanted, bound] = [values[i]!, reference[k]![i]!, bounds[k]![i]!];
      if (Object.is(got, wanted) || got === wanted || (Number.isNaN(got) && Number.isNaN(wanted))) continue;
      const allowed =
        computed[k]!.dtype === "float32"
          ? 2 ** 30 * bound + 2 ** -22 * Math.abs(wanted) + 1e-44
          : 2 * bound + 4 * u * Math.abs(wanted) + 1e-322;
      if (Math.abs(got - wanted) <= allowed) continue;
      return `${what}: output ${k}, entry ${i} is ${got}, the reference ${wanted}, the bound ${bound}`;
    }
  }
  return undefined;
}

const leading = (x: SystemTensor<DoubleDouble>): number[] =>
  x.values.map((value) => (typeof value === "number" ? value : doubleDouble.toNumber(value)));

/** Eager values agree with double-double ones. */
export const valueLaw: Law = (subject) => {
  const graph = recorded(subject);
  return beyond("value", graph.outputs, over(graph, doubleDouble, subject.inputs).map(leading), errorsOf(graph, subject.inputs));
};

/** The interpreter, which serves where code generation is forbidden, agrees with the generated code. */
export const interpretedLaw: Law = (subject) => {
  const graph = recorded(subject);
  const interpreted = over(graph, real, subject.inputs).map((x) => x.values as number[]);
  return beyond("interpreted", graph.outputs, interpreted, errorsOf(graph, subject.inputs));
};

/** Interval replay encloses the double-double values. */
export const enclosureLaw: Law = (subject) => {
  const graph = recorded(subject);
  const exact = over(graph, doubleDouble, subject.inputs).map(leading);
  const hulls = over(graph, interval, subject.inputs);
  for (let k = 0; k < exact.length; k++) {
    for (let i = 0; i < exact[k]!.length; i++) {
      const hull = hulls[k]!.values[i]!;
      if (typeof hull === "number") continue;
      const { low, high } = hull as Interval;
      const x = exact[k]![i]!;
      if (!Number.isNaN(x) && !(low <= x && x <= high)) return `enclosure: output ${k}, entry ${i} is ${x}, outside [${low}, ${high}]`;
    }
  }
  return undefined;
};

type Direction = readonly Tensor[];

/** Tangents of the float outputs as a graph of inputs and tangents. */
function tangentGraph(subject: Case, t: Direction): Graph {
  const count = subject.inputs.length;
  return recordFunction(
    (all) => {
      const inner = recordFunction(subject.call, all.slice(0, count));
      const tangents = pushforward(inner, all.slice(count));
      return inner.outputs.flatMap((out, i) => (isFloat(out.dtype) ? [tangents[i] ?? zerosOf(out)] : []));
    },
    [...subject.inputs, ...t],
  );
}

/** Cotangents of the inputs as a graph of inputs and cotangents of the float outputs. */
function cotangentGraph(subject: Case, g: Direction): Graph {
  const count = subject.inputs.length;
  return recordFunction(
    (all) => {
      const xs = all.slice(0, count);
      const inner = recordFunction(subject.call, xs);
      let next = count;
      const given = pullback(
        inner,
        inner.outputs.map((out) => (isFloat(out.dtype) ? all[next++]! : null)),
      );
      return given.map((one, i) => one ?? zerosOf(xs[i]!));
    },
    [...subject.inputs, ...g],
  );
}

const floatOutputs = (graph: Graph): Tensor[] => graph.outputs.filter((out) => isFloat(out.dtype));

function dualInputs(xs: readonly Tensor[], t: Direction): SystemTensor<Dual<DoubleDouble>>[] {
  return xs.map((x, i) => ({ ...x, shape: x.shape, dtype: x.dtype, values: pairs(x, t[i]!, (a) => doubleDouble.constant(a)) }));
}

function pairs<V>(x: Tensor, t: Tensor, constant: (value: number) => V): Dual<V>[] {
  return Array.from(x.values, (value, i) => ({ primal: constant(value), tangent: constant(t.values[i]!) }));
}

/** The tangents of the float outputs from the value's own expression, in double-double. */
function referenceTangents(graph: Graph, xs: readonly Tensor[], t: Direction): DoubleDouble[][] {
  return evaluate(graph, dualDouble, dualInputs(xs, t))
    .filter((out) => isFloat(out.dtype))
    .map((out) => out.values.map((value) => (value as Dual<DoubleDouble>).tangent));
}

/** Where a value is NaN its derivative claims nothing. */
const undefinedSomewhere = (graph: Graph): boolean =>
  floatOutputs(graph).some((out) => out.values.some((value: number) => Number.isNaN(value)));

/** The derivative rule's tangents agree with those of dual numbers. */
export const tangentLaw: Law = (subject, draw, op) => {
  if (subject.inputs.length === 0 || op.row.surrogate !== undefined) return undefined;
  const forward = recorded(subject);
  if (undefinedSomewhere(forward)) return undefined;
  const t = likes(subject.inputs, draw);
  const graph = tangentGraph(subject, t);
  const reference = referenceTangents(forward, subject.inputs, t).map((row) => row.map(doubleDouble.toNumber));
  return beyond("tangent", graph.outputs, reference, errorsOf(graph, [...subject.inputs, ...t]));
};

const dot = (xs: readonly DoubleDouble[], ys: readonly DoubleDouble[]): { sum: number; size: number } => {
  let sum = doubleDouble.constant(0);
  let size = 0;
  xs.forEach((x, i) => {
    const term = doubleDouble.mul(x, ys[i]!);
    sum = doubleDouble.add(sum, term);
    size += Math.abs(doubleDouble.toNumber(term));
  });
  return { sum: doubleDouble.toNumber(sum), size };
};

const asDoubleDouble = (xs: readonly Tensor[]): DoubleDouble[] =>
  xs.flatMap((x) => Array.from(x.values, (value) => doubleDouble.constant(value)));
const elements = (xs: readonly SystemTensor<DoubleDouble>[]): DoubleDouble[] => xs.flatMap((x) => x.values as DoubleDouble[]);

/** Of two sums in double-double: farther apart than the rounded constants in a row and in its rule (a 1/3, a ln 2) explain. */
const apart = (x: { sum: number; size: number }, y: { sum: number; size: number }, slack: number): boolean =>
  Math.abs(x.sum - y.sum) > 1e-14 * (x.size + y.size) + slack + 1e-300 || Number.isNaN(x.sum) !== Number.isNaN(y.sum);

/** What the rounding of a graph's outputs could add to their product with a direction; nothing where no bound is known. */
function slackOf(errors: readonly (readonly number[])[], t: Direction): number {
  const directions = t.flatMap((one) => Array.from(one.values));
  const total = errors.flat().reduce((sum, error, i) => sum + error * Math.abs(directions[i]!), 0);
  return Number.isFinite(total) ? total : 0;
}

/** ⟨g, J t⟩ = ⟨Jᵀ g, t⟩, the left side from dual numbers (from the pushforward, where the rule is a surrogate) and the right from the pullback. */
export const adjointLaw: Law = (subject, draw, op) => {
  if (subject.inputs.length === 0) return undefined;
  const forward = recorded(subject);
  if (undefinedSomewhere(forward)) return undefined;
  const t = likes(subject.inputs, draw);
  const g = likes(floatOutputs(forward), draw);
  const tangents =
    op.row.surrogate === undefined
      ? referenceTangents(forward, subject.inputs, t).flat()
      : elements(over(tangentGraph(subject, t), doubleDouble, [...subject.inputs, ...t]));
  const left = dot(asDoubleDouble(g), tangents);
  const graph = cotangentGraph(subject, g);
  const all = [...subject.inputs, ...g];
  const exact = over(graph, doubleDouble, all);
  const right = dot(elements(exact), asDoubleDouble(t));
  const errors = errorsOf(graph, all);
  if (apart(left, right, slackOf(errors, t)))
    return `adjoint: ⟨g, J t⟩ = ${left.sum} and ⟨Jᵀ g, t⟩ = ${right.sum}, terms of size ${left.size}`;
  return beyond("cotangent", graph.outputs, exact.map(leading), errors);
};

/** ⟨g, d²f(s, t)⟩: forward over reverse in double-double against dual numbers nested twice. */
export const secondOrderLaw: Law = (subject, draw, op) => {
  if (subject.inputs.length === 0 || op.row.surrogate !== undefined) return undefined;
  const forward = recorded(subject);
  if (undefinedSomewhere(forward)) return undefined;
  const [s, t, g] = [likes(subject.inputs, draw), likes(subject.inputs, draw), likes(floatOutputs(forward), draw)];
  const nested = subject.inputs.map(
    (x, i): SystemTensor<Dual<Dual<DoubleDouble>>> => ({
      shape: x.shape,
      dtype: x.dtype,
      values: Array.from(x.values, (value, at) => ({
        primal: { primal: doubleDouble.constant(value), tangent: doubleDouble.constant(s[i]!.values[at]!) },
        tangent: { primal: doubleDouble.constant(t[i]!.values[at]!), tangent: doubleDouble.constant(0) },
      })),
    }),
  );
  const mixed = evaluate(forward, dualDualDouble, nested)
    .filter((out) => isFloat(out.dtype))
    .flatMap((out) => out.values.map((value) => (value as Dual<Dual<DoubleDouble>>).tangent.tangent));
  const left = dot(asDoubleDouble(g), mixed);
  const count = subject.inputs.length;
  const graph = recordFunction(
    (all) => {
      const xs = all.slice(0, count);
      const inner = recordFunction((own) => {
        const again = recordFunction(subject.call, own);
        let next = 2 * count;
        const given = pullback(
          again,
          again.outputs.map((out) => (isFloat(out.dtype) ? all[next++]! : null)),
        );
        return given.map((one, i) => one ?? zerosOf(own[i]!));
      }, xs);
      return pushforward(inner, all.slice(count, 2 * count)).map((one, i) => one ?? zerosOf(xs[i]!));
    },
    [...subject.inputs, ...s, ...g],
  );
  const all = [...subject.inputs, ...s, ...g];
  const right = dot(elements(over(graph, doubleDouble, all)), asDoubleDouble(t));
  return apart(left, right, slackOf(errorsOf(graph, all), t))
    ? `second order: dual numbers give ${left.sum}, the rules ${right.sum}, terms of size ${left.size}`
    : undefined;
};

/** The entries of a tensor moved on by some places: another point with the same entries. */
function rolled(x: Tensor, places: number): Tensor {
  const { values } = x;
  return tensor(
    Float64Array.from(values, (_, i) => values[(i + places) % values.length]!),
    { shape: x.shape },
  );
}

const stacked = (xs: readonly Tensor[], axis: number): Tensor =>
  concat(
    xs.map((x) => reshape(x, [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)])),
    axis,
  );

/**
 * Batching over every non-empty subset of the inputs, at the first and the last axis and at two levels, is the loop over examples; so it is
 * over one example and over none.
 */
export const vmapLaw: Law = (subject) => {
  const count = subject.inputs.length;
  if (count === 0) return undefined;
  const small = batchOf(subject, 0) ?? batchOf(subject, 1);
  if (small !== undefined) return small;
  for (let subset = 1; subset < 2 ** Math.min(count, 4); subset++) {
    const chosen = subject.inputs.map((_, i) => ((subset >> i) & 1) === 1);
    const wrong = batchedOnce(subject, chosen, subset % 2 === 0) ?? batchedTwice(subject, chosen);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
};

const call =
  (subject: Case) =>
  (...xs: readonly Tensor[]): readonly Tensor[] =>
    subject.call(xs);

/** Every input batched, all examples the same. */
function batchOf(subject: Case, size: number): string | undefined {
  const batch = subject.inputs.map((x) => broadcastTo(x, [size, ...x.shape]));
  return compareExamples(`vmap over ${size}`, subject, new Array(size).fill(subject.inputs), [size], vmap(call(subject))(...batch));
}

function batchedOnce(subject: Case, chosen: readonly boolean[], atEnd: boolean): string | undefined {
  const examples = [0, 1, 2].map((k) => subject.inputs.map((x, i) => (chosen[i] ? rolled(x, k) : x)));
  const inAxes = subject.inputs.map((x, i) => (chosen[i] ? (atEnd ? x.rank : 0) : null));
  const batch = subject.inputs.map((x, i) =>
    chosen[i]
      ? stacked(
          examples.map((example) => example[i]!),
          inAxes[i]!,
        )
      : x,
  );
  const got = vmap(call(subject), { inAxes })(...batch);
  return compareExamples("vmap", subject, examples, [3], got);
}

function batchedTwice(subject: Case, chosen: readonly boolean[]): string | undefined {
  const examples = [0, 1, 2, 3].map((k) => subject.inputs.map((x, i) => (chosen[i] ? rolled(x, k) : x)));
  const inAxes = chosen.map((one) => (one ? 0 : null));
  const rows = [0, 1].map((row) =>
    subject.inputs.map((x, i) => (chosen[i] ? stacked([examples[2 * row]![i]!, examples[2 * row + 1]![i]!], 0) : x)),
  );
  const batch = subject.inputs.map((x, i) =>
    chosen[i]
      ? stacked(
          rows.map((row) => row[i]!),
          0,
        )
      : x,
  );
  const got = vmap(vmap(call(subject), { inAxes }), { inAxes })(...batch);
  return compareExamples("vmap of vmap", subject, examples, [2, 2], got);
}

const typeText = ({ dtype, shape }: { readonly dtype: string; readonly shape: Shape }): string => `${dtype}${formatShape(shape)}`;

function compareExamples(
  what: string,
  subject: Case,
  examples: readonly (readonly Tensor[])[],
  batch: Shape,
  got: readonly Tensor[],
): string | undefined {
  const single = subject.call(subject.inputs);
  for (let k = 0; k < single.length; k++) {
    const wanted = { shape: [...batch, ...single[k]!.shape], dtype: single[k]!.dtype };
    if (!sameShape(got[k]!.shape, wanted.shape) || got[k]!.dtype !== wanted.dtype)
      return `${what}: output ${k} is ${typeText(got[k]!)}, not ${typeText(wanted)}`;
  }
  for (let e = 0; e < examples.length; e++) {
    const graph = recordFunction(subject.call, examples[e]!);
    const own = got.map((out, k) => {
      const size = graph.outputs[k]!.size;
      return new Tensor(graph.outputs[k]!.shape, out.dtype, out.values.slice(e * size, (e + 1) * size), null, 0);
    });
    const wanted = graph.outputs.map((out) => Array.from(out.values));
    const wrong = beyond(`${what}, example ${e}`, own, wanted, errorsOf(graph, examples[e]!));
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** Float32 values and gradients are the float64 ones to float32's rounding, and keep their dtype. */
export const float32Law: Law = (subject, draw, op) => {
  if (subject.inputs.length === 0) return undefined;
  const narrow = subject.inputs.map((x) => cast(x, "float32"));
  const wide = narrow.map((x) => cast(x, "float64"));
  const graph = recordFunction(subject.call, wide);
  const got = subject.call(narrow);
  const wider = got.find((x) => x.dtype === "float64");
  if (wider !== undefined && op.row.op?.notation.form !== "conversion") return `float32: an output is ${typeText(wider)}`;
  const g = likes(floatOutputs(graph), draw).map((x) => cast(cast(x, "float32"), "float64"));
  const widened = { ...subject, inputs: wide };
  const [wideGraph, narrowGraph] = [
    cotangentGraph(widened, g),
    cotangentGraph(
      { ...subject, inputs: narrow },
      g.map((x) => cast(x, "float32")),
    ),
  ];
  const stray = narrowGraph.outputs.find((x) => x.dtype !== "float32");
  if (stray !== undefined) return `float32: a cotangent has dtype ${stray.dtype}`;
  return (
    beyond("float32 value", got, narrowed(graph.outputs), errorsOf(graph, wide)) ??
    beyond("float32 cotangent", narrowGraph.outputs, narrowed(wideGraph.outputs), errorsOf(wideGraph, [...wide, ...g]))
  );
};

/** Float64 entries, those beyond float32's range as the infinities they become there. */
const narrowed = (xs: readonly Tensor[]): number[][] =>
  xs.map((x) => Array.from(x.values, (value) => (Math.abs(value) > 3.4e38 ? Math.fround(value) : value)));

/**
 * Integers and truth values give what the same numbers give in float64. Past 32 bits integers wrap, and where floats give NaN (a remainder
 * by zero) they answer otherwise: no claim is made there, nor where an op refuses them.
 */
export const integerLaw: Law = (subject) => {
  for (const dtype of ["int32", "bool"] as const) {
    const whole = subject.inputs.map((x) => cast(round(x), dtype));
    const wide = attempt(() => subject.call(whole.map((x) => cast(x, "float64"))));
    const got = wide && attempt(() => subject.call(whole));
    if (wide === undefined || got === undefined) continue;
    const wanted = wide.map((x, k) => Array.from(x.values, (value, i) => (claimed(value) ? value : got[k]!.values[i]!)));
    const wrong = beyond(
      dtype,
      got,
      wanted,
      wanted.map((row) => row.map(() => 0)),
    );
    if (wrong !== undefined) return wrong;
  }
  return undefined;
};

const claimed = (value: number): boolean => Math.abs(value) < 2 ** 31 || Math.abs(value) === Number.POSITIVE_INFINITY;

/** What a call gives, or undefined where it refuses its arguments. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (thrown) {
    if (thrown instanceof CotangentError) return undefined;
    throw thrown;
  }
}

/** The row's own equations hold in double-double. */
export const declaredLaw: Law = (subject, _draw, op) => {
  for (const law of op.row.laws ?? []) {
    const sides = [law.left, law.right].map((side) => {
      const graph = recordFunction((xs) => [side(...xs)], subject.inputs);
      return {
        values: over(graph, doubleDouble, subject.inputs).map(leading),
        errors: errorsOf(graph, subject.inputs),
        outputs: graph.outputs,
      };
    });
    const [left, right] = sides as [(typeof sides)[0], (typeof sides)[0]];
    const spread = left.errors.map((row, k) => row.map((error, i) => 1e-12 * (error + right.errors[k]![i]!)));
    const wrong = beyond(
      `law ${law.name}`,
      left.values.map((row, k) => tensor(Float64Array.from(row), { shape: left.outputs[k]!.shape })),
      right.values,
      spread,
    );
    if (wrong !== undefined) return wrong;
  }
  return undefined;
};

/** The conventions a row states: values and gradients of the sum at its special points. */
export function conventionFailures(op: TableFunction): string[] {
  const failures: string[] = [];
  for (const { at, arguments: given, value, gradient } of op.row.conventions ?? []) {
    const args = given.map((x) => tensor(typeof x === "number" ? x : Float64Array.from(x)));
    const subject = caseOf(op, args);
    const graph = recorded(subject);
    const out = graph.outputs[0]!;
    if (value !== undefined) failures.push(...differences(`${at}: value`, out.values, value));
    if (gradient === undefined) continue;
    for (const scale of [1, 3]) {
      const cotangents = pullback(graph, [tensor(new Float64Array(out.size).fill(scale), { shape: out.shape })]);
      gradient.forEach((wanted, i) => {
        if (wanted === null) return;
        const list = (typeof wanted === "number" ? [wanted] : wanted).map((x) => x * scale);
        const got = cotangents[i] ?? zerosOf(subject.inputs[i]!);
        failures.push(...differences(`${at}: gradient of argument ${i} for the cotangent ${scale}`, got.values, list));
        failures.push(...differences(`${at}: tangents along argument ${i}, ${scale} long`, directional(graph, i, scale), list));
      });
    }
  }
  return failures;
}

/** The sum of the output's tangents along each entry of one input. */
function directional(graph: Graph, input: number, length: number): number[] {
  const x = graph.inputs[input]!;
  return Array.from({ length: x.size }, (_, at) => {
    const t = tensor(
      Float64Array.from({ length: x.size }, (__, i) => (i === at ? length : 0)),
      { shape: x.shape },
    );
    const [tangent] = pushforward(
      graph,
      graph.inputs.map((__, i) => (i === input ? t : null)),
    );
    return tangent === null || tangent === undefined ? 0 : Array.from(tangent.values).reduce((total, value) => total + value, 0);
  });
}

function differences(what: string, got: ArrayLike<number>, wanted: number | readonly number[]): string[] {
  const list = typeof wanted === "number" ? [wanted] : wanted;
  const agrees = (x: number, y: number): boolean =>
    x === y || (Number.isNaN(x) && Number.isNaN(y)) || Math.abs(x - y) <= 1e-15 * Math.abs(y);
  if (got.length === list.length && list.every((x, i) => agrees(got[i]!, x))) return [];
  return [`${what} is ${Array.from(got).join(", ")}, the convention says ${list.join(", ")}`];
}

/** Every law that is tested on drawn cases, by name. */
export const laws: Readonly<Record<string, Law>> = {
  value: valueLaw,
  interpreted: interpretedLaw,
  enclosure: enclosureLaw,
  tangent: tangentLaw,
  adjoint: adjointLaw,
  "second order": secondOrderLaw,
  vmap: vmapLaw,
  float32: float32Law,
  integers: integerLaw,
  declared: declaredLaw,
};
