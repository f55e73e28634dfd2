/**
 * The form of a call's arguments: where tensors stand and of which types, and everything else as it was. It knows structs; it knows no graph
 * and no program.
 */
import type { DType, Shape } from "@cotangent/core/functions";
import { Tensor } from "@cotangent/core/functions";
import { describe, formatShape } from "@cotangent/core/engine";
import { cycleError, staticArrayError, staticObjectError } from "./errors.ts";

export type Signature =
  | { readonly kind: "tensor"; readonly shape: Shape; readonly dtype: DType }
  | { readonly kind: "static"; readonly value: unknown }
  | { readonly kind: "array"; readonly items: readonly Signature[] }
  | { readonly kind: "object"; readonly keys: readonly string[]; readonly items: readonly Signature[] };

const isPlain = (value: object): boolean => {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/** The form of a list of arguments. Throws where one is an array or object that may change unseen, or holds itself. */
export function signatureOf(args: readonly unknown[]): Signature {
  const above = new Set<unknown>();
  const visit = (value: unknown, path: string): Signature => {
    if (value instanceof Tensor) return { kind: "tensor", shape: value.shape, dtype: value.dtype };
    if (ArrayBuffer.isView(value)) throw staticArrayError(path, value);
    const isArray = Array.isArray(value);
    if (typeof value !== "object" || value === null) return { kind: "static", value };
    if (!isArray && !isPlain(value)) throw staticObjectError(path, value);
    if (above.has(value)) throw cycleError(path);
    above.add(value);
    const keys = isArray ? [] : Object.keys(value as object);
    const items = isArray
      ? Array.from(value, (item, i) => visit(item, path === "" ? `argument ${i}` : `${path}[${i}]`))
      : keys.map((key) => visit((value as Record<string, unknown>)[key], `${path}.${key}`));
    above.delete(value);
    return isArray ? { kind: "array", items } : { kind: "object", keys, items };
  };
  return visit(args, "");
}

/** Whether a value has this form; its tensors are added to `leaves`. */
export function matches(signature: Signature, value: unknown, leaves: Tensor[]): boolean {
  switch (signature.kind) {
    case "tensor":
      if (!(value instanceof Tensor) || value.dtype !== signature.dtype) return false;
      if (value.shape !== signature.shape && !isSameShape(value.shape, signature.shape)) return false;
      leaves.push(value);
      return true;
    case "static":
      return Object.is(value, signature.value);
    case "array": {
      const { items } = signature;
      if (!Array.isArray(value) || value.length !== items.length) return false;
      for (let i = 0; i < items.length; i++) if (!matches(items[i]!, value[i], leaves)) return false;
      return true;
    }
    case "object": {
      const { keys, items } = signature;
      if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Tensor || !isPlain(value)) return false;
      let count = 0;
      for (const key in value) {
        if (key !== keys[count]) return false;
        count++;
      }
      if (count !== keys.length) return false;
      for (let i = 0; i < keys.length; i++) if (!matches(items[i]!, (value as Record<string, unknown>)[keys[i]!], leaves)) return false;
      return true;
    }
  }
}

function isSameShape(x: Shape, y: Shape): boolean {
  if (x.length !== y.length) return false;
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
  return true;
}

/** A value of this form around other leaves. */
export function rebuild(signature: Signature, leaves: readonly unknown[]): unknown {
  let next = 0;
  const visit = (form: Signature): unknown => {
    switch (form.kind) {
      case "tensor":
        return leaves[next++];
      case "static":
        return form.value;
      case "array":
        return form.items.map(visit);
      case "object":
        return Object.fromEntries(form.keys.map((key, i) => [key, visit(form.items[i]!)]));
    }
  };
  return visit(signature);
}

/** The types of the tensors, in order. */
export function avalsOf(signature: Signature): { readonly shape: Shape; readonly dtype: DType }[] {
  switch (signature.kind) {
    case "tensor":
      return [signature];
    case "static":
      return [];
    default:
      return signature.items.flatMap(avalsOf);
  }
}

/** A list of arguments as a person reads it: types of tensors, other values as they are. */
export function formatSignature(signature: Signature): string {
  return signature.kind === "array" ? `(${signature.items.map(formatPart).join(", ")})` : formatPart(signature);
}

function formatPart(signature: Signature): string {
  switch (signature.kind) {
    case "tensor":
      return `${signature.dtype}${formatShape(signature.shape)}`;
    case "static":
      return Object.is(signature.value, -0) ? "-0" : describe(signature.value);
    case "array":
      return `[${signature.items.map(formatPart).join(", ")}]`;
    case "object":
      return `{ ${signature.keys.map((key, i) => `${key}: ${formatPart(signature.items[i]!)}`).join(", ")} }`;
  }
}

/** The numbers among the arguments, by their place. */
export function numbersOf(signature: Signature, path = ""): [path: string, value: number][] {
  switch (signature.kind) {
    case "tensor":
      return [];
    case "static":
      return typeof signature.value === "number" ? [[path, signature.value]] : [];
    case "array":
      return signature.items.flatMap((item, i) => numbersOf(item, path === "" ? `argument ${i}` : `${path}[${i}]`));
    case "object":
      return signature.items.flatMap((item, i) => numbersOf(item, `${path}.${signature.keys[i]}`));
  }
}
