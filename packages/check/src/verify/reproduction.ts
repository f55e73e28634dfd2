/**
 * A short program that shows a refutation again: the functions' own text where it is short, the point where it is small, the imports that both
 * need. What it could not include, closed-over values and large tensors, it names.
 */
import * as core from "@cotangent/core";
import { isTensor } from "@cotangent/core/engine";
import { writeSource } from "../arbitraries/source.ts";
import type { Given } from "./options.ts";
import { type Point, tensorsAt } from "./problem.ts";

const longest = 400;
const largest = 64;

/** A call of a check with its functions, in order and by the names they have in the program, at one point. */
export function programOf(
  check: string,
  { inputs, seed, whole, asked }: Given,
  functions: Readonly<Record<string, unknown>>,
  point: Point,
): string {
  const at = whole(inputs.narrow(tensorsAt(inputs.leaves, point, false)));
  const options = Object.entries(asked).map(([name, value]) => `, ${name}: ${writeSource(value, elided)}`);
  const call = `${check}(${Object.keys(functions).join(", ")}, { at${options.join("")}, seed: ${seed}, points: 0 })`;
  return programText(check, functions, [`const at = ${writeSource(at, elided)};`, `console.log(String(${call}));`]);
}

/** Imports, functions and the lines that use them. */
export function programText(check: string, functions: Readonly<Record<string, unknown>>, lines: readonly string[]): string {
  const own = [check, "at", ...Object.keys(functions)];
  const texts = Object.entries(functions).map(([name, f]) => ({ name, ...textOf(f, name) }));
  const used = [...texts.map(({ text }) => text), ...lines].flatMap(namesIn);
  const known = Object.keys(core);
  const imported = [...new Set(used)].filter((name) => known.includes(name) && !own.includes(name)).sort();
  const missing = [...new Set(texts.flatMap(({ text, isCode }) => (isCode ? namesIn(text) : [])))].filter(
    (name) => !known.includes(name) && !own.includes(name) && !(name in globalThis),
  );
  const left = texts.filter(({ isCode }) => !isCode).map(({ name }) => name);
  const large = lines.some((line) => line.includes("/*")) ? ["large tensors"] : [];
  const absent = [...missing, ...left, ...large];
  return [
    ...(absent.length === 0 ? [] : [`// to be filled in, for it could not be included: ${absent.join(", ")}`]),
    ...(imported.length === 0 ? [] : [`import { ${imported.join(", ")} } from "@cotangent/core";`]),
    `import { ${check} } from "@cotangent/check";`,
    ...texts.map(({ name, text }) => `const ${name} = ${text};`),
    ...lines,
  ].join("\n");
}

const elided = (value: unknown): string | undefined => {
  if (isTensor(value)) return value.size > largest ? `/* ${value.dtype}[${value.shape.join(", ")}] */` : undefined;
  if (ArrayBuffer.isView(value)) return value.byteLength > 8 * largest ? `/* ${value.constructor.name} of many */` : undefined;
  return typeof value === "function" ? "/* a function */" : undefined;
};

interface Text {
  readonly text: string;
  /** Whether it is a function's own text, not what stands for it. */
  readonly isCode: boolean;
}

/** What compilers and test runners make of an imported name: `(0, module.name)` and `__vite_ssr_import_1__.name`. */
const importedName = /\(0,\s*[\w$]+\.([\w$]+)\)|\b__vi\w*import_\d+__\.([\w$]+)/g;

/** A function's text as an expression, imported names as they were written; methods become functions. */
function textOf(f: unknown, name: string): Text {
  if (typeof f !== "function") {
    const text = writeSource(f, elided);
    return { text, isCode: !text.includes("/*") };
  }
  const text = Function.prototype.toString.call(f).replace(importedName, "$1$2");
  if (text.length > longest || text.includes("[native code]")) return { text: `/* ${name} */`, isCode: false };
  const isMethod =
    /^(async\s+)?\*?\s*(\[[^\]]*\]|[\w$]+)\s*\(/.test(text) && !/^(async\s+)?function\b/.test(text) && !/^async\s*\(/.test(text);
  return { text: isMethod ? `function ${text.replace(/^\[[^\]]*\]/, name)}` : text, isCode: true };
}

const keywords = new Set(
  "abstract any as async await boolean break case catch class const continue default delete do else export extends false finally for from function get if implements import in infer instanceof interface keyof let new null number object of readonly return satisfies set static string super switch symbol this throw true try type typeof undefined unknown var void while with yield arguments".split(
    " ",
  ),
);

/** The end of the bracket that opens at an index. */
function closing(code: string, from: number): number {
  let depth = 0;
  for (let i = from; i < code.length; i++) {
    if ("([{".includes(code[i]!)) depth++;
    else if (")]}".includes(code[i]!) && --depth === 0) return i + 1;
  }
  return code.length;
}

/** The names and patterns that a declaration binds; what they are given is passed over. */
function declaredFrom(code: string, from: number): string[] {
  const found: string[] = [];
  let at = from + /^\w+/.exec(code.slice(from))![0].length;
  for (;;) {
    at += /^\s*/.exec(code.slice(at))![0].length;
    const end = code[at] === "{" || code[at] === "[" ? closing(code, at) : at + (/^[\w$]*/.exec(code.slice(at))?.[0].length ?? 0);
    found.push(code.slice(at, end));
    at = end;
    while (at < code.length && !",;)]}".includes(code[at]!)) at = "([{".includes(code[at]!) ? closing(code, at) : at + 1;
    if (code[at] !== ",") return found;
    at++;
  }
}

/** Names that a piece of code uses and does not bind itself, read off its words; binding is found where parameters and declarations stand. */
function namesIn(code: string): string[] {
  const plain = code
    .replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, " ")
    .replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, " ")
    .replace(/`(?:[^`\\]|\\.)*`/g, (text) => [...text.matchAll(/\$\{([^}]*)\}/g)].map(([, inner]) => inner).join(" "));
  const bound = new Set<string>();
  const bind = (pattern: string): void => {
    for (const [name] of pattern.replace(/=[^,)}\]]*/g, "").matchAll(/[A-Za-z_$][\w$]*/g)) bound.add(name);
  };
  for (const [, params] of plain.matchAll(/\(([^()]*)\)\s*(?::[^=;{]*)?=>/g)) bind(params!);
  for (const [, param] of plain.matchAll(/([A-Za-z_$][\w$]*)\s*=>/g)) bound.add(param!);
  for (const [, name, params] of plain.matchAll(/\bfunction\s*\*?\s*([A-Za-z_$][\w$]*)?\s*\(([^()]*)\)/g)) bind(`${name ?? ""} ${params}`);
  for (const { index } of plain.matchAll(/\b(?:const|let|var)\b/g)) for (const pattern of declaredFrom(plain, index)) bind(pattern);
  for (const [, name] of plain.matchAll(/\bcatch\s*\(([^()]*)\)/g)) bind(name!);
  const words = [...plain.matchAll(/(\.\s*|\?\.\s*|#)?(?<![\w$])([A-Za-z_$][\w$]*)(\s*:(?!:))?/g)];
  const free = words.filter(([match, dot, name, colon], i) => {
    const isSpread = plain.slice(0, words[i]!.index + match.length).endsWith(`...${match.replace(/^\.\s*/, "")}`);
    const isKey = colon !== undefined && /[{,]\s*$/.test(plain.slice(0, words[i]!.index));
    return (dot === undefined || isSpread) && !isKey && !keywords.has(name!) && !bound.has(name!);
  });
  return [...new Set(free.map(([, , name]) => name!))];
}
