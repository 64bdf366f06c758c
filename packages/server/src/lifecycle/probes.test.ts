import assert from "node:assert/strict";
import { test } from "node:test";
import { createProbeRoutes } from "./probes.ts";
import type { Readiness } from "./readiness.ts";

const peer = { remoteAddress: "127.0.0.1", rest: "", secure: false };

const well: Readiness = { running: true, store: true, push: true, intake: true, gate: true };

async function ask(path: string, state: Partial<Readiness> = {}) {
  const routes = createProbeRoutes({ healthPath: "/health", readiness: () => ({ ...well, ...state }) });
  const answer = await routes.find((route) => route.path === path)!.handle(new Request(`http://x${path}`), peer);
  return { status: answer.status, body: await answer.json() };
}

test("[R4] readiness is false when the store cannot commit, the push engine cannot publish, or the end has begun; liveness stays", async () => {
  assert.equal((await ask("/readyz")).status, 200);
  for (const part of ["running", "store", "push"] as const) {
    assert.equal((await ask("/readyz", { [part]: false })).status, 503, part);
    assert.equal((await ask("/livez", { [part]: false })).status, 200, part);
  }
  for (const part of ["intake", "gate"] as const) {
    assert.deepEqual(await ask("/readyz", { [part]: false }), { status: 200, body: { status: "ready", ...well, [part]: false } });
  }
});

test("/health answers 200 {} whatever the state", async () => {
  assert.deepEqual(await ask("/health", { running: false, store: false, push: false }), { status: 200, body: {} });
});
