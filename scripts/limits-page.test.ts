import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { limitsPage } from "./limits-page.ts";

test("[DOC7] the pages of limits are what the code says", () => {
  const docs = join(import.meta.dirname, "..", "docs");
  assert.equal(readFileSync(join(docs, "limits.md"), "utf8"), limitsPage("en"), "run scripts/generate-docs.ts");
  assert.equal(readFileSync(join(docs, "limits.zh-CN.md"), "utf8"), limitsPage("zh-CN"), "run scripts/generate-docs.ts");
});
