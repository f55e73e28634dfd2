/** Runs a check: the given point and points near it are judged, and the judgements become a verdict. It knows neither claims nor how they are judged. */
import { uniformFrom } from "../draw.ts";
import { Misbehaviour, remembering } from "./behaviour.ts";
import type { Given } from "./options.ts";
import type { Judged } from "./point.ts";
import { type Leaf, type Misfit, outside, perturbed, type Point } from "./problem.ts";
import { type At, firstDefined, large, pointInWords, verdictFrom } from "./verdicts.ts";
import { type Fields, uncomputed, type Verdict, verdictOf } from "./verdict.ts";

/** What is judged at a point; `point` is where the entries of the claim stand, if that is not the point itself. */
export interface Answer extends Judged {
  readonly point?: Point;
}

/** What is judged: the entries of a claim, and how they are at a point. */
export interface Posed {
  readonly leaves: readonly Leaf[];
  readonly size: number;
  readonly judge: (point: Point, uniform: () => number) => Answer;
}

export interface Task {
  readonly given: Given;
  /** What stands for "the loss" in what is said of the judged function. */
  readonly subject: string;
  /** Calls the functions at the given point, twice: what is to be judged, or what has another form than it must have. */
  readonly pose: () => Posed | Misfit;
  /** A program that judges the point again. */
  readonly program: (point: Point) => string;
}

/** The verdict on a task. Functions that misbehave are named in it. */
export function verdictOn(task: Task): Verdict {
  const { inputs, seed } = task.given;
  const stray = outside(inputs.leaves, inputs.base);
  if (stray !== undefined)
    return verdictOf({ verdict: "DOMAIN", op: undefined, point: "the given point", what: stray, ...uncomputed(seed) });
  try {
    return remembering(() => {
      const posed = task.pose();
      if ("expected" in posed) return verdictOf({ verdict: "SHAPE", ...posed, ...uncomputed(seed) });
      const verdict = judged(task, posed);
      task.pose();
      return verdict;
    });
  } catch (thrown) {
    if (!(thrown instanceof Misbehaviour)) throw thrown;
    return verdictOf({ verdict: "UNDECIDED", why: thrown.message, digits: 0, ...uncomputed(seed) });
  }
}

/** The given point and points near it, as far away as the function is defined. */
function judged(task: Task, posed: Posed): Verdict {
  const { given } = task;
  const { leaves, size } = posed;
  const { inputs, seed } = given;
  const uniform = uniformFrom(seed);
  const origins = new Map<Point, Point>();
  const judge = (point: Point): At => {
    const { point: shown = point, ...found } = posed.judge(point, uniform);
    origins.set(shown, point);
    return { point: shown, ...found };
  };
  const at = [judge(inputs.base)];
  const count = at[0]!.judgement.kind === "domain" ? 0 : inputs.size > large ? 0 : given.points;
  for (let i = 0; i < count; i++) {
    const found = firstDefined((amount) => judge(perturbed(inputs.leaves, inputs.base, amount, uniform)));
    if (found !== undefined) at.push(found);
  }
  const program = (point: Point): string => task.program(origins.get(point)!);
  const verdict = verdictFrom(at, { leaves, size, named: inputs.named, seed, reproduction: program });
  return verdictOf(inWordsOf(task, verdict));
}

/** The verdict in words of the judged function, at the point as it was given. */
function inWordsOf({ subject, given: { inputs } }: Task, verdict: Fields): Fields {
  const told = (text: string): string => (subject === "the loss" ? text : text.replace(/\bthe loss\b/g, subject));
  const shared = { method: told(verdict.method), notes: verdict.notes.map(told) };
  switch (verdict.verdict) {
    case "AGREES":
      return { ...verdict, ...shared, limit: told(verdict.limit) };
    case "REFUTED":
      return { ...verdict, ...shared, ...(verdict.diagnosis === undefined ? {} : { diagnosis: told(verdict.diagnosis) }) };
    case "DOMAIN":
      return { ...verdict, ...shared, what: told(verdict.what), point: pointInWords(inputs.leaves, inputs.base) };
    case "UNDECIDED":
      return { ...verdict, ...shared, why: told(verdict.why) };
    default:
      return { ...verdict, ...shared };
  }
}
