/**
 * Recordings: which computations are watched, by whom, and the nodes they leave behind. A tensor is watched only while a recording
 * it descends from is open. It knows serial numbers and who is open; it knows nothing of values or derivatives.
 */
import type { Op } from "./op.ts";
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
  /** The user's source line, noted only under `debug`. */
  source: string | undefined = undefined;

  constructor(op: Op, params: unknown, inputs: readonly Tensor[], watch: Watch) {
    this.op = op;
    this.params = params;
    this.inputs = inputs;
    this.watch = watch;
    this.serial = nextSerial++;
    if (watch.debug) this.source = userLine();
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

/** A set of recordings that a tensor descends from. Sets are interned, so tensors of one recording share one. */
export class Watch {
  readonly recordings: readonly Recording[];
  open = true;
  readonly debug: boolean;

  constructor(recordings: readonly Recording[]) {
    this.recordings = recordings;
    this.debug = recordings.some((recording) => recording.debug);
    for (const recording of recordings) recording.watches.push(this);
  }

  has(recording: Recording): boolean {
    const all = this.recordings;
    for (let i = all.length - 1; i >= 0; i--) if (all[i] === recording) return true;
    return false;
  }
}

/** The dynamic extent of one run of a function on watched inputs. */
export class Recording {
  readonly start: number = nextSerial;
  readonly debug: boolean;
  /** The lines at which a watched value was read: the recording holds at its own point only. */
  readonly reads: string[] = [];
  /** Every set this recording belongs to, to be told when it closes. */
  readonly watches: Watch[] = [];
  readonly #unions = new Map<Watch, Map<Watch, Watch>>();
  open = true;
  /** The set of this recording alone. */
  readonly watch: Watch;

  constructor(debug = false) {
    this.debug = debug;
    this.watch = new Watch([this]);
  }

  close(): void {
    this.open = false;
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
      found = sameMembers(x, list) ? x : sameMembers(y, list) ? y : new Watch(list);
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

/** Notes that a watched value was read, in every open recording it descends from. */
export function noteRead(watch: Watch): void {
  const line = userLine();
  for (const recording of watch.recordings) if (recording.open) recording.reads.push(line);
}

const ownFile = /[\\/](?:core[\\/](?:src|dist)|@cotangent[\\/][a-z]+[\\/](?:src|dist))[\\/]/;

/** The innermost stack frame outside the library, as `file:line:column`. */
export function userLine(): string {
  const frames = (new Error().stack ?? "").split("\n").slice(1);
  const frame = frames.find((line) => !ownFile.test(line)) ?? "";
  return /\(?([^()\s]+:\d+:\d+)\)?$/.exec(frame)?.[1] ?? "an unknown line";
}
