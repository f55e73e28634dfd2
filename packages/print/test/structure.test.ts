// What print writes has the structure of the graph: read back by independent readers, it means the same.
import fc from "fast-check";
import katex from "katex";
import { describe, expect, test } from "vitest";
import { text, latex } from "../src/index.ts";
import { type Field, opaque } from "./field.ts";
import { meaningOf, scalarGraph } from "./graphs.ts";
import { readInfix } from "./infix-reader.ts";
import { readLatex } from "./latex-reader.ts";

const [x, y] = [opaque("the input x"), opaque("the input y")];
const inputs = ["x", "y"];
const scope = (): Map<string, Field> =>
  new Map([
    ["x", x],
    ["y", y],
  ]);

describe("infix text", () => {
  test("a listing means what the graph does", () => {
    fc.assert(
      fc.property(scalarGraph, (graph) => {
        const known = scope();
        const lines = text(graph, { inputs, digits: 17, shapes: false }).split("\n");
        for (const line of lines.slice(1, -1)) {
          const [, name, right] = /^(\S+) *= (.*)$/.exec(line)!;
          known.set(name!, readInfix(right!, known));
        }
        expect(readInfix(lines.at(-1)!.replace("outputs ", ""), known)).toBe(meaningOf(graph, [x, y])[0]);
      }),
    );
  });

  test("a formula means what the graph does", () => {
    fc.assert(
      fc.property(scalarGraph, (graph) => {
        const known = scope();
        const [head, ...rest] = text(graph, { inputs, digits: 17, form: "formula" }).split("\n");
        for (const line of rest.reverse()) {
          const [, name, right] = /^(?:where| {5}) (\S+) = (.*)$/.exec(line)!;
          known.set(name!, readInfix(right!, known));
        }
        expect(readInfix(head!.replace(/^\S+ = /, ""), known)).toBe(meaningOf(graph, [x, y])[0]);
      }),
    );
  });
});

/** The equations of an aligned environment, or the one expression. */
function equationsOf(source: string): [name: string | undefined, right: string][] {
  if (!source.startsWith("\\begin{aligned}")) return [[undefined, source.replace(/^[a-z]\d* = /, "")]];
  const rows = source.slice(15, -13).trim().split(" \\\\\n");
  return rows.map((row) => {
    const [, name, right] = /^(.*?) ?&(?:= )?(.*)$/s.exec(row.replace(/^ *(\\text\{where\}\\quad )?/, ""))!;
    return [name === "" ? undefined : name?.replace(/_\{(\d+)\}/, "$1"), right!];
  });
}

describe("LaTeX", () => {
  test.each(["formula", "steps"] as const)("%s means what the graph does", (form) => {
    fc.assert(
      fc.property(scalarGraph, (graph) => {
        const known = scope();
        const source = latex(graph, { inputs, digits: 17, form });
        const equations = equationsOf(source);
        let value: Field | undefined;
        for (const [name, right] of form === "steps" ? equations : equations.reverse()) {
          value = readLatex(right, known);
          if (name !== undefined) known.set(name, value);
        }
        expect(value).toBe(meaningOf(graph, [x, y])[0]);
      }),
    );
  });

  test("is rendered by KaTeX and has balanced braces", () => {
    fc.assert(
      fc.property(scalarGraph, fc.boolean(), fc.boolean(), fc.constantFrom("formula", "steps"), (graph, values, shapes, form) => {
        const source = latex(graph, { values, shapes, form });
        let depth = 0;
        for (const token of source.match(/\\[{}]|[{}]/g) ?? []) {
          depth += token === "{" ? 1 : token === "}" ? -1 : 0;
          expect(depth).toBeGreaterThanOrEqual(0);
        }
        expect(depth).toBe(0);
        expect(katex.renderToString(source, { displayMode: true, throwOnError: true, strict: "error" })).toContain("katex");
      }),
      { numRuns: 50 },
    );
  });
});
