/**
 * A block as the code of one function that calls nests, loop programs and matrix products in order, with a place in memory for every value
 * between them. It knows schedules, lifetimes and control flow; it knows no element of a tensor.
 */
import type { DType, TypedArray } from "@cotangent/core/functions";
import { entriesOf, isFloat, type Lowered, type Movement, sizeOf, stridesOf } from "@cotangent/core/engine";
import type { LanesOptions, Precision } from "./assembly/lanes.ts";
import { type FunctionWriter, type Label, writeFunction } from "./assembly/function.ts";
import type { ModuleCode } from "./assembly/module.ts";
import { type Frame, frameOf, type ItemBytes, placeFrame, sizeInBytes } from "./frames.ts";
import { alignment } from "./layout.ts";
import { moduleNeeds, type Needs } from "./needs.ts";
import { type LateNest, lateNest } from "./late.ts";
import {
  basesOf,
  blockOfRows,
  copyLoops,
  describeSteps,
  isByRows,
  type Loops,
  loopsOf,
  partialLoops,
  type Place,
  type Reduce,
  rowSums,
} from "./loops.ts";
import { type ProductCode, productCode, type RowBlock, type Site } from "./product/emission.ts";
import { count, integer } from "./product/integers.ts";
import { type ProductFunctions, productFunctions } from "./product/product.ts";
import { type ProductScratch, productScratch } from "./product/scratch.ts";
import { programFunction } from "./program.ts";
import type { Cutting, Run } from "./blocks.ts";
import { nestFunction, stripBytes } from "./nest.ts";
import { type Item, type Nest, nestAxes, type NestStep } from "./schedule.ts";
import type { Block, ChooseStep, ContractionStep, ProgramStep, MovementStep, RepeatStep, ScanStep, Value } from "./values.ts";
import { baseOf } from "./views.ts";

/** A program's code and where it expects and leaves things, in bytes from its base address. */
export interface Emitted {
  readonly module: ModuleCode;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly constants: readonly Constant[];
  readonly bytes: number;
  /** The memory plan, for people. */
  readonly plan: readonly string[];
  /** What runs, in order, for people. */
  readonly loops: readonly string[];
  /** Errors that the program asks for by their number. */
  readonly errors: readonly (() => Error)[];
  /** Nests that the module imports. */
  readonly late: readonly LateNest[];
}

/** Entries that are written once, so many bytes from the base address. */
export interface Constant {
  readonly dtype: DType;
  readonly entries: TypedArray;
  readonly offset: number;
}

export interface EmitOptions extends LanesOptions {
  /** How items are cut into blocks of rows, where that is not as usual. */
  readonly cutting?: Cutting;
}

/** Everything a program of this block needs, emitted into one module that exports `run(base)`. */
export function emitProgram(block: Block, options: EmitOptions): Emitted {
  return new Emitter(options).program(block);
}

class Emitter {
  readonly #needs: Needs;
  readonly #options: EmitOptions;
  readonly #writer: FunctionWriter = writeFunction("run", ["i32"], [], true);
  readonly #places = new Map<Value, Place>();
  readonly #bases = new Map<string, number>([["base", 0]]);
  readonly #products = new Map<Precision, ProductFunctions>();
  readonly #programs = new Map<unknown, Map<string, string>>();
  readonly #errors: (() => Error)[] = [];
  readonly #loops: string[] = [];
  readonly #plan: string[] = [];
  readonly #late: LateNest[] = [];
  readonly #constants: Constant[] = [];
  readonly #tables = new Map<string, Place>();
  #strip: Place | undefined;
  #fixed = 0;
  #depth = 0;

  constructor(options: EmitOptions) {
    this.#options = options;
    this.#needs = moduleNeeds(options);
  }

  program(block: Block): Emitted {
    const productBytes = (step: ContractionStep, still: ReadonlySet<Value>): ItemBytes => this.#productOf(step, still);
    const frame = frameOf(block, { given: [], still: [] }, { productBytes, cutting: this.#options.cutting });
    const inputs = block.inputs.map((x) => this.#reserve(sizeInBytes(x)));
    block.inputs.forEach((x, i) => this.#places.set(x, { base: "base", offset: inputs[i]! }));
    this.#reserveConstants(frame);
    placeFrame(frame, this.#fixed, (x, offset, passing) => {
      this.#places.set(x, { base: "base", offset, passing });
      this.#plan.push(`${describeValue(x)} at ${offset}, ${passing ? "a block of rows" : `${sizeInBytes(x)} bytes`}`);
    });
    this.#reserve(frame.bytes);
    this.#items(frame);
    const outputs = block.outputs.map((x) => this.#places.get(x)!.offset);
    this.#needs.add(this.#writer.finish());
    return {
      module: this.#needs.module(),
      inputs,
      outputs,
      constants: this.#constants,
      bytes: this.#fixed,
      plan: this.#plan,
      loops: this.#loops,
      errors: this.#errors,
      late: this.#late,
    };
  }

  #reserve(bytes: number): number {
    const at = this.#fixed;
    this.#fixed += Math.ceil(Math.max(bytes, 1) / alignment) * alignment;
    return at;
  }

  #reserveConstants(frame: Frame): void {
    for (const x of frame.stored) {
      if (x.source.kind !== "constant" || this.#places.has(x)) continue;
      const offset = this.#reserve(sizeInBytes(x));
      this.#constants.push({ dtype: x.dtype, entries: entriesOf(x.source.tensor), offset });
      this.#places.set(x, { base: "base", offset });
      this.#plan.push(`${describeValue(x)} constant at ${offset}`);
    }
    for (const child of frame.children.values()) this.#reserveConstants(child);
  }

  /** The place of a table; one of each is kept. */
  #table(entries: Int32Array): Place {
    const key = entries.join();
    let place = this.#tables.get(key);
    if (place === undefined) {
      const offset = this.#reserve(entries.byteLength);
      this.#constants.push({ dtype: "int32", entries, offset });
      this.#plan.push(`table of ${entries.length} offsets at ${offset}`);
      this.#tables.set(key, (place = { base: "base", offset }));
    }
    return place;
  }

  #placeOf(x: Value): Place {
    const place = this.#places.get(baseOf(x));
    if (place === undefined) throw new Error(`compile: a value has no place — ${describeValue(x)}; its schedule does not store it`);
    return place;
  }

  #items(frame: Frame): void {
    const { items } = frame;
    for (let at = 0; at < items.length; at++) {
      const item = items[at]!;
      const run = frame.runs.find(({ first }) => first === at);
      if (run !== undefined) {
        this.#run(frame, run);
        at = run.last;
        continue;
      }
      if (item.kind === "nest") {
        const names = item.steps.map((step) => (step.kind === "elementwise" ? step.name : step.op.name));
        this.#nest(
          "nest",
          loopsOf(item, frame.stored, (x) => this.#placeOf(x)),
          names.join(" "),
        );
        continue;
      }
      const { step } = item;
      const scratch = frame.scratch.get(item) ?? 0;
      switch (step.kind) {
        case "program":
          this.#program(step, step.lowered, scratch);
          break;
        case "movement":
          this.#movement(step);
          break;
        case "contraction":
          this.#product(this.#productCode(item, step, frame));
          break;
        case "choose":
          this.#choose(step, frame);
          break;
        case "scan":
          this.#scan(step, frame);
          break;
        case "repeat":
          this.#repeat(step, frame);
          break;
      }
    }
  }

  /** Items over the same rows, a block of rows at a time; then the rows that are left. */
  #run(frame: Frame, run: Run): void {
    const { rows: count, block } = run;
    const members = frame.items.slice(run.first, run.last + 1).map((item, i) => this.#member(frame, item, run.axes[i]!));
    for (const { begin } of members) begin();
    const { emit } = this.#writer;
    const first = this.#writer.local("i32");
    const whole = Math.floor(count / block) * block;
    const turn = (rows: number): void => members.forEach((member) => member.turn({ first, rows, count }));
    emit("i32.const", 0);
    emit("local.set", first);
    this.#under(`${count} rows, ${block} at a time`, () =>
      this.#writer.loop((again) => {
        turn(block);
        emit("local.get", first);
        emit("i32.const", block);
        emit("i32.add");
        emit("local.tee", first);
        emit("i32.const", whole);
        emit("i32.lt_s");
        this.#writer.branchIf(again);
      }),
    );
    if (whole < count) this.#under(`the last ${count - whole} rows`, () => turn(count - whole));
  }

  #member(frame: Frame, item: Item, axes: number): Member {
    if (item.kind === "nest") return this.#nestMember(frame, item, axes);
    const product = this.#productCode(item, item.step as ContractionStep, frame);
    return { begin: product.begin, turn: product.multiply };
  }

  /** A nest of a run: its sums over rows begin as what adds nothing, and those of a block join them. */
  #nestMember(frame: Frame, nest: Nest, axes: number): Member {
    const loops = loopsOf(nest, frame.stored, (x) => this.#placeOf(x));
    const sums = rowSums(loops);
    const outputs = new Map(sums.map((root, k) => [root, rowSteps(nest)[k]!.outputs[0]!]));
    const partial = (root: Reduce): Place => ({ base: "base", offset: frame.partials.get(outputs.get(root)!)! });
    return {
      begin: () => sums.forEach((root) => this.#nest("clear", partialLoops(loops, root, undefined), "clear a sum over rows")),
      turn: ({ first, rows }) => {
        this.#nest("block", blockOfRows(loops, axes, rows, partial), describeSteps(nest.steps), first);
        for (const root of sums) this.#nest("join", partialLoops(loops, root, partial(root)), "add a block's sum");
      },
    };
  }

  /** `row` is the local that says where a block begins. */
  #nest(stem: string, loops: Loops, what: string, row?: number): void {
    const name = this.#needs.name(stem);
    const strip = (): Place => (this.#strip ??= { base: "base", offset: this.#reserve(stripBytes) });
    const { code, bases, byRows } = nestFunction(name, loops, this.#needs, strip);
    this.#needs.add(code);
    for (const base of bases) this.#writer.emit("local.get", this.#bases.get(base)!);
    if (byRows) this.#writer.emit("local.get", row!);
    this.#writer.emit("call", name);
    this.#say(`${name}: [${loops.sizes.join(", ")}] ${loops.precision} ${what}`);
  }

  /** A nest that hardly ever runs. */
  #lateNest(stem: string, loops: Loops, what: string, row?: number): void {
    const name = this.#needs.name(stem);
    const nest = lateNest(name, loops, this.#options);
    this.#late.push(nest);
    this.#needs.import(nest.import);
    for (const base of basesOf(loops)) this.#writer.emit("local.get", this.#bases.get(base)!);
    if (isByRows(loops)) this.#writer.emit("local.get", row!);
    this.#writer.emit("call", name);
    this.#say(`${name}: [${loops.sizes.join(", ")}] ${loops.precision} ${what}`);
  }

  /** A line of the listing of what runs. */
  #say(line: string): void {
    this.#loops.push(`${"  ".repeat(this.#depth)}${line}`);
  }

  /** A heading and, indented under it, what `write` says. */
  #under(heading: string, write: () => void): void {
    this.#say(heading);
    this.#depth++;
    write();
    this.#depth--;
  }

  #pushAddress({ base, offset }: Place, extra = 0): void {
    this.#writer.emit("local.get", this.#bases.get(base)!);
    if (offset + extra === 0) return;
    this.#writer.emit("i32.const", offset + extra);
    this.#writer.emit("i32.add");
  }

  /** A loop program, its function shared by all steps with the same program and layouts. */
  #program(step: ProgramStep, { program, scalars, integers }: Lowered, scratch: number): void {
    const given = [...step.inputs, ...step.outputs];
    const layouts = given.map(({ dtype }) => (dtype === "float32" ? "f32" : "f64"));
    let byLayout = this.#programs.get(program);
    if (byLayout === undefined) this.#programs.set(program, (byLayout = new Map()));
    const key = layouts.join();
    let name = byLayout.get(key);
    if (name === undefined) {
      name = this.#needs.name(program.name);
      const code = programFunction(program, layouts, name);
      this.#needs.add(...code.functions);
      this.#needs.import(...code.imports);
      byLayout.set(key, name);
    }
    for (const x of given) this.#pushAddress(this.#placeOf(x));
    scalars.forEach((value, i) => this.#writer.emit(program.scalars[i]!.type === "float" ? "f64.const" : "i32.const", Number(value)));
    for (const value of integers) this.#writer.emit("i32.const", value);
    this.#pushAddress({ base: "base", offset: scratch });
    this.#writer.emit("call", name);
    this.#say(`${name}: ${step.op.name}(${step.inputs.map(describeValue).join(", ")})`);
  }

  /** A fill, then a copy or a sum into the output for each segment. */
  #movement(step: MovementStep): void {
    const { movement, inputs, outputs } = step;
    const out = outputs[0]!;
    const access = { place: this.#placeOf(out), dtype: out.dtype, offset: 0, strides: stridesOf(out.shape) };
    const fill = movement.fill ?? (movement.accumulate ? 0 : null);
    if (fill !== null && !writesAll(movement, out)) this.#nest("fill", copyLoops(out.shape, fill, access), `fill ${describeValue(out)}`);
    for (const segment of movement.segments) {
      const input = inputs[segment.input]!;
      const { source } = input;
      const target = { ...access, offset: segment.to, strides: segment.toStrides };
      const from =
        source.kind === "uniform"
          ? source.number
          : { place: this.#placeOf(input), dtype: input.dtype, offset: segment.from, strides: segment.fromStrides };
      this.#nest("move", copyLoops(segment.sizes, from, target, movement.accumulate), step.op.name);
    }
  }

  #productsOf(precision: Precision): ProductFunctions {
    let found = this.#products.get(precision);
    if (found === undefined) {
      this.#products.set(precision, (found = productFunctions(precision, this.#options)));
      this.#needs.add(...found.functions);
    }
    return found;
  }

  #productOf(step: ContractionStep, still: ReadonlySet<Value>): ProductScratch {
    const code = this.#productsOf(step.outputs[0]!.dtype === "float64" ? "f64" : "f32");
    return productScratch(step, code, (x) => still.has(baseOf(x)));
  }

  #productCode(item: Item, step: ContractionStep, frame: Frame): ProductCode {
    const places = { scratch: frame.scratch.get(item) ?? 0, kept: frame.kept.get(item) ?? 0 };
    return productCode(step, this.#productOf(step, frame.still), places, this.#site);
  }

  #product(product: ProductCode): void {
    product.begin();
    product.multiply();
  }

  /** What is done before a loop for all turns of its body. */
  #prepare(frame: Frame): void {
    for (const item of frame.kept.keys())
      if (item.kind === "step" && item.step.kind === "contraction") this.#productCode(item, item.step, frame).prepare();
  }

  /** What a product is written with. */
  get #site(): Site {
    return {
      writer: this.#writer,
      needs: this.#needs,
      placeOf: (x) => this.#placeOf(x),
      pushAddress: (place, extra) => this.#pushAddress(place, extra),
      nest: (stem, loops, what, row) => this.#nest(stem, loops, what, row),
      lateNest: (stem, loops, what, row) => this.#lateNest(stem, loops, what, row),
      table: (entries) => this.#table(entries),
      say: (line) => this.#say(line),
    };
  }

  #copyBytes(from: Place, to: Place, bytes: number): void {
    if (bytes === 0) return;
    this.#pushAddress(to);
    this.#pushAddress(from);
    this.#writer.emit("i32.const", bytes);
    this.#writer.emit("memory.copy");
  }

  #copyValue(from: Value, to: Value): void {
    this.#copyBytes(this.#placeOf(from), this.#placeOf(to), sizeInBytes(to));
  }

  /** Leaves 1 on the stack where a scalar is not 0. */
  #pushTruth(x: Value): void {
    const { emit } = this.#writer;
    this.#pushAddress(this.#placeOf(x));
    if (x.dtype === "bool") {
      emit("i32.load8_u", 0);
      return;
    }
    if (!isFloat(x.dtype)) {
      emit("i32.load", 0);
      emit("i32.const", 0);
      emit("i32.ne");
      return;
    }
    const type = x.dtype === "float64" ? "f64" : "f32";
    emit(`${type}.load`, 0);
    emit(`${type}.const`, 0);
    emit(`${type}.ne`);
  }

  #alias(inner: Value, outer: Value): void {
    this.#places.set(inner, this.#placeOf(outer));
  }

  #choose(step: ChooseStep, frame: Frame): void {
    const [predicate, ...operands] = step.inputs as [Value, ...Value[]];
    const branch = (block: Block): void => {
      block.inputs.forEach((x, i) => this.#alias(x, operands[i]!));
      block.outputs.forEach((x, i) => this.#alias(x, step.outputs[i]!));
      this.#items(frame.children.get(block)!);
    };
    this.#pushTruth(predicate);
    this.#writer.when(
      () => this.#under(`if ${describeValue(predicate)}`, () => branch(step.onTrue)),
      () => this.#under("else", () => branch(step.onFalse)),
    );
  }

  /** The carries live in the step's outputs; slices are addresses that move with the loop. */
  #scan(step: ScanStep, frame: Frame): void {
    const { body, carries, sequences, length, reverse, inputs, outputs } = step;
    const { emit } = this.#writer;
    for (let i = 0; i < carries; i++) this.#copyValue(inputs[i]!, outputs[i]!);
    if (length === 0) return;
    body.inputs.forEach((x, i) => {
      if (i < carries) this.#alias(x, outputs[i]!);
      else if (i >= carries + sequences) this.#alias(x, inputs[i]!);
    });
    const slices = [
      ...body.inputs.slice(carries, carries + sequences).map((x, i) => ({ x, whole: inputs[carries + i]! })),
      ...body.outputs.slice(carries).map((x, i) => ({ x, whole: outputs[carries + i]! })),
    ];
    const pointers = slices.map(({ x, whole }) => {
      const base = this.#needs.name("slice");
      const local = this.#writer.local("i32");
      this.#bases.set(base, local);
      this.#places.set(x, { base, offset: 0 });
      const bytes = sizeInBytes(x);
      this.#pushAddress(this.#placeOf(whole), reverse ? (length - 1) * bytes : 0);
      emit("local.set", local);
      return { local, bytes: reverse ? -bytes : bytes };
    });
    const child = frame.children.get(body)!;
    this.#prepare(child);
    count(this.#writer, integer(length), integer(1), () => {
      this.#under(`loop ${length} times${reverse ? ", backwards" : ""}`, () => this.#items(child));
      for (let i = 0; i < carries; i++) this.#copyValue(body.outputs[i]!, outputs[i]!);
      for (const { local, bytes } of pointers) {
        if (bytes === 0) continue;
        emit("local.get", local);
        emit("i32.const", bytes);
        emit("i32.add");
        emit("local.set", local);
      }
    });
  }

  #repeat(step: RepeatStep, frame: Frame): void {
    const { condition, body, carries, limit, inputs, outputs } = step;
    const { emit } = this.#writer;
    for (let i = 0; i < carries; i++) this.#copyValue(inputs[i]!, outputs[i]!);
    for (const block of [condition, body]) block.inputs.forEach((x, i) => this.#alias(x, i < carries ? outputs[i]! : inputs[i]!));
    for (const block of [condition, body]) this.#prepare(frame.children.get(block)!);
    const steps = this.#writer.local("i32");
    emit("i32.const", 0);
    emit("local.set", steps);
    this.#writer.block((exit: Label) =>
      this.#writer.loop((again) => {
        this.#under("while", () => this.#items(frame.children.get(condition)!));
        this.#pushTruth(condition.outputs[0]!);
        emit("i32.eqz");
        this.#writer.branchIf(exit);
        if (limit !== undefined) {
          emit("local.get", steps);
          emit("i32.const", limit.maxSteps);
          emit("i32.eq");
          this.#writer.when(() => {
            this.#needs.import({ module: "math", name: "fail", parameters: ["i32"], results: [] });
            emit("i32.const", this.#errors.push(limit.exceeded) - 1);
            emit("call", "fail");
          });
          emit("local.get", steps);
          emit("i32.const", 1);
          emit("i32.add");
          emit("local.set", steps);
        }
        this.#under("do", () => this.#items(frame.children.get(body)!));
        for (let i = 0; i < carries; i++) this.#copyValue(body.outputs[i]!, outputs[i]!);
        this.#writer.branch(again);
      }),
    );
  }
}

/** Whether a movement sets every entry: the strides of its one segment are those of its axes in some order. */
function writesAll({ segments, accumulate }: Movement, out: Value): boolean {
  const [segment, ...others] = segments;
  if (accumulate || segment === undefined || others.length > 0 || segment.to !== 0) return false;
  const axes = segment.sizes.map((size, axis) => ({ size, stride: segment.toStrides[axis]! })).filter(({ size }) => size !== 1);
  let product = 1;
  for (const { size, stride } of axes.sort((x, y) => x.stride - y.stride)) {
    if (stride !== product) return false;
    product *= size;
  }
  return product === sizeOf(out.shape);
}

/** The steps of a nest that add rows up, in the order of their roots. */
const rowSteps = ({ steps }: Nest): NestStep[] => steps.filter((step) => step.kind !== "elementwise" && nestAxes(step).reduced[0]);

/** An item that runs a block of rows at a time. */
interface Member {
  readonly begin: () => void;
  readonly turn: (block: RowBlock) => void;
}

const describeValue = (x: Value): string => `v${x.id}: ${x.dtype}[${x.shape.join(", ")}]`;
