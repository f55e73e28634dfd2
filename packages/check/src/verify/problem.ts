/**
 * A loss, its arguments and a claim put into one form: points as flat arrays, one a differentiated leaf, and functions of points. It knows
 * structs, dtypes and domains; it judges nothing.
 */
import { cast, type Shape, Tensor, tensor } from "@cotangent/core";
import {
  describe,
  type Domain,
  entriesOf,
  flatten,
  flattenTensors,
  formatShape,
  isFloat,
  sameShape,
  sizeOf,
  unflatten,
  unravel,
} from "@cotangent/core/engine";
import { uniformFrom } from "../draw.ts";
import { checkArgumentError } from "../errors.ts";

export { unravel };

/** The entries of every differentiated leaf, in order. */
export type Point = readonly Float64Array[];

/** Where arguments may lie: a domain of core's, or just its ends. */
export type Range = Partial<Pick<Domain, "low" | "high" | "closed">>;

export interface Leaf {
  /** `argument 0.w`, for messages. */
  readonly path: string;
  readonly shape: Shape;
  readonly dtype: "float32" | "float64";
  readonly range: Range;
}

export interface Inputs {
  readonly leaves: readonly Leaf[];
  readonly size: number;
  readonly base: Point;
  /** The differentiated arguments as they were given: the form a gradient must have. */
  readonly form: unknown;
  /** The argument list with other leaves: in their own dtypes, or everything of float32 widened to float64. */
  readonly narrow: (leaves: readonly Tensor[]) => unknown[];
  readonly wide: (leaves: readonly Tensor[]) => unknown[];
  /** Every tensor among the arguments, widened, by its path. */
  readonly named: readonly { readonly path: string; readonly tensor: Tensor }[];
}

const widened = (x: Tensor): Tensor => (x.dtype === "float32" ? cast(x, "float64") : x);

/** Takes the arguments apart; `called` may give paths better names. Throws where one to be differentiated is not a struct of float tensors. */
export function inputsOf(
  check: string,
  at: readonly unknown[],
  wrt: number | readonly number[],
  domain: Range | readonly Range[] | undefined,
  called: (path: string) => string = (path) => path,
): Inputs {
  if (!Array.isArray(at))
    throw checkArgumentError(check, "at is not a list of arguments", at, "give { at: [x] } with one entry an argument of the loss");
  if (at.length === 0)
    throw checkArgumentError(check, "there are no arguments", at, "give { at: [x] } with one entry an argument of the loss");
  const indices = typeof wrt === "number" ? [wrt] : wrt;
  for (const index of indices) {
    if (!Number.isInteger(index) || index < 0 || index >= at.length)
      throw checkArgumentError(
        check,
        at.length === 1 ? "wrt does not name the one argument" : `wrt names none of the ${at.length} arguments`,
        index,
        "give argument indices from 0",
      );
  }
  const twice = indices.find((index, i) => indices.indexOf(index) !== i);
  if (twice !== undefined)
    throw checkArgumentError(check, `wrt names ${called(`argument ${twice}`)} twice`, wrt, "name every argument once");
  const parts = indices.map((index) => flatten(at[index], check, called(`argument ${index}`)));
  const leaves = parts.flatMap(({ leaves: own, definition }, part) =>
    own.map((x, i): Leaf => {
      const { path } = definition.leaves[i]!;
      if (!isFloat(x.dtype))
        throw checkArgumentError(check, `${path} is not differentiable`, x, "give float64 or float32, or leave it out of wrt");
      return { path, shape: x.shape, dtype: x.dtype as Leaf["dtype"], range: rangeOf(check, domain, part, indices.length) };
    }),
  );
  if (leaves.length === 0) throw checkArgumentError(check, "there is no tensor to differentiate with respect to", at, "give tensors in at");
  const others = at.map((arg) => flattenTensors(arg));
  const wideArguments = others.map(({ leaves: own, definition }) => unflatten(definition, own.map(widened)));
  const fill = (args: readonly unknown[], own: readonly Tensor[]): unknown[] => {
    const filled = [...args];
    let next = 0;
    parts.forEach(({ leaves: mine, definition }, i) => {
      filled[indices[i]!] = unflatten(definition, own.slice(next, (next += mine.length)));
    });
    return filled;
  };
  return {
    leaves,
    size: leaves.reduce((total, leaf) => total + sizeOf(leaf.shape), 0),
    base: parts.flatMap((part) => part.leaves.map((x) => Float64Array.from(entriesOf(x)))),
    form: typeof wrt === "number" ? at[wrt] : indices.map((index) => at[index]),
    named: wideArguments.flatMap((arg, i) => {
      const { leaves: own, definition } = flattenTensors(arg, called(`argument ${i}`));
      return own.map((x, k) => ({ path: definition.leaves[k]!.path, tensor: x }));
    }),
    narrow: (own) => fill(at, own),
    wide: (own) => fill(wideArguments, own),
  };
}

function rangeOf(check: string, domain: Range | readonly Range[] | undefined, part: number, count: number): Range {
  if (domain === undefined) return {};
  const range: unknown = Array.isArray(domain) ? (domain as readonly Range[])[part] : domain;
  if (Array.isArray(domain) && domain.length !== count)
    throw checkArgumentError(
      check,
      `domain does not fit ${count} arguments`,
      domain,
      "give one domain, or a list with one a differentiated argument",
    );
  return checkedRange(check, range);
}

const rangeKeys = ["low", "high", "closed"];

/** A domain of core's has more in it than its ends; anything else has not. */
export function checkedRange(check: string, range: unknown): Range {
  if (typeof range !== "object" || range === null || Array.isArray(range))
    throw checkArgumentError(check, "a domain is not an object", range, "give { low, high }");
  const stray = "except" in range ? undefined : Object.keys(range).find((key) => !rangeKeys.includes(key));
  if (stray !== undefined) throw checkArgumentError(check, "a domain has no such end", stray, "give { low, high, closed }");
  const { low = -Infinity, high = Infinity } = range as Range;
  if (!(low < high)) throw checkArgumentError(check, "low of a domain is not below its high", [low, high], "give two numbers in order");
  return range;
}

/** A leaf's entries as a tensor of its own dtype, or of float64. */
export function tensorsAt(leaves: readonly Leaf[], point: Point, wide: boolean): Tensor[] {
  return leaves.map(({ shape, dtype }, i) => tensor(wide || dtype === "float64" ? point[i]! : Float32Array.from(point[i]!), { shape }));
}

/** The first entry outside its leaf's domain, in words. */
export function outside(leaves: readonly Leaf[], point: Point): string | undefined {
  for (const [k, { range, path, shape }] of leaves.entries()) {
    const { low = -Infinity, high = Infinity, closed = false } = range;
    const at = point[k]!.findIndex(
      (x) => !(closed ? x >= low && x <= high : (x > low || low === -Infinity) && (x < high || high === Infinity)),
    );
    if (at >= 0)
      return `${path}${formatShape(unravel(at, shape))} = ${point[k]![at]} is outside ${closed ? "[" : "("}${low}, ${high}${closed ? "]" : ")"}`;
  }
  return undefined;
}

/** The size of a step that means something to each entry: its own magnitude, or for a zero its neighbours', or the domain's. */
export function scalesOf(leaves: readonly Leaf[], point: Point): Point {
  const all = median(point.flatMap((entries) => (entries.length > 1000 ? Array.from(entries.subarray(0, 1000)) : Array.from(entries))));
  return point.map((entries, k) => {
    const own = median(entries);
    const { low = -Infinity, high = Infinity } = leaves[k]!.range;
    const width = high - low;
    const neutral = own > 0 ? own : Number.isFinite(width) ? width / 4 : all > 0 ? all : 1;
    return entries.map((x) => {
      const size = Math.abs(x) > 1e-300 ? Math.abs(x) : neutral;
      return Number.isFinite(width) ? Math.min(size, width / 4) : size;
    });
  });
}

/** The median magnitude of the entries that are not zero, of about a thousand of them if they are many; 0 if all are. */
function median(entries: ArrayLike<number>): number {
  const stride = Math.max(1, Math.floor(entries.length / 1000));
  const sizes: number[] = [];
  for (let i = 0; i < entries.length; i += stride) {
    const x = Math.abs(entries[i]!);
    if (x > 1e-300 && Number.isFinite(x)) sizes.push(x);
  }
  sizes.sort((a, b) => a - b);
  return sizes.length === 0 ? 0 : sizes[sizes.length >> 1]!;
}

/** Another point of the domain: each entry moved by up to `amount` of its scale. */
export function perturbed(leaves: readonly Leaf[], point: Point, amount: number, uniform: () => number): Point {
  const scales = scalesOf(leaves, point);
  return point.map((entries, k) => {
    const { low = -Infinity, high = Infinity } = leaves[k]!.range;
    const moved = entries.map((x, i) => {
      const step = amount * scales[k]![i]! * (2 * uniform() - 1);
      if (step < 0 && x + step <= low) return x + Math.max(step, 0.5 * (low - x));
      if (step > 0 && x + step >= high) return x + Math.min(step, 0.5 * (high - x));
      return x + step;
    });
    return leaves[k]!.dtype === "float32" ? moved.map(Math.fround) : moved;
  });
}

/** A point where signs and orders are others than at the given one, if the domain has such. */
export const elsewhere = (leaves: readonly Leaf[], point: Point): Point =>
  perturbed(leaves, point, 0.5, uniformFrom(1)).map((near, k) => {
    const { low = -Infinity, high = Infinity } = leaves[k]!.range;
    return low === -Infinity && high === Infinity ? near.map((x) => (x === 0 ? 1 : -x)) : near;
  });

/** A direction: every entry of its scale's size, neither equal nor orthogonal to anything simple. */
export function directionOf(scales: Point, uniform: () => number): Point {
  return scales.map((entries) => entries.map((s) => (uniform() < 0.5 ? -s : s) * (0.5 + uniform())));
}

/** The point moved along a direction; a leaf whose part of the direction is empty stays. */
export const alongDirection = (point: Point, direction: Point, t: number): Point =>
  point.map((entries, k) => {
    const u = direction[k]!;
    if (u.length === 0) return entries;
    const out = new Float64Array(entries.length);
    for (let i = 0; i < out.length; i++) out[i] = entries[i]! + t * u[i]!;
    return out;
  });

/** What a claim returned, leaf by leaf, or where its form is wrong. */
export interface Claimed {
  readonly values: Point;
  readonly tensors: readonly Tensor[];
  /** Whether it gave tensors itself, not numbers that stand for them. */
  readonly allTensors: boolean;
}
export interface Misfit {
  readonly where: string;
  readonly expected: string;
  readonly got: string;
}

/** Fits what a claim returned to the form of the differentiated arguments. Numbers and arrays stand for tensors. */
export function fit(got: unknown, inputs: Inputs, checkDtype: boolean): Claimed | Misfit {
  const found: Tensor[] = [];
  const misfit = match(got, inputs.form, "the claim", found, inputs, checkDtype);
  if (misfit !== undefined) return misfit;
  const given = flattenTensors(got).leaves;
  return { values: found.map((x) => Float64Array.from(entriesOf(x))), tensors: found, allTensors: found.every((x) => given.includes(x)) };
}

function match(got: unknown, form: unknown, path: string, found: Tensor[], inputs: Inputs, checkDtype: boolean): Misfit | undefined {
  if (form === null || form === undefined) return undefined;
  if (form instanceof Tensor) {
    const leaf = inputs.leaves[found.length]!;
    const expected = `${leaf.dtype}${formatShape(leaf.shape)}`;
    const own = asTensor(got, leaf);
    if (own === undefined) return { where: path, expected, got: describe(got) };
    if (!sameShape(own.shape, leaf.shape)) return { where: path, expected: formatShape(leaf.shape), got: formatShape(own.shape) };
    if (checkDtype && own.dtype !== leaf.dtype) return { where: path, expected, got: `${own.dtype}${formatShape(own.shape)}` };
    found.push(own);
    return undefined;
  }
  const list = Array.isArray(form);
  if (typeof got !== "object" || got === null || got instanceof Tensor || ArrayBuffer.isView(got) || list !== Array.isArray(got)) {
    return {
      where: path,
      expected: list ? `a list of ${(form as unknown[]).length}` : `an object with keys ${Object.keys(form as object).join(", ")}`,
      got: describe(got),
    };
  }
  const [wanted, given] = [Object.keys(form as object), Object.keys(got)];
  const missing = wanted.find((key) => (form as Record<string, unknown>)[key] != null && !given.includes(key));
  const stray = given.find((key) => !wanted.includes(key));
  if (missing !== undefined || stray !== undefined) {
    const name = (keys: readonly string[]): string => (list ? `a list of ${keys.length}` : `the keys ${keys.join(", ")}`);
    return { where: path, expected: name(wanted), got: name(given) };
  }
  for (const key of wanted) {
    const below = match(
      (got as Record<string, unknown>)[key],
      (form as Record<string, unknown>)[key],
      list ? `${path}[${key}]` : `${path}.${key}`,
      found,
      inputs,
      checkDtype,
    );
    if (below !== undefined) return below;
  }
  return undefined;
}

/** A tensor, or numbers in the leaf's dtype; flat typed arrays take the leaf's shape when they fill it. */
function asTensor(got: unknown, leaf: Leaf): Tensor | undefined {
  if (got instanceof Tensor) return got;
  if (typeof got === "number") return tensor(got, leaf.dtype);
  if (got instanceof Float64Array || got instanceof Float32Array || got instanceof Int32Array) {
    return tensor(got, got.length === sizeOf(leaf.shape) ? { shape: leaf.shape } : {});
  }
  if (!Array.isArray(got)) return undefined;
  try {
    return tensor(got as number[], leaf.dtype);
  } catch {
    return undefined;
  }
}
