/**
 * How good the checker is: measures, prints and writes QUALITY.md; fails where something is not as it should be and has no reason listed. With
 * numbers of seeds for the list and for the mutants as arguments it only prints.
 */
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { measureList, measureMutants } from "./measure.ts";
import { type Measured, reportOf, unexplained } from "./report.ts";

const given = process.argv.slice(2).map(Number);
const [seeds, mutationSeeds] = [given[0] ?? 60, given[1] ?? 3];
const start = Date.now();
const say = (line: string): void => console.log(`${((Date.now() - start) / 1000).toFixed(0)} s  ${line}`);

const scores = measureList(seeds, say);
const mutants = measureMutants(mutationSeeds, say);
const processor = `${cpus().length} × ${cpus()[0]?.model.trim() ?? "unknown processor"}`;
const conditions = `Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}, ${processor}, one process, load average ${loadavg()[2]!.toFixed(1)}`;
const measured: Measured = { conditions, seeds, mutationSeeds, scores, mutants };
const report = reportOf(measured);
if (given.length === 0) writeFileSync(new URL("../QUALITY.md", import.meta.url), report);
console.log(report);
for (const where of unexplained(measured)) console.error(`No reason is known: ${where}`);
process.exitCode = unexplained(measured).length === 0 ? 0 : 1;
