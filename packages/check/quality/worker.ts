/** A process that does the tasks it is sent, one at a time. */
import { done, type Task } from "./tasks.ts";

process.on("message", (task: Task) => process.send!(done(task)));
