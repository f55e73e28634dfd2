/** Patterns of claimed against true numbers, with the arguments' values and the loss's beside them. It knows numbers; it replays nothing. */
import type { Shape, Tensor } from "@cotangent/core";
import { entriesOf, formatShape, type Graph, isFloat, sizeOf } from "@cotangent/core/engine";
import { countOf, type Evidence, isClaim, type Sample } from "./evidence.ts";
import { factorOf } from "./factors.ts";
import { type Leaf, type Point, unravel } from "./problem.ts";
import { formatNumber } from "./report.ts";
import { termOf } from "./terms.ts";

/** Entries of the truth in another order: transposed, reversed, moved on, or of another argument. */
export function exchanged({ leaves }: Evidence, samples: readonly Sample[]): string | undefined {
  const fits = (order: (truth: Point) => Point): boolean => samples.every((sample) => isClaim(sample, order(sample.truth)));
  const isSquare = ({ shape }: Leaf): boolean => shape.length === 2 && shape[0] === shape[1] && shape[0]! > 1;
  const transposed = (row: Float64Array, side: number): Float64Array =>
    row.map((_, at) => row[(at % side) * side + Math.floor(at / side)]!);
  if (leaves.some(isSquare)) {
    const turn = (truth: Point): Point => truth.map((row, k) => (isSquare(leaves[k]!) ? transposed(row, leaves[k]!.shape[0]!) : row));
    if (fits(turn)) return "the claim is the transpose of the truth";
  }
  if (leaves.length === 1) return reordered(leaves[0]!, samples);
  for (let i = 0; i < leaves.length; i++) {
    for (let j = i + 1; j < leaves.length; j++) {
      const swap = (truth: Point): Point => truth.map((row, k) => (k === i ? truth[j]! : k === j ? truth[i]! : row));
      if (fits(swap)) return `the gradients of ${leaves[i]!.path} and ${leaves[j]!.path} are exchanged`;
    }
  }
  return undefined;
}

function reordered({ shape }: Leaf, samples: readonly Sample[]): string | undefined {
  const size = sizeOf(shape);
  if (size < 2) return undefined;
  const fits = (from: (at: number) => number): boolean =>
    samples.every((sample) => isClaim(sample, [sample.truth[0]!.map((_, at) => sample.truth[0]![from(at)]!)]));
  if (fits((at) => size - 1 - at)) return "the claim has the entries of the truth in reverse order";
  for (let axis = 0; axis < shape.length; axis++) {
    const side = shape[axis]!;
    const stride = sizeOf(shape.slice(axis + 1));
    const moved = (at: number, to: (i: number) => number): number => {
      const i = Math.floor(at / stride) % side;
      return at + (to(i) - i) * stride;
    };
    const where = shape.length === 1 ? "" : ` along axis ${axis}`;
    if (fits((at) => moved(at, (i) => side - 1 - i))) return `the claim has the entries of the truth in reverse order${where}`;
    for (const by of [1, -1])
      if (side > 2 && fits((at) => moved(at, (i) => (i + by + side) % side)))
        return `the claim has the entries of the truth moved by one${where}`;
  }
  const sorted = (sample: Sample): boolean => {
    const { claimed, truth, bars } = sample;
    const order = claimed[0]!.map((_, i) => i).sort((a, b) => claimed[0]![a]! - claimed[0]![b]!);
    const values = truth[0]!.slice().sort();
    const row = new Float64Array(size);
    order.forEach((at, i) => (row[at] = values[i]!));
    return Math.max(...bars[0]!) < 1e-6 * Math.max(...values.map(Math.abs)) && isClaim(sample, [row]);
  };
  const isSpread = size <= 64 && samples.every(({ truth }) => new Set(truth[0]).size > 2);
  return isSpread && samples.every(sorted) ? "the claim has the entries of the truth in another order" : undefined;
}

/** Entries with the wrong sign and nothing else wrong. */
export function signs({ leaves, size }: Evidence, samples: readonly Sample[]): string | undefined {
  if (size < 2) return undefined;
  const isSign = samples.every((sample) =>
    isClaim(
      sample,
      sample.truth.map((row, k) => row.map((g, i) => (sample.claimed[k]![i]! * g < 0 ? -g : g))),
    ),
  );
  if (!isSign) return undefined;
  const places = (sample: Sample): string[] =>
    sample.claimed.flatMap((row, k) =>
      Array.from(row.keys())
        .filter((i) => row[i]! * sample.truth[k]![i]! < 0)
        .map((i) => placeText(leaves[k]!, i)),
    );
  const first = places(samples[0]!);
  const some = `${first.slice(0, 4).join(", ")}${first.length > 4 ? ", …" : ""}`;
  const always = samples.every((sample) => places(sample).join() === first.join());
  return always
    ? `${first.length === 1 ? `only ${some} has` : `${first.length} of ${size} entries have`} the wrong sign${first.length === 1 ? "" : `, nothing else is wrong: ${some}`}`
    : `the claim has the right magnitudes; signs are wrong at ${some}`;
}

export const placeText = ({ path, shape }: Leaf, at: number): string =>
  `${path}${shape.length === 0 ? "" : formatShape(unravel(at, shape))}`;

/** A value that a factor or a term of a gradient may be, at each sample: entries, or one number for all. */
interface Candidate {
  readonly text: string;
  readonly rows: readonly ArrayLike<number>[];
}

type Form = readonly [text: (term: string) => string, f: (x: number) => number];

/** What derivatives are full of. */
const plainForms: readonly Form[] = [
  [(t) => t, (x) => x],
  [(t) => `(1 - ${t})`, (x) => 1 - x],
  [(t) => `${t}²`, (x) => x * x],
  [(t) => `(1 - ${t}²)`, (x) => 1 - x * x],
  [(t) => `${t} (1 - ${t})`, (x) => x * (1 - x)],
  [(t) => `sign(${t})`, Math.sign],
];

const otherForms: readonly Form[] = [
  [(t) => `(1 + ${t})`, (x) => 1 + x],
  [(t) => `abs(${t})`, Math.abs],
  [(t) => `√${t}`, Math.sqrt],
  [(t) => `exp(${t})`, Math.exp],
  [(t) => `log(${t})`, Math.log],
];

const allForms: readonly Form[] = [...plainForms, ...otherForms, [(t) => `exp(-${t})`, (x) => Math.exp(-x)]];

const bracketed = (text: string): string => (/^[\w.[\], ]+(\(.*\))?$/.test(text) || /^\([^()]*\)$/.test(text) ? text : `(${text})`);

/** The arguments, the loss's values, and simple functions of them, where they have the leaf's shape or are one number. */
function candidates({ leaves, named }: Evidence, samples: readonly Sample[], forms: readonly Form[]): Candidate[] {
  const [{ path, shape }] = leaves as [Leaf];
  const size = sizeOf(shape);
  const found: Candidate[] = [];
  const collect = (text: string, rows: readonly ArrayLike<number>[]): void => {
    for (const [name, f] of forms) found.push({ text: name(bracketed(text)), rows: rows.map((row) => Float64Array.from(row, f)) });
  };
  collect(
    path,
    samples.map(({ point }) => point[0]!),
  );
  const isFit = (x: Tensor): boolean =>
    isFloat(x.dtype) && x.storage !== null && (x.size === 1 || formatShape(x.shape) === formatShape(shape));
  for (const { path: other, tensor: x } of named)
    if (other !== path && isFit(x))
      collect(
        other,
        samples.map(() => entriesOf(x)),
      );
  const first = samples[0]!.loss;
  const comparable = first !== undefined && first.nodes.length <= 60 && size <= 1000 && samples.every(({ loss }) => isAlike(loss, first));
  if (!comparable) return found;
  const paths = new Map<Tensor, string>([...named.map(({ path: own, tensor: x }) => [x, own] as const), [first.inputs[0]!, path]]);
  first.nodes.forEach((node, at) => {
    const out = node.outputs[0]!;
    if (node.outputs.length !== 1 || !isFit(out) || node.op.notation.form === "alias") return;
    collect(
      termOf(out, first, (x) => paths.get(x)),
      samples.map(({ loss }) => entriesOf(loss!.nodes[at]!.outputs[0]!)),
    );
  });
  return found;
}

const isAlike = (x: Graph | undefined, y: Graph): boolean =>
  x !== undefined && x.nodes.length === y.nodes.length && x.nodes.every((node, i) => node.op === y.nodes[i]!.op);

const entry = (row: ArrayLike<number>, i: number): number => (row.length === 1 ? row[0]! : row[i]!);

/** The entry where a candidate and what is to be explained by it are clearest; undefined where there is nothing clear. */
function ratioAt(sample: Sample, wanted: ArrayLike<number>, row: ArrayLike<number>, weight: (i: number) => number): number | undefined {
  let [most, ratio] = [0, Number.NaN];
  for (let i = 0; i < wanted.length; i++) {
    const clear = weight(i) * sample.scales[0]![i]!;
    if (clear > most && entry(row, i) !== 0) [most, ratio] = [clear, wanted[i]! / entry(row, i)];
  }
  return Number.isFinite(ratio) && ratio !== 0 ? ratio : undefined;
}

/** The claim is the truth times or over a value: an exponent too high, a factor dropped. One differentiated tensor. */
export const plainFactor = (evidence: Evidence, samples: readonly Sample[]): string | undefined =>
  valueFactor(evidence, samples, plainForms);

/** The same with functions that are rarer in derivatives. */
export const otherFactor = (evidence: Evidence, samples: readonly Sample[]): string | undefined =>
  valueFactor(evidence, samples, otherForms);

function valueFactor(evidence: Evidence, samples: readonly Sample[], forms: readonly Form[]): string | undefined {
  if (evidence.leaves.length !== 1 || countOf(samples) < 3) return undefined;
  const [first] = samples as [Sample];
  const quotient = first.claimed[0]!.map((c, i) => c / first.truth[0]![i]!);
  const found: { readonly text: string; readonly plain: boolean }[] = [];
  for (const { text, rows } of candidates(evidence, samples, forms)) {
    for (const power of [1, -1]) {
      const row = Float64Array.from(rows[0]!, (x) => x ** power);
      const ratio = ratioAt(first, quotient, row, (i) => Math.abs(first.truth[0]![i]!));
      if (ratio === undefined) continue;
      const factor = Math.abs(ratio - 1) <= 1e-9 ? 1 : ratio;
      if (factor !== 1 && !factorOf(factor, evidence.named).known) continue;
      const fits = samples.every((sample, s) =>
        isClaim(sample, [sample.truth[0]!.map((g, i) => (g === 0 ? 0 : factor * g * entry(rows[s]!, i) ** power))]),
      );
      if (fits) found.push({ text: factorText(factor, text, power, evidence), plain: factor === 1 });
    }
  }
  return best(found);
}

const best = (found: readonly { readonly text: string; readonly plain: boolean }[]): string | undefined =>
  [...found].sort((x, y) => Number(y.plain) - Number(x.plain) || x.text.length - y.text.length)[0]?.text;

/** A text without brackets around the whole of it. */
function unbracketed(text: string): string {
  if (!text.startsWith("(")) return text;
  let depth = 0;
  const end = [...text].findIndex((letter) => (depth += letter === "(" ? 1 : letter === ")" ? -1 : 0) === 0);
  return end === text.length - 1 ? text.slice(1, -1) : text;
}

function factorText(factor: number, text: string, power: number, { named }: Evidence): string {
  const alone = unbracketed(text);
  if (factor === 1) return power === 1 ? `the claim has the factor ${alone} too many` : `the claim misses the factor ${alone}`;
  return `the claim is ${factorOf(factor, named).text} ${power === 1 ? "·" : "/"} ${text} times the truth`;
}

/** The same numbers added to the truth at every point. */
export function fixedOffset({ leaves, size }: Evidence, samples: readonly Sample[]): string | undefined {
  if (samples.length < 2 || size > 16) return undefined;
  const rows = samples[0]!.claimed.map((row, k) => row.map((c, i) => Number((c - samples[0]!.truth[k]![i]!).toPrecision(6))));
  const fits = samples.every((sample) =>
    isClaim(
      sample,
      sample.truth.map((row, k) => row.map((g, i) => g + rows[k]![i]!)),
    ),
  );
  if (!fits) return undefined;
  const texts = leaves.map(
    ({ path }, k) => `[${Array.from(rows[k]!, (x) => formatNumber(x, 6)).join(", ")}]${leaves.length > 1 ? ` for ${path}` : ""}`,
  );
  return `the claim is the truth plus ${texts.join(", ")}, whatever the point`;
}

/** The claim is the truth plus or minus a multiple of a value. One differentiated tensor. */
export function valueOffset(evidence: Evidence, samples: readonly Sample[]): string | undefined {
  if (evidence.leaves.length !== 1 || countOf(samples) < 4) return undefined;
  const [first] = samples as [Sample];
  const offset = first.claimed[0]!.map((c, i) => c - first.truth[0]![i]!);
  const found: { readonly text: string; readonly plain: boolean }[] = [];
  for (const { text, rows } of candidates(evidence, samples, allForms)) {
    const ratio = ratioAt(first, offset, rows[0]!, (i) => Math.abs(offset[i]!));
    if (ratio === undefined) continue;
    const factor = Number(ratio.toPrecision(6));
    const plain = Math.abs(factor) === 1;
    if (Math.abs(ratio - factor) > 1e-8 * Math.abs(ratio) && !factorOf(ratio, evidence.named).known) continue;
    const exact = Math.abs(ratio - factor) <= 1e-8 * Math.abs(ratio) ? factor : ratio;
    const fits = samples.every((sample, s) => isClaim(sample, [sample.truth[0]!.map((g, i) => g + exact * entry(rows[s]!, i))]));
    const scale = Math.abs(factor) === 1 ? "" : `${factorOf(Math.abs(exact), evidence.named).text} · `;
    if (fits) found.push({ text: `the claim is the truth ${exact < 0 ? "minus" : "plus"} ${scale}${text}`, plain });
  }
  return best(found);
}

const ofTruth: readonly (readonly [text: string, f: (x: number) => number])[] = [
  ["the logarithm of the truth", Math.log],
  ["the exponential of the truth", Math.exp],
  ["the square of the truth", (g) => g * g],
  ["the square root of the truth", Math.sqrt],
  ["the reciprocal of the truth", (g) => 1 / g],
  ["the magnitude of the truth", Math.abs],
  ["the sign of the truth", Math.sign],
  ["1 minus the truth", (g) => 1 - g],
  ["g (1 - g) where the truth is g", (g) => g * (1 - g)],
  ["1 - g² where the truth is g", (g) => 1 - g * g],
];

/** The claim is a function of the truth. */
export function functionOfTruth(_: Evidence, samples: readonly Sample[]): string | undefined {
  if (countOf(samples) < 3) return undefined;
  const found = ofTruth.find(([, f]) =>
    samples.every((sample) =>
      isClaim(
        sample,
        sample.truth.map((row) => row.map(f)),
      ),
    ),
  );
  return found === undefined ? undefined : `the claim is ${found[0]}`;
}

/** The claim is one of the arguments or of the loss's values. */
export function otherValue(evidence: Evidence, samples: readonly Sample[]): string | undefined {
  if (countOf(samples) < 3 || evidence.leaves.length !== 1) return undefined;
  const equal = candidates(evidence, samples, allForms).filter(({ rows }) =>
    samples.every((sample, s) => isClaim(sample, [sample.claimed[0]!.map((_, i) => entry(rows[s]!, i))])),
  );
  const text = best(equal.map((one) => ({ text: one.text, plain: true })));
  return text === undefined ? undefined : `the claim is ${unbracketed(text)}`;
}

/** At every point a multiple of the truth, but not the same one. */
export function scalarFactor({ size }: Evidence, samples: readonly Sample[]): string | undefined {
  if (size < 3 || samples.length < 2) return undefined;
  const factors = samples.map((sample) => {
    const { claimed, truth, scales } = sample;
    let [most, factor] = [0, Number.NaN];
    truth.forEach((row, k) =>
      row.forEach((g, i) => {
        if (Math.abs(g) * scales[k]![i]! > most) [most, factor] = [Math.abs(g) * scales[k]![i]!, claimed[k]![i]! / g];
      }),
    );
    return isClaim(
      sample,
      truth.map((row) => row.map((g) => g * factor)),
    )
      ? factor
      : Number.NaN;
  });
  if (!factors.every(Number.isFinite)) return undefined;
  return `at every point the claim is a multiple of the truth, but not by the same factor (${factors.map((x) => formatNumber(x, 8)).join(", ")}): a factor that is one number is wrong`;
}

const hasSpread = (row: ArrayLike<number>): boolean =>
  Array.prototype.some.call(row, (x: number) => Math.abs(x - row[0]!) > 1e-9 * Math.abs(row[0]!));

/** Entries that are all the same where the true ones are not, or the same along another axis. */
export function sameAlong({ leaves }: Evidence, samples: readonly Sample[]): string | undefined {
  const wrong = samples.filter(({ claimed, truth }) => claimed.some((row, k) => row.some((c, i) => c !== truth[k]![i])));
  for (const [k, { path, shape }] of leaves.entries()) {
    if (sizeOf(shape) < 3) continue;
    const all = wrong.every(({ claimed, truth }) => !hasSpread(claimed[k]!) && hasSpread(truth[k]!));
    if (all && wrong.length > 0) return `the claim is the same at every entry${leaves.length > 1 ? ` of ${path}` : ""}, the truth is not`;
    for (const [a, b] of shape.flatMap((_, i) => shape.map((_, j) => [i, j] as const))) {
      if (a === b || shape[a]! < 2 || shape[b]! < 2) continue;
      const turned = wrong.every(
        ({ claimed, truth }) =>
          isConstantAlong(claimed[k]!, shape, a) && !isConstantAlong(truth[k]!, shape, a) && isConstantAlong(truth[k]!, shape, b),
      );
      if (turned && wrong.length > 0)
        return `the claim is the same along axis ${a} of ${path}, the truth along axis ${b}: a sum over the wrong axis`;
    }
  }
  return undefined;
}

function isConstantAlong(row: Float64Array, shape: Shape, axis: number): boolean {
  const stride = sizeOf(shape.slice(axis + 1));
  return row.every((x, at) => {
    const i = Math.floor(at / stride) % shape[axis]!;
    const head = row[at - i * stride]!;
    return Math.abs(x - head) <= 1e-9 * Math.abs(head);
  });
}

/** Wrong entries that lie together: in one tensor, or in some rows of it. */
export function place({ leaves, size }: Evidence, samples: readonly Sample[]): string | undefined {
  const wrongAt = samples.flatMap(({ claimed, truth, bars }) =>
    claimed.flatMap((row, k) =>
      Array.from(row.keys())
        .filter((i) => Math.abs(row[i]! - truth[k]![i]!) > bars[k]![i]! + 1e-12 * Math.abs(row[i]!))
        .map((i) => ({ leaf: k, at: i })),
    ),
  );
  const own = new Set(wrongAt.map(({ leaf }) => leaf));
  if (own.size === 0 || size < 3) return undefined;
  const paths = [...own].map((k) => leaves[k]!.path).join(", ");
  const others = own.size < leaves.length ? "the others are right" : undefined;
  if (own.size === 1) {
    const [k] = own as unknown as [number];
    const { shape, path } = leaves[[...own][0] ?? k]!;
    for (let axis = 0; axis < shape.length; axis++) {
      const stride = sizeOf(shape.slice(axis + 1));
      const rows = [...new Set(wrongAt.map(({ at }) => Math.floor(at / stride) % shape[axis]!))].sort((a, b) => a - b);
      if (rows.length <= shape[axis]! / 2 && shape.length > 1)
        return `only ${rows.length === 1 ? "index" : "indices"} ${rows.slice(0, 6).join(", ")}${rows.length > 6 ? ", …" : ""} along axis ${axis} of ${path} ${rows.length === 1 ? "is" : "are"} wrong`;
    }
  }
  return others === undefined ? undefined : `only the gradient of ${paths} is wrong, ${others}`;
}

/** Wrong by little everywhere: numbers cut short, another ε, the gradient of an approximation. */
export function nearEverywhere(_: Evidence, samples: readonly Sample[]): string | undefined {
  const most = samples.reduce(
    (worst, { claimed, truth, scales, size }) =>
      Math.max(worst, ...claimed.flatMap((row, k) => Array.from(row, (c, i) => (Math.abs(c - truth[k]![i]!) * scales[k]![i]!) / size))),
    0,
  );
  if (!(most < 0.02) || countOf(samples) < 3) return undefined;
  return `the claim is near the truth at every entry, at most ${formatNumber(100 * most, 2)} % of the largest away: a number cut short, another ε, or the gradient of an approximation`;
}
