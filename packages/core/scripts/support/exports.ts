// What the op table's modules export, as TypeScript sees it: for the generators.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

export const source = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "src");
export const entry = join(source, "ops", "index.ts");
const randomEntry = join(source, "random", "index.ts");
export const program = ts.createProgram([entry, randomEntry], {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  noEmit: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  types: [],
});
export const checker = program.getTypeChecker();
const exportsOf = (file: string): readonly ts.Symbol[] =>
  checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)!)!);

/** Every export of the ops. */
export const exported: readonly ts.Symbol[] = exportsOf(entry);

/** Every export of the namespace `random`. */
export const exportedRandom: readonly ts.Symbol[] = exportsOf(randomEntry);

/** The declared symbol behind an export. */
export const targetOf = (symbol: ts.Symbol): ts.Symbol => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);

/** The first paragraph of a docstring, on one line. */
export function documentationOf(symbol: ts.Symbol): string {
  return ts.displayPartsToString(targetOf(symbol).getDocumentationComment(checker)).split("\n\n")[0]!.replace(/\s+/g, " ");
}
