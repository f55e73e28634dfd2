/** Draws arguments for the laws from a seed: shapes, tensors inside a domain, integers. Knows domains; knows no op. */
import { tensor, type Shape, type Tensor } from "@cotangent/core";
import { type Domain, type Draw, reals, sizeOf } from "@cotangent/core/engine";

/** Uniform numbers in [0, 1) from a 32-bit seed: Marsaglia's multiply-with-carry pair, mixed first so that near seeds differ. */
export function uniformFrom(seed: number): () => number {
  let a = mix(seed) | 1;
  let b = mix(seed ^ 0x5bd1e995) | 1;
  return () => {
    a = (Math.imul(36969, a & 0xffff) + (a >>> 16)) | 0;
    b = (Math.imul(18000, b & 0xffff) + (b >>> 16)) | 0;
    return ((((a << 16) + b) >>> 0) + (a >>> 22) / 1024) / 4294967297;
  };
}

function mix(seed: number): number {
  let x = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

/** A `Draw` that gives the same arguments for the same seed. */
export function drawFrom(seed: number): Draw {
  const uniform = uniformFrom(seed);
  const integer = (low: number, high: number): number => low + Math.floor(uniform() * (high - low + 1));
  const pick = <T>(choices: readonly T[]): T => choices[integer(0, choices.length - 1)]!;

  /** Sides are small and mostly distinct, now and then 1 or 0. */
  function shape(minRank: number, maxRank: number, minSide = 0, maxSide = 4): Shape {
    const rank = integer(minRank, maxRank);
    return Array.from({ length: rank }, () => {
      const side = uniform() < 0.06 ? minSide : integer(Math.max(1, minSide), maxSide);
      return uniform() < 0.1 ? Math.max(1, minSide) : side;
    });
  }

  function entry(domain: Domain): number {
    for (let tries = 0; tries < 1000; tries++) {
      const x = candidate(domain, uniform);
      if (inside(x, domain)) return x;
    }
    throw new Error(`draw: no point found — domain ${domain.name}; give a wider one`);
  }

  function entries(count: number, domain: Domain, separated: boolean): number[] {
    if (!separated) return Array.from({ length: count }, () => entry(domain));
    const low = Number.isFinite(domain.low) ? domain.low : -2;
    const high = Number.isFinite(domain.high) ? domain.high : low + 4;
    const places = Array.from({ length: count }, (_, i) => low + ((high - low) * (i + 0.3 + 0.4 * uniform())) / count);
    for (let i = count - 1; i > 0; i--) {
      const j = integer(0, i);
      [places[i], places[j]] = [places[j]!, places[i]!];
    }
    return places;
  }

  return {
    integer,
    pick,
    shape,
    tensor: (sides, domain = reals, separated = false) => flat(entries(sizeOf(sides), domain, separated), sides),
    integers: (sides, low, high) =>
      tensor(
        Int32Array.from({ length: sizeOf(sides) }, () => integer(low, high)),
        { shape: sides },
      ),
    bools: (sides) =>
      tensor(
        Uint8Array.from({ length: sizeOf(sides) }, () => integer(0, 1)),
        { shape: sides },
      ),
  };
}

const flat = (entries: readonly number[], shape: Shape): Tensor => tensor(Float64Array.from(entries), { shape });

/** Mostly of size one, now and then small or large, inside the ends of the domain. */
function candidate({ low, high }: Domain, uniform: () => number): number {
  const size = uniform() < 0.8 ? 0.1 + 2 * uniform() : 10 ** (-3 + 4 * uniform());
  if (Number.isFinite(low) && Number.isFinite(high)) return low + (high - low) * (0.02 + 0.96 * uniform());
  if (Number.isFinite(low)) return low + size;
  if (Number.isFinite(high)) return high - size;
  return uniform() < 0.5 ? -size : size;
}

const margin = 0.05;

function inside(x: number, domain: Domain): boolean {
  if (x < domain.low || x > domain.high || (!domain.closed && (x === domain.low || x === domain.high))) return false;
  if (domain.except.some((point) => Math.abs(x - point) < margin * Math.max(1, Math.abs(point)))) return false;
  const step = domain.steps === "integers" ? x : domain.steps === "halves" ? x + 0.5 : undefined;
  return step === undefined || Math.abs(step - Math.round(step)) > margin;
}
