/** Matrix products over flat arrays as a careful person writes them: loops ordered so that the innermost runs along rows. */

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
    for (let l = 0; l < k; l++) {
      const factor = a[i * k + l]!;
      for (let j = 0; j < n; j++) out[i * n + j]! += factor * b[l * n + j]!;
    }
  }
  return out;
}

/** a · bᵀ for a [m, k] and b [n, k]. */
export function productTransposed(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) sum += a[i * k + l]! * b[j * k + l]!;
      out[i * n + j] = sum;
    }
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
  for (let l = 0; l < k; l++) {
    for (let i = 0; i < m; i++) {
      const factor = a[l * m + i]!;
      for (let j = 0; j < n; j++) out[i * n + j]! += factor * b[l * n + j]!;
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
