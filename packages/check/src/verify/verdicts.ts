/** Puts the judgements of several points together into a verdict. It knows what outweighs what; it judges no point. */
import { describe, formatShape, type Graph } from "@cotangent/core/engine";
import { diagnose, type Named, type Seen } from "./diagnosis.ts";
import type { Disagreement, Judgement, KinkFound, Place } from "./judgement.ts";
import { directionsTried } from "./probe.ts";
import { type Leaf, type Point, unravel } from "./problem.ts";
import { type Common, type Verdict, verdictOf, type Witness } from "./verdict.ts";

/** A point and what it says. */
export interface At {
  readonly point: Point;
  readonly judgement: Judgement;
  readonly method: string;
  readonly notes: readonly string[];
  /** The reverse gradient there where it is known op by op. */
  readonly gradient: Graph | undefined;
  /** The loss's recording there where its gradient is known op by op. */
  readonly loss?: Graph | undefined;
}

/** Gradients with more entries are judged at the given point alone. */
export const large = 20_000;

/** What all points share. */
export interface Context {
  readonly leaves: readonly Leaf[];
  readonly size: number;
  readonly named: readonly Named[];
  readonly seed: number;
  readonly reproduction: (point: Point) => string;
}

/** The first of smaller and smaller distances from the given point at which the function is defined. */
export function firstDefined(judge: (amount: number) => At): At | undefined {
  for (const amount of [0.5, 0.1, 0.01, 1e-4]) {
    const found = judge(amount);
    if (found.judgement.kind !== "domain") return found;
  }
  return undefined;
}

type Judgements = readonly At[];

function common({ seed, size }: Context, at: Judgements): Common {
  const alone = size > large ? [`there are ${size} entries: they were judged at the given point alone, along random directions`] : [];
  return {
    seed,
    points: at.length,
    directions: directionsTried,
    method: at[0]!.method,
    notes: [
      ...alone,
      ...new Set(at.flatMap(({ notes, judgement }) => (judgement.kind === "agrees" ? [...notes, ...judgement.notes] : notes))),
    ],
  };
}

interface Of<K> {
  readonly point: Point;
  readonly judgement: Extract<Judgement, { kind: K }>;
  readonly gradient: Graph | undefined;
}

const ofKind = <K extends Judgement["kind"]>(at: Judgements, kind: K): Of<K>[] =>
  at.filter((one): one is At & Of<K> => one.judgement.kind === kind);

/** One wrong point refutes; what else the given point is, the claim is; all points agree or few digits are left. */
export function verdictFrom(at: Judgements, context: Context): Verdict {
  const shared = common(context, at);
  const wrong = ofKind(at, "wrong");
  if (wrong.length > 0) return refuted(context, at, wrong);
  const first = at[0]!.judgement;
  const { leaves } = context;
  if (first.kind === "kink") return verdictOf({ verdict: "KINK", ...kinkFields(first, leaves), ...shared });
  if (first.kind === "domain") {
    return verdictOf({ verdict: "DOMAIN", op: first.op, what: first.what, point: pointInWords(leaves, at[0]!.point), ...shared });
  }
  if (first.kind === "undecided") return verdictOf({ verdict: "UNDECIDED", why: first.why, digits: first.digits, ...shared });
  const agreed = ofKind(at, "agrees").map(({ judgement }) => judgement);
  const worst = agreed.reduce((least, one) => (one.digits < least.digits ? one : least));
  const ulps = agreed.every((one) => one.ulps !== undefined) ? Math.max(...agreed.map((one) => one.ulps!)) : undefined;
  const skipped = at.length - agreed.length;
  const notes = skipped === 0 ? shared.notes : [...shared.notes, `${skipped} of the points drawn could not be judged: ${reasons(at)}`];
  return verdictOf({ verdict: "AGREES", digits: worst.digits, ulps, limit: worst.limit, ...shared, points: agreed.length, notes });
}

const reasons = (at: Judgements): string =>
  [
    ...new Set(
      at.flatMap(({ judgement }) => (judgement.kind === "undecided" ? [judgement.why] : judgement.kind === "kink" ? ["a kink"] : [])),
    ),
  ].join("; ");

function kinkFields({ op, place, left, right, claimed, subgradient }: KinkFound, leaves: readonly Leaf[]) {
  const leaf = leaves[place.leaf]!;
  return { op, input: leaf.path, index: unravel(place.at, leaf.shape), left, right, claimed, subgradient };
}

export const pointInWords = (leaves: readonly Leaf[], point: Point): string =>
  leaves
    .map(({ path, shape }, k) =>
      point[k]!.length <= 6
        ? `${path} = ${describe(shape.length === 0 ? point[k]![0] : Array.from(point[k]!))}`
        : `${path} ${formatShape(shape)}`,
    )
    .join(", ");

const shown = 8;

function refuted(context: Context, at: Judgements, wrong: readonly Of<"wrong">[]): Verdict {
  const { leaves, size, named } = context;
  const { point, judgement } = wrong[0]!;
  const witnesses = judgement.entries.map((place) => witnessOf(judgement, place, leaves));
  const rank = ({ relative }: Witness): number => (Number.isFinite(relative) ? Number(relative.toPrecision(3)) : 1e300);
  const ordered = [...witnesses].sort((x, y) => rank(y) - rank(x));
  const seen = at.flatMap((one): Seen[] => {
    const { point: where, judgement: says, gradient, loss } = one;
    if (says.kind === "wrong") return [{ point: where, wrong: says, gradient, loss }];
    return says.kind === "agrees" ? [{ point: where, wrong: undefined, gradient, loss }] : [];
  });
  return verdictOf({
    verdict: "REFUTED",
    witnesses: ordered.slice(0, shown),
    wrong: judgement.complete ? witnesses.length : undefined,
    size,
    diagnosis: diagnose({ leaves, size, named, seen }),
    reproduction: context.reproduction(point),
    ...common(context, at),
  });
}

function witnessOf({ claimed, truth, bars }: Disagreement, { leaf, at }: Place, leaves: readonly Leaf[]): Witness {
  const [c, g] = [claimed[leaf]![at]!, truth[leaf]![at]!];
  const { path, shape } = leaves[leaf]!;
  const absolute = Math.abs(c - g);
  return {
    input: path,
    index: unravel(at, shape),
    claimed: c,
    truth: g,
    absolute,
    relative: absolute / Math.abs(g),
    errorBar: bars[leaf]![at]!,
  };
}
