/**
 * The contraction op: a sum of products over labelled axes. Every label is batch (in both operands and the output), contracted (in both
 * operands only) or free (in one operand and the output). It knows labels and strides; matmul, einsum and convolution are written with it.
 */
import { allocate, isFloat, promote, type TypedArray } from "../dtype.ts";
import { clashError, formatShape } from "../errors.ts";
import type { Expression } from "../expression.ts";
import { matrixProduct, type MatrixView } from "../kernels/matmul.ts";
import { buildProgram, memo, type Program } from "../loop/program.ts";
import { contracted } from "../notation.ts";
import { type Aval, apply1, evaluateLowered, type Lowered, type Op } from "../op.ts";
import { sizeOf, stridesOf } from "../shape.ts";
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
  notation: contracted,
  broadcasts: false,
  infer: (inputs, params) => [inferContraction(inputs[0]!, inputs[1]!, params)],
  evaluate(inputs, params, outputs) {
    const out = outputs[0]!;
    if (!isFloat(out.dtype)) return evaluateLowered(lower(inputs, params), inputs, outputs);
    return [withStrongZeros(product(inputs[0]!, inputs[1]!, params, out), inputs, params, out)];
  },
  lower,
  pullback(node, cotangents, wanted) {
    const g = cotangents[0]!;
    const [x, y] = node.inputs as [Tensor, Tensor];
    const labels = node.params as ContractionParams;
    if (g === null) return [null, null];
    return [
      wanted[0] ? contractLabels(g, y, { x: labels.out, y: labels.y, out: labels.x, strongZero: 0 }) : null,
      wanted[1] ? contractLabels(x, g, { x: labels.x, y: labels.out, out: labels.y, strongZero: 1 }) : null,
    ];
  },
  pushforward(node, tangents) {
    const [x, y] = node.inputs as [Tensor, Tensor];
    const [tx, ty] = tangents as [Tensor | null, Tensor | null];
    const labels = node.params as ContractionParams;
    const left = tx === null ? null : contractLabels(tx, y, { ...labels, strongZero: 0 });
    const right = ty === null ? null : contractLabels(x, ty, { ...labels, strongZero: 1 });
    return [left === null ? right : right === null ? left : add(left, right)];
  },
  lift([x, y], batched, labels) {
    const label = freshLabel(labels.x + labels.y + labels.out);
    return [
      contractLabels(x!, y!, {
        ...labels,
        x: batched[0] ? label + labels.x : labels.x,
        y: batched[1] ? label + labels.y : labels.y,
        out: label + labels.out,
      }),
    ];
  },
  show: ({ x, y, out }) => `${x},${y}->${out}`,
};

/** The contraction of two tensors by labels. */
export const contractLabels = (x: Tensor, y: Tensor, params: ContractionParams): Tensor => apply1(contraction, [x, y], params);

/** A character not among the given ones. */
export function freshLabel(used: string): string {
  for (let code = 97; ; code = code === 122 ? 0x3b1 : code + 1) {
    const label = String.fromCharCode(code);
    if (!used.includes(label)) return label;
  }
}

/** So many characters, distinct and not among the given ones. */
export function freshLabels(count: number, used = ""): string {
  let labels = "";
  for (let i = 0; i < count; i++) labels += freshLabel(used + labels);
  return labels;
}

/** How a contraction of vectors and matrices is written without labels: `X^\top Y`, the factors exchanged if `swapped`. */
export interface MatrixForm {
  readonly swapped: boolean;
  readonly transposed: readonly [first: boolean, second: boolean];
}

/** For printers; null where only labels say what is meant. Vectors are columns. */
export function matrixForm({ x, y, out }: ContractionParams): MatrixForm | null {
  return formInOrder(x, y, out, false) ?? formInOrder(y, x, out, true);
}

function formInOrder(x: string, y: string, out: string, swapped: boolean): MatrixForm | null {
  if (x.length > 2 || y.length > 2) return null;
  if (x === "" || y === "") return x + y === out ? { swapped, transposed: [false, false] } : null;
  const inner = [...x].filter((label) => y.includes(label)).join("");
  const [row, column] = [x.replace(inner, ""), y.replace(inner, "")];
  if (inner.length > 1 || row + column !== out || row.length > 1 || column.length > 1) return null;
  if (inner === "") return { swapped, transposed: [false, true] };
  if (row === "" && column !== "" && !swapped) return null;
  return { swapped, transposed: [x.length === 1 || x[0] === inner, y.length === 2 && y[1] === inner] };
}

/** Where a label stands: an axis of each tensor, or -1. */
interface Label {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly out: number;
}

/** The labels by role, each group in the order of the output (contracted ones in the order of x). */
interface Roles {
  readonly output: readonly Label[];
  readonly inner: readonly Label[];
}

const known = new Map<string, Roles>();

/** The labels of a contraction, checked once for each distinct triple. */
function rolesOf({ x, y, out }: ContractionParams): Roles {
  return memo(known, `${x},${y},${out}`, () => readLabels(x, y, out));
}

function readLabels(x: string, y: string, out: string): Roles {
  const spec = `"${x},${y}->${out}"`;
  for (const labels of [x, y, out]) {
    if (new Set(labels).size !== labels.length)
      throw clashError("contract", "a label stands twice in one tensor", `"${labels}" of ${spec}`, "take the diagonal first");
  }
  for (const label of x + y) {
    if (out.includes(label) || (x.includes(label) && y.includes(label))) continue;
    throw clashError("contract", "a label is in one operand only", `label ${label} of ${spec}`, "sum over it first");
  }
  const label = (name: string): Label => ({ name, x: x.indexOf(name), y: y.indexOf(name), out: out.indexOf(name) });
  const output = [...out].map(label);
  for (const { name, x, y } of output) {
    if (x < 0 && y < 0) throw clashError("contract", "an output label is in no operand", `label ${name} of ${spec}`, "drop it");
  }
  return { output, inner: [...x].filter((name) => !out.includes(name)).map(label) };
}

const sizeOfLabel = ({ x: xAxis, y: yAxis }: Label, x: Aval, y: Aval): number => (xAxis >= 0 ? x.shape[xAxis]! : y.shape[yAxis]!);

function inferContraction(x: Aval, y: Aval, params: ContractionParams): Aval {
  checkRank(params.x, x);
  checkRank(params.y, y);
  const { output, inner } = rolesOf(params);
  for (const labels of [output, inner]) {
    for (const { name, x: a, y: b } of labels) {
      if (a < 0 || b < 0 || x.shape[a] === y.shape[b]) continue;
      const clash = `${formatShape(x.shape)} · ${formatShape(y.shape)}, label ${name} has ${x.shape[a]} and ${y.shape[b]}`;
      throw clashError("contract", "sizes of one label differ", clash, "make them equal");
    }
  }
  const dtype = promote(x.dtype, y.dtype);
  return { shape: output.map((label) => sizeOfLabel(label, x, y)), dtype: dtype === "bool" ? "int32" : dtype };
}

function checkRank(labels: string, { shape }: Aval): void {
  if (labels.length !== shape.length)
    throw clashError("contract", "labels and axes differ in number", `"${labels}" for ${formatShape(shape)}`, "give one label an axis");
}

/** Which labels the matrix product loops over, and which are the rows and columns of each product. */
interface Layout {
  readonly loop: readonly Label[];
  readonly rows: readonly Label[];
  readonly columns: readonly Label[];
}

/** A matrix product below this many entries is not worth looping over free labels for. */
const smallest = 256;

/**
 * The output's last labels are the rows and columns if they separate into labels of x and labels of y: then each product lands where it
 * belongs. Otherwise all free labels are rows or columns and the result is permuted.
 */
function chooseLayout(output: readonly Label[], x: Aval, y: Aval): Layout {
  const free = (from: readonly Label[], other: "x" | "y"): readonly Label[] => {
    let start = from.length;
    while (start > 0 && from[start - 1]![other] < 0) start--;
    return from.slice(start);
  };
  const last = output[output.length - 1];
  const other = last !== undefined && last.y < 0 ? "y" : "x";
  const second = free(output, other);
  const first = free(output.slice(0, output.length - second.length), other === "y" ? "x" : "y");
  const loop = output.slice(0, output.length - first.length - second.length);
  const [rows, columns] = other === "y" ? [second, first] : [first, second];
  const entries = [...rows, ...columns].reduce((size, label) => size * sizeOfLabel(label, x, y), 1);
  if (entries >= smallest || loop.every((label) => label.x >= 0 && label.y >= 0)) return { loop, rows, columns };
  return {
    loop: output.filter((label) => label.x >= 0 && label.y >= 0),
    rows: output.filter((label) => label.y < 0),
    columns: output.filter((label) => label.x < 0),
  };
}

/** The product by the blocked kernel: operands are read in place where each group of labels has one stride, and gathered where not. */
function product(x: Tensor, y: Tensor, params: ContractionParams, out: Aval): Storage {
  const { output, inner } = rolesOf(params);
  const { loop, rows, columns } = chooseLayout(output, x, y);
  const swapped = rows.length > 0 && columns.length > 0 && output.indexOf(rows[rows.length - 1]!) > output.indexOf(columns[0]!);
  const order = [...loop, ...(swapped ? columns : rows), ...(swapped ? rows : columns)];
  const [left, right] = operandsOf(x, y, loop, rows, inner, columns);
  const entries = allocate(out.dtype, sizeOf(out.shape));
  runProducts(
    loop.map((label) => sizeOfLabel(label, x, y)),
    left,
    right,
    swapped,
    entries,
  );
  if (out.shape.length === 0) return entries[0]!;
  return order.every((label, axis) => label.out === axis) ? entries : permuted(entries, order, x, y, out);
}

/** A stack of matrices in an array: rows are free labels, columns are contracted ones. */
interface Matrices {
  readonly values: TypedArray;
  readonly loopStrides: readonly number[];
  readonly rows: number;
  readonly columns: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

function operandsOf(
  x: Tensor,
  y: Tensor,
  loop: readonly Label[],
  rows: readonly Label[],
  inner: readonly Label[],
  columns: readonly Label[],
): [Matrices, Matrices] {
  const left = matricesOf(x, "x", loop, rows, inner);
  const right = matricesOf(y, "y", loop, columns, inner);
  if (left !== undefined && right !== undefined) return [left, right];
  const ordered = [...inner].sort((a, b) => a.y - b.y);
  const rightInPlace = matricesOf(y, "y", loop, columns, ordered);
  const order = left === undefined && rightInPlace !== undefined ? ordered : inner;
  return [
    (order === inner ? left : matricesOf(x, "x", loop, rows, order)) ?? gatheredMatrices(x, "x", loop, rows, order),
    (order === inner ? right : rightInPlace) ?? gatheredMatrices(y, "y", loop, columns, order),
  ];
}

/** An operand as a stack of matrices, or undefined where a group of labels has no single stride. */
function matricesOf(
  tensor: Tensor,
  side: "x" | "y",
  loop: readonly Label[],
  rows: readonly Label[],
  inner: readonly Label[],
): Matrices | undefined {
  const strides = stridesOf(tensor.shape);
  const rowStride = groupStride(rows, side, tensor.shape, strides);
  const columnStride = groupStride(inner, side, tensor.shape, strides);
  if (rowStride === undefined || columnStride === undefined) return undefined;
  const count = (labels: readonly Label[]): number => labels.reduce((size, label) => size * tensor.shape[label[side]]!, 1);
  const loopStrides = loop.map((label) => (label[side] < 0 ? 0 : strides[label[side]]!));
  return { values: entriesOf(tensor), loopStrides, rows: count(rows), columns: count(inner), rowStride, columnStride };
}

/** The one stride of labels seen as one, or undefined where they do not lie together. */
function groupStride(labels: readonly Label[], side: "x" | "y", shape: readonly number[], strides: readonly number[]): number | undefined {
  let stride: number | undefined;
  let span = 0;
  for (let i = labels.length - 1; i >= 0; i--) {
    const axis = labels[i]![side];
    if (shape[axis] === 1) continue;
    if (stride === undefined) stride = strides[axis]!;
    else if (strides[axis] !== span) return undefined;
    span = strides[axis]! * shape[axis]!;
  }
  return stride ?? 1;
}

function gatheredMatrices(
  tensor: Tensor,
  side: "x" | "y",
  loop: readonly Label[],
  rows: readonly Label[],
  inner: readonly Label[],
): Matrices {
  const axes = [...loop, ...rows, ...inner].map((label) => label[side]).filter((axis) => axis >= 0);
  const values = permutedEntries(tensor.shape, entriesOf(tensor), tensor, axes);
  const count = (labels: readonly Label[]): number => labels.reduce((size, label) => size * tensor.shape[label[side]]!, 1);
  const [m, k] = [count(rows), count(inner)];
  const strides = stridesOf(axes.map((axis) => tensor.shape[axis]!));
  const loopStrides = loop.map((label) => (label[side] < 0 ? 0 : strides[axes.indexOf(label[side])]!));
  return { values, loopStrides, rows: m, columns: k, rowStride: k, columnStride: 1 };
}

/** One product for each combination of the loop labels, in the order of the output. */
function runProducts(sizes: readonly number[], left: Matrices, right: Matrices, swapped: boolean, entries: TypedArray): void {
  const [m, k, n] = [left.rows, left.columns, right.rows];
  if (entries.length === 0 || k === 0) return;
  const index = sizes.map(() => 0);
  let [xAt, yAt] = [0, 0];
  for (let at = 0; at < entries.length; at += m * n) {
    const x: MatrixView = { values: left.values, offset: xAt, rowStride: left.rowStride, columnStride: left.columnStride };
    const y: MatrixView = { values: right.values, offset: yAt, rowStride: right.columnStride, columnStride: right.rowStride };
    if (swapped) matrixProduct(n, k, m, flipped(y), flipped(x), entries, at);
    else matrixProduct(m, k, n, x, y, entries, at);
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      xAt += left.loopStrides[axis]!;
      yAt += right.loopStrides[axis]!;
      index[axis] = index[axis]! + 1;
      if (index[axis]! < sizes[axis]!) break;
      index[axis] = 0;
      xAt -= sizes[axis]! * left.loopStrides[axis]!;
      yAt -= sizes[axis]! * right.loopStrides[axis]!;
    }
  }
}

const flipped = ({ values, offset, rowStride, columnStride }: MatrixView): MatrixView => ({
  values,
  offset,
  rowStride: columnStride,
  columnStride: rowStride,
});

/** Entries with axes in another order. */
function permutedEntries(
  shape: readonly number[],
  entries: TypedArray,
  { dtype }: Pick<Aval, "dtype">,
  axes: readonly number[],
): TypedArray {
  const to = allocate(dtype, entries.length);
  const strides = stridesOf(shape);
  const sizes = axes.map((axis) => shape[axis]!);
  const segment = { input: 0, sizes, from: 0, fromStrides: axes.map((axis) => strides[axis]!), to: 0, toStrides: stridesOf(sizes) };
  runSegment(segment, tensorOf(shape, dtype, entries), to, dtype, false);
  return to;
}

function permuted(entries: TypedArray, order: readonly Label[], x: Aval, y: Aval, out: Aval): TypedArray {
  const axes = out.shape.map((_, axis) => order.findIndex((label) => label.out === axis));
  return permutedEntries(
    order.map((label) => sizeOfLabel(label, x, y)),
    entries,
    out,
    axes,
  );
}

/** Where the cotangent's exact zero met an infinity or a NaN, the term is zero: if an entry came out NaN, all are summed again. */
function withStrongZeros(storage: Storage, inputs: readonly Tensor[], params: ContractionParams, out: Aval): Storage {
  if (params.strongZero === undefined || storage === null) return storage;
  if (typeof storage === "number" ? !Number.isNaN(storage) : !hasNaN(storage)) return storage;
  return evaluateLowered(lower(inputs, params), inputs, [out])[0]!;
}

function hasNaN(entries: TypedArray): boolean {
  for (let i = 0; i < entries.length; i++) if (Number.isNaN(entries[i]!)) return true;
  return false;
}

const programs = new Map<string, Program>();

/** Output entry by output entry, summing over the contracted labels. */
function lower(inputs: readonly Aval[], params: ContractionParams): Lowered {
  const [x, y] = inputs as [Aval, Aval];
  const out = inferContraction(x, y, params);
  const { output, inner } = rolesOf(params);
  const [xStrides, yStrides] = [stridesOf(x.shape), stridesOf(y.shape)];
  const key = `${x.dtype},${y.dtype},${out.dtype},${output.length},${inner.length},${params.strongZero}`;
  const program = memo(programs, key, () => contractionProgram(x, y, out, output.length, inner.length, params.strongZero));
  const entry = (label: Label): number[] => [
    sizeOfLabel(label, x, y),
    label.x < 0 ? 0 : xStrides[label.x]!,
    label.y < 0 ? 0 : yStrides[label.y]!,
  ];
  return { program, scalars: [], integers: [...output, ...inner].flatMap(entry) };
}

function contractionProgram(x: Aval, y: Aval, out: Aval, outRank: number, innerRank: number, strongZero: 0 | 1 | undefined): Program {
  return buildProgram("contract", (b) => {
    const s = b.arithmetic;
    const type = typeOf(out.dtype);
    const [xs, ys, target] = [b.input("x", typeOf(x.dtype)), b.input("y", typeOf(y.dtype)), b.output("out", type)];
    const axes = Array.from({ length: outRank + innerRank }, (_, i) => ({
      size: b.integer(`n${i}`),
      x: b.integer(`x${i}`),
      y: b.integer(`y${i}`),
    }));
    const term = (xAt: Expression, yAt: Expression): Expression => {
      const factors = [s.convert(b.load(xs, xAt), type), s.convert(b.load(ys, yAt), type)] as const;
      const whole = s.mul(factors[0], factors[1]);
      if (strongZero === undefined) return whole;
      return s.select(s.equal(factors[strongZero], s.constant(0)), s.constant(0), whole);
    };
    const nest = (axis: number, xAt: Expression, yAt: Expression, outAt: Expression, sum: Expression | undefined): void => {
      if (axis === outRank && sum === undefined) {
        const total = b.let(s.convert(s.constant(0), type));
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
