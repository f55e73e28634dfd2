// Thousands of random bad calls of every public function: each works or throws an error in the house form, never a TypeError from inside,
// never a wrong shape in silence, and leaves its inputs as they were.
import { drawFrom } from "@cotangent/check";
import * as core from "@cotangent/core";
import { type Draw, tableOf } from "@cotangent/core/engine";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const seed = (fc.readConfigureGlobal()?.seed ?? Date.now()) | 0;
const calls = Number(process.env.COTANGENT_RUNS ?? 60);

type AnyFunction = (...args: unknown[]) => unknown;

/** Values that some argument somewhere should refuse. */
function junk(draw: Draw): unknown {
  return draw.pick<() => unknown>([
    () => undefined,
    () => null,
    () => Number.NaN,
    () => 1.5,
    () => -7,
    () => 99,
    () => 2 ** 40,
    () => "axis",
    () => true,
    () => ({}),
    () => ({ axes: "0" }),
    () => ({ axes: [0, 0] }),
    () => ({ axes: 5 }),
    () => ({ axis: 9 }),
    () => ({ keepDims: "yes" }),
    () => [],
    () => [1, [2]],
    () => [0, 0],
    () => [-1, -1, 2],
    () => [Number.NaN],
    () => () => 0,
    () => Symbol("s"),
    () => 10n,
    () => new Map(),
    () => new Float64Array(3),
    () => core.tensor(2),
    () => core.zeros([0, 3]),
    () => core.zeros([2, 5, 1]),
    () => core.tensor([1, 2, 3], "int32"),
    () => core.tensor([true, false]),
    () => core.tensor([Number.NaN, Number.POSITIVE_INFINITY]),
  ])();
}

/** The house form: `<op>: <what is wrong> — <operands>, <the clash>; <what to do>`. */
const houseForm = /^[A-Za-z][\w.]*: .+ — .+; .+$/s;

function tensorsIn(value: unknown, found: core.Tensor[] = [], depth = 0): core.Tensor[] {
  if (value instanceof core.Tensor) found.push(value);
  else if (Array.isArray(value) && depth < 6) for (const item of value) tensorsIn(item, found, depth + 1);
  else if (typeof value === "object" && value !== null && depth < 6 && Object.getPrototypeOf(value) === Object.prototype)
    for (const item of Object.values(value)) tensorsIn(item, found, depth + 1);
  return found;
}

const snapshot = (args: readonly unknown[]): string =>
  tensorsIn(args)
    .map((x) => `${x.dtype}${x.shape}:${x.values.join()}`)
    .join("|");

function describeCall(name: string, args: readonly unknown[]): string {
  return `${name}(${args.map((arg) => (typeof arg === "symbol" || typeof arg === "bigint" ? String(arg) : arg instanceof core.Tensor ? `${arg.dtype}[${arg.shape}]` : typeof arg === "function" ? "function" : JSON.stringify(arg, (_, x) => (typeof x === "bigint" ? String(x) : x)))).join(", ")})`;
}

/** What is wrong with how a call ended, or undefined. */
function wrongWith(name: string, f: AnyFunction, args: readonly unknown[]): string | undefined {
  const before = snapshot(args);
  try {
    for (const out of tensorsIn(f(...args))) {
      const size = out.shape.reduce((product, side) => product * side, 1);
      if (out.values.length !== size || out.shape.some((side) => !Number.isInteger(side) || side < 0))
        return `${describeCall(name, args)} gave ${out.values.length} entries for [${out.shape}]`;
    }
  } catch (thrown) {
    if (!(thrown instanceof core.CotangentError))
      return `${describeCall(name, args)} threw ${thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)}\n${thrown instanceof Error ? thrown.stack?.split("\n").slice(1, 4).join("\n") : ""}`;
    if (!houseForm.test(thrown.message)) return `${describeCall(name, args)} threw a message out of form: ${thrown.message}`;
    if (/\[object /.test(thrown.message)) return `${describeCall(name, args)} threw a message that prints badly: ${thrown.message}`;
  }
  return snapshot(args) === before ? undefined : `${describeCall(name, args)} changed its inputs`;
}

function spoilt(args: readonly unknown[], draw: Draw): unknown[] {
  const out = [...args];
  const way = draw.integer(0, 9);
  if (way === 0) return out.slice(0, draw.integer(0, out.length));
  if (way === 1) return [...out, junk(draw)];
  const at = draw.integer(0, Math.max(0, out.length - 1));
  const old = out[at];
  if (way < 4 && Array.isArray(old) && old.length > 0) out[at] = old.with(draw.integer(0, old.length - 1), junk(draw));
  else if (way < 6 && typeof old === "object" && old !== null && Object.getPrototypeOf(old) === Object.prototype) {
    const keys = Object.keys(old);
    out[at] = keys.length === 0 ? junk(draw) : { ...old, [draw.pick(keys)]: junk(draw) };
  } else out[at] = junk(draw);
  return out;
}

const table = tableOf(core);

describe(`bad calls of the op table, seed ${seed}`, () => {
  it.each(table)("%s", (name, op) => {
    const wrong = new Set<string>();
    for (let i = 0; i < calls; i++) {
      const draw = drawFrom(seed + i);
      const found = wrongWith(name, op as unknown as AnyFunction, spoilt(op.row.sample(draw), draw));
      if (found !== undefined) wrong.add(found);
    }
    if (wrong.size > 0) expect.fail([...wrong].slice(0, 4).join("\n"));
  });
});

/** The other public functions, with a good call of each. */
const x = core.tensor([1, 2, 3]);
/** Ends every loop that counts by it, whatever it carries. */
let steps = 0;
const square = (t: core.Tensor): core.Tensor => core.sum(core.mul(t, t));
const others: Readonly<Record<string, readonly unknown[]>> = {
  tensor: [[1, 2]],
  zeros: [[2, 3]],
  ones: [[2]],
  full: [[2], 3],
  eye: [3],
  arange: [0, 5, 1],
  linspace: [0, 1, 5],
  zerosLike: [x],
  onesLike: [x],
  fullLike: [x, 2],
  allClose: [x, x, { rtol: 0.1 }],
  flatten: [{ a: x, b: [x] }],
  map: [core.neg, { a: x, b: [x] }],
  record: [square, x],
  backward: [core.record(square, x)],
  label: [x, "x"],
  customVjp: [square, (t: core.Tensor) => [square(t), t], (t: core.Tensor, g: core.Tensor) => [core.mul(t, g)]],
  customJvp: [square, ([t]: [core.Tensor], [d]: [core.Tensor]) => [square(t), core.sum(core.mul(t, d))]],
  cond: [core.tensor(true), core.sin, core.cos, x],
  scan: [(carry: core.Tensor, one: core.Tensor) => [core.add(carry, one), carry], core.tensor(0), x],
  forLoop: [0, 3, (_: core.Tensor, carry: core.Tensor) => core.mul(carry, 2), x],
  whileLoop: [() => core.tensor(steps++ % 10 !== 9), (carry: core.Tensor) => core.mul(carry, 2), x],
};

describe(`bad calls of creation, structs, loops and transforms, seed ${seed}`, () => {
  it.each(Object.entries(others))("%s", (name, args) => {
    const f = (core as unknown as Record<string, AnyFunction>)[name]!;
    for (let i = 0; i < calls; i++) {
      const draw = drawFrom(seed + i);
      const found = wrongWith(name, f, spoilt(args, draw));
      if (found !== undefined) expect.fail(found);
    }
  });
  it.each(["grad", "valueAndGrad", "vmap", "vjp", "jvp", "jacobian", "hessian", "hvp", "linearize", "checkpoint", "debug"])(
    "%s",
    (name) => {
      const transform = (core as unknown as Record<string, AnyFunction>)[name]!;
      for (let i = 0; i < calls; i++) {
        const draw = drawFrom(seed + i);
        const outside = wrongWith(name, transform, spoilt([square, {}], draw));
        if (outside !== undefined) expect.fail(outside);
        const inside = wrongWith(name, (...args) => (transform(square) as AnyFunction)(...args), spoilt([x, x], draw));
        if (inside !== undefined) expect.fail(inside);
      }
    },
  );
});
