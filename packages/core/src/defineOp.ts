/**
 * `defineOp`: the library's own builders for ops of other people, with defaults where a reader of the table could guess and errors where a
 * spec is incomplete. It adds no kind of op and knows none by name.
 */
import { composite, type CompositeSpec } from "./define/composite.ts";
import {
  type Binary,
  binary,
  type BinarySpec,
  broadcastSample,
  elementwise,
  type ElementwiseSpec,
  type Partial1,
  type Partial2,
  type Pass,
  type Unary,
  unary,
  type UnarySpec,
} from "./define/elementwise.ts";
import { checkChoice, checkInteger, checkOptions } from "./define/options.ts";
import { programOp, type ProgramSpec } from "./define/program.ts";
import { reduction, type ReductionParams, type ReductionSpec } from "./define/reduction.ts";
import { type Domain, reals } from "./domain.ts";
import { type DType, toFloatDType } from "./dtype.ts";
import { argumentError, clashError } from "./errors.ts";
import { type Expression, type ExpressionArithmetic, expressionArithmetic } from "./expression.ts";
import { named, namedOver, type Notation } from "./notation.ts";
import { apply, apply1, callable, type Callable, type Op, operands, type Row } from "./op.ts";
import { reductionFunction, type Reduction } from "./ops/reduction.ts";
import type { Tensor, TensorLike } from "./tensor.ts";

/** What laws and docs read of an op besides how it runs. */
type RowSpec = Partial<Pick<Row, "laws" | "conventions" | "approximates" | "surrogate">>;

/** How it is written; by default as a function of its name. */
interface Written {
  readonly notation?: Notation;
}

export interface DefineUnary extends RowSpec, Written, Pick<UnarySpec, "name" | "value" | "dtype" | "sample"> {
  /** The partial derivative, written in ops; null where it is zero almost everywhere. */
  readonly derivative?: Partial1 | null;
  /** For a linear op instead: how a tangent passes through it. */
  readonly pass?: Pass;
  readonly domain?: Domain;
}

export interface DefineBinary extends RowSpec, Written, Pick<BinarySpec, "name" | "value" | "dtype" | "sample"> {
  /** One for each argument: its partial derivative, or null where it is zero almost everywhere or stated in `passes`. */
  readonly partials?: readonly [Partial2 | null, Partial2 | null];
  readonly passes?: readonly [Pass | null, Pass | null];
  readonly domains?: readonly [Domain, Domain];
}

export interface DefineElementwise<P> extends RowSpec, Written, Omit<ElementwiseSpec<P>, "notation" | keyof RowSpec> {
  readonly domain?: readonly Domain[];
  /** Needed where there are params. */
  readonly sample?: Row["sample"];
}

export interface DefineReduction extends RowSpec, Written, Pick<ReductionSpec, "name" | "combine" | "identity" | "refusesEmpty"> {
  /** `float` (the default) makes floats of its entries, `numeric` keeps their dtype and counts bools as int32. */
  readonly dtype?: "float" | "numeric";
  /** Reverse mode, forward mode, or both; null for both where the derivative is zero almost everywhere. */
  readonly pullback?: ReductionSpec["pullback"] | null;
  readonly pushforward?: ReductionSpec["pushforward"] | null;
  readonly sample?: Row["sample"];
}

export interface DefineProgram<P> extends RowSpec, Written, Omit<ProgramSpec<P>, "notation" | "pullback" | "pushforward"> {
  readonly pullback: ProgramSpec<P>["pullback"] | null;
  readonly pushforward: ProgramSpec<P>["pushforward"] | null;
  readonly domain?: readonly Domain[];
  readonly sample: Row["sample"];
}

export interface DefineComposite<P> extends RowSpec, Written, Omit<CompositeSpec<P>, "notation"> {
  readonly domain?: readonly Domain[];
  readonly sample: Row["sample"];
}

/** An op of a list of tensors and params. */
export type Applied<P, R> = Callable<(inputs: readonly TensorLike[], ...params: P extends undefined ? [] : [params: P]) => R>;

const rowKeys = ["name", "notation", "sample", "laws", "conventions", "approximates", "surrogate"];

/** Throws unless the spec is an object with a name, no stray keys and functions where functions are due. */
function checkSpec(builder: string, spec: object, keys: readonly string[], functions: readonly string[]): string {
  const where = `defineOp.${builder}`;
  checkOptions(where, spec, [...rowKeys, ...keys]);
  const { name } = spec as { readonly name: unknown };
  if (typeof name !== "string" || !/^[A-Za-z][A-Za-z0-9]*$/.test(name)) {
    throw argumentError(where, "the name is not one word of letters and digits", name, 'give a name such as "softsign"');
  }
  for (const key of functions) {
    const value = (spec as Readonly<Record<string, unknown>>)[key];
    if (typeof value !== "function") throw argumentError(`${where} ${name}`, `${key} is not a function`, value, "every op needs one");
  }
  return `${where} ${name}`;
}

/** Throws unless a value function, tried on symbols, gives an expression. */
function checkValue(where: string, arity: number, value: (s: ExpressionArithmetic, inputs: readonly Expression[]) => unknown): void {
  const s = expressionArithmetic();
  const inputs = Array.from({ length: arity }, (_, i) => s.variable(`x${i}`, "float"));
  checkExpression(where, "value", value(s, inputs));
}

function checkExpression(where: string, part: string, made: unknown): void {
  if (typeof made === "object" && made !== null && "kind" in made && "type" in made && "args" in made) return;
  throw argumentError(
    where,
    `${part} does not give an expression`,
    made,
    "compute with the arithmetic s (s.mul, s.exp, s.constant, …), not with + and Math",
  );
}

const missing = (where: string, what: string, remedy: string): Error => clashError(where, "the spec is incomplete", `no ${what}`, remedy);

/** The spec's fields that belong into the row. */
function rowOf({ laws, conventions, approximates, surrogate }: RowSpec): RowSpec {
  return {
    ...(laws === undefined ? {} : { laws }),
    ...(conventions === undefined ? {} : { conventions }),
    ...(approximates === undefined ? {} : { approximates }),
    ...(surrogate === undefined ? {} : { surrogate }),
  };
}

function defineUnary(spec: DefineUnary): Unary {
  const where = checkSpec("unary", spec, ["value", "dtype", "derivative", "pass", "domain"], ["value"]);
  checkValue(where, 1, (s, [x]) => spec.value(s, x!));
  const { derivative, pass, notation = named(spec.name), domain = reals, ...rest } = spec;
  if (pass === undefined && derivative === undefined && spec.dtype !== "bool" && spec.dtype !== "integer") {
    throw missing(where, "derivative", "state it in ops, or null where it is zero almost everywhere");
  }
  return unary({ ...rest, notation, domain, ...(pass === undefined ? {} : { pass }), ...(derivative ? { derivative } : {}) });
}

function defineBinary(spec: DefineBinary): Binary {
  const where = checkSpec("binary", spec, ["value", "dtype", "partials", "passes", "domains"], ["value"]);
  checkValue(where, 2, (s, [x, y]) => spec.value(s, x!, y!));
  const { partials, passes, notation = named(spec.name), domains = [reals, reals] as const, ...rest } = spec;
  if (partials === undefined && passes === undefined && spec.dtype !== "bool" && spec.dtype !== "integer") {
    throw missing(where, "partials", "state one for each argument in ops, null where it is zero almost everywhere");
  }
  for (const [key, list] of Object.entries({ partials, passes })) {
    if (list !== undefined && (!Array.isArray(list) || list.length !== 2))
      throw argumentError(where, `${key} is not a pair`, list, "give one for each argument");
  }
  return binary({
    ...rest,
    notation,
    domains,
    ...(partials === undefined ? {} : { partials }),
    ...(passes === undefined ? {} : { passes }),
  });
}

function defineElementwise<P = undefined>(spec: DefineElementwise<P>): Applied<P, Tensor> {
  const where = checkSpec("elementwise", spec, ["arity", "value", "rules", "infer", "key", "show", "dtype", "domain"], ["value"]);
  checkInteger(where, "arity", spec.arity, 1);
  if (!Array.isArray(spec.rules) || spec.rules.length !== spec.arity) {
    throw argumentError(
      where,
      `rules are not a list of ${spec.arity}`,
      spec.rules,
      "give one for each input: { partial }, { pass }, or null where nothing flows",
    );
  }
  const takesParams = spec.value.length > 2;
  if (takesParams && spec.key === undefined)
    throw missing(where, "key", "value depends on params, so state key: a string that tells them apart");
  if (takesParams && spec.sample === undefined)
    throw missing(where, "sample", "laws cannot draw params, so state sample: (draw) => [inputs, params]");
  if (!takesParams) checkValue(where, spec.arity, (s, x) => spec.value(s, x, undefined as P));
  const {
    notation = named(spec.name),
    domain = Array.from({ length: spec.arity }, () => reals),
    sample,
    laws,
    conventions,
    approximates,
    surrogate,
    ...rest
  } = spec;
  const op = elementwise<P>({ ...rest, notation });
  const draw = broadcastSample(domain);
  return callable((inputs: readonly TensorLike[], params?: P) => op.apply(listed(spec.name, inputs, spec.arity), params as P), {
    name: spec.name,
    op: op as Op,
    domain,
    sample: sample ?? ((source) => [draw(source)]),
    ...rowOf(spec),
  }) as Applied<P, Tensor>;
}

/** The list of inputs as tensors that promote together. */
function listed(name: string, inputs: unknown, arity?: number): Tensor[] {
  if (!Array.isArray(inputs) || (arity !== undefined && inputs.length !== arity)) {
    throw argumentError(name, `the inputs are not a list${arity === undefined ? "" : ` of ${arity}`}`, inputs, "give a list of tensors");
  }
  return operands(name, inputs as readonly TensorLike[]);
}

function defineReduction(spec: DefineReduction): Reduction {
  const where = checkSpec("reduction", spec, ["combine", "identity", "refusesEmpty", "dtype", "pullback", "pushforward"], ["combine"]);
  checkValue(where, 2, (s, [x, y]) => spec.combine(s, x!, y!));
  const { identity } = spec;
  if (typeof identity !== "object" || identity === null)
    throw argumentError(where, "identity is not an object", identity, "give { float, int, bool }");
  const {
    notation = namedOver(spec.name),
    dtype = "float",
    pullback,
    pushforward,
    sample,
    laws,
    conventions,
    approximates,
    surrogate,
    ...rest
  } = spec;
  if (pullback === undefined || pushforward === undefined)
    throw missing(where, "pullback and pushforward", "state both in ops, or null where the derivative is zero");
  const op: Op<ReductionParams> = reduction({
    ...rest,
    notation,
    dtype: dtypeRules[checkChoice(where, "dtype", dtype, ["float", "numeric"])],
    ...(pullback === null ? {} : { pullback }),
    ...(pushforward === null ? {} : { pushforward }),
    lift: (x, { axes, ...params }) => apply1(op, [x], { ...params, axes: axes.map((axis) => axis + 1) }),
  });
  return reductionFunction(op, { ...(sample === undefined ? {} : { sample }), ...rowOf(spec) });
}

const dtypeRules = { float: toFloatDType, numeric: (dtype: DType): DType => (dtype === "bool" ? "int32" : dtype) };

function defineProgram<P = undefined>(spec: DefineProgram<P>): Applied<P, readonly Tensor[]> {
  const where = checkSpec(
    "program",
    spec,
    ["infer", "lower", "evaluate", "pullback", "pushforward", "lift", "show", "domain"],
    ["infer", "lower", "lift", "sample"],
  );
  const { notation = named(spec.name), domain, sample, laws, conventions, approximates, surrogate, pullback, pushforward, ...rest } = spec;
  if (pullback === undefined || pushforward === undefined)
    throw missing(where, "pullback and pushforward", "state both in ops, or null where the derivative is zero");
  const op = programOp<P>({
    ...rest,
    notation,
    ...(pullback === null ? {} : { pullback }),
    ...(pushforward === null ? {} : { pushforward }),
  });
  return callable((inputs: readonly TensorLike[], params?: P) => apply(op, listed(spec.name, inputs), params as P), {
    name: spec.name,
    op: op as Op,
    sample,
    ...(domain === undefined ? {} : { domain }),
    ...rowOf(spec),
  }) as Applied<P, readonly Tensor[]>;
}

function defineComposite<P = undefined>(spec: DefineComposite<P>): Applied<P, Tensor> {
  checkSpec("composite", spec, ["expand", "pullback", "pushforward", "lift", "show", "domain"], ["expand", "sample"]);
  const { notation = named(spec.name), domain, sample, laws, conventions, approximates, surrogate, ...rest } = spec;
  const op = composite<P>({ ...rest, notation });
  return callable((inputs: readonly TensorLike[], params?: P) => apply1(op, listed(spec.name, inputs), params as P), {
    name: spec.name,
    op: op as Op,
    sample,
    ...(domain === undefined ? {} : { domain }),
    ...rowOf(spec),
  }) as Applied<P, Tensor>;
}

/**
 * Makes an op of your own, with the builders the library's ops are made with: both modes, every order, broadcasting, batching, float32,
 * number systems, compiled forms and printing follow from the spec, and the laws of `@cotangent/check` test it from its `row`.
 *
 * - `unary`, `binary`, `elementwise`: `value` is written over the scalar arithmetic `s`, derivatives in ops of tensors.
 * - `reduction`: `combine` merges two partial results; it is associative, with `identity`.
 * - `program`: `lower` gives a loop program made with `buildProgram`, beside explicit rules.
 * - `composite`: `expand` is a function of other ops; rules follow unless better ones are stated.
 *
 * Throws where a spec is incomplete: an op without a derivative says so with null.
 * @example
 * ```ts
 * const softsign = defineOp.unary({
 *   name: "softsign",
 *   value: (s, x) => s.div(x, s.add(s.constant(1), s.abs(x))),
 *   derivative: (x) => x.abs().add(1).square().reciprocal(),
 * });
 * softsign(tensor([1, -3])); // => tensor([ 0.50, -0.75], float64)
 * grad((x: Tensor) => softsign(x))(tensor(1)); // => tensor(0.25, float64)
 * vmap(grad((x: Tensor) => softsign(x)))(tensor([1, 3])); // => tensor([0.2500, 0.0625], float64)
 * ```
 */
export const defineOp: {
  readonly unary: (spec: DefineUnary) => Unary;
  readonly binary: (spec: DefineBinary) => Binary;
  readonly elementwise: <P = undefined>(spec: DefineElementwise<P>) => Applied<P, Tensor>;
  readonly reduction: (spec: DefineReduction) => Reduction;
  readonly program: <P = undefined>(spec: DefineProgram<P>) => Applied<P, readonly Tensor[]>;
  readonly composite: <P = undefined>(spec: DefineComposite<P>) => Applied<P, Tensor>;
} = {
  unary: defineUnary,
  binary: defineBinary,
  elementwise: defineElementwise,
  reduction: defineReduction,
  program: defineProgram,
  composite: defineComposite,
};
