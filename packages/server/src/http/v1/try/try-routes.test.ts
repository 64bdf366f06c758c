import assert from "node:assert/strict";
import { test } from "node:test";
import { testNowS } from "../../../auth/testing/token-forge.ts";
import type { V1Config } from "../dependencies.ts";
import { v1Config, v1Rig } from "../testing/rig.ts";
import { tryLanguage } from "./try-page.ts";

const localPaths = ["/v1/try", "/v1/try/try.js", "/v1/try/try.css", "/v1/try/token"];

test("the try token carries the claims of the user's document, for five minutes, and is a bearer's", async () => {
  const rig = await v1Rig();
  const { json } = await rig.call("GET", "/v1/try/token");
  assert.equal(json.ttl_s, 300);
  assert.equal(json.url, "/connection/websocket");
  const payload = JSON.parse(Buffer.from(json.token.split(".")[1], "base64url").toString());
  assert.deepEqual(payload, { sub: "admin_user_01", exp: testNowS + 300, channels: ["public"], info: { role: "manager", name: "管理员" } });
  const verdict = await rig.verifier.connection(json.token);
  assert.ok(verdict.ok);
  const kind = async (channel: string) =>
    (await rig.policy.subscribe({ client: "c", user: "admin_user_01", channel, token: "", meta: verdict.claims.meta, data: undefined }))
      .kind;
  assert.equal(await kind("telemetry:VM-SH-001"), "allow");
  assert.equal(await kind("fleet:all"), "error");
});

test("the page speaks the browser's language and runs without inline code", async () => {
  const rig = await v1Rig();
  for (const [language, word] of [
    ["zh-CN,zh;q=0.9,en;q=0.8", "实时推送试用页"],
    ["en-GB,en;q=0.9", "Live push, to try"],
  ] as const) {
    const { status, response } = await rig.call("GET", "/v1/try", { headers: { "accept-language": language } });
    assert.equal(status, 200);
    const html = await response.text();
    assert.ok(html.includes(word));
    assert.doesNotMatch(html, /<script(?![^>]* src=)|<style|\son\w+=|style=/);
    for (const [, path] of html.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
      const file = await rig.call("GET", path!);
      assert.equal(file.status, 200, path);
      assert.match(file.response.headers.get("content-type")!, path!.endsWith(".css") ? /^text\/css/ : /^text\/javascript/);
    }
    assert.match(
      response.headers.get("content-security-policy")!,
      /script-src 'self';.*connect-src 'self' ws: wss:;.*base-uri 'none';.*frame-ancestors 'none'/,
    );
    assert.match(response.headers.get("content-type")!, /^text\/html/);
  }
  assert.equal(tryLanguage(null), "en");
  assert.equal(tryLanguage("fr, zh-TW;q=0.5"), "zh-CN");
});

test("the page and its token are there for this machine only", async () => {
  const rig = await v1Rig();
  const refused = [
    { peer: { remoteAddress: "192.0.2.1" } },
    { peer: { remoteAddress: "" } },
    { headers: { "x-forwarded-for": "127.0.0.1" } },
    { headers: { forwarded: "for=1" } },
    { headers: { via: "1.1 proxy" } },
    { headers: { host: "evil.example:8000" } },
    { headers: { host: "127.0.0.1.evil.example" } },
    { headers: { host: "" } },
    { headers: { "sec-fetch-site": "cross-site" } },
    { headers: { "sec-fetch-site": "same-site" } },
  ];
  for (const path of localPaths) {
    for (const options of refused) assert.equal((await rig.call("GET", path, options)).status, 404, `${path} ${JSON.stringify(options)}`);
    for (const host of ["localhost:8000", "127.0.0.1:8000", "[::1]:8000"]) {
      const headers = { host, "sec-fetch-site": "same-origin" };
      assert.equal((await rig.call("GET", path, { headers, peer: { remoteAddress: "::1" } })).status, 200, `${path} ${host}`);
    }
  }
});

test("nothing of it is there once the configuration opens the server", async () => {
  const centrifugo = (publicUrl: string): V1Config["push"] => ({
    engine: "centrifugo",
    centrifugo: { ...v1Config().push.centrifugo, publicUrl },
  });
  const cases: readonly (readonly [V1Config, number])[] = [
    [v1Config({ http: { address: "0.0.0.0" } }), 404],
    [v1Config({ http: { tlsInFront: true } }), 404],
    [v1Config({ publicUrl: "https://fleet.example.com" }), 404],
    [v1Config({ push: centrifugo("wss://push.example.com/connection/websocket") }), 404],
    [v1Config({ http: { address: "127.0.0.1" } }), 200],
    [v1Config({ publicUrl: "http://localhost:8000" }), 200],
    [v1Config({ push: centrifugo("") }), 404],
    [v1Config({ push: centrifugo("ws://127.0.0.1:8001/connection/websocket") }), 200],
  ];
  for (const [config, status] of cases) {
    const rig = await v1Rig(config);
    for (const path of localPaths) assert.equal((await rig.call("GET", path)).status, status, path);
    assert.equal((await rig.call("GET", "/v1/sdk/centrifuge.js", { peer: { remoteAddress: "192.0.2.1" } })).status, 200);
  }
});

test("the SDK is the official browser build, and is asked for again by its tag", async () => {
  const rig = await v1Rig();
  const { response } = await rig.call("GET", "/v1/sdk/centrifuge.js");
  const text = await response.text();
  assert.match(text, /globalThis\.Centrifuge|window\.Centrifuge/);
  const again = await rig.call("GET", "/v1/sdk/centrifuge.js", { headers: { "if-none-match": response.headers.get("etag")! } });
  assert.equal(again.status, 304);
  assert.equal(await again.response.text(), "");
});
