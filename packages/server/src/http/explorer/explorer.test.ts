import assert from "node:assert/strict";
import { test } from "node:test";
import type { ApiConfig } from "../../config/config.ts";
import { createRouter } from "../../runtime/router.ts";
import { createExplorerRoutes } from "./explorer-routes.ts";

const api: ApiConfig = {
  disabled: false,
  handlerPrefix: "/api",
  key: "k",
  insecure: false,
  external: false,
  errorMode: "",
  bodyBytesMax: 1_024,
};
const log = { debug() {}, info() {}, warn() {}, error() {} };
const routesWith = (changes: Partial<ApiConfig> = {}, enabled = false) =>
  createExplorerRoutes({ api: { ...api, ...changes }, swagger: { enabled, handlerPrefix: "/swagger" }, log });

async function get(path: string, routes = routesWith(), headers: Record<string, string> = {}): Promise<Response> {
  const match = createRouter(routes, [])("GET", path);
  if (match.kind !== "route") throw new Error(`${path}: ${match.kind}`);
  return match.route.handle(new Request(`http://localhost${path}`, { headers }), { remoteAddress: "127.0.0.1", rest: "", secure: false });
}

test("[OA8] the page loads nothing but files of its own, under the policy that runs no inline code", async () => {
  const page = await get("/v1/explorer");
  const html = await page.text();
  assert.match(page.headers.get("content-security-policy")!, /script-src 'self';/);
  assert.ok(!/<script(?![^>]* src=)|<style|\son\w+=|https?:/.test(html), html);
  const loaded = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path!);
  assert.equal(loaded.length, 4);
  for (const path of loaded) {
    const file = await get(path);
    assert.equal(file.status, 200);
    assert.ok((await file.text()).length > 100, path);
    assert.equal((await get(path, routesWith(), { "if-none-match": file.headers.get("etag")! })).status, 304);
  }
});

test("[OA8] it speaks the browser's language, and knows where the document is", async () => {
  assert.match(await (await get("/v1/explorer", routesWith(), { "accept-language": "zh-CN" })).text(), /API 浏览器/);
  assert.match(await (await get("/v1/explorer", routesWith({ handlerPrefix: "/a&b" }))).text(), /data-document="\/a&#38;b\/openapi.json"/);
  const without = await (await get("/v1/explorer", routesWith({ disabled: true }))).text();
  assert.ok(!without.includes("<form"), "no key is asked for where there is no server API");
});

test("[OA8] swagger.enabled puts the same page where Centrifugo has its own, beside the server API", async () => {
  assert.equal(createRouter(routesWith(), [])("GET", "/swagger").kind, "page");
  const routes = routesWith({}, true);
  for (const path of ["/swagger", "/swagger/"]) assert.match(await (await get(path, routes)).text(), /src="\/swagger\/explorer.js"/);
  assert.equal(routes.find(({ path }) => path === "/swagger")?.listener, "internal");
  assert.equal(routesWith({ external: true }, true).find(({ path }) => path === "/swagger")?.listener, "external");
});
