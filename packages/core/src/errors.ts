/**
 * Every message core can throw, one builder each, in the form `<op>: <what is wrong> — <operands>, <the clash>; <what to do>`.
 * It knows how to print what a caller passed; it knows nothing of why it was wrong.
 */

/** An error in the use of the library; its message is in the house form. */
export class CotangentError extends Error {
  override readonly name: string = "CotangentError";
}

/** A list of integers as `[2, 3]`. */
export function formatShape(shape: readonly unknown[]): string {
  return `[${shape.map((side) => (Array.isArray(side) ? formatShape(side) : String(side))).join(", ")}]`;
}

/** A caller's value in a few words, never `[object Object]`. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 37)}...` : value);
  if (typeof value === "function") return value.name === "" ? "a function" : `the function ${value.name}`;
  if (typeof value === "symbol") return "a symbol";
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) {
    const text = describeList(value);
    return text.length > 60 ? `an array of length ${value.length}` : text;
  }
  const shape = (value as { readonly shape?: unknown }).shape;
  const dtype = (value as { readonly dtype?: unknown }).dtype;
  if (Array.isArray(shape) && typeof dtype === "string") return `${dtype}${formatShape(shape)}`;
  if (ArrayBuffer.isView(value)) {
    const { name } = value.constructor;
    const size = "length" in value ? `of length ${value.length}` : `of ${value.byteLength} bytes`;
    return `${name.startsWith("Int") ? "an" : "a"} ${name} ${size}`;
  }
  if (value instanceof Promise) return "a promise";
  const made = Object.getPrototypeOf(value)?.constructor?.name;
  if (typeof made === "string" && made !== "" && made !== "Object") return `an instance of ${made}`;
  const keys = Object.keys(value);
  return keys.length === 0 ? "an empty object" : `an object with keys ${keys.slice(0, 4).join(", ")}`;
}

function describeList(list: readonly unknown[], depth = 0): string {
  if (depth > 3 || list.length > 12) return `an array of length ${list.length}`;
  return `[${list.map((item) => (Array.isArray(item) ? describeList(item, depth + 1) : describe(item))).join(", ")}]`;
}

/** `1 argument`, `2 arguments`. */
export const counted = (count: number, noun: string, plural: string = `${noun}s`): string => `${count} ${count === 1 ? noun : plural}`;

const error = (message: string): CotangentError => new CotangentError(message);

/** The most entries of a tensor: positions in it are 32-bit integers. */
export const mostEntries: number = 2 ** 31 - 1;

export const shapeError = (op: string, shape: unknown): CotangentError =>
  error(`${op}: not a shape — ${describe(shape)}; give a list of non-negative integers with at most ${mostEntries} entries in all`);

export const axisError = (op: string, axis: unknown, rank: number): CotangentError =>
  error(
    `${op}: no such axis — ${describe(axis)} for rank ${rank}; ${rank === 0 ? "a scalar has no axes" : `give an integer from ${-rank} to ${rank - 1}`}`,
  );

export const duplicateAxisError = (op: string, axis: number): CotangentError =>
  error(`${op}: an axis is named twice — axis ${axis}; name each axis once`);

export const broadcastError = (op: string, x: readonly number[], y: readonly number[], axis: number): CotangentError =>
  error(
    `${op}: cannot broadcast ${formatShape(x)} with ${formatShape(y)} — axis ${axis} has sizes ${x[x.length + axis]} and ${y[y.length + axis]}; make them equal or one of them 1`,
  );

export const operandError = (op: string, position: number, value: unknown): CotangentError =>
  error(
    `${op}: operand ${position} is not a tensor — ${describe(value)}; ${Array.isArray(value) || ArrayBuffer.isView(value) ? "wrap it in tensor(…)" : "give a tensor, a number or a boolean"}`,
  );

export const dtypeError = (op: string, dtype: string, wanted: string): CotangentError =>
  error(`${op}: wrong dtype — ${dtype}, ${wanted} expected; cast it first`);

export const unknownDtypeError = (op: string, dtype: unknown): CotangentError =>
  error(`${op}: unknown dtype — ${describe(dtype)}; give "bool", "int32", "float32" or "float64"`);

export const raggedError = (path: string, expected: number | undefined, got: unknown): CotangentError =>
  error(
    `tensor: ragged array — ${path} ${Array.isArray(got) ? `has length ${got.length}` : `is ${describe(got)}`}, where its siblings ${expected === undefined ? "are no arrays" : `have length ${expected}`}; make all rows equally long`,
  );

export const dataError = (op: string, path: string, value: unknown): CotangentError =>
  error(`${op}: not tensor data — ${path} is ${describe(value)}; give numbers, booleans, nested arrays of them, or a typed array`);

export const countError = (op: string, count: number, shape: readonly number[], size: number): CotangentError =>
  error(
    `${op}: the entries do not fill the shape — ${counted(count, "entry", "entries")}, ${formatShape(shape)} holds ${size}; give a shape with ${counted(count, "entry", "entries")}`,
  );

export const itemError = (shape: readonly number[]): CotangentError =>
  error(`item: not a single entry — ${formatShape(shape)}; index or reduce it to one entry first`);

export const abstractReadError = (what: string, line: string): CotangentError =>
  error(
    `${what}: reading a value while tracing on shapes — at ${line}, where only shapes are known; return it and read it outside, or use where, cond or whileLoop in place of JavaScript control flow`,
  );

export const readError = (transform: string, line: string): CotangentError =>
  error(
    `${transform}: the function reads a value — at ${line}, so its recording is valid at one point only; use where, cond or whileLoop in place of JavaScript control flow`,
  );

export const argumentError = (op: string, what: string, got: unknown, wanted: string): CotangentError =>
  error(`${op}: ${what} — ${describe(got)}; ${wanted}`);

export const clashError = (op: string, what: string, clash: string, remedy: string): CotangentError =>
  error(`${op}: ${what} — ${clash}; ${remedy}`);

/** `value` is neither a tensor nor a plain object or array. */
export const leafError = (transform: string, path: string, value: unknown): CotangentError => {
  const remedy = ArrayBuffer.isView(value)
    ? "wrap it in tensor(…)"
    : typeof value === "object"
      ? "only plain objects and arrays hold tensors, so copy its tensors into one"
      : path.startsWith("argument")
        ? "a differentiated argument holds tensors in plain objects and arrays, so pass tensor(…) or move it to another argument"
        : "give tensors, also in plain objects and arrays";
  return error(`${transform}: ${path} is not a tensor — ${describe(value)}; ${remedy}`);
};

export const cycleError = (op: string, path: string): CotangentError =>
  error(`${op}: ${path} holds itself — a struct that never ends; give plain objects and arrays without cycles`);

export const notScalarError = (transform: string, output: string): CotangentError =>
  error(`${transform}: the output is not a float scalar — ${output}; return a scalar (sum or mean it), or use vjp or jacobian`);

export const closedOverError = (
  transform: string,
  part: string,
  tensors: readonly { readonly name: string | undefined; readonly x: { readonly shape: readonly number[]; readonly dtype: string } }[],
): CotangentError =>
  error(
    `${transform}: ${part} closes over a tensor that an enclosing transform watches — ${tensors.map(({ name, x }) => `${name === undefined ? "" : `${name}:`}${x.dtype}${formatShape(x.shape)}`).join(", ")}; pass it as an argument`,
  );

export const missingStepsError = (): CotangentError =>
  error(
    "whileLoop: reverse mode needs a bound on the steps — the number of steps is not known before it runs; give { maxSteps }, or use scan or forLoop, or forward mode (jvp)",
  );

export const stepsError = (maxSteps: number): CotangentError =>
  error(`whileLoop: the condition still holds after maxSteps — ${maxSteps} steps; raise maxSteps, or look at the condition`);

export const missingRuleError = (op: string, rule: string): CotangentError =>
  error(`${op}: it has no ${rule} — the op was defined without one; give it one`);

interface Shaped {
  readonly shape: readonly number[];
}

export const nonFiniteError = (
  source: { readonly op: string; readonly inputs: readonly Shaped[]; readonly line: string; readonly part: string },
  x: Shaped,
  at: number,
  entry: number,
): CotangentError => {
  const { op, inputs, line, part } = source;
  const derivative = part === "forward pass" ? "" : "the derivative of ";
  const application = `${op} of ${inputs.map((input) => formatShape(input.shape)).join(", ")}`;
  return error(
    `debug: the first non-finite value is in the ${part} — ${derivative}${application} gives ${entry} at ${formatShape(unravel(at, x.shape))} of ${formatShape(x.shape)}; look at ${line}`,
  );
};

export const argumentNonFiniteError = (path: string, x: Shaped, at: number, entry: number): CotangentError =>
  error(
    `debug: an argument is not finite — ${path} has ${entry} at ${formatShape(unravel(at, x.shape))} of ${formatShape(x.shape)}; look at the caller`,
  );

/** The place of a flat index in a shape. */
export function unravel(at: number, shape: readonly number[]): number[] {
  const index = new Array<number>(shape.length);
  let rest = at;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return index;
}

export const reshapeError = (from: readonly number[], to: readonly unknown[]): CotangentError =>
  error(`reshape: no side for -1 fits — ${formatShape(from)} to ${formatShape(to)}; the known sides must divide the number of entries`);

export const concatError = (x: readonly number[], y: readonly number[], axis: number): CotangentError =>
  error(
    `concat: shapes differ off the joined axis — ${formatShape(x)} and ${formatShape(y)} along axis ${axis}; make the other sides equal`,
  );

export const structError = (op: string, x: string, y: string): CotangentError =>
  error(`${op}: the structs differ in form — ${x} against ${y}; give structs with the same keys and lengths`);

export const dtypeLeafError = (transform: string, path: string, leaf: unknown): CotangentError =>
  error(
    `${transform}: ${path} is not differentiable — ${describe(leaf)}; ${path.startsWith("the output") ? "return float64 or float32, or hand it on as aux" : "give float64 or float32, or move it to another argument"}`,
  );

export const indexError = (op: string, index: number, axis: number, shape: readonly number[]): CotangentError =>
  error(
    `${op}: index out of range — ${index} for axis ${axis} of ${formatShape(shape)}; ${shape[axis] === 0 ? "the axis is empty" : `give integers from ${-shape[axis]!} to ${shape[axis]! - 1}`}`,
  );

export const maskError = (op: string, mask: readonly number[]): CotangentError =>
  error(
    `${op}: a mask is read for its values — bool${formatShape(mask)} while tracing on shapes, so the size of the result is unknown; use where, or integer indices`,
  );

export const memoryError = (dtype: string, size: number): CotangentError =>
  error(
    `tensor: too large — ${size} entries of ${dtype}, more than ${size > mostEntries ? `the ${mostEntries} that a tensor may have` : "memory has room for"}; work on smaller tensors, or in parts`,
  );

export const operatorError = (x: unknown): CotangentError =>
  error(
    `tensor: JavaScript's operators do not compute with tensors — ${describe(x)}; write x.add(y), x.less(y) and so on, or x.item() for a number`,
  );
