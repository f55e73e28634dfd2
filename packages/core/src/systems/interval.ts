/**
 * Intervals as a number system: bounds that hold for the exact result, rounded outwards by the known errors of the float64 operations.
 * It knows where functions rise, fall, turn and have poles; signed zeros and how to be tight about repeated variables it does not know.
 */
import { type BinaryOperation, type NumberSystem, type UnaryOperation, Undecided } from "../arithmetic.ts";
import { binaryError, polygammaError, unaryError } from "./accuracy.ts";
import { real } from "./real.ts";
import { above, addDown, addUp, divDown, divUp, mulDown, mulUp, sqrtDown, sqrtUp } from "./rounding.ts";

/**
 * All numbers from low to high. Where a function has no value for some members of its arguments the bounds hold for the others and
 * `partial` is set, and stays set in what is computed from them; where it has none for any, both bounds are NaN.
 */
export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly partial?: true;
}

/**
 * The interval from low to high.
 *
 * @example
 * ```ts
 * intervalFrom(1, 2); // => { low: 1, high: 2 }
 * ```
 */
export const intervalFrom = (low: number, high: number): Interval => ({ low, high });

const point = (value: number): Interval => ({ low: value, high: value });
const nowhere = point(Number.NaN);
const whole = intervalFrom(-Infinity, Infinity);
const yes = point(1);
const no = point(0);
const unknown = intervalFrom(0, 1);

const marked = (x: Interval, partial: boolean): Interval =>
  partial && !Number.isNaN(x.low) ? { low: x.low, high: x.high, partial: true } : x;
const isPartial = (x: Interval): boolean => x.partial === true || Number.isNaN(x.low);
const isPoint = (x: Interval): boolean => x.low === x.high;
const contains = (x: Interval, value: number): boolean => x.low <= value && value <= x.high;
const negated = (x: Interval): Interval => intervalFrom(-x.high, -x.low);
const magnitudeOf = (x: Interval): Interval =>
  x.low >= 0 ? intervalFrom(x.low, x.high) : x.high <= 0 ? negated(x) : intervalFrom(0, Math.max(-x.low, x.high));

/** The smallest interval that holds both; one without members adds none, but marks the result. */
function hull(x: Interval, y: Interval): Interval {
  if (Number.isNaN(x.low)) return marked(y, true);
  if (Number.isNaN(y.low)) return marked(x, true);
  return marked(intervalFrom(Math.min(x.low, y.low), Math.max(x.high, y.high)), isPartial(x) || isPartial(y));
}

/** A bound below (side -1) or above (side 1) the exact value whose computed value and error are given. */
function bound(side: 1 | -1, value: number, error: number): number {
  if (error === 0) return value;
  const outer = side * value;
  if (outer === Infinity) return value;
  if (outer === -Infinity) return -side * Number.MAX_VALUE;
  return side * above(outer + error);
}

type Bound = (side: 1 | -1, x: number) => number;

const boundOf =
  (operation: UnaryOperation): Bound =>
  (side, x) => {
    const out = real[operation](x);
    return bound(side, out, unaryError(operation, x, out));
  };

const clipped = (x: Interval, range: Interval): Interval => intervalFrom(Math.max(x.low, range.low), Math.min(x.high, range.high));
const rising = (f: Bound, x: Interval): Interval => intervalFrom(f(-1, x.low), f(1, x.high));
const falling = (f: Bound, x: Interval): Interval => intervalFrom(f(-1, x.high), f(1, x.low));

/** The function on what lies in its domain. */
function within(domain: Interval, f: (x: Interval) => Interval, x: Interval): Interval {
  if (x.low > domain.high || x.high < domain.low) return nowhere;
  return marked(f(clipped(x, domain)), x.low < domain.low || x.high > domain.high);
}

/** A monotone operation: its direction, its range and, where it is not everything, its domain. */
type Monotone = readonly [direction: typeof rising, rangeLow: number, rangeHigh: number, domainLow?: number, domainHigh?: number];

const monotone: Partial<Record<UnaryOperation, Monotone>> = {
  neg: [falling, -Infinity, Infinity],
  sign: [rising, -1, 1],
  floor: [rising, -Infinity, Infinity],
  ceil: [rising, -Infinity, Infinity],
  round: [rising, -Infinity, Infinity],
  cbrt: [rising, -Infinity, Infinity],
  exp: [rising, 0, Infinity],
  exp2: [rising, 0, Infinity],
  expm1: [rising, -1, Infinity],
  log: [rising, -Infinity, Infinity, 0, Infinity],
  log2: [rising, -Infinity, Infinity, 0, Infinity],
  log10: [rising, -Infinity, Infinity, 0, Infinity],
  log1p: [rising, -Infinity, Infinity, -1, Infinity],
  asin: [rising, -1.5707963267948968, 1.5707963267948968, -1, 1],
  acos: [falling, 0, 3.1415926535897936, -1, 1],
  atan: [rising, -1.5707963267948968, 1.5707963267948968],
  sinh: [rising, -Infinity, Infinity],
  tanh: [rising, -1, 1],
  asinh: [rising, -Infinity, Infinity],
  acosh: [rising, 0, Infinity, 1, Infinity],
  atanh: [rising, -Infinity, Infinity, -1, 1],
  erf: [rising, -1, 1],
  erfc: [falling, 0, 2],
  erfcx: [falling, 0, Infinity],
};

function monotoneFunction(
  operation: UnaryOperation,
  [direction, rangeLow, rangeHigh, domainLow, domainHigh]: Monotone,
): (x: Interval) => Interval {
  const f = boundOf(operation);
  const range = intervalFrom(rangeLow, rangeHigh);
  const domain = intervalFrom(domainLow ?? -Infinity, domainHigh ?? Infinity);
  return (x) => within(domain, (inside) => clipped(direction(f, inside), range), x);
}

/** Below π, so that an interval of this width holds at most one turning point of sin and cos. */
const halfTurn = 3.14;

/** sin or cos; `slope` has the sign of its derivative, which float64 never gets wrong, however large the argument. */
function wave(f: Bound, slope: (x: number) => number, x: Interval): Interval {
  const range = intervalFrom(-1, 1);
  const width = addUp(x.high, -x.low);
  if (!(width <= halfTurn)) {
    const middle = x.low + width / 2;
    const splits = width <= 2 * halfTurn && addUp(middle, -x.low) <= halfTurn && addUp(x.high, -middle) <= halfTurn;
    if (splits) return hull(wave(f, slope, intervalFrom(x.low, middle)), wave(f, slope, intervalFrom(middle, x.high)));
    if (isPoint(x)) return nowhere;
    return marked(range, !Number.isFinite(width) && (x.low === -Infinity || x.high === Infinity));
  }
  const [before, after] = [slope(x.low), slope(x.high)];
  if (before >= 0 && after >= 0) return clipped(rising(f, x), range);
  if (before <= 0 && after <= 0) return clipped(falling(f, x), range);
  return before > 0
    ? intervalFrom(Math.max(-1, Math.min(f(-1, x.low), f(-1, x.high))), 1)
    : intervalFrom(-1, Math.min(1, Math.max(f(1, x.low), f(1, x.high))));
}

/** Rising between its poles, which are where cos changes sign. */
function tangent(x: Interval): Interval {
  if (isPoint(x) && !Number.isFinite(x.low)) return nowhere;
  const width = addUp(x.high, -x.low);
  if (!(width <= halfTurn)) return marked(whole, x.low === -Infinity || x.high === Infinity);
  return Math.cos(x.low) > 0 === Math.cos(x.high) > 0 ? rising(boundOf("tan"), x) : whole;
}

const largest = (f: Bound, x: Interval): number => Math.max(f(1, x.low), f(1, x.high));

/** A convex function without poles in x: monotone where its slope keeps its sign, else above its tangents at both ends. */
function convex(f: Bound, slope: Bound, x: Interval): Interval {
  const [before, after] = [slope(-1, x.low), slope(1, x.high)];
  if (before >= 0) return rising(f, x);
  if (after <= 0) return falling(f, x);
  const width = addUp(x.high, -x.low);
  const fromLow = addDown(f(-1, x.low), mulDown(before, width));
  const fromHigh = addDown(f(-1, x.high), mulDown(-after, width));
  return intervalFrom(Math.max(fromLow, fromHigh), largest(f, x));
}

const polygammaBound =
  (order: number): Bound =>
  (side, x) => {
    const out = real.polygamma(order, x);
    return bound(side, out, polygammaError(order, x, out));
  };

/** Whether 0, -1, -2, … meets the interval. */
const holdsPole = (x: Interval): boolean => x.low <= 0 && Math.floor(Math.min(x.high, 0)) >= x.low;

/** Below the least value of lgamma right of 0, which it takes at 1.4616…. */
const leastLogGamma = -0.1214862905358497;

function lgamma(x: Interval): Interval {
  const f = boundOf("lgamma");
  if (x.low === -Infinity || (x.low < 0 && holdsPole(x))) return whole;
  if (x.low < 0) return convex(f, polygammaBound(0), x);
  if (x.low > 0) return clipped(convex(f, polygammaBound(0), x), intervalFrom(leastLogGamma, Infinity));
  return intervalFrom(x.high <= 1.46 ? f(-1, x.high) : leastLogGamma, Infinity);
}

function polygamma(order: number, x: Interval): Interval {
  if (!(order >= 0 && Number.isInteger(order))) return nowhere;
  const f = polygammaBound(order);
  const isOdd = order % 2 === 1;
  if (x.low === -Infinity) return isPoint(x) ? nowhere : marked(whole, true);
  if (holdsPole(x)) {
    if (x.low < 0) return isOdd ? intervalFrom(0, Infinity) : isPoint(x) ? nowhere : marked(whole, true);
    if (isOdd) return intervalFrom(x.high === 0 ? Infinity : f(-1, x.high), Infinity);
    return x.high === 0 ? nowhere : marked(intervalFrom(-Infinity, f(1, x.high)), true);
  }
  if (!isOdd) return rising(f, x);
  const value = x.low > 0 ? falling(f, x) : convex(f, polygammaBound(order + 1), x);
  return intervalFrom(Math.max(0, value.low), value.high);
}

/** The hull of a rounded function of both arguments over all four corners. */
function corners(lower: (x: number, y: number) => number, upper: (x: number, y: number) => number, x: Interval, y: Interval): Interval {
  return intervalFrom(
    Math.min(lower(x.low, y.low), lower(x.low, y.high), lower(x.high, y.low), lower(x.high, y.high)),
    Math.max(upper(x.low, y.low), upper(x.low, y.high), upper(x.high, y.low), upper(x.high, y.high)),
  );
}

const hasInfinity = (x: Interval): boolean => x.low === -Infinity || x.high === Infinity;

function add(x: Interval, y: Interval): Interval {
  const clash = (x.high === Infinity && y.low === -Infinity) || (x.low === -Infinity && y.high === Infinity);
  if (clash && isPoint(x) && isPoint(y)) return nowhere;
  return marked(intervalFrom(addDown(x.low, y.low), addUp(x.high, y.high)), clash);
}

function mul(x: Interval, y: Interval): Interval {
  const clash = (contains(x, 0) && hasInfinity(y)) || (contains(y, 0) && hasInfinity(x));
  if (clash && isPoint(x) && isPoint(y)) return nowhere;
  return marked(corners(mulDown, mulUp, x, y), clash);
}

function div(x: Interval, y: Interval): Interval {
  if (contains(y, 0)) {
    if (isPoint(y)) return contains(x, 0) ? (isPoint(x) ? nowhere : marked(whole, true)) : whole;
    if (y.high <= 0) return div(negated(x), negated(y));
    const partial = contains(x, 0);
    if (y.low < 0 || (x.low < 0 && x.high > 0)) return marked(whole, partial);
    return marked(x.low >= 0 ? intervalFrom(divDown(x.low, y.high), Infinity) : intervalFrom(-Infinity, divUp(x.high, y.high)), partial);
  }
  if (hasInfinity(x) && hasInfinity(y)) return isPoint(x) && isPoint(y) ? nowhere : marked(whole, true);
  return corners(divDown, divUp, x, y);
}

/** Whole powers up to this one are products of directed multiplications, so that small integers stay exact. */
const largestProductPower = 64;

/** x^n for x >= 0 and a whole n >= 0, rounded by `product`. */
function wholePower(product: (a: number, b: number) => number, x: number, n: number): number {
  let result = 1;
  let base = x;
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = product(result, base);
    if (rest > 1) base = product(base, base);
  }
  return result;
}

const powBound =
  (side: 1 | -1) =>
  (x: number, y: number): number => {
    const out = real.pow(x, y);
    return Math.max(0, bound(side, out, binaryError("pow", x, y, out)));
  };

/** x^y for x >= 0. */
function positivePower(x: Interval, y: Interval): Interval {
  const n = Math.abs(y.low);
  if (!isPoint(y) || !Number.isInteger(n) || n > largestProductPower) {
    return corners(powBound(-1), powBound(1), x, y);
  }
  const power = intervalFrom(wholePower(mulDown, x.low, n), wholePower(mulUp, x.high, n));
  return y.low < 0 ? div(yes, power) : power;
}

function pow(x: Interval, y: Interval): Interval {
  if (x.low >= 0) return positivePower(x, y);
  if (isPoint(y) && (Number.isInteger(y.low) || hasInfinity(y))) {
    if (y.low % 2 === 0 || hasInfinity(y)) return positivePower(magnitudeOf(x), y);
    if (x.high <= 0) return negated(positivePower(negated(x), y));
    const right = positivePower(intervalFrom(0, x.high), y);
    const left = negated(positivePower(intervalFrom(0, -x.low), y));
    return hull(left, right);
  }
  if (isPoint(y)) return within(intervalFrom(0, Infinity), (inside) => positivePower(inside, y), x);
  const size = positivePower(magnitudeOf(x), y);
  return marked(intervalFrom(-size.high, size.high), true);
}

const angleBound =
  (side: 1 | -1) =>
  (y: number, x: number): number => {
    const out = Math.atan2(y, x);
    return bound(side, out, binaryError("atan2", y, x, out));
  };

function atan2(y: Interval, x: Interval): Interval {
  const turn = intervalFrom(-3.1415926535897936, 3.1415926535897936);
  if (x.low < 0 && y.low < 0 && y.high >= 0) return turn;
  const withoutNegativeZero = intervalFrom(y.low + 0, y.high + 0);
  return clipped(corners(angleBound(-1), angleBound(1), withoutNegativeZero, intervalFrom(x.low + 0, x.high + 0)), turn);
}

function remainder(x: Interval, y: Interval): Interval {
  if (isPoint(y) && y.low === 0) return nowhere;
  if (isPoint(x) && isPoint(y)) return pointRemainder(x.low, y.low);
  const range = hull(no, y);
  const partial = contains(y, 0) || hasInfinity(x);
  const quotient = div(x, y);
  const [low, high] = [Math.floor(quotient.low), Math.floor(quotient.high)];
  if (partial || low !== high || !Number.isFinite(low)) return marked(range, partial);
  return clipped(add(x, negated(mul(point(low), y))), range);
}

function pointRemainder(x: number, y: number): Interval {
  const rest = x % y;
  if (Number.isNaN(rest)) return nowhere;
  return rest === 0 || rest < 0 === y < 0 ? point(rest) : intervalFrom(addDown(rest, y), addUp(rest, y));
}

/** An answer that is false when an argument has no value. */
function question(answer: (x: Interval, y: Interval) => Interval): (x: Interval, y: Interval) => Interval {
  return (x, y) => {
    if (Number.isNaN(x.low) || Number.isNaN(y.low)) return no;
    const value = answer(x, y);
    return value.high === 1 && (isPartial(x) || isPartial(y)) ? unknown : value;
  };
}

const unary =
  (f: (x: Interval) => Interval) =>
  (x: Interval): Interval =>
    Number.isNaN(x.low) ? nowhere : marked(f(x), x.partial === true);

const binary =
  (f: (x: Interval, y: Interval) => Interval) =>
  (x: Interval, y: Interval): Interval =>
    Number.isNaN(x.low) || Number.isNaN(y.low) ? nowhere : marked(f(x, y), x.partial === true || y.partial === true);

const monotoneEntries = Object.fromEntries(
  Object.entries(monotone).map(([operation, shape]) => [operation, unary(monotoneFunction(operation as UnaryOperation, shape))]),
) as Record<Exclude<UnaryOperation, "abs" | "sqrt" | "sin" | "cos" | "tan" | "cosh" | "lgamma">, (x: Interval) => Interval>;

const sine = boundOf("sin");
const cosine = boundOf("cos");
const nonNegative = intervalFrom(0, Infinity);

const binaryEntries: Readonly<Record<BinaryOperation, (x: Interval, y: Interval) => Interval>> = {
  add: binary(add),
  sub: binary((x, y) => add(x, negated(y))),
  mul: binary(mul),
  div: binary(div),
  pow: binary(pow),
  atan2: binary(atan2),
  remainder: binary(remainder),
  min: binary((x, y) => intervalFrom(Math.min(x.low, y.low), Math.min(x.high, y.high))),
  max: binary((x, y) => intervalFrom(Math.max(x.low, y.low), Math.max(x.high, y.high))),
};

/**
 * The number system of intervals. Truth values are the intervals [0, 0], [1, 1] and [0, 1], which is unknown: `select` on it gives the
 * hull of both branches, `decide` throws `Undecided`. For arguments that are points, + - × ÷ √ give the neighbouring doubles of the
 * result or the result itself, and functions a few ulps more than their error in float64.
 *
 * @example
 * ```ts
 * interval.div(interval.constant(1), interval.constant(4)); // => { low: 0.25, high: 0.25 }
 * interval.sin(intervalFrom(1, 2)).high; // => 1
 * interval.log(intervalFrom(-1, 1)); // => { low: -Infinity, high: 0, partial: true }
 * ```
 */
export const interval: NumberSystem<Interval> = {
  name: "interval",
  constant: point,

  ...monotoneEntries,
  abs: unary(magnitudeOf),
  sqrt: unary((x) => within(nonNegative, (inside) => intervalFrom(sqrtDown(inside.low), sqrtUp(inside.high)), x)),
  sin: unary((x) => wave(sine, Math.cos, x)),
  cos: unary((x) => wave(cosine, (t) => -Math.sin(t), x)),
  tan: unary(tangent),
  cosh: unary((x) => clipped(rising(boundOf("cosh"), magnitudeOf(x)), intervalFrom(1, Infinity))),
  lgamma: unary(lgamma),
  polygamma: (order, x) => (Number.isNaN(x.low) ? nowhere : marked(polygamma(order, x), x.partial === true)),
  round32: unary((x) => intervalFrom(Math.fround(x.low), Math.fround(x.high))),

  ...binaryEntries,

  isNaN: (x) => (Number.isNaN(x.low) ? yes : x.partial === true ? unknown : no),
  isFinite: (x) => {
    if (Number.isNaN(x.low) || (isPoint(x) && hasInfinity(x))) return no;
    return hasInfinity(x) || x.partial === true ? unknown : yes;
  },
  less: question((x, y) => (x.high < y.low ? yes : x.low >= y.high ? no : unknown)),
  lessEqual: question((x, y) => (x.high <= y.low ? yes : x.low > y.high ? no : unknown)),
  equal: question((x, y) => (x.low > y.high || x.high < y.low ? no : isPoint(x) && isPoint(y) ? yes : unknown)),
  not: (x) => intervalFrom(x.high === 0 ? 1 : 0, contains(x, 0) ? 1 : 0),
  and: (x, y) => intervalFrom(Math.min(x.low, y.low), Math.min(x.high, y.high)),
  or: (x, y) => intervalFrom(Math.max(x.low, y.low), Math.max(x.high, y.high)),
  select: (condition, x, y) => (!contains(condition, 0) ? x : isPoint(condition) ? y : hull(x, y)),

  decide: (condition) => {
    if (contains(condition, 0) && !isPoint(condition)) throw new Undecided("interval: the comparison holds for some members only");
    return !contains(condition, 0);
  },
  toNumber: (x) => (isPoint(x) ? x.low : x.low === -x.high ? 0 : x.low / 2 + x.high / 2),
};
