/**
 * A line search for the strong Wolfe conditions: Nocedal and Wright, Numerical Optimization (2006), algorithms 3.5 and 3.6, with zooming by
 * cubic interpolation. It knows a function of one step length; it knows nothing of vectors.
 */

/** One point of the line: step length, value and slope there, and what the caller wants to keep of it. */
export interface Point<T> {
  readonly step: number;
  readonly value: number;
  readonly slope: number;
  readonly kept: T;
}

export interface WolfeOptions {
  /** The share of the decrease promised by the slope that must be there. */
  readonly sufficientDecrease: number;
  /** How flat the line must have become, as a share of the slope at the start. */
  readonly curvature: number;
  readonly maxEvaluations: number;
}

export interface Search<T> {
  /** The point found; undefined if there is no lower one within rounding and the limit. */
  readonly point: Point<T> | undefined;
  readonly evaluations: number;
}

/**
 * Where value differences drown in rounding, a point counts as low enough by its slope alone: the approximate Wolfe condition of Hager and
 * Zhang (2005). `noise` is what two equal values may differ by.
 */
export function wolfeSearch<T>(
  at: (step: number) => Point<T>,
  start: Point<T>,
  firstStep: number,
  noise: number,
  options: WolfeOptions,
): Search<T> {
  let evaluations = 0;
  const evaluate = (step: number): Point<T> => {
    evaluations++;
    return at(step);
  };
  const search: Line<T> = { start, noise, evaluate, options, exhausted: () => evaluations >= options.maxEvaluations };
  const point = bracket(search, firstStep);
  return { point, evaluations };
}

interface Line<T> {
  readonly start: Point<T>;
  readonly noise: number;
  readonly evaluate: (step: number) => Point<T>;
  readonly options: WolfeOptions;
  readonly exhausted: () => boolean;
}

/** Low enough for its distance; false for NaN. */
function decreases<T>({ start, noise, options }: Line<T>, { step, value, slope }: Point<T>): boolean {
  if (value <= start.value + options.sufficientDecrease * step * start.slope) return Number.isFinite(slope);
  return value <= start.value + noise && Math.abs(slope) <= (1 - 2 * options.sufficientDecrease) * -start.slope;
}

const flat = <T>({ start, options }: Line<T>, point: Point<T>): boolean => Math.abs(point.slope) <= -options.curvature * start.slope;

/** Whether `point` is above `other` by more than rounding explains. */
const above = <T>({ noise }: Line<T>, point: Point<T>, other: Point<T>): boolean => !(point.value < other.value + noise);

/** So many doublings are taken one by one; then each step is a longer leap, so that a line without end is followed to infinity. */
const singleDoublings = 8;

/** Algorithm 3.5: lengthens the step until an interval holds a point that satisfies the conditions. */
function bracket<T>(line: Line<T>, firstStep: number): Point<T> | undefined {
  let previous = line.start;
  let step = firstStep;
  for (let leap = 1 - singleDoublings; ; leap++) {
    const point = line.evaluate(step);
    if (point.value === Number.NEGATIVE_INFINITY) return point;
    if (!decreases(line, point) || (previous !== line.start && above(line, point, previous))) return zoom(line, previous, point);
    if (flat(line, point)) return point;
    if (point.slope >= 0) return zoom(line, point, previous);
    if (line.exhausted() || step === Number.MAX_VALUE) return point;
    step = Math.min(step * 2 ** (2 ** Math.max(0, leap)), Number.MAX_VALUE);
    previous = point;
  }
}

/** Algorithm 3.6: shrinks the interval between the lowest good point and another end that brackets. */
function zoom<T>(line: Line<T>, low: Point<T>, high: Point<T>): Point<T> | undefined {
  let [best, other] = [low, high];
  for (let blind = 0; blind < mostBlindSteps && !line.exhausted(); blind += alike(line, best, other) ? 1 : 0) {
    const step = interpolate(line, best, other);
    if (step === best.step || step === other.step) break;
    const point = line.evaluate(step);
    if (!decreases(line, point) || above(line, point, best)) {
      other = point;
      continue;
    }
    if (flat(line, point)) return point;
    if (point.slope * (other.step - best.step) >= 0) other = best;
    best = point;
  }
  return best === line.start ? undefined : best;
}

/** How often an interval whose ends agree in value within rounding is divided by the slopes alone. */
const mostBlindSteps = 6;

const alike = <T>({ noise }: Line<T>, a: Point<T>, b: Point<T>): boolean => Math.abs(a.value - b.value) <= noise;

/** The minimiser of the cubic through both ends (eq. 3.59), kept a tenth of the interval away from either; the middle where there is none. */
function interpolate<T>(line: Line<T>, a: Point<T>, b: Point<T>): number {
  const width = b.step - a.step;
  const cubic = alike(line, a, b) ? secant(a, b) : cubicMinimizer(a, b);
  const middle = a.step + width / 2;
  if (!Number.isFinite(cubic)) return middle;
  const share = (cubic - a.step) / width;
  return share < 0.1 ? a.step + 0.1 * width : share > 0.9 ? a.step + 0.9 * width : cubic;
}

function cubicMinimizer<T>(a: Point<T>, b: Point<T>): number {
  const d1 = a.slope + b.slope - (3 * (a.value - b.value)) / (a.step - b.step);
  const d2 = Math.sign(b.step - a.step) * Math.sqrt(d1 * d1 - a.slope * b.slope);
  return b.step - ((b.step - a.step) * (b.slope + d2 - d1)) / (b.slope - a.slope + 2 * d2);
}

/** The root of the line through both slopes; NaN where they agree in sign. */
function secant<T>(a: Point<T>, b: Point<T>): number {
  return a.slope * b.slope < 0 ? a.step - (a.slope * (b.step - a.step)) / (b.slope - a.slope) : Number.NaN;
}
