// Products against nested loops: matmul on every layout and across block borders, einsum on drawn subscripts, strong zeros, sizes of intermediates.
import {
  contract,
  dot,
  type DType,
  einsum,
  grad,
  inner,
  matmul,
  mul,
  outer,
  square,
  sum,
  type Tensor,
  tensor,
  tensordot,
  vecdot,
  vmap,
  where,
  zeros,
} from "@cotangent/core";
import { pullback, pushforward, recordFunction, sizeOf } from "@cotangent/core/engine";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const wave = (shape: readonly number[], seed = 1, dtype: DType = "float64"): Tensor =>
  tensor(
    Float64Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(seed * 12.9 + 78.233 * i) * 3),
    { shape },
  ).cast(dtype);

/** Einstein summation by counting through every index of every label. */
function loops(
  spec: string,
  tensors: readonly Tensor[],
): { readonly shape: number[]; readonly values: number[]; readonly sizes: number[] } {
  const [left, out] = spec.split("->") as [string, string];
  const terms = left.split(",");
  const sides = new Map<string, number>();
  terms.forEach((term, i) => [...term].forEach((label, axis) => sides.set(label, tensors[i]!.shape[axis]!)));
  const inner = [...sides.keys()].filter((label) => !out.includes(label));
  const shape = [...out].map((label) => sides.get(label)!);
  const [values, magnitudes] = [new Array<number>(sizeOf(shape)).fill(0), new Array<number>(sizeOf(shape)).fill(0)];
  const at = new Map<string, number>();
  const entry = (term: string, x: Tensor): number =>
    x.values[[...term].reduce((flat, label) => flat * sides.get(label)! + at.get(label)!, 0)]!;
  const visit = (labels: readonly string[], target: number): void => {
    if (labels.length === 0) {
      const value = terms.reduce((product, term, i) => product * entry(term, tensors[i]!), 1);
      values[target]! += value;
      magnitudes[target]! += Math.abs(value);
      return;
    }
    const [label, ...rest] = labels as [string, ...string[]];
    for (let i = 0; i < sides.get(label)!; i++) {
      at.set(label, i);
      visit(rest, out.includes(label) ? target * sides.get(label)! + i : target);
    }
  };
  visit([...out, ...inner], 0);
  return { shape, values, sizes: magnitudes };
}

function agrees(got: Tensor, spec: string, tensors: readonly Tensor[]): void {
  const wanted = loops(spec, tensors);
  expect(got.shape).toEqual(wanted.shape);
  const unit = got.dtype === "float32" ? 2 ** -24 : 2 ** -50;
  wanted.values.forEach((value, i) => {
    const bound = got.dtype === "int32" ? 0 : 64 * unit * (wanted.sizes[i]! + Math.abs(value));
    if (!(Math.abs(got.values[i]! - value) <= bound)) expect(`${spec}, entry ${i}: ${got.values[i]}`).toBe(`${value}`);
  });
}

describe("matmul", () => {
  const kinds: readonly DType[] = ["float64", "float32", "int32"];
  const sizes = [
    [133, 261, 5],
    [5, 600, 133],
    [130, 3, 70],
    [1, 700, 37],
    [37, 700, 1],
    [1, 1000, 1],
    [64, 1, 64],
    [9, 9, 1030],
    [4, 257, 4],
    [2, 0, 3],
    [0, 4, 2],
    [3, 4, 0],
    [7, 5, 3],
  ] as const;

  it.each(sizes.flatMap((size) => kinds.map((dtype) => [size, dtype] as const)))(
    "[m, k, n] = %j in %s, operands plain and transposed",
    ([m, k, n], dtype) => {
      const [x, y] = [wave([m, k], 1, dtype), wave([k, n], 2, dtype)];
      const [xt, yt] = [x.permute([1, 0]), y.permute([1, 0])];
      const plain = matmul(x, y);
      expect(plain.dtype).toBe(dtype);
      agrees(plain, "ik,kj->ij", [x, y]);
      agrees(contract(xt, y, "ki,kj->ij"), "ik,kj->ij", [x, y]);
      agrees(contract(x, yt, "ik,jk->ij"), "ik,kj->ij", [x, y]);
      agrees(contract(xt, yt, "ki,jk->ij"), "ik,kj->ij", [x, y]);
      agrees(contract(x, y, "ik,kj->ji"), "ik,kj->ji", [x, y]);
    },
  );

  it("mixes dtypes by promotion, and bools count as int32", () => {
    expect(matmul(wave([2, 3], 1, "int32"), wave([3], 2, "float32")).dtype).toBe("float32");
    expect(matmul(tensor([[true, true]]), tensor([true, true]))).toEqual(tensor([2], "int32"));
  });

  it("broadcasts the axes before the last two", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 }),
        fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 3, maxLength: 3 }),
        fc.nat(15),
        fc.nat(2),
        fc.nat(2),
        (batch, [m, k, n], ones, dropX, dropY) => {
          const own = (drop: number, shift: number): number[] =>
            batch.map((side, i) => ((ones >> (i + shift)) & 1 ? 1 : side)).slice(Math.min(drop, batch.length));
          const [x, y] = [wave([...own(dropX, 0), m!, k!], 3), wave([...own(dropY, 2), k!, n!], 4)];
          const got = matmul(x, y);
          const shape = batch
            .map((_, i) => {
              const [a, b] = [x.shape.slice(0, -2).at(i - batch.length) ?? 1, y.shape.slice(0, -2).at(i - batch.length) ?? 1];
              return a === 1 ? b : a;
            })
            .slice(batch.length - Math.max(x.rank, y.rank) + 2);
          expect(got.shape).toEqual([...shape, m, n]);
          const full = [...shape, 1, 1];
          const stretch = (t: Tensor): Tensor =>
            t.broadcastTo([...full.slice(0, -2), ...t.shape.slice(-2)]).reshape([sizeOf(shape), ...t.shape.slice(-2)]);
          agrees(got.reshape([sizeOf(shape), m!, n!]), "bik,bkj->bij", [stretch(x), stretch(y)]);
        },
      ),
    );
  });

  it("takes vectors as rows on the left and columns on the right", () => {
    const [x, v, w] = [wave([2, 3]), wave([3], 5), wave([2], 6)];
    agrees(matmul(x, v), "ik,k->i", [x, v]);
    agrees(matmul(w, x), "k,kj->j", [w, x]);
    agrees(matmul(v, v), "k,k->", [v, v]);
    const stack = wave([4, 3, 2], 7);
    agrees(matmul(v, stack), "k,bkj->bj", [v, stack]);
    agrees(matmul(stack, w), "bik,k->bi", [stack, w]);
  });

  it("sums long products in blocks: the error grows slowly", () => {
    const k = 100_000;
    const x = tensor(new Float32Array(k).fill(0.1));
    expect(Math.abs(matmul(x, x).item() / (k * Math.fround(0.1) ** 2) - 1)).toBeLessThan(1e-7);
    const [a, b] = [
      tensor(new Float64Array(2 * k).fill(0.1), { shape: [2, k] }),
      tensor(new Float64Array(2 * k).fill(0.1), { shape: [k, 2] }),
    ];
    for (const value of [...matmul(a, b).values, ...matmul(a, b.slice(":", 0)).values])
      expect(Math.abs(value / (k * 0.1 * 0.1) - 1)).toBeLessThan(1e-13);
  });
});

describe("the products of NumPy", () => {
  it("dot, inner, outer, vecdot, tensordot", () => {
    const [a, b, v, w] = [wave([2, 3, 4]), wave([5, 4, 2], 2), wave([4], 3), wave([5, 4], 4)];
    agrees(dot(a, b), "abk,ckd->abcd", [a, b]);
    agrees(dot(a, v), "abk,k->ab", [a, v]);
    agrees(dot(v, v), "k,k->", [v, v]);
    expect(dot(2, v)).toEqual(mul(2, v));
    agrees(inner(a, w), "abk,ck->abc", [a, w]);
    expect(inner(v, 3)).toEqual(mul(v, 3));
    agrees(outer(a, v).reshape([2, 3, 4, 4]), "abc,d->abcd", [a, v]);
    expect(outer(2, 3).shape).toEqual([1, 1]);
    agrees(vecdot(a, v), "abk,k->ab", [a, v]);
    agrees(vecdot(a, a, { axis: 1 }), "akb,akb->ab", [a, a]);
    agrees(vecdot(wave([2, 1, 4]), a), "ak,abk->ab", [wave([2, 1, 4]).reshape([2, 4]), a]);
    agrees(tensordot(a, wave([3, 4, 6], 8)), "abc,bcd->ad", [a, wave([3, 4, 6], 8)]);
    agrees(
      tensordot(a, b, [
        [2, 0],
        [1, -1],
      ]),
      "lbk,ckl->bc",
      [a, b],
    );
    agrees(tensordot(v, w, 0), "a,bc->abc", [v, w]);
    expect(inner(zeros([0]), zeros([0])).item()).toBe(0);
  });
});

describe("contract", () => {
  const specs = [
    "ik,kj->ij",
    "ki,kj->ji",
    "bik,bkj->ijb",
    "bik,kj->ibj",
    "bnik,bkj->nibj",
    "kl,lk->",
    "bi,bi->ib",
    "i,j->ji",
    "abik,akbj->jbai",
    "abc,cd->dab",
    "aibk,bka->i",
    "abcd,ecbf->feda",
    "i,->i",
    ",->",
  ];

  it.each(specs)("%s", (spec) => {
    for (const scale of [1, 9]) {
      const sides: Record<string, number> = { a: 2, b: 3, c: 4, d: 2, e: 1, f: 3 * scale, i: 5 * scale, j: 2, k: 4 * scale, l: 3, n: 2 };
      const [x, y] = spec
        .split("->")[0]!
        .split(",")
        .map((term, i) =>
          wave(
            [...term].map((label) => sides[label]!),
            i + 1,
          ),
        ) as [Tensor, Tensor];
      agrees(contract(x, y, spec), spec, [x, y]);
      agrees(contract(x.cast("int32"), y.cast("int32"), spec), spec, [x.cast("int32"), y.cast("int32")]);
    }
  });
});

describe("einsum", () => {
  it("is the nested loop, for any labels", () => {
    const drawn = fc
      .record({
        terms: fc.array(
          fc.array(fc.constantFrom(..."abcdE"), { maxLength: 3 }).map((own) => own.join("")),
          { minLength: 1, maxLength: 4 },
        ),
        sides: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 5, maxLength: 5 }),
      })
      .chain(({ terms, sides }) =>
        fc.record({ terms: fc.constant(terms), sides: fc.constant(sides), out: fc.shuffledSubarray([...new Set(terms.join(""))]) }),
      );
    fc.assert(
      fc.property(drawn, ({ terms, sides, out }) => {
        const tensors = terms.map((term, i) =>
          wave(
            [...term].map((label) => sides["abcdE".indexOf(label)]!),
            i + 1,
          ),
        );
        const spec = `${terms.join(",")}->${out.join("")}`;
        agrees(einsum(spec, ...tensors), spec, tensors);
      }),
    );
  });

  it("broadcasts what ... stands for", () => {
    const [x, y] = [wave([4, 1, 2, 3]), wave([5, 3, 2], 2)];
    const wide = x.broadcastTo([4, 5, 2, 3]);
    agrees(einsum("...ij,...jk->...ik", x, y), "abij,bjk->abik", [wide, y]);
    agrees(einsum("i...j,j...", wave([2, 4, 3]), wave([3, 1], 2)), "iaj,j->ai", [wave([2, 4, 3]), wave([3], 2)]);
    expect(einsum("...", x)).toEqual(x);
    expect(einsum("...i->i...", x).shape).toEqual([3, 4, 1, 2]);
    expect(einsum("...ii->...", wave([2, 3, 3])).shape).toEqual([2]);
    expect(einsum("...,...", wave([3, 1]), wave([2])).shape).toEqual([3, 2]);
  });

  it("orders an implicit output by the alphabet, capitals first", () => {
    expect(einsum("ba", wave([2, 3])).shape).toEqual([3, 2]);
    expect(einsum("bA,Ac", wave([2, 3]), wave([3, 4])).shape).toEqual([2, 4]);
    expect(einsum("b i , A", wave([2, 3]), wave([4])).shape).toEqual([4, 2, 3]);
    expect(einsum("ii", wave([3, 3])).shape).toEqual([]);
  });

  it("multiplies the pair with the smallest result first", () => {
    const [x, y, z] = [wave([40, 2]), wave([2, 50], 2), wave([50], 3)];
    const graph = recordFunction((all) => [einsum("ij,jk,k->i", ...all)], [x, y, z]);
    expect(Math.max(...graph.nodes.map((node) => node.outputs[0]!.size))).toBe(40);
    expect(recordFunction((all) => [einsum("ij,ij,jk->ik", ...all)], [x, x, y]).nodes.map((node) => node.outputs[0]!.shape)).toEqual([
      [40, 2],
      [40, 50],
    ]);
  });
});

describe("strong zeros of a contraction", () => {
  const x = tensor([
    [1, 2],
    [Infinity, 4],
    [NaN, 1],
  ]);

  it("stay out of the forward value", () => {
    expect(matmul(x, tensor([0, 1])).toArray()).toEqual([2, NaN, NaN]);
    expect(matmul(tensor([[0, 0, 0]]), x).toArray()).toEqual([[NaN, 0]]);
  });

  const masked = (w: Tensor): Tensor => sum(square(where(tensor([true, false, false]), matmul(x, w), 0)));

  it("keep rows that are not chosen out of the gradient, to second order and batched", () => {
    const w = tensor([3, 5]);
    expect(grad(masked)(w).toArray()).toEqual([26, 52]);
    const second = grad((v: Tensor) => sum(mul(grad(masked)(v), tensor([1, 10]))));
    expect(second(w).toArray()).toEqual([42, 84]);
    expect(
      vmap(grad(masked))(
        tensor([
          [3, 5],
          [0, 1],
        ]),
      ).toArray(),
    ).toEqual([
      [26, 52],
      [4, 8],
    ]);
    expect(
      vmap(second)(
        tensor([
          [3, 5],
          [0, 1],
        ]),
      ).toArray(),
    ).toEqual([
      [42, 84],
      [42, 84],
    ]);
    const narrow = x.cast("float32");
    expect(grad((v: Tensor) => sum(where(tensor([true, false, false]), matmul(narrow, v), 0)))(w.cast("float32")).toArray()).toEqual([
      1, 2,
    ]);
  });

  it("serve both operands and both modes", () => {
    for (const spec of ["ik,kj->ij", "ki,jk->ji"]) {
      const good = wave([2, 2], 4);
      const bad = tensor([
        [Infinity, 1],
        [NaN, 2],
      ]);
      for (const side of [0, 1]) {
        const [a, b] = side === 0 ? [good, bad] : [bad, good];
        const graph = recordFunction((all) => [contract(all[0]!, all[1]!, spec)], [a, b]);
        const zero = zeros([2, 2]);
        expect(pullback(graph, [zero])[side]!.toArray()).toEqual([
          [0, 0],
          [0, 0],
        ]);
        expect(pushforward(graph, side === 0 ? [zero, null] : [null, zero])[0]!.toArray()).toEqual([
          [0, 0],
          [0, 0],
        ]);
      }
    }
  });
});

describe("batching a product", () => {
  it("keeps every intermediate of the gradient of a vmapped W·x at O(nk + nm + mk)", () => {
    const [n, m, k] = [50, 40, 30];
    const loss = (w: Tensor, xs: Tensor): Tensor => sum(square(vmap((x: Tensor) => matmul(w, x))(xs)));
    const graph = recordFunction(
      (all) => {
        const inner = recordFunction((own) => [loss(own[0]!, own[1]!)], all);
        return pullback(inner, [tensor(1)]).map((g) => g!);
      },
      [wave([m, k]), wave([n, k], 2)],
    );
    const largest = Math.max(...graph.nodes.flatMap((node) => node.outputs.map((out) => out.size)));
    expect(largest).toBeLessThanOrEqual(Math.max(n * k, n * m, m * k));
    const jacobian = recordFunction(
      (all) => [vmap((x: Tensor) => grad((w: Tensor) => sum(matmul(w, x)))(all[0]!))(all[1]!)],
      [wave([m, k]), wave([n, k], 2)],
    );
    expect(Math.max(...jacobian.nodes.flatMap((node) => node.outputs.map((out) => out.size)))).toBeLessThanOrEqual(n * m * k);
  });

  it("of an empty batch is empty", () => {
    expect(vmap((x: Tensor) => matmul(x, wave([3, 2])))(zeros([0, 4, 3])).shape).toEqual([0, 4, 2]);
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
  const [x, y] = [zeros([2, 3]), zeros([2, 2])];

  it("of products", () => {
    expect(messageOf(() => matmul(x, y))).toMatchInlineSnapshot(
      `"matmul: inner dimensions differ — [2, 3] · [2, 2], 3 ≠ 2; the last axis of x meets the last but one of y"`,
    );
    expect(messageOf(() => matmul(x, 2))).toMatchInlineSnapshot(`"matmul: a scalar is no matrix — [2, 3] · []; use mul"`);
    expect(messageOf(() => matmul(zeros([2, 3, 4]), zeros([3, 4, 5])))).toMatchInlineSnapshot(
      `"matmul: the batch axes do not broadcast — [2, 3, 4] · [3, 4, 5], 2 ≠ 3; make them equal or one of them 1"`,
    );
    expect(messageOf(() => matmul(x, [1, 2, 3] as never))).toMatchInlineSnapshot(
      `"matmul: operand 1 is not a tensor — [1, 2, 3]; wrap it in tensor(…)"`,
    );
    expect(messageOf(() => dot(x, y))).toMatchInlineSnapshot(
      `"dot: the summed sides differ — [2, 3] · [2, 2], axis 1 has 3, axis 0 has 2; make them equal"`,
    );
    expect(messageOf(() => inner(x, y))).toMatchInlineSnapshot(
      `"inner: the summed sides differ — [2, 3] · [2, 2], axis 1 has 3, axis 1 has 2; make them equal"`,
    );
    expect(messageOf(() => vecdot(x, y))).toMatchInlineSnapshot(
      `"vecdot: the vectors differ in length — [2, 3] · [2, 2], 3 ≠ 2; make them equal"`,
    );
    expect(messageOf(() => vecdot(x, y, { axes: 0 } as never))).toMatchInlineSnapshot(
      `"vecdot: unknown option — "axes"; the options are axis"`,
    );
    expect(messageOf(() => vecdot(x, y, { axis: 2 }))).toMatchInlineSnapshot(
      `"vecdot: no such axis — 2 for rank 2; give an integer from -2 to 1"`,
    );
    expect(messageOf(() => tensordot(x, y, 3))).toMatchInlineSnapshot(
      `"tensordot: no number of axes of [2, 3] · [2, 2] — 3; give an integer from 0 to 2"`,
    );
    expect(messageOf(() => tensordot(x, y, [[0], [0, 1]]))).toMatchInlineSnapshot(
      `"tensordot: not a number of axes nor two lists of them — [[0], [0, 1]]; give for example 2 or [[0, 1], [1, 0]]"`,
    );
    expect(messageOf(() => tensordot(x, y, [[1], [0]]))).toMatchInlineSnapshot(
      `"tensordot: the summed sides differ — [2, 3] · [2, 2], axis 1 has 3, axis 0 has 2; make them equal"`,
    );
    expect(
      messageOf(() =>
        tensordot(x, x, [
          [0, 0],
          [0, 1],
        ]),
      ),
    ).toMatchInlineSnapshot(`"tensordot: an axis is named twice — axis 0; name each axis once"`);
  });

  it("of contract", () => {
    expect(messageOf(() => contract(x, y, "ik"))).toMatchInlineSnapshot(
      `"contract: the labels are not of the form x,y->out — "ik"; give for example "ik,kj->ij""`,
    );
    expect(messageOf(() => contract(x, y, "ik,kj->ij"))).toMatchInlineSnapshot(
      `"contract: sizes of one label differ — [2, 3] · [2, 2], label k has 3 and 2; make them equal"`,
    );
    expect(messageOf(() => contract(x, y, "ijk,kj->ij"))).toMatchInlineSnapshot(
      `"contract: labels and axes differ in number — "ijk" for [2, 3]; give one label an axis"`,
    );
    expect(messageOf(() => contract(x, y, "ij,kj->i"))).toMatchInlineSnapshot(
      `"contract: a label is in one operand only — label k of "ij,kj->i"; sum over it first"`,
    );
    expect(messageOf(() => contract(x, y, "ij,ii->ij"))).toMatchInlineSnapshot(
      `"contract: a label stands twice in one tensor — "ii" of "ij,ii->ij"; take the diagonal first"`,
    );
    expect(messageOf(() => contract(x, y, "ij,ik->ijkl"))).toMatchInlineSnapshot(
      `"contract: an output label is in no operand — label l of "ij,ik->ijkl"; drop it"`,
    );
  });

  it("of einsum", () => {
    expect(messageOf(() => einsum("ij,jk->ik", x, y))).toMatchInlineSnapshot(
      `"einsum: sizes of one label differ — "ij,jk->ik" with [2, 3], [2, 2], label j has 3 and 2; make them equal"`,
    );
    expect(messageOf(() => einsum("ij,jk->ik", x))).toMatchInlineSnapshot(
      `"einsum: the number of operands differs — "ij,jk->ik" names 2, 1 given; give one tensor a term"`,
    );
    expect(messageOf(() => einsum("ij->k", x))).toMatchInlineSnapshot(
      `"einsum: an output label is in no operand — label k of "ij->k"; drop it"`,
    );
    expect(messageOf(() => einsum("ij->ii", x))).toMatchInlineSnapshot(
      `"einsum: a label stands twice in the output — "ij->ii"; name each label once"`,
    );
    expect(messageOf(() => einsum("i", x))).toMatchInlineSnapshot(
      `"einsum: labels and axes differ in number — "i" with [2, 3], operand 0; give one letter an axis"`,
    );
    expect(messageOf(() => einsum("i..j", x))).toMatchInlineSnapshot(
      `"einsum: dots that are no ellipsis — "i..j" of "i..j"; write ... at most once a term"`,
    );
    expect(messageOf(() => einsum("ij=>i", x))).toMatchInlineSnapshot(
      `"einsum: not subscripts — "ij=>i"; give letters, commas, ... and at most one ->, as in "ij,jk->ik""`,
    );
    expect(messageOf(() => einsum("...j->j", x))).toMatchInlineSnapshot(
      `"einsum: broadcast axes are missing from the output — "...j->j"; write ... in the output too"`,
    );
    expect(messageOf(() => einsum("...i,...i", x, zeros([4, 3])))).toMatchInlineSnapshot(
      `"einsum: cannot broadcast [2] with [4] — axis -1 has sizes 2 and 4; make them equal or one of them 1"`,
    );
    expect(messageOf(() => einsum(x as never))).toMatchInlineSnapshot(
      `"einsum: not subscripts — float64[2, 3]; give letters, commas, ... and at most one ->, as in "ij,jk->ik""`,
    );
    expect(messageOf(() => einsum("i"))).toMatchInlineSnapshot(
      `"einsum: the number of operands differs — "i" names 1, 0 given; give one tensor a term"`,
    );
  });
});
