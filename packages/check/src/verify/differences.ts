/**
 * The derivative of a function of one number from its values alone, with an error bar and without a step size from outside: Ridders' table of
 * central differences (Advances in Engineering Software 4 (1982) 75-76), the noise measured as Moré and Wild do (SIAM Journal on Scientific
 * Computing 33 (2011) 1292-1314). It knows floats; it knows nothing of gradients.
 */

const unit = 2 ** -53;

/** Why a function that ends at the point has no central differences. */
export const endsHere = "the function is not finite on one side of the point";

/** A derivative and how far it may be from the true one. */
export interface Estimate {
  readonly value: number;
  readonly error: number;
  /** The rounding noise of the function's values. */
  readonly noise: number;
  /** The slopes on either side where they differ however small the step. */
  readonly kink: { readonly left: number; readonly right: number } | undefined;
  /** Steps and central differences (f(x+h) - f(x-h))/2, for a second opinion. */
  readonly samples: readonly Sample[];
  /** Why there is no estimate, if there is none. */
  readonly failure: string | undefined;
}

interface Sample {
  readonly h: number;
  readonly odd: number;
  readonly even: number;
}

/** Factorials squared over factorials of the double: the variance of a k-th difference of noise is that of the noise over this. */
const gamma: readonly number[] = [1];
for (let k = 1; k < 12; k++) (gamma as number[]).push((gamma[k - 1]! * k) / (2 * (2 * k - 1)));

/**
 * The standard deviation of the rounding noise in equally spaced values: the level that differences of successive orders agree on, 0 where
 * they agree on none.
 */
export function noiseOf(values: readonly number[]): number {
  if (!values.every(Number.isFinite)) return 0;
  const size = Math.max(...values.map(Math.abs));
  if (size === 0) return 0;
  const levels: number[] = [];
  const turns: boolean[] = [];
  let row: readonly number[] = values.map((x) => x / size);
  for (let k = 1; k < values.length - 1; k++) {
    row = row.slice(1).map((x, i) => x - row[i]!);
    levels.push(Math.sqrt((gamma[k]! * row.reduce((sum, x) => sum + x * x, 0)) / row.length));
    turns.push(Math.min(...row) < 0 && Math.max(...row) > 0);
  }
  for (let k = 0; k + 2 < levels.length; k++) {
    const three = levels.slice(k, k + 3);
    const least = Math.min(...three);
    if (least > 0 && Math.max(...three) <= 4 * least && turns[k]! && turns[k + 1]!) return size * Math.max(...three);
  }
  return 0;
}

const spacings = [2 ** -30, 2 ** -22, 2 ** -14];

/** The noise of a function near 0, at spacings where its smooth part does not show. */
export function noiseNear(f: (t: number) => number): number {
  return Math.max(...spacings.map((spacing) => noiseOf(Array.from({ length: 8 }, (_, i) => f((i - 3.5) * spacing)))));
}

const rows = 44;
const columns = 6;

export interface DifferentiateOptions {
  /** The first step. */
  readonly start?: number;
  /** The function's rounding noise, where it was measured already. */
  readonly measured?: number;
  /** The function's value at 0, where it is known already. */
  readonly centre?: number;
  /** An error small enough. */
  readonly target?: number;
}

/** The derivative at 0 of a function whose argument has the scale 1. */
export function differentiate(f: (t: number) => number, options: DifferentiateOptions = {}): Estimate {
  const { start = 0.25, centre = f(0), target = 0 } = options;
  const nothing = (failure: string): Estimate => ({ value: Number.NaN, error: Infinity, noise: 0, kink: undefined, samples: [], failure });
  if (!Number.isFinite(centre)) return nothing("the function is not finite at the point");
  let h = start;
  while (!(Number.isFinite(f(h)) && Number.isFinite(f(-h)))) {
    h /= 4;
    if (h < 1e-14) return nothing(endsHere);
  }
  const measured = options.measured ?? noiseNear(f);
  let largest = Math.abs(centre);
  const samples: Sample[] = [];
  const table: number[][] = [];
  const bests: { value: number; error: number }[] = [];
  let best: { value: number; error: number } | undefined;
  let noise = 0;
  for (let i = 0; i < rows; i++, h /= 2) {
    const [above, below] = [f(h), f(-h)];
    largest = Math.max(largest, Math.abs(above), Math.abs(below));
    noise = Math.max(
      8 * unit * (samples.length < 3 ? largest : Math.max(Math.abs(centre), Math.abs(above), Math.abs(below))),
      4 * measured,
    );
    samples.push({ h, odd: (above - below) / 2, even: Math.abs(above - centre - (centre - below)) });
    const row = [(above - below) / (2 * h)];
    let own = { value: row[0]!, error: Infinity };
    for (let j = 1; j <= Math.min(i, columns); j++) {
      const power = 4 ** j;
      row.push((power * row[j - 1]! - table[i - 1]![j - 1]!) / (power - 1));
      const error = Math.max(Math.abs(row[j]! - row[j - 1]!), Math.abs(row[j]! - table[i - 1]![j - 1]!)) + (1.5 * noise) / h;
      if (error < own.error) own = { value: row[j]!, error };
    }
    table.push(row);
    bests.push(own);
    if (agree(bests.slice(-3)) && (best === undefined || own.error < best.error)) best = own;
    if (best === undefined || !(best.error <= target || (samples.length > 5 && (3 * noise) / h > best.error))) continue;
    if (isConfirmed(f, best, h / 4096, noise)) break;
    best = undefined;
    bests.length = 0;
  }
  const kink = kinkIn(samples, noise);
  if (best === undefined) return { ...nothing("the differences do not settle"), samples, noise, kink };
  const isKink = kink !== undefined && kink.gap > 50 * best.error;
  return {
    ...best,
    noise,
    kink: isKink ? { left: best.value - kink.gap / 2, right: best.value + kink.gap / 2 } : undefined,
    samples,
    failure: undefined,
  };
}

/** Whether a much smaller step gives about the same slope: steps that are nearly periods of the function agree among themselves. */
function isConfirmed(
  f: (t: number) => number,
  best: { readonly value: number; readonly error: number },
  h: number,
  noise: number,
): boolean {
  const slope = (f(h) - f(-h)) / (2 * h);
  return !(Math.abs(slope - best.value) > best.error + (4 * noise) / h + 1e-3 * Math.abs(slope));
}

/** Whether three rows say the same within their error bars. */
function agree(three: readonly { readonly value: number; readonly error: number }[]): boolean {
  if (three.length < 3) return false;
  const near = (x: { value: number; error: number }, y: { value: number; error: number }): boolean =>
    Math.abs(x.value - y.value) <= x.error + y.error;
  const [a, b, c] = three as [{ value: number; error: number }, { value: number; error: number }, { value: number; error: number }];
  return [a, b, c].every((x) => Number.isFinite(x.error)) && near(a, b) && near(b, c) && near(a, c);
}

/** |f(h) - 2f(0) + f(-h)|/h halves with h where f is smooth and stays where its slope jumps. */
function kinkIn(samples: readonly Sample[], noise: number): { left: number; right: number; gap: number } | undefined {
  const reliable = samples.filter(({ h, even }) => even / h > 50 * ((4 * noise) / h));
  if (reliable.length < 5) return undefined;
  const last = reliable.slice(-5).map(({ h, even }) => even / h);
  const ratios = last.slice(1).map((s, i) => s / last[i]!);
  if (!ratios.every((ratio) => ratio > 0.85 && ratio < 1.2)) return undefined;
  return { left: 0, right: 0, gap: last[4]! };
}

/** What the residual of a claimed slope does as the step shrinks: 3 where the claim is right, 1 where it is wrong; NaN where noise hides it. */
export function residualSlope(samples: readonly Sample[], claimed: number, noise: number): number {
  const points = samples
    .map(({ h, odd }) => ({ h, size: Math.abs(odd - h * claimed) }))
    .filter(({ size }) => size > 10 * noise)
    .slice(-4);
  if (points.length < 3) return Number.NaN;
  const [x, y] = [points.map((p) => Math.log(p.h)), points.map((p) => Math.log(p.size))];
  const mean = (list: readonly number[]): number => list.reduce((sum, value) => sum + value, 0) / list.length;
  const [mx, my] = [mean(x), mean(y)];
  return x.reduce((sum, value, i) => sum + (value - mx) * (y[i]! - my), 0) / x.reduce((sum, value) => sum + (value - mx) ** 2, 0);
}
