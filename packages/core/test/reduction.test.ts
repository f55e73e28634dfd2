// Reductions, statistics and softmax against plain loops and exact sums, on every dtype, layout and edge that the laws of the table do not draw.
import {
  all,
  any,
  argmax,
  argmin,
  type AxesOptions,
  countNonzero,
  type DType,
  grad,
  logSoftmax,
  logsumexp,
  max,
  mean,
  min,
  mul,
  norm,
  prod,
  softmax,
  square,
  std,
  sum,
  type Tensor,
  tensor,
  variance,
  vmap,
  where,
  zeros,
} from "@cotangent/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

/** A tensor, the axes to reduce and the entries that each output is made of, in order, found by counting through indices. */
interface Case {
  readonly x: Tensor;
  readonly options: AxesOptions;
  readonly axes: readonly number[];
  readonly shape: readonly number[];
  readonly groups: readonly (readonly number[])[];
}

function caseOf(shape: readonly number[], axes: readonly number[], keepDims: boolean, dtype: DType, entry: (i: number) => number): Case {
  const size = shape.reduce((product, side) => product * side, 1);
  const x = tensor(
    Float64Array.from({ length: size }, (_, i) => entry(i)),
    { shape },
  ).cast(dtype);
  const kept = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const keptShape = kept.map((axis) => shape[axis]!);
  const groups: number[][] = Array.from({ length: keptShape.reduce((product, side) => product * side, 1) }, () => []);
  for (let flat = 0; flat < size; flat++) {
    const index = indexOf(flat, shape);
    groups[kept.reduce((at, axis) => at * shape[axis]! + index[axis]!, 0)]!.push(x.values[flat]!);
  }
  const out = shape.flatMap((side, axis) => (axes.includes(axis) ? (keepDims ? [1] : []) : [side]));
  return { x, options: { axes, keepDims }, axes, shape: out, groups };
}

function indexOf(flat: number, shape: readonly number[]): number[] {
  const index = shape.map(() => 0);
  for (let axis = shape.length - 1, rest = flat; axis >= 0; axis--) {
    index[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return index;
}

/** Shapes with empty, single and long sides (over the 128 entries of a block and the 512 of a strip), any axes. */
const arbitrary = (dtypes: readonly DType[], least = 0): fc.Arbitrary<Case> =>
  fc
    .array(
      fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: least, max: 4 }) },
        { weight: 1, arbitrary: fc.constantFrom(129, 300) },
        { weight: 1, arbitrary: fc.constant(520) },
      ),
      { maxLength: 4 },
    )
    .filter((shape) => shape.reduce((product, side) => product * Math.max(1, side), 1) <= 20000)
    .chain((shape) =>
      fc.record({
        shape: fc.constant(shape),
        axes: fc.subarray(shape.map((_, axis) => axis)),
        keepDims: fc.boolean(),
        dtype: fc.constantFrom(...dtypes),
        seed: fc.integer({ min: 1, max: 1e6 }),
      }),
    )
    .map(({ shape, axes, keepDims, dtype, seed }) =>
      caseOf(shape, axes, keepDims, dtype, (i) => Math.sin(seed + 1.7 * i) * (dtype === "int32" ? 5 : 2)),
    );

const floats: readonly DType[] = ["float64", "float32"];
const every: readonly DType[] = ["float64", "float32", "int32", "bool"];

function holds(
  f: (x: Tensor, options: AxesOptions) => Tensor,
  reference: (group: readonly number[]) => number,
  dtypes: readonly DType[],
  tolerance: number,
  least = 0,
): void {
  fc.assert(
    fc.property(arbitrary(dtypes, least), ({ x, options, shape, groups }) => {
      const out = f(x, options);
      expect(out.shape).toEqual(shape);
      const scale = x.dtype === "float32" ? Math.max(tolerance, 1e-6) : tolerance;
      groups.forEach((group, i) => {
        const [got, wanted] = [out.values[i]!, reference(group)];
        if (!(Object.is(got, wanted) || Math.abs(got - wanted) <= scale * (1 + Math.abs(wanted))))
          expect(`${x.dtype} ${x.shape}: ${got}`).toBe(`${wanted}`);
      });
    }),
  );
}

const total = (group: readonly number[]): number => group.reduce((a, b) => a + b, 0);
const product = (group: readonly number[]): number => group.reduce((a, b) => a * b, 1);
const average = (group: readonly number[]): number => total(group) / group.length;
const spread = (group: readonly number[], ddof: number): number => {
  const mean = average(group);
  return group.reduce((a, b) => a + (b - mean) ** 2, 0) / (group.length - ddof);
};

describe("reductions against loops", () => {
  it("sum", () => holds(sum, total, every, 1e-12));
  it("prod", () => holds(prod, product, floats, 1e-12));
  it("max", () => holds(max, (group) => Math.max(...group), every, 0, 1));
  it("min", () => holds(min, (group) => Math.min(...group), every, 0, 1));
  it("argmax", () => holds(argmax, (group) => group.indexOf(Math.max(...group)), every, 0, 1));
  it("argmin", () => holds(argmin, (group) => group.indexOf(Math.min(...group)), every, 0, 1));
  it("any", () => holds(any, (group) => Number(group.some((entry) => entry !== 0)), every, 0));
  it("all", () => holds(all, (group) => Number(group.every((entry) => entry !== 0)), every, 0));
  it("countNonzero", () => holds(countNonzero, (group) => group.filter((entry) => entry !== 0).length, every, 0));
  it("mean", () => holds(mean, average, every, 1e-12));
  it("variance", () =>
    holds(
      (x, options) => variance(x, options),
      (group) => spread(group, 0),
      every,
      1e-12,
    ));
  it("variance of a sample", () =>
    holds(
      (x, options) => variance(x, { ...options, ddof: 1 }),
      (group) => spread(group, 1),
      floats,
      1e-12,
      2,
    ));
  it("std", () =>
    holds(
      (x, options) => std(x, options),
      (group) => Math.sqrt(spread(group, 0)),
      floats,
      1e-12,
    ));
  it("norm", () =>
    holds(
      (x, options) => norm(x, options),
      (group) => Math.hypot(...group),
      every,
      1e-12,
    ));
  it("norm of order 1", () =>
    holds(
      (x, options) => norm(x, { ...options, ord: 1 }),
      (group) => total(group.map(Math.abs)),
      floats,
      1e-12,
    ));
  it("norm of order 3", () =>
    holds(
      (x, options) => norm(x, { ...options, ord: 3 }),
      (group) => {
        const largest = Math.max(2 ** -1074, ...group.map(Math.abs));
        return largest * total(group.map((entry) => (Math.abs(entry) / largest) ** 3)) ** (1 / 3);
      },
      floats,
      1e-12,
    ));
  it("norm of order Infinity", () =>
    holds(
      (x, options) => norm(x, { ...options, ord: Infinity }),
      (group) => Math.max(0, ...group.map(Math.abs)),
      floats,
      1e-12,
    ));
  it("logsumexp", () => holds(logsumexp, (group) => Math.log(total(group.map(Math.exp))), every, 1e-12));

  it("int32 wraps", () => {
    expect(sum(tensor([2 ** 31 - 1, 1], "int32"))).toEqual(tensor(-(2 ** 31), "int32"));
    expect(prod(tensor([65536, 65536, 3], "int32")).item()).toBe(0);
    expect(mean(tensor([2 ** 31 - 1, 2 ** 31 - 1], "int32")).item()).toBe(2 ** 31 - 1);
  });

  it("softmax and logSoftmax divide by the sum along their axes", () => {
    fc.assert(
      fc.property(arbitrary(floats), ({ x, axes }) => {
        const [soft, logs] = [softmax(x, { axes }), logSoftmax(x, { axes })];
        expect(soft.shape).toEqual(x.shape);
        const expected = sum(x.cast("float64").exp(), { axes, keepDims: true });
        const wanted = x.cast("float64").exp().div(expected);
        wanted.values.forEach((value, i) => {
          expect(Math.abs(soft.values[i]! - value)).toBeLessThanOrEqual(2e-7);
          // Three roundings to float32: of the shifted entry, of the logarithm of the sum and of their difference.
          expect(Math.abs(logs.values[i]! - Math.log(value))).toBeLessThanOrEqual(3 * 2 ** -24 * (4 - Math.log(value)));
        });
      }),
    );
  });
});

describe("dtypes", () => {
  it("are those of the table", () => {
    const dtypeOf = (f: (x: Tensor) => Tensor): string[] => every.map((dtype) => f(zeros([2], dtype)).dtype);
    for (const f of [sum, prod]) expect(dtypeOf(f)).toEqual(["float64", "float32", "int32", "int32"]);
    for (const f of [max, min]) expect(dtypeOf(f)).toEqual(["float64", "float32", "int32", "bool"]);
    for (const f of [any, all]) expect(dtypeOf(f)).toEqual(["bool", "bool", "bool", "bool"]);
    for (const f of [argmax, argmin, countNonzero]) expect(dtypeOf(f)).toEqual(["int32", "int32", "int32", "int32"]);
    for (const f of [mean, variance, std, norm, logsumexp, softmax, logSoftmax])
      expect(dtypeOf((x) => f(x))).toEqual(["float64", "float32", "float64", "float64"]);
  });
});

describe("accuracy", () => {
  /** The sum of doubles without rounding, then rounded once. */
  function exactSum(values: ArrayLike<number>): number {
    const bits = new DataView(new ArrayBuffer(8));
    let sum = 0n;
    for (let i = 0; i < values.length; i++) {
      bits.setFloat64(0, values[i]!);
      const [high, low] = [bits.getUint32(0), bits.getUint32(4)];
      const exponent = (high >>> 20) & 2047;
      const mantissa = (BigInt((high & 0xfffff) | (exponent === 0 ? 0 : 0x100000)) << 32n) | BigInt(low);
      const scaled = mantissa << BigInt(Math.max(exponent, 1) - 1 - 900);
      sum += high >>> 31 ? -scaled : scaled;
    }
    // Units of 2^(900 − 1074): exact to a hundred bits before the division by two powers.
    return Number(sum >> 64n) * 2 ** (900 - 1074 + 64);
  }

  const mixed = (n: number): Float64Array => Float64Array.from({ length: n }, (_, i) => Math.sin(i * i) * 10 ** ((i % 13) - 6));

  it("a million float32 tenths", () => {
    const tenths = tensor(new Float32Array(1e6).fill(0.1));
    const exact = 1e6 * Math.fround(0.1);
    for (const got of [
      sum(tenths).item(),
      sum(tenths.reshape([1000, 1000]), { axes: 0 })
        .sum()
        .item(),
      mean(tenths).mul(1e6).item(),
    ]) {
      expect(Math.abs(got - exact) / exact).toBeLessThan(1e-6);
    }
  });

  it("sums of float64 are within (40 + log₂ n) u Σ|x| of the exact sum, along every layout", () => {
    const values = mixed(180_000);
    const magnitude = values.reduce((a, b) => a + Math.abs(b), 0);
    const bound = (40 + Math.log2(values.length)) * 2 ** -53;
    const exact = exactSum(values);
    const x = tensor(values);
    expect(Math.abs(sum(x).item() - exact)).toBeLessThan(bound * magnitude);
    for (const [shape, axes] of [
      [[600, 300], 0],
      [[600, 300], 1],
      [[3, 30_000, 2], 1],
      [
        [20, 300, 30],
        [0, 2],
      ],
    ] as const) {
      const part = sum(x.reshape(shape), { axes });
      const rest = Array.from(part.values);
      expect(Math.abs(exactSum(rest) - exact)).toBeLessThan(bound * magnitude);
    }
  });

  it("keeps float32 sums, means and variances in double", () => {
    const x = tensor(Float32Array.from({ length: 4096 }, (_, i) => 1e6 + (i % 2)));
    expect(mean(x).item()).toBe(1e6 + 0.5);
    expect(variance(x).item()).toBe(0.25);
    expect(mean(tensor(new Float32Array(8).fill(3e38))).item()).toBe(Math.fround(3e38));
  });

  it("variance and std do not feel a huge offset", () => {
    const steps = Array.from({ length: 1001 }, (_, i) => i % 7);
    const plain = variance(tensor(steps)).item();
    for (const offset of [0, 1e9, 1e15, -3e15]) {
      expect(variance(tensor(steps.map((step) => step + offset))).item()).toBe(plain);
      expect(std(tensor(steps.map((step) => step + offset))).item()).toBe(Math.sqrt(plain));
    }
    expect(plain).toBeCloseTo(4, 12);
  });
});

describe("edges", () => {
  it("empty axes give the neutral element", () => {
    const x = zeros([2, 0, 3]);
    expect(sum(x, { axes: 1 })).toEqual(zeros([2, 3]));
    expect(prod(x, { axes: 1 }).toArray()).toEqual([
      [1, 1, 1],
      [1, 1, 1],
    ]);
    expect(mean(x, { axes: 1 }).toArray()).toEqual([
      [NaN, NaN, NaN],
      [NaN, NaN, NaN],
    ]);
    expect(variance(x, { axes: 1 }).values[0]).toBeNaN();
    expect(logsumexp(x, { axes: 1 }).values[0]).toBe(-Infinity);
    expect(norm(x, { axes: 1, ord: Infinity }).values[0]).toBe(0);
    expect(any(x).item()).toBe(0);
    expect(all(x).item()).toBe(1);
    expect(max(x, { axes: 0 }).shape).toEqual([0, 3]);
    expect(softmax(x, { axes: 1 }).shape).toEqual([2, 0, 3]);
    expect(logSoftmax(x).shape).toEqual([2, 0, 3]);
    expect(argmax(zeros([0, 2]), { axes: 1 }).shape).toEqual([0]);
  });

  it("NaN wins in extremes and stands first", () => {
    const x = tensor([
      [3, NaN, 5, NaN],
      [2, 9, 9, 1],
    ]);
    expect(max(x, { axes: 1 }).toArray()).toEqual([NaN, 9]);
    expect(min(x, { axes: 1 }).toArray()).toEqual([NaN, 1]);
    expect(argmax(x, { axes: 1 }).toArray()).toEqual([1, 1]);
    expect(argmin(x, { axes: 1 }).toArray()).toEqual([1, 3]);
    expect(argmax(x, { axes: 0 }).toArray()).toEqual([0, 0, 1, 0]);
    expect(any(tensor(NaN)).item()).toBe(1);
  });

  it("positions over several axes count through them in order", () => {
    const x = tensor(
      Array.from({ length: 24 }, (_, i) => (i * 7) % 24),
      { shape: [2, 3, 4] },
    );
    expect(argmax(x, { axes: [0, 2] }).toArray()).toEqual(
      [0, 1, 2].map((j) => {
        const line = [0, 1].flatMap((i) => [0, 1, 2, 3].map((k) => (7 * (12 * i + 4 * j + k)) % 24));
        return line.indexOf(Math.max(...line));
      }),
    );
    expect(argmax(x, { axes: [0, 2], keepDims: true }).shape).toEqual([1, 3, 1]);
    expect(argmax(x, { axes: [0, 1] }).shape).toEqual([4]);
    expect(argmax(x, { axes: [] }).toArray()).toEqual(zeros([2, 3, 4], "int32").toArray());
  });

  it("all NaN stays NaN in a gradient of max, and a zero cotangent stays zero", () => {
    expect(grad((x: Tensor) => max(x))(tensor([NaN, 1])).toArray()).toEqual([NaN, NaN]);
    expect(grad((x: Tensor) => mul(0, max(x)))(tensor([NaN, 1])).toArray()).toEqual([0, 0]);
  });
});

describe("products with zeros", () => {
  const others = (x: readonly number[], ...left: readonly number[]): number => product(x.filter((_, i) => !left.includes(i)));
  const unsigned = (x: Tensor): number[] => Array.from(x.values, (value) => value + 0);
  const cases = [[2, 3, 4], [2, 0, 4], [0, 3, 0], [0, 0, 0], [5], [0], [2, -1, 0, 3, 0.5, 7, -2], [0, 1, 0, 2, 3]];

  it.each(cases.map((x) => [x]))("%j", (x) => {
    const first = grad((v: Tensor) => prod(v));
    expect(unsigned(first(tensor(x)))).toEqual(x.map((_, i) => others(x, i) + 0));
    x.forEach((_, i) => {
      const row = grad((v: Tensor) => first(v).slice(i));
      expect(unsigned(row(tensor(x)))).toEqual(x.map((__, j) => (i === j ? 0 : others(x, i, j) + 0)));
    });
    if (x.length > 2) {
      const third = grad((u: Tensor) => grad((v: Tensor) => first(v).slice(0))(u).slice(1))(tensor(x));
      expect(unsigned(third)).toEqual(x.map((_, k) => (k < 2 ? 0 : others(x, 0, 1, k) + 0)));
    }
  });

  it("along several axes", () => {
    const x = tensor([
      [
        [1, 0],
        [2, 3],
      ],
      [
        [4, 5],
        [0, 0],
      ],
    ]);
    const g = grad((v: Tensor) =>
      prod(v, { axes: [0, 2] })
        .mul(tensor([1, 10]))
        .sum(),
    )(x);
    expect(g.toArray()).toEqual([
      [
        [0, 20],
        [0, 0],
      ],
      [
        [0, 0],
        [0, 0],
      ],
    ]);
  });
});

describe("stability", () => {
  it("of logsumexp, softmax and logSoftmax far out", () => {
    for (const shift of [1e6, -1e6, 1e300]) {
      const x = tensor([shift, shift, shift - 1]);
      const small = shift === 1e300;
      const z = 2 + (small ? 1 : Math.exp(-1));
      expect(logsumexp(x).item()).toBeCloseTo(shift + Math.log(z), 9);
      expect(softmax(x).values[0]).toBeCloseTo(1 / z, 15);
      expect(logSoftmax(x).values[2]).toBeCloseTo((small ? 0 : -1) - Math.log(z), 15);
      expect(sum(softmax(x)).item()).toBeCloseTo(1, 15);
    }
    expect(logSoftmax(tensor([0, 1e6])).toArray()).toEqual([-1e6, 0]);
    expect(softmax(tensor([0, 1e6])).toArray()).toEqual([0, 1]);
  });

  it("with entries of -Infinity, in value, gradient and second order", () => {
    const x = tensor([0, -Infinity, Math.log(3)]);
    expect(logsumexp(x).item()).toBeCloseTo(Math.log(4), 15);
    const p = [0.25, 0, 0.75];
    softmax(x).values.forEach((value, i) => expect(value).toBeCloseTo(p[i]!, 15));
    grad((v: Tensor) => logsumexp(v))(x).values.forEach((value, i) => expect(value).toBeCloseTo(p[i]!, 15));
    const row = grad((v: Tensor) => grad((u: Tensor) => logsumexp(u))(v).slice(0))(x);
    row.values.forEach((value, i) => expect(value).toBeCloseTo(p[0]! * ((i === 0 ? 1 : 0) - p[i]!), 15));
    grad((v: Tensor) => logSoftmax(v).slice(0))(x).values.forEach((value, i) => expect(value).toBeCloseTo((i === 0 ? 1 : 0) - p[i]!, 15));
    expect(logSoftmax(x).values[1]).toBe(-Infinity);
  });

  it("with nothing but -Infinity on a line", () => {
    const x = tensor([
      [-Infinity, -Infinity],
      [1, 1],
    ]);
    expect(logsumexp(x, { axes: 1 }).toArray()).toEqual([-Infinity, 1 + Math.log(2)]);
    expect(softmax(x).toArray()).toEqual([
      [0, 0],
      [0.5, 0.5],
    ]);
    expect(logSoftmax(x).values[0]).toBe(-Infinity);
    expect(grad((v: Tensor) => where(tensor([false, true]), logsumexp(v, { axes: 1 }), 0).sum())(x).toArray()).toEqual([
      [0, 0],
      [0.5, 0.5],
    ]);
    expect(grad((v: Tensor) => sum(square(softmax(v))))(x).toArray()).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  it("+Infinity and NaN are not hidden", () => {
    expect(logsumexp(tensor([1, Infinity])).item()).toBe(Infinity);
    expect(softmax(tensor([1, Infinity])).toArray()).toEqual([0, NaN]);
    expect(logsumexp(tensor([1, NaN])).item()).toBeNaN();
  });

  it("of norms of huge and tiny entries", () => {
    for (const scale of [1e200, 1e-200, 1e-310]) {
      const x = tensor([3 * scale, -4 * scale]);
      expect(norm(x).item() / scale).toBeCloseTo(5, 9);
      expect(norm(x, { ord: 3 }).item() / scale).toBeCloseTo(91 ** (1 / 3), 9);
      grad((v: Tensor) => norm(v))(x).values.forEach((value, i) => expect(value).toBeCloseTo([0.6, -0.8][i]!, 9));
    }
    expect(norm(tensor([Infinity, 1])).item()).toBe(Infinity);
    expect(norm(tensor([NaN, 1])).item()).toBeNaN();
  });

  it("of norms at 0: the gradient is 0, to second order too", () => {
    for (const ord of [1, 2, 3, 1.5, Infinity]) {
      const first = grad((v: Tensor) => norm(v, { ord }));
      expect(
        first(tensor([0, 0]))
          .abs()
          .toArray(),
      ).toEqual([0, 0]);
    }
    expect(grad((v: Tensor) => sum(square(grad((u: Tensor) => norm(u))(v))))(tensor([0, 0])).toArray()).toEqual([0, 0]);
    expect(grad((v: Tensor) => std(v))(tensor([2, 2, 2])).toArray()).toEqual([0, 0, 0]);
    expect(
      vmap(grad((v: Tensor) => norm(v)))(
        tensor([
          [0, 0],
          [3, 4],
        ]),
      ).toArray(),
    ).toEqual([
      [0, 0],
      [0.6, 0.8],
    ]);
  });
});

describe("messages", () => {
  const messageOf = (call: () => unknown): string => {
    try {
      call();
    } catch (thrown) {
      return (thrown as Error).message;
    }
    return "no error";
  };

  it("say what is wrong and what to do", () => {
    const x = zeros([2, 0]);
    expect(messageOf(() => max(x, { axes: 1 }))).toMatchInlineSnapshot(
      `"max: an empty axis has no maximum — axes [1] of [2, 0]; reduce axes with entries"`,
    );
    expect(messageOf(() => argmin(x))).toMatchInlineSnapshot(
      `"argmin: an empty axis has no minimum — axes [0, 1] of [2, 0]; reduce axes with entries"`,
    );
    expect(messageOf(() => sum(x, { axes: 2 }))).toMatchInlineSnapshot(`"sum: no such axis — 2 for rank 2; give an integer from -2 to 1"`);
    expect(messageOf(() => sum(x, { axes: [0, -2] }))).toMatchInlineSnapshot(`"sum: an axis is named twice — axis 0; name each axis once"`);
    expect(messageOf(() => sum(x, { axes: {} as never }))).toMatchInlineSnapshot(
      `"sum: not an axis nor a list of axes — an empty object; give integers, or leave axes out for all"`,
    );
    expect(messageOf(() => sum(x, { axis: 1 } as never))).toMatchInlineSnapshot(
      `"sum: unknown option — "axis"; the options are axes, keepDims"`,
    );
    expect(messageOf(() => sum(x, 1 as never))).toMatchInlineSnapshot(
      `"sum: the options are not an object — 1; give an object with axes, keepDims, or write add(x, y)"`,
    );
    expect(messageOf(() => max(tensor([1, 2]), tensor([2, 1]) as never))).toMatchInlineSnapshot(
      `"max: the options are not an object — float64[2]; give an object with axes, keepDims, or write maximum(x, y)"`,
    );
    expect(messageOf(() => sum(tensor([1, 2]), 3 as never))).toMatchInlineSnapshot(
      `"sum: the options are not an object — 3; give an object with axes, keepDims, or write add(x, y)"`,
    );
    expect(messageOf(() => mean(x, { keepDims: 1 as never }))).toMatchInlineSnapshot(
      `"mean: keepDims is not a boolean — 1; give true or false"`,
    );
    expect(messageOf(() => variance(x, { ddof: -1 }))).toMatchInlineSnapshot(
      `"variance: ddof is not a number from 0 up — -1; give for example 1"`,
    );
    expect(messageOf(() => norm(x, { ord: 0 }))).toMatchInlineSnapshot(
      `"norm: ord is not a positive number — 0; give 1, 2, Infinity or another positive number"`,
    );
    expect(messageOf(() => softmax(tensor(1), { axes: 0 }))).toMatchInlineSnapshot(
      `"softmax: no such axis — 0 for rank 0; a scalar has no axes"`,
    );
    expect(messageOf(() => logsumexp([1, 2] as never))).toMatchInlineSnapshot(
      `"logsumexp: operand 0 is not a tensor — [1, 2]; wrap it in tensor(…)"`,
    );
  });
});
