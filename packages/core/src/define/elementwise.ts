/**
 * Builders for elementwise ops: a row is an expression over the scalar arithmetic and its partials written in ops. Values, broadcasting,
 * both derivative modes and batching follow. It knows no row by name.
 */
import { type Domain, reals } from "../domain.ts";
import { allocate, coerce, type DType, dtypes, isFloat, promote, toFloatDType, type TypedArray } from "../dtype.ts";
import { type Expression, type ExpressionArithmetic, expressionArithmetic, type ScalarType } from "../expression.ts";
import { dtypeError } from "../errors.ts";
import { compileKernel, compileScalar, type Kernel } from "../loop/javascript.ts";
import { buildProgram, type Program } from "../loop/program.ts";
import { infix, type Notation } from "../notation.ts";
import {
  type Aval,
  callable,
  checkFinite,
  type Callable,
  type Convention,
  type Draw,
  finishOne,
  type Law,
  type Lowered,
  type Op,
  operand,
  operands,
} from "../op.ts";
import { currentCause, mergeWatches, type Node, type Watch, watchOf } from "../recording.ts";
import { broadcastShapes, sameShape, type Shape, sizeOf } from "../shape.ts";
import { type Storage, Tensor, type TensorLike } from "../tensor.ts";

/**
 * The dtype an op gives: `float` makes floats of its operands, `numeric` keeps the promoted dtype (bool becomes int32), `same` keeps
 * even bool, `integer` takes int32 only, `bool` answers a question about promoted operands.
 */
export type DTypeRule = "float" | "numeric" | "same" | "integer" | "bool";

/** What a partial derivative may be: a tensor, or a number where it is constant. */
export type Partial1 = (x: Tensor, out: Tensor) => Tensor | number;
export type Partial2 = (x: Tensor, y: Tensor, out: Tensor) => Tensor | number;
/** How a tangent or cotangent passes through: an elementwise linear map is its own transpose. */
export type Pass = (t: Tensor, ...inputs: Tensor[]) => Tensor;

interface Common {
  readonly name: string;
  readonly notation: Notation;
  readonly dtype?: DTypeRule;
  readonly laws?: readonly Law[];
  readonly conventions?: readonly Convention[];
  readonly approximates?: string;
  readonly sample?: (draw: Draw) => readonly unknown[];
}

export interface UnarySpec extends Common {
  readonly value: (s: ExpressionArithmetic, x: Expression) => Expression;
  /** Absent where the derivative is zero almost everywhere. */
  readonly derivative?: Partial1;
  readonly pass?: Pass;
  readonly domain: Domain;
}

export interface BinarySpec extends Common {
  readonly value: (s: ExpressionArithmetic, x: Expression, y: Expression) => Expression;
  readonly partials?: readonly [Partial2 | null, Partial2 | null];
  readonly passes?: readonly [Pass | null, Pass | null];
  readonly domains: readonly [Domain, Domain];
}

export interface ElementwiseSpec<P> extends Common {
  readonly arity: number;
  readonly value: (s: ExpressionArithmetic, inputs: readonly Expression[], params: P) => Expression;
  /** One for each input: a partial, a pass, or null where nothing flows. */
  readonly rules: readonly Rule<P>[];
  readonly infer?: (inputs: readonly Aval[], params: P) => DType;
  /** Distinguishes params that change the value. */
  readonly key?: (params: P) => string;
  readonly show?: (params: P) => string;
}

export type Rule<P> =
  | { readonly partial: (inputs: readonly Tensor[], out: Tensor, params: P) => Tensor | number }
  | { readonly pass: (t: Tensor, inputs: readonly Tensor[], params: P) => Tensor }
  | null;

/** An elementwise op with its compiled forms. */
export interface ElementwiseOp<P = undefined> extends Op<P> {
  readonly kind: "elementwise";
  readonly arity: number;
  readonly value: ElementwiseSpec<P>["value"];
  readonly rules: readonly Rule<P>[];
  /** Applies it to tensors. */
  readonly apply: (inputs: readonly Tensor[], params: P) => Tensor;
}

export type Unary = Callable<(x: TensorLike) => Tensor>;
export type Binary = Callable<(x: TensorLike, y: TensorLike) => Tensor>;

export const typeOf = (dtype: DType): ScalarType => (isFloat(dtype) ? "float" : dtype === "int32" ? "int" : "bool");

function outputDtype(name: string, rule: DTypeRule, inputs: readonly Aval[]): DType {
  let dtype = inputs[0]!.dtype;
  for (let i = 1; i < inputs.length; i++) dtype = promote(dtype, inputs[i]!.dtype);
  switch (rule) {
    case "float":
      return toFloatDType(dtype);
    case "numeric":
      return dtype === "bool" ? "int32" : dtype;
    case "same":
      return dtype;
    case "integer":
      if (isFloat(dtype)) throw dtypeError(name, dtype, "int32");
      return "int32";
    case "bool":
      return "bool";
  }
}

/** Params such as a slope may take any value: the compiled forms of so many are kept, then the oldest goes. */
const mostForms = 64;

/** Any elementwise op; `unary` and `binary` are its common forms. */
export function elementwise<P>(spec: ElementwiseSpec<P>): ElementwiseOp<P> {
  const rule = spec.dtype ?? "float";
  const infer = spec.infer ?? ((inputs: readonly Aval[]) => outputDtype(spec.name, rule, inputs));
  const forms = new Map<string, Forms>();
  const plain = spec.key === undefined ? makeForms((s, x) => spec.value(s, x, undefined as P)) : undefined;

  function formsOf(params: P): Forms {
    if (plain !== undefined) return plain;
    const key = spec.key!(params);
    let found = forms.get(key);
    if (found === undefined) {
      if (forms.size === mostForms) forms.delete(forms.keys().next().value!);
      forms.set(key, (found = makeForms((s, x) => spec.value(s, x, params))));
    }
    return found;
  }

  const shapeOf = (inputs: readonly Aval[]): Shape => {
    let shape = inputs[0]!.shape;
    for (let i = 1; i < inputs.length; i++) shape = broadcastShapes(spec.name, shape, inputs[i]!.shape);
    return shape;
  };

  function applyTo(inputs: readonly Tensor[], params: P): Tensor {
    const dtype = infer(inputs, params);
    const shape = shapeOf(inputs);
    const storage = inputs.some((x) => x.storage === null) ? null : runForms(formsOf(params), inputs, shape, dtype);
    return finishOne(op as Op, inputs, params, shape, dtype, storage, watchOf(inputs));
  }

  const op: ElementwiseOp<P> = {
    name: spec.name,
    kind: "elementwise",
    notation: spec.notation,
    broadcasts: true,
    arity: spec.arity,
    value: spec.value,
    rules: spec.rules,
    apply: applyTo,
    infer: (inputs, params) => [{ shape: shapeOf(inputs), dtype: infer(inputs, params) }],
    evaluate: (inputs, params, outputs) => [runForms(formsOf(params), inputs, outputs[0]!.shape, outputs[0]!.dtype)],
    lower: (inputs, params) => lowerForms(formsOf(params), inputs, { shape: shapeOf(inputs), dtype: infer(inputs, params) }),
    pullback(node, cotangents, wanted) {
      const g = cotangents[0]!;
      return node.inputs.map((_, i) => (wanted[i] && g !== null ? passThrough(spec.rules[i]!, g, node) : null));
    },
    pushforward(node, tangents) {
      let sum: Tensor | null = null;
      for (let i = 0; i < tangents.length; i++) {
        const t = tangents[i]!;
        const term = t === null ? null : passThrough(spec.rules[i]!, t, node);
        if (term !== null) sum = sum === null ? term : add(sum, term);
      }
      return [sum];
    },
    lift: (inputs, _batched, params) => [applyTo(inputs, params)],
    ...(spec.show === undefined ? {} : { show: spec.show }),
  };
  return op;
}

function passThrough<P>(rule: Rule<P>, t: Tensor, node: Node): Tensor | null {
  if (rule === null) return null;
  if ("pass" in rule) return rule.pass(t, node.inputs, node.params as P);
  const partial = rule.partial(node.inputs, node.outputs[0]!, node.params as P);
  if (typeof partial !== "number") {
    if (node.source !== undefined) checkFinite(currentCause() ?? node.source, partial);
    return chainMul(t, partial);
  }
  return partial === 1 ? t : partial === 0 ? null : chainMul(t, partial);
}

/** An elementwise op of one argument. */
export function unary(spec: UnarySpec): Unary {
  const { derivative, pass } = spec;
  const rule: Rule<undefined> =
    pass !== undefined
      ? { pass: (t, inputs) => pass(t, inputs[0]!) }
      : derivative === undefined
        ? null
        : { partial: (inputs, out) => derivative(inputs[0]!, out) };
  const op = elementwise<undefined>({ ...spec, arity: 1, value: (s, x) => spec.value(s, x[0]!), rules: [rule] });
  const scalar = lazy(() => scalarForm((s, x) => spec.value(s, x[0]!), ["float"]));
  const fast = spec.dtype === undefined || spec.dtype === "float" || spec.dtype === "numeric" || spec.dtype === "same";
  function call(x: TensorLike): Tensor {
    if (fast && x instanceof Tensor && typeof x.storage === "number" && x.dtype === "float64") {
      const origin = x.origin;
      return finishOne(
        op as Op,
        [x],
        undefined,
        x.shape,
        "float64",
        scalar()(x.storage, 0),
        origin !== null && origin.watch.open ? origin.watch : null,
      );
    }
    return op.apply([operand(spec.name, 0, x)], undefined);
  }
  return callable(call, {
    ...rowOf(spec),
    op: op as Op,
    domain: [spec.domain],
    sample: spec.sample ?? ((draw) => [draw.tensor(draw.shape(0, 3), spec.domain)]),
  });
}

/** An elementwise op of two arguments. */
export function binary(spec: BinarySpec): Binary {
  const rules = [0, 1].map((i): Rule<undefined> => {
    const pass = spec.passes?.[i];
    if (pass !== undefined && pass !== null) return { pass: (t, inputs) => pass(t, ...inputs) };
    const partial = spec.partials?.[i];
    return partial === undefined || partial === null ? null : { partial: (inputs, out) => partial(inputs[0]!, inputs[1]!, out) };
  });
  const op = elementwise<undefined>({ ...spec, arity: 2, value: (s, x) => spec.value(s, x[0]!, x[1]!), rules });
  const scalar = lazy(() => scalarForm((s, x) => spec.value(s, x[0]!, x[1]!), ["float", "float"]));
  const outDtype: DType | null = spec.dtype === "integer" ? null : spec.dtype === "bool" ? "bool" : "float64";
  function call(x: TensorLike, y: TensorLike): Tensor {
    if (outDtype !== null && x instanceof Tensor && typeof x.storage === "number" && x.dtype === "float64") {
      if (typeof y === "number") y = new Tensor(x.shape, "float64", y, null, 0);
      if (y instanceof Tensor && typeof y.storage === "number" && y.dtype === "float64") {
        return finishOne(op as Op, [x, y], undefined, x.shape, outDtype, scalar()(x.storage, y.storage), watchOfTwo(x, y));
      }
    }
    return op.apply(operands(spec.name, [x, y]), undefined);
  }
  return callable(call, { ...rowOf(spec), op: op as Op, domain: spec.domains, sample: spec.sample ?? broadcastSample(spec.domains) });
}

function rowOf(spec: Common) {
  return {
    name: spec.name,
    ...(spec.laws === undefined ? {} : { laws: spec.laws }),
    ...(spec.conventions === undefined ? {} : { conventions: spec.conventions }),
    ...(spec.approximates === undefined ? {} : { approximates: spec.approximates }),
  };
}

/** Operands of shapes that broadcast: some axes of each are 1 or missing. */
export function broadcastSample(domains: readonly Domain[]): (draw: Draw) => readonly unknown[] {
  return (draw) => {
    const shape = draw.shape(0, 3);
    return domains.map((domain) => {
      const own = shape.slice(draw.integer(0, shape.length)).map((side) => (draw.integer(0, 3) === 0 ? 1 : side));
      return draw.tensor(draw.integer(0, 1) === 0 ? shape : own, domain);
    });
  };
}

function watchOfTwo(x: Tensor, y: Tensor): Watch | null {
  const a = x.origin !== null && x.origin.watch.open ? x.origin.watch : null;
  const b = y.origin !== null && y.origin.watch.open ? y.origin.watch : null;
  return a === null ? b : b === null ? a : mergeWatches(a, b);
}

function lazy<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made === undefined ? (made = make()) : made);
}

type Value = (s: ExpressionArithmetic, inputs: readonly Expression[]) => Expression;

/** The compiled forms of one row: scalar functions by input types, kernels by layout. */
interface Forms {
  readonly value: Value;
  readonly scalars: Map<string, (...x: number[]) => number>;
  readonly flat: Map<number, Kernel>;
  readonly strided: Map<string, Kernel>;
  readonly programs: Map<string, Program>;
}

const makeForms = (value: Value): Forms => ({ value, scalars: new Map(), flat: new Map(), strided: new Map(), programs: new Map() });

function scalarForm(value: Value, types: readonly ScalarType[]): (...x: number[]) => number {
  const s = expressionArithmetic();
  const variables = types.map((type, i) => s.variable(`x${i}`, type));
  return compileScalar(variables, value(s, variables));
}

function runForms(forms: Forms, inputs: readonly Tensor[], shape: Shape, dtype: DType): Storage {
  if (inputs.every((x) => typeof x.storage === "number")) {
    const types = inputs.map((x) => typeOf(x.dtype));
    const key = types.join();
    let scalar = forms.scalars.get(key);
    if (scalar === undefined) forms.scalars.set(key, (scalar = scalarForm(forms.value, types)));
    return coerce(scalar(...inputs.map((x) => x.storage as number)), dtype);
  }
  const size = sizeOf(shape);
  const out = allocate(dtype, size);
  if (size === 0) return out;
  if (inputs.every((x) => typeof x.storage === "number" || x.storage!.length === 1 || sameShape(x.shape, shape)))
    runFlat(forms, inputs, out, dtype);
  else runStrided(forms, inputs, shape, out, dtype);
  return out;
}

/** Every operand is a scalar or lies exactly as the output does. */
function runFlat(forms: Forms, inputs: readonly Tensor[], out: TypedArray, dtype: DType): void {
  const flat: TypedArray[] = [];
  const scalars: number[] = [];
  let key = dtypes.indexOf(dtype);
  for (const x of inputs) {
    const storage = x.storage as number | TypedArray;
    const single = typeof storage === "number" ? storage : storage.length === 1 && out.length !== 1 ? storage[0]! : undefined;
    if (single === undefined) flat.push(storage as TypedArray);
    else scalars.push(single);
    key = key * 8 + dtypes.indexOf(x.dtype) * 2 + (single === undefined ? 0 : 1);
  }
  let kernel = forms.flat.get(key);
  if (kernel === undefined) {
    const single = inputs.map((x) => typeof x.storage === "number" || (x.storage!.length === 1 && out.length !== 1));
    forms.flat.set(
      key,
      (kernel = compileKernel(
        flatProgram(
          forms.value,
          inputs.map((x) => typeOf(x.dtype)),
          single,
          typeOf(dtype),
        ),
      )),
    );
  }
  kernel(...flat, out, ...scalars, out.length);
}

function flatProgram(value: Value, types: readonly ScalarType[], single: readonly boolean[], outType: ScalarType): Program {
  return buildProgram("elementwise", (b) => {
    const sources = types.map((type, i) => (single[i] ? b.scalar(`x${i}`, type) : b.input(`x${i}`, type)));
    const out = b.output("out", outType);
    b.for(0, b.integer("n"), (i) => {
      const loads = sources.map((source) => ("role" in source ? b.load(source, i) : source));
      b.store(out, i, value(b.arithmetic, loads));
    });
  });
}

/** Strides of each operand over the axes of the output, adjacent axes merged where every operand allows it. */
function collapse(inputs: readonly Aval[], shape: Shape): { readonly sizes: number[]; readonly strides: number[][] } {
  const strides = inputs.map((x) => broadcastStrides(x.shape, shape));
  const sizes: number[] = [];
  const kept: number[][] = inputs.map(() => []);
  for (let axis = 0; axis < shape.length; axis++) {
    const side = shape[axis]!;
    if (side === 1) continue;
    const last = sizes.length - 1;
    if (last >= 0 && strides.every((own, k) => kept[k]![last] === own[axis]! * side)) {
      sizes[last] = sizes[last]! * side;
      for (let k = 0; k < kept.length; k++) kept[k]![last] = strides[k]![axis]!;
    } else {
      sizes.push(side);
      for (let k = 0; k < kept.length; k++) kept[k]!.push(strides[k]![axis]!);
    }
  }
  return { sizes, strides: kept };
}

function broadcastStrides(from: Shape, shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(0);
  const added = shape.length - from.length;
  let stride = 1;
  for (let axis = from.length - 1; axis >= 0; axis--) {
    if (from[axis] !== 1) strides[axis + added] = stride;
    stride *= from[axis]!;
  }
  return strides;
}

/** A loop nest; an innermost stride of 0 or 1 is part of the program, the others are parameters. */
function stridedProgram(value: Value, types: readonly ScalarType[], outType: ScalarType, rank: number, inner: readonly number[]): Program {
  return buildProgram("elementwise", (b) => {
    const sources = types.map((type, i) => b.input(`x${i}`, type));
    const out = b.output("out", outType);
    const sizes = Array.from({ length: rank }, (_, axis) => b.integer(`n${axis}`));
    const strides = sources.map((_, k) =>
      sizes.map((__, axis) => (axis === rank - 1 && inner[k]! < 2 ? inner[k]! : b.integer(`s${k}_${axis}`))),
    );
    const nest = (axis: number, at: readonly Expression[], outAt: Expression): void => {
      if (axis === rank) {
        b.store(
          out,
          outAt,
          value(
            b.arithmetic,
            sources.map((source, k) => b.load(source, at[k]!)),
          ),
        );
        return;
      }
      b.for(0, sizes[axis]!, (i) => {
        const next = at.map((offset, k) => b.plus(offset, b.times(i, strides[k]![axis]!)));
        const outNext = b.plus(b.times(outAt, axis === 0 ? 0 : sizes[axis]!), i);
        if (axis === rank - 1) nest(axis + 1, next, outNext);
        else nest(axis + 1, next.map(b.let), b.let(outNext));
      });
    };
    const zero = b.arithmetic.integer(0);
    nest(
      0,
      sources.map(() => zero),
      zero,
    );
  });
}

interface Strided {
  readonly program: Program;
  readonly integers: readonly number[];
}

function strided(forms: Forms, inputs: readonly Aval[], out: Aval): Strided & { readonly key: string } {
  const { sizes, strides } = collapse(inputs, out.shape);
  if (sizes.length === 0) {
    sizes.push(sizeOf(out.shape));
    for (const own of strides) own.push(0);
  }
  const rank = sizes.length;
  const inner = strides.map((own) => Math.min(own[rank - 1]!, 2));
  const key = `${inputs.map((x) => x.dtype)}:${out.dtype}:${rank}:${inner}`;
  let program = forms.programs.get(key);
  if (program === undefined) {
    program = stridedProgram(
      forms.value,
      inputs.map((x) => typeOf(x.dtype)),
      typeOf(out.dtype),
      rank,
      inner,
    );
    forms.programs.set(key, program);
  }
  const integers = [...sizes, ...strides.flatMap((own, k) => own.slice(0, inner[k]! < 2 ? rank - 1 : rank))];
  return { program, integers, key };
}

function lowerForms(forms: Forms, inputs: readonly Aval[], out: Aval): Lowered {
  const { program, integers } = strided(forms, inputs, out);
  return { program, scalars: [], integers };
}

function runStrided(forms: Forms, inputs: readonly Tensor[], shape: Shape, out: TypedArray, dtype: DType): void {
  const { program, integers, key } = strided(forms, inputs, { shape, dtype });
  let kernel = forms.strided.get(key);
  if (kernel === undefined) forms.strided.set(key, (kernel = compileKernel(program)));
  kernel(...inputs.map((x) => (typeof x.storage === "number" ? Float64Array.of(x.storage) : x.storage!)), out, ...integers);
}

/**
 * The sum of two tensors or numbers, with broadcasting; integers wrap.
 * @example
 * ```ts
 * add(tensor([1, 2, 3]), 10); // => tensor([11, 12, 13], float64)
 * ```
 */
export const add: Binary = /* @__PURE__ */ binary({
  name: "add",
  value: (s, x, y) => s.add(x, y),
  dtype: "numeric",
  partials: [() => 1, () => 1],
  notation: /* @__PURE__ */ infix("+", "+", "sum", true, "sum"),
  domains: [reals, reals],
  laws: [
    { name: "x + y = y + x", left: (x, y) => add(x, y), right: (x, y) => add(y, x) },
    { name: "(x + y) + x = (x + x) + y", left: (x, y) => add(add(x, y), x), right: (x, y) => add(add(x, x), y) },
  ],
});

/**
 * The product of a tangent or cotangent with a partial derivative: zero wherever the first factor is exactly zero, whatever the second is.
 * This is what keeps a branch not taken from leaking NaN into a gradient.
 * @example
 * ```ts
 * chainMul(tensor([0, 2]), tensor([Infinity, 3])); // => tensor([0, 6], float64)
 * ```
 */
export const chainMul: Binary = /* @__PURE__ */ binary({
  name: "chainMul",
  value: (s, t, partial) => s.select(s.equal(t, s.constant(0)), s.constant(0), s.mul(t, partial)),
  dtype: "numeric",
  partials: [(_t, partial) => partial, (t) => t],
  notation: /* @__PURE__ */ infix("*", "\\,", "product", true, "product"),
  domains: [reals, reals],
  conventions: [{ at: "a zero first factor", arguments: [0, Infinity], value: 0 }],
});
