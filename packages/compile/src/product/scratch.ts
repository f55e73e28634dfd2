/** What a product of two values needs beside its kernel: the plan, panels, an output in order, and a look for NaN. It knows values and bytes; it calls nothing. */
import { writeFunction } from "../assembly/function.ts";
import type { Precision } from "../assembly/lanes.ts";
import type { FunctionCode } from "../assembly/module.ts";
import { sizeInBytes } from "../frames.ts";
import { alignment } from "../layout.ts";
import { bytesOf, type ContractionStep, type Value } from "../values.ts";
import { labelSize, planOf, type ProductPlan } from "./contraction.ts";
import type { ProductFunctions } from "./product.ts";

export interface ProductScratch {
  readonly plan: ProductPlan;
  readonly precision: Precision;
  readonly code: ProductFunctions;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly bytes: number;
  /** Bytes of what is packed once for all turns of the loop around. */
  readonly keptBytes: number;
  readonly entryBytes: number;
  /** Where the product is written if the output has no rows, in bytes from the scratch's beginning. */
  readonly outGathered: number | undefined;
  readonly left: SideScratch;
  readonly right: SideScratch;
}

/** Of one operand, in bytes from the scratch's beginning. */
export interface SideScratch {
  readonly panels: number;
  /** Packed once for all turns of the loop around: the panels lie so many bytes from the beginning of what is kept. */
  readonly kept: boolean;
  /** Where the number stands that is every entry of it. */
  readonly number: number | undefined;
}

/**
 * Bytes and offsets of what a product needs: panels, and an output of its own where the real one has no rows. The right operand is kept packed
 * where `isStill` says that no turn of the loop around changes it; the left one, which may be packed block of rows by block of rows, is not.
 */
export function productScratch(step: ContractionStep, code: ProductFunctions, isStill = (_x: Value): boolean => false): ProductScratch {
  const out = step.outputs[0]!;
  const precision = out.dtype === "float64" ? "f64" : "f32";
  const plan = planOf(step);
  const bytes = bytesOf[out.dtype];
  const [reserve, bytesReserved] = reserving();
  const [x, y] = step.inputs as [Value, Value];
  const sizeOfLabels = (labels: readonly string[]): number => labels.reduce((product, label) => product * labelSize(step, label), 1);
  const [m, n, k] = [sizeOfLabels(plan.rows), sizeOfLabels(plan.columns), sizeOfLabels(plan.inner)];
  const side = (value: Value, panelBytes: number, kept: boolean): SideScratch => ({
    panels: kept ? 0 : reserve(panelBytes),
    kept,
    number: value.source.kind === "uniform" ? reserve(bytes) : undefined,
  });
  const hasRows = plan.out.across.length === 1 && plan.out.along.length === 1 && plan.out.along[0]!.stride === 1;
  const outGathered = hasRows ? undefined : reserve(sizeInBytes(out));
  const [first, second] = plan.swapped ? [y, x] : [x, y];
  const kept = isStill(second) && plan.right.loops.every((stride) => stride === 0);
  const left = side(first, code.leftBytes(m, k), false);
  const right = side(second, code.rightBytes(n, k), kept);
  const keptBytes = kept ? code.rightBytes(n, k) : 0;
  return { plan, precision, code, m, n, k, bytes: bytesReserved(), keptBytes, entryBytes: bytes, outGathered, left, right };
}

/** Gives offsets one after the other, and says how many bytes were asked for. */
function reserving(): readonly [(bytes: number) => number, () => number] {
  let end = 0;
  const reserve = (bytes: number): number => {
    const at = end;
    end += Math.ceil(bytes / alignment) * alignment;
    return at;
  };
  return [reserve, () => end];
}

/** `(address, count)`: whether any of so many entries is NaN; looks at whole vectors, then at the entries left. */
export function hasNaN(name: string, precision: Precision): FunctionCode {
  const bytes = precision === "f64" ? 8 : 4;
  const lanes = 16 / bytes;
  const writer = writeFunction(name, ["i32", "i32"], ["i32"]);
  const { emit } = writer;
  const seen = writer.local("v128");
  const step = (type: string, load: string, count: number, note: () => void): void =>
    writer.block((exit) =>
      writer.loop((again) => {
        emit("local.get", 1);
        emit("i32.const", count);
        emit("i32.lt_s");
        writer.branchIf(exit);
        emit("local.get", 0);
        emit(load, 0);
        emit("local.get", 0);
        emit(load, 0);
        emit(`${type}.ne`);
        note();
        emit("local.get", 0);
        emit("i32.const", bytes * count);
        emit("i32.add");
        emit("local.set", 0);
        emit("local.get", 1);
        emit("i32.const", count);
        emit("i32.sub");
        emit("local.set", 1);
        writer.branch(again);
      }),
    );
  step(precision === "f64" ? "f64x2" : "f32x4", "v128.load", lanes, () => {
    emit("local.get", seen);
    emit("v128.or");
    emit("local.set", seen);
  });
  step(precision, `${precision}.load`, 1, () => {
    emit("i32x4.splat");
    emit("local.get", seen);
    emit("v128.or");
    emit("local.set", seen);
  });
  emit("local.get", seen);
  emit("v128.any_true");
  return writer.finish();
}
