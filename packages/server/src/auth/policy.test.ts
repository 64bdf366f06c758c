import assert from "node:assert/strict";
import { test } from "node:test";
import { noProxies, type ProxyCaller, type SubRefreshProxy, type SubscribeProxy } from "@fleetcast/engine";
import type { Role } from "@fleetcast/protocol";
import { type Action, createPolicy, createSubscribePolicy, subscriptionTtlS } from "./policy.ts";
import type { Principal } from "./principal.ts";
import { withPolicy } from "./subscribe-policy.ts";
import { handClock } from "./testing/hand-clock.ts";
import { memoryRevocations } from "./testing/memory-revocations.ts";
import { clientConfig, testNowMs, testNowS } from "./testing/token-forge.ts";
import { createHmacJws } from "./tokens/hmac-jws.ts";
import { createTokenSigner } from "./tokens/signer.ts";
import { createTokenVerifier } from "./tokens/verifier.ts";

const can = createPolicy({ bearer: "read", namespaceBoundary: ":" });
const me = "u_AAAAAAAAAA";
const ours = (role: Role): Principal => ({ kind: "ours", userId: me, role });
const bearer = (subject = "admin_user_01", vms?: readonly string[]): Principal => ({ kind: "bearer", subject, vms: vms && new Set(vms) });
const nobody: Principal = { kind: "nobody" };

const channels = [
  "telemetry:VM-1",
  "telemetry:VM-2",
  "events:VM-1",
  "p_alert:global",
  "p_alert:north",
  "fleet:all",
  "feed:all",
  "console_tail:x",
  `user_cmd:${me}`,
  "user_cmd:u_BBBBBBBBBB",
  "user_cmd:admin_user_01",
  "public",
  "other:x",
  "$telemetry:VM-1",
  "TELEMETRY:VM-1",
  "telemetry",
  ":",
  "__proto__:x",
  "constructor:x",
] as const;

const common = ["telemetry:VM-1", "telemetry:VM-2", "events:VM-1", "p_alert:global", "p_alert:north"];
const own = `user_cmd:${me}`;
const table: readonly (readonly [string, Principal, readonly string[]])[] = [
  ["viewer", ours("viewer"), [...common, "fleet:all", "feed:all", own]],
  ["operator", ours("operator"), [...common, "fleet:all", "feed:all", own]],
  ["developer", ours("developer"), [...common, "fleet:all", "feed:all", "console_tail:x", own]],
  ["admin", ours("admin"), [...common, "fleet:all", "feed:all", "console_tail:x", own]],
  ["bearer", bearer(), [...common, "user_cmd:admin_user_01"]],
  [
    "bearer of one machine",
    bearer("admin_user_01", ["VM-1"]),
    ["telemetry:VM-1", "events:VM-1", "p_alert:global", "user_cmd:admin_user_01"],
  ],
  ["bearer of no machine", bearer("admin_user_01", []), ["p_alert:global", "user_cmd:admin_user_01"]],
  ["bearer who claims our id", bearer(me), common],
  ["nobody", nobody, []],
];

for (const [name, principal, allowed] of table) {
  test(`[S17] channels of ${name}: subscribe, history and presence alike`, () => {
    for (const action of ["subscribe", "history", "presence"] as const) {
      assert.deepEqual(channels.filter((channel) => can(principal, action, channel)).sort(), [...allowed].sort(), action);
    }
  });
}

test("[S17] actions by role; a bearer commands nothing", () => {
  const actions: readonly Action[] = ["read_fleet", "send_command", "read_dead_letters", "manage_users", "manage_machines"];
  const allowed = (principal: Principal) => actions.filter((action) => can(principal, action, ""));
  assert.deepEqual(allowed(ours("viewer")), ["read_fleet"]);
  assert.deepEqual(allowed(ours("operator")), ["read_fleet", "send_command"]);
  assert.deepEqual(allowed(ours("developer")), ["read_fleet", "send_command", "read_dead_letters"]);
  assert.deepEqual(allowed(ours("admin")), actions);
  assert.deepEqual(allowed(bearer()), []);
  assert.deepEqual(allowed(nobody), []);
});

test("auth.bearer: off refuses every bearer and none of ours; another boundary is respected", () => {
  const off = createPolicy({ bearer: "off", namespaceBoundary: ":" });
  assert.deepEqual(
    channels.filter((channel) => off(bearer(), "subscribe", channel)),
    [],
  );
  assert.equal(off(ours("viewer"), "subscribe", "telemetry:VM-1"), true);
  const slashes = createPolicy({ bearer: "read", namespaceBoundary: "//" });
  assert.equal(slashes(bearer("a", ["VM-1"]), "subscribe", "telemetry//VM-1"), true);
  assert.equal(slashes(bearer("a", ["VM-1"]), "subscribe", "telemetry:VM-1"), false);
});

/** Policy, signer and verifier as the server wires them, with one user whose state a test changes. */
function world() {
  const clock = handClock(testNowMs);
  const fleetcastKey = new TextEncoder().encode("the second key, which stays here");
  const user = { id: me, name: "李娜", role: "viewer" as Role, generation: 3 };
  const users = new Map([[me, user]]);
  const revocations = memoryRevocations(clock);
  const lookup = { byId: (id: string) => users.get(id) };
  const policy = createSubscribePolicy({ can, fleetcastKey, users: lookup, revocations, clock });
  const signer = createTokenSigner({ client: clientConfig(), fleetcastKey, clock });
  const verifier = createTokenVerifier(clientConfig(), { clock });

  async function connect(token: string) {
    const verdict = await verifier.connection(token);
    assert.ok(verdict.ok);
    return verdict.claims;
  }
  const request = (claims: { user: string; meta: Uint8Array | undefined }, channel: string) => ({
    client: "c",
    channel,
    token: "",
    data: undefined,
    user: claims.user,
    meta: claims.meta,
  });
  async function kind(claims: { user: string; meta: Uint8Array | undefined }, channel: string): Promise<string> {
    const answer = await policy.subscribe(request(claims, channel));
    return answer.kind === "error" ? `error ${answer.code}` : answer.kind;
  }
  return { clock, revocations, fleetcastKey, user, users, policy, signer, connect, request, kind };
}

test("our token makes us ours: fleet and our own receipts, for ten minutes, then asked again", async () => {
  const { policy, signer, connect, request, user } = world();
  const claims = await connect(signer.signConnectionToken(user, 600).token);
  assert.equal(claims.user, me);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(claims.info)), { name: "李娜", role: "viewer" });
  for (const channel of ["fleet:all", own, "telemetry:VM-9"]) {
    assert.deepEqual(policy.subscribe(request(claims, channel)), { kind: "allow", expireAtS: testNowS + subscriptionTtlS });
  }
  assert.deepEqual(policy.subscribe(request(claims, "console_tail:x")), { kind: "error", code: 103, message: "permission denied" });
  assert.deepEqual(await policy.subRefresh(request(claims, own)), { expired: false, expireAtS: testNowS + subscriptionTtlS });
});

test("[A1] a new generation, a removed user or the token's end refuse at once, and the next refresh ends what is open", async () => {
  const { clock, policy, signer, connect, request, user, users, kind } = world();
  const claims = await connect(signer.signConnectionToken(user, 600).token);
  assert.equal(await kind(claims, "telemetry:VM-1"), "allow");
  users.set(me, { ...user, generation: 4 });
  assert.equal(await kind(claims, "telemetry:VM-1"), "error 103");
  assert.deepEqual(await policy.subRefresh(request(claims, "telemetry:VM-1")), { expired: true });
  users.delete(me);
  assert.equal(await kind(claims, "telemetry:VM-1"), "error 103");
  users.set(me, { ...user });
  assert.equal(await kind(claims, "telemetry:VM-1"), "allow");
  clock.advance(625_000);
  assert.equal(await kind(claims, "telemetry:VM-1"), "allow");
  clock.advance(5_000);
  assert.equal(await kind(claims, "telemetry:VM-1"), "error 103");
});

test("a promotion or demotion counts at once", async () => {
  const { signer, connect, user, users, kind } = world();
  const claims = await connect(signer.signConnectionToken(user, 600).token);
  assert.equal(await kind(claims, "console_tail:x"), "error 103");
  users.set(me, { ...user, role: "developer" });
  assert.equal(await kind(claims, "console_tail:x"), "allow");
});

test("without a proof a token is a bearer's, whatever its sub; a wrong proof opens nothing at all", async () => {
  const { fleetcastKey, signer, connect, user, kind } = world();
  const asBearer = await connect(signer.signBearerToken({ subject: me }, 600).token);
  assert.equal(await kind(asBearer, "telemetry:VM-1"), "allow");
  assert.equal(await kind(asBearer, "fleet:all"), "error 103");
  assert.equal(await kind(asBearer, own), "error 103");

  const proof = (key: string | Uint8Array, claims: Record<string, unknown>, type = "fleetcast") => createHmacJws(key, type).sign(claims);
  const right = { sub: me, exp: testNowS + 600, role: "admin", generation: user.generation };
  const wrong: readonly unknown[] = [
    proof("another key", right),
    proof(fleetcastKey, right, "JWT"),
    proof(fleetcastKey, { ...right, sub: "u_BBBBBBBBBB" }),
    proof(fleetcastKey, { ...right, exp: testNowS - 60 }),
    proof(fleetcastKey, { ...right, generation: 2 }),
    `${proof(fleetcastKey, right)}x`,
    proof(fleetcastKey, right).slice(0, -1),
    "",
    "a.b.c",
    5,
    null,
    {},
  ];
  for (const fleetcast of wrong) {
    const claims = await connect(signer.signBearerToken({ subject: me, meta: { fleetcast } }, 600).token);
    for (const channel of channels) assert.equal(await kind(claims, channel), "error 103", `${JSON.stringify(fleetcast)} ${channel}`);
  }
  const claims = await connect(signer.signBearerToken({ subject: me, meta: { fleetcast: proof(fleetcastKey, right) } }, 600).token);
  assert.equal(await kind(claims, own), "allow");
  // The role comes from the users, not from the proof.
  assert.equal(await kind(claims, "console_tail:x"), "error 103");
});

test("[A3] meta.vms narrows; a meta that cannot be read opens nothing; anonymous users get nothing", async () => {
  const { kind } = world();
  const meta = (text: string) => new TextEncoder().encode(text);
  assert.equal(await kind({ user: "a", meta: meta(`{"vms":["VM-1"]}`) }, "telemetry:VM-1"), "allow");
  assert.equal(await kind({ user: "a", meta: meta(`{"vms":["VM-1"]}`) }, "telemetry:VM-2"), "error 103");
  assert.equal(await kind({ user: "a", meta: meta(`{"vms":["VM-1"]}`) }, "p_alert:global"), "allow");
  for (const unreadable of [`{"vms":"VM-1"}`, `{"vms":[1]}`, `{"vms":null}`, `{"vms":{"0":"VM-1"}}`, `{"vms":["VM-1"]`, "\ufffe"]) {
    assert.equal(await kind({ user: "a", meta: meta(unreadable) }, "telemetry:VM-1"), "error 103", unreadable);
  }
  for (const silent of ["5", `"x"`, "null", "{}", "[]"])
    assert.equal(await kind({ user: "a", meta: meta(silent) }, "telemetry:VM-1"), "allow", silent);
  for (const channel of channels) assert.equal(await kind({ user: "", meta: undefined }, channel), "error 103");
});

test("[PX15] our users are decided by the policy, also where a namespace asks the operator's backend; everybody else by the backend", async () => {
  const { policy, signer, connect, user } = world();
  const asked: string[] = [];
  const theirs: SubscribeProxy = (_caller, { channel }) => {
    asked.push(channel);
    return { kind: "error", code: 1000, message: "the backend says no", temporary: false };
  };
  const renewal: SubRefreshProxy = async (_caller, { channel }) => {
    asked.push(channel);
    return { kind: "result", result: undefined };
  };
  const backend = { ...noProxies, subscribe: new Map([["default", theirs]]), subRefresh: new Map([["default", renewal]]) };
  const proxies = withPolicy(backend, policy, policy.isOurs);
  const ours = await connect(signer.signConnectionToken(user, 600).token);
  const bearer = await connect(signer.signBearerToken({ subject: "admin_user_01" }, 600).token);
  const forged = { user: me, meta: new TextEncoder().encode(`{"fleetcast":"x.y.z"}`) };
  const ask = (claims: { user: string; meta: Uint8Array | undefined }, channel: string) => {
    const caller = { ...claims, client: "c", emulatedHeaders: new Map() } as unknown as ProxyCaller;
    return proxies.subscribe.get("default")!(caller, { channel, token: "", data: undefined });
  };
  assert.equal((await ask(ours, "telemetry:VM-9")).kind, "result");
  assert.deepEqual(await ask(ours, "chat:x"), { kind: "error", code: 103, message: "permission denied", temporary: false });
  assert.deepEqual(asked, []);
  for (const claims of [bearer, forged]) assert.equal((await ask(claims, "telemetry:VM-9")).kind, "error");
  assert.deepEqual(asked, ["telemetry:VM-9", "telemetry:VM-9"]);
  const caller = { ...ours, client: "c" } as unknown as ProxyCaller;
  assert.equal((await proxies.subRefresh.get("default")!(caller, { channel: own })).kind, "result");
  assert.equal(asked.length, 2);
});

test("[ADM45] a live trace is for administrators; other tails of the console also for developers", () => {
  const trace = "console_tail:trace_AAAAAAAAAAAAAAAAAAAAAA";
  assert.deepEqual([can(ours("admin"), "subscribe", trace), can(ours("developer"), "subscribe", trace)], [true, false]);
  assert.equal(can(ours("developer"), "subscribe", "console_tail:1"), true);
  assert.equal(can(bearer("a"), "subscribe", trace), false);
});

test("[ADM6] a real Centrifugo hears of somebody blocked at their next question: disconnect 3507, and nothing is renewed", async () => {
  const { policy, signer, connect, request, revocations } = world();
  const claims = await connect(signer.signBearerToken({ subject: "backend-7" }, 600).token);
  const block = { what: "user", subject: "backend-7", beforeS: null, untilMs: null, by: "cli", reason: "" } as const;
  assert.equal((await policy.subscribe(request(claims, "telemetry:VM-1"))).kind, "allow");
  await revocations.put(block, []);
  assert.deepEqual(await policy.subscribe(request(claims, "telemetry:VM-1")), {
    kind: "disconnect",
    code: 3507,
    reason: "permission denied",
  });
  assert.deepEqual(await policy.subRefresh(request(claims, "telemetry:VM-1")), { expired: true });
  await revocations.end("user", "backend-7", []);
  assert.equal((await policy.subscribe(request(claims, "telemetry:VM-1"))).kind, "allow");
});

test("[ADM3] the proof in meta ends with its login, where a real Centrifugo still takes the token", async () => {
  const { signer, connect, kind, user, revocations } = world();
  const claims = await connect(signer.signConnectionToken(user, 600, "s_first").token);
  const other = await connect(signer.signConnectionToken(user, 600, "s_second").token);
  await revocations.put({ what: "session", subject: "s_first", beforeS: null, untilMs: null, by: user.id, reason: "" }, []);
  assert.equal(await kind(claims, "telemetry:VM-1"), "error 103");
  assert.equal(await kind(other, "telemetry:VM-1"), "allow");
});
