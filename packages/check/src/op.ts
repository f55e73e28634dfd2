/** `checkOp`: holds one op against every law on drawn cases and reports what fails. */
import { type TableFunction, Undecided } from "@cotangent/core/engine";
import { drawCase } from "./cases.ts";
import { drawFrom } from "./draw.ts";
import { checkArgumentError } from "./errors.ts";
import { conventionFailures, laws } from "./laws.ts";
import { checkNames } from "./verify/options.ts";

export interface LawFailure {
  readonly law: string;
  /** Replays with `checkOp(op, { seed, runs: 1 })`. */
  readonly seed: number;
  readonly call: string;
  readonly detail: string;
}

export interface LawReport {
  readonly op: string;
  /** How often each law was tried, and how often the number system behind it could not decide. */
  readonly tried: Readonly<Record<string, number>>;
  readonly undecided: Readonly<Record<string, number>>;
  readonly failures: readonly LawFailure[];
}

export interface CheckOpOptions {
  readonly seed?: number;
  readonly runs?: number;
  /** The laws to try; all by default. */
  readonly only?: readonly string[];
}

/**
 * Every law of the op table for one op: value, interpreter, enclosure, tangent, adjoint, second order, batching, float32, integers, its declared laws
 * and conventions, on `runs` calls drawn from its own sample. Deterministic from the seed.
 */
export function checkOp(op: TableFunction, options: CheckOpOptions = {}): LawReport {
  const { seed = 1, runs = 20, only } = checkedOptions(op, options);
  const tried: Record<string, number> = {};
  const undecided: Record<string, number> = {};
  const failures: LawFailure[] = [];
  for (let run = 0; run < runs; run++) {
    const subject = drawCase(op, drawFrom(seed + run));
    for (const [name, law] of Object.entries(laws)) {
      if (only !== undefined && !only.includes(name)) continue;
      tried[name] = (tried[name] ?? 0) + 1;
      try {
        const detail = law(subject, drawFrom(seed + run + 0x10000), op);
        if (detail !== undefined) failures.push({ law: name, seed: seed + run, call: subject.description, detail });
      } catch (thrown) {
        if (thrown instanceof Undecided) undecided[name] = (undecided[name] ?? 0) + 1;
        else failures.push({ law: name, seed: seed + run, call: subject.description, detail: `threw ${thrown}` });
      }
    }
  }
  for (const detail of conventionFailures(op)) failures.push({ law: "conventions", seed, call: op.row.name, detail });
  return { op: op.row.name, tried, undecided, failures };
}

/** Options that would test nothing are refused. */
function checkedOptions(op: TableFunction, options: CheckOpOptions): CheckOpOptions {
  if (typeof op !== "function" || typeof op.row?.sample !== "function") {
    throw checkArgumentError("checkOp", "not a function of the op table", op, "give one of the library's ops or one made with defineOp");
  }
  checkNames("checkOp", options, ["seed", "runs", "only"]);
  const { runs, only } = options;
  if (runs !== undefined && !(Number.isInteger(runs) && runs > 0))
    throw checkArgumentError("checkOp", "runs is not a positive integer", runs, "give at least 1");
  const stray = only?.find((name) => !(name in laws));
  if (stray !== undefined) throw checkArgumentError("checkOp", "no such law", stray, `the laws are ${Object.keys(laws).join(", ")}`);
  return options;
}
