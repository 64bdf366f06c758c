import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { connect as tcp } from "node:net";
import { after, test } from "node:test";
import { Fleetcast } from "../harness/fleetcast.ts";
import { mosquittoPublish } from "../harness/mosquitto-pub.ts";
import { eventually, sleep } from "../harness/process.ts";
import { addUser, Screen } from "../harness/screen.ts";
import { Sdk } from "../harness/sdk.ts";
import { bearerToken } from "../harness/tokens.ts";
import { mosquittoPub, requirePath, skipReason } from "../parts/find.ts";

/** One message's way through the embedded stack, and what must hold beside it. */
const skip = skipReason(mosquittoPub);
const open: { end(): Promise<void> }[] = [];
const servers: Fleetcast[] = [];
after(async () => {
  for (const client of open) await client.end();
  for (const server of servers) await server.remove();
});

async function server(options: Parameters<typeof Fleetcast.started>[0] = {}): Promise<Fleetcast> {
  const fleetcast = await Fleetcast.started(options);
  servers.push(fleetcast);
  return fleetcast;
}

async function dashboard(fleetcast: Fleetcast, token?: string): Promise<Sdk> {
  const sdk = new Sdk({ url: fleetcast.websocket, token: token ?? (await bearerToken({ sub: "watcher" })) });
  open.push(sdk);
  await sdk.connect();
  return sdk;
}

const telemetry = (seq: number, boot = "b1"): string => JSON.stringify({ system: { voltage: 220 + seq / 10 }, boot, seq });

test("[L9] a subscriber recovers everything after the server was killed and started again", { skip }, async () => {
  const fleetcast = await server();
  const sdk = await dashboard(fleetcast);
  await sdk.subscribe("telemetry:VM-L9");
  for (let seq = 1; seq <= 3; seq++) mosquittoPublish(fleetcast.mqttPort, "VM-L9", "vm/VM-L9/telemetry", telemetry(seq));
  await eventually("three arrive", 10_000, () => sdk.publications("telemetry:VM-L9").length === 3);
  await fleetcast.kill();
  await fleetcast.start();
  for (let seq = 4; seq <= 6; seq++) mosquittoPublish(fleetcast.mqttPort, "VM-L9", "vm/VM-L9/telemetry", telemetry(seq));
  await eventually("six arrive", 15_000, () => sdk.publications("telemetry:VM-L9").length === 6);
  const again = sdk.events.filter((event) => event.event === "subscribed").at(-1)!;
  assert.equal(again.wasRecovering, true);
  assert.equal(again.recovered, true);
  assert.deepEqual(
    sdk.publications("telemetry:VM-L9").map((event) => event.offset),
    [1, 2, 3, 4, 5, 6],
  );
  assert.deepEqual(
    sdk.publications("telemetry:VM-L9").map((event) => event.data.seq),
    [1, 2, 3, 4, 5, 6],
  );
});

test("[L10] a redelivered message is acknowledged and changes nothing", { skip }, async () => {
  const fleetcast = await server();
  const sdk = await dashboard(fleetcast);
  await sdk.subscribe("telemetry:VM-DUP");
  for (const seq of [1, 2, 2, 1, 3]) mosquittoPublish(fleetcast.mqttPort, "VM-DUP", "vm/VM-DUP/telemetry", telemetry(seq));
  await eventually("the third arrives", 10_000, () => sdk.publications("telemetry:VM-DUP").some((event) => event.data.seq === 3));
  assert.deepEqual(
    sdk.publications("telemetry:VM-DUP").map((event) => event.data.seq),
    [1, 2, 3],
  );
});

test("[I3] what does not parse is acknowledged, kept as a dead letter with its reason, and stops nothing", { skip }, async () => {
  const fleetcast = await server();
  const password = await addUser(fleetcast, "dev", "developer");
  const screen = await Screen.login(fleetcast.base, "dev", password);
  const sdk = await dashboard(fleetcast);
  await sdk.subscribe("telemetry:VM-BAD");
  for (const bad of ["not json", '{"system":{"voltage":"high"}}', '{"id":"VM-OTHER"}'])
    mosquittoPublish(fleetcast.mqttPort, "VM-BAD", "vm/VM-BAD/telemetry", bad);
  mosquittoPublish(fleetcast.mqttPort, "VM-BAD", "vm/VM-BAD/telemetry", telemetry(1));
  await sdk.next("publication");
  const letters = (
    await screen.get<{ dead_letters: { vm_id: string; reason: string; payload_text: string }[] }>("/v1/dead-letters?limit=10")
  ).dead_letters;
  assert.equal(letters.length, 3);
  assert.deepEqual(
    letters.map((letter) => letter.payload_text).sort(),
    ["not json", '{"id":"VM-OTHER"}', '{"system":{"voltage":"high"}}'].sort(),
  );
  for (const letter of letters) assert.ok(letter.reason.length > 3);
});

test("a command goes to the machine and its receipts come back over user_cmd", { skip }, async () => {
  const fleetcast = await server();
  const password = await addUser(fleetcast, "op", "operator");
  const screen = await Screen.login(fleetcast.base, "op", password);
  const simulate = fleetcast.cliProcess("simulate", "--count", "1", "--prefix", "VM-C-", "--url", `mqtt://127.0.0.1:${fleetcast.mqttPort}`);
  try {
    await eventually("the machine is online", 15_000, async () => {
      const fleet = await screen.get<{ rows: { vm_id: string; state: string }[] }>("/v1/fleet?scope=all");
      return fleet.rows.some((row) => row.vm_id === "VM-C-001" && row.state === "online");
    });
    const realtime = await screen.get<{ token: string }>("/v1/realtime/token");
    const sdk = await dashboard(fleetcast, realtime.token);
    await sdk.subscribe(`user_cmd:${screen.id}`);
    const request = { idempotency_key: "k1", targets: ["VM-C-001"], name: "lock_sales", params: {}, ttl_s: 30 };
    const made = await screen.post("/v1/commands", request);
    assert.equal(made.status, 200, JSON.stringify(made.body));
    const command = (made.body as { commands: { cmd_id: string }[] }).commands[0]!;
    await sdk.next("publication", (event) => event.data?.cmd_id === command.cmd_id && event.data.state === "done", 15_000);
    const states = sdk.publications(`user_cmd:${screen.id}`).map((event) => event.data.state);
    assert.deepEqual(
      states.filter((state: string) => ["received", "running", "done"].includes(state)),
      ["received", "running", "done"],
    );
    const again = await screen.post("/v1/commands", request);
    assert.equal((again.body as { commands: { cmd_id: string }[] }).commands[0]!.cmd_id, command.cmd_id);
    const viewerPassword = await addUser(fleetcast, "eye", "viewer");
    const viewer = await Screen.login(fleetcast.base, "eye", viewerPassword);
    assert.equal((await viewer.post("/v1/commands", { ...request, idempotency_key: "k2" })).status, 403);
  } finally {
    await simulate.end("SIGTERM");
  }
});

test("the fleet list starts from its position and a stale position is told as 112", { skip }, async () => {
  const fleetcast = await server();
  const screen = await Screen.login(fleetcast.base, "eye", await addUser(fleetcast, "eye", "viewer"));
  mosquittoPublish(fleetcast.mqttPort, "VM-F-1", "vm/VM-F-1/telemetry", telemetry(1));
  await eventually(
    "the machine is in the fleet",
    10_000,
    async () => (await screen.get<{ rows: unknown[] }>("/v1/fleet?scope=all")).rows.length === 1,
  );
  const snapshot = await screen.get<{ channel: string; position: { offset: number; epoch: string } }>("/v1/fleet?scope=all");
  const token = ((await screen.post("/v1/realtime/subscription-token", { channel: snapshot.channel })).body as { token: string }).token;
  const realtime = await screen.get<{ token: string }>("/v1/realtime/token");
  const frames = await rawFrames(fleetcast, [
    { id: 1, connect: { token: realtime.token } },
    { id: 2, subscribe: { channel: snapshot.channel, token, recover: true, offset: snapshot.position.offset, epoch: "stale", flag: 2 } },
    { id: 3, subscribe: { channel: snapshot.channel, token, recover: true, ...snapshot.position, flag: 2 } },
  ]);
  assert.equal(
    frames.find((frame) => frame["id"] === 2)?.["error"] !== undefined &&
      (frames.find((frame) => frame["id"] === 2)!["error"] as { code: number }).code,
    112,
  );
  assert.equal((frames.find((frame) => frame["id"] === 3)?.["subscribe"] as { recovered?: boolean })?.recovered, true);
});

test("[D23 P6] a reader that stops is closed, and the others do not notice", { skip }, async () => {
  const fleetcast = await server();
  const healthy = await dashboard(fleetcast);
  await healthy.subscribe("telemetry:VM-SLOW");
  const frozen = await frozenSubscriber(fleetcast, "telemetry:VM-SLOW");
  const closed = new Promise<void>((resolve) => frozen.on("close", () => resolve()));
  const pad = "x".repeat(60_000);
  const count = 160;
  for (let n = 1; n <= count; n++) await fleetcast.api("publish", { channel: "telemetry:VM-SLOW", data: { n, pad } });
  await eventually("the healthy one has all of it", 15_000, () => healthy.publications("telemetry:VM-SLOW").length === count);
  frozen.resume();
  await Promise.race([closed, sleep(10_000).then(() => Promise.reject(new Error("the frozen reader was not closed")))]);
  assert.deepEqual(
    healthy.publications("telemetry:VM-SLOW").map((event) => event.data.n),
    Array.from({ length: count }, (_, i) => i + 1),
  );
});

test("[R3] SIGTERM tells everybody 3001 and exits with 0", { skip }, async () => {
  const fleetcast = await server();
  const sdk = await dashboard(fleetcast);
  assert.equal(await fleetcast.stop(), 0);
  assert.equal((await sdk.next("connecting", (event) => event.code === 3001)).code, 3001);
});

test("a machine with a credential must show it, whether the server runs or not", { skip }, async () => {
  const fleetcast = await server();
  const added = await fleetcast.cli("machine", "add", "VM-SECRET");
  assert.equal(added.code, 0, added.output);
  const secret = added.stdout.match(/(?:secret|password)[^\n]*?[:：]\s*(\S+)/i)?.[1];
  assert.ok(secret, added.stdout);
  const publish = (password?: string): number | null =>
    spawnSync(
      requirePath(mosquittoPub),
      [
        "-h",
        "127.0.0.1",
        "-p",
        String(fleetcast.mqttPort),
        "-i",
        "VM-SECRET",
        "-u",
        "VM-SECRET",
        ...(password === undefined ? [] : ["-P", password]),
        "-t",
        "vm/VM-SECRET/telemetry",
        "-q",
        "1",
        "-m",
        telemetry(1),
      ],
      { timeout: 10_000 },
    ).status;
  assert.equal(publish(secret), 0);
  assert.notEqual(publish(), 0);
  assert.notEqual(publish("wrong"), 0);
  await fleetcast.stop();
  assert.equal((await fleetcast.cli("machine", "add", "VM-OFFLINE")).code, 0);
  await fleetcast.start();
  assert.equal(publish(secret), 0);
});

test("a second process on one folder is refused with one line and exit code 2", { skip }, async () => {
  const fleetcast = await server();
  const second = await Fleetcast.prepare({ dataDir: fleetcast.dataDir });
  const process_ = second.spawn();
  assert.equal(await process_.exited, 2, process_.output);
});

/** Sends commands as one raw frame and answers what came back within a second. */
async function rawFrames(fleetcast: Fleetcast, commands: readonly unknown[]): Promise<Record<string, unknown>[]> {
  const socket = new WebSocket(fleetcast.websocket);
  const frames: Record<string, unknown>[] = [];
  await new Promise<void>((resolve, reject) => {
    socket.onerror = () => reject(new Error("the socket failed"));
    socket.onopen = () => resolve();
  });
  socket.onmessage = (event) => {
    for (const line of String(event.data).split("\n")) frames.push(JSON.parse(line) as Record<string, unknown>);
  };
  socket.send(commands.map((command) => JSON.stringify(command)).join("\n"));
  await eventually("all commands are answered", 10_000, () =>
    commands.every((command) => frames.some((frame) => frame["id"] === (command as { id: number }).id)),
  );
  socket.close();
  return frames;
}

/** A subscriber on a bare TCP socket that stops reading once it is subscribed. */
async function frozenSubscriber(fleetcast: Fleetcast, channel: string): Promise<import("node:net").Socket> {
  const token = await bearerToken({ sub: "frozen" });
  const socket = tcp(fleetcast.httpPort, "127.0.0.1");
  let seen = "";
  socket.on("data", (chunk: Buffer) => {
    seen += chunk.toString("latin1");
  });
  socket.on("error", () => undefined);
  socket.write(
    `GET /connection/websocket HTTP/1.1\r\nHost: 127.0.0.1:${fleetcast.httpPort}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  );
  await eventually("upgrade", 5_000, () => seen.includes("101"));
  const text = Buffer.from(`${JSON.stringify({ id: 1, connect: { token } })}\n${JSON.stringify({ id: 2, subscribe: { channel } })}`);
  socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | 126, text.length >> 8, text.length & 0xff, 0, 0, 0, 0]), text]));
  await eventually("subscribed", 5_000, () => seen.includes('"subscribe":'));
  socket.pause();
  return socket;
}
