/**
 * A block as the code of one function that calls nests, loop programs and matrix products in order, with a place in memory for every value
 * between them. It knows schedules, lifetimes and control flow; it knows no element of a tensor.
 */
import { interpretExpression, isFloat, type Lowered, real, sizeOf, stridesOf } from "@cotangent/core/engine";
import type { LanesOptions, Precision } from "./assembly/lanes.ts";
import { type FunctionWriter, type Label, writeFunction } from "./assembly/function.ts";
import type { FunctionCode, ModuleCode } from "./assembly/module.ts";
import { alignment, type Lease, planLeases } from "./layout.ts";
import { moduleNeeds, type Needs } from "./needs.ts";
import {
  blockOfRows,
  copyLoops,
  describeSteps,
  type Loops,
  loopsOf,
  partialLoops,
  type Place,
  type Reduce,
  rowSums,
  summationLoops,
} from "./loops.ts";
import { planProduct, type MatrixOperand, type ProductPlan } from "./product/contraction.ts";
import { type ProductFunctions, productFunctions } from "./product/product.ts";
import { programFunction } from "./program.ts";
import { arrangeRuns, type Run } from "./blocks.ts";
import { nestFunction } from "./nest.ts";
import { type Item, type Nest, nestAxes, type NestStep, scheduleOf } from "./schedule.ts";
import {
  baseOf,
  type Block,
  bytesOf,
  type ChooseStep,
  type ContractionStep,
  type ProgramStep,
  type MovementStep,
  type RepeatStep,
  type ScanStep,
  type Value,
  viewInto,
} from "./values.ts";

/** A program's code and where it expects and leaves things, in bytes from its base address. */
export interface Emitted {
  readonly module: ModuleCode;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly constants: readonly { readonly value: Value; readonly offset: number }[];
  readonly bytes: number;
  /** The memory plan, for people. */
  readonly plan: readonly string[];
  /** What runs, in order, for people. */
  readonly loops: readonly string[];
  /** Errors that the program asks for by their number. */
  readonly errors: readonly (() => Error)[];
}

/** A block with its schedule and the leases of its values; nested blocks inside. */
interface Frame {
  readonly block: Block;
  readonly items: readonly Item[];
  /** What must be in memory. */
  readonly stored: ReadonlySet<Value>;
  /** Values that have a place of their own here, and where, from the frame's start. */
  readonly own: Map<Value, number>;
  /** Scratch of items. */
  readonly scratch: Map<Item, number>;
  readonly runs: readonly Run[];
  /** Where sums over a block of rows go before they join the whole sum. */
  readonly partials: Map<Value, number>;
  readonly children: Map<Block, Frame>;
  bytes: number;
}

const sizeInBytes = (x: Value): number => sizeOf(x.shape) * bytesOf[x.dtype];

/** Everything a program of this block needs, emitted into one module that exports `run(base)`. */
export function emitProgram(block: Block, options: LanesOptions): Emitted {
  return new Emitter(options).program(block);
}

class Emitter {
  readonly #needs: Needs;
  readonly #options: LanesOptions;
  readonly #writer: FunctionWriter = writeFunction("run", ["i32"], [], true);
  readonly #places = new Map<Value, Place>();
  readonly #bases = new Map<string, number>([["base", 0]]);
  readonly #products = new Map<Precision, ProductFunctions>();
  readonly #programs = new Map<unknown, Map<string, string>>();
  readonly #errors: (() => Error)[] = [];
  readonly #loops: string[] = [];
  readonly #plan: string[] = [];
  readonly #constants = new Map<Value, number>();
  #fixed = 0;

  constructor(options: LanesOptions) {
    this.#options = options;
    this.#needs = moduleNeeds(options);
  }

  program(block: Block): Emitted {
    const frame = this.#frame(block, new Set());
    const inputs = block.inputs.map((x) => this.#reserve(sizeInBytes(x)));
    block.inputs.forEach((x, i) => this.#places.set(x, { base: "base", offset: inputs[i]! }));
    this.#reserveConstants(frame);
    this.#place(frame, this.#fixed);
    this.#items(frame);
    const outputs = block.outputs.map((x) => this.#places.get(x)!.offset);
    this.#needs.add(this.#writer.finish());
    return {
      module: this.#needs.module(),
      inputs,
      outputs,
      constants: [...this.#constants].map(([value, offset]) => ({ value, offset })),
      bytes: this.#fixed + frame.bytes,
      plan: this.#plan,
      loops: this.#loops,
      errors: this.#errors,
    };
  }

  #reserve(bytes: number): number {
    const at = this.#fixed;
    this.#fixed += Math.ceil(Math.max(bytes, 1) / alignment) * alignment;
    return at;
  }

  #reserveConstants(frame: Frame): void {
    for (const x of frame.stored) {
      if (x.source.kind !== "constant" || this.#constants.has(x)) continue;
      const offset = this.#reserve(sizeInBytes(x));
      this.#constants.set(x, offset);
      this.#places.set(x, { base: "base", offset });
      this.#plan.push(`${describeValue(x)} constant at ${offset}`);
    }
    for (const child of frame.children.values()) this.#reserveConstants(child);
  }

  /** Plans a block: `given` are values of it whose place the enclosing block decides. */
  #frame(block: Block, given: ReadonlySet<Value>): Frame {
    const schedule = scheduleOf(block);
    const { items, runs } = arrangeRuns(schedule);
    const { stored } = schedule;
    const frame: Frame = {
      block,
      items,
      stored,
      runs,
      own: new Map(),
      scratch: new Map(),
      partials: new Map(),
      children: new Map(),
      bytes: 0,
    };
    const made = new Map<Value, number>();
    const last = new Map<Value, number>();
    items.forEach((item, at) => {
      // What runs in blocks lives as long as all of the run.
      const run = runs.find((one) => one.first <= at && at <= one.last);
      const steps = item.kind === "nest" ? item.steps : [item.step];
      for (const step of steps) {
        for (const out of step.outputs) if (stored.has(out)) made.set(out, run?.first ?? at);
        for (const input of step.inputs) last.set(baseOf(input), run?.last ?? at);
      }
    });
    for (const out of block.outputs) last.set(out, items.length);
    const leases: Lease[] = [];
    const place: ((offset: number) => void)[] = [];
    const lease = (bytes: number, from: number, to: number, then: (offset: number) => void): void => {
      leases.push({ bytes, from, to });
      place.push(then);
    };
    let small = 0;
    for (const [x, from] of made) {
      if (given.has(x)) continue;
      const bytes = sizeInBytes(x);
      if (bytes <= alignment) {
        frame.own.set(x, small);
        small += alignment;
      } else lease(bytes, from, last.get(x) ?? from, (offset) => frame.own.set(x, offset));
    }
    items.forEach((item, at) => {
      const bytes = item.kind === "nest" ? 0 : this.#scratchOf(item.step, frame);
      if (bytes > 0) lease(bytes, at, at, (offset) => frame.scratch.set(item, offset));
    });
    for (const { first, last: end } of runs) {
      for (const item of items.slice(first, end + 1)) {
        if (item.kind !== "nest") continue;
        for (const step of item.steps) {
          if (step.kind === "elementwise" || !nestAxes(step).reduced[0]) continue;
          const out = step.outputs[0]!;
          lease(sizeInBytes(out), first, end, (offset) => frame.partials.set(out, offset));
        }
      }
    }
    const planned = planLeases(leases);
    planned.offsets.forEach((offset, i) => place[i]!(small + offset));
    frame.bytes = small + planned.bytes;
    return frame;
  }

  /** Bytes an item needs while it runs: scratch of programs, panels of products, everything inside nested blocks. */
  #scratchOf(step: Exclude<Item, { kind: "nest" }>["step"], frame: Frame): number {
    switch (step.kind) {
      case "program":
        return scratchBytes(step.lowered);
      case "movement":
        return 0;
      case "contraction":
        return this.#productScratch(step).bytes;
      case "choose":
        return this.#nested(frame, [step.onTrue, step.onFalse], (block) => new Set(block.outputs));
      case "scan":
        return this.#nested(frame, [step.body], (block) => new Set(block.outputs.slice(step.carries)));
      case "repeat":
        return this.#nested(frame, [step.condition, step.body], () => new Set());
    }
  }

  #nested(frame: Frame, blocks: readonly Block[], given: (block: Block) => ReadonlySet<Value>): number {
    let bytes = 0;
    for (const block of blocks) {
      const child = this.#frame(block, given(block));
      frame.children.set(block, child);
      bytes += Math.ceil(child.bytes / alignment) * alignment;
    }
    return Math.max(bytes, alignment);
  }

  /** Gives the values of a frame their places from an offset on. */
  #place(frame: Frame, origin: number): void {
    for (const [x, offset] of frame.own) {
      this.#places.set(x, { base: "base", offset: origin + offset });
      this.#plan.push(`${describeValue(x)} at ${origin + offset}, ${sizeInBytes(x)} bytes`);
    }
    for (const [x, offset] of frame.partials) frame.partials.set(x, origin + offset);
    for (const item of frame.items) {
      if (item.kind === "nest") continue;
      let at = origin + (frame.scratch.get(item) ?? 0);
      if (frame.scratch.has(item)) frame.scratch.set(item, at);
      const { step } = item;
      const blocks =
        step.kind === "choose"
          ? [step.onTrue, step.onFalse]
          : step.kind === "scan"
            ? [step.body]
            : step.kind === "repeat"
              ? [step.condition, step.body]
              : [];
      for (const block of blocks) {
        const child = frame.children.get(block)!;
        this.#place(child, at);
        at += Math.ceil(child.bytes / alignment) * alignment;
      }
    }
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
          this.#product(step, scratch);
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

  /** Nests over the same rows, a block of rows at a time; then the rows that are left. */
  #run(frame: Frame, { first, last, rows, block }: Run): void {
    const { emit } = this.#writer;
    const nests = frame.items.slice(first, last + 1) as Nest[];
    const all = nests.map((nest) => loopsOf(nest, frame.stored, (x) => this.#placeOf(x)));
    const outputs = new Map(nests.flatMap((nest, i) => rowSums(all[i]!).map((root, k) => [root, rowSteps(nest)[k]!.outputs[0]!] as const)));
    const partial = (root: Reduce): Place => ({ base: "base", offset: frame.partials.get(outputs.get(root)!)! });
    for (const loops of all)
      for (const root of rowSums(loops)) this.#nest("clear", partialLoops(loops, root, undefined), "clear a sum over rows");
    const turn = (size: number, row: number): void =>
      nests.forEach((nest, i) => {
        const loops = all[i]!;
        this.#nest("block", blockOfRows(loops, size, partial), describeSteps(nest.steps), row);
        for (const root of rowSums(loops)) this.#nest("join", partialLoops(loops, root, partial(root)), "add a block's sum");
      });
    const row = this.#writer.local("i32");
    const whole = Math.floor(rows / block) * block;
    this.#loops.push(`${rows} rows, ${block} at a time`);
    emit("i32.const", 0);
    emit("local.set", row);
    this.#writer.loop((again) => {
      turn(block, row);
      emit("local.get", row);
      emit("i32.const", block);
      emit("i32.add");
      emit("local.tee", row);
      emit("i32.const", whole);
      emit("i32.lt_s");
      this.#writer.branchIf(again);
    });
    if (whole < rows) turn(rows - whole, row);
    this.#loops.push("end");
  }

  /** `row` is the local that says where a block begins. */
  #nest(stem: string, loops: Loops, what: string, row?: number): void {
    const name = this.#needs.name(stem);
    const { code, bases, byRows } = nestFunction(name, loops, this.#needs, this.#options);
    this.#needs.add(code);
    for (const base of bases) this.#writer.emit("local.get", this.#bases.get(base)!);
    if (byRows) this.#writer.emit("local.get", row!);
    this.#writer.emit("call", name);
    this.#loops.push(`${name}: [${loops.sizes.join(", ")}] ${loops.precision} ${what}`);
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
    this.#loops.push(`${name}: ${step.op.name}(${step.inputs.map(describeValue).join(", ")})`);
  }

  /** A fill, then a copy or a sum into the output for each segment. */
  #movement(step: MovementStep): void {
    const { movement, inputs, outputs } = step;
    const out = outputs[0]!;
    const access = { place: this.#placeOf(out), dtype: out.dtype, offset: 0, strides: stridesOf(out.shape) };
    const fill = movement.fill ?? (movement.accumulate ? 0 : null);
    if (fill !== null) this.#nest("fill", copyLoops(out.shape, fill, access), `fill ${describeValue(out)}`);
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

  /** Bytes and offsets of what a product needs: gathered operands, panels, and an output of its own where the real one has no rows. */
  #productScratch(step: ContractionStep): ProductScratch {
    const out = step.outputs[0]!;
    const precision = out.dtype === "float64" ? "f64" : "f32";
    const code = this.#productsOf(precision);
    const plan = planOf(step);
    const bytes = bytesOf[out.dtype];
    let end = 0;
    const reserve = (wanted: number): number => {
      const at = end;
      end += Math.ceil(wanted / alignment) * alignment;
      return at;
    };
    const [x, y] = step.inputs as [Value, Value];
    const sizeOfLabels = (labels: readonly string[]): number => labels.reduce((product, label) => product * labelSize(step, label), 1);
    const [m, n, k] = [sizeOfLabels(plan.rows), sizeOfLabels(plan.columns), sizeOfLabels(plan.inner)];
    const gather = (operand: MatrixOperand, value: Value): number | undefined =>
      operand.across === undefined || operand.along === undefined || value.source.kind === "uniform"
        ? reserve(sizeInBytes(value))
        : undefined;
    const leftGathered = gather(plan.left, plan.swapped ? y : x);
    const rightGathered = gather(plan.right, plan.swapped ? x : y);
    const outGathered = plan.out.across === undefined || plan.out.along?.stride !== 1 ? reserve(sizeInBytes(out)) : undefined;
    const left = reserve(code.leftBytes(m, k));
    const right = reserve(code.rightBytes(n, k));
    return { plan, precision, code, m, n, k, bytes: end, entryBytes: bytes, leftGathered, rightGathered, outGathered, left, right };
  }

  #product(step: ContractionStep, scratch: number): void {
    const p = this.#productScratch(step);
    const { plan, code, m, n, k } = p;
    const out = step.outputs[0]!;
    const [x, y] = step.inputs as [Value, Value];
    const [first, second] = plan.swapped ? [y, x] : [x, y];
    const [firstLabels, secondLabels] = plan.swapped ? [step.params.y, step.params.x] : [step.params.x, step.params.y];
    const loops = plan.loopLabels;
    const left = this.#matrices(
      first,
      firstLabels,
      [...loops, ...plan.rows, ...plan.inner],
      plan.left,
      p.leftGathered,
      scratch,
      loops,
      m,
      k,
    );
    const right = this.#matrices(
      second,
      secondLabels,
      [...loops, ...plan.columns, ...plan.inner],
      plan.right,
      p.rightGathered,
      scratch,
      loops,
      n,
      k,
    );
    const outShape = [...loops, ...plan.rows, ...plan.columns];
    const dense = stridesOf(outShape.map((label) => labelSize(step, label)));
    const target =
      p.outGathered === undefined
        ? { place: this.#placeOf(out), rowStride: plan.out.across!.stride, loops: plan.out.loops }
        : { place: { base: "base", offset: scratch + p.outGathered }, rowStride: n, loops: dense.slice(0, loops.length) };
    const b = p.entryBytes;
    const counters = plan.loops.map(() => this.#writer.local("i32"));
    const { emit } = this.#writer;
    const push = (place: Place, offset: number, strides: readonly number[]): void => {
      this.#pushAddress(place, offset * b);
      strides.forEach((stride, i) => {
        if (stride === 0) return;
        emit("local.get", counters[i]!);
        emit("i32.const", stride * b);
        emit("i32.mul");
        emit("i32.add");
      });
    };
    const integers = (...values: readonly number[]): void => values.forEach((value) => emit("i32.const", value));
    const pack = (name: string, across: number, { place, operand }: Matrices, to: number): void => {
      integers(across, k);
      push(place, operand.offset, operand.loops);
      integers(operand.across!.stride * b, operand.along!.stride * b);
      this.#pushAddress({ base: "base", offset: scratch + to });
      emit("call", name);
    };
    const still = (operand: MatrixOperand): boolean => operand.loops.every((stride) => stride === 0);
    const packLeft = (): void => pack(code.packLeft, m, left, p.left);
    const packRight = (): void => pack(code.packRight, n, right, p.right);
    if (still(left.operand)) packLeft();
    if (still(right.operand)) packRight();
    this.#counted(plan.loops, counters, () => {
      if (!still(left.operand)) packLeft();
      if (!still(right.operand)) packRight();
      integers(m, n, k);
      this.#pushAddress({ base: "base", offset: scratch + p.left });
      this.#pushAddress({ base: "base", offset: scratch + p.right });
      push(target.place, 0, target.loops);
      integers(target.rowStride * b, 0);
      emit("call", code.product);
    });
    this.#loops.push(
      `${code.product}: ${plan.loops.join("×")}${plan.loops.length > 0 ? "×" : ""}[${m}, ${k}]·[${k}, ${n}] contract ${step.params.x},${step.params.y}->${step.params.out}`,
    );
    if (p.outGathered !== undefined) {
      const strides = [...step.params.out].map((label) => dense[outShape.indexOf(label)]!);
      const from = { place: target.place, dtype: out.dtype, offset: 0, strides };
      const to = { place: this.#placeOf(out), dtype: out.dtype, offset: 0, strides: stridesOf(out.shape) };
      this.#nest("move", copyLoops(out.shape, from, to), "permute a product");
    }
    if (step.params.strongZero !== undefined) this.#correctNaN(step, p.precision);
  }

  /** Where an exact zero of the cotangent met an infinity or a NaN, the product is summed again with strong zeros. */
  #correctNaN(step: ContractionStep, precision: Precision): void {
    const out = step.outputs[0]!;
    const name = `hasNaN_${precision}`;
    if (!this.#needs.has(name)) this.#needs.add(hasNaN(name, precision));
    this.#pushAddress(this.#placeOf(out));
    this.#writer.emit("i32.const", sizeOf(out.shape));
    this.#writer.emit("call", name);
    this.#writer.when(() =>
      this.#nest(
        "sum",
        summationLoops(step, precision, (x) => this.#placeOf(x)),
        "the product again, where it has NaN",
      ),
    );
  }

  /** An operand in place, or gathered into scratch where its labels do not lie together. */
  #matrices(
    x: Value,
    labels: string,
    order: readonly string[],
    operand: MatrixOperand,
    gathered: number | undefined,
    scratch: number,
    loops: readonly string[],
    across: number,
    along: number,
  ): Matrices {
    if (gathered === undefined) return { place: this.#placeOf(x), operand };
    const own = order.filter((label) => labels.includes(label));
    const sizes = own.map((label) => x.shape[labels.indexOf(label)]!);
    const view = viewInto(x);
    const place = { base: "base", offset: scratch + gathered };
    const strides = stridesOf(sizes);
    const from =
      x.source.kind === "uniform"
        ? x.source.number
        : {
            place: this.#placeOf(x),
            dtype: x.dtype,
            offset: view.offset,
            strides: own.map((label) => view.strides[labels.indexOf(label)]!),
          };
    this.#nest("gather", copyLoops(sizes, from, { place, dtype: x.dtype, offset: 0, strides }), "gather an operand");
    return {
      place,
      operand: {
        offset: 0,
        across: { size: across, stride: along },
        along: { size: along, stride: 1 },
        loops: loops.map((label) => (own.includes(label) ? strides[own.indexOf(label)]! : 0)),
      },
    };
  }

  /** Nested loops whose counters are in locals. */
  #counted(sizes: readonly number[], counters: readonly number[], body: () => void): void {
    const { emit } = this.#writer;
    const level = (axis: number): void => {
      if (axis === sizes.length) {
        body();
        return;
      }
      if (sizes[axis] === 0) return;
      emit("i32.const", 0);
      emit("local.set", counters[axis]!);
      this.#writer.loop((again) => {
        level(axis + 1);
        emit("local.get", counters[axis]!);
        emit("i32.const", 1);
        emit("i32.add");
        emit("local.tee", counters[axis]!);
        emit("i32.const", sizes[axis]!);
        emit("i32.lt_s");
        this.#writer.branchIf(again);
      });
    };
    level(0);
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
    this.#loops.push("if");
    this.#pushTruth(predicate);
    this.#writer.when(
      () => branch(step.onTrue),
      () => {
        this.#loops.push("else");
        branch(step.onFalse);
      },
    );
    this.#loops.push("end");
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
    this.#loops.push(`loop ${length} times${reverse ? ", backwards" : ""}`);
    this.#counted([length], [this.#writer.local("i32")], () => {
      this.#items(frame.children.get(body)!);
      for (let i = 0; i < carries; i++) this.#copyValue(body.outputs[i]!, outputs[i]!);
      for (const { local, bytes } of pointers) {
        if (bytes === 0) continue;
        emit("local.get", local);
        emit("i32.const", bytes);
        emit("i32.add");
        emit("local.set", local);
      }
    });
    this.#loops.push("end");
  }

  #repeat(step: RepeatStep, frame: Frame): void {
    const { condition, body, carries, limit, inputs, outputs } = step;
    const { emit } = this.#writer;
    for (let i = 0; i < carries; i++) this.#copyValue(inputs[i]!, outputs[i]!);
    for (const block of [condition, body]) block.inputs.forEach((x, i) => this.#alias(x, i < carries ? outputs[i]! : inputs[i]!));
    const steps = this.#writer.local("i32");
    emit("i32.const", 0);
    emit("local.set", steps);
    this.#loops.push("while");
    this.#writer.block((exit: Label) =>
      this.#writer.loop((again) => {
        this.#items(frame.children.get(condition)!);
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
        this.#items(frame.children.get(body)!);
        for (let i = 0; i < carries; i++) this.#copyValue(body.outputs[i]!, outputs[i]!);
        this.#writer.branch(again);
      }),
    );
    this.#loops.push("end");
  }
}

/** The steps of a nest that add rows up, in the order of their roots. */
const rowSteps = ({ steps }: Nest): NestStep[] => steps.filter((step) => step.kind !== "elementwise" && nestAxes(step).reduced[0]);

interface Matrices {
  readonly place: Place;
  readonly operand: MatrixOperand;
}

interface ProductScratch {
  readonly plan: ProductPlan;
  readonly precision: Precision;
  readonly code: ProductFunctions;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly bytes: number;
  readonly entryBytes: number;
  readonly leftGathered: number | undefined;
  readonly rightGathered: number | undefined;
  readonly outGathered: number | undefined;
  readonly left: number;
  readonly right: number;
}

const labelSize = ({ params, inputs }: ContractionStep, label: string): number =>
  params.x.includes(label) ? inputs[0]!.shape[params.x.indexOf(label)]! : inputs[1]!.shape[params.y.indexOf(label)]!;

function planOf({ params, inputs, outputs }: ContractionStep): ProductPlan {
  const [x, y] = inputs as [Value, Value];
  const out = outputs[0]!;
  return planProduct(
    params,
    { shape: x.shape, view: viewInto(x) },
    { shape: y.shape, view: viewInto(y) },
    { shape: out.shape, view: { offset: 0, strides: stridesOf(out.shape) } },
  );
}

/** Bytes of a program's scratch for these integers, each buffer rounded up to eight. */
function scratchBytes({ program, integers }: Lowered): number {
  let bytes = 0;
  for (const buffer of program.buffers) {
    if (buffer.role !== "scratch") continue;
    const length = interpretExpression(program.integers, buffer.length!, real)(integers);
    bytes += Math.ceil((length * (buffer.type === "float" ? 8 : buffer.type === "int" ? 4 : 1)) / 8) * 8;
  }
  return bytes;
}

/** `(address, count)`: whether any of so many entries is NaN; looks at whole vectors, then at the entries left. */
function hasNaN(name: string, precision: Precision): FunctionCode {
  const bytes = precision === "f64" ? 8 : 4;
  const lanes = 16 / bytes;
  const writer = writeFunction(name, ["i32", "i32"], ["i32"]);
  const { emit } = writer;
  const seen = writer.local("v128");
  const step = (type: string, load: string, count: number, note: () => void): void =>
    writer.block((exit) =>
      writer.loop((again) => {
        emit("local.get", 1);
        emit("i32.const", count);
        emit("i32.lt_s");
        writer.branchIf(exit);
        emit("local.get", 0);
        emit(load, 0);
        emit("local.get", 0);
        emit(load, 0);
        emit(`${type}.ne`);
        note();
        emit("local.get", 0);
        emit("i32.const", bytes * count);
        emit("i32.add");
        emit("local.set", 0);
        emit("local.get", 1);
        emit("i32.const", count);
        emit("i32.sub");
        emit("local.set", 1);
        writer.branch(again);
      }),
    );
  step(precision === "f64" ? "f64x2" : "f32x4", "v128.load", lanes, () => {
    emit("local.get", seen);
    emit("v128.or");
    emit("local.set", seen);
  });
  step(precision, `${precision}.load`, 1, () => {
    emit("i32x4.splat");
    emit("local.get", seen);
    emit("v128.or");
    emit("local.set", seen);
  });
  emit("local.get", seen);
  emit("v128.any_true");
  return writer.finish();
}

const describeValue = (x: Value): string => `${x.dtype}[${x.shape.join(", ")}]`;
