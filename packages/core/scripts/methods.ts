// Writes src/methods.ts: every op of the table whose first argument is a tensor, as a method. Reads the types of ops/index.ts.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { checker, documentationOf, entry, exported, program, source, targetOf } from "./support/exports.ts";

interface Method {
  readonly name: string;
  readonly documentation: string;
  readonly signature: string;
}

/** What an interface of Tensor cannot take from the table: these names are its own. */
const reserved = new Set(["constructor", "shape", "dtype", "values", "rank", "size", "item", "toArray", "toString", "toJSON"]);

function methodOf(symbol: ts.Symbol): Method | undefined {
  const target = targetOf(symbol);
  if (!(target.flags & ts.SymbolFlags.Value) || reserved.has(symbol.name)) return undefined;
  const type = checker.getTypeOfSymbol(target);
  const signatures = type.getCallSignatures();
  if (signatures.length === 0 || checker.getPropertyOfType(type, "row") === undefined) return undefined;
  const signature = signatures[0]!;
  const [first, ...rest] = signature.getParameters();
  if (first === undefined || !/^(TensorLike|Tensor)$/.test(textOf(first))) return undefined;
  const parameters = rest.map((parameter) => {
    const declaration = parameter.valueDeclaration as ts.ParameterDeclaration;
    const optional = declaration.questionToken !== undefined || declaration.initializer !== undefined;
    return `${declaration.dotDotDotToken ? "..." : ""}${parameter.name}${optional ? "?" : ""}: ${textOf(parameter)}`;
  });
  const declared = signature.getDeclaration() as ts.SignatureDeclaration;
  return {
    name: symbol.name,
    documentation: documentationOf(symbol),
    signature: `(${parameters.join(", ")}): ${declared.type?.getText() ?? "Tensor"}`,
  };
}

/** A parameter's type as it is written, so that aliases keep their names. */
function textOf(parameter: ts.Symbol): string {
  const declaration = parameter.valueDeclaration as ts.ParameterDeclaration;
  return declaration.type === undefined ? checker.typeToString(checker.getTypeOfSymbol(parameter)) : declaration.type.getText();
}

const methods = exported.map(methodOf).filter((method) => method !== undefined);
methods.sort((x, y) => (x.name < y.name ? -1 : 1));

/** Type names used by the signatures, with the file of src that exports each. */
function typeImports(): string[] {
  const text = methods.map((method) => method.signature).join(" ");
  const used = new Set(text.match(/\b[A-Z]\w*/g) ?? []);
  for (const builtin of ["Array", "ReadonlyArray", "Record", "Readonly", "Partial", "Infinity"]) used.delete(builtin);
  const files = new Map<string, string[]>();
  for (const file of program.getSourceFiles()) {
    if (!file.fileName.startsWith(source)) continue;
    const module = checker.getSymbolAtLocation(file);
    if (module === undefined || file.fileName === entry) continue;
    for (const symbol of checker.getExportsOfModule(module)) {
      if (!used.has(symbol.name) || symbol.flags & ts.SymbolFlags.Alias) continue;
      used.delete(symbol.name);
      const path = `./${file.fileName.slice(source.length + 1)}`;
      files.set(path, [...(files.get(path) ?? []), symbol.name]);
    }
  }
  if (used.size > 0)
    throw new Error(`methods: types without a home — ${[...used].join(", ")}; export them from the file that declares them`);
  return [...files].sort().map(([path, names]) => `import type { ${names.sort().join(", ")} } from "${path}";`);
}

const names = methods.map((method) => method.name);
const text = `/** Every op whose first argument is a tensor, as a method: generated from the op table by \`npm run generate\`. */
${typeImports()
  .filter((line) => !line.includes('"./tensor.ts"'))
  .join("\n")}
import { ${names.join(", ")} } from "./ops/index.ts";
import { Tensor, type TensorLike } from "./tensor.ts";

/** The methods of a tensor: \`x.op(...rest)\` is \`op(x, ...rest)\`. */
export interface TensorMethods {
${methods.map(({ name, documentation, signature }) => `  /** ${documentation} */\n  ${name}${signature};`).join("\n")}
}

/** The name of the built file is right beside the source and beside the built declarations. */
declare module "./tensor.js" {
  interface Tensor extends TensorMethods {}
}

const ops: Readonly<Record<string, (x: Tensor, ...rest: never[]) => unknown>> = { ${names.join(", ")} };

for (const name of Object.keys(ops)) {
  const op = ops[name]!;
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...rest: never[]): unknown {
      return op(this, ...rest);
    },
  });
}
`;
const file = join(source, "methods.ts");
writeFileSync(file, text);
execFileSync(join(source, "..", "..", "..", "node_modules", ".bin", "biome"), ["format", "--write", file]);
