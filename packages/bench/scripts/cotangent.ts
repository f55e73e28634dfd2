// Cotangent as an engine: eager or compiled, in either precision.
import * as compiler from "@cotangent/compile";
import { Tensor, tensor } from "@cotangent/core";
import { type Data, mapData, type Workload } from "../src/index.ts";
import { bound, onEach } from "./calls.ts";
import type { Prepared } from "./worker.ts";

type Callee = (...inputs: unknown[]) => unknown;

/** The variants are eager-f64, eager-f32, jit-f64 and jit-f32. */
export function cotangent(variant: string): (workload: Workload, data: readonly Data[]) => Prepared {
  const [mode, precision] = variant.split("-") as ["eager" | "jit", "f32" | "f64"];
  const { jit } = compiler as { readonly jit?: <F>(f: F) => F };
  if (mode === "jit" && jit === undefined) throw new Error("not there yet: @cotangent/compile has no jit");
  const dtype = precision === "f64" ? "float64" : "float32";
  const made = (part: Data): unknown => mapData(part, ({ shape, values }) => tensor(values, { shape, dtype }));

  return (workload, data) => {
    const written = workload.cotangent as Callee;
    const f = mode === "jit" ? jit!(written) : written;
    const inputs = data.map(made);
    const call = bound(f, inputs);
    const renewed = () => inputs.map((input, i) => (workload.parameters.includes(i) ? made(data[i]!) : input));
    const beside = () => Object.entries(workload.beside ?? {}).map(([name, g]) => [name, bound(jit!(g as Callee), inputs)] as const);
    const compiled = {
      fresh: (calls: number) => onEach(f, Array.from({ length: calls }, renewed)),
      beside: Object.fromEntries(mode === "jit" ? beside() : []),
    };
    return {
      call,
      ...(mode === "jit" ? compiled : {}),
      results: () => ({ out: call(), isLeaf: (value) => value instanceof Tensor, read: (leaf: Tensor) => leaf.values }),
    };
  };
}
