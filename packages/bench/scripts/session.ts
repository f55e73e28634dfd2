// An engine's process and the talk with it. Knows no workload and no statistics.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Loaded, LoadRequest, Reply, Request, TimeRequest } from "./protocol.ts";

/** One thread for everyone. */
const environment = {
  ...process.env,
  OMP_NUM_THREADS: "1",
  OPENBLAS_NUM_THREADS: "1",
  MKL_NUM_THREADS: "1",
};

export interface Session {
  /** Gives the engine's version. */
  readonly open: () => Promise<string>;
  readonly load: (request: LoadRequest) => Promise<Loaded>;
  /** Milliseconds for all calls together. */
  readonly time: (request: TimeRequest) => Promise<number>;
  readonly alive: () => boolean;
  /** Resolves once the process is gone and its memory is free. */
  readonly close: () => Promise<void>;
}

/** Each method rejects with what the process answered, or that it died or gave no answer within `patience` milliseconds. */
export function startSession([command, ...options]: readonly string[], patience: number): Session {
  const child = spawn(command!, options, { env: environment, stdio: ["pipe", "pipe", "pipe"] });
  const ask = asker(child, patience);
  return {
    open: async () => (await ask<{ version: string }>({ open: true })).version,
    load: (request) => ask<Loaded>({ load: request }),
    time: async (request) => (await ask<{ milliseconds: number }>({ time: request })).milliseconds,
    alive: () => child.exitCode === null && !child.killed,
    close: () => ended(child),
  };
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    child.on("exit", () => resolve());
    child.kill("SIGKILL");
  });
}

function asker(child: ChildProcess, patience: number): <R extends Reply>(request: Request) => Promise<R> {
  const lines = createInterface({ input: child.stdout! });
  let complaints = "";
  child.stderr!.on("data", (text) => {
    complaints = (complaints + text).slice(-10_000);
  });
  child.stdin!.on("error", () => {});
  const gone = new Promise<never>((_, reject) => {
    const dead = (how: string) => reject(new Error(`the process ${how}: ${lastLine(complaints)}`));
    child.on("error", (error) => dead(`does not start, ${error.message}`));
    child.on("exit", (code, signal) => dead(`ended with ${signal ?? `status ${code}`}`));
  });
  gone.catch(() => {});

  return async <R extends Reply>(request: Request) => {
    let alarm: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      alarm = setTimeout(() => {
        child.kill("SIGKILL");
        reject(new Error(`no answer within ${patience / 1000} s`));
      }, patience);
    });
    const answered = new Promise<Reply>((resolve) => {
      const listen = (line: string) => {
        if (!line.startsWith("{")) return;
        lines.off("line", listen);
        resolve(JSON.parse(line) as Reply);
      };
      lines.on("line", listen);
    });
    child.stdin!.write(`${JSON.stringify(request)}\n`);
    try {
      const reply = await Promise.race([answered, gone, late]);
      if ("error" in reply) throw new Error(reply.error);
      return reply as R;
    } finally {
      clearTimeout(alarm);
    }
  };
}

/** The line that says most: an error's message if there is one. */
function lastLine(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.find((line) => /Fatal|error/i.test(line)) ?? lines.at(-1) ?? "no word why";
}
