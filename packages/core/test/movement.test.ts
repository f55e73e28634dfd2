import {
  arange,
  broadcastTo,
  concat,
  diag,
  diagonal,
  expandDims,
  flip,
  grad,
  matrixTranspose,
  moveAxis,
  pad,
  type PadMode,
  permute,
  repeat,
  reshape,
  roll,
  slice,
  type SliceItem,
  split,
  squeeze,
  stack,
  swapAxes,
  type Tensor,
  tensor,
  tile,
  trace,
  transpose,
  tril,
  triu,
  vmap,
  zeros,
} from "@cotangent/core";
import { pullback, recordFunction } from "@cotangent/core/engine";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { build, distinct, entry, expectMoves, expectSame, type Index, indicesOf, message, part, placeOf, shapes } from "./reference.ts";

const list = (x: Tensor): number[] => Array.from(x.values);
const size = (shape: Index): number => shape.reduce((product, side) => product * side, 1);

/** A shape with an order of its axes. */
const permuted = shapes().chain((shape) =>
  fc
    .shuffledSubarray(
      shape.map((_, axis) => axis),
      { minLength: shape.length },
    )
    .map((order) => ({ shape, order })),
);

/** A shape with one of its axes. */
const withAxis = (minSide = 0) =>
  shapes(1, 3, minSide).chain((shape) => fc.record({ shape: fc.constant(shape), axis: fc.nat(shape.length - 1) }));

const replaced = (index: Index, axis: number, at: number): number[] => index.map((i, own) => (own === axis ? at : i));

describe("order of axes", () => {
  test("permute and transpose put axis order[i] at place i", () => {
    fc.assert(
      fc.property(permuted, ({ shape, order }) => {
        const source = (index: Index): number[] => shape.map((_, axis) => index[order.indexOf(axis)]!);
        for (const f of [permute, transpose])
          expectMoves(
            (x) => f(x, order),
            shape,
            order.map((axis) => shape[axis]!),
            source,
          );
      }),
      { numRuns: 40 },
    );
  });

  test("large transpositions, which are walked in blocks", () => {
    const cases: [number[], number[]][] = [
      [
        [33, 65],
        [1, 0],
      ],
      [
        [5, 40, 37],
        [0, 2, 1],
      ],
      [
        [31, 3, 41],
        [2, 1, 0],
      ],
      [
        [9, 10, 11, 12],
        [3, 1, 0, 2],
      ],
      [
        [64, 8],
        [1, 0],
      ],
      [
        [8, 2, 300],
        [1, 2, 0],
      ],
    ];
    for (const [shape, order] of cases) {
      const x = reshape(arange(size(shape)), shape);
      const got = permute(x, order);
      expectSame(
        got,
        build(
          order.map((axis) => shape[axis]!),
          (index) =>
            entry(
              x,
              shape.map((_, axis) => index[order.indexOf(axis)]!),
            ),
        ),
      );
    }
  });

  test("transpose reverses, matrixTranspose exchanges the last two", () => {
    expectMoves(
      (x) => transpose(x),
      [2, 3, 4],
      [4, 3, 2],
      ([i, j, k]) => [k!, j!, i!],
    );
    expectMoves(
      (x) => matrixTranspose(x),
      [2, 3, 4],
      [2, 4, 3],
      ([i, j, k]) => [i!, k!, j!],
    );
  });

  test("swapAxes and moveAxis", () => {
    expectMoves(
      (x) => swapAxes(x, 0, -1),
      [2, 3, 4],
      [4, 3, 2],
      ([i, j, k]) => [k!, j!, i!],
    );
    expectMoves(
      (x) => moveAxis(x, 0, -1),
      [2, 3, 4],
      [3, 4, 2],
      ([i, j, k]) => [k!, i!, j!],
    );
    expectMoves(
      (x) => moveAxis(x, [2, 0], [0, 1]),
      [2, 3, 4],
      [4, 2, 3],
      ([i, j, k]) => [j!, k!, i!],
    );
  });

  test("errors", () => {
    const x = zeros([2, 3]);
    expect(message(() => permute(x, [0]))).toMatchInlineSnapshot(
      `"permute: not an order of the 2 axes of [2, 3] — [0]; name every axis once"`,
    );
    expect(message(() => transpose(x, [0, 0]))).toMatchInlineSnapshot(`"transpose: an axis is named twice — axis 0; name each axis once"`);
    expect(message(() => matrixTranspose(tensor([1])))).toMatchInlineSnapshot(
      `"matrixTranspose: not a matrix — float64[1]; give a tensor of rank 2 or more"`,
    );
    expect(message(() => swapAxes(x, 0, 2))).toMatchInlineSnapshot(`"swapAxes: no such axis — 2 for rank 2; give an integer from -2 to 1"`);
    expect(message(() => moveAxis(x, [0, 1], 0))).toMatchInlineSnapshot(
      `"moveAxis: the lists of axes differ in length — [0, 1] to [0]; give one place an axis"`,
    );
  });
});

describe("axes of side 1", () => {
  test("squeeze, expandDims and reshape keep the order of entries", () => {
    const same =
      (from: Index, to: Index) =>
      (index: Index): number[] =>
        indicesOf(from)[placeOf(index, to)]!;
    expectMoves((x) => squeeze(x), [1, 3, 1, 2], [3, 2], same([1, 3, 1, 2], [3, 2]));
    expectMoves((x) => squeeze(x, -2), [1, 3, 1, 2], [1, 3, 2], same([1, 3, 1, 2], [1, 3, 2]));
    expectMoves((x) => expandDims(x, [0, -1]), [3, 2], [1, 3, 2, 1], same([3, 2], [1, 3, 2, 1]));
    expectMoves((x) => expandDims(x, 1), [0, 2], [0, 1, 2], same([0, 2], [0, 1, 2]));
    expectMoves((x) => reshape(x, [4, -1]), [2, 6], [4, 3], same([2, 6], [4, 3]));
    expect(squeeze(zeros([1, 1])).shape).toEqual([]);
  });

  test("broadcastTo repeats", () => {
    expectMoves(
      (x) => broadcastTo(x, [2, 3, 4]),
      [3, 1],
      [2, 3, 4],
      ([, j]) => [j!, 0],
    );
    expectMoves(
      (x) => broadcastTo(x, [0, 3]),
      [1, 3],
      [0, 3],
      ([, j]) => [0, j!],
    );
  });

  test("errors", () => {
    expect(message(() => squeeze(zeros([2, 1]), 0))).toMatchInlineSnapshot(
      `"squeeze: an axis is not of side 1 — axis 0 of [2, 1]; name axes of side 1"`,
    );
    expect(message(() => expandDims(zeros([2]), 3))).toMatchInlineSnapshot(
      `"expandDims: no such axis — 3 for rank 2; give an integer from -2 to 1"`,
    );
    expect(message(() => expandDims(zeros([2]), [0, 0]))).toMatchInlineSnapshot(
      `"expandDims: an axis is named twice — axis 0; name each axis once"`,
    );
    expect(message(() => reshape(zeros([2, 3]), [4, -1]))).toMatchInlineSnapshot(
      `"reshape: no side for -1 fits — [2, 3] to [4, -1]; the known sides must divide the number of entries"`,
    );
    expect(message(() => reshape(zeros([2, 3]), [4]))).toMatchInlineSnapshot(
      `"reshape: the entries do not fill the shape — 6 entries, [4] holds 4; give a shape with 6 entries"`,
    );
    expect(message(() => broadcastTo(zeros([2, 3]), [3]))).toMatchInlineSnapshot(
      `"broadcastTo: the shape would have to shrink — [2, 3] to [3]; give a shape that the input's broadcasts to"`,
    );
  });
});

describe("joining and parting", () => {
  test("concat and stack", () => {
    fc.assert(
      fc.property(withAxis(), fc.array(fc.nat(3), { minLength: 1, maxLength: 3 }), ({ shape, axis }, sides) => {
        const parts = sides.map((side, i) => distinct(replaced(shape, axis, side)).add(1000 * i));
        const starts = sides.map((_, i) => sides.slice(0, i).reduce((sum, side) => sum + side, 0));
        const total = sides.reduce((sum, side) => sum + side, 0);
        const wanted = build(replaced(shape, axis, total), (index) => {
          const k = starts.findLastIndex((start, i) => index[axis]! >= start && sides[i]! > 0);
          return entry(parts[k]!, replaced(index, axis, index[axis]! - starts[k]!));
        });
        expectSame(concat(parts, axis), wanted);
        expectSame(concat(parts, axis - shape.length), wanted);
        const twins = [distinct(shape), distinct(shape).neg()];
        const stacked = stack(twins, axis);
        expect(stacked.shape).toEqual([...shape.slice(0, axis), 2, ...shape.slice(axis)]);
        for (const index of indicesOf(stacked.shape)) {
          expect(entry(stacked, index)).toBe(
            entry(
              twins[index[axis]!]!,
              index.filter((_, own) => own !== axis),
            ),
          );
        }
      }),
    );
  });

  test("concat promotes dtypes and takes numbers with stack", () => {
    expect(concat([tensor([true]), tensor([2], "int32")]).dtype).toBe("int32");
    expect(concat([tensor([1], "int32"), tensor([0.5], "float32")]).toString()).toBe("tensor([1.0, 0.5], float32)");
    expect(stack([tensor(1), 2]).toString()).toBe("tensor([1, 2], float64)");
  });

  test("split cuts, and concat joins again", () => {
    fc.assert(
      fc.property(withAxis(), fc.array(fc.nat(5), { maxLength: 3 }), ({ shape, axis }, cuts) => {
        const x = distinct(shape);
        cuts.sort((a, b) => a - b);
        const parts = split(x, cuts, axis);
        expect(parts.length).toBe(cuts.length + 1);
        expectSame(concat(parts, axis), x);
        const weights = parts.map((_, i) => i + 2);
        const gradient = grad((y: Tensor) => split(y, cuts, axis).reduce((sum, one, i) => sum.add(one.sum().mul(weights[i]!)), tensor(0)))(
          x,
        );
        const bounds = cuts.map((cut) => Math.min(cut, shape[axis]!));
        expectSame(
          gradient,
          build(shape, (index) => weights[bounds.filter((cut) => cut <= index[axis]!).length]!),
        );
        const batch = distinct([2, ...shape]);
        const batched = vmap((y: Tensor) => split(y, cuts, axis))(batch);
        batched.forEach((one, i) => {
          for (const b of [0, 1]) expectSame(part(one, b), split(part(batch, b), cuts, axis)[i]!);
        });
      }),
    );
    expect(split(arange(6), 3).map(list)).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
    expect(split(arange(6), [-2]).map(list)).toEqual([
      [0, 1, 2, 3],
      [4, 5],
    ]);
  });

  test("the work of the gradient does not grow with the number of parts", () => {
    const work = (count: number): number => {
      const graph = recordFunction(
        ([x]) => {
          const parts = recordFunction(([y]) => split(y!, count), [x!]);
          return pullback(parts, parts.outputs) as Tensor[];
        },
        [zeros([64, 3])],
      );
      return graph.nodes.flatMap((node) => node.outputs).reduce((sum, out) => sum + out.size, 0);
    };
    expect(work(64)).toBe(work(1));
  });

  test("tile and repeat", () => {
    expectMoves(
      (x) => tile(x, [2, 3]),
      [2, 3],
      [4, 9],
      ([i, j]) => [i! % 2, j! % 3],
    );
    expectMoves(
      (x) => tile(x, 2),
      [2, 3],
      [2, 6],
      ([i, j]) => [i!, j! % 3],
    );
    expectMoves(
      (x) => tile(x, [2, 1, 2]),
      [3],
      [2, 1, 6],
      ([, , k]) => [k! % 3],
    );
    expectMoves(
      (x) => tile(x, 0),
      [3],
      [0],
      () => [0],
    );
    expectMoves(
      (x) => repeat(x, 2, 1),
      [2, 3],
      [2, 6],
      ([i, j]) => [i!, j! >> 1],
    );
    expectMoves(
      (x) => repeat(x, [1, 0, 2], -1),
      [2, 3],
      [2, 3],
      ([i, j]) => [i!, [0, 2, 2][j!]!],
    );
    expectMoves(
      (x) => repeat(x, 2),
      [2, 2],
      [8],
      ([k]) => [k! >> 2, (k! >> 1) % 2],
    );
  });

  test("errors", () => {
    expect(message(() => concat([]))).toMatchInlineSnapshot(`"concat: no tensors to join — []; give a list of at least one"`);
    expect(message(() => concat([zeros([2, 3]), zeros([3, 3])], 1))).toMatchInlineSnapshot(
      `"concat: shapes differ off the joined axis — [2, 3] and [3, 3] along axis 1; make the other sides equal"`,
    );
    expect(message(() => stack([zeros([2]), zeros([3])]))).toMatchInlineSnapshot(
      `"stack: shapes differ — [2] and [3]; give tensors of one shape"`,
    );
    expect(message(() => split(zeros([5]), 2))).toMatchInlineSnapshot(
      `"split: the axis does not divide — axis 0 of [5] into 2 parts; give a divisor, or the positions to cut at"`,
    );
    expect(message(() => split(zeros([5]), [3, 1]))).toMatchInlineSnapshot(`"split: the positions do not rise — [3, 1]; sort them"`);
    expect(message(() => tile(zeros([2]), -1))).toMatchInlineSnapshot(
      `"tile: a number of repetitions is not an integer of at least 0 — -1; give one"`,
    );
    expect(message(() => repeat(zeros([2]), [1]))).toMatchInlineSnapshot(
      `"repeat: counts and entries differ in number — 1 for axis 0 of [2]; give one count an entry"`,
    );
    expect(message(() => repeat(zeros([2]), 1, 1))).toMatchInlineSnapshot(
      `"repeat: no such axis — 1 for rank 1; give an integer from -1 to 0"`,
    );
  });
});

/** Python's range of positions: those between the ends, in steps from the first. */
function pythonRange(side: number, [start, stop, step]: readonly (number | null)[]): number[] {
  const by = step ?? 1;
  const fromEnd = (at: number): number => (at < 0 ? at + side : at);
  const out: number[] = [];
  if (by > 0) {
    const end = stop === null || stop === undefined ? side : Math.min(fromEnd(stop), side);
    for (let i = start === null || start === undefined ? 0 : Math.max(fromEnd(start), 0); i < end; i += by) out.push(i);
  } else {
    const end = stop === null || stop === undefined ? -1 : Math.max(fromEnd(stop), -1);
    for (let i = start === null || start === undefined ? side - 1 : Math.min(fromEnd(start), side - 1); i > end; i += by) out.push(i);
  }
  return out;
}

describe("slice", () => {
  test("ranges are Python's", () => {
    const x = arange(10);
    // list(range(10))[…] in Python 3.
    const known: [string, number[]][] = [
      ["-3:1:-1", [7, 6, 5, 4, 3, 2]],
      ["::-3", [9, 6, 3, 0]],
      ["100::-4", [9, 5, 1]],
      ["-100:3", [0, 1, 2]],
      ["3:-100:-1", [3, 2, 1, 0]],
      ["5:5", []],
      ["7:2", []],
      ["2:7:-1", []],
      ["-1:", [9]],
      [":-8", [0, 1]],
      ["1:9:3", [1, 4, 7]],
      [" -4 : ", [6, 7, 8, 9]],
    ];
    for (const [text, wanted] of known) expect(list(slice(x, text)), text).toEqual(wanted);
  });

  test("ranges, entries and whole axes pick what nested loops pick", () => {
    const position = (side: number) => fc.option(fc.integer({ min: -side - 2, max: side + 2 }));
    const item = (side: number): fc.Arbitrary<SliceItem> => {
      const range = fc.tuple(position(side), position(side), fc.constantFrom(null, 1, 2, 3, -1, -2));
      return side === 0 ? range : fc.oneof(range, fc.integer({ min: -side, max: side - 1 }), fc.constant(null));
    };
    const cases = shapes(0, 3, 0, 5).chain((shape) => fc.tuple(fc.constant(shape), fc.tuple(...shape.map(item)), fc.nat(shape.length)));
    fc.assert(
      fc.property(cases, ([shape, all, count]) => {
        const items = all.slice(0, count);
        const places = shape.map((side, axis) => {
          const own = items[axis];
          if (own === null || own === undefined) return pythonRange(side, []);
          return typeof own === "number" ? [own < 0 ? own + side : own] : pythonRange(side, own as readonly (number | null)[]);
        });
        const kept = shape.map((_, axis) => axis).filter((axis) => typeof items[axis] !== "number");
        expectMoves(
          (x) => slice(x, ...items),
          shape,
          kept.map((axis) => places[axis]!.length),
          (index) => shape.map((_, axis) => places[axis]![kept.includes(axis) ? index[kept.indexOf(axis)]! : 0]!),
        );
      }),
    );
  });

  test("strings and ellipses say the same", () => {
    const x = distinct([3, 4, 5]);
    expectSame(slice(x, "1:, ..., ::2"), slice(x, [1], null, [null, null, 2]));
    expectSame(slice(x, "..., 0"), slice(x, null, null, 0));
    expectSame(slice(x, "...", -1, [0, 2]), slice(x, null, 3, "0:2"));
    expectSame(slice(x, 0, "..."), slice(x, 0));
    expectSame(x.slice(-1, "1:3"), slice(x, 2, [1, 3]));
    expectSame(slice(x), x);
    expectSame(slice(x, "..."), x);
  });

  test("errors", () => {
    const x = zeros([3, 4]);
    expect(message(() => slice(x, 3))).toMatchInlineSnapshot(
      `"slice: index out of range — 3 for axis 0 of [3, 4]; give integers from -3 to 2"`,
    );
    expect(message(() => slice(x, 0, -5))).toMatchInlineSnapshot(
      `"slice: index out of range — -5 for axis 1 of [3, 4]; give integers from -4 to 3"`,
    );
    expect(message(() => slice(x, "0, 1, 2"))).toMatchInlineSnapshot(`"slice: too many indices — 3 for [3, 4]; give at most 2"`);
    expect(message(() => slice(x, "1:2:0"))).toMatchInlineSnapshot(`"slice: the step is zero — 0; give a step other than 0"`);
    expect(message(() => slice(x, "one"))).toMatchInlineSnapshot(
      `"slice: not an index — "one"; give an integer, [start, stop, step], null, or a string such as "1:-1" or "...""`,
    );
    expect(message(() => slice(x, ""))).toMatchInlineSnapshot(
      `"slice: not an index — ""; give an integer, [start, stop, step], null, or a string such as "1:-1" or "...""`,
    );
    expect(message(() => slice(x, "...", "..."))).toMatchInlineSnapshot(`"slice: two ellipses — "..., ..."; give at most one"`);
    expect(message(() => slice(x, 0.5))).toMatchInlineSnapshot(
      `"slice: a position is not an integer — 0.5; give integers, or null for an open end"`,
    );
    expect(message(() => slice(x, [0, 1, 2, 3] as never))).toMatchInlineSnapshot(
      `"slice: not an index — [0, 1, 2, 3]; give an integer, [start, stop, step], null, or a string such as "1:-1" or "...""`,
    );
    expect(message(() => slice(x, {} as never))).toMatchInlineSnapshot(
      `"slice: not an index — an empty object; give an integer, [start, stop, step], null, or a string such as "1:-1" or "...""`,
    );
    expect(message(() => slice(zeros([0]), 0))).toMatchInlineSnapshot(
      `"slice: index out of range — 0 for axis 0 of [0]; the axis is empty"`,
    );
  });
});

describe("pad", () => {
  test("constant padding with widths before, after and between", () => {
    const width = fc.tuple(fc.integer({ min: -2, max: 3 }), fc.integer({ min: -2, max: 3 }), fc.nat(2));
    const cases = shapes(0, 3, 0, 4).chain((shape) => fc.tuple(fc.constant(shape), fc.tuple(...shape.map(() => width))));
    fc.assert(
      fc.property(cases, ([shape, widths]) => {
        const sides = shape.map((side, axis) => side + Math.max(0, side - 1) * widths[axis]![2] + widths[axis]![0] + widths[axis]![1]);
        fc.pre(sides.every((side) => side >= 0));
        expectMoves(
          (x) => pad(x, widths, { value: 1 }),
          shape,
          sides,
          (index) => {
            const from = index.map((i, axis) => (i - widths[axis]![0]) / (widths[axis]![2] + 1));
            return from.every((i, axis) => Number.isInteger(i) && i >= 0 && i < shape[axis]!) ? from : 1;
          },
        );
      }),
    );
  });

  test("modes are NumPy's", () => {
    // numpy.pad([1, 2, 3, 4, 5], (2, 3), mode) and, with widths beyond the axis, numpy.pad([1, 2, 3], 4, mode).
    const known: [PadMode, number[], number[]][] = [
      ["edge", [1, 1, 1, 2, 3, 4, 5, 5, 5, 5], [1, 1, 1, 1, 1, 2, 3, 3, 3, 3, 3]],
      ["reflect", [3, 2, 1, 2, 3, 4, 5, 4, 3, 2], [1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3]],
      ["symmetric", [2, 1, 1, 2, 3, 4, 5, 5, 4, 3], [3, 3, 2, 1, 1, 2, 3, 3, 2, 1, 1]],
      ["wrap", [4, 5, 1, 2, 3, 4, 5, 1, 2, 3], [3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1]],
    ];
    for (const [mode, short, long] of known) {
      expect(list(pad(tensor([1, 2, 3, 4, 5]), [2, 3], { mode })), mode).toEqual(short);
      expect(list(pad(tensor([1, 2, 3]), 4, { mode })), mode).toEqual(long);
    }
    expect(list(pad(tensor([7]), 2, { mode: "reflect" }))).toEqual([7, 7, 7, 7, 7]);
    expectMoves(
      (x) =>
        pad(
          x,
          [
            [1, 0],
            [0, 2],
          ],
          { mode: "edge" },
        ),
      [2, 3],
      [3, 5],
      ([i, j]) => [Math.max(0, i! - 1), Math.min(2, j!)],
    );
  });

  test("errors", () => {
    const x = zeros([2, 3]);
    expect(message(() => pad(x, [[1, 2]]))).toMatchInlineSnapshot(
      `"pad: no widths for [2, 3] — [[1, 2]]; give an integer, [before, after], or one pair an axis"`,
    );
    expect(message(() => pad(x, 0.5))).toMatchInlineSnapshot(`"pad: a width is not an integer — 0.5; give one"`);
    expect(message(() => pad(x, [-2, -1]))).toMatchInlineSnapshot(
      `"pad: more is removed than there is — [-2, -1, 0] for axis 0 of [2, 3]; remove less"`,
    );
    expect(message(() => pad(x, 1, { mode: "mirror" as never }))).toMatchInlineSnapshot(
      `"pad: unknown mode — "mirror"; give "constant", "edge", "reflect", "symmetric", "wrap""`,
    );
    expect(message(() => pad(x, -1, { mode: "edge" }))).toMatchInlineSnapshot(
      `"pad: only constant padding removes or spreads entries — [-1, -1, 0] with mode "edge"; slice the tensor first"`,
    );
    expect(message(() => pad(zeros([0]), 1, { mode: "wrap" }))).toMatchInlineSnapshot(
      `"pad: an empty axis has nothing to copy — axis 0 of [0]; use the mode "constant""`,
    );
    expect(message(() => pad(tensor([1], "int32"), 1, { value: 0.5 }))).toMatchInlineSnapshot(
      `"pad: the value is no int32 — 0.5; cast the tensor first"`,
    );
    expect(message(() => pad(x, 1, { value: "0" as never }))).toMatchInlineSnapshot(
      `"pad: the value is not a number — "0"; give a number"`,
    );
    expect(message(() => pad(x, 1, null as never))).toMatchInlineSnapshot(
      `"pad: the options are not an object — null; give an object with mode, value"`,
    );
  });
});

describe("flip and roll", () => {
  test("flip", () => {
    expectMoves(
      (x) => flip(x),
      [2, 3],
      [2, 3],
      ([i, j]) => [1 - i!, 2 - j!],
    );
    expectMoves(
      (x) => flip(x, -1),
      [2, 3],
      [2, 3],
      ([i, j]) => [i!, 2 - j!],
    );
    expectMoves(
      (x) => flip(x, [0, 2]),
      [3, 1, 4],
      [3, 1, 4],
      ([i, j, k]) => [2 - i!, j!, 3 - k!],
    );
    expectMoves(
      (x) => flip(x),
      [0, 2],
      [0, 2],
      (index) => index,
    );
  });

  test("roll", () => {
    fc.assert(
      fc.property(withAxis(), fc.integer({ min: -9, max: 9 }), ({ shape, axis }, shift) => {
        const side = shape[axis]!;
        expectMoves(
          (x) => roll(x, shift, axis),
          shape,
          shape,
          (index) => replaced(index, axis, (((index[axis]! - shift) % side) + side) % side),
        );
      }),
      { numRuns: 40 },
    );
    expectMoves(
      (x) => roll(x, 2),
      [2, 3],
      [2, 3],
      ([i, j]) => [Math.floor(((3 * i! + j! + 4) % 6) / 3), (3 * i! + j! + 4) % 3],
    );
    expectMoves(
      (x) => roll(x, [1, -1], [0, 1]),
      [2, 3],
      [2, 3],
      ([i, j]) => [(i! + 1) % 2, (j! + 1) % 3],
    );
  });

  test("errors", () => {
    expect(message(() => flip(zeros([2]), 1))).toMatchInlineSnapshot(`"flip: no such axis — 1 for rank 1; give an integer from -1 to 0"`);
    expect(message(() => flip(zeros([2]), "0" as never))).toMatchInlineSnapshot(
      `"flip: no such axis — "0" for rank 1; give an integer from -1 to 0"`,
    );
    expect(message(() => roll(zeros([2]), 0.5))).toMatchInlineSnapshot(`"roll: a shift is not an integer — 0.5; give one"`);
    expect(message(() => roll(zeros([2]), [1, 2]))).toMatchInlineSnapshot(
      `"roll: several shifts for a flattened tensor — [1, 2]; give one shift, or the axes"`,
    );
    expect(message(() => roll(zeros([2, 2]), [1, 2, 3], [0, 1]))).toMatchInlineSnapshot(
      `"roll: shifts and axes differ in number — [1, 2, 3] and [0, 1]; give one shift, or one an axis"`,
    );
  });
});

describe("diagonals", () => {
  const matrices = fc.tuple(shapes(2, 3), fc.integer({ min: -5, max: 5 }));

  test("diagonal reads, diag reads and writes, trace sums", () => {
    fc.assert(
      fc.property(matrices, ([shape, k]) => {
        const [rows, columns] = shape.slice(-2) as [number, number];
        const on = indicesOf([rows, columns]).filter(([i, j]) => j! - i! === k);
        expectMoves(
          (x) => diagonal(x, k),
          shape,
          [...shape.slice(0, -2), on.length],
          (index) => [...index.slice(0, -1), ...on[index.at(-1)!]!],
        );
        const x = distinct(shape);
        const sums = build(shape.slice(0, -2), (index) => on.reduce((sum, place) => sum + entry(x, [...index, ...place]), 0));
        expectSame(trace(x, k), sums);
      }),
      { numRuns: 40 },
    );
    expectMoves(
      (x) => diag(x, 1),
      [2, 3],
      [2],
      ([i]) => [i!, i! + 1],
    );
    expectMoves(
      (x) => diag(x, -1),
      [2],
      [3, 3],
      ([i, j]) => (i! - 1 === j! ? [j!] : 0),
    );
    expectMoves(
      (x) => diag(x),
      [0],
      [0, 0],
      () => 0,
    );
    expectMoves(
      (x) => diag(x, 2),
      [0],
      [2, 2],
      () => 0,
    );
  });

  test("tril and triu", () => {
    fc.assert(
      fc.property(matrices, ([shape, k]) => {
        const side = (index: Index): number => index.at(-1)! - index.at(-2)!;
        expectMoves(
          (x) => tril(x, k),
          shape,
          shape,
          (index) => (side(index) <= k ? index : 0),
        );
        expectMoves(
          (x) => triu(x, k),
          shape,
          shape,
          (index) => (side(index) >= k ? index : 0),
        );
      }),
      { numRuns: 40 },
    );
  });

  test("NaN on the other side of a triangle leaks neither into the value nor into the gradient", () => {
    const x = tensor([
      [1, Number.NaN],
      [2, 3],
    ]);
    expect(list(grad((y: Tensor) => tril(y).mul(y).sum())(tril(x)))).toEqual([2, 0, 4, 6]);
    expect(list(tril(x))).toEqual([1, 0, 2, 3]);
  });

  test("errors", () => {
    expect(message(() => diag(zeros([2, 2, 2])))).toMatchInlineSnapshot(
      `"diag: neither a vector nor a matrix — float64[2, 2, 2]; give a tensor of rank 1 or 2"`,
    );
    expect(message(() => trace(zeros([2])))).toMatchInlineSnapshot(`"trace: not a matrix — float64[2]; give a tensor of rank 2 or more"`);
    expect(message(() => tril(tensor(1)))).toMatchInlineSnapshot(`"tril: not a matrix — float64[]; give a tensor of rank 2 or more"`);
    expect(message(() => triu(zeros([2, 2]), 0.5))).toMatchInlineSnapshot(`"triu: k is not an integer — 0.5; give one"`);
  });
});

test("a sum of overlapping float32 entries is rounded once", () => {
  const ones = broadcastTo(tensor(new Float32Array([2 ** -24]), { shape: [1] }), [2 ** 12]);
  const x = concat([tensor(new Float32Array([1])), ones]);
  const gradient = grad((y: Tensor) => broadcastTo(y, [x.size]).mul(x).sum())(tensor(1, "float32"));
  expect(gradient.item()).toBe(1 + 2 ** -12);
});

test("inputs are left as they were", () => {
  const x = distinct([3, 4]);
  const before = list(x);
  for (const f of [transpose, flip, (y: Tensor) => roll(y, 1), (y: Tensor) => pad(y, 1), (y: Tensor) => slice(y, 1), tril]) f(x);
  reshape(x, [12]);
  expect(list(x)).toEqual(before);
});
