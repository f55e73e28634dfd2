// The parts of a report that the regressions share: graphs, the table of gradients, pictures. Knows the numbers, not the models.
import { mkdirSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type Graph, mul, random, type Tensor } from "@cotangent/core";
import { latex, svg, text } from "@cotangent/print";
import { compareGradients } from "./agreement.ts";
import { type Line, lineChart } from "./chart.ts";
import { heading, printTable, short } from "./terminal.ts";

export function showGraphs(loss: Graph, gradient: Graph): void {
  heading("The loss as a graph");
  console.log(text(loss));
  heading("Its gradient by reverse mode: the backward pass as a graph");
  console.log(text(gradient));
  console.log(`\nin LaTeX:\n${latex(gradient)}`);
}

type Function = (x: Tensor) => Tensor;

interface Formula {
  /** How it is written by hand. */
  readonly reads: string;
  readonly at: Function;
}

export interface Claim {
  readonly losses: Readonly<Record<string, Function>>;
  /** The gradient derived by hand, and the sum of its terms' magnitudes. */
  readonly formula: Formula;
  readonly magnitude: Formula;
  /** What the probabilities are made of: where it is large, they round to 0 or 1. */
  readonly logits: Formula;
  readonly shape: readonly number[];
  readonly remark: string;
}

/** Each form of the loss at s · normal(key), for growing s. */
export function showAgreement({ losses, formula, magnitude, logits, shape, remark }: Claim): void {
  heading(`The gradient by reverse mode against ${formula.reads}`);
  const rows = [0, 0.1, 0.3, 1, 3].flatMap((scale, i) =>
    Object.entries(losses).map(([name, loss]) => {
      const at = mul(scale, random.normal(random.key(i), shape));
      const found = compareGradients(loss, formula.at, magnitude.at, at);
      const ulps = found.uncancelled === 0 ? "–" : `${short(found.ulps)} (${found.uncancelled})`;
      return [
        `${scale} · normal(key(${i}))`,
        name,
        logits.at(at).abs().max().item().toFixed(1),
        short(found.roundoffs),
        short(found.ofBound, 2),
        ulps,
      ];
    }),
  );
  printTable(["at", "loss", `largest ${logits.reads}`, `in u·${magnitude.reads}`, "of the error bounds", "in ulps (entries)"], rows, 2);
  console.log("The largest difference over the entries; in ulps where nothing cancels: Σ|terms| < 2 |Σ terms|.");
  console.log(remark);
}

/** Draws the graphs and the losses on the way into `output/` beside the example's module, and says where. */
export async function showPictures(module: string, loss: Graph, gradient: Graph, curves: readonly Line[]): Promise<void> {
  heading("Pictures");
  const folder = new URL("output/", module);
  mkdirSync(folder, { recursive: true });
  const pictures = {
    "loss.svg": await svg(loss),
    "gradient.svg": await svg(gradient),
    "training.svg": lineChart(curves, { title: "Loss while training", x: "step", y: "mean cross-entropy + penalty" }),
  };
  for (const [name, content] of Object.entries(pictures)) {
    const file = new URL(name, folder);
    writeFileSync(file, content);
    console.log(relative(process.cwd(), fileURLToPath(file)));
  }
}

export interface Coefficient {
  readonly name: string;
  readonly got: number;
  readonly wanted: number;
}

/** Coefficients beside their reference; the process fails if one is farther off than is promised. */
export function showCoefficients(coefficients: readonly Coefficient[], promised: number): void {
  const rows = coefficients.map(({ name, got, wanted }) => ({ name, got, gap: Math.abs(got - wanted) }));
  printTable(
    ["coefficient", "value", "gap to the reference"],
    rows.map(({ name, got, gap }) => [name, got.toFixed(8), short(gap, 2)]),
  );
  const largest = Math.max(...rows.map(({ gap }) => gap));
  const isKept = largest <= promised;
  console.log(`largest gap ${short(largest, 2)}, ${isKept ? "within" : "NOT within"} the promised ${promised}`);
  if (!isKept) process.exitCode = 1;
}
