/** Names for what a printer shows: labels where there are any, letters where not; and how a name looks in LaTeX. Knows no op. */
import type { Tensor } from "@cotangent/core";
import { labelOf, type SubGraph } from "@cotangent/core/engine";

/** Gives every tensor one name, no two the same. */
export interface Names {
  /** The name of a tensor, made on the first question. */
  readonly of: (x: Tensor) => string;
  /** Whether a person named it. */
  readonly isLabelled: (x: Tensor) => boolean;
  /** A name like the given one that nothing has yet. */
  readonly fresh: (like: string) => string;
}

/** Letters that are not e (a number), i, j, k (axes), l or o (digits to the eye). */
const letters = "abcdfghmnpqrstuvwxyz";

/** Names for a graph's tensors. Labels are kept for their owners; `inputs` names the inputs in place of labels. */
export function namesOf(graph: SubGraph, inputs: readonly string[] = []): Names {
  const names = new Map<Tensor, string>();
  const taken = new Set<string>();
  const fresh = (like: string): string => {
    let name = like;
    for (let i = 2; taken.has(name); i++) name = `${like}_${i}`;
    taken.add(name);
    return name;
  };
  const reserve = (x: Tensor, given = labelOf(x)): void => {
    if (given !== undefined && !names.has(x)) names.set(x, fresh(given));
  };
  visitTensors(graph, (x) => reserve(x), inputs, reserve);
  const labelled = new Set(names.keys());
  let next = 0;
  const letter = (): string => {
    for (; ; next++) {
      const round = Math.floor(next / letters.length);
      const name = `${letters[next % letters.length]}${round === 0 ? "" : round}`;
      if (!taken.has(name)) return fresh(name);
    }
  };
  return {
    fresh,
    isLabelled: (x) => labelled.has(x),
    of: (x) => {
      let name = names.get(x);
      if (name === undefined) names.set(x, (name = letter()));
      return name;
    },
  };
}

/** Visits the inputs, the operands and the outputs of every node, sub-graphs included. */
function visitTensors(
  graph: SubGraph,
  visit: (x: Tensor) => void,
  inputs: readonly string[],
  name: (x: Tensor, given: string) => void,
): void {
  graph.inputs.forEach((x, i) => {
    const given = inputs[i];
    if (given === undefined) visit(x);
    else name(x, given);
  });
  for (const node of graph.nodes) {
    node.inputs.forEach(visit);
    node.outputs.forEach(visit);
    for (const inner of Object.values(node.op.graphs?.(node.params) ?? {})) visitTensors(inner, visit, [], name);
  }
  graph.outputs.forEach(visit);
}

const greek: Readonly<Record<string, string>> = Object.fromEntries(
  (
    "α alpha β beta γ gamma δ delta ε varepsilon ζ zeta η eta θ theta ι iota κ kappa λ lambda μ mu ν nu ξ xi π pi ρ rho σ sigma τ tau " +
    "υ upsilon φ varphi χ chi ψ psi ω omega Γ Gamma Δ Delta Θ Theta Λ Lambda Ξ Xi Π Pi Σ Sigma Υ Upsilon Φ Phi Ψ Psi Ω Omega ϵ epsilon " +
    "ϕ phi ∂ partial ∇ nabla ℓ ell"
  )
    .split(" ")
    .map((word, i, all) => [i % 2 === 0 ? word : `:${word}`, `\\${i % 2 === 0 ? all[i + 1] : word}`]),
);

const accents: Readonly<Record<string, string>> = {
  "\u0302": "\\hat",
  "\u0304": "\\bar",
  "\u0305": "\\bar",
  "\u0303": "\\tilde",
  "\u0307": "\\dot",
  "\u0308": "\\ddot",
  "\u20d7": "\\vec",
};

/**
 * A name in LaTeX: `theta` and `θ` as `\theta`, `w1` and `w_1` as `w_{1}`, `ŷ` as `\hat{y}`, `layers[0].w` as `\mathit{layers}_{0}.w`;
 * a name with a backslash is LaTeX already.
 */
export function nameLatex(name: string): string {
  if (name === "_") return "\\_";
  if (name.includes("\\") && isBalanced(name)) return name;
  return name
    .split(/(?<=.)\.(?=.)/u)
    .map(segmentLatex)
    .join(".");
}

/** One key of a path, with the indices behind it. */
function segmentLatex(segment: string): string {
  const derivative = /^(∂.+)\/(∂.+)$/u.exec(segment);
  if (derivative !== null) return `\\frac{${wordLatex(derivative[1]!)}}{${wordLatex(derivative[2]!)}}`;
  const [, stem, indices] = /^(.*?)((?:\[\d+\])*)$/su.exec(segment)!;
  if (indices === "" || stem === "") return wordLatex(segment);
  return `${stemLatex(stem!)}_{${indices!.slice(1, -1).replaceAll("][", ",")}}`;
}

function wordLatex(name: string): string {
  const parts = /^(.+?)(?:_(.+)|(\d+))$/u.exec(subscriptsToDigits(name));
  if (parts === null) return stemLatex(name);
  const [, stem, sub, digits] = parts;
  return `${stemLatex(stem!)}_{${digits ?? subLatex(sub!)}}`;
}

const subLatex = (sub: string): string => (/^\d+$/.test(sub) ? sub : stemLatex(sub));

const subscriptsToDigits = (name: string): string => name.replace(/[₀-₉]/g, (digit) => String(digit.charCodeAt(0) - 0x2080));

function stemLatex(stem: string): string {
  const primes = /'*$/.exec(stem)![0];
  const core = stem.slice(0, stem.length - primes.length);
  return coreLatex(core) + primes;
}

function coreLatex(core: string): string {
  const [first, ...marks] = [...core.normalize("NFD")];
  if (first !== undefined && marks.length > 0 && marks.every((mark) => mark in accents)) {
    return marks.reduce((inner, mark) => `${accents[mark]}{${inner}}`, coreLatex(first));
  }
  if (/^[A-Za-z]$/.test(core)) return core;
  if (core in greek) return greek[core]!;
  if (`:${core}` in greek) return greek[`:${core}`]!;
  if (first !== undefined && (first === "∂" || first === "∇")) return `${greek[first]} ${nameLatex(core.slice(1))}`;
  return /^[A-Za-z0-9.]+$/.test(core) ? `\\mathit{${core}}` : `\\text{${escapeLatex(core)}}`;
}

const escapes: Readonly<Record<string, string>> = {
  "\\": "\\textbackslash{}",
  "^": "\\textasciicircum{}",
  "~": "\\textasciitilde{}",
};

/** Any text inside `\text{…}`. */
export function escapeLatex(text: string): string {
  return text.replace(/[\\^~{}_#$%&]/g, (character) => escapes[character] ?? `\\${character}`);
}

function isBalanced(latex: string): boolean {
  let depth = 0;
  for (const token of latex.match(/\\.|[{}]/gsu) ?? []) {
    if (token === "{") depth++;
    else if (token === "}" && --depth < 0) return false;
  }
  return depth === 0 && !/\\$/.test(latex.replace(/\\\\/g, ""));
}
