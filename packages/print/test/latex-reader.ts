// Reads the LaTeX of a scalar formula as a person does and gives its value in the field of opaque functions. Knows no printer.
import { add, div, type Field, fromNumber, mul, neg, opaque, pow, sub } from "./field.ts";

type Scope = ReadonlyMap<string, Field>;

const comparisons: Readonly<Record<string, string>> = { "<": "<", "\\ge": ">=", "=": "==" };
const logic: Readonly<Record<string, string>> = { "\\land": "&&", "\\lor": "||" };

/** What ends a product: everything else beside a factor multiplies it. */
const enders = new Set([
  "+",
  "-",
  ")",
  "}",
  "&",
  "\\\\",
  ",",
  "/",
  "\\rvert",
  "\\bmod",
  undefined,
  ...Object.keys(comparisons),
  ...Object.keys(logic),
]);

export function readLatex(latex: string, scope: Scope): Field {
  const spaced = latex.replace(/\\left|\\right|\\,/g, " ").replace(/\\text\{(\w+) ?\}/g, " \\$1 ");
  const tokens: string[] =
    spaced.match(/\\operatorname\{\w+\}|\\(?:begin|end)\{\w+\}|\\\\|\\[A-Za-z]+|\d+(?:\.\d+)?|[A-Za-z]|[-+/^_<=(){}&,[\]]/g) ?? [];
  let at = 0;
  const take = (): string => tokens[at++]!;
  const expect = (wanted: string): void => {
    const found = take();
    if (found !== wanted) throw new Error(`${wanted} expected, ${found} found in ${latex}`);
  };
  const group = (): Field => {
    expect("{");
    const value = statement();
    expect("}");
    return value;
  };
  const list = (): Field[] => {
    expect("(");
    const args = [statement()];
    while (tokens[at] === ",") {
      at++;
      args.push(statement());
    }
    expect(")");
    return args;
  };
  const cases = (): Field => {
    const rows: [Field, Field | undefined][] = [];
    while (tokens[at] !== "\\end{cases}") {
      const chosen = statement();
      expect("&");
      const isLast = take() === "\\otherwise";
      rows.push([chosen, isLast ? undefined : statement()]);
      if (!isLast) expect("\\\\");
    }
    at++;
    return rows.reduceRight(
      (rest, [chosen, condition]) => (condition === undefined ? chosen : opaque("where", condition, chosen, rest)),
      0n,
    );
  };
  const base = (): Field => {
    const token = take();
    if (/^\d/.test(token)) return fromNumber(Number(token));
    if (token === "(") {
      at--;
      return list()[0]!;
    }
    if (token === "{") {
      at--;
      return group();
    }
    if (token === "\\frac") return div(group(), group());
    if (token === "\\sqrt") {
      if (tokens[at] !== "[") return opaque("sqrt", group());
      at += 3;
      return opaque("cbrt", group());
    }
    if (token === "\\lvert") {
      const value = statement();
      expect("\\rvert");
      return opaque("abs", value);
    }
    if (token === "\\begin{cases}") return cases();
    if (token === "e") {
      expect("^");
      return opaque("exp", tokens[at] === "{" ? group() : base());
    }
    const name = functions[token] ?? /^\\operatorname\{(\w+)\}$/.exec(token)?.[1];
    if (name !== undefined) return opaque(name, ...list());
    const subscript = tokens[at] === "_" ? tokens.slice(at + 2, tokens.indexOf("}", at)).join("") : "";
    if (subscript !== "") at = tokens.indexOf("}", at) + 1;
    const value = scope.get(token + subscript);
    if (value === undefined) throw new Error(`${token}${subscript} is unknown in ${latex}`);
    return value;
  };
  const factor = (): Field => {
    const value = base();
    if (tokens[at] !== "^") return value;
    at++;
    return pow(value, tokens[at] === "{" ? group() : base());
  };
  /** Quotients in a line bind like products: a b / c. */
  const product = (): Field => {
    let value = factor();
    for (;;) {
      if (tokens[at] === "/") {
        at++;
        value = div(value, factor());
      } else if (tokens[at] === "\\bmod") {
        at++;
        value = opaque("mod", value, factor());
      } else if (tokens[at] === "\\cdot") at++;
      else if (enders.has(tokens[at]) || tokens[at] === "\\end{cases}") return value;
      else value = mul(value, factor());
    }
  };
  const sum = (): Field => {
    let value: Field;
    if (tokens[at] === "-") {
      at++;
      value = neg(product());
    } else value = product();
    while (tokens[at] === "+" || tokens[at] === "-") value = take() === "+" ? add(value, product()) : sub(value, product());
    return value;
  };
  const comparison = (): Field => {
    const left = sum();
    const sign = comparisons[tokens[at] ?? ""];
    if (sign === undefined) return left;
    at++;
    return opaque(sign, left, sum());
  };
  const statement = (): Field => {
    let left = comparison();
    for (let sign = logic[tokens[at] ?? ""]; sign !== undefined; sign = logic[tokens[at] ?? ""]) {
      at++;
      left = opaque(sign, left, comparison());
    }
    return left;
  };
  const value = statement();
  if (at !== tokens.length) throw new Error(`"${tokens.slice(at).join(" ")}" is left over of ${latex}`);
  return value;
}

const functions: Readonly<Record<string, string>> = {
  "\\sigma": "sigmoid",
  "\\sin": "sin",
  "\\log": "log",
  "\\max": "maximum",
  "\\tanh": "tanh",
};
