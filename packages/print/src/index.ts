/** Graphs as text, LaTeX, Graphviz DOT and SVG. */
export type { PrintOptions } from "./options.ts";
export { text, type TextOptions } from "./text.ts";
export { latex, type LatexOptions } from "./latex.ts";
export { dot, type DotOptions } from "./dot.ts";
export { svg } from "./svg.ts";
export { derivativeLatex, derivativeText, formulaLatex, formulaText } from "./derivative.ts";
