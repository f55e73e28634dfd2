/** Blocks as text, for people. It knows steps and values; it runs nothing. */
import { type Block, nestedBlocks } from "./values.ts";
import { baseOf, isIdentity } from "./views.ts";

/** A block as a listing, one step a line. */
export function printBlock({ inputs, steps, outputs }: Block, indent = ""): string {
  const name = (id: number): string => `v${id}`;
  const one = (x: Block["inputs"][number]): string => {
    switch (x.source.kind) {
      case "uniform":
        return String(x.source.number);
      case "view":
        if (isIdentity(x.shape, x.source.view)) return name(x.source.of.id);
        return `${name(x.source.of.id)}[+${x.source.view.offset}, (${x.source.view.strides.join(", ")}) of (${x.shape.join(", ")})]`;
      default:
        return name(x.id);
    }
  };
  const lines = [`${indent}inputs ${inputs.map((x) => `${name(x.id)}: ${x.dtype}[${x.shape.join(", ")}]`).join(", ")}`];
  const constants = new Set(steps.flatMap((step) => step.inputs.map(baseOf)).filter((x) => x.source.kind === "constant"));
  for (const x of constants) lines.push(`${indent}constant ${name(x.id)}: ${x.dtype}[${x.shape.join(", ")}]`);
  for (const step of steps) {
    const left = step.outputs.map((x) => `${name(x.id)}: ${x.dtype}[${x.shape.join(", ")}]`).join(", ");
    const what = "op" in step ? step.op.name : step.kind === "elementwise" ? step.name : step.kind;
    lines.push(`${indent}${left} = ${what} ${step.inputs.map(one).join(", ")}`);
    for (const block of nestedBlocks(step)) lines.push(printBlock(block, `${indent}  `));
  }
  lines.push(`${indent}outputs ${outputs.map(one).join(", ")}`);
  return lines.join("\n");
}
