/** A term as infix text: `a * (b + c)`, `sigmoid(X · θ)`, `where(x < 0, 0, x)`. Knows terms and binding strengths, no graph. */
import { precedence } from "@cotangent/core/engine";
import { numberText } from "./numbers.ts";
import { type ApplyTerm, hasOwnSign, type Term } from "./term.ts";

interface Piece {
  readonly text: string;
  readonly strength: number;
}

const { comparison, sum, product, prefix, power, atom } = precedence;

/** The text of a term, numbers in `digits` significant digits. */
export function termText(term: Term, digits: number): string {
  const piece = (of: Term): Piece => pieceOf(of, piece, digits);
  return piece(term).text;
}

type Render = (term: Term) => Piece;

/** The piece in parentheses unless it binds at least so strongly. */
const atLeast = ({ text, strength }: Piece, needed: number): string => (strength < needed ? `(${text})` : text);

const stronger = (piece: Piece, than: number): string => (piece.strength <= than ? `(${piece.text})` : piece.text);

/** A negative operand of what binds like a product stands in parentheses, lest its sign be taken for the whole's. */
const unsigned = (term: Term, piece: Piece, strength: number): Piece =>
  term.kind === "negative" && strength >= product ? { text: `(${piece.text})`, strength: atom } : piece;

function pieceOf(term: Term, piece: Render, digits: number): Piece {
  switch (term.kind) {
    case "symbol":
      return { text: term.name, strength: atom };
    case "ones":
      return { text: "ones", strength: atom };
    case "number":
      return { text: numberText(term.value, digits, term.dtype), strength: atom };
    case "negative":
      return negativePiece(piece(term.of), hasOwnSign(term.of));
    case "sum":
      return { text: joinSum(term.terms, piece), strength: sum };
    case "product":
      return { text: joinProduct(term.factors, piece, " * "), strength: product };
    case "matrix":
      return { text: term.factors.map((factor) => stronger(piece(factor), product)).join(" · "), strength: product };
    case "transposed":
      return { text: `${stronger(piece(term.of), power)}ᵀ`, strength: power };
    case "einsum": {
      const { x, y, out } = term.labels;
      return { text: `einsum("${x},${y}->${out}", ${term.operands.map((one) => piece(one).text).join(", ")})`, strength: atom };
    }
    case "fraction":
      return { text: `${joinProduct([term.over], piece, "")} / ${stronger(piece(term.under), product)}`, strength: product };
    case "apply":
      return applyPiece(term, piece);
  }
}

function negativePiece(of: Piece, isSigned: boolean): Piece {
  const isProduct = of.strength === product && !isSigned;
  return { text: `-${isProduct ? of.text : stronger(of, product)}`, strength: isProduct ? product : prefix };
}

function joinSum(terms: readonly Term[], piece: Render): string {
  return terms
    .map((term, i) => {
      if (i === 0) return stronger(piece(term), sum);
      const isNegative = term.kind === "negative";
      return `${isNegative ? " - " : " + "}${stronger(piece(isNegative ? term.of : term), sum)}`;
    })
    .join("");
}

/** The first factor may be a quotient or a product itself, but for a product of matrices, whose sign is another. */
function joinProduct(factors: readonly Term[], piece: Render, sign: string): string {
  return factors
    .map((factor, i) =>
      i === 0 && factor.kind !== "matrix" && !hasOwnSign(factor) ? atLeast(piece(factor), product) : stronger(piece(factor), product),
    )
    .join(sign);
}

function applyPiece(term: ApplyTerm, piece: Render): Piece {
  const { notation, args, name, params } = term;
  switch (notation.form) {
    case "infix": {
      const [left, right] = args as [Term, Term];
      const strength = notation.precedence;
      const binds = (arg: Term, isLeft: boolean): string => {
        const inner = unsigned(arg, piece(arg), strength);
        const isSame = arg.kind === "apply" && arg.notation === notation && notation.associative;
        return isSame || (isLeft && strength !== comparison) ? atLeast(inner, strength) : stronger(inner, strength);
      };
      return { text: `${binds(left, true)} ${notation.text} ${binds(right, false)}`, strength };
    }
    case "prefix":
      return { text: `${notation.text}${atLeast(piece(args[0]!), prefix)}`, strength: prefix };
    case "template": {
      const { text, places } = notation;
      const filled = args.map((arg, i) => {
        const isDelimited = text[i]!.endsWith("(") && text[i + 1]!.startsWith(")");
        return (isDelimited ? piece(arg).text : atLeast(unsigned(arg, piece(arg), notation.precedence), places[i]!)) + text[i + 1]!;
      });
      return { text: text[0]! + filled.join(""), strength: notation.precedence };
    }
    case "power":
      return { text: `${stronger(piece(args[0]!), power)}^${stronger(piece(args[1]!), power)}`, strength: power };
    case "superscript":
      return { text: `${stronger(piece(args[0]!), power)}${notation.text}`, strength: power };
    case "subscript":
      return { text: `${atLeast(piece(args[0]!), atom)}[${params}]`, strength: atom };
    case "call": {
      if (!notation.order) return callPiece(term, piece);
      return { text: `${name}(${[params, ...args.map((arg) => piece(arg).text)].join(", ")})`, strength: atom };
    }
    case "conversion":
      return { text: `${term.dtype}(${piece(args[0]!).text})`, strength: atom };
    default:
      return callPiece(term, piece);
  }
}

/** `sum(x, axes=[0])`, `reshape(x, [2, 3])`, and `place[0:2 of [3]](x)` where the params are neither named nor a list. */
function callPiece({ name, args, params, reduced }: ApplyTerm, piece: Render): Piece {
  const shown = args.map((arg) => piece(arg).text).join(", ");
  if (params === "" || reduced?.whole) return { text: `${name}(${shown})`, strength: atom };
  const isArgument = /^(?:\w+=.*|\[[^[\]]*\])$/.test(params);
  return { text: isArgument ? `${name}(${shown}, ${params})` : `${name}[${params}](${shown})`, strength: atom };
}
