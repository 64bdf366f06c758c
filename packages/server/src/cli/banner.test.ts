import assert from "node:assert/strict";
import { test } from "node:test";
import { type BannerFacts, banner } from "./banner.ts";

const facts: BannerFacts = {
  dashboard: "http://localhost:8000/",
  tryPage: "http://localhost:8000/v1/try",
  explorer: "http://localhost:8000/v1/explorer",
  api: "http://localhost:8000/api",
  mqtt: { host: "127.0.0.1", port: 1883 },
  openOnLoopback: true,
  demoMachines: 20,
  password: "once-only",
  apiKey: "key-of-ours",
  secretsFile: "/data/secrets.json",
  dataDir: "/data",
  logFile: "/data/fleetcast.log",
  readyMs: 321,
  nowMs: Date.UTC(2026, 0, 26, 14, 50, 0),
};

test("the first start shows password, key and what to copy; the last line says ready", () => {
  for (const language of ["en", "zh"] as const) {
    const text = banner(facts, language);
    assert.match(text, /once-only/);
    assert.match(text, /^mosquitto_pub -h 127\.0\.0\.1 -p 1883 -i VM-SH-021 -u VM-SH-021 -t vm\/VM-SH-021\/telemetry -q 1 -m '/m);
    assert.equal(text.match(/^curl -X POST http:\/\/localhost:8000\/api -H 'Authorization: Token key-of-ours' -d '/gm)?.length, 2);
    assert.match(text, /http:\/\/localhost:8000\/v1\/try/);
    assert.match(text.split("\n").at(-1)!, /ready.*321 ms/);
  }
});

test("the telemetry of the snippet is the document's, for its own machine", () => {
  const payload = banner(facts, "en").match(/-m '(.*)'/)?.[1] ?? "";
  assert.deepEqual(JSON.parse(payload), {
    id: "VM-SH-021",
    system: { voltage: 224.2, door_closed: true },
    environment: { temps: [-18.5, -18.2] },
    ts: "2026-01-26T14:50:00Z",
  });
});

test("a later start shows no secret, but where they lie and how to set a new password", () => {
  const text = banner({ ...facts, password: undefined, apiKey: undefined }, "en");
  assert.ok(!text.includes("key-of-ours") && !text.includes("curl"), text);
  assert.match(text, /\/data\/secrets\.json/);
  assert.match(text, /npx fleetcast user password admin/);
});

test("a key that the operator set is never printed", () => {
  assert.match(banner({ ...facts, apiKey: undefined }, "en"), /Authorization: Token <http_api\.key>/);
});
