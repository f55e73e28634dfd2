// The seed of every property test: COTANGENT_SEED if set, else the first committed seed in CI, else fast-check's own random one.
// COTANGENT_CASES is how many cases each property tries.
import fc from "fast-check";
import seeds from "./seeds.json" with { type: "json" };

const seed = process.env.COTANGENT_SEED ?? (process.env.CI ? seeds[0] : undefined);
const cases = process.env.COTANGENT_CASES;
fc.configureGlobal({ ...(seed === undefined ? {} : { seed: Number(seed) }), ...(cases === undefined ? {} : { numRuns: Number(cases) }) });
