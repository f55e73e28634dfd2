// The rules of the op table, run on symbols and printed.
import * as core from "@cotangent/core";
import { tableOf } from "@cotangent/core/engine";
import katex from "katex";
import { describe, expect, test } from "vitest";
import { derivativeLatex, derivativeText, formulaLatex, formulaText } from "../src/index.ts";

const { abs, add, atan, cos, div, exp, expm1, log, logSigmoid, matmul, mean, mul, neg, reciprocal, relu, sigmoid, sin, softplus, sqrt, square, sub, sum, tanh, where } = core; // biome-ignore format: one list

test.each([
  ["exp", exp, "exp(x)", ["exp(x)"]],
  ["log", log, "log(x)", ["1 / x"]],
  ["sin", sin, "sin(x)", ["cos(x)"]],
  ["cos", cos, "cos(x)", ["-sin(x)"]],
  ["sqrt", sqrt, "sqrt(x)", ["0.5 / sqrt(x)"]],
  ["square", square, "x²", ["2 * x"]],
  ["reciprocal", reciprocal, "1 / x", ["-(1 / x)²"]],
  ["expm1", expm1, "exp(x) - 1", ["exp(x)"]],
  ["tanh", tanh, "tanh(x)", ["sech(x)²"]],
  ["atan", atan, "atan(x)", ["1 / (1 + x²)"]],
  ["abs", abs, "abs(x)", ["sign(x)"]],
  ["sigmoid", sigmoid, "sigmoid(x)", ["sigmoid(x) * sigmoid(-x)"]],
  ["softplus", softplus, "softplus(x)", ["sigmoid(x)"]],
  ["logSigmoid", logSigmoid, "logSigmoid(x)", ["sigmoid(-x)"]],
  ["neg", neg, "-x", ["-1"]],
  ["relu", relu, "relu(x)", ["where(x > 0, 1, 0)"]],
  ["add", add, "x + y", ["1", "1"]],
  ["sub", sub, "x - y", ["1", "-1"]],
  ["mul", mul, "x * y", ["y", "x"]],
  ["div", div, "x / y", ["1 / y", "-x / y / y"]],
  ["where", where, "where(c, x, y)", ["where(c, 1, 0)", "where(c, 0, 1)"]],
  ["matmul", matmul, "x · y", ["g · yᵀ", "xᵀ · g"]],
  ["sum", sum, "sum(x)", ["g"]],
  ["mean", mean, "mean(x)", ["g / 9"]],
] as const)("%s", (_name, f, value, derivatives) => {
  expect(formulaText(f as never)).toBe(value);
  expect(derivativeText(f as never)).toEqual(derivatives);
});

test("in LaTeX", () => {
  expect(formulaLatex(sigmoid)).toBe("\\sigma(x)");
  expect(derivativeLatex(sigmoid)).toEqual(["\\sigma(x)\\,\\sigma(-x)"]);
  expect(derivativeLatex(div)).toEqual(["\\frac{1}{y}", "-\\frac{x/y}{y}"]);
  expect(derivativeLatex(matmul)).toEqual(["g y^\\top", "x^\\top g"]);
});

describe("every row of the table", () => {
  test.each(tableOf(core))("%s is written in text and in LaTeX that KaTeX renders", (_name, f) => {
    for (const source of [formulaLatex(f), ...derivativeLatex(f)]) {
      expect(source).not.toBe("");
      katex.renderToString(source, { displayMode: true, throwOnError: true, strict: "error" });
    }
    for (const source of [formulaText(f), ...derivativeText(f)]) expect(source).not.toMatch(/\[object|undefined|\bnull\b/);
  });
});

test("what is no row is refused", () => {
  expect(() => derivativeLatex(((x: unknown) => x) as never)).toThrowErrorMatchingInlineSnapshot(
    `[CotangentError: derivativeLatex: not a function of the op table — a function; give one such as sigmoid]`,
  );
  expect(() => formulaText(3 as never)).toThrowErrorMatchingInlineSnapshot(
    `[CotangentError: formulaText: not a function of the op table — 3; give one such as sigmoid]`,
  );
});
