/**
 * The contraction op: a sum of products over labelled axes. Every label is batch (in both operands and the output), contracted (in both
 * operands only) or free (in one operand and the output). It knows labels and strides; matmul, einsum and convolution are written with it.
 */
import { allocate, isFloat, promote, type TypedArray } from "../dtype.ts";
import { clashError, formatShape } from "../errors.ts";
import type { Expression } from "../expression.ts";
import { matrixProduct, type MatrixView } from "../kernels/matmul.ts";
import { buildProgram, type Program } from "../loop/program.ts";
import { infix, precedence } from "../notation.ts";
import { type Aval, apply1, evaluateLowered, type Lowered, type Op } from "../op.ts";
import { type Shape, sizeOf, stridesOf } from "../shape.ts";
import { entriesOf, type Storage, type Tensor, tensorOf } from "../tensor.ts";
import { add, typeOf } from "./elementwise.ts";
import { runSegment } from "./movement.ts";

export interface ContractionParams {
  /** One character an axis. */
  readonly x: string;
  readonly y: string;
  readonly out: string;
  /** The operand whose exact zeros win over whatever they meet: the cotangent's, in a backward pass. */
  readonly strongZero?: 0 | 1;
}

export const contraction: Op<ContractionParams> = {
  name: "contract",
  kind: "contraction",
  notation: infix("·", "\\,", precedence.product, true),
  broadcasts: false,
  infer: (inputs, params) => [inferContraction(inputs[0]!, inputs[1]!, params)],
  evaluate(inputs, params, outputs) {
    const [x, y] = inputs as [Tensor, Tensor];
    const out = outputs[0]!;
    if (!isFloat(out.dtype)) return evaluateLowered(lower(inputs, params), inputs, outputs);
    return [withStrongZeros(product(x, y, params, out), x, y, params, out)];
  },
  lower,
  pullback(node, cotangents, wanted) {
    const g = cotangents[0]!;
    const [x, y] = node.inputs as [Tensor, Tensor];
    const labels = node.params as ContractionParams;
    if (g === null) return [null, null];
    return [
      wanted[0] ? apply1(contraction, [g, y], { x: labels.out, y: labels.y, out: labels.x, strongZero: 0 }) : null,
      wanted[1] ? apply1(contraction, [x, g], { x: labels.x, y: labels.out, out: labels.y, strongZero: 1 }) : null,
    ];
  },
  pushforward(node, tangents) {
    const [x, y] = node.inputs as [Tensor, Tensor];
    const [tx, ty] = tangents as [Tensor | null, Tensor | null];
    const { x: xLabels, y: yLabels, out } = node.params as ContractionParams;
    const left = tx === null ? null : apply1(contraction, [tx, y], { x: xLabels, y: yLabels, out, strongZero: 0 });
    const right = ty === null ? null : apply1(contraction, [x, ty], { x: xLabels, y: yLabels, out, strongZero: 1 });
    return [left === null ? right : right === null ? left : add(left, right)];
  },
  lift(inputs, batched, { x, y, out, ...rest }) {
    const label = freshLabel(x + y + out);
    return [
      apply1(contraction, inputs as [Tensor, Tensor], {
        x: batched[0] ? label + x : x,
        y: batched[1] ? label + y : y,
        out: label + out,
        ...rest,
      }),
    ];
  },
  show: ({ x, y, out }) => `${x},${y}->${out}`,
};

/** A character not among the given ones. */
export function freshLabel(used: string): string {
  for (let code = 97; ; code = code === 122 ? 0x3b1 : code + 1) {
    const label = String.fromCharCode(code);
    if (!used.includes(label)) return label;
  }
}

function inferContraction(x: Aval, y: Aval, { x: xLabels, y: yLabels, out }: ContractionParams): Aval {
  const sizes = new Map<string, number>();
  const read = (labels: string, shape: Shape): void => {
    if (labels.length !== shape.length) throw clashError("contract", "labels and axes differ in number", `"${labels}" for ${formatShape(shape)}`, "give one label an axis");
    for (let axis = 0; axis < labels.length; axis++) {
      const label = labels[axis]!;
      const known = sizes.get(label);
      if (labels.indexOf(label) !== axis) throw clashError("contract", "a label stands twice in one operand", `"${labels}"`, "take the diagonal first");
      if (known !== undefined && known !== shape[axis]) {
        throw clashError("contract", "sizes of one label differ", `${formatShape(x.shape)} · ${formatShape(y.shape)}, label ${label} has ${known} and ${shape[axis]}`, "make them equal");
      }
      sizes.set(label, shape[axis]!);
    }
  };
  read(xLabels, x.shape);
  read(yLabels, y.shape);
  for (const label of xLabels + yLabels) {
    if (out.includes(label) || (xLabels.includes(label) && yLabels.includes(label))) continue;
    throw clashError("contract", "a label is in one operand only", `label ${label} of "${xLabels},${yLabels}->${out}"`, "sum over it first");
  }
  const shape = [...out].map((label) => {
    const size = sizes.get(label);
    if (size === undefined) throw clashError("contract", "an output label is in no operand", `label ${label} of "${xLabels},${yLabels}->${out}"`, "drop it");
    return size;
  });
  const dtype = promote(x.dtype, y.dtype);
  return { shape, dtype: dtype === "bool" ? "int32" : dtype };
}

interface Grouped {
  readonly batch: string;
  readonly rows: string;
  readonly inner: string;
  readonly columns: string;
}

function group({ x, y, out }: ContractionParams): Grouped {
  const only = (labels: string, test: (label: string) => boolean): string => [...labels].filter(test).join("");
  return {
    batch: only(out, (label) => x.includes(label) && y.includes(label)),
    rows: only(out, (label) => x.includes(label) && !y.includes(label)),
    columns: only(out, (label) => !x.includes(label) && y.includes(label)),
    inner: only(x, (label) => y.includes(label) && !out.includes(label)),
  };
}

/** The product by the blocked kernel: operands are read in place where each group of labels has one stride, and gathered where not. */
function product(x: Tensor, y: Tensor, params: ContractionParams, out: Aval): Storage {
  const groups = group(params);
  const { batch, rows, inner, columns } = groups;
  const sizes = labelSizes(x, y, params);
  const canonical = batch + rows + columns;
  if (params.out !== canonical && params.out === batch + columns + rows) {
    return product(y, x, { x: params.y, y: params.x, out: params.out }, out);
  }
  const count = (labels: string): number => [...labels].reduce((total, label) => total * sizes.get(label)!, 1);
  const [m, k, n] = [count(rows), count(inner), count(columns)];
  const left = matrices(x, params.x, batch, rows, inner, sizes);
  const right = matrices(y, params.y, batch, inner, columns, sizes);
  const entries = allocate(out.dtype, sizeOf(out.shape));
  const batches = count(batch);
  for (let i = 0; i < batches; i++) matrixProduct(m, k, n, left(i), right(i), entries, i * m * n);
  if (out.shape.length === 0) return entries[0]!;
  if (params.out === canonical) return entries;
  return permuted(entries, canonical, params.out, sizes, out);
}

function labelSizes(x: Aval, y: Aval, params: ContractionParams): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  [...params.x].forEach((label, axis) => sizes.set(label, x.shape[axis]!));
  [...params.y].forEach((label, axis) => sizes.set(label, y.shape[axis]!));
  return sizes;
}

/** The i-th matrix of an operand: its row and column groups seen as one stride each. */
function matrices(x: Tensor, labels: string, batch: string, rows: string, columns: string, sizes: ReadonlyMap<string, number>): (i: number) => MatrixView {
  const strides = new Map<string, number>();
  stridesOf(x.shape).forEach((stride, axis) => strides.set(labels[axis]!, stride));
  const [b, r, c] = [groupStride(batch, strides, sizes), groupStride(rows, strides, sizes), groupStride(columns, strides, sizes)];
  if (b === undefined || r === undefined || c === undefined) {
    const order = batch + rows + columns;
    return matrices(gathered(x, labels, order, sizes), order, batch, rows, columns, sizes);
  }
  const values = entriesOf(x);
  return (i) => ({ values, offset: i * b, rowStride: r, columnStride: c });
}

/** The one stride of neighbouring labels, or undefined where they do not lie together. */
function groupStride(labels: string, strides: ReadonlyMap<string, number>, sizes: ReadonlyMap<string, number>): number | undefined {
  let stride: number | undefined;
  let span = 0;
  for (let i = labels.length - 1; i >= 0; i--) {
    const size = sizes.get(labels[i]!)!;
    if (size === 1) continue;
    const own = strides.get(labels[i]!)!;
    if (stride === undefined) stride = own;
    else if (own !== span) return undefined;
    span = own * size;
  }
  return stride ?? 1;
}

function gathered(x: Tensor, labels: string, order: string, sizes: ReadonlyMap<string, number>): Tensor {
  const shape = [...order].map((label) => sizes.get(label)!);
  const entries = allocate(x.dtype, sizeOf(shape));
  const strides = stridesOf(x.shape);
  const from = [...order].map((label) => strides[labels.indexOf(label)]!);
  runSegment({ input: 0, sizes: shape, from: 0, fromStrides: from, to: 0, toStrides: stridesOf(shape) }, x, entries, x.dtype, false);
  return tensorOf(shape, x.dtype, entries);
}

function permuted(entries: TypedArray, from: string, to: string, sizes: ReadonlyMap<string, number>, out: Aval): Storage {
  const x = tensorOf([...from].map((label) => sizes.get(label)!), out.dtype, entries);
  return gathered(x, from, to, sizes).storage;
}

/** Where the cotangent's exact zero met an infinity or a NaN, the term is zero: the entries that came out NaN are summed again. */
function withStrongZeros(storage: Storage, x: Tensor, y: Tensor, params: ContractionParams, out: Aval): Storage {
  if (params.strongZero === undefined || storage === null) return storage;
  if (typeof storage === "number" ? !Number.isNaN(storage) : !(storage as Float64Array).some(Number.isNaN)) return storage;
  return evaluateLowered(lower([x, y], params), [x, y], [out])[0]!;
}

const programs = new Map<string, Program>();

/** Output entry by output entry, summing over the contracted labels. */
function lower(inputs: readonly Aval[], params: ContractionParams): Lowered {
  const [x, y] = inputs as [Aval, Aval];
  const out = inferContraction(x, y, params);
  const { inner } = group(params);
  const sizes = labelSizes(x, y, params);
  const strideIn = (labels: string, shape: Shape, label: string): number => (labels.includes(label) ? stridesOf(shape)[labels.indexOf(label)]! : 0);
  const entry = (label: string): number[] => [sizes.get(label)!, strideIn(params.x, x.shape, label), strideIn(params.y, y.shape, label)];
  const key = `${x.dtype},${y.dtype},${out.dtype},${params.out.length},${inner.length},${params.strongZero}`;
  let program = programs.get(key);
  if (program === undefined) programs.set(key, (program = contractionProgram(x, y, out, params.out.length, inner.length, params.strongZero)));
  return { program, scalars: [], integers: [...params.out, ...inner].flatMap(entry) };
}

function contractionProgram(x: Aval, y: Aval, out: Aval, outRank: number, innerRank: number, strongZero: 0 | 1 | undefined): Program {
  return buildProgram("contract", (b) => {
    const s = b.arithmetic;
    const [xs, ys, target] = [b.input("x", typeOf(x.dtype)), b.input("y", typeOf(y.dtype)), b.output("out", typeOf(out.dtype))];
    const axes = Array.from({ length: outRank + innerRank }, (_, i) => ({ size: b.integer(`n${i}`), x: b.integer(`x${i}`), y: b.integer(`y${i}`) }));
    const term = (xAt: Expression, yAt: Expression): Expression => {
      const factors = [s.convert(b.load(xs, xAt), typeOf(out.dtype)), s.convert(b.load(ys, yAt), typeOf(out.dtype))] as const;
      const whole = s.mul(factors[0], factors[1]);
      if (strongZero === undefined) return whole;
      return s.select(s.equal(factors[strongZero], s.constant(0)), s.constant(0), whole);
    };
    const nest = (axis: number, xAt: Expression, yAt: Expression, outAt: Expression, sum: Expression | undefined): void => {
      if (axis === outRank && sum === undefined) {
        const total = b.let(s.convert(s.constant(0), typeOf(out.dtype)));
        nest(axis, xAt, yAt, outAt, total);
        b.store(target, outAt, total);
      } else if (axis === axes.length) b.set(sum!, s.add(sum!, term(xAt, yAt)));
      else {
        const { size, x: xStride, y: yStride } = axes[axis]!;
        b.for(0, size, (i) => {
          const outNext = axis < outRank ? b.let(b.plus(b.times(outAt, axis === 0 ? 0 : size), i)) : outAt;
          nest(axis + 1, b.let(b.plus(xAt, b.times(i, xStride))), b.let(b.plus(yAt, b.times(i, yStride))), outNext, sum);
        });
      }
    };
    const zero = s.integer(0);
    nest(0, zero, zero, zero, undefined);
  });
}
