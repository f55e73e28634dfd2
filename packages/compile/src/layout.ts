/** Where values lie: offsets from a base address, planned once so that what is no longer needed makes room. Knows lifetimes and bytes. */

/** A piece of memory wanted from one moment to another, both included. */
export interface Lease {
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
}

/** Offsets are multiples of this. */
export const alignment = 16;

const rounded = (bytes: number): number => Math.ceil(Math.max(bytes, 1) / alignment) * alignment;

/** An offset for each lease and the bytes they need together: the largest first, each at the lowest place free for all of its life. */
export function planLeases(leases: readonly Lease[]): { readonly offsets: readonly number[]; readonly bytes: number } {
  const order = leases.map((_, i) => i).sort((a, b) => leases[b]!.bytes - leases[a]!.bytes || leases[a]!.from - leases[b]!.from);
  const offsets = new Array<number>(leases.length).fill(0);
  const placed: number[] = [];
  let bytes = 0;
  for (const i of order) {
    const lease = leases[i]!;
    const size = rounded(lease.bytes);
    let at = 0;
    // `placed` is sorted by offset.
    for (const other of placed) {
      if (leases[other]!.to < lease.from || leases[other]!.from > lease.to) continue;
      if (offsets[other]! >= at + size) break;
      at = Math.max(at, offsets[other]! + rounded(leases[other]!.bytes));
    }
    offsets[i] = at;
    bytes = Math.max(bytes, at + size);
    let place = placed.length;
    while (place > 0 && offsets[placed[place - 1]!]! > at) place--;
    placed.splice(place, 0, i);
  }
  return { offsets, bytes };
}
