/** Arbitraries of shapes, and of tensors whose shapes fit one another: broadcasting, gufunc signatures, einsum. Knows the signatures' grammar. */
import type { Shape, Tensor } from "@cotangent/core";
import { broadcastShapes } from "@cotangent/core/engine";
import type { Arbitrary, Random } from "fast-check";
import { oneIn } from "./draws.ts";
import { pointwise, separated } from "./entries.ts";
import { optionError, shapeError, signatureError } from "./errors.ts";
import type { Dimension, Group, Part } from "./frame.ts";
import { type Blueprint, JointArbitrary, type Piece, type Place } from "./joint.ts";
import { type Leaf, shapeLeaf, type Step, tensorLeaf } from "./leaf.ts";
import { checkOptions, checkRange, type Interval, type Range } from "./options.ts";
import { pointOptions, pointsOf } from "./points.ts";
import { single } from "./sized.ts";
import { shapeReader, type TensorsOptions } from "./tensors.ts";

export interface ShapesOptions {
  /** Fixed sizes, named sizes and runs of axes, as in `["...batch", "m", 3]`; any shape by default. */
  readonly shape?: readonly Dimension[];
  /** How many axes: 0 to 3 by default. */
  readonly rank?: Range;
  /** What the sides may be: 1 to 5 by default. */
  readonly side?: Range;
}

/**
 * Shapes: lists of sides. They shrink to fewer axes, then to sides of 1.
 * @example
 * ```ts
 * import { shapes } from "@cotangent/check";
 * import { sample } from "fast-check";
 * sample(shapes({ rank: [1, 2], side: [2, 3] }), { seed: 1, numRuns: 3 });
 * ```
 */
export function shapes(options: ShapesOptions = {}): Arbitrary<Shape> {
  const reader = shapeReader("shapes", checkOptions("shapes", options, ["shape", "rank", "side"]));
  const blueprint = single<Shape>("shapes", (place) => {
    const { parts, groups } = reader.at(place);
    return shapeLeaf(parts, groups);
  });
  return new JointArbitrary(blueprint);
}

export interface BroadcastableOptions {
  readonly rank?: Range;
  readonly side?: Range;
}

/** Shapes that broadcast with a given one: its sides or 1 from the back, fewer axes or more. */
export function broadcastableShapes(shape: Shape, options: BroadcastableOptions = {}): Arbitrary<Shape> {
  if (!Array.isArray(shape) || !shape.every((side) => Number.isSafeInteger(side) && side >= 0))
    throw shapeError("broadcastableShapes", shape);
  const { rank = [0, shape.length + 1], side = [1, Math.max(3, ...shape)] } = checkOptions("broadcastableShapes", options, [
    "rank",
    "side",
  ]);
  const ranks = checkRange("broadcastableShapes", "rank", rank);
  const sides = checkRange("broadcastableShapes", "side", side);
  return new JointArbitrary(single<Shape>("broadcastableShapes", () => broadcastableLeaf(shape, ranks, sides)));
}

function broadcastableLeaf(shape: Shape, rank: Interval, side: Interval): Leaf<Shape, Shape> {
  /** What the axis may be that is `back` from the end, simplest first. */
  const choices = (back: number): number[] => {
    const own = back <= shape.length ? shape[shape.length - back]! : 1;
    const free = Array.from({ length: side[1] - side[0] + 1 }, (_, i) => side[0] + i).sort((a, b) => Number(a === 0) - Number(b === 0));
    return own === 1 ? free : [...new Set([1, own])];
  };
  const draw = (random: Random): number[] =>
    Array.from({ length: random.nextInt(...rank) }, (_, i) => i + 1)
      .map((back) => choices(back))
      .map((all) => (oneIn(random, 3) ? all[0]! : all[random.nextInt(0, all.length - 1)]!))
      .reverse();
  return {
    groups: [],
    draw: (_frame, random) => draw(random),
    follow: (state) => state,
    *simpler(state): Generator<Step<Shape>> {
      for (let count = rank[0]; count < state.length; count++) yield [state.slice(state.length - count), undefined];
      for (const [axis, own] of state.entries()) {
        const all = choices(state.length - axis);
        for (const simpler of all.slice(0, all.indexOf(own))) yield [state.with(axis, simpler), undefined];
      }
    },
    value: (state) => [...state],
    measure: (value, frame) => {
      const fits = Array.isArray(value) && value.length >= rank[0] && value.length <= rank[1];
      return fits && value.every((own, axis) => choices(value.length - axis).includes(own)) ? frame : undefined;
    },
    read: (value) => value as Shape,
  };
}

/** What operands look like: the parts of each, and of the result where it is said. */
interface Signature {
  readonly inputs: readonly (readonly Part[])[];
  readonly output: readonly Part[] | undefined;
  /** Whether the axes of the broadcast run come first, as everywhere but in einsum. */
  readonly groups: readonly Group[];
}

const wanted = 'a count, a signature as in "(m,n),(n,p)->(m,p)" or an einsum specification as in "ij,jk->ik"';

function parseSignature(op: string, signature: unknown, run: string): Signature {
  const loop: Part = { group: run, broadcast: true };
  if (typeof signature === "number" && Number.isSafeInteger(signature) && signature > 0)
    return { inputs: Array.from({ length: signature }, () => [loop]), output: [loop], groups: [{ name: run }] };
  if (typeof signature !== "string") throw signatureError(op, signature, wanted);
  const text = signature.replace(/\s/g, "");
  const [left, right, ...rest] = text.split("->");
  if (left === undefined || left === "" || rest.length > 0) throw signatureError(op, signature, wanted);
  const read = text.includes("(") ? gufuncOperands(loop) : einsumOperands(loop);
  const inputs = read(left);
  const output = right === undefined ? undefined : read(right);
  if (inputs === undefined || (right !== undefined && output?.length !== 1)) throw signatureError(op, signature, wanted);
  const names = (lists: readonly (readonly Part[])[]): string[] =>
    lists.flatMap((parts) => parts.flatMap((part) => ("group" in part ? [part.group] : [])));
  const known = new Set(names(inputs));
  if (output !== undefined && names(output).some((name) => !known.has(name) && name !== run)) throw signatureError(op, signature, wanted);
  return { inputs, output: output?.[0], groups: [...known].map((name) => ({ name })) };
}

type OperandReader = (text: string) => Part[][] | undefined;

/** `(m,n),(n,p)`: sizes behind any axes that broadcast; `m?` may be missing, a number is fixed. */
const gufuncOperands =
  (loop: Part): OperandReader =>
  (text) => {
    if (!/^\([\w?,]*\)(,\([\w?,]*\))*$/.test(text)) return undefined;
    const operands = [...text.matchAll(/\(([^)]*)\)/g)].map(([, inside]) => (inside === "" ? [] : inside!.split(",")));
    if (!operands.flat().every((word) => /^(\d+|[A-Za-z_]\w*\??)$/.test(word))) return undefined;
    return operands.map((words) => [loop, ...words.map((word): Part => (/^\d/.test(word) ? { side: Number(word) } : { group: word }))]);
  };

/** `ij,jk`: a letter is a size, an ellipsis axes that broadcast. */
const einsumOperands =
  (loop: Part): OperandReader =>
  (text) => {
    if (!/^([A-Za-z]|\.\.\.|,)*$/.test(text)) return undefined;
    const operands = text.split(",").map((operand) => [...operand.matchAll(/\.\.\.|[A-Za-z]/g)].map(([word]) => word));
    if (operands.some((words) => words.filter((word) => word === "...").length > 1)) return undefined;
    return operands.map((words) => words.map((word): Part => (word === "..." ? loop : { group: word })));
  };

export interface SignatureOptions {
  /** How many axes broadcast: 0 to 3 by default. */
  readonly rank?: Range;
  /** What the sides may be: 1 to 5 by default. */
  readonly side?: Range;
  /** Whether all named sizes differ; so they do for einsum unless this is false. */
  readonly distinct?: boolean;
}

/** The shapes of operands and of their result. */
export interface OperandShapes {
  readonly inputs: readonly Shape[];
  readonly output: Shape;
}

/**
 * Shapes that fit one another, and the shape of the result: so many that broadcast, a gufunc signature `"(m,n),(n,p)->(m,p)"` (axes in front
 * broadcast; `m?` may be missing; a number is a fixed size), or an einsum specification.
 * @example
 * ```ts
 * import { mutuallyBroadcastable } from "@cotangent/check";
 * import { sample } from "fast-check";
 * const [one] = sample(mutuallyBroadcastable("(m,n),(n,p)->(m,p)"), { seed: 1, numRuns: 1 });
 * one.inputs[0].at(-1) === one.inputs[1].at(-2); // => true
 * ```
 */
export function mutuallyBroadcastable(signature: number | string, options: SignatureOptions = {}): Arbitrary<OperandShapes> {
  return operandShapes("mutuallyBroadcastable", signature, options);
}

/** The shapes of einsum's operands and result: one size a letter, all sizes different, so that no transpose goes unnoticed. */
export function einsumShapes(specification: string, options: SignatureOptions = {}): Arbitrary<OperandShapes> {
  if (typeof specification !== "string" || specification.includes("("))
    throw signatureError("einsumShapes", specification, 'letters as in "ij,jk->ik"');
  return operandShapes("einsumShapes", specification, options);
}

const isEinsum = (signature: number | string): boolean => typeof signature === "string" && !signature.includes("(");

/** The pieces of a signature: what `leaf` makes of the parts of each operand. */
function operandPieces(
  op: string,
  signature: number | string,
  options: SignatureOptions,
  leaf: (parts: readonly Part[], groups: readonly Group[], operand: number) => Leaf,
): readonly Piece[] {
  const { inputs } = parseSignature(op, signature, "...");
  const asked = {
    ...(options.side === undefined ? {} : { side: checkRange(op, "side", options.side) }),
  };
  const rank = options.rank === undefined ? {} : { rank: checkRange(op, "rank", options.rank) };
  return inputs.map((_, i) => ({
    path: `[${i}]`,
    root: "",
    refers: false,
    make: ({ ownRun }: Place) => {
      const own = parseSignature(op, signature, ownRun);
      const groups = own.groups.map((group) => ({ ...group, ...asked, ...(group.name === ownRun ? rank : {}) }));
      return leaf(own.inputs[i]!, groups, i);
    },
  }));
}

function operandShapes(op: string, signature: number | string, options: SignatureOptions): Arbitrary<OperandShapes> {
  const { distinct = isEinsum(signature) } = checkOptions(op, options, ["rank", "side", "distinct"]);
  const { inputs, output } = parseSignature(op, signature, "...");
  const pieces = operandPieces(op, signature, options, (parts, groups) => shapeLeaf(parts, groups));
  const count = inputs.length;
  const named = (parts: readonly Part[]): Part[] => parts.filter((part) => !("group" in part && part.broadcast));
  const cores = [...inputs, output ?? implicitOutput(inputs)].map(
    (parts, i): Piece => ({
      path: `core ${i}`,
      root: "",
      refers: false,
      make: () => shapeLeaf(named(parts), []),
    }),
  );
  const blueprint: Blueprint<OperandShapes> = {
    op,
    pieces: [...pieces, ...cores],
    groups: [],
    distinct,
    form: {
      build: (values) => {
        const all = values as readonly Shape[];
        const loops = all.slice(0, count).map((shape, i) => loopOf(shape, inputs[i]!, all[count + i]!));
        const loop = loops.reduce((x, y) => broadcastShapes(op, x, y), []);
        return { inputs: all.slice(0, count), output: withLoop(loop, output ?? implicitOutput(inputs), all.at(-1)!) };
      },
      parts: () => undefined,
    },
  };
  return new JointArbitrary(blueprint);
}

/** Where the broadcast axes begin in a shape of these parts. */
const loopPlace = (parts: readonly Part[]): number => parts.findIndex((part) => "group" in part && part.broadcast);

function loopOf(shape: Shape, parts: readonly Part[], core: Shape): Shape {
  const place = loopPlace(parts);
  return place < 0 ? [] : shape.slice(place, place + shape.length - core.length);
}

function withLoop(loop: Shape, parts: readonly Part[], core: Shape): Shape {
  const place = loopPlace(parts);
  return place < 0 ? core : core.toSpliced(place, 0, ...loop);
}

/** Einsum without an arrow: the broadcast axes, then the letters that occur once, in order. */
function implicitOutput(inputs: readonly (readonly Part[])[]): Part[] {
  const all = inputs.flat();
  const loop = all.find((part) => "group" in part && part.broadcast);
  const letters = all.flatMap((part) => ("group" in part && !part.broadcast ? [part.group] : []));
  const once = letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter)).sort();
  return [...(loop === undefined ? [] : [loop]), ...once.map((group) => ({ group }))];
}

export interface OperandsOptions extends Omit<TensorsOptions, "shape" | "like" | "rank" | "side">, SignatureOptions {}

/**
 * Tensors whose shapes fit one another, by a count, a gufunc signature or an einsum specification as in `mutuallyBroadcastable`; all with
 * entries from the same domain.
 * @example
 * ```ts
 * import { operands } from "@cotangent/check";
 * import { einsum } from "@cotangent/core";
 * import { sample } from "fast-check";
 * sample(operands("ij,jk->ik"), { seed: 1, numRuns: 20 }).every(([x, y]) => einsum("ij,jk->ik", x, y).shape[0] === x.shape[0]); // => true
 * ```
 */
export function operands(signature: number | string, options: OperandsOptions = {}): Arbitrary<Tensor[]> {
  const checked = checkOptions("operands", options, ["rank", "side", "distinct", ...pointOptions, "separation", "unique"]);
  const { separation, unique = false, distinct = isEinsum(signature) } = checked;
  if (separation !== undefined && !(separation > 0)) throw optionError("operands", "separation", separation, "a positive number");
  const points = pointsOf("operands", checked);
  const entries = separation !== undefined || unique ? separated(points, separation ?? 0) : pointwise(points);
  const pieces = operandPieces("operands", signature, checked, (parts, groups) => tensorLeaf(parts, groups, () => entries));
  const blueprint: Blueprint<Tensor[]> = {
    op: "operands",
    pieces,
    groups: [],
    distinct,
    form: {
      build: (values) => values.slice() as Tensor[],
      parts: (value) => (Array.isArray(value) && value.length === pieces.length ? value : undefined),
    },
  };
  return new JointArbitrary(blueprint);
}
