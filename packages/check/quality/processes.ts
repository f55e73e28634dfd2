/** Has tasks done by several processes at once. A process that dies costs the task it was at, and another takes its place. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Result, Task } from "./tasks.ts";

const worker = fileURLToPath(new URL("worker.ts", import.meta.url));

export async function inProcesses(count: number, tasks: readonly Task[], heard: (task: Task, result: Result) => void): Promise<void> {
  const waiting = [...tasks];
  await Promise.all(Array.from({ length: Math.min(count, tasks.length) }, () => work(waiting, heard)));
}

/** One process after another, until no task is waiting. */
async function work(waiting: Task[], heard: (task: Task, result: Result) => void): Promise<void> {
  while (waiting.length > 0) await untilItDies(waiting, heard);
}

function untilItDies(waiting: Task[], heard: (task: Task, result: Result) => void): Promise<void> {
  const child = fork(worker);
  let current: Task | undefined;
  const next = (): void => {
    current = waiting.shift();
    if (current === undefined) child.disconnect();
    else child.send(current);
  };
  child.on("message", (result: Result) => {
    heard(current!, result);
    next();
  });
  next();
  return new Promise((resolve) => {
    child.on("exit", (code, signal) => {
      if (current !== undefined) heard(current, { failure: `the process ended by ${signal ?? `exit code ${code}`}` });
      resolve();
    });
  });
}
