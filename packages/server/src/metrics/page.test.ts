import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { metricsPage } from "./page.ts";
import { allFamilies } from "./table/all.ts";

const docs = join(import.meta.dirname, "..", "..", "..", "..", "docs", "reference");

for (const [file, language] of [
  ["metrics.md", "en"],
  ["metrics.zh-CN.md", "zh-CN"],
] as const) {
  test(`docs/reference/${file} is what the tables say (scripts/generate-docs.ts writes it)`, () => {
    assert.equal(readFileSync(join(docs, file), "utf8"), metricsPage(language));
  });
}

test("[MET1] every name is there once, ours follow Prometheus's rules for names, and labels are lists of few words", () => {
  const names = allFamilies.map(({ name }) => name);
  assert.deepEqual(names, [...new Set(names)]);
  for (const { name, type } of allFamilies.filter((family) => family.name.startsWith("fleetcast_"))) {
    assert.equal(name.endsWith("_total"), type === "counter", name);
    if (type === "histogram") assert.match(name, /_seconds$/);
  }
  const foreign = ["channel", "user", "client", "vm_id", "machine", "session", "address"];
  for (const { name, labels } of allFamilies) for (const label of labels) assert.equal(foreign.includes(label), false, `${name} ${label}`);
});
