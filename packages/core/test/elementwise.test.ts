// Elementwise ops at hard points: values and derivatives against numbers from elsewhere (elementwise.json says how they were made), extremes,
// conventions, integers, dtypes, messages. What holds on ordinary points is the laws' business.
import * as core from "@cotangent/core";
import { cast, type DType, grad, type Tensor, type TensorLike, tensor, vmap } from "@cotangent/core";
import { type Callable, doubleDouble, dual, evaluate, pushforward, recordFunction } from "@cotangent/core/engine";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import references from "./elementwise.json" with { type: "json" };

type Function1 = (x: Tensor) => Tensor;
type Function2 = (x: Tensor, y: Tensor) => Tensor;
const unaryOf = (name: string): Function1 => (core as unknown as Readonly<Record<string, Function1>>)[name]!;
const binaryOf = (name: string): Function2 => (core as unknown as Readonly<Record<string, Function2>>)[name]!;

const reverse = (f: Function1): Function1 => grad((x: Tensor) => f(x));

function forward(f: Function1): Function1 {
  return (x) => {
    const graph = recordFunction((inputs) => [f(inputs[0]!)], [x]);
    return pushforward(graph, [core.onesLike(x)])[0] ?? core.zerosLike(x);
  };
}

const iterated = (derive: (f: Function1) => Function1, f: Function1, times: number): Function1 => {
  let out: Function1 = (x) => f(x);
  for (let i = 0; i < times; i++) out = derive(out);
  return out;
};

const u = 2 ** -53;

/** How far an argument's own rounding moves the function, in units of its last place: the tail of e^-x² and the like. */
const conditioning: Readonly<Record<string, (x: number) => number>> = {
  gelu: (x) => x * x,
  geluTanh: (x) => Math.abs(1.6 * x + 0.0714 * x ** 3),
  erf: (x) => x * x,
  erfc: (x) => x * x,
};

/** The size of the terms of a derivative that is a sum, at points near its zero, by order. */
const terms: Readonly<Record<string, readonly number[]>> = {
  sigmoid: [0, 0, 0.25, 0.25],
  logSigmoid: [0, 0, 0, 0.25],
  softplus: [0, 0, 0, 0.25],
  silu: [0, 0, 0, 1],
  geluTanh: [0, 0, 0, 2],
};

describe("values and three derivatives, reverse and forward", () => {
  it.each(Object.entries(references.unary) as [string, (number | null)[][]][])("%s", (name, rows) => {
    const f = unaryOf(name);
    const wrong: string[] = [];
    for (const [mode, derive] of [
      ["reverse", reverse],
      ["forward", forward],
    ] as const) {
      const derivatives = [0, 1, 2, 3].map((order) => iterated(derive, f, order));
      for (const [x, ...wanted] of rows) {
        wanted.forEach((want, order) => {
          if (want === null) return;
          const got = derivatives[order]!(tensor(x!)).item();
          const factor = 32 + 2 * (conditioning[name]?.(x!) ?? 0);
          const allowed = u * (factor * Math.abs(want) + 4 * (terms[name]?.[order] ?? 0));
          if (!(Math.abs(got - want) <= allowed)) wrong.push(`${mode} ${order} at ${x}: ${got}, not ${want}`);
        });
      }
    }
    expect(wrong).toEqual([]);
  });
});

/** The size of the terms of second derivatives that cancel: along an axis for hypot, on the diagonals for atan2. */
const terms2: Readonly<Record<string, (x: number, y: number) => number>> = {
  hypot: (x, y) => 1 / Math.hypot(x, y),
  atan2: (x, y) => 1 / Math.hypot(x, y) ** 2,
  pow: (x, y) => Math.abs(x ** (y - 1)) * (1 + Math.abs(y * Math.log(x))),
};

describe("two arguments: values, gradients and Hessians", () => {
  it.each(Object.entries(references.binary) as [string, (number | null)[][]][])("%s", (name, rows) => {
    const f = binaryOf(name);
    const by =
      (g: Function2, wrt: 0 | 1): Function2 =>
      (x, y) =>
        (grad((a: Tensor, b: Tensor) => g(a, b), { wrt }) as Function2)(x, y);
    const [fx, fy] = [by(f, 0), by(f, 1)];
    const all: readonly [string, Function2, number][] = [
      ["f", f, 0],
      ["x", fx, 1],
      ["y", fy, 2],
      ["xx", by(fx, 0), 3],
      ["xy", by(fx, 1), 4],
      ["yx", by(fy, 0), 4],
      ["yy", by(fy, 1), 5],
    ];
    const wrong: string[] = [];
    for (const [x, y, ...wanted] of rows) {
      for (const [what, derivative, column] of all) {
        const want = wanted[column]!;
        if (want === null) continue;
        const got = derivative(tensor(x!), tensor(y!)).item();
        const scale = column > 2 ? (terms2[name]?.(x!, y!) ?? 0) : 0;
        if (!(Math.abs(got - want) <= u * (32 * Math.abs(want) + 8 * scale))) wrong.push(`${what} at ${x}, ${y}: ${got}, not ${want}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

type Table = Readonly<Record<string, Callable<(...args: never[]) => Tensor>>>;
const table = core as unknown as Table;
const smooth = [
  ...["neg", "square", "sqrt", "rsqrt", "cbrt", "reciprocal", "abs", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p"],
  ...["sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "sech", "asinh", "acosh", "atanh", "oneMinusSquare"],
  ...["sigmoid", "logSigmoid", "softplus", "relu", "leakyRelu", "elu", "selu", "gelu", "geluTanh", "silu", "mish", "hardTanh"],
  ...["erf", "erfc", "lgamma", "digamma", "logit"],
];

describe("third derivatives are those of dual numbers, at zero too", () => {
  const [first, second] = [dual(doubleDouble), dual(dual(doubleDouble))] as const;
  const third = dual(second);
  const points = [-3, -1.25, -0.5, -0.125, 0, 0.125, 0.5, 0.75, 1.25, 3];

  it.each(smooth)("%s", (name) => {
    const f = unaryOf(name);
    const domain = table[name]!.row.domain![0]!;
    const inside = points.filter((x) => x > domain.low && x < domain.high && !domain.except.includes(x));
    expect(inside.length).toBeGreaterThan(1);
    const derivative = iterated(reverse, f, 3);
    for (const x of inside) {
      const seed1 = { primal: doubleDouble.constant(x), tangent: doubleDouble.constant(1) };
      const seed2 = { primal: seed1, tangent: first.constant(1) };
      const seed3 = { primal: seed2, tangent: second.constant(1) };
      const graph = recordFunction((inputs) => [f(inputs[0]!)], [tensor(x)]);
      const out = evaluate(graph, third, [{ shape: [], dtype: "float64", values: [seed3] }])[0]!.values[0] as typeof seed3;
      const want = doubleDouble.toNumber(out.tangent.tangent.tangent);
      expect(Math.abs(derivative(tensor(x)).item() - want), `${name}''' at ${x}`).toBeLessThanOrEqual(1e-13 * (1 + Math.abs(want)));
    }
  });
});

/** Value and derivative at -∞, -1e6, 1e6, ∞. */
const extremes: Readonly<Record<string, readonly [values: readonly number[], derivatives: readonly number[]]>> = {
  sigmoid: [
    [0, 0, 1, 1],
    [0, 0, 0, 0],
  ],
  logSigmoid: [
    [-Infinity, -1e6, 0, 0],
    [1, 1, 0, 0],
  ],
  softplus: [
    [0, 0, 1e6, Infinity],
    [0, 0, 1, 1],
  ],
  silu: [
    [0, 0, 1e6, Infinity],
    [0, 0, 1, 1],
  ],
  mish: [
    [0, 0, 1e6, Infinity],
    [0, 0, 1, 1],
  ],
  gelu: [
    [0, 0, 1e6, Infinity],
    [0, 0, 1, 1],
  ],
  geluTanh: [
    [0, 0, 1e6, Infinity],
    [0, 0, 1, 1],
  ],
  relu: [
    [0, 0, 1e6, Infinity],
    [0, 0, 1, 1],
  ],
  leakyRelu: [
    [-Infinity, -1e4, 1e6, Infinity],
    [0.01, 0.01, 1, 1],
  ],
  elu: [
    [-1, -1, 1e6, Infinity],
    [0, 0, 1, 1],
  ],
  hardTanh: [
    [-1, -1, 1, 1],
    [0, 0, 0, 0],
  ],
  tanh: [
    [-1, -1, 1, 1],
    [0, 0, 0, 0],
  ],
  sech: [
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ],
  erf: [
    [-1, -1, 1, 1],
    [0, 0, 0, 0],
  ],
  erfc: [
    [2, 2, 0, 0],
    [0, 0, 0, 0],
  ],
  exp: [
    [0, 0, Infinity, Infinity],
    [0, 0, Infinity, Infinity],
  ],
  expm1: [
    [-1, -1, Infinity, Infinity],
    [0, 0, Infinity, Infinity],
  ],
};

const close = (got: number, want: number, dtype: DType): boolean =>
  got === want || Math.abs(got - want) <= (dtype === "float32" ? 2 ** -24 : 4 * u) * Math.abs(want);

describe("the far ends", () => {
  it.each(Object.entries(extremes))("%s", (name, [values, derivatives]) => {
    const f = unaryOf(name);
    for (const dtype of ["float64", "float32"] as const) {
      [-Infinity, -1e6, 1e6, Infinity].forEach((x, i) => {
        const at = tensor(x, dtype);
        expect(close(f(at).item(), values[i]!, dtype), `${name}(${x}) in ${dtype}: ${f(at).item()}`).toBe(true);
        for (const derive of [reverse, forward]) {
          const slope = derive(f)(at);
          expect(slope.dtype).toBe(dtype);
          expect(close(slope.item(), derivatives[i]!, dtype), `${name}'(${x}) in ${dtype}: ${slope.item()}`).toBe(true);
        }
      });
    }
  });

  it("higher derivatives vanish where the function is a line to the last digit", () => {
    for (const name of [
      "sigmoid",
      "logSigmoid",
      "softplus",
      "silu",
      "mish",
      "gelu",
      "geluTanh",
      "tanh",
      "sech",
      "erf",
      "erfc",
      "elu",
      "selu",
    ]) {
      for (const x of [-Infinity, -1e6, 1e6, Infinity]) {
        for (const derive of [reverse, forward]) {
          if (name.startsWith("erf") && !Number.isFinite(x)) continue;
          for (const order of [2, 3]) expect(Math.abs(iterated(derive, unaryOf(name), order)(tensor(x)).item()), `${name} at ${x}`).toBe(0);
        }
      }
    }
  });

  it("NaN stays NaN", () => {
    const asks = new Set(["isNaN", "isFinite", "isInf", "equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual"]);
    for (const name of [...smooth, "sign", "floor", "ceil", "round"]) expect(unaryOf(name)(tensor(NaN)).item(), name).toBeNaN();
    for (const name of [
      "add",
      "sub",
      "mul",
      "div",
      "pow",
      "hypot",
      "atan2",
      "remainder",
      "maximum",
      "minimum",
      "logaddexp",
      "xlogy",
      "xlog1py",
    ]) {
      expect(binaryOf(name)(tensor(NaN), tensor(2)).item(), name).toBeNaN();
      if (name !== "pow") expect(binaryOf(name)(tensor(0), tensor(NaN)).item(), name).toBeNaN();
    }
    expect([...asks].map((name) => binaryOf(name)(tensor(NaN), tensor(NaN)).item())).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 0]);
  });

  it("signs of zero are those of IEEE 754", () => {
    for (const name of [
      "sqrt",
      "cbrt",
      "expm1",
      "log1p",
      "sin",
      "tan",
      "asin",
      "atan",
      "sinh",
      "tanh",
      "asinh",
      "atanh",
      "erf",
      "floor",
      "ceil",
      "round",
      "sign",
    ]) {
      expect(unaryOf(name)(tensor(-0)).item(), name).toBe(-0);
      expect(unaryOf(name)(tensor(0)).item(), name).toBe(0);
    }
    expect(core.maximum(-0, 0).item()).toBe(0);
    expect(core.minimum(-0, 0).item()).toBe(-0);
    expect(core.neg(0).item()).toBe(-0);
    expect(core.abs(-0).item()).toBe(0);
    expect(core.relu(-0).item()).toBe(0);
    expect(core.atan2(-0, -1).item()).toBe(-Math.PI);
  });
});

describe("conventions", () => {
  const gradients = (f: (...x: Tensor[]) => Tensor, ...x: readonly number[]): number[] =>
    (grad(f, { wrt: x.map((_, i) => i) }) as unknown as (...x: Tensor[]) => Tensor[])(...x.map((one) => tensor(one))).map((g) => g.item());

  it("the derivative at a kink is the one users know", () => {
    const at = (name: string, x: number): number => reverse(unaryOf(name))(tensor(x)).item();
    expect([at("relu", 0), at("abs", 0), at("sign", 0), at("floor", 1), at("ceil", 1), at("round", 0.5)]).toEqual([0, 0, 0, 0, 0, 0]);
    expect([at("sqrt", 0), at("cbrt", 0), at("rsqrt", 0), at("log", 0)]).toEqual([Infinity, Infinity, -Infinity, Infinity]);
    expect([at("hardTanh", 1), at("hardTanh", -1), at("leakyRelu", 0), at("elu", 0)]).toEqual([1, 1, 0.01, 1]);
    expect(gradients((x, y) => core.maximum(x!, y!), 3, 3)).toEqual([0.5, 0.5]);
    expect(gradients((x, y) => core.minimum(x!, y!), 3, 3)).toEqual([0.5, 0.5]);
    expect(gradients((x, y) => core.maximum(x!, y!), Infinity, Infinity)).toEqual([0.5, 0.5]);
    expect(gradients((x, y, z) => core.clip(x!, y!, z!), 0, 0, 1)).toEqual([1, 0, 0]);
    expect(gradients((x, y, z) => core.clip(x!, y!, z!), 5, 0, 1)).toEqual([0, 0, 1]);
    expect(gradients((x, y, z) => core.clip(x!, y!, z!), 5, 3, 1)).toEqual([0, 0, 1]);
  });

  it("powers at zero and of negative bases", () => {
    const byBase = (y: number, order: number, x: number): number => iterated(reverse, (a) => core.pow(a, y), order)(tensor(x)).item();
    expect([0, 1, 2, 3].map((order) => byBase(2, order, 0))).toEqual([0, 0, 2, 0]);
    expect([0, 1, 2, 3].map((order) => byBase(1, order, 0))).toEqual([0, 1, 0, 0]);
    expect([0, 1, 2, 3].map((order) => byBase(0, order, 0))).toEqual([1, 0, 0, 0]);
    expect([0, 1, 2, 3].map((order) => byBase(3, order, -2))).toEqual([-8, 12, -12, 6]);
    expect([0, 1, 2, 3].map((order) => byBase(-1, order, -2))).toEqual([-0.5, -0.25, -0.25, -0.375]);
    const byExponent = (order: number, y: number): number => iterated(reverse, (b) => core.pow(0, b), order)(tensor(y)).item();
    expect([0, 1, 2, 3].map((order) => byExponent(order, 2.5))).toEqual([0, 0, 0, 0]);
    expect([0, 1, 2].map((order) => byExponent(order, 0))).toEqual([1, 0, 0]);
    expect(gradients((x, y) => core.pow(x!, y!), -2, 3)).toEqual([12, NaN]);
    const mixed = grad((x: Tensor) => grad((y: Tensor) => core.pow(x, y))(tensor(2)))(tensor(0));
    expect(mixed.item()).toBe(0);
  });

  it("a sum of logarithms of nothing has a gradient", () => {
    expect(gradients((x, y) => core.logaddexp(x!, y!), -Infinity, -Infinity)).toEqual([0.5, 0.5]);
    expect(gradients((x, y, z) => core.logaddexp(core.logaddexp(x!, y!), z!), -Infinity, -Infinity, 1)).toEqual([0, 0, 1]);
    const second = grad((x: Tensor) => grad((y: Tensor) => core.logaddexp(x, y))(tensor(-Infinity)))(tensor(-Infinity));
    expect(second.item()).toBeCloseTo(0, 15);
    expect(gradients((x, y) => core.logaddexp(x!, y!), 2, 2)).toEqual([0.5, 0.5]);
    const equal = grad((x: Tensor) => grad((y: Tensor) => core.logaddexp(x, y))(tensor(2)))(tensor(2));
    expect(equal.item()).toBe(-0.25);
  });

  it("an empty class adds nothing to an entropy", () => {
    expect(core.xlogy(0, 0).item()).toBe(0);
    expect(gradients((x, y) => core.xlogy(x!, y!), 0, 0)).toEqual([0, 0]);
    expect(gradients((x, y) => core.xlogy(x!, y!), 0, 2)).toEqual([Math.LN2, 0]);
    const mixed = (x: number, y: number): number => grad((a: Tensor) => grad((b: Tensor) => core.xlogy(a, b))(tensor(y)))(tensor(x)).item();
    expect([mixed(0, 2), mixed(3, 4)]).toEqual([0.5, 0.25]);
    const p = tensor([0, 0.25, 0.75, 0]);
    expect(grad((q: Tensor) => core.xlogy(p, q).sum())(p).toArray()).toEqual([0, 1, 1, 0]);
    expect(gradients((x, y) => core.xlog1py(x!, y!), 0, -1)).toEqual([0, 0]);
  });

  it("directions at the origin are zero", () => {
    expect(gradients((x, y) => core.hypot(x!, y!), 0, 0)).toEqual([0, 0]);
    expect(gradients((x, y) => core.atan2(x!, y!), 0, 0)).toEqual([0, 0]);
    const norm = (x: Tensor, y: Tensor): Tensor => core.hypot(core.hypot(x, y), 3);
    expect(gradients(norm as (...x: Tensor[]) => Tensor, 0, 0)).toEqual([0, 0]);
  });

  it("a branch not taken leaks nothing, whatever it holds", () => {
    const safe = (x: Tensor): Tensor => core.where(core.greater(x, 0), core.log(x), core.mul(x, 2));
    for (const derive of [reverse, forward]) {
      expect([0, 1, 2].map((order) => iterated(derive, safe, order)(tensor(-3)).item())).toEqual([-6, 2, 0]);
      expect([0, 1, 2].map((order) => iterated(derive, safe, order)(tensor(0)).item())).toEqual([0, 2, 0]);
    }
  });
});

describe("integers", () => {
  const int = (...x: readonly number[]): Tensor => tensor(Int32Array.from(x));
  const wrap = (x: bigint): number => Number(BigInt.asIntN(32, x));
  const int32 = fc.oneof(fc.integer(), fc.constantFrom(0, 1, -1, 2 ** 31 - 1, -(2 ** 31)));

  it("add, sub, mul, neg, abs and square wrap to 32 bits", () => {
    fc.assert(
      fc.property(int32, int32, (x, y) => {
        const [a, b] = [BigInt(x), BigInt(y)];
        const pairs: readonly (readonly [Tensor, bigint])[] = [
          [core.add(int(x), int(y)), a + b],
          [core.sub(int(x), int(y)), a - b],
          [core.mul(int(x), int(y)), a * b],
          [core.neg(int(x)), -a],
          [core.abs(int(x)), a < 0n ? -a : a],
          [core.square(int(x)), a * a],
        ];
        for (const [got, want] of pairs) {
          expect(got.dtype).toBe("int32");
          expect(got.values[0]).toBe(wrap(want));
        }
      }),
    );
  });

  it("remainder has the sign of its divisor, and 0 of nothing", () => {
    fc.assert(
      fc.property(int32, int32, (x, y) => {
        const got = core.remainder(int(x), int(y));
        const [a, b] = [BigInt(x), BigInt(y)];
        expect(got.dtype).toBe("int32");
        expect(got.values[0]).toBe(y === 0 ? 0 : Number(((a % b) + b) % b));
      }),
    );
  });

  it("bits and shifts are those of 32-bit words", () => {
    fc.assert(
      fc.property(int32, int32, fc.integer({ min: -2, max: 34 }), (x, y, count) => {
        const [a, b] = [BigInt(x), BigInt(y)];
        const inside = count >= 0 && count < 32;
        const shift = BigInt(Math.max(0, Math.min(count, 63)));
        const pairs: readonly (readonly [Tensor, bigint])[] = [
          [core.bitwiseAnd(int(x), int(y)), a & b],
          [core.bitwiseOr(int(x), int(y)), a | b],
          [core.bitwiseXor(int(x), int(y)), a ^ b],
          [core.bitwiseNot(int(x)), ~a],
          [core.shiftLeft(int(x), int(count)), inside ? a << shift : 0n],
          [core.shiftRight(int(x), int(count)), inside ? a >> shift : a < 0n ? -1n : 0n],
          [core.shiftRightLogical(int(x), int(count)), inside ? BigInt.asUintN(32, a) >> shift : 0n],
        ];
        for (const [got, want] of pairs) {
          expect(got.dtype).toBe("int32");
          expect(got.values[0]).toBe(wrap(want));
        }
      }),
    );
  });

  it("stay integers where the function does, and become float64 where it does not", () => {
    for (const name of ["neg", "abs", "sign", "square", "floor", "ceil", "round", "relu", "hardTanh"])
      expect(unaryOf(name)(int(-3)).dtype, name).toBe("int32");
    for (const name of ["exp", "sqrt", "sin", "sigmoid", "gelu", "elu", "lgamma", "reciprocal"])
      expect(unaryOf(name)(int(3)).dtype, name).toBe("float64");
    for (const name of ["div", "pow", "atan2", "hypot", "logaddexp", "xlogy"])
      expect(binaryOf(name)(int(3), int(2)).dtype, name).toBe("float64");
    expect(core.pow(int(2), int(-2)).toArray()).toEqual([0.25]);
    expect(core.sign(int(-7, 0, 9)).toArray()).toEqual([-1, 0, 1]);
    expect(core.clip(int(-7, 0, 9), null, 5).dtype).toBe("int32");
    expect(core.clip(int(-7, 0, 9), -1, 5).toArray()).toEqual([-1, 0, 5]);
    expect(core.isNaN(int(1)).toArray()).toEqual([false]);
    expect(core.nanToNum(int(1)).dtype).toBe("int32");
  });

  it("bools join them as 0 and 1", () => {
    const flag = tensor([true, false]);
    expect(core.add(flag, flag).toArray()).toEqual([2, 0]);
    expect(core.neg(flag).toArray()).toEqual([-1, 0]);
    expect(core.maximum(flag, core.logicalNot(flag)).toArray()).toEqual([true, true]);
    expect(core.bitwiseXor(flag, 3).toArray()).toEqual([2, 3]);
    expect(core.where(flag, true, flag).toArray()).toEqual([true, false]);
    expect(core.clip(flag, false, false).toArray()).toEqual([false, false]);
    expect(core.sigmoid(flag).dtype).toBe("float64");
  });
});

describe("dtypes", () => {
  const one = (dtype: DType): Tensor => tensor([1], { dtype });
  const all: readonly DType[] = ["bool", "int32", "float32", "float64"];
  const result = (f: (x: TensorLike, y: TensorLike) => Tensor): string[] =>
    all.map((x) => all.map((y) => f(one(x), one(y)).dtype).join(" "));

  it("promote by one table", () => {
    expect(result(core.mul)).toEqual([
      "int32 int32 float32 float64",
      "int32 int32 float32 float64",
      "float32 float32 float32 float64",
      "float64 float64 float64 float64",
    ]);
    expect(result(core.maximum)).toEqual([
      "bool int32 float32 float64",
      "int32 int32 float32 float64",
      "float32 float32 float32 float64",
      "float64 float64 float64 float64",
    ]);
    expect(result(core.div)).toEqual([
      "float64 float64 float32 float64",
      "float64 float64 float32 float64",
      "float32 float32 float32 float64",
      "float64 float64 float64 float64",
    ]);
    for (const compare of [
      core.equal,
      core.notEqual,
      core.less,
      core.lessEqual,
      core.greater,
      core.greaterEqual,
      core.logicalAnd,
      core.logicalOr,
      core.logicalXor,
    ]) {
      expect(new Set(result(compare))).toEqual(new Set(["bool bool bool bool"]));
    }
  });

  it("a bare number adopts its partner's float dtype, and leaves integers only if it is whole", () => {
    expect(core.mul(one("float32"), 0.1).dtype).toBe("float32");
    expect(core.pow(one("float32"), 2).dtype).toBe("float32");
    expect(core.add(one("int32"), 2).dtype).toBe("int32");
    expect(core.add(one("int32"), 2.5).dtype).toBe("float64");
    expect(core.clip(one("float32"), 0, 0.5).dtype).toBe("float32");
  });

  it("float32 is computed in double and rounded once", () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), fc.float({ noNaN: true }), (x, y) => {
        for (const name of ["exp", "sigmoid", "gelu", "softplus", "tanh", "lgamma", "erfc"]) {
          const [narrow, wide] = [unaryOf(name)(tensor(x, "float32")).item(), unaryOf(name)(tensor(x)).item()];
          expect(narrow, `${name}(${x})`).toBe(Math.fround(wide));
        }
        for (const name of ["add", "mul", "div", "hypot", "logaddexp", "pow"]) {
          const [narrow, wide] = [
            binaryOf(name)(tensor(x, "float32"), tensor(y, "float32")).item(),
            binaryOf(name)(tensor(x), tensor(y)).item(),
          ];
          expect(narrow, `${name}(${x}, ${y})`).toBe(Math.fround(wide));
        }
      }),
    );
  });

  it("gradients keep the dtype of what they belong to", () => {
    const x = tensor([0.5, -1.5], "float32");
    for (const name of smooth.filter((name) => !["acosh", "log", "sqrt", "rsqrt"].includes(name))) {
      expect(grad((a: Tensor) => unaryOf(name)(a).sum())(x).dtype, name).toBe("float32");
    }
    expect(grad((a: Tensor) => core.mul(a, tensor([1, 2])).sum())(x).dtype).toBe("float32");
  });

  it("cast truncates, wraps and asks whether it is not 0", () => {
    expect(cast(tensor([1.9, -1.9, 2 ** 31, 2 ** 32 + 5, NaN, Infinity]), "int32").toArray()).toEqual([1, -1, -(2 ** 31), 5, 0, 0]);
    expect(cast(tensor([0, -0, 0.1, NaN]), "bool").toArray()).toEqual([false, false, true, true]);
    expect(cast(tensor([true, false]), "float32").toArray()).toEqual([1, 0]);
    expect(cast(tensor(0.1), "float32").item()).toBe(Math.fround(0.1));
    const x = tensor(3);
    expect(cast(x, "float64")).toBe(x);
    expect(grad((a: Tensor) => cast(cast(a, "float32"), "float64"))(tensor(0.1)).item()).toBe(1);
    expect(grad((a: Tensor) => core.mul(cast(a, "int32"), a))(tensor(2.5)).item()).toBe(2);
  });
});

describe("choice and logic", () => {
  it("logic takes numbers for what they are worth", () => {
    const [x, y] = [tensor([0, 0, 2, NaN]), tensor([0, -1, 0, 1])];
    expect(core.logicalAnd(x, y).toArray()).toEqual([false, false, false, true]);
    expect(core.logicalOr(x, y).toArray()).toEqual([false, true, true, true]);
    expect(core.logicalXor(x, y).toArray()).toEqual([false, true, true, false]);
    expect(core.logicalNot(x).toArray()).toEqual([true, true, false, false]);
  });

  it("clip sets the bounds it is given, of any broadcasting shape", () => {
    const x = tensor([
      [-5, 0.5],
      [2, 9],
    ]);
    expect(core.clip(x, tensor([-1, 0]), tensor([[1], [3]])).toArray()).toEqual([
      [-1, 0.5],
      [2, 3],
    ]);
    expect(core.clip(x, null, null).toArray()).toEqual(x.toArray());
    expect(core.clip(x, 0, null).toArray()).toEqual([
      [0, 0.5],
      [2, 9],
    ]);
    expect(core.clip(tensor([NaN, 1]), 0, NaN).toArray()).toEqual([NaN, NaN]);
    const [byLow, byHigh] = grad((low: Tensor, high: Tensor) => core.clip(x, low, high).sum(), { wrt: [0, 1] })(
      tensor([-1, 0]),
      tensor([[1], [3]]),
    );
    expect(byLow.toArray()).toEqual([1, 0]);
    expect(byHigh.toArray()).toEqual([[0], [1]]);
  });

  it("nanToNum replaces by the largest of the dtype unless told otherwise", () => {
    expect(core.nanToNum(tensor([NaN, Infinity, -Infinity, 2], "float32")).toArray()).toEqual([
      0, 3.4028234663852886e38, -3.4028234663852886e38, 2,
    ]);
    expect(core.nanToNum(tensor([NaN, Infinity, -Infinity]), { nan: 7, posInf: 8, negInf: 9 }).toArray()).toEqual([7, 8, 9]);
    expect(grad((x: Tensor) => core.nanToNum(x).sum())(tensor([NaN, 3, Infinity])).toArray()).toEqual([0, 1, 0]);
  });

  it("batches like everything else, parameters and bounds too", () => {
    const x = tensor([
      [-2, 0.5],
      [0.25, 3],
    ]);
    expect(vmap((row: Tensor) => core.clip(row, 0, 1))(x).toArray()).toEqual([
      [0, 0.5],
      [0.25, 1],
    ]);
    expect(vmap((row: Tensor, low: Tensor) => core.clip(row, low, null))(x, tensor([-1, 1])).toArray()).toEqual([
      [-1, 0.5],
      [1, 3],
    ]);
    expect(vmap((row: Tensor) => core.leakyRelu(row, 0.5))(x).toArray()).toEqual([
      [-1, 0.5],
      [0.25, 3],
    ]);
    expect(vmap((row: Tensor) => core.polygamma(1, row))(tensor([[1], [1]])).values[1]).toBeCloseTo(Math.PI ** 2 / 6, 14);
  });
});

describe("parameters", () => {
  it("bend the activations", () => {
    expect(core.leakyRelu(tensor([-2, 3])).toArray()).toEqual([-0.02, 3]);
    expect(core.leakyRelu(tensor([-2, 3]), -1).toArray()).toEqual([2, 3]);
    expect(grad((x: Tensor) => core.leakyRelu(x, 0.25).sum())(tensor([-2, 3, 0])).toArray()).toEqual([0.25, 1, 0.25]);
    expect(core.elu(tensor(-1000), 2).item()).toBe(-2);
    expect(grad((x: Tensor) => core.elu(x, 2).sum())(tensor([-1000, 3, 0])).toArray()).toEqual([0, 1, 2]);
    expect(core.gelu(1, { approximate: "tanh" }).item()).toBe(core.geluTanh(1).item());
    expect(core.gelu(1, { approximate: "none" }).item()).toBe(core.gelu(1).item());
  });

  it("the tanh form of gelu is within 5e-4 of the exact one", () => {
    const x = core.linspace(-8, 8, 2001);
    const apart = core.abs(core.sub(core.gelu(x), core.geluTanh(x)));
    expect(Math.max(...apart.values)).toBeLessThan(5e-4);
  });
});

describe("messages", () => {
  const message = (run: () => unknown): string => {
    try {
      run();
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(core.CotangentError);
      return (thrown as Error).message;
    }
    return "nothing was thrown";
  };

  it("say what is wrong, with what, and what to do", () => {
    expect([
      message(() => core.exp([1, 2] as never)),
      message(() => core.pow(tensor([1, 2]), tensor([1, 2, 3]))),
      message(() => core.bitwiseAnd(tensor(1), 2)),
      message(() => core.shiftLeft(1.5, 2)),
      message(() => core.clip(tensor(1), undefined as never, 2)),
      message(() => core.clip(tensor(1), "0" as never, 2)),
      message(() => core.leakyRelu(tensor(1), "0.1" as never)),
      message(() => core.leakyRelu(tensor(1), tensor(0.1) as never)),
      message(() => core.elu(tensor(1), NaN)),
      message(() => core.gelu(tensor(1), "tanh" as never)),
      message(() => core.gelu(tensor(1), { approximate: "fast" as never })),
      message(() => core.gelu(tensor(1), { approx: "tanh" } as never)),
      message(() => core.nanToNum(tensor(1), { nan: "0" as never })),
      message(() => core.nanToNum(tensor(1), { posinf: 1 } as never)),
      message(() => core.polygamma(-1, 2)),
      message(() => core.polygamma(0.5, 2)),
      message(() => core.where(null as never, 1, 2)),
      message(() => cast(tensor(1), "float16" as never)),
    ]).toMatchInlineSnapshot(`
      [
        "exp: operand 0 is not a tensor — [1, 2]; wrap it in tensor(…)",
        "pow: cannot broadcast [2] with [3] — axis -1 has sizes 2 and 3; make them equal or one of them 1",
        "bitwiseAnd: wrong dtype — float64, int32 expected; cast it first",
        "shiftLeft: wrong dtype — float64, int32 expected; cast it first",
        "clip: operand 1 is not a tensor — undefined; give a tensor, a number or a boolean",
        "clip: operand 1 is not a tensor — "0"; give a tensor, a number or a boolean",
        "leakyRelu: the slope is not a finite number — "0.1"; give a number",
        "leakyRelu: the slope is not a finite number — float64[]; give a number",
        "elu: alpha is not a finite number — NaN; give a number",
        "gelu: the options are not an object — "tanh"; give an object with approximate",
        "gelu: unknown approximation — "fast"; give "none", "tanh"",
        "gelu: unknown option — "approx"; the options are approximate",
        "nanToNum: nan is not a number — "0"; give a number",
        "nanToNum: unknown option — "posinf"; the options are nan, posInf, negInf",
        "polygamma: the order is not a non-negative integer — -1; give 0, 1, 2, …",
        "polygamma: the order is not a non-negative integer — 0.5; give 0, 1, 2, …",
        "where: operand 0 is not a tensor — null; give a tensor, a number or a boolean",
        "cast: unknown dtype — "float16"; give "bool", "int32", "float32" or "float64"",
      ]
    `);
  });
});
