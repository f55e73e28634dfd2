/**
 * Elementary and normal-distribution functions as fragments of loop programs over + − × ÷ √, comparisons and integer ops only, so that every
 * engine computes the same bits. Accurate to an ulp or two; they know nothing of random numbers.
 */
import type { Expression } from "../expression.ts";
import type { ProgramBuilder } from "../loop/program.ts";

const ln2High = 0.6931471803691238;
const ln2Low = 1.9082149292705877e-10;

/** A polynomial with coefficients from the constant up. */
export function polynomial(b: ProgramBuilder, x: Expression, coefficients: readonly number[]): Expression {
  const s = b.arithmetic;
  let sum = s.constant(coefficients[coefficients.length - 1]!);
  for (let i = coefficients.length - 2; i >= 0; i--) sum = s.add(s.mul(sum, x), s.constant(coefficients[i]!));
  return sum;
}

const logOdd = [0.6666666666666735, 0.2857142874366239, 0.1818357216161805, 0.14798198605116586];
const logEven = [0.3999999999940942, 0.22222198432149784, 0.15313837699209373];

/** The natural logarithm of a positive finite number: its exponent by scaling, then FreeBSD's e_log.c. It does not end at 0 or below. */
export function log(b: ProgramBuilder, x: Expression): Expression {
  const s = b.arithmetic;
  const m = b.let(s.convert(x, "float"));
  const exponent = b.let(s.constant(0));
  const scale = (by: number): void => {
    b.set(m, s.mul(m, s.constant(2 ** -by)));
    b.set(exponent, s.add(exponent, s.constant(by)));
  };
  b.if(
    s.less(m, s.constant(1)),
    () => {
      b.while(s.less(m, s.constant(2 ** -32)), () => scale(-32));
      for (const by of [16, 8, 4, 2, 1]) b.if(s.less(m, s.constant(2 ** -by)), () => scale(-by));
      b.if(s.less(m, s.constant(Math.SQRT1_2)), () => scale(-1));
    },
    () => {
      b.while(s.lessEqual(s.constant(2 ** 32), m), () => scale(32));
      for (const by of [16, 8, 4, 2, 1]) b.if(s.lessEqual(s.constant(2 ** by), m), () => scale(by));
      b.if(s.less(s.constant(Math.SQRT2), m), () => scale(1));
    },
  );
  const f = b.let(s.sub(m, s.constant(1)));
  const ratio = b.let(s.div(f, s.add(f, s.constant(2))));
  const z = b.let(s.mul(ratio, ratio));
  const w = b.let(s.mul(z, z));
  const rest = s.add(s.mul(w, polynomial(b, w, logEven)), s.mul(z, polynomial(b, w, logOdd)));
  const half = b.let(s.mul(s.constant(0.5), s.mul(f, f)));
  const low = s.add(s.mul(ratio, s.add(half, rest)), s.mul(exponent, s.constant(ln2Low)));
  return b.let(s.sub(s.mul(exponent, s.constant(ln2High)), s.sub(s.sub(half, low), f)));
}

const expCoefficients = [
  0, 0.16666666666666602, -0.0027777777777015593, 0.00006613756321437934, -0.0000016533902205465252, 4.1381367970572385e-8,
];

/** e^x for any x: less a multiple of ln 2, FreeBSD's e_exp.c, then scaled back. */
export function exp(b: ProgramBuilder, x: Expression): Expression {
  const s = b.arithmetic;
  const one = s.constant(1);
  const result = b.let(x);
  b.if(
    s.and(s.less(s.constant(-745.2), x), s.less(x, s.constant(709.79))),
    () => {
      // The sum is positive, so that its integer part is its floor.
      const shifted = s.convert(s.add(s.mul(x, s.constant(Math.LOG2E)), s.constant(2048.5)), "int");
      const turns = b.let(s.sub(shifted, s.integer(2048)));
      const k = b.let(s.convert(turns, "float"));
      const high = b.let(s.sub(x, s.mul(k, s.constant(ln2High))));
      const low = b.let(s.mul(k, s.constant(ln2Low)));
      const r = b.let(s.sub(high, low));
      const c = b.let(s.sub(r, polynomial(b, s.mul(r, r), expCoefficients)));
      b.set(result, s.sub(one, s.sub(s.sub(low, s.div(s.mul(r, c), s.sub(s.constant(2), c))), high)));
      scalePower(b, result, turns);
    },
    () => {
      const overflow = s.select(s.less(s.constant(0), x), s.constant(Number.POSITIVE_INFINITY), x);
      b.set(result, s.select(s.less(x, s.constant(0)), s.constant(0), overflow));
    },
  );
  return result;
}

/** Multiplies a variable by 2^k for |k| < 2048. */
function scalePower(b: ProgramBuilder, x: Expression, k: Expression): void {
  const s = b.arithmetic;
  const scaleBy = (left: Expression, base: number): void => {
    const times = (power: number): void => b.set(x, s.mul(x, s.constant(base ** power)));
    const rest = b.let(left);
    // Never by more than 2^512 at once, and the small steps first, so that nothing rounds before the last product.
    for (const bit of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]) {
      b.if(s.equal(s.bitAnd(rest, s.integer(bit)), s.integer(bit)), () => times(bit));
    }
    b.if(s.lessEqual(s.integer(1024), rest), () => {
      times(512);
      times(512);
    });
  };
  b.if(
    s.less(k, s.integer(0)),
    () => scaleBy(s.neg(k), 0.5),
    () => scaleBy(k, 2),
  );
}

const central = {
  above: [
    3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087, 33430.57558358813,
    2509.0809287301227,
  ],
  below: [
    1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271, 28729.085735721943,
    5226.495278852854,
  ],
};
const middle = {
  above: [
    1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684, 0.2417807251774506,
    0.022723844989269184, 0.0007745450142783414,
  ],
  below: [
    1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457, 0.0005475938084995345,
    1.0507500716444169e-9,
  ],
};
const far = {
  above: [
    6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124, 0.0012426609473880784,
    0.000027115555687434876, 2.0103343992922881e-7,
  ],
  below: [
    1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133, 0.000018463183175100548, 1.421511758316446e-7,
    2.0442631033899397e-15,
  ],
};

/**
 * The z ≥ 0 that a standard normal variate exceeds with probability p in (0, 1/2]: Wichura's algorithm AS 241, which is good to 16 digits.
 * Wichura, "The percentage points of the normal distribution", Applied Statistics 37, 1988.
 */
export function upperQuantile(b: ProgramBuilder, p: Expression): Expression {
  const s = b.arithmetic;
  const ratio = (x: Expression, { above, below }: typeof central): Expression => s.div(polynomial(b, x, above), polynomial(b, x, below));
  const q = b.let(s.sub(s.constant(0.5), p));
  const z = b.let(q);
  b.if(
    s.lessEqual(q, s.constant(0.425)),
    () => b.set(z, s.mul(q, ratio(b.let(s.sub(s.constant(0.180625), s.mul(q, q))), central))),
    () => {
      const r = b.let(s.sqrt(s.neg(log(b, p))));
      b.if(
        s.lessEqual(r, s.constant(5)),
        () => b.set(z, ratio(b.let(s.sub(r, s.constant(1.6))), middle)),
        () => b.set(z, ratio(b.let(s.sub(r, s.constant(5))), far)),
      );
    },
  );
  return z;
}

/** The probability that a standard normal variate exceeds t ≥ 0, with a small relative error up to t = 37; a series, then a continued fraction. */
export function upperTail(b: ProgramBuilder, t: Expression): Expression {
  const s = b.arithmetic;
  const density = b.let(s.mul(s.constant(0.3989422804014327), exp(b, s.mul(s.constant(-0.5), s.mul(t, t)))));
  const result = b.let(density);
  b.if(
    s.less(t, s.constant(1.75)),
    () => {
      const term = b.let(t);
      const sum = b.let(t);
      const i = b.let(s.constant(1));
      b.while(s.less(s.mul(sum, s.constant(2 ** -56)), term), () => {
        b.set(i, s.add(i, s.constant(2)));
        b.set(term, s.mul(term, s.div(s.mul(t, t), i)));
        b.set(sum, s.add(sum, term));
      });
      b.set(result, s.sub(s.constant(0.5), s.mul(density, sum)));
    },
    () => {
      const terms = b.let(s.convert(s.add(s.constant(11), s.div(s.constant(360), s.mul(t, t))), "int"));
      const below = b.let(t);
      b.for(0, terms, (i) => b.set(below, s.add(t, s.div(s.convert(s.sub(terms, i), "float"), below))));
      b.set(result, s.div(density, below));
    },
  );
  return result;
}
