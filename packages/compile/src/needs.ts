/** What the functions of a module need around them: one of each name. It knows names; what functions compute is elsewhere. */
import type { ExpressionKind } from "@cotangent/core/engine";
import { type Lanes, lanes, type LanesOptions, type Precision } from "./assembly/lanes.ts";
import type { FunctionCode, ImportedFunction, ModuleCode } from "./assembly/module.ts";
import { type SingleFunction, singleFunction, type VectorFunction, vectorFunction } from "./functions/vector.ts";

export interface Needs {
  /** A name no function has yet. */
  readonly name: (stem: string) => string;
  readonly add: (...functions: readonly FunctionCode[]) => void;
  readonly import: (...functions: readonly ImportedFunction[]) => void;
  readonly has: (name: string) => boolean;
  /** The name of a function of vectors, made when first asked for. */
  readonly vectorFunction: (kind: ExpressionKind, precision: Precision) => string;
  /** A function of one number, made when first asked for; undefined where there is none but that of vectors. */
  readonly singleFunction: (kind: ExpressionKind, precision: Precision) => Pick<SingleFunction, "name" | "lane"> | undefined;
  /** The arithmetic of vectors that functions of this module share. */
  readonly lanes: (precision: Precision) => Lanes;
  readonly module: () => ModuleCode;
}

/** Whether functions of one name are one function, which may have been written twice. */
const isSame = (x: FunctionCode, y: FunctionCode): boolean =>
  x === y || (x.parameters.join() === y.parameters.join() && x.results.join() === y.results.join() && x.body.length === y.body.length);

/** The needs of one module, empty at first. */
export function moduleNeeds(options: LanesOptions): Needs {
  const functions = new Map<string, FunctionCode>();
  const imports = new Map<string, ImportedFunction>();
  const vectors = new Map<string, string>();
  const arithmetics = new Map<Precision, Lanes>();
  let count = 0;
  const needs: Needs = {
    name: (stem) => `${stem}${count++}`,
    add: (...added) => {
      for (const one of added) {
        const known = functions.get(one.name);
        if (known === undefined) functions.set(one.name, one);
        else if (!isSame(known, one))
          throw new Error(`compile: two functions have the name ${one.name} — a module calls by name; rename one`);
      }
    },
    import: (...added) => {
      for (const one of added) imports.set(one.name, one);
    },
    has: (name) => functions.has(name),
    vectorFunction: (kind, precision) => {
      const key = `${kind} ${precision}`;
      let name = vectors.get(key);
      if (name === undefined) {
        const code = memoVectorFunction(kind, precision, options);
        needs.add(...code.functions);
        needs.import(...code.imports);
        vectors.set(key, (name = code.name));
      }
      return name;
    },
    singleFunction: (kind, precision) => {
      const code = memoSingleFunction(kind, precision, options);
      if (code === undefined) return undefined;
      needs.add(...code.functions);
      needs.import(...code.imports);
      return code;
    },
    lanes: (precision) => {
      let found = arithmetics.get(precision);
      if (found === undefined) arithmetics.set(precision, (found = lanes(precision, options)));
      return found;
    },
    module: () => reachable([...functions.values()], imports),
  };
  return needs;
}

/** Functions of vectors and of single numbers are the same in every module: each is written once. */
function once<T>(
  write: (kind: ExpressionKind, precision: Precision, options: LanesOptions) => T,
): (kind: ExpressionKind, precision: Precision, options: LanesOptions) => T {
  const written = new Map<string, T>();
  return (kind, precision, options) => {
    const key = `${kind} ${precision} ${options.relaxed ?? false}`;
    if (!written.has(key)) written.set(key, write(kind, precision, options));
    return written.get(key)!;
  };
}

const memoVectorFunction = once<VectorFunction>(vectorFunction);
const memoSingleFunction = once<SingleFunction | undefined>(singleFunction);

/** The functions that exported ones call, directly or not, and the imports among them. */
function reachable(functions: readonly FunctionCode[], imports: ReadonlyMap<string, ImportedFunction>): ModuleCode {
  const byName = new Map(functions.map((one) => [one.name, one]));
  const called = new Set<string>();
  const stack = functions.filter((one) => one.exported);
  while (stack.length > 0) {
    const { body } = stack.pop()!;
    for (let i = 0; i < body.length; i++) {
      if (body[i]![0] !== "call") continue;
      const callee = body[i]![1] as string;
      if (called.has(callee)) continue;
      called.add(callee);
      const next = byName.get(callee);
      if (next !== undefined) stack.push(next);
    }
  }
  return {
    imports: [...imports.values()].filter(({ name }) => called.has(name)),
    functions: functions.filter((one) => one.exported || called.has(one.name)),
  };
}
