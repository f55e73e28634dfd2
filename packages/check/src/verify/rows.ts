/**
 * A claimed Jacobian judged as a gradient: with a copy of the inputs for every entry of the outputs, the Jacobian of f at x is the gradient of
 * Σ f_r(X_r) at X_r = x. Everything that judges gradients so judges Jacobians, entry by entry. It knows how copies are made; it judges nothing.
 */
import { broadcastTo, diagonal, label, mul, reshape, slice, type Tensor, tensor, vmap } from "@cotangent/core";
import { sizeOf } from "@cotangent/core/engine";
import { type AnyFunction, Misbehaviour } from "./behaviour.ts";
import { asGiven, blocksOf, copiesOf, entriesIn, type Mapping, matricesOf, packed, sameOutputs } from "./mapping.ts";
import { type Inputs, type Point, tensorsAt } from "./problem.ts";
import type { Subject } from "./point.ts";

/** Powers of two that the rows of a Jacobian are multiplied by, one list an output. */
export type Weights = readonly Float64Array[];

/** The subject whose gradient at the copies of a point is the Jacobian there. */
export function rowsOf(mapping: Mapping, weights: Weights | undefined): Subject {
  const { inputs, outputs } = mapping;
  const count = inputs.leaves.length;
  const blocks = blocksOf(mapping);
  const own: Inputs = {
    ...blocks,
    base: copiesOf(mapping, inputs.base),
    named: inputs.named,
    narrow: (xs) => [xs, false],
    wide: (xs) => [xs, true],
  };
  const rowsFor = (xs: readonly Tensor[], o: number): Tensor[] =>
    inputs.leaves.map((leaf, k) => label(reshape(xs[o * count + k]!, [outputs.leaves[o]!.size, ...leaf.shape]), leaf.path));
  const filled = outputs.leaves.findIndex(({ size }) => size > 0);
  const claimed = (xs: readonly Tensor[], wide: boolean): unknown => {
    const first = rowsFor(xs, Math.max(0, filled)).map((rows) => slice(rows, 0));
    return weighted(mapping, mapping.claimed(first, wide), weights);
  };
  const value = valueOf(mapping, weights);
  const sumOfRows = rowSum(mapping, rowsFor, weights);
  const loss = (xs: readonly Tensor[], wide: boolean): unknown => (mapping.opaque ? value(entriesIn(xs)) : sumOfRows(xs, wide));
  return {
    loss: loss as AnyFunction,
    claimed: ([xs, wide]) => claimed(xs as readonly Tensor[], wide as boolean),
    inputs: own,
    value,
  };
}

/** Σ over outputs and rows of the row's own entry: batched, or row by row where the function cannot be batched. */
function rowSum(mapping: Mapping, rowsFor: (xs: readonly Tensor[], o: number) => Tensor[], weights: Weights | undefined) {
  const { outputs } = mapping;
  let canBatch = true;
  const batched = (xs: readonly Tensor[], wide: boolean, o: number): Tensor => {
    const { size } = outputs.leaves[o]!;
    const all = vmap((...own: Tensor[]) => reshape(sameOutputs(outputs, mapping.value(own, wide))[o]!, [size]))(...rowsFor(xs, o));
    return diagonal(all);
  };
  const single = (rows: readonly Tensor[], wide: boolean, o: number, r: number): Tensor => {
    const point = rows.map((x) => slice(x, r));
    return slice(reshape(sameOutputs(outputs, mapping.value(point, wide))[o]!, [-1]), r);
  };
  const oneByOne = (xs: readonly Tensor[], wide: boolean, o: number): Tensor[] => {
    const rows = rowsFor(xs, o);
    return Array.from({ length: outputs.leaves[o]!.size }, (_, r) => single(rows, wide, o, r));
  };
  const scaled = (x: Tensor, scale: number | Tensor | undefined): Tensor => (scale === undefined ? x : mul(x, scale));
  const sums = (xs: readonly Tensor[], wide: boolean): Tensor[] =>
    outputs.leaves.flatMap(({ size }, o) => {
      if (size === 0) return [];
      if (canBatch) return [scaled(batched(xs, wide, o), weights && tensor(weights[o]!)).sum()];
      return oneByOne(xs, wide, o).map((x, r) => scaled(x, weights?.[o]?.[r]));
    });
  return (xs: readonly Tensor[], wide: boolean): Tensor => {
    let parts: Tensor[];
    try {
      parts = sums(xs, wide);
    } catch (thrown) {
      if (!canBatch || thrown instanceof Misbehaviour) throw thrown;
      canBatch = false;
      parts = sums(xs, wide);
    }
    return parts.length === 0 ? tensor(0) : parts.reduce((sum, x) => sum.add(x));
  };
}

/** Inputs with at most so many entries have their outputs remembered by all of them. */
const rememberedWhole = 32;

/** The same in float64 numbers: copies that are equal are computed once. */
function valueOf(mapping: Mapping, weights: Weights | undefined): (copies: Point) => number {
  const { inputs, outputs } = mapping;
  const count = inputs.leaves.length;
  const compute = (point: Point): Point => entriesIn(sameOutputs(outputs, mapping.value(tensorsAt(inputs.leaves, point, true), true)));
  const seen = new Map<string, Point>();
  let last: { readonly point: Point; readonly entries: Point } | undefined;
  const outputsAt = (point: Point): Point => {
    if (inputs.size <= rememberedWhole) {
      const key = point.join(";");
      let found = seen.get(key);
      if (found === undefined) {
        if (seen.size > 4096) seen.clear();
        seen.set(key, (found = compute(point)));
      }
      return found;
    }
    if (last === undefined || !point.every((row, k) => row.every((x, i) => x === last!.point[k]![i])))
      last = { point, entries: compute(point) };
    return last.entries;
  };
  return (copies) => {
    let [sum, rest] = [0, 0];
    outputs.leaves.forEach(({ size }, o) => {
      for (let r = 0; r < size; r++) {
        const point = inputs.leaves.map(({ shape }, k) => {
          const side = sizeOf(shape);
          return copies[o * count + k]!.subarray(r * side, (r + 1) * side);
        });
        const term = outputsAt(point)[o]![r]! * (weights?.[o]?.[r] ?? 1) - rest;
        const next = sum + term;
        rest = next - sum - term;
        sum = next;
      }
    });
    return sum;
  };
}

/** A claimed Jacobian with its rows weighted. */
function weighted(mapping: Mapping, claim: unknown, weights: Weights | undefined): unknown {
  if (weights === undefined) return claim;
  const found = matricesOf(mapping, claim);
  if (found === undefined) return claim;
  const { inputs, outputs } = mapping;
  const count = inputs.leaves.length;
  const rows = outputs.leaves.map(({ size, shape }, o) => {
    const factors = reshape(tensor(weights[o]!), [size, 1]);
    const own = found.blocks
      .slice(o * count, (o + 1) * count)
      .map((block, k) => reshape(mul(block, broadcastTo(factors, block.shape)), [...shape, ...inputs.leaves[k]!.shape]));
    return packed(inputs, asGiven(own, found.allTensors));
  });
  return outputs.build(rows);
}
