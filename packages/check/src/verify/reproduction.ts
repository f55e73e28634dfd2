/** A short program that shows a refutation again: the functions' own text where it is short, and the point in full where it is small. */
import type { Tensor } from "@cotangent/core";
import { isTensor } from "@cotangent/core/engine";
import type { Subject } from "./point.ts";
import { type Point, tensorsAt } from "./problem.ts";

const longest = 400;
const largest = 64;

export function reproductionOf({ loss, inputs }: Subject, claim: unknown, point: Point, seed: number): string {
  const args = inputs.narrow(tensorsAt(inputs.leaves, point, false));
  return [
    'import { tensor } from "@cotangent/core";',
    'import { checkGradient } from "@cotangent/check";',
    `const loss = ${sourceOf(loss, "/* the loss */")};`,
    `const claimed = ${sourceOf(claim, "/* the claim */")};`,
    `const at = [${args.map(literal).join(", ")}];`,
    `console.log(String(checkGradient(loss, claimed, { at, seed: ${seed}, points: 0 })));`,
  ].join("\n");
}

function sourceOf(f: unknown, otherwise: string): string {
  if (typeof f !== "function") return otherwise;
  const text = Function.prototype.toString.call(f);
  return text.length <= longest && !text.includes("[native code]") ? text : otherwise;
}

/** A value as code; large tensors by what they are. */
function literal(value: unknown): string {
  if (isTensor(value)) return tensorLiteral(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object" && value !== null)
    return `{ ${Object.entries(value)
      .map(([key, item]) => `${/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key)}: ${literal(item)}`)
      .join(", ")} }`;
  return typeof value === "function" ? "/* a function */" : (JSON.stringify(value) ?? String(value));
}

function tensorLiteral(x: Tensor): string {
  if (x.size > largest) return `/* ${x.dtype}[${x.shape.join(", ")}] */`;
  const text = JSON.stringify(x.toArray(), (_, entry: unknown) => (typeof entry === "number" && !Number.isFinite(entry) ? null : entry));
  return x.dtype === "float64" || x.dtype === "bool" ? `tensor(${text})` : `tensor(${text}, ${JSON.stringify(x.dtype)})`;
}
