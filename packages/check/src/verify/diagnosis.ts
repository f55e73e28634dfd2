/** What is wrong with a wrong claim, in words. It knows patterns of claimed against true numbers; it judges nothing. */
import type { Graph } from "@cotangent/core/engine";
import type { Disagreement } from "./judgement.ts";
import type { Subject } from "./point.ts";
import type { Point } from "./problem.ts";

/** What a diagnosis may look at. */
export interface Evidence {
  readonly subject: Subject;
  /** The points where the claim is wrong, the given one first if it is among them. */
  readonly at: readonly { readonly point: Point; readonly wrong: Disagreement }[];
  /** At how many points it is right. */
  readonly right: number;
  readonly graphs: readonly ({ readonly loss: Graph; readonly gradient: Graph } | undefined)[];
}

export function diagnose(_evidence: Evidence): string | undefined {
  return undefined;
}
