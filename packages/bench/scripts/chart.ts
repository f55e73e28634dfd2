// The results as a chart in SVG: for each workload a row, for each engine a mark at its time over Cotangent's in the same precision. d3-scale
// places and ticks the axis, as in the examples; a page of text does the rest, where a charting library would bring a document object model.
import { extent } from "d3-array";
import { scaleBand, scaleLog } from "d3-scale";
import type { Workload } from "../src/index.ts";
import type { Engine, Precision } from "./engines.ts";
import { bestOf, ownEngine, ratioOf, type Run } from "./figures.ts";

const width = 960;
const margin = { right: 30, bottom: 46, left: 190 };
const [rowHeight, legendTop, legendStep] = [30, 72, 18];
const precisions: readonly Precision[] = ["float32", "float64"];
/** Where in its row a mark lies, from the middle. */
const lanes: Readonly<Record<Precision, number>> = { float32: -6, float64: 7 };

interface Dot {
  readonly engine: Engine;
  readonly workload: Workload;
  readonly ratio: number;
}

export function drawChart(run: Run): string {
  const dots = dotsOf(run);
  const rows = run.workloads.filter((workload) => dots.some((dot) => dot.workload === workload));
  const { marks: legend, height: legendHeight } = legendOf(run.engines.filter((engine) => dots.some((dot) => dot.engine === engine)));
  const top = legendTop + legendHeight + 22;
  const foot = top + rows.length * rowHeight;
  const [least, most] = extent(dots, ({ ratio }) => ratio);
  const across = scaleLog([Math.min(0.5, (least ?? 1) / 1.3), Math.max(2, (most ?? 1) * 1.3)], [margin.left, width - margin.right]);
  const down = scaleBand(
    rows.map(({ name }) => name),
    [top, foot],
  );
  const one = round(across(1));
  const height = foot + margin.bottom;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="13" fill="#222">`,
    "<title>Time of each engine over the time of Cotangent in the same precision</title>",
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="20" y="28" font-size="16" font-weight="bold">Time a call, as a multiple of Cotangent's in the same precision</text>`,
    `<text x="20" y="48" fill="#555">${escape(`best samples of one run, ${run.machine.date}, ${run.machine.processor}, Node ${run.machine.node}`)}</text>`,
    ...legend,
    ...rows.flatMap((workload, i) => rowOf(workload, round(down(workload.name)!), i % 2 === 0)),
    ...gridOf(across, top, foot),
    `<text x="${one - 8}" y="${top - 8}" text-anchor="end" fill="#555">← faster than Cotangent</text>`,
    `<text x="${one + 8}" y="${top - 8}" fill="#555">slower →</text>`,
    ...dots.map(({ engine, workload, ratio }) => {
      const label = `${workload.name}, ${engine.title}: ${ratio.toPrecision(3)} times ${ownEngine(run, engine.precision)!.title}`;
      const middle = down(workload.name)! + rowHeight / 2;
      return mark(engine, round(across(ratio)), round(middle + lanes[engine.precision]), `<title>${escape(label)}</title>`);
    }),
    `<text x="${(margin.left + width - margin.right) / 2}" y="${height - 8}" text-anchor="middle">how many times as long, logarithmic; in each row float32 above, float64 below</text>`,
    "</svg>",
    "",
  ].join("\n");
}

/** Cotangent's own come last, so that they lie on top. */
function dotsOf(run: Run): Dot[] {
  const dots = run.workloads.flatMap((workload) =>
    run.engines.flatMap((engine) => {
      const ratio = bestOf(run, workload, engine) === undefined ? undefined : ratioOf(run, workload, engine);
      return ratio === undefined ? [] : [{ engine, workload, ratio }];
    }),
  );
  return [...dots.filter(({ engine }) => !engine.own), ...dots.filter(({ engine }) => engine.own)];
}

/** The workload and, in words, what the peers call its function; that gradients are taken stands in its name. */
function rowOf({ name, problem }: Workload, y: number, shaded: boolean): string[] {
  const words = problem.replace(/Gradients$/, "").replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return [
    ...(shaded ? [`<rect x="0" y="${y}" width="${width}" height="${rowHeight}" fill="#f5f5f5"/>`] : []),
    `<text x="${margin.left - 12}" y="${y + rowHeight / 2 + 4}" text-anchor="end"><tspan fill="#777">${words}</tspan> ${name}</text>`,
  ];
}

function gridOf(across: ReturnType<typeof scaleLog<number, number>>, top: number, foot: number): string[] {
  const ticks = across.ticks().filter((tick) => /^1e/.test(tick.toExponential()));
  return ticks.map((tick) => {
    const x = round(across(tick));
    return `<line x1="${x}" x2="${x}" y1="${top}" y2="${foot}" stroke="${tick === 1 ? "#444" : "#ccc"}"/><text x="${x}" y="${foot + 18}" text-anchor="middle">${tick}×</text>`;
  });
}

/** Discs for float32, squares for float64; Cotangent's own are larger. */
function mark({ precision, own, colour }: Engine, x: number, y: number, inside = ""): string {
  const size = own ? 6 : 4.5;
  if (precision === "float32")
    return `<circle cx="${x}" cy="${y}" r="${size}" fill="${colour}" fill-opacity="0.9" stroke="#fff">${inside}</circle>`;
  return `<rect x="${x - size}" y="${y - size}" width="${2 * size}" height="${2 * size}" fill="${colour}" fill-opacity="0.9" stroke="#fff">${inside}</rect>`;
}

/** Float32 first, float64 below. */
function legendOf(shown: readonly Engine[]): { marks: string[]; height: number } {
  const [columns, step] = [5, 186];
  const lines = precisions.flatMap((precision) => {
    const own = shown.filter((engine) => engine.precision === precision);
    return Array.from({ length: Math.ceil(own.length / columns) }, (_, i) => own.slice(i * columns, (i + 1) * columns));
  });
  const marks = lines.flatMap((line, j) =>
    line.map((engine, i) => {
      const [x, y] = [28 + i * step, legendTop + j * legendStep];
      return `${mark(engine, x, y)}<text x="${x + 12}" y="${y + 4}">${escape(engine.title)}</text>`;
    }),
  );
  return { marks, height: lines.length * legendStep };
}

const round = (x: number): number => Math.round(x * 10) / 10;
const escape = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
