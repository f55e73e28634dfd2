/**
 * A loop nest as a WebAssembly function: its steps' expressions over vectors of the innermost axis, results stored or reduced. It knows steps,
 * places and loops; it knows nothing of what runs before or after.
 */
import type { DType, Shape } from "@cotangent/core";
import { type Expression, type ExpressionArithmetic, type ExpressionKind, isFloat, sizeOf, stridesOf } from "@cotangent/core/engine";
import { type FunctionWriter, writeFunction } from "./assembly/function.ts";
import { guarded, lanes, type Lanes, type LanesOptions, type Precision, type Value as Vector, valueEmitter } from "./assembly/lanes.ts";
import type { FunctionCode } from "./assembly/module.ts";
import { scalarTypeOf, simplifyingArithmetic, vectoriser } from "./expressions.ts";
import { inPlace, keepConstants } from "./functions/vector.ts";
import type { Needs } from "./needs.ts";
import { type Nest, type NestStep, summationLabels } from "./schedule.ts";
import { baseOf, bytesOf, type ContractionStep, type ReductionStep, type Value, viewInto } from "./values.ts";

/** An address: a named base, which the nest's function takes as a parameter, and a byte offset from it. */
export interface Place {
  readonly base: string;
  readonly offset: number;
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

interface Store {
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

type Root = Store | Reduce;

interface Load {
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

/** The loops that sum a contraction term by term. */
export function summationLoops(step: ContractionStep, precision: Precision, placeOf: (x: Value) => Place): Loops {
  const labels = [...summationLabels(step)];
  const { x, y } = step.params;
  const sizes = labels.map((label) =>
    x.includes(label) ? step.inputs[0]!.shape[x.indexOf(label)]! : step.inputs[1]!.shape[y.indexOf(label)]!,
  );
  return loopsOf({ kind: "nest", sizes, precision, steps: [step] }, new Set(step.outputs), placeOf);
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

/**
 * The same loops in a better order: short reduced axes are written out, sizes of one left out, axes that all accesses walk as one merged, and
 * the axis that vectors serve best comes last.
 */
export function simplifyLoops(given: Loops): Loops {
  const loops = unrollShortAxes(given);
  const order = axisOrder(loops);
  const accesses = accessesOf(loops);
  const kept: number[][] = [];
  for (const axis of order) {
    const last = kept[kept.length - 1];
    if (last !== undefined && mergeable(loops, accesses, last[last.length - 1]!, axis)) last.push(axis);
    else kept.push([axis]);
  }
  const pick = (list: readonly number[]): number[] => kept.map((axes) => list[axes[axes.length - 1]!]!);
  const access = (one: Access): Access => ({ ...one, strides: pick(one.strides) });
  return {
    ...loops,
    sizes: kept.map((axes) => axes.reduce((size, axis) => size * loops.sizes[axis]!, 1)),
    loads: loops.loads.map((load) => ({ ...load, access: access(load.access) })),
    roots: loops.roots.map((root): Root => {
      const to = access(root.to);
      if (root.kind === "store") return { ...root, to };
      const reduced = kept.map((axes) => root.reduced[axes[0]!]!);
      if (reduced.includes(true) || sizeOf(loops.sizes) === 0) return { ...root, to, reduced };
      return { kind: "store", value: root.combine(loops.arithmetic, root.identity, root.value), to };
    }),
  };
}

/** The most entries of an axis that is written out, and the most copies of a body. */
const shortAxis = 8;
const mostCopies = 32;

/** Axes of few entries that every root reduces: the body is written once for each, so that the loops left are long and walk kept axes. */
function unrollShortAxes(loops: Loops): Loops {
  const { sizes, roots } = loops;
  const isShort = (axis: number): boolean =>
    sizes[axis]! > 1 && sizes[axis]! <= shortAxis && roots.every((root) => root.kind === "reduce" && root.reduced[axis]);
  let axes = sizes.map((_, axis) => axis).filter(isShort);
  const keepsOne = sizes.some((size, axis) => size > 1 && !axes.includes(axis));
  if (!keepsOne) axes = [];
  while (axes.reduce((copies, axis) => copies * sizes[axis]!, 1) > mostCopies) axes = axes.slice(1);
  if (axes.length === 0 || sizeOf(sizes) === 0) return loops;
  const s = loops.arithmetic;
  const loads: Load[] = [];
  const known = new Map<string, Expression>();
  const parts: Expression[][] = roots.map(() => []);
  const step = (at: number, offsets: readonly number[]): void => {
    if (at < axes.length) {
      for (let i = 0; i < sizes[axes[at]!]!; i++)
        step(
          at + 1,
          offsets.map((offset, k) => offset + i * loops.loads[k]!.access.strides[axes[at]!]!),
        );
      return;
    }
    const moved = new Map(
      loops.loads.map(({ variable, access }, k): [Expression, Expression] => {
        const key = `${k}+${offsets[k]}`;
        let found = known.get(key);
        if (found === undefined) {
          known.set(key, (found = s.variable(`y${loads.length}`, variable.type)));
          loads.push({ variable: found, access: { ...access, offset: access.offset + offsets[k]! } });
        }
        return [variable, found];
      }),
    );
    roots.forEach((root, k) => parts[k]!.push(substitute(s, root.value, moved)));
  };
  step(
    0,
    loops.loads.map(() => 0),
  );
  return {
    ...loops,
    sizes: sizes.map((size, axis) => (axes.includes(axis) ? 1 : size)),
    loads,
    roots: roots.map((root, k) => ({ ...(root as Reduce), value: parts[k]!.reduce((x, y) => (root as Reduce).combine(s, x, y)) })),
  };
}

/** The same loops over so many rows only, from the row that the function is given; `partial` says where sums over rows go. */
export function blockOfRows(loops: Loops, rows: number, partial: (root: Reduce) => Place): Loops {
  const access = (one: Access): Access => ({ ...one, rowStride: one.strides[0]! });
  return {
    ...loops,
    sizes: [rows, ...loops.sizes.slice(1)],
    loads: loops.loads.map((load) => ({ ...load, access: access(load.access) })),
    roots: loops.roots.map((root) =>
      root.kind === "reduce" && root.reduced[0]
        ? { ...root, to: { ...root.to, place: partial(root), rowStride: 0 } }
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

const accessesOf = ({ loads, roots }: Loops): Access[] => [...loads.map(({ access }) => access), ...roots.map(({ to }) => to)];

function mergeable({ sizes, roots }: Loops, accesses: readonly Access[], outer: number, inner: number): boolean {
  return (
    accesses.every(({ strides }) => strides[outer] === strides[inner]! * sizes[inner]!) &&
    roots.every((root) => root.kind === "store" || root.reduced[outer] === root.reduced[inner])
  );
}

/** An expression with other variables. */
function substitute(s: ExpressionArithmetic, root: Expression, variables: ReadonlyMap<Expression, Expression>): Expression {
  const arithmetic = s as unknown as Readonly<Record<string, (...args: readonly Expression[]) => Expression>>;
  const known = new Map<Expression, Expression>(variables);
  const stack: Expression[] = [root];
  while (stack.length > 0) {
    const x = stack[stack.length - 1]!;
    if (known.has(x)) {
      stack.pop();
      continue;
    }
    const missing = x.args.filter((arg) => !known.has(arg));
    if (missing.length > 0) {
      stack.push(...missing);
      continue;
    }
    stack.pop();
    const args = x.args.map((arg) => known.get(arg)!);
    known.set(x, x.args.length === 0 ? x : x.kind === "convert" ? s.convert(args[0]!, x.type) : arithmetic[x.kind]!(...args));
  }
  return known.get(root)!;
}

/** Axes of more than one entry; last the one along which vectors cost least. */
function axisOrder(loops: Loops): number[] {
  const axes = loops.sizes.map((_, axis) => axis).filter((axis) => loops.sizes[axis] !== 1);
  if (axes.length < 2) return axes;
  let best = axes[axes.length - 1]!;
  for (const axis of axes) if (costAlong(loops, axis) < costAlong(loops, best)) best = axis;
  return [...axes.filter((axis) => axis !== best), best];
}

/** Roughly what an entry costs where vectors run along an axis. */
function costAlong(loops: Loops, axis: number): number {
  const { sizes, precision, roots, loads } = loops;
  const width = precision === "f64" ? 2 : 4;
  const size = sizes[axis]!;
  const turns = (Math.floor(size / width) + (size % width)) / size;
  const memory = ({ strides }: Access): number => (strides[axis] === 1 ? turns : strides[axis] === 0 ? 0 : 1);
  let cost = costOf(loops) * turns + 3 / size;
  for (const { access } of loads) cost += memory(access);
  for (const root of roots) {
    if (root.kind === "store") {
      if (root.to.strides[axis] === 0) return Infinity;
      cost += memory(root.to);
    } else if (root.reduced[axis]) cost += 16 / size;
    else if (root.reduced.includes(true)) cost += 2 * memory(root.to);
  }
  return cost;
}

/** The nest as a function of its bases, in the order `bases` gives. */
export function nestFunction(name: string, given: Loops, needs: Needs, options: LanesOptions): NestCode {
  const loops = simplifyLoops(given);
  const accesses = accessesOf(loops);
  const bases = [...new Set(accesses.map(({ place }) => place.base))];
  const byRows = accesses.some(({ rowStride }) => rowStride !== undefined);
  const writer = writeFunction(
    name,
    [...bases, ...(byRows ? ["row"] : [])].map(() => "i32"),
    [],
  );
  new NestWriter(loops, bases, writer, needs, options).write();
  return { code: writer.finish(), bases, byRows };
}

/** A nest's function: it takes its bases in this order, then the row to begin at if it begins at one. */
export interface NestCode {
  readonly code: FunctionCode;
  readonly bases: readonly string[];
  readonly byRows: boolean;
}

/** A pointer that accesses with the same base and strides share. */
interface Pointer {
  readonly local: number;
  /** Bytes from one entry of each axis to the next. */
  readonly strides: readonly number[];
}

interface Pointed {
  readonly pointer: Pointer;
  /** Bytes beyond the pointer. */
  readonly offset: number;
}

/** One copy of the body: how many vectors past the pointers it lies, and whether it computes a whole vector or its first lane. */
interface Body {
  readonly ahead: number;
  readonly single: boolean;
}

/** How many vectors are summed before the sum joins the next level's. */
const levelLength = 1024;

class NestWriter {
  readonly #loops: Loops;
  readonly #bases: readonly string[];
  readonly #writer: FunctionWriter;
  readonly #needs: Needs;
  readonly #m: Lanes;
  readonly #pointers = new Map<string, Pointer>();
  readonly #pointed = new Map<Access, Pointed>();
  readonly #inner: number;
  readonly #inline: boolean;
  /** Constants and what does not change in the innermost loop, in locals. */
  readonly #constants = new Map<Vector, number>();
  /** For each reduction whose innermost axes are reduced: an accumulator for each copy of the body. */
  readonly #accumulators = new Map<Reduce, number[]>();

  constructor(loops: Loops, bases: readonly string[], writer: FunctionWriter, needs: Needs, options: LanesOptions) {
    this.#loops = loops;
    this.#bases = bases;
    this.#writer = writer;
    this.#needs = needs;
    this.#m = lanes(loops.precision, options);
    this.#inner = loops.sizes.length - 1;
    this.#inline = callCount(loops) <= 12;
    for (const access of accessesOf(loops)) this.#pointed.set(access, this.#pointTo(access, bases));
  }

  write(): void {
    const { sizes, roots } = this.#loops;
    for (const root of roots) if (root.kind === "reduce" && this.#inMemory(root)) this.#fill(root);
    if (sizeOf(sizes) === 0) return;
    if (sizes.length === 0) {
      this.#emitBody({ ahead: 0, single: true });
      return;
    }
    keepConstants(this.#rootVectors({ ahead: 0, single: false }), this.#writer, this.#constants);
    this.#axis(0);
  }

  /** Whether partial results of a reduction live in memory, for a kept axis lies inside a reduced one; so does what nothing is reduced into. */
  #inMemory({ reduced }: Reduce): boolean {
    const { sizes } = this.#loops;
    if (sizeOf(sizes) === 0) return true;
    const first = reduced.indexOf(true);
    return first >= 0 && reduced.slice(first).includes(false);
  }

  /** The outermost axis from which on all are reduced; one past the last if the innermost is kept. */
  #trailing({ reduced }: Reduce): number {
    let axis = reduced.length;
    while (axis > 0 && reduced[axis - 1]) axis--;
    return axis;
  }

  #pointTo({ place, dtype, offset, strides, rowStride = 0 }: Access, bases: readonly string[]): Pointed {
    const bytes = bytesOf[dtype];
    const byteStrides = strides.map((stride) => stride * bytes);
    // What walks backwards starts at its own entry, for offsets beyond a pointer cannot be negative.
    const start = strides.some((stride) => stride < 0) ? offset * bytes : 0;
    const key = `${place.base}|${start}|${rowStride * bytes}|${byteStrides.join()}`;
    let pointer = this.#pointers.get(key);
    if (pointer === undefined) {
      const { emit } = this.#writer;
      const local = this.#writer.local("i32");
      pointer = { local, strides: byteStrides };
      emit("local.get", bases.indexOf(place.base));
      if (start !== 0) {
        emit("i32.const", start);
        emit("i32.add");
      }
      if (rowStride !== 0) {
        emit("local.get", bases.length);
        emit("i32.const", rowStride * bytes);
        emit("i32.mul");
        emit("i32.add");
      }
      emit("local.set", local);
      this.#pointers.set(key, pointer);
    }
    return { pointer, offset: place.offset + offset * bytes - start };
  }

  /** Writes the neutral element wherever the reduction will leave a result. */
  #fill(root: Reduce): void {
    const { sizes } = this.#loops;
    const kept = sizes.map((_, axis) => axis).filter((axis) => !root.reduced[axis] && sizes[axis] !== 1);
    const { rowStride, ...access } = root.to;
    const to = { ...access, strides: kept.map((axis) => root.to.strides[axis]!), ...(rowStride ? { rowStride } : {}) };
    const fill: Loops = {
      ...this.#loops,
      sizes: kept.map((axis) => sizes[axis]!),
      loads: [],
      roots: [{ kind: "store", value: root.identity, to }],
    };
    const name = this.#needs.name("fill");
    const { code, byRows } = nestFunction(name, fill, this.#needs, {});
    this.#needs.add(code);
    this.#writer.emit("local.get", this.#baseLocal(root.to.place.base));
    if (byRows) this.#writer.emit("local.get", this.#bases.length);
    this.#writer.emit("call", name);
  }

  #baseLocal(base: string): number {
    return this.#bases.indexOf(base);
  }

  #axis(axis: number): void {
    const opened = this.#loops.roots.filter((root): root is Reduce => root.kind === "reduce" && this.#trailing(root) === axis);
    for (const root of opened) this.#open(root);
    if (axis === this.#inner) this.#innermost();
    else {
      this.#count(this.#loops.sizes[axis]!, () => {
        this.#axis(axis + 1);
        this.#advance(axis, 1);
      });
      this.#advance(axis, -this.#loops.sizes[axis]!);
    }
    for (const root of opened) this.#close(root);
  }

  /** A loop of a fixed number of turns. */
  #count(turns: number, body: () => void): void {
    if (turns <= 1) {
      if (turns === 1) body();
      return;
    }
    const { emit } = this.#writer;
    const i = this.#writer.local("i32");
    emit("i32.const", turns);
    emit("local.set", i);
    this.#writer.loop((again) => {
      body();
      emit("local.get", i);
      emit("i32.const", 1);
      emit("i32.sub");
      emit("local.tee", i);
      this.#writer.branchIf(again);
    });
  }

  #advance(axis: number, steps: number): void {
    const { emit } = this.#writer;
    for (const { local, strides } of this.#pointers.values()) {
      const bytes = strides[axis]! * steps;
      if (bytes === 0) continue;
      emit("local.get", local);
      emit("i32.const", bytes);
      emit("i32.add");
      emit("local.set", local);
    }
  }

  #innermost(): void {
    const size = this.#loops.sizes[this.#inner]!;
    const { count } = this.#m;
    const backwards = accessesOf(this.#loops).some(({ strides }) => strides[this.#inner]! < 0);
    const vectors = backwards ? 0 : Math.floor(size / count);
    const unroll = Math.min(this.#unroll(), Math.max(1, vectors));
    const rounds = Math.floor(vectors / unroll);
    this.#hoist(unroll, vectors > 0);
    const vector = (): void => {
      for (let ahead = 0; ahead < unroll; ahead++) this.#emitBody({ ahead, single: false });
      this.#advance(this.#inner, unroll * count);
    };
    this.#levels(rounds, Math.max(1, Math.floor(levelLength / unroll)), vector);
    for (let i = rounds * unroll; i < vectors; i++) {
      this.#emitBody({ ahead: 0, single: false });
      this.#advance(this.#inner, count);
    }
    this.#count(size - vectors * count, () => {
      this.#emitBody({ ahead: 0, single: true });
      this.#advance(this.#inner, 1);
    });
    this.#advance(this.#inner, -size);
  }

  /** Long sums are sums of sums: every `length` rounds the accumulators join those of the level above. */
  #levels(rounds: number, length: number, round: () => void): void {
    const lists = [...this.#accumulators];
    if (rounds <= length || lists.length === 0) {
      this.#count(rounds, round);
      return;
    }
    const { emit } = this.#writer;
    const above = lists.map(([root, own]) => own.map(() => this.#newAccumulator(root)));
    const whole = Math.floor(rounds / length);
    const join = (): void =>
      lists.forEach(([root, own], k) =>
        own.forEach((local, i) => {
          this.#combineLocals(root, above[k]![i]!, local);
          emit("local.set", above[k]![i]!);
          this.#pushIdentity(root);
          emit("local.set", local);
        }),
      );
    const level = (): void => {
      this.#count(length, round);
      join();
    };
    if (whole > length) {
      const top = above.map((own, k) => own.map(() => this.#newAccumulator(lists[k]![0])));
      const lift = (): void =>
        lists.forEach(([root], k) =>
          above[k]!.forEach((local, i) => {
            this.#combineLocals(root, top[k]![i]!, local);
            emit("local.set", top[k]![i]!);
            this.#pushIdentity(root);
            emit("local.set", local);
          }),
        );
      this.#count(Math.floor(whole / length), () => {
        this.#count(length, level);
        lift();
      });
      this.#count(whole % length, level);
      lift();
      this.#count(rounds % length, round);
      this.#addBack(lists, top);
      return;
    }
    this.#count(whole, level);
    this.#count(rounds % length, round);
    this.#addBack(lists, above);
  }

  #addBack(lists: readonly (readonly [Reduce, readonly number[]])[], above: readonly (readonly number[])[]): void {
    lists.forEach(([root, own], k) =>
      own.forEach((local, i) => {
        this.#combineLocals(root, above[k]![i]!, local);
        this.#writer.emit("local.set", local);
      }),
    );
  }

  #newAccumulator(root: Reduce): number {
    const local = this.#writer.local("v128");
    this.#pushIdentity(root);
    this.#writer.emit("local.set", local);
    return local;
  }

  #pushIdentity(root: Reduce): void {
    valueEmitter([], this.#writer, this.#constants)(this.#vectorOf(root.identity));
  }

  /** The vector of an expression without variables. */
  #vectorOf(x: Expression): Vector {
    return this.#expressionVector(x, () => {
      throw new Error("compile: an identity reads a variable — a monoid's neutral element is a constant; state it as a number");
    });
  }

  #expressionVector(x: Expression, variable: (x: Expression) => Vector): Vector {
    return vectoriser(this.#m, variable, (kind, args) => this.#call(kind, args)).vector(x);
  }

  #call(kind: ExpressionKind, args: readonly Vector[]): Vector {
    const name = this.#needs.vectorFunction(kind, this.#loops.precision);
    if (!this.#inline) return this.#m.call(name, args);
    const { value, outside } = inPlace(this.#m, kind, args);
    return outside === undefined ? value : guarded(this.#m, name, value, outside, args);
  }

  /** Combines two vectors by a reduction's monoid. */
  #combined(root: Reduce, x: Vector, y: Vector): Vector {
    const s = this.#loops.arithmetic;
    const [a, b] = [s.variable("left", root.value.type), s.variable("right", root.value.type)];
    return this.#expressionVector(root.combine(s, a, b), (variable) => (variable.name === "left" ? x : y));
  }

  #combineLocals(root: Reduce, x: number, y: number): void {
    const value = this.#combined(root, this.#m.local(x), this.#m.local(y));
    valueEmitter([value], this.#writer, new Map(this.#constants))(value);
  }

  #unroll(): number {
    const cost = costOf(this.#loops);
    return cost < 16 ? 4 : cost < 48 ? 2 : 1;
  }

  #open(root: Reduce): void {
    this.#accumulators.set(
      root,
      Array.from({ length: this.#unroll() }, () => this.#newAccumulator(root)),
    );
  }

  /** Adds up the accumulators and their lanes; stores the result, or combines it with what is in memory. */
  #close(root: Reduce): void {
    const m = this.#m;
    const [first, ...rest] = this.#accumulators.get(root)!;
    for (const local of rest) {
      this.#combineLocals(root, first!, local);
      this.#writer.emit("local.set", first!);
    }
    for (let half = laneCount(m, root) / 2; half >= 1; half /= 2) {
      const turned = m.apply(["i8x16.shuffle", rotation(half * laneBytes(m, root))], [m.local(first!), m.local(first!)]);
      const value = this.#combined(root, m.local(first!), turned);
      valueEmitter([value], this.#writer, new Map(this.#constants))(value);
      this.#writer.emit("local.set", first!);
    }
    this.#accumulators.delete(root);
    let value = m.local(first!);
    if (this.#inMemory(root)) value = this.#combined(root, this.#load(root.to, { ahead: 0, single: true }), value);
    const emit = valueEmitter([value], this.#writer, new Map(this.#constants));
    this.#store(root.to, value, { ahead: 0, single: true }, emit);
  }

  /** Puts what the innermost loop would compute again and again from what it does not move into locals. */
  #hoist(unroll: number, hasVectors: boolean): void {
    if (!hasVectors) return;
    const bodies = Array.from({ length: unroll }, (_, ahead) => this.#rootVectors({ ahead, single: false })).flat();
    const still = new Map<Vector, boolean>();
    const isStill = (x: Vector): boolean => {
      const { instruction, args } = x;
      if (args.length === 0) return instruction[0].endsWith(".const");
      if (instruction[0].startsWith("v128.load") && args[0]!.instruction[0] === "local.get")
        return [...this.#pointers.values()].some(({ local, strides }) => local === args[0]!.instruction[1] && strides[this.#inner] === 0);
      return args.every((arg) => still.get(arg) || isPointer(arg));
    };
    const order = postorder(bodies);
    for (const x of order) still.set(x, isStill(x));
    const wanted = new Set<Vector>();
    for (const x of order) {
      if (still.get(x)) continue;
      for (const arg of x.args) if (still.get(arg) && arg.type === "v128") wanted.add(arg);
    }
    for (const root of bodies) if (still.get(root)) wanted.add(root);
    const known = this.#constants;
    for (const x of known.keys()) wanted.delete(x);
    const emit = valueEmitter([...wanted], this.#writer, known);
    for (const x of wanted) {
      emit(x);
      const local = known.get(x) ?? this.#writer.local("v128");
      this.#writer.emit("local.set", local);
      known.set(x, local);
    }
  }

  /** What one copy of the body computes, root by root. */
  #rootVectors(body: Body): Vector[] {
    const loads = new Map(this.#loops.loads.map(({ variable, access }) => [variable, access]));
    const { vector } = vectoriser(
      this.#m,
      (x) => this.#load(loads.get(x)!, body),
      (kind, args) => this.#call(kind, args),
    );
    return this.#loops.roots.map((root) => {
      const value = vector(root.value);
      if (root.kind === "store") return value;
      const locals = this.#accumulators.get(root);
      if (locals === undefined) return this.#combined(root, this.#load(root.to, body), value);
      const own = body.single ? this.#onlyFirst(root, value) : value;
      return this.#combined(root, this.#m.local(locals[body.ahead % locals.length]!), own);
    });
  }

  /** The value in the first lane, the neutral element in the others. */
  #onlyFirst(root: Reduce, value: Vector): Vector {
    const m = this.#m;
    const bytes = new Uint8Array(16);
    bytes.fill(255, 0, laneBytes(m, root));
    const mask = m.apply(["v128.const", bytes], []);
    return m.select(mask, value, this.#vectorOf(root.identity));
  }

  #emitBody(body: Body): void {
    const vectors = this.#rootVectors(body);
    const emit = valueEmitter(vectors, this.#writer, new Map(this.#constants));
    this.#loops.roots.forEach((root, i) => {
      const locals = root.kind === "reduce" ? this.#accumulators.get(root) : undefined;
      if (locals === undefined) this.#store(root.to, vectors[i]!, body, emit);
      else {
        emit(vectors[i]!);
        this.#writer.emit("local.set", locals[body.ahead % locals.length]!);
      }
    });
  }

  #strideOf(access: Access): number {
    return this.#inner < 0 ? 0 : access.strides[this.#inner]!;
  }

  #load(access: Access, { ahead, single }: Body): Vector {
    const m = this.#m;
    const { pointer, offset } = this.#pointed.get(access)!;
    const at = m.local(pointer.local, "i32");
    const stride = this.#strideOf(access);
    const bytes = bytesOf[access.dtype];
    const start = offset + ahead * m.count * stride * bytes;
    const read = (name: string, extra = 0): Vector => m.apply([`v128.${name}`, start + extra], [at]);
    const lane = (name: string, i: number, into: Vector): Vector => m.apply([`v128.${name}`, start + i * stride * bytes, i], [at, into]);
    const wide = m.precision === "f64";
    if (single || stride === 0) return this.#loadOne(access.dtype, read);
    if (access.dtype === "bool") {
      let packed = m.apply(["v128.const", new Uint8Array(16)], []);
      if (stride === 1) packed = m.apply([wide ? "v128.load16_lane" : "v128.load32_lane", start, 0], [at, packed]);
      else for (let i = 0; i < m.count; i++) packed = lane("load8_lane", i, packed);
      return m.apply([wide ? "i64x2.ne" : "i32x4.ne"], [widened(m, packed), m.apply(["v128.const", new Uint8Array(16)], [])]);
    }
    const narrow = bytes === 4 && wide;
    let entries: Vector;
    if (stride === 1) entries = narrow ? read("load64_zero") : bytes === 8 && !wide ? this.#demotedPair(read) : read("load");
    else if (bytes === 8 && !wide) {
      entries = m.apply(["f32x4.demote_f64x2_zero"], [lane("load64_lane", 1, read("load64_zero"))]);
      const high = m.apply(
        ["f32x4.demote_f64x2_zero"],
        [m.apply(["v128.load64_lane", start + 3 * stride * bytes, 1], [at, read("load64_zero", 2 * stride * bytes)])],
      );
      entries = m.apply(["i8x16.shuffle", lowHalves], [entries, high]);
    } else {
      entries = read(bytes === 8 ? "load64_zero" : "load32_zero");
      for (let i = 1; i < m.count; i++) entries = lane(bytes === 8 ? "load64_lane" : "load32_lane", i, entries);
    }
    return narrow && access.dtype === "float32" ? m.apply(["f64x2.promote_low_f32x4"], [entries]) : entries;
  }

  #demotedPair(read: (name: string, extra?: number) => Vector): Vector {
    const m = this.#m;
    const half = (extra: number): Vector => m.apply(["f32x4.demote_f64x2_zero"], [read("load", extra)]);
    return m.apply(["i8x16.shuffle", lowHalves], [half(0), half(16)]);
  }

  /** One entry in every lane. */
  #loadOne(dtype: DType, read: (name: string) => Vector): Vector {
    const m = this.#m;
    const wide = m.precision === "f64";
    if (dtype === "bool")
      return m.apply([wide ? "i64x2.ne" : "i32x4.ne"], [read("load8_splat"), m.apply(["v128.const", new Uint8Array(16)], [])]);
    if (dtype === "float64") {
      const entry = read("load64_splat");
      return wide ? entry : m.apply(["i8x16.shuffle", firstWord], [m.apply(["f32x4.demote_f64x2_zero"], [entry]), entry]);
    }
    const entry = read("load32_splat");
    return dtype === "float32" && wide ? m.apply(["f64x2.promote_low_f32x4"], [entry]) : entry;
  }

  #store(access: Access, value: Vector, { ahead, single }: Body, emit: (x: Vector) => void): void {
    const m = this.#m;
    const { pointer, offset } = this.#pointed.get(access)!;
    const stride = this.#strideOf(access);
    const bytes = bytesOf[access.dtype];
    const start = offset + ahead * m.count * stride * bytes;
    const wide = m.precision === "f64";
    const at = (): void => this.#writer.emit("local.get", pointer.local);
    const bits = bytes * 8;
    if (single || stride !== 1) {
      const count = single ? 1 : m.count;
      const packed = access.dtype === "bool" ? m.and(value, m.apply(["v128.const", new Uint8Array(16).fill(1)], [])) : value;
      const local = this.#writer.local("v128");
      emit(packed);
      this.#writer.emit("local.set", local);
      for (let i = 0; i < count; i++) {
        at();
        this.#writer.emit("local.get", local);
        const lane = access.dtype === "bool" ? i * (wide ? 8 : 4) : i;
        this.#writer.emit(`v128.store${bits}_lane`, start + i * stride * bytes, lane);
      }
      return;
    }
    at();
    if (access.dtype === "bool") {
      emit(
        m.and(
          m.apply(["i8x16.shuffle", wide ? everyEighth : everyFourth], [value, value]),
          m.apply(["v128.const", new Uint8Array(16).fill(1)], []),
        ),
      );
      this.#writer.emit(wide ? "v128.store16_lane" : "v128.store32_lane", start, 0);
      return;
    }
    emit(value);
    if (bytes === 4 && wide) this.#writer.emit("v128.store64_lane", start, 0);
    else this.#writer.emit("v128.store", start);
  }
}

const isPointer = (x: Vector): boolean => x.type === "i32" && x.instruction[0] === "i32.const";

const lowHalves = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
const firstWord = Uint8Array.of(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3);
const everyFourth = Uint8Array.of(0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12);
const everyEighth = Uint8Array.of(0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 0, 8);
const rotation = (bytes: number): Uint8Array => Uint8Array.from({ length: 16 }, (_, i) => (i + bytes) % 16);

/** The bytes of one lane of what a reduction combines: integers have 32 bits, whatever floats have. */
const laneBytes = (m: Lanes, { value }: Reduce): number => (value.type === "int" ? 4 : 16 / m.count);
/** How many lanes of an accumulator count. */
const laneCount = (m: Lanes, _root: Reduce): number => m.count;

/** Bytes 0 … as lanes of the precision's width. */
function widened(m: Lanes, packed: Vector): Vector {
  const words = m.apply(["i32x4.extend_low_i16x8_u"], [m.apply(["i16x8.extend_low_i8x16_u"], [packed])]);
  return m.precision === "f64" ? m.apply(["i64x2.extend_low_i32x4_u"], [words]) : words;
}

function postorder(roots: readonly Vector[]): Vector[] {
  const out: Vector[] = [];
  const seen = new Set<Vector>();
  const stack: { readonly x: Vector; next: number }[] = [];
  for (const root of roots) {
    if (seen.has(root)) continue;
    seen.add(root);
    stack.push({ x: root, next: 0 });
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      if (top.next < top.x.args.length) {
        const arg = top.x.args[top.next++]!;
        if (!seen.has(arg)) {
          seen.add(arg);
          stack.push({ x: arg, next: 0 });
        }
      } else {
        out.push(top.x);
        stack.pop();
      }
    }
  }
  return out;
}

function expressionsUnder(loops: Loops): Set<Expression> {
  const seen = new Set<Expression>();
  const stack = loops.roots.map(({ value }) => value);
  while (stack.length > 0) {
    const x = stack.pop()!;
    if (seen.has(x)) continue;
    seen.add(x);
    stack.push(...x.args);
  }
  return seen;
}

const cheap = new Set([
  "constant",
  "variable",
  "convert",
  "add",
  "sub",
  "mul",
  "neg",
  "abs",
  "min",
  "max",
  "select",
  "less",
  "lessEqual",
  "equal",
  "and",
  "or",
  "not",
  "div",
  "sqrt",
  "sign",
  "isNaN",
  "isFinite",
  "round32",
  "floor",
  "ceil",
  "round",
  "bitAnd",
  "bitOr",
  "bitXor",
]);

/** How many functions a body calls. */
const callCount = (loops: Loops): number => [...expressionsUnder(loops)].filter(({ kind }) => !cheap.has(kind)).length;

/** Roughly how many instructions a body takes. */
const costOf = (loops: Loops): number =>
  [...expressionsUnder(loops)].reduce(
    (sum, { kind }) => sum + (kind === "constant" || kind === "variable" ? 0 : cheap.has(kind) ? 1 : 30),
    loops.loads.length,
  );

/** The steps of a nest by name, for people. */
export const describeSteps = (steps: readonly NestStep[]): string =>
  steps.map((step) => (step.kind === "elementwise" ? step.name : step.op.name)).join(" ");
