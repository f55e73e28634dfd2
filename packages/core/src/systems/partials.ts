/**
 * The derivative of every operation of the arithmetic, written over the arithmetic itself, so that each number system has it to its own
 * precision. It knows calculus and the conventions at kinks (the mean of the one-sided derivatives); it knows no number system.
 */
import type { Arithmetic, BinaryOperation, UnaryOperation } from "../arithmetic.ts";

/** The derivatives of an arithmetic's operations at given arguments, the value there already known. */
export interface Partials<V> {
  readonly unary: Readonly<Record<UnaryOperation, (x: V, out: V) => V>>;
  readonly binary: Readonly<Record<BinaryOperation, (x: V, y: V, out: V) => readonly [V, V]>>;
}

/** erfcx' = 2x erfcx - 2/√π cancels beyond this argument, where its asymptotic series has more digits than any system here. */
const erfcxAsymptoticFrom = 20;
const erfcxAsymptoticTerms = 24;

/** What several derivatives share: constants of the system, and small functions of it. */
function toolsOf<V>(s: Arithmetic<V>) {
  const [zero, half, one, two, three] = [0, 0.5, 1, 2, 3].map(s.constant) as [V, V, V, V, V];
  const twoOverRootPi = s.div(two, s.sqrt(s.mul(s.constant(4), s.atan(one))));
  const inverse = (x: V): V => s.div(one, x);
  const square = (x: V): V => s.mul(x, x);
  return { zero, half, one, two, three, twoOverRootPi, inverse, square };
}

type Tools<V> = ReturnType<typeof toolsOf<V>>;

/** 1/√(1 + x²) without overflow. */
function inverseHypotenuse<V>(s: Arithmetic<V>, { one, two, inverse, square }: Tools<V>, x: V): V {
  const magnitude = s.abs(x);
  const near = inverse(s.sqrt(s.add(one, square(x))));
  const far = inverse(s.mul(magnitude, s.sqrt(s.add(one, square(inverse(x))))));
  return s.select(s.less(magnitude, two), near, far);
}

/** -(1/(√π x²)) Σ (2n + 1)!! (-1/(2x²))ⁿ for large x. */
function erfcxSlopeAsymptotic<V>(s: Arithmetic<V>, { one, twoOverRootPi, square }: Tools<V>, x: V): V {
  const t = s.div(s.constant(-0.5), square(x));
  let sum = one;
  for (let n = erfcxAsymptoticTerms; n > 0; n--) sum = s.add(one, s.mul(s.mul(s.constant(2 * n + 1), t), sum));
  return s.mul(s.mul(twoOverRootPi, t), sum);
}

function erfcxSlope<V>(s: Arithmetic<V>, tools: Tools<V>, x: V, out: V): V {
  const near = s.sub(s.mul(s.mul(tools.two, x), out), tools.twoOverRootPi);
  return s.select(s.less(s.constant(erfcxAsymptoticFrom), x), erfcxSlopeAsymptotic(s, tools, x), near);
}

/** The partials of the angle of (x, y), from ratios that cannot overflow. */
function angle<V>(s: Arithmetic<V>, { one, inverse }: Tools<V>, y: V, x: V): readonly [V, V] {
  const steep = s.less(s.abs(x), s.abs(y));
  const [larger, smaller] = [s.select(steep, y, x), s.select(steep, x, y)];
  const ratio = s.div(smaller, larger);
  const scale = inverse(s.add(larger, s.mul(smaller, ratio)));
  return [s.mul(s.select(steep, ratio, one), scale), s.neg(s.mul(s.select(steep, one, ratio), scale))];
}

/**
 * The derivatives of all operations over the arithmetic `s`.
 *
 * @example
 * ```ts
 * partials(real).unary.log(4, real.log(4)); // => 0.25
 * partials(real).binary.mul(2, 3, 6); // => [3, 2]
 * ```
 */
export function partials<V>(s: Arithmetic<V>): Partials<V> {
  const tools = toolsOf(s);
  const { zero, half, one, two, three, twoOverRootPi, inverse, square } = tools;
  const minusOne = s.constant(-1);
  const logTwo = s.log(two);
  const logTen = s.log(s.constant(10));
  const oneLessSquare = (x: V): V => s.mul(s.sub(one, x), s.add(one, x));
  const gaussian = (x: V): V => s.mul(twoOverRootPi, s.exp(s.neg(square(x))));
  const nothing = (): V => zero;

  /** ∂x^y/∂y = x^y log x, taken as 0 at x = 0. */
  const powExponent = (x: V, out: V): V => s.mul(out, s.log(s.select(s.equal(x, zero), one, x)));
  /** ∂x^y/∂x = y x^(y-1), 0 where both are 0. */
  const powBase = (x: V, y: V): V => s.select(s.and(s.equal(x, zero), s.equal(y, zero)), zero, s.mul(y, s.pow(x, s.sub(y, one))));

  /** 1 where x wins, 1/2 in a tie, 0 where y does. */
  const share = (wins: V, x: V, y: V): V => s.select(wins, one, s.select(s.equal(x, y), half, zero));

  return {
    unary: {
      neg: () => minusOne,
      abs: s.sign,
      sign: nothing,
      sqrt: (_, out) => s.div(half, out),
      cbrt: (_, out) => inverse(s.mul(three, square(out))),
      exp: (_, out) => out,
      exp2: (_, out) => s.mul(logTwo, out),
      expm1: (x) => s.exp(x),
      log: inverse,
      log2: (x) => inverse(s.mul(logTwo, x)),
      log10: (x) => inverse(s.mul(logTen, x)),
      log1p: (x) => inverse(s.add(one, x)),
      sin: s.cos,
      cos: (x) => s.neg(s.sin(x)),
      tan: (_, out) => s.add(one, square(out)),
      asin: (x) => inverse(s.sqrt(oneLessSquare(x))),
      acos: (x) => s.neg(inverse(s.sqrt(oneLessSquare(x)))),
      atan: (x) => inverse(s.add(one, square(x))),
      sinh: s.cosh,
      cosh: s.sinh,
      tanh: (x) => inverse(square(s.cosh(x))),
      asinh: (x) => inverseHypotenuse(s, tools, x),
      acosh: (x) => inverse(s.mul(s.sqrt(s.sub(x, one)), s.sqrt(s.add(x, one)))),
      atanh: (x) => inverse(oneLessSquare(x)),
      erf: gaussian,
      erfc: (x) => s.neg(gaussian(x)),
      erfcx: (x, out) => erfcxSlope(s, tools, x, out),
      lgamma: (x) => s.polygamma(0, x),
      floor: nothing,
      ceil: nothing,
      round: nothing,
    },
    binary: {
      add: () => [one, one],
      sub: () => [one, minusOne],
      mul: (x, y) => [y, x],
      div: (_, y, out) => [inverse(y), s.neg(s.div(out, y))],
      pow: (x, y, out) => [powBase(x, y), powExponent(x, out)],
      atan2: (y, x) => angle(s, tools, y, x),
      remainder: (x, y, out) => [one, s.neg(s.round(s.div(s.sub(x, out), y)))],
      min: (x, y) => [share(s.less(x, y), x, y), share(s.less(y, x), x, y)],
      max: (x, y) => [share(s.less(y, x), x, y), share(s.less(x, y), x, y)],
    },
  };
}
