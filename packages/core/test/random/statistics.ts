// Tests of goodness of fit and the distribution functions they need, from textbook series: p-values, to compare with a stated false-alarm rate.

/** P(a, x) by its series, or 1 less Q(a, x) by Lentz's continued fraction. */
export function gammaCdf(a: number, x: number): number {
  if (x <= 0) return 0;
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; term > sum * 1e-17; n++) sum += term *= x / (a + n);
    return sum * front;
  }
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < 1e6; i++) {
    const an = -i * (i - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    h *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return 1 - front * h;
}

/** ln Γ(x) for x > 0: Stirling's series after a shift. */
export function logGamma(x: number): number {
  let shift = 0;
  let y = x;
  while (y < 12) shift += Math.log(y++);
  const z = 1 / (y * y);
  const series = (1 / 12 - z * (1 / 360 - z * (1 / 1260 - z * (1 / 1680 - z / 1188)))) / y;
  return (y - 0.5) * Math.log(y) - y + 0.5 * Math.log(2 * Math.PI) + series - shift;
}

/** The regularised incomplete beta function by its continued fraction. */
export function betaCdf(a: number, b: number, x: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - betaCdf(b, a, 1 - x);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  let c = 1;
  let d = 1 / (1 - ((a + b) * x) / (a + 1));
  let h = d;
  for (let m = 1; m < 1000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (1 + even * d);
    c = 1 + even / c;
    h *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    h *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return front * h;
}

/** Φ(x): P(1/2, x²/2) on both sides. */
export function normalCdf(x: number): number {
  const half = Math.abs(x) === Number.POSITIVE_INFINITY ? 0.5 : 0.5 * gammaCdf(0.5, (x * x) / 2);
  return x < 0 ? 0.5 - half : 0.5 + half;
}

/** The p-value of Kolmogorov and Smirnov's test that a sample has a continuous distribution function. */
export function kolmogorovSmirnov(sample: ArrayLike<number>, cdf: (x: number) => number): number {
  const sorted = Float64Array.from(sample).sort();
  const n = sorted.length;
  let distance = 0;
  for (let i = 0; i < n; i++) {
    const f = cdf(sorted[i]!);
    distance = Math.max(distance, f - i / n, (i + 1) / n - f);
  }
  const scaled = (Math.sqrt(n) + 0.12 + 0.11 / Math.sqrt(n)) * distance;
  let p = 0;
  for (let k = 1; k < 100; k++) p += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * scaled * scaled);
  return scaled < 0.2 ? 1 : Math.min(1, p);
}

/** The p-value of Pearson's χ² test of counts against probabilities; cells with fewer than 10 expected are pooled. */
export function chiSquare(counts: readonly number[], probabilities: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let statistic = 0;
  let cells = 0;
  let [pooledCount, pooledExpected] = [0, 0];
  counts.forEach((count, i) => {
    const expected = total * probabilities[i]!;
    if (expected === 0 && count > 0) statistic = Number.POSITIVE_INFINITY;
    pooledCount += count;
    pooledExpected += expected;
    if (pooledExpected < 10) return;
    statistic += (pooledCount - pooledExpected) ** 2 / pooledExpected;
    cells++;
    [pooledCount, pooledExpected] = [0, 0];
  });
  if (pooledExpected > 0) {
    statistic += (pooledCount - pooledExpected) ** 2 / Math.max(pooledExpected, 1);
    cells++;
  }
  return 1 - gammaCdf((cells - 1) / 2, statistic / 2);
}

/** The two-sided p-value of a standard normal statistic. */
export const twoSided = (z: number): number => 2 * normalCdf(-Math.abs(z));

/** The p-value of the hypothesis that a sample's mean is `mean`, from the sample's own variance. */
export function meanTest(sample: ArrayLike<number>, mean: number): number {
  const n = sample.length;
  const values = Array.from(sample);
  const average = values.reduce((sum, x) => sum + x, 0) / n;
  const variance = values.reduce((sum, x) => sum + (x - average) ** 2, 0) / (n - 1);
  return twoSided((average - mean) / Math.sqrt(variance / n));
}

/** The p-value of the hypothesis that two samples are uncorrelated. */
export function correlationTest(x: ArrayLike<number>, y: ArrayLike<number>): number {
  const n = x.length;
  const mean = (z: ArrayLike<number>): number => Array.from(z).reduce((sum, one) => sum + one, 0) / n;
  const [mx, my] = [mean(x), mean(y)];
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    xy += (x[i]! - mx) * (y[i]! - my);
    xx += (x[i]! - mx) ** 2;
    yy += (y[i]! - my) ** 2;
  }
  return twoSided((xy / Math.sqrt(xx * yy)) * Math.sqrt(n));
}

/** How often each of 0, …, cells − 1 occurs. */
export function countsOf(sample: ArrayLike<number>, cells: number): number[] {
  const counts = new Array<number>(cells).fill(0);
  for (let i = 0; i < sample.length; i++) counts[sample[i]!]!++;
  return counts;
}
