// SPDX-License-Identifier: Apache-2.0

// How the page is built: one small bundle, hashed names, no inline script, a budget that fails the build.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";
import { productTable } from "./products_table";

const kBudgetBytes = 150 * 1024; // gzip, all code and style; map data is loaded apart and not counted
const kFirstBytes = 60 * 1024; // gzip, what the first view needs before it shows anything

// The product names of data/codes, so that the page and the database speak of the same table.
function products(): Plugin {
  const id = "virtual:products";
  const read = (name: string) => readFileSync(new URL(`../data/codes/${name}`, import.meta.url), "utf8");
  return {
    name: "titer-products",
    resolveId: (source) => (source === id ? "\0" + id : null),
    load: (source) =>
      source === "\0" + id
        ? `export default ${JSON.stringify(productTable(read("cvx.csv"), read("ndc.csv"), read("treatments.csv")))}`
        : null,
  };
}

// Each bundled package comes with its licence: licenses.txt beside the page.
function licenses(): Plugin {
  const bundled = [
    "preact",
    "uplot",
    "d3-geo",
    "d3-array",
    "internmap",
    "topojson-client",
    "us-atlas",
    "uqr",
  ];
  const of = (name: string) => {
    const text = readFileSync(new URL(`node_modules/${name}/LICENSE`, import.meta.url), "utf8");
    return `=== ${name}\n\n${text.trim()}\n`;
  };
  return {
    name: "titer-licenses",
    apply: "build",
    generateBundle() {
      const source = [...bundled, "@fontsource-variable/public-sans"].map(of).join("\n");
      this.emitFile({ type: "asset", fileName: "licenses.txt", source });
    },
  };
}

// The service worker keeps the files of this build: their names are known only when all else is built.
function offline(): Plugin {
  return {
    name: "titer-offline",
    apply: "build",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const worker = bundle[kWorker];
        if (worker?.type !== "chunk") throw new Error(`${kWorker} was not built`);
        const kept = Object.keys(bundle).filter((name) => name.startsWith("assets/") && !isMap(name));
        const files = ["/favicon.svg", "/manifest.webmanifest", ...kept.map((name) => `/${name}`)].sort();
        const build = createHash("sha256").update(files.join()).digest("hex").slice(0, 16);
        worker.code = worker.code
          .replace("__TITER_FILES__", JSON.stringify(files))
          .replace("__TITER_BUILD__", JSON.stringify(build));
      },
    },
  };
}

const kWorker = "worker.js"; // at the root: it serves what lies beside and below it
const isMap = (name: string): boolean => /(states|counties)-10m/.test(name);

// Says what a visitor downloads, and fails the build when it grows past the budget.
function budget(): Plugin {
  return {
    name: "titer-budget",
    apply: "build",
    writeBundle(_options, bundle) {
      let code = 0;
      let map = 0;
      let first = 0;
      for (const part of Object.values(bundle)) {
        const bytes = gzipSync(part.type === "chunk" ? part.code : part.source).length;
        if (part.fileName === "licenses.txt") continue; // read by few
        if (isMap(part.fileName)) map += bytes;
        else code += bytes;
        if (/(^|\/)index[-.]/.test(part.fileName)) first += bytes;
      }
      const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;
      console.log(`page: ${kib(code)} gzip of at most ${kib(kBudgetBytes)}; map data ${kib(map)}`);
      console.log(`first view: ${kib(first)} gzip of at most ${kib(kFirstBytes)}`);
      if (code > kBudgetBytes || first > kFirstBytes)
        throw new Error("the page has outgrown its budget (vite.config.ts)");
    },
  };
}

export default defineConfig({
  plugins: [products(), licenses(), offline(), budget()],
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: {
    target: "es2022",
    outDir: process.env["TITER_WEB_OUT"] ?? "../build/web",
    emptyOutDir: true,
    assetsInlineLimit: 0, // data: addresses would need a weaker Content-Security-Policy
    modulePreload: { polyfill: false }, // the polyfill is an inline script
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1024,
    rollupOptions: {
      input: { index: "index.html", worker: "src/offline/worker.ts" },
      output: {
        entryFileNames: ({ name }) => (name === "worker" ? kWorker : "assets/[name]-[hash].js"),
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
  server: { proxy: { "/api": process.env["TITER_HTTP"] ?? "http://127.0.0.1:8080" } },
});
