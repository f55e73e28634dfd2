// A slice of `npm run quality`: mutants of some right claims at a committed seed, and the rules of other checkers on claims they must get right.
import { describe, expect, test } from "vitest";
import seeds from "../../../test/seeds.json" with { type: "json" };
import { argumentsAt, listed, plainly, verdictOn } from "../quality/claims.ts";
import { counted } from "../quality/counting.ts";
import { reasonFor } from "../quality/exceptions.ts";
import { mutate, noMutants, rightClaims } from "../quality/mutation.ts";
import { rivals } from "../quality/rivals.ts";
import { numpyRandn, torchRand, twisterFrom } from "../quality/twister.ts";

const seed = seeds[0]!;
const claimsOf = (name: string) => listed.filter(({ gradient }) => gradient.name === name);

test("mutants of every sixth right claim are refuted", () => {
  const count = noMutants();
  rightClaims.forEach((claim, i) => i % 6 === 0 && mutate(claim, seed, count, 25));
  const unexplained = count.survivors.filter(({ claim, mutant, verdict }) => reasonFor(`${claim}, ${mutant}: ${verdict}`) === undefined);
  expect(unexplained).toEqual([]);
  expect(count.refuted).toBeGreaterThan(200);
  console.log(`measured: ${count.refuted} of ${count.refuted + count.survivors.length} mutants of right claims refuted`);
});

describe("the rules of other checkers", () => {
  test("the streams they draw directions from are theirs", () => {
    const normal = numpyRandn(0);
    expect([normal(), normal(), normal(), normal()]).toEqual([
      1.764052345967664, 0.4001572083672233, 0.9787379841057392, 2.240893199201458,
    ]);
    const word = twisterFrom(5489);
    expect([word(), word(), word()]).toEqual([3499211612, 581869302, 3890346734]);
    expect(torchRand()()).toBeLessThan(1);
  });
  test.each(Object.entries(rivals))("%s accepts plain right gradients and refuses plain wrong ones", (_, rule) => {
    for (const name of ["mean of squares", "x'Ax", "softmax cross-entropy"]) {
      for (const one of claimsOf(name))
        expect([one.name, rule(plainly(one, argumentsAt(one.gradient, seed)))]).toEqual([one.name, one.right]);
    }
  });
});

test("counting the runs of a check does not change its verdict", () => {
  for (const one of [...claimsOf("weighted softmax"), ...claimsOf("sum of softmax, and more after it")]) {
    let runs = 0;
    const own = counted(one.gradient, one.claim, () => runs++);
    const loss = own.loss as (typeof one.gradient)["loss"];
    expect(verdictOn({ ...one.gradient, loss }, own.claim, argumentsAt(one.gradient, seed), seed)).toBe(one.right ? "AGREES" : "REFUTED");
    expect(runs).toBeGreaterThan(10);
  }
});
