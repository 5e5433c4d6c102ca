// SPDX-License-Identifier: Apache-2.0

// Writes src/schema.ts, the types of docs/reference/openapi.json, by openapi-typescript; --check: fails unless it is current.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const file = new URL("src/schema.ts", import.meta.url);
const types = await openapiTS(new URL("../../docs/reference/openapi.json", import.meta.url), { defaultNonNullable: false });
const text = `// SPDX-License-Identifier: Apache-2.0

// The types of docs/reference/openapi.json, made by openapi-typescript (npm run generate). Change those, not this file.

${astToString(types)}`;
const current = existsSync(file) && readFileSync(file, "utf8") === text;
if (process.argv.includes("--check")) {
  if (!current) {
    console.error("clients/typescript/src/schema.ts is not current; run npm run generate in clients/typescript");
    process.exit(1);
  }
} else if (!current) {
  writeFileSync(file, text);
  console.log("clients/typescript/src/schema.ts: written");
}
