/** The public list as a flat list of claims with their arguments at a seed, and losses and claims as functions of flat numbers. It judges nothing. */
import { checkGradient, entriesFrom, gradients, type ListedGradient } from "@cotangent/check";
import { cast, Tensor, tensor } from "@cotangent/core";

/** A function of the arguments of a loss. */
export type Claim = (...args: readonly unknown[]) => unknown;

/** One claim of the list. */
export interface Listed {
  readonly gradient: ListedGradient;
  readonly name: string;
  readonly right: boolean;
  readonly claim: Claim;
}

export const listed: readonly Listed[] = gradients.flatMap((gradient) =>
  [gradient.right, gradient.wrong].flatMap((claims, i) =>
    Object.entries(claims).map(([name, claim]): Listed => ({ gradient, name, right: i === 0, claim: claim as Claim })),
  ),
);

export const argumentsAt = ({ at }: ListedGradient, seed: number): readonly unknown[] => at(entriesFrom(seed));

export const indicesOf = ({ wrt = 0 }: ListedGradient): readonly number[] => (typeof wrt === "number" ? [wrt] : wrt);

/** The verdict on a claim, by name; THROWS where the check itself throws. */
export function verdictOn(gradient: ListedGradient, claim: Claim, args: readonly unknown[], seed: number): string {
  try {
    return (checkGradient as (loss: unknown, claim: unknown, options: object) => { readonly verdict: string })(gradient.loss, claim, {
      at: args,
      wrt: gradient.wrt ?? 0,
      seed,
    }).verdict;
  } catch {
    return "THROWS";
  }
}

/** What a claim gave, one list of numbers a differentiated argument. */
export function numbersOf(gradient: ListedGradient, given: unknown): readonly (readonly number[])[] {
  const parts = typeof (gradient.wrt ?? 0) === "number" ? [given] : (given as readonly unknown[]);
  return parts.map((part) =>
    part instanceof Tensor ? Array.from(part.values) : typeof part === "number" ? [part] : Array.from(part as ArrayLike<number>),
  );
}

/** A loss and a claim as checkers of numbers see them: functions of lists of doubles, one list a differentiated argument. */
export interface Plain {
  readonly at: readonly (readonly number[])[];
  readonly value: (at: readonly (readonly number[])[]) => number;
  readonly claimed: readonly (readonly number[])[];
}

/** Arguments of float32 are widened, for these checkers ask for doubles. */
export function plainly({ gradient, claim }: Listed, args: readonly unknown[]): Plain {
  const wide = args.map((arg) => (arg instanceof Tensor && arg.dtype === "float32" ? cast(arg, "float64") : arg));
  const indices = indicesOf(gradient);
  const shapes = indices.map((index) => (wide[index] as Tensor).shape);
  return {
    at: indices.map((index) => Array.from((wide[index] as Tensor).values)),
    value: (at) => {
      const own = [...wide];
      indices.forEach((index, k) => (own[index] = tensor(Float64Array.from(at[k]!), { shape: shapes[k]! })));
      const value: unknown = gradient.loss(...(own as never[]));
      return value instanceof Tensor ? value.item() : (value as number);
    },
    claimed: numbersOf(gradient, claim(...wide)),
  };
}
