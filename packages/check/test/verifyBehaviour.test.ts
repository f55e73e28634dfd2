// Functions that no gradient can be judged by, each named: branches on values, state, chance, writes; and the numbers each rung of the ladder uses.
import { detach, eye, log, scan, softmax, type Tensor, tensor } from "@cotangent/core";
import { checkBackward, checkGradient, checkJacobian, checkVjp } from "@cotangent/check";
import { describe, expect, test } from "vitest";

const at = [tensor([1.5, -0.4, 2])] as const;
const square = (x: Tensor): Tensor => x.square().sum();
const twice = (x: Tensor): Tensor => x.mul(2);
const undecided = (why: RegExp): object => ({ verdict: "UNDECIDED", why: expect.stringMatching(why) });

describe("branches on values that were read", () => {
  const line = /verifyBehaviour\.test\.ts:\d+:\d+/.source;
  const piecewise = (x: Tensor): Tensor => (x.item() > 0 ? x.square() : x.mul(3));

  test("points on another branch are not judged: the claim for one's own branch agrees", () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const verdict = checkGradient(piecewise, (x: Tensor) => x.mul(2), { at: [tensor(1e-3)], seed, points: 6 });
      expect(verdict).toMatchObject({ verdict: "AGREES", points: 7 });
      expect(verdict.notes[0]).toMatch(
        new RegExp(`^the loss reads a value at .*${line}: it is judged by its values, on the branch of the given point`),
      );
    }
    expect(checkGradient(piecewise, () => 3, { at: [tensor(-0.2)], points: 6 }).verdict).toBe("AGREES");
    expect(checkGradient(piecewise, () => 3, { at: [tensor(0.2)] }).verdict).toBe("REFUTED");
  });

  test("no step reaches over the border, however near it is", () => {
    const offset = (x: Tensor): Tensor => (x.item() > 1 ? x.square().mul(2) : x.mul(100));
    expect(checkGradient(offset, (x: Tensor) => x.mul(4), { at: [tensor(1 + 1e-7)] }).verdict).toBe("AGREES");
    expect(checkGradient(offset, () => 100, { at: [tensor(1 - 1e-7)] }).verdict).toBe("AGREES");
    expect(checkGradient(offset, () => 100, { at: [tensor(1 + 1e-7)] }).verdict).toBe("REFUTED");
  });

  test("on the border there is no derivative, and the line that read is named", () => {
    const why = new RegExp(`^the loss changes its branch here, however near: it reads a value at .*${line}$`);
    expect(checkGradient(piecewise, () => 3, { at: [tensor(0)] })).toMatchObject(undecided(why));
  });

  test("loops whose length depends on a value", () => {
    const halved = (x: Tensor): Tensor => {
      let y = x;
      while (Math.abs(y.item()) > 1) y = y.mul(0.5);
      return y.square();
    };
    expect(checkGradient(halved, (x: Tensor) => x.mul(2 / 64), { at: [tensor(6.1)], points: 8 }).verdict).toBe("AGREES");
    expect(checkGradient(halved, (x: Tensor) => x.mul(2 / 16), { at: [tensor(6.1)] }).verdict).toBe("REFUTED");
    expect(checkGradient(halved, (x: Tensor) => x.mul(2 / 64), { at: [tensor(8)] })).toMatchObject(undecided(/changes its branch here/));
  });

  test("a value that is read and used counts: the truth is that of the values", () => {
    const loss = (x: Tensor): Tensor => x.mul(x.item());
    expect(checkGradient(loss, (x: Tensor) => x.mul(2), { at: [tensor(1.3)] }).verdict).toBe("AGREES");
    expect(checkGradient(loss, (x: Tensor) => x, { at: [tensor(1.3)] }).verdict).toBe("REFUTED");
  });

  test("what is read and detached cannot be told from values", () => {
    const loss = (x: Tensor): Tensor => (x.item() > 0 ? x.mul(detach(x)) : x);
    expect(checkGradient(loss, (x: Tensor) => x, { at: [tensor(1.3)] })).toMatchObject(undecided(/reads a value at .* and detaches/));
  });
});

describe("misbehaving losses", () => {
  const judge = (loss: (x: Tensor) => Tensor | number, claim: (x: Tensor) => unknown = twice) =>
    checkGradient(loss, claim as typeof twice, { at: [tensor([1.5, -0.4, 2])] });

  test("an exception keeps its message", () => {
    const broken = (): Tensor => {
      throw new RangeError("no such row");
    };
    expect(judge(broken)).toMatchObject({ verdict: "UNDECIDED", why: "the loss throws: no such row" });
  });
  test("an exception at another point", () => {
    const picky = (x: Tensor): number => {
      if (x.values[0] !== 1.5) throw new RangeError("only at 1.5");
      return 1;
    };
    expect(judge(picky)).toMatchObject({ verdict: "UNDECIDED", why: "the loss throws: only at 1.5" });
  });
  test("NaN names the op and the point", () => {
    expect(judge((x) => x.log().sum())).toMatchObject({ verdict: "DOMAIN", op: "log", what: "the loss is NaN" });
    expect(judge(square, (x) => x.log())).toMatchObject({ verdict: "UNDECIDED", why: "the claim is NaN at argument 0[1]" });
  });
  test("chance", () =>
    expect(judge((x) => square(x).add(Math.random()))).toMatchObject(undecided(/^the loss is not deterministic: two calls/)));
  test("a counter", () => {
    let calls = 0;
    expect(judge((x) => square(x).add(++calls))).toMatchObject(
      undecided(
        /^the loss is not deterministic: two calls in a row with the same arguments give .* and .*; it draws at random, or counts its calls/,
      ),
    );
  });
  test("writes to its arguments", () => {
    const writes = (x: Tensor): Tensor => {
      (x.values as Float64Array)[1] = 7;
      return square(x);
    };
    expect(judge(writes)).toMatchObject({ verdict: "UNDECIDED", why: "the loss writes to its arguments" });
  });
  test("a global that the claim changes", () => {
    let weight = 1;
    const claim = (x: Tensor): Tensor => {
      weight = 2;
      return x.mul(2);
    };
    expect(judge((x) => square(x).mul(weight), claim)).toMatchObject({
      verdict: "UNDECIDED",
      why: "the loss depends on state outside its arguments: the same arguments give 6.41 and 12.82, before and after other calls",
    });
  });
  test("state that changes only where other arguments come", () => {
    let [last, changes] = ["", 0];
    const drifts = (x: Tensor): Tensor => {
      const now = x.values.join();
      if (now !== last) [last, changes] = [now, changes + 1];
      return square(x).add(changes);
    };
    expect(judge(drifts)).toMatchObject(undecided(/^the loss depends on state outside its arguments: the same arguments give 7\.41 and /));
  });
  test("state of a claim", () => {
    const seen: string[] = [];
    const claim = (x: Tensor): Tensor => {
      const now = x.values.join();
      if (!seen.includes(now)) seen.push(now);
      return x.mul(1 + seen.length);
    };
    expect(judge(square, claim)).toMatchObject(undecided(/^the claim depends on state outside its arguments/));
  });
  test("an argument outside the domain is said before anything runs", () => {
    let calls = 0;
    const counted = (x: Tensor): Tensor => {
      calls++;
      return square(x);
    };
    expect(checkGradient(counted, counted, { at, domain: { low: 0 } })).toMatchObject({
      verdict: "DOMAIN",
      what: "argument 0[1] = -0.4 is outside (0, Infinity)",
    });
    expect(calls).toBe(0);
  });
  test("black boxes with state", () => {
    let gain = 1;
    const verdict = checkBackward(
      ([x]) => x!.map((v) => gain * v),
      ([x], g) => {
        gain = 2;
        return [x!.map((_, i) => g[i]!)];
      },
      { at: [Float64Array.of(1, 2)] },
    );
    expect(verdict).toMatchObject(undecided(/^forward depends on state outside its arguments: the same arguments give 1 and 2/));
  });
});

describe("what was saved by the last call of the other function", () => {
  test("a backward that uses what forward saved", () => {
    let saved = new Float64Array(0);
    const forward = ([x]: readonly Float64Array[]): number => {
      saved = x!.slice();
      return x!.reduce((sum, v) => sum + v * v, 0);
    };
    const backward = (_: readonly Float64Array[], g: Float64Array) => [saved.map((v) => 2 * v * g[0]!)];
    const verdict = checkBackward(forward, backward, { at: [Float64Array.of(1, -2, 3)] });
    expect(verdict).toMatchObject(
      undecided(/^backward depends on the last call of forward: the same arguments give .* and .* after it was/),
    );
    const own = ([x]: readonly Float64Array[], g: Float64Array) => [x!.map((v) => 2 * v * g[0]!)];
    expect(checkBackward(forward, own, { at: [Float64Array.of(1, -2, 3)] }).verdict).toBe("AGREES");
  });
  test("a mask", () => {
    let mask: readonly boolean[] = [];
    const forward = ([x]: readonly Float64Array[]): Float64Array => {
      mask = Array.from(x!, (v) => v > 0);
      return x!.map((v) => Math.max(0, v));
    };
    const backward = (_: readonly Float64Array[], g: Float64Array) => [g.map((v, i) => (mask[i] ? v : 0))];
    const at = [Float64Array.of(1, -2, 3, 0.5, -0.1, 7)];
    expect(checkBackward(forward, backward, { at })).toMatchObject(undecided(/^backward depends on the last call of forward/));
  });
  test("a claimed gradient, Jacobian and product", () => {
    let saved: Tensor = tensor(0);
    const sines = (x: Tensor): Tensor => {
      saved = x;
      return x.sin();
    };
    const where = [tensor([1, -2, 3])] as const;
    const gradient = checkGradient(
      (x: Tensor) => sines(x).sum(),
      () => saved.cos(),
      { at: where },
    );
    expect(gradient).toMatchObject(undecided(/^the claim depends on the last call of the loss/));
    const jacobian = checkJacobian(sines, () => eye(3).mul(saved.cos()), { at: where });
    expect(jacobian).toMatchObject(undecided(/^the claim depends on the last call of the function/));
    const product = checkVjp(sines, (_, g) => g.mul(saved.cos()), { at: where });
    expect(product).toMatchObject(undecided(/^the claim depends on the last call of the function/));
  });
  test("a forward that cannot be called elsewhere does not matter", () => {
    const forward = ([x]: readonly Float64Array[]): number => {
      if (x![0]! < 0.4) throw new RangeError("too small");
      return x![0]! ** 2;
    };
    expect(checkBackward(forward, ([x], g) => [x!.map((v) => 2 * v * g[0]!)], { at: [Float64Array.of(1)], points: 0 }).verdict).toBe(
      "AGREES",
    );
  });
});

describe("what the truth is computed by", () => {
  test("a wrong formula is proved wrong by disjoint intervals", () => {
    const verdict = checkGradient(square, (x: Tensor) => x.mul(2 + 1e-12), { at });
    expect(verdict).toMatchObject({ verdict: "REFUTED", method: "replay in dual double-double numbers; proved in interval arithmetic" });
  });
  const [p, q, m] = [40, 25, 24];
  const entries = (count: number, scale: number): Float64Array =>
    Float64Array.from({ length: count }, (_, i) => scale * Math.sin(i * i + 1));
  const weights = tensor(entries(p * q, 0.05), { shape: [p, q] });
  const data = tensor(entries(m * p, 1), { shape: [m, p] });
  const target = softmax(tensor(entries(m * q, 1), { shape: [m, q] }), { axes: 1 });
  const network = (w: Tensor): Tensor => {
    const z = data.matmul(w).tanh();
    return z
      .logsumexp({ axes: 1 })
      .sub(z.mul(target).sum({ axes: 1 }))
      .mean();
  };
  const gradient = (w: Tensor): Tensor => {
    const z = data.matmul(w).tanh();
    return data.transpose().matmul(softmax(z, { axes: 1 }).sub(target).div(m).mul(z.square().neg().add(1)));
  };

  test("complex steps see what the noise of the values hides", () => {
    const spoiled = (w: Tensor): Tensor => {
      const factors = new Float64Array(p * q).fill(1);
      factors[321] = 1 + 1e-9;
      return gradient(w).mul(tensor(factors, { shape: [p, q] }));
    };
    expect(checkGradient(network, gradient, { at: [weights], points: 0 }).verdict).toBe("AGREES");
    expect(checkGradient(network, spoiled, { at: [weights], points: 0 })).toMatchObject({
      verdict: "REFUTED",
      witnesses: [{ index: [12, 21] }],
    });
  });

  test("what is detached is held where values are the truth too", () => {
    const scaled = (w: Tensor): Tensor => network(w).mul(detach(network(w)));
    const verdict = checkGradient(scaled, (w: Tensor) => gradient(w).mul(network(w)), { at: [weights], points: 0 });
    expect(verdict).toMatchObject({ verdict: "AGREES", method: "finite differences of the loss" });
    expect(verdict.notes).toContain("what is detached was held at its value at each point");
    expect(checkGradient(scaled, (w: Tensor) => gradient(w).mul(network(w)).mul(2), { at: [weights], points: 0 }).verdict).toBe("REFUTED");
  });

  test("what is detached inside a loop is held in each step, and the report says so", () => {
    const loss = (x: Tensor): Tensor => scan((carry: Tensor, v: Tensor) => [carry.mul(detach(v)).add(v), carry] as const, tensor(1), x)[0];
    const [held, moved] = [(x: Tensor) => [x.values[1]!, 1], (x: Tensor) => [2 * x.values[1]!, 2 * x.values[0]! + 1]];
    const verdict = checkGradient(loss, held as (x: Tensor) => number[], { at: [tensor([0.5, 2])] });
    expect(verdict.verdict).toBe("AGREES");
    expect(verdict.notes).toContain("what is detached inside a loop was held at its value in each step");
    expect(checkGradient(loss, moved as (x: Tensor) => number[], { at: [tensor([0.5, 2])] }).verdict).toBe("REFUTED");
  });
});

describe("functions that give promises", () => {
  const waits = /is asynchronous: it gives a promise, and a check waits for none; await what it needs before the check$/;
  const late = async (): Promise<never> => {
    throw new Error("nobody hears this");
  };
  test("are named, and what they throw later is not thrown", async () => {
    const stray: unknown[] = [];
    const hear = (reason: unknown): void => void stray.push(reason);
    process.on("unhandledRejection", hear);
    expect(checkGradient(square, late as never, { at })).toMatchObject(undecided(waits));
    expect(checkGradient(late as never, twice, { at })).toMatchObject(undecided(waits));
    expect(checkJacobian(late as never, twice as never, { at })).toMatchObject(undecided(waits));
    expect(checkVjp(twice, late as never, { at })).toMatchObject(undecided(waits));
    const box = { at: { x: Float64Array.of(1, 2) } };
    const same = ({ x }: { x: Float64Array }): Float64Array => x;
    expect(checkBackward(late as never, (_, g) => ({ x: g }), box)).toMatchObject(undecided(waits));
    expect(checkBackward(same, late as never, box)).toMatchObject(undecided(waits));
    await new Promise((done) => setTimeout(done, 20));
    process.off("unhandledRejection", hear);
    expect(stray).toEqual([]);
  });
});

test.each<[string, object, RegExp]>([
  ["an argument named twice", { at, wrt: [0, 0] }, /wrt names argument 0 twice — \[0, 0\]; name every argument once$/],
  ["an input named twice", { at: { x: at[0] }, wrt: ["x", "x"] }, /wrt names x twice/],
  ["ends that are none", { at, domain: { min: 0 } }, /a domain has no such end — "min"; give \{ low, high, closed \}$/],
  ["ends in the wrong order", { at, domain: { low: 5, high: 0 } }, /low of a domain is not below its high — \[5, 0\]/],
  ["ends that are no numbers", { at, domain: { low: "a" } }, /low of a domain is not below its high/],
  ["no arguments", { at: [] }, /there are no arguments — \[\]/],
  ["no inputs", { at: {} }, /there are no inputs — /],
])("%s", (_, options, message) => {
  expect(() => checkGradient(square, twice as never, options as never)).toThrow(message);
});

test("a domain of an op is a domain", () => {
  const domain = log.row.domain?.[0];
  expect(
    checkGradient(
      (x: Tensor) => x.log().sum(),
      (x: Tensor) => x.reciprocal(),
      { at: [tensor([1, 2])], domain: domain! },
    ).verdict,
  ).toBe("AGREES");
});
