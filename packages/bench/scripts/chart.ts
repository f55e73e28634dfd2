// The results as a chart in SVG: for each workload a line, for each engine a dot at its time over Cotangent's. d3-scale places and ticks the
// axis, as in the examples; a page of text does the rest, where a charting library would bring a document object model.
import { extent } from "d3-array";
import { scaleLog, scalePoint } from "d3-scale";
import type { Engine } from "./engines.ts";
import { bestOf, ownEngine, type Run } from "./figures.ts";

const width = 900;
const margin = { top: 118, right: 30, bottom: 46, left: 110 };
const lineHeight = 26;

interface Dot {
  readonly engine: Engine;
  readonly workload: string;
  readonly ratio: number;
}

export function drawChart(run: Run): string {
  const base = ownEngine(run);
  const dots = base === undefined ? [] : dotsOf(run, base);
  const names = run.workloads.map(({ name }) => name).filter((name) => dots.some(({ workload }) => workload === name));
  const height = margin.top + names.length * lineHeight + margin.bottom;
  const [least, most] = extent(dots, ({ ratio }) => ratio);
  const across = scaleLog([Math.min(0.5, (least ?? 1) / 1.3), Math.max(2, (most ?? 1) * 1.3)], [margin.left, width - margin.right]);
  const down = scalePoint(names, [margin.top, height - margin.bottom]).padding(0.5);
  const [top, foot] = [margin.top, height - margin.bottom];

  const ticks = across.ticks().filter((tick) => /^1e/.test(tick.toExponential()));
  const grid = ticks.map((tick) => {
    const x = round(across(tick));
    return `<line x1="${x}" x2="${x}" y1="${top}" y2="${foot}" stroke="${tick === 1 ? "#444" : "#ddd"}"/><text x="${x}" y="${foot + 18}" text-anchor="middle">${tick}×</text>`;
  });
  const lines = names.map((name) => {
    const y = round(down(name)!);
    return `<line x1="${margin.left}" x2="${width - margin.right}" y1="${y}" y2="${y}" stroke="#eee"/><text x="${margin.left - 10}" y="${y + 4}" text-anchor="end">${name}</text>`;
  });
  const marks = [...dots.filter(({ engine }) => engine.own), ...dots.filter(({ engine }) => !engine.own)].map(
    ({ engine, workload, ratio }) => {
      const [x, y] = [round(across(ratio)), round(down(workload)!)];
      const label = `<title>${escape(`${workload}, ${engine.title}: ${ratio.toPrecision(3)} times ${base!.title}`)}</title>`;
      return mark(engine, x, y, label);
    },
  );
  const shown = run.engines.filter((engine) => dots.some((dot) => dot.engine === engine));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="13" fill="#222">`,
    `<title>Time of each engine over the time of ${escape(base?.title ?? "Cotangent")}</title>`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="20" y="28" font-size="16" font-weight="bold">Time a call, as a multiple of ${escape(base?.title ?? "Cotangent")}</text>`,
    `<text x="20" y="46" fill="#555">${escape(`to the right of 1×: slower; best samples of one run, ${run.machine.date}, ${run.machine.processor}, Node ${run.machine.node}`)}</text>`,
    ...legend(shown),
    ...grid,
    ...lines,
    ...marks,
    `<text x="${(margin.left + width - margin.right) / 2}" y="${height - 8}" text-anchor="middle">time over ${escape(base?.title ?? "Cotangent")}, logarithmic</text>`,
    "</svg>",
    "",
  ].join("\n");
}

function dotsOf(run: Run, base: Engine): Dot[] {
  return run.workloads.flatMap((workload) => {
    const ours = bestOf(run, workload, base);
    return run.engines.flatMap((engine) => {
      const time = bestOf(run, workload, engine);
      return ours === undefined || time === undefined ? [] : [{ engine, workload: workload.name, ratio: time / ours }];
    });
  });
}

/** Discs for float32, squares for float64; Cotangent's own are larger. */
function mark({ precision, own, colour }: Engine, x: number, y: number, inside = ""): string {
  const size = own ? 6.5 : 4.5;
  if (precision === "float32")
    return `<circle cx="${x}" cy="${y}" r="${size}" fill="${colour}" fill-opacity="0.9" stroke="#fff">${inside}</circle>`;
  return `<rect x="${x - size}" y="${y - size}" width="${2 * size}" height="${2 * size}" fill="${colour}" fill-opacity="0.9" stroke="#fff">${inside}</rect>`;
}

function legend(shown: readonly Engine[]): string[] {
  const [columns, step] = [4, 210];
  return shown.map((engine, i) => {
    const [x, y] = [28 + (i % columns) * step, 68 + Math.floor(i / columns) * 18];
    return `${mark(engine, x, y)}<text x="${x + 12}" y="${y + 4}">${escape(engine.title)}</text>`;
  });
}

const round = (x: number): number => Math.round(x * 10) / 10;
const escape = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
