// The vitest matcher: passes on AGREES, fails with the report on everything else.
import { eye, type Tensor, tensor } from "@cotangent/core";
import { expect, test } from "vitest";
import "../src/vitest.ts";

const loss = (x: Tensor): Tensor => x.square().mean();
const at = [tensor([1, -2, 0.5])];

test("a right gradient passes", () => {
  expect(loss).toHaveGradient((x: Tensor) => x.mul(2 / 3), { at });
});

test("a wrong one fails with its diagnosis", () => {
  expect(loss).not.toHaveGradient((x: Tensor) => x.mul(2), { at });
  expect(() => expect(loss).toHaveGradient((x: Tensor) => x.mul(2), { at })).toThrow(
    /REFUTED 3 of 3 entries are wrong: the claim is 3 times the truth/,
  );
});

test("Jacobians and Hessians", () => {
  const f = (x: Tensor): Tensor => x.square();
  const diagonal = (x: Tensor): Tensor => eye(3).mul(x);
  expect(f).toHaveJacobian((x: Tensor) => diagonal(x.mul(2)), { at });
  expect(f).not.toHaveJacobian((x: Tensor) => diagonal(x), { at });
  expect((x: Tensor) => f(x).sum()).toHaveHessian(eye(3).mul(2), { at });
  expect(() => expect((x: Tensor) => f(x).sum()).toHaveHessian(eye(3), { at })).toThrow(
    /REFUTED 3 of 9 entries are wrong: the claim is 1\/2 times/,
  );
});
