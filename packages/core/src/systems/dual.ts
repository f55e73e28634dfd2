/**
 * Dual numbers over any number system: a value and the derivative of it along one direction. Nested, they give higher derivatives.
 * It knows the chain rule; the derivatives themselves are in partials.ts.
 */
import { type Arithmetic, binaryOperations, binaryQuestions, type NumberSystem, unaryOperations, unaryQuestions } from "../arithmetic.ts";
import { partials } from "./partials.ts";

/** An element of `base` with its tangent. */
export interface Dual<V> {
  readonly primal: V;
  readonly tangent: V;
}

/** A number system whose elements are zero in more ways than `equal` sees offers the product that dual numbers over it need. */
export interface StrongProduct<V> {
  /** `partial · tangent`, where an exactly zero part of the tangent contributes zero whatever the partial is. */
  readonly strongProduct: (partial: V, tangent: V) => V;
}

function strongProductOf<V>(base: NumberSystem<V> & Partial<StrongProduct<V>>): (partial: V, tangent: V) => V {
  if (base.strongProduct !== undefined) return base.strongProduct;
  const zero = base.constant(0);
  return (partial, tangent) => base.select(base.equal(tangent, zero), zero, base.mul(partial, tangent));
}

/**
 * The dual numbers over `base`. Comparisons look at the primal; at kinks the derivative is the mean of the one-sided ones (0 for abs
 * at 0, a half for each side of a tie of min or max); a zero tangent stays zero through an infinite partial; round32 passes tangents.
 *
 * @example
 * ```ts
 * const s = dual(real);
 * s.mul({ primal: 3, tangent: 1 }, s.constant(2)); // => { primal: 6, tangent: 2 }
 * ```
 */
export function dual<V>(base: NumberSystem<V> & Partial<StrongProduct<V>>): NumberSystem<Dual<V>> & StrongProduct<Dual<V>> {
  const zero = base.constant(0);
  const derivative = partials(base);
  const product = strongProductOf(base);
  const still = (primal: V): Dual<V> => ({ primal, tangent: zero });

  const entries: Record<string, unknown> = {};
  for (const operation of unaryOperations) {
    const [value, partial] = [base[operation], derivative.unary[operation]];
    entries[operation] = ({ primal, tangent }: Dual<V>): Dual<V> => {
      const out = value(primal);
      return { primal: out, tangent: product(partial(primal, out), tangent) };
    };
  }
  for (const operation of binaryOperations) {
    const [value, both] = [base[operation], derivative.binary[operation]];
    entries[operation] = (x: Dual<V>, y: Dual<V>): Dual<V> => {
      const out = value(x.primal, y.primal);
      const [byX, byY] = both(x.primal, y.primal, out);
      return { primal: out, tangent: base.add(product(byX, x.tangent), product(byY, y.tangent)) };
    };
  }
  for (const question of unaryQuestions) entries[question] = (x: Dual<V>) => still(base[question](x.primal));
  for (const question of binaryQuestions) entries[question] = (x: Dual<V>, y: Dual<V>) => still(base[question](x.primal, y.primal));

  return {
    ...(entries as unknown as Arithmetic<Dual<V>>),
    name: `dual(${base.name})`,
    constant: (value) => still(base.constant(value)),
    polygamma: (order, { primal, tangent }) => ({
      primal: base.polygamma(order, primal),
      tangent: product(base.polygamma(order + 1, primal), tangent),
    }),
    round32: ({ primal, tangent }) => ({ primal: base.round32(primal), tangent }),
    not: (x) => still(base.not(x.primal)),
    and: (x, y) => still(base.and(x.primal, y.primal)),
    or: (x, y) => still(base.or(x.primal, y.primal)),
    select: (condition, x, y) => ({
      primal: base.select(condition.primal, x.primal, y.primal),
      tangent: base.select(condition.primal, x.tangent, y.tangent),
    }),
    decide: (condition) => base.decide(condition.primal),
    toNumber: (x) => base.toNumber(x.primal),
    strongProduct: (partial, tangent) => ({
      primal: product(partial.primal, tangent.primal),
      tangent: base.add(product(partial.tangent, tangent.primal), product(partial.primal, tangent.tangent)),
    }),
  };
}
