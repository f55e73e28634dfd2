/**
 * One product of two values as code: operands packed from where they lie, matrices multiplied for all labels of both, the result put where it belongs.
 * It knows labels, panels and addresses; it knows neither when a product runs nor who reads it.
 */
import { sizeOf, stridesOf } from "@cotangent/core/engine";
import type { FunctionWriter } from "../assembly/function.ts";
import { leadingAxes, leadingEntry, walkAsOne } from "../leading.ts";
import { blockOfRows, copyLoops, type Loops, type Place, summationLoops } from "../loops.ts";
import type { Needs } from "../needs.ts";
import type { ContractionStep, Value } from "../values.ts";
import { labelSize, type MatrixOperand } from "./contraction.ts";
import { add, count, digit, emit, integer, letInteger, type Operand, repeatBelow, sub, times } from "./integers.ts";
import { layoutOf } from "./kernel.ts";
import { type Axis, offsetTable } from "./offsets.ts";
import type { Packers } from "./product.ts";
import { hasNaN, type ProductScratch, type SideScratch } from "./scratch.ts";

/** The function that a product is written into, and what is around it. */
export interface Site {
  readonly writer: FunctionWriter;
  readonly needs: Needs;
  readonly placeOf: (x: Value) => Place;
  /** Leaves the address of a place, and so many bytes, on the stack. */
  readonly pushAddress: (place: Place, extra?: number) => void;
  /** `row` is the local that says where a block of rows begins. */
  readonly nest: (stem: string, loops: Loops, what: string, row?: number) => void;
  /** A nest that hardly ever runs. */
  readonly lateNest: (stem: string, loops: Loops, what: string, row?: number) => void;
  /** Where a table is that never changes. */
  readonly table: (entries: Int32Array) => Place;
  /** A line of the listing of what runs. */
  readonly say: (line: string) => void;
}

/** So many rows from the one that a local says, of `count` that the leading axes of the result make together. */
export interface RowBlock {
  readonly first: number;
  readonly rows: number;
  readonly count: number;
}

/** A product in three parts, to be written in this order; the third may be written several times or in a loop, for other rows each time. */
export interface ProductCode {
  /** Packs what no turn of the loop around changes: to be written before that loop. */
  readonly prepare: () => void;
  /** Packs what is the same for every block. */
  readonly begin: () => void;
  /** All of the result, or a block of rows that `rowsOf` finds it to have; corrected where a strong zero met an infinity or a NaN. */
  readonly multiply: (block?: RowBlock) => void;
}

/** In bytes from the base of the program. */
export interface ProductPlaces {
  readonly scratch: number;
  /** What is kept for all turns of a loop. */
  readonly kept: number;
}

/** The code of a product whose scratch lies there. */
export function productCode(step: ContractionStep, scratch: ProductScratch, at: ProductPlaces, site: Site): ProductCode {
  const writer = new ProductWriter(step, scratch, at, site);
  return {
    prepare: () => writer.prepare(),
    begin: () => writer.begin(),
    multiply: (block) => writer.multiply(block),
  };
}

/** A block of rows as this product has it. */
interface Cut extends RowBlock {
  /** Leading axes of the result that make its rows. */
  readonly axes: number;
  /** How many of the outermost loops they are; none where they are rows of the matrices. */
  readonly loops: number;
  /** Rows of the matrices that a block has, and how many of them one of its rows is. */
  readonly height: number;
  readonly unit: number;
}

/** A side of the product as matrices in memory. */
interface Side {
  readonly value: Value;
  readonly place: Place;
  readonly operand: MatrixOperand;
  /** Entries across. */
  readonly entries: number;
  readonly panels: Place;
  readonly packers: Packers;
  /** The same for all loop labels. */
  readonly still: boolean;
  /** Packed before the loop around. */
  readonly kept: boolean;
}

/** A counter and how many bytes an address moves with each of its steps. */
type Turn = readonly [counter: Operand, bytes: number];

/** Shorter runs along are packed by tables rather than by a call each. */
const shortestRun = 32;
/** A table of offsets along has no more entries, where the rest can be looped over. */
const longestTable = 2048;

class ProductWriter {
  readonly #step: ContractionStep;
  readonly #p: ProductScratch;
  readonly #at: ProductPlaces;
  readonly #site: Site;
  readonly #left: Side;
  readonly #right: Side;
  /** Strides, in entries, of what the product is written into. */
  readonly #target: { readonly place: Place; readonly rowStride: number; readonly loops: readonly number[] };

  constructor(step: ContractionStep, p: ProductScratch, at: ProductPlaces, site: Site) {
    this.#step = step;
    this.#p = p;
    this.#at = at;
    this.#site = site;
    const { plan, code } = p;
    const [x, y] = step.inputs as [Value, Value];
    const [first, second] = plan.swapped ? [y, x] : [x, y];
    this.#left = this.#side(first, plan.left, p.m, p.left, code.packLeft);
    this.#right = this.#side(second, plan.right, p.n, p.right, code.packRight);
    const inPlace = p.outGathered === undefined;
    this.#target = inPlace
      ? { place: site.placeOf(step.outputs[0]!), rowStride: plan.out.across[0]!.stride, loops: plan.out.loops }
      : { place: this.#own(p.outGathered), rowStride: p.n, loops: this.#resultStrides().slice(0, plan.loops.length) };
  }

  #side(value: Value, operand: MatrixOperand, entries: number, { panels, number, kept }: SideScratch, packers: Packers): Side {
    const place = number === undefined ? this.#site.placeOf(value) : this.#own(number);
    const still = operand.loops.every((stride) => stride === 0);
    const packed: Place = kept ? { base: "base", offset: this.#at.kept + panels } : this.#own(panels);
    return { value, place, operand, entries, panels: packed, packers, still, kept };
  }

  prepare(): void {
    for (const side of [this.#left, this.#right]) {
      if (!side.kept) continue;
      this.#storeNumber(side);
      this.#pack(side, [], undefined);
    }
  }

  begin(): void {
    for (const side of [this.#left, this.#right]) if (!side.kept) this.#storeNumber(side);
    if (this.#right.still && !this.#right.kept) this.#pack(this.#right, [], undefined);
    if (this.#leftFirst) this.#pack(this.#left, [], undefined);
  }

  multiply(block?: RowBlock): void {
    const { m, n, k, code } = this.#p;
    const cut = block === undefined ? undefined : this.#cut(block);
    this.#eachMatrix(cut, (counters) => {
      if (!this.#leftFirst) this.#pack(this.#left, counters, cut);
      if (!this.#right.still) this.#pack(this.#right, counters, cut);
      this.#integers(cut?.height ?? m, n, k);
      this.#site.pushAddress(this.#left.panels);
      this.#site.pushAddress(this.#right.panels);
      const { place, loops, rowStride } = this.#target;
      this.#push(place, 0, [...this.#turns(place, counters, loops, cut), ...this.#rowTurns(place, rowStride, cut)]);
      this.#integers(rowStride * this.#p.entryBytes, 0);
      this.#site.writer.emit("call", code.product);
    });
    this.#site.say(this.#describe(cut));
    if (this.#p.outGathered !== undefined) this.#permute();
    if (this.#step.params.strongZero !== undefined) this.#correctNaN(cut);
  }

  /** What a block is of this product: turns of its outermost loops, or rows of its matrices. */
  #cut(block: RowBlock): Cut {
    const { plan, m } = this.#p;
    if (plan.loops.length > 0) {
      const axes = leadingAxes(plan.loops, block.count);
      return { ...block, axes, loops: axes, height: m, unit: 1 };
    }
    const unit = m / block.count;
    return { ...block, axes: leadingAxes(this.#step.outputs[0]!.shape, block.count), loops: 0, height: block.rows * unit, unit };
  }

  /** Whether the left operand is packed once for all matrices. */
  get #leftFirst(): boolean {
    return this.#left.still && this.#p.plan.loops.length > 0;
  }

  #own(offset: number): Place {
    return { base: "base", offset: this.#at.scratch + offset };
  }

  #integers(...values: readonly number[]): void {
    for (const value of values) this.#site.writer.emit("i32.const", value);
  }

  /** Writes the number that is every entry of an operand to the one place where all are read. */
  #storeNumber({ value: { source }, place }: Side): void {
    if (source.kind !== "uniform") return;
    const { writer, pushAddress } = this.#site;
    pushAddress(place);
    writer.emit(`${this.#p.precision}.const`, source.number);
    writer.emit(`${this.#p.precision}.store`, 0);
  }

  /** Packs a side for these loop labels: all that lies across, or a block of the rows. */
  #pack(side: Side, counters: readonly number[], cut: Cut | undefined): void {
    const { across, along } = side.operand;
    const inner = along[along.length - 1]!;
    if (across.length === 1 && (along.length === 1 || inner.size >= shortestRun)) this.#packRuns(side, counters, cut);
    else this.#packByTables(side, counters, cut);
  }

  /** Axes of one stride each: a call for every run along. */
  #packRuns(side: Side, counters: readonly number[], cut: Cut | undefined): void {
    const { entryBytes } = this.#p;
    const { across, along } = side.operand;
    const [rows, inner] = [across[0]!, along[along.length - 1]!];
    const height = this.#heightOf(side, cut);
    const turns = [
      ...this.#turns(side.place, counters, side.operand.loops, cut),
      ...(height === undefined ? [] : this.#rowTurns(side.place, rows.stride, cut)),
    ];
    this.#eachRun(along.slice(0, -1), inner.size, (source, steps) => {
      this.#integers(height ?? side.entries, inner.size);
      this.#push(side.place, side.operand.offset, [...turns, ...source]);
      this.#integers(rows.stride * entryBytes, inner.stride * entryBytes);
      this.#callPacker(side, side.packers.strided, steps);
    });
  }

  /** Axes of several strides: offsets from tables, the outermost axes along looped over where a table would be long. */
  #packByTables(side: Side, counters: readonly number[], cut: Cut | undefined): void {
    const { entryBytes, precision } = this.#p;
    const { across, along } = side.operand;
    const lengthFrom = (axis: number): number => along.slice(axis).reduce((length, { size }) => length * size, 1);
    let looped = 0;
    while (looped < along.length - 1 && lengthFrom(looped) > longestTable) looped++;
    const rowTable = this.#site.table(offsetTable(across, entryBytes, side.packers.width));
    const stepTable = this.#site.table(offsetTable(along.slice(looped), entryBytes, layoutOf(precision).lanes));
    const height = this.#heightOf(side, cut);
    const turns = this.#turns(side.place, counters, side.operand.loops, cut);
    const rowTurns: Turn[] = height === undefined || side.place.passing ? [] : [[cut!.first, cut!.unit * 4]];
    this.#eachRun(along.slice(0, looped), lengthFrom(looped), (source, steps) => {
      this.#integers(height ?? side.entries, lengthFrom(looped));
      this.#push(side.place, side.operand.offset, [...turns, ...source]);
      this.#push(rowTable, 0, rowTurns);
      this.#site.pushAddress(stepTable);
      this.#callPacker(side, side.packers.offsets, steps);
    });
  }

  /** Runs the body for every place of some axes along: with how the source moves, and how many steps along lie before. */
  #eachRun(axes: readonly Axis[], run: number, body: (source: readonly Turn[], steps: readonly Turn[]) => void): void {
    const { writer } = this.#site;
    const level = (axis: number, source: readonly Turn[], steps: readonly Turn[]): void => {
      if (axis === axes.length) {
        body(source, steps);
        return;
      }
      const before = axes.slice(axis + 1).reduce((length, { size }) => length * size, run);
      count(writer, integer(axes[axis]!.size), integer(1), (counter) =>
        level(axis + 1, [...source, [counter, axes[axis]!.stride * this.#p.entryBytes]], [...steps, [counter, before]]),
      );
    };
    level(0, [], []);
  }

  /** Calls a function that packs, once its source is on the stack: to where the panels of a side are at these steps along. */
  #callPacker({ panels, packers }: Side, name: string, steps: readonly Turn[]): void {
    const stepBytes = packers.width * this.#p.entryBytes;
    this.#push(
      panels,
      0,
      steps.map(([counter, before]) => [counter, before * stepBytes]),
    );
    this.#integers(this.#p.k * stepBytes);
    this.#site.writer.emit("call", name);
  }

  /** How many entries across a side a block has, where it cuts that side. */
  #heightOf(side: Side, cut: Cut | undefined): number | undefined {
    return side === this.#left && cut?.loops === 0 ? cut.height : undefined;
  }

  /** How an address moves with the loop labels, of which a block's are one counter; strides are in entries. */
  #turns(place: Place, counters: readonly number[], strides: readonly number[], cut: Cut | undefined): Turn[] {
    const { entryBytes, plan } = this.#p;
    const loops = cut?.loops ?? 0;
    const inner = (loops > 0 ? counters.slice(1) : counters).map((counter, i): Turn => [counter, strides[loops + i]! * entryBytes]);
    if (loops === 0) return inner;
    const counter = counters[0]!;
    if (walkAsOne(plan.loops, strides, loops)) {
      const stride = leadingEntry(plan.loops, strides, loops);
      return [[place.passing ? sub(counter, cut!.first) : counter, stride * entryBytes], ...inner];
    }
    const sizes = plan.loops.slice(0, loops);
    return [...sizes.map((_, axis): Turn => [digit(counter, sizes, axis), strides[axis]! * entryBytes]), ...inner];
  }

  /** How an address moves to where a block of rows of the matrices begins. */
  #rowTurns(place: Place, stride: number, cut: Cut | undefined): Turn[] {
    if (cut === undefined || cut.loops > 0 || place.passing) return [];
    return [[cut.first, cut.unit * stride * this.#p.entryBytes]];
  }

  /** Leaves an address on the stack, an offset in entries and turns past a place. */
  #push(place: Place, offset: number, turns: readonly Turn[]): void {
    this.#site.pushAddress(place, offset * this.#p.entryBytes);
    for (const [counter, bytes] of turns) if (bytes !== 0) emit(this.#site.writer, times(counter, bytes), [["i32.add"]]);
  }

  /** Runs the body for all loop labels, or for those of a block, which are one counter. */
  #eachMatrix(cut: Cut | undefined, body: (counters: readonly number[]) => void): void {
    const { writer } = this.#site;
    const { loops } = this.#p.plan;
    const level = (axis: number, counters: readonly number[]): void => {
      if (axis === loops.length) body(counters);
      else count(writer, integer(loops[axis]!), integer(1), (counter) => level(axis + 1, [...counters, counter]));
    };
    if (cut === undefined || cut.loops === 0) {
      level(0, []);
      return;
    }
    const counter = letInteger(writer, cut.first);
    const end = letInteger(writer, add(cut.first, integer(cut.rows)));
    repeatBelow(writer, counter, end, integer(1), () => level(cut.loops, [counter]));
  }

  /** The labels of the result as the product leaves them. */
  get #resultLabels(): readonly string[] {
    const { loopLabels, rows, columns } = this.#p.plan;
    return [...loopLabels, ...rows, ...columns];
  }

  #resultStrides(): readonly number[] {
    return stridesOf(this.#resultLabels.map((label) => labelSize(this.#step, label)));
  }

  #permute(): void {
    const { shape, dtype } = this.#step.outputs[0]!;
    const strides = [...this.#step.params.out].map((label) => this.#resultStrides()[this.#resultLabels.indexOf(label)]!);
    const from = { place: this.#target.place, dtype, offset: 0, strides };
    const to = { place: this.#site.placeOf(this.#step.outputs[0]!), dtype, offset: 0, strides: stridesOf(shape) };
    this.#site.nest("move", copyLoops(shape, from, to), "permute a product");
  }

  /** Where an exact zero of the cotangent met an infinity or a NaN, the product is summed again with strong zeros. */
  #correctNaN(cut: Cut | undefined): void {
    const { needs, writer, placeOf, pushAddress, lateNest } = this.#site;
    const { precision, entryBytes } = this.#p;
    const out = this.#step.outputs[0]!;
    const name = `hasNaN_${precision}`;
    if (!needs.has(name)) needs.add(hasNaN(name, precision));
    const place = placeOf(out);
    const what = "the product again, where it has NaN";
    if (cut === undefined) {
      pushAddress(place);
      this.#integers(sizeOf(out.shape));
      writer.emit("call", name);
      writer.when(() => lateNest("sum", summationLoops(this.#step, precision, placeOf), what));
      return;
    }
    const rowEntries = sizeOf(out.shape) / cut.count;
    this.#push(place, 0, place.passing ? [] : [[cut.first, rowEntries * entryBytes]]);
    this.#integers(cut.rows * rowEntries);
    writer.emit("call", name);
    const loops = summationLoops(this.#step, precision, placeOf, this.#step.params.out.slice(0, cut.axes));
    writer.when(() =>
      lateNest(
        "sum",
        blockOfRows(loops, cut.axes, cut.rows, () => place),
        what,
        cut.first,
      ),
    );
  }

  #describe(cut: Cut | undefined): string {
    const { plan, code, m, n, k } = this.#p;
    const { x, y, out } = this.#step.params;
    const loops = cut === undefined || cut.loops === 0 ? plan.loops : [cut.rows, ...plan.loops.slice(cut.loops)];
    return `${code.product}: ${loops.map((size) => `${size}×`).join("")}[${cut?.height ?? m}, ${k}]·[${k}, ${n}] contract ${x},${y}->${out}`;
  }
}
