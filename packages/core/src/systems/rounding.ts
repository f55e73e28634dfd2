/**
 * Directed rounding of + - × ÷ √ on doubles: the largest double below and the smallest above the exact result, found from the exact
 * error of the rounded one. It knows the conventions of interval bounds (0 · ∞ = 0, an overflow is a bound by the largest double).
 */
import { productOf, sumOf } from "./doubleDouble/arithmetic.ts";

const grow = 2 ** -53 * (1 + 2 ** -52);

/** A double above x: its successor, or the next one (Rump, Zimmermann, Boldo and Melquiond, BIT 49 (2009) 419-431). */
export function above(x: number): number {
  return x === -Infinity ? -Number.MAX_VALUE : x + (grow * Math.abs(x) + 5e-324);
}

export const below = (x: number): number => -above(-x);

/** The bound of a finite exact result whose rounded value is `rounded` and whose exact error is `error`, NaN when it is unknown. */
function down(rounded: number, error: number): number {
  if (rounded === Infinity) return Number.MAX_VALUE;
  if (rounded === -Infinity) return rounded;
  return error >= 0 ? rounded : below(rounded);
}

const isFinitePair = (a: number, b: number): boolean => Number.isFinite(a) && Number.isFinite(b);

export function addDown(a: number, b: number): number {
  if (!isFinitePair(a, b)) return a === -Infinity || b === -Infinity ? -Infinity : a + b;
  const sum = sumOf(a, b);
  return down(sum.high, sum.low);
}

export const addUp = (a: number, b: number): number => 0 - addDown(-a, -b);

/** Whether the error of a product of these is a double. */
const isTame = (x: number): boolean => Math.abs(x) < 2 ** 480 && Math.abs(x) > 2 ** -480;

export function mulDown(a: number, b: number): number {
  if (a === 0 || b === 0) return 0;
  if (!isFinitePair(a, b)) return a * b;
  return down(a * b, isTame(a) && isTame(b) ? productOf(a, b).low : Number.NaN);
}

export const mulUp = (a: number, b: number): number => 0 - mulDown(-a, b);

/** a/b for b not 0. */
export function divDown(a: number, b: number): number {
  if (a === 0) return 0;
  if (!isFinitePair(a, b)) return Number.isFinite(a) ? 0 : a / b;
  const quotient = a / b;
  if (!(isTame(a) && isTame(b) && isTame(quotient))) return down(quotient, Number.NaN);
  const product = productOf(quotient, b);
  return down(quotient, Math.sign(a - product.high - product.low) * Math.sign(b));
}

export const divUp = (a: number, b: number): number => 0 - divDown(-a, b);

/** x - root², where it is a double. */
function squareRest(x: number, root: number): number {
  if (x === 0 || x === Infinity) return 0;
  const square = productOf(root, root);
  return isTame(root) ? x - square.high - square.low : Number.NaN;
}

export function sqrtDown(x: number): number {
  const root = Math.sqrt(x);
  return x === Infinity ? x : down(root, squareRest(x, root));
}

export function sqrtUp(x: number): number {
  const root = Math.sqrt(x);
  return -down(-root, -squareRest(x, root));
}
