/** Tensors whose entries stay in a program's memory until somebody reads them. It knows when they are copied out; it knows no program. */
import { Tensor } from "@cotangent/core/functions";
import type { Aval, Storage } from "@cotangent/core/engine";
import { donatedError } from "./errors.ts";

/** An output of a program's last step. */
export interface Resident {
  /** Which output it is. */
  readonly slot: number;
  /** Its memory is handed to the next step: reading it is an error from now on. */
  readonly give: () => void;
  /** Its memory is about to be written: copies its entries out unless they were given up. */
  readonly settle: () => void;
}

const residents = new WeakMap<Tensor, Resident>();

/** What is known of a tensor that may still lie in a program's memory. */
export const residentOf = (x: Tensor): Resident | undefined => residents.get(x);

/**
 * A tensor that reads its entries by `copyOut` when they are first asked for. What is returned holds no way back to the tensor, so that a step
 * that remembers what it left behind does not keep it alive.
 */
export function makeResident(
  { shape, dtype }: Aval,
  slot: number,
  copyOut: () => Storage,
): { readonly tensor: Tensor; readonly resident: Resident } {
  const tensor = new Tensor(shape, dtype, null, null, 0);
  let copied: Storage | undefined;
  let given = false;
  const settle = (): void => {
    if (!given) copied ??= copyOut();
  };
  Object.defineProperty(tensor, "storage", {
    get(this: Tensor): Storage {
      if (given) throw donatedError();
      settle();
      Object.defineProperty(this, "storage", { value: copied });
      return copied!;
    },
    enumerable: true,
    configurable: true,
  });
  const resident: Resident = {
    slot,
    give: () => {
      given = copied === undefined;
    },
    settle,
  };
  residents.set(tensor, resident);
  return { tensor, resident };
}
