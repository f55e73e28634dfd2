/** Checks of the arguments that samplers share: keys, shapes, dtypes and parameters. Knows the house form of errors; knows no distribution. */
import { type FloatDType, isFloat, promote, toFloatDType } from "../dtype.ts";
import { argumentError, clashError, formatShape } from "../errors.ts";
import { operands } from "../op.ts";
import { cast } from "../ops/cast.ts";
import { broadcastShapes, checkShape, sameShape, type Shape } from "../shape.ts";
import { isTensor, type Tensor, type TensorLike } from "../tensor.ts";

/** A key: two int32 words, made by `key`, `split` or `foldIn`. */
export type Key = Tensor;

/** The float dtype of a sample. */
export interface DTypeOption {
  /** float64 by default, or the dtype of the float tensors among the parameters. */
  readonly dtype?: FloatDType;
}

/** The shape and the float dtype of a sample. */
export interface SampleOptions extends DTypeOption {
  /** The shape of the sample, to which the parameters broadcast; by default the parameters' own. */
  readonly shape?: Shape;
}

export function checkKey(op: string, key: unknown): Tensor {
  if (!isTensor(key) || key.dtype !== "int32" || key.rank !== 1 || key.shape[0] !== 2) {
    throw argumentError(op, "not a key", key, "give an int32 tensor of shape [2], made by key(seed), split or foldIn");
  }
  return key;
}

function checkFloatDType(op: string, dtype: unknown): FloatDType {
  if (dtype !== "float64" && dtype !== "float32") throw argumentError(op, "not a float dtype", dtype, 'give "float64" or "float32"');
  return dtype;
}

/** The shape of a sample: the given one, to which the parameters broadcast, or theirs. */
export function sampleShape(op: string, parameters: readonly { readonly shape: Shape }[], shape: unknown): Shape {
  let common: Shape = [];
  for (const parameter of parameters) common = broadcastShapes(op, common, parameter.shape);
  if (shape === undefined) return common;
  const wanted = checkShape(op, shape);
  if (common.length > wanted.length || !sameShape(broadcastShapes(op, common, wanted), wanted)) {
    const clash = `parameters of shape ${formatShape(common)}, a sample of shape ${formatShape(wanted)}`;
    throw clashError(op, "the parameters do not fit the shape", clash, "give a shape that they broadcast to");
  }
  return wanted;
}

/** What a sampler draws, and its parameters as floats of its dtype, in shapes that broadcast to its own. */
export interface Settled {
  readonly sample: { readonly shape: Shape; readonly dtype: FloatDType };
  readonly parameters: readonly Tensor[];
}

export function settle(op: string, values: Readonly<Record<string, TensorLike>>, shape: unknown, dtype: unknown): Settled {
  const given = namedOperands(op, values);
  const floats = Object.values(values).filter((value): value is Tensor => isTensor(value) && isFloat(value.dtype));
  const natural = floats.length === 0 ? "float64" : toFloatDType(floats.map((x) => x.dtype).reduce(promote));
  const own = dtype === undefined ? natural : checkFloatDType(op, dtype);
  return { sample: { shape: sampleShape(op, given, shape), dtype: own }, parameters: given.map((x) => cast(x, own)) };
}

/** Parameters as tensors; the error for what is none has its name. */
export function namedOperands(op: string, values: Readonly<Record<string, TensorLike>>): readonly Tensor[] {
  for (const [name, value] of Object.entries<unknown>(values)) {
    if (!isTensor(value) && typeof value !== "number" && typeof value !== "boolean") {
      throw argumentError(op, `${name} is not a tensor`, value, "give a tensor or a number");
    }
  }
  return operands(op, Object.values(values));
}
