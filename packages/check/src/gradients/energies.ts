/** Gradients of the energies of particles by where they are; forces have the other sign. It knows formulas. */
import { eye, type Tensor, tensor } from "@cotangent/core";
import { listed, type ListedGradient } from "./list.ts";

const apart = (r: Tensor): Tensor => r.expandDims(1).sub(r.expandDims(0));

/** Squared distances of four particles, with 1 for that of each to itself. */
const squaredDistances = (r: Tensor): Tensor => apart(r).square().sum({ axes: 2 }).add(eye(4));
const others: Tensor = eye(4).neg().add(1);

/** The sum over the others of a multiple of the way from them. */
const towards = (r: Tensor, multiple: Tensor): Tensor => multiple.mul(others).expandDims(2).mul(apart(r)).sum({ axes: 1 });

/** -24 (2/r¹⁴ - 1/r⁸), or with other exponents brought down. */
function slope(r: Tensor, twelve = 12, six = 6): Tensor {
  const square = squaredDistances(r);
  const attraction = square.pow(-3);
  return attraction
    .square()
    .mul(-4 * twelve)
    .add(attraction.mul(4 * six))
    .div(square);
}

/** Over pairs, each charge times the other over a power of the distance, along the way between them. */
function coulomb(r: Tensor, q: Tensor, power: number, isPair: (i: number, j: number) => boolean): Float64Array {
  const g = new Float64Array(9);
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      if (!isPair(i, j)) continue;
      const way = [0, 1, 2].map((k) => r.values[3 * i + k]! - r.values[3 * j + k]!);
      const scale = (q.values[i]! * q.values[j]!) / Math.hypot(...way) ** power;
      way.forEach((d, k) => (g[3 * i + k] = g[3 * i + k]! - scale * d));
    }
  }
  return g;
}

/** Energies of particles. */
export const energies: readonly ListedGradient[] = [
  listed({
    name: "Lennard-Jones energy of four particles",
    source: "Allen and Tildesley, Computer Simulation of Liquids (2017), chapter 1",
    at: (d) => [
      tensor([
        [0, 0],
        [1.2, 0],
        [0, 1.2],
        [1.2, 1.2],
      ]).add(d.normal([4, 2], 0.05)),
    ],
    loss: (r: Tensor) => {
      const attraction = squaredDistances(r).pow(-3);
      return attraction.square().sub(attraction).mul(others).sum().mul(2);
    },
    right: { "Σ -24 (2/r¹⁴ - 1/r⁸) (rᵢ - rⱼ)": (r) => towards(r, slope(r)) },
    wrong: {
      "the force": (r) => towards(r, slope(r)).neg(),
      "every pair twice": (r) => towards(r, slope(r)).mul(2),
      "6 for 12": (r) => towards(r, slope(r, 6)),
      "no 1/r²": (r) => towards(r, slope(r).mul(squaredDistances(r))),
    },
  }),
  listed({
    name: "Coulomb energy of three charges",
    source: "Jackson, Classical Electrodynamics (1998), 1.49",
    at: (d) => [d.normal([3, 3]), tensor([1, -2, 1])] as const,
    loss: (r: Tensor, q: Tensor) => {
      const pair = (i: number, j: number): Tensor =>
        q
          .at(i)
          .mul(q.at(j))
          .div(r.at(i).sub(r.at(j)).square().sum().sqrt());
      return pair(0, 1).add(pair(0, 2)).add(pair(1, 2));
    },
    right: { "in numbers": (r, q) => coulomb(r, q, 3, (i, j) => i !== j) },
    wrong: {
      "1/r² for 1/r³": (r, q) => coulomb(r, q, 2, (i, j) => i !== j),
      "each pair on one side alone": (r, q) => coulomb(r, q, 3, (i, j) => i < j),
    },
  }),
];
