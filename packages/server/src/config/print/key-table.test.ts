import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { configurationPage } from "./key-table.ts";

test("docs/configuration.md is what the table says (scripts/generate-docs.ts writes it)", () => {
  const file = fileURLToPath(new URL("../../../../../docs/configuration.md", import.meta.url));
  assert.equal(readFileSync(file, "utf8"), configurationPage());
});
