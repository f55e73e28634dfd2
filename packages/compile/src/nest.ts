/**
 * Loops as a WebAssembly function: expressions over vectors of the innermost axis, results stored or reduced. It knows instructions; what the
 * loops compute is given, and their best order is found elsewhere.
 */
import { type Expression, type ExpressionKind, sizeOf } from "@cotangent/core/engine";
import { type FunctionWriter, writeFunction } from "./assembly/function.ts";
import { guarded, type Lanes, type Value as Vector, valueEmitter } from "./assembly/lanes.ts";
import type { FunctionCode } from "./assembly/module.ts";
import { loadEntries, storeEntries } from "./entries.ts";
import { type Vectoriser, vectoriser } from "./expressions.ts";
import { gradualProduct } from "./functions/gradual.ts";
import { callSingle, inPlace, keepConstants } from "./functions/vector.ts";
import { type Access, accessesOf, basesOf, isByRows, type Loops, type Place, type Reduce } from "./loops.ts";
import type { Needs } from "./needs.ts";
import { callCount, callLevels, costOf, productCount, simplifyLoops, tiledLoops } from "./order.ts";
import { bytesOf } from "./values.ts";

/** What a nest computes ahead takes so many bytes at most. */
export const stripBytes = 4096;

/** The nest as a function of its bases, in the order `bases` gives; `strip` says where it may keep what it computes ahead. */
export function nestFunction(name: string, given: Loops, needs: Needs, strip?: () => Place): NestCode {
  const tiled = tiledLoops(given);
  const loops = tiled?.loops ?? simplifyLoops(given);
  const ahead = strip === undefined || tiled !== undefined ? [] : callsAhead(loops);
  const place = ahead.length > 0 ? strip!() : undefined;
  const bases = [...new Set([...basesOf(given), ...(place === undefined ? [] : [place.base])])];
  const byRows = isByRows(given);
  const writer = writeFunction(
    name,
    [...bases, ...(byRows ? ["row"] : [])].map(() => "i32"),
    [],
  );
  new NestWriter(loops, tiled?.across, place && { calls: ahead, place }, bases, writer, needs).write();
  return { code: writer.finish(), bases, byRows };
}

/** A nest's function: it takes its bases in this order, then the row to begin at if it begins at one. */
export interface NestCode {
  readonly code: FunctionCode;
  readonly bases: readonly string[];
  readonly byRows: boolean;
}

/** A pointer that accesses with the same base and strides share. */
interface Pointer {
  readonly local: number;
  /** Bytes from one entry of each axis to the next. */
  readonly strides: readonly number[];
}

interface Pointed {
  readonly pointer: Pointer;
  /** Bytes beyond the pointer. */
  readonly offset: number;
}

/** One copy of the body: how many vectors past the pointers it lies, and whether it computes a whole vector or its first lane. */
interface Body {
  readonly ahead: number;
  readonly single: boolean;
  /** Whether calls that others wait for were computed ahead. */
  readonly isAhead?: boolean;
  /** In a tile, how many entries past the pointers it lies along the last axis but one. */
  readonly row?: number;
}

/** How many kept entries make a tile where vectors run along the reduced axis, and how many vectors at most where they run across it. */
const tileRows = 4;
const mostTileVectors = 8;
/** So many vectors of a tile's loop are written out; across, where sums hold most registers, more run slower. */
const mostStepsAlong = 64;
const mostStepsAcross = 16;

/** Functions whose values for some vectors are computed ahead of what waits for them, level by level, and lie in memory meanwhile. */
interface Ahead {
  readonly calls: readonly (readonly Expression[])[];
  readonly place: Place;
}

/** How many vectors are computed ahead at most. */
const stripLength = 32;
/** Bodies with so many calls have them in place. */
const mostCallsInPlace = 12;

/**
 * All calls of a body that others wait for, where it pays to compute them ahead: while a chain of functions of one vector waits for itself, the
 * machine sees too few of the next to be busy with.
 */
function callsAhead(loops: Loops): readonly (readonly Expression[])[] {
  const levels = callLevels(loops).slice(0, -1);
  const calls = levels.reduce((count, level) => count + level.length, 0);
  const inner = loops.sizes[loops.sizes.length - 1] ?? 0;
  const width = loops.precision === "f64" ? 2 : 4;
  const pays = inner >= 8 * width && callCount(loops) <= mostCallsInPlace && calls * stripLength * 16 <= stripBytes;
  return pays ? levels : [];
}

/** So many products of ordinary numbers seldom leave the range of normal ones. */
const fewProducts = 64;

/** How many vectors are summed before the sum joins the next level's. */
const levelLength = 1024;

class NestWriter {
  readonly #loops: Loops;
  readonly #bases: readonly string[];
  readonly #writer: FunctionWriter;
  readonly #needs: Needs;
  readonly #m: Lanes;
  readonly #pointers = new Map<string, Pointer>();
  readonly #pointed = new Map<Access, Pointed>();
  readonly #inner: number;
  readonly #ahead: Ahead | undefined;
  /** Where the next vector's calls lie in the strip. */
  #strip = -1;
  /** Of tiled loops: whether vectors run along the last axis but one. */
  readonly #across: boolean | undefined;
  readonly #inline: boolean;
  /** Whether so many single float32 are multiplied that products may well become subnormal. */
  readonly #isLongChain: boolean;
  /** Constants and what does not change in the innermost loop, in locals. */
  readonly #constants = new Map<Vector, number>();
  /** For each reduction whose innermost axes are reduced: an accumulator for each copy of the body. */
  readonly #accumulators = new Map<Reduce, number[]>();
  /** What each copy of the body computes, by its number; forgotten when accumulators come or go. */
  readonly #bodies = new Map<number, readonly Vector[]>();

  constructor(
    loops: Loops,
    across: boolean | undefined,
    ahead: Ahead | undefined,
    bases: readonly string[],
    writer: FunctionWriter,
    needs: Needs,
  ) {
    this.#loops = loops;
    this.#across = across;
    this.#ahead = ahead;
    this.#bases = bases;
    this.#writer = writer;
    this.#needs = needs;
    this.#m = needs.lanes(loops.precision);
    this.#inner = loops.sizes.length - 1;
    this.#inline = callCount(loops) <= mostCallsInPlace;
    this.#isLongChain = loops.precision === "f32" && loops.sizes.length === 0 && productCount(loops) > fewProducts;
    for (const access of accessesOf(loops)) this.#pointed.set(access, this.#pointTo(access, bases));
  }

  write(): void {
    const { sizes, roots } = this.#loops;
    for (const root of roots) if (root.kind === "reduce" && this.#inMemory(root)) this.#fill(root);
    if (sizeOf(sizes) === 0) return;
    if (sizes.length === 0) {
      this.#emitBody({ ahead: 0, single: true });
      return;
    }
    keepConstants(this.#rootVectors({ ahead: 0, single: false }), this.#writer, this.#constants);
    this.#axis(0);
  }

  /** Whether partial results of a reduction live in memory, for a kept axis lies inside a reduced one; so does what nothing is reduced into. */
  #inMemory({ reduced }: Reduce): boolean {
    const { sizes } = this.#loops;
    if (sizeOf(sizes) === 0) return true;
    const first = reduced.indexOf(true);
    return first >= 0 && reduced.slice(first).includes(false);
  }

  /** The outermost axis from which on all are reduced; one past the last if the innermost is kept. */
  #trailing({ reduced }: Reduce): number {
    let axis = reduced.length;
    while (axis > 0 && reduced[axis - 1]) axis--;
    return axis;
  }

  #pointTo({ place, dtype, offset, strides, rowStride = 0 }: Access, bases: readonly string[]): Pointed {
    const bytes = bytesOf[dtype];
    const byteStrides = strides.map((stride) => stride * bytes);
    // What walks backwards starts at its own entry, for offsets beyond a pointer cannot be negative.
    const start = strides.some((stride) => stride < 0) ? offset * bytes : 0;
    const key = `${place.base}|${start}|${rowStride * bytes}|${byteStrides.join()}`;
    let pointer = this.#pointers.get(key);
    if (pointer === undefined) {
      const { emit } = this.#writer;
      const local = this.#writer.local("i32");
      pointer = { local, strides: byteStrides };
      emit("local.get", bases.indexOf(place.base));
      if (start !== 0) {
        emit("i32.const", start);
        emit("i32.add");
      }
      if (rowStride !== 0) {
        emit("local.get", bases.length);
        emit("i32.const", rowStride * bytes);
        emit("i32.mul");
        emit("i32.add");
      }
      emit("local.set", local);
      this.#pointers.set(key, pointer);
    }
    return { pointer, offset: place.offset + offset * bytes - start };
  }

  /** Writes the neutral element wherever the reduction will leave a result. */
  #fill(root: Reduce): void {
    const { sizes } = this.#loops;
    const kept = sizes.map((_, axis) => axis).filter((axis) => !root.reduced[axis] && sizes[axis] !== 1);
    const { rowStride, ...access } = root.to;
    const to = { ...access, strides: kept.map((axis) => root.to.strides[axis]!), ...(rowStride ? { rowStride } : {}) };
    const fill: Loops = {
      ...this.#loops,
      sizes: kept.map((axis) => sizes[axis]!),
      loads: [],
      roots: [{ kind: "store", value: root.identity, to }],
    };
    const name = this.#needs.name("fill");
    const { code, byRows } = nestFunction(name, fill, this.#needs);
    this.#needs.add(code);
    this.#writer.emit("local.get", this.#baseLocal(root.to.place.base));
    if (byRows) this.#writer.emit("local.get", this.#bases.length);
    this.#writer.emit("call", name);
  }

  #baseLocal(base: string): number {
    return this.#bases.indexOf(base);
  }

  #axis(axis: number): void {
    const opened = this.#loops.roots.filter((root): root is Reduce => root.kind === "reduce" && this.#trailing(root) === axis);
    for (const root of opened) this.#open(root);
    if (axis === this.#inner) this.#innermost();
    else if (axis === this.#inner - 1 && this.#across !== undefined) this.#tiles(this.#across);
    else {
      this.#count(this.#loops.sizes[axis]!, () => {
        this.#axis(axis + 1);
        this.#advance(axis, 1);
      });
      this.#advance(axis, -this.#loops.sizes[axis]!);
    }
    for (const root of opened) this.#close(root);
  }

  /** The last two axes, several entries of the kept one at a time. */
  #tiles(across: boolean): void {
    const { count } = this.#m;
    const axis = this.#inner - 1;
    const size = this.#loops.sizes[axis]!;
    if (across) {
      // The last vector begins where it ends with the axis, and finds some lanes a second time.
      const starts = Array.from({ length: Math.ceil(size / count) }, (_, i) => Math.min(i * count, size - count));
      const tiles = Math.ceil(starts.length / Math.floor(mostTileVectors / this.#loops.roots.length));
      const length = Math.ceil(starts.length / tiles);
      for (let at = 0; at < starts.length; at += length) this.#tile(starts.slice(at, at + length), true);
      return;
    }
    const rows = Array.from({ length: tileRows }, (_, i) => i);
    this.#count(Math.floor(size / tileRows), () => {
      this.#tile(rows, false);
      this.#advance(axis, tileRows);
    });
    this.#count(size % tileRows, () => {
      this.#axis(this.#inner);
      this.#advance(axis, 1);
    });
    this.#advance(axis, -size);
  }

  /** Sums along the innermost axis for some entries of the one before it. */
  #tile(rows: readonly number[], across: boolean): void {
    const { count } = this.#m;
    const size = this.#loops.sizes[this.#inner]!;
    const step = across ? 1 : count;
    const turns = Math.floor(size / step);
    const copies = Math.min(turns, across ? Math.ceil(4 / rows.length) : 1);
    const sums = this.#loops.roots.map((root) =>
      rows.map(() => Array.from({ length: copies }, () => this.#newAccumulator(root as Reduce))),
    );
    const unroll = Math.min(turns, Math.floor((across ? mostStepsAcross : mostStepsAlong) / rows.length));
    this.#count(Math.floor(turns / unroll), () => {
      for (let ahead = 0; ahead < unroll; ahead++) this.#tileTurn(rows, { ahead, single: false }, sums, ahead % copies);
      this.#advance(this.#inner, unroll * step);
    });
    this.#count(turns % unroll, () => {
      this.#tileTurn(rows, { ahead: 0, single: false }, sums, 0);
      this.#advance(this.#inner, step);
    });
    this.#count(size - turns * step, () => {
      this.#tileTurn(rows, { ahead: 0, single: true }, sums, 0);
      this.#advance(this.#inner, 1);
    });
    this.#advance(this.#inner, -size);
    this.#loops.roots.forEach((root, k) => {
      const locals = sums[k]!.map(([first, ...rest]) => {
        for (const local of rest) this.#combineInto(root as Reduce, first!, local);
        return first!;
      });
      this.#storeTile(root as Reduce, rows, locals, across);
    });
  }

  /** One step along the innermost axis for every row of a tile; what rows share is computed once. */
  #tileTurn(rows: readonly number[], body: Body, sums: readonly (readonly (readonly number[])[])[], copy: number): void {
    const targets: number[] = [];
    const values = rows.flatMap((row, i) =>
      this.#values({ ...body, row }).map((value, k) => {
        const root = this.#loops.roots[k] as Reduce;
        const local = sums[k]![i]![copy]!;
        targets.push(local);
        return this.#combined(root, this.#m.local(local), body.single ? this.#onlyFirst(root, value) : value);
      }),
    );
    const emit = valueEmitter(values, this.#writer, new Map(), this.#constants);
    values.forEach((value, i) => {
      emit(value);
      this.#writer.emit("local.set", targets[i]!);
    });
  }

  /** Stores a tile's sums: as vectors where lanes are sums, or with lanes added up, those of several rows at once. */
  #storeTile(root: Reduce, rows: readonly number[], locals: readonly number[], across: boolean): void {
    const m = this.#m;
    const combined = (x: Vector, y: Vector): Vector => this.#combined(root, x, y);
    for (let at = 0; at < rows.length; at += across ? 1 : m.count) {
      const sums = locals.slice(at, at + m.count).map((local) => m.local(local));
      const value = across ? sums[0]! : sumsOfLanes(m, sums, combined);
      const emit = valueEmitter([value], this.#writer, new Map(), this.#constants);
      const spot = this.#spotOf(root.to, { ahead: 0, single: false, row: rows[at]! });
      storeEntries(m, this.#writer, { ...spot, stride: root.to.strides[this.#inner - 1]! }, value, emit);
    }
  }

  #combineInto(root: Reduce, to: number, local: number): void {
    this.#combineLocals(root, to, local);
    this.#writer.emit("local.set", to);
  }

  /** A loop of a fixed number of turns. */
  #count(turns: number, body: () => void): void {
    if (turns <= 1) {
      if (turns === 1) body();
      return;
    }
    const { emit } = this.#writer;
    const i = this.#writer.local("i32");
    emit("i32.const", turns);
    emit("local.set", i);
    this.#writer.loop((again) => {
      body();
      emit("local.get", i);
      emit("i32.const", 1);
      emit("i32.sub");
      emit("local.tee", i);
      this.#writer.branchIf(again);
    });
  }

  #advance(axis: number, steps: number): void {
    const { emit } = this.#writer;
    for (const { local, strides } of this.#pointers.values()) {
      const bytes = strides[axis]! * steps;
      if (bytes === 0) continue;
      emit("local.get", local);
      emit("i32.const", bytes);
      emit("i32.add");
      emit("local.set", local);
    }
  }

  #innermost(): void {
    const size = this.#loops.sizes[this.#inner]!;
    const { count } = this.#m;
    const backwards = accessesOf(this.#loops).some(({ strides }) => strides[this.#inner]! < 0);
    const vectors = backwards ? 0 : Math.floor(size / count);
    const length = this.#ahead === undefined ? 0 : Math.floor(vectors / Math.ceil(vectors / stripLength));
    const unroll = length > 0 ? length : Math.min(this.#unroll(), Math.max(1, vectors));
    const rounds = Math.floor(vectors / unroll);
    this.#hoist(length > 0 ? 1 : unroll, vectors > 0);
    const vectorsOf = (): void => {
      for (let ahead = 0; ahead < unroll; ahead++) this.#emitBody({ ahead, single: false });
      this.#advance(this.#inner, unroll * count);
    };
    const round = length > 0 ? () => this.#stripOf(length) : vectorsOf;
    this.#levels(rounds, Math.max(1, Math.floor(levelLength / unroll)), round);
    const rest = (): void => {
      this.#emitBody({ ahead: 0, single: false });
      this.#advance(this.#inner, count);
    };
    if (length > 0) this.#count(vectors % unroll, rest);
    else for (let i = rounds * unroll; i < vectors; i++) rest();
    this.#count(size - vectors * count, () => {
      this.#emitBody({ ahead: 0, single: true });
      this.#advance(this.#inner, 1);
    });
    this.#advance(this.#inner, -size);
  }

  /** So many vectors, a level of calls at a time. */
  #stripOf(length: number): void {
    const { calls, place } = this.#ahead!;
    const { emit } = this.#writer;
    const slots = calls.reduce((count, level) => count + level.length, 0);
    if (this.#strip < 0) this.#strip = this.#writer.local("i32");
    const walk = (body: () => void): void => {
      emit("local.get", this.#baseLocal(place.base));
      emit("i32.const", place.offset);
      emit("i32.add");
      emit("local.set", this.#strip);
      this.#count(length, () => {
        body();
        emit("local.get", this.#strip);
        emit("i32.const", 16 * slots);
        emit("i32.add");
        emit("local.set", this.#strip);
        this.#advance(this.#inner, this.#m.count);
      });
    };
    calls.forEach((level, i) => {
      walk(() => this.#emitCalls(level, i));
      this.#advance(this.#inner, -length * this.#m.count);
    });
    walk(() => this.#emitBody({ ahead: 0, single: false, isAhead: true }));
  }

  /** Computes a level of calls into the strip. */
  #emitCalls(level: readonly Expression[], number: number): void {
    const before = this.#ahead!.calls.slice(0, number).flat();
    const { vector } = this.#vectoriser({ ahead: 0, single: false }, before);
    const values = level.map(vector);
    const emit = valueEmitter(values, this.#writer, new Map(), this.#constants);
    values.forEach((value, i) => {
      this.#writer.emit("local.get", this.#strip);
      emit(value);
      this.#writer.emit("v128.store", 16 * (before.length + i));
    });
  }

  /** Long sums are sums of sums: every `length` rounds the accumulators join those of the level above. */
  #levels(rounds: number, length: number, round: () => void): void {
    const lists = [...this.#accumulators];
    if (rounds <= length || lists.length === 0) {
      this.#count(rounds, round);
      return;
    }
    const { emit } = this.#writer;
    const above = lists.map(([root, own]) => own.map(() => this.#newAccumulator(root)));
    const whole = Math.floor(rounds / length);
    const join = (): void =>
      lists.forEach(([root, own], k) =>
        own.forEach((local, i) => {
          this.#combineInto(root, above[k]![i]!, local);
          this.#pushIdentity(root);
          emit("local.set", local);
        }),
      );
    const level = (): void => {
      this.#count(length, round);
      join();
    };
    if (whole > length) {
      const top = above.map((own, k) => own.map(() => this.#newAccumulator(lists[k]![0])));
      const lift = (): void =>
        lists.forEach(([root], k) =>
          above[k]!.forEach((local, i) => {
            this.#combineInto(root, top[k]![i]!, local);
            this.#pushIdentity(root);
            emit("local.set", local);
          }),
        );
      this.#count(Math.floor(whole / length), () => {
        this.#count(length, level);
        lift();
      });
      this.#count(whole % length, level);
      lift();
      this.#count(rounds % length, round);
      this.#addBack(lists, top);
      return;
    }
    this.#count(whole, level);
    this.#count(rounds % length, round);
    this.#addBack(lists, above);
  }

  #addBack(lists: readonly (readonly [Reduce, readonly number[]])[], above: readonly (readonly number[])[]): void {
    lists.forEach(([root, own], k) =>
      own.forEach((local, i) => {
        this.#combineLocals(root, above[k]![i]!, local);
        this.#writer.emit("local.set", local);
      }),
    );
  }

  #newAccumulator(root: Reduce): number {
    const local = this.#writer.local("v128");
    this.#pushIdentity(root);
    this.#writer.emit("local.set", local);
    return local;
  }

  #pushIdentity(root: Reduce): void {
    valueEmitter([], this.#writer, this.#constants)(this.#vectorOf(root.identity));
  }

  /** The vector of an expression without variables. */
  #vectorOf(x: Expression): Vector {
    return this.#expressionVector(x, () => {
      throw new Error("compile: an identity reads a variable — a monoid's neutral element is a constant; state it as a number");
    });
  }

  #expressionVector(x: Expression, variable: (x: Expression) => Vector): Vector {
    return vectoriser(this.#m, variable, (kind, args) => this.#call(kind, args)).vector(x);
  }

  #gradualProduct(x: Vector, y: Vector): Vector {
    this.#needs.add(gradualProduct);
    return this.#m.call(gradualProduct.name, [x, y]);
  }

  #call(kind: ExpressionKind, args: readonly Vector[]): Vector {
    const { precision, sizes } = this.#loops;
    const single = sizes.length === 0 ? this.#needs.singleFunction(kind, precision) : undefined;
    if (single !== undefined) return callSingle(this.#m, single, args[0]!);
    const needed = (): string => this.#needs.vectorFunction(kind, precision);
    if (!this.#inline) return this.#m.call(needed(), args);
    const { value, outside } = inPlace(this.#m, kind, args);
    if (outside !== undefined) return guarded(this.#m, needed(), value, outside, args);
    // What calls nothing needs no function beside it.
    if (postorder([value]).some(({ instruction }) => instruction[0] === "call")) needed();
    return value;
  }

  /** Combines two vectors by a reduction's monoid. */
  #combined(root: Reduce, x: Vector, y: Vector): Vector {
    const s = this.#loops.arithmetic;
    const [a, b] = [s.variable("left", root.value.type), s.variable("right", root.value.type)];
    return this.#expressionVector(root.combine(s, a, b), (variable) => (variable.name === "left" ? x : y));
  }

  #combineLocals(root: Reduce, x: number, y: number): void {
    const value = this.#combined(root, this.#m.local(x), this.#m.local(y));
    valueEmitter([value], this.#writer, new Map(), this.#constants)(value);
  }

  #unroll(): number {
    const cost = costOf(this.#loops);
    return cost < 16 ? 4 : cost < 48 ? 2 : 1;
  }

  #open(root: Reduce): void {
    this.#bodies.clear();
    this.#accumulators.set(
      root,
      Array.from({ length: this.#unroll() }, () => this.#newAccumulator(root)),
    );
  }

  /** Adds up the accumulators and their lanes; stores the result, or combines it with what is in memory. */
  #close(root: Reduce): void {
    const m = this.#m;
    const [first, ...rest] = this.#accumulators.get(root)!;
    for (const local of rest) this.#combineInto(root, first!, local);
    for (let half = m.count / 2; half >= 1; half /= 2) {
      const turned = m.apply(["i8x16.shuffle", rotation(half * laneBytes(m, root))], [m.local(first!), m.local(first!)]);
      const value = this.#combined(root, m.local(first!), turned);
      valueEmitter([value], this.#writer, new Map(), this.#constants)(value);
      this.#writer.emit("local.set", first!);
    }
    this.#accumulators.delete(root);
    this.#bodies.clear();
    let value = m.local(first!);
    if (this.#inMemory(root)) value = this.#combined(root, this.#load(root.to, { ahead: 0, single: true }), value);
    const emit = valueEmitter([value], this.#writer, new Map(), this.#constants);
    this.#store(root.to, value, { ahead: 0, single: true }, emit);
  }

  /** Puts what the innermost loop would compute again and again from what it does not move into locals. */
  #hoist(unroll: number, hasVectors: boolean): void {
    if (!hasVectors) return;
    const bodies = Array.from({ length: unroll }, (_, ahead) => this.#rootVectors({ ahead, single: false })).flat();
    const still = new Map<Vector, boolean>();
    const stillPointers = new Set<unknown>();
    for (const { local, strides } of this.#pointers.values()) if (strides[this.#inner] === 0) stillPointers.add(local);
    const isStill = (x: Vector): boolean => {
      const { instruction, args } = x;
      if (args.length === 0) return instruction[0].endsWith(".const");
      if (instruction[0].startsWith("v128.load") && args[0]!.instruction[0] === "local.get")
        return stillPointers.has(args[0]!.instruction[1]);
      return args.every((arg) => still.get(arg));
    };
    const order = postorder(bodies);
    for (const x of order) still.set(x, isStill(x));
    const wanted = new Set<Vector>();
    for (const x of order) {
      if (still.get(x)) continue;
      for (const arg of x.args) if (still.get(arg) && arg.type === "v128") wanted.add(arg);
    }
    for (const root of bodies) if (still.get(root)) wanted.add(root);
    const known = this.#constants;
    for (const x of known.keys()) wanted.delete(x);
    const emit = valueEmitter([...wanted], this.#writer, known);
    for (const x of wanted) {
      emit(x);
      const local = known.get(x) ?? this.#writer.local("v128");
      this.#writer.emit("local.set", local);
      known.set(x, local);
    }
  }

  /** What one copy of the body computes, root by root. */
  #rootVectors(body: Body): readonly Vector[] {
    const number = body.ahead * 4 + (body.isAhead === true ? 2 : 0) + (body.single ? 1 : 0);
    let vectors = this.#bodies.get(number);
    if (vectors === undefined) this.#bodies.set(number, (vectors = this.#computeRoots(body)));
    return vectors;
  }

  /** The values of the roots, before they are reduced. */
  #values(body: Body): Vector[] {
    const { vector } = this.#vectoriser(body, body.isAhead === true ? this.#ahead!.calls.flat() : []);
    return this.#loops.roots.map((root) => vector(root.value));
  }

  /** Reads expressions of a body; calls in `ahead` lie in the strip. */
  #vectoriser(body: Body, ahead: readonly Expression[]): Vectoriser {
    const m = this.#m;
    const loads = new Map(this.#loops.loads.map(({ variable, access }) => [variable, access]));
    return vectoriser(
      this.#isLongChain ? { ...m, mul: (x, y) => this.#gradualProduct(x, y) } : m,
      (x) => this.#load(loads.get(x)!, body),
      (kind, args) => this.#call(kind, args),
      ahead.map((call, slot) => [call, m.apply(["v128.load", 16 * slot], [m.local(this.#strip, "i32")])] as const),
    );
  }

  #computeRoots(body: Body): Vector[] {
    const values = this.#values(body);
    return this.#loops.roots.map((root, k) => {
      const value = values[k]!;
      if (root.kind === "store") return value;
      const locals = this.#accumulators.get(root);
      if (locals === undefined) return this.#combined(root, this.#load(root.to, body), value);
      const own = body.single ? this.#onlyFirst(root, value) : value;
      return this.#combined(root, this.#m.local(locals[body.ahead % locals.length]!), own);
    });
  }

  /** The value in the first lane, the neutral element in the others. */
  #onlyFirst(root: Reduce, value: Vector): Vector {
    const m = this.#m;
    const bytes = new Uint8Array(16);
    bytes.fill(255, 0, laneBytes(m, root));
    const mask = m.apply(["v128.const", bytes], []);
    return m.select(mask, value, this.#vectorOf(root.identity));
  }

  #emitBody(body: Body): void {
    const vectors = this.#rootVectors(body);
    const emit = valueEmitter(vectors, this.#writer, new Map(), this.#constants);
    this.#loops.roots.forEach((root, i) => {
      const locals = root.kind === "reduce" ? this.#accumulators.get(root) : undefined;
      if (locals === undefined) this.#store(root.to, vectors[i]!, body, emit);
      else {
        emit(vectors[i]!);
        this.#writer.emit("local.set", locals[body.ahead % locals.length]!);
      }
    });
  }

  /** Where an access stands in one copy of the body. */
  #spotOf(access: Access, { ahead, single, row }: Body) {
    const { pointer, offset } = this.#pointed.get(access)!;
    const bytes = bytesOf[access.dtype];
    const stride = this.#inner < 0 ? 0 : access.strides[this.#inner]!;
    const spot = { dtype: access.dtype, pointer: pointer.local, single };
    if (row === undefined) return { ...spot, start: offset + ahead * this.#m.count * stride * bytes, stride };
    const rowStride = access.strides[this.#inner - 1]!;
    const entries = row * rowStride + ahead * stride * (this.#across ? 1 : this.#m.count);
    return { ...spot, start: offset + entries * bytes, stride: this.#across ? rowStride : stride };
  }

  #load(access: Access, body: Body): Vector {
    return loadEntries(this.#m, this.#spotOf(access, body));
  }

  #store(access: Access, value: Vector, body: Body, emit: (x: Vector) => void): void {
    storeEntries(this.#m, this.#writer, this.#spotOf(access, body), value, emit);
  }
}

const rotation = (bytes: number): Uint8Array => Uint8Array.from({ length: 16 }, (_, i) => (i + bytes) % 16);

/** Of as many vectors as they have lanes: in each lane, all lanes of one of them combined. */
function sumsOfLanes(m: Lanes, vectors: readonly Vector[], combined: (x: Vector, y: Vector) => Vector): Vector {
  const words = (order: readonly number[], x: Vector, y: Vector): Vector =>
    m.apply(["i8x16.shuffle", Uint8Array.from({ length: 16 }, (_, i) => 4 * order[Math.floor(i / 4)]! + (i % 4))], [x, y]);
  const halves = (x: Vector, y: Vector): Vector => combined(words([0, 1, 4, 5], x, y), words([2, 3, 6, 7], x, y));
  const [a, b, c, d] = vectors as [Vector, Vector, Vector, Vector];
  if (m.count === 2) return halves(a, b);
  const between = (x: Vector, y: Vector): Vector => combined(words([0, 4, 1, 5], x, y), words([2, 6, 3, 7], x, y));
  return halves(between(a, b), between(c, d));
}

/** The bytes of one lane of what a reduction combines: integers have 32 bits, whatever floats have. */
const laneBytes = (m: Lanes, { value }: Reduce): number => (value.type === "int" ? 4 : 16 / m.count);

function postorder(roots: readonly Vector[]): Vector[] {
  const out: Vector[] = [];
  const seen = new Set<Vector>();
  const stack: { readonly x: Vector; next: number }[] = [];
  for (const root of roots) {
    if (seen.has(root)) continue;
    seen.add(root);
    stack.push({ x: root, next: 0 });
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      if (top.next < top.x.args.length) {
        const arg = top.x.args[top.next++]!;
        if (!seen.has(arg)) {
          seen.add(arg);
          stack.push({ x: arg, next: 0 });
        }
      } else {
        out.push(top.x);
        stack.pop();
      }
    }
  }
  return out;
}
