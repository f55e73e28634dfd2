/**
 * The float functions as functions of a WebAssembly module, from vectors to a vector: their own code where there is a form over lanes, lane by
 * lane through JavaScript's functions where there is none. It knows names, signatures and the branch between the two.
 */
import type { ExpressionKind } from "@cotangent/core/engine";
import { writeFunction } from "../assembly/function.ts";
import { emitValues, lanes, type LanesOptions, type Precision } from "../assembly/lanes.ts";
import type { FunctionCode, ImportedFunction, ValueType } from "../assembly/module.ts";
import { erf } from "./error.ts";
import { cosh, exp, exp2, expm1, sinh, tanh } from "./exponential.ts";
import type { VectorForm } from "./form.ts";
import { acos, acosh, asin, asinh, atan, atan2, atanh } from "./inverse.ts";
import { log, log1p, log2, log10 } from "./logarithm.ts";
import { cos, sin, tan } from "./trigonometric.ts";

/** The functions with a form over lanes; the others go lane by lane. */
export const vectorForms: Readonly<Partial<Record<ExpressionKind, VectorForm>>> = {
  exp,
  exp2,
  expm1,
  log,
  log2,
  log10,
  log1p,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
  erf,
  atan2,
};

/** A function from vectors to a vector, with what it calls: functions before those that call them, and imports. Names say what each is. */
export interface VectorFunction {
  readonly name: string;
  readonly functions: readonly FunctionCode[];
  readonly imports: readonly ImportedFunction[];
}

const binary: ReadonlySet<ExpressionKind> = new Set(["pow", "atan2", "remainder", "polygamma", "add", "sub", "mul", "div", "min", "max"]);

/** How many arguments a function takes; polygamma's first is its order. */
export const arity = (kind: ExpressionKind): number => (binary.has(kind) ? 2 : 1);

const shapeOf = (precision: Precision): string => (precision === "f64" ? "f64x2" : "f32x4");

/**
 * A function of the arithmetic by its kind ("exp", "pow", …) on vectors: `name` takes as many v128 as the function has arguments and gives
 * one. Never traps; what a lane gives depends on that lane alone.
 *
 * @example
 * ```ts
 * vectorFunction("exp", "f64", {}).name; // => "exp_f64x2"
 * ```
 */
export function vectorFunction(kind: ExpressionKind, precision: Precision, options: LanesOptions): VectorFunction {
  const name = `${kind}_${shapeOf(precision)}`;
  const form = vectorForms[kind];
  const slow = laneByLane(kind, precision, form === undefined ? name : `${name}_lanes`);
  if (form === undefined) return slow;
  const parameters = Array<ValueType>(arity(kind)).fill("v128");
  const writer = writeFunction(name, parameters, ["v128"]);
  const m = lanes(precision, options);
  const args = parameters.map((_, i) => m.local(i));
  const { value, outside } = form.write(m, ...args);
  if (outside === undefined) {
    emitValues([value], writer);
    return { name, functions: [writer.finish()], imports: [] };
  }
  const [result, mask] = [writer.local("v128"), writer.local("v128")];
  emitValues([value, outside], writer);
  writer.emit("local.set", mask);
  writer.emit("local.set", result);
  writer.emit("local.get", mask);
  writer.emit("v128.any_true");
  writer.when(() => {
    emitValues([m.select(m.local(mask), m.call(slow.name, args), m.local(result))], writer);
    writer.emit("local.set", result);
  });
  writer.emit("local.get", result);
  return { name, functions: [...slow.functions, writer.finish()], imports: slow.imports };
}

/** Each lane through `math.<kind>`, in float64. */
function laneByLane(kind: ExpressionKind, precision: Precision, name: string): VectorFunction {
  const count = arity(kind);
  const shape = shapeOf(precision);
  const imported: ImportedFunction = { module: "math", name: kind, parameters: Array<ValueType>(count).fill("f64"), results: ["f64"] };
  const writer = writeFunction(name, Array<ValueType>(count).fill("v128"), ["v128"]);
  writer.emit("local.get", 0);
  for (let lane = 0; lane < (precision === "f64" ? 2 : 4); lane++) {
    for (let i = 0; i < count; i++) {
      writer.emit("local.get", i);
      writer.emit(`${shape}.extract_lane`, lane);
      if (precision === "f32") writer.emit("f64.promote_f32");
    }
    writer.emit("call", kind);
    if (precision === "f32") writer.emit("f32.demote_f64");
    writer.emit(`${shape}.replace_lane`, lane);
  }
  return { name, functions: [writer.finish()], imports: [imported] };
}
