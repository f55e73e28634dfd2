/** Blocked matrix product over typed arrays with arbitrary strides; knows neither tensors nor ops. Sums are kept in float64. */
import type { TypedArray } from "../dtype.ts";

/** A matrix inside an array: entry (i, j) is at offset + i·rowStride + j·columnStride. */
export interface MatrixView {
  readonly values: TypedArray;
  readonly offset: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** How many terms are summed before a partial sum is added to the output: bounds the error and the size of a panel. */
const depth = 256;
/** Rows of x and columns of y packed at a time: the first panel stays in the second-level cache. */
const height = 128;
const width = 1024;
const tile = 4;

/** out[offset + i·n + j] = Σ_l x[i, l] y[l, j], for x of m × k and y of k × n; out is zero there before. */
export function matrixProduct(m: number, k: number, n: number, x: MatrixView, y: MatrixView, out: TypedArray, offset: number): void {
  if (m === 0 || n === 0 || k === 0) return;
  if (n === 1) matrixVector(m, k, x, y.values, y.offset, y.rowStride, out, offset);
  else if (m === 1) matrixVector(n, k, transposed(y), x.values, x.offset, x.columnStride, out, offset);
  else if (k === 1) outerProduct(m, n, x, y, out, offset);
  else if (m * n * k <= 1000) smallProduct(m, k, n, x, y, out, offset);
  else blockedProduct(m, k, n, x, y, out, offset);
}

const transposed = ({ values, offset, rowStride, columnStride }: MatrixView): MatrixView => ({
  values,
  offset,
  rowStride: columnStride,
  columnStride: rowStride,
});

function outerProduct(m: number, n: number, x: MatrixView, y: MatrixView, out: TypedArray, offset: number): void {
  const [xs, ys] = [x.values, y.values];
  for (let i = 0, at = offset; i < m; i++) {
    const factor = xs[x.offset + i * x.rowStride]!;
    for (let j = 0, b = y.offset; j < n; j++, b += y.columnStride) out[at++] = factor * ys[b]!;
  }
}

/** One dot product an entry. */
function smallProduct(m: number, k: number, n: number, x: MatrixView, y: MatrixView, out: TypedArray, offset: number): void {
  const { values: xs, columnStride: xStep } = x;
  const { values: ys, rowStride: yStep } = y;
  for (let i = 0, at = offset; i < m; i++) {
    const row = x.offset + i * x.rowStride;
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let l = 0, a = row, b = y.offset + j * y.columnStride; l < k; l++, a += xStep, b += yStep) sum += xs[a]! * ys[b]!;
      out[at++] = sum;
    }
  }
}

/** The vector is made contiguous, then the matrix is read in memory order. */
function matrixVector(
  m: number,
  k: number,
  x: MatrixView,
  vs: TypedArray,
  vOffset: number,
  vStep: number,
  out: TypedArray,
  offset: number,
): void {
  const vector = new Float64Array(k);
  for (let l = 0, from = vOffset; l < k; l++, from += vStep) vector[l] = vs[from]!;
  if (x.rowStride === 1 && x.columnStride !== 1 && m > 1) columnsTimesVector(m, k, x, vector, out, offset);
  else rowsTimesVector(m, k, x, vector, out, offset);
}

/** Blocks of `depth` columns of every row; four rows at a time, so that additions need not wait for one another. */
function rowsTimesVector(m: number, k: number, x: MatrixView, vector: Float64Array, out: TypedArray, offset: number): void {
  const sums = k > depth && !(out instanceof Float64Array) ? new Float64Array(m) : out;
  const base = sums === out ? offset : 0;
  for (let from = 0; from < k; from += depth) {
    const to = Math.min(from + depth, k);
    let i = 0;
    for (; i + tile <= m; i += tile) fourRows(x, i, vector, from, to, sums, base + i);
    for (; i < m; i++) oneRow(x, i, vector, from, to, sums, base + i);
  }
  if (sums !== out) out.set(sums, offset);
}

function fourRows(x: MatrixView, i: number, vector: Float64Array, from: number, to: number, out: TypedArray, at: number): void {
  const { values, rowStride, columnStride } = x;
  let a0 = x.offset + i * rowStride + from * columnStride;
  let a1 = a0 + rowStride;
  let a2 = a1 + rowStride;
  let a3 = a2 + rowStride;
  let s0 = 0,
    s1 = 0,
    s2 = 0,
    s3 = 0;
  for (let l = from; l < to; l++) {
    const v = vector[l]!;
    s0 += values[a0]! * v;
    s1 += values[a1]! * v;
    s2 += values[a2]! * v;
    s3 += values[a3]! * v;
    a0 += columnStride;
    a1 += columnStride;
    a2 += columnStride;
    a3 += columnStride;
  }
  out[at] = out[at]! + s0;
  out[at + 1] = out[at + 1]! + s1;
  out[at + 2] = out[at + 2]! + s2;
  out[at + 3] = out[at + 3]! + s3;
}

/** One row in four interleaved sums. */
function oneRow(x: MatrixView, i: number, vector: Float64Array, from: number, to: number, out: TypedArray, at: number): void {
  const { values, columnStride } = x;
  let a = x.offset + i * x.rowStride + from * columnStride;
  let s0 = 0,
    s1 = 0,
    s2 = 0,
    s3 = 0;
  let l = from;
  for (; l + tile <= to; l += tile, a += tile * columnStride) {
    s0 += values[a]! * vector[l]!;
    s1 += values[a + columnStride]! * vector[l + 1]!;
    s2 += values[a + 2 * columnStride]! * vector[l + 2]!;
    s3 += values[a + 3 * columnStride]! * vector[l + 3]!;
  }
  for (; l < to; l++, a += columnStride) s0 += values[a]! * vector[l]!;
  out[at] = out[at]! + (s0 + s1 + (s2 + s3));
}

/** x·v for x stored by columns, four columns a pass; blocks of columns are summed apart and then together. */
function columnsTimesVector(m: number, k: number, x: MatrixView, vector: Float64Array, out: TypedArray, offset: number): void {
  const sum = new Float64Array(m);
  const part = k > depth ? new Float64Array(m) : sum;
  const { values, columnStride } = x;
  for (let from = 0; from < k; from += depth) {
    const to = Math.min(from + depth, k);
    if (part !== sum) part.fill(0);
    let l = from;
    for (; l + tile <= to; l += tile) addFourColumns(values, x.offset + l * columnStride, columnStride, vector, l, part, m);
    for (; l < to; l++) addColumn(values, x.offset + l * columnStride, vector[l]!, part, m);
    if (part !== sum) for (let i = 0; i < m; i++) sum[i] = sum[i]! + part[i]!;
  }
  out.set(sum, offset);
}

function addFourColumns(
  values: TypedArray,
  at: number,
  stride: number,
  vector: Float64Array,
  l: number,
  sum: Float64Array,
  m: number,
): void {
  const [v0, v1, v2, v3] = [vector[l]!, vector[l + 1]!, vector[l + 2]!, vector[l + 3]!];
  const [a0, a1, a2, a3] = [at, at + stride, at + 2 * stride, at + 3 * stride];
  for (let i = 0; i < m; i++)
    sum[i] = sum[i]! + (values[a0 + i]! * v0 + values[a1 + i]! * v1 + (values[a2 + i]! * v2 + values[a3 + i]! * v3));
}

function addColumn(values: TypedArray, at: number, factor: number, sum: Float64Array, m: number): void {
  for (let i = 0; i < m; i++) sum[i] = sum[i]! + values[at + i]! * factor;
}

/** Grow to the sizes seen, at most `height`·`depth` and `width`·`depth`; written before they are read in every product. */
let xPanel = new Float64Array(0);
let yPanel = new Float64Array(0);

const rounded = (count: number): number => Math.ceil(count / tile) * tile;

/** Panels of 4 rows and 4 columns packed to be read in order, 16 sums in registers. */
function blockedProduct(m: number, k: number, n: number, x: MatrixView, y: MatrixView, out: TypedArray, offset: number): void {
  const deepest = Math.min(k, depth);
  if (xPanel.length < rounded(Math.min(m, height)) * deepest) xPanel = new Float64Array(rounded(Math.min(m, height)) * deepest);
  if (yPanel.length < rounded(Math.min(n, width)) * deepest) yPanel = new Float64Array(rounded(Math.min(n, width)) * deepest);
  const sums = k > depth && !(out instanceof Float64Array) ? new Float64Array(m * n) : out;
  const base = sums === out ? offset : 0;
  for (let from = 0; from < k; from += depth) {
    const length = Math.min(depth, k - from);
    for (let left = 0; left < n; left += width) {
      const columns = Math.min(width, n - left);
      pack(yPanel, y.values, y.offset + from * y.rowStride + left * y.columnStride, y.columnStride, y.rowStride, columns, length);
      for (let top = 0; top < m; top += height) {
        const rows = Math.min(height, m - top);
        pack(xPanel, x.values, x.offset + from * x.columnStride + top * x.rowStride, x.rowStride, x.columnStride, rows, length);
        panelProduct(rows, length, columns, xPanel, yPanel, sums, base + top * n + left, n);
      }
    }
  }
  if (sums !== out) out.set(sums, offset);
}

/** Entry (l, i) of panel p lands at (4·length)·p + 4·l + i; missing rows are zero. */
function pack(panel: Float64Array, values: TypedArray, offset: number, stride: number, step: number, count: number, length: number): void {
  let to = 0;
  let base = 0;
  for (; base + tile <= count; base += tile) {
    for (let l = 0, from = offset + base * stride; l < length; l++, from += step, to += tile) {
      panel[to] = values[from]!;
      panel[to + 1] = values[from + stride]!;
      panel[to + 2] = values[from + 2 * stride]!;
      panel[to + 3] = values[from + 3 * stride]!;
    }
  }
  if (base === count) return;
  for (let l = 0; l < length; l++) {
    for (let i = 0; i < tile; i++) panel[to++] = base + i < count ? values[offset + (base + i) * stride + l * step]! : 0;
  }
}

function panelProduct(
  m: number,
  length: number,
  n: number,
  x: Float64Array,
  y: Float64Array,
  out: TypedArray,
  offset: number,
  stride: number,
): void {
  for (let j = 0; j < n; j += tile) {
    for (let i = 0; i < m; i += tile) {
      const at = offset + i * stride + j;
      if (i + tile <= m && j + tile <= n) addTile(x, i * length, y, j * length, length, out, at, stride);
      else addPartialTile(x, i * length, y, j * length, length, out, at, stride, Math.min(tile, m - i), Math.min(tile, n - j));
    }
  }
}

const partial = new Float64Array(tile * tile);

function addPartialTile(
  x: Float64Array,
  a: number,
  y: Float64Array,
  b: number,
  length: number,
  out: TypedArray,
  at: number,
  stride: number,
  rows: number,
  columns: number,
): void {
  partial.fill(0);
  addTile(x, a, y, b, length, partial, 0, tile);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) out[at + i * stride + j] = out[at + i * stride + j]! + partial[i * tile + j]!;
  }
}

/** Adds the product of a packed row panel and a packed column panel to 4 × 4 entries. */
function addTile(
  x: Float64Array,
  a: number,
  y: Float64Array,
  b: number,
  length: number,
  out: TypedArray,
  at: number,
  stride: number,
): void {
  let c00 = 0,
    c01 = 0,
    c02 = 0,
    c03 = 0;
  let c10 = 0,
    c11 = 0,
    c12 = 0,
    c13 = 0;
  let c20 = 0,
    c21 = 0,
    c22 = 0,
    c23 = 0;
  let c30 = 0,
    c31 = 0,
    c32 = 0,
    c33 = 0;
  for (let l = 0; l < length; l++) {
    const y0 = y[b]!,
      y1 = y[b + 1]!,
      y2 = y[b + 2]!,
      y3 = y[b + 3]!;
    const x0 = x[a]!,
      x1 = x[a + 1]!,
      x2 = x[a + 2]!,
      x3 = x[a + 3]!;
    c00 += x0 * y0;
    c01 += x0 * y1;
    c02 += x0 * y2;
    c03 += x0 * y3;
    c10 += x1 * y0;
    c11 += x1 * y1;
    c12 += x1 * y2;
    c13 += x1 * y3;
    c20 += x2 * y0;
    c21 += x2 * y1;
    c22 += x2 * y2;
    c23 += x2 * y3;
    c30 += x3 * y0;
    c31 += x3 * y1;
    c32 += x3 * y2;
    c33 += x3 * y3;
    a += tile;
    b += tile;
  }
  addRow(out, at, c00, c01, c02, c03);
  addRow(out, at + stride, c10, c11, c12, c13);
  addRow(out, at + 2 * stride, c20, c21, c22, c23);
  addRow(out, at + 3 * stride, c30, c31, c32, c33);
}

function addRow(out: TypedArray, at: number, c0: number, c1: number, c2: number, c3: number): void {
  out[at] = out[at]! + c0;
  out[at + 1] = out[at + 1]! + c1;
  out[at + 2] = out[at + 2]! + c2;
  out[at + 3] = out[at + 3]! + c3;
}
