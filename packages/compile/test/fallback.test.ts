// Where WebAssembly is missing, has no vectors, or is not allowed, jitted functions run op by op with the same results, and say why.
import type { Tensor } from "@cotangent/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

type Core = typeof import("@cotangent/core");
type Compile = typeof import("@cotangent/compile");

const host = globalThis.WebAssembly;

/** WebAssembly as here, some of it changed. */
const changed = (parts: Readonly<Record<string, unknown>>): unknown =>
  Object.defineProperties({}, { ...Object.getOwnPropertyDescriptors(host), ...Object.getOwnPropertyDescriptors(parts) });

const forbidden = class {
  constructor() {
    throw new EvalError("refused by the policy of this page");
  }
};

interface Host {
  readonly name: string;
  readonly webAssembly: unknown;
  readonly says: string;
}

const hosts: readonly Host[] = [
  { name: "no WebAssembly", webAssembly: undefined, says: "JavaScript, op by op: there is no WebAssembly here" },
  {
    name: "WebAssembly without vectors",
    webAssembly: changed({ validate: () => false }),
    says: "JavaScript, op by op: this engine's WebAssembly has no vectors",
  },
  {
    name: "WebAssembly that is not allowed",
    webAssembly: changed({ Module: forbidden }),
    says: "JavaScript, op by op: WebAssembly is not allowed here (refused by the policy of this page)",
  },
];

let core: Core;
let compile: Compile;

/** Packages that meet this host for the first time. */
async function meet(webAssembly: unknown): Promise<void> {
  vi.resetModules();
  vi.stubGlobal("WebAssembly", webAssembly);
  [core, compile] = await Promise.all([import("@cotangent/core"), import("@cotangent/compile")]);
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe.each(hosts)("$name", ({ webAssembly, says }) => {
  beforeEach(() => meet(webAssembly));

  test("says so, with the graph and nothing that was never made", () => {
    const { grad, tensor } = core;
    const lowering = compile.jit(grad((x: Tensor) => x.sin().sum())).lower(tensor([1, 2]));
    expect(lowering.target).toBe(says);
    expect(lowering.graph).toContain("cos");
    expect(lowering).toMatchObject({ simplified: "", loops: "", memory: "", text: "", codeBytes: 0, memoryBytes: 0 });
  });

  test("values and derivatives are those of the function itself, to the last bit", () => {
    const { arange, grad, hessian, jvp, matmul, tensor, vjp, vmap } = core;
    const { jit } = compile;
    const x = tensor([0.3, -0.7, 1.1]);
    const f = (x: Tensor) => matmul(x.sin(), arange(3).add(x)).mul(x.tanh().sum());
    const rows = tensor([
      [1, 2, 3],
      [0.1, -2, 0.5],
    ]);
    const t = tensor([1, -1, 2]);
    expect(jit(f)(x)).toEqual(f(x));
    expect(jit(grad(f))(x)).toEqual(grad(f)(x));
    expect(grad(jit(f))(x)).toEqual(grad(f)(x));
    expect(jit(hessian(f))(x)).toEqual(hessian(f)(x));
    expect(hessian(jit(f))(x)).toEqual(hessian(f)(x));
    expect(vmap(jit(f))(rows)).toEqual(vmap(f)(rows));
    expect(jit(vmap(jit(f)))(rows)).toEqual(vmap(f)(rows));
    expect(jvp(jit(f))([x], [t])).toEqual(jvp(f)([x], [t]));
    expect(vjp(jit(f))(x).pullback(tensor(2))).toEqual(vjp(f)(x).pullback(tensor(2)));
  });

  test("loops and conditions, float32, int32 and bool, structs, empty shapes", () => {
    const { cond, scan, tensor, whileLoop, zeros } = core;
    const f = ({ x, n }: { readonly x: Tensor; readonly n: Tensor }, scale: number) => ({
      doubled: whileLoop(
        (y: Tensor) => y.less(50),
        (y) => y.mul(2),
        n,
      ),
      chosen: cond(
        x.sum().less(0),
        (x) => x.neg(),
        (x) => x.mul(scale),
        x,
      ),
      rows: scan((c: Tensor, x: Tensor) => [c.add(x), c.mul(x)], tensor(0, "float32"), x),
      flags: [x.greater(0), null],
    });
    const jitted = compile.jit(f);
    for (const x of [tensor([1, -2, 3], "float32"), tensor([1, -2, -3], "float32"), zeros([0], "float32")])
      expect(jitted({ x, n: tensor(3, "int32") }, 2)).toEqual(f({ x, n: tensor(3, "int32") }, 2));
    expect(jitted.cache().map(({ calls, memoryBytes }) => [calls, memoryBytes])).toEqual([
      [1, 0],
      [2, 0],
    ]);
  });

  test("a function is traced once a form of its arguments", () => {
    const { ones } = core;
    let traces = 0;
    const f = compile.jit((x: Tensor) => {
      traces++;
      return x.mul(2);
    });
    for (let i = 0; i < 5; i++) f(ones([2]));
    f(ones([3]));
    expect(traces).toBe(2);
  });

  test("errors are the same", () => {
    const { tensor, whileLoop } = core;
    const { jit } = compile;
    const f = (x: Tensor) =>
      whileLoop(
        (y: Tensor) => y.less(10),
        (y) => y,
        x,
        { maxSteps: 4 },
      );
    expect(() => jit(f)(tensor(1))).toThrow("whileLoop: the condition still holds after maxSteps — 4 steps");
    expect(() => jit((x: Tensor) => x.matmul(tensor([[1, 2]])))(tensor([1, 2]))).toThrow("matmul: inner dimensions differ");
  });
});

test("an engine without relaxed multiply-add compiles without it, whatever is asked", async () => {
  // The two modules that are asked about differ in one instruction; only the first is known to every engine with vectors.
  const asked: number[] = [];
  await meet(
    changed({
      validate: (bytes: Uint8Array<ArrayBuffer>) => {
        asked.push(bytes.length);
        return asked.length === 1 && host.validate(bytes);
      },
    }),
  );
  const f = compile.jit((x: Tensor) => x.exp().sum(), { relaxed: true });
  const { target, text } = f.lower(core.tensor([1, 2, 3]));
  expect(target).toBe("WebAssembly with vectors of 128 bits");
  expect(text).toContain("v128");
  expect(text).not.toContain("relaxed");
  expect(f(core.tensor([0, 0, 0])).item()).toBe(3);
  expect(asked.length).toBe(2);
});

test("the host is asked once", async () => {
  const validate = vi.fn(host.validate);
  await meet(changed({ validate }));
  for (let i = 0; i < 3; i++) compile.jit((x: Tensor) => x.mul(i))(core.tensor([1, 2]));
  expect(validate).toHaveBeenCalledTimes(2);
});
