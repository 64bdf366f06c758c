import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { AuditPage, ConnectionPage, Me, RealtimeToken, RevocationList, UserList } from "@fleetcast/protocol";
import { type App, startApp } from "../../app.ts";
import { quietLog } from "../../auth/testing/hand-clock.ts";
import { hmacToken } from "../../auth/testing/token-forge.ts";
import { loadConfig } from "../../config/load.ts";

/** People and connections on the whole process: real store, real sockets, and what must hold over a restart. */

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

const password = "correct horse";

async function world() {
  const folder = await mkdtemp(join(tmpdir(), "fleetcast-admin-"));
  const [port, mqttPort] = [await freePort(), await freePort()];
  const environment = { FLEETCAST_HTTP_SERVER_PORT: String(port), FLEETCAST_MQTT_PORT: String(mqttPort) };
  const { config } = loadConfig({ flags: { dataDir: join(folder, "data") }, environment, folder });
  const onFatal = (cause: Error) => {
    throw cause;
  };
  return {
    base: `http://127.0.0.1:${port}`,
    mqttPort,
    secret: config.client.token.hmacSecretKey,
    start: (): Promise<App> => startApp(config, { log: quietLog, onFatal }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function person(base: string) {
  let cookie = "";
  let csrf = "";
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: { "content-type": "application/json", cookie, "x-fleetcast-csrf": csrf },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, json: text === "" ? undefined : JSON.parse(text), response };
  };
  return {
    call,
    async signIn(name: string) {
      const { status, json, response } = await call("POST", "/v1/session", { name, password });
      if (status === 200) {
        cookie = response.headers.get("set-cookie")!.split(";")[0]!;
        csrf = (json as Me).csrf;
      }
      return { status, code: json.code as string | undefined };
    },
    get: async <Answer>(path: string) => (await call("GET", path)).json as Answer,
  };
}

/** A connection over a real WebSocket; resolves with its connect reply's client id, or the code it was closed with. */
async function open(base: string, token: string) {
  const socket = new WebSocket(`${base.replace("http", "ws")}/connection/websocket`);
  const closed = new Promise<number>((resolve) => {
    socket.onclose = ({ code }) => resolve(code);
  });
  await new Promise((resolve) => {
    socket.onopen = resolve;
  });
  const replied = new Promise<string>((resolve) => {
    socket.onmessage = ({ data }) => {
      const reply = JSON.parse(String(data).split("\n")[0]!) as { connect?: { client: string } };
      if (reply.connect !== undefined) resolve(reply.connect.client);
    };
  });
  socket.send(JSON.stringify({ id: 1, connect: { token, name: "test", version: "1" } }));
  return { outcome: await Promise.race([replied, closed]), closed, close: () => socket.close() };
}

const nowS = () => Math.floor(Date.now() / 1_000);

test("[ADM3] a login that is ended takes its sockets and tokens with it, at once and over a restart; another login of the same person stays", {
  timeout: 60_000,
}, async () => {
  const { base, start, remove } = await world();
  let app = await start();
  try {
    await app.users.createUser({ name: "ann", role: "viewer", password });
    const [leaving, staying] = [person(base), person(base)];
    await leaving.signIn("ann");
    await staying.signIn("ann");
    const { token } = await leaving.get<RealtimeToken>("/v1/realtime/token");
    const ended = await open(base, token);
    const other = await open(base, (await staying.get<RealtimeToken>("/v1/realtime/token")).token);
    assert.equal((await leaving.call("DELETE", "/v1/session")).status, 204);
    assert.equal(await ended.closed, 3500);
    assert.equal((await open(base, token)).outcome, 3500);
    assert.equal((await leaving.call("GET", "/v1/me")).status, 401);
    assert.equal((await staying.call("GET", "/v1/me")).status, 200);
    await app.stop();
    assert.equal(await other.closed, 3001);
    app = await start();
    assert.equal((await open(base, token)).outcome, 3500);
    assert.equal((await leaving.call("GET", "/v1/me")).status, 401);
    assert.equal((await staying.call("GET", "/v1/me")).status, 200);
  } finally {
    await app.stop();
    await remove();
  }
});

test("[ADM1] [ADM2] [ADM4] an administrator shuts out users, tokens and machines: sockets end at once, also after a restart, until let in again", {
  timeout: 60_000,
}, async () => {
  const { base, mqttPort, secret, start, remove } = await world();
  let app = await start();
  const bearer = (claims: Record<string, unknown>) =>
    hmacToken(JSON.stringify({ sub: "backend-7", exp: nowS() + 600, ...claims }), { secret });
  try {
    await app.users.createUser({ name: "root", role: "admin", password });
    const victim = await app.users.createUser({ name: "ann", role: "admin", password });
    const [admin, ann] = [person(base), person(base)];
    await admin.signIn("root");
    await ann.signIn("ann");
    const shutOut = async (request: Record<string, unknown>) =>
      assert.equal((await admin.call("POST", "/v1/revocations", request)).status, 204);
    const letIn = async (what: string, subject: string) =>
      assert.equal((await admin.call("POST", "/v1/revocations/end", { what, subject })).status, 204);

    // One of ours: socket, cookie, token and log-in, all at once.
    const annToken = (await ann.get<RealtimeToken>("/v1/realtime/token")).token;
    const annSocket = await open(base, annToken);
    await shutOut({ what: "user", subject: victim.id, reason: "left the company" });
    assert.equal(await annSocket.closed, 3507);
    assert.equal((await ann.call("GET", "/v1/me")).status, 401);
    assert.deepEqual(await ann.signIn("ann"), { status: 403, code: "blocked" });
    assert.equal((await open(base, annToken)).outcome, 3507);

    // Of the operator's backend: one token, then all of a time, then the user.
    const [first, second] = [
      await open(base, bearer({ jti: "j1", iat: nowS() })),
      await open(base, bearer({ jti: "j2", iat: nowS() - 60 })),
    ];
    await shutOut({ what: "token", subject: "j1" });
    assert.equal(await first.closed, 3500);
    await shutOut({ what: "tokens", subject: "backend-7", before_s: nowS() - 30 });
    assert.equal(await second.closed, 3500);
    assert.equal((await open(base, bearer({}))).outcome, 3500);
    const fresh = await open(base, bearer({ jti: "j3", iat: nowS() }));
    assert.equal(typeof fresh.outcome, "string");
    await shutOut({ what: "user", subject: "backend-7" });
    assert.equal(await fresh.closed, 3507);

    // A machine: its MQTT socket.
    const machine = connect(mqttPort, "127.0.0.1");
    machine.write(Buffer.from("10140004 4d515454 04 82 003c 0002 7431 0004 564d2d31".replaceAll(" ", ""), "hex"));
    const [connack] = (await once(machine, "data")) as [Buffer];
    assert.equal(connack[3], 0);
    const gone = once(machine, "close");
    await shutOut({ what: "machine", subject: "VM-1" });
    await gone;

    const list = await admin.get<RevocationList>("/v1/revocations");
    assert.deepEqual(list.revocations.map(({ what, subject }) => `${what} ${subject}`).sort(), [
      "machine VM-1",
      "token j1",
      "tokens backend-7",
      "user backend-7",
      `user ${victim.id}`,
    ]);
    const users = (await admin.get<UserList>("/v1/users")).users;
    assert.deepEqual(
      users.filter(({ blocked }) => blocked).map(({ name }) => name),
      ["ann"],
    );
    assert.equal((await admin.call("POST", "/v1/revocations", { what: "user", subject: list.revocations[0]!.by })).status, 409);

    await app.stop();
    app = await start();
    assert.equal((await open(base, bearer({ jti: "j3", iat: nowS() }))).outcome, 3507);
    assert.deepEqual(await ann.signIn("ann"), { status: 403, code: "blocked" });
    const refused = connect(mqttPort, "127.0.0.1");
    refused.write(Buffer.from("10140004 4d515454 04 82 003c 0002 7431 0004 564d2d31".replaceAll(" ", ""), "hex"));
    assert.equal(((await once(refused, "data")) as [Buffer])[0][3], 5);
    refused.destroy();

    await letIn("user", "backend-7");
    await letIn("user", victim.id);
    await letIn("machine", "VM-1");
    const back = await open(base, bearer({ jti: "j3", iat: nowS() }));
    assert.equal(typeof back.outcome, "string");
    // Let in again, but what was open before stays closed: they sign in anew.
    assert.equal((await ann.call("GET", "/v1/me")).status, 401);
    assert.equal((await ann.signIn("ann")).status, 200);
    const page = await admin.get<ConnectionPage>("/v1/connections?user=backend-7");
    assert.deepEqual(
      page.connections.map(({ client, transport, name, channel_count }) => [client, transport, name, channel_count]),
      [[back.outcome, "websocket", "test", 0]],
    );
    assert.equal((await admin.call("POST", "/v1/connections/disconnect", { user: "backend-7", client: back.outcome })).status, 204);
    assert.equal(await back.closed, 3503);
    const audit = await admin.get<AuditPage>("/v1/audit?limit=200");
    const deeds = audit.entries.map(({ action, target }) => `${action} ${target}`);
    for (const deed of [
      `user.block ${victim.id}`,
      "token.revoke j1",
      "tokens.revoke backend-7",
      "machine.block VM-1",
      "connection.disconnect backend-7",
    ])
      assert.ok(deeds.includes(deed), deed);
    assert.ok(audit.entries.every(({ address }) => address === "127.0.0.1"));
    assert.doesNotMatch(JSON.stringify(audit), new RegExp(password));
  } finally {
    await app.stop();
    await remove();
  }
});
