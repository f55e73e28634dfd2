// Listings and formulas as text, to the letter.
import {
  backward,
  cast,
  concat,
  grad,
  label,
  matmul,
  norm,
  polygamma,
  pow,
  record,
  reshape,
  softmax,
  type Tensor,
  tensor,
  topK,
  transpose,
  where,
  zeros,
} from "@cotangent/core";
import { describe, expect, test } from "vitest";
import { text } from "../src/index.ts";
import { choice, crossEntropy, logistic, network, recurrence, theta, X, y } from "./models.ts";

const x = label(tensor([1, -2, 3]), "x");
const M = label(zeros([2, 3]), "M");

describe("a listing", () => {
  test("has one line a node, right-hand sides in infix form, labels as names", () => {
    expect(text(logistic)).toMatchInlineSnapshot(`
      "inputs θ: float64[3], X: float64[4, 3], y: float64[4]
      a: float64[4] = X · θ
      h: float64[4] = sigmoid(a)
      b: float64[4] = log(h)
      c: float64[4] = y * b
      d: float64[4] = 1 - y
      f: float64[4] = 1 - h
      g: float64[4] = log(f)
      m: float64[4] = d * g
      n: float64[4] = c + m
      p: float64[]  = mean(n)
      J: float64[]  = -p
      outputs J"
    `);
  });

  test("of a backward pass", () => {
    expect(text(backward(record((x: Tensor) => x.mul(x).sin().sum(), x)))).toMatchInlineSnapshot(`
      "inputs x: float64[3], g: float64[]
      a: float64[3]  = x * x
      b: float64[1]  = reshape(g, [1])
      c: float64[3]  = broadcastTo(b, [3])
      d: float64[3]  = cos(a)
      f: float64[3]  = c * d
      h: float64[3]  = f * x
      m: float64[3]  = f * x
      ∂x: float64[3] = h + m
      outputs ∂x"
    `);
  });

  test("shows values, long ones cut short", () => {
    const graph = record(
      (x: Tensor, Z: Tensor) =>
        x.less(0).logicalOr(
          Z.add(1 / 3)
            .sum()
            .greater(100),
        ),
      x,
      label(zeros([20, 30]), "Z"),
    );
    expect(text(graph, { values: true })).toMatchInlineSnapshot(`
      "inputs
        x: float64[3]  # [1, -2, 3]
        Z: float64[20, 30]  # [[0, 0, 0, …], …]
      a: bool[3]         = x < 0  # [false, true, false]
      b: float64[20, 30] = Z + 0.333333  # [[0.333333, 0.333333, 0.333333, …], …]
      c: float64[]       = sum(b)  # 200
      d: bool[]          = c > 100  # true
      f: bool[3]         = a || d  # [true, true, true]
      outputs f"
    `);
  });

  test("leaves types out on request", () => {
    expect(
      text(
        record((x: Tensor) => x.exp(), x),
        { shapes: false },
      ),
    ).toMatchInlineSnapshot(`
      "inputs x
      a = exp(x)
      outputs a"
    `);
  });

  test("names constants and repeated labels, and writes numbers where they are used", () => {
    const f = (x: Tensor) => label(label(x.add(tensor([1, 2, 3])), "u").mul(tensor([-2, -2, -2])), "u").sub(1 / 3);
    expect(text(record(f, x), { digits: 3 })).toMatchInlineSnapshot(`
      "inputs x: float64[3]
      constants a: float64[3]
      u: float64[3]   = x + a
      u_2: float64[3] = u * -2
      b: float64[3]   = u_2 - 0.333
      outputs b"
    `);
  });

  test("writes movements, conversions, choices, slices and several outputs", () => {
    const f = (x: Tensor, M: Tensor) => [
      reshape(transpose(M), [2, 3]),
      cast(x, "int32"),
      where(x.less(0), x, concat([x, x]).slice([2, 5])),
      ...topK(x, 2),
      softmax(M, { axes: 1 }),
      M.sum({ axes: 0, keepDims: true }),
      polygamma(2, x),
    ];
    expect(text(record(f, x, M))).toMatchInlineSnapshot(`
      "inputs x: float64[3], M: float64[2, 3]
      a: float64[3, 2]           = Mᵀ
      b: float64[2, 3]           = reshape(a, [2, 3])
      c: int32[3]                = int32(x)
      d: bool[3]                 = x < 0
      f: float64[6]              = concat(x, x, axis=0)
      g: float64[3]              = f[2:5]
      h: float64[3]              = where(d, x, g)
      m: float64[3], n: int32[3] = sort(x, axis=0 descending)
      p: float64[2]              = m[0:2]
      q: int32[2]                = n[0:2]
      r: float64[2, 3]           = softmax(M, axes=[1])
      s: float64[1, 3]           = sum(M, axes=[0] keepDims)
      t: float64[3]              = polygamma(2, x)
      outputs b, c, h, p, q, r, s, t"
    `);
  });

  test("indents sub-graphs", () => {
    expect(text(choice)).toMatchInlineSnapshot(`
      "inputs x: float64[2]
      a: float64[]  = sum(x)
      b: bool[]     = a < 0
      m: float64[2] = cond(onTrue, onFalse, b, x)
        onTrue of c: float64[2]
        d: float64[2] = -c
        outputs d
        onFalse of f: float64[2]
        g: float64[2] = f²
        h: float64[2] = g * f
        outputs h
      outputs m"
    `);
    expect(text(recurrence)).toMatchInlineSnapshot(`
      "inputs a: float64[], x: float64[3]
      _: float64[], m: float64[3] = scan(body, 0, x, a, length=3)
        body of b: float64[], c: float64[], a: float64[]
        d: float64[] = b * a
        f: float64[] = d + c
        g: float64[] = tanh(f)
        h: float64[] = g²
        outputs g, h
      n: float64[]                = sum(m)
      outputs n"
    `);
  });

  test("passes by the inputs of nested recordings", () => {
    expect(
      text(
        record(
          grad((x: Tensor) => x.square().sum()),
          x,
        ),
      ),
    ).toMatchInlineSnapshot(`
      "inputs x: float64[3]
      a: float64[3] = 2 * x
      b: float64[3] = 1 * a
      outputs b"
    `);
  });

  test("gives the inputs other names", () => {
    expect(
      text(
        record((x: Tensor, M: Tensor) => matmul(M, x), x, M),
        { inputs: ["v"] },
      ),
    ).toMatchInlineSnapshot(`
      "inputs v: float64[3], M: float64[2, 3]
      a: float64[2] = M · v
      outputs a"
    `);
  });
});

describe("a formula", () => {
  const formula = (f: (...x: Tensor[]) => unknown, ...args: readonly Tensor[]): string => text(record(f, ...args), { form: "formula" });

  test("is followed by what is named or shared", () => {
    expect(text(logistic, { form: "formula" })).toMatchInlineSnapshot(`
      "J = -mean(y * log(h) + (1 - y) * log(1 - h))
      where h = sigmoid(X · θ)"
    `);
    expect(text(record(grad(crossEntropy), theta, X, y), { form: "formula" })).toMatchInlineSnapshot(`
      "Xᵀ · ((0.25 * (1 - y) * (1 / (1 - h)) - 0.25 * y * (1 / h)) * h * sigmoid(-X · θ))
      where h = sigmoid(X · θ)"
    `);
    expect(text(network, { form: "formula", shapes: true })).toMatchInlineSnapshot(
      `"mean(-sum(T * logSoftmax(relu(X · W1 + b1) · W2, axes=[1]), axes=[1]))"`,
    );
  });

  test("writes small shared values again, computes large ones once, and a repeated value once", () => {
    expect(formula((x) => x!.neg().exp().mul(x!.neg()), x)).toBe("-exp(-x) * x");
    expect(formula((x) => x!.exp().add(1).log().mul(x!.exp().add(1).log()), x)).toBe("a * a\nwhere a = log(exp(x) + 1)");
  });

  test("gathers signs and drops neutral numbers", () => {
    expect(formula((x) => x!.neg().neg(), x)).toBe("x");
    expect(formula((x) => x!.mul(1).add(0), x)).toBe("x");
    expect(formula((x) => x!.add(x!.neg()).sub(x!.mul(-2)), x)).toBe("x - x + x * 2");
    expect(formula((x) => x!.neg().mul(x!).neg().div(-4), x)).toBe("-x * x / 4");
    expect(formula((x) => x!.mul(0.5).mul(2), x)).toBe("x");
    expect(formula((x) => x!.mul(3).mul(5), x)).toBe("x * 3 * 5");
  });

  test("parenthesises by strength", () => {
    const z = label(tensor([1, 1, 2]), "z");
    expect(formula((x, z) => x!.add(z!).square().neg(), x, z)).toBe("-(x + z)²");
    expect(formula((x) => x!.neg().square(), x)).toBe("(-x)²");
    expect(formula((x, z) => x!.sub(z!.sub(x!)), x, z)).toBe("x - (z - x)");
    expect(formula((x, z) => x!.div(z!.mul(x!)), x, z)).toBe("x / (z * x)");
    expect(formula((x, z) => x!.mul(z!.div(x!)), x, z)).toBe("x * (z / x)");
    expect(formula((x, z) => pow(pow(x!, z!), -2), x, z)).toBe("(x^z)^(-2)");
    expect(formula((x, z) => where(x!.less(z!).logicalAnd(z!.less(x!.add(1))), x!, 0), x, z)).toBe("where(x < z && z < x + 1, x, 0)");
  });

  test("says what a choice and a recurrence compute", () => {
    expect(text(choice, { form: "formula" })).toMatchInlineSnapshot(`
      "c = cond(onTrue, onFalse, sum(x) < 0, x)
      where onTrue(a) = -a
            onFalse(b) = b² * b"
    `);
    expect(text(recurrence, { form: "formula", values: true })).toMatchInlineSnapshot(`
      "sum(g)  # 2.54269
      where (_, g) = scan(body, 0, x, a, length=3)  # [0.580026, 0.96637, 0.996297]
            body(b, c, a) = (d, f)
            d = tanh(b * a + c)
            f = d²"
    `);
  });

  test("gives constants that have no name", () => {
    expect(formula((x) => x!.mul(tensor([1, 2, 3])), x)).toBe("x * a\nwhere a = [1, 2, 3]");
    expect(formula((x) => norm(x!), x)).toBe("norm(x, ord=2 axes=[0])");
  });
});

describe("bad input", () => {
  test("is refused in words", () => {
    expect(() => text(3 as never)).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: text: not a graph — 3; give what record(f, ...args) or backward(graph) returns]`,
    );
    expect(() => text(logistic, 3 as never)).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: text: the second argument is wrong — 3; give an object of options]`,
    );
    expect(() => text(logistic, { value: true } as never)).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: text: an option is wrong — "value"; give values, shapes, digits, inputs, form]`,
    );
    expect(() => text(logistic, { values: 1 } as never)).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: text: values is wrong — 1; give true or false]`,
    );
    expect(() => text(logistic, { form: "steps" as never })).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: text: form is wrong — "steps"; give "listing" or "formula"]`,
    );
    expect(() => text(logistic, { digits: 0 })).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: text: digits is wrong — 0; give an integer from 1 to 17]`,
    );
    expect(() => text(logistic, { inputs: ["a", "b", "c", "d"] })).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: text: inputs is wrong — ["a", "b", "c", "d"]; give a list of at most 3 non-empty names]`,
    );
  });
});
