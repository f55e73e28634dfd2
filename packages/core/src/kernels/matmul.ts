/** Blocked matrix product over typed arrays with arbitrary strides; knows neither tensors nor ops. Sums are kept in float64. */
import type { TypedArray } from "../dtype.ts";

/** A matrix inside an array: entry (i, j) is at offset + i·rowStride + j·columnStride. */
export interface MatrixView {
  readonly values: TypedArray;
  readonly offset: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

const depth = 256;
const tile = 4;

/** out[offset + i·n + j] = Σ_l x[i, l] y[l, j], for x of m × k and y of k × n. */
export function matrixProduct(m: number, k: number, n: number, x: MatrixView, y: MatrixView, out: TypedArray, offset: number): void {
  if (n === 1 || m === 1 || m * n * k < 512) smallProduct(m, k, n, x, y, out, offset);
  else blockedProduct(m, k, n, x, y, out, offset);
}

/** Dot products, in four interleaved sums; rows or columns of x are read in memory order. */
function smallProduct(m: number, k: number, n: number, x: MatrixView, y: MatrixView, out: TypedArray, offset: number): void {
  if (n === 1 && x.rowStride === 1 && x.columnStride !== 1 && k > 1) {
    columnsTimesVector(m, k, x, y, out, offset);
    return;
  }
  if (m === 1 && y.columnStride === 1 && y.rowStride !== 1 && k > 1) {
    const transposed = { ...y, rowStride: y.columnStride, columnStride: y.rowStride };
    columnsTimesVector(n, k, transposed, { ...x, rowStride: x.columnStride, columnStride: x.rowStride }, out, offset);
    return;
  }
  const [xs, ys] = [x.values, y.values];
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let a = x.offset + i * x.rowStride;
      let b = y.offset + j * y.columnStride;
      let [s0, s1, s2, s3] = [0, 0, 0, 0];
      let l = 0;
      for (; l + 4 <= k; l += 4) {
        s0 += xs[a]! * ys[b]!;
        s1 += xs[a + x.columnStride]! * ys[b + y.rowStride]!;
        s2 += xs[a + 2 * x.columnStride]! * ys[b + 2 * y.rowStride]!;
        s3 += xs[a + 3 * x.columnStride]! * ys[b + 3 * y.rowStride]!;
        a += 4 * x.columnStride;
        b += 4 * y.rowStride;
      }
      for (; l < k; l++) {
        s0 += xs[a]! * ys[b]!;
        a += x.columnStride;
        b += y.rowStride;
      }
      out[offset + i * n + j] = s0 + s1 + (s2 + s3);
    }
  }
}

/** x·v for x stored by columns: blocks of columns are summed apart and then together. */
function columnsTimesVector(m: number, k: number, x: MatrixView, v: MatrixView, out: TypedArray, offset: number): void {
  const sum = new Float64Array(m);
  const part = new Float64Array(m);
  const xs = x.values;
  for (let from = 0; from < k; from += depth) {
    const to = Math.min(from + depth, k);
    part.fill(0);
    for (let l = from; l < to; l++) {
      const factor = v.values[v.offset + l * v.rowStride]!;
      const base = x.offset + l * x.columnStride;
      for (let i = 0; i < m; i++) part[i] = part[i]! + xs[base + i]! * factor;
    }
    for (let i = 0; i < m; i++) sum[i] = sum[i]! + part[i]!;
  }
  for (let i = 0; i < m; i++) out[offset + i] = sum[i]!;
}

/** Panels of 4 rows and 4 columns packed to be read in order, 16 sums in registers. */
function blockedProduct(m: number, k: number, n: number, x: MatrixView, y: MatrixView, out: TypedArray, offset: number): void {
  const rows = Math.ceil(m / tile) * tile;
  const columns = Math.ceil(n / tile) * tile;
  const xPanel = new Float64Array(rows * depth);
  const yPanel = new Float64Array(columns * depth);
  const sums = k > depth ? new Float64Array(m * n) : out;
  const sumsOffset = k > depth ? 0 : offset;
  for (let from = 0; from < k; from += depth) {
    const length = Math.min(depth, k - from);
    pack(xPanel, x.values, x.offset + from * x.columnStride, x.rowStride, x.columnStride, m, length);
    pack(yPanel, y.values, y.offset + from * y.rowStride, y.columnStride, y.rowStride, n, length);
    for (let j = 0; j < n; j += tile) {
      for (let i = 0; i < m; i += tile) {
        productTile(xPanel, i * length, yPanel, j * length, length, sums, sumsOffset + i * n + j, n, Math.min(tile, m - i), Math.min(tile, n - j), from > 0);
      }
    }
  }
  if (sums !== out) out.set(sums, offset);
}

/** Entry (l, i) of panel p lands at (4·length)·p + 4·l + i; missing rows are zero. */
function pack(panel: Float64Array, values: TypedArray, offset: number, stride: number, step: number, count: number, length: number): void {
  for (let base = 0, to = 0; base < count; base += tile) {
    const present = Math.min(tile, count - base);
    for (let l = 0; l < length; l++) {
      let from = offset + base * stride + l * step;
      for (let i = 0; i < tile; i++) {
        panel[to++] = i < present ? values[from]! : 0;
        from += stride;
      }
    }
  }
}

function productTile(
  x: Float64Array, a: number, y: Float64Array, b: number, length: number,
  out: TypedArray, at: number, n: number, rows: number, columns: number, accumulate: boolean,
): void {
  let c00 = 0, c01 = 0, c02 = 0, c03 = 0;
  let c10 = 0, c11 = 0, c12 = 0, c13 = 0;
  let c20 = 0, c21 = 0, c22 = 0, c23 = 0;
  let c30 = 0, c31 = 0, c32 = 0, c33 = 0;
  for (let l = 0; l < length; l++) {
    const y0 = y[b]!, y1 = y[b + 1]!, y2 = y[b + 2]!, y3 = y[b + 3]!;
    const x0 = x[a]!, x1 = x[a + 1]!, x2 = x[a + 2]!, x3 = x[a + 3]!;
    c00 += x0 * y0; c01 += x0 * y1; c02 += x0 * y2; c03 += x0 * y3;
    c10 += x1 * y0; c11 += x1 * y1; c12 += x1 * y2; c13 += x1 * y3;
    c20 += x2 * y0; c21 += x2 * y1; c22 += x2 * y2; c23 += x2 * y3;
    c30 += x3 * y0; c31 += x3 * y1; c32 += x3 * y2; c33 += x3 * y3;
    a += tile;
    b += tile;
  }
  const write = (i: number, c0: number, c1: number, c2: number, c3: number): void => {
    if (i >= rows) return;
    const to = at + i * n;
    out[to] = (accumulate ? out[to]! : 0) + c0;
    if (columns > 1) out[to + 1] = (accumulate ? out[to + 1]! : 0) + c1;
    if (columns > 2) out[to + 2] = (accumulate ? out[to + 2]! : 0) + c2;
    if (columns > 3) out[to + 3] = (accumulate ? out[to + 3]! : 0) + c3;
  };
  write(0, c00, c01, c02, c03);
  write(1, c10, c11, c12, c13);
  write(2, c20, c21, c22, c23);
  write(3, c30, c31, c32, c33);
}
