// LaTeX to the letter, and rendered by KaTeX.
import {
  at,
  backward,
  cast,
  contract,
  div,
  einsum,
  exp,
  grad,
  label,
  log,
  logsumexp,
  matmul,
  max,
  mean,
  norm,
  polygamma,
  pow,
  prod,
  record,
  sigmoid,
  softmax,
  sqrt,
  sum,
  type Tensor,
  tensor,
  variance,
  where,
  zeros,
} from "@cotangent/core";
import fc from "fast-check";
import katex from "katex";
import { describe, expect, test } from "vitest";
import { latex, type LatexOptions } from "../src/index.ts";
import { choice, crossEntropy, logistic, network, recurrence, theta, X, y } from "./models.ts";

/** The LaTeX of a graph, which KaTeX must accept. */
function checked(graph: Parameters<typeof latex>[0], options: LatexOptions = {}): string {
  const source = latex(graph, options);
  katex.renderToString(source, { displayMode: true, throwOnError: true, strict: "error" });
  return source;
}

const x = label(tensor(0.5), "x");
const v = label(tensor([1, -2, 3]), "v");
const M = label(zeros([2, 3]), "M");

const formula = (f: (...x: Tensor[]) => unknown, ...args: readonly Tensor[]): string => checked(record(f, ...args));

/** The derivative of a scalar function at x. */
const slope = (f: (x: Tensor) => Tensor): string => formula(grad(f), x);

describe("what a person writes", () => {
  test("the gradient of the logistic function", () => {
    expect(checked(record(grad(sigmoid), x))).toBe("\\sigma(x)\\,\\sigma(-x)");
  });

  test("logistic regression and its gradient", () => {
    expect(checked(logistic)).toMatchInlineSnapshot(`
      "\\begin{aligned}
        J &= -\\frac{1}{4}\\sum_{i} (y\\,\\log(h) + (1 - y)\\,\\log(1 - h)) \\\\
        \\text{where}\\quad h &= \\sigma(X \\theta)
      \\end{aligned}"
    `);
    expect(checked(record(grad(crossEntropy), theta, X, y))).toMatchInlineSnapshot(`
      "\\begin{aligned}
        &X^\\top \\left(\\left(\\frac{1}{4}\\,(1 - y)\\,\\frac{1}{1 - h} - \\frac{1}{4}\\,y\\,\\frac{1}{h}\\right)\\,h\\,\\sigma(-X \\theta)\\right) \\\\
        \\text{where}\\quad h &= \\sigma(X \\theta)
      \\end{aligned}"
    `);
    expect(checked(backward(logistic))).toMatchInlineSnapshot(`
      "\\begin{aligned}
        \\partial \\theta &= X^\\top a \\\\
        \\partial X &= a \\theta^\\top \\\\
        \\partial y &= \\frac{g}{4}\\,\\log(1 - h) - \\frac{g}{4}\\,\\log(h) \\\\
        \\text{where}\\quad a &= \\left(\\frac{g}{4}\\,(1 - y)\\,\\frac{1}{1 - h} - \\frac{g}{4}\\,y\\,\\frac{1}{h}\\right)\\,h\\,\\sigma(-X \\theta) \\\\
        h &= \\sigma(X \\theta)
      \\end{aligned}"
    `);
  });

  test("a network and its backward pass", () => {
    expect(checked(network, { shapes: true })).toMatchInlineSnapshot(`
      "\\begin{aligned}
        &\\frac{1}{2}\\sum_{i} \\left(-\\sum_{j} T \\odot \\operatorname{logSoftmax}_{j}(\\operatorname{ReLU}(X W_{1} + b_{1}) W_{2})\\right) && \\in \\mathbb{R} \\\\
        W_{1} &\\in \\mathbb{R}^{2 \\times 2} \\\\
        b_{1} &\\in \\mathbb{R}^{2} \\\\
        W_{2} &\\in \\mathbb{R}^{2 \\times 3} \\\\
        X &\\in \\mathbb{R}^{2 \\times 2} \\\\
        T &\\in \\mathbb{R}^{2 \\times 3}
      \\end{aligned}"
    `);
    expect(checked(backward(network))).toMatchInlineSnapshot(`
      "\\begin{aligned}
        \\partial W_{1} &= X^\\top f \\\\
        \\partial b_{1} &= \\sum_{i} f \\\\
        \\partial W_{2} &= \\operatorname{ReLU}(a)^\\top d \\\\
        \\partial X &= f W_{1}^\\top \\\\
        \\partial T &= -\\frac{g}{2}\\,\\operatorname{logSoftmax}_{j}(b) \\\\
        \\text{where}\\quad f &= \\begin{cases} d W_{2}^\\top & \\text{if } a > 0 \\\\ 0 & \\text{otherwise} \\end{cases} \\\\
        d &= c - \\left(\\sum_{j} c\\right) \\odot \\operatorname{softmax}_{j}(b) \\\\
        c &= -\\frac{g}{2}\\,T \\\\
        b &= \\operatorname{ReLU}(a) W_{2} \\\\
        a &= X W_{1} + b_{1}
      \\end{aligned}"
    `);
  });

  test("derivatives of elementary functions", () => {
    expect(slope((x) => exp(x.square().neg().div(2)))).toMatchInlineSnapshot(`"-e^{-x^2/2}\\,x"`);
    expect(slope((x) => sqrt(x))).toBe("\\frac{1}{2\\,\\sqrt{x}}");
    expect(slope((x) => log(x))).toBe("\\frac{1}{x}");
    expect(slope((x) => pow(x, 3))).toBe("3\\,x^{2}");
    expect(slope((x) => x.square())).toBe("2\\,x");
    expect(slope((x) => x.log2())).toBe("\\frac{1}{\\ln(2)\\,x}");
    expect(slope((x) => x.erf())).toBe("\\frac{2}{\\sqrt{\\pi}}\\,e^{-x^2}");
    expect(slope((x) => x.tan())).toBe("1 + \\tan(x)^2");
    expect(slope((x) => x.lgamma())).toBe("\\psi(x)");
    expect(formula((x) => polygamma(2, x!), x)).toBe("\\psi^{(2)}(x)");
  });

  test("reductions, norms, slices and choices", () => {
    expect(formula((M) => sum(M!, { axes: 1 }), M)).toBe("\\sum_{j} M");
    expect(formula((M) => mean(M!), M)).toBe("\\frac{1}{6}\\sum_{i,j} M");
    expect(formula((M) => max(M!.add(1), { axes: 0 }), M)).toBe("\\max_{i} (M + 1)");
    expect(formula((v) => prod(v!.neg()).mul(2), v)).toBe("2\\,\\prod_{i} (-v)");
    expect(formula((v) => sum(v!).mul(sum(v!.square())), v)).toBe("\\left(\\sum_{i} v\\right)\\,\\sum_{i} v^2");
    expect(formula((v) => norm(v!), v)).toBe("\\lVert v\\rVert");
    expect(formula((M) => variance(M!, { axes: 1 }), M)).toBe("\\operatorname{Var}_{j}(M)");
    expect(formula((M) => logsumexp(softmax(M!, { axes: 1 })), M)).toBe("\\operatorname{logsumexp}_{i,j}(\\operatorname{softmax}_{j}(M))");
    expect(formula((M) => M!.slice([0, 1], [1, 3]), M)).toBe("M_{\\text{0:1, 1:3}}");
    expect(formula((v) => v!.square().slice([0, 2]), v)).toMatchInlineSnapshot(`"{(v^2)}_{\\text{0:2}}"`);
    expect(formula((v) => where(v!.less(0), v!.neg(), where(v!.less(1), 0, v!)), v)).toMatchInlineSnapshot(
      `"\\begin{cases} -v & \\text{if } v < 0 \\\\ 0 & \\text{if } v < 1 \\\\ v & \\text{otherwise} \\end{cases}"`,
    );
    expect(formula((v) => where(v!.less(0), 1, 2).mul(v!).add(1), v)).toMatchInlineSnapshot(
      `"\\left(\\begin{cases} 1 & \\text{if } v < 0 \\\\ 2 & \\text{otherwise} \\end{cases}\\right)\\,v + 1"`,
    );
  });

  test("what only moves or converts entries is not shown", () => {
    expect(formula((M) => M!.reshape([3, 2]).transpose().reshape([6]), M)).toBe("M^\\top");
    expect(formula((v) => cast(v!, "float32").mul(2), v)).toBe("2\\,v");
    expect(formula((v) => cast(v!, "int32"), v)).toBe("\\operatorname{int32}(v)");
    expect(formula((v) => cast(v!.less(0), "float64").mul(2), v)).toBe("2\\,(v < 0)");
  });

  test("products of entries and of matrices look different", () => {
    const N = label(zeros([2, 3]), "N");
    expect(formula((M, N) => M!.mul(N!), M, N)).toBe("M \\odot N");
    expect(formula((M, v) => M!.mul(v!).mul(2), M, v)).toBe("2\\,(M \\odot v)");
    expect(formula((M, v, x) => matmul(M!.mul(x!), v!.square()).mul(x!), M, v, x)).toBe("x\\,(x\\,M) v^2");
    expect(formula((v) => v!.mul(matmul(v!, v!.square())), v)).toMatchInlineSnapshot(`"(v^\\top v^2)\\,v"`);
    expect(formula((M, v) => v!.mul(matmul(M!.transpose(), matmul(M!, v!))), M, v)).toBe("v\\,(M^\\top M v)");
    expect(formula((v) => matmul(v!, tensor([1, 1, 1])).neg(), v)).toBe("-v^\\top \\mathbf{1}");
    expect(formula((v) => einsum("i,j->ij", v!, v!), v)).toBe("v v^\\top");
    expect(formula((M, v) => contract(M!, v!, "ij,j->ij"), M, v)).toBe("M_{ij}\\,v_{j}");
    expect(formula((M, N) => contract(M!, N!, "ij,ij->"), M, N)).toBe("\\sum_{i,j} M_{ij}\\,N_{ij}");
  });

  test("sub-graphs are functions", () => {
    expect(checked(choice)).toMatchInlineSnapshot(`
      "\\begin{aligned}
        c &= \\operatorname{cond}\\left(\\operatorname{onTrue}, \\operatorname{onFalse}, \\sum_{i} x < 0, x\\right) \\\\
        \\text{where}\\quad \\operatorname{onTrue}(a) &= -a \\\\
        \\operatorname{onFalse}(b) &= b^2\\,b
      \\end{aligned}"
    `);
    expect(checked(recurrence)).toMatchInlineSnapshot(`
      "\\begin{aligned}
        &\\sum_{i} g \\\\
        \\text{where}\\quad \\left(\\_, g\\right) &= \\operatorname{scan}_{\\text{length=3}}(\\operatorname{body}, 0, x, a) \\\\
        \\operatorname{body}(b, c, a) &= \\left(d, f\\right) \\\\
        d &= \\tanh(b\\,a + c) \\\\
        f &= d^2
      \\end{aligned}"
    `);
    expect(checked(choice, { form: "steps", shapes: true, values: true })).toMatchInlineSnapshot(`
      "\\begin{aligned}
        x &\\in \\mathbb{R}^{2} \\\\
        a &= \\sum_{i} x \\approx 1 && \\in \\mathbb{R} \\\\
        b &= (a < 0) \\approx \\text{false} && \\in \\{0, 1\\} \\\\
        d &= -c && \\in \\mathbb{R}^{2} \\\\
        \\operatorname{onTrue}(c) &= d \\\\
        g &= f^2 && \\in \\mathbb{R}^{2} \\\\
        h &= g\\,f && \\in \\mathbb{R}^{2} \\\\
        \\operatorname{onFalse}(f) &= h \\\\
        m &= \\operatorname{cond}(\\operatorname{onTrue}, \\operatorname{onFalse}, b, x) \\approx \\left(-1, 8\\right) && \\in \\mathbb{R}^{2}
      \\end{aligned}"
    `);
  });

  test("steps with sets and values", () => {
    expect(checked(logistic, { form: "steps", shapes: true, values: true, digits: 3 })).toMatchInlineSnapshot(`
      "\\begin{aligned}
        \\theta &\\in \\mathbb{R}^{3} \\\\
        X &\\in \\mathbb{R}^{4 \\times 3} \\\\
        y &\\in \\mathbb{R}^{4} \\\\
        a &= X \\theta \\approx \\left(1.4, 3.2, 0.4, 1.2\\right) && \\in \\mathbb{R}^{4} \\\\
        h &= \\sigma(a) \\approx \\left(0.802, 0.961, 0.599, 0.769\\right) && \\in \\mathbb{R}^{4} \\\\
        b &= \\log(h) \\approx \\left(-0.22, -0.04, -0.513, -0.263\\right) && \\in \\mathbb{R}^{4} \\\\
        c &= y\\,b \\approx \\left(-0, -0.04, -0, -0.263\\right) && \\in \\mathbb{R}^{4} \\\\
        d &= 1 - y \\approx \\left(1, 0, 1, 0\\right) && \\in \\mathbb{R}^{4} \\\\
        f &= 1 - h \\approx \\left(0.198, 0.0392, 0.401, 0.231\\right) && \\in \\mathbb{R}^{4} \\\\
        g &= \\log(f) \\approx \\left(-1.62, -3.24, -0.913, -1.46\\right) && \\in \\mathbb{R}^{4} \\\\
        m &= d\\,g \\approx \\left(-1.62, -0, -0.913, -0\\right) && \\in \\mathbb{R}^{4} \\\\
        n &= c + m \\approx \\left(-1.62, -0.04, -0.913, -0.263\\right) && \\in \\mathbb{R}^{4} \\\\
        p &= \\frac{1}{4}\\sum_{i} n \\approx -0.709 && \\in \\mathbb{R} \\\\
        J &= -p \\approx 0.709 && \\in \\mathbb{R}
      \\end{aligned}"
    `);
  });

  test("indices that are constants", () => {
    expect(formula((v) => at(v!, tensor(Int32Array.of(2, 0))), v)).toMatchInlineSnapshot(`
      "\\begin{aligned}
        &\\operatorname{take}_{\\text{a,a=b->b}}(v, a) \\\\
        \\text{where}\\quad a &= \\left(2, 0\\right)
      \\end{aligned}"
    `);
  });
});

describe("numbers", () => {
  const numbers: readonly [number, string][] = [
    [3, "3"],
    [123456789, "123456789"],
    [0.1, "0.1"],
    [1 / 569, "\\frac{1}{569}"],
    [0.5, "\\frac{1}{2}"],
    [0.25, "\\frac{1}{4}"],
    [2 / 3, "\\frac{2}{3}"],
    [Math.PI, "\\pi"],
    [Math.sqrt(2 * Math.PI), "\\sqrt{2\\pi}"],
    [1 / Math.sqrt(2 * Math.PI), "\\frac{1}{\\sqrt{2\\pi}}"],
    [Math.LN10, "\\ln(10)"],
    [1.23456789, "1.23457"],
    [1e-9, "10^{-9}"],
    [2.5e30, "2.5 \\times 10^{30}"],
    [Infinity, "\\infty"],
    [Number.NaN, "\\text{NaN}"],
  ];

  test.each(numbers)("%d", (value, written) => {
    expect(formula((x) => x!.add(value), x)).toBe(`x + ${written}`);
    if (!Number.isNaN(value)) expect(formula((x) => x!.sub(value), x)).toBe(`x - ${written}`);
  });

  test("of float32 are known by their rounding", () => {
    const single = label(tensor([1], "float32"), "x");
    expect(formula((x) => x!.mul(1 / 569), single)).toBe("\\frac{1}{569}\\,x");
    expect(formula((x) => x!.div(Math.LN2), single)).toBe("\\frac{x}{\\ln(2)}");
  });

  test("in products, powers and fractions", () => {
    expect(formula((x) => x!.mul(3).mul(5), x)).toBe("3 \\cdot 5\\,x");
    expect(formula((x) => x!.mul(1e-9), x)).toBe("10^{-9}\\,x");
    expect(formula((x) => pow(2, x!).mul(3), x)).toBe("3 \\cdot 2^{x}");
    expect(formula((x) => pow(2e-9, x!), x)).toBe("(2 \\times 10^{-9})^{x}");
    expect(formula((x) => pow(x!, 0.5), x)).toBe("x^{1/2}");
    expect(formula((x) => pow(x!, -1.5), x)).toBe("x^{-1.5}");
    expect(formula((x) => exp(x!.mul(-1 / 3)), x)).toBe("e^{-x/3}");
    expect(formula((x) => div(1 / 3, x!), x)).toBe("\\frac{1}{3\\,x}");
    expect(formula((x) => div(x!.div(3), x!.add(1)), x)).toBe("\\frac{x/3}{x + 1}");
  });
});

describe("names", () => {
  const names: readonly [string, string][] = [
    ["x", "x"],
    ["theta", "\\theta"],
    ["θ", "\\theta"],
    ["Σ", "\\Sigma"],
    ["lambda", "\\lambda"],
    ["w1", "w_{1}"],
    ["w_1", "w_{1}"],
    ["w₁₂", "w_{12}"],
    ["w_in", "w_{\\mathit{in}}"],
    ["loss", "\\mathit{loss}"],
    ["ŷ", "\\hat{y}"],
    ["ȳ", "\\bar{y}"],
    ["x'", "x'"],
    ["layers[0].w", "\\mathit{layers}_{0}.w"],
    ["params.theta", "\\mathit{params}.\\theta"],
    ["∂θ", "\\partial \\theta"],
    ["∂J/∂w1", "\\frac{\\partial J}{\\partial w_{1}}"],
    ["\\mathbf{x}", "\\mathbf{x}"],
    ["\\oops{", "\\text{\\textbackslash{}oops\\{}"],
    ["50% & up", "\\text{50\\% \\& up}"],
  ];

  test.each(names)("%s", (name, written) => {
    expect(checked(record((x: Tensor) => x.neg(), label(tensor(1), name)))).toBe(`-${written}`);
  });

  test("of any text are rendered by KaTeX", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 12 }).filter((name) => !name.includes("\\")),
        (name) => {
          checked(record((x: Tensor) => x.neg(), label(tensor(1), name)));
        },
      ),
    );
  });
});

describe("products of matrices", () => {
  const sides: Readonly<Record<string, number>> = { i: 2, j: 3, k: 4 };
  const operands = ["i", "k", "ik", "ki", "j", "kj", "jk"];
  const specs = operands.flatMap((left) =>
    operands.flatMap((right) => {
      const shared = [...left].filter((label) => right.includes(label)).join("");
      const rest = [...left, ...right].filter((label) => !shared.includes(label));
      const isProduct = shared === "k" || shared === "i" || shared === "j" || shared === "";
      const outputs = rest.length === 2 ? [rest.join(""), [...rest].reverse().join("")] : [rest.join("")];
      return !isProduct || rest.length > 2 || new Set(rest).size < rest.length ? [] : outputs.map((out) => `${left},${right}->${out}`);
    }),
  );

  type Matrix = readonly (readonly number[])[];
  const turned = (x: Matrix): Matrix => x[0]!.map((_, column) => x.map((row) => row[column]!));
  const times = (x: Matrix, y: Matrix): Matrix => {
    expect(x[0]!.length).toBe(y.length);
    return x.map((row) => y[0]!.map((_, column) => row.reduce((total, entry, k) => total + entry * y[k]![column]!, 0)));
  };
  /** A vector is a column. */
  const columns = ({ shape, values }: Tensor): Matrix => {
    const width = shape[1] ?? 1;
    return Array.from({ length: shape[0] ?? 1 }, (_, row) => [...values.slice(row * width, (row + 1) * width)]);
  };

  test("there are many", () => expect(specs.length).toBeGreaterThan(25));

  test.each(specs)("%s", (spec) => {
    const [left, right] = spec.split("->")[0]!.split(",") as [string, string];
    const drawn = (labels: string, seed: number): Tensor => {
      const shape = [...labels].map((label) => sides[label]!);
      return tensor(
        Array.from({ length: shape.reduce((size, side) => size * side, 1) }, (_, i) => ((i * 7 + seed) % 11) - 4),
        { shape },
      );
    };
    const A = label(drawn(left, 1), "A");
    const B = label(drawn(right, 3), "B");
    const graph = record((A: Tensor, B: Tensor) => contract(A, B, spec), A, B);
    const source = checked(graph);
    const factors = [...source.matchAll(/([AB])(\^\\top)? ?/g)];
    expect(factors.map((factor) => factor[0]).join("")).toBe(source);
    const value = factors.map(([, name, top]) => {
      const own = columns(name === "A" ? A : B);
      return top === undefined ? own : turned(own);
    });
    const unsigned = (matrix: Matrix): Matrix => matrix.map((row) => row.map((entry) => entry + 0));
    expect(unsigned(times(value[0]!, value[1]!))).toEqual(unsigned(columns(graph.outputs[0]!)));
  });
});
