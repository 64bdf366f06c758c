import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { checkSite } from "../docs/.vitepress/check-site.ts";
import { sitePath } from "../docs/.vitepress/site-path.ts";

function site(pages: Readonly<Record<string, string>>): () => void {
  return () => {
    const folder = mkdtempSync(join(tmpdir(), "fleetcast-site-"));
    try {
      for (const [name, html] of Object.entries(pages)) writeFileSync(join(folder, name), html);
      checkSite(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

test("[DOC6] a link to a place that a page does not have stops the build", () => {
  assert.doesNotThrow(site({ "a.html": '<a href="/b.html#there">', "b.html": '<h2 id="there">' }));
  assert.throws(
    site({ "a.html": '<a href="/b.html#gone">', "b.html": '<h2 id="there">' }),
    /\/a\.html: the link \/b\.html#gone finds no such place/,
  );
  assert.throws(site({ "a.html": '<a href="#gone">' }), /finds no such place/);
});

test("[DOC6] what is loaded from another host stops the build, a link there does not", () => {
  assert.throws(site({ "a.html": '<script src="https://cdn.example.com/x.js">' }), /loads from another host/);
  assert.throws(site({ "a.html": '<link href="//fonts.example.com/x.css">' }), /loads from another host/);
  assert.doesNotThrow(site({ "a.html": '<a href="https://example.com/">' }));
});

test("the Chinese pages are read under their own folder", () => {
  assert.equal(sitePath("tls.zh-CN.md"), "zh-CN/tls.md");
  assert.equal(sitePath("reference/api.zh-CN.md"), "zh-CN/reference/api.md");
  assert.equal(sitePath("spec/tokens.md"), "spec/tokens.md");
});
