/** Ways to make a tensor from data or from nothing; knows dtypes and shapes, no ops. */
import { allocate, checkDtype, coerce, type DType, dtypeOfArray, type TypedArray } from "./dtype.ts";
import { argumentError, countError, dataError, raggedError } from "./errors.ts";
import { checkShape, type Shape, sizeOf } from "./shape.ts";
import { isTensor, type NestedArray, scalarTensor, type Tensor, tensorOf } from "./tensor.ts";

/** What `tensor` takes. */
export type TensorData = NestedArray<number> | NestedArray<boolean> | TypedArray | Tensor;

export interface TensorOptions {
  readonly dtype?: DType;
  /** For flat data: the shape the entries fill, row by row. */
  readonly shape?: Shape;
}

/**
 * A tensor of a copy of the data.
 *
 * Numbers and `Float64Array` give float64, `Float32Array` float32, `Int32Array` int32, booleans and `Uint8Array` bool, unless `dtype` says otherwise.
 * A tensor gives its values without its history; to change the dtype of one that is differentiated use `cast`.
 * Throws at ragged arrays and at entries that are neither numbers nor booleans, naming the place.
 * @example
 * ```ts
 * tensor([[1, 2], [3, 4]]); // => tensor([[1, 2],
 * //         [3, 4]], float64)
 * ```
 */
export function tensor(data: TensorData, options: TensorOptions | DType = {}): Tensor {
  if (typeof options !== "string" && (typeof options !== "object" || options === null)) {
    throw argumentError("tensor", "the options are neither an object nor a dtype", options, "give { dtype, shape } or a dtype");
  }
  const { dtype, shape, ...stray } = typeof options === "string" ? { dtype: options, shape: undefined } : options;
  for (const key of Object.keys(stray)) throw argumentError("tensor", "unknown option", key, "the options are dtype, shape");
  const made = fromData(data, dtype === undefined ? undefined : checkDtype("tensor", dtype));
  if (shape === undefined) return made;
  const wanted = checkShape("tensor", shape);
  if (sizeOf(wanted) !== made.size) throw countError("tensor", made.size, wanted, sizeOf(wanted));
  return tensorOf(
    wanted,
    made.dtype,
    typeof made.storage === "number" && wanted.length > 0 ? filled(made.dtype, 1, made.storage) : made.storage,
  );
}

function fromData(data: TensorData, dtype: DType | undefined): Tensor {
  if (typeof data === "number") return scalarTensor(data, dtype ?? "float64");
  if (typeof data === "boolean") return scalarTensor(data ? 1 : 0, dtype ?? "bool");
  if (isTensor(data)) return copied(data.shape, data.values, dtype ?? data.dtype);
  if (isTypedArray(data)) return copied([data.length], data, dtype ?? dtypeOfArray(data));
  if (!Array.isArray(data)) throw dataError("tensor", "the argument", data);
  return fromNested(data, dtype);
}

const isTypedArray = (data: unknown): data is TypedArray =>
  data instanceof Float64Array || data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint8Array;

function copied(shape: Shape, values: TypedArray, dtype: DType): Tensor {
  const entries = allocate(dtype, values.length);
  if (dtype === "bool") for (let i = 0; i < entries.length; i++) entries[i] = values[i] !== 0 ? 1 : 0;
  else entries.set(values);
  return tensorOf(shape, dtype, entries);
}

/** As many axes as NumPy allows: an array inside itself has no end. */
const deepest = 64;

function fromNested(data: readonly unknown[], dtype: DType | undefined): Tensor {
  const shape: number[] = [];
  for (let level: unknown = data; Array.isArray(level); level = level[0]) {
    if (shape.length === deepest) throw argumentError("tensor", `arrays are nested deeper than ${deepest}`, data, "flatten them");
    shape.push(level.length);
  }
  const flat: (number | boolean)[] = [];
  collectEntries(data, shape, 0, "data", flat);
  const kind = dtype ?? (flat.length > 0 && flat.every((entry) => typeof entry === "boolean") ? "bool" : "float64");
  const entries = allocate(kind, flat.length);
  for (let i = 0; i < flat.length; i++) entries[i] = coerce(Number(flat[i]), kind);
  return tensorOf(Object.freeze(shape), kind, entries);
}

function collectEntries(level: unknown, shape: readonly number[], axis: number, path: string, out: (number | boolean)[]): void {
  if (isTensor(level)) throw argumentError("tensor", `${path} is a tensor itself`, level, "join tensors with stack or concat");
  if (axis === shape.length) {
    if (Array.isArray(level)) throw raggedError(path, undefined, level);
    if (typeof level !== "number" && typeof level !== "boolean") throw dataError("tensor", path, level);
    out.push(level);
    return;
  }
  if (!Array.isArray(level) || level.length !== shape[axis]) {
    if (!Array.isArray(level) && typeof level !== "number" && typeof level !== "boolean") throw dataError("tensor", path, level);
    throw raggedError(path, shape[axis]!, level);
  }
  for (let i = 0; i < level.length; i++) collectEntries(level[i], shape, axis + 1, `${path}[${i}]`, out);
}

function filled(dtype: DType, size: number, value: number): TypedArray {
  const entries = allocate(dtype, size);
  return Object.is(value, 0) ? entries : entries.fill(coerce(value, dtype));
}

/** A tensor of one value everywhere. */
export function full(shape: Shape, value: number, dtype: DType = "float64"): Tensor {
  const wanted = checkShape("full", shape);
  if (typeof value !== "number") throw argumentError("full", "the value is not a number", value, "give a number");
  return tensorOf(wanted, checkDtype("full", dtype), wanted.length === 0 ? coerce(value, dtype) : filled(dtype, sizeOf(wanted), value));
}

/** A tensor of zeros. */
export function zeros(shape: Shape, dtype: DType = "float64"): Tensor {
  return full(checkShape("zeros", shape), 0, checkDtype("zeros", dtype));
}

/** A tensor of ones. */
export function ones(shape: Shape, dtype: DType = "float64"): Tensor {
  return full(checkShape("ones", shape), 1, checkDtype("ones", dtype));
}

/** Zeros in the shape and dtype of another tensor. */
export const zerosLike = (x: Tensor): Tensor => like("zerosLike", x, 0);

/** Ones in the shape and dtype of another tensor. */
export const onesLike = (x: Tensor): Tensor => like("onesLike", x, 1);

/** One value in the shape and dtype of another tensor. */
export const fullLike = (x: Tensor, value: number): Tensor => like("fullLike", x, value);

function like(op: string, x: Tensor, value: number): Tensor {
  if (!isTensor(x)) throw argumentError(op, "not a tensor", x, "give a tensor to take the shape and dtype of");
  return full(x.shape, value, x.dtype);
}

/** The identity matrix of a size, or of rows and columns. */
export function eye(rows: number, columns: number = rows, dtype: DType = "float64"): Tensor {
  const shape = checkShape("eye", [rows, columns]);
  const entries = allocate(checkDtype("eye", dtype), rows * columns);
  for (let i = 0; i < Math.min(rows, columns); i++) entries[i * columns + i] = 1;
  return tensorOf(shape, dtype, entries);
}

/**
 * Numbers from `start` (0 by default) to before `stop`, `step` apart.
 * @example
 * ```ts
 * arange(1, 4); // => tensor([1, 2, 3], float64)
 * ```
 */
export function arange(start: number, stop?: number, step = 1, dtype: DType = "float64"): Tensor {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  for (const x of [from, to, step])
    if (typeof x !== "number" || !Number.isFinite(x))
      throw argumentError("arange", "a bound or step is not a finite number", x, "give finite numbers");
  if (step === 0) throw argumentError("arange", "the step is zero", step, "give a step other than 0");
  const shape = checkShape("arange", [Math.max(0, Math.ceil((to - from) / step))]);
  const entries = allocate(checkDtype("arange", dtype), shape[0]!);
  for (let i = 0; i < entries.length; i++) entries[i] = from + i * step;
  return tensorOf(shape, dtype, entries);
}

/** `count` numbers from `start` to `stop`, both included, equally far apart. */
export function linspace(start: number, stop: number, count = 50, dtype: DType = "float64"): Tensor {
  for (const x of [start, stop])
    if (typeof x !== "number" || !Number.isFinite(x))
      throw argumentError("linspace", "an end is not a finite number", x, "give finite numbers");
  if (!Number.isInteger(count) || count < 0) throw argumentError("linspace", "the count is not a non-negative integer", count, "give one");
  const shape = checkShape("linspace", [count]);
  const entries = allocate(checkDtype("linspace", dtype), count);
  for (let i = 0; i < count; i++) entries[i] = i === count - 1 && count > 1 ? stop : start + ((stop - start) * i) / Math.max(1, count - 1);
  return tensorOf(shape, dtype, entries);
}
