// The seed of every property test: COTANGENT_SEED if set, else the first committed seed in CI, else fast-check's own random one.
import fc from "fast-check";
import seeds from "./seeds.json" with { type: "json" };

const seed = process.env.COTANGENT_SEED ?? (process.env.CI ? seeds[0] : undefined);
if (seed !== undefined) fc.configureGlobal({ seed: Number(seed) });
