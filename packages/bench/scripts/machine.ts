// What the figures were measured on.
import { existsSync, readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  /** Bits of the processor's widest vectors, where the system tells: what peers outside WebAssembly may use. */
  readonly vectors?: number;
  readonly node: string;
  readonly date: string;
  /** The load average of the last minute when the run began: above 0, others were at work. */
  readonly load: number;
}

export function describeMachine(): Machine {
  const all = cpus();
  const vectors = widestVectors();
  return {
    processor: all[0]!.model.replace(/\s+/g, " ").trim(),
    cores: all.length,
    ...(vectors === undefined ? {} : { vectors }),
    node: process.versions.node,
    date: new Date().toISOString().slice(0, 10),
    load: loadavg()[0]!,
  };
}

function widestVectors(): number | undefined {
  const list = "/proc/cpuinfo";
  const flags = existsSync(list) ? (/^flags.*/m.exec(readFileSync(list, "utf8"))?.[0] ?? "") : "";
  if (/ avx512f\b/.test(flags)) return 512;
  return / avx2\b/.test(flags) ? 256 : undefined;
}
