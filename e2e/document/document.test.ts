import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, test } from "node:test";
import { openssl } from "../harness/certificates.ts";
import { executable } from "../harness/executable.ts";
import { API_KEY } from "../harness/fleetcast.ts";
import { mosquittoPublish } from "../harness/mosquitto-pub.ts";
import { eventually } from "../harness/process.ts";
import { Sdk } from "../harness/sdk.ts";
import { type Stack, startEmbedded, startProduction, startSecure } from "../harness/stack.ts";
import { bearerToken } from "../harness/tokens.ts";
import { findCentrifugo } from "../parts/centrifugo.ts";
import { curl, mosquitto, mosquittoPub, nginx, requirePath, skipReason } from "../parts/find.ts";

/**
 * The user's document, example by example and to the letter (only `exp` is moved into the future), on the embedded stack
 * from the sources and from the single executable, and on Mosquitto + Centrifugo behind nginx.
 */
const claims = { sub: "admin_user_01", channels: ["public"], info: { role: "manager", name: "管理员" } };

const telemetry = `{
    "id": "VM-SH-001",
    "system": { "voltage": 224.2, "door_closed": true },
    "environment": { "temps": [-18.5, -18.2] },
    "ts": "2026-01-26T14:50:00Z"
}`;

const publishBody = `{
  "method": "publish",
  "params": {
    "channel": "telemetry:VM-SH-001",
    "data": {
       "voltage": 221.5,
       "msg": "实时电压波动"
    }
  }
}`;

const broadcastBody = `{
  "method": "broadcast",
  "params": {
    "channels": ["p_alert:global"],
    "data": {
      "level": "P0",
      "content": "服务器集群将于凌晨 2 点进行系统升级"
    }
  }
}`;

const stacks = [
  { name: "embedded", skip: skipReason(mosquittoPub, curl), start: () => startEmbedded() },
  { name: "single executable", skip: skipReason(mosquittoPub, curl), start: () => startEmbedded({ executable: executable() }) },
  {
    name: "single executable over WSS, HTTPS and MQTTS",
    skip: skipReason(mosquittoPub, curl, openssl),
    start: () => startSecure({ executable: executable() }),
  },
  {
    name: "Mosquitto + Centrifugo",
    skip: skipReason(mosquittoPub, curl, mosquitto, nginx, findCentrifugo({ build: false })),
    start: () => startProduction(),
  },
];

const running = new Map<string, Promise<Stack>>();
const clients: Sdk[] = [];
after(async () => {
  for (const client of clients) await client.end();
  for (const stack of running.values()) await (await stack).stop();
});

const publish = ({ mqttPort, caFile }: Stack, kind: string, message: string): void =>
  mosquittoPublish(mqttPort, "VM-SH-001", `vm/VM-SH-001/${kind}`, message, caFile === undefined ? undefined : { caFile });

for (const { name, skip, start } of stacks) {
  const stackOf = (): Promise<Stack> => {
    const existing = running.get(name) ?? start();
    running.set(name, existing);
    return existing;
  };
  const connect = async (more: Record<string, unknown> = {}): Promise<Sdk> => {
    const stack = await stackOf();
    const sdk = new Sdk({ url: stack.websocket, caFile: stack.caFile, token: await bearerToken({ ...claims, ...more }) });
    clients.push(sdk);
    await sdk.connect();
    return sdk;
  };
  const callApi = async (body: string): Promise<{ status: string; body: string }> => {
    const stack = await stackOf();
    const result = spawnSync(
      requirePath(curl),
      [
        ...(stack.caFile === undefined ? [] : ["--cacert", stack.caFile]),
        "-s",
        "-w",
        "\n%{http_code}",
        "-X",
        "POST",
        `${stack.base}/api`,
        "-H",
        `Authorization: Token ${API_KEY}`,
        "-d",
        body,
      ],
      { encoding: "utf8", timeout: 15_000 },
    );
    const lines = result.stdout.split("\n");
    return { status: lines.pop() ?? "", body: lines.join("\n") };
  };

  test(`document 2: the claims connect, and "public" is subscribed by itself (${name})`, { skip }, async () => {
    const sdk = await connect();
    const server = await sdk.next("server-subscribed").catch(() => sdk.events.find((event) => event.event === "server-subscribed"));
    assert.equal(server?.channel, "public");
    const answer = await callApi(`{"method":"publish","params":{"channel":"public","data":{"hello":"所有人"}}}`);
    assert.equal(answer.status, "200", answer.body);
    const publication = await sdk.next("server-publication");
    assert.deepEqual(publication.data, { hello: "所有人" });
  });

  test(`document 2: a client without a token, or with a forged one, is refused (${name})`, { skip }, async () => {
    const stack = await stackOf();
    const forged = new Sdk({
      url: stack.websocket,
      caFile: stack.caFile,
      token: await bearerToken(claims, "another-secret-which-is-long-enough-00001"),
    });
    clients.push(forged);
    await forged.call("connect");
    assert.equal((await forged.next("disconnected")).code, 3500);
    const without = new Sdk({ url: stack.websocket, caFile: stack.caFile });
    clients.push(without);
    await without.call("connect");
    assert.equal((await without.next("disconnected")).code, 3501);
  });

  test(`document 4.1: the telemetry JSON travels from mosquitto_pub to the subscriber unchanged (${name})`, { skip }, async () => {
    const stack = await stackOf();
    const sdk = await connect();
    await sdk.subscribe("telemetry:VM-SH-001");
    publish(stack, "telemetry", telemetry);
    const publication = await sdk.next("publication");
    assert.deepEqual(publication.data, JSON.parse(telemetry));
  });

  test(`document 4.2: a violent shake and a finished vend reach the subscriber of events (${name})`, { skip }, async () => {
    const stack = await stackOf();
    const sdk = await connect();
    await sdk.subscribe("events:VM-SH-001");
    publish(stack, "events", `{"type":"shake","severity":"warning","data":{"g":2.4,"note":"暴力震动"}}`);
    const shake = await sdk.next("publication", (event) => event.data?.type === "shake");
    assert.equal(shake.data.data.note, "暴力震动");
    publish(stack, "events", `{"type":"vend_success","severity":"info","data":{"slot":"A3","note":"出餐成功"}}`);
    const vend = await sdk.next("publication", (event) => event.data?.type === "vend_success");
    assert.equal(vend.data.data.slot, "A3");
  });

  test(`document 5.1: publish with "Authorization: Token" is answered and arrives (${name})`, { skip }, async () => {
    const sdk = await connect();
    await sdk.subscribe("telemetry:VM-SH-001");
    const answer = await callApi(publishBody);
    assert.equal(answer.status, "200", answer.body);
    const result = JSON.parse(answer.body) as { result: { offset: number; epoch: string } };
    const publication = await sdk.next("publication", (event) => event.data?.msg !== undefined);
    assert.deepEqual(publication.data, { voltage: 221.5, msg: "实时电压波动" });
    assert.equal(result.result.offset, publication.offset);
    assert.ok(result.result.epoch.length > 0);
  });

  test(`document 5.1: a wrong or missing key is 401 with an empty body (${name})`, { skip }, async () => {
    const stack = await stackOf();
    for (const headers of [{}, { authorization: "Token wrong" }, { authorization: `Bearer ${API_KEY}` }]) {
      const answer = await fetch(`${stack.base}/api`, {
        ...stack.fleetcast.trust,
        method: "POST",
        headers: headers as Record<string, string>,
        body: publishBody,
      });
      assert.equal(answer.status, 401);
      assert.equal(await answer.text(), "");
    }
  });

  test(`document 5.2: a broadcast reaches every administrator (${name})`, { skip }, async () => {
    const [one, two] = [await connect(), await connect({ sub: "admin_user_02" })];
    await one.subscribe("p_alert:global");
    await two.subscribe("p_alert:global");
    const answer = await callApi(broadcastBody);
    assert.equal(answer.status, "200", answer.body);
    assert.equal((JSON.parse(answer.body) as { result: { responses: unknown[] } }).result.responses.length, 1);
    for (const sdk of [one, two]) {
      assert.deepEqual((await sdk.next("publication")).data, { level: "P0", content: "服务器集群将于凌晨 2 点进行系统升级" });
    }
  });

  test(`document 6: presence says how many administrators watch a machine (${name})`, { skip }, async () => {
    const [one, two] = [await connect(), await connect({ sub: "admin_user_02" })];
    await one.subscribe("telemetry:VM-SH-777");
    await two.subscribe("telemetry:VM-SH-777");
    const presence = await one.call<{ clients: Record<string, { user: string; connInfo?: { name: string } }> }>("presence", {
      channel: "telemetry:VM-SH-777",
    });
    assert.deepEqual(
      Object.values(presence.clients)
        .map((info) => info.user)
        .sort(),
      ["admin_user_01", "admin_user_02"],
    );
    assert.equal(Object.values(presence.clients)[0]?.connInfo?.name, "管理员");
    const answer = await callApi(`{"method":"presence_stats","params":{"channel":"telemetry:VM-SH-777"}}`);
    assert.deepEqual(JSON.parse(answer.body), { result: { num_clients: 2, num_users: 2 } });
    const full = JSON.parse((await callApi(`{"method":"presence","params":{"channel":"telemetry:VM-SH-777"}}`)).body) as {
      result: { presence: object };
    };
    assert.equal(Object.keys(full.result.presence).length, 2);
  });

  test(`document 6: history gives the last 10 of a machine, to the page and to the backend (${name})`, { skip }, async () => {
    const sdk = await connect();
    await sdk.subscribe("telemetry:VM-SH-010");
    for (let n = 1; n <= 13; n++) await callApi(`{"method":"publish","params":{"channel":"telemetry:VM-SH-010","data":{"n":${n}}}}`);
    await eventually("all arrived", 10_000, () => sdk.publications("telemetry:VM-SH-010").length === 13);
    const newest = await sdk.call<{ publications: { data: { n: number } }[] }>("history", {
      channel: "telemetry:VM-SH-010",
      options: { limit: 10, reverse: true },
    });
    assert.deepEqual(
      newest.publications.map((publication) => publication.data.n),
      [13, 12, 11, 10, 9, 8, 7, 6, 5, 4],
    );
    const answer = JSON.parse((await callApi(`{"method":"history","params":{"channel":"telemetry:VM-SH-010"}}`)).body) as {
      result: { publications: { data: { n: number } }[]; offset: number };
    };
    const shown = answer.result.publications.map((publication) => publication.data.n);
    assert.deepEqual(
      shown.sort((a, b) => a - b),
      [4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
    );
    assert.equal(answer.result.offset, 13);
  });

  test(`document 3: user_cmd belongs to its own user (${name})`, { skip }, async () => {
    const sdk = await connect();
    await sdk.subscribe("user_cmd:admin_user_01");
    await callApi(`{"method":"publish","params":{"channel":"user_cmd:admin_user_01","data":{"cmd_id":"c1","state":"done"}}}`);
    assert.deepEqual((await sdk.next("publication")).data, { cmd_id: "c1", state: "done" });
    await sdk.call("subscribe", { channel: "user_cmd:admin_user_02" });
    const refused = await sdk.next("unsubscribed", (event) => event.channel === "user_cmd:admin_user_02");
    assert.equal(refused.code, 103);
  });
}
