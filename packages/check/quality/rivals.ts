/**
 * The published rules of other gradient checkers, at their defaults, for a scalar loss in double precision. They know numbers; nothing of
 * this package. Each says where the rule was published; what is retold here is the rule, none of the code.
 */
import type { Plain } from "./claims.ts";
import { numpyRandn, torchRand } from "./twister.ts";

/** Whether a rule accepts a claim. */
export type Rule = (plain: Plain) => boolean;

type Lists = readonly (readonly number[])[];

const unit = 2 ** -52;

/** The point with one entry moved. */
function moved(at: Lists, leaf: number, entry: number, by: number): Lists {
  const list = at[leaf]!.slice();
  list[entry]! += by;
  return at.map((other, k) => (k === leaf ? list : other));
}

const along = (at: Lists, direction: Lists, by: number): Lists => at.map((list, k) => list.map((x, i) => x + by * direction[k]![i]!));

const dot = (xs: readonly number[], ys: readonly number[]): number => xs.reduce((sum, x, i) => sum + x * ys[i]!, 0);

/** Whether all entries hold; every one is computed before any is judged, as the rules do. */
const everyEntry = ({ at }: Plain, holds: (leaf: number, entry: number) => boolean): boolean =>
  at.map((list, leaf) => list.map((_, entry) => holds(leaf, entry)).every(Boolean)).every(Boolean);

/** `torch.allclose` and `numpy.testing.assert_allclose`: NaN is close to nothing, an infinity to itself alone. */
const allClose = (actual: number, expected: number, atol: number, rtol: number): boolean =>
  actual === expected || Math.abs(actual - expected) <= atol + rtol * Math.abs(expected);

const torch = { eps: 1e-6, atol: 1e-5, rtol: 1e-3 };

/**
 * PyTorch `torch.autograd.gradcheck`, slow mode: (f(x + εeᵢ) - f(x - εeᵢ))/2ε for every entry, ε = 1e-6, and `allclose` at atol 1e-5, rtol
 * 1e-3. Source: pytorch/pytorch, torch/autograd/gradcheck.py, `gradcheck`, `_slow_gradcheck`, `_compute_numerical_gradient`.
 */
const torchSlow: Rule = (plain) => {
  const { at, value, claimed } = plain;
  const { eps, atol, rtol } = torch;
  return everyEntry(plain, (leaf, entry) => {
    const numerical = (value(moved(at, leaf, entry, eps)) - value(moved(at, leaf, entry, -eps))) / (2 * eps);
    return allClose(claimed[leaf]![entry]!, numerical, atol, rtol);
  });
};

/**
 * PyTorch `gradcheck(fast_mode=True)`: for every input one direction u, uniform in [0, 1) and divided by its norm, from a generator that
 * always starts the same; atol is multiplied by Σu. Source: pytorch/pytorch, torch/autograd/gradcheck.py, `_fast_gradcheck`,
 * `_vec_from_tensor`, `_adjusted_atol`.
 */
const torchFast: Rule = ({ at, value, claimed }) => {
  const { eps, atol, rtol } = torch;
  const uniform = torchRand();
  const held = at.map((list, leaf) => {
    const drawn = list.map(uniform);
    const norm = Math.sqrt(dot(drawn, drawn));
    const u = drawn.map((x) => x / norm);
    const direction = at.map((other, k) => (k === leaf ? u : other.map(() => 0)));
    const numerical = (value(along(at, direction, eps)) - value(along(at, direction, -eps))) / (2 * eps);
    return allClose(dot(claimed[leaf]!, u), numerical, atol * u.reduce((sum, x) => sum + x, 0), rtol);
  });
  return held.every(Boolean);
};

/**
 * JAX `jax.test_util.check_grads(f, args, order=1, modes=["rev"])`: one Gaussian direction and a Gaussian cotangent from `RandomState(0)`,
 * always the same, (f(x + εt) - f(x - εt))·0.5/ε with ε = 1e-4, `assert_allclose` at atol = rtol = 1e-5 for float64. Source: jax-ml/jax,
 * jax/_src/public_test_util.py, `check_vjp`, `numerical_jvp`, `default_gradient_tolerance`.
 */
const jax: Rule = ({ at, value, claimed }) => {
  const [eps, tolerance] = [1e-4, 1e-5];
  const normal = numpyRandn(0);
  const tangent = at.map((list) => list.map(normal));
  const cotangent = normal();
  const [above, below] = [value(along(at, tangent, eps)), value(along(at, tangent, -eps))];
  const numerical = above === below ? 0 : (above - below) * (0.5 / eps);
  const projected = tangent.reduce(
    (sum, t, k) =>
      sum +
      dot(
        t,
        claimed[k]!.map((g) => g * cotangent),
      ),
    0,
  );
  return allClose(projected, numerical * cotangent, tolerance, tolerance);
};

const stencil = [
  [3, 1],
  [2, -9],
  [1, 45],
  [-3, -1],
  [-2, 9],
  [-1, -45],
] as const;

/**
 * Stan Math's test of gradients: six points a parameter, h = u^(1/7) max(1, |x|) with u the spacing of doubles at 1, accepted within
 * max(1e-4·(|g| + |d|)/2, 1e-8). Source: stan-dev/math, stan/math/prim/functor/finite_diff_gradient_auto.hpp,
 * stan/math/prim/fun/finite_diff_stepsize.hpp, test/unit/math/ad_tolerances.hpp, test/unit/math/relative_tolerance.hpp.
 */
const stanMath: Rule = (plain) => {
  const { at, value, claimed } = plain;
  const [relative, least] = [1e-4, 1e-8];
  return everyEntry(plain, (leaf, entry) => {
    const h = unit ** (1 / 7) * Math.max(1, Math.abs(at[leaf]![entry]!));
    const sum = stencil.reduce((total, [steps, weight]) => total + weight * value(moved(at, leaf, entry, steps * h)), 0);
    const [numerical, g] = [sum / (60 * h), claimed[leaf]![entry]!];
    return Math.abs(g - numerical) <= Math.max((relative * (Math.abs(g) + Math.abs(numerical))) / 2, least);
  });
};

/**
 * Stan's `diagnose test=gradient` of a model: (f(x + εeᵢ) - f(x - εeᵢ))/2ε with ε = 1e-6, accepted within an absolute 1e-6. Source:
 * stan-dev/stan, src/stan/model/test_gradients.hpp, src/stan/model/finite_diff_grad.hpp.
 */
const stanDiagnose: Rule = (plain) => {
  const { at, value, claimed } = plain;
  const [eps, error] = [1e-6, 1e-6];
  return everyEntry(plain, (leaf, entry) => {
    const numerical = (value(moved(at, leaf, entry, eps)) - value(moved(at, leaf, entry, -eps))) / (2 * eps);
    return !(Math.abs(claimed[leaf]![entry]! - numerical) > error);
  });
};

export const rivals: Readonly<Record<string, Rule>> = {
  "PyTorch gradcheck": torchSlow,
  "PyTorch gradcheck, fast mode": torchFast,
  "JAX check_grads": jax,
  "Stan Math expect_ad": stanMath,
  "Stan diagnose": stanDiagnose,
};
