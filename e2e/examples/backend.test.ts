import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { bunPath, root } from "../harness/fleetcast.ts";
import { freePorts, OwnProcess } from "../harness/process.ts";
import { Sdk } from "../harness/sdk.ts";
import { findCentrifugo } from "../parts/centrifugo.ts";
import { inCi, requirePath, skipReason } from "../parts/find.ts";

/** The example of section 7.2 as its README has it: one backend, one configuration file, our server and a real Centrifugo. */
const example = join(root, "examples", "backend");
const password = "hello";
const centrifugo = findCentrifugo({ build: inCi });

interface Running {
  readonly backend: string;
  readonly server: string;
  readonly sdk: (token?: string, headers?: Record<string, string>) => Sdk;
  stop(): Promise<void>;
}

const servers = [
  {
    name: "Fleetcast",
    skip: false as string | false,
    arguments: (port: number, file: string, folder: string) => ({
      command: bunPath,
      args: [join(root, "packages/server/src/cli/main.ts"), "serve", "-c", file, "--data-dir", join(folder, "data")],
      env: { FLEETCAST_MQTT_ENABLED: "false", FLEETCAST_HTTP_SERVER_PORT: String(port) },
    }),
  },
  {
    name: "Centrifugo",
    skip: skipReason(centrifugo),
    arguments: (port: number, file: string) => ({
      command: requirePath(centrifugo),
      args: ["-c", file, "-a", "127.0.0.1", "-p", String(port)],
      env: {},
    }),
  },
];

async function started(one: (typeof servers)[number]): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), "fleetcast-example-"));
  const [backendPort, port] = await freePorts(2);
  const file = join(folder, "config.json");
  writeFileSync(
    file,
    readFileSync(join(example, "config.json"), "utf8").replaceAll("http://127.0.0.1:3000/", `http://127.0.0.1:${backendPort}/`),
  );
  const env = { PORT: String(backendPort), PUSH_SERVER: `http://127.0.0.1:${port}`, DEMO_PASSWORD: password };
  const backend = new OwnProcess("backend", bunPath, ["main.ts"], { cwd: example, env });
  const { command, args, env: serverEnv } = one.arguments(port!, file, folder);
  const server = new OwnProcess(one.name, command, args, { cwd: folder, env: serverEnv });
  const sdks: Sdk[] = [];
  await backend.waitForOutput(/backend on/, 10_000);
  await server.waitForHttp(`http://127.0.0.1:${port}/health`, 20_000);
  return {
    backend: `http://127.0.0.1:${backendPort}`,
    server: `http://127.0.0.1:${port}`,
    sdk: (token, headers) => {
      const sdk = new Sdk({
        url: `ws://127.0.0.1:${port}/connection/websocket`,
        ...(token === undefined ? {} : { token }),
        ...(headers === undefined ? {} : { headers }),
      });
      sdks.push(sdk);
      return sdk;
    },
    stop: async () => {
      for (const sdk of sdks) await sdk.end();
      await server.end("SIGTERM");
      await backend.end("SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: "POST", body: JSON.stringify(body), headers });
}

async function signedIn({ backend }: Running, user: string): Promise<{ token: string; cookie: string }> {
  const answer = await post(`${backend}/login`, { user, password });
  assert.equal(answer.status, 200);
  const { token } = (await answer.json()) as { token: string };
  return { token, cookie: answer.headers.get("set-cookie")!.split(";")[0]! };
}

async function publish({ server }: Running, channel: string, data: unknown): Promise<void> {
  const answer = await post(
    `${server}/api`,
    { method: "publish", params: { channel, data } },
    { "x-api-key": "the-api-key-of-the-example" },
  );
  const body = (await answer.json()) as { error?: unknown };
  assert.deepEqual([answer.status, body.error], [200, undefined]);
}

/** The SDK gives such a channel up: the backend said no. */
async function refused(sdk: Sdk, channel: string): Promise<void> {
  await sdk.call("subscribe", { channel });
  assert.equal((await sdk.next("unsubscribed", (event) => event.channel === channel)).code, 103);
}

for (const one of servers) {
  describe(`a backend authorises channels by HTTP: ${one.name}`, { skip: one.skip }, () => {
    let running: Running;
    before(async () => {
      running = await started(one);
    });
    after(() => running.stop());

    test("[PX1] a technician hears the own machine and is refused another", { timeout: 60_000 }, async () => {
      const sdk = running.sdk((await signedIn(running, "li_na")).token);
      await sdk.connect();
      await sdk.subscribe("telemetry:VM-SH-001");
      await refused(sdk, "telemetry:VM-SH-002");
      await refused(sdk, "user_cmd:admin_user_01");
      await sdk.subscribe("user_cmd:li_na");
      await publish(running, "telemetry:VM-SH-001", { voltage: 221.5, msg: "实时电压波动" });
      const heard = await sdk.next("publication", ({ channel }) => channel === "telemetry:VM-SH-001");
      assert.deepEqual(heard.data, { voltage: 221.5, msg: "实时电压波动" });
    });

    test("[PX12] a note becomes an event under its writer's name", { timeout: 60_000 }, async () => {
      const sdk = running.sdk((await signedIn(running, "li_na")).token);
      await sdk.connect();
      await sdk.subscribe("events:VM-SH-001");
      await sdk.call("publish", { channel: "events:VM-SH-001", data: { text: "已更换压缩机" } });
      const { data } = await sdk.next("publication", ({ channel }) => channel === "events:VM-SH-001");
      assert.deepEqual([data.id, data.type, data.data], ["VM-SH-001", "note", { text: "已更换压缩机", by: "li_na" }]);
      await assert.rejects(sdk.call("publish", { channel: "events:VM-SH-002", data: { text: "x" } }), { code: 103 });
      await assert.rejects(sdk.call("publish", { channel: "events:VM-SH-001", data: { text: "" } }), { code: 400 });
    });

    test("[PX3] a method answers with one's machines", { timeout: 60_000 }, async () => {
      const sdk = running.sdk((await signedIn(running, "admin_user_01")).token);
      await sdk.connect();
      assert.deepEqual(await sdk.call("rpc", { method: "machines" }), { data: { machines: ["VM-SH-001", "VM-SH-002", "VM-BJ-007"] } });
      await assert.rejects(sdk.call("rpc", { method: "other" }), { code: 404 });
    });

    test("[PX2] a page without a token connects by its session, and hears alarms without asking", { timeout: 60_000 }, async () => {
      const { cookie } = await signedIn(running, "li_na");
      const sdk = running.sdk(undefined, { Cookie: cookie });
      await sdk.connect();
      await publish(running, "p_alert:global", { level: "P0", content: "服务器集群将于凌晨 2 点进行系统升级" });
      const { data } = await sdk.next("server-publication", ({ channel }) => channel === "p_alert:global");
      assert.equal(data.level, "P0");
      const stranger = running.sdk();
      await stranger.call("connect");
      assert.equal((await stranger.next("disconnected")).code, 4501);
    });

    test("a machine that is taken away is gone from the screen at once, and cannot be had again", { timeout: 60_000 }, async () => {
      const manager = await signedIn(running, "admin_user_01");
      const technician = await signedIn(running, "li_na");
      const sdk = running.sdk(technician.token);
      await sdk.connect();
      await sdk.subscribe("telemetry:VM-SH-001");
      const answer = await post(`${running.backend}/revoke`, { user: "li_na", machine: "VM-SH-001" }, { cookie: technician.cookie });
      assert.equal(answer.status, 403);
      assert.equal(
        (await post(`${running.backend}/revoke`, { user: "li_na", machine: "VM-SH-001" }, { cookie: manager.cookie })).status,
        200,
      );
      assert.equal((await sdk.next("unsubscribed", ({ channel }) => channel === "telemetry:VM-SH-001")).code, 2000);
      const again = running.sdk(technician.token);
      await again.connect();
      await refused(again, "telemetry:VM-SH-001");
    });

    test("nobody else may ask the backend", { timeout: 60_000 }, async () => {
      for (const headers of [{}, { "x-backend-secret": "" }, { "x-backend-secret": "wrong" }]) {
        const answer = await post(
          `${running.backend}/proxy/subscribe`,
          { user: "li_na", channel: "telemetry:VM-SH-001" },
          headers as Record<string, string>,
        );
        assert.equal(answer.status, 401);
      }
      assert.equal((await post(`${running.backend}/login`, { user: "li_na", password: "wrong" })).status, 401);
      assert.equal((await post(`${running.backend}/login`, { user: "nobody", password })).status, 401);
      assert.equal((await post(`${running.backend}/token`, {})).status, 401);
    });
  });
}
