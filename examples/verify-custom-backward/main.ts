// A hand-written softmax cross-entropy held against the checker: the right one, then one bug at a time; --bug <name> shows one in full.
import { parseArgs } from "node:util";
import { heading } from "../support/terminal.ts";
import { showAnswer } from "../support/verdict.ts";
import { bugs } from "./bugs.ts";
import { judge, places } from "./judge.ts";
import { kernel } from "./kernel.ts";

const names = Object.keys(bugs);

function showAll(): void {
  heading("The kernel");
  for (const place of Object.keys(places)) showAnswer(place, [], judge(kernel, place));
  heading("One bug at a time");
  for (const [name, { what, make }] of Object.entries(bugs)) {
    for (const place of placesOf(name)) showAnswer(`--bug ${name}, ${place}`, [what], judge(make(), place));
  }
}

function showOne(name: string): void {
  const { what, make } = bugs[name]!;
  console.log(what);
  for (const place of placesOf(name)) {
    heading(place);
    console.log(judge(make(), place).toString({ color: process.stdout.isTTY }));
  }
}

/** Only what overflows looks different far away. */
const placesOf = (name: string): string[] => Object.keys(places).slice(0, name === "forgot-max-shift" ? 2 : 1);

/** The bug that the command line names, none for all; undefined where it names anything else, which is said. */
function askedFor(): readonly string[] | undefined {
  try {
    const { bug } = parseArgs({ options: { bug: { type: "string" } } }).values;
    if (bug === undefined) return [];
    if (names.includes(bug)) return [bug];
    throw new Error(`there is no bug ${bug}`);
  } catch (error) {
    console.error(`${(error as Error).message}; give nothing, or --bug and one of ${names.join(", ")}`);
    process.exitCode = 1;
    return undefined;
  }
}

const asked = askedFor();
if (asked?.length === 0) showAll();
asked?.forEach(showOne);
