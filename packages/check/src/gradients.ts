/**
 * A public list of gradients with sources, right and wrong, that checkers can be held against. It knows formulas; a wrong one differs from the
 * right one the way people get it wrong. Entries are drawn from a seed, inside the domain of the formula.
 */
import { energies } from "./gradients/energies.ts";
import { elementwise } from "./gradients/elementwise.ts";
import { layers } from "./gradients/layers.ts";
import { likelihoods } from "./gradients/likelihoods.ts";
import type { ListedGradient } from "./gradients/list.ts";
import { losses } from "./gradients/losses.ts";
import { matrices } from "./gradients/matrices.ts";
import { recurrences } from "./gradients/recurrences.ts";
import { reductions } from "./gradients/reductions.ts";
import { traps } from "./gradients/traps.ts";

/** Gradients right and wrong, with where they are from. */
export const gradients: readonly ListedGradient[] = [
  ...elementwise,
  ...reductions,
  ...matrices,
  ...losses,
  ...likelihoods,
  ...layers,
  ...recurrences,
  ...energies,
  ...traps,
];
