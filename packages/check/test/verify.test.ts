// The public list of gradients: every right one agrees and every wrong one is refuted, at three committed seeds.
import { describe, expect, test } from "vitest";
import { checkGradient, entriesFrom, gradients, type ListedGradient } from "@cotangent/check";
import seeds from "../../../test/seeds.json" with { type: "json" };

type Check = (loss: unknown, claimed: unknown, options: object) => { readonly verdict: string; toString(): string };

const verdictOf = ({ loss, at, wrt = 0 }: ListedGradient, claim: unknown, seed: number) =>
  (checkGradient as unknown as Check)(loss, claim, { at: at(entriesFrom(seed)), wrt, seed });

const unexpected = (claims: (gradient: ListedGradient) => object, wanted: string, seed: number): string[] =>
  gradients.flatMap((gradient) =>
    Object.entries(claims(gradient)).flatMap(([name, claim]) => {
      const found = verdictOf(gradient, claim, seed);
      return found.verdict === wanted ? [] : [`${gradient.name}, ${name}: ${found}`];
    }),
  );

describe.each(seeds.slice(0, 3))("seed %i", (seed) => {
  test("no false alarm", () => expect(unexpected(({ right }) => right, "AGREES", seed)).toEqual([]));
  test("no miss", () => expect(unexpected(({ wrong }) => wrong, "REFUTED", seed)).toEqual([]));
});

test("the list is long enough to say something", () => {
  const count = (claims: (gradient: ListedGradient) => object): number =>
    gradients.reduce((sum, one) => sum + Object.keys(claims(one)).length, 0);
  expect(count(({ right }) => right)).toBeGreaterThanOrEqual(90);
  expect(count(({ wrong }) => wrong)).toBeGreaterThanOrEqual(150);
  expect(new Set(gradients.map(({ name }) => name)).size).toBe(gradients.length);
});
