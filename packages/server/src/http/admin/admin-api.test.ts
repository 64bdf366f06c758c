import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deed } from "../../administration/audit.ts";
import { handClock, quietLog } from "../../auth/testing/hand-clock.ts";
import type { AdminConfig } from "../../config/config.ts";
import type { PushEngine } from "../../push/push-engine.ts";
import { createAdminApiRoutes } from "./admin-api-routes.ts";

function world(changes: Partial<AdminConfig> = {}) {
  const clock = handClock(1_000_000);
  const deeds: Deed[] = [];
  const routes = createAdminApiRoutes({
    admin: {
      enabled: true,
      handlerPrefix: "",
      password: "pw",
      secret: "sec",
      insecure: false,
      external: false,
      webPath: "",
      webProxyAddress: "",
      ...changes,
    },
    push: { info: async () => [], publish: async () => ({}) } as unknown as PushEngine,
    audit: { note: async (deed) => void deeds.push(deed) },
    addressOf: (_request, peer) => peer.remoteAddress,
    bodyBytesMax: 1_000,
    clock,
    log: quietLog,
  });
  const call = async (
    path: string,
    {
      method = "POST",
      from = "192.0.2.1",
      token,
      body,
      headers,
    }: { method?: string; from?: string; token?: string; body?: string; headers?: Record<string, string> } = {},
  ) => {
    const request = new Request(`http://x${path}`, {
      method,
      headers: { ...(token === undefined ? {} : { authorization: `token ${token}` }), ...headers },
      ...(body === undefined ? {} : { body }),
    });
    const response = await routes
      .find((route) => path.split("?")[0] === route.path)!
      .handle(request, { remoteAddress: from, rest: "", secure: false });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const login = (password: string, from = "192.0.2.1") =>
    call("/admin/auth", { body: `password=${encodeURIComponent(password)}`, headers: form, from });
  const tokenOf = async () => (JSON.parse((await login("pw")).text) as { token: string }).token;
  return { clock, deeds, routes, call, login, tokenOf, form };
}

const info = '{"method":"info","params":{}}';

test("[ADM21] a token holds for twelve hours, for this password and secret alone, and no bit of it may differ", async () => {
  const { call, tokenOf, clock } = world();
  const token = await tokenOf();
  assert.equal((await call("/admin/api", { token, body: info })).status, 200);
  for (let at = 0; at < token.length; at += 1) {
    const forged = token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
    assert.equal((await call("/admin/api", { token: forged, body: info })).status, 401, `byte ${at}`);
  }
  for (const other of [world({ password: "other" }), world({ secret: "other" })]) {
    assert.equal((await other.call("/admin/api", { token, body: info })).status, 401);
  }
  clock.advance(12 * 3_600_000);
  assert.equal((await call("/admin/api", { token, body: info })).status, 401);
});

test("[ADM20] without password or secret nobody signs in, also not with an empty password", async () => {
  for (const changes of [{ password: "" }, { secret: "" }, { password: "", secret: "" }]) {
    const { login, call } = world(changes);
    assert.equal((await login("")).status, 400);
    assert.equal((await login("pw")).status, 400);
    assert.equal((await call("/admin/api", { token: "", body: info })).status, 401);
    assert.equal((await call("/admin/api", { body: info })).status, 401);
  }
  const { routes } = world({ enabled: false });
  assert.deepEqual(routes, []);
});

test("[ADM22] [S19] ten wrong passwords of one address, then a growing delay in which the right one is refused too; another address is not kept", async () => {
  const { login, clock } = world();
  for (let count = 0; count < 10; count += 1) assert.equal((await login("no")).status, 400);
  const late = await login("pw");
  assert.deepEqual([late.status, late.text, late.headers.get("retry-after")], [429, "Too Many Requests\n", "1"]);
  assert.equal((await login("pw", "192.0.2.2")).status, 200);
  clock.advance(1_000);
  assert.equal((await login("no")).status, 400);
  assert.equal((await login("pw")).headers.get("retry-after"), "2");
  clock.advance(2_000);
  assert.equal((await login("pw")).status, 200);
});

test("[ADM22] guesses from many addresses are slowed in total, for seconds at most", async () => {
  const { login, clock } = world();
  for (let count = 0; count < 100; count += 1) assert.equal((await login("no", `198.51.100.${count}`)).status, 400);
  assert.equal((await login("pw", "203.0.113.1")).status, 429);
  for (let count = 0; count < 20; count += 1) {
    clock.advance(5_000);
    await login("no", `203.0.113.${100 + count}`);
  }
  assert.equal((await login("pw", "203.0.113.1")).headers.get("retry-after"), "5");
  clock.advance(5_000);
  assert.equal((await login("pw", "203.0.113.1")).status, 200);
});

test("[ADM23] a password in the address or in JSON is not read", async () => {
  const { call, login } = world();
  assert.equal((await call("/admin/auth?password=pw")).status, 400);
  assert.equal((await call("/admin/auth", { body: '{"password":"pw"}', headers: { "content-type": "application/json" } })).status, 400);
  assert.equal((await call("/admin/auth", { body: "\u0000", headers: { "content-type": "multipart/form-data; boundary=x" } })).status, 400);
  assert.equal((await login("pw")).status, 200);
});

test("[ADM24] insecure asks for no login, but not on behalf of a foreign page", async () => {
  const { call } = world({ insecure: true, password: "", secret: "" });
  assert.equal((await call("/admin/api", { body: info })).status, 200);
  assert.equal((await call("/admin/api", { body: info, headers: { "sec-fetch-site": "same-origin" } })).status, 200);
  assert.equal((await call("/admin/api", { body: info, headers: { "sec-fetch-site": "cross-site" } })).status, 401);
});

test("[ADM30] what the admin changes is in the audit, what they look at is not; no payload", async () => {
  const { call, tokenOf, deeds } = world();
  const token = await tokenOf();
  const body = `${info}\n{"method":"publish","params":{"channel":"news","data":{"secret":1}}}`;
  assert.equal((await call("/admin/api", { token, body })).status, 200);
  assert.deepEqual(deeds, [
    { actor: "admin", action: "login", target: "admin", address: "192.0.2.1" },
    { actor: "admin", action: "api.call", target: "news", detail: { method: "publish" }, address: "192.0.2.1" },
  ]);
});
