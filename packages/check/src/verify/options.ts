/** Reads what every check is given: where, with respect to what, how often. It knows options and argument lists; it judges nothing. */
import { isTensor } from "@cotangent/core/engine";
import { checkArgumentError, toleranceError, unknownOptionError } from "../errors.ts";
import { type AnyFunction, call } from "./behaviour.ts";
import { type Inputs, inputsOf, type Range } from "./problem.ts";

/** Where a claim is judged: the arguments in a list, or one struct of named inputs. */
export type Arguments = readonly unknown[] | { readonly [name: string]: unknown };

/** The parameters of a function that is called at `P`. */
export type ArgumentsAt<P> = P extends readonly unknown[] ? P : [at: P];

/** What the derivative is by: indices into a list of arguments, or names. */
export type Wrt = number | string | readonly number[] | readonly string[];

/** The differentiated part of `P`: one argument, a list of them, or a struct of those named. */
export type PartOf<P, W> = P extends readonly unknown[]
  ? W extends readonly number[]
    ? { readonly [K in keyof W]: W[K] extends keyof P ? P[W[K]] : never }
    : W extends keyof P
      ? P[W]
      : P[0]
  : W extends readonly string[]
    ? { readonly [K in W[number] & keyof P]: P[K] }
    : W extends keyof P
      ? P[W]
      : P[keyof P];

export interface CheckOptions<P extends Arguments = Arguments, W extends Wrt = Wrt> {
  /** The arguments at which the claim is judged: a list, or a struct of named inputs that the functions take as their one argument. */
  readonly at: P;
  /** What the derivative is by: an index or a list of them, with named inputs a name or a list of them; the first by default. */
  readonly wrt?: W;
  /** Where the differentiated arguments may lie: one domain for all, or a list with one an argument. */
  readonly domain?: Range | readonly Range[];
  /** Of the points, directions and cotangents; 1 by default. The same seed gives the same verdict. */
  readonly seed?: number;
  /** How many points near `at` are judged besides; 3 by default. */
  readonly points?: number;
}

/** The options taken apart. */
export interface Given {
  readonly inputs: Inputs;
  readonly seed: number;
  readonly points: number;
  /** Calls a function of the arguments, and of more behind them. */
  readonly call: (f: AnyFunction, args: readonly unknown[]) => unknown;
  /** The arguments as a function that takes them all at once gets them: the list or the struct. */
  readonly whole: (args: readonly unknown[]) => unknown;
  /** The options besides `at`, `seed` and `points` that a program needs to ask the same again. */
  readonly asked: Readonly<Record<string, unknown>>;
}

const shared = ["at", "wrt", "domain", "seed", "points"] as const;

const tolerances = /^(a|r|abs|rel)?_?(tol|tolerance|eps|epsilon|delta|step|step_?size|h)$/i;

/** Throws at an option that is none; a tolerance is told that there are none. */
export function checkNames(check: string, options: unknown, known: readonly string[] = shared): void {
  if (typeof options !== "object" || options === null || Array.isArray(options) || isTensor(options))
    throw checkArgumentError(check, "there are no options", options, "give { at: [x] }");
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw tolerances.test(name) ? toleranceError(check, name) : unknownOptionError(check, name, known);
  }
}

export function checkFunction(check: string, what: string, f: unknown, wanted: string): void {
  if (typeof f !== "function") throw checkArgumentError(check, `${what} is not a function`, f, wanted);
}

/** Reads the options of a check. Throws where they are none. */
export function given(check: string, options: CheckOptions): Given {
  checkNames(check, options);
  const { at, wrt, domain, seed = 1, points = 3 } = options;
  if (!Number.isInteger(seed)) throw checkArgumentError(check, "the seed is not an integer", seed, "give an integer");
  if (!Number.isInteger(points) || points < 0)
    throw checkArgumentError(check, "points is not a count", points, "give how many points to judge besides at");
  const asked = { ...(wrt === undefined ? {} : { wrt }), ...(domain === undefined ? {} : { domain }) };
  if (!isNamed(at)) {
    const inputs = inputsOf(check, at as readonly unknown[], indicesOf(wrt), domain);
    return { inputs, seed, points, call, whole: (args) => args, asked };
  }
  const names = Object.keys(at);
  const inputs = namedInputs(check, at, wrt ?? names[0] ?? "", domain);
  const whole = (args: readonly unknown[]): unknown => Object.fromEntries(names.map((name, i) => [name, args[i]]));
  return { inputs, seed, points, call: (f, args) => call(f, [whole(args), ...args.slice(names.length)]), whole, asked };
}

/** What is no index is left for the reader of the arguments to name. */
const indicesOf = (wrt: Wrt = 0): number | readonly number[] =>
  typeof wrt === "string" ? [wrt as never] : (wrt as number | readonly number[]);

function isNamed(at: unknown): at is { readonly [name: string]: unknown } {
  if (typeof at !== "object" || at === null) return false;
  const prototype = Object.getPrototypeOf(at);
  return prototype === Object.prototype || prototype === null;
}

function namedInputs(check: string, at: object, wrt: unknown, domain: Range | readonly Range[] | undefined): Inputs {
  const names = Object.keys(at);
  const wanted = Array.isArray(wrt) ? (wrt as readonly unknown[]) : [wrt];
  const stray = wanted.find((name) => typeof name !== "string" || !names.includes(name));
  if (names.length === 0) throw checkArgumentError(check, "there are no inputs", at, "give { at: { x } }");
  if (stray !== undefined || wanted.length === 0)
    throw checkArgumentError(check, "wrt names none of the inputs", stray ?? wrt, `the inputs are ${names.join(", ")}`);
  const places = wanted.map((name) => names.indexOf(name as string));
  const called = (path: string): string => path.replace(/^argument (\d+)/, (_, place: string) => names[Number(place)]!);
  const inputs = inputsOf(check, Object.values(at), Array.isArray(wrt) ? places : places[0]!, domain, called);
  if (!Array.isArray(wrt)) return inputs;
  return { ...inputs, form: Object.fromEntries(wanted.map((name, i) => [name, (inputs.form as readonly unknown[])[i]])) };
}
