// How every test of the workspace runs: on the packages' sources, with the collector callable as globalThis.gc.
import { defineConfig } from "vitest/config";

const conditions = ["@cotangent/source", "module", "node"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    setupFiles: ["test/setup.ts"],
    execArgv: ["--expose-gc"],
    // What hangs is ended; what is slow on a busy machine is not.
    testTimeout: 120_000,
  },
});
