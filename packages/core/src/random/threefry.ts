/**
 * The Threefry-2x32 block cipher with 20 rounds, and numbers made of its words, as fragments of loop programs: integer ops, + and × only.
 * Knows no distribution and no tensor. Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011.
 */
import type { Expression } from "../expression.ts";
import type { Index, ProgramBuilder } from "../loop/program.ts";

/** Two 32-bit words. */
export type Words = readonly [Expression, Expression];

/** What is added to the state before the first and after every fourth round. */
export type Schedule = readonly Words[];

const parity = 0x1bd11bda;
const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;
const groups = 5;

/** The round keys of a key, in variables. */
export function keySchedule(b: ProgramBuilder, k0: Expression, k1: Expression): Schedule {
  const s = b.arithmetic;
  const words = [k0, k1, b.let(s.bitXor(s.bitXor(k0, k1), s.integer(parity)))];
  return Array.from(
    { length: groups + 1 },
    (_, group) => [words[group % 3]!, b.let(s.add(words[(group + 1) % 3]!, s.integer(group)))] as const,
  );
}

/** The cipher of a counter, in variables. */
export function threefry(b: ProgramBuilder, schedule: Schedule, c0: Index, c1: Index): Words {
  const s = b.arithmetic;
  const word = (x: Index): Expression => (typeof x === "number" ? s.integer(x) : x);
  const x0 = b.let(s.add(word(c0), schedule[0]![0]));
  const x1 = b.let(s.add(word(c1), schedule[0]![1]));
  for (let group = 0; group < groups; group++) {
    for (const places of rotations[group % 2]!) {
      b.set(x0, s.add(x0, x1));
      const rotated = s.bitOr(s.shiftLeft(x1, s.integer(places)), s.shiftRightLogical(x1, s.integer(32 - places)));
      b.set(x1, s.bitXor(rotated, x0));
    }
    b.set(x0, s.add(x0, schedule[group + 1]![0]));
    b.set(x1, s.add(x1, schedule[group + 1]![1]));
  }
  return [x0, x1];
}

/** The leading `bits` bits of a word as a float. */
function leading(b: ProgramBuilder, word: Expression, bits: number): Expression {
  const s = b.arithmetic;
  return s.convert(s.shiftRightLogical(word, s.integer(32 - bits)), "float");
}

/** A multiple of 2^-53 in [0, 1). */
export function fraction(b: ProgramBuilder, [x0, x1]: Words): Expression {
  const s = b.arithmetic;
  const whole = s.add(s.mul(leading(b, x0, 27), s.constant(2 ** 26)), leading(b, x1, 26));
  return s.mul(whole, s.constant(2 ** -53));
}

/** An odd multiple of 2^-53: never 0, never 1, and exact when subtracted from 1. */
export function openFraction(b: ProgramBuilder, [x0, x1]: Words): Expression {
  const s = b.arithmetic;
  const whole = s.add(s.mul(leading(b, x0, 26), s.constant(2 ** 26)), leading(b, x1, 26));
  return s.mul(s.add(whole, s.constant(0.5)), s.constant(2 ** -52));
}

/** A sign and a probability in (0, 1/2] with all 53 digits however small it is: the way to both tails of a symmetric distribution. */
export function signedHalf(b: ProgramBuilder, [x0, x1]: Words): { readonly negative: Expression; readonly half: Expression } {
  const s = b.arithmetic;
  const high = s.convert(s.bitAnd(x0, s.integer(0x7fffffff)), "float");
  // Flipping the leading bit makes the signed reading of a word its unsigned one less 2^31.
  const low = s.add(s.convert(s.bitXor(x1, s.integer(-(2 ** 31))), "float"), s.constant(2 ** 31 + 0.5));
  const half = b.let(s.mul(s.add(s.mul(high, s.constant(2 ** 32)), low), s.constant(2 ** -64)));
  return { negative: s.less(x0, s.integer(0)), half };
}

/** A whole number in [0, range), all equally likely, for a range read as unsigned; blocks are drawn until one has a word below it. */
export function bounded(b: ProgramBuilder, block: (t: Index) => Words, range: Expression): Expression {
  const s = b.arithmetic;
  const most = b.let(s.sub(range, s.integer(1)));
  const mask = b.let(most);
  for (const places of [1, 2, 4, 8, 16]) b.set(mask, s.bitOr(mask, s.shiftRightLogical(mask, s.integer(places))));
  const unsigned = (x: Expression): Expression => s.bitXor(x, s.integer(-(2 ** 31)));
  const fits = (x: Expression): Expression => s.lessEqual(unsigned(x), unsigned(most));
  const t = b.let(s.integer(0));
  const found = b.let(s.integer(0));
  const searching = b.let(s.integer(1));
  b.while(s.equal(searching, s.integer(1)), () => {
    const [x0, x1] = block(t);
    b.set(t, s.add(t, s.integer(1)));
    b.set(found, s.bitAnd(x0, mask));
    b.if(
      fits(found),
      () => b.set(searching, s.integer(0)),
      () => {
        b.set(found, s.bitAnd(x1, mask));
        b.if(fits(found), () => b.set(searching, s.integer(0)));
      },
    );
  });
  return found;
}
