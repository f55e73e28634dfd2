// The vector functions against double-doubles: their published bounds, the hard arguments, and lanes that do not disturb each other.
// COTANGENT_SOAK=1 takes three million arguments a function and a precision in place of ten thousand; COTANGENT_POINTS says another number.
import { type ExpressionKind, doubleDouble, real } from "@cotangent/core/engine";
import { describe, expect, it } from "vitest";
import { writeFunction } from "../src/assembly/function.ts";
import { emitValues, lanes, type Precision, type Value } from "../src/assembly/lanes.ts";
import { encodeModule, type FunctionCode, type ImportedFunction } from "../src/assembly/module.ts";
import { gradualProduct } from "../src/functions/gradual.ts";
import { arity, callSingle, inPlace, keepConstants, singleFunction, vectorForms, vectorFunction } from "../src/functions/vector.ts";

type Floats = Float64Array | Float32Array;

/** The function over arrays of four entries or a multiple. */
function compiled(kind: ExpressionKind, precision: Precision, relaxed: boolean): (...args: readonly number[][]) => Floats {
  const { name, functions, imports } = vectorFunction(kind, precision, { relaxed });
  return caller(arity(kind), name, precision, functions, imports);
}

/** The function of one number, over arrays: each lane apart. */
function compiledSingle(kind: ExpressionKind, precision: Precision, relaxed: boolean): (...args: readonly number[][]) => Floats {
  const { functions, imports, ...single } = singleFunction(kind, precision, { relaxed })!;
  const m = lanes(precision);
  const bytes = 16 / m.count;
  const lane = (x: Value, from: number): Value =>
    m.apply(["i8x16.shuffle", Uint8Array.from({ length: 16 }, (_, i) => bytes * from + (i % bytes))], [x, x]);
  let out = m.local(0);
  for (let i = 0; i < m.count; i++) {
    const isHere = m.apply(["v128.const", new Uint8Array(16).fill(255, bytes * i, bytes * (i + 1))], []);
    out = m.select(isHere, callSingle(m, single, lane(m.local(0), i)), out);
  }
  const writer = writeFunction("each", ["v128"], ["v128"]);
  emitValues([out], writer);
  return caller(1, "each", precision, [...functions, writer.finish()], imports);
}

/** A function of a module over arrays, by its name and how many arguments it takes. */
function caller(
  count: number,
  name: string,
  precision: Precision,
  functions: readonly FunctionCode[],
  imports: readonly ImportedFunction[],
): (...args: readonly number[][]) => Floats {
  const writer = writeFunction("run", Array(count + 2).fill("i32"), [], true);
  const [to, bytes, at] = [count, count + 1, writer.local("i32")];
  const address = (base: number): void => {
    writer.emit("local.get", base);
    writer.emit("local.get", at);
    writer.emit("i32.add");
  };
  writer.loop((start) => {
    address(to);
    for (let i = 0; i < count; i++) {
      address(i);
      writer.emit("v128.load", 0);
    }
    writer.emit("call", name);
    writer.emit("v128.store", 0);
    writer.emit("local.get", at);
    writer.emit("i32.const", 16);
    writer.emit("i32.add");
    writer.emit("local.tee", at);
    writer.emit("local.get", bytes);
    writer.emit("i32.lt_u");
    writer.branchIf(start);
  });
  const module = new WebAssembly.Module(encodeModule({ imports, functions: [...functions, writer.finish()] }));
  const memory = new WebAssembly.Memory({ initial: 1 });
  const math = real as unknown as Record<string, (x: number) => number>;
  const { exports } = new WebAssembly.Instance(module, { env: { memory }, math });
  const run = exports.run as (...args: number[]) => void;
  const [make, size] = precision === "f64" ? [Float64Array, 8] : [Float32Array, 4];
  return (...args) => {
    const length = args[0]!.length;
    const block = length * size;
    const needed = (count + 1) * block;
    if (memory.buffer.byteLength < needed) memory.grow(Math.ceil((needed - memory.buffer.byteLength) / 65536));
    args.forEach((arg, i) => {
      new make(memory.buffer, i * block, length).set(arg);
    });
    run(...args.map((_, i) => i * block), count * block, block);
    return new make(memory.buffer, count * block, length).slice();
  };
}

/** Whether relaxed multiply-add may be used here. */
const relaxedAccepted = WebAssembly.validate(
  encodeModule({
    imports: [],
    functions: [
      {
        name: "f",
        parameters: ["v128"],
        results: ["v128"],
        locals: [],
        body: [["local.get", 0], ["local.get", 0], ["local.get", 0], ["f64x2.relaxed_madd"]],
        exported: false,
      },
    ],
  }),
);

const formats = {
  f64: { smallest: -1022, bits: 52, largest: Number.MAX_VALUE },
  f32: { smallest: -126, bits: 23, largest: (2 - 2 ** -23) * 2 ** 127 },
};

/** The distance between neighbours at y. */
function spacing(y: number, precision: Precision): number {
  const { smallest, bits } = formats[precision];
  const magnitude = Math.abs(y);
  let exponent = magnitude < 2 ** smallest ? smallest : Math.floor(Math.log2(magnitude));
  if (exponent > smallest && 2 ** exponent > magnitude) exponent--;
  else if (exponent < 1023 && 2 ** (exponent + 1) <= magnitude) exponent++;
  return 2 ** (exponent - bits);
}

const exactly = doubleDouble as unknown as Record<string, (...args: unknown[]) => { high: number; low: number }>;

/** The error of `out` in ulps of the exact value; 0 where both are NaN or the same infinity, and where overflow is right to within one ulp. */
function errorOf(kind: string, args: readonly number[], out: number, precision: Precision): number {
  const exact = exactly[kind]!(...args.map(doubleDouble.constant));
  const { largest } = formats[precision];
  if (Number.isNaN(exact.high)) return Number.isNaN(out) ? 0 : Infinity;
  if (exact.high === 0) return out === 0 ? 0 : Math.abs(out) / spacing(0, precision);
  if (Math.abs(exact.high) > largest && out === Math.sign(exact.high) * Infinity) return 0;
  if (Math.abs(out) === Infinity)
    return Math.abs(exact.high) > largest - 2 * spacing(largest, precision) && out * exact.high > 0 ? 1 : Infinity;
  return Math.abs(out - exact.high - exact.low) / spacing(exact.high, precision);
}

/** A generator of Lehmer's kind, so that every run draws the same. */
function drawing(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** Between two bounds evenly, or in magnitude from the smaller power of two to the larger evenly by exponent, with both signs or one. */
type Range = readonly ["even", from: number, to: number] | readonly ["scales" | "positive scales", from: number, to: number];

const everywhere: Range = ["scales", -1074, 1024];
const small: Range = ["scales", -60, 1];

const ranges: Partial<Record<ExpressionKind, readonly Range[]>> = {
  exp: [["even", -745, 710], ["even", -88, 89], ["even", -2, 2], everywhere],
  exp2: [["even", -1075, 1024], ["even", -150, 128], ["even", -2, 2], everywhere],
  expm1: [["even", -40, 710], ["even", -18, 89], ["even", -1.5, 1.5], everywhere],
  log: [
    ["positive scales", -1074, 1024],
    ["even", 0.5, 2],
    ["even", 0, 10],
  ],
  log1p: [["positive scales", -1074, 1024], ["even", -1, 3], ["even", -0.5, 0.5], small],
  sin: [["even", -10, 10], ["even", -1600, 1600], ["even", -1.6e6, 1.6e6], everywhere],
  asin: [["even", -1, 1], small],
  atan: [["even", -5, 5], everywhere],
  sinh: [["even", -3, 3], ["even", -711, 711], ["even", -89, 89], everywhere],
  tanh: [["even", -3, 3], ["even", -25, 25], everywhere],
  asinh: [["even", -3, 3], small, everywhere],
  acosh: [
    ["even", 1, 3],
    ["positive scales", 0, 1024],
  ],
  erf: [["even", -3, 3], ["even", -7, 7], everywhere],
  erfc: [["even", -3, 3], ["even", -7, 28], everywhere],
  erfcx: [
    ["even", -5, 5],
    ["even", -27, 30],
    ["scales", -1074, 1020],
  ],
  cbrt: [["even", -10, 10], everywhere],
  pow: [["even", -3, 3], ["positive scales", -30, 5], everywhere],
  atan2: [["even", -3, 3], ["scales", -20, 20], everywhere],
};
const like: Partial<Record<ExpressionKind, ExpressionKind>> = {
  cos: "sin",
  tan: "sin",
  log2: "log",
  log10: "log",
  acos: "asin",
  atanh: "asin",
  cosh: "sinh",
};

const rangesOf = (kind: ExpressionKind): readonly Range[] => ranges[like[kind] ?? kind] ?? [everywhere];

function drawn([how, from, to]: Range, precision: Precision, random: () => number): number {
  const { largest } = formats[precision];
  const at = from + (to - from) * random();
  const x = how === "even" ? at : 2 ** Math.floor(at) * (1 + random()) * (how === "scales" && random() < 0.5 ? -1 : 1);
  const rounded = precision === "f32" ? Math.fround(x) : x;
  return Number.isFinite(rounded) ? rounded : Math.sign(x) * largest;
}

const soak = process.env.COTANGENT_SOAK !== undefined;
const points = Number(process.env.COTANGENT_POINTS ?? (soak ? 3_000_000 : 10_000));
const block = 2500;

const kinds = Object.keys(vectorForms) as ExpressionKind[];
const variants = kinds.flatMap((kind) =>
  (["f64", "f32"] as const).flatMap((precision) =>
    (relaxedAccepted ? [false, true] : [false]).flatMap((relaxed) =>
      [
        { of: "vectors", make: compiled },
        { of: "one number", make: compiledSingle },
      ]
        .filter(({ make }) => make === compiled || vectorForms[kind]!.single !== undefined)
        .map((way) => ({ kind, precision, relaxed, ...way })),
    ),
  ),
);

describe("vector functions", () => {
  it.each(variants)(
    "$kind of $of, $precision, relaxed $relaxed, keeps its bound",
    ({ kind, precision, relaxed, make, of }) => {
      const run = make(kind, precision, relaxed);
      const bound = vectorForms[kind]!.ulps[precision];
      const random = drawing(1 + kinds.indexOf(kind));
      let worst = { error: 0, args: [] as number[], out: 0 };
      for (const range of rangesOf(kind)) {
        for (let done = 0; done < points / rangesOf(kind).length; done += block) {
          const args = Array.from({ length: arity(kind) }, () => Array.from({ length: block }, () => drawn(range, precision, random)));
          run(...args).forEach((out, i) => {
            const at = args.map((arg) => arg[i]!);
            const error = errorOf(kind, at, out, precision);
            if (!(error <= worst.error)) worst = { error, args: at, out };
          });
        }
      }
      if (points > 10_000)
        console.log(`measured: ${kind} of ${of}, ${precision}: ${worst.error.toFixed(3)} ulp at ${worst.args}, bound ${bound}`);
      expect(worst.error, `${worst.args} gives ${worst.out}`).toBeLessThanOrEqual(bound);
    },
    points > 10_000 ? 1_800_000 : 30_000,
  );

  it.each(variants)(
    "$kind of $of, $precision, relaxed $relaxed, keeps its bound at hard arguments",
    ({ kind, precision, relaxed, make }) => {
      const run = make(kind, precision, relaxed);
      const bound = vectorForms[kind]!.ulps[precision];
      // Beyond 1e308 the double-double erfcx overflows on the way.
      const numbers = hard(precision).filter((x) => kind !== "erfcx" || !(Math.abs(x) > 1e308));
      const args = argumentsOf(numbers, arity(kind));
      run(...args).forEach((out, i) => {
        const at = args.map((arg) => arg[i]!);
        expect(errorOf(kind, at, out, precision), `${at} gives ${out}`).toBeLessThanOrEqual(bound);
        const special = (real[kind as "exp"] as (...numbers: number[]) => number)(...at);
        if (special === 0 || !Number.isFinite(special)) expect(out, String(at)).toBe(special);
      });
    },
  );
});

/** Zeros, infinities, NaN, ends of the range, neighbours of 1, thresholds of exponentials, multiples of π/2, large arguments. */
function hard(precision: Precision): number[] {
  const { smallest, bits, largest } = formats[precision];
  const positive = [0, Infinity, largest, 2 ** smallest, 2 ** (smallest - bits), 3 * 2 ** (smallest - bits), 2 ** (smallest - 1)];
  for (let k = 0; k <= bits + 4; k++)
    positive.push(1 - 2 ** (-k - 1), 1 + 2 ** -k, 2 ** -k, 1.5 * 2 ** -k, 2 ** k, 2 ** (smallest / 8) * 2 ** -k);
  for (const x of [
    709.78, 709.782712893384, 709.7827128933841, 708.4, 745.13, 745.1332191019412, 88.72283, 88.72284, 87.33655, 103.97, 103.9721,
  ])
    positive.push(x, x + spacing(x, precision), x - spacing(x, precision));
  for (const n of [1, 2, 3, 4, 5, 7, 11, 22, 355 / Math.PI, 1000, 1023, 1024, 1e5, 1048575, 1048576]) {
    const x = precision === "f32" ? Math.fround((n * Math.PI) / 2) : (n * Math.PI) / 2;
    positive.push(x, x + spacing(x, precision), x - spacing(x, precision));
  }
  positive.push(1e10, 1e22, 1e38, 0.5, 2, 3, 8, 10, 27, 100, 1000, 5.319372648326541e255);
  const rounded = precision === "f32" ? positive.map((x) => (x > largest ? Infinity : Math.fround(x))) : positive;
  return [...rounded, ...rounded.map((x) => -x), Number.NaN];
}

/** Every one of them, or every pair of every seventh; a multiple of four by repetition. */
function argumentsOf(numbers: readonly number[], count: number): number[][] {
  const few = numbers.filter((_, i) => i % 7 === 0 || i === numbers.length - 1);
  const columns = count === 1 ? [[...numbers]] : [few.flatMap((x) => few.map(() => x)), few.flatMap(() => few)];
  for (const column of columns) while (column.length % 4 !== 0) column.push(column[0]!);
  return columns;
}

describe("a vector function", () => {
  const exactValues: [ExpressionKind, number, number][] = [
    ["exp", 0, 1],
    ["exp", -0, 1],
    ["log", 1, 0],
    ["cos", 0, 1],
    ["log2", 1, 0],
    ["log10", 1, 0],
    ["exp2", 0, 1],
    ["exp2", 10, 1024],
    ["exp2", -20, 2 ** -20],
    ["log2", 2 ** 100, 100],
    ["log2", 2 ** -100, -100],
    ["log10", 1000, 3],
    ["log10", 1e10, 10],
    ["acos", 1, 0],
    ["cosh", 0, 1],
    ["acosh", 1, 0],
    ["atanh", 1, Infinity],
    ["atanh", 2, Number.NaN],
    ["asin", 1.5, Number.NaN],
    ["acos", -1.5, Number.NaN],
    ["acosh", 0.5, Number.NaN],
    ["log", -1, Number.NaN],
    ["cbrt", 27, 3],
    ["cbrt", -1e15, -1e5],
    ["erfc", 0, 1],
    ["erfc", -10, 2],
    ["erfc", 40, 0],
    ["erf", 10, 1],
    ["erf", -Infinity, -1],
    ["tanh", 30, 1],
    ["tanh", -30, -1],
    ["tanh", Infinity, 1],
    ["expm1", -100, -1],
    ["log1p", -1, -Infinity],
    ["exp", -Infinity, 0],
    ["sin", Infinity, Number.NaN],
  ];
  it.each(exactValues)("%s(%d) is %d", (kind, x, expected) => {
    for (const precision of ["f64", "f32"] as const)
      expect([...compiled(kind, precision, false)([x, x, x, x])]).toEqual(Array(4).fill(expected));
  });

  const odd = (["sin", "tan", "tanh", "expm1", "log1p", "sinh", "asinh", "asin", "atan", "atanh"] as const).filter(
    (kind) => kind in vectorForms,
  );
  it.each(odd)("%s is its argument near 0, with its sign", (kind) => {
    for (const precision of ["f64", "f32"] as const) {
      const { smallest, bits } = formats[precision];
      const tiny = [0, 2 ** (smallest - bits), 2 ** smallest, 2 ** -(bits + 10)];
      const both = [...tiny, ...tiny.map((x) => -x)];
      expect([...compiled(kind, precision, false)(both)]).toEqual(both);
    }
  });

  it("gives a lane what it gives alone", () => {
    for (const kind of kinds) {
      for (const precision of ["f64", "f32"] as const) {
        const run = compiled(kind, precision, false);
        const ordinary = 0.7;
        const others = [Number.NaN, Infinity, -1e300, 0];
        const alone = run(...Array(arity(kind)).fill(Array(4).fill(ordinary)))[0];
        for (const other of others) {
          for (let lane = 0; lane < 4; lane++) {
            const mixed = Array.from({ length: 4 }, (_, i) => (i === lane ? ordinary : other));
            expect(run(...Array(arity(kind)).fill(mixed))[lane], `${kind} ${precision} beside ${other}`).toBe(alone);
          }
        }
      }
    }
  });

  it("raises to whole powers, with the sign of odd ones", () => {
    const pow = compiled("pow", "f64", false);
    expect([...pow([-2, -2, 3, 10, -1.5, 1, -8, 0], [3, 2, 4, -2, 2, 700, 1 / 3, 2])]).toEqual([-8, 4, 81, 0.01, 2.25, 1, Number.NaN, 0]);
    expect([...compiled("pow", "f32", false)([-2, -2, 3, 1.5], [3, 0.5, 4, 2])]).toEqual([-8, Number.NaN, 81, 2.25]);
  });

  it("without a form goes lane by lane", () => {
    const x = [0.5, 1.5, 2.5, 30];
    expect([...compiled("lgamma", "f64", false)(x)]).toEqual(x.map(real.lgamma));
    expect([...compiled("lgamma", "f32", false)(x)]).toEqual(x.map((one) => Math.fround(real.lgamma(one))));
    expect([...compiled("remainder", "f64", false)(x, [3, -1, 2, 7])]).toEqual([0.5, -0.5, 0.5, 2]);
    expect([...compiled("polygamma", "f64", false)([0, 1, 2, 3], x)]).toEqual(x.map((one, i) => real.polygamma(i, one)));
  });

  it("multiplies single float32 as the machine does, subnormal ones and what is not finite among them", () => {
    const numbers = hard("f32");
    const random = drawing(5);
    for (let i = 0; i < 300; i++) numbers.push(drawn(["scales", -149, 128], "f32", random), drawn(["scales", -90, -50], "f32", random));
    const few = numbers.filter((_, i) => i % 2 === 0);
    const args = [few.flatMap((x) => few.map(() => x)), few.flatMap(() => few)] as const;
    const run = caller(2, gradualProduct.name, "f32", [gradualProduct], []);
    // Each number in all four lanes, of which the first counts.
    const out = run(...args.map((column) => column.flatMap((x) => [x, x, x, x])));
    args[0].forEach((x, i) => {
      const exact = Math.fround(x * args[1][i]!);
      if (!Object.is(out[4 * i], exact)) expect(out[4 * i], `${x} times ${args[1][i]}`).toBe(exact);
    });
  });

  it("written in place gives what the call gives, its constants kept ahead", () => {
    for (const kind of kinds) {
      for (const precision of ["f64", "f32"] as const) {
        const m = lanes(precision);
        const writer = writeFunction("inside", Array(arity(kind)).fill("v128"), ["v128"], true);
        const args = Array.from({ length: arity(kind) }, (_, i) => m.local(i));
        const { value } = inPlace(m, kind, args);
        const known = new Map<Value, number>();
        keepConstants([value], writer, known);
        emitValues([value], writer, known);
        const { functions, imports } = vectorFunction(kind, precision, {});
        const run = caller(arity(kind), "inside", precision, [...functions, writer.finish()], imports);
        const x = [0.25, 0.5, 0.75, 0.875].map((one) => (kind === "acosh" ? one + 1 : one));
        const numbers = Array.from({ length: arity(kind) }, () => x);
        expect(run(...numbers), kind).toEqual(compiled(kind, precision, false)(...numbers));
      }
    }
  });
});
