/** What control flow shares: when a function simply runs, what form its operands have, how a value travels through a loop. */
import { argumentError, clashError, formatShape } from "../errors.ts";
import type { Aval } from "../op.ts";
import { concat, reshape, sliceAxis } from "../ops/movement.ts";
import { anyDebugging, anyOpen } from "../recording.ts";
import { sameShape } from "../shape.ts";
import { checkSameForm, type Flat, type StructDefinition } from "../struct.ts";
import { type Tensor, tensorOf } from "../tensor.ts";
import { eager, either, stacked } from "../transforms/call.ts";
import { zerosOf } from "../define/movement.ts";

/** Throws unless a part of a construct is a function. */
export function checkFunction(op: string, part: string, f: unknown): void {
  if (typeof f !== "function") throw argumentError(op, `${part} is not a function`, f, "give a function of structs of tensors");
}

/** Whether the functions run as they are: nothing can be watched, or a debugging recording wants to see every op. */
export function runsDirectly(operands: readonly Tensor[]): boolean {
  return !anyOpen() || (anyDebugging() && operands.every((x) => x.storage !== null));
}

/** Throws unless what a function returned has the form, shapes and dtypes of what it was given. */
export function checkSameType(
  op: string,
  what: string,
  wanted: readonly Aval[],
  definition: StructDefinition,
  got: readonly Aval[],
  returned: StructDefinition,
): void {
  checkSameForm(op, definition, returned);
  wanted.forEach((x, i) => {
    const y = got[i]!;
    if (x.dtype === y.dtype && sameShape(x.shape, y.shape)) return;
    const clash = `${definition.leaves[i]!.path} is ${x.dtype}${formatShape(x.shape)}, then ${y.dtype}${formatShape(y.shape)}`;
    throw clashError(op, what, clash, "keep shapes and dtypes; cast or reshape where they change");
  });
}

export const checkFlatType = (op: string, what: string, wanted: Flat, got: Flat): void =>
  checkSameType(op, what, wanted.leaves, wanted.definition, got.leaves, got.definition);

/** Entry `i` of the leading axis. */
export function entryOf(x: Tensor, i: number): Tensor {
  return x.origin === null ? eager.at(x, i) : reshape(sliceAxis(x, 0, i, i + 1), x.shape.slice(1));
}

/** Tensors of one type along a new leading axis. */
export function stackOf(xs: readonly Tensor[], aval: Aval): Tensor {
  if (xs.length === 0) return zerosOf(stacked(0, aval));
  if (xs.every((x) => x.origin === null && x.storage !== null)) return eager.stack(xs, aval);
  return concat(xs.map((x) => reshape(x, [1, ...x.shape])));
}

/** The integers 0, 1, …, n - 1 from `first` on. */
export function indices(first: number, n: number): Tensor {
  return tensorOf(
    [n],
    "int32",
    Int32Array.from({ length: n }, (_, i) => first + i),
  );
}

/** Marks carries until a step marks no more. */
export function fixpoint(start: readonly boolean[], step: (carry: readonly boolean[]) => readonly boolean[]): boolean[] {
  let marked = [...start];
  for (;;) {
    const next = either(marked, step(marked));
    if (next.every((flag, i) => flag === marked[i])) return marked;
    marked = next;
  }
}

/** A list dealt out again to groups of the sizes it was joined from. */
export function dealt<T>(items: readonly T[], groups: readonly (readonly unknown[])[]): T[][] {
  let next = 0;
  return groups.map((group) => items.slice(next, (next += group.length)));
}
