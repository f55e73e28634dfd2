/**
 * Loops in a better order: short reduced axes written out, axes merged, the best one for vectors last. It knows axes, strides and rough costs; it
 * knows no instruction.
 */
import { type Expression, type ExpressionArithmetic, sizeOf } from "@cotangent/core/engine";
import { foldExpression } from "./expressions.ts";
import { type Access, accessesOf, type Load, type Loops, type Reduce, type Root } from "./loops.ts";

/**
 * The same loops in a better order: short reduced axes are written out, sizes of one left out, axes that all accesses walk as one merged, and
 * the axis that vectors serve best comes last.
 */
export function simplifyLoops(given: Loops): Loops {
  const loops = unrollShortAxes(given);
  return merged(loops, axisOrder(loops));
}

/** The axes in this order, those that all accesses walk as one merged. */
function merged(loops: Loops, order: readonly number[]): Loops {
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

/** Loops that end in a kept axis and a reduced one, of which several kept entries are worked on at a time. */
export interface Tiled {
  readonly loops: Loops;
  /** Whether vectors run along the kept axis, so that their lanes are sums of their own, or along the reduced one. */
  readonly across: boolean;
}

/** Sums so long are sums of sums, which tiles do not make. */
const longestTiled = 2048;
/** Tiles across walk over their rows once for a few vectors of each: these bytes stay in the cache meanwhile. */
const mostBytesAcross = 1 << 19;

/**
 * Products of matrices with vectors, sums of rows and of columns, where the work on an entry is little and loading, adding up lanes and storing
 * would be most of it; undefined for other loops.
 */
export function tiledLoops(given: Loops): Tiled | undefined {
  const { sizes, roots, precision } = given;
  const reduces = roots.filter((root): root is Reduce => root.kind === "reduce" && root.value.type === "float");
  const reduced = reduces[0]?.reduced;
  if (reduced === undefined || reduces.length < roots.length || roots.length > 2 || sizeOf(sizes) === 0) return undefined;
  if (reduces.some((root) => root.reduced.some((value, axis) => value !== reduced[axis]))) return undefined;
  if (costOf(given) >= 16 || unrollShortAxes(given) !== given) return undefined;
  const axes = sizes.map((_, axis) => axis).filter((axis) => sizes[axis] !== 1);
  const loops = merged(given, [...axes.filter((axis) => !reduced[axis]), ...axes.filter((axis) => reduced[axis])]);
  const inner = loops.sizes.length - 1;
  if (loops.roots.some((root) => root.kind === "store" || root.reduced.indexOf(true) !== inner) || inner < 1) return undefined;
  if (accessesOf(loops).some(({ strides }) => strides[inner]! < 0 || strides[inner - 1]! < 0)) return undefined;
  const [kept, terms] = [loops.sizes[inner - 1]!, loops.sizes[inner]!];
  const width = precision === "f64" ? 2 : 4;
  const costs = (axis: number): number =>
    loops.loads.reduce((sum, { access }) => sum + (access.strides[axis] === 1 ? 1 : access.strides[axis] === 0 ? 0 : width), 0);
  const across = costs(inner - 1) < costs(inner);
  const bytes = kept * terms * (16 / width);
  const fits = across ? kept >= width && bytes <= mostBytesAcross : kept >= 4 && terms >= 2 * width;
  return fits && terms <= longestTiled ? { loops, across } : undefined;
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

function mergeable({ sizes, roots }: Loops, accesses: readonly Access[], outer: number, inner: number): boolean {
  return (
    accesses.every(({ strides }) => strides[outer] === strides[inner]! * sizes[inner]!) &&
    roots.every((root) => root.kind === "store" || root.reduced[outer] === root.reduced[inner])
  );
}

/** An expression with other variables. */
function substitute(s: ExpressionArithmetic, root: Expression, variables: ReadonlyMap<Expression, Expression>): Expression {
  const arithmetic = s as unknown as Readonly<Record<string, (...args: readonly Expression[]) => Expression>>;
  return foldExpression(root, new Map(variables), (x, args) =>
    x.args.length === 0 ? x : x.kind === "convert" ? s.convert(args[0]!, x.type) : arithmetic[x.kind]!(...args),
  );
}

/** Axes of more than one entry; last the one along which vectors cost least. */
function axisOrder(loops: Loops): number[] {
  const axes = loops.sizes.map((_, axis) => axis).filter((axis) => loops.sizes[axis] !== 1);
  if (axes.length < 2) return axes;
  const body = costOf(loops);
  let best = axes[axes.length - 1]!;
  let least = costAlong(loops, best, body);
  for (const axis of axes) {
    const cost = costAlong(loops, axis, body);
    if (cost < least) [best, least] = [axis, cost];
  }
  return [...axes.filter((axis) => axis !== best), best];
}

/** Roughly what an entry costs where vectors run along an axis, for a body that costs so much. */
function costAlong({ sizes, precision, roots, loads }: Loops, axis: number, body: number): number {
  const width = precision === "f64" ? 2 : 4;
  const size = sizes[axis]!;
  const turns = (Math.floor(size / width) + (size % width)) / size;
  const memory = ({ strides }: Access): number => (strides[axis] === 1 ? turns : strides[axis] === 0 ? 0 : 1);
  let cost = body * turns + 3 / size;
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
export const callCount = (loops: Loops): number => [...expressionsUnder(loops)].filter(({ kind }) => !cheap.has(kind)).length;

/** How many floats a body multiplies. */
export const productCount = (loops: Loops): number =>
  [...expressionsUnder(loops)].filter(({ kind, type }) => kind === "mul" && type === "float").length;

/** The functions a body calls, those first that wait for no other, then those that wait for these, and so on. */
export function callLevels(loops: Loops): readonly (readonly Expression[])[] {
  const levels: Expression[][] = [];
  const known = new Map<Expression, number>();
  for (const { value } of loops.roots) {
    foldExpression<number>(value, known, (x, args) => {
      const waits = Math.max(0, ...args);
      if (cheap.has(x.kind)) return waits;
      (levels[waits] ??= []).push(x);
      return waits + 1;
    });
  }
  return levels;
}

/** Roughly how many instructions a body takes. */
export const costOf = (loops: Loops): number =>
  [...expressionsUnder(loops)].reduce(
    (sum, { kind }) => sum + (kind === "constant" || kind === "variable" ? 0 : cheap.has(kind) ? 1 : 30),
    loops.loads.length,
  );
