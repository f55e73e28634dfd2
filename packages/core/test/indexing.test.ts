import {
  addAt,
  arange,
  at,
  type AtIndex,
  type DType,
  grad,
  less,
  oneHot,
  reshape,
  scatterAdd,
  setAt,
  type Shape,
  take,
  takeAlongAxis,
  type Tensor,
  tensor,
  vmap,
  zeros,
} from "@cotangent/core";
import { evaluate, type Graph, interval, pullback, recordFunction, toSystem } from "@cotangent/core/engine";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { build, distinct, entry, expectMoves, expectSame, type Index, indicesOf, message, part, placeOf, shapes } from "./reference.ts";

const list = (x: Tensor): number[] => Array.from(x.values);
const int32 = (data: number[], shape: Shape = [data.length]): Tensor => tensor(Int32Array.from(data), { shape });
const fromBack = (i: number, side: number): number => (i < 0 ? i + side : i);
const size = (shape: Shape): number => shape.reduce((product, side) => product * side, 1);

/** Indices of some shape into an axis of some side; none where the axis is empty. */
const indices = (side: number, shape: Shape): fc.Arbitrary<Tensor> =>
  side === 0
    ? fc.constant(int32([], [0]))
    : fc
        .array(fc.integer({ min: -side, max: side - 1 }), { minLength: size(shape), maxLength: size(shape) })
        .map((data) => int32(data, shape));

const taken = shapes(1, 3).chain((shape) =>
  fc
    .tuple(fc.nat(shape.length - 1), shapes(0, 2))
    .chain(([axis, own]) => fc.tuple(fc.constant(shape), fc.constant(axis), indices(shape[axis]!, own))),
);

/** The largest tensor that a graph makes on its way. */
const largest = (graph: Graph): number => Math.max(...graph.nodes.flatMap((node) => node.outputs.map((out) => out.size)));

describe("take", () => {
  test("picks along an axis, wherever the indices say", () => {
    fc.assert(
      fc.property(taken, ([shape, axis, chosen]) => {
        const outShape = [...shape.slice(0, axis), ...chosen.shape, ...shape.slice(axis + 1)];
        expectMoves(
          (x) => take(x, chosen, { axis }),
          shape,
          outShape,
          (index) => {
            const k = index.slice(axis, axis + chosen.rank);
            return [...index.slice(0, axis), fromBack(entry(chosen, k), shape[axis]!), ...index.slice(axis + chosen.rank)];
          },
        );
      }),
    );
  });

  test("without an axis it picks from the flattened tensor", () => {
    expectMoves(
      (x) => take(x, [[4, -1]]),
      [2, 3],
      [1, 2],
      ([, j]) =>
        [
          [1, 1],
          [1, 2],
        ][j!]!,
    );
    expect(take(tensor([5, 6]), 1).shape).toEqual([]);
  });

  test("indices are an int32 tensor, a number or nested arrays", () => {
    const x = tensor([10, 20, 30]);
    expect(list(take(x, int32([2, 0])))).toEqual([30, 10]);
    expect(list(take(x, [2, 0]))).toEqual([30, 10]);
    expect(take(x, -1).item()).toBe(30);
    expect(take(x, []).shape).toEqual([0]);
  });

  test("batches of tensors, of indices and of both are takes, at two levels too", () => {
    const [x, chosen] = [distinct([2, 3, 4]), int32([0, 2, 1, 1, -1, 0], [2, 3])];
    const wanted = (b: number, c: number): Tensor => take(part(x, b), part(chosen, c), { axis: 0 });
    const run = (y: Tensor, i: Tensor): Tensor => take(y, i, { axis: 0 });
    const both = vmap(run)(x, chosen);
    const left = vmap(run, { inAxes: [0, null] })(x, part(chosen, 1));
    const right = vmap(run, { inAxes: [null, 0] })(part(x, 1), chosen);
    const outer = vmap(vmap(run, { inAxes: [null, 0] }), { inAxes: [0, null] })(x, chosen);
    const swapped = vmap(vmap(run, { inAxes: [0, null] }), { inAxes: [null, 0] })(x, chosen);
    for (const b of [0, 1]) {
      expectSame(part(both, b), wanted(b, b));
      expectSame(part(left, b), wanted(b, 1));
      expectSame(part(right, b), wanted(1, b));
      for (const c of [0, 1]) {
        expectSame(part(part(outer, b), c), wanted(b, c));
        expectSame(part(part(swapped, c), b), wanted(b, c));
      }
    }
  });

  test("gradients through every mix of batches agree with the loop over examples", () => {
    const chosen = int32([0, 2, 1, 1, -1, 0], [2, 3]);
    const weights = distinct([2, 3, 4]);
    const term = (x: Tensor, i: Tensor, w: Tensor): Tensor => take(x, i, { axis: 0 }).mul(w).sum();
    for (const inAxes of [
      [0, 0, 0],
      [null, 0, 0],
      [0, null, 0],
      [0, 0, null],
    ] as const) {
      const x = distinct(inAxes[0] === 0 ? [2, 3, 4] : [3, 4]);
      const i = inAxes[1] === 0 ? chosen : part(chosen, 1);
      const w = inAxes[2] === 0 ? weights : part(weights, 1);
      const pick = (y: Tensor, axis: 0 | null, b: number): Tensor => (axis === 0 ? y.slice(b) : y);
      const batched = grad((y: Tensor, v: Tensor) => vmap(term, { inAxes })(y, i, v).sum(), { wrt: [0, 1] })(x, w);
      const looped = grad(
        (y: Tensor, v: Tensor) =>
          [0, 1].map((b) => term(pick(y, inAxes[0], b), pick(i, inAxes[1], b), pick(v, inAxes[2], b))).reduce((a, b) => a.add(b)),
        { wrt: [0, 1] },
      )(x, w);
      batched.forEach((one, k) => expectSame(one, looped[k]!));
    }
  });

  test("nothing in the gradient of a batched take outgrows the tensor and the output", () => {
    const [batch, vocabulary, width, length] = [8, 50, 4, 3];
    const table = zeros([vocabulary, width]);
    const words = int32(
      Array.from({ length: batch * length }, (_, i) => (i * 7) % vocabulary),
      [batch, length],
    );
    const shared = recordFunction(([x]) => [vmap((i: Tensor) => take(x!, i, { axis: 0 }))(words)], [table]);
    const graph = recordFunction(
      ([x, g]) => {
        const inner = recordFunction(([y]) => [vmap((i: Tensor) => take(y!, i, { axis: 0 }))(words)], [x!]);
        return [pullback(inner, [g!])[0]!];
      },
      [table, zeros([batch, length, width])],
    );
    expect(largest(shared)).toBe(batch * length * width);
    expect(largest(graph)).toBe(vocabulary * width);
  });

  test("sums of float32 gradients are rounded once", () => {
    const weights = tensor(Float32Array.from({ length: 4097 }, (_, i) => (i === 0 ? 1 : 2 ** -24)));
    const g = grad((x: Tensor) =>
      take(x, int32(new Array<number>(4097).fill(0)))
        .mul(weights)
        .sum(),
    )(tensor([0], "float32"));
    expect(g.item()).toBe(1 + 2 ** -12);
  });

  test("errors", () => {
    const x = zeros([3, 4]);
    expect(message(() => take(x, [0, 3], { axis: 0 }))).toMatchInlineSnapshot(
      `"take: index out of range — 3 for axis 0 of [3, 4]; give integers from -3 to 2"`,
    );
    expect(message(() => take(x, -5, { axis: 1 }))).toMatchInlineSnapshot(
      `"take: index out of range — -5 for axis 1 of [3, 4]; give integers from -4 to 3"`,
    );
    expect(message(() => take(x, 12))).toMatchInlineSnapshot(
      `"take: index out of range — 12 for axis 0 of [12]; give integers from -12 to 11"`,
    );
    expect(message(() => take(zeros([0]), [0]))).toMatchInlineSnapshot(
      `"take: index out of range — 0 for axis 0 of [0]; the axis is empty"`,
    );
    expect(message(() => take(x, 0.5))).toMatchInlineSnapshot(`"take: an index is not an integer — 0.5; give 32-bit integers"`);
    expect(message(() => take(x, tensor([0])))).toMatchInlineSnapshot(`"take: wrong dtype — float64, int32 expected; cast it first"`);
    expect(message(() => take(x, "0" as never))).toMatchInlineSnapshot(
      `"take: not indices — "0"; give an int32 tensor, an integer, or nested arrays of integers"`,
    );
    expect(message(() => take(x, [0], { axis: 2 }))).toMatchInlineSnapshot(
      `"take: no such axis — 2 for rank 2; give an integer from -2 to 1"`,
    );
    expect(message(() => take(x, [0], 1 as never))).toMatchInlineSnapshot(
      `"take: the options are not an object — 1; give an object with axis"`,
    );
    expect(message(() => take([1, 2] as never, [0]))).toMatchInlineSnapshot(
      `"take: operand 0 is not a tensor — [1, 2]; wrap it in tensor(…)"`,
    );
  });

  test("where no values are known, an index out of range reads NaN and adds nothing", () => {
    const graph = recordFunction(
      ([x, i]) => [take(x!, i!)],
      [
        { shape: [3], dtype: "float64" },
        { shape: [2], dtype: "int32" },
      ],
      { abstract: true },
    );
    const [out] = evaluate(graph, interval, [toSystem(tensor([1, 2, 3]), interval), toSystem(int32([5, -1]), interval)]);
    expect(out!.values.map((value) => interval.toNumber(value as never))).toEqual([Number.NaN, 3]);
    const adds = recordFunction(
      ([x, i]) => [scatterAdd(x!, i!, 1)],
      [
        { shape: [3], dtype: "float64" },
        { shape: [2], dtype: "int32" },
      ],
      { abstract: true },
    );
    const [sum] = evaluate(adds, interval, [toSystem(tensor([1, 2, 3]), interval), toSystem(int32([5, -1]), interval)]);
    expect(sum!.values.map((value) => interval.toNumber(value as never))).toEqual([1, 2, 4]);
  });
});

describe("takeAlongAxis", () => {
  test("picks place by place, the other axes broadcast", () => {
    const cases = shapes(1, 3, 1).chain((shape) =>
      fc.tuple(fc.nat(shape.length - 1), fc.nat(3), fc.array(fc.nat(3), { minLength: 6, maxLength: 6 })).chain(([axis, count, ones]) => {
        const own = shape.map((side, i) => (i === axis ? side : ones[i] === 0 ? 1 : side));
        const their = shape.map((side, i) => (i === axis ? count : ones[i + 3] === 0 ? 1 : side));
        return fc.tuple(fc.constant(own), fc.constant(axis), indices(own[axis]!, their));
      }),
    );
    fc.assert(
      fc.property(cases, ([shape, axis, chosen]) => {
        const outShape = shape.map((side, i) => (i === axis ? chosen.shape[i]! : Math.max(side, chosen.shape[i]!)));
        const within = (index: Index, sides: Shape): number[] => index.map((i, own) => (sides[own] === 1 ? 0 : i));
        expectMoves(
          (x) => takeAlongAxis(x, chosen, { axis }),
          shape,
          outShape,
          (index) => {
            const where = within(index, chosen.shape).map((i, own) => (own === axis ? index[axis]! : i));
            return within(index, shape).map((i, own) => (own === axis ? fromBack(entry(chosen, where), shape[axis]!) : i));
          },
        );
      }),
    );
  });

  test("batches of tensors, of indices and of both", () => {
    const [x, chosen] = [distinct([2, 3, 4]), int32([0, 2, 1, 1, -1, 0, 2, 2, 0, 1, 0, 3], [2, 3, 2])];
    const both = vmap((y: Tensor, i: Tensor) => takeAlongAxis(y, i))(x, chosen);
    const right = vmap((i: Tensor) => takeAlongAxis(part(x, 1), i))(chosen);
    for (const b of [0, 1]) {
      expectSame(part(both, b), takeAlongAxis(part(x, b), part(chosen, b)));
      expectSame(part(right, b), takeAlongAxis(part(x, 1), part(chosen, b)));
    }
  });

  test("errors", () => {
    expect(message(() => takeAlongAxis(zeros([2, 3]), [0]))).toMatchInlineSnapshot(
      `"takeAlongAxis: ranks differ — [2, 3] and indices [1]; give indices of the tensor's rank"`,
    );
    expect(message(() => takeAlongAxis(zeros([2, 3]), [[0], [0], [0]]))).toMatchInlineSnapshot(
      `"takeAlongAxis: cannot broadcast [2] with [3] — axis -1 has sizes 2 and 3; make them equal or one of them 1"`,
    );
    expect(message(() => takeAlongAxis(zeros([2, 3]), [[3]]))).toMatchInlineSnapshot(
      `"takeAlongAxis: index out of range — 3 for axis 1 of [2, 3]; give integers from -3 to 2"`,
    );
  });
});

describe("scatterAdd", () => {
  test("adds where take reads, duplicates and all", () => {
    fc.assert(
      fc.property(taken, fc.constantFrom<DType>("float64", "float32", "int32"), ([shape, axis, chosen], dtype) => {
        const x = distinct(shape, dtype);
        const updates = distinct([...shape.slice(0, axis), ...chosen.shape, ...shape.slice(axis + 1)], dtype);
        const wanted = Float64Array.from(x.values);
        for (const index of indicesOf(updates.shape)) {
          const k = index.slice(axis, axis + chosen.rank);
          const to = [...index.slice(0, axis), fromBack(entry(chosen, k), shape[axis]!), ...index.slice(axis + chosen.rank)];
          wanted[placeOf(to, shape)]! += entry(updates, index);
        }
        expectSame(scatterAdd(x, chosen, updates, { axis }), tensor(wanted, { shape, dtype }));
      }),
    );
  });

  test("its gradient is a take", () => {
    const weights = tensor([1, 10, 100]);
    const [gx, gu] = grad((x: Tensor, u: Tensor) => scatterAdd(x, [0, 2, 2], u).mul(weights).sum(), { wrt: [0, 1] })(
      zeros([3]),
      zeros([3]),
    );
    expect(list(gx)).toEqual([1, 10, 100]);
    expect(list(gu)).toEqual([1, 100, 100]);
  });

  test("updates broadcast, batches mix", () => {
    expect(list(scatterAdd(zeros([3]), [0, 0, 1], 1))).toEqual([2, 1, 0]);
    const counts = vmap((labels: Tensor) => scatterAdd(zeros([3]), labels, 1))(int32([0, 0, 1, 2, 2, 2], [2, 3]));
    expect(list(counts)).toEqual([2, 1, 0, 0, 0, 3]);
    const both = vmap((u: Tensor) => scatterAdd(zeros([2]), [1, 1], u))(
      tensor([
        [1, 2],
        [3, 4],
      ]),
    );
    expect(list(both)).toEqual([0, 3, 0, 7]);
    expect(scatterAdd(tensor([true, true]), [0], true).toString()).toBe("tensor([2, 1], int32)");
  });

  test("errors", () => {
    expect(message(() => scatterAdd(zeros([3]), [3], 1))).toMatchInlineSnapshot(
      `"scatterAdd: index out of range — 3 for axis 0 of [3]; give integers from -3 to 2"`,
    );
    expect(message(() => scatterAdd(zeros([3]), [0, 1], zeros([3])))).toMatchInlineSnapshot(
      `"scatterAdd: cannot broadcast [3] with [2] — axis -1 has sizes 3 and 2; make them equal or one of them 1"`,
    );
    expect(message(() => scatterAdd(zeros([3]), [0, 1], zeros([1, 2])))).toMatchInlineSnapshot(
      `"scatterAdd: the updates do not fit — [1, 2] for entries of shape [2]; give updates that broadcast to it"`,
    );
  });
});

describe("at", () => {
  /** NumPy's rule for integer indices (and whole axes), by loops: their common shape goes where they stand together, else in front. */
  function expectAt(shape: Shape, items: readonly (Tensor | null)[]): void {
    const axes = shape.map((_, axis) => axis).filter((axis) => items[axis] instanceof Object);
    const tensors = axes.map((axis) => items[axis] as Tensor);
    const rank = Math.max(...tensors.map((x) => x.rank));
    const common = Array.from({ length: rank }, (_, i) => Math.max(...tensors.map((x) => x.shape[i - rank + x.rank] ?? 1)));
    const together = axes.at(-1)! - axes[0]! === axes.length - 1;
    const front = together ? axes[0]! : 0;
    const rest = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
    const outShape = [...rest.slice(0, front).map((axis) => shape[axis]!), ...common, ...rest.slice(front).map((axis) => shape[axis]!)];
    expectMoves(
      (x) => at(x, ...items),
      shape,
      outShape,
      (index) => {
        const k = index.slice(front, front + rank);
        const others = [...index.slice(0, front), ...index.slice(front + rank)];
        return shape.map((side, axis) => {
          if (!axes.includes(axis)) return others[rest.indexOf(axis)]!;
          const x = items[axis] as Tensor;
          return fromBack(
            entry(
              x,
              k.slice(rank - x.rank).map((i, own) => (x.shape[own] === 1 ? 0 : i)),
            ),
            side,
          );
        });
      },
    );
  }

  test("integer tensors on several axes broadcast and pick entry by entry", () => {
    const cases = shapes(1, 4, 1, 3).chain((shape) =>
      shapes(0, 2, 1, 3).chain((common) => {
        const item = (side: number): fc.Arbitrary<Tensor | null> =>
          fc.oneof(
            fc.constant(null),
            fc.nat(common.length).chain((drop) => indices(side, common.slice(drop))),
            indices(
              side,
              common.map(() => 1),
            ),
          );
        return fc.tuple(fc.constant(shape), fc.tuple(...shape.map(item)));
      }),
    );
    fc.assert(
      fc.property(cases, ([shape, items]) => {
        fc.pre(items.some((item) => item !== null));
        expectAt(shape, items);
      }),
    );
  });

  test("shapes are NumPy's", () => {
    const x = zeros([2, 3, 4]);
    const shapeOf = (...items: AtIndex[]): Shape => at(x, ...items).shape;
    expect(shapeOf([0, 1], null, [1, 2])).toEqual([2, 3]);
    expect(shapeOf(null, [0, 1, 2], [1, 2, 3])).toEqual([2, 3]);
    expect(shapeOf(0, null, [1, 2])).toEqual([2, 3]);
    expect(shapeOf(0, [1, 2])).toEqual([2, 4]);
    expect(
      shapeOf("...", [
        [0, 1],
        [2, 3],
      ]),
    ).toEqual([2, 3, 2, 2]);
    expect(shapeOf([[0], [1]], [0, 1, 2])).toEqual([2, 3, 4]);
    expect(shapeOf("::-1", "1:", -1)).toEqual([2, 2]);
    expect(shapeOf(0, 1, 2)).toEqual([]);
    expect(shapeOf("0, ..., 1")).toEqual([3]);
    expect(shapeOf([])).toEqual([0, 3, 4]);
    expect(shapeOf()).toEqual([2, 3, 4]);
  });

  test("ranges and integers together", () => {
    expectMoves(
      (x) => at(x, "1:", [2, 0]),
      [3, 3, 2],
      [2, 2, 2],
      ([i, j, k]) => [i! + 1, [2, 0][j!]!, k!],
    );
    expectMoves(
      (x) => at(x, [1, 1], "::-1", 0),
      [2, 3, 2],
      [2, 3],
      ([, j]) => [1, 2 - j!, 0],
    );
  });

  test("an integer in a string is one like any other", () => {
    const x = distinct([2, 3, 4]);
    const same = (...pairs: readonly [AtIndex[], AtIndex[]][]): void => {
      for (const [text, plain] of pairs) expect(at(x, ...text).toArray()).toEqual(at(x, ...plain).toArray());
    };
    same(
      [
        ["1", [0, 2]],
        [1, [0, 2]],
      ],
      [
        ["-1, ...", [3, 0]],
        [-1, null, [3, 0]],
      ],
      [
        [[1, 0], "2"],
        [[1, 0], 2],
      ],
      [
        ["1", "0", "::-1"],
        [1, 0, "::-1"],
      ],
    );
    expect(at(x, "1", [0, 2]).shape).toEqual([2, 4]);
    expect(setAt(zeros([2, 3]), ["1", [0, 2]], 5).toArray()).toEqual([
      [0, 0, 0],
      [5, 0, 5],
    ]);
  });

  test("masks pick their true entries in order", () => {
    const shapeAndMask = shapes(1, 3).chain((shape) =>
      fc.integer({ min: 1, max: shape.length }).chain((rank) => {
        const own = shape.slice(0, rank);
        return fc.tuple(
          fc.constant(shape),
          fc
            .array(fc.boolean(), { minLength: size(own), maxLength: size(own) })
            .map((data) => tensor(Uint8Array.from(data, Number), { shape: own })),
        );
      }),
    );
    fc.assert(
      fc.property(shapeAndMask, ([shape, mask]) => {
        const x = distinct(shape);
        const chosen = indicesOf(mask.shape).filter((index) => entry(mask, index) !== 0);
        expectSame(
          at(x, mask),
          build([chosen.length, ...shape.slice(mask.rank)], ([k, ...rest]) => entry(x, [...chosen[k!]!, ...rest])),
        );
      }),
    );
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(list(at(x, null, [true, false, true]))).toEqual([1, 3, 4, 6]);
    expect(list(at(x, [1, 0], [true, false, true]))).toEqual([4, 3]);
    expect(list(grad((y: Tensor) => at(y, less(2, y)).square().sum())(x))).toEqual([0, 0, 6, 8, 10, 12]);
  });

  test("one index of a batch", () => {
    const picked = vmap((row: Tensor, i: Tensor) => at(row, i))(distinct([3, 4]), int32([2, 0, -1]));
    expect(list(picked)).toEqual([2, 0, 3].map((column, row) => entry(distinct([3, 4]), [row, column])));
    const pairs = vmap((i: Tensor, j: Tensor) => at(distinct([3, 4]), i, j), { inAxes: [0, null] })(int32([2, 0, -1]), int32([1, 3]));
    expectSame(
      pairs,
      build([3, 2], ([b, k]) => entry(distinct([3, 4]), [[2, 0, 2][b!]!, [1, 3][k!]!])),
    );
  });

  test("errors", () => {
    const x = zeros([3, 4]);
    expect(message(() => at(x, [0, 3]))).toMatchInlineSnapshot(
      `"at: index out of range — 3 for axis 0 of [3, 4]; give integers from -3 to 2"`,
    );
    expect(message(() => at(x, [0, 1], [0, 4]))).toMatchInlineSnapshot(
      `"at: index out of range — 4 for axis 1 of [3, 4]; give integers from -4 to 3"`,
    );
    expect(message(() => at(x, 3))).toMatchInlineSnapshot(`"at: index out of range — 3 for axis 0 of [3, 4]; give integers from -3 to 2"`);
    expect(message(() => at(x, 0, 0, 0))).toMatchInlineSnapshot(`"at: too many indices — 3 for [3, 4]; give at most 2"`);
    expect(message(() => at(x, [0, 1], [0, 1, 2]))).toMatchInlineSnapshot(
      `"at: cannot broadcast [2] with [3] — axis -1 has sizes 2 and 3; make them equal or one of them 1"`,
    );
    expect(message(() => at(x, tensor([0])))).toMatchInlineSnapshot(`"at: wrong dtype — float64, int32 expected; cast it first"`);
    expect(message(() => at(x, [true, false]))).toMatchInlineSnapshot(
      `"at: the mask does not fit — [2] for axes [3] of [3, 4]; give a mask of the shape of the axes it stands for"`,
    );
    expect(message(() => at(x, true as never))).toMatchInlineSnapshot(
      `"at: not an index — true; give an integer, an int32 tensor, a mask, null, or a string such as "1:-1""`,
    );
    expect(message(() => at(x, {} as never))).toMatchInlineSnapshot(
      `"at: not an index — an empty object; give an integer, an int32 tensor, a mask, null, or a string such as "1:-1""`,
    );
    expect(message(() => at(x, "0:1:1:1"))).toMatchInlineSnapshot(
      `"at: not an index — "0:1:1:1"; give an integer, [start, stop, step], null, or a string such as "1:-1" or "...""`,
    );
    expect(message(() => vmap((row: Tensor) => at(row, less(row, 0)))(x))).toMatchInlineSnapshot(
      `"at: a mask is read for its values — bool[4] while tracing on shapes, so the size of the result is unknown; use where, or integer indices"`,
    );
  });
});

describe("setAt and addAt", () => {
  const updates = shapes(1, 3, 1, 3).chain((shape) => {
    const item = (side: number): fc.Arbitrary<AtIndex> =>
      fc.oneof(
        fc.constant<AtIndex>(null),
        fc.integer({ min: -side, max: side - 1 }),
        fc.constantFrom<AtIndex>("::-1", "1:"),
        indices(side, [2]),
      );
    return fc.tuple(fc.constant(shape), fc.tuple(...shape.map(item)));
  });

  test("write and add where at reads", () => {
    fc.assert(
      fc.property(updates, ([shape, items]) => {
        const x = distinct(shape);
        const places = list(at(reshape(arange(size(shape)), shape), ...items));
        const outShape = at(x, ...items).shape;
        const values = distinct(outShape).mul(1000);
        const [set, added, written] = [[...x.values], [...x.values], x.values.map(() => -1)];
        places.forEach((place, k) => {
          set[place] = values.values[k]!;
          added[place]! += values.values[k]!;
          written[place] = k;
        });
        expectSame(setAt(x, items, values), tensor(Float64Array.from(set), { shape }));
        expectSame(addAt(x, items, values), tensor(Float64Array.from(added), { shape }));
        const weights = distinct(shape);
        const [gx, gv] = grad((y: Tensor, v: Tensor) => setAt(y, items, v).mul(weights).sum(), { wrt: [0, 1] })(x, values);
        expect(list(gx)).toEqual(list(weights).map((w, place) => (written[place] === -1 ? w : 0)));
        expect(list(gv)).toEqual(places.map((place, k) => (written[place] === k ? weights.values[place] : 0)));
        const sum = grad((v: Tensor) => addAt(x, items, v).mul(weights).sum())(values);
        expect(list(sum)).toEqual(places.map((place) => weights.values[place]));
      }),
    );
  });

  test("values broadcast and promote, one index needs no list", () => {
    expect(list(setAt(zeros([2, 3]), 1, 7))).toEqual([0, 0, 0, 7, 7, 7]);
    expect(list(setAt(zeros([2, 3]), [[0, 1]], tensor([1, 2, 3])))).toEqual([1, 2, 3, 1, 2, 3]);
    expect(list(setAt(zeros([2, 3]), [0, 1], 5))).toEqual([0, 5, 0, 0, 0, 0]);
    expect(list(setAt(tensor([1, 2, 3]), less(tensor([1, 2, 3]), 3), 0))).toEqual([0, 0, 3]);
    expect(setAt(tensor([1, 2], "int32"), 0, 0.5).toString()).toBe("tensor([0.5, 2.0], float64)");
    expect(setAt(tensor([1, 2], "int32"), [[]], 0.5).dtype).toBe("float64");
    expect(list(setAt(zeros([3]), [[]], 1))).toEqual([0, 0, 0]);
  });

  test("batches of tensors, indices and values", () => {
    const [x, chosen, values] = [
      distinct([2, 4]),
      int32([0, 0, 3, 1], [2, 2]),
      tensor([
        [1000, 2000],
        [3000, 4000],
      ]),
    ];
    const run = (y: Tensor, i: Tensor, v: Tensor): Tensor => setAt(y, [i], v);
    for (const inAxes of [
      [0, 0, 0],
      [null, 0, 0],
      [0, null, 0],
      [0, 0, null],
      [null, 0, null],
      [null, null, 0],
    ] as const) {
      const args = [x, chosen, values].map((one, k) => (inAxes[k] === 0 ? one : part(one, 1))) as [Tensor, Tensor, Tensor];
      const got = vmap(run, { inAxes })(...args);
      for (const b of [0, 1]) {
        const own = args.map((one, k) => (inAxes[k] === 0 ? part(one, b) : one)) as [Tensor, Tensor, Tensor];
        expectSame(part(got, b), run(...own));
      }
    }
    const gradients = vmap(grad((v: Tensor, i: Tensor) => setAt(part(x, 0), [i], v).sum()))(values, chosen);
    expect(list(gradients)).toEqual([0, 1, 1, 1]);
  });

  test("a NaN that is replaced leaks nothing", () => {
    const g = grad((x: Tensor) => setAt(x.log(), 0, 0).sum())(tensor([0, 2]));
    expect(list(g)).toEqual([0, 0.5]);
  });

  test("errors", () => {
    expect(message(() => setAt(zeros([3]), 3, 1))).toMatchInlineSnapshot(
      `"setAt: index out of range — 3 for axis 0 of [3]; give integers from -3 to 2"`,
    );
    expect(message(() => setAt(zeros([3]), [[0, 1]], zeros([3])))).toMatchInlineSnapshot(
      `"setAt: cannot broadcast [3] with [2] — axis -1 has sizes 3 and 2; make them equal or one of them 1"`,
    );
    expect(message(() => addAt(zeros([3]), [0, 0], 1))).toMatchInlineSnapshot(`"addAt: too many indices — 2 for [3]; give at most 1"`);
    expect(message(() => addAt(zeros([3]), [[0, 1.5]], 1))).toMatchInlineSnapshot(
      `"addAt: an index is not an integer — 1.5; give 32-bit integers"`,
    );
  });
});

describe("oneHot", () => {
  test("a one where the class is", () => {
    fc.assert(
      fc.property(
        shapes(0, 2).chain((shape) => fc.tuple(indices(4, shape), fc.nat(4))),
        ([labels, classes]) => {
          expectSame(
            oneHot(labels, classes),
            build([...labels.shape, classes], (index) => (entry(labels, index.slice(0, -1)) === index.at(-1) ? 1 : 0)),
          );
        },
      ),
    );
    expect(oneHot(1, 2, { dtype: "int32" }).toString()).toBe("tensor([0, 1], int32)");
    expect(list(vmap((i: Tensor) => oneHot(i, 2))(int32([1, 0])))).toEqual([0, 1, 1, 0]);
  });

  test("errors", () => {
    expect(message(() => oneHot([0], -1))).toMatchInlineSnapshot(
      `"oneHot: the number of classes is not an integer of at least 0 — -1; give one"`,
    );
    expect(message(() => oneHot([0.5], 2))).toMatchInlineSnapshot(`"oneHot: an index is not an integer — 0.5; give 32-bit integers"`);
    expect(message(() => oneHot([0], 2, { dtype: "int" as never }))).toMatchInlineSnapshot(
      `"oneHot: unknown dtype — "int"; give "bool", "int32", "float32" or "float64""`,
    );
  });
});
