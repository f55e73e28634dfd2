// A finite field with opaque functions: what a formula means when sums and products obey their laws exactly and nothing else is known.
// Two readings of one formula agree there only if they have the same structure.

const prime = 2147483647n;

export type Field = bigint;

const wrap = (x: bigint): Field => ((x % prime) + prime) % prime;

export const add = (x: Field, y: Field): Field => wrap(x + y);
export const sub = (x: Field, y: Field): Field => wrap(x - y);
export const mul = (x: Field, y: Field): Field => wrap(x * y);
export const neg = (x: Field): Field => wrap(-x);

function inverse(x: Field): Field {
  let result = 1n;
  for (let base = x, exponent = prime - 2n; exponent > 0n; exponent >>= 1n, base = wrap(base * base)) {
    if (exponent & 1n) result = wrap(result * base);
  }
  return result;
}

export const div = (x: Field, y: Field): Field => mul(x, inverse(y));

/** Opaque but for squares. */
export const pow = (x: Field, y: Field): Field => (y === 2n ? mul(x, x) : opaque("pow", x, y));

/** A double, which is an integer times a power of two. */
export function fromNumber(x: number): Field {
  let scale = 1n;
  while (!Number.isInteger(x)) {
    x *= 2;
    scale *= 2n;
  }
  return div(wrap(BigInt(x)), wrap(scale));
}

/** The value of a function that nothing is known of but its name. */
export function opaque(name: string, ...args: readonly Field[]): Field {
  let hash = 7n;
  for (const character of name) hash = wrap(hash * 1000003n + BigInt(character.codePointAt(0)!));
  for (const arg of args) hash = wrap((hash ^ arg) * 1597334677n + arg * arg + 12345n);
  return hash;
}
