/**
 * Whether a mutant is a wrong gradient: it is compared with the claim it was made from, in double-double where both can be recorded, at the
 * point drawn and at others. It knows nothing of the checker, whose word is what the mutants test.
 */
import { type DoubleDouble, doubleDouble, evaluate, toSystem } from "@cotangent/core/engine";
import { argumentsAt, type Claim, type Listed, numbersOf } from "./claims.ts";
import { type Mutant, recordedOn } from "./mutants.ts";

/** `wrong` at the point drawn; `elsewhere` at other points alone; `equivalent` nowhere; `invalid` if it gives no finite gradient there. */
export type Kind = "wrong" | "elsewhere" | "equivalent" | "invalid";

type Precise = readonly (readonly DoubleDouble[])[];

/** What a claim gives, to the digits it can be had to. */
function preciselyAt({ gradient }: Listed, claim: Claim, args: readonly unknown[]): Precise {
  const found = recordedOn(claim, args);
  if (found !== undefined) {
    const inputs = found.leaves.map((x) => toSystem(x, doubleDouble));
    return evaluate(found.graph, doubleDouble, inputs).map((out) => out.values as DoubleDouble[]);
  }
  return numbersOf(gradient, claim(...args)).map((part) => part.map((x) => doubleDouble.constant(x)));
}

const known = new WeakMap<Claim, Map<number, Precise>>();

/** What the claim that a mutant was made from gives at a seed, computed once. */
function originalAt(one: Listed, { original }: Mutant, seed: number): Precise {
  let own = known.get(original);
  if (own === undefined) known.set(original, (own = new Map()));
  let found = own.get(seed);
  if (found === undefined) own.set(seed, (found = preciselyAt(one, original, argumentsAt(one.gradient, seed))));
  return found;
}

/** Formulas that are one to this many digits differ by the rounding of their constants alone. */
const relative = 1e-13;
/** What cancellation in double-double may leave of a zero. */
const absolute = 1e-28;

function differ(x: Precise, y: Precise): boolean {
  const largest = Math.max(1, ...y.flat().map((entry) => Math.abs(doubleDouble.toNumber(entry))));
  return x.some((part, k) =>
    part.some((entry, i) => {
      const truth = y[k]![i]!;
      const difference = Math.abs(doubleDouble.toNumber(doubleDouble.sub(entry, truth)));
      return !(difference <= relative * Math.abs(doubleDouble.toNumber(truth)) + absolute * largest);
    }),
  );
}

/** How many other draws a mutant must equal its claim at to be called equivalent. */
const others = 5;

/** What a mutant of a claim is at a seed. */
export function kindOf(one: Listed, mutant: Mutant, seed: number): Kind {
  const at = (own: number): boolean | undefined => {
    const args = argumentsAt(one.gradient, own);
    try {
      const [changed, right] = [preciselyAt(one, mutant.claim, args), originalAt(one, mutant, own)];
      const isGradient = changed.every(
        (part, k) => part.length === right[k]!.length && part.every((x) => Number.isFinite(doubleDouble.toNumber(x))),
      );
      const isFinite = numbersOf(one.gradient, mutant.claim(...args)).every((part) => part.every(Number.isFinite));
      return isGradient && isFinite ? differ(changed, right) : undefined;
    } catch {
      return undefined;
    }
  };
  const here = at(seed);
  if (here === undefined) return "invalid";
  if (here) return "wrong";
  for (let i = 1; i <= others; i++) if (at(seed + 1000 * i) === true) return "elsewhere";
  return "equivalent";
}

/** What a mutant gives at two draws, cut to eleven digits: mutants that give the same are one. */
export function fingerprint({ gradient }: Listed, mutant: Mutant, seed: number): string {
  const cut = (own: number): string => {
    try {
      return numbersOf(gradient, mutant.claim(...argumentsAt(gradient, own)))
        .map((part) => part.map((x) => x.toPrecision(11)).join())
        .join(";");
    } catch (thrown) {
      return String(thrown);
    }
  };
  return `${cut(seed)}|${cut(seed + 1000)}`;
}
