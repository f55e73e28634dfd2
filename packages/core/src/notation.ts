/** How an op is written by printers, as data: text and LaTeX forms with binding strength. Knows no printer and no tensor. */

/** Binding strengths, weakest first; an argument that binds weaker than its place is parenthesised. */
export const precedence = { comparison: 1, sum: 2, product: 3, prefix: 4, power: 5, atom: 6 } as const;

export type Notation =
  /** `name(x, y)`; `latex` is the function's sign, such as `\sigma`. */
  | { readonly form: "call"; readonly latex: string }
  /** `x + y`; the right operand is parenthesised at equal strength unless associative. */
  | { readonly form: "infix"; readonly text: string; readonly latex: string; readonly precedence: number; readonly associative: boolean }
  /** `-x`. */
  | { readonly form: "prefix"; readonly text: string; readonly latex: string }
  /** `\frac{x}{y}`. */
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
  /** `\sum_{0} x`: a large operator with the axes below it, from params. */
  | { readonly form: "operator"; readonly latex: string }
  /** `\begin{cases} x & c \\ y & otherwise \end{cases}`. */
  | { readonly form: "cases" }
  /** The argument as it is: data moved without changing its meaning to a reader. */
  | { readonly form: "transparent" };

export const call = (latex: string): Notation => ({ form: "call", latex });
export const infix = (text: string, latex: string, strength: number, associative = false): Notation => ({
  form: "infix",
  text,
  latex,
  precedence: strength,
  associative,
});
export const prefix = (text: string, latex: string): Notation => ({ form: "prefix", text, latex });
export const superscript = (text: string, latex: string): Notation => ({ form: "superscript", text, latex });
export const delimiters = (open: string, close: string): Notation => ({ form: "delimiters", open, close });
export const root = (degree: number): Notation => ({ form: "root", degree });
export const exponential = (base: string): Notation => ({ form: "exponential", base });
export const operator = (latex: string): Notation => ({ form: "operator", latex });
export const fraction: Notation = { form: "fraction" };
export const power: Notation = { form: "power" };
export const cases: Notation = { form: "cases" };
export const transparent: Notation = { form: "transparent" };
/** `\operatorname{name}(x)`. */
export const named = (name: string): Notation => ({ form: "call", latex: `\\operatorname{${name}}` });
