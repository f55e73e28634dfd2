// What the figures were measured on.
import { cpus, loadavg } from "node:os";

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly node: string;
  readonly date: string;
  /** The load average of the last minute when the run began: above 0, others were at work. */
  readonly load: number;
}

export function describeMachine(): Machine {
  const all = cpus();
  return {
    processor: all[0]!.model.replace(/\s+/g, " ").trim(),
    cores: all.length,
    node: process.versions.node,
    date: new Date().toISOString().slice(0, 10),
    load: loadavg()[0]!,
  };
}
