// Installs the workspace's packages with the pnpm that package.json names, unless they already match the lock file.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const installed = "node_modules/.installed-lock.yaml";
const lock = readFileSync("pnpm-lock.yaml", "utf8");
if (!existsSync(installed) || readFileSync(installed, "utf8") !== lock) {
  const { packageManager } = JSON.parse(readFileSync("package.json", "utf8"));
  console.log(`Installing with ${packageManager} …`);
  const { status, stdout, stderr } = spawnSync("npx", ["--yes", packageManager, "install", "--frozen-lockfile"], {
    encoding: "utf8",
    shell: process.platform === "win32",
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (status !== 0) {
    console.error(
      `${stdout ?? ""}${stderr ?? ""}\nThe install failed; is the network reachable, and does pnpm-lock.yaml match every package.json?`,
    );
    process.exit(1);
  }
  writeFileSync(installed, lock);
}
