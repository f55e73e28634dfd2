// What the vectors of 128 bits reach at most, from WebAssembly: a loop of multiplications and additions in registers. It knows no workload.
import { compile as assemble } from "watr";
import type { Precision } from "./engines.ts";
import type { Prepared } from "./worker.ts";

const forms = {
  float32: { shape: "f32x4", scalar: "f32", lanes: 4 },
  float64: { shape: "f64x2", scalar: "f64", lanes: 2 },
} as const;

/** Multiplications and additions of a call. */
export const peakOperations = 10_000_000;

/** The variants are the precisions, each also with `relaxed`. */
export function peak(variant: string): () => Prepared {
  const [precision, relaxed] = variant.split(" ") as [Precision, string?];
  const { text, operations } = relaxed === undefined ? separate(precision) : fused(precision);
  const bytes = assemble(text) as Uint8Array<ArrayBuffer>;
  if (!WebAssembly.validate(bytes)) throw new Error("this engine has no relaxed multiply-add");
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const run = exports.run as (rounds: number, factor: number, summand: number) => number;
  const rounds = Math.round(peakOperations / operations);
  const call = () => run(rounds, 0.5, 1);
  return () => ({ call, results: () => ({ out: call(), isLeaf: Number.isFinite, read: (leaf: number) => [leaf] }) });
}

interface Loop {
  readonly text: string;
  /** Multiplications and additions of a round. */
  readonly operations: number;
}

/**
 * x ← x + y · factor for ten x, each y read anew from the first cache. No product waits for a sum, so that units which add run beside those
 * which multiply; sums, factor, y and product fit into 16 registers.
 */
function separate(precision: Precision): Loop {
  const { shape } = forms[precision];
  return loopOf(
    precision,
    10,
    (x, i) => `(${shape}.add (local.get ${x}) (${shape}.mul (v128.load offset=${16 * i} (i32.const 0)) (local.get $factor)))`,
  );
}

/** x ← x · factor + summand for twelve x, so that none waits for the one before. */
function fused(precision: Precision): Loop {
  const { shape } = forms[precision];
  return loopOf(precision, 12, (x) => `(${shape}.relaxed_madd (local.get ${x}) (local.get $factor) (local.get $summand))`);
}

/** `$rounds` times one step for each x; gives a lane of the total of all, so that none is dropped. */
function loopOf(precision: Precision, count: number, step: (x: string, i: number) => string): Loop {
  const { shape, scalar, lanes } = forms[precision];
  const names = Array.from({ length: count }, (_, i) => `$x${i}`);
  const total = names.map((x) => `(local.get ${x})`).reduce((sum, x) => `(${shape}.add ${sum} ${x})`);
  const text = `(module (memory 1)
    (func (export "run") (param $rounds i32) (param $f ${scalar}) (param $s ${scalar}) (result ${scalar})
      (local $factor v128) (local $summand v128) ${names.map((x) => `(local ${x} v128)`).join(" ")}
      (local.set $factor (${shape}.splat (local.get $f)))
      (local.set $summand (${shape}.splat (local.get $s)))
      (loop $again
        ${names.map((x, i) => `(local.set ${x} ${step(x, i)})`).join("\n        ")}
        (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
      (${shape}.extract_lane 0 ${total})))`;
  return { text, operations: 2 * lanes * count };
}
