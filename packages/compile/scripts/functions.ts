// Writes the table of vector functions and their error bounds into the README.
import { readFileSync, writeFileSync } from "node:fs";
import { vectorForms } from "../src/functions/vector.ts";

const readme = new URL("../README.md", import.meta.url);
const rows = Object.entries(vectorForms)
  .sort(([x], [y]) => (x < y ? -1 : 1))
  .map(([name, { ulps }]) => `| ${name} | ${ulps.f64} | ${ulps.f32} |`);
const table = ["| function | float64 | float32 |", "|---|--:|--:|", ...rows].join("\n");
const text = readFileSync(readme, "utf8");
writeFileSync(readme, text.replace(/(<!-- functions -->\n)[\s\S]*?(<!-- \/functions -->)/, `$1\n${table}\n\n$2`));
