import assert from "node:assert/strict";
import { test } from "node:test";
import type { Role } from "@fleetcast/protocol";
import { FleetRefusal } from "../../fleet/fleet-refusal.ts";
import { password, v1Config, v1Rig } from "./testing/rig.ts";

const command = { idempotency_key: "k1", targets: ["VM-SH-001"], name: "restart", params: { delay_s: 5 }, ttl_s: 60 };

/** Method, path, body and the least role; everything that needs a session. */
const guarded: readonly (readonly [string, string, unknown, Role])[] = [
  ["GET", "/v1/me", undefined, "viewer"],
  ["DELETE", "/v1/session", undefined, "viewer"],
  ["GET", "/v1/realtime/token", undefined, "viewer"],
  ["POST", "/v1/realtime/subscription-token", { channel: "fleet:all" }, "viewer"],
  ["GET", "/v1/fleet", undefined, "viewer"],
  ["GET", "/v1/machines/VM-SH-001", undefined, "viewer"],
  ["GET", "/v1/machines/VM-SH-001/series", undefined, "viewer"],
  ["GET", "/v1/events", undefined, "viewer"],
  ["GET", "/v1/commands", undefined, "viewer"],
  ["GET", "/v1/commands/c-VM-SH-001", undefined, "viewer"],
  ["GET", "/v1/status", undefined, "viewer"],
  ["POST", "/v1/commands", command, "operator"],
  ["POST", "/v1/commands/c-VM-SH-001/cancel", {}, "operator"],
  ["GET", "/v1/dead-letters", undefined, "developer"],
  ["GET", "/v1/users", undefined, "admin"],
  ["GET", "/v1/revocations", undefined, "admin"],
  ["POST", "/v1/revocations", { what: "user", subject: "bob" }, "admin"],
  ["POST", "/v1/revocations/end", { what: "token", subject: "known" }, "admin"],
  ["GET", "/v1/audit", undefined, "admin"],
  ["GET", "/v1/connections", undefined, "admin"],
  ["POST", "/v1/connections/disconnect", { user: "bob" }, "admin"],
  ["GET", "/v1/traces", undefined, "admin"],
  ["POST", "/v1/traces", { kind: "user", subject: "bob" }, "admin"],
  ["POST", "/v1/traces/end", { id: "the trace that runs" }, "admin"],
];
const open = [
  "POST /v1/session",
  "GET /v1/try",
  "GET /v1/try/try.js",
  "GET /v1/try/try.css",
  "GET /v1/try/token",
  "GET /v1/sdk/centrifuge.js",
  "* /v1/*",
];

test("[H13] every route of /v1 is either in the table of guarded routes or stated to be open", async () => {
  const { routes } = await v1Rig();
  const covered = (method: string, path: string) =>
    guarded.some(([m, p]) => m === method && (p === path || (path.endsWith("/*") && p.startsWith(path.slice(0, -1)))));
  const isRefusal = (method: string, path: string) => method === "*" && path !== "/v1/*";
  const uncovered = routes
    .filter(({ method, path }) => !covered(method, path) && !isRefusal(method, path))
    .map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(uncovered.sort(), [...open].sort());
});

for (const [method, path, body, least] of guarded) {
  test(`[H13] [S17] ${method} ${path}: 401 without a session, 403 without its CSRF header or below ${least}`, async () => {
    const rig = await v1Rig();
    for (const cookie of [undefined, "fleetcast_session=x.y"]) {
      const { status, json, response } = await rig.call(method, path, { cookie, csrf: "x", body });
      assert.equal(`${status} ${json.code}`, "401 not_logged_in");
      assert.equal(response.headers.get("cache-control"), "no-store");
      assert.match(response.headers.get("content-security-policy")!, /default-src 'none'/);
    }
    const roles: readonly Role[] = ["viewer", "operator", "developer", "admin"];
    for (const role of roles) {
      const { cookie, csrf } = await rig.signIn(role);
      const other = await rig.signIn(role);
      if (method !== "GET") {
        for (const wrong of [undefined, "", other.csrf]) {
          const { status, json } = await rig.call(method, path, { cookie, csrf: wrong, body });
          assert.equal(`${status} ${json.code}`, "403 wrong_csrf");
        }
      }
      const asked = path === "/v1/traces/end" ? { id: rig.traceId } : body;
      const { status, json, response } = await rig.call(method, path, { cookie, csrf, body: asked });
      if (roles.indexOf(role) < roles.indexOf(least)) assert.equal(`${status} ${json.code}`, "403 not_allowed", role);
      else assert.ok(status === 200 || status === 204, `${role}: ${status}`);
      assert.equal(response.headers.get("cache-control"), "no-store");
      assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    }
  });
}

test("the connection token makes its bearer ours, for the ten minutes it says, at the engine's address", async () => {
  const rig = await v1Rig();
  const { cookie, id } = await rig.signIn("viewer");
  const { json } = await rig.call("GET", "/v1/realtime/token", { cookie });
  assert.equal(json.ttl_s, 600);
  assert.equal(json.url, "/connection/websocket");
  const verdict = await rig.verifier.connection(json.token);
  assert.ok(verdict.ok);
  assert.equal(verdict.claims.user, id);
  assert.equal(verdict.claims.expireAtS, Math.floor(rig.clock.wallMs() / 1_000) + 600);
  const asked = { client: "c", user: id, channel: `user_cmd:${id}`, token: "", meta: verdict.claims.meta, data: undefined };
  assert.equal((await rig.policy.subscribe(asked)).kind, "allow");
});

test("with an external engine the token names its public address, or the same host", async () => {
  const url = async (publicUrl: string) => {
    const centrifugo = { ...v1Config().push.centrifugo, publicUrl };
    const rig = await v1Rig(v1Config({ push: { engine: "centrifugo", centrifugo } }));
    const { cookie } = await rig.signIn("viewer");
    return (await rig.call("GET", "/v1/realtime/token", { cookie })).json.url;
  };
  assert.equal(await url("wss://push.example.com/connection/websocket"), "wss://push.example.com/connection/websocket");
  assert.equal(await url(""), "/connection/websocket");
});

test("subscription tokens are for fleet and feed channels only", async () => {
  const rig = await v1Rig();
  const { cookie, csrf, id } = await rig.signIn("admin");
  const ask = (channel: unknown) => rig.call("POST", "/v1/realtime/subscription-token", { cookie, csrf, body: { channel } });
  for (const channel of ["fleet:all", "feed:site-1"]) {
    const verdict = await rig.verifier.subscription((await ask(channel)).json.token);
    assert.ok(verdict.ok);
    assert.equal(verdict.claims.user, id);
    assert.equal(verdict.claims.channel, channel);
  }
  for (const channel of ["telemetry:VM-SH-001", "user_cmd:u_BBBBBBBBBB", "$fleet:all", "fleet:", "fleet:a b", "fleet:all#x", "public"]) {
    const { status, json } = await ask(channel);
    assert.equal(`${status} ${json.code}`, "403 not_allowed", channel);
  }
  assert.equal((await ask(5)).json.field, "channel");
});

test("[H13] a machine that does not exist, and an address that is no machine's, get one same answer", async () => {
  const rig = await v1Rig();
  const { cookie } = await rig.signIn("viewer");
  const bodies = new Set<string>();
  for (const name of ["VM-SH-999", "VM-SH-999/series", "%2e%2e", "a%2Fb", "-x", "x".repeat(64), "__proto__", "__proto__/series", ""]) {
    const { status, json } = await rig.call("GET", `/v1/machines/${name}`, { cookie });
    assert.equal(status, 404, name);
    bodies.add(JSON.stringify(json));
  }
  assert.deepEqual(
    [...bodies],
    [`{"type":"about:blank","title":"Not Found","status":404,"detail":"there is no such machine","code":"no_such_machine"}`],
  );
  assert.equal((await rig.call("GET", "/v1/machines/VM-SH-001/other", { cookie })).json.code, "no_such_path");
  assert.equal((await rig.call("GET", "/v1/machines/VM-SH-001/series/x", { cookie })).json.code, "no_such_path");
});

test("queries: defaults, values within their limits, and the name of the one that is not", async () => {
  const rig = await v1Rig();
  const { cookie } = await rig.signIn("viewer");
  const now = rig.clock.wallMs();
  const get = async (path: string) => {
    rig.asked.length = 0;
    const { status, json } = await rig.call("GET", path, { cookie });
    return status === 200 ? rig.asked[0] : `${status} ${json.code} ${json.field ?? ""}`;
  };
  const all = ["temp_c", "voltage_v", "door_closed"];
  const series = "/v1/machines/VM-SH-001/series";
  assert.deepEqual(await get(series), { series: "VM-SH-001", fromMs: now - 3_600_000, toMs: now, fields: all, maxPoints: 600 });
  assert.deepEqual(await get(`${series}?from_ms=5&to_ms=9&fields=voltage_v,temp_c&max_points=2000`), {
    series: "VM-SH-001",
    fromMs: 5,
    toMs: 9,
    fields: ["temp_c", "voltage_v"],
    maxPoints: 2_000,
  });
  assert.deepEqual(await get("/v1/fleet"), { snapshot: "all" });
  assert.deepEqual(await get("/v1/fleet?scope=site-1"), { snapshot: "site-1" });
  assert.deepEqual(await get("/v1/events"), {
    events: { vmId: undefined, type: undefined, severity: undefined, beforeMs: undefined, limit: 50 },
  });
  assert.deepEqual(await get(`/v1/events?vm_id=VM-1&type=${encodeURIComponent("暴力震动")}&severity=critical&before_ms=7&limit=200`), {
    events: { vmId: "VM-1", type: "暴力震动", severity: "critical", beforeMs: 7, limit: 200 },
  });
  assert.deepEqual(await get("/v1/commands?vm_id=VM-1&limit=1"), { commands: { vmId: "VM-1", limit: 1 } });
  for (const [path, field] of [
    [`${series}?max_points=0`, "max_points"],
    [`${series}?max_points=2001`, "max_points"],
    [`${series}?max_points=1e2`, "max_points"],
    [`${series}?max_points=NaN`, "max_points"],
    [`${series}?fields=temp_c,x`, "fields"],
    [`${series}?from_ms=9&to_ms=9`, "from_ms"],
    [`${series}?from_ms=-1`, "from_ms"],
    [`${series}?from_ms=0&to_ms=99999999999`, "from_ms"],
    [`${series}?to_ms=99999999999999999999`, "to_ms"],
    ["/v1/fleet?scope=a:b", "scope"],
    ["/v1/events?limit=201", "limit"],
    ["/v1/events?severity=bad", "severity"],
    ["/v1/events?severity=__proto__", "severity"],
    ["/v1/events?vm_id=a/b", "vm_id"],
    ["/v1/events?type=%00", "type"],
    ["/v1/commands?limit=0", "limit"],
    ["/v1/commands?vm_id=%2e", "vm_id"],
  ] as const) {
    assert.equal(await get(path), `400 bad_request ${field}`, path);
  }
});

test("a command reaches the fleet under its user's id, each target once", async () => {
  const rig = await v1Rig();
  const { cookie, csrf, id } = await rig.signIn("operator");
  const { json } = await rig.call("POST", "/v1/commands", {
    cookie,
    csrf,
    body: { ...command, targets: ["VM-SH-001", "VM-SH-002", "VM-SH-001"] },
  });
  assert.deepEqual(
    json.commands.map((each: { vm_id: string; user_id: string }) => [each.vm_id, each.user_id]),
    [
      ["VM-SH-001", id],
      ["VM-SH-002", id],
    ],
  );
  assert.deepEqual(rig.asked, [{ command: { ...command, targets: ["VM-SH-001", "VM-SH-002"] }, userId: id }]);
});

test("a command's body is strict, and its refusals name the field", async () => {
  const rig = await v1Rig();
  const { cookie, csrf } = await rig.signIn("operator");
  for (const [change, expected] of [
    [{ targets: [] }, "400 targets"],
    [{ targets: ["VM-SH-001", "VM-SH-999"] }, "404 targets.1"],
    [{ targets: ["../x"] }, "404 targets.0"],
    [{ targets: Array.from({ length: 501 }, () => "VM-SH-001") }, "400 targets"],
    [{ name: "" }, "400 name"],
    [{ name: "re start" }, "400 name"],
    [{ name: "x".repeat(65) }, "400 name"],
    [{ params: [] }, "400 params"],
    [{ params: null }, "400 params"],
    [{ params: { x: "y".repeat(17_000) } }, "400 params"],
    [{ ttl_s: 0 }, "400 ttl_s"],
    [{ ttl_s: 86_401 }, "400 ttl_s"],
    [{ ttl_s: 1.5 }, "400 ttl_s"],
    [{ idempotency_key: "" }, "400 idempotency_key"],
    [{ idempotency_key: undefined }, "400 idempotency_key"],
    [{ user_id: "u_BBBBBBBBBB" }, "400 user_id"],
    [{ params: { x: "y".repeat(70_000) } }, "413 "],
  ] as const) {
    const { status, json } = await rig.call("POST", "/v1/commands", { cookie, csrf, body: { ...command, ...change } });
    assert.equal(`${status} ${json.field ?? ""}`, expected);
  }
  assert.deepEqual(rig.asked, []);
});

test("[S11] parameters named __proto__ and constructor change no prototype", async () => {
  const rig = await v1Rig();
  const { cookie, csrf } = await rig.signIn("operator");
  const body = JSON.stringify(command).replace(
    `{"delay_s":5}`,
    `{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"a":1}`,
  );
  const { status } = await rig.call("POST", "/v1/commands", { cookie, csrf, body });
  assert.equal(status, 200);
  assert.equal(({} as { polluted?: number }).polluted, undefined);
  const { params } = (rig.asked[0] as { command: { params: { polluted?: number; a?: number } } }).command;
  assert.equal(params.polluted, undefined);
  assert.equal(params.a, 1);
});

test("commands by id, cancelling, and what is neither", async () => {
  const rig = await v1Rig();
  const { cookie, csrf, id } = await rig.signIn("operator");
  assert.equal((await rig.call("GET", "/v1/commands/c-VM-SH-001", { cookie })).json.cmd_id, "c-VM-SH-001");
  const cancelled = await rig.call("POST", "/v1/commands/c-VM-SH-001/cancel", { cookie, csrf });
  assert.equal(cancelled.json.state, "cancelled");
  assert.deepEqual(rig.asked.at(-1), { cancel: "c-VM-SH-001", userId: id });
  for (const [method, path, code] of [
    ["GET", "/v1/commands/unknown", "no_such_command"],
    ["GET", "/v1/commands/a/b", "no_such_command"],
    ["POST", "/v1/commands/unknown/cancel", "no_such_command"],
    ["POST", "/v1/commands/c-VM-SH-001", "no_such_path"],
    ["POST", "/v1/commands/c-VM-SH-001/cancel/x", "no_such_path"],
    ["GET", "/v1/other", "no_such_path"],
  ] as const) {
    const { status, json } = await rig.call(method, path, { cookie, csrf });
    assert.equal(`${status} ${json.code}`, `404 ${code}`, path);
  }
});

test("the status counts from store and engine, and is asked for at most once a second", async () => {
  let asked = 0;
  const node = { uid: "", name: "", version: "", num_users: 0, num_subs: 0, num_channels: 0, uptime: 0 };
  const push = {
    lag: 4,
    disconnect: async () => {},
    info: async () => {
      asked += 1;
      if (asked === 3) throw new Error("the engine is down");
      return [
        { ...node, num_clients: 2 },
        { ...node, num_clients: asked },
      ];
    },
  };
  const rig = await v1Rig(v1Config(), { push });
  const { cookie } = await rig.signIn("viewer");
  const status = async () => (await rig.call("GET", "/v1/status", { cookie })).json;
  assert.deepEqual(await status(), {
    version: "0.1.0",
    broker: "embedded",
    store: "sqlite",
    engine: "embedded",
    uptime_s: 0,
    stored_total: 7,
    dead_letters_total: 1,
    publications_total: 9,
    connections: 3,
    push_lag: 4,
  });
  await Promise.all([status(), status(), status()]);
  assert.equal(asked, 1);
  rig.clock.advance(1_000);
  assert.equal((await status()).connections, 4);
  rig.clock.advance(1_000);
  const down = await status();
  assert.equal(down.connections, 0);
  assert.equal(down.uptime_s, 2);
});

test("dead letters show the beginning of the payload as text, whatever bytes it has", async () => {
  const rig = await v1Rig();
  const { cookie } = await rig.signIn("developer");
  const payload = new Uint8Array([...Buffer.from("<b>"), 0xff, 0x00, ...Buffer.alloc(1_000, "x")]);
  rig.deadLetters.push({ id: 1, atMs: 5, topic: "vm/x/telemetry", vmId: null, reason: "not JSON", payload });
  const { json } = await rig.call("GET", "/v1/dead-letters?limit=1", { cookie });
  const [letter] = json.dead_letters;
  assert.deepEqual(
    { ...letter, payload_text: letter.payload_text.slice(0, 5) },
    {
      id: 1,
      at_ms: 5,
      topic: "vm/x/telemetry",
      vm_id: null,
      reason: "not JSON",
      payload_text: "<b>\ufffd\0",
      size_bytes: 1_005,
    },
  );
  assert.equal(letter.payload_text.length, 512);
});

test("[A1] a new password ends the sessions made before", async () => {
  const rig = await v1Rig();
  const { cookie, id } = await rig.signIn("viewer");
  assert.equal((await rig.call("GET", "/v1/fleet", { cookie })).status, 200);
  await rig.users.setPassword(id, password);
  assert.equal((await rig.call("GET", "/v1/fleet", { cookie })).status, 401);
});

test("[R1] what a room refuses is its status; what breaks inside is a plain 500 and a log line", async () => {
  const failing = (error: Error) =>
    v1Rig(v1Config(), {
      journal: { stats: () => Promise.reject(error), fleet: { deadLetters: () => Promise.reject(error), audit: async () => [] } },
    });
  const refusing = await failing(new FleetRefusal(409, "already_final", "too late", "cmd_id"));
  const developer = await refusing.signIn("developer");
  const refused = await refusing.call("GET", "/v1/dead-letters", { cookie: developer.cookie });
  const problem = { type: "about:blank", title: "Conflict", status: 409, detail: "too late", code: "already_final", field: "cmd_id" };
  assert.deepEqual([refused.status, refused.json], [409, problem]);
  assert.equal(refused.response.headers.get("content-type"), "application/problem+json; charset=utf-8");

  const broken = await failing(new Error("SQLITE_CORRUPT at /secret/path"));
  const { cookie } = await broken.signIn("developer");
  const { status, json } = await broken.call("GET", "/v1/dead-letters?token=hunter2", { cookie });
  assert.deepEqual([status, json.code], [500, "internal"]);
  assert.doesNotMatch(JSON.stringify(json), /SQLITE|secret/);
  assert.ok(broken.logged.some((line) => line.includes("SQLITE_CORRUPT") && !line.includes("hunter2")));
});

test("[H3] another method on a known path is 405 with those that there are, before anybody is asked for", async () => {
  const rig = await v1Rig();
  for (const [method, path, allow] of [
    ["POST", "/v1/me", "GET, HEAD"],
    ["OPTIONS", "/v1/session", "POST, DELETE"],
    ["HEAD", "/v1/session", "POST, DELETE"],
    ["PUT", "/v1/machines/VM-SH-001", "GET, HEAD"],
    ["PATCH", "/v1/commands", "POST, GET, HEAD"],
  ] as const) {
    const { status, json, response } = await rig.call(method, path);
    assert.deepEqual([status, json.code, response.headers.get("allow")], [405, "wrong_method", allow], `${method} ${path}`);
  }
  assert.equal((await rig.call("HEAD", "/v1/me")).status, 401);
});
