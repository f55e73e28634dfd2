// What recordings keep, cost and note: memory, depth, reads, leaks; and how a graph prints.
import {
  add,
  backward,
  concat,
  grad,
  jvp,
  label,
  mul,
  ones,
  random,
  record,
  scan,
  sin,
  tensor,
  type Tensor,
  Tensor as TensorClass,
  valueAndGrad,
  vjp,
  vmap,
  zeros,
} from "@cotangent/core";
import { Node, pullback, recordFunction, replay } from "@cotangent/core/engine";
import { describe, expect, test } from "vitest";
import { expectClose } from "./expectClose.ts";

/** How many tensors and nodes can be reached from a value. */
function reachable(root: unknown): number {
  const seen = new Set<unknown>();
  const stack = [root];
  let count = 0;
  while (stack.length > 0) {
    const value = stack.pop();
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || seen.has(value)) continue;
    seen.add(value);
    if (value instanceof TensorClass || value instanceof Node) count++;
    stack.push(...(value instanceof Map ? [...value.keys(), ...value.values()] : Object.values(value)));
  }
  return count;
}

const collect = (): void => (globalThis as unknown as { gc: () => void }).gc();

/** The least time of a few runs, in milliseconds. */
function time(run: () => unknown, repeats = 3): number {
  let best = Infinity;
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    run();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

describe("what stays alive", () => {
  const step = valueAndGrad((w: Tensor, x: Tensor) => x.mul(w).tanh().square().mean());

  test("tensors reachable from the parameters are constant over 1000 eager steps", () => {
    const x = tensor([1, 2, 3]);
    let w = tensor([0.1, 0.2, 0.3]);
    const counts: number[] = [];
    for (let i = 0; i <= 1000; i++) {
      if (i % 100 === 0) counts.push(reachable(w));
      const [loss, g] = step(w, x);
      expect(loss.origin).toBeNull();
      w = w.sub(g.mul(0.1));
    }
    expect(counts).toEqual(counts.map(() => 1));
  });

  test("memory stays flat over training steps", () => {
    const x = tensor([1, 2, 3]);
    let w = tensor([0.1, 0.2, 0.3]);
    const train = (steps: number): number => {
      for (let i = 0; i < steps; i++) w = w.sub(step(w, x)[1].mul(0.1));
      collect();
      return process.memoryUsage().heapUsed;
    };
    train(2_000);
    const before = train(1_000);
    const steps = process.env.COTANGENT_SOAK === undefined ? 10_000 : 100_000;
    const grown = train(steps) - before;
    console.log(`measured: heap growth over ${steps} training steps: ${(grown / 1024).toFixed(0)} KiB`);
    expect(grown).toBeLessThan(1_000_000);
  });

  test("an op nobody watches keeps nothing alive, nor does a gradient keep its graph", async () => {
    const refs: WeakRef<object>[] = [];
    const keep = (x: Tensor): Tensor => {
      refs.push(new WeakRef(x));
      return x;
    };
    const held = [
      keep(ones([10]))
        .mul(2)
        .sin(),
      grad((x: Tensor) => keep(keep(x.sin()).exp()).sum())(tensor([1, 2])),
    ];
    const { value } = vjp((x: Tensor) => keep(x.sin()).exp())(tensor([1, 2]));
    expect(refs).toHaveLength(4);
    await new Promise((resolve) => setTimeout(resolve, 0));
    collect();
    expect(refs.map((ref) => ref.deref())).toEqual([undefined, undefined, undefined, undefined]);
    expect([...held, value].map((x) => x.origin)).toEqual([null, null, null]);
  });

  test("a tensor leaked from a closed recording is a constant", () => {
    let leaked: Tensor | undefined;
    grad((x: Tensor) => {
      leaked = x.mul(3);
      return leaked.sum();
    })(tensor([1, 2]));
    expectClose(leaked!.add(1), [4, 7]);
    expect(leaked!.add(1).origin).toBeNull();
    expectClose(grad((x: Tensor) => x.mul(leaked!).sum())(tensor([1, 2])), [3, 6]);
    expectClose(jvp((x: Tensor) => x.add(leaked!))([tensor([1, 2])], [tensor([1, 0])])[1], [1, 0]);
  });

  test("a tensor leaked from an inner recording still belongs to the outer one", () => {
    const f = (x: Tensor): Tensor => {
      let leaked = tensor(0);
      grad((y: Tensor) => {
        leaked = x.mul(y);
        return leaked;
      })(tensor(5));
      return leaked.mul(x);
    };
    expectClose(grad(f)(tensor(2)), 20);
  });

  test("a function that throws leaves no recording open", () => {
    expect(() =>
      grad((_x: Tensor): Tensor => {
        throw new Error("own");
      })(tensor(1)),
    ).toThrow("own");
    expect(() =>
      grad((x: Tensor) =>
        vmap((_y: Tensor): Tensor => {
          throw new Error("own");
        })(x),
      )(tensor([1])),
    ).toThrow("own");
    let calls = 0;
    scan(
      (c: Tensor) => {
        calls++;
        return [c, null];
      },
      tensor(1),
      null,
      { length: 3 },
    );
    expect(calls).toBe(3);
  });
});

describe("what it costs", () => {
  const n = 100_000;

  test("a chain of 100,000 ops differentiates in linear time, without overflowing the stack", () => {
    const chain = (x: Tensor): Tensor => {
      let y = x;
      for (let i = 0; i < n; i++) y = i % 3 === 0 ? mul(y, 1.00001) : i % 3 === 1 ? add(y, 1e-6) : sin(y);
      return y;
    };
    const elapsed = time(() => grad(chain)(tensor(0.5)));
    console.log(`measured: gradient of a chain of 100,000 ops: ${elapsed.toFixed(0)} ms`);
    expect(elapsed).toBeLessThan(1000);
    expectClose(jvp(chain)([tensor(0.5)], [tensor(1)])[1], grad(chain)(tensor(0.5)));
    expect(record(chain, tensor(0.5)).nodes).toHaveLength(n);
    expectClose(vmap(chain)(tensor([0.5])), [chain(tensor(0.5)).item()]);
  });

  test("a graph 100,000 nodes wide too, with one shared input and with as many inputs", () => {
    const shared = (x: Tensor): Tensor => concat(Array.from({ length: n }, (_, i) => x.mul(i).reshape([1]))).sum();
    const elapsed = time(() => expectClose(grad(shared)(tensor(1)), (n * (n - 1)) / 2), 1);
    console.log(`measured: gradient of a graph 100,000 nodes wide: ${elapsed.toFixed(0)} ms`);
    expect(elapsed).toBeLessThan(3000);
    const many = (xs: readonly Tensor[]): Tensor => xs.reduce((total, x) => total.add(x.square()));
    const gradients = grad(many)(Array.from({ length: n }, () => tensor(2)));
    expect(gradients.slice(1).every((g) => g.item() === 4)).toBe(true);
  });

  test("8000 inner gradients in one outer gradient cost about twice 4000", () => {
    const nested =
      (count: number) =>
      (x: Tensor): Tensor => {
        let total = tensor(0);
        for (let i = 0; i < count; i++) total = total.add(grad((y: Tensor) => y.mul(y).mul(x))(x));
        return total;
      };
    grad(nested(2000))(tensor(3));
    const [half, whole] = [time(() => grad(nested(4000))(tensor(3))), time(() => grad(nested(8000))(tensor(3)))];
    console.log(`measured: 4000 inner gradients ${half.toFixed(0)} ms, 8000 ${whole.toFixed(0)} ms`);
    expect(whole / half).toBeLessThan(3.5);
    // total = count · 2x², whose derivative is count · 4x
    expectClose(grad(nested(10))(tensor(3)), 120);
  });

  test("a chain of 1000 ops on a scalar stays below a microsecond an op", () => {
    const chain = (x: Tensor): Tensor => {
      let y = x;
      for (let i = 0; i < 1000; i++) y = i % 3 === 0 ? mul(y, 1.0001) : i % 3 === 1 ? add(y, 0.001) : sin(y);
      return y;
    };
    const run = valueAndGrad(chain);
    for (let i = 0; i < 300; i++) run(tensor(0.7));
    const perOp = time(() => run(tensor(0.7)), 200);
    console.log(`measured: valueAndGrad of a chain of mul, add and sin: ${perOp.toFixed(3)} µs an op`);
    expect(perOp).toBeLessThan(1);
  });
});

describe("reads", () => {
  test("a recording notes the line at which a watched value was read, once", () => {
    const graph = record(
      (x: Tensor) => {
        for (let i = 0; i < 3; i++) if (x.sum().item() > 0) x = x.mul(2);
        return x;
      },
      tensor([1, 2]),
    );
    expect(graph.reads).toHaveLength(1);
    expect(graph.reads[0]).toMatch(/recording\.test\.ts:\d+:\d+$/);
    expect(record((x: Tensor) => x.mul(2), tensor([1, 2])).reads).toEqual([]);
  });

  test("printing, values and toArray are reads; constants are not", () => {
    const reads = (look: (x: Tensor) => unknown): number =>
      record(
        (x: Tensor) => {
          look(x);
          return x;
        },
        tensor([1, 2]),
      ).reads.length;
    expect(
      [(x: Tensor) => String(x), (x: Tensor) => x.values, (x: Tensor) => x.toArray(), (x: Tensor) => x.sum().item()].map(reads),
    ).toEqual([1, 1, 1, 1]);
    expect([(x: Tensor) => x.shape, () => tensor(1).item(), (x: Tensor) => x.mul(2)].map(reads)).toEqual([0, 0, 0]);
  });

  test("an inner recording's read is noted outside too where the value comes from there", () => {
    const graph = record((x: Tensor) => grad((y: Tensor) => (y.item() > 0 ? y.square() : y))(x), tensor(2));
    expect(graph.reads).toHaveLength(1);
    expect(record((x: Tensor) => x.mul(grad((y: Tensor) => (y.item() > 0 ? y.square() : y))(tensor(1))), tensor(2)).reads).toEqual([]);
  });

  test("a graph whose function read a value is not run again elsewhere", () => {
    const graph = record((x: Tensor) => (x.item() > 0 ? x.square() : x), tensor(2));
    expect(() => replay(graph, [tensor(-2)])).toThrow(
      /replay: the function reads a value — at \S*recording\.test\.ts:\d+:\d+, so its recording is valid at one point only/,
    );
    expectClose(pullback(graph, [tensor(1)]), [4]);
    expectClose(backward(graph).outputs, [4]);
  });

  test("tracing on shapes refuses to read, and names the line", () => {
    expect(() => vmap((x: Tensor) => (x.item() > 0 ? x : x.neg()))(tensor([1, 2]))).toThrow(
      /item: reading a value while tracing on shapes — at \S*recording\.test\.ts:\d+:\d+, where only shapes are known/,
    );
  });
});

describe("graphs", () => {
  const loss = (model: { readonly w: Tensor; readonly b: Tensor }, x: Tensor): Tensor =>
    label(x.mul(model.w).add(model.b), "z").square().mean();
  const model = { w: tensor([1, 2]), b: tensor(3) };

  test("print inputs, constants, nodes and outputs, one line each", () => {
    const graph = record(
      (x: Tensor) =>
        x
          .mul(tensor([1, 2]))
          .add(2)
          .cast("float32")
          .sum(),
      tensor([1, 2]),
    );
    expect(`${graph}`).toMatchInlineSnapshot(`
      "inputs a:float64[2]
      constants b:float64[2]
      c:float64[2] = mul a b
      d:float64[2] = add c 2
      e:float32[2] = cast[float32] d
      f:float32[] = sum[axes=[0]] e
      outputs f"
    `);
  });

  test("take names from labels and from the keys of structs", () => {
    expect(String(record(loss, model, label(tensor([5, 6]), "x")))).toMatchInlineSnapshot(`
      "inputs w:float64[2], b:float64[], x:float64[2]
      a:float64[2] = mul x w
      z:float64[2] = add a b
      c:float64[2] = square z
      d:float64[] = mean c
      outputs d"
    `);
    expect(
      String(record((x: Tensor, y: Tensor) => label(x.sin(), "x").add(label(y.cos(), "x")), tensor(1), tensor(2))),
    ).toMatchInlineSnapshot(`
      "inputs a:float64[], b:float64[]
      x:float64[] = sin a
      x_2:float64[] = cos b
      c:float64[] = add x x_2
      outputs c"
    `);
  });

  test("print in Node's console", async () => {
    const { inspect } = await import("node:util");
    expect(inspect(record((x: Tensor) => x.sin(), tensor(1)))).toBe("inputs a:float64[]\nb:float64[] = sin a\noutputs b");
  });

  test("hold only what descends from their inputs", () => {
    grad((w: Tensor) => {
      expect(record((x: Tensor) => x.mul(w.sin()), tensor(1)).nodes.map((node) => node.op.name)).toEqual(["mul"]);
      return w;
    })(tensor(2));
  });

  test("hold only what the outputs depend on, in order", () => {
    const graph = record((x: Tensor) => {
      x.exp();
      return [x.sin(), x.sin().cos(), tensor(3)];
    }, tensor(1));
    expect(graph.nodes.map((node) => node.op.name)).toEqual(["sin", "sin", "cos"]);
    expect(graph.outputs.map((out) => out.item())).toEqual([Math.sin(1), Math.cos(Math.sin(1)), 3]);
    expect(graph.nodes.map((node) => node.label)).toEqual([undefined, undefined, undefined]);
  });

  test("run again on other tensors", () => {
    const graph = record(loss, model, tensor([5, 6]));
    const [x, w, b] = [tensor([1, 1]), tensor([2, 4]), tensor(1)];
    expectClose(replay(graph, [w, b, x]), [(9 + 25) / 2]);
    expectClose(grad((w: Tensor) => replay(graph, [w, b, x])[0]!)(w), [3, 5]);
  });

  test("have a backward pass that is a graph: its value is the gradient, and it has a backward pass again", () => {
    const graph = record(loss, model, tensor([5, 6]));
    const back = backward(graph);
    expect(back.inputs.map((x) => x.shape)).toEqual([[2], [], [2], []]);
    const gradient = grad((p: typeof model) => loss(p, tensor([5, 6])))(model);
    expectClose(back.outputs.slice(0, 2), [gradient.w, gradient.b]);
    expectClose(replay(back, [tensor([1, 1]), tensor(0), tensor([1, 2]), tensor(10)])[1], 10 * (1 + 2));
    expect(backward(back).outputs).toHaveLength(4);
    expect(String(backward(record((x: Tensor) => [x.sin(), x.mul(2)], label(tensor(1), "x"))))).toMatchInlineSnapshot(`
      "inputs x:float64[], g1:float64[], g2:float64[]
      a:float64[] = chainMul g2 2
      b:float64[] = cos x
      c:float64[] = chainMul g1 b
      ∂x:float64[] = add a c
      outputs ∂x"
    `);
    expect(backward(record((x: Tensor, i: Tensor) => x.take(i), tensor([1, 2]), tensor(0, "int32"))).outputs).toHaveLength(1);
  });

  test("stay what they are while their function's recordings nest", () => {
    const outer = recordFunction(
      ([x]) => [
        pullback(
          recordFunction(([y]) => [y!.mul(x!)], [x!]),
          [tensor(1)],
        )[0]!,
      ],
      [tensor(4)],
    );
    expectClose(outer.outputs, [4]);
    expectClose(pullback(outer, [tensor(1)]), [1]);
  });

  test("say what is wrong", () => {
    expect(() => record(3 as never)).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: record: the first argument is not a function — 3; give a function of tensors]`,
    );
    expect(() => record((() => 3) as never)).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: record: the output is not a tensor — 3; give tensors, also in plain objects and arrays]`,
    );
    expect(() => backward(3 as never)).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: backward: not a graph — 3; give what record returns]`,
    );
    expect(() => label(3 as never, "x")).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: label: the first argument is not a tensor — 3; give a tensor]`,
    );
    expect(() => label(zeros([1]), "")).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: label: the name is not a word — ""; give a non-empty string]`,
    );
  });
});

test("random keys and integers pass through recordings as data", () => {
  const f = (x: Tensor): Tensor => x.mul(random.normal(random.key(1), [3])).sum();
  expectClose(grad(f)(ones([3])), random.normal(random.key(1), [3]));
});
