/**
 * What a function of vectors is: values over lanes, the lanes it does not serve, and its error bound. With the words the functions are written
 * in: polynomials, signs, powers of two. It knows no particular function.
 */
import type { ExpressionKind } from "@cotangent/core/engine";
import type { FunctionWriter } from "../assembly/function.ts";
import type { Lanes, Precision, Value } from "../assembly/lanes.ts";

/** What a function's graph gives. */
export interface VectorValue {
  readonly value: Value;
  /** A mask of the lanes where `value` is not the function's: they are found another way instead. */
  readonly outside?: Value;
}

/** A function of vectors, written over lanes without branches. */
export interface VectorForm {
  /**
   * How far a result is from the exact one at most, in units in its last place, with relaxed multiply-add and without; no less than the bound
   * of the real system where lanes outside go through it.
   */
  readonly ulps: Readonly<Record<Precision, number>>;
  readonly write: (m: Lanes, ...args: readonly Value[]) => VectorValue;
  /** How one number alone is served. */
  readonly single?: SingleForm;
  /** The functions of vectors that what it writes calls. */
  readonly calls?: Partial<PerPrecision<readonly (readonly [kind: ExpressionKind, precision: Precision])[]>>;
}

/**
 * A function of one number, of which the next may have to wait for: branches, which the machine foresees, stand where vectors select. It takes
 * float64 in the first lane and gives one in each lane.
 */
export interface SingleForm {
  /** Functions with one name are one: each finds its value in a lane of its own. */
  readonly name: string;
  readonly lane: 0 | 1;
  /** Leaves the result for the number in the first parameter on the stack, good to `precision`. */
  readonly write: (m: Lanes, writer: FunctionWriter, precision: Precision) => void;
  /** Functions of one float64 that it calls. */
  readonly imports: readonly ExpressionKind[];
}

/** The same thing for both precisions. */
export type PerPrecision<T> = Readonly<Record<Precision, T>>;

/** How numbers of each precision lie in their bits. */
export const format: PerPrecision<{ readonly mantissaBits: number; readonly bias: number; readonly width: number }> = {
  f64: { mantissaBits: 52, bias: 1023, width: 64 },
  f32: { mantissaBits: 23, bias: 127, width: 32 },
};

/** What WebAssembly calls a vector of this precision. */
export const shapeOf = (precision: Precision): string => (precision === "f64" ? "f64x2" : "f32x4");

/** c[0] + c[1] t + c[2] t² + …: by Estrin's scheme, two terms at a time, so that few steps wait for each other; short ones by Horner's rule. */
export function polynomial(m: Lanes, coefficients: readonly number[], t: Value): Value {
  if (coefficients.length < 6) return horner(m, coefficients, t);
  let terms = coefficients.map((c) => m.constant(c));
  for (let power = t; terms.length > 1; power = m.mul(power, power)) {
    const pairs: Value[] = [];
    for (let i = 0; i < terms.length; i += 2) pairs.push(i + 1 < terms.length ? m.multiplyAdd(terms[i + 1]!, power, terms[i]!) : terms[i]!);
    terms = pairs;
  }
  return terms[0]!;
}

/** The same by Horner's rule for the even and the odd powers apart: it rounds less where terms outweigh their sum. */
export function steadyPolynomial(m: Lanes, coefficients: readonly number[], t: Value): Value {
  const square = m.mul(t, t);
  const [even, odd] = [0, 1].map((first) => coefficients.filter((_, i) => i % 2 === first)) as [number[], number[]];
  return coefficients.length < 6 ? horner(m, coefficients, t) : m.multiplyAdd(t, horner(m, odd, square), horner(m, even, square));
}

function horner(m: Lanes, coefficients: readonly number[], t: Value): Value {
  let sum = m.constant(coefficients[coefficients.length - 1]!);
  for (let i = coefficients.length - 2; i >= 0; i--) sum = m.multiplyAdd(sum, t, m.constant(coefficients[i]!));
  return sum;
}

/** The bit of the sign. */
export const signBit = (m: Lanes): Value => m.bits(1n << BigInt(format[m.precision].width - 1));

/** The magnitude of x with the sign of y. */
export const withSign = (m: Lanes, x: Value, y: Value): Value => m.select(signBit(m), y, x);

/** The smaller of x and a bound; NaN stays. */
export const atMost = (m: Lanes, x: Value, bound: number): Value => m.apply([`${shapeOf(m.precision)}.pmin`], [x, m.constant(bound)]);

/** The larger of x and a bound; NaN stays. */
export const atLeast = (m: Lanes, x: Value, bound: number): Value => m.apply([`${shapeOf(m.precision)}.pmax`], [x, m.constant(bound)]);

/** A whole number near x·factor, as a number, and as bits whose lowest hold it plus `offset`. |x·factor| < 2^21. */
export function nearestWhole(m: Lanes, x: Value, factor: number, offset = 0): { readonly whole: Value; readonly bits: Value } {
  const shifter = m.constant(1.5 * 2 ** format[m.precision].mantissaBits + offset);
  const bits = m.multiplyAdd(x, m.constant(factor), shifter);
  return { whole: m.sub(bits, shifter), bits };
}

/** Two float64, one in each lane. */
export const pairOf = (m: Lanes, low: number, high: number): Value =>
  m.apply(["v128.const", new Uint8Array(Float64Array.of(low, high).buffer)], []);

/** A lane of x, then one of y, each of 64 bits. */
export const lanesOf = (m: Lanes, x: Value, ofX: 0 | 1, y: Value, ofY: 0 | 1): Value =>
  m.apply(["i8x16.shuffle", Uint8Array.from({ length: 16 }, (_, i) => (i < 8 ? 8 * ofX + i : 8 * ofY + i + 8))], [x, y]);

/** A mask of the lanes of x that are not in [from, to], NaN among them. */
export const outsideOf = (m: Lanes, x: Value, from: number, to: number): Value =>
  m.not(m.and(m.lessEqual(m.constant(from), x), m.lessEqual(x, m.constant(to))));

/** The name of a function of vectors in a module. */
export const nameOf = (kind: ExpressionKind, precision: Precision): string => `${kind}_${shapeOf(precision)}`;

/** A function of four float32 as that of two float64, for each half of the lanes. */
export function throughDoubles(m: Lanes, kind: ExpressionKind, args: readonly Value[]): Value {
  const lower = (x: Value): Value => m.apply(["f64x2.promote_low_f32x4"], [x]);
  const upperHalf = Uint8Array.from({ length: 16 }, (_, i) => 8 + (i % 8));
  const upper = (x: Value): Value => lower(m.apply(["i8x16.shuffle", upperHalf], [x, x]));
  const half = (widen: (x: Value) => Value): Value => m.apply(["f32x4.demote_f64x2_zero"], [m.call(nameOf(kind, "f64"), args.map(widen))]);
  const joined = Uint8Array.from({ length: 16 }, (_, i) => (i < 8 ? i : i + 8));
  return m.apply(["i8x16.shuffle", joined], [half(lower), half(upper)]);
}
