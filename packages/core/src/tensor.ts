/** The immutable tensor: shape, dtype, values and where it came from. It knows how to be read and shown; ops are elsewhere. */
import { coerce, type DType, type TypedArray } from "./dtype.ts";
import { abstractReadError, itemError, operatorError } from "./errors.ts";
import { formatTensor } from "./format.ts";
import { type Node, noteRead, userLine } from "./recording.ts";
import { scalarShape, type Shape, sizeOf } from "./shape.ts";

/** What holds the entries: a bare number for a scalar, a typed array otherwise, null for a tensor traced on its shape. */
export type Storage = number | TypedArray | null;

/** Nested arrays of numbers or booleans, as `toArray` gives and `tensor` takes. */
export type NestedArray<T> = T | readonly NestedArray<T>[];

/** What ops accept as an operand. */
export type TensorLike = Tensor | number | boolean;

/**
 * An immutable, dense, row-major array of `bool`, `int32`, `float32` or `float64` entries.
 *
 * Make one with `tensor`, `zeros`, …; every op of the library is also a method.
 *
 * @example
 * ```ts
 * const x = tensor([[1, 2], [3, 4]]);
 * x.shape; // => [2, 2]
 * x.mul(2).sum().item(); // => 20
 * ```
 */
export class Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  /** For the engine: `values` is the public way to the entries. */
  readonly storage: Storage;
  /** For the engine: the node that made this tensor, if it was watched then. */
  readonly origin: Node | null;
  /** For the engine: which of its node's outputs this is. */
  readonly index: number;

  constructor(shape: Shape, dtype: DType, storage: Storage, origin: Node | null, index: number) {
    this.shape = shape;
    this.dtype = dtype;
    this.storage = storage;
    this.origin = origin;
    this.index = index;
  }

  get rank(): number {
    return this.shape.length;
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  /** The entries in row-major order; do not write to them. */
  get values(): TypedArray {
    const storage = read(this, "values");
    return typeof storage === "number" ? entriesOf(this) : storage;
  }

  /** The one entry, as a number (0 or 1 for bool). Throws unless there is exactly one. */
  item(): number {
    const storage = read(this, "item");
    if (typeof storage === "number") return storage;
    if (storage.length !== 1) throw itemError(this.shape);
    return storage[0]!;
  }

  /** The entries as nested arrays; booleans for bool. */
  toArray(): NestedArray<number> | NestedArray<boolean> {
    read(this, "toArray");
    return nest(entriesOf(this), this.shape, this.dtype === "bool");
  }

  toString(): string {
    if (this.storage === null) return `${this.dtype}[${this.shape.join(", ")}]`;
    read(this, "print");
    return formatTensor(this.shape, this.dtype, entriesOf(this));
  }

  /** JavaScript's operators do not compute with tensors: `x + 1` and `x < y` throw instead of giving a string or a falsehood. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return this.toString();
    throw operatorError(this);
  }

  toJSON(): unknown {
    return this.toArray();
  }
}

/** What `console.log` shows in Node. */
Object.defineProperty(Tensor.prototype, Symbol.for("nodejs.util.inspect.custom"), {
  value(this: Tensor): string {
    return this.toString();
  },
});

/** The storage of a tensor a person asked to see: an error on shapes alone, a note in open recordings otherwise. */
function read(x: Tensor, what: string): number | TypedArray {
  if (x.storage === null) throw abstractReadError(what, userLine());
  if (x.origin?.watch.open) noteRead(x.origin.watch);
  return x.storage;
}

const arrays = { bool: Uint8Array, int32: Int32Array, float32: Float32Array, float64: Float64Array } as const;

/** The entries of a concrete tensor as a typed array, unnoticed by recordings: for the engine. */
export function entriesOf(x: Tensor): TypedArray {
  const storage = x.storage;
  if (storage === null) throw abstractReadError("values", userLine());
  return typeof storage === "number" ? arrays[x.dtype].of(storage) : storage;
}

function nest(values: TypedArray, shape: Shape, asBoolean: boolean): NestedArray<number> | NestedArray<boolean> {
  const leaf = (i: number): number | boolean => (asBoolean ? values[i] !== 0 : values[i]!);
  const build = (axis: number, offset: number, size: number): NestedArray<number | boolean> => {
    if (axis === shape.length) return leaf(offset);
    const step = shape[axis] === 0 ? 0 : size / shape[axis]!;
    return Array.from({ length: shape[axis]! }, (_, i) => build(axis + 1, offset + i * step, step));
  };
  return build(0, 0, values.length) as NestedArray<number>;
}

/** A scalar of a number the engine computed; not watched. */
export function scalarTensor(value: number, dtype: DType): Tensor {
  return new Tensor(scalarShape, dtype, coerce(value, dtype), null, 0);
}

/** A tensor around storage of the right length and type; not watched. */
export function tensorOf(shape: Shape, dtype: DType, storage: Storage): Tensor {
  return new Tensor(shape, dtype, storage !== null && typeof storage !== "number" && shape.length === 0 ? storage[0]! : storage, null, 0);
}

/** The tensor without its history, unless an open recording still watches it. */
export function forget(x: Tensor): Tensor {
  return x.origin === null || x.origin.watch.open ? x : new Tensor(x.shape, x.dtype, x.storage, null, 0);
}

export function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor;
}
