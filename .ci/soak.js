// The long run: every property, law, mutant and bad call with fresh seeds and many more cases; writes what it found to test/soak.md.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [rounds, runs, cases, programs] = [2, 3, 4, 5].map((at, i) => Number(process.argv[at] ?? [3, 200, 1000, 3400][i]));
const commit = spawnSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).stdout.trim();
const work = mkdtempSync(join(tmpdir(), "soak-"));
const rows = [];
const measured = [];
const failures = [];

for (let round = 0; round < rounds; round++) {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const report = join(work, `${round}.json`);
  const start = Date.now();
  const environment = {
    ...process.env,
    NO_COLOR: "1",
    COTANGENT_SEED: String(seed),
    COTANGENT_RUNS: String(runs),
    COTANGENT_CASES: String(cases),
    COTANGENT_PROGRAMS: String(programs),
    // The longest measurements need no other seed: they run once.
    ...(round === 0 ? { COTANGENT_SOAK: "1" } : {}),
  };
  const { stdout } = spawnSync(
    "node_modules/.bin/vitest",
    ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, "--testTimeout=1800000"],
    {
      env: environment,
      encoding: "utf8",
      maxBuffer: 2 ** 30,
    },
  );
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, "utf8"));
  rows.push(`| ${seed} | ${numPassedTests} | ${numFailedTests} | ${Math.round((Date.now() - start) / 1000)} |`);
  for (const line of stdout.split("\n")) if (line.startsWith("measured: ")) measured.push(`- ${line.slice("measured: ".length)}`);
  for (const file of testResults) {
    for (const test of file.assertionResults)
      if (test.status === "failed") failures.push(`- seed ${seed}: ${test.fullName}: ${(test.failureMessages[0] ?? "").split("\n")[0]}`);
  }
  console.log(rows.at(-1));
}
rmSync(work, { recursive: true });

writeFileSync(
  "test/soak.md",
  `# The last long run

\`npm run soak\` on Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}, commit ${commit}: every test of the workspace with fresh seeds, ${runs} drawn calls an op and a law,
${runs} bad calls a function, ${cases} cases a property, ${programs} random programs compiled and compared with op by op.

| seed | passed | failed | seconds |
|---|--:|--:|--:|
${rows.join("\n")}

## Failures

${failures.length === 0 ? "None." : failures.join("\n")}

## Measured

${measured.join("\n")}
`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
