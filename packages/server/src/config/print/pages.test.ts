import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { jsonSchema } from "./json-schema.ts";
import { centrifugoOptionsPage, configurationPage } from "./key-table.ts";

const pages: readonly (readonly [file: string, text: () => string])[] = [
  ["docs/configuration.md", () => configurationPage()],
  ["docs/configuration.zh-CN.md", () => configurationPage("zh-CN")],
  ["docs/centrifugo-options.md", centrifugoOptionsPage],
  ["packages/server/schema/fleetcast.schema.json", () => `${JSON.stringify(jsonSchema(), undefined, 1)}\n`],
];

for (const [file, text] of pages) {
  test(`${file} is what the table says (scripts/generate-docs.ts writes it)`, () => {
    const path = fileURLToPath(new URL(`../../../../../${file}`, import.meta.url));
    // Not assert.equal: nobody wants to read the difference of two such texts.
    assert.ok(readFileSync(path, "utf8") === text(), "bun scripts/generate-docs.ts makes it so");
  });
}
