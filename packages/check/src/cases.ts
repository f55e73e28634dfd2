/** One drawn call of an op: its float tensors as inputs, everything else fixed. Knows how arguments nest; knows no law. */
import { Tensor } from "@cotangent/core";
import { type Draw, isFloat, type TableFunction } from "@cotangent/core/engine";

export interface Case {
  readonly inputs: readonly Tensor[];
  /** The op on other inputs of the same shapes, outputs as a list. */
  readonly call: (inputs: readonly Tensor[]) => readonly Tensor[];
  readonly description: string;
}

/** Which tensors of a call are its inputs: the float ones, unless told otherwise. */
export type Choose = (x: Tensor) => boolean;

const floats: Choose = (x) => isFloat(x.dtype);

export function drawCase(op: TableFunction, draw: Draw, choose: Choose = floats): Case {
  return caseOf(op, op.row.sample(draw), choose);
}

export function caseOf(op: TableFunction, args: readonly unknown[], choose: Choose = floats): Case {
  const inputs: Tensor[] = [];
  const build = visit(args, inputs, choose);
  return {
    inputs,
    call: (given) => tensorsIn((op as unknown as (...args: unknown[]) => unknown)(...(build(given) as unknown[]))),
    description: `${op.row.name}(${args.map(describe).join(", ")})`,
  };
}

type Build = (given: readonly Tensor[]) => unknown;

function visit(value: unknown, inputs: Tensor[], choose: Choose): Build {
  if (value instanceof Tensor) {
    if (!choose(value)) return () => value;
    const at = inputs.length;
    inputs.push(value);
    return (given) => given[at];
  }
  if (Array.isArray(value)) {
    const parts = value.map((item) => visit(item, inputs, choose));
    return (given) => parts.map((part) => part(given));
  }
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    const parts = Object.entries(value).map(([key, item]) => [key, visit(item, inputs, choose)] as const);
    return (given) => Object.fromEntries(parts.map(([key, part]) => [key, part(given)]));
  }
  return () => value;
}

/** The tensors of an output, in order. */
function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value];
  if (Array.isArray(value)) return value.flatMap(tensorsIn);
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(tensorsIn);
  return [];
}

function describe(value: unknown): string {
  if (value instanceof Tensor)
    return `tensor(${JSON.stringify(value.toArray(), (_, x) => (typeof x === "number" && !Number.isFinite(x) ? String(x) : x))}, ${value.dtype}[${value.shape}])`;
  if (Array.isArray(value)) return `[${value.map(describe).join(", ")}]`;
  if (typeof value === "function") return value.name || "function";
  if (typeof value === "object" && value !== null)
    return `{${Object.entries(value)
      .map(([key, item]) => `${key}: ${describe(item)}`)
      .join(", ")}}`;
  return JSON.stringify(value) ?? String(value);
}
