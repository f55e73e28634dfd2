/** Structs of tensors: plain objects, arrays and tuples whose leaves are tensors. Knows how to take them apart and rebuild them. */
import { argumentError, counted, cycleError, leafError, structError } from "./errors.ts";
import { isTensor, type Tensor } from "./tensor.ts";

/** A tensor, or plain objects and arrays of structs; `null` and `undefined` are empty. */
export type Struct = Tensor | null | undefined | readonly Struct[] | { readonly [key: string]: Struct };

/** `T` if every leaf of it is a tensor (or empty), and `never` at the leaves that are not; also good for interface types. */
export type StructOf<T> = T extends Tensor | null | undefined
  ? T
  : T extends string | number | boolean | bigint | symbol | ((...args: never[]) => unknown)
    ? never
    : { readonly [K in keyof T]: StructOf<T[K]> };

/** How to put a struct together again from its leaves. */
export interface StructDefinition {
  readonly leaves: readonly { readonly path: string }[];
  readonly build: (leaves: readonly unknown[]) => unknown;
}

/** The leaves of a struct and the way back. */
export interface Flat {
  readonly leaves: Tensor[];
  readonly definition: StructDefinition;
}

/**
 * The leaves in order and the way back. Throws at a leaf that is not a tensor, naming the path to it; `op` and `path` say in that error
 * whose struct it is.
 */
export function flatten(struct: unknown, op = "flatten", path = "the argument"): Flat {
  for (const name of [op, path])
    if (typeof name !== "string") throw argumentError("flatten", "a name for errors is not a string", name, "leave it out");
  return flattenWith(struct, path, (at, value, holdsItself) => {
    throw holdsItself ? cycleError(op, at) : leafError(op, at, value);
  });
}

/** The tensors anywhere in plain objects and arrays, and the way back; whatever else is there stays as it is. */
export function flattenTensors(value: unknown, path = ""): Flat {
  return flattenWith(value, path, () => {});
}

type Build = (leaves: readonly unknown[]) => unknown;
type Visit = (value: unknown, path: string) => Build;

/** `other` is told of every leaf that is not a tensor and may throw; such a leaf is also an object found inside itself. */
function flattenWith(struct: unknown, path: string, other: (path: string, value: unknown, holdsItself: boolean) => void): Flat {
  const leaves: Tensor[] = [];
  const paths: { path: string }[] = [];
  const above = new Set<object>();
  const visit: Visit = (value, at) => {
    if (isTensor(value)) {
      const i = leaves.length;
      leaves.push(value);
      paths.push({ path: at });
      return (given) => given[i];
    }
    if (value === null || value === undefined) return () => value;
    const holdsItself = above.has(value as object);
    if (typeof value !== "object" || !isPlain(value) || holdsItself) {
      other(at, value, holdsItself);
      return () => value;
    }
    above.add(value);
    const build = Array.isArray(value) ? visitArray(value, at, visit) : visitObject(value as Record<string, unknown>, at, visit);
    above.delete(value);
    return build;
  };
  const build = visit(struct, path);
  return { leaves, definition: { leaves: paths, build } };
}

function visitArray(value: readonly unknown[], path: string, visit: Visit): Build {
  const parts = value.map((item, i) => visit(item, `${path}[${i}]`));
  return (given) => parts.map((part) => part(given));
}

function visitObject(value: Readonly<Record<string, unknown>>, path: string, visit: Visit): Build {
  const parts = Object.keys(value).map((key) => [key, visit(value[key], `${path}.${key}`)] as const);
  return (given) => Object.fromEntries(parts.map(([key, part]) => [key, part(given)]));
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A struct of the same form with other leaves. */
export function unflatten<T>(definition: StructDefinition, leaves: readonly unknown[]): T {
  if (!Array.isArray(definition?.leaves) || typeof definition.build !== "function")
    throw argumentError("unflatten", "not a definition", definition, "give the one that flatten made");
  if (!Array.isArray(leaves))
    throw argumentError("unflatten", "the leaves are not a list", leaves, "give one for each of the definition's");
  if (leaves.length !== definition.leaves.length)
    throw structError("unflatten", counted(leaves.length, "leaf", "leaves"), `${definition.leaves.length} wanted`);
  return definition.build(leaves) as T;
}

/**
 * A struct with a function applied to every tensor, or to the corresponding tensors of several structs of one form.
 * @example
 * ```ts
 * const model = { w: tensor([1, 2]), b: tensor(3) };
 * map((x) => x.mul(2), model).b; // => tensor(6, float64)
 * ```
 */
export function map<T>(f: (leaf: Tensor, ...others: Tensor[]) => Tensor, struct: T, ...others: readonly T[]): T {
  if (typeof f !== "function") throw argumentError("map", "not a function", f, "give a function of tensors, then structs");
  const { leaves, definition } = flatten(struct, "map", "struct 0");
  const rest = others.map((other, i) => {
    const flat = flatten(other, "map", `struct ${i + 1}`);
    checkSameForm("map", definition, flat.definition);
    return flat.leaves;
  });
  return unflatten<T>(
    definition,
    leaves.map((leaf, i) => f(leaf, ...rest.map((list) => list[i]!))),
  );
}

/** Throws unless two structs have the same leaves at the same paths. */
export function checkSameForm(op: string, x: StructDefinition, y: StructDefinition): void {
  const strip = (path: string): string => path.replace(/^[^.[]*/, "");
  const paths = (definition: StructDefinition): string =>
    definition.leaves.map(({ path }) => strip(path) || "a tensor").join(", ") || "nothing";
  if (paths(x) !== paths(y)) throw structError(op, paths(x), paths(y));
}
