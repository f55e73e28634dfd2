// A consumer of the packed core and compiler: bundled by esbuild and by rollup it runs, methods included, type checks, and stays within its size budget.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import { build, type BuildOptions, type Plugin, transform } from "esbuild";
import { rollup } from "rollup";
import { afterAll, beforeAll, expect, test } from "vitest";

const consumer = mkdtempSync(join(tmpdir(), "cotangent-consumer-"));

/** What a command prints; its failure shows the end of what it wrote, for a bundle's one line is long. */
function run(command: string, options: readonly string[], cwd = "."): string {
  const { status, stdout, stderr } = spawnSync(command, options, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${options.join(" ")} failed: …${`${stdout}${stderr}`.slice(-800)}`);
  return stdout;
}

/** Each entry prints what it computed; `budget` is in gzipped bytes. */
const entries = {
  "one op": { code: `import { sin } from "@cotangent/core"; console.log(sin(0).item());`, prints: "0", budget: 61_000 },
  "one method": {
    code: `import { tensor } from "@cotangent/core"; console.log(tensor([0, 1]).exp().values[0]);`,
    prints: "1",
    budget: 61_000,
  },
  "one function": { code: `import { sin } from "@cotangent/core/functions"; console.log(sin(0).item());`, prints: "0", budget: 15_700 },
  "the functions of logistic regression": {
    code: `import { grad, log, matmul, mean, neg, sigmoid, tensor } from "@cotangent/core/functions";
const loss = (w) => neg(mean(log(sigmoid(matmul(tensor([[2, 0], [0, 2]]), w)))));
console.log(grad(loss)(tensor([0, 0])).toArray().join());`,
    prints: "-0.5,-0.5",
    budget: 33_000,
  },
  everything: {
    code: `import * as all from "@cotangent/core"; globalThis.all = all; console.log(all.tensor([1, 2]).square().values[1]);`,
    prints: "4",
    budget: 94_000,
  },
  "core and compile together": {
    code: `import { grad, matmul, tensor } from "@cotangent/core";
import { jit } from "@cotangent/compile";
console.log(jit(grad((x) => matmul(x, x)))(tensor([1, 2])).values[1]);`,
    prints: "4",
    budget: 115_000,
  },
  "one function, compiled": {
    code: `import { sin, tensor } from "@cotangent/core/functions";
import { jit } from "@cotangent/compile";
console.log(jit(sin)(tensor([0, 0])).values[1]);`,
    prints: "0",
    budget: 75_500,
  },
  "the functions of logistic regression, compiled": {
    code: `import { grad, log, matmul, mean, neg, sigmoid, tensor } from "@cotangent/core/functions";
import { jit } from "@cotangent/compile";
const loss = (w) => neg(mean(log(sigmoid(matmul(tensor([[2, 0], [0, 2]]), w)))));
console.log(jit(grad(loss))(tensor([0, 0])).toArray().join());`,
    prints: "-0.5,-0.5",
    budget: 82_500,
  },
};

const bundlers: Readonly<Record<string, (entry: string) => Promise<string>>> = {
  esbuild: async (entry) => {
    const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: "esm", minify: true, write: false });
    return outputFiles[0]!.text;
  },
  // The format is what lets the names of the top level be shortened.
  rollup: async (entry) => {
    const bundle = await rollup({ input: entry, plugins: [nodeResolve()], logLevel: "silent" });
    const { output } = await bundle.generate({ format: "esm" });
    return (await transform(output[0].code, { minify: true, format: "esm" })).code;
  },
};

beforeAll(() => {
  const { packageManager } = JSON.parse(readFileSync("package.json", "utf8")) as { packageManager: string };
  for (const name of ["core", "compile"]) {
    run("node_modules/.bin/tsdown", ["--filter", `packages/${name}`]);
    run("npx", ["--yes", packageManager, "--dir", `packages/${name}`, "pack", "--pack-destination", consumer]);
    const installed = join(consumer, "node_modules/@cotangent", name);
    mkdirSync(installed, { recursive: true });
    const tarball = readdirSync(consumer).find((file) => file.startsWith(`cotangent-${name}-`) && file.endsWith(".tgz"))!;
    run("tar", ["-xzf", join(consumer, tarball), "-C", installed, "--strip-components=1"]);
  }
}, 120_000);

afterAll(() => rmSync(consumer, { recursive: true }));

test.each(Object.entries(bundlers).flatMap(([bundler, bundle]) => Object.keys(entries).map((name) => ({ bundler, bundle, name }))))(
  "$name bundled by $bundler runs and stays within its budget",
  async ({ bundler, bundle, name }) => {
    const { code, prints, budget } = entries[name as keyof typeof entries];
    const entry = join(consumer, "entry.js");
    const output = join(consumer, "bundle.mjs");
    writeFileSync(entry, code);
    const minified = await bundle(entry);
    writeFileSync(output, minified);
    const size = gzipSync(minified).length;
    console.log(`measured: ${name}, ${bundler}: ${minified.length} bytes minified, ${size} gzipped`);
    expect(run("node", [output]).trim()).toBe(prints);
    expect(size).toBeLessThan(budget);
  },
);

test("an op that is not imported leaves nothing, even when another of its file is", async () => {
  const built = join(consumer, "node_modules/@cotangent/core/dist");
  const files = ["ops", "random", "define"].flatMap((folder) =>
    readdirSync(join(built, folder))
      .filter((file) => file.endsWith(".js"))
      .map((file) => join(built, folder, file)),
  );
  const kept = async (file: string): Promise<string> => {
    const alone: Plugin = {
      name: "alone",
      setup: ({ onResolve }) => {
        onResolve({ filter: /.*/ }, ({ path }) =>
          path === file ? { path, sideEffects: true } : { path, external: true, sideEffects: false },
        );
      },
    };
    const options: BuildOptions = { stdin: { contents: `import ${JSON.stringify(file)};` }, bundle: true, write: false, plugins: [alone] };
    return (await build(options)).outputFiles![0]!.text;
  };
  const named = await Promise.all(files.map(async (file) => [file, /name: "\w+"/.exec(await kept(file))?.[0]]));
  expect(named.length).toBeGreaterThan(40);
  expect(named.filter(([, name]) => name !== undefined)).toEqual([]);
});

test.each([
  [
    "methods included",
    `import { sin, tensor, type Tensor } from "@cotangent/core";
     import { exp } from "@cotangent/core/functions";
     import "@cotangent/core/engine";
     export const x: Tensor = exp(sin(tensor([1, 2])).add(tensor(1)).exp());
     // @ts-expect-error there is no such method
     x.absent();`,
  ],
  [
    "without methods where only functions are imported",
    `import { grad, sin, sum, tensor, type Tensor } from "@cotangent/core/functions";
     import { jit } from "@cotangent/compile";
     export const x: Tensor = jit(grad((x: Tensor) => sum(sin(x))))(tensor([1, 2]));
     // @ts-expect-error nothing imported here installs methods
     x.exp();`,
  ],
])(
  "the packed types serve a strict consumer, %s",
  (_, code) => {
    writeFileSync(join(consumer, "package.json"), `{ "type": "module" }`);
    writeFileSync(join(consumer, "entry.ts"), code);
    run(
      join(process.cwd(), "node_modules/.bin/tsc"),
      ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext", "entry.ts"],
      consumer,
    );
  },
  120_000,
);
