/** What the functions of a module need around them: one of each name. It knows names; what functions compute is elsewhere. */
import type { ExpressionKind } from "@cotangent/core/engine";
import type { LanesOptions, Precision } from "./assembly/lanes.ts";
import type { FunctionCode, ImportedFunction, ModuleCode } from "./assembly/module.ts";
import { vectorFunction } from "./functions/vector.ts";

export interface Needs {
  /** A name no function has yet. */
  readonly name: (stem: string) => string;
  readonly add: (...functions: readonly FunctionCode[]) => void;
  readonly import: (...functions: readonly ImportedFunction[]) => void;
  readonly has: (name: string) => boolean;
  /** The name of a function of vectors, made when first asked for. */
  readonly vectorFunction: (kind: ExpressionKind, precision: Precision) => string;
  readonly module: () => ModuleCode;
}

export function moduleNeeds(options: LanesOptions): Needs {
  const functions = new Map<string, FunctionCode>();
  const imports = new Map<string, ImportedFunction>();
  const vectors = new Map<string, string>();
  let count = 0;
  const needs: Needs = {
    name: (stem) => `${stem}${count++}`,
    add: (...added) => {
      for (const one of added) if (!functions.has(one.name)) functions.set(one.name, one);
    },
    import: (...added) => {
      for (const one of added) imports.set(one.name, one);
    },
    has: (name) => functions.has(name),
    vectorFunction: (kind, precision) => {
      const key = `${kind} ${precision}`;
      let name = vectors.get(key);
      if (name === undefined) {
        const made = vectorFunction(kind, precision, options);
        needs.add(...made.functions);
        needs.import(...made.imports);
        vectors.set(key, (name = made.name));
      }
      return name;
    },
    module: () => ({ imports: [...imports.values()], functions: [...functions.values()] }),
  };
  return needs;
}
