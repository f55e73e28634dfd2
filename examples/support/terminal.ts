// What the examples print: headings, aligned tables, and progress as a bar on a terminal or as lines elsewhere.
import { SingleBar } from "cli-progress";

export function heading(text: string): void {
  console.log(`\n${text}\n${"─".repeat([...text].length)}`);
}

/** Rows of cells under a header, the first columns of words aligned left and the others right. */
export function printTable(header: readonly string[], rows: readonly (readonly string[])[], words = 1): void {
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => [...row[column]!].length)));
  for (const row of [header, ...rows]) {
    const cells = row.map((cell, column) => {
      const gap = " ".repeat(widths[column]! - [...cell].length);
      return column < words ? cell + gap : gap + cell;
    });
    console.log(cells.join("  ").trimEnd());
  }
}

/** A number in a few significant digits, with an exponent where it is far from 1. */
export function short(x: number, digits = 3): string {
  if (x === 0 || !Number.isFinite(x)) return String(x);
  const size = Math.abs(x);
  return size >= 1e-3 && size < 1e5 ? String(Number(x.toPrecision(digits))) : x.toExponential(digits - 1);
}

export interface ProgressReport {
  /** `share` of the way, from 0 to 1, with a few words. */
  readonly report: (share: number, words: string) => void;
  readonly finish: (words: string) => void;
}

export function progress(): ProgressReport {
  return process.stdout.isTTY ? bar() : lines();
}

function bar(): ProgressReport {
  const drawn = new SingleBar({
    format: "{bar} {percentage} %  {words}",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
  });
  drawn.start(1000, 0, { words: "" });
  return {
    report: (share, words) => drawn.update(Math.floor(share * 1000), { words }),
    finish: (words) => {
      drawn.update(1000, { words });
      drawn.stop();
      console.log(words);
    },
  };
}

/** One line a fifth of the way. */
function lines(): ProgressReport {
  let next = 0;
  return {
    report: (share, words) => {
      if (share < next) return;
      console.log(words);
      next = Math.floor(share * 5 + 1) / 5;
    },
    finish: (words) => console.log(words),
  };
}
