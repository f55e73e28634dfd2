// The program that a refutation prints: it runs as printed where the functions hold nothing, and says what it lacks where they do.
import * as core from "@cotangent/core";
import { sigmoid, softmax, sum, type Tensor, tensor } from "@cotangent/core";
import * as check from "@cotangent/check";
import { checkBackward, checkGradient, type Verdict } from "@cotangent/check";
import { describe, expect, test } from "vitest";

const programOf = (verdict: Verdict): string => (verdict.verdict === "REFUTED" ? verdict.reproduction : verdict.verdict);

/** Runs a printed program as a module would be, and returns what it logs. */
function output(program: string): string {
  const modules: Record<string, object> = { "@cotangent/core": core, "@cotangent/check": check };
  const imports = [...program.matchAll(/^import \{ (.*) \} from "(.*)";$/gm)];
  const body = program.replace(/^import .*$/gm, "");
  const names = imports.map(([, list]) => list!);
  const run = new Function(
    ...imports.map((_, i) => `m${i}`),
    "console",
    names.map((list, i) => `const { ${list} } = m${i};`).join("\n") + body,
  );
  const lines: string[] = [];
  run(...imports.map(([, , from]) => modules[from!]), { log: (text: string) => lines.push(text) });
  return lines.join("\n");
}

const x = tensor([0.7, -1.3, 2.1]);

describe("runs as printed", () => {
  const own = (source: string): never => new Function(...Object.keys(core), `return ${source}`)(...Object.values(core)) as never;
  test.each<[string, string, string, readonly unknown[]]>([
    ["methods of tensors", "(x) => x.square().mean()", "(x) => x.mul(2)", [x]],
    ["functions of the library", "(x) => sum(sigmoid(x))", "(x) => mul(sigmoid(x), sigmoid(x))", [x]],
    [
      "a block with names of its own",
      "(x, y) => { const p = softmax(x); let [s, t] = [p, y]; return s.mul(t).sum(); }",
      "function (x, y) { return softmax(x).mul(y); }",
      [x, tensor([1, 2, 3])],
    ],
    [
      "float32, an infinity, minus zero",
      "(x, y) => where(y.greater(0), x, x.mul(2)).sum()",
      "(x) => x",
      [tensor([0.1, 2], "float32"), tensor([Infinity, -0])],
    ],
    [
      "structs",
      "({ w, b }) => w.mul(b).sum()",
      "({ w, b }) => ({ w: b.mul(w.mul(0).add(1)), b: w.sum().mul(2) })",
      [{ w: x, b: tensor(2) }],
    ],
    ["integer arguments", "(x, i) => x.take(i).square().sum()", "(x) => x", [x, tensor([0, 2], "int32")]],
  ])("%s", (_, loss, claim, at) => {
    const verdict = checkGradient(own(loss), own(claim), { at: at as never });
    const program = programOf(verdict);
    expect(program).not.toMatch(/to be filled in/);
    expect(output(program)).toMatch(/^REFUTED/);
  });

  test("wrt and a domain are asked again", () => {
    const verdict = checkGradient(own("(x, y) => x.mul(y.log()).sum()"), own("(x, y) => x"), {
      at: [x, tensor([1, 2, 3])],
      wrt: 1,
      domain: { low: 0 },
    });
    expect(programOf(verdict)).toContain("{ at, wrt: 1, domain: { low: 0 }, seed: 1, points: 0 }");
    expect(output(programOf(verdict))).toMatch(/^REFUTED/);
  });

  test("black boxes", () => {
    const verdict = checkBackward(own("([x]) => x.map((v) => v * v)"), own("([x], g) => [x.map((v, i) => v * g[i])]"), {
      at: [Float64Array.of(1, -2, 3)],
    });
    expect(output(programOf(verdict))).toMatch(/^REFUTED/);
  });
});

describe("says what it could not include", () => {
  const data = tensor([1, 2, 3]);
  const scale = 4;
  test("closed-over values by name", () => {
    const verdict = checkGradient(
      (t: Tensor) => t.mul(data).sum().mul(scale),
      (t: Tensor) => t.mul(data),
      { at: [x] },
    );
    expect(programOf(verdict).split("\n")[0]).toBe("// to be filled in, for it could not be included: data, scale");
  });
  test("large tensors", () => {
    const verdict = checkGradient(
      (t: Tensor) => t.square().sum(),
      (t: Tensor) => t,
      { at: [core.linspace(1, 2, 100)] },
    );
    expect(programOf(verdict).split("\n")[0]).toBe("// to be filled in, for it could not be included: large tensors");
    expect(programOf(verdict)).toContain("const at = [/* float64[100] */];");
  });
  test("functions that are long", () => {
    const padding = (t: Tensor): Tensor => {
      const reason =
        "a text so long that nobody would want to read the whole of it in a report, and that is why the program leaves it out; ".length;
      const more =
        "and as one such text is not long enough for that, here is another one that says the same again in other words, and at length; "
          .length;
      const most =
        "and a third, for two are still too short by a few letters, as a count of them shows when one does it with patience and care."
          .length;
      return t.square().mul(reason + more + most);
    };
    const verdict = checkGradient((t: Tensor) => sum(t), padding, { at: [x] });
    expect(programOf(verdict).split("\n")[0]).toMatch(/could not be included: claimed$/);
  });
  test("large tensors in structs and among named inputs", () => {
    const w = core.linspace(1, 2, 100);
    for (const at of [[{ layers: [{ w }] }], { layers: [{ w }] }] as never[]) {
      const square = ({ layers: [{ w: own }] }: { layers: [{ w: Tensor }] }): Tensor => own.square().sum();
      const claimed = ({ layers }: { layers: readonly unknown[] }): unknown => (Array.isArray(at) ? { layers } : layers);
      const program = programOf(checkGradient(square as never, claimed as never, { at }));
      expect(program).toContain("{ layers: [{ w: /* float64[100] */ }] }");
    }
  });
  test("no more than what is declared inside: several names in one statement, patterns, values with commas", () => {
    const own = (source: string): never => new Function(`return ${source}`)() as never;
    for (const claim of [
      "(x)=>{const[a,b]=x.values;return[a*a,b,0]}",
      "(x)=>{const h=x.mul(2,1),k=h.mul([1,2,3]),{shape:[n]}=k;let i=0,j;for(const[p,q]of[[1,2]])j=p*q*i;return k.mul(n+(j??0))}",
    ])
      expect(programOf(checkGradient((t: Tensor) => t.square().sum(), own(claim), { at: [x] }))).not.toMatch(/to be filled in/);
  });
  test("no more than that", () => {
    const verdict = checkGradient(
      (t: Tensor) => {
        const h = sigmoid(t);
        let total = softmax(h).sum();
        for (const [i, v] of [0.5, 0.25].entries())
          total = total.add(
            h
              .pow(i + 1)
              .sum()
              .mul(v),
          );
        return total.add(Math.PI);
      },
      (t: Tensor) => t,
      { at: [x] },
    );
    expect(programOf(verdict)).not.toMatch(/to be filled in/);
  });
});
