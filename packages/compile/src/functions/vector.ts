/**
 * The float functions as functions of a WebAssembly module, from vectors to a vector: their own code where there is a form over lanes, lane by
 * lane through JavaScript's functions where there is none. It knows names, signatures and the branch between the two.
 *
 * A call costs f64 3 to 6 ns an entry, f32 1.4 to 3, against 6 to 40 in JavaScript; in place with constants kept it is two thirds of that (V8, 2026).
 */
import type { ExpressionKind } from "@cotangent/core/engine";
import { type FunctionWriter, writeFunction } from "../assembly/function.ts";
import { emitValues, type Lanes, lanes, type LanesOptions, type Precision, type Value } from "../assembly/lanes.ts";
import type { FunctionCode, ImportedFunction, ValueType } from "../assembly/module.ts";
import { erf, erfc, erfcx } from "./error.ts";
import { cosh, exp, exp2, expm1, sinh, tanh } from "./exponential.ts";
import { lanesOf, nameOf, shapeOf, throughDoubles, type VectorForm, type VectorValue } from "./form.ts";
import { acos, acosh, asin, asinh, atan, atan2, atanh } from "./inverse.ts";
import { log, log1p, log2, log10 } from "./logarithm.ts";
import { cbrt, pow } from "./power.ts";
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
  cbrt,
  erf,
  erfc,
  erfcx,
  atan2,
  pow,
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
  const name = nameOf(kind, precision);
  const form = vectorForms[kind];
  if (form === undefined) return laneByLane(kind, precision, name);
  const called = (form.calls?.[precision] ?? []).map((one) => vectorFunction(...one, options));
  const parameters = Array<ValueType>(arity(kind)).fill("v128");
  const writer = writeFunction(name, parameters, ["v128"]);
  const m = lanes(precision, options);
  const args = parameters.map((_, i) => m.local(i));
  const { value, outside } = form.write(m, ...args);
  if (outside === undefined) emitValues([value], writer);
  else {
    const slow = precision === "f32" ? ofDoubles(kind, options) : laneByLane(kind, precision, `${name}_lanes`);
    called.push(slow);
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
  }
  return {
    name,
    functions: [...called.flatMap((one) => one.functions), writer.finish()],
    imports: called.flatMap((one) => one.imports),
  };
}

/**
 * The function written in place, faster than a call since a loop keeps its constants. Where a lane of `outside` is set, what counts is the call of
 * `vectorFunction`'s name; where there is no `outside`, `value` counts everywhere. It may call functions that `vectorFunction` gives.
 */
export function inPlace(m: Lanes, kind: ExpressionKind, args: readonly Value[]): VectorValue {
  return vectorForms[kind]?.write(m, ...args) ?? { value: m.call(nameOf(kind, m.precision), args) };
}

/** Puts the constants under `roots` into locals, ahead of a loop: in it V8 would build each again, in three instructions. */
export function keepConstants(roots: readonly Value[], writer: FunctionWriter, known: Map<Value, number>): void {
  const seen = new Set<Value>();
  const rest = [...roots];
  while (rest.length > 0) {
    const x = rest.pop()!;
    if (seen.has(x)) continue;
    seen.add(x);
    rest.push(...x.args);
    if (x.instruction[0] !== "v128.const" || known.has(x)) continue;
    const kept = writer.local("v128");
    writer.emit(...x.instruction);
    writer.emit("local.set", kept);
    known.set(x, kept);
  }
}

/** A function of one number, from the first lane of a vector of float64 to a lane of another, and what it calls. */
export interface SingleFunction {
  readonly name: string;
  readonly lane: 0 | 1;
  readonly functions: readonly FunctionCode[];
  readonly imports: readonly ImportedFunction[];
}

/** The function of one number, good to a precision, where a form for one is known: what the next step waits for comes sooner than through vectors. */
export function singleFunction(kind: ExpressionKind, precision: Precision, options: LanesOptions): SingleFunction | undefined {
  const form = vectorForms[kind]?.single;
  if (form === undefined) return undefined;
  const name = `${form.name}_${precision}`;
  const writer = writeFunction(name, ["v128"], ["v128"]);
  form.write(lanes("f64", options), writer, precision);
  return { name, lane: form.lane, functions: [writer.finish()], imports: form.imports.map(scalarImport) };
}

/** `math.<kind>`, of float64. */
const scalarImport = (kind: ExpressionKind): ImportedFunction => ({
  module: "math",
  name: kind,
  parameters: Array<ValueType>(arity(kind)).fill("f64"),
  results: ["f64"],
});

/** Calls of such a function on the first lane of x, the result in all lanes. */
export function callSingle(m: Lanes, { name, lane }: Pick<SingleFunction, "name" | "lane">, x: Value): Value {
  if (m.precision === "f64") {
    const both = m.call(name, [x]);
    return lanesOf(m, both, lane, both, lane);
  }
  const both = m.call(name, [m.apply(["f64x2.promote_low_f32x4"], [x])]);
  const narrow = m.apply(["f32x4.demote_f64x2_zero"], [both]);
  return m.apply(["i8x16.shuffle", Uint8Array.from({ length: 16 }, (_, i) => 4 * lane + (i % 4))], [narrow, narrow]);
}

/** Four float32 through the function of two float64, which serves more. */
function ofDoubles(kind: ExpressionKind, options: LanesOptions): VectorFunction {
  const { functions, imports } = vectorFunction(kind, "f64", options);
  const parameters = Array<ValueType>(arity(kind)).fill("v128");
  const writer = writeFunction(`${nameOf(kind, "f32")}_doubles`, parameters, ["v128"]);
  const m = lanes("f32", options);
  const value = throughDoubles(
    m,
    kind,
    parameters.map((_, i) => m.local(i)),
  );
  emitValues([value], writer);
  return { name: writer.name, functions: [...functions, writer.finish()], imports };
}

/** Each lane through `math.<kind>`, in float64. */
function laneByLane(kind: ExpressionKind, precision: Precision, name: string): VectorFunction {
  const count = arity(kind);
  const shape = shapeOf(precision);
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
  return { name, functions: [writer.finish()], imports: [scalarImport(kind)] };
}
