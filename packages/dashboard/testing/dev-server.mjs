// /v1 with made-up machines in front of a real Centrifugo. See README.md beside this file.
import { spawn } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const port = Number(process.env.PORT ?? 8300);
const machinesCount = Number(process.env.MACHINES ?? 24);
const enginePort = port + 1;
const secret = "only-for-looking";
const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const policy =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

const namespace = (name, size) => ({
  name,
  presence: true,
  join_leave: true,
  force_push_join_leave: false,
  history_size: size,
  history_ttl: "24h",
  force_recovery: true,
  allow_subscribe_for_client: true,
  allow_history_for_subscriber: true,
  allow_presence_for_subscriber: true,
});
const engineConfig = {
  http_server: { address: "127.0.0.1", port: String(enginePort) },
  client: { token: { hmac_secret_key: secret }, allowed_origins: ["*"], history_max_publication_limit: 300 },
  http_api: { key: secret },
  channel: {
    namespaces: [
      namespace("telemetry", 100),
      namespace("events", 300),
      namespace("p_alert", 100),
      namespace("user_cmd", 100),
      namespace("fleet", 50),
      namespace("feed", 50),
    ],
  },
};
const configFile = join(mkdtempSync(join(tmpdir(), "dashboard-dev-")), "config.json");
writeFileSync(configFile, JSON.stringify(engineConfig));
const engine = spawn(process.env.CENTRIFUGO ?? "centrifugo", ["-c", configFile, "--log.level", "error"], { stdio: "inherit" });
process.on("exit", () => engine.kill());
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(0));

const base64 = (value) => Buffer.from(value).toString("base64url");
function jwt(claims) {
  const body = `${base64(JSON.stringify({ alg: "HS256", typ: "JWT" }))}.${base64(JSON.stringify({ exp: Math.floor(Date.now() / 1000) + 3600, ...claims }))}`;
  return `${body}.${createHmac("sha256", secret).update(body).digest("base64url")}`;
}
async function engineCall(method, body) {
  const answer = await fetch(`http://127.0.0.1:${enginePort}/api/${method}`, {
    method: "POST",
    headers: { "x-api-key": secret },
    body: JSON.stringify(body),
  });
  return (await answer.json()).result;
}
const publish = (channel, data) => engineCall("publish", { channel, data, tags: { at: String(Date.now()) } }).catch(() => {});

// --- machines ---------------------------------------------------------------------------------------------------------
const places = [
  "人民广场站 A 口",
  "静安寺 B1",
  "徐家汇港汇 3F",
  "陆家嘴正大 1F",
  "虹桥 T2 到达",
  "中山公园龙之梦",
  "五角场万达",
  "Zhangjiang Hi-Tech Park, Building 7, Lobby",
];
const reportMs = 2000;
const started = Date.now();
const machines = Array.from({ length: machinesCount }, (_, i) => {
  const vmId = `VM-SH-${String(i + 1).padStart(3, "0")}`;
  const state = i % 11 === 7 ? "offline" : i % 23 === 19 ? "unknown" : "online";
  return {
    vm_id: vmId,
    rev: 1,
    name: i % 4 === 3 ? vmId : `${places[i % places.length]} ${Math.floor(i / places.length) + 1} 号机`,
    state,
    state_reason: state === "online" ? "birth" : state === "offline" ? "will" : "never_seen",
    temp_c: state === "unknown" ? null : i % 13 === 2 ? -11.8 : -18 - (i % 5) / 5,
    voltage_v: state === "unknown" ? null : 218 + (i % 9),
    door_closed: state === "unknown" ? null : i % 10 !== 4,
    worst_alarm: i % 13 === 2 ? "critical" : i % 10 === 4 ? "warning" : null,
    last_seen_ms: state === "unknown" ? null : state === "offline" ? Date.now() - 3_900_000 : Date.now(),
  };
});
let vends = 12_408;
const totals = () => ({
  machines: machines.length,
  online: machines.filter((m) => m.state === "online").length,
  offline: machines.filter((m) => m.state !== "online").length,
  in_alarm: machines.filter((m) => m.worst_alarm !== null).length,
  vends_today: vends,
});
const types = [
  ["vend_success", "info"],
  ["vend_success", "info"],
  ["vend_success", "info"],
  ["door", "info"],
  ["shake", "warning"],
  ["online", "info"],
  ["temperature_high", "critical"],
];
const events = Array.from({ length: 260 }, (_, i) => {
  const [type, severity] = types[(i * 7) % types.length];
  const at = started - i * 47_000;
  return {
    event_id: `e${i}`,
    vm_id: machines[(i * 5) % machines.length].vm_id,
    type,
    severity,
    ts: new Date(at).toISOString(),
    at_ms: at,
    data: {},
  };
});
let changed = new Set();
const touch = (machine, change) => {
  Object.assign(machine, change, { rev: machine.rev + 1 });
  changed.add(machine);
};
function makeEvent(machine, type, severity, data = {}) {
  const event = { event_id: randomUUID(), vm_id: machine.vm_id, type, severity, ts: new Date().toISOString(), at_ms: Date.now(), data };
  events.unshift(event);
  if (type === "vend_success") vends++;
  void publish(`events:${machine.vm_id}`, { id: machine.vm_id, event_id: event.event_id, type, severity, ts: event.ts, data });
  void publish("feed:all", { events: [event] });
  if (severity === "critical")
    void publish("p_alert:global", { id: machine.vm_id, event_id: event.event_id, type, severity, ts: event.ts, data });
}
const wave = (i, t) => Math.sin(t / 90_000 + i) * 0.8 + Math.sin(t / 11_000 + i * 3) * 0.15;
const reading = (i, t) => ({
  temp: machines[i].worst_alarm === "critical" ? -11.8 + wave(i, t) : -18 - (i % 5) / 5 + wave(i, t),
  voltage: 220 + wave(i + 9, t) * 3,
});
setInterval(() => {
  const now = Date.now();
  machines.forEach((machine, i) => {
    if (machine.state !== "online" || (i * 37) % 40 !== Math.floor(now / 50) % 40) return;
    const { temp, voltage } = reading(i, now);
    touch(machine, { temp_c: Number(temp.toFixed(1)), voltage_v: Number(voltage.toFixed(1)), last_seen_ms: now });
    void publish(`telemetry:${machine.vm_id}`, {
      id: machine.vm_id,
      system: { voltage: machine.voltage_v, door_closed: machine.door_closed },
      environment: { temps: [machine.temp_c, machine.temp_c + 0.3] },
      ts: new Date(now).toISOString(),
    });
  });
}, 50);
setInterval(() => {
  if (changed.size === 0) return;
  const rows = [...changed];
  changed = new Set();
  void publish("fleet:all", { at_ms: Date.now(), totals: totals(), rows, removed: [] });
}, 500);
if (process.env.QUIET === undefined)
  setInterval(() => makeEvent(machines[Math.floor(Math.random() * machines.length)], "vend_success", "info", { slot: "A3" }), 9000);

// --- /v1 --------------------------------------------------------------------------------------------------------------
const sessions = new Map();
const commands = [];
let failedLogins = 0;
const refuse = (status, code) => ({ status, body: { code, message: code } });
const ok = (body) => ({ status: 200, body });
function series(i, query) {
  const from = Number(query.get("from_ms"));
  const to = Math.min(Number(query.get("to_ms")), Date.now());
  const bucket = Math.max(reportMs, Math.ceil((to - from) / Number(query.get("max_points"))));
  const t = [];
  for (let at = Math.ceil(from / bucket) * bucket; at <= to; at += bucket)
    if (!(at > to - (to - from) * 0.55 && at < to - (to - from) * 0.46)) t.push(at);
  const column = (f, spread) => ({ t_ms: t, min: t.map((at) => f(at) - spread), avg: t.map(f), max: t.map((at) => f(at) + spread) });
  const spread = bucket > reportMs ? 0.35 : 0;
  const open = (at) => (at > to - (to - from) * 0.25 && at < to - (to - from) * 0.22 ? 0 : 1);
  return {
    from_ms: from,
    to_ms: to,
    bucket_ms: bucket,
    fields: {
      temp_c: column((at) => reading(i, at).temp, spread),
      voltage_v: column((at) => reading(i, at).voltage, spread * 4),
      door_closed: column(open, 0),
    },
  };
}
async function answer(method, path, query, body, me) {
  if (method === "POST" && path === "/session") {
    if (failedLogins > 5) return refuse(429, "too_many_logins");
    if (body.password !== "fleet") {
      failedLogins++;
      return refuse(401, "wrong_login");
    }
    const id = randomUUID();
    const user = {
      id: `u_${Buffer.from(body.name).toString("hex").slice(0, 10).padEnd(10, "0")}`,
      name: body.name,
      role: body.name === "viewer" ? "viewer" : "admin",
      csrf: randomUUID(),
    };
    sessions.set(id, user);
    return { ...ok({ ...user, server_time_ms: Date.now() }), cookie: `fleetcast_session=${id}; HttpOnly; SameSite=Strict; Path=/` };
  }
  if (me === undefined) return refuse(401, "not_logged_in");
  if (path === "/me") return ok({ ...me, server_time_ms: Date.now() });
  if (method === "DELETE" && path === "/session") {
    for (const [id, user] of sessions) if (user === me) sessions.delete(id);
    return { status: 204 };
  }
  if (path === "/realtime/token")
    return ok({ token: jwt({ sub: me.id, info: { name: me.name, role: me.role } }), ttl_s: 3600, url: "/connection/websocket" });
  if (path === "/realtime/subscription-token") return ok({ token: jwt({ sub: me.id, channel: body.channel }) });
  if (path === "/fleet") {
    const { offset, epoch } = await engineCall("history", { channel: "fleet:all", limit: 0 });
    return ok({ channel: "fleet:all", position: { offset: offset ?? 0, epoch }, at_ms: Date.now(), totals: totals(), rows: machines });
  }
  if (path === "/events") {
    const before = Number(query.get("before_ms") ?? Number.POSITIVE_INFINITY);
    const found = events.filter(
      (e) =>
        e.at_ms < before &&
        (!query.has("vm_id") || e.vm_id === query.get("vm_id")) &&
        (!query.has("type") || e.type === query.get("type")) &&
        (!query.has("severity") || e.severity === query.get("severity")),
    );
    const page = found.slice(0, Number(query.get("limit") ?? 50));
    return ok({ events: page, next_before_ms: found.length > page.length ? page.at(-1).at_ms : null });
  }
  if (method === "POST" && path === "/commands") {
    if (me.role === "viewer") return refuse(403, "not_allowed");
    const known = commands.find((c) => c.key === body.idempotency_key);
    if (known !== undefined) return ok({ commands: [known.command] });
    const now = Date.now();
    const command = {
      cmd_id: randomUUID(),
      vm_id: body.targets[0],
      name: body.name,
      params: body.params,
      user_id: me.id,
      state: "queued",
      detail: null,
      created_ms: now,
      updated_ms: now,
      expires_ms: now + body.ttl_s * 1000,
    };
    commands.unshift({ key: body.idempotency_key, command });
    const machine = machines.find((m) => m.vm_id === command.vm_id);
    const way =
      machine.state === "online" ? ["sent", "received", "running", body.name === "unlock_door" ? "rejected" : "done"] : ["sent", "expired"];
    way.forEach((state, i) => {
      setTimeout(
        () => {
          Object.assign(command, { state, updated_ms: Date.now() });
          void publish(`user_cmd:${me.id}`, {
            cmd_id: command.cmd_id,
            vm_id: command.vm_id,
            state,
            ts: new Date().toISOString(),
            ...(state === "rejected" ? { detail: "door is jammed" } : {}),
          });
        },
        700 * (i + 1),
      );
    });
    return ok({ commands: [{ ...command }] });
  }
  if (path === "/commands") return ok({ commands: commands.map((c) => c.command).filter((c) => c.vm_id === query.get("vm_id")) });
  const [, vmId, part] = /^\/machines\/([^/]+)(\/series)?$/.exec(path) ?? [];
  const index = machines.findIndex((m) => m.vm_id === decodeURIComponent(vmId ?? ""));
  if (index < 0) return refuse(404, vmId === undefined ? "not_found" : "no_such_machine");
  if (part !== undefined) return ok(series(index, query));
  return ok({
    ...machines[index],
    site: "上海 · Shanghai",
    report_interval_ms: reportMs,
    first_seen_ms: started,
    events: events.filter((e) => e.vm_id === vmId).slice(0, 30),
  });
}

const mime = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://x");
  if (url.pathname.startsWith("/v1/")) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const cookie = /fleetcast_session=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1];
    const me = sessions.get(cookie);
    const writes = request.method !== "GET" && url.pathname !== "/v1/session";
    const result =
      writes && me !== undefined && request.headers["x-fleetcast-csrf"] !== me.csrf
        ? refuse(403, "wrong_csrf")
        : await answer(request.method, url.pathname.slice(3), url.searchParams, text === "" ? undefined : JSON.parse(text), me);
    response.writeHead(result.status, {
      "content-type": "application/json",
      ...(result.cookie === undefined ? {} : { "set-cookie": result.cookie }),
    });
    response.end(result.body === undefined ? undefined : JSON.stringify(result.body));
    return;
  }
  const wanted = join(dist, url.pathname === "/" ? "index.html" : url.pathname);
  const file = wanted.startsWith(dist) && existsSync(wanted) && extname(wanted) !== "" ? wanted : join(dist, "index.html");
  response.writeHead(200, { "content-type": mime[extname(file)] ?? "application/octet-stream", "content-security-policy": policy });
  response.end(readFileSync(file));
});
const open = new Set();
server.on("upgrade", (request, socket, head) => {
  const upstream = connect(enginePort, "127.0.0.1", () => {
    const headers = request.rawHeaders.reduce((text, part, i) => text + part + (i % 2 === 0 ? ": " : "\r\n"), "");
    upstream.write(`${request.method} ${request.url} HTTP/1.1\r\n${headers}\r\n`);
    upstream.write(head);
    socket.pipe(upstream).pipe(socket);
  });
  open.add(socket);
  const end = () => {
    open.delete(socket);
    socket.destroy();
    upstream.destroy();
  };
  for (const side of [socket, upstream]) side.on("error", end).on("close", end);
});
let refusing = false;
server.on("upgrade", (_request, socket) => refusing && socket.destroy());
server.listen(port, "127.0.0.1", () => process.stdout.write(`http://127.0.0.1:${port}/\n`));

const doings = {
  shake: () => makeEvent(machines[0], "shake", "warning", { g: 3.1 }),
  vend: () => makeEvent(machines[0], "vend_success", "info", { slot: "A3" }),
  vends: () => {
    for (let i = 0; i < 15; i++) makeEvent(machines[i % machines.length], "vend_success", "info");
  },
  alert: () => makeEvent(machines[2], "temperature_high", "critical", { temp_c: -11.8 }),
  notice: () => void publish("p_alert:global", { level: "P0", content: "服务器集群将于凌晨 2 点进行系统升级" }),
  msg: () => void publish(`telemetry:${machines[0].vm_id}`, { voltage: 221.5, msg: "实时电压波动" }),
  cut: () => {
    refusing = true;
    for (const socket of open) socket.destroy();
  },
  back: () => {
    refusing = false;
  },
  forget: () => void engineCall("history_remove", { channel: "fleet:all" }),
  logout: () => sessions.clear(),
  kick: () => {
    for (const user of sessions.values()) void engineCall("disconnect", { user: user.id, disconnect: { code: 4501, reason: "revoked" } });
    sessions.clear();
  },
};
createInterface({ input: process.stdin }).on("line", (line) => doings[line.trim()]?.());
