// Proves that the layering rules bite: plants one forbidden import a rule into a copy of the tree and expects each to be reported.
import { spawnSync } from "node:child_process";
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** [rule that must fire, or none for what another plant needs; file that gets the import; what it imports] */
const plants = [
  ["core-layers-0", "packages/core/src/shape.ts", "./transforms/planted.ts"],
  ["core-file-has-layer", "packages/core/src/stray.ts", "./shape.ts"],
  ["kernels-are-private", "packages/core/src/transforms/planted.ts", "../kernels/planted.ts"],
  ["core-has-no-dependencies", "packages/core/src/kernels/planted.ts", "fast-check"],
  ["packages-import-only-core", "packages/print/src/index.ts", "../../optim/src/index.ts"],
  ["no-deep-imports", "test/planted.ts", "../packages/core/src/shape.ts"],
  ["runs-in-browsers", "packages/optim/src/index.ts", "node:fs"],
  ["no-cycles", "packages/print/src/index.ts", "./planted.ts"],
  [undefined, "packages/print/src/planted.ts", "./index.ts"],
  ["no-unresolved", "packages/print/src/index.ts", "./absent.ts"],
];

const root = process.cwd();
const copy = mkdtempSync(join(tmpdir(), "cotangent-plant-"));
try {
  for (const path of ["packages", "test", "package.json", "tsconfig.json", "tsconfig.base.json", ".dependency-cruiser.js"])
    cpSync(join(root, path), join(copy, path), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (from) => !/\/(dist|output|peers\/node_modules)$/.test(from),
    });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  for (const [, file, target] of plants) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    appendFileSync(join(copy, file), `\nimport "${target}";\n`);
  }
  const { stdout, stderr } = spawnSync(join(root, "node_modules/.bin/depcruise"), ["packages", "test", "--output-type", "json"], {
    cwd: copy,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (!stdout) throw new Error(stderr);
  const found = new Set(JSON.parse(stdout).summary.violations.map(({ rule, from }) => `${rule.name} ${from}`));
  const expected = plants.filter(([rule]) => rule !== undefined);
  const missed = expected.filter(([rule, file]) => !found.has(`${rule} ${file}`));
  for (const [rule, file, target] of missed) console.error(`${rule} did not report that ${file} imports ${target}`);
  console.log(`${expected.length - missed.length} of ${expected.length} planted imports were reported`);
  process.exitCode = missed.length === 0 ? 0 : 1;
} finally {
  rmSync(copy, { recursive: true });
}
