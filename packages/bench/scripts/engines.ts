// The engines that are compared: what each is called, what it computes in, and the process that runs it. Knows no workload.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export type Precision = "float32" | "float64";

export interface Engine {
  readonly name: string;
  readonly title: string;
  readonly precision: Precision;
  /** Whether a call with new arguments may cost more than one with the same. */
  readonly compiled: boolean;
  /** Ours, rather than a peer. */
  readonly own: boolean;
  /** Whether one process serves all workloads: where starting one takes long and the first call is of no interest. */
  readonly lasting: boolean;
  readonly colour: string;
  readonly command: (surroundings: Surroundings) => readonly string[];
  /** Why it cannot run here, if it cannot. */
  readonly absent: (surroundings: Surroundings) => string | undefined;
}

/** The title without variant and precision. */
export const familyOf = ({ title }: Engine): string => title.replace(/ (eager|jit|wasm|cpu)?\s*f(32|64)$/, "");

export interface Surroundings {
  /** The command that runs worker.ts. */
  readonly worker: readonly string[];
  /** A Python with each module, if there is one. */
  readonly pythons: Readonly<Record<string, string | undefined>>;
  /** Why the npm packages of the peers are missing, if they are. */
  readonly missing: string | undefined;
}

const folder = fileURLToPath(new URL("../peers/", import.meta.url));

const here = (name: string, variant: string) => ({
  command: ({ worker }: Surroundings) => [...worker, name, variant],
  absent: () => undefined,
});

const npm = (file: string, variant: string) => ({
  command: ({ worker }: Surroundings) => [...worker, file, variant, `${folder}${file}.js`],
  absent: ({ missing }: Surroundings) => missing,
});

const python = (module: string, file: string, precision: Precision) => ({
  command: ({ pythons }: Surroundings) => [pythons[module]!, `${folder}${file}.py`, precision],
  absent: ({ pythons }: Surroundings) => (pythons[module] === undefined ? `no Python here has ${module}` : undefined),
});

const engine = (
  name: string,
  title: string,
  precision: Precision,
  colour: string,
  run: Pick<Engine, "command" | "absent">,
  marks: Partial<Pick<Engine, "compiled" | "own" | "lasting">> = {},
): Engine => ({ name, title, precision, colour, compiled: false, own: false, lasting: false, ...marks, ...run });

export const engines: readonly Engine[] = [
  engine("jit-f32", "Cotangent jit f32", "float32", "#0b62a4", here("cotangent", "jit-f32"), { compiled: true, own: true }),
  engine("jit-f64", "Cotangent jit f64", "float64", "#4f9bd9", here("cotangent", "jit-f64"), { compiled: true, own: true }),
  engine("eager-f64", "Cotangent eager f64", "float64", "#12806a", here("cotangent", "eager-f64"), { own: true }),
  engine("eager-f32", "Cotangent eager f32", "float32", "#5cc2a8", here("cotangent", "eager-f32"), { own: true }),
  engine("plain", "plain JavaScript f64", "float64", "#6b6b6b", here("plain", "f64")),
  engine("jax", "jax-js jit f32", "float32", "#b0348e", npm("jax", "wasm"), { compiled: true }),
  engine("tfjs-wasm", "TensorFlow.js wasm f32", "float32", "#d97b0b", npm("tensorflow", "wasm"), { lasting: true }),
  engine("tfjs-cpu", "TensorFlow.js cpu f32", "float32", "#e8b970", npm("tensorflow", "cpu"), { lasting: true }),
  engine("torch-f32", "PyTorch eager f32", "float32", "#c4300b", python("torch", "torch_engine", "float32"), { lasting: true }),
  engine("torch-f64", "PyTorch eager f64", "float64", "#ec8a72", python("torch", "torch_engine", "float64"), { lasting: true }),
  engine("numpy-f64", "NumPy f64", "float64", "#7b3fa0", python("numpy", "numpy_engine", "float64"), { lasting: true }),
  engine("numpy-f32", "NumPy f32", "float32", "#b48bd0", python("numpy", "numpy_engine", "float32"), { lasting: true }),
];

const peak = (name: string, title: string, precision: Precision, variant: string): Engine =>
  engine(name, title, precision, "", here("peak", variant), { lasting: true });

/** What the processor's vectors of 128 bits reach from WebAssembly, timed beside the workloads whose operations are counted. */
export const peaks: readonly Engine[] = [
  peak("peak-f32", "peak of multiply, then add, f32", "float32", "float32"),
  peak("peak-f64", "peak of multiply, then add, f64", "float64", "float64"),
  peak("peak-relaxed-f32", "peak of relaxed multiply-add, f32", "float32", "float32 relaxed"),
  peak("peak-relaxed-f64", "peak of relaxed multiply-add, f64", "float64", "float64 relaxed"),
];

/** Installs the npm packages of the peers unless they match their lock file; says what went wrong, if something did. */
export function installPeers(): string | undefined {
  const [lock, mark] = [`${folder}package-lock.json`, `${folder}node_modules/.installed-lock.json`];
  const wanted = readFileSync(lock, "utf8");
  if (existsSync(mark) && readFileSync(mark, "utf8") === wanted) return undefined;
  console.log("Installing the peers …");
  const { status, stderr } = spawnSync("npm", ["ci", "--loglevel=error"], {
    cwd: folder,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (status !== 0) {
    const said = stderr.split("\n").flatMap((line) => /^npm (?:error|ERR!) (.+)/.exec(line)?.slice(1) ?? []);
    const reason = said.find((line) => /Error: /.test(line)) ?? said[0] ?? "without a word";
    return `npm ci in packages/bench/peers failed: ${reason.replace(/https?:\/\/\S+/, "the registry")}`;
  }
  writeFileSync(mark, wanted);
  return undefined;
}

/** For each module the first Python that can import it: COTANGENT_PYTHON, the one on the path, then the system's own. */
export function findPythons(modules: readonly string[]): Record<string, string | undefined> {
  const candidates = [process.env.COTANGENT_PYTHON, "python3", "/usr/bin/python3"].filter((path) => path !== undefined);
  const has = (path: string, module: string) => spawnSync(path, ["-c", `import ${module}, numpy`], { stdio: "ignore" }).status === 0;
  return Object.fromEntries(modules.map((module) => [module, candidates.find((path) => has(path, module))]));
}
