// A line chart with a logarithmic y axis as SVG text. Knows scales, axes and labels; knows nothing of what the lines mean.
import { scaleLinear, scaleLog } from "d3-scale";
import { line } from "d3-shape";

export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface ChartOptions {
  readonly title: string;
  readonly x: string;
  readonly y: string;
}

const size = { width: 720, height: 420 };
const margin = { top: 48, right: 110, bottom: 52, left: 70 };
const colours = ["#0b62a4", "#c4500b", "#2f7d32", "#7b3fa0"];

/** All y values are above 0. */
export function lineChart(lines: readonly Line[], { title, x, y }: ChartOptions): string {
  const points = lines.flatMap((each) => each.points);
  const across = scaleLinear(extent(points.map(([at]) => at)), [margin.left, size.width - margin.right]);
  const [least, most] = extent(points.map(([, value]) => value));
  const up = scaleLog([least / 1.1, most * 1.1], [size.height - margin.bottom, margin.top]);
  const place = line<readonly [number, number]>(
    ([at]) => round(across(at)),
    ([, value]) => round(up(value)),
  );
  const curves = lines.map((each, i) => {
    const [atX, atY] = each.points.at(-1)!;
    return `<path d="${place(each.points)}" fill="none" stroke="${colours[i]}" stroke-width="2" stroke-linejoin="round"/>
<text x="${round(across(atX) + 8)}" y="${round(up(atY) + labelShift(lines, i, up))}" fill="${colours[i]}">${escape(each.name)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" width="${size.width}" height="${size.height}" font-family="sans-serif" font-size="13" fill="#222">`,
    `<title>${escape(title)}</title>`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="${margin.left}" y="26" font-size="16" font-weight="bold">${escape(title)}</text>`,
    ...up
      .ticks()
      .filter(isLabelled)
      .map((tick) => horizontal(round(up(tick)), String(tick))),
    ...across.ticks(7).map((tick) => vertical(round(across(tick)), across.tickFormat(7)(tick))),
    `<text x="${(margin.left + size.width - margin.right) / 2}" y="${size.height - 10}" text-anchor="middle">${escape(x)}</text>`,
    `<text transform="translate(18 ${(margin.top + size.height - margin.bottom) / 2}) rotate(-90)" text-anchor="middle">${escape(y)}</text>`,
    ...curves,
    "</svg>",
    "",
  ].join("\n");
}

const horizontal = (y: number, label: string): string =>
  `<line x1="${margin.left}" x2="${size.width - margin.right}" y1="${y}" y2="${y}" stroke="#ddd"/><text x="${margin.left - 8}" y="${y + 4}" text-anchor="end">${label}</text>`;

const vertical = (x: number, label: string): string => {
  const foot = size.height - margin.bottom;
  return `<line x1="${x}" x2="${x}" y1="${foot}" y2="${foot + 5}" stroke="#888"/><text x="${x}" y="${foot + 20}" text-anchor="middle">${label}</text>`;
};

/** Pushes the name of a line away from a neighbour's that ends at the same height. */
function labelShift(lines: readonly Line[], i: number, up: (value: number) => number): number {
  const ends = lines.map(({ points }) => up(points.at(-1)![1]));
  const crowded = ends.filter((end, k) => k !== i && Math.abs(end - ends[i]!) < 14);
  if (crowded.length === 0) return 4;
  return crowded.every((end) => ends[i]! < end || (ends[i] === end && i === 0)) ? -4 : 14;
}

const extent = (values: readonly number[]): [number, number] => [Math.min(...values), Math.max(...values)];
const round = (x: number): number => Math.round(x * 10) / 10;
/** 1, 2, 3 or 5 times a power of ten. */
const isLabelled = (x: number): boolean => /^[1235]e/.test(x.toExponential());
const escape = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
