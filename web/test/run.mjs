// SPDX-License-Identifier: Apache-2.0

// Runs the unit tests of the page: esbuild, which Vite brings, turns them into one file each, node's own runner does the
// rest. `virtual:products` is the table that vite.config.ts makes.
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const out = `${here}.built`;
rmSync(out, { recursive: true, force: true });
const products = {
  name: "products",
  setup(builder) {
    const read = (name) => JSON.stringify(readFileSync(`${here}../../data/codes/${name}`, "utf8"));
    builder.onResolve({ filter: /^virtual:products$/ }, () => ({ path: "products", namespace: "table" }));
    builder.onLoad({ filter: /.*/, namespace: "table" }, () => ({
      resolveDir: here,
      contents: `import { productTable } from "../products_table";
        export default productTable(${read("cvx.csv")}, ${read("ndc.csv")}, ${read("treatments.csv")});`,
    }));
  },
};
const tests = readdirSync(here).filter((name) => name.endsWith(".test.ts"));
await build({
  entryPoints: tests.map((name) => here + name),
  outdir: out,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  jsx: "automatic",
  jsxImportSource: "preact",
  plugins: [products],
  logLevel: "warning",
});
const files = tests.map((name) => `${out}/${name.replace(/\.ts$/, ".mjs")}`);
process.exit(spawnSync(process.execPath, ["--test", ...files], { stdio: "inherit" }).status ?? 1);
