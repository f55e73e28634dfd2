// The process of the engines in JavaScript as one file, made as a user would make it. It knows nothing of what runs in it.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export async function bundleWorker(file: string): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL("worker.ts", import.meta.url))],
    outfile: file,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    conditions: ["@cotangent/source"],
    logLevel: "silent",
  });
}
