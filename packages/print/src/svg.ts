/** Graphs as SVG, laid out by Graphviz compiled to WebAssembly. */
import type { SubGraph } from "@cotangent/core/engine";
import { instance, type Viz } from "@viz-js/viz";
import { type DotOptions, dot } from "./dot.ts";
import { tooLargeError } from "./errors.ts";

let graphviz: Promise<Viz> | undefined;

/**
 * A graph as an `<svg>` element, drawn as `dot` describes it; options as there. It can be written to a file or put into a page.
 *
 * Rejects where the argument is not a graph. Layout takes about a second for a thousand nodes; a few thousand can be too many for it,
 * and are refused.
 * @example
 * ```ts
 * const graph = record((x: Tensor) => x.mul(2).sum(), label(tensor([1, 2]), "x"));
 * (await svg(graph)).startsWith("<svg"); // => true
 * ```
 */
export async function svg(graph: SubGraph, options: DotOptions = {}): Promise<string> {
  const description = dot(graph, options);
  graphviz ??= instance();
  const document = layOut(await graphviz, description, graph);
  return document.slice(document.indexOf("<svg")).replaceAll('font-family="Courier New"', `font-family="${fonts}"`).trimEnd();
}

/** A description of ours can fail only by its size: the layout runs out of stack or of memory, and its instance is spent. */
function layOut(viz: Viz, description: string, graph: SubGraph): string {
  try {
    return viz.renderString(description, { format: "svg", engine: "dot" });
  } catch {
    graphviz = undefined;
    throw tooLargeError(graph.nodes.length);
  }
}

/** As wide as the font that the layout reckons with. */
const fonts = "ui-monospace, SFMono-Regular, Menlo, 'DejaVu Sans Mono', 'Liberation Mono', 'Courier New', monospace";
