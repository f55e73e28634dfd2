// Reads infix text by precedence climbing and gives its value in the field of opaque functions. Knows no printer.
import { add, div, type Field, fromNumber, mul, neg, opaque, pow, sub } from "./field.ts";

type Scope = ReadonlyMap<string, Field>;

const strengths: Readonly<Record<string, number>> = {
  "||": 1,
  "&&": 2,
  "<": 3,
  ">=": 3,
  "==": 3,
  "+": 4,
  "-": 4,
  "*": 5,
  "/": 5,
  mod: 5,
  "^": 8,
};

const infix: Readonly<Record<string, (x: Field, y: Field) => Field>> = {
  "+": add,
  "-": sub,
  "*": mul,
  "/": div,
  "^": pow,
};

/** The value of an expression; names are looked up in the scope, `f(…)` is an opaque function. */
export function readInfix(text: string, scope: Scope): Field {
  const tokens = text.match(/\d+(?:\.\d+)?(?:e-?\d+)?|[\p{L}_][\p{L}_0-9]*|>=|==|&&|\|\||²|[-+*/^<(),]/gu) ?? [];
  let at = 0;
  const take = (): string => tokens[at++]!;
  const expect = (wanted: string): void => {
    const found = take();
    if (found !== wanted) throw new Error(`${wanted} expected, ${found} found in ${text}`);
  };
  const list = (): Field[] => {
    const args = [climb(0)];
    while (tokens[at] === ",") {
      at++;
      args.push(climb(0));
    }
    expect(")");
    return args;
  };
  const atom = (): Field => {
    const token = take();
    if (token === "(") return list()[0]!;
    if (/^\d/.test(token)) return fromNumber(Number(token));
    if (tokens[at] === "(") {
      at++;
      return opaque(token, ...list());
    }
    const value = scope.get(token);
    if (value === undefined) throw new Error(`${token} is unknown in ${text}`);
    return value;
  };
  const postfix = (): Field => {
    let value = atom();
    while (tokens[at] === "²") {
      at++;
      value = mul(value, value);
    }
    return value;
  };
  const operand = (): Field => {
    if (tokens[at] === "-") {
      at++;
      return neg(climb(6));
    }
    return postfix();
  };
  const climb = (weakest: number): Field => {
    let left = operand();
    for (;;) {
      const sign = tokens[at] ?? "";
      const strength = strengths[sign];
      if (strength === undefined || strength < weakest) return left;
      at++;
      const right = climb(strength + 1);
      left = infix[sign]?.(left, right) ?? opaque(sign, left, right);
    }
  };
  const value = climb(0);
  if (at !== tokens.length) throw new Error(`"${tokens.slice(at).join(" ")}" is left over of ${text}`);
  return value;
}
