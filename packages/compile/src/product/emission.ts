/**
 * One product of two values as code: operands gathered and packed, matrices multiplied for all labels of both, the result put where it belongs.
 * It knows labels, panels and addresses; it knows neither when a product runs nor who reads it.
 */
import { sizeOf, stridesOf } from "@cotangent/core/engine";
import type { FunctionWriter } from "../assembly/function.ts";
import { copyLoops, type Loops, type Place, summationLoops } from "../loops.ts";
import type { Needs } from "../needs.ts";
import { type ContractionStep, type Value, viewInto } from "../values.ts";
import type { MatrixOperand } from "./contraction.ts";
import { add, count, emit, integer, letInteger, repeatBelow, times } from "./integers.ts";
import { hasNaN, labelSize, type ProductScratch } from "./scratch.ts";

/** The function that a product is written into, and what is around it. */
export interface Site {
  readonly writer: FunctionWriter;
  readonly needs: Needs;
  readonly placeOf: (x: Value) => Place;
  /** Leaves the address of a place, and so many bytes, on the stack. */
  readonly pushAddress: (place: Place, extra?: number) => void;
  readonly nest: (stem: string, loops: Loops, what: string) => void;
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
  /** Gathers what has to be, and packs what is the same for every block. */
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
  readonly place: Place;
  readonly operand: MatrixOperand;
  /** Entries across, and where the panels go. */
  readonly across: number;
  readonly panels: Place;
  readonly pack: string;
  /** The same for all loop labels. */
  readonly still: boolean;
}

/** Where an operand is gathered from and to. */
interface Gathering {
  readonly value: Value;
  readonly labels: string;
  /** Labels in the order in which the gathered entries lie. */
  readonly order: readonly string[];
  readonly place: Place;
}

class ProductWriter {
  readonly rows: number | undefined;
  readonly #step: ContractionStep;
  readonly #p: ProductScratch;
  readonly #at: number;
  readonly #site: Site;
  readonly #gatherings: Gathering[] = [];
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
    const [firstLabels, secondLabels] = plan.swapped ? [step.params.y, step.params.x] : [step.params.x, step.params.y];
    const leftOrder = [...plan.loopLabels, ...plan.rows, ...plan.inner];
    const rightOrder = [...plan.loopLabels, ...plan.columns, ...plan.inner];
    const left = this.#matrices(first, firstLabels, leftOrder, plan.left, p.leftGathered, p.m);
    const right = this.#matrices(second, secondLabels, rightOrder, plan.right, p.rightGathered, p.n);
    this.#left = { ...left, across: p.m, panels: this.#own(p.left), pack: code.packLeft };
    this.#right = { ...right, across: p.n, panels: this.#own(p.right), pack: code.packRight };
    const inPlace = p.outGathered === undefined;
    this.#target = inPlace
      ? { place: site.placeOf(step.outputs[0]!), rowStride: plan.out.across!.stride, loops: plan.out.loops }
      : { place: this.#own(p.outGathered), rowStride: p.n, loops: this.#resultStrides().slice(0, plan.loops.length) };
    this.rows = inPlace ? (plan.loops[0] ?? p.m) : undefined;
  }

  begin(): void {
    for (const gathering of this.#gatherings) this.#gather(gathering);
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
      this.#push(this.#target.place, 0, this.#target.loops, counters);
      this.#addRows(this.#target.rowStride, rows);
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

  /** An operand in place, or where it will be gathered because its labels do not lie together. */
  #matrices(
    value: Value,
    labels: string,
    order: readonly string[],
    operand: MatrixOperand,
    gathered: number | undefined,
    across: number,
  ): Pick<Side, "place" | "operand" | "still"> {
    const isStill = (strides: readonly number[]): boolean => strides.every((stride) => stride === 0);
    if (gathered === undefined) return { place: this.#site.placeOf(value), operand, still: isStill(operand.loops) };
    const own = order.filter((label) => labels.includes(label));
    const strides = stridesOf(own.map((label) => labelSize(this.#step, label)));
    const loops = this.#p.plan.loopLabels.map((label) => (own.includes(label) ? strides[own.indexOf(label)]! : 0));
    const { k } = this.#p;
    const place = this.#own(gathered);
    this.#gatherings.push({ value, labels, order: own, place });
    return {
      place,
      operand: { offset: 0, across: { size: across, stride: k }, along: { size: k, stride: 1 }, loops },
      still: isStill(loops),
    };
  }

  #gather({ value, labels, order, place }: Gathering): void {
    const { source, dtype } = value;
    const sizes = order.map((label) => labelSize(this.#step, label));
    const view = viewInto(value);
    const strides = order.map((label) => view.strides[labels.indexOf(label)]!);
    const from = source.kind === "uniform" ? source.number : { place: this.#site.placeOf(value), dtype, offset: view.offset, strides };
    this.#site.nest("gather", copyLoops(sizes, from, { place, dtype, offset: 0, strides: stridesOf(sizes) }), "gather an operand");
  }

  /** Packs a side for these loop labels: all that lies across, or a block of it. */
  #pack({ pack, across, place, operand, panels }: Side, counters: readonly number[], block?: RowBlock): void {
    const { k, entryBytes } = this.#p;
    this.#integers(block?.rows ?? across, k);
    this.#push(place, operand.offset, operand.loops, counters);
    this.#addRows(operand.across!.stride, block);
    this.#integers(operand.across!.stride * entryBytes, operand.along!.stride * entryBytes);
    this.#site.pushAddress(panels);
    this.#site.writer.emit("call", pack);
  }

  /** Leaves an address on the stack: an offset and strides, in entries, over the loop labels. */
  #push(place: Place, offset: number, strides: readonly number[], counters: readonly number[]): void {
    const { entryBytes } = this.#p;
    this.#site.pushAddress(place, offset * entryBytes);
    counters.forEach((counter, i) => {
      if (strides[i] !== 0) emit(this.#site.writer, times(counter, strides[i]! * entryBytes), [["i32.add"]]);
    });
  }

  /** Moves the address on the stack to where a block of rows begins. */
  #addRows(stride: number, block: RowBlock | undefined): void {
    if (block !== undefined) emit(this.#site.writer, times(block.first, stride * this.#p.entryBytes), [["i32.add"]]);
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
