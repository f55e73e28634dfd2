/** The four element types, their promotion and their storage; knows nothing of tensors. */
import { memoryError, mostEntries, unknownDtypeError } from "./errors.ts";

export type DType = "bool" | "int32" | "float32" | "float64";
export type FloatDType = "float32" | "float64";
export type TypedArray = Uint8Array | Int32Array | Float32Array | Float64Array;

/** Narrowest first: promotion takes the later of two. */
export const dtypes: readonly DType[] = ["bool", "int32", "float32", "float64"];

const constructors = { bool: Uint8Array, int32: Int32Array, float32: Float32Array, float64: Float64Array } as const;

export function isFloat(dtype: DType): dtype is FloatDType {
  return dtype === "float64" || dtype === "float32";
}

/** The dtype both operands are converted to: bool < int32 < float32 < float64. */
export function promote(x: DType, y: DType): DType {
  return x === y || dtypes.indexOf(x) > dtypes.indexOf(y) ? x : y;
}

/** The dtype of a float function of `dtype`: floats stay, integers and bools become float64. */
export function toFloatDType(dtype: DType): FloatDType {
  return dtype === "float32" ? "float32" : "float64";
}

/** The dtype a bare number takes beside a partner: a float partner's own; int32 if it fits there; else float64. */
export function dtypeOfNumber(value: number, partner: DType | undefined): DType {
  if (partner === undefined) return "float64";
  if (isFloat(partner)) return partner;
  return Number.isInteger(value) && value === (value | 0) && !Object.is(value, -0) ? "int32" : "float64";
}

/** A typed array of zeros; throws where there are too many, or the host has no room for them. */
export function allocate(dtype: DType, size: number): TypedArray {
  if (size > mostEntries) throw memoryError(dtype, size);
  try {
    return new constructors[dtype](size);
  } catch {
    throw memoryError(dtype, size);
  }
}

/** The entry as `dtype` stores it: rounded, wrapped or made 0 or 1. */
export function coerce(value: number, dtype: DType): number {
  if (dtype === "float64") return value;
  if (dtype === "float32") return Math.fround(value);
  if (dtype === "int32") return value | 0;
  return value !== 0 ? 1 : 0;
}

export function checkDtype(op: string, dtype: unknown): DType {
  if (!dtypes.includes(dtype as DType)) throw unknownDtypeError(op, dtype);
  return dtype as DType;
}

export function dtypeOfArray(array: TypedArray): DType {
  if (array instanceof Float64Array) return "float64";
  if (array instanceof Float32Array) return "float32";
  if (array instanceof Int32Array) return "int32";
  return "bool";
}
