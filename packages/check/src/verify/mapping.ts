/** A function from tensors to tensors and what is claimed of its Jacobian, in flat lists of leaves. It knows structs and forms; it judges nothing. */
import { add, concat, label, mul, reshape, type Shape, take, type Tensor, tensor } from "@cotangent/core";
import { entriesOf, flatten, flattenTensors, isFloat, sizeOf, unflatten } from "@cotangent/core/engine";
import { checkArgumentError } from "../errors.ts";
import { Misbehaviour } from "./behaviour.ts";
import { fit, type Inputs, type Leaf, type Point, tensorsAt } from "./problem.ts";

/** One tensor of what a function returns. */
export interface OutputLeaf {
  /** `output.mean`, for messages. */
  readonly path: string;
  readonly shape: Shape;
  readonly size: number;
  readonly dtype: "float32" | "float64";
}

export interface Outputs {
  readonly leaves: readonly OutputLeaf[];
  readonly size: number;
  /** A struct of the outputs' form. */
  readonly build: (leaves: readonly unknown[]) => unknown;
}

/** A function and the claimed Jacobian; `wide` says that everything of float32 is to be float64. */
export interface Mapping {
  readonly inputs: Inputs;
  readonly outputs: Outputs;
  readonly value: (xs: readonly Tensor[], wide: boolean) => readonly Tensor[];
  /** The Jacobian in the form of `blocksOf`. */
  readonly claimed: (xs: readonly Tensor[], wide: boolean) => unknown;
  /** Whether only numbers come out, which no graph connects with the inputs. */
  readonly opaque: boolean;
  /** What the derivative of an output by an input is called. */
  readonly called: (output: OutputLeaf, input: Leaf) => string;
}

/** The tensors in what a function returned; a number is a scalar. */
export const outputTensors = (output: unknown): readonly Tensor[] =>
  typeof output === "number" ? [tensor(output)] : flattenTensors(output).leaves;

/** The form of what a function returned. Throws where it is no struct of float tensors. */
export function outputsOf(check: string, output: unknown): Outputs {
  const { leaves, definition } = flatten(typeof output === "number" ? tensor(output) : output, check, "output");
  leaves.forEach((x, i) => {
    if (!isFloat(x.dtype))
      throw checkArgumentError(check, `${definition.leaves[i]!.path} is not differentiable`, x, "return tensors of float64 or float32");
  });
  if (leaves.length === 0)
    throw checkArgumentError(check, "the function returns no tensor", output, "return tensors of float64 or float32");
  return {
    leaves: leaves.map(({ shape, size, dtype }, i) => ({
      path: definition.leaves[i]!.path,
      shape,
      size,
      dtype: dtype as OutputLeaf["dtype"],
    })),
    size: leaves.reduce((total, { size }) => total + size, 0),
    build: (own) => unflatten(definition, own),
  };
}

/** Throws unless outputs have the form that they had at the given point. */
export function sameOutputs({ leaves }: Outputs, found: readonly Tensor[]): readonly Tensor[] {
  if (found.length !== leaves.length || found.some((x, i) => x.shape.join() !== leaves[i]!.shape.join()))
    throw new Misbehaviour("the function returns tensors of other shapes at another point");
  return found;
}

/** The blocks of a Jacobian as leaves, outputs first, and the form they are claimed in: for each output a struct of the inputs' form. */
export function blocksOf({ inputs, outputs, called }: Mapping): Pick<Inputs, "leaves" | "size" | "form"> {
  const leaves = outputs.leaves.flatMap((output) =>
    inputs.leaves.map((input): Leaf => ({ ...input, path: called(output, input), shape: [...output.shape, ...input.shape] })),
  );
  return { leaves, size: outputs.size * inputs.size, form: outputs.build(outputs.leaves.map(() => inputs.form)) };
}

/** The point once for every entry of every output. */
export const copiesOf = ({ outputs }: Mapping, point: Point): Point =>
  outputs.leaves.flatMap(({ size }) =>
    point.map((row) => Float64Array.from({ length: size * row.length }, (_, i) => row[i % row.length]!)),
  );

/** The inputs' form with other leaves. */
export const packed = ({ form }: Pick<Inputs, "form">, leaves: readonly unknown[]): unknown => unflatten(flatten(form).definition, leaves);

/** A claimed Jacobian as matrices, one a block, or undefined where its form is another. */
export function matricesOf(
  mapping: Mapping,
  claim: unknown,
): { readonly blocks: readonly Tensor[]; readonly allTensors: boolean } | undefined {
  const { inputs, outputs } = mapping;
  const found = fit(claim, { ...inputs, ...blocksOf(mapping) }, false);
  if (!("tensors" in found)) return undefined;
  const count = inputs.leaves.length;
  const blocks = found.tensors.map((x, i) =>
    reshape(x, [outputs.leaves[Math.floor(i / count)]!.size, sizeOf(inputs.leaves[i % count]!.shape)]),
  );
  return { blocks, allTensors: found.allTensors };
}

/** Tensors as they are, or as numbers where the claim gave numbers: so its rounding is measured and not computed. */
export const asGiven = (tensors: readonly Tensor[], allTensors: boolean): readonly unknown[] => (allTensors ? tensors : entriesIn(tensors));

export const entriesIn = (xs: readonly Tensor[]): Float64Array[] => xs.map((x) => Float64Array.from(entriesOf(x)));

/** The entries of some tensors in one row. */
export const flat = (xs: readonly Tensor[]): Tensor => (xs.length === 1 ? reshape(xs[0]!, [-1]) : concat(xs.map((x) => reshape(x, [-1]))));

/** The function along a line through a point: one input s, and the claimed slopes of the outputs. */
export function alongLine(mapping: Mapping, point: Point, direction: Point, claimed: Mapping["claimed"]): Mapping {
  const { inputs, outputs } = mapping;
  const onLine = ([s]: readonly Tensor[], wide: boolean): Tensor[] => {
    const [from, along] = [tensorsAt(inputs.leaves, point, wide), tensorsAt(inputs.leaves, direction, wide)];
    return from.map((x, k) => label(add(x, mul(along[k]!, s!)), inputs.leaves[k]!.path));
  };
  const dtype = inputs.leaves.every((leaf) => leaf.dtype === "float32") ? "float32" : "float64";
  const base = [Float64Array.of(0)];
  return {
    ...mapping,
    inputs: {
      leaves: [{ path: "s", shape: [], dtype, range: {} }],
      size: 1,
      base,
      form: tensor(0),
      narrow: (own) => [...own],
      wide: (own) => [...own],
      named: inputs.named,
    },
    outputs,
    value: (own, wide) => mapping.value(onLine(own, wide), wide),
    claimed: (own, wide) => claimed(onLine(own, wide), wide),
    called: ({ path }) => path,
  };
}

/** Some entries of the outputs alone, by their places in the flat row. */
export function chosen(mapping: Mapping, rows: readonly number[]): Mapping {
  const at = tensor(Int32Array.from(rows));
  const pick = (xs: readonly Tensor[]): Tensor => take(flat(xs), at, { axis: 0 });
  return {
    ...mapping,
    outputs: {
      leaves: [{ path: "output", shape: [rows.length], size: rows.length, dtype: "float64" }],
      size: rows.length,
      build: ([x]) => x,
    },
    value: (own, wide) => [pick(mapping.value(own, wide))],
    claimed: (own, wide) => {
      const found = matricesOf(mapping, mapping.claimed(own, wide));
      if (found === undefined) return undefined;
      const count = mapping.inputs.leaves.length;
      const columns = mapping.inputs.leaves.map((leaf, k) => {
        const whole = concat(mapping.outputs.leaves.map((_, o) => found.blocks[o * count + k]!));
        return reshape(take(whole, at, { axis: 0 }), [rows.length, ...leaf.shape]);
      });
      return packed(mapping.inputs, asGiven(columns, found.allTensors));
    },
  };
}
