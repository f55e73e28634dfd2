// The packages on a page in headless Chromium: with WebAssembly, without code generation, and with neither, the same numbers as in Node.
import { existsSync } from "node:fs";
import { build } from "esbuild";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Report } from "./page.ts";
import { parts, type Result, resultsOf } from "./suite.ts";

/** A Chromium on this machine; none is ever downloaded. */
const executable = [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
].find((path) => path !== undefined && existsSync(path));

const missing = "no Chromium was found: install Debian's package chromium, or set CHROMIUM_PATH to an executable";

let browser: Browser;
let script: string;

beforeAll(async () => {
  if (executable === undefined) return;
  const bundle = await build({
    entryPoints: ["test/browser/page.ts"],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    conditions: ["@cotangent/source"],
    write: false,
  });
  script = bundle.outputFiles[0]!.text;
  const isRoot = process.getuid?.() === 0;
  browser = await chromium.launch({ executablePath: executable, args: isRoot ? ["--no-sandbox"] : [] });
}, 120_000);

afterAll(() => browser?.close());

/** Opens the page under a Content-Security-Policy and waits for what it posts. */
async function open(policy: string | undefined): Promise<Report> {
  const page = await browser.newPage();
  try {
    return await new Promise<Report>((resolve, reject) => {
      page.on("pageerror", reject);
      page.on("crash", () => reject(new Error("the page crashed")));
      page
        .route("**/*", async (route) => {
          const { pathname } = new URL(route.request().url());
          if (pathname === "/results") {
            resolve(JSON.parse(route.request().postData()!) as Report);
            return route.fulfill({ body: "" });
          }
          if (pathname === "/page.js") return route.fulfill({ contentType: "text/javascript", body: script });
          const headers = policy === undefined ? {} : { "content-security-policy": policy };
          return route.fulfill({
            contentType: "text/html",
            headers,
            body: `<!doctype html><script type="module" src="/page.js"></script>`,
          });
        })
        .then(() => page.goto("http://page.test/"))
        .catch(reject);
    });
  } finally {
    await page.close();
  }
}

/** The suite op by op in Node. */
let inNode: Readonly<Record<string, readonly Result[]>> | undefined;
const wanted = (): Readonly<Record<string, readonly Result[]>> =>
  (inNode ??= Object.fromEntries(parts.map(({ name, run }) => [name, resultsOf(run((f) => f))])));

const unit = (type: string): number => (type.startsWith("float32") ? 2 ** -24 : type.startsWith("float64") ? 2 ** -53 : 0);

/** Where results differ by more than some roundings of the largest entry; no line where they agree. */
function differences(name: string, got: Report["results"][string] | undefined, wanted: readonly Result[], roundings: number): string[] {
  if (got === undefined) return [`${name}: missing`];
  if ("error" in got) return [`${name}: ${got.error}`];
  return wanted.flatMap(({ type, entries }, k) => {
    const x = got[k];
    if (x?.type !== type || x.entries.length !== entries.length) return [`${name}, output ${k}: ${x?.type} instead of ${type}`];
    const largest = entries.reduce((most, entry) => (Number.isFinite(Number(entry)) ? Math.max(most, Math.abs(Number(entry))) : most), 1);
    return entries.flatMap((entry, i) => {
      const near = Math.abs(Number(x.entries[i]) - Number(entry)) <= roundings * unit(type) * largest;
      return x.entries[i] === entry || (roundings > 0 && near) ? [] : [`${name}, output ${k}[${i}]: ${x.entries[i]} instead of ${entry}`];
    });
  });
}

interface Setting {
  readonly name: string;
  readonly policy: string | undefined;
  readonly compiles: boolean;
}

const settings: readonly Setting[] = [
  { name: "no policy", policy: undefined, compiles: true },
  {
    name: "a policy that allows WebAssembly and no eval",
    policy: "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'",
    compiles: true,
  },
  { name: "a policy that allows neither eval nor WebAssembly", policy: "default-src 'self'; script-src 'self'", compiles: false },
];

describe.each(settings)("a page under $name", ({ policy, compiles }) => {
  let report: Report;
  beforeAll(async () => {
    if (executable !== undefined) report = await open(policy);
  }, 120_000);

  test("gives the numbers of Node", ({ skip }) => {
    if (executable === undefined) return skip(missing);
    const found = parts.flatMap(({ name, roundings }) => differences(name, report.results[name], wanted()[name]!, roundings));
    expect(found.slice(0, 10)).toEqual([]);
    console.log(
      `measured: the suite of ${parts.length} parts on a page under ${policy ?? "no policy"}: ${Math.round(report.milliseconds)} ms`,
    );
  });

  test("says how it runs", ({ skip }) => {
    if (executable === undefined) return skip(missing);
    const [relaxed, plain] = report.targets;
    if (compiles) {
      expect(report.codeBytes).toBeGreaterThan(100);
      expect(relaxed).toBe("WebAssembly with vectors of 128 bits and relaxed multiply-add");
      expect(plain).toContain("WebAssembly with vectors of 128 bits");
      expect(report.relaxed).toEqual([true, false]);
    } else {
      expect(report.codeBytes).toBe(0);
      for (const target of report.targets)
        expect(target).toMatch(/^JavaScript, op by op: WebAssembly is not allowed here \(.*Content Security Policy/);
      expect(report.relaxed).toEqual([false, false]);
    }
  });

  test("keeps a program for each form of the arguments, and its memory", ({ skip }) => {
    if (executable === undefined) return skip(missing);
    expect(report.cache).toEqual({ programs: 3, calls: [1, 1, 2] });
    expect(report.memory).toEqual({ made: compiles ? 1 : 0, grown: 0, steps: 2000 });
  });
});
