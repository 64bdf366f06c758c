import assert from "node:assert/strict";
import { test } from "node:test";
import type { Route } from "../http/route.ts";
import { createRouter } from "./router.ts";

const route = (method: Route["method"], path: string): Route => ({
  method,
  path,
  listener: "external",
  bodyBytesMax: 0,
  handle: () => new Response(path),
});
const router = createRouter(
  [
    route("GET", "/v1/fleet"),
    route("POST", "/v1/fleet"),
    route("*", "/v1/*"),
    route("*", "/v1/machines/*"),
    route("POST", "/api"),
    route("*", "/api/publish"),
  ],
  ["/v1", "/api", "/connection/", "/"],
);
const pathOf = (method: string, path: string): string => {
  const match = router(method, path);
  return match.kind === "route" ? `${match.route.method} ${match.route.path} ${match.rest}`.trim() : match.kind;
};

test("an exact path wins over a prefix, and a longer prefix over a shorter one", () => {
  assert.equal(pathOf("GET", "/v1/fleet"), "GET /v1/fleet");
  assert.equal(pathOf("PUT", "/v1/other/x"), "* /v1/* other/x");
  assert.equal(pathOf("GET", "/v1/machines/VM-1/series"), "* /v1/machines/* VM-1/series");
});

test("HEAD is answered where GET is; another method is told which ones there are", () => {
  assert.equal(pathOf("HEAD", "/v1/fleet"), "GET /v1/fleet");
  assert.deepEqual(router("DELETE", "/v1/fleet"), { kind: "method", allow: ["GET", "POST", "HEAD"] });
  assert.deepEqual(router("GET", "/api"), { kind: "method", allow: ["POST"] });
});

test("reserved prefixes never fall through to the page, and only whole segments are reserved", () => {
  for (const path of ["/api/none", "/api/", "/connection", "/connection/websocket/", "/api//publish"])
    assert.equal(pathOf("GET", path), "reserved", path);
  for (const path of ["//api", "//v1/fleet", "/%61pi/publish", "/api%2fpublish", "/%2fapi"])
    assert.equal(pathOf("GET", path), "reserved", path);
  for (const path of ["/", "/machines/VM-1", "/%zz", "/machines/%E4%B8%AD", "/apix", "/connections"])
    assert.equal(pathOf("GET", path), "page", path);
});
