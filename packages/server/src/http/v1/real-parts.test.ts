import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { CommandList, FleetSnapshot, Me, RealtimeToken, SubscriptionToken } from "@fleetcast/protocol";
import { Centrifuge } from "centrifuge";
import { type App, startApp } from "../../app.ts";
import { quietLog } from "../../auth/testing/hand-clock.ts";
import { loadConfig } from "../../config/load.ts";

/**
 * The whole process in this one: SQLite store, argon2id, fleet, embedded broker and push engine, the official client.
 * What a person does from signing in to the receipt, and what must survive a restart.
 */

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

async function world() {
  const folder = await mkdtemp(join(tmpdir(), "fleetcast-v1-"));
  const [port, mqttPort] = [await freePort(), await freePort()];
  const environment = { FLEETCAST_HTTP_SERVER_PORT: String(port), FLEETCAST_MQTT_PORT: String(mqttPort) };
  const base = `http://127.0.0.1:${port}`;
  const { config } = loadConfig({ flags: { dataDir: join(folder, "data") }, environment, folder });
  const start = (): Promise<App> =>
    startApp(config, {
      log: quietLog,
      onFatal: (cause) => {
        throw cause;
      },
    });
  return { base, mqttPort, start, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** What the dashboard keeps of its session. */
async function signIn(base: string, name: string, password: string) {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${base}/v1/session`, { method: "POST", headers, body: JSON.stringify({ name, password }) });
  assert.equal(response.status, 200, await response.clone().text());
  const me = (await response.json()) as Me;
  const cookie = response.headers.get("set-cookie")!.split(";")[0]!;
  const call = async <Answer>(method: string, path: string, body?: unknown): Promise<Answer> => {
    const answer = await fetch(`${base}${path}`, {
      method,
      headers: { ...headers, cookie, "x-fleetcast-csrf": me.csrf },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    assert.equal(answer.status, 200, `${method} ${path}: ${await answer.clone().text()}`);
    return (await answer.json()) as Answer;
  };
  return { me, cookie, call };
}

function mqttString(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

function mqttPacket(first: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length = body.length < 128 ? [body.length] : [(body.length & 0x7f) | 0x80, body.length >> 7];
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}

/** Connects as a machine and sends one QoS 1 message: the CONNACK code, then resolves with PUBACK (or the end). */
async function publishAs(port: number, vmId: string, password: string | undefined, topic: string, payload: string): Promise<number> {
  const socket = connect(port, "127.0.0.1");
  const flags = 0x82 | (password === undefined ? 0 : 0x40);
  const user = [mqttString(vmId), ...(password === undefined ? [] : [mqttString(password)])];
  socket.write(mqttPacket(0x10, mqttString("MQTT"), Buffer.from([4, flags, 0, 60]), mqttString(`test-${process.pid}`), ...user));
  const [connack] = (await once(socket, "data")) as [Buffer];
  const code = connack[3]!;
  if (code === 0) {
    socket.write(mqttPacket(0x32, mqttString(topic), Buffer.from([0, 7]), Buffer.from(payload)));
    const [puback] = (await once(socket, "data")) as [Buffer];
    assert.deepEqual([...puback], [0x40, 2, 0, 7]);
  }
  socket.destroy();
  return code;
}

async function eventually(check: () => boolean, what: string): Promise<void> {
  for (let waited = 0; !check(); waited += 10) {
    assert.ok(waited < 20_000, `not within 20 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const telemetry = `{"id":"VM-SH-021","system":{"voltage":224.2,"door_closed":true},"environment":{"temps":[-18.5,-18.2]},"ts":"2026-01-26T14:50:00Z"}`;

test("from signing in to the receipt, with the official client", { timeout: 60_000 }, async () => {
  const { base, mqttPort, start, remove } = await world();
  const app = await start();
  const opened: Centrifuge[] = [];
  try {
    const { id } = await app.users.createUser({ name: "李娜", role: "operator", password: "correct horse" });
    const { me, call } = await signIn(base, "李娜", "correct horse");
    assert.equal(me.id, id);

    const { token, url } = await call<RealtimeToken>("GET", "/v1/realtime/token");
    const client = new Centrifuge(`${base.replace("http", "ws")}${url}`, { token, websocket: WebSocket });
    opened.push(client);
    const seen = new Map<string, unknown[]>();
    const refused = new Map<string, number>();
    const subscribe = (channel: string, token = "") => {
      const subscription = client.newSubscription(channel, token === "" ? {} : { token });
      subscription.on("publication", (publication) => seen.set(channel, [...(seen.get(channel) ?? []), publication.data]));
      subscription.on("subscribed", () => seen.set(channel, seen.get(channel) ?? []));
      subscription.on("unsubscribed", ({ code }) => refused.set(channel, code));
      subscription.subscribe();
    };
    const feed = await call<SubscriptionToken>("POST", "/v1/realtime/subscription-token", { channel: "fleet:all" });
    subscribe("fleet:all", feed.token);
    for (const channel of ["telemetry:VM-SH-021", `user_cmd:${id}`, "user_cmd:u_BBBBBBBBBB", "console_tail:x"]) subscribe(channel);
    client.connect();
    await eventually(() => seen.size === 3 && refused.size === 2, "three subscriptions and two refusals");
    assert.deepEqual([...refused.keys()].sort(), ["console_tail:x", "user_cmd:u_BBBBBBBBBB"]);

    assert.equal(await publishAs(mqttPort, "VM-SH-021", undefined, "vm/VM-SH-021/telemetry", telemetry), 0);
    await eventually(() => seen.get("telemetry:VM-SH-021")!.length === 1, "the telemetry on the screen");
    assert.deepEqual(seen.get("telemetry:VM-SH-021")![0], JSON.parse(telemetry));
    const fleet = await call<FleetSnapshot>("GET", "/v1/fleet");
    assert.deepEqual(
      fleet.rows.map((row) => [row.vm_id, row.voltage_v]),
      [["VM-SH-021", 224.2]],
    );

    const body = { idempotency_key: "k1", targets: ["VM-SH-021"], name: "restart", params: {}, ttl_s: 60 };
    const [given] = (await call<CommandList>("POST", "/v1/commands", body)).commands;
    const again = await call<CommandList>("POST", "/v1/commands", body);
    assert.deepEqual(
      again.commands.map((command) => command.cmd_id),
      [given!.cmd_id],
    );
    const ack = JSON.stringify({ cmd_id: given!.cmd_id, state: "done", ts: "2026-01-26T14:50:01Z" });
    assert.equal(await publishAs(mqttPort, "VM-SH-021", undefined, "vm/VM-SH-021/cmd/ack", ack), 0);
    const states = () =>
      (seen.get(`user_cmd:${id}`) as { cmd_id: string; state: string }[]).filter((receipt) => receipt.cmd_id === given!.cmd_id);
    await eventually(() => states().at(-1)?.state === "done", "the receipt");

    // A new password ends the session and the connection at once (A1).
    let ended = 0;
    client.on("disconnected", ({ code }) => {
      ended = code;
    });
    await app.users.setPassword(id, "another horse");
    await eventually(() => ended !== 0, "the connection's end");
    assert.equal(ended, 3503);
  } finally {
    for (const client of opened) client.disconnect();
    await app.stop();
    await remove();
  }
});

test("a bearer's token from the try page hears the machines and none of our own channels", { timeout: 60_000 }, async () => {
  const { base, start, remove } = await world();
  const app = await start();
  const opened: Centrifuge[] = [];
  try {
    const { id } = await app.users.createUser({ name: "anna", role: "admin", password: "correct horse" });
    const { token, url } = (await (await fetch(`${base}/v1/try/token`)).json()) as RealtimeToken;
    const client = new Centrifuge(`${base.replace("http", "ws")}${url}`, { token, websocket: WebSocket });
    opened.push(client);
    const outcome = new Map<string, string>();
    const channels = [
      "telemetry:VM-SH-001",
      "events:VM-SH-001",
      "p_alert:global",
      "user_cmd:admin_user_01",
      `user_cmd:${id}`,
      "fleet:all",
      "feed:all",
    ];
    for (const channel of channels) {
      const subscription = client.newSubscription(channel);
      subscription.on("subscribed", () => outcome.set(channel, "subscribed"));
      subscription.on("unsubscribed", ({ code }) => outcome.set(channel, `refused ${code}`));
      subscription.subscribe();
    }
    const serverSide: string[] = [];
    client.on("subscribed", ({ channel }) => serverSide.push(channel));
    client.connect();
    await eventually(() => outcome.size === channels.length, "an answer for every channel");
    assert.deepEqual(
      channels.map((channel) => outcome.get(channel)),
      ["subscribed", "subscribed", "subscribed", "subscribed", "refused 103", "refused 103", "refused 103"],
    );
    assert.deepEqual(serverSide, ["public"]);
  } finally {
    for (const client of opened) client.disconnect();
    await app.stop();
    await remove();
  }
});

test("users, sessions and machine secrets survive a restart; the store holds no password and no secret", { timeout: 60_000 }, async () => {
  const { base, mqttPort, start, remove } = await world();
  let app = await start();
  try {
    await app.users.createUser({ name: "anna", role: "viewer", password: "correct horse" });
    const { secret } = await app.admin.addMachine("VM-7");
    const { cookie } = await signIn(base, "anna", "correct horse");
    await app.stop();
    app = await start();

    assert.equal((await fetch(`${base}/v1/me`, { headers: { cookie } })).status, 200);
    await signIn(base, "Anna", "correct horse");
    const payload = `{"id":"VM-7","system":{"voltage":220,"door_closed":true},"environment":{"temps":[-18]},"ts":"2026-01-26T14:50:00Z"}`;
    assert.equal(await publishAs(mqttPort, "VM-7", undefined, "vm/VM-7/telemetry", payload), 4);
    assert.equal(await publishAs(mqttPort, "VM-7", `${secret}x`, "vm/VM-7/telemetry", payload), 4);
    assert.equal(await publishAs(mqttPort, "VM-7", secret, "vm/VM-7/telemetry", payload), 0);
    const [user] = await app.journal.fleet.users();
    assert.match(user!.passwordHash, /^\$argon2id\$/);
    const machine = await app.journal.fleet.machine("VM-7");
    assert.equal(machine?.secretSha256?.length, 32);
  } finally {
    await app.stop();
    await remove();
  }
});
