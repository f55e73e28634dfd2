/**
 * Running error analysis as a number system: float64 values, each with a bound on its distance from the exact result for exact inputs.
 * It knows how errors travel (in full for + - × ÷, by the largest derivative between the extremes for functions); the errors of the
 * float64 operations themselves are in accuracy.ts. Higham, Accuracy and Stability of Numerical Algorithms, section 3.3.
 */
import { type BinaryOperation, type NumberSystem, type UnaryOperation, Undecided, unaryOperations } from "../arithmetic.ts";
import { binaryError, polygammaError, unaryError, unitRoundoff } from "./accuracy.ts";
import { type Interval, interval, intervalFrom } from "./interval.ts";
import { partials } from "./partials.ts";
import { real } from "./real.ts";
import { above } from "./rounding.ts";

export { unitRoundoff } from "./accuracy.ts";

/** A double as float64 computes it, and a bound on its distance from the exact value. */
export interface RunningError {
  readonly value: number;
  readonly error: number;
}

/**
 * An input known to within an error.
 *
 * @example
 * ```ts
 * runningErrorFrom(0.1, 1e-17); // => { value: 0.1, error: 1e-17 }
 * ```
 */
export const runningErrorFrom = (value: number, error: number): RunningError => ({ value, error });

const exactly = (value: number): RunningError => ({ value, error: 0 });

/** A sum of non-negative errors, rounded up; NaN where the value is. */
function total(value: number, ...errors: readonly number[]): RunningError {
  let sum = 0;
  for (const error of errors) sum += error;
  return { value, error: Number.isNaN(value) ? Number.NaN : sum === 0 ? 0 : above(sum * (1 + 2 ** -50)) };
}

/** factor · error, 0 where there is no error. */
const carried = (factor: number, error: number): number => (error === 0 ? 0 : Math.abs(factor) * error);

const around = ({ value, error }: RunningError): Interval =>
  error === 0 ? intervalFrom(value, value) : intervalFrom(-above(error - value), above(value + error));

/** The largest magnitude in an interval; infinite where the function has no value throughout. */
function magnitude(x: Interval): number {
  return x.partial === true || Number.isNaN(x.low) ? Infinity : Math.max(Math.abs(x.low), Math.abs(x.high));
}

/** The largest distance of an interval's members from the value. */
function spread(x: Interval, value: number): number {
  if (Math.abs(value) === Infinity) return x.low === value && x.high === value ? 0 : Infinity;
  return x.partial === true || Number.isNaN(x.low) ? Infinity : Math.max(x.high - value, value - x.low);
}

const derivative = partials(interval);

/** Operations that move by jumps, where the derivative says nothing of the distance. */
const steps: ReadonlySet<UnaryOperation> = new Set(["floor", "ceil", "round", "sign"]);

/** By the mean value theorem or by the range of the function, whichever is closer. */
function unary(operation: UnaryOperation): (x: RunningError) => RunningError {
  const f = real[operation];
  const slope = derivative.unary[operation];
  const isStep = steps.has(operation);
  return (x) => {
    const value = f(x.value);
    const own = unaryError(operation, x.value, value);
    if (x.error === 0) return total(value, own);
    const range = around(x);
    const image = interval[operation](range);
    const byRange = spread(image, value);
    const bySlope = isStep ? Infinity : own + magnitude(slope(range, image)) * x.error;
    return total(value, Math.min(byRange, bySlope));
  };
}

const unaryEntries = Object.fromEntries(unaryOperations.map((operation) => [operation, unary(operation)])) as Readonly<
  Record<UnaryOperation, (x: RunningError) => RunningError>
>;

/** The rounding error of an operation on these doubles: none where an infinite one decides the result, unbounded on overflow. */
function own(operation: BinaryOperation, x: number, y: number, value: number): number {
  if (Math.abs(value) === Infinity) return Math.abs(x) === Infinity || Math.abs(y) === Infinity ? 0 : Infinity;
  return operation === "add" || operation === "sub" ? unitRoundoff * Math.abs(value) : binaryError(operation, x, y, value);
}

function sum(operation: "add" | "sub", x: RunningError, y: RunningError): RunningError {
  const value = real[operation](x.value, y.value);
  return total(value, own(operation, x.value, y.value, value), x.error, y.error);
}

function product(x: RunningError, y: RunningError): RunningError {
  const value = x.value * y.value;
  return total(value, own("mul", x.value, y.value, value), carried(x.value, y.error), carried(y.value, x.error), x.error * y.error);
}

function quotient(x: RunningError, y: RunningError): RunningError {
  const value = x.value / y.value;
  const carriedError = x.error + carried(value, y.error);
  const divisor = y.error === 0 ? Math.abs(y.value) : -above(y.error - Math.abs(y.value));
  const travelled = carriedError === 0 ? 0 : divisor > 0 ? carriedError / divisor : Infinity;
  return total(value, own("div", x.value, y.value, value), travelled);
}

/** Of the smaller or larger: its own error where the other cannot take its place, else the worse of both. */
function extreme(operation: "min" | "max", x: RunningError, y: RunningError): RunningError {
  const value = real[operation](x.value, y.value);
  const isClear = Math.abs(x.value - y.value) > x.error + y.error;
  return total(value, isClear ? (value === x.value ? x.error : y.error) : Math.max(x.error, y.error));
}

function pow(x: RunningError, y: RunningError): RunningError {
  const value = real.pow(x.value, y.value);
  if (x.error === 0 && y.error === 0) return total(value, own("pow", x.value, y.value, value));
  const [a, b] = [around(x), around(y)];
  const image = interval.pow(a, b);
  const [byX, byY] = derivative.binary.pow(a, b, image);
  const bySlope = carried(magnitude(byX), x.error) + carried(magnitude(byY), y.error);
  return total(value, Math.min(own("pow", x.value, y.value, value) + bySlope, spread(image, value)));
}

function atan2(y: RunningError, x: RunningError): RunningError {
  const value = Math.atan2(y.value, x.value);
  if (x.error === 0 && y.error === 0) return total(value, own("atan2", y.value, x.value, value));
  const [a, b] = [around(y), around(x)];
  const image = interval.atan2(a, b);
  const crossesCut = a.low < 0 && a.high >= 0 && b.low < 0;
  if (crossesCut) return total(value, spread(image, value));
  const [byY, byX] = derivative.binary.atan2(a, b, image);
  const bySlope = carried(magnitude(byY), y.error) + carried(magnitude(byX), x.error);
  return total(value, Math.min(own("atan2", y.value, x.value, value) + bySlope, spread(image, value)));
}

function remainder(x: RunningError, y: RunningError): RunningError {
  const value = real.remainder(x.value, y.value);
  if (x.error === 0 && y.error === 0) return total(value, own("remainder", x.value, y.value, value));
  return total(value, spread(interval.remainder(around(x), around(y)), value));
}

/** The answer, with error 1 when the errors of the arguments could turn it round. */
function question(answer: (x: number, y: number) => number): (x: RunningError, y: RunningError) => RunningError {
  return (x, y) => {
    const error = x.error + y.error;
    const isClose = error > 0 && !(Math.abs(x.value - y.value) > error);
    return { value: answer(x.value, y.value), error: isClose ? 1 : 0 };
  };
}

const settled = (answer: RunningError, value: boolean): boolean => answer.error === 0 && (answer.value !== 0) === value;

function select(condition: RunningError, x: RunningError, y: RunningError): RunningError {
  const [taken, other] = condition.value !== 0 ? [x, y] : [y, x];
  if (condition.error === 0) return taken;
  return { value: taken.value, error: Math.max(taken.error, above(Math.abs(taken.value - other.value) + other.error)) };
}

/**
 * The number system of running errors. Values are those of float64 bit for bit; errors are bounds given the accuracy of float64's
 * functions, without first-order approximations. A comparison that the errors leave open has error 1: `select` then covers both
 * branches and `decide` throws `Undecided`.
 *
 * @example
 * ```ts
 * const s = runningError;
 * const third = s.div(s.constant(1), s.constant(3));
 * third.error < 1e-16; // => true
 * s.sub(third, s.constant(1 / 3)).value; // => 0
 * ```
 */
export const runningError: NumberSystem<RunningError> = {
  name: "runningError",
  constant: exactly,

  ...unaryEntries,
  add: (x, y) => sum("add", x, y),
  sub: (x, y) => sum("sub", x, y),
  mul: product,
  div: quotient,
  pow,
  atan2,
  remainder,
  min: (x, y) => extreme("min", x, y),
  max: (x, y) => extreme("max", x, y),
  polygamma: (order, x) => {
    const value = real.polygamma(order, x.value);
    const slope = x.error === 0 ? 0 : magnitude(interval.polygamma(order + 1, around(x)));
    return total(value, polygammaError(order, x.value, value), carried(slope, x.error));
  },
  round32: (x) => total(Math.fround(x.value), x.error === 0 ? 0 : spread(interval.round32(around(x)), Math.fround(x.value))),

  isNaN: (x) => ({ value: real.isNaN(x.value), error: 0 }),
  isFinite: (x) => ({ value: real.isFinite(x.value), error: 0 }),
  less: question(real.less),
  lessEqual: question(real.lessEqual),
  equal: question(real.equal),
  not: (x) => ({ value: real.not(x.value), error: x.error }),
  and: (x, y) => ({ value: real.and(x.value, y.value), error: settled(x, false) || settled(y, false) ? 0 : Math.max(x.error, y.error) }),
  or: (x, y) => ({ value: real.or(x.value, y.value), error: settled(x, true) || settled(y, true) ? 0 : Math.max(x.error, y.error) }),
  select,

  decide: (condition) => {
    if (condition.error !== 0) throw new Undecided("runningError: the comparison is closer than the rounding errors of its sides");
    return condition.value !== 0;
  },
  toNumber: (x) => x.value,
};
