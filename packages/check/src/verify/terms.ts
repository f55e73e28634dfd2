/** A value of a recorded graph as a short term in infix text. It knows how ops are written; it knows no op by name and computes nothing. */
import type { Tensor } from "@cotangent/core";
import {
  type ContractionParams,
  entriesOf,
  formatShape,
  labelOf,
  matrixForm,
  type Node,
  precedence,
  type SubGraph,
} from "@cotangent/core/engine";
import { formatNumber } from "./report.ts";

/** What names tensors: the paths of arguments. */
export type NameOf = (x: Tensor) => string | undefined;

interface Piece {
  readonly text: string;
  readonly strength: number;
}

const { sum, product, prefix, power, atom } = precedence;
const longest = 72;
const deepest = 6;

const whole = (text: string): Piece => ({ text, strength: atom });
const atLeast = ({ text, strength }: Piece, needed: number): string => (strength < needed ? `(${text})` : text);

/** As much of the term as stays short; what is deeper shows as three dots. */
export function termOf(x: Tensor, graph: SubGraph, nameOf: NameOf): string {
  const nodes = new Set(graph.nodes);
  for (let depth = deepest; depth > 0; depth--) {
    const { text } = pieceOf(x, nodes, nameOf, depth);
    if (text.length <= longest || depth === 1) return text;
  }
  return "…";
}

/** The one value of a tensor whose entries are all the same and not computed. */
function uniformValue(x: Tensor): number | undefined {
  if (x.storage === null || x.size === 0) return undefined;
  const entries = entriesOf(x);
  const first = entries[0]!;
  for (let i = 1; i < entries.length; i++) if (entries[i] !== first) return undefined;
  return first;
}

function pieceOf(x: Tensor, nodes: ReadonlySet<Node>, nameOf: NameOf, depth: number): Piece {
  const name = nameOf(x) ?? labelOf(x);
  if (name !== undefined) return whole(name);
  const node = x.origin;
  if (node === null || !nodes.has(node)) {
    const value = uniformValue(x);
    if (value === undefined) return whole(`constant${formatShape(x.shape)}`);
    return { text: formatNumber(value, 6), strength: value < 0 ? prefix : atom };
  }
  const { notation } = node.op;
  if ((notation.form === "alias" || notation.form === "transparent") && node.inputs.length === 1)
    return pieceOf(node.inputs[0]!, nodes, nameOf, depth);
  if (depth === 0) return whole("…");
  return applied(node, (input) => pieceOf(input, nodes, nameOf, depth - 1));
}

function applied(node: Node, piece: (x: Tensor) => Piece): Piece {
  const { notation, name } = node.op;
  const args = node.inputs.map(piece);
  const [x, y] = args as [Piece, Piece];
  const called = (): Piece => whole(`${name}(${args.map(({ text }) => text).join(", ")})`);
  switch (notation.form) {
    case "infix": {
      if (args.length !== 2) return called();
      if (notation.algebra === "product") {
        if (x.text === "1") return y;
        if (y.text === "1") return x;
      }
      const { precedence: strength, associative } = notation;
      return { text: `${atLeast(x, strength)} ${notation.text} ${atLeast(y, associative ? strength : strength + 1)}`, strength };
    }
    case "prefix":
      return { text: `${notation.text}${atLeast(x, prefix)}`, strength: prefix };
    case "fraction":
      return args.length === 1
        ? { text: `1 / ${atLeast(x, prefix)}`, strength: product }
        : { text: `${atLeast(x, product)} / ${atLeast(y, prefix)}`, strength: product };
    case "power":
      return { text: `${atLeast(x, atom)}^${atLeast(y, atom)}`, strength: power };
    case "superscript":
      return { text: `${atLeast(x, atom)}${notation.text}`, strength: power };
    case "subscript":
      return { text: `${atLeast(x, atom)}[${node.op.show?.(node.params) ?? "…"}]`, strength: atom };
    case "transpose":
      return { text: `${atLeast(x, atom)}ᵀ`, strength: power };
    case "contraction": {
      const form = matrixForm(node.params as ContractionParams);
      if (form === null) return called();
      if (x.text === "1" || y.text === "1") return x.text === "1" ? y : x;
      const sides = form.swapped ? [y, x] : [x, y];
      const written = sides.map((side, i) => (form.transposed[i] ? `${atLeast(side, atom)}ᵀ` : atLeast(side, product + 1)));
      return { text: written.join(" · "), strength: product };
    }
    case "template": {
      const filled = args.map((arg, i) => {
        const isDelimited = notation.text[i]!.endsWith("(") && notation.text[i + 1]!.startsWith(")");
        return (isDelimited ? arg.text : atLeast(arg, notation.places[i]!)) + notation.text[i + 1]!;
      });
      return { text: notation.text[0]! + filled.join(""), strength: Math.max(sum, notation.precedence) };
    }
    default:
      return called();
  }
}
