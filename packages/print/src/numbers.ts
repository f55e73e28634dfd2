/** Numbers as a person writes them, in text and in LaTeX: short decimals, small fractions, known constants. Knows no graph. */
import type { DType } from "@cotangent/core";

/** A number in at most `digits` significant digits; integers below 10^15 in full. */
export function numberText(value: number, digits: number, dtype: DType = "float64"): string {
  if (dtype === "bool") return value === 0 ? "false" : "true";
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "-∞";
  if (Object.is(value, -0)) return "-0";
  const short = Number.isInteger(value) && Math.abs(value) < 1e15 ? value : Number(value.toPrecision(digits));
  return String(short).replace("e+", "e");
}

/** A non-negative number in LaTeX and the strength it binds with: a `fraction` may be laid out, a `product` has a sign of multiplication. */
export interface NumberLatex {
  readonly latex: string;
  readonly form: "atom" | "power" | "product";
  readonly fraction?: readonly [over: string, under: string];
}

const atom = (latex: string): NumberLatex => ({ latex, form: "atom" });
const ratio = (over: string, under: string): NumberLatex => ({ latex: "", form: "atom", fraction: [over, under] });

/** The constants that derivatives of elementary and special functions bring along. */
const constants: readonly (readonly [number, NumberLatex])[] = [
  [Math.PI, atom("\\pi")],
  [Math.PI / 2, ratio("\\pi", "2")],
  [Math.sqrt(Math.PI), atom("\\sqrt{\\pi}")],
  [1 / Math.sqrt(Math.PI), ratio("1", "\\sqrt{\\pi}")],
  [2 / Math.sqrt(Math.PI), ratio("2", "\\sqrt{\\pi}")],
  [Math.sqrt(2 * Math.PI), atom("\\sqrt{2\\pi}")],
  [1 / Math.sqrt(2 * Math.PI), ratio("1", "\\sqrt{2\\pi}")],
  [Math.sqrt(2 / Math.PI), { latex: "\\sqrt{2/\\pi}", form: "atom" }],
  [Math.SQRT2, atom("\\sqrt{2}")],
  [Math.SQRT1_2, ratio("1", "\\sqrt{2}")],
  [Math.E, atom("e")],
  [Math.LN2, atom("\\ln(2)")],
  [Math.LN10, atom("\\ln(10)")],
  [Math.LOG2E, ratio("1", "\\ln(2)")],
  [Math.LOG10E, ratio("1", "\\ln(10)")],
];

/** A non-negative number in LaTeX: `\frac{1}{569}`, `\ln 2`, `0.25`, `2 \times 10^{-9}`. */
export function numberLatex(value: number, digits: number, dtype: DType): NumberLatex {
  if (dtype === "bool") return atom(`\\text{${value === 0 ? "false" : "true"}}`);
  if (Number.isNaN(value)) return atom("\\text{NaN}");
  if (value === Number.POSITIVE_INFINITY) return atom("\\infty");
  if (Number.isInteger(value) && value < 1e15) return decimalLatex(numberText(value, digits));
  const rounded = (x: number): number => (dtype === "float32" ? Math.fround(x) : x);
  const known = constants.find(([constant]) => Math.abs(rounded(constant) - value) <= 2 ** -51 * constant);
  if (known !== undefined) return known[1];
  return fractionOf(value, rounded) ?? decimalLatex(numberText(value, digits));
}

/** 1/n for a power of two, and k/n where the decimals would be long. */
function fractionOf(value: number, rounded: (x: number) => number): NumberLatex | undefined {
  const inverse = Math.round(1 / value);
  const isInverse = inverse >= 2 && inverse <= 1e7 && rounded(1 / inverse) === value;
  if (isInverse && Number.isInteger(Math.log2(inverse))) return ratio("1", String(inverse));
  if (rounded(Number(value.toPrecision(4))) === value) return undefined;
  if (isInverse) return ratio("1", String(inverse));
  for (let under = 3; under <= 12; under++) {
    const over = Math.round(value * under);
    if (over >= 1 && over < 100 && rounded(over / under) === value) return ratio(String(over), String(under));
  }
  return undefined;
}

function decimalLatex(text: string): NumberLatex {
  const [mantissa, exponent] = text.split("e");
  if (exponent === undefined) return atom(text);
  const power = `10^{${exponent}}`;
  return mantissa === "1" ? { latex: power, form: "power" } : { latex: `${mantissa} \\times ${power}`, form: "product" };
}
