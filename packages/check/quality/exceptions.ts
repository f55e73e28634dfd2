/** What the checker does not decide as the list says, with the reason. */
const reasons: readonly (readonly [where: RegExp, reason: string])[] = [
  [
    /^float32 noise: in numbers, result: .*(1e-6|e-6 off).*: (AGREES|UNDECIDED)$/,
    "numbers of float32 are rounded to 6e-8, and a claim in numbers may have rounded every operation: it is held to 64 such roundings, 4e-6",
  ],
  [
    /^barriers of a box a millionth wide: .*, result: .*(1e-3|1e-6).*: AGREES$/,
    "the bound 1.000001 is rounded to a double, which alone moves 1/(u - x) by 1e-3; the verdict gives the digits, about eight of ten million",
  ],
  [
    /^distance of huge numbers: .*, result: .*(1e-3|1e-6).*: (AGREES|UNDECIDED)$/,
    "numbers near 1e12 are rounded by 1e-4, so that a claim 1e-3 off may differ from the loss in its data alone",
  ],
  [
    /^the logistic map after 20 steps: .*, result: .*1e-6.*: AGREES$/,
    "running error bounds grow a hundred million times through twenty chaotic steps; the verdict says that seven to nine digits were verified",
  ],
];

/** Why a claim or mutant may be judged otherwise; undefined if it may not. */
export const reasonFor = (where: string): string | undefined => reasons.find(([pattern]) => pattern.test(where))?.[1];
