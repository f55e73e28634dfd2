/** Which values of a graph are the same: one op with the same params on the same operands. Knows no op and no value. */
import type { Tensor } from "@cotangent/core";
import type { Op, SubGraph } from "@cotangent/core/engine";

/**
 * Maps each value that was computed before, without a label of its own, to its first computation. Tensors that neither the graph nor what is
 * around it makes are constants.
 */
export function repeatedValues(
  graph: SubGraph,
  outer: ReadonlyMap<Tensor, unknown>,
  isLabelled: (x: Tensor) => boolean,
): ReadonlyMap<Tensor, Tensor> {
  const made = new Set<Tensor>(graph.inputs);
  const first = new Map<Tensor, Tensor>();
  const tensorNumbers = new Map<Tensor, number>();
  const operandKey = (x: Tensor): string => {
    const isNumber = typeof x.storage === "number" && !made.has(x) && !outer.has(x) && !isLabelled(x);
    return isNumber ? `${x.dtype} ${paramsKey(x.storage)}` : String(numberOf(tensorNumbers, first.get(x) ?? x));
  };
  const opNumbers = new Map<Op, number>();
  const seen = new Map<string, readonly Tensor[]>();
  for (const { op, params, inputs, outputs } of graph.nodes) {
    for (const out of outputs) made.add(out);
    const shown = op.graphs === undefined ? paramsKey(params) : undefined;
    if (shown === undefined) continue;
    const key = `${numberOf(opNumbers, op)} ${inputs.map(operandKey).join()} ${shown}`;
    const known = seen.get(key);
    if (known === undefined) seen.set(key, outputs);
    else if (!outputs.some(isLabelled)) outputs.forEach((out, i) => void first.set(out, known[i]!));
  }
  return first;
}

function numberOf<K>(numbers: Map<K, number>, key: K): number {
  let number = numbers.get(key);
  if (number === undefined) numbers.set(key, (number = numbers.size));
  return number;
}

/** A text that tells plain data apart, or undefined for anything else. */
function paramsKey(params: unknown): string | undefined {
  if (params === null || params === undefined || typeof params === "boolean") return String(params);
  if (typeof params === "number") return Object.is(params, -0) ? "-0" : String(params);
  if (typeof params === "string") return JSON.stringify(params);
  if (typeof params !== "object") return undefined;
  const isList = Array.isArray(params);
  if (!isList && Object.getPrototypeOf(params) !== Object.prototype) return undefined;
  const parts: string[] = [];
  for (const [name, value] of Object.entries(params)) {
    const part = paramsKey(value);
    if (part === undefined) return undefined;
    parts.push(isList ? part : `${JSON.stringify(name)}:${part}`);
  }
  return isList ? `[${parts.join()}]` : `{${parts.join()}}`;
}
