/**
 * A traced graph as something that runs: its code instantiated, its region of memory, arguments copied in and results copied out. It knows
 * storages of tensors and addresses; how code comes about and who calls it is elsewhere.
 */
import type { DType, Tensor, TypedArray } from "@cotangent/core/functions";
import { type Aval, real, sizeOf, type Storage, type SubGraph } from "@cotangent/core/engine";
import { encodeModule, printModule } from "./assembly/module.ts";
import { type EmitOptions, type Emitted, emitProgram } from "./emit.ts";
import { lateImports } from "./late.ts";
import { type Memory, type Region, threadMemory } from "./memory.ts";
import { makeResident, type Resident, residentOf } from "./resident.ts";
import { printBlock } from "./listing.ts";
import { blockOf, bytesOf } from "./values.ts";

/** Runs a graph on the storages of its inputs; the outputs are fresh. */
export interface Executable {
  readonly run: (inputs: readonly Tensor[]) => Storage[];
  /**
   * The same with outputs that stay in the program's memory until they are read, and inputs among them that are given up: flags say which.
   * An output that is neither read nor given back before the next step is copied out then.
   */
  readonly step: (inputs: readonly Tensor[], donated: readonly boolean[]) => Tensor[];
  /** Milliseconds from the graph to the instance. */
  readonly milliseconds: number;
  /** Bytes of the module and of the region. */
  readonly codeBytes: number;
  readonly regionBytes: number;
  readonly lowering: () => LoweredProgram;
}

/** The stages of a program as text. */
export interface LoweredProgram {
  readonly simplified: string;
  readonly loops: string;
  readonly memory: string;
  readonly text: string;
}

const math = (fail: (error: number) => void): WebAssembly.ModuleImports => {
  const { name: _, ...functions } = real;
  return { ...(functions as unknown as WebAssembly.ModuleImports), toInt32: (x: number) => x | 0, fail };
};

/** Compiles a graph for this thread's memory. */
export function compileGraph(graph: SubGraph, options: EmitOptions): Executable {
  const start = performance.now();
  const block = blockOf(graph);
  const emitted = emitProgram(block, options);
  const bytes = encodeModule(emitted.module);
  const module = new WebAssembly.Module(bytes);
  const memory = threadMemory();
  const region = memory.allocate(emitted.bytes);
  const fail = (error: number): never => {
    throw emitted.errors[error]!();
  };
  const imports = { env: { memory: memory.memory }, math: math(fail) };
  const instance = new WebAssembly.Instance(module, { ...imports, late: lateImports(emitted.late, imports) });
  const run = instance.exports.run as (base: number) => void;
  for (const { dtype, entries, offset } of emitted.constants) write(memory, dtype, region.at + offset, entries);
  const executable: Executable = {
    ...runner(graph, emitted, memory, region, run),
    milliseconds: performance.now() - start,
    codeBytes: bytes.length,
    regionBytes: emitted.bytes,
    lowering: () => ({
      simplified: printBlock(block),
      loops: emitted.loops.join("\n"),
      memory: emitted.plan.join("\n"),
      text: [emitted.module, ...emitted.late.map((nest) => nest.module())].map(printModule).join("\n"),
    }),
  };
  regions.register(executable, region);
  return executable;
}

/** Gives the memory of programs back once they can no longer be run. */
const regions = new FinalizationRegistry<Region>((region) => threadMemory().release(region));

/** So few entries are copied faster one by one than with `set` and `slice`. */
const few = 32;

function write(memory: Memory, dtype: DType, at: number, entries: TypedArray): void {
  const view = viewOf(memory, dtype);
  const start = at / bytesOf[dtype];
  if (entries.length > few) {
    view.set(entries, start);
    return;
  }
  for (let i = 0; i < entries.length; i++) view[start + i] = entries[i]!;
}

function viewOf(memory: Memory, dtype: DType): TypedArray {
  switch (dtype) {
    case "float64":
      return memory.float64;
    case "float32":
      return memory.float32;
    case "int32":
      return memory.int32;
    case "bool":
      return memory.bytes;
  }
}

function newArray(dtype: DType, size: number): TypedArray {
  switch (dtype) {
    case "float64":
      return new Float64Array(size);
    case "float32":
      return new Float32Array(size);
    case "int32":
      return new Int32Array(size);
    case "bool":
      return new Uint8Array(size);
  }
}

interface Slot {
  readonly dtype: DType;
  readonly offset: number;
  readonly size: number;
  readonly scalar: boolean;
}

const slotOf = ({ shape, dtype }: Aval, offset: number): Slot => ({ dtype, offset, size: sizeOf(shape), scalar: shape.length === 0 });

/** A large argument that is the same tensor as in the last call is not copied again. */
const remembered = 256;

/**
 * A number for each tensor that was copied in, by which it is known again without holding it. A WeakRef would hold it until the end of the
 * job, so a loop that never waits would keep every tensor it made.
 */
const serials = new WeakMap<Tensor, number>();
let lastSerial = 0;

function serialOf(x: Tensor): number {
  let serial = serials.get(x);
  if (serial === undefined) serials.set(x, (serial = ++lastSerial));
  return serial;
}

function runner(
  graph: SubGraph,
  emitted: Emitted,
  memory: Memory,
  { at }: Region,
  run: (base: number) => void,
): Pick<Executable, "run" | "step"> {
  const inputs = graph.inputs.map((x, i) => slotOf(x, at + emitted.inputs[i]!));
  const outputs = graph.outputs.map((x, i) => slotOf(x, at + emitted.outputs[i]!));
  /** The serial numbers of the large tensors that lie there. */
  const last = new Array<number>(inputs.length).fill(0);
  const copyIn = (x: Tensor, i: number): void => {
    const { dtype, offset, size } = inputs[i]!;
    const storage = x.storage!;
    if (typeof storage === "number") {
      viewOf(memory, dtype)[offset / bytesOf[dtype]] = storage;
      return;
    }
    if (size > remembered) {
      const serial = serialOf(x);
      if (last[i] === serial) return;
      last[i] = serial;
    }
    write(memory, dtype, offset, storage);
  };
  const copyOut = ({ dtype, offset, size, scalar }: Slot): Storage => {
    const view = viewOf(memory, dtype);
    const start = offset / bytesOf[dtype];
    if (scalar) return view[start]!;
    if (size > few) return view.slice(start, start + size);
    const out = newArray(dtype, size);
    for (let i = 0; i < size; i++) out[i] = view[start + i]!;
    return out;
  };
  /** What the last step left in memory. */
  let left: Resident[] = [];
  return {
    run: (given) => {
      for (let i = 0; i < inputs.length; i++) copyIn(given[i]!, i);
      if (left.length > 0) {
        settle(left);
        left = [];
      }
      run(at);
      const storages: Storage[] = [];
      for (let k = 0; k < outputs.length; k++) storages.push(copyOut(outputs[k]!));
      return storages;
    },
    step: (given, donated) => {
      given.forEach((x, i) => {
        const resident = residentOf(x);
        const from = resident === undefined ? -1 : left.indexOf(resident);
        if (from < 0) {
          copyIn(x, i);
          return;
        }
        const { offset, size, dtype } = outputs[resident!.slot]!;
        last[i] = 0;
        memory.bytes.copyWithin(inputs[i]!.offset, offset, offset + size * bytesOf[dtype]);
        if (donated[i]) resident!.give();
      });
      settle(left);
      // A run that throws leaves nothing behind, for it may have written where those lay.
      left = [];
      run(at);
      const made = outputs.map((slot, k) => makeResident(graph.outputs[k]!, k, () => copyOut(slot)));
      left = made.map(({ resident }) => resident);
      return made.map(({ tensor }) => tensor);
    },
  };
}

/** Copies out what was not given up. */
function settle(left: readonly Resident[]): void {
  for (const resident of left) resident.settle();
}
