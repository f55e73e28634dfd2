/**
 * Matrix products over flat arrays as a careful person writes them: the innermost loop runs along rows and takes four products at a time, so
 * that fewer loads and stores stand beside each multiplication.
 */

/** a · b for a [m, k] and b [k, n], added to `out` if there is one. */
export function product(
  a: Float64Array,
  b: Float64Array,
  m: number,
  k: number,
  n: number,
  out: Float64Array = new Float64Array(m * n),
): Float64Array {
  for (let i = 0; i < m; i++) {
    const [from, to] = [i * k, i * n];
    let l = 0;
    for (; l + 3 < k; l += 4) addRows(out, to, a[from + l]!, a[from + l + 1]!, a[from + l + 2]!, a[from + l + 3]!, b, l * n, n);
    for (; l < k; l++) addRow(out, to, a[from + l]!, b, l * n, n);
  }
  return out;
}

/** aᵀ · b for a [k, m] and b [k, n], added to `out` if there is one. */
export function transposedProduct(
  a: Float64Array,
  b: Float64Array,
  m: number,
  k: number,
  n: number,
  out: Float64Array = new Float64Array(m * n),
): Float64Array {
  let l = 0;
  for (; l + 3 < k; l += 4) {
    const [r0, r1, r2, r3] = [l * m, (l + 1) * m, (l + 2) * m, (l + 3) * m];
    for (let i = 0; i < m; i++) addRows(out, i * n, a[r0 + i]!, a[r1 + i]!, a[r2 + i]!, a[r3 + i]!, b, l * n, n);
  }
  for (; l < k; l++) for (let i = 0; i < m; i++) addRow(out, i * n, a[l * m + i]!, b, l * n, n);
  return out;
}

/** Four rows of b that begin at `from`, each times its factor, added to the row of `out` that begins at `to`. */
function addRows(
  out: Float64Array,
  to: number,
  f0: number,
  f1: number,
  f2: number,
  f3: number,
  b: Float64Array,
  from: number,
  n: number,
): void {
  const [b1, b2, b3] = [from + n, from + 2 * n, from + 3 * n];
  for (let j = 0; j < n; j++) out[to + j]! += f0 * b[from + j]! + f1 * b[b1 + j]! + f2 * b[b2 + j]! + f3 * b[b3 + j]!;
}

function addRow(out: Float64Array, to: number, factor: number, b: Float64Array, from: number, n: number): void {
  for (let j = 0; j < n; j++) out[to + j]! += factor * b[from + j]!;
}

/** a · bᵀ for a [m, k] and b [n, k]. */
export function productTransposed(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    const [from, to] = [i * k, i * n];
    let j = 0;
    for (; j + 3 < n; j += 4) {
      const [b0, b1, b2, b3] = [j * k, (j + 1) * k, (j + 2) * k, (j + 3) * k];
      let [s0, s1, s2, s3] = [0, 0, 0, 0];
      for (let l = 0; l < k; l++) {
        const x = a[from + l]!;
        s0 += x * b[b0 + l]!;
        s1 += x * b[b1 + l]!;
        s2 += x * b[b2 + l]!;
        s3 += x * b[b3 + l]!;
      }
      out[to + j] = s0;
      out[to + j + 1] = s1;
      out[to + j + 2] = s2;
      out[to + j + 3] = s3;
    }
    for (; j < n; j++) {
      const row = j * k;
      let sum = 0;
      for (let l = 0; l < k; l++) sum += a[from + l]! * b[row + l]!;
      out[to + j] = sum;
    }
  }
  return out;
}

/** Adds a bias to every row, in place. */
export function addBias(x: Float64Array, bias: Float64Array): Float64Array {
  const n = bias.length;
  for (let i = 0; i < x.length; i += n) for (let j = 0; j < n; j++) x[i + j]! += bias[j]!;
  return x;
}

/** The sums of the columns. */
export function columnSums(x: Float64Array, columns: number): Float64Array {
  const out = new Float64Array(columns);
  for (let i = 0; i < x.length; i += columns) for (let j = 0; j < columns; j++) out[j]! += x[i + j]!;
  return out;
}

/** The softmax cross-entropy of logits against rows of probabilities, averaged over the rows; the logits become their cotangent. */
export function crossEntropyInPlace(logits: Float64Array, targets: Float64Array, classes: number): number {
  const rows = logits.length / classes;
  let value = 0;
  for (let i = 0; i < rows; i++) {
    const row = logits.subarray(i * classes, (i + 1) * classes);
    let largest = -Infinity;
    for (let j = 0; j < classes; j++) if (row[j]! > largest) largest = row[j]!;
    let sum = 0;
    for (let j = 0; j < classes; j++) sum += Math.exp(row[j]! - largest);
    const normaliser = largest + Math.log(sum);
    for (let j = 0; j < classes; j++) {
      const target = targets[i * classes + j]!;
      value -= target * (row[j]! - normaliser);
      row[j] = (Math.exp(row[j]! - normaliser) - target) / rows;
    }
  }
  return value / rows;
}

/** parameters − rate · gradient. */
export function descended(parameters: Float64Array, gradient: Float64Array, rate: number): Float64Array {
  return parameters.map((x, i) => x - rate * gradient[i]!);
}
