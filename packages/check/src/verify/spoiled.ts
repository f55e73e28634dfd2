/** Wrong gradients made from the right one, plainest mistakes first: the one that gives the claim at every point is the diagnosis. */
import type { Graph } from "@cotangent/core/engine";
import { clearest, isSmall, mostTried, type Subject } from "./edits.ts";
import { countOf, type Evidence, type Sample } from "./evidence.ts";
import { otherConstant, shiftedArgument } from "./parameters.ts";
import { changedLoss, cutsOf, expanded, scaledPaths, twoPaths } from "./paths.ts";
import { changedPieces, extraFactor, otherAxes, restated, scaledPieces } from "./pieces.ts";

const sameOps = (x: Graph, y: Graph): boolean =>
  x.nodes.length === y.nodes.length && x.nodes.every((node, i) => node.op === y.nodes[i]!.op);

/** What spoiled piece of the gradient makes the claim, in words. */
export function spoiledPiece(evidence: Evidence, samples: readonly Sample[]): string | undefined {
  const known = samples.filter(({ loss, gradient }) => loss !== undefined && gradient !== undefined);
  const [first] = known;
  if (first === undefined || known.length < samples.length || countOf(known) < 2) return undefined;
  const same = known.every(({ loss, gradient }) => sameOps(loss!, first.loss!) && sameOps(gradient!, first.gradient!));
  if (!same || !isSmall(first.gradient!) || !isSmall(first.loss!)) return undefined;
  const own: Subject = { samples: known, graphs: known.map(({ gradient }) => gradient!), evidence, budget: { left: mostTried } };
  const losses = known.map(({ loss }) => loss!);
  const cuts = cutsOf(own, losses);
  const plain = clearest([...scaledPaths(own, losses, cuts), ...scaledPieces(own), ...changedPieces(own)]);
  if (plain !== undefined) return plain;
  const alike = restated(own, losses);
  const opened = losses.map(expanded);
  return (
    (alike === undefined ? undefined : clearest([...scaledPieces(alike), ...changedPieces(alike)])) ??
    (opened[0] === losses[0] ? undefined : clearest(scaledPaths(own, opened, cutsOf(own, opened)))) ??
    twoPaths(own, losses, cuts) ??
    otherConstant(own, losses) ??
    otherAxes(own) ??
    shiftedArgument(own) ??
    extraFactor(own, losses) ??
    changedLoss(own, losses)
  );
}
