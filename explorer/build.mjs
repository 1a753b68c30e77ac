// Bundle the explorer into what the wheel carries: one script and one style, with the licences of what is in them.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const out = process.argv[2] ?? "../lib/funnel/present/explorer/built";
const options = { bundle: true, minify: true, charset: "ascii", legalComments: "none", write: false };
const script = await build({ ...options, entryPoints: ["src/main.ts"], format: "iife", target: ["chrome111", "firefox113", "safari16.4"], metafile: true });
const style = await build({ ...options, entryPoints: ["src/explorer.css"], target: ["chrome111", "firefox113", "safari16.4"] });

const packages = new Map();
for (const [path, { bytesInOutput }] of Object.entries(Object.values(script.metafile.outputs)[0].inputs)) {
  const found = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path);
  if (found && bytesInOutput > 0) packages.set(found[1], join("node_modules", found[1]));
}
const licences = [...packages].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, folder]) => {
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const text = ["LICENSE", "LICENSE.md", "LICENSE.txt", "license"].map((file) => { try { return readFileSync(join(folder, file), "utf8"); } catch { return ""; } }).find(Boolean);
  if (!text) throw new Error(`${name}: no licence is found in ${dirname(folder)}`);
  return `${name} ${version} (${license})\n\n${text.trim()}`;
});
const sources = createHash("sha256");
for (const file of ["build.mjs", "package-lock.json", "package.json", "tsconfig.json", ...readdirSync("src").sort().map((name) => `src/${name}`)])
  sources.update(`${file}\0`).update(readFileSync(file));
const notice = `/*\nBuilt by \`make explorer\` from sources of SHA-256 ${sources.digest("hex")}.\n\nWhat is bundled here, with its licences:\n\n${licences.join("\n\n----\n\n").replaceAll("*/", "* /").replace(/\r/g, "")}\n*/\n`;
writeFileSync(join(out, "explorer.js"), notice + script.outputFiles[0].text.trimEnd() + "\n");
writeFileSync(join(out, "explorer.css"), style.outputFiles[0].text.trimEnd() + "\n");
