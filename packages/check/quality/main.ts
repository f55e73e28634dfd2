/**
 * How good the checker is: measures, prints and writes QUALITY.md and the part of the README that quotes it; fails where something is not as it
 * should be and has no reason listed, or was not measured. With numbers of seeds for the list and for the mutants as arguments it only prints.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { ourName, total } from "./measure.ts";
import { inProcesses } from "./processes.ts";
import { type Measured, quotedIn, reportOf, unexplained } from "./report.ts";
import { surroundings } from "./surroundings.ts";
import { addResult, nameOfTask, nothingYet, tasksOf } from "./tasks.ts";

const given = process.argv.slice(2).map(Number);
const [seeds, mutationSeeds] = [given[0] ?? 60, given[1] ?? 3];
const processes = availableParallelism();
const conditions = surroundings(processes);
const start = Date.now();
const sum = nothingYet();
const tasks = tasksOf(seeds, mutationSeeds);
let count = 0;

await inProcesses(processes, tasks, (task, result) => {
  addResult(sum, task, result);
  const { scores, mutants, failures } = sum;
  const { alarms, misses } = scores[ourName]!;
  const soFar = `${total(alarms)} false alarms, ${total(misses)} misses, ${mutants.survivors.length} mutants not refuted, ${failures.length} failures`;
  console.log(`${((Date.now() - start) / 1000).toFixed(0)} s  ${++count} of ${tasks.length}, ${nameOfTask(task)}: ${soFar} so far`);
});

const measured: Measured = { conditions: conditions(), seeds, mutationSeeds, ...sum };
const report = reportOf(measured);
if (given.length === 0) {
  writeFileSync(new URL("../QUALITY.md", import.meta.url), report);
  const readme = new URL("../README.md", import.meta.url);
  writeFileSync(readme, quotedIn(readFileSync(readme, "utf8"), measured));
}
console.log(report);
for (const where of unexplained(measured)) console.error(`No reason is known: ${where}`);
for (const { task, why } of sum.failures) console.error(`Not measured: ${task}: ${why}`);
process.exitCode = unexplained(measured).length + sum.failures.length === 0 ? 0 : 1;
