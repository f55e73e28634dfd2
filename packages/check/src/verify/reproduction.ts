/** A short program that shows a refutation again: the functions' own text where it is short, and the point in full where it is small. */
import type { Tensor } from "@cotangent/core";
import { isTensor } from "@cotangent/core/engine";
import type { Given } from "./options.ts";
import { type Point, tensorsAt } from "./problem.ts";

const longest = 400;
const largest = 64;

/** A call of a check with its functions, in order and by the names they have in the program, at one point. */
export function programOf(
  check: string,
  { inputs, seed, whole, asked }: Given,
  functions: Readonly<Record<string, unknown>>,
  point: Point,
): string {
  const at = whole(inputs.narrow(tensorsAt(inputs.leaves, point, false)));
  const options = Object.entries(asked).map(([name, value]) => `, ${name}: ${literal(value)}`);
  return [
    'import { tensor } from "@cotangent/core";',
    `import { ${check} } from "@cotangent/check";`,
    ...Object.entries(functions).map(([name, f]) => `const ${name} = ${sourceOf(f, `/* the ${name} */`)};`),
    `const at = ${literal(at)};`,
    `console.log(String(${check}(${Object.keys(functions).join(", ")}, { at${options.join("")}, seed: ${seed}, points: 0 })));`,
  ].join("\n");
}

function sourceOf(f: unknown, otherwise: string): string {
  if (typeof f !== "function") return literal(f);
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
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  return typeof value === "function" ? "/* a function */" : (JSON.stringify(value) ?? String(value));
}

function tensorLiteral(x: Tensor): string {
  if (x.size > largest) return `/* ${x.dtype}[${x.shape.join(", ")}] */`;
  const text = JSON.stringify(x.toArray(), (_, entry: unknown) => (typeof entry === "number" && !Number.isFinite(entry) ? null : entry));
  return x.dtype === "float64" || x.dtype === "bool" ? `tensor(${text})` : `tensor(${text}, ${JSON.stringify(x.dtype)})`;
}
