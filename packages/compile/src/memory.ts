/** The one linear memory of a thread, and who owns which part of it. Knows bytes; knows no program. */

/** A part of the memory. */
export interface Region {
  readonly at: number;
  readonly bytes: number;
}

const page = 65536;
const mostPages = 65536;

let shared: Memory | undefined;

/** The memory of this thread, made when first asked for. */
export function threadMemory(): Memory {
  return (shared ??= new Memory());
}

export class Memory {
  readonly memory: WebAssembly.Memory = new WebAssembly.Memory({ initial: 1, maximum: mostPages });
  /** Views of everything; replaced when the memory grows. */
  bytes: Uint8Array = new Uint8Array(this.memory.buffer);
  float64: Float64Array = new Float64Array(this.memory.buffer);
  float32: Float32Array = new Float32Array(this.memory.buffer);
  int32: Int32Array = new Int32Array(this.memory.buffer);
  /** Free parts by address; no two touch. The first bytes stay free of data. */
  readonly #free: { at: number; bytes: number }[] = [{ at: 16, bytes: page - 16 }];

  /** So many bytes, at a multiple of 16. Throws a RangeError where the memory cannot grow so far. */
  allocate(bytes: number): Region {
    const size = Math.ceil(Math.max(bytes, 16) / 16) * 16;
    let at = this.#free.findIndex((part) => part.bytes >= size);
    if (at < 0) {
      this.#grow(size);
      at = this.#free.findIndex((part) => part.bytes >= size);
    }
    const part = this.#free[at]!;
    const region = { at: part.at, bytes: size };
    if (part.bytes === size) this.#free.splice(at, 1);
    else this.#free[at] = { at: part.at + size, bytes: part.bytes - size };
    return region;
  }

  release({ at, bytes }: Region): void {
    let next = this.#free.findIndex((part) => part.at > at);
    if (next < 0) next = this.#free.length;
    const before = this.#free[next - 1];
    const after = this.#free[next];
    const joinsBefore = before !== undefined && before.at + before.bytes === at;
    const joinsAfter = after !== undefined && at + bytes === after.at;
    if (joinsBefore && joinsAfter) {
      before.bytes += bytes + after.bytes;
      this.#free.splice(next, 1);
    } else if (joinsBefore) before.bytes += bytes;
    else if (joinsAfter) this.#free[next] = { at, bytes: bytes + after.bytes };
    else this.#free.splice(next, 0, { at, bytes });
  }

  /** Bytes that nobody owns. */
  get freeBytes(): number {
    return this.#free.reduce((sum, part) => sum + part.bytes, 0);
  }

  #grow(size: number): void {
    const end = this.memory.buffer.byteLength;
    const pages = Math.ceil(size / page);
    if (end / page + pages > mostPages)
      throw new RangeError(
        `jit: the program needs too much memory — ${size} bytes beside ${end}, at most ${mostPages * page}; use smaller batches`,
      );
    this.memory.grow(pages);
    const { buffer } = this.memory;
    this.bytes = new Uint8Array(buffer);
    this.float64 = new Float64Array(buffer);
    this.float32 = new Float32Array(buffer);
    this.int32 = new Int32Array(buffer);
    this.release({ at: end, bytes: pages * page });
  }
}
