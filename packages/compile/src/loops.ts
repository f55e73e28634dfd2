/**
 * Loops as data: axes, what is read along them, what is computed, what is stored or reduced; made from the steps of a nest, copies and
 * contractions. It knows steps and places; it knows no instruction.
 */
import type { DType, Shape } from "@cotangent/core/functions";
import { type Expression, type ExpressionArithmetic, isFloat, sizeOf, stridesOf } from "@cotangent/core/engine";
import type { Precision } from "./assembly/lanes.ts";
import { scalarTypeOf, simplifyingArithmetic } from "./expressions.ts";
import { leadingEntry } from "./leading.ts";
import { type Nest, type NestStep, summationLabels } from "./schedule.ts";
import type { ContractionStep, ReductionStep, Value } from "./values.ts";
import { baseOf, viewInto } from "./views.ts";

/** An address: a named base, which the nest's function takes as a parameter, and a byte offset from it. */
export interface Place {
  readonly base: string;
  readonly offset: number;
  /** It holds just the rows of the block that runs. */
  readonly passing?: boolean;
}

/** Entries read or written over the axes of a nest: from a place, with an offset and strides in entries. */
export interface Access {
  readonly place: Place;
  readonly dtype: DType;
  readonly offset: number;
  readonly strides: readonly number[];
  /** Entries from one row to the next, where the nest begins at a row that its function is given. */
  readonly rowStride?: number;
}

export interface Store {
  readonly kind: "store";
  readonly value: Expression;
  readonly to: Access;
}

export interface Reduce {
  readonly kind: "reduce";
  readonly value: Expression;
  readonly combine: (s: ExpressionArithmetic, x: Expression, y: Expression) => Expression;
  readonly identity: Expression;
  /** Strides are 0 along reduced axes. */
  readonly to: Access;
  readonly reduced: readonly boolean[];
}

export type Root = Store | Reduce;

export interface Load {
  readonly variable: Expression;
  readonly access: Access;
}

/** A nest as loads and roots over axes. */
export interface Loops {
  readonly sizes: readonly number[];
  readonly precision: Precision;
  readonly arithmetic: ExpressionArithmetic;
  readonly loads: readonly Load[];
  readonly roots: readonly Root[];
}

/** The loops of a nest: what its steps read, compute and leave in memory. */
export function loopsOf(nest: Nest, stored: ReadonlySet<Value>, placeOf: (x: Value) => Place): Loops {
  const { sizes, precision, steps } = nest;
  const s = simplifyingArithmetic(precision);
  const made = new Map<Value, Expression>();
  const loads = new Map<string, Load>();
  const roots: Root[] = [];

  /** The entry of a value at the axes that `strides` says of its own axes. */
  const read = (x: Value, axes: (axis: number) => number): Expression => {
    const known = made.get(x);
    if (known !== undefined) return known;
    const base = baseOf(x);
    const type = scalarTypeOf(x.dtype);
    if (base.source.kind === "uniform") {
      const { number } = base.source;
      return type === "float" ? s.constant(number) : type === "int" ? s.integer(number) : s.convert(s.integer(number), "bool");
    }
    const view = viewInto(x);
    const strides = sizes.map(() => 0);
    x.shape.forEach((size, axis) => {
      if (size > 1) strides[axes(axis)] = strides[axes(axis)]! + view.strides[axis]!;
    });
    const key = `${base.id}+${view.offset}:${strides.join()}`;
    let load = loads.get(key);
    if (load === undefined) {
      const access = { place: placeOf(base), dtype: base.dtype, offset: view.offset, strides };
      loads.set(key, (load = { variable: s.variable(`x${loads.size}`, type), access }));
    }
    return load.variable;
  };
  const whole = (out: Value): Access => ({ place: placeOf(out), dtype: out.dtype, offset: 0, strides: stridesOf(out.shape) });

  for (const step of steps) {
    const out = step.outputs[0]!;
    if (step.kind === "elementwise") {
      const entries = step.inputs.map((x) => read(x, (axis) => axis + sizes.length - x.shape.length));
      const value = s.convert(step.value(s, entries), scalarTypeOf(out.dtype));
      made.set(out, value);
      if (stored.has(out)) roots.push({ kind: "store", value, to: whole(out) });
    } else if (step.kind === "reduction")
      roots.push(
        reductionRoot(
          s,
          step,
          read(step.inputs[0]!, (axis) => axis),
          whole(out),
          sizes,
        ),
      );
    else roots.push(contractionRoot(s, step, read, whole(out)));
  }
  return { sizes, precision, arithmetic: s, loads: [...loads.values()], roots };
}

/** Loops that copy entries, or one number, from one place to another, or add them to what is there. */
export function copyLoops(sizes: Shape, from: Access | number, to: Access, adding = false): Loops {
  const precision = to.dtype === "float64" ? "f64" : "f32";
  const s = simplifyingArithmetic(precision);
  const type = scalarTypeOf(to.dtype);
  const loads: Load[] = [];
  const read = (access: Access): Expression => {
    const variable = s.variable(`x${loads.length}`, scalarTypeOf(access.dtype));
    loads.push({ variable, access });
    return s.convert(variable, type);
  };
  const number = (value: number): Expression => s.convert(type === "float" ? s.constant(value) : s.integer(value), type);
  const value = typeof from === "number" ? number(from) : read(from);
  return { sizes, precision, arithmetic: s, loads, roots: [{ kind: "store", value: adding ? s.add(read(to), value) : value, to }] };
}

/** The loops that sum a contraction term by term, some labels outermost. */
export function summationLoops(step: ContractionStep, precision: Precision, placeOf: (x: Value) => Place, outer = ""): Loops {
  const labels = [...summationLabels(step)];
  const { x, y } = step.params;
  const sizes = labels.map((label) =>
    x.includes(label) ? step.inputs[0]!.shape[x.indexOf(label)]! : step.inputs[1]!.shape[y.indexOf(label)]!,
  );
  const loops = loopsOf({ kind: "nest", sizes, precision, steps: [step] }, new Set(step.outputs), placeOf);
  const order = [...outer, ...labels.filter((label) => !outer.includes(label))].map((label) => labels.indexOf(label));
  return withAxes(loops, (list) => order.map((axis) => list[axis]!));
}

/** The same loops with other axes: what is given takes a list over the axes to one over those wanted. */
function withAxes(loops: Loops, change: <T>(list: readonly T[]) => T[]): Loops {
  const access = (one: Access): Access => ({ ...one, strides: change(one.strides) });
  return {
    ...loops,
    sizes: change(loops.sizes),
    loads: loops.loads.map((load) => ({ ...load, access: access(load.access) })),
    roots: loops.roots.map((root) =>
      root.kind === "reduce" ? { ...root, to: access(root.to), reduced: change(root.reduced) } : { ...root, to: access(root.to) },
    ),
  };
}

function reductionRoot(
  s: ExpressionArithmetic,
  { op, params, inputs, outputs }: ReductionStep,
  entry: Expression,
  to: Access,
  sizes: Shape,
): Reduce {
  const [x, out] = [inputs[0]!, outputs[0]!];
  const outType = scalarTypeOf(out.dtype);
  const type = outType === "bool" ? "bool" : isFloat(x.dtype) ? "float" : outType;
  const neutral = op.monoid.identity[type];
  const identity = type === "int" ? s.integer(neutral) : s.convert(s.constant(neutral), type);
  const kept = sizes.map((_, axis) => axis).filter((axis) => !params.axes.includes(axis));
  const own = stridesOf(kept.map((axis) => sizes[axis]!));
  const strides = sizes.map((_, axis) => (kept.includes(axis) ? own[kept.indexOf(axis)]! : 0));
  return {
    kind: "reduce",
    value: s.convert(entry, type),
    combine: op.monoid.combine,
    identity,
    to: { ...to, strides },
    reduced: sizes.map((_, axis) => params.axes.includes(axis)),
  };
}

function contractionRoot(
  s: ExpressionArithmetic,
  step: ContractionStep,
  read: (x: Value, axes: (axis: number) => number) => Expression,
  to: Access,
): Reduce {
  const { params, inputs, outputs } = step;
  const labels = [...summationLabels(step)];
  const type = scalarTypeOf(outputs[0]!.dtype);
  const factors = [params.x, params.y].map((own, i) =>
    s.convert(
      read(inputs[i]!, (axis) => labels.indexOf(own[axis]!)),
      type,
    ),
  ) as [Expression, Expression];
  const product = s.mul(...factors);
  const value =
    params.strongZero === undefined ? product : s.select(s.equal(factors[params.strongZero], s.constant(0)), s.constant(0), product);
  return {
    kind: "reduce",
    value,
    combine: (arithmetic, x, y) => arithmetic.add(x, y),
    identity: type === "int" ? s.integer(0) : s.constant(0),
    to: { ...to, strides: labels.map((label) => (params.out.includes(label) ? to.strides[params.out.indexOf(label)]! : 0)) },
    reduced: labels.map((label) => !params.out.includes(label)),
  };
}

/** The rows of loops: so many leading axes walked as one. */
function rowsFirst(loops: Loops, axes: number): Loops {
  const { sizes } = loops;
  const row = sizeOf(sizes.slice(0, axes));
  return {
    ...withAxes(loops, (list) => [leadingEntry(sizes, list, axes), ...list.slice(axes)]),
    sizes: [row, ...sizes.slice(axes)],
  };
}

/**
 * The same loops over so many rows only, from the row that the function is given; rows are what the leading axes walk over. `partial` says where
 * sums over rows go.
 */
export function blockOfRows(given: Loops, axes: number, rows: number, partial: (root: Reduce) => Place): Loops {
  const loops = rowsFirst(given, axes);
  const access = (one: Access): Access => ({ ...one, rowStride: one.place.passing ? 0 : one.strides[0]! });
  return {
    ...loops,
    sizes: [rows, ...loops.sizes.slice(1)],
    loads: loops.loads.map((load) => ({ ...load, access: access(load.access) })),
    roots: loops.roots.map((root, k) =>
      root.kind === "reduce" && root.reduced[0]
        ? { ...root, to: { ...root.to, place: partial(given.roots[k] as Reduce), rowStride: 0 } }
        : { ...root, to: access(root.to) },
    ),
  };
}

/** The roots that add rows up. */
export const rowSums = ({ roots }: Loops): Reduce[] =>
  roots.filter((root): root is Reduce => root.kind === "reduce" && root.reduced[0] === true);

/** Loops over what a reduction keeps: the neutral element everywhere, or what is there combined with a partial result. */
export function partialLoops({ sizes, precision, arithmetic: s }: Loops, root: Reduce, partial: Place | undefined): Loops {
  const kept = sizes.map((_, axis) => axis).filter((axis) => !root.reduced[axis]);
  const to = { ...root.to, strides: kept.map((axis) => root.to.strides[axis]!) };
  const shared = { sizes: kept.map((axis) => sizes[axis]!), precision, arithmetic: s };
  if (partial === undefined) return { ...shared, loads: [], roots: [{ kind: "store", value: root.identity, to }] };
  const [x, y] = [s.variable("sum", root.value.type), s.variable("part", root.value.type)];
  const loads = [
    { variable: x, access: to },
    { variable: y, access: { ...to, place: partial } },
  ];
  return { ...shared, loads, roots: [{ kind: "store", value: root.combine(s, x, y), to }] };
}

/** Everything that is read or written. */
export const accessesOf = ({ loads, roots }: Loops): Access[] => [...loads.map(({ access }) => access), ...roots.map(({ to }) => to)];

/** Whether loops begin at a row that their function is given. */
export const isByRows = (loops: Loops): boolean => accessesOf(loops).some(({ rowStride }) => rowStride !== undefined);

/** The bases that loops read and write at. */
export const basesOf = (loops: Loops): readonly string[] => [...new Set(accessesOf(loops).map(({ place }) => place.base))];

/** The steps of a nest by name, for people. */
export const describeSteps = (steps: readonly NestStep[]): string =>
  steps.map((step) => (step.kind === "elementwise" ? step.name : step.op.name)).join(" ");
