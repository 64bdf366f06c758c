import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { FleetEvent } from "@fleetcast/protocol";
import { createFleet } from "@fleetcast/simulator";
import { Centrifuge } from "centrifuge";
import { startApp } from "../app.ts";
import { quietLog } from "../auth/testing/hand-clock.ts";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { centrifugoConfig } from "../push/centrifugo/config-file.ts";
import { freePort, startCentrifugo, withoutCentrifugo } from "../push/centrifugo/testing-centrifugo.ts";
import { systemClock } from "../runtime/clock.ts";

/** The whole process with either push engine, a virtual machine, the official client: what a screen hears without asking. */
async function startWorld(t: TestContext, engine: "embedded" | "centrifugo") {
  const folder = mkdtempSync(join(tmpdir(), "fleetcast-feeds-"));
  const [port, mqttPort] = [await freePort(), await freePort()];
  const settings = { http_server: { port }, mqtt: { port: mqttPort }, push: { engine, centrifugo: { api_key: "key-of-centrifugo" } } };
  writeFileSync(join(folder, "fleetcast.json"), JSON.stringify(settings));
  let { config } = loadConfig({ flags: { dataDir: join(folder, "data") }, environment: {}, folder });
  const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  t.after(async () => {
    for (const end of ends.reverse()) await end();
  });
  let pushUrl = `ws://127.0.0.1:${port}/connection/websocket`;
  if (engine === "centrifugo") {
    const at = (url: string): Config => ({
      ...config,
      push: { ...config.push, centrifugo: { ...config.push.centrifugo, url } },
    });
    const centrifugo = await startCentrifugo((itsPort) => centrifugoConfig(at(`http://127.0.0.1:${itsPort}`)));
    ends.push(() => centrifugo.stop());
    config = at(centrifugo.url);
    pushUrl = `${centrifugo.url.replace("http", "ws")}/connection/websocket`;
  }
  const app = await startApp(config, {
    log: quietLog,
    onFatal: (cause) => {
      throw cause;
    },
  });
  ends.push(() => app.stop());
  await app.users.createUser({ name: "li", role: "operator", password: "correct horse" });
  const base = `http://127.0.0.1:${port}`;
  const headers = { "content-type": "application/json" };
  const signedIn = await fetch(`${base}/v1/session`, {
    method: "POST",
    headers,
    body: JSON.stringify({ name: "li", password: "correct horse" }),
  });
  const { csrf } = (await signedIn.json()) as { csrf: string };
  const mine = { ...headers, cookie: signedIn.headers.get("set-cookie")!.split(";")[0]!, "x-fleetcast-csrf": csrf };
  const call = async <Answer>(method: string, path: string, body?: unknown): Promise<Answer> => {
    const answer = await fetch(`${base}${path}`, {
      method,
      headers: mine,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    assert.equal(answer.status, 200, path);
    return (await answer.json()) as Answer;
  };
  return {
    call,
    mqttUrl: `mqtt://127.0.0.1:${mqttPort}`,
    async client(): Promise<Centrifuge> {
      const { token } = await call<{ token: string }>("GET", "/v1/realtime/token");
      const client = new Centrifuge(pushUrl, { token, websocket: WebSocket });
      ends.push(() => client.disconnect());
      client.connect();
      return client;
    },
    later: (end: () => unknown) => ends.push(end),
  };
}

async function eventually(holds: () => boolean, what: string): Promise<void> {
  for (let attempt = 0; attempt < 1_000; attempt++) {
    if (holds()) return;
    await sleep(10);
  }
  assert.fail(`not within 10 s: ${what}`);
}

for (const engine of ["embedded", "centrifugo"] as const) {
  const skip = engine === "centrifugo" && withoutCentrifugo();
  test(`push engine ${engine}: events of the fleet arrive on feed:all, watchers hear each other come and go`, {
    skip,
    timeout: 60_000,
  }, async (t) => {
    const { call, client, later, mqttUrl } = await startWorld(t, engine);
    const watching = await client();
    const { token } = await call<{ token: string }>("POST", "/v1/realtime/subscription-token", { channel: "feed:all" });
    const feed = watching.newSubscription("feed:all", { token });
    const told: FleetEvent[] = [];
    feed.on("publication", ({ data }) => told.push(...(data as { events: FleetEvent[] }).events));
    feed.subscribe();
    const machine = watching.newSubscription("events:VM-SH-001", { joinLeave: true });
    const seen: string[] = [];
    machine.on("join", ({ info }) => seen.push(`join ${info.client}`));
    machine.on("leave", ({ info }) => seen.push(`leave ${info.client}`));
    machine.subscribe();
    await Promise.all([feed.ready(10_000), machine.ready(10_000)]);

    const fleet = createFleet({ url: mqttUrl, count: 2, clock: systemClock, intervalMs: 200 });
    await fleet.start();
    later(() => fleet.stop());
    await eventually(() => told.filter(({ type }) => type === "online").length === 2, "both machines on the feed");
    const stored = (await call<{ events: FleetEvent[] }>("GET", "/v1/events?limit=50")).events;
    assert.deepEqual(
      told[0],
      stored.find(({ event_id }) => event_id === told[0]!.event_id),
    );

    const other = await client();
    await other.ready(10_000);
    other.newSubscription("events:VM-SH-001").subscribe();
    await eventually(() => seen.some((line) => line.startsWith("join") && seen.length >= 2), "the other's coming");
    const theirs = seen.at(-1)!.replace("join ", "");
    other.disconnect();
    await eventually(() => seen.includes(`leave ${theirs}`), "the other's going");
  });
}
