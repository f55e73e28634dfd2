/** A verdict as text for a terminal, as Markdown and as JSON. It knows the fields of each verdict; it finds nothing out. */
import type { Fields, RefutedFields, Witness } from "./verdict.ts";

export interface PrintOptions {
  /** Escape codes for a terminal; the caller knows whether there is one. */
  readonly color?: boolean;
}

const colors: Readonly<Record<Fields["verdict"], number>> = { REFUTED: 31, AGREES: 32, SHAPE: 31, KINK: 33, DOMAIN: 33, UNDECIDED: 33 };

/** A number with as many digits as tell it from its neighbours in a table. */
export const formatNumber = (x: number, digits = 12): string => {
  if (!Number.isFinite(x) || Number.isInteger(x)) return String(x);
  return String(Number(x.toPrecision(digits)));
};

const brief = (x: number): string => formatNumber(x, 2);
const digitsOf = (x: number): string => x.toFixed(1);
const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

const columns = ["input", "index", "claimed", "true", "absolute", "relative", "error bar"] as const;

/** Claimed and true values with the digits that show their difference. */
function row({ input, index, claimed, truth, absolute, relative, errorBar }: Witness): string[] {
  const digits = Math.min(17, Math.max(6, Math.ceil(-Math.log10(relative || 1)) + 3));
  const shown = [formatNumber(claimed, digits), formatNumber(truth, digits)];
  return [input, `[${index.join(", ")}]`, ...shown, brief(absolute), brief(relative), brief(errorBar)];
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((cells) => cells[i]!.length)));
  return rows.map((cells) =>
    cells
      .map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join("  ")
      .trimEnd(),
  );
}

const extent = ({ wrong, size, witnesses }: RefutedFields): string => {
  const entries = plural(size, "entry").replace("entrys", "entries");
  if (wrong !== undefined) return `${wrong} of ${entries} ${wrong === 1 ? "is" : "are"} wrong`;
  return witnesses.length > 1 ? `at least ${witnesses.length} of ${entries} are wrong` : `an entry of ${size} is wrong`;
};

/** An entry of a tensor by its place; a scalar by its name. */
const entry = (input: string, index: readonly number[]): string => (index.length === 0 ? input : `${input}[${index.join(", ")}]`);

/** The words after the verdict's name. */
function headline(fields: Fields): string {
  switch (fields.verdict) {
    case "AGREES": {
      const ulps = fields.ulps === undefined ? "" : `, within ${plural(Math.ceil(fields.ulps), "ulp")} in floating point`;
      return `to ${digitsOf(fields.digits)} digits${ulps} (${plural(fields.directions, "direction")}, ${plural(fields.points, "point")})`;
    }
    case "REFUTED":
      return `${extent(fields)}${fields.diagnosis === undefined ? "" : `: ${fields.diagnosis}`}`;
    case "SHAPE":
      return `${fields.where} is ${fields.got}, ${fields.expected} expected`;
    case "KINK":
      return `${fields.op === undefined ? "the loss" : fields.op} is not smooth here: along ${entry(fields.input, fields.index)} the derivative is ${formatNumber(fields.left)} from below and ${formatNumber(fields.right)} from above; the claim ${formatNumber(fields.claimed)} is ${fields.subgradient ? "a" : "no"} valid subgradient`;
    case "DOMAIN":
      return `${fields.what}${fields.op === undefined ? "" : ` — ${fields.op}`}, at ${fields.point}`;
    case "UNDECIDED":
      return `${fields.why}${fields.digits > 0 ? `; ${digitsOf(fields.digits)} digits reached` : ""}`;
  }
}

function details(fields: Fields): string[] {
  const end = [...fields.notes.map((note) => `note: ${note}`), `seed ${fields.seed}; truth by ${fields.method}`];
  if (fields.verdict === "AGREES") return [`more digits: ${fields.limit}`, ...end];
  return end;
}

export function textOf(fields: Fields, options: PrintOptions = {}): string {
  const name = options.color ? `\u001b[1;${colors[fields.verdict]}m${fields.verdict}\u001b[0m` : fields.verdict;
  const lines = [`${name} ${headline(fields)}`];
  if (fields.verdict === "REFUTED") lines.push(...aligned([columns, ...fields.witnesses.map(row)]).map((line) => `  ${line}`));
  lines.push(...details(fields).map((line) => `  ${line}`));
  if (fields.verdict === "REFUTED") lines.push("  to see it again:", ...fields.reproduction.split("\n").map((line) => `    ${line}`));
  return lines.join("\n");
}

export function markdownOf(fields: Fields): string {
  const lines = [`**${fields.verdict}** ${headline(fields)}`, ""];
  if (fields.verdict === "REFUTED") {
    lines.push(`| ${columns.join(" | ")} |`, `|${" --- |".repeat(columns.length)}`);
    for (const witness of fields.witnesses) lines.push(`| ${row(witness).join(" | ")} |`);
    lines.push("");
  }
  lines.push(...details(fields).map((line) => `- ${line}`));
  if (fields.verdict === "REFUTED") lines.push("", "```ts", fields.reproduction, "```");
  return lines.join("\n");
}

/** Plain data: numbers that JSON lacks become their names. */
export function jsonOf(fields: Fields): unknown {
  return JSON.parse(
    JSON.stringify(fields, (_, value: unknown) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value)),
  );
}
