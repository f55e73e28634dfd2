/** Random numbers as functions of explicit keys: what `random` offers. */
export type { DTypeOption, Key, SampleOptions } from "./arguments.ts";
export {
  exponential,
  type ExponentialOptions,
  gumbel,
  laplace,
  type LocationScaleOptions,
  logistic,
  normal,
  type NormalOptions,
  truncatedNormal,
  uniform,
  type UniformOptions,
} from "./continuous.ts";
export {
  bernoulli,
  bits,
  categorical,
  type CategoricalOptions,
  poisson,
  type PoissonOptions,
  randint,
  type ShapeOption,
} from "./discrete.ts";
export { beta, dirichlet, type DirichletOptions, gamma, logGamma } from "./gamma.ts";
export { foldIn, key, type Keys, split, splitBatch } from "./key.ts";
export { choice, type ChoiceOptions, type EntriesOptions, permutation } from "./permutation.ts";
