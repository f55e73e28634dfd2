/** Where an op is defined and smooth, as data, and what a law may draw there. Knows neither tensors nor random numbers. */

/** An interval of the real line with the points where the function is not smooth. */
export interface Domain {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  /** Whether the ends belong to the domain. */
  readonly closed: boolean;
  /** Kinks and poles inside; laws about derivatives keep away from them, laws about conventions go there. */
  readonly except: readonly number[];
  /** Also not smooth at every integer or half-integer: floor, round. */
  readonly steps?: "integers" | "halves";
}

export const domain = (name: string, low: number, high: number, closed = false, except: readonly number[] = []): Domain => ({
  name,
  low,
  high,
  closed,
  except,
});

export const reals: Domain = /* @__PURE__ */ domain("ℝ", -Infinity, Infinity);
export const positive: Domain = /* @__PURE__ */ domain("(0, ∞)", 0, Infinity);
export const nonnegative: Domain = /* @__PURE__ */ domain("[0, ∞)", 0, Infinity, true, [0]);
export const nonzero: Domain = /* @__PURE__ */ domain("ℝ \\ {0}", -Infinity, Infinity, false, [0]);
export const unit: Domain = /* @__PURE__ */ domain("(0, 1)", 0, 1);
export const symmetricUnit: Domain = /* @__PURE__ */ domain("(−1, 1)", -1, 1);
export const aboveMinusOne: Domain = /* @__PURE__ */ domain("(−1, ∞)", -1, Infinity);
export const closedSymmetricUnit: Domain = /* @__PURE__ */ domain("[−1, 1]", -1, 1, true, [-1, 1]);
export const atLeastOne: Domain = /* @__PURE__ */ domain("[1, ∞)", 1, Infinity, true, [1]);
/** Everywhere defined, with kinks at the given points. */
export const realsExcept = (...points: readonly number[]): Domain => domain("ℝ", -Infinity, Infinity, false, points);
/** The branch of the tangent around 0, between two poles. */
export const tangentBranch: Domain = /* @__PURE__ */ domain("(−π/2, π/2)", -Math.PI / 2, Math.PI / 2);
/** Everywhere defined, with a jump at every integer. */
export const betweenIntegers: Domain = { ...reals, name: "ℝ \\ ℤ", steps: "integers" };
/** Everywhere defined, with a jump halfway between any two integers. */
export const betweenHalves: Domain = { ...reals, name: "ℝ \\ (ℤ + ½)", steps: "halves" };
