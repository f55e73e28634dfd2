// Runs every example and puts what it prints into its README, unless that differs from what is there only in what is not promised.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";

const begin = "<!-- output -->\n";
const end = "<!-- /output -->\n";

/** What may differ between machines and versions: times, sizes of rounding errors and what they leave, how many steps a search takes, digits past the sixth. */
const unpromised: readonly (readonly [RegExp, string])[] = [
  [/\d+(\.\d+)? (ms|s)\b/g, "… $2"],
  [/\d+(\.\d+)?e-\d+/g, "…"],
  [/(gap to the reference) \S+$/gm, "$1 …"],
  [/^(.*normal\(key\(\d+\)\) +\S+ form) .*$/gm, "$1 …"],
  [/\b\d+ (iterations|evaluations)/g, "… $1"],
  [/(\d\.\d{6})\d+/g, "$1"],
  [/\bto \d+\.\d digits/g, "to … digits"],
  [/ +/g, " "],
];

const masked = (text: string): string => unpromised.reduce((masking, [pattern, mask]) => masking.replace(pattern, mask), text);

for (const name of readdirSync("examples").sort()) {
  const [main, readme] = [`examples/${name}/main.ts`, `examples/${name}/README.md`];
  if (!existsSync(main)) continue;
  const { status, stdout, stderr } = spawnSync("node_modules/.bin/tsx", ["--conditions=@cotangent/source", main], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${main} failed:\n${stdout}${stderr}`);
  const text = readFileSync(readme, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${readme} lacks the marks ${begin.trim()} and ${end.trim()}`);
  const before = text.slice(0, from + begin.length);
  const block = `\n\`\`\`text\n${stdout.trim()}\n\`\`\`\n\n`;
  const isSame = masked(text.slice(from + begin.length, to)) === masked(block);
  if (!isSame) writeFileSync(readme, before + block + text.slice(to));
}
