/**
 * One product of two values as code: operands packed from where they lie, matrices multiplied for all labels of both, the result put where it belongs.
 * It knows labels, panels and addresses; it knows neither when a product runs nor who reads it.
 */
import { sizeOf, stridesOf } from "@cotangent/core/engine";
import type { FunctionWriter } from "../assembly/function.ts";
import { copyLoops, type Loops, type Place, summationLoops } from "../loops.ts";
import type { Needs } from "../needs.ts";
import type { ContractionStep, Value } from "../values.ts";
import type { MatrixOperand } from "./contraction.ts";
import { add, count, emit, integer, letInteger, repeatBelow, times } from "./integers.ts";
import { layoutOf } from "./kernel.ts";
import { type Axis, offsetTable } from "./offsets.ts";
import type { Packers } from "./product.ts";
import { hasNaN, labelSize, type ProductScratch, type SideScratch } from "./scratch.ts";

/** The function that a product is written into, and what is around it. */
export interface Site {
  readonly writer: FunctionWriter;
  readonly needs: Needs;
  readonly placeOf: (x: Value) => Place;
  /** Leaves the address of a place, and so many bytes, on the stack. */
  readonly pushAddress: (place: Place, extra?: number) => void;
  readonly nest: (stem: string, loops: Loops, what: string) => void;
  /** Where a table is that never changes. */
  readonly table: (entries: Int32Array) => Place;
  /** A line of the listing of what runs. */
  readonly say: (line: string) => void;
}

/** So many rows from the one that a local says. */
export interface RowBlock {
  readonly first: number;
  readonly rows: number;
}

/** A product in three parts, to be written in this order; the second may be written several times or in a loop, for other rows each time. */
export interface ProductCode {
  /**
   * How many rows the result has that can be asked for block by block: its leading axis, which is the first label of both operands where there
   * is one, all labels of the rows together otherwise. Undefined where only the whole result can be had.
   */
  readonly rows: number | undefined;
  /** Packs what is the same for every block. */
  readonly begin: () => void;
  /** The rows of a block, or all. */
  readonly multiply: (block?: RowBlock) => void;
  /** Puts the result in order, and corrects it where a strong zero met an infinity or a NaN: it may be read only after this. */
  readonly finish: () => void;
}

/** The code of a product whose scratch begins so many bytes from the base of the program. */
export function productCode(step: ContractionStep, scratch: ProductScratch, at: number, site: Site): ProductCode {
  const writer = new ProductWriter(step, scratch, at, site);
  return {
    rows: writer.rows,
    begin: () => writer.begin(),
    multiply: (block) => writer.multiply(block),
    finish: () => writer.finish(),
  };
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
}

/** A counter and how many bytes an address moves with each of its steps. */
type Turn = readonly [counter: number, bytes: number];

/** Shorter runs along are packed by tables rather than by a call each. */
const shortestRun = 32;
/** A table of offsets along has no more entries, where the rest can be looped over. */
const longestTable = 2048;

class ProductWriter {
  readonly rows: number | undefined;
  readonly #step: ContractionStep;
  readonly #p: ProductScratch;
  readonly #at: number;
  readonly #site: Site;
  readonly #left: Side;
  readonly #right: Side;
  /** Strides, in entries, of what the product is written into. */
  readonly #target: { readonly place: Place; readonly rowStride: number; readonly loops: readonly number[] };

  constructor(step: ContractionStep, p: ProductScratch, at: number, site: Site) {
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
    this.rows = inPlace ? (plan.loops[0] ?? p.m) : undefined;
  }

  #side(value: Value, operand: MatrixOperand, entries: number, { panels, number }: SideScratch, packers: Packers): Side {
    const place = number === undefined ? this.#site.placeOf(value) : this.#own(number);
    const still = operand.loops.every((stride) => stride === 0);
    return { value, place, operand, entries, panels: this.#own(panels), packers, still };
  }

  begin(): void {
    for (const side of [this.#left, this.#right]) this.#storeNumber(side);
    if (this.#right.still) this.#pack(this.#right, []);
    if (this.#leftFirst) this.#pack(this.#left, []);
  }

  multiply(block?: RowBlock): void {
    const { plan, m, n, k, code } = this.#p;
    this.#eachMatrix(block, (counters) => {
      const rows = plan.loops.length === 0 ? block : undefined;
      if (!this.#leftFirst) this.#pack(this.#left, counters, rows);
      if (!this.#right.still) this.#pack(this.#right, counters);
      this.#integers(rows?.rows ?? m, n, k);
      this.#site.pushAddress(this.#left.panels);
      this.#site.pushAddress(this.#right.panels);
      this.#push(this.#target.place, 0, this.#turns(counters, this.#target.loops, rows, this.#target.rowStride));
      this.#integers(this.#target.rowStride * this.#p.entryBytes, 0);
      this.#site.writer.emit("call", code.product);
    });
    this.#site.say(this.#describe(block));
  }

  finish(): void {
    if (this.#p.outGathered !== undefined) this.#permute();
    if (this.#step.params.strongZero !== undefined) this.#correctNaN();
  }

  /** Whether the left operand is packed once for all matrices. */
  get #leftFirst(): boolean {
    return this.#left.still && this.#p.plan.loops.length > 0;
  }

  #own(offset: number): Place {
    return { base: "base", offset: this.#at + offset };
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

  /** Packs a side for these loop labels: all that lies across, or a block of it. */
  #pack(side: Side, counters: readonly number[], block?: RowBlock): void {
    const { across, along } = side.operand;
    const inner = along[along.length - 1]!;
    if (across.length === 1 && (along.length === 1 || inner.size >= shortestRun)) this.#packRuns(side, counters, block);
    else this.#packByTables(side, counters, block);
  }

  /** Axes of one stride each: a call for every run along. */
  #packRuns(side: Side, counters: readonly number[], block: RowBlock | undefined): void {
    const { entryBytes } = this.#p;
    const { across, along } = side.operand;
    const [rows, inner] = [across[0]!, along[along.length - 1]!];
    const turns = this.#turns(counters, side.operand.loops, block, rows.stride);
    this.#eachRun(along.slice(0, -1), inner.size, (source, steps) => {
      this.#integers(block?.rows ?? side.entries, inner.size);
      this.#push(side.place, side.operand.offset, [...turns, ...source]);
      this.#integers(rows.stride * entryBytes, inner.stride * entryBytes);
      this.#callPacker(side, side.packers.strided, steps);
    });
  }

  /** Axes of several strides: offsets from tables, the outermost axes along looped over where a table would be long. */
  #packByTables(side: Side, counters: readonly number[], block: RowBlock | undefined): void {
    const { entryBytes, precision } = this.#p;
    const { across, along } = side.operand;
    const lengthFrom = (axis: number): number => along.slice(axis).reduce((length, { size }) => length * size, 1);
    let looped = 0;
    while (looped < along.length - 1 && lengthFrom(looped) > longestTable) looped++;
    const rowTable = this.#site.table(offsetTable(across, entryBytes, side.packers.width));
    const stepTable = this.#site.table(offsetTable(along.slice(looped), entryBytes, layoutOf(precision).lanes));
    const turns = this.#turns(counters, side.operand.loops);
    this.#eachRun(along.slice(0, looped), lengthFrom(looped), (source, steps) => {
      this.#integers(block?.rows ?? side.entries, lengthFrom(looped));
      this.#push(side.place, side.operand.offset, [...turns, ...source]);
      this.#push(rowTable, 0, block === undefined ? [] : [[block.first, 4]]);
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

  /** How an address moves with the loop labels and to where a block of rows begins; strides are in entries. */
  #turns(counters: readonly number[], strides: readonly number[], block?: RowBlock, rowStride = 0): Turn[] {
    const { entryBytes } = this.#p;
    const turns = counters.map((counter, i): Turn => [counter, strides[i]! * entryBytes]);
    return block === undefined ? turns : [...turns, [block.first, rowStride * entryBytes]];
  }

  /** Leaves an address on the stack, an offset in entries and turns past a place. */
  #push(place: Place, offset: number, turns: readonly Turn[]): void {
    this.#site.pushAddress(place, offset * this.#p.entryBytes);
    for (const [counter, bytes] of turns) if (bytes !== 0) emit(this.#site.writer, times(counter, bytes), [["i32.add"]]);
  }

  /** Runs the body for all loop labels; a block is of the first. */
  #eachMatrix(block: RowBlock | undefined, body: (counters: readonly number[]) => void): void {
    const { writer } = this.#site;
    const { loops } = this.#p.plan;
    const level = (counters: readonly number[]): void => {
      const axis = counters.length;
      if (axis === loops.length) body(counters);
      else if (axis > 0 || block === undefined)
        count(writer, integer(loops[axis]!), integer(1), (counter) => level([...counters, counter]));
      else {
        const counter = letInteger(writer, block.first);
        const end = letInteger(writer, add(block.first, integer(block.rows)));
        repeatBelow(writer, counter, end, integer(1), () => level([counter]));
      }
    };
    level([]);
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
  #correctNaN(): void {
    const { needs, writer, placeOf, pushAddress, nest } = this.#site;
    const { precision } = this.#p;
    const out = this.#step.outputs[0]!;
    const name = `hasNaN_${precision}`;
    if (!needs.has(name)) needs.add(hasNaN(name, precision));
    pushAddress(placeOf(out));
    writer.emit("i32.const", sizeOf(out.shape));
    writer.emit("call", name);
    writer.when(() => nest("sum", summationLoops(this.#step, precision, placeOf), "the product again, where it has NaN"));
  }

  #describe(block: RowBlock | undefined): string {
    const { plan, code, m, n, k } = this.#p;
    const { x, y, out } = this.#step.params;
    const sizes = plan.loops.length === 0 ? [block?.rows ?? m] : [block?.rows ?? plan.loops[0]!, ...plan.loops.slice(1), m];
    const matrices = sizes.slice(0, -1).map((size) => `${size}×`);
    return `${code.product}: ${matrices.join("")}[${sizes[sizes.length - 1]}, ${k}]·[${k}, ${n}] contract ${x},${y}->${out}`;
  }
}
