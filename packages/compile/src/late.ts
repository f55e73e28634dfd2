/** Nests that hardly ever run: written and compiled when they first do. They know loops and modules; they know no step. */
import type { LanesOptions } from "./assembly/lanes.ts";
import { encodeModule, type ImportedFunction, type ModuleCode } from "./assembly/module.ts";
import { basesOf, isByRows, type Loops } from "./loops.ts";
import { moduleNeeds } from "./needs.ts";
import { nestFunction } from "./nest.ts";

/** A nest in a module of its own, which a program imports and calls as it calls a nest. */
export interface LateNest {
  readonly import: ImportedFunction;
  readonly module: () => ModuleCode;
}

export function lateNest(name: string, loops: Loops, options: LanesOptions): LateNest {
  return {
    import: { module: "late", name, parameters: [...basesOf(loops), ...(isByRows(loops) ? ["row"] : [])].map(() => "i32"), results: [] },
    module: () => {
      const needs = moduleNeeds(options);
      needs.add({ ...nestFunction(name, loops, needs).code, exported: true });
      return needs.module();
    },
  };
}

/** What a program imports in place of such nests. */
export function lateImports(
  nests: readonly LateNest[],
  imports: Readonly<Record<string, WebAssembly.ModuleImports>>,
): WebAssembly.ModuleImports {
  return Object.fromEntries(
    nests.map(({ import: { name }, module }) => {
      let run: ((...given: number[]) => void) | undefined;
      const compiled = (): ((...given: number[]) => void) =>
        new WebAssembly.Instance(new WebAssembly.Module(encodeModule(module())), imports).exports[name] as (...given: number[]) => void;
      return [name, (...given: number[]) => (run ??= compiled())(...given)];
    }),
  );
}
