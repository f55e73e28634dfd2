// What the assembler encodes is what a library assembles from the text it prints, for every instruction of the table.
import { describe, expect, it } from "vitest";
import { compile as assemble } from "watr";
import { writeFunction } from "../src/assembly/function.ts";
import { formOf, mnemonics } from "../src/assembly/instructions.ts";
import { emitValues, lanes } from "../src/assembly/lanes.ts";
import { moduleNeeds } from "../src/needs.ts";
import { encodeModule, type FunctionCode, type Instruction, type ModuleCode, printModule } from "../src/assembly/module.ts";

const helper: FunctionCode = {
  name: "helper",
  parameters: ["v128"],
  results: ["v128"],
  locals: [],
  body: [["local.get", 0]],
  exported: false,
};

function moduleOf(...functions: FunctionCode[]): ModuleCode {
  return { imports: [{ module: "math", name: "sin", parameters: ["f64"], results: ["f64"] }], functions: [...functions, helper] };
}

const sample = {
  index: 1,
  i32: -123456,
  i64: -1234567890123n,
  f32: 0.5,
  f64: -1.25e-300,
  function: "helper",
  block: "",
  memory: 4100,
  lane: 1,
  bytes: Uint8Array.from({ length: 16 }, (_, i) => i),
  zero: 0,
} as const;

/** The same bytes, up to the names that only ours carries at its end. */
function expectSame(bytes: Uint8Array, assembled: Uint8Array): void {
  expect(bytes.slice(0, assembled.length)).toEqual(assembled);
  expect(bytes[assembled.length]).toBe(0);
}

const structured = new Set(["block", "loop", "if", "else", "end", "br", "br_if"]);

describe("the assembler", () => {
  it.each(mnemonics().filter((name) => !structured.has(name)))("%s", (name) => {
    const instruction = [name, ...formOf(name).immediates.map((kind) => sample[kind])] as unknown as Instruction;
    const body: Instruction[] = [["unreachable"], instruction, ["unreachable"]];
    const module = moduleOf({ name: "run", parameters: ["i32"], results: ["v128"], locals: ["v128", "v128", "i32"], body, exported: true });
    const bytes = encodeModule(module);
    expectSame(bytes, new Uint8Array(assemble(printModule(module))));
    if (!name.includes("relaxed")) expect(WebAssembly.validate(bytes)).toBe(true);
  });

  it("encodes blocks, loops, branches and calls", () => {
    const writer = writeFunction("sum", ["i32"], ["f64"], true);
    const [i, total] = [writer.local("i32"), writer.local("f64")];
    writer.block((end) =>
      writer.loop((start) => {
        writer.emit("local.get", i);
        writer.emit("local.get", 0);
        writer.emit("i32.ge_s");
        writer.branchIf(end);
        writer.emit("local.get", i);
        writer.emit("i32.const", 1);
        writer.emit("i32.and");
        writer.when(
          () => {
            writer.emit("local.get", total);
            writer.emit("local.get", i);
            writer.emit("f64.convert_i32_s");
            writer.emit("f64.add");
            writer.emit("local.set", total);
          },
          () => {
            writer.emit("local.get", total);
            writer.emit("local.set", total);
          },
        );
        writer.emit("local.get", i);
        writer.emit("i32.const", 1);
        writer.emit("i32.add");
        writer.emit("local.set", i);
        writer.branch(start);
      }),
    );
    writer.emit("local.get", total);
    const module = moduleOf(writer.finish());
    const bytes = encodeModule(module);
    expectSame(bytes, new Uint8Array(assemble(printModule(module))));
    const memory = new WebAssembly.Memory({ initial: 1 });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory }, math: { sin: Math.sin } });
    expect((exports.sum as (n: number) => number)(10)).toBe(1 + 3 + 5 + 7 + 9);
  });

  it("computes shared values once", () => {
    const m = lanes("f64");
    const writer = writeFunction("f", ["v128"], ["v128"]);
    const x = m.local(0);
    const square = m.mul(x, x);
    emitValues([m.add(m.sqrt(m.add(square, m.constant(1))), square)], writer);
    expect(writer.finish().body.map(([name]) => name)).toMatchInlineSnapshot(`
      [
        "local.get",
        "local.get",
        "f64x2.mul",
        "local.tee",
        "v128.const",
        "f64x2.add",
        "f64x2.sqrt",
        "local.get",
        "f64x2.add",
      ]
    `);
  });
});

describe("the needs of a module", () => {
  it("take a function that was written twice, and no other of its name", () => {
    const needs = moduleNeeds({});
    needs.add(helper, { ...helper });
    expect(() => needs.add({ ...helper, parameters: ["v128", "v128"] })).toThrowErrorMatchingInlineSnapshot(
      `[Error: compile: two functions have the name helper — a module calls by name; rename one]`,
    );
  });
});
