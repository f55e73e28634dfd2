// Runs every `ts` block of the docstrings and READMEs and compares what it shows after `// =>` with what the code gives.
//
// A block without imports has every export of core, print and optim in scope, in a docstring also the file's own and the engine's. `expression; // => shown`, `const x = …; // => shown` and
// `console.log(x); // => shown` are compared with the printed value, a thrown error with its name and message; "…" in what is shown stands
// for any text. What is shown may go on in the comment lines that follow.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as core from "@cotangent/core";
import * as engine from "@cotangent/core/engine";
import * as functions from "@cotangent/core/functions";
import * as optim from "@cotangent/optim";
import * as print from "@cotangent/print";
import ts from "typescript";
import { describe, expect, test } from "vitest";

type Scope = Readonly<Record<string, unknown>>;

const modules: Readonly<Record<string, object>> = {
  "@cotangent/core": core,
  "@cotangent/core/engine": engine,
  "@cotangent/core/functions": functions,
  "@cotangent/optim": optim,
  "@cotangent/print": print,
};
const shared: Scope = { ...core, ...optim, ...print, console: { ...console, log: () => {} } };

const load = async (name: string): Promise<object> => modules[name] ?? import(/* @vite-ignore */ name);

interface Block {
  readonly line: number;
  readonly code: string;
}

/** The `ts` blocks of a text; in a source file only those inside doc comments, without the comment's stars. */
function blocksOf(text: string, isSource: boolean): Block[] {
  const blocks: Block[] = [];
  let lines: string[] | undefined;
  let inComment = !isSource;
  for (const [index, raw] of text.split("\n").entries()) {
    if (isSource && /^\s*\/\*\*/.test(raw)) inComment = true;
    const line = isSource ? raw.replace(/^\s*(\/\*)?\* ?/, "") : raw;
    if (lines !== undefined && /^\s*```/.test(line)) {
      blocks.push({ line: index - lines.length + 1, code: lines.join("\n") });
      lines = undefined;
    } else if (lines !== undefined) lines.push(line);
    else if (inComment && /^\s*```ts\s*$/.test(line)) lines = [];
    if (isSource && raw.includes("*/")) inComment = false;
  }
  return blocks;
}

/** The comment lines after a statement if the first of them is `// => …`. */
function shownAfter(gap: string): string[] | undefined {
  const lines = gap.trim().split("\n");
  const end = lines.findIndex((line) => !/^\s*\/\//.test(line));
  const comments = (end < 0 ? lines : lines.slice(0, end)).map((line) => line.replace(/^\s*\/\//, "").trim());
  return comments[0]?.startsWith("=>") ? [comments[0].slice(2).trim(), ...comments.slice(1)] : undefined;
}

/** A block as the body of an asynchronous function of `load`, `scope` and `show`. */
function program({ line: firstLine, code }: Block, scope: Scope): string {
  const file = ts.createSourceFile("block.ts", code, ts.ScriptTarget.Latest, true);
  const hasImports = file.statements.some(ts.isImportDeclaration);
  const statements = file.statements.map((statement, index) => {
    const text = statement.getText(file);
    if (ts.isImportDeclaration(statement)) return importStatement(statement, file);
    const shown = shownAfter(code.slice(statement.end, file.statements[index + 1]?.getStart(file) ?? code.length));
    if (shown === undefined) return text;
    const line = firstLine + file.getLineAndCharacterOfPosition(statement.getStart(file)).line;
    const check = (value: string): string => `await show(${line}, ${JSON.stringify(shown)}, async () => (${value}));`;
    if (ts.isVariableStatement(statement)) return `${text}\n${check(statement.declarationList.declarations[0]!.name.getText(file))}`;
    if (!ts.isExpressionStatement(statement)) throw new Error(`line ${line}: "// =>" must follow an expression or a variable`);
    const { expression } = statement;
    const isLog = ts.isCallExpression(expression) && expression.expression.getText(file) === "console.log";
    return check((isLog ? expression.arguments[0]! : expression).getText(file));
  });
  const names = hasImports ? [] : Object.keys(scope);
  const source = `const { ${names.join(", ")} } = scope; {\n${statements.join("\n")}\n}`;
  return ts.transpile(source, { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext });
}

function importStatement(statement: ts.ImportDeclaration, file: ts.SourceFile): string {
  const bindings = statement.importClause?.namedBindings;
  const from = `await load(${statement.moduleSpecifier.getText(file)})`;
  if (bindings === undefined) return `${from};`;
  if (ts.isNamespaceImport(bindings)) return `const ${bindings.name.text} = ${from};`;
  const names = bindings.elements
    .filter(({ isTypeOnly }) => !isTypeOnly)
    .map(({ name, propertyName }) => (propertyName ? `${propertyName.text}: ${name.text}` : name.text));
  return `const { ${names.join(", ")} } = ${from};`;
}

/** A value as the documentation writes it: tensors and graphs print themselves, arrays and objects as in JavaScript. */
function printed(value: unknown): string {
  if (Object.is(value, -0)) return "-0";
  if (typeof value !== "object" || value === null) return String(value);
  const inner = (entry: unknown): string => (typeof entry === "string" ? JSON.stringify(entry) : printed(entry));
  if (Array.isArray(value)) return `[${value.map(inner).join(", ")}]`;
  if (ArrayBuffer.isView(value))
    return `${value.constructor.name} [${Array.from(value as unknown as ArrayLike<number>, inner).join(", ")}]`;
  if (value.toString !== Object.prototype.toString) return String(value);
  const entries = Object.entries(value).map(([key, entry]) => `${key}: ${inner(entry)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

function agrees(shown: string, actual: string): boolean {
  const pattern = shown
    .split("…")
    .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"))
    .join(".*");
  return new RegExp(`^${pattern}$`, "s").test(actual);
}

async function run(path: string, block: Block): Promise<string[]> {
  const scope = path.endsWith(".ts") ? { ...engine, ...shared, ...(await import(join(process.cwd(), path))) } : shared;
  const mismatches: string[] = [];
  const show = async (line: number, shown: readonly string[], compute: () => Promise<unknown>): Promise<void> => {
    const value = await compute().catch((error: unknown) => error);
    const trimmed = printed(value)
      .split("\n")
      .map((each) => each.trim());
    const expected = shown.slice(0, trimmed.length).join("\n");
    const actual = trimmed.join("\n");
    if (agrees(expected, actual) || (typeof value === "string" && expected === JSON.stringify(value))) return;
    mismatches.push(`${path}:${line} shows\n${expected}\nbut the code gives\n${actual}`);
  };
  const AsyncFunction = run.constructor as FunctionConstructor;
  try {
    await new AsyncFunction("load", "scope", "show", program(block, scope))(load, scope, show);
  } catch (error) {
    mismatches.push(`${path}:${block.line} throws ${String(error)}`);
  }
  return mismatches;
}

const packages = readdirSync("packages").filter((name) => existsSync(`packages/${name}/package.json`));
const sources = packages.flatMap((name) =>
  readdirSync(`packages/${name}/src`, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => `packages/${name}/src/${file}`),
);
const readmes = ["README.md", ...packages.map((name) => `packages/${name}/README.md`)].filter((path) => existsSync(path));

for (const path of [...readmes, ...sources]) {
  const blocks = blocksOf(readFileSync(path, "utf8"), path.endsWith(".ts"));
  if (blocks.length === 0) continue;
  describe(path, () => {
    test.each(blocks)("line $line", async (block) => expect((await run(path, block)).join("\n\n")).toBe(""));
  });
}
