// The thread's memory: regions that never overlap, flat over long training, given back when functions are collected.
import { ones, random, tensor, type Tensor, valueAndGrad } from "@cotangent/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jit } from "../src/index.ts";
import { Memory, type Region, threadMemory } from "../src/memory.ts";

const soak = process.env.COTANGENT_SOAK !== undefined;

const collect = globalThis.gc!;

/** Lets the collector find what is unreachable, and finalizers run, until something holds or patience ends. */
async function collected(holds: () => boolean): Promise<void> {
  for (let round = 0; round < 50 && !holds(); round++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("regions", () => {
  const page = 65536;

  test("any order of taking and giving back leaves no overlap and loses no byte", () => {
    const orders = fc.array(fc.tuple(fc.integer({ min: 0, max: 40_000 }), fc.nat()), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(orders, (order) => {
        const memory = new Memory();
        const held: Region[] = [];
        for (const [bytes, pick] of order) {
          if (bytes % 3 === 0 && held.length > 0) {
            memory.release(held.splice(pick % held.length, 1)[0]!);
            continue;
          }
          const region = memory.allocate(bytes);
          expect(region.at % 16).toBe(0);
          expect(region.at).toBeGreaterThanOrEqual(16);
          expect(region.bytes).toBeGreaterThanOrEqual(bytes);
          expect(region.at + region.bytes).toBeLessThanOrEqual(memory.bytes.length);
          for (const other of held) expect(region.at + region.bytes <= other.at || other.at + other.bytes <= region.at).toBe(true);
          held.push(region);
        }
        const owned = held.reduce((sum, { bytes }) => sum + bytes, 0);
        expect(memory.freeBytes).toBe(memory.bytes.length - 16 - owned);
        for (const region of held) memory.release(region);
        expect(memory.freeBytes).toBe(memory.bytes.length - 16);
        // Freed neighbours are one part again: everything fits where everything was.
        const size = memory.bytes.length;
        memory.allocate(size - 16);
        expect(memory.bytes.length).toBe(size);
      }),
      { numRuns: 60 },
    );
  });

  test("views see all of a memory that has grown", () => {
    const memory = new Memory();
    const first = memory.allocate(64);
    memory.float64[first.at / 8] = 1.5;
    memory.allocate(3 * page);
    const views = [memory.bytes, memory.float64, memory.float32, memory.int32];
    expect(views.map(({ byteLength }) => byteLength)).toEqual(views.map(() => memory.memory.buffer.byteLength));
    expect(memory.float64[first.at / 8]).toBe(1.5);
  });

  test("what can never fit is an error that says so, and harms nothing", () => {
    const memory = new Memory();
    const free = memory.freeBytes;
    expect(() => memory.allocate(5 * 2 ** 30)).toThrowErrorMatchingInlineSnapshot(
      `[RangeError: jit: the program needs too much memory — 5368709120 bytes beside 65536, at most 4294967296; use smaller batches]`,
    );
    expect(memory.freeBytes).toBe(free);
    expect(memory.allocate(100).bytes).toBe(112);
  });
});

interface Parameters {
  readonly w: Tensor;
  readonly b: Tensor;
}

/** A step of gradient descent on data that stays, and on fresh data every time. */
const trainingStep = ({ w, b }: Parameters, x: Tensor, y: Tensor): readonly [Tensor, Parameters] => {
  const [loss, slope] = valueAndGrad(({ w, b }: Parameters) => x.matmul(w).add(b).tanh().sub(y).square().mean())({ w, b });
  return [loss, { w: w.sub(slope.w.mul(0.01)), b: b.sub(slope.b.mul(0.01)) }];
};

describe("training", () => {
  const steps = soak ? 100_000 : 10_000;

  test.each([
    ["copied", {}],
    ["donated", { donate: [0] }],
  ] as const)(`${steps} steps leave memory and heap where they were, parameters %s`, { timeout: 600_000 }, async (how, options) => {
    const step = jit(trainingStep, options);
    const data = random.normal(random.key(1), [64, 10]);
    const labels = random.normal(random.key(2), [64, 3]);
    let parameters: Parameters = { w: random.normal(random.key(3), [10, 3]), b: ones([3]) };
    const run = (count: number): number => {
      let last = NaN;
      for (let i = 0; i < count; i++) {
        const fresh = i % 2 === 0 ? data : data.add(0);
        const [loss, next] = step(parameters, fresh, labels);
        parameters = next;
        last = loss.item();
      }
      return last;
    };
    run(1000);
    await collected(() => false);
    const before = { bytes: threadMemory().bytes.length, free: threadMemory().freeBytes, heap: process.memoryUsage() };
    const loss = run(steps);
    expect(threadMemory().bytes.length).toBe(before.bytes);
    expect(threadMemory().freeBytes).toBe(before.free);
    await collected(() => false);
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    console.log(
      `measured: ${steps} training steps, parameters ${how}: heap ${heapUsed - before.heap.heapUsed} bytes, buffers ${arrayBuffers - before.heap.arrayBuffers} bytes more than before, loss ${loss.toFixed(4)}`,
    );
    expect(heapUsed - before.heap.heapUsed).toBeLessThan(2e6);
    expect(arrayBuffers - before.heap.arrayBuffers).toBeLessThan(1e6);
    expect(step.cache().length).toBe(1);
  });
});

describe("a loop that never waits", () => {
  test.each([
    ["copied", {}],
    ["donated", { donate: [0] }],
  ] as const)("keeps none of the large tensors it made, parameters %s", (_how, options) => {
    const n = 10_000;
    const step = jit((w: Tensor, x: Tensor): readonly [Tensor, Tensor] => [w.mul(0.5).add(x), w.add(1)], options);
    const x = ones([n]);
    let w = ones([n]);
    const run = (count: number): number => {
      for (let i = 0; i < count; i++) [w] = step(w, x);
      // Buffers are counted as freed when they are swept, a collection later.
      for (let round = 0; round < 3; round++) collect();
      return process.memoryUsage().arrayBuffers;
    };
    const before = run(100);
    expect(run(1000) - before).toBeLessThan(5 * 8 * n);
    // The limit of w ← w / 2 + 1.
    expect(w.at(0).item()).toBe(2);
  });
});

describe("programs", () => {
  /** A function of its own with a region of about so many bytes, called once. */
  const use = (bytes: number, k: number): void => {
    const f = jit((x: Tensor) => x.mul(k).sum());
    const x = ones([bytes / 8]);
    expect(f(x).item()).toBe((k * bytes) / 8);
  };

  test("give their memory back when the function is collected", async () => {
    const { freeBytes, bytes } = threadMemory();
    const owned = bytes.length - freeBytes;
    (() => use(4 << 20, 3))();
    const stillOwned = (): number => threadMemory().bytes.length - threadMemory().freeBytes;
    expect(stillOwned() - owned).toBeGreaterThanOrEqual(4 << 20);
    await collected(() => stillOwned() <= owned);
    expect(stillOwned()).toBeLessThanOrEqual(owned);
  });

  test("stay while the function can still be called, or a transform of it", async () => {
    const f = jit((x: Tensor) => x.square().sum());
    const x = random.normal(random.key(4), [5000]);
    const [value, slope] = valueAndGrad(f)(x);
    for (let i = 0; i < 3; i++) {
      await collected(() => false);
      jit((x: Tensor) => x.mul(NaN))(ones([5000 + i]));
      expect(f(x).item()).toBe(value.item());
      expect(valueAndGrad(f)(x)[1].toArray()).toEqual(slope.toArray());
    }
  });

  test("go when the cache drops them", async () => {
    const f = jit((x: Tensor) => x.mul(2).sum(), { cacheSize: 2 });
    const owned = (): number => threadMemory().bytes.length - threadMemory().freeBytes;
    await collected(() => false);
    const before = owned();
    for (let i = 0; i < 20; i++) f(ones([100_000 + i]));
    await collected(() => owned() - before < 3 * 800_000);
    expect(owned() - before).toBeLessThan(3 * 800_000);
    expect(f.cache().length).toBe(2);
  });

  test("1000 functions made and dropped leave nothing behind", { timeout: 120_000 }, async () => {
    const owned = (): number => threadMemory().bytes.length - threadMemory().freeBytes;
    await collected(() => false);
    const [before, size] = [owned(), threadMemory().bytes.length];
    for (let i = 0; i < 1000; i++) {
      use(64 << 10, i % 7);
      if (i % 100 === 99) await collected(() => owned() - before < 10 * (64 << 10));
    }
    await collected(() => owned() <= before);
    expect(owned()).toBeLessThanOrEqual(before);
    expect(threadMemory().bytes.length - size).toBeLessThan(200 * (64 << 10));
  });

  test("a program that failed to be made takes no memory", () => {
    const { freeBytes } = threadMemory();
    expect(() => jit((x: Tensor) => x.matmul(ones([2, 2])))(tensor([1, 2, 3]))).toThrow("matmul");
    expect(threadMemory().freeBytes).toBe(freeBytes);
  });
});
