/** What a check can say. It knows the six answers and what each carries; how they are found and printed is elsewhere. */
import { jsonOf, markdownOf, type PrintOptions, textOf } from "./report.ts";

/** One entry of a gradient where the claim and the truth differ. */
export interface Witness {
  /** The input's place among the arguments. */
  readonly input: string;
  readonly index: readonly number[];
  readonly claimed: number;
  readonly truth: number;
  readonly absolute: number;
  readonly relative: number;
  /** How far the true value may be from `truth`, and the claim's own rounding from the claim. */
  readonly errorBar: number;
}

/** What every verdict carries: how it was come by. */
export interface Common {
  /** Gives the same verdict again. */
  readonly seed: number;
  /** How many points were judged, the given ones included. */
  readonly points: number;
  /** How many directions the truth was confirmed along at each point. */
  readonly directions: number;
  /** What the truth was computed by. */
  readonly method: string;
  /** What a person should know besides. */
  readonly notes: readonly string[];
}

export interface RefutedFields extends Common {
  readonly verdict: "REFUTED";
  /** The worst entries, worst first. */
  readonly witnesses: readonly Witness[];
  /** How many entries of how many are wrong at the witness's point; undefined where only some were looked at. */
  readonly wrong: number | undefined;
  readonly size: number;
  /** What is wrong with the claim in words, where that could be found. */
  readonly diagnosis: string | undefined;
  /** A program that shows it again. */
  readonly reproduction: string;
}

export interface AgreesFields extends Common {
  readonly verdict: "AGREES";
  /** Decimal digits that were verified. */
  readonly digits: number;
  /** The largest distance of the claim's float values from the truth in units of the last place; undefined where the truth is not known so well. */
  readonly ulps: number | undefined;
  /** Why no more digits could be verified. */
  readonly limit: string;
}

export interface ShapeFields extends Common {
  readonly verdict: "SHAPE";
  readonly where: string;
  readonly expected: string;
  readonly got: string;
}

export interface KinkFields extends Common {
  readonly verdict: "KINK";
  /** The op that is not smooth there, where the loss is known op by op. */
  readonly op: string | undefined;
  readonly input: string;
  readonly index: readonly number[];
  /** The derivatives along the entry from below and from above. */
  readonly left: number;
  readonly right: number;
  readonly claimed: number;
  /** Whether the claim lies between the one-sided derivatives at every such entry. */
  readonly subgradient: boolean;
}

export interface DomainFields extends Common {
  readonly verdict: "DOMAIN";
  readonly op: string | undefined;
  readonly point: string;
  readonly what: string;
}

export interface UndecidedFields extends Common {
  readonly verdict: "UNDECIDED";
  readonly why: string;
  readonly digits: number;
}

export type Fields = RefutedFields | AgreesFields | ShapeFields | KinkFields | DomainFields | UndecidedFields;

/** How a verdict shows itself. */
export interface Printable {
  /** For a terminal; `color` adds escape codes. */
  toString(options?: PrintOptions): string;
  toMarkdown(): string;
  toJSON(): unknown;
}

export type Refuted = RefutedFields & Printable;
export type Agrees = AgreesFields & Printable;
export type ShapeClash = ShapeFields & Printable;
export type Kink = KinkFields & Printable;
export type OutsideDomain = DomainFields & Printable;
export type Unknown = UndecidedFields & Printable;

/** The answer of a check, told apart by its `verdict`. */
export type Verdict = Refuted | Agrees | ShapeClash | Kink | OutsideDomain | Unknown;

/** The fields with ways to print them, which a spread or a comparison does not see. */
export function verdictOf(fields: Fields): Verdict {
  const hidden = (value: unknown): PropertyDescriptor => ({ value, enumerable: false });
  return Object.freeze(
    Object.defineProperties(
      { ...fields },
      {
        toString: hidden((options?: PrintOptions) => textOf(fields, options)),
        toMarkdown: hidden(() => markdownOf(fields)),
        toJSON: hidden(() => jsonOf(fields)),
        [Symbol.for("nodejs.util.inspect.custom")]: hidden((_depth: number, options?: { readonly colors?: boolean }) =>
          textOf(fields, { color: options?.colors === true }),
        ),
      },
    ),
  ) as Verdict;
}

/** What a verdict carries that was found before anything was computed. */
export const uncomputed = (seed: number): Common => ({ seed, points: 1, directions: 0, method: "no computation", notes: [] });
