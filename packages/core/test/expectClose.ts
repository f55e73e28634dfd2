// Structs of tensors compared leaf by leaf with structs of tensors or of nested arrays.
import { Tensor } from "@cotangent/core";
import { expect } from "vitest";

type Plain = number | boolean | null | undefined | readonly Plain[] | { readonly [key: string]: Plain };

/** Tensors as nested arrays, at any depth of plain objects and arrays. */
export function plain(value: unknown): Plain {
  if (value instanceof Tensor) return value.toArray() as Plain;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  return value as Plain;
}

function differences(actual: Plain, expected: Plain, tolerance: number, path: string): string[] {
  if (typeof actual === "number" && typeof expected === "number") {
    const near =
      Object.is(actual, expected) || actual === expected || Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected));
    return near ? [] : [`${path}: ${actual} instead of ${expected}`];
  }
  if (Array.isArray(actual) && Array.isArray(expected) && actual.length === expected.length) {
    return actual.flatMap((item, i) => differences(item, expected[i], tolerance, `${path}[${i}]`));
  }
  if (
    typeof actual === "object" &&
    typeof expected === "object" &&
    actual !== null &&
    expected !== null &&
    !Array.isArray(actual) &&
    !Array.isArray(expected)
  ) {
    const keys = new Set([...Object.keys(actual), ...Object.keys(expected)]);
    const [x, y] = [actual, expected] as { readonly [key: string]: Plain }[];
    return [...keys].flatMap((key) => differences(x![key], y![key], tolerance, `${path}.${key}`));
  }
  return actual === expected ? [] : [`${path}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`];
}

/** Every number within `tolerance`, relative above 1 and absolute below. */
export function expectClose(actual: unknown, expected: unknown, tolerance = 1e-12): void {
  expect(differences(plain(actual), plain(expected), tolerance, "").slice(0, 5)).toEqual([]);
}
