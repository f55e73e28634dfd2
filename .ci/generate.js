// Runs every generator of the workspace, in order; what they write is committed and CI checks that it is up to date.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";

/** Each file in these folders is a generator. */
const folders = ["packages/core/scripts", "packages/print/scripts", "packages/compile/scripts", "examples/scripts"];

for (const folder of folders.filter(existsSync)) {
  for (const name of readdirSync(folder)
    .filter((file) => file.endsWith(".ts"))
    .sort()) {
    console.log(`${folder}/${name}`);
    const { status } = spawnSync("node_modules/.bin/tsx", ["--conditions=@cotangent/source", `${folder}/${name}`], { stdio: "inherit" });
    if (status !== 0) process.exit(1);
  }
}
