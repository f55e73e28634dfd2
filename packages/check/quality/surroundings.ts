/** Where and on what a measurement runs, in words. */
import { spawnSync } from "node:child_process";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));

const git = (...args: readonly string[]): string => spawnSync("git", args, { cwd: folder, encoding: "utf8" }).stdout?.trim() ?? "";

/** What the measurement itself writes is no change of what is measured. */
const written = [":/", ":(exclude,top)packages/check/QUALITY.md", ":(exclude,top)packages/check/README.md"];

function commit(): string {
  const name = git("rev-parse", "--short", "HEAD");
  if (name === "") return "an unknown commit";
  return git("status", "--porcelain", "--", ...written) === "" ? `commit ${name}` : `commit ${name} with changes`;
}

/** Takes down where it starts; the function that it gives says it all at the end. */
export function surroundings(processes: number): () => string {
  const [start, measured, before] = [Date.now(), commit(), loadavg()[0]!];
  const processor = `${cpus().length} × ${cpus()[0]?.model.trim() ?? "unknown processor"}`;
  return () => {
    const load = `load average ${before.toFixed(1)} at the start, ${loadavg()[2]!.toFixed(1)} at the end`;
    const minutes = Math.max(1, Math.round((Date.now() - start) / 60_000));
    const day = new Date(start).toISOString().slice(0, 10);
    return `${measured}, Node ${process.versions.node}, ${day}, ${processor}, ${processes} processes, ${load}, ${minutes} minutes`;
  };
}
