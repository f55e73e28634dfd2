/**
 * Sine, cosine and tangent of vectors. x = n π/2 + r with |r| <= π/4, n π/2 subtracted in parts whose products with n are exact (Cody and
 * Waite), and what these subtractions lose kept; sine and cosine of r by minimax polynomials, put in place by n mod 4.
 */
import type { FunctionWriter } from "../assembly/function.ts";
import { emitValues, type Lanes, type Precision, type Value, valueEmitter } from "../assembly/lanes.ts";
import { lanesOf, nearestWhole, pairOf, type PerPrecision, polynomial, signBit, type SingleForm, type VectorForm } from "./form.ts";

/** π/2 in parts, those before the last of 33 bits (f32: 14), and a rest whose product with n is small beside any x - n π/2. */
const halfPi: PerPrecision<{ readonly parts: readonly number[]; readonly rest: number }> = {
  f64: { parts: [1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21], rest: 0 },
  f32: { parts: [1.5706787109375, 0.00011761486530303955, 9.920313459588215e-10], rest: 6.223371969669989e-14 },
};

/** Up to here n has 20 bits (f32: 10), so that its products with the parts are exact. */
const largestServed: PerPrecision<number> = { f64: 1647000, f32: 1608 };

/** (sin(r)/r - 1)/r² and (cos r - 1 + r²/2)/r⁴ in powers of r², |r| <= π/4: minimax, by the Remez algorithm in 60 digits. */
const sineRest: PerPrecision<readonly number[]> = {
  f64: [
    -0.16666666666666632, 0.008333333333322484, -0.000198412698298511, 2.75573137040352e-6, -2.5050759694995463e-8, 1.589687347685702e-10,
  ],
  f32: [-0.16666655, 0.008332191, -0.000195186],
};
const cosineRest: PerPrecision<readonly number[]> = {
  f64: [
    0.0416666666666666, -0.0013888888888874472, 2.480158728966937e-5, -2.755731440024402e-7, 2.0875729157959396e-9, -1.1359927167759812e-11,
  ],
  f32: [0.041666646, -0.0013887301, 2.4430661e-5],
};

/** π/2 less the first of its parts, as a number and what that lacks. */
const halfPiRest = [6.077100506506192e-11, 3.5215598651832e-27] as const;

interface Quadrant {
  readonly sine: Value;
  readonly cosine: Value;
  /** Bits whose lowest two hold n mod 4. */
  readonly bits: Value;
}

interface Reduced {
  /** x less n π/2, and what that lacks. */
  readonly r: Value;
  readonly lost: Value;
  /** Bits whose lowest two hold n mod 4. */
  readonly bits: Value;
}

function reduce(m: Lanes, x: Value): Reduced {
  const { whole, bits } = nearestWhole(m, x, 2 / Math.PI);
  let r = x;
  let lost: Value | undefined;
  const { parts, rest } = halfPi[m.precision];
  for (const part of parts) {
    const next = m.multiplyAdd(whole, m.constant(-part), r);
    if (r !== x) {
      const lostHere = m.multiplyAdd(whole, m.constant(-part), m.sub(r, next));
      lost = lost === undefined ? lostHere : m.add(lost, lostHere);
    }
    r = next;
  }
  if (rest !== 0) lost = m.multiplyAdd(whole, m.constant(-rest), lost!);
  return { r, lost: lost!, bits };
}

/** sin r and cos r. */
function quadrant(m: Lanes, x: Value): Quadrant {
  const { r, lost, bits } = reduce(m, x);
  const z = m.mul(r, r);
  const half = m.constant(0.5);
  const one = m.constant(1);
  const halfSquare = m.mul(z, half);
  const w = m.sub(one, halfSquare);
  const sineBeyond = m.mul(m.mul(r, z), polynomial(m, sineRest[m.precision], z));
  const cosineBeyond = m.mul(m.mul(z, z), polynomial(m, cosineRest[m.precision], z));
  const sine = m.add(r, m.multiplyAdd(lost, w, sineBeyond));
  const cosine = m.add(w, m.add(m.sub(m.sub(one, w), halfSquare), m.sub(cosineBeyond, m.mul(r, lost))));
  return { sine, cosine, bits };
}

const isOdd = (m: Lanes, bits: Value): Value => m.integerSub(m.bits(0n), m.and(bits, m.bits(1n)));

/** The sign bit set where the second lowest bit is. */
const signOf = (m: Lanes, bits: Value): Value => m.and(m.shiftLeft(bits, m.precision === "f64" ? 62 : 30), signBit(m));

const tooLarge = (m: Lanes, magnitude: Value): Value => m.not(m.lessEqual(magnitude, m.constant(largestServed[m.precision])));

/** What sine and cosine of a number are found from, in locals: |x| = n π/2 + r + lost. */
interface Turned {
  /** In both lanes. */
  readonly r: number;
  readonly lost: number;
  /** Whether n is odd. */
  readonly odd: number;
  /** The signs of the sine and of the cosine. */
  readonly sign: number;
}

/** The sine of one number in the first lane, its cosine in the second: one reduction, and both polynomials at once. */
const sineAndCosine: Omit<SingleForm, "lane"> = {
  name: "sineAndCosine",
  imports: ["sin", "cos"],
  write: (m, writer, precision) => {
    const { emit } = writer;
    const [number, argument] = [writer.local("f64"), writer.local("v128")];
    const turned: Turned = { r: writer.local("v128"), lost: writer.local("v128"), odd: writer.local("i32"), sign: writer.local("v128") };
    emit("local.get", 0);
    emit("f64x2.extract_lane", 0);
    emit("local.tee", number);
    emit("f64x2.splat");
    emit("local.set", argument);
    const x = m.local(argument);
    const upTo = (bound: number, near: () => void, far: () => void): void => {
      emit("local.get", number);
      emit("f64.abs");
      emit("f64.const", bound);
      emit("f64.le");
      writer.when(near, far);
    };
    upTo(
      Math.PI / 4,
      () => keep(writer, [turned.r, m.abs(x)], [turned.sign, m.and(x, pairOf(m, -0, 0))]),
      () =>
        upTo(
          (3 * Math.PI) / 4,
          () => turnOnce(m, writer, x, turned, precision),
          () =>
            upTo(
              largestServed.f64,
              () => turn(m, writer, x, turned, precision),
              () => callBoth(writer, number),
            ),
        ),
    );
    placeBoth(m, writer, turned, precision);
  },
};

/** Puts values into locals. */
function keep(writer: FunctionWriter, ...values: readonly (readonly [local: number, value: Value])[]): void {
  const all = values.map(([, value]) => value);
  const emit = valueEmitter(all, writer);
  for (const [local, value] of values) {
    emit(value);
    writer.emit("local.set", local);
  }
}

/** For π/4 < |x| <= 3π/4, where n is 1 and the first difference exact. */
function turnOnce(m: Lanes, writer: FunctionWriter, x: Value, { r, lost, odd, sign }: Turned, precision: Precision): void {
  const [rest, restLow] = [m.constant(halfPiRest[0]), m.constant(halfPiRest[1])];
  const first = m.sub(m.abs(x), m.constant(halfPi.f64.parts[0]!));
  const second = m.sub(first, rest);
  keep(writer, [r, second], [sign, m.xor(m.and(x, pairOf(m, -0, 0)), pairOf(m, 0, -0))]);
  if (precision === "f64") keep(writer, [lost, m.sub(m.sub(m.sub(first, m.local(r)), rest), restLow)]);
  writer.emit("i32.const", 1);
  writer.emit("local.set", odd);
}

/** For any |x| that is served. */
function turn(m: Lanes, writer: FunctionWriter, x: Value, { r, lost, odd, sign }: Turned, precision: Precision): void {
  const reduced = reduce(m, m.abs(x));
  // A cosine is the sine of a quarter turn more.
  const quarters = m.integerAdd(reduced.bits, m.apply(["v128.const", new Uint8Array(BigInt64Array.of(0n, 1n).buffer)], []));
  const isFloat32 = precision === "f32";
  keep(
    writer,
    [r, isFloat32 ? m.add(reduced.r, reduced.lost) : reduced.r],
    [lost, isFloat32 ? m.constant(0) : reduced.lost],
    [sign, m.xor(signOf(m, quarters), m.and(x, pairOf(m, -0, 0)))],
  );
  emitValues([reduced.bits], writer);
  writer.emit("i32x4.extract_lane", 0);
  writer.emit("i32.const", 1);
  writer.emit("i32.and");
  writer.emit("local.set", odd);
}

/** Returns what functions of one number give. */
function callBoth(writer: FunctionWriter, number: number): void {
  writer.emit("local.get", number);
  writer.emit("call", "sin");
  writer.emit("f64x2.splat");
  writer.emit("local.get", number);
  writer.emit("call", "cos");
  writer.emit("f64x2.replace_lane", 1);
  writer.emit("return");
}

/** Leaves sine and cosine on the stack, each in its place. */
function placeBoth(m: Lanes, writer: FunctionWriter, turned: Turned, precision: Precision): void {
  const result = writer.local("v128");
  const [r, lost] = [m.local(turned.r), m.local(turned.lost)];
  const z = m.mul(r, r);
  const halfSquare = m.mul(z, m.constant(0.5));
  const one = m.constant(1);
  const w = m.sub(one, halfSquare);
  const coefficients = sineRest[precision].map((sine, i) => pairOf(m, sine, cosineRest[precision][i]!));
  // What r and 1 - z/2 lack, which counts in doubles only.
  const cosineLacks = m.and(m.sub(m.sub(one, w), halfSquare), m.apply(["v128.const", secondLane], []));
  const lacking = precision === "f32" ? undefined : m.multiplyAdd(lanesOf(m, w, 0, m.neg(r), 1), lost, cosineLacks);
  const beyond = polynomialTimes(m, m.mul(lanesOf(m, r, 0, z, 1), z), coefficients, z, lacking);
  keep(writer, [result, m.add(lanesOf(m, r, 0, w, 1), beyond)]);
  const found = m.local(result);
  writer.emit("local.get", turned.odd);
  writer.when(() => keep(writer, [result, lanesOf(m, found, 1, found, 0)]));
  emitValues([m.xor(found, m.local(turned.sign))], writer);
}

const secondLane = new Uint8Array(16).fill(255, 8);

/** factor·(c[0] + c[1] t + c[2] t² + …) + last, in few steps that wait for each other. */
function polynomialTimes(m: Lanes, factor: Value, c: readonly Value[], t: Value, last: Value | undefined): Value {
  const square = m.mul(t, t);
  const two = (i: number): Value => (c[i + 1] === undefined ? c[i]! : m.multiplyAdd(c[i + 1]!, t, c[i]!));
  let rest = two(c.length - 1 - ((c.length - 1) % 2));
  for (let i = c.length - 3 - ((c.length - 1) % 2); i >= 2; i -= 2) rest = m.multiplyAdd(rest, square, two(i));
  const first = last === undefined ? m.mul(factor, two(0)) : m.multiplyAdd(factor, two(0), last);
  return m.multiplyAdd(m.mul(factor, square), rest, first);
}

export const sin: VectorForm = {
  ulps: { f64: 1, f32: 1 },
  single: { ...sineAndCosine, lane: 0 },
  write: (m, x) => {
    const magnitude = m.abs(x!);
    const { sine, cosine, bits } = quadrant(m, magnitude);
    const sign = m.xor(signOf(m, bits), m.and(x!, signBit(m)));
    return { value: m.xor(m.select(isOdd(m, bits), cosine, sine), sign), outside: tooLarge(m, magnitude) };
  },
};

export const cos: VectorForm = {
  ulps: { f64: 1, f32: 1 },
  single: { ...sineAndCosine, lane: 1 },
  write: (m, x) => {
    const magnitude = m.abs(x!);
    const { sine, cosine, bits } = quadrant(m, magnitude);
    const sign = signOf(m, m.integerAdd(bits, m.bits(1n)));
    return { value: m.xor(m.select(isOdd(m, bits), sine, cosine), sign), outside: tooLarge(m, magnitude) };
  },
};

export const tan: VectorForm = {
  ulps: { f64: 2.25, f32: 2.25 },
  write: (m, x) => {
    const magnitude = m.abs(x!);
    const { sine, cosine, bits } = quadrant(m, magnitude);
    const odd = isOdd(m, bits);
    const quotient = m.div(m.select(odd, cosine, sine), m.select(odd, sine, cosine));
    const sign = m.xor(m.and(odd, signBit(m)), m.and(x!, signBit(m)));
    return { value: m.xor(quotient, sign), outside: tooLarge(m, magnitude) };
  },
};
