// Ops of an outsider: each builder makes one, the laws of the op table hold it to its own spec, and incomplete specs are refused.
import { checkOp } from "@cotangent/check";
import {
  type Applied,
  buildProgram,
  defineOp,
  domains,
  grad,
  hessian,
  notation,
  record,
  tensor,
  type Tensor,
  vmap,
  zeros,
} from "@cotangent/core";
import type { TableFunction } from "@cotangent/core/engine";
import { latex } from "@cotangent/print";
import { describe, expect, test } from "vitest";

const softsign = defineOp.unary({
  name: "softsign",
  value: (s, x) => s.div(x, s.add(s.constant(1), s.abs(x))),
  derivative: (x) => x.abs().add(1).square().reciprocal(),
  domain: domains.realsExcept(0),
  notation: notation.named("softsign"),
  laws: [{ name: "odd", left: (x) => softsign(x!.neg()), right: (x) => softsign(x!).neg() }],
});

const hypotenuse = defineOp.binary({
  name: "hypotenuse",
  value: (s, x, y) => s.sqrt(s.add(s.mul(x, x), s.mul(y, y))),
  partials: [(x, _y, out) => x.div(out), (_x, y, out) => y.div(out)],
  domains: [domains.positive, domains.positive],
});

/** x² below the threshold and linear above. */
const huber = defineOp.elementwise<{ readonly threshold: number }>({
  name: "huber",
  arity: 1,
  value: (s, [x], { threshold }) => {
    const [size, d] = [s.abs(x!), s.constant(threshold)];
    return s.select(s.less(size, d), s.mul(s.constant(0.5), s.mul(size, size)), s.mul(d, s.sub(size, s.mul(s.constant(0.5), d))));
  },
  rules: [{ partial: ([x], _out, { threshold }) => x!.clip(-threshold, threshold) }],
  key: ({ threshold }) => String(threshold),
  show: ({ threshold }) => `threshold=${threshold}`,
  domain: [domains.realsExcept(-1, 1)],
  sample: (draw) => [[draw.tensor(draw.shape(0, 2), domains.realsExcept(-1, 1))], { threshold: 1 }],
});

const logSum = defineOp.reduction({
  name: "logSum",
  combine: (s, x, y) => {
    const most = s.max(x, y);
    const small = s.sub(s.min(x, y), most);
    return s.select(s.equal(most, s.constant(Number.NEGATIVE_INFINITY)), most, s.add(most, s.log1p(s.exp(small))));
  },
  identity: { float: Number.NEGATIVE_INFINITY, int: 0, bool: 0 },
  pullback: (g, x, out, { axes }) => {
    const shape = x.shape.map((side, axis) => (axes.includes(axis) ? 1 : side));
    return x.sub(out.reshape(shape)).exp().mul(g.reshape(shape));
  },
  pushforward: (t, x, out, { axes, keepDims }) => {
    const shape = x.shape.map((side, axis) => (axes.includes(axis) ? 1 : side));
    return x.sub(out.reshape(shape)).exp().mul(t).sum({ axes, keepDims });
  },
});

/** The products of neighbours of a vector, as a loop. */
const neighbours: Applied<undefined, readonly Tensor[]> = defineOp.program({
  name: "neighbours",
  infer: ([x]) => [{ shape: [...x!.shape.slice(0, -1), x!.shape.at(-1)! - 1], dtype: x!.dtype }],
  lower: ([x]) => ({
    program: neighbourProgram,
    scalars: [],
    integers: [x!.shape.slice(0, -1).reduce((a, b) => a * b, 1), x!.shape.at(-1)!],
  }),
  pullback: ([g], [x]) => [
    shifted(x!, 1)
      .mul(g!)
      .pad([...padding(x!), [0, 1]])
      .add(
        shifted(x!, 0)
          .mul(g!)
          .pad([...padding(x!), [1, 0]]),
      ),
  ],
  pushforward: ([t], [x]) => [
    shifted(x!, 1)
      .mul(shifted(t!, 0))
      .add(shifted(x!, 0).mul(shifted(t!, 1))),
  ],
  lift: (inputs) => neighbours(inputs),
  sample: (draw) => [[draw.tensor([...draw.shape(0, 2), draw.integer(2, 4)])]],
});
const padding = (x: Tensor): [number, number][] => x.shape.slice(1).map(() => [0, 0]);
const shifted = (x: Tensor, by: number): Tensor => x.slice("...", [by, x.shape.at(-1)! - 1 + by]);
const neighbourProgram = buildProgram("neighbours", (b) => {
  const [x, out] = [b.input("x", "float"), b.output("out", "float")];
  const [rows, n] = [b.integer("rows"), b.integer("n")];
  b.for(0, rows, (i) =>
    b.for(0, b.plus(n, -1), (j) => {
      const at = b.plus(b.times(i, n), j);
      b.store(out, b.plus(b.times(i, b.plus(n, -1)), j), b.arithmetic.mul(b.load(x, at), b.load(x, b.plus(at, 1))));
    }),
  );
});

const rootMeanSquare = defineOp.composite({
  name: "rootMeanSquare",
  expand: ([x]) => x!.square().mean().sqrt(),
  sample: (draw) => [[draw.tensor(draw.shape(1, 2, 2, 4), domains.positive)]],
});

const ops: readonly (readonly [string, TableFunction])[] = [softsign, hypotenuse, huber, logSum, neighbours, rootMeanSquare].map(
  (op) => [op.row.name, op as unknown as TableFunction] as const,
);

describe("an outsider's op", () => {
  test.each(ops)("%s obeys every law of the op table", (_name, op) => {
    expect(checkOp(op, { seed: 7, runs: 12 }).failures).toEqual([]);
  });

  test("values and derivatives", () => {
    expect(softsign(tensor([1, -3])).toArray()).toEqual([0.5, -0.75]);
    expect(grad((x: Tensor) => grad((y: Tensor) => softsign(y))(x))(tensor(1)).item()).toBeCloseTo(-0.25, 14);
    expect(hypotenuse(3, tensor([4, 0])).toArray()).toEqual([5, 3]);
    expect(huber([tensor([0.5, 3])], { threshold: 1 }).toArray()).toEqual([0.125, 2.5]);
    expect(huber([tensor(3)], { threshold: 2 }).item()).toBe(4);
    expect(logSum(tensor([0, Math.log(3)])).item()).toBeCloseTo(Math.log(4), 14);
    expect(neighbours([tensor([2, 3, 5])])[0]!.toArray()).toEqual([6, 15]);
    expect(hessian((x: Tensor) => neighbours([x])[0]!.sum())(tensor([2, 3, 5])).toArray()).toEqual([
      [0, 1, 0],
      [1, 0, 1],
      [0, 1, 0],
    ]);
    expect(rootMeanSquare([tensor([3, 4, 0, 0])]).item()).toBe(2.5);
    expect(
      vmap((x: Tensor) => rootMeanSquare([x]))(
        tensor([
          [3, 4],
          [0, 2],
        ]),
      ).toArray(),
    ).toEqual([Math.sqrt(12.5), Math.SQRT2]);
  });

  test("prints like the library's own", () => {
    const graph = record((x: Tensor) => softsign(huber([x], { threshold: 1 })), tensor(1));
    expect(String(graph)).toBe("inputs a:float64[]\nb:float64[] = huber[threshold=1] a\nc:float64[] = softsign b\noutputs c");
    expect(latex(graph)).toContain("softsign");
  });

  test("a wrong derivative is caught by the laws", () => {
    const wrong = defineOp.unary({ name: "wrong", value: (s, x) => s.exp(x), derivative: (_x, out) => out.mul(1.001) });
    const failed = new Set(checkOp(wrong as unknown as TableFunction, { seed: 7, runs: 6 }).failures.map(({ law }) => law));
    expect([...failed]).toContain("tangent");
  });
});

test("incomplete specs are refused with what is missing", () => {
  const value = (s: { readonly exp: (x: never) => unknown }, x: unknown): unknown => s.exp(x as never);
  const specs: Readonly<Record<string, () => unknown>> = {
    "no spec": () => defineOp.unary(undefined as never),
    "no name": () => defineOp.unary({ value } as never),
    "a name that is no word": () => defineOp.unary({ name: "soft sign", value, derivative: null } as never),
    "no value": () => defineOp.unary({ name: "mine", derivative: null } as never),
    "a value in plain JavaScript": () => defineOp.unary({ name: "mine", value: (() => 3) as never, derivative: null }),
    "no derivative": () => defineOp.unary({ name: "mine", value } as never),
    "a typo": () => defineOp.unary({ name: "mine", value, derivitive: null } as never),
    "no partials": () => defineOp.binary({ name: "mine", value } as never),
    "one partial": () => defineOp.binary({ name: "mine", value, partials: [null] } as never),
    "too few rules": () => defineOp.elementwise({ name: "mine", arity: 2, value: value as never, rules: [null] }),
    "params without a key": () =>
      defineOp.elementwise<number>({ name: "mine", arity: 1, value: (s, [x], p) => s.mul(x!, s.constant(p)), rules: [null] }),
    "params without a sample": () =>
      defineOp.elementwise<number>({ name: "mine", arity: 1, value: (s, [x], p) => s.mul(x!, s.constant(p)), rules: [null], key: String }),
    "a reduction without derivatives": () =>
      defineOp.reduction({ name: "mine", combine: (s, x, y) => s.add(x, y), identity: { float: 0, int: 0, bool: 0 } }),
    "a program without a sample": () => defineOp.program({ name: "mine", infer: () => [], lower: () => ({}), lift: () => [] } as never),
    "a composite without an expansion": () => defineOp.composite({ name: "mine", sample: () => [] } as never),
    "too few inputs": () => huber([], { threshold: 1 }),
    "an input that is no list": () => rootMeanSquare(zeros([2]) as never),
  };
  const message = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      return String(error).replace("CotangentError: ", "");
    }
    return "nothing was thrown";
  };
  expect(Object.fromEntries(Object.entries(specs).map(([name, run]) => [name, message(run)]))).toMatchInlineSnapshot(`
    {
      "a composite without an expansion": "defineOp.composite mine: expand is not a function — undefined; every op needs one",
      "a name that is no word": "defineOp.unary: the name is not one word of letters and digits — "soft sign"; give a name such as "softsign"",
      "a program without a sample": "defineOp.program mine: sample is not a function — undefined; every op needs one",
      "a reduction without derivatives": "defineOp.reduction mine: the spec is incomplete — no pullback and pushforward; state both in ops, or null where the derivative is zero",
      "a typo": "defineOp.unary: unknown option — "derivitive"; the options are name, notation, sample, laws, conventions, approximates, surrogate, value, dtype, derivative, pass, domain",
      "a value in plain JavaScript": "defineOp.unary mine: value does not give an expression — 3; compute with the arithmetic s (s.mul, s.exp, s.constant, …), not with + and Math",
      "an input that is no list": "rootMeanSquare: the inputs are not a list — float64[2]; give a list of tensors",
      "no derivative": "defineOp.unary mine: the spec is incomplete — no derivative; state it in ops, or null where it is zero almost everywhere",
      "no name": "defineOp.unary: the name is not one word of letters and digits — undefined; give a name such as "softsign"",
      "no partials": "defineOp.binary mine: the spec is incomplete — no partials; state one for each argument in ops, null where it is zero almost everywhere",
      "no spec": "defineOp.unary: the options are not an object — undefined; give an object with name, notation, sample, laws, conventions, approximates, surrogate, value, dtype, derivative, pass, domain",
      "no value": "defineOp.unary mine: value is not a function — undefined; every op needs one",
      "one partial": "defineOp.binary mine: partials is not a pair — [null]; give one for each argument",
      "params without a key": "defineOp.elementwise mine: the spec is incomplete — no key; value depends on params, so state key: a string that tells them apart",
      "params without a sample": "defineOp.elementwise mine: the spec is incomplete — no sample; laws cannot draw params, so state sample: (draw) => [inputs, params]",
      "too few inputs": "huber: the inputs are not a list of 1 — []; give a list of tensors",
      "too few rules": "defineOp.elementwise mine: rules are not a list of 2 — [null]; give one for each input: { partial }, { pass }, or null where nothing flows",
    }
  `);
});
