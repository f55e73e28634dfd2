/** A term as LaTeX: fractions, roots, superscripts, sums over axes, products by juxtaposition. Knows terms and binding strengths, no graph. */
import { type Notation, precedence } from "@cotangent/core/engine";
import { escapeLatex, nameLatex } from "./names.ts";
import { numberLatex } from "./numbers.ts";
import { type ApplyTerm, type EinsumTerm, type FractionTerm, hasOwnSign, type NumberTerm, type Reduced, type Term } from "./term.ts";

type Template = Extract<Notation, { form: "template" }>;

interface Piece {
  readonly latex: string;
  readonly strength: number;
  /** Whether parentheses around it must grow. */
  readonly tall: boolean;
}

const { comparison, sum, product, prefix, power, atom } = precedence;

/** Binds as weakly as the branches of a case distinction, which are delimited on one side only. */
const weakest = -1;

/** Where a term stands: in scripts and inside fractions a quotient is written with a slash. */
interface Writer {
  readonly digits: number;
  readonly slash: boolean;
  readonly piece: (term: Term) => Piece;
  /** In a script or a fraction. */
  readonly small: (term: Term) => Piece;
}

/** The LaTeX of a term, numbers in `digits` significant digits. */
export function termLatex(term: Term, digits: number): string {
  const small: Writer = { digits, slash: true, piece: (of) => pieceOf(of, small), small: (of) => pieceOf(of, small) };
  const plain: Writer = { digits, slash: false, piece: (of) => pieceOf(of, plain), small: small.piece };
  return plain.piece(term).latex;
}

/** The LaTeX of a term beside a sign of equality: a comparison is parenthesised. */
export function sideLatex(term: Term, digits: number): string {
  const isComparison = term.kind === "apply" && term.notation.form === "infix" && term.notation.precedence <= comparison;
  return isComparison ? `(${termLatex(term, digits)})` : termLatex(term, digits);
}

const parenthesised = ({ latex, tall }: Piece): Piece => ({
  latex: tall ? `\\left(${latex}\\right)` : `(${latex})`,
  strength: atom,
  tall,
});

const atLeast = (piece: Piece, needed: number): Piece => (piece.strength < needed ? parenthesised(piece) : piece);

const stronger = (piece: Piece, than: number): Piece => (piece.strength <= than ? parenthesised(piece) : piece);

/** A negative operand of what binds like a product stands in parentheses, lest its sign be taken for the whole's. */
const unsigned = (term: Term, piece: Piece, strength: number): Piece =>
  term.kind === "negative" && strength >= product ? parenthesised(piece) : piece;

const isTall = (pieces: readonly Piece[]): boolean => pieces.some((piece) => piece.tall);

function pieceOf(term: Term, writer: Writer): Piece {
  switch (term.kind) {
    case "symbol":
      return { latex: term.isFunction ? `\\operatorname{${escapeLatex(term.name)}}` : nameLatex(term.name), strength: atom, tall: false };
    case "ones":
      return { latex: "\\mathbf{1}", strength: atom, tall: false };
    case "number":
      return numberPiece(term, writer);
    case "negative":
      return negativePiece(writer.piece(term.of), hasOwnSign(term.of));
    case "sum":
      return sumPiece(term.terms, writer);
    case "product":
      return productPiece(term.factors, term.hadamard, writer);
    case "matrix":
      return matrixPiece(term.factors, writer);
    case "transposed":
      return superscriptPiece(term.of, "\\top", writer);
    case "einsum":
      return einsumPiece(term, writer);
    case "fraction":
      return fractionPiece(term, writer);
    case "apply":
      return applyPiece(term, writer);
  }
}

function numberPiece({ value, dtype }: NumberTerm, { digits, slash }: Writer): Piece {
  const { latex, form, fraction } = numberLatex(value, digits, dtype);
  if (fraction === undefined) return { latex, strength: { atom, power, product }[form], tall: false };
  return layFraction(fraction[0], fraction[1], slash);
}

const layFraction = (over: string, under: string, slash: boolean): Piece =>
  slash
    ? { latex: `${over}/${under}`, strength: product, tall: false }
    : { latex: `\\frac{${over}}{${under}}`, strength: prefix, tall: true };

function negativePiece(of: Piece, isSigned: boolean): Piece {
  const isProduct = of.strength === product && !isSigned;
  const inner = isProduct ? of : stronger(of, product);
  return { latex: `-${inner.latex}`, strength: isProduct ? product : prefix, tall: inner.tall };
}

function sumPiece(terms: readonly Term[], { piece }: Writer): Piece {
  const pieces = terms.map((term, i) => stronger(piece(i > 0 && term.kind === "negative" ? term.of : term), sum));
  const latex = pieces.map(({ latex }, i) => (i === 0 ? latex : `${terms[i]!.kind === "negative" ? " - " : " + "}${latex}`));
  return { latex: latex.join(""), strength: sum, tall: isTall(pieces) };
}

/** Whether everything to its right would be taken for a part of it. */
const reachesRight = (term: Term): boolean => term.kind === "apply" && term.notation.form === "operator" && !term.notation.parentheses;

/** Numbers first, then scalars; a dot where digits would run together. */
function productPiece(given: readonly Term[], hadamard: boolean, writer: Writer): Piece {
  const { slash, digits, piece } = writer;
  const place = ({ kind, rank }: Term): number => (kind === "number" ? 0 : rank === 0 ? 1 : 2);
  const factors = [...given].sort((x, y) => place(x) - place(y));
  const [first, ...others] = factors as [Term, ...Term[]];
  const split = slash && first.kind === "number" ? numberLatex(first.value, digits, first.dtype).fraction : undefined;
  if (split !== undefined) {
    const rest = others.length === 1 ? stronger(piece(others[0]!), product) : productPiece(others, hadamard, writer);
    return { ...layFraction(split[0] === "1" ? rest.latex : `${split[0]}\\,${rest.latex}`, split[1], true), tall: rest.tall };
  }
  const isScaling = factors.slice(0, -1).every((factor) => factor.rank === 0);
  const pieces = factors.map((factor, i) => {
    const isLast = i === factors.length - 1;
    const isClear = factor.kind === "matrix" ? isLast && isScaling : isLast || !reachesRight(factor);
    const own = piece(factor);
    if (!isClear) return parenthesised(own);
    const mayBeProduct = factor.kind === "matrix" || reachesRight(factor) || (factor.kind !== "product" && !hasOwnSign(factor) && i === 0);
    return mayBeProduct ? atLeast(own, product) : stronger(own, product);
  });
  return { latex: joinFactors(pieces, hadamard ? " \\odot " : "\\,"), strength: product, tall: isTall(pieces) };
}

/** Pieces side by side, with a space where a command would swallow a letter. */
const joined = (pieces: readonly string[]): string =>
  pieces.reduce((left, right) => (/\\[A-Za-z]+$/.test(left) && /^[A-Za-z]/.test(right) ? `${left} ${right}` : left + right));

const joinFactors = (pieces: readonly Piece[], sign: string): string =>
  pieces.map(({ latex }, i) => (i === 0 ? latex : `${/^\d/.test(latex) ? " \\cdot " : sign}${latex}`)).join("");

function matrixPiece(factors: readonly Term[], { piece }: Writer): Piece {
  const pieces = factors.map((factor) => stronger(piece(factor), product));
  return { latex: pieces.map(({ latex }) => latex).join(" "), strength: product, tall: isTall(pieces) };
}

/** Braces unless TeX needs none. */
const script = (latex: string): string => (/^(?:[A-Za-z0-9]|\\[A-Za-z]+)$/.test(latex) ? latex : `{${latex}}`);

function superscriptPiece(base: Term, latex: string, { piece }: Writer): Piece {
  const inner = stronger(piece(base), power);
  return { latex: `${inner.latex}^${script(latex)}`, strength: power, tall: inner.tall };
}

/** What may carry a subscript: in braces where it has scripts already. */
const scriptable = (latex: string): string => (/[_^]/.test(latex) ? `{${latex}}` : latex);

/** `\sum_{k} X_{bik}\,Y_{kbj}`: the shared labels that the output lacks are summed. */
function einsumPiece({ operands, labels: { x, y, out } }: EinsumTerm, { piece }: Writer): Piece {
  const [left, right] = operands.map((operand, i) => {
    const inner = atLeast(piece(operand), atom);
    const indices = i === 0 ? x : y;
    return { ...inner, latex: indices === "" ? inner.latex : `${scriptable(inner.latex)}_{${labelLatex(indices)}}` };
  }) as [Piece, Piece];
  const summed = [...x].filter((label) => y.includes(label) && !out.includes(label));
  const sign = summed.length === 0 ? "" : `\\sum_{${labelLatex(summed.join(""), ",")}} `;
  return { latex: `${sign}${left.latex}\\,${right.latex}`, strength: product, tall: true };
}

const labelLatex = (labels: string, separator = ""): string => [...labels].map(nameLatex).join(separator);

function fractionPiece({ over, under }: FractionTerm, { digits, slash, small }: Writer): Piece {
  const split = over.kind === "number" ? numberLatex(over.value, digits, over.dtype).fraction : undefined;
  const bottom = small(under);
  if (split !== undefined) {
    const below = stronger(bottom, under.kind === "product" ? sum : product);
    return {
      ...layFraction(split[0], slash ? `(${split[1]}\\,${below.latex})` : `${split[1]}\\,${below.latex}`, slash),
      tall: !slash || bottom.tall,
    };
  }
  const top = small(over);
  if (!slash) return layFraction(top.latex, bottom.latex, false);
  const left = hasOwnSign(over) ? stronger(top, product) : atLeast(top, product);
  return { ...layFraction(left.latex, stronger(bottom, product).latex, true), tall: isTall([top, bottom]) };
}

function applyPiece(term: ApplyTerm, writer: Writer): Piece {
  const { notation, args } = term;
  const { piece, small } = writer;
  switch (notation.form) {
    case "infix": {
      const [left, right] = args as [Term, Term];
      const strength = notation.precedence;
      const binds = (arg: Term, isLeft: boolean): Piece => {
        const isSame = arg.kind === "apply" && arg.notation === notation && notation.associative;
        const inner = unsigned(arg, piece(arg), strength);
        return isSame || (isLeft && strength !== comparison) ? atLeast(inner, strength) : stronger(inner, strength);
      };
      const pieces = [binds(left, true), binds(right, false)] as const;
      return { latex: `${pieces[0].latex} ${notation.latex.trim()} ${pieces[1].latex}`, strength, tall: isTall(pieces) };
    }
    case "prefix": {
      const inner = atLeast(piece(args[0]!), prefix);
      return { latex: `${notation.latex} ${inner.latex}`, strength: prefix, tall: inner.tall };
    }
    case "template":
      return templatePiece(notation, args, writer);
    case "power": {
      const base = stronger(piece(args[0]!), power);
      return { latex: `${base.latex}^{${small(args[1]!).latex}}`, strength: power, tall: base.tall };
    }
    case "superscript":
      return superscriptPiece(args[0]!, notation.latex, writer);
    case "subscript": {
      const base = atLeast(piece(args[0]!), atom);
      return { latex: `${scriptable(base.latex)}_{\\text{${escapeLatex(term.params)}}}`, strength: atom, tall: base.tall };
    }
    case "delimiters": {
      const inner = piece(args[0]!);
      const [open, close] = inner.tall ? [`\\left${notation.open}`, `\\right${notation.close}`] : [notation.open, notation.close];
      return { latex: joined([open, inner.latex, close]), strength: atom, tall: inner.tall };
    }
    case "root": {
      const inner = piece(args[0]!);
      return { latex: `\\sqrt${notation.degree === 2 ? "" : `[${notation.degree}]`}{${inner.latex}}`, strength: atom, tall: inner.tall };
    }
    case "exponential":
      return { latex: `${notation.base}^{${small(args[0]!).latex}}`, strength: power, tall: false };
    case "operator":
      return operatorPiece(term, notation.latex, notation.average, notation.parentheses, writer);
    case "cases":
      return casesPiece(term, writer);
    case "conversion":
      return callPiece(`\\operatorname{${term.dtype}}`, "", args, writer);
    case "call":
      return notation.order
        ? callPiece(`${notation.latex}^{(${term.params})}`, "", args, writer)
        : callPiece(notation.latex, term.params, args, writer);
    default:
      return callPiece(`\\operatorname{${escapeLatex(term.name)}}`, term.params, args, writer);
  }
}

/** An argument that the pieces around it delimit needs no parentheses; a fraction in a script is written with a slash. */
function templatePiece({ latex, places, precedence: strength }: Template, args: readonly Term[], { slash, piece, small }: Writer): Piece {
  const pieces = args.map((arg, i) => {
    const [before, after] = [latex[i]!, latex[i + 1]!];
    const isDelimited = (before.endsWith("{") && after.startsWith("}")) || (before.endsWith("(") && after.startsWith(")"));
    const own = before.endsWith("^{") ? small(arg) : piece(arg);
    return isDelimited ? own : atLeast(unsigned(arg, own, strength), places[i]!);
  });
  const filled = joined([latex[0]!, ...pieces.flatMap((inner, i) => [inner.latex, latex[i + 1]!])]);
  if (!filled.startsWith("\\frac{1}{")) return { latex: filled, strength, tall: isTall(pieces) || filled.includes("\\frac") };
  return layFraction("1", filled.slice("\\frac{1}{".length, -1), slash);
}

function callPiece(sign: string, params: string, args: readonly Term[], { piece }: Writer): Piece {
  const pieces = args.map(piece);
  const inner = { latex: pieces.map(({ latex }) => latex).join(", "), strength: weakest, tall: isTall(pieces) };
  const below = params === "" ? "" : `_{\\text{${escapeLatex(params)}}}`;
  return { ...parenthesised(inner), latex: `${sign}${below}${parenthesised(inner).latex}` };
}

const axisLetters = "ijklmnpqrst";

/** The letters of the axes an operator runs over: the first axis of its argument is i, the second j. */
const axesLatex = ({ axes }: Reduced): string => axes.map((axis) => axisLetters[axis] ?? String(axis)).join(",");

function operatorPiece(term: ApplyTerm, sign: string, average: boolean, parentheses: boolean, writer: Writer): Piece {
  const { reduced, args } = term;
  if (reduced === undefined) return callPiece(sign, term.params, args, writer);
  const below = reduced.axes.length === 0 ? "" : `_{${axesLatex(reduced)}}`;
  const head = `${average ? `\\${writer.slash ? "tfrac" : "frac"}{1}{${reduced.count}}` : ""}${sign}${below}`;
  if (parentheses || args.length !== 1) return callPiece(head, "", args, writer);
  const own = writer.piece(args[0]!);
  const inner = own.latex.startsWith("-") ? parenthesised(own) : atLeast(own, product);
  return { latex: `${head} ${inner.latex}`, strength: product, tall: true };
}

/** Nested choices become one list of cases. */
function casesPiece(term: ApplyTerm, { piece }: Writer): Piece {
  const rows: string[] = [];
  let rest: Term = term;
  while (rest.kind === "apply" && rest.notation.form === "cases") {
    const [condition, chosen, other] = rest.args as [Term, Term, Term];
    rows.push(`${piece(chosen).latex} & \\text{if } ${piece(condition).latex}`);
    rest = other;
  }
  rows.push(`${piece(rest).latex} & \\text{otherwise}`);
  return { latex: `\\begin{cases} ${rows.join(" \\\\ ")} \\end{cases}`, strength: weakest, tall: true };
}
