/**
 * A traced graph as something that runs: its code instantiated, its region of memory, arguments copied in and results copied out. It knows
 * storages of tensors and addresses; how code comes about and who calls it is elsewhere.
 */
import type { DType, Tensor, TypedArray } from "@cotangent/core";
import { type Aval, entriesOf, real, sizeOf, type Storage, type SubGraph } from "@cotangent/core/engine";
import type { LanesOptions } from "./assembly/lanes.ts";
import { encodeModule, printModule } from "./assembly/module.ts";
import { type Emitted, emitProgram } from "./emit.ts";
import { type Memory, type Region, threadMemory } from "./memory.ts";
import { type Block, blockOf, bytesOf } from "./values.ts";

/** Runs a graph on the storages of its inputs; the outputs are fresh. */
export interface Executable {
  readonly run: (inputs: readonly Tensor[]) => Storage[];
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
export function compileGraph(graph: SubGraph, options: LanesOptions): Executable {
  const start = performance.now();
  const block = blockOf(graph);
  const emitted = emitProgram(block, options);
  const bytes = encodeModule(emitted.module);
  const memory = threadMemory();
  const region = memory.allocate(emitted.bytes);
  const fail = (error: number): never => {
    throw emitted.errors[error]!();
  };
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory: memory.memory }, math: math(fail) });
  const run = instance.exports.run as (base: number) => void;
  for (const { value, offset } of emitted.constants) {
    if (value.source.kind === "constant") write(memory, value.dtype, region.at + offset, entriesOf(value.source.tensor));
  }
  const executable: Executable = {
    run: runner(graph, emitted, memory, region, run),
    milliseconds: performance.now() - start,
    codeBytes: bytes.length,
    regionBytes: emitted.bytes,
    lowering: () => ({
      simplified: printBlock(block),
      loops: emitted.loops.join("\n"),
      memory: emitted.plan.join("\n"),
      text: printModule(emitted.module),
    }),
  };
  regions.register(executable, region);
  return executable;
}

/** Gives the memory of programs back once they can no longer be run. */
const regions = new FinalizationRegistry<Region>((region) => threadMemory().release(region));

/** A scalar or an array of few entries is written faster one by one than with `set`. */
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

interface Slot {
  readonly dtype: DType;
  readonly offset: number;
  readonly size: number;
  readonly scalar: boolean;
}

const slotOf = ({ shape, dtype }: Aval, offset: number): Slot => ({ dtype, offset, size: sizeOf(shape), scalar: shape.length === 0 });

/** A large argument that is the same tensor as in the last call is not copied again. */
const remembered = 256;

function runner(graph: SubGraph, emitted: Emitted, memory: Memory, { at }: Region, run: (base: number) => void): Executable["run"] {
  const inputs = graph.inputs.map((x, i) => slotOf(x, at + emitted.inputs[i]!));
  const outputs = graph.outputs.map((x, i) => slotOf(x, at + emitted.outputs[i]!));
  const last = new Array<WeakRef<Tensor> | undefined>(inputs.length);
  return (given) => {
    for (let i = 0; i < inputs.length; i++) {
      const { dtype, offset, size } = inputs[i]!;
      const x = given[i]!;
      const storage = x.storage!;
      if (typeof storage === "number") {
        viewOf(memory, dtype)[offset / bytesOf[dtype]] = storage;
        continue;
      }
      if (size > remembered) {
        if (last[i]?.deref() === x) continue;
        last[i] = new WeakRef(x);
      }
      write(memory, dtype, offset, storage);
    }
    run(at);
    return outputs.map(({ dtype, offset, size, scalar }) => {
      const view = viewOf(memory, dtype);
      const start = offset / bytesOf[dtype];
      if (scalar) return view[start]!;
      return view.slice(start, start + size);
    });
  };
}

/** A block as a listing, one step a line. */
export function printBlock({ inputs, steps, outputs }: Block, indent = ""): string {
  const name = (id: number): string => `v${id}`;
  const one = (x: Block["inputs"][number]): string => {
    switch (x.source.kind) {
      case "uniform":
        return String(x.source.number);
      case "view":
        return `${name(x.source.of.id)}[+${x.source.view.offset}, (${x.source.view.strides.join(", ")}) of (${x.shape.join(", ")})]`;
      default:
        return name(x.id);
    }
  };
  const lines = [`${indent}inputs ${inputs.map((x) => `${name(x.id)}: ${x.dtype}[${x.shape.join(", ")}]`).join(", ")}`];
  for (const step of steps) {
    const left = step.outputs.map((x) => `${name(x.id)}: ${x.dtype}[${x.shape.join(", ")}]`).join(", ");
    const what = "op" in step ? step.op.name : step.kind === "elementwise" ? step.name : step.kind;
    lines.push(`${indent}${left} = ${what} ${step.inputs.map(one).join(", ")}`);
    const blocks =
      step.kind === "choose"
        ? [step.onTrue, step.onFalse]
        : step.kind === "scan"
          ? [step.body]
          : step.kind === "repeat"
            ? [step.condition, step.body]
            : [];
    for (const block of blocks) lines.push(printBlock(block, `${indent}  `));
  }
  lines.push(`${indent}outputs ${outputs.map(one).join(", ")}`);
  return lines.join("\n");
}
