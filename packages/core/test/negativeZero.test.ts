// A negative zero stays one wherever entries are filled in.
import { expect, it } from "vitest";
import { full, fullLike, pad, tensor } from "../src/index.ts";

it.each([
  ["full", full([2, 2], -0)],
  ["a scalar", full([], -0)],
  ["float32", full([3], -0, "float32")],
  ["fullLike", fullLike(tensor([1, 2]), -0)],
  ["padding", pad(tensor([-0]), [[1, 2]], { value: -0 })],
])("%s", (_what, x) => {
  expect(Array.from(x.values).every((entry) => Object.is(entry, -0))).toBe(true);
});
