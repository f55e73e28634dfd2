// Builds every package to unbundled ES modules with declarations, one file a source file, so that bundlers can drop what is not used.
import { defineConfig } from "tsdown";

export default defineConfig({
  workspace: { include: "packages/*", exclude: ["**/node_modules/**", "packages/bench"] },
  entry: "src/{index,functions,engine,vitest}.ts",
  tsconfig: "../tsconfig.json",
  platform: "neutral",
  target: "es2022",
  unbundle: true,
  dts: { oxc: true },
  logLevel: "warn",
});
