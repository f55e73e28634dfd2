/** What this engine can run: WebAssembly with vectors, relaxed multiply-add, or neither. Asked once. */
import { encodeModule } from "./assembly/module.ts";

const moduleWith = (instruction: string): Uint8Array<ArrayBuffer> =>
  encodeModule({
    imports: [],
    functions: [
      {
        name: "f",
        parameters: ["v128"],
        results: ["v128"],
        locals: [],
        body: [["local.get", 0], ["local.get", 0], ["local.get", 0], [instruction]],
        exported: false,
      },
    ],
  });

export interface Target {
  /** Why programs run as JavaScript; undefined where they run as WebAssembly. */
  readonly refusal: string | undefined;
  readonly relaxed: boolean;
}

let found: Target | undefined;

export function hostTarget(): Target {
  return (found ??= ask());
}

function ask(): Target {
  if (typeof WebAssembly !== "object") return { refusal: "there is no WebAssembly here", relaxed: false };
  try {
    const bytes = moduleWith("v128.bitselect");
    if (!WebAssembly.validate(bytes)) return { refusal: "this engine's WebAssembly has no vectors", relaxed: false };
    new WebAssembly.Module(bytes);
  } catch (thrown) {
    return { refusal: `WebAssembly is not allowed here (${thrown instanceof Error ? thrown.message : String(thrown)})`, relaxed: false };
  }
  return { refusal: undefined, relaxed: WebAssembly.validate(moduleWith("f64x2.relaxed_madd")) };
}
