/**
 * Recordings: which computations are watched, by whom, and the nodes they leave behind. A tensor is watched only while a recording
 * it descends from is open. It knows serial numbers and who is open; it knows nothing of values or derivatives.
 */
import type { Op } from "./op.ts";
import type { Shape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** One application of an op to tensors of which at least one was watched. */
export class Node {
  readonly op: Op;
  readonly params: unknown;
  readonly inputs: readonly Tensor[];
  readonly watch: Watch;
  /** Nodes are numbered in the order of their making, so an input's serial is below its user's. */
  readonly serial: number;
  /** Set once, right after the outputs are made. */
  outputs: readonly Tensor[] = noTensors;
  /** What its values are blamed on, noted only under `debug`: a node that has it is checked, in the forward and in the backward pass. */
  source: Source | undefined = undefined;

  constructor(op: Op, params: unknown, inputs: readonly Tensor[], watch: Watch) {
    this.op = op;
    this.params = params;
    this.inputs = inputs;
    this.watch = watch;
    this.serial = nextSerial++;
    if (cause !== null) this.source = cause;
    else if (watch.debug && anyDebugging()) this.source = { op: op.name, inputs, line: userLine(), part: "forward pass", isStep: false };
  }

  /** The name `label` gave its first output, shown by printers. */
  get label(): string | undefined {
    return labelOf(this.outputs[0]!);
  }
}

const labels = new WeakMap<Tensor, string>();

/** Gives a tensor, watched or constant, a name for printers. */
export function setLabel(x: Tensor, name: string): void {
  labels.set(x, name);
}

/** The name `label` gave a tensor. */
export function labelOf(x: Tensor): string | undefined {
  return labels.get(x);
}

const noTensors: readonly Tensor[] = [];
let nextSerial = 1;

/** What `debug` blames a value on: an op of the user's, what it was applied to, where, and what of it: outside the forward pass its derivative. */
export interface Source {
  readonly op: string;
  readonly inputs: readonly { readonly shape: Shape }[];
  readonly line: string;
  readonly part: "forward pass" | "backward pass" | "tangents";
  /** Whether it is a step to a value that is checked itself, so that an infinity on the way to a finite result is not named. */
  readonly isStep: boolean;
}

/** What `debug` checks of what runs on behalf of an op: every value, what rules and lifts return, or nothing. */
export type Checked = "everything" | "results" | "nothing";

let cause: Source | null = null;
let checked: Checked = "everything";

/** What the op running now is blamed on, under `debug`; null for an op of the user's own. */
export function currentCause(): Source | null {
  return cause;
}

export function currentlyChecked(): Checked {
  return checked;
}

/** Runs something on behalf of an op of the user's, with no more checks inside than outside. */
export function onBehalf<T>(source: Source, run: () => T, most: Checked = "everything"): T {
  const [outer, before] = [cause, checked];
  cause = most === "everything" ? source : { ...source, isStep: true };
  checked = before === "nothing" || most === "everything" ? before : most;
  try {
    return run();
  } finally {
    cause = outer;
    checked = before;
  }
}

/** A set of recordings that a tensor descends from. Sets are interned, so tensors of one recording share one. */
export class Watch {
  readonly recordings: readonly Recording[];
  open = true;
  readonly debug: boolean;
  /** Whether a reverse sweep may follow, so that an op keeps what its pullback needs. */
  readonly reverse: boolean;

  constructor(recordings: readonly Recording[]) {
    this.recordings = recordings;
    this.debug = recordings.some((recording) => recording.debug);
    this.reverse = recordings.some((recording) => recording.reverse);
    for (const recording of recordings) recording.watches.push(this);
  }

  has(recording: Recording): boolean {
    const all = this.recordings;
    for (let i = all.length - 1; i >= 0; i--) if (all[i] === recording) return true;
    return false;
  }
}

export interface RecordingOptions {
  /** Every value is checked to be finite, and every node notes the user's line; so it is inside a recording that does. */
  readonly debug?: boolean;
  /** Whether a reverse sweep may follow; true by default. */
  readonly reverse?: boolean;
}

let openCount = 0;
let openDebugCount = 0;

/** Whether any recording is open: if none is, nothing can be watched. */
export function anyOpen(): boolean {
  return openCount > 0;
}

/** Whether a debugging recording is open. */
export function anyDebugging(): boolean {
  return openDebugCount > 0;
}

/** The dynamic extent of one run of a function on watched inputs. */
export class Recording {
  readonly start: number = nextSerial;
  readonly debug: boolean;
  readonly reverse: boolean;
  /** The lines at which a watched value was read: the recording holds at its own point only. */
  readonly reads: string[] = [];
  /** Every set this recording belongs to, to be told when it closes. */
  readonly watches: Watch[] = [];
  readonly #unions = new Map<Watch, Map<Watch, Watch>>();
  open = true;
  /** The set of this recording alone. */
  readonly watch: Watch;

  constructor({ debug = anyDebugging(), reverse = true }: RecordingOptions = {}) {
    this.debug = debug;
    this.reverse = reverse;
    this.watch = new Watch([this]);
    openCount++;
    if (debug) openDebugCount++;
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    openCount--;
    if (this.debug) openDebugCount--;
    for (const watch of this.watches) watch.open = watch.recordings.some((recording) => recording.open);
    this.#unions.clear();
  }

  /** The union of two sets of which this recording is the youngest member, made once. */
  union(x: Watch, y: Watch): Watch {
    let row = this.#unions.get(x);
    if (row === undefined) this.#unions.set(x, (row = new Map()));
    let found = row.get(y);
    if (found === undefined) {
      const members = new Set<Recording>();
      for (const recording of x.recordings) if (recording.open) members.add(recording);
      for (const recording of y.recordings) if (recording.open) members.add(recording);
      const list = [...members].sort((a, b) => a.start - b.start);
      found = list.length === 1 ? list[0]!.watch : sameMembers(x, list) ? x : sameMembers(y, list) ? y : new Watch(list);
      row.set(y, found);
    }
    return found;
  }
}

function sameMembers(watch: Watch, list: readonly Recording[]): boolean {
  return watch.recordings.length === list.length && list.every((recording, i) => watch.recordings[i] === recording);
}

/** The set of open recordings in either of two open sets. */
export function mergeWatches(x: Watch, y: Watch): Watch {
  if (x === y) return x;
  const a = x.recordings[x.recordings.length - 1]!;
  const b = y.recordings[y.recordings.length - 1]!;
  return (a.start >= b.start ? a : b).union(x, y);
}

/** The open set a list of inputs is watched by, or null. */
export function watchOf(inputs: readonly Tensor[]): Watch | null {
  let watch: Watch | null = null;
  for (let i = 0; i < inputs.length; i++) {
    const origin = inputs[i]!.origin;
    if (origin === null || !origin.watch.open) continue;
    watch = watch === null ? origin.watch : mergeWatches(watch, origin.watch);
  }
  return watch;
}

/** A recording remembers so many lines; the first is enough to refuse by. */
const readLimit = 16;

/** Notes that a watched value was read, in every open recording it descends from. */
export function noteRead(watch: Watch): void {
  const noting = watch.recordings.filter((recording) => recording.open && recording.reads.length < readLimit);
  if (noting.length === 0) return;
  const line = userLine();
  for (const recording of noting) if (!recording.reads.includes(line)) recording.reads.push(line);
}

/** The folder of this library in stack frames; none where it is bundled into one file. */
const ownFolder: string | undefined = /* @__PURE__ */ folderOfStack(new Error().stack);

function folderOfStack(stack: string | undefined): string | undefined {
  return /(?:\(|at |@)(?:file:\/\/)?([^()\n]*[\\/])recording\.[jt]s(?:\?[^:\n]*)?:\d+/.exec(stack ?? "")?.[1];
}

const ownPackages = /[\\/]@cotangent[\\/][a-z]+[\\/]/;
const position = /\(?([^()\s]+:\d+:\d+)\)?$/;
const deepest = 60;

/** The innermost stack frame outside the library, as `file:line:column`. */
export function userLine(): string {
  const host = Error as { stackTraceLimit?: number };
  const { stackTraceLimit = 10 } = host;
  host.stackTraceLimit = deepest;
  const frames = (new Error().stack ?? "").split("\n").slice(1);
  host.stackTraceLimit = stackTraceLimit;
  const own = (frame: string): boolean => ownPackages.test(frame) || (ownFolder !== undefined && frame.includes(ownFolder));
  const frame = frames.find((line) => position.test(line) && !own(line)) ?? "";
  return position.exec(frame)?.[1] ?? "an unknown line";
}
