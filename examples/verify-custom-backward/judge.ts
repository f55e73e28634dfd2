// Has a kernel judged as a black box: two functions of typed arrays.
import { checkBackward, type Verdict } from "@cotangent/check";
import { classes, type Kernel, rows } from "./kernel.ts";

const logits = Float64Array.of(0.5, -1.25, 2, 1.5, 0.25, -0.75, -2, 0.625, 1.125, 3, -0.5, 0.875);

/** Logits near 0, and logits whose exponentials overflow. */
export const places: Readonly<Record<string, Float64Array>> = { "logits near 0": logits, "logits near 1000": logits.map((z) => 1000 + z) };

export const judge = ({ forward, backward }: Kernel, place: string): Verdict =>
  checkBackward(forward, backward, { at: { logits: places[place]! }, shapes: { logits: [rows, classes] } });
