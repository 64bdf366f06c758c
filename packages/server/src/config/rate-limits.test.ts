import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "@fleetcast/engine";
import { createApiRoutes } from "../http/api/api-routes.ts";
import type { PushEngine } from "../push/push-engine.ts";
import { loadConfig } from "./load.ts";

const configOf = (environment: Record<string, string>) =>
  loadConfig({ flags: { dataDir: "never-made" }, environment, folder: "/" }, false).config;

test("[RATE6] without a rate nothing is limited", () => {
  const { engine, api } = configOf({});
  assert.equal(engine.rateLimits, undefined);
  assert.equal(api.rateLimit, undefined);
});

test("[RATE2] a bucket holds what its rate brings within `burst`, at least one", () => {
  const { engine } = configOf({
    FLEETCAST_PUSH_RATE_LIMITS_CONNECTION_PUBLISH_PER_MINUTE: "600",
    FLEETCAST_PUSH_RATE_LIMITS_USER_CONNECT_PER_MINUTE: "3",
    FLEETCAST_PUSH_RATE_LIMITS_BURST: "10s",
  });
  assert.deepEqual(engine.rateLimits?.connection.publish, { perMinute: 600, burst: 100 });
  assert.deepEqual(engine.rateLimits?.user.connect, { perMinute: 3, burst: 1 });
  assert.equal(engine.rateLimits?.user.publish, undefined);
  assert.deepEqual(engine.rateLimits?.refusals, { perMinute: 120, burst: 120 });
});

test("[RATE7] the server API answers 429 above its limit, and works again a moment later; a wrong key costs nothing", async () => {
  let nowMs = 0;
  const clock: Pick<Clock, "monotonicMs"> = { monotonicMs: () => nowMs };
  const { api } = configOf({});
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const push = { info: async () => [] } as unknown as PushEngine;
  const routes = createApiRoutes({ push, api: { ...api, key: "k", rateLimit: { perMinute: 60, burst: 2 } }, clock, log });
  const call = async (key: string) => {
    const request = new Request("http://x/api/info", { method: "POST", headers: { "x-api-key": key }, body: "{}" });
    const peer = { remoteAddress: "127.0.0.1", rest: "", secure: false };
    return (await routes.find(({ path }) => path === "/api/info")!.handle(request, peer)).status;
  };
  for (let count = 0; count < 5; count += 1) assert.equal(await call("wrong"), 401);
  assert.deepEqual([await call("k"), await call("k"), await call("k")], [200, 200, 429]);
  nowMs += 1_000;
  assert.deepEqual([await call("k"), await call("k")], [200, 429]);
});
