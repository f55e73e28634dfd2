/**
 * The reverse and the forward sweep over a recorded graph. They know nodes and their rules and settle shapes and dtypes in one place; they
 * know no op by name.
 */
import { isFloat } from "./dtype.ts";
import { add } from "./define/elementwise.ts";
import { zerosOf } from "./define/movement.ts";
import { missingRuleError } from "./errors.ts";
import { belongs, type Graph, recordFunction, walk } from "./graph.ts";
import { type Aval, checkFinite } from "./op.ts";
import { cast } from "./ops/cast.ts";
import { broadcastTo, sumTo } from "./ops/movement.ts";
import { currentCause, type Node, onBehalf, type Source } from "./recording.ts";
import { sameShape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** What a sweep needs of a graph; its recording may still be open. */
export type Sweepable = Pick<Graph, "recording" | "inputs" | "outputs">;

/** Cotangents of a graph's inputs from those of its outputs; null is zero. Linear in the nodes the recording made. */
export function pullback(graph: Sweepable, cotangents: readonly (Tensor | null)[]): (Tensor | null)[] {
  const { recording, inputs, outputs } = graph;
  const { start } = recording;
  const watched = (x: Tensor): boolean => isFloat(x.dtype) && belongs(x, recording);
  const seeds = outputs.map((x, i) => (watched(x) ? (cotangents[i] ?? null) : null));
  const top = outputs.reduce((most, x, i) => (seeds[i] === null ? most : Math.max(most, x.origin!.serial - start)), -1);
  /** By serial number: the nodes reached and the cotangents of their outputs. */
  const nodes = new Array<Node | undefined>(Math.max(top + 1, inputs.length));
  const slots = new Array<(Tensor | null)[] | undefined>(nodes.length);

  const accumulate = (x: Tensor, g: Tensor): void => {
    const node = x.origin!;
    const at = node.serial - start;
    const settled = settleCotangent(g, x);
    const slot = slots[at];
    if (slot !== undefined) {
      const known = slot[x.index]!;
      slot[x.index] = known === null ? settled : add(known, settled);
      return;
    }
    nodes[at] = node;
    const fresh = node.outputs.length === 1 ? [settled] : node.outputs.map((_, i) => (i === x.index ? settled : null));
    slots[at] = fresh;
  };
  const step = (node: Node, own: readonly (Tensor | null)[]): void => {
    const wanted = node.inputs.map(watched);
    const given = pullbackNode(node, own, wanted);
    for (let i = 0; i < given.length; i++) {
      const g = given[i]!;
      if (g === null || !wanted[i]) continue;
      if (node.source !== undefined) checkFinite(currentCause()!, g);
      accumulate(node.inputs[i]!, g);
    }
  };

  outputs.forEach((x, i) => {
    if (seeds[i] !== null) accumulate(x, seeds[i]!);
  });
  for (let at = top; at >= inputs.length; at--) {
    const node = nodes[at];
    if (node === undefined) continue;
    const own = slots[at]!;
    slots[at] = undefined;
    nodes[at] = undefined;
    if (node.source !== undefined) onBehalf({ ...node.source, part: "backward pass" }, () => step(node, own), "results");
    else step(node, own);
  }
  return inputs.map((_, i) => slots[i]?.[0] ?? null);
}

/** A cotangent in its primal's shape and dtype: broadcasting undone, precision restored. */
function settleCotangent(g: Tensor, x: Aval): Tensor {
  const summed =
    g.shape === x.shape || sameShape(g.shape, x.shape) ? g : g.rank < x.shape.length ? broadcastTo(g, x.shape) : sumTo(g, x.shape);
  return summed.dtype === x.dtype ? summed : cast(summed, x.dtype);
}

/** A tangent in its output's shape and dtype. */
function settleTangent(t: Tensor, x: Aval): Tensor {
  const full = sameShape(t.shape, x.shape) ? t : broadcastTo(t, x.shape);
  return full.dtype === x.dtype ? full : cast(full, x.dtype);
}

function pullbackNode(node: Node, cotangents: readonly (Tensor | null)[], wanted: readonly boolean[]): readonly (Tensor | null)[] {
  const { op } = node;
  if (op.pullback !== undefined) return op.pullback(node, cotangents, wanted);
  if (op.expand !== undefined) return throughExpansion(node, (expansion) => pullback(expansion, cotangents));
  if (op.pushforward === undefined) throw missingRuleError(op.name, "derivative");
  return transposePushforward(node, cotangents);
}

/** A sweep over the expansion of a composite; under `debug` its result is checked, not the steps to it. */
function throughExpansion<T>(node: Node, sweep: (expansion: Graph) => T): T {
  const run = (): T => sweep(recordFunction((inputs) => node.op.expand!(inputs, node.params), node.inputs));
  const cause = currentCause();
  return cause === null ? run() : onBehalf(cause, run, "nothing");
}

/** The pushforward is linear in the tangents, so its own pullback, at any tangents, is the transpose. */
function transposePushforward(node: Node, cotangents: readonly (Tensor | null)[]): (Tensor | null)[] {
  const float = node.inputs.map((x) => isFloat(x.dtype));
  const positions = node.inputs.map((_, i) => i).filter((i) => float[i]);
  const graph = recordFunction(
    (tangents) => {
      const given = pushforwardNode(
        node,
        node.inputs.map((_, i) => (float[i] ? tangents[positions.indexOf(i)]! : null)),
      );
      return given.map((t, i) => t ?? zerosOf(node.outputs[i]!));
    },
    positions.map((i) => zerosOf(node.inputs[i]!)),
  );
  const given = pullback(graph, cotangents);
  return node.inputs.map((_, i) => (float[i] ? given[positions.indexOf(i)]! : null));
}

/** Tangents of a graph's outputs from those of its inputs; null is zero. */
export function pushforward(graph: Graph, tangents: readonly (Tensor | null)[]): (Tensor | null)[] {
  return walk<Tensor | null>(graph, tangents, {
    constant: () => null,
    step: (node, given) => {
      if (node.source === undefined) return pushforwardNode(node, given);
      const source: Source = { ...node.source, part: "tangents" };
      const own = onBehalf(source, () => pushforwardNode(node, given), "results");
      for (const t of own) if (t !== null) checkFinite(source, t);
      return own;
    },
  });
}

function pushforwardNode(node: Node, tangents: readonly (Tensor | null)[]): readonly (Tensor | null)[] {
  if (tangents.every((t) => t === null)) return node.outputs.map(() => null);
  const { op } = node;
  if (op.pushforward !== undefined) {
    const given = op.pushforward(node, tangents);
    return given.map((t, i) => (t === null || !isFloat(node.outputs[i]!.dtype) ? null : settleTangent(t, node.outputs[i]!)));
  }
  if (op.expand !== undefined) return throughExpansion(node, (expansion) => pushforward(expansion, tangents));
  throw missingRuleError(op.name, "derivative");
}
