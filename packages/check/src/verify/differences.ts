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
  /** The step that gave it. */
  readonly step: number;
  /** The rounding noise of the function's values. */
  readonly noise: number;
  /** The slopes on either side where they differ however small the step. */
  readonly kink: { readonly left: number; readonly right: number } | undefined;
  /** Steps and central differences (f(x+h) - f(x-h))/2, for a second opinion. */
  readonly samples: readonly Sample[];
  /** Whether the function stands still near the point: the slope is too small to be seen, or zero. */
  readonly isStill: boolean;
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

/** No powers of two: steps to which the point is a round number hide what rounding does. */
const odd = 0.7548776662466927;
const spacings = [2 ** -30, 2 ** -22, 2 ** -14].map((spacing) => odd * spacing);
const wideSpacings = [2 ** -10, 2 ** -6].map((spacing) => odd * spacing);

const apart = (values: readonly number[]): number[] => values.slice(1).map((x, i) => x - values[i]!);

const middleOf = (values: readonly number[]): number => [...values].sort((x, y) => x - y)[values.length >> 1]!;

/** The noise of a staircase at wide spacing; 0 for a function that has no steps, or jumps or bends only once or twice. */
function noiseOfSteps(f: (t: number) => number, spacing: number): number {
  const values = Array.from({ length: 12 }, (_, i) => f((i - 5.5) * spacing));
  const level = noiseOf(values);
  const bends = apart(apart(values));
  const usual = middleOf(bends);
  return bends.filter((bend) => Math.abs(bend - usual) > level / 8).length > 4 ? level : 0;
}

/** The noise of a function near 0, at spacings where its smooth part does not show; at wider ones where it stands still at the closest. */
export function noiseNear(f: (t: number) => number): number {
  const at = (spacing: number): number[] => Array.from({ length: 8 }, (_, i) => f((i - 3.5) * spacing));
  const close = at(spacings[0]!);
  const wide = close.every((x) => x === close[0]) ? wideSpacings : [];
  const levels = spacings.slice(1).map((spacing) => noiseOf(at(spacing)));
  return Math.max(noiseOf(close), ...levels, ...wide.map((spacing) => noiseOfSteps(f, spacing)));
}

/** The noise of a staircase whose steps are about as wide as `edge`. */
function noiseAround(f: (t: number) => number, edge: number): number {
  const wider = [1, 2, 4, 8, 16, 32].map((times) => times * odd * edge).filter((spacing) => spacing < 2 ** -4);
  return Math.max(0, ...wider.map((spacing) => noiseOfSteps(f, spacing)));
}

const rows = 44;
const columns = 6;

export interface DifferentiateOptions {
  /** The function's rounding noise, where it was measured already. */
  readonly measured?: number;
  /** The function's value at 0, where it is known already. */
  readonly centre?: number;
  /** An error small enough. */
  readonly target?: number;
  /** A slope that this one is small or large against. */
  readonly expected?: number;
  /** First steps, the next ones for where noise leaves fewer than six digits. */
  readonly starts?: readonly [number, ...number[]];
}

interface Best {
  readonly value: number;
  readonly error: number;
  readonly step: number;
}

interface Known {
  readonly start: number;
  readonly measured: number;
  readonly centre: number;
  readonly target: number;
  /** The size of the values among which the noise was measured; it grows with them. */
  readonly size?: number;
}

/**
 * The derivative at 0 of a function whose argument has the scale 1; from larger steps where noise leaves fewer than six digits at the usual
 * ones, and with the noise of a staircase where the function is one.
 */
export function differentiate(f: (t: number) => number, options: DifferentiateOptions = {}): Estimate {
  const { centre = f(0), target = 0, expected = 0, starts = [0.25, 4, 64] } = options;
  if (!Number.isFinite(centre)) return nothing("the function is not finite at the point");
  let known: Known = { start: starts[0], measured: options.measured ?? noiseNear(f), centre, target };
  let best = ridders(f, known);
  const hidden = hiddenNoise(f, best, centre);
  if (4 * hidden > best.noise) best = ridders(f, (known = { ...known, measured: hidden }));
  const usual = known.start;
  for (const start of starts.slice(1)) {
    if (best.kink !== undefined || best.error <= Math.max(target, 1e-6 * Math.max(Math.abs(best.value), expected))) return best;
    const size = known.size ?? Math.max(...[0, usual, -usual].map((t) => Math.abs(f(t))));
    known = { ...known, start, size };
    const other = ridders(f, known);
    if (other.failure === undefined && other.error < best.error && consistent(best, other)) best = other;
  }
  return best;
}

/**
 * Noise that close steps do not show: differences change with the step as no smooth function's do. They lie apart below the step that was best,
 * or fall all at once, as a staircase's do, or are zero where the parts that they are made of are not.
 */
function hiddenNoise(f: (t: number) => number, { value, error, step, noise, samples, isStill, failure }: Estimate, centre: number): number {
  if (failure !== undefined) return 0;
  const rest = samples.map(({ h, odd: rise }) => Math.abs(rise - h * value) - 2 * h * error);
  const best = samples.findIndex(({ h }) => h === step);
  const bend = 2 * Math.max(...[best - 1, best].map((i) => (rest[i] ?? 0) / (samples[i]?.h ?? 1) ** 2));
  const below = samples.map(({ h }, i) => (i > best ? rest[i]! - bend * h ** 2 : 0));
  const falls = rest.findLastIndex((size) => size > 100 * noise);
  const edge = rest[falls + 1]! <= 2 * noise && falls >= 0 ? samples[falls + 1]!.h : 0;
  return Math.max(0, ...below.map((size) => size / 4), edge > 0 ? noiseAround(f, edge) : 0, isStill ? 2 * unit * reachOf(f, centre) : 0);
}

/** The size that a function reaches near a point where it stands still; 1 if it stands still there too. */
function reachOf(f: (t: number) => number, centre: number): number {
  const others = [-4, -1, 1, 4].map(f).filter((x) => Number.isFinite(x) && x !== centre);
  return Math.max(Math.abs(centre), ...(others.length === 0 ? [1] : others.map(Math.abs)));
}

/** Whether a slope from far away is that of the point: a function that levels off has another there, and well known. */
function consistent(near: Estimate, far: Estimate): boolean {
  if (near.failure === undefined) return Math.abs(near.value - far.value) <= near.error + far.error;
  const fine = near.samples.slice(near.samples.length >> 1);
  return fine.every(({ h, odd }) => !(Math.abs(odd / h - far.value) > far.error + (4 * near.noise) / h));
}

const nothing = (failure: string): Estimate => ({
  value: Number.NaN,
  error: Infinity,
  step: 0,
  noise: 0,
  kink: undefined,
  samples: [],
  isStill: false,
  failure,
});

/** Ridders' table from a first step on. */
function ridders(f: (t: number) => number, { start, measured, centre, target, size = Infinity }: Known): Estimate {
  let h = start;
  let [above, below] = [f(h), f(-h)];
  while (!(Number.isFinite(above) && Number.isFinite(below))) {
    h /= 4;
    if (h < 1e-14) return nothing(endsHere);
    [above, below] = [f(h), f(-h)];
  }
  let largest = Math.abs(centre);
  const samples: Sample[] = [];
  const table: number[][] = [];
  const bests: Best[] = [];
  let best: Best | undefined;
  let noise = 0;
  for (let i = 0; i < rows; i++, h /= 2) {
    if (i > 0) [above, below] = [f(h), f(-h)];
    const own = Math.max(Math.abs(centre), Math.abs(above), Math.abs(below));
    largest = Math.max(largest, own);
    noise = Math.max(8 * unit * (samples.length < 3 ? largest : own), 4 * measured * Math.max(1, own / size));
    samples.push({ h, odd: (above - below) / 2, even: Math.abs(above - centre - (centre - below)) });
    const row = [(above - below) / (2 * h)];
    let closest: Best = { value: row[0]!, error: Infinity, step: h };
    for (let j = 1; j <= Math.min(i, columns); j++) {
      const power = 4 ** j;
      row.push((power * row[j - 1]! - table[i - 1]![j - 1]!) / (power - 1));
      const error = Math.max(Math.abs(row[j]! - row[j - 1]!), Math.abs(row[j]! - table[i - 1]![j - 1]!)) + (1.5 * noise) / h;
      if (error < closest.error) closest = { value: row[j]!, error, step: h };
    }
    table.push(row);
    bests.push(closest);
    if (agree(bests.slice(-3)) && (best === undefined || closest.error < best.error)) best = closest;
    if (best === undefined || !(best.error <= target || (samples.length > 5 && (3 * noise) / h > best.error))) continue;
    if (isConfirmed(f, best, h / 4096, noise)) break;
    best = undefined;
    bests.length = 0;
  }
  const kink = kinkIn(samples, noise);
  const last = samples.at(-1)!;
  const isStill = last.odd === 0 && last.even === 0;
  if (best === undefined) return { ...nothing("the differences do not settle"), samples, noise, kink, isStill };
  const isKink = kink !== undefined && kink.gap > 50 * best.error;
  return {
    ...best,
    noise,
    kink: isKink ? { left: best.value - kink.gap / 2, right: best.value + kink.gap / 2 } : undefined,
    samples,
    isStill,
    failure: undefined,
  };
}

/** Whether a much smaller step gives about the same slope: steps that are nearly periods of the function agree among themselves. */
function isConfirmed(f: (t: number) => number, best: Best, h: number, noise: number): boolean {
  const slope = (f(h) - f(-h)) / (2 * h);
  return !(Math.abs(slope - best.value) > best.error + (4 * noise) / h + 1e-3 * Math.abs(slope));
}

/** Whether three rows say the same within their error bars. */
function agree(three: readonly Best[]): boolean {
  if (three.length < 3) return false;
  const near = (x: Best, y: Best): boolean => Math.abs(x.value - y.value) <= x.error + y.error;
  const [a, b, c] = three as [Best, Best, Best];
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
