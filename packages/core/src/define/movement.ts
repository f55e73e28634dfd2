/**
 * Builders for ops that move entries without changing them: strided copies described as data. Values, both derivative modes and the
 * lowering follow from the segments and a transpose written in ops. It knows no row by name.
 */
import { allocate, coerce, type DType, type TypedArray } from "../dtype.ts";
import type { Expression, ScalarType } from "../expression.ts";
import { buildProgram, type Buffer, type Program, type ProgramBuilder } from "../loop/program.ts";
import { type Notation, transparent } from "../notation.ts";
import { type Aval, apply1, kernelOf, type Lowered, type Op } from "../op.ts";
import { type Shape, sizeOf, stridesOf } from "../shape.ts";
import { typeOf } from "./elementwise.ts";
import { entriesOf, type Storage, type Tensor, tensorOf } from "../tensor.ts";

/** A strided copy: entry `from + i·fromStrides` of an input goes to `to + i·toStrides` of the output, for `i` below `sizes`. */
export interface Segment {
  readonly input: number;
  readonly sizes: readonly number[];
  readonly from: number;
  readonly fromStrides: readonly number[];
  readonly to: number;
  readonly toStrides: readonly number[];
}

/** What a movement does: fill (unless the segments cover everything), then copy or add each segment. */
export interface Movement {
  readonly fill: number | null;
  readonly accumulate: boolean;
  readonly segments: readonly Segment[];
}

export interface MovementSpec<P> {
  readonly name: string;
  readonly notation: Notation;
  readonly infer: (inputs: readonly Aval[], params: P) => Aval;
  readonly plan: (inputs: readonly Aval[], params: P, out: Aval) => Movement;
  /** The cotangent of one input. */
  readonly transpose: (g: Tensor, input: number, inputs: readonly Tensor[], params: P) => Tensor;
  /** The params under which it moves tangents: no fill. */
  readonly tangentParams?: (params: P) => P;
  readonly lift: (inputs: readonly Tensor[], batched: readonly boolean[], params: P, size: number) => Tensor;
  /** The entries keep their order, so the output shares the input's storage. */
  readonly shares?: boolean;
  readonly show?: (params: P) => string;
}

export function movement<P>(spec: MovementSpec<P>): Op<P> {
  const op: Op<P> = {
    name: spec.name,
    kind: "movement",
    notation: spec.notation,
    broadcasts: false,
    infer: (inputs, params) => [spec.infer(inputs, params)],
    evaluate(inputs, params, outputs) {
      const out = outputs[0]!;
      if (spec.shares) return [shareStorage(inputs[0]!, out)];
      return [move(spec.plan(inputs, params, out), inputs, out)];
    },
    lower: (inputs, params) => lowerMovement(spec.plan(inputs, params, spec.infer(inputs, params)), inputs, spec.infer(inputs, params)),
    pullback(node, cotangents, wanted) {
      const g = cotangents[0]!;
      return node.inputs.map((_, i) => (wanted[i] && g !== null ? spec.transpose(g, i, node.inputs, node.params as P) : null));
    },
    pushforward(node, tangents) {
      if (tangents.every((t) => t === null)) return [null];
      const params = spec.tangentParams === undefined ? (node.params as P) : spec.tangentParams(node.params as P);
      return [apply1(op, tangents.map((t, i) => t ?? zerosOf(node.inputs[i]!)), params)];
    },
    lift: (inputs, batched, params, size) => [spec.lift(inputs, batched, params, size)],
    ...(spec.show === undefined ? {} : { show: spec.show }),
  };
  return op;
}

/** Zeros in the shape and dtype of another tensor; a constant. */
export function zerosOf(x: Aval): Tensor {
  return tensorOf(x.shape, x.dtype, x.shape.length === 0 ? 0 : allocate(x.dtype, sizeOf(x.shape)));
}

function shareStorage(x: Tensor, out: Aval): Storage {
  const storage = x.storage!;
  if (out.shape.length === 0) return typeof storage === "number" ? storage : storage[0]!;
  return typeof storage === "number" ? entriesOf(x) : storage;
}

function move(plan: Movement, inputs: readonly Tensor[], out: Aval): Storage {
  const entries = allocate(out.dtype, sizeOf(out.shape));
  if (plan.fill !== null && plan.fill !== 0) entries.fill(coerce(plan.fill, out.dtype));
  for (const segment of plan.segments) runSegment(segment, inputs[segment.input]!, entries, out.dtype, plan.accumulate);
  return out.shape.length === 0 ? entries[0]! : entries;
}

/** Copies one strided block; also how other kinds gather an operand they want contiguous. */
export function runSegment(segment: Segment, input: Tensor, entries: TypedArray, dtype: DType, accumulate: boolean): void {
  const source = entriesOf(input);
  const { sizes, from, fromStrides, to, toStrides } = merged(segment);
  if (sizes.includes(0)) return;
  const rank = sizes.length;
  if (!accumulate && rank === 1 && fromStrides[0] === 1 && toStrides[0] === 1) {
    entries.set(source.subarray(from, from + sizes[0]!), to);
    return;
  }
  const program = segmentProgram(typeOf(input.dtype), typeOf(dtype), rank, fromStrides[rank - 1] === 1, toStrides[rank - 1] === 1, accumulate);
  kernelOf(program)(source, entries, ...sizes, from, ...fromStrides, to, ...toStrides);
}

/** Drops axes of one entry, merges axes that lie together on both sides, and puts the smaller output stride innermost. */
function merged(segment: Segment): Segment {
  const axes = segment.sizes.map((_, axis) => axis).filter((axis) => segment.sizes[axis] !== 1);
  if (segment.toStrides.every((stride) => stride >= 0)) axes.sort((a, b) => segment.toStrides[b]! - segment.toStrides[a]! || a - b);
  const sizes: number[] = [];
  const fromStrides: number[] = [];
  const toStrides: number[] = [];
  for (const axis of axes) {
    const [size, f, t] = [segment.sizes[axis]!, segment.fromStrides[axis]!, segment.toStrides[axis]!];
    const last = sizes.length - 1;
    if (last >= 0 && fromStrides[last] === f * size && toStrides[last] === t * size) {
      sizes[last] = sizes[last]! * size;
      fromStrides[last] = f;
      toStrides[last] = t;
    } else {
      sizes.push(size);
      fromStrides.push(f);
      toStrides.push(t);
    }
  }
  if (sizes.length === 0) return { ...segment, sizes: [1], fromStrides: [1], toStrides: [1] };
  return { ...segment, sizes, fromStrides, toStrides };
}

const segmentPrograms = new Map<string, Program>();

function segmentProgram(type: ScalarType, outType: ScalarType, rank: number, unitFrom: boolean, unitTo: boolean, accumulate: boolean): Program {
  const key = `${type},${outType},${rank},${unitFrom},${unitTo},${accumulate}`;
  let program = segmentPrograms.get(key);
  if (program === undefined) {
    program = buildProgram("move", (b) => {
      const x = b.input("x", type);
      const out = b.output("out", outType);
      writeSegment(b, x, out, "", rank, accumulate, unitFrom, unitTo);
    });
    segmentPrograms.set(key, program);
  }
  return program;
}

/** The loop nest of one segment; declares its integers: sizes, from, fromStrides, to, toStrides. */
function writeSegment(b: ProgramBuilder, x: Buffer, out: Buffer, suffix: string, rank: number, accumulate: boolean, unitFrom: boolean, unitTo: boolean): void {
  const list = (name: string) => Array.from({ length: rank }, (_, axis) => b.integer(`${name}${suffix}_${axis}`));
  const sizes = list("n");
  const from = b.integer(`from${suffix}`);
  const fromStrides: (Expression | number)[] = list("f");
  const to = b.integer(`to${suffix}`);
  const toStrides: (Expression | number)[] = list("t");
  if (unitFrom) fromStrides[rank - 1] = 1;
  if (unitTo) toStrides[rank - 1] = 1;
  const nest = (axis: number, source: Expression, target: Expression): void => {
    if (axis === rank) {
      const value = b.load(x, source);
      b.store(out, target, accumulate ? b.arithmetic.add(b.load(out, target), value) : value);
      return;
    }
    b.for(0, sizes[axis]!, (i) => {
      const nextSource = b.plus(source, b.times(i, fromStrides[axis]!));
      const nextTarget = b.plus(target, b.times(i, toStrides[axis]!));
      if (axis === rank - 1) nest(axis + 1, nextSource, nextTarget);
      else nest(axis + 1, b.let(nextSource), b.let(nextTarget));
    });
  };
  nest(0, from, to);
}

function lowerMovement(plan: Movement, inputs: readonly Aval[], out: Aval): Lowered {
  const segments = plan.segments.map(merged).filter((segment) => !segment.sizes.includes(0));
  const fills = plan.fill !== null;
  const key = `${inputs.map((x) => x.dtype)}:${out.dtype}:${fills}:${plan.accumulate}:${segments.map((segment) => `${segment.input}.${segment.sizes.length}`)}`;
  let program = segmentPrograms.get(key);
  if (program === undefined) {
    program = buildProgram("move", (b) => {
      const sources = inputs.map((x, i) => b.input(`x${i}`, typeOf(x.dtype)));
      const target = b.output("out", typeOf(out.dtype));
      if (fills) {
        const value = b.scalar("fill", "float");
        b.for(0, b.integer("size"), (i) => b.store(target, i, value));
      }
      segments.forEach((segment, i) => writeSegment(b, sources[segment.input]!, target, String(i), segment.sizes.length, plan.accumulate, false, false));
    });
    segmentPrograms.set(key, program);
  }
  const integers = segments.flatMap(({ sizes, from, fromStrides, to, toStrides }) => [...sizes, from, ...fromStrides, to, ...toStrides]);
  return { program, scalars: fills ? [plan.fill!] : [], integers: fills ? [sizeOf(out.shape), ...integers] : integers };
}

/** The whole of one input to the whole of the output, axis by axis. */
export function wholeSegment(shape: Shape, fromStrides: readonly number[], toStrides: readonly number[], from = 0, to = 0, input = 0): Segment {
  return { input, sizes: shape, from, fromStrides, to, toStrides };
}

/** The input of a recording as the recordings outside see it: the same tensor. */
export const identity: Op<undefined> = /* @__PURE__ */ movement<undefined>({
  name: "identity",
  notation: transparent,
  infer: (inputs) => inputs[0]!,
  plan: (inputs, _params, out) => ({ fill: null, accumulate: false, segments: [wholeSegment(inputs[0]!.shape, stridesOf(out.shape), stridesOf(out.shape))] }),
  transpose: (g) => g,
  lift: (inputs) => inputs[0]!,
  shares: true,
});
