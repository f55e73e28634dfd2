/** Tensors whose entries stay in a program's memory until somebody reads them. It knows when they are copied out; it knows no program. */
import { Tensor } from "@cotangent/core";
import type { Aval, Storage } from "@cotangent/core/engine";
import { donatedError } from "./errors.ts";

/** An output of a program's last step. */
export interface Resident {
  /** Which output it is. */
  readonly slot: number;
  /** Its memory is handed to the next step: reading it is an error from now on. */
  readonly give: () => void;
  /** Its memory is about to be written: copies its entries out if somebody may still read them. */
  readonly settle: () => void;
}

const residents = new WeakMap<Tensor, Resident>();

/** What is known of a tensor that may still lie in a program's memory. */
export const residentOf = (x: Tensor): Resident | undefined => residents.get(x);

/** A tensor that reads its entries by `copyOut` when they are first asked for. */
export function makeResident(
  { shape, dtype }: Aval,
  slot: number,
  copyOut: () => Storage,
): { readonly tensor: Tensor; readonly resident: Resident } {
  const tensor = new Tensor(shape, dtype, null, null, 0);
  const weak = new WeakRef(tensor);
  let state: "resident" | "copied" | "given" = "resident";
  const become = (get: () => Storage): void => {
    const held = weak.deref();
    if (held !== undefined) Object.defineProperty(held, "storage", { get, enumerable: true, configurable: true });
  };
  const settle = (): void => {
    if (state !== "resident" || weak.deref() === undefined) return;
    state = "copied";
    const storage = copyOut();
    become(() => storage);
  };
  const resident: Resident = {
    slot,
    give: () => {
      if (state === "copied") return;
      state = "given";
      become(() => {
        throw donatedError();
      });
    },
    settle,
  };
  // No closure here may hold the tensor itself: a step that remembers what it left behind must not keep it alive.
  become(() => {
    settle();
    return weak.deref()!.storage;
  });
  residents.set(tensor, resident);
  return { tensor, resident };
}
