/** Draws structs of tensors whose named sizes agree. Knows structs and blueprints; knows no kind of leaf beside fast-check's own. */
import { isTensor } from "@cotangent/core/engine";
import { Arbitrary } from "fast-check";
import { distinctError, partError } from "./errors.ts";
import type { Group } from "./frame.ts";
import { type Blueprint, type Form, JointArbitrary, type Piece } from "./joint.ts";
import { foreignLeaf } from "./leaf.ts";
import { checkOptions, checkRange, type Range } from "./options.ts";

/** What a struct of arbitraries draws. */
export type Drawn<S> = S extends Arbitrary<infer T> ? T : { -readonly [K in keyof S]: Drawn<S[K]> };

/** How many a named size may be, or for a run of axes how many axes of which sides. */
export type Sizes = Readonly<Record<string, Range | { readonly rank?: Range; readonly side?: Range }>>;

export interface SizedOptions {
  /** Whether all named sizes differ, so that no two axes can be confused. */
  readonly distinct?: boolean;
}

/**
 * A struct of arbitraries drawn together: a name in the shapes of several tensors is one size, and shrinks in all of them at once.
 *
 * `sizes` bounds named sizes (1 to 5 by default) and runs of axes (0 to 3 axes of 1 to 5). Arbitraries of fast-check's own may stand
 * beside tensors.
 * @example
 * ```ts
 * import { sized, tensors } from "@cotangent/check";
 * import { sample } from "fast-check";
 * const problem = sized({ X: tensors({ shape: ["m", "p"] }), theta: tensors({ shape: ["p"] }) }, { m: [1, 6], p: [2, 4] });
 * sample(problem, { seed: 1, numRuns: 50 }).every(({ X, theta }) => X.shape[1] === theta.shape[0]); // => true
 * ```
 */
export function sized<const S>(struct: S, sizes: Sizes = {}, options: SizedOptions = {}): Arbitrary<Drawn<S>> {
  const { distinct = false } = checkOptions("sized", options, ["distinct"]);
  const pieces: Piece[] = [];
  const inner: Group[] = [];
  const form = formOf(struct, (blueprint, path) => {
    inner.push(...blueprint.groups);
    for (const piece of blueprint.pieces) pieces.push({ ...piece, path: join(path, piece.path), root: join(path, piece.root) });
  }) as Form<Drawn<S>>;
  const joint = new JointArbitrary<Drawn<S>>({ op: "sized", pieces, form, groups: [...inner, ...groupsOf(sizes)], distinct });
  if (distinct) checkDistinct(joint);
  else void joint.model;
  return joint;
}

const join = (path: string, rest: string): string => (path === "" || rest === "" || rest.startsWith("[") ? path + rest : `${path}.${rest}`);

export function groupsOf(sizes: Sizes): Group[] {
  checkOptions("sized", sizes, Object.keys(sizes ?? {}));
  return Object.entries(sizes).map(([name, size]) => {
    if (typeof size === "number" || Array.isArray(size)) return { name, side: checkRange("sized", name, size) };
    const { rank, side } = checkOptions("sized", size as { readonly rank?: Range; readonly side?: Range }, ["rank", "side"]);
    return {
      name,
      ...(rank === undefined ? {} : { rank: checkRange("sized", `${name}.rank`, rank) }),
      ...(side === undefined ? {} : { side: checkRange("sized", `${name}.side`, side) }),
    };
  });
}

/** Throws unless different sizes can be found: the one with the fewest choices takes its own first. */
function checkDistinct(joint: JointArbitrary<unknown>): void {
  const named = [...joint.model.limits].filter(([name]) => !name.startsWith("...")).sort(([, a], [, b]) => a.side[1] - b.side[1]);
  const taken = new Set<number>();
  for (const [, { side }] of named) {
    let own = side[0];
    while (taken.has(own)) own++;
    if (own > side[1]) throw distinctError(named.map(([name]) => name));
    taken.add(own);
  }
}

/** The blueprint of an arbitrary: its own, or one leaf that shrinks by itself. */
function blueprintOf(arbitrary: Arbitrary<unknown>): Blueprint<unknown> {
  if (arbitrary instanceof JointArbitrary) return arbitrary.blueprint as Blueprint<unknown>;
  return single("sized", () => foreignLeaf(arbitrary));
}

/** One leaf by itself. */
export function single<T>(op: string, make: Piece["make"], refers = false): Blueprint<T> {
  const form: Form<T> = { build: ([value]) => value as T, parts: (value) => [value] };
  return { op, pieces: [{ path: "", root: "", refers, make }], form, groups: [], distinct: false };
}

/** The form of a struct; `take` is told of every arbitrary in order. */
function formOf(struct: unknown, take: (blueprint: Blueprint<unknown>, path: string) => void): Form<unknown> {
  let count = 0;
  const visit = (value: unknown, path: string): Form<unknown> => {
    if (value instanceof Arbitrary) {
      const blueprint = blueprintOf(value);
      const first = count;
      count += blueprint.pieces.length;
      take(blueprint, path);
      const { build, parts } = blueprint.form;
      return { build: (values) => build(values.slice(first, first + blueprint.pieces.length)), parts };
    }
    if (typeof value !== "object" || value === null || isTensor(value)) throw partError(path === "" ? "the argument" : path, value);
    return compose(
      Object.entries(value).map(([key, item]) => [key, visit(item, Array.isArray(value) ? `${path}[${key}]` : join(path, key))]),
      Array.isArray(value),
    );
  };
  return visit(struct, "");
}

function compose(fields: readonly (readonly [string, Form<unknown>])[], list: boolean): Form<unknown> {
  return {
    build: (values) => {
      const items = fields.map(([key, { build }]) => [key, build(values)] as const);
      return list ? items.map(([, item]) => item) : Object.fromEntries(items);
    },
    parts: (value) => {
      if (typeof value !== "object" || value === null || Object.keys(value).length !== fields.length) return undefined;
      const found = fields.map(([key, { parts }]) => (key in value ? parts((value as Record<string, unknown>)[key]) : undefined));
      return found.includes(undefined) ? undefined : found.flatMap((own) => own!);
    },
  };
}
