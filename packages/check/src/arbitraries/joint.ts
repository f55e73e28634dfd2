/**
 * One arbitrary for all tensors of a draw: it owns their sizes and their entries, so that a size shrinks in every tensor that has it and
 * entries are sliced, never redrawn. Knows leaves and the order of shrinking; knows no kind of leaf.
 */
import { Arbitrary, cloneMethod, type Random, Stream, Value } from "fast-check";
import { unknownPartError, unknownSizeError } from "./errors.ts";
import {
  admits,
  applyChange,
  type Change,
  drawFrame,
  type Frame,
  type Group,
  type Limits,
  mergeGroups,
  type Part,
  smallerFrames,
} from "./frame.ts";
import type { Leaf } from "./leaf.ts";

/** Puts the values of the leaves into the form the caller wants; `parts` is the way back. */
export interface Form<T> {
  readonly build: (values: readonly unknown[]) => T;
  /** The values of the leaves in a value a caller gives; undefined if it has another form. */
  readonly parts: (value: unknown) => readonly unknown[] | undefined;
}

/** What a leaf may know of the struct it stands in. */
export interface Place {
  /** As `model.w`; empty where the struct is the leaf. */
  readonly path: string;
  /** The names of a run of axes and of a size that only the leaves drawn by the same arbitrary have. */
  readonly ownRun: string;
  readonly ownSize: string;
  /** The shape of another tensor of the struct. */
  readonly shapeOf: (path: string) => readonly Part[];
}

/** A leaf to be made once the struct is known. `root`: where in the struct the arbitrary it belongs to stands. */
export interface Piece {
  readonly path: string;
  readonly root: string;
  /** Whether it takes the shape of another leaf. */
  readonly refers: boolean;
  readonly make: (place: Place) => Leaf;
}

/** What an arbitrary is made of, so that a larger one can take it in. */
export interface Blueprint<T> {
  readonly op: string;
  readonly pieces: readonly Piece[];
  readonly form: Form<T>;
  /** What the caller asks of sizes beside what the leaves do. */
  readonly groups: readonly Group[];
  /** Whether all named sizes differ. */
  readonly distinct: boolean;
}

/** What is drawn together. */
interface Model {
  readonly leaves: readonly Leaf[];
  readonly limits: ReadonlyMap<string, Limits>;
}

function modelOf({ op, pieces, groups }: Blueprint<unknown>): Model {
  const made = new Map<string, Leaf | null>();
  const known = pieces.map(({ path }) => path).filter((path) => path !== "");
  const shapeOf = (path: string): readonly Part[] => {
    const piece = pieces.find((one) => one.path === path);
    const parts = piece === undefined || made.get(path) === null ? undefined : leafOf(piece).parts;
    if (parts === undefined) throw unknownPartError(op, path, known);
    return parts;
  };
  const leafOf = (piece: Piece): Leaf => {
    const ready = made.get(piece.path);
    if (ready) return ready;
    made.set(piece.path, null);
    const leaf = piece.make({ path: piece.path, ownRun: `... of ${piece.root}`, ownSize: `n of ${piece.root}`, shapeOf });
    made.set(piece.path, leaf);
    return leaf;
  };
  const leaves = pieces.map(leafOf);
  const asked = leaves.flatMap((leaf) => leaf.groups);
  for (const { name } of groups)
    if (!asked.some((group) => group.name === name))
      throw unknownSizeError(
        name,
        [...new Set(asked.map((group) => group.name))].filter((own) => !own.includes(" ")),
      );
  return { leaves, limits: mergeGroups([...asked, ...groups]) };
}

/** One draw: sizes, the states of the leaves, and the leaf and place where shrinking goes on. */
interface Draw {
  readonly frame: Frame;
  readonly states: readonly unknown[];
  readonly resume?: { readonly leaf: number; readonly cursor: number };
}

export class JointArbitrary<T> extends Arbitrary<T> {
  readonly blueprint: Blueprint<T>;
  #model: Model | undefined = undefined;

  constructor(blueprint: Blueprint<T>) {
    super();
    this.blueprint = blueprint;
    if (!blueprint.pieces.some(({ refers }) => refers)) void this.model;
  }

  /** Made when first needed where a leaf takes the shape of another, which stands in a struct to be made yet. */
  get model(): Model {
    return (this.#model ??= modelOf(this.blueprint));
  }

  override generate(random: Random, biasFactor: number | undefined): Value<T> {
    const { leaves, limits } = this.model;
    const frame = drawFrame(limits, this.blueprint.distinct, random, biasFactor);
    return this.#present({ frame, states: leaves.map((leaf) => leaf.draw(frame, random, biasFactor)) });
  }

  override canShrinkWithoutContext(value: unknown): value is T {
    return this.#read(value) !== undefined;
  }

  override shrink(value: T, context: unknown): Stream<Value<T>> {
    const draw = (context as Draw | undefined) ?? this.#read(value);
    return draw === undefined ? Stream.nil() : new Stream(this.#smaller(draw)).map((next) => this.#present(next));
  }

  #present({ states: proposed, ...draw }: Draw): Value<T> {
    const { leaves } = this.model;
    const states: unknown[] = [];
    const values: unknown[] = [];
    for (const [i, leaf] of leaves.entries()) {
      states.push(leaf.settle === undefined ? proposed[i] : leaf.settle(proposed[i], values));
      values.push(leaf.value(states[i], draw.frame));
    }
    const { build } = this.blueprint.form;
    const value = build(values);
    if (states.some((state) => state instanceof Value && state.hasToBeCloned))
      Object.defineProperty(value, cloneMethod, { value: () => build(leaves.map((leaf, i) => leaf.value(states[i], draw.frame))) });
    return new Value(value, { ...draw, states });
  }

  /** Simpler draws: first where the last one was found, then all of them, sizes before entries. */
  *#smaller(draw: Draw): Generator<Draw> {
    const { frame, states, resume } = draw;
    if (resume !== undefined) yield* this.#simplerFrom(draw, resume.leaf, resume.cursor);
    for (const changes of smallerFrames(frame, this.model.limits)) {
      const next = this.#follow(frame, states, changes);
      if (next !== undefined) yield next;
    }
    yield* this.#simplerFrom(draw, 0, 0);
  }

  /** Simpler states of the leaves from one on, at first from a place on. */
  *#simplerFrom({ frame, states }: Draw, first: number, from: number): Generator<Draw> {
    const { leaves } = this.model;
    for (let leaf = first; leaf < leaves.length; leaf++) {
      for (const [state, cursor] of leaves[leaf]!.simpler(states[leaf], frame, leaf === first ? from : 0))
        yield { frame, states: states.with(leaf, state), ...(cursor === undefined ? {} : { resume: { leaf, cursor } }) };
    }
  }

  #follow(frame: Frame, states: readonly unknown[], changes: readonly Change[]): Draw | undefined {
    let [before, followed] = [frame, states];
    for (const change of changes) {
      const after = applyChange(before, change);
      const next = this.model.leaves.map((leaf, i) => leaf.follow(followed[i], change, before, after));
      if (next.includes(undefined)) return undefined;
      [before, followed] = [after, next];
    }
    return admits(before, this.blueprint.distinct) ? { frame: before, states: followed } : undefined;
  }

  #read(value: unknown): Draw | undefined {
    const { leaves, limits } = this.model;
    const { form, distinct } = this.blueprint;
    const parts = form.parts(value);
    if (parts === undefined) return undefined;
    let frame: Frame | undefined = new Map();
    for (const [i, leaf] of leaves.entries()) {
      frame = leaf.measure?.(parts[i], frame);
      if (frame === undefined) return undefined;
    }
    for (const [name, { rank, side }] of limits) {
      const sides = frame.get(name);
      const within = sides !== undefined && sides.length >= rank[0] && sides.length <= rank[1];
      if (!within || !sides.every((own) => own >= side[0] && own <= side[1])) return undefined;
    }
    const states = leaves.map((leaf, i) => leaf.read?.(parts[i], frame!));
    return states.includes(undefined) || !admits(frame, distinct) ? undefined : { frame, states };
  }
}
