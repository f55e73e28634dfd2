/** How an op is written by printers, as data: text and LaTeX forms with binding strength. Knows no printer and no tensor. */

/** Binding strengths, weakest first; an argument that binds weaker than its place is parenthesised. */
export const precedence = { logic: 0, comparison: 1, sum: 2, product: 3, prefix: 4, power: 5, atom: 6 } as const;

/** A binding strength by name: a literal, so that a row which nobody imports is seen to have no effect. */
export type Strength = keyof typeof precedence;

/** What a form means to a printer that drops neutral numbers and gathers signs; each step is exact in floating point. */
export type Algebra = "sum" | "difference" | "product" | "negative";

export type Notation =
  /** `name(x, y)`; `latex` is the function's sign, such as `\sigma`; with `order` the params as shown stand above it: `\psi^{(1)}(x)`. */
  | { readonly form: "call"; readonly latex: string; readonly order?: boolean }
  /**
   * Fixed pieces around the arguments in order, one piece more than arguments: `\log(1 + x)`, `\frac{1}{\sqrt{x}}`. An argument that binds
   * weaker than its entry of `places` is parenthesised; the whole binds as `precedence`.
   */
  | {
      readonly form: "template";
      readonly text: readonly string[];
      readonly latex: readonly string[];
      readonly precedence: number;
      readonly places: readonly number[];
    }
  /** `x + y`; the right operand is parenthesised at equal strength unless associative. */
  | {
      readonly form: "infix";
      readonly text: string;
      readonly latex: string;
      readonly precedence: number;
      readonly associative: boolean;
      readonly algebra?: Algebra;
    }
  /** `-x`. */
  | { readonly form: "prefix"; readonly text: string; readonly latex: string; readonly algebra?: Algebra }
  /** `\frac{x}{y}`, and `\frac{1}{x}` of one argument. */
  | { readonly form: "fraction" }
  /** `x^{y}`. */
  | { readonly form: "power" }
  /** `x^{2}`, `x^{\top}`: a fixed superscript. */
  | { readonly form: "superscript"; readonly text: string; readonly latex: string }
  /** `\lvert x \rvert`. */
  | { readonly form: "delimiters"; readonly open: string; readonly close: string }
  /** `\sqrt{x}`, `\sqrt[3]{x}`. */
  | { readonly form: "root"; readonly degree: number }
  /** `e^{x}`, `2^{x}`. */
  | { readonly form: "exponential"; readonly base: string }
  /**
   * `\sum_{i} x`: an operator with a letter for each of the params' `axes` below it; `average` divides by the number of entries,
   * `parentheses` always go around the argument.
   */
  | { readonly form: "operator"; readonly latex: string; readonly average: boolean; readonly parentheses: boolean }
  /** `X^{\top} Y` where the params' labels say a product of matrices or vectors (`matrixForm`), `\sum_{k} X_{ik} Y_{jk}` where not. */
  | { readonly form: "contraction" }
  /** `\begin{cases} x & c \\ y & otherwise \end{cases}`. */
  | { readonly form: "cases" }
  /** `x^{\top}` where the params, an order of the axes, exchange the last two; a call where they do more. */
  | { readonly form: "transpose" }
  /** `x_{0:2}`: the params as they are shown, below the argument. */
  | { readonly form: "subscript" }
  /** The argument as it is where the output's dtype holds its entries (rounded, for floats), `\operatorname{int32}(x)` where not. */
  | { readonly form: "conversion" }
  /** The argument as it is: data moved without changing its meaning to a reader. */
  | { readonly form: "transparent" }
  /** The argument itself: no printer shows the op. */
  | { readonly form: "alias" };

export const call = (latex: string): Notation => ({ form: "call", latex });
export const callOfOrder = (latex: string): Notation => ({ form: "call", latex, order: true });
export const template = (text: readonly string[], latex: readonly string[], strength: Strength, places: readonly Strength[]): Notation => ({
  form: "template",
  text,
  latex,
  precedence: precedence[strength],
  places: places.map((place) => precedence[place]),
});
export const infix = (text: string, latex: string, strength: Strength, associative = false, algebra?: Algebra): Notation => ({
  form: "infix",
  text,
  latex,
  precedence: precedence[strength],
  associative,
  ...(algebra === undefined ? {} : { algebra }),
});
export const prefix = (text: string, latex: string, algebra?: Algebra): Notation => ({
  form: "prefix",
  text,
  latex,
  ...(algebra === undefined ? {} : { algebra }),
});
export const superscript = (text: string, latex: string): Notation => ({ form: "superscript", text, latex });
export const delimiters = (open: string, close: string): Notation => ({ form: "delimiters", open, close });
export const root = (degree: number): Notation => ({ form: "root", degree });
export const exponential = (base: string): Notation => ({ form: "exponential", base });
/** A large operator such as `\sum`, or with `average` the mean `\frac{1}{n}\sum`. */
export const operator = (latex: string, average = false): Notation => ({ form: "operator", latex, average, parentheses: false });
/** `\operatorname{name}_{i}(x)`: a function of entries along axes. */
export const namedOver = (name: string): Notation => ({
  form: "operator",
  latex: `\\operatorname{${name}}`,
  average: false,
  parentheses: true,
});
export const fraction: Notation = { form: "fraction" };
export const power: Notation = { form: "power" };
export const contracted: Notation = { form: "contraction" };
export const cases: Notation = { form: "cases" };
export const transpose: Notation = { form: "transpose" };
export const subscript: Notation = { form: "subscript" };
export const conversion: Notation = { form: "conversion" };
export const transparent: Notation = { form: "transparent" };
export const alias: Notation = { form: "alias" };
/** `\operatorname{name}(x)`. */
export const named = (name: string): Notation => ({ form: "call", latex: `\\operatorname{${name}}` });
