// Every loop program that the op table's samples lower to, assembled from its WebAssembly text, stores the same bits as its JavaScript.
import { drawCase, drawFrom } from "@cotangent/check";
import { type FloatLayout, printWebAssembly } from "@cotangent/compile";
import * as core from "@cotangent/core";
import {
  type Aval,
  compileKernel,
  isFloat,
  type Lowered,
  type Node,
  real,
  recordFunction,
  sizeOf,
  tableOf,
  walk,
} from "@cotangent/core/engine";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compile as assemble } from "watr";

const seed = (fc.readConfigureGlobal()?.seed ?? Date.now()) | 0;
const table = tableOf(core);

const bytesOf = { float64: 8, float32: 4, int32: 4, bool: 1 } as const;
const arrays = { float64: Float64Array, float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;
const layoutOf = (aval: Aval): FloatLayout => (aval.dtype === "float32" ? "f32" : "f64");

const modules = new Map<string, WebAssembly.Module>();

function moduleOf(text: string): WebAssembly.Module {
  let module = modules.get(text);
  if (module === undefined) modules.set(text, (module = new WebAssembly.Module(assemble(text) as Uint8Array<ArrayBuffer>)));
  return module;
}

/** Runs a lowered op in WebAssembly on the entries of its inputs. */
function runWebAssembly(
  lowered: Lowered,
  inputs: readonly (Aval & { readonly values: core.TypedArray })[],
  outputs: readonly Aval[],
): core.TypedArray[] {
  const memory = new WebAssembly.Memory({ initial: 64 });
  let heap = 16;
  const place = (aval: Aval): number => {
    const at = heap;
    heap = Math.ceil((heap + sizeOf(aval.shape) * bytesOf[aval.dtype]) / 8) * 8;
    return at;
  };
  const inputPlaces = inputs.map(place);
  const outputPlaces = outputs.map(place);
  inputs.forEach((x, i) => new arrays[x.dtype](memory.buffer, inputPlaces[i], x.values.length).set(x.values));
  const module = moduleOf(printWebAssembly(lowered.program, [...inputs, ...outputs].map(layoutOf)));
  const { name: _, ...math } = { ...real, toInt32: (x: number) => x | 0 };
  const { run } = new WebAssembly.Instance(module, { env: { memory }, math }).exports as { run: (...parameters: number[]) => void };
  run(...inputPlaces, ...outputPlaces, ...lowered.scalars, ...lowered.integers, heap);
  return outputs.map((aval, i) => new arrays[aval.dtype](memory.buffer.slice(outputPlaces[i]!), 0, sizeOf(aval.shape)));
}

function compareNode(node: Node): void {
  const { op, params, inputs, outputs } = node;
  if (op.lower === undefined) return;
  const lowered = op.lower(inputs, params);
  const given = inputs.map((x) => ({ shape: x.shape, dtype: x.dtype, values: x.values }));
  const wanted = outputs.map((out) => new arrays[out.dtype](sizeOf(out.shape)));
  compileKernel(lowered.program)(...given.map((x) => x.values), ...wanted, ...lowered.scalars, ...lowered.integers);
  const got = runWebAssembly(lowered, given, outputs);
  got.forEach((values, i) =>
    expect(Array.from(values), `${op.name} on ${inputs.map((x) => `${x.dtype}[${x.shape}]`).join(", ")}`).toEqual(Array.from(wanted[i]!)),
  );
}

describe(`WebAssembly agrees with JavaScript bit for bit, seed ${seed}`, () => {
  it.each(table)("%s", (_name, op) => {
    for (let run = 0; run < 4; run++) {
      const subject = drawCase(op, drawFrom(seed + run), () => true);
      for (const inputs of [subject.inputs, subject.inputs.map((x) => (isFloat(x.dtype) ? core.cast(x, "float32") : x))]) {
        const graph = recordFunction(subject.call, inputs);
        walk<core.Tensor>(graph, graph.inputs, {
          constant: (x) => x,
          step: (node) => {
            compareNode(node);
            return node.outputs;
          },
        });
      }
    }
  });
});
