// Packs every built package as it would be published and lets publint and arethetypeswrong judge the tarballs.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { packageManager } = JSON.parse(readFileSync("package.json", "utf8"));
const folder = mkdtempSync(join(tmpdir(), "cotangent-pack-"));
try {
  execFileSync(
    "npx",
    [
      "--yes",
      packageManager,
      "--recursive",
      "--filter",
      "./packages/*",
      "--filter",
      "!@cotangent/bench",
      "pack",
      "--pack-destination",
      folder,
    ],
    {
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  for (const name of readdirSync(folder)) {
    const tarball = join(folder, name);
    const checks = [
      ["publint", "run", tarball, "--strict"],
      ["attw", tarball, "--profile", "esm-only", "--no-summary", "--format", "ascii"],
    ];
    for (const [tool, ...options] of checks) {
      const { status } = spawnSync(`node_modules/.bin/${tool}`, options, { stdio: ["ignore", "inherit", "inherit"] });
      if (status !== 0) process.exitCode = 1;
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
